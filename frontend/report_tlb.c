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

/* "el1.vm1.vmid1" as "EL1, VM 1 (VMID 1)" */
static void context_name(FILE *f, const char *word)
{
	unsigned el, vm, vmid;
	char rest;

	fputs("<td>", f);
	if (sscanf(word, "el%u.vm%u.vmid%u%c", &el, &vm, &vmid, &rest) == 3)
		fprintf(f, "EL%u, VM %u (VMID %u)", el, vm, vmid);
	else if (sscanf(word, "el%u.vm_rest%c", &el, &rest) == 1 && strchr(word, '.'))
		fprintf(f, "EL%u, other VMs", el);
	else if (sscanf(word, "el%u%c", &el, &rest) == 1)
		fprintf(f, "EL%u, no VM", el);
	else
		page_text(f, word);
	fputs("</td>", f);
}

/* What ran on the PEs: "el2", "el1.vm1.vmid1"... */
static void contexts_of(struct words *w, const struct run *r)
{
	words_collect(w, &r->total, "pe*.@.insns");
	words_collect(w, &r->total, "pe*.#.vm_rest.insns");
	words_collect(w, &r->total, "pe*.#.i_lookup");
	words_sort(w, &r->total, "pe*.%s.insns");
}

static void by_context(struct cells c)
{
	static const char *const heads[] = { "Misses of lookups", "L1 instruction", "", "L1 data", "", "Main", "", "Walk cache", "", "Stage 2 (IPA)", "" };
	struct words contexts = { 0 };

	contexts_of(&contexts, c.run);
	table_begin(c.f, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < contexts.n; i++) {
		char context[64];

		snprintf(context, sizeof context, "pe*.%.50s", contexts.word[i]);
		fputs("<tr>", c.f);
		context_name(c.f, contexts.word[i]);
		for (size_t k = 0; k < ARRAY_SIZE(structures); k++) {
			char lookup[96], miss[96];

			cell_count(c, of(miss, context, structures[k].miss));
			cell_quotient(c, miss, of(lookup, context, structures[k].lookup), 100, "%");
		}
		fputs("</tr>\n", c.f);
	}
	table_end(c.f);
	words_free(&contexts);
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
		by_context((struct cells){ f, &run[i], i });
	}
	for (size_t i = 0; i < n; i++) {
		side_begin(f, run, n, i);
		chart_lines(f, &run[i], "Miss rates of the L1 TLBs over time", s, 2);
		chart_lines(f, &run[i], "Miss rates of the other structures over time", s + 2, ARRAY_SIZE(s) - 2);
		side_end(f, n, i);
	}
}

/* ---- walks ---- */

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
			context_name(f, contexts.word[k]);
			cell_count(c, cycles);
			cell_quotient(c, cycles, "total.cycles", 100, "%");
			cell_bar(f, all ? (double)rows_sum(&run[i].total, cycles) / (double)all : 0, (unsigned)(k < 9 ? k : 9));
			cell_count(c, of(insns, context, "insns"));
			fputs("</tr>\n", f);
			if (shown < ARRAY_SIZE(s)) {
				snprintf(s[shown].name, sizeof s[shown].name, "%.40s", contexts.word[k]);
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
