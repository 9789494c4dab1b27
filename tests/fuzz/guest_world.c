/* See guest_world.h. Registers and devices are set from outside; from there on the guest is alone. */
#include "tests/fuzz/guest_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/sysreg.h"
#include "machine/machine_priv.h"
#include "tests/fuzz/guest_tables.h"
#include "tests/fuzz/guest_words.h"
#include "tests/fuzz/random.h"

struct world {
	struct random rng;
	struct machine *m;
	u8 *ram; /* what goes to WORLD_RAM */
	u64 upper[4];	     /* base of the upper range of ELn, 0: none */
	u64 ttbr0[4], ttbr1[4], vttbr, tcr[4], vtcr, sctlr[4];
	u64 sensible_hcr, sensible_scr;
	unsigned width; /* 2^width words of code are jumped to: a few make hot loops */
	unsigned toggles; /* percent */
};

/* ---- The board ---- */

static char *pick(struct random *rng, const char *const *names, size_t n)
{
	return strdup(names[random_below(rng, n)]);
}

void world_config(struct config *c, u64 seed)
{
	static const char *const cores[] = { "cortex-a53", "cortex-a57", "cortex-a72",
					     "neoverse-n1", "neoverse-n1", "max" };
	static const char *const tlbs[] = { "l1i=4,l1d=4,main=16:2,walk=4,ipa=4",
					    "l1i=10,l1d=10,main=512:4,walk=64:4,ipa=64:4",
					    "l1i=8:2,l1d=8:2:random,main=0,walk=0,ipa=0",
					    "l1i=1,l1d=1,main=8,walk=2,ipa=2", "conflict=abort" };
	static const u8 image[64] = { 0, 0, 0, 0x14 }; /* B . */
	struct random rng = { .seed = seed };

	config_init(c);
	c->gic_version = 3;
	c->secure = random_percent(&rng, 50);
	c->virtualization = random_percent(&rng, 85);
	c->cpu = pick(&rng, cores, ARRAY_SIZE(cores));
	c->tlb = random_percent(&rng, 60) ? pick(&rng, tlbs, ARRAY_SIZE(tlbs)) : NULL;
	c->pes = random_percent(&rng, 50) ? 1 : 1 + (unsigned)random_below(&rng, 4);
	c->ram_size = WORLD_RAM_SIZE;
	c->no_reboot = random_percent(&rng, 80);
	c->seed = random_u64(&rng) >> 1;
	c->boot.builtin = image;
	c->boot.builtin_size = sizeof(image);
}

/* ---- Memory ---- */

static void random_bytes(struct world *w, u64 at, size_t n)
{
	u64 *p = (u64 *)(w->ram + (at - WORLD_RAM));

	for (size_t i = 0; i < n / 8; i++)
		p[i] = random_u64(&w->rng);
}

static void random_code(struct world *w)
{
	u32 *p = (u32 *)(w->ram + (WORLD_CODE - WORLD_RAM));

	for (size_t i = 0; i < WORLD_PART / 4; i++)
		p[i] = random_word(&w->rng, w->m->sysregs);
	for (size_t i = 0; i < WORLD_PART / 4 - 3; i += 3)
		if (random_percent(&w->rng, w->toggles))
			random_toggle(&w->rng, w->m->sysregs, p + i);
}

static void vectors(struct world *w, unsigned el)
{
	u8 *p = w->ram + (WORLD_VECTORS + (el - 1) * 0x1000 - WORLD_RAM);
	u64 *values = (u64 *)(p + 0x800);

	world_vectors(&w->rng, (u32 *)p, el, w->width);
	for (unsigned i = 0; i < 160; i++)
		values[i] = random_value(&w->rng, random_percent(&w->rng, 30) ? w->upper[el] : 0);
}

/* ---- Registers that make sense most of the time ---- */

static u64 random_bits(struct random *rng, u64 mask, unsigned percent)
{
	u64 v = 0;

	for (unsigned i = 0; i < 64; i++)
		v |= (u64)random_percent(rng, percent) << i;
	return v & mask;
}

