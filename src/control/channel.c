/* channel.c - what a reading goes through before it is a value */
#include "control/channel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define CONFIRM_NS (60 * NS_PER_S) /* an unchanged value stands on the tape again after this */

/* What a reading needs on its way stands together, in two lines of the cache; the description in the image is for the
 * rest. */
struct channel {
	int64_t stamp_ns;
	int64_t taped_ns; /* when it last went to the tape */
	union value v;
	uint16_t quality, code;
	uint8_t type;      /* enum value_type */
	uint8_t is_dirty;  /* waits for publication */
	uint8_t n_filter;  /* samples in its filter */
	uint8_t filter_at; /* where the next one goes */
	bool has_scale, has_range;
	bool is_every;       /* each acquisition stands on the tape */
	uint8_t filter_kind; /* enum channel_filter */
	uint32_t filter;     /* first of its cells in filters[] */
	uint32_t text;       /* VALUE_TEXT: its cell in texts[] */
	uint32_t first_follower, next_follower;
	uint32_t guard; /* its place in guards[]; IMAGE_NONE: nothing makes it bad from outside */
	bool has_more; /* markers, a live zero, a table or a bit: the description in the image tells */
	int64_t stale_ns;
	double factor, offset;
	double divisor; /* scale by division; 0: by the factor */
	double min, max;
};

/* A channel that a condition makes bad: what it would show otherwise, so that it can follow the condition between two readings. */
struct guard {
	uint32_t channel;
	bool is_bad; /* as it was found last */
	struct sample
		last; /* in the channel's type and unit, before the condition; stamp 0: none yet */
};

struct channels {
	const struct image *img;
	struct board *board, *public; /* public: NULL: there is none */
	uint32_t *public_at;          /* [channel] on that one; IMAGE_NONE: it is not there */
	struct channel *at;           /* [channel] */
	uint32_t n;
	uint32_t *dirty; /* channels that wait for publication */
	uint32_t n_dirty;
	uint32_t *calcs; /* derived channels, each after those that it reads */
	uint32_t n_calcs;
	struct guard *guards;
	uint32_t n_guards;
	int64_t now_ns; /* of this tick, for conditions */
	int64_t age_ns; /* nothing is too old before: the earliest of all stamps and their stale_ns, or less */
	struct expr_cell *cells; /* of all programs of the image */
	double *filters;
	char (*texts)[VALUE_TEXT_MAX + 1];
};

/* A factor of 0.1 is not a tenth, but a division by 10 gives the nearest number to what the device meant: 1822 becomes
 * 182.2 and not 182.20000000000002. */
static double
divisor_of(const struct image_channel *d)
{
	double n = d->has_scale && fabs(d->factor) > 0 && fabs(d->factor) < 1
			   ? nearbyint(1 / d->factor)
			   : 0;

	return fabs(n) > 0 && fabs(n) < 1e15 && !(1 / n < d->factor) && !(1 / n > d->factor) ? n
											     : 0;
}

struct channels *
channels_new(const struct image *img, struct board *board)
{
	struct channels *c = mem_zero(1, sizeof(*c));
	uint32_t cells = 0, texts = 0, n_guards = 0;

	c->img = img;
	c->board = board;
	c->n = img->channels.n;
	c->at = mem_zero(c->n, sizeof(*c->at));
	c->dirty = mem_zero(c->n, sizeof(*c->dirty));
	c->calcs = mem_zero(c->n, sizeof(*c->calcs));
	for (uint32_t i = 0; i < c->n; i++) {
		const struct image_channel *d = image_channel_at(img, i);
		struct channel *ch = &c->at[i];

		ch->quality = image_is_write_only(img, i) ? Q_WRITE_ONLY : Q_NOT_YET;
		ch->type = d->type;
		ch->has_scale = d->has_scale != 0;
		ch->has_range = d->has_range != 0;
		ch->is_every = d->record == RECORD_EVERY;
		ch->filter_kind = d->filter;
		ch->stale_ns = d->stale_ns;
		ch->factor = d->factor;
		ch->offset = d->offset;
		ch->min = d->min;
		ch->max = d->max;
		ch->first_follower = ch->next_follower = IMAGE_NONE;
		ch->filter = cells;
		ch->divisor = divisor_of(d);
		ch->text = texts;
		cells += d->filter != FILTER_NONE ? d->filter_n : 0;
		texts += d->type == VALUE_TEXT;
		ch->guard = IMAGE_NONE;
		ch->has_more = d->n_markers > 0 || d->n_knots > 0 || d->has_live_zero || d->has_bit;
		n_guards += d->n_bad_if > 0;
		if (d->source_kind == SOURCE_CALC)
			c->calcs[c->n_calcs++] = i;
		/* A source stands before those that follow it. */
		if (d->source_kind == SOURCE_CHANNEL) {
			ch->next_follower = c->at[d->source].first_follower;
			c->at[d->source].first_follower = i;
		}
	}
	c->filters = mem_zero(cells, sizeof(*c->filters));
	c->cells = mem_zero(img->n_cells, sizeof(*c->cells));
	c->texts = mem_zero(texts, sizeof(*c->texts));
	c->guards = mem_zero(n_guards, sizeof(*c->guards));
	for (uint32_t i = 0; i < c->n; i++)
		if (image_channel_at(img, i)->n_bad_if > 0) {
			c->guards[c->n_guards].channel = i;
			c->at[i].guard = c->n_guards++;
		}
	return c;
}

