/*
 * Self-hosted debug (DDI0487 D2): software step, breakpoints, watchpoints. What the engine does:
 *
 * - KEY_STEP in the block key: blocks have one instruction. Before each (before its fetch),
 * debug_step_due(): true means c->exit is EXIT_STEP. After an instruction that completed without
 * exception, and that is no ERET: debug_stepped(). (SVC, HVC, SMC advance the state machine in
 * exception.c.)
 * - KEY_BREAK: blocks have one instruction. Before each, after its fetch succeeded:
 * debug_breakpoint(): true means c->exit is EXIT_BREAKPOINT. A breakpoint comes after an
 * instruction abort and before PSTATE.IL and the instruction's own exceptions.
 * - Data: a page for which debug_watch_page() is true gets no fast slot, so every access of it
 * takes the slow path, which calls debug_watchpoint() after translation and permissions succeeded
 * and before memory changes: true means c->exit is EXIT_WATCHPOINT with .far and .iss set. Writes
 * of the watchpoint registers flush the fast TLB themselves.
 */
#ifndef CPU_DEBUG_H
#define CPU_DEBUG_H

#include "cpu/cpu.h"

/* Debug exceptions can be taken from EL `from`, security state `secure`, PSTATE.D == masked. */
bool debug_enabled_from(const struct cpu *c, unsigned from, bool secure, bool masked);
/* The same for the current state. */
bool debug_enabled(const struct cpu *c);
/* The EL that debug exceptions of this security state go to. */
unsigned debug_target(const struct cpu *c, bool secure);
/* PSTATE.SS after an ERET to (el, secure) with this SPSR; called before PSTATE changes. */
bool debug_return_ss(const struct cpu *c, unsigned el, bool secure, u64 spsr);

bool debug_step_active(const struct cpu *c);
bool debug_step_due(struct cpu *c);
/* exclusive: the instruction was a load-exclusive. */
void debug_stepped(struct cpu *c, bool exclusive);

/* Some breakpoint is enabled and debug exceptions can be taken here. */
bool debug_breakpoints_on(const struct cpu *c);
bool debug_breakpoint(struct cpu *c, u64 pc);

/* Some enabled watchpoint covers bytes of the 4 KiB page of va, in whatever state; or one of who debugs the machine (cpu/halt.h). */
bool debug_watch_page(const struct cpu *c, u64 va);
/* what: ACC_READ, ACC_WRITE, an atomic both. unpriv: an LDTR/STTR that acts as EL0. cm: DC IVAC. */
bool debug_watchpoint(struct cpu *c, u64 va, unsigned size, u32 what, bool unpriv, bool cm);

/* After DBGW*, DBGB*, MDSCR_EL1 or the OS lock changed. */
void debug_registers_changed(struct cpu *c);

#define MDSCR_SS   (1ull << 0)
#define MDSCR_TDCC (1ull << 12)
#define MDSCR_KDE  (1ull << 13)
#define MDSCR_HDE  (1ull << 14)
#define MDSCR_MDE  (1ull << 15)
#define OSLSR_OSLK (1ull << 1)
#define MDCR_TDE   (1ull << 8)
#define MDCR_TDA   (1ull << 9)
#define MDCR_TDOSA (1ull << 10)
#define MDCR_TDRA  (1ull << 11)
#define MDCR_SDD   (1ull << 16) /* MDCR_EL3 */

#endif
