/* run_csv.c - the values of a run as one table */
#include "history/run_csv.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/answer_inside.h"

struct run_csv {
	struct answer *a;
	const struct story *story;
	int64_t begin_ns;
	bool is_begun;
	struct held { /* [channel]: what held before the run began */
		struct buf cell;
		const char *why; /* it is not a plain good one; NULL */
		int64_t wall_ns;
		bool is_there;
	} * held;
	struct buf quality; /* of the row that is being written */
};

struct run_csv *
run_csv_new(struct reader *r, const struct story *story, char *names, size_t n, int64_t begin_ns,
	int64_t end_ns, bool is_french, const char *zone, struct err *err)
{
	struct run_csv *c = mem_zero(1, sizeof(*c));
	struct ask ask = { .is_raw = true,
		.form = is_french ? ASK_CSV_FR : ASK_CSV,
		.from_ns = MAX(begin_ns - BUCKETS_HOLD_NS, INT64_C(0)),
		.to_ns = end_ns,
		.is_free = true,
		.channels = names,
		.n_channels = n };

	text_copy(ask.zone, sizeof(ask.zone), zone);
	c->story = story;
	c->begin_ns = begin_ns;
	c->held = mem_zero(n + 1, sizeof(*c->held));
	c->a = answer_new(r, &ask, err);
	if (c->a == NULL) {
		free(c->held);
		free(c);
		return NULL;
	}
	return c;
}

void
run_csv_free(struct run_csv *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->a->ask.n_channels; i++)
		buf_done(&c->held[i].cell);
	free(c->held);
	buf_done(&c->quality);
	answer_free(c->a);
	free(c);
}

/* ---- cells ---------------------------------------------------------------------------------------------------------------- */

static void
column(const struct reader_channel *ch, char *out, size_t cap)
{
	snprintf(out, cap, ch->unit[0] != '\0' ? "%s [%s]" : "%s", ch->name, ch->unit);
}

static bool
has_steps(const struct run_csv *c)
{
	return c->story->n_steps > 0;
}

/* Spreadsheets take a file for one in UTF-8 only when it says so; others need no mark as long as there is nothing to tell. */
static void
put_head(struct run_csv *c, struct cells *cells)
{
	size_t at = cells->out->n;
	char name[128];
	bool is_ascii = true;

	cells_text(cells, "time");
	cells_text(cells, "seconds");
	if (has_steps(c)) {
		cells_text(cells, "step_seconds");
		cells_text(cells, "step");
	}
	for (size_t i = 0; i < c->a->ask.n_channels; i++) {
		column(&c->a->walks[i].ch, name, sizeof(name));
		cells_text(cells, name);
	}
	cells_text(cells, "quality");
	cells_end(cells);
	for (size_t i = at; i < cells->out->n; i++)
		is_ascii = is_ascii && (unsigned char)cells->out->data[i] < 0x80;
	if (is_ascii && !cells->is_french)
		return;
	buf_room(cells->out, 3);
	memmove(cells->out->data + at + 3, cells->out->data + at, cells->out->n - at);
	memcpy(cells->out->data + at, "\xEF\xBB\xBF", 3);
	cells->out->n += 3;
}

static void
put_seconds(struct cells *cells, int64_t span_ns)
{
	size_t at;
	char *point;

	cells_begin(cells);
	at = cells->out->n;
	stamp_put_seconds(cells->out, span_ns);
	point = cells->is_french ? memchr(cells->out->data + at, '.', cells->out->n - at) : NULL;
	if (point != NULL)
		*point = ',';
}

/* When a row is, by the clock, in the run, and in the step that was executed then. */
static void
put_time(struct run_csv *c, struct cells *cells, int64_t wall_ns)
{
	const struct story_step *step = story_step_at(c->story, wall_ns);

	cells_begin(cells);
	stamp_put(&c->a->stamp, cells->out, wall_ns);
	put_seconds(cells, wall_ns - c->begin_ns);
	if (!has_steps(c))
		return;
	if (step != NULL) {
		put_seconds(cells, wall_ns - step->begin_ns);
		cells_number(cells, VALUE_FLOAT, step->number);
	} else {
		cells_begin(cells);
		cells_begin(cells);
	}
}

static void
add_quality(struct run_csv *c, const char *name, const char *why)
{
	if (why != NULL)
		buf_printf(&c->quality, "%s%s=%s", c->quality.n > 0 ? " " : "", name, why);
}

static void
end_row(struct run_csv *c, struct cells *cells)
{
	cells_text(cells, buf_text(&c->quality));
	cells_end(cells);
	buf_clear(&c->quality);
}

/* ---- what held before ----------------------------------------------------------------------------------------------------- */

/* A value that came before a gap is not known to hold behind it. */
static bool
is_known(const struct run_csv *c, const struct held *h)
{
	for (size_t i = 0; i < c->a->n_gaps; i++)
		if (c->a->ledger[i].to_ns > h->wall_ns && c->a->ledger[i].from_ns < c->begin_ns)
			return false;
	return h->is_there;
}

