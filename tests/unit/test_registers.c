/* machine/registers.h: names, numbers and fields of all registers; reading leaves no trace; writing goes by the rules. */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/sysreg.h"
#include "machine/machine_priv.h"
#include "machine/registers.h"
#include "tests/unit/harness.h"

/* Counts at EL2 with the timer on and its interrupt pending, then powers off. */
static const u32 counting[] = {
	0xd2800c80,		/* MOV X0, #100 */
	0xd51be200,		/* MSR CNTP_TVAL_EL0, X0 */
	0xd2800020,		/* MOV X0, #1 */
	0xd51be220,		/* MSR CNTP_CTL_EL0, X0 */
	0xd2a00203,		/* MOV X3, #0x100000 */
	0x91000442,		/* ADD X2, X2, #1 */
	0xd53be024,		/* MRS X4, CNTPCT_EL0 */
	0xeb03005f,		/* CMP X2, X3 */
	0x54ffffa1,		/* B.NE to the ADD */
	0x52b08000,		/* MOV W0, #0x84000008 */
	0x72800100, 0xd4000003, /* SMC #0 */
};

struct guest {
	u32 image[0x400];
	struct config cfg;
	struct machine *m;
	bool interrupted;
};

static bool look(void *ctx)
{
	return ((struct guest *)ctx)->interrupted;
}

static void guest_open(struct guest *g, const char *core, bool secure)
{
	const struct machine_io io = { .ctx = g, .poll = look };
	struct why why = { "" };

	memset(g, 0, sizeof(*g));
	memcpy(g->image, counting, sizeof(counting));
	config_init(&g->cfg);
	g->cfg.cpu = strdup(core);
	g->cfg.virtualization = true;
	g->cfg.secure = secure;
	g->cfg.ram_size = 16 << 20;
	g->cfg.boot.builtin = g->image;
	g->cfg.boot.builtin_size = sizeof(g->image);
	EXPECT_EQ(machine_new(&g->m, &g->cfg, &io, NULL, &why), 0);
	EXPECT_STR(why.text, "");
}

static void guest_close(struct guest *g)
{
	machine_free(g->m);
	config_free(&g->cfg);
}

static u64 value(struct guest *g, const char *name)
{
	struct reg r;
	u64 v = 0;

	if (!reg_find(name, &r) || !reg_read64(machine_pe(g->m, 0), &r, &v))
		FAIL_TEST("%s cannot be read", name);
	return v;
}

static bool set(struct guest *g, const char *name, u64 v)
{
	struct reg r;

	return reg_find(name, &r) && reg_write64(machine_pe(g->m, 0), &r, v);
}

static unsigned read_all(struct guest *g)
{
	struct reg r = { 0 };
	unsigned n = 0;
	u8 v[16];

	while (reg_next(&r))
		n += reg_read(machine_pe(g->m, 0), &r, v);
	return n;
}

TEST(each_register_is_found_by_its_name_and_number)
{
	struct reg r = { 0 }, found;
	unsigned n = 0, last = 0;

	while (reg_next(&r)) {
		EXPECT(n == 0 || r.number > last);
		last = r.number;
		n++;
		EXPECT(reg_find(r.name, &found) && found.number == r.number);
		EXPECT(reg_number(r.number, &found) && !strcmp(found.name, r.name));
	}
	EXPECT(n > 300);
	EXPECT(reg_find("hcr_el2", &r) && !strcmp(r.name, "HCR_EL2") && r.number == SR(3, 4, 1, 1, 0));
	EXPECT(reg_find("X30", &r) && r.number == 30);
	EXPECT(reg_find("v31", &r) && r.bits == 128 && r.number == REG_NUMBER_V0 + 31);
	EXPECT(!reg_find("x31", &r) && !reg_find("", &r) && !reg_find("TLBI VMALLE1", &r) && !reg_find("ICC_EOIR1_EL1", &r));
	EXPECT(!reg_number(68, &r) && !reg_number(SR(1, 0, 8, 7, 0), &r) && !reg_number(0x10000, &r) &&
	       !reg_number(~0u, &r));
}

TEST(fields_are_in_order_and_apart)
{
	struct reg r = { 0 };
	unsigned with = 0;

	while (reg_next(&r))
		for (unsigned e2h = 0; e2h < 2; e2h++) {
			size_t n;
			const struct reg_field *f = reg_fields(&r, e2h, &n);

			with += n != 0;
			for (size_t i = 0; i < n; i++)
				if (f[i].low > f[i].high || f[i].high >= r.bits || (i && f[i].low <= f[i - 1].high))
					FAIL_TEST("%s.%s", r.name, f[i].name);
		}
	EXPECT(with > 200);
}

static const struct reg_field *field(const char *name, bool e2h, const char *what)
{
	const struct reg_field *f;
	struct reg r;
	size_t n;

	if (!reg_find(name, &r))
		return NULL;
	f = reg_fields(&r, e2h, &n);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(f[i].name, what))
			return &f[i];
	return NULL;
}

TEST(fields_follow_the_layout_of_E2H)
{
	EXPECT(field("TCR_EL2", false, "PS") && !field("TCR_EL2", true, "PS"));
	EXPECT(field("TCR_EL2", true, "IPS") && !field("TCR_EL2", false, "IPS"));
	EXPECT_EQ(field("CNTHCTL_EL2", false, "EL1PCTEN")->low, 0);
	EXPECT_EQ(field("CNTHCTL_EL2", true, "EL1PCTEN")->low, 10);
	EXPECT(field("ICH_LR15_EL2", false, "pINTID") && field("DBGWCR3_EL1", false, "MASK") &&
	       field("TTBR1_EL2", false, "ASID"));
	EXPECT(!field("TTBR0_EL2", false, "ASID") && field("TTBR0_EL2", true, "ASID") && !field("FAR_EL2", false, "VA"));
}

