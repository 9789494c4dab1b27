/* Commands of the monitor: what the interrupt controller, timers and devices hold. See command.h. */
#include "frontend/command.h"

const struct command machine_commands[] = {
	{ 0 }
};
