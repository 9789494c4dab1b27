/* base/protobuf.h and machine/trace_file.h: what the traces are written with. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/protobuf.h"
#include "machine/trace_file.h"
#include "tests/unit/harness.h"

static struct protobuf message(u8 *bytes, size_t size)
{
	return (struct protobuf){ .data = bytes, .size = size };
}

TEST(fields_are_as_the_format_has_them)
{
	u8 bytes[64];
	struct protobuf p = message(bytes, sizeof(bytes));
	static const u8 want[] = { 0x08, 0x96, 0x01,		     /* 1: 150, the example of the format's description */
				   0x12, 0x02, 'h',  'i',	     /* 2: "hi" */
				   0xf9, 0x02, 1,    2,	   0, 0, 0, 0, 0, 0x80, /* 47: fixed64 */
				   0x1a, 0x03, 0x08, 0x96, 0x01 };  /* 3: { 1: 150 } */
	size_t at;

	pb_u64(&p, 1, 150);
	pb_string(&p, 2, "hi");
	pb_fixed64(&p, 47, 0x8000000000000201);
	at = pb_open(&p, 3);
	pb_u64(&p, 1, 150);
	pb_close(&p, at);
	EXPECT(!p.full);
	EXPECT_EQ(p.n, sizeof(want));
	EXPECT(!memcmp(bytes, want, sizeof(want)));
	p = message(bytes, sizeof(bytes));
	pb_u64(&p, 1, UINT64_MAX);
	EXPECT_EQ(p.n, 11);
	EXPECT_EQ(bytes[10], 1);
}

TEST(long_messages_in_messages_move_to_make_room_for_their_length)
{
	u8 bytes[600];
	char text[201];
	struct protobuf p = message(bytes, sizeof(bytes));
	size_t outer, inner;

	memset(text, 'x', 200);
	text[200] = '\0';
	outer = pb_open(&p, 1);
	inner = pb_open(&p, 2);
	pb_string(&p, 3, text);
	pb_close(&p, inner);
	pb_close(&p, outer);
	/* 1 { 2 { 3 "x..." } }: 203 bytes of the string's field in 206 in 209 */
	EXPECT_EQ(p.n, 209);
	EXPECT(!memcmp(bytes, "\x0a\xce\x01\x12\xcb\x01\x1a\xc8\x01x", 10));
	EXPECT_EQ(bytes[208], 'x');
}

TEST(what_does_not_fit_is_dropped_and_told)
{
	u8 bytes[8] = { 0 };

	for (size_t size = 0; size < 6; size++) {
		struct protobuf p = message(bytes, size);
		size_t at = pb_open(&p, 1);

		pb_string(&p, 2, "ab");
		pb_close(&p, at);
		EXPECT(p.full);
		EXPECT(p.n <= size);
		EXPECT_EQ(bytes[size], 0);
	}
}

struct opened {
	char path[64], said[256];
	FILE *log_file;
	struct log *log;
	struct trace_file *f;
};

static void open_file(struct opened *o, u64 max)
{
	struct why why;
	int fd;

	strcpy(o->path, "/tmp/trapline-trace-XXXXXX");
	fd = mkstemp(o->path);
	close(fd);
	o->log_file = fmemopen(o->said, sizeof(o->said), "w");
	o->log = log_new(o->log_file, 0);
	EXPECT_EQ(trace_file_open(&o->f, "--trace", o->path, max, o->log, &why), 0);
}

/* Its length. */
static u64 close_file(struct opened *o)
{
	FILE *f;
	u64 n;

	trace_file_close(o->f);
	log_free(o->log);
	fclose(o->log_file);
	f = fopen(o->path, "rb");
	fseek(f, 0, SEEK_END);
	n = (u64)ftell(f);
	fclose(f);
	unlink(o->path);
	return n;
}

TEST(a_file_holds_whole_records_up_to_its_size)
{
	static const u8 record[1000];
	struct opened o = { .f = NULL };

	open_file(&o, 2500);
	EXPECT_EQ(trace_file_left(o.f), 2500);
	for (int i = 0; i < 4; i++)
		trace_file_put(o.f, record, sizeof(record));
	EXPECT_EQ(trace_file_left(o.f), 500);
	trace_file_full(o.f, 7000);
	EXPECT_EQ(close_file(&o), 2000);
	EXPECT(strstr(o.said, "2500 bytes (--trace-max) are reached at 7 ns; it ends there, the run goes on\n") != NULL);
}

/* The host takes 300,000 bytes, which is in the middle of the second write and of a record. */
TEST(a_file_that_the_host_cuts_ends_behind_a_whole_record)
{
	static const u8 record[1000];
	struct opened o = { .f = NULL };
	struct rlimit was, less;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	less = was;
	less.rlim_cur = 300000;
	open_file(&o, 1 << 30);
	setrlimit(RLIMIT_FSIZE, &less);
	for (int i = 0; i < 2000; i++)
		trace_file_put(o.f, record, sizeof(record));
	setrlimit(RLIMIT_FSIZE, &was);
	EXPECT_EQ(trace_file_left(o.f), 0);
	EXPECT_EQ(close_file(&o), 262000);
	EXPECT(strstr(o.said, "cannot write: File too large; it ends there, the run goes on\n") != NULL);
	EXPECT(strstr(strstr(o.said, "cannot") + 1, "cannot") == NULL);
}
