/* What the fuzzers of input share: seeds one after the other, a watchdog, and who is to blame. */
#ifndef TESTS_FUZZ_LOOP_H
#define TESTS_FUZZ_LOOP_H

#include "base/types.h"

/* Given by each program. Returns after everything that follows from that seed was tried. */
void fuzz_case(u64 seed);
/* Reports something wrong with the current seed. */
void fuzz_bad(const char *format, ...) printf_(1, 2);

/* The number after `option` among the arguments. */
u64 fuzz_option(const char *option, u64 otherwise);

#endif
