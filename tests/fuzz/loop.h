/*
 * What the fuzzers of input share: cases one after the other, a watchdog, who is to blame, and what was reached. Two
 * files give it: loop.c runs seeds, loop_libfuzzer.c what libFuzzer makes up.
 */
#ifndef TESTS_FUZZ_LOOP_H
#define TESTS_FUZZ_LOOP_H

#include "tests/fuzz/random.h"

/* Given by each program. Returns after everything that follows from these choices was tried. */
void fuzz_case(struct random *r);
/* Reports something wrong with the current case. */
void fuzz_bad(const char *format, ...) printf_(1, 2);

/* The number after `option` among the arguments. */
u64 fuzz_option(const char *option, u64 otherwise);

/* One more access to what stands at `base` (0: not at an address). A table at the end has all of them. what: lasts. */
void fuzz_count(const char *what, u64 base);
/* The table, in the order of what and base. */
void fuzz_print_counts(void);

#endif
