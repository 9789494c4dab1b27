/*
 * The physical address map: a sorted array of regions that do not overlap. RAM is anonymous memory
 * that the host gives out page by page as it is touched; the map of code lines likewise. Not
 * modelled: bus timing, caches, exclusive monitors. PEs, DMA, the loader and the debugger all come
 * in here.
 */
#define _GNU_SOURCE
#include "mmu/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/log.h"
#include "base/snap.h"

enum { PAGE = 4096, LINE = 64 };

struct listener {
	void (*fn)(void *ctx, pa page, u64 lines);
	void *ctx;
};

struct bus {
	struct log *log;
	struct bus_region *region; /* sorted by base */
	size_t n;
	const struct bus_region *ram; /* the largest RAM: looked at first */
	struct listener *listener;
	size_t n_listeners;
	void (*unmapped)(void *ctx);
	void *unmapped_ctx;
	void (*watcher)(void *ctx, pa p, u64 len);
	void *watcher_ctx;
};

static void *lazy_memory(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, size, MADV_HUGEPAGE);
	madvise(p, size, MADV_DONTDUMP); /* and so a mapping of its own in smaps: resident memory is told apart */
	return p;
}

static u64 code_bytes(const struct bus_region *r)
{
	return align_up(r->size / PAGE * sizeof(u64), PAGE);
}

static u64 watch_bytes(const struct bus_region *r)
{
	return align_up(r->size / PAGE * sizeof(*r->watch), PAGE);
}

struct bus *bus_new(struct log *log)
{
	struct bus *b = calloc(1, sizeof(*b));

	if (b)
		b->log = log;
	return b;
}

void bus_free(struct bus *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++) {
		struct bus_region *r = &b->region[i];

		if (r->host && !r->ops)
			munmap(r->host, r->size);
		free(r->stats);
		if (r->use)
			munmap(r->use, r->size / PAGE);
		if (r->code)
			munmap(r->code, code_bytes(r));
		if (r->watch)
			munmap(r->watch, watch_bytes(r));
	}
	free(b->region);
	free(b->listener);
	free(b);
}

static void find_largest_ram(struct bus *b)
{
	b->ram = NULL;
	for (size_t i = 0; i < b->n; i++) {
		const struct bus_region *r = &b->region[i];

		if (r->host && !r->ops && (!b->ram || r->size > b->ram->size))
			b->ram = r;
	}
}

static int add(struct bus *b, const struct bus_region *r)
{
	struct device_stats *stats = NULL;
	struct bus_region *grown;
	size_t at = 0;

	if (!r->size || r->base + r->size - 1 > ADDR_MASK || r->base + r->size < r->base)
		return -EINVAL;
	while (at < b->n && b->region[at].base < r->base)
		at++;
	if ((at > 0 && b->region[at - 1].base + b->region[at - 1].size > r->base) ||
	    (at < b->n && r->base + r->size > b->region[at].base))
		return -EEXIST;
	grown = realloc(b->region, (b->n + 1) * sizeof(*grown));
	if (grown)
		b->region = grown;
	if (grown && r->ops)
		stats = calloc(1, sizeof(*stats));
	if (!grown || (r->ops && !stats))
		return -ENOMEM;
	memmove(grown + at + 1, grown + at, (b->n - at) * sizeof(*grown));
	grown[at] = *r;
	grown[at].stats = stats;
	b->n++;
	find_largest_ram(b);
	return 0;
}

int bus_add_ram(struct bus *b, const char *name, u64 base, u64 size, bool secure)
{
	struct bus_region r = { .name = name, .base = base, .size = size, .secure = secure };
	int err;

	if (!size || base % PAGE || size % PAGE)
		return -EINVAL;
	r.host = lazy_memory(size);
	if (!r.host)
		return -ENOMEM;
	r.code = lazy_memory(code_bytes(&r));
	r.use = lazy_memory(size / PAGE);
	err = r.code && r.use ? add(b, &r) : -ENOMEM;
	if (err) {
		munmap(r.host, size);
		if (r.use)
			munmap(r.use, size / PAGE);
		if (r.code)
			munmap(r.code, code_bytes(&r));
	}
	return err;
}

