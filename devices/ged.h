/*
 * ACPI's Generic Event Device as the board's tables describe it: a word of pending events, read and
 * cleared by the _EVT method, and an interrupt.
 */
#ifndef DEVICES_GED_H
#define DEVICES_GED_H

#include "base/wire.h"
#include "mmu/bus.h"

struct ged;

enum { GED_POWER_BUTTON = 2 }; /* bits of the word, as the tables' method knows them */

extern const struct device_ops ged_ops;

/* irq: an edge a time. */
struct ged *ged_new(struct wire irq);
void ged_free(struct ged *d);
void ged_event(struct ged *d, u32 events);

#endif
