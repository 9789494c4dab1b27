/*
 * The fields of the system registers that people look at: names and bits of DDI0487 D19 and IHI0069 12, for printing only; what they do
 * stands with the code that does it. Registers that are one number (counters) have none.
 */
#include "machine/registers.h"

#include <string.h>

#include "base/bits.h"
#include "cpu/sysreg.h"

/* clang-format off: tables */
#define F(name, high, low) { name, high, low }
#define B(name, bit) { name, bit, bit }
#define FIELDS(noun, ...) static const struct reg_field noun[] = { __VA_ARGS__ }

FIELDS(hcr, B("VM", 0), B("SWIO", 1), B("PTW", 2), B("FMO", 3), B("IMO", 4), B("AMO", 5), B("VF", 6), B("VI", 7), B("VSE", 8), B("FB", 9),
       F("BSU", 11, 10), B("DC", 12), B("TWI", 13), B("TWE", 14), B("TID0", 15), B("TID1", 16), B("TID2", 17), B("TID3", 18), B("TSC", 19),
       B("TIDCP", 20), B("TACR", 21), B("TSW", 22), B("TPCP", 23), B("TPU", 24), B("TTLB", 25), B("TVM", 26), B("TGE", 27), B("TDZ", 28),
       B("HCD", 29), B("TRVM", 30), B("RW", 31), B("CD", 32), B("ID", 33), B("E2H", 34), B("TLOR", 35), B("TERR", 36), B("TEA", 37),
       B("MIOCNCE", 38), B("APK", 40), B("API", 41), B("NV", 42), B("NV1", 43), B("AT", 44), B("NV2", 45), B("FWB", 46), B("FIEN", 47),
       B("TID4", 49), B("TICAB", 50), B("AMVOFFEN", 51), B("TOCU", 52), B("EnSCXT", 53), B("TTLBIS", 54), B("TTLBOS", 55), B("ATA", 56),
       B("DCT", 57), B("TID5", 58));
FIELDS(scr, B("NS", 0), B("IRQ", 1), B("FIQ", 2), B("EA", 3), B("SMD", 7), B("HCE", 8), B("SIF", 9), B("RW", 10), B("ST", 11), B("TWI", 12),
       B("TWE", 13), B("TLOR", 14), B("TERR", 15), B("APK", 16), B("API", 17), B("EEL2", 18));
FIELDS(sctlr_el1, B("M", 0), B("A", 1), B("C", 2), B("SA", 3), B("SA0", 4), B("CP15BEN", 5), B("nAA", 6), B("ITD", 7), B("SED", 8), B("UMA", 9),
       B("EOS", 11), B("I", 12), B("EnDB", 13), B("DZE", 14), B("UCT", 15), B("nTWI", 16), B("nTWE", 18), B("WXN", 19), B("IESB", 21), B("EIS", 22),
       B("SPAN", 23), B("E0E", 24), B("EE", 25), B("UCI", 26), B("EnDA", 27), B("nTLSMD", 28), B("LSMAOE", 29), B("EnIB", 30), B("EnIA", 31),
       B("DSSBS", 44));
FIELDS(sctlr_high, B("M", 0), B("A", 1), B("C", 2), B("SA", 3), B("nAA", 6), B("EOS", 11), B("I", 12), B("WXN", 19), B("IESB", 21), B("EIS", 22),
       B("EE", 25), B("DSSBS", 44));
FIELDS(tcr_two, F("T0SZ", 5, 0), B("EPD0", 7), F("IRGN0", 9, 8), F("ORGN0", 11, 10), F("SH0", 13, 12), F("TG0", 15, 14), F("T1SZ", 21, 16),
       B("A1", 22), B("EPD1", 23), F("IRGN1", 25, 24), F("ORGN1", 27, 26), F("SH1", 29, 28), F("TG1", 31, 30), F("IPS", 34, 32), B("AS", 36),
       B("TBI0", 37), B("TBI1", 38), B("HA", 39), B("HD", 40), B("HPD0", 41), B("HPD1", 42), B("HWU059", 43), B("HWU060", 44), B("HWU061", 45),
       B("HWU062", 46), B("HWU159", 47), B("HWU160", 48), B("HWU161", 49), B("HWU162", 50));
