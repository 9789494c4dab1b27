/*
 * Cores as data: the ID registers of the silicon, and what of them is advertised.
 *
 * cpu_core_make() keeps a field only where id_limits[] knows it, and lowers it to the highest value
 * whose features are all there. So a register never promises what is not built: AArch32 state, SPE, SVE and trace are absent from the list and read as absent. Called by machine/ when the
 * board is made.
 */
#include "cpu/features.h"

#include <string.h>

#include "base/bits.h"

#define FEATURES_V8_0                                                                              \
	(FEAT(BASE) | FEAT(FP) | FEAT(ASIMD) | FEAT(AES) | FEAT(PMULL) | FEAT(SHA1) |              \
	 FEAT(SHA256) | FEAT(CRC32) | FEAT(EL2) | FEAT(EL3) | FEAT(GICV3) | FEAT(PMUv3))
#define FEATURES_N1                                                                                \
	(FEATURES_V8_0 | FEAT(LSE) | FEAT(RDM) | FEAT(PAN) | FEAT(PAN2) | FEAT(VHE) | FEAT(LOR) |  \
	 FEAT(HPDS) | FEAT(HPDS2) | FEAT(XNX) | FEAT(TTCNP) | FEAT(VMID16) | FEAT(HAFDBS) |        \
	 FEAT(FP16) | FEAT(DOTPROD) | FEAT(UAO) | FEAT(DPB) | FEAT(RAS) | FEAT(IESB) |             \
	 FEAT(LRCPC) | FEAT(SSBS) | FEAT(DEBUGv8p1) | FEAT(PMUv3p1))
#define FEATURES_MAX ((1ull << FEAT_COUNT) - 1)

const struct cpu_core cpu_cores[] = {
	{ .name = "cortex-a53",
	  .features = FEATURES_V8_0,
	  .cntfrq = 62500000,
	  .lr_count = 4,
	  .pri_bits = 5,
	  .id = { .midr = 0x410fd034,
		  .revidr = 0x100, /* erratum 843419 is fixed in this revision (Arm EPM048406) */
		  .ctr = 0x84448004,
		  .dczid = 4,
		  .clidr = 0x0a200023,
		  .ccsidr = { 0x700fe01a, 0x201fe00a, 0x707fe07a },
		  .aa64pfr = { 0x2222 },
		  .aa64dfr = { 0x10305106 },
		  .aa64isar = { 0x11120 },
		  .aa64mmfr = { 0x1122 },
		  .pmceid = { 0x67ffbfff },
		  .pmcr_reset = 0x41033000,
		  .sctlr_reset = 0x00c50838 } },
	{ .name = "cortex-a57",
	  .features = FEATURES_V8_0,
	  .cntfrq = 62500000,
	  .lr_count = 4,
	  .pri_bits = 5,
	  .id = { .midr = 0x411fd070,
		  .ctr = 0x8444c004,
		  .dczid = 4,
		  .clidr = 0x0a200023,
		  .ccsidr = { 0x701fe00a, 0x201fe012, 0x70ffe07a },
		  .aa64pfr = { 0x2222 },
		  .aa64dfr = { 0x10305106 },
		  .aa64isar = { 0x11120 },
		  .aa64mmfr = { 0x1124 },
		  .pmceid = { 0x7fff0f3f },
		  .pmcr_reset = 0x41013000,
		  .sctlr_reset = 0x00c50838 } },
	{ .name = "cortex-a72",
	  .features = FEATURES_V8_0,
	  .cntfrq = 62500000,
	  .lr_count = 4,
	  .pri_bits = 5,
	  .id = { .midr = 0x410fd083,
		  .ctr = 0x8444c004,
		  .dczid = 4,
		  .clidr = 0x0a200023,
		  .ccsidr = { 0x701fe00a, 0x201fe012, 0x707fe07a },
		  .aa64pfr = { 0x2222 },
		  .aa64dfr = { 0x10305106 },
		  .aa64isar = { 0x11120 },
		  .aa64mmfr = { 0x1124 },
		  .pmceid = { 0x7fff0f3f },
		  .pmcr_reset = 0x41023000,
		  .sctlr_reset = 0x00c50838 } },
	{ .name = "neoverse-n1",
	  .features = FEATURES_N1,
	  .cntfrq = 62500000,
	  .lr_count = 4,
	  .pri_bits = 5,
	  .id = { .midr = 0x414fd0c1,
		  .ctr = 0x8444c004,
		  .dczid = 4,
		  .clidr = 0x82000023,
		  .ccsidr = { 0x701fe01a, 0x201fe01a, 0x70ffe03a },
		  .aa64pfr = { 0x1100000010111112, 0x20 },
		  .aa64dfr = { 0x110305408 },
		  .aa64isar = { 0x100010211120, 0x100001 },
		  .aa64mmfr = { 0x101125, 0x10212122, 0x1011 },
		  .pmceid = { 0x7fff0f3f, 0x00f2ae7f },
		  .pmcr_reset = 0x410c3000,
		  .sctlr_reset = 0x30c50838 } },
	/* Everything that Trapline models; implementer 0 and part 'T' belong to no silicon. */
	{ .name = "max",
	  .features = FEATURES_MAX,
	  .cntfrq = 1000000000,
	  .lr_count = 4,
	  .pri_bits = 5,
	  .id = { .midr = 0x000f0540,
		  .ctr = 0x8444c004,
		  .dczid = 4,
		  .clidr = 0x82000023,
		  .ccsidr = { 0x701fe01a, 0x201fe01a, 0x70ffe03a },
		  .aa64pfr = { 0x1100000010111112, 0x20 },
		  .aa64dfr = { 0x110305608 },
		  .aa64isar = { 0x100010211120, 0x100001 },
		  .aa64mmfr = { 0x101125, 0x10212122, 0x1011 },
		  .pmceid = { ~0u, ~0u },
		  .pmcr_reset = 0x3000,
		  .sctlr_reset = 0x30c50838 } },
};
const size_t cpu_cores_n = ARRAY_SIZE(cpu_cores);

