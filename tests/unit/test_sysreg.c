/* cpu/: rows of system registers, who may access them, ID registers of the cores, derived state. */
#include "base/bits.h"
#include "cpu/debug.h"
#include "cpu/key.h"
#include "tests/unit/harness.h"
#include "tests/unit/pe.h"

static const struct {
	const char *name;
	bool el2, el3;
} boards[] = { { "cortex-a53", true, false }, { "cortex-a57", true, true },
	       { "neoverse-n1", true, true }, { "neoverse-n1", false, false },
	       { "cortex-a72", false, true }, { "max", true, true } };

TEST(rows_are_unique_by_encoding_alias_and_name)
{
	struct sysreg_map *m = sysreg_map_new();

	EXPECT_EQ(sysreg_map_add(m, cpu_sysregs, cpu_sysregs_n), 0);
	for (size_t i = 0; i < cpu_sysregs_n; i++)
		if (sysreg_find_name(m, cpu_sysregs[i].name) != &cpu_sysregs[i])
			FAIL_TEST("%s is there twice", cpu_sysregs[i].name);
	EXPECT(sysreg_map_add(m, cpu_sysregs, 1) != 0);
	sysreg_map_free(m);
}

TEST(rows_come_out_in_order_of_encoding)
{
	struct sysreg_map *m = sysreg_map_new();
	const struct sysreg *const *rows;
	size_t n;

	sysreg_map_add(m, cpu_sysregs, cpu_sysregs_n);
	n = sysreg_map_rows(m, &rows);
	EXPECT_EQ(n, cpu_sysregs_n);
	for (size_t i = 1; i < n; i++)
		EXPECT(rows[i - 1]->enc < rows[i]->enc);
	sysreg_map_free(m);
}

TEST(every_row_is_sound)
{
	struct sysreg_map *m = sysreg_map_new();

	sysreg_map_add(m, cpu_sysregs, cpu_sysregs_n);
	for (size_t i = 0; i < cpu_sysregs_n; i++) {
		const struct sysreg *r = &cpu_sysregs[i];
		bool reads = r->rights & 15, writes = r->rights >> 4;

		if (r->e2h && !sysreg_find(m, r->e2h))
			FAIL_TEST("%s: no twin under E2H", r->name);
		if (!reads && !writes)
			FAIL_TEST("%s: nobody may access it", r->name);
		if ((r->res0 & r->res1) || (r->reset & r->res0))
			FAIL_TEST("%s: masks overlap", r->name);
		if ((r->flags & SRF_OP) && (reads || r->enc >> 14 != 1))
			FAIL_TEST("%s: an operation is written, in the space of SYS", r->name);
		if (!(r->flags & SRF_OP) && reads && !r->field && !r->read && !r->reset &&
		    !(r->flags & SRF_CONST))
			FAIL_TEST("%s: nothing to read", r->name);
		if (writes && !r->field && !r->write && !(r->flags & (SRF_IGNORED | SRF_VA_OP)))
			FAIL_TEST("%s: nothing to write", r->name);
	}
	sysreg_map_free(m);
}

/* Whatever the checks say, an EL without the right gets UNDEFINED. */
TEST(rights_are_honoured_at_every_el)
{
	for (size_t b = 0; b < ARRAY_SIZE(boards); b++) {
		struct pe p = pe_new(boards[b].name, boards[b].el2, boards[b].el3);

		for (unsigned el = 0; el <= p.c->el; el++) {
			if (el == 2 && !boards[b].el2)
				continue;
			pe_at(p, el);
			for (size_t i = 0; i < 2 * cpu_sysregs_n; i++) {
				const struct sysreg *r = &cpu_sysregs[i / 2], *row;
				bool write = i & 1, may = r->rights >> (el + 4 * write) & 1;
				enum sysreg_access a = sysreg_resolve(p.c, r->enc, write, &row);

				if (!may && a != SYS_UNDEF)
					FAIL_TEST("%s EL%u %s: allowed", r->name, el,
						  write ? "write" : "read");
				if (may && !r->check && !r->feature && a != SYS_OK)
					FAIL_TEST("%s EL%u %s: refused", r->name, el,
						  write ? "write" : "read");
			}
		}
		pe_free(p);
	}
}

TEST(rows_of_absent_features_are_undefined)
{
	struct pe p = pe_new("cortex-a57", false, false);
	static const char *const absent[] = { "HCR_EL2",  "SCR_EL3", "TTBR1_EL2", "PAN",
					      "UAO",	  "SSBS",    "LORC_EL1",  "ERRIDR_EL1",
					      "DISR_EL1", "DC CVAP", "AT S1E1RP", "TLBI ALLE2" };

	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		EXPECT_EQ(pe_access(p, absent[i], true), SYS_UNDEF);
	pe_free(p);
}

