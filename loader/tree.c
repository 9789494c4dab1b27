/*
 * Completes a device tree for booting: /psci, /memory, and in /chosen the command line, the initrd
 * and the hypervisor's modules. It works on the board's tree or on the user's (-dtb), whose own
 * psci and memory nodes are replaced because they must tell what this machine has. Node and
 * property order are those of QEMU's virt board. Called by machine/.
 */
#include "loader/loader_priv.h"

#include "base/bits.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define TREE_ROOM 65536

/* PSCI function IDs of DEN0022; CPU_OFF has only an SMC32 form. */
static const struct {
	const char *name;
	u32 id;
} psci_functions[] = {
	{ "cpu_suspend", 0xc4000001 },
	{ "cpu_off", 0x84000002 },
	{ "cpu_on", 0xc4000003 },
	{ "migrate", 0xc4000005 },
};

static int fdt_why(struct why *why, const struct boot_plan *p, const char *doing, int err)
{
	const char *file = p->req.files->dtb;

	return why_set(why, EINVAL, "%s%s: %s: %s", file ? "-dtb " : "device tree",
		       file ? file : "", doing, fdt_strerror(err));
}

static int read_user_tree(struct boot_plan *p, struct bytes *out, struct why *why)
{
	const char *path = p->req.files->dtb;
	int r = file_read(out, "-dtb", path, 16 << 20, why);

	if (r < 0)
		return r;
	r = out->size < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED
						  : fdt_check_header(out->data);
	if (r == 0 && fdt_totalsize(out->data) > out->size)
		r = -FDT_ERR_TRUNCATED;
	if (r == 0)
		r = fdt_check_full(out->data, out->size);
	if (r == 0)
		return 0;
	bytes_free(out);
	return why_set(why, EINVAL, "-dtb %s: expected a flattened device tree: %s", path,
		       fdt_strerror(r));
}

/* A writable copy with room for what is added. */
static int open_tree(struct boot_plan *p, const void *from, struct why *why)
{
	size_t size = fdt_totalsize(from) + TREE_ROOM;
	int r;

	for (size_t i = 0; i < p->req.files->n_modules; i++)
		size += 256 + (p->req.files->modules[i].bootargs
				       ? strlen(p->req.files->modules[i].bootargs)
				       : 0);
	size += p->req.files->append ? strlen(p->req.files->append) : 0;
	p->tree.data = calloc(1, size);
	if (!p->tree.data)
		return why_set(why, ENOMEM, "no memory on the host for the device tree");
	p->tree.size = size;
	r = fdt_open_into(from, p->tree.data, (int)size);
	return r < 0 ? fdt_why(why, p, "cannot be copied", r) : 0;
}

/* Value of a cell-count property of the root, 1 or 2; 0 when it is something else. */
static unsigned root_cells(const void *fdt, const char *name, unsigned missing)
{
	int len;
	const fdt32_t *v = fdt_getprop(fdt, 0, name, &len);
	u32 n = v && len == 4 ? fdt32_to_cpu(*v) : missing;

	return n == 1 || n == 2 ? n : 0;
}

static size_t put_cells(fdt32_t *out, unsigned cells, u64 v)
{
	size_t n = 0;

	if (cells == 2)
		out[n++] = cpu_to_fdt32((u32)(v >> 32));
	out[n++] = cpu_to_fdt32((u32)v);
	return n;
}

static void delete_node(void *fdt, const char *path)
{
	int node = fdt_path_offset(fdt, path);

	if (node > 0)
		fdt_del_node(fdt, node);
}

/* Removes /memory and /memory@...; other nodes with device_type "memory" (secure RAM) stay. */
static void delete_memory(void *fdt)
{
	int node = fdt_first_subnode(fdt, 0);

	while (node >= 0) {
		const char *name = fdt_get_name(fdt, node, NULL);

		if (name && (!strcmp(name, "memory") || !strncmp(name, "memory@", 7))) {
			fdt_del_node(fdt, node);
			node = fdt_first_subnode(fdt, 0);
		} else {
			node = fdt_next_subnode(fdt, node);
		}
	}
}

static int add_memory(struct boot_plan *p, void *fdt, unsigned acells, unsigned scells)
{
	const struct boot_range *ram = &p->req.ranges[0];
	fdt32_t reg[4];
	size_t n;
	char name[40];
	int r, node;

	delete_memory(fdt);
	snprintf(name, sizeof name, "memory@%" PRIx64, ram->base);
	node = fdt_add_subnode(fdt, 0, name);
	if (node < 0)
		return node;
	r = fdt_setprop_string(fdt, node, "device_type", "memory");
	if (r < 0)
		return r;
	n = put_cells(reg, acells, ram->base);
	n += put_cells(reg + n, scells, ram->size);
	return fdt_setprop(fdt, node, "reg", reg, (int)(n * 4));
}

static int add_psci(struct boot_plan *p, void *fdt)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";
	int r, node;

	if (!p->info.psci)
		return 0;
	delete_node(fdt, "/psci");
	node = fdt_add_subnode(fdt, 0, "psci");
	if (node < 0)
		return node;
	r = fdt_setprop(fdt, node, "compatible", compatible, sizeof compatible);
	if (r == 0)
		r = fdt_setprop_string(fdt, node, "method", p->info.psci);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(psci_functions); i++)
		r = fdt_setprop_u32(fdt, node, psci_functions[i].name, psci_functions[i].id);
	return r;
}

