/* answer.c - from what was asked and what stands on the board to the bytes of an answer */
#include "serve/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "serve/query.h"

#define NEAREST_MAX                                                                                \
	2000 /* names that are compared for "did you mean": a bound on the work for a wrong name */

/* "no channel 'T_bad'; did you mean 'T_bed'?"; frees words[0..n). */
static void
say_unknown(const char *what, const char *name, const char **words, size_t n, struct err *err)
{
	const char *near = text_nearest(name, words, n);
	char shown[61]; /* cut at a character's border: the message goes out as JSON */

	text_copy(shown, sizeof(shown), name);
	if (near != NULL)
		err_set(err, ERR_CONF, 0, "no %s '%s'; did you mean '%s'?", what, shown, near);
	else
		err_set(err, ERR_CONF, 0, "no %s '%s'; /api/v1/%ss lists all of them", what, shown,
			what);
	free(words);
}

static int
no_channel(const char *name, const struct view *v, struct err *err)
{
	uint32_t n = MIN(v->info.n_channels, (uint32_t)NEAREST_MAX), shown = 0;
	const char **words = mem_zero(n + 1, sizeof(*words));

	for (uint32_t i = 0; i < n; i++)
		if (view_shows(v, i))
			words[shown++] = board_text(v->board, board_channel(v->board, i)->name);
	say_unknown("channel", name, words, shown, err);
	return PROBLEM_UNKNOWN_CHANNEL;
}

static int
no_instrument(const char *name, const struct view *v, struct err *err)
{
	uint32_t n = MIN(v->info.n_instruments, (uint32_t)NEAREST_MAX);
	const char **words = mem_zero(n + 1, sizeof(*words));

	for (uint32_t i = 0; i < n; i++)
		words[i] = board_text(v->board, board_instrument(v->board, i)->name);
	say_unknown("instrument", name, words, n, err);
	return PROBLEM_UNKNOWN_INSTRUMENT;
}

/* The channels of a list, which is used up. */
static int
find_names(char *list, const struct view *v, uint32_t *out, size_t *out_n, struct err *err)
{
	char *name;

	*out_n = 0;
	while ((name = query_next(&list)) != NULL) {
		uint32_t i = board_find(v->board, name);

		if (i == IMAGE_NONE || !view_shows(v, i))
			return no_channel(name, v, err);
		out[(*out_n)++] = i;
	}
	return ANSWER_OK;
}

int
answer_check_names(const char *list, const struct view *v, struct err *err)
{
	uint32_t *found = mem_zero(strlen(list) + 1, sizeof(*found));
	char *copy = mem_text(list);
	size_t n;
	int rc = find_names(copy, v, found, &n, err);

	free(copy);
	free(found);
	return rc == ANSWER_OK ? 0 : rc;
}

static int
channels(struct buf *out, struct target *t, bool is_xml, const struct view *v, struct err *err)
{
	char *names = t->params[0], *prefix = t->params[1];
	uint32_t *found;
	size_t n;
	int rc;

	if (names == NULL) {
		picture_channels(out, is_xml, v, prefix, NULL, 0);
		return ANSWER_OK;
	}
	found = mem_zero(strlen(names) + 1, sizeof(*found)); /* each name takes a byte at least */
	rc = find_names(names, v, found, &n, err);
	if (rc == ANSWER_OK)
		picture_channels(out, is_xml, v, prefix, found, n);
	free(found);
	return rc;
}

/* "?all=1" */
static bool
wants_all(const struct target *t)
{
	return t->params[0] != NULL && strcmp(t->params[0], "1") == 0;
}

static int
watched(struct buf *out, const struct target *t, bool is_xml, const struct view *v, struct err *err)
{
	if (v->img == NULL) {
		err_set(err, ERR_REFUSED, 0,
			"what the bench watches is not known here yet; ask again in a second");
		return PROBLEM_NO_ALARMS;
	}
	if (t->params[0] != NULL && !wants_all(t) && strcmp(t->params[0], "0") != 0) {
		err_set(err, ERR_CONF, 0, "all: write ?all=1 for those at rest too");
		return PROBLEM_BAD_REQUEST;
	}
	if (t->route == ROUTE_PROTECTION)
		picture_protection(out, is_xml, v);
	else if (t->route == ROUTE_ALARMS)
		picture_alarms(out, is_xml, v, wants_all(t));
	else
		picture_trips(out, is_xml, v, wants_all(t));
	return ANSWER_OK;
}

/* As plain text: a browser that is led there shows letters, and runs nothing. */
static int
synoptic(struct buf *out, const char **out_type, const struct view *v, struct err *err)
{
	if (v->img == NULL || image_text(v->img, v->img->synoptic)[0] == '\0') {
		err_set(err, ERR_CONF, 0,
			"this bench has no drawing; its file names one: synoptic: bench.svg");
		return PROBLEM_NOT_FOUND;
	}
	*out_type = "text/plain; charset=utf-8";
	buf_puts(out, image_text(v->img, v->img->synoptic));
	return ANSWER_OK;
}

