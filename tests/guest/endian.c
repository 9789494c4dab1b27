/*
 * Big-endian data: SCTLR_EL1.{EE,E0E} and SCTLR_EL2.EE. Each size of load and store, pairs,
 * exclusives, SIMD and translation tables; instructions stay little-endian.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

static volatile u8 memory[64] __attribute__((aligned(64)));
static u64 big_endian_root[512] __attribute__((aligned(4096)));

/* x0 = address, x1 = value; result in x0 */
PROBE(ldr_x, "ldr x0, [x0]");
PROBE(ldr_w, "ldr w0, [x0]");
PROBE(ldrh, "ldrh w0, [x0]");
PROBE(ldrb, "ldrb w0, [x0]");
PROBE(ldrsw, "ldrsw x0, [x0]");
PROBE(ldrsh, "ldrsh x0, [x0]");
PROBE(ldp_w, "ldp w0, w1, [x0]\n\torr x0, x0, x1, lsl #32");
PROBE(ldp_x, "ldp x1, x0, [x0]");
PROBE(ldxr, "ldxr x0, [x0]");
PROBE(ldar_w, "ldar w0, [x0]");
PROBE(ldxp_w, "ldxp w0, w1, [x0]\n\torr x0, x0, x1, lsl #32");
PROBE(ldr_d, "ldr d0, [x0]\n\tfmov x0, d0");
PROBE(ldr_q_low, "ldr q0, [x0]\n\tfmov x0, d0");
PROBE(ldr_q_high, "ldr q0, [x0]\n\tumov x0, v0.d[1]");
PROBE(ld1_8h, "ld1 {v0.8h}, [x0]\n\tfmov x0, d0");
PROBE(ld1_16b, "ld1 {v0.16b}, [x0]\n\tfmov x0, d0");
PROBE(ld1_2d, "ld1 {v0.2d}, [x0]\n\tumov x0, v0.d[1]");
PROBE(literal, "b 2f\n\t.balign 8\n1: .quad 0x0102030405060708\n2: ldr x0, 1b");

#define BYTES 0x0706050403020100ul      /* of memory, read little-endian */

static const struct load {
	const char *name;
	const u32 *probe;
	u64 little, big;
} loads[] = {
	{ "ldr x", ldr_x, BYTES, 0x0001020304050607 },
	{ "ldr w", ldr_w, 0x03020100, 0x00010203 },
	{ "ldrh", ldrh, 0x0100, 0x0001 },
	{ "ldrb", ldrb, 0, 0 },
	{ "ldrsw", ldrsw, 0x03020100, 0x00010203 },
	{ "ldrsh", ldrsh, 0x0100, 0x0001 },
	{ "ldp w", ldp_w, BYTES, 0x0405060700010203 },
	{ "ldp x", ldp_x, 0x0f0e0d0c0b0a0908, 0x08090a0b0c0d0e0f },
	{ "ldxr", ldxr, BYTES, 0x0001020304050607 },
	{ "ldar w", ldar_w, 0x03020100, 0x00010203 },
	{ "ldxp w", ldxp_w, BYTES, 0x0405060700010203 },
	{ "ldr d", ldr_d, BYTES, 0x0001020304050607 },
	{ "ldr q, low half", ldr_q_low, BYTES, 0x08090a0b0c0d0e0f },
	{ "ldr q, high half", ldr_q_high, 0x0f0e0d0c0b0a0908, 0x0001020304050607 },
	{ "ld1.8h", ld1_8h, BYTES, 0x0607040502030001 },
	{ "ld1.16b", ld1_16b, BYTES, BYTES },
	{ "ld1.2d", ld1_2d, 0x0f0e0d0c0b0a0908, 0x08090a0b0c0d0e0f },
	{ "ldr literal", literal, 0x0102030405060708, 0x0807060504030201 },
};

static void fill(void)
{
	for (unsigned i = 0; i < sizeof memory; i++)
		memory[i] = (u8)i;
}

static void el0_loads(void)
{
	fill();
	for (const struct load *l = loads; l < loads + ARRAY_SIZE(loads); l++) {
		WRITE(sctlr_el1, SCTLR_EL1_RES1);
		EXPECT_EQ(l->name, RUN(SPSR_EL0, l->probe, memory), l->little);
		WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_E0E);
		EXPECT_EQ(l->name, RUN(SPSR_EL0, l->probe, memory), l->big);
		EXPECT_EQ(l->name, RUN(SPSR_EL1, l->probe, memory), l->little);
	}
}

