/*
 * The state of a PE's interrupts as a screen of text: `info gic` of the monitor. It reads what the registers are made of, not the
 * registers, so that nothing is acknowledged; and it shows what is, also where a guest would see less (security, traps).
 */
#include "gic/gic_priv.h"

#include <string.h>

#include "base/names.h"

const char *show_group(const struct gic *g, enum gic_group grp)
{
	static const char *const name[GRP_COUNT] = { [GRP_0] = "0", [GRP_1S] = "1S", [GRP_1NS] = "1NS" };

	return grp == GRP_1NS && !gic_secured(g) ? "1" : name[grp];
}

static const char *on_off(bool on)
{
	return on ? "on" : "off";
}

/* ---- distributor and redistributor ---- */

static void show_dist(const struct gic_pe *p, FILE *out)
{
	const struct gic *g = p->g;

	fprintf(out, "PE %u: GICv%u, %s, SPIs 32-%u\n", p->index, g->version,
		gic_secured(g) ? "two security states" : "one security state", 31 + 32 * g->n_words);
	fprintf(out, "  distributor     GICD_CTLR %#x: group 0 %s, ", g->ctlr, on_off(g->ctlr & GICD_CTLR_GRP0));
	if (gic_secured(g))
		fprintf(out, "group 1S %s, ", on_off(g->ctlr & GICD_CTLR_GRP1S));
	fprintf(out, "group %s %s\n", show_group(g, GRP_1NS), on_off(g->ctlr & GICD_CTLR_GRP1NS));
	if (g->version > 2)
		fprintf(out, "  redistributor   %s, LPIs %s\n", p->waker & GICR_WAKER_SLEEP ? "asleep (GICR_WAKER)" : "awake",
			!p->lpi ? "not there" : on_off(p->gicr_ctlr & GICR_CTLR_ENABLE_LPIS));
}

/* ---- physical CPU interface ---- */

static void show_signal(const struct gic_pe *p, FILE *out)
{
	static const char *const wire[] = { [CPU_PIN_IRQ] = "IRQ", [CPU_PIN_FIQ] = "FIQ" };
	struct gic_best b = cpuif_best(p);

	for (unsigned pin = CPU_PIN_IRQ; pin <= CPU_PIN_FIQ; pin++)
		if (bit(p->out, pin)) {
			fprintf(out, "signals %s: INTID %u\n", wire[pin], b.intid);
			return;
		}
	if (b.prio == 0xff)
		fprintf(out, "signals nothing\n");
	else
		fprintf(out, "signals nothing: INTID %u of priority 0x%02x is %s\n", b.intid, b.prio,
			b.prio >= p->pmr ? "masked by PMR" : "not above the running one");
}

static void show_running(const struct gic_pe *p, FILE *out)
{
	unsigned level;
	enum gic_group grp = cpuif_running(p, &level);

	if (grp == GRP_COUNT)
		fprintf(out, "running 0xff (idle)");
	else
		fprintf(out, "running 0x%02x of group %s", level << (8 - p->pri_bits), show_group(p->g, grp));
}

static void show_cpuif(const struct gic_pe *p, FILE *out)
{
	const struct gic *g = p->g;
	bool secure = gic_secured(g);

	fprintf(out, "  CPU interface   PMR 0x%02x, ", p->pmr);
	show_running(p, out);
	for (unsigned grp = 0; grp < GRP_COUNT; grp++)
		if (grp != GRP_1S || secure)
			fprintf(out, ", group %s %s (BPR %u)", show_group(g, grp), on_off(p->grpen[grp]), p->bpr[grp]);
	fprintf(out, ", EOImode %u", !!(p->ctlr[1] & ICC_CTLR_EOIMODE));
	if (secure)
		fprintf(out, " (Secure %u, EL3 %u)", !!(p->ctlr[0] & ICC_CTLR_EOIMODE), p->eoimode_el3);
	fprintf(out, "%s\n                  ", p->ctlr[1] & ICC_CTLR_CBPR ? ", CBPR" : "");
	show_signal(p, out);
}

/* ---- interrupts ---- */

/* All of a line but the INTID: neighbours that agree in it share one. */
struct row {
	u8 state, prio;
	bool enable, edge, level;
	enum gic_group group;
	char target[32], device[48];
};

static void device_text(const struct gic_names *names, u32 intid, char *text, size_t size)
{
	snprintf(text, size, "%s", intid < 16 ? "SGI" : "");
	if (names && names->device)
		names->device(names->ctx, intid, text, size);
}

static void target_text(const struct gic_pe *p, u32 intid, char *text, size_t size)
{
	const struct gic *g = p->g;
	s16 t;
	size_t n = 0;

	if (intid < 32) {
		snprintf(text, size, "PE %u", p->index);
		return;
	}
	if (g->version == 2) {
		n = (size_t)snprintf(text, size, "PEs");
		for (unsigned i = 0; i < GICV2_PES && n < size; i++)
			if (bit(g->itargets[intid - 32], i))
				n += (size_t)snprintf(text + n, size - n, " %u", i);
		if (n == 3)
			snprintf(text, size, "nobody");
		return;
	}
	t = g->target[intid - 32];
	if (t >= 0)
		snprintf(text, size, "PE %d", t);
	else
		snprintf(text, size, "%s", t == TARGET_ANY ? "any PE" : "nobody");
}

