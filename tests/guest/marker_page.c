/*
 * The page by which a guest marks points of a run with stores, from every EL. tests/guest/regions.py looks at what it makes.
 */
/* ours-alone: QEMU has nothing at that address */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
#include "guest.h"

#define PAGE ((volatile u32 *)0x090f0000ul)
enum { MAGIC = 0, OP = 1, NUMBER = 2, TEXT = 3 };
enum { BEGIN = 1, END };

/* x0: the page. Between begin and end: 1000 * 2 instructions, 1 for the counter, 2 for the end. */
PROBE(loop,
      "mov w1, #1\n\tstr w1, [x0, #4]\n\t"
      "mov x3, #1000\n"
      "1:\tsubs x3, x3, #1\n\tb.ne 1b\n\t"
      "mov w1, #2\n\tstr w1, [x0, #4]");

static void text(const char *s)
{
	for (; *s; s++)
		PAGE[TEXT] = (u32)*s;
}

static void page(void)
{
	EXPECT_EQ("magic", PAGE[MAGIC], 0x4c505254u);
	text("from the boot EL");
	RUN(SPSR_OF_EL(guest_boot_el), loop, PAGE);
	PAGE[NUMBER] = 42;
	RUN(SPSR_EL1, loop, PAGE);
	for (unsigned i = 0; i < 20; i++)
		text("too long ");
	RUN(SPSR_EL0, loop, PAGE);
	EXPECT_EQ("reserved", PAGE[512], 0);
	PAGE[512] = 1;
	EXPECT_EQ("no exception", guest_cpu()->n_exc, 0);
}

GUEST_TESTS(TEST(page));
