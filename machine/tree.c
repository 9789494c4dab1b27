/* Writing a device tree with libfdt: see tree.h. Called by dtb*.c. */
#include "machine/tree.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

void tree_keep(struct tree *t, int r)
{
	if (t->err == 0 && r < 0)
		t->err = r;
}

static int tree_node(struct tree *t, int parent, const char *name)
{
	int r = t->err ? t->err : fdt_add_subnode(t->fdt, parent, name);

	tree_keep(t, r);
	return r;
}

/* Offsets move with every write, so nodes are named by path. */
static int tree_at(struct tree *t, const char *path)
{
	int r = t->err ? t->err : fdt_path_offset(t->fdt, path);

	tree_keep(t, r);
	return r;
}

void tree_prop(struct tree *t, const char *path, const char *name, const void *v, size_t n)
{
	int o = tree_at(t, path);

	if (!t->err)
		tree_keep(t, fdt_setprop(t->fdt, o, name, v, (int)n));
}

void tree_string(struct tree *t, const char *path, const char *name, const char *v)
{
	tree_prop(t, path, name, v, strlen(v) + 1);
}

void tree_cells(struct tree *t, const char *path, const char *name, const u32 *cells,
		       size_t n)
{
	fdt32_t be[32];

	for (size_t i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(cells[i]);
	tree_prop(t, path, name, be, n * 4);
}

void tree_u32(struct tree *t, const char *path, const char *name, u32 v)
{
	tree_cells(t, path, name, &v, 1);
}

void tree_flag(struct tree *t, const char *path, const char *name)
{
	tree_prop(t, path, name, "", 0);
}

/* reg of one window, with the root's two address and two size cells */
void tree_reg(struct tree *t, const char *path, u64 base, u64 size)
{
	TREE_CELLS(t, path, "reg", (u32)(base >> 32), (u32)base, (u32)(size >> 32), (u32)size);
}

void tree_add(struct tree *t, const char *parent, const char *name)
{
	int o = tree_at(t, parent);

	if (!t->err)
		tree_node(t, o, name);
}

u32 tree_phandle(struct tree *t, const char *path)
{
	u32 v = t->next_phandle++;

	tree_u32(t, path, "phandle", v);
	return v;
}

/*
 * Devices that only the Secure world may use are told to both worlds, and disabled for the
 * Non-secure one.
 */
void tree_secure_only(struct tree *t, const char *path)
{
	tree_string(t, path, "status", "disabled");
	tree_string(t, path, "secure-status", "okay");
}
