/* What the rest of cpu/ uses of exec_observe.c. */
#ifndef CPU_EXEC_OBSERVE_H
#define CPU_EXEC_OBSERVE_H

#include "cpu/observe.h"

struct tr;
struct insn;

/* The uop before an instruction (KEY_OBSERVED); row: NULL when the word is no instruction. */
void tr_observe(struct tr *t, const struct insn *row, u32 w);
/* A data access of the instruction that is observed; KEY_OBSERVED only. */
void observe_access(struct cpu *c, const struct observed_access *a);
/* With a timing model (c->timing): what an exception entry or return costs. */
void observe_time_of_exception(struct cpu *c, bool entry);

#endif
