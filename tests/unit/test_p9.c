/* devices/p9: a folder of the host as a 9P2000.L client meets it, a hostile one too. Each test has a folder of its own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/p9.h"
#include "tests/unit/harness.h"

enum {
	RLERROR = 7, TLOPEN = 12, TLCREATE = 14, TSYMLINK = 16, TMKNOD = 18, TRENAME = 20, TREADLINK = 22, TGETATTR = 24,
	TSETATTR = 26, TXATTRWALK = 30, TXATTRCREATE = 32, TREADDIR = 40, TLINK = 70, TMKDIR = 72, TRENAMEAT = 74,
	TUNLINKAT = 76, TVERSION = 100, TATTACH = 104, TWALK = 110, TREAD = 116, TWRITE = 118, TCLUNK = 120, TREMOVE = 122,
};

/* A folder, what is shared of it ("share"), and one message at a time. */
struct bench {
	char top[64], share[80];
	struct p9 *p;
	u8 out[8192], in[8192];
	size_t n, got, at;
};

static void put(struct bench *b, unsigned width, u64 v)
{
	for (unsigned i = 0; i < width; i++)
		b->out[b->n++] = (u8)(v >> 8 * i);
}

static void put_text(struct bench *b, const char *text)
{
	put(b, 2, strlen(text));
	memcpy(b->out + b->n, text, strlen(text));
	b->n += strlen(text);
}

static u64 get(struct bench *b, unsigned width)
{
	u64 v = 0;

	for (unsigned i = 0; i < width; i++)
		v |= (u64)b->in[b->at++] << 8 * i;
	return v;
}

static void begin(struct bench *b, unsigned type)
{
	b->n = 0;
	put(b, 4, 0);
	put(b, 1, type);
	put(b, 2, 0x1234);
}

/* 0 with the reply's fields ahead, or the error number. */
static u32 call(struct bench *b)
{
	b->out[0] = (u8)b->n;
	b->out[1] = (u8)(b->n >> 8);
	b->got = p9_serve(b->p, b->out, b->n, b->in, sizeof b->in);
	b->at = 0;
	EXPECT_EQ(get(b, 4), b->got);
	b->at = 7;
	EXPECT_EQ(b->in[5] | b->in[6] << 8, 0x1234);
	if (b->in[4] == RLERROR)
		return (u32)get(b, 4);
	EXPECT_EQ(b->in[4], b->out[4] + 1);
	return 0;
}

static u32 call1(struct bench *b, unsigned type, u32 fid)
{
	begin(b, type);
	put(b, 4, fid);
	return call(b);
}

static u32 walk(struct bench *b, u32 fid, u32 new_fid, const char *names)
{
	char copy[256], *name;
	size_t count_at;
	u8 n = 0;

	begin(b, TWALK);
	put(b, 4, fid);
	put(b, 4, new_fid);
	count_at = b->n;
	put(b, 2, 0);
	snprintf(copy, sizeof copy, "%s", names);
	for (name = strtok(copy, " "); name; name = strtok(NULL, " "), n++)
		put_text(b, name);
	b->out[count_at] = n;
	return call(b);
}

static u32 lopen(struct bench *b, u32 fid, u32 flags)
{
	begin(b, TLOPEN);
	put(b, 4, fid);
	put(b, 4, flags);
	return call(b);
}

static u32 named(struct bench *b, unsigned type, u32 fid, const char *name, const char *second, unsigned words, ...)
{
	va_list ap;

	begin(b, type);
	put(b, 4, fid);
	put_text(b, name);
	if (second)
		put_text(b, second);
	va_start(ap, words);
	for (unsigned i = 0; i < words; i++)
		put(b, 4, va_arg(ap, u32));
	va_end(ap);
	return call(b);
}

static u32 rw(struct bench *b, unsigned type, u32 fid, u64 off, u32 count, const char *data)
{
	begin(b, type);
	put(b, 4, fid);
	put(b, 8, off);
	put(b, 4, count);
	if (data) {
		memcpy(b->out + b->n, data, count);
		b->n += count;
	}
	return call(b);
}

static void write_file(const struct bench *b, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", b->top, name);
	f = fopen(path, "w");
	ASSERT(f);
	fputs(text, f);
	fclose(f);
}

