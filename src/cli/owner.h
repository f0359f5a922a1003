/* owner.h - does a running bench use this wire already? */
#ifndef CLI_OWNER_H
#define CLI_OWNER_H

#include "cli/cli.h"
#include "model/image.h"

#define OWNER_NAME 64

enum owned { OWNED_NOT, OWNED_BY_BENCH, OWNED_UNKNOWN };

/* The wire is link 0 of img. OWNED_BY_BENCH: a bench of this run folder uses it, and this is its name and that of the instrument on it;
 * OWNED_UNKNOWN: one runs and does not say what it uses, which has been said. Benches of other users are not seen. */
enum owned owner_of_wire(const struct args *args, const struct image *img, char bench[OWNER_NAME],
	char instrument[OWNER_NAME]);

/* A connection over which that bench is asked to ask on its wire, said to the user; a program that is started from here inherits it. -1: there is none,
 * said already. */
int owner_door(const struct args *args, const char *bench, const char *instrument);

#endif
