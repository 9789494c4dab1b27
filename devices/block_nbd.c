/*
 * A disk behind an NBD server, through libnbd: qemu-nbd or nbdkit bring qcow2 and other formats. Requests wait for the
 * server's answer. Names: nbd:HOST:PORT[:exportname=X], nbd:unix:PATH[:exportname=X], and libnbd's URIs.
 */
#define _GNU_SOURCE
#include "devices/block_priv.h"

#include <errno.h>
#include <libnbd.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 20 }; /* servers take at least 32 MiB, but not all more */

bool block_nbd_named(const char *file)
{
	static const char *const starts[] = { "nbd:", "nbds:", "nbd+unix:", "nbds+unix:" };

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncmp(file, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/* libnbd's answer as negative errno. */
static int failed(void)
{
	int e = nbd_get_errno();

	return e ? -e : -EIO;
}

static int nbd_read(void *ctx, u64 off, void *dst, size_t n)
{
	for (size_t done = 0; done < n;) {
		size_t run = n - done < CHUNK ? n - done : CHUNK;

		if (nbd_pread(ctx, (u8 *)dst + done, run, off + done, 0))
			return failed();
		done += run;
	}
	return 0;
}

static int nbd_write(void *ctx, u64 off, const void *src, size_t n)
{
	for (size_t done = 0; done < n;) {
		size_t run = n - done < CHUNK ? n - done : CHUNK;

		if (nbd_pwrite(ctx, (const u8 *)src + done, run, off + done, 0))
			return failed();
		done += run;
	}
	return 0;
}

static int nbd_zero_slowly(void *ctx, u64 off, u64 n)
{
	static const u8 zeros[65536];

	while (n) {
		size_t run = n < sizeof zeros ? (size_t)n : sizeof zeros;
		int r = nbd_write(ctx, off, zeros, run);

		if (r)
			return r;
		off += run;
		n -= run;
	}
	return 0;
}

static int nbd_zeros(void *ctx, u64 off, u64 n, bool unmap)
{
	if (nbd_can_zero(ctx) != 1)
		return nbd_zero_slowly(ctx, off, n);
	return nbd_zero(ctx, n, off, unmap ? 0 : LIBNBD_CMD_FLAG_NO_HOLE) ? failed() : 0;
}

static int nbd_discard(void *ctx, u64 off, u64 n)
{
	if (nbd_can_trim(ctx) != 1)
		return 0;
	return nbd_trim(ctx, n, off, 0) ? failed() : 0;
}

static int nbd_sync(void *ctx)
{
	if (nbd_can_flush(ctx) != 1)
		return 0;
	return nbd_flush(ctx, 0) ? failed() : 0;
}

static void nbd_end(void *ctx)
{
	nbd_shutdown(ctx, 0);
	nbd_close(ctx);
}

static const struct backend_ops nbd_backend = {
	.read = nbd_read,
	.write = nbd_write,
	.zero = nbd_zeros,
	.discard = nbd_discard,
	.flush = nbd_sync,
	.close = nbd_end,
};

/* QEMU's older names: nbd:HOST:PORT and nbd:unix:PATH, with an optional :exportname=X. */
static int connect_plain(struct nbd_handle *h, char *name)
{
	char *export = strstr(name, ":exportname=");
	char *port;

	if (export) {
		*export = 0;
		if (nbd_set_export_name(h, export + strlen(":exportname=")))
			return -1;
	}
	if (!strncmp(name, "unix:", 5))
		return nbd_connect_unix(h, name + 5);
	port = strrchr(name, ':');
	if (!port)
		return nbd_connect_tcp(h, name, "10809");
	*port = 0;
	return nbd_connect_tcp(h, name, port + 1);
}

static int connect_to(struct nbd_handle *h, const char *file)
{
	char *name;
	int r;

	if (strncmp(file, "nbd:", 4) || !strncmp(file, "nbd://", 6))
		return nbd_connect_uri(h, file);
	name = strdup(file + 4);
	r = name ? connect_plain(h, name) : -1;
	free(name);
	return r;
}

int block_nbd_open(struct backend *out, const struct block_config *c, struct why *why)
{
	struct nbd_handle *h = nbd_create();
	int64_t size = -1;
	int r = 0;

	if (!h || connect_to(h, c->file) || (size = nbd_get_size(h)) < 0)
		r = why_set(why, EIO, "-drive file=%s: no NBD server answers: %s", c->file, nbd_get_error());
	else if (!c->readonly && !c->snapshot && nbd_is_read_only(h) == 1)
		r = why_set(why, EROFS, "-drive file=%s: the NBD server only lets read; say readonly=on or snapshot=on",
			    c->file);
	if (r) {
		nbd_close(h);
		return r;
	}
	*out = (struct backend){ .ops = &nbd_backend, .ctx = h, .size = (u64)size };
	return 0;
}