TEST(el3_sees_res0_where_el2_is_absent)
{
	struct pe p = pe_new("cortex-a57", false, true);
	const struct sysreg *r;

	EXPECT_EQ(sysreg_resolve(p.c, SR(3, 4, 1, 1, 0), true, &r), SYS_OK); /* HCR_EL2 */
	sysreg_write(p.c, r, ~0ull);
	EXPECT_EQ(sysreg_read(p.c, r), 0);
	EXPECT_EQ(pe_read(p, "VPIDR_EL2"), p.c->core.id.midr);
	EXPECT_EQ(pe_read(p, "VMPIDR_EL2"), p.c->mpidr);
	EXPECT_EQ(pe_access(p, "TTBR1_EL2", false), SYS_UNDEF); /* no VHE either */
	EXPECT_EQ(pe_access(p, "TLBI ALLE2", true), SYS_UNDEF);
	EXPECT_EQ(pe_access(p, "TLBI ALLE1", true), SYS_OK);
	pe_free(p);
}

TEST(reserved_bits_read_as_fixed)
{
	for (size_t b = 0; b < ARRAY_SIZE(boards); b++) {
		struct pe p = pe_new(boards[b].name, boards[b].el2, boards[b].el3);

		for (size_t i = 0; i < cpu_sysregs_n; i++) {
			const struct sysreg *r = &cpu_sysregs[i];

			if ((r->flags & SRF_OP) || (r->rights & 0x80) == 0 || !(r->rights & 8))
				continue;
			if (p.c->core.features & r->feature & FEAT(EL2))
				cpu_update_context(p.c);
			sysreg_write(p.c, r, ~0ull);
			if (sysreg_read(p.c, r) & r->res0)
				FAIL_TEST("%s: RES0 bits set", r->name);
			sysreg_write(p.c, r, 0);
			if ((sysreg_read(p.c, r) & r->res1) != r->res1)
				FAIL_TEST("%s: RES1 bits clear", r->name);
		}
		pe_free(p);
	}
}

