/* test_http.c - values of a web page */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "codec_feed.h"
#include "drivers/http_auth.h"
#include "http_feed.h"
#include "link/link.h"

extern const struct codec codec_http;

#define SUM "<Response><Terminal><Name>Sum</Name><Value>9.000000</Value></Terminal></Response>"
#define HEAD "HTTP/1.1 200 OK\r\nServer: x\r\n"

enum { NUMBER, TEXT, BOOL };

static const struct instrument ins = { .opts.text = { NULL, "/service/method" }, .name = "pc" };
static const struct learned nothing;
static struct feed got;

static struct point
point(const char *terminal, int64_t type)
{
	struct point pt = http_feed_read(&ins, HTTP_PT_TERMINAL, terminal, type);

	assert_true(pt.id == 3 && pt.every_ns == 7 && pt.write_space == -1);
	return pt;
}

static struct request
plan(const struct point *pts, size_t n)
{
	struct request out[16];

	assert_int_equal(codec_http.plan(&ins, pts, n, &nothing, out, n), 1);
	assert_int_equal(out[0].n, n);
	return out[0];
}

static void
assert_described(const struct request *req, const char *want)
{
	char text[80];

	codec_http.describe(&ins, req, text, sizeof(text));
	assert_string_equal(text, want);
}

static int
decode(const struct point *pts, size_t n, const char *frame, size_t len, struct reading *r,
	struct readings *out, struct err *err)
{
	struct request req = plan(pts, n);

	*out = (struct readings){ .at = r, .cap = 16 };
	return codec_http.decode(&ins, &req, pts, (const uint8_t *)frame, len, NULL, out, err);
}

/* The page in an answer with its length. */
static int
read_page(const struct point *pts, size_t n, const char *page, struct reading *r,
	struct readings *out, struct err *err)
{
	static char frame[CODEC_FRAME_MAX];
	int len = snprintf(
		frame, sizeof(frame), HEAD "Content-Length: %zu\r\n\r\n%s", strlen(page), page);

	feed(&codec_http, &ins, (const uint8_t *)frame, (size_t)len, 0, WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 1);
	assert_int_equal(got.n[0], len);
	return decode(pts, n, frame, (size_t)len, r, out, err);
}

/* ---- options, requests ---- */

static void
test_options(void **state)
{
	static const char *const paths[] = { "", "service", "/a b", "/a\r\nX: y", "/\xE9",
		"/\x7F" };
	static const char *const hosts[] = { "", "a b", "a\r\nX: y" };
	static char longest[600];
	struct instrument wrong = ins;
	struct err err;
	struct optvals v = {
		.num = { [HTTP_PT_METHOD] = OPT_ABSENT, [HTTP_PT_DIGITS] = OPT_ABSENT },
		.text = { "" }
	};
	struct point pt = { 0 };

	assert_int_equal(codec_http.check(&ins, &err), 0);
	for (size_t i = 0; i < NELEM(paths); i++) {
		wrong.opts.text[1] = paths[i];
		assert_int_equal(codec_http.check(&wrong, &err), ERR_CONF);
		assert_int_equal(err.sys, 1);
	}
	memset(longest, '/', 351);
	wrong.opts.text[1] = longest;
	assert_int_equal(codec_http.check(&wrong, &err), ERR_CONF);
	wrong = ins;
	for (size_t i = 0; i < NELEM(hosts); i++) {
		wrong.opts.text[0] = hosts[i];
		assert_int_equal(codec_http.check(&wrong, &err), ERR_CONF);
		assert_int_equal(err.sys, 0);
	}
	assert_int_equal(codec_http.point(&ins, &v, &pt, &err), ERR_CONF);
	v.text[0] = longest;
	assert_int_equal(codec_http.point(&ins, &v, &pt, &err), ERR_CONF);
	assert_int_equal(point("a", NUMBER).value, VALUE_FLOAT);
	assert_int_equal(point("a", TEXT).value, VALUE_TEXT);
	assert_int_equal(point("a", BOOL).value, VALUE_BOOL);
}

