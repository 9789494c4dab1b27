/* cpu/timing.h: what instructions are for the model, and how long hand-made sequences take on it. */
#include <string.h>

#include "cpu/insn.h"
#include "cpu/timing.h"
#include "tests/unit/harness.h"

static struct timing_op op(u32 word)
{
	return timing_op(a64_decode(word, ~0ull), word);
}

static bool is(struct timing_op o, u8 cls, u8 s0, u8 s1, u8 d0, u8 flags)
{
	return o.cls == cls && o.src[0] == s0 && o.src[1] == s1 && o.dst[0] == d0 && o.flags == flags;
}

enum { NONE = TIMING_NONE };

TEST(operands_come_from_the_rows)
{
	struct timing_op o;

	EXPECT(is(op(0x8b020020), TC_alu, 1, 2, 0, 0));                          /* add x0, x1, x2 */
	EXPECT(is(op(0x8b020c20), TC_alu_lsl, 1, 2, 0, 0));                      /* add x0, x1, x2, lsl #3 */
	EXPECT(op(0x8b021420).cls == TC_alu_shift && op(0x8b420c20).cls == TC_alu_shift); /* lsl #5; lsr #3 */
	EXPECT(op(0xca020c20).cls == TC_logic_shift && op(0xca020020).cls == TC_alu); /* eor x0, x1, x2, lsl #3 */
	EXPECT(op(0x8b226020).cls == TC_alu_shift);                              /* add x0, x1, x2, uxtx */
	EXPECT(op(0x9e670020).cls == TC_fp_in && op(0x9e660020).cls == TC_fp_out && op(0x1e604020).cls == TC_fp_move);
	EXPECT(op(0x4e62cc20).cls == TC_simd_fma && op(0x4e62cc20).src[2] == 32 && (op(0x4e62cc20).flags & OP_ADDEND));
	EXPECT(is(op(0xeb02003f), TC_alu, 1, 2, NONE, OP_WRITES_NZCV));          /* cmp x1, x2 */
	EXPECT(is(op(0x9a820020), TC_alu, 1, 2, 0, OP_READS_NZCV));              /* csel x0, x1, x2, eq */
	EXPECT(is(op(0xd10043ff), TC_alu, 31, NONE, 31, 0));                     /* sub sp, sp, #16 */
	EXPECT(is(op(0xf9400020), TC_load, 1, NONE, 0, 0));                      /* ldr x0, [x1] */
	EXPECT(is(op(0xf8408420), TC_load, 1, NONE, 0, OP_WRITES_BASE));         /* ldr x0, [x1], #8 */
	EXPECT(op(0xf8408420).src[3] == 1);
	o = op(0xa9bf7bfd);                                                      /* stp x29, x30, [sp, #-16]! */
	EXPECT(is(o, TC_store, 29, 30, NONE, OP_WRITES_BASE) && o.src[2] == 31 && o.src[3] == 31);
	o = op(0xa8c17bfd);                                                      /* ldp x29, x30, [sp], #16 */
	EXPECT(is(o, TC_load, 31, NONE, 29, OP_WRITES_BASE) && o.dst[1] == 30);
	EXPECT(is(op(0x9b020c20), TC_mul64, 1, 2, 0, OP_ADDEND) && op(0x9b020c20).src[2] == 3); /* madd x0, x1, x2, x3 */
	EXPECT(op(0x1b020c20).cls == TC_mul32);
	EXPECT(op(0x9bc27c20).cls == TC_mulh);                                   /* umulh */
	EXPECT(op(0x9ac20820).cls == TC_div64 && op(0x1ac20820).cls == TC_div32);
	EXPECT(is(op(0x1e622820), TC_fp_add, 33, 34, 32, 0));                    /* fadd d0, d1, d2 */
	EXPECT(op(0x1e621820).cls == TC_fp_div64 && op(0x1e221820).cls == TC_fp_div32);
	EXPECT(op(0x1e61c020).cls == TC_fp_sqrt64 && op(0x1e21c020).cls == TC_fp_sqrt32);
	EXPECT(is(op(0x54000040), TC_branch, NONE, NONE, NONE, OP_READS_NZCV | OP_CONDITIONAL)); /* b.eq */
	EXPECT(is(op(0xb4000041), TC_branch, 1, NONE, NONE, OP_CONDITIONAL));    /* cbz x1 */
	EXPECT(is(op(0x94000001), TC_branch, NONE, NONE, 30, OP_CALL));          /* bl */
	EXPECT(is(op(0xd65f03c0), TC_branch_ind, 30, NONE, NONE, OP_RETURN));    /* ret */
	o = op(0x4cdf2020);                                                      /* ld1 {v0-v3}, [x1], #64 */
	EXPECT(o.cls == TC_vload && (o.flags & OP_VECTORS) && o.dst[0] == 32 && o.dst[1] == 4 && o.src[3] == 1);
	EXPECT(op(0xd5033fdf).cls == TC_isb && op(0xd5033f9f).cls == TC_dsb && op(0xd5033fbf).cls == TC_dmb);
	EXPECT(op(0xd53be040).cls == TC_timer);                                  /* mrs x0, cntvct_el0 */
	EXPECT(op(0xd538cc00).cls == TC_gic_read && op(0xd518cc20).cls == TC_gic_write); /* icc_iar1_el1, icc_eoir1_el1 */
	EXPECT(op(0xd51cc800).cls == TC_gic_write);                              /* ich_ap0r0_el2 */
	EXPECT(op(0xd5033f9f).cls == TC_dsb && op(0xd508871f).cls == TC_tlbi);
	EXPECT(op(0xd53bd040).cls == TC_sys_fast && op(0xd5181000).cls == TC_sys_write);
	EXPECT(op(0).cls == TC_undefined);
}

