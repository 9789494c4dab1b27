/*
 * See report.h. The three files have the same rows, and none of them holds anything of the host, so two runs of one command are
 * byte-identical. Each file appears whole or not at all.
 */
#include "machine/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/baseline.h"
#include "machine/json.h"
#include "machine/machine_priv.h"
#include "machine/report_priv.h"

const char *const report_tlb_policy[4] = { "round-robin", "random", "plru", "lru" };

static void temporary(char path[4096], const char *dir, const char *name)
{
	snprintf(path, 4096, "%s/.%s.tmp", dir, name);
}

FILE *report_file(const char *dir, const char *name, struct why *why)
{
	char path[4096];
	FILE *f;

	if (mkdir(dir, 0777) && errno != EEXIST) {
		why_set(why, errno, "--stats %s: cannot make the folder: %s", dir, strerror(errno));
		return NULL;
	}
	temporary(path, dir, name);
	f = fopen(path, "w");
	if (!f)
		why_set(why, errno, "--stats %s: cannot write %s: %s", dir, name, strerror(errno));
	return f;
}

void report_file_drop(FILE *f, const char *dir, const char *name)
{
	char path[4096];

	temporary(path, dir, name);
	fclose(f);
	unlink(path);
}

int report_file_done(FILE *f, const char *dir, const char *name, struct why *why)
{
	char path[4096], tmp[4096];
	bool bad = ferror(f);

	temporary(tmp, dir, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	bad |= fclose(f) != 0;
	if (bad || rename(tmp, path)) {
		int err = errno ? errno : EIO;

		unlink(tmp);
		return why_set(why, err, "--stats %s: cannot write %s: %s", dir, name, strerror(err));
	}
	return 0;
}

enum { TXT, CSV, JSON, FILES };
static const char *const file_name[FILES] = { "stats.txt", "stats.csv", "stats.json" };

struct report {
	struct machine *m;
	char *dir;
	FILE *file[FILES];
	u64 dumps; /* blocks so far */
	const struct report_block *block; /* the one that is being written */
	struct json j;
	char path[160]; /* stats.json: of the innermost open object of the block, with a dot behind each part */
};

/* ---- stats.txt: one line "name value # sentence (unit)" ---- */

static void shape(FILE *f, const char *name, struct tlb_shape s)
{
	fprintf(f, "# tlb %s: %u entries, %u ways, %s\n", name, s.entries, s.ways ? s.ways : s.entries, report_tlb_policy[s.policy & 3]);
}

static void txt_begin(struct report *r)
{
	const struct machine *m = r->m;
	FILE *f = r->file[TXT];

	fprintf(f, "# trapline statistics, schema %d\n# command: %s\n# core: %s, %u PE, seed %" PRIu64 ", quantum %u cycles\n", REPORT_SCHEMA,
		m->cfg->command_line ? m->cfg->command_line : "", m->core.name, m->pes, m->cfg->seed, MACHINE_QUANTUM);
	shape(f, "l1i", m->tlb.l1i);
	shape(f, "l1d", m->tlb.l1d);
	shape(f, "main", m->tlb.main);
	shape(f, "walk", m->tlb.walk);
	shape(f, "ipa", m->tlb.ipa);
	if (m->cfg->timing)
		fprintf(f, "# timing: %s%s%s\n", m->core.name, *m->cfg->timing ? ", " : "", m->cfg->timing);
}

static void txt_block(struct report *r)
{
	fprintf(r->file[TXT], "\n---------- Begin Simulation Statistics ----------\n# dump %" PRIu64 ": %s%s%s, at %" PRIu64 " ps\n", r->dumps,
		r->block->kind, *r->block->label ? " " : "", r->block->label, machine_now(r->m));
}

static void txt_row(struct report *r, const struct stat_sample *s, const char *full)
{
	fprintf(r->file[TXT], "%-52s %20" PRIu64 " # %s (%s)\n", full, s->value, s->help, s->unit);
}

static void txt_end(struct report *r)
{
	fprintf(r->file[TXT], "---------- End Simulation Statistics   ----------\n");
}

/* ---- stats.csv: one row a counter; what a place has not is empty ---- */

static void csv_begin(struct report *r)
{
	fprintf(r->file[CSV], "dump,kind,label,time,group,pe,el,vm,vmid,name,unit,value\n");
}

static void csv_number(FILE *f, int v)
{
	if (v >= 0)
		fprintf(f, "%d", v);
	fputc(',', f);
}

static void csv_row(struct report *r, const struct stat_sample *s)
{
	FILE *f = r->file[CSV];

	fprintf(f, "%" PRIu64 ",%s,%s,%" PRIu64 ",%s,", r->dumps, r->block->kind, r->block->label, machine_now(r->m), s->group ? s->group : "");
	csv_number(f, s->pe);
	csv_number(f, s->el);
	csv_number(f, s->vm);
	csv_number(f, s->vmid);
	fprintf(f, "%s,%s,%" PRIu64 "\n", s->name, s->unit, s->value);
}

/* ---- stats.json: the parts of a counter's full name as nested objects ---- */

static void json_head(struct report *r)
{
	json_begin(&r->j, r->file[JSON]);
	json_u64(&r->j, "schema_version", REPORT_SCHEMA);
	json_open(&r->j, "dumps", '[');
}

/* An element of "dumps". */
static void json_point(struct report *r, const char *kind, const char *label)
{
	json_open(&r->j, NULL, '{');
	json_text(&r->j, "kind", kind);
	json_text(&r->j, "label", label);
	json_u64(&r->j, "time", machine_now(r->m));
}

static void json_block(struct report *r, bool all)
{
	r->path[0] = '\0';
	if (all) {
		json_close(&r->j); /* the array */
		return;
	}
	json_point(r, r->block->kind, r->block->label);
	json_u64(&r->j, "dump", r->dumps);
	json_open(&r->j, "stats", '{');
}

static void json_up_to(struct report *r, size_t common)
{
	for (const char *p = r->path + common; (p = strchr(p, '.')) != NULL; p++)
		json_close(&r->j);
}

static void json_row(struct report *r, const struct stat_sample *s, const char *full)
{
	size_t common = 0;
	char text[160], *name = text, *dot;

	snprintf(text, sizeof(text), "%s", full);
	for (size_t i = 0; r->path[i] && r->path[i] == text[i]; i++)
		if (text[i] == '.')
			common = i + 1;
	json_up_to(r, common);
	for (name += common; (dot = strchr(name, '.')) != NULL; name = dot + 1) {
		*dot = '\0';
		json_open(&r->j, name, '{');
		*dot = '.';
	}
	snprintf(r->path, sizeof(r->path), "%.*s", (int)(name - text), text);
	json_u64(&r->j, name, s->value);
}

static void json_block_end(struct report *r, bool all)
{
	json_up_to(r, 0);
	if (!all) {
		json_close(&r->j); /* stats */
		json_close(&r->j);
	}
}

/* ---- blocks ---- */

static void row(void *ctx, const struct stat_sample *s)
{
	struct report *r = ctx;
	const struct report_block *b = r->block;
	struct stat_sample part = *s;
	char full[160];

	stats_full_name(s, full, sizeof(full));
	if (b->since) {
		u64 *then;

		if (s->state)
			return;
		then = baseline_at(b->since, full);
		part.value -= then ? *then : 0;
		if (then && b->advance)
			*then = s->value;
		if (!part.value && strcmp(full, "sim_ticks"))
			return;
	}
	txt_row(r, &part, full);
	csv_row(r, &part);
	json_row(r, &part, full);
}

u64 report_blocks(const struct report *r)
{
	return r->dumps;
}

void report_went_on(struct report *r, u64 blocks)
{
	r->dumps = blocks;
}

void report_block(struct report *r, const struct report_block *b)
{
	r->block = b;
	r->dumps++;
	txt_block(r);
	json_block(r, !b->since);
	stats_visit(r->m, row, r);
	txt_end(r);
	json_block_end(r, !b->since);
	for (unsigned i = 0; i < FILES; i++)
		fflush(r->file[i]);
}

void report_mark(struct report *r, const char *label)
{
	u64 now = machine_now(r->m), insns = machine_insns(r->m);

	fprintf(r->file[TXT], "\n# mark %s, at %" PRIu64 " ps, %" PRIu64 " instructions\n", label, now, insns);
	fprintf(r->file[CSV], ",mark,%s,%" PRIu64 ",mark,,,,,insns,instruction,%" PRIu64 "\n", label, now, insns);
	json_point(r, "mark", label);
	json_u64(&r->j, "insns", insns);
	json_close(&r->j);
}

void report_drop(struct report *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < FILES; i++)
		if (r->file[i])
			report_file_drop(r->file[i], r->dir, file_name[i]);
	free(r->dir);
	free(r);
}

int report_open(struct report **out, struct machine *m, const char *dir, struct why *why)
{
	struct report *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (!r || !(r->dir = strdup(dir))) {
		free(r);
		return why_set(why, ENOMEM, "--stats %s: no memory", dir);
	}
	r->m = m;
	for (unsigned i = 0; i < FILES; i++) {
		r->file[i] = report_file(dir, file_name[i], why);
		if (!r->file[i]) {
			int err = errno ? -errno : -EIO;

			report_drop(r);
			return err;
		}
	}
	txt_begin(r);
	csv_begin(r);
	json_head(r);
	*out = r;
	return 0;
}

int report_close(struct report *r, struct why *why)
{
	const struct report_block total = { .kind = "total", .label = "" };
	int ret = 0;

	report_block(r, &total);
	json_end(&r->j);
	for (unsigned i = 0; i < FILES; i++) {
		if (ret)
			report_file_drop(r->file[i], r->dir, file_name[i]);
		else
			ret = report_file_done(r->file[i], r->dir, file_name[i], why);
	}
	free(r->dir);
	free(r);
	return ret;
}
