/* strangers.h - tokens that were never seen, of which few a second are asked about. Pure.
 *
 * Whoever makes them up takes the gate's time with no more; and from one group of addresses (asks_group) no more than its share, so that others' first
 * requests are asked about as well.
 */
#ifndef SERVE_STRANGERS_H
#define SERVE_STRANGERS_H

#include "base/defs.h"

#define STRANGERS 500                  /* in a second */
#define STRANGERS_EACH (STRANGERS / 5) /* from one group */
#define STRANGERS_NEAR (STRANGERS / 2) /* from this computer, behind whose address others may be */

struct strangers {
	int64_t second_ns; /* the one in which so many came */
	unsigned n, of[256];
};

/* One more, which is counted: may it be asked about? */
bool strangers_may(struct strangers *s, uint8_t group, int64_t now_ns);

#endif
