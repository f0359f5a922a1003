/* link_trace.c - lines that let a person see what went over the wire
 *
 * Two lines a request are made here at any rate of polling, so nothing is formatted for a frame: meanings are made once
 * a plan, and only the bytes that a frame has are copied. Secrets are left out of them here: what is sent and what comes back passes
 * through link_trace(), what is told through link_note().
 */
#include "link/link_engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mask.h"
#include "base/text.h"

/* The pages of a device hold keys that nobody told us of, by their names. In other protocols a word like "pw" may be a value. */
static bool
has_pages(const struct unit *u)
{
	return strcmp(u->codec->name, "http") == 0;
}

static size_t
mask_bytes(uint8_t *bytes, size_t n)
{
	union {
		uint8_t *bytes;
		char *text;
	} is = { .bytes = bytes };

	return mask_named(is.text, n);
}

void
link_trace(struct link *l, const struct unit *u, enum trace_kind kind, enum quality quality,
	uint16_t code, const char meaning[LINK_MEANING], const uint8_t *bytes, size_t n,
	int64_t now_ns)
{
	struct board_trace *line = &l->trace;

	if (l->sink.trace == NULL)
		return;
	line->stamp_ns = now_ns;
	line->kind = (uint16_t)kind;
	line->quality = (uint16_t)quality;
	line->code = code;
	line->n = (uint16_t)MIN(
		secret_mask(l->secrets, bytes, n, line->bytes, BOARD_TRACE_BYTES), UINT16_MAX);
	if (has_pages(u)) {
		size_t shown = MIN((size_t)line->n, (size_t)BOARD_TRACE_BYTES);

		size_t made = mask_bytes(line->bytes, shown);

		/* Of a longer frame nothing of what stood there may be left behind. */
		if (line->n > shown)
			memset(line->bytes + made, '*', shown - made);
		else
			line->n = (uint16_t)made;
	}
	memcpy(line->meaning, meaning, LINK_MEANING);
	l->sink.trace(l->sink.ctx, u->index, line);
}

void
link_note(struct link *l, const struct unit *u, enum quality quality, int64_t now_ns,
	const char *fmt, ...)
{
	char text[160], meaning[LINK_MEANING] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	secret_mask_text(l->secrets, text, sizeof(text));
	if (has_pages(u))
		mask_text(text);
	text_copy(meaning, sizeof(meaning), text);
	link_trace(l, u, TRACE_NOTE, quality, 0, meaning, NULL, 0, now_ns);
}

void
link_meaning(char out[LINK_MEANING], const struct unit *u, const struct request *req)
{
	static const char *const words[] = { [REQUEST_READ] = "read",
		[REQUEST_WRITE] = "write",
		[REQUEST_IDENTIFY] = "what is it?" };

	memset(out, 0, LINK_MEANING);
	if (u->codec->describe != NULL)
		u->codec->describe(&u->ins, req, out, LINK_MEANING);
	else if (req->kind == REQUEST_IDENTIFY || req->n == 0)
		snprintf(out, LINK_MEANING, "%s", words[req->kind]);
	else
		snprintf(out, LINK_MEANING, "%s %u point%s", words[req->kind], req->n,
			req->n == 1 ? "" : "s");
}
