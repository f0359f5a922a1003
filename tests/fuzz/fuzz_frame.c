/* fuzz_frame.c - any bytes as a text of a bench on a terminal: nothing that it would obey gets there, and no more cells than were given */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "top/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(const char *text, bool is_utf8, int cols)
{
	struct buf out = { 0 };
	int taken = frame_fit(&out, is_utf8, cols, text);

	if (taken < 0 || taken > cols || frame_cols(is_utf8, buf_text(&out)) != taken ||
		text_utf8(out.data, out.n) != out.n)
		abort();
	for (size_t i = 0; i < out.n; i++) {
		unsigned char c = (unsigned char)out.data[i];

		if (c < 0x20 || c == 0x7F || (!is_utf8 && c >= 0x80) ||
			(c == 0xC2 && (unsigned char)out.data[i + 1] < 0xA0))
			abort();
	}
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = mem_text_n((const char *)data + (n > 0), n - (n > 0));
	struct frame f = { .is_utf8 = n > 0 && data[0] % 2 == 0 };
	struct buf out = { 0 };

	check(text, f.is_utf8, n > 0 ? data[0] / 2 : 0);
	frame_clear(&f, 1 + (n > 0 ? data[0] / 2 : 0), 0);
	frame_put_wrapped(&f, 0, 0, TONE_PLAIN, text);
	frame_print(&f, &out);
	for (size_t i = 0; i < f.n; i++)
		if (f.at[i].cols > f.width)
			abort();
	buf_done(&out);
	frame_done(&f);
	free(text);
	return 0;
}
