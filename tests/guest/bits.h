/* Names of the manual for the bits and syndromes that the tests use (DDI0487 D19, D24). */
#ifndef GUEST_BITS_H
#define GUEST_BITS_H

#define BIT(n) (1ul << (n))

#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_PTW BIT(2)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_VF BIT(6)
#define HCR_VI BIT(7)
#define HCR_VSE BIT(8)
#define HCR_FB BIT(9)
#define HCR_DC BIT(12)
#define HCR_TWI BIT(13)
#define HCR_TWE BIT(14)
#define HCR_TID1 BIT(16)
#define HCR_TID2 BIT(17)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_TPCP BIT(23)
#define HCR_TPU BIT(24)
#define HCR_TTLB BIT(25)
#define HCR_TVM BIT(26)
#define HCR_TGE BIT(27)
#define HCR_TDZ BIT(28)
#define HCR_HCD BIT(29)
#define HCR_TRVM BIT(30)
#define HCR_RW BIT(31)
#define HCR_CD BIT(32)
#define HCR_ID BIT(33)
#define HCR_E2H BIT(34)
#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_TEA BIT(37)

#define SCR_NS BIT(0)
#define SCR_IRQ BIT(1)
#define SCR_FIQ BIT(2)
#define SCR_EA BIT(3)
#define SCR_SMD BIT(7)
#define SCR_HCE BIT(8)
#define SCR_RW BIT(10)
#define SCR_TWI BIT(12)
#define SCR_TWE BIT(13)
#define SCR_DEFAULT (SCR_RW | SCR_HCE | 0x30 | SCR_NS)

#define SCTLR_M BIT(0)
#define SCTLR_A BIT(1)
#define SCTLR_C BIT(2)
#define SCTLR_SA BIT(3)
#define SCTLR_SA0 BIT(4)
#define SCTLR_UMA BIT(9)
#define SCTLR_I BIT(12)
#define SCTLR_DZE BIT(14)
#define SCTLR_UCT BIT(15)
#define SCTLR_NTWI BIT(16)
#define SCTLR_NTWE BIT(18)
#define SCTLR_WXN BIT(19)
#define SCTLR_SPAN BIT(23)
#define SCTLR_E0E BIT(24)
#define SCTLR_EE BIT(25)
#define SCTLR_UCI BIT(26)
#define SCTLR_DSSBS BIT(44)
#define SCTLR_EL1_RES1 0x30d00980ul
#define SCTLR_EL2_RES1 0x30c50830ul

#define CPTR_TZ BIT(8)
#define CPTR_TFP BIT(10)
#define CPTR_TTA BIT(20)
#define CPTR_TCPAC BIT(31)
#define CPTR_EL2_DEFAULT 0x33fful
#define FPEN(n) ((u64)(n) << 20)

#define MDCR_TPMCR BIT(5)
#define MDCR_TPM BIT(6)
#define MDCR_TDE BIT(8)
#define MDCR_TDA BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA BIT(11)

#define MDSCR_SS BIT(0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)

#define SPSR_SSBS BIT(12)
#define SPSR_IL BIT(20)
#define SPSR_SS BIT(21)
#define SPSR_PAN BIT(22)
#define SPSR_UAO BIT(23)

#define EC_UNKNOWN 0x00
#define EC_WFX 0x01
#define EC_FP 0x07
#define EC_ILLEGAL 0x0e
#define EC_SVC 0x15
#define EC_HVC 0x16
#define EC_SMC 0x17
#define EC_SYSREG 0x18
#define EC_IABT_LOWER 0x20
#define EC_IABT_SAME 0x21
#define EC_PC_ALIGN 0x22
#define EC_DABT_LOWER 0x24
#define EC_DABT_SAME 0x25
#define EC_SP_ALIGN 0x26
#define EC_SERROR 0x2f
#define EC_BREAKPT_LOWER 0x30
#define EC_BREAKPT_SAME 0x31
#define EC_STEP_LOWER 0x32
#define EC_STEP_SAME 0x33
#define EC_WATCHPT_LOWER 0x34
#define EC_WATCHPT_SAME 0x35
#define EC_BRK 0x3c

/* Data and instruction abort ISS */
#define ISS_ISV BIT(24)
#define ISS_SAS(log2) ((u64)(log2) << 22)
#define ISS_SSE BIT(21)
#define ISS_SRT(n) ((u64)(n) << 16)
#define ISS_SF BIT(15)
#define ISS_AR BIT(14)
#define ISS_CM BIT(8)
#define ISS_S1PTW BIT(7)
#define ISS_WNR BIT(6)
#define FSC_TRANSLATION(level) (0x04ul + (level))
#define FSC_ACCESS(level) (0x08ul + (level))
#define FSC_PERMISSION(level) (0x0cul + (level))
#define FSC_SIZE(level) (0x00ul + (level))
#define FSC_EXTERNAL 0x10ul
#define FSC_ALIGNMENT 0x21ul
#define FSC_DEBUG 0x22ul

/* A system register or instruction: op0, op1, CRn, CRm, op2 */
#define SR(op0, op1, crn, crm, op2) \
	((u32)(op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
#define SR_WORD(sr, read, rt) (0xd5000000u | (u32)(read) << 21 | (sr) | (u32)(rt))
/* its ISS for EC 0x18 */
#define SR_ISS(sr, read, rt) \
	((u64)((sr) >> 19 & 3) << 20 | (u64)((sr) >> 5 & 7) << 17 | (u64)((sr) >> 16 & 7) << 14 | \
	 (u64)((sr) >> 12 & 15) << 10 | (u64)(rt) << 5 | (u64)((sr) >> 8 & 15) << 1 | (u64)(read))

#endif
