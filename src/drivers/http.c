/* http.c - values of a web page in the form of LabVIEW's web services, over plain HTTP/1.1
 *
 * Source: RFC 9112 (messages of HTTP/1.1), RFC 9110 (status codes). Where an answer ends is in http_message.c, the XML in
 * http_xml.c.
 *
 *	GET /service/method HTTP/1.1 CR LF Host: bench CR LF ..   ->   HTTP/1.1 200 OK CR LF Content-Length: 97 CR LF .. CR LF body
 *
 * One question a period: GET of the page. No alike(): an answer does not name its question.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/http_message.h"
#include "drivers/http_xml.h"

extern const struct codec codec_http;

#define TEXTS_MAX 8 /* struct readings has room for so many */
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

/* ---- match, decode ---- */

static enum match
http_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return req == NULL ? MATCH_NOT_MINE : MATCH_CANNOT_TELL;
}

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

static int
http_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	struct reading *at = out->at + out->n;
	uint8_t body[CODEC_FRAME_MAX];
	enum quality quality = Q_MISSING;
	const char *why;
	size_t where;
	struct http_head h;
	int length;

	if (n > CODEC_FRAME_MAX || out->cap - out->n < req->n ||
		http_message_head(frame, n, &h) <= 0)
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
		length = http_message_body(frame, n, &h, body);
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
	.cut = http_message_cut,
	.match = http_match,
	.decode = http_decode,
};
