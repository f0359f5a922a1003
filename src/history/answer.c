/* answer.c - the answer to a question about the history: what all forms have in common */
#include "history/answer_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/covers.h"
#include "history/sheet.h"

#define NEAREST_MAX 2000 /* names that are compared for "did you mean" */

const char *
answer_cause(const char *token)
{
	static const struct {
		const char *token, *en;
	} rows[] = {
#define GAP(name, en, fr) { #name, en },
#include "history/gap.def"
#undef GAP
	};

	for (size_t i = 0; i < NELEM(rows); i++)
		if (strcmp(rows[i].token, token) == 0)
			return rows[i].en;
	return token;
}

/* ---- channels ------------------------------------------------------------------------------------------------------------ */

struct names {
	char *at[NEAREST_MAX];
	size_t n;
};

static void
add_name(void *ctx, const struct reader_channel *ch)
{
	struct names *names = ctx;

	if (names->n < NEAREST_MAX)
		names->at[names->n++] = mem_text(ch->name);
}

static int
unknown(struct reader *r, const char *name, int status, struct err *err)
{
	struct names *names = mem_zero(1, sizeof(*names));
	char shown[61];
	const char *near;

	text_copy(shown, sizeof(shown), name);
	if (reader_channels(r, add_name, names, NULL) < 0)
		names->n = 0;
	near = text_nearest(name, (const char *const *)names->at, names->n);
	if (near != NULL)
		err_set(err, ERR_CONF, status,
			"nothing is recorded of a channel '%s'; did you mean '%s'?", shown, near);
	else
		err_set(err, ERR_CONF, status,
			"nothing is recorded of a channel '%s'; /api/v1/channels and 'mbc get' "
			"list "
			"those of the bench",
			shown);
	for (size_t i = 0; i < names->n; i++)
		free(names->at[i]);
	free(names);
	return ERR_CONF;
}

static int
find_channels(struct answer *a, struct err *err)
{
	const char *name = a->ask.channels;

	a->walks = mem_zero(ask_columns(&a->ask) + 1, sizeof(*a->walks));
	for (size_t i = 0; i < ask_columns(&a->ask); i++)
		a->walks[i].limit_ns = INT64_MAX;
	for (size_t i = 0; i < a->ask.n_channels; i++, name += strlen(name) + 1) {
		int rc = reader_find(a->reader, name, &a->walks[i].ch, err);

		if (rc == ERR_CONF && a->ask.form == ASK_SERIES) {
			/* One that is not known leaves the others on a drawing alone. */
			a->walks[i].is_missing = true;
			text_copy(a->walks[i].ch.name, sizeof(a->walks[i].ch.name), name);
			continue;
		}
		if (rc == ERR_CONF)
			return unknown(a->reader, name, 404, err);
		if (rc < 0)
			return rc;
		if (a->ask.form == ASK_FLAT && strcmp(name, "time") == 0)
			return err_set(err, ERR_CONF, 0,
				"a channel 'time' has no column in format flat, whose rows have a "
				"time of their own; ask for json or csv");
		series_init(&a->walks[i].series, a->walks[i].ch.type);
		if (over_is_asked(a))
			over_name(a, i);
	}
	return 0;
}

/* A name in a parameter that is not there is a wrong question, not one for something that does not exist. */
static int
find_x(struct answer *a, struct err *err)
{
	struct walk *w = x_walk(a);
	int rc = reader_find(a->reader, a->ask.x, &w->ch, err);

	if (rc == ERR_CONF)
		rc = unknown(a->reader, a->ask.x, 400, err);
	else if (rc == 0 && w->ch.type == VALUE_TEXT)
		rc = err_set(err, ERR_CONF, 400,
			"channel '%s' has texts, which have no place on an axis; write a channel "
			"with numbers, or ask for '%s' among the channels with raw=1",
			w->ch.name, w->ch.name);
	if (rc < 0)
		return rc == ERR_CONF ? err_prefix(err, ERR_CONF, "x") : rc;
	series_init(&w->series, w->ch.type);
	return 0;
}

