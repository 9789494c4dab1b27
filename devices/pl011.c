/*
 * PL011 UART (DDI 0183): registers, receive FIFO, every interrupt bit, loopback, PrimeCell identification.
 *
 * The line is infinitely fast: the transmit FIFO is always empty, the baud rate is stored and ignored, and
 * the receive time-out (32 bit periods) has passed as soon as a byte stands in the FIFO. Word length and
 * parity are stored and ignored too: bytes pass whole. Output leaves even while UARTEN is 0, because early
 * consoles count on firmware that had enabled the port; input waits outside until the receiver is on.
 * Not modelled: IrDA, DMA requests, the integration test registers.
 */
#include "devices/pl011.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/snap.h"
#include "devices/primecell.h"

enum {
	UARTDR = 0x000,
	UARTRSR = 0x004,
	UARTFR = 0x018,
	UARTILPR = 0x020,
	UARTIBRD = 0x024,
	UARTFBRD = 0x028,
	UARTLCR_H = 0x02c,
	UARTCR = 0x030,
	UARTIFLS = 0x034,
	UARTIMSC = 0x038,
	UARTRIS = 0x03c,
	UARTMIS = 0x040,
	UARTICR = 0x044,
	UARTDMACR = 0x048,
};

enum { DR_FE = BIT(8), DR_PE = BIT(9), DR_BE = BIT(10), DR_OE = BIT(11) };
enum {
	FR_CTS = BIT(0),
	FR_DSR = BIT(1),
	FR_DCD = BIT(2),
	FR_RXFE = BIT(4),
	FR_RXFF = BIT(6),
	FR_TXFE = BIT(7),
	FR_RI = BIT(8),
};
enum { LCR_BRK = BIT(0), LCR_FEN = BIT(4) };
enum {
	CR_UARTEN = BIT(0),
	CR_LBE = BIT(7),
	CR_TXE = BIT(8),
	CR_RXE = BIT(9),
	CR_DTR = BIT(10),
	CR_RTS = BIT(11),
	CR_OUT1 = BIT(12),
	CR_OUT2 = BIT(13),
};
enum {
	INT_RI = BIT(0),
	INT_CTS = BIT(1),
	INT_DCD = BIT(2),
	INT_DSR = BIT(3),
	INT_RX = BIT(4),
	INT_TX = BIT(5),
	INT_RT = BIT(6),
	INT_FE = BIT(7),
	INT_PE = BIT(8),
	INT_BE = BIT(9),
	INT_OE = BIT(10),
	INT_ALL = 0x7ff,
};

/* Revision 1 (r1p3/r1p4): FIFOs of 16. Drivers size their bursts by this number. */
enum { PART = 0x011, REVISION = 1, FIFO_DEPTH = 16 };

struct pl011 {
	struct pl011_config cfg;
	u32 lcr_h, cr, ifls, imsc, ris, dmacr;
	u32 ilpr, ibrd, fbrd;
	u32 rsr;              /* error bits of the last character read, and overrun */
	u32 modem;            /* FR_CTS.. as the inputs stand */
	u16 fifo[FIFO_DEPTH]; /* data and DR_* error bits */
	u32 head, count;
	bool overrun;         /* goes with the next character read */
};

static u32 fifo_depth(const struct pl011 *d)
{
	return d->lcr_h & LCR_FEN ? FIFO_DEPTH : 1;
}

/* Characters that raise the receive interrupt. DDI 0183 3.3.9 */
static u32 rx_trigger(const struct pl011 *d)
{
	static const u8 level[8] = { 2, 4, 8, 12, 14, 14, 14, 14 };

	return d->lcr_h & LCR_FEN ? level[bits(d->ifls, 5, 3)] : 1;
}

static void pl011_update(const struct pl011 *d)
{
	wire_set(&d->cfg.irq, (d->ris & d->imsc) != 0);
}

/* Receive interrupts follow the FIFO; a time-out is due whenever a character waits. */
static void rx_status(struct pl011 *d)
{
	if (d->count >= rx_trigger(d))
		d->ris |= INT_RX;
	else
		d->ris &= ~(u32)INT_RX;
	if (d->count)
		d->ris |= INT_RT;
	else
		d->ris &= ~(u32)INT_RT;
}

static void rx_flush(struct pl011 *d)
{
	d->head = 0;
	d->count = 0;
	rx_status(d);
}

