/*
 * The target description (GDB manual, appendix G): what registers there are, their numbers, types and fields, from machine/registers.h.
 * Core and FP registers as gdb knows them; system registers in a feature and a group of their own.
 */
#include "frontend/gdb_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

static const char head[] = "<?xml version=\"1.0\"?>\n<!DOCTYPE %s SYSTEM \"gdb-target.dtd\">\n";

static const struct {
	const char *name, *element, *lane;
	unsigned lanes;
} vectors[] = {
	{ "v2d", "ieee_double", "d", 2 }, { "v2u", "uint64", NULL, 2 }, { "v2i", "int64", NULL, 2 },
	{ "v4f", "ieee_single", "s", 4 }, { "v4u", "uint32", NULL, 4 }, { "v4i", "int32", NULL, 4 },
	{ "v8f", "ieee_half", "h", 8 },	  { "v8u", "uint16", NULL, 8 }, { "v8i", "int16", NULL, 8 },
	{ "v16u", "uint8", "b", 16 },	  { "v16i", "int8", NULL, 16 }, { "v1u", "uint128", "q", 1 },
	{ "v1i", "int128", NULL, 1 },
};

/* A register as vectors of each kind of lane: $v0.d.u[1]. */
static void vector_type(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		fprintf(out, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>\n", vectors[i].name, vectors[i].element,
			vectors[i].lanes);
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const char *name = vectors[i].name;
		char last = name[strlen(name) - 1];

		if (vectors[i].lane)
			fprintf(out, "<union id=\"vn%s\">\n", vectors[i].lane);
		fprintf(out, "<field name=\"%c\" type=\"%s\"/>\n", last == 'd' ? 'f' : last == 'i' ? 's' : last, name);
		if (last == 'i')
			fputs("</union>\n", out);
	}
	fputs("<union id=\"aarch64v\">\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		if (vectors[i].lane)
			fprintf(out, "<field name=\"%s\" type=\"vn%s\"/>\n", vectors[i].lane, vectors[i].lane);
	fputs("</union>\n", out);
}

static bool same_field(const struct reg *r, const struct reg_field *f)
{
	size_t n;
	const struct reg_field *other = reg_fields(r, true, &n);

	for (size_t i = 0; i < n; i++)
		if (other[i].low == f->low && other[i].high == f->high && !strcmp(other[i].name, f->name))
			return true;
	return false;
}

/* The type of a register with fields; false: it has none. Of two layouts the description has what both share. */
static bool flags_type(const struct reg *r, FILE *out)
{
	size_t n;
	const struct reg_field *f = reg_fields(r, false, &n);

	if (!n)
		return false;
	fprintf(out, "<flags id=\"%s_fields\" size=\"%u\">\n", r->name, r->bits / 8u);
	for (size_t i = 0; i < n; i++)
		if (same_field(r, &f[i]))
			fprintf(out, "<field name=\"%s\" start=\"%u\" end=\"%u\"%s/>\n", f[i].name, f[i].low, f[i].high,
				f[i].low == f[i].high ? " type=\"bool\""
				: r->bits == 64	      ? " type=\"uint64\""
						      : " type=\"uint32\"");
	fputs("</flags>\n", out);
	return true;
}

static void put_reg(const struct reg *r, const char *type, const char *group, FILE *out)
{
	fprintf(out, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%u\" type=\"%s\"", r->name, r->bits, r->number, type);
	if (group)
		fprintf(out, " group=\"%s\"", group);
	fputs("/>\n", out);
}

static void core_feature(FILE *out)
{
	struct reg r = { 0 };

	fputs("<feature name=\"org.gnu.gdb.aarch64.core\">\n", out);
	while (reg_next(&r) && r.number < REG_NUMBER_CPSR)
		put_reg(&r,
			r.number == REG_NUMBER_SP   ? "data_ptr"
			: r.number == REG_NUMBER_PC ? "code_ptr"
						    : "int",
			NULL, out);
	flags_type(&r, out);
	put_reg(&r, "cpsr_fields", NULL, out);
	fputs("</feature>\n", out);
}

static void fpu_feature(FILE *out)
{
	struct reg r;

	fputs("<feature name=\"org.gnu.gdb.aarch64.fpu\">\n", out);
	vector_type(out);
	reg_number(REG_NUMBER_V0, &r);
	do
		put_reg(&r, r.bits == 128 ? "aarch64v" : "int", r.bits == 128 ? NULL : "float", out);
	while (reg_next(&r) && r.number <= REG_NUMBER_FPCR);
	fputs("</feature>\n", out);
}

static void write_target(struct gdb_stub *g, FILE *out)
{
	fprintf(out, head, "target");
	fputs("<target version=\"1.0\">\n<architecture>aarch64</architecture>\n", out);
	core_feature(out);
	fpu_feature(out);
	fputs("<xi:include href=\"system-registers.xml\"/>\n</target>\n", out);
}

static void write_system(struct gdb_stub *g, FILE *out)
{
	struct reg r = { 0 };
	u64 v;

	fprintf(out, head, "feature");
	fputs("<feature name=\"org.qemu.gdb.arm.sys.regs\">\n", out);
	while (reg_next(&r)) {
		char type[64] = "uint64";

		if (!r.row || !reg_read64(machine_pe(g->m, 0), &r, &v))
			continue;
		if (flags_type(&r, out))
			snprintf(type, sizeof type, "%s_fields", r.name);
		put_reg(&r, type, "system", out);
	}
	fputs("</feature>\n", out);
}

static const char *made(struct gdb_stub *g, char **text, void (*write)(struct gdb_stub *g, FILE *out))
{
	size_t size;
	FILE *out;

	if (*text)
		return *text;
	out = open_memstream(text, &size);
	if (!out)
		return NULL;
	write(g, out);
	fclose(out);
	return *text;
}

const char *gdb_description(struct gdb_stub *g, const char *name)
{
	if (!strcmp(name, "target.xml"))
		return made(g, &g->target, write_target);
	if (!strcmp(name, "system-registers.xml"))
		return made(g, &g->registers, write_system);
	return NULL;
}
