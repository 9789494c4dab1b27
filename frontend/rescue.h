/*
 * Gives the terminal back when the program itself crashes. A signal handler can be handed nothing,
 * so this is the one place of the program with static data that changes; it is about the process,
 * not about a machine. Called by terminal.c.
 */
#ifndef FRONTEND_RESCUE_H
#define FRONTEND_RESCUE_H

#include <termios.h>

void rescue_arm(const struct termios *cooked);
void rescue_disarm(void);

#endif
