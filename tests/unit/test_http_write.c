/* test_http_write.c - writes over HTTP, alone and through the link engine */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../simulation/image_builder.h"
#include "drivers/http_write.h"
#include "drivers/list.h"
#include "http_feed.h"
#include "link/link.h"

static const struct instrument ins = { .opts.text = { [HTTP_OPT_PATH] = "/page" }, .name = "io" };

static struct err err;

static struct optvals
read_of(int type)
{
	struct optvals v = http_feed_opts();

	v.text[HTTP_PT_JSON] = "a";
	v.num[HTTP_PT_TYPE] = type;
	return v;
}

static struct optvals
write_of(int type, const char *path, const char *body)
{
	struct optvals v = http_feed_opts();

	v.num[HTTP_PT_TYPE] = type;
	v.text[HTTP_PT_PATH] = path;
	v.text[HTTP_PT_BODY] = body;
	return v;
}

static struct point
point(int type, const struct optvals *write)
{
	struct optvals read = read_of(type);

	return http_feed_point(&ins, &read, write);
}

/* The bytes of a write; the text lives until the next call. */
static const char *
bytes_of(const struct instrument *of, const struct point *pt, union value v, const char *text)
{
	static char out[LINK_TX_MAX + 1];
	struct vars vars = { .identity = "" };
	struct request req;
	int n;

	if (codec_http.write(of, pt, v, text, NULL, &req, &err) != 0)
		return NULL;
	n = codec_http.encode(of, &req, 1, &vars, (uint8_t *)out, LINK_TX_MAX, &err);
	assert_true(n > 0);
	out[n] = '\0';
	return out;
}

static void
assert_sends(const struct point *pt, union value v, const char *text, const char *first,
	const char *last)
{
	const char *got = bytes_of(&ins, pt, v, text);

	assert_non_null(got);
	if (strncmp(got, first, strlen(first)) != 0 ||
		strcmp(strstr(got, "\r\n\r\n") + 4, last) != 0)
		fail_msg("%s", got);
}

/* ---- requests ---- */

static void
test_moxa_single_node(void **state)
{
	static const char want[] =
		"PUT /api/slot/0/io/relay/3/relayStatus HTTP/1.1\r\nHost: bench\r\n"
		"Connection: keep-alive\r\nAccept: vdn.dac.v1\r\n"
		"Content-Type: application/json\r\nContent-Length: 49\r\n\r\n"
		"{\"slot\":0,\"io\":{\"relay\":{\"3\":{\"relayStatus\":1}}}}";
	struct optvals w = write_of(HTTP_BOOL, "/api/slot/0/io/relay/3/relayStatus",
		"{\"slot\":0,\"io\":{\"relay\":{\"3\":{\"relayStatus\":{value}}}}}");
	struct point pt = point(HTTP_BOOL, &w);
	struct instrument moxa = ins;

	moxa.opts.text[HTTP_OPT_ACCEPT] = "vdn.dac.v1";
	assert_string_equal(bytes_of(&moxa, &pt, (union value){ .i = 1 }, NULL), want);
}

static void
test_ipx_and_mks(void **state)
{
	struct optvals w = write_of(HTTP_BOOL, "/preset.htm?set1={value}", NULL);
	struct point pt = point(HTTP_BOOL, &w);

	assert_sends(&pt, (union value){ .i = 1 }, NULL,
		"GET /preset.htm?set1=1 HTTP/1.1\r\nHost: bench\r\nConnection: keep-alive\r\n\r\n",
		"");
	assert_sends(&pt, (union value){ .i = 0 }, NULL, "GET /preset.htm?set1=0 HTTP/1.1\r\n", "");

	w.text[HTTP_PT_PATH] = "/api/xdevices.json?key=apikey&{value}";
	w.text[HTTP_PT_ON] = "SetR=02";
	w.text[HTTP_PT_OFF] = "ClearR=02";
	pt = point(HTTP_BOOL, &w);
	assert_sends(&pt, (union value){ .i = 0 }, NULL,
		"GET /api/xdevices.json?key=apikey&ClearR=02 HTTP/1.1\r\n", "");

	w = write_of(HTTP_BOOL, "/v", "{\"v\":{value}}"); /* words are put in as they stand */
	w.text[HTTP_PT_ON] = "\"open\"";
	w.text[HTTP_PT_OFF] = "\"closed\"";
	pt = point(HTTP_BOOL, &w);
	assert_sends(&pt, (union value){ .i = 1 }, NULL, "PUT /v HTTP/1.1\r\n", "{\"v\":\"open\"}");

	w = write_of(HTTP_HEX_FLOAT, "/flow_setpoint_html", "iobuf.setpoint={value}&SUBMIT=Submit");
	w.num[HTTP_PT_METHOD] = HTTP_POST;
	w.num[HTTP_PT_DIGITS] = 2;
	w.text[HTTP_PT_CONTENT] = "application/x-www-form-urlencoded";
	pt = point(HTTP_HEX_FLOAT, &w);
	assert_sends(&pt, (union value){ .f = 12.5 }, NULL,
		"POST /flow_setpoint_html HTTP/1.1\r\nHost: bench\r\nConnection: keep-alive\r\n"
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 34\r\n",
		"iobuf.setpoint=12.50&SUBMIT=Submit");
}

