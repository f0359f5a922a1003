/* grafana_names.c - from targets to channels and events; and the lists of them */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "serve/allow.h"
#include "serve/grafana.h"

#define OPTIONS_MAX                                                                                \
	500 /* channels that have their choices beside them; for more they are asked for one by one */
#define MARKS_LIMIT "1000"
#define MARKS_DEFAULT                                                                              \
	"alarms trips runs" /* not what happens all the time: a drawing full of lines shows nothing */

/* ---- patterns ------------------------------------------------------------------------------------------------------------ */

/* The next of the patterns that a text stands for: a variable of several values comes as "(a|b)" or "{a,b}", a name in it perhaps as "d\.a", any text as
 * "*" or ".*". false: there is none any more. *out_exact: it holds no star. */
static bool
next_pattern(const char **at, char out[GRAFANA_NAME], bool *out_exact)
{
	size_t n;

	do {
		const char *p = *at;

		n = 0;
		*out_exact = true;
		for (; *p != '\0' && *p != '|' && *p != ','; p++) {
			char c = *p;

			if (strchr("^$(){}/", c) != NULL)
				continue;
			if (c == '\\' && p[1] != '\0')
				c = *++p;
			else if (c == '.' && (p[1] == '*' || p[1] == '+'))
				p++, c = '*';
			if (c == '*')
				*out_exact = false;
			if (n + 1 < GRAFANA_NAME)
				out[n++] = c;
		}
		out[n] = '\0';
		if (*p == '\0') {
			*at = p;
			return n > 0;
		}
		*at = p + 1;
	} while (n == 0);
	return true;
}

static bool
fits_any(const char *patterns, const char *text)
{
	char pattern[GRAFANA_NAME];
	bool is_exact;

	while (next_pattern(&patterns, pattern, &is_exact))
		if (text_fits(pattern, strlen(pattern), text))
			return true;
	return false;
}

/* ---- tags ---------------------------------------------------------------------------------------------------------------- */

static const char *const tags[] = { "name", "title", "unit", "instrument", "type" };

static const char *
tag_of(const struct view *v, uint32_t channel, const char *key)
{
	const struct board_channel *ch = board_channel(v->board, channel);

	if (strcmp(key, "name") == 0)
		return board_text(v->board, ch->name);
	if (strcmp(key, "title") == 0)
		return board_text(v->board, ch->title);
	if (strcmp(key, "unit") == 0)
		return board_text(v->board, ch->unit);
	if (strcmp(key, "type") == 0)
		return value_type_text(ch->type);
	if (strcmp(key, "instrument") == 0 && ch->instrument != IMAGE_NONE)
		return board_text(v->board, board_instrument(v->board, ch->instrument)->name);
	return "";
}

static bool
passes(const struct grafana_ask *ask, const struct view *v, uint32_t channel)
{
	for (size_t i = 0; i < ask->n_filters; i++) {
		const struct grafana_filter *f = &ask->filters[i];
		const char *tag = tag_of(v, channel, f->key);
		bool fits = strchr(f->operator, '~') != NULL ? fits_any(f->value, tag)
							     : strcmp(f->value, tag) == 0;

		if (fits == (f->operator[0] == '!'))
			return false;
	}
	return true;
}

/* ---- targets ------------------------------------------------------------------------------------------------------------- */

static int
add_series(struct grafana_series *out, const char *name, char column, struct err *err)
{
	if (strlen(name) > 64)
		name = "?"; /* longer than any: it names nothing */
	if (out->n == GRAFANA_SERIES || out->names.n + strlen(name) > GRAFANA_NAMES_MAX)
		return err_set(err, ERR_CONF, 0,
			"the targets name more than %d channels, or such with long names; write "
			"narrower patterns, or spread them over panels",
			GRAFANA_SERIES);
	if (out->n++ > 0)
		buf_putc(&out->names, ',');
	buf_puts(&out->names, name);
	buf_putc(&out->columns, column);
	return 0;
}

