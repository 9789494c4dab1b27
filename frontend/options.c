/*
 * The table of options and what each does to the configuration. Names and meanings are QEMU's where
 * QEMU has the option; what is known but has no device behind it yet is in the table too, and is
 * refused with the reason.
 */
#define _GNU_SOURCE /* strptime */
#include "frontend/options_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/log.h"
#include "cpu/features.h"
#include "frontend/gdb.h"
#include "machine/board.h"
#include "mmu/tlb.h"

/* ---- -machine ---- */

static int machine_type(struct parse *p, const char *v)
{
	if (!strcmp(v, "help") || !strcmp(v, "?")) {
		p->ask = ASK_MACHINES;
		return 0;
	}
	if (strcmp(v, "virt"))
		return refuse(p, "unknown machine '%s'; the closest known one is 'virt'", v);
	return 0;
}
static int machine_secure(struct parse *p, const char *v)
{
	return value_bool(p, "secure", v, &p->c->secure);
}
static int machine_virtualization(struct parse *p, const char *v)
{
	return value_bool(p, "virtualization", v, &p->c->virtualization);
}
static int machine_gic(struct parse *p, const char *v)
{
	if (!strcmp(v, "4"))
		return refuse(p, "gic-version: virtual LPIs are not built; expected 2, 3 or max, got '4'");
	if (strcmp(v, "2") && strcmp(v, "3") && strcmp(v, "max"))
		return refuse(p, "gic-version: expected 2, 3 or max, got '%s'", v);
	p->c->gic_version = *v == '2' ? 2 : 3;
	return 0;
}
static int machine_its(struct parse *p, const char *v)
{
	return value_bool(p, "its", v, &p->c->its);
}
static int machine_msi(struct parse *p, const char *v)
{
	static const char *const names[] = {
		[MSI_AUTO] = "auto", [MSI_OFF] = "off", [MSI_ITS] = "its", [MSI_V2M] = "gicv2m"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(v, names[i])) {
			p->c->msi = (enum config_msi)i;
			return 0;
		}
	return refuse(p, "msi: expected auto, its, gicv2m or off, got '%s'", v);
}
static int machine_iommu(struct parse *p, const char *v)
{
	if (!strcmp(v, "none"))
		return 0;
	return refuse(p, "iommu: expected none, got '%s' (the SMMU is not built yet)", v);
}
static int machine_accel(struct parse *p, const char *v)
{
	if (!strcmp(v, "tcg"))
		return 0;
	return refuse(p, "accel: expected tcg, got '%s' (every instruction is emulated here)", v);
}
static int machine_highmem(struct parse *p, const char *v)
{
	return value_bool(p, "highmem", v, &p->c->highmem);
}
static int machine_acpi(struct parse *p, const char *v)
{
	return value_bool(p, "acpi", v, &p->c->acpi);
}
static int machine_randomness(struct parse *p, const char *v)
{
	return value_bool(p, "dtb-randomness", v, &p->c->dtb_randomness);
}
static int machine_dumpdtb(struct parse *p, const char *v)
{
	return set_string(p, &p->c->dumpdtb, v);
}

const struct key machine_keys[] = {
	{ .name = "type", .form = "virt", .help = "the board", .set = machine_type },
	{ .name = "secure",
	  .form = "on|off",
	  .help = "EL3, and the Secure world's UART and RAM",
	  .set = machine_secure },
	{ .name = "virtualization",
	  .form = "on|off",
	  .help = "EL2",
	  .set = machine_virtualization },
	{ .name = "gic-version",
	  .form = "2|3|max",
	  .help = "interrupt controller (default 2 up to 8 PEs, else 3, which is max)",
	  .set = machine_gic },
	{ .name = "its",
	  .form = "on|off",
	  .help = "interrupt translation service",
	  .set = machine_its },
	{ .name = "msi",
	  .form = "auto|its|gicv2m|off",
	  .help = "what takes message-signalled interrupts (auto: the ITS, with GICv2 GICv2m)",
	  .set = machine_msi },
	{ .name = "iommu", .form = "none", .help = "SMMU", .set = machine_iommu },
	{ .name = "highmem",
	  .form = "on|off",
	  .help = "RAM may reach above 4 GiB",
	  .set = machine_highmem },
	{ .name = "acpi",
	  .form = "on|off",
	  .help = "ACPI tables for firmware (with -bios or -pflash; default on)",
	  .set = machine_acpi },
	{ .name = "dtb-randomness",
	  .form = "on|off",
	  .help = "seeds in /chosen, derived from -seed",
	  .set = machine_randomness },
	{ .name = "dtb-kaslr-seed",
	  .form = "on|off",
	  .help = "older name of dtb-randomness",
	  .set = machine_randomness },
	{ .name = "dumpdtb",
	  .form = "FILE",
	  .help = "write the device tree to FILE and exit",
	  .set = machine_dumpdtb },
	{ .name = "accel",
	  .form = "tcg",
	  .help = "accepted for QEMU's sake",
	  .set = machine_accel },
	{ .name = "mte", .missing = "memory tagging is not built yet" },
	{ .name = "ras", .missing = "RAS error injection is not built yet" },
};
const size_t machine_key_count = ARRAY_SIZE(machine_keys);

static int set_machine(struct parse *p, const char *arg)
{
	return keys_parse(p, arg, "type", machine_keys, machine_key_count);
}

