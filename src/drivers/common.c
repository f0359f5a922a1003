/* common.c - what several codecs do in the same way */
#include "drivers/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

int
common_verdict(const struct request *req, enum quality quality, unsigned code, struct readings *out)
{
	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++)
		out->at[out->n++] = (struct reading){
			.at = req->first + i,
			.quality = (uint16_t)quality,
			.code = (uint16_t)code,
		};
	return 0;
}

int
common_refuse(struct readings *out, enum quality quality, enum refused of, unsigned code,
	struct err *err, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out->refusal = (struct refusal){ .quality = (uint16_t)quality, .of = (uint8_t)of };
	return err_set(err, DECODE_REFUSED, (int)code, "%s", text);
}

bool
common_is_cut(const struct learned *learned, unsigned space, uint32_t start, uint32_t end)
{
	for (unsigned i = 0; i < learned->n_cuts; i++)
		if (learned->cuts[i].space == space && learned->cuts[i].address > start &&
			learned->cuts[i].address < end)
			return true;
	return false;
}

bool
common_text_show(char *out, size_t cap, const char *from, size_t n)
{
	size_t i;

	for (i = 0; i < n && i + 1 < cap; i++)
		out[i] = from[i] >= 0x20 && from[i] < 0x7F ? from[i] : '?';
	out[i] = '\0';
	return i == n;
}

void
common_keep(const struct instrument *ins, const char *name, size_t n, const char *text,
	struct vars *vars)
{
	for (unsigned i = 0; i < MIN(ins->n_captures, CODEC_CAPTURES_MAX); i++) {
		char *kept = vars->captures[i];
		size_t used;

		if (strlen(ins->captures[i]) != n || memcmp(ins->captures[i], name, n) != 0)
			continue;
		text_copy(kept, sizeof(vars->captures[i]), text + strspn(text, " "));
		for (used = strlen(kept); used > 0 && kept[used - 1] == ' '; used--)
			kept[used - 1] = '\0';
	}
}