static void
test_numbers(void **state)
{
	static const struct {
		double v;
		int digits;
		const char *path;
	} rows[] = { { 0.1, -1, "/x?v=0.1" }, { -3, -1, "/x?v=-3" }, { 1e21, -1, "/x?v=1e%2B21" },
		{ 1e-7, -1, "/x?v=1e-07" }, { 2.345, 1, "/x?v=2.3" }, { 2.5, 0, "/x?v=3" },
		{ -0.001, 2, "/x?v=0.00" }, { -0.001, 0, "/x?v=0" }, { -1, 1, "/x?v=-1.0" },
		{ 999999999999999.0, 3, "/x?v=999999999999999.000" } };

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct optvals w = write_of(HTTP_NUMBER, "/x?v={value}", NULL);
		struct point pt;
		char want[80];

		if (rows[i].digits >= 0)
			w.num[HTTP_PT_DIGITS] = rows[i].digits;
		pt = point(HTTP_NUMBER, &w);
		snprintf(want, sizeof(want), "GET %s HTTP/1.1\r\n", rows[i].path);
		if (strncmp(bytes_of(&ins, &pt, (union value){ .f = rows[i].v }, NULL), want,
			    strlen(want)) != 0 &&
			rows[i].v != 1e-7) /* its shortest form is text_from_double()'s affair */
			fail_msg("%s: %s", rows[i].path,
				bytes_of(&ins, &pt, (union value){ .f = rows[i].v }, NULL));
		assert_null(bytes_of(&ins, &pt, (union value){ .f = (double)NAN }, NULL));
		assert_null(bytes_of(&ins, &pt, (union value){ .f = (double)INFINITY }, NULL));
		if (rows[i].digits >= 0)
			assert_null(bytes_of(&ins, &pt, (union value){ .f = 1e15 }, NULL));
	}
}

/* A text cannot end where it is put: no quote, no ampersand, no line's end gets through. */
static void
test_texts(void **state)
{
	static const char odd[] = "a\"b\\c\r\n&=%\xC3\xA9 {value}";
	struct optvals w = write_of(HTTP_TEXT, "/x?v={value}&w=1", "{\"v\":\"{value}\"}");
	struct point pt = point(HTTP_TEXT, &w);
	char longest[100];

	assert_sends(&pt, (union value){ 0 }, odd,
		"PUT /x?v=a%22b%5Cc%0D%0A%26%3D%25%C3%A9%20%7Bvalue%7D&w=1 HTTP/1.1\r\n",
		"{\"v\":\"a\\\"b\\\\c\\u000D\\u000A&=%\xC3\xA9 {value}\"}");
	w.text[HTTP_PT_CONTENT] = "application/x-www-form-urlencoded";
	w.text[HTTP_PT_BODY] = "v={value}";
	pt = point(HTTP_TEXT, &w);
	assert_sends(&pt, (union value){ 0 }, "a&b", "PUT /x?v=a%26b&w=1 HTTP/1.1\r\n", "v=a%26b");
	memset(longest, 'x', sizeof(longest));
	longest[63] = '\0';
	assert_non_null(bytes_of(&ins, &pt, (union value){ 0 }, longest));
	longest[63] = 'x';
	longest[64] = '\0';
	assert_null(bytes_of(&ins, &pt, (union value){ 0 }, longest));
	memset(longest, '&', 63);
	longest[63] = '\0';
	assert_null(bytes_of(&ins, &pt, (union value){ 0 }, longest)); /* 3 * 63 bytes, twice */
	assert_string_equal(err.msg, "path, content and body are longer than 250 bytes together "
				     "with the value");
}

