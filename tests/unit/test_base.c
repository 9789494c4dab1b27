/* base/: the event queue's order, the log's filter, the snapshot visitor and its digest. */
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/log.h"
#include "base/snap.h"
#include "base/stat.h"
#include "tests/unit/harness.h"
#include "tests/unit/mem_snap.h"

struct trace {
	struct event_queue q;
	struct event again;
	char text[64];
	u64 late, earlier;
	unsigned calls;
};
struct named {
	struct trace *t;
	struct event e;
	char name;
};

static void trace_fire(void *ctx, u64 late)
{
	struct named *n = ctx;
	size_t end = strlen(n->t->text);

	n->t->text[end] = n->name;
	n->t->late = late;
}

static void trace_earlier(void *ctx, u64 when)
{
	struct trace *t = ctx;

	t->earlier = when;
	t->calls++;
}

static void trace_init(struct trace *t, struct named n[], unsigned count)
{
	memset(t, 0, sizeof *t);
	event_queue_init(&t->q);
	t->q.earlier = trace_earlier;
	t->q.ctx = t;
	for (unsigned i = 0; i < count; i++) {
		n[i] = (struct named){ .t = t, .name = (char)('a' + i) };
		n[i].e = (struct event){ .name = "test", .fire = trace_fire, .ctx = &n[i] };
	}
}

TEST(events_fire_by_time_then_priority_then_sequence)
{
	struct trace t;
	struct named n[4];

	trace_init(&t, n, 4);
	n[3].e.prio = 1;
	event_at(&t.q, &n[3].e, 10);
	event_at(&t.q, &n[2].e, 10);
	event_at(&t.q, &n[1].e, 10);
	event_at(&t.q, &n[0].e, 5);
	event_run(&t.q, 4);
	EXPECT_STR(t.text, "");
	event_run(&t.q, 12);
	EXPECT_STR(t.text, "acbd");
	EXPECT_EQ(t.late, 2);
	EXPECT_EQ(t.q.now, 12);
	EXPECT_EQ(event_next(&t.q), EVENT_NEVER);
}

TEST(rescheduling_moves_and_cancelling_removes)
{
	struct trace t;
	struct named n[3];

	trace_init(&t, n, 3);
	event_at(&t.q, &n[0].e, 10);
	event_at(&t.q, &n[1].e, 20);
	event_at(&t.q, &n[2].e, 30);
	event_at(&t.q, &n[0].e, 40);
	event_cancel(&t.q, &n[1].e);
	event_cancel(&t.q, &n[1].e);
	EXPECT_EQ(event_next(&t.q), 30);
	event_run(&t.q, 100);
	EXPECT_STR(t.text, "ca");
}

TEST(only_an_earlier_head_is_announced)
{
	struct trace t;
	struct named n[3];

	trace_init(&t, n, 3);
	event_at(&t.q, &n[0].e, 10);
	event_at(&t.q, &n[1].e, 20);
	EXPECT_EQ(t.calls, 1);
	event_at(&t.q, &n[2].e, 5);
	EXPECT_EQ(t.calls, 2);
	EXPECT_EQ(t.earlier, 5);
	event_at(&t.q, &n[2].e, 7);
	EXPECT_EQ(t.calls, 2);
}

static void periodic_fire(void *ctx, u64 late)
{
	struct trace *t = ctx;

	t->calls++;
	event_at(&t->q, &t->again, t->again.when + 10);
}

TEST(a_handler_may_schedule_itself)
{
	struct trace t;

	trace_init(&t, NULL, 0);
	t.q.earlier = NULL;
	t.again = (struct event){ .name = "again", .fire = periodic_fire, .ctx = &t };
	event_at(&t.q, &t.again, 10);
	event_run(&t.q, 55);
	EXPECT_EQ(t.calls, 5);
	EXPECT_EQ(event_next(&t.q), 60);
}

struct state {
	u8 a;
	u16 b;
	u32 c;
	u64 d;
	bool e;
};

static void state_snap(struct state *t, struct snap *s, u32 version)
{
	snap_section(s, "state", version);
	snap_u8(s, &t->a);
	snap_u16(s, &t->b);
	snap_u32(s, &t->c);
	snap_u64(s, &t->d);
	snap_bool(s, &t->e);
}

TEST(what_was_saved_is_loaded)
{
	struct mem_snap m = { .s.bytes = mem_bytes };
	struct state in = { 1, 2, 3, 4, true }, out = { 0 };

	state_snap(&in, &m.s, 7);
	mem_rewind(&m);
	state_snap(&out, &m.s, 7);
	EXPECT(!m.s.failed);
	EXPECT_EQ(m.at, m.size);
	EXPECT(out.a == 1 && out.b == 2 && out.c == 3 && out.d == 4 && out.e);
}

