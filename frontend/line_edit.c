/* See line_edit.h. A line that is longer than the screen is wide scrolls sideways; one line of the screen is used. */
#include "frontend/line_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

enum { HISTORY = 200, WORDS = 4000, WORD_CHARS = 128, SHOWN_WORDS = 200 };
#define CTRL(letter) ((letter)&0x1f)

/* What an escape sequence is in the middle of. */
enum sequence { SEQ_NONE, SEQ_ESCAPE, SEQ_CSI, SEQ_SS3 };

struct line_edit {
	struct line_edit_host host;
	const char *prompt;
	char text[LINE_EDIT_MAX + 1], done[LINE_EDIT_MAX + 1], cut[LINE_EDIT_MAX + 1];
	size_t n, at;
	bool shown;
	bool tab; /* the last key was Tab, and completed nothing */
	enum sequence sequence;
	unsigned parameter; /* of a CSI sequence */
	char *history[HISTORY]; /* oldest first */
	size_t entries, entry; /* entry == entries: the new line */
	char *typed; /* the new line, while an entry is shown */
};

struct line_edit *line_edit_new(const struct line_edit_host *host, const char *prompt)
{
	struct line_edit *e = calloc(1, sizeof *e);

	if (!e)
		return NULL;
	e->host = *host;
	e->prompt = prompt;
	return e;
}

void line_edit_free(struct line_edit *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->entries; i++)
		free(e->history[i]);
	free(e->typed);
	free(e);
}

/* ---- the screen ---- */

static void put(struct line_edit *e, const char *text, size_t n)
{
	e->host.write(e->host.ctx, text, n);
}

static void put_text(struct line_edit *e, const char *text)
{
	put(e, text, strlen(text));
}

/* Columns for the text. */
static size_t text_room(struct line_edit *e)
{
	size_t width = e->host.width(e->host.ctx), prompt = strlen(e->prompt);

	return width > prompt + 8 ? width - prompt - 1 : 8;
}

/* The prompt, as much of the text around the cursor as fits, and the cursor where it belongs. */
static void draw(struct line_edit *e)
{
	size_t room = text_room(e), from = 0, n;
	char move[24];

	if (!e->shown)
		return;
	if (e->at > room)
		from = e->at - room;
	n = e->n - from < room ? e->n - from : room;
	put_text(e, "\r");
	put_text(e, e->prompt);
	put(e, e->text + from, n);
	put_text(e, "\x1b[K");
	if (e->at - from < n) {
		snprintf(move, sizeof move, "\x1b[%zuD", n - (e->at - from));
		put_text(e, move);
	}
}

void line_edit_hide(struct line_edit *e)
{
	if (e->shown)
		put_text(e, "\r\x1b[K");
	e->shown = false;
}

void line_edit_show(struct line_edit *e)
{
	e->shown = true;
	draw(e);
}

/* ---- editing ---- */

static void set_text(struct line_edit *e, const char *text)
{
	snprintf(e->text, sizeof e->text, "%s", text);
	e->n = e->at = strlen(e->text);
}

static void insert(struct line_edit *e, const char *text, size_t n)
{
	if (e->n + n > LINE_EDIT_MAX)
		return;
	memmove(e->text + e->at + n, e->text + e->at, e->n - e->at + 1);
	memcpy(e->text + e->at, text, n);
	e->n += n;
	e->at += n;
}

/* Takes out [from, to); keep: it can be put back by Ctrl-Y. */
static void cut(struct line_edit *e, size_t from, size_t to, bool keep)
{
	if (from >= to)
		return;
	if (keep)
		snprintf(e->cut, sizeof e->cut, "%.*s", (int)(to - from), e->text + from);
	memmove(e->text + from, e->text + to, e->n - to + 1);
	e->n -= to - from;
	e->at = from;
}

static size_t word_begin(const struct line_edit *e)
{
	size_t at = e->at;

	while (at && e->text[at - 1] == ' ')
		at--;
	while (at && e->text[at - 1] != ' ')
		at--;
	return at;
}

static size_t word_end(const struct line_edit *e)
{
	size_t at = e->at;

	while (at < e->n && e->text[at] == ' ')
		at++;
	while (at < e->n && e->text[at] != ' ')
		at++;
	return at;
}

void line_edit_clear(struct line_edit *e)
{
	set_text(e, "");
	e->entry = e->entries;
	e->sequence = SEQ_NONE;
}

/* ---- history ---- */

