/* line_units.h - what the units of an emulated Modbus RTU line know and answer; pure, no clock
 *
 * Written apart from src/drivers on purpose: a fault of our own codec must not meet its twin here.
 */
#ifndef PERF_LINE_UNITS_H
#define PERF_LINE_UNITS_H

#include <stdint.h>

#include "base/defs.h"

#define LINE_UNITS_MAX 32
#define LINE_FRAME_MAX 256

struct line_units {
	unsigned n;                             /* units 1..n are on the line */
	unsigned dead;                          /* this one of them says nothing; 0: all live */
	unsigned n_registers;                   /* of each table, from address 0 */
	uint16_t *holding;                      /* [unit - 1][address] */
	uint32_t n_answers[LINE_UNITS_MAX + 1]; /* by unit */
};

enum line_verdict {
	LINE_ANSWERED, /* there is an answer, perhaps an exception */
	LINE_BAD,      /* too short or long, or its checksum is wrong: every unit ignores it */
	LINE_ABSENT,   /* for a unit that is not there, or to all of them */
	LINE_DEAD,     /* for the dead one */
};

/* Takes 1..LINE_UNITS_MAX units of 1..65536 registers; ends the program when memory is out. */
void line_units_init(struct line_units *units, unsigned n, unsigned dead, unsigned n_registers);
void line_units_done(struct line_units *units);

/* What a holding register holds until it is written: its address and a thousand for each unit, so that a reader can check. */
uint16_t line_units_holding(unsigned unit, unsigned address);

/* CRC-16/MODBUS; over a frame with its own checksum it is 0. */
uint16_t line_crc(const uint8_t *bytes, size_t n);

/* Is this a request to its last byte? Told by the length that its function asks for, and the checksum. */
bool line_is_complete(const uint8_t *frame, size_t n);

/* The answer of the line to a request as far as its silence ended it; out has LINE_FRAME_MAX bytes, *out_n is set with LINE_ANSWERED.
 * Functions: 3 (holding), 4 (input: the number of answers of the unit so far, plus the address), 1 and 2 (bit n: n is odd),
 * 6 and 16 (written and kept), 43/14 (identification: vendor, product, version); exceptions 1, 2, 3 as the standard says. */
enum line_verdict line_units_answer(
	struct line_units *units, const uint8_t *frame, size_t n, uint8_t *out, size_t *out_n);

#endif
