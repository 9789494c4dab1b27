/*
 * The exclusive monitors of one PE: what lets a store exclusive succeed, and what makes it fail.
 * Only outcomes that the manual fixes (DDI0487 B2.12): a plain store of this PE to the marked block
 * may or may not clear the monitor, so that is not here.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

static u64 memory[512] __attribute__((aligned(4096)));

/* x0 = address, x1 = value; return the status */
PROBE(pair_b, "ldxrb w3, [x0]\n\tstxrb w4, w1, [x0]\n\tmov w0, w4");
PROBE(pair_h, "ldxrh w3, [x0]\n\tstxrh w4, w1, [x0]\n\tmov w0, w4");
PROBE(pair_w, "ldxr w3, [x0]\n\tstxr w4, w1, [x0]\n\tmov w0, w4");
PROBE(pair_x, "ldaxr x3, [x0]\n\tstlxr w4, x1, [x0]\n\tmov w0, w4");
PROBE(pair_wp, "ldxp w3, w5, [x0]\n\tstxp w4, w1, w2, [x0]\n\tmov w0, w4");
PROBE(pair_xp, "ldaxp x3, x5, [x0]\n\tstlxp w4, x1, x2, [x0]\n\tmov w0, w4");
PROBE(no_load, "clrex\n\tstxr w4, x1, [x0]\n\tmov w0, w4");
PROBE(clrex, "ldxr x3, [x0]\n\tclrex\n\tstxr w4, x1, [x0]\n\tmov w0, w4");
PROBE(twice, "ldxr x3, [x0]\n\tstxr w4, x1, [x0]\n\tstxr w4, x1, [x0]\n\tmov w0, w4");
PROBE(after_failure,
      "ldxr x3, [x0]\n\tclrex\n\tstxr w4, x1, [x0]\n\tstxr w4, x1, [x0]\n\tmov w0, w4");
PROBE(elsewhere, "ldxr x3, [x0]\n\tadd x5, x0, #2048\n\tldxr x3, [x5]\n\tstxr w4, x1, [x5]\n\t"
      "stxr w4, x1, [x0]\n\tmov w0, w4");
PROBE(other_address_load, "ldxr x3, [x0]\n\tldr x5, [x0, #128]\n\tstxr w4, x1, [x0]\n\tmov w0, w4");
PROBE(data, "ldxp x3, x0, [x0]");

static void success(void)
{
	static const u32 *const probes[] = { pair_b, pair_h, pair_w, pair_x, pair_wp, pair_xp };
	static const u64 after[][2] = {
		{ 0x11111111111111aa, 0x2222222222222222 },
		{ 0x111111111111a5aa, 0x2222222222222222 },
		{ 0x11111111a3a4a5aa, 0x2222222222222222 },
		{ 0xa0a1a2a0a3a4a5aa, 0x2222222222222222 },
		{ 0xb3b4b5b6a3a4a5aa, 0x2222222222222222 },
		{ 0xa0a1a2a0a3a4a5aa, 0xb0b1b2b0b3b4b5b6 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++) {
		memory[0] = 0x1111111111111111;
		memory[1] = 0x2222222222222222;
		EXPECT_EQ("status",
			  RUN(SPSR_EL1, probes[i], memory, 0xa0a1a2a0a3a4a5aa, 0xb0b1b2b0b3b4b5b6),
			  0);
		EXPECT_EQ("first", memory[0], after[i][0]);
		EXPECT_EQ("second", memory[1], after[i][1]);
	}
	EXPECT_EQ("between loads elsewhere", RUN(SPSR_EL1, other_address_load, memory, 5), 0);
}

static void failure(void)
{
	memory[0] = 9;
	EXPECT_EQ("no load", RUN(SPSR_EL1, no_load, memory, 5), 1);
	EXPECT_EQ("clrex", RUN(SPSR_EL1, clrex, memory, 5), 1);
	EXPECT_EQ("after a failure", RUN(SPSR_EL1, after_failure, memory, 5), 1);
	EXPECT_EQ("nothing stored", memory[0], 9);
	EXPECT_EQ("second store of two", RUN(SPSR_EL1, twice, memory, 5), 1);
	EXPECT_EQ("first store of two", memory[0], 5);
	EXPECT_EQ("mark has moved", RUN(SPSR_EL1, elsewhere, memory, 6), 1);
	EXPECT_EQ("mark has moved", memory[0], 5);
}

/* A failed store exclusive may still fault or not; an undefined status register is not tested. */
PROBE(load_svc_store, "ldxr x3, [x0]\n\tsvc #0\n\tstxr w4, x1, [x0]\n\tmov w0, w4");
PROBE(load_udf_store, "ldxr x3, [x0]\n\tudf #0\n\tstxr w4, x1, [x0]\n\tmov w0, w4");

static enum guest_action go_on(struct exc *e)
{
	if ((e->esr >> 26) == EC_UNKNOWN)
		e->elr += 4;
	return GUEST_RESUME;
}

/* ERET clears the local monitor. */
static void exception_return_clears(void)
{
	memory[0] = 1;
	guest_cpu()->handler = go_on;
	EXPECT_EQ("svc and back", RUN(SPSR_EL0, load_svc_store, memory, 2), 1);
	EXPECT_EQ("svc and back at EL1", RUN(SPSR_EL1, load_svc_store, memory, 2), 1);
	EXPECT_EQ("udf and back", RUN(SPSR_EL1, load_udf_store, memory, 2), 1);
	guest_cpu()->handler = 0;
	EXPECT_EQ("nothing stored", memory[0], 1);
}

/* 128 bits come from one single-copy atomic read; the order of the registers is that of memory. */
static void pair_order(void)
{
	memory[0] = 1;
	memory[1] = 2;
	EXPECT_EQ("second of ldxp", RUN(SPSR_EL1, data, memory), 2);
}

static void el0_and_el2(void)
{
	for (u64 el = 0; el <= guest_boot_el; el++) {
		memory[0] = 0;
		EXPECT_EQ("success", RUN(SPSR_OF_EL(el), pair_x, memory, 77), 0);
		EXPECT_EQ("stored", memory[0], 77);
	}
}

GUEST_TESTS(TEST(success), TEST(failure), TEST(exception_return_clears), TEST(pair_order),
	    TEST(el0_and_el2));
