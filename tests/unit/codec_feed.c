/* codec_feed.c - bytes to frames as the link engine does it */
#include "codec_feed.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* The bytes end where their memory ends, so that a sanitizer sees a read beyond them. */
static int
cut_exact(const struct codec *codec, const struct instrument *ins, const uint8_t *in, size_t n,
	enum wire wire)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);
	int got;

	assert_non_null(exact);
	memcpy(exact, in, n);
	got = codec->cut(ins, NULL, exact, n, wire);
	free(exact);
	return got;
}

static size_t
take(const struct codec *codec, const struct instrument *ins, const uint8_t *in, size_t n,
	enum wire wire, struct feed *out)
{
	size_t used = 0;

	while (used < n) {
		int got = cut_exact(codec, ins, in + used, n - used, wire);

		if (got == CUT_MORE)
			break;
		if (got > 0) {
			assert_true((size_t)got <= n - used && got <= CODEC_FRAME_MAX);
			assert_true(out->n_frames < FEED_FRAMES);
			memcpy(out->frame[out->n_frames], in + used, (size_t)got);
			out->n[out->n_frames++] = (size_t)got;
			used += (size_t)got;
			continue;
		}
		assert_true((size_t)-got <= n - used);
		if (wire == WIRE_OPEN && (size_t)-got == n - used)
			out->is_lost = true;
		used += (size_t)-got;
	}
	return used;
}

void
feed(const struct codec *codec, const struct instrument *ins, const uint8_t *in, size_t n,
	size_t piece, enum wire end, struct feed *out)
{
	static uint8_t line[4 * CODEC_FRAME_MAX];
	size_t held = 0, part, used;

	memset(out, 0, sizeof(*out));
	for (size_t at = 0; at < n && !out->is_lost; at += part) {
		part = piece == 0 ? n : MIN(piece, n - at);
		assert_true(held + part <= sizeof(line));
		memcpy(line + held, in + at, part);
		held += part;
		used = take(codec, ins, line, held, WIRE_OPEN, out);
		held -= used;
		memmove(line, line + used, held);
	}
	if (end != WIRE_OPEN && held > 0)
		take(codec, ins, line, held, end, out);
}

static void
assert_same(const struct feed *a, const struct feed *b)
{
	assert_int_equal(a->is_lost, b->is_lost);
	assert_int_equal(a->n_frames, b->n_frames);
	for (unsigned i = 0; i < a->n_frames; i++) {
		assert_int_equal(a->n[i], b->n[i]);
		assert_memory_equal(a->frame[i], b->frame[i], a->n[i]);
	}
}

void
feed_all_ways(const struct codec *codec, const struct instrument *ins, const uint8_t *in, size_t n,
	enum wire end, struct feed *out)
{
	static struct feed other;
	static uint8_t line[4 * CODEC_FRAME_MAX];

	feed(codec, ins, in, n, 0, end, out);
	feed(codec, ins, in, n, 1, end, &other);
	assert_same(out, &other);
	assert_true(n <= sizeof(line));
	for (size_t cut = 1; cut < n; cut++) {
		size_t used;

		memset(&other, 0, sizeof(other));
		used = take(codec, ins, in, cut, WIRE_OPEN, &other);
		memcpy(line, in + used, n - used);
		if (!other.is_lost) {
			size_t more = take(codec, ins, line, n - used, WIRE_OPEN, &other);

			if (end != WIRE_OPEN)
				take(codec, ins, line + more, n - used - more, end, &other);
		}
		assert_same(out, &other);
	}
}

void
feed_waits(const struct codec *codec, const struct instrument *ins, const uint8_t *in, size_t n)
{
	static struct feed got;

	for (size_t k = 1; k < n; k++) {
		assert_int_equal(cut_exact(codec, ins, in, k, WIRE_OPEN), CUT_MORE);
		feed(codec, ins, in, k, 0, WIRE_CLOSED, &got);
		assert_int_equal(got.n_frames, 0);
	}
	assert_int_equal(cut_exact(codec, ins, in, 0, WIRE_OPEN), CUT_MORE);
	assert_int_equal(cut_exact(codec, ins, in, n, WIRE_OPEN), (int)n);
	assert_int_equal(cut_exact(codec, ins, in, n, WIRE_SILENT), (int)n);
	assert_int_equal(cut_exact(codec, ins, in, n, WIRE_CLOSED), (int)n);
}

size_t
feed_hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;

	while (*text != '\0') {
		char *end;
		unsigned long byte = strtoul(text, &end, 16);

		assert_true(end != text && byte <= 0xFF && n < cap);
		out[n++] = (uint8_t)byte;
		text = end;
	}
	return n;
}
