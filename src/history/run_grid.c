/* run_grid.c - what `record` of a sequence asked for, as one table */
#include "history/run_grid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/answer_inside.h"
#include "history/story_text.h"

#define ROWS_A_STEP 2000

struct run_grid {
	const struct story *story;
	struct story_record record;
	struct answer *a; /* NULL: nothing was recorded of any of them */
	size_t n;
	struct column {
		char name[64];
		bool is_recorded;
		size_t walk;
		struct buf cell; /* what holds; empty when it is bad */
		const char *why; /* it is not a plain good one; NULL */
		int64_t wall_ns; /* since when; INT64_MIN: nothing yet */
	} * columns;
	struct story_table table;
	struct buf quality; /* of the row that is written */
	bool is_french, is_begun;
	int64_t row; /* the next one */
};

static int
open_walks(struct run_grid *g, const char *zone, struct err *err)
{
	struct buf names = { 0 };
	struct ask ask = { .is_raw = true,
		.form = g->is_french ? ASK_CSV_FR : ASK_CSV,
		.from_ns = MAX(g->record.begin_ns - BUCKETS_HOLD_NS, INT64_C(0)),
		.to_ns = MIN(g->record.end_ns, g->story->run->end_ns) + 1,
		.is_free = true };

	for (size_t i = 0; i < g->n; i++) {
		struct column *c = &g->columns[i];
		struct reader_channel ch;
		int rc = reader_find(g->story->r, c->name, &ch, err);

		if (rc == ERR_IO)
			return rc;
		c->is_recorded = rc == 0;
		if (rc < 0)
			continue;
		c->walk = ask.n_channels++;
		buf_put(&names, c->name, strlen(c->name) + 1);
	}
	text_copy(ask.zone, sizeof(ask.zone), zone);
	ask.channels = names.data; /* the answer's from here on */
	if (ask.n_channels == 0)
		return 0;
	g->a = answer_new(g->story->r, &ask, err);
	return g->a == NULL ? err->code : 0;
}

struct run_grid *
run_grid_new(const struct story *s, const struct story_record *record, const char *names, size_t n,
	bool is_french, const char *zone, struct err *err)
{
	struct run_grid *g = mem_zero(1, sizeof(*g));

	g->story = s;
	g->record = *record;
	g->is_french = is_french;
	g->n = MIN(n, (size_t)RUN_CHANNELS_MAX);
	g->columns = mem_zero(g->n + 1, sizeof(*g->columns));
	for (size_t i = 0; i < g->n; i++, names += strlen(names) + 1) {
		text_copy(g->columns[i].name, sizeof(g->columns[i].name), names);
		g->columns[i].wall_ns = INT64_MIN;
	}
	if (open_walks(g, zone, err) == 0)
		return g;
	run_grid_free(g);
	return NULL;
}

void
run_grid_free(struct run_grid *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->n; i++)
		buf_done(&g->columns[i].cell);
	free(g->columns);
	buf_done(&g->quality);
	answer_free(g->a);
	free(g);
}

/* ---- what holds ----------------------------------------------------------------------------------------------------------- */

static void
take(struct run_grid *g, struct column *c, const struct walk *w)
{
	struct cells cell = { .out = &c->cell, .is_french = g->is_french };

	buf_clear(&c->cell);
	cells_value(&cell, &w->ch, &w->series, w->at);
	c->why = walk_why(w);
	c->wall_ns = w->wall_ns;
}

/* All samples up to this moment: 1; 0: the budget is used up before. */
static int
go_to(struct run_grid *g, int64_t wall_ns, unsigned *budget, struct err *err)
{
	for (size_t i = 0; i < g->n; i++) {
		struct column *c = &g->columns[i];
		struct walk *w = c->is_recorded ? &g->a->walks[c->walk] : NULL;
		int rc = 1;

		while (w != NULL && !(w->has_sample && w->wall_ns > wall_ns)) {
			if (w->has_sample)
				take(g, c, w);
			rc = walk_next(g->a, w, budget, err);
			if (rc < 0)
				return rc;
			if (rc == 0 && w->is_over)
				break;
			if (rc == 0)
				return 0;
		}
	}
	return 1;
}

