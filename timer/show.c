/* The timers of a PE as a screen of text: `info timers` of the monitor. */
#include "timer/timer_priv.h"

#include <string.h>

static void control_text(u32 ctl, bool met, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s", ctl & CTL_ENABLE ? "on" : "off", ctl & CTL_IMASK ? ",masked" : "",
		 (ctl & CTL_ENABLE) && met ? ",met" : "");
}

/* When the condition becomes true; a timer that is off or masked says nothing then. */
static void show_when(const struct timer_pe *p, enum timer_id id, u64 now, FILE *out)
{
	const struct timer *t = &p->timer[id];
	u64 at = timer_when(p->sys, t->cval + timer_offset(p, id)), count = timer_latest(p->sys, now);

	if (!(t->ctl & CTL_ENABLE))
		fprintf(out, "-");
	else if (count - timer_offset(p, id) >= t->cval)
		fprintf(out, "met");
	else if (at == EVENT_NEVER || t->cval + timer_offset(p, id) < count)
		fprintf(out, "out of reach");
	else
		fprintf(out, "%" PRIu64 ".%06" PRIu64 " us, in %" PRIu64 ".%03" PRIu64 " us", at / 1000000, at % 1000000,
			(at > now ? at - now : 0) / 1000000, (at > now ? at - now : 0) % 1000000 / 1000);
}

static void show_timer(const struct timer_pe *p, enum timer_id id, u8 intid, u64 now, FILE *out)
{
	const struct timer *t = &p->timer[id];
	u64 view = timer_latest(p->sys, now) - timer_offset(p, id);
	char control[24];

	control_text(t->ctl, view >= t->cval, control, sizeof(control));
	fprintf(out, "  %-5s  %-14s  0x%016" PRIx64 "  %11d  0x%-16" PRIx64 "  %5u  %-6s  ", timer_names[id], control, t->cval,
		(s32)(t->cval - view), timer_offset(p, id), intid, t->level ? "high" : "low");
	show_when(p, id, now, out);
	fputc('\n', out);
}

/* Which timers this core has. */
static bool exists(const struct cpu *c, enum timer_id id)
{
	static const u64 needs[TIMER_COUNT] = { [TIMER_HYP] = FEAT(EL2), [TIMER_HYPVIRT] = FEAT(EL2) | FEAT(VHE), [TIMER_SEC] = FEAT(EL3) };

	return (c->core.features & needs[id]) == needs[id];
}

void timer_show(const struct cpu *c, const u8 intid[TIMER_COUNT], u64 now, FILE *out)
{
	const struct timer_pe *p = timer_of(c);

	fprintf(out, "%s: counter 0x%" PRIx64 " of %u Hz; CNTFRQ_EL0 %u, CNTVOFF_EL2 0x%" PRIx64 ", CNTKCTL_EL1 0x%x, CNTHCTL_EL2 0x%x\n", p->name,
		timer_latest(p->sys, now), p->sys->frq, p->cntfrq, p->cntvoff, p->cntkctl, p->cnthctl);
	fprintf(out, "  timer  CTL             CVAL                       TVAL  offset              INTID  output  fires at\n");
	for (unsigned i = 0; i < TIMER_COUNT; i++)
		if (exists(c, i))
			show_timer(p, i, intid[i], now, out);
}
