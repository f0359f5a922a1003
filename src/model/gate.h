/* gate.h - conditions on what a device says it is: ">= 6.2"; pure */
#ifndef MODEL_GATE_H
#define MODEL_GATE_H

#include "base/defs.h"

enum gate_op {
	GATE_IS,
	GATE_IS_NOT,
	GATE_BELOW,
	GATE_AT_MOST,
	GATE_ABOVE,
	GATE_AT_LEAST,
	GATE_OPS
};

/* The operator that a condition begins with, "=" when there is none; *out_rest: what it compares with, blanks before it left out. */
enum gate_op gate_parse(const char *text, const char **out_rest);

/* "=", "!=", ... */
const char *gate_op_text(unsigned op);

/* <0, 0, >0: runs of digits by their number, all else by its bytes; a text that the other one begins with comes before it:
 * 6.2 < 6.2.1 < 6.10 < 6.10b. */
int gate_compare(const char *a, const char *b);

/* Is it so? said: what the device says, empty: it does not; then no condition holds. is_number: both are numbers. */
bool gate_holds(const char *said, unsigned op, const char *wanted, bool is_number);

#endif
