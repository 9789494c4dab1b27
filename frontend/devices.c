/*
 * -device: the two that put files into memory, whose keys stand here; what stands on a bus has its rows in
 * machine/kinds.c; what is not built is refused by name.
 */
#include "frontend/options_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int loader_file(struct parse *p, const char *v)
{
	return set_string(p, &p->loader->file, v);
}
static int loader_addr(struct parse *p, const char *v)
{
	p->loader->has_addr = true;
	return value_u64(p, "addr", v, 0, UINT64_MAX, &p->loader->addr);
}
static int loader_data(struct parse *p, const char *v)
{
	return value_u64(p, "data", v, 0, UINT64_MAX, &p->loader->data);
}
static int loader_data_len(struct parse *p, const char *v)
{
	u64 n = 0;
	int r = value_u64(p, "data-len", v, 1, 8, &n);

	p->loader->data_len = (u8)n;
	return r;
}
static int loader_data_be(struct parse *p, const char *v)
{
	return value_bool(p, "data-be", v, &p->loader->data_be);
}
static int loader_force_raw(struct parse *p, const char *v)
{
	return value_bool(p, "force-raw", v, &p->loader->force_raw);
}
static int loader_cpu(struct parse *p, const char *v)
{
	u64 n = 0;
	int r = value_u64(p, "cpu-num", v, 0, BOOT_MAX_PES - 1, &n);

	p->loader->pe = (int)n;
	return r;
}

static int module_addr(struct parse *p, const char *v)
{
	return value_u64(p, "addr", v, 0, UINT64_MAX, &p->module->addr);
}
static int module_file(struct parse *p, const char *v, bool is_initrd)
{
	if (p->module->file)
		return refuse(p, "expected one of kernel= and initrd=, got both");
	p->module->is_initrd = is_initrd;
	return set_string(p, &p->module->file, v);
}
static int module_kernel(struct parse *p, const char *v)
{
	return module_file(p, v, false);
}
static int module_initrd(struct parse *p, const char *v)
{
	return module_file(p, v, true);
}
static int module_bootargs(struct parse *p, const char *v)
{
	return set_string(p, &p->module->bootargs, v);
}

static const struct key loader_keys[] = {
	{ .name = "file",
	  .form = "FILE",
	  .help = "an ELF file, or any other to be loaded as it is",
	  .set = loader_file },
	{ .name = "addr",
	  .form = "ADDR",
	  .help = "where; needed unless the file is ELF",
	  .set = loader_addr },
	{ .name = "data", .form = "N", .help = "a value instead of a file", .set = loader_data },
	{ .name = "data-len", .form = "1..8", .help = "its bytes", .set = loader_data_len },
	{ .name = "data-be",
	  .form = "on|off",
	  .help = "its byte order is big-endian",
	  .set = loader_data_be },
	{ .name = "force-raw",
	  .form = "on|off",
	  .help = "load even an ELF file as it is",
	  .set = loader_force_raw },
	{ .name = "cpu-num",
	  .form = "N",
	  .help = "start this PE at the address or ELF entry",
	  .set = loader_cpu },
};

static const struct key module_keys[] = {
	{ .name = "addr", .form = "ADDR", .help = "where", .set = module_addr },
	{ .name = "kernel",
	  .form = "FILE",
	  .help = "a guest's kernel, loaded as it is",
	  .set = module_kernel },
	{ .name = "initrd",
	  .form = "FILE",
	  .help = "a guest's initial RAM disk",
	  .set = module_initrd },
	{ .name = "bootargs",
	  .form = "TEXT",
	  .help = "the guest's command line",
	  .set = module_bootargs },
};

static int loader_begin(struct parse *p)
{
	struct boot_files *f = &p->c->boot;

	if (f->n_loaders == BOOT_MAX_LOADERS)
		return refuse(p, "more than %d", BOOT_MAX_LOADERS);
	p->loader = &f->loaders[f->n_loaders++];
	*p->loader = (struct boot_loader){ .pe = -1 };
	return 0;
}

static int loader_end(struct parse *p)
{
	struct boot_loader *l = p->loader;

	if (l->file && l->data_len)
		return refuse(p, "expected one of file= and data=, got both");
	if (!l->file && !l->has_addr)
		return refuse(p, "expected file= or addr=");
	if (l->data_len && l->data_len < 8 && l->data >> 8 * l->data_len)
		return refuse(p, "data=%#" PRIx64 " does not fit into data-len=%u bytes", l->data,
			      l->data_len);
	if (!l->file && !l->data_len && l->pe < 0)
		return refuse(p, "expected file=, data= with data-len=, or cpu-num= beside addr=");
	return 0;
}

