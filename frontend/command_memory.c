/* Commands of the monitor: guest memory and code. See command.h. */
#include "frontend/command.h"

const struct command memory_commands[] = {
	{ 0 }
};
