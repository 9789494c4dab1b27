/*
 * The ITS and the LPIs as a screen of text: `info its` of the monitor. The tables are read as the ITS reads them when a message comes,
 * from the guest's memory as it is now. A guest can make them name anything, so what is looked at and what is printed is bounded.
 */
#include "gic/its_priv.h"

enum {
	SHOW_COMMANDS = 8,
	SHOW_DEVICES = 32,
	SHOW_COLLECTIONS = 32,
	SHOW_EVENTS = 256, /* of all devices */
	SHOW_LPIS = 32,    /* of a redistributor */
	LOOK_EVENTS = 1 << 18, /* entries of ITTs read at most */
};

/* ---- registers and commands ---- */

static void show_command(struct its *t, u64 at, FILE *out)
{
	u64 dw[4];

	if (!its_command_at(t, at, dw)) {
		fprintf(out, "    0x%05" PRIx64 "  not in RAM\n", at);
		return;
	}
	fprintf(out, "    0x%05" PRIx64 "  %-8s %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n", at, its_command_name(dw[0]),
		dw[0], dw[1], dw[2], dw[3]);
}

static void show_queue(struct its *t, FILE *out)
{
	u64 size = its_queue_bytes(t), wait;

	fprintf(out, "ITS: %s%s\n", t->enabled ? "on" : "off", t->stalled ? ", stalled by a command that needs memory which is not there" : "");
	if (!(t->cbaser & ITS_VALID)) {
		fprintf(out, "  command queue   none (GITS_CBASER.Valid is 0)\n");
		return;
	}
	wait = t->cwriter >= size ? 0 : (t->cwriter + size - t->creadr) % size / ITS_COMMAND_BYTES;
	fprintf(out, "  command queue   0x%" PRIx64 ", %" PRIu64 " KiB: GITS_CREADR 0x%" PRIx64 ", GITS_CWRITER 0x%" PRIx64 ", ",
		(u64)(t->cbaser & MASK(51, 12)), size / 1024, t->creadr, t->cwriter);
	if (t->cwriter >= size)
		fprintf(out, "which is outside\n");
	else
		fprintf(out, "%" PRIu64 " command%s wait%s\n", wait, wait == 1 ? "" : "s", wait == 1 ? "s" : "");
	for (u64 i = 0; i < wait && i < SHOW_COMMANDS; i++)
		show_command(t, (t->creadr + i * ITS_COMMAND_BYTES) % size, out);
	if (wait > SHOW_COMMANDS)
		fprintf(out, "    ... and %" PRIu64 " more\n", wait - SHOW_COMMANDS);
}

static void show_baser(const struct its *t, unsigned table, const char *name, FILE *out)
{
	u64 baser = t->baser[table];

	if (!(baser & ITS_VALID)) {
		fprintf(out, "  %-15s none (GITS_BASER%u.Valid is 0)\n", name, table);
		return;
	}
	fprintf(out, "  %-15s 0x%" PRIx64 ", %" PRIu64 " page%s of %" PRIu64 " KiB, %s\n", name, its_table_base(baser), bits(baser, 7, 0) + 1,
		bits(baser, 7, 0) ? "s" : "", its_page_bytes(baser) / 1024, its_two_levels(baser) ? "two levels" : "flat");
}

/* ---- tables ---- */

static void show_collections(struct its *t, FILE *out)
{
	unsigned n = 0;
	u64 e;

	show_baser(t, ITS_TABLE_COLLECTIONS, "collections", out);
	for (u32 id = 0; id < 1u << ITS_COLLECTION_BITS; id++) {
		if (its_read_entry(t, ITS_TABLE_COLLECTIONS, id, &e) != ITS_OK || !e || n++ >= SHOW_COLLECTIONS)
			continue;
		fprintf(out, "    collection %u: ", id);
		if ((u32)e < t->g->n_pes)
			fprintf(out, "PE %u\n", (u32)e);
		else
			fprintf(out, "PE %u, which does not exist\n", (u32)e);
	}
	if (n > SHOW_COLLECTIONS)
		fprintf(out, "    ... and %u more\n", n - SHOW_COLLECTIONS);
}

/* Where an LPI goes and how it is configured, as it is kept and, where that differs, as it stands in memory. */
static void show_lpi(const struct gic *g, const struct gic_pe *p, u32 id, FILE *out)
{
	u8 config = g->lpi_config[id - INTID_LPI], now = config;

	fprintf(out, "%s, priority 0x%02x", config & 1 ? "enabled" : "disabled", lpi_priority(g, config));
	if (lpi_in_memory(p, id, &now) && now != config)
		fprintf(out, " (memory says 0x%02x: no INV since)", now);
}