static void
test_question(void **state)
{
	static const char want[] = "GET /service/method HTTP/1.1\r\nHost: bench\r\n"
				   "Connection: keep-alive\r\n\r\n";
	struct instrument named = ins;
	struct point pt = point("Sum", NUMBER);
	struct request req = plan(&pt, 1);
	static char host[101], path[351];
	uint8_t bytes[LINK_TX_MAX] = { 0 };

	assert_int_equal(codec_http.encode(&ins, &req, 1, NULL, bytes, sizeof(bytes), NULL),
		sizeof(want) - 1);
	assert_memory_equal(bytes, want, sizeof(want) - 1);
	assert_described(&req, "GET /service/method");
	assert_int_equal(codec_http.encode(&ins, &req, 1, NULL, bytes, 40, NULL), ERR_CONF);
	named.opts.text[0] = "pc1:8080";
	assert_true(codec_http.encode(&named, &req, 1, NULL, bytes, sizeof(bytes), NULL) > 0);
	assert_non_null(memmem(bytes, sizeof(bytes), "Host: pc1:8080\r\n", 16));
	memset(host, 'h', 100);
	memset(path, '/', 350);
	named.opts.text[0] = host;
	named.opts.text[1] = path;
	assert_int_equal(codec_http.check(&named, NULL), 0);
	assert_true(codec_http.encode(&named, &req, 1, NULL, bytes, LINK_TX_MAX, NULL) > 0);
	assert_int_equal(
		codec_http.match(&ins, &req, 1, (const uint8_t *)"x", 1), MATCH_CANNOT_TELL);
	assert_int_equal(codec_http.match(&ins, NULL, 1, (const uint8_t *)"x", 1), MATCH_NOT_MINE);
	assert_null(codec_http.alike);
	assert_true(codec_http.closes);
}

/* What is asked for, and how: a path, and lines of the head. */
static void
assert_asks(const struct instrument *who, const char *path, const char *lines)
{
	struct point pt = point("Sum", NUMBER);
	struct request req = plan(&pt, 1);
	char want[400];
	uint8_t bytes[LINK_TX_MAX];
	struct err err = { .msg = "" };
	int n = codec_http.encode(who, &req, 1, NULL, bytes, sizeof(bytes), &err);

	snprintf(want, sizeof(want),
		"GET %s HTTP/1.1\r\nHost: bench\r\nConnection: keep-alive\r\n%s\r\n", path, lines);
	if (n != (int)strlen(want) || memcmp(bytes, want, (size_t)n) != 0)
		fail_msg("%.*s %s", MAX(n, 0), (const char *)bytes, err.msg);
}