/* ---- PEs and memory ---- */

static int set_cpu(struct parse *p, const char *arg)
{
	size_t n = strcspn(arg, ",");
	char name[64];
	int r;

	snprintf(name, sizeof name, "%.*s", (int)n, arg);
	if (!strcmp(name, "help") || !strcmp(name, "?")) {
		p->ask = ASK_CPUS;
		return 0;
	}
	r = set_string(p, &p->c->cpu, name);
	free(p->c->cpu_features);
	p->c->cpu_features = NULL;
	return r == 0 && arg[n] ? set_string(p, &p->c->cpu_features, arg + n + 1) : r;
}

static int smp_number(struct parse *p, const char *what, const char *v, unsigned *out)
{
	u64 n = 0;
	int r = value_u64(p, what, v, 1, BOARD_MAX_PES, &n);

	*out = (unsigned)n;
	return r;
}
static int smp_cpus(struct parse *p, const char *v)
{
	return smp_number(p, "number of PEs", v, &p->c->pes);
}
static int smp_maxcpus(struct parse *p, const char *v)
{
	return smp_number(p, "maxcpus", v, &p->maxcpus);
}
static int smp_sockets(struct parse *p, const char *v)
{
	return smp_number(p, "sockets", v, &p->sockets);
}
static int smp_clusters(struct parse *p, const char *v)
{
	return smp_number(p, "clusters", v, &p->clusters);
}
static int smp_cores(struct parse *p, const char *v)
{
	return smp_number(p, "cores", v, &p->cores);
}
static int smp_threads(struct parse *p, const char *v)
{
	return smp_number(p, "threads", v, &p->threads);
}

/*
 * The board has one socket with one cluster of cores; a line that describes another topology is
 * refused.
 */
static int set_smp(struct parse *p, const char *arg)
{
	static const struct key keys[] = {
		{ .name = "cpus", .set = smp_cpus },
		{ .name = "maxcpus", .set = smp_maxcpus },
		{ .name = "sockets", .set = smp_sockets },
		{ .name = "clusters", .set = smp_clusters },
		{ .name = "cores", .set = smp_cores },
		{ .name = "threads", .set = smp_threads },
	};
	int r;

	p->c->pes = p->maxcpus = p->sockets = p->clusters = p->cores = p->threads = 0;
	r = keys_parse(p, arg, "cpus", keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!p->c->pes)
		p->c->pes = p->maxcpus ? p->maxcpus : p->cores ? p->cores : 1;
	if (p->sockets > 1 || p->clusters > 1 || p->threads > 1)
		return refuse(p, "expected one socket, one cluster and one thread a core");
	if ((p->maxcpus && p->maxcpus != p->c->pes) || (p->cores && p->cores != p->c->pes))
		return refuse(p, "expected cores= and maxcpus= to be the number of PEs, %u",
			      p->c->pes);
	return 0;
}

static int memory_size(struct parse *p, const char *v)
{
	u64 size = 0;
	int r = value_size(p, "size of RAM", v, 1 << 20, &size);

	if (r < 0)
		return r;
	if (size < 1 << 20 || size > BOARD_RAM_MAX || size % 4096)
		return refuse(p, "size of RAM: expected 1M to %lluG in steps of 4K, got '%s'",
			      BOARD_RAM_MAX >> 30, v);
	p->c->ram_size = size;
	return 0;
}

static int set_memory(struct parse *p, const char *arg)
{
	static const struct key keys[] = {
		{ .name = "size", .set = memory_size },
		{ .name = "slots", .missing = "memory hotplug is not built" },
		{ .name = "maxmem", .missing = "memory hotplug is not built" },
	};

	return keys_parse(p, arg, "size", keys, ARRAY_SIZE(keys));
}

/* ---- files ---- */

static int set_kernel(struct parse *p, const char *arg)
{
	return set_string(p, &p->c->boot.kernel, arg);
}
static int set_initrd(struct parse *p, const char *arg)
{
	return set_string(p, &p->c->boot.initrd, arg);
}
static int set_append(struct parse *p, const char *arg)
{
	return set_string(p, &p->c->boot.append, arg);
}
static int set_dtb(struct parse *p, const char *arg)
{
	return set_string(p, &p->c->boot.dtb, arg);
}
static int set_demo(struct parse *p, const char *arg)
{
	p->c->demo = true;
	return 0;
}

/* ---- console ---- */

