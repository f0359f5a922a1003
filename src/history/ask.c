/* ask.c - a question about the history */
#include "history/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/text.h"

#define LATEST_NS (INT64_C(9223000000) * NS_PER_S) /* the year 2262: room for what is added */

static int
read_form(const char *text, struct ask *out, struct err *err)
{
	static const char *const words[] = { "json", "csv", "csv-fr", "flat", "xlsx" };

	for (size_t i = 0; i < NELEM(words); i++)
		if (strcmp(text, words[i]) == 0) {
			out->form = (enum ask_form)i;
			return 0;
		}
	if (strcmp(text, "hdf5") == 0 && out->is_free) {
		out->form = ASK_XLSX;
		out->is_hdf5 = true;
		return 0;
	}
	return err_set(err, ERR_CONF, 0,
		"format '%.20s' is not known; write json, csv, csv-fr (semicolons and decimal "
		"commas), flat (JSON rows), xlsx (a spreadsheet) or, for 'mbc export' alone, hdf5",
		text);
}

static int
read_raw(const char *text, struct ask *out, struct err *err)
{
	out->is_raw = strcmp(text, "1") == 0 || strcmp(text, "true") == 0;
	if (out->is_raw || strcmp(text, "0") == 0 || strcmp(text, "false") == 0)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"raw '%.20s': write raw=1 for each sample, or leave it out", text);
}

/* "10 min", "-10 min": since a beginning. */
static int
read_since_span(const char *text, const char *name, int64_t *out_ns, struct err *err)
{
	bool is_before = text[0] == '-';

	if (span_parse(text + is_before, out_ns, err) < 0) {
		err_prefix(err, ERR_CONF,
			"%s: with 'since' it counts from the beginning of each run, such as 90 s "
			"or -10 min",
			name);
		return ERR_CONF;
	}
	*out_ns = MIN(*out_ns, LATEST_NS);
	*out_ns = is_before ? -*out_ns : *out_ns;
	return 0;
}

static int
read_since_times(const struct ask_words *w, struct ask *out, struct err *err)
{
	out->from_ns = 0;
	out->to_ns = LATEST_NS;
	out->is_to_end = w->to == NULL;
	if (w->from != NULL && read_since_span(w->from, "from", &out->from_ns, err) < 0)
		return ERR_CONF;
	if (w->to != NULL && read_since_span(w->to, "to", &out->to_ns, err) < 0)
		return ERR_CONF;
	if (out->from_ns < out->to_ns)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"from '%.40s' is not before to '%.40s'; exchange them, or leave out both for the "
		"whole runs",
		w->from != NULL ? w->from : "0 s", w->to != NULL ? w->to : "");
}

static int
wrong_since(const char *text, struct err *err)
{
	return err_set(err, ERR_CONF, 0,
		"since '%.60s': write runs by their numbers, each with a step or without, such as "
		"run:12,run:9 or run:12/step:heat,run:9/step:heat",
		text);
}

/* One of them; returns how many bytes it has, or ERR_CONF. The title of a step may have commas: only the next run ends it. */
static int
read_since_one(const char *text, struct ask_since *out, struct err *err)
{
	const char *end = strstr(text, ",run:"), *slash = strchr(text, '/');
	size_t n = end != NULL ? (size_t)(end - text) : strlen(text), digits;
	int64_t run;
	char number[12];

	if (strncmp(text, "run:", 4) != 0)
		return wrong_since(text, err);
	if (slash != NULL && slash >= text + n)
		slash = NULL;
	digits = (slash != NULL ? (size_t)(slash - text) : n) - 4;
	if (digits == 0 || digits >= sizeof(number))
		return wrong_since(text, err);
	memcpy(number, text + 4, digits);
	number[digits] = '\0';
	if (!text_to_int(number, &run) || run < 1 || run > UINT32_MAX)
		return wrong_since(text, err);
	*out = (struct ask_since){ .run = (uint32_t)run };
	if (slash == NULL)
		return (int)n;
	if (strncmp(slash, "/step:", 6) != 0 || slash + 6 == text + n)
		return wrong_since(text, err);
	n -= (size_t)(slash + 6 - text);
	if (n >= sizeof(out->step))
		return err_set(err, ERR_CONF, 0,
			"since: a step has no name as long as '%.40s...'; its number will do, such "
			"as run:%u/step:2",
			slash + 6, out->run);
	memcpy(out->step, slash + 6, n);
	out->step[n] = '\0';
	return (int)((size_t)(slash + 6 - text) + n);
}

