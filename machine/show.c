/* Screens of the parts that have a place on the board: interrupt controller, timers, events, devices. See show.h. */
#include "machine/show.h"

#include <string.h>

#include "devices/virtio/mmio.h"
#include "machine/machine_priv.h"

/* ---- which device has which interrupt ---- */

static const struct {
	u64 base;
	u8 spi, n;
} device_spis[] = {
	{ BOARD_UART0_BASE, BOARD_SPI_UART0, 1 }, { BOARD_RTC_BASE, BOARD_SPI_RTC, 1 },	      { BOARD_GPIO_BASE, BOARD_SPI_GPIO, 1 },
	{ BOARD_UART1_BASE, BOARD_SPI_UART1, 1 }, { BOARD_GED_BASE, BOARD_SPI_GED, 1 },	      { BOARD_SECGPIO_BASE, BOARD_SPI_SECGPIO, 1 },
	{ BOARD_PCIE_ECAM_LOW, BOARD_SPI_PCIE, 4 }, { BOARD_PCIE_ECAM_HIGH, BOARD_SPI_PCIE, 4 },
};

/* First SPI of the device at base, *n of them; 0: none. */
static unsigned spis_at(u64 base, unsigned *n)
{
	*n = 1;
	if (base >= BOARD_VIRTIO_BASE && base < BOARD_VIRTIO_BASE + BOARD_VIRTIO_N * BOARD_VIRTIO_SIZE)
		return BOARD_SPI_VIRTIO + (unsigned)((base - BOARD_VIRTIO_BASE) / BOARD_VIRTIO_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(device_spis); i++)
		if (device_spis[i].base == base) {
			*n = device_spis[i].n;
			return device_spis[i].spi;
		}
	*n = 0;
	return 0;
}

/* The device at an address: a virtio slot by what is in it and what the user calls that. */
static void region_text(const struct bus_region *r, char *text, size_t size)
{
	const struct virtio_device *d = r->ops == &virtio_mmio_ops ? virtio_mmio_device(r->dev) : NULL;

	if (d && strcmp(d->name, d->ops->name) != 0)
		snprintf(text, size, "%s %s", d->ops->name, d->name);
	else
		snprintf(text, size, "%s", d ? d->name : r->ops ? r->ops->name : r->name);
}

static const char *ppi_name(u32 intid)
{
	static const char *const timers[TIMER_COUNT] = { "EL1 physical timer", "virtual timer", "EL2 physical timer", "EL2 virtual timer",
							 "Secure physical timer" };

	for (unsigned i = 0; i < TIMER_COUNT; i++)
		if (machine_timer_intid[i] == intid)
			return timers[i];
	return intid == BOARD_PPI(BOARD_PPI_PMU) ? "PMU" : intid == GIC_MAINTENANCE_INTID ? "maintenance" : NULL;
}

static void device_text(void *ctx, u32 intid, char *text, size_t size)
{
	struct machine *m = ctx;
	const struct bus_region *r;
	size_t n = bus_regions(m->bus, &r);
	unsigned count, spi;

	if (ppi_name(intid))
		snprintf(text, size, "%s", ppi_name(intid));
	for (size_t i = 0; i < n; i++) {
		spi = spis_at(r[i].base, &count);
		if (r[i].dev && intid >= BOARD_SPI(spi) && intid < BOARD_SPI(spi + count))
			region_text(&r[i], text, size);
	}
	if (gic_v2m(m->gic) && intid >= BOARD_SPI(BOARD_SPI_V2M) && intid < BOARD_SPI(BOARD_SPI_V2M + BOARD_V2M_SPIS))
		snprintf(text, size, "message (GICv2m)");
}

void machine_show_gic(struct machine *m, unsigned pe, const struct code_names *code, FILE *out)
{
	gic_show(m->seat[pe].cpu, &(struct gic_names){ .ctx = m, .device = device_text, .code = code }, out);
}

void machine_show_its(struct machine *m, FILE *out)
{
	gic_show_its(m->gic, out);
}

/* ---- timers and events ---- */

static void show_time(u64 ps, FILE *out)
{
	fprintf(out, "%" PRIu64 ".%06" PRIu64 " us", ps / 1000000, ps % 1000000);
}

static void show_events(struct machine *m, FILE *out)
{
	u64 now = machine_now(m);

	fprintf(out, "events, at ");
	show_time(now, out);
	fprintf(out, "%s\n", m->queue.head ? "" : ": none");
	for (const struct event *e = m->queue.head; e; e = e->next) {
		u64 left = e->when > now ? e->when - now : 0;

		fprintf(out, "  ");
		show_time(e->when, out);
		fprintf(out, "  in %" PRIu64 ".%03" PRIu64 " us  %s%s%s\n", left / 1000000, left % 1000000 / 1000, e->owner ? e->owner : "",
			e->owner ? ": " : "", e->name);
	}
}

void machine_show_timers(struct machine *m, FILE *out)
{
	for (unsigned i = 0; i < m->pes; i++) {
		u64 own = cpu_now(m->seat[i].cpu), now = machine_now(m);

		timer_show(m->seat[i].cpu, machine_timer_intid, own > now ? own : now, out);
	}
	show_events(m, out);
}

/* ---- devices ---- */

static const char *region_kind(const struct bus_region *r)
{
	if (r->dev && r->host)
		return r->array ? "reads see the array" : "reads see the device";
	if (r->dev)
		return "";
	return r->readonly ? "read-only" : "";
}

static void show_region(struct machine *m, const struct bus_region *r, FILE *out)
{
	unsigned n, spi = spis_at(r->base, &n);
	char name[64];

	region_text(r, name, sizeof(name));
	fprintf(out, "0x%012" PRIx64 "-0x%012" PRIx64 "  %s%s%s", r->base, r->base + r->size - 1, name, *region_kind(r) ? ", " : "",
		region_kind(r));
	if (r->dev && n == 1)
		fprintf(out, ", INTID %u", BOARD_SPI(spi));
	else if (r->dev && n)
		fprintf(out, ", INTID %u-%u", BOARD_SPI(spi), BOARD_SPI(spi + n - 1));
	if (r->stats && (r->stats->reads || r->stats->writes))
		fprintf(out, ", %" PRIu64 " reads, %" PRIu64 " writes", r->stats->reads, r->stats->writes);
	fprintf(out, "%s\n", r->secure ? ", Secure" : "");
	if (r->ops && r->ops->show)
		r->ops->show(r->dev, out);
}

static bool empty_slot(const struct bus_region *r)
{
	return r->ops == &virtio_mmio_ops && !virtio_mmio_device(r->dev);
}

void machine_show_devices(struct machine *m, FILE *out)
{
	const struct bus_region *r;
	size_t n = bus_regions(m->bus, &r), empty = 0;

	for (size_t i = 0; i < n; i++) {
		if (empty_slot(&r[i]) && ++empty)
			continue;
		if (empty)
			fprintf(out, "                                %zu empty virtio-mmio slots\n", empty);
		empty = 0;
		show_region(m, &r[i], out);
	}
}