static void
test_options(void **state)
{
	static char longest[300];
	struct {
		struct optvals v;
		int opt;
	} bad[20];
	struct optvals good = write_of(HTTP_NUMBER, "/x", "{value}");
	struct point pt;
	size_t n = 0;
	int opt;

	assert_null(http_feed_fault(&ins, &good, true, &opt));
	for (size_t i = 0; i < NELEM(bad); i++)
		bad[i].v = good;
#define BAD(change, guilty)                                                                        \
	do {                                                                                       \
		struct optvals *v = &bad[n].v;                                                     \
		change;                                                                            \
		bad[n++].opt = guilty;                                                             \
	} while (0)
	BAD(v->text[HTTP_PT_JSON] = "a", HTTP_PT_JSON);
	BAD(v->num[HTTP_PT_QUOTED] = 1, HTTP_PT_QUOTED);
	BAD(v->text[HTTP_PT_BODY] = "no value", HTTP_PT_BODY);
	BAD(v->text[HTTP_PT_BODY] = NULL, HTTP_PT_PATH);
	BAD(v->text[HTTP_PT_BODY] = "{value}\n", HTTP_PT_BODY);
	BAD(v->num[HTTP_PT_METHOD] = HTTP_GET, HTTP_PT_METHOD);
	BAD(v->text[HTTP_PT_COLLECTION] = "a", HTTP_PT_BODY);
	BAD(v->text[HTTP_PT_CONTENT] = "a\r\nX: y", HTTP_PT_CONTENT);
	BAD(v->text[HTTP_PT_PATH] = "/a b", HTTP_PT_PATH);
	BAD((v->num[HTTP_PT_DIGITS] = 1, v->num[HTTP_PT_TYPE] = HTTP_BOOL), HTTP_PT_DIGITS);
	BAD(v->text[HTTP_PT_ON] = "1", HTTP_PT_ON);
	BAD((v->num[HTTP_PT_TYPE] = HTTP_BOOL, v->text[HTTP_PT_ON] = "a b",
		    v->text[HTTP_PT_OFF] = "c", v->text[HTTP_PT_PATH] = "/{value}"),
		HTTP_PT_ON);
	BAD((v->num[HTTP_PT_TYPE] = HTTP_TEXT, v->text[HTTP_PT_CONTENT] = "text/xml"),
		HTTP_PT_CONTENT);
	BAD((v->text[HTTP_PT_BODY] = NULL, v->text[HTTP_PT_COLLECTION] = "a..b"),
		HTTP_PT_COLLECTION);
	BAD((v->text[HTTP_PT_BODY] = NULL, v->text[HTTP_PT_COLLECTION] = "a",
		    v->text[HTTP_PT_PATH] = "/{value}"),
		HTTP_PT_PATH);
	BAD((v->text[HTTP_PT_BODY] = NULL, v->text[HTTP_PT_COLLECTION] = "a",
		    v->num[HTTP_PT_TYPE] = HTTP_TEXT),
		HTTP_PT_COLLECTION);
#undef BAD
	for (size_t i = 0; i < n; i++) {
		if (http_feed_fault(&ins, &bad[i].v, true, &opt) == NULL)
			fail_msg("taken: number %zu", i);
		if (opt != bad[i].opt)
			fail_msg("number %zu: option %d is blamed", i, opt);
	}
	/* What belongs to a write is refused in a read. */
	good = read_of(HTTP_NUMBER);
	good.text[HTTP_PT_BODY] = "{value}";
	assert_non_null(http_feed_fault(&ins, &good, false, &opt));
	assert_int_equal(opt, HTTP_PT_BODY);
	good = read_of(HTTP_NUMBER);
	good.text[HTTP_PT_PATH] = "/{value}";
	assert_non_null(http_feed_fault(&ins, &good, false, &opt));
	/* What is too long for some number is so for zero, which the compiler tries. */
	memset(longest, 'x', 208);
	memcpy(longest + 208, "{value}", 8);
	good = write_of(HTTP_NUMBER, "/123456", longest);
	good.text[HTTP_PT_CONTENT] = "a/b";
	pt = point(HTTP_NUMBER, &good);
	assert_null(bytes_of(&ins, &pt, (union value){ 0 }, ""));
	good.text[HTTP_PT_PATH] = "/1";
	pt = point(HTTP_NUMBER, &good);
	assert_non_null(bytes_of(&ins, &pt, (union value){ .f = -1.2345678901234567e-300 }, ""));
}

/* ---- answers ---- */

