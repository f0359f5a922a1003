/* damage.h - how an answer of Modbus TCP is broken, so that a master can notice; pure */
#ifndef TWIN_DAMAGE_H
#define TWIN_DAMAGE_H

#include "twin/world.h"

#define DAMAGE_ROOM 64 /* bytes that an answer may grow by */

/* Turn the answer frame[0..n) into what `fault` (GARBLED, WRONG_*, BUSY, FAILED) makes of it; there is room for n +
 * DAMAGE_ROOM bytes. Returns its new length. *out_mute: only a half was sent, and nothing must follow on the connection. */
size_t damage_answer(
	enum world_fault fault, uint8_t *frame, size_t n, uint64_t *chance, bool *out_mute);

/* The answer that refuses request[0..) with an exception; returns its length, 9. */
size_t damage_refusal(const uint8_t *request, unsigned exception, uint8_t *out);

#endif
