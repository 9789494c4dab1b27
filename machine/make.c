/*
 * Making the board from its parts, in an order in which each finds what it is joined to. What the
 * parts call at run time stands in machine.c.
 */
#include "machine/machine_priv.h"
#include "machine/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mmu/check.h"

static u64 mpidr_of(unsigned i)
{
	return 1ull << 31 | BOARD_AFFINITY(i);
}

static int make_caches(struct machine *m)
{
	struct cache_config caches;

	timing_caches(&m->timing, m->cfg->seed, &caches);
	m->caches = cache_shared_new(&caches, m->cfg->pes);
	return m->caches ? 0 : -ENOMEM;
}

static int make_pes(struct machine *m, const struct config *cfg, struct why *why)
{
	struct cpu_host host;
	int r = cfg->parallel && cfg->pes > 1 ? make_parallel(m, why) : 0;

	if (r)
		return r;
	host = machine_host(m);

	m->sysregs = sysreg_map_new();
	if (!m->sysregs || sysreg_map_add(m->sysregs, cpu_sysregs, cpu_sysregs_n) ||
	    sysreg_map_add(m->sysregs, pmu_sysregs, pmu_sysregs_n) ||
	    sysreg_map_add(m->sysregs, gic_sysregs, gic_sysregs_n) || sysreg_map_add(m->sysregs, timer_sysregs, timer_sysregs_n))
		return why_set(why, EINVAL, "system registers: two rows with one encoding (a fault of this program)");
	if (boot_plan_info(m->plan)->psci)
		host.conduit = machine_conduit;
	if (cfg->timing && make_caches(m))
		return why_set(why, ENOMEM, "--timing: no memory for the caches");
	for (unsigned i = 0; i < cfg->pes; i++) {
		struct cpu_config cc = { .index = i, .mpidr = mpidr_of(i), .core = &m->core, .tlb = &m->tlb, .max_block = cfg->max_block,
					 .pes = cfg->pes, .timing = cfg->timing ? &m->timing : NULL, .caches = m->caches };

		m->seat[i].m = m;
		m->seat[i].cpu = cpu_new(&cc, m->bus, m->sysregs, m->log, &host);
		if (!m->seat[i].cpu)
			return why_set(why, ENOMEM, "-smp %u: no memory for PE %u", cfg->pes, i);
		m->pes = i + 1;
		if (cfg->timing_regions)
			cpu_timing_on(m->seat[i].cpu, false);
	}
	return 0;
}

static int make_ram(struct machine *m, struct why *why)
{
	int r = bus_add_ram(m->bus, "ram", BOARD_RAM_BASE, m->cfg->ram_size, false);

	if (!r && m->cfg->secure)
		r = bus_add_ram(m->bus, "secure ram", BOARD_SECRAM_BASE, BOARD_SECRAM_SIZE, true);
	if (r)
		return why_set(why, -r, "-m: the host refuses %" PRIu64 " MiB of address space: %s", m->cfg->ram_size >> 20,
			       strerror(-r));
	return 0;
}

/* The core's own timing and geometry of TLBs, which --tlb may change after that. */
static int pick_timing(struct machine *m, struct why *why)
{
	const struct timing_core *core = timing_core_find(m->cfg->cpu);

	if (!core)
		return why_set(why, EINVAL, "--timing: there is no timing model of %s", m->cfg->cpu);
	m->timing = *core->values;
	if (timing_parse(&m->timing, m->cfg->timing, why))
		return -EINVAL;
	timing_tlbs(&m->timing, &m->tlb);
	return 0;
}

static int pick_core(struct machine *m, struct why *why)
{
	const struct cpu_core *row = cpu_core_find(m->cfg->cpu);
	const char *refused;

	if (!row)
		return why_set(why, EINVAL, "-cpu %s: no such core (see -cpu help)", m->cfg->cpu);
	refused = cpu_core_make(&m->core, row, m->cfg->virtualization, m->cfg->secure, m->cfg->cpu_features);
	if (refused)
		return why_set(why, EINVAL, "-cpu %s,%s: %s", m->cfg->cpu, m->cfg->cpu_features ? m->cfg->cpu_features : "", refused);
	if (config_gic_version(m->cfg) == 2)
		cpu_core_no_gicv3(&m->core);
	m->tlb = tlb_config_default;
	if (m->cfg->timing && pick_timing(m, why))
		return -EINVAL;
	m->tlb.seed = m->cfg->seed;
	m->tlb.reference = m->cfg->tlb_reference;
	m->tlb.conflict_abort = m->cfg->tlb_conflict_abort;
	refused = m->cfg->tlb ? tlb_config_parse(&m->tlb, m->cfg->tlb) : NULL;
	if (refused)
		return why_set(why, EINVAL, "--tlb %s: %s", m->cfg->tlb, refused);
	return 0;
}

int machine_new(struct machine **out, const struct config *cfg, const struct machine_io *io, struct log *log, struct why *why)
{
	struct machine *m = calloc(1, sizeof(*m));
	int r;

	*out = NULL;
	if (!m)
		return why_set(why, ENOMEM, "no memory for a machine");
	m->cfg = cfg;
	m->io = *io;
	m->log = log;
	event_queue_init(&m->queue);
	m->queue.earlier = machine_earlier;
	m->queue.ctx = m;
	m->bus = bus_new(log);
	r = m->bus ? 0 : why_set(why, ENOMEM, "no memory for the bus");
	if (!r)
		r = pick_core(m, why);
	if (!r)
		r = board_plan(&m->plan, m->cfg, &m->core, why);
	if (!r)
		r = make_ram(m, why);
	if (!r)
		r = make_pes(m, cfg, why);
	if (!r)
		r = make_debugger(m, why);
	if (!r)
		r = make_regions(m, why);
	if (!r)
		r = make_checker(m, why);
	if (!r)
		r = make_gic(m, why);
	if (!r)
		r = make_backends(m, why);
	if (!r)
		r = make_devices(m, why);
	if (!r)
		r = make_virtio(m, why);
	if (!r)
		r = make_pci(m, why);
	if (!r)
		r = make_firmware(m, why);
	if (!r)
		r = make_semihost(m, why);
	if (!r) {
		bus_on_code_written(m->bus, machine_code_written, m);
		bus_on_unmapped(m->bus, machine_unmapped, m);
		r = machine_load(m, why);
	}
	if (!r)
		r = make_traces(m, why);
	if (r) {
		machine_free(m);
		return r;
	}
	machine_reset_all(m);
	*out = m;
	return 0;
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	free_traces(m);
	free_debugger(m);
	for (unsigned i = 0; i < m->pes; i++)
		cpu_free(m->seat[i].cpu);
	free_regions(m);
	checker_free(m->checker);
	free_parallel(m);
	free_semihost(m);
	free_pci(m);
	free_virtio(m);
	free_firmware(m);
	free_devices(m);
	free_backends(m);
	free_gic(m);
	cache_shared_free(m->caches);
	sysreg_map_free(m->sysregs);
	bus_free(m->bus);
	boot_plan_free(m->plan);
	free(m);
}