/* The example of RFC 7617, 2; keys in a query and in the head. */
static void
test_who_asks(void **state)
{
	struct request req = { .kind = REQUEST_READ };
	struct instrument who = ins;
	uint8_t bytes[LINK_TX_MAX];
	struct err err;

	who.opts.text[HTTP_OPT_USER] = "Aladdin";
	who.opts.num[HTTP_OPT_PASSWORD] = 1;
	assert_int_equal(codec_http.encode(&who, &req, 1, NULL, bytes, sizeof(bytes), &err),
		ERR_CONF); /* not known yet */
	who.opts.text[HTTP_OPT_PASSWORD] = "open sesame";
	assert_asks(
		&who, "/service/method", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	who.opts.num[HTTP_OPT_KEY] = 2;
	who.opts.text[HTTP_OPT_KEY] = "a&b=c d%";
	who.opts.text[HTTP_OPT_KEY_QUERY] = "key";
	assert_asks(&who, "/service/method?key=a%26b%3Dc%20d%25",
		"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	who.opts.num[HTTP_OPT_PASSWORD] = 0;
	who.opts.text[HTTP_OPT_USER] = who.opts.text[HTTP_OPT_PASSWORD] = NULL;
	who.opts.text[HTTP_OPT_PATH] = "/a?Get=R&x=1";
	assert_asks(&who, "/a?key=a%26b%3Dc%20d%25&Get=R&x=1", "");
	who.opts.text[HTTP_OPT_KEY_QUERY] = NULL;
	who.opts.text[HTTP_OPT_KEY_HEADER] = "X-Api-Key";
	assert_asks(&who, "/a?Get=R&x=1", "X-Api-Key: a&b=c d%\r\n");
	who.opts.text[HTTP_OPT_KEY_HEADER] = "Authorization: Bearer";
	assert_asks(&who, "/a?Get=R&x=1", "Authorization: Bearer a&b=c d%\r\n");
}

/* All that is longest at one time: no byte beyond the room, and nothing cut. */
static void
test_long_secrets(void **state)
{
	static char longest[SECRET_MAX + 1], user[HTTP_USER_MAX + 1];
	struct request req = { .kind = REQUEST_READ };
	struct instrument who = ins;
	uint8_t bytes[LINK_TX_MAX];
	struct err err;
	int n;

	memset(longest, '%', SECRET_MAX);
	memset(user, 'u', HTTP_USER_MAX);
	who.opts.text[HTTP_OPT_USER] = user;
	who.opts.num[HTTP_OPT_PASSWORD] = who.opts.num[HTTP_OPT_KEY] = 1;
	who.opts.text[HTTP_OPT_PASSWORD] = who.opts.text[HTTP_OPT_KEY] = longest;
	who.opts.text[HTTP_OPT_KEY_HEADER] = "X-Api-Key";
	n = codec_http.encode(&who, &req, 1, NULL, bytes, sizeof(bytes), &err);
	assert_true(n > 2 * SECRET_MAX);
	assert_memory_equal(bytes + n - 6, "%%\r\n\r\n", 6);
	who.opts.text[HTTP_OPT_KEY_HEADER] = NULL;
	who.opts.text[HTTP_OPT_KEY_QUERY] = "key";
	assert_int_equal(
		codec_http.encode(&who, &req, 1, NULL, bytes, sizeof(bytes), &err), ERR_CONF);
	assert_null(strstr(err.msg, "%%"));
}

static void
test_plan(void **state)
{
	struct point pts[20];
	struct request out[20];

	for (int i = 0; i < 20; i++)
		pts[i] = point("a", i < 10 ? TEXT : NUMBER);
	assert_int_equal(codec_http.plan(&ins, pts, 20, &nothing, out, 20), 2);
	assert_int_equal(out[0].n, 8);
	assert_int_equal(out[1].n, 12);
	pts[19].every_ns = 8;
	assert_int_equal(codec_http.plan(&ins, pts, 20, &nothing, out, 20), 3);
	assert_int_equal(codec_http.plan(&ins, pts, 20, &nothing, out, 1), 1);
}

/* ---- where an answer ends ---- */

/* The same page in all forms; each must give the value, however it is cut. */
static void
test_forms_of_a_body(void **state)
{
	static const struct {
		const char *frame;
		bool ends_with_the_wire;
	} rows[] = {
		{ HEAD "Content-Length: 81\r\n\r\n" SUM, false },
		{ HEAD "content-LENGTH:81 \r\nX: y\r\n\r\n" SUM, false },
		{ "HTTP/1.0 200 OK\nContent-Length: 81\n\n" SUM, false },
		{ "HTTP/1.1 200\r\nContent-Length: 81\r\nContent-Length: 81\r\n\r\n" SUM, false },
		{ HEAD "Transfer-Encoding: chunked\r\n\r\n51\r\n" SUM "\r\n0\r\n\r\n", false },
		{ HEAD "Content-Length: 7\r\nTRANSFER-encoding: Chunked\r\n\r\n0A;x=y\r\n"
		       "<Response>\r\n47 \r\n<Terminal><Name>Sum</Name><Value>9.000000</Value>"
		       "</Terminal></Response>\r\n000\r\nX: y\r\n\r\n",
			false },
		{ HEAD "Connection: close\r\n\r\n" SUM, true },
	};
	struct point pt = point("Sum", NUMBER);
	struct readings out;
	struct reading r[16];

	for (size_t i = 0; i < NELEM(rows); i++) {
		const char *f = rows[i].frame;
		size_t n = strlen(f);
		char two[1000];

		if (rows[i].ends_with_the_wire) {
			feed_all_ways(&codec_http, &ins, (const uint8_t *)f, n, WIRE_OPEN, &got);
			assert_int_equal(got.n_frames, 0);
		} else {
			feed_waits(&codec_http, &ins, (const uint8_t *)f, n);
			snprintf(two, sizeof(two), "%s%s", f, f);
			feed_all_ways(
				&codec_http, &ins, (const uint8_t *)two, 2 * n, WIRE_OPEN, &got);
			assert_int_equal(got.n_frames, 2);
		}
		feed_all_ways(&codec_http, &ins, (const uint8_t *)f, n, WIRE_CLOSED, &got);
		assert_int_equal(got.n_frames, 1);
		assert_int_equal(got.n[0], n);
		assert_int_equal(decode(&pt, 1, f, n, r, &out, NULL), 0);
		assert_true(out.n == 1 && r[0].quality == Q_GOOD && r[0].v.f == 9.0);
	}
}

static void
test_answers_without_body(void **state)
{
	static const char line[] = "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"
				   "\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not\r\n\r\n";
	struct point pt = point("Sum", NUMBER);
	struct readings out;
	struct reading r[16];

	feed_all_ways(&codec_http, &ins, (const uint8_t *)line, sizeof(line) - 1, WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 2);
	assert_int_equal(decode(&pt, 1, (char *)got.frame[0], got.n[0], r, &out, NULL), 0);
	assert_true(r[0].quality == Q_WRONG_ANSWER && r[0].code == 204);
	assert_int_equal(decode(&pt, 1, (char *)got.frame[1], got.n[1], r, &out, NULL), 0);
	assert_true(r[0].quality == Q_BAD_REQUEST && r[0].code == 304);
}

/* What comes first is no answer of HTTP: the connection is lost, at whatever byte that shows. */
static void
test_garbage(void **state)
{
	static const char *const lines[] = { "x", "HTTP/2 200", "HTTP/1.1 2x0 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n", "HTTP/1.1\t200 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n", "\r\n\r\nx", "HTTP/1.1\r\n\r\n" };
	static char longest[3000];

	for (size_t i = 0; i < NELEM(lines); i++) {
		feed_all_ways(&codec_http, &ins, (const uint8_t *)lines[i], strlen(lines[i]),
			WIRE_OPEN, &got);
		assert_true(got.is_lost && got.n_frames == 0);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, HEAD, sizeof(HEAD) - 1);
	feed_all_ways(
		&codec_http, &ins, (const uint8_t *)longest, sizeof(longest), WIRE_OPEN, &got);
	assert_true(got.is_lost && got.n_frames == 0);
	feed(&codec_http, &ins, (const uint8_t *)longest, 2047, 0, WIRE_OPEN, &got);
	assert_false(got.is_lost);
}

/* An answer whose end cannot be reached tells why; what follows is garbage. */
static void
test_answers_without_a_known_end(void **state)
{
	static const struct {
		const char *frame, *why;
	} rows[] = {
		{ HEAD "Content-Length: 16384\r\n\r\n<Response>", "more than 16384" },
		{ HEAD "Content-Length: 99999999999999999999\r\n\r\n<Response>",
			"more than 16384" },
		{ HEAD "Content-Length: x\r\n\r\n<Response>", "no number" },
		{ HEAD "Content-Length: -1\r\n\r\n<Response>", "no number" },
		{ HEAD "Content-Length:\r\n\r\n<Response>", "empty" },
		{ HEAD "Content-Length: 1\r\nContent-Length: 2\r\n\r\n<Response>", "two lengths" },
		{ HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n<Response>", "transfer coding" },
		{ HEAD "Transfer-Encoding: chunked\r\n\r\n4000\r\n<Response>", "chunks" },
		{ HEAD "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n<Response>", "chunks" },
		{ HEAD "Transfer-Encoding: chunked\r\n\r\n-1\r\n<Response>", "chunks" },
		{ HEAD "Transfer-Encoding: chunked\r\n\r\n\r\n<Response>", "chunks" },
		{ HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n<Response>", "chunks" },
	};
	struct point pt = point("Sum", NUMBER);
	struct readings out;
	struct reading r[16];
	struct err err;

	for (size_t i = 0; i < NELEM(rows); i++) {
		const char *f = rows[i].frame, *body = strstr(f, "\r\n\r\n") + 4;

		feed_all_ways(&codec_http, &ins, (const uint8_t *)f, strlen(f), WIRE_OPEN, &got);
		assert_true(got.n_frames == 1 && got.is_lost);
		assert_int_equal(got.n[0], body - f);
		assert_int_equal(
			decode(&pt, 1, (char *)got.frame[0], got.n[0], r, &out, &err), DECODE_BAD);
		assert_non_null(strstr(err.msg, rows[i].why));
		assert_int_equal(out.n, 0);
	}
}

static void
test_a_body_that_never_ends(void **state)
{
	static char line[20000];
	struct point pt = point("Sum", NUMBER);
	struct readings out;
	struct reading r[16];
	struct err err;

	memset(line, ' ', sizeof(line));
	memcpy(line, HEAD "\r\n" SUM, sizeof(HEAD "\r\n" SUM) - 1);
	feed(&codec_http, &ins, (const uint8_t *)line, 16383, 64, WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 0);
	for (size_t piece = 0; piece < 16384; piece += 5461) {
		feed(&codec_http, &ins, (const uint8_t *)line, sizeof(line), piece, WIRE_OPEN,
			&got);
		assert_int_equal(got.n_frames, 1);
		assert_int_equal(got.n[0], 16384);
		assert_true(got.is_lost);
	}
	assert_int_equal(decode(&pt, 1, line, 16384, r, &out, &err), DECODE_BAD);
	assert_non_null(strstr(err.msg, "more than 16384"));
	assert_int_equal(decode(&pt, 1, line, 16383, r, &out, &err), 0);
	assert_int_equal(decode(&pt, 1, line, 16385, r, &out, &err), DECODE_BAD);
}

/* Does the connection end with it? RFC 9112, 9.3. */
static void
test_the_end_of_the_connection(void **state)
{
	static const struct {
		const char *head;
		bool is_end;
	} rows[] = { { "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n", false },
		{ "HTTP/1.0 200 x\r\nContent-Length: 0\r\n\r\n", true },
		{ "HTTP/1.0 200 x\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", false },
		{ "HTTP/1.1 200 x\r\nconnection:close\r\nContent-Length: 0\r\n\r\n", true },
		{ "HTTP/1.1 404 x\r\nConnection: TE , Close\r\nContent-Length: 0\r\n\r\n", true },
		{ "HTTP/1.1 503 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true },
		{ "HTTP/1.1 200 x\r\nConnection: closed\r\nContent-Length: 0\r\n\r\n", false },
		{ "HTTP/1.1 200 x\r\nConnection: \r\nContent-Length: 0\r\n\r\n", false },
		{ "HTTP/1.1 200 x\r\nConnection: ,\r\nContent-Length: 0\r\n\r\n", false },
		{ "HTTP/1.1 200 x\r\n\r\n", true } };
	struct point pt = point("Sum", NUMBER);
	struct readings out;
	struct reading r[16];

	for (size_t i = 0; i < NELEM(rows); i++) {
		decode(&pt, 1, rows[i].head, strlen(rows[i].head), r, &out, NULL);
		if (out.is_end != rows[i].is_end)
			fail_msg("%s", rows[i].head);
	}
}

/* ---- what it says ---- */

static void
test_status_codes(void **state)
{
	static const struct {
		unsigned status;
		enum quality quality;
	} rows[] = { { 404, Q_BAD_ADDRESS }, { 405, Q_BAD_FUNCTION }, { 401, Q_BAD_REQUEST },
		{ 301, Q_BAD_REQUEST }, { 500, Q_DEVICE_FAILED }, { 502, Q_GATEWAY_TARGET },
		{ 202, Q_WRONG_ANSWER } };
	struct point pts[2] = { point("Sum", NUMBER), point("T", TEXT) };
	struct readings out;
	struct reading r[16];
	struct err err;
	char frame[300];
	int n;

	for (size_t i = 0; i < NELEM(rows); i++) {
		n = snprintf(frame, sizeof(frame), "HTTP/1.1 %u x\r\nContent-Length: 81\r\n\r\n%s",
			rows[i].status, SUM);
		assert_int_equal(decode(pts, 2, frame, (size_t)n, r, &out, NULL), 0);
		assert_int_equal(out.n, 2);
		assert_true(r[1].quality == rows[i].quality && r[1].code == rows[i].status);
	}
	n = snprintf(frame, sizeof(frame), "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(decode(pts, 2, frame, (size_t)n, r, &out, &err), DECODE_LATER);
	assert_int_equal(err.sys, 503);
}

static void
test_values(void **state)
{
	static const char page[] =
		"\xEF\xBB\xBF<?xml version=\"1.0\"?>\r\n"
		"<lv:Response xmlns:lv='http://x/y' a = \"b\">"
		" <lv:Terminal>\n <lv:Name>Sum</lv:Name>\t<lv:Value> -1.5e3 "
		"</lv:Value></lv:Terminal>"
		"<Terminal><Name>A &lt;&amp;&gt; B</Name><Value>x&#233;&#x20AC;&quot;&apos;</Value>"
		"</Terminal>"
		"<Terminal><Name>on</Name><Value>1</Value></Terminal>"
		"<Terminal><Name>off</Name><Value>0</Value></Terminal>"
		"<Terminal><Name>none</Name><Value/></Terminal>"
		"<Terminal><Name>list</Name><Value><DimSize>2</DimSize><E a=\"1\"/><E>x</E></Value>"
		"</Terminal>"
		"<Terminal><Name>twice</Name><Value>1</Value></Terminal>"
		"<Terminal><Name>twice</Name><Value>1</Value></Terminal>"
		"<Terminal><Name>comma</Name><Value>9,5</Value></Terminal>"
		"<Terminal><Name>lines</Name><Value>\n a\tb\r\n</Value></Terminal>"
		"</lv:Response>\r\n";
	static const struct {
		const char *name;
		int type;
		enum quality quality;
		double v;
		const char *text;
	} rows[] = {
		{ "Sum", NUMBER, Q_GOOD, -1500, NULL },
		{ "A <&> B", TEXT, Q_GOOD, 0, "x\xC3\xA9\xE2\x82\xAC\"'" },
		{ "on", BOOL, Q_GOOD, 1, NULL },
		{ "off", BOOL, Q_GOOD, 0, NULL },
		{ "none", TEXT, Q_GOOD, 0, "" },
		{ "none", NUMBER, Q_NOT_A_NUMBER, 0, NULL },
		{ "list", NUMBER, Q_WRONG_ANSWER, 0, NULL },
		{ "twice", NUMBER, Q_WRONG_ANSWER, 0, NULL },
		{ "comma", NUMBER, Q_NOT_A_NUMBER, 0, NULL },
		{ "comma", BOOL, Q_NOT_A_NUMBER, 0, NULL },
		{ "lines", TEXT, Q_GOOD, 0, "a b" },
		{ "other", NUMBER, Q_MISSING, 0, NULL },
		{ "Sum", TEXT, Q_GOOD, 0, "-1.5e3" },
	};
	struct point pts[NELEM(rows)];
	struct readings out;
	struct reading r[16];

	for (size_t i = 0; i < NELEM(rows); i++)
		pts[i] = point(rows[i].name, rows[i].type);
	assert_int_equal(read_page(pts, NELEM(rows), page, r, &out, NULL), 0);
	assert_int_equal(out.n, NELEM(rows));
	for (size_t i = 0; i < NELEM(rows); i++) {
		assert_int_equal(r[i].quality, rows[i].quality);
		assert_int_equal(r[i].at, i);
		if (rows[i].quality != Q_GOOD)
			continue;
		if (rows[i].text != NULL)
			assert_string_equal(r[i].text, rows[i].text);
		else
			assert_true(
				(rows[i].type == BOOL ? (double)r[i].v.i : r[i].v.f) == rows[i].v);
	}
}

static void
test_single_values(void **state)
{
	static const struct {
		const char *value;
		int type;
		enum quality quality;
		const char *text;
	} rows[] = {
		{ "degr\xE9", TEXT, Q_GOOD, "degr\xC3\xA9" }, /* Latin-1 */
		{ "\xE9&#8364;", TEXT, Q_GOOD, "\xC3\xA9\xE2\x82\xAC" },
		{ "\xC3\xA9", TEXT, Q_GOOD, "\xC3\xA9" },
		{ "\xF0\x9F\x98\x80", TEXT, Q_GOOD, "\xF0\x9F\x98\x80" },
		{ "&#x1F600;", TEXT, Q_GOOD, "\xF0\x9F\x98\x80" },
		{ "a&nbsp;b", TEXT, Q_GARBLED, NULL },
		{ "a&", TEXT, Q_GARBLED, NULL },
		{ "&#0;", TEXT, Q_GARBLED, NULL },
		{ "&#xD800;", TEXT, Q_GARBLED, NULL },
		{ "&#1114112;", TEXT, Q_GARBLED, NULL },
		{ "&#;", TEXT, Q_GARBLED, NULL },
		{ "&#xg;", TEXT, Q_GARBLED, NULL },
		{ "a\x01", TEXT, Q_GARBLED, NULL },
		{ "NaN", NUMBER, Q_NOT_A_NUMBER, NULL },
		{ "Inf", NUMBER, Q_NOT_A_NUMBER, NULL },
		{ "1e999", NUMBER, Q_NOT_A_NUMBER, NULL },
		{ "0x10", NUMBER, Q_NOT_A_NUMBER, NULL },
		{ "1 2", NUMBER, Q_NOT_A_NUMBER, NULL },
		{ "TRUE", BOOL, Q_NOT_A_NUMBER, NULL },
		{ "10", BOOL, Q_NOT_A_NUMBER, NULL },
		{ "0000000000000000000000000000000000000000000000000000000000000000001", NUMBER,
			Q_NOT_A_NUMBER, NULL },
	};
	char page[300], longest[100];
	struct readings out;
	struct reading r[16];
	struct point pt;

	for (size_t i = 0; i < NELEM(rows); i++) {
		pt = point("T", rows[i].type);
		snprintf(page, sizeof(page),
			"<Response><Terminal><Name>T</Name><Value>%s</Value></Terminal></Response>",
			rows[i].value);
		assert_int_equal(read_page(&pt, 1, page, r, &out, NULL), 0);
		assert_int_equal(r[0].quality, rows[i].quality);
		if (rows[i].text != NULL)
			assert_string_equal(r[0].text, rows[i].text);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + 62, "\xC3\xA9", 3); /* would be cut in the middle */
	pt = point("T", TEXT);
	snprintf(page, sizeof(page),
		"<Response><Terminal><Name>T</Name><Value>%s</Value></Terminal></Response>",
		longest);
	assert_int_equal(read_page(&pt, 1, page, r, &out, NULL), 0);
	assert_int_equal(r[0].quality, Q_TEXT_CUT);
	assert_int_equal(strlen(r[0].text), 62);
}

static void
test_xml_that_is_refused(void **state)
{
	static const char *const pages[] = { "", " ", "{\"Sum\": 9}", "<html></html>", "<Response>",
		"<Response></Response>x", "<Response></Terminal></Response>",
		"<Response><!-- c --></Response>", "<!DOCTYPE x><Response></Response>",
		"<Response>text</Response>", "<Response><Other/></Response>",
		"<Response><Terminal/></Response>", "<Response><Terminal></Terminal></Response>",
		"<Response><Terminal><Value>1</Value><Name>Sum</Name></Terminal></Response>",
		"<Response><Terminal><Name>Sum</Name></Terminal></Response>",
		"<Response><Terminal><Name>Sum</Name><Value>1</Terminal></Response>",
		"<Response><Terminal><Name>Sum<b/></Name><Value>1</Value></Terminal></Response>",
		"<Response><Terminal><Name>Sum</Name><Value>1</Value>x</Terminal></Response>",
		"<Response><Terminal><Name>Sum</Name><Value><![CDATA[1]]></Value></Terminal>"
		"</Response>",
		"<Response a></Response>", "<Response a=b></Response>",
		"<Response a=\"b></Response>", "<Response", "<", "</Response>", "<Response /",
		"<?xml ", "<?xml x>",
		"<Response><Terminal><Name>S</"
		"Name><Value><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"
		"<a><a><a><a>" };
	struct point pt = point("Sum", NUMBER);
	struct readings out;
	struct reading r[16];
	struct err err;

	for (size_t i = 0; i < NELEM(pages); i++) {
		err.msg[0] = '\0';
		assert_int_equal(read_page(&pt, 1, pages[i], r, &out, &err), DECODE_BAD);
		assert_memory_equal(err.msg, "XML at byte ", 12);
		assert_int_equal(out.n, 0);
	}
	assert_int_equal(read_page(&pt, 1, "<Response/>", r, &out, &err), 0);
	assert_int_equal(r[0].quality, Q_MISSING);
}

/* A page that breaks off at any byte gives no value at all. */
static void
test_broken_at_each_place(void **state)
{
	static const char page[] = SUM;
	struct point pt = point("Sum", NUMBER);
	struct readings out;
	struct reading r[16];
	char part[sizeof(page)];

	for (size_t n = 0; n < sizeof(page) - 1; n++) {
		memcpy(part, page, n);
		part[n] = '\0';
		assert_int_equal(read_page(&pt, 1, part, r, &out, NULL), DECODE_BAD);
		for (unsigned wrong = 0; wrong < 256; wrong += 5) {
			memcpy(part, page, sizeof(page));
			part[n] = (char)wrong;
			if (wrong != 0 && read_page(&pt, 1, part, r, &out, NULL) == 0)
				assert_int_equal(out.n, 1);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_who_asks),
		cmocka_unit_test(test_long_secrets),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_forms_of_a_body),
		cmocka_unit_test(test_answers_without_body),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_answers_without_a_known_end),
		cmocka_unit_test(test_a_body_that_never_ends),
		cmocka_unit_test(test_the_end_of_the_connection),
		cmocka_unit_test(test_status_codes),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_single_values),
		cmocka_unit_test(test_xml_that_is_refused),
		cmocka_unit_test(test_broken_at_each_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
