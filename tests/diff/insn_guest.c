/*
 * Differential test of data-processing instructions, the reference half: runs under an AArch64 reference (qemu-aarch64 or real
 * hardware). Reads struct insn_case from standard input, executes each word on the state that its seed makes, and writes struct
 * insn_state to standard output.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "insn_case.h"

_Static_assert(__builtin_offsetof(struct insn_state, v) == 256, "known to the assembly");
_Static_assert(__builtin_offsetof(struct insn_state, fpcr) == 768, "known to the assembly");
_Static_assert(__builtin_offsetof(struct insn_state, saved_sp) == 792, "known to the assembly");

/* Loads *s, executes the word at insn_slot, stores *s. SP is the state's address meanwhile. */
void insn_run(struct insn_state *s);
extern uint32_t insn_slot;

__asm__(".pushsection insn_code, \"awx\", %progbits\n"
	".arch armv8.2-a+fp16+crypto\n"
	".global insn_run, insn_slot\n"
	"insn_run:\n"
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
	"	mov x1, sp\n"
	"	str x1, [x0, #792]\n"
	"	mov sp, x0\n"
	"	ldr x1, [sp, #768]\n"
	"	msr fpcr, x1\n"
	"	ldr x1, [sp, #776]\n"
	"	msr fpsr, x1\n"
	"	ldr x1, [sp, #248]\n"
	"	msr nzcv, x1\n"
	".irp n, 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30\n"
	"	ldr q\\n, [sp, #256 + 16 * \\n]\n"
	".endr\n"
	".irp n, 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31\n"
	"	ldr q\\n, [sp, #256 + 16 * \\n]\n"
	".endr\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
	"	ldr x\\n, [sp, #8 * \\n]\n"
	".endr\n"
	"insn_slot:\n"
	"	nop\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
	"	str x\\n, [sp, #8 * \\n]\n"
	".endr\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	str q\\n, [sp, #256 + 16 * \\n]\n"
	".endr\n"
	"	mrs x1, nzcv\n"
	"	str x1, [sp, #248]\n"
	"	mrs x1, fpcr\n"
	"	str x1, [sp, #768]\n"
	"	mrs x1, fpsr\n"
	"	str x1, [sp, #776]\n"
	"	msr fpcr, xzr\n"
	"	ldr x1, [sp, #792]\n"
	"	mov sp, x1\n"
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
	".popsection\n");

static struct insn_state state __attribute__((aligned(16)));

static void on_sigill(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	if (u->uc_mcontext.pc != (uintptr_t)&insn_slot)
		abort();
	state.undefined = 1;
	u->uc_mcontext.pc += 4;
}

int main(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_sigaction = on_sigill, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct insn_case k;

	sigaltstack(&alternate, NULL);
	sigaction(SIGILL, &action, NULL);
	while (fread(&k, sizeof k, 1, stdin) == 1) {
		case_state(&state, k.seed);
		insn_slot = k.word;
		__builtin___clear_cache((char *)&insn_slot, (char *)&insn_slot + 4);
		insn_run(&state);
		state.saved_sp = 0;
		if (fwrite(&state, sizeof state, 1, stdout) != 1)
			return 1;
	}
	return fclose(stdout) != 0;
}
