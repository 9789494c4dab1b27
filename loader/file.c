/*
 * Whole files and gzip streams into memory, with limits; every failure names the option and the
 * file. Used inside loader/.
 */
#include "loader/loader_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

static int read_all(struct bytes *out, int fd, const char *what, const char *path, struct why *why)
{
	size_t have = 0;

	while (have < out->size) {
		ssize_t n = read(fd, out->data + have, out->size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return why_set(why, errno, "%s %s: cannot read: %s", what, path,
				       strerror(errno));
		if (n == 0)
			return why_set(why, EIO, "%s %s: the file shrank while it was read", what,
				       path);
		have += (size_t)n;
	}
	return 0;
}

int file_read(struct bytes *out, const char *what, const char *path, u64 limit, struct why *why)
{
	struct stat st;
	/* not blocking: a FIFO is refused, not waited for */
	int r, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*out = (struct bytes){ 0 };
	if (fd < 0)
		return why_set(why, errno, "%s %s: cannot open: %s", what, path, strerror(errno));
	if (fstat(fd, &st) < 0)
		r = why_set(why, errno, "%s %s: cannot examine: %s", what, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		r = why_set(why, EINVAL, "%s %s: expected a regular file", what, path);
	else if (st.st_size == 0)
		r = why_set(why, EINVAL, "%s %s: the file is empty", what, path);
	else if ((u64)st.st_size > limit)
		r = why_set(why, EFBIG,
			    "%s %s: %" PRIu64 " bytes do not fit into %" PRIu64
			    " MiB of memory (-m)",
			    what, path, (u64)st.st_size, limit >> 20);
	else if (!(out->data = malloc((size_t)st.st_size)))
		r = why_set(why, ENOMEM, "%s %s: no memory on the host for %" PRIu64 " bytes", what,
			    path, (u64)st.st_size);
	else {
		out->size = (size_t)st.st_size;
		r = read_all(out, fd, what, path, why);
	}
	close(fd);
	if (r < 0)
		bytes_free(out);
	return r;
}

/* Makes room for at least one more byte, up to limit + 1 (so that "too large" shows). */
static bool grow(struct bytes *b, u64 limit)
{
	u64 want = b->size ? 2 * (u64)b->size : 16 << 20;
	u8 *data;

	if (want > limit + 1)
		want = limit + 1;
	data = want > b->size ? realloc(b->data, want) : NULL;
	if (!data)
		return false;
	b->data = data;
	b->size = want;
	return true;
}

int gunzip(struct bytes *out, const u8 *in, size_t n, u64 limit, const char *what, const char *path,
	   struct why *why)
{
	z_stream z = { .next_in = (u8 *)(uintptr_t)in, .avail_in = (uInt)n };
	size_t have = 0;
	int r = inflateInit2(&z, 16 + MAX_WBITS); /* gzip wrapper only */

	*out = (struct bytes){ 0 };
	if (r != Z_OK)
		return why_set(why, ENOMEM, "%s %s: no memory to expand it", what, path);
	while (r == Z_OK) {
		uInt room;

		if (have == out->size && !grow(out, limit))
			break;
		room = out->size - have > 1u << 30 ? 1u << 30 : (uInt)(out->size - have);
		z.next_out = out->data + have;
		z.avail_out = room;
		r = inflate(&z, Z_NO_FLUSH);
		have += room - z.avail_out;
		if (r == Z_BUF_ERROR && have == out->size)
			r = Z_OK; /* only the output was full */
	}
	inflateEnd(&z);
	if (r == Z_STREAM_END && have > 0 && have <= limit) {
		out->size = have;
		return 0;
	}
	bytes_free(out);
	if (r == Z_OK || r == Z_STREAM_END)
		return why_set(why, EFBIG, "%s %s: the gzip data expand to %s", what, path,
			       have ? "more than the memory holds (-m)" : "nothing");
	if (r == Z_BUF_ERROR)
		return why_set(why, EINVAL, "%s %s: the gzip data end too early (truncated file?)",
			       what, path);
	return why_set(why, EINVAL, "%s %s: damaged gzip data (%s)", what, path,
		       z.msg ? z.msg : "no reason given");
}