int bus_add_device(struct bus *b, u64 base, const struct device_ops *ops, void *dev, bool secure)
{
	struct bus_region r = {
		.name = ops->name,
		.base = base,
		.size = ops->size,
		.secure = secure,
		.ops = ops,
		.dev = dev,
	};

	return add(b, &r);
}

int bus_add_flash(struct bus *b, u64 base, const struct device_ops *ops, void *dev, u8 *host,
		  bool secure)
{
	struct bus_region r = {
		.name = ops->name,
		.base = base,
		.size = ops->size,
		.secure = secure,
		.array = true,
		.host = host,
		.ops = ops,
		.dev = dev,
	};
	int err;

	if (base % PAGE || r.size % PAGE)
		return -EINVAL;
	r.code = lazy_memory(code_bytes(&r));
	err = r.code ? add(b, &r) : -ENOMEM;
	if (err && r.code)
		munmap(r.code, code_bytes(&r));
	return err;
}

void bus_flash_array(struct bus *b, u64 base, bool array)
{
	for (size_t i = 0; i < b->n; i++) {
		struct bus_region *r = &b->region[i];

		if (r->base != base || !r->host || !r->ops || r->array == array)
			continue;
		atomic_poke(&r->array, array);
		if (!array && b->unmapped)
			b->unmapped(b->unmapped_ctx);
	}
}

void bus_on_unmapped(struct bus *b, void (*fn)(void *ctx), void *ctx)
{
	b->unmapped = fn;
	b->unmapped_ctx = ctx;
}

void bus_set_readonly(struct bus *b, u64 base, bool readonly)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->region[i].base == base && b->region[i].host)
			b->region[i].readonly = readonly;
	}
}

/* Reads go to the bytes. Writes do so only where there is no device. */
static inline bool direct(const struct bus_region *r)
{
	return r->host && (!r->ops || atomic_peek(&r->array));
}

static inline bool holds(const struct bus_region *r, u64 addr)
{
	return addr - r->base < r->size;
}