const struct cpu_core *cpu_core_find(const char *name)
{
	for (size_t i = 0; i < cpu_cores_n; i++)
		if (!strcmp(cpu_cores[i].name, name))
			return &cpu_cores[i];
	return NULL;
}

/*
 * The 4-bit ID fields that are advertised: a field reads as the core's value, but at most as the
 * highest `top` whose `feature` is there (0: always). Fields that no row names read as 0.
 */
struct id_limit {
	u16 reg; /* offset of the u64 in struct cpu_idregs */
	u8 shift;
	u8 top;
	u64 feature;
};
#define ID(reg, shift, top, feature)                                                               \
	{                                                                                          \
		offsetof(struct cpu_idregs, reg), shift, top, feature                              \
	}

static const struct id_limit id_limits[] = {
	ID(aa64pfr[0], 0, 1, 0), /* EL0..EL3: AArch64 only */
	ID(aa64pfr[0], 4, 1, 0),
	ID(aa64pfr[0], 8, 1, FEAT(EL2)),
	ID(aa64pfr[0], 12, 1, FEAT(EL3)),
	ID(aa64pfr[0], 28, 1, FEAT(RAS)),
	ID(aa64pfr[0], 56, 1, 0), /* CSV2, CSV3: no speculation here */
	ID(aa64pfr[0], 60, 1, 0),
	ID(aa64pfr[1], 4, 2, FEAT(SSBS)),
	ID(aa64dfr[0], 0, 6, 0),
	ID(aa64dfr[0], 0, 8, FEAT(DEBUGv8p1)),
	ID(aa64dfr[0], 8, 1, FEAT(PMUv3)),
	ID(aa64dfr[0], 8, 4, FEAT(PMUv3p1)),
	ID(aa64dfr[0], 8, 5, FEAT(PMUv3p4)),
	ID(aa64dfr[0], 8, 6, FEAT(PMUv3p5)),
	ID(aa64dfr[0], 12, 15, 0), /* BRPs, WRPs, CTX_CMPs */
	ID(aa64dfr[0], 20, 15, 0),
	ID(aa64dfr[0], 28, 15, 0),
	ID(aa64isar[0], 4, 1, FEAT(AES)),
	ID(aa64isar[0], 4, 2, FEAT(PMULL)),
	ID(aa64isar[0], 8, 1, FEAT(SHA1)),
	ID(aa64isar[0], 12, 1, FEAT(SHA256)),
	ID(aa64isar[0], 16, 1, FEAT(CRC32)),
	ID(aa64isar[0], 20, 2, FEAT(LSE)),
	ID(aa64isar[0], 28, 1, FEAT(RDM)),
	ID(aa64isar[0], 44, 1, FEAT(DOTPROD)),
	ID(aa64isar[1], 0, 1, FEAT(DPB)),
	ID(aa64isar[1], 20, 1, FEAT(LRCPC)),
	ID(aa64mmfr[0], 0, 5, 0),  /* PARange */
	ID(aa64mmfr[0], 4, 2, 0),  /* ASIDBits */
	ID(aa64mmfr[0], 8, 1, 0),  /* BigEnd */
	ID(aa64mmfr[0], 12, 1, 0), /* SNSMem */
	ID(aa64mmfr[0], 20, 1, 0), /* TGran16; TGran64 and TGran4 are 0 = there */
	ID(aa64mmfr[1], 0, 2, FEAT(HAFDBS)),
	ID(aa64mmfr[1], 4, 2, FEAT(VMID16)),
	ID(aa64mmfr[1], 8, 1, FEAT(VHE)),
	ID(aa64mmfr[1], 12, 1, FEAT(HPDS)),
	ID(aa64mmfr[1], 12, 2, FEAT(HPDS2)),
	ID(aa64mmfr[1], 16, 1, FEAT(LOR)),
	ID(aa64mmfr[1], 20, 1, FEAT(PAN)),
	ID(aa64mmfr[1], 20, 2, FEAT(PAN2)),
	ID(aa64mmfr[1], 28, 1, FEAT(XNX)),
	ID(aa64mmfr[2], 0, 1, FEAT(TTCNP)),
	ID(aa64mmfr[2], 4, 1, FEAT(UAO)),
	ID(aa64mmfr[2], 12, 1, FEAT(IESB)),
};

