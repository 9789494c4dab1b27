/*
 * A device tree being written, for dtb*.c. The first failure sticks and makes everything after it a
 * no-op; board_tree() reports it. Nodes are named by path, as offsets move with every write.
 */
#ifndef MACHINE_TREE_H
#define MACHINE_TREE_H

#include "machine/config.h"

struct cpu_core;

enum { IRQ_SPI = 0, IRQ_PPI = 1 };
enum { IRQ_EDGE_RISING = 1, IRQ_LEVEL_HIGH = 4 };

struct tree {
	void *fdt;
	int err;
	u32 next_phandle;
	u32 clock; /* phandle of the APB clock */
	u32 gic;   /* phandle of the interrupt controller */
	u32 msi;   /* phandle of what MSIs go to; 0: nothing takes them */
};

/* Remembers the first negative r. */
void tree_keep(struct tree *t, int r);
/* Adds node `name` to parent (a path); it becomes the parent's first. */
void tree_add(struct tree *t, const char *parent, const char *name);
/* Properties of the node at path: bytes, a string, big-endian cells, one cell, nothing. */
void tree_prop(struct tree *t, const char *path, const char *name, const void *v, size_t n);
void tree_string(struct tree *t, const char *path, const char *name, const char *v);
void tree_cells(struct tree *t, const char *path, const char *name, const u32 *cells, size_t n);
#define TREE_CELLS(t, path, name, ...)                                                             \
	tree_cells(t, path, name, (const u32[]){ __VA_ARGS__ },                                    \
		   sizeof((u32[]){ __VA_ARGS__ }) / 4)
void tree_u32(struct tree *t, const char *path, const char *name, u32 v);
void tree_flag(struct tree *t, const char *path, const char *name);
/* reg of one window, with the root's two address and two size cells */
void tree_reg(struct tree *t, const char *path, u64 base, u64 size);
/* Gives the node a phandle. */
u32 tree_phandle(struct tree *t, const char *path);
/*
 * Devices that only the Secure world may use are told to both worlds, and disabled for the
 * Non-secure one.
 */
void tree_secure_only(struct tree *t, const char *path);

/* The nodes of each part of the board, in the order in which board_tree() writes them. */
void tree_flash(struct tree *t, const struct config *c);   /* dtb_devices.c */
u32 tree_ppi_flags(const struct config *c); /* third cell of a level-triggered PPI */
void tree_gic(struct tree *t, const struct config *c);     /* dtb_gic.c */
void tree_devices(struct tree *t, const struct config *c); /* dtb_devices.c */
void tree_gpio(struct tree *t, const struct config *c);	   /* dtb_devices.c */
void tree_pci(struct tree *t, const struct config *c);	   /* dtb_pci.c, after tree_gic() */
void tree_virtio(struct tree *t, const struct config *c);  /* dtb_virtio.c */
void tree_fw_cfg(struct tree *t);			   /* dtb_devices.c */

#endif
