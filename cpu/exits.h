/*
 * VM exits of a PE: how often each VM was entered and left, for what, and how long the PE then was outside of it. A VM here is what
 * context.h says; an exit is an exception taken from it to EL2 or EL3, an entry the exception return into it. Time is the PE's
 * cycles, so sleeping (WFI of the hypervisor) does not count. An exit's time ends at the next entry into the same VM; when the PE
 * enters another VM first, it is counted as switched and has no time.
 */
#ifndef CPU_EXITS_H
#define CPU_EXITS_H

#include "base/stat.h"

struct cpu;
struct snap;

/* Why a VM was left: an EC, or one of the other vectors (EXIT_CLASS(vector kind, EC)). */
enum { EXIT_CLASSES = 64 + 3 };
#define EXIT_CLASS(vec, ec) ((vec) ? 63 + (vec) : (ec))

/*
 * Which register, call, page or fault it was: bits 63:57 EXIT_CLASS, below them what exits_cause() says. The first EXIT_CAUSES
 * causes of a VM have a count of their own, a guest could invent any number. The sum of a cause's row: cycles until the next entry
 * into the same VM.
 */
enum { EXIT_CAUSES = 1024, EXIT_CAUSE_SHIFT = 57 };

/* Exceptions that were taken and not yet returned from, newest last: traps.h. */
struct open_trap {
	u64 since; /* cycle */
	u8 cls;    /* EXIT_CLASS */
	u8 from, target;
};
enum { OPEN_TRAPS = 16 };
struct open_traps {
	u32 n;
	struct open_trap trap[OPEN_TRAPS];
};

/*
 * A vCPU is a VM with the VMPIDR_EL2 that it was entered with. The first EXIT_VCPUS of a PE have counts of their own, the others of a
 * VM are counted together (VCPU_REST).
 */
enum { EXIT_VCPUS = 1024 };
#define VCPU_REST (~0ull)
struct vcpu {
	struct vcpu *next;
	u16 vm;
	u64 mpidr;
	u64 entries, exits;
	struct durations guest;
	struct open_traps open; /* taken from it, at any EL */
};

struct vm_exits {
	struct vm_exits *next;
	u16 vm;            /* as in struct context */
	u64 entries, exits;
	u64 switched;      /* exits after which the PE entered another VM */
	struct durations guest;                /* between entry and exit */
	struct durations *by[EXIT_CLASSES];    /* outside, by what ended the stay; NULL: never */
	struct tally causes;                   /* by exits_cause() */
};

struct exit_watch {
	struct vm_exits *vms;   /* in order of first sight */
	struct vm_exits *in;    /* the VM that runs, NULL: none */
	struct vm_exits *left;  /* else the one that was left last, NULL: none */
	struct vcpu *vcpus;     /* in order of first sight */
	u32 n_vcpus;
	struct vcpu *vcpu;      /* that runs, NULL: none */
	struct open_traps host; /* taken from what runs outside any VM */
	u64 since;              /* cycle of that entry or exit */
	u8 cls;                 /* why `left` was left */
	u64 cause;              /* and its key, 0: the class says it all */
};

/*
 * The key of an exception taken from a VM: of a trapped register access its encoding << 1 | read; of a call the immediate << 32 and
 * the function number (W0; W16 with Xen's immediate 0xea1); of an abort the fault status << 40 and the page of the IPA; of WFx its
 * TI bits. 0 for other classes.
 */
u64 exits_cause(const struct cpu *c, unsigned vec, u32 ec, u32 iss, u64 hpfar);
/* In words: "ICC_SGI1R_EL1.write", "0xc4000003", "translation_l3.0x9000000", "wfi". */
void exits_cause_name(const struct cpu *c, u64 key, char *name, size_t size);
/* The VM that runs becomes `vm` (0: none); why: the class of the exception when one is being taken. After every change of context. */
void exits_switch(struct cpu *c, u16 vm);
/* The exceptions that are open in the VM that runs, or outside any. */
struct open_traps *exits_open(struct exit_watch *w);
void exits_snap(struct cpu *c, struct snap *s);
void exits_free(struct exit_watch *w);

#endif
