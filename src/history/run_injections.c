/* run_injections.c - the injections of a run as one table
 *
 * Injections are commands of an instrument, told as events. Results are files that an instrument of result files has read: each change of its channel `file`.
 * That is the instrument of the command where it has one, else the only one of the bench. The other channels of it give the values.
 */
#include "history/run_injections.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/answer_inside.h"
#include "history/injections.h"
#include "history/run_before.h"
#include "history/story_text.h"
#include "msg/quality.h"

#define INJECTIONS_MAX 5000
#define CHANNELS_MAX 100
#define COMPLETE_NS (15 * NS_PER_S) /* a file takes less to be complete, as a rule */

struct run_injections {
	const struct story *s;
	bool is_french;
	char zone[STAMP_ZONE_MAX];
	struct injection *in;
	size_t n_in;
	struct injection_result *results;
	size_t n_results;
	struct cell {
		double v;    /* NaN: not known */
		bool is_old; /* it grew too old behind this */
	} * cells;           /* [result][channel of the answer] */
	bool *is_new;        /* [result]: a value changed behind its name */
	double held;         /* on the way through the samples of a channel */
	struct answer *a;    /* the first channel is `file`; NULL: no results are read */
	size_t channel, row;
	char file[64];             /* the last one, on the way through its samples */
	struct run_before *before; /* NULL: nothing is asked for */
	bool is_begun, is_before_begun;
};

bool
run_injections_are(const struct story *s)
{
	for (size_t i = 0; i < s->n_events; i++)
		if (s->events[i].e.kind == EVENT_SEQUENCE_COMMAND)
			return true;
	return false;
}

/* ---- injections ----------------------------------------------------------------------------------------------------------- */

static void
take_event(struct run_injections *x, const struct story_event *e)
{
	struct injection *in = NULL;

	if (e->e.kind == EVENT_SEQUENCE_COMMAND && x->n_in < INJECTIONS_MAX) {
		in = &x->in[x->n_in++];
		*in = (struct injection){ .event = e->e.id,
			.intent_ns = e->wall_ns,
			.sent_ns = INJECTION_NO_TIME,
			.done_ns = INJECTION_NO_TIME };
		text_copy(in->name, sizeof(in->name), e->e.text);
		text_copy(in->command, sizeof(in->command), e->e.subject);
		return;
	}
	for (size_t i = x->n_in; i-- > 0 && in == NULL;)
		if (x->in[i].event == e->e.cause)
			in = &x->in[i];
	if (in == NULL)
		return;
	if (e->e.kind == EVENT_SEQUENCE_COMMAND_SENT)
		in->sent_ns = e->wall_ns;
	else if (e->e.kind == EVENT_SEQUENCE_COMMAND_DONE)
		in->done_ns = e->wall_ns;
	else if (e->e.kind == EVENT_SEQUENCE_COMMAND_FAILED)
		text_copy(in->why, sizeof(in->why), e->e.text);
}

struct run_injections *
run_injections_new(const struct story *s, bool is_french, const char *zone)
{
	struct run_injections *x = mem_zero(1, sizeof(*x));

	x->s = s;
	x->is_french = is_french;
	text_copy(x->zone, sizeof(x->zone), zone);
	x->in = mem_zero(INJECTIONS_MAX, sizeof(*x->in));
	x->results = mem_zero(INJECTIONS_MAX, sizeof(*x->results));
	for (size_t i = 0; i < s->n_events; i++)
		take_event(x, &s->events[i]);
	return x;
}

void
run_injections_free(struct run_injections *x)
{
	if (x == NULL)
		return;
	answer_free(x->a);
	run_before_free(x->before);
	free(x->cells);
	free(x->is_new);
	free(x->in);
	free(x->results);
	free(x);
}

/* ---- channels of the results ---------------------------------------------------------------------------------------------- */

struct choosing {
	char instrument[64]; /* of the commands */
	char found[64];      /* that has `file` */
	size_t n_found;
	struct buf names;
	size_t n;
};

static void
look_for_file(void *ctx, const struct reader_channel *ch)
{
	struct choosing *c = ctx;
	size_t n = strlen(ch->instrument);

	if (n == 0 || ch->type != VALUE_TEXT || strncmp(ch->name, ch->instrument, n) != 0 ||
		strcmp(ch->name + n, ".file") != 0)
		return;
	if (strcmp(ch->instrument, c->instrument) == 0)
		c->n_found = 0; /* its own counts alone */
	else if (c->n_found > 0 && strcmp(c->found, c->instrument) == 0)
		return;
	text_copy(c->found, sizeof(c->found), ch->instrument);
	c->n_found++;
}

static void
take_channel(void *ctx, const struct reader_channel *ch)
{
	struct choosing *c = ctx;
	size_t n = strlen(c->found);

	if (strcmp(ch->instrument, c->found) != 0 || ch->type == VALUE_TEXT ||
		ch->type == VALUE_CHOICE || c->n >= CHANNELS_MAX ||
		(strncmp(ch->name, c->found, n) == 0 && strcmp(ch->name + n, ".age") == 0))
		return;
	buf_put(&c->names, ch->name, strlen(ch->name) + 1);
	c->n++;
}