static int
read_since(const char *text, struct ask *out, struct err *err)
{
	out->since = mem_zero(ASK_CHANNELS_MAX, sizeof(*out->since));
	for (;;) {
		int n = read_since_one(text, &out->since[out->n_since], err);

		if (n < 0)
			return n;
		out->n_since++;
		text += n;
		if (*text == '\0')
			return 0;
		text++;
		if (out->n_since == ASK_CHANNELS_MAX)
			return err_set(err, ERR_CONF, 0,
				"since names more than %d runs; ask for fewer at once",
				ASK_CHANNELS_MAX);
	}
}

static int
read_times(const struct ask_words *w, int64_t now_ns, struct ask *out, struct err *err)
{
	const char *from = w->from != NULL  ? w->from
			   : out->is_events ? "-7d"
			   : out->is_gaps   ? "first"
					    : "-1h",
		   *to = w->to != NULL ? w->to : "now";

	out->has_all = strcmp(from, "first") == 0;
	out->from_ns = 0;
	if (!out->has_all && stamp_parse(from, now_ns, &out->from_ns, err) < 0)
		return err_prefix(err, ERR_CONF, "from");
	if (stamp_parse(to, now_ns, &out->to_ns, err) < 0)
		return err_prefix(err, ERR_CONF, "to");
	out->from_ns = MIN(out->from_ns, LATEST_NS);
	out->to_ns = MIN(out->to_ns, LATEST_NS);
	if (out->from_ns < out->to_ns)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"from '%.40s' is not before to '%.40s'; exchange them, or leave out 'to' for now",
		from, to);
}

static int
read_points(const struct ask_words *w, struct ask *out, struct err *err)
{
	int64_t n = ASK_POINTS;

	if (w->points != NULL && (!text_to_int(w->points, &n) || n < 1 || n > ASK_POINTS_MAX))
		return err_set(err, ERR_CONF, 0,
			"points '%.20s' is not a number from 1 to %d; ask for fewer, for a shorter "
			"time, or for raw=1",
			w->points, ASK_POINTS_MAX);
	out->points = (size_t)n;
	if (w->every == NULL)
		return 0;
	if (span_parse(w->every, &out->every_ns, err) < 0)
		return err_prefix(err, ERR_CONF, "every");
	if (out->every_ns > 0 && w->points == NULL && !out->is_raw)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"every '%.20s': write a duration such as 10 s, and neither points nor raw beside "
		"it",
		w->every);
}

size_t
ask_columns(const struct ask *ask)
{
	return ask->n_channels + (ask->x[0] != '\0');
}

int
ask_fit(struct ask *ask, struct err *err)
{
	int64_t span = ask->to_ns - ask->from_ns, n = (int64_t)ask->points;

	if (ask->every_ns > 0) {
		/* From the first value on: at a whole multiple, so that 10 s are :00, :10, :20. */
		ask->from_ns -= ask->has_all ? ask->from_ns % ask->every_ns : 0;
		span = ask->to_ns - ask->from_ns;
		n = span / ask->every_ns + (span % ask->every_ns != 0);
		if (n > ASK_POINTS_MAX && (!ask->is_free || ask->form == ASK_JSON))
			return err_set(err, ERR_CONF, 0,
				"%lld intervals are more than %d; write a longer 'every', a "
				"shorter time, or format csv",
				(long long)n, ASK_POINTS_MAX);
		/* Whole intervals: the last one may go beyond. */
		ask->to_ns = ask->from_ns + n * ask->every_ns;
	}
	ask->points = (size_t)MIN(n, span);
	if (ask->is_free || ask->is_raw || ask->form == ASK_JSON ||
		ask->points * ask_columns(ask) <= ASK_BUCKETS_MAX)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"%zu channels with %zu points each are more than %d; ask for fewer of both",
		ask_columns(ask), ask->points, ASK_BUCKETS_MAX);
}

/* The names of a list, each with a zero behind it; returns behind the last one. */
static char *
copy_names(const char *list, char *to, size_t *n_names)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		if (n > 0) {
			memcpy(to, list, n);
			to[n] = '\0';
			to += n + 1;
			++*n_names;
		}
		list += n + (list[n] == ',');
	}
	return to;
}

