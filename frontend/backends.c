/*
 * What stands behind devices: -netdev, -chardev, -fsdev, -object, whose kinds and keys stand in machine/kinds.c; -nic and
 * -virtfs, which also make the device; and a -serial that is short for a -chardev. machine/make_backends.c reads what is
 * kept here.
 */
#include "frontend/options_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct kind_list {
	const struct item_kind *kinds;
	size_t n;
};

static const char *kind_name(const void *list, size_t i)
{
	const struct kind_list *k = list;

	return i < k->n ? k->kinds[i].name : NULL;
}

/* "KIND,key=value,...": the first word picks the row. */
static int typed_item(struct parse *p, const char *arg, const struct kind_list *list, struct config_items *to)
{
	size_t n = strcspn(arg, ",");
	const char *near;
	char name[32], option[64];

	snprintf(name, sizeof name, "%.*s", (int)n, arg);
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->kinds[i].name, name))
			continue;
		snprintf(option, sizeof option, "%s %s", p->option, name);
		return item_parse(p, arg + n + (arg[n] == ','), NULL, to, &list->kinds[i], option);
	}
	near = closest(name, kind_name, list);
	return near ? refuse(p, "unknown kind '%s'; the closest known one is '%s'", name, near) :
		      refuse(p, "unknown kind '%s'; known is '%s'", name, list->kinds[0].name);
}

int option_netdev(struct parse *p, const char *arg)
{
	return typed_item(p, arg, &(struct kind_list){ netdev_kinds, netdev_kind_count }, &p->c->netdevs);
}

int option_chardev(struct parse *p, const char *arg)
{
	return typed_item(p, arg, &(struct kind_list){ chardev_kinds, chardev_kind_count }, &p->c->chardevs);
}

int option_fsdev(struct parse *p, const char *arg)
{
	return typed_item(p, arg, &(struct kind_list){ fsdev_kinds, fsdev_kind_count }, &p->c->fsdevs);
}

int option_object(struct parse *p, const char *arg)
{
	return typed_item(p, arg, &(struct kind_list){ object_kinds, object_kind_count }, &p->c->objects);
}

/* ---- options that also make the device ---- */

static const struct item_kind *board_kind(const char *name)
{
	for (size_t i = 0; i < board_kind_count; i++)
		if (!strcmp(board_kinds[i].name, name))
			return &board_kinds[i];
	return NULL;
}

static int no_memory(struct parse *p)
{
	return why_set(p->why, ENOMEM, "no memory on the host");
}

/* A -device of that kind with reference=id and what the user said for `key`. */
static int add_device(struct parse *p, const struct item_kind *kind, const char *reference, const char *id, const char *key,
		      const char *value)
{
	struct config_item *device = config_add(&p->c->devices, kind, p->option);

	if (!device || config_put(device, reference, id) || (value && config_put(device, key, value)))
		return no_memory(p);
	return 0;
}

/* The item's id=, or one made of `stem` and a number. */
static const char *name_item(struct parse *p, const char *stem, size_t number)
{
	const char *id = config_text(p->item, "id", NULL);
	char made[32];

	if (id)
		return id;
	snprintf(made, sizeof made, "%s%zu", stem, number);
	return config_put(p->item, "id", made) ? NULL : config_text(p->item, "id", NULL);
}

static const struct {
	const char *name, *means;
} card_models[] = {
	{ "virtio", "virtio-net-pci" },
	{ "virtio-net", "virtio-net-pci" },
	{ "virtio-net-pci", "virtio-net-pci" },
	{ "virtio-net-device", "virtio-net-device" },
};

int option_nic(struct parse *p, const char *arg)
{
	static const struct kind_list kinds = { &nic_kind, 1 };
	const char *model, *id;
	int r;

	if (!strcmp(arg, "none"))
		return 0;
	r = typed_item(p, arg, &kinds, &p->c->netdevs);
	if (r)
		return r;
	id = name_item(p, "nic", p->c->netdevs.n - 1);
	model = config_text(p->item, "model", "virtio");
	for (size_t i = 0; i < ARRAY_SIZE(card_models); i++)
		if (!strcmp(card_models[i].name, model))
			return id ? add_device(p, board_kind(card_models[i].means), "netdev", id, "mac", config_text(p->item, "mac", NULL)) :
				    no_memory(p);
	return refuse(p, "model: expected virtio-net-pci or virtio-net-device, got '%s'", model);
}

int option_net(struct parse *p, const char *arg)
{
	if (!strcmp(arg, "none"))
		return 0;
	return refuse(p, "expected none; for a network: -nic user, or -netdev user,id=n0 with -device virtio-net-pci,netdev=n0");
}

int option_virtfs(struct parse *p, const char *arg)
{
	static const struct kind_list kinds = { &virtfs_kind, 1 };
	int r = typed_item(p, arg, &kinds, &p->c->fsdevs);
	const char *id;

	if (r)
		return r;
	id = name_item(p, "fs", p->c->fsdevs.n - 1);
	if (!id)
		return no_memory(p);
	return add_device(p, board_kind("virtio-9p-pci"), "fsdev", id, "mount_tag", config_text(p->item, "mount_tag", NULL));
}

/* ---- -serial ---- */

/* "tcp:HOST:PORT[,KEYS]" or "unix:PATH[,KEYS]" as the keys of a -chardev socket; false: it is neither. */
static bool socket_keys(const char *arg, char *to, size_t room)
{
	size_t n = strcspn(arg, ","), colon;

	if (!strncmp(arg, "unix:", 5)) {
		snprintf(to, room, "socket,path=%s", arg + 5);
		return true;
	}
	if (strncmp(arg, "tcp:", 4))
		return false;
	for (colon = n; colon > 4 && arg[colon] != ':'; colon--)
		;
	if (arg[colon] != ':')
		return false;
	snprintf(to, room, "socket,host=%.*s,port=%s", (int)(colon - 4), arg + 4, arg + colon + 1);
	return true;
}

int option_serial_chardev(struct parse *p, const char *arg, struct config_serial *s)
{
	char keys[512], id[32];
	int r;

	if (!strncmp(arg, "chardev:", 8)) {
		s->kind = SERIAL_CHARDEV;
		return set_string(p, &s->path, arg + 8);
	}
	if (!strcmp(arg, "pty"))
		strcpy(keys, "pty");
	else if (!socket_keys(arg, keys, sizeof keys))
		return 1;
	r = option_chardev(p, keys);
	if (r)
		return r;
	snprintf(id, sizeof id, "serial%u", p->serials - 1);
	if (config_put(p->item, "id", id))
		return no_memory(p);
	s->kind = SERIAL_CHARDEV;
	return set_string(p, &s->path, id);
}
