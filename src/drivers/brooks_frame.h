/* brooks_frame.h - what stands around the data of Brooks' S-protocol, and its packed texts */
#ifndef DRIVERS_BROOKS_FRAME_H
#define DRIVERS_BROOKS_FRAME_H

#include "link/codec.h"

#define BROOKS_DATA_MAX 255
#define BROOKS_TAG 8            /* characters of a tag */
#define BROOKS_TAG_BYTES 6      /* of them, packed */
#define BROOKS_UNPACKED_MAX 341 /* room for all that BROOKS_DATA_MAX bytes can hold, with a NUL */

struct brooks_frame {
	bool is_answer;
	bool is_long; /* address of five bytes; else of one, which the driver never uses */
	uint64_t address;
	uint8_t command;
	uint8_t n;           /* bytes of data; of an answer at least the two of its status */
	const uint8_t *data; /* in the bytes it was taken from */
};

/* As bytes on the wire, with its preamble; their number, or ERR_CONF when there is no room. */
int brooks_frame_put(
	const struct brooks_frame *f, uint8_t *out, size_t cap, struct err *err) MUST_CHECK;

/* codec.h, cut: a frame has its preamble with it, and its check is right. */
int brooks_frame_cut(const struct instrument *ins, const struct request *req, const uint8_t *in,
	size_t n, enum wire wire);

/* Is frame[0..n) one, to its last byte? */
bool brooks_frame_take(const uint8_t *frame, size_t n, struct brooks_frame *out);

/* A tag as packed ASCII; false when it has not eight characters, or one that cannot be packed. */
bool brooks_tag_pack(const char *text, uint8_t out[BROOKS_TAG_BYTES]);

/* Fill n bytes with packed ASCII: small letters become capitals, what cannot be packed '?', blanks follow a short text; bytes of
 * an incomplete group at the end are 0. */
void brooks_pack(const char *text, uint8_t *out, size_t n);

/* The characters of n bytes of packed ASCII (those of a last incomplete group are left out), NUL-ended; returns their number. */
size_t brooks_unpack(const uint8_t *in, size_t n, char out[BROOKS_UNPACKED_MAX]);

#endif
