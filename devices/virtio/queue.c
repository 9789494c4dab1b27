/*
 * Split virtqueues (Virtio 1.2, 2.7): taking descriptor chains out of guest memory, returning them, and telling the
 * driver. Everything that is read from the guest is checked here and nowhere else. Not modelled: packed queues.
 *
 * The driver may run on another PE at the same time, so the order of index, elements and flags is kept by fences.
 */
#include "devices/virtio/queue.h"

#include <stdatomic.h>
#include <string.h>

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { AVAIL_NO_INTERRUPT = 1 };
enum { DESC_SIZE = 16 };

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

/* Where the fields of the two rings stand (2.7.6, 2.7.8). */
static u64 avail_idx(const struct virtq *vq)
{
	return vq->avail + 2;
}
static u64 avail_ring(const struct virtq *vq, u16 i)
{
	return vq->avail + 4 + 2 * (u64)(i & (vq->size - 1));
}
static u64 used_event(const struct virtq *vq)
{
	return vq->avail + 4 + 2 * (u64)vq->size;
}
static u64 used_idx(const struct virtq *vq)
{
	return vq->used + 2;
}
static u64 used_ring(const struct virtq *vq, u16 i)
{
	return vq->used + 4 + 8 * (u64)(i & (vq->size - 1));
}
static u64 avail_event(const struct virtq *vq)
{
	return vq->used + 4 + 8 * (u64)vq->size;
}

/* ---- guest memory ---- */

/* Memory that can be read, flash and ROM too. */
static bool readable(const struct virtio_device *d, u64 addr, u64 len)
{
	const struct bus_region *r = addr <= ADDR_MASK ? bus_find(d->env.bus, addr, SPACE_NS) : NULL;

	return r && r->host && len <= r->size - (addr - r->base);
}

/* RAM: what was found so when a chain was popped takes every byte that is written to it. */
static bool writable(const struct virtio_device *d, u64 addr, u64 len)
{
	return readable(d, addr, len) && bus_writable(d->env.bus, pa_make(SPACE_NS, addr));
}

bool virtq_fits(const struct virtio_device *d, const struct virtq *vq)
{
	u64 n = vq->size;

	return d->env.bus && n && n <= vq->max && !(n & (n - 1)) && !(vq->desc & 15) && !(vq->avail & 1) &&
	       !(vq->used & 3) && readable(d, vq->desc, DESC_SIZE * n) && readable(d, vq->avail, 6 + 2 * n) &&
	       writable(d, vq->used, 6 + 8 * n);
}

static bool fetch(struct virtio_device *d, u64 addr, void *dst, size_t n)
{
	return bus_copy_out(d->env.bus, pa_make(SPACE_NS, addr), dst, n) == BUS_OK;
}

static bool store(struct virtio_device *d, u64 addr, const void *src, size_t n)
{
	return bus_copy_in(d->env.bus, pa_make(SPACE_NS, addr), src, n) == BUS_OK;
}

static u16 fetch16(struct virtio_device *d, u64 addr)
{
	u16 v = 0;

	fetch(d, addr, &v, sizeof v);
	return v;
}

/* ---- taking chains ---- */

/* How many chains wait; says where it stopped looking, so that the driver notifies of the next one. */
static u16 waiting(struct virtio_device *d, struct virtq *vq)
{
	u16 n = (u16)(fetch16(d, avail_idx(vq)) - vq->next_avail);

	if (!n && virtio_has(d, VIRTIO_F_EVENT_IDX)) {
		store(d, avail_event(vq), &vq->next_avail, 2);
		atomic_thread_fence(memory_order_seq_cst);
		n = (u16)(fetch16(d, avail_idx(vq)) - vq->next_avail);
	}
	atomic_thread_fence(memory_order_acquire);
	return n;
}

static struct virtq *usable(struct virtio_device *d, unsigned q)
{
	return q < d->n_queues && d->vq[q].ready && virtio_live(d) ? &d->vq[q] : NULL;
}

bool virtio_pending(struct virtio_device *d, unsigned q)
{
	struct virtq *vq = usable(d, q);

	return vq && waiting(d, vq);
}