static int chosen(void *fdt)
{
	int node = fdt_path_offset(fdt, "/chosen");

	return node >= 0 ? node : fdt_add_subnode(fdt, 0, "chosen");
}

static int set_addr(void *fdt, const char *name, unsigned cells, u64 v)
{
	fdt32_t value[2];
	size_t n = put_cells(value, cells, v);
	int node = chosen(fdt);

	return node < 0 ? node : fdt_setprop(fdt, node, name, value, (int)(n * 4));
}

static int add_module(void *fdt, const struct boot_module *m, u64 size)
{
	static const char kernel[] = "multiboot,module\0multiboot,kernel";
	static const char ramdisk[] = "multiboot,module\0multiboot,ramdisk";
	fdt32_t reg[4];
	char name[40];
	int r, node = chosen(fdt);

	if (node < 0)
		return node;
	/* QEMU's spelling, with 0x, which Xen's users see in its log */
	snprintf(name, sizeof name, "module@0x%08" PRIx64, m->addr);
	node = fdt_add_subnode(fdt, node, name);
	if (node < 0)
		return node;
	put_cells(reg, 2, m->addr);
	put_cells(reg + 2, 2, size);
	r = fdt_setprop(fdt, node, "reg", reg, sizeof reg);
	if (r == 0)
		r = m->is_initrd ? fdt_setprop(fdt, node, "compatible", ramdisk, sizeof ramdisk)
				 : fdt_setprop(fdt, node, "compatible", kernel, sizeof kernel);
	if (r == 0 && m->bootargs && !m->is_initrd)
		r = fdt_setprop_string(fdt, node, "bootargs", m->bootargs);
	return r;
}

static int add_chosen(struct boot_plan *p, void *fdt, unsigned acells)
{
	const struct boot_files *f = p->req.files;
	int r = 0, node;

	for (size_t i = 0; r == 0 && i < f->n_modules; i++)
		r = add_module(fdt, &f->modules[i], p->module_size[i]);
	node = r < 0 ? r : chosen(fdt);
	if (node < 0)
		return node;
	if (f->append && f->append[0])
		r = fdt_setprop_string(fdt, node, "bootargs", f->append);
	if (r == 0 && p->initrd_size)
		r = set_addr(fdt, "linux,initrd-start", acells, p->initrd_addr);
	if (r == 0 && p->initrd_size)
		r = set_addr(fdt, "linux,initrd-end", acells, p->initrd_addr + p->initrd_size);
	return r;
}

/*
 * Bare-metal code finds the tree at the start of RAM if it leaves room there, Linux behind the
 * initrd.
 */
static int place_tree(struct boot_plan *p, struct why *why)
{
	const struct boot_range *ram = &p->req.ranges[0];
	u64 addr = align_up(p->initrd_addr + p->initrd_size, 2 << 20);
	bool below = p->image_high > ram->base && !p->info.is_linux;
	u64 room = p->image_low > ram->base ? p->image_low - ram->base : 0;
	int r;

	if (p->req.firmware || (!p->req.files->kernel && !p->req.files->builtin))
		below = true, room = ram->size;
	if (below) {
		if (p->tree.size > room)
			return 0; /* the program was linked to the start of RAM: no tree */
		addr = ram->base;
	}
	r = plan_add(p,
		     &(struct piece){ .name = (char *)"the device tree",
				      .addr = addr,
				      .bytes = p->tree.data,
				      .size = p->tree.size,
				      .mem_size = p->tree.size },
		     why);
	if (r < 0)
		return r;
	p->info.dtb_addr = addr;
	p->info.x0 = p->req.firmware ? 0 : addr; /* firmware knows where it stands */
	p->info.dtb_size = p->tree.size;
	return 0;
}

static int complete(struct boot_plan *p, struct why *why)
{
	void *fdt = p->tree.data;
	unsigned acells = root_cells(fdt, "#address-cells", 2),
		 scells = root_cells(fdt, "#size-cells", 1);
	int r;

	if (!acells || !scells)
		return why_set(
			why, EINVAL,
			"-dtb %s: expected 1 or 2 #address-cells and #size-cells in the root node",
			p->req.files->dtb ? p->req.files->dtb : "");
	r = add_memory(p, fdt, acells, scells);
	if (r == 0)
		r = add_chosen(p, fdt, acells);
	if (r == 0)
		r = add_psci(p, fdt);
	if (r == 0)
		r = fdt_pack(fdt);
	if (r < 0)
		return fdt_why(why, p, "cannot be completed", r);
	p->tree.size = fdt_totalsize(fdt);
	return place_tree(p, why);
}

int boot_plan_tree(struct boot_plan *p, const void *board_tree, struct why *why)
{
	struct bytes user = { 0 };
	int r = 0;

	if (p->req.files->dtb)
		r = read_user_tree(p, &user, why);
	if (r == 0)
		r = open_tree(p, user.data ? user.data : board_tree, why);
	bytes_free(&user);
	return r < 0 ? r : complete(p, why);
}

const void *boot_plan_dtb(const struct boot_plan *p, size_t *size)
{
	*size = p->tree.size;
	return p->tree.data;
}
