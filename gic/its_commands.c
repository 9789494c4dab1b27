/* The ITS's commands (IHI0069 5.3), one function and one row each. Called by the queue in its.c. */
#include "gic/its_priv.h"

enum { COST_USUAL = 1, COST_ALL_LPIS = 16 };

static u32 device_of(const u64 dw[4])
{
	return (u32)(dw[0] >> 32);
}
static u32 event_of(const u64 dw[4])
{
	return (u32)dw[1];
}
static u32 collection_of(const u64 dw[4])
{
	return (u32)bits(dw[2], 15, 0);
}

/* RDbase is a PE number, GITS_TYPER.PTA = 0. */
static struct gic_pe *rdbase(struct its *t, u64 dw)
{
	u64 n = bits(dw, 50, 16);

	return n < t->g->n_pes ? &t->g->pe[n] : NULL;
}

static enum its_result do_mapd(struct its *t, const u64 dw[4])
{
	u64 size = bits(dw[1], 4, 0);
	bool valid = dw[2] & ITS_VALID;

	if (device_of(dw) >> ITS_DEVICE_BITS || (valid && size >= ITS_EVENT_BITS))
		return ITS_ERROR;
	return its_write_entry(t, ITS_TABLE_DEVICES, device_of(dw),
			       valid ? ITS_VALID | (dw[2] & MASK(51, 8)) | size : 0);
}

static enum its_result do_mapc(struct its *t, const u64 dw[4])
{
	const struct gic_pe *p = rdbase(t, dw[2]);
	bool valid = dw[2] & ITS_VALID;

	if (valid && !p)
		return ITS_ERROR;
	return its_write_entry(t, ITS_TABLE_COLLECTIONS, collection_of(dw),
			       valid ? ITS_VALID | p->index : 0);
}

static enum its_result map_event(struct its *t, const u64 dw[4], u32 intid)
{
	u64 addr;
	enum its_result r = its_event_addr(t, device_of(dw), event_of(dw), &addr);

	if (r != ITS_OK)
		return r;
	if (intid - INTID_LPI >= GIC_LPIS)
		return ITS_ERROR;
	return its_write_event(t, addr, ITS_VALID | (u64)collection_of(dw) << 32 | intid);
}

static enum its_result do_mapti(struct its *t, const u64 dw[4])
{
	return map_event(t, dw, (u32)(dw[1] >> 32));
}

static enum its_result do_mapi(struct its *t, const u64 dw[4])
{
	return map_event(t, dw, event_of(dw));
}

static enum its_result do_movi(struct its *t, const u64 dw[4])
{
	struct its_event e;
	struct gic_pe *to;
	enum its_result r = its_translate(t, device_of(dw), event_of(dw), &e);

	if (r == ITS_OK)
		r = its_collection_pe(t, collection_of(dw), &to);
	if (r == ITS_OK)
		r = its_write_event(t, e.addr,
				    ITS_VALID | (u64)collection_of(dw) << 32 | e.intid);
	if (r == ITS_OK)
		lpi_move(e.pe, to, e.intid);
	return r;
}

static enum its_result do_movall(struct its *t, const u64 dw[4])
{
	struct gic_pe *from = rdbase(t, dw[2]), *to = rdbase(t, dw[3]);

	if (!from || !to)
		return ITS_ERROR;
	lpi_move_all(from, to);
	return ITS_OK;
}

static enum its_result do_int(struct its *t, const u64 dw[4])
{
	struct its_event e;
	enum its_result r = its_translate(t, device_of(dw), event_of(dw), &e);

	if (r == ITS_OK)
		lpi_set(e.pe, e.intid, true);
	return r;
}

static enum its_result do_clear(struct its *t, const u64 dw[4])
{
	struct its_event e;
	enum its_result r = its_translate(t, device_of(dw), event_of(dw), &e);

	if (r == ITS_OK)
		lpi_set(e.pe, e.intid, false);
	return r;
}

static enum its_result do_discard(struct its *t, const u64 dw[4])
{
	struct its_event e;
	enum its_result r = its_translate(t, device_of(dw), event_of(dw), &e);

	if (r != ITS_OK)
		return r;
	lpi_set(e.pe, e.intid, false);
	return its_write_event(t, e.addr, 0);
}

static enum its_result do_inv(struct its *t, const u64 dw[4])
{
	struct its_event e;
	enum its_result r = its_translate(t, device_of(dw), event_of(dw), &e);

	if (r == ITS_OK)
		lpi_reload(e.pe, e.intid);
	return r;
}

static enum its_result do_invall(struct its *t, const u64 dw[4])
{
	struct gic_pe *p;
	enum its_result r = its_collection_pe(t, collection_of(dw), &p);

	if (r == ITS_OK)
		lpi_reload_all(p);
	return r;
}

/* Each command is complete before the next begins. */
static enum its_result do_sync(struct its *t, const u64 dw[4])
{
	return rdbase(t, dw[2]) ? ITS_OK : ITS_ERROR;
}

static const struct {
	const char *name;
	enum its_result (*run)(struct its *t, const u64 dw[4]);
	unsigned cost;
} commands[] = {
	[0x01] = { "MOVI", do_movi, COST_USUAL },
	[0x03] = { "INT", do_int, COST_USUAL },
	[0x04] = { "CLEAR", do_clear, COST_USUAL },
	[0x05] = { "SYNC", do_sync, COST_USUAL },
	[0x08] = { "MAPD", do_mapd, COST_USUAL },
	[0x09] = { "MAPC", do_mapc, COST_USUAL },
	[0x0a] = { "MAPTI", do_mapti, COST_USUAL },
	[0x0b] = { "MAPI", do_mapi, COST_USUAL },
	[0x0c] = { "INV", do_inv, COST_USUAL },
	[0x0d] = { "INVALL", do_invall, COST_ALL_LPIS },
	[0x0e] = { "MOVALL", do_movall, COST_ALL_LPIS },
	[0x0f] = { "DISCARD", do_discard, COST_USUAL },
};

const char *its_command_name(u64 dw0)
{
	u8 n = (u8)dw0;

	return n < ARRAY_SIZE(commands) && commands[n].name ? commands[n].name : "unknown";
}

enum its_result its_command(struct its *t, const u64 dw[4], unsigned *cost)
{
	u8 n = (u8)dw[0];

	*cost = COST_USUAL;
	if (n >= ARRAY_SIZE(commands) || !commands[n].run)
		return ITS_ERROR;
	*cost = commands[n].cost;
	return commands[n].run(t, dw);
}
