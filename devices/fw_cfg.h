/*
 * QEMU's firmware configuration device: named and numbered items that firmware reads through a
 * selector and a data register, or by DMA.
 */
#ifndef DEVICES_FW_CFG_H
#define DEVICES_FW_CFG_H

#include "base/stat.h"
#include "mmu/bus.h"

/* Numbers of items, as firmware knows them. Files have numbers from 0x20 on, by the directory. */
enum fw_cfg_key {
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_ID = 0x01,
	FW_CFG_UUID = 0x02,
	FW_CFG_RAM_SIZE = 0x03,
	FW_CFG_NOGRAPHIC = 0x04,
	FW_CFG_NB_CPUS = 0x05,
	FW_CFG_KERNEL_SIZE = 0x08,
	FW_CFG_INITRD_SIZE = 0x0b,
	FW_CFG_BOOT_MENU = 0x0e,
	FW_CFG_MAX_CPUS = 0x0f,
	FW_CFG_KERNEL_DATA = 0x11,
	FW_CFG_INITRD_DATA = 0x12,
	FW_CFG_CMDLINE_SIZE = 0x14,
	FW_CFG_CMDLINE_DATA = 0x15,
	FW_CFG_FILE_DIR = 0x19,
	FW_CFG_FILE_FIRST = 0x20,
};

#define FW_CFG_MAX_FILES 96
#define FW_CFG_NAME_MAX	 55 /* characters of a file's name */

struct fw_cfg;

#define FW_CFG_STATS(STAT)                                                                         \
	STAT(selections, "event", "items selected")                                                \
	STAT(bytes, "byte", "bytes read through the data register")                                \
	STAT(dma, "event", "DMA operations")                                                       \
	STAT(dma_bytes, "byte", "bytes moved by DMA")                                              \
	STAT(dma_errors, "event", "DMA operations that failed")

struct fw_cfg_stats {
	FW_CFG_STATS(STAT_FIELD)
};
extern const struct stat_row fw_cfg_stat_rows[];
extern const size_t fw_cfg_stat_rows_n;

extern const struct device_ops fw_cfg_ops;

/* bus: where DMA goes. */
struct fw_cfg *fw_cfg_new(struct bus *bus, struct log *log);
void fw_cfg_free(struct fw_cfg *d);
/*
 * A numbered item, or a file by name. data is copied. 0, -ENOMEM, -EEXIST (a name twice),
 * -ENOSPC (too many), -ENAMETOOLONG.
 */
int fw_cfg_add(struct fw_cfg *d, u16 key, const void *data, size_t n);
int fw_cfg_add_file(struct fw_cfg *d, const char *name, const void *data, size_t n);
int fw_cfg_add_u16(struct fw_cfg *d, u16 key, u16 v);
int fw_cfg_add_u32(struct fw_cfg *d, u16 key, u32 v);
const struct fw_cfg_stats *fw_cfg_stats(const struct fw_cfg *d);

#endif