static int
sequences(
	struct buf *out, const struct target *t, bool is_xml, const struct view *v, struct err *err)
{
	if (v->img == NULL) {
		err_set(err, ERR_REFUSED, 0,
			"the sequences of the bench are not known here yet; ask again in a second");
		return PROBLEM_NO_ALARMS;
	}
	if (t->route == ROUTE_SEQUENCES)
		picture_sequences(out, is_xml, v);
	else
		picture_sequence(out, is_xml, v);
	return ANSWER_OK;
}

/* Switched off in the bench file: said so, because whoever reads it looks for the fault elsewhere. */
static int
flat(struct buf *out, const struct view *v, enum image_flat page, struct err *err)
{
	const char *word = page == IMAGE_FLAT_XML ? "xml" : "json";

	if ((v->flat_off & page) != 0) {
		err_set(err, ERR_REFUSED, 0,
			"the bench file switches /%s off; read /api/v1/channels, or take '%s: no' "
			"out of its 'serve:'",
			word, word);
		return PROBLEM_NOT_FOUND;
	}
	if (page == IMAGE_FLAT_XML)
		picture_flat_xml(out, v);
	else
		picture_flat_json(out, v);
	return ANSWER_OK;
}

int
answer_write(struct buf *out, const char **out_type, struct target *t, bool is_xml,
	const struct view *v, struct err *err)
{
	uint32_t i;

	*out_type = is_xml ? "application/xml" : "application/json";
	switch (t->route) {
	case ROUTE_BENCH:
		picture_bench(out, is_xml, v);
		return ANSWER_OK;
	case ROUTE_CHANNELS:
		return channels(out, t, is_xml, v, err);
	case ROUTE_CHANNEL:
		i = board_find(v->board, t->name);
		if (i == IMAGE_NONE || !view_shows(v, i))
			return no_channel(t->name, v, err);
		picture_channel(out, is_xml, v, i);
		return ANSWER_OK;
	case ROUTE_SHARED:
		if (v->shown == NULL)
			break;
		picture_shared(out, is_xml, v);
		return ANSWER_OK;
	case ROUTE_SEQUENCES:
	case ROUTE_SEQUENCE:
		return sequences(out, t, is_xml, v, err);
	case ROUTE_INSTRUMENTS:
		picture_instruments(out, is_xml, v);
		return ANSWER_OK;
	case ROUTE_INSTRUMENT:
	case ROUTE_TRACE:
		i = board_find_instrument(v->board, t->name);
		if (i == IMAGE_NONE)
			return no_instrument(t->name, v, err);
		if (t->route == ROUTE_TRACE)
			picture_trace(out, is_xml, v, i);
		else
			picture_instrument(out, is_xml, v, i);
		return ANSWER_OK;
	case ROUTE_ALARMS:
	case ROUTE_TRIPS:
	case ROUTE_PROTECTION:
		return watched(out, t, is_xml, v, err);
	case ROUTE_SYNOPTIC:
		return synoptic(out, out_type, v, err);
	case ROUTE_FLAT_XML:
		*out_type = "application/xml";
		return flat(out, v, IMAGE_FLAT_XML, err);
	case ROUTE_FLAT_JSON:
		*out_type = "application/json";
		return flat(out, v, IMAGE_FLAT_JSON, err);
	case ROUTE_METRICS:
		*out_type = "text/plain; version=0.0.4; charset=utf-8";
		picture_metrics(out, v);
		return ANSWER_OK;
	case ROUTE_GRAFANA:
	case ROUTE_GRAFANA_BARE:
		buf_puts(out,
			"{\"status\":\"ok\",\"message\":\"a JSON data source for Grafana\"}\n");
		return ANSWER_OK;
	case ROUTE_STREAM:
	case ROUTE_HISTORY:
	case ROUTE_HISTORY_ALL:
	case ROUTE_GAPS:
	case ROUTE_EVENTS:
	case ROUTE_RUNS:
	case ROUTE_RUN:
	case ROUTE_RUN_ZIP:
	case ROUTE_COMMAND:
	case ROUTE_HOLD:
	case ROUTE_ACCOUNTS:
	case ROUTE_TOKENS:
	case ROUTE_LINKS:
	case ROUTE_FILE:
	case ROUTE_VERSIONS:
	case ROUTE_VERSION:
	case ROUTE_VERSION_DIFF:
	case ROUTE_AUDIT:
	case ROUTE_CATALOGUE:
	case ROUTE_CATALOGUE_ONE:
	case ROUTE_CERTIFICATE:
	case ROUTE_BACKUPS:
	case ROUTE_BACKUP_FILE:
	case ROUTE_OPENAPI:
	case ROUTE_SESSION:
	case ROUTE_COUNT:
		break;
	}
	err_set(err, ERR_CONF, 0, "nothing is here; /api/v1/openapi.json lists all addresses");
	return PROBLEM_NOT_FOUND;
}
