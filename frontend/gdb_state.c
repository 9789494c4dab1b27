/* Commands of the GDB stub that read and write registers and memory, and its breakpoints. */
#include "frontend/gdb_priv.h"

#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"

/* ---- registers ---- */

static void put_reg(struct gdb_stub *g, const struct reg *r)
{
	u8 v[16];

	if (reg_read(gdb_cpu(g), r, v))
		gdb_put_hex(g, v, r->bits / 8);
	else
		for (unsigned i = 0; i < r->bits / 4; i++)
			gdb_put(g, "x", 1); /* known, but this core has none */
}

/* g and G carry the registers of the core and FP features; gdb asks for system registers one by one. */
static bool in_g(const struct reg *r)
{
	return r->number <= REG_NUMBER_FPCR;
}

void gdb_read_regs(struct gdb_stub *g, const char *args)
{
	struct reg r = { 0 };

	while (reg_next(&r) && in_g(&r))
		put_reg(g, &r);
}

static bool set_reg(struct gdb_stub *g, const struct reg *r, const char **hex)
{
	u8 v[16] = { 0 };

	return gdb_hex_bytes(hex, v, r->bits / 8) && reg_write(gdb_cpu(g), r, v);
}

/* All of them or as many as come. PSTATE goes first: it says which stack pointer `sp` is. */
void gdb_write_regs(struct gdb_stub *g, const char *args)
{
	const size_t pstate = 2 * 8 * REG_NUMBER_CPSR;
	const char *at = args;
	struct reg r = { 0 };
	bool good = true;

	if (strlen(args) >= pstate + 8 && reg_number(REG_NUMBER_CPSR, &r)) {
		at = args + pstate;
		good = set_reg(g, &r, &at);
	}
	r = (struct reg){ 0 };
	for (at = args; good && *at && reg_next(&r) && in_g(&r);)
		good = set_reg(g, &r, &at);
	if (good && !*at)
		gdb_ok(g);
	else
		gdb_error(g, 0x16);
}

void gdb_read_reg(struct gdb_stub *g, const char *args)
{
	struct reg r;
	u64 number;

	if (!gdb_hex(&args, &number) || *args || number > UINT16_MAX || !reg_number((unsigned)number, &r))
		gdb_error(g, 0x16);
	else
		put_reg(g, &r);
}

void gdb_write_reg(struct gdb_stub *g, const char *args)
{
	struct reg r;
	u64 number;

	if (gdb_hex(&args, &number) && gdb_char(&args, '=') && number <= UINT16_MAX && reg_number((unsigned)number, &r) &&
	    strlen(args) == r.bits / 4u && set_reg(g, &r, &args))
		gdb_ok(g);
	else
		gdb_error(g, 0x16);
}

/* ---- memory ---- */

struct range {
	u64 addr, n;
};

/* ADDR,LENGTH. A range that wraps ends at the last address. */
static bool parse_range(const char **s, struct range *r)
{
	if (!gdb_hex(s, &r->addr) || !gdb_char(s, ',') || !gdb_hex(s, &r->n))
		return false;
	if (r->n && r->n - 1 > UINT64_MAX - r->addr)
		r->n = UINT64_MAX - r->addr + 1;
	return true;
}

/* As many of r's bytes as fit into a reply and can be reached; 0 with an error as the reply when there are none. */
static size_t read_range(struct gdb_stub *g, const char *args, u8 *to, size_t room)
{
	struct range r;
	struct why why;
	size_t n;

	if (!parse_range(&args, &r) || *args) {
		gdb_error(g, 0x16);
		return 0;
	}
	n = r.n < room ? (size_t)r.n : room;
	n = memspace_read(g->m, g->user.pe, &g->user.space, r.addr, to, n, &why);
	if (!n && r.n)
		gdb_error(g, 0x0e);
	return n;
}

void gdb_read_mem(struct gdb_stub *g, const char *args)
{
	u8 bytes[GDB_PACKET_SIZE / 2];
	size_t n = read_range(g, args, bytes, sizeof bytes);

	gdb_put_hex(g, bytes, n);
}

