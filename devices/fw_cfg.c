/*
 * fw_cfg, the memory-mapped form with DMA (QEMU's docs/specs/fw_cfg): data register at 0, selector
 * at 8 and DMA address at 16, the last two big-endian. Items cannot be written. Reads past an
 * item's end give zeros. DMA goes to Non-secure memory and stops at the first byte that is none.
 * Made and filled by machine/.
 */
#include "devices/fw_cfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/snap.h"

enum { REG_DATA = 0, REG_SELECTOR = 8, REG_DMA = 16, REG_END = 24 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };
enum { DMA_CONTROL_SIZE = 16, DIR_HEAD = 4, DIR_ENTRY = 64 };
#define DMA_SIGNATURE 0x51454d5520434647ull /* "QEMU CFG" */

struct item {
	u8 *data;
	size_t size;
};

struct file {
	char name[FW_CFG_NAME_MAX + 1];
	struct item item;
};

struct fw_cfg {
	struct bus *bus;
	struct log *log;
	struct fw_cfg_stats stats;
	struct item item[FW_CFG_FILE_FIRST];
	struct file file[FW_CFG_MAX_FILES]; /* sorted by name; number FW_CFG_FILE_FIRST + index */
	size_t n_files;
	u16 key;
	u64 at;	 /* next byte of the selected item */
	u64 dma; /* the address register's upper half, until the lower is written */
};

#define ROW(field, unit, help) STAT_ROW(fw_cfg_stats, field, unit, help)
const struct stat_row fw_cfg_stat_rows[] = { FW_CFG_STATS(ROW) };
#undef ROW
const size_t fw_cfg_stat_rows_n = ARRAY_SIZE(fw_cfg_stat_rows);

static void put_be(u8 *to, u64 v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] = (u8)(v >> 8 * (n - 1 - i));
}

static u64 get_be(const u8 *from, unsigned n)
{
	u64 v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | from[i];
	return v;
}

/* A register's value from the bus: the guest's bytes in memory order, most significant first. */
static u64 swap(u64 v, unsigned width)
{
	u8 b[8];

	for (unsigned i = 0; i < width; i++)
		b[i] = (u8)(v >> 8 * i);
	return get_be(b, width);
}

/* ---- items ---- */

static const struct item *selected(const struct fw_cfg *d)
{
	static const struct item none;

	if (d->key < FW_CFG_FILE_FIRST)
		return &d->item[d->key];
	if ((size_t)(d->key - FW_CFG_FILE_FIRST) < d->n_files)
		return &d->file[d->key - FW_CFG_FILE_FIRST].item;
	return &none;
}

static int copy(struct item *to, const void *data, size_t n)
{
	u8 *mine = malloc(n ? n : 1);

	if (!mine)
		return -ENOMEM;
	if (n)
		memcpy(mine, data, n);
	free(to->data);
	*to = (struct item){ mine, n };
	return 0;
}

int fw_cfg_add(struct fw_cfg *d, u16 key, const void *data, size_t n)
{
	return key < FW_CFG_FILE_FIRST ? copy(&d->item[key], data, n) : -EINVAL;
}

int fw_cfg_add_u16(struct fw_cfg *d, u16 key, u16 v)
{
	u8 le[2] = { (u8)v, (u8)(v >> 8) };

	return fw_cfg_add(d, key, le, sizeof le);
}

int fw_cfg_add_u32(struct fw_cfg *d, u16 key, u32 v)
{
	u8 le[4] = { (u8)v, (u8)(v >> 8), (u8)(v >> 16), (u8)(v >> 24) };

	return fw_cfg_add(d, key, le, sizeof le);
}

/* The directory: a count, then size, number, reserved and name of each file, all big-endian. */
static int write_directory(struct fw_cfg *d)
{
	size_t n = DIR_HEAD + d->n_files * DIR_ENTRY;
	u8 *dir = calloc(1, n);
	int r;

	if (!dir)
		return -ENOMEM;
	put_be(dir, d->n_files, 4);
	for (size_t i = 0; i < d->n_files; i++) {
		u8 *e = dir + DIR_HEAD + i * DIR_ENTRY;

		put_be(e, d->file[i].item.size, 4);
		put_be(e + 4, FW_CFG_FILE_FIRST + i, 2);
		memcpy(e + 8, d->file[i].name, sizeof d->file[i].name);
	}
	r = fw_cfg_add(d, FW_CFG_FILE_DIR, dir, n);
	free(dir);
	return r;
}

int fw_cfg_add_file(struct fw_cfg *d, const char *name, const void *data, size_t n)
{
	struct file f = { .name = "" };
	size_t at = 0;
	int r;

	if (strlen(name) > FW_CFG_NAME_MAX)
		return -ENAMETOOLONG;
	if (d->n_files == FW_CFG_MAX_FILES || n > UINT32_MAX)
		return -ENOSPC;
	while (at < d->n_files && strcmp(d->file[at].name, name) < 0)
		at++;
	if (at < d->n_files && !strcmp(d->file[at].name, name))
		return -EEXIST;
	memcpy(f.name, name, strlen(name) + 1);
	r = copy(&f.item, data, n);
	if (r < 0)
		return r;
	memmove(&d->file[at + 1], &d->file[at], (d->n_files - at) * sizeof f);
	d->file[at] = f;
	d->n_files++;
	return write_directory(d);
}

/* ---- registers ---- */

static void choose(struct fw_cfg *d, u16 key)
{
	d->key = key & 0x3fff; /* above: writing, items of one architecture */
	d->at = 0;
	d->stats.selections++;
}

