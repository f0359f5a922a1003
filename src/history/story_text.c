/* story_text.c - what happened in a run, as tables and as JSON */
#include "history/story_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sha256.h"

/* ---- tables --------------------------------------------------------------------------------------------------------------- */

void
story_head(struct story_table *t, struct buf *out, bool is_french, int64_t begin_ns,
	const char *const names[], size_t n)
{
	*t = (struct story_table){ .cells = { .out = out, .is_french = is_french },
		.begin_ns = begin_ns };
	buf_put(out, "\xEF\xBB\xBF", 3);
	for (size_t i = 0; i < n; i++)
		cells_text(&t->cells, names[i]);
	cells_end(&t->cells);
}

void
story_put_seconds(struct story_table *t, double seconds)
{
	cells_number(&t->cells, VALUE_FLOAT, round(seconds * 1e3) / 1e3);
}

void
story_put_time(struct story_table *t, int64_t wall_ns)
{
	size_t at;
	char *point;

	cells_begin(&t->cells);
	stamp_put(&t->stamp, t->cells.out, wall_ns);
	cells_begin(&t->cells);
	at = t->cells.out->n;
	stamp_put_seconds(t->cells.out, MAX(wall_ns - t->begin_ns, INT64_C(0)));
	point = t->cells.is_french ? memchr(t->cells.out->data + at, '.', t->cells.out->n - at)
				   : NULL;
	if (point != NULL)
		*point = ',';
}

static double
seconds_of(int64_t ns)
{
	return (double)ns / 1e9;
}

void
story_steps_csv(const struct story *s, bool is_french, struct buf *out)
{
	static const char *const names[] = { "sequence", "step", "title", "comment", "begin",
		"begin_seconds", "end", "end_seconds", "duration [s]", "planned [s]", "held [s]",
		"ended" };
	struct story_table t;

	story_head(&t, out, is_french, s->run->begin_ns, names, NELEM(names));
	for (size_t i = 0; i < s->n_steps; i++) {
		const struct story_step *step = &s->steps[i];

		cells_text(&t.cells, s->parts[step->part].name);
		cells_number(&t.cells, VALUE_FLOAT, step->number);
		cells_text(&t.cells, step->title);
		cells_text(&t.cells, step->comment);
		story_put_time(&t, step->begin_ns);
		if (step->is_open) {
			cells_text(&t.cells, "");
			cells_text(&t.cells, "");
		} else {
			story_put_time(&t, step->end_ns);
		}
		story_put_seconds(&t, seconds_of(step->end_ns - step->begin_ns));
		story_put_seconds(&t, step->planned_s);
		story_put_seconds(&t, seconds_of(step->held_ns));
		cells_text(&t.cells, step->is_open ? "open" : step->how);
		cells_end(&t.cells);
	}
}

bool
story_has_results(const struct story *s)
{
	for (size_t i = 0; i < s->n_events; i++)
		if (s->events[i].e.kind == EVENT_SEQUENCE_RESULT)
			return true;
	return false;
}

static const char *
judge(const struct event *e)
{
	if (e->n_values == 0)
		return "unknown";
	if (e->text[0] != '\0')
		return "outside";
	return e->n_values >= 3 ? "inside" : "";
}

void
story_results_csv(const struct story *s, bool is_french, struct buf *out)
{
	static const char *const names[] = { "time", "seconds", "sequence", "step", "result",
		"value", "low", "high", "judged" };
	struct story_table t;

	story_head(&t, out, is_french, s->run->begin_ns, names, NELEM(names));
	for (size_t i = 0; i < s->n_events; i++) {
		const struct story_event *e = &s->events[i];
		const struct story_step *step = story_step_at(s, e->wall_ns);
		size_t part = story_part_of(s, e);

		if (e->e.kind != EVENT_SEQUENCE_RESULT)
			continue;
		story_put_time(&t, e->wall_ns);
		cells_text(&t.cells, part < s->n_parts ? s->parts[part].name : "");
		cells_number(&t.cells, VALUE_FLOAT, step == NULL ? (double)NAN : step->number);
		cells_text(&t.cells, e->e.subject);
		for (unsigned k = 0; k < 3; k++)
			cells_number(&t.cells, VALUE_FLOAT,
				k < e->e.n_values ? e->e.values[k] : (double)NAN);
		cells_text(&t.cells, judge(&e->e));
		cells_end(&t.cells);
	}
}