/* A character with its error bits arrives from the line or from the loopback. */
static void rx_push(struct pl011 *d, u32 v)
{
	if (d->count >= fifo_depth(d)) {
		d->overrun = true;
		d->rsr |= DR_OE >> 8;
		d->ris |= INT_OE;
	} else {
		d->fifo[(d->head + d->count++) % FIFO_DEPTH] = (u16)v;
		if (v & DR_BE)
			d->ris |= INT_BE;
		rx_status(d);
	}
	pl011_update(d);
}

bool pl011_can_rx(const struct pl011 *d)
{
	u32 on = CR_UARTEN | CR_RXE;

	return (d->cr & (on | CR_LBE)) == on && d->count < fifo_depth(d);
}

void pl011_rx(struct pl011 *d, u8 byte)
{
	u32 on = CR_UARTEN | CR_RXE;

	if ((d->cr & (on | CR_LBE)) == on)
		rx_push(d, byte);
}

void pl011_rx_break(struct pl011 *d)
{
	u32 on = CR_UARTEN | CR_RXE;

	if ((d->cr & (on | CR_LBE)) == on)
		rx_push(d, DR_BE);
}

static void rx_notify(struct pl011 *d, bool could)
{
	if (!could && pl011_can_rx(d) && d->cfg.rx_ready)
		d->cfg.rx_ready(d->cfg.ctx);
}

static u32 read_dr(struct pl011 *d)
{
	bool could = pl011_can_rx(d);
	u32 v;

	if (!d->count)
		return 0;
	v = d->fifo[d->head];
	if (d->overrun)
		v |= DR_OE;
	d->overrun = false;
	d->head = (d->head + 1) % FIFO_DEPTH;
	d->count--;
	d->rsr = (d->rsr & (DR_OE >> 8)) | v >> 8;
	rx_status(d);
	pl011_update(d);
	rx_notify(d, could);
	return v;
}

static void write_dr(struct pl011 *d, u8 byte)
{
	if ((d->cr & (CR_UARTEN | CR_TXE)) != (CR_UARTEN | CR_TXE))
		log_once(d->cfg.log, LOG_GUEST, "pl011", UARTDR, "data written while the transmitter is off");
	if (d->cr & CR_LBE)
		rx_push(d, byte);
	else
		d->cfg.tx(d->cfg.ctx, byte);
	/* the FIFO has drained through its level already */
	d->ris |= INT_TX;
	pl011_update(d);
}

/* Modem inputs: nothing is plugged in, so only the loopback can assert them. */
static void modem_update(struct pl011 *d)
{
	static const struct {
		u16 out, flag, irq;
	} pairs[] = {
		{ CR_RTS, FR_CTS, INT_CTS },
		{ CR_DTR, FR_DSR, INT_DSR },
		{ CR_OUT1, FR_DCD, INT_DCD },
		{ CR_OUT2, FR_RI, INT_RI },
	};
	u32 now = 0;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if ((d->cr & CR_LBE) && (d->cr & pairs[i].out))
			now |= pairs[i].flag;
		if ((now ^ d->modem) & pairs[i].flag)
			d->ris |= pairs[i].irq;
	}
	d->modem = now;
}

static u32 read_fr(const struct pl011 *d)
{
	u32 v = FR_TXFE | d->modem;

	if (d->count == 0)
		v |= FR_RXFE;
	if (d->count >= fifo_depth(d))
		v |= FR_RXFF;
	return v;
}

static u32 read_reg(struct pl011 *d, u64 off, struct attrs at)
{
	switch (off) {
	case UARTDR:
		if (at.debug)
			return d->count ? d->fifo[d->head] : 0;
		return read_dr(d);
	case UARTRSR:
		return d->rsr;
	case UARTFR:
		return read_fr(d);
	case UARTILPR:
		return d->ilpr;
	case UARTIBRD:
		return d->ibrd;
	case UARTFBRD:
		return d->fbrd;
	case UARTLCR_H:
		return d->lcr_h;
	case UARTCR:
		return d->cr;
	case UARTIFLS:
		return d->ifls;
	case UARTIMSC:
		return d->imsc;
	case UARTRIS:
		return d->ris;
	case UARTMIS:
		return d->ris & d->imsc;
	case UARTDMACR:
		return d->dmacr;
	}
	if (off >= PRIMECELL_ID_BASE)
		return primecell_id(PART, REVISION, off);
	log_once(d->cfg.log, LOG_GUEST, "pl011", off, "read of reserved offset %#" PRIx64, off);
	return 0;
}

static void write_lcr_h(struct pl011 *d, u32 v)
{
	u32 changed = d->lcr_h ^ v;

	d->lcr_h = v & 0xff;
	if (changed & LCR_FEN)
		rx_flush(d);
	if ((changed & v & LCR_BRK) && (d->cr & CR_LBE))
		rx_push(d, DR_BE);
}