static int
answer(const struct instrument *of, unsigned status, const char *body, struct readings *out)
{
	static uint8_t frame[CODEC_FRAME_MAX];
	struct optvals w = write_of(HTTP_BOOL, "/x?v={value}", NULL);
	struct point pt = point(HTTP_BOOL, &w);
	struct vars vars = { .identity = "" };
	struct reading r[1];
	struct request req;
	int n = snprintf((char *)frame, sizeof(frame),
		"HTTP/1.1 %u x\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);

	assert_int_equal(
		codec_http.write(of, &pt, (union value){ .i = 1 }, NULL, NULL, &req, &err), 0);
	*out = (struct readings){ .at = r, .cap = 1 };
	err = (struct err){ .msg = "" };
	return codec_http.decode(of, &req, NULL, frame, (size_t)n, &vars, out, &err);
}

static void
test_verdicts(void **state)
{
	static const struct {
		unsigned status;
		enum quality quality;
	} refused[] = { { 400, Q_BAD_REQUEST }, { 404, Q_BAD_ADDRESS }, { 405, Q_BAD_FUNCTION },
		{ 500, Q_DEVICE_FAILED }, { 302, Q_WRONG_ANSWER }, { 401, Q_BAD_REQUEST } };
	struct instrument ipx = ins;
	struct readings out;

	assert_int_equal(answer(&ins, 200, "", &out), 0);
	assert_int_equal(out.n, 0);
	assert_int_equal(answer(&ins, 200, "<html>whatever", &out), 0);
	assert_int_equal(answer(&ins, 201, "x", &out), 0);
	assert_int_equal(answer(&ins, 204, "", &out), 0);
	for (size_t i = 0; i < NELEM(refused); i++) {
		assert_int_equal(
			answer(&ins, refused[i].status, "{\"error\":{\"code\":204}}", &out),
			DECODE_REFUSED);
		assert_int_equal(out.refusal.quality, refused[i].quality);
		assert_int_equal(out.refusal.of, REFUSED_ALL);
		assert_int_equal(err.sys, refused[i].status);
	}
	assert_int_equal(answer(&ins, 503, "", &out), DECODE_LATER);
	ipx.opts.text[HTTP_OPT_OK_JSON] = "status";
	ipx.opts.text[HTTP_OPT_OK_IS] = "Success";
	assert_int_equal(answer(&ipx, 200, "{\"status\":\"Success\"}", &out), 0);
	assert_int_equal(answer(&ipx, 200, "{\"status\":\"Error\"}", &out), DECODE_REFUSED);
	assert_int_equal(out.refusal.quality, Q_BAD_REQUEST);
	assert_int_equal(answer(&ipx, 200, "", &out), DECODE_BAD);
}

/* ---- collections, through the engine ---- */

#define AO                                                                                         \
	"{\"slot\":0,\"io\":{\"ao\":[{\"aoIndex\":0,\"aoMode\":0,\"aoValueRaw\":1229},"            \
	"{\"aoIndex\":1, \"aoMode\":0, \"aoValueRaw\" : %s , \"n\":\"d\xE9\"},"                    \
	"{\"aoIndex\":2,\"aoMode\":0,\"aoValueRaw\":0,\"b\":false,\"s\":\"1\"}]}}"

struct rig {
	struct image *img;
	struct link *link;
	struct link_wants wants;
	int64_t now_ns;
	char asked[LINK_TX_MAX + 1]; /* since the last answer */
	size_t n_asked;
	unsigned n_opens, n_written, n_once;
	enum link_once once;
	enum quality verdict;
	uint16_t code;
	double last;
	enum quality quality;
};

static void
on_reading(void *ctx, uint32_t at, const struct reading *reading, int64_t stamp_ns)
{
	struct rig *r = ctx;

	r->last = reading->v.f;
	r->quality = (enum quality)reading->quality;
}

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state s, enum quality reason)
{
}

static void
on_written(void *ctx, uint32_t at, uint32_t tag, enum quality verdict, uint16_t code)
{
	struct rig *r = ctx;

	r->n_written++;
	r->verdict = verdict;
	r->code = code;
}

static void
on_once(void *ctx, uint32_t at, uint32_t tag, enum link_once once, enum quality verdict)
{
	struct rig *r = ctx;

	r->n_once++;
	r->once = once;
}

/* Carry out what the engine wants until it wants nothing more now. */
static void
pump(struct rig *r)
{
	for (int i = 0; i < 10; i++) {
		link_take(r->link, &r->wants);
		assert_true(r->n_asked + r->wants.n < sizeof(r->asked));
		memcpy(r->asked + r->n_asked, r->wants.bytes, r->wants.n);
		r->n_asked += r->wants.n;
		r->asked[r->n_asked] = '\0';
		if (r->wants.open) {
			r->n_opens++;
			link_opened(r->link, r->now_ns);
		} else if (r->wants.wake_ns <= r->now_ns) {
			link_time(r->link, r->now_ns);
		} else if (r->wants.n == 0) {
			return;
		}
	}
}

static void
say(struct rig *r, const char *bytes, size_t n)
{
	r->n_asked = 0;
	r->now_ns += NS_PER_MS;
	link_bytes(r->link, (const uint8_t *)bytes, n, r->now_ns);
	pump(r);
}

static void
say_page(struct rig *r, const char *head, const char *body)
{
	static char frame[CODEC_FRAME_MAX];
	int n = snprintf(
		frame, sizeof(frame), "%sContent-Length: %zu\r\n\r\n%s", head, strlen(body), body);

	say(r, frame, (size_t)n);
}

/* Before anything else it must say 5 where the point is read. */
static void
demand_proof(struct image *img)
{
	struct image_instrument *ins_of =
		(struct image_instrument *)((char *)img + img->instruments.off);
	const struct image_point *p = image_point_at(img, 0);

	ins_of->identify = IDENTIFY_POINT;
	ins_of->identify_value = VALUE_FLOAT;
	ins_of->identify_bit = CODEC_BIT_NONE;
	ins_of->identify_count = 1;
	ins_of->identify_type = p->type;
	ins_of->identify_address = p->address;
	ins_of->identify_key = p->key;
	ins_of->identify_number = 5;
}

#define FIVE "{\"io\":{\"ao\":[{},{\"aoValueRaw\":5}]}}"