TEST(another_version_or_a_short_stream_loads_zeros)
{
	struct mem_snap m = { .s.bytes = mem_bytes };
	struct state in = { 1, 2, 3, 4, true }, out = { 9, 9, 9, 9, true };

	state_snap(&in, &m.s, 7);
	mem_rewind(&m);
	state_snap(&out, &m.s, 8);
	EXPECT(m.s.failed);
	EXPECT_STR(m.s.why, "section of another version");
	EXPECT(out.a == 0 && out.b == 0 && out.c == 0 && out.d == 0 && !out.e);

	mem_rewind(&m);
	m.size = 12;
	state_snap(&out, &m.s, 7);
	EXPECT(m.s.failed);
	EXPECT_STR(m.s.section, "state");
	EXPECT_EQ(out.d, 0);
}

TEST(an_event_comes_back_with_its_sequence)
{
	struct mem_snap m = { .s.bytes = mem_bytes };
	struct trace t;
	struct named n[2];

	trace_init(&t, n, 2);
	event_at(&t.q, &n[0].e, 10);
	event_at(&t.q, &n[1].e, 10);
	event_snap(&t.q, &n[0].e, &m.s);
	event_snap(&t.q, &n[1].e, &m.s);
	mem_rewind(&m);
	trace_init(&t, n, 2);
	event_at(&t.q, &n[1].e, 3);
	event_snap(&t.q, &n[0].e, &m.s);
	event_snap(&t.q, &n[1].e, &m.s);
	EXPECT(!m.s.failed);
	EXPECT_EQ(event_next(&t.q), 10);
	event_run(&t.q, 10);
	EXPECT_STR(t.text, "ab");
	EXPECT_EQ(t.q.seq, 2);
}

TEST(the_digest_is_sha256)
{
	struct snap_digest *d = snap_digest_new();
	char hex[65];

	ASSERT(d != NULL);
	snap_bytes(snap_digest_stream(d), "abc", 3);
	snap_digest_end(d, hex);
	EXPECT_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(the_log_filters_and_speaks_once)
{
	static const char start[] = "uart: offset 0x44\nTaking exception 1\ndisk: gone\nkey: 0\nkey: 1\n";
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct log *l = log_new(f, LOG_GUEST | LOG_INT);

	ASSERT(f && l);
	log_at(l, LOG_GUEST, "uart", "offset %#x", 0x44);
	log_at(l, LOG_UNIMPL, "uart", "unseen");
	log_at(l, LOG_INT, "cpu", "Taking exception %d", 1);
	log_at(l, LOG_HOST, "disk", "gone");
	for (unsigned i = 0; i < 400; i++)
		log_once(l, LOG_GUEST, "key", i % 200, "%u", i);
	log_at(NULL, LOG_GUEST, "nobody", "unseen");
	fclose(f);
	EXPECT(strncmp(text, start, strlen(start)) == 0);
	EXPECT(strstr(text, "key: 199\n") != NULL);
	EXPECT(strstr(text, "key: 200\n") == NULL);
	log_free(l);
	free(text);
}

TEST(durations_know_their_extremes_and_buckets)
{
	struct durations d = { 0 };

	durations_add(&d, 5);
	durations_add(&d, 0);
	durations_add(&d, ~0ull);
	EXPECT_EQ(d.count, 3);
	EXPECT_EQ(d.min, 0);
	EXPECT_EQ(d.max, ~0ull);
	EXPECT_EQ(d.hist[0], 1);
	EXPECT_EQ(d.hist[2], 1);
	EXPECT_EQ(d.hist[DURATION_BUCKETS - 1], 1);
}

TEST(a_tally_has_rows_up_to_its_limit)
{
	struct tally t = { 0 }, u = { 0 };
	struct mem_snap m = { .s.bytes = mem_bytes };
	struct tally_row *list;
	u32 n;

	for (u64 i = 0; i < 200; i++)
		tally_count(&t, 100, (i % 150) << 32);
	EXPECT_EQ(t.n, 100);
	EXPECT_EQ(t.rest, 50);
	EXPECT_EQ(tally_find(&t, 49ull << 32)->count, 2);
	EXPECT_EQ(tally_find(&t, 50ull << 32)->count, 1);
	EXPECT(!tally_find(&t, 120ull << 32) && !tally_find(&u, 0));
	tally_snap(&m.s, &t, 100);
	mem_rewind(&m);
	tally_snap(&m.s, &u, 100);
	EXPECT(!m.s.failed);
	list = tally_sorted(&u, &n);
	EXPECT(list && n == 100 && u.rest == 50 && list[99].key == 99ull << 32 && list[0].count == 2);
	free(list);
	mem_rewind(&m);
	tally_snap(&m.s, &u, 99);
	EXPECT(m.s.failed); /* more rows than there may be */
	tally_free(&t);
	tally_free(&u);
}

TEST(labels_of_sizes)
{
	static const struct {
		u32 log2;
		const char *text;
	} rows[] = { { 12, "4K" }, { 14, "16K" }, { 16, "64K" }, { 21, "2M" }, { 25, "32M" }, { 30, "1G" }, { 39, "512G" } };
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		stat_label_size(rows[i].log2 - 12, text, sizeof(text));
		EXPECT_STR(text, rows[i].text);
	}
}
