/* http.c - values of a web page in the form of LabVIEW's web services, over plain HTTP/1.1
 *
 * Source: RFC 9112 (messages of HTTP/1.1), RFC 9110 (status codes).
 *
 *	GET /service/method HTTP/1.1 CR LF Host: bench CR LF ..   ->   HTTP/1.1 200 OK CR LF Content-Length: 97 CR LF .. CR LF body
 *
 * One question a period: GET of the page. Its answer ends where RFC 9112, 6.3 says: without a body (1xx, 204, 304), by chunks, by
 * Content-Length, or with the connection. An answer whose end cannot be known, or is further away than CODEC_FRAME_MAX, is handed on
 * as its head alone: decode() then tells why, and what follows is garbage that makes the engine connect anew.
 * No alike(): an answer does not name its question.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "drivers/http_xml.h"

extern const struct codec codec_http;

#define HEAD_MAX 2048
#define LINE_MAX 256 /* of a chunk's size, a trailer */
#define TEXTS_MAX 8  /* struct readings has room for so many */
#define HOST_MAX 100
#define PATH_MAX 350 /* with host and head it fits the engine's 512 bytes */

enum { OPT_HOST, OPT_PATH };
enum point_opt { PT_TERMINAL, PT_TYPE };

static const char *const word_types[] = { "number", "text", "bool", NULL };

static const struct opt opts[] = {
	{ "host", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"name for the Host line, where the server serves several; default bench" },
	{ "path", OPT_TEXT, 0, 0, NULL, OPT_NEEDED, "page on the server, such as /service/method" },
	{ 0 },
};

static const struct opt point_opts[] = {
	{ "terminal", OPT_TEXT, 0, 0, NULL, OPT_NEEDED, "name of the terminal" },
	{ "type", OPT_CHOICE, 0, 0, word_types, HTTP_NUMBER, "how its value is to be read" },
	{ 0 },
};

/* ---- options, requests ---- */

/* Printed characters without a blank: nothing that could end a line of the request. */
static bool
is_word(const char *text, size_t most)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7F)
			return false;
	return n > 0 && n <= most;
}

static int
http_check(const struct instrument *ins, struct err *err)
{
	const char *host = ins->opts.text[OPT_HOST], *path = ins->opts.text[OPT_PATH];

	if (host != NULL && !is_word(host, HOST_MAX))
		return err_set(err, ERR_CONF, OPT_HOST,
			"a host is a name of at most %d characters without blanks", HOST_MAX);
	if (path == NULL || path[0] != '/' || !is_word(path, PATH_MAX))
		return err_set(err, ERR_CONF, OPT_PATH,
			"a path begins with / and has at most %d characters without blanks or "
			"accents; write %%20 for a blank",
			PATH_MAX);
	return 0;
}

static int
http_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	static const uint8_t values[] = { VALUE_FLOAT, VALUE_TEXT, VALUE_BOOL };
	const char *name = v->text[PT_TERMINAL];

	if (name == NULL || name[0] == '\0' || strlen(name) > VALUE_TEXT_MAX)
		return err_set(err, ERR_CONF, PT_TERMINAL, "a terminal's name has 1 to %d bytes",
			VALUE_TEXT_MAX);
	*out = (struct point){
		.id = out->id,
		.every_ns = out->every_ns,
		.type = (uint16_t)v->num[PT_TYPE],
		.count = 1,
		.bit = CODEC_BIT_NONE,
		.value = values[v->num[PT_TYPE]],
		.write_space = -1,
		.key = name,
	};
	return 0;
}

static int
http_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0, texts = 0;

	for (size_t i = 0; i < n; i++) {
		struct request *last = made > 0 ? &out[made - 1] : NULL;
		bool is_text = pts[i].type == HTTP_TEXT;

		if (last != NULL && pts[last->first].every_ns == pts[i].every_ns &&
			texts + is_text <= TEXTS_MAX) {
			last->n++;
			texts += is_text;
			continue;
		}
		if (made == max)
			break;
		out[made++] = (struct request){
			.kind = REQUEST_READ, .n = 1, .first = (uint32_t)i, .count = 1
		};
		texts = is_text;
	}
	return (int)made;
}

