/* Commands of the monitor: what the interrupt controller, timers, devices and VMs hold. See command.h and machine/show.h. */
#include "frontend/command.h"

#include <errno.h>

#include "base/names.h"
#include "frontend/symbols.h"
#include "machine/show.h"

/* <inject+0x10>: symbols do not tell ELs apart, so an address is what has it in any of them. */
static void find_code(void *ctx, u64 pc, unsigned el, char *text, size_t size)
{
	struct symbols *symbols = ctx;
	char name[SYMBOLS_TEXT];

	if (symbols && *symbols_text(symbols, pc, name))
		snprintf(text, size, " <%s>", name);
}

static int info_gic(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	const struct code_names code = { .ctx = control_symbols(u->control), .find = find_code };
	u64 pe = u->pe;

	if (*args && (!command_number(args, &pe) || pe >= machine_pes(u->m)))
		return why_set(why, EINVAL, "info gic: expected a PE, 0 to %u, got '%s'", machine_pes(u->m) - 1, args);
	machine_show_gic(u->m, (unsigned)pe, &code, out);
	return 0;
}

static int info_its(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	machine_show_its(u->m, out);
	return 0;
}

static int info_timers(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	machine_show_timers(u->m, out);
	return 0;
}

static int info_devices(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	machine_show_devices(u->m, out);
	return 0;
}

static int info_exits(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	machine_show_exits(u->m, out);
	return 0;
}

static int info_vms(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	machine_show_vms(u->m, out);
	return 0;
}

const struct command machine_commands[] = {
	{ .name = "info gic", .args = "[PE]", .help = "interrupts, CPU interface and list registers of a PE", .run = info_gic },
	{ .name = "info its", .help = "the ITS: commands that wait, its tables in memory, LPIs", .run = info_its },
	{ .name = "info timers", .help = "the timers of all PEs, and the event queue", .run = info_timers },
	{ .name = "info devices", .help = "the address map, and what each device does", .run = info_devices },
	{ .name = "info exits", .help = "exits to EL2 so far, by VM and class", .run = info_exits },
	{ .name = "info vms", .help = "VMs with their VMIDs, vCPUs and instructions", .run = info_vms },
	{ 0 }
};