TEST(reset_values)
{
	static const struct {
		const char *core, *reg;
		u64 value;
	} rows[] = {
		{ "cortex-a57", "SCTLR_EL1", 0x00c50838 },
		{ "neoverse-n1", "SCTLR_EL1", 0x30c50838 },
		{ "cortex-a57", "HCR_EL2", HCR_RW },
		{ "cortex-a57", "OSLSR_EL1", 0xa },
		{ "cortex-a57", "SCR_EL3", 0x430 },
		{ "cortex-a57", "CPTR_EL2", 0x33ff },
		{ "cortex-a57", "TCR_EL2", 0x80800000 },
		{ "cortex-a57", "VTCR_EL2", 0x80000000 },
		{ "cortex-a57", "VPIDR_EL2", 0x411fd070 },
		{ "cortex-a57", "DAIF", 0x3c0 },
		{ "cortex-a57", "CurrentEL", 12 },
		{ "cortex-a57", "CTR_EL0", 0x8444c004 },
		{ "cortex-a53", "CTR_EL0", 0x84448004 },
		{ "neoverse-n1", "LORID_EL1", 0x40004 },
		{ "cortex-a53", "MIDR_EL1", 0x410fd034 },
		{ "max", "SPSel", 1 },
		{ "cortex-a72", "TTBR0_EL1", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = pe_new(rows[i].core, true, true);

		if (pe_read(p, rows[i].reg) != rows[i].value)
			FAIL_TEST("%s of %s is %#llx", rows[i].reg, rows[i].core,
				  (unsigned long long)pe_read(p, rows[i].reg));
		pe_free(p);
	}
}

/* What the silicon says, less AArch32, SPE; EL2 and EL3 by the board; the GIC interface added.
 */
TEST(id_registers_promise_what_is_there)
{
	static const struct {
		const char *core;
		bool el2, el3;
		const char *reg;
		u64 value;
	} rows[] = {
		{ "cortex-a57", true, false, "ID_AA64PFR0_EL1", 0x01000111 },
		{ "cortex-a57", true, true, "ID_AA64PFR0_EL1", 0x01001111 },
		{ "cortex-a57", false, false, "ID_AA64PFR0_EL1", 0x01000011 },
		{ "neoverse-n1", true, false, "ID_AA64PFR0_EL1", 0x1100000011110111 },
		{ "neoverse-n1", true, false, "ID_AA64PFR1_EL1", 0x20 },
		{ "cortex-a57", true, false, "ID_AA64DFR0_EL1", 0x10305106 },
		{ "neoverse-n1", true, false, "ID_AA64DFR0_EL1", 0x10305408 },
		{ "cortex-a53", true, false, "ID_AA64ISAR0_EL1", 0x11120 },
		{ "neoverse-n1", true, false, "ID_AA64ISAR0_EL1", 0x100010211120 },
		{ "neoverse-n1", true, false, "ID_AA64ISAR1_EL1", 0x100001 },
		{ "cortex-a53", true, false, "ID_AA64MMFR0_EL1", 0x1122 },
		{ "cortex-a57", true, false, "ID_AA64MMFR0_EL1", 0x1124 },
		{ "neoverse-n1", true, false, "ID_AA64MMFR0_EL1", 0x101125 },
		{ "neoverse-n1", true, false, "ID_AA64MMFR1_EL1", 0x10212122 },
		{ "neoverse-n1", true, false, "ID_AA64MMFR2_EL1", 0x1011 },
		{ "cortex-a57", true, false, "ID_AA64MMFR1_EL1", 0 },
		{ "neoverse-n1", true, false, "ID_ISAR0_EL1", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = pe_new(rows[i].core, rows[i].el2, rows[i].el3);

		if (pe_read(p, rows[i].reg) != rows[i].value)
			FAIL_TEST("%s of %s is %#llx", rows[i].reg, rows[i].core,
				  (unsigned long long)pe_read(p, rows[i].reg));
		pe_free(p);
	}
}

TEST(features_can_be_taken_away_but_not_contradict)
{
	struct cpu_core core;
	const struct cpu_core *n1 = cpu_core_find("neoverse-n1"),
			      *a57 = cpu_core_find("cortex-a57");

	EXPECT(!cpu_core_make(&core, n1, true, false, "pmull=off,aes=off"));
	EXPECT_EQ(core.id.aa64isar[0] >> 4 & 15, 0);
	EXPECT(!cpu_core_make(&core, n1, true, false, "pmull=off"));
	EXPECT_EQ(core.id.aa64isar[0] >> 4 & 15, 1);
	EXPECT(!cpu_core_make(&core, n1, true, false, "pan2=off"));
	EXPECT_EQ(core.id.aa64mmfr[1] >> 20 & 15, 1);
	EXPECT(!cpu_core_make(&core, n1, true, false, "vmid16=off"));
	EXPECT(core.mmu.vmid_bits == 8 && (core.id.aa64mmfr[1] >> 4 & 15) == 0);
	EXPECT(!cpu_core_make(&core, n1, true, false, "fp16=off"));
	EXPECT_EQ(core.id.aa64pfr[0] >> 16 & 0xff, 0);
	EXPECT(!cpu_core_make(&core, n1, true, false, "pmu=off"));
	EXPECT_EQ(core.id.aa64dfr[0] >> 8 & 15, 0);
	EXPECT(!cpu_core_make(&core, n1, true, false, "pmu=off,pmu=on"));
	EXPECT_EQ(core.id.aa64dfr[0] >> 8 & 15, 4);
	EXPECT(!cpu_core_make(&core, n1, true, false, "pmuv3p1=off"));
	EXPECT_EQ(core.id.aa64dfr[0] >> 8 & 15, 1);
	EXPECT(cpu_core_make(&core, n1, true, false, "pmuv3=off") != NULL);
	EXPECT(cpu_core_make(&core, n1, true, false, "pmu=maybe") != NULL);
	EXPECT(cpu_core_make(&core, n1, true, false, "aes=off") != NULL);
	EXPECT(cpu_core_make(&core, n1, true, false, "pan=off") != NULL);
	EXPECT(cpu_core_make(&core, a57, true, false, "vhe=on") != NULL);
	EXPECT(cpu_core_make(&core, a57, true, false, "el2=off") != NULL);
	EXPECT(cpu_core_make(&core, a57, true, false, "sve=on") != NULL);
	EXPECT(cpu_core_make(&core, a57, true, false, "aes") != NULL);
	EXPECT(cpu_core_make(&core, a57, true, false, "aes=maybe") != NULL);
	EXPECT(!cpu_core_find("cortex-a15"));
}

TEST(core_facts_derive_from_id_registers)
{
	struct cpu_core core;

	cpu_core_make(&core, cpu_core_find("cortex-a53"), true, true, NULL);
	EXPECT(core.mmu.pa_bits == 40 && core.mmu.asid_bits == 16 && core.mmu.vmid_bits == 8);
	EXPECT(core.mmu.gran4 && !core.mmu.gran16 && core.mmu.gran64 && !core.mmu.haf);
	EXPECT(core.n_brps == 6 && core.n_wrps == 4);
	cpu_core_make(&core, cpu_core_find("neoverse-n1"), true, true, NULL);
	EXPECT(core.mmu.pa_bits == 48 && core.mmu.vmid_bits == 16 && core.mmu.gran16);
	EXPECT(core.mmu.haf && core.mmu.hdbs && core.mmu.hpd && core.mmu.hpds2 && core.mmu.xnx &&
	       core.mmu.ttcnp);
}

TEST(the_id_space_reads_zero_where_reserved_and_traps_as_a_whole)
{
	struct pe p = pe_new("neoverse-n1", true, false);
	const struct sysreg *r;

	for (u32 i = 8; i < 64; i++) {
		u32 enc = SR(3u, 0u, 0u, i >> 3, i & 7);

		pe_write(p, "HCR_EL2", 0);
		pe_at(p, 1);
		EXPECT_EQ(sysreg_resolve(p.c, enc, false, &r), SYS_OK);
		EXPECT_EQ(sysreg_resolve(p.c, enc, true, &r), SYS_UNDEF);
		pe_at(p, 0);
		EXPECT_EQ(sysreg_resolve(p.c, enc, false, &r), SYS_UNDEF);
		pe_write(p, "HCR_EL2", HCR_TID3);
		pe_at(p, 1);
		EXPECT_EQ(sysreg_resolve(p.c, enc, false, &r), SYS_TRAP_EL2);
		pe_at(p, 2);
		EXPECT_EQ(sysreg_resolve(p.c, enc, false, &r), SYS_OK);
	}
	pe_free(p);
}

/* One control set, one access: traps with it, not without it, and never from the EL that owns the
 * control. */
TEST(each_trap_control_traps_its_registers_alone)
{
	enum { R = 1, W = 2, RW = 3 };
	static const struct {
		const char *control;
		u64 bit;
		const char *reg;
		u8 access, from; /* from: bit n = ELn */
	} rows[] = {
		{ "HCR_EL2", HCR_TVM, "SCTLR_EL1", W, 2 },
		{ "HCR_EL2", HCR_TVM, "TTBR0_EL1", W, 2 },
		{ "HCR_EL2", HCR_TVM, "TTBR1_EL1", W, 2 },
		{ "HCR_EL2", HCR_TVM, "TCR_EL1", W, 2 },
		{ "HCR_EL2", HCR_TVM, "ESR_EL1", W, 2 },
		{ "HCR_EL2", HCR_TVM, "FAR_EL1", W, 2 },
		{ "HCR_EL2", HCR_TVM, "AFSR0_EL1", W, 2 },
		{ "HCR_EL2", HCR_TVM, "MAIR_EL1", W, 2 },
		{ "HCR_EL2", HCR_TVM, "AMAIR_EL1", W, 2 },
		{ "HCR_EL2", HCR_TVM, "CONTEXTIDR_EL1", W, 2 },
		{ "HCR_EL2", HCR_TRVM, "SCTLR_EL1", R, 2 },
		{ "HCR_EL2", HCR_TRVM, "CONTEXTIDR_EL1", R, 2 },
		{ "HCR_EL2", HCR_TID1, "REVIDR_EL1", R, 2 },
		{ "HCR_EL2", HCR_TID1, "AIDR_EL1", R, 2 },
		{ "HCR_EL2", HCR_TID2, "CTR_EL0", R, 3 },
		{ "HCR_EL2", HCR_TID2, "CCSIDR_EL1", R, 2 },
		{ "HCR_EL2", HCR_TID2, "CLIDR_EL1", R, 2 },
		{ "HCR_EL2", HCR_TID2, "CSSELR_EL1", RW, 2 },
		{ "HCR_EL2", HCR_TACR, "ACTLR_EL1", RW, 2 },
		{ "HCR_EL2", HCR_TSW, "DC ISW", W, 2 },
		{ "HCR_EL2", HCR_TSW, "DC CISW", W, 2 },
		{ "HCR_EL2", HCR_TPCP, "DC CVAC", W, 3 },
		{ "HCR_EL2", HCR_TPCP, "DC IVAC", W, 2 },
		{ "HCR_EL2", HCR_TPCP, "DC CVAP", W, 3 },
		{ "HCR_EL2", HCR_TPU, "IC IVAU", W, 3 },
		{ "HCR_EL2", HCR_TPU, "DC CVAU", W, 3 },
		{ "HCR_EL2", HCR_TPU, "IC IALLUIS", W, 2 },
		{ "HCR_EL2", HCR_TDZ, "DC ZVA", W, 3 },
		{ "HCR_EL2", HCR_TTLB, "TLBI VAE1IS", W, 2 },
		{ "HCR_EL2", HCR_TTLB, "TLBI VMALLE1", W, 2 },
		{ "HCR_EL2", HCR_TLOR, "LORC_EL1", RW, 2 },
		{ "HCR_EL2", HCR_TLOR, "LORID_EL1", R, 2 },
		{ "HCR_EL2", HCR_TERR, "ERRIDR_EL1", R, 2 },
		{ "HCR_EL2", HCR_TERR, "ERXSTATUS_EL1", RW, 2 },
		{ "HCR_EL2", HCR_TIDCP, "CPUECTLR_EL1 (N1)", RW, 2 },
		{ "CPTR_EL2", 1u << 31, "CPACR_EL1", RW, 2 },
		{ "MDCR_EL2", MDCR_TDA, "MDSCR_EL1", RW, 2 },
		{ "MDCR_EL2", MDCR_TDA, "DBGBVR0_EL1", RW, 2 },
		{ "MDCR_EL2", MDCR_TDA, "MDCCSR_EL0", R, 3 },
		{ "MDCR_EL2", MDCR_TDOSA, "OSLAR_EL1", W, 2 },
		{ "MDCR_EL2", MDCR_TDOSA, "OSLSR_EL1", R, 2 },
		{ "MDCR_EL2", MDCR_TDRA, "MDRAR_EL1", R, 2 },
		{ "MDCR_EL2", MDCR_TDE, "MDRAR_EL1", R, 2 },
		{ "MDCR_EL2", MDCR_TDE, "DBGWCR3_EL1", RW, 2 },
	};
	struct pe p = pe_new("neoverse-n1", true, false);

	pe_write(p, "SCTLR_EL1", SCTLR_UCT | SCTLR_UCI | SCTLR_DZE | SCTLR_UMA);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned k = 0; k < 3 * 4; k++) {
			unsigned el = k >> 2;
			bool write = k & 1, set = k & 2;
			const struct sysreg *r = sysreg_find_name(p.map, rows[i].reg);
			bool may = r->rights >> (el + 4 * write) & 1;
			bool traps =
				set && (rows[i].from >> el & 1) && (rows[i].access >> write & 1);
			enum sysreg_access a;

			if (!may)
				continue;
			pe_at(p, 2);
			pe_write(p, rows[i].control, set ? rows[i].bit : 0);
			pe_at(p, el);
			a = pe_access(p, rows[i].reg, write);
			if (a != (traps ? SYS_TRAP_EL2 : SYS_OK))
				FAIL_TEST("%s.%#llx=%d, %s of %s at EL%u: %d", rows[i].control,
					  (unsigned long long)rows[i].bit, set,
					  write ? "write" : "read", rows[i].reg, el, a);
			pe_at(p, 2);
			pe_write(p, rows[i].control, 0);
		}
	pe_free(p);
}

TEST(el0_needs_sctlr_and_under_tge_falls_to_el2)
{
	static const struct {
		u64 bit;
		const char *reg;
		bool write;
	} rows[] = {
		{ SCTLR_UCT, "CTR_EL0", false }, { SCTLR_UMA, "DAIF", false },
		{ SCTLR_UMA, "DAIF", true },	 { SCTLR_DZE, "DC ZVA", true },
		{ SCTLR_UCI, "DC CVAC", true },	 { SCTLR_UCI, "DC CVAU", true },
		{ SCTLR_UCI, "IC IVAU", true },	 { SCTLR_UCI, "DC CIVAC", true },
	};
	struct pe p = pe_new("neoverse-n1", true, false);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned k = 0; k < 8; k++) {
			u64 hcr = (k & 1 ? HCR_TGE : 0) | (k & 2 ? HCR_E2H : 0);
			unsigned owner = (k & 3) == 3 ? 2 : 1;
			enum sysreg_access a;

			pe_at(p, 2);
			pe_write(p, "HCR_EL2", hcr);
			p.c->sys.sctlr[owner] = k & 4 ? rows[i].bit : 0;
			p.c->sys.sctlr[3 - owner] = k & 4 ? 0 : rows[i].bit;
			pe_at(p, 0);
			a = pe_access(p, rows[i].reg, rows[i].write);
			EXPECT_EQ(a, k & 4 ? SYS_OK : k & 1 ? SYS_TRAP_EL2 : SYS_TRAP_EL1);
		}
	pe_free(p);
}