static u64 random_sctlr(struct random *rng)
{
	u64 v = random_bits(rng, SCTLR_SA | SCTLR_SA0 | SCTLR_C | SCTLR_I | SCTLR_UMA | SCTLR_DZE | SCTLR_UCT |
					 SCTLR_NTWI | SCTLR_NTWE | SCTLR_UCI | SCTLR_SPAN | SCTLR_IESB, 60);

	v |= random_bits(rng, SCTLR_A | SCTLR_WXN | SCTLR_E0E | SCTLR_EE | SCTLR_DSSBS, 8);
	return v | 0x30d00800 | (random_percent(rng, 80) ? SCTLR_M : 0);
}

static u64 two_range_bits(struct random *rng)
{
	return random_bits(rng, MASK(13, 8) | MASK(29, 24) | BIT(36) | BIT(37) | BIT(39) | BIT(40) | BIT(22), 40) |
	       random_bits(rng, BIT(7) | BIT(23) | BIT(41) | BIT(42) | BIT(38), 4) | 2ull << 32;
}

static void stage1(struct world *w, struct table_space *s, unsigned el)
{
	bool be, two = el == 1 || (el == 2 && random_percent(&w->rng, 40));
	struct tables t;

	w->sctlr[el] = random_sctlr(&w->rng);
	be = w->sctlr[el] & SCTLR_EE;
	t = tables_random(&w->rng, s, false, be);
	w->ttbr0[el] = t.root | random_below(&w->rng, 4) << 48;
	w->tcr[el] = tables_tcr(&t, false);
	if (!two) {
		w->tcr[el] |= 2 << 16 | BIT(31) | BIT(23) | random_bits(&w->rng, MASK(13, 8) | MASK(22, 20) | BIT(24), 40);
		return;
	}
	t = tables_random(&w->rng, s, false, be);
	w->upper[el] = ~0ull << t.ia;
	w->ttbr1[el] = t.root | random_below(&w->rng, 4) << 48;
	w->tcr[el] |= tables_tcr(&t, true) | two_range_bits(&w->rng);
	if (el == 2)
		w->sensible_hcr |= HCR_E2H;
}

static void stage2(struct world *w, struct table_space *s)
{
	struct tables t = tables_random(&w->rng, s, true, w->sctlr[2] & SCTLR_EE);

	w->vttbr = t.root | random_below(&w->rng, 4) << 48;
	w->vtcr = tables_tcr(&t, false) | 2 << 16 | BIT(31) | random_bits(&w->rng, MASK(13, 8) | BIT(19) | BIT(21) | BIT(22), 30);
}

static void regimes(struct world *w)
{
	struct table_space s = { w->ram + (WORLD_TABLES - WORLD_RAM), WORLD_TABLES, WORLD_END - WORLD_TABLES, 0 };

	w->sensible_hcr = HCR_RW | random_bits(&w->rng, HCR_VM, 60) | random_bits(&w->rng, HCR_IMO | HCR_FMO | HCR_AMO, 40) |
			  random_bits(&w->rng, HCR_TGE | HCR_VI | HCR_VF | HCR_VSE | HCR_PTW, 12) |
			  random_bits(&w->rng, HCR_FB | MASK(30, 12) | HCR_CD | HCR_ID | MASK(37, 35), 5);
	w->sensible_hcr &= ~(random_percent(&w->rng, 90) ? HCR_TGE : 0);
	w->sensible_scr = SCR_RW | random_bits(&w->rng, SCR_NS | SCR_HCE, 75) |
			  random_bits(&w->rng, SCR_IRQ | SCR_FIQ | SCR_EA, 30) |
			  random_bits(&w->rng, SCR_SMD | SCR_SIF | SCR_ST | SCR_TWI | SCR_TWE | SCR_TLOR | SCR_TERR, 10);
	for (unsigned el = 1; el <= 3; el++)
		stage1(w, &s, el);
	stage2(w, &s);
}

static void set(struct cpu *c, const char *name, u64 v)
{
	const struct sysreg *r = sysreg_find_name(c->sysregs, name);

	if (r)
		sysreg_write(c, r, v);
}

static void set_el(struct cpu *c, const char *name, unsigned el, u64 v)
{
	char full[32];

	snprintf(full, sizeof full, "%s_EL%u", name, el);
	set(c, full, v);
}

