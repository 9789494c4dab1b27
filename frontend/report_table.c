/* Cells of tables, and the sections of the page, but for those about translation (report_tlb.c). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "frontend/report_sections.h"

/* ---- cells ---- */

void cell_count(struct cells c, const char *patterns)
{
	fprintf(c.f, "<td data-run=\"%zu\" data-c=\"", c.number);
	page_text(c.f, patterns);
	fputs("\">", c.f);
	page_number(c.f, rows_sum(&c.run->total, patterns));
	fputs("</td>", c.f);
}

/* Two digits, of what is below 1 four, of what is large none. */
static void page_quotient(FILE *f, double v, const char *unit)
{
	fprintf(f, "%.*f%s", v >= 10000 ? 0 : v > 0 && v < 1 ? 4 : 2, v, unit);
}

void cell_quotient(struct cells c, const char *over, const char *under, unsigned scale, const char *unit)
{
	u64 a = rows_sum(&c.run->total, over), b = rows_sum(&c.run->total, under);

	fprintf(c.f, "<td data-run=\"%zu\" data-n=\"", c.number);
	page_text(c.f, over);
	fputs("\" data-d=\"", c.f);
	page_text(c.f, under);
	fprintf(c.f, "\" data-s=\"%u\">", scale);
	if (b)
		page_quotient(c.f, (double)a * scale / (double)b, unit);
	fputs("</td>", c.f);
}

void cell_extreme(struct cells c, const char *patterns, bool max)
{
	fprintf(c.f, "<td data-run=\"%zu\" data-%s=\"", c.number, max ? "max" : "min");
	page_text(c.f, patterns);
	fputs("\">", c.f);
	page_number(c.f, max ? rows_max(&c.run->total, patterns) : rows_min(&c.run->total, patterns));
	fputs("</td>", c.f);
}

void cell_ratio(FILE *f, double base, double v)
{
	fputs("<td class=\"r\">", f);
	if (base > 0)
		fprintf(f, "&times;%.3g", v / base);
	fputs("</td>", f);
}

void cell_bar(FILE *f, double share, unsigned color)
{
	fprintf(f, "<td class=\"bar\"><i class=\"b%u\" style=\"width:%.1f%%\"></i></td>", color, 100 * (share < 1 ? share : 1));
}

void cell_text(FILE *f, const char *text)
{
	fputs("<td class=\"t\">", f);
	page_text(f, text);
	fputs("</td>", f);
}

/* A text that a name was made of. */
static void cell_name(FILE *f, const char *prefix, const char *name)
{
	fputs("<td>", f);
	page_text(f, prefix);
	page_text(f, name);
	fputs("</td>", f);
}

