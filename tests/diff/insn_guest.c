/*
 * The execution test, the reference half: runs under an AArch64 reference (qemu-aarch64, or Linux on real hardware). For each byte on
 * standard input it executes the batch in the shared memory and answers with a byte. Knows nothing of instructions.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "insn_share.h"

_Static_assert(offsetof(struct state, sp) == 248 && offsetof(struct state, v) == 256 && offsetof(struct state, nzcv) == 768 &&
	       offsetof(struct state, fpcr) == 776 && offsetof(struct state, fpsr) == 784, "known to the assembly");

/* At VA_CONTROL; the assembly knows the offsets. */
struct control {
	struct state *after;  /* of the running case */
	uint64_t sp, tpidr;   /* the guest half's own, kept while a program runs */
};

#define TEXT_(x) #x
#define TEXT(x)	 TEXT_(x)
/* Copied to VA_STUB: stub_enter(before, program), stub_exit (where programs branch to), stub_leave (x0: control). */
extern const uint8_t stub_exit[], stub_leave[], stub_enter[], stub_end[];

__asm__(".pushsection .rodata\n"
	".arch armv8.2-a\n"
	".balign 8\n"
	".global stub_exit, stub_leave, stub_enter, stub_end\n" /* local ones would lose their offsets in the GOT */
	"stub_exit:\n"
	"	msr tpidr_el0, x0\n"
	"	ldr x0, stub_control\n"
	"	ldr x0, [x0]\n"
	".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
	"	str x\\n, [x0, #8 * \\n]\n"
	".endr\n"
	"	mrs x1, tpidr_el0\n"
	"	str x1, [x0]\n"
	"	mov x1, sp\n"
	"	str x1, [x0, #248]\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	str q\\n, [x0, #256 + 16 * \\n]\n"
	".endr\n"
	"	mrs x1, nzcv\n"
	"	mrs x2, fpcr\n"
	"	mrs x3, fpsr\n"
	"	str x1, [x0, #768]\n"
	"	str x2, [x0, #776]\n"
	"	str x3, [x0, #784]\n"
	".irp at, 792,800,808\n"
	"	str xzr, [x0, #\\at]\n"
	".endr\n"
	"	ldr x0, stub_control\n"
	"stub_leave:\n"
	"	msr fpcr, xzr\n"
	"	ldp x1, x2, [x0, #8]\n"
	"	mov sp, x1\n"
	"	msr tpidr_el0, x2\n"
	"	ldp x19, x20, [sp, #16]\n"
	"	ldp x21, x22, [sp, #32]\n"
	"	ldp x23, x24, [sp, #48]\n"
	"	ldp x25, x26, [sp, #64]\n"
	"	ldp x27, x28, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	ldp x29, x30, [sp], #160\n"
	"	ret\n"
	"stub_enter:\n"
	"	stp x29, x30, [sp, #-160]!\n"
	"	stp x19, x20, [sp, #16]\n"
	"	stp x21, x22, [sp, #32]\n"
	"	stp x23, x24, [sp, #48]\n"
	"	stp x25, x26, [sp, #64]\n"
	"	stp x27, x28, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	ldr x2, stub_control\n"
	"	mov x3, sp\n"
	"	mrs x4, tpidr_el0\n"
	"	stp x3, x4, [x2, #8]\n"
	"	clrex\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	ldr q\\n, [x0, #256 + 16 * \\n]\n"
	".endr\n"
	"	ldr x2, [x0, #768]\n"
	"	ldr x3, [x0, #776]\n"
	"	ldr x4, [x0, #784]\n"
	"	ldr x5, [x0, #248]\n"
	"	msr nzcv, x2\n"
	"	msr fpcr, x3\n"
	"	msr fpsr, x4\n"
	"	mov sp, x5\n"
	".irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
	"	ldr x\\n, [x0, #8 * \\n]\n"
	".endr\n"
	"	br x1\n"
	"	.balign 8\n"
	"stub_control: .quad " TEXT(VA_CONTROL) "\n"
	"stub_end:\n"
	".popsection\n");

static struct control *const control = (struct control *)VA_CONTROL;

static enum stop stop_of(int sig)
{
	return sig == SIGILL ? STOP_UNDEFINED : sig == SIGSEGV ? STOP_MEMORY : sig == SIGBUS ? STOP_ALIGNMENT : STOP_OTHER;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	mcontext_t *m = &u->uc_mcontext;
	const struct fpsimd_context *f = (const struct fpsimd_context *)m->__reserved;
	struct state *s = control->after;

	if (m->pc < VA_CODE || m->pc >= VA_STUB) {
		signal(sig, SIG_DFL); /* ours, or a program that ran away */
		return;
	}
	memcpy(s->x, m->regs, sizeof s->x);
	s->sp = m->sp;
	s->nzcv = m->pstate & 0xf0000000;
	memcpy(s->v, f->vregs, sizeof s->v);
	s->fpcr = f->fpcr;
	s->fpsr = f->fpsr;
	s->pc = m->pc;
	s->stop = stop_of(sig);
	s->far = sig == SIGSEGV || sig == SIGBUS ? (uintptr_t)info->si_addr : 0;
	m->regs[0] = VA_CONTROL;
	m->pc = VA_STUB + (uint64_t)(stub_leave - stub_exit);
}

static void *map(uint64_t at, size_t size, int fd, off_t offset)
{
	return mmap((void *)at, size, PROT_READ | PROT_WRITE, (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED) | MAP_FIXED, fd,
		    offset);
}

static void guard_pages(void)
{
	static const int access[] = { PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE };

	for (uint32_t run = FIRST_GUARDED; run < BATCH_RUNS; run++)
		for (unsigned half = 0; half < 2; half++)
			mprotect((void *)(VA_RUN(run) + half * 4096), 4096, access[share_page(run, half)]);
}

static void run_batch(struct share *s)
{
	void (*enter)(const struct state *, uint64_t) =
		(void (*)(const struct state *, uint64_t))(VA_STUB + (uint64_t)(stub_enter - stub_exit));

	mprotect((void *)VA_CODE, CODE_SIZE, PROT_READ | PROT_WRITE);
	memcpy((void *)VA_SLOT(0), s->code, s->programs * sizeof s->code[0]);
	__builtin___clear_cache((char *)VA_CODE, (char *)VA_STUB);
	mprotect((void *)VA_CODE, CODE_SIZE, PROT_READ | PROT_EXEC);
	for (uint32_t k = 0; k < s->runs; k++) {
		uint32_t i = s->run[k];

		control->after = &s->after[i];
		enter(&s->before[i], VA_SLOT(s->program[i]));
	}
}

int main(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct share *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, SHARE_FD, 0);
	char byte;

	if (s == MAP_FAILED || map(VA_CODE, CODE_SIZE + 4096, -1, 0) == MAP_FAILED || map(VA_CONTROL, 4096, -1, 0) == MAP_FAILED ||
	    map(VA_DATA, sizeof s->data, SHARE_FD, offsetof(struct share, data)) == MAP_FAILED)
		return 1;
	memcpy((void *)VA_STUB, stub_exit, (size_t)(stub_end - stub_exit));
	__builtin___clear_cache((char *)VA_STUB, (char *)VA_STUB + 4096);
	mprotect((void *)VA_STUB, 4096, PROT_READ | PROT_EXEC);
	guard_pages();
	sigaltstack(&alternate, NULL);
	for (const int *sig = (const int[]){ SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGFPE, 0 }; *sig; sig++)
		sigaction(*sig, &action, NULL);
	while (read(0, &byte, 1) == 1) {
		run_batch(s);
		if (write(1, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
