/* Translation tables for the tests: 4 KiB granule, any start level, either stage. */
#include "guest.h"

#define PT_POOL 96
#define PT_TABLE 3ul
#define PT_PAGE_BIT 2ul
#define PT_VALID 1ul
#define PT_ADDRESS 0xfffffffff000ul

static u64 pool[PT_POOL][512] __attribute__((aligned(4096)));
static unsigned used;

u64 *pt_new(void)
{
	if (used == PT_POOL) {
		EXPECT_EQ("pages left in the translation table pool", 0, 1);
		used = 0;
	}
	for (unsigned i = 0; i < 512; i++)
		pool[used][i] = 0;
	return pool[used++];
}

void pt_reset(void)
{
	used = 0;
}

static unsigned pt_index(u64 va, unsigned level)
{
	return va >> (39 - 9 * level) & 511;
}

u64 *pt_entry(u64 *root, unsigned start_level, u64 va, unsigned level)
{
	u64 *table = root;

	for (unsigned l = start_level; l < level; l++) {
		u64 d = table[pt_index(va, l)];

		if ((d & 3) != PT_TABLE)
			return 0;
		table = (u64 *)(d & PT_ADDRESS);
	}
	return &table[pt_index(va, level)];
}

void pt_map(u64 *root, unsigned start_level, u64 va, u64 pa, unsigned level, u64 attrs)
{
	u64 *table = root;

	for (unsigned l = start_level; l < level; l++) {
		u64 *d = &table[pt_index(va, l)];

		if ((*d & 3) != PT_TABLE)
			*d = (u64)pt_new() | PT_TABLE;
		table = (u64 *)(*d & PT_ADDRESS);
	}
	table[pt_index(va, level)] = pa | attrs | PT_VALID | (level == 3 ? PT_PAGE_BIT : 0);
	BARRIER();
}

void pt_identity(u64 *root, unsigned start_level, u64 device, u64 normal)
{
	const u64 block = 2ul << 20;

	for (u64 a = 0; a < 0x10000000; a += block)
		pt_map(root, start_level, a, a, 2, device);
	for (u64 a = 0x40000000; a < 0x50000000; a += block)
		pt_map(root, start_level, a, a, 2, normal);
}