/* The range begins with the first sample of all channels. */
static int
begin_at_first(struct answer *a, struct err *err)
{
	int64_t first = a->ask.to_ns - 1;

	for (size_t i = 0; i < a->ask.n_channels; i++) {
		struct walk *w = &a->walks[i];
		struct piece piece;
		int rc;

		walk_begin(a, w, 0, a->ask.to_ns, false);
		rc = cursor_next(w->cursor, &piece, err);
		if (rc < 0)
			return rc;
		if (rc == 1)
			first = MIN(first, reader_wall(a->reader, piece.boot, piece.stats.t_min));
		walk_end(w);
	}
	a->ask.from_ns = MAX(first, INT64_C(0));
	return ask_fit(&a->ask, err);
}

/* ---- gaps ---------------------------------------------------------------------------------------------------------------- */

static void
add_gap(void *ctx, const struct reader_gap *gap)
{
	struct answer *a = ctx;

	if ((a->n_gaps & (a->n_gaps - 1)) == 0) /* room doubles at powers of two */
		a->ledger = mem_grow(a->ledger, MAX(2 * a->n_gaps, (size_t)1), sizeof(*a->ledger));
	a->ledger[a->n_gaps++] = *gap;
}

struct bucket_gap *
answer_bucket_gaps(const struct reader_gap *ledger, size_t n)
{
	struct bucket_gap *gaps = mem_zero(n + 1, sizeof(*gaps));

	for (size_t i = 0; i < n; i++)
		gaps[i] = (struct bucket_gap){ ledger[i].from_ns, ledger[i].to_ns };
	return gaps;
}

/* What covers one channel (NULL: all) is cut out of its gaps; *common keeps what covers all that were looked at. */
static int
cover_walk(struct answer *a, struct walk *w, struct reader_cover **common, size_t *n_common,
	struct err *err)
{
	struct reader_cover *covers = NULL, *met;
	int found = w != NULL && w->is_missing
			    ? 0
			    : reader_covers(a->reader, w == NULL ? NULL : &w->ch, &covers, err);
	size_t n;

	if (found < 0)
		return found;
	if (covers == NULL) /* nothing: which is no less than something of all */
		covers = mem_zero(1, sizeof(*covers));
	n = covers_join(covers, (size_t)found);
	if (w != NULL) {
		w->n_gaps =
			covers_cut(a->ledger, a->n_gaps, covers, n, BUCKETS_HOLD_NS, &w->ledger);
		w->gaps = answer_bucket_gaps(w->ledger, w->n_gaps);
	}
	if (*common == NULL) {
		*common = covers;
		*n_common = n;
		return 0;
	}
	*n_common = covers_meet(*common, *n_common, covers, n, &met);
	free(*common);
	free(covers);
	*common = met;
	return 0;
}

/* A time that was not recorded, and of which all channels that are asked for were imported, is no gap of the answer. */
static int
cover_gaps(struct answer *a, struct err *err)
{
	struct reader_cover *common = NULL;
	struct reader_gap *left;
	size_t n_common = 0;
	int rc = a->ask.is_gaps ? cover_walk(a, NULL, &common, &n_common, err) : 0;

	for (size_t i = 0; !a->ask.is_gaps && i < a->ask.n_channels && rc == 0; i++)
		rc = cover_walk(a, &a->walks[i], &common, &n_common, err);
	if (rc == 0 && !a->ask.is_gaps && x_is_asked(a)) {
		struct reader_cover *of_x = NULL;
		size_t n_of_x = 0;

		rc = cover_walk(a, x_walk(a), &of_x, &n_of_x, err);
		free(of_x);
	}
	if (rc == 0) {
		a->n_gaps =
			covers_cut(a->ledger, a->n_gaps, common, n_common, BUCKETS_HOLD_NS, &left);
		free(a->ledger);
		a->ledger = left;
	}
	free(common);
	return rc;
}

static int
load_gaps(struct answer *a, struct err *err)
{
	int64_t margin = a->ask.is_gaps ? 0 : BUCKETS_HOLD_NS;
	int rc = reader_gaps(
		a->reader, a->ask.from_ns - margin, a->ask.to_ns + margin, add_gap, a, err);

	return rc < 0 ? rc : cover_gaps(a, err);
}

void
answer_time(struct answer *a, struct buf *out, int64_t wall_ns)
{
	if (wall_ns == INT64_MIN) {
		buf_puts(out, "null");
		return;
	}
	buf_putc(out, '"');
	stamp_put(&a->stamp, out, wall_ns);
	buf_putc(out, '"');
}

/* ---- what JSON begins with ----------------------------------------------------------------------------------------------- */

