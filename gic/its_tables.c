/*
 * The ITS's tables. All of them are in the guest's memory, and nothing is cached: every look-up
 * reads what stands there now, so whatever the guest writes into them can at worst lose or misroute
 * its own interrupts. Only RAM is read; a table elsewhere is a fault.
 */
#include "gic/its_priv.h"

#define BASER_INDIRECT BIT(62)

static enum its_result read64(struct its *t, u64 addr, u64 *v)
{
	u8 b[8];

	*v = 0;
	if (bus_copy_out(t->g->bus, pa_make(SPACE_NS, addr), b, sizeof b) != BUS_OK)
		return ITS_FAULT;
	for (unsigned i = 0; i < 8; i++)
		*v |= (u64)b[i] << 8 * i;
	return ITS_OK;
}

static enum its_result write64(struct its *t, u64 addr, u64 v)
{
	u8 b[8];

	for (unsigned i = 0; i < 8; i++)
		b[i] = (u8)(v >> 8 * i);
	return bus_copy_in(t->g->bus, pa_make(SPACE_NS, addr), b, sizeof b) == BUS_OK ? ITS_OK
										       : ITS_FAULT;
}

u64 its_page_bytes(u64 baser)
{
	static const u32 sizes[] = { 4096, 16384, 65536, 65536 /* reserved */ };

	return sizes[bits(baser, 9, 8)];
}

/* With 64 KiB pages bits 15:12 of the register are bits 51:48 of the address. */
u64 its_table_base(u64 baser)
{
	u64 page = its_page_bytes(baser);
	u64 addr = baser & MASK(47, 12) & ~(page - 1);

	return page == 65536 ? addr | bits(baser, 15, 12) << 48 : addr;
}

bool its_two_levels(u64 baser)
{
	return baser & BASER_INDIRECT;
}

/* The entry's address: straight in a flat table, through a level-1 entry in a two-level one. */
static enum its_result entry_addr(struct its *t, unsigned table, u32 id, u64 *addr)
{
	u64 baser = t->baser[table], page = its_page_bytes(baser);
	u64 room = (bits(baser, 7, 0) + 1) * page / ITS_ENTRY_BYTES, first = id, l1;
	u64 per_page = page / ITS_ENTRY_BYTES;
	enum its_result r;

	if (!(baser & ITS_VALID))
		return ITS_ERROR;
	if (its_two_levels(baser))
		first = id / per_page;
	if (first >= room)
		return ITS_ERROR;
	*addr = its_table_base(baser) + first * ITS_ENTRY_BYTES;
	if (!its_two_levels(baser))
		return ITS_OK;
	r = read64(t, *addr, &l1);
	if (r != ITS_OK)
		return r;
	*addr = (l1 & MASK(51, 12) & ~(page - 1)) + id % per_page * ITS_ENTRY_BYTES;
	return l1 & ITS_VALID ? ITS_OK : ITS_ERROR;
}

enum its_result its_read_entry(struct its *t, unsigned table, u32 id, u64 *entry)
{
	u64 addr;
	enum its_result r = entry_addr(t, table, id, &addr);

	*entry = 0;
	if (r == ITS_OK)
		r = read64(t, addr, entry);
	if (!(*entry & ITS_VALID))
		*entry = 0;
	return r;
}

enum its_result its_write_entry(struct its *t, unsigned table, u32 id, u64 entry)
{
	u64 addr;
	enum its_result r = entry_addr(t, table, id, &addr);

	return r == ITS_OK ? write64(t, addr, entry) : r;
}

enum its_result its_event_addr(struct its *t, u32 device, u32 event, u64 *addr)
{
	u64 entry;
	enum its_result r;

	*addr = 0;
	if (device >> ITS_DEVICE_BITS)
		return ITS_ERROR;
	r = its_read_entry(t, ITS_TABLE_DEVICES, device, &entry);
	if (r != ITS_OK)
		return r;
	if (!(entry & ITS_VALID) || event >> bits(entry, 4, 0) >> 1)
		return ITS_ERROR;
	*addr = (entry & MASK(51, 8)) + (u64)event * ITS_ENTRY_BYTES;
	return ITS_OK;
}

enum its_result its_read_event(struct its *t, u64 addr, u64 *entry)
{
	return read64(t, addr, entry);
}

enum its_result its_write_event(struct its *t, u64 addr, u64 entry)
{
	return write64(t, addr, entry);
}

enum its_result its_collection_pe(struct its *t, u32 collection, struct gic_pe **pe)
{
	u64 entry;
	enum its_result r = its_read_entry(t, ITS_TABLE_COLLECTIONS, collection, &entry);

	if (r != ITS_OK)
		return r;
	if (!(entry & ITS_VALID) || (u32)entry >= t->g->n_pes)
		return ITS_ERROR;
	*pe = &t->g->pe[(u32)entry];
	return ITS_OK;
}

enum its_result its_translate(struct its *t, u32 device, u32 event, struct its_event *e)
{
	u64 entry;
	enum its_result r = its_event_addr(t, device, event, &e->addr);

	if (r == ITS_OK)
		r = read64(t, e->addr, &entry);
	if (r != ITS_OK)
		return r;
	if (!(entry & ITS_VALID))
		return ITS_ERROR;
	e->intid = (u32)entry;
	e->collection = (u32)bits(entry, 47, 32);
	return its_collection_pe(t, e->collection, &e->pe);
}
