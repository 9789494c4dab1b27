/* GICv2 for the tests: its frames, and a start-up that gives every interrupt priority 0x80, disabled. */
#ifndef GICV2_H
#define GICV2_H

#include "guest.h"

#define GICD(offset) (*(volatile u32 *)(0x08000000ul + (offset)))
#define GICD8(offset) (*(volatile u8 *)(0x08000000ul + (offset)))
#define GICC(offset) (*(volatile u32 *)(0x08010000ul + (offset)))
#define GICH(offset) (*(volatile u32 *)(0x08030000ul + (offset)))
#define GICV(offset) (*(volatile u32 *)(0x08040000ul + (offset)))
#define V2M(offset) (*(volatile u32 *)(0x08020000ul + (offset)))
#define CTLR 0x000 /* GICD, GICC, GICV */
#define TYPER 0x004
#define IGROUPR 0x080
#define ISENABLER 0x100
#define ICENABLER 0x180
#define ISPENDR 0x200
#define ICPENDR 0x280
#define ISACTIVER 0x300
#define ICACTIVER 0x380
#define IPRIORITYR 0x400
#define ITARGETSR 0x800
#define ICFGR 0xc00
#define SGIR 0xf00
#define CPENDSGIR 0xf10
#define SPENDSGIR 0xf20
/* GICC and GICV */
#define PMR 0x04
#define BPR 0x08
#define IAR 0x0c
#define EOIR 0x10
#define RPR 0x14
#define HPPIR 0x18
#define ABPR 0x1c
#define AIAR 0x20
#define AEOIR 0x24
#define AHPPIR 0x28
#define DIR 0x1000
#define GICC_ACKCTL 4u
#define GICC_FIQEN 8u
#define GICC_EOIMODE 0x200u
/* GICH */
#define HCR 0x00
#define VTR 0x04
#define VMCR 0x08
#define MISR 0x10
#define EISR 0x20
#define ELRSR 0x30
#define APR 0xf0
#define LR(n) (0x100 + 4 * (n))
#define LR_PENDING (1u << 28)
#define LR_ACTIVE (1u << 29)
#define LR_GROUP1 (1u << 30)
#define LR_HW (1u << 31)
#define LR_EOI (1u << 19)
#define LR_PRIO(p) ((u32)(p) >> 3 << 23)
#define LR_CPU(n) ((u32)(n) << 10)
#define LR_PHYS(id) ((u32)(id) << 10)

#define SPURIOUS 1023u
#define OF_GROUP1 1022u
#define PRIORITY 0x80u

static inline void set_bit(u32 base, u32 id)
{
	GICD(base + id / 32 * 4) = 1u << id % 32;
	BARRIER();
}

static inline int get_bit(u32 base, u32 id)
{
	return GICD(base + id / 32 * 4) >> id % 32 & 1;
}

static inline void set_group(u32 id, unsigned group)
{
	u32 v = GICD(IGROUPR + id / 32 * 4);

	GICD(IGROUPR + id / 32 * 4) = (v & ~(1u << id % 32)) | group << id % 32;
}

static inline void set_edge(u32 id)
{
	GICD(ICFGR + id / 16 * 4) |= 2u << id % 16 * 2;
}

static inline void gicv2_cpu_init(void)
{
	GICD(ICENABLER) = ~0u;
	GICD(ICPENDR) = ~0u;
	GICD(ICACTIVER) = ~0u;
	GICD(IGROUPR) = 0;
	for (u32 i = 0; i < 16; i += 4)
		GICD(CPENDSGIR + i) = ~0u;
	for (u32 i = 0; i < 32; i++)
		GICD8(IPRIORITYR + i) = PRIORITY;
	GICC(CTLR) = 3;
	GICC(PMR) = 0xff;
	GICC(BPR) = 0;
	GICC(ABPR) = 0;
	BARRIER();
}

static inline void gicv2_init(void)
{
	GICD(CTLR) = 3;
	for (u32 i = 1; i < 9; i++) {
		GICD(ICENABLER + i * 4) = ~0u;
		GICD(ICPENDR + i * 4) = ~0u;
		GICD(ICACTIVER + i * 4) = ~0u;
		GICD(IGROUPR + i * 4) = 0;
	}
	for (u32 i = 32; i < 288; i++) {
		GICD8(IPRIORITYR + i) = PRIORITY;
		GICD8(ITARGETSR + i) = 1;
	}
	gicv2_cpu_init();
}

/* Makes an SPI ready to be set pending by set_bit(ISPENDR, id). */
static inline void ready(u32 id, u32 priority)
{
	set_edge(id);
	GICD8(IPRIORITYR + id) = (u8)priority;
	set_bit(ISENABLER, id);
}

/* Acknowledges and ends. */
static inline u32 take(void)
{
	u32 id = GICC(IAR);

	if (id < 1020 || id > SPURIOUS)
		GICC(EOIR) = id;
	BARRIER();
	return id;
}

#endif
