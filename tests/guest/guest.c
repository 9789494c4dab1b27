/*
 * The C half of the test frame: console, checks, default register state, secondary CPUs, exit.
 * Deliberately without interrupts, allocation or locks: the tests bring what they test.
 */
#include "guest.h"

#define UART_DR (*(volatile u32 *)0x09000000)
#define HCR_RW (1ul << 31)
#define SCR_DEFAULT 0x531ul             /* RW, HCE, NS and RES1 */
#define SCTLR_EL1_DEFAULT 0x30d00980ul  /* RES1 */
#define SCTLR_EL2_DEFAULT 0x30c50830ul  /* RES1, also EL3 */
#define PSCI_CPU_ON 0xc4000003ul
#define SYS_EXIT 0x18
#define ADP_STOPPED_APPLICATION_EXIT 0x20026ul

struct guest_cpu guest_cpus[GUEST_CPUS];
u8 guest_stacks[GUEST_CPUS][8][GUEST_STACK] __attribute__((aligned(16)));
u64 guest_release[GUEST_CPUS] __attribute__((section(".data")));        /* outlives the bss clear */
u64 guest_entry[4] __attribute__((section(".data")));                   /* likewise */
u64 guest_boot_el;

static struct {
	void (*fn)(u64);
	u64 arg;
} secondary[GUEST_CPUS];
static const char *test_name;
static u64 checks, fails;

extern const u32 guest_secondary[];
void guest_main(void);
void guest_secondary_main(void);
void *memset(void *p, int c, u64 n);
void *memcpy(void *d, const void *s, u64 n);

void *memset(void *p, int c, u64 n)
{
	for (u8 *b = p; n; n--)
		*b++ = (u8)c;
	return p;
}

void *memcpy(void *d, const void *s, u64 n)
{
	const u8 *from = s;

	for (u8 *b = d; n; n--)
		*b++ = *from++;
	return d;
}

void guest_puts(const char *s)
{
	for (; *s; s++)
		UART_DR = (u8)*s;
}

