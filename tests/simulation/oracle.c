/* oracle.c - what is told of a scene, and whether it is true */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg/quality.h"
#include "scene.h"

/* ---- questions --------------------------------------------------------------------------------------------------------- */

static uint32_t
instrument_of(const struct scene *s, const struct instrument *ins)
{
	uint32_t i = 0;

	while (strcmp(image_text(s->img, image_instrument_at(s->img, i)->name), ins->name) != 0)
		i++;
	return i;
}

void
oracle_asked(void *ctx, const struct codec *codec, const struct instrument *ins,
	const struct request *req, const uint8_t *bytes, size_t n)
{
	struct scene *s = ctx;
	struct question *q = &s->questions[s->n_asked++ % SCENE_QUESTIONS];
	const struct image_link *l = image_link_at(s->img, 0);
	const struct image_instrument *from;

	if (s->n_asked - s->n_arrived > SCENE_QUESTIONS)
		scene_breach(s, "more than %d questions are under way", SCENE_QUESTIONS);
	q->id = s->n_asked;
	q->codec = codec;
	q->ins = ins;
	q->instrument = instrument_of(s, ins);
	q->req = *req;
	q->sent_ns = s->now_ns;
	from = image_instrument_at(s->img, q->instrument);
	q->over_ns = s->now_ns + (int64_t)n * l->char_ns +
		     (req->timeout_ms > 0 ? req->timeout_ms * NS_PER_MS : from->timeout_ns);
	q->latest_ns = q->over_ns + (l->late_max_ns > 0 ? l->late_max_ns : 2 * from->timeout_ns);
	q->n = MIN(n, sizeof(q->bytes));
	memcpy(q->bytes, bytes, q->n);
	s->totals.questions++;
	moving_next(s->moving, s->now_ns);
	if (req->kind == REQUEST_WRITE)
		order_asked(s, q);
}

/* The last one that was asked so. */
static const struct question *
find_question(const struct scene *s, const struct instrument *ins, const struct request *req)
{
	for (uint64_t i = s->n_asked; i > 0 && i + SCENE_QUESTIONS > s->n_asked; i--) {
		const struct question *q = &s->questions[(i - 1) % SCENE_QUESTIONS];

		if (q->ins == ins && q->req.kind == req->kind && q->req.first == req->first &&
			q->req.n == req->n && q->req.address == req->address &&
			q->req.count == req->count && q->req.step == req->step &&
			q->req.function == req->function && q->req.space == req->space)
			return q;
	}
	return NULL;
}

/* ---- frames -------------------------------------------------------------------------------------------------------------- */

/* Is it a double that came later than anybody waits for one, to a question that the protocol does not tell from this one? */
static bool
is_late_double(const struct scene *s, const struct question *q, const uint8_t *frame, size_t n)
{
	const struct doubled *d = &s->doubled;

	if (q == NULL || d->at_ns != s->now_ns || memmem(d->bytes, d->n, frame, n) == NULL)
		return false;
	return !q->codec->has_tag &&
	       (q->codec->alike == NULL || q->codec->alike(d->q.ins, &d->q.req, q->ins, &q->req));
}

void
oracle_believed(void *ctx, const struct instrument *ins, const struct request *req,
	const uint8_t *frame, size_t n)
{
	struct scene *s = ctx;
	const struct question *q = find_question(s, ins, req);

	oracle_judge(s);
	s->totals.answers++;
	s->believed = q == NULL ? 0 : q->id;
	s->n_frame = MIN(n, sizeof(s->frame));
	memcpy(s->frame, frame, s->n_frame);
	s->is_altered = q != NULL && s->altered.question == q->id &&
			memmem(s->altered.bytes, s->altered.n, frame, n) != NULL;
	s->is_altered |= s->kind == MISHAP_FLOOD;
	s->is_double = is_late_double(s, q, frame, n);
}

/* It shares its place with others, or is bound to another: where one of them is held for a write, they show what they never did together. */
static bool
is_blurred(const struct scene *s, uint32_t point)
{
	return s->now_ns < s->blurred_ns && moving_is_bound(s->rows, point);
}

