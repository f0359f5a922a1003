/* answer_buckets.c - decimated: buckets of the same width for all channels, as JSON a list a column, as CSV and flat rows */
#include "history/answer_inside.h"

#include <stdio.h>

#include "base/mem.h"
#include "msg/quality.h"

/* More rows than this are written window by window. */
#define WINDOW (size_t) ASK_BUCKETS_MAX

/* ---- filling ------------------------------------------------------------------------------------------------------------- */

void
answer_window(struct answer *a)
{
	size_t at_once = a->ask.form == ASK_JSON     ? 1
			 : a->ask.form == ASK_SERIES ? MAX(a->ask.n_table, (size_t)1)
						     : ask_columns(&a->ask);

	a->n_window = MIN(a->ask.points, MAX(WINDOW / at_once, (size_t)1));
	a->buckets = mem_zero(a->n_window * at_once, sizeof(*a->buckets));
}

/* Buckets of the whole range that are in the window. */
static size_t
window_rows(const struct answer *a)
{
	return MIN(a->n_window, a->ask.points - a->first);
}

struct bucket *
answer_buckets_of(struct answer *a, size_t channel)
{
	if (a->ask.form == ASK_SERIES)
		return a->buckets + a->walks[channel].place * a->n_window;
	return a->ask.form == ASK_JSON ? a->buckets : a->buckets + channel * a->n_window;
}

static void
begin_filling(struct answer *a)
{
	const struct buckets whole = {
		.from_ns = a->ask.from_ns, .to_ns = a->ask.to_ns, .n = a->ask.points
	};
	size_t n = window_rows(a);
	int64_t from = buckets_edge(&whole, a->first), to = buckets_edge(&whole, a->first + n);

	const struct walk *w = &a->walks[a->channel];

	buckets_init(&a->window, from, to, answer_buckets_of(a, a->channel), n, w->gaps, w->n_gaps);
	from -= BUCKETS_HOLD_NS;
	walk_begin(a, &a->walks[a->channel], w->over != NULL ? from : MAX(from, INT64_C(0)),
		to + BUCKETS_HOLD_NS, false);
	a->is_filling = true;
}

static bool
is_number(const struct series *s, size_t i)
{
	double v = value_double(s->type, s->v[i]);

	return s->type != VALUE_TEXT && !quality_is_bad(series_quality(s, i)) && v == v;
}

/* Values that are known together only. */
static void
take_sum(struct answer *a, struct walk *w, size_t i, const struct series_sum *sum)
{
	int64_t from = walk_wall(a, w, w->series.t[i]),
		to = MIN(walk_wall(a, w, sum->t1), w->limit_ns);
	struct chunk_stats stats;

	if (to < a->window.from_ns - BUCKETS_HOLD_NS || from >= a->window.to_ns + BUCKETS_HOLD_NS ||
		from >= w->limit_ns)
		return;
	chunk_stats(&w->series, i, 1, &stats);
	if (buckets_takes(&a->window, &stats, from, to))
		buckets_chunk(&a->window, &stats, from, to);
	else
		buckets_spread(&a->window, &stats, from, MAX(from, to));
}

static void
take_sample(struct answer *a, struct walk *w, size_t i)
{
	const struct series *s = &w->series;
	const struct series_sum *sum = series_sum_of(s, i);
	int64_t wall = walk_wall(a, w, s->t[i]);

	if (sum != NULL)
		take_sum(a, w, i, sum);
	else if (wall >= a->window.from_ns - BUCKETS_HOLD_NS &&
		 wall < a->window.to_ns + BUCKETS_HOLD_NS && wall < w->limit_ns)
		buckets_sample(&a->window, wall, series_quality(s, i), is_number(s, i),
			value_double(s->type, s->v[i]));
}

