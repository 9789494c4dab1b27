/*
 * What a 9P client has at hand: fids, each a path below the top and perhaps an open file. A path, not a descriptor, so
 * that a client may hold very many; so renames are followed here.
 */
#define _GNU_SOURCE
#include "devices/p9_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/snap.h"

static struct p9_fid **slot(struct p9 *p, u32 id)
{
	struct p9_fid **at = &p->bucket[id % P9_BUCKETS];

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

struct p9_fid *p9_fid_find(struct p9 *p, u32 id)
{
	return *slot(p, id);
}

int p9_fid_set_path(struct p9 *p, struct p9_fid *f, const char *path)
{
	size_t n = strlen(path) + 1, old = f->path ? strlen(f->path) + 1 : 0;
	char *copy = p->path_bytes - old + n <= P9_PATHS_MAX ? strdup(path) : NULL;

	if (!copy)
		return -ENFILE;
	free(f->path);
	f->path = copy;
	p->path_bytes += n - old;
	return 0;
}

int p9_fid_new(struct p9 *p, u32 id, const char *path, struct p9_fid **out)
{
	struct p9_fid **at = slot(p, id), *f;

	if (*at)
		return -EBADF;
	f = p->fids < P9_FIDS_MAX ? calloc(1, sizeof *f) : NULL;
	if (!f || p9_fid_set_path(p, f, path)) {
		free(f);
		return -ENFILE;
	}
	f->id = id;
	f->fd = -1;
	*at = f;
	p->fids++;
	*out = f;
	return 0;
}

int p9_fid_clunk(struct p9 *p, struct p9_fid *f)
{
	struct p9_fid **at = slot(p, f->id);
	int r = 0;

	if (f->kind == FID_XATTR_WRITE && f->path && f->xattr)
		r = p9_host_setxattr(p, f->path, f->xattr, f->value, f->value_size, f->xattr_flags);
	if (f->fd >= 0) {
		close(f->fd);
		p->open--;
	}
	*at = f->next;
	p->fids--;
	p->path_bytes -= f->path ? strlen(f->path) + 1 : 0;
	p->values -= f->value != NULL;
	p9_list_free(p, &f->list);
	free(f->path);
	free(f->xattr);
	free(f->value);
	free(f);
	return r;
}

int p9_fid_value(struct p9 *p, struct p9_fid *f, enum fid_kind kind, u8 *value, u32 size)
{
	if (!value || p->values == P9_VALUES_MAX) {
		free(value);
		return value ? -ENFILE : -ENOMEM;
	}
	p->values++;
	f->kind = kind;
	f->value = value;
	f->value_size = size;
	return 0;
}

bool p9_fid_may_open(struct p9 *p)
{
	return p->open < p->open_max;
}

void p9_fid_opened(struct p9 *p, struct p9_fid *f, int fd, u32 flags)
{
	struct stat st;

	f->fd = fd;
	f->flags = flags;
	f->kind = !fstat(fd, &st) && S_ISDIR(st.st_mode) ? FID_FOLDER : FID_FILE;
	p->open++;
}

static void lose_path(struct p9 *p, struct p9_fid *f)
{
	p->path_bytes -= strlen(f->path) + 1;
	free(f->path);
	f->path = NULL;
}

void p9_fid_renamed(struct p9 *p, const char *from, const char *to)
{
	size_t n = strlen(from);
	char path[PATH_MAX];

	for (unsigned i = 0; i < P9_BUCKETS; i++)
		for (struct p9_fid *f = p->bucket[i]; f; f = f->next) {
			if (!f->path || strncmp(f->path, from, n) || (f->path[n] && f->path[n] != '/'))
				continue;
			if (snprintf(path, sizeof path, "%s%s", to, f->path + n) >= (int)sizeof path ||
			    p9_fid_set_path(p, f, path))
				lose_path(p, f);
		}
}

/* ---- snapshot: files are opened again, by their paths ---- */

static void snap_text(struct snap *s, char **text, size_t max)
{
	u32 n = *text ? (u32)strlen(*text) : UINT32_MAX;

	snap_u32(s, &n);
	if (s->failed || n == UINT32_MAX)
		return;
	snap_check(s, n < max, "length of a 9p name");
	if (s->loading && !s->failed)
		*text = calloc(1, (size_t)n + 1);
	snap_check(s, *text != NULL, "memory for a 9p name");
	if (!s->failed)
		snap_bytes(s, *text, n);
}

static void snap_fid(struct p9 *p, struct p9_fid *f, struct snap *s)
{
	u32 kind = f->kind, size = f->value_size;

	snap_u32(s, &kind);
	snap_u32(s, &f->flags);
	snap_text(s, &f->xattr, P9_XATTR_MAX);
	snap_u32(s, &f->xattr_flags);
	snap_u32(s, &size);
	snap_check(s, kind <= FID_XATTR_WRITE && size <= P9_XATTR_MAX, "kind of a 9p fid");
	if (s->failed)
		return;
	if (s->loading && (kind == FID_XATTR_READ || kind == FID_XATTR_WRITE))
		snap_check(s, !p9_fid_value(p, f, (enum fid_kind)kind, calloc(1, (size_t)size + 1), size), "9p attributes");
	else if (s->loading)
		f->kind = (enum fid_kind)kind;
	if (f->value)
		snap_bytes(s, f->value, f->value_size);
	if (!s->loading || (kind != FID_FILE && kind != FID_FOLDER))
		return;
	f->fd = f->path ? p9_host_open(p, f->path, f->flags & ~(u32)O_TRUNC) : -ESTALE;
	if (f->fd >= 0)
		p->open++;
	else
		f->kind = FID_PATH; /* it is gone from the host: the guest will see errors */
	f->fd = f->fd < 0 ? -1 : f->fd;
}

void p9_snap(struct p9 *p, struct snap *s)
{
	u32 n = p->fids;

	if (s->loading)
		p9_reset(p);
	snap_section(s, "9p", 1);
	for (size_t i = 0; i < p9_stat_count; i++)
		snap_u64(s, (u64 *)((char *)&p->stats + p9_stat_rows[i].offset));
	snap_u32(s, &p->msize);
	snap_u32(s, &n);
	snap_check(s, p->msize <= P9_MSIZE_MAX && n <= P9_FIDS_MAX, "9p session");
	for (unsigned i = 0; i < P9_BUCKETS && !s->loading; i++)
		for (struct p9_fid *f = p->bucket[i]; f; f = f->next) {
			snap_u32(s, &f->id);
			snap_text(s, &f->path, PATH_MAX);
			snap_fid(p, f, s);
		}
	for (u32 i = 0; i < n && s->loading && !s->failed; i++) {
		struct p9_fid *f;
		char *path = NULL;
		u32 id = 0;

		snap_u32(s, &id);
		snap_text(s, &path, PATH_MAX);
		snap_check(s, p9_fid_new(p, id, path ? path : "", &f) == 0, "9p fid");
		if (!s->failed && !path)
			lose_path(p, f);
		if (!s->failed)
			snap_fid(p, f, s);
		free(path);
	}
}
