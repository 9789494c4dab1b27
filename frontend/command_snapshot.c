/* Commands of the monitor: snapshots. See command.h. */
#include "frontend/command.h"

const struct command snapshot_commands[] = {
	{ 0 }
};
