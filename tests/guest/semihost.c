/*
 * Arm semihosting: what both emulators define alike. tests/unit/test_semihost.c has the rest: reading the console, files outside
 * the folder, and where QEMU departs from the specification (mode "a" does not append, the console is no terminal).
 */
/* run: -M virt -cpu cortex-a57 */
/* run: -M virt,virtualization=on -cpu neoverse-n1 */
/* run: -M virt,secure=on,virtualization=on -cpu cortex-a53 */
/* ours: -semihosting-config dir=. */
#include "guest.h"

enum {
	OPEN = 0x01, CLOSE = 0x02, WRITEC = 0x03, WRITE0 = 0x04, WRITE = 0x05, READ = 0x06, ISERROR = 0x08, ISTTY = 0x09,
	SEEK = 0x0a, FLEN = 0x0c, REMOVE = 0x0e, RENAME = 0x0f, CLOCK = 0x10, TIME = 0x11, ERRNO = 0x13, GET_CMDLINE = 0x15,
	HEAPINFO = 0x16, ELAPSED = 0x30, TICKFREQ = 0x31,
};
enum { R = 0, RB = 1, R_UPDATE = 2, W = 4, W_UPDATE = 6, A = 8 };

static u64 hlt(u64 op, const void *arg)
{
	register u64 x0 asm("x0") = op;
	register const void *x1 asm("x1") = arg;

	asm volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
	return x0;
}
#define CALL(op, ...) hlt(op, (const u64[]){ __VA_ARGS__ })
#define P(p) ((u64)(p))

static u64 length(const char *s)
{
	u64 n = 0;

	while (s[n])
		n++;
	return n;
}

static u64 open_as(const char *name, u64 mode)
{
	return CALL(OPEN, P(name), mode, length(name));
}

static int same(const char *a, const char *b, u64 n)
{
	for (u64 i = 0; i < n; i++)
		if (a[i] != b[i])
			return 0;
	return 1;
}

static void console(void)
{
	u64 out = open_as(":tt", W), err = open_as(":tt", A), in = open_as(":tt", R);

	EXPECT(":tt opens three times", out + 1 && err + 1 && in + 1 && out != err && err != in && in != out);
	EXPECT_EQ("all is written", CALL(WRITE, out, P("written\n"), 8), 0);
	EXPECT_EQ("nothing is written", CALL(WRITE, out, P("x"), 0), 0);
	hlt(WRITEC, "c");
	hlt(WRITE0, "\n");
	EXPECT_EQ("close", CALL(CLOSE, out), 0);
	EXPECT_EQ("a closed handle", CALL(CLOSE, out), ~0ul);
	EXPECT_EQ("its errno is EBADF", hlt(ERRNO, 0), 9);
	EXPECT_EQ("close", CALL(CLOSE, err) | CALL(CLOSE, in), 0);
}

static void features(void)
{
	char bytes[8] = { 0 };
	u64 h = open_as(":semihosting-features", RB);

	EXPECT("opens", h != ~0ul);
	EXPECT_EQ("not for writing", open_as(":semihosting-features", W), ~0ul);
	EXPECT_EQ("length", CALL(FLEN, h), 5);
	EXPECT_EQ("three bytes are missing", CALL(READ, h, P(bytes), 8), 3);
	EXPECT("magic", same(bytes, "SHFB", 4));
	EXPECT_EQ("SYS_EXIT_EXTENDED, and stdout apart from stderr", bytes[4], 3);
	EXPECT_EQ("at the end nothing is read", CALL(READ, h, P(bytes), 8), 8);
	EXPECT_EQ("seek", CALL(SEEK, h, 4), 0);
	EXPECT_EQ("the last byte", CALL(READ, h, P(bytes), 1), 0);
	EXPECT_EQ("is it", bytes[0], 3);
	EXPECT_EQ("close", CALL(CLOSE, h), 0);
}