TEST(e2h_redirects_el1_names_and_opens_the_aliases)
{
	struct pe p = pe_new("neoverse-n1", true, true);
	const struct sysreg *r;

	pe_write(p, "SCR_EL3", SCR_NS);
	pe_at(p, 2);
	EXPECT_EQ(sysreg_resolve(p.c, SR(3, 5, 1, 0, 0), false, &r),
		  SYS_UNDEF); /* SCTLR_EL12 without E2H */
	EXPECT_EQ(sysreg_resolve(p.c, SR(3, 0, 1, 0, 0), false, &r), SYS_OK);
	EXPECT_STR(r->name, "SCTLR_EL1");
	pe_write(p, "HCR_EL2", HCR_E2H);
	for (size_t i = 0; i < cpu_sysregs_n; i++) {
		const struct sysreg *row = &cpu_sysregs[i];

		if (!row->e2h)
			continue;
		pe_at(p, 2);
		EXPECT_EQ(sysreg_resolve(p.c, row->enc, false, &r), SYS_OK);
		EXPECT(r == sysreg_find(p.map, row->e2h));
		EXPECT_EQ(sysreg_resolve(p.c, row->el12, false, &r), SYS_OK);
		EXPECT(r == row);
		pe_at(p, 3);
		EXPECT_EQ(sysreg_resolve(p.c, row->enc, false, &r), SYS_OK);
		EXPECT(r == row);
		EXPECT_EQ(sysreg_resolve(p.c, row->el12, false, &r), SYS_OK);
		pe_at(p, 1);
		EXPECT_EQ(sysreg_resolve(p.c, row->enc, false, &r), SYS_OK);
		EXPECT(r == row);
		EXPECT_EQ(sysreg_resolve(p.c, row->el12, false, &r), SYS_UNDEF);
	}
	pe_free(p);
}