static int
read_channels(const char *list, struct ask *out, struct err *err)
{
	size_t times = MAX(out->n_since, (size_t)1);
	char *to;

	to = out->channels = mem_zero(times * (strlen(list) + 1) + 1, 1);
	for (size_t i = 0; i < times; i++)
		to = copy_names(list, to, &out->n_channels);
	if (out->n_channels == 0)
		return err_set(
			err, ERR_CONF, 0, "no channel is named; write channels=T_bed,T_furn");
	if (ask_columns(out) <= ASK_CHANNELS_MAX)
		return 0;
	return err_set(err, ERR_CONF, 0, "%zu channels%s; ask for at most %d at once",
		ask_columns(out),
		out->n_since > 0    ? " in all runs together"
		: out->x[0] != '\0' ? " with that of x"
				    : "",
		ASK_CHANNELS_MAX);
}

/* Before read_channels(), which counts it. */
static int
read_x(const struct ask_words *w, struct ask *out, struct err *err)
{
	if (w->x == NULL)
		return 0;
	if (out->n_since > 0)
		return err_set(err, ERR_CONF, 0,
			"x and since do not go together; write '%.40s' among the channels: each "
			"row has the values of one moment of each run",
			w->x);
	if (w->x[0] == '\0' || strchr(w->x, ',') != NULL)
		return err_set(err, ERR_CONF, 0,
			"x '%.40s': write the name of one channel, such as x=T_bed", w->x);
	if (text_copy(out->x, sizeof(out->x), w->x))
		return 0;
	return err_set(err, ERR_CONF, 0,
		"x: nothing is recorded of a channel '%.40s...'; names are shorter", w->x);
}

/* Which events, and how many of them. */
static int
read_events(const struct ask_words *w, struct ask *out, struct err *err)
{
	int64_t limit = ASK_POINTS, before = 0;

	if (w->points != NULL &&
		(!text_to_int(w->points, &limit) || limit < 1 || limit > ASK_EVENTS_MAX))
		return err_set(err, ERR_CONF, 0,
			"limit '%.20s' is not from 1 to %d; write how many of the newest are "
			"wanted",
			w->points, ASK_EVENTS_MAX);
	out->points = (size_t)limit;
	if (w->kind != NULL && (event_find(w->kind) == EVENT_COUNT ||
				       !text_copy(out->kind, sizeof(out->kind), w->kind)))
		return err_set(err, ERR_CONF, 0,
			"there are no events of the kind '%.40s'; 'mbc log --help' and "
			"docs/events.md list them",
			w->kind);
	if (w->subject != NULL && !text_copy(out->subject, sizeof(out->subject), w->subject))
		return err_set(
			err, ERR_CONF, 0, "subject '%.40s...' is too long a name", w->subject);
	if (w->before != NULL && (!text_to_int(w->before, &before) || before < 1))
		return err_set(err, ERR_CONF, 0,
			"before '%.20s' is no id of an event; write the least `id` that is known "
			"already",
			w->before);
	out->before = (uint64_t)before;
	if (w->language != NULL && strcmp(w->language, "fr") != 0 && strcmp(w->language, "en") != 0)
		return err_set(err, ERR_CONF, 0, "language '%.20s': write en or fr", w->language);
	out->language =
		w->language != NULL && strcmp(w->language, "fr") == 0 ? LANGUAGE_FR : LANGUAGE_EN;
	return 0;
}

int
ask_read(const struct ask_words *w, int64_t now_ns, bool is_free, struct ask *out, struct err *err)
{
	int rc;

	*out = (struct ask){
		.is_gaps = w->channels == NULL, .is_events = w->is_events, .is_free = is_free
	};
	if (w->zone != NULL && !text_copy(out->zone, sizeof(out->zone), w->zone))
		return err_set(err, ERR_CONF, 0, "zone '%.40s' is too long a name", w->zone);
	rc = stamp_zone(out->zone, err);
	if (rc == 0 && w->format != NULL)
		rc = read_form(w->format, out, err);
	if (rc == 0 && w->raw != NULL)
		rc = read_raw(w->raw, out, err);
	if (rc == 0 && w->since != NULL && !out->is_gaps)
		rc = read_since(w->since, out, err);
	if (rc == 0)
		rc = out->n_since > 0 ? read_since_times(w, out, err)
				      : read_times(w, now_ns, out, err);
	if (rc == 0 && out->is_events)
		rc = read_events(w, out, err);
	if (rc == 0 && !out->is_gaps)
		rc = read_points(w, out, err);
	if (rc == 0 && !out->is_gaps)
		rc = read_x(w, out, err);
	if (rc == 0 && !out->is_gaps)
		rc = read_channels(w->channels, out, err);
	/* How long it is: known when its first sample, or its runs, are. */
	if (rc < 0 || out->is_gaps || out->has_all || out->n_since > 0)
		return rc;
	return ask_fit(out, err);
}