static void files(void)
{
	static const char text[] = "0123456789";
	char buffer[32] = { 0 };
	u64 h = open_as("file", W);

	EXPECT("a new file", h != ~0ul);
	EXPECT_EQ("is no terminal", CALL(ISTTY, h), 0);
	EXPECT_EQ("write", CALL(WRITE, h, P(text), 10), 0);
	EXPECT_EQ("length", CALL(FLEN, h), 10);
	EXPECT_EQ("close", CALL(CLOSE, h), 0);
	h = open_as("file", R_UPDATE);
	EXPECT_EQ("to the end", CALL(SEEK, h, 10), 0);
	EXPECT_EQ("more", CALL(WRITE, h, P("ab"), 2), 0);
	EXPECT_EQ("close", CALL(CLOSE, h), 0);
	h = open_as("file", R_UPDATE);
	EXPECT_EQ("length", CALL(FLEN, h), 12);
	EXPECT_EQ("seek", CALL(SEEK, h, 8), 0);
	EXPECT_EQ("half of it is there", CALL(READ, h, P(buffer), 8), 4);
	EXPECT("what was written", same(buffer, "89ab", 4));
	EXPECT_EQ("seek", CALL(SEEK, h, 0), 0);
	EXPECT_EQ("write in it", CALL(WRITE, h, P("X"), 1), 0);
	EXPECT_EQ("read on", CALL(READ, h, P(buffer), 2), 0);
	EXPECT("behind it", same(buffer, "12", 2));
	EXPECT_EQ("close", CALL(CLOSE, h), 0);
	EXPECT_EQ("rename", CALL(RENAME, P("file"), 4, P("other"), 5), 0);
	EXPECT_EQ("the old name", open_as("file", R), ~0ul);
	EXPECT_EQ("errno is ENOENT", hlt(ERRNO, 0), 2);
	h = open_as("other", R);
	EXPECT("the new name", h != ~0ul);
	EXPECT_EQ("close", CALL(CLOSE, h), 0);
	h = open_as("other", W_UPDATE);
	EXPECT_EQ("w empties", CALL(FLEN, h), 0);
	EXPECT_EQ("close", CALL(CLOSE, h), 0);
	EXPECT_EQ("remove", CALL(REMOVE, P("other"), 5), 0);
	EXPECT_EQ("twice", CALL(REMOVE, P("other"), 5), ~0ul);
}

static void numbers(void)
{
	u64 before = 0, after = 0, clock = hlt(CLOCK, 0);

	EXPECT_EQ("-1 is an error", !!CALL(ISERROR, ~0ul), 1);
	EXPECT_EQ("0 is none", CALL(ISERROR, 0), 0);
	EXPECT_EQ("nanoseconds", hlt(TICKFREQ, 0), 1000000000);
	EXPECT_EQ("elapsed", hlt(ELAPSED, &before), 0);
	for (volatile unsigned i = 0; i < 1000; i++)
		;
	EXPECT_EQ("elapsed", hlt(ELAPSED, &after), 0);
	EXPECT("time passes", after > before);
	EXPECT("centiseconds", clock < 6000);
	EXPECT("after 2020, before 2100", hlt(TIME, 0) > 1577836800 && hlt(TIME, 0) < 4102444800);
}

static void surroundings(void)
{
	u64 heap[4] = { 0 };
	char line[4096];
	u64 block[2] = { P(line), sizeof line };

	EXPECT_EQ("command line", hlt(GET_CMDLINE, block), 0);
	EXPECT_EQ("its length", block[1], length(line));
	EXPECT("has the kernel", block[1] > 4);
	EXPECT_EQ("no room", CALL(GET_CMDLINE, P(line), 2), ~0ul);
	EXPECT_EQ("heap", CALL(HEAPINFO, P(heap)), *heap ? CALL(HEAPINFO, P(heap)) : 0);
	EXPECT("the heap is RAM", heap[0] >= 0x40000000 && heap[1] > heap[0] && heap[1] <= 0x50000000);
	EXPECT_EQ("the stack starts at its end", heap[2], heap[1]);
	EXPECT("and nothing of this program lies in it", P(&guest_cpus) < heap[0] || P(&guest_cpus) >= heap[1]);
}

/* Nowhere is memory at 1 << 40: the MMU is off. */
static void nowhere(void)
{
	u64 h = open_as("nowhere", W), hole = 1ul << 40;

	EXPECT_EQ("a name", CALL(OPEN, hole, R, 4), ~0ul);
	EXPECT_EQ("what to write", CALL(WRITE, h, hole, 16), 16);
	EXPECT_EQ("nothing was", CALL(FLEN, h), 0);
	EXPECT_EQ("close", CALL(CLOSE, h), 0);
	EXPECT_EQ("remove", CALL(REMOVE, P("nowhere"), 7), 0);
	EXPECT_EQ("arguments", hlt(ISTTY, (const void *)hole), ~0ul);
}

GUEST_TESTS(TEST(console), TEST(features), TEST(files), TEST(numbers), TEST(surroundings), TEST(nowhere));
