/*
 * Arm semihosting as far as bare-metal tests need it: writing to the console and exit with a status. Files are not offered
 * (the call returns -1). HLT #0xF000, operation in w0, argument in x1.
 */
#include "machine/machine_priv.h"

#include "base/bits.h"

enum { SYS_WRITEC = 0x03, SYS_WRITE0 = 0x04, SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20 };

#define STOPPED_APPLICATION_EXIT 0x20026

static void write_byte(struct machine *m, u8 b)
{
	if (m->io.tx)
		m->io.tx(m->io.ctx, 0, b);
}

static void write_string(struct machine *m, struct cpu *c, u64 va)
{
	u8 b;

	for (unsigned i = 0; i < 65536 && machine_read_va(c, va + i, &b, 1) && b; i++)
		write_byte(m, b);
}

bool machine_semihost(void *ctx, struct cpu *c)
{
	struct machine *m = ctx;
	u64 args[2] = { 0, 0 };
	u8 b;

	switch ((u32)c->x[0]) {
	case SYS_WRITEC:
		if (machine_read_va(c, c->x[1], &b, 1))
			write_byte(m, b);
		break;
	case SYS_WRITE0:
		write_string(m, c, c->x[1]);
		break;
	case SYS_EXIT:
	case SYS_EXIT_EXTENDED:
		machine_read_va(c, c->x[1], args, sizeof(args));
		m->status = args[0] == STOPPED_APPLICATION_EXIT ? (int)(args[1] & 0xff) : 1;
		machine_end_with(m, MACHINE_EXIT);
		break;
	default:
		log_once(m->log, LOG_UNIMPL, "semihosting", c->x[0], "operation %#x is not there", (u32)c->x[0]);
		c->x[0] = ~0ull;
	}
	return true;
}
