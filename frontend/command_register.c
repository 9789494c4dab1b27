/* Commands of the monitor: registers and PEs. See command.h. */
#include "frontend/command.h"

const struct command register_commands[] = {
	{ 0 }
};
