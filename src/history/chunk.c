/* chunk.c - a blob: head, times, qualities, values
 *
 *	byte      version, 1; 2 when there are sums
 *	byte      enum value_type | 0x10 when there are qualities
 *	varint    n, number of samples
 *	varint    zigzag of the time of the first, ns
 *	times     chunk_time.c
 *	[quality  varint number of runs; list, a run: varint samples, varint (quality | code << 16) << 1 | has values; without it
 *	          all samples are of quality 0, code 0 and have values]
 *	[values   chunk_value.c; when there are samples that have one. The others have 0, or an empty text]
 *	[sums     chunk_sums.c]
 */
#include "history/chunk.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "history/chunk_parts.h"
#include "msg/quality.h"

#define HAS_QUALITY 0x10
#define RUN_BYTES_MAX 7 /* samples: 2, quality: 5 */
#define LEVEL 1         /* 3 and 9 are no smaller on such bytes, and slower */

struct chunk_coder *
chunk_coder_new(void)
{
	struct chunk_coder *c = mem_zero(1, sizeof(*c));

	c->cctx = ZSTD_createCCtx();
	c->dctx = ZSTD_createDCtx();
	if (c->cctx == NULL || c->dctx == NULL)
		abort(); /* as mem.h has it */
	ZSTD_CCtx_setParameter(c->cctx, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(c->cctx, ZSTD_c_contentSizeFlag, 0);
	c->weight = mem_zero(CHUNK_SAMPLES_MAX + 1, sizeof(*c->weight));
	for (size_t i = 1; i <= CHUNK_SAMPLES_MAX; i++)
		c->weight[i] = (float)((double)i * log2((double)i));
	c->x = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->x));
	c->k = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->k));
	c->j = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->j));
	c->r = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->r));
	c->e = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->e));
	c->v = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->v));
	c->at = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->at));
	c->stands = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->stands));
	c->plane = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->plane));
	return c;
}

void
chunk_coder_free(struct chunk_coder *c)
{
	if (c == NULL)
		return;
	ZSTD_freeCCtx(c->cctx);
	ZSTD_freeDCtx(c->dctx);
	free(c->weight);
	free(c->x);
	free(c->k);
	free(c->j);
	free(c->r);
	free(c->e);
	free(c->v);
	free(c->at);
	free(c->stands);
	free(c->seen);
	free(c->plane);
	free(c->sums);
	buf_done(&c->frame);
	buf_done(&c->bytes);
	buf_done(&c->walk_try[0]);
	buf_done(&c->walk_try[1]);
	buf_done(&c->part_try);
	buf_done(&c->column_try);
	buf_done(&c->blob);
	series_done(&c->work);
	free(c);
}

/* Nothing is known in a bad sample without a value: nothing is written. An old value in a bad one is kept. */
static bool
stands(const struct series *s, size_t i)
{
	if (!quality_is_bad(series_quality(s, i)))
		return true;
	return s->type == VALUE_TEXT ? series_text(s, i)[0] != '\0' : s->v[i].u != 0;
}

/* Sets c->stands; returns the number of samples whose value stands. */
static size_t
find_standing(struct chunk_coder *c, const struct series *s, size_t from, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		c->stands[i] = s->q[from + i] == 0 || stands(s, from + i);
		found += c->stands[i];
	}
	return found;
}

static bool
is_plain_quality(const uint32_t *q, size_t n)
{
	uint32_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= q[i];
	return all == 0;
}

static void
put_quality(
	struct chunk_coder *c, const uint32_t *q, size_t n, enum chunk_form form, struct buf *out)
{
	size_t n_runs = 0;

	buf_clear(&c->bytes);
	for (size_t i = 0, begin = 0; i < n; i++) {
		if (i + 1 < n && q[i + 1] == q[begin] && c->stands[i + 1] == c->stands[begin])
			continue;
		chunk_put_varint(&c->bytes, i + 1 - begin);
		chunk_put_varint(&c->bytes, (uint64_t)q[begin] << 1 | c->stands[begin]);
		begin = i + 1;
		n_runs++;
	}
	chunk_put_varint(out, n_runs);
	chunk_put_list(c, &c->bytes, form, out);
}