static const struct bus_region *search(const struct bus *b, u64 addr)
{
	size_t lo = 0, hi = b->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (b->region[mid].base <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && holds(&b->region[lo - 1], addr) ? &b->region[lo - 1] : NULL;
}

const struct bus_region *bus_find(struct bus *b, u64 addr, enum space space)
{
	const struct bus_region *r = b->ram;

	if (unlikely(!r || !holds(r, addr)))
		r = search(b, addr);
	return r && r->secure && space != SPACE_S ? NULL : r;
}

size_t bus_regions(struct bus *b, const struct bus_region **out)
{
	*out = b->region;
	return b->n;
}

/*
 * One access to a device may take several of its own widths; where this one starts and what it
 * covers.
 */
struct piece {
	u64 off;	/* of the device access, aligned to width */
	unsigned width; /* one of the device's */
	unsigned skip;	/* first byte wanted */
	unsigned n;	/* bytes wanted */
};

/* The widest device access that fits; if none does, the part of a narrowest one that overlaps. */
static struct piece next_piece(const struct device_ops *ops, u64 off, unsigned left)
{
	unsigned narrowest = ops->widths & -ops->widths;
	unsigned skip;

	for (unsigned w = W64; w; w >>= 1) {
		if ((ops->widths & w) && w <= left && !(off & (w - 1)))
			return (struct piece){ off, w, 0, w };
	}
	skip = (unsigned)(off & (narrowest - 1));
	return (struct piece){ off - skip, narrowest, skip,
			       left < narrowest - skip ? left : narrowest - skip };
}

/* A device without widths takes nothing; neither does a tail shorter than its narrowest access. */
static bool refused(struct bus *b, const struct bus_region *r, u64 off, unsigned size,
		    struct attrs at)
{
	unsigned narrowest = r->ops->widths & -r->ops->widths;

	if (narrowest && (off + size - 1) / narrowest * narrowest + narrowest <= r->size)
		return false;
	if (!at.debug)
		log_at(b->log, LOG_GUEST, r->name,
		       "access of %u bytes at offset %#" PRIx64 " is refused", size, off);
	return true;
}

#define ROW(field, unit, help) STAT_ROW(device_stats, field, unit, help)
const struct stat_row device_stat_rows[] = { DEVICE_STATS(ROW) };
#undef ROW
const size_t device_stat_rows_n = ARRAY_SIZE(device_stat_rows);

static enum bus_status device_read(struct bus *b, const struct bus_region *r, u64 off,
				   unsigned size, struct attrs at, u64 *v)
{
	*v = 0;
	if (refused(b, r, off, size, at))
		return BUS_SLVERR;
	if (!at.debug && stats_on()) {
		r->stats->reads++;
		r->stats->bytes_read += size;
	}
	for (unsigned done = 0; done < size;) {
		struct piece p = next_piece(r->ops, off + done, size - done);
		u64 got = r->ops->read(r->dev, p.off, p.width, at);

		*v |= (got >> 8 * p.skip & low_mask(8 * p.n)) << 8 * done;
		done += p.n;
	}
	return BUS_OK;
}

static enum bus_status device_write(struct bus *b, const struct bus_region *r, u64 off,
				    unsigned size, struct attrs at, u64 v)
{
	if (refused(b, r, off, size, at))
		return BUS_SLVERR;
	if (!at.debug && stats_on()) {
		r->stats->writes++;
		r->stats->bytes_written += size;
	}
	for (unsigned done = 0; done < size;) {
		struct piece p = next_piece(r->ops, off + done, size - done);
		u64 part = v >> 8 * done & low_mask(8 * p.n);

		if (p.n != p.width && !at.debug)
			log_once(b->log, LOG_GUEST, r->name, p.off,
				 "write of %u bytes at offset %#" PRIx64
				 ", device takes %u: the rest is written as 0",
				 p.n, off + done, p.width);
		r->ops->write(r->dev, p.off, part << 8 * p.skip, p.width, at);
		done += p.n;
	}
	return BUS_OK;
}

static u64 ram_load(const u8 *p, unsigned size)
{
	switch (size) {
	case 1:
		return ram_get8(p);
	case 2:
		return ram_get16(p);
	case 4:
		return ram_get32(p);
	default:
		return ram_get64(p);
	}
}

static void ram_store(u8 *p, unsigned size, u64 v)
{
	switch (size) {
	case 1:
		ram_put8(p, (u8)v);
		break;
	case 2:
		ram_put16(p, (u16)v);
		break;
	case 4:
		ram_put32(p, (u32)v);
		break;
	default:
		ram_put64(p, v);
		break;
	}
}

static cold_ enum bus_status nothing(struct bus *b, const char *what, pa p, unsigned size,
				     struct attrs at)
{
	if (!at.debug)
		log_at(b->log, LOG_GUEST, "bus",
		       "%s of %u bytes at %s address %#" PRIx64 ": nothing there", what, size,
		       pa_space(p) == SPACE_S ? "secure" : "non-secure", pa_addr(p));
	return BUS_DECERR;
}

static enum bus_status read_bytes(struct bus *b, pa p, unsigned size, struct attrs at, u64 *v)
{
	*v = 0;
	for (unsigned i = 0; i < size; i++) {
		u64 byte;
		enum bus_status st =
			bus_read(b, pa_make(pa_space(p), pa_addr(p) + i), 1, at, &byte);

		if (st != BUS_OK)
			return st;
		*v |= byte << 8 * i;
	}
	return BUS_OK;
}

static enum bus_status write_bytes(struct bus *b, pa p, unsigned size, struct attrs at, u64 v)
{
	for (unsigned i = 0; i < size; i++) {
		enum bus_status st = bus_write(b, pa_make(pa_space(p), pa_addr(p) + i), 1, at,
					       v >> 8 * i & 0xff);

		if (st != BUS_OK)
			return st;
	}
	return BUS_OK;
}

enum bus_status bus_read(struct bus *b, pa p, unsigned size, struct attrs at, u64 *v)
{
	const struct bus_region *r = bus_find(b, pa_addr(p), pa_space(p));
	u64 off;

	*v = 0;
	if (unlikely(!r))
		return nothing(b, "read", p, size, at);
	off = pa_addr(p) - r->base;
	if (unlikely(r->size - off < size))
		return read_bytes(b, p, size, at, v);
	if (unlikely(!direct(r)))
		return device_read(b, r, off, size, at, v);
	*v = ram_load(r->host + off, size);
	return BUS_OK;
}

enum bus_status bus_write(struct bus *b, pa p, unsigned size, struct attrs at, u64 v)
{
	const struct bus_region *r = bus_find(b, pa_addr(p), pa_space(p));
	u64 off;

	if (unlikely(!r))
		return nothing(b, "write", p, size, at);
	off = pa_addr(p) - r->base;
	if (unlikely(r->size - off < size))
		return write_bytes(b, p, size, at, v);
	if (r->ops)
		return device_write(b, r, off, size, at, v);
	if (unlikely(r->readonly)) {
		log_at(b->log, LOG_GUEST, r->name,
		       "write of %u bytes to read-only memory at %#" PRIx64, size, pa_addr(p));
		return BUS_OK;
	}
	ram_store(r->host + off, size, v);
	phys_written(b, p, size);
	return BUS_OK;
}

/*
 * Bytes from p on that lie in RAM (or in flash that can be read) together, at most n; *at is their
 * host address. 0: not RAM.
 */
static size_t ram_run(struct bus *b, pa p, size_t n, const struct bus_region **r, u8 **at)
{
	u64 off, left;

	*r = bus_find(b, pa_addr(p), pa_space(p));
	if (!*r || !direct(*r))
		return 0;
	off = pa_addr(p) - (*r)->base;
	left = (*r)->size - off;
	*at = (*r)->host + off;
	return n < left ? n : (size_t)left;
}

enum bus_status bus_copy_in(struct bus *b, pa p, const void *src, size_t n)
{
	const struct bus_region *r;
	const u8 *from = src;
	u8 *at;

	while (n) {
		size_t run = ram_run(b, p, n, &r, &at);

		if (!run || r->ops)
			return BUS_DECERR;
		if (r->readonly) {
			log_at(b->log, LOG_GUEST, r->name,
			       "copy of %zu bytes to read-only memory at %#" PRIx64, run,
			       pa_addr(p));
		} else {
			ram_write(at, from, run);
			phys_written(b, p, run);
		}
		from += run;
		n -= run;
		p = pa_make(pa_space(p), pa_addr(p) + run);
	}
	return BUS_OK;
}

enum bus_status bus_copy_out(struct bus *b, pa p, void *dst, size_t n)
{
	const struct bus_region *r;
	u8 *to = dst;
	u8 *at;

	while (n) {
		size_t run = ram_run(b, p, n, &r, &at);

		if (!run)
			return BUS_DECERR;
		ram_read(to, at, run);
		to += run;
		n -= run;
		p = pa_make(pa_space(p), pa_addr(p) + run);
	}
	return BUS_OK;
}

static void use_page(const struct bus_region *r, u64 off)
{
	if (r->use && unlikely(!atomic_peek(&r->use[off / PAGE]))) /* flash has none */
		atomic_write(&r->use[off / PAGE], true);
}

u8 *bus_unused_page(struct bus *b, pa p, const u8 **used)
{
	const struct bus_region *r = bus_find(b, pa_addr(p), pa_space(p));
	u64 page;

	if (!r || !r->use || r->readonly)
		return NULL;
	page = (pa_addr(p) - r->base) / PAGE;
	if (unlikely(r->watch && r->watch[page]))
		return NULL;
	*used = &r->use[page];
	return atomic_read(*used) ? NULL : r->host + page * PAGE;
}

u8 *bus_page(struct bus *b, pa p, bool *writable)
{
	u64 page = align_down(pa_addr(p), PAGE);
	const struct bus_region *r = bus_find(b, page, pa_space(p));

	*writable = false;
	if (!r || !direct(r))
		return NULL;
	*writable = !r->readonly && !r->ops && !atomic_peek(&r->code[(page - r->base) / PAGE]);
	if (*writable)
		use_page(r, page - r->base);
	if (unlikely(r->watch && r->watch[(page - r->base) / PAGE]))
		*writable = false;
	return r->host + (page - r->base);
}

bool bus_address(const struct bus *b, const void *host, pa *p)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct bus_region *r = &b->region[i];
		u64 off = (u64)((const u8 *)host - r->host);

		if (!r->host || off >= r->size)
			continue;
		*p = pa_make(r->secure ? SPACE_S : SPACE_NS, r->base + off);
		return true;
	}
	return false;
}

