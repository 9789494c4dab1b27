/*
 * Measures traps: from EL1 to EL2 and back with the smallest handlers, by what traps, and system calls and interrupts. What stands before and after the trapping
 * instruction cancels out (timing.h), so each row is the trapping instruction, entry, handler and return. With one cycle an instruction it is their number; an
 * instruction that did not complete counts one, an interrupt none.
 *
 * The handlers do not look at why they were entered, so that nothing is measured with them; a kernel that is done makes its handler's first instruction a branch to
 * the way out.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "flat.h"
#include "gic_common.h"
#include "timing.h"

#define ROWS_OF_ALL 19
#define ROWS_OF_PMU 3
#define TURNS 64
#define TIMER_PPI 30u
#define SYNC_LOWER 0x400u
#define IRQ_LOWER 0x480u
#define IRQ_SAME 0x280u
#define WAY_OUT 0x500u
#define HANDLER_WORDS 24u

/* The way out gives the frame's vectors back; their address stands behind it. */
PROBE(way_out_el2, "ldr x9, . + 16\n\tmsr vbar_el2, x9\n\tisb\n\teret");
PROBE(way_out_el1, "ldr x9, . + 16\n\tmsr vbar_el1, x9\n\tisb\n\teret");

/* Handlers may use x9 and x10. */
PROBE(handle_eret, "eret");
PROBE(handle_save, "stp x0, x1, [sp, #-16]!\n\tldp x0, x1, [sp], #16\n\teret");
PROBE(handle_skip, "mrs x9, elr_el2\n\tadd x9, x9, #4\n\tmsr elr_el2, x9\n\teret");
PROBE(handle_skip_looking,
      "stp x0, x1, [sp, #-16]!\n\tmrs x0, esr_el2\n\tmrs x1, far_el2\n\tmrs x1, hpfar_el2\n\tldp x0, x1, [sp], #16\n\t"
      "mrs x9, elr_el2\n\tadd x9, x9, #4\n\tmsr elr_el2, x9\n\teret");
/* as a hypervisor that runs the host at EL1 does: another VM and its return */
PROBE(handle_switch, "mrs x9, vttbr_el2\n\tmsr vttbr_el2, x9\n\tmrs x9, hcr_el2\n\tmsr hcr_el2, x9\n\tisb\n\teret");
PROBE(handle_stamp, "mrs x5, pmccntr_el0\n\teret");
PROBE(handle_timer_el2, "mov x9, #2\n\tmsr cntp_ctl_el0, x9\n\tisb\n\teret");
PROBE(handle_irq_el1, "mrs x9, spsr_el1\n\torr x9, x9, #0x80\n\tmsr spsr_el1, x9\n\teret");

/* x2 = where the handler begins, as this EL sees it: it becomes B to the way out, 0x100 behind it */
#define PATCH "movz w4, #0x0040\n\tmovk w4, #0x1400, lsl #16\n\tstr w4, [x2]\n\tdc cvau, x2\n\tdsb ish\n\tic ivau, x2\n\tdsb ish\n\tisb\n\t"
#define TRAP(name, setup, body) KERNEL_WITH_END(name, setup, body, PATCH "hvc #0")
TRAP(hvc, "", "hvc #0");
TRAP(smc, "", "smc #0");
TRAP(wfi, "", "wfi");
TRAP(msr_tvm, "", "msr contextidr_el1, xzr");
TRAP(mrs_id, "", "mrs x4, id_aa64mmfr0_el1");
TRAP(load, "", "ldr x4, [x3]");
TRAP(stamps, "mov x11, #0\n\tmov x12, #0\n\tmov x13, #0",
     "mrs x6, pmccntr_el0\n\tmrs x4, pmccntr_el0\n\thvc #0\n\tmrs x7, pmccntr_el0\n\t"
     "sub x8, x4, x6\n\tadd x11, x11, x8\n\tsub x8, x5, x4\n\tadd x12, x12, x8\n\tsub x8, x7, x5\n\tadd x13, x13, x8\n\t"
     "stp x11, x12, [x3]\n\tstr x13, [x3, #16]");
TRAP(timer, "mov x3, #1", "msr cntp_ctl_el0, x3\n\tisb");
TRAP(timer_masked, "mov x3, #2", "msr cntp_ctl_el0, x3\n\tisb");
KERNEL_WITH_END(svc, "", "svc #0", PATCH "svc #0");
/* at EL1 a kernel gives the vectors back itself: x2 */
KERNEL_WITH_END(unmask, "", "msr daifclr, #2", "msr vbar_el1, x2\n\tisb");

static u32 vectors_el1[512] __attribute__((aligned(2048)));
static u32 vectors_el2[512] __attribute__((aligned(2048)));
static u64 stamped[3];

static void put_handler(u32 *vectors, unsigned at, const u32 *handler, const u32 *way_out, u64 vbar)
{
	for (unsigned i = 0; i < HANDLER_WORDS; i++)
		vectors[at / 4 + i] = handler[i];
	for (unsigned i = 0; i < 4; i++)
		vectors[WAY_OUT / 4 + i] = way_out[i];
	vectors[WAY_OUT / 4 + 4] = (u32)vbar;
	vectors[WAY_OUT / 4 + 5] = (u32)(vbar >> 32);
	INSN("dsb sy\n\tic iallu\n\tdsb sy\n\tisb");
}

