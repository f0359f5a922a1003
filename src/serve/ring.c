/* ring.c - the last events of the stream, as bytes */
#include "serve/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
ring_init(struct ring *r, size_t n_entries, size_t n_bytes)
{
	r->n_entries = n_entries;
	r->n_bytes = n_bytes;
	r->entries = mem_zero(n_entries, sizeof(*r->entries));
	r->bytes = mem_zero(n_bytes, 1);
	r->oldest = r->head;
	r->end = 0;
}

void
ring_done(struct ring *r)
{
	free(r->entries);
	free(r->bytes);
	r->entries = NULL;
	r->bytes = NULL;
	r->n_entries = r->n_bytes = 0;
	r->oldest = r->head;
}

void
ring_put(struct ring *r, uint32_t about, const char *event, size_t n)
{
	size_t at = (size_t)(r->end % r->n_bytes);

	assert(n <= r->n_bytes / 2);
	if (at + n > r->n_bytes)
		r->end += r->n_bytes -
			  at; /* the rest of the room stays empty: events are contiguous */
	while (r->oldest < r->head &&
		(r->head - r->oldest >= r->n_entries ||
			r->end + n - r->entries[r->oldest % r->n_entries].at > r->n_bytes))
		r->oldest++;
	memcpy(r->bytes + r->end % r->n_bytes, event, n);
	r->entries[r->head % r->n_entries] =
		(struct ring_entry){ .at = r->end, .n = (uint32_t)n, .about = about };
	r->end += n;
	r->head++;
}

const struct ring_entry *
ring_get(const struct ring *r, uint64_t number, const char **out_bytes)
{
	const struct ring_entry *e = &r->entries[number % r->n_entries];

	assert(number >= r->oldest && number < r->head);
	*out_bytes = r->bytes + e->at % r->n_bytes;
	return e;
}
