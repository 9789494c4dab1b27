/*
 * PSCI 1.1 (DEN 0022D) and the SMCCC version calls, as the board's firmware serves them by the conduit instruction. OS-initiated
 * mode, system suspend, memory protection and statistics are not offered (NOT_SUPPORTED).
 */
#include "machine/machine_priv.h"

#include "base/bits.h"
#include "cpu/exception.h"

enum {
	PSCI_VERSION = 0x84000000u,
	PSCI_CPU_SUSPEND = 0x84000001u,
	PSCI_CPU_OFF = 0x84000002u,
	PSCI_CPU_ON = 0x84000003u,
	PSCI_AFFINITY_INFO = 0x84000004u,
	PSCI_MIGRATE = 0x84000005u,
	PSCI_MIGRATE_INFO_TYPE = 0x84000006u,
	PSCI_SYSTEM_OFF = 0x84000008u,
	PSCI_SYSTEM_RESET = 0x84000009u,
	PSCI_FEATURES = 0x8400000au,
	SMCCC_VERSION = 0x80000000u,
	SMC64 = 0x40000000u,
};

enum {
	PSCI_SUCCESS = 0,
	PSCI_NOT_SUPPORTED = -1,
	PSCI_INVALID_PARAMETERS = -2,
	PSCI_ALREADY_ON = -4,
	PSCI_INVALID_ADDRESS = -9,
};

static struct seat *seat_of(struct machine *m, u64 mpidr)
{
	for (unsigned i = 0; i < m->pes; i++)
		if ((m->seat[i].cpu->mpidr & 0xff00ffffff) == (mpidr & 0xff00ffffff))
			return &m->seat[i];
	return NULL;
}

/* Off for others: under --parallel the PE may still be on its way. */
static bool is_off(const struct machine *m, const struct seat *s)
{
	return !s->on && !(m->par && parallel_running(m, s));
}

static s64 cpu_on(struct machine *m, u64 target, u64 entry, u64 context)
{
	struct seat *s = seat_of(m, target);

	if (!s)
		return PSCI_INVALID_PARAMETERS;
	if (!is_off(m, s))
		return PSCI_ALREADY_ON;
	if (entry & 3)
		return PSCI_INVALID_ADDRESS;
	machine_start_pe(m, s, entry, context);
	return PSCI_SUCCESS;
}

static s64 affinity_info(struct machine *m, u64 target, u64 level)
{
	struct seat *s = seat_of(m, target);

	if (level || !s)
		return PSCI_INVALID_PARAMETERS;
	return is_off(m, s) ? 1 : 0;
}

static s64 features(u64 fn)
{
	static const u32 known[] = { PSCI_VERSION, PSCI_CPU_SUSPEND, PSCI_CPU_OFF, PSCI_CPU_ON, PSCI_AFFINITY_INFO,
				     PSCI_MIGRATE_INFO_TYPE, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET, PSCI_FEATURES, SMCCC_VERSION,
				     PSCI_CPU_SUSPEND | SMC64, PSCI_CPU_ON | SMC64, PSCI_AFFINITY_INFO | SMC64 };

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if ((u32)fn == known[i])
			return PSCI_SUCCESS;
	return PSCI_NOT_SUPPORTED;
}

static void power_off_pe(struct machine *m, struct cpu *c)
{
	struct seat *s = &m->seat[c->index];

	s->on = c->powered = false;
	c->waiting = true; /* ends its turn; CPU_ON resets it */
	c->wait_wfe = false;
}

void machine_system_end(struct machine *m, bool reset)
{
	if (!reset) {
		machine_end_with(m, MACHINE_POWEROFF);
	} else if (m->cfg->no_reboot) {
		machine_end_with(m, MACHINE_RESET);
	} else {
		m->reboot = true;
		if (m->running)
			cpu_attention(m->running->cpu, ATTN_STOP);
	}
}

bool machine_system_reset(struct machine *m)
{
	if (!m->cfg->no_reboot)
		machine_system_end(m, true);
	return !m->cfg->no_reboot;
}

bool machine_conduit(void *ctx, struct cpu *c, bool smc)
{
	struct machine *m = ctx;
	u32 fn = (u32)c->x[0];
	bool wide = fn & SMC64;
	u64 a1 = wide ? c->x[1] : (u32)c->x[1], a2 = wide ? c->x[2] : (u32)c->x[2], a3 = wide ? c->x[3] : (u32)c->x[3];
	const char *conduit = boot_plan_info(m->plan)->psci;
	s64 r;

	if (smc != (conduit[0] == 's'))
		return false;
	switch (fn) {
	case PSCI_VERSION:
		r = 0x10001;
		break;
	case SMCCC_VERSION:
		r = 0x10000;
		break;
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMC64:
		r = cpu_on(m, a1, a2, a3);
		break;
	case PSCI_CPU_OFF:
		power_off_pe(m, c);
		return true;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMC64: /* standby only: as WFI, and returns when an interrupt is there */
		c->x[0] = PSCI_SUCCESS;
		if (!exception_wakes_wfi(c)) {
			c->waiting = true;
			c->wait_wfe = false;
		}
		return true;
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMC64:
		r = affinity_info(m, a1, a2);
		break;
	case PSCI_MIGRATE_INFO_TYPE:
		r = 2; /* no Trusted OS, or one that need not migrate */
		break;
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
		machine_system_end(m, fn == PSCI_SYSTEM_RESET);
		r = PSCI_SUCCESS;
		break;
	case PSCI_FEATURES:
		r = features(a1);
		break;
	default:
		r = PSCI_NOT_SUPPORTED;
	}
	c->x[0] = (u64)r;
	return true;
}
