/* http_message.c - answers of HTTP/1.1: where one ends, its status, its body
 *
 * Source: RFC 9112 (messages of HTTP/1.1).
 *
 * An answer ends where RFC 9112, 6.3 says: without a body (1xx, 204, 304), by chunks, by Content-Length, or with the connection. One
 * whose end cannot be known, or is further away than CODEC_FRAME_MAX, is handed on as its head alone: its body tells why there is
 * none, and what follows is garbage that makes the engine connect anew.
 */
#include "drivers/http_message.h"

#include <string.h>
#include <strings.h>

#define HEAD_MAX 2048
#define LINE_MAX 256 /* of a chunk's size, a trailer */

/* ---- the head of an answer ---- */

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
status_line(const char *line, size_t n, struct http_head *h)
{
	if (n < 12 || strncmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ' ||
		(n > 12 && line[12] != ' '))
		return false;
	h->is_last = line[7] == '0'; /* HTTP/1.0, unless it says otherwise */
	for (int i = 9; i < 12; i++) {
		if (!is_digit(line[i]))
			return false;
		h->status = 10 * h->status + (unsigned)(line[i] - '0');
	}
	return h->status >= 100;
}

static void
take_length(const char *value, size_t n, struct http_head *h)
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

/* Is the word one of those between commas? */
static bool
has_word(const char *value, size_t n, const char *word)
{
	size_t len = strlen(word);

	while (n > 0) {
		const char *comma = memchr(value, ',', n);
		size_t part = comma == NULL ? n : (size_t)(comma - value), used = part;

		while (part > 0 && (value[part - 1] == ' ' || value[part - 1] == '\t'))
			part--;
		if (part == len && strncasecmp(value, word, len) == 0)
			return true;
		value += used + (comma != NULL);
		n -= used + (comma != NULL);
		while (n > 0 && (value[0] == ' ' || value[0] == '\t')) {
			value++;
			n--;
		}
	}
	return false;
}

static void
take_field(const char *line, size_t n, struct http_head *h)
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
	} else if (name == 10 && strncasecmp(line, "Connection", name) == 0) {
		if (has_word(value, len, "close"))
			h->is_last = true;
		else if (has_word(value, len, "keep-alive"))
			h->is_last = false;
	} else if (name == 17 && strncasecmp(line, "Transfer-Encoding", name) == 0) {
		if (h->body != HTTP_BODY_CHUNKED && len == 7 &&
			strncasecmp(value, "chunked", 7) == 0)
			h->body = HTTP_BODY_CHUNKED;
		else
			h->why = "a transfer coding that is not 'chunked'";
	}
}

int
http_message_head(const uint8_t *in, size_t n, struct http_head *h)
{
	static const char start[] = "HTTP/1.";
	size_t most = MIN(n, (size_t)HEAD_MAX), len;
	const char *line;

	*h = (struct http_head){ .body = HTTP_BODY_TO_END };
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
		h->body = HTTP_BODY_NONE;
		h->why = NULL;
	} else if (h->body != HTTP_BODY_CHUNKED && h->has_length) {
		h->body = HTTP_BODY_LENGTH;
		if (h->why == NULL && h->length > CODEC_FRAME_MAX - h->n)
			h->why = "more than 16384 bytes";
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

int
http_message_body(const uint8_t *frame, size_t n, struct http_head *h, uint8_t *out)
{
	size_t length = n - h->n;

	if (h->why != NULL)
		return -1;
	if (h->body == HTTP_BODY_CHUNKED) {
		if (take_chunks(frame + h->n, length, CODEC_FRAME_MAX - h->n, out, &length) <= 0) {
			h->why = "chunks that are broken, or more than 16384 bytes";
			return -1;
		}
		return (int)length;
	}
	if (n >= CODEC_FRAME_MAX && h->body == HTTP_BODY_TO_END) {
		h->why = "more than 16384 bytes";
		return -1;
	}
	memcpy(out, frame + h->n, length);
	return (int)length;
}

/* ---- where it ends ---- */

static int
wait_for_more(size_t n, enum wire wire)
{
	return wire == WIRE_CLOSED ? CUT_SKIP(n) : CUT_MORE;
}

/* A silence on TCP says nothing. */
int
http_message_cut(const struct instrument *ins, const struct request *req, const uint8_t *in,
	size_t n, enum wire wire)
{
	size_t blank = 0, length;
	struct http_head h;
	int got;

	while (blank < n && (in[blank] == '\r' || in[blank] == '\n'))
		blank++;
	if (blank == n)
		return n == 0 ? CUT_MORE : wait_for_more(n, wire);
	if (blank > 0)
		return CUT_SKIP(blank);
	got = http_message_head(in, n, &h);
	if (got < 0)
		return CUT_SKIP(n);
	if (got == 0)
		return wait_for_more(n, wire);
	if (h.status < 200) /* "go on": the answer itself comes behind it */
		return h.n < n ? CUT_SKIP(h.n) : wait_for_more(n, wire);
	if (h.why != NULL || h.body == HTTP_BODY_NONE)
		return CUT_FRAME(h.n);
	switch (h.body) {
	case HTTP_BODY_CHUNKED:
		got = take_chunks(in + h.n, n - h.n, CODEC_FRAME_MAX - h.n, NULL, &length);
		if (got == 0)
			return wait_for_more(n, wire);
		return got < 0 ? CUT_FRAME(h.n) : CUT_FRAME(h.n + (size_t)got);
	case HTTP_BODY_LENGTH:
		return n - h.n < h.length ? wait_for_more(n, wire) : CUT_FRAME(h.n + h.length);
	default:
		if (n >= CODEC_FRAME_MAX)
			return CUT_FRAME(CODEC_FRAME_MAX);
		return wire == WIRE_CLOSED ? CUT_FRAME(n) : CUT_MORE;
	}
}