FIELDS(tcr_one, F("T0SZ", 5, 0), F("IRGN0", 9, 8), F("ORGN0", 11, 10), F("SH0", 13, 12), F("TG0", 15, 14), F("PS", 18, 16), B("TBI", 20),
       B("HA", 21), B("HD", 22), B("HPD", 24), B("HWU59", 25), B("HWU60", 26), B("HWU61", 27), B("HWU62", 28));
FIELDS(vtcr, F("T0SZ", 5, 0), F("SL0", 7, 6), F("IRGN0", 9, 8), F("ORGN0", 11, 10), F("SH0", 13, 12), F("TG0", 15, 14), F("PS", 18, 16),
       B("VS", 19), B("HA", 21), B("HD", 22), B("HWU59", 25), B("HWU60", 26), B("HWU61", 27), B("HWU62", 28));
FIELDS(ttbr_asid, B("CnP", 0), F("BADDR", 47, 1), F("ASID", 63, 48));
FIELDS(ttbr_plain, B("CnP", 0), F("BADDR", 47, 1));
FIELDS(vttbr, B("CnP", 0), F("BADDR", 47, 1), F("VMID", 63, 48));
FIELDS(mair, F("Attr0", 7, 0), F("Attr1", 15, 8), F("Attr2", 23, 16), F("Attr3", 31, 24), F("Attr4", 39, 32), F("Attr5", 47, 40),
       F("Attr6", 55, 48), F("Attr7", 63, 56));
FIELDS(esr, F("ISS", 24, 0), B("IL", 25), F("EC", 31, 26));
FIELDS(spsr, B("SP", 0), F("EL", 3, 2), B("nRW", 4), B("F", 6), B("I", 7), B("A", 8), B("D", 9), F("BTYPE", 11, 10), B("SSBS", 12), B("IL", 20),
       B("SS", 21), B("PAN", 22), B("UAO", 23), B("DIT", 24), B("TCO", 25), B("V", 28), B("C", 29), B("Z", 30), B("N", 31));
FIELDS(cpacr, F("ZEN", 17, 16), F("FPEN", 21, 20), B("TTA", 28));
FIELDS(cptr_el2_0, B("TZ", 8), B("TFP", 10), B("TTA", 20), B("TCPAC", 31));
FIELDS(cptr_el2_1, F("ZEN", 17, 16), F("FPEN", 21, 20), B("TTA", 28), B("TCPAC", 31));
FIELDS(cptr_el3, B("EZ", 8), B("TFP", 10), B("TTA", 20), B("TCPAC", 31));
FIELDS(mdcr_el2, F("HPMN", 4, 0), B("TPMCR", 5), B("TPM", 6), B("HPME", 7), B("TDE", 8), B("TDA", 9), B("TDOSA", 10), B("TDRA", 11),
       F("E2PB", 13, 12), B("TPMS", 14), B("HPMD", 17), B("TTRF", 19), B("HCCD", 23), B("HLP", 26));
FIELDS(mdcr_el3, B("TPM", 6), B("TDA", 9), B("TDOSA", 10), F("NSPB", 13, 12), F("SPD32", 15, 14), B("SDD", 16), B("SPME", 17), B("STE", 18),
       B("TTRF", 19), B("EDAD", 20), B("EPMAD", 21), B("SCCD", 23));
FIELDS(mdscr, B("SS", 0), B("ERR", 6), B("TDCC", 12), B("KDE", 13), B("HDE", 14), B("MDE", 15), B("TXU", 26), B("RXO", 27), B("TXfull", 29),
       B("RXfull", 30));
FIELDS(cnthctl_0, B("EL1PCTEN", 0), B("EL1PCEN", 1), B("EVNTEN", 2), B("EVNTDIR", 3), F("EVNTI", 7, 4));
FIELDS(cnthctl_1, B("EL0PCTEN", 0), B("EL0VCTEN", 1), B("EVNTEN", 2), B("EVNTDIR", 3), F("EVNTI", 7, 4), B("EL0VTEN", 8), B("EL0PTEN", 9),
       B("EL1PCTEN", 10), B("EL1PTEN", 11));
