/*
 * Everything that a machine is made of and how it is run, as plain data. The option parser fills
 * it, machine/ reads it; two machines with equal configurations and files behave alike to the byte.
 * Strings are owned: config_free().
 */
#ifndef MACHINE_CONFIG_H
#define MACHINE_CONFIG_H

#include "base/types.h"
#include "loader/loader.h"

struct cpu_core;
struct item_kind;

/* One -device, -drive...: its kind and what was typed for it, checked against the kind's keys. */
struct config_pair {
	char *name, *value; /* booleans are "on" or "off", numbers and sizes plain decimal */
};
struct config_item {
	const struct item_kind *kind;
	char *option; /* for messages: "-device virtio-blk-device" */
	struct config_pair *pair;
	size_t n;
};
struct config_items {
	struct config_item *item;
	size_t n;
};

enum config_serial_kind {
	SERIAL_DEFAULT, /* not asked for: the first UART is on stdio, unless -nodefaults */
	SERIAL_NONE,
	SERIAL_NULL, /* exists, output dropped */
	SERIAL_STDIO,
	SERIAL_MON, /* stdio, and Ctrl-C goes to the guest (mon:stdio, -nographic) */
	SERIAL_FILE,
	SERIAL_CHARDEV, /* a -chardev; path holds its id */
};

struct config_serial {
	enum config_serial_kind kind;
	char *path; /* SERIAL_FILE, SERIAL_CHARDEV */
};

/* A flash bank's contents: -pflash, -drive if=pflash. */
struct config_flash {
	char *file; /* NULL: none */
	bool readonly;
	bool snapshot; /* writes are lost at the end */
};

#define CONFIG_MAX_FW_CFG 32

/* A user's fw_cfg file. */
struct config_fw_cfg {
	char *name;
	char *file, *string; /* one of them */
};

enum { CONFIG_MAX_SYMBOLS = 8 };

/* A file of names of addresses; the image runs that far behind where it was linked. */
struct config_symbols {
	char *file;
	u64 offset;
};

enum config_realtime {
	REALTIME_IDLE, /* idle time takes as long for the host while somebody may type */
	REALTIME_ON,
	REALTIME_OFF,
};

/* A point in a run: when so many instructions are done, at a virtual time, or when the console has said a text. */
enum config_when_kind { WHEN_NEVER, WHEN_INSNS, WHEN_TIME, WHEN_CONSOLE };
struct config_when {
	enum config_when_kind kind;
	u64 at;	       /* instructions over all PEs, or picoseconds */
	bool relative; /* since the region began */
	char *text;    /* WHEN_CONSOLE: at most CONFIG_TEXT bytes */
	char *typed;   /* as on the command line: the label */
};
enum { CONFIG_MAX_TRIGGERS = 64, CONFIG_TEXT = 63 };

/* What --stats-start, --stats-stop, --stats-mark and --save-at ask for; each happens once. */
struct config_trigger {
	enum { TRIGGER_START, TRIGGER_STOP, TRIGGER_MARK, TRIGGER_SAVE } what;
	struct config_when when;
	char *file; /* TRIGGER_SAVE */
};

enum config_msi { MSI_AUTO, MSI_OFF, MSI_ITS, MSI_V2M };

struct config {
	/* -M virt */
	bool secure;	     /* EL3 and the Secure world's devices */
	bool virtualization; /* EL2 */
	u8 gic_version;	     /* 2 or 3; 0: not asked for, see config_gic_version() */
	bool its;	     /* GICv3: what an automatic choice of msi may take */
	enum config_msi msi; /* as asked for, see config_msi() */
	bool highmem, acpi, dtb_randomness;
	char *dumpdtb; /* write the device tree there and exit */

	/* -cpu: a row of cpu_cores[], and "feat=on,feat=off" or NULL for cpu_core_make() */
	char *cpu;
	char *cpu_features;
	unsigned pes;
	bool parallel; /* one host thread for each PE */
	u64 ram_size;

	struct boot_files boot;
	bool demo; /* boot.builtin is the demo */

	struct config_items devices, drives, netdevs, chardevs, fsdevs, objects; /* in the order of the command line */
	bool disk_snapshot;	 /* -snapshot: no disk is written to */
	bool virtio_modern;	 /* virtio-mmio slots have version 2 */

	char *bios; /* into the first flash bank, which then forgets writes */
	struct config_flash flash[2];
	struct config_fw_cfg fw_cfg[CONFIG_MAX_FW_CFG];
	size_t n_fw_cfg;
	bool boot_menu;
	u16 boot_menu_ms; /* how long firmware shows it */

