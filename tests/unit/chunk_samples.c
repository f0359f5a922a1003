/* chunk_samples.c - blobs and what is in them, for another reader to compare: chunk_samples SEED SERIES
 *
 * For each series, in each form: "blob HEX", then a line a sample: time quality code value; a number as its 64 bits in hex, a text as its
 * bytes in hex behind a '"'. Of one that stands for several also their number, the time of the last, and in hex the bits of last, least, most, sum, area.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rand.h"
#include "history/chunk.h"
#include "history/tier.h"
#include "series_shapes.h"

static void
print_hex(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", (uint8_t)bytes[i]);
}

static void
print_sum(const struct series_sum *sum)
{
	if (sum == NULL)
		return;
	printf(" %u %" PRId64, sum->n, sum->t1);
	for (int i = 0; i < 5; i++) {
		const double all[] = { sum->last, sum->min, sum->max, sum->sum, sum->area };
		union value v = { .f = all[i] };

		printf(" %" PRIx64, v.u);
	}
}

static void
print_sample(const struct series *s, size_t i)
{
	printf("%" PRId64 " %u %u ", s->t[i], s->q[i] & 0xffff, s->q[i] >> 16);
	if (s->type == VALUE_TEXT) {
		putchar('"');
		for (const char *p = series_text(s, i); *p != '\0'; p++)
			print_hex(p, 1);
	} else {
		printf("%" PRIx64, s->v[i].u);
	}
	print_sum(series_sum_of(s, i));
	putchar('\n');
}

/* Of each third series of numbers what a tier makes of it. */
static void
thin_out(struct series *s, uint64_t i)
{
	struct tier t;

	if (s->type == VALUE_TEXT || i % 3 != 0)
		return;
	tier_init(&t, s->type);
	for (size_t k = 0; k < s->n; k++)
		tier_add(&t, s, k, (int64_t)(k / (5 + i % 40)));
	tier_cut(&t);
	series_clear(s, s->type);
	series_append(s, &t.out, 0, t.out.n);
	tier_done(&t);
}

int
main(int argc, char **argv)
{
	uint64_t first = argc > 2 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t n_series = argc > 2 ? strtoull(argv[2], NULL, 10) : 100;
	struct chunk_coder *coder = chunk_coder_new();

	for (uint64_t i = 0; i < 2 * n_series; i++) {
		uint64_t seed = first + i / 2;
		struct buf blob = { 0 };
		struct series s;
		size_t n = 1 + rand_below(&seed, i % 14 == 0 ? 2000 : 300);

		series_init(&s, i / 2 % VALUE_TYPES);
		shape_series(&seed, s.type, n, &s);
		thin_out(&s, i / 2);
		n = s.n;
		chunk_encode(coder, &s, 0, n, i % 2 == 0 ? CHUNK_PLAIN : CHUNK_PACKED, &blob);
		printf("blob ");
		print_hex(blob.data, blob.n);
		putchar('\n');
		for (size_t k = 0; k < n; k++)
			print_sample(&s, k);
		buf_done(&blob);
		series_done(&s);
	}
	chunk_coder_free(coder);
	return 0;
}