FIELDS(cntkctl, B("EL0PCTEN", 0), B("EL0VCTEN", 1), B("EVNTEN", 2), B("EVNTDIR", 3), F("EVNTI", 7, 4), B("EL0VTEN", 8), B("EL0PTEN", 9));
FIELDS(cnt_ctl, B("ENABLE", 0), B("IMASK", 1), B("ISTATUS", 2));
FIELDS(hpfar, F("FIPA", 43, 4), B("NS", 63));
FIELDS(par, B("F", 0), F("FST", 6, 1), F("SH", 8, 7), B("NS", 9), F("PA", 47, 12), F("ATTR", 63, 56));
FIELDS(hstr, F("T", 15, 0));
FIELDS(contextidr, F("PROCID", 31, 0));
FIELDS(current_el, F("EL", 3, 2));
FIELDS(spsel, B("SP", 0));
FIELDS(pan, B("PAN", 22));
FIELDS(uao, B("UAO", 23));
FIELDS(ssbs, B("SSBS", 12));
FIELDS(nzcv, B("V", 28), B("C", 29), B("Z", 30), B("N", 31));
FIELDS(daif, B("F", 6), B("I", 7), B("A", 8), B("D", 9));
FIELDS(isr, B("F", 6), B("I", 7), B("A", 8));
FIELDS(disr, F("DFSC", 5, 0), B("EA", 9), F("AET", 12, 10), B("IDS", 24), B("A", 31));

/* interrupt controller */
FIELDS(ich_hcr, B("En", 0), B("UIE", 1), B("LRENPIE", 2), B("NPIE", 3), B("VGrp0EIE", 4), B("VGrp0DIE", 5), B("VGrp1EIE", 6), B("VGrp1DIE", 7),
       B("TC", 10), B("TALL0", 11), B("TALL1", 12), B("TSEI", 13), B("TDIR", 14), F("EOIcount", 31, 27));
FIELDS(ich_vmcr, B("VENG0", 0), B("VENG1", 1), B("VAckCtl", 2), B("VFIQEn", 3), B("VCBPR", 4), B("VEOIM", 9), F("VBPR1", 20, 18), F("VBPR0", 23, 21),
       F("VPMR", 31, 24));
FIELDS(ich_lr, F("vINTID", 31, 0), F("pINTID", 44, 32), F("Priority", 55, 48), B("Group", 60), B("HW", 61), F("State", 63, 62));
FIELDS(ich_misr, B("EOI", 0), B("U", 1), B("LRENP", 2), B("NP", 3), B("VGrp0E", 4), B("VGrp0D", 5), B("VGrp1E", 6), B("VGrp1D", 7));
FIELDS(ich_vtr, F("ListRegs", 4, 0), B("TDS", 19), B("nV4", 20), B("A3V", 21), B("SEIS", 22), F("IDbits", 25, 23), F("PREbits", 28, 26),
       F("PRIbits", 31, 29));
FIELDS(icc_ctlr, B("CBPR", 0), B("EOImode", 1), B("PMHE", 6), F("PRIbits", 10, 8), F("IDbits", 13, 11), B("SEIS", 14), B("A3V", 15), B("RSS", 18),
       B("ExtRange", 19));
FIELDS(icc_ctlr_el3, B("CBPR_EL1S", 0), B("CBPR_EL1NS", 1), B("EOImode_EL3", 2), B("EOImode_EL1S", 3), B("EOImode_EL1NS", 4), B("RM", 5),
       B("PMHE", 6), F("PRIbits", 10, 8), F("IDbits", 13, 11), B("SEIS", 14), B("A3V", 15), B("nDS", 17), B("RSS", 18), B("ExtRange", 19));
