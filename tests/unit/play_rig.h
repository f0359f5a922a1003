/* play_rig.h - simulated instruments on one link, spoken to in bytes and by their own codec */
#ifndef TESTS_PLAY_RIG_H
#define TESTS_PLAY_RIG_H

#include "../simulation/image_builder.h"
#include "link/codec.h"
#include "twin/twin.h"

/* What a test of a player has: *state of cmocka. */
struct play {
	struct image *img;
	struct twin *t;
};

/* A twin of what was built, as setup() returns it; play_stop is its teardown. */
int play_start(void **state, struct image_builder *b);
int play_stop(void **state);

/* Ask in bytes ("3A 30 .."), of which no start is a request of its own, and expect these bytes; answer "": silence. */
void play_expect(struct twin *t, const char *ask, const char *answer);

/* The same as text. */
void play_expect_text(struct twin *t, const char *ask, const char *answer);

/* How the codec of the image's instrument reads a point of it: encodes -> the twin answers -> decodes. text: VALUE_TEXT_MAX + 1
 * bytes for a text, or NULL. The quality is asserted. */
union value play_read(
	struct twin *t, const struct image *img, uint32_t point, enum quality quality, char *text);

/* It writes a value, and the twin's answer is what the codec takes for success. */
void play_codec_write(struct twin *t, const struct image *img, uint32_t point, union value v);

void play_codec_write_text(
	struct twin *t, const struct image *img, uint32_t point, union value v, const char *text);

/* What the codec calls an instrument that it asks for its identification. */
void play_identify(
	struct twin *t, const struct image *img, uint32_t instrument, char *out, size_t cap);

#endif
