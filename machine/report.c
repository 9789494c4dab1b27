/*
 * What was counted, as files: stats.txt, stats.json and stats.csv have the same rows, config.json says what the run was made of,
 * and none of them holds anything of the host, so two runs of one command are byte-identical. Dates, seconds and paths stand in
 * host.json. Each file appears whole or not at all.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/snap.h"
#include "machine/json.h"
#include "machine/machine_priv.h"
#include "machine/stats.h"

#define REPORT_SCHEMA 2

static FILE *open_in(const char *dir, const char *name, char path[4096], struct why *why)
{
	FILE *f;

	if (mkdir(dir, 0777) && errno != EEXIST) {
		why_set(why, errno, "--stats %s: cannot make the folder: %s", dir, strerror(errno));
		return NULL;
	}
	snprintf(path, 4096, "%s/.%s.tmp", dir, name);
	f = fopen(path, "w");
	if (!f)
		why_set(why, errno, "--stats %s: cannot write %s: %s", dir, name, strerror(errno));
	return f;
}

/* The file appears whole or not at all. */
static int close_in(FILE *f, const char *dir, const char *name, const char *tmp, struct why *why)
{
	char path[4096];
	bool bad = ferror(f);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	bad |= fclose(f) != 0;
	if (bad || rename(tmp, path)) {
		int err = errno ? errno : EIO;

		unlink(tmp);
		return why_set(why, err, "--stats %s: cannot write %s: %s", dir, name, strerror(err));
	}
	return 0;
}

/* ---- stats.txt ---- */

static const char *const tlb_policy[] = { "round-robin", "random", "plru", "lru" };

static void shape(FILE *f, const char *name, struct tlb_shape s)
{
	fprintf(f, "# tlb %s: %u entries, %u ways, %s\n", name, s.entries, s.ways ? s.ways : s.entries, tlb_policy[s.policy & 3]);
}

static void write_header(struct machine *m, FILE *f)
{
	fprintf(f, "# trapline statistics, schema %d\n# command: %s\n# core: %s, %u PE, seed %" PRIu64 ", quantum %u cycles\n", REPORT_SCHEMA,
		m->cfg->command_line ? m->cfg->command_line : "", m->core.name, m->pes, m->cfg->seed, MACHINE_QUANTUM);
	shape(f, "l1i", m->tlb.l1i);
	shape(f, "l1d", m->tlb.l1d);
	shape(f, "main", m->tlb.main);
	shape(f, "walk", m->tlb.walk);
	shape(f, "ipa", m->tlb.ipa);
}

/* One line "name value # sentence (unit)". */
static void txt_line(void *f, const struct stat_sample *s)
{
	char name[160];

	stats_full_name(s, name, sizeof(name));
	fprintf(f, "%-52s %20" PRIu64 " # %s (%s)\n", name, s->value, s->help, s->unit);
}

static void write_txt(struct machine *m, FILE *f)
{
	write_header(m, f);
	fprintf(f, "\n---------- Begin Simulation Statistics ----------\n");
	stats_visit(m, txt_line, f);
	fprintf(f, "---------- End Simulation Statistics   ----------\n");
}

/* ---- stats.csv: one row a counter; what a place has not is empty ---- */

static void csv_number(FILE *f, int v)
{
	if (v >= 0)
		fprintf(f, "%d", v);
	fputc(',', f);
}

static void csv_line(void *ctx, const struct stat_sample *s)
{
	FILE *f = ctx;

	fprintf(f, "%s,", s->group ? s->group : "");
	csv_number(f, s->pe);
	csv_number(f, s->el);
	csv_number(f, s->vm);
	csv_number(f, s->vmid);
	fprintf(f, "%s,%s,%" PRIu64 "\n", s->name, s->unit, s->value);
}

static void write_csv(struct machine *m, FILE *f)
{
	fprintf(f, "group,pe,el,vm,vmid,name,unit,value\n");
	stats_visit(m, csv_line, f);
}

/* ---- stats.json: the parts of a counter's full name as nested objects ---- */

struct tree {
	struct json j;
	char path[160]; /* of the innermost open object, with a dot behind each part */
};

static void json_line(void *ctx, const struct stat_sample *s)
{
	struct tree *t = ctx;
	char full[160], *name = full, *dot;
	size_t common = 0;

	stats_full_name(s, full, sizeof(full));
	for (size_t i = 0; t->path[i] && t->path[i] == full[i]; i++)
		if (full[i] == '.')
			common = i + 1;
	for (const char *p = t->path + common; (p = strchr(p, '.')) != NULL; p++)
		json_close(&t->j);
	for (name += common; (dot = strchr(name, '.')) != NULL; name = dot + 1) {
		*dot = '\0';
		json_open(&t->j, name, '{');
		*dot = '.';
	}
	snprintf(t->path, sizeof(t->path), "%.*s", (int)(name - full), full);
	json_u64(&t->j, name, s->value);
}

