/*
 * Runs on an AArch64 reference (hardware or user-mode emulation): reads struct fpu_case from
 * stdin, executes each case's instruction with its FPCR and a clear FPSR, writes struct
 * fpu_answer to stdout. Built and run by fpu.sh.
 */
#include <stdint.h>
#include <stdio.h>

#include "fpu_ops.h"

#define RUN(name, size, insn, expr)                                                                \
	static void run_##name(const struct fpu_case *c, struct fpu_answer *r)                     \
	{                                                                                          \
		uint64_t fpcr = c->fpcr, fpsr = 0;                                                 \
                                                                                                   \
		__asm__ volatile("ldr d0, [%[a]]\n\tldr d1, [%[b]]\n\tldr d2, [%[c]]\n\t"          \
				 "msr fpsr, xzr\n\tmsr fpcr, %[fpcr]\n\t" insn "\n\t"              \
				 "mrs %[fpsr], fpsr\n\tmsr fpcr, xzr\n\tstr d3, [%[r]]\n\t"        \
				 : [fpsr] "=&r"(fpsr)                                              \
				 : [a] "r"(&c->a), [b] "r"(&c->b), [c] "r"(&c->c),                 \
				   [fpcr] "r"(fpcr), [r] "r"(&r->result)                           \
				 : "v0", "v1", "v2", "v3", "x0", "x3", "cc", "memory");            \
		r->fpsr = fpsr;                                                                    \
	}
FPU_OPS(RUN)

#define ENTRY(name, size, insn, expr) run_##name,
static void (*const run[])(const struct fpu_case *, struct fpu_answer *) = { FPU_OPS(ENTRY) };

int main(void)
{
	struct fpu_case c;
	struct fpu_answer r;

	while (fread(&c, sizeof c, 1, stdin) == 1) {
		if (c.op >= FPU_OP_COUNT)
			return 1;
		run[c.op](&c, &r);
		if (fwrite(&r, sizeof r, 1, stdout) != 1)
			return 1;
	}
	return fflush(stdout) != 0;
}
