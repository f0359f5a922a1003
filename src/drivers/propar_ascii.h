/* propar_ascii.h - what stands around a message of ProPar in hexadecimal digits */
#ifndef DRIVERS_PROPAR_ASCII_H
#define DRIVERS_PROPAR_ASCII_H

#include "drivers/propar_frame.h"

#define PROPAR_ASCII_MAX (1 + 2 * (2 + PROPAR_DATA_MAX) + 2)

/* The message as bytes on the wire, its sequence left aside; their number, or ERR_CONF when there is no room, or when m->n is 255. */
int propar_ascii_put(
	const struct propar_message *m, uint8_t *out, size_t cap, struct err *err) MUST_CHECK;

/* Is frame[0..n) one, to its last byte? An error without a node has node 0. */
bool propar_ascii_take(const uint8_t *frame, size_t n, struct propar_message *out);

#endif