static void write_json(struct machine *m, FILE *f)
{
	struct tree t = { .path = "" };

	json_begin(&t.j, f);
	json_u64(&t.j, "schema", REPORT_SCHEMA);
	stats_visit(m, json_line, &t);
	json_end(&t.j);
}

/* ---- config.json ---- */

/* What a file held when it was read again at the end of the run: SHA-256, or null when that cannot be. */
static void image(struct json *j, const char *role, const char *file)
{
	struct snap_digest *d = NULL;
	FILE *f = file ? fopen(file, "rb") : NULL;
	char buffer[65536], hex[65];
	u64 size = 0;
	size_t n;

	if (!file)
		return;
	json_open(j, NULL, '{');
	json_text(j, "role", role);
	json_text(j, "file", file);
	if (f)
		d = snap_digest_new();
	while (d && (n = fread(buffer, 1, sizeof(buffer), f)) > 0) {
		snap_bytes(snap_digest_stream(d), buffer, n);
		size += n;
	}
	if (d)
		snap_digest_end(d, hex);
	json_u64(j, "bytes", size);
	json_text(j, "sha256", d ? hex : NULL);
	json_close(j);
	if (f)
		fclose(f);
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
	json_close(j);
}

static void geometry(struct json *j, const char *name, struct tlb_shape s)
{
	json_open(j, name, '{');
	json_u64(j, "entries", s.entries);
	json_u64(j, "ways", s.ways ? s.ways : s.entries);
	json_text(j, "replacement", tlb_policy[s.policy & 3]);
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

static void write_config(struct machine *m, FILE *f)
{
	const struct config *c = m->cfg;
	struct json j;

	json_begin(&j, f);
	json_u64(&j, "schema", REPORT_SCHEMA);
	json_text(&j, "version", TRAPLINE_VERSION);
	json_text(&j, "command", c->command_line);
	json_text(&j, "core", m->core.name);
	json_text(&j, "core_features", c->cpu_features);
	json_u64(&j, "pes", m->pes);
	json_u64(&j, "ram_bytes", c->ram_size);
	json_bool(&j, "secure", c->secure);
	json_bool(&j, "virtualization", c->virtualization);
	json_u64(&j, "gic_version", config_gic_version(c));
	json_u64(&j, "seed", c->seed);
	json_bool(&j, "parallel", c->parallel);
	json_u64(&j, "quantum_cycles", MACHINE_QUANTUM);
	json_u64(&j, "max_block", c->max_block);
	json_bool(&j, "tlb_reference", c->tlb_reference);
	json_open(&j, "tlb", '{');
	geometry(&j, "l1i", m->tlb.l1i);
	geometry(&j, "l1d", m->tlb.l1d);
	geometry(&j, "main", m->tlb.main);
	geometry(&j, "walk", m->tlb.walk);
	geometry(&j, "ipa", m->tlb.ipa);
	json_close(&j);
	json_text(&j, "append", c->boot.append);
	images(&j, c);
	items(&j, "devices", &c->devices);
	items(&j, "drives", &c->drives);
	items(&j, "netdevs", &c->netdevs);
	json_end(&j);
}

int machine_write_stats(struct machine *m, const char *dir, struct why *why)
{
	static const struct {
		const char *name;
		void (*write)(struct machine *m, FILE *f);
	} file[] = { { "stats.txt", write_txt }, { "stats.csv", write_csv }, { "stats.json", write_json }, { "config.json", write_config } };

	for (size_t i = 0; i < ARRAY_SIZE(file); i++) {
		char tmp[4096];
		FILE *f = open_in(dir, file[i].name, tmp, why);
		int r;

		if (!f)
			return errno ? -errno : -EIO;
		file[i].write(m, f);
		r = close_in(f, dir, file[i].name, tmp, why);
		if (r < 0)
			return r;
	}
	return 0;
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

int machine_write_host(struct machine *m, const char *dir, double host_seconds, struct why *why)
{
	char tmp[4096], date[40];
	FILE *f = open_in(dir, "host.json", tmp, why);
	time_t now = time(NULL);
	struct json j;
	struct tm tm;

	if (!f)
		return errno ? -errno : -EIO;
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_begin(&j, f);
	json_u64(&j, "schema", REPORT_SCHEMA);
	json_text(&j, "date", date);
	json_real(&j, "host_seconds", host_seconds, 3);
	json_u64(&j, "instructions", machine_insns(m));
	json_real(&j, "instructions_per_second", host_seconds > 0 ? (double)machine_insns(m) / host_seconds : 0.0, 0);
	host_memory(m, &j);
	host_fast_tlb(m, &j);
	json_text(&j, "command", m->cfg->command_line);
	json_end(&j);
	return close_in(f, dir, "host.json", tmp, why);
}
