/*
 * Geometry of the TLB model: the functional default, the --tlb option, and the rows of its
 * statistics.
 */
#include "mmu/tlb.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"

const struct tlb_config tlb_config_default = {
	.l1i = { .entries = 512 },
	.l1d = { .entries = 1024 },
	.main = { .entries = 4096, .ways = 8 },
	.walk = { .entries = 256, .ways = 4 },
	.ipa = { .entries = 512, .ways = 4 },
	.seed = 1,
};

#define ROW(field, unit, help) STAT_ROW(mmu_stats, field, unit, help)
const struct stat_row mmu_stat_rows[] = { MMU_STATS(ROW) };
const size_t mmu_stat_rows_n = ARRAY_SIZE(mmu_stat_rows);
#define ARRAY_ROW(...) STAT_ARRAY_ROW(mmu_details, __VA_ARGS__)
const struct stat_row mmu_detail_rows[] = { MMU_DETAILS(ARRAY_ROW) };
const size_t mmu_detail_rows_n = ARRAY_SIZE(mmu_detail_rows);

void tlb_label_level(u32 i, char *text, size_t size)
{
	if (i < TLB_LEVELS - 1)
		snprintf(text, size, "l%u", i);
	else
		snprintf(text, size, "off");
}

void tlb_label_levels(u32 i, char *text, size_t size)
{
	char s1[8], s2[8];

	tlb_label_level(i / TLB_LEVELS, s1, sizeof(s1));
	tlb_label_level(i % TLB_LEVELS, s2, sizeof(s2));
	snprintf(text, size, "s1_%s.s2_%s", s1, s2);
}

void tlb_label_fault(u32 i, char *text, size_t size)
{
	snprintf(text, size, "s%u_l%u", i / TLB_LEVELS + 1, i % TLB_LEVELS);
}

void tlb_label_tlbi(u32 i, char *text, size_t size)
{
	static const char *const form[TLBI_FORMS] = {
		[TLBI_ALL] = "all", [TLBI_VMALL] = "vmall", [TLBI_VMALLS12] = "vmalls12", [TLBI_ASID] = "asid",
		[TLBI_VA] = "va",   [TLBI_VAA] = "vaa",	    [TLBI_IPA] = "ipa",
	};
	static const char *const scope[TLBI_SCOPES] = { [TLBI_LOCAL] = "local", [TLBI_SENT] = "sent", [TLBI_RECEIVED] = "received" };

	snprintf(text, size, "%s.%s", form[i / TLBI_SCOPES], scope[i % TLBI_SCOPES]);
}

enum { MAX_ENTRIES = 65534 /* a fast slot names an L1 entry in 16 bits */ };

static const struct {
	const char *name;
	size_t offset;
	bool l1;
} structures[] = {
	{ "l1i", offsetof(struct tlb_config, l1i), true },
	{ "l1d", offsetof(struct tlb_config, l1d), true },
	{ "main", offsetof(struct tlb_config, main), false },
	{ "walk", offsetof(struct tlb_config, walk), false },
	{ "ipa", offsetof(struct tlb_config, ipa), false },
};
static const char *const policies[] = {
	[TLB_ROUND_ROBIN] = "round-robin",
	[TLB_RANDOM] = "random",
	[TLB_PLRU] = "plru",
	[TLB_LRU] = "lru",
};

static struct tlb_shape *shape_of(struct tlb_config *cfg, size_t i)
{
	return (struct tlb_shape *)((char *)cfg + structures[i].offset);
}

/* A word of the option: [s, s+n). */
struct word {
	const char *s;
	size_t n;
};

/* Cuts the text before the first `sep` off *rest. */
static struct word cut(struct word *rest, char sep)
{
	const char *at = memchr(rest->s, sep, rest->n);
	struct word w = { rest->s, at ? (size_t)(at - rest->s) : rest->n };

	rest->s += at ? w.n + 1 : w.n;
	rest->n -= at ? w.n + 1 : w.n;
	return w;
}

