/* play_http.c - a web server in the form of LabVIEW's web services, over plain HTTP/1.1
 *
 * Source: RFC 9112 (messages of HTTP/1.1), RFC 9110 (methods, status codes).
 *
 *	GET /service/method HTTP/1.1  ->  <Response><Terminal><Name>Sum</Name><Value>9.000000</Value></Terminal></Response>
 *
 * Instruments with the same path share a page. Numbers have six decimals, as LabVIEW writes them. Connections stay open.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "drivers/http_key.h"
#include "twin/player.h"

#define HEAD_MAX 200 /* bytes of the head of an answer */

/* ---- requests -------------------------------------------------------------------------------------------------------- */

/* Where the head ends, with its empty line; 0: not here. */
static size_t
head_length(const uint8_t *in, size_t n)
{
	for (size_t i = 3; i < n; i++)
		if (memcmp(in + i - 3, "\r\n\r\n", 4) == 0)
			return i + 1;
	return 0;
}

/* Bytes of the body that the head announces; -1: there is no telling. */
static int64_t
body_length(const uint8_t *head, size_t n)
{
	static const char word[] = "\r\nContent-Length:";
	char digits[12];
	int64_t length;
	size_t used = 0;

	for (size_t i = 0; i + sizeof(word) < n; i++) {
		if (strncasecmp((const char *)head + i, word, sizeof(word) - 1) != 0)
			continue;
		for (i += sizeof(word) - 1; i < n && head[i] == ' '; i++)
			;
		for (; i < n && head[i] != '\r' && used + 1 < sizeof(digits); i++)
			digits[used++] = (char)head[i];
		digits[used] = '\0';
		return text_to_int(digits, &length) && length >= 0 ? length : -1;
	}
	return 0;
}

static int
http_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	size_t head = head_length(in, n);
	int64_t body = head == 0 ? 0 : body_length(in, head);

	if (n > 0 && (in[0] < 'A' || in[0] > 'Z')) /* no method begins so */
		return CUT_SKIP(n);
	if (head == 0)
		return n < CODEC_FRAME_MAX && wire == WIRE_OPEN ? CUT_MORE : CUT_SKIP(n);
	if (body < 0 || (int64_t)head + body > CODEC_FRAME_MAX)
		return CUT_SKIP(n);
	if (n < head + (size_t)body)
		return wire == WIRE_OPEN ? CUT_MORE : CUT_SKIP(n);
	return CUT_FRAME(head + (size_t)body);
}

/* Method and target of "GET /page HTTP/1.1"; false when the line is none of a request. */
static bool
request_line(const uint8_t *frame, size_t n, char *method, size_t cap, const char **out_path,
	size_t *out_n)
{
	const uint8_t *end = memchr(frame, '\r', n), *blank, *second;

	if (end == NULL)
		return false;
	blank = memchr(frame, ' ', (size_t)(end - frame));
	if (blank == NULL || (size_t)(blank - frame) >= cap)
		return false;
	second = memchr(blank + 1, ' ', (size_t)(end - blank - 1));
	if (second == NULL || end - second != 9 || memcmp(second + 1, "HTTP/1.", 7) != 0)
		return false;
	memcpy(method, frame, (size_t)(blank - frame));
	method[blank - frame] = '\0';
	*out_path = (const char *)blank + 1;
	*out_n = (size_t)(second - blank - 1);
	return true;
}

/* ---- answers --------------------------------------------------------------------------------------------------------- */

struct page {
	size_t n;
	bool is_full;
	char text[CODEC_FRAME_MAX - HEAD_MAX];
};

static void
add(struct page *p, const char *text)
{
	size_t n = strlen(text);

	p->is_full |= n > sizeof(p->text) - p->n;
	if (p->is_full)
		return;
	memcpy(p->text + p->n, text, n);
	p->n += n;
}

static void
add_escaped(struct page *p, const char *text)
{
	for (; *text != '\0'; text++) {
		const char c[2] = { *text, '\0' };

		add(p, *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : c);
	}
}

static void
add_terminal(struct page *p, const struct play_point *pp)
{
	char number[40], name[VALUE_TEXT_MAX + 1];
	struct http_key key;

	if (pp->pt.key == NULL)
		return;
	http_key_split(pp->pt.key, &key);
	if (key.kind != HTTP_TERMINAL)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)key.selector.n, key.selector.at);
	add(p, "<Terminal><Name>");
	add_escaped(p, name);
	add(p, "</Name><Value>");
	if (pp->pt.type == HTTP_TEXT) {
		add_escaped(p, pp->text);
	} else if (pp->pt.type == HTTP_BOOL) {
		add(p, pp->v.i != 0 ? "1" : "0");
	} else {
		snprintf(number, sizeof(number), "%.6f", pp->v.f);
		add(p, number);
	}
	add(p, "</Value></Terminal>");
}

static int
say(unsigned status, const char *word, const char *type, const char *body, size_t n, uint8_t *out,
	size_t cap)
{
	char head[HEAD_MAX];
	int used = snprintf(head, sizeof(head),
		"HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: keep-alive\r\n\r\n",
		status, word, type, n);

	if (used <= 0 || (size_t)used + n > cap)
		return 0;
	memcpy(out, head, (size_t)used);
	memcpy(out + used, body, n);
	return used + (int)n;
}

static int
say_error(unsigned status, const char *word, uint8_t *out, size_t cap)
{
	return say(status, word, "text/plain", word, strlen(word), out, cap);
}

static uint64_t
http_address(const struct play_device *dev)
{
	const char *path = dev->ins.opts.text[HTTP_OPT_PATH];

	return path == NULL ? 0 : text_hash(path, strlen(path));
}

static void
http_limits(const struct play_device *dev, const struct point *pt, double *out_min, double *out_max)
{
	*out_min = -1e15; /* with six decimals a float64 has no more */
	*out_max = 1e15;
}

static int
http_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	const char *own = dev->ins.opts.text[HTTP_OPT_PATH], *path;
	struct page page = { 0 };
	char method[16];
	size_t n_path;

	if (!request_line(frame, n, method, sizeof(method), &path, &n_path) || own == NULL ||
		strlen(own) != n_path || memcmp(own, path, n_path) != 0)
		return PLAY_NOT_MINE;
	if (strcmp(method, "GET") != 0)
		return say_error(405, "Method Not Allowed", out, cap);
	add(&page, "<Response>");
	for (; dev != NULL; dev = dev->next)
		for (uint32_t i = 0; i < dev->n_pts; i++)
			add_terminal(&page, &dev->pts[i]);
	add(&page, "</Response>");
	if (page.is_full)
		return say_error(500, "Page Too Long", out, cap);
	return say(200, "OK", "text/xml", page.text, page.n, out, cap);
}

static int
http_nobody(const struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	const char *path;
	char method[16];
	size_t n_path;

	if (!request_line(frame, n, method, sizeof(method), &path, &n_path))
		return say_error(400, "Bad Request", out, cap);
	return say_error(404, "Not Found", out, cap);
}

static int
http_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request, size_t n_request,
	uint8_t *answer, size_t n)
{
	if (fault != PLAY_REFUSE)
		return -1;
	return say_error(500, "Internal Server Error", answer, CODEC_FRAME_MAX);
}

const struct player player_http = {
	.codec = "http",
	.cuts_alike = true,
	.is_strict = true,
	.faults = 1u << PLAY_REFUSE,
	.address = http_address,
	.limits = http_limits,
	.cut = http_cut,
	.answer = http_answer,
	.nobody = http_nobody,
	.spoil = http_spoil,
};