void table_begin(FILE *f, const char *const *heads, size_t n)
{
	fputs("<div class=\"scroll\"><table>\n<thead><tr>", f);
	for (size_t i = 0; i < n; i++) {
		fputs("<th>", f);
		page_text(f, heads[i]);
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n", f);
}

void table_end(FILE *f)
{
	fputs("</tbody>\n</table></div>\n", f);
}

/* The heads of a table that compares: what, then each run, from the second on with its ratio. */
void compare_begin(FILE *f, const char *what, const struct run *run, size_t n)
{
	fputs("<div class=\"scroll\"><table>\n<thead><tr><th>", f);
	page_text(f, what);
	fputs("</th>", f);
	for (size_t i = 0; i < n; i++) {
		fputs("<th>", f);
		page_text(f, run[i].name);
		fputs(i ? "</th><th>ratio</th>" : "</th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n", f);
}

void compare_quotient(FILE *f, const struct run *run, size_t n, const char *over, const char *under, unsigned scale, const char *unit)
{
	double base = 0;

	for (size_t i = 0; i < n; i++) {
		u64 b = rows_sum(&run[i].total, under);
		double v = b ? (double)rows_sum(&run[i].total, over) / (double)b : 0;

		cell_quotient((struct cells){ f, &run[i], i }, over, under, scale, unit);
		if (i)
			cell_ratio(f, base, v);
		else
			base = v;
	}
}

void compare_count(FILE *f, const struct run *run, size_t n, const char *patterns)
{
	u64 base = rows_sum(&run[0].total, patterns);

	for (size_t i = 0; i < n; i++) {
		cell_count((struct cells){ f, &run[i], i }, patterns);
		if (i)
			cell_ratio(f, (double)base, (double)rows_sum(&run[i].total, patterns));
	}
}

/* ---- runs ---- */

static void row_of_texts(FILE *f, const struct run *run, size_t n, const char *head, const char *key, bool host)
{
	fprintf(f, "<tr><td>%s</td>", head);
	for (size_t i = 0; i < n; i++)
		cell_text(f, run_text(host ? run[i].host : run[i].config, key));
	fputs("</tr>\n", f);
}

static void row_of_numbers(FILE *f, const struct run *run, size_t n, const char *head, const char *key, bool host, double scale, const char *unit)
{
	fprintf(f, "<tr><td>%s</td>", head);
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_object_get(host ? run[i].host : run[i].config, key);

		fputs("<td class=\"t\">", f);
		if (json_is_number(v))
			fprintf(f, "%.*f%s", json_is_real(v) ? 2 : 0, json_number_value(v) * scale, unit);
		fputs("</td>", f);
	}
	fputs("</tr>\n", f);
}

/* "l1i 32 x 32, ..." */
static void row_of_tlbs(FILE *f, const struct run *run, size_t n)
{
	fputs("<tr><td>TLBs, entries and ways</td>", f);
	for (size_t i = 0; i < n; i++) {
		const char *key, *comma = "";
		json_t *v;

		fputs("<td class=\"t\">", f);
		json_object_foreach(json_object_get(run[i].config, "tlb"), key, v) {
			fputs(comma, f);
			page_text(f, key);
			fprintf(f, " %" JSON_INTEGER_FORMAT "&times;%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(v, "entries")),
				json_integer_value(json_object_get(v, "ways")));
			comma = ", ";
		}
		fputs("</td>", f);
	}
	fputs("</tr>\n", f);
}

/* What was read, by role, file and the first digits of its digest. */
static void row_of_images(FILE *f, const struct run *run, size_t n)
{
	fputs("<tr><td>Images</td>", f);
	for (size_t i = 0; i < n; i++) {
		json_t *images = json_object_get(run[i].config, "images"), *image;
		size_t k;

		fputs("<td class=\"t\">", f);
		json_array_foreach(images, k, image) {
			fputs(k ? "<br>" : "", f);
			page_text(f, run_text(image, "role"));
			fputs(" ", f);
			page_text(f, run_text(image, "file"));
			fprintf(f, " <code>%.12s</code>", strspn(run_text(image, "sha256"), "0123456789abcdef") == 64 ? run_text(image, "sha256") : "");
		}
		fputs("</td>", f);
	}
	fputs("</tr>\n", f);
}

void section_runs(FILE *f, const struct run *run, size_t n)
{
	fputs("<div class=\"scroll\"><table>\n<thead><tr><th></th>", f);
	for (size_t i = 0; i < n; i++) {
		fputs("<th style=\"text-align:left\">", f);
		page_text(f, run[i].name);
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n<tr><td>Command</td>", f);
	for (size_t i = 0; i < n; i++) {
		fputs("<td class=\"t\"><code>", f);
		page_text(f, run_text(run[i].config, "command"));
		fputs("</code></td>", f);
	}
	fputs("</tr>\n", f);
	row_of_texts(f, run, n, "Core", "core", false);
	row_of_numbers(f, run, n, "PEs", "pes", false, 1, "");
	row_of_numbers(f, run, n, "RAM", "ram_bytes", false, 1.0 / (1 << 20), " MiB");
	row_of_numbers(f, run, n, "GIC", "gic_version", false, 1, "");
	row_of_numbers(f, run, n, "Seed", "seed", false, 1, "");
	row_of_tlbs(f, run, n);
	row_of_images(f, run, n);
	row_of_texts(f, run, n, "Trapline", "version", false);
	row_of_texts(f, run, n, "Date of the run", "date", true);
	row_of_numbers(f, run, n, "Host time", "host_seconds", true, 1, " s");
	row_of_numbers(f, run, n, "Speed", "instructions_per_second", true, 1e-6, " M instructions/s");
	table_end(f);
}

/* ---- at a glance ---- */

#define ALL_EXITS "pe*.*.exits"
#define IN_GUEST  "pe*.*.guest_cycles.sum"
#define OUTSIDE	  "pe*.*.exit_cycles.*.sum"

void section_glance(FILE *f, const struct run *run, size_t n)
{
	static const struct {
		const char *head, *over, *under;
		unsigned scale;
		const char *unit;
	} rows[] = {
		{ "Virtual time, ps", "sim_ticks", NULL, 1, "" },
		{ "Instructions", "total.insns", NULL, 1, "" },
		{ "Cycles per instruction", "total.cycles", "total.insns", 1, "" },
		{ "Exceptions to EL2", "pe*.*.exceptions.*.to_el2 pe*.*.*.*.exceptions.*.to_el2 pe*.*.vm_rest.exceptions.*.to_el2", NULL, 1, "" },
		{ "Exits from VMs", ALL_EXITS, NULL, 1, "" },
		{ "Exits per million instructions", ALL_EXITS, "total.insns", 1000000, "" },
		{ "Cycles in VMs", IN_GUEST, NULL, 1, "" },
		{ "Cycles from exits to the next entry", OUTSIDE, NULL, 1, "" },
		{ "Cycles of an exit, on average", OUTSIDE, "pe*.*.exit_cycles.*.count", 1, "" },
		{ "Stage-1 walks", "total.s1_walks", NULL, 1, "" },
		{ "Stage-2 walks", "total.s2_walks", NULL, 1, "" },
		{ "Descriptor reads", "total.s1_walk_reads total.s2_walk_reads", NULL, 1, "" },
		{ "Descriptor reads per 1000 instructions", "total.s1_walk_reads total.s2_walk_reads", "total.insns", 1000, "" },
		{ "TLB maintenance operations", "total.tlbi", NULL, 1, "" },
		{ "Entries that they dropped", "total.tlbi_dropped", NULL, 1, "" },
	};

	compare_begin(f, "", run, n);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fprintf(f, "<tr><td>%s</td>", rows[i].head);
		if (rows[i].under)
			compare_quotient(f, run, n, rows[i].over, rows[i].under, rows[i].scale, rows[i].unit);
		else
			compare_count(f, run, n, rows[i].over);
		fputs("</tr>\n", f);
	}
	table_end(f);
}

/* ---- exits ---- */

unsigned class_color(const char *name)
{
	static const char *const known[] = { "HVC64", "DABT_LOW", "IRQ", "SYS64", "WFx", "SMC64", "IABT_LOW", "FP_ASIMD" };

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i], name))
			return i;
	return 8;
}