static bool is(struct word w, const char *text)
{
	return strlen(text) == w.n && !memcmp(text, w.s, w.n);
}

static bool number(struct word w, u64 max, u64 *v)
{
	*v = 0;
	for (size_t i = 0; i < w.n; i++) {
		if (w.s[i] < '0' || w.s[i] > '9' || *v > max / 10)
			return false;
		*v = *v * 10 + (u64)(w.s[i] - '0');
	}
	return w.n > 0 && *v <= max;
}

static bool policy(struct word w, u8 *v)
{
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		if (is(w, policies[i])) {
			*v = (u8)i;
			return true;
		}
	}
	return false;
}

/* ENTRIES[:WAYS[:POLICY]] */
static const char *parse_shape(struct tlb_shape *shape, struct word value)
{
	u64 entries, ways = 0;

	if (!number(cut(&value, ':'), MAX_ENTRIES, &entries))
		return "tlb: a structure is NAME=ENTRIES[:WAYS[:POLICY]], at most 65534 entries";
	if (value.n && !number(cut(&value, ':'), MAX_ENTRIES, &ways))
		return "tlb: WAYS is a number (0: fully associative)";
	if (value.n && !policy(value, &shape->policy))
		return "tlb: POLICY is round-robin, random, plru or lru";
	shape->entries = (u32)entries;
	shape->ways = (u32)ways;
	return NULL;
}

static bool on_off(struct word w, bool *v)
{
	*v = is(w, "on");
	return *v || is(w, "off");
}

static const char *parse_item(struct tlb_config *cfg, struct word item)
{
	struct word key = cut(&item, '=');

	for (size_t i = 0; i < ARRAY_SIZE(structures); i++) {
		if (is(key, structures[i].name))
			return parse_shape(shape_of(cfg, i), item);
	}
	if (is(key, "policy")) {
		for (size_t i = 0; i < ARRAY_SIZE(structures); i++) {
			if (!policy(item, &shape_of(cfg, i)->policy))
				return "tlb: policy is round-robin, random, plru or lru";
		}
		return NULL;
	}
	if (is(key, "reference"))
		return on_off(item, &cfg->reference) ? NULL : "tlb: reference is on or off";
	if (is(key, "conflict")) {
		cfg->conflict_abort = is(item, "abort");
		return cfg->conflict_abort || is(item, "older") ? NULL
								: "tlb: conflict is older or abort";
	}
	if (is(key, "seed"))
		return number(item, UINT64_MAX / 16, &cfg->seed) ? NULL : "tlb: seed is a number";
	return "tlb: the keys are l1i, l1d, main, walk, ipa, policy, reference, conflict, seed";
}

static const char *check_shape(const struct tlb_config *cfg, const struct tlb_shape *s, bool l1)
{
	u32 ways = s->ways ? s->ways : s->entries;

	if (!s->entries)
		return l1 ? "tlb: l1i and l1d need at least one entry" : NULL;
	if (s->entries % ways || !is_pow2(s->entries / ways))
		return "tlb: ENTRIES must be WAYS times a power of two";
	if (s->policy == TLB_PLRU && (!is_pow2(ways) || ways > 64))
		return "tlb: plru needs a power of two of at most 64 ways";
	if (l1 && !cfg->reference && s->policy >= TLB_PLRU)
		return "tlb: lru and plru in l1i or l1d need reference=on (a hit must change no "
		       "state)";
	return NULL;
}

const char *tlb_config_parse(struct tlb_config *cfg, const char *text)
{
	struct word rest = { text, strlen(text) };
	const char *error = NULL;

	while (rest.n && !error)
		error = parse_item(cfg, cut(&rest, ','));
	for (size_t i = 0; i < ARRAY_SIZE(structures) && !error; i++)
		error = check_shape(cfg, shape_of(cfg, i), structures[i].l1);
	return error;
}
