/* play_rig.c - simulated instruments on one link, spoken to in bytes and by their own codec */
#include "play_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec_feed.h"
#include "drivers/list.h"

int
play_start(void **state, struct image_builder *b)
{
	struct play *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->img = image_builder_done(b);
	p->t = twin_new(p->img, 1);
	*state = p;
	return 0;
}

int
play_stop(void **state)
{
	struct play *p = *state;

	twin_free(p->t);
	free(p->img);
	free(p);
	return 0;
}

/* As many bytes as there are, no more: a reading beyond is an error of the sanitizer. */
static int
cut_exact(struct twin *t, const uint8_t *in, size_t n, enum wire wire)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	int got;

	assert_non_null(copy);
	memcpy(copy, in, n);
	got = twin_cut(t, 0, copy, n, wire);
	free(copy);
	return got;
}

static void
expect(struct twin *t, const uint8_t *ask, size_t n, const uint8_t *answer, size_t n_answer)
{
	static uint8_t out[CODEC_FRAME_MAX];
	int got;

	for (size_t k = 1; k < n; k++) {
		assert_int_equal(cut_exact(t, ask, k, WIRE_OPEN), CUT_MORE);
		assert_true(cut_exact(t, ask, k, WIRE_SILENT) < 0);
	}
	assert_int_equal(cut_exact(t, ask, n, WIRE_OPEN), CUT_FRAME(n));
	assert_int_equal(cut_exact(t, ask, n, WIRE_SILENT), CUT_FRAME(n));
	got = twin_answer(t, 0, ask, n, out, sizeof(out));
	assert_int_equal(got, (int)n_answer);
	assert_memory_equal(out, answer, n_answer);
}

void
play_expect(struct twin *t, const char *ask, const char *answer)
{
	uint8_t in[600], want[600];
	size_t n = feed_hex(ask, in, sizeof(in)), n_want = feed_hex(answer, want, sizeof(want));

	expect(t, in, n, want, n_want);
}

void
play_expect_text(struct twin *t, const char *ask, const char *answer)
{
	expect(t, (const uint8_t *)ask, strlen(ask), (const uint8_t *)answer, strlen(answer));
}

/* ---- with the codec --------------------------------------------------------------------------------------------------- */

struct side {
	const struct codec *codec;
	struct instrument ins;
	struct point pts[32];
	uint32_t n;
	struct vars vars;
	uint8_t scratch[CODEC_FRAME_MAX];
	struct reading at[32];
	struct readings got;
};

static const struct point *
point_of(const struct side *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->pts[i].id == id)
			return &s->pts[i];
	fail();
	return NULL;
}

static struct side *
side_of(const struct image *img, uint32_t instrument)
{
	static struct side s;
	const struct image_instrument *from = image_instrument_at(img, instrument);

	s = (struct side){ .codec = codec_find(image_text(img, from->codec)),
		.ins.name = image_text(img, from->name) };
	s.got.at = s.at;
	s.got.cap = NELEM(s.at);
	assert_true(from->n_points <= NELEM(s.pts));
	for (int i = 0; s.codec->opts[i].name != NULL; i++) {
		s.ins.opts.num[i] = from->opts[i];
		if (s.codec->opts[i].type == OPT_TEXT && from->opts[i] > 0)
			s.ins.opts.text[i] = image_text(img, (uint32_t)from->opts[i]);
	}
	for (uint32_t i = 0; i < from->n_points; i++) {
		const struct image_point *p = image_point_at(img, from->first_point + i);

		s.pts[s.n++] = (struct point){ .id = from->first_point + i,
			.space = p->space,
			.type = p->type,
			.address = p->address,
			.count = p->count,
			.order = p->order,
			.bit = p->bit,
			.value = p->value,
			.write_space = p->write_space,
			.write_address = p->write_address,
			.key = p->key > 0 ? image_text(img, p->key) : NULL,
			.write_key = p->write_key > 0 ? image_text(img, p->write_key) : NULL,
			.every_ns = 1 };
	}
	codec_sort_points(s.pts, s.n);
	s.ins.vars = &s.vars;
	s.vars.scratch = s.scratch;
	s.vars.n_scratch = s.codec->scratch == NULL ? 0 : s.codec->scratch(&s.ins, s.pts, s.n);
	return &s;
}