/* Exceptions of a class (or '*') from a VM ("vm1", '*': all) to EL2 and EL3. */
static void exits_pattern(char to[256], const char *vm, const char *cls)
{
	if (!strcmp(vm, "vm_rest"))
		snprintf(to, 256, "pe*.el*.vm_rest.exceptions.%.24s.to_el2 pe*.el*.vm_rest.exceptions.%.24s.to_el3", cls, cls);
	else if (!strcmp(vm, "*"))
		snprintf(to, 256, "pe*.el*.*.*.exceptions.%.24s.to_el2 pe*.el*.*.*.exceptions.%.24s.to_el3 pe*.el*.vm_rest.exceptions.%.24s.to_el2", cls, cls, cls);
	else
		snprintf(to, 256, "pe*.el*.%.16s.*.exceptions.%.24s.to_el2 pe*.el*.%.16s.*.exceptions.%.24s.to_el3", vm, cls, vm, cls);
}

static void vms_of(struct words *w, const struct run *r)
{
	words_collect(w, &r->total, "pe*.@.entries");
}

static void classes_of(struct words *w, const struct run *r)
{
	words_collect(w, &r->total, "pe*.el*.*.*.exceptions.@.to_el2");
	words_collect(w, &r->total, "pe*.el*.vm_rest.exceptions.@.to_el2");
	words_collect(w, &r->total, "pe*.el*.*.*.exceptions.@.to_el3");
	words_sort(w, &r->total, "pe*.el*.*.*.exceptions.%s.to_el2 pe*.el*.*.*.exceptions.%s.to_el3");
}

const char *vm_name(char to[32], const char *word)
{
	if (!strncmp(word, "vm", 2) && strspn(word + 2, "0123456789") == strlen(word + 2))
		snprintf(to, 32, "VM %.24s", word + 2);
	else
		snprintf(to, 32, "%.31s", !strcmp(word, "vm_rest") ? "other VMs" : word);
	return to;
}