/* A kernel of EL1 with this handler at EL2, of exceptions that come to offset `at`. */
static s64 once_el2(const u32 *kernel, unsigned at, const u32 *handler, u64 x3)
{
	struct timing_run r = { SPSR_EL1, 0, 0, (u64)&vectors_el2[SYNC_LOWER / 4], x3 };
	u64 vbar = READ(vbar_el2);

	put_handler(vectors_el2, SYNC_LOWER, handle_eret, way_out_el2, vbar);
	put_handler(vectors_el2, at, handler, way_out_el2, vbar);
	WRITE(vbar_el2, vectors_el2);
	return (s64)timing_once(kernel, &r, TURNS);
}

/* SVC at EL0, which sees its code and the vectors in the alias that it may use; `kernel` is made that by the caller */
static s64 once_svc(const u32 *kernel)
{
	struct timing_run r = { SPSR_EL0, 0, 0, flat_at(&vectors_el1[SYNC_LOWER / 4], FLAT_USER), 0 };
	u64 vbar = READ(vbar_el1);

	put_handler(vectors_el1, SYNC_LOWER, handle_eret, way_out_el1, vbar);
	WRITE(vbar_el1, vectors_el1);
	return (s64)timing_once(flat_code(kernel, 0), &r, TURNS);
}

static s64 once_irq_el1(const u32 *kernel)
{
	u64 vbar = READ(vbar_el1);
	struct timing_run r = { SPSR_EL1, 0, 0, vbar, 0 };

	put_handler(vectors_el1, IRQ_SAME, handle_irq_el1, way_out_el1, vbar);
	WRITE(vbar_el1, vectors_el1);
	return (s64)timing_once(kernel, &r, TURNS);
}

#define PUT_ROW(name, kernel, call, ...)                                                           \
	do {                                                                                       \
		s64 few_, many_;                                                                   \
                                                                                                   \
		call(kernel##_few, ##__VA_ARGS__);                                                 \
		call(kernel##_many, ##__VA_ARGS__);                                                \
		few_ = call(kernel##_few, ##__VA_ARGS__);                                          \
		many_ = call(kernel##_many, ##__VA_ARGS__);                                        \
		timing_row(name, timing_each(many_ - few_, TURNS * KERNEL_SPAN));                  \
	} while (0)
#define PUT_TRAP(name, kernel, handler, x3) PUT_ROW(name, kernel, once_el2, SYNC_LOWER, handler, x3)

static void traps(void)
{
	timing_init();
	flat_on(0);
	PUT_TRAP("hvc", hvc, handle_eret, 0);
	PUT_TRAP("hvc_save", hvc, handle_save, 0);
	PUT_TRAP("hvc_switch", hvc, handle_switch, 0);
	WRITE(hcr_el2, HCR_RW | HCR_TSC);
	PUT_TRAP("smc", smc, handle_skip, 0);
	WRITE(hcr_el2, HCR_RW | HCR_TWI);
	PUT_TRAP("wfi", wfi, handle_skip, 0);
	WRITE(hcr_el2, HCR_RW | HCR_TVM);
	PUT_TRAP("msr_tvm", msr_tvm, handle_skip, 0);
	WRITE(hcr_el2, HCR_RW | HCR_TID3);
	PUT_TRAP("mrs_tid3", mrs_id, handle_skip, 0);
	WRITE(hcr_el2, HCR_RW);
	PUT_ROW("svc", svc, once_svc);
}

static void in_a_vm(void)
{
	timing_init();
	flat_on(0);
	flat_stage2_on();
	PUT_TRAP("vm_hvc", hvc, handle_eret, 0);
	PUT_TRAP("vm_hvc_save", hvc, handle_save, 0);
	PUT_TRAP("vm_stage2_fault", load, handle_skip, FLAT_HOLE);
	PUT_TRAP("vm_stage2_fault_looking", load, handle_skip_looking, FLAT_HOLE);
	WRITE(hcr_el2, HCR_RW);
}

/* Entry and return apart, by time stamps in the handler; a stamp's own cost is taken off both. Only the PMU has such a fine clock. */
static void halves(void)
{
	static const char *const names[] = { "stamp", "hvc_entry", "hvc_return" };
	u64 turns = TURNS * KERNEL_MANY;

	timing_init();
	flat_on(0);
	if (!guest_has_pmu())
		return;
	once_el2(stamps_many, SYNC_LOWER, handle_stamp, (u64)stamped);
	once_el2(stamps_many, SYNC_LOWER, handle_stamp, (u64)stamped);
	for (unsigned i = 0; i < 3; i++)
		timing_row(names[i], timing_each((s64)stamped[i] - (i ? (s64)stamped[0] : 0), turns));
}

/* The timer's interrupt, always pending and let through by its control register or PSTATE. */
static void interrupts(void)
{
	timing_init();
	flat_on(0);
	gic_init();
	gic_write_bit(ISENABLER, TIMER_PPI);
	WRITE(cntp_cval_el0, 0);
	WRITE(cntp_ctl_el0, 2);
	WRITE(hcr_el2, HCR_RW | HCR_IMO);
	PUT_ROW("timer_masked", timer_masked, once_el2, IRQ_LOWER, handle_timer_el2, 0);
	PUT_ROW("irq_to_el2", timer, once_el2, IRQ_LOWER, handle_timer_el2, 0);
	WRITE(hcr_el2, HCR_RW);
	PUT_ROW("daifclr", unmask, once_irq_el1);
	WRITE(cntp_ctl_el0, 1);
	PUT_ROW("irq_to_el1", unmask, once_irq_el1);
	WRITE(cntp_ctl_el0, 0);
	gic_write_bit(ICENABLER, TIMER_PPI);
	EXPECT_EQ("rows printed", timing_rows, ROWS_OF_ALL - (guest_has_pmu() ? 0 : ROWS_OF_PMU));
}

GUEST_TESTS(TEST(traps), TEST(in_a_vm), TEST(halves), TEST(interrupts));
