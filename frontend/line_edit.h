/*
 * A line of text as it is typed on a terminal: editing, history, completion, with Emacs' keys. Knows bytes in and bytes out only, so it
 * works on whatever thread and file the keys come from. ASCII: other bytes are left out.
 *
 * Not readline, whose licence is not ours, and which reads a file and keeps a state of its own for the whole process. Called by monitor.c.
 */
#ifndef FRONTEND_LINE_EDIT_H
#define FRONTEND_LINE_EDIT_H

#include "base/types.h"

struct line_edit;

enum { LINE_EDIT_MAX = 1000 }; /* characters of a line; more are not taken */

/* Words that the end of the line may become. */
struct line_words;
void line_words_add(struct line_words *w, const char *word);

struct line_edit_host {
	void *ctx;
	void (*write)(void *ctx, const char *bytes, size_t n);
	/* Adds what the last word of `line` may become; returns where that word begins. */
	size_t (*complete)(void *ctx, const char *line, struct line_words *to);
	/* Columns of the screen. */
	unsigned (*width)(void *ctx);
};

/* prompt is borrowed. NULL without memory. */
struct line_edit *line_edit_new(const struct line_edit_host *host, const char *prompt);
void line_edit_free(struct line_edit *e);
/* A byte was typed. The line when it ends one, valid until the next call; NULL otherwise. */
const char *line_edit_key(struct line_edit *e, u8 key);
/* Forgets what was typed. */
void line_edit_clear(struct line_edit *e);
/* Takes the line from the screen, so that something else can be printed at the line's begin; and puts it there (again). */
void line_edit_hide(struct line_edit *e);
void line_edit_show(struct line_edit *e);

#endif
