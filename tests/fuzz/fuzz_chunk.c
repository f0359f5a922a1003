/* fuzz_chunk.c - any bytes as a blob of history: refused, or samples that come back from a blob of our own */
#include <stdlib.h>
#include <string.h>

#include "history/chunk.h"
#include "history/tier.h"

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
	demand(a->n_sums == b->n_sums);
	for (size_t i = 0; i < a->n_sums; i++) {
		const struct series_sum *x = &a->sums[i], *y = &b->sums[i];

		demand(x->at == y->at && x->n == y->n && x->t1 == y->t1);
		demand(memcmp(&x->last, &y->last, sizeof(x->last)) == 0 &&
			memcmp(&x->min, &y->min, sizeof(x->min)) == 0 &&
			memcmp(&x->max, &y->max, sizeof(x->max)) == 0 &&
			memcmp(&x->sum, &y->sum, sizeof(x->sum)) == 0 &&
			memcmp(&x->area, &y->area, sizeof(x->area)) == 0);
	}
	for (size_t i = 0; i < a->n; i++) {
		demand(a->t[i] == b->t[i] && a->v[i].u == b->v[i].u && a->q[i] == b->q[i]);
		demand(a->type != VALUE_TEXT || strcmp(series_text(a, i), series_text(b, i)) == 0);
	}
}

static void
code_again(struct chunk_coder *coder, const struct series *s)
{
	static struct series back;
	static struct buf blob;

	for (enum chunk_form form = CHUNK_PLAIN; form <= CHUNK_PACKED; form++) {
		buf_clear(&blob);
		series_clear(&back, s->type);
		chunk_encode(coder, s, 0, s->n, form, &blob);
		demand(chunk_decode(coder, (const uint8_t *)blob.data, blob.n, &back, NULL) ==
			(int)s->n);
		demand_same(s, &back);
	}
}

/* What is thinned has all that it is made of. */
static void
thin_out(struct chunk_coder *coder, const struct series *s, const struct chunk_stats *before)
{
	static struct tier t;
	struct chunk_stats after;

	tier_clear(&t, s->type);
	for (size_t i = 0; i < s->n; i++)
		tier_add(&t, s, i, s->t[i] / NS_PER_S);
	tier_cut(&t);
	chunk_stats(&t.out, 0, t.out.n, &after);
	demand(t.out.n <= s->n && after.n == before->n && after.n_good == before->n_good);
	demand(after.t_min == before->t_min && after.t_max == before->t_max &&
		after.t1 == before->t1);
	demand(after.n_good == 0 ||
		(after.min == before->min && after.max == before->max &&
			after.first == before->first && after.last == before->last));
	code_again(coder, &t.out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct chunk_coder *coder;
	static struct series s;
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
	demand(s.n_sums > 0 ? stats.n > s.n : stats.n == s.n);
	demand(stats.n_good <= stats.n);
	code_again(coder, &s);
	if (s.type != VALUE_TEXT)
		thin_out(coder, &s, &stats);
	return 0;
}