static bool there(const struct bench *b, const char *name)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", b->top, name);
	return lstat(path, &st) == 0;
}

static u32 version(struct bench *b, u32 msize, const char *text)
{
	begin(b, TVERSION);
	put(b, 4, msize);
	put_text(b, text);
	return call(b);
}

static u32 attach(struct bench *b, u32 fid)
{
	begin(b, TATTACH);
	put(b, 4, fid);
	put(b, 4, UINT32_MAX);
	put_text(b, "root");
	put_text(b, "");
	put(b, 4, 0);
	return call(b);
}

static bool bench(struct bench *b, bool readonly)
{
	struct p9_config c = { .id = "f", .path = b->share, .readonly = readonly };
	struct why why;

	memset(b, 0, sizeof *b);
	strcpy(b->top, "/tmp/p9testXXXXXX");
	if (!EXPECT(mkdtemp(b->top)))
		return false;
	snprintf(b->share, sizeof b->share, "%s/share", b->top);
	mkdir(b->share, 0755);
	write_file(b, "secret", "outside");
	write_file(b, "share/file", "hello, guest");
	return EXPECT(p9_new(&b->p, &c, NULL, &why) == 0) && EXPECT_EQ(version(b, 8192, "9P2000.L"), 0) &&
	       EXPECT_EQ(attach(b, 0), 0);
}

static void done(struct bench *b)
{
	char command[100];

	p9_free(b->p);
	snprintf(command, sizeof command, "rm -rf %s", b->top);
	EXPECT_EQ(system(command), 0);
}

TEST(version_and_attach)
{
	struct bench b;

	ASSERT(bench(&b, false));
	EXPECT_EQ(version(&b, 1 << 30, "9P2000.L"), 0);
	EXPECT_EQ(get(&b, 4), P9_MSIZE_MAX);
	EXPECT_EQ(call1(&b, TCLUNK, 0), EBADF); /* a new session has no fids */
	EXPECT_EQ(version(&b, 8192, "9P2000"), 0);
	b.at = 11;
	EXPECT_EQ(get(&b, 2), 7);
	EXPECT(!memcmp(b.in + 13, "unknown", 7));
	EXPECT_EQ(attach(&b, 0), EPROTO); /* no session */
	EXPECT_EQ(version(&b, 10, "9P2000.L"), EPROTO);
	done(&b);
}

TEST(reads_and_writes_files)
{
	struct bench b;

	ASSERT(bench(&b, false));
	EXPECT_EQ(walk(&b, 0, 1, "file"), 0);
	EXPECT_EQ(lopen(&b, 1, O_RDWR), 0);
	EXPECT_EQ(rw(&b, TREAD, 1, 7, 100, NULL), 0);
	EXPECT_EQ(get(&b, 4), 5);
	EXPECT(!memcmp(b.in + b.at, "guest", 5));
	EXPECT_EQ(rw(&b, TWRITE, 1, 7, 4, "host"), 0);
	EXPECT_EQ(rw(&b, TREAD, 1, 0, 100, NULL), 0);
	EXPECT(!memcmp(b.in + 11, "hello, hostt", 12));
	EXPECT_EQ(rw(&b, TREAD, 1, 1ull << 63, 100, NULL), EINVAL);
	EXPECT_EQ(lopen(&b, 1, 0), EBUSY);
	EXPECT_EQ(walk(&b, 0, 2, ""), 0);
	EXPECT_EQ(named(&b, TLCREATE, 2, "new", NULL, 3, O_RDWR | O_CREAT, 0640, 0), 0);
	EXPECT_EQ(rw(&b, TWRITE, 2, 3, 3, "abc"), 0);
	EXPECT(there(&b, "share/new"));
	EXPECT_EQ(call1(&b, TREMOVE, 2), 0);
	EXPECT(!there(&b, "share/new"));
	EXPECT_EQ(call1(&b, TCLUNK, 2), EBADF);
	done(&b);
}

