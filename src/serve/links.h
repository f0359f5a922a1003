/* links.h - links of guests: who may read the server for everybody. Pure.
 *
 * A link ends by the wall clock, which may be behind afterwards; what was once seen to be over stays so, as long as its file says the same of it.
 */
#ifndef SERVE_LINKS_H
#define SERVE_LINKS_H

#include "msg/tokens.h"

struct links {
	struct tokens known;
	bool is_over[TOKENS_MAX]; /* of each */
};

/* A file of n bytes in the place of what was known. On ERR_CONF there are none. */
int links_read(struct links *l, const char *bytes, size_t n, struct err *err) MUST_CHECK;

/* Whose link this is; NULL: none that is good now. */
const struct token *links_find(struct links *l, const char *text, int64_t wall_ns);
/* Is the link of this digest good now? */
bool links_still(struct links *l, const uint8_t digest[SHA256_BYTES], int64_t wall_ns);

#endif
