/* Between p9.c (messages), p9_fid.c (what the client has open) and p9_host.c (files of the host). */
#ifndef DEVICES_P9_PRIV_H
#define DEVICES_P9_PRIV_H

#include <sys/stat.h>

#include "devices/p9.h"

/* Linux's error numbers, which 9P2000.L sends, are the host's. */

enum fid_kind { FID_PATH /* not open */, FID_FILE, FID_FOLDER, FID_XATTR_READ, FID_XATTR_WRITE };

struct p9_entry {
	char *name;
	u64 ino;
	u8 type; /* DT_* */
};

/* The sorted contents of a folder, as they were when its reading began. */
struct p9_list {
	struct p9_entry *entry;
	size_t n;
};

struct p9_fid {
	u32 id;
	enum fid_kind kind;
	char *path; /* below the top, "" is the top; NULL: renamed to what is too long to name */
	int fd;	    /* FID_FILE, FID_FOLDER; else -1 */
	u32 flags;  /* it was opened with */
	struct p9_list list; /* FID_FOLDER */
	/* FID_XATTR_*: */
	char *xattr;
	u8 *value;
	u32 value_size;
	u32 xattr_flags;
	struct p9_fid *next; /* same bucket */
};

enum { P9_BUCKETS = 1024, P9_FIDS_MAX = 1 << 18, P9_PATHS_MAX = 64 << 20, P9_XATTR_MAX = 65536,
       P9_VALUES_MAX = 256 /* fids of attributes */, P9_LISTED_MAX = 1 << 20 /* names in all lists */ };

struct p9 {
	char id[32];
	struct log *log;
	bool readonly;
	int top; /* O_PATH descriptor of the folder */
	u64 dev; /* of the file system that it stands on */
	u32 msize; /* 0: the client did not say Tversion */
	struct p9_fid *bucket[P9_BUCKETS];
	u32 fids, open, open_max, values;
	size_t listed;
	size_t path_bytes;
	struct p9_stats stats;
};

/* ---- p9_fid.c ---- */

struct p9_fid *p9_fid_find(struct p9 *p, u32 id);
/* 0, -EBADF: the number is in use, -ENFILE: too many. */
int p9_fid_new(struct p9 *p, u32 id, const char *path, struct p9_fid **out);
/* Ends the fid; an attribute that was written goes to the host now: 0 or what became of that. */
int p9_fid_clunk(struct p9 *p, struct p9_fid *f);
int p9_fid_set_path(struct p9 *p, struct p9_fid *f, const char *path);
/* Makes it a fid of an attribute. The value, from malloc(), is freed in any case. 0, -ENFILE or -ENOMEM. */
int p9_fid_value(struct p9 *p, struct p9_fid *f, enum fid_kind kind, u8 *value, u32 size);
/* Whether one more descriptor may be opened. */
bool p9_fid_may_open(struct p9 *p);
void p9_fid_opened(struct p9 *p, struct p9_fid *f, int fd, u32 flags);
/* What was called `from` is now called `to`, with everything below it. */
void p9_fid_renamed(struct p9 *p, const char *from, const char *to);

/* ---- p9_host.c: all return 0 or more, or a negative errno ---- */

/* dir/name, or -ENAMETOOLONG; -EINVAL when name is none (empty, ".", "..", with a slash). to holds PATH_MAX bytes. */
int p9_join(const char *dir, const char *name, char *to);
/* The path without its last name. */
void p9_parent(const char *path, char *to);
int p9_host_stat(struct p9 *p, const char *path, struct stat *st);
/* Opens a regular file or a folder for contents. flags: as Tlopen has them. */
int p9_host_open(struct p9 *p, const char *path, u32 flags);
int p9_host_create(struct p9 *p, const char *path, u32 flags, u32 mode, u32 gid);
int p9_host_mkdir(struct p9 *p, const char *path, u32 mode, u32 gid);
int p9_host_symlink(struct p9 *p, const char *path, const char *target, u32 gid);
int p9_host_mknod(struct p9 *p, const char *path, u32 mode, u32 gid);
int p9_host_link(struct p9 *p, const char *from, const char *to);
int p9_host_rename(struct p9 *p, const char *from, const char *to);
int p9_host_unlink(struct p9 *p, const char *path, bool folder);
/* Length of the target, which is ended by a NUL. to holds PATH_MAX bytes. */
int p9_host_readlink(struct p9 *p, const char *path, char *to);
int p9_host_chmod(struct p9 *p, const char *path, u32 mode);
int p9_host_chown(struct p9 *p, const char *path, u32 uid, u32 gid);
int p9_host_times(struct p9 *p, const char *path, const struct timespec times[2]);
int p9_host_truncate(struct p9 *p, const char *path, u64 size);
int p9_host_list(struct p9 *p, int fd, struct p9_list *list);
void p9_list_free(struct p9 *p, struct p9_list *list);
/* Length of the value (of the list of names when name is ""), in *value, which the caller frees. */
int p9_host_getxattr(struct p9 *p, const char *path, const char *name, u8 **value);
int p9_host_setxattr(struct p9 *p, const char *path, const char *name, const u8 *value, u32 size, u32 flags);

#endif