/* Any register with a random value: most are overwritten by sensible ones afterwards. */
static void any_registers(struct world *w, struct cpu *c)
{
	const struct sysreg *const *rows;
	size_t n = sysreg_map_rows(c->sysregs, &rows);

	for (size_t i = 0; i < n; i++)
		if (!(rows[i]->flags & SRF_OP) && (rows[i]->rights & 0xf0) && random_percent(&w->rng, 25))
			sysreg_write(c, rows[i], random_percent(&w->rng, 50) ? random_value(&w->rng, 0) : random_u64(&w->rng));
}

static void regime_registers(struct world *w, struct cpu *c)
{
	for (unsigned el = 1; el <= 3; el++) {
		u64 at = WORLD_VECTORS + (el - 1) * 0x1000;

		set_el(c, "SCTLR", el, w->sctlr[el]);
		set_el(c, "TCR", el, w->tcr[el]);
		set_el(c, "TTBR0", el, w->ttbr0[el]);
		set_el(c, "MAIR", el, random_u64(&w->rng) << 32 | 0x4400ff | (random_below(&w->rng, 4) << 10));
		set_el(c, "VBAR", el, at + (random_percent(&w->rng, 20) ? w->upper[el] : 0));
		set_el(c, "TPIDR", el, random_u64(&w->rng));
	}
	set(c, "TTBR1_EL1", w->ttbr1[1]);
	set(c, "TTBR1_EL2", w->ttbr1[2]);
	set(c, "VTTBR_EL2", w->vttbr);
	set(c, "VTCR_EL2", w->vtcr);
	set(c, "HCR_EL2", w->sensible_hcr);
	set(c, "SCR_EL3", w->sensible_scr);
}

/* Breakpoints in the code that runs, watchpoints in the data, of all kinds. */
static void debug_registers(struct world *w, struct cpu *c)
{
	struct random *rng = &w->rng;

	for (unsigned i = 0; i < 2; i++) {
		set_el(c, i ? "DBGBVR1" : "DBGBVR0", 1, WORLD_CODE + (random_below(rng, 4ull << w->width) & ~3ull));
		set_el(c, i ? "DBGBCR1" : "DBGBCR0", 1, (random_u64(rng) & 0xfee6) | 0x1e1 >> random_below(rng, 2) * 8);
		set_el(c, i ? "DBGWVR1" : "DBGWVR0", 1, random_value(rng, 0) & ~7ull);
		set_el(c, i ? "DBGWCR1" : "DBGWCR0", 1, (random_u64(rng) & 0xfff9) | 1 | (u64)random_percent(rng, 20) * 12 << 24);
	}
	set(c, "MDSCR_EL1", random_bits(rng, BIT(0) | BIT(13) | BIT(15), 60));
	set(c, "MDCR_EL2", random_bits(rng, MASK(11, 8), 10));
	set(c, "MDCR_EL3", 0);
	set(c, "OSLAR_EL1", 0);
}

static void other_registers(struct world *w, struct cpu *c)
{
	struct random *rng = &w->rng;

	if (random_percent(rng, 80)) {
		set(c, "CPACR_EL1", 3 << 20);
		set(c, "CPTR_EL2", w->sensible_hcr & HCR_E2H ? 3 << 20 : 0x33ff);
		set(c, "CPTR_EL3", 0);
	}
	if (random_percent(rng, 50))
		debug_registers(w, c);
	if (random_percent(rng, 80)) {
		set(c, "ICC_PMR_EL1", 0xff);
		set(c, "ICC_IGRPEN1_EL1", 1);
		set(c, "ICC_IGRPEN0_EL1", random_below(rng, 2));
		set(c, "ICH_HCR_EL2", 1 | random_bits(rng, MASK(14, 1), 20));
		set(c, "ICH_VMCR_EL2", 0xff000002 | random_bits(rng, MASK(9, 0), 30));
		set(c, "ICH_LR0_EL2", 0x5000000000000000ull | random_below(rng, 64));
	}
	for (unsigned i = 0; i < 2; i++) {
		set(c, i ? "CNTV_CVAL_EL0" : "CNTP_CVAL_EL0", random_below(rng, 4000));
		set(c, i ? "CNTV_CTL_EL0" : "CNTP_CTL_EL0", random_below(rng, 4) != 0);
	}
	if (random_percent(rng, 70))
		set(c, "CNTVOFF_EL2", random_below(rng, 1000));
}

static unsigned top_el(const struct machine *m)
{
	return m->cfg->secure ? 3 : m->cfg->virtualization ? 2 : 1;
}

