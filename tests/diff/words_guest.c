/*
 * Runs on an AArch64 reference (hardware or user-mode emulation): reads struct words_case from stdin, executes each word in the
 * state given, writes struct words_answer to stdout. Built and run by words.sh.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "words_case.h"

enum { BATCH = 512 };
#define RET 0xd65f03c0u

static volatile sig_atomic_t undefined;

static void on_sigill(int number, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)number, (void)info;
	undefined = 1;
	u->uc_mcontext.pc += 4;
}

#define COPY(to, from) "mov v" #to ".16b, v" #from ".16b\n\t"
#define COPIES(a, b, c, d, e, f, g, h)                                                                               \
	COPY(a, 0) COPY(b, 1) COPY(c, 2) COPY(d, 3) COPY(e, 4) COPY(f, 5) COPY(g, 6) COPY(h, 7)

/* x20, x21: the state before and after; offsets: v 0, x 128, nzcv 160, fpsr 168 */
static void run(const struct words_case *c, struct words_answer *a, const uint32_t *code)
{
	register const void *before __asm__("x20") = &c->before;
	register void *after __asm__("x21") = &a->after;
	register const void *entry __asm__("x22") = code;
	register uint64_t fpcr __asm__("x23") = c->fpcr;

	undefined = 0;
	__asm__ volatile("ldp q0, q1, [x20]\n\tldp q2, q3, [x20, #32]\n\t"
			 "ldp q4, q5, [x20, #64]\n\tldp q6, q7, [x20, #96]\n\t"
			 COPIES(8, 9, 10, 11, 12, 13, 14, 15)
			 COPIES(16, 17, 18, 19, 20, 21, 22, 23)
			 COPIES(24, 25, 26, 27, 28, 29, 30, 31)
			 "ldp x0, x1, [x20, #160]\n\tmsr nzcv, x0\n\tmsr fpsr, x1\n\tmsr fpcr, x23\n\t"
			 "ldp x0, x1, [x20, #128]\n\tldp x2, x3, [x20, #144]\n\t"
			 "blr x22\n\t"
			 "stp q0, q1, [x21]\n\tstp q2, q3, [x21, #32]\n\t"
			 "stp q4, q5, [x21, #64]\n\tstp q6, q7, [x21, #96]\n\t"
			 "stp x0, x1, [x21, #128]\n\tstp x2, x3, [x21, #144]\n\t"
			 "mrs x0, nzcv\n\tmrs x1, fpsr\n\tmsr fpcr, xzr\n\tstp x0, x1, [x21, #160]\n\t"
			 :
			 : "r"(before), "r"(after), "r"(entry), "r"(fpcr)
			 : "x0", "x1", "x2", "x3", "x30", "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6",
			   "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19",
			   "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
	a->undefined = (uint64_t)undefined;
}

int main(void)
{
	static struct words_case c[BATCH];
	static struct words_answer a[BATCH];
	struct sigaction sa = { .sa_sigaction = on_sigill, .sa_flags = SA_SIGINFO };
	uint32_t *code = mmap(NULL, BATCH * 8, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t n;

	if (code == MAP_FAILED || sigaction(SIGILL, &sa, NULL))
		return 1;
	while ((n = fread(c, sizeof c[0], BATCH, stdin))) {
		for (size_t i = 0; i < n; i++) {
			code[2 * i] = (uint32_t)c[i].word;
			code[2 * i + 1] = RET;
		}
		__builtin___clear_cache((char *)code, (char *)(code + 2 * n));
		memset(a, 0, sizeof a);
		for (size_t i = 0; i < n; i++)
			run(&c[i], &a[i], &code[2 * i]);
		if (fwrite(a, sizeof a[0], n, stdout) != n)
			return 1;
	}
	return fflush(stdout) != 0;
}