/* The word of line bits for the page at p, NULL where there is no RAM. */
static u64 *code_word(struct bus *b, pa p)
{
	const struct bus_region *r = bus_find(b, pa_addr(p), pa_space(p));

	return r && r->host ? &r->code[(pa_addr(p) - r->base) / PAGE] : NULL;
}

/* Lines of one page that bytes first..first+len-1 of that page touch. */
static u64 lines_of(u64 first, u64 len)
{
	return MASK((first + len - 1) / LINE, first / LINE);
}

void bus_mark_code(struct bus *b, pa p, u32 len)
{
	while (len) {
		u64 in_page = pa_addr(p) % PAGE;
		u32 n = len < PAGE - in_page ? len : (u32)(PAGE - in_page);
		u64 *word = code_word(b, p);

		if (word)
			atomic_or(word, lines_of(in_page, n));
		len -= n;
		p = pa_make(pa_space(p), pa_addr(p) + n);
	}
}

void bus_clear_code(struct bus *b, pa page)
{
	u64 *word = code_word(b, page);

	if (word)
		atomic_poke(word, 0);
}

bool bus_code_page(struct bus *b, pa p)
{
	u64 *word = code_word(b, p);

	return word && atomic_peek(word);
}

bool bus_writable(struct bus *b, pa p)
{
	const struct bus_region *r = bus_find(b, pa_addr(p), pa_space(p));

	return r && r->host && !r->ops && !r->readonly;
}

