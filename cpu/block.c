/*
 * The block cache of one PE: code pages by (physical page, key), each with a table of its blocks by offset. Pages and blocks come from
 * one arena, in the order of decoding, which keeps neighbours together in the host's caches. Killed blocks are unlinked and their
 * memory is lost until the arena is full; then everything is dropped at the next safe point.
 *
 * IC IALLU under --parallel drops nothing: hypervisors do one for each page that they hand out. A page remembers what was decoded, and
 * when it is entered next it is compared with memory.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/atomic.h"
#include "base/bits.h"
#include "cpu/fuse.h"
#include "cpu/translate_priv.h"

/* RESERVE: more than one turn of the run loop can need (two code pages, two of the longest blocks). */
enum { HASH_BITS = 12, LINE = 64, RESERVE = 256 << 10 };

struct block_cache {
	struct codepage *hash[1 << HASH_BITS];
	u8 *arena;
	size_t used, size;
	u64 rechecks;
	struct fuse *fuse;
	struct block_host_counts counts;
	struct tr scratch;
};

struct block_cache *block_cache_new(size_t bytes)
{
	struct block_cache *bc = calloc(1, sizeof(*bc));
	void *arena;

	if (!bc)
		return NULL;
	bc->fuse = fuse_new();
	arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED || !bc->fuse) {
		if (arena != MAP_FAILED)
			munmap(arena, bytes);
		fuse_free(bc->fuse);
		free(bc);
		return NULL;
	}
	madvise(arena, bytes, MADV_HUGEPAGE); /* fewer host TLB misses; a refusal does not matter */
	bc->arena = arena;
	bc->size = bytes;
	return bc;
}

void block_cache_free(struct block_cache *bc)
{
	if (!bc)
		return;
	munmap(bc->arena, bc->size);
	fuse_free(bc->fuse);
	free(bc);
}

/* Zeroed memory (the arena is never reused without being cleared). NULL: full. */
void *block_alloc(struct block_cache *bc, size_t bytes)
{
	u8 *p = bc->arena + bc->used;

	bytes = (bytes + LINE - 1) & ~(size_t)(LINE - 1);
	if (bytes > bc->size - bc->used)
		return NULL;
	bc->used += bytes;
	return p;
}

struct tr *block_scratch(struct block_cache *bc)
{
	return &bc->scratch;
}

const struct fuse *block_fuse(const struct block_cache *bc)
{
	return bc->fuse;
}

struct block_host_counts *block_host_counts(struct block_cache *bc)
{
	return &bc->counts;
}

static unsigned hash_of(u64 pa)
{
	return (unsigned)((pa & ADDR_MASK) >> 12) & ((1 << HASH_BITS) - 1);
}

static struct codepage *find_page(const struct block_cache *bc, u64 pa_page, u64 key)
{
	struct codepage *p = bc->hash[hash_of(pa_page)];

	while (p && (p->pa != pa_page || p->key != key))
		p = p->hash_next;
	return p;
}

static struct codepage *new_page(struct cpu *c, u64 pa_page, u64 key, const u8 *host)
{
	struct block_cache *bc = c->blocks;
	struct codepage **head = &bc->hash[hash_of(pa_page)], *p = block_alloc(bc, sizeof(*p));

	if (p && c->parallel)
		p->was = block_alloc(bc, 4096);
	if (!p || (c->parallel && !p->was))
		return NULL;
	p->pa = pa_page;
	p->key = key;
	p->host = host;
	p->checked = bc->rechecks;
	p->hash_next = *head;
	*head = p;
	return p;
}

static bool line_changed(const struct codepage *p, unsigned line)
{
	const u8 *was = (const u8 *)p->was + line * LINE, *is = p->host + line * LINE;
	u64 differs = 0;

	for (unsigned i = 0; i < LINE; i += 8)
		differs |= ram_get64(was + i) ^ ram_get64(is + i);
	return differs;
}

/* Data beside code counts: then the page is only decoded again for nothing. */
static bool page_changed(const struct codepage *p)
{
	if (p->mixed)
		return true;
	for (u64 lines = p->lines; lines; lines &= lines - 1)
		if (line_changed(p, (unsigned)__builtin_ctzll(lines)))
			return true;
	return false;
}

struct codepage *block_page(struct cpu *c, u64 pa_page, u64 key, const u8 *host)
{
	struct codepage *p = find_page(c->blocks, pa_page, key);

	if (p && unlikely(p->checked != c->blocks->rechecks)) {
		p->checked = c->blocks->rechecks;
		if (page_changed(p)) {
			block_kill_page(c, pa_page);
			p = NULL;
		}
	}
	return p ? p : new_page(c, pa_page, key, host);
}

void block_decoded(struct codepage *p, u32 off, const u32 *word, u32 n)
{
	u32 *was = p->was + off / 4;

	for (u32 line = off / LINE; line <= (off + 4 * n - 1) / LINE; line++) {
		if (p->lines & BIT(line))
			continue;
		p->lines |= BIT(line);
		ram_read(p->was + line * LINE / 4, p->host + line * LINE, LINE);
	}
	for (u32 i = 0; i < n; i++) {
		p->mixed |= was[i] != word[i];
		was[i] = word[i];
	}
}

struct block *block_get(struct cpu *c, struct codepage *p, u32 off)
{
	struct block *b = p->block[off >> 2];

	if (b)
		return b;
	if (!c->parallel && !bus_code_page(c->bus, (pa){ p->pa }) && c->host.code_page)
		c->host.code_page(c->host.ctx, p->host);
	b = block_translate(c, p, off);
	if (!b)
		return NULL;
	p->block[off >> 2] = b;
	c->blocks->counts.decoded++;
	return b;
}

/* After code pages were forgotten: nothing fast may lead to them. */
static void forget(struct cpu *c)
{
	fast_flush_code(c->mmu);
	c->link_from = NULL;
}

void block_kill_page(struct cpu *c, u64 addr)
{
	bool any = false;

	for (struct codepage **pp = &c->blocks->hash[hash_of(addr)], *p; (p = *pp) != NULL;) {
		if ((p->pa & ADDR_MASK & ~0xfffull) != (addr & ADDR_MASK & ~0xfffull)) {
			pp = &p->hash_next;
			continue;
		}
		*pp = p->hash_next;
		any = true;
		for (unsigned k = 0; k < ARRAY_SIZE(p->block); k++)
			if (p->block[k]) {
				p->block[k]->link[0] = p->block[k]->link[1] = NULL;
				c->blocks->counts.invalidated++;
			}
	}
	if (any)
		forget(c);
}

void block_recheck(struct cpu *c)
{
	c->blocks->rechecks++;
	forget(c);
}

void block_safe_point(struct cpu *c)
{
	struct block_cache *bc = c->blocks;

	if (likely(bc->size - bc->used > RESERVE))
		return;
	bc->counts.restarts++;
	memset(bc->hash, 0, sizeof(bc->hash));
	madvise(bc->arena, bc->size, MADV_DONTNEED); /* reads as zero again */
	bc->used = 0;
	forget(c);
}
