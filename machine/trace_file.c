/* See trace_file.h. */
#include "machine/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 1 << 18 };

struct trace_file {
	int fd;
	const char *option;
	char *path;
	struct log *log;
	u64 max, written; /* written: whole records in the file */
	bool failed;
	size_t n;
	u8 buffer[BUFFER];
};

int trace_file_open(struct trace_file **out, const char *option, const char *path, u64 max, struct log *log, struct why *why)
{
	struct trace_file *f = calloc(1, sizeof(*f));

	*out = NULL;
	if (!f || !(f->path = strdup(path))) {
		free(f);
		return why_set(why, ENOMEM, "%s: no memory on the host", option);
	}
	f->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (f->fd < 0) {
		int err = errno;

		free(f->path);
		free(f);
		return why_set(why, err, "%s %s: cannot open: %s", option, path, strerror(err));
	}
	f->option = option;
	f->max = max;
	f->log = log;
	*out = f;
	return 0;
}

static void fail(struct trace_file *f, int err)
{
	f->failed = true;
	log_at(f->log, LOG_HOST, "trace", "%s %s: cannot write: %s; it ends there, the run goes on", f->option, f->path, strerror(err));
	/* a pipe cannot be cut; its reader sees the end in the middle of a record */
	if (ftruncate(f->fd, (off_t)f->written) != 0)
		return;
}

static void flush(struct trace_file *f)
{
	size_t done = 0;

	while (!f->failed && done < f->n) {
		ssize_t k = write(f->fd, f->buffer + done, f->n - done);

		if (k < 0 && errno != EINTR)
			fail(f, errno);
		else if (k > 0)
			done += (size_t)k;
	}
	if (!f->failed)
		f->written += f->n;
	f->n = 0;
}

u64 trace_file_left(const struct trace_file *f)
{
	u64 used = f->written + f->n;

	return f->failed || used >= f->max ? 0 : f->max - used;
}

void trace_file_put(struct trace_file *f, const void *record, size_t n)
{
	if (n > trace_file_left(f) || n > BUFFER)
		return;
	if (BUFFER - f->n < n)
		flush(f);
	memcpy(f->buffer + f->n, record, n);
	f->n += n;
}

void trace_file_full(struct trace_file *f, u64 now)
{
	if (f->failed)
		return;
	log_at(f->log, LOG_HOST, "trace", "%s %s: %" PRIu64 " bytes (--trace-max) are reached at %" PRIu64 " ns; it ends there, the run goes on", f->option,
	       f->path, f->max, now / 1000);
}

void trace_file_close(struct trace_file *f)
{
	if (!f)
		return;
	flush(f);
	if (close(f->fd) && !f->failed)
		fail(f, errno);
	free(f->path);
	free(f);
}