FIELDS(icc_sre_el1, B("SRE", 0), B("DFB", 1), B("DIB", 2));
FIELDS(icc_sre, B("SRE", 0), B("DFB", 1), B("DIB", 2), B("Enable", 3));
FIELDS(icc_igrpen, B("Enable", 0));
FIELDS(icc_igrpen_el3, B("EnableGrp1NS", 0), B("EnableGrp1S", 1));
FIELDS(icc_iar, F("INTID", 23, 0));
FIELDS(icc_pmr, F("Priority", 7, 0));
FIELDS(icc_bpr, F("BinaryPoint", 2, 0));

/* debug and performance monitors */
FIELDS(dbgbcr, B("E", 0), F("PMC", 2, 1), F("BAS", 8, 5), B("HMC", 13), F("SSC", 15, 14), F("LBN", 19, 16), F("BT", 23, 20));
FIELDS(dbgwcr, B("E", 0), F("PAC", 2, 1), F("LSC", 4, 3), F("BAS", 12, 5), B("HMC", 13), F("SSC", 15, 14), F("LBN", 19, 16), B("WT", 20),
       F("MASK", 28, 24));
FIELDS(oslsr, B("OSLM_0", 0), B("OSLK", 1), B("nTT", 2), B("OSLM_1", 3));
FIELDS(pmcr, B("E", 0), B("P", 1), B("C", 2), B("D", 3), B("X", 4), B("DP", 5), B("LC", 6), B("LP", 7), F("N", 15, 11), F("IDCODE", 23, 16),
       F("IMP", 31, 24));
FIELDS(pmevtyper, F("evtCount", 15, 0), B("M", 26), B("NSH", 27), B("NSU", 28), B("NSK", 29), B("U", 30), B("P", 31));
FIELDS(pmuserenr, B("EN", 0), B("SW", 1), B("CR", 2), B("ER", 3));

/* identification */
FIELDS(midr, F("Revision", 3, 0), F("PartNum", 15, 4), F("Architecture", 19, 16), F("Variant", 23, 20), F("Implementer", 31, 24));
FIELDS(mpidr, F("Aff0", 7, 0), F("Aff1", 15, 8), F("Aff2", 23, 16), B("MT", 24), B("U", 30), F("Aff3", 39, 32));
FIELDS(pfr0, F("EL0", 3, 0), F("EL1", 7, 4), F("EL2", 11, 8), F("EL3", 15, 12), F("FP", 19, 16), F("AdvSIMD", 23, 20), F("GIC", 27, 24),
       F("RAS", 31, 28), F("SVE", 35, 32), F("SEL2", 39, 36), F("MPAM", 43, 40), F("AMU", 47, 44), F("DIT", 51, 48), F("CSV2", 59, 56),
       F("CSV3", 63, 60));
FIELDS(pfr1, F("BT", 3, 0), F("SSBS", 7, 4), F("MTE", 11, 8), F("RAS_frac", 15, 12));
FIELDS(dfr0, F("DebugVer", 3, 0), F("TraceVer", 7, 4), F("PMUVer", 11, 8), F("BRPs", 15, 12), F("WRPs", 23, 20), F("CTX_CMPs", 31, 28),
       F("PMSVer", 35, 32), F("DoubleLock", 39, 36));
FIELDS(isar0, F("AES", 7, 4), F("SHA1", 11, 8), F("SHA2", 15, 12), F("CRC32", 19, 16), F("Atomic", 23, 20), F("RDM", 31, 28), F("SHA3", 35, 32),
       F("SM3", 39, 36), F("SM4", 43, 40), F("DP", 47, 44), F("FHM", 51, 48), F("TS", 55, 52), F("TLB", 59, 56), F("RNDR", 63, 60));
FIELDS(isar1, F("DPB", 3, 0), F("APA", 7, 4), F("API", 11, 8), F("JSCVT", 15, 12), F("FCMA", 19, 16), F("LRCPC", 23, 20), F("GPA", 27, 24),
       F("GPI", 31, 28), F("FRINTTS", 35, 32), F("SB", 39, 36), F("SPECRES", 43, 40));
