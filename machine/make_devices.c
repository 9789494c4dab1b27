/* Making the serial ports, the real-time clock and the marker page. Called by make.c. */
#include "machine/machine_priv.h"

#include <errno.h>
#include <time.h>

static void uart_tx(void *ctx, u8 byte)
{
	struct uart_port *u = ctx;

	if (u->port == 0)
		regions_console(u->m, byte);
	if (u->chardev)
		chardev_write(u->chardev, &byte, 1);
	else if (u->m->io.tx)
		u->m->io.tx(u->m->io.ctx, u->port, byte);
}

static size_t uart_room(void *ctx)
{
	struct uart_port *u = ctx;

	return pl011_can_rx(u->dev) ? 1 : 0;
}

static void uart_rx(void *ctx, const u8 *bytes, size_t n)
{
	struct uart_port *u = ctx;

	for (size_t i = 0; i < n; i++)
		pl011_rx(u->dev, bytes[i]);
}

/* -serial chardev:ID */
static int join_uart(struct machine *m, struct uart_port *u, struct why *why)
{
	const struct config_serial *s = &m->cfg->serial[u->port];
	const struct chardev_user user = { .ctx = u, .room = uart_room, .take = uart_rx };

	if (s->kind != SERIAL_CHARDEV)
		return 0;
	u->chardev = machine_chardev(m, s->path);
	if (!u->chardev)
		return why_set(why, EINVAL, "-serial chardev:%s: expected the id of a -chardev", s->path);
	return chardev_attach(u->chardev, &user) ? 0 : why_set(why, EBUSY, "-serial chardev:%s: another port has it", s->path);
}

static u64 now_of(void *ctx)
{
	return machine_now(ctx);
}

static int make_uart(struct machine *m, unsigned port, u64 base, unsigned spi, bool secure, struct why *why)
{
	struct uart_port *u = &m->uart[port];
	struct pl011_config pc = { .irq = gic_spi(m->gic, spi), .tx = uart_tx, .ctx = u, .log = m->log };

	u->m = m;
	u->port = port;
	u->dev = pl011_new(&pc);
	if (!u->dev || bus_add_device(m->bus, base, &pl011_ops, u->dev, secure))
		return why_set(why, ENOMEM, "no memory for serial port %u", port);
	return join_uart(m, u, why);
}

static s64 rtc_start(const struct config *cfg)
{
	time_t t;
	struct tm tm;

	if (!cfg->rtc_host)
		return cfg->rtc_base;
	t = time(NULL);
	if (cfg->rtc_localtime && localtime_r(&t, &tm))
		return (s64)t + tm.tm_gmtoff;
	return (s64)t;
}

int make_devices(struct machine *m, struct why *why)
{
	struct pl031_config rc = { .irq = gic_spi(m->gic, BOARD_SPI_RTC), .queue = &m->queue, .now = now_of, .ctx = m,
				   .log = m->log };
	const struct marker_config mc = { .ask = regions_ask, .ctx = m, .log = m->log };
	int r = make_uart(m, 0, BOARD_UART0_BASE, BOARD_SPI_UART0, false, why);

	if (!r && (m->cfg->secure || m->cfg->serial[1].kind != SERIAL_NONE))
		r = make_uart(m, 1, BOARD_UART1_BASE, BOARD_SPI_UART1, m->cfg->secure, why);
	if (r)
		return r;
	m->rtc_start = rtc_start(m->cfg);
	rc.start = (u32)m->rtc_start;
	m->rtc = pl031_new(&rc);
	if (!m->rtc || bus_add_device(m->bus, BOARD_RTC_BASE, &pl031_ops, m->rtc, false))
		return why_set(why, ENOMEM, "no memory for the real-time clock");
	m->marker = marker_new(&mc);
	if (!m->marker || bus_add_device(m->bus, BOARD_MARKER_BASE, &marker_ops, m->marker, false))
		return why_set(why, ENOMEM, "no memory for the marker page");
	return 0;
}

void free_devices(struct machine *m)
{
	pl011_free(m->uart[0].dev);
	pl011_free(m->uart[1].dev);
	pl031_free(m->rtc);
	marker_free(m->marker);
}
