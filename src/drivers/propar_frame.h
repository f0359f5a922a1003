/* propar_frame.h - what stands around a message of ProPar in its binary form */
#ifndef DRIVERS_PROPAR_FRAME_H
#define DRIVERS_PROPAR_FRAME_H

#include "link/codec.h"

#define PROPAR_DATA_MAX 255

struct propar_message {
	uint8_t sequence, node;
	uint8_t n; /* bytes of data, at least 1 */
	uint8_t data[PROPAR_DATA_MAX];
};

/* The message as bytes on the wire; their number, or ERR_CONF when there is no room for the longest form of it. */
int propar_frame_put(
	const struct propar_message *m, uint8_t *out, size_t cap, struct err *err) MUST_CHECK;

/* codec.h, cut: a frame is sound in itself, its length and what is doubled included. */
int propar_frame_cut(const struct instrument *ins, const struct request *req, const uint8_t *in,
	size_t n, enum wire wire);

/* Is frame[0..n) one, to its last byte? */
bool propar_frame_take(const uint8_t *frame, size_t n, struct propar_message *out);

#endif