void
answer_put_gaps(struct answer *a, struct buf *out)
{
	const char *comma = "";

	buf_puts(out, "\"gaps\":[");
	for (size_t i = 0; i < a->n_gaps; i++) {
		const struct reader_gap *gap = &a->ledger[i];

		if (gap->to_ns <= a->ask.from_ns || gap->from_ns >= a->ask.to_ns)
			continue;
		buf_printf(out, "%s{\"from\":", comma);
		answer_time(a, out, gap->from_ns);
		buf_puts(out, ",\"to\":");
		answer_time(a, out, gap->to_ns);
		buf_printf(out, ",\"cause\":\"%s\",\"text\":\"%s\",\"missed\":%llu}", gap->cause,
			answer_cause(gap->cause), (unsigned long long)gap->missed);
		comma = ",";
	}
	buf_putc(out, ']');
}

void
answer_head(struct answer *a, struct buf *out)
{
	if (over_is_asked(a)) {
		over_head(a, out);
		return;
	}
	buf_puts(out, "{\"from\":");
	answer_time(a, out, a->ask.from_ns);
	buf_puts(out, ",\"to\":");
	answer_time(a, out, a->ask.to_ns);
	buf_puts(out, ",\"recorded\":");
	answer_time(a, out, reader_recorded(a->reader));
	buf_putc(out, ',');
	answer_put_gaps(a, out);
}

static void
describe_choices(struct json *j, const struct reader_channel *ch)
{
	const char *p = ch->choices;

	json_object(j, "choices");
	while (*p != '\0') {
		size_t line = strcspn(p, "\n"), number = strcspn(p, "=");
		char key[24], word[VALUE_TEXT_MAX + 1];

		if (number < line && number < sizeof(key) && line - number <= VALUE_TEXT_MAX) {
			memcpy(key, p, number);
			key[number] = '\0';
			memcpy(word, p + number + 1, line - number - 1);
			word[line - number - 1] = '\0';
			json_text(j, key, word);
		}
		p += line + (p[line] == '\n');
	}
	json_end(j);
}

void
answer_describe(struct buf *out, const struct reader_channel *ch)
{
	struct json j;

	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "name", ch->name);
	json_text(&j, "title", ch->title);
	json_text(&j, "unit", ch->unit);
	json_text(&j, "type", value_type_text(ch->type));
	json_text(&j, "instrument", ch->instrument[0] != '\0' ? ch->instrument : NULL);
	if (ch->type == VALUE_CHOICE)
		describe_choices(&j, ch);
}

static int
step_gaps(struct answer *a, struct buf *out, struct err *err)
{
	answer_head(a, out);
	buf_puts(out, "}\n");
	return 0;
}

/* ---- life ---------------------------------------------------------------------------------------------------------------- */

static int
set_up(struct answer *a, struct err *err)
{
	bool is_json = a->ask.form == ASK_JSON;
	int rc = stamp_zone(a->ask.zone, err);

	if (rc == 0 && over_is_asked(a))
		rc = over_begin(a, err);
	if (rc == 0 && !a->ask.is_gaps)
		rc = find_channels(a, err);
	if (rc == 0 && !a->ask.is_gaps && x_is_asked(a))
		rc = find_x(a, err);
	if (rc == 0 && a->ask.has_all && !a->ask.is_gaps)
		rc = begin_at_first(a, err);
	if (rc == 0 && !a->ask.is_events && !over_is_asked(a))
		rc = load_gaps(a, err);
	if (rc < 0)
		return rc;
	if (a->ask.is_events)
		a->step = answer_events;
	else if (a->ask.is_gaps)
		a->step = step_gaps;
	else if (a->ask.form == ASK_SERIES)
		a->step = answer_series;
	else if (a->ask.is_raw)
		a->step = is_json ? answer_raw_json : answer_raw_rows;
	else
		a->step = is_json ? answer_buckets_json : answer_buckets_rows;
	if (a->ask.form == ASK_SERIES)
		answer_places(a);
	if (a->ask.form == ASK_XLSX && !a->ask.is_free && !a->ask.is_gaps) {
		a->sheet = sheet_new(SHEET_ROWS, err);
		if (a->sheet == NULL)
			return ERR_IO;
	}
	if (!a->ask.is_gaps && !a->ask.is_raw)
		answer_window(a);
	return 0;
}

