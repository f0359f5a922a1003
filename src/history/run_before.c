/* run_before.c - channels over the time before each injection, out of the history */
#include "history/run_before.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/answer_inside.h"
#include "history/before.h"

#define COLUMNS_EACH 3
#define CHANNELS_MAX (BEFORE_COLUMNS_MAX / COLUMNS_EACH) /* as many as a bench can name */

struct run_before {
	const struct injection *in;
	size_t n_in;
	double over_s;
	size_t n;
	struct column {
		char name[64];
		bool is_recorded;
		size_t walk;
	} columns[CHANNELS_MAX];
	size_t *order, *place; /* injections by their times, and where each of them stands there */
	struct before_window *windows; /* [column][in the order of time] */
	struct answer *a;              /* NULL: none of them was ever recorded */
	struct before sums;            /* of the column that is read */
	size_t at;
};

/* ---- what is asked for ----------------------------------------------------------------------------------------------------- */

static void
take_row(void *ctx, const char *const columns[3])
{
	struct run_before *b = ctx;

	if (b->n == CHANNELS_MAX)
		return;
	text_copy(b->columns[b->n++].name, sizeof(b->columns[0].name), columns[0]);
	b->over_s = strtod(columns[1], NULL);
}

/* That of the last sequence that has any: one run, one table. */
static int
read_wish(struct run_before *b, const struct story *s, struct err *err)
{
	for (size_t i = s->n_parts; i-- > 0 && b->n == 0;) {
		struct buf card = { 0 };
		int rc = s->parts[i].card[0] == '\0'
				 ? ERR_CONF
				 : runs_bench(s->r, s->parts[i].card, &card, err);

		if (rc == 0)
			rc = runs_card(s->r, buf_text(&card), CARD_BEFORE, take_row, b, err);
		buf_done(&card);
		if (rc == ERR_IO)
			return rc;
	}
	if (!(b->over_s > 0 && b->over_s < 1e6))
		b->n = 0;
	return 0;
}

/* ---- their times ----------------------------------------------------------------------------------------------------------- */

static const struct injection *sorted; /* qsort() has no context */

static int
by_time(const void *x, const void *y)
{
	int64_t a = sorted[*(const size_t *)x].sent_ns, b = sorted[*(const size_t *)y].sent_ns;

	return a < b ? -1 : a > b;
}

static void
place_windows(struct run_before *b)
{
	int64_t over_ns = llround(b->over_s * 1e9);

	b->order = mem_zero(b->n_in + 1, sizeof(*b->order));
	b->place = mem_zero(b->n_in + 1, sizeof(*b->place));
	b->windows = mem_zero(b->n * b->n_in + 1, sizeof(*b->windows));
	for (size_t i = 0; i < b->n_in; i++)
		b->order[i] = i;
	sorted = b->in;
	qsort(b->order, b->n_in, sizeof(*b->order), by_time);
	for (size_t k = 0; k < b->n_in; k++) {
		int64_t sent_ns = b->in[b->order[k]].sent_ns;

		b->place[b->order[k]] = k;
		for (size_t c = 0; c < b->n && sent_ns != INJECTION_NO_TIME; c++)
			b->windows[c * b->n_in + k] =
				(struct before_window){ .from_ns = sent_ns - over_ns,
					.to_ns = sent_ns };
	}
}

/* From before the first one to the last one. False: none was ever started. */
static bool
find_range(const struct run_before *b, int64_t *out_from_ns, int64_t *out_to_ns)
{
	int64_t from_ns = INT64_MAX, to_ns = INT64_MIN;

	for (size_t k = 0; k < b->n_in; k++)
		if (b->windows[k].to_ns > b->windows[k].from_ns) {
			from_ns = MIN(from_ns, b->windows[k].from_ns);
			to_ns = MAX(to_ns, b->windows[k].to_ns);
		}
	*out_from_ns = from_ns;
	*out_to_ns = to_ns;
	return from_ns < to_ns;
}

