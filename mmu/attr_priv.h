/*
 * Memory attributes of the two stages (DDI0487 D8): decoding, combining, and what makes them
 * Non-cacheable.
 */
#ifndef MMU_ATTR_PRIV_H
#define MMU_ATTR_PRIV_H

#include "mmu/regime.h"

enum { SH_NON = 0, SH_OUTER = 2, SH_INNER = 3 };
enum { ATTR_NGNRNE = 0x00, ATTR_NC = 0x44, ATTR_WT = 0xaa, ATTR_WB = 0xff };

/* Sets x->attr and x->sh from a MAIR byte and a descriptor's SH field. */
void attr_stage1(struct xlat *x, u8 mair, u8 sh);
/* Combines what stage 1 left in x with MemAttr and SH of a stage-2 leaf. */
void attr_stage2(const struct regime *r, struct xlat *x, u8 memattr, u8 sh);
/* Applies SCTLR.{C,I} and HCR_EL2.{CD,ID} for this kind of access. */
void attr_effective(const struct regime *r, struct access a, struct xlat *x);

#endif
