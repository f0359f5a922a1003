/* codec_feed.h - bytes to frames as the link engine does it, in all ways in which a wire can cut them */
#ifndef TESTS_CODEC_FEED_H
#define TESTS_CODEC_FEED_H

#include "link/codec.h"

#define FEED_FRAMES 8

struct feed {
	uint8_t frame[FEED_FRAMES][CODEC_FRAME_MAX];
	size_t n[FEED_FRAMES];
	unsigned n_frames;
	bool is_lost; /* the codec saw no way to the next frame: an engine on TCP would connect anew */
};

/* in[0..n) in pieces of `piece` bytes (0: whole), then the wire is as `end` says. */
void feed(const struct codec *codec, const struct instrument *ins, const uint8_t *in, size_t n,
	size_t piece, enum wire end, struct feed *out);

/* The same whole, byte by byte, and cut in two at every place: asserts that all find the same frames. */
void feed_all_ways(const struct codec *codec, const struct instrument *ins, const uint8_t *in,
	size_t n, enum wire end, struct feed *out);

/* Every start of in[0..n), a whole frame, is no frame: it waits while the wire is open, and ends with it. */
void feed_waits(
	const struct codec *codec, const struct instrument *ins, const uint8_t *in, size_t n);

/* The bytes of "0A 1B"; returns their number. */
size_t feed_hex(const char *text, uint8_t *out, size_t cap);

#endif