bool bus_use_page(struct bus *b, pa p)
{
	const struct bus_region *r = bus_find(b, pa_addr(p), pa_space(p));

	if (!bus_writable(b, p))
		return false;
	use_page(r, pa_addr(p) - r->base);
	return true;
}

bool bus_code_lines(struct bus *b, pa p, u64 len)
{
	u64 *word = code_word(b, p);

	return word && (atomic_peek(word) & lines_of(p.a & 0xfff, len));
}

static cold_ void code_written(struct bus *b, u64 *word, pa page, u64 lines)
{
	/* marks first: a PE that decodes new bytes meanwhile marks them again */
	atomic_and(word, ~lines);
	for (size_t i = 0; i < b->n_listeners; i++)
		b->listener[i].fn(b->listener[i].ctx, page, lines);
}

void phys_written(struct bus *b, pa p, u64 len)
{
	const struct bus_region *r = bus_find(b, pa_addr(p), pa_space(p));
	u64 off, end;

	if (!r || !r->host || !len)
		return;
	off = pa_addr(p) - r->base;
	end = len < r->size - off ? off + len : r->size;
	while (off < end) {
		u64 in_page = off % PAGE;
		u64 n = end - off < PAGE - in_page ? end - off : PAGE - in_page;
		u64 *word = &r->code[off / PAGE];
		u64 hit = atomic_peek(word) & lines_of(in_page, n);

		use_page(r, off);
		if (unlikely(hit))
			code_written(b, word, pa_make(pa_space(p), r->base + off - in_page), hit);
		if (unlikely(r->watch && r->watch[off / PAGE]))
			b->watcher(b->watcher_ctx, pa_make(pa_space(p), r->base + off), n);
		off += n;
	}
}

void bus_on_code_written(struct bus *b, void (*fn)(void *ctx, pa page, u64 lines), void *ctx)
{
	struct listener *grown = realloc(b->listener, (b->n_listeners + 1) * sizeof(*grown));

	if (!grown) {
		log_at(b->log, LOG_HOST, "bus", "out of memory");
		return;
	}
	grown[b->n_listeners++] = (struct listener){ fn, ctx };
	b->listener = grown;
}

int bus_watch_writes(struct bus *b, void (*fn)(void *ctx, pa p, u64 len), void *ctx)
{
	b->watcher = fn;
	b->watcher_ctx = ctx;
	for (size_t i = 0; i < b->n; i++) {
		struct bus_region *r = &b->region[i];

		if (!r->host || r->ops || r->watch)
			continue;
		r->watch = lazy_memory(watch_bytes(r));
		if (!r->watch)
			return -ENOMEM;
	}
	return 0;
}