static int
expand_pattern(const struct grafana_ask *ask, const char *pattern, char column,
	const struct view *v, struct grafana_series *out, struct err *err)
{
	size_t n = strlen(pattern);

	for (uint32_t i = 0; i < v->info.n_channels; i++) {
		const char *name = board_text(v->board, board_channel(v->board, i)->name);

		if (view_shows(v, i) && text_fits(pattern, n, name) && passes(ask, v, i) &&
			add_series(out, name, column, err) < 0)
			return ERR_CONF;
	}
	return 0;
}

static int
expand_target(const struct grafana_ask *ask, const struct grafana_target *t, const struct view *v,
	struct grafana_series *out, struct err *err)
{
	char pattern[GRAFANA_NAME];
	const char *at = t->text;
	bool is_exact;
	int rc = 0;

	while (rc == 0 && next_pattern(&at, pattern, &is_exact)) {
		uint32_t i = is_exact ? board_find(v->board, pattern) : IMAGE_NONE;

		out->n_stars += !is_exact;
		if (++out->n_words > GRAFANA_WORDS || out->n_stars > GRAFANA_STARS)
			rc = err_set(err, ERR_CONF, 0,
				"over %d names, or %d of them with stars; write fewer",
				GRAFANA_WORDS, GRAFANA_STARS);
		else if (!is_exact)
			rc = expand_pattern(ask, pattern, t->column, v, out, err);
		else if (i == IMAGE_NONE ? ask->n_filters == 0 && allow_name(v->only, pattern)
					 : view_shows(v, i) && passes(ask, v, i))
			rc = add_series(out, pattern, t->column, err);
	}
	return rc;
}

int
grafana_expand(const struct grafana_ask *ask, const struct view *v, struct grafana_series *out,
	struct err *err)
{
	size_t n_marks = 0;
	int rc = 0;

	*out = (struct grafana_series){ 0 };
	for (size_t i = 0; rc == 0 && i < ask->n_targets; i++) {
		const struct grafana_target *t = &ask->targets[i];

		if (t->text[0] == '@') {
			n_marks++;
			rc = grafana_marks(t->text + 1, out, err);
		} else {
			rc = expand_target(ask, t, v, out, err);
		}
	}
	if (rc == 0 && n_marks > 0 && n_marks < ask->n_targets)
		rc = err_set(err, ERR_CONF, 0,
			"events and channels have no place in one answer; ask for '@...' in a "
			"panel of its own");
	out->is_marks = n_marks > 0;
	return rc;
}

void
grafana_series_done(struct grafana_series *s)
{
	buf_done(&s->names);
	buf_done(&s->columns);
}

/* ---- marks --------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *title, *kinds;
} sets[] = {
	{ "alarms", "Alarms", "alarm_*" },
	{ "trips", "Trips and safe states", "trip_*,safe_*,interlock_*" },
	{ "runs", "Begins and ends of runs",
		"record_started,record_stopped,sequence_record_started,sequence_record_stopped" },
	{ "sequences", "Sequences", "sequence_*" },
	{ "notes", "Notes", "record_note,sequence_note,sequence_mark" },
	{ "events", "All events", "*" },
};

static const char *
kinds_of_set(const char *word, size_t n)
{
	for (size_t i = 0; i < NELEM(sets); i++)
		if (strlen(sets[i].name) == n && memcmp(sets[i].name, word, n) == 0)
			return sets[i].kinds;
	return NULL;
}

/* Append to a list of patterns. */
static int
add_patterns(char *list, size_t cap, const char *text, size_t n, const char *what, struct err *err)
{
	size_t have = strlen(list);

	if (have + n + 2 > cap)
		return err_set(err, ERR_CONF, 0, "too many %s; write a star", what);
	if (have > 0)
		list[have++] = ',';
	memcpy(list + have, text, n);
	list[have + n] = '\0';
	return 0;
}

/* A pattern that no kind of event fits was written wrong. */
static int
check_kinds(const char *list, size_t n, struct err *err)
{
	for (const char *at = list, *end = list + n; at < end;) {
		size_t k = MIN(strcspn(at, ", "), (size_t)(end - at));
		int i = 0;

		while (i < EVENT_COUNT && !text_fits(at, k, event_row((enum event_kind)i)->token))
			i++;
		if (i == EVENT_COUNT)
			return err_set(err, ERR_CONF, 0,
				"there are no events of the kind '%.*s'; docs/events.md lists "
				"them, and alarms, trips, runs, sequences, notes and events are "
				"sets",
				(int)MIN(k, (size_t)40), at);
		at += k + (at + k < end);
	}
	return 0;
}