static void
put_standing(struct chunk_coder *c, const struct series *s, size_t from, size_t n,
	size_t n_standing, enum chunk_form form, struct buf *out)
{
	bool is_text = s->type == VALUE_TEXT;
	const union value *v = s->v + from;

	for (size_t i = 0, k = 0; i < n && (is_text || n_standing < n); i++) {
		if (c->stands[i] == 0)
			continue;
		c->v[k] = s->v[from + i];
		c->at[k++] = is_text ? s->text[from + i] : 0;
	}
	if (is_text)
		chunk_put_texts(c, s, c->at, n_standing, form, out);
	else
		chunk_put_values(c, s->type, n_standing < n ? c->v : v, n_standing, form, out);
}

void
chunk_encode(struct chunk_coder *c, const struct series *s, size_t from, size_t n,
	enum chunk_form form, struct buf *out)
{
	bool has_quality, has_sums;
	size_t n_standing;

	assert(n >= 1 && n <= CHUNK_SAMPLES_MAX && from + n <= s->n);
	has_quality = !is_plain_quality(s->q + from, n);
	n_standing = find_standing(c, s, from, n);
	has_sums = s->n_sums > 0 && series_sum_behind(s, from) < series_sum_behind(s, from + n);
	buf_putc(out, has_sums ? CHUNK_VERSION_SUMS : CHUNK_VERSION);
	buf_putc(out, (char)(s->type | (has_quality ? HAS_QUALITY : 0)));
	chunk_put_varint(out, n);
	chunk_put_varint(out, zigzag(s->t[from]));
	chunk_put_times(c, s->t + from, n, form, out);
	if (has_quality)
		put_quality(c, s->q + from, n, form, out);
	if (n_standing > 0)
		put_standing(c, s, from, n, n_standing, form, out);
	if (has_sums)
		chunk_put_sums(c, s, from, n, form, out);
}

static int
get_head(struct chunk_in *in, struct chunk_head *out, bool *out_quality, struct err *err)
{
	const uint8_t *head = chunk_get_bytes(in, 2);
	uint64_t n;

	if (head == NULL)
		return err_set(err, ERR_PROTO, 0, "a blob of history has two bytes at least");
	if (head[0] != CHUNK_VERSION && head[0] != CHUNK_VERSION_SUMS)
		return err_set(err, ERR_PROTO, 0,
			"a blob of history has version %u, this program reads versions %d and %d",
			head[0], CHUNK_VERSION, CHUNK_VERSION_SUMS);
	if ((head[1] & ~HAS_QUALITY) >= VALUE_TYPES)
		return err_set(err, ERR_PROTO, 0, "a blob of history has the unknown type %u",
			head[1] & ~HAS_QUALITY);
	out->type = head[1] & ~HAS_QUALITY;
	*out_quality = (head[1] & HAS_QUALITY) != 0;
	n = chunk_get_varint(in);
	out->n = (size_t)MIN(n, (uint64_t)CHUNK_SAMPLES_MAX + 1);
	out->t0 = unzigzag(chunk_get_varint(in));
	if (in->is_bad || out->n == 0 || out->n > CHUNK_SAMPLES_MAX)
		return err_set(err, ERR_PROTO, 0, "a blob of history holds 1 to %d samples",
			CHUNK_SAMPLES_MAX);
	return 0;
}

int
chunk_head(const uint8_t *bytes, size_t n, struct chunk_head *out, struct err *err)
{
	struct chunk_in in = { .p = bytes, .end = bytes + n };
	struct chunk_head head = { 0 };
	bool has_quality = false;
	int rc = get_head(&in, &head, &has_quality, err);

	if (rc == 0)
		*out = head;
	return rc;
}