/* One for each class of the run; with the hole %s for the VM, or of all VMs. At most `room`. */
static size_t class_series(struct series *s, size_t room, const struct run *r, bool by_vm, bool time)
{
	struct words classes = { 0 };
	size_t n = 0;

	classes_of(&classes, r);
	for (; n < classes.n && n < room; n++) {
		const char *cls = classes.word[n];

		snprintf(s[n].name, sizeof s[n].name, "%s", cls);
		s[n].under[0] = '\0';
		s[n].color = class_color(cls);
		if (time)
			snprintf(s[n].patterns, sizeof s[n].patterns, "pe*.%s.exit_cycles.%.24s.sum", by_vm ? "%s" : "*", cls);
		else if (by_vm)
			snprintf(s[n].patterns, sizeof s[n].patterns, "pe*.el*.%%s.*.exceptions.%.24s.to_el2", cls);
		else
			exits_pattern(s[n].patterns, "*", cls);
	}
	words_free(&classes);
	return n;
}

/* One run's table of a VM in the words of `perf kvm stat`. */
static void perf_table(struct cells c, const char *vm)
{
	static const char *const heads[] = { "VM-EXIT", "Samples", "Samples%", "", "Time%", "Min", "Max", "Avg" };
	struct words classes = { 0 };
	char all[256], timed[64], name[32];

	classes_of(&classes, c.run);
	exits_pattern(all, vm, "*");
	snprintf(timed, sizeof timed, "pe*.%.16s.exit_cycles.*.sum", vm);
	fprintf(c.f, "<h3>");
	page_text(c.f, vm_name(name, vm));
	fprintf(c.f, "</h3>\n");
	table_begin(c.f, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < classes.n; i++) {
		char own[256], sum[96], count[96], min[96], max[96];
		u64 whole = rows_sum(&c.run->total, all);

		exits_pattern(own, vm, classes.word[i]);
		if (!rows_sum(&c.run->total, own))
			continue;
		snprintf(sum, sizeof sum, "pe*.%.16s.exit_cycles.%.24s.sum", vm, classes.word[i]);
		snprintf(count, sizeof count, "pe*.%.16s.exit_cycles.%.24s.count", vm, classes.word[i]);
		snprintf(min, sizeof min, "pe*.%.16s.exit_cycles.%.24s.min", vm, classes.word[i]);
		snprintf(max, sizeof max, "pe*.%.16s.exit_cycles.%.24s.max", vm, classes.word[i]);
		fputs("<tr>", c.f);
		cell_name(c.f, "", classes.word[i]);
		cell_count(c, own);
		cell_quotient(c, own, all, 100, "%");
		cell_bar(c.f, whole ? (double)rows_sum(&c.run->total, own) / (double)whole : 0, class_color(classes.word[i]));
		cell_quotient(c, sum, timed, 100, "%");
		cell_extreme(c, min, false);
		cell_extreme(c, max, true);
		cell_quotient(c, sum, count, 1, "");
		fputs("</tr>\n", c.f);
	}
	fputs("<tr class=\"sum\"><td>total</td>", c.f);
	cell_count(c, all);
	fputs("<td></td><td></td><td></td><td></td><td></td><td></td></tr>\n", c.f);
	table_end(c.f);
	words_free(&classes);
}

void side_begin(FILE *f, const struct run *run, size_t n, size_t i)
{
	if (i == 0)
		fputs("<div class=\"side\">\n", f);
	fputs("<div>\n", f);
	if (n > 1) {
		fputs("<h3>", f);
		page_text(f, run[i].name);
		fputs("</h3>\n", f);
	}
}

void side_end(FILE *f, size_t n, size_t i)
{
	fputs("</div>\n", f);
	if (i + 1 == n)
		fputs("</div>\n", f);
}

static void compare_classes(FILE *f, const struct run *run, size_t n)
{
	struct words classes = { 0 };

	for (size_t i = 0; i < n; i++)
		classes_of(&classes, &run[i]);
	compare_begin(f, "Class, of all VMs", run, n);
	for (size_t i = 0; i < classes.n; i++) {
		char pattern[256];

		exits_pattern(pattern, "*", classes.word[i]);
		fputs("<tr>", f);
		cell_name(f, "", classes.word[i]);
		compare_count(f, run, n, pattern);
		fputs("</tr>\n", f);
	}
	table_end(f);
	words_free(&classes);
}

