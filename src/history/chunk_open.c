/* chunk_open.c - open samples: plain blobs of a page each, one behind the other, then a raw rest */
#include "history/chunk_open.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "history/chunk_parts.h"

#define PAGE_HEAD 2 /* bytes: length of the blob that follows, low byte first */
#define GROWTH 128  /* bytes; doubling would leave half of it empty in a thousand channels */
#define GUESS 0.9f  /* bytes of a packed blob to those of its pages, before there was one */
#define AIM 0.95f   /* of the target */
#define LEAST 0.85f
#define TRIES 12
#define MALLOC_HEAD 16

struct chunk_open {
	struct series rest; /* fewer than CHUNK_PAGE samples */
	uint8_t *pages;
	uint32_t n_pages, cap; /* bytes */
	uint32_t n_paged;      /* samples */
	uint32_t next;         /* samples: a blob was too small before */
	float per_sample;      /* bytes in the last packed blob that was made; 0: none yet */
};

/* A blob that is tried: so many samples, so many bytes. */
struct cut {
	size_t n, bytes;
};

struct chunk_open *
chunk_open_new(enum value_type type)
{
	struct chunk_open *o = mem_zero(1, sizeof(*o));

	series_init(&o->rest, type);
	return o;
}

void
chunk_open_free(struct chunk_open *o)
{
	if (o == NULL)
		return;
	series_done(&o->rest);
	free(o->pages);
	free(o);
}

static void
add_page(struct chunk_open *o, struct chunk_coder *c)
{
	size_t need;

	buf_clear(&c->blob);
	chunk_encode(c, &o->rest, 0, o->rest.n, CHUNK_PLAIN, &c->blob);
	need = o->n_pages + PAGE_HEAD + c->blob.n;
	assert(c->blob.n <=
		UINT16_MAX); /* 64 texts of 64 bytes and their times are a tenth of it */
	if (need > o->cap) {
		o->cap = (uint32_t)(need + GROWTH);
		o->pages = mem_grow(o->pages, o->cap, 1);
	}
	put_u16le(o->pages + o->n_pages, (uint16_t)c->blob.n);
	memcpy(o->pages + o->n_pages + PAGE_HEAD, c->blob.data, c->blob.n);
	o->n_pages = (uint32_t)need;
	o->n_paged += (uint32_t)o->rest.n;
	series_clear(&o->rest, o->rest.type);
}

void
chunk_open_add(struct chunk_open *o, struct chunk_coder *c, const struct sample *sample)
{
	assert(chunk_open_count(o) < CHUNK_SAMPLES_MAX);
	series_add(&o->rest, sample);
	if (o->rest.n == CHUNK_PAGE)
		add_page(o, c);
}

size_t
chunk_open_count(const struct chunk_open *o)
{
	return o->n_paged + o->rest.n;
}

size_t
chunk_open_bytes(const struct chunk_open *o)
{
	return sizeof(*o) + o->cap + series_bytes(&o->rest) + 6 * MALLOC_HEAD;
}

void
chunk_open_peek(const struct chunk_open *o, struct chunk_coder *c, struct series *out)
{
	const uint8_t *p = o->pages, *end = p + o->n_pages;

	if (out->n == 0)
		series_clear(out, o->rest.type);
	series_room(out, chunk_open_count(o));
	while (p < end) {
		size_t n = get_u16le(p);
		int found = chunk_decode(c, p + PAGE_HEAD, n, out, NULL);

		if (found <= 0)
			abort(); /* we wrote it ourselves */
		p += PAGE_HEAD + n;
	}
	series_append(out, &o->rest, 0, o->rest.n);
}

static size_t
unpack(const struct chunk_open *o, struct chunk_coder *c)
{
	series_clear(&c->work, o->rest.type);
	chunk_open_peek(o, c, &c->work);
	return c->work.n;
}

void
chunk_open_tail(
	const struct chunk_open *o, struct chunk_coder *c, enum chunk_form form, struct buf *out)
{
	if (chunk_open_count(o) == 0)
		return;
	chunk_encode(c, &c->work, 0, unpack(o, c), form, out);
}

bool
chunk_open_is_due(const struct chunk_open *o, size_t target)
{
	size_t n = chunk_open_count(o);
	float per_sample = o->per_sample;

	if (n >= CHUNK_SAMPLES_MAX)
		return true;
	if (n < o->next || (per_sample <= 0 && o->n_paged == 0))
		return false;
	if (per_sample <= 0)
		per_sample = GUESS * (float)o->n_pages / (float)o->n_paged;
	return (float)n * per_sample >= AIM * (float)target;
}

static struct cut
try_cut(struct chunk_coder *c, size_t n)
{
	buf_clear(&c->blob);
	chunk_encode(c, &c->work, 0, n, CHUNK_PACKED, &c->blob);
	return (struct cut){ n, c->blob.n };
}

/* Between one that is small enough and one that is too large: where the target should be. */
static size_t
between(struct cut low, struct cut high, size_t target)
{
	float slope = (float)(high.n - low.n) / (float)(high.bytes - low.bytes);
	float at = (float)low.n + slope * (AIM * (float)target - (float)low.bytes);
	size_t n = at > (float)low.n ? (size_t)at : low.n;

	return MIN(MAX(n, low.n + 1), high.n - 1);
}

/* A blob of at most `target` bytes into c->blob, when one of high.n samples is too large. */
static struct cut
find_cut(struct chunk_coder *c, struct cut high, size_t target)
{
	struct cut low = { 0 }, last = high;

	for (int i = 0; i < TRIES && high.n - low.n > 1; i++) {
		last = try_cut(c, between(low, high, target));
		if (last.bytes > target)
			high = last;
		else
			low = last;
		if (last.bytes <= target && (float)last.bytes >= LEAST * (float)target)
			return last;
	}
	low.n = MAX(low.n, (size_t)1);
	return last.n == low.n ? last : try_cut(c, low.n);
}

/* Keep what is behind the first n of the samples in c->work. */
static void
drop(struct chunk_open *o, struct chunk_coder *c, size_t n)
{
	chunk_open_clear(o);
	for (size_t from = n; from < c->work.n; from += CHUNK_PAGE) {
		size_t m = MIN(c->work.n - from, (size_t)CHUNK_PAGE);

		series_append(&o->rest, &c->work, from, m);
		if (m == CHUNK_PAGE)
			add_page(o, c);
	}
}

size_t
chunk_open_seal(struct chunk_open *o, struct chunk_coder *c, size_t target, struct buf *out)
{
	struct cut cut;

	if (!chunk_open_is_due(o, target))
		return 0;
	cut = try_cut(c, unpack(o, c));
	o->per_sample = (float)cut.bytes / (float)cut.n;
	if ((float)cut.bytes < LEAST * (float)target && cut.n < CHUNK_SAMPLES_MAX) {
		float wanted = AIM * (float)target / o->per_sample;

		o->next = (uint32_t)MIN(
			MAX(wanted, (float)(cut.n + cut.n / 32 + 1)), (float)CHUNK_SAMPLES_MAX);
		return 0;
	}
	if (cut.bytes > target)
		cut = find_cut(c, cut, target);
	o->per_sample = (float)cut.bytes / (float)cut.n;
	buf_put(out, c->blob.data, cut.bytes);
	drop(o, c, cut.n);
	return cut.n;
}

void
chunk_open_clear(struct chunk_open *o)
{
	series_clear(&o->rest, o->rest.type);
	o->n_pages = o->n_paged = o->next = 0;
}
