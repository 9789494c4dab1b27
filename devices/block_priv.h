/* What stands behind a disk: a table of functions over an opened file or connection. Offsets and sizes are in bytes. */
#ifndef DEVICES_BLOCK_PRIV_H
#define DEVICES_BLOCK_PRIV_H

#include "devices/block.h"

struct backend_ops {
	int (*read)(void *ctx, u64 off, void *dst, size_t n); /* all of it, or negative errno */
	int (*write)(void *ctx, u64 off, const void *src, size_t n);
	int (*zero)(void *ctx, u64 off, u64 n, bool unmap);
	int (*discard)(void *ctx, u64 off, u64 n);
	int (*flush)(void *ctx);
	void (*close)(void *ctx);
};

struct backend {
	const struct backend_ops *ops;
	void *ctx;
	u64 size; /* bytes */
};

int block_file_open(struct backend *out, const struct block_config *c, struct why *why);
int block_nbd_open(struct backend *out, const struct block_config *c, struct why *why);
/* Whether `file` names an NBD server. */
bool block_nbd_named(const char *file);

#endif
