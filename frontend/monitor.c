/* See monitor.h: a conversation of lines, and the one on the terminal. */
#include "frontend/monitor_priv.h"

#include <stdlib.h>
#include <string.h>

#include "machine/debug.h"

#define CTRL_C 3

/* ---- a conversation ---- */

void monitor_init(struct monitor *m, struct control *c, const struct monitor_place *place)
{
	*m = (struct monitor){ .place = *place, .user = { .control = c, .m = control_machine(c) } };
}

void monitor_say(struct monitor *m, const char *text)
{
	m->place.write(m->place.ctx, text, strlen(text));
}

void monitor_prompt(struct monitor *m)
{
	if (m->edit)
		line_edit_show(m->edit);
	else if (!m->prompted && !m->place.script)
		monitor_say(m, MONITOR_PROMPT);
	m->prompted = !m->place.script;
}

/* Takes prompt and typed text away, so that something else can be said. */
static void unprompt(struct monitor *m)
{
	if (m->edit)
		line_edit_hide(m->edit);
	else if (m->prompted)
		monitor_say(m, "\n");
	m->prompted = false;
}

static void run_text(struct monitor *m, const char *line)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		monitor_say(m, "error: no memory on the host\n");
		return;
	}
	command_run(&m->user, line, out);
	fclose(out);
	if (text)
		m->place.write(m->place.ctx, text, size);
	free(text);
}

static bool is_listed(const struct debugger *d, u32 number)
{
	const struct debug_point *p = NULL;

	while ((p = debug_next(d, p)) != NULL)
		if (p->number == number)
			return true;
	return false;
}

/* What the machine is asked to do. */
static bool shall_run(const struct control *c)
{
	return control_running(c) && !control_stopping(c);
}

/* True when the line is done with. What is typed behind a step waits for its end, what looks at a running machine pauses it. */
static bool try_line(struct monitor *m)
{
	bool was = shall_run(m->user.control), ready = command_ready(&m->user, m->line);

	if (m->moving && (m->place.script || !ready))
		return false;
	if (!ready) {
		control_pause(m->user.control);
		return false;
	}
	m->pending = false;
	run_text(m, m->line);
	m->moved |= shall_run(m->user.control) != was;
	m->moving = m->moved && (m->place.script || m->user.stepping);
	if (!m->moving)
		monitor_prompt(m);
	return true;
}

/* m->line is whole. */
static void take_line(struct monitor *m)
{
	m->length = 0;
	m->pending = true;
	m->prompted = false;
	if (m->place.script) {
		monitor_say(m, MONITOR_PROMPT);
		monitor_say(m, m->line);
		monitor_say(m, "\n");
	}
}

/* A key that is no part of a line: Ctrl-C where the terminal does not make a signal of it. */
static void interrupt(struct monitor *m)
{
	if (control_running(m->user.control)) {
		control_stop(m->user.control);
		m->moved = true;
	} else {
		unprompt(m);
		if (m->edit)
			line_edit_clear(m->edit);
		monitor_prompt(m);
	}
}

/* A line that is too long stays so: its end is lost, and command_run() refuses it. */
static void take_byte(struct monitor *m, u8 byte)
{
	const char *line;

	if (m->edit) {
		line = byte == CTRL_C ? interrupt(m), NULL : line_edit_key(m->edit, byte);
		if (!line)
			return;
		snprintf(m->line, sizeof m->line, "%s", line);
		take_line(m);
	} else if (byte == '\n') {
		if (m->length && m->line[m->length - 1] == '\r')
			m->length--;
		m->line[m->length] = 0;
		take_line(m);
	} else if (m->length < MONITOR_LINE) {
		m->line[m->length++] = byte ? (char)byte : '?';
	}
}

void monitor_serve(struct monitor *m)
{
	for (;;) {
		if (m->pending && !try_line(m))
			return;
		if ((m->moving && m->place.script) || control_quitted(m->user.control))
			return;
		if (m->in_at == m->in_count) {
			m->in_at = 0;
			m->in_count = m->place.read(m->place.ctx, m->in, sizeof m->in);
			if (!m->in_count)
				return;
		}
		take_byte(m, m->in[m->in_at++]);
	}
}

bool monitor_idle(const struct monitor *m)
{
	return !m->pending && !m->moving && m->in_at == m->in_count;
}

/*
 * Whether it is for this one to tell of: a point that anybody may see, or what was asked for here. Not the steps and hidden points of
 * another client, and not the start with -S.
 */
static bool concerns(const struct monitor *m, const struct debug_stop *s)
{
	return m->moved || s->kind == STOP_STUCK || (s->point && is_listed(machine_debugger(m->user.m), s->point));
}