static bool add_segment(struct virtio_device *d, struct virtio_chain *c, const struct desc *e)
{
	bool in = e->flags & DESC_WRITE;
	u64 *total = in ? &c->in_len : &c->out_len;

	if (!e->len)
		virtio_broken(d, "descriptor of no bytes");
	else if (!(in ? writable : readable)(d, e->addr, e->len))
		virtio_broken(d, "descriptor of %u bytes at %#" PRIx64 ", outside of RAM", e->len, e->addr);
	else if (!in && c->n_in)
		virtio_broken(d, "readable descriptor after a writable one");
	else if (c->n_in + c->n_out == VIRTIO_SEGS_MAX)
		virtio_broken(d, "chain of more than %d descriptors", VIRTIO_SEGS_MAX);
	else if (*total + e->len > UINT32_MAX)
		virtio_broken(d, "chain of more than 4 GiB");
	else {
		c->seg[c->n_out + c->n_in] = (struct virtio_seg){ e->addr, e->len };
		in ? c->n_in++ : c->n_out++;
		*total += e->len;
		return true;
	}
	return false;
}

/* A table of descriptors: the queue's own, or an indirect one. */
struct table {
	u64 addr;
	u32 n;
	bool indirect;
};

static bool walk(struct virtio_device *d, struct virtio_chain *c, struct table t, u32 i);

static bool walk_indirect(struct virtio_device *d, struct virtio_chain *c, const struct desc *e)
{
	if (!virtio_has(d, VIRTIO_F_INDIRECT_DESC))
		virtio_broken(d, "indirect descriptor, which was not negotiated");
	else if ((e->flags & DESC_NEXT) || !e->len || e->len % DESC_SIZE)
		virtio_broken(d, "malformed indirect descriptor (%u bytes, flags %#x)", e->len, e->flags);
	else if (!readable(d, e->addr, e->len))
		virtio_broken(d, "indirect table at %#" PRIx64 ", outside of RAM", e->addr);
	else
		return walk(d, c, (struct table){ e->addr, e->len / DESC_SIZE, true }, 0);
	return false;
}

static bool walk(struct virtio_device *d, struct virtio_chain *c, struct table t, u32 i)
{
	for (u32 seen = 0; seen < t.n; seen++) {
		struct desc e;

		if (i >= t.n) {
			virtio_broken(d, "descriptor %u of %u", i, t.n);
			return false;
		}
		if (!fetch(d, t.addr + DESC_SIZE * (u64)i, &e, sizeof e)) {
			virtio_broken(d, "descriptor table outside of RAM");
			return false;
		}
		if (e.flags & DESC_INDIRECT) {
			if (!t.indirect)
				return walk_indirect(d, c, &e);
			virtio_broken(d, "indirect descriptor in an indirect table");
			return false;
		}
		if (!add_segment(d, c, &e))
			return false;
		if (!(e.flags & DESC_NEXT))
			return true;
		i = e.next;
	}
	virtio_broken(d, "chain of descriptors runs in a circle");
	return false;
}

/* The device rests: it has taken more at this moment than a driver can mean. */
static bool tired(struct virtio_device *d)
{
	u64 now = d->env.queue ? d->env.now(d->env.ctx) : 0;

	if (!d->env.queue || now != d->pops_at) {
		d->pops_at = now;
		d->pops = 0;
		d->moved = 0;
	}
	if (d->pops++ < VIRTIO_POPS_MAX && d->moved < VIRTIO_BYTES_MAX)
		return false;
	if (!d->rest.armed)
		event_at(d->env.queue, &d->rest, now + VIRTIO_REST_PS);
	return true;
}

bool virtio_pop(struct virtio_device *d, unsigned q, struct virtio_chain *c)
{
	struct virtq *vq = usable(d, q);
	u16 n = vq ? waiting(d, vq) : 0;

	if (!n || tired(d))
		return false;
	if (n > vq->size) {
		virtio_broken(d, "queue %u: %u chains in a ring of %u", q, n, vq->size);
		return false;
	}
	c->n_out = c->n_in = 0;
	c->out_len = c->in_len = 0;
	c->head = fetch16(d, avail_ring(vq, vq->next_avail));
	if (!walk(d, c, (struct table){ vq->desc, vq->size, false }, c->head))
		return false;
	vq->next_avail++;
	d->stats.chains++;
	return true;
}

void virtio_unpop(struct virtio_device *d, unsigned q)
{
	if (!usable(d, q))
		return;
	d->vq[q].next_avail--;
	d->stats.chains--;
}

/* ---- bytes of a chain ---- */

