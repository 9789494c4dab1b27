/*
 * A GIC with up to four PEs for the tests of gic/. The PEs never run: only the fields that the GIC
 * reads are set, and their pins show what is signalled. Registers are reached by name and through
 * the rows' checks.
 */
#ifndef TESTS_UNIT_TEST_GIC_H
#define TESTS_UNIT_TEST_GIC_H

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/snap.h"
#include "gic/gic.h"
#include "harness.h"

struct bench {
	struct gic *g;
	struct bus *bus; /* owned; NULL: none */
	struct sysreg_map *map;
	struct cpu *c[4];
	unsigned n;
	bool ns; /* distributor and redistributor accesses are Non-secure */
};

static inline void bench_free(struct bench *b)
{
	gic_free(b->g);
	bus_free(b->bus);
	sysreg_map_free(b->map);
	for (unsigned i = 0; i < b->n; i++)
		free(b->c[i]);
}

static inline struct gic_config bench_config(unsigned n, u64 features)
{
	return (struct gic_config){ .version = 3,
				    .n_pes = n,
				    .n_spis = 256,
				    .two_security_states = (features & FEAT(EL3)) != 0 };
}

static inline struct bench bench_make(const struct gic_config *config, u64 features)
{
	unsigned n = config->n_pes;
	struct bench b = { .n = n, .ns = true, .map = sysreg_map_new(), .bus = config->bus };

	EXPECT_EQ(sysreg_map_add(b.map, gic_sysregs, gic_sysregs_n), 0);
	b.g = gic_new(config);
	for (unsigned i = 0; i < n; i++) {
		struct cpu *c = b.c[i] = aligned_alloc(64, align_up(sizeof *c, 64));

		memset(c, 0, sizeof *c);
		c->core.features = features | FEAT(GICV3);
		c->core.pri_bits = 5;
		c->core.lr_count = 4;
		c->sysregs = b.map;
		c->mpidr = 1u << 31 | i;
		c->index = i;
		c->el = 1;
		gic_attach_cpu(b.g, i, c);
	}
	return b;
}

static inline struct bench bench_new(unsigned n, u64 features)
{
	struct gic_config config = bench_config(n, features);

	return bench_make(&config, features);
}

static inline enum sysreg_access bench_try(struct bench *b, unsigned pe, const char *name,
					   bool write)
{
	const struct sysreg *r = sysreg_find_name(b->map, name), *reached;

	if (!EXPECT(r != NULL))
		return SYS_UNDEF;
	return sysreg_resolve(b->c[pe], r->enc, write, &reached);
}

/* A debugger that looks first sees the same and changes nothing: twice. */
static inline u64 rd(struct bench *b, unsigned pe, const char *name)
{
	const struct sysreg *row = sysreg_find_name(b->map, name);
	u64 seen, v;

	if (bench_try(b, pe, name, false) != SYS_OK) {
		FAIL_TEST("%s cannot be read at EL%u", name, b->c[pe]->el);
		return ~0ull;
	}
	seen = sysreg_peek(b->c[pe], row);
	EXPECT_EQ(sysreg_peek(b->c[pe], row), seen);
	v = sysreg_read(b->c[pe], row);
	EXPECT_EQ(seen, v);
	return v;
}

static inline void wr(struct bench *b, unsigned pe, const char *name, u64 v)
{
	if (bench_try(b, pe, name, true) != SYS_OK) {
		FAIL_TEST("%s cannot be written at EL%u", name, b->c[pe]->el);
		return;
	}
	sysreg_write(b->c[pe], sysreg_find_name(b->map, name), v);
}

static inline struct attrs bench_attrs(const struct bench *b)
{
	return (struct attrs){ .space = b->ns ? SPACE_NS : SPACE_S };
}
static inline u64 gicd_rd(struct bench *b, u64 off, unsigned width)
{
	return gic_dist_ops.read(gic_dist(b->g), off, width, bench_attrs(b));
}
static inline void gicd_wr(struct bench *b, u64 off, u64 v, unsigned width)
{
	gic_dist_ops.write(gic_dist(b->g), off, v, width, bench_attrs(b));
}
static inline u64 gicr_rd(struct bench *b, unsigned pe, u64 off, unsigned width)
{
	return gic_redist_ops.read(gic_redist(b->g, pe), off, width, bench_attrs(b));
}
static inline void gicr_wr(struct bench *b, unsigned pe, u64 off, u64 v, unsigned width)
{
	gic_redist_ops.write(gic_redist(b->g, pe), off, v, width, bench_attrs(b));
}

static inline bool pin(const struct bench *b, unsigned pe, enum cpu_pin n)
{
	return b->c[pe]->pins >> n & 1;
}
static inline bool irq(const struct bench *b, unsigned pe)
{
	return pin(b, pe, CPU_PIN_IRQ);
}
static inline bool fiq(const struct bench *b, unsigned pe)
{
	return pin(b, pe, CPU_PIN_FIQ);
}

/*
 * As Linux leaves the GIC: all in Group 1 at priority 0xa0, SPIs and SGIs enabled, all priorities
 * unmasked.
 */
static inline void bench_start(struct bench *b)
{
	gicd_wr(b, 0x0000, 0x12, 4);
	for (unsigned n = 1; n <= 8; n++) {
		gicd_wr(b, 0x080 + 4 * n, ~0u, 4);
		gicd_wr(b, 0x100 + 4 * n, ~0u, 4);
	}
	for (unsigned id = 32; id < 288; id += 4)
		gicd_wr(b, 0x400 + id, 0xa0a0a0a0, 4);
	for (unsigned i = 0; i < b->n; i++) {
		gicr_wr(b, i, 0x14, 0, 4);
		gicr_wr(b, i, 0x10080, ~0u, 4);
		gicr_wr(b, i, 0x10100, ~0u, 4);
		for (unsigned id = 0; id < 32; id += 4)
			gicr_wr(b, i, 0x10400 + id, 0xa0a0a0a0, 4);
		wr(b, i, "ICC_PMR_EL1", 0xf0);
		wr(b, i, "ICC_IGRPEN1_EL1", 1);
	}
}

/* A snapshot of everything in memory. */
struct bench_snap {
	struct snap s;
	u8 data[131072];
	size_t at;
};
static inline bool bench_bytes(struct snap *s, void *p, size_t n)
{
	struct bench_snap *m = container_of(s, struct bench_snap, s);

	if (m->at + n > sizeof m->data)
		return false;
	memcpy(s->loading ? p : m->data + m->at, s->loading ? m->data + m->at : p, n);
	m->at += n;
	return true;
}
static inline bool bench_snap(struct bench *b, struct bench_snap *m, bool load)
{
	m->s = (struct snap){ .loading = load, .bytes = bench_bytes };
	m->at = 0;
	gic_dist_ops.snap(gic_dist(b->g), &m->s);
	for (unsigned i = 0; i < b->n; i++)
		gic_redist_ops.snap(gic_redist(b->g, i), &m->s);
	return !m->s.failed;
}

static inline void spi(struct bench *b, unsigned n, bool level)
{
	struct wire w = gic_spi(b->g, n);

	wire_set(&w, level);
}
static inline void ppi(struct bench *b, unsigned pe, unsigned intid, bool level)
{
	struct wire w = gic_ppi(b->g, pe, intid);

	wire_set(&w, level);
}

#endif
