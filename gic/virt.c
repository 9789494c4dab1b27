/*
 * The virtual CPU interface: list registers, the ICV_* registers that EL1 reaches under HCR_EL2.IMO
 * or FMO, and the maintenance interrupt. There are no virtual LPIs or SGIs of GICv4.
 */
#include "gic/gic_priv.h"

#include <string.h>

#include "base/snap.h"

/* ICH_VMCR_EL2 */
#define VMCR_VENG(group) (1u << (group))
#define VMCR_VCBPR	 (1u << 4)
#define VMCR_VEOIM	 (1u << 9)

enum {
	HCR_UIE = 1 << 1,
	HCR_LRENPIE = 1 << 2,
	HCR_NPIE = 1 << 3,
	HCR_VGRP0EIE = 1 << 4,
	HCR_VGRP0DIE = 1 << 5,
	HCR_VGRP1EIE = 1 << 6,
	HCR_VGRP1DIE = 1 << 7,
};
#define HCR_EOICOUNT_SHIFT 27
#define HCR_WRITABLE                                                                               \
	(0xffu | ICH_HCR_TC | ICH_HCR_TALL0 | ICH_HCR_TALL1 | ICH_HCR_TDIR |                       \
	 0x1fu << HCR_EOICOUNT_SHIFT)

u32 lr_intid(const struct gic_pe *p, u64 lr)
{
	if (p->g->version == 2 && (u32)lr < 16 && !(lr & LR_HW))
		return (u32)lr | (u32)bits(lr, 34, 32) << 10;
	return (u32)lr;
}
static u8 lr_prio(u64 lr)
{
	return (u8)(lr >> 48);
}
static unsigned lr_group(u64 lr)
{
	return !!(lr & LR_GROUP);
}
static u8 vpmr(const struct gic_pe *p)
{
	return (u8)(p->ich_vmcr >> 24);
}
/* VBPR0 is bits 23:21, VBPR1 bits 20:18 */
static unsigned vbpr(const struct gic_pe *p, unsigned group)
{
	return p->ich_vmcr >> (group ? 18 : 21) & 7;
}
static unsigned min_vbpr(const struct gic_pe *p, unsigned group)
{
	return 7u - p->pri_bits + group;
}
static void set_vbpr(struct gic_pe *p, unsigned group, unsigned v)
{
	unsigned low = group ? 18 : 21;

	v = v < min_vbpr(p, group) ? min_vbpr(p, group) : v;
	p->ich_vmcr = (u32)deposit(p->ich_vmcr, low + 2, low, v);
}

/* VFIQEn is RES1 and VAckCtl RES0 without GICv2 compatibility. */
static u32 vmcr_res1(const struct gic_pe *p)
{
	return p->g->version == 2 ? 0 : ICH_VMCR_FIQEN;
}
static u32 vmcr_v2(const struct gic_pe *p)
{
	return p->g->version == 2 ? ICH_VMCR_FIQEN | ICH_VMCR_ACKCTL : 0;
}

static u8 group_mask(const struct gic_pe *p, unsigned group)
{
	if (group && !(p->ich_vmcr & VMCR_VCBPR))
		return gic_group_mask(vbpr(p, 1) - 1);
	return gic_group_mask(vbpr(p, 0));
}

u8 virt_running(const struct gic_pe *p)
{
	unsigned l0 = apr_highest(p->ich_apr[0]), l1 = apr_highest(p->ich_apr[1]);
	unsigned level = l0 < l1 ? l0 : l1;

	return level == 256 ? 0xff : (u8)(level << (8 - p->pri_bits));
}

/*
 * The list register of the highest-priority pending virtual interrupt of the enabled groups, or -1.
 */
static int highest_pending(const struct gic_pe *p)
{
	unsigned prio = 256;
	int found = -1;

	if (!(p->ich_hcr & ICH_HCR_EN))
		return -1;
	for (unsigned i = 0; i < p->n_lrs; i++) {
		u64 lr = p->lr[i];

		if ((lr & (LR_PENDING | LR_ACTIVE)) != LR_PENDING ||
		    !(p->ich_vmcr & VMCR_VENG(lr_group(lr))) || lr_prio(lr) >= prio)
			continue;
		prio = lr_prio(lr);
		found = (int)i;
	}
	return found;
}

static bool can_preempt(const struct gic_pe *p, u64 lr)
{
	u8 now = virt_running(p), mask = group_mask(p, lr_group(lr));

	if (lr_prio(lr) >= vpmr(p))
		return false;
	return now == 0xff || (lr_prio(lr) & mask) < (now & mask);
}