void
oracle_reading(void *ctx, uint32_t point, const struct reading *r, int64_t stamp_ns)
{
	struct scene *s = ctx;
	struct point_news *news = &s->news[point];
	int64_t from_ns = 2 * stamp_ns - s->now_ns + 1 - scene_memory(s, point);
	struct told *told = &s->told[s->n_told];

	news->is_known = true;
	news->is_good = !quality_is_bad(r->quality);
	news->at_ns = s->now_ns;
	news->n++;
	if (!news->is_good) {
		s->bad_point = point;
		s->bad_quality = r->quality;
	}
	*(news->is_good ? &s->totals.good : &s->totals.bad) += 1;
	if (!news->is_good || s->n_told == SCENE_TOLD)
		return;
	s->n_told++;
	*told = (struct told){ .point = point, .r = *r };
	if (r->text != NULL)
		snprintf(told->text, sizeof(told->text), "%s", r->text);
	told->r.text = told->text;
	if (is_blurred(s, point) || moving_showed(s->moving, point, r, from_ns, s->now_ns))
		return;
	if (!s->is_wrong)
		s->wrong = s->n_told - 1;
	told->is_wrong = s->is_wrong = true;
}

/* ---- judging ------------------------------------------------------------------------------------------------------------- */

static double
to_unit(const struct scene *s, uint32_t point, double raw)
{
	const struct image_channel *ch =
		image_channel_at(s->img, image_point_at(s->img, point)->channel);

	if (ch->n_knots > 0)
		raw = image_table_value(image_knot_at(s->img, ch->first_knot), ch->n_knots, raw);
	return ch->has_scale ? raw * ch->factor + ch->offset : raw;
}

/* Would a sound instrument that has what was told have sent these very bytes? Then nobody can know that it has not. */
static bool
is_what_others_say(struct scene *s)
{
	const struct question *q = &s->questions[(s->believed - 1) % SCENE_QUESTIONS];
	static uint8_t answer[CODEC_FRAME_MAX];
	int n;

	moving_set(s->rows, s->judge, s->altered.k);
	for (size_t i = 0; i < s->n_told; i++) {
		const struct told *t = &s->told[i];
		enum value_type type = (enum value_type)image_point_at(s->img, t->point)->value;

		if (type == VALUE_TEXT)
			twin_keep(s->judge, t->point, 0, t->text);
		else
			twin_set(s->judge, t->point,
				to_unit(s, t->point, value_double(type, t->r.v)));
	}
	n = twin_answer(s->judge, 0, q->bytes, q->n, answer, sizeof(answer));
	return n > 0 && memmem(answer, (size_t)n, s->frame, s->n_frame) != NULL;
}

/* Bytes are characters as in ISO 8859-1, and a point stands for those that cannot be shown. */
static bool
is_text(const uint8_t *bytes, size_t n, const char *text)
{
	for (size_t i = 0; *text != '\0'; i++) {
		unsigned c = (uint8_t)*text++;

		if ((c & 0xE0) == 0xC0)
			c = (c << 6 | ((uint8_t)*text++ & 0x3F)) & 0xFF;
		if (i == n || (bytes[i] != c && !((c == '.' || c == '?') &&
							(bytes[i] < ' ' || bytes[i] >= 0x7F))))
			return false;
	}
	return true;
}

static bool
text_stands_there(const uint8_t *bytes, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (is_text(bytes + i, n - i, text))
			return true;
	return false;
}

