/* The sections about translation: TLBs by structure and context, walks, and where cycles went. */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "frontend/report_sections.h"

static const struct {
	const char *name, *lookup, *miss;
} structures[] = {
	{ "L1 instruction", "i_lookup", "l1i_miss" },
	{ "L1 data", "d_lookup", "l1d_miss" },
	{ "Main", "main_lookup", "main_miss" },
	{ "Walk cache", "walk_lookup", "walk_miss" },
	{ "Stage 2 (IPA)", "ipa_lookup", "ipa_miss" },
};

static const char *of(char to[96], const char *context, const char *counter)
{
	snprintf(to, 96, "%.60s.%s", context, counter);
	return to;
}

static void compare_structures(FILE *f, const struct run *run, size_t n)
{
	compare_begin(f, "Lookups, misses and miss rate", run, n);
	for (size_t i = 0; i < ARRAY_SIZE(structures); i++) {
		char lookup[96], miss[96];

		of(lookup, "total", structures[i].lookup);
		of(miss, "total", structures[i].miss);
		fprintf(f, "<tr><td>%s, lookups</td>", structures[i].name);
		compare_count(f, run, n, lookup);
		fprintf(f, "</tr>\n<tr><td>%s, misses</td>", structures[i].name);
		compare_count(f, run, n, miss);
		fprintf(f, "</tr>\n<tr><td>%s, miss rate</td>", structures[i].name);
		compare_quotient(f, run, n, miss, lookup, 100, "%");
		fputs("</tr>\n", f);
	}
	table_end(f);
}

/* "el1.vm1.vmid1" as "EL1, VM 1 (VMID 1)", with ".asid.5" behind it "EL1, VM 1 (VMID 1), ASID 5" */
static const char *context_label(char to[128], const char *word)
{
	const char *asid = strstr(word, ".asid.");
	unsigned el, vm, vmid;
	int n;

	if (sscanf(word, "el%u.vm%u.vmid%u", &el, &vm, &vmid) == 3)
		n = snprintf(to, 128, "EL%u, VM %u (VMID %u)", el, vm, vmid);
	else if (sscanf(word, "el%u", &el) == 1 && strstr(word, ".vm_rest"))
		n = snprintf(to, 128, "EL%u, other VMs", el);
	else if (sscanf(word, "el%u", &el) == 1)
		n = snprintf(to, 128, "EL%u, no VM", el);
	else
		n = snprintf(to, 128, "%.60s", word);
	if (asid)
		snprintf(to + n, 128 - (size_t)n, ", ASID %.30s", asid + strlen(".asid."));
	return to;
}

static void context_cell(FILE *f, const char *word)
{
	char label[128];

	fputs("<td>", f);
	page_text(f, context_label(label, word));
	fputs("</td>", f);
}

/* What ran on the PEs: "el2", "el1.vm1.vmid1"... */
static void contexts_of(struct words *w, const struct run *r)
{
	words_collect(w, &r->total, "pe*.#.insns");
	words_sort(w, &r->total, "pe*.%s.insns");
}

/* Misses and miss rates of some places: each a word behind the prefix. */
static void by_place(struct cells c, const char *what, const char *prefix, const struct words *places, size_t most)
{
	const char *const heads[] = { what, "L1 instruction", "", "L1 data", "", "Main", "", "Walk cache", "", "Stage 2 (IPA)", "" };

	if (!places->n)
		return;
	table_begin(c.f, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < places->n && i < most; i++) {
		char context[64];

		snprintf(context, sizeof context, "%.12s%.50s", prefix, places->word[i]);
		fputs("<tr>", c.f);
		context_cell(c.f, places->word[i]);
		for (size_t k = 0; k < ARRAY_SIZE(structures); k++) {
			char lookup[96], miss[96];

			cell_count(c, of(miss, context, structures[k].miss));
			cell_quotient(c, miss, of(lookup, context, structures[k].lookup), 100, "%");
		}
		fputs("</tr>\n", c.f);
	}
	table_end(c.f);
}

enum { ASIDS_SHOWN = 16 };

static void places(struct cells c)
{
	struct words contexts = { 0 }, all = { 0 }, asids = { 0 }, vmids = { 0 };

	contexts_of(&contexts, c.run);
	by_place(c, "Misses and miss rate, by level and VM", "pe*.", &contexts, 64);
	words_collect(&vmids, &c.run->total, "vmid.@.i_lookup");
	words_sort_numbers(&vmids);
	by_place(c, "By VMID", "vmid.", &vmids, 64);
	words_collect(&all, &c.run->total, "pe*.#.d_lookup");
	words_sort(&all, &c.run->total, "pe*.%s.d_lookup");
	asids.word = calloc(all.n + 1, sizeof *asids.word);
	for (size_t i = 0; asids.word && i < all.n; i++)
		if (strstr(all.word[i], ".asid."))
			asids.word[asids.n++] = all.word[i];
	by_place(c, "By ASID, the busiest", "pe*.", &asids, ASIDS_SHOWN);
	free(asids.word); /* the words are all's */
	words_free(&contexts);
	words_free(&vmids);
	words_free(&all);
}

