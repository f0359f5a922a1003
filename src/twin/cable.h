/* cable.h - bytes on their way to a master, on a virtual clock */
#ifndef TWIN_CABLE_H
#define TWIN_CABLE_H

#include "base/defs.h"

struct cable;

struct cable *cable_new(void);
void cable_free(struct cable *c);

/* These bytes arrive at at_ns, behind all that arrive then already; they are copied. */
void cable_say(struct cable *c, int64_t at_ns, const uint8_t *bytes, size_t n);
/* From from_ns to until_ns somebody speaks: what is said in between by others comes behind. */
void cable_hold(struct cable *c, int64_t from_ns, int64_t until_ns);
bool cable_is_free(const struct cable *c, int64_t from_ns, int64_t until_ns);
/* The other side closes it at at_ns. */
void cable_end(struct cable *c, int64_t at_ns);
void cable_stop(
	struct cable *c, int64_t at_ns); /* nothing arrives later than that, of what is under way */
void cable_clear(struct cable *c);       /* nothing of what is under way arrives */

/* What arrives at now_ns or before: *out_bytes, the caller's to free; NULL: it is closed. False: nothing does. */
bool cable_next(struct cable *c, int64_t now_ns, uint8_t **out_bytes, size_t *out_n);
int64_t cable_wake(const struct cable *c); /* when something arrives next; NEVER */
int64_t cable_last(const struct cable *c); /* when the last of it does; NEVER */

#endif
