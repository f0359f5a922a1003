/* series.h - samples of one channel as columns, oldest first
 *
 * The order is that of arrival; times may repeat and go back. Owns its arrays; grows as needed.
 */
#ifndef HISTORY_SERIES_H
#define HISTORY_SERIES_H

#include "msg/value.h"

struct series {
	enum value_type type;
	size_t n, cap;
	int64_t *t;     /* [sample] CLOCK_BOOTTIME, ns */
	union value *v; /* [sample] as it came; 0 where no value stands, and for VALUE_TEXT */
	uint32_t *q;    /* [sample] quality | code << 16 */
	uint32_t *
		text; /* [sample] VALUE_TEXT: where in `texts` its text, ended by a NUL, begins; else NULL */
	struct buf texts;
};

void series_init(struct series *s, enum value_type type);
void series_done(struct series *s);                        /* frees the arrays */
void series_clear(struct series *s, enum value_type type); /* forgets the samples, keeps the room */
void series_room(struct series *s, size_t more);           /* room for so many more samples */
void series_add(struct series *s, const struct sample *sample); /* a copy */

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