static int set_serial(struct parse *p, const char *arg)
{
	static const struct {
		const char *name;
		enum config_serial_kind kind;
	} kinds[] = {
		{ "none", SERIAL_NONE },
		{ "null", SERIAL_NULL },
		{ "stdio", SERIAL_STDIO },
		{ "mon:stdio", SERIAL_MON },
	};
	struct config_serial *s;
	int r;

	if (p->serials == ARRAY_SIZE(p->c->serial))
		return refuse(p, "the board has %zu UARTs", ARRAY_SIZE(p->c->serial));
	s = &p->c->serial[p->serials++];
	if (!strncmp(arg, "file:", 5) && arg[5]) {
		s->kind = SERIAL_FILE;
		return set_string(p, &s->path, arg + 5);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, arg)) {
			s->kind = kinds[i].kind;
			return 0;
		}
	r = option_serial_chardev(p, arg, s);
	return r != 1 ? r : refuse(p, "expected stdio, mon:stdio, file:PATH, chardev:NAME, tcp:HOST:PORT, unix:PATH, pty, null or none, got '%s'", arg);
}
static int set_nographic(struct parse *p, const char *arg)
{
	p->nographic = true;
	return 0;
}
static int set_nodefaults(struct parse *p, const char *arg)
{
	p->nodefaults = true;
	return 0;
}
/* Options of which only the value "none" can be had. */
static int set_none(struct parse *p, const char *arg)
{
	if (!strcmp(arg, "none"))
		return 0;
	return refuse(p, "expected none, got '%s' (not built yet)", arg);
}
/* "unix:PATH", and what QEMU wants behind it: it always listens and never waits. */
static int monitor_socket_path(struct parse *p, const char *arg)
{
	static const char *const known[] = { ",server", ",server=on", ",nowait", ",wait=off", ",wait=no" };
	size_t n = strcspn(arg, ",");
	const char *key = arg + n;

	while (*key) {
		size_t length = 1 + strcspn(key + 1, ","), i = 0;

		while (i < ARRAY_SIZE(known) && (strlen(known[i]) != length || strncmp(known[i], key, length)))
			i++;
		if (i == ARRAY_SIZE(known))
			return refuse(p, "unix: expected server or wait=off behind the path, got '%.*s'", (int)length - 1, key + 1);
		key += length;
	}
	if (!n || p->c->monitor_path)
		return refuse(p, n ? "one socket is enough; it takes one client after the other" : "unix: expected a path");
	p->c->monitor_path = strndup(arg, n);
	return p->c->monitor_path ? 0 : why_set(p->why, ENOMEM, "no memory on the host");
}
static int set_monitor(struct parse *p, const char *arg)
{
	if (!strcmp(arg, "none") || !strcmp(arg, "null"))
		return 0;
	if (!strncmp(arg, "unix:", 5))
		return monitor_socket_path(p, arg + 5);
	p->c->monitor_stdio = !strcmp(arg, "stdio");
	return p->c->monitor_stdio ? 0 : refuse(p, "expected stdio, unix:PATH or none, got '%s'", arg);
}
static int set_stopped(struct parse *p, const char *arg)
{
	p->c->start_stopped = true;
	return 0;
}

static int symbols_file(struct parse *p, const char *v)
{
	return set_string(p, &p->c->symbols[p->c->n_symbols - 1].file, v);
}
static int symbols_offset(struct parse *p, const char *v)
{
	return value_u64(p, "offset", v, 0, UINT64_MAX, &p->c->symbols[p->c->n_symbols - 1].offset);
}
static int set_symbols(struct parse *p, const char *arg)
{
	static const struct key keys[] = {
		{ .name = "file", .set = symbols_file },
		{ .name = "offset", .set = symbols_offset },
	};
	int r;

	if (p->c->n_symbols == CONFIG_MAX_SYMBOLS)
		return refuse(p, "expected at most %d files", CONFIG_MAX_SYMBOLS);
	p->c->n_symbols++;
	r = keys_parse(p, arg, "file", keys, ARRAY_SIZE(keys));
	return r < 0 || p->c->symbols[p->c->n_symbols - 1].file ? r : refuse(p, "expected a file");
}

/* ---- the run ---- */

static int set_no_reboot(struct parse *p, const char *arg)
{
	p->c->no_reboot = true;
	return 0;
}
static int set_no_shutdown(struct parse *p, const char *arg)
{
	p->c->no_shutdown = true;
	return 0;
}
static int set_accel(struct parse *p, const char *arg)
{
	return !strncmp(arg, "tcg,", 4) ? 0 : machine_accel(p, arg);
}
static int set_ignored(struct parse *p, const char *arg)
{
	return 0;
}
static int set_seed(struct parse *p, const char *arg)
{
	return value_u64(p, "seed", arg, 0, UINT64_MAX, &p->c->seed);
}
static int rtc_base(struct parse *p, const char *v)
{
	struct tm tm = { 0 };
	const char *end;

	p->c->rtc_localtime = !strcmp(v, "localtime");
	p->c->rtc_host = p->c->rtc_localtime || !strcmp(v, "utc");
	if (p->c->rtc_host)
		return 0;
	end = strptime(v, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end)
		end = strptime(v, "%Y-%m-%d", &tm);
	if (!end || *end)
		return refuse(p,
			      "base: expected utc, localtime or a date such as "
			      "2024-01-31T12:00:00, got '%s'",
			      v);
	p->c->rtc_base = timegm(&tm);
	return 0;
}
static int rtc_clock(struct parse *p, const char *v)
{
	if (!strcmp(v, "vm"))
		return 0;
	return refuse(p, "clock: expected vm, got '%s' (guest time never follows the host's clock)",
		      v);
}
static int set_rtc(struct parse *p, const char *arg)
{
	static const struct key keys[] = {
		{ .name = "base", .set = rtc_base },
		{ .name = "clock", .set = rtc_clock },
		{ .name = "driftfix", .missing = "x86 only" },
	};

	return keys_parse(p, arg, NULL, keys, ARRAY_SIZE(keys));
}
static int set_realtime(struct parse *p, const char *arg)
{
	static const char *const names[] = {
		[REALTIME_IDLE] = "idle", [REALTIME_ON] = "on", [REALTIME_OFF] = "off"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(arg, names[i])) {
			p->c->realtime = (enum config_realtime)i;
			return 0;
		}
	return refuse(p, "expected on, off or idle, got '%s'", arg);
}
static int set_max_insns(struct parse *p, const char *arg)
{
	return value_u64(p, "instructions", arg, 1, UINT64_MAX, &p->c->max_insns);
}