TEST(cptr_and_tcr_of_el2_have_two_layouts)
{
	struct pe p = pe_new("neoverse-n1", true, false);

	pe_write(p, "CPTR_EL2", ~0ull);
	EXPECT_EQ(pe_read(p, "CPTR_EL2"), 0x800037ff);
	pe_write(p, "HCR_EL2", HCR_E2H);
	pe_write(p, "CPTR_EL2", ~0ull);
	EXPECT_EQ(pe_read(p, "CPTR_EL2"), 0x80300000);
	pe_write(p, "TCR_EL2", ~0ull);
	EXPECT_EQ(pe_read(p, "TCR_EL2"), 0x7fff7ffffffbf);
	pe_free(p);
}

TEST(fixed_fields_follow_the_features)
{
	struct pe a57 = pe_new("cortex-a57", true, true), n1 = pe_new("neoverse-n1", true, false);

	pe_write(a57, "HCR_EL2", ~0ull);
	EXPECT_EQ(pe_read(a57, "HCR_EL2"), 0x3ffffffff & ~HCR_HCD);
	pe_write(n1, "HCR_EL2", ~0ull);
	EXPECT_EQ(pe_read(n1, "HCR_EL2"), 0x3fffffffff);
	pe_write(n1, "HCR_EL2", 0);
	EXPECT_EQ(pe_read(n1, "HCR_EL2"), HCR_RW);
	pe_write(a57, "VTTBR_EL2", ~0ull);
	EXPECT_EQ(pe_read(a57, "VTTBR_EL2"), 0x00fffffffffffffe);
	pe_write(n1, "VTTBR_EL2", ~0ull);
	EXPECT_EQ(pe_read(n1, "VTTBR_EL2"), 0xffffffffffffffff);
	pe_write(a57, "TCR_EL1", ~0ull);
	EXPECT_EQ(pe_read(a57, "TCR_EL1"), 0x77ffffffbf);
	pe_write(a57, "SCR_EL3", ~0ull);
	EXPECT_EQ(pe_read(a57, "SCR_EL3"), 0x3fbf);
	pe_free(a57);
	pe_free(n1);
}

