/* http_grafana.c - questions of Grafana's JSON plug-ins over HTTP
 *
 * They come through Grafana's own server, which takes the header Origin away; a page of a stranger in a browser on this computer cannot send JSON unasked.
 * They read, and nothing else: no token is looked at, and none of them can reach the gate.
 */
#include "serve/http_grafana.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "serve/allow.h"
#include "serve/reply.h"
#include "serve/wish.h"

#define BODY_NS (15 * NS_PER_S) /* for the whole of it */
#define BODIES_MAX (8u << 20)   /* bytes of all bodies at once */

struct http_grafana {
	struct MHD_Connection *connection;
	enum grafana_path path;
	struct buf body;
	bool is_too_long;
	int64_t begun_ns;
	size_t *live_bytes;
};

static bool
is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t n = strcspn(type, "; ");

	return n == strlen(json) && strncasecmp(type, json, n) == 0;
}

bool
http_grafana_judge(struct MHD_Connection *c, size_t live_bytes, enum problem *out_problem,
	const char **out_detail)
{
	const char *type = reply_asked(c, MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *length = reply_asked(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	bool has_body = reply_asked(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
			(length != NULL && strcmp(length, "0") != 0);

	if (!wish_is_ours(reply_asked(c, MHD_HTTP_HEADER_ORIGIN),
		    reply_asked(c, MHD_HTTP_HEADER_HOST), reply_is_tls(c))) {
		*out_problem = PROBLEM_STRANGER;
		*out_detail = "pages of another origin get no answer here; let Grafana's server "
			      "ask (access: proxy), not the browser";
	} else if (has_body && (type == NULL || !is_json(type))) {
		*out_problem = PROBLEM_BODY_TYPE;
		*out_detail = "send the body as JSON, with 'Content-Type: application/json'";
	} else if (length != NULL && strtoull(length, NULL, 10) > GRAFANA_BODY_MAX) {
		*out_problem = PROBLEM_BODY_LONG;
		*out_detail = "a body has at most 128 KB; ask for fewer targets";
	} else if (live_bytes > BODIES_MAX) {
		*out_problem = PROBLEM_BUSY;
		*out_detail = "too many questions are on their way here; ask again in a second";
	} else {
		return true;
	}
	return false;
}

struct http_grafana *
http_grafana_new(
	enum grafana_path path, size_t *live_bytes, struct MHD_Connection *c, int64_t now_ns)
{
	struct http_grafana *g = mem_zero(1, sizeof(*g));

	g->path = path;
	g->live_bytes = live_bytes;
	g->connection = c;
	g->begun_ns = now_ns;
	return g;
}

static void
drop_body(struct http_grafana *g)
{
	*g->live_bytes -= g->body.n;
	buf_done(&g->body);
}

void
http_grafana_free(struct http_grafana *g)
{
	if (g == NULL)
		return;
	drop_body(g);
	free(g);
}

bool
http_grafana_body(struct http_grafana *g, const char *data, size_t n, int64_t now_ns)
{
	g->is_too_long = g->is_too_long || n > GRAFANA_BODY_MAX - g->body.n;
	if (g->is_too_long) {
		drop_body(g);
	} else {
		buf_put(&g->body, data, n);
		*g->live_bytes += n;
	}
	return now_ns - g->begun_ns < BODY_NS;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------- */

static enum MHD_Result
send_bytes(struct http_grafana *g, struct buf *body, size_t *live_bytes)
{
	return reply_body(g->connection, MHD_HTTP_OK, body, "application/json", live_bytes);
}

static struct http_question *
ask_series(struct http_grafana *g, const struct grafana_ask *ask, struct grafana_series *s,
	struct history *history, int64_t now_ns)
{
	char points[24] = "", width[24] = "";
	const char *words[8] = { buf_text(&s->names), buf_text(&s->columns), ask->from, ask->to,
		points, width, "", "" };

	if (ask->points > 0)
		snprintf(points, sizeof(points), "%lld", (long long)ask->points);
	if (ask->width_ms > 0)
		snprintf(width, sizeof(width), "%lld", (long long)ask->width_ms);
	return http_history_ask_words(history, 6, words, g->connection, now_ns);
}

static struct http_question *
ask_marks(struct http_grafana *g, const struct grafana_ask *ask, const struct grafana_series *s,
	struct history *history, int64_t now_ns)
{
	bool is_table = g->path == GRAFANA_QUERY;
	const char *words[8] = { s->kinds, ask->from, ask->to, s->limit, s->subjects, "",
		is_table ? "table" : "", is_table ? "" : ask->echo };

	return http_history_ask_words(history, 7, words, g->connection, now_ns);
}

enum MHD_Result
http_grafana_answer(struct http_grafana *g, const struct view *v, struct history *history,
	const char *uri, size_t *live_bytes, int64_t now_ns, struct http_question **out_question)
{
	static struct grafana_ask ask;
	struct grafana_series series = { 0 };
	struct buf out = { 0 };
	struct err err;
	int rc;

	if (g->is_too_long)
		return reply_problem(g->connection, PROBLEM_BODY_LONG,
			"a body has at most 128 KB; ask for fewer targets", uri, live_bytes);
	rc = grafana_read(g->body.data, g->body.n, &ask, &err);
	if (rc == 0 && g->path == GRAFANA_QUERY)
		rc = grafana_expand(&ask, v, &series, &err);
	else if (rc == 0 && g->path == GRAFANA_ANNOTATIONS)
		rc = grafana_marks(ask.query, &series, &err);
	if (rc == 0 && !allow_is_all(v->only) &&
		(g->path == GRAFANA_ANNOTATIONS || series.is_marks)) {
		grafana_series_done(&series);
		return reply_problem(g->connection, PROBLEM_NOT_GRANTED,
			"events are for those who may read all channels", uri, live_bytes);
	}
	if (rc < 0) {
		grafana_series_done(&series);
		return reply_problem(g->connection, PROBLEM_BAD_REQUEST, err.msg, uri, live_bytes);
	}
	if (g->path == GRAFANA_ANNOTATIONS || series.is_marks) {
		*out_question = ask_marks(g, &ask, &series, history, now_ns);
	} else if (series.n > 0) {
		*out_question = ask_series(g, &ask, &series, history, now_ns);
	} else {
		if (g->path == GRAFANA_QUERY)
			buf_puts(&out, "[]\n");
		else
			grafana_write(&out, g->path, &ask, v);
		return send_bytes(g, &out, live_bytes);
	}
	grafana_series_done(&series);
	drop_body(g); /* its words are on their way */
	return MHD_YES;
}