/* Up to the first sample of the run. */
static int
skip_to_begin(struct run_csv *c, size_t i, struct err *err)
{
	struct walk *w = &c->a->walks[i];
	struct held *h = &c->held[i];
	unsigned budget = UINT_MAX;
	int rc;

	walk_begin(c->a, w, c->a->ask.from_ns, c->a->ask.to_ns, true);
	while ((rc = walk_next(c->a, w, &budget, err)) == 1 && w->wall_ns < c->begin_ns) {
		struct cells cell = { .out = &h->cell, .is_french = c->a->ask.form == ASK_CSV_FR };

		buf_clear(&h->cell);
		cells_value(&cell, &w->ch, &w->series, w->at);
		h->why = walk_why(w);
		h->wall_ns = w->wall_ns;
		h->is_there = true;
	}
	return rc < 0 ? rc : 0;
}

static int
put_held(struct run_csv *c, struct cells *cells, struct err *err)
{
	bool is_any = false;

	for (size_t i = 0; i < c->a->ask.n_channels; i++) {
		if (skip_to_begin(c, i, err) < 0)
			return ERR_IO;
		c->held[i].is_there = is_known(c, &c->held[i]);
		is_any = is_any || c->held[i].is_there;
	}
	if (!is_any)
		return 0;
	put_time(c, cells, c->begin_ns);
	for (size_t i = 0; i < c->a->ask.n_channels; i++) {
		const struct held *h = &c->held[i];

		cells_begin(cells);
		if (!h->is_there)
			continue;
		buf_put(cells->out, h->cell.data, h->cell.n);
		add_quality(c, c->a->walks[i].ch.name, h->why);
	}
	end_row(c, cells);
	return 0;
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------- */

static void
put_gaps_until(struct run_csv *c, struct cells *cells, int64_t wall_ns)
{
	struct answer *a = c->a;

	for (; a->next_gap < a->n_gaps && a->ledger[a->next_gap].from_ns <= wall_ns;
		a->next_gap++) {
		const struct reader_gap *gap = &a->ledger[a->next_gap];

		if (gap->to_ns <= c->begin_ns || gap->from_ns >= a->ask.to_ns)
			continue;
		put_time(c, cells, MAX(gap->from_ns, c->begin_ns));
		for (size_t i = 0; i < a->ask.n_channels; i++)
			cells_begin(cells);
		buf_printf(&c->quality, "gap=%s", gap->cause);
		end_row(c, cells);
	}
}

static void
put_row(struct run_csv *c, struct cells *cells, int64_t wall_ns)
{
	put_time(c, cells, wall_ns);
	for (size_t i = 0; i < c->a->ask.n_channels; i++) {
		struct walk *w = &c->a->walks[i];

		if (!w->has_sample || w->wall_ns != wall_ns) {
			cells_begin(cells);
			continue;
		}
		cells_value(cells, &w->ch, &w->series, w->at);
		add_quality(c, w->ch.name, walk_why(w));
	}
	end_row(c, cells);
}

int
run_csv_step(struct run_csv *c, struct buf *out, struct err *err)
{
	struct answer *a = c->a;
	struct cells cells = { .out = out, .is_french = a->ask.form == ASK_CSV_FR };
	unsigned budget = ANSWER_PIECES;
	size_t before = out->n;
	int64_t first;
	int rc = stamp_zone(a->ask.zone, err);

	if (rc < 0)
		return rc;
	if (!c->is_begun) {
		put_head(c, &cells);
		if (put_held(c, &cells, err) < 0)
			return ERR_IO;
		c->is_begun = true;
	}
	while ((rc = answer_gather(a, &budget, &first, err)) == 1) {
		put_gaps_until(c, &cells, first);
		if (first == INT64_MAX)
			return 0;
		put_row(c, &cells, first);
		if (answer_advance(a, first, &budget, err) < 0)
			return ERR_IO;
		if (out->n - before >= ANSWER_BYTES)
			break;
	}
	return rc < 0 ? rc : 1;
}

void
run_csv_describe(struct run_csv *c, struct buf *out)
{
	char name[128];
	struct json j;

	buf_puts(out, "\"channels\":[");
	for (size_t i = 0; i < c->a->ask.n_channels; i++) {
		buf_puts(out, i > 0 ? ",\n" : "\n");
		answer_describe(out, &c->a->walks[i].ch);
		column(&c->a->walks[i].ch, name, sizeof(name));
		buf_puts(out, ",\"column\":");
		json_open(&j, out);
		json_text(&j, NULL, name);
		buf_putc(out, '}');
	}
	buf_puts(out, "],\n");
	c->a->ask.from_ns = c->begin_ns;
	answer_put_gaps(c->a, out);
}
