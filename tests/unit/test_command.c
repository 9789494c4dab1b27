/* The monitor's commands: finding them by name and abbreviation, errors, completion. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <string.h>

#include "frontend/command.h"

struct bench {
	struct control *control;
	struct command_user user;
	char *text;
	size_t size;
	FILE *out;
	char words[400];
};

static void bench_wait(void *ctx, struct pollfd *files, size_t n, u64 ns)
{
}

static bool bench_over(void *ctx)
{
	return true;
}

static void bench_make(struct bench *b)
{
	const struct control_host host = { .wait = bench_wait, .over = bench_over };

	*b = (struct bench){ .control = control_new(NULL, &host) };
	b->user = (struct command_user){ .control = b->control };
}

/* What the line prints. */
static const char *says(struct bench *b, const char *line)
{
	free(b->text);
	b->text = NULL;
	b->out = open_memstream(&b->text, &b->size);
	command_run(&b->user, line, b->out);
	fclose(b->out);
	return b->text;
}

static void bench_free(struct bench *b)
{
	control_free(b->control);
	free(b->text);
}

static void add_word(void *ctx, const char *word)
{
	struct bench *b = ctx;
	size_t n = strlen(b->words);

	snprintf(b->words + n, sizeof b->words - n, "%s ", word);
}

static const char *completes(struct bench *b, const char *line, size_t start)
{
	const struct command_words to = { b, add_word };

	b->words[0] = 0;
	EXPECT_EQ(command_complete(&b->user, line, &to), start);
	return b->words;
}

TEST(the_closest_known_command_is_named)
{
	struct bench b;

	bench_make(&b);
	EXPECT_STR(says(&b, "quiet now"), "error: unknown command 'quiet'; the closest known one is 'quit' (help lists all)\n");
	EXPECT_STR(says(&b, "\x01garbage\x7f"), "error: unknown command '?garbage?' (help lists all)\n");
	EXPECT(strstr(says(&b, "info statos"), "closest known one is 'info status'") != NULL);
	bench_free(&b);
}

TEST(blank_lines_and_comments_say_nothing)
{
	struct bench b;

	bench_make(&b);
	EXPECT_STR(says(&b, ""), "");
	EXPECT_STR(says(&b, " \t\r"), "");
	EXPECT_STR(says(&b, "  # quit"), "");
	EXPECT(!control_quitted(b.control));
	bench_free(&b);
}

TEST(unique_abbreviations_are_the_command)
{
	struct bench b;

	bench_make(&b);
	EXPECT(strstr(says(&b, "regi"), "expected begin LABEL or end") != NULL);
	EXPECT_STR(says(&b, "qu"), "");
	EXPECT(control_quitted(b.control));
	bench_free(&b);
}

TEST(ambiguous_abbreviations_name_what_they_may_be)
{
	struct bench b;

	bench_make(&b);
	EXPECT(strstr(says(&b, "st"), "error: 'st' may be ") != NULL);
	EXPECT(strstr(b.text, "'stop'") && strstr(b.text, "'stats'"));
	bench_free(&b);
}

TEST(arguments_of_a_command_that_takes_none_are_refused)
{
	struct bench b;

	bench_make(&b);
	EXPECT_STR(says(&b, "quit now"), "error: quit takes no arguments, got 'now'\n");
	EXPECT(!control_quitted(b.control));
	bench_free(&b);
}

TEST(a_line_beyond_the_limit_is_refused)
{
	struct bench b;
	char *line = malloc(100001);

	bench_make(&b);
	memset(line, 'a', 100000);
	line[100000] = 0;
	EXPECT_STR(says(&b, line), "error: expected at most 4000 characters, got 100000\n");
	memcpy(line, "quit ", 5);
	EXPECT_STR(says(&b, line), "error: expected at most 4000 characters, got 100000\n");
	bench_free(&b);
	free(line);
}

TEST(the_word_at_the_end_is_completed)
{
	struct bench b;

	bench_make(&b);
	EXPECT(strstr(completes(&b, "qu", 0), "quit") != NULL);
	EXPECT(strstr(completes(&b, "info sta", 5), "status") != NULL);
	EXPECT_STR(completes(&b, "stats d", 6), "dump ");
	EXPECT_STR(completes(&b, "nothing like this", 13), "");
	EXPECT(strstr(completes(&b, "help syst", 5), "system_powerdown ") != NULL);
	bench_free(&b);
}

TEST(what_looks_at_the_machine_waits_until_it_stands)
{
	struct bench b;

	bench_make(&b);
	EXPECT(command_ready(&b.user, "help"));
	EXPECT(command_ready(&b.user, "stop"));
	EXPECT(command_ready(&b.user, "no such command"));
	EXPECT(!command_ready(&b.user, "stats dump"));
	bench_free(&b);
}

TEST(help_shows_one_command_or_all)
{
	struct bench b;

	bench_make(&b);
	EXPECT(strstr(says(&b, "help quit"), "quit|q") == b.text);
	EXPECT(strchr(b.text, '\n')[1] == 0);
	EXPECT(strlen(says(&b, "help")) > 500);
	EXPECT(strstr(says(&b, "help blubb"), "error: unknown command") == b.text);
	EXPECT(strstr(says(&b, "info"), "info status") == b.text);
	bench_free(&b);
}