/* Of several steps the next one. */
static bool step_on(struct monitor *m, const struct debug_stop *s)
{
	if (!m->user.stepping || s->kind != STOP_STEP || s->pe != m->user.pe || m->user.steps <= 1)
		return false;
	m->user.steps--;
	command_step(&m->user);
	return true;
}

bool monitor_stopped(struct monitor *m, const struct debug_stop *s)
{
	char text[sizeof s->text + 2];
	bool tell = concerns(m, s);

	if (step_on(m, s))
		return false;
	m->moving = m->moved = m->user.stepping = false;
	m->user.pe = s->pe;
	if (!tell)
		return false;
	unprompt(m);
	snprintf(text, sizeof text, "%s\n", s->text);
	monitor_say(m, text);
	run_text(m, "where");
	monitor_prompt(m);
	return true;
}

/* ---- on the terminal ---- */

struct terminal_monitor {
	struct monitor m; /* the first member */
	struct terminal *terminal;
	struct control *control;
	struct control_client client;
	bool shown, attached, ended;
};

static size_t terminal_take(void *ctx, u8 *to, size_t room)
{
	struct terminal_monitor *t = ctx;

	return terminal_read_monitor(t->terminal, to, room);
}

static void terminal_say(void *ctx, const char *text, size_t n)
{
	struct terminal_monitor *t = ctx;

	terminal_write(t->terminal, (const u8 *)text, n);
}

static unsigned screen_width(void *ctx)
{
	struct terminal_monitor *t = ctx;

	return terminal_width(t->terminal);
}

static void add_word(void *ctx, const char *word)
{
	line_words_add(ctx, word);
}

static size_t complete_line(void *ctx, const char *line, struct line_words *to)
{
	struct terminal_monitor *t = ctx;
	const struct command_words words = { to, add_word };

	return command_complete(&t->m.user, line, &words);
}

/* From the first time that it is shown to the end of its input. */
static void attach(struct terminal_monitor *t, bool there)
{
	if (t->attached != there && !t->ended)
		control_attach(t->control, there);
	t->ended |= t->attached && !there;
	t->attached = there;
}

/* Console and monitor changed places. */
static void look_who_is_shown(struct terminal_monitor *t)
{
	bool shown = terminal_monitor_shown(t->terminal);

	if (shown == t->shown)
		return;
	t->shown = shown;
	if (shown) {
		attach(t, true);
		if (t->m.edit) {
			monitor_say(&t->m, "\n");
			monitor_prompt(&t->m);
		}
	} else {
		unprompt(&t->m);
	}
	terminal_flush(t->terminal);
}

/* A script that ended leaves the machine to itself: it goes on to its end. */
static void look_for_end(struct terminal_monitor *t)
{
	if (!t->attached || !t->m.place.script || !terminal_input_ended(t->terminal))
		return;
	monitor_serve(&t->m); /* what came before the end */
	if (t->m.length)
		take_byte(&t->m, '\n');
	if (monitor_idle(&t->m))
		attach(t, false);
}

static void terminal_serve(void *ctx)
{
	struct terminal_monitor *t = ctx;

	look_who_is_shown(t);
	if (terminal_interrupted(t->terminal))
		interrupt(&t->m);
	monitor_serve(&t->m);
	look_for_end(t);
	if (t->shown)
		terminal_flush(t->terminal);
}

static void terminal_stopped(void *ctx, const struct debug_stop *s)
{
	struct terminal_monitor *t = ctx;

	/* nobody ever asked for the monitor here: the stop is another client's affair, and this the console */
	if (!t->attached || !monitor_stopped(&t->m, s))
		return;
	terminal_show_monitor(t->terminal);
	t->shown = true;
	terminal_flush(t->terminal);
}

static const struct control_ops terminal_ops = { .serve = terminal_serve, .stopped = terminal_stopped };

struct monitor *monitor_on_terminal(struct control *c, struct terminal *terminal)
{
	struct terminal_monitor *t = calloc(1, sizeof *t);
	const struct line_edit_host host = { t, terminal_say, complete_line, screen_width };
	const struct monitor_place place = {
		.ctx = t, .read = terminal_take, .write = terminal_say, .script = !terminal_edits(terminal)
	};

	if (!t)
		return NULL;
	monitor_init(&t->m, c, &place);
	t->terminal = terminal;
	t->control = c;
	t->client = (struct control_client){ .ops = &terminal_ops, .ctx = t };
	if (terminal_edits(terminal)) {
		t->m.edit = line_edit_new(&host, MONITOR_PROMPT);
		if (!t->m.edit) {
			free(t);
			return NULL;
		}
	}
	control_add(c, &t->client);
	return &t->m;
}

void monitor_free(struct monitor *m)
{
	struct terminal_monitor *t = (struct terminal_monitor *)m;

	if (!m)
		return;
	attach(t, false);
	control_remove(t->control, &t->client);
	line_edit_free(m->edit);
	free(t);
}