static void
http_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	const char *path = ins->opts.text[OPT_PATH];

	snprintf(out, cap, "GET %s", path == NULL ? "" : path);
}

static int
http_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	const char *host = ins->opts.text[OPT_HOST], *path = ins->opts.text[OPT_PATH];
	char text[HOST_MAX + PATH_MAX + 100];
	int n;

	if (http_check(ins, err) < 0)
		return ERR_CONF;
	n = snprintf(text, sizeof(text),
		"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: keep-alive\r\n\r\n", path,
		host == NULL ? "bench" : host);
	if (n <= 0 || (size_t)n >= sizeof(text) || (size_t)n > cap)
		return err_set(err, ERR_CONF, 0, "the path is too long");
	memcpy(out, text, (size_t)n);
	return n;
}

/* ---- the head of an answer ---- */

enum body { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_TO_END };

struct head {
	size_t n; /* bytes, with the empty line */
	unsigned status;
	enum body body;
	size_t length;
	bool has_length;
	const char *why; /* the end of the answer cannot be known, or not be reached */
};

/* The line at in[*at], without its end; false when its LF is not among the first n bytes. */
static bool
take_line(const uint8_t *in, size_t n, size_t *at, const char **out, size_t *out_n)
{
	const uint8_t *lf = *at < n ? memchr(in + *at, '\n', n - *at) : NULL;

	if (lf == NULL)
		return false;
	*out = (const char *)in + *at;
	*out_n = (size_t)(lf - in) - *at;
	*at += *out_n + 1;
	if (*out_n > 0 && (*out)[*out_n - 1] == '\r')
		--*out_n;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
status_line(const char *line, size_t n, struct head *h)
{
	if (n < 12 || strncmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ' ||
		(n > 12 && line[12] != ' '))
		return false;
	for (int i = 9; i < 12; i++) {
		if (!is_digit(line[i]))
			return false;
		h->status = 10 * h->status + (unsigned)(line[i] - '0');
	}
	return h->status >= 100;
}

static void
take_length(const char *value, size_t n, struct head *h)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_digit(value[i])) {
			h->why = "a Content-Length that is no number";
			return;
		}
		length = MIN(10 * length + (size_t)(value[i] - '0'), (size_t)1 << 24);
	}
	if (n == 0 || (h->has_length && length != h->length))
		h->why = "two lengths, or an empty one";
	h->has_length = true;
	h->length = length;
}

static void
take_field(const char *line, size_t n, struct head *h)
{
	const char *colon = memchr(line, ':', n), *value = line + n;
	size_t name = colon == NULL ? 0 : (size_t)(colon - line), len;

	if (colon != NULL)
		value = colon + 1;
	len = n - (size_t)(value - line);
	while (len > 0 && (value[0] == ' ' || value[0] == '\t')) {
		value++;
		len--;
	}
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	if (name == 14 && strncasecmp(line, "Content-Length", name) == 0) {
		take_length(value, len, h);
	} else if (name == 17 && strncasecmp(line, "Transfer-Encoding", name) == 0) {
		if (h->body != BODY_CHUNKED && len == 7 && strncasecmp(value, "chunked", 7) == 0)
			h->body = BODY_CHUNKED;
		else
			h->why = "a transfer coding that is not 'chunked'";
	}
}