TEST(walks_stay_below_the_top)
{
	struct bench b;

	ASSERT(bench(&b, false));
	EXPECT_EQ(symlink("../secret", strcat(strcpy((char *)b.out, b.share), "/link")), 0);
	EXPECT_EQ(symlink("/tmp", strcat(strcpy((char *)b.out, b.share), "/dir")), 0);
	EXPECT_EQ(walk(&b, 0, 1, ".. .. .."), 0); /* is the top */
	EXPECT_EQ(walk(&b, 1, 2, "secret"), ENOENT);
	EXPECT_EQ(walk(&b, 1, 2, "../secret"), EINVAL);
	EXPECT_EQ(walk(&b, 1, 2, "/etc/passwd"), EINVAL);
	EXPECT_EQ(walk(&b, 1, 2, "."), EINVAL);
	EXPECT_EQ(walk(&b, 1, 2, "link"), 0); /* the link itself */
	EXPECT_EQ(lopen(&b, 2, 0), ELOOP);
	EXPECT_EQ(call1(&b, TREADLINK, 2), 0);
	EXPECT(!memcmp(b.in + 9, "../secret", 9));
	EXPECT_EQ(walk(&b, 1, 3, "dir p9"), 0);
	EXPECT_EQ(get(&b, 2), 1); /* one step; fid 3 is not made */
	EXPECT_EQ(call1(&b, TCLUNK, 3), EBADF);
	EXPECT_EQ(named(&b, TLCREATE, 1, "link", NULL, 3, O_WRONLY | O_CREAT | O_TRUNC, 0644, 0), ELOOP);
	EXPECT_EQ(named(&b, TMKDIR, 0, "../x", NULL, 2, 0755, 0), EINVAL);
	EXPECT_EQ(named(&b, TRENAMEAT, 0, "file", NULL, 1, 0), EPROTO);
	EXPECT(there(&b, "secret") && !there(&b, "x"));
	done(&b);
}

TEST(a_folder_that_becomes_a_link_is_not_followed)
{
	struct bench b;
	char path[100], away[100];

	ASSERT(bench(&b, false));
	EXPECT_EQ(named(&b, TMKDIR, 0, "d", NULL, 2, 0755, 0), 0);
	EXPECT_EQ(walk(&b, 0, 1, "d"), 0);
	snprintf(path, sizeof path, "%s/d", b.share);
	snprintf(away, sizeof away, "%s/away", b.share);
	EXPECT_EQ(rename(path, away), 0);
	EXPECT_EQ(symlink(b.top, path), 0);
	EXPECT_EQ(walk(&b, 1, 2, "secret"), ENOTDIR);
	EXPECT_EQ(named(&b, TLCREATE, 1, "evil", NULL, 3, O_WRONLY, 0644, 0), ENOTDIR);
	EXPECT(!there(&b, "evil"));
	done(&b);
}

TEST(devices_and_fifos_are_not_opened)
{
	struct bench b;
	char path[100];

	ASSERT(bench(&b, false));
	snprintf(path, sizeof path, "%s/fifo", b.share);
	EXPECT_EQ(mkfifo(path, 0666), 0);
	EXPECT_EQ(walk(&b, 0, 1, "fifo"), 0);
	EXPECT_EQ(lopen(&b, 1, O_RDONLY), EPERM);
	EXPECT_EQ(walk(&b, 0, 2, ""), 0);
	EXPECT_EQ(named(&b, TLCREATE, 2, "fifo", NULL, 3, O_WRONLY, 0644, 0), EPERM);
	EXPECT_EQ(named(&b, TMKNOD, 0, "null", NULL, 4, S_IFCHR | 0666, 1, 3, 0), EPERM);
	EXPECT_EQ(named(&b, TMKNOD, 0, "pipe", NULL, 4, S_IFIFO | 0666, 0, 0, 0), 0);
	EXPECT_EQ(named(&b, TLCREATE, 2, "suid", NULL, 3, O_WRONLY, 04777, 0), 0);
	EXPECT_EQ(call1(&b, TCLUNK, 2), 0);
	struct stat st;
	snprintf(path, sizeof path, "%s/suid", b.share);
	EXPECT_EQ(stat(path, &st), 0);
	EXPECT_EQ(st.st_mode & 07777, 0777);
	done(&b);
}