/* Hits, and entries made, by page size. */
static void by_size(struct cells c)
{
	static const char *const heads[] = { "Page size", "L1I filled", "L1D filled", "Main hits", "Main filled", "IPA hits", "IPA filled" };
	static const char *const counter[] = { "l1i_fill", "l1d_fill", "main_hit", "main_fill", "ipa_hit", "ipa_fill" };
	struct words sizes = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(counter); i++) {
		char pattern[48];

		snprintf(pattern, sizeof pattern, "total.%s.@", counter[i]);
		words_collect(&sizes, &c.run->total, pattern);
	}
	if (sizes.n)
		table_begin(c.f, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < sizes.n; i++) {
		fputs("<tr>", c.f);
		context_cell(c.f, sizes.word[i]);
		for (size_t k = 0; k < ARRAY_SIZE(counter); k++) {
			char pattern[96];

			snprintf(pattern, sizeof pattern, "total.%s.%.30s", counter[k], sizes.word[i]);
			cell_count(c, pattern);
		}
		fputs("</tr>\n", c.f);
	}
	if (sizes.n)
		table_end(c.f);
	words_free(&sizes);
}

void section_tlb(FILE *f, const struct run *run, size_t n)
{
	struct series s[ARRAY_SIZE(structures)] = { 0 };

	fputs("<p>One lookup of an L1 for each instruction fetched and each data access; the other structures are asked when those before them missed.</p>\n",
	      f);
	compare_structures(f, run, n);
	for (size_t k = 0; k < ARRAY_SIZE(s); k++) {
		snprintf(s[k].name, sizeof s[k].name, "%s", structures[k].name);
		snprintf(s[k].patterns, sizeof s[k].patterns, "total.%s", structures[k].miss);
		snprintf(s[k].under, sizeof s[k].under, "total.%s", structures[k].lookup);
		s[k].color = (unsigned)k;
	}
	for (size_t i = 0; i < n; i++) {
		if (n > 1) {
			fputs("<h3>", f);
			page_text(f, run[i].name);
			fputs("</h3>\n", f);
		}
		places((struct cells){ f, &run[i], i });
	}
	for (size_t i = 0; i < n; i++) {
		side_begin(f, run, n, i);
		by_size((struct cells){ f, &run[i], i });
		chart_lines(f, &run[i], "Miss rates of the L1 TLBs over time", s, 2);
		chart_lines(f, &run[i], "Miss rates of the other structures over time", s + 2, ARRAY_SIZE(s) - 2);
		side_end(f, n, i);
	}
}

/* ---- walks ---- */

/* "s1_l3.s2_l2" and how many */
static void walk_table(struct cells c, const char *what, const char *counter)
{
	const char *const heads[] = { what, "Walks", "Share", "" };
	struct words ends = { 0 };
	char pattern[128], all[64];
	u64 sum;

	snprintf(pattern, sizeof pattern, "total.%s.#", counter);
	words_collect(&ends, &c.run->total, pattern);
	snprintf(pattern, sizeof pattern, "total.%s.%%s", counter);
	words_sort(&ends, &c.run->total, pattern);
	snprintf(all, sizeof all, "total.%s.* total.%s.*.*", counter, counter);
	sum = rows_sum(&c.run->total, all);
	if (ends.n)
		table_begin(c.f, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < ends.n; i++) {
		snprintf(pattern, sizeof pattern, "total.%s.%.60s", counter, ends.word[i]);
		fputs("<tr>", c.f);
		context_cell(c.f, ends.word[i]);
		cell_count(c, pattern);
		cell_quotient(c, pattern, all, 100, "%");
		cell_bar(c.f, sum ? (double)rows_sum(&c.run->total, pattern) / (double)sum : 0, 0);
		fputs("</tr>\n", c.f);
	}
	if (ends.n)
		table_end(c.f);
	words_free(&ends);
}

/* How many descriptors walks read: their depth. */
static void depths(struct cells c)
{
	const struct series s = { .name = "walks", .patterns = "total.walk_reads.%s", .color = 0 };
	struct words reads = { 0 };

	words_collect(&reads, &c.run->total, "total.walk_reads.@");
	words_sort_numbers(&reads);
	chart_bars(c.f, &c.run->total, "Walks by the number of descriptors that they read, of both stages", &reads, &s, 1);
	words_free(&reads);
}

