/* See timing_config.h. */
#include "cpu/timing_config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* A class has three rows, after all parameters. */
const struct timing_row timing_rows[] = {
#define PARAM(name_, min_, max_, unit_, help_) \
	{ .key = #name_, .unit = unit_, .help = help_, .min = min_, .max = max_, .offset = offsetof(struct timing_values, name_) },
	TIMING_PARAMS(PARAM)
#undef PARAM
#define CLASS(name_, pipe_, flags_, help_)                                                         \
	{ .key = "latency." #name_, .unit = "cycle", .help = help_, .max = 1000, .half = true,     \
	  .offset = offsetof(struct timing_values, cls[TC_##name_].latency) },                     \
	{ .key = "busy." #name_, .unit = "cycle", .help = help_, .max = 1000, .half = true,        \
	  .offset = offsetof(struct timing_values, cls[TC_##name_].busy) },                        \
	{ .key = "early." #name_, .unit = "cycle", .help = help_, .max = 1000, .half = true,       \
	  .offset = offsetof(struct timing_values, cls[TC_##name_].early) },
	TIMING_CLASSES(CLASS)
#undef CLASS
};
const size_t timing_rows_n = ARRAY_SIZE(timing_rows);

enum {
#define PARAM(name, ...) PARAM_##name,
	TIMING_PARAMS(PARAM)
#undef PARAM
	PARAM_COUNT
};

/* Each core's file, once for the values and once for their sources. */
#define SET(name, value, from) .name = value,
#define OP(name, latency, busy, early, from) .cls[TC_##name] = { latency, busy, early },
static const struct timing_values cortex_a53 = {
#include "cpu/timing/cortex_a53.def"
};
static const struct timing_values cortex_a57 = {
#include "cpu/timing/cortex_a57.def"
};
static const struct timing_values cortex_a72 = {
#include "cpu/timing/cortex_a72.def"
};
static const struct timing_values neoverse_n1 = {
#include "cpu/timing/neoverse_n1.def"
};
#undef SET
#undef OP

#define SET(name, value, from) [PARAM_##name] = from,
#define OP(name, latency, busy, early, from) [PARAM_COUNT + TC_##name] = from,
static const char *const cortex_a53_from[] = {
#include "cpu/timing/cortex_a53.def"
};
static const char *const cortex_a57_from[] = {
#include "cpu/timing/cortex_a57.def"
};
static const char *const cortex_a72_from[] = {
#include "cpu/timing/cortex_a72.def"
};
static const char *const neoverse_n1_from[] = {
#include "cpu/timing/neoverse_n1.def"
};
#undef SET
#undef OP

const struct timing_core timing_cores[] = {
	{ "cortex-a53", &cortex_a53, cortex_a53_from },
	{ "cortex-a57", &cortex_a57, cortex_a57_from },
	{ "cortex-a72", &cortex_a72, cortex_a72_from },
	{ "neoverse-n1", &neoverse_n1, neoverse_n1_from },
};
const size_t timing_cores_n = ARRAY_SIZE(timing_cores);

const char *timing_source(const struct timing_core *core, size_t row)
{
	return core->from[row < PARAM_COUNT ? row : PARAM_COUNT + (row - PARAM_COUNT) / 3];
}

const struct timing_core *timing_core_find(const char *name)
{
	for (size_t i = 0; i < timing_cores_n; i++)
		if (!strcmp(timing_cores[i].name, name))
			return &timing_cores[i];
	return NULL;
}

u32 timing_value(const struct timing_values *v, size_t row)
{
	const struct timing_row *r = &timing_rows[row];
	const char *at = (const char *)v + r->offset;

	return r->half ? *(const u16 *)at : *(const u32 *)at;
}

static void set_value(struct timing_values *v, const struct timing_row *r, u32 value)
{
	char *at = (char *)v + r->offset;

	if (r->half)
		*(u16 *)at = (u16)value;
	else
		*(u32 *)at = value;
}

static const struct timing_row *find_row(const char *key, size_t n)
{
	for (size_t i = 0; i < timing_rows_n; i++)
		if (strlen(timing_rows[i].key) == n && !memcmp(timing_rows[i].key, key, n))
			return &timing_rows[i];
	return NULL;
}

/* Decimal, with K or M behind. False: no number, or more than 32 bits. */
static bool number(const char *s, size_t n, u32 *out)
{
	u64 v = 0, unit = 1;

	if (n && (s[n - 1] == 'K' || s[n - 1] == 'M'))
		unit = s[--n] == 'K' ? 1 << 10 : 1 << 20;
	if (!n || n > 10)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (u64)(s[i] - '0');
	}
	*out = (u32)(v * unit);
	return v * unit <= UINT32_MAX;
}

static int set_one(struct timing_values *v, const char *word, size_t n, struct why *why)
{
	const char *eq = memchr(word, '=', n);
	const struct timing_row *r = eq ? find_row(word, (size_t)(eq - word)) : NULL;
	u32 value;

	if (!r)
		return why_set(why, EINVAL, "'%.*s' is no parameter of the timing model; --timing help lists them", (int)(n < 60 ? n : 60), word);
	if (!number(eq + 1, n - (size_t)(eq + 1 - word), &value) || value < r->min || value > r->max)
		return why_set(why, EINVAL, "%s must be a number from %u to %u, not '%.*s'", r->key, r->min, r->max,
			       (int)(n - (size_t)(eq + 1 - word)), eq + 1);
	set_value(v, r, value);
	return 0;
}

/* What can be said of each value alone is in its row; this is what they must be together. */
static int agree(const struct timing_values *v, struct why *why)
{
	struct cache_config caches;
	const char *wrong;

	timing_caches(v, 1, &caches);
	wrong = cache_config_wrong(&caches);
	if (wrong)
		return why_set(why, EINVAL, "these caches cannot be: %s", wrong);
	if (v->tlb_main % v->tlb_main_ways || v->tlb_walk % v->tlb_walk_ways || v->tlb_ipa % v->tlb_ipa_ways ||
	    (v->tlb_main && !is_pow2(v->tlb_main / v->tlb_main_ways)) || (v->tlb_walk && !is_pow2(v->tlb_walk / v->tlb_walk_ways)) ||
	    (v->tlb_ipa && !is_pow2(v->tlb_ipa / v->tlb_ipa_ways)))
		return why_set(why, EINVAL, "the entries of a TLB divided by its ways must be a power of two");
	return 0;
}

int timing_parse(struct timing_values *v, const char *text, struct why *why)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		int err = set_one(v, text, n, why);

		if (err)
			return err;
		text += n + (text[n] == ',');
	}
	return agree(v, why);
}

/* Nanoseconds to whole cycles, at least one. */
static u32 cycles(const struct timing_values *v, u32 ns)
{
	u64 n = ((u64)ns * 1000 + v->clock / 2) / v->clock;

	return n ? (u32)n : 1;
}

void timing_caches(const struct timing_values *v, u64 seed, struct cache_config *out)
{
	u32 hit = v->cls[TC_load].latency;

	*out = (struct cache_config){
		.l1i = { v->l1i_size, v->l1i_ways, 1, CACHE_LRU },
		.l1d = { v->l1d_size, v->l1d_ways, hit, (u8)v->l1d_policy },
		.l2 = { v->l2_size, v->l2_ways, v->l2_latency, (u8)v->l2_policy },
		.l3 = { v->l3_size, v->l3_ways, v->l3_latency, CACHE_LRU },
		.l2_shared = v->l2_shared,
		.memory = cycles(v, v->memory),
		.snoop = v->snoop,
		.prefetch = v->prefetch,
		.seed = seed,
	};
}

void timing_tlbs(const struct timing_values *v, struct tlb_config *out)
{
	*out = tlb_config_default;
	out->l1i = (struct tlb_shape){ .entries = v->tlb_l1i };
	out->l1d = (struct tlb_shape){ .entries = v->tlb_l1d };
	out->main = (struct tlb_shape){ .entries = v->tlb_main, .ways = v->tlb_main_ways };
	out->walk = (struct tlb_shape){ .entries = v->tlb_walk, .ways = v->tlb_walk_ways };
	out->ipa = (struct tlb_shape){ .entries = v->tlb_ipa, .ways = v->tlb_ipa_ways };
}