struct answer *
answer_new(struct reader *reader, struct ask *ask, struct err *err)
{
	struct answer *a = mem_zero(1, sizeof(*a));

	a->reader = reader;
	a->ask = *ask;
	ask->channels = NULL;
	ask->since = NULL;
	if (reader_refresh(reader, err) < 0 || set_up(a, err) < 0) {
		answer_free(a);
		return NULL;
	}
	return a;
}

void
answer_free(struct answer *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; a->walks != NULL && i < ask_columns(&a->ask); i++) {
		cursor_free(a->walks[i].cursor);
		series_done(&a->walks[i].series);
		free(a->walks[i].ledger);
		free(a->walks[i].gaps);
	}
	free(a->walks);
	over_end(a);
	free(a->ledger);
	free(a->buckets);
	free(a->spots);
	sheet_free(a->sheet);
	buf_done(&a->cells);
	ask_done(&a->ask);
	free(a);
}

const char *
answer_type(const struct answer *a)
{
	return a->ask.form == ASK_JSON || a->ask.form == ASK_FLAT || a->ask.form == ASK_SERIES ||
			       a->ask.is_gaps
		       ? "application/json"
	       : a->sheet != NULL ? SHEET_TYPE
				  : "text/csv; charset=utf-8; header=present";
}

size_t
answer_channels(const struct answer *a)
{
	return a->ask.is_raw ? ask_columns(&a->ask) : 1;
}

size_t
answer_buckets(const struct answer *a)
{
	return a->buckets == NULL ? 0
	       : a->ask.form == ASK_SERIES
		       ? a->n_window * MAX(a->ask.n_table, (size_t)1)
		       : a->n_window * (a->ask.form == ASK_JSON ? 1 : ask_columns(&a->ask));
}

/* ---- spreadsheets -------------------------------------------------------------------------------------------------------- */

#define GAPS_A_STEP 1000

static void
put_gap_cells(struct answer *a, struct cells *c, const struct reader_gap *gap)
{
	if (gap->from_ns == INT64_MIN) {
		cells_begin(c);
	} else {
		cells_moment(c);
		stamp_put(&a->stamp, c->out, gap->from_ns);
	}
	cells_moment(c);
	stamp_put(&a->stamp, c->out, gap->to_ns);
	cells_text(c, gap->cause);
	cells_text(c, answer_cause(gap->cause));
	cells_number(c, VALUE_FLOAT, (double)gap->missed);
	cells_end(c);
}

/* When nothing was recorded, and why, on a sheet behind the values. */
static int
put_gap_sheet(struct answer *a, struct buf *out)
{
	static const char *const heads[] = { "from", "to", "cause", "", "values missed" };
	struct cells c = { .out = out, .is_typed = true };

	if (!a->is_at_gaps) {
		a->is_at_gaps = true;
		cells_sheet(&c, "gaps");
		for (size_t i = 0; i < NELEM(heads); i++)
			cells_text(&c, heads[i]);
		cells_end(&c);
	}
	for (size_t n = 0; a->gap_row < a->n_gaps && n < GAPS_A_STEP; a->gap_row++) {
		const struct reader_gap *gap = &a->ledger[a->gap_row];

		if (gap->to_ns <= a->ask.from_ns || gap->from_ns >= a->ask.to_ns)
			continue;
		put_gap_cells(a, &c, gap);
		n++;
	}
	return a->gap_row < a->n_gaps;
}

static int
step_cells(struct answer *a, struct buf *out, struct err *err)
{
	int rc = a->is_at_gaps ? 0 : a->step(a, out, err);

	return rc != 0 ? rc : put_gap_sheet(a, out);
}

static int
step_sheet(struct answer *a, struct buf *out, struct err *err)
{
	int rc, more = step_cells(a, &a->cells, err);

	if (more < 0)
		return more;
	rc = sheet_take(a->sheet, &a->cells, out, err);
	buf_clear(&a->cells);
	if (rc == 0 && more == 0)
		rc = sheet_end(a->sheet, out, err);
	return rc < 0 ? rc : more;
}

int
answer_step(struct answer *a, struct buf *out, struct err *err)
{
	int rc = stamp_zone(a->ask.zone, err);

	if (rc < 0)
		return rc;
	if (a->sheet != NULL)
		return step_sheet(a, out, err);
	return a->ask.form == ASK_XLSX && !a->ask.is_gaps ? step_cells(a, out, err)
							  : a->step(a, out, err);
}