/*
 * At EL1 and EL2 the vectors must not run big-endian: switch around the function. x20-x22 are this
 * code's; what it calls leaves them alone.
 */
#define SWITCHED(el)                                                                               \
	"mov x20, x30\n\tmrs x21, sctlr_" el "\n\torr x22, x21, #0x2000000\n\tmsr sctlr_" el       \
	", x22\n\tisb\n\t"                                                                         \
	"blr x3\n\tmsr sctlr_" el ", x21\n\tisb\n\tmov x30, x20"
PROBE(big_el1, SWITCHED("el1"));
PROBE(big_el2, SWITCHED("el2"));

static void el1_and_el2_loads(void)
{
	fill();
	for (const struct load *l = loads; l < loads + ARRAY_SIZE(loads); l++) {
		EXPECT_EQ(l->name, RUN(SPSR_EL1, big_el1, memory, 0, 0, l->probe), l->big);
		EXPECT_NO_EXC(l->name);
		EXPECT_EQ(l->name, RUN(SPSR_EL2, big_el2, memory, 0, 0, l->probe), l->big);
		EXPECT_EQ(l->name, RUN(SPSR_EL2, l->probe, memory), l->little);
	}
}

PROBE(str_x, "str x1, [x0]");
PROBE(str_w, "str w1, [x0]");
PROBE(strh, "strh w1, [x0]");
PROBE(stp_w, "stp w1, w1, [x0]");
PROBE(stxr, "ldxr x2, [x0]\n\tstxr w2, x1, [x0]");
PROBE(stlr, "stlr x1, [x0]");
PROBE(str_q, "fmov d0, x1\n\tstr q0, [x0]");
PROBE(st1, "fmov d0, x1\n\tst1 {v0.4h}, [x0]");
PROBE(ldadd, "ldadd w1, w2, [x0]");

static void el0_stores(void)
{
	static const struct {
		const char *name;
		const u32 *probe;
		u64 low, high;          /* memory afterwards, read little-endian */
	} stores[] = {
		{ "str x", str_x, 0x8877665544332211, 0 }, { "str w", str_w, 0x88776655, 0 },
		{ "strh", strh, 0x8877, 0 }, { "stp w", stp_w, 0x8877665588776655, 0 },
		{ "stxr", stxr, 0x8877665544332211, 0 }, { "stlr", stlr, 0x8877665544332211, 0 },
		{ "str q", str_q, 0, 0x8877665544332211 }, { "st1.4h", st1, 0x2211443366558877, 0 },
		{ "ldadd", ldadd, 0x88776655, 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(stores); i++) {
		volatile u64 *m = (u64 *)memory;

		if (stores[i].probe == ldadd && !(READ(id_aa64isar0_el1) >> 20 & 15))
			continue;
		m[0] = m[1] = 0;
		WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_E0E);
		RUN(SPSR_EL0, stores[i].probe, memory, 0x1122334455667788);
		EXPECT_NO_EXC(stores[i].name);
		EXPECT_EQ(stores[i].name, m[0], stores[i].low);
		EXPECT_EQ(stores[i].name, m[1], stores[i].high);
	}
}

PROBE(eret_el1_big,
      "mov x20, x30\n\tmrs x21, sctlr_el1\n\torr x22, x21, #0x2000000\n\torr x22, x22, #1\n\t"
      "msr sctlr_el1, x22\n\tisb\n\tldr x0, [x0]\n\tmsr sctlr_el1, x21\n\tisb\n\tmov x30, x20");

/* EE is also the byte order of the stage 1 tables: one level 1 table of 1 GiB blocks. */
static void tables(void)
{
	fill();
	big_endian_root[0] = __builtin_bswap64(PT_S1_DEVICE | 1);
	big_endian_root[1] = __builtin_bswap64(0x40000000 | PT_S1_NORMAL | 1);
	BARRIER();
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, big_endian_root);
	INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
	EXPECT_EQ("load", RUN(SPSR_EL1, eret_el1_big, memory), 0x0001020304050607);
	EXPECT_NO_EXC("big-endian tables");
}

GUEST_TESTS(TEST(el0_loads), TEST(el1_and_el2_loads), TEST(el0_stores), TEST(tables));
