/*
 * The slow half of data accesses: everything that the fast TLB does not answer. Looks the modelled TLB up, fills a fast slot
 * when the page is plain RAM, reports faults as values in c->exit, splits what crosses a page, swaps big-endian elements.
 *
 * Device accesses and stores into decoded code happen only in blocks of one instruction: from a longer block EXIT_SINGLE asks the
 * run loop to execute this instruction alone. So interrupts that a device raises and code that a store changes
 * take effect after exactly this instruction, however code is cut into blocks.
 */
#include "cpu/mem.h"
#include "cpu/context.h"
#include "cpu/debug.h"
#include "cpu/exec_observe.h"
#include "cpu/halt.h"
#include "cpu/key.h"

struct piece {
	u8 *host; /* NULL: device */
	pa pa;
	bool zero; /* of zeros: nothing needs to be stored */
	bool code;
	u8 attr;
};

static bool abort_data(struct cpu *c, u64 va, bool write, struct fault f)
{
	const struct uop_cold *cold = block_cold(c->blk, c->u);

	c->exit.kind = EXIT_DABT;
	c->exit.far = va;
	c->exit.fault = f;
	c->exit.iss = (u32)cold->iss << 14 | (u32)write << 6;
	return false;
}

static bool abort_kind(struct cpu *c, u64 va, bool write, enum fault_kind kind)
{
	return abort_data(c, va, write, (struct fault){ .kind = kind, .stage = 1 });
}

/*
 * The instruction was charged one lookup at decode: another one was made, or the one that the refund after a fault takes back
 * stays counted because it was made.
 */
static void count_lookup(struct cpu *c)
{
	if (c->regime.s1 || c->regime.s2)
		c->lookups++;
}

/* The same fault after the lookup. */
static bool abort_access(struct cpu *c, u64 va, bool write, enum fault_kind kind)
{
	count_lookup(c);
	return abort_kind(c, va, write, kind);
}

static void fill_fast(struct cpu *c, u64 va, unsigned ctx, const struct xlat *x, struct access a, u8 *host, bool writable, u16 l1)
{
	u64 tag = (va & ~0xfffull) | c->mctx[ctx].tag;
	u64 rtag = FAST_NONE, wtag = FAST_NONE;
	struct fault f;

	if (c->mctx[ctx].tag == FAST_NEVER)
		return;
	if ((c->key & (KEY_ALIGN | KEY_OBSERVED)) || attr_is_device(x->attr))
		tag |= FAST_ALIGNED;
	a.what = ACC_READ;
	if (xlat_permits(&c->regime, x, a, &f))
		rtag = tag;
	a.what = ACC_WRITE;
	if (writable && !x->s1_dbm_clean && !x->s2_dbm_clean && xlat_permits(&c->regime, x, a, &f))
		wtag = tag;
	fast_fill_data(c->mmu, va, c->mctx[ctx].hash, rtag, wtag, (u64)(uintptr_t)host - (va & ~0xfffull), l1);
}

/* An atomic's fault is a read fault when the read alone would have failed too (DDI0487 ESR_ELx, ISS of a Data Abort, WnR). */
static bool read_faults(struct cpu *c, u64 va, u32 what, struct access a)
{
	struct xlat x;

	if (!(what & ACC_READ))
		return false;
	a.what = ACC_READ;
	mmu_probe(c->mmu, &c->regime, va, a, &x);
	return x.fault.kind != FAULT_NONE;
}

/*
 * Zeros that need not be stored count as stored when the page is seen to be unused: who writes it later marks it first. So under
 * --parallel that look stands behind all stores before it.
 */
static void zero_order(const struct cpu *c)
{
	if (unlikely(c->parallel))
		fence_full();
}

/*
 * Whether zeros stored at va need not be: the page is unused. Fills its slot so that the rest of the page is known. Xen and
 * Linux scrub all of RAM with DC ZVA, which would only make the host hand out memory.
 */
static bool zero_ready(struct cpu *c, u64 va, const struct xlat *x, struct access a, u16 l1, struct piece *p)
{
	const struct mctx *m = &c->mctx[MCTX_CUR];
	u64 tag = m->tag | (c->key & KEY_OBSERVED ? FAST_ALIGNED : 0);
	const u8 *used;
	u8 *page;
	struct fault f;

	a.what = ACC_READ;
	if (m->tag == FAST_NEVER || attr_is_device(x->attr) || (c->key & KEY_ALIGN) || x->s1_dbm_clean || x->s2_dbm_clean ||
	    debug_watch_page(c, va) || !xlat_permits(&c->regime, x, a, &f))
		return false;
	zero_order(c);
	page = bus_unused_page(c->bus, x->pa, &used);
	if (page)
		fast_fill_zero(c->mmu, va, m->hash, (va & ~0xfffull) | tag, (u64)(uintptr_t)page - (va & ~0xfffull), l1, used);
	p->host = page;
	return page;
}

