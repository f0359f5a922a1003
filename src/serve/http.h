/* http.h - the HTTP side of the data server: libmicrohttpd under our own loop
 *
 * Nothing here waits. The loop watches http_fd() and calls http_run() when it is readable or the time that http_run()
 * gave has come.
 */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include "base/err.h"
#include "board/board.h"
#include "io/loop.h"
#include "msg/wire.h"

struct http;
struct tls;

/* Serve on a listening socket, which it takes. connections: the most at once. tls: with encryption, by what stays the caller's; NULL: without. loop: for
 * what comes from the process that reads the history. */
struct http *http_new(int listen_fd, unsigned connections, struct tls *tls, struct loop *loop,
	struct err *err) MUST_CHECK;
void http_free(struct http *h); /* ends all connections and streams */

int http_fd(const struct http *h);

/* Answer what is there. is_ready: http_fd() was readable. Returns the CLOCK_BOOTTIME of the next call at the latest. */
int64_t http_run(struct http *h, bool is_ready);

/* Show another board; the old one must stay mapped until this returns. Without one the answers are 503. */
void http_show(struct http *h, const struct board *board);

/* The end of a new pair with the process that reads the history; taken. */
void http_history(struct http *h, int fd);

/* The end of a new pair with the gate; taken. */
void http_gate(struct http *h, int fd);

/* Are there accounts? Then nobody is answered who has not signed in, and has no token. */
void http_accounts(struct http *h, bool are_there);

/* The socket of the supervisor, which stays the caller's, and its WIRE_REHEARSED; *pass: what came along, -1 when it was taken. */
void http_supervisor(struct http *h, int fd);
int http_rehearsed(struct http *h, struct wire_in *in, int *pass, struct err *err) MUST_CHECK;

/* What the bench is, as its next boards show it; the old one must stay mapped until this returns. */
/* A bench file that waits, copied. */
struct waiting;
struct shown;
/* Borrowed: its board stays until the next one is shown. */
void http_shown(struct http *h, const struct shown *s);
void http_waiting(struct http *h, const struct waiting *w);
void http_image(struct http *h, const struct image *img);

/* It is the server for everybody: it has no other path than those that show the board. Nothing until http_links() says who may see
 * it: the file of links (tokens.h), whether one is needed, and which flat pages are
 * switched off (enum image_flat). */
void http_public(struct http *h);
void http_links(struct http *h, const char *bytes, size_t n, bool needs_link, uint32_t flat_off);

/* Each second: heartbeats, and memory that can be given back. */
void http_beat(struct http *h);

struct http_figures {
	unsigned connections, streams;
	uint64_t requests; /* since the start */
};

void http_figures(const struct http *h, struct http_figures *out);

#endif
