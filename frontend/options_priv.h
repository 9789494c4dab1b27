/* Tables and functions that options.c, devices.c, keys.c and help.c share. */
#ifndef FRONTEND_OPTIONS_PRIV_H
#define FRONTEND_OPTIONS_PRIV_H

#include "frontend/options.h"
#include "machine/kinds.h"

/* The state of one command line's parsing. */
struct parse {
	struct config *c;
	enum options_ask ask;
	struct why *why;
	const char *option; /* as typed, for messages */
	bool nodefaults, nographic;
	unsigned serials;
	size_t key;		    /* index in its table of the key being set */
	struct config_item *item;   /* the -device, -drive... being read */
	const struct param **params; /* its keys */
	struct boot_loader *loader; /* the -device being read */
	struct boot_module *module;
	bool trace_part; /* --trace-from, --trace-to or --trace-max */
	char *timing_core;	     /* --timing CORE */
	unsigned maxcpus, sockets, clusters, cores, threads; /* -smp; 0: not said */
};

struct option {
	const char *name;  /* without dashes; NULL in a group's heading */
	const char *alias; /* another spelling, or NULL */
	const char *arg;   /* form of the argument; NULL: takes none */
	bool optional;     /* it may be left out: when the next word is an option */
	const char *help;  /* one sentence; of a heading: its title */
	int (*set)(struct parse *p, const char *arg);
	const char *missing; /* refused: why, and what to do */
};

/* One key of an argument of the form key=value,key=value. */
struct key {
	const char *name, *form, *help;
	int (*set)(struct parse *p, const char *value);
	const char *missing;
};

extern const struct option option_table[];
extern const size_t option_count;
extern const struct key machine_keys[];
extern const size_t machine_key_count;

/* A kind of -device. */
struct device_kind {
	const char *name, *help;
	const struct key *keys;
	size_t n_keys;
	int (*begin)(struct parse *p);
	int (*end)(struct parse *p);
};
extern const struct device_kind device_kinds[];
extern const size_t device_kind_count;
int option_device(struct parse *p, const char *arg);
/* items.c: options whose keys stand in machine/kinds.c. */
int option_drive(struct parse *p, const char *arg);
int option_disk(struct parse *p, const char *file); /* -hda and the like */
/* After the last option: a device for each -drive if=virtio. */
int items_finish(struct parse *p);
/*
 * Reads "key=value,..." for one item of `kind` into the list. implied: key of a first word without '='. option: how
 * messages call it.
 */
int item_parse(struct parse *p, const char *text, const char *implied, struct config_items *list,
	       const struct item_kind *kind, const char *option);
/* The kind's keys in the form that the help lists take, with those of its place; *n of them. The caller frees them. */
struct key *item_keys(const struct item_kind *kind, size_t *n);
/* firmware.c */
int option_bios(struct parse *p, const char *arg);
int option_pflash(struct parse *p, const char *arg);
/* A drive with if=pflash becomes a flash bank; others are left alone. */
int option_drive_flash(struct parse *p, const struct config_item *drive);
int option_fw_cfg(struct parse *p, const char *arg);
int option_boot(struct parse *p, const char *arg);

/* timing.c; timing_finish: before the default core is chosen */
int option_timing(struct parse *p, const char *arg);
int option_timing_regions(struct parse *p, const char *arg);
int timing_finish(struct parse *p);
void help_timing(FILE *out);

/* semihosting.c */
extern const struct key semihosting_keys[];
extern const size_t semihosting_key_count;
int option_semihosting(struct parse *p, const char *arg);
int option_semihosting_config(struct parse *p, const char *arg);

/* regions.c */
int option_stats_interval(struct parse *p, const char *arg);
int option_stats_start(struct parse *p, const char *arg);
int option_stats_stop(struct parse *p, const char *arg);
int option_stats_mark(struct parse *p, const char *arg);
int option_save_at(struct parse *p, const char *arg);
int option_restore(struct parse *p, const char *arg);
/* After the last option: what these need and contradict. */
int regions_check(struct parse *p);
/* tracing.c */
int option_trace(struct parse *p, const char *arg);
int option_tarmac(struct parse *p, const char *arg);
int option_trace_from(struct parse *p, const char *arg);
int option_trace_to(struct parse *p, const char *arg);
int option_trace_max(struct parse *p, const char *arg);
int check_traces(struct parse *p);

/* backends.c */
int option_netdev(struct parse *p, const char *arg);
int option_nic(struct parse *p, const char *arg);
int option_net(struct parse *p, const char *arg);
int option_chardev(struct parse *p, const char *arg);
int option_fsdev(struct parse *p, const char *arg);
int option_virtfs(struct parse *p, const char *arg);
int option_object(struct parse *p, const char *arg);
/* A -serial that is a -chardev, or short for one; 1: it is not. */
int option_serial_chardev(struct parse *p, const char *arg, struct config_serial *s);

struct log_item {
	const char *name, *help;
	u32 mask;
};
extern const struct log_item log_items[];
extern const size_t log_item_count;

/* -d, whose words the monitor's log takes, too. */
int option_log(struct parse *p, const char *arg);

/* Refuses with "OPTION: text"; returns -EINVAL. */
int refuse(struct parse *p, const char *format, ...) printf_(2, 3);

/*
 * Walks "key=value,key,key=value"; a doubled comma stands for one. The first word without '=' is
 * the value of `implied` (NULL: none); later ones mean key=on.
 */
int keys_parse(struct parse *p, const char *text, const char *implied, const struct key *keys,
	       size_t n);

/* Replaces *slot by a copy of value. */
int set_string(struct parse *p, char **slot, const char *value);
/* The value's meaning, or a refusal that says what was expected. `what` names it in the message. */
int value_bool(struct parse *p, const char *what, const char *value, bool *out);
int value_u64(struct parse *p, const char *what, const char *value, u64 min, u64 max, u64 *out);
/* A number with an optional k, M, G or T; without one it counts `unit` bytes. */
int value_size(struct parse *p, const char *what, const char *value, u64 unit, u64 *out);

/*
 * The candidate nearest to `text` by edit distance, or NULL when none is near. next(i) names
 * candidate i, NULL ends.
 */
const char *closest(const char *text, const char *(*next)(const void *list, size_t i),
		    const void *list);

#endif