static void
start_with(struct rig *r, const char *read, const char *write, int64_t gap_ns, bool has_proof)
{
	struct image_builder *b = image_builder_new("web", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "io", "127.0.0.1", 80);
	const struct image_link like = { .kind = LINK_TCP, .gap_ns = gap_ns };
	struct link_sink sink = { .ctx = r,
		.reading = on_reading,
		.state = on_state,
		.written = on_written,
		.once = on_once };
	uint32_t at;

	memset(r, 0, sizeof(*r));
	image_builder_wire(b, link, &like);
	image_builder_instrument(b, "dev", "http", link, "", 60 * NS_PER_S, NS_PER_S, 1);
	at = image_builder_point(b, "a", read, 0);
	image_builder_write(b, at, write);
	r->img = image_builder_done(b);
	if (has_proof)
		demand_proof(r->img);
	r->now_ns = 1000 * NS_PER_S;
	r->link = link_new(r->img, 0, codec_find, &sink, r->now_ns);
	pump(r);
	for (int i = 0; i < 1 + has_proof; i++) {
		r->now_ns += gap_ns;
		link_time(r->link, r->now_ns);
		pump(r);
		assert_memory_equal(r->asked, "GET /ao HTTP/1.1\r\n", 18);
		say_page(r, "HTTP/1.1 200 OK\r\n", FIVE);
	}
	assert_int_equal(r->quality, Q_GOOD);
	assert_true(r->last == 5);
}

static void
start(struct rig *r, const char *read, const char *write)
{
	start_with(r, read, write, 0, false);
}

static void
stop(struct rig *r)
{
	link_free(r->link);
	free(r->img);
}

static void
order(struct rig *r, double v)
{
	r->n_asked = 0;
	assert_int_equal(
		link_write(r->link, 0, 7, (union value){ .f = v }, NULL, r->now_ns, &err), 0);
	pump(r);
}

static const char *
body_of(const struct rig *r)
{
	const char *end = strstr(r->asked, "\r\n\r\n");

	return end == NULL ? "" : end + 4;
}

#define READ "json=io.ao[1].aoValueRaw path=/ao"
#define WRITE "collection=io.ao[aoIndex=1].aoValueRaw path=/ao digits=0"

static void
test_collection(void **state)
{
	char page[400], want[400];
	struct rig r;

	snprintf(page, sizeof(page), AO, "-12.5e1");
	snprintf(want, sizeof(want), AO, "2048");
	start(&r, READ, WRITE);
	order(&r, 2048);
	assert_memory_equal(r.asked, "GET /ao HTTP/1.1\r\n", 18);
	assert_string_equal(body_of(&r), "");
	say_page(&r, "HTTP/1.1 200 OK\r\n", page);
	assert_memory_equal(r.asked, "PUT /ao HTTP/1.1\r\n", 18);
	assert_non_null(strstr(r.asked, "\r\nContent-Type: application/json\r\n"));
	assert_string_equal(body_of(&r), want);
	snprintf(page, sizeof(page), "\r\nContent-Length: %zu\r\n", strlen(want));
	assert_non_null(strstr(r.asked, page));
	assert_int_equal(r.n_written, 0);
	say_page(&r, "HTTP/1.1 200 OK\r\n", "");
	assert_int_equal(r.n_written, 1);
	assert_int_equal(r.verdict, Q_GOOD);
	assert_int_equal(r.n_opens, 1);
	stop(&r);
}

/* What must not happen twice: only a page that says no has provably done nothing; one that leads elsewhere, or a gateway, has not said that. */
static void
test_write_once(void **state)
{
	static const struct {
		const char *head;
		enum link_once once;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n", LINK_ONCE_DONE },
		{ "HTTP/1.1 400 No\r\n", LINK_ONCE_NOT },
		{ "HTTP/1.1 404 No\r\n", LINK_ONCE_NOT },
		{ "HTTP/1.1 503 Later\r\n", LINK_ONCE_NOT },
		{ "HTTP/1.1 302 Found\r\nLocation: /done\r\n", LINK_ONCE_UNKNOWN },
		{ "HTTP/1.1 500 Failed\r\n", LINK_ONCE_UNKNOWN },
		{ "HTTP/1.1 502 Bad\r\n", LINK_ONCE_UNKNOWN },
		{ "HTTP/1.1 504 Late\r\n", LINK_ONCE_UNKNOWN },
	};

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct rig r;

		start(&r, READ, "path=/mode method=POST body={value}");
		r.n_asked = 0;
		assert_int_equal(link_write_once(r.link, 0, 7, (union value){ .f = 1 }, NULL,
					 r.now_ns, &err),
			0);
		pump(&r);
		assert_true(r.n_asked > 0);
		say_page(&r, rows[i].head, "");
		assert_int_equal(r.n_once, 1);
		if (r.once != rows[i].once)
			fail_msg("%.16s: %d", rows[i].head, (int)r.once);
		for (int k = 0; k < 30; k++) {
			r.now_ns += NS_PER_S;
			link_time(r.link, r.now_ns);
		}
		assert_int_equal(r.n_once, 1);
		stop(&r);
	}
}

