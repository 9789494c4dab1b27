/* cpu/observe.h: who watches hears of everything once, in order, and changes nothing. */
#include <stdio.h>

#include "base/bits.h"
#include "cpu/exception.h"
#include "cpu/observe.h"
#include "machine/machine_priv.h"
#include "tests/unit/harness.h"
#include "tests/unit/pe.h"

struct heard {
	char text[512];
	size_t n;
	struct observed_trap last;
};

static void note(struct heard *h, const char *what, u64 a, u64 b)
{
	if (h->n < sizeof(h->text))
		h->n += (size_t)snprintf(h->text + h->n, sizeof(h->text) - h->n, "%s %llx %llx; ", what, (unsigned long long)a,
					 (unsigned long long)b);
}

static void on_trap(void *ctx, struct cpu *c, const struct observed_trap *t)
{
	struct heard *h = ctx;

	h->last = *t;
	note(h, "trap", t->from << 4 | t->to, c->pc);
}
static void on_eret(void *ctx, struct cpu *c, unsigned from, u64 pc)
{
	note(ctx, "eret", from << 4 | c->el, pc);
}
static void on_context(void *ctx, struct cpu *c)
{
	note(ctx, "context", c->el, c->context->vm);
}
static void on_sleep(void *ctx, struct cpu *c)
{
	note(ctx, "sleep", c->wait_wfe, c->powered);
}
static void on_wake(void *ctx, struct cpu *c)
{
	note(ctx, "wake", c->wait_wfe, c->powered);
}
static void on_reset(void *ctx, struct cpu *c)
{
	note(ctx, "reset", c->el, 0);
}

static const struct observer_ops all = { .trap = on_trap, .eret = on_eret, .context = on_context, .sleep = on_sleep, .wake = on_wake, .reset = on_reset };

TEST(a_call_from_a_vm_is_a_context_then_a_trap_and_back)
{
	struct pe p = pe_new("cortex-a57", true, false);
	struct heard h = { .n = 0 };
	struct observer o = { .ops = &all, .ctx = &h };
	struct cpu *c = p.c;

	c->sys.hcr_el2 = HCR_RW | HCR_VM;
	c->sys.vttbr_el2 = 5ull << 48 | 0x40000000;
	c->sys.vbar[2] = 0x20000;
	c->sys.spsr[2] = 5;
	c->sys.elr[2] = 0x4000;
	c->pc = 0x20010;
	cpu_update_context(c);
	cpu_observe(c, &o);
	exception_return(c);
	c->exit = (struct cpu_exit){ .kind = EXIT_HVC, .iss = 7 };
	exception_sync(c);
	exception_return(c);
	EXPECT_STR(h.text, "context 1 1; eret 21 20010; context 2 0; trap 12 20400; context 1 1; eret 21 20400; ");
	EXPECT_EQ(h.last.ec, EC_HVC64);
	EXPECT_EQ(h.last.esr, 0x5a000007);
	EXPECT_EQ(h.last.pc, 0x4000);
	EXPECT_EQ(h.last.ret, 0x4004);
	EXPECT_EQ(h.last.spsr & 15, 5);
	EXPECT(!h.last.far_valid && !h.last.hpfar_valid && !h.last.virt);
	cpu_unobserve(c, &o);
	EXPECT(c->observers == NULL);
	pe_free(p);
}

TEST(a_stage_2_fault_tells_both_addresses)
{
	struct pe p = pe_new("cortex-a57", true, false);
	struct heard h = { .n = 0 };
	struct observer first = { .ops = &all, .ctx = &h }, second = first;
	struct cpu *c = p.c;

	c->sys.hcr_el2 = HCR_RW | HCR_VM | HCR_IMO;
	pe_at(p, 1);
	context_switch(c);
	c->pc = 0x4000;
	cpu_observe(c, &first);
	cpu_observe(c, &second);
	cpu_unobserve(c, &first);
	c->exit = (struct cpu_exit){ .kind = EXIT_DABT, .far = 0xffff000012345678 };
	c->exit.fault = (struct fault){ .kind = FAULT_TRANSLATION, .stage = 2, .level = 3, .ipa = ipa_make(SPACE_NS, 0x41234000) };
	exception_sync(c);
	EXPECT_EQ(h.last.ec, EC_DABT_LOWER);
	EXPECT(h.last.far_valid && h.last.hpfar_valid);
	EXPECT_EQ(h.last.far, 0xffff000012345678);
	EXPECT_EQ(h.last.hpfar, 0x412340);
	EXPECT_EQ(h.last.pc, h.last.ret);
	c->pins = 1u << CPU_PIN_IRQ;
	c->daif = 0;
	EXPECT(exception_async(c));
	EXPECT_EQ(h.last.vec, VEC_IRQ);
	EXPECT_EQ(h.last.esr, 0);
	EXPECT_STR(h.text, "context 2 0; trap 12 400; trap 22 280; ");
	pe_free(p);
}

/* WFE wakes by the event stream, then sleeps for good. */
static const u32 sleeper[] = {
	0xd2800880, /* MOV X0, #0x44: the event stream */
	0xd518e100, /* MSR CNTKCTL_EL1, X0 */
	0xd5033fdf, /* ISB */
	0xd50320bf, /* SEVL */
	0xd503205f, /* WFE */
	0xd503205f, /* WFE: sleeps */
	0xd503207f, /* WFI */
	0x17ffffff, /* B to it */
};

TEST(sleep_and_wake_are_told_in_pairs)
{
	const struct machine_io io = { 0 };
	struct why why = { "" };
	struct heard h = { .n = 0 };
	struct observer o = { .ops = &all, .ctx = &h };
	struct config cfg;
	struct machine *m;

	config_init(&cfg);
	cfg.cpu = strdup("cortex-a57");
	cfg.ram_size = 16 << 20;
	cfg.boot.builtin = sleeper;
	cfg.boot.builtin_size = sizeof(sleeper);
	EXPECT_EQ(machine_new(&m, &cfg, &io, NULL, &why), 0);
	cpu_observe(machine_pe(m, 0), &o);
	EXPECT_EQ(machine_run(m), MACHINE_STUCK);
	EXPECT_STR(h.text, "wake 0 1; sleep 1 1; wake 1 1; sleep 0 1; ");
	machine_reset_all(m);
	EXPECT_STR(h.text, "wake 0 1; sleep 1 1; wake 1 1; sleep 0 1; reset 1 0; reset 1 0; ");
	machine_free(m);
	config_free(&cfg);
}
