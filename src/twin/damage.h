/* damage.h - how an answer is broken, so that a master can notice; pure */
#ifndef TWIN_DAMAGE_H
#define TWIN_DAMAGE_H

#include "twin/world.h"

#define DAMAGE_ROOM 64 /* bytes that an answer may grow by */

/* How frames look on a link: [head] unit, function, ... [tail]. */
struct damage_form {
	size_t unit;  /* place of the unit; function, count and data follow */
	size_t tail;  /* bytes behind the PDU */
	bool has_tag; /* the first two bytes name the question */
	/* Make the n bytes a sound frame: its length, or its check. */
	void (*seal)(uint8_t *frame, size_t n);
	/* As codec.cut for requests: the first of those that have arrived, CUT_FRAME(n); anything else: none. */
	int (*request)(const uint8_t *in, size_t n);
	/* Does a sound answer begin here? NULL: one cannot tell. */
	bool (*is_sound)(const uint8_t *in, size_t n);
};

extern const struct damage_form damage_mbap; /* Modbus TCP */
extern const struct damage_form damage_rtu;  /* serial lines: a CRC, and no tag */

/* Turn the answer frame[0..n) into what `fault` (GARBLED, WRONG_*, BUSY, FAILED) makes of it; there is room for n +
 * DAMAGE_ROOM bytes. Returns its new length. done_tag: of a question that has been answered (WRONG_TAG), or the frame's own.
 * *out_mute: only a half was sent, and nothing must follow on the connection.
 *
 * With a CRC, a changed bit (GARBLED, WRONG_CRC) breaks it, and no sound answer stands anywhere in what comes out, but for
 * the whole one behind rubbish; foreign answers (WRONG_UNIT, WRONG_FUNCTION, WRONG_COUNT) have the right one. */
size_t damage_answer(const struct damage_form *form, enum world_fault fault, uint16_t done_tag,
	uint8_t *frame, size_t n, uint64_t *chance, bool *out_mute);

/* The answer that refuses request[0..) with an exception; returns its length, at most 9. */
size_t damage_refusal(
	const struct damage_form *form, const uint8_t *request, unsigned exception, uint8_t *out);

/* What an idle serial line picks up: bytes in which no sound answer stands; or, when is_sound, the answer of somebody to
 * somebody. At most DAMAGE_ROOM. */
size_t damage_noise(bool is_sound, uint64_t *chance, uint8_t *out);

#endif