TEST(every_core_says_where_every_value_is_from)
{
	for (size_t k = 0; k < timing_cores_n; k++)
		for (size_t i = 0; i < timing_rows_n; i++) {
			const struct timing_row *r = &timing_rows[i];
			u32 v = timing_value(timing_cores[k].values, i);

			EXPECT(timing_source(&timing_cores[k], i) && *timing_source(&timing_cores[k], i));
			EXPECT(v >= r->min && v <= r->max);
		}
}

TEST(parameters_are_parsed_or_refused)
{
	struct timing_values v = *timing_core_find("cortex-a57")->values;
	struct why why;

	EXPECT(timing_parse(&v, "width=2,latency.alu=7,l2_size=512K", &why) == 0);
	EXPECT(v.width == 2 && v.cls[TC_alu].latency == 7 && v.l2_size == 512 << 10);
	EXPECT(timing_parse(&v, "", &why) == 0);
	EXPECT(timing_parse(&v, "width=0", &why) < 0 && strstr(why.text, "from 1 to 16"));
	EXPECT(timing_parse(&v, "witdh=2", &why) < 0);
	EXPECT(timing_parse(&v, "width", &why) < 0);
	EXPECT(timing_parse(&v, "width=", &why) < 0);
	EXPECT(timing_parse(&v, "width=99999999999999999999", &why) < 0);
	EXPECT(timing_parse(&v, "l1d_ways=5", &why) < 0);
	v = *timing_core_find("cortex-a57")->values;
	EXPECT(timing_parse(&v, "tlb_main=100", &why) < 0);
}

/* A PE of that core, and a program that runs from 0x1000 on with everything in the caches. */
struct run {
	struct cache_shared *shared;
	struct timing *t;
	u64 pc;
	s64 cycles;
};

static struct run run_new(const char *core, const char *parameters)
{
	struct timing_values v = *timing_core_find(core)->values;
	struct cache_config caches;
	struct run r = { .pc = 0x1000 };
	struct why why;

