/* Offsets and numbers that start.S shares with guest.h. */
#ifndef GUEST_ASM_H
#define GUEST_ASM_H

#define GUEST_CPUS 8
#define GUEST_EXCS 8
#define GUEST_STACK 0x2000

#define EXC_EL 0
#define EXC_ESR 16
#define EXC_SPSR 32
#define EXC_HPFAR 48
#define EXC_X 64
#define EXC_SIZE 320

#define CPU_SCRATCH 0
#define CPU_HOME 32
#define CPU_RET 40
#define CPU_HANDLER 48
#define CPU_N_EXC 56
#define CPU_STACK 64
#define CPU_EXC_STACK 96
#define CPU_EXC 128
#define CPU_SIZE (CPU_EXC + GUEST_EXCS * EXC_SIZE)

#endif