const u8 *bus_watch(struct bus *b, pa p, int by)
{
	const struct bus_region *r = bus_find(b, pa_addr(p), pa_space(p));
	u64 page;

	if (!r || !r->watch)
		return NULL;
	page = (pa_addr(p) - r->base) / PAGE;
	r->watch[page] += (u32)by;
	return by > 0 && r->watch[page] == 1 ? r->host + page * PAGE : NULL;
}

/*
 * Pages that the host never gave out hold zeros; /proc/self/pagemap tells without touching them.
 * (mincore() would not do: it says "absent" of swapped pages too.) Without it every page is read.
 */
enum { PAGEMAP_BATCH = 512 };
struct pagemap {
	int fd;
	u64 first; /* host page number of entry[0] */
	size_t n;
	u64 entry[PAGEMAP_BATCH];
};

static bool maybe_touched(struct pagemap *m, const u8 *page)
{
	u64 number = (uintptr_t)page / PAGE;

	if (m->fd < 0)
		return true;
	if (number - m->first >= m->n) {
		ssize_t got =
			pread(m->fd, m->entry, sizeof(m->entry), (off_t)(number * sizeof(u64)));

		if (got < (ssize_t)sizeof(u64))
			return true;
		m->first = number;
		m->n = (size_t)got / sizeof(u64);
	}
	return (m->entry[number - m->first] & (BIT(63) | BIT(62))) != 0; /* present, swapped */
}

static bool all_zero(const u8 *page)
{
	u64 head;

	memcpy(&head, page, sizeof(head));
	return !head && !memcmp(page, page + 8, PAGE - 8);
}

#define SNAP_END UINT64_MAX /* after the last page of a region */

static void save_pages(const struct bus_region *r, struct pagemap *m, struct snap *s)
{
	u64 end = SNAP_END;

	for (u64 i = 0; i < r->size / PAGE; i++) {
		u8 *page = r->host + i * PAGE;

		if (!maybe_touched(m, page) || all_zero(page))
			continue;
		snap_u64(s, &i);
		snap_bytes(s, page, PAGE);
	}
	snap_u64(s, &end);
}

static void load_pages(struct bus *b, const struct bus_region *r, struct snap *s)
{
	u64 i = 0;

	/* whoever decoded from it or watches it hears that all of it is another */
	phys_written(b, pa_make(r->secure ? SPACE_S : SPACE_NS, r->base), r->size);
	if (madvise(r->host, r->size, MADV_DONTNEED))
		memset(r->host, 0, r->size);
	memset(r->use, 0, r->size / PAGE);
	for (u64 next = 0;; next = i + 1) { /* in order, so that no page comes twice and the end is near */
		snap_u64(s, &i);
		if (s->failed || i == SNAP_END)
			return;
		snap_check(s, i >= next && i < r->size / PAGE, "RAM page number");
		if (s->failed)
			return;
		r->use[i] = true;
		snap_bytes(s, r->host + i * PAGE, PAGE);
	}
}

static void snap_ram(struct bus *b, const struct bus_region *r, struct pagemap *m, struct snap *s)
{
	u64 base = r->base, size = r->size;

	snap_section(s, r->name, 1);
	snap_u64(s, &base);
	snap_u64(s, &size);
	snap_check(s, base == r->base && size == r->size, "place and size of RAM");
	if (s->failed)
		return;
	if (s->loading)
		load_pages(b, r, s);
	else
		save_pages(r, m, s);
}

void bus_snap(struct bus *b, struct snap *s)
{
	struct pagemap m = { .fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC) };

	for (size_t i = 0; i < b->n; i++) {
		const struct bus_region *r = &b->region[i];

		if (!r->ops)
			snap_ram(b, r, &m, s);
		else if (r->ops->snap)
			r->ops->snap(r->dev, s);
		if (r->stats) {
			snap_u64(s, &r->stats->reads);
			snap_u64(s, &r->stats->writes);
			snap_u64(s, &r->stats->bytes_read);
			snap_u64(s, &r->stats->bytes_written);
		}
	}
	if (m.fd >= 0)
		close(m.fd);
}

void bus_reset_devices(struct bus *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->region[i].ops && b->region[i].ops->reset)
			b->region[i].ops->reset(b->region[i].dev);
	}
}
