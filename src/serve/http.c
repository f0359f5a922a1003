/* http.c - the HTTP side of the data server
 *
 * A request: on_uri() keeps the address as it came, on_request() is called once when the headers are there (refusals are
 * queued then, and end the connection) and again for the answer. An answer that the cache has goes out without a look at
 * the board.
 *
 * When there are accounts a request first waits for who it is, which guard.c remembers; nothing of it is read before. What somebody may not see is
 * left out of documents, histories and streams; a stream ends when it is no longer so.
 *
 * Places: libmicrohttpd's own timeout is one for silence, which any byte ends, so clients.c keeps the time of those that
 * have no complete request. Who has to go is shut down here, which libmicrohttpd finds as a connection that has ended.
 *
 * A stream is an answer without end: read_stream() hands out what its struct stream has, and suspends the connection when
 * that is nothing; wake_streams() resumes it. A reader that takes nothing for TIMEOUT_S is dropped like any silent
 * connection; what it can hold up until then is the kernel's send buffer and one connection's memory.
 */
#include "serve/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"
#include "serve/allow.h"
#include "serve/answer.h"
#include "serve/asks.h"
#include "serve/cache.h"
#include "serve/clients.h"
#include "serve/feed.h"
#include "serve/guard.h"
#include "serve/http_grafana.h"
#include "serve/http_history.h"
#include "serve/http_manage.h"
#include "serve/http_orders.h"
#include "serve/http_session.h"
#include "serve/links.h"
#include "serve/pages.h"
#include "serve/reply.h"
#include "serve/tls.h"
#include "serve/wish.h"
#include "serve/wish_manage.h"

#define TIMEOUT_S ((unsigned)CLIENTS_LIMIT_S) /* of one that takes nothing of its answer */
#define CONNECTION_BYTES 8192u /* of one connection in libmicrohttpd: request head, answer head */
#define LIVE_BYTES_MAX (64u << 20) /* of answers that slow readers still hold */
#define REFUSALS 64u               /* connections over the limit, kept only to be told so */
#define REFUSALS_WAIT                                                                              \
	(REFUSALS /                                                                                \
		2) /* of them, while none has to hurry: libmicrohttpd accepts none beyond REFUSALS */
#define SPIN_MAX 16                  /* turns in vain before we wait */
#define SPINS (4 * SPIN_MAX)         /* that are counted */
#define PUMP_MIN_NS (10 * NS_PER_MS) /* how often the tape is looked at while somebody listens */
#define PUMP_MAX_NS (50 * NS_PER_MS)

struct http {
	struct MHD_Daemon *daemon;
	struct tls *tls; /* NULL: without encryption */
	struct clients clients;
	const struct board *board; /* NULL: none yet */
	int64_t tick_ns;
	struct feed *feed;
	struct cache cache;
	struct history *history;
	struct orders *orders;
	struct guard *guard;
	uint64_t salt;  /* chance: nobody can choose whose addresses are counted with theirs */
	bool is_closed; /* there are accounts: nobody is answered unasked */
	const struct image *img; /* NULL: not known yet */
	struct waiting waiting;
	struct shown shown;
	uint32_t flat_off;          /* of the server for everybody; the other one has the image */
	bool is_public, needs_link; /* it is the server for everybody; or for those with a link */
	struct links links;         /* of guests */
	struct target target;       /* of the request that is being answered */
	struct buf body;
	size_t live_bytes; /* of answers that are not freed yet */
	size_t body_bytes; /* of questions of Grafana that are coming */
	int64_t next_pump_ns;
	int spins;
	uint64_t streamed; /* blocks of all streams */
	uint64_t moved;    /* of answers, at the last call */
	bool is_ending;
	uint64_t requests;
	struct request *histories; /* that are under way */
};

struct request {
	bool is_judged, is_begun; /* on_request() has seen its headers; and knows who it is */
	struct MHD_Connection *connection;
	struct asking *asking;         /* who it is; NULL: not asked */
	bool is_asleep;                /* until that is known, its connection is suspended */
	struct http_session *session;  /* it signs in or out; NULL */
	struct http_question *history; /* it waits for an answer of the history; NULL */
	bool has_history; /* it waits for one, or is being answered; it is in the list then */
	struct request *before, *after;
	struct http_grafana *grafana; /* its body is coming; NULL */
	struct http_manage *manage;   /* it is about accounts or tokens; NULL */
	struct http_order *order;     /* it commands, or asks what became of a command; NULL */
	char uri[];
};

static enum MHD_Result
refuse(struct http *h, struct MHD_Connection *c, enum problem p, const char *detail,
	const char *uri)
{
	return reply_problem(c, p, detail, uri, &h->live_bytes);
}

/* ---- places ------------------------------------------------------------------------------------------------------- */

