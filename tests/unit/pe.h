/*
 * A PE without memory for unit tests of registers and exceptions: registers and PSTATE as after
 * reset, no MMU, no blocks. Nothing runs on it; tests call cpu/'s functions.
 */
#ifndef TESTS_UNIT_PE_H
#define TESTS_UNIT_PE_H

#include <stdlib.h>
#include <string.h>

#include "cpu/context.h"
#include "cpu/cpu.h"
#include "cpu/seen.h"
#include "cpu/sysreg.h"

struct pe {
	struct cpu *c;
	struct sysreg_map *map;
};

static inline struct pe pe_new(const char *core, bool el2, bool el3)
{
	struct pe p = { aligned_alloc(64, (sizeof(struct cpu) + 63) & ~63ul), sysreg_map_new() };

	memset(p.c, 0, sizeof(*p.c));
	cpu_core_make(&p.c->core, cpu_core_find(core), el2, el3, NULL);
	sysreg_map_add(p.map, cpu_sysregs, cpu_sysregs_n);
	sysreg_map_add(p.map, pmu_sysregs, pmu_sysregs_n);
	p.c->sysregs = p.map;
	p.c->mpidr = 0x80000000;
	cpu_reset(p.c);
	return p;
}

static inline void pe_free(struct pe p)
{
	context_free(p.c);
	seen_forget(p.c);
	sysreg_map_free(p.map);
	free(p.c);
}

/* At EL el, with what the controls say now. */
static inline void pe_at(struct pe p, unsigned el)
{
	cpu_select_sp(p.c, el, el != 0);
	cpu_update_context(p.c);
}

static inline u64 pe_read(struct pe p, const char *name)
{
	return sysreg_read(p.c, sysreg_find_name(p.map, name));
}

static inline void pe_write(struct pe p, const char *name, u64 v)
{
	sysreg_write(p.c, sysreg_find_name(p.map, name), v);
	cpu_update_context(p.c);
}

static inline enum sysreg_access pe_access(struct pe p, const char *name, bool write)
{
	const struct sysreg *r;

	return sysreg_resolve(p.c, sysreg_find_name(p.map, name)->enc, write, &r);
}

#endif