void section_exits(FILE *f, const struct run *run, size_t n)
{
	fputs("<p>Exceptions taken from a VM to EL2 or EL3, by class, with the names of <code>perf kvm stat</code>. Time is that from an exit to the next "
	      "entry into the same VM on the same PE; exits after which another VM was entered have none. Min, "
	      "Max and Avg are cycles.</p>\n",
	      f);
	if (n > 1)
		compare_classes(f, run, n);
	for (size_t i = 0; i < n; i++) {
		struct series s[12];
		struct words vms = { 0 };

		side_begin(f, run, n, i);
		vms_of(&vms, &run[i]);
		if (!vms.n)
			fputs("<p>No VM was entered.</p>\n", f);
		chart_bars(f, &run[i].total, "Exits by VM", &vms, s, class_series(s, ARRAY_SIZE(s), &run[i], true, false));
		chart_columns(f, &run[i], "Exits of all VMs in a virtual millisecond", s, class_series(s, ARRAY_SIZE(s), &run[i], false, false));
		for (size_t k = 0; k < vms.n && k < 32; k++)
			perf_table((struct cells){ f, &run[i], i }, vms.word[k]);
		words_free(&vms);
		side_end(f, n, i);
	}
}

/* ---- time outside ---- */

/* How long exits took, by powers of two. */
static void histogram(FILE *f, const struct run *r)
{
	struct words buckets = { 0 };
	struct series s[12];
	size_t n = class_series(s, ARRAY_SIZE(s), r, false, true);

	words_collect(&buckets, &r->total, "pe*.*.exit_cycles.*.hist.@");
	for (size_t k = 0; k < n; k++)
		snprintf(s[k].patterns, sizeof s[k].patterns, "pe*.*.exit_cycles.%.24s.hist.%%s", s[k].name);
	words_sort_numbers(&buckets);
	chart_bars(f, &r->total, "Exits by the cycles until the next entry (at least so many, less than twice)", &buckets, s, n);
	words_free(&buckets);
}

void section_outside(FILE *f, const struct run *run, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct series s[12];
		struct words vms = { 0 };
		size_t classes;

		side_begin(f, run, n, i);
		vms_of(&vms, &run[i]);
		if (!vms.n)
			fputs("<p>No VM was entered.</p>\n", f);
		classes = class_series(s, ARRAY_SIZE(s), &run[i], true, true);
		chart_bars(f, &run[i].total, "Cycles from exits to the next entry, by class of the exit", &vms, s, classes);
		classes = class_series(s, ARRAY_SIZE(s), &run[i], false, true);
		chart_columns(f, &run[i], "Such cycles in a virtual millisecond", s, classes);
		histogram(f, &run[i]);
		words_free(&vms);
		side_end(f, n, i);
	}
}

/* ---- causes ---- */

enum { CAUSES_SHOWN = 20 };

static void causes_of_vm(struct cells c, const char *vm)
{
	static const char *const heads[] = { "Class and cause", "Exits", "Share", "", "Cycles", "Avg cycles" };
	struct words causes = { 0 };
	char pattern[512], all[64], name[32];

	snprintf(pattern, sizeof pattern, "pe*.%.16s.exit_causes.#.count", vm);
	words_collect(&causes, &c.run->total, pattern);
	if (!causes.n)
		return;
	snprintf(pattern, sizeof pattern, "pe*.%.16s.exit_causes.%%s.count", vm);
	words_sort(&causes, &c.run->total, pattern);
	snprintf(all, sizeof all, "pe*.%.16s.exits", vm);
	fputs("<h3>", c.f);
	page_text(c.f, vm_name(name, vm));
	fprintf(c.f, ", %zu causes</h3>\n", causes.n);
	table_begin(c.f, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < causes.n && i < CAUSES_SHOWN; i++) {
		char sum[512], cls[32];
		u64 exits = rows_sum(&c.run->total, all);

		snprintf(cls, sizeof cls, "%.*s", (int)strcspn(causes.word[i], "."), causes.word[i]);
		snprintf(pattern, sizeof pattern, "pe*.%.16s.exit_causes.%.400s.count", vm, causes.word[i]);
		snprintf(sum, sizeof sum, "pe*.%.16s.exit_causes.%.400s.sum", vm, causes.word[i]);
		fputs("<tr>", c.f);
		cell_name(c.f, "", causes.word[i]);
		cell_count(c, pattern);
		cell_quotient(c, pattern, all, 100, "%");
		cell_bar(c.f, exits ? (double)rows_sum(&c.run->total, pattern) / (double)exits : 0, class_color(cls));
		cell_count(c, sum);
		cell_quotient(c, sum, pattern, 1, "");
		fputs("</tr>\n", c.f);
	}
	table_end(c.f);
	words_free(&causes);
}

