/* wakes.h - which of n things has to be woken first: a heap of deadlines */
#ifndef CONTROL_WAKES_H
#define CONTROL_WAKES_H

#include "base/defs.h"

struct wakes {
	uint32_t n;
	uint32_t *heap;  /* [place] thing */
	uint32_t *place; /* [thing] place */
	int64_t *at;     /* [thing] deadline, ns; NEVER: none */
};

void wakes_init(struct wakes *w, uint32_t n); /* all NEVER */
void wakes_done(struct wakes *w);
void wakes_set(struct wakes *w, uint32_t thing, int64_t at_ns);

/* The earliest deadline; *out_thing is whose it is. NEVER when there is none or n is 0. */
int64_t wakes_first(const struct wakes *w, uint32_t *out_thing);

#endif
