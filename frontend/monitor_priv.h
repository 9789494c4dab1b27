/* A conversation, for monitor.c (the terminal) and monitor_socket.c. */
#ifndef FRONTEND_MONITOR_PRIV_H
#define FRONTEND_MONITOR_PRIV_H

#include "frontend/command.h"
#include "frontend/line_edit.h"
#include "frontend/monitor.h"

#define MONITOR_PROMPT "(trapline) "
enum { MONITOR_LINE = 4200 }; /* command_run() refuses what is longer than its own limit */

/* Where it takes place. */
struct monitor_place {
	void *ctx;
	/* What was typed; 0: nothing now. */
	size_t (*read)(void *ctx, u8 *to, size_t room);
	void (*write)(void *ctx, const char *text, size_t n);
	bool script; /* the next line waits until the machine did what this one asked for; lines are shown as they are read */
};

struct monitor {
	struct monitor_place place;
	struct command_user user;
	struct line_edit *edit; /* NULL: lines are lines */
	u8 in[256];
	size_t in_at, in_count;
	char line[MONITOR_LINE + 1];
	size_t length;
	bool pending; /* line is one, and waits for the machine to stand */
	bool moved;   /* this one asked the machine to go, or to stop; until it stops */
	bool moving;  /* a script waits for that */
	bool prompted;
};

void monitor_init(struct monitor *m, struct control *c, const struct monitor_place *place);
/* Takes and runs what can be run now. */
void monitor_serve(struct monitor *m);
/* Everything typed was run. */
bool monitor_idle(const struct monitor *m);
void monitor_prompt(struct monitor *m);
void monitor_say(struct monitor *m, const char *text);
/* The machine stopped. True: this conversation was told why. */
bool monitor_stopped(struct monitor *m, const struct debug_stop *s);

#endif