/* lldb's x. A read of nothing asks whether it is known. */
void gdb_read_raw(struct gdb_stub *g, const char *args)
{
	u8 bytes[GDB_PACKET_SIZE / 2];
	size_t n = read_range(g, args, bytes, sizeof bytes);

	gdb_put(g, bytes, n);
	if (!g->reply.n)
		gdb_ok(g);
}

static void write_range(struct gdb_stub *g, u64 addr, const void *bytes, size_t n)
{
	struct why why;

	if (memspace_write(g->m, g->user.pe, &g->user.space, addr, bytes, n, &why) == n)
		gdb_ok(g);
	else
		gdb_error(g, 0x0e);
}

void gdb_write_mem(struct gdb_stub *g, const char *args)
{
	u8 bytes[GDB_PACKET_SIZE / 2];
	struct range r;

	if (!parse_range(&args, &r) || !gdb_char(&args, ':') || r.n > sizeof bytes || strlen(args) != 2 * r.n ||
	    !gdb_hex_bytes(&args, bytes, (size_t)r.n))
		gdb_error(g, 0x16);
	else
		write_range(g, r.addr, bytes, (size_t)r.n);
}

void gdb_write_raw(struct gdb_stub *g, const char *args)
{
	struct range r;

	if (!parse_range(&args, &r) || !gdb_char(&args, ':') || r.n != g->in.n - (size_t)(args - g->in.data))
		gdb_error(g, 0x16);
	else
		write_range(g, r.addr, args, (size_t)r.n);
}

/* ---- breakpoints ---- */

static struct gdb_point *find_point(struct gdb_stub *g, const struct gdb_point *like)
{
	for (size_t i = 0; i < GDB_POINTS; i++) {
		struct gdb_point *p = &g->point[i];

		if (p->number && p->type == like->type && p->addr == like->addr && p->len == like->len)
			return p;
	}
	return NULL;
}

const struct gdb_point *gdb_own_point(const struct gdb_stub *g, u32 number)
{
	for (size_t i = 0; number && i < GDB_POINTS; i++)
		if (g->point[i].number == number)
			return &g->point[i];
	return NULL;
}

/* TYPE,ADDR,LENGTH; nothing behind, as no conditions or commands were offered. */
static bool parse_point(const char *args, struct gdb_point *p)
{
	struct range r;
	u64 type;

	if (!gdb_hex(&args, &type) || type > 4 || !gdb_char(&args, ',') || !parse_range(&args, &r) || *args)
		return false;
	*p = (struct gdb_point){ .type = (u8)type, .addr = r.addr, .len = r.n };
	return true;
}

static u32 add_point(struct gdb_stub *g, const struct gdb_point *p)
{
	struct debug_point point = {
		.kind = p->type < 2 ? POINT_BREAK : POINT_WATCH,
		.hidden = true,
		.addr = p->addr,
		.len = p->type < 2 ? 4 : p->len,
		.write = p->type == 2 || p->type == 4,
		.read = p->type >= 3,
	};
	struct why why;

	if (debug_add(g->debugger, &point, &why) == 0)
		return point.number;
	gdb_complain(g, "%s", why.text);
	return 0;
}

void gdb_insert(struct gdb_stub *g, const char *args)
{
	struct gdb_point p, *place = NULL;

	if (!parse_point(args, &p)) {
		gdb_error(g, 0x16);
		return;
	}
	if (find_point(g, &p)) { /* a packet that came twice */
		gdb_ok(g);
		return;
	}
	for (size_t i = 0; i < GDB_POINTS && !place; i++)
		if (!g->point[i].number)
			place = &g->point[i];
	if (place)
		p.number = add_point(g, &p);
	if (!place || !p.number) {
		gdb_error(g, 0x1c);
		return;
	}
	*place = p;
	gdb_ok(g);
}

void gdb_remove(struct gdb_stub *g, const char *args)
{
	struct gdb_point p, *place;

	if (!parse_point(args, &p)) {
		gdb_error(g, 0x16);
		return;
	}
	place = find_point(g, &p);
	if (place) {
		debug_remove(g->debugger, place->number);
		place->number = 0;
	}
	gdb_ok(g);
}

void gdb_remove_all(struct gdb_stub *g)
{
	for (size_t i = 0; i < GDB_POINTS; i++) {
		if (g->point[i].number)
			debug_remove(g->debugger, g->point[i].number);
		g->point[i].number = 0;
	}
}