TEST(reading_every_register_leaves_no_trace)
{
	char before[65], after[65], ends[2][65];
	enum machine_end end;
	struct guest g;

	for (unsigned watched = 0; watched < 2; watched++) {
		guest_open(&g, "neoverse-n1", false);
		g.interrupted = true;
		while ((end = machine_run(g.m)) == MACHINE_STOPPED) {
			if (!watched)
				continue;
			machine_digest(g.m, before);
			EXPECT(read_all(&g) > 200);
			machine_digest(g.m, after);
			EXPECT_STR(before, after);
		}
		EXPECT_EQ(end, MACHINE_POWEROFF);
		machine_digest(g.m, ends[watched]);
		guest_close(&g);
	}
	EXPECT_STR(ends[0], ends[1]);
}

TEST(a_core_has_the_registers_that_its_features_say)
{
	struct guest g;
	struct reg r;
	u64 v;

	guest_open(&g, "cortex-a53", false);
	EXPECT(reg_find("TTBR1_EL2", &r) && !reg_read64(machine_pe(g.m, 0), &r, &v)); /* no VHE */
	EXPECT(reg_find("SCR_EL3", &r) && !reg_read64(machine_pe(g.m, 0), &r, &v));
	EXPECT(!reg_write64(machine_pe(g.m, 0), &r, 0));
	EXPECT(reg_find("DBGBVR15_EL1", &r) && !reg_read64(machine_pe(g.m, 0), &r, &v));
	EXPECT(reg_find("ICH_LR15_EL2", &r) && !reg_read64(machine_pe(g.m, 0), &r, &v));
	EXPECT(reg_find("DBGBVR0_EL1", &r) && reg_read64(machine_pe(g.m, 0), &r, &v));
	EXPECT(reg_find("SP_EL0", &r) && reg_read64(machine_pe(g.m, 0), &r, &v));
	guest_close(&g);
	guest_open(&g, "neoverse-n1", true);
	EXPECT(reg_find("SCR_EL3", &r) && reg_read64(machine_pe(g.m, 0), &r, &v));
	EXPECT(reg_find("CNTPS_CTL_EL1", &r) && reg_read64(machine_pe(g.m, 0), &r, &v));
	EXPECT(read_all(&g) > 250);
	guest_close(&g);
}

TEST(writes_keep_to_the_masks_and_take_effect_at_once)
{
	struct guest g;
	struct cpu *c;
	u8 v[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, seen[16];
	struct reg r;

	guest_open(&g, "neoverse-n1", false);
	c = machine_pe(g.m, 0);
	EXPECT(set(&g, "HCR_EL2", ~0ull & ~HCR_TGE));
	EXPECT_EQ(value(&g, "HCR_EL2") & HCR_RW, HCR_RW);
	EXPECT_EQ(value(&g, "HCR_EL2") >> 40, 0);
	EXPECT_EQ(c->hcr_eff & HCR_E2H, HCR_E2H);
	EXPECT(set(&g, "HCR_EL2", HCR_RW));
	EXPECT(!set(&g, "MIDR_EL1", 0) && !set(&g, "CNTPCT_EL0", 0));
	EXPECT(set(&g, "x7", 0x1234567890abcdef) && c->x[7] == 0x1234567890abcdef);
	EXPECT(set(&g, "sp", 0x40001008) && value(&g, "SP_EL2") == 0x40001008);
	EXPECT(set(&g, "pc", 0x40000010) && value(&g, "pc") == 0x40000010);
	EXPECT(reg_find("v3", &r) && reg_write(c, &r, v) && reg_read(c, &r, seen) && !memcmp(v, seen, 16));
	EXPECT(set(&g, "fpcr", ~0ull) && value(&g, "fpcr") != 0xffffffff && value(&g, "fpcr") != 0);
	EXPECT(set(&g, "fpsr", 1) && value(&g, "fpsr") == 1);
	guest_close(&g);
}

TEST(pstate_takes_legal_values_alone)
{
	static const u64 illegal[] = { 0xc, 0xd, 0x1, 0x2, 0x7, 0x10, 0x1d, 0x9 | BIT(4) };
	struct guest g;
	u64 was;

	guest_open(&g, "neoverse-n1", false); /* no EL3 */
	was = value(&g, "cpsr");
	EXPECT_EQ(was & 15, 9);
	for (size_t i = 0; i < ARRAY_SIZE(illegal); i++)
		EXPECT(!set(&g, "cpsr", illegal[i]));
	EXPECT_EQ(value(&g, "cpsr"), was);
	EXPECT(set(&g, "sp", 0x1000) && set(&g, "SP_EL1", 0x2000));
	EXPECT(set(&g, "cpsr", 0xa00003c5)); /* NzCv, DAIF, EL1h */
	EXPECT_EQ(value(&g, "cpsr"), 0xa00003c5);
	EXPECT_EQ(machine_pe(g.m, 0)->el, 1);
	EXPECT_EQ(value(&g, "sp"), 0x2000);
	EXPECT_EQ(value(&g, "SP_EL2"), 0x1000);
	EXPECT_EQ(value(&g, "NZCV"), 0xa0000000);
	guest_close(&g);
	guest_open(&g, "cortex-a57", true);
	EXPECT(set(&g, "cpsr", 0x3cd));
	EXPECT(set(&g, "SCR_EL3", 0x430));
	EXPECT(!set(&g, "cpsr", 0x3c9)); /* SCR_EL3.NS = 0: no EL2 */
	EXPECT(set(&g, "SCR_EL3", 0x431));
	EXPECT(set(&g, "cpsr", 0x3c9));
	guest_close(&g);
}
