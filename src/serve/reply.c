/* reply.c - answers as libmicrohttpd takes them */
#include "serve/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "serve/asks.h"
#include "serve/pages.h"
#include "serve/target.h"

/* Bytes that libmicrohttpd holds until the last reader has them. */
struct live {
	size_t *live_bytes; /* of all answers */
	char *data;
	size_t n;
};

static void
free_live(void *cls)
{
	struct live *live = cls;

	*live->live_bytes -= live->n;
	free(live->data);
	free(live);
}

void
reply_header(struct MHD_Response *r, const char *name, const char *value)
{
	if (MHD_add_response_header(r, name, value) != MHD_YES)
		log_warn("http: header '%s' could not be set", name);
}

void
reply_headers(struct MHD_Response *r, const char *type, const char *cache_control)
{
	reply_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	reply_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, cache_control);
	reply_header(r, "X-Content-Type-Options", "nosniff");
	reply_header(r, "Referrer-Policy", "no-referrer");
}

/* ---- in blocks ------------------------------------------------------------------------------------------------------------ */

/* With TLS libmicrohttpd sends one record a turn, as long as the system takes it, and the system tells nothing meanwhile. Blocks that
 * it fetches are counted, so that such a turn can be told from one in which nothing happens. */
#define BLOCK_BYTES (32u << 10)

static bool is_in_blocks;
static uint64_t blocks;

void
reply_in_blocks(bool yes)
{
	is_in_blocks = yes;
}

uint64_t
reply_blocks(void)
{
	return blocks;
}

void
reply_block(void)
{
	blocks++;
}

/* Stateless: an answer out of the cache has several readers. */
static ssize_t
read_live(void *cls, uint64_t pos, char *out, size_t max)
{
	const struct live *live = cls;
	size_t n;

	if (pos >= live->n)
		return MHD_CONTENT_READER_END_OF_STREAM;
	n = MIN(max, live->n - (size_t)pos);
	memcpy(out, live->data + pos, n);
	blocks++;
	return (ssize_t)n;
}

struct MHD_Response *
reply_make(struct buf *body, const char *type, size_t *live_bytes)
{
	struct live *live = mem_zero(1, sizeof(*live));
	struct MHD_Response *r;

	*live = (struct live){
		.live_bytes = live_bytes, .data = mem_grow(body->data, body->n, 1), .n = body->n
	};
	*body = (struct buf){ 0 };
	r = is_in_blocks && live->n > BLOCK_BYTES
		    ? MHD_create_response_from_callback(
			      live->n, BLOCK_BYTES, read_live, live, free_live)
		    : MHD_create_response_from_buffer_with_free_callback_cls(
			      live->n, live->data, free_live, live);
	if (r == NULL) {
		free(live->data);
		free(live);
		return NULL;
	}
	*live_bytes += live->n;
	reply_headers(r, type, "no-store");
	return r;
}

void
reply_problem_headers(struct MHD_Response *r, enum problem p)
{
	if (p == PROBLEM_NO_TOKEN || p == PROBLEM_NO_LINK || p == PROBLEM_SIGN_IN)
		reply_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"mbc\"");
	if (p == PROBLEM_BUSY || p == PROBLEM_NO_BOARD || p == PROBLEM_NO_HISTORY ||
		p == PROBLEM_NO_ALARMS || p == PROBLEM_NO_GATE)
		reply_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	if (p == PROBLEM_ONE_AT_A_TIME)
		reply_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "2");
	if (p == PROBLEM_REHEARSING)
		reply_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "10");
}

enum MHD_Result
reply_body(struct MHD_Connection *c, unsigned status, struct buf *body, const char *type,
	size_t *live_bytes)
{
	struct MHD_Response *r = reply_make(body, type, live_bytes);
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

enum MHD_Result
reply_problem(struct MHD_Connection *c, enum problem p, const char *detail, const char *uri,
	size_t *live_bytes)
{
	return reply_problem_wait(c, p, detail, uri, 0, live_bytes);
}

enum MHD_Result
reply_problem_wait(struct MHD_Connection *c, enum problem p, const char *detail, const char *uri,
	unsigned wait_s, size_t *live_bytes)
{
	struct MHD_Response *r;
	struct buf body = { 0 };
	enum MHD_Result rc;
	char seconds[16];

	problem_write(&body, p, detail, uri);
	r = reply_make(&body, "application/problem+json", live_bytes);
	if (r == NULL)
		return MHD_NO;
	if (p == PROBLEM_READ_ONLY)
		reply_header(r, MHD_HTTP_HEADER_ALLOW, target_allows(uri));
	snprintf(seconds, sizeof(seconds), "%u", wait_s);
	if (wait_s > 0)
		reply_header(r, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
	else
		reply_problem_headers(r, p);
	rc = MHD_queue_response(c, problem_status(p), r);
	MHD_destroy_response(r);
	return rc;
}

const char *
reply_asked(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

bool
reply_is_tls(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION) != NULL;
}

bool
reply_is_near(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info != NULL && info->client_addr != NULL && asks_is_near(info->client_addr);
}

enum MHD_Result
reply_page(struct MHD_Connection *c, int page, bool is_strict)
{
	const struct page_file *p = &page_files[page];
	bool is_gzip = asks_gzip(reply_asked(c, MHD_HTTP_HEADER_ACCEPT_ENCODING));
	const unsigned char *from = is_gzip ? p->gzip : p->plain;
	size_t n = (size_t)((is_gzip ? p->gzip_end : p->plain_end) - from);
	unsigned status = MHD_HTTP_OK;
	struct MHD_Response *r;
	char tag[PAGE_TAG];
	enum MHD_Result rc;

	page_tag(tag, page, is_gzip);
	if (!asks_other_than(reply_asked(c, MHD_HTTP_HEADER_IF_NONE_MATCH), tag)) {
		status = MHD_HTTP_NOT_MODIFIED;
		n = 0;
	}
	r = MHD_create_response_from_buffer_with_free_callback(n, (void *)(uintptr_t)from, NULL);
	if (r == NULL)
		return MHD_NO;
	reply_headers(r, p->type, "no-cache");
	reply_header(r, MHD_HTTP_HEADER_ETAG, tag);
	reply_header(r, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
	reply_header(r, "Content-Security-Policy",
		"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	if (is_strict)
		reply_header(r, "Strict-Transport-Security", "max-age=2592000");
	if (is_gzip && status == MHD_HTTP_OK)
		reply_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}
