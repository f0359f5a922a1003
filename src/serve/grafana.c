/* grafana.c - bodies of requests, read: the sources are Grafana's plug-ins SimpleJSON and simPod JSON 0.6
 *
 * Members that nobody knows are passed over, as each version sends some more; known ones of a wrong kind are refused with their place.
 */
#include "serve/grafana.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "serve/json_in.h"

const char *const grafana_paths[GRAFANA_PATHS] = {
	[GRAFANA_METRICS] = "/grafana/metrics",
	[GRAFANA_OPTIONS] = "/grafana/metric-payload-options",
	[GRAFANA_QUERY] = "/grafana/query",
	[GRAFANA_VARIABLE] = "/grafana/variable",
	[GRAFANA_TAG_KEYS] = "/grafana/tag-keys",
	[GRAFANA_TAG_VALUES] = "/grafana/tag-values",
	[GRAFANA_SEARCH] = "/grafana/search",
	[GRAFANA_ANNOTATIONS] = "/grafana/annotations",
};

enum grafana_path
grafana_find(const char *uri)
{
	size_t n = strcspn(uri, "?");
	int p = 0;

	while (p < GRAFANA_PATHS &&
		(strncmp(grafana_paths[p], uri, n) != 0 || grafana_paths[p][n] != '\0'))
		p++;
	return (enum grafana_path)p;
}

/* ---- kinds of values ----------------------------------------------------------------------------------------------------- */

/* A short text; null and whatever else it is count for nothing. */
static int
take_word(struct json_in *in, const char **out)
{
	char *text;
	int rc;

	if (json_in_next(in) != '"')
		return json_in_skip(in);
	rc = json_in_text(in, &text);
	if (rc == 0 && strlen(text) > GRAFANA_WORD_MAX)
		rc = json_in_wrong(in, "over %d bytes; write less", GRAFANA_WORD_MAX);
	if (rc == 0)
		*out = text;
	return rc;
}

/* A text; null is "". */
static int
take_text(struct json_in *in, char **out)
{
	static char nothing[1];

	*out = nothing;
	return json_in_next(in) == 'n' ? json_in_skip(in) : json_in_text(in, out);
}

/* A whole number, within what is sensible; null is 0. */
static int
take_count(struct json_in *in, int64_t *out)
{
	double v = 0;
	int rc = json_in_next(in) == 'n' ? json_in_skip(in) : json_in_number(in, &v);

	if (rc == 0)
		*out = (int64_t)MIN(MAX(v, 0.0), 1e15);
	return rc;
}

/* A moment: a text, or a number of milliseconds. */
static int
take_moment(struct json_in *in, char out[40])
{
	int64_t ms = 0;
	char *text;
	int rc;

	if (json_in_next(in) == '0') {
		rc = take_count(in, &ms);
		snprintf(out, 40, "%lld", (long long)ms);
		return rc;
	}
	rc = take_text(in, &text);
	if (rc == 0 && !text_copy(out, 40, text))
		return json_in_wrong(in, "a moment is shorter; write 2026-11-22T13:05:07Z");
	return rc;
}

static int
take_range(void *ctx, struct json_in *in, const char *key)
{
	struct grafana_ask *ask = ctx;

	if (strcmp(key, "from") == 0)
		return take_moment(in, ask->from);
	if (strcmp(key, "to") == 0)
		return take_moment(in, ask->to);
	return json_in_skip(in);
}

/* ---- targets ------------------------------------------------------------------------------------------------------------- */

struct target {
	char *text;
	char column;
	bool is_table, is_hidden;
};

/* "mean": its letter. */
static int
take_column(struct json_in *in, char *out)
{
	static const struct {
		const char *word;
		char column;
	} rows[] = { { "", 'a' }, { "auto", 'a' }, { "mean", 'm' }, { "avg", 'm' }, { "min", 'n' },
		{ "max", 'x' }, { "first", 'f' }, { "last", 'l' }, { "count", 'c' },
		{ "envelope", 'e' }, { "raw", 'r' } };
	char *word;
	int rc = take_text(in, &word);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < NELEM(rows); i++)
		if (strcmp(rows[i].word, word) == 0) {
			*out = rows[i].column;
			return 0;
		}
	return json_in_wrong(in,
		"agg '%.20s' is not known; write auto, mean, min, max, first, last, count, "
		"envelope or raw",
		word);
}

static int
take_form(struct json_in *in, bool *out)
{
	char *word;
	int rc = take_text(in, &word);

	if (rc == 0)
		*out = strcmp(word, "table") == 0;
	return rc;
}

static int
take_payload(void *ctx, struct json_in *in, const char *key)
{
	struct target *t = ctx;

	if (strcmp(key, "agg") == 0)
		return take_column(in, &t->column);
	if (strcmp(key, "format") == 0)
		return take_form(in, &t->is_table);
	return json_in_skip(in);
}

/* What was typed into the editor as text; as long as it is no JSON it counts for nothing. */
static int
take_typed(struct json_in *in, struct target *t)
{
	struct json_in typed;
	struct target copy = *t;
	struct err err;
	char *text;
	int rc = json_in_text(in, &text);

	if (rc == 0 && json_in_open(&typed, text, strlen(text), "payload", &err) == 0 &&
		json_in_next(&typed) == '{' && json_in_object(&typed, take_payload, &copy) == 0)
		*t = copy;
	return rc;
}

