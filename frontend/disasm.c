/* See disasm.h. */
#include "frontend/disasm.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>

#include "frontend/symbols.h"

struct disasm {
	csh capstone;
	struct symbols *symbols;
};

struct disasm *disasm_new(struct symbols *symbols)
{
	struct disasm *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->symbols = symbols;
	if (cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &d->capstone) != CS_ERR_OK) {
		free(d);
		return NULL;
	}
	cs_option(d->capstone, CS_OPT_DETAIL, CS_OPT_ON);
	return d;
}

void disasm_free(struct disasm *d)
{
	if (d)
		cs_close(&d->capstone);
	free(d);
}

/* Where a branch, ADR or literal load points to. */
static bool target(const cs_insn *insn, u64 *addr)
{
	const cs_arm64 *a = &insn->detail->arm64;

	switch (insn->id) {
	case ARM64_INS_B:
	case ARM64_INS_BL:
	case ARM64_INS_CBZ:
	case ARM64_INS_CBNZ:
	case ARM64_INS_TBZ:
	case ARM64_INS_TBNZ:
	case ARM64_INS_ADR:
	case ARM64_INS_ADRP:
		break;
	case ARM64_INS_LDR:
	case ARM64_INS_LDRSW:
	case ARM64_INS_PRFM:
		if (a->op_count != 2)
			return false;
		break;
	default:
		return false;
	}
	if (!a->op_count || a->operands[a->op_count - 1].type != ARM64_OP_IMM)
		return false;
	*addr = (u64)a->operands[a->op_count - 1].imm;
	return true;
}

void disasm_text(struct disasm *d, u64 pc, u32 word, char text[DISASM_TEXT])
{
	const u8 bytes[4] = { (u8)word, (u8)(word >> 8), (u8)(word >> 16), (u8)(word >> 24) };
	char name[SYMBOLS_TEXT] = "";
	cs_insn *insn;
	u64 addr;

	if (!cs_disasm(d->capstone, bytes, sizeof bytes, pc, 1, &insn)) {
		snprintf(text, DISASM_TEXT, ".word 0x%08x", word);
		return;
	}
	if (target(insn, &addr))
		symbols_text(d->symbols, addr, name);
	snprintf(text, DISASM_TEXT, "%s%s%s%s%s%s", insn->mnemonic, *insn->op_str ? " " : "", insn->op_str, *name ? " <" : "", name, *name ? ">" : "");
	cs_free(insn, 1);
}
