/*
 * What the LSE atomics, CAS, CASP and the acquire/release loads and stores compute: each operation
 * at each size against its definition, with the registers that must and must not change.
 */
/* run: -M virt,gic-version=3 -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

enum op { ADD, CLR, EOR, SET, SMAX, SMIN, UMAX, UMIN, SWP, OPS };
static const char *const op_names[] = {
	"ldadd", "ldclr", "ldeor", "ldset", "ldsmax", "ldsmin", "ldumax", "ldumin", "swp",
};

static s64 sign_extend(u64 v, unsigned bits)
{
	return (s64)(v << (64 - bits)) >> (64 - bits);
}

static u64 compute(enum op op, u64 old, u64 v, unsigned bits)
{
	u64 mask = bits == 64 ? ~0ul : BIT(bits) - 1;
	s64 so = sign_extend(old, bits), sv = sign_extend(v, bits);

	old &= mask;
	v &= mask;
	switch (op) {
	case ADD:
		return (old + v) & mask;
	case CLR:
		return old & ~v;
	case EOR:
		return old ^ v;
	case SET:
		return old | v;
	case SMAX:
		return (u64)(so > sv ? so : sv) & mask;
	case SMIN:
		return (u64)(so < sv ? so : sv) & mask;
	case UMAX:
		return old > v ? old : v;
	case UMIN:
		return old < v ? old : v;
	default:
		return v;
	}
}

/* size 111000 A R 1 Rs o3 opc 00 Rn Rt */
static u32 atomic(unsigned size, unsigned ar, enum op op, unsigned rs, unsigned rn, unsigned rt)
{
	u32 o3opc = op == SWP ? 8 : op;

	return 0x38200000 | size << 30 | ar << 22 | rs << 16 | o3opc << 12 | rn << 5 | rt;
}

static const u64 values[] = {
	0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
	0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0x0123456789abcdef,
};

static u64 memory[4] __attribute__((aligned(64)));

static void one_operation(enum op op, unsigned size, unsigned ar, u64 old, u64 v)
{
	unsigned bits = 8u << size;
	u64 mask = bits == 64 ? ~0ul : BIT(bits) - 1;
	u64 result;

	memory[0] = old;
	result = RUN(SPSR_OF_EL(1), guest_insn(atomic(size, ar, op, 1, 2, 0)), 0xdead, v,
		     (u64)memory);
	EXPECT_EQ(op_names[op], result, old & mask);
	EXPECT_EQ(op_names[op], memory[0], (old & ~mask) | compute(op, old, v, bits));
}

static void operations(void)
{
	for (enum op op = 0; op < OPS; op++)
		for (unsigned size = 0; size < 4; size++)
			for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
				for (unsigned j = 0; j < ARRAY_SIZE(values); j += 3)
					one_operation(op, size, (i + j) & 3, values[i], values[j]);
}

PROBE(stadd, "mov x3, x0\n\tstadd x1, [x2]\n\tmov x0, x3");
PROBE(swp_self, "swp x0, x0, [x2]");
PROBE(ldadd_zero, "ldadd xzr, x0, [x2]");

static void corners(void)
{
	memory[0] = 40;
	EXPECT_EQ("stadd leaves x0", RUN(SPSR_EL1, stadd, 77, 2, memory), 77);
	EXPECT_EQ("stadd", memory[0], 42);
	EXPECT_EQ("swp x0, x0", RUN(SPSR_EL1, swp_self, 7, 0, memory), 42);
	EXPECT_EQ("swp x0, x0", memory[0], 7);
	EXPECT_EQ("ldadd xzr", RUN(SPSR_EL1, ldadd_zero, 0, 0, memory), 7);
	EXPECT_EQ("ldadd xzr", memory[0], 7);
}

/* LD<op> to register 31 with A = 0 is ST<op>: the same operation, and no register changes. */
static void stores(void)
{
	for (enum op op = 0; op < SWP; op++) {
		for (unsigned size = 0; size < 4; size++) {
			for (unsigned release = 0; release < 2; release++) {
				unsigned bits = 8u << size;
				u64 mask = bits == 64 ? ~0ul : BIT(bits) - 1;
				u64 old = 0x8182838485868788, v = 0x0123456789abcdef;

				memory[0] = old;
				EXPECT_EQ("x0", RUN(SPSR_EL1, guest_insn(atomic(size, release, op, 1, 2, 31)),
						    0xdead, v, memory), 0xdead);
				EXPECT_EQ(op_names[op], memory[0],
					  (old & ~mask) | compute(op, old, v, bits));
			}
		}
	}
}

/* size 0010001 L 1 Rs o0 11111 Rn Rt: x0 = compare and result, x1 = new value */
static void compare_and_swap(void)
{
	for (unsigned size = 0; size < 4; size++) {
		unsigned bits = 8u << size;
		u64 mask = bits == 64 ? ~0ul : BIT(bits) - 1;
		u64 old = 0x8182838485868788, new = 0x1112131415161718;

		for (unsigned order = 0; order < 4; order++) {
			const u32 *cas = guest_insn(0x08a07c00 | size << 30 | (order & 1) << 22 |
						    (order >> 1) << 15 | 0 << 16 | 2 << 5 | 1);

			memory[0] = old;
			/* bits of the comparand beyond the size do not count */
			EXPECT_EQ("equal",
				  RUN(SPSR_EL1, cas, (old & mask) | (~mask & 0x5a5a5a5a5a5a5a5a),
				      new, memory),
				  old & mask);
			EXPECT_EQ("equal", memory[0], (old & ~mask) | (new & mask));
			memory[0] = old;
			EXPECT_EQ("unequal", RUN(SPSR_EL1, cas, old ^ 1, new, memory), old & mask);
			EXPECT_EQ("unequal", memory[0], old);
		}
	}
}