static void fill_row(const struct gic_pe *p, const struct gic_irqs *w, u32 intid, const struct gic_names *names, struct row *r)
{
	unsigned n = intid % 32;

	memset(r, 0, sizeof(*r));
	r->state = (u8)(bit(gic_pending(w), n) | bit(w->active, n) << 1);
	r->prio = w->prio[n];
	r->enable = bit(w->enable, n);
	r->edge = bit(w->edge, n);
	r->level = bit(w->level, n);
	r->group = gic_group_of(p->g, w, n);
	target_text(p, intid, r->target, sizeof(r->target));
	device_text(names, intid, r->device, sizeof(r->device));
}

static void show_row(const struct gic *g, const struct row *r, u32 first, u32 last, FILE *out)
{
	static const char *const states[] = { "", "pending", "active", "pending+active" };
	char intids[16];

	if (first == last)
		snprintf(intids, sizeof(intids), "%u", first);
	else
		snprintf(intids, sizeof(intids), "%u-%u", first, last);
	fprintf(out, "  %7s  %-14s  %-7s  %-5s  0x%02x  %-5s %-4s  %-8s%s%s\n", intids, states[r->state], r->enable ? "yes" : "no",
		show_group(g, r->group), r->prio, r->edge ? "edge" : "level", first < 16 ? "" : r->level ? "high" : "low", r->target,
		*r->device ? "  " : "", r->device);
}

static bool worth_showing(const struct gic_irqs *w, unsigned n)
{
	return bit(gic_pending(w) | w->active | w->enable, n);
}

static void show_word(const struct gic_pe *p, const struct gic_irqs *w, u32 first, const struct gic_names *names, FILE *out)
{
	struct row row, next;
	unsigned last;

	for (unsigned n = 0; n < 32; n = last + 1) {
		last = n;
		if (!worth_showing(w, n))
			continue;
		fill_row(p, w, first + n, names, &row);
		for (; last < 31 && worth_showing(w, last + 1); last++) {
			fill_row(p, w, first + last + 1, names, &next);
			if (memcmp(&row, &next, sizeof(row)) != 0)
				break;
		}
		show_row(p->g, &row, first + n, first + last, out);
	}
}

/* LPIs have no state but pending. */
static void show_lpis(const struct gic_pe *p, FILE *out)
{
	enum { MOST = 16 };
	unsigned n = 0;

	for (u32 id = INTID_LPI; p->lpi && id < INTID_LPI + GIC_LPIS; id++) {
		u8 config = p->g->lpi_config[id - INTID_LPI];

		if (lpi_pending(p, id) && n++ < MOST)
			fprintf(out, "  %7u  %-14s  %-7s  %-5s  0x%02x  LPI\n", id, "pending", config & 1 ? "yes" : "no",
				show_group(p->g, GRP_1NS), lpi_priority(p->g, config));
	}
	if (n > MOST)
		fprintf(out, "  ... and %u more pending LPIs\n", n - MOST);
}

static void show_interrupts(const struct gic_pe *p, const struct gic_names *names, FILE *out)
{
	fprintf(out, "    INTID  state           enabled  group  prio  input       target    device\n");
	show_word(p, &p->local, 0, names, out);
	for (unsigned w = 0; w < p->g->n_words; w++)
		show_word(p, &p->g->spi[w], 32 + 32 * w, names, out);
	show_lpis(p, out);
}

/* ---- virtual interface ---- */

struct flag {
	u8 bit;
	const char *name;
};

static void show_flags(u64 v, const struct flag *f, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++)
		if (bit(v, f[i].bit))
			fprintf(out, " %s", f[i].name);
}