void
story_events_csv(const struct story *s, bool is_french, struct buf *out)
{
	static const char *const names[] = { "time", "seconds", "id", "cause", "severity", "kind",
		"subject", "who", "text" };
	struct story_table t;
	struct buf line = { 0 };

	story_head(&t, out, is_french, s->run->begin_ns, names, NELEM(names));
	for (size_t i = 0; i < s->n_events; i++) {
		const struct event *e = &s->events[i].e;

		story_put_time(&t, s->events[i].wall_ns);
		cells_begin(&t.cells);
		buf_printf(out, "%llu", (unsigned long long)e->id);
		cells_begin(&t.cells);
		if (e->cause != 0)
			buf_printf(out, "%llu", (unsigned long long)e->cause);
		cells_text(&t.cells, event_severity_text(event_row(e->kind)->severity));
		cells_text(&t.cells, event_row(e->kind)->token);
		cells_text(&t.cells, e->subject);
		cells_text(&t.cells, e->principal);
		buf_clear(&line);
		event_text(&line, e, LANGUAGE_EN);
		cells_text(&t.cells, buf_text(&line));
		cells_end(&t.cells);
	}
	buf_done(&line);
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------------- */

struct writing {
	const struct story *s;
	struct json j;
	struct stamp *stamp;
	struct buf text;
	size_t part;
	size_t n_files;
	story_file_fn file_of;
	void *ctx;
	char name[100];
};

static void
put_time(struct writing *w, const char *key, int64_t wall_ns)
{
	buf_clear(&w->text);
	stamp_put(w->stamp, &w->text, wall_ns);
	json_text(&w->j, key, buf_text(&w->text));
}

static void
put_seconds(struct writing *w, const char *key, int64_t wall_ns)
{
	json_double(&w->j, key, round(seconds_of(wall_ns - w->s->run->begin_ns) * 1e3) / 1e3);
}

static void
put_span(struct writing *w, int64_t begin_ns, int64_t end_ns, bool is_open)
{
	put_time(w, "begin", begin_ns);
	put_seconds(w, "begin_seconds", begin_ns);
	if (is_open) {
		json_null(&w->j, "end");
		json_null(&w->j, "end_seconds");
		return;
	}
	put_time(w, "end", end_ns);
	put_seconds(w, "end_seconds", end_ns);
}

static void
put_steps(struct writing *w)
{
	json_array(&w->j, "steps");
	for (size_t i = 0; i < w->s->n_steps; i++) {
		const struct story_step *step = &w->s->steps[i];

		if (step->part != w->part)
			continue;
		json_object(&w->j, NULL);
		json_uint(&w->j, "number", step->number);
		json_text(&w->j, "title", step->title);
		json_text(&w->j, "comment", step->comment);
		put_span(w, step->begin_ns, step->end_ns, step->is_open);
		json_double(&w->j, "planned", round(step->planned_s * 1e3) / 1e3);
		json_double(&w->j, "held", round(seconds_of(step->held_ns) * 1e3) / 1e3);
		json_text(&w->j, "ended", step->is_open ? NULL : step->how);
		json_end(&w->j);
	}
	json_end(&w->j);
}

static void
put_event(struct writing *w, const struct story_event *e)
{
	json_object(&w->j, NULL);
	put_time(w, "time", e->wall_ns);
	put_seconds(w, "seconds", e->wall_ns);
	if (e->e.kind == EVENT_SEQUENCE_RESULT) {
		json_text(&w->j, "name", e->e.subject);
		json_double(&w->j, "value", e->e.n_values > 0 ? e->e.values[0] : (double)NAN);
		if (e->e.n_values >= 3) {
			json_double(&w->j, "low", e->e.values[1]);
			json_double(&w->j, "high", e->e.values[2]);
		}
		json_text(&w->j, "judged", judge(&e->e));
	} else {
		json_text(&w->j, "text", e->e.text);
	}
	json_end(&w->j);
}

static void
put_events(struct writing *w, const char *key, enum event_kind kind)
{
	json_array(&w->j, key);
	for (size_t i = 0; i < w->s->n_events; i++)
		if (w->s->events[i].e.kind == kind &&
			story_part_of(w->s, &w->s->events[i]) == w->part)
			put_event(w, &w->s->events[i]);
	json_end(&w->j);
}

static bool
is_in_part(const struct writing *w, int64_t wall_ns)
{
	const struct run_part *p = &w->s->parts[w->part];

	return wall_ns >= p->begin_ns && wall_ns <= p->end_ns;
}

static void
put_spans(struct writing *w, const char *key, enum story_span_kind kind)
{
	json_array(&w->j, key);
	for (size_t i = 0; i < w->s->n_spans; i++) {
		const struct story_span *span = &w->s->spans[i];

		if (span->kind != kind || (kind != STORY_ALARM && !is_in_part(w, span->begin_ns)))
			continue;
		json_object(&w->j, NULL);
		json_text(&w->j,
			kind == STORY_HOLD       ? "why"
			: kind == STORY_QUESTION ? "question"
						 : "alarm",
			span->what);
		put_span(w, span->begin_ns, span->end_ns, span->is_open);
		if (kind == STORY_QUESTION)
			json_text(&w->j, "answer", span->answer[0] == '\0' ? NULL : span->answer);
		json_end(&w->j);
	}
	json_end(&w->j);
}

/* When nobody was at the controls, as the ledger has it: from the last tick before to the first one behind. */
static void
put_interruption(void *ctx, const struct reader_gap *gap)
{
	struct writing *w = ctx;

	if ((strcmp(gap->cause, "bench_stopped") != 0 && strcmp(gap->cause, "computer_off") != 0) ||
		!is_in_part(w, gap->from_ns))
		return;
	for (size_t i = 0; i < w->s->n_events; i++) {
		const struct story_event *e = &w->s->events[i];

		if (e->e.kind == EVENT_SEQUENCE_INTERRUPTED && e->e.n_values > 0 &&
			e->wall_ns - (int64_t)(e->e.values[0] * 1e9) < gap->to_ns &&
			e->wall_ns > gap->from_ns)
			return; /* told already, to the tick */
	}
	json_object(&w->j, NULL);
	put_span(w, gap->from_ns, gap->to_ns, false);
	json_text(&w->j, "cause", gap->cause);
	json_end(&w->j);
}

/* One after which it went on by itself was short: the ledger need not have a gap of it. */
static void
put_went_on(struct writing *w)
{
	for (size_t i = 0; i < w->s->n_events; i++) {
		const struct story_event *e = &w->s->events[i];
		bool has_span = e->e.n_values > 0 && e->e.values[0] >= 0;

		if (e->e.kind != EVENT_SEQUENCE_INTERRUPTED || story_part_of(w->s, e) != w->part)
			continue;
		json_object(&w->j, NULL);
		put_span(w, has_span ? e->wall_ns - (int64_t)(e->e.values[0] * 1e9) : e->wall_ns,
			e->wall_ns, false);
		json_text(&w->j, "cause", "controller_away");
		json_end(&w->j);
	}
}

static void
put_file(void *ctx, const char *const columns[3])
{
	struct writing *w = ctx;
	char hex[2 * SHA256_BYTES + 1];

	sha256_hex(hex, columns[1], strlen(columns[1]));
	json_object(&w->j, NULL);
	json_text(&w->j, "path", columns[0]);
	json_text(&w->j, "file", w->file_of(w->ctx, w->part, w->n_files++));
	json_text(&w->j, "sha256", hex);
	json_end(&w->j);
}

/* A card that is gone was noted when the story was read. */
static int
put_files(struct writing *w, struct err *err)
{
	const struct run_part *p = &w->s->parts[w->part];
	struct buf card = { 0 };
	int rc = 0;

	w->n_files = 0;
	json_array(&w->j, "files");
	if (p->card[0] != '\0') {
		rc = runs_bench(w->s->r, p->card, &card, err);
		if (rc == 0)
			rc = runs_card(w->s->r, buf_text(&card), CARD_FILES, put_file, w, err);
	}
	json_end(&w->j);
	buf_done(&card);
	return rc == ERR_CONF ? 0 : rc;
}

static void
put_records(struct writing *w)
{
	json_array(&w->j, "records");
	for (size_t i = 0; i < w->s->n_records; i++) {
		const struct story_record *r = &w->s->records[i];

		if (r->part != w->part)
			continue;
		json_object(&w->j, NULL);
		json_text(&w->j, "name", r->name);
		json_double(&w->j, "every", r->every_s);
		put_span(w, r->begin_ns, r->end_ns, false);
		json_bool(&w->j, "left_open", r->is_left_open);
		json_end(&w->j);
	}
	json_end(&w->j);
}

static int
put_part(struct writing *w, struct err *err)
{
	const struct run_part *p = &w->s->parts[w->part];
	int rc;

	json_object(&w->j, NULL);
	json_text(&w->j, "name", p->name);
	json_text(&w->j, "title", p->title);
	if (p->version != 0)
		json_uint(&w->j, "version", p->version);
	else
		json_null(&w->j, "version");
	json_uint(&w->j, "start_event", p->start);
	json_text(&w->j, "started_by", p->who);
	put_span(w, p->begin_ns, p->end_ns, p->is_open);
	json_text(&w->j, "ended", p->is_open ? NULL : p->how);
	json_raw(&w->j, "parameters", p->params);
	json_raw(&w->j, "metadata", p->meta);
	rc = put_files(w, err);
	put_steps(w);
	put_events(w, "marks", EVENT_SEQUENCE_MARK);
	put_events(w, "results", EVENT_SEQUENCE_RESULT);
	put_events(w, "guards", EVENT_SEQUENCE_GUARD);
	put_events(w, "skipped", EVENT_SEQUENCE_SKIPPED);
	put_spans(w, "questions", STORY_QUESTION);
	put_spans(w, "holds", STORY_HOLD);
	json_array(&w->j, "interruptions");
	put_went_on(w);
	if (rc == 0)
		rc = reader_gaps(w->s->r, p->begin_ns, p->end_ns + 1, put_interruption, w, err);
	json_end(&w->j);
	put_records(w);
	json_end(&w->j);
	buf_putc(w->j.out, '\n');
	return rc;
}

int
story_json(const struct story *s, struct stamp *stamp, story_file_fn file_of, void *ctx,
	struct buf *out, struct err *err)
{
	struct writing w = { .s = s, .stamp = stamp, .file_of = file_of, .ctx = ctx };
	int rc = 0;

	buf_puts(out, "\"sequences\":");
	json_open(&w.j, out);
	json_array(&w.j, NULL);
	for (w.part = 0; w.part < s->n_parts && rc == 0; w.part++)
		rc = put_part(&w, err);
	json_end(&w.j);
	buf_puts(out, ",\n\"alarms\":");
	json_open(&w.j, out);
	put_spans(&w, NULL, STORY_ALARM);
	buf_printf(out, ",\n\"events\":%zu,\"events_left_out\":%zu", s->n_events, s->n_left_out);
	buf_done(&w.text);
	return rc;
}