static void remember(struct line_edit *e, const char *line)
{
	char *copy;

	e->entry = e->entries;
	if (!*line || (e->entries && !strcmp(e->history[e->entries - 1], line)))
		return;
	copy = strdup(line);
	if (!copy)
		return;
	if (e->entries == HISTORY) {
		free(e->history[0]);
		memmove(e->history, e->history + 1, (HISTORY - 1) * sizeof *e->history);
		e->entries--;
	}
	e->history[e->entries++] = copy;
	e->entry = e->entries;
}

static void go_to_entry(struct line_edit *e, size_t entry)
{
	if (entry > e->entries || entry == e->entry)
		return;
	if (e->entry == e->entries) {
		free(e->typed);
		e->typed = strdup(e->text);
	}
	e->entry = entry;
	set_text(e, entry < e->entries ? e->history[entry] : e->typed ? e->typed : "");
}

/* ---- completion ---- */

struct line_words {
	char (*word)[WORD_CHARS];
	size_t n, room;
};

void line_words_add(struct line_words *w, const char *word)
{
	if (w->n == w->room) {
		size_t room = w->room ? w->room * 2 : 64;
		void *more = room <= WORDS ? realloc(w->word, room * sizeof *w->word) : NULL;

		if (!more)
			return;
		w->word = more;
		w->room = room;
	}
	snprintf(w->word[w->n++], WORD_CHARS, "%s", word);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void sort_words(struct line_words *w)
{
	size_t kept = 0;

	if (w->n)
		qsort(w->word, w->n, sizeof *w->word, by_name);
	for (size_t i = 0; i < w->n; i++)
		if (!i || strcmp(w->word[i], w->word[kept - 1]))
			memmove(w->word[kept++], w->word[i], WORD_CHARS);
	w->n = kept;
}

/* How many characters all have in common. */
static size_t common(const struct line_words *w)
{
	size_t n = strlen(w->word[0]);

	for (size_t i = 1; i < w->n; i++)
		for (size_t k = 0; k < n; k++)
			if (w->word[i][k] != w->word[0][k])
				n = k;
	return n;
}

static void list_words(struct line_edit *e, const struct line_words *w)
{
	size_t width = e->host.width(e->host.ctx), longest = 1, columns;
	char cell[WORD_CHARS + 4];

	for (size_t i = 0; i < w->n; i++)
		longest = strlen(w->word[i]) > longest ? strlen(w->word[i]) : longest;
	columns = width / (longest + 2) ? width / (longest + 2) : 1;
	put_text(e, "\r\n");
	for (size_t i = 0; i < w->n && i < SHOWN_WORDS; i++) {
		bool last = i % columns == columns - 1 || i + 1 == w->n || i + 1 == SHOWN_WORDS;

		snprintf(cell, sizeof cell, "%-*s%s", last ? 0 : (int)longest + 2, w->word[i], last ? "\r\n" : "");
		put_text(e, cell);
	}
	if (w->n > SHOWN_WORDS) {
		snprintf(cell, sizeof cell, "... and %zu more\r\n", w->n - SHOWN_WORDS);
		put_text(e, cell);
	}
}

/* Tab: what all candidates have in common; a second one lists them. */
static void complete(struct line_edit *e)
{
	struct line_words w = { 0 };
	char line[LINE_EDIT_MAX + 1];
	size_t start, have, all;

	snprintf(line, sizeof line, "%.*s", (int)e->at, e->text);
	start = e->host.complete(e->host.ctx, line, &w);
	sort_words(&w);
	if (w.n) {
		have = e->at - start;
		all = common(&w);
		if (all > have) {
			cut(e, start, e->at, false);
			insert(e, w.word[0], all);
		}
		if (w.n == 1)
			insert(e, " ", 1);
		else if (all <= have && e->tab)
			list_words(e, &w);
		e->tab = all <= have && w.n > 1;
	}
	free(w.word);
}

/* ---- keys ---- */

static void left(struct line_edit *e)
{
	e->at -= e->at != 0;
}
static void right(struct line_edit *e)
{
	e->at += e->at < e->n;
}
static void home(struct line_edit *e)
{
	e->at = 0;
}
static void end(struct line_edit *e)
{
	e->at = e->n;
}
static void up(struct line_edit *e)
{
	go_to_entry(e, e->entry - (e->entry != 0));
}
static void down(struct line_edit *e)
{
	go_to_entry(e, e->entry + 1);
}
static void backspace(struct line_edit *e)
{
	cut(e, e->at - (e->at != 0), e->at, false);
}
static void delete(struct line_edit *e)
{
	cut(e, e->at, e->at + (e->at < e->n), false);
}
static void cut_end(struct line_edit *e)
{
	cut(e, e->at, e->n, true);
}
static void cut_begin(struct line_edit *e)
{
	cut(e, 0, e->at, true);
}
static void cut_word(struct line_edit *e)
{
	cut(e, word_begin(e), e->at, true);
}
static void cut_next_word(struct line_edit *e)
{
	cut(e, e->at, word_end(e), true);
}
static void put_back(struct line_edit *e)
{
	insert(e, e->cut, strlen(e->cut));
}
static void word_left(struct line_edit *e)
{
	e->at = word_begin(e);
}
static void word_right(struct line_edit *e)
{
	e->at = word_end(e);
}
static void clear_screen(struct line_edit *e)
{
	put_text(e, "\x1b[H\x1b[2J");
}

struct key_row {
	unsigned key;
	void (*act)(struct line_edit *e);
};

static const struct key_row control_keys[] = {
	{ CTRL('A'), home },	{ CTRL('E'), end },	 { CTRL('B'), left },	   { CTRL('F'), right },    { CTRL('P'), up },
	{ CTRL('N'), down },	{ CTRL('D'), delete },	 { CTRL('H'), backspace }, { 0x7f, backspace },	    { CTRL('K'), cut_end },
	{ CTRL('U'), cut_begin }, { CTRL('W'), cut_word }, { CTRL('Y'), put_back },  { CTRL('L'), clear_screen }, { CTRL('I'), complete },
};
/* behind ESC, behind ESC [ or ESC O, and ESC [ NUMBER ~ */
static const struct key_row escape_keys[] = { { 'b', word_left }, { 'f', word_right }, { 'd', cut_next_word }, { 0x7f, cut_word } };
static const struct key_row arrow_keys[] = { { 'A', up }, { 'B', down }, { 'C', right }, { 'D', left }, { 'H', home }, { 'F', end } };
static const struct key_row number_keys[] = { { 1, home }, { 3, delete }, { 4, end }, { 7, home }, { 8, end } };

static void act(struct line_edit *e, const struct key_row *rows, size_t n, unsigned key)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].key == key) {
			e->tab &= rows[i].act == complete;
			rows[i].act(e);
			return;
		}
}