/* FP and ASIMD count from 15 (absent) over 0 (there) to 1 (with half precision). */
static u64 pfr0_fp(u64 features)
{
	u64 v = (features & FEAT(FP)) ? ((features & FEAT(FP16)) ? 1 : 0) : 15;

	return v << 16 | v << 20;
}

static u64 *id_reg(struct cpu_idregs *id, u16 offset)
{
	return (u64 *)((char *)id + offset);
}

/* The field of row `l`; every row of that field has its say. */
static u64 limit_field(const struct id_limit *l, u64 real, u64 features)
{
	u64 top = 0;

	for (const struct id_limit *k = id_limits; k < id_limits + ARRAY_SIZE(id_limits); k++) {
		if (k->reg != l->reg || k->shift != l->shift)
			continue;
		if ((features & k->feature) == k->feature)
			top = k->top > top ? k->top : top;
	}
	return real < top ? real : top;
}

static void limit_id(struct cpu_idregs *out, const struct cpu_idregs *in, u64 features)
{
	memset(out->aa64pfr, 0, sizeof(out->aa64pfr));
	memset(out->aa64dfr, 0, sizeof(out->aa64dfr));
	memset(out->aa64isar, 0, sizeof(out->aa64isar));
	memset(out->aa64mmfr, 0, sizeof(out->aa64mmfr));
	memset(out->aa64afr, 0, sizeof(out->aa64afr));
	out->aa64zfr0 = 0;
	for (size_t i = 0; i < ARRAY_SIZE(id_limits); i++) {
		const struct id_limit *l = &id_limits[i];
		const u64 *real = id_reg((struct cpu_idregs *)in, l->reg);
		u64 *reg = id_reg(out, l->reg);

		*reg = deposit(*reg, l->shift + 3, l->shift,
			       limit_field(l, *real >> l->shift & 15, features));
	}
	out->aa64pfr[0] |= pfr0_fp(features);
}

static void derive(struct cpu_core *core)
{
	static const u8 pa_bits[] = { 32, 36, 40, 42, 44, 48 };
	const struct cpu_idregs *id = &core->id;
	u64 f = core->features, mm0 = id->aa64mmfr[0], mm1 = id->aa64mmfr[1];

	core->n_brps = (u8)(bits(id->aa64dfr[0], 15, 12) + 1);
	core->n_wrps = (u8)(bits(id->aa64dfr[0], 23, 20) + 1);
	core->mmu = (struct mmu_features){
		.pa_bits = pa_bits[bits(mm0, 3, 0)],
		.asid_bits = bits(mm0, 7, 4) == 2 ? 16 : 8,
		.vmid_bits = bits(mm1, 7, 4) == 2 ? 16 : 8,
		.gran4 = bits(mm0, 31, 28) == 0,
		.gran16 = bits(mm0, 23, 20) == 1,
		.gran64 = bits(mm0, 27, 24) == 0,
		.haf = bits(mm1, 3, 0) >= 1,
		.hdbs = bits(mm1, 3, 0) >= 2,
		.hpd = f & FEAT(HPDS),
		.hpds2 = f & FEAT(HPDS2),
		.xnx = f & FEAT(XNX),
		.ttcnp = f & FEAT(TTCNP),
		.pan = f & FEAT(PAN),
		.uao = f & FEAT(UAO),
		.vhe = f & FEAT(VHE),
	};
}

static const char *const feature_names[] = {
#define F(name) [FEATI_##name] = #name,
	CPU_FEATURES(F)
#undef F
};

