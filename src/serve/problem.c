/* problem.c - problem documents */
#include "serve/problem.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

static const struct row {
	unsigned status;
	const char *type, *title;
} rows[PROBLEM_COUNT] = {
	[PROBLEM_BAD_REQUEST] = { 400, "urn:mbc:problem:bad-request",
		"The request cannot be read" },
	[PROBLEM_NO_BODY] = { 413, "urn:mbc:problem:no-body",
		"Requests with a body are not taken" },
	[PROBLEM_WRONG_HOST] = { 421, "urn:mbc:problem:wrong-host",
		"This server is not the one that was asked for" },
	[PROBLEM_NOT_FOUND] = { 404, "urn:mbc:problem:not-found",
		"There is nothing at this address" },
	[PROBLEM_UNKNOWN_CHANNEL] = { 404, "urn:mbc:problem:unknown-channel",
		"There is no such channel" },
	[PROBLEM_UNKNOWN_INSTRUMENT] = { 404, "urn:mbc:problem:unknown-instrument",
		"There is no such instrument" },
	[PROBLEM_READ_ONLY] = { 405, "urn:mbc:problem:read-only",
		"This server only answers questions" },
	[PROBLEM_TOO_LONG] = { 414, "urn:mbc:problem:too-long", "The address is too long" },
	[PROBLEM_BUSY] = { 503, "urn:mbc:problem:busy", "Too much at once" },
	[PROBLEM_NO_BOARD] = { 503, "urn:mbc:problem:no-board", "The bench is not running yet" },
	[PROBLEM_NO_HISTORY] = { 503, "urn:mbc:problem:no-history",
		"The history cannot be read now" },
	[PROBLEM_HISTORY_DAMAGED] = { 500, "urn:mbc:problem:history-damaged",
		"The history cannot be read as it is" },
};

unsigned
problem_status(enum problem p)
{
	return rows[p].status;
}

void
problem_write(struct buf *out, enum problem p, const char *detail, const char *instance)
{
	char path[200];
	struct json j;
	size_t n;

	text_copy(path, sizeof(path), instance);
	n = text_utf8(path, strcspn(path, "?"));
	path[n] = '\0';
	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "type", rows[p].type);
	json_text(&j, "title", rows[p].title);
	json_uint(&j, "status", rows[p].status);
	json_text(&j, "detail", detail);
	json_text(&j, "instance", path);
	json_end(&j);
	buf_putc(out, '\n');
}