/* A server that ends each connection takes the document over the next one. */
static void
test_collection_over_two_connections(void **state)
{
	static const char *const heads[] = { "HTTP/1.0 200 OK\r\n",
		"HTTP/1.1 200 OK\r\nConnection: close\r\n", "HTTP/1.1 200 OK\r\n", NULL };
	char page[500], want[400];
	struct rig r;
	int n;

	snprintf(want, sizeof(want), AO, "9");
	for (size_t i = 0; i < NELEM(heads); i++) {
		start(&r, READ, WRITE);
		order(&r, 9);
		snprintf(page, sizeof(page), AO, "0");
		if (heads[i] == NULL) { /* its end is that of the connection */
			n = snprintf(page, sizeof(page), "HTTP/1.1 200 OK\r\n\r\n" AO, "0");
			say(&r, page, (size_t)n);
			assert_int_equal(r.n_asked, 0);
			link_closed(r.link, Q_LINK_LOST, "closed", r.now_ns);
			pump(&r);
		} else {
			say_page(&r, heads[i], page);
		}
		assert_int_equal(r.n_opens, i == 2 ? 1 : 2);
		assert_memory_equal(r.asked, "PUT /ao HTTP/1.1\r\n", 18);
		assert_string_equal(body_of(&r), want);
		say_page(&r, heads[0], "");
		assert_int_equal(r.n_written, 1);
		assert_int_equal(r.verdict, Q_GOOD);
		stop(&r);
	}
}

/* The connection is closed while the second step waits for its time; then it goes over the next one, also to a device that
 * has proved what it is. */
static void
test_closed_between_the_steps(void **state)
{
	char page[400], want[400];
	struct rig r;

	snprintf(page, sizeof(page), AO, "0");
	snprintf(want, sizeof(want), AO, "9");
	for (int proof = 0; proof < 2; proof++) {
		start_with(&r, READ, WRITE, 50 * NS_PER_MS, proof);
		r.now_ns += 60 * NS_PER_MS;
		order(&r, 9);
		say_page(&r, "HTTP/1.1 200 OK\r\n", page);
		assert_int_equal(r.n_asked, 0);
		link_closed(r.link, Q_LINK_LOST, "closed", r.now_ns);
		pump(&r);
		r.now_ns += 60 * NS_PER_MS;
		link_time(r.link, r.now_ns);
		pump(&r);
		assert_int_equal(r.n_opens, 2);
		assert_memory_equal(r.asked, "PUT /ao HTTP/1.1\r\n", 18);
		assert_string_equal(body_of(&r), want);
		say_page(&r, "HTTP/1.1 200 OK\r\n", "");
		assert_int_equal(r.n_written, 1);
		assert_int_equal(r.verdict, Q_GOOD);
		stop(&r);
	}
}

/* What is asked next, over a connection of its own. */
static void
expect_next(struct rig *r, const char *line, const char *body, const char *answer)
{
	assert_memory_equal(r->asked, line, strlen(line));
	assert_string_equal(body_of(r), body);
	say_page(r, "HTTP/1.1 200 OK\r\nConnection: close\r\n", answer);
	pump(r);
}

/* A device that ends the connection behind each answer is prepared once, and anew when it could not be reached. */
static void
test_prepared_over_many_connections(void **state)
{
	struct image_builder *b = image_builder_new("web", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "io", "127.0.0.1", 80);
	char page[400], want[400];
	struct rig r = { .now_ns = 1000 * NS_PER_S };
	struct link_sink sink = { .ctx = &r, .reading = on_reading, .state = on_state };

	snprintf(page, sizeof(page), AO, "0");
	snprintf(want, sizeof(want), AO, "7");
	image_builder_instrument(b, "dev", "http", link, "", NS_PER_S, NS_PER_S, 1);
	image_builder_preset(b, WRITE, (union value){ .f = 7 });
	image_builder_preset(b, "path=/mode method=POST body={value}", (union value){ .f = 3 });
	image_builder_point(b, "a", READ, 0);
	r.img = image_builder_done(b);
	r.link = link_new(r.img, 0, codec_find, &sink, r.now_ns);
	pump(&r);
	for (int i = 0; i < 2; i++) {
		expect_next(&r, "GET /ao HTTP/1.1\r\n", "", page);
		expect_next(&r, "PUT /ao HTTP/1.1\r\n", want, "");
		expect_next(&r, "POST /mode HTTP/1.1\r\n", "3", "");
		for (int k = 0; k < 3; k++) {
			expect_next(&r, "GET /ao HTTP/1.1\r\n", "", FIVE);
			assert_int_equal(r.quality, Q_GOOD);
			r.now_ns += NS_PER_S;
			link_time(r.link, r.now_ns);
			if (k < 2)
				pump(&r);
		}
		assert_int_equal(r.n_opens, 6 * i + 6);
		link_take(r.link, &r.wants);
		assert_true(r.wants.open);
		link_closed(r.link, Q_NO_LINK, "refused", r.now_ns);
		r.now_ns += NS_PER_S;
		link_time(r.link, r.now_ns);
		pump(&r);
	}
	stop(&r);
}

