/* cache.h - answers that are ready: one picture of the board is written once and given to all who ask
 *
 * An answer stands under the address as it was asked for and its form. It holds for one tick of the controller.
 */
#ifndef SERVE_CACHE_H
#define SERVE_CACHE_H

#include <microhttpd.h>

#include "base/buf.h"

#define CACHE_SLOTS 64
#define CACHE_BYTES (8 << 20) /* kept at most */

struct cache_slot {
	struct MHD_Response *response; /* NULL: free */
	char *uri;
	bool is_xml;
	uint64_t tick;
	int64_t made_ns;
	size_t n;
};

struct cache {
	struct cache_slot slots[CACHE_SLOTS];
	size_t bytes;
};

void cache_clear(struct cache *c);

/* The answer made at this tick and less than max_age_ns ago, NULL if there is none. It stays the cache's. */
struct MHD_Response *cache_get(const struct cache *c, const char *uri, bool is_xml, uint64_t tick,
	int64_t now_ns, int64_t max_age_ns);

/* Keep an answer of n bytes that has been queued already: takes the caller's reference. */
void cache_put(struct cache *c, const char *uri, bool is_xml, uint64_t tick, int64_t now_ns,
	struct MHD_Response *response, size_t n);

/* Give back the memory of what is older. */
void cache_sweep(struct cache *c, int64_t older_than_ns);

#endif
