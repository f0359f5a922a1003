/* brooks_value.h - quantities of Brooks' S-protocol: which command has them, how they stand in its answer, how they are written */
#ifndef DRIVERS_BROOKS_VALUE_H
#define DRIVERS_BROOKS_VALUE_H

#include "link/codec.h"

#define BROOKS_TO_ALL UINT64_C(0x8000000000) /* long address */
#define BROOKS_MAKER UINT64_C(0x0A)          /* the first byte of a long address */
#define BROOKS_ID_BYTES 3                    /* its last ones */
#define BROOKS_STATUS 2                      /* bytes that begin the data of an answer */
#define BROOKS_PERCENT 57                    /* unit code */
#define BROOKS_AS_SELECTED 250               /* unit code of a write: that of the flow reading */
#define BROOKS_GAS_SPACE 1                   /* point.space: a gas is part of the question */

enum brooks_command {
	BROOKS_CMD_IDENTITY = 0,
	BROOKS_CMD_FLOW = 1,
	BROOKS_CMD_CURRENT = 2,
	BROOKS_CMD_BY_TAG = 11,
	BROOKS_CMD_MESSAGE = 12,
	BROOKS_CMD_TAG = 13,
	BROOKS_CMD_GAS_NAME = 150,
	BROOKS_CMD_FULL_SCALE = 152,
	BROOKS_CMD_OVERRIDE = 230,
	BROOKS_CMD_SET_OVERRIDE = 231,
	BROOKS_CMD_SETPOINT = 235,
	BROOKS_CMD_SET_SETPOINT = 236,
	BROOKS_CMD_VALVE = 237,
};

enum brooks_form {
	BROOKS_FLOAT,
	BROOKS_UINT8,
	BROOKS_UINT16,
	BROOKS_UINT24,
	BROOKS_ASCII,
	BROOKS_PACKED,
	BROOKS_FORMS
};

struct brooks_form_row {
	uint8_t bytes; /* 0: a text, as long as the point says */
	enum value_type value;
};
extern const struct brooks_form_row brooks_forms[BROOKS_FORMS]; /* by point.type */

extern const struct opt brooks_point_opts[];

/* codec.h: point and write */
int brooks_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err);
int brooks_write(const struct instrument *ins, const struct point *pt, union value v,
	const char *text, const struct beside *beside, struct request *out, struct err *err);

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