typedef bool move_fn(struct virtio_device *d, u64 addr, u8 *host, size_t n);

static bool move_out(struct virtio_device *d, u64 addr, u8 *host, size_t n)
{
	return fetch(d, addr, host, n);
}

static bool move_in(struct virtio_device *d, u64 addr, u8 *host, size_t n)
{
	return store(d, addr, host, n);
}

static size_t move(struct virtio_device *d, const struct virtio_seg *seg, unsigned segs, u64 off, u8 *host, size_t n,
		   move_fn *fn)
{
	size_t done = 0;

	for (unsigned i = 0; i < segs && done < n; i++) {
		size_t take;

		if (off >= seg[i].len) {
			off -= seg[i].len;
			continue;
		}
		take = seg[i].len - (size_t)off;
		if (take > n - done)
			take = n - done;
		if (!fn(d, seg[i].addr + off, host + done, take))
			break;
		done += take;
		off = 0;
	}
	return done;
}

size_t virtio_chain_read(struct virtio_device *d, const struct virtio_chain *c, u64 off, void *dst, size_t n)
{
	size_t done = move(d, c->seg, c->n_out, off, dst, n, move_out);

	d->stats.bytes_read += done;
	d->moved += done;
	return done;
}

size_t virtio_chain_write(struct virtio_device *d, const struct virtio_chain *c, u64 off, const void *src, size_t n)
{
	/* move_in() only reads what it is given */
	size_t done = move(d, c->seg + c->n_out, c->n_in, off, (u8 *)(uintptr_t)src, n, move_in);

	d->stats.bytes_written += done;
	d->moved += done;
	return done;
}

/* ---- returning chains ---- */

void virtio_push(struct virtio_device *d, unsigned q, const struct virtio_chain *c, u32 written)
{
	struct virtq *vq = usable(d, q);
	u32 element[2] = { c->head, written };

	if (!vq)
		return;
	store(d, used_ring(vq, vq->next_used), element, sizeof element);
	atomic_thread_fence(memory_order_release);
	vq->next_used++;
	store(d, used_idx(vq), &vq->next_used, 2);
}

/* 2.7.7.2, 2.7.8.2: what the driver said about used buffers from `old` to next_used. */
static bool wanted(struct virtio_device *d, const struct virtq *vq, u16 old, bool old_valid)
{
	u16 event;

	if (!virtio_has(d, VIRTIO_F_EVENT_IDX))
		return !(fetch16(d, vq->avail) & AVAIL_NO_INTERRUPT);
	event = fetch16(d, used_event(vq));
	return !old_valid || (u16)(vq->next_used - event - 1) < (u16)(vq->next_used - old);
}

void virtio_signal(struct virtio_device *d, unsigned q)
{
	struct virtq *vq = usable(d, q);
	bool interrupt;

	if (!vq)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	interrupt = wanted(d, vq, vq->signalled, vq->signalled_valid);
	vq->signalled = vq->next_used;
	vq->signalled_valid = true;
	if (!interrupt) {
		d->stats.suppressed++;
		return;
	}
	d->stats.interrupts++;
	d->interrupt(d->transport, (int)q);
}

/* ---- for people ---- */

bool virtq_look(struct virtio_device *d, unsigned q, struct virtq_look *look)
{
	const struct virtq *vq = &d->vq[q];

	*look = (struct virtq_look){ 0 };
	if (!d->env.bus || !vq->ready || !fetch(d, avail_idx(vq), &look->avail, 2) || !fetch(d, used_idx(vq), &look->used, 2))
		return false;
	look->waiting = (u16)(look->avail - vq->next_avail);
	return true;
}

bool virtq_peek(struct virtio_device *d, unsigned q, u16 i, void *dst, u32 n)
{
	const struct virtq *vq = &d->vq[q];
	struct desc e;
	u16 head;

	if (!fetch(d, avail_ring(vq, (u16)(vq->next_avail + i)), &head, 2) || head >= vq->size ||
	    !fetch(d, vq->desc + DESC_SIZE * (u64)head, &e, sizeof e))
		return false;
	if ((e.flags & DESC_INDIRECT) && !fetch(d, e.addr, &e, sizeof e))
		return false;
	return !(e.flags & (DESC_WRITE | DESC_INDIRECT)) && e.len >= n && readable(d, e.addr, n) && fetch(d, e.addr, dst, n);
}