void
channels_share(struct channels *c, struct board *public)
{
	c->public = public;
	c->public_at = mem_zero(c->n, sizeof(*c->public_at));
	for (uint32_t i = 0; i < c->n; i++)
		c->public_at[i] = IMAGE_NONE;
	for (uint32_t i = 0; i < c->img->shown_channels.n; i++)
		c->public_at[image_shown_at(c->img, i)] = i;
}

void
channels_free(struct channels *c)
{
	if (c == NULL)
		return;
	free(c->public_at);
	free(c->at);
	free(c->dirty);
	free(c->calcs);
	free(c->cells);
	free(c->filters);
	free(c->guards);
	free(c->texts);
	free(c);
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Put one more sample into the filter; its output over the samples that it has. */
static double
filter_step(struct channels *c, struct channel *ch, const struct image_channel *d, double v)
{
	double *cells = c->filters + ch->filter, sorted[CHANNEL_FILTER_MAX], sum = 0;
	size_t n;

	cells[ch->filter_at] = v;
	ch->filter_at = (uint8_t)((ch->filter_at + 1) % d->filter_n);
	if (ch->n_filter < d->filter_n)
		ch->n_filter++;
	n = ch->n_filter;
	if (d->filter == FILTER_MEAN) {
		for (size_t i = 0; i < n; i++)
			sum += cells[i];
		return sum / (double)n;
	}
	memcpy(sorted, cells, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_doubles);
	return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static bool
has_word(const struct image *img, const struct image_channel *d, int64_t number)
{
	for (uint32_t i = 0; i < d->n_choices; i++)
		if (image_choice_at(img, d->first_choice + i)->number == number)
			return true;
	return false;
}

static double
scale(struct channels *c, uint32_t channel, double f)
{
	const struct image_channel *d = image_channel_at(c->img, channel);
	struct channel *ch = &c->at[channel];

	if (ch->has_more && d->n_knots > 0)
		f = image_table_value(image_knot_at(c->img, d->first_knot), d->n_knots, f);
	if (ch->has_scale)
		f = (ch->divisor != 0 ? f / ch->divisor : f * ch->factor) + ch->offset;
	if (ch->filter_kind != FILTER_NONE && isfinite(f))
		f = filter_step(c, ch, image_channel_at(c->img, channel), f);
	return f;
}

/* "LO<*" is a beginning. */
/* A raw value that is none, by what its description says. number: there is one; text: NULL or what stands there. */
static void
find_marker(struct channels *c, uint32_t channel, bool has_number, double raw, const char *text,
	struct sample *out)
{
	const struct image_channel *d = image_channel_at(c->img, channel);

	for (uint32_t i = 0; i < d->n_markers; i++) {
		const struct image_marker *m = image_marker_at(c->img, d->first_marker + i);
		const char *marker = image_text(c->img, m->text);

		if (marker[0] != '\0' ? text != NULL && image_marker_is_text(marker, text)
				      : has_number && image_same_number(raw, m->number)) {
			out->quality = m->quality;
			return;
		}
	}
	if (d->has_live_zero && has_number && raw < d->live_zero &&
		!image_same_number(raw, d->live_zero))
		out->quality = Q_LIVE_ZERO;
}

/* A good or uncertain raw value to the channel's type and unit; sets value and quality. */
static void
convert(struct channels *c, uint32_t channel, enum value_type raw, union value in,
	struct sample *out)
{
	const struct channel *ch = &c->at[channel];
	double f;

	switch ((enum value_type)ch->type) {
	case VALUE_FLOAT:
	case VALUE_FLOAT32:
		out->v.f = scale(c, channel, value_double(raw, in));
		if (!isfinite(out->v.f))
			out->quality = Q_UNDEFINED;
		break;
	case VALUE_BOOL:
		if (ch->has_more && image_channel_at(c->img, channel)->has_bit)
			out->v.i = (int64_t)(in.u >> image_channel_at(c->img, channel)->bit & 1);
		else
			out->v.i = value_double(raw, in) != 0;
		break;
	case VALUE_CHOICE:
		f = value_double(raw, in);
		out->v.i = fabs(f) < 0x1p62 ? llround(f) : INT64_MIN; /* no word has that number */
		if (!has_word(c->img, image_channel_at(c->img, channel), out->v.i))
			out->quality = Q_NO_CHOICE;
		break;
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_TEXT:
	case VALUE_TYPES:
		out->v = in;
		break;
	}
	if (ch->has_range && out->quality == Q_GOOD && ch->type != VALUE_TEXT) {
		f = value_double(ch->type, out->v);
		if (f < ch->min || f > ch->max)
			out->quality = Q_OUT_OF_RANGE;
	}
}

/* What the device itself calls it is not for others. */
static void
tape_public(struct channels *c, uint32_t channel, const struct sample *s)
{
	struct sample bare;

	if (c->public == NULL || c->public_at[channel] == IMAGE_NONE)
		return;
	bare = *s;
	bare.code = 0;
	board_tape(c->public, c->public_at[channel], &bare);
}

/* A value in its final form: keep it, put it on the tape when it is news, hand it to the followers. */
static void
settle(struct channels *c, uint32_t channel, struct sample *s)
{
	struct channel *ch = &c->at[channel];
	bool is_text = ch->type == VALUE_TEXT, is_news;

	if (quality_is_bad(s->quality)) {
		/* Nothing shows an old value as a good one: there is none. */
		s->v.u = 0;
		s->text[0] = '\0';
		ch->n_filter = ch->filter_at = 0;
	} else if (ch->stale_ns != 0) {
		c->age_ns = MIN(c->age_ns, s->stamp_ns + ch->stale_ns);
	}
	is_news = s->v.u != ch->v.u || s->quality != ch->quality || s->code != ch->code ||
		  (is_text && strcmp(s->text, c->texts[ch->text]) != 0);
	ch->v = s->v;
	ch->quality = s->quality;
	ch->code = s->code;
	ch->stamp_ns = s->stamp_ns;
	if (is_text)
		memcpy(c->texts[ch->text], s->text, sizeof(s->text));
	if (is_news || ch->is_every || s->stamp_ns - ch->taped_ns >= CONFIRM_NS) {
		board_tape(c->board, channel, s);
		tape_public(c, channel, s);
		ch->taped_ns = s->stamp_ns;
	}
	if (!ch->is_dirty) {
		ch->is_dirty = 1;
		c->dirty[c->n_dirty++] = channel;
	}
	for (uint32_t f = ch->first_follower; f != IMAGE_NONE; f = c->at[f].next_follower)
		channels_accept(c, f, ch->type, s, s->text);
}

static void
load(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	struct channels *c = ctx;
	const struct channel *ch = &c->at[channel];

	*out = value_double(ch->type, ch->v);
	*out_quality = ch->quality;
	*out_stamp_ns = ch->stamp_ns;
}

static void
run(struct channels *c, uint32_t first_op, uint32_t n_ops, int64_t now_ns, struct expr_result *out)
{
	const struct expr_op *code = image_at(c->img, &c->img->code);
	/* A reading before the first tick has no time yet: nothing is remembered of it. */
	const struct expr_input in = {
		.ctx = c, .load = load, .now_ns = now_ns, .cells = now_ns == 0 ? NULL : c->cells
	};

	expr_run(code + first_op, n_ops, &in, out);
}

/* What else it reads is what is known at this moment; what is not known makes no value good: see protection, 1. */
static void
guard(struct channels *c, struct guard *g, struct sample *s)
{
	const struct image_channel *d = image_channel_at(c->img, g->channel);
	struct expr_result r;

	g->last = *s;
	run(c, d->bad_if, d->n_bad_if, c->now_ns, &r); /* always: it remembers */
	if (quality_is_bad(s->quality)) {
		g->is_bad = false;
		return;
	}
	g->is_bad = r.truth != TRUTH_FALSE;
	if (g->is_bad)
		s->quality = r.truth == TRUTH_TRUE ? Q_SENSOR_FAULT : Q_SOURCE_BAD;
}

void
channels_accept(struct channels *c, uint32_t channel, enum value_type raw, const struct sample *in,
	const char *text)
{
	struct sample s; /* filled by hand: its text is long and rarely wanted */

	s.stamp_ns = in->stamp_ns;
	s.v.u = 0;
	s.quality = in->quality;
	s.code = in->code;
	s.text[0] = '\0';
	if (c->at[channel].has_more && (!quality_is_bad(s.quality) || s.quality == Q_NOT_A_NUMBER ||
					       s.quality == Q_MISSING))
		find_marker(c, channel, raw != VALUE_TEXT && !quality_is_bad(s.quality),
			value_double(raw, in->v), text, &s);
	if (!quality_is_bad(s.quality))
		convert(c, channel, raw, in->v, &s);
	if (raw == VALUE_TEXT && text != NULL && !text_copy(s.text, sizeof(s.text), text) &&
		s.quality == Q_GOOD)
		s.quality = Q_TEXT_CUT;
	if (c->at[channel].guard != IMAGE_NONE)
		guard(c, &c->guards[c->at[channel].guard], &s);
	settle(c, channel, &s);
}

void
channels_guard(struct channels *c, int64_t now_ns)
{
	c->now_ns = now_ns;
	for (uint32_t i = 0; i < c->n_guards; i++) {
		struct guard *g = &c->guards[i];
		bool was_bad = g->is_bad;
		struct sample s = g->last;

		if (s.stamp_ns == 0)
			continue;
		guard(c, g, &s);
		if (g->is_bad == was_bad || c->at[g->channel].quality == Q_STALE)
			continue;
		settle(c, g->channel, &s);
	}
}

void
channels_age(struct channels *c, int64_t now_ns)
{
	int64_t next_ns = NEVER;

	if (now_ns <= c->age_ns)
		return;
	for (uint32_t i = 0; i < c->n; i++) {
		struct channel *ch = &c->at[i];
		struct sample s = { .stamp_ns = ch->stamp_ns, .quality = Q_STALE };

		if (ch->stale_ns == 0 || quality_is_bad(ch->quality))
			continue;
		if (now_ns - ch->stamp_ns > ch->stale_ns)
			settle(c, i, &s);
		else
			next_ns = MIN(next_ns, ch->stamp_ns + ch->stale_ns);
	}
	c->age_ns = next_ns;
}

void
channels_calculate(struct channels *c, int64_t now_ns)
{
	for (uint32_t k = 0; k < c->n_calcs; k++) {
		uint32_t i = c->calcs[k];
		const struct image_channel *d = image_channel_at(c->img, i);
		struct expr_result r;
		struct sample s;
		enum value_type raw = VALUE_FLOAT;

		run(c, d->source, d->n_ops, now_ns, &r);
		s = (struct sample){
			.stamp_ns = r.stamp_ns, .quality = (uint16_t)r.quality, .v.f = r.number
		};
		if (d->type == VALUE_BOOL) {
			raw = VALUE_BOOL;
			s.v.i = r.truth == TRUTH_TRUE;
			if (r.truth == TRUTH_UNKNOWN)
				s.quality = Q_SOURCE_BAD;
		}
		channels_accept(c, i, raw, &s, NULL);
	}
}

void
channels_publish(struct channels *c)
{
	for (uint32_t k = 0; k < c->n_dirty; k++) {
		uint32_t i = c->dirty[k];
		struct channel *ch = &c->at[i];
		struct sample s = {
			.stamp_ns = ch->stamp_ns,
			.v = ch->v,
			.quality = ch->quality,
			.code = ch->code,
		};

		if (ch->type == VALUE_TEXT)
			memcpy(s.text, c->texts[ch->text], sizeof(s.text));
		board_write(c->board, i, &s);
		if (c->public != NULL && c->public_at[i] != IMAGE_NONE) {
			s.code = 0;
			board_write(c->public, c->public_at[i], &s);
		}
		ch->is_dirty = 0;
	}
	c->n_dirty = 0;
}

/* The same device behind the same wire; how often it is asked does not matter. */
static bool
is_same_device(const struct image *a, const struct image_instrument *x, const struct image *b,
	const struct image_instrument *y)
{
	const struct image_link *p = image_link_at(a, x->link), *q = image_link_at(b, y->link);

	return x->id == y->id && image_same_wire(a, p, b, q) &&
	       strcmp(image_text(a, x->codec), image_text(b, y->codec)) == 0 &&
	       memcmp(x->opts, y->opts, sizeof(x->opts)) == 0;
}

/* Does what the channel shows come from the same place of the same device? */
static bool
is_same_origin(const struct image *a, const struct image_channel *x, const struct image *b,
	const struct image_channel *y)
{
	const struct image_point *p, *q;

	/* A chain ends: each channel stands behind the one it follows. */
	while (x->source_kind == SOURCE_CHANNEL && y->source_kind == SOURCE_CHANNEL) {
		x = image_channel_at(a, x->source);
		y = image_channel_at(b, y->source);
		if (x->id != y->id)
			return false;
	}
	if (x->source_kind == SOURCE_HEALTH && y->source_kind == SOURCE_HEALTH)
		return x->source == y->source;
	if (x->source_kind != SOURCE_POINT || y->source_kind != SOURCE_POINT)
		return false; /* what is calculated is calculated anew before it is shown */
	p = image_point_at(a, x->source);
	q = image_point_at(b, y->source);
	return is_same_device(a, image_instrument_at(a, p->instrument), b,
		       image_instrument_at(b, q->instrument)) &&
	       p->space == q->space && p->type == q->type && p->address == q->address &&
	       p->count == q->count && p->order == q->order && p->bit == q->bit &&
	       p->value == q->value && strcmp(image_text(a, p->key), image_text(b, q->key)) == 0 &&
	       strcmp(image_text(a, p->unit), image_text(b, q->unit)) == 0;
}

static bool
is_same_number(double a, double b)
{
	return !(a < b) && !(a > b);
}

/* And does a number mean the same, all the way from there? */
static bool
is_same_form(const struct image *a, const struct image_channel *x, const struct image *b,
	const struct image_channel *y)
{
	for (;;) {
		if (x->type != y->type || x->has_scale != y->has_scale ||
			x->has_range != y->has_range || x->filter != y->filter ||
			x->filter_n != y->filter_n || x->n_choices != y->n_choices ||
			x->has_bit != y->has_bit || x->bit != y->bit || x->n_knots > 0 ||
			y->n_knots > 0 || x->n_markers > 0 || y->n_markers > 0 || x->n_bad_if > 0 ||
			y->n_bad_if > 0 || x->has_live_zero != y->has_live_zero ||
			!is_same_number(x->live_zero, y->live_zero) ||
			!is_same_number(x->factor, y->factor) ||
			!is_same_number(x->offset, y->offset) || !is_same_number(x->min, y->min) ||
			!is_same_number(x->max, y->max) ||
			strcmp(image_text(a, x->unit), image_text(b, y->unit)) != 0)
			return false;
		if (x->source_kind != SOURCE_CHANNEL || y->source_kind != SOURCE_CHANNEL)
			return true;
		x = image_channel_at(a, x->source);
		y = image_channel_at(b, y->source);
	}
}

/* Is it the same channel, and does what it shows mean the same? */
static bool
reads_alike(const struct image *a, uint32_t i, const struct image *b, uint32_t k)
{
	const struct image_channel *x = image_channel_at(a, i), *y = image_channel_at(b, k);
	bool has_origin = x->source_kind == SOURCE_POINT || x->source_kind == SOURCE_CHANNEL;

	return x->id == y->id && x->source_kind == y->source_kind && is_same_form(a, x, b, y) &&
	       (!has_origin || is_same_origin(a, x, b, y));
}

/* What programs remember goes on only where all of them are the same and read the same: else it would be told of another
 * condition. Where it does not go on, times begin anew and nothing is an edge. */
static void
adopt_cells(struct channels *c, const struct channels *from)
{
	const struct expr_op *x = image_at(c->img, &c->img->code);
	const struct expr_op *y = image_at(from->img, &from->img->code);
	uint32_t n = c->img->code.n;

	if (c->img->n_cells != from->img->n_cells || n != from->img->code.n ||
		(n > 0 && memcmp(x, y, n * sizeof(*x)) != 0))
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t channel = expr_op_reads(&x[i]);

		if (channel != UINT32_MAX &&
			(channel >= c->n || channel >= from->n ||
				!reads_alike(c->img, channel, from->img, channel)))
			return;
	}
	if (c->img->n_cells > 0)
		memcpy(c->cells, from->cells, c->img->n_cells * sizeof(*c->cells));
}

static int
compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The channel of `ids` (id in the upper half, index in the lower one, sorted) with this id; IMAGE_NONE when none has it. */
static uint32_t
find_id(const uint64_t *ids, uint32_t n, uint32_t id)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (ids[mid] >> 32 < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && id != 0 && ids[lo] >> 32 == id ? (uint32_t)ids[lo] : IMAGE_NONE;
}

/* A value is taken over only when it still means what the channel shows now; a reason why there is none holds in any form. */
static void
adopt(struct channels *c, uint32_t channel, const struct channels *from, uint32_t of)
{
	const struct image_channel *d = image_channel_at(c->img, channel);
	const struct image_channel *was = image_channel_at(from->img, of);
	struct channel *ch = &c->at[channel];
	const struct channel *old = &from->at[of];

	if (old->quality == Q_NOT_YET || !is_same_origin(c->img, d, from->img, was) ||
		(!quality_is_bad(old->quality) && !is_same_form(c->img, d, from->img, was)))
		return;
	ch->stamp_ns = old->stamp_ns;
	ch->v = old->v;
	ch->quality = old->quality;
	ch->code = old->code;
	if (d->type == VALUE_TEXT && was->type == VALUE_TEXT)
		memcpy(c->texts[ch->text], from->texts[old->text], sizeof(*c->texts));
	if (d->filter == was->filter && d->filter_n == was->filter_n && d->filter != FILTER_NONE) {
		memcpy(c->filters + ch->filter, from->filters + old->filter,
			d->filter_n * sizeof(double));
		ch->n_filter = old->n_filter;
		ch->filter_at = old->filter_at;
	}
	ch->is_dirty = 1;
	c->dirty[c->n_dirty++] = channel;
}

/* One that is new shows at once what it follows; the next reading may be long in coming. */
static void
follow(struct channels *c, uint32_t channel, const struct image_channel *d)
{
	const struct channel *source = &c->at[d->source];
	enum value_type type = image_channel_at(c->img, d->source)->type;
	const struct sample s = { .stamp_ns = source->stamp_ns,
		.v = source->v,
		.quality = source->quality,
		.code = source->code };

	if (source->quality != Q_NOT_YET)
		channels_accept(
			c, channel, type, &s, type == VALUE_TEXT ? c->texts[source->text] : NULL);
}

void
channels_adopt(struct channels *c, const struct channels *from)
{
	uint64_t *ids = mem_zero(from->n, sizeof(*ids));

	c->now_ns = from->now_ns;
	for (uint32_t i = 0; i < from->n; i++)
		ids[i] = (uint64_t)image_channel_at(from->img, i)->id << 32 | i;
	qsort(ids, from->n, sizeof(*ids), compare_ids);
	for (uint32_t i = 0; i < c->n; i++) {
		const struct image_channel *d = image_channel_at(c->img, i);
		uint32_t of = find_id(ids, from->n, d->id);

		if (of != IMAGE_NONE)
			adopt(c, i, from, of);
		if (c->at[i].quality == Q_NOT_YET && d->source_kind == SOURCE_CHANNEL)
			follow(c, i, d);
	}
	free(ids);
	adopt_cells(c, from);
}

/* ---- states that the controller keeps ------------------------------------------------------------------------------------ */

void
channels_set(
	struct channels *c, uint32_t channel, double number, enum quality quality, int64_t stamp_ns)
{
	struct channel *ch = &c->at[channel];
	struct sample s = { .stamp_ns = stamp_ns, .quality = (uint16_t)quality };

	if (quality_is_bad(quality))
		number = 0;
	if (ch->type == VALUE_FLOAT || ch->type == VALUE_FLOAT32)
		s.v.f = number;
	else if (ch->type == VALUE_UINT)
		s.v.u = number > 0 ? (uint64_t)nearbyint(number) : 0;
	else
		s.v.i = llround(number); /* as it goes to the device */
	if (ch->stamp_ns != 0 && s.v.u == ch->v.u && s.quality == ch->quality)
		return;
	settle(c, channel, &s);
}

void
channels_set_text(struct channels *c, uint32_t channel, const char *text, int64_t stamp_ns)
{
	struct sample s = { .stamp_ns = stamp_ns, .quality = Q_GOOD };

	if (!text_copy(s.text, sizeof(s.text), text))
		s.quality = Q_TEXT_CUT;
	if (c->at[channel].stamp_ns != 0 && c->at[channel].quality == s.quality &&
		strcmp(c->texts[c->at[channel].text], s.text) == 0)
		return;
	settle(c, channel, &s);
}

void
channels_look(const struct channels *c, uint32_t channel, double *out, enum quality *out_quality,
	int64_t *out_stamp_ns)
{
	const struct channel *ch = &c->at[channel];

	*out = value_double(ch->type, ch->v);
	*out_quality = (enum quality)ch->quality;
	*out_stamp_ns = ch->stamp_ns;
}

struct supposing {
	struct channels *c;
	channels_suppose_fn fn;
	void *ctx;
};

static void
load_supposed(
	void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	struct supposing *s = ctx;

	load(s->c, channel, out, out_quality, out_stamp_ns);
	if (s->fn != NULL && s->fn(s->ctx, channel, out))
		*out_quality = Q_GOOD;
}

enum truth
channels_judge(struct channels *c, const struct image_cond *cond, int64_t now_ns,
	channels_suppose_fn fn, void *ctx, enum quality *out_reason)
{
	struct supposing s = { c, fn, ctx };
	const struct expr_op *code =
		(const struct expr_op *)image_at(c->img, &c->img->code) + cond->first_op;
	/* What is only supposed is not remembered. */
	const struct expr_input in = { .ctx = &s,
		.load = load_supposed,
		.now_ns = now_ns,
		.cells = c->cells,
		.is_trial = fn != NULL };
	struct expr_result r;

	expr_run(code, cond->n_ops, &in, &r);
	if (out_reason != NULL)
		*out_reason = (enum quality)r.quality;
	return r.truth;
}

struct evaluating {
	struct channels *c;
	const struct channel_slots *slots;
};

static void
load_slot(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	struct evaluating *e = ctx;
	uint32_t n = e->c->img->channels.n;

	if (channel < n) {
		load(e->c, channel, out, out_quality, out_stamp_ns);
		return;
	}
	*out = channel - n < e->slots->n ? e->slots->at[channel - n] : (double)NAN;
	*out_quality = isfinite(*out) ? Q_GOOD : Q_UNDEFINED;
	*out_stamp_ns = 1; /* it is as old as the run */
}

void
channels_evaluate(struct channels *c, const struct image_cond *cond,
	const struct channel_slots *slots, int64_t now_ns, struct expr_result *out)
{
	struct evaluating e = { c, slots };
	const struct expr_op *code =
		(const struct expr_op *)image_at(c->img, &c->img->code) + cond->first_op;
	const struct expr_input in = {
		.ctx = &e, .load = load_slot, .now_ns = now_ns, .cells = c->cells
	};

	expr_run(code, cond->n_ops, &in, out);
}

void
channels_forget(struct channels *c, const struct image_cond *cond)
{
	const struct expr_op *code =
		(const struct expr_op *)image_at(c->img, &c->img->code) + cond->first_op;

	for (uint32_t i = 0; i < cond->n_ops; i++)
		if (expr_has_cell(&code[i]))
			memset(&c->cells[code[i].arg.i], 0,
				expr_cells(&code[i]) * sizeof(*c->cells));
}
