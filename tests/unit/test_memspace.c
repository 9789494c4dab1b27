/*
 * machine/memspace.h: memory of any translation regime for the debugger. A machine that never runs; its registers and tables are
 * written by hand.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/seen.h"
#include "machine/machine_priv.h"
#include "machine/memspace.h"
#include "tests/unit/harness.h"
#include "tests/unit/mem_snap.h"
#include "tests/unit/tables.h"

enum { RAM = 0x40000000, TABLES = 0x40100000, FREE = 0x40800000, ROM = 0, UART = 0x09000000 };
#define TCR_4K_48 (16ull | 16ull << 16 | 2ull << 30 | 5ull << 32) /* both ranges 48 bits of 4 KiB pages, IPS 48 bits */
#define TCR_NO_TTBR1 BIT(23)
#define TCR_NO_TTBR0 BIT(7)
#define HCR_VM_RW (1ull | 1ull << 31)
#define VTCR_4K_40 (24ull | 1ull << 6 | 2ull << 16) /* 40 bits of IPA, start at level 1, 40 bits of PA */

struct bench {
	u32 image[16];
	struct config cfg;
	struct machine *m;
	struct cpu *c;
	u64 next;
	struct tables s1, s2;
};

static void bench_open(struct bench *b)
{
	static const struct machine_io io;
	struct why why = { "" };

	memset(b, 0, sizeof(*b));
	config_init(&b->cfg);
	b->cfg.cpu = strdup("neoverse-n1");
	b->cfg.pes = 2;
	b->cfg.virtualization = true;
	b->cfg.ram_size = 16 << 20;
	b->cfg.boot.builtin = b->image;
	b->cfg.boot.builtin_size = sizeof(b->image);
	EXPECT_EQ(machine_new(&b->m, &b->cfg, &io, NULL, &why), 0);
	EXPECT_STR(why.text, "");
	b->c = b->m->seat[0].cpu;
	b->next = TABLES;
	b->s1 = (struct tables){ .grain = 12, .ia = 48, .root = new_table(&b->next, 12) };
	b->s2 = (struct tables){ .grain = 12, .start = 1, .ia = 40, .root = align_up(b->next, 8192) };
	b->next = b->s2.root + 8192;
}

static void bench_close(struct bench *b)
{
	machine_free(b->m);
	config_free(&b->cfg);
}

static u64 map(struct bench *b, struct tables *t, u64 addr, unsigned level, u64 desc)
{
	return tables_map(b->m->bus, &b->next, t, addr, level, desc);
}

/* The PE at EL1, stage 1 on with the tables b->s1 in both ranges, stage 2 off or on with b->s2. */
static void at_el1(struct bench *b, bool s2)
{
	struct sysregs *s = &b->c->sys;

	s->ttbr0[1] = s->ttbr1[1] = b->s1.root;
	s->tcr[1] = TCR_4K_48;
	s->mair[1] = 0xff;
	s->sctlr[1] |= 1;
	s->hcr_el2 = s2 ? HCR_VM_RW : BIT(31);
	s->vtcr_el2 = VTCR_4K_40;
	s->vttbr_el2 = b->s2.root | 3ull << 48;
	cpu_select_sp(b->c, 1, true);
	cpu_update_context(b->c);
}

static size_t get(struct bench *b, const char *space, u64 addr, void *to, size_t n, char *text, size_t size)
{
	struct memspace s;
	struct why why = { "" };
	size_t got = 0;

	if (memspace_parse(&s, space, &why) == 0)
		got = memspace_read(b->m, 0, &s, addr, to, n, &why);
	snprintf(text, size, "%s", why.text);
	return got;
}

static size_t put(struct bench *b, const char *space, u64 addr, const void *from, size_t n, char *text, size_t size)
{
	struct memspace s;
	struct why why = { "" };
	size_t got = 0;

	if (memspace_parse(&s, space, &why) == 0)
		got = memspace_write(b->m, 0, &s, addr, from, n, &why);
	snprintf(text, size, "%s", why.text);
	return got;
}

static u64 get64(struct bench *b, const char *space, u64 addr)
{
	char text[512];
	u64 v = 0;

	EXPECT_EQ(get(b, space, addr, &v, 8, text, sizeof text), 8);
	EXPECT_STR(text, "");
	return v;
}

