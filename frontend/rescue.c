/* See rescue.h. */
#include "frontend/rescue.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static struct termios rescue_cooked;
static volatile sig_atomic_t rescue_armed;

static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

static void on_crash(int signal)
{
	if (rescue_armed)
		tcsetattr(STDIN_FILENO, TCSANOW, &rescue_cooked);
	raise(signal); /* SA_RESETHAND: now with its default action */
}

static void set_handlers(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		sigaction(crashes[i], &action, NULL);
}

void rescue_arm(const struct termios *cooked)
{
	rescue_cooked = *cooked;
	rescue_armed = 1;
	set_handlers(on_crash);
}

void rescue_disarm(void)
{
	if (!rescue_armed)
		return;
	rescue_armed = 0;
	set_handlers(SIG_DFL);
}