/* ---- logs, statistics ---- */

const struct log_item log_items[] = {
	{ "int", "exceptions taken and returned from", LOG_INT },
	{ "mmu", "translation faults, with the regime and the address", LOG_MMU },
	{ "guest_errors", "what the guest does against the manual", LOG_GUEST },
	{ "unimp", "what the guest uses and Trapline has not", LOG_UNIMPL },
};
const size_t log_item_count = ARRAY_SIZE(log_items);

static const char *log_name(const void *list, size_t i)
{
	return i < log_item_count ? ((const struct log_item *)list)[i].name : NULL;
}

static int log_word(struct parse *p, const char *word)
{
	const char *near = closest(word, log_name, log_items);

	for (size_t i = 0; i < log_item_count; i++)
		if (!strcmp(word, log_items[i].name)) {
			p->c->log_mask |= log_items[i].mask;
			return 0;
		}
	return refuse(p, "unknown log item '%s'; %s%s%s", word,
		      near ? "the closest known one is '"
			   : "known are int, mmu, guest_errors, unimp",
		      near ? near : "", near ? "'" : "");
}

int option_log(struct parse *p, const char *arg)
{
	char word[64];
	int r = 0;

	if (!strcmp(arg, "help") || !strcmp(arg, "?")) {
		p->ask = ASK_LOG;
		return 0;
	}
	while (r == 0 && *arg) {
		size_t n = strcspn(arg, ",");

		snprintf(word, sizeof word, "%.*s", (int)n, arg);
		r = log_word(p, word);
		arg += n + (arg[n] == ',');
	}
	return r;
}
static int set_log_file(struct parse *p, const char *arg)
{
	return set_string(p, &p->c->log_file, arg);
}
static int set_gdb(struct parse *p, const char *arg)
{
	if (p->c->gdb && strcmp(p->c->gdb, arg))
		return refuse(p, "expected one place for debuggers, got %s and %s (-s is -gdb tcp::1234)", p->c->gdb, arg);
	if (gdb_check_address(arg, p->why))
		return -EINVAL;
	return set_string(p, &p->c->gdb, arg);
}
static int set_gdb_default(struct parse *p, const char *arg)
{
	return set_gdb(p, "tcp::1234");
}
static int set_stats(struct parse *p, const char *arg)
{
	return set_string(p, &p->c->stats_dir, arg);
}
static int set_summary(struct parse *p, const char *arg)
{
	p->c->summary = true;
	return 0;
}
static int set_digest(struct parse *p, const char *arg)
{
	p->c->digest = true;
	return 0;
}
static int set_tlb(struct parse *p, const char *arg)
{
	struct tlb_config scratch = { 0 };
	const char *wrong = tlb_config_parse(&scratch, arg);

	return wrong ? refuse(p, "%s (got '%s')", wrong, arg) : set_string(p, &p->c->tlb, arg);
}
static int set_parallel(struct parse *p, const char *arg)
{
	p->c->parallel = true;
	return 0;
}

static int set_tlb_reference(struct parse *p, const char *arg)
{
	p->c->tlb_reference = true;
	return 0;
}
static int set_tlb_conflict(struct parse *p, const char *arg)
{
	p->c->tlb_conflict_abort = !strcmp(arg, "abort");
	if (p->c->tlb_conflict_abort || !strcmp(arg, "older"))
		return 0;
	return refuse(p, "expected abort or older, got '%s'", arg);
}
static int check_what(struct parse *p, const char *v)
{
	p->c->check_tlb = true;
	p->c->log_mask |= LOG_CHECK;
	return strcmp(v, "tlb") ? refuse(p, "expected tlb, got '%s'", v) : 0;
}
static int check_lines(struct parse *p, const char *v)
{
	u64 n = 0;
	int r = value_u64(p, "lines", v, 1, UINT32_MAX, &n);

	p->c->check_lines = (u32)n;
	return r;
}
static int set_check(struct parse *p, const char *arg)
{
	static const struct key keys[] = {
		{ .name = "what", .set = check_what },
		{ .name = "lines", .set = check_lines },
	};

	return keys_parse(p, arg, "what", keys, ARRAY_SIZE(keys));
}
static int set_max_block(struct parse *p, const char *arg)
{
	u64 n = 0;
	int r = value_u64(p, "instructions", arg, 1, 1024, &n);

	p->c->max_block = (u32)n;
	return r;
}

/* ---- questions ---- */

static int ask_help(struct parse *p, const char *arg)
{
	p->ask = ASK_HELP;
	return 0;
}
static int ask_version(struct parse *p, const char *arg)
{
	p->ask = ASK_VERSION;
	return 0;
}
static int set_snapshot(struct parse *p, const char *arg)
{
	p->c->disk_snapshot = true;
	return 0;
}

static int set_global(struct parse *p, const char *arg)
{
	static const char known[] = "virtio-mmio.force-legacy=";
	bool legacy = true;
	int r;

	if (strncmp(arg, known, strlen(known)))
		return refuse(p, "expected %son|off, got '%s'", known, arg);
	r = value_bool(p, "virtio-mmio.force-legacy", arg + strlen(known), &legacy);
	p->c->virtio_modern = !legacy;
	return r;
}