TEST(spaces_have_names)
{
	static const char *const good[] = { "current", "el1", "el2", "el3", "s1:vmid=3,asid=7", "s1:asid=7", "s1", "ipa:vmid=65535", "ipa", "phys", "sphys" };
	static const char *const bad[] = { "", "el0", "el4", "el1:vmid=3", "ipa:asid=3", "s1:vmid=65536", "s1:vmid=", "s1:", "s1:vmid=-1",
					   "s1:vmid=3,", "s1:vmid=3,vmid=3", "s1:vmid=3 ", "physical", "phys:", "IPA" };
	struct memspace s;
	struct why why;
	char text[MEMSPACE_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(memspace_parse(&s, good[i], &why), 0);
		memspace_text(&s, text, sizeof text);
		EXPECT_STR(text, good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (memspace_parse(&s, bad[i], &why) == 0)
			FAIL_TEST("'%s' was taken", bad[i]);
	EXPECT_EQ(memspace_parse(&s, "s1:asid=0x10,vmid=2", &why), 0);
	EXPECT(s.asid == 16 && s.vmid == 2);
}

TEST(each_space_goes_through_its_tables)
{
	struct bench b;
	char text[512];

	bench_open(&b);
	for (u64 i = 0; i < 8; i++)
		bus_put64(b.m->bus, FREE + i * 4096, 0x1000 + i);
	map(&b, &b.s1, 0x1000, 3, 0x5000 | PAGE | AF);
	map(&b, &b.s2, 0x5000, 3, (FREE + 4096) | PAGE | S2ALL);
	map(&b, &b.s2, TABLES, 2, (TABLES & ~MASK(20, 0)) | BLOCK | S2ALL);
	at_el1(&b, true);
	EXPECT_EQ(get64(&b, "current", 0x1000), 0x1001);
	EXPECT_EQ(get64(&b, "el1", 0xffff000000001000), 0x1001);
	EXPECT_EQ(get64(&b, "s1:vmid=3,asid=0", 0x1000), 0x1001);
	EXPECT_EQ(get64(&b, "s1", 0x1000), 0x1001);
	EXPECT_EQ(get64(&b, "ipa", 0x5000), 0x1001);
	EXPECT_EQ(get64(&b, "ipa:vmid=3", 0x5000), 0x1001);
	EXPECT_EQ(get64(&b, "phys", FREE + 8192), 0x1002);
	EXPECT_EQ(get64(&b, "sphys", FREE + 8192), 0x1002);
	EXPECT_EQ(get64(&b, "el2", FREE + 8192), 0x1002);
	EXPECT_EQ(get(&b, "el3", 0, text, 1, text, sizeof text), 0);
	EXPECT_STR(text, "el3: this machine has no EL3");
	EXPECT_EQ(get(&b, "ipa:vmid=4", 0, text, 1, text, sizeof text), 0);
	EXPECT_STR(text, "ipa:vmid=4: no PE is known to have run it lately with stage 2 on");
	bench_close(&b);
}

TEST(what_is_mapped_can_be_read_and_written_whatever_it_permits)
{
	struct bench b;
	char text[512];
	u64 v = 0x1122334455667788;

	bench_open(&b);
	bus_put64(b.m->bus, FREE, 0x77);
	map(&b, &b.s1, 0x1000, 3, 0x5000 | PAGE | RO); /* no access flag, no write */
	map(&b, &b.s2, 0x5000, 3, FREE | PAGE);	       /* nothing at all */
	map(&b, &b.s2, TABLES, 2, (TABLES & ~MASK(20, 0)) | BLOCK);
	at_el1(&b, true);
	EXPECT_EQ(get64(&b, "el1", 0x1000), 0x77);
	EXPECT_EQ(put(&b, "el1", 0x1008, &v, 8, text, sizeof text), 8);
	EXPECT_EQ(bus_get64(b.m->bus, FREE + 8), v);
	bench_close(&b);
}

TEST(errors_say_which_byte_and_why)
{
	struct bench b;
	u8 to[8192];
	char text[512], want[512];
	u64 at;

	bench_open(&b);
	map(&b, &b.s1, 0x1000, 3, 0x5000 | PAGE | AF);
	at = map(&b, &b.s1, 0x2000, 3, 0xbad0);
	map(&b, &b.s1, 0x3000, 3, 0x7000 | PAGE | AF);
	map(&b, &b.s1, 0x4000, 3, UART | PAGE | AF);
	map(&b, &b.s1, 0x5000, 3, ROM | PAGE | AF);
	map(&b, &b.s2, 0x5000, 3, FREE | PAGE | S2ALL);
	map(&b, &b.s2, ROM, 3, ROM | PAGE | S2ALL);
	map(&b, &b.s2, UART, 3, UART | PAGE | S2ALL);
	map(&b, &b.s2, TABLES, 2, (TABLES & ~MASK(20, 0)) | BLOCK | S2ALL);
	at_el1(&b, true);
	EXPECT_EQ(get(&b, "el1", 0x1ff0, to, 32, text, sizeof text), 16);
	snprintf(want, sizeof want, "0x2000 (el1): translation fault, stage 1 level 3: descriptor 0x000000000000bad0 at PA 0x%" PRIx64, at);
	EXPECT_STR(text, want);
	EXPECT_EQ(get(&b, "el1", 0x3000, to, 1, text, sizeof text), 0);
	EXPECT(!strncmp(text, "0x3000 (el1): translation fault, stage 2 level 3: descriptor 0x0000000000000000 at PA 0x", 87));
	EXPECT(strstr(text, ", IPA 0x7000") != NULL);
	EXPECT_EQ(get(&b, "el1", 1ull << 50, to, 1, text, sizeof text), 0);
	EXPECT_STR(text, "0x4000000000000 (el1): translation fault, stage 1 level 0: outside the range of the tables");
	EXPECT_EQ(get(&b, "el1", 0x4000, to, 1, text, sizeof text), 0);
	EXPECT_STR(text, "0x4000 (el1): PA 0x9000000 (pl011): a device, and reading has effects");
	EXPECT_EQ(put(&b, "phys", UART, to, 1, text, sizeof text), 0);
	EXPECT_STR(text, "0x9000000 (phys): PA 0x9000000 (pl011): a device, and writing has effects");
	EXPECT_EQ(get(&b, "el1", 0x5000, to, 8, text, sizeof text), 8); /* flash */
	EXPECT_EQ(put(&b, "el1", 0x5000, to, 8, text, sizeof text), 0);
	EXPECT_STR(text, "0x5000 (el1): PA 0x0 (flash): read-only memory");
	EXPECT_EQ(get(&b, "phys", RAM + (16 << 20) - 4, to, 8, text, sizeof text), 4);
	EXPECT_STR(text, "0x41000000 (phys): PA 0x41000000: nothing is there");
	EXPECT_EQ(get(&b, "phys", ~0ull, to, 8, text, sizeof text), 0);
	EXPECT_EQ(get(&b, "ipa", 1ull << 60, to, 8, text, sizeof text), 0);
	EXPECT_EQ(get(&b, "el1", ~0ull - 3, to, 8, text, sizeof text), 0);
	bench_close(&b);
}

TEST(looking_changes_nothing)
{
	static const char *const spaces[] = { "current", "el1", "el2", "s1", "ipa", "phys", "sphys" };
	struct bench b;
	char text[512], before[65], after[65];
	u8 to[0x3000];

	bench_open(&b);
	map(&b, &b.s1, 0x1000, 3, 0x5000 | PAGE);
	map(&b, &b.s2, 0x5000, 3, FREE | PAGE | S2R);
	map(&b, &b.s2, TABLES, 2, (TABLES & ~MASK(20, 0)) | BLOCK | S2R);
	at_el1(&b, true);
	b.c->sys.tcr[1] |= 3ull << 39; /* HA, HD */
	b.c->sys.vtcr_el2 |= 3ull << 21;
	cpu_update_context(b.c);
	machine_digest(b.m, before);
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
		get(&b, spaces[i], 0x1000, to, sizeof to, text, sizeof text);
	machine_digest(b.m, after);
	EXPECT_STR(before, after);
	bench_close(&b);
}

/* The PE in a VM (0: in EL2), with tables of its own for the ASID; user: at EL0. */
static void switch_to(struct bench *b, u64 vmid, u64 s2_root, u64 asid, u64 root, bool user)
{
	struct sysregs *s = &b->c->sys;

	if (vmid) {
		s->vttbr_el2 = s2_root | vmid << 48;
		s->ttbr0[1] = root | asid << 48;
	}
	cpu_select_sp(b->c, vmid ? !user : 2, !user);
	cpu_update_context(b->c);
}

TEST(what_runs_nowhere_is_read_by_vmid_and_asid)
{
	struct bench b;
	struct tables s2[3], s1[3][3];
	struct mem_snap *m = calloc(1, sizeof(*m));
	char space[64], text[512];
	u64 v;

	m->s.bytes = mem_bytes;
	bench_open(&b);
	at_el1(&b, true);
	switch_to(&b, 0, 0, 0, 0, false);
	for (u64 vm = 1; vm < 3; vm++) {
		s2[vm] = b.s2;
		s2[vm].root = align_up(b.next, 8192);
		b.next = s2[vm].root + 8192;
		map(&b, &s2[vm], TABLES, 2, (TABLES & ~MASK(20, 0)) | BLOCK | S2ALL);
		for (u64 asid = 1; asid < 3; asid++) {
			u64 page = FREE + (vm * 4 + asid) * 4096;

			s1[vm][asid] = b.s1;
			s1[vm][asid].root = new_table(&b.next, 12);
			map(&b, &s1[vm][asid], 0x1000, 3, (0x5000 + asid * 4096) | PAGE | AF);
			map(&b, &s2[vm], 0x5000 + asid * 4096, 3, page | PAGE | S2ALL);
			bus_put64(b.m->bus, page, vm * 16 + asid);
		}
	}
	for (u64 vm = 1; vm < 3; vm++)
		for (u64 asid = 1; asid < 3; asid++) {
			switch_to(&b, vm, s2[vm].root, asid, s1[vm][asid].root, true);
			switch_to(&b, vm, s2[vm].root, asid, b.s1.root, false); /* as an idle task */
			switch_to(&b, 0, 0, 0, 0, false);
		}
	b.c->sys.ttbr0[1] = b.c->sys.vttbr_el2 = 0;
	for (u64 vm = 1; vm < 3; vm++)
		for (u64 asid = 1; asid < 3; asid++) {
			snprintf(space, sizeof space, "s1:vmid=%" PRIu64 ",asid=%" PRIu64, vm, asid);
			EXPECT_EQ(get64(&b, space, 0x1000), vm * 16 + asid);
			snprintf(space, sizeof space, "ipa:vmid=%" PRIu64, vm);
			EXPECT_EQ(get64(&b, space, 0x5000 + asid * 4096), vm * 16 + asid);
		}
	EXPECT_EQ(get(&b, "s1:vmid=1,asid=3", 0x1000, &v, 8, text, sizeof text), 0);
	EXPECT_STR(text, "s1:vmid=1,asid=3: no PE is known to have run it lately");
	/* the same after a snapshot */
	seen_snap(b.c, &m->s);
	seen_forget(b.c);
	EXPECT_EQ(get(&b, "s1:vmid=2,asid=1", 0x1000, &v, 8, text, sizeof text), 0);
	mem_rewind(m);
	seen_snap(b.c, &m->s);
	EXPECT(!m->s.failed);
	EXPECT_EQ(get64(&b, "s1:vmid=2,asid=1", 0x1000), 0x21);
	EXPECT_EQ(get64(&b, "ipa:vmid=1", 0x7000), 0x12);
	for (size_t cut = 0, whole = m->size; cut < whole; cut += whole / 50) { /* a damaged one */
		mem_rewind(m);
		m->size = cut;
		seen_snap(b.c, &m->s);
		EXPECT(m->s.failed);
	}
	free(m);
	bench_close(&b);
}

TEST(what_was_seen_is_bounded_and_saved)
{
	struct bench b;
	char before[65], after[65];
	u64 n = 0;

	bench_open(&b);
	at_el1(&b, true);
	for (u64 i = 1; i < 70000; i++)
		switch_to(&b, i % 3000 + 1, b.s2.root, i & 0xffff, b.s1.root, i & 1);
	for (const struct seen *e = NULL; (e = seen_next(b.c, e)); n++)
		EXPECT(e->r.feat == &b.c->core.mmu);
	EXPECT(n > SEEN_SETS && n <= SEEN_SETS * SEEN_WAYS);
	machine_digest(b.m, before);
	seen_forget(b.c);
	machine_digest(b.m, after);
	EXPECT(strcmp(before, after) != 0);
	bench_close(&b);
}

/* ---- what TLBs hold ---- */

static void look_up(struct bench *b, u64 addr, u8 what)
{
	struct access a = { .what = what, .priv = true };
	struct xlat x;
	u16 l1;

	mmu_lookup(b->c->mmu, &b->c->regime, addr, a, &x, &l1);
	EXPECT_EQ(x.fault.kind, FAULT_NONE);
}

/* The answer to `tlb FILTERS`, without its last line; that is in *count. */
static char *list(struct bench *b, const char *filters, char count[120])
{
	struct why why = { "" };
	char *text, *end;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	*count = 0;
	if (memspace_tlb(b->m, filters, out, &why) < 0)
		fputs(why.text, out);
	fclose(out);
	end = size > 1 && text[size - 1] == '\n' ? text + size - 1 : NULL;
	if (!end)
		return text;
	*end = 0;
	end = strrchr(text, '\n');
	snprintf(count, 120, "%s", end ? end + 1 : text);
	*(end ? end + 1 : text) = 0;
	return text;
}

static void listed(struct bench *b, const char *filters, const char *want, const char *want_count)
{
	char count[120], *text = list(b, filters, count);

	EXPECT_STR(count, want_count);
	if (want)
		EXPECT_STR(text, want);
	free(text);
}

/* Three pages of a process of a VM, which l1d and main TLB then hold. */
static void fill(struct bench *b, u64 at[3], u64 s2_at[3])
{
	map(b, &b->s2, TABLES, 2, (TABLES & ~MASK(20, 0)) | BLOCK | S2ALL);
	for (u64 i = 0; i < 3; i++) {
		at[i] = map(b, &b->s1, 0x1000 + i * 4096, 3, (0x5000 + i * 4096) | PAGE | AF | ISH | NG);
		s2_at[i] = map(b, &b->s2, 0x5000 + i * 4096, 3, (FREE + i * 4096) | PAGE | S2ALL);
	}
	at_el1(b, true);
	b->c->sys.ttbr0[1] |= 7ull << 48;
	cpu_update_context(b->c);
	for (u64 i = 0; i < 3; i++)
		look_up(b, 0x1000 + i * 4096, ACC_READ);
}

TEST(entries_that_the_tables_say_are_not_stale)
{
	struct bench b;
	u64 at[3], s2_at[3];

	bench_open(&b);
	fill(&b, at, s2_at);
	listed(&b, "va=0x1234",
	       "PE 0 l1d  EL1&0 vmid=3 asid=7 VA 0x1000 -> IPA 0x5000 -> PA 0x40800000, 4 KiB, EL1 rwx EL0 --x, Normal WB RaWa, inner shareable\n"
	       "PE 0 main EL1&0 vmid=3 asid=7 VA 0x1000 -> IPA 0x5000 -> PA 0x40800000, 4 KiB, EL1 rwx EL0 --x, Normal WB RaWa, inner shareable\n"
	       "PE 0 walk EL1&0 vmid=3 asid=7 VA 0x0 -> level 2 table at IPA 0x40106000, 1 GiB\n"
	       "PE 0 walk EL1&0 vmid=3 asid=7 VA 0x0 -> level 1 table at IPA 0x40105000, 512 GiB\n"
	       "PE 0 walk EL1&0 vmid=3 asid=7 VA 0x0 -> level 3 table at IPA 0x40107000, 2 MiB\n",
	       "5 of 13 entries, 0 stale");
	listed(&b, "stale", "", "0 of 13 entries, 0 stale");
	listed(&b, "structure=ipa ipa=0x6fff",
	       "PE 0 ipa  S2    vmid=3 IPA 0x6000 -> PA 0x40801000, 4 KiB, EL1 rwx EL0 rwx, Normal WB RaWa, inner shareable\n", "1 of 13 entries, 0 stale");
	listed(&b, "pa=0x40801fff structure=l1d", NULL, "1 of 13 entries, 0 stale");
	listed(&b, "vmid=4", NULL, "0 of 13 entries, 0 stale");
	listed(&b, "asid=7", NULL, "9 of 13 entries, 0 stale");
	listed(&b, "el=2", NULL, "0 of 13 entries, 0 stale");
	listed(&b, "el=0 pe=0 max=1", NULL, "13 of 13 entries, 0 stale; the first 1 are shown (max=N)");
	listed(&b, "pe=1", NULL, "0 of 0 entries, 0 stale");
	listed(&b, "nonsense", "tlb: 'nonsense': expected pe=N, vmid=N, asid=N, va=ADDR, ipa=ADDR, pa=ADDR, el=N, max=N, structure=l1i|l1d|main|walk|ipa or stale", "");
	listed(&b, "va=x", NULL, "");
	listed(&b, "structure=l2", NULL, "");
	bench_close(&b);
}

static void stale_as(struct bench *b, const char *filters, const char *words)
{
	char count[120], *text = list(b, filters, count);
	const char *mark = strstr(text, "  STALE: ");

	if (EXPECT(mark != NULL) && strncmp(mark + 9, words, strlen(words)))
		FAIL_TEST("%s: wanted '%s', got '%s'", filters, words, mark + 9);
	free(text);
}

TEST(stale_entries_are_marked_and_say_how)
{
	struct bench b;
	u64 at[3], s2_at[3], desc, level2;

	bench_open(&b);
	fill(&b, at, s2_at);
	bus_put64(b.m->bus, at[0], 0);
	stale_as(&b, "va=0x1000 structure=l1d", "unmapped now: translation fault, stage 1 level 3\n");
	bus_put64(b.m->bus, at[0], 0x6000 | PAGE | AF | ISH | NG);
	stale_as(&b, "va=0x1000 structure=main", "PA 0x40801000 now\n");
	bus_put64(b.m->bus, at[0], 0x5000 | PAGE | AF | ISH | NG | RO);
	stale_as(&b, "va=0x1000 structure=l1d", "EL1 r-x EL0 --x now\n");
	bus_put64(b.m->bus, at[0], 0x5000 | PAGE | AF | 2ull << 8 | NG);
	stale_as(&b, "va=0x1000 structure=l1d", "Normal WB RaWa, outer shareable now\n");
	bus_put64(b.m->bus, at[0], 0x5000 | PAGE | AF | ISH);
	stale_as(&b, "va=0x1000 structure=l1d", "global now\n");
	bus_put64(b.m->bus, at[0], 0x5000 | PAGE | ISH | NG | BIT(55)); /* no access flag, another software bit */
	listed(&b, "stale", "", "0 of 13 entries, 0 stale");
	bus_put64(b.m->bus, s2_at[1], 0);
	stale_as(&b, "va=0x2000 structure=l1d", "unmapped now: translation fault, stage 2 level 3\n");
	stale_as(&b, "ipa=0x6000 structure=ipa", "unmapped now: translation fault, stage 2 level 3\n");
	listed(&b, "stale", NULL, "3 of 13 entries, 3 stale");
	bus_put64(b.m->bus, s2_at[1], (FREE + 4096) | PAGE | (S2ALL & ~S2W));
	stale_as(&b, "ipa=0x6000 structure=ipa", "EL1 r-x EL0 r-x now\n");
	bus_put64(b.m->bus, s2_at[1], (FREE + 4096) | PAGE | S2ALL);
	/* the table of level 3 elsewhere, with the same in it */
	level2 = b.s1.root;
	for (unsigned level = 0; level < 2; level++)
		level2 = bus_get64(b.m->bus, level2) & MASK(47, 12);
	desc = bus_get64(b.m->bus, level2);
	bus_put64(b.m->bus, level2, align_up(b.next, 4096) | 3);
	for (u64 i = 0; i < 512; i++)
		bus_put64(b.m->bus, align_up(b.next, 4096) + i * 8, bus_get64(b.m->bus, (desc & MASK(47, 12)) + i * 8));
	listed(&b, "stale structure=l1d", "", "0 of 13 entries, 0 stale");
	listed(&b, "stale", NULL, "1 of 13 entries, 1 stale");
	/* another process: its registers are known until they are forgotten */
	b.c->sys.ttbr0[1] = b.s1.root | 8ull << 48;
	cpu_update_context(b.c);
	listed(&b, "stale", NULL, "1 of 13 entries, 1 stale");
	seen_forget(b.c);
	cpu_update_context(b.c);
	listed(&b, "asid=7 structure=l1d", NULL, "3 of 13 entries, 0 stale, 3 of VMs or processes whose registers are not known (?)");
	bench_close(&b);
}

TEST(listing_changes_nothing)
{
	struct bench b;
	u64 at[3], s2_at[3];
	char before[65], after[65], count[120];

	bench_open(&b);
	fill(&b, at, s2_at);
	bus_put64(b.m->bus, at[0], 0);
	machine_digest(b.m, before);
	free(list(&b, "", count));
	machine_digest(b.m, after);
	EXPECT_STR(before, after);
	bench_close(&b);
}
