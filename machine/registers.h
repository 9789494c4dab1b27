/*
 * Every register of a PE by its architectural name: what gdb's target description, the monitor, conditions of breakpoints and reports
 * use. General and vector registers and PSTATE stand in a table here, system registers come from the rows of cpu/, gic/ and timer/.
 *
 * Reading changes nothing, neither the guest nor counters; a register whose read acts on the machine (ICC_IARn_EL1) shows what a read
 * would return. Writing goes the way of the guest's own write: masks, hooks, what follows from it. Names mean the register itself:
 * ELR_EL1 is EL1's whatever HCR_EL2.E2H says. Where one name has several meanings by EL (ICC_* physical or virtual, MPIDR_EL1,
 * CNTVCT_EL0) it is what the current EL would read.
 *
 * Not here: what is written only (ICC_EOIRn_EL1, OSLAR_EL1) and system instructions.
 */
#ifndef MACHINE_REGISTERS_H
#define MACHINE_REGISTERS_H

#include "base/types.h"

struct cpu;
struct sysreg;

/* Numbers of the remote protocol. That of a system register is its encoding, op0:op1:CRn:CRm:op2 (0x8000 up). */
enum {
	REG_NUMBER_SP = 31,
	REG_NUMBER_PC = 32,
	REG_NUMBER_CPSR = 33,
	REG_NUMBER_V0 = 34,
	REG_NUMBER_FPSR = 66,
	REG_NUMBER_FPCR = 67,
	REG_NUMBER_SYSTEM = 0x8000,
};

struct reg {
	const char *name;	  /* "x0" to "x30", "sp", "pc", "cpsr", "v0" to "v31", "fpsr", "fpcr"; "HCR_EL2" */
	const struct sysreg *row; /* of a system register, else NULL */
	u16 number;
	u8 bits; /* 32, 64, 128 */
};

/* Each fills *r. False: there is none. */
bool reg_find(const char *name, struct reg *r); /* upper or lower case */
/* A system register's row by its name, whether this core has it or not, write-only ones too; NULL: there is none. */
const struct sysreg *reg_row(const char *name);
bool reg_number(unsigned number, struct reg *r);
/* The next one in order of numbers; a zeroed *r is before the first. */
bool reg_next(struct reg *r);

/*
 * Of a PE that stands between two instructions. False: this core does not have it. v: little-endian, shorter registers are
 * zero-extended.
 */
bool reg_read(struct cpu *c, const struct reg *r, u8 v[16]);
bool reg_read64(struct cpu *c, const struct reg *r, u64 *v); /* the low 64 bits */
/* False: read-only, not there, or a PSTATE that is none (AArch32, an EL that is not there). Nothing changed then. */
bool reg_write(struct cpu *c, const struct reg *r, const u8 v[16]);
bool reg_write64(struct cpu *c, const struct reg *r, u64 v); /* the rest of a longer one becomes 0 */

struct reg_field {
	const char *name;
	u8 high, low;
};
/* The fields of a register in order of bits; n 0: none are known. Some registers of EL2 have another layout while HCR_EL2.E2H is set. */
const struct reg_field *reg_fields(const struct reg *r, bool e2h, size_t *n);

#endif