static int ask_stats(struct parse *p, const char *arg)
{
	p->ask = ASK_STATS;
	return 0;
}

static int ask_man(struct parse *p, const char *arg)
{
	p->ask = ASK_MAN;
	return 0;
}

/* clang-format off */
#define GROUP(title) { .help = title }
#define OPT(n, a, s, h) { .name = n, .arg = a, .set = s, .help = h }
#define OPTIONAL(n, a, s, h) { .name = n, .arg = a, .optional = true, .set = s, .help = h }
#define ALIAS(n, al, a, s, h) { .name = n, .alias = al, .arg = a, .set = s, .help = h }
#define MISSING(n, a, why) { .name = n, .arg = a, .missing = why }

const struct option option_table[] = {
	GROUP("The board"),
	ALIAS("machine", "M", "virt[,KEY=VALUE...]", set_machine,
	    "The board and its keys; may be repeated. -M help lists them."),
	OPT("cpu", "NAME[,FEATURE=on|off...]", set_cpu,
	    "The core of every PE (default cortex-a57). -cpu help lists them."),
	OPT("smp", "N", set_smp, "Number of PEs, 1 to 64 (default 1)."),
	OPT("-parallel", NULL, set_parallel, /* with two dashes: QEMU's -parallel is another one */
	    "One host thread for each PE: faster, and no run is like another."),
	ALIAS("m", "memory", "SIZE", set_memory,
	    "RAM, in MiB unless it ends in K, M or G (default 128M)."),
	OPT("accel", "tcg", set_accel, "Accepted for QEMU's sake."),
	GROUP("What runs"),
	OPT("kernel", "FILE", set_kernel,
	    "Linux or Xen Image (also in gzip or EFI zboot form), AArch64 ELF, or raw code."),
	OPT("initrd", "FILE", set_initrd, "Initial RAM disk."),
	OPT("append", "TEXT", set_append, "The kernel's command line."),
	OPT("dtb", "FILE", set_dtb, "This device tree instead of the board's own."),
	OPT("device", "KIND,KEY=VALUE...", option_device,
	    "A device, or something put into memory. -device help lists kinds and keys."),
	OPT("drive", "file=FILE[,id=NAME][,KEY=VALUE...]", option_drive,
	    "A disk: if=none for a -device that names its id, else with a device of its own."),
	OPT("hda", "FILE", option_disk, "The same as -drive if=virtio,file=FILE; so are -hdb, -hdc, -hdd."),
	OPT("hdb", "FILE", option_disk, "See -hda."),
	OPT("hdc", "FILE", option_disk, "See -hda."),
	OPT("hdd", "FILE", option_disk, "See -hda."),
	OPT("snapshot", NULL, set_snapshot, "No disk is written to; what the guest writes is forgotten."),
	OPT("global", "virtio-mmio.force-legacy=on|off", set_global,
	    "off: the virtio-mmio slots have version 2 of the registers (default 1, as QEMU's)."),
	OPT("demo", NULL, set_demo, "A built-in hypervisor with two guests; needs no file."),
	OPT("bios", "FILE", option_bios,
	    "Firmware in the first flash bank; what the guest writes to the bank is forgotten."),
	OPT("pflash", "FILE", option_pflash,
	    "Contents of the next flash bank; what the guest writes goes to the file."),
	OPT("fw_cfg", "name=NAME,file=FILE|string=TEXT", option_fw_cfg, "A file for firmware."),
	OPT("boot", "menu=on|off[,splash-time=MS]", option_boot, "Whether firmware shows its boot menu."),
	GROUP("The console"),
	OPT("serial", "stdio|mon:stdio|file:PATH|chardev:NAME|tcp:HOST:PORT|unix:PATH|pty|null|none", set_serial,
	    "Where the UART goes; a second one is UART 1, Secure with secure=on. Ctrl-A x quits, Ctrl-A c is the monitor, Ctrl-A h helps."),
	OPT("nographic", NULL, set_nographic, "The UART on the terminal, which is the default."),
	OPT("nodefaults", NULL, set_nodefaults, "No UART unless -serial asks for it."),
	OPT("display", "none", set_none, "Accepted; there is no display."),
	OPT("vga", "none", set_none, "Accepted; there is no display."),
	OPT("monitor", "stdio|unix:PATH|none", set_monitor,
	    "Where commands are typed: standard input alone, or a Unix socket. Beside the console Ctrl-A c gets there."),
	OPT("symbols", "FILE[,offset=N]", set_symbols,
	    "Names of addresses for the monitor: of an ELF file, System.map or kallsyms text, a Xen or Linux image; an ELF -kernel needs none."),
	OPT("S", NULL, set_stopped, "Start stopped: the monitor or a debugger lets it go."),
	OPT("parallel", "none", set_none, "Accepted; there is no parallel port."),
	GROUP("Network, ports, folders"),
	OPT("netdev", "user,id=NAME[,hostfwd=tcp|udp:[ADDR]:PORT-[ADDR]:PORT][,tftp=DIR][,KEY=VALUE...]", option_netdev,
	    "A network for a -device virtio-net-pci,netdev=NAME, whose connections are the host's."),
	OPT("nic", "user[,model=NAME][,mac=ADDRESS][,KEY=VALUE...] or none", option_nic, "Such a network together with its card."),
	OPT("net", "none", option_net, "Accepted for QEMU's sake."),
	OPT("chardev", "null|stdio|file|socket|pty,id=NAME[,KEY=VALUE...]", option_chardev,
	    "Where a port's bytes go, for chardev=NAME of a virtconsole or virtserialport and for -serial chardev:NAME."),
	OPT("fsdev", "local,id=NAME,path=DIR[,readonly=on][,security_model=none]", option_fsdev,
	    "A folder for a -device virtio-9p-pci,fsdev=NAME,mount_tag=TAG."),
	OPT("virtfs", "local,path=DIR,mount_tag=TAG[,KEY=VALUE...]", option_virtfs, "Such a folder together with its device."),
	OPT("object", "rng-builtin|rng-random,id=NAME[,filename=FILE]", option_object,
	    "Random numbers for a -device virtio-rng-pci,rng=NAME: seeded, or the host's."),
	GROUP("The run"),
	OPT("no-reboot", NULL, set_no_reboot, "A reset by the guest ends the run."),
	OPT("no-shutdown", NULL, set_no_shutdown,
	    "A power-off by the guest stops the PEs but does not end the run."),
	OPT("semihosting", NULL, option_semihosting, "Serve HLT #0xF000: Arm semihosting, the console and exit."),
	OPT("semihosting-config", "enable=on|off[,dir=FOLDER][,chardev=NAME][,arg=WORD...][,userspace=on]", option_semihosting_config,
	    "The same, with keys: dir names the folder whose files the guest gets."),
	OPT("rtc", "base=utc|localtime|DATE", set_rtc,
	    "Start of the real-time clock (default 2024-01-01, so that runs repeat)."),
	OPT("seed", "N", set_seed, "Every random choice derives from it (default 1)."),
	OPT("realtime", "on|off|idle", set_realtime,
	    "Guest time keeps to the wall clock: on, off, or idle on a terminal (default)."),
	OPT("max-insns", "N", set_max_insns, "End the run after N instructions, completed or faulting."),
	OPT("save-at", "N|TIME|console:TEXT,FILE", option_save_at,
	    "Save a snapshot of the machine to FILE after N instructions, at TIME, or when the console said TEXT; the run goes on."),
	OPT("restore", "FILE", option_restore, "Go on from a snapshot, which a machine with the same options has saved."),
	OPT("name", "TEXT", set_ignored, "Accepted for QEMU's sake."),
	OPT("no-user-config", NULL, set_ignored, "Accepted for QEMU's sake."),
	GROUP("What is seen of it"),
	OPT("summary", NULL, set_summary, "Print a table of EL2 exits and TLB misses at the end."),
	OPT("stats", "DIR", set_stats,
	    "Write the statistics to DIR; host facts stand in host.json alone."),
	OPT("stats-interval", "N|TIME", option_stats_interval,
	    "With --stats: also what each N instructions (k, M, G) or TIME (ns, us, ms, s of the guest) add."),
	OPT("stats-start", "N|TIME|console:TEXT", option_stats_start,
	    "Begin a region after N instructions, at TIME, or when the console said TEXT."),
	OPT("stats-stop", "[+]N|[+]TIME|console:TEXT", option_stats_stop,
	    "End the region and write what it counted; with + so far behind its begin."),
	OPT("stats-mark", "N|TIME|console:TEXT", option_stats_mark,
	    "Note a point of the run in the statistics."),
	OPT("d", "ITEM[,ITEM...]", option_log, "Log int, mmu, guest_errors, unimp, in QEMU's words."),
	OPT("D", "FILE", set_log_file, "Write the log there instead of to standard error."),
	OPT("gdb", "tcp::PORT|tcp:HOST:PORT|unix:PATH", set_gdb,
	    "gdb or lldb may connect there: target remote :PORT. Without a host from this computer alone."),
	OPT("s", NULL, set_gdb_default, "The same as -gdb tcp::1234."),
	OPT("-trace", "FILE", option_trace, /* with two dashes: QEMU's -trace is another one */
	    "Write a timeline for Perfetto: levels, VMs, traps, sleep, counters of each PE."),
	OPT("tarmac", "FILE", option_tarmac, "Write each instruction with what it changes, as Tarmac text; FILE.cpuN with several PEs."),
	OPT("trace-from", "TIME", option_trace_from, "Begin traces there: 5s, 20ms, 300us or 1000ns of the guest's time."),
	OPT("trace-to", "TIME", option_trace_to, "End traces there."),
	OPT("trace-max", "SIZE", option_trace_max, "A trace ends at that size, in MiB unless it ends in K, M or G (default 256M)."),
	OPT("digest", NULL, set_digest,
	    "Print a SHA-256 over the machine's whole state at the end."),
	GROUP("The model"),
	OPT("tlb", "l1i=N,l1d=N,main=N:WAYS,walk=N:WAYS,ipa=N:WAYS,policy=NAME", set_tlb,
	    "Geometry of the modelled TLBs."),
	OPT("tlb-reference", NULL, set_tlb_reference,
	    "Look the modelled TLB up on every access (slow; same counts)."),
	OPT("tlb-conflict", "older|abort", set_tlb_conflict,
	    "What two matching entries do (default: the older wins)."),
	OPTIONAL("timing", "[CORE][,PARAMETER=N...]", option_timing,
	    "Cycles as that core takes (default: -cpu's) instead of one an instruction; --timing help lists cores and parameters."),
	OPT("check", "tlb[,lines=N]", set_check,
	    "Report what the guest does wrong with translation tables and TLB maintenance: N lines (4) for each kind and PC."),
	OPT("timing-regions", NULL, option_timing_regions,
	    "The timing model works inside of regions alone; elsewhere an instruction takes a cycle of the core's clock, and goes fast."),
	OPT("max-block", "N", set_max_block,
	    "Longest block of decoded instructions (same results for every N)."),
	GROUP("Questions"),
	ALIAS("help", "h", NULL, ask_help, "This list."),
	OPT("version", NULL, ask_version, "The version."),
	OPT("stats-help", NULL, ask_stats, "All rows of the statistics: names, units, what they count."),
	OPT("man", NULL, ask_man, "The manual page, in troff."),

	MISSING("blockdev", "...", "not built; use -drive"),
	MISSING("cdrom", "FILE", "not built; use -drive if=virtio,readonly=on,file=FILE"),
	MISSING("sd", "FILE", "not built; use -drive if=virtio,file=FILE"),
	MISSING("icount", "...",
	    "guest time always follows the instruction count here; leave the option out"),
	MISSING("loadvm", "NAME", "snapshots are files of their own here, not parts of a disk: --restore FILE"),
	MISSING("incoming", "...", "migration is not built"),
	MISSING("enable-kvm", NULL, "every instruction is emulated here"),
	MISSING("vnc", "...", "displays are not built yet"),
	MISSING("qmp", "...", "QEMU's machine protocol is not built; see -monitor"),
	MISSING("mon", "...", "not built; use -monitor"),
	MISSING("numa", "...", "NUMA is not built"),
	MISSING("daemonize", NULL, "running in the background is not built"),
	MISSING("plugin", "...", "plugins are not built"),
	MISSING("trace", "...", "QEMU's trace events are not built; see -d, and --trace FILE (two dashes) for a timeline"),
	MISSING("timing", "CORE", "the timing model is not built yet"),
};
/* clang-format on */
const size_t option_count = ARRAY_SIZE(option_table);

