/* names.h - names to numbers, by hash */
#ifndef COMPILE_NAMES_H
#define COMPILE_NAMES_H

#include "base/defs.h"

struct names {
	struct names_slot {
		const char *name; /* borrowed */
		uint32_t number;
	} * slots;
	size_t n_slots, n;
};

#define NAMES_NONE UINT32_MAX

void names_done(struct names *t);

/* Remember a name; returns NAMES_NONE, or the number of the same name that is there already (nothing is changed). */
uint32_t names_put(struct names *t, const char *name, uint32_t number);

uint32_t names_get(const struct names *t, const char *name); /* NAMES_NONE: unknown */

/* The name that is most like `name`, NULL when none is near. */
const char *names_nearest(const struct names *t, const char *name);

#endif
