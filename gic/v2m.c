/*
 * The GICv2m frame (Arm's Server Base System Architecture, "GICv2m Architecture"): a write of an
 * INTID raises that SPI as an edge. It has no state of its own. For boards without an ITS.
 */
#include "gic/gic_priv.h"

enum { MSI_TYPER = 0x008, MSI_SETSPI_NS = 0x040, MSI_IIDR = 0xfcc, V2M_SIZE = 0x1000 };

static u64 v2m_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	const struct gic *g = dev;

	switch (off) {
	case MSI_TYPER:
		return (u64)(32 + g->v2m_first) << 16 | g->v2m_spis;
	case MSI_IIDR: /* no implementer, product or revision */
	default:
		return 0;
	}
}

static void v2m_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct gic *g = dev;
	u32 n = (u32)(v & 0x3ff) - 32 - g->v2m_first;
	struct wire w = gic_spi(g, g->v2m_first + n);

	if (off != MSI_SETSPI_NS)
		return;
	if (n >= g->v2m_spis) {
		log_at(g->log, LOG_GUEST, "gicv2m", "message for INTID %u, which is not the frame's",
		       (u32)(v & 0x3ff));
		g->stats.msi_dropped++;
		return;
	}
	g->stats.msi++;
	wire_set(&w, true);
	wire_set(&w, false);
}

const struct device_ops gic_v2m_ops = {
	.name = "gicv2m",
	.size = V2M_SIZE,
	.widths = W32,
	.read = v2m_read,
	.write = v2m_write,
};
