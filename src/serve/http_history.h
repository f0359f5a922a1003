/* http_history.h - answers of the history as libmicrohttpd takes them: a connection sleeps until there is something to send */
#ifndef SERVE_HTTP_HISTORY_H
#define SERVE_HTTP_HISTORY_H

#include <microhttpd.h>

#include "serve/history.h"

struct http_question;

/* Ask; then http_history_answer() at once. */
/* is_limited: by somebody who does not see all channels, and is told no names of others. */
struct http_question *http_history_ask(struct history *h, const struct target *t,
	struct MHD_Connection *c, bool is_limited, int64_t now_ns);
struct http_question *http_history_ask_words(struct history *h, unsigned what,
	const char *const words[8], struct MHD_Connection *c, int64_t now_ns);
void http_history_free(struct http_question *q);

/* Queue the answer, or send the connection to sleep until there is one: libmicrohttpd then asks again. *q becomes NULL when it is answered. */
enum MHD_Result http_history_answer(struct http_question **q, const char *uri, size_t *live_bytes);

#endif