PROBE(casp_x, "mov x6, x0\n\tmov x7, x1\n\tmov x4, #4\n\tmov x5, #5\n\t"
      "caspal x6, x7, x4, x5, [x2]\n\tstp x6, x7, [x3]");
PROBE(casp_w, "mov x6, x0\n\tmov x7, x1\n\tmov x4, #4\n\tmov x5, #5\n\t"
      "casp w6, w7, w4, w5, [x2]\n\tstp x6, x7, [x3]");

static u64 result[2] __attribute__((aligned(16)));

static void casp_once(const u32 *probe, u64 c0, u64 c1, u64 r0, u64 r1)
{
	result[0] = result[1] = 0xdead;
	RUN(SPSR_EL1, probe, c0, c1, memory, result);
	EXPECT_NO_EXC("casp");
	EXPECT_EQ("casp first", result[0], r0);
	EXPECT_EQ("casp second", result[1], r1);
}

static void compare_and_swap_pair(void)
{
	memory[0] = 0x1111222233334444;
	memory[1] = 0x5555666677778888;
	casp_once(casp_x, 0x1111222233334444, 1, 0x1111222233334444, 0x5555666677778888);
	EXPECT_EQ("unequal", memory[0], 0x1111222233334444);
	EXPECT_EQ("unequal", memory[1], 0x5555666677778888);
	casp_once(casp_x, 0x1111222233334444, 0x5555666677778888, 0x1111222233334444,
		  0x5555666677778888);
	EXPECT_EQ("equal", memory[0], 4);
	EXPECT_EQ("equal", memory[1], 5);
	memory[0] = 0x5555666633334444;
	casp_once(casp_w, 0xffffffff33334444, 0xffffffff55556666, 0x33334444, 0x55556666);
	EXPECT_EQ("32-bit pair", memory[0], 5ul << 32 | 4);
	EXPECT_EQ("32-bit pair", memory[1], 5);
}

PROBE(casp_frame, "mov x6, x0\n\tmov x7, x1\n\tmov x4, #4\n\tmov x5, #5\n\tb 1f\n\t"
      ".balign 64\n1: casp x6, x7, x4, x5, [x2]\n\tstp x6, x7, [x3]");

/* each ordering and size, the instruction patched: 0 sz 0010000 L 1 Rs o0 11111 Rn Rt */
static void casp_orders(void)
{
	u32 *insn = (u32 *)(((u64)casp_frame + 20 + 63) & ~63ul);

	for (unsigned order = 0; order < 8; order++) {
		u64 x = order >> 2;

		*(volatile u32 *)insn = 0x08207c00 | 6 << 16 | 2 << 5 | 4 | (u32)x << 30 |
					(order & 1) << 22 | (order >> 1 & 1) << 15;
		asm volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
			     : : "r"(insn) : "memory");
		memory[0] = x ? 0x1111222233334444 : 0x5555666633334444;
		memory[1] = 0x99;
		casp_once(casp_frame, x ? 0x1111222233334444 : 0x33334444, x ? 0x99 : 0x55556666,
			  x ? 0x1111222233334444 : 0x33334444, x ? 0x99 : 0x55556666);
		EXPECT_EQ("first", memory[0], x ? 4 : 5ul << 32 | 4);
		EXPECT_EQ("second", memory[1], x ? 5 : 0x99);
		casp_once(casp_frame, 8, 9, x ? 4 : 4, 5);
		EXPECT_EQ("unequal", memory[0], x ? 4 : 5ul << 32 | 4);
	}
}

PROBE(casp_odd, ".inst 0x48617c40");            /* CASP with Rs = 1: odd, undefined */

static void undefined(void)
{
	RUN(SPSR_EL1, casp_odd, 0, 0, memory);
	EXPECT_EXC("casp with an odd register", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), casp_odd);
}

PROBE(ldapr_b, "ldaprb w0, [x2]");
PROBE(ldapr_h, "ldaprh w0, [x2]");
PROBE(ldapr_w, "ldapr w0, [x2]");
PROBE(ldapr_x, "ldapr x0, [x2]");
PROBE(stlr_ldar, "stlrh w1, [x2]\n\tldar x0, [x2]");

static void acquire_release(void)
{
	memory[0] = 0xf1f2f3f4f5f6f7f8;
	EXPECT_EQ("ldaprb", RUN(SPSR_EL1, ldapr_b, ~0ul, 0, memory), 0xf8);
	EXPECT_EQ("ldaprh", RUN(SPSR_EL1, ldapr_h, ~0ul, 0, memory), 0xf7f8);
	EXPECT_EQ("ldapr w", RUN(SPSR_EL1, ldapr_w, ~0ul, 0, memory), 0xf5f6f7f8);
	EXPECT_EQ("ldapr x", RUN(SPSR_EL1, ldapr_x, ~0ul, 0, memory), 0xf1f2f3f4f5f6f7f8);
	EXPECT_EQ("stlrh, ldar", RUN(SPSR_EL1, stlr_ldar, 0, 0x12345678, memory),
		  0xf1f2f3f4f5f65678);
}

GUEST_TESTS(TEST(operations), TEST(corners), TEST(stores), TEST(compare_and_swap), TEST(compare_and_swap_pair), TEST(casp_orders),
	    TEST(undefined), TEST(acquire_release));
