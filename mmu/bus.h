/*
 * The physical address map: RAM and devices, seen by PEs and by DMA alike. Every transaction carries
 * struct attrs. A device sees offsets and attributes, never an address map.
 *
 * Secure RAM and devices (region.secure) do not exist for Non-secure accesses.
 */
#ifndef MMU_BUS_H
#define MMU_BUS_H

#include <stdio.h>

#include "base/stat.h"

struct snap;
struct log;

struct attrs {
	u8 space;      /* enum space of the access */
	bool privileged;
	bool fetch;
	bool debug;    /* a debugger's access: no side effects wanted */
	u16 requester; /* PE n is n; DMA: 0x8000 | StreamID */
	u16 partid;
};

enum bus_status { BUS_OK, BUS_DECERR /* nothing there */, BUS_SLVERR /* the device refused */ };

enum { W8 = 1, W16 = 2, W32 = 4, W64 = 8 }; /* device_ops.widths: sizes in bytes that the device takes */

struct fdt_place; /* machine/: where a device stands (address, interrupts, phandles) */

struct device_ops {
	const char *name;
	u64 size;
	u32 widths;
	/* width in bytes, one of .widths; off is aligned to it and inside size */
	u64 (*read)(void *dev, u64 off, unsigned width, struct attrs at);
	void (*write)(void *dev, u64 off, u64 v, unsigned width, struct attrs at);
	void (*reset)(void *dev);
	void (*snap)(void *dev, struct snap *s);
	int (*fdt)(void *dev, void *fdt, const struct fdt_place *place);
	/* its state for people: any number of lines, each begun by four blanks. Nothing changes. May be NULL */
	void (*show)(void *dev, FILE *out);
};

/* What a device was asked for by PEs, DMA and messages; a debugger's accesses do not count. */
#define DEVICE_STATS(STAT) \
	STAT(reads,         "access", "reads of the device") \
	STAT(writes,        "access", "writes to the device") \
	STAT(bytes_read,    "byte",   "bytes read") \
	STAT(bytes_written, "byte",   "bytes written")
struct device_stats {
	DEVICE_STATS(STAT_FIELD)
};
extern const struct stat_row device_stat_rows[];
extern const size_t device_stat_rows_n;

struct bus_region {
	const char *name;
	u64 base, size;
	bool secure;                   /* exists for Secure accesses only */
	bool readonly;                 /* RAM only: writes are dropped with a GUEST log line */
	bool array;                    /* flash: reads see the bytes, not the device */
	u8 *host;                      /* RAM and flash: its bytes; NULL: device */
	u64 *code;                     /* RAM: one word a 4 KiB page, one bit a 64-byte line that holds decoded code */
	u8 *use;                       /* RAM: one byte a 4 KiB page: not 0 once somebody got a way to write it */
	u32 *watch;                    /* RAM: one number a 4 KiB page: how often bus_watch() wants it; NULL: nobody watches */
	const struct device_ops *ops;  /* device; with bytes: flash */
	void *dev;
	struct device_stats *stats;    /* device; owned by the bus */
};

struct bus;

struct bus *bus_new(struct log *log);
void bus_free(struct bus *b);
/* Anonymous, lazily touched memory of `size` bytes (4 KiB multiple). 0, -EEXIST on overlap, -ENOMEM. */
int bus_add_ram(struct bus *b, const char *name, u64 base, u64 size, bool secure);
int bus_add_device(struct bus *b, u64 base, const struct device_ops *ops, void *dev, bool secure);
/*
 * Flash: bytes that are read and executed like RAM while the array can be read, and a device for writes, and for reads
 * otherwise. host: ops->size bytes (4 KiB multiple), borrowed.
 */
int bus_add_flash(struct bus *b, u64 base, const struct device_ops *ops, void *dev, u8 *host, bool secure);
/* Whether reads of the flash at base see its bytes (as after bus_add_flash()) or the device. */
void bus_flash_array(struct bus *b, u64 base, bool array);
/* Told when bytes that could be read directly no longer can: host pointers into them must be forgotten. */
void bus_on_unmapped(struct bus *b, void (*fn)(void *ctx), void *ctx);
/* Makes the RAM at base read-only (a ROM, after the loader filled it) or writable again. */
void bus_set_readonly(struct bus *b, u64 base, bool readonly);
/* The region that holds addr for an access from `space`, or NULL. */
const struct bus_region *bus_find(struct bus *b, u64 addr, enum space space);
size_t bus_regions(struct bus *b, const struct bus_region **out); /* sorted by base */

/* One access of 1, 2, 4 or 8 bytes (little-endian value); splits what crosses or is too wide for the device. */
enum bus_status bus_read(struct bus *b, pa p, unsigned size, struct attrs at, u64 *v);
enum bus_status bus_write(struct bus *b, pa p, unsigned size, struct attrs at, u64 v);
/* Block copies for DMA, loader, debugger. RAM only; stops at the first byte that is not RAM. */
enum bus_status bus_copy_in(struct bus *b, pa p, const void *src, size_t n);
enum bus_status bus_copy_out(struct bus *b, pa p, void *dst, size_t n);

/* Host bytes of the 4 KiB page at p if it is read like RAM there, else NULL; *writable says whether stores may go straight. */
u8 *bus_page(struct bus *b, pa p, bool *writable);
/* Where those bytes stand. False: host is none of ours. */
bool bus_address(const struct bus *b, const void *host, pa *p);
/* Whether the byte at p is RAM that a store changes: neither device nor flash nor read-only. */
bool bus_writable(struct bus *b, pa p);
/* The same for who will store there, whether it holds decoded code or not. */
bool bus_use_page(struct bus *b, pa p);

/*
 * Host bytes of the page at p if it is RAM that nobody has written yet or may write without asking: it holds zeros, and writing
 * zeros there needs no host memory. Else NULL. That has ended when **used (atomic) is not 0, which it becomes before a PE stores there.
 */
u8 *bus_unused_page(struct bus *b, pa p, const u8 **used);

/*
 * Written code. The CPU marks the lines it decoded from; every writer calls phys_written(), which tells the CPU when
 * marked lines are hit. bus_code_page() says whether a page holds code at all (then no fast store may go there).
 */
void bus_mark_code(struct bus *b, pa p, u32 len);
void bus_clear_code(struct bus *b, pa page);
bool bus_code_page(struct bus *b, pa p);
/* Whether any 64-byte line of [p, p+len) (inside one page) is marked. */
bool bus_code_lines(struct bus *b, pa p, u64 len);
/* Every listener is told the page and its marked lines that were hit (bit n: bytes 64n..), and drops what it decoded from them; the marks are then gone. */
void phys_written(struct bus *b, pa p, u64 len);
void bus_on_code_written(struct bus *b, void (*fn)(void *ctx, pa page, u64 lines), void *ctx);

/*
 * Watched pages: fn hears of every write to one (phys_written(); an atomic's before it happens), and bus_page() calls them not
 * writable. One watcher, who asks after all RAM was added. 0 or -ENOMEM.
 */
int bus_watch_writes(struct bus *b, void (*fn)(void *ctx, pa p, u64 len), void *ctx);
/* One more (by = 1) or one less (-1) wish to watch the page at p. The page's host bytes when it was not watched before, else NULL. */
const u8 *bus_watch(struct bus *b, pa p, int by);

/* RAM contents (zero pages elided) and every device's section, in address order. */
void bus_snap(struct bus *b, struct snap *s);
void bus_reset_devices(struct bus *b);

#endif