/* ---- for programs that draw ---------------------------------------------------------------------------------------------- */

/* The whole intervals that hold from .. to: of the least width that is asked for, or wider, so that there are no more than `points`. */
static void
fit_series(struct ask *out, int64_t width_ns)
{
	int64_t span = out->to_ns - out->from_ns, n = (int64_t)out->points, first, last;

	width_ns = MAX(width_ns, span / n + (span % n != 0));
	for (;;) {
		first = out->from_ns / width_ns;
		last = (out->to_ns - 1) / width_ns;
		if (last - first < n || n == 1)
			break;
		width_ns = MAX(width_ns + 1, span / (n - 1) + (span % (n - 1) != 0));
	}
	out->seen_from_ns = out->from_ns;
	out->seen_to_ns = out->to_ns;
	if (last - first >= n)
		return; /* one interval that has it all */
	out->from_ns = first * width_ns;
	out->to_ns = (last + 1) * width_ns;
	out->points = (size_t)(last - first + 1);
}

static int
read_columns(const char *letters, struct ask *out, struct err *err)
{
	if (strlen(letters) != out->n_channels)
		return err_set(err, ERR_CONF, 0, "not a column for each channel");
	for (size_t i = 0; i < out->n_channels; i++) {
		char c = letters[i];

		if (strchr(ASK_COLUMNS, c | 0x20) == NULL)
			return err_set(err, ERR_CONF, 0, "a column that is not known");
		out->n_table += (c & 0x20) == 0;
		out->columns[i] = c;
	}
	return 0;
}

int
ask_read_series(const struct ask_series *w, int64_t now_ns, struct ask *out, struct err *err)
{
	const struct ask_words words = { .channels = w->channels, .from = w->from, .to = w->to };
	int64_t points = ASK_POINTS, width_ms = 0;
	int rc;

	*out = (struct ask){ .form = ASK_SERIES };
	rc = stamp_zone("", err);
	if (rc == 0)
		rc = read_times(&words, now_ns, out, err);
	if (rc == 0 && out->has_all)
		rc = err_set(err, ERR_CONF, 0, "from: write a moment");
	if (rc == 0)
		rc = read_channels(w->channels, out, err);
	if (rc == 0)
		rc = read_columns(w->columns, out, err);
	if (rc == 0 && ((w->points != NULL && !text_to_int(w->points, &points)) ||
			       (w->width_ms != NULL && !text_to_int(w->width_ms, &width_ms))))
		rc = err_set(err, ERR_CONF, 0, "points and width are whole numbers");
	if (rc < 0)
		return rc;
	points = MIN(MAX(points, INT64_C(1)), (int64_t)ASK_SERIES_MAX);
	if (out->n_table > 0)
		points = MIN(points, (int64_t)(ASK_BUCKETS_MAX / out->n_table));
	width_ms = MIN(MAX(width_ms, INT64_C(0)), LATEST_NS / NS_PER_MS);
	out->points = (size_t)MIN(points, out->to_ns - out->from_ns);
	fit_series(out, width_ms * NS_PER_MS);
	return 0;
}

static int
copy_patterns(char out[ASK_LIST_MAX], const char *text, const char *what, struct err *err)
{
	if (text == NULL || text_copy(out, ASK_LIST_MAX, text))
		return 0;
	return err_set(err, ERR_CONF, 0, "%s: a list over %d bytes; write fewer, or a star", what,
		ASK_LIST_MAX - 1);
}

int
ask_read_marks(const struct ask_marks *w, int64_t now_ns, struct ask *out, struct err *err)
{
	const struct ask_words words = { .is_events = true,
		.from = w->from,
		.to = w->to,
		.points = w->limit,
		.language = w->language };
	int rc = ask_read(&words, now_ns, false, out, err);

	out->events_as = w->is_table ? ASK_EVENTS_TABLE : ASK_EVENTS_MARKS;
	if (rc == 0)
		rc = copy_patterns(out->kinds, w->kinds, "kinds", err);
	if (rc == 0)
		rc = copy_patterns(out->subjects, w->subjects, "subjects", err);
	if (rc == 0 && w->echo != NULL && !text_copy(out->echo, sizeof(out->echo), w->echo))
		out->echo[0] = '\0';
	return rc;
}

void
ask_done(struct ask *ask)
{
	free(ask->channels);
	free(ask->since);
	ask->channels = NULL;
	ask->since = NULL;
}
