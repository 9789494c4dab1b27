/*
 * The terminal behind a UART: standard input and output. A thread of its own waits for keys and
 * signals, so that the run loop never polls; what came is fetched by the machine when it likes.
 * Called by main.c.
 */
#ifndef FRONTEND_TERMINAL_H
#define FRONTEND_TERMINAL_H

#include "base/types.h"

struct pollfd;
struct terminal;

enum terminal_end {
	TERMINAL_NONE,
	TERMINAL_QUIT,	    /* Ctrl-A x */
	TERMINAL_INTERRUPT, /* SIGINT */
	TERMINAL_TERMINATE, /* SIGTERM, SIGHUP */
	TERMINAL_LOST,	    /* standard output cannot be written: terminal_error() */
};

/* Who reads standard input. */
enum terminal_user {
	TERMINAL_NOBODY,
	TERMINAL_GUEST,	  /* and, after Ctrl-A c, the monitor */
	TERMINAL_MONITOR, /* alone: Ctrl-A is a key like others */
};
/*
 * guest_gets_ctrl_c: Ctrl-C is a byte for the guest, not a signal. Blocks the signals that it serves, so it is called before other
 * threads start. NULL: no memory or no thread.
 */
struct terminal *terminal_open(enum terminal_user user, bool guest_gets_ctrl_c);
/* Writes out what is buffered, restores the terminal, joins the thread. */
void terminal_close(struct terminal *t);
/* Somebody may type for the guest: standard input is a terminal. */
bool terminal_interactive(const struct terminal *t);
/* Lines can be edited: both standard input and output are terminals. */
bool terminal_edits(const struct terminal *t);
/* Bytes typed for the guest so far that were not read yet; 0 when there are none. */
size_t terminal_read(struct terminal *t, u8 *to, size_t room);
/* The same for the monitor. */
size_t terminal_read_monitor(struct terminal *t, u8 *to, size_t room);
/* The monitor has the keyboard: Ctrl-A c, or terminal_show_monitor(). SIGINT then ends nothing. */
bool terminal_monitor_shown(const struct terminal *t);
void terminal_show_monitor(struct terminal *t);
/* SIGINT came while the monitor was shown, since the last call. */
bool terminal_interrupted(struct terminal *t);
/* Columns of the screen. */
unsigned terminal_width(const struct terminal *t);
/* Shown at the end of a line or 20 ms later. */
void terminal_write(struct terminal *t, const u8 *bytes, size_t n);
void terminal_flush(struct terminal *t);
/*
 * Sleeps until something was typed, input ended, the user wants to stop, one of the n files is ready, or `ns` nanoseconds
 * passed; sometimes for less. files[-1] is the terminal's to use. guest: what waits for the guest (keys, the power button) is a
 * reason not to sleep.
 */
void terminal_wait(struct terminal *t, struct pollfd *files, size_t n, u64 ns, bool guest);
/* More may be typed for the guest: standard input did not end. */
bool terminal_open_ended(const struct terminal *t);
/* Standard input ended. */
bool terminal_input_ended(const struct terminal *t);
enum terminal_end terminal_ended(const struct terminal *t);
/* SIGUSR1, the power button, came since the last call. */
bool terminal_power_button(struct terminal *t);
/* errno of the write to standard output that failed, 0: none did. */
int terminal_error(const struct terminal *t);

#endif