void section_causes(FILE *f, const struct run *run, size_t n)
{
	fprintf(f, "<p>Of system registers which and in which direction, of calls the function number, of aborts the fault, its level and the page of the "
		   "IPA; the first %d of each VM. Shares are of all exits of the VM.</p>\n",
		CAUSES_SHOWN);
	for (size_t i = 0; i < n; i++) {
		struct words vms = { 0 };

		side_begin(f, run, n, i);
		vms_of(&vms, &run[i]);
		for (size_t k = 0; k < vms.n && k < 32; k++)
			causes_of_vm((struct cells){ f, &run[i], i }, vms.word[k]);
		words_free(&vms);
		side_end(f, n, i);
	}
}

/* ---- interrupts ---- */

static void intids(struct cells c, const char *heading, const char *prefix)
{
	const char *const heads[] = { "INTID", heading };
	struct words ids = { 0 };
	char pattern[512];

	snprintf(pattern, sizeof pattern, "pe*.%s.@", prefix);
	words_collect(&ids, &c.run->total, pattern);
	snprintf(pattern, sizeof pattern, "pe*.%s.%%s", prefix);
	words_sort(&ids, &c.run->total, pattern);
	if (!ids.n)
		return;
	table_begin(c.f, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < ids.n && i < CAUSES_SHOWN; i++) {
		snprintf(pattern, sizeof pattern, "pe*.%s.%.64s", prefix, ids.word[i]);
		fputs("<tr>", c.f);
		cell_name(c.f, "", ids.word[i]);
		cell_count(c, pattern);
		fputs("</tr>\n", c.f);
	}
	table_end(c.f);
	words_free(&ids);
}

void section_interrupts(FILE *f, const struct run *run, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cells c = { f, &run[i], i };

		side_begin(f, run, n, i);
		intids(c, "Physical interrupts acknowledged", "irq_acked");
		intids(c, "Virtual interrupts injected", "virt.injected_id");
		intids(c, "Virtual interrupts acknowledged", "virt.acked_id");
		side_end(f, n, i);
	}
}

/* ---- regions ---- */

static void cell_part(FILE *f, u64 v)
{
	fputs("<td>", f);
	page_number(f, v);
	fputs("</td>", f);
}

void section_regions(FILE *f, const struct run *run, size_t n)
{
	static const char *const heads[] = { "", "label", "at ms", "for ms", "instructions", "exits", "cycles outside", "L1I misses", "L1D misses" };
	static const char *const columns[] = { "total.insns", ALL_EXITS, OUTSIDE, "total.l1i_miss", "total.l1d_miss" };

	for (size_t i = 0; i < n; i++) {
		bool any = false;

		side_begin(f, run, n, i);
		for (size_t k = 0; k < run[i].parts; k++) {
			const struct part *p = &run[i].part[k];

			if (!strcmp(p->kind, "interval"))
				continue;
			if (!any)
				table_begin(f, heads, ARRAY_SIZE(heads));
			any = true;
			fputs("<tr>", f);
			cell_name(f, "", p->kind);
			cell_text(f, p->label);
			fprintf(f, "<td>%.3f</td><td>%.3f</td>", (double)p->time / 1e9, (double)p->ticks / 1e9);
			if (!strcmp(p->kind, "mark"))
				cell_part(f, p->insns);
			for (size_t j = !strcmp(p->kind, "mark"); j < ARRAY_SIZE(columns); j++)
				cell_part(f, rows_sum(&p->rows, columns[j]));
			fputs("</tr>\n", f);
		}
		if (any)
			table_end(f);
		else
			fputs("<p>None.</p>\n", f);
		side_end(f, n, i);
	}
}