/* The host's page at p. --parallel: decoded code does not keep stores away, IC does its work. */
static u8 *page_at(struct cpu *c, pa p, bool *writable)
{
	u8 *page = bus_page(c->bus, p, writable);

	if (unlikely(c->parallel) && page && !*writable)
		*writable = bus_use_page(c->bus, p);
	return page;
}

static struct access access_of(const struct cpu *c, u64 va, u32 what, u32 desc)
{
	struct access a = { .what = (u8)what, .priv = c->el != 0 && !(MEM_CTX(desc) == MCTX_UNPRIV && c->unpriv_el0) };

	a.unaligned = (desc & MEM_ZERO) || (va & ((1u << MEM_ESIZE(desc)) - 1));
	a.pan = c->pan && a.priv;
	return a;
}

/* Translates one page's part [va, va+len) and says where it is. what: ACC_*. False: c->exit is set. */
static bool touch(struct cpu *c, u64 va, unsigned len, u32 what, u32 desc, bool first, struct piece *p)
{
	unsigned ctx = MEM_CTX(desc);
	struct access a = access_of(c, va, what, desc);
	bool write = what & ACC_WRITE, writable;
	struct xlat x;
	u16 l1;
	u8 *page;

	mmu_lookup(c->mmu, &c->regime, va, a, &x, &l1);
	if (!first)
		count_lookup(c);
	if (unlikely(x.fault.kind != FAULT_NONE)) {
		count_lookup(c);
		return abort_data(c, va, write && !read_faults(c, va, what, a), x.fault);
	}
	if (unlikely(attr_is_device(x.attr)) && a.unaligned) /* because of stage 2 */
		return abort_access(c, va, what == ACC_WRITE, FAULT_ALIGNMENT);
	p->pa = x.pa;
	p->attr = x.attr;
	p->zero = desc & MEM_ZERO && zero_ready(c, va, &x, a, l1, p);
	if (p->zero)
		return true;
	page = page_at(c, x.pa, &writable);
	p->host = page ? page + (x.pa.a & 0xfff) : NULL;
	p->code = write && page && !writable && bus_writable(c->bus, x.pa); /* only because of decoded code */
	if (page) {
		bool watched = debug_watch_page(c, va);

		if (write && !writable && !p->code)
			p->host = NULL; /* ROM, flash: for the bus */
		if (!watched)
			fill_fast(c, va, ctx, &x, a, page, writable, l1);
	}
	return true;
}

/* ---- observed code (KEY_OBSERVED) ---- */

static void observe_piece(struct cpu *c, u64 va, unsigned len, u32 what, u32 desc, pa p, u8 attr, bool device)
{
	const struct observed_access a = {
		.va = va, .pa = p.a, .size = (u16)len, .write = what & ACC_WRITE, .zero = desc & MEM_ZERO,
		.cacheable = !attr_is_device(attr) && attr != ATTR_NON_CACHEABLE, .device = device,
	};

	observe_access(c, &a);
}

/* All parts of an access that now goes ahead. */
static void observe_pieces(struct cpu *c, u64 va, u32 what, u32 desc, const struct piece *p, unsigned n, unsigned first)
{
	unsigned size = MEM_SIZE(desc);

	if (likely(!(c->key & KEY_OBSERVED)))
		return;
	for (unsigned i = 0, at = 0; i < n; i++, at = first)
		observe_piece(c, va + at, i ? size - first : first, what, desc, p[i].pa, p[i].attr, !p[i].host);
}

/* One that slot s answered. */
static noinline_ void observe_slot(struct cpu *c, u64 va, u32 what, u32 desc, const struct fast_slot *s)
{
	pa p;
	u8 attr = mmu_slot_memory(c->mmu, &c->regime, s, va, &p);

	observe_piece(c, va, MEM_SIZE(desc), what, desc, p, attr, false);
}

static bool single(const struct cpu *c)
{
	return c->blk->n == 1;
}

static struct attrs attrs_of(const struct cpu *c, pa p, bool priv)
{
	return (struct attrs){ .space = pa_space(p), .privileged = priv, .requester = (u16)c->index };
}

