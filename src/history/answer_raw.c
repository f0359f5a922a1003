/* answer_raw.c - each sample: as JSON a list a channel, as CSV and flat rows in the order of time */
#include "history/answer_inside.h"

#include <stdio.h>

/* ---- JSON: [seconds, value] or [seconds, value, "why it is not good"]; with x: [seconds, value, null or "why", x] ---- */

static void
put_sample(struct answer *a, struct buf *out, const struct walk *w, bool is_first)
{
	const char *why = walk_why(w);
	bool is_known;
	double x;

	buf_put(out, ",[", 2);
	if (is_first)
		out->data[out->n - 2] = ' ';
	answer_seconds(a, out, w->wall_ns);
	buf_putc(out, ',');
	form_json_value(out, &w->ch, &w->series, w->at);
	if (why != NULL)
		buf_printf(out, ",\"%s\"", why);
	if (x_is_asked(a)) {
		buf_puts(out, why == NULL ? ",null," : ",");
		is_known = x_value(a, w->boot, w->series.t[w->at], w->wall_ns, &x);
		x_put(a, out, is_known, x);
	}
	buf_putc(out, ']');
}

static void
begin_channel(struct answer *a, struct buf *out)
{
	struct walk *w = &a->walks[a->channel];

	buf_puts(out, a->channel > 0 ? ",\n" : "\n");
	answer_describe(out, &w->ch);
	over_describe(w, out);
	buf_puts(out, ",\"samples\":[");
	walk_begin(a, w, a->ask.from_ns, a->ask.to_ns, true);
	x_begin(a);
	a->is_in_channel = true;
	a->is_pending = false;
	a->row = 0;
}

/* Samples of the channel at hand, as far as the step goes: what walk_next() said last, or 0 where x takes the rest of the budget. */
static int
put_samples(struct answer *a, struct buf *out, size_t before, struct err *err)
{
	struct walk *w = &a->walks[a->channel];
	unsigned budget = ANSWER_PIECES;
	int rc = 1;

	while (out->n - before < ANSWER_BYTES) {
		if (!a->is_pending && (rc = walk_next(a, w, &budget, err)) != 1)
			return rc;
		a->is_pending = true;
		if (x_is_asked(a) && (rc = x_go(a, w->boot, w->series.t[w->at], &budget, err)) != 1)
			return rc;
		put_sample(a, out, w, a->row++ == 0);
		a->is_pending = false;
	}
	return rc;
}

int
answer_raw_json(struct answer *a, struct buf *out, struct err *err)
{
	size_t before = out->n;
	struct walk *w;
	int rc;

	if (!a->is_begun) {
		answer_head(a, out);
		if (x_is_asked(a)) {
			buf_puts(out, ",\n\"x\":");
			answer_describe(out, &x_walk(a)->ch);
			buf_putc(out, '}');
		}
		buf_puts(out, ",\"channels\":[");
		a->is_begun = true;
	}
	if (!a->is_in_channel)
		begin_channel(a, out);
	w = &a->walks[a->channel];
	rc = put_samples(a, out, before, err);
	if (rc < 0 || !w->is_over || rc == 1)
		return rc < 0 ? rc : 1;
	walk_end(w);
	a->is_in_channel = false;
	buf_putc(out, ']');
	answer_thinned(a, out, w);
	buf_putc(out, '}');
	if (++a->channel < a->ask.n_channels)
		return 1;
	buf_puts(out, "]}\n");
	return 0;
}

/* ---- CSV ---- */

static void
put_csv_head(struct answer *a, struct cells *c)
{
	char name[X_COLUMN_MAX];

	if (c->is_french)
		buf_puts(c->out, "\xEF\xBB\xBF");
	answer_time_head(a, c, false);
	if (x_is_asked(a)) {
		x_column(a, "", name);
		cells_text(c, name);
	}
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		snprintf(name, sizeof(name), "%s quality", a->walks[i].ch.name);
		cells_text(c, a->walks[i].ch.name);
		cells_text(c, name);
	}
	cells_end(c);
	answer_time_head(a, c, true);
	if (x_is_asked(a))
		cells_text(c, x_walk(a)->ch.unit);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		cells_text(c, a->walks[i].ch.unit);
		cells_text(c, "");
	}
	cells_end(c);
	if (!c->is_typed)
		return;
	cells_text(c, "");
	if (x_is_asked(a))
		cells_text(c, x_walk(a)->ch.title);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		cells_text(c, a->walks[i].ch.title);
		cells_text(c, "");
	}
	cells_end(c);
}

static void
put_csv_gap(struct answer *a, struct cells *c, int64_t wall_ns, const char *cause, size_t first,
	size_t end)
{
	answer_time_cell(a, c, wall_ns);
	if (x_is_asked(a))
		cells_begin(c);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		cells_text(c, "");
		cells_text(c, i >= first && i < end ? cause : "");
	}
	cells_end(c);
}

/* All channels have a sample to compare, or none any more: 1. */
int
answer_gather(struct answer *a, unsigned *budget, int64_t *out_first, struct err *err)
{
	*out_first = INT64_MAX;
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		struct walk *w = &a->walks[i];
		int rc = w->has_sample || w->is_over ? 1 : walk_next(a, w, budget, err);

		if (rc < 0 || (rc == 0 && !w->is_over))
			return rc;
		if (w->has_sample)
			*out_first = MIN(*out_first, w->wall_ns);
	}
	return 1;
}

