/* owner.h - does a running bench use this wire already? */
#ifndef CLI_OWNER_H
#define CLI_OWNER_H

#include "cli/cli.h"
#include "model/image.h"

/* The wire is link 0 of img. True, with a complaint, when a bench of this run folder uses it, or runs and does not say what it uses.
 * Benches of other users are not seen. */
bool owner_has_wire(const struct args *args, const struct image *img);

#endif
