/* rehearse.h - a rehearsal that is asked for over HTTP
 *
 *	data server --> gate: may this token? --> supervise: one at a time --> mbc-rehearse
 *	     ^                   | no                 | no, begun, its answer
 *	     +-------------------+--------------------+
 */
#ifndef MSG_REHEARSE_H
#define MSG_REHEARSE_H

#include "msg/command.h"

#define REHEARSE_TEXTS 32                    /* of each list */
#define REHEARSE_TEXT 200                    /* bytes with the NUL */
#define REHEARSE_SECONDS 60                  /* of the processor's, each process of it */
#define REHEARSE_ANSWER_MAX (1u << 20)       /* bytes */
#define REHEARSE_LONGEST_NS (250 * NS_PER_S) /* it ends itself before */

#define REHEARSE_BYTES 1u
#define REHEARSE_FAULTS 2u
#define REHEARSE_SVG 4u /* the plot, instead of the JSON */

enum rehearse_list { REHEARSE_SETS, REHEARSE_BEGINS, REHEARSE_ANSWERS, REHEARSE_LISTS };

struct rehearse_ask {
	char id[COMMAND_ID];
	char principal[EVENT_PRINCIPAL]; /* filled in by the gate */
	char sequence[128];
	uint16_t flags;
	uint16_t n[REHEARSE_LISTS];
	char texts[REHEARSE_LISTS][REHEARSE_TEXTS]
		  [REHEARSE_TEXT]; /* "T_red=480 degC", "furnace.sp=25", "ok" */
};

/* The fields of a WIRE_REHEARSE, behind what was begun; false: they do not fit into a packet. */
bool rehearse_write(struct buf *out, const struct rehearse_ask *a);
int rehearse_read(struct rehearse_ask *out, struct wire_in *in, struct err *err) MUST_CHECK;

/* How a mbc-rehearse that answers to a descriptor ends, besides 0 and 1 of `mbc rehearse`. */
#define REHEARSE_EXIT_REFUSED 3 /* START is refused: the answer is why */
#define REHEARSE_EXIT_LONG 4    /* the answer would have over REHEARSE_ANSWER_MAX bytes */

#endif