/* The gap of the ledger between what came last and this moment. */
static const char *
gap_before(const struct run_grid *g, const struct column *c, int64_t wall_ns)
{
	for (size_t i = 0; g->a != NULL && i < g->a->n_gaps; i++)
		if (g->a->ledger[i].to_ns > c->wall_ns && g->a->ledger[i].from_ns < wall_ns)
			return g->a->ledger[i].cause;
	return NULL;
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------- */

static void
put_head(struct run_grid *g, struct buf *out)
{
	const char *names[RUN_CHANNELS_MAX + 5];
	char *room = mem_zero(g->n + 1, 128);
	size_t n = 0;

	names[n++] = "time";
	names[n++] = "seconds";
	names[n++] = "step_seconds";
	names[n++] = "step";
	for (size_t i = 0; i < g->n; i++) {
		const struct column *c = &g->columns[i];
		const char *unit = c->is_recorded ? g->a->walks[c->walk].ch.unit : "";

		snprintf(room + 128 * i, 128, unit[0] != '\0' ? "%s [%s]" : "%s", c->name, unit);
		names[n++] = room + 128 * i;
	}
	names[n++] = "quality";
	story_head(&g->table, out, g->is_french, g->story->run->begin_ns, names, n);
	free(room);
}

static void
put_value(struct run_grid *g, const struct column *c, int64_t wall_ns)
{
	const char *gap = gap_before(g, c, wall_ns), *why = NULL;

	bool is_known = c->is_recorded && gap == NULL && c->wall_ns != INT64_MIN &&
			wall_ns - c->wall_ns <= BUCKETS_HOLD_NS;

	cells_begin(&g->table.cells);
	if (is_known)
		buf_put(g->table.cells.out, c->cell.data, c->cell.n);
	if (!is_known)
		why = !c->is_recorded ? "not_recorded" : gap != NULL ? gap : "unknown";
	else
		why = c->why;
	if (why != NULL)
		buf_printf(&g->quality, "%s%s=%s", g->quality.n > 0 ? " " : "", c->name, why);
}

static void
put_row(struct run_grid *g, int64_t wall_ns)
{
	const struct story_step *step = story_step_at(g->story, wall_ns);
	struct story_table *t = &g->table;

	buf_clear(&g->quality);
	story_put_time(t, wall_ns);
	story_put_seconds(t, step == NULL ? (double)NAN : (double)(wall_ns - step->begin_ns) / 1e9);
	cells_number(&t->cells, VALUE_FLOAT, step == NULL ? (double)NAN : step->number);
	for (size_t i = 0; i < g->n; i++)
		put_value(g, &g->columns[i], wall_ns);
	cells_text(&t->cells, buf_text(&g->quality));
	cells_end(&t->cells);
}

int
run_grid_step(struct run_grid *g, struct buf *out, struct err *err)
{
	int64_t end_ns = MIN(g->record.end_ns, g->story->run->end_ns);
	unsigned budget = ANSWER_PIECES;

	g->table.cells.out = out;
	if (!g->is_begun) {
		put_head(g, out);
		for (size_t i = 0; g->a != NULL && i < g->a->ask.n_channels; i++)
			walk_begin(g->a, &g->a->walks[i], g->a->ask.from_ns, g->a->ask.to_ns, true);
		g->is_begun = true;
	}
	for (int i = 0; i < ROWS_A_STEP; i++) {
		int64_t wall_ns =
			g->record.begin_ns + llround((double)g->row * g->record.every_s * 1e9);
		int rc;

		if (wall_ns > end_ns)
			return 0;
		rc = go_to(g, wall_ns, &budget, err);
		if (rc <= 0)
			return rc < 0 ? rc : 1;
		put_row(g, wall_ns);
		g->row++;
	}
	return 1;
}