/* ---- the command line ---- */

static const char *option_name(const void *list, size_t i)
{
	size_t seen = 0;

	for (size_t k = 0; k < option_count; k++) {
		const struct option *o = &((const struct option *)list)[k];

		if (o->name && !o->missing && seen++ == i)
			return o->name;
	}
	return NULL;
}

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &option_table[i];

		if (o->name && (!strcmp(o->name, name) || (o->alias && !strcmp(o->alias, name))))
			return o;
	}
	return NULL;
}

static int unknown_option(struct parse *p, const char *name)
{
	const char *near = closest(name, option_name, option_table);

	return near ? refuse(p, "unknown option; the closest known one is -%s (--help lists all)",
			     near)
		    : refuse(p, "unknown option (--help lists all)");
}

/* One option at argv[*i]; moves *i over its argument. */
static int parse_option(struct parse *p, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *value = NULL;
	bool two = word[0] == '-' && word[1] == '-', optional;
	const struct option *o;
	char name[64];
	size_t n;

	p->option = word;
	if (word[0] != '-' || !word[1 + two])
		return refuse(
			p,
			"expected an option that begins with '-' (a kernel is given with -kernel)");
	word += 1 + two;
	n = two ? strcspn(word, "=") : strlen(word);
	snprintf(name, sizeof name, "-%.*s", (int)n, word);
	o = two ? find_option(name) : NULL;
	if (!o)
		o = find_option(name + 1);
	if (!o)
		return unknown_option(p, name + 1);
	if (o->missing)
		return refuse(p, "%s", o->missing);
	optional = o->optional;
	if (word[n] == '=')
		value = word + n + 1;
	else if (o->arg && *i + 1 < argc && !(optional && argv[*i + 1][0] == '-'))
		value = argv[++*i];
	if (o->arg && !value && !optional)
		return refuse(p, "expected an argument: %s", o->arg);
	if (!o->arg && value)
		return refuse(p, "takes no argument, got '%s'", value);
	return o->set(p, value);
}