static int
take_word(const char *word, size_t n, struct grafana_series *out, struct err *err)
{
	static const char kind[] = "kind=", subject[] = "subject=", limit[] = "limit=";
	const char *set = kinds_of_set(word, n);
	int rc;

	if (set != NULL)
		return add_patterns(out->kinds, sizeof(out->kinds), set, strlen(set), "kinds", err);
	if (n > strlen(subject) && strncmp(word, subject, strlen(subject)) == 0)
		return add_patterns(out->subjects, sizeof(out->subjects), word + strlen(subject),
			n - strlen(subject), "subjects", err);
	if (n > strlen(limit) && strncmp(word, limit, strlen(limit)) == 0) {
		snprintf(out->limit, sizeof(out->limit), "%.*s", (int)(n - strlen(limit)),
			word + strlen(limit));
		return 0;
	}
	if (n > strlen(kind) && strncmp(word, kind, strlen(kind)) == 0) {
		word += strlen(kind);
		n -= strlen(kind);
	}
	rc = check_kinds(word, n, err);
	return rc < 0 ? rc : add_patterns(out->kinds, sizeof(out->kinds), word, n, "kinds", err);
}

int
grafana_marks(const char *words, struct grafana_series *out, struct err *err)
{
	int rc = 0;

	while (rc == 0) {
		size_t n;

		words += strspn(words, " ");
		n = strcspn(words, " ");
		if (n == 0)
			break;
		rc = take_word(words, n, out, err);
		words += n;
	}
	if (rc == 0 && out->kinds[0] == '\0')
		rc = grafana_marks(MARKS_DEFAULT, out, err);
	if (out->limit[0] == '\0')
		text_copy(out->limit, sizeof(out->limit), MARKS_LIMIT);
	return rc;
}

/* ---- lists --------------------------------------------------------------------------------------------------------------- */

static const char *
title_of(const struct view *v, uint32_t channel)
{
	const char *title = tag_of(v, channel, "title");

	return title[0] != '\0' ? title : tag_of(v, channel, "name");
}

static const struct {
	const char *name, *label;
	const char *values[10]; /* ends with NULL */
} payloads[] = {
	{ "agg", "Aggregate",
		{ "auto", "mean", "min", "max", "first", "last", "count", "envelope", "raw" } },
	{ "format", "Format", { "timeseries", "table" } },
};

static void
put_choice(struct json *j, const char *label, const char *value)
{
	json_object(j, NULL);
	json_text(j, "label", label);
	json_text(j, "value", value);
	json_end(j);
}

static void
put_payloads(struct json *j, bool has_options)
{
	json_array(j, "payloads");
	for (size_t i = 0; i < NELEM(payloads); i++) {
		json_object(j, NULL);
		json_text(j, "label", payloads[i].label);
		json_text(j, "name", payloads[i].name);
		json_text(j, "type", "select");
		if (has_options) {
			json_array(j, "options");
			for (size_t k = 0; payloads[i].values[k] != NULL; k++)
				put_choice(j, payloads[i].values[k], payloads[i].values[k]);
			json_end(j);
		}
		json_end(j);
	}
	json_end(j);
}

static void
put_metrics(struct json *j, const struct view *v)
{
	char name[32];

	for (uint32_t i = 0; i < v->info.n_channels; i++) {
		if (!view_shows(v, i))
			continue;
		json_object(j, NULL);
		json_text(j, "label", title_of(v, i));
		json_text(j, "value", tag_of(v, i, "name"));
		put_payloads(j, v->info.n_channels <= OPTIONS_MAX);
		json_end(j);
	}
	for (size_t i = 0; i < NELEM(sets); i++) {
		snprintf(name, sizeof(name), "@%s", sets[i].name);
		json_object(j, NULL);
		json_text(j, "label", sets[i].title);
		json_text(j, "value", name);
		json_array(j, "payloads");
		json_end(j);
		json_end(j);
	}
}