static int
open_walks(struct run_before *b, const struct story *s, const char *zone, struct err *err)
{
	struct ask ask = { .is_raw = true, .is_free = true };
	struct buf names = { 0 };
	int64_t from_ns, to_ns;

	if (!find_range(b, &from_ns, &to_ns))
		return 0;
	for (size_t i = 0; i < b->n; i++) {
		struct column *c = &b->columns[i];
		struct reader_channel ch;
		int rc = reader_find(s->r, c->name, &ch, err);

		if (rc == ERR_IO) {
			buf_done(&names);
			return rc;
		}
		c->is_recorded = rc == 0 && ch.type != VALUE_TEXT && ch.type != VALUE_CHOICE;
		if (!c->is_recorded)
			continue;
		c->walk = ask.n_channels++;
		buf_put(&names, c->name, strlen(c->name) + 1);
	}
	if (ask.n_channels == 0)
		return 0;
	ask.from_ns = MAX(from_ns - BUCKETS_HOLD_NS, INT64_C(0));
	ask.to_ns = to_ns + 1;
	text_copy(ask.zone, sizeof(ask.zone), zone);
	ask.channels = names.data; /* the answer's from here on */
	b->a = answer_new(s->r, &ask, err);
	return b->a == NULL ? err->code : 0;
}

struct run_before *
run_before_new(const struct story *s, const struct injection *in, size_t n, const char *zone,
	struct err *err)
{
	struct run_before *b = mem_zero(1, sizeof(*b));

	b->in = in;
	b->n_in = n;
	err->code = 0;
	if (read_wish(b, s, err) == 0 && b->n > 0) {
		place_windows(b);
		if (open_walks(b, s, zone, err) == 0)
			return b;
	} else if (b->n == 0 && err->code != ERR_IO) {
		err->code = 0;
	}
	run_before_free(b);
	return NULL;
}

void
run_before_free(struct run_before *b)
{
	if (b == NULL)
		return;
	answer_free(b->a);
	free(b->order);
	free(b->place);
	free(b->windows);
	free(b);
}

/* ---- their samples --------------------------------------------------------------------------------------------------------- */

static void
take_sample(struct run_before *b, const struct walk *w)
{
	/* The first of several that a tier has left tells neither their mean nor their spread. */
	bool is_bad = quality_is_bad(series_quality(&w->series, w->at)) ||
		      series_sum_of(&w->series, w->at) != NULL;
	double v = is_bad ? (double)NAN : walk_number(w);

	before_sample(&b->sums, w->wall_ns, isfinite(v), v);
}

int
run_before_step(struct run_before *b, struct err *err)
{
	struct column *c = &b->columns[b->at];
	unsigned budget = ANSWER_PIECES;
	struct walk *w;
	int rc;

	if (b->at == b->n || b->a == NULL)
		return 0;
	if (!c->is_recorded) {
		b->at++;
		return 1;
	}
	w = &b->a->walks[c->walk];
	if (w->cursor == NULL) {
		before_init(&b->sums, b->windows + b->at * b->n_in, b->n_in, w->gaps, w->n_gaps);
		walk_begin(b->a, w, b->a->ask.from_ns, b->a->ask.to_ns, true);
	}
	while ((rc = walk_next(b->a, w, &budget, err)) == 1)
		take_sample(b, w);
	if (rc < 0 || !w->is_over)
		return rc < 0 ? rc : 1;
	before_end(&b->sums);
	walk_end(w);
	b->at++;
	return 1;
}

/* ---- columns --------------------------------------------------------------------------------------------------------------- */

size_t
run_before_columns(const struct run_before *b)
{
	return b == NULL ? 0 : COLUMNS_EACH * b->n;
}

void
run_before_head(const struct run_before *b, size_t column, char out[128])
{
	static const char *const words[COLUMNS_EACH] = { "mean", "spread", "known" };
	const struct column *c = &b->columns[column / COLUMNS_EACH];
	size_t which = column % COLUMNS_EACH;
	const char *unit = c->is_recorded ? b->a->walks[c->walk].ch.unit : "";

	if (which == 2)
		unit = "%";
	else if (which == 1 && strcmp(unit, "degC") == 0)
		unit = "K"; /* a difference */
	snprintf(out, 128, unit[0] != '\0' ? "%s %s [%s]" : "%s %s", c->name, words[which], unit);
}

void
run_before_cells(const struct run_before *b, struct cells *cells, size_t i)
{
	for (size_t c = 0; b != NULL && c < b->n; c++) {
		static const struct before_window none = { 0 };
		const struct before_window *w =
			i == INJECTION_NONE ? &none : &b->windows[c * b->n_in + b->place[i]];

		cells_number(cells, VALUE_FLOAT, before_mean(w));
		cells_number(cells, VALUE_FLOAT, before_spread(w));
		cells_number(cells, VALUE_FLOAT, before_share(w));
	}
}