/* Fills q and c->stands; returns the number of samples whose value stands. */
static size_t
get_quality(struct chunk_coder *c, struct chunk_in *in, uint32_t *q, size_t n)
{
	uint64_t n_runs = chunk_get_varint(in);
	struct chunk_in list = chunk_get_list(c, in, n * RUN_BYTES_MAX);
	size_t at = 0, found = 0;

	for (; n_runs > 0 && at < n && !list.is_bad; n_runs--) {
		uint64_t length = chunk_get_varint(&list), mark = chunk_get_varint(&list);

		if (length == 0 || length > n - at || mark >> 33 != 0)
			break;
		for (size_t i = 0; i < length; i++)
			q[at + i] = (uint32_t)(mark >> 1);
		memset(c->stands + at, mark & 1, (size_t)length);
		found += (mark & 1) != 0 ? (size_t)length : 0;
		at += (size_t)length;
	}
	in->is_bad |= n_runs > 0 || at < n || list.is_bad || list.p != list.end;
	return found;
}

static void
scatter(const struct chunk_coder *c, struct series *out, size_t n)
{
	bool is_text = out->type == VALUE_TEXT;
	uint32_t empty = (uint32_t)out->texts.n;

	if (is_text)
		buf_putc(&out->texts, '\0');
	for (size_t i = 0, k = 0; i < n; i++) {
		bool has = c->stands[i] != 0;

		out->v[out->n + i].u = has && !is_text ? c->v[k].u : 0;
		if (is_text)
			out->text[out->n + i] = has ? c->at[k] : empty;
		k += has;
	}
}

static void
get_standing(
	struct chunk_coder *c, struct chunk_in *in, size_t n_standing, size_t n, struct series *out)
{
	bool is_text = out->type == VALUE_TEXT, is_all = n_standing == n;
	union value *v = is_all ? out->v + out->n : c->v;

	if (n_standing > 0 && is_text)
		chunk_get_texts(
			c, in, &out->texts, is_all ? out->text + out->n : c->at, n_standing);
	else if (n_standing > 0)
		chunk_get_values(c, in, v, n_standing);
	if (in->is_bad)
		return;
	if (!is_all)
		scatter(c, out, n);
	else if (is_text)
		memset(v, 0, n * sizeof(*v));
}

static void
read_sums(struct chunk_coder *c, struct chunk_in *in, struct series *out, size_t n)
{
	if (c->sums == NULL)
		c->sums = mem_zero(CHUNK_SAMPLES_MAX, sizeof(*c->sums));
	chunk_get_sums(c, in, out, n);
}

int
chunk_decode(
	struct chunk_coder *c, const uint8_t *bytes, size_t n, struct series *out, struct err *err)
{
	struct chunk_in in = { .p = bytes, .end = bytes + n };
	size_t n_standing, n_texts;
	struct chunk_head head = { 0 };
	bool has_quality = false;
	int rc = get_head(&in, &head, &has_quality, err);

	if (rc < 0)
		return rc;
	if (out->n == 0)
		series_clear(out, head.type);
	if (out->type != head.type)
		return err_set(err, ERR_PROTO, 0, "a blob of history is of type %s, not %s",
			value_type_text(head.type), value_type_text(out->type));
	n_texts = out->texts.n;
	n_standing = head.n;
	series_room(out, head.n);
	chunk_get_times(c, &in, head.t0, out->t + out->n, head.n);
	if (has_quality)
		n_standing = get_quality(c, &in, out->q + out->n, head.n);
	else
		memset(out->q + out->n, 0, head.n * sizeof(*out->q));
	if (!in.is_bad)
		get_standing(c, &in, n_standing, head.n, out);
	c->n_sums = 0;
	if (!in.is_bad && bytes[0] == CHUNK_VERSION_SUMS)
		read_sums(c, &in, out, head.n);
	if (in.is_bad || in.p != in.end) {
		out->texts.n = n_texts;
		return err_set(err, ERR_PROTO, 0,
			"a blob of history with %zu samples in %zu bytes is damaged at byte %zu",
			head.n, n, (size_t)(in.p - bytes));
	}
	out->n += head.n;
	for (size_t i = 0; i < c->n_sums; i++)
		series_add_sum(out, &c->sums[i]);
	return (int)head.n;
}