FIELDS(mmfr0, F("PARange", 3, 0), F("ASIDBits", 7, 4), F("BigEnd", 11, 8), F("SNSMem", 15, 12), F("BigEndEL0", 19, 16), F("TGran16", 23, 20),
       F("TGran64", 27, 24), F("TGran4", 31, 28), F("TGran16_2", 35, 32), F("TGran64_2", 39, 36), F("TGran4_2", 43, 40), F("ExS", 47, 44));
FIELDS(mmfr1, F("HAFDBS", 3, 0), F("VMIDBits", 7, 4), F("VH", 11, 8), F("HPDS", 15, 12), F("LO", 19, 16), F("PAN", 23, 20), F("SpecSEI", 27, 24),
       F("XNX", 31, 28));
FIELDS(mmfr2, F("CnP", 3, 0), F("UAO", 7, 4), F("LSM", 11, 8), F("IESB", 15, 12), F("VARange", 19, 16), F("CCIDX", 23, 20), F("NV", 27, 24),
       F("ST", 31, 28), F("AT", 35, 32), F("IDS", 39, 36), F("FWB", 43, 40), F("TTL", 51, 48), F("BBM", 55, 52), F("EVT", 59, 56), F("E0PD", 63, 60));
FIELDS(ctr, F("IminLine", 3, 0), F("L1Ip", 15, 14), F("DminLine", 19, 16), F("ERG", 23, 20), F("CWG", 27, 24), B("IDC", 28), B("DIC", 29));
FIELDS(clidr, F("Ctype1", 2, 0), F("Ctype2", 5, 3), F("Ctype3", 8, 6), F("Ctype4", 11, 9), F("LoUIS", 23, 21), F("LoC", 26, 24), F("LoUU", 29, 27),
       F("ICB", 32, 30));
FIELDS(ccsidr, F("LineSize", 2, 0), F("Associativity", 12, 3), F("NumSets", 27, 13));
FIELDS(csselr, B("InD", 0), F("Level", 3, 1));
FIELDS(dczid, F("BS", 3, 0), B("DZP", 4));

