/*
 * HINT #127, which marks points of a run: at every EL it changes no register and takes no exception, whatever it is given; where there
 * is no Trapline it is a NOP (DDI0487 C6.2.126). What it counts is held against tests/guest/regions.py: a change here is one there.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,secure=on,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"

enum { BEGIN = 1, END, RESET, DUMP, MARK };

#define MARKER(op, label) \
	({ \
		register u64 x0_ asm("x0") = (op), x1_ asm("x1") = (u64)(label); \
		asm volatile("hint #127" : "+r"(x0_), "+r"(x1_) : : "memory"); \
		x0_ == (u64)(op) && x1_ == (u64)(label); \
	})

/* Between begin and end: 2 for the counter, 2 an iteration, 2 for the end, so 2 * x2 + 4 instructions. x1: the label */
PROBE(loop,
      "mov x0, #1\n\thint #127\n\t"
      "mov x3, x2\n\tnop\n"
      "1:\tsubs x3, x3, #1\n\tb.ne 1b\n\t"
      "mov x0, #2\n\thint #127");

static void regions(void)
{
	RUN(SPSR_EL1, loop, 0, (u64)"from EL1", 1000);
	RUN(SPSR_EL0, loop, 0, 7, 10);
	RUN(SPSR_OF_EL(guest_boot_el), loop, 0, (u64)"top, \"quoted\"", 100000);
	EXPECT_EQ("no exception", guest_cpu()->n_exc, 0);
}

static void operations(void)
{
	/* a region that another one ends, a dump and a reset inside it; 0xffff... cannot be read */
	EXPECT("begin", MARKER(BEGIN, (u64)"one"));
	EXPECT("begin again", MARKER(BEGIN, (u64)"two"));
	EXPECT("dump", MARKER(DUMP, 0));
	EXPECT("reset", MARKER(RESET, 0));
	EXPECT("end", MARKER(END, 0));
	EXPECT("end without region", MARKER(END, 0));
	EXPECT("mark", MARKER(MARK, (u64)"a point"));
	EXPECT("mark at an address that is none", MARKER(MARK, ~0ul));
	EXPECT("unknown", MARKER(6, 0));
	EXPECT("unknown", MARKER(~0ul, ~0ul));
}

/* All others but WFE and WFI mark nothing. These cores have no pointer authentication, so none of them changes a register. */
static void others(void)
{
	for (u32 n = 0; n < 127; n++)
		if (n != 2 && n != 3)
			RUN(SPSR_EL1, guest_insn(0xd503201f | n << 5), MARK, (u64)"another hint");
	EXPECT_EQ("no exception", guest_cpu()->n_exc, 0);
}

GUEST_TESTS(TEST(regions), TEST(operations), TEST(others));