/* IHI0069 ICH_HCR_EL2, ICH_VMCR_EL2, ICH_MISR_EL2 */
static void show_virt_controls(const struct gic_pe *p, FILE *out)
{
	static const struct flag hcr[] = { { 0, "En" }, { 1, "UIE" }, { 2, "LRENPIE" }, { 3, "NPIE" }, { 4, "VGrp0EIE" },
					   { 5, "VGrp0DIE" }, { 6, "VGrp1EIE" }, { 7, "VGrp1DIE" }, { 10, "TC" }, { 11, "TALL0" },
					   { 12, "TALL1" }, { 14, "TDIR" } };
	static const struct flag vmcr[] = { { 0, "VENG0" }, { 1, "VENG1" }, { 2, "VAckCtl" }, { 3, "VFIQEn" }, { 4, "VCBPR" }, { 9, "VEOIM" } };
	static const struct flag misr[] = { { 0, "EOI" }, { 1, "U" }, { 2, "LRENP" }, { 3, "NP" }, { 4, "VGrp0E" }, { 5, "VGrp0D" },
					    { 6, "VGrp1E" }, { 7, "VGrp1D" } };

	fprintf(out, "  ICH_HCR_EL2     0x%08x:", p->ich_hcr);
	show_flags(p->ich_hcr, hcr, ARRAY_SIZE(hcr), out);
	fprintf(out, " EOIcount %u\n  ICH_VMCR_EL2    0x%08x:", p->ich_hcr >> 27, p->ich_vmcr);
	show_flags(p->ich_vmcr, vmcr, ARRAY_SIZE(vmcr), out);
	fprintf(out, " VPMR 0x%02x VBPR0 %u VBPR1 %u\n", p->ich_vmcr >> 24, p->ich_vmcr >> 21 & 7, p->ich_vmcr >> 18 & 7);
	fprintf(out, "  ICH_MISR_EL2    0x%02" PRIx64 ":", ich_misr(p));
	show_flags(ich_misr(p), misr, ARRAY_SIZE(misr), out);
	fprintf(out, "%s EISR 0x%" PRIx64 " ELRSR 0x%" PRIx64 "; maintenance interrupt (INTID %u) %s\n", ich_misr(p) ? "" : " none,",
		ich_eisr(p), ich_elrsr(p), GIC_MAINTENANCE_INTID, bit(p->local.level, GIC_MAINTENANCE_INTID) ? "high" : "low");
}

static void show_virt_signal(const struct gic_pe *p, FILE *out)
{
	u32 id = virt_pending_intid(p);
	u8 running = virt_running(p);

	fprintf(out, "  virtual         running 0x%02x%s, ", running, running == 0xff ? " (idle)" : "");
	if (bit(p->out, CPU_PIN_VIRQ) || bit(p->out, CPU_PIN_VFIQ))
		fprintf(out, "signals %s: vINTID %u\n", bit(p->out, CPU_PIN_VFIQ) ? "vFIQ" : "vIRQ", id);
	else if (!(p->ich_hcr & ICH_HCR_EN))
		fprintf(out, "signals nothing: ICH_HCR_EL2.En is 0\n");
	else if (id == INTID_SPURIOUS)
		fprintf(out, "signals nothing\n");
	else
		fprintf(out, "signals nothing: vINTID %u is masked or not above the running one\n", id);
}

/* Who wrote it: the guest's acknowledging and ending change only its state. */
static void show_writer(const struct gic_writer *w, const struct gic_names *names, FILE *out)
{
	char code[128] = "";

	if (!w->known)
		return;
	if (names && names->code)
		names->code->find(names->code->ctx, w->pc, w->el, code, sizeof(code));
	fprintf(out, "  at 0x%" PRIx64 "%s, EL%u, %" PRIu64 ".%06" PRIu64 " us", w->pc, code, w->el, w->ps / 1000000, w->ps % 1000000);
}

static void show_lr(const struct gic_pe *p, unsigned n, const struct gic_names *names, FILE *out)
{
	static const char *const states[] = { "inactive", "pending", "active", "pending+active" };
	u64 lr = p->lr[n];
	u32 id = lr_intid(p, lr);
	char link[40] = "";

	if (lr & LR_HW)
		snprintf(link, sizeof(link), "pINTID %u", (u32)bits(lr, 41, 32));
	else if (lr & LR_EOI)
		snprintf(link, sizeof(link), "EOI maintenance");
	else if (p->g->version == 2 && id >> 10)
		snprintf(link, sizeof(link), "from CPU %u", id >> 10);
	fprintf(out, "  %2u  0x%016" PRIx64 "  %-14s  %6u  %5u  0x%02x  %-15s", n, lr, states[lr >> 62], p->g->version == 2 ? id & 1023 : id,
		!!(lr & LR_GROUP), (u8)(lr >> 48), link);
	show_writer(&p->writer[n], names, out);
	fputc('\n', out);
}

/* Empty ones in one line. */
static void show_lrs(const struct gic_pe *p, const struct gic_names *names, FILE *out)
{
	unsigned empty = 0;

	fprintf(out, "  LR  value               state           vINTID  group  prio  link             written\n");
	for (unsigned i = 0; i < p->n_lrs; i++)
		if (p->lr[i])
			show_lr(p, i, names, out);
		else
			empty++;
	if (empty)
		fprintf(out, "  %u of %u list registers are 0\n", empty, p->n_lrs);
}

void gic_show(const struct cpu *c, const struct gic_names *names, FILE *out)
{
	const struct gic_pe *p = gic_of(c);

	show_dist(p, out);
	show_cpuif(p, out);
	show_interrupts(p, names, out);
	if (!cpu_has(c, FEAT(EL2)))
		return;
	show_virt_controls(p, out);
	show_virt_signal(p, out);
	show_lrs(p, names, out);
}
