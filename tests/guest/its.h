/*
 * The ITS for the tests: tables and command queue at fixed addresses in RAM, commands one by one.
 * DeviceIDs are small; every command is followed through GITS_CREADR.
 */
#ifndef ITS_H
#define ITS_H

#include "gic_common.h"

#define GITS(offset) (*(volatile u32 *)(0x08080000ul + (offset)))
#define GITS64(offset) (*(volatile u64 *)(0x08080000ul + (offset)))
#define GICR64(cpu, offset) (*(volatile u64 *)(0x080a0000ul + (cpu) * 0x20000ul + (offset)))
#define GITS_CTLR 0x0000
#define GITS_TYPER 0x0008
#define GITS_CBASER 0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR 0x0090
#define GITS_BASER(n) (0x0100 + 8 * (n))
#define GITS_TRANSLATER 0x10040
#define GICR_CTLR 0x0000
#define GICR_TYPER 0x0008
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078

#define ITS_VALID (1ul << 63)
#define ITS_INDIRECT (1ul << 62)
#define ITS_PAGE_64K (2ul << 8)

/* RAM that the frame does not use; all 64 KiB apart at least */
#define QUEUE 0x48000000ul
#define DEVICES 0x48010000ul
#define COLLECTIONS 0x48020000ul
#define PROPERTIES 0x48030000ul
#define PENDING(cpu) (0x48040000ul + (cpu) * 0x10000ul)
#define ITT(device) (0x48100000ul + (device) * 0x1000ul)
#define LEVEL2 0x48200000ul
#define NOWHERE 0x30000000000ul

#define LPI(n) (8192u + (n))
#define LPI_ENABLED 1u

#define QUEUE_BYTES 4096u

static inline void its_zero(u64 addr, u64 bytes)
{
	for (u64 i = 0; i < bytes; i += 8)
		*(volatile u64 *)(addr + i) = 0;
}

/* Writes one command; it is not looked at before its_go(). */
static inline void its_put(u64 dw0, u64 dw1, u64 dw2, u64 dw3)
{
	u64 at = GITS64(GITS_CWRITER);
	volatile u64 *c = (volatile u64 *)(QUEUE + at);

	c[0] = dw0;
	c[1] = dw1;
	c[2] = dw2;
	c[3] = dw3;
	BARRIER();
	GITS64(GITS_CWRITER) = (at + 32) % QUEUE_BYTES;
}

/* Until the queue is empty or stalled; whether it is empty. */
static inline int its_wait(void)
{
	for (unsigned i = 0; i < 1000000; i++) {
		u64 at = GITS64(GITS_CREADR);

		if (at & 1)
			return 0;
		if (at == GITS64(GITS_CWRITER))
			return 1;
	}
	return 0;
}

static inline int its_do(u64 dw0, u64 dw1, u64 dw2, u64 dw3)
{
	its_put(dw0, dw1, dw2, dw3);
	return its_wait();
}

static inline u64 its_rdbase(unsigned cpu)
{
	return (u64)cpu << 16; /* GITS_TYPER.PTA = 0 */
}
static inline int its_mapd(u32 device, unsigned event_bits)
{
	return its_do((u64)device << 32 | 8, event_bits - 1, ITS_VALID | ITT(device), 0);
}
static inline int its_mapc(u32 collection, unsigned cpu)
{
	return its_do(9, 0, ITS_VALID | its_rdbase(cpu) | collection, 0);
}
static inline int its_mapti(u32 device, u32 event, u32 lpi, u32 collection)
{
	return its_do((u64)device << 32 | 0xa, (u64)lpi << 32 | event, collection, 0);
}
static inline int its_mapi(u32 device, u32 lpi, u32 collection)
{
	return its_do((u64)device << 32 | 0xb, lpi, collection, 0);
}
static inline int its_movi(u32 device, u32 event, u32 collection)
{
	return its_do((u64)device << 32 | 1, event, collection, 0);
}
static inline int its_movall(unsigned from, unsigned to)
{
	return its_do(0xe, 0, its_rdbase(from), its_rdbase(to));
}
static inline int its_event(unsigned command, u32 device, u32 event)
{
	return its_do((u64)device << 32 | command, event, 0, 0);
}
#define its_int(device, event) its_event(3, device, event)
#define its_clear(device, event) its_event(4, device, event)
#define its_inv(device, event) its_event(0xc, device, event)
#define its_discard(device, event) its_event(0xf, device, event)
static inline int its_sync(unsigned cpu)
{
	return its_do(5, 0, its_rdbase(cpu), 0);
}
static inline int its_invall(u32 collection)
{
	return its_do(0xd, 0, collection, 0);
}

static inline void lpi_config(u32 lpi, unsigned config)
{
	*(volatile u8 *)(PROPERTIES + lpi - 8192) = (u8)config;
	BARRIER();
}

static inline void lpi_off(unsigned cpu)
{
	GICR(cpu, GICR_CTLR) = 0;
	while (GICR(cpu, GICR_CTLR) & 1u << 3)
		;
}

static inline void lpi_on(unsigned cpu)
{
	GICR64(cpu, GICR_PROPBASER) = PROPERTIES | 15;
	GICR64(cpu, GICR_PENDBASER) = PENDING(cpu);
	GICR(cpu, GICR_CTLR) = 1;
	BARRIER();
}

/*
 * Everything anew: tables of these sizes, n CPUs with LPIs enabled, all LPIs of priority 0xa0 and
 * enabled, collection n at CPU n, device 1 with 16 events.
 */
static inline void its_setup_tables(unsigned cpus, u64 devices, u64 collections)
{
	gic_init();
	GITS(GITS_CTLR) = 0;
	while (!(GITS(GITS_CTLR) >> 31))
		;
	its_zero(QUEUE, 0x10000);
	its_zero(DEVICES, 0x10000);
	its_zero(COLLECTIONS, 0x10000);
	for (u64 i = 0; i < 57344; i += 8)
		*(volatile u64 *)(PROPERTIES + i) = 0xa1a1a1a1a1a1a1a1;
	for (unsigned i = 0; i < cpus; i++) {
		lpi_off(i);
		its_zero(PENDING(i), 0x10000);
	}
	for (unsigned i = 0; i < 8; i++)
		its_zero(ITT(i), 0x1000);
	for (unsigned i = 0; i < cpus; i++)
		lpi_on(i);
	GITS64(GITS_BASER(0)) = ITS_VALID | DEVICES | devices;
	GITS64(GITS_BASER(1)) = ITS_VALID | COLLECTIONS | collections;
	GITS64(GITS_CBASER) = ITS_VALID | QUEUE;
	GITS64(GITS_CWRITER) = 0;
	GITS(GITS_CTLR) = 1;
	for (unsigned i = 0; i < cpus; i++)
		its_mapc(i, i);
	its_mapd(1, 4);
	BARRIER();
}

static inline void its_setup(unsigned cpus)
{
	its_setup_tables(cpus, ITS_PAGE_64K, ITS_PAGE_64K);
}

/* Acknowledges and ends the next interrupt of this CPU. */
static inline u32 its_take(void)
{
	u32 id = (u32)READ(icc_iar1_el1);

	if (id != SPURIOUS)
		WRITE(icc_eoir1_el1, id);
	return id;
}

#endif