/* '#' in a name is a number. The first that fits counts. Both: one layout, whatever E2H. */
enum { BOTH, E2H_0, E2H_1 };
#define OF(name, fields) { name, BOTH, ARRAY_SIZE(fields), fields }
#define OF_E2H(name, fields, layout) { name, layout, ARRAY_SIZE(fields), fields }
static const struct layout {
	const char *name;
	u8 e2h, n;
	const struct reg_field *field;
} layouts[] = {
	OF("HCR_EL2", hcr), OF("SCR_EL3", scr), OF("SCTLR_EL1", sctlr_el1), OF_E2H("SCTLR_EL2", sctlr_high, E2H_0),
	OF_E2H("SCTLR_EL2", sctlr_el1, E2H_1), OF("SCTLR_EL3", sctlr_high), OF("TCR_EL1", tcr_two), OF_E2H("TCR_EL2", tcr_one, E2H_0),
	OF_E2H("TCR_EL2", tcr_two, E2H_1), OF("TCR_EL3", tcr_one), OF("VTCR_EL2", vtcr), OF("TTBR#_EL1", ttbr_asid),
	OF_E2H("TTBR0_EL2", ttbr_plain, E2H_0), OF("TTBR#_EL2", ttbr_asid), OF("TTBR0_EL3", ttbr_plain), OF("VTTBR_EL2", vttbr),
	OF("MAIR_EL#", mair), OF("ESR_EL#", esr), OF("SPSR_EL#", spsr), OF("CPACR_EL1", cpacr), OF_E2H("CPTR_EL2", cptr_el2_0, E2H_0),
	OF_E2H("CPTR_EL2", cptr_el2_1, E2H_1), OF("CPTR_EL3", cptr_el3), OF("MDCR_EL2", mdcr_el2), OF("MDCR_EL3", mdcr_el3),
	OF("MDSCR_EL1", mdscr), OF_E2H("CNTHCTL_EL2", cnthctl_0, E2H_0), OF_E2H("CNTHCTL_EL2", cnthctl_1, E2H_1), OF("CNTKCTL_EL1", cntkctl),
	OF("CNTP_CTL_EL0", cnt_ctl), OF("CNTV_CTL_EL0", cnt_ctl), OF("CNTHP_CTL_EL2", cnt_ctl), OF("CNTHV_CTL_EL2", cnt_ctl),
	OF("CNTPS_CTL_EL1", cnt_ctl), OF("HPFAR_EL2", hpfar), OF("PAR_EL1", par), OF("HSTR_EL2", hstr), OF("CONTEXTIDR_EL#", contextidr),
	OF("CurrentEL", current_el), OF("SPSel", spsel), OF("PAN", pan), OF("UAO", uao), OF("SSBS", ssbs), OF("NZCV", nzcv), OF("DAIF", daif),
	OF("ISR_EL1", isr), OF("DISR_EL1", disr), OF("VDISR_EL2", disr), OF("ICH_HCR_EL2", ich_hcr), OF("ICH_VMCR_EL2", ich_vmcr),
	OF("ICH_LR#_EL2", ich_lr), OF("ICH_MISR_EL2", ich_misr), OF("ICH_VTR_EL2", ich_vtr), OF("ICC_CTLR_EL1", icc_ctlr),
	OF("ICC_CTLR_EL3", icc_ctlr_el3), OF("ICC_SRE_EL1", icc_sre_el1), OF("ICC_SRE_EL#", icc_sre), OF("ICC_IGRPEN#_EL1", icc_igrpen),
	OF("ICC_IGRPEN1_EL3", icc_igrpen_el3), OF("ICC_IAR#_EL1", icc_iar), OF("ICC_HPPIR#_EL1", icc_iar), OF("ICC_PMR_EL1", icc_pmr),
	OF("ICC_RPR_EL1", icc_pmr), OF("ICC_BPR#_EL1", icc_bpr), OF("DBGBCR#_EL1", dbgbcr), OF("DBGWCR#_EL1", dbgwcr), OF("OSLSR_EL1", oslsr),
	OF("PMCR_EL0", pmcr), OF("PMEVTYPER#_EL0", pmevtyper), OF("PMXEVTYPER_EL0", pmevtyper), OF("PMUSERENR_EL0", pmuserenr),
	OF("MIDR_EL1", midr), OF("VPIDR_EL2", midr), OF("MPIDR_EL1", mpidr), OF("VMPIDR_EL2", mpidr), OF("ID_AA64PFR0_EL1", pfr0),
	OF("ID_AA64PFR1_EL1", pfr1), OF("ID_AA64DFR0_EL1", dfr0), OF("ID_AA64ISAR0_EL1", isar0), OF("ID_AA64ISAR1_EL1", isar1),
	OF("ID_AA64MMFR0_EL1", mmfr0), OF("ID_AA64MMFR1_EL1", mmfr1), OF("ID_AA64MMFR2_EL1", mmfr2), OF("CTR_EL0", ctr), OF("CLIDR_EL1", clidr),
	OF("CCSIDR_EL1", ccsidr), OF("CSSELR_EL1", csselr), OF("DCZID_EL0", dczid),
};
/* clang-format on */

static bool fits(const char *pattern, const char *name)
{
	while (*pattern && *name) {
		if (*pattern == '#') {
			size_t digits = strspn(name, "0123456789");

			if (!digits)
				return false;
			name += digits;
			pattern++;
		} else if (*pattern++ != *name++) {
			return false;
		}
	}
	return !*pattern && !*name;
}

const struct reg_field *reg_fields(const struct reg *r, bool e2h, size_t *n)
{
	static const struct layout pstate = OF("cpsr", spsr);
	const struct layout *l = r->number == REG_NUMBER_CPSR ? &pstate : NULL;

	for (size_t i = 0; r->row && !l && i < ARRAY_SIZE(layouts); i++)
		if (fits(layouts[i].name, r->name) && layouts[i].e2h != (e2h ? E2H_0 : E2H_1))
			l = &layouts[i];
	*n = l ? l->n : 0;
	return l ? l->field : NULL;
}
