/*
 * The rows of statistics that have no struct of counters behind them, and the reference of all rows, which --stats-help prints and
 * docs/statistics.md holds. In names of rows and places, words in capitals stand for what varies: CLASS, INTID, N.
 */
#ifndef MACHINE_STATS_ROWS_H
#define MACHINE_STATS_ROWS_H

#include <stdio.h>

#include "base/stat.h"

/* Of struct durations there are .count, .sum, .min, .max and .hist.N behind the name. */
#define STATS_OWN_ROWS(ROW) \
	ROW(sim_ticks,      "sim_ticks",                    "ps",    "virtual time") \
	ROW(traps_open,     "traps_open",                   "event", "exceptions that were not yet returned from") \
	ROW(irq_acked,      "irq_acked.INTID",              "event", "physical interrupts acknowledged, by INTID") \
	ROW(ppi_raised,     "ppi_raised.INTID",             "event", "times that the input of a PPI (timers, PMU, maintenance) rose, by INTID") \
	ROW(spi_raised,     "spi_raised.INTID",             "event", "times that the input of an SPI rose, by INTID") \
	ROW(injected,       "virt.injected_id.INTID",       "event", "virtual interrupts injected, by INTID") \
	ROW(acked,          "virt.acked_id.INTID",          "event", "virtual interrupts acknowledged, by INTID") \
	ROW(entries,        "entries",                      "event", "exception returns into the VM") \
	ROW(exits,          "exits",                        "event", "exceptions taken from the VM to EL2 or EL3") \
	ROW(in_guest,       "in_guest",                     "event", "1 when the PE is in the VM now") \
	ROW(switched,       "switched",                     "event", "exits after which this PE entered another VM") \
	ROW(guest_cycles,   "guest_cycles.DURATION",        "cycle", "from an entry to the exit") \
	ROW(exit_cycles,    "exit_cycles.CLASS.DURATION",   "cycle", "from an exit of this class to the next entry into the same VM") \
	ROW(causes_count,   "exit_causes.CLASS.CAUSE.count", "event", "exits for this cause") \
	ROW(causes_sum,     "exit_causes.CLASS.CAUSE.sum",  "cycle", "until the next entry into the same VM") \
	ROW(causes_rest,    "exit_causes_rest",             "event", "exits for causes after the 1024th") \
	ROW(vcpu_entries,   "entries",                      "event", "exception returns into the vCPU") \
	ROW(vcpu_exits,     "exits",                        "event", "exceptions taken from the vCPU to EL2 or EL3") \
	ROW(vcpu_cycles,    "guest_cycles.DURATION",        "cycle", "from an entry of the vCPU to its exit") \
	ROW(exceptions,     "exceptions.CLASS.to_elN",      "event", "exceptions taken") \
	ROW(trap_cycles,    "trap_cycles.CLASS.to_elN.DURATION", "cycle", "from an exception to its return") \
	ROW(i_lookup,       "i_lookup",                     "event", "L1 instruction TLB lookups") \
	ROW(d_lookup,       "d_lookup",                     "event", "L1 data TLB lookups")

#define STATS_OWN(id, name, unit, help) STATS_##id,
enum stats_own { STATS_OWN_ROWS(STATS_OWN) STATS_OWN_COUNT };
#undef STATS_OWN
extern const struct stat_row stats_own[STATS_OWN_COUNT];

/* Tables of all rows, by the places where they stand. */
void stats_help(FILE *out);

#endif