void section_walks(FILE *f, const struct run *run, size_t n)
{
	static const struct {
		const char *head, *over, *under;
	} rows[] = {
		{ "Stage-1 walks", "total.s1_walks", NULL },
		{ "Descriptors read by one, on average", "total.s1_walk_reads", "total.s1_walks" },
		{ "Stage-2 walks", "total.s2_walks", NULL },
		{ "Descriptors read by one, on average", "total.s2_walk_reads", "total.s2_walks" },
		{ "Walks that ended in a fault", "total.walk_faults", NULL },
	};

	compare_begin(f, "", run, n);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fprintf(f, "<tr><td>%s</td>", rows[i].head);
		if (rows[i].under)
			compare_quotient(f, run, n, rows[i].over, rows[i].under, 1, "");
		else
			compare_count(f, run, n, rows[i].over);
		fputs("</tr>\n", f);
	}
	table_end(f);
	for (size_t i = 0; i < n; i++) {
		struct cells c = { f, &run[i], i };

		side_begin(f, run, n, i);
		depths(c);
		walk_table(c, "Leaves: level of stage 1, of stage 2", "walk_leaf");
		walk_table(c, "Faults by stage and level", "walk_fault");
		side_end(f, n, i);
	}
}

/* ---- the timing model ---- */

void section_timing(FILE *f, const struct run *run, size_t n)
{
	static const struct {
		const char *head, *over, *under;
	} rows[] = {
		{ "Cycles per instruction", "total.cycles", "total.insns" },
		{ "Branches predicted", "total.br_pred", NULL },
		{ "of them wrongly, of 100", "total.br_mis_pred", "total.br_pred" },
		{ "Cycles without dispatch: nothing fetched", "total.stall_frontend", NULL },
		{ "Cycles without dispatch: operands, pipes or room missing", "total.stall_backend", NULL },
		{ "Cycles of exception entries and returns", "total.exception_time", NULL },
		{ "Cycles of table walks and main TLB hits", "total.walk_cycles", NULL },
		{ "L1 instruction cache misses, of 100", "total.l1i_cache_refill", "total.l1i_cache" },
		{ "L1 data cache misses, of 100", "total.l1d_cache_refill", "total.l1d_cache" },
		{ "L2 cache misses, of 100", "total.l2_cache_refill", "total.l2_cache" },
		{ "L3 cache misses, of 100", "total.l3_cache_refill", "total.l3_cache" },
		{ "Memory accesses", "total.bus_access", NULL },
	};
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= json_is_object(json_object_get(run[i].config, "timing"));
	if (!any) {
		fputs("<p>None: an instruction takes a cycle (--timing was not given).</p>\n", f);
		return;
	}
	compare_begin(f, "", run, n);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fprintf(f, "<tr><td>%s</td>", rows[i].head);
		if (rows[i].under)
			compare_quotient(f, run, n, rows[i].over, rows[i].under, i ? 100 : 1, "");
		else
			compare_count(f, run, n, rows[i].over);
		fputs("</tr>\n", f);
	}
	table_end(f);
}

/* ---- cycles ---- */

void section_cycles(FILE *f, const struct run *run, size_t n)
{
	fputs("<p>Cycles of the PEs by exception level and VM. A PE that sleeps spends none.</p>\n", f);
	for (size_t i = 0; i < n; i++) {
		static const char *const heads[] = { "", "Cycles", "Share", "", "Instructions" };
		struct cells c = { f, &run[i], i };
		struct words contexts = { 0 };
		struct series s[10] = { 0 };
		size_t shown = 0;

		side_begin(f, run, n, i);
		contexts_of(&contexts, &run[i]);
		table_begin(f, heads, ARRAY_SIZE(heads));
		for (size_t k = 0; k < contexts.n; k++) {
			char context[64], cycles[96], insns[96];
			u64 all = rows_sum(&run[i].total, "total.cycles");

			snprintf(context, sizeof context, "pe*.%.50s", contexts.word[k]);
			of(cycles, context, "cycles");
			fputs("<tr>", f);
			context_cell(f, contexts.word[k]);
			cell_count(c, cycles);
			cell_quotient(c, cycles, "total.cycles", 100, "%");
			cell_bar(f, all ? (double)rows_sum(&run[i].total, cycles) / (double)all : 0, (unsigned)(k < 9 ? k : 9));
			cell_count(c, of(insns, context, "insns"));
			fputs("</tr>\n", f);
			if (shown < ARRAY_SIZE(s)) {
				char label[128];

				snprintf(s[shown].name, sizeof s[shown].name, "%.47s", context_label(label, contexts.word[k]));
				snprintf(s[shown].patterns, sizeof s[shown].patterns, "%s", cycles);
				s[shown].color = (unsigned)shown;
				shown++;
			}
		}
		table_end(f);
		chart_columns(f, &run[i], "Cycles in a virtual millisecond", s, shown);
		words_free(&contexts);
		side_end(f, n, i);
	}
}