/* All answers that bytes bring, one request after the other. */
static size_t
send(struct twin *t, const uint8_t *bytes, size_t n, uint8_t *out, size_t cap)
{
	size_t at = 0, got = 0;

	while (at < n) {
		int cut = twin_cut(t, 0, bytes + at, n - at, WIRE_OPEN);

		assert_true(cut > 0);
		got += (size_t)twin_answer(t, 0, bytes + at, (size_t)cut, out + got, cap - got);
		at += (size_t)cut;
	}
	return got;
}

/* The steps of one request; what the last one's decode() says. */
static int
exchange(struct twin *t, struct side *s, struct request req)
{
	static uint8_t bytes[CODEC_FRAME_MAX], answer[2 * CODEC_FRAME_MAX];
	struct request next;
	struct err err = { 0 };
	int rc = 0;

	for (int step = 0;; step++) {
		size_t at = 0, n_answer;
		int n = s->codec->encode(&s->ins, &req, 0x57, &s->vars, bytes, sizeof(bytes), &err);

		assert_true(n > 0);
		n_answer = send(t, bytes, (size_t)n, answer, sizeof(answer));
		for (;;) {
			n = s->codec->cut(&s->ins, &req, answer + at, n_answer - at, WIRE_SILENT);
			assert_true(n > 0);
			if (s->codec->match(&s->ins, &req, 0x57, answer + at, (size_t)n) !=
				MATCH_UNSOLICITED)
				break;
			at += (size_t)n;
		}
		assert_int_not_equal(s->codec->match(&s->ins, &req, 0x57, answer + at, (size_t)n),
			MATCH_NOT_MINE);
		rc = s->codec->decode(
			&s->ins, &req, s->pts, answer + at, (size_t)n, &s->vars, &s->got, &err);
		if (rc < 0 || s->codec->next == NULL ||
			s->codec->next(&s->ins, &req, step, &s->vars, &next) == 0)
			return rc;
		req = next;
		req.step = (uint16_t)(step + 1);
	}
}

union value
play_read(struct twin *t, const struct image *img, uint32_t point, enum quality quality, char *text)
{
	static const struct learned nothing;
	struct side *s = side_of(img, image_point_at(img, point)->instrument);
	struct request reqs[32];
	int n = s->codec->plan(&s->ins, s->pts, s->n, &nothing, reqs, NELEM(reqs));

	for (int i = 0; i < n; i++) {
		uint32_t at = (uint32_t)(point_of(s, point) - s->pts);

		if (at < reqs[i].first || at >= reqs[i].first + reqs[i].n)
			continue;
		assert_int_equal(exchange(t, s, reqs[i]), 0);
		for (size_t k = 0; k < s->got.n; k++)
			if (s->pts[s->at[k].at].id == point) {
				assert_int_equal(s->at[k].quality, quality);
				if (text != NULL)
					text_copy(text, VALUE_TEXT_MAX + 1, s->at[k].text);
				return s->at[k].v;
			}
	}
	fail();
	return (union value){ 0 };
}

void
play_codec_write(struct twin *t, const struct image *img, uint32_t point, union value v)
{
	play_codec_write_text(t, img, point, v, NULL);
}

void
play_codec_write_text(
	struct twin *t, const struct image *img, uint32_t point, union value v, const char *text)
{
	struct side *s = side_of(img, image_point_at(img, point)->instrument);
	struct request req;
	struct err err;

	assert_int_equal(
		s->codec->write(&s->ins, point_of(s, point), v, text, NULL, &req, &err), 0);
	assert_int_equal(exchange(t, s, req), 0);
	for (size_t k = 0; k < s->got.n; k++)
		assert_int_equal(s->at[k].quality, Q_GOOD);
}

void
play_identify(struct twin *t, const struct image *img, uint32_t instrument, char *out, size_t cap)
{
	struct side *s = side_of(img, instrument);
	struct request req;

	assert_int_equal(s->codec->identify(&s->ins, &req), 1);
	assert_int_equal(exchange(t, s, req), 0);
	text_copy(out, cap, s->vars.identity);
}
