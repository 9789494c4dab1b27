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

/*
 * input: read standard input at all. guest_gets_ctrl_c: Ctrl-C is a byte for the guest, not a
 * signal. Blocks the signals that it serves, so it is called before other threads start. NULL: no
 * memory or no thread.
 */
struct terminal *terminal_open(bool input, bool guest_gets_ctrl_c);
/* Writes out what is buffered, restores the terminal, joins the thread. */
void terminal_close(struct terminal *t);
/* Somebody may type: standard input is a terminal. */
bool terminal_interactive(const struct terminal *t);
/* Bytes typed so far that were not read yet; 0 when there are none. */
size_t terminal_read(struct terminal *t, u8 *to, size_t room);
/* Shown at the end of a line or 20 ms later. */
void terminal_write(struct terminal *t, const u8 *bytes, size_t n);
void terminal_flush(struct terminal *t);
/*
 * Sleeps until something was typed, input ended, the user wants to stop, one of the n files is ready, or `ns` nanoseconds
 * passed; sometimes for less. files[-1] is the terminal's to use. guest: what waits for the guest (keys, the power button) is a
 * reason not to sleep.
 */
void terminal_wait(struct terminal *t, struct pollfd *files, size_t n, u64 ns, bool guest);
/* More may be typed: standard input did not end. */
bool terminal_open_ended(const struct terminal *t);
enum terminal_end terminal_ended(const struct terminal *t);
/* SIGUSR1, the power button, came since the last call. */
bool terminal_power_button(struct terminal *t);
/* errno of the write to standard output that failed, 0: none did. */
int terminal_error(const struct terminal *t);

#endif