/* ---- what must fit together ---- */

static const char *core_name(const void *list, size_t i)
{
	return i < cpu_cores_n ? ((const struct cpu_core *)list)[i].name : NULL;
}

static int check_cpu(struct parse *p)
{
	const struct config *c = p->c;
	const struct cpu_core *row = cpu_core_find(c->cpu);
	const char *wrong, *near;
	struct cpu_core core;

	p->option = "-cpu";
	if (!row) {
		near = closest(c->cpu, core_name, cpu_cores);
		return near ? refuse(p,
				     "unknown core '%s'; the closest known one is '%s' (-cpu help "
				     "lists all)",
				     c->cpu, near)
			    : refuse(p, "unknown core '%s' (-cpu help lists all)", c->cpu);
	}
	wrong = cpu_core_make(&core, row, c->virtualization, c->secure, c->cpu_features);
	return wrong ? refuse(p, "%s: %s (got '%s')", c->cpu, wrong,
			      c->cpu_features ? c->cpu_features : "")
		     : 0;
}

static int check_boot(struct parse *p)
{
	struct config *c = p->c;
	bool starts = c->boot.kernel || c->demo || c->dumpdtb || config_firmware(c);

	for (size_t i = 0; i < c->boot.n_loaders; i++)
		starts |= c->boot.loaders[i].pe >= 0;
	if (!starts)
		return why_set(p->why, EINVAL,
			       "nothing to run: expected -kernel FILE, -bios FILE, -device "
			       "loader,file=FILE,cpu-num=0, or --demo (see --help)");
	p->option = "-demo";
	if (c->demo && (c->boot.kernel || config_firmware(c) || c->boot.dtb || c->boot.n_loaders || c->boot.n_modules))
		return refuse(p, "it brings its own program; expected no -kernel, -dtb or -device");
	p->option = "-m";
	if (!c->highmem && c->ram_size > BOARD_RAM_LOW_MAX)
		return refuse(p, "expected at most 3G with highmem=off, got %" PRIu64 "M",
			      c->ram_size >> 20);
	return 0;
}