/* A row's own moment, for x: that of the first channel with a sample in it. */
static const struct walk *
walk_of_row(const struct answer *a, int64_t wall_ns)
{
	for (size_t i = 0; i < a->ask.n_channels; i++)
		if (a->walks[i].has_sample && a->walks[i].wall_ns == wall_ns)
			return &a->walks[i];
	return NULL; /* not for a row */
}

static bool
x_of_row(const struct answer *a, int64_t wall_ns, double *out)
{
	const struct walk *w = walk_of_row(a, wall_ns);

	*out = 0;
	return w != NULL && x_value(a, w->boot, w->series.t[w->at], wall_ns, out);
}

/* x goes on until the moment of the row: as x_go(). */
static int
x_go_to_row(struct answer *a, int64_t wall_ns, unsigned *budget, struct err *err)
{
	const struct walk *w = x_is_asked(a) ? walk_of_row(a, wall_ns) : NULL;

	return w == NULL ? 1 : x_go(a, w->boot, w->series.t[w->at], budget, err);
}

static void
put_csv_row(struct answer *a, struct cells *c, int64_t wall_ns)
{
	double x;

	answer_time_cell(a, c, wall_ns);
	if (x_is_asked(a) && x_of_row(a, wall_ns, &x))
		cells_number(c, x_walk(a)->ch.type, x);
	else if (x_is_asked(a))
		cells_begin(c);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		struct walk *w = &a->walks[i];

		if (!w->has_sample || w->wall_ns != wall_ns) {
			cells_begin(c);
			cells_begin(c);
			continue;
		}
		cells_value(c, &w->ch, &w->series, w->at);
		cells_text(c, walk_why(w) == NULL ? "" : walk_why(w));
	}
	cells_end(c);
}

/* Those that were in the row go on; in memory where they can. */
int
answer_advance(struct answer *a, int64_t wall_ns, unsigned *budget, struct err *err)
{
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		struct walk *w = &a->walks[i];

		if (w->has_sample && w->wall_ns == wall_ns && walk_next(a, w, budget, err) < 0)
			return ERR_IO;
	}
	return 0;
}

/* ---- flat: a member is there where its channel has a sample; null is one that is bad ---- */

static void
put_flat_row(struct answer *a, struct buf *out, int64_t wall_ns)
{
	bool is_known;
	double x;

	flat_begin(a, out, wall_ns);
	if (x_is_asked(a)) {
		x_flat_key(a, out);
		is_known = x_of_row(a, wall_ns, &x);
		x_put(a, out, is_known, x);
	}
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		struct walk *w = &a->walks[i];

		if (!w->has_sample || w->wall_ns != wall_ns)
			continue;
		flat_key(out, &w->ch, "");
		form_json_value(out, &w->ch, &w->series, w->at);
		flat_quality(out, &w->ch, walk_why(w));
	}
	buf_putc(out, '}');
}

/* A line breaks where nothing is known. */
static void
put_flat_gap(struct answer *a, struct buf *out, int64_t wall_ns, const char *cause, size_t first,
	size_t end)
{
	flat_begin(a, out, wall_ns);
	if (x_is_asked(a)) {
		x_flat_key(a, out);
		x_put(a, out, false, 0);
	}
	for (size_t i = first; i < end; i++) {
		flat_key(out, &a->walks[i].ch, "");
		buf_put(out, "null", 4);
		flat_quality(out, &a->walks[i].ch, cause);
	}
	buf_putc(out, '}');
}

/* ---- rows ---- */

/* Those that say that from here on nothing is known, before the first sample behind it. */
static void
put_gaps_until(struct answer *a, struct cells *c, int64_t wall_ns)
{
	const struct reader_gap *gap;
	size_t first, end;
	int64_t at;

	while ((gap = answer_next_gap(a, wall_ns, &at, &first, &end)) != NULL) {
		if (a->ask.form == ASK_FLAT)
			put_flat_gap(a, c->out, at, gap->cause, first, end);
		else
			put_csv_gap(a, c, at, gap->cause, first, end);
	}
}

int
answer_raw_rows(struct answer *a, struct buf *out, struct err *err)
{
	struct cells c = { .out = out,
		.is_french = a->ask.form == ASK_CSV_FR,
		.is_typed = a->ask.form == ASK_XLSX };
	bool is_flat = a->ask.form == ASK_FLAT;
	unsigned budget = ANSWER_PIECES;
	size_t before = out->n;
	int64_t first;
	int rc;

	if (!a->is_begun) {
		if (!is_flat)
			put_csv_head(a, &c);
		for (size_t i = 0; i < a->ask.n_channels; i++)
			walk_begin(a, &a->walks[i], a->ask.from_ns, a->ask.to_ns, true);
		x_begin(a);
		a->is_begun = true;
	}
	while ((rc = answer_gather(a, &budget, &first, err)) == 1) {
		put_gaps_until(a, &c, first);
		if (first == INT64_MAX) {
			if (is_flat)
				flat_end(a, out);
			return 0;
		}
		rc = x_go_to_row(a, first, &budget, err);
		if (rc != 1)
			break;
		if (is_flat)
			put_flat_row(a, out, first);
		else
			put_csv_row(a, &c, first);
		if (answer_advance(a, first, &budget, err) < 0)
			return ERR_IO;
		if (out->n - before >= ANSWER_BYTES)
			break;
	}
	return rc < 0 ? rc : 1;
}