/* 1: found; 0: more bytes are needed; -1: no answer begins here. */
static int
take_head(const uint8_t *in, size_t n, struct head *h)
{
	static const char start[] = "HTTP/1.";
	size_t most = MIN(n, (size_t)HEAD_MAX), len;
	const char *line;

	*h = (struct head){ .body = BODY_TO_END };
	if (memcmp(in, start, MIN(n, sizeof(start) - 1)) != 0)
		return -1;
	if (!take_line(in, most, &h->n, &line, &len))
		return n < HEAD_MAX ? 0 : -1;
	if (!status_line(line, len, h))
		return -1;
	do {
		if (!take_line(in, most, &h->n, &line, &len))
			return n < HEAD_MAX ? 0 : -1;
		take_field(line, len, h);
	} while (len > 0);
	if (h->status < 200 || h->status == 204 || h->status == 304) {
		h->body = BODY_NONE;
		h->why = NULL;
	} else if (h->body != BODY_CHUNKED && h->has_length) {
		h->body = BODY_LENGTH;
		if (h->why == NULL && h->length > CODEC_FRAME_MAX - h->n)
			h->why = "more than 4096 bytes";
	}
	return 1;
}

/* ---- chunks ---- */

/* "1f;extension"; -1: no size. */
static int
chunk_size(const char *line, size_t n)
{
	int size = 0;
	size_t i;

	for (i = 0; i < n && i < 6; i++) {
		char c = (char)(line[i] | 0x20);

		if (is_digit(line[i]))
			size = 16 * size + (line[i] - '0');
		else if (c >= 'a' && c <= 'f')
			size = 16 * size + (c - 'a' + 10);
		else
			break;
	}
	return i > 0 && (i == n || line[i] == ';' || line[i] == ' ') ? size : -1;
}

/* Bytes of the chunks that begin here; 0: more are needed, -1: they are broken or longer than `most`. Their content to body. */
static int
take_chunks(const uint8_t *in, size_t n, size_t most, uint8_t *body, size_t *out_n)
{
	size_t at = 0, used = 0, len, mark;
	const char *line;
	int size;

	n = MIN(n, most);
	do {
		mark = at;
		if (!take_line(in, MIN(n, at + LINE_MAX), &at, &line, &len))
			return n - mark >= LINE_MAX || n == most ? -1 : 0;
		size = chunk_size(line, len);
		if (size < 0 || (size_t)size + 2 > most - at)
			return -1;
		if (size == 0)
			break;
		if ((size_t)size + 2 > n - at)
			return 0;
		if (in[at + (size_t)size] != '\r' || in[at + (size_t)size + 1] != '\n')
			return -1;
		if (body != NULL)
			memcpy(body + used, in + at, (size_t)size);
		used += (size_t)size;
		at += (size_t)size + 2;
	} while (true);
	do { /* trailers, up to the empty line */
		mark = at;
		if (!take_line(in, MIN(n, at + LINE_MAX), &at, &line, &len))
			return n - mark >= LINE_MAX || n == most ? -1 : 0;
	} while (len > 0);
	*out_n = used;
	return (int)at;
}

/* ---- cut, match ---- */

static int
wait_for_more(size_t n, enum wire wire)
{
	return wire == WIRE_CLOSED ? CUT_SKIP(n) : CUT_MORE;
}

/* A silence on TCP says nothing. */
static int
http_cut(const struct instrument *ins, const uint8_t *in, size_t n, enum wire wire)
{
	size_t blank = 0, length;
	struct head h;
	int got;

	while (blank < n && (in[blank] == '\r' || in[blank] == '\n'))
		blank++;
	if (blank == n)
		return n == 0 ? CUT_MORE : wait_for_more(n, wire);
	if (blank > 0)
		return CUT_SKIP(blank);
	got = take_head(in, n, &h);
	if (got < 0)
		return CUT_SKIP(n);
	if (got == 0)
		return wait_for_more(n, wire);
	if (h.status < 200) /* "go on": the answer itself comes behind it */
		return h.n < n ? CUT_SKIP(h.n) : wait_for_more(n, wire);
	if (h.why != NULL || h.body == BODY_NONE)
		return CUT_FRAME(h.n);
	switch (h.body) {
	case BODY_CHUNKED:
		got = take_chunks(in + h.n, n - h.n, CODEC_FRAME_MAX - h.n, NULL, &length);
		if (got == 0)
			return wait_for_more(n, wire);
		return got < 0 ? CUT_FRAME(h.n) : CUT_FRAME(h.n + (size_t)got);
	case BODY_LENGTH:
		return n - h.n < h.length ? wait_for_more(n, wire) : CUT_FRAME(h.n + h.length);
	default:
		if (n >= CODEC_FRAME_MAX)
			return CUT_FRAME(CODEC_FRAME_MAX);
		return wire == WIRE_CLOSED ? CUT_FRAME(n) : CUT_MORE;
	}
}