static int
open_results(struct run_injections *x, struct err *err)
{
	struct choosing c = { .n = 0 };
	struct ask ask = { .is_raw = true,
		.from_ns = MAX(x->s->run->begin_ns - BUCKETS_HOLD_NS, INT64_C(0)),
		.to_ns = x->s->run->end_ns + 1,
		.is_free = true };

	snprintf(c.instrument, sizeof(c.instrument), "%.*s", (int)strcspn(x->in[0].command, "."),
		x->in[0].command);
	if (reader_channels(x->s->r, look_for_file, &c, err) < 0)
		return ERR_IO;
	if (c.n_found != 1)
		return 0;
	buf_printf(&c.names, "%s.file", c.found);
	buf_putc(&c.names, '\0');
	c.n = 1;
	if (reader_channels(x->s->r, take_channel, &c, err) < 0) {
		buf_done(&c.names);
		return ERR_IO;
	}
	text_copy(ask.zone, sizeof(ask.zone), x->zone);
	ask.channels = c.names.data;
	ask.n_channels = c.n;
	x->a = answer_new(x->s->r, &ask, err);
	return x->a == NULL ? err->code : 0;
}

/* ---- their samples -------------------------------------------------------------------------------------------------------- */

static struct cell *
cell_of(struct run_injections *x, size_t result)
{
	return &x->cells[result * x->a->ask.n_channels + x->channel];
}

/* Each change of the name, but what was there before the first injection began. */
static void
take_file(struct run_injections *x, const struct walk *w)
{
	const char *file = series_text(&w->series, w->at);
	struct injection_result *r;

	if (quality_is_bad(series_quality(&w->series, w->at)) || strcmp(file, x->file) == 0)
		return;
	text_copy(x->file, sizeof(x->file), file);
	if (w->wall_ns < x->in[0].intent_ns || x->n_results == INJECTIONS_MAX)
		return;
	r = &x->results[x->n_results++];
	r->wall_ns = w->wall_ns;
	text_copy(r->file, sizeof(r->file), file);
}

/* Results that came up to this moment begin with what holds. */
static void
begin_results(struct run_injections *x, int64_t wall_ns)
{
	for (; x->row < x->n_results && x->results[x->row].wall_ns <= wall_ns; x->row++)
		cell_of(x, x->row)->v = x->held;
}

/* The values of a file are told when it is complete, which may be long after its name; then they grow old, and are what they were. */
static void
take_value(struct run_injections *x, const struct walk *w)
{
	unsigned quality = series_quality(&w->series, w->at);
	/* Of several results that a tier has left as one, nobody knows whose injection the others were of. */
	bool is_bad = quality_is_bad(quality) || series_sum_of(&w->series, w->at) != NULL;
	double v = is_bad ? (double)NAN
		   : w->series.type == VALUE_FLOAT || w->series.type == VALUE_FLOAT32
			   ? w->series.v[w->at].f
			   : (double)w->series.v[w->at].i;

	begin_results(x, w->wall_ns);
	x->held = v;
	if (x->row == 0)
		return;
	if (is_bad && quality == Q_STALE) {
		cell_of(x, x->row - 1)->is_old = true;
		return;
	}
	x->is_new[x->row - 1] |= !is_bad && !(v == cell_of(x, x->row - 1)->v);
	*cell_of(x, x->row - 1) = (struct cell){ v, false };
}

/* Where no value changed behind the name those of the file before may still be there: when they grew old meanwhile, or the next name came at once, nothing
 * is known of this file. */
static void
drop_former(struct run_injections *x)
{
	size_t n = x->a == NULL ? 0 : x->a->ask.n_channels;

	for (size_t r = 0; r < x->n_results; r++) {
		bool is_short = r + 1 < x->n_results &&
				x->results[r + 1].wall_ns - x->results[r].wall_ns < COMPLETE_NS;

		for (size_t k = 1; k < n && !x->is_new[r]; k++)
			if (is_short || x->cells[r * n + k].is_old)
				x->cells[r * n + k].v = (double)NAN;
	}
}

static int
walk_channel(struct run_injections *x, struct err *err)
{
	struct walk *w = &x->a->walks[x->channel];
	unsigned budget = ANSWER_PIECES;
	int rc;

	if (w->cursor == NULL)
		walk_begin(x->a, w, x->a->ask.from_ns, x->a->ask.to_ns, true);
	while ((rc = walk_next(x->a, w, &budget, err)) == 1) {
		if (x->channel == 0)
			take_file(x, w);
		else
			take_value(x, w);
	}
	if (rc < 0 || !w->is_over)
		return rc < 0 ? rc : 1;
	walk_end(w);
	if (x->channel == 0) {
		x->cells = mem_zero(x->n_results * x->a->ask.n_channels + 1, sizeof(*x->cells));
		x->is_new = mem_zero(x->n_results + 1, sizeof(*x->is_new));
	} else {
		begin_results(x, INT64_MAX);
	}
	x->channel++;
	x->row = 0;
	x->held = (double)NAN;
	return 1;
}