/* The connection is lost between the two steps: nothing was changed, and it is begun anew. */
static void
test_collection_is_begun_again(void **state)
{
	char page[400], want[400];
	struct rig r;

	snprintf(page, sizeof(page), AO, "0");
	snprintf(want, sizeof(want), AO, "9");
	start(&r, READ, WRITE);
	order(&r, 9);
	say_page(&r, "HTTP/1.1 200 OK\r\n", page);
	assert_string_equal(body_of(&r), want);
	r.n_asked = 0;
	link_closed(r.link, Q_LINK_LOST, "closed", r.now_ns);
	pump(&r);
	assert_int_equal(r.n_opens, 2);
	assert_memory_equal(r.asked, "GET /ao HTTP/1.1\r\n", 18);
	say_page(&r, "HTTP/1.1 200 OK\r\n", page);
	assert_string_equal(body_of(&r), want);
	say_page(&r, "HTTP/1.1 200 OK\r\n", "");
	assert_int_equal(r.verdict, Q_GOOD);
	stop(&r);
}

/* Nothing is put when the page is not as it must be. */
static void
test_collection_that_is_refused(void **state)
{
	static const struct {
		const char *node, *head, *page;
		enum quality verdict;
		uint16_t code;
	} rows[] = {
		{ "io.ao[aoIndex=1].aoValueRaw", "HTTP/1.1 404 x\r\n", "{}", Q_BAD_ADDRESS, 404 },
		{ "io.ao[aoIndex=1].aoValueRaw", "HTTP/1.1 200 x\r\n", "{}", Q_MISSING, 0 },
		{ "io.ao[aoIndex=1].aoValueRaw", "HTTP/1.1 200 x\r\n", "{", Q_WRONG_ANSWER, 0 },
		{ "io.ao[aoIndex=3].aoValueRaw", "HTTP/1.1 200 x\r\n", NULL, Q_MISSING, 0 },
		{ "io.ao[1].n", "HTTP/1.1 200 x\r\n", NULL, Q_WRONG_ANSWER, 0 },
		{ "io.ao[2].b", "HTTP/1.1 200 x\r\n", NULL, Q_WRONG_ANSWER, 0 },
		{ "io.ao[2].s", "HTTP/1.1 200 x\r\n", NULL, Q_WRONG_ANSWER, 0 },
		{ "io.ao[1]", "HTTP/1.1 200 x\r\n", NULL, Q_WRONG_ANSWER, 0 },
		{ "a", "HTTP/1.1 200 x\r\n", "{\"a\":1,\"a\":1}", Q_WRONG_ANSWER, 0 },
	};
	char page[4000], write[200];
	struct rig r;

	for (size_t i = 0; i < NELEM(rows); i++) {
		snprintf(write, sizeof(write), "path=/ao collection=%s", rows[i].node);
		start(&r, READ, write);
		order(&r, 9);
		snprintf(page, sizeof(page), AO, "0");
		say_page(&r, rows[i].head, rows[i].page == NULL ? page : rows[i].page);
		assert_int_equal(r.n_asked, 0);
		assert_int_equal(r.n_written, 1);
		if (r.verdict != rows[i].verdict)
			fail_msg("%s: %u", rows[i].node, (unsigned)r.verdict);
		assert_int_equal(r.code, rows[i].code);
		stop(&r);
	}
	/* A document up to its limit is put back whole, one beyond it never. */
	for (int more = 0; more < 2; more++) {
		start(&r, READ, "path=/ao collection=a");
		order(&r, 9);
		memset(page, ' ', HTTP_DOCUMENT_MAX + 1);
		memcpy(page, "{\"a\":1}", 7);
		page[HTTP_DOCUMENT_MAX + more] = '\0';
		say_page(&r, "HTTP/1.1 200 x\r\n", page);
		page[5] = '9';
		assert_string_equal(body_of(&r), more ? "" : page);
		if (more)
			assert_int_equal(r.verdict, Q_BAD_REQUEST);
		stop(&r);
	}
}