static void show_event(struct its *t, u32 event, u64 e, FILE *out)
{
	u32 intid = (u32)e, collection = (u32)bits(e, 47, 32);
	struct gic_pe *p;

	fprintf(out, "      event %u: LPI %u, collection %u", event, intid, collection);
	if (intid < INTID_LPI || intid >= INTID_LPI + GIC_LPIS)
		fprintf(out, "; not an LPI");
	else if (its_collection_pe(t, collection, &p) != ITS_OK)
		fprintf(out, ", which is not mapped");
	else {
		fprintf(out, " (PE %u), ", p->index);
		show_lpi(t->g, p, intid, out);
		if (lpi_pending(p, intid))
			fprintf(out, ", pending");
	}
	fputc('\n', out);
}

/* What is left to look at and to print, over all devices. */
struct room {
	u32 events, looks;
};

static void show_itt(struct its *t, u32 device, u64 entry, struct room *room, FILE *out)
{
	u64 events = 2ull << bits(entry, 4, 0), addr, e;
	u32 more = 0;

	if (events > 1u << ITS_EVENT_BITS)
		events = 1u << ITS_EVENT_BITS;
	for (u32 i = 0; i < events; i++) {
		if (!room->looks) {
			fprintf(out, "      ... not looked at from event %u on\n", i);
			break;
		}
		room->looks--;
		if (its_event_addr(t, device, i, &addr) != ITS_OK || its_read_event(t, addr, &e) != ITS_OK) {
			fprintf(out, "      event %u: not in RAM\n", i);
			break;
		}
		if (!(e & ITS_VALID))
			continue;
		if (!room->events) {
			more++;
			continue;
		}
		room->events--;
		show_event(t, i, e, out);
	}
	if (more)
		fprintf(out, "      ... and %u more mapped events\n", more);
}

static void show_devices(struct its *t, FILE *out)
{
	struct room room = { .events = SHOW_EVENTS, .looks = LOOK_EVENTS };
	unsigned n = 0;
	u64 e;

	show_baser(t, ITS_TABLE_DEVICES, "devices", out);
	for (u32 id = 0; id < 1u << ITS_DEVICE_BITS; id++) {
		if (its_read_entry(t, ITS_TABLE_DEVICES, id, &e) != ITS_OK || !e || n++ >= SHOW_DEVICES)
			continue;
		fprintf(out, "    device 0x%x (%02x:%02x.%x): ITT 0x%" PRIx64 ", %" PRIu64 " events\n", id, id >> 8, id >> 3 & 31, id & 7,
			(u64)(e & MASK(51, 8)), (u64)2 << bits(e, 4, 0));
		show_itt(t, id, e, &room, out);
	}
	if (n > SHOW_DEVICES)
		fprintf(out, "    ... and %u more\n", n - SHOW_DEVICES);
}

/* ---- redistributors ---- */

static u32 enabled_lpis(const struct gic_pe *p)
{
	u32 n = 0;

	for (u32 i = 0; i < lpi_count(p); i++)
		n += p->g->lpi_config[i] & 1;
	return n;
}

static void show_redist(const struct gic_pe *p, FILE *out)
{
	unsigned n = 0;

	fprintf(out, "  PE %u: LPIs %s, GICR_PROPBASER 0x%" PRIx64 " (INTIDs to %u, %u enabled), GICR_PENDBASER 0x%" PRIx64 ", pending:", p->index,
		p->gicr_ctlr & GICR_CTLR_ENABLE_LPIS ? "on" : "off", p->propbaser, lpi_count(p) ? INTID_LPI + lpi_count(p) - 1 : 0,
		enabled_lpis(p), p->pendbaser);
	for (u32 id = INTID_LPI; id < INTID_LPI + GIC_LPIS; id++)
		if (lpi_pending(p, id) && n++ < SHOW_LPIS)
			fprintf(out, " %u", id);
	if (n > SHOW_LPIS)
		fprintf(out, " and %u more", n - SHOW_LPIS);
	fprintf(out, "%s\n", n ? "" : " none");
}

void gic_show_its(const struct gic *g, FILE *out)
{
	struct its *t = g->its;

	if (!t) {
		fprintf(out, "there is no ITS on this board\n");
		return;
	}
	show_queue(t, out);
	show_collections(t, out);
	show_devices(t, out);
	fprintf(out, "redistributors\n");
	for (unsigned i = 0; i < g->n_pes; i++)
		show_redist(&g->pe[i], out);
}
