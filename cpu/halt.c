/* See halt.h. */
#include "cpu/halt.h"

#include "base/bits.h"

void halt_set(struct cpu *c, const struct halt *h)
{
	c->halt = h;
	halt_changed(c);
}

void halt_changed(struct cpu *c)
{
	fast_flush(c->mmu);
	c->link_from = NULL;
}

void halt_step(struct cpu *c, bool on)
{
	if (on == !!(c->attn & ATTN_STEP))
		return;
	c->attn ^= ATTN_STEP;
	cpu_update_context(c);
}

/* Some breakpoint is in [first, last]. */
static bool any_within(const struct halt *h, u64 first, u64 last)
{
	size_t low = 0, high = h->n_code;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (h->code[mid] < first)
			low = mid + 1;
		else
			high = mid;
	}
	return low < h->n_code && h->code[low] <= last;
}

bool halt_code_page(const struct halt *h, u64 va)
{
	return any_within(h, va & ~0xfffull, va | 0xfff);
}

bool halt_code_at(const struct halt *h, u64 va)
{
	return any_within(h, va, va);
}

static bool watched(const struct halt *h, u64 first, u64 last, u32 what)
{
	for (size_t i = 0; i < h->n_data; i++)
		if (first <= h->data[i].last && h->data[i].first <= last && (h->data[i].what & what))
			return true;
	return false;
}

bool halt_data_page(const struct halt *h, u64 va)
{
	va = (u64)sext(va, 56);
	return watched(h, va & ~0xfffull, va | 0xfff, ACC_READ | ACC_WRITE);
}

bool halt_data_at(const struct halt *h, u64 va, unsigned size, u32 what)
{
	va = (u64)sext(va, 56);
	return watched(h, va, halt_last(va, size), what);
}
