/* fault.h - what becomes of a rehearsal in which an instrument dies; pure */
#ifndef REHEARSE_FAULT_H
#define REHEARSE_FAULT_H

#include "rehearse/rehearsal.h"

#define FAULT_AFTER_S (3 * 3600.0) /* it is watched for so long */
#define FAULT_ROWS 2000

struct fault_row {
	uint32_t step; /* row of the rehearsal's table */
	uint32_t instrument;
	double at_s;       /* since START */
	double after_s;    /* how long it took until that was so */
	uint8_t is_played; /* else there was no time for it */
	uint8_t is_safe;   /* a safe state is reached, or the sequence has ended by itself */
	char outcome[80], why[160];
};

/* From now on the instrument of `row` answers nothing: play on until it is known what comes of it. */
void fault_play(struct rehearsal *r, struct fault_row *row);

#endif
