/* cache.c - answers that are ready */
#include "serve/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static size_t
slot_of(const char *uri, bool is_xml)
{
	return (size_t)(text_hash(uri, strlen(uri)) + is_xml) % CACHE_SLOTS;
}

static void
drop(struct cache *c, struct cache_slot *s)
{
	if (s->response == NULL)
		return;
	MHD_destroy_response(s->response);
	free(s->uri);
	c->bytes -= s->n;
	*s = (struct cache_slot){ 0 };
}

void
cache_clear(struct cache *c)
{
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		drop(c, &c->slots[i]);
}

void
cache_sweep(struct cache *c, int64_t older_than_ns)
{
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		if (c->slots[i].made_ns < older_than_ns)
			drop(c, &c->slots[i]);
}

struct MHD_Response *
cache_get(const struct cache *c, const char *uri, bool is_xml, uint64_t tick, int64_t now_ns,
	int64_t max_age_ns)
{
	const struct cache_slot *s = &c->slots[slot_of(uri, is_xml)];

	if (s->response == NULL || s->tick != tick || now_ns - s->made_ns >= max_age_ns ||
		s->is_xml != is_xml || strcmp(s->uri, uri) != 0)
		return NULL;
	return s->response;
}

void
cache_put(struct cache *c, const char *uri, bool is_xml, uint64_t tick, int64_t now_ns,
	struct MHD_Response *response, size_t n)
{
	struct cache_slot *s = &c->slots[slot_of(uri, is_xml)];

	drop(c, s);
	if (n > CACHE_BYTES) {
		MHD_destroy_response(response);
		return;
	}
	if (c->bytes + n > CACHE_BYTES)
		cache_clear(c);
	*s = (struct cache_slot){ .response = response,
		.uri = mem_text(uri),
		.is_xml = is_xml,
		.tick = tick,
		.made_ns = now_ns,
		.n = n };
	c->bytes += n;
}