static int module_begin(struct parse *p)
{
	struct boot_files *f = &p->c->boot;

	if (f->n_modules == BOOT_MAX_LOADERS)
		return refuse(p, "more than %d", BOOT_MAX_LOADERS);
	p->module = &f->modules[f->n_modules++];
	*p->module = (struct boot_module){ 0 };
	return 0;
}

static int module_end(struct parse *p)
{
	if (!p->module->file)
		return refuse(p, "expected kernel=FILE or initrd=FILE");
	if (!p->module->addr)
		return refuse(p, "expected addr=ADDR in RAM");
	if (p->module->is_initrd && p->module->bootargs)
		return refuse(p, "bootargs= belongs to kernel=, not to initrd=");
	return 0;
}

const struct device_kind device_kinds[] = {
	{ "loader", "puts a file or a value into memory, or sets where a PE starts", loader_keys,
	  ARRAY_SIZE(loader_keys), loader_begin, loader_end },
	{ "guest-loader",
	  "puts a guest's kernel or initrd into memory and tells a hypervisor in /chosen",
	  module_keys, ARRAY_SIZE(module_keys), module_begin, module_end },
};
const size_t device_kind_count = ARRAY_SIZE(device_kinds);

/* Devices that users of QEMU's virt ask for, and what they wait for here. */
static const struct {
	const char *start, *missing;
} absent[] = {
	{ "virtio-gpu", "displays are not built yet" },
	{ "virtio-", "this virtio device is not built" },
	{ "vhost-", "vhost devices are not built" },
	{ "e1000", "not built; use virtio-net-pci" },
	{ "nvme", "not built; use virtio-blk-pci" },
	{ "usb-", "USB is not built; use virtio devices" },
	{ "qemu-xhci", "USB is not built; use virtio devices" },
	{ "ramfb", "displays are not built yet" },
	{ "arm-smmuv3", "the SMMU is not built yet" },
};

/* QEMU's names without a bus, which mean the PCI device on this board. */
static const struct {
	const char *name, *means;
} short_names[] = {
	{ "virtio-blk", "virtio-blk-pci" },
	{ "virtio-net", "virtio-net-pci" },
	{ "virtio-rng", "virtio-rng-pci" },
	{ "virtio-serial", "virtio-serial-pci" },
	{ "virtio-9p", "virtio-9p-pci" },
};

static const char *kind_name(const void *list, size_t i)
{
	if (i < device_kind_count)
		return device_kinds[i].name;
	i -= device_kind_count;
	return i < board_kind_count ? board_kinds[i].name : NULL;
}

static int unknown_device(struct parse *p, const char *name)
{
	const char *near = closest(name, kind_name, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		if (!strncmp(name, absent[i].start, strlen(absent[i].start)))
			return refuse(p, "%s: %s", name, absent[i].missing);
	return near ? refuse(p, "unknown device '%s'; the closest known one is '%s'", name, near)
		    : refuse(p, "unknown device '%s' (-device help lists them)", name);
}

/* One that stands on a bus; 1: there is no such kind. */
static int board_device(struct parse *p, const char *name, const char *keys)
{
	char option[80];

	for (size_t i = 0; i < ARRAY_SIZE(short_names); i++)
		if (!strcmp(short_names[i].name, name))
			name = short_names[i].means;
	for (size_t i = 0; i < board_kind_count; i++) {
		if (strcmp(board_kinds[i].name, name))
			continue;
		snprintf(option, sizeof option, "-device %s", name);
		return item_parse(p, keys, NULL, &p->c->devices, &board_kinds[i], option);
	}
	return 1;
}

int option_device(struct parse *p, const char *arg)
{
	size_t n = strcspn(arg, ",");
	const char *keys = arg + n + (arg[n] == ',');
	char name[64];
	int r;

	if (!strcmp(arg, "help") || !strcmp(arg, "?")) {
		p->ask = ASK_DEVICES;
		return 0;
	}
	snprintf(name, sizeof name, "%.*s", (int)n, arg);
	for (size_t i = 0; i < device_kind_count; i++) {
		const struct device_kind *d = &device_kinds[i];

		if (strcmp(d->name, name))
			continue;
		r = d->begin(p);
		if (r == 0)
			r = keys_parse(p, keys, NULL, d->keys, d->n_keys);
		return r == 0 ? d->end(p) : r;
	}
	r = board_device(p, name, keys);
	return r == 1 ? unknown_device(p, name) : r;
}