	EXPECT(timing_parse(&v, parameters, &why) == 0);
	timing_caches(&v, 1, &caches);
	r.shared = cache_shared_new(&caches, 1);
	r.t = timing_new(&v, r.shared, 0);
	return r;
}
static void run_free(struct run *r)
{
	timing_free(r->t);
	cache_shared_free(r->shared);
}
/* n instructions, the words over and over, after as many as fill the reorder buffer; the cycles that they took. */
static s64 loop(struct run *r, const u32 *words, unsigned n_words, unsigned n)
{
	s64 cycles = 0;

	enum { WARM = 1080 };

	for (unsigned i = 0; i < n + WARM; i++) {
		if (i == WARM)
			cycles = 0;
		cycles += 1 + timing_insn(r->t, op(words[i % n_words]), 0x1000, 0x1000);
	}
	return cycles;
}

static s64 chain(const char *core, u32 word)
{
	struct run r = run_new(core, "");
	s64 cycles = loop(&r, &word, 1, 1000);

	run_free(&r);
	return (cycles + 500) / 1000;
}

TEST(a_chain_takes_the_latency)
{
	EXPECT(chain("cortex-a57", 0x8b010000) == 1);   /* add x0, x0, x1 */
	EXPECT(chain("cortex-a57", 0x9b017c00) == 5);   /* mul x0, x0, x1 */
	EXPECT(chain("cortex-a57", 0x9ac10800) == 35);  /* udiv x0, x0, x1 */
	EXPECT(chain("neoverse-n1", 0x9b017c00) == 4);
	EXPECT(chain("neoverse-n1", 0x1e612800) == 2);  /* fadd d0, d0, d1 */
	EXPECT(chain("cortex-a53", 0x9b017c00) == 3);
	EXPECT(chain("cortex-a53", 0x1f420020) == 4);   /* fmadd d0, d1, d2, d0: the addend may come late */
	EXPECT(chain("cortex-a53", 0x1f410800) == 8);   /* fmadd d0, d0, d1, d2 */
	EXPECT(chain("cortex-a57", 0x9b020020) == 3);   /* madd x0, x1, x2, x0 */
}

TEST(independent_instructions_go_side_by_side)
{
	const u32 adds[] = { 0x91000400, 0x91000421, 0x91000442, 0x91000463, 0x91000484, 0x910004a5 }; /* add xN, xN, #1, N 0-5 */
	struct run r = run_new("neoverse-n1", "");

	EXPECT(loop(&r, adds, 6, 6000) == 2000); /* three integer pipes */
	run_free(&r);
	r = run_new("cortex-a57", "");
	EXPECT(loop(&r, adds, 6, 6000) == 3000);
	run_free(&r);
	r = run_new("cortex-a53", "");
	EXPECT(loop(&r, adds, 6, 6000) == 3000);
	run_free(&r);
	r = run_new("neoverse-n1", "width=1");
	EXPECT(loop(&r, adds, 6, 6000) == 6000);
	run_free(&r);
}

TEST(only_in_order_waits_for_an_operand)
{
	/* udiv x0, x0, x1, then eight additions that do not need it */
	const u32 words[] = { 0x9ac10800, 0x91000442, 0x91000463, 0x91000484, 0x910004a5, 0x910004c6, 0x910004e7, 0x91000508, 0x91000529 };
	const u32 use[] = { 0x9ac10802, 0x91000442 }; /* udiv x2, x0, x1; add x2, x2, #1 */
	struct run r = run_new("cortex-a57", "rob=9");
	s64 cycles = loop(&r, words, 9, 9000);

	EXPECT(cycles > 34 * 1000 && cycles < 36 * 1000); /* the chain of divisions alone */
	run_free(&r);
	r = run_new("cortex-a53", "latency.div64=10,busy.div64=10");
	cycles = loop(&r, use, 2, 2000);
	EXPECT(cycles >= 10 * 1000 && cycles <= 12 * 1000);
	run_free(&r);
}