static struct client *
client_of(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Whose handshake is complete is asked only when there are many that may be under way. */
static void
settle(struct clients *cs)
{
	if (cs->n_shaking <= CLIENTS_SHAKING_MAX)
		return;
	for (struct client *c = cs->oldest; c != NULL; c = c->newer)
		if (c->shakes &&
			gnutls_handshake_get_last_in(c->session) == GNUTLS_HANDSHAKE_FINISHED)
			client_shook(cs, c);
}

static void
make_room(struct http *h, int64_t now_ns)
{
	struct client *c;

	settle(&h->clients);

	while ((c = clients_unwanted(&h->clients, now_ns)) != NULL) {
		client_goes(&h->clients, c);
		shutdown(c->fd, SHUT_RDWR);
	}
}

static void
on_connection(void *cls, struct MHD_Connection *c, void **socket_context,
	enum MHD_ConnectionNotificationCode what)
{
	struct http *h = cls;
	struct client *client = *socket_context;
	const union MHD_ConnectionInfo *info;
	int64_t now = now_boot();

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		client_goes(&h->clients, client);
		free(client);
		*socket_context = NULL;
		return;
	}
	client = mem_zero(1, sizeof(*client));
	client->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	*socket_context = client;
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info != NULL && info->client_addr != NULL)
		client->group = asks_group(info->client_addr, h->salt);
	client_comes(&h->clients, client, now);
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info != NULL && info->tls_session != NULL) {
		client->session = info->tls_session;
		client_shakes(&h->clients, client);
	}
	make_room(h, now);
}

/* ---- the stream --------------------------------------------------------------------------------------------------- */

struct listener {
	struct http *http;
	struct MHD_Connection *connection;
	struct stream *stream;
	bool is_asleep; /* its connection is suspended */
	bool has_who, is_over;
	struct who who;
	uint8_t link[SHA256_BYTES]; /* of the guest who reads it; of use where links are needed */
};

/* Who it is, when that is known. */
static const struct who *
who_of(const struct request *r)
{
	return r->asking != NULL && asking_state(r->asking) == ASKING_IN ? asking_who(r->asking)
									 : NULL;
}

/* Patterns of the channels that may be seen; NULL: all. */
static const char *
only_of(const struct request *r)
{
	const struct who *who = who_of(r);

	return who == NULL || allow_is_all(who->reads) ? NULL : who->reads;
}

/* Has a person signed in? A display of the laboratory is nobody, until somebody acts there. */
static bool
is_person(const struct request *r)
{
	const struct who *who = who_of(r);

	return who != NULL && who->proof[0] != '\0' && (!who->is_kiosk || who->acting[0] != '\0');
}

