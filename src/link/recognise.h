/* recognise.h - is it this instrument that answers? One question that only reads, and what an answer to it tells; pure
 *
 *	bytes of several instruments ==> those that are alike are sent once ==> each of them is asked whether the answer is its own
 *
 * For finding out what is on a wire before there is a bench: nothing is prepared, nothing is asked twice.
 */
#ifndef LINK_RECOGNISE_H
#define LINK_RECOGNISE_H

#include "link/codec.h"
#include "model/image.h"

struct recognise;

enum recognised {
	RECOGNISE_MORE, /* no answer to its question yet */
	RECOGNISE_OTHER,
	RECOGNISE_IT,
};

/* An instrument of the image, which stays the caller's. NULL: it has no identification that one question tells without preparing it. */
struct recognise *recognise_new(
	const struct image *img, uint32_t instrument, const struct codec *codec);
void recognise_free(struct recognise *r);

/* The bytes of its question. */
const uint8_t *recognise_question(const struct recognise *r, size_t *out_n);

/* All that has come since the question. Where it begins with the question itself, that is an echo, and no answer. */
enum recognised recognise_hear(struct recognise *r, const uint8_t *in, size_t n, enum wire wire);

/* What it said it is, of the last answer that was its own. */
const char *recognise_identity(const struct recognise *r);

#endif