static void maintenance_rises(struct gic_pe *p, u64 misr)
{
	vms_maintenance(p, misr);
	if (p->cpu->observers)
		cpu_maintenance_rose(p->cpu, misr);
}

void virt_update(struct gic_pe *p)
{
	int i = highest_pending(p);
	bool on = i >= 0 && can_preempt(p, p->lr[i]);
	bool fiq = on && !lr_group(p->lr[i]) && (p->ich_vmcr & ICH_VMCR_FIQEN);
	u64 misr = p->ich_hcr & ICH_HCR_EN ? ich_misr(p) : 0;

	cpuif_out(p, CPU_PIN_VIRQ, on && !fiq);
	cpuif_out(p, CPU_PIN_VFIQ, fiq);
	if (misr && !bit(p->local.level, GIC_MAINTENANCE_INTID))
		maintenance_rises(p, misr);
	gic_set_ppi(p, GIC_MAINTENANCE_INTID, misr != 0);
}

/* ICV_* */

u64 icv_hppir_read(struct cpu *c, unsigned group)
{
	const struct gic_pe *p = gic_of(c);
	int i = highest_pending(p);

	return i >= 0 && lr_group(p->lr[i]) == group ? lr_intid(p, p->lr[i]) : INTID_SPURIOUS;
}

u32 virt_pending_intid(const struct gic_pe *p)
{
	int i = highest_pending(p);

	return i >= 0 ? lr_intid(p, p->lr[i]) : INTID_SPURIOUS;
}

/* The list register that an acknowledge takes, -1: none. */
static int next_acked(const struct gic_pe *p, unsigned group)
{
	int i = highest_pending(p);

	return i >= 0 && lr_group(p->lr[i]) == group && can_preempt(p, p->lr[i]) ? i : -1;
}

u64 icv_iar_peek(const struct cpu *c, unsigned group)
{
	const struct gic_pe *p = gic_of(c);
	int i = next_acked(p, group);

	return i < 0 ? INTID_SPURIOUS : lr_intid(p, p->lr[i]);
}

u64 icv_iar_read(struct cpu *c, unsigned group)
{
	struct gic_pe *p = gic_of(c);
	int i = next_acked(p, group);
	u64 lr;
	u32 id;

	if (i < 0)
		return INTID_SPURIOUS;
	lr = p->lr[i];
	id = lr_intid(p, lr);
	lr &= ~LR_PENDING;
	/* a special INTID in a list register is handed out, but nothing becomes active */
	if (id < INTID_SECURE || id > INTID_SPURIOUS) {
		apr_set(p->ich_apr[group],
			(lr_prio(lr) & group_mask(p, group)) >> (8 - p->pri_bits));
		if (id < INTID_LPI) /* LPIs have no active state */
			lr |= LR_ACTIVE;
	}
	p->lr[i] = lr;
	p->g->stats.virt_ack++;
	p->vm->stats.acked++;
	tally_count(&p->vm->acked, GIC_INTIDS, vms_key(p, id));
	virt_update(p);
	return id;
}

static int find_active(const struct gic_pe *p, u32 id)
{
	for (unsigned i = 0; i < p->n_lrs; i++)
		if ((p->lr[i] & LR_ACTIVE) && lr_intid(p, p->lr[i]) == id)
			return (int)i;
	return -1;
}

unsigned virt_active_group(const struct gic_pe *p, u32 id)
{
	int i = find_active(p, id);

	return i >= 0 && lr_group(p->lr[i]);
}

/*
 * ICH_LR<n>.HW: the physical interrupt is deactivated with the virtual one, as a Non-secure access
 * would.
 */
static void deactivate(struct gic_pe *p, int i)
{
	u64 lr = p->lr[i];
	u32 id = (u32)bits(lr, 41, 32);
	const struct gic_irqs *w = gic_find(p, id);

	p->lr[i] = lr & ~LR_ACTIVE;
	if ((lr & LR_HW) && w && (irqs_visible(p->g, w, true, 0) >> id % 32 & 1)) {
		p->vm->stats.hw_ended++;
		cpuif_deactivate(p, id);
	}
}

static void count_eoi(struct gic_pe *p)
{
	p->ich_hcr += 1u << HCR_EOICOUNT_SHIFT; /* modulo 32 */
	p->vm->stats.eoi_missed++;
}

