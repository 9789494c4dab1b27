/*
 * A bank of NOR flash: two 16-bit chips side by side on a 32-bit bus, with Intel's command set
 * (CFI 0x0001) and 256 KiB erase blocks, as the board has two of.
 */
#ifndef DEVICES_FLASH_H
#define DEVICES_FLASH_H

#include "base/stat.h"
#include "mmu/bus.h"

#define FLASH_SIZE  (64ull << 20)
#define FLASH_BLOCK (256ull << 10)

struct flash;

#define FLASH_STATS(STAT)                                                                          \
	STAT(commands, "event", "commands written to the flash")                                   \
	STAT(programs, "event", "program operations")                                              \
	STAT(programmed, "byte", "bytes programmed")                                               \
	STAT(erases, "event", "blocks erased")                                                     \
	STAT(failures, "event", "program and erase operations refused or failed")

struct flash_stats {
	FLASH_STATS(STAT_FIELD)
};
extern const struct stat_row flash_stat_rows[];
extern const size_t flash_stat_rows_n;

struct flash_config {
	/*
	 * The file that holds the contents, or -1: an erased bank that forgets. Owned from
	 * flash_new() on, also when that fails. What it is too short for reads as erased.
	 */
	int fd;
	const char *path; /* for messages; borrowed */
	bool keep;	  /* writes go to the file; else they are lost at the end */
	bool readonly;	  /* programming and erasing fail */
	/* reads see the bytes (flash_bytes()), or else the device */
	void (*array)(void *ctx, bool on);
	/* bytes changed */
	void (*changed)(void *ctx, u64 off, u64 len);
	void *ctx;
	struct log *log;
};

extern const struct device_ops flash_ops;

/* 0, or negative errno: the file cannot be read, or is larger than the bank (-EFBIG). */
int flash_new(struct flash **out, const struct flash_config *cfg);
void flash_free(struct flash *d);
/* FLASH_SIZE bytes, valid until flash_free(). */
u8 *flash_bytes(struct flash *d);
const struct flash_stats *flash_stats(const struct flash *d);

#endif