static ssize_t
read_stream(void *cls, uint64_t pos, char *out, size_t max)
{
	struct listener *l = cls;
	size_t n;

	if (l->http->is_ending || l->is_over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (max < FEED_EVENT_MAX)
		return MHD_CONTENT_READER_END_WITH_ERROR; /* the head of this request filled its memory */
	n = stream_read(l->stream, now_boot(), now_wall_offset(), out, max);
	if (n > 0) {
		l->http->streamed++;
		return (ssize_t)n;
	}
	l->is_asleep = true;
	MHD_suspend_connection(l->connection);
	return 0;
}

static void
free_stream(void *cls)
{
	struct listener *l = cls;

	feed_leave(l->stream);
	free(l);
}

static const struct token *link_of(struct http *h, struct MHD_Connection *c);

static enum MHD_Result
send_stream(struct http *h, struct MHD_Connection *c, const struct request *request, bool is_head)
{
	const char *names = h->target.params[0], *uri = request->uri;
	const struct who *who = who_of(request);
	const struct token *guest;
	int64_t now = now_boot(), wall = now_wall_offset();
	struct MHD_Response *r;
	struct listener *l;
	enum MHD_Result rc;
	struct view v;
	struct err err;
	int problem;

	view_open(&v, h->board, now, wall);
	v.only = only_of(request);
	problem = names != NULL ? answer_check_names(names, &v, &err) : 0;
	if (problem != 0)
		return refuse(h, c, problem, err.msg, uri);
	if (is_head) {
		r = MHD_create_response_from_buffer_with_free_callback(0, NULL, NULL);
	} else {
		l = mem_zero(1, sizeof(*l));
		*l = (struct listener){ .http = h, .connection = c };
		if (who != NULL) {
			l->has_who = true;
			l->who = *who;
		}
		if (h->is_public && (guest = link_of(h, c)) != NULL)
			memcpy(l->link, guest->digest, sizeof(l->link));
		l->stream = feed_join(
			h->feed, names, v.only, reply_asked(c, "Last-Event-ID"), now, wall, l);
		r = MHD_create_response_from_callback(
			MHD_SIZE_UNKNOWN, FEED_EVENT_MAX, read_stream, l, free_stream);
		if (r == NULL)
			free_stream(l);
	}
	if (r == NULL)
		return MHD_NO;
	reply_headers(r, "text/event-stream", "no-store");
	rc = MHD_queue_response(c, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return rc;
}

static void
wake_streams(struct http *h)
{
	for (struct stream *s = feed_next(h->feed, NULL); s != NULL; s = feed_next(h->feed, s)) {
		struct listener *l = stream_user(s);

		if (!l->is_asleep || (!h->is_ending && !l->is_over && !stream_is_ready(s)))
			continue;
		l->is_asleep = false;
		MHD_resume_connection(l->connection);
	}
}

static void
begin_history(struct http *h, struct request *r)
{
	if (r->has_history)
		return;
	r->has_history = true;
	r->after = h->histories;
	if (h->histories != NULL)
		h->histories->before = r;
	h->histories = r;
}

static void
end_history(struct http *h, struct request *r)
{
	if (!r->has_history)
		return;
	if (r->before != NULL)
		r->before->after = r->after;
	else
		h->histories = r->after;
	if (r->after != NULL)
		r->after->before = r->before;
}

/* Streams of those who are no longer who they were end, and so do histories under way, which are cut: nobody is to take one for whole. So do all without a name once
 * there are accounts. */
static void
look_at_listeners(void *ctx)
{
	struct http *h = ctx;
	int64_t now = now_boot();

	for (struct request *r = h->histories; r != NULL; r = r->after) {
		const struct who *who = who_of(r);

		if (who != NULL ? !guard_still(h->guard, who, now) : h->is_closed)
			shutdown(client_of(r->connection)->fd, SHUT_RDWR);
	}

	for (struct stream *s = feed_next(h->feed, NULL); s != NULL; s = feed_next(h->feed, s)) {
		struct listener *l = stream_user(s);

		if (l->has_who ? !guard_still(h->guard, &l->who, now) : h->is_closed)
			l->is_over = true;
	}
	wake_streams(h);
}

/* A session has another token, and its streams are its streams still. */
static void
move_listeners(void *ctx, const char *from_hex, const char *to_hex)
{
	struct http *h = ctx;

	for (struct stream *s = feed_next(h->feed, NULL); s != NULL; s = feed_next(h->feed, s)) {
		struct listener *l = stream_user(s);

		if (l->has_who && strcmp(l->who.hex, from_hex) == 0)
			text_copy(l->who.hex, sizeof(l->who.hex), to_hex);
	}
}

/* Under what an answer is kept: those who see other channels have their own. No address has a blank. */
static const char *
key_of(const struct request *r)
{
	static char key[TARGET_URI_MAX + ACCOUNT_ONLY + 10];
	const char *only = only_of(r);
	bool is_one = is_person(r);

	if (only == NULL && !is_one)
		return r->uri;
	/* No address has a space in it, nor does a pattern. */
	snprintf(key, sizeof(key), "%s %s %s", r->uri, only != NULL ? only : "*",
		is_one ? "person" : "");
	return key;
}

/* ---- documents ---------------------------------------------------------------------------------------------------- */

static enum MHD_Result
send_document(struct http *h, struct MHD_Connection *c, const struct request *request,
	bool wants_xml, const struct board_heart *heart, int64_t now_ns)
{
	const char *uri = request->uri;
	bool is_xml = wants_xml || h->target.is_xml;
	struct MHD_Response *r;
	enum MHD_Result rc;
	const char *type;
	struct view v;
	struct err err;
	size_t n;
	int problem;

	if (h->live_bytes > LIVE_BYTES_MAX)
		return refuse(h, c, PROBLEM_BUSY,
			"readers that are too slow hold all the memory for answers; ask again in a "
			"second",
			uri);
	view_open(&v, h->board, now_ns, now_wall_offset());
	v.img = h->img;
	v.flat_off = h->img != NULL ? h->img->shown.flat_off : h->flat_off;
	v.only = only_of(request);
	v.is_person = is_person(request);
	v.waiting = &h->waiting;
	v.shown = &h->shown;
	problem = answer_write(&h->body, &type, &h->target, is_xml, &v, &err);
	if (problem != ANSWER_OK)
		return refuse(h, c, problem, err.msg, uri);
	n = h->body.n;
	r = reply_make(&h->body, type, &h->live_bytes);
	if (r == NULL)
		return MHD_NO;
	if (h->target.route < ROUTE_COUNT && target_routes[h->target.route].has_xml)
		reply_header(r, MHD_HTTP_HEADER_VARY, "Accept");
	rc = MHD_queue_response(c, MHD_HTTP_OK, r);
	cache_put(&h->cache, key_of(request), wants_xml, heart->tick, now_ns, r, n);
	return rc;
}

static bool
is_strict(const struct http *h, struct MHD_Connection *c)
{
	const char *host = reply_asked(c, MHD_HTTP_HEADER_HOST);

	return h->tls != NULL && host != NULL && tls_is_strict(h->tls, host);
}

static bool
is_history(enum route route)
{
	return route == ROUTE_HISTORY || route == ROUTE_HISTORY_ALL || route == ROUTE_GAPS ||
	       route == ROUTE_EVENTS || route == ROUTE_RUNS || route == ROUTE_RUN ||
	       route == ROUTE_RUN_ZIP;
}

static bool
is_errand(enum route route)
{
	return route == ROUTE_FILE || route == ROUTE_VERSIONS || route == ROUTE_VERSION ||
	       route == ROUTE_VERSION_DIFF || route == ROUTE_AUDIT || route == ROUTE_CATALOGUE ||
	       route == ROUTE_CATALOGUE_ONE || route == ROUTE_CERTIFICATE ||
	       route == ROUTE_BACKUPS || route == ROUTE_BACKUP_FILE;
}

/* What is recorded of channels that may not be seen is not asked for: those of the question are looked at, and one about all is about the others. */
static bool
narrow_history(struct http *h, const char *only, const char **out_why)
{
	static char list[TARGET_URI_MAX];
	struct target *t = &h->target;
	struct board_info info;
	const char *x;

	if (only == NULL || (t->route != ROUTE_HISTORY && t->route != ROUTE_HISTORY_ALL))
		return true;
	*out_why = "the grant of this account is for other channels; /api/v1/session says for "
		   "which";
	x = t->params[t->route == ROUTE_HISTORY ? 6 : 7];
	if (x != NULL && x[0] != '\0' && !allow_names(only, x))
		return false;
	if (t->route == ROUTE_HISTORY)
		return t->name[0] != '\0' && allow_names(only, t->name); /* it may be a list */
	if (t->params[0] != NULL)
		return allow_names(only, t->params[0]);
	*out_why = "the channels of this account are too many for one question; name some";
	if (h->board == NULL)
		return false;
	board_info(h->board, &info);
	if (!allow_list(only, h->board, info.n_channels, list, sizeof(list)) || list[0] == '\0')
		return false;
	t->params[0] = list;
	return true;
}

/* ---- the server for everybody ------------------------------------------------------------------------------------------- */

static bool
is_for_all(enum route route)
{
	return route == ROUTE_BENCH || route == ROUTE_CHANNELS || route == ROUTE_CHANNEL ||
	       route == ROUTE_STREAM || route == ROUTE_FLAT_XML || route == ROUTE_FLAT_JSON ||
	       route == ROUTE_METRICS;
}

/* Whose link came along; NULL: none that is good now. */
static const struct token *
link_of(struct http *h, struct MHD_Connection *c)
{
	char text[COMMAND_TOKEN];
	const struct token *t = NULL;

	if (wish_token(text, reply_asked(c, MHD_HTTP_HEADER_AUTHORIZATION)))
		t = links_find(&h->links, text, now_wall_for_ends());
	explicit_bzero(text, sizeof(text));
	return t;
}

/* Before anything of it is looked at: true when it may go on. Else it has been answered, as *out. */
static bool
judge_public(struct http *h, struct MHD_Connection *c, const char *uri, enum MHD_Result *out)
{
	struct err err;
	int page;

	if (target_parse(uri, &h->target, &err) < 0) {
		*out = refuse(h, c, PROBLEM_BAD_REQUEST, err.msg, uri);
		return false;
	}
	if (h->target.route == ROUTE_PAGE) {
		page = page_find_public(h->target.name);
		*out = page >= 0 ? reply_page(c, page, is_strict(h, c))
				 : refuse(h, c, PROBLEM_NOT_FOUND, "nothing is here", uri);
		return false;
	}
	if (!is_for_all(h->target.route)) {
		*out = refuse(h, c, PROBLEM_NOT_FOUND, "nothing is here", uri);
		return false;
	}
	if (h->needs_link && link_of(h, c) == NULL) {
		*out = refuse(h, c, PROBLEM_NO_LINK,
			"who shows this bench gives links to it; ask for one, or for a new one "
			"when "
			"yours has ended",
			uri);
		return false;
	}
	return true;
}

/* Streams of links that are no more, or not any more. */
static void
end_streams(struct http *h)
{
	int64_t wall = now_wall_for_ends();

	for (struct stream *s = feed_next(h->feed, NULL); s != NULL; s = feed_next(h->feed, s)) {
		struct listener *l = stream_user(s);

		if (h->needs_link && !links_still(&h->links, l->link, wall))
			shutdown(client_of(l->connection)->fd, SHUT_RDWR);
	}
}

void
http_public(struct http *h)
{
	h->is_public = h->needs_link = true; /* until it is known who may see what */
}

void
http_links(struct http *h, const char *bytes, size_t n, bool needs_link, uint32_t flat_off)
{
	struct err err;

	if (links_read(&h->links, bytes, n, &err) < 0)
		log_warn("links: %s; no link opens anything", err.msg);
	h->needs_link = needs_link;
	h->flat_off = flat_off;
	end_streams(h);
}

/* Its name stands in what a second factor is made from. */
static const char *
name_of_bench(const struct http *h)
{
	struct board_info info;

	if (h->board == NULL)
		return "mbc";
	board_info(h->board, &info);
	return info.bench;
}

static enum MHD_Result
answer_manage(struct http *h, struct request *r)
{
	return http_manage_answer(
		r->manage, &h->target, name_of_bench(h), r->uri, &h->live_bytes, now_boot());
}

static enum MHD_Result
answer(struct http *h, struct MHD_Connection *c, struct request *request, bool is_head)
{
	const char *uri = request->uri;
	bool wants_xml = asks_xml(reply_asked(c, MHD_HTTP_HEADER_ACCEPT));
	struct board_heart heart = { 0 };
	int64_t now = now_boot();
	const struct who *who = who_of(request);
	const char *only = only_of(request), *why;
	enum MHD_Result rc;
	struct err err;
	int page;

	if (h->is_public && !judge_public(h, c, uri, &rc))
		return rc;
	if (target_parse(uri, &h->target, &err) < 0)
		return refuse(h, c, PROBLEM_BAD_REQUEST, err.msg, uri);
	if (h->target.route == ROUTE_SESSION)
		return http_session_tell(c, h->is_closed, who, &h->live_bytes);
	if (who != NULL && !allow_route(only, who->rights, h->target.route))
		return refuse(h, c, PROBLEM_NOT_GRANTED,
			"this account has no grant for it; 'mbc user grant NAME --may read' gives "
			"one, for all channels unless --only says which",
			uri);
	/* Behind the grants: what is kept for one is given to nobody who may not ask. */
	if (h->board != NULL) {
		struct MHD_Response *r;

		board_read_heart(h->board, &heart);
		r = cache_get(&h->cache, key_of(request), wants_xml, heart.tick, now, h->tick_ns);
		if (r != NULL)
			return MHD_queue_response(c, MHD_HTTP_OK, r);
	}
	if (h->target.route == ROUTE_PAGE || h->target.route == ROUTE_OPENAPI) {
		page = page_find(h->target.route == ROUTE_OPENAPI
					 ? target_routes[ROUTE_OPENAPI].path
					 : h->target.name);
		if (page >= 0)
			return reply_page(c, page, is_strict(h, c));
		return refuse(h, c, PROBLEM_NOT_FOUND,
			"nothing is here; /api/v1/openapi.json lists all addresses", uri);
	}
	if (is_history(h->target.route)) {
		if (!narrow_history(h, only, &why))
			return refuse(h, c, PROBLEM_NOT_GRANTED, why, uri);
		begin_history(h, request);
		request->history = http_history_ask(h->history, &h->target, c, only != NULL, now);
		return http_history_answer(&request->history, uri, &h->live_bytes);
	}
	if (h->target.route == ROUTE_ACCOUNTS || h->target.route == ROUTE_TOKENS ||
		h->target.route == ROUTE_LINKS) {
		request->manage = http_manage_list(h->guard, c, h->target.route, now);
		return answer_manage(h, request);
	}
	if (h->target.route == ROUTE_HOLD) {
		request->order = http_order_hold(h->orders, c, now);
		return http_order_answer(request->order, &h->target, uri, &h->live_bytes, now);
	}
	if (is_errand(h->target.route)) {
		request->order = http_order_errand(h->orders, c, &h->target, now);
		return http_order_answer(request->order, &h->target, uri, &h->live_bytes, now);
	}
	if (h->target.route == ROUTE_COMMAND) {
		request->order = http_order_about(h->orders, c, h->target.name, now);
		return http_order_answer(request->order, &h->target, uri, &h->live_bytes, now);
	}
	if (h->board == NULL)
		return refuse(h, c, PROBLEM_NO_BOARD,
			"the controller has not started yet; ask again in a second, or see the log "
			"of 'mbc run'",
			uri);
	if (h->target.route == ROUTE_STREAM)
		return send_stream(h, c, request, is_head);
	return send_document(h, c, request, wants_xml, &heart, now);
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static void *
on_uri(void *cls, const char *uri, struct MHD_Connection *c)
{
	size_t n = strlen(uri) + 1;
	struct request *r = mem_grow(NULL, sizeof(*r) + n, 1);

	*r = (struct request){ .connection = c };
	memcpy(r->uri, uri, n);
	return r;
}

static void
on_end(void *cls, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode why)
{
	struct http *h = cls;
	struct request *r = *con_cls;

	client_of(c)->proof = NULL;
	if (r != NULL) {
		end_history(h, r);
		http_history_free(r->history);
		http_order_free(r->order);
		http_manage_free(r->manage);
		http_grafana_free(r->grafana);
		http_session_free(r->session);
		asking_free(r->asking);
	}
	free(r);
	*con_cls = NULL;
	client_waits(&h->clients, client_of(c), now_boot());
}

static bool
has_body(struct MHD_Connection *c)
{
	const char *length = reply_asked(c, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return reply_asked(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
	       (length != NULL && strcmp(length, "0") != 0);
}

/* A request with another method than GET: one that commands, and whose body comes next; else a problem. */
static bool
begin_order(struct http *h, struct MHD_Connection *c, const char *method, struct request *r,
	enum problem *out_problem, const char **out_detail)
{
	static struct err err;
	int rc = target_parse_order(method, r->uri, &h->target, &err);
	const struct who *who = who_of(r);
	bool may;

	if (rc == TARGET_NO_ORDER) {
		*out_problem = PROBLEM_READ_ONLY;
		*out_detail = "this method asks nothing at this address; the header Allow says "
			      "which ones do, /api/v1/openapi.json lists all addresses";
		return false;
	}
	if (rc < 0) {
		*out_problem = PROBLEM_BAD_REQUEST;
		*out_detail = err.msg;
		return false;
	}
	may = who != NULL && (who->rights & 1u << RIGHT_CONFIGURE) != 0;
	/* A sequence is smaller, and a bench without accounts takes it from whoever has a token. */
	if (h->target.order == ORDER_SEQUENCE_CHECK)
		may = may || who == NULL || (who->rights & 1u << RIGHT_OPERATE) != 0;
	if (!http_order_judge(c, h->target.order, may, out_problem, out_detail))
		return false;
	if (wish_manages(h->target.order)) {
		r->manage = http_manage_new(h->guard, c, now_boot());
		return true;
	}
	if (http_order_is_errand(h->target.order)) {
		r->order = http_order_errand_order(h->orders, c, h->target.order, may, now_boot());
		return true;
	}
	r->order = h->target.order == ORDER_REHEARSE ? http_order_rehearse(h->orders, c, now_boot())
						     : http_order_new(h->orders, c, now_boot());
	return true;
}

static bool
is_get(const char *method)
{
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
	       strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

/* Nobody is asked who they are: the page, in which one signs in and which says nothing of the bench, and what is asked by it. What is no address at all is told so. */
static bool
is_open(const char *method, const char *uri)
{
	static struct target t;
	struct err err;

	if (!is_get(method))
		return strcmp(method, MHD_HTTP_METHOD_POST) == 0 && http_session_is(method, uri);
	return target_parse(uri, &t, &err) < 0 || t.route == ROUTE_PAGE;
}

static void
on_who(void *user)
{
	struct request *r = user;

	if (!r->is_asleep)
		return;
	r->is_asleep = false;
	MHD_resume_connection(r->connection);
}

enum admitted { ADMITTED, ADMITTED_LATER, NOT_ADMITTED };

/* Who is it? Asked once; *out_rc: of what was queued when they do not get in. */
static enum admitted
admit(struct http *h, struct MHD_Connection *c, const char *method, struct request *r,
	enum MHD_Result *out_rc)
{
	const char *detail =
		h->is_closed
			? "sign in with POST /api/v1/session (the page does), or send "
			  "'Authorization: Bearer TOKEN' with a token of 'mbc token add NAME'"
			: "this bench has no accounts yet, and without them it answers its own "
			  "computer alone; make the first one there with 'mbc user first', or "
			  "send 'Authorization: Bearer TOKEN' with a token of 'mbc token add NAME'";
	bool is_session = http_session_is(MHD_HTTP_METHOD_POST, r->uri) && is_get(method);
	char token[COMMAND_TOKEN];
	bool is_cookie;
	enum problem p = PROBLEM_SIGN_IN;

	if (h->is_public || (!h->is_closed && reply_is_near(c)) || is_open(method, r->uri))
		return ADMITTED;
	if (r->asking == NULL && http_session_token(c, token, &is_cookie)) {
		r->asking = guard_ask(h->guard, token, client_of(c)->group, on_who, r, now_boot());
		explicit_bzero(token, sizeof(token));
	}
	switch (r->asking != NULL ? asking_state(r->asking) : ASKING_NOBODY) {
	case ASKING_IN:
		return ADMITTED;
	case ASKING_WAITS:
		r->is_asleep = true;
		MHD_suspend_connection(c);
		return ADMITTED_LATER;
	case ASKING_NOBODY:
		if (is_session)
			return ADMITTED; /* to hear that one is nobody */
		break;
	case ASKING_LOST:
		p = PROBLEM_NO_GATE;
		detail = "the process that knows the accounts is not running, or does not answer; "
			 "ask again in a second";
		break;
	}
	*out_rc = refuse(h, c, p, detail, r->uri);
	return NOT_ADMITTED;
}

/* A look at the head of a request, before anybody asks who it is: false when a problem is queued. */
static bool
judge_head(struct http *h, struct MHD_Connection *c, const char *method, struct request *r,
	enum MHD_Result *out_rc)
{
	const char *host = reply_asked(c, MHD_HTTP_HEADER_HOST), *detail;
	enum problem p;

	if (!client_asks(&h->clients, client_of(c))) {
		p = PROBLEM_BUSY;
		detail = "all connections are in use, or half of them by your address; close idle "
			 "ones, or ask again in a second";
	} else if (host != NULL && h->tls != NULL && !asks_here(host) &&
		   !tls_is_for(h->tls, host)) {
		p = PROBLEM_WRONG_HOST;
		detail = "the header Host must be a name that the certificate is for, or an "
			 "address in figures; other names are refused against DNS rebinding. 'mbc "
			 "certificate show' lists them";
	} else if (host != NULL && h->tls == NULL && !asks_here(host)) {
		p = PROBLEM_WRONG_HOST;
		detail = "the header Host must be localhost or an address in figures, as in "
			 "http://127.0.0.1:8080/; other names are refused against DNS rebinding";
	} else if (h->is_public && !is_get(method)) {
		p = PROBLEM_NOT_FOUND;
		detail = "nothing is here";
	} else if (is_get(method) && has_body(c)) {
		p = PROBLEM_NO_BODY;
		detail = "questions are asked by address and parameters alone; send no body";
	} else if (strlen(r->uri) > TARGET_URI_MAX) {
		p = PROBLEM_TOO_LONG;
		detail = "an address may have 4000 bytes; ask for fewer names, or for all and "
			 "choose yourself";
	} else {
		return true;
	}
	*out_rc = refuse(h, c, p, detail, r->uri);
	return false;
}

/* The rest of it: a problem is queued, or nothing, and the answer is asked for next. */
static enum MHD_Result
judge(struct http *h, struct MHD_Connection *c, const char *method, struct request *r)
{
	bool is_out = strcmp(method, MHD_HTTP_METHOD_DELETE) == 0;
	const struct who *who = who_of(r);
	const char *detail;
	enum problem p;

	if (http_session_is(method, r->uri)) {
		if (http_session_judge(c, is_out, r->uri, &p, &detail)) {
			r->session = http_session_new(h->guard, c, is_out, r->uri, now_boot());
			return MHD_YES;
		}
	} else if (strcmp(method, MHD_HTTP_METHOD_POST) == 0 &&
		   grafana_find(r->uri) != GRAFANA_PATHS) {
		if (who != NULL && (who->rights & 1u << RIGHT_READ) == 0)
			return refuse(h, c, PROBLEM_NOT_GRANTED,
				"this account has no grant to read", r->uri);
		if (http_grafana_judge(c, h->body_bytes, &p, &detail)) {
			r->grafana = http_grafana_new(
				grafana_find(r->uri), &h->body_bytes, c, now_boot());
			return MHD_YES;
		}
	} else if (is_get(method) || begin_order(h, c, method, r, &p, &detail)) {
		return MHD_YES;
	}
	return refuse(h, c, p, detail, r->uri);
}

/* All of it is there, and its answer is asked for, perhaps not for the first time. */
static enum MHD_Result
answer_order(struct http *h, struct request *r, const char *method)
{
	struct err err;

	/* What stands there may be another request's by now; it was read well before. */
	if (target_parse_order(method, r->uri, &h->target, &err) < 0)
		return MHD_NO;
	return http_order_answer(r->order, &h->target, r->uri, &h->live_bytes, now_boot());
}

/* Likewise; a list has no address of an order, and needs none. */
static enum MHD_Result
answer_changed(struct http *h, struct request *r, const char *method)
{
	struct err err;

	if (!is_get(method) && target_parse_order(method, r->uri, &h->target, &err) != 0)
		return MHD_NO;
	return answer_manage(h, r);
}

/* The body of a question of Grafana is there; the history may be asked then, and its answer is waited for. */
static enum MHD_Result
answer_grafana(struct http *h, struct request *r, struct MHD_Connection *c)
{
	int64_t now = now_boot();
	struct view v;
	enum MHD_Result rc;

	if (h->board == NULL)
		return refuse(h, c, PROBLEM_NO_BOARD,
			"the controller has not started yet; ask again in a second, or see the log "
			"of 'mbc run'",
			r->uri);
	if (h->live_bytes > LIVE_BYTES_MAX)
		return refuse(h, c, PROBLEM_BUSY,
			"readers that are too slow hold all the memory for answers; ask again in a "
			"second",
			r->uri);
	view_open(&v, h->board, now, now_wall_offset());
	v.only = only_of(r);
	rc = http_grafana_answer(
		r->grafana, &v, h->history, r->uri, &h->live_bytes, now, &r->history);
	if (rc != MHD_YES || r->history == NULL)
		return rc;
	begin_history(h, r);
	return http_history_answer(&r->history, r->uri, &h->live_bytes);
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **con_cls)
{
	struct http *h = cls;
	struct request *r = *con_cls;
	enum MHD_Result rc;

	if (!r->is_judged) {
		r->is_judged = true;
		h->requests++;
		if (!judge_head(h, c, method, r, &rc))
			return rc;
	}
	if (!r->is_begun) {
		enum admitted is = admit(h, c, method, r, &rc);

		if (is != ADMITTED)
			return is == NOT_ADMITTED ? rc : MHD_YES;
		r->is_begun = true;
		client_of(c)->proof = who_of(r) != NULL ? who_of(r)->proof : NULL;
		return judge(h, c, method, r);
	}
	if (r->session != NULL && *upload_size > 0) {
		size_t n = *upload_size;

		*upload_size = 0;
		return http_session_body(r->session, upload, n, now_boot()) ? MHD_YES : MHD_NO;
	}
	if (r->session != NULL)
		return http_session_answer(r->session, r->uri, &h->live_bytes, now_boot());
	if (r->manage != NULL && *upload_size > 0) {
		size_t n = *upload_size;

		*upload_size = 0;
		return http_manage_body(r->manage, upload, n, now_boot()) ? MHD_YES : MHD_NO;
	}
	if (r->manage != NULL)
		return answer_changed(h, r, method);
	if (r->order != NULL && *upload_size > 0) {
		size_t n = *upload_size;

		*upload_size = 0;
		return http_order_body(r->order, upload, n, now_boot()) ? MHD_YES : MHD_NO;
	}
	if (r->order != NULL)
		return answer_order(h, r, method);
	if (r->grafana != NULL && *upload_size > 0) {
		size_t n = *upload_size;

		*upload_size = 0;
		return http_grafana_body(r->grafana, upload, n, now_boot()) ? MHD_YES : MHD_NO;
	}
	if (r->history != NULL)
		return http_history_answer(&r->history, r->uri, &h->live_bytes);
	if (r->grafana != NULL)
		return answer_grafana(h, r, c);
	return answer(h, c, r, strcmp(method, MHD_HTTP_METHOD_HEAD) == 0);
}

static void PRINTF(2, 0) on_log(void *cls, const char *fmt, va_list ap)
{
	char line[256];

	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("http: %s", line);
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

/* It is taken as a pointer to what may be written, and is not. */
static void *
loosen(const char *text)
{
	union {
		const char *c;
		void *v;
	} p = { .c = text };

	return p.v;
}

/* Handshakes are steps of the same loop. A certificate is asked for at each of them, so that it can be another one each time. */
static struct MHD_Daemon *
start_daemon(struct http *h, int listen_fd, unsigned connections)
{
	const struct MHD_OptionItem with_tls[] = {
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(intptr_t)tls_show },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, loosen(tls_priorities()) },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem without[] = { { MHD_OPTION_END, 0, NULL } };

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
					(h->tls != NULL ? MHD_USE_TLS : 0),
		0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		connections + REFUSALS, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_uri, h,
		MHD_OPTION_NOTIFY_COMPLETED, on_end, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
		h, MHD_OPTION_ARRAY, h->tls != NULL ? with_tls : without, MHD_OPTION_END);
}

struct http *
http_new(int listen_fd, unsigned connections, struct tls *tls, struct loop *loop, struct err *err)
{
	struct http *h = mem_zero(1, sizeof(*h));

	h->tls = tls;
	(void)!getrandom(&h->salt, sizeof(h->salt), GRND_NONBLOCK); /* else it is 0 */
	reply_in_blocks(tls != NULL);
	h->clients = (struct clients){ .places = connections, .extra = REFUSALS_WAIT };
	h->feed = feed_new();
	h->history = history_new(loop);
	h->orders = orders_new(loop);
	h->guard = guard_new(h->orders, look_at_listeners, h);
	guard_moves(h->guard, move_listeners);
	h->next_pump_ns = NEVER;
	h->daemon = start_daemon(h, listen_fd, connections);
	if (h->daemon == NULL) {
		err_set(err, ERR_IO, errno, "starting the HTTP server: %s", strerror(errno));
		close(listen_fd);
		http_free(h);
		return NULL;
	}
	return h;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	h->is_ending = true;
	wake_streams(h);
	history_end(h->history);
	orders_end(h->orders);
	if (h->daemon != NULL) {
		MHD_run(h->daemon); /* streams end with their last chunk */
		MHD_stop_daemon(h->daemon);
	}
	cache_clear(&h->cache);
	feed_free(h->feed);
	history_free(h->history);
	orders_free(h->orders);
	guard_free(h->guard);
	buf_done(&h->body);
	free(h);
}

int
http_fd(const struct http *h)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	return info->epoll_fd;
}

static void
pump(struct http *h, int64_t now_ns)
{
	if (feed_streams(h->feed) == 0) {
		h->next_pump_ns = NEVER;
		return;
	}
	if (h->next_pump_ns != NEVER && now_ns < h->next_pump_ns)
		return;
	feed_pump(h->feed, now_wall_offset());
	wake_streams(h);
	h->next_pump_ns = now_ns + MIN(MAX(h->tick_ns / 2, PUMP_MIN_NS), PUMP_MAX_NS);
}

/* libmicrohttpd sometimes asks to be called at once, again and again, for a connection on which nothing happens. */
static int64_t
next_call(struct http *h, int64_t now_ns, bool is_ready)
{
	unsigned MHD_LONG_LONG ms;

	if (MHD_get_timeout(h->daemon, &ms) != MHD_YES)
		return NEVER;
	if (ms > 0 || is_ready)
		h->spins = 0;
	if (ms > 0)
		return now_ns + (int64_t)MIN(ms, 60000) * NS_PER_MS;
	h->spins = MIN(h->spins + 1, SPINS);
	if (h->spins <= SPIN_MAX)
		return now_ns;
	return now_ns + (h->spins <= 2 * SPIN_MAX ? 1 : h->spins < SPINS ? 10 : 50) * NS_PER_MS;
}

int64_t
http_run(struct http *h, bool is_ready)
{
	int64_t now = now_boot(), next,
		orders = MIN(orders_step(h->orders, now), guard_step(h->guard, now));
	uint64_t moved;

	pump(h, now);
	make_room(h, now);
	MHD_run(h->daemon);
	/* It sends a block each time, and asks for the next call at once: not in vain. */
	moved = history_moved(h->history) + reply_blocks() + h->streamed;
	is_ready = is_ready || h->moved != moved;
	h->moved = moved;
	next = MIN(next_call(h, now, is_ready), clients_deadline(&h->clients));
	if (feed_streams(h->feed) > 0 && h->next_pump_ns == NEVER)
		h->next_pump_ns = now;
	return MIN(MIN(next, orders), h->next_pump_ns);
}

void
http_show(struct http *h, const struct board *board)
{
	struct board_info info;

	board_info(board, &info);
	cache_clear(&h->cache);
	feed_show(h->feed, board, now_boot(), now_wall_offset());
	h->board = board;
	h->tick_ns = info.tick_ns;
	wake_streams(h);
}

void
http_history(struct http *h, int fd)
{
	history_connect(h->history, fd);
}

void
http_gate(struct http *h, int fd)
{
	orders_connect(h->orders, fd);
}

void
http_accounts(struct http *h, bool are_there)
{
	if (h->is_closed == are_there)
		return;
	h->is_closed = are_there;
	cache_clear(&h->cache);
	look_at_listeners(h);
}

void
http_supervisor(struct http *h, int fd)
{
	orders_supervisor(h->orders, fd);
}

int
http_rehearsed(struct http *h, struct wire_in *in, int *pass, struct err *err)
{
	return orders_rehearsed(h->orders, in, pass, err);
}

void
http_waiting(struct http *h, const struct waiting *w)
{
	h->waiting = *w;
}

void
http_shown(struct http *h, const struct shown *s)
{
	h->shown = *s;
	cache_clear(&h->cache);
}

void
http_image(struct http *h, const struct image *img)
{
	h->img = img;
	cache_clear(&h->cache);
}

void
http_beat(struct http *h)
{
	int64_t now = now_boot();

	cache_sweep(&h->cache, now - NS_PER_S);
	history_beat(h->history, now);
	if (h->tls != NULL)
		tls_beat(h->tls, now);
	orders_look(h->orders);
	look_at_listeners(h);
	if (h->is_public)
		end_streams(h);
	if (h->board == NULL)
		return;
	feed_beat(h->feed, now, now_wall_offset());
	wake_streams(h);
}

void
http_figures(const struct http *h, struct http_figures *out)
{
	*out = (struct http_figures){
		.connections = h->clients.n,
		.streams = (unsigned)feed_streams(h->feed),
		.requests = h->requests,
	};
}