/* The priority drops whatever the INTID is; only a matching list register is deactivated. */
void icv_eoir_write(struct cpu *c, unsigned group, u64 v)
{
	struct gic_pe *p = gic_of(c);
	u32 id = v & 0xffffff;
	u8 dropped = virt_running(p);
	int i;

	if ((id >= INTID_SECURE && id <= INTID_SPURIOUS) || dropped == 0xff)
		return;
	apr_drop(p->ich_apr[apr_highest(p->ich_apr[1]) < apr_highest(p->ich_apr[0])]);
	if (!(p->ich_vmcr & VMCR_VEOIM) && id < INTID_LPI) {
		i = find_active(p, id);
		if (i < 0)
			count_eoi(p);
		else if (lr_group(p->lr[i]) == group &&
			 (lr_prio(p->lr[i]) & group_mask(p, group)) == dropped)
			deactivate(p, i);
	}
	virt_update(p);
}

void icv_dir_write(struct cpu *c, u64 v)
{
	struct gic_pe *p = gic_of(c);
	u32 id = v & 0xffffff;
	int i;

	if (!(p->ich_vmcr & VMCR_VEOIM) || id >= INTID_LPI ||
	    (id >= INTID_SECURE && id <= INTID_SPURIOUS))
		return;
	i = find_active(p, id);
	if (i < 0)
		count_eoi(p);
	else
		deactivate(p, i);
	virt_update(p);
}

u64 icv_pmr_read(struct cpu *c)
{
	return vpmr(gic_of(c));
}

void icv_pmr_write(struct cpu *c, u64 v)
{
	struct gic_pe *p = gic_of(c);

	p->ich_vmcr = (u32)deposit(p->ich_vmcr, 31, 24, v & cpuif_priority_mask(p));
	virt_update(p);
}

u64 icv_rpr_read(struct cpu *c)
{
	return virt_running(gic_of(c));
}

u64 icv_bpr_read(struct cpu *c, unsigned group)
{
	const struct gic_pe *p = gic_of(c);
	unsigned v;

	if (!group || !(p->ich_vmcr & VMCR_VCBPR))
		return vbpr(p, group);
	v = vbpr(p, 0) + 1;
	return v > 7 ? 7 : v;
}

void icv_bpr_write(struct cpu *c, unsigned group, u64 v)
{
	struct gic_pe *p = gic_of(c);

	if (group && (p->ich_vmcr & VMCR_VCBPR))
		return;
	set_vbpr(p, group, v & 7);
	virt_update(p);
}

u64 icv_ctlr_read(struct cpu *c)
{
	const struct gic_pe *p = gic_of(c);

	return 1u << 15 /* A3V */ | (u64)(p->pri_bits - 1) << 8 |
	       (p->ich_vmcr & VMCR_VCBPR ? ICC_CTLR_CBPR : 0) |
	       (p->ich_vmcr & VMCR_VEOIM ? ICC_CTLR_EOIMODE : 0);
}

void icv_ctlr_write(struct cpu *c, u64 v)
{
	struct gic_pe *p = gic_of(c);

	p->ich_vmcr &= ~(VMCR_VCBPR | VMCR_VEOIM);
	p->ich_vmcr |=
		(v & ICC_CTLR_CBPR ? VMCR_VCBPR : 0) | (v & ICC_CTLR_EOIMODE ? VMCR_VEOIM : 0);
	virt_update(p);
}

u64 icv_igrpen_read(struct cpu *c, unsigned group)
{
	return bit(gic_of(c)->ich_vmcr, group);
}

void icv_igrpen_write(struct cpu *c, unsigned group, u64 v)
{
	struct gic_pe *p = gic_of(c);

	p->ich_vmcr = (u32)deposit(p->ich_vmcr, group, group, v & 1);
	virt_update(p);
}

u64 icv_apr_read(struct cpu *c, unsigned group, unsigned n)
{
	return gic_of(c)->ich_apr[group][n];
}

void icv_apr_write(struct cpu *c, unsigned group, unsigned n, u64 v)
{
	gic_of(c)->ich_apr[group][n] = (u32)v;
	virt_update(gic_of(c));
}

/* ICH_* */

void ich_hcr_write(struct gic_pe *p, u64 v)
{
	p->ich_hcr = v & HCR_WRITABLE;
	virt_update(p);
}

u64 ich_vtr(const struct gic_pe *p)
{
	u64 bits_less_1 = p->pri_bits - 1;

	return bits_less_1 << 29 /* PRIbits */ | bits_less_1 << 26 /* PREbits */ |
	       1 << 21 /* A3V */ | 1 << 20 /* nV4 */ | 1 << 19 /* TDS */ | (u64)(p->n_lrs - 1);
}

u64 ich_eisr(const struct gic_pe *p)
{
	u64 v = 0;

	for (unsigned i = 0; i < p->n_lrs; i++)
		if ((p->lr[i] & (LR_PENDING | LR_ACTIVE | LR_HW | LR_EOI)) == LR_EOI)
			v |= BIT(i);
	return v;
}