static int
take_target_member(void *ctx, struct json_in *in, const char *key)
{
	struct target *t = ctx;

	if (strcmp(key, "target") == 0)
		return take_text(in, &t->text);
	if (strcmp(key, "hide") == 0 && json_in_next(in) != 'n')
		return json_in_bool(in, &t->is_hidden);
	if (strcmp(key, "payload") == 0 && json_in_next(in) == '{')
		return json_in_object(in, take_payload, t);
	if (strcmp(key, "payload") == 0 && json_in_next(in) == '"')
		return take_typed(in, t);
	if (strcmp(key, "type") == 0 && json_in_next(in) == '"')
		return take_form(in, &t->is_table);
	return json_in_skip(in);
}

static int
take_target(void *ctx, struct json_in *in, const char *key)
{
	struct grafana_ask *ask = ctx;
	struct target t = { .column = 'a' };
	int rc;

	if (json_in_next(in) == 'n')
		return json_in_skip(in);
	rc = json_in_object(in, take_target_member, &t);
	if (rc < 0)
		return rc;
	/* A row of the editor in which nothing stands yet. */
	if (t.is_hidden || t.text == NULL || t.text[0] == '\0')
		return 0;
	if (ask->n_targets == GRAFANA_TARGETS)
		return json_in_wrong(
			in, "more than %d targets; write patterns such as T_*", GRAFANA_TARGETS);
	ask->targets[ask->n_targets++] =
		(struct grafana_target){ t.text, (char)(t.is_table ? t.column & ~0x20 : t.column) };
	return 0;
}

/* ---- filters ------------------------------------------------------------------------------------------------------------- */

static int
take_filter_member(void *ctx, struct json_in *in, const char *key)
{
	struct grafana_filter *f = ctx;

	if (strcmp(key, "key") == 0)
		return take_word(in, &f->key);
	if (strcmp(key, "operator") == 0)
		return take_word(in, &f->operator);
	if (strcmp(key, "value") == 0)
		return take_word(in, &f->value);
	return json_in_skip(in);
}

static int
take_filter(void *ctx, struct json_in *in, const char *key)
{
	static const char *const operators[] = { "=", "!=", "=~", "!~" };
	struct grafana_ask *ask = ctx;
	struct grafana_filter f = { 0 };
	int rc = json_in_object(in, take_filter_member, &f);

	if (rc < 0 || f.key == NULL || f.operator== NULL || f.value == NULL)
		return rc; /* one that is being written */
	if (ask->n_filters == GRAFANA_FILTERS)
		return json_in_wrong(in, "more than %d filters", GRAFANA_FILTERS);
	for (size_t i = 0; i < NELEM(operators); i++)
		if (strcmp(operators[i], f.operator) == 0) {
			ask->filters[ask->n_filters++] = f;
			return 0;
		}
	return json_in_wrong(
		in, "operator '%.8s' compares no tags; write =, !=, =~ or !~", f.operator);
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------ */

static int
take_annotation(void *ctx, struct json_in *in, const char *key)
{
	struct grafana_ask *ask = ctx;

	if (strcmp(key, "query") == 0)
		return take_word(in, &ask->query);
	return json_in_skip(in);
}

/* What stands here, before it is read and so overwritten; it goes back as it came. */
static void
keep_echo(const struct json_in *in, struct grafana_ask *ask)
{
	char copy[sizeof(ask->echo)];
	size_t n = MIN((size_t)(in->end - in->at), sizeof(copy) - 1);
	struct json_in other = { .at = copy, .begin = copy, .end = copy + n, .what = "" };

	memcpy(copy, in->at, n);
	if (json_in_skip(&other) < 0)
		return;
	n = (size_t)(other.at - copy);
	memcpy(ask->echo, in->at, n);
	ask->echo[n] = '\0';
}

static int
take_asked(void *ctx, struct json_in *in, const char *key)
{
	struct grafana_ask *ask = ctx;

	if (strcmp(key, "target") == 0)
		return take_word(in, &ask->target);
	return json_in_skip(in);
}

static int
take_member(void *ctx, struct json_in *in, const char *key)
{
	struct grafana_ask *ask = ctx;
	char next = json_in_next(in);

	if (strcmp(key, "targets") == 0 && next != 'n')
		return json_in_array(in, take_target, ask);
	if (strcmp(key, "range") == 0 && next != 'n')
		return json_in_object(in, take_range, ask);
	if (strcmp(key, "maxDataPoints") == 0)
		return take_count(in, &ask->points);
	if (strcmp(key, "intervalMs") == 0)
		return take_count(in, &ask->width_ms);
	if ((strcmp(key, "adhocFilters") == 0 || strcmp(key, "filters") == 0) && next != 'n')
		return json_in_array(in, take_filter, ask);
	if (strcmp(key, "target") == 0)
		return take_word(in, &ask->target);
	if (strcmp(key, "payload") == 0 && next == '"')
		return take_word(in, &ask->target);
	if (strcmp(key, "payload") == 0 && next == '{')
		return json_in_object(in, take_asked, ask);
	if (strcmp(key, "key") == 0)
		return take_word(in, &ask->key);
	if (strcmp(key, "name") == 0)
		return take_word(in, &ask->name);
	if (strcmp(key, "annotation") == 0 && next == '{') {
		keep_echo(in, ask);
		return json_in_object(in, take_annotation, ask);
	}
	return json_in_skip(in);
}

int
grafana_read(char *body, size_t n, struct grafana_ask *out, struct err *err)
{
	struct json_in in;
	int rc;

	*out = (struct grafana_ask){ .target = "", .key = "", .name = "", .query = "" };
	rc = json_in_open(&in, body, n, "body", err);
	if (rc < 0 || n == 0)
		return rc;
	rc = json_in_object(&in, take_member, out);
	return rc < 0 ? rc : json_in_close(&in);
}
