/*
 * config.json says what a run was made of, enough to repeat it; host.json what depends on the host: dates, seconds, paths.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/snap.h"
#include "cpu/block.h"
#include "machine/json.h"
#include "machine/machine_priv.h"
#include "machine/report_priv.h"

/* ---- config.json ---- */

bool report_file_digest(const char *file, char hex[65], u64 *size)
{
	FILE *f = fopen(file, "rb");
	struct snap_digest *d = f ? snap_digest_new() : NULL;
	char buffer[65536];
	size_t n;

	*size = 0;
	while (d && (n = fread(buffer, 1, sizeof(buffer), f)) > 0) {
		snap_bytes(snap_digest_stream(d), buffer, n);
		*size += n;
	}
	if (d)
		snap_digest_end(d, hex);
	if (f)
		fclose(f);
	return d != NULL;
}

/* What a file held when it was read again at the end of the run: SHA-256, or null when that cannot be. */
static void image(struct json *j, const char *role, const char *file)
{
	char hex[65];
	bool there;
	u64 size;

	if (!file)
		return;
	there = report_file_digest(file, hex, &size);
	json_open(j, NULL, '{');
	json_text(j, "role", role);
	json_text(j, "file", file);
	json_u64(j, "bytes", size);
	json_text(j, "sha256", there ? hex : NULL);
	json_close(j);
}

/* Disks that the run left as they were; the others cannot be told any more, and are named without digest. */
static void disks(struct json *j, const struct config *c)
{
	for (size_t i = 0; i < c->drives.n; i++) {
		const struct config_item *d = &c->drives.item[i];
		const char *file = config_text(d, "file", NULL);

		if (config_bool(d, "readonly", false) || config_bool(d, "snapshot", c->disk_snapshot))
			image(j, "drive", file);
	}
}

static void images(struct json *j, const struct config *c)
{
	json_open(j, "images", '[');
	image(j, "kernel", c->boot.kernel);
	image(j, "initrd", c->boot.initrd);
	image(j, "dtb", c->boot.dtb);
	image(j, "bios", c->bios);
	for (unsigned i = 0; i < 2; i++)
		image(j, i ? "pflash1" : "pflash0", c->flash[i].readonly || c->flash[i].snapshot ? c->flash[i].file : NULL);
	for (size_t i = 0; i < c->boot.n_loaders; i++)
		image(j, "loader", c->boot.loaders[i].file);
	for (size_t i = 0; i < c->boot.n_modules; i++)
		image(j, "guest-loader", c->boot.modules[i].file);
	for (size_t i = 0; i < c->n_fw_cfg; i++)
		image(j, "fw_cfg", c->fw_cfg[i].file);
	disks(j, c);
	json_close(j);
}

static void geometry(struct json *j, const char *name, struct tlb_shape s)
{
	json_open(j, name, '{');
	json_u64(j, "entries", s.entries);
	json_u64(j, "ways", s.ways ? s.ways : s.entries);
	json_text(j, "replacement", report_tlb_policy[s.policy & 3]);
	json_close(j);
}

/* Every parameter of the timing model as it was in this run; null: an instruction takes a cycle. */
static void timing(struct json *j, const struct machine *m)
{
	if (!m->cfg->timing) {
		json_text(j, "timing", NULL);
		return;
	}
	json_open(j, "timing", '{');
	for (size_t i = 0; i < timing_rows_n; i++)
		json_u64(j, timing_rows[i].key, timing_value(&m->timing, i));
	json_close(j);
}

/* Items of -device and the like with what was typed for them. */
static void items(struct json *j, const char *name, const struct config_items *list)
{
	json_open(j, name, '[');
	for (size_t i = 0; i < list->n; i++) {
		json_open(j, NULL, '{');
		json_text(j, "option", list->item[i].option);
		for (size_t k = 0; k < list->item[i].n; k++)
			json_text(j, list->item[i].pair[k].name, list->item[i].pair[k].value);
		json_close(j);
	}
	json_close(j);
}

/* As typed, word by word: the command can be given again. */
static void arguments(struct json *j, char *const *args)
{
	json_open(j, "arguments", '[');
	for (; args && *args; args++)
		json_text(j, NULL, *args);
	json_close(j);
}

static void board(struct json *j, const struct config *c)
{
	static const char *const msi[] = { [MSI_AUTO] = "auto", [MSI_OFF] = "off", [MSI_ITS] = "its", [MSI_V2M] = "gicv2m" };
	static const char *const realtime[] = { [REALTIME_IDLE] = "idle", [REALTIME_ON] = "on", [REALTIME_OFF] = "off" };

	json_bool(j, "secure", c->secure);
	json_bool(j, "virtualization", c->virtualization);
	json_u64(j, "gic_version", config_gic_version(c));
	json_text(j, "msi", msi[config_msi(c)]);
	json_bool(j, "highmem", c->highmem);
	json_bool(j, "acpi", c->acpi);
	json_bool(j, "dtb_randomness", c->dtb_randomness);
	json_bool(j, "semihosting", c->semihosting);
	json_text(j, "realtime", realtime[c->realtime]);
	json_u64(j, "max_insns", c->max_insns);
}

