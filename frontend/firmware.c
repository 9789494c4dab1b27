/*
 * Options for firmware: -bios, -pflash, -fw_cfg and -boot. What they name is opened by
 * machine/make_firmware.c.
 */
#include "frontend/options_priv.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"

int option_bios(struct parse *p, const char *arg)
{
	return set_string(p, &p->c->bios, arg);
}

/* The next bank without a file. */
int option_pflash(struct parse *p, const char *arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->c->flash); i++)
		if (!p->c->flash[i].file)
			return set_string(p, &p->c->flash[i].file, arg);
	return refuse(p, "the board has %zu flash banks", ARRAY_SIZE(p->c->flash));
}

int option_drive_flash(struct parse *p, const struct config_item *drive)
{
	const char *file = config_text(drive, "file", NULL);
	u64 unit = config_number(drive, "unit", config_number(drive, "index", 0));
	bool named = config_text(drive, "unit", config_text(drive, "index", NULL)) != NULL;
	struct config_flash *f = p->c->flash;

	if (strcmp(config_text(drive, "if", ""), "pflash"))
		return 0;
	while (!named && unit < ARRAY_SIZE(p->c->flash) && f[unit].file)
		unit++;
	if (unit >= ARRAY_SIZE(p->c->flash))
		return refuse(p, "the board has %zu flash banks", ARRAY_SIZE(p->c->flash));
	if (f[unit].file)
		return refuse(p, "flash bank %" PRIu64 " has a file already", unit);
	if (!file)
		return refuse(p, "expected file=FILE");
	f[unit].readonly = config_bool(drive, "readonly", false);
	f[unit].snapshot = config_bool(drive, "snapshot", false);
	return set_string(p, &f[unit].file, file);
}

/* ---- -fw_cfg ---- */

static struct config_fw_cfg *item(struct parse *p)
{
	return &p->c->fw_cfg[p->c->n_fw_cfg - 1];
}
static int item_name(struct parse *p, const char *v)
{
	return set_string(p, &item(p)->name, v);
}
static int item_file(struct parse *p, const char *v)
{
	return set_string(p, &item(p)->file, v);
}
static int item_string(struct parse *p, const char *v)
{
	return set_string(p, &item(p)->string, v);
}

int option_fw_cfg(struct parse *p, const char *arg)
{
	static const struct key keys[] = {
		{ .name = "name", .set = item_name },
		{ .name = "file", .set = item_file },
		{ .name = "string", .set = item_string },
		{ .name = "gen_id", .missing = "QEMU objects are not built" },
	};
	int r;

	if (p->c->n_fw_cfg == CONFIG_MAX_FW_CFG)
		return refuse(p, "more than %d", CONFIG_MAX_FW_CFG);
	p->c->fw_cfg[p->c->n_fw_cfg++] = (struct config_fw_cfg){ 0 };
	r = keys_parse(p, arg, "name", keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!item(p)->name || !item(p)->name[0])
		return refuse(p, "expected name=NAME");
	if (!item(p)->file == !item(p)->string)
		return refuse(p, "expected one of file= and string=");
	if (strlen(item(p)->name) > 55)
		return refuse(p, "name: expected at most 55 characters, got '%s'", item(p)->name);
	return 0;
}

/* ---- -boot ---- */

static int boot_menu(struct parse *p, const char *v)
{
	return value_bool(p, "menu", v, &p->c->boot_menu);
}
static int boot_splash_time(struct parse *p, const char *v)
{
	u64 ms = 0;
	int r = value_u64(p, "splash-time", v, 0, 0xffff, &ms);

	p->c->boot_menu_ms = (u16)ms;
	return r;
}
static int boot_strict(struct parse *p, const char *v)
{
	bool on;

	/* firmware that reads bootorder boots nothing else anyhow */
	return value_bool(p, "strict", v, &on);
}

int option_boot(struct parse *p, const char *arg)
{
	static const char no_letters[] =
		"firmware of this board has no drive letters; use bootindex=";
	static const struct key keys[] = {
		{ .name = "menu", .set = boot_menu },
		{ .name = "splash-time", .set = boot_splash_time },
		{ .name = "strict", .set = boot_strict },
		{ .name = "order", .missing = no_letters },
		{ .name = "once", .missing = no_letters },
	};

	return keys_parse(p, arg, "order", keys, ARRAY_SIZE(keys));
}
