/*
 * What a virtual machine's exits cost under Xen: a dom0 that is no kernel. It does one thing COUNT times, says how many ticks of its virtual counter that took, and
 * has Xen shut the machine down. Its MMU is off. What is done:
 *   empty        nothing
 *   hypercall    xen_version, which only returns a number
 *   mmio-xen     a read of GICD_IIDR: Xen's model of the interrupt controller
 *   eoi          the end of an interrupt, at the virtual CPU interface
 *
 * Made by bench/virt.py: position independent, the header of a Linux Image in front, bss inside the file. The lines are those of kvm-cost.c with another first word.
 */
typedef unsigned int u32;
typedef unsigned long u64;

#define COUNT 1000
#define GICD_IIDR (*(volatile u32 *)0x08000008ul)
#define CALL_XEN_VERSION 17
#define CALL_CONSOLE_IO 18
#define CALL_SCHED_OP 29
#define SCHEDOP_SHUTDOWN 2

asm(".pushsection .text.head, \"ax\"\n"
    ".global head\n"
    "head:	b	start\n"
    "	.word	0\n"
    "	.quad	0, image_end - head, 0xa, 0, 0, 0\n"   /* anywhere, 4 KiB pages, little-endian */
    "	.ascii	\"ARM\\x64\"\n"
    "	.word	0\n"
    "start:	adr	x1, stack_end\n"
    "	mov	sp, x1\n"
    "	mrs	x1, sctlr_el1\n"
    "	orr	x1, x1, #0x1000\n"
    "	msr	sctlr_el1, x1\n"
    "	isb\n"
    "	b	xen_main\n"
    "	.balign	16\n"
    "	.skip	1024\n"
    "stack_end:\n"
    "	.popsection\n");

void xen_main(void);

/* DDI0487 gives HVC no meaning; Xen's: number in x16, arguments and result in x0 and up */
static u64 hypercall(u64 number, u64 a, u64 b, u64 c)
{
	register u64 x0 asm("x0") = a;
	register u64 x1 asm("x1") = b;
	register u64 x2 asm("x2") = c;
	register u64 x16 asm("x16") = number;

	asm volatile("hvc #0xea1" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x16) : : "x3", "x4", "memory");
	return x0;
}

static u64 ticks(void)
{
	u64 t;

	asm volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(t) : : "memory");
	return t;
}

static char *put_text(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *put_decimal(char *to, u64 v)
{
	if (v >= 10)
		to = put_decimal(to, v / 10);
	*to = (char)('0' + v % 10);
	return to + 1;
}

static void put_row(const char *name, u64 span)
{
	char line[96], *end = line;
	u64 hertz;

	asm("mrs %0, cntfrq_el0" : "=r"(hertz));
	end = put_text(end, "xen-cost ");
	end = put_text(end, name);
	end = put_text(end, " ");
	end = put_decimal(end, COUNT);
	end = put_text(end, " ");
	end = put_decimal(end, span);
	end = put_text(end, " ");
	end = put_decimal(end, hertz);
	end = put_text(end, "\n");
	hypercall(CALL_CONSOLE_IO, 0, (u64)(end - line), (u64)line);
}

#define MEASURE(name, what)                                                                        \
	do {                                                                                       \
		u64 start_ = ticks();                                                              \
                                                                                                   \
		for (unsigned i_ = 0; i_ < COUNT; i_++)                                            \
			what;                                                                      \
		put_row(name, ticks() - start_);                                                   \
	} while (0)

void xen_main(void)
{
	u32 power_off = 0;

	MEASURE("empty", asm volatile(""));
	MEASURE("hypercall", hypercall(CALL_XEN_VERSION, 0, 0, 0));
	MEASURE("mmio-xen", (void)GICD_IIDR);
	/* ICC_EOIR1_EL1, of a spurious interrupt */
	MEASURE("eoi", asm volatile("msr S3_0_C12_C12_1, %0\n\tisb" : : "r"(1023ul) : "memory"));
	for (;;)
		hypercall(CALL_SCHED_OP, SCHEDOP_SHUTDOWN, (u64)&power_off, 0);
}
