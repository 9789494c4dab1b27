/*
 * A disk as its device sees it: bytes at offsets, in a host file or behind an NBD server, and over it the written
 * sectors of snapshot=on, which live in an unlinked temporary file. All calls are synchronous; what fails is a
 * negative errno, and a HOST line in the log names disk, place and cause.
 */
#ifndef DEVICES_BLOCK_H
#define DEVICES_BLOCK_H

#include "base/log.h"
#include "base/why.h"

struct snap;
struct block;

enum { BLOCK_SECTOR = 512 };

struct block_config {
	const char *id;	  /* the user's name for it, for messages */
	const char *file; /* a raw image, a block device, or nbd:HOST:PORT, nbd:unix:PATH, nbd://..., nbd+unix://... */
	bool readonly;
	bool snapshot;	 /* writes stay here and are forgotten at the end */
	bool discard;	 /* discarded sectors are punched out of the file */
	bool no_flush;	 /* cache=unsafe: flushes are not waited for */
	bool writethrough; /* cache=writethrough: every write is flushed */
};

/* Opens and locks the file (shared when nothing is written to it). 0, or negative errno and *why. */
int block_open(struct block **out, const struct block_config *c, struct log *log, struct why *why);
void block_close(struct block *b);

u64 block_size(const struct block *b); /* bytes; a multiple of BLOCK_SECTOR: the file's last sector is filled up with zeros */
bool block_readonly(const struct block *b);
bool block_writethrough(const struct block *b);

/* off+n is inside the disk; both are multiples of BLOCK_SECTOR. */
int block_read(struct block *b, u64 off, void *dst, size_t n);
int block_write(struct block *b, u64 off, const void *src, size_t n);
int block_discard(struct block *b, u64 off, u64 n);
/* unmap: the place in the file need not stay allocated */
int block_zero(struct block *b, u64 off, u64 n, bool unmap);
/* Everything written so far survives a power failure of the host. */
int block_flush(struct block *b);

/*
 * SHA-256 over what an image holds and where (zeros and holes are the same), and its size. 0; 1: it is no file (an NBD server, a device),
 * whose contents nobody can compare; or negative errno.
 */
int block_image_digest(const char *file, char hex[65], u64 *size);

/* Size and overlay. The file itself is not part of a snapshot. */
void block_snap(struct block *b, struct snap *s);

#endif
