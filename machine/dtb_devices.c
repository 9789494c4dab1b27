/*
 * The nodes of flash, serial ports, clock, Secure RAM, GPIO with its keys, and fw_cfg, as QEMU's
 * virt writes them. Called by dtb.c.
 */
#include "machine/board.h"
#include "machine/tree.h"

static void add_uart(struct tree *t, unsigned i, u32 clock, bool secure)
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
	if (i == 0 || secure)
		tree_string(t, uarts[i].chosen, "stdout-path", path);
	if (secure)
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
	if (!c->secure && c->serial[1].kind != SERIAL_NONE)
		add_uart(t, 1, t->clock, false);
	add_uart(t, 0, t->clock, false);
	if (c->secure) {
		add_uart(t, 1, t->clock, true);
		add_secure_ram(t);
	}
	add_rtc(t, t->clock);
}

static void add_bank(struct tree *t, const char *path, unsigned first, unsigned n, bool secure)
{
	u32 reg[8];

	for (unsigned i = 0; i < n; i++) {
		reg[4 * i] = reg[4 * i + 2] = 0;
		reg[4 * i + 1] = (u32)(BOARD_FLASH_BASE + (first + i) * BOARD_FLASH_SIZE);
		reg[4 * i + 3] = (u32)BOARD_FLASH_SIZE;
	}
	tree_add(t, "/", path + 1);
	tree_string(t, path, "compatible", "cfi-flash");
	tree_cells(t, path, "reg", reg, 4 * n);
	tree_u32(t, path, "bank-width", 4);
	if (secure)
		tree_secure_only(t, path);
}

void tree_flash(struct tree *t, const struct config *c)
{
	if (c->secure) {
		add_bank(t, "/secflash@0", 0, 1, true);
		add_bank(t, "/flash@4000000", 1, 1, false);
	} else {
		add_bank(t, "/flash@0", 0, 2, false);
	}
}

static u32 add_gpio(struct tree *t, const char *path, u64 base, u32 spi)
{
	static const char compatible[] = "arm,pl061\0arm,primecell";

	tree_add(t, "/", path + 1);
	tree_reg(t, path, base, BOARD_GPIO_SIZE);
	tree_prop(t, path, "compatible", compatible, sizeof compatible);
	tree_u32(t, path, "#gpio-cells", 2);
	tree_flag(t, path, "gpio-controller");
	TREE_CELLS(t, path, "interrupts", IRQ_SPI, spi, IRQ_LEVEL_HIGH);
	tree_u32(t, path, "clocks", t->clock);
	tree_string(t, path, "clock-names", "apb_pclk");
	return tree_phandle(t, path);
}

static void add_power_key(struct tree *t)
{
	static const char path[] = "/gpio-keys/poweroff";
	u32 gpio = add_gpio(t, "/pl061@9030000", BOARD_GPIO_BASE, BOARD_SPI_GPIO);

	tree_add(t, "/", "gpio-keys");
	tree_string(t, "/gpio-keys", "compatible", "gpio-keys");
	tree_add(t, "/gpio-keys", "poweroff");
	tree_string(t, path, "label", "GPIO Key Poweroff");
	tree_u32(t, path, "linux,code", 116); /* KEY_POWER */
	TREE_CELLS(t, path, "gpios", gpio, BOARD_GPIO_POWER_KEY, 0);
}

static void add_secure_key(struct tree *t, const char *path, u32 gpio, u32 line)
{
	tree_add(t, "/", path + 1);
	tree_string(t, path, "compatible", path + 1);
	TREE_CELLS(t, path, "gpios", gpio, line, 0);
	tree_secure_only(t, path);
}

void tree_gpio(struct tree *t, const struct config *c)
{
	static const char path[] = "/pl061@90b0000";
	u32 gpio;

	if (!config_ged(c))
		add_power_key(t);
	if (!c->secure)
		return;
	gpio = add_gpio(t, path, BOARD_SECGPIO_BASE, BOARD_SPI_SECGPIO);
	tree_secure_only(t, path);
	add_secure_key(t, "/gpio-poweroff", gpio, BOARD_SECGPIO_POWER_OFF);
	add_secure_key(t, "/gpio-restart", gpio, BOARD_SECGPIO_RESET);
}

void tree_fw_cfg(struct tree *t)
{
	static const char path[] = "/fw-cfg@9020000";

	tree_add(t, "/", path + 1);
	tree_string(t, path, "compatible", "qemu,fw-cfg-mmio");
	tree_reg(t, path, BOARD_FW_CFG_BASE, BOARD_FW_CFG_SIZE);
	tree_flag(t, path, "dma-coherent");
}