/* Moves one part between c->bounce + at and the device or RAM, element by element. */
static bool device_part(struct cpu *c, u64 va, unsigned at, unsigned len, bool write, u32 desc, struct piece p)
{
	unsigned es = 1u << MEM_ESIZE(desc);
	struct attrs attrs = attrs_of(c, p.pa, c->el != 0);

	if (es > 8)
		es = 8;
	if ((p.pa.a | at) & (es - 1))
		es = 1; /* an element that straddles two pages */
	for (unsigned i = 0; i < len; i += es) {
		pa at_pa = { p.pa.a + i };
		u64 v = 0;
		enum bus_status st;

		if (write)
			memcpy(&v, c->bounce + at + i, es);
		cpu_enter(c);
		st = write ? bus_write(c->bus, at_pa, es, attrs, v) : bus_read(c->bus, at_pa, es, attrs, &v);
		cpu_leave(c);
		if (st != BUS_OK)
			return abort_access(c, va + i, write, FAULT_EXTERNAL);
		if (!write)
			memcpy(c->bounce + at + i, &v, es);
	}
	return true;
}

static void swap_elements(u8 *b, unsigned size, unsigned esize)
{
	for (unsigned i = 0; i < size; i += esize)
		for (unsigned k = 0; k < esize / 2; k++) {
			u8 x = b[i + k];

			b[i + k] = b[i + esize - 1 - k];
			b[i + esize - 1 - k] = x;
		}
}

static bool misaligned(const struct cpu *c, u64 va, u32 desc)
{
	if (desc & MEM_ALIGNED)
		return va & (MEM_SIZE(desc) - 1);
	return (c->key & KEY_ALIGN) && (va & ((1u << MEM_ESIZE(desc)) - 1));
}

static bool faults(struct cpu *c, u64 va, u32 what, u32 desc)
{
	struct xlat x;

	mmu_probe(c->mmu, &c->regime, va, access_of(c, va, what, desc), &x);
	return x.fault.kind != FAULT_NONE;
}

/* Who debugs the machine stops it before this access. One that faults is none. */
static noinline_ bool halts(struct cpu *c, u64 va, u32 what, u32 desc)
{
	unsigned size = MEM_SIZE(desc), room = 0x1000 - (unsigned)(va & 0xfff);

	if (!halt_data_at(c->halt, va, size, what) || faults(c, va, what, desc) || (size > room && faults(c, va + room, what, desc)))
		return false;
	if (!c->halt->access(c->halt->ctx, c, va, size, what))
		return false;
	c->exit.kind = EXIT_HALT;
	return true;
}

/* Splits [va, va+size) at the page boundary. Returns the number of parts (1 or 2), 0: fault, or a stop. */
static unsigned touch_all(struct cpu *c, u64 va, u32 what, u32 desc, struct piece p[2], unsigned *first_len)
{
	unsigned size = MEM_SIZE(desc), room = 0x1000 - (unsigned)(va & 0xfff);

	*first_len = size < room ? size : room;
	if (unlikely(misaligned(c, va, desc))) {
		abort_kind(c, va, what == ACC_WRITE, FAULT_ALIGNMENT); /* of an atomic: the read's */
		return 0;
	}
	if (unlikely(c->halt != NULL) && halts(c, va, what, desc))
		return 0;
	if (!touch(c, va, *first_len, what, desc, true, &p[0]))
		return 0;
	if (size <= room)
		return 1;
	if (!touch(c, va + room, size - room, what, desc, false, &p[1]))
		return 0;
	return 2;
}

/* Watchpoints: true when the access may go on. what: ACC_*. */
static bool watch_ok(struct cpu *c, u64 va, u32 desc, u32 what)
{
	bool unpriv = MEM_CTX(desc) == MCTX_UNPRIV && c->unpriv_el0;

	if (likely(!debug_watch_page(c, va) && !debug_watch_page(c, va + MEM_SIZE(desc) - 1)))
		return true;
	if (!debug_watchpoint(c, va, MEM_SIZE(desc), what, unpriv, false))
		return true;
	count_lookup(c);
	return false;
}

/* pages: how many were looked up; the instruction will do it again. */
static bool ask_single(struct cpu *c, unsigned pages)
{
	if (pages == 2 && (c->regime.s1 || c->regime.s2))
		c->lookups--;
	c->exit.kind = EXIT_SINGLE;
	return false;
}

