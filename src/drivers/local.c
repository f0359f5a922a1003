/* local.c - what the codecs of this computer's own files and lines have in common */
#include "drivers/local.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
local_encode(const struct request *req, const char *first, uint32_t tag, uint8_t *out, size_t cap,
	struct err *err)
{
	char text[600];
	int n = snprintf(text, sizeof(text), "%08x\n%s%.*s", (unsigned)tag,
		first == NULL ? "" : first, (int)req->n_write, (const char *)req->write);

	if (n <= 0 || (size_t)n >= sizeof(text) || (size_t)n > cap)
		return err_set(err, ERR_CONF, 0, "names that are too long for one question");
	memcpy(out, text, (size_t)n);
	return n;
}

int
local_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	if (n > CODEC_FRAME_MAX)
		return CUT_SKIP(n);
	return n == 0 ? CUT_MORE : CUT_FRAME(n);
}

enum match
local_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	char head[LOCAL_HEAD + 1];

	snprintf(head, sizeof(head), "%08x\n", (unsigned)tag);
	if (req == NULL || n < LOCAL_HEAD || memcmp(frame, head, LOCAL_HEAD) != 0)
		return MATCH_NOT_MINE;
	return MATCH_MINE;
}

bool
local_put(struct request *req, const char *fmt, ...)
{
	char text[CODEC_WRITE_MAX + 1];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n + req->n_write > sizeof(req->write))
		return false;
	memcpy(req->write + req->n_write, text, (size_t)n);
	req->n_write = (uint16_t)(req->n_write + n);
	return true;
}
