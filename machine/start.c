/*
 * How PEs start: images into RAM, reset, and the registers that firmware would leave when the guest starts below the highest
 * exception level. Also reboot, which does the same again.
 */
#include "machine/machine_priv.h"

#include <errno.h>
#include <string.h>

#include "cpu/context.h"
#include "cpu/sysreg.h"

static int put(void *ctx, u64 addr, const void *data, size_t n)
{
	struct machine *m = ctx;
	static const u8 zeroes[4096];
	enum space space = addr >= BOARD_SECRAM_BASE && addr < BOARD_SECRAM_BASE + BOARD_SECRAM_SIZE ? SPACE_S : SPACE_NS;

	for (size_t done = 0; done < n;) {
		size_t k = data || n - done < sizeof(zeroes) ? n - done : sizeof(zeroes);

		if (bus_copy_in(m->bus, pa_make(space, addr + done), data ? (const u8 *)data + done : zeroes, k) != BUS_OK)
			return -EFAULT;
		done += k;
	}
	return 0;
}

int machine_load(struct machine *m, struct why *why)
{
	return boot_plan_put(m->plan, put, m, why);
}

/* What firmware at EL3 (and at EL2 for a guest at EL1) sets up before it hands over. */
static void firmware_registers(struct machine *m, struct cpu *c, unsigned el)
{
	if (m->cfg->secure && el < 3) {
		c->sys.scr_el3 |= SCR_NS | SCR_RW | SCR_HCE;
		c->sys.cptr_el3 = 0;
		c->sys.mdcr_el3 = 0;
	}
	if (m->cfg->virtualization && el < 2)
		c->sys.hcr_el2 |= HCR_RW;
}

void machine_start_pe(struct machine *m, struct seat *s, u64 entry, u64 x0)
{
	const struct boot_info *info = boot_plan_info(m->plan);
	struct cpu *c = s->cpu;

	cpu_reset(c);
	gic_reset_cpuif(c);
	timer_reset_cpu(c);
	firmware_registers(m, c, info->start_el);
	cpu_select_sp(c, info->start_el, true);
	c->daif = 15;
	memset(c->x, 0, 31 * sizeof(c->x[0]));
	c->x[0] = x0;
	c->pc = entry;
	cpu_update_context(c);
	context_switch(c);
	if (m->cfg->secure)
		gic_world_changed(c);
	s->on = true;
	c->powered = true;
	c->waiting = false;
	if (s->ps < machine_now(m))
		s->ps = machine_now(m);
	if (m->par)
		parallel_woken(m, s);
}

void machine_reset_all(struct machine *m)
{
	const struct boot_info *info = boot_plan_info(m->plan);

	bus_reset_devices(m->bus);
	gic_reset(m->gic);
	timer_reset(m->timers);
	if (m->semihost)
		semihost_reset(m->semihost);
	for (unsigned i = 0; i < m->pes; i++) {
		struct seat *s = &m->seat[i];
		u64 entry = info->pe_has_pc[i] ? info->pe_pc[i] : info->entry;

		cpu_reset(s->cpu);
		s->on = s->cpu->powered = false;
		if (i == 0 || !info->psci)
			machine_start_pe(m, s, entry, i == 0 ? info->x0 : 0);
	}
	if (config_firmware(m->cfg) && !m->cfg->secure)
		gic_wake(m->gic);
	if (m->cfg->secure && info->start_el < 3)
		gic_firmware_setup(m->gic);
}

/* One of to and from is NULL: the direction. */
static bool copy_va(struct cpu *c, u64 va, u8 *to, const u8 *from, size_t n)
{
	struct access a = { .what = to ? ACC_READ : ACC_WRITE, .priv = c->el != 0, .atop = true };

	for (size_t done = 0; done < n;) {
		size_t room = 0x1000 - ((va + done) & 0xfff), k = n - done < room ? n - done : room;
		enum bus_status st;
		struct xlat x;

		mmu_probe(c->mmu, &c->regime, va + done, a, &x);
		if (x.fault.kind != FAULT_NONE)
			return false;
		st = to ? bus_copy_out(c->bus, x.pa, to + done, k) : bus_copy_in(c->bus, x.pa, from + done, k);
		if (st != BUS_OK)
			return false;
		done += k;
	}
	return true;
}

bool machine_read_va(struct cpu *c, u64 va, void *dst, size_t n)
{
	return n == 0 || copy_va(c, va, dst, NULL, n);
}

bool machine_write_va(struct cpu *c, u64 va, const void *src, size_t n)
{
	return n == 0 || copy_va(c, va, NULL, src, n);
}