/* The first feature makes sense only with the second. */
static const struct {
	u8 feature, needs;
	const char *why;
} depends[] = {
	{ FEATI_PMULL, FEATI_AES, "pmull=on needs aes=on" },
	{ FEATI_ASIMD, FEATI_FP, "asimd=on needs fp=on: the manual has both or none" },
	{ FEATI_FP, FEATI_ASIMD, "fp=on needs asimd=on: the manual has both or none" },
	{ FEATI_AES, FEATI_ASIMD, "aes=on needs asimd=on" },
	{ FEATI_SHA1, FEATI_SHA256, "sha1=on needs sha256=on: the manual has both or none" },
	{ FEATI_SHA256, FEATI_SHA1, "sha256=on needs sha1=on: the manual has both or none" },
	{ FEATI_SHA1, FEATI_ASIMD, "sha1=on needs asimd=on" },
	{ FEATI_RDM, FEATI_ASIMD, "rdm=on needs asimd=on" },
	{ FEATI_FP16, FEATI_FP, "fp16=on needs fp=on" },
	{ FEATI_DOTPROD, FEATI_ASIMD, "dotprod=on needs asimd=on" },
	{ FEATI_PAN2, FEATI_PAN, "pan2=on needs pan=on" },
	{ FEATI_VHE, FEATI_PAN, "vhe=on needs pan=on (Armv8.1)" },
	{ FEATI_VHE, FEATI_LSE, "vhe=on needs lse=on (Armv8.1)" },
	{ FEATI_VHE, FEATI_DEBUGv8p1, "vhe=on needs debugv8p1=on" },
	{ FEATI_HPDS2, FEATI_HPDS, "hpds2=on needs hpds=on" },
	{ FEATI_PMUv3p1, FEATI_PMUv3, "pmuv3p1=on needs pmuv3=on" },
	{ FEATI_PMUv3p4, FEATI_PMUv3p1, "pmuv3p4=on needs pmuv3p1=on" },
	{ FEATI_PMUv3p5, FEATI_PMUv3p4, "pmuv3p5=on needs pmuv3p4=on" },
	{ FEATI_IESB, FEATI_RAS, "iesb=on needs ras=on" },
};

static bool same_word(const char *name, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char a = name[i];

		if (a >= 'A' && a <= 'Z')
			a += 'a' - 'A';
		if (!a || a != text[i])
			return false;
	}
	return name[n] == 0;
}

/* Bits that are the board's to choose. */
#define FEATURES_BOARD (FEAT(BASE) | FEAT(EL2) | FEAT(EL3) | FEAT(GICV3))

/* pmu=on|off, as QEMU has it: all of the core's Performance Monitors. */
static const char *set_pmu(u64 *features, u64 silicon, const char *value, size_t n)
{
	u64 all = FEAT(PMUv3) | FEAT(PMUv3p1) | FEAT(PMUv3p4) | FEAT(PMUv3p5);
	bool on = same_word("on", value, n);

	if (!on && !same_word("off", value, n))
		return "expected feature=on or feature=off";
	*features = (*features & ~all) | (on ? silicon & all : 0);
	return NULL;
}

static const char *parse_one(u64 *features, u64 silicon, const char *item, size_t n)
{
	const char *eq = memchr(item, '=', n);
	size_t name_n, value_n;

	if (!eq)
		return "expected feature=on or feature=off";
	name_n = (size_t)(eq - item);
	value_n = n - name_n - 1;
	if (same_word("pmu", item, name_n))
		return set_pmu(features, silicon, eq + 1, value_n);
	for (unsigned i = 0; i < FEAT_COUNT; i++) {
		if (!same_word(feature_names[i], item, name_n))
			continue;
		if (FEATURES_BOARD >> i & 1)
			return "that feature belongs to -machine (virtualization=, secure=, "
			       "gic-version=)";
		if (same_word("off", eq + 1, value_n)) {
			*features &= ~(1ull << i);
			return NULL;
		}
		if (!same_word("on", eq + 1, value_n))
			return "expected feature=on or feature=off";
		if (!(silicon >> i & 1))
			return "this core does not have that feature (the core \"max\" has all "
			       "that exist)";
		*features |= 1ull << i;
		return NULL;
	}
	return "no such feature";
}

const char *cpu_core_make(struct cpu_core *out, const struct cpu_core *row, bool el2, bool el3,
			  const char *overrides)
{
	u64 f = row->features;

	while (overrides && *overrides) {
		size_t n = strcspn(overrides, ",");
		const char *why = parse_one(&f, row->features, overrides, n);

		if (why)
			return why;
		overrides += n + (overrides[n] == ',');
	}
	for (size_t i = 0; i < ARRAY_SIZE(depends); i++)
		if ((f >> depends[i].feature & 1) && !(f >> depends[i].needs & 1))
			return depends[i].why;
	if (!el2)
		f &= ~FEAT(EL2);
	if (!el3)
		f &= ~FEAT(EL3);
	*out = *row;
	out->features = f;
	limit_id(&out->id, &row->id, f);
	if (f & FEAT(GICV3))
		out->id.aa64pfr[0] |= 1ull << 24;
	derive(out);
	return NULL;
}

void cpu_core_no_gicv3(struct cpu_core *core)
{
	core->features &= ~FEAT(GICV3);
	core->id.aa64pfr[0] &= ~MASK(27, 24);
}