static void
put_options(struct json *j, const char *name)
{
	for (size_t i = 0; i < NELEM(payloads); i++)
		for (size_t k = 0;
			strcmp(payloads[i].name, name) == 0 && payloads[i].values[k] != NULL; k++)
			put_choice(j, payloads[i].values[k], payloads[i].values[k]);
}

static void
put_value(struct json *j, const char *text, const char *value)
{
	json_object(j, NULL);
	json_text(j, "__text", text);
	json_text(j, "__value", value);
	json_end(j);
}

/* What tag `key` says of the channels before this one: did one of them say the same? A list of a board is short of units and types, and its instruments
 * stand together. */
static bool
is_told(const struct view *v, uint32_t channel, const char *key, const char *const *told, size_t n)
{
	const char *tag = tag_of(v, channel, key);

	for (size_t i = n; i > 0; i--)
		if (strcmp(told[i - 1], tag) == 0)
			return true;
	return tag[0] == '\0';
}

#define TOLD_MAX 500

/* The values of a tag, each once. */
static void
put_tag_values(struct json *j, const struct view *v, const char *key, bool is_variable)
{
	const char *told[TOLD_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < v->info.n_channels && n < TOLD_MAX; i++) {
		if (!view_shows(v, i) || is_told(v, i, key, told, n))
			continue;
		told[n++] = tag_of(v, i, key);
		if (is_variable) {
			put_value(j, told[n - 1], told[n - 1]);
			continue;
		}
		json_object(j, NULL);
		json_text(j, "text", told[n - 1]);
		json_end(j);
	}
}

/* Variables: channels, those of a pattern, or the values of a tag. */
static void
put_variable(struct json *j, const struct view *v, const char *what)
{
	bool is_all = what[0] == '\0' || strcmp(what, "channels") == 0;

	if (strcmp(what, "units") == 0 || strcmp(what, "unit") == 0) {
		put_tag_values(j, v, "unit", true);
	} else if (strcmp(what, "instruments") == 0 || strcmp(what, "instrument") == 0) {
		put_tag_values(j, v, "instrument", true);
	} else if (strcmp(what, "kinds") == 0) {
		for (int i = 0; i < EVENT_COUNT; i++)
			put_value(j, event_row((enum event_kind)i)->token,
				event_row((enum event_kind)i)->token);
	} else {
		for (uint32_t i = 0; i < v->info.n_channels; i++)
			if (view_shows(v, i) && (is_all || fits_any(what, tag_of(v, i, "name"))))
				put_value(j, title_of(v, i), tag_of(v, i, "name"));
	}
}

/* Those in whose names the text stands. */
static void
put_names(struct json *j, const struct view *v, const char *what)
{
	for (uint32_t i = 0; i < v->info.n_channels; i++) {
		const char *name = tag_of(v, i, "name");

		if (view_shows(v, i) &&
			(what[0] == '\0' || strstr(name, what) != NULL || fits_any(what, name)))
			json_text(j, NULL, name);
	}
}

static void
put_tag_keys(struct json *j)
{
	for (size_t i = 0; i < NELEM(tags); i++) {
		json_object(j, NULL);
		json_text(j, "type", "string");
		json_text(j, "text", tags[i]);
		json_end(j);
	}
}

void
grafana_write(struct buf *out, enum grafana_path path, const struct grafana_ask *ask,
	const struct view *v)
{
	struct json j;

	json_open(&j, out);
	json_array(&j, NULL);
	switch (path) {
	case GRAFANA_METRICS:
		put_metrics(&j, v);
		break;
	case GRAFANA_OPTIONS:
		put_options(&j, ask->name);
		break;
	case GRAFANA_VARIABLE:
		put_variable(&j, v, ask->target);
		break;
	case GRAFANA_TAG_KEYS:
		put_tag_keys(&j);
		break;
	case GRAFANA_TAG_VALUES:
		put_tag_values(&j, v, ask->key, false);
		break;
	case GRAFANA_SEARCH:
		put_names(&j, v, ask->target);
		break;
	case GRAFANA_QUERY:
	case GRAFANA_ANNOTATIONS:
	case GRAFANA_PATHS:
		break;
	}
	json_end(&j);
	buf_putc(out, '\n');
}