static void
test_truths_in_a_collection(void **state)
{
	struct optvals w = http_feed_opts();
	struct vars vars = { .scratch = (uint8_t[100]){ 0 }, .n_scratch = 100 };
	static const char frame[] = "HTTP/1.1 200 x\r\nContent-Length: 12\r\n\r\n{\"b\": false}";
	struct reading r[1];
	struct readings out = { .at = r };
	struct request req, next;
	struct point pt;
	char text[80];

	w.text[HTTP_PT_COLLECTION] = "b";
	w.text[HTTP_PT_ON] = "true";
	w.text[HTTP_PT_OFF] = "false";
	w.num[HTTP_PT_TYPE] = HTTP_BOOL;
	pt = point(HTTP_BOOL, &w);
	assert_int_equal(codec_http.scratch(&ins, &pt, 1), HTTP_DOCUMENT_MAX);
	assert_int_equal(
		codec_http.write(&ins, &pt, (union value){ .i = 1 }, NULL, NULL, &req, &err), 0);
	codec_http.describe(&ins, &req, text, sizeof(text));
	assert_string_equal(text, "GET /page (to change it)");
	assert_int_equal(codec_http.next(&ins, &req, 0, &vars, &next), 0);
	assert_int_equal(codec_http.decode(&ins, &req, NULL, (const uint8_t *)frame,
				 sizeof(frame) - 1, &vars, &out, &err),
		0);
	assert_int_equal(vars.scratch_used, 11);
	assert_memory_equal(vars.scratch, "{\"b\": true}", 11);
	assert_int_equal(codec_http.next(&ins, &req, 0, &vars, &next), 1);
	next.step = 1;
	codec_http.describe(&ins, &next, text, sizeof(text));
	assert_string_equal(text, "PUT /page");
	assert_int_equal(codec_http.next(&ins, &next, 1, &vars, &next), 0);
	pt.write_key = NULL;
	assert_int_equal(codec_http.scratch(&ins, &pt, 1), 0);
}

/* ---- pages ---- */

/* Points of three pages in any order: one question a page and period. */
static void
test_one_question_a_page(void **state)
{
	static const char *const paths[] = { NULL, "/b", "/c", "/page" };
	static const struct learned nothing;
	struct request out[40];
	struct point pts[40];
	unsigned n = 0;
	uint8_t bytes[LINK_TX_MAX];
	int made, len;

	for (int i = 0; i < 40; i++) {
		struct optvals v = read_of(HTTP_NUMBER);

		v.text[HTTP_PT_PATH] = paths[i % 4];
		pts[i] = http_feed_point(&ins, &v, NULL);
	}
	for (int i = 0; i < 40; i++) /* as the engine sorts them */
		for (int k = i + 1; k < 40; k++)
			if (pts[k].address < pts[i].address) {
				struct point p = pts[i];

				pts[i] = pts[k];
				pts[k] = p;
			}
	made = codec_http.plan(&ins, pts, 40, &nothing, out, 40);
	assert_int_equal(made, 3);
	for (int i = 0; i < made; i++)
		n += out[i].n;
	assert_int_equal(n, 40);
	assert_int_equal(out[0].n, 20); /* the instrument's page, named or not */
	len = codec_http.encode(&ins, &out[1], 1, NULL, bytes, sizeof(bytes), &err);
	assert_true(len > 0);
	assert_true(memcmp(bytes, "GET /b HTTP/1.1\r\n", 17) == 0 ||
		    memcmp(bytes, "GET /c HTTP/1.1\r\n", 17) == 0);
}

/* MKS: the question is a document. */
static void
test_a_question_with_a_body(void **state)
{
	static const char want[] = "POST /ToolWeb/Cmd HTTP/1.1\r\nHost: bench\r\n"
				   "Connection: keep-alive\r\nContent-Type: text/xml\r\n"
				   "Content-Length: 47\r\n\r\n"
				   "<PollRequest><V Name=\"EVID_0\"/></PollRequest>..";
	static const struct learned nothing;
	struct instrument mks = ins;
	struct optvals v = http_feed_opts();
	struct request req;
	struct point pt;
	char out[LINK_TX_MAX];
	int n;

	mks.opts.text[HTTP_OPT_PATH] = "/ToolWeb/Cmd";
	mks.opts.text[HTTP_OPT_BODY] = "<PollRequest><V Name=\"EVID_0\"/></PollRequest>..";
	mks.opts.text[HTTP_OPT_CONTENT] = "text/xml";
	assert_int_equal(codec_http.check(&mks, &err), 0);
	v.text[HTTP_PT_XML] = "PollResponse/V[@Name=\"EVID_0\"]";
	pt = http_feed_point(&mks, &v, NULL);
	assert_int_equal(codec_http.plan(&mks, &pt, 1, &nothing, &req, 1), 1);
	n = codec_http.encode(&mks, &req, 1, NULL, (uint8_t *)out, sizeof(out), &err);
	assert_int_equal(n, sizeof(want) - 1);
	assert_memory_equal(out, want, sizeof(want) - 1);
	mks.opts.text[HTTP_OPT_BODY] = NULL;
	assert_int_equal(codec_http.check(&mks, &err), ERR_CONF);
	assert_int_equal(err.sys, HTTP_OPT_CONTENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moxa_single_node),
		cmocka_unit_test(test_ipx_and_mks),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_collection),
		cmocka_unit_test(test_collection_over_two_connections),
		cmocka_unit_test(test_closed_between_the_steps),
		cmocka_unit_test(test_prepared_over_many_connections),
		cmocka_unit_test(test_collection_is_begun_again),
		cmocka_unit_test(test_collection_that_is_refused),
		cmocka_unit_test(test_write_once),
		cmocka_unit_test(test_truths_in_a_collection),
		cmocka_unit_test(test_one_question_a_page),
		cmocka_unit_test(test_a_question_with_a_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
