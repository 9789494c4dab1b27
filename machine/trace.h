/* The traces of a run: --trace (perfetto.c) and --tarmac (tarmac.c). Both only watch (cpu/observe.h). */
#ifndef MACHINE_TRACE_H
#define MACHINE_TRACE_H

#include "machine/machine_priv.h"

/* make.c: opens the files that the configuration asks for and watches every PE. 0, or negative errno with *why. */
int make_traces(struct machine *m, struct why *why);
/* What is open ends now; the files are closed. */
void free_traces(struct machine *m);

struct perfetto;
int perfetto_open(struct perfetto **out, struct machine *m, struct why *why);
void perfetto_close(struct perfetto *t);

struct tarmac;
int tarmac_open(struct tarmac **out, struct machine *m, struct why *why);
void tarmac_close(struct tarmac *t);

#endif
