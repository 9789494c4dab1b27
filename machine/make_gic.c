/* Making the interrupt controller and the timers, and joining them with the PEs. Called by make.c. */
#include "machine/machine_priv.h"

#include <errno.h>

static u64 now(void *ctx)
{
	return machine_now(ctx);
}

static int add(struct machine *m, u64 base, const struct device_ops *ops, void *dev, struct why *why)
{
	if (!dev || !bus_add_device(m->bus, base, ops, dev, false))
		return 0;
	return why_set(why, EINVAL, "board: %s overlaps something", ops->name);
}

static int add_gicv2(struct machine *m, struct why *why)
{
	void *g = gic_dist(m->gic);
	int r = add(m, BOARD_GICD_BASE, &gic_dist2_ops, g, why);

	if (!r)
		r = add(m, BOARD_GICC_BASE, &gic_cpuif_ops, g, why);
	if (!r && m->cfg->virtualization)
		r = add(m, BOARD_GICH_BASE, &gic_virt_ops, g, why);
	if (!r && m->cfg->virtualization)
		r = add(m, BOARD_GICV_BASE, &gic_vcpuif_ops, g, why);
	return r;
}

static int add_gicv3(struct machine *m, struct why *why)
{
	int r = add(m, BOARD_GICD_BASE, &gic_dist_ops, gic_dist(m->gic), why);

	for (unsigned i = 0; i < m->pes && !r; i++)
		r = add(m, BOARD_GICR_BASE + i * BOARD_GICR_STRIDE, &gic_redist_ops, gic_redist(m->gic, i), why);
	return r ? r : add(m, BOARD_ITS_BASE, &gic_its_ops, gic_its(m->gic), why);
}

static int add_frames(struct machine *m, struct why *why)
{
	int r = config_gic_version(m->cfg) == 2 ? add_gicv2(m, why) : add_gicv3(m, why);

	return r ? r : add(m, BOARD_V2M_BASE, &gic_v2m_ops, gic_v2m(m->gic), why);
}

const u8 machine_timer_intid[TIMER_COUNT] = {
	[TIMER_PHYS] = BOARD_PPI(BOARD_PPI_P_TIMER), [TIMER_VIRT] = BOARD_PPI(BOARD_PPI_V_TIMER),
	[TIMER_HYP] = BOARD_PPI(BOARD_PPI_HP_TIMER), [TIMER_HYPVIRT] = BOARD_PPI(BOARD_PPI_HV_TIMER),
	[TIMER_SEC] = BOARD_PPI(BOARD_PPI_S_TIMER),
};

int make_gic(struct machine *m, struct why *why)
{
	struct gic_config gc = {
		.version = config_gic_version(m->cfg),
		.n_pes = m->pes,
		.n_spis = BOARD_SPIS,
		.two_security_states = m->cfg->secure,
		.log = m->log,
		.its = config_msi(m->cfg) == MSI_ITS,
		.v2m_first = BOARD_SPI_V2M,
		.v2m_spis = config_msi(m->cfg) == MSI_V2M ? BOARD_V2M_SPIS : 0,
		.bus = m->bus,
		.queue = &m->queue,
		.now = now,
		.ctx = m,
	};

	m->gic = gic_new(&gc);
	m->timers = timer_system_new(&m->queue, m->core.cntfrq);
	if (!m->gic || !m->timers)
		return why_set(why, ENOMEM, "no memory for the interrupt controller or the timers");
	for (unsigned i = 0; i < m->pes; i++) {
		struct wire out[TIMER_COUNT];

		gic_attach_cpu(m->gic, i, m->seat[i].cpu);
		for (unsigned k = 0; k < TIMER_COUNT; k++)
			out[k] = gic_ppi(m->gic, i, machine_timer_intid[k]);
		m->seat[i].cpu->pmu.irq = gic_ppi(m->gic, i, BOARD_PPI(BOARD_PPI_PMU));
		if (timer_attach_cpu(m->timers, m->seat[i].cpu, out))
			return why_set(why, ENOMEM, "no memory for the timers of PE %u", i);
	}
	return add_frames(m, why);
}

void free_gic(struct machine *m)
{
	timer_system_free(m->timers);
	gic_free(m->gic);
}
