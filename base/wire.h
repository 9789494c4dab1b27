/*
 * A wire: one output pin joined to one input pin. The sink stores its input levels itself; setting a
 * wire to the level it already has is allowed and makes no edge at the sink.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include "base/types.h"

struct wire {
	void (*set)(void *sink, u32 pin, bool level);
	void *sink;
	u32 pin;
};

static inline void wire_set(const struct wire *w, bool level)
{
	if (w->set)
		w->set(w->sink, w->pin, level);
}

#endif