static void write_config(struct machine *m, FILE *f)
{
	const struct config *c = m->cfg;
	struct json j;

	json_begin(&j, f);
	json_u64(&j, "schema_version", REPORT_SCHEMA);
	json_text(&j, "version", TRAPLINE_VERSION);
	json_text(&j, "command", c->command_line);
	arguments(&j, c->args);
	json_text(&j, "core", m->core.name);
	json_text(&j, "core_features", c->cpu_features);
	json_u64(&j, "pes", m->pes);
	json_u64(&j, "ram_bytes", c->ram_size);
	board(&j, c);
	json_u64(&j, "rtc_start", (u64)m->rtc_start);
	json_u64(&j, "seed", c->seed);
	json_bool(&j, "parallel", c->parallel);
	json_u64(&j, "quantum_cycles", MACHINE_QUANTUM);
	json_u64(&j, "max_block", c->max_block);
	json_bool(&j, "tlb_reference", c->tlb_reference);
	json_bool(&j, "check_tlb", c->check_tlb);
	json_bool(&j, "tlb_conflict_abort", c->tlb_conflict_abort);
	json_open(&j, "tlb", '{');
	geometry(&j, "l1i", m->tlb.l1i);
	geometry(&j, "l1d", m->tlb.l1d);
	geometry(&j, "main", m->tlb.main);
	geometry(&j, "walk", m->tlb.walk);
	geometry(&j, "ipa", m->tlb.ipa);
	json_close(&j);
	timing(&j, m);
	json_text(&j, "append", c->boot.append);
	images(&j, c);
	items(&j, "devices", &c->devices);
	items(&j, "drives", &c->drives);
	items(&j, "netdevs", &c->netdevs);
	items(&j, "chardevs", &c->chardevs);
	items(&j, "fsdevs", &c->fsdevs);
	items(&j, "objects", &c->objects);
	json_end(&j);
}

int machine_write_config(struct machine *m, const char *dir, struct why *why)
{
	FILE *f = report_file(dir, "config.json", why);

	if (!f)
		return errno ? -errno : -EIO;
	write_config(m, f);
	return report_file_done(f, dir, "config.json", why);
}

int machine_write_stats(struct machine *m, const char *dir, struct why *why)
{
	int r = regions_finish(m, dir, why);

	return r < 0 ? r : machine_write_config(m, dir, why);
}

/* ---- host.json ---- */

/* Bytes of [p, p + size) that the host has given, by /proc/self/smaps: it leaves out the page of zeros that reads of fresh memory share. */
static u64 resident(FILE *smaps, const u8 *p, u64 size)
{
	u64 from = (uintptr_t)p, to = from + size, in_map = 0, sum = 0;
	char line[512];

	rewind(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		u64 first, end, kib;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &first, &end) == 2) {
			first = first > from ? first : from;
			end = end < to ? end : to;
			in_map = first < end ? end - first : 0;
		} else if (in_map && sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1) {
			sum += kib * 1024 < in_map ? kib * 1024 : in_map;
		}
	}
	return sum;
}

/* What the host gave so far: all of it at its peak, and what of it is the guest's RAM. */
static void host_memory(struct machine *m, struct json *j)
{
	const struct bus_region *region;
	size_t n = bus_regions(m->bus, &region);
	struct rusage usage = { 0 };
	FILE *smaps = fopen("/proc/self/smaps", "r");
	u64 ram = 0;

	for (size_t i = 0; smaps && i < n; i++)
		ram += region[i].host ? resident(smaps, region[i].host, region[i].size) : 0;
	if (smaps)
		fclose(smaps);
	getrusage(RUSAGE_SELF, &usage);
	json_u64(j, "peak_resident_bytes", (u64)usage.ru_maxrss * 1024);
	json_u64(j, "guest_ram_resident_bytes", ram);
}

/* What the fast TLB cost, which no guest can see: slots filled, and how often a whole side of it was dropped. */
static void host_fast_tlb(struct machine *m, struct json *j)
{
	struct fast_counts sum = { 0 };

	for (unsigned i = 0; i < m->pes; i++) {
		struct fast_counts c = mmu_fast_counts(m->seat[i].cpu->mmu);

		sum.fills += c.fills;
		sum.flushes += c.flushes;
	}
	json_u64(j, "fast_tlb_fills", sum.fills);
	json_u64(j, "fast_tlb_flushes", sum.flushes);
}

/* What decoding cost, which depends on how code is cut into blocks. */
static void host_blocks(struct machine *m, struct json *j)
{
	struct block_host_counts sum = { 0 };

	for (unsigned i = 0; i < m->pes; i++) {
		const struct block_host_counts *c = block_host_counts(m->seat[i].cpu->blocks);

		sum.decoded += c->decoded;
		sum.chained += c->chained;
		sum.invalidated += c->invalidated;
		sum.restarts += c->restarts;
	}
	json_u64(j, "blocks_decoded", sum.decoded);
	json_u64(j, "blocks_chained", sum.chained);
	json_u64(j, "blocks_invalidated", sum.invalidated);
	json_u64(j, "block_cache_restarts", sum.restarts);
}

int machine_write_host(struct machine *m, const char *dir, double host_seconds, struct why *why)
{
	char date[40];
	FILE *f = report_file(dir, "host.json", why);
	time_t now = time(NULL);
	struct json j;
	struct tm tm;

	if (!f)
		return errno ? -errno : -EIO;
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_begin(&j, f);
	json_u64(&j, "schema_version", REPORT_SCHEMA);
	json_text(&j, "date", date);
	json_real(&j, "host_seconds", host_seconds, 3);
	json_u64(&j, "instructions", machine_insns(m));
	json_real(&j, "instructions_per_second", host_seconds > 0 ? (double)machine_insns(m) / host_seconds : 0.0, 0);
	host_memory(m, &j);
	host_fast_tlb(m, &j);
	host_blocks(m, &j);
	json_text(&j, "command", m->cfg->command_line);
	json_end(&j);
	return report_file_done(f, dir, "host.json", why);
}