/* What pairs of digits mean in bytes from `from` on; how many there are. */
static size_t
from_hex(const struct scene *s, size_t from, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = from; i + 1 < s->n_frame; i += 2) {
		char pair[3] = { (char)s->frame[i], (char)s->frame[i + 1], '\0' };

		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

/* As a whole number of 8, 16 or 32 bits, or as one of 32 with a point; high byte first. */
static bool
number_stands_there(const uint8_t *bytes, size_t n, double want)
{
	float single = (float)want;
	uint32_t bits;

	memcpy(&bits, &single, sizeof(bits));
	for (size_t size = 1; size <= 4; size *= 2)
		for (size_t i = 0; i + size <= n; i++) {
			uint32_t got = 0;
			int64_t sign = INT64_C(1) << (8 * size - 1);

			for (size_t k = 0; k < size; k++)
				got = got << 8 | bytes[i + k];
			if (fabs((double)got - want) < 0.5 || (size == 4 && got == bits) ||
				fabs((double)((got ^ sign) - sign) - want) < 0.5)
				return true;
		}
	return false;
}

static const char *
codec_name(const struct scene *s)
{
	return image_text(s->img, image_instrument_at(s->img, 0)->codec);
}

/* An exclusive or of one byte passes one of 256 altered answers, among them those with a byte more. */
static bool
has_weak_check(const struct scene *s)
{
	return strcmp(codec_name(s), "brooks-s") == 0;
}

/* Do numbers stand in the frame as bytes? */
static bool
is_binary(const struct scene *s)
{
	return strncmp(codec_name(s), "propar", 6) == 0 || has_weak_check(s);
}

/* Does this number, or this text, stand in the frame? */
static bool
stands_there(const struct scene *s, const struct told *t)
{
	enum value_type type = (enum value_type)image_point_at(s->img, t->point)->value;
	static char frame[CODEC_FRAME_MAX + 1];
	static uint8_t bytes[CODEC_FRAME_MAX];
	double want = value_double(type, t->r.v);

	memcpy(frame, s->frame, s->n_frame);
	frame[s->n_frame] = '\0';
	if (type == VALUE_TEXT)
		return text_stands_there(s->frame, s->n_frame, t->text) ||
		       text_stands_there(bytes, from_hex(s, 1, bytes), t->text);
	for (size_t i = 0; i < s->n_frame; i++) {
		/* A sign may stand before blanks. */
		bool is_negative = frame[i] == '-' && frame[i + 1] == ' ';
		double got = is_negative ? -strtod(frame + i + 1, NULL) : strtod(frame + i, NULL);

		if (value_same(
			    VALUE_FLOAT, (union value){ .f = got }, (union value){ .f = want }) ||
			(double)(float)got == want)
			return true;
	}
	return is_binary(s) && (number_stands_there(s->frame, s->n_frame, want) ||
				       number_stands_there(bytes, from_hex(s, 1, bytes), want));
}

static bool
is_excused(struct scene *s)
{
	if (!s->is_altered)
		return false;
	if (is_what_others_say(s))
		return true;
	for (size_t i = 0; i < s->n_told; i++)
		if (s->told[i].is_wrong && !stands_there(s, &s->told[i]))
			return false;
	return !s->is_checked || has_weak_check(s);
}

static void
describe(const struct scene *s, char *out, size_t cap)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < MIN(s->n_frame, (size_t)40) && used + 4 < cap; i++)
		used += (size_t)snprintf(out + used, cap - used,
			s->frame[i] > ' ' && s->frame[i] < 0x7F && s->frame[i] != '<' ? "%c"
										      : "<%02X>",
			s->frame[i]);
}

void
oracle_judge(struct scene *s)
{
	char frame[180];

	if (s->is_wrong && s->is_double) {
		s->totals.doubles++;
	} else if (s->is_wrong && is_excused(s)) {
		s->totals.believed++;
	} else if (s->is_wrong) {
		const struct told *t = &s->told[s->wrong];
		const char *text;
		union value had =
			moving_value(s->rows, t->point, moving_at(s->moving, t->point), &text);
		enum value_type type = (enum value_type)image_point_at(s->img, t->point)->value;

		describe(s, frame, sizeof(frame));
		scene_breach(s, "truth: '%s' .. told %.17g%s, it has %.17g%s; %s%s",
			scene_name(s, t->point), value_double(type, t->r.v), t->text,
			value_double(type, had), text == NULL ? "" : text,
			s->is_altered ? "altered " : "", frame);
	}
	s->is_wrong = false;
	s->n_told = 0;
}
