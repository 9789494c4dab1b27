/* -semihosting and -semihosting-config. What they name is opened by machine/semihost.c. */
#define _GNU_SOURCE /* asprintf() */
#include "frontend/options_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

int option_semihosting(struct parse *p, const char *arg)
{
	p->c->semihosting = true;
	return 0;
}

static int set_enable(struct parse *p, const char *v)
{
	return value_bool(p, "enable", v, &p->c->semihosting);
}
static int set_target(struct parse *p, const char *v)
{
	if (!strcmp(v, "native") || !strcmp(v, "auto"))
		return 0;
	return refuse(p, "target: expected native or auto, got '%s'", v);
}
static int set_dir(struct parse *p, const char *v)
{
	return set_string(p, &p->c->semihosting_dir, v);
}
static int set_chardev(struct parse *p, const char *v)
{
	return set_string(p, &p->c->semihosting_chardev, v);
}
static int set_userspace(struct parse *p, const char *v)
{
	return value_bool(p, "userspace", v, &p->c->semihosting_user);
}

/* Words are joined with blanks. */
static int set_arg(struct parse *p, const char *v)
{
	const char *old = p->c->semihosting_args;
	char *joined;
	int r;

	if (!old)
		return set_string(p, &p->c->semihosting_args, v);
	if (asprintf(&joined, "%s %s", old, v) < 0)
		return why_set(p->why, ENOMEM, "no memory on the host");
	r = set_string(p, &p->c->semihosting_args, joined);
	free(joined);
	return r;
}

const struct key semihosting_keys[] = {
	{ "enable", "on|off", "Serve HLT #0xF000 (the default once the option is given).", set_enable, NULL },
	{ "target", "native|auto", "Accepted: there is no other target than this program.", set_target, NULL },
	{ "dir", "FOLDER", "The guest opens, makes and removes files below it; without it there are no files for the guest. QEMU has no such key.",
	  set_dir, NULL },
	{ "chardev", "NAME", "The console is this -chardev instead of the far end of the first UART.", set_chardev, NULL },
	{ "arg", "WORD", "A word of the program's command line; may be repeated. Without: -kernel and -append.", set_arg, NULL },
	{ "userspace", "on|off", "Serve EL0, too (default off).", set_userspace, NULL },
};
const size_t semihosting_key_count = ARRAY_SIZE(semihosting_keys);

int option_semihosting_config(struct parse *p, const char *arg)
{
	p->c->semihosting = true;
	return keys_parse(p, arg, "enable", semihosting_keys, semihosting_key_count);
}