static enum match
http_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return req == NULL ? MATCH_NOT_MINE : MATCH_CANNOT_TELL;
}

/* ---- decode ---- */

static enum quality
status_quality(unsigned status)
{
	switch (status) {
	case 404:
	case 410:
		return Q_BAD_ADDRESS;
	case 405:
	case 501:
		return Q_BAD_FUNCTION;
	case 502:
	case 504:
		return Q_GATEWAY_TARGET;
	default:
		if (status >= 500)
			return Q_DEVICE_FAILED;
		return status >= 300 ? Q_BAD_REQUEST : Q_WRONG_ANSWER;
	}
}

/* The body to out (room for CODEC_FRAME_MAX bytes); its length, or -1 with a reason in h. */
static int
take_body(const uint8_t *frame, size_t n, struct head *h, uint8_t *out)
{
	size_t length = n - h->n;

	if (h->why != NULL)
		return -1;
	if (h->body == BODY_CHUNKED) {
		if (take_chunks(frame + h->n, length, CODEC_FRAME_MAX - h->n, out, &length) <= 0) {
			h->why = "chunks that are broken, or more than 4096 bytes";
			return -1;
		}
		return (int)length;
	}
	if (n >= CODEC_FRAME_MAX && h->body == BODY_TO_END) {
		h->why = "more than 4096 bytes";
		return -1;
	}
	memcpy(out, frame + h->n, length);
	return (int)length;
}

static int
http_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	struct reading *at = out->at + out->n;
	uint8_t body[CODEC_FRAME_MAX];
	enum quality quality = Q_MISSING;
	const char *why;
	size_t where;
	struct head h;
	int length;

	if (n > CODEC_FRAME_MAX || out->cap - out->n < req->n || take_head(frame, n, &h) <= 0)
		return err_set(err, DECODE_BAD, 0, "no answer of HTTP");
	if (h.status == 503 || h.status == 429)
		return err_set(err, DECODE_LATER, (int)h.status, "HTTP status %u", h.status);
	if (h.status != 200)
		quality = status_quality(h.status);
	for (uint32_t i = 0; i < req->n; i++)
		at[i] = (struct reading){ .at = req->first + i,
			.quality = (uint16_t)quality,
			.code = (uint16_t)(h.status == 200 ? 0 : h.status) };
	if (h.status == 200) {
		length = take_body(frame, n, &h, body);
		if (length < 0)
			return err_set(err, DECODE_BAD, 0, "an answer with %s", h.why);
		if (!http_xml_read(
			    (const char *)body, (size_t)length, req, pts, at, out, &where, &why))
			return err_set(err, DECODE_BAD, 0, "XML at byte %zu: %s", where, why);
	}
	out->n += req->n;
	return 0;
}

const struct codec codec_http = {
	.name = "http",
	.help = "values of a LabVIEW web service (XML), by plain HTTP/1.1",
	.opts = opts,
	.point_opts = point_opts,
	.wires = CODEC_TCP,
	.closes = true,
	.check = http_check,
	.point = http_point,
	.plan = http_plan,
	.describe = http_describe,
	.encode = http_encode,
	.cut = http_cut,
	.match = http_match,
	.decode = http_decode,
};
