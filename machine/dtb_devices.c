/* The nodes of serial ports, clock, and Secure RAM, as QEMU's virt writes them. Called by dtb.c. */
#include "machine/board.h"
#include "machine/tree.h"

static void add_uart(struct tree *t, unsigned i, u32 clock)
{
	static const struct {
		u64 base;
		u32 spi;
		const char *alias, *chosen;
	} uarts[] = {
		{ BOARD_UART0_BASE, BOARD_SPI_UART0, "serial0", "/chosen" },
		{ BOARD_UART1_BASE, BOARD_SPI_UART1, "serial1", "/secure-chosen" },
	};
	static const char compatible[] = "arm,pl011\0arm,primecell", clocks[] = "uartclk\0apb_pclk";
	char path[32];

	snprintf(path, sizeof path, "/pl011@%" PRIx64, uarts[i].base);
	tree_add(t, "/", path + 1);
	tree_prop(t, path, "compatible", compatible, sizeof compatible);
	tree_reg(t, path, uarts[i].base, BOARD_UART_SIZE);
	TREE_CELLS(t, path, "interrupts", IRQ_SPI, uarts[i].spi, IRQ_LEVEL_HIGH);
	TREE_CELLS(t, path, "clocks", clock, clock);
	tree_prop(t, path, "clock-names", clocks, sizeof clocks);
	tree_string(t, "/aliases", uarts[i].alias, path);
	tree_string(t, uarts[i].chosen, "stdout-path", path);
	if (i == 1)
		tree_secure_only(t, path);
}

static void add_secure_ram(struct tree *t)
{
	static const char path[] = "/secram@e000000";

	tree_add(t, "/", path + 1);
	tree_string(t, path, "device_type", "memory");
	tree_reg(t, path, BOARD_SECRAM_BASE, BOARD_SECRAM_SIZE);
	tree_secure_only(t, path);
}

static void add_rtc(struct tree *t, u32 clock)
{
	static const char path[] = "/pl031@9010000", compatible[] = "arm,pl031\0arm,primecell";

	tree_add(t, "/", path + 1);
	tree_prop(t, path, "compatible", compatible, sizeof compatible);
	tree_reg(t, path, BOARD_RTC_BASE, BOARD_RTC_SIZE);
	TREE_CELLS(t, path, "interrupts", IRQ_SPI, BOARD_SPI_RTC, IRQ_LEVEL_HIGH);
	tree_u32(t, path, "clocks", clock);
	tree_string(t, path, "clock-names", "apb_pclk");
}

void tree_devices(struct tree *t, const struct config *c)
{
	add_uart(t, 0, t->clock);
	if (c->secure) {
		add_uart(t, 1, t->clock);
		add_secure_ram(t);
	}
	add_rtc(t, t->clock);
}
