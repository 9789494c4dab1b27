/* Commands of the monitor: breakpoints, watchpoints and catchpoints. See command.h. */
#include "frontend/command.h"

const struct command point_commands[] = {
	{ 0 }
};
