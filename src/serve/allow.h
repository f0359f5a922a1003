/* allow.h - what somebody may see who does not see all. Pure.
 *
 * Patterns of channels ("N2_*,T_furn"; "*": all) stand in a view and in a stream: documents of channels have those alone. What is of the whole bench and names its
 * channels (events, runs, instruments, sequences) is for those who see all.
 */
#ifndef SERVE_ALLOW_H
#define SERVE_ALLOW_H

#include "board/board.h"
#include "serve/target.h"

/* Is it all? only NULL: nobody is limited. */
bool allow_is_all(const char *only);

/* Does it show this channel? What the controller keeps about an output goes with the output. */
bool allow_channel(const char *only, const struct board *b, uint32_t channel);
bool allow_name(const char *only, const char *name);

/* May somebody with these patterns and rights (bits of enum account_right) have such a document? */
bool allow_route(const char *only, unsigned rights, enum route route);

/* The channels of the board that it shows, as "a,b", into out; false: they do not fit. */
bool allow_list(
	const char *only, const struct board *b, uint32_t n_channels, char *out, size_t cap);
/* Does it show all of a list? */
bool allow_names(const char *only, const char *list);

#endif
