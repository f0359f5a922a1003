/* brooks_value.h - quantities of Brooks' S-protocol: which command has them, how they stand in its answer, how they are written */
#ifndef DRIVERS_BROOKS_VALUE_H
#define DRIVERS_BROOKS_VALUE_H

#include "link/codec.h"

extern const struct opt brooks_point_opts[];

/* codec.h: point and write */
int brooks_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err);
int brooks_write(const struct instrument *ins, const struct point *pt, union value v,
	const char *text, struct request *out, struct err *err);

/* The question that reads pt, for this point alone; first is left to the caller. */
void brooks_value_ask(const struct point *pt, struct request *out);
/* Does one question read both? */
bool brooks_same_question(const struct point *a, const struct point *b);
/* "setpoint"; empty for a command without a name. */
const char *brooks_command_name(unsigned command);

/* Readings of an answer: data[0..n) begins with the two status bytes. Returns as decode() does. */
int brooks_value_read(const struct request *req, const struct point *pts, const uint8_t *data,
	size_t n, struct readings *out, struct err *err);
/* What became of a write: data[0..n) is what stands behind the status. Returns as decode() does. */
int brooks_value_verdict(const struct request *req, const uint8_t *data, size_t n,
	struct readings *out, struct err *err);

#endif