static void start(struct world *w, struct seat *s)
{
	struct random *rng = &w->rng;
	struct cpu *c = s->cpu;
	unsigned el;

	machine_start_pe(w->m, s, WORLD_CODE + (random_below(rng, 4ull << w->width) & ~3ull), 0);
	any_registers(w, c);
	regime_registers(w, c);
	other_registers(w, c);
	el = (unsigned)random_below(rng, top_el(w->m) + 1);
	for (unsigned i = 0; i <= 3; i++)
		cpu_set_sp(c, i, (WORLD_DATA + random_below(rng, WORLD_PART)) & ~15ull);
	cpu_select_sp(c, el, el && random_percent(rng, 80));
	for (unsigned i = 0; i < 31; i++)
		c->x[i] = random_value(rng, w->upper[el ? el : 1]);
	c->daif = random_percent(rng, 60) ? 0 : (u8)random_below(rng, 16);
	cpu_set_nzcv(c, (u32)random_u64(rng) & 0xf0000000);
	cpu_update_context(c);
	if (w->m->cfg->secure)
		gic_world_changed(c);
	c->attn |= ATTN_PINS;
}

/* ---- Devices ---- */

static void poke(struct world *w, u64 at, u64 size, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned width = 1u << random_below(&w->rng, 4);
		u64 off = random_below(&w->rng, size) & ~(u64)(width - 1), v = random_u64(&w->rng);
		struct attrs attrs = { .space = random_percent(&w->rng, 50) ? SPACE_S : SPACE_NS, .privileged = true };
		pa p = pa_make(attrs.space, at + off);

		if (random_percent(&w->rng, 70))
			bus_write(w->m->bus, p, width, attrs, v);
		else
			bus_read(w->m->bus, p, width, attrs, &v);
	}
}

static void devices(struct world *w)
{
	struct attrs attrs = { .space = SPACE_S, .privileged = true };

	poke(w, BOARD_GICD_BASE, 0x800, 60);
	poke(w, BOARD_GICD_BASE, BOARD_GICD_SIZE, 40);
	for (unsigned i = 0; i < w->m->pes; i++)
		poke(w, BOARD_GICR_BASE + i * BOARD_GICR_STRIDE + 0x10000, 0xd00, 40);
	poke(w, BOARD_UART0_BASE, 0x50, 10);
	poke(w, BOARD_RTC_BASE, 0x20, 6);
	poke(w, BOARD_VIRTIO_BASE, BOARD_VIRTIO_SIZE, 4);
	if (random_percent(&w->rng, 80)) {
		bus_write(w->m->bus, pa_make(SPACE_S, BOARD_GICD_BASE), 4, attrs, 0x37);
		for (unsigned i = 0; i < w->m->pes; i++)
			bus_write(w->m->bus, pa_make(SPACE_S, BOARD_GICR_BASE + i * BOARD_GICR_STRIDE + 0x10100), 4, attrs,
				  0xffffffff);
	}
	for (u64 i = random_below(&w->rng, 20); i; i--)
		machine_rx(w->m, 0, (u8)random_u64(&w->rng));
}

void world_fill(struct machine *m, u64 seed)
{
	struct world w = { .rng = { .seed = ~seed }, .m = m, .ram = calloc(1, WORLD_RAM_SIZE) };

	if (!w.ram)
		abort();
	w.width = random_percent(&w.rng, 40) ? 14 : 6 + (unsigned)random_below(&w.rng, 8);
	w.toggles = random_percent(&w.rng, 40) ? 0 : (unsigned)random_below(&w.rng, 12);
	regimes(&w);
	random_bytes(&w, WORLD_DATA, WORLD_PART);
	random_code(&w);
	for (unsigned el = 1; el <= 3; el++)
		vectors(&w, el);
	bus_copy_in(m->bus, pa_make(SPACE_NS, WORLD_CODE), w.ram + (WORLD_CODE - WORLD_RAM), 3 * WORLD_PART);
	bus_copy_in(m->bus, pa_make(SPACE_NS, WORLD_TABLES), w.ram + (WORLD_TABLES - WORLD_RAM), WORLD_END - WORLD_TABLES);
	devices(&w);
	for (unsigned i = 0; i < m->pes; i++)
		if (i == 0 || random_percent(&w.rng, 70))
			start(&w, &m->seat[i]);
	free(w.ram);
}
