/* Instructions as text, by capstone, with names for the addresses that they hold. For the monitor. */
#ifndef FRONTEND_DISASM_H
#define FRONTEND_DISASM_H

#include "base/types.h"

struct disasm;
struct symbols;

/* symbols is borrowed. NULL without memory. */
struct disasm *disasm_new(struct symbols *symbols);
void disasm_free(struct disasm *d);
enum { DISASM_TEXT = 360 };
/* "ldr x0, [x1, #8]", "bl 0x... <name+0x10>", ".word 0x12345678" for what is none. */
void disasm_text(struct disasm *d, u64 pc, u32 word, char text[DISASM_TEXT]);

#endif
