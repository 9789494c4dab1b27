/*
 * The ITS between its files: its.c (registers, the command queue), its_commands.c (what each command
 * does) and its_tables.c (device table, collection table and ITTs in the guest's memory).
 */
#ifndef GIC_ITS_PRIV_H
#define GIC_ITS_PRIV_H

#include "gic/gic_priv.h"

enum { ITS_DEVICE_BITS = 16, ITS_EVENT_BITS = 16, ITS_COLLECTION_BITS = 16 };
enum { ITS_COMMAND_BYTES = 32 };
enum { ITS_TABLE_DEVICES, ITS_TABLE_COLLECTIONS, ITS_TABLES };

struct its {
	struct gic *g;
	struct event_queue *queue;
	u64 (*now)(void *ctx);
	void *ctx;
	struct event more; /* commands that one register write left to do */

	bool enabled, stalled;
	u64 cbaser, cwriter, creadr; /* the last two: byte offsets in the queue */
	u64 baser[ITS_TABLES];
};

/*
 * What became of a command or message. ERROR: it breaks the manual's rules (IHI0069 5.3 "Command
 * errors"); FAULT: memory that it needs cannot be read or written.
 */
enum its_result { ITS_OK, ITS_ERROR, ITS_FAULT };

#define ITS_VALID BIT(63)

/*
 * Entries, all of 8 bytes:
 *	device      63 valid, 51:8 address of its ITT, 4:0 EventID bits less one
 *	collection  63 valid, 31:0 PE number
 *	event       63 valid, 47:32 collection, 31:0 INTID of the LPI
 */
enum { ITS_ENTRY_BYTES = 8 };

/* One translated event. Everything in it comes from the guest's memory, checked. */
struct its_event {
	u64 addr; /* of its entry */
	u32 intid, collection;
	struct gic_pe *pe;
};

/* Reads and writes of the entry of an ID. An entry that is not valid reads as 0. */
enum its_result its_read_entry(struct its *t, unsigned table, u32 id, u64 *entry);
enum its_result its_write_entry(struct its *t, unsigned table, u32 id, u64 entry);
/* Where the entry of an event of a mapped device stands. */
enum its_result its_event_addr(struct its *t, u32 device, u32 event, u64 *addr);
enum its_result its_read_event(struct its *t, u64 addr, u64 *entry);
enum its_result its_write_event(struct its *t, u64 addr, u64 entry);
/* The PE of a mapped collection. */
enum its_result its_collection_pe(struct its *t, u32 collection, struct gic_pe **pe);
enum its_result its_translate(struct its *t, u32 device, u32 event, struct its_event *e);

/* The fields of GITS_BASER<n>. */
u64 its_page_bytes(u64 baser);
u64 its_table_base(u64 baser);
bool its_two_levels(u64 baser);

u64 its_queue_bytes(const struct its *t);
/* The command at this offset of the queue; false: it is not in RAM. */
bool its_command_at(struct its *t, u64 offset, u64 dw[4]);
/* Carries out one command; *cost: how much of the work of one batch it takes. */
enum its_result its_command(struct its *t, const u64 dw[4], unsigned *cost);
const char *its_command_name(u64 dw0);

#endif
