/* http_grafana.h - questions of Grafana's JSON plug-ins over HTTP: their bodies, gathered, and their answers */
#ifndef SERVE_HTTP_GRAFANA_H
#define SERVE_HTTP_GRAFANA_H

#include <microhttpd.h>

#include "serve/grafana.h"
#include "serve/http_history.h"

struct http_grafana;

/* A look at the head of such a request: may its body be taken? False: *out_problem, *out_detail. live_bytes: of all bodies that are held. */
bool http_grafana_judge(struct MHD_Connection *c, size_t live_bytes, enum problem *out_problem,
	const char **out_detail);

/* *live_bytes counts its body as long as it lives. */
struct http_grafana *http_grafana_new(
	enum grafana_path path, size_t *live_bytes, struct MHD_Connection *c, int64_t now_ns);
void http_grafana_free(struct http_grafana *g);

/* False: it takes too long to come, its connection is to be closed. */
bool http_grafana_body(struct http_grafana *g, const char *data, size_t n, int64_t now_ns);

/* The body is there: queue the answer, or ask the history (*out_question, for http_history_answer()). */
enum MHD_Result http_grafana_answer(struct http_grafana *g, const struct view *v,
	struct history *history, const char *uri, size_t *live_bytes, int64_t now_ns,
	struct http_question **out_question);

#endif
