/* The Arm PrimeCell UART PL011 (DDI 0183), as the board's serial ports. */
#ifndef DEVICES_PL011_H
#define DEVICES_PL011_H

#include "base/wire.h"
#include "mmu/bus.h"

struct pl011;

struct pl011_config {
	struct wire irq; /* UARTINTR, the combined interrupt */
	/* a byte leaves; never called while loading a snapshot */
	void (*tx)(void *ctx, u8 byte);
	/* pl011_can_rx() has become true; may be NULL */
	void (*rx_ready)(void *ctx);
	void *ctx;
	struct log *log;
};

extern const struct device_ops pl011_ops;

struct pl011 *pl011_new(const struct pl011_config *cfg);
void pl011_free(struct pl011 *d);

/* A byte comes in. When !pl011_can_rx() it is lost, and the guest sees an overrun if its receiver is on. */
void pl011_rx(struct pl011 *d, u8 byte);
/* The line is held low for longer than a character. */
void pl011_rx_break(struct pl011 *d);
/* The receiver is on and has room. */
bool pl011_can_rx(const struct pl011 *d);

#endif
