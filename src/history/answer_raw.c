/* answer_raw.c - each sample: as JSON a list a channel, as CSV and flat rows in the order of time */
#include "history/answer_inside.h"

#include <stdio.h>

#include "msg/quality.h"

/* ---- JSON: [seconds, value] or [seconds, value, "why it is not good"] ---- */

static void
put_sample(struct buf *out, const struct walk *w, bool is_first)
{
	unsigned quality = series_quality(&w->series, w->at);

	buf_put(out, ",[", 2);
	if (is_first)
		out->data[out->n - 2] = ' ';
	stamp_put_seconds(out, w->wall_ns);
	buf_putc(out, ',');
	form_json_value(out, &w->ch, &w->series, w->at);
	if (quality != Q_GOOD)
		buf_printf(out, ",\"%s\"", quality_row(quality)->token);
	buf_putc(out, ']');
}

static void
begin_channel(struct answer *a, struct buf *out)
{
	struct walk *w = &a->walks[a->channel];

	buf_puts(out, a->channel > 0 ? ",\n" : "\n");
	answer_describe(out, &w->ch);
	buf_puts(out, ",\"samples\":[");
	walk_begin(a, w, a->ask.from_ns, a->ask.to_ns, true);
	a->is_in_channel = true;
	a->row = 0;
}

int
answer_raw_json(struct answer *a, struct buf *out, struct err *err)
{
	unsigned budget = ANSWER_PIECES;
	size_t before = out->n;
	struct walk *w;
	int rc = 0;

	if (!a->is_begun) {
		answer_head(a, out);
		buf_puts(out, ",\"channels\":[");
		a->is_begun = true;
	}
	if (!a->is_in_channel)
		begin_channel(a, out);
	w = &a->walks[a->channel];
	while (out->n - before < ANSWER_BYTES && (rc = walk_next(a, w, &budget, err)) == 1)
		put_sample(out, w, a->row++ == 0);
	if (rc < 0 || !w->is_over || rc == 1)
		return rc < 0 ? rc : 1;
	walk_end(w);
	a->is_in_channel = false;
	buf_puts(out, "]}");
	if (++a->channel < a->ask.n_channels)
		return 1;
	buf_puts(out, "]}\n");
	return 0;
}

/* ---- CSV ---- */

static void
put_csv_head(struct answer *a, struct cells *c)
{
	char name[96];

	if (c->is_french)
		buf_puts(c->out, "\xEF\xBB\xBF");
	cells_text(c, "time");
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		snprintf(name, sizeof(name), "%s quality", a->walks[i].ch.name);
		cells_text(c, a->walks[i].ch.name);
		cells_text(c, name);
	}
	cells_end(c);
	cells_text(c, a->ask.zone[0] == '\0' ? "UTC" : a->ask.zone);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		cells_text(c, a->walks[i].ch.unit);
		cells_text(c, "");
	}
	cells_end(c);
	if (!c->is_typed)
		return;
	cells_text(c, "");
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		cells_text(c, a->walks[i].ch.title);
		cells_text(c, "");
	}
	cells_end(c);
}

static void
put_csv_gap(struct answer *a, struct cells *c, int64_t wall_ns, const char *cause)
{
	cells_begin(c);
	stamp_put(&a->stamp, c->out, wall_ns);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		cells_text(c, "");
		cells_text(c, cause);
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

static void
put_csv_row(struct answer *a, struct cells *c, int64_t wall_ns)
{
	cells_begin(c);
	stamp_put(&a->stamp, c->out, wall_ns);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		struct walk *w = &a->walks[i];
		unsigned quality;

		if (!w->has_sample || w->wall_ns != wall_ns) {
			cells_begin(c);
			cells_begin(c);
			continue;
		}
		quality = series_quality(&w->series, w->at);
		cells_value(c, &w->ch, &w->series, w->at);
		cells_text(c, quality == Q_GOOD ? "" : quality_row(quality)->token);
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
	flat_begin(a, out, wall_ns);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
		struct walk *w = &a->walks[i];
		unsigned quality;

		if (!w->has_sample || w->wall_ns != wall_ns)
			continue;
		quality = series_quality(&w->series, w->at);
		flat_key(out, &w->ch, "");
		form_json_value(out, &w->ch, &w->series, w->at);
		flat_quality(out, &w->ch, quality == Q_GOOD ? NULL : quality_row(quality)->token);
	}
	buf_putc(out, '}');
}

/* A line breaks where nothing is known. */
static void
put_flat_gap(struct answer *a, struct buf *out, int64_t wall_ns, const char *cause)
{
	flat_begin(a, out, wall_ns);
	for (size_t i = 0; i < a->ask.n_channels; i++) {
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
	for (; a->next_gap < a->n_gaps && a->ledger[a->next_gap].from_ns <= wall_ns;
		a->next_gap++) {
		const struct reader_gap *gap = &a->ledger[a->next_gap];
		int64_t at = MAX(gap->from_ns, a->ask.from_ns);

		if (gap->to_ns <= a->ask.from_ns || gap->from_ns >= a->ask.to_ns)
			continue;
		if (a->ask.form == ASK_FLAT)
			put_flat_gap(a, c->out, at, gap->cause);
		else
			put_csv_gap(a, c, at, gap->cause);
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
		a->is_begun = true;
	}
	while ((rc = answer_gather(a, &budget, &first, err)) == 1) {
		put_gaps_until(a, &c, first);
		if (first == INT64_MAX) {
			if (is_flat)
				flat_end(a, out);
			return 0;
		}
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