u64 ich_elrsr(const struct gic_pe *p)
{
	u64 v = 0;

	for (unsigned i = 0; i < p->n_lrs; i++)
		if (!(p->lr[i] & (LR_PENDING | LR_ACTIVE)) &&
		    (p->lr[i] & (LR_HW | LR_EOI)) != LR_EOI)
			v |= BIT(i);
	return v;
}

u64 ich_misr(const struct gic_pe *p)
{
	u32 hcr = p->ich_hcr, on = p->ich_vmcr;
	unsigned valid = 0, pending = 0;

	for (unsigned i = 0; i < p->n_lrs; i++) {
		u64 state = p->lr[i] & (LR_PENDING | LR_ACTIVE);

		valid += state != 0;
		pending += state == LR_PENDING;
	}
	return (u64)(ich_eisr(p) != 0)					      /* EOI */
	       | (u64)((hcr & HCR_UIE) && valid <= 1) << 1		      /* U */
	       | (u64)((hcr & HCR_LRENPIE) && hcr >> HCR_EOICOUNT_SHIFT) << 2 /* LRENP */
	       | (u64)((hcr & HCR_NPIE) && !pending) << 3		      /* NP */
	       | (u64)((hcr & HCR_VGRP0EIE) && (on & VMCR_VENG(0))) << 4      /* VGrp0E */
	       | (u64)((hcr & HCR_VGRP0DIE) && !(on & VMCR_VENG(0))) << 5     /* VGrp0D */
	       | (u64)((hcr & HCR_VGRP1EIE) && (on & VMCR_VENG(1))) << 6      /* VGrp1E */
	       | (u64)((hcr & HCR_VGRP1DIE) && !(on & VMCR_VENG(1))) << 7;    /* VGrp1D */
}

void ich_vmcr_write(struct gic_pe *p, u64 v)
{
	p->ich_vmcr = (v & (VMCR_VENG(0) | VMCR_VENG(1) | VMCR_VCBPR | VMCR_VEOIM | vmcr_v2(p))) |
		      vmcr_res1(p) |
		      (u32)(v & MASK(31, 24) & ((u64)cpuif_priority_mask(p) << 24));
	set_vbpr(p, 0, (unsigned)bits(v, 23, 21));
	set_vbpr(p, 1, (unsigned)bits(v, 20, 18));
	virt_update(p);
}

/* RES0: bits above the 16 of an INTID and the 10 of a pINTID, priority bits that are not there. */
void ich_lr_write(struct gic_pe *p, unsigned n, u64 v)
{
	u64 keep = MASK(63, 60) | (u64)cpuif_priority_mask(p) << 48 | MASK(15, 0);
	u64 software = p->g->version == 2 ? LR_EOI | MASK(34, 32) /* CPUID */ : LR_EOI;

	p->lr[n] = v & (keep | (v & LR_HW ? MASK(41, 32) : software));
	p->writer[n] = (struct gic_writer){ .known = true, .el = p->cpu->el, .pc = cpu_pc(p->cpu), .ps = cpu_now(p->cpu) };
	if (p->cpu->observers)
		cpu_list_register_written(p->cpu, n, p->lr[n]);
	virt_update(p);
}

void virt_reset(struct gic_pe *p)
{
	p->ich_hcr = 0;
	p->ich_vmcr = vmcr_res1(p);
	set_vbpr(p, 0, 0);
	set_vbpr(p, 1, 0);
	for (unsigned i = 0; i < 4; i++)
		p->ich_apr[0][i] = p->ich_apr[1][i] = 0;
	for (unsigned i = 0; i < 16; i++)
		p->lr[i] = 0;
	memset(p->writer, 0, sizeof(p->writer));
}

void virt_snap(struct gic_pe *p, struct snap *s)
{
	snap_u32(s, &p->ich_hcr);
	snap_u32(s, &p->ich_vmcr);
	for (unsigned group = 0; group < 2; group++) {
		for (unsigned i = 0; i < 4; i++)
			snap_u32(s, &p->ich_apr[group][i]);
		snap_check(s, s->failed || vbpr(p, group) >= min_vbpr(p, group),
			   "virtual binary point");
	}
	for (unsigned i = 0; i < 16; i++) {
		struct gic_writer *w = &p->writer[i];

		snap_u64(s, &p->lr[i]);
		snap_bool(s, &w->known);
		snap_u8(s, &w->el);
		snap_u64(s, &w->pc);
		snap_u64(s, &w->ps);
		snap_check(s, w->el <= 3, "who wrote a list register");
	}
}
