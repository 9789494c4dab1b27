/*
 * machine/machine.h's parts of a run, as a debugger would use them between calls of machine_run(), what is told when a region begins or
 * ends, and machine/baseline.h. What is counted exactly is the business of tests/guest/regions.py.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "devices/marker.h"
#include "machine/baseline.h"
#include "machine/machine_priv.h"
#include "tests/unit/harness.h"

enum { IMAGE_WORDS = 0x1000 / 4, ROUNDS = 1000 };

/* A region of its own by HINT #127, with label 7; then power-off. */
static const u32 image[IMAGE_WORDS] = {
	0xd2800020, /* MOV X0, #1 */
	0xd28000e1, /* MOV X1, #7 */
	0xd5032fff, /* HINT #127 */
	0xd2807d02, /* MOV X2, #1000 */
	0xd1000442, /* SUB X2, X2, #1 */
	0xb5ffffe2, /* CBNZ X2 to it */
	0xd2800040, /* MOV X0, #2 */
	0xd5032fff, /* HINT #127 */
	0x52b08000, 0x72800100, 0xd4000002, /* MOV W0, #0x84000008; HVC #0 */
};

struct told {
	struct machine *m;
	unsigned enters, leaves;
	u64 insns[2];
};

static void changed(void *ctx, bool inside)
{
	struct told *t = ctx;

	EXPECT_EQ(machine_in_region(t->m), inside);
	t->insns[!inside] = machine_insns(t->m);
	if (inside)
		t->enters++;
	else
		t->leaves++;
}

static void folder_free(const char *dir)
{
	DIR *d = opendir(dir);
	char path[512];

	for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
		snprintf(path, sizeof(path), "%s/%.200s", dir, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	if (d)
		closedir(d);
	EXPECT_EQ(rmdir(dir), 0); /* no hidden file is left */
}

static struct machine *machine_with_stats(struct config *c, char *dir)
{
	static const struct machine_io io;
	struct machine *m = NULL;
	struct why why = { "" };

	config_init(c);
	c->cpu = strdup("cortex-a57");
	c->boot.builtin = image;
	c->boot.builtin_size = sizeof(image);
	if (dir) {
		if (!mkdtemp(dir))
			return NULL;
		c->stats_dir = strdup(dir);
	}
	if (machine_new(&m, c, &io, NULL, &why))
		FAIL_TEST("%s", why.text);
	return m;
}

/* How many rows of stats.csv begin so. */
static unsigned rows(const char *dir, const char *kind_and_label)
{
	char path[512], line[512];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/stats.csv", dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		n += strchr(line, ',') && !strncmp(strchr(line, ',') + 1, kind_and_label, strlen(kind_and_label));
	if (f)
		fclose(f);
	return n;
}

TEST(a_region_is_told_at_its_first_and_last_instruction)
{
	struct told t = { 0 };
	struct config c;
	struct machine *m = machine_with_stats(&c, NULL);

	ASSERT(m);
	t.m = m;
	machine_on_region(m, changed, &t);
	EXPECT_EQ(machine_run(m), MACHINE_POWEROFF);
	EXPECT_EQ(t.enters, 1);
	EXPECT_EQ(t.leaves, 1);
	EXPECT_EQ(t.insns[1] - t.insns[0], 1 + 2 * ROUNDS + 2);
	machine_free(m);
	config_free(&c);
}

TEST(what_a_debugger_asks_for_stands_in_the_files)
{
	char dir[] = "/tmp/regionXXXXXX";
	struct config c;
	struct machine *m = machine_with_stats(&c, dir);
	struct why why = { "" };

	ASSERT(m);
	machine_stats_mark(m, "start, \"here\"");
	machine_region_begin(m, "all");
	machine_region_begin(m, "again");
	EXPECT_EQ(machine_run(m), MACHINE_POWEROFF); /* the guest's region ends "again" */
	machine_stats_dump(m);
	machine_stats_reset(m);
	machine_region_end(m); /* the guest has ended its own */
	EXPECT_EQ(machine_write_stats(m, dir, &why), 0);
	EXPECT_EQ(rows(dir, "mark,start_ _here_,"), 1);
	EXPECT_EQ(rows(dir, "region,all,"), 1); /* nothing ran: its length alone */
	EXPECT(rows(dir, "region,again,") > 3);
	EXPECT(rows(dir, "region,7,") > 3);
	EXPECT(rows(dir, "dump,start_ _here_,") > 3);
	EXPECT(rows(dir, "total,,") > 100);
	machine_free(m);
	folder_free(dir);
	config_free(&c);
}

TEST(a_machine_that_is_not_asked_for_files_leaves_none)
{
	char dir[] = "/tmp/regionXXXXXX";
	struct config c;
	struct machine *m = machine_with_stats(&c, dir);

	ASSERT(m);
	machine_region_begin(m, "x");
	EXPECT_EQ(machine_run(m), MACHINE_POWEROFF);
	machine_free(m);
	for (const char *const *name = (const char *const[]){ ".stats.txt.tmp", ".stats.csv.tmp", ".stats.json.tmp", "stats.csv", NULL }; *name; name++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", dir, *name);
		EXPECT(access(path, F_OK) != 0);
	}
	folder_free(dir);
	config_free(&c);
}

TEST(a_baseline_keeps_each_name)
{
	struct baseline *b = baseline_new();
	char name[32];

	ASSERT(b);
	for (unsigned round = 0; round < 2; round++)
		for (u64 i = 0; i < 5000; i++) {
			u64 *v;

			snprintf(name, sizeof(name), "pe0.row%u", (unsigned)i);
			v = baseline_at(b, name);
			ASSERT(v);
			EXPECT_EQ(*v, round * i);
			*v = i;
		}
	baseline_free(b);
}

/* ---- the marker page ---- */

struct asked {
	unsigned n;
	u32 op;
	char label[80];
};

static void ask(void *ctx, u32 op, const char *label)
{
	struct asked *a = ctx;

	a->n++;
	a->op = op;
	snprintf(a->label, sizeof(a->label), "%s", label);
}

TEST(the_marker_page_collects_a_label)
{
	const struct attrs at = { 0 };
	struct asked a = { 0 };
	struct marker *d = marker_new(&(struct marker_config){ .ask = ask, .ctx = &a });

	ASSERT(d);
	EXPECT_EQ(marker_ops.read(d, 0, 4, at), 0x4c505254);
	for (const char *s = "boot"; *s; s++)
		marker_ops.write(d, 0xc, (u8)*s, 4, at);
	marker_ops.write(d, 4, MARKER_BEGIN, 4, at);
	EXPECT_STR(a.label, "boot");
	marker_ops.write(d, 4, MARKER_END, 4, at);
	EXPECT_STR(a.label, "");
	marker_ops.write(d, 0xc, 'x', 4, at);
	marker_ops.write(d, 8, 4294967295u, 4, at);
	marker_ops.write(d, 4, 99, 4, at);
	EXPECT_STR(a.label, "4294967295");
	EXPECT_EQ(a.op, 99);
	for (unsigned i = 0; i < 1000; i++)
		marker_ops.write(d, 0xc, 'a' + i % 26, 4, at);
	marker_ops.write(d, 4, MARKER_MARK, 4, at);
	EXPECT_EQ(strlen(a.label), 63);
	marker_ops.write(d, 0xc, 'x', 4, at);
	marker_ops.reset(d);
	marker_ops.write(d, 4, MARKER_MARK, 4, at);
	EXPECT_STR(a.label, "");
	EXPECT_EQ(a.n, 5);
	marker_free(d);
}
