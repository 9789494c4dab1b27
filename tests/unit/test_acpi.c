/* ACPI and SMBIOS tables, placed as firmware places them: commands in bounds, sums right. */
#include <stdlib.h>
#include <string.h>

#include "cpu/features.h"
#include "machine/acpi.h"
#include "machine/config.h"
#include "tests/unit/harness.h"

#define PLACE 0x12340000ull /* where the tables are taken to be */

struct files {
	struct config c;
	struct table tables, rsdp, loader;
};

static u64 get(const u8 *p, unsigned n)
{
	u64 v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (u64)p[i] << 8 * i;
	return v;
}

static u8 sum(const u8 *p, size_t n)
{
	u8 s = 0;

	while (n--)
		s += *p++;
	return s;
}

static struct table *file(struct files *f, const char *name)
{
	return !strcmp(name, "etc/acpi/tables") ? &f->tables
	       : !strcmp(name, "etc/acpi/rsdp") ? &f->rsdp
						: NULL;
}

/* What firmware does with one command; false when it names nothing or leaves a file. */
static bool obey(struct files *f, const u8 *cmd)
{
	struct table *t = file(f, (const char *)cmd + 4);
	u64 a = get(cmd + 60, 4), b = get(cmd + 64, 4), n = get(cmd + 68, 4);

	switch (get(cmd, 4)) {
	case 1:
		return t && a && (cmd[64] == 1 || cmd[64] == 2);
	case 2:
		a = get(cmd + 116, 4);
		if (!t || file(f, (const char *)cmd + 60) != &f->tables || a + cmd[120] > t->n)
			return false;
		table_patch(t, a, get(t->data + a, cmd[120]) + PLACE, cmd[120]);
		return get(t->data + a, cmd[120]) < PLACE + f->tables.n;
	case 3:
		if (!t || a >= t->n || b + n > t->n)
			return false;
		table_patch(t, a, (u8)-sum(t->data + b, n), 1);
		return true;
	}
	return false;
}

static bool make(struct files *f, unsigned gic, unsigned pes, bool el2)
{
	struct cpu_core core;

	memset(f, 0, sizeof *f);
	config_init(&f->c);
	f->c.gic_version = (u8)gic;
	f->c.pes = pes;
	f->c.virtualization = el2;
	cpu_core_make(&core, cpu_core_find("neoverse-n1"), el2, false, NULL);
	if (!acpi_make(&f->c, &core, el2 ? "smc" : "hvc", &f->tables, &f->rsdp, &f->loader))
		return false;
	for (size_t at = 0; at < f->loader.n; at += 128)
		if (!obey(f, f->loader.data + at))
			return false;
	return f->loader.n % 128 == 0;
}

static void drop(struct files *f)
{
	table_free(&f->tables);
	table_free(&f->rsdp);
	table_free(&f->loader);
	config_free(&f->c);
}

/* The table with this signature, by the way that an OS goes; its sum is right. */
static const u8 *find(struct files *f, const char *signature, u32 *size)
{
	const u8 *xsdt = f->tables.data + get(f->rsdp.data + 24, 8) - PLACE, *t;

	for (u64 at = 36; at < get(xsdt + 4, 4); at += 8) {
		t = f->tables.data + get(xsdt + at, 8) - PLACE;
		*size = (u32)get(t + 4, 4);
		EXPECT_EQ(sum(t, *size), 0);
		if (!memcmp(t, signature, 4))
			return t;
	}
	return NULL;
}

TEST(acpi_tables_are_found_from_the_root_with_right_sums)
{
	static const char *const wanted[] = { "FACP", "APIC", "PPTT", "GTDT",
					      "MCFG", "SPCR", "DBG2", "IORT" };
	struct files f;
	const u8 *t;
	u32 size;

	ASSERT(make(&f, 3, 2, true));
	EXPECT(!memcmp(f.rsdp.data, "RSD PTR ", 8));
	EXPECT_EQ(sum(f.rsdp.data, 20), 0);
	EXPECT_EQ(sum(f.rsdp.data, 36), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!find(&f, wanted[i], &size))
			FAIL_TEST("no %s", wanted[i]);
	t = find(&f, "FACP", &size);
	ASSERT(t && size == 276);
	EXPECT_EQ(get(t + 112, 4), 1 << 20); /* hardware-reduced */
	EXPECT_EQ(get(t + 129, 2), 1);	     /* PSCI by SMC */
	t = f.tables.data + get(t + 140, 8) - PLACE;
	EXPECT(!memcmp(t, "DSDT", 4));
	EXPECT_EQ(sum(t, get(t + 4, 4)), 0);
	drop(&f);
	ASSERT(make(&f, 3, 1, false));
	t = find(&f, "FACP", &size);
	ASSERT(t);
	EXPECT_EQ(get(t + 129, 2), 3);
	drop(&f);
}

/* Bytes of MADT structures by type. */
static unsigned madt(struct files *f, unsigned gic, unsigned pes, unsigned type)
{
	unsigned n = 0;
	u32 size;
	const u8 *t;

	if (!make(f, gic, pes, true) || !(t = find(f, "APIC", &size)))
		return ~0u;
	for (u32 at = 44; at < size && t[at + 1]; at += t[at + 1])
		n += t[at] == type;
	drop(f);
	return n;
}

TEST(acpi_madt_has_what_the_interrupt_controller_has)
{
	struct files f;

	EXPECT_EQ(madt(&f, 3, 64, 0x0b), 64);
	EXPECT_EQ(madt(&f, 3, 1, 0x0e), 1);
	EXPECT_EQ(madt(&f, 3, 1, 0x0f), 1);
	EXPECT_EQ(madt(&f, 2, 2, 0x0b), 2);
	EXPECT_EQ(madt(&f, 2, 2, 0x0e), 0);
}

TEST(aml_lengths_count_themselves)
{
	static const size_t sizes[] = { 1, 62, 63, 64, 4093, 4094, 4095, 70000 };

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct table t = { 0 };
		size_t at = aml_block(&t, AML_ELSE);
		unsigned extra;
		u32 n;

		table_zeros(&t, sizes[i]);
		aml_close(&t, at);
		extra = t.data[1] >> 6;
		n = extra ? t.data[1] & 15 : t.data[1];
		for (unsigned k = 0; k < extra; k++)
			n |= (u32)t.data[2 + k] << (4 + 8 * k);
		EXPECT_EQ(n, t.n - 1);
		EXPECT_EQ(n, sizes[i] + 1 + extra);
		table_free(&t);
	}
}

TEST(smbios_entry_point_and_structures_agree)
{
	struct table anchor = { 0 }, s = { 0 };
	unsigned dimms = 0;
	struct config c;
	size_t at = 0;

	config_init(&c);
	c.ram_size = 40ull << 30;
	ASSERT(smbios_make(&c, &anchor, &s));
	EXPECT_EQ(anchor.n, 24);
	EXPECT_EQ(sum(anchor.data, 24), 0);
	EXPECT_EQ(get(anchor.data + 12, 4), s.n);
	while (at + 4 <= s.n) {
		bool last = s.data[at] == 127;

		dimms += s.data[at] == 17;
		at += s.data[at + 1];
		while (at + 1 < s.n && (s.data[at] || s.data[at + 1]))
			at++;
		at += 2;
		EXPECT_EQ(last, at == s.n);
	}
	EXPECT_EQ(dimms, 3);
	table_free(&anchor);
	table_free(&s);
	config_free(&c);
}
