/*
 * The screens of the info commands: their text for states that are set up here, that hostile tables are bounded, and that looking
 * changes nothing in a run.
 */
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "machine/machine.h"
#include "machine/show.h"
#include "tests/unit/test_gic.h"

static void device_of(void *ctx, u32 intid, char *text, size_t size)
{
	if (intid == 33 || intid == 27)
		snprintf(text, size, "%s", intid == 33 ? "pl011" : "virtual timer");
}

static void code_of(void *ctx, u64 pc, unsigned el, char *text, size_t size)
{
	snprintf(text, size, " <inject+0x%x>", (unsigned)pc & 0xff);
}

static char *gic_screen(struct bench *b, unsigned pe)
{
	const struct code_names code = { .find = code_of };
	const struct gic_names names = { .device = device_of, .code = &code };
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	gic_show(b->c[pe], &names, out);
	fclose(out);
	return text;
}

/* A PE with a hypervisor: PPI 27 active, SPI 33 pending, two list registers written. */
TEST(the_screen_of_a_pe_says_what_its_interrupts_are)
{
	struct bench b = bench_new(2, FEAT(EL2));
	char *text;

	gicd_wr(&b, 0, 0x12, 4);
	gicd_wr(&b, 0x84, ~0u, 4);
	gicd_wr(&b, 0x104, 2, 4);
	gicd_wr(&b, 0x420, 0xa000, 4);
	gicr_wr(&b, 0, 0x14, 0, 4);
	gicr_wr(&b, 0, 0x10080, ~0u, 4);
	gicr_wr(&b, 0, 0x10100, 1u << 27 | 0xff, 4);
	gicr_wr(&b, 0, 0x10400 + 24, 0x80000000, 4);
	wr(&b, 0, "ICC_PMR_EL1", 0xf0);
	wr(&b, 0, "ICC_IGRPEN1_EL1", 1);
	ppi(&b, 0, 27, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 27);
	spi(&b, 1, true);
	b.c[0]->el = 2;
	b.c[0]->el2_on = true;
	b.c[0]->pc = 0xffff000008001234;
	b.c[0]->slice_ps = 1234567890;
	wr(&b, 0, "ICH_HCR_EL2", 0x10000003);
	wr(&b, 0, "ICH_VMCR_EL2", 0xf0000002);
	wr(&b, 0, "ICH_LR0_EL2", 0x5080000000000000 | BIT(61) | 27ull << 32 | 27);
	b.c[0]->pc += 8;
	wr(&b, 0, "ICH_LR2_EL2", 0x50a0020000000028);
	text = gic_screen(&b, 0);
	EXPECT_STR(text,
			 "PE 0: GICv3, one security state, SPIs 32-287\n"
			 "  distributor     GICD_CTLR 0x52: group 0 off, group 1 on\n"
			 "  redistributor   awake, LPIs not there\n"
			 "  CPU interface   PMR 0xf0, running 0x80 of group 1, group 0 off (BPR 2), group 1 on (BPR 3), EOImode 0\n"
			 "                  signals nothing: INTID 33 of priority 0xa0 is not above the running one\n"
			 "    INTID  state           enabled  group  prio  input       target    device\n"
			 "      0-7                  yes      1      0x00  edge        PE 0      SGI\n"
			 "       27  pending+active  yes      1      0x80  level high  PE 0      virtual timer\n"
			 "       33  pending         yes      1      0xa0  level high  PE 0      pl011\n"
			 "  ICH_HCR_EL2     0x10000003: En UIE EOIcount 2\n"
			 "  ICH_VMCR_EL2    0xf04c000a: VENG1 VFIQEn VPMR 0xf0 VBPR0 2 VBPR1 3\n"
			 "  ICH_MISR_EL2    0x00: none, EISR 0x0 ELRSR 0xa; maintenance interrupt (INTID 25) low\n"
			 "  virtual         running 0xff (idle), signals vIRQ: vINTID 27\n"
			 "  LR  value               state           vINTID  group  prio  link             written\n"
			 "   0  0x7080001b0000001b  pending             27      1  0x80  pINTID 27        at 0xffff000008001234 <inject+0x34>, EL2, 1234.567890 us\n"
			 "   2  0x50a0020000000028  pending             40      1  0xa0  EOI maintenance  at 0xffff00000800123c <inject+0x3c>, EL2, 1234.567890 us\n"
			 "  2 of 4 list registers are 0\n");
	free(text);
	bench_free(&b);
}
