/* fuzz_chunk.c - any bytes as a blob of history: refused, or samples that come back from a blob of our own */
#include <stdlib.h>
#include <string.h>

#include "history/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

static void
demand_same(const struct series *a, const struct series *b)
{
	demand(a->n == b->n && a->type == b->type);
	for (size_t i = 0; i < a->n; i++) {
		demand(a->t[i] == b->t[i] && a->v[i].u == b->v[i].u && a->q[i] == b->q[i]);
		demand(a->type != VALUE_TEXT || strcmp(series_text(a, i), series_text(b, i)) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct chunk_coder *coder;
	static struct series s, back;
	static struct buf blob;
	struct chunk_stats stats;
	int rc;

	if (coder == NULL)
		coder = chunk_coder_new();
	series_clear(&s, VALUE_BOOL);
	rc = chunk_decode(coder, data, n, &s, NULL);
	demand(rc == ERR_PROTO ? s.n == 0
			       : (rc > 0 && rc <= CHUNK_SAMPLES_MAX && s.n == (size_t)rc));
	if (rc < 0)
		return 0;
	chunk_stats(&s, 0, s.n, &stats);
	demand(stats.n == s.n && stats.n_good <= s.n);
	for (enum chunk_form form = CHUNK_PLAIN; form <= CHUNK_PACKED; form++) {
		buf_clear(&blob);
		series_clear(&back, s.type);
		chunk_encode(coder, &s, 0, s.n, form, &blob);
		demand(chunk_decode(coder, (const uint8_t *)blob.data, blob.n, &back, NULL) == rc);
		demand_same(&s, &back);
	}
	return 0;
}
