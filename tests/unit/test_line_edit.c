/* Line editing: what lines keys make, what stands on the screen. */
#include "tests/unit/harness.h"

#include <stdio.h>
#include <string.h>

#include "frontend/line_edit.h"

struct screen {
	char text[20000];
	size_t n;
	unsigned width;
	struct line_edit *edit;
};

static void screen_write(void *ctx, const char *bytes, size_t n)
{
	struct screen *s = ctx;

	if (s->n + n < sizeof s->text) {
		memcpy(s->text + s->n, bytes, n);
		s->n += n;
		s->text[s->n] = 0;
	}
}

static size_t screen_complete(void *ctx, const char *line, struct line_words *to)
{
	static const char *const words[] = { "info", "inspect", "break", "breakpoints" };
	const char *last = strrchr(line, ' ');
	size_t start = last ? (size_t)(last + 1 - line) : 0;

	for (size_t i = 0; i < 4; i++)
		if (!strncmp(words[i], line + start, strlen(line + start)))
			line_words_add(to, words[i]);
	return start;
}

static unsigned screen_width(void *ctx)
{
	return ((struct screen *)ctx)->width;
}

static void screen_make(struct screen *s)
{
	const struct line_edit_host host = { s, screen_write, screen_complete, screen_width };

	*s = (struct screen){ .width = 80, .edit = line_edit_new(&host, "> ") };
	line_edit_show(s->edit);
}

/* The line that the keys end, or "(none)". */
static const char *type(struct screen *s, const char *keys)
{
	const char *line = NULL;

	for (; *keys; keys++)
		line = line_edit_key(s->edit, (u8)*keys);
	if (line)
		line_edit_show(s->edit);
	return line ? line : "(none)";
}

TEST(keys_edit_the_line)
{
	static const struct {
		const char *keys, *line;
	} rows[] = {
		{ "abc\r", "abc" },
		{ "abc\n", "abc" },
		{ "abd\x08" "c\r", "abc" },
		{ "abd\x7f" "c\r", "abc" },
		{ "bc\x01" "a\r", "abc" },
		{ "bc\x01" "a\x05" "d\r", "abcd" },
		{ "ac\x02" "b\r", "abc" },
		{ "ac\x1b[Db\r", "abc" },
		{ "ac\x1bODb\x1b[Cd\r", "abcd" },
		{ "xabc\x1b[H\x1b[3~\r", "abc" },
		{ "xabc\x1b[1~\x04\r", "abc" },
		{ "one two\x17three\r", "one three" },
		{ "one two\x15three\r", "three" },
		{ "one two\x1b" "b\x0b!\r", "one !" },
		{ "one two\x17\x19\x19\r", "one twotwo" },
		{ "a\x80\xff\x02\x02\x02\x1b[D\x7f\x7f" "b\r", "ba" },
		{ "\x1b[99999999999999999999~ab\r", "ab" },
		{ "\x1b[1;5Cab\r", "ab" },
		{ "\x04\x7f\x0b\x15\x17\x19\r", "" },
	};
	struct screen s;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		screen_make(&s);
		EXPECT_STR(type(&s, rows[i].keys), rows[i].line);
		line_edit_free(s.edit);
	}
}

TEST(history_goes_back_and_forth)
{
	struct screen s;

	screen_make(&s);
	type(&s, "first\r");
	type(&s, "second\r");
	type(&s, "second\r");
	EXPECT_STR(type(&s, "\x1b[A\r"), "second");
	EXPECT_STR(type(&s, "\x10\x10\x10\x10\r"), "first");
	EXPECT_STR(type(&s, "half\x1b[A\x1b[B way\r"), "half way");
	EXPECT_STR(type(&s, "\x0e\x0e\r"), "");
	for (int i = 0; i < 500; i++) {
		char line[20];

		snprintf(line, sizeof line, "line %d\r", i);
		type(&s, line);
	}
	EXPECT_STR(type(&s, "\x10\r"), "line 499");
	line_edit_free(s.edit);
}

TEST(tab_completes_what_is_common_and_lists_the_rest)
{
	struct screen s;

	screen_make(&s);
	EXPECT_STR(type(&s, "inf\tx\r"), "info x");
	EXPECT_STR(type(&s, "x b\ty\r"), "x breaky");
	EXPECT_STR(type(&s, "nothing\t\t!\r"), "nothing!");
	s.n = 0;
	type(&s, "in\t");
	EXPECT(strstr(s.text, "inspect") == NULL);
	type(&s, "\t");
	EXPECT(strstr(s.text, "\r\ninfo     inspect\r\n\r> in") != NULL);
	line_edit_free(s.edit);
}

TEST(a_line_has_an_end)
{
	struct screen s;

	screen_make(&s);
	for (int i = 0; i < 5000; i++) {
		s.n = 0;
		line_edit_key(s.edit, 'a');
	}
	s.n = 0;
	EXPECT_EQ(strlen(type(&s, "\r")), LINE_EDIT_MAX);
	line_edit_free(s.edit);
}

TEST(a_long_line_scrolls)
{
	struct screen s;

	screen_make(&s);
	s.width = 20;
	type(&s, "abcdefghijklmnopqrstuvwxyz");
	EXPECT(strstr(s.text, "\r> jklmnopqrstuvwxyz\x1b[K") != NULL);
	s.n = 0;
	type(&s, "\x01");
	EXPECT_STR(s.text, "\r> abcdefghijklmnopq\x1b[K\x1b[17D");
	line_edit_free(s.edit);
}

TEST(what_is_hidden_comes_back)
{
	struct screen s;

	screen_make(&s);
	type(&s, "abc\x02");
	s.n = 0;
	line_edit_hide(s.edit);
	EXPECT_STR(s.text, "\r\x1b[K");
	s.n = 0;
	EXPECT_STR(type(&s, "x"), "(none)");
	EXPECT_EQ(s.n, 0);
	line_edit_show(s.edit);
	EXPECT_STR(s.text, "\r> abxc\x1b[K\x1b[1D");
	line_edit_free(s.edit);
}
