/* series.h - samples of one channel as columns, oldest first
 *
 * The order is that of arrival; times may repeat and go back. Owns its arrays; grows as needed.
 */
#ifndef HISTORY_SERIES_H
#define HISTORY_SERIES_H

#include "msg/value.h"

/* Several good values of which the first alone stands among the samples, and what they amount to (docs/history-format.md, thinned files). */
struct series_sum {
	uint32_t at; /* which sample stands for them */
	uint32_t n;  /* how many they are, at least 2 */
	int64_t t1;  /* ns; of the last of them, not before the first */
	double last, min, max, sum;
	double area; /* value x seconds from the first to the last, each held until the next */
};

struct series {
	enum value_type type;
	size_t n, cap;
	int64_t *t;     /* [sample] CLOCK_BOOTTIME, ns */
	union value *v; /* [sample] as it came; 0 where no value stands, and for VALUE_TEXT */
	uint32_t *q;    /* [sample] quality | code << 16 */
	uint32_t *
		text; /* [sample] VALUE_TEXT: where in `texts` its text, ended by a NUL, begins; else NULL */
	struct buf texts;
	struct series_sum *sums; /* [n_sums], by `at`; of numbers alone */
	size_t n_sums, cap_sums;
};

void series_init(struct series *s, enum value_type type);
void series_done(struct series *s);                        /* frees the arrays */
void series_clear(struct series *s, enum value_type type); /* forgets the samples, keeps the room */
void series_room(struct series *s, size_t more);           /* room for so many more samples */
void series_add(struct series *s, const struct sample *sample); /* a copy */

/* What a sample stands for: behind those that are there. */
void series_add_sum(struct series *s, const struct series_sum *sum);

/* What sample i stands for; NULL: for itself. */
const struct series_sum *series_sum_of(const struct series *s, size_t i);
size_t series_sum_behind(const struct series *s, size_t i); /* the first of s->sums with at >= i */

/* Samples from .. from+n of another series of the same type, behind those of s. */
void series_append(struct series *s, const struct series *other, size_t from, size_t n);

/* Sample i < s->n. */
void series_sample(const struct series *s, size_t i, struct sample *out);

/* Bytes of memory that it holds beside the struct itself. */
size_t series_bytes(const struct series *s);

static inline const char *
series_text(const struct series *s, size_t i)
{
	return s->texts.data + s->text[i];
}

static inline unsigned
series_quality(const struct series *s, size_t i)
{
	return s->q[i] & 0xffff;
}

#endif
