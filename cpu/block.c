/*
 * The block cache of one PE: code pages by (physical page, key), each with a table of its blocks by offset. Dead blocks are only
 * freed at a safe point, because the one that runs may be among them.
 */
#include <stdlib.h>
#include <string.h>
#include "cpu/fuse.h"
#include "cpu/translate_priv.h"

enum { HASH_BITS = 12, BUDGET = 64 << 20 };

struct block_cache {
	struct codepage *hash[1 << HASH_BITS];
	struct codepage *dead;
	size_t bytes;
	bool flush;
	struct fuse *fuse;
	struct tr scratch;
};

struct block_cache *block_cache_new(void)
{
	struct block_cache *bc = calloc(1, sizeof(*bc));

	if (!bc)
		return NULL;
	bc->fuse = fuse_new();
	if (!bc->fuse) {
		free(bc);
		return NULL;
	}
	return bc;
}

struct tr *block_scratch(struct block_cache *bc)
{
	return &bc->scratch;
}

const struct fuse *block_fuse(const struct block_cache *bc)
{
	return bc->fuse;
}

static unsigned hash_of(u64 pa)
{
	return (unsigned)((pa & ADDR_MASK) >> 12) & ((1 << HASH_BITS) - 1);
}

static void free_page(struct block_cache *bc, struct codepage *p)
{
	for (unsigned i = 0; i < ARRAY_SIZE(p->block); i++)
		if (p->block[i]) {
			bc->bytes -= p->block[i]->bytes;
			free(p->block[i]);
		}
	bc->bytes -= sizeof(*p);
	free(p);
}

void block_cache_free(struct block_cache *bc)
{
	if (!bc)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(bc->hash); i++)
		for (struct codepage *p = bc->hash[i], *next; p; p = next) {
			next = p->hash_next;
			free_page(bc, p);
		}
	for (struct codepage *p = bc->dead, *next; p; p = next) {
		next = p->free_next;
		free_page(bc, p);
	}
	fuse_free(bc->fuse);
	free(bc);
}

struct codepage *block_page(struct cpu *c, u64 pa_page, u64 key, const u8 *host)
{
	struct block_cache *bc = c->blocks;
	struct codepage **head = &bc->hash[hash_of(pa_page)], *p;

	for (p = *head; p; p = p->hash_next)
		if (p->pa == pa_page && p->key == key)
			return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	bc->bytes += sizeof(*p);
	p->pa = pa_page;
	p->key = key;
	p->host = host;
	p->hash_next = *head;
	*head = p;
	return p;
}

struct block *block_get(struct cpu *c, struct codepage *p, u32 off)
{
	struct block *b = p->block[off >> 2];

	if (b)
		return b;
	if (!bus_code_page(c->bus, (pa){ p->pa }) && c->host.code_page)
		c->host.code_page(c->host.ctx, p->host);
	b = block_translate(c, p, off);
	if (!b)
		return NULL;
	c->blocks->bytes += b->bytes;
	if (c->blocks->bytes > BUDGET)
		c->blocks->flush = true;
	p->block[off >> 2] = b;
	return b;
}

/* Moves pages that match (addr, or all) to the dead list and makes sure that nothing finds them any more. */
static void kill(struct cpu *c, u64 addr, bool all)
{
	struct block_cache *bc = c->blocks;
	bool any = false;

	for (unsigned i = all ? 0 : hash_of(addr); i < (all ? ARRAY_SIZE(bc->hash) : hash_of(addr) + 1); i++)
		for (struct codepage **pp = &bc->hash[i], *p; (p = *pp) != NULL;) {
			if (!all && (p->pa & ADDR_MASK) != (addr & ADDR_MASK)) {
				pp = &p->hash_next;
				continue;
			}
			*pp = p->hash_next;
			p->free_next = bc->dead;
			bc->dead = p;
			any = true;
			for (unsigned k = 0; k < ARRAY_SIZE(p->block); k++)
				if (p->block[k])
					p->block[k]->link[0] = p->block[k]->link[1] = NULL;
		}
	if (any) {
		fast_flush_code(c->mmu);
		c->link_from = NULL;
	}
}

void block_kill_page(struct cpu *c, u64 addr)
{
	kill(c, addr & ~0xfffull, false);
}

void block_safe_point(struct cpu *c)
{
	struct block_cache *bc = c->blocks;

	if (unlikely(bc->flush)) {
		bc->flush = false;
		kill(c, 0, true);
	}
	if (likely(!bc->dead))
		return;
	c->link_from = NULL; /* may name a block that killed its own page */
	while (bc->dead) {
		struct codepage *p = bc->dead;

		bc->dead = p->free_next;
		free_page(bc, p);
	}
}
