/* answer_over.c - runs over each other: times count from the beginning of each, or of one of its steps
 *
 * A column is a channel of one run. Its times are those of the boot in which it began, so that a clock that is set in the middle of a run shifts
 * nothing in it; behind a new start of the computer nothing but the wall clock is left to tell how much time went by.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/answer_inside.h"
#include "history/reader_inside.h"

#define STEPS_SHOWN 8

bool
over_is_asked(const struct answer *a)
{
	return a->ask.n_since > 0;
}

int64_t
over_time(const struct over *o, uint32_t boot, int64_t t_ns, int64_t wall_ns)
{
	int64_t at;

	if (boot == o->boot ? __builtin_sub_overflow(t_ns, o->t_ns, &at)
			    : __builtin_sub_overflow(wall_ns, o->wall_ns, &at))
		return INT64_MIN;
	return at;
}

int64_t
over_wall(const struct over *o, int64_t since_ns)
{
	int64_t wall;

	return __builtin_add_overflow(o->wall_ns, since_ns, &wall) ? since_ns : wall;
}

/* ---- steps ---------------------------------------------------------------------------------------------------------------- */

struct steps {
	const struct ask_since *want;
	struct over *over;
	bool is_found;
	char shown[100]; /* those that there are, for who misspelt one */
	size_t n;
};

/* "2 heat" is step 2, and step heat. */
static bool
is_step(const char *text, const char *want)
{
	size_t digits = strcspn(text, " ");
	const char *title = text[digits] == ' ' ? text + digits + 1 : "";

	return strcasecmp(title, want) == 0 ||
	       (strlen(want) == digits && strncmp(text, want, digits) == 0);
}

static void
take_step(struct steps *s, const struct event *e, uint32_t boot)
{
	size_t used = strlen(s->shown);

	if (!is_step(e->text, s->want->step)) {
		if (s->n++ < STEPS_SHOWN)
			snprintf(s->shown + used, sizeof(s->shown) - used, "%s'%.40s'",
				used > 0 ? ", " : "", e->text);
		return;
	}
	s->is_found = true;
	s->over->boot = boot;
	s->over->t_ns = e->stamp_ns;
	text_copy(s->over->step, sizeof(s->over->step), e->text);
}