/* Cleared receive interrupts come back at once while their cause stands (rx_status). */
static void write_icr(struct pl011 *d, u32 v)
{
	d->ris &= ~v;
	if (d->count)
		d->ris |= INT_RT;
}

static void write_reg(struct pl011 *d, u64 off, u32 v)
{
	switch (off) {
	case UARTDR:
		write_dr(d, (u8)v);
		return;
	case UARTRSR:
		d->rsr = 0;
		return;
	case UARTILPR:
		d->ilpr = v & 0xff;
		return;
	case UARTIBRD:
		d->ibrd = v & 0xffff;
		return;
	case UARTFBRD:
		d->fbrd = v & 0x3f;
		return;
	case UARTLCR_H:
		write_lcr_h(d, v);
		return;
	case UARTCR:
		d->cr = v & 0xff87;
		modem_update(d);
		return;
	case UARTIFLS:
		d->ifls = v & 0x3f;
		rx_status(d);
		return;
	case UARTIMSC:
		d->imsc = v & INT_ALL;
		return;
	case UARTICR:
		write_icr(d, v & INT_ALL);
		return;
	case UARTDMACR:
		d->dmacr = v & 7;
		return;
	}
	log_once(d->cfg.log, LOG_GUEST, "pl011", off | BIT(63), "write to reserved offset %#" PRIx64, off);
}

/* Registers stand in the low bytes of words; the upper bytes of a narrow access see the same word. */
static u64 pl011_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	return read_reg(dev, off & ~3ull, at) >> (off & 3) * 8 & low_mask(width * 8);
}

static void pl011_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct pl011 *d = dev;
	bool could = pl011_can_rx(d);

	if (off & 3)
		return;
	write_reg(d, off, (u32)v);
	pl011_update(d);
	rx_notify(d, could);
}

static void pl011_reset(void *dev)
{
	struct pl011 *d = dev;

	*d = (struct pl011){ .cfg = d->cfg, .cr = CR_TXE | CR_RXE, .ifls = 0x12 };
	pl011_update(d);
}

static void pl011_snap(void *dev, struct snap *s)
{
	struct pl011 *d = dev;

	snap_section(s, "pl011", 1);
	snap_u32(s, &d->lcr_h);
	snap_u32(s, &d->cr);
	snap_u32(s, &d->ifls);
	snap_u32(s, &d->imsc);
	snap_u32(s, &d->ris);
	snap_u32(s, &d->dmacr);
	snap_u32(s, &d->ilpr);
	snap_u32(s, &d->ibrd);
	snap_u32(s, &d->fbrd);
	snap_u32(s, &d->rsr);
	snap_u32(s, &d->modem);
	for (size_t i = 0; i < FIFO_DEPTH; i++)
		snap_u16(s, &d->fifo[i]);
	snap_u32(s, &d->head);
	snap_u32(s, &d->count);
	snap_bool(s, &d->overrun);
	snap_check(s, d->head < FIFO_DEPTH, "fifo head");
	snap_check(s, d->count <= fifo_depth(d), "fifo count");
	if (s->failed)
		d->head = d->count = 0;
	if (s->loading)
		pl011_update(d);
}

static void pl011_show(void *dev, FILE *out)
{
	const struct pl011 *d = dev;

	fprintf(out, "    UARTCR 0x%x:%s%s%s; UARTRIS 0x%x, UARTIMSC 0x%x; receive FIFO %u of %u:", d->cr, d->cr & CR_UARTEN ? " on" : " off",
		d->cr & CR_TXE ? " sends" : "", d->cr & CR_RXE ? " receives" : "", d->ris, d->imsc, d->count, fifo_depth(d));
	for (u32 i = 0; i < d->count; i++)
		fprintf(out, " %02x", (u8)d->fifo[(d->head + i) % FIFO_DEPTH]);
	fputc('\n', out);
}

const struct device_ops pl011_ops = {
	.name = "pl011",
	.size = 0x1000,
	.widths = W8 | W16 | W32,
	.read = pl011_read,
	.write = pl011_write,
	.reset = pl011_reset,
	.snap = pl011_snap,
	.show = pl011_show,
};

struct pl011 *pl011_new(const struct pl011_config *cfg)
{
	struct pl011 *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->cfg = *cfg;
	pl011_reset(d);
	return d;
}

void pl011_free(struct pl011 *d)
{
	free(d);
}
