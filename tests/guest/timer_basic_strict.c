/* timer_basic.c, with the EL2 virtual timer. */
/* ours-alone: the board of QEMU 7.2 has no interrupt for the EL2 virtual timer; QEMU 11 passes */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "timer_basic.c"
