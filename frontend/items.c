/*
 * Options whose keys stand in machine/kinds.c: -drive, and every -device that stands on a bus. What is kept is checked
 * and in one spelling (booleans on or off, numbers decimal), so that making the machine cannot meet nonsense.
 */
#include "frontend/options_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int check_word(struct parse *p, const struct param *k, const char *value)
{
	size_t n = strlen(value);

	for (const char *at = k->form; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (strcspn(at, "|") == n && !strncmp(at, value, n))
			return 0;
	}
	return refuse(p, "%s: expected %s, got '%s'", k->name, k->form, value);
}

/* Checks the value of the key that keys_parse() found, and keeps it. */
static int item_set(struct parse *p, const char *value)
{
	const struct param *k = p->params[p->key];
	char number[24];
	u64 n = 0;
	bool on;
	int r = 0;

	switch (k->type) {
	case PARAM_BOOL:
		r = value_bool(p, k->name, value, &on);
		value = on ? "on" : "off";
		break;
	case PARAM_NUMBER:
		r = value_u64(p, k->name, value, k->min, k->max, &n);
		break;
	case PARAM_SIZE:
		r = value_size(p, k->name, value, 1, &n);
		break;
	case PARAM_WORD:
		r = check_word(p, k, value);
		break;
	case PARAM_TEXT:
		break;
	}
	if (k->type == PARAM_NUMBER || k->type == PARAM_SIZE) {
		snprintf(number, sizeof number, "%" PRIu64, n);
		value = number;
	}
	if (r == 0 && config_put(p->item, k->name, value))
		return why_set(p->why, ENOMEM, "no memory on the host");
	return r;
}

static const struct param **params_of(const struct item_kind *kind, size_t *n)
{
	size_t n_place;
	const struct param *place = place_params(kind->place, &n_place);
	const struct param **out = malloc((kind->n_params + n_place + 1) * sizeof(*out));

	*n = 0;
	for (size_t i = 0; out && i < kind->n_params; i++)
		out[(*n)++] = &kind->params[i];
	for (size_t i = 0; out && i < n_place; i++)
		out[(*n)++] = &place[i];
	return out;
}

struct key *item_keys(const struct item_kind *kind, size_t *n)
{
	const struct param **params = params_of(kind, n);
	struct key *keys = params ? calloc(*n + 1, sizeof *keys) : NULL;

	for (size_t i = 0; keys && i < *n; i++)
		keys[i] = (struct key){ .name = params[i]->name,
					.form = params[i]->form,
					.help = params[i]->help,
					.set = item_set,
					.missing = params[i]->missing };
	free(params);
	if (!keys)
		*n = 0;
	return keys;
}

int item_parse(struct parse *p, const char *text, const char *implied, struct config_items *list,
	       const struct item_kind *kind, const char *option)
{
	struct key *keys;
	size_t n;
	int r;

	p->item = config_add(list, kind, option);
	p->params = params_of(kind, &n);
	keys = item_keys(kind, &n);
	p->option = option;
	if (!p->item || !p->params || !keys)
		r = why_set(p->why, ENOMEM, "no memory on the host");
	else
		r = keys_parse(p, text, implied, keys, n);
	free(keys);
	free(p->params);
	p->params = NULL;
	return r;
}

int option_drive(struct parse *p, const char *arg)
{
	int r = item_parse(p, arg, NULL, &p->c->drives, &drive_kind, "-drive");

	return r ? r : option_drive_flash(p, &p->c->drives.item[p->c->drives.n - 1]);
}

/* A disk's own device comes after all that have a -device; it is named as in QEMU. */
static int drive_device(struct parse *p, struct config_item *drive, unsigned *n)
{
	struct config_item *device;
	char name[24];

	if (strcmp(config_text(drive, "if", "virtio"), "virtio"))
		return 0;
	snprintf(name, sizeof name, "virtio%u", (*n)++);
	if (!config_text(drive, "id", NULL) && config_put(drive, "id", name))
		return -ENOMEM;
	for (size_t i = 0; i < board_kind_count; i++) {
		if (strcmp(board_kinds[i].name, "virtio-blk-pci"))
			continue;
		device = config_add(&p->c->devices, &board_kinds[i], drive->option);
		if (!device || config_put(device, "drive", config_text(drive, "id", "")))
			return -ENOMEM;
	}
	return 0;
}

int items_finish(struct parse *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->c->drives.n; i++)
		if (drive_device(p, &p->c->drives.item[i], &n))
			return why_set(p->why, ENOMEM, "no memory on the host");
	return 0;
}

int option_disk(struct parse *p, const char *file)
{
	struct config_item *item = config_add(&p->c->drives, &drive_kind, p->option);

	if (!item || config_put(item, "file", file) || config_put(item, "if", "virtio"))
		return why_set(p->why, ENOMEM, "no memory on the host");
	return 0;
}