void guest_puthex(u64 v)
{
	int shift = 60;

	guest_puts("0x");
	while (shift && !(v >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		UART_DR = (u8)"0123456789abcdef"[v >> shift & 15];
}

static void put_decimal(u64 v)
{
	if (v >= 10)
		put_decimal(v / 10);
	UART_DR = (u8)('0' + v % 10);
}

static void put_fail(const char *file, int line, const char *what)
{
	const char *name = file;

	for (; *file; file++)
		if (*file == '/')
			name = file + 1;
	fails++;
	guest_puts("FAIL ");
	guest_puts(name);
	guest_puts(":");
	put_decimal((u64)line);
	guest_puts(" ");
	guest_puts(test_name);
	guest_puts(": ");
	guest_puts(what);
}

void guest_check(const char *file, int line, const char *what, u64 got, u64 want)
{
	checks++;
	if (got == want)
		return;
	put_fail(file, line, what);
	guest_puts(" got ");
	guest_puthex(got);
	guest_puts(" want ");
	guest_puthex(want);
	guest_puts("\n");
}

static void put_exc(u64 el, u64 vec, u64 esr, u64 elr)
{
	guest_puts("{EL");
	put_decimal(el);
	guest_puts(" vector ");
	guest_puthex(vec);
	guest_puts(" ESR ");
	guest_puthex(esr);
	guest_puts(" ELR ");
	guest_puthex(elr);
	guest_puts("}");
}

void guest_expect_exc(const char *file, int line, const char *what, unsigned el, unsigned vec,
		      u64 esr, u64 elr)
{
	const struct guest_cpu *c = guest_cpu();
	const struct exc *e = c->exc;

	checks++;
	if (c->n_exc && e->el == el && e->vec == vec && e->esr == esr && e->elr == elr)
		return;
	put_fail(file, line, what);
	guest_puts(" got ");
	if (c->n_exc)
		put_exc(e->el, e->vec, e->esr, e->elr);
	else
		guest_puts("no exception");
	guest_puts(" want ");
	put_exc(el, vec, esr, elr);
	guest_puts("\n");
}

void guest_expect_none(const char *file, int line, const char *what)
{
	const struct guest_cpu *c = guest_cpu();
	const struct exc *e = c->exc;

	checks++;
	if (!c->n_exc)
		return;
	put_fail(file, line, what);
	guest_puts(" got ");
	put_exc(e->el, e->vec, e->esr, e->elr);
	guest_puts(" want no exception\n");
}

struct guest_cpu *guest_cpu(void)
{
	switch (GUEST_EL()) {
	case 1:
		return (struct guest_cpu *)READ(tpidr_el1);
	case 2:
		return (struct guest_cpu *)READ(tpidr_el2);
	default:
		return (struct guest_cpu *)READ(tpidr_el3);
	}
}

unsigned guest_cpu_number(void)
{
	return (unsigned)(guest_cpu() - guest_cpus);
}

int guest_has_el2(void)
{
	return guest_boot_el >= 2 && (READ(id_aa64pfr0_el1) >> 8 & 15);
}

const u32 *guest_insn(u32 word)
{
	static u32 code[2] __attribute__((aligned(8)));

	*(volatile u32 *)&code[0] = word;
	*(volatile u32 *)&code[1] = 0xd65f03c0;         /* RET */
	asm volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
		     : : "r"(code) : "memory");
	return code;
}

int guest_has_pmu(void)
{
	u64 version = READ(id_aa64dfr0_el1) >> 8 & 15;

	return version && version != 15;
}

void guest_pmuserenr(u64 value)
{
	if (guest_has_pmu())
		WRITE(pmuserenr_el0, value);
}

static void defaults_el3(void)
{
	WRITE(scr_el3, SCR_DEFAULT);
	WRITE(sctlr_el3, SCTLR_EL2_DEFAULT);
	WRITE(cptr_el3, 0);
	WRITE(mdcr_el3, 0);
}

static void defaults_el2(void)
{
	WRITE(hcr_el2, HCR_RW);
	WRITE(sctlr_el2, SCTLR_EL2_DEFAULT);
	WRITE(cptr_el2, 0x33ff);
	WRITE(hstr_el2, 0);
	WRITE(mdcr_el2, guest_has_pmu() ? READ(pmcr_el0) >> 11 & 31 : 0);       /* HPMN: all for EL1 */
	WRITE(cnthctl_el2, 3);
	WRITE(cntvoff_el2, 0);
	WRITE(vttbr_el2, 0);
	WRITE(vpidr_el2, READ(midr_el1));
	WRITE(vmpidr_el2, READ(mpidr_el1));
	INSN("tlbi alle1\n\ttlbi alle2\n\tdsb sy\n\tisb");
}

void guest_defaults(void)
{
	unsigned el = GUEST_EL();

	if (el == 3)
		defaults_el3();
	if (guest_has_el2())
		defaults_el2();
	WRITE(sctlr_el1, SCTLR_EL1_DEFAULT);
	WRITE(cpacr_el1, 3 << 20);
	WRITE(mdscr_el1, 0);
	WRITE(cntkctl_el1, 0);
	WRITE(tcr_el1, 0);
	guest_pmuserenr(0);
	INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
	guest_cpu()->handler = 0;
}

static u64 psci(u64 function, u64 a, u64 b, u64 c)
{
	register u64 x0 asm("x0") = function;
	register u64 x1 asm("x1") = a;
	register u64 x2 asm("x2") = b;
	register u64 x3 asm("x3") = c;

	if (guest_boot_el == 1)
		asm volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
	else
		asm volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
	return x0;
}

int guest_start_cpu(unsigned cpu, void (*fn)(u64), u64 arg)
{
	secondary[cpu].fn = fn;
	secondary[cpu].arg = arg;
	BARRIER();
	if (guest_boot_el < 3)
		return psci(PSCI_CPU_ON, (cpu >> 4) << 8 | (cpu & 15), (u64)guest_secondary, cpu) ==
		       0;
	guest_release[cpu] = 1;
	INSN("dsb sy\n\tsev");
	return 1;
}

void guest_secondary_main(void)
{
	unsigned cpu = guest_cpu_number();

	guest_defaults();
	secondary[cpu].fn(secondary[cpu].arg);
}

static void guest_exit(u64 code)
{
	const u64 block[2] = { ADP_STOPPED_APPLICATION_EXIT, code };
	register u64 x0 asm("x0") = SYS_EXIT;
	register const u64 *x1 asm("x1") = block;

	asm volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
}

void guest_main(void)
{
	guest_boot_el = GUEST_EL();
	for (const struct guest_test *t = guest_tests; t->name; t++) {
		guest_defaults();
		test_name = t->name;
		t->run();
	}
	if (fails) {
		guest_puts("FAIL ");
		put_decimal(fails);
		guest_puts(" of ");
	} else {
		guest_puts("PASS ");
	}
	put_decimal(checks);
	guest_puts(" checks\n");
	guest_exit(fails != 0);
}