TEST(el1_reads_the_virtual_ids)
{
	struct pe p = pe_new("cortex-a57", true, false);

	pe_write(p, "VPIDR_EL2", 0x12345678);
	pe_write(p, "VMPIDR_EL2", 0x80000003);
	EXPECT_EQ(pe_read(p, "MIDR_EL1"), 0x411fd070);
	pe_at(p, 1);
	EXPECT_EQ(pe_read(p, "MIDR_EL1"), 0x12345678);
	EXPECT_EQ(pe_read(p, "MPIDR_EL1"), 0x80000003);
	pe_free(p);
}

TEST(cache_size_follows_the_selection)
{
	struct pe p = pe_new("cortex-a57", true, false);

	pe_write(p, "CSSELR_EL1", 1);
	EXPECT_EQ(pe_read(p, "CCSIDR_EL1"), 0x201fe012);
	pe_write(p, "CSSELR_EL1", 2);
	EXPECT_EQ(pe_read(p, "CCSIDR_EL1"), 0x70ffe07a);
	pe_write(p, "CSSELR_EL1", 15);
	EXPECT_EQ(pe_read(p, "CCSIDR_EL1"), 0);
	pe_free(p);
}

TEST(effective_hcr_follows_tge_e2h_and_security)
{
	struct pe p = pe_new("neoverse-n1", true, true);

	pe_write(p, "HCR_EL2", ~0ull & ~(HCR_TGE | HCR_E2H));
	EXPECT_EQ(p.c->hcr_eff, HCR_RW); /* SCR_EL3.NS = 0: EL2 is off */
	pe_write(p, "SCR_EL3", SCR_NS);
	EXPECT(p.c->hcr_eff & HCR_VM && p.c->hcr_eff & HCR_TSC);
	pe_write(p, "HCR_EL2", HCR_TGE | HCR_TVM | HCR_VM);
	EXPECT_EQ(p.c->hcr_eff, HCR_RW | HCR_TGE | HCR_VM | HCR_FMO | HCR_IMO | HCR_AMO);
	pe_write(p, "HCR_EL2", HCR_TGE | HCR_E2H | HCR_IMO | HCR_VM | HCR_DC | HCR_TWI);
	EXPECT_EQ(p.c->hcr_eff, HCR_RW | HCR_TGE | HCR_E2H);
	pe_write(p, "HCR_EL2", HCR_DC);
	EXPECT(p.c->hcr_eff & HCR_VM);
	pe_free(p);
}

TEST(fp_traps_by_fpen_tfp_and_el)
{
	static const struct {
		u64 hcr;
		u8 fpen1, cptr2, el, target; /* fpen1: CPACR.FPEN; cptr2: TFP or, with E2H, FPEN */
	} rows[] = {
		{ 0, 0, 0, 0, 1 },
		{ 0, 0, 0, 1, 1 },
		{ 0, 0, 0, 2, 0 },
		{ 0, 1, 0, 0, 1 },
		{ 0, 1, 0, 1, 0 },
		{ 0, 2, 0, 1, 1 },
		{ 0, 3, 0, 0, 0 },
		{ 0, 3, 1, 0, 2 },
		{ 0, 3, 1, 1, 2 },
		{ 0, 3, 1, 2, 2 },
		{ 0, 0, 1, 1, 1 },
		{ HCR_E2H, 3, 0, 1, 2 },
		{ HCR_E2H, 3, 1, 1, 0 },
		{ HCR_E2H, 3, 1, 0, 0 },
		{ HCR_E2H, 3, 1, 2, 0 },
		{ HCR_E2H, 3, 2, 2, 2 },
		{ HCR_E2H, 3, 3, 0, 0 },
		{ HCR_E2H | HCR_TGE, 0, 3, 0, 0 },
		{ HCR_E2H | HCR_TGE, 0, 1, 0, 2 },
		{ HCR_E2H | HCR_TGE, 0, 1, 2, 0 },
		{ HCR_E2H | HCR_TGE, 3, 0, 2, 2 },
		{ HCR_TGE, 0, 0, 0, 1 },
	};
	struct pe p = pe_new("neoverse-n1", true, false);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pe_at(p, 2);
		pe_write(p, "HCR_EL2", rows[i].hcr);
		pe_write(p, "CPACR_EL1", (u64)rows[i].fpen1 << 20);
		pe_write(p, "CPTR_EL2", (u64)rows[i].cptr2 << (rows[i].hcr & HCR_E2H ? 20 : 10));
		pe_at(p, rows[i].el);
		if (cpu_fp_trap(p.c) != rows[i].target || KEY_FP_OF(p.c->key) != rows[i].target)
			FAIL_TEST("row %zu: %u", i, cpu_fp_trap(p.c));
	}
	pe_free(p);
}