TEST(folders_are_listed_in_the_order_of_names)
{
	static const char *const names[] = { "b", "a", "zz", "c", "file2" };
	struct bench b;
	char seen[100] = "", path[100];

	ASSERT(bench(&b, false));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof path, "share/%s", names[i]);
		write_file(&b, path, "");
	}
	EXPECT_EQ(walk(&b, 0, 1, ""), 0);
	EXPECT_EQ(lopen(&b, 1, O_RDONLY | O_DIRECTORY), 0);
	EXPECT_EQ(rw(&b, TREADDIR, 1, 0, 60, NULL), 0); /* room for two names */
	for (u64 off = 0; get(&b, 4);) {
		while (b.at < b.got) {
			b.at += 13;
			off = get(&b, 8);
			b.at += 1;
			size_t n = get(&b, 2);
			snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%.*s ", (int)n, (char *)b.in + b.at);
			b.at += n;
		}
		EXPECT_EQ(rw(&b, TREADDIR, 1, off, 60, NULL), 0);
	}
	EXPECT_STR(seen, ". .. a b c file file2 zz ");
	EXPECT_EQ(rw(&b, TREADDIR, 1, UINT64_MAX, 60, NULL), 0);
	EXPECT_EQ(rw(&b, TREAD, 1, 0, 60, NULL), EISDIR);
	done(&b);
}

TEST(fids_follow_renames)
{
	struct bench b;

	ASSERT(bench(&b, false));
	EXPECT_EQ(named(&b, TMKDIR, 0, "d", NULL, 2, 0755, 0), 0);
	EXPECT_EQ(walk(&b, 0, 1, "d"), 0);
	EXPECT_EQ(named(&b, TLCREATE, 1, "x", NULL, 3, O_RDWR, 0644, 0), 0);
	EXPECT_EQ(walk(&b, 0, 2, "d x"), 0);
	begin(&b, TRENAMEAT);
	put(&b, 4, 0);
	put_text(&b, "d");
	put(&b, 4, 0);
	put_text(&b, "e");
	EXPECT_EQ(call(&b), 0);
	EXPECT_EQ(lopen(&b, 2, O_RDONLY), 0);
	EXPECT_EQ(walk(&b, 0, 3, "e x"), 0);
	begin(&b, TRENAME);
	put(&b, 4, 0); /* the top */
	put(&b, 4, 0);
	put_text(&b, "y");
	EXPECT_EQ(call(&b), EBUSY);
	begin(&b, TRENAME);
	put(&b, 4, 3);
	put(&b, 4, 0);
	put_text(&b, "y");
	EXPECT_EQ(call(&b), 0);
	EXPECT(there(&b, "share/y") && !there(&b, "share/e/x"));
	EXPECT_EQ(named(&b, TUNLINKAT, 0, "e", NULL, 1, 0), EISDIR);
	EXPECT_EQ(named(&b, TUNLINKAT, 0, "e", NULL, 1, 0x200), 0);
	done(&b);
}

TEST(attributes)
{
	struct bench b;
	struct stat st;
	char path[100];

	ASSERT(bench(&b, false));
	EXPECT_EQ(walk(&b, 0, 1, "file"), 0);
	begin(&b, TSETATTR);
	put(&b, 4, 1);
	put(&b, 4, 1 | 8 | 32 | 256); /* mode, size, modification time */
	put(&b, 4, 06600);
	put(&b, 8, 0);
	put(&b, 8, 5);
	put(&b, 8, 0);
	put(&b, 8, 0);
	put(&b, 8, 1000000000);
	put(&b, 8, 0);
	EXPECT_EQ(call(&b), 0);
	snprintf(path, sizeof path, "%s/file", b.share);
	EXPECT_EQ(stat(path, &st), 0);
	EXPECT_EQ(st.st_mode & 07777, 0600);
	EXPECT_EQ(st.st_size, 5);
	EXPECT_EQ(st.st_mtime, 1000000000);
	begin(&b, TGETATTR);
	put(&b, 4, 1);
	put(&b, 8, UINT64_MAX);
	EXPECT_EQ(call(&b), 0);
	EXPECT_EQ(get(&b, 8), 0x7ff);
	b.at += 13;
	EXPECT_EQ(get(&b, 4), S_IFREG | 0600);
	b.at += 8 + 8 + 8;
	EXPECT_EQ(get(&b, 8), 5);
	EXPECT_EQ(named(&b, TXATTRCREATE, 1, "security.capability", NULL, 3, 4, 0, 0), 0);
	EXPECT_EQ(call1(&b, TCLUNK, 1), EOPNOTSUPP);
	done(&b);
}