static void sequence(struct line_edit *e, u8 key)
{
	enum sequence was = e->sequence;

	e->sequence = SEQ_NONE;
	if (was == SEQ_ESCAPE && (key == '[' || key == 'O')) {
		e->sequence = key == '[' ? SEQ_CSI : SEQ_SS3;
		e->parameter = 0;
	} else if (was == SEQ_ESCAPE) {
		act(e, escape_keys, ARRAY_SIZE(escape_keys), key);
	} else if (was == SEQ_CSI && key >= '0' && key <= '9') {
		e->parameter = (e->parameter * 10 + key - '0') % 1000;
		e->sequence = SEQ_CSI;
	} else if (was == SEQ_CSI && key == ';') {
		e->parameter = 0;
		e->sequence = SEQ_CSI;
	} else if (key == '~') {
		act(e, number_keys, ARRAY_SIZE(number_keys), e->parameter);
	} else {
		act(e, arrow_keys, ARRAY_SIZE(arrow_keys), key);
	}
}

/* Typing on at the end needs no more than the character. */
static void type(struct line_edit *e, u8 key)
{
	bool append = e->shown && e->at == e->n && e->n < text_room(e) && e->n < LINE_EDIT_MAX;

	e->tab = false;
	insert(e, (const char *)&key, 1);
	if (append)
		put(e, (const char *)&key, 1);
	else
		draw(e);
}

const char *line_edit_key(struct line_edit *e, u8 key)
{
	if (key == '\r' || key == '\n') {
		end(e);
		draw(e);
		put_text(e, "\r\n");
		e->shown = false;
		memcpy(e->done, e->text, e->n + 1);
		remember(e, e->done);
		line_edit_clear(e);
		return e->done;
	}
	if (e->sequence == SEQ_NONE && key >= ' ' && key < 0x7f) {
		type(e, key);
		return NULL;
	}
	if (e->sequence != SEQ_NONE) {
		sequence(e, key);
	} else if (key == 0x1b) {
		e->sequence = SEQ_ESCAPE;
	} else {
		act(e, control_keys, ARRAY_SIZE(control_keys), key);
	}
	draw(e);
	return NULL;
}
