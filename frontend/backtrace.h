/*
 * Who called whom, through exception levels: frames by frame pointers (x29 points to a record of the caller's x29 and the return address,
 * as AAPCS64 says) in the EL where the PE is, then those of the EL that it was entered from, each in its own translation regime.
 *
 * At the border between two ELs the architecture keeps the address and PSTATE (ELR_ELx, SPSR_ELx), not the frame pointer; that is what
 * trail.h remembers. Without it one line says where the lower EL is, and nothing more.
 *
 * Not here: unwind tables, so code without frame pointers shows what its caller left in x29; signed return addresses (PAC).
 */
#ifndef FRONTEND_BACKTRACE_H
#define FRONTEND_BACKTRACE_H

#include <stdio.h>

#include "base/types.h"

struct command_user;

/* At most so many frames in all; guests' chains may be endless. */
enum { BACKTRACE_MOST = 64 };
void backtrace_print(struct command_user *u, unsigned most, FILE *out);

#endif
