/*
 * GICv3 for the tests: the frames of distributor and redistributors, and a start-up that gives
 * every interrupt group 1, priority 0x80, disabled. One security state.
 */
#ifndef GIC_COMMON_H
#define GIC_COMMON_H

#include "guest.h"

#define GICD(offset) (*(volatile u32 *)(0x08000000ul + (offset)))
#define GICD64(offset) (*(volatile u64 *)(0x08000000ul + (offset)))
#define GICR(cpu, offset) (*(volatile u32 *)(0x080a0000ul + (cpu) * 0x20000ul + (offset)))
#define GICR_SGI(cpu, offset) GICR(cpu, 0x10000 + (offset))
#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICR_WAKER 0x0014
#define IGROUPR 0x0080
#define ISENABLER 0x0100
#define ICENABLER 0x0180
#define ISPENDR 0x0200
#define ICPENDR 0x0280
#define ISACTIVER 0x0300
#define ICACTIVER 0x0380
#define IPRIORITYR 0x0400
#define ICFGR 0x0c00
#define GICD_IROUTER 0x6000
#define CTLR_ENABLE_GRP0 1u
#define CTLR_ENABLE_GRP1 2u
#define CTLR_ARE 0x10u
#define SPURIOUS 1023
#define ICC_CTLR_EOIMODE 2ul
#define ICC_CTLR_CBPR 1ul

#ifndef GUEST_BITS_H    /* mmu_vm.h has names of its own, too */
#define HCR_FMO (1ul << 3)
#define HCR_IMO (1ul << 4)
#define HCR_RW (1ul << 31)
#endif

#define PRIORITY 0x80u

static inline volatile u32 *gic_reg(u64 base, u32 intid)
{
	return intid < 32 ? &GICR_SGI(guest_cpu_number(), base) : &GICD(base + intid / 32 * 4);
}

static inline int gic_bit(u64 base, u32 intid)
{
	return *gic_reg(base, intid) >> (intid & 31) & 1;
}

/* for the registers that set or clear by writing ones */
static inline void gic_write_bit(u64 base, u32 intid)
{
	*gic_reg(base, intid) = 1u << (intid & 31);
	BARRIER();
}

static inline void gic_priority(u32 intid, u32 priority)
{
	volatile u8 *p = intid < 32
				 ? (volatile u8 *)&GICR_SGI(guest_cpu_number(), IPRIORITYR) + intid
				 : (volatile u8 *)&GICD(IPRIORITYR) + intid;

	*p = (u8)priority;
}

static inline void gic_group(u32 intid, unsigned group)
{
	volatile u32 *r = gic_reg(IGROUPR, intid);

	*r = (*r & ~(1u << (intid & 31))) | group << (intid & 31);
}

static inline void gic_edge(u32 intid, int edge)
{
	volatile u32 *r = intid < 32 ? &GICR_SGI(guest_cpu_number(), ICFGR + intid / 16 * 4) :
				       &GICD(ICFGR + intid / 16 * 4);
	u32 bit = 2u << (intid & 15) * 2;

	*r = edge ? *r | bit : *r & ~bit;
}

/* The interface of this CPU: system registers, all priorities, both groups, EOImode 0. */
static inline void gic_cpu_init(void)
{
	unsigned cpu = guest_cpu_number();

	GICR(cpu, GICR_WAKER) &= ~2u;
	while (GICR(cpu, GICR_WAKER) & 4)
		;
	GICR_SGI(cpu, ICENABLER) = ~0u;
	GICR_SGI(cpu, ICPENDR) = ~0u;
	GICR_SGI(cpu, ICACTIVER) = ~0u;
	GICR_SGI(cpu, IGROUPR) = ~0u;
	for (u32 i = 0; i < 32; i++)
		gic_priority(i, PRIORITY);
	if (GUEST_EL() == 2)
		WRITE(icc_sre_el2, 0xf);
	WRITE(icc_sre_el1, 7);
	WRITE(icc_pmr_el1, 0xff);
	WRITE(icc_ctlr_el1, 0);
	WRITE(icc_bpr0_el1, 0);
	WRITE(icc_bpr1_el1, 0);
	WRITE(icc_igrpen0_el1, 1);
	WRITE(icc_igrpen1_el1, 1);
}

static inline void gic_init(void)
{
	u32 lines = (GICD(GICD_TYPER) & 31) + 1;

	GICD(GICD_CTLR) = CTLR_ARE;
	GICD(GICD_CTLR) = CTLR_ARE | CTLR_ENABLE_GRP0 | CTLR_ENABLE_GRP1;
	for (u32 i = 1; i < lines; i++) {
		GICD(ICENABLER + i * 4) = ~0u;
		GICD(ICPENDR + i * 4) = ~0u;
		GICD(ICACTIVER + i * 4) = ~0u;
		GICD(IGROUPR + i * 4) = ~0u;
	}
	for (u32 i = 32; i < lines * 32 && i < 1020; i++)
		gic_priority(i, PRIORITY);
	gic_cpu_init();
	BARRIER();
}

/* Makes an SPI ready to be set pending by gic_write_bit(ISPENDR, intid). */
static inline void gic_enable_spi(u32 intid, u32 priority, u64 affinity)
{
	gic_priority(intid, priority);
	gic_edge(intid, 1);
	GICD64(GICD_IROUTER + intid * 8) = affinity;
	gic_write_bit(ISENABLER, intid);
}

#endif