/* Those that began in the run, in the order of time, until the one that is wanted: a step that is repeated counts from its first time on. */
static int
look_in_file(struct reader *r, size_t file, struct steps *s, struct err *err)
{
	const struct run_row *run = &s->over->run;
	sqlite3 *db = reader_db(r, file, err);
	sqlite3_stmt *st =
		db == NULL ? NULL
			   : db_prepare(db,
				     "SELECT b.boot, e.data FROM event e JOIN boot b ON b.hash = "
				     "e.boot "
				     "WHERE kind = 'sequence_step' AND (b.boot, t) >= (?1, ?2) AND "
				     "(b.boot, t) <= (?3, ?4) ORDER BY b.boot, t",
				     err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "iiii", (int64_t)run->boot0, run->t0,
		run->is_open ? INT64_MAX : (int64_t)run->boot1, run->is_open ? INT64_MAX : run->t1);
	while ((rc = db_row(st, err)) == 1 && !s->is_found) {
		struct event e;

		if (event_decode(&e, sqlite3_column_blob(st, 1),
			    (size_t)sqlite3_column_bytes(st, 1), err) == 0)
			take_step(s, &e, (uint32_t)sqlite3_column_int64(st, 0));
	}
	sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

/* Up to which moment a file records; all of it, where it does not say. */
static int
recorded_in(struct reader *r, size_t file, uint32_t *out_boot, int64_t *out_t, struct err *err)
{
	sqlite3 *db = reader_db(r, file, err);
	sqlite3_stmt *st =
		db == NULL ? NULL : db_prepare(db, "SELECT boot, recorded FROM present", err);
	int rc = st == NULL ? ERR_IO : db_row(st, err);

	*out_boot = UINT32_MAX;
	*out_t = INT64_MAX;
	if (rc == 1) {
		*out_boot = (uint32_t)sqlite3_column_int64(st, 0);
		*out_t = sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	return MIN(rc, 0);
}

static bool
is_before(uint32_t boot, int64_t t, uint32_t other_boot, int64_t other_t)
{
	return boot != other_boot ? boot < other_boot : t < other_t;
}

/* No event is recorded before it happened, and few long after: files before the run, and those from the second behind it on, are not looked into. */
static int
look_in_files(struct reader *r, struct steps *s, struct err *err)
{
	const struct run_row *run = &s->over->run;
	int behind = 0;

	for (size_t i = 0; i < r->n_files && !s->is_found && behind < 2; i++) {
		uint32_t boot;
		int64_t t;

		if (recorded_in(r, i, &boot, &t, err) < 0)
			return ERR_IO;
		if (is_before(boot, t, run->boot0, run->t0) && i + 1 < r->n_files)
			continue;
		if (look_in_file(r, i, s, err) < 0)
			return ERR_IO;
		behind += !run->is_open && is_before(run->boot1, run->t1, boot, t);
	}
	return 0;
}

static int
find_step(struct answer *a, struct over *o, const struct ask_since *want, struct err *err)
{
	struct steps s = { .want = want, .over = o };

	if (look_in_files(a->reader, &s, err) < 0)
		return ERR_IO;
	if (s.is_found)
		return 0;
	if (s.n == 0)
		return err_set(err, ERR_CONF, 404,
			"since: no step is known of run %u; leave out /step:%.40s for its "
			"beginning",
			want->run, want->step);
	return err_set(err, ERR_CONF, 404, "since: run %u has no step '%.40s'; it has %s%s",
		want->run, want->step, s.shown, s.n > STEPS_SHOWN ? ", ..." : "");
}

/* ---- runs ----------------------------------------------------------------------------------------------------------------- */

static int
find_run(struct answer *a, struct over *o, const struct ask_since *want, struct err *err)
{
	uint32_t boot;
	int64_t t;
	int rc = runs_find(a->reader, want->run, &o->run, err);

	if (rc < 0)
		return rc == ERR_CONF ? err_prefix(err, ERR_CONF, "since") : rc;
	o->boot = o->run.boot0;
	o->t_ns = o->run.t0;
	if (want->step[0] != '\0' && find_step(a, o, want, err) < 0)
		return err->code;
	o->wall_ns = reader_wall(a->reader, o->boot, o->t_ns);
	boot = o->run.boot1;
	t = o->run.t1;
	if (o->run.is_open && !reader_place(a->reader, &boot, &t))
		o->end_ns = 0;
	else
		o->end_ns = over_time(o, boot, t, reader_wall(a->reader, boot, t));
	/* One that has just begun has a length. */
	o->end_ns = MAX(o->end_ns, INT64_C(1));
	return 0;
}

static void
add_gap_to(const struct answer *a, struct over *o, const struct reader_gap *gap)
{
	struct reader_gap here = *gap;

	here.from_ns = gap->from_ns == INT64_MIN ? INT64_MIN
						 : over_time(o, gap->boot0, gap->t0, gap->from_ns);
	here.to_ns = over_time(o, gap->boot1, gap->t1, gap->to_ns);
	if (here.to_ns <= a->ask.from_ns - BUCKETS_HOLD_NS || here.from_ns > o->end_ns)
		return;
	if ((o->n_gaps & (o->n_gaps - 1)) == 0) /* room doubles at powers of two */
		o->ledger = mem_grow(o->ledger, MAX(2 * o->n_gaps, (size_t)1), sizeof(*o->ledger));
	o->ledger[o->n_gaps++] = here;
}

static void
add_gap(void *ctx, const struct reader_gap *gap)
{
	struct answer *a = ctx;

	for (size_t i = 0; i < a->ask.n_since; i++)
		add_gap_to(a, &a->overs[i], gap);
}

static int
compare_gaps(const void *a, const void *b)
{
	const struct reader_gap *x = a, *y = b;

	return (x->to_ns > y->to_ns) - (x->to_ns < y->to_ns);
}

/* All of them, in one pass: by wall times that were set back none may be left out. */
static int
load_gaps(struct answer *a, struct err *err)
{
	if (reader_gaps(a->reader, INT64_MIN, INT64_MAX, add_gap, a, err) < 0)
		return ERR_IO;
	for (size_t i = 0; i < a->ask.n_since; i++) {
		struct over *o = &a->overs[i];

		if (o->n_gaps > 0)
			qsort(o->ledger, o->n_gaps, sizeof(*o->ledger), compare_gaps);
	}
	return 0;
}

int
over_begin(struct answer *a, struct err *err)
{
	int64_t longest = 1;

	a->overs = mem_zero(a->ask.n_since, sizeof(*a->overs));
	for (size_t i = 0; i < a->ask.n_since; i++) {
		int rc = find_run(a, &a->overs[i], &a->ask.since[i], err);

		if (rc < 0)
			return rc;
		longest = MAX(longest, a->overs[i].end_ns);
		for (size_t k = 0; k < i; k++)
			if (a->overs[k].run.run == a->overs[i].run.run &&
				strcmp(a->overs[k].step, a->overs[i].step) == 0)
				return err_set(err, ERR_CONF, 0,
					"since: run %u stands there twice; leave out one of both",
					a->overs[i].run.run);
	}
	if (a->ask.is_to_end)
		a->ask.to_ns = longest;
	if (a->ask.from_ns >= a->ask.to_ns)
		return err_set(err, ERR_CONF, 0,
			"from: the longest of the runs lasts %lld s; write an earlier 'from'",
			(long long)(longest / NS_PER_S));
	if (load_gaps(a, err) < 0)
		return ERR_IO;
	return ask_fit(&a->ask, err);
}

void
over_end(struct answer *a)
{
	for (size_t i = 0; a->overs != NULL && i < a->ask.n_since; i++)
		free(a->overs[i].ledger);
	free(a->overs);
	a->overs = NULL;
}

/* "T_bed run 12", "T_bed run 12 step 2": no channel's own name has a space. */
void
over_name(struct answer *a, size_t i)
{
	struct walk *w = &a->walks[i];
	const struct over *o = &a->overs[i / (a->ask.n_channels / a->ask.n_since)];
	size_t n = strlen(w->ch.name);

	w->over = &a->overs[i / (a->ask.n_channels / a->ask.n_since)];
	w->limit_ns = w->over->end_ns + 1; /* what came at its very end is of it */
	w->n_gaps = o->n_gaps;
	w->ledger = mem_zero(o->n_gaps + 1, sizeof(*w->ledger));
	if (o->n_gaps > 0)
		memcpy(w->ledger, o->ledger, o->n_gaps * sizeof(*w->ledger));
	w->gaps = answer_bucket_gaps(w->ledger, w->n_gaps);
	n += (size_t)snprintf(w->ch.name + n, sizeof(w->ch.name) - n, " run %u", o->run.run);
	if (o->step[0] != '\0' && n < sizeof(w->ch.name))
		snprintf(w->ch.name + n, sizeof(w->ch.name) - n, " step %.*s",
			(int)strcspn(o->step, " "), o->step);
}

/* ---- as text -------------------------------------------------------------------------------------------------------------- */

void
answer_seconds(struct answer *a, struct buf *out, int64_t at_ns)
{
	if (over_is_asked(a) && at_ns < 0) {
		buf_putc(out, '-');
		at_ns = at_ns == INT64_MIN ? INT64_MAX : -at_ns;
	}
	stamp_put_seconds(out, at_ns);
}

void
answer_time_head(struct answer *a, struct cells *c, bool is_unit)
{
	if (over_is_asked(a))
		cells_text(c, is_unit ? "s" : "seconds");
	else
		cells_text(c, !is_unit ? "time" : a->ask.zone[0] == '\0' ? "UTC" : a->ask.zone);
}

void
answer_time_cell(struct answer *a, struct cells *c, int64_t at_ns)
{
	size_t at;
	char *point;

	cells_begin(c);
	if (!over_is_asked(a)) {
		stamp_put(&a->stamp, c->out, at_ns);
		return;
	}
	at = c->out->n;
	answer_seconds(a, c->out, at_ns);
	point = c->is_french ? memchr(c->out->data + at, '.', c->out->n - at) : NULL;
	if (point != NULL)
		*point = ',';
}

void
over_describe(const struct walk *w, struct buf *out)
{
	struct json j;

	if (w->over == NULL)
		return;
	buf_printf(out, ",\"run\":%u,\"step\":", w->over->run.run);
	json_open(&j, out);
	json_text(&j, NULL, w->over->step[0] != '\0' ? w->over->step : NULL);
}

static void
put_gaps(struct answer *a, struct buf *out, const struct over *o)
{
	const char *comma = "";

	buf_puts(out, "\"gaps\":[");
	for (size_t i = 0; i < o->n_gaps; i++) {
		const struct reader_gap *gap = &o->ledger[i];

		if (gap->to_ns <= a->ask.from_ns || gap->from_ns >= MIN(a->ask.to_ns, o->end_ns))
			continue;
		buf_printf(out, "%s{\"from\":", comma);
		answer_seconds(a, out, MAX(gap->from_ns, a->ask.from_ns));
		buf_puts(out, ",\"to\":");
		answer_seconds(a, out, gap->to_ns);
		buf_printf(out, ",\"cause\":\"%s\",\"text\":\"%s\",\"missed\":%llu}", gap->cause,
			answer_cause(gap->cause), (unsigned long long)gap->missed);
		comma = ",";
	}
	buf_putc(out, ']');
}

void
over_head(struct answer *a, struct buf *out)
{
	buf_puts(out, "{\"from\":");
	answer_seconds(a, out, a->ask.from_ns);
	buf_puts(out, ",\"to\":");
	answer_seconds(a, out, a->ask.to_ns);
	buf_puts(out, ",\"recorded\":");
	answer_time(a, out, reader_recorded(a->reader));
	buf_puts(out, ",\"since\":[");
	for (size_t i = 0; i < a->ask.n_since; i++) {
		const struct over *o = &a->overs[i];
		struct json j;

		buf_puts(out, i > 0 ? ",\n" : "\n");
		json_open(&j, out);
		json_object(&j, NULL);
		json_int(&j, "run", o->run.run);
		json_text(&j, "title", o->run.title);
		json_text(&j, "step", o->step[0] != '\0' ? o->step : NULL);
		json_bool(&j, "open", o->run.is_open);
		buf_puts(out, ",\"begin\":");
		answer_time(a, out, o->wall_ns);
		buf_puts(out, ",\"seconds\":");
		answer_seconds(a, out, o->end_ns);
		buf_putc(out, ',');
		put_gaps(a, out, o);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

/* ---- gaps in rows --------------------------------------------------------------------------------------------------------- */

/* The next one of a list that is in the answer; false: none begins before `until`. */
static bool
next_of(const struct reader_gap *ledger, size_t n, size_t *next, int64_t from_ns, int64_t to_ns,
	int64_t until_ns)
{
	for (; *next < n && ledger[*next].from_ns <= until_ns; ++*next)
		if (ledger[*next].to_ns > from_ns && ledger[*next].from_ns < to_ns)
			return true;
	return false;
}

static const struct reader_gap *
next_over(struct answer *a, int64_t until_ns, int64_t *out_at, size_t *out_first, size_t *out_end)
{
	size_t each = a->ask.n_channels / a->ask.n_since;
	const struct reader_gap *found = NULL;
	size_t at = 0;

	for (size_t i = 0; i < a->ask.n_since; i++) {
		struct over *o = &a->overs[i];

		if (!next_of(o->ledger, o->n_gaps, &o->next_gap, a->ask.from_ns,
			    MIN(a->ask.to_ns, o->end_ns), until_ns))
			continue;
		if (found != NULL && o->ledger[o->next_gap].from_ns >= found->from_ns)
			continue;
		found = &o->ledger[o->next_gap];
		at = i;
	}
	if (found == NULL)
		return NULL;
	a->overs[at].next_gap++;
	*out_at = MAX(found->from_ns, a->ask.from_ns);
	*out_first = at * each;
	*out_end = *out_first + each;
	return found;
}

const struct reader_gap *
answer_next_gap(
	struct answer *a, int64_t until_ns, int64_t *out_at, size_t *out_first, size_t *out_end)
{
	const struct reader_gap *gap;

	if (over_is_asked(a))
		return next_over(a, until_ns, out_at, out_first, out_end);
	if (!next_of(a->ledger, a->n_gaps, &a->next_gap, a->ask.from_ns, a->ask.to_ns, until_ns))
		return NULL;
	gap = &a->ledger[a->next_gap++];
	*out_at = MAX(gap->from_ns, a->ask.from_ns);
	*out_first = 0;
	*out_end = a->ask.n_channels;
	return gap;
}
