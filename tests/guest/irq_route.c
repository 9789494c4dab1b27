/*
 * Where physical IRQs and FIQs go: HCR_EL2.{IMO,FMO,TGE,E2H}, SCR_EL3.{IRQ,FIQ}, PSTATE.{I,F} for
 * every EL they can come from (DDI0487 D1.3.6.3). The source is SGI 1 of this CPU, made pending in
 * the redistributor: group 1 is IRQ below EL3, group 0 is FIQ.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

PROBE(nop, "nop\n\tnop\n\tnop\n\tnop");
PROBE(read_isr, "mrs x0, isr_el1");

#define GICD 0x08000000ul
#define GICR 0x080a0000ul
#define GICR_SGI (GICR + 0x10000)
#define SGI BIT(1)

static volatile u32 *mmio(u64 address)
{
	return (volatile u32 *)address;
}

enum kind { IRQ, FIQ };

static const struct {
	const char *name;
	u64 mask, hcr, scr;
	unsigned vec;
} kinds[] = {
	{ "IRQ", SPSR_I, HCR_IMO, SCR_IRQ, VEC_IRQ }, { "FIQ", SPSR_F, HCR_FMO, SCR_FIQ, VEC_FIQ },
};

/* everything on, all interrupts of the group that gives this kind */
static void gic_on(enum kind kind)
{
	if (GUEST_EL() == 3) {
		WRITE(S3_6_C12_C12_5, 0xf);             /* ICC_SRE_EL3 */
		WRITE(S3_6_C12_C12_7, 3);               /* ICC_IGRPEN1_EL3: both states */
	}
	if (guest_has_el2())
		WRITE(S3_4_C12_C9_5, 0xf);              /* ICC_SRE_EL2 */
	*mmio(GICD) = 0x10;                             /* ARE (secure view: ARE_S) */
	*mmio(GICD) = 0x37;                             /* and all groups */
	*mmio(GICR + 0x14) = 0;                         /* GICR_WAKER */
	while (*mmio(GICR + 0x14) & 4)
		;
	*mmio(GICR_SGI + 0x80) = kind == IRQ ? ~0u : 0; /* GICR_IGROUPR0 */
	*mmio(GICR_SGI + 0xd00) = 0;                    /* GICR_IGRPMODR0 */
	*mmio(GICR_SGI + 0x400) = 0x80808080;           /* priorities */
	*mmio(GICR_SGI + 0x100) = SGI;                  /* GICR_ISENABLER0 */
	WRITE(S3_0_C12_C12_5, 7);                       /* ICC_SRE_EL1 */
	WRITE(S3_0_C4_C6_0, 0xff);                      /* ICC_PMR_EL1 */
	WRITE(S3_0_C12_C12_6, 1);                       /* ICC_IGRPEN0_EL1 */
	WRITE(S3_0_C12_C12_7, 1);                       /* ICC_IGRPEN1_EL1 */
}

static void pend(void)
{
	*mmio(GICR_SGI + 0x200) = SGI;
	BARRIER();
}

static void unpend(void)
{
	*mmio(GICR_SGI + 0x280) = SGI;
	BARRIER();
}

/* the manual's table: the EL that takes it, 0 when it stays pending */
static unsigned target(u64 from, unsigned scr, unsigned xmo, unsigned tge, unsigned masked)
{
	if (guest_boot_el == 3 && scr)
		return from < 3 || !masked ? 3 : 0;
	if (from == 3)
		return 0;
	if (guest_has_el2() && (xmo || tge))
		return from < 2 || !masked ? 2 : 0;
	if (from == 2)
		return 0;
	return masked ? 0 : 1;
}

static void one(enum kind kind, u64 from, unsigned scr, unsigned xmo, unsigned tge, unsigned masked)
{
	u64 spsr = masked ? SPSR_OF_EL(from) : SPSR_OF_EL(from) & ~kinds[kind].mask;
	unsigned to = target(from, scr, xmo, tge, masked);

	if (guest_boot_el == 3)
		WRITE(scr_el3, SCR_DEFAULT | (scr ? kinds[kind].scr : 0));
	if (guest_has_el2())
		WRITE(hcr_el2, HCR_RW | (xmo ? kinds[kind].hcr : 0) | (tge ? HCR_TGE : 0));
	pend();
	RUN(spsr, nop);
	unpend();
	if (!to) {
		EXPECT_NO_EXC(kinds[kind].name);
		return;
	}
	EXPECT_EQ(kinds[kind].name, guest_cpu()->n_exc, 1);
	EXPECT_EQ(kinds[kind].name, guest_cpu()->exc[0].el, to);
	EXPECT_EQ(kinds[kind].name, guest_cpu()->exc[0].vec,
		  kinds[kind].vec + (to == from ? VEC_SAME : VEC_LOWER));
	EXPECT_EQ(kinds[kind].name, guest_cpu()->exc[0].elr, nop);
	EXPECT_EQ(kinds[kind].name, guest_cpu()->exc[0].spsr & 0x3ff, spsr);
}

static void matrix(void)
{
	for (enum kind kind = IRQ; kind <= FIQ; kind++) {
		gic_on(kind);
		for (unsigned i = 0; i < 64; i++) {
			u64 from = i & 3;
			unsigned tge = i >> 5 & 1, scr = i >> 2 & 1, xmo = i >> 3 & 1;

			if (from > guest_boot_el || (from == 2 && !guest_has_el2()))
				continue;
			if ((scr && guest_boot_el < 3) || ((xmo || tge) && !guest_has_el2()))
				continue;
			if (from == 1 && tge)
				continue;       /* there is no EL1 then */
			if (from == 3 && kind == IRQ)
				continue;       /* group 1 Non-secure is an FIQ at EL3 */
			one(kind, from, scr, xmo, tge, i >> 4 & 1);
		}
	}
}

/* under VHE's TGE the host takes its EL0's and its own */
static void host(void)
{
	if (!guest_has_el2() || !(READ(id_aa64mmfr1_el1) >> 8 & 15))
		return;
	for (enum kind kind = IRQ; kind <= FIQ; kind++) {
		gic_on(kind);
		for (u64 from = 0; from <= 2; from += 2) {
			WRITE(hcr_el2, HCR_RW | HCR_E2H | HCR_TGE);
			pend();
			RUN(SPSR_OF_EL(from) & ~kinds[kind].mask, nop);
			EXPECT_EQ("EL", guest_cpu()->exc[0].el, 2);
			EXPECT_EQ("vector", guest_cpu()->exc[0].vec,
				  kinds[kind].vec + (from ? VEC_SAME : VEC_LOWER));
			unpend();
			WRITE(hcr_el2, HCR_RW);
			guest_defaults();
		}
	}
}

/* ISR_EL1 shows what is pending for this EL, masked or not; with IMO, EL1 sees the virtual one. */
static void isr(void)
{
	for (enum kind kind = IRQ; kind <= FIQ; kind++) {
		gic_on(kind);
		pend();
		EXPECT_EQ("physical", RUN(SPSR_EL1, read_isr), kinds[kind].mask);
		if (guest_has_el2()) {
			EXPECT_EQ("at EL2", RUN(SPSR_EL2, read_isr), kinds[kind].mask);
			WRITE(hcr_el2, HCR_RW | kinds[kind].hcr);
			EXPECT_EQ("at EL2", RUN(SPSR_EL2, read_isr), kinds[kind].mask);
			WRITE(hcr_el2, HCR_RW);
		}
		unpend();
		EXPECT_EQ("none", RUN(SPSR_EL1, read_isr), 0);
	}
}

GUEST_TESTS(TEST(matrix), TEST(host), TEST(isr));