TEST(wfx_traps_by_el_and_control)
{
	struct pe p = pe_new("cortex-a57", true, true);

	pe_write(p, "SCR_EL3", SCR_NS);
	p.c->sys.sctlr[1] = SCTLR_NTWI;
	pe_at(p, 0);
	EXPECT_EQ(cpu_wfx_trap(p.c, false), 0);
	EXPECT_EQ(cpu_wfx_trap(p.c, true), 1);
	p.c->sys.hcr_el2 = HCR_TGE;
	pe_at(p, 0);
	EXPECT_EQ(cpu_wfx_trap(p.c, true), 2);
	p.c->sys.hcr_el2 = HCR_TWE;
	pe_at(p, 1);
	EXPECT_EQ(cpu_wfx_trap(p.c, true), 2);
	EXPECT_EQ(cpu_wfx_trap(p.c, false), 0);
	p.c->sys.scr_el3 |= SCR_TWI;
	EXPECT_EQ(cpu_wfx_trap(p.c, false), 3);
	pe_at(p, 3);
	EXPECT_EQ(cpu_wfx_trap(p.c, false), 0);
	pe_free(p);
}

TEST(regimes_follow_the_controls)
{
	struct pe p = pe_new("neoverse-n1", true, false);
	struct cpu *c = p.c;

	c->sys.sctlr[1] = c->sys.sctlr[2] = SCTLR_M;
	c->sys.ttbr0[1] = 0x1234ull << 48;
	c->sys.ttbr1[1] = 0x5678ull << 48;
	c->sys.vttbr_el2 = 0x4321ull << 48;
	c->sys.hcr_el2 = HCR_VM;
	pe_at(p, 1);
	EXPECT(c->regime.kind == REGIME_EL10 && c->regime.s1 && c->regime.s2 && c->regime.vm_tag);
	EXPECT(c->regime.asid == 0x34 && c->regime.vmid == 0x21); /* TCR.AS = 0, VTCR.VS = 0 */
	c->sys.tcr[1] = BIT(36) | BIT(22);
	c->sys.vtcr_el2 = BIT(19);
	pe_at(p, 1);
	EXPECT(c->regime.asid == 0x5678 && c->regime.vmid == 0x4321);
	c->sys.hcr_el2 = HCR_DC;
	pe_at(p, 1);
	EXPECT(!c->regime.s1 && c->regime.s2);
	c->sys.hcr_el2 = HCR_TGE;
	pe_at(p, 0);
	EXPECT(c->regime.kind == REGIME_EL10 && !c->regime.s1 && !c->regime.s2);
	c->sys.hcr_el2 = HCR_TGE | HCR_E2H;
	pe_at(p, 0);
	EXPECT(c->regime.kind == REGIME_EL20 && c->regime.s1 && !c->regime.vm_tag &&
	       c->regime.two_ranges);
	pe_at(p, 2);
	EXPECT(c->regime.kind == REGIME_EL20);
	c->sys.hcr_el2 = 0;
	pe_at(p, 2);
	EXPECT(c->regime.kind == REGIME_EL2 && !c->regime.two_ranges && c->regime.asid == 0);
	pe_free(p);
}

static void keep_tlbi(void *ctx, struct cpu *from, const struct tlbi *op)
{
	*(struct tlbi *)ctx = *op;
}

TEST(tlbi_says_whose_entries_are_meant)
{
	static const struct {
		const char *op;
		u64 hcr;
		u8 el, what, kind;
		bool vm_tag, last;
	} rows[] = {
		{ "TLBI VMALLE1IS", 0, 1, TLBI_VMALL, REGIME_EL10, true, false },
		{ "TLBI VAE1IS", 0, 2, TLBI_VA, REGIME_EL10, true, false },
		{ "TLBI VALE1IS", 0, 1, TLBI_VA, REGIME_EL10, true, true },
		{ "TLBI VAALE1IS", 0, 1, TLBI_VAA, REGIME_EL10, true, true },
		{ "TLBI ASIDE1IS", HCR_E2H | HCR_TGE, 2, TLBI_ASID, REGIME_EL20, false, false },
		{ "TLBI VAE1IS", HCR_E2H, 2, TLBI_VA, REGIME_EL10, true, false },
		{ "TLBI VAE2IS", HCR_E2H, 2, TLBI_VA, REGIME_EL20, false, false },
		{ "TLBI ALLE2IS", 0, 2, TLBI_ALL, REGIME_EL2, false, false },
		{ "TLBI ALLE1IS", HCR_E2H | HCR_TGE, 2, TLBI_ALL, REGIME_EL10, false, false },
		{ "TLBI VMALLS12E1IS", HCR_E2H | HCR_TGE, 2, TLBI_VMALLS12, REGIME_EL10, true,
		  false },
		{ "TLBI IPAS2LE1IS", 0, 2, TLBI_IPA, REGIME_EL10, true, true },
		{ "TLBI IPAS2E1IS", HCR_E2H | HCR_TGE, 2, TLBI_IPA, REGIME_EL10, true, false },
	};
	struct pe p = pe_new("neoverse-n1", true, false);
	struct tlbi seen;

	p.c->host.ctx = &seen;
	p.c->host.tlbi = keep_tlbi;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&seen, 0xff, sizeof(seen));
		p.c->sys.hcr_el2 = rows[i].hcr;
		p.c->sys.vttbr_el2 = 0x1234ull << 48;
		pe_at(p, rows[i].el);
		sysreg_write(p.c, sysreg_find_name(p.map, rows[i].op), 0x00120fffffff0123);
		if (seen.what != rows[i].what || seen.kind != rows[i].kind ||
		    seen.vm_tag != rows[i].vm_tag || seen.last_level != rows[i].last ||
		    (seen.vm_tag && seen.vmid != 0x34))
			FAIL_TEST("%s under %#llx: what %u kind %u vmid %#x", rows[i].op,
				  (unsigned long long)rows[i].hcr, seen.what, seen.kind, seen.vmid);
		if (rows[i].what == TLBI_VA)
			EXPECT_EQ(seen.addr, 0xfffffffff0123000);
	}
	pe_free(p);
}