TEST(a_branch_that_goes_elsewhere_costs_the_penalty)
{
	struct run r = run_new("cortex-a57", "pipes_branch=2");
	struct timing_stats st = { 0 };
	s64 right, wrong;

	timing_set_stats(r.t, &st);
	for (int warm = 0; warm < 2; warm++) {
		right = 0;
		for (int i = 0; i < 1000; i++) { /* cbz x1, never taken */
			right += 1 + timing_insn(r.t, op(0xb4000041), 0x1000, 0x1000);
			right += 1 + timing_insn(r.t, op(0x91000400), 0x1004, 0x1004);
			right += 1 + timing_insn(r.t, op(0x14000000), 0x1008, 0x1008);
		}
	}
	EXPECT_EQ(st.br_mis_pred, 0);
	wrong = 1 + timing_insn(r.t, op(0xb4000041), 0x1000, 0x1000);
	wrong += 1 + timing_insn(r.t, op(0x91000400), 0x1020, 0x1020); /* and now it is */
	EXPECT_EQ(st.br_mis_pred, 1);
	EXPECT(wrong >= 14 && wrong <= 14 + 4);
	EXPECT(right <= 1000 * 2);
	run_free(&r);
}

TEST(returns_go_back_to_their_calls)
{
	struct run r = run_new("neoverse-n1", "");
	struct timing_stats st = { 0 };

	timing_set_stats(r.t, &st);
	for (u64 i = 0; i < 20; i++) { /* bl at different places; ret goes back */
		timing_insn(r.t, op(0x94000001), 0x1000 + 4 * i, 0x1000 + 4 * i);
		timing_insn(r.t, op(0xd65f03c0), 0x2000, 0x2000);
	}
	timing_insn(r.t, op(0x91000400), 0x1000 + 4 * 20, 0x1050);
	EXPECT_EQ(st.br_pred, 20);
	EXPECT_EQ(st.br_mis_pred, 0);
	run_free(&r);
}

TEST(a_load_that_misses_delays_its_users_alone)
{
	struct run r = run_new("neoverse-n1", "");
	s64 cycles = 0;

	loop(&r, (const u32[]){ 0x91000442 }, 1, 100);
	cycles += 1 + timing_insn(r.t, op(0xf9400020), 0x1000, 0x1000); /* ldr x0, [x1]: from memory */
	timing_data(r.t, 0x80000, 8, TIMING_LOAD, true, false);
	for (int i = 0; i < 20; i++)
		cycles += 1 + timing_insn(r.t, op(0x91000442), 0x1000, 0x1000);
	EXPECT(cycles < 30);
	cycles += 1 + timing_insn(r.t, op(0xd5033f9f), 0x1000, 0x1000); /* dsb waits for it */
	EXPECT(cycles >= 95000 / 385 && cycles < 95000 / 385 + 30);
	run_free(&r);
}

TEST(a_load_gets_what_a_store_wrote_from_it)
{
	struct run r = run_new("cortex-a57", "");
	s64 cycles = 0;

	for (int i = 0; i < 1000; i++) { /* str x0, [x1]; ldr x0, [x1] */
		cycles += 1 + timing_insn(r.t, op(0xf9000020), 0x1000, 0x1000);
		timing_data(r.t, 0x80000, 8, TIMING_STORE, true, false);
		cycles += 1 + timing_insn(r.t, op(0xf9400020), 0x1000, 0x1000);
		timing_data(r.t, 0x80000, 8, TIMING_LOAD, true, false);
	}
	EXPECT(cycles > 3800 && cycles < 4300);
	run_free(&r);
}

TEST(a_dmb_keeps_later_accesses_behind_earlier_ones)
{
	const u32 loads[] = { 0xf9400020, 0xf9400041 }, ordered[] = { 0xf9400020, 0xd5033bbf, 0xf9400041 };
	struct run r = run_new("cortex-a57", "");

	EXPECT(loop(&r, loads, 2, 2000) == 2000); /* one load pipe */
	EXPECT(loop(&r, ordered, 3, 3000) >= 10 * 1000);
	run_free(&r);
}

TEST(exceptions_cost_what_the_core_says)
{
	struct run r = run_new("cortex-a57", "");
	u64 cost;

	timing_insn(r.t, op(0xd5033f9f), 0x1000, 0x1000); /* dsb: nothing is under way */
	timing_insn(r.t, op(0xd5033fdf), 0x1000, 0x1000);
	cost = timing_exception(r.t, true);
	EXPECT(cost >= 70 && cost <= 70 + 20); /* isb's own */
	EXPECT_EQ(timing_exception(r.t, false), 63);
	run_free(&r);
}
