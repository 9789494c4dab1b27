/*
 * The state of a machine that stands still as screens of text: the info commands of the monitor, and of gdb through it. Nothing
 * changes by looking: neither guest nor counters, digest or time. The guest may have made its tables say anything: what is looked at
 * and printed is bounded.
 */
#ifndef MACHINE_SHOW_H
#define MACHINE_SHOW_H

#include <stdio.h>

#include "base/types.h"

struct machine;
struct code_names;

/* code: names of what stands at an address (base/names.h); may be NULL. */
void machine_show_gic(struct machine *m, unsigned pe, const struct code_names *code, FILE *out);
void machine_show_its(struct machine *m, FILE *out);
/* Timers of all PEs, and the event queue. */
void machine_show_timers(struct machine *m, FILE *out);
/* The address map with what stands there, and the state of each device. */
void machine_show_devices(struct machine *m, FILE *out);
/* Exits to EL2 by VM and class so far. */
void machine_show_exits(struct machine *m, FILE *out);
void machine_show_vms(struct machine *m, FILE *out);
/* Time, where each PE is, instructions by PE, EL and VM. */
void machine_show_status(struct machine *m, FILE *out);

#endif
