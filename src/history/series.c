/* series.c - columns that grow together */
#include "history/series.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define FIRST_CAP 8 /* most channels of a bench change seldom */

void
series_init(struct series *s, enum value_type type)
{
	*s = (struct series){ .type = type };
}

void
series_done(struct series *s)
{
	if (s == NULL)
		return;
	free(s->t);
	free(s->v);
	free(s->q);
	free(s->text);
	free(s->sums);
	buf_done(&s->texts);
	series_init(s, s->type);
}

void
series_clear(struct series *s, enum value_type type)
{
	if (type == VALUE_TEXT && s->text == NULL && s->cap > 0)
		s->text = mem_zero(s->cap, sizeof(*s->text));
	s->type = type;
	s->n = s->n_sums = 0;
	buf_clear(&s->texts);
}

void
series_room(struct series *s, size_t more)
{
	size_t cap = s->cap;

	if (cap - s->n >= more)
		return;
	cap = MAX(cap * 2, s->n + more);
	cap = MAX(cap, (size_t)FIRST_CAP);
	s->t = mem_grow(s->t, cap, sizeof(*s->t));
	s->v = mem_grow(s->v, cap, sizeof(*s->v));
	s->q = mem_grow(s->q, cap, sizeof(*s->q));
	if (s->type == VALUE_TEXT || s->text != NULL)
		s->text = mem_grow(s->text, cap, sizeof(*s->text));
	s->cap = cap;
}

static void
add_text(struct series *s, const char *text)
{
	s->text[s->n] = (uint32_t)s->texts.n;
	buf_put(&s->texts, text, strlen(text) + 1);
}

void
series_add(struct series *s, const struct sample *sample)
{
	series_room(s, 1);
	s->t[s->n] = sample->stamp_ns;
	s->v[s->n].u = s->type == VALUE_TEXT ? 0 : sample->v.u;
	s->q[s->n] = sample->quality | (uint32_t)sample->code << 16;
	if (s->type == VALUE_TEXT)
		add_text(s, sample->text);
	s->n++;
}

void
series_add_sum(struct series *s, const struct series_sum *sum)
{
	if (s->n_sums == s->cap_sums) {
		s->cap_sums = MAX(2 * s->cap_sums, (size_t)FIRST_CAP);
		s->sums = mem_grow(s->sums, s->cap_sums, sizeof(*s->sums));
	}
	s->sums[s->n_sums++] = *sum;
}

size_t
series_sum_behind(const struct series *s, size_t i)
{
	size_t low = 0, high = s->n_sums;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->sums[middle].at < i)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct series_sum *
series_sum_of(const struct series *s, size_t i)
{
	size_t k = s->n_sums == 0 ? 0 : series_sum_behind(s, i);

	return k < s->n_sums && s->sums[k].at == i ? &s->sums[k] : NULL;
}

void
series_append(struct series *s, const struct series *other, size_t from, size_t n)
{
	size_t k = series_sum_behind(other, from);

	series_room(s, n);
	for (size_t i = from; i < from + n; i++) {
		s->t[s->n] = other->t[i];
		s->v[s->n] = other->v[i];
		s->q[s->n] = other->q[i];
		if (s->type == VALUE_TEXT)
			add_text(s, series_text(other, i));
		s->n++;
		if (k < other->n_sums && other->sums[k].at == i) {
			struct series_sum sum = other->sums[k++];

			sum.at = (uint32_t)s->n - 1;
			series_add_sum(s, &sum);
		}
	}
}

void
series_sample(const struct series *s, size_t i, struct sample *out)
{
	out->stamp_ns = s->t[i];
	out->v = s->v[i];
	out->quality = (uint16_t)s->q[i];
	out->code = (uint16_t)(s->q[i] >> 16);
	out->text[0] = '\0';
	if (s->type == VALUE_TEXT)
		text_copy(out->text, sizeof(out->text), series_text(s, i));
}

size_t
series_bytes(const struct series *s)
{
	return s->cap * (sizeof(*s->t) + sizeof(*s->v) + sizeof(*s->q) +
				(s->text != NULL ? sizeof(*s->text) : 0)) +
	       s->texts.cap + s->cap_sums * sizeof(*s->sums);
}
