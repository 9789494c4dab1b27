/*
 * PSCI on a board that has EL3 with nothing loaded there: a kernel without ELF header starts at EL2 or
 * EL1, and the board serves PSCI as it does without EL3.
 */
/* run: -M virt,gic-version=3,secure=on -cpu cortex-a57 -smp 3 */
/* run: -M virt,gic-version=3,secure=on,virtualization=on -cpu neoverse-n1 -smp 3 */
#include "psci.c"