/* ---- the table ------------------------------------------------------------------------------------------------------------ */

static void
put_moment(struct story_table *t, int64_t wall_ns)
{
	if (wall_ns != INJECTION_NO_TIME) {
		story_put_time(t, wall_ns);
		return;
	}
	cells_text(&t->cells, "");
	cells_text(&t->cells, "");
}

static void
put_result(const struct run_injections *x, struct story_table *t, size_t r)
{
	size_t n = x->a == NULL ? 0 : x->a->ask.n_channels;

	cells_text(&t->cells, r == INJECTION_NONE ? "" : x->results[r].file);
	put_moment(t, r == INJECTION_NONE ? INJECTION_NO_TIME : x->results[r].wall_ns);
	for (size_t k = 1; k < n; k++)
		cells_number(&t->cells, VALUE_FLOAT,
			r == INJECTION_NONE ? (double)NAN : x->cells[r * n + k].v);
}

/* The moment of an injection is that of its start, never that at which a file came. */
static void
put_injection(const struct run_injections *x, struct story_table *t, size_t i)
{
	const struct injection *in = &x->in[i];

	cells_number(&t->cells, VALUE_FLOAT, (double)(i + 1));
	cells_text(&t->cells, in->name);
	cells_text(&t->cells, in->command);
	put_moment(t, in->sent_ns); /* acquisition */
	put_moment(t, in->intent_ns);
	put_moment(t, in->done_ns);
	cells_text(&t->cells, in->why[0] != '\0'                 ? in->why
			      : in->done_ns != INJECTION_NO_TIME ? "done"
			      : in->sent_ns != INJECTION_NO_TIME ? "started"
								 : "unknown");
	cells_text(&t->cells, in->sent_ns == INJECTION_NO_TIME || x->a == NULL
				      ? ""
				      : injection_match_text(in->match));
	put_result(x, t, in->result);
	run_before_cells(x->before, &t->cells, i);
	cells_end(&t->cells);
}

static void
put_surplus(const struct run_injections *x, struct story_table *t, size_t r)
{
	for (int i = 0; i < 10; i++)
		cells_text(&t->cells, "");
	cells_text(&t->cells, "surplus");
	put_result(x, t, r);
	run_before_cells(x->before, &t->cells, INJECTION_NONE);
	cells_end(&t->cells);
}

static void
put_table(const struct run_injections *x, struct buf *out)
{
	const char *names[14 + CHANNELS_MAX + BEFORE_COLUMNS_MAX] = { "number", "name", "command",
		"acquisition", "acquisition_seconds", "intent", "intent_seconds", "done",
		"done_seconds", "outcome", "result", "file", "file_time", "file_seconds" };
	char *room = mem_zero(CHANNELS_MAX + BEFORE_COLUMNS_MAX + 1, 128);
	size_t n = 14;
	struct story_table t;

	for (size_t i = 1; x->a != NULL && i < x->a->ask.n_channels; i++) {
		const struct reader_channel *ch = &x->a->walks[i].ch;

		snprintf(room + 128 * i, 128, ch->unit[0] != '\0' ? "%s [%s]" : "%s", ch->name,
			ch->unit);
		names[n++] = room + 128 * i;
	}
	for (size_t i = 0; i < run_before_columns(x->before); i++) {
		run_before_head(x->before, i, room + 128 * (CHANNELS_MAX + i));
		names[n++] = room + 128 * (CHANNELS_MAX + i);
	}
	story_head(&t, out, x->is_french, x->s->run->begin_ns, names, n);
	for (size_t i = 0; i < x->n_in; i++)
		put_injection(x, &t, i);
	for (size_t r = 0; r < x->n_results; r++)
		if (x->results[r].injection == INJECTION_NONE)
			put_surplus(x, &t, r);
	free(room);
}

int
run_injections_step(struct run_injections *x, struct buf *out, struct err *err)
{
	int rc;

	if (!x->is_begun) {
		x->is_begun = true;
		return x->n_in == 0 || open_results(x, err) == 0 ? 1 : err->code;
	}
	if (x->a != NULL && x->channel < x->a->ask.n_channels)
		return walk_channel(x, err);
	if (!x->is_before_begun) {
		x->is_before_begun = true;
		x->before = run_before_new(x->s, x->in, x->n_in, x->zone, err);
		return x->before != NULL || err->code == 0 ? 1 : err->code;
	}
	if (x->before != NULL && (rc = run_before_step(x->before, err)) != 0)
		return rc;
	drop_former(x);
	injections_match(x->in, x->n_in, x->results, x->n_results);
	put_table(x, out);
	return 0;
}
