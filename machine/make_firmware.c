/*
 * Making what firmware lives in and talks to: two flash banks, fw_cfg with its items, and the power
 * button, which is a GPIO key, or an ACPI event where firmware passes ACPI tables on. Called by
 * make.c.
 */
#include "machine/machine_priv.h"

#include "machine/acpi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- flash ---- */

static void flash_array(void *ctx, bool on)
{
	struct flash_bank *f = ctx;

	bus_flash_array(f->m->bus, f->base, on);
}

static enum space bank_space(const struct flash_bank *f)
{
	return f->m->cfg->secure && f == &f->m->flash[0] ? SPACE_S : SPACE_NS;
}

static void flash_changed(void *ctx, u64 off, u64 len)
{
	struct flash_bank *f = ctx;

	phys_written(f->m->bus, pa_make(bank_space(f), f->base + off), len);
}

static int bank_file(const struct config *c, unsigned i, struct flash_config *fc,
		     const char **option, struct why *why)
{
	const struct config_flash *f = &c->flash[i];

	fc->fd = -1;
	fc->path = i == 0 && c->bios ? c->bios : f->file;
	*option = i == 0 && c->bios ? "-bios" : "-pflash";
	if (!fc->path)
		return 0;
	fc->readonly = fc->path == f->file && f->readonly;
	fc->keep = fc->path == f->file && !f->readonly && !f->snapshot && !c->disk_snapshot;
	fc->fd = open(fc->path, (fc->keep ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fc->fd < 0)
		return why_set(why, errno, "%s %s: cannot open: %s", *option, fc->path,
			       strerror(errno));
	return 0;
}

static int make_bank(struct machine *m, unsigned i, struct why *why)
{
	struct flash_bank *f = &m->flash[i];
	struct flash_config fc = {
		.array = flash_array, .changed = flash_changed, .ctx = f, .log = m->log
	};
	const char *option;
	int r = bank_file(m->cfg, i, &fc, &option, why);

	if (r < 0)
		return r;
	f->m = m;
	f->base = BOARD_FLASH_BASE + i * BOARD_FLASH_SIZE;
	r = flash_new(&f->dev, &fc);
	if (r == -EFBIG)
		return why_set(why, EFBIG,
			       "%s %s: expected at most %llu MiB, the size of a flash bank", option,
			       fc.path, BOARD_FLASH_SIZE >> 20);
	if (r == -EINVAL)
		return why_set(why, EINVAL, "%s %s: expected a regular file", option, fc.path);
	if (r < 0)
		return why_set(why, -r, "%s %s: %s", option, fc.path ? fc.path : "(erased)",
			       strerror(-r));
	if (bus_add_flash(m->bus, f->base, &flash_ops, f->dev, flash_bytes(f->dev),
			  bank_space(f) == SPACE_S))
		return why_set(why, ENOMEM, "no memory for flash bank %u", i);
	return 0;
}

/* ---- the power button ---- */

static u64 now_of(void *ctx)
{
	return machine_now(ctx);
}

static void secure_key(void *sink, u32 pin, bool level)
{
	if (level)
		machine_system_end(sink, pin == BOARD_SECGPIO_RESET);
}

static int make_gpio(struct machine *m, struct pl061 **out, const struct pl061_config *pc, u64 base,
		     bool secure, struct why *why)
{
	*out = pl061_new(pc);
	if (!*out || bus_add_device(m->bus, base, &pl061_ops, *out, secure))
		return why_set(why, ENOMEM, "no memory for a GPIO controller");
	return 0;
}

static int make_buttons(struct machine *m, struct why *why)
{
	struct pl061_config pc = { .irq = gic_spi(m->gic, BOARD_SPI_GPIO),
				   .queue = &m->queue,
				   .now = now_of,
				   .ctx = m,
				   .log = m->log };
	struct pl061_config sc = { .irq = gic_spi(m->gic, BOARD_SPI_SECGPIO), .log = m->log };
	int r = 0;

	for (unsigned i = 0; i < 2; i++)
		sc.out[i] = (struct wire){ secure_key, m, i };
	if (config_ged(m->cfg)) {
		m->ged = ged_new(gic_spi(m->gic, BOARD_SPI_GED));
		if (!m->ged || bus_add_device(m->bus, BOARD_GED_BASE, &ged_ops, m->ged, false))
			return why_set(why, ENOMEM, "no memory for the ACPI event device");
	} else {
		r = make_gpio(m, &m->gpio, &pc, BOARD_GPIO_BASE, false, why);
	}
	if (!r && m->cfg->secure)
		r = make_gpio(m, &m->secgpio, &sc, BOARD_SECGPIO_BASE, true, why);
	return r;
}

void machine_power_button(struct machine *m)
{
	if (m->ged)
		ged_event(m->ged, GED_POWER_BUTTON);
	else
		pl061_press(m->gpio, BOARD_GPIO_POWER_KEY);
}

/* ---- fw_cfg ---- */

/* A kernel or initrd: its size and its bytes are two items. */
static int add_image(struct fw_cfg *d, u16 size_key, u16 data_key, const void *data, size_t n)
{
	int r = fw_cfg_add_u32(d, size_key, (u32)n);

	return r || !data ? r : fw_cfg_add(d, data_key, data, n);
}

static int add_boot(struct machine *m)
{
	const char *line = m->cfg->boot.append;
	size_t n;
	const void *data = boot_plan_kernel(m->plan, &n);
	int r = add_image(m->fw_cfg, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, data, n);

	data = boot_plan_initrd(m->plan, &n);
	if (r == 0)
		r = add_image(m->fw_cfg, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, data, n);
	if (r == 0)
		r = add_image(m->fw_cfg, FW_CFG_CMDLINE_SIZE, FW_CFG_CMDLINE_DATA, line,
			      line && config_firmware(m->cfg) ? strlen(line) + 1 : 0);
	return r;
}

static int add_numbers(struct machine *m)
{
	const struct config *c = m->cfg;
	static const u8 uuid[16];
	u8 ram[8];
	int r;

	for (unsigned i = 0; i < 8; i++)
		ram[i] = (u8)(c->ram_size >> 8 * i);
	r = fw_cfg_add(m->fw_cfg, FW_CFG_UUID, uuid, sizeof uuid);
	if (r == 0)
		r = fw_cfg_add(m->fw_cfg, FW_CFG_RAM_SIZE, ram, sizeof ram);
	if (r == 0)
		r = fw_cfg_add_u16(m->fw_cfg, FW_CFG_NOGRAPHIC, 1);
	if (r == 0)
		r = fw_cfg_add_u16(m->fw_cfg, FW_CFG_NB_CPUS, (u16)c->pes);
	if (r == 0)
		r = fw_cfg_add_u16(m->fw_cfg, FW_CFG_MAX_CPUS, (u16)c->pes);
	if (r == 0)
		r = fw_cfg_add_u16(m->fw_cfg, FW_CFG_BOOT_MENU, c->boot_menu);
	return r;
}

static int add_user_file(struct machine *m, const struct config_fw_cfg *f, struct why *why)
{
	struct stat st;
	void *data = NULL;
	int fd, r = -EINVAL;

	if (f->string)
		return fw_cfg_add_file(m->fw_cfg, f->name, f->string, strlen(f->string));
	fd = open(f->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= INT32_MAX) {
		data = malloc((size_t)st.st_size + 1);
		r = data && read(fd, data, (size_t)st.st_size) == st.st_size ? 0 : -EIO;
	}
	if (r)
		why_set(why, fd < 0 ? errno : -r, "-fw_cfg file=%s: %s", f->file,
			fd < 0 ? strerror(errno) : "expected a regular file that can be read");
	if (fd >= 0)
		close(fd);
	if (r == 0)
		r = fw_cfg_add_file(m->fw_cfg, f->name, data, (size_t)st.st_size);
	free(data);
	return r;
}

static int add_files(struct machine *m, struct why *why)
{
	const struct config *c = m->cfg;
	u8 menu[2] = { (u8)c->boot_menu_ms, (u8)(c->boot_menu_ms >> 8) };
	int r = fw_cfg_add_file(m->fw_cfg, "bootorder", "", 0);

	if (r == 0 && c->boot_menu)
		r = fw_cfg_add_file(m->fw_cfg, "etc/boot-menu-wait", menu, sizeof menu);
	for (size_t i = 0; i < c->n_fw_cfg && r == 0; i++) {
		why->text[0] = 0;
		r = add_user_file(m, &c->fw_cfg[i], why);
		if (r && !why->text[0])
			why_set(why, -r, "-fw_cfg name=%s: %s", c->fw_cfg[i].name, strerror(-r));
		if (r)
			return r;
	}
	return r ? why_set(why, -r, "no memory for fw_cfg") : 0;
}

/* Tables become files; frees them. */
static int add_table(struct machine *m, const char *name, struct table *t)
{
	int r = fw_cfg_add_file(m->fw_cfg, name, t->data, t->n);

	table_free(t);
	return r;
}

static int add_acpi(struct machine *m)
{
	struct table tables = { 0 }, rsdp = { 0 }, loader = { 0 };
	bool ok =
		acpi_make(m->cfg, &m->core, boot_plan_info(m->plan)->psci, &tables, &rsdp, &loader);
	int a = add_table(m, "etc/acpi/tables", &tables), b = add_table(m, "etc/acpi/rsdp", &rsdp);
	int c = add_table(m, "etc/table-loader", &loader);

	return ok && !a && !b && !c ? 0 : -ENOMEM;
}

static int add_smbios(struct machine *m)
{
	struct table anchor = { 0 }, structures = { 0 };
	bool ok = smbios_make(m->cfg, &anchor, &structures);
	int a = add_table(m, "etc/smbios/smbios-anchor", &anchor);
	int b = add_table(m, "etc/smbios/smbios-tables", &structures);

	return ok && !a && !b ? 0 : -ENOMEM;
}

static int make_fw_cfg(struct machine *m, struct why *why)
{
	m->fw_cfg = fw_cfg_new(m->bus, m->log);
	if (!m->fw_cfg || add_boot(m) || add_numbers(m) ||
	    bus_add_device(m->bus, BOARD_FW_CFG_BASE, &fw_cfg_ops, m->fw_cfg, false))
		return why_set(why, ENOMEM, "no memory for fw_cfg");
	if (add_smbios(m) || (config_ged(m->cfg) && add_acpi(m)))
		return why_set(why, ENOMEM, "no memory for tables of the firmware");
	return add_files(m, why);
}

int make_firmware(struct machine *m, struct why *why)
{
	int r = make_bank(m, 0, why);

	if (!r)
		r = make_bank(m, 1, why);
	if (!r)
		r = make_buttons(m, why);
	return r ? r : make_fw_cfg(m, why);
}

void free_firmware(struct machine *m)
{
	flash_free(m->flash[0].dev);
	flash_free(m->flash[1].dev);
	fw_cfg_free(m->fw_cfg);
	pl061_free(m->gpio);
	pl061_free(m->secgpio);
	ged_free(m->ged);
}