/* The next n bytes of the item; zeros past its end. */
static void take(struct fw_cfg *d, u8 *to, size_t n)
{
	const struct item *i = selected(d);
	size_t have = d->at < i->size ? i->size - d->at : 0;

	if (have > n)
		have = n;
	if (have)
		memcpy(to, i->data + d->at, have);
	memset(to + have, 0, n - have);
	d->at += n;
}

static u64 fw_cfg_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct fw_cfg *d = dev;
	u8 b[8];
	u64 v = 0;

	if (off >= REG_DMA && off < REG_END)
		return swap(DMA_SIGNATURE << 8 * (off - REG_DMA) >> 8 * (8 - width), width);
	if (off >= REG_SELECTOR || at.debug)
		return 0;
	take(d, b, width);
	d->stats.bytes += width;
	for (unsigned i = 0; i < width; i++)
		v |= (u64)b[i] << 8 * i;
	return v;
}

static enum bus_status move(struct fw_cfg *d, pa to, u32 n)
{
	u8 chunk[4096];

	while (n) {
		u32 k = n < sizeof chunk ? n : sizeof chunk;
		enum bus_status st;

		take(d, chunk, k);
		st = bus_copy_in(d->bus, to, chunk, k);
		if (st != BUS_OK)
			return st;
		d->stats.dma_bytes += k;
		to = pa_make(pa_space(to), pa_addr(to) + k);
		n -= k;
	}
	return BUS_OK;
}

/* One operation; its structure at `where` is answered with nothing left to do, or an error. */
static void dma(struct fw_cfg *d, u64 where)
{
	pa at = pa_make(SPACE_NS, where);
	u8 c[DMA_CONTROL_SIZE], done[4] = { 0 };
	u32 control, length;
	u64 address;
	bool ok = true;

	d->stats.dma++;
	if (where > ADDR_MASK - sizeof c || bus_copy_out(d->bus, at, c, sizeof c) != BUS_OK) {
		d->stats.dma_errors++;
		log_at(d->log, LOG_GUEST, "fw_cfg", "DMA structure at %#" PRIx64 " is not in RAM",
		       where);
		return;
	}
	control = (u32)get_be(c, 4);
	length = (u32)get_be(c + 4, 4);
	address = get_be(c + 8, 8);
	if (control & DMA_SELECT)
		choose(d, (u16)(control >> 16));
	if (control & DMA_READ)
		ok = address <= ADDR_MASK - length &&
		     move(d, pa_make(SPACE_NS, address), length) == BUS_OK;
	else if (control & DMA_WRITE)
		ok = false; /* no item can be written */
	else if (control & DMA_SKIP)
		d->at += length;
	if (!ok) {
		d->stats.dma_errors++;
		log_at(d->log, LOG_GUEST, "fw_cfg",
		       "DMA %#x of %u bytes at %#" PRIx64 ", item %#x: refused", control, length,
		       address, d->key);
	}
	put_be(done, ok ? 0 : DMA_ERROR, 4);
	bus_copy_in(d->bus, at, done, sizeof done);
}

static void fw_cfg_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct fw_cfg *d = dev;
	u64 be = swap(v, width);

	if (off == REG_SELECTOR && width == 2) {
		choose(d, (u16)be);
	} else if (off == REG_DMA && width == 8) {
		dma(d, be);
	} else if (off == REG_DMA && width == 4) {
		d->dma = be << 32;
	} else if (off == REG_DMA + 4 && width == 4) {
		u64 where = d->dma | be;

		d->dma = 0;
		dma(d, where);
	} else {
		log_once(d->log, LOG_GUEST, "fw_cfg", off << 8 | width,
			 "write of %u bytes at %#" PRIx64 " has no effect", width, off);
	}
}

static void fw_cfg_reset(void *dev)
{
	struct fw_cfg *d = dev;

	d->key = 0;
	d->at = d->dma = 0;
}

/* Items are the machine's configuration, not state. */
static void fw_cfg_snap(void *dev, struct snap *s)
{
	struct fw_cfg *d = dev;

	snap_section(s, "fw_cfg", 1);
	snap_u16(s, &d->key);
	snap_u64(s, &d->at);
	snap_u64(s, &d->dma);
	for (size_t i = 0; i < fw_cfg_stat_rows_n; i++)
		snap_u64(s, (u64 *)((char *)&d->stats + fw_cfg_stat_rows[i].offset));
}

const struct device_ops fw_cfg_ops = {
	.name = "fw_cfg",
	.size = REG_END,
	.widths = W8 | W16 | W32 | W64,
	.read = fw_cfg_read,
	.write = fw_cfg_write,
	.reset = fw_cfg_reset,
	.snap = fw_cfg_snap,
};

struct fw_cfg *fw_cfg_new(struct bus *bus, struct log *log)
{
	static const u8 id[4] = { 3 }; /* the registers, and DMA */
	struct fw_cfg *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->bus = bus;
	d->log = log;
	if (fw_cfg_add(d, FW_CFG_SIGNATURE, "QEMU", 4) || fw_cfg_add(d, FW_CFG_ID, id, sizeof id) ||
	    write_directory(d)) {
		fw_cfg_free(d);
		return NULL;
	}
	return d;
}

void fw_cfg_free(struct fw_cfg *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(d->item); i++)
		free(d->item[i].data);
	for (size_t i = 0; i < d->n_files; i++)
		free(d->file[i].item.data);
	free(d);
}

const struct fw_cfg_stats *fw_cfg_stats(const struct fw_cfg *d)
{
	return &d->stats;
}