/* The first sample behind `i` that is not before t; times go up. */
static size_t
find_time(const struct series *s, size_t i, int64_t t)
{
	size_t low = i + 1, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->t[middle] < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Samples from i on that are in one bucket, by their numbers together where that is the same. Returns the first one behind them. */
static size_t
take_some(struct answer *a, struct walk *w, size_t i)
{
	const struct series *s = &w->series;
	int64_t wall = walk_wall(a, w, s->t[i]), last;
	struct chunk_stats stats;
	size_t end;

	if (wall < a->window.from_ns || wall >= a->window.to_ns) {
		take_sample(a, w, i);
		return i + 1;
	}
	end = find_time(s, i, buckets_end_of(&a->window, wall) - w->offset);
	chunk_stats(s, i, end - i, &stats);
	last = walk_wall(a, w, stats.t_max);
	if (last < w->limit_ns && buckets_takes(&a->window, &stats, wall, last)) {
		buckets_chunk(&a->window, &stats, wall, last);
		return end;
	}
	for (; i < end; i++)
		take_sample(a, w, i);
	return end;
}

static int
take_samples(struct answer *a, struct walk *w, const struct piece *piece, struct err *err)
{
	bool goes_back = (piece->stats.flags & CHUNK_TIME_BACK) != 0;

	if (cursor_load(w->cursor, &w->series, err) < 0)
		return ERR_IO;
	for (size_t i = 0; i < w->series.n;) {
		if (!goes_back && w->ch.type != VALUE_TEXT)
			i = take_some(a, w, i);
		else
			take_sample(a, w, i++);
	}
	return 0;
}

/* Returns 1 when it was unpacked, 0 when its numbers were enough. */
static int
take_piece(struct answer *a, struct walk *w, const struct piece *piece, struct err *err)
{
	int64_t from, to;

	if (piece->boot != w->boot)
		w->offset_from = w->offset_until = 0;
	w->boot = piece->boot;
	from = walk_wall(a, w, piece->stats.t_min);
	to = walk_wall(a, w, piece->stats.t_max);
	walk_note_thinned(w, piece, to);
	if (w->ch.type != VALUE_TEXT && to < w->limit_ns &&
		buckets_takes(&a->window, &piece->stats, from, to)) {
		buckets_chunk(&a->window, &piece->stats, from, to);
		return 0;
	}
	return take_samples(a, w, piece, err) < 0 ? ERR_IO : 1;
}

/* 1: the channel's buckets are filled; 0: the step is over. */
static int
fill_step(struct answer *a, struct err *err)
{
	struct walk *w = &a->walks[a->channel];
	int unpacked = 0;

	for (int looked = 0; looked < ANSWER_SPANS && unpacked < ANSWER_PIECES; looked++) {
		struct piece piece;
		int rc = cursor_next(w->cursor, &piece, err);

		if (rc == 0) {
			buckets_end(&a->window,
				w->over != NULL ? w->over->end_ns : reader_recorded(a->reader));
			walk_end(w);
			a->is_filling = false;
			return 1;
		}
		if (rc == 1)
			rc = take_piece(a, w, &piece, err);
		if (rc < 0)
			return rc;
		unpacked += rc;
	}
	return 0;
}

/* The transaction ends with the step. */
int
answer_fill(struct answer *a, struct err *err)
{
	struct walk *w = &a->walks[a->channel];
	int rc;

	if (!a->is_filling)
		begin_filling(a);
	cursor_hold(w->cursor);
	rc = fill_step(a, err);
	if (w->cursor != NULL)
		cursor_release(w->cursor);
	return rc;
}

/* ---- what stands in a bucket --------------------------------------------------------------------------------------------- */

/* Why a bucket is not good, or empty: its worst quality, the gap that it lies in, or that nobody knows; NULL: it is good. */
static const char *
why(struct walk *w, const struct bucket *b, int64_t from, int64_t to)
{
	if (quality_row(b->quality)->class != Q_CLASS_GOOD)
		return quality_row(b->quality)->token;
	if (b->is_thinned)
		return ANSWER_THINNED;
	if (b->has_value || b->n > 0)
		return NULL;
	if (w->over != NULL && from >= w->over->end_ns)
		return "run_over";
	for (; w->next_gap < w->n_gaps && w->gaps[w->next_gap].to_ns <= from; w->next_gap++)
		continue;
	if (w->next_gap < w->n_gaps && w->gaps[w->next_gap].from_ns < to)
		return w->ledger[w->next_gap].cause;
	return "no_data";
}

enum column {
	COLUMN_MEAN,
	COLUMN_MIN,
	COLUMN_MAX,
	COLUMN_COUNT,
	COLUMN_QUALITY,
	COLUMN_CSV,
	COLUMN_FIRST = COLUMN_CSV,
	COLUMN_LAST,
	COLUMNS
};

static const char *const column_names[COLUMNS] = { "mean", "min", "max", "count", "quality",
	"first", "last" };

/* A number of a column; false: there is none. A mean has no more digits than it deserves. */
static bool
number_of(const struct bucket *b, enum column column, double *out)
{
	bool has = column == COLUMN_FIRST || column == COLUMN_LAST ? b->n_good > 0 : b->has_value;

	switch (column) {
	case COLUMN_MEAN:
		*out = has ? bucket_mean(b) : 0;
		break;
	case COLUMN_MIN:
		*out = b->min;
		break;
	case COLUMN_MAX:
		*out = b->max;
		break;
	case COLUMN_FIRST:
		*out = b->first;
		break;
	case COLUMN_LAST:
		*out = b->last;
		break;
	default:
		return false;
	}
	return has;
}

static enum value_type
type_of(const struct walk *w, enum column column)
{
	return w->ch.type == VALUE_FLOAT32 && column != COLUMN_MEAN ? VALUE_FLOAT32 : VALUE_FLOAT;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------- */

int64_t
answer_edge(const struct answer *a, size_t row)
{
	const struct buckets whole = {
		.from_ns = a->ask.from_ns, .to_ns = a->ask.to_ns, .n = a->ask.points
	};

	return buckets_edge(&whole, a->first + row);
}

static void
put_cell(struct answer *a, struct buf *out, enum column column)
{
	const struct bucket *b = &a->buckets[a->row];
	const char *reason;
	double v;

	if (column == COLUMN_COUNT) {
		buf_printf(out, "%u", b->n);
	} else if (column == COLUMN_QUALITY) {
		reason = why(&a->walks[a->channel], b, answer_edge(a, a->row),
			answer_edge(a, a->row + 1));
		buf_printf(out, reason != NULL ? "\"%s\"" : "null", reason);
	} else if (number_of(b, column, &v)) {
		form_number(out, type_of(&a->walks[a->channel], column), v);
	} else {
		buf_put(out, "null", 4);
	}
}

/* A list of a value for each bucket, as far as the step goes; 1: it is complete. */
static int
put_list(struct answer *a, struct buf *out, size_t before, const char *name)
{
	bool is_time = name == NULL;

	if (a->row == 0)
		buf_printf(out, ",\"%s\":[", is_time ? "time" : name);
	for (; a->row < a->ask.points && out->n - before < ANSWER_BYTES; a->row++) {
		if (a->row > 0)
			buf_putc(out, ',');
		if (is_time)
			answer_seconds(a, out, answer_edge(a, a->row));
		else
			put_cell(a, out, (enum column)a->column);
	}
	if (a->row < a->ask.points)
		return 0;
	buf_putc(out, ']');
	a->row = 0;
	a->walks[a->channel].next_gap = 0;
	return 1;
}

static int
put_channel_json(struct answer *a, struct buf *out, struct err *err)
{
	bool is_x = a->channel == a->ask.n_channels;
	unsigned columns = is_x ? COLUMN_MEAN + 1 : COLUMNS;
	size_t before = out->n;
	int rc = a->is_filled ? 1 : answer_fill(a, err);

	if (rc <= 0)
		return rc;
	if (!a->is_filled) {
		buf_puts(out, is_x ? ",\n\"x\":" : a->channel > 0 ? ",\n" : "\n");
		answer_describe(out, &a->walks[a->channel].ch);
		over_describe(&a->walks[a->channel], out);
		a->is_filled = true;
	}
	while (a->column < columns) {
		if (!put_list(a, out, before, column_names[a->column]))
			return 0;
		a->column++;
	}
	answer_thinned(a, out, &a->walks[a->channel]);
	buf_putc(out, '}');
	a->column = 0;
	a->is_filled = false;
	return 1;
}

int
answer_buckets_json(struct answer *a, struct buf *out, struct err *err)
{
	size_t before = out->n;
	int rc;

	if (!a->is_begun) {
		answer_head(a, out);
		buf_printf(out, ",\"points\":%zu,\"interval\":", a->ask.points);
		form_number(out, VALUE_FLOAT,
			(double)(a->ask.to_ns - a->ask.from_ns) / (double)a->ask.points / 1e9);
		a->is_begun = true;
	}
	if (!a->has_time) {
		if (!put_list(a, out, before, NULL))
			return 1;
		a->has_time = true;
		a->channel = x_is_asked(a) ? a->ask.n_channels : 0;
	}
	if (!a->is_in_channel) {
		rc = a->channel == 0 ? 1 : put_channel_json(a, out, err);
		if (rc <= 0)
			return rc < 0 ? rc : 1;
		a->channel = 0;
		buf_puts(out, ",\"channels\":[");
		a->is_in_channel = true;
	}
	rc = put_channel_json(a, out, err);
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	if (++a->channel < a->ask.n_channels)
		return 1;
	buf_puts(out, "]}\n");
	return 0;
}

/* ---- CSV ----------------------------------------------------------------------------------------------------------------- */

static void
put_csv_head(struct answer *a, struct cells *c)
{
	char name[X_COLUMN_MAX];

	if (c->is_french)
		buf_puts(c->out, "\xEF\xBB\xBF");
	answer_time_head(a, c, false);
	if (x_is_asked(a)) {
		x_column(a, " mean", name);
		cells_text(c, name);
	}
	for (size_t i = 0; i < a->ask.n_channels; i++)
		for (int k = 0; k < COLUMN_CSV; k++) {
			snprintf(name, sizeof(name), "%s %s", a->walks[i].ch.name, column_names[k]);
			cells_text(c, name);
		}
	cells_end(c);
	answer_time_head(a, c, true);
	if (x_is_asked(a))
		cells_text(c, x_walk(a)->ch.unit);
	for (size_t i = 0; i < a->ask.n_channels; i++)
		for (int k = 0; k < COLUMN_CSV; k++)
			cells_text(c, k < COLUMN_COUNT ? a->walks[i].ch.unit : "");
	cells_end(c);
	if (!c->is_typed)
		return;
	cells_text(c, "");
	if (x_is_asked(a))
		cells_text(c, x_walk(a)->ch.title);
	for (size_t i = 0; i < a->ask.n_channels; i++)
		for (int k = 0; k < COLUMN_CSV; k++)
			cells_text(c, k == 0 ? a->walks[i].ch.title : "");
	cells_end(c);
}

/* The mean of x in the row at hand; false: none is known. */
static bool
x_of_row(struct answer *a, double *out)
{
	return number_of(&answer_buckets_of(a, a->ask.n_channels)[a->row], COLUMN_MEAN, out);
}

static void
put_csv_row(struct answer *a, struct cells *c)
{
	int64_t from = answer_edge(a, a->row), to = answer_edge(a, a->row + 1);
	double x;

	answer_time_cell(a, c, from);
	if (x_is_asked(a) && x_of_row(a, &x))
		cells_number(c, type_of(x_walk(a), COLUMN_MEAN), x);
	else if (x_is_asked(a))
		cells_begin(c);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		const struct bucket *b = &answer_buckets_of(a, i)[a->row];
		const char *reason = why(&a->walks[i], b, from, to);
		double v;

		for (int k = 0; k < COLUMN_COUNT; k++) {
			if (number_of(b, (enum column)k, &v))
				cells_number(c, type_of(&a->walks[i], (enum column)k), v);
			else
				cells_begin(c);
		}
		cells_number(c, VALUE_FLOAT, b->n);
		cells_text(c, reason == NULL ? "" : reason);
	}
	cells_end(c);
}

/* ---- flat ---------------------------------------------------------------------------------------------------------------- */

static void
put_flat_row(struct answer *a, struct buf *out)
{
	static const struct {
		enum column column;
		const char *what;
	} members[] = { { COLUMN_MEAN, "" }, { COLUMN_MIN, " min" }, { COLUMN_MAX, " max" } };
	int64_t from = answer_edge(a, a->row), to = answer_edge(a, a->row + 1);

	flat_begin(a, out, from);
	if (x_is_asked(a)) {
		double x;

		x_flat_key(a, out);
		if (x_of_row(a, &x))
			form_number(out, VALUE_FLOAT, x);
		else
			buf_put(out, "null", 4);
	}
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		struct walk *w = &a->walks[i];
		const struct bucket *b = &answer_buckets_of(a, i)[a->row];
		double v;

		for (size_t k = 0; k < NELEM(members); k++) {
			flat_key(out, &w->ch, members[k].what);
			if (number_of(b, members[k].column, &v))
				form_number(out, type_of(w, members[k].column), v);
			else
				buf_put(out, "null", 4);
		}
		flat_quality(out, &w->ch, why(&a->walks[i], b, from, to));
	}
	buf_putc(out, '}');
}

/* ---- rows: CSV, flat ----------------------------------------------------------------------------------------------------- */

int
answer_buckets_rows(struct answer *a, struct buf *out, struct err *err)
{
	struct cells c = { .out = out,
		.is_french = a->ask.form == ASK_CSV_FR,
		.is_typed = a->ask.form == ASK_XLSX };
	bool is_flat = a->ask.form == ASK_FLAT;
	size_t before = out->n;

	if (!a->is_begun && !is_flat)
		put_csv_head(a, &c);
	a->is_begun = true;
	if (!a->is_filled) {
		int rc = answer_fill(a, err);

		if (rc <= 0)
			return rc < 0 ? rc : 1;
		if (++a->channel < ask_columns(&a->ask))
			return 1;
		a->is_filled = true;
		a->channel = a->row = 0;
	}
	for (; a->row < window_rows(a) && out->n - before < ANSWER_BYTES; a->row++) {
		if (is_flat)
			put_flat_row(a, out);
		else
			put_csv_row(a, &c);
	}
	if (a->row < window_rows(a))
		return 1;
	a->first += window_rows(a);
	a->is_filled = false;
	if (is_flat && a->first >= a->ask.points)
		flat_end(a, out);
	return a->first < a->ask.points;
}