TEST(a_readonly_folder_changes_nothing)
{
	struct bench b;

	ASSERT(bench(&b, true));
	EXPECT_EQ(walk(&b, 0, 1, "file"), 0);
	EXPECT_EQ(lopen(&b, 1, O_RDWR), EROFS);
	EXPECT_EQ(lopen(&b, 1, O_TRUNC), EROFS);
	EXPECT_EQ(lopen(&b, 1, O_RDONLY), 0);
	EXPECT_EQ(rw(&b, TWRITE, 1, 0, 1, "x"), EROFS);
	EXPECT_EQ(named(&b, TLCREATE, 0, "n", NULL, 3, O_RDWR, 0644, 0), EROFS);
	EXPECT_EQ(named(&b, TMKDIR, 0, "n", NULL, 2, 0755, 0), EROFS);
	EXPECT_EQ(named(&b, TSYMLINK, 0, "n", "t", 1, 0), EROFS);
	EXPECT_EQ(named(&b, TUNLINKAT, 0, "file", NULL, 1, 0), EROFS);
	EXPECT_EQ(call1(&b, TREMOVE, 1), EROFS);
	EXPECT(there(&b, "share/file"));
	done(&b);
}

TEST(malformed_messages_are_answered)
{
	struct bench b;

	ASSERT(bench(&b, false));
	for (unsigned type = 0; type < 256; type++) {
		begin(&b, type);
		if (type != TVERSION) /* which would end the session */
			EXPECT(call(&b) != 0);
	}
	EXPECT_EQ(p9_serve(b.p, b.out, 3, b.in, sizeof b.in), 11);
	EXPECT_EQ(b.in[4], RLERROR);
	begin(&b, TWALK); /* a name that is longer than the message */
	put(&b, 4, 0);
	put(&b, 4, 1);
	put(&b, 2, 1);
	put(&b, 2, 500);
	EXPECT_EQ(call(&b), EPROTO);
	begin(&b, TWALK); /* too many names */
	put(&b, 4, 0);
	put(&b, 4, 1);
	put(&b, 2, 17);
	EXPECT_EQ(call(&b), EINVAL);
	begin(&b, TWALK); /* a NUL inside */
	put(&b, 4, 0);
	put(&b, 4, 1);
	put(&b, 2, 1);
	put(&b, 2, 3);
	put(&b, 3, 0x610061);
	EXPECT_EQ(call(&b), EPROTO);
	begin(&b, TWRITE); /* more data than there is */
	put(&b, 4, 0);
	put(&b, 8, 0);
	put(&b, 4, 1000);
	EXPECT_EQ(call(&b), EPROTO);
	b.out[0] = 200; /* a size beyond the end */
	b.got = p9_serve(b.p, b.out, 23, b.in, sizeof b.in);
	EXPECT_EQ(b.in[4], RLERROR);
	EXPECT_EQ(walk(&b, 0, 0, "file"), 0);
	EXPECT_EQ(lopen(&b, 0, 0), 0);
	EXPECT_EQ(p9_serve(b.p, b.out, b.n, b.in, 11), 11); /* no room for the answer */
	done(&b);
}

TEST(a_client_cannot_use_up_the_descriptors)
{
	struct bench b;
	long files = sysconf(_SC_OPEN_MAX);
	u32 id = 1, r = 0;

	ASSERT(bench(&b, false));
	for (; r == 0 && id < (u32)files + 10 && id < 100000; id++) {
		EXPECT_EQ(walk(&b, 0, id, "file"), 0);
		r = lopen(&b, id, 0);
	}
	EXPECT_EQ(r, ENFILE);
	r = (u32)open("/dev/null", O_RDONLY);
	EXPECT((int)r >= 0);
	close((int)r);
	done(&b);
}