const void *mem_load_slow(struct cpu *c, const struct uop *u, u64 va, u32 desc)
{
	unsigned n, len, size = MEM_SIZE(desc);
	const struct mctx *m = &c->mctx[MEM_CTX(desc)];
	const struct fast_slot *s = &c->dfast.slot[fast_index(va, m->hash)];
	struct piece p[2];

	/* aligned-only pages: Device memory that is RAM (MMU off), SCTLR.A */
	if (s->rtag == (((va + size - 1) & ~0xfffull) | m->tag | FAST_ALIGNED) && !(va & ((1u << MEM_ESIZE(desc)) - 1)) &&
	    !misaligned(c, va, desc)) {
		if (unlikely(c->key & KEY_OBSERVED))
			observe_slot(c, va, ACC_READ, desc, s);
		return (const void *)(s->addend + va);
	}
	c->u = u;
	n = touch_all(c, va, ACC_READ, desc, p, &len);
	if (!n || !watch_ok(c, va, desc, ACC_READ))
		return NULL;
	if (n == 1 && p[0].host && !c->be) {
		observe_pieces(c, va, ACC_READ, desc, p, n, len);
		return p[0].host;
	}
	for (unsigned i = 0; i < n; i++) {
		if (p[i].host)
			continue;
		if (desc & MEM_EXCL) {
			abort_access(c, va, false, FAULT_ATOMIC);
			return NULL;
		}
		if (!single(c)) {
			ask_single(c, n);
			return NULL;
		}
	}
	observe_pieces(c, va, ACC_READ, desc, p, n, len);
	for (unsigned i = 0, at = 0; i < n; i++, at += len, len = size - len) {
		if (p[i].host) {
			ram_read(c->bounce + at, p[i].host, len);
			continue;
		}
		if (!device_part(c, va + at, at, len, false, desc, p[i]))
			return NULL;
	}
	if (c->be)
		swap_elements(c->bounce, size, 1u << MEM_ESIZE(desc));
	return c->bounce;
}

/* A store of len bytes at p reaches decoded code: it must be alone in its block. */
static bool code_ready(struct cpu *c, const struct piece *p, unsigned len)
{
	return !p->code || single(c) || !bus_code_lines(c->bus, p->pa, len);
}

bool mem_store_slow(struct cpu *c, const struct uop *u, u64 va, u32 desc)
{
	unsigned n, len, first, size = MEM_SIZE(desc);
	const struct mctx *m = &c->mctx[MEM_CTX(desc)];
	const struct fast_slot *s = &c->dfast.slot[fast_index(va, m->hash)];
	struct piece p[2];

	if (s->wtag == (((va + size - 1) & ~0xfffull) | m->tag | FAST_ALIGNED) && !(va & ((1u << MEM_ESIZE(desc)) - 1)) &&
	    !misaligned(c, va, desc)) {
		if (unlikely(c->key & KEY_OBSERVED))
			observe_slot(c, va, ACC_WRITE, desc, s);
		ram_write((void *)(s->addend + va), c->bounce, size);
		return true;
	}
	c->u = u;
	n = touch_all(c, va, ACC_WRITE, desc, p, &first);
	if (!n || !watch_ok(c, va, desc, ACC_WRITE))
		return false;
	len = first;
	for (unsigned i = 0; i < n; i++, len = size - first)
		if ((!p[i].host && !single(c)) || !code_ready(c, &p[i], len))
			return ask_single(c, n);
	observe_pieces(c, va, ACC_WRITE, desc, p, n, first);
	if (c->be)
		swap_elements(c->bounce, size, 1u << MEM_ESIZE(desc));
	len = first;
	for (unsigned i = 0, at = 0; i < n; i++, at = first, len = size - first) {
		if (!p[i].host) {
			if (!device_part(c, va + at, at, len, true, desc, p[i]))
				return false;
			continue;
		}
		ram_write(p[i].host, c->bounce + at, len);
		if (p[i].code)
			phys_written(c->bus, p[i].pa, len);
	}
	return true;
}

void *mem_atomic_slow(struct cpu *c, const struct uop *u, u64 va, u32 desc)
{
	u32 what = (desc & MEM_NO_READ ? 0 : ACC_READ) | (desc & MEM_WRITES ? ACC_WRITE : 0);
	unsigned len;
	struct piece p[2];

	c->u = u;
	if (!touch_all(c, va, what, desc | MEM_ALIGNED, p, &len) || !watch_ok(c, va, desc, what))
		return NULL;
	if (!p[0].host) {
		abort_access(c, va, what == ACC_WRITE, FAULT_ATOMIC);
		return NULL;
	}
	if (!code_ready(c, &p[0], len)) {
		ask_single(c, 1);
		return NULL;
	}
	observe_pieces(c, va, what, desc, p, 1, len);
	if (p[0].code)
		phys_written(c->bus, p[0].pa, len);
	return p[0].host;
}

