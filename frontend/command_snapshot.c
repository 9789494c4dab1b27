/* Commands of the monitor: snapshots. See command.h and machine/snapshot.h. */
#include "frontend/command.h"

#include <errno.h>

#include "machine/snapshot.h"

static int savevm(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	int r;

	if (!*args)
		return why_set(why, EINVAL, "savevm: expected the name of a file");
	r = machine_save(u->m, args, why);
	if (!r)
		fprintf(out, "saved to %s\n", args);
	return r;
}

static int loadvm(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	int r;

	if (!*args)
		return why_set(why, EINVAL, "loadvm: expected the name of a file");
	r = machine_restore(u->m, args, why);
	if (r == -EBADMSG)
		control_go(u->control); /* to its end */
	if (!r)
		fprintf(out, "loaded %s\n", args);
	return r;
}

const struct command snapshot_commands[] = {
	{ .name = "savevm", .args = "FILE", .help = "save the whole machine to a file", .run = savevm },
	{ .name = "loadvm", .args = "FILE", .help = "go back (or on) to what savevm or --save-at has saved of a machine with the same options",
	  .run = loadvm },
	{ 0 }
};