	/* the second exists with secure=on, and where somebody asked for it */
	struct config_serial serial[2];
	bool monitor_stdio;	   /* the monitor has standard input and output for itself */
	char *monitor_path;	   /* ... is at that Unix socket, too; NULL: it is not */
	bool start_stopped;	   /* -S */
	struct config_symbols symbols[CONFIG_MAX_SYMBOLS]; /* --symbols, for the monitor */
	size_t n_symbols;
	bool semihosting;
	bool semihosting_user;	   /* from EL0, too */
	char *semihosting_dir;	   /* the folder whose files it serves; NULL: none */
	char *semihosting_chardev; /* NULL: the console is serial port 0's */
	char *semihosting_args;	   /* the words of its command line; NULL: kernel and -append */
	u64 seed;
	s64 rtc_base;  /* seconds since 1970 at start */
	bool rtc_host; /* the host's time at start instead */
	bool rtc_localtime;
	enum config_realtime realtime;
	bool no_reboot,
		no_shutdown; /* PSCI reset ends the run; power-off stops the PEs but does not */

	u32 log_mask;	/* enum log_class bits */
	char *log_file; /* NULL: standard error */
	char *stats_dir;
	char *gdb; /* where debuggers connect, as gdb_check_address() takes it; NULL: nowhere */
	struct config_when stats_interval; /* every so much of it */
	struct config_trigger trigger[CONFIG_MAX_TRIGGERS];
	size_t n_triggers;
	char *trace; /* --trace: a file for Perfetto; NULL: none */
	char *tarmac; /* --tarmac: a file of text; NULL: none */
	u64 trace_from, trace_to; /* picoseconds of virtual time that both are about */
	u64 trace_max; /* bytes of either */
	bool summary;
	bool digest; /* print the end digest */

	char *timing; /* parameters over the core's for timing_parse(); NULL: one cycle an instruction */
	bool timing_regions; /* the timing model works in regions alone */
	char *tlb; /* geometry overrides for tlb_config_parse(), or NULL */
	bool tlb_reference, tlb_conflict_abort;
	bool check_tlb;  /* the TLB checker */
	u32 check_lines; /* lines of its log for each kind and place; 0: its default */
	u32 max_block; /* instructions; 0: no limit */
	u64 max_insns; /* over all PEs; 0: no limit */
	char *restore; /* --restore: a snapshot to go on from; NULL: none */

	/* as typed, for the statistics' metadata; args ends with NULL */
	char *command_line, **args;
};

/* Documented start of the real-time clock: 2024-01-01T00:00:00Z. */
#define CONFIG_RTC_BASE 1704067200

void config_init(struct config *c); /* the defaults */
/* The interrupt controller and the receiver of MSIs that the board gets; never MSI_AUTO. */
unsigned config_gic_version(const struct config *c);
enum config_msi config_msi(const struct config *c);
void config_free(struct config *c);

/* PEs start in flash, by what -bios or the first bank's file holds. */
static inline bool config_firmware(const struct config *c)
{
	return c->bios || c->flash[0].file;
}
/* The power button is an ACPI event device instead of a GPIO key. */
static inline bool config_ged(const struct config *c)
{
	return config_firmware(c) && c->acpi;
}

/* A new item at the end of the list, NULL without memory; a pair in it (a later one of a name wins): 0 or -ENOMEM. */
struct config_item *config_add(struct config_items *list, const struct item_kind *kind, const char *option);
int config_put(struct config_item *item, const char *name, const char *value);
/* What the user said for `name`, or the default. */
const char *config_text(const struct config_item *item, const char *name, const char *otherwise);
bool config_bool(const struct config_item *item, const char *name, bool otherwise);
u64 config_number(const struct config_item *item, const char *name, u64 otherwise);
/* The item whose id= is `id`, or NULL. */
const struct config_item *config_find(const struct config_items *list, const char *id);

/*
 * The board's device tree, without what boot_plan_tree() adds. core: as cpu_core_make() returned
 * it. The caller frees *tree.
 */
int board_tree(void **tree, const struct config *c, const struct cpu_core *core, struct why *why);

/*
 * The boot plan of this configuration, with its completed tree: what -M dumpdtb= writes and what
 * the machine loads.
 */
int board_plan(struct boot_plan **plan, const struct config *c, const struct cpu_core *core,
	       struct why *why);

#endif