static int check_gic(struct parse *p)
{
	const struct config *c = p->c;

	p->option = "-M";
	if (config_gic_version(c) > 2)
		return 0;
	if (c->pes > 8)
		return refuse(p, "gic-version: expected 3 with more than 8 PEs, got 2 with %u", c->pes);
	return c->msi == MSI_ITS ? refuse(p, "msi: GICv2 has no ITS; expected auto, gicv2m or off, got 'its'")
				 : 0;
}

static bool on_stdio(const struct config_serial *s)
{
	return s->kind == SERIAL_STDIO || s->kind == SERIAL_MON;
}

static int check_serial(struct parse *p)
{
	unsigned users = on_stdio(&p->c->serial[0]) + on_stdio(&p->c->serial[1]);

	for (size_t i = 0; i < p->c->chardevs.n; i++)
		users += !strcmp(p->c->chardevs.item[i].kind->name, "stdio");
	p->option = "-serial";
	if (users > 1)
		return refuse(p, "only one of the UARTs and -chardevs can be on stdio (-serial none takes the first UART away)");
	return 0;
}

/* The monitor has standard input and output for itself, or shares it with the first UART. */
static int check_monitor(struct parse *p)
{
	const struct config *c = p->c;
	bool shared = on_stdio(&c->serial[0]) || on_stdio(&c->serial[1]);

	p->option = "-monitor";
	for (size_t i = 0; i < c->chardevs.n; i++)
		shared |= !strcmp(c->chardevs.item[i].kind->name, "stdio");
	if (c->monitor_stdio && (shared || p->nographic))
		return refuse(p, "stdio: the console is there; expected -serial file:PATH, tcp:, unix:, pty or null with it, or -serial mon:stdio for both");
	p->option = "-S";
	if (c->start_stopped && !shared && !c->monitor_stdio && !c->monitor_path && (!c->gdb || !strcmp(c->gdb, "none")))
		return refuse(p, "nothing could let it go; expected -s, -gdb, -monitor stdio or unix:PATH, or -serial stdio");
	return 0;
}

static int check_checker(struct parse *p)
{
	p->option = "-check";
	return p->c->check_tlb && p->c->parallel ? refuse(p, "its order of events needs PEs that take turns; leave --parallel out") : 0;
}

/* The demo is a hypervisor for GICv3 with one PE; the user may still choose core and memory. */
static void apply_demo(struct config *c)
{
	c->virtualization = true;
	c->secure = false;
	c->gic_version = 3;
}

static int finish(struct parse *p)
{
	struct config *c = p->c;
	int r = 0;

	if (c->demo)
		apply_demo(c);
	r = items_finish(p);
	if (r == 0)
		r = timing_finish(p);
	if (r == 0 && !c->cpu)
		r = set_string(p, &c->cpu, "cortex-a57");
	for (size_t i = 0; i < ARRAY_SIZE(c->serial); i++)
		if (c->serial[i].kind == SERIAL_DEFAULT)
			c->serial[i].kind =
				i || (p->nodefaults && !c->demo)     ? SERIAL_NONE :
				c->monitor_stdio && !p->nographic ? SERIAL_NULL :
								    SERIAL_MON;
	if (r == 0)
		r = check_serial(p);
	if (r == 0)
		r = check_monitor(p);
	if (r == 0)
		r = check_gic(p);
	if (r == 0)
		r = regions_check(p);
	if (r == 0)
		r = check_checker(p);
	if (r == 0)
		r = check_cpu(p);
	if (r == 0)
		r = check_traces(p);
	return r == 0 ? check_boot(p) : r;
}

static int join(struct parse *p, int argc, char **argv)
{
	size_t size = 1;
	char *to;

	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	p->c->command_line = to = calloc(1, size);
	if (!to)
		return why_set(p->why, ENOMEM, "no memory on the host");
	p->c->args = calloc((size_t)argc + 1, sizeof *p->c->args);
	for (int i = 0; i < argc; i++) {
		to += sprintf(to, "%s%s", i ? " " : "", argv[i]);
		if (!p->c->args || !(p->c->args[i] = strdup(argv[i])))
			return why_set(p->why, ENOMEM, "no memory on the host");
	}
	return 0;
}

int options_parse(struct config *c, int argc, char **argv, enum options_ask *ask, struct why *why)
{
	struct parse p = { .c = c, .why = why, .option = "" };
	int r = join(&p, argc, argv);

	for (int i = 1; r == 0 && i < argc && p.ask == ASK_RUN; i++)
		r = parse_option(&p, argc, argv, &i);
	*ask = p.ask;
	if (r == 0 && p.ask == ASK_RUN)
		r = finish(&p);
	free(p.timing_core);
	return r;
}