/* rt: anywhere in the block; aborts report it as it is (DDI0487 D24.2, FAR_EL1) */
bool mem_zero_block(struct cpu *c, const struct uop *u, u64 rt)
{
	u32 desc = MEM(64, 0, MCTX_CUR, MEM_ZERO);
	u64 va = rt & ~63ull;
	const struct fast_slot *s;
	struct piece p[2];
	unsigned len;
	void *fast;

	fast = mem_store_fast(c, va, desc);
	if (likely(fast != NULL)) {
		ram_fill(fast, 0, 64);
		return true;
	}
	s = mem_slot(c, va, desc);
	if (likely(s->zero && s->rtag == (mem_tag(c, va, desc) | (c->key & KEY_OBSERVED ? FAST_ALIGNED : 0)))) {
		zero_order(c);
		if (likely(fast_unused(c->mmu))) {
			if (unlikely(c->key & KEY_OBSERVED))
				observe_slot(c, va, ACC_WRITE, desc, s);
			return true;
		}
	}
	c->u = u;
	if (!touch_all(c, va, ACC_WRITE, desc, p, &len)) {
		c->exit.far = rt;
		return false;
	}
	if (!p[0].host)
		return abort_access(c, rt, true, FAULT_ALIGNMENT);
	if (!watch_ok(c, va, desc, ACC_WRITE))
		return false;
	if (!p[0].zero && !code_ready(c, &p[0], 64))
		return ask_single(c, 1);
	observe_pieces(c, va, ACC_WRITE, desc, p, 1, 64);
	if (p[0].zero)
		return true;
	ram_fill(p[0].host, 0, 64);
	if (p[0].code)
		phys_written(c->bus, p[0].pa, 64);
	return true;
}

/* DC IVAC is a store of a cache line to watchpoints; no other maintenance is looked at (DDI0487 D2.9.6). */
static bool watch_invalidate_ok(struct cpu *c, u64 va)
{
	va &= ~63ull;
	if (likely(!debug_watch_page(c, va)) || !debug_watchpoint(c, va, 64, ACC_WRITE, false, true))
		return true;
	count_lookup(c);
	return false;
}

/* IC IVAU under --parallel. What was not found is taken for everything. */
static void drop_decoded(struct cpu *c, const struct xlat *x)
{
	pa line = { x->pa.a & ~63ull };

	if (x->fault.kind != FAULT_NONE)
		c->host.code_all(c->host.ctx, c, true);
	else
		c->host.code_line(c->host.ctx, c, line);
}

bool mem_cache_op(struct cpu *c, const struct uop *u, u64 va, bool write, bool fetch)
{
	/* DC IVAC needs write permission; the others read (EL0) or nothing: a permission fault is not generated for them at EL1 */
	struct access a = { .what = write ? ACC_WRITE : ACC_READ, .priv = c->el != 0, .pan = false, .cm = true };
	const struct fast_slot *s = mem_slot(c, va, MEM(1, 0, MCTX_CUR, 0));
	struct xlat x;
	bool writable;
	u16 l1;
	u8 *page;

	/* cleaning by VA runs over whole memories: a page that is fast to read or write is translated */
	fetch = fetch && c->parallel;
	if (likely((write ? s->wtag : s->rtag) == mem_tag(c, va, MEM(1, 0, MCTX_CUR, 0)) && !fetch))
		return true;
	c->u = u;
	mmu_lookup(c->mmu, &c->regime, va, a, &x, &l1);
	if (fetch && (x.fault.kind == FAULT_NONE || x.fault.kind == FAULT_PERMISSION))
		drop_decoded(c, &x);
	if (x.fault.kind == FAULT_NONE) {
		if (write && !watch_invalidate_ok(c, va))
			return false;
		page = page_at(c, x.pa, &writable);
		a.pan = c->pan && a.priv;
		if (page && !debug_watch_page(c, va))
			fill_fast(c, va, MCTX_CUR, &x, a, page, writable, l1);
		return true;
	}
	if (x.fault.kind == FAULT_PERMISSION && !write && c->el != 0)
		return true;
	count_lookup(c);
	abort_data(c, va, true, x.fault); /* WnR is 1 for cache maintenance */
	c->exit.iss |= 1u << 8;           /* CM */
	c->exit.iss &= ~(0x7ffu << 14);
	return false;
}