TEST(fb_broadcasts_local_maintenance_of_el1)
{
	struct pe p = pe_new("neoverse-n1", true, false);
	struct tlbi seen = { .what = 0xff };

	p.c->host.ctx = &seen;
	p.c->host.tlbi = keep_tlbi;
	pe_at(p, 1);
	sysreg_write(p.c, sysreg_find_name(p.map, "TLBI VMALLE1"), 0);
	EXPECT_EQ(seen.what, 0xff);
	p.c->sys.hcr_el2 = HCR_FB;
	pe_at(p, 1);
	sysreg_write(p.c, sysreg_find_name(p.map, "TLBI VMALLE1"), 0);
	EXPECT_EQ(seen.what, TLBI_VMALL);
	pe_free(p);
}

TEST(the_key_holds_what_decode_relies_on)
{
	struct pe p = pe_new("neoverse-n1", true, false);
	struct cpu *c = p.c;

	pe_at(p, 1);
	EXPECT(KEY_EL_OF(c->key) == 1 && (c->key & KEY_SPSEL) && (c->key & KEY_UNPRIV_EL0));
	c->uao = true;
	pe_at(p, 1);
	EXPECT(!(c->key & KEY_UNPRIV_EL0));
	c->sys.sctlr[1] = SCTLR_EE | SCTLR_A;
	pe_at(p, 1);
	EXPECT(c->be && (c->key & KEY_BE) && (c->key & KEY_ALIGN) &&
	       c->mctx[MCTX_CUR].tag == FAST_NEVER);
	c->sys.sctlr[1] = SCTLR_SA | SCTLR_E0E;
	c->x[REG_SP] = 8;
	pe_at(p, 1);
	pe_at(p, 0);
	EXPECT((c->key & KEY_BE) && !(c->key & KEY_SP_CHECK));
	c->il = true;
	pe_at(p, 0);
	EXPECT(c->key & KEY_IL);
	pe_free(p);
}

TEST(sp_has_one_home_per_el)
{
	struct pe p = pe_new("neoverse-n1", true, false);

	for (unsigned el = 0; el < 4; el++)
		cpu_set_sp(p.c, el, 0x1000 + el);
	cpu_select_sp(p.c, 1, true);
	EXPECT_EQ(p.c->x[REG_SP], 0x1001);
	cpu_select_sp(p.c, 1, false);
	EXPECT_EQ(p.c->x[REG_SP], 0x1000);
	p.c->x[REG_SP] = 0x77;
	cpu_select_sp(p.c, 2, true);
	EXPECT_EQ(cpu_sp(p.c, 0), 0x77);
	EXPECT_EQ(cpu_sp(p.c, 2), 0x1002);
	EXPECT_EQ(cpu_sp(p.c, 1), 0x1001);
	EXPECT_EQ(pe_access(p, "SP_EL0", false), SYS_OK);
	cpu_select_sp(p.c, 2, false);
	EXPECT_EQ(pe_access(p, "SP_EL0", false), SYS_UNDEF);
	pe_free(p);
}

TEST(claim_tags_and_os_lock)
{
	struct pe p = pe_new("cortex-a57", true, false);

	pe_write(p, "DBGCLAIMSET_EL1", 0x1f0);
	EXPECT_EQ(pe_read(p, "DBGCLAIMCLR_EL1"), 0xf0);
	pe_write(p, "DBGCLAIMCLR_EL1", 0x30);
	EXPECT_EQ(pe_read(p, "DBGCLAIMCLR_EL1"), 0xc0);
	EXPECT_EQ(pe_read(p, "DBGCLAIMSET_EL1"), 0xff);
	pe_write(p, "OSLAR_EL1", 0);
	EXPECT_EQ(pe_read(p, "OSLSR_EL1"), 8);
	EXPECT_EQ(pe_access(p, "DBGBVR5_EL1", false), SYS_OK);
	EXPECT_EQ(pe_access(p, "DBGBVR6_EL1", false), SYS_UNDEF);
	EXPECT_EQ(pe_access(p, "DBGWCR4_EL1", false), SYS_UNDEF);
	pe_free(p);
}
