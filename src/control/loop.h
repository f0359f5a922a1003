/* loop.h - control loops: from what a channel measures and its setpoint to the output that it moves; pure
 *
 *	          set, automatic                     its output was read
 *	ASIDE --------------------> WAITING -----------------------------> REGULATING
 *	  ^                            ^  what the output holds is lost         |
 *	  |                            +----------------------------------------+  the reading is bad: BLIND, the output goes to
 *	  +--- a person, a sequence, a safe state or a trip has the output      |  on_bad; good again: WAITING
 *	  +---------------------------------------------------------------------+
 *
 * Whenever it begins to regulate, its first value is what the output holds, and the ramp of its setpoint begins at what is measured.
 * While it stands aside, its channel's target and working go with what is measured, and nobody owns them.
 */
#ifndef CONTROL_LOOP_H
#define CONTROL_LOOP_H

#include "control/output.h"

struct loops;

struct loops_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e);
	void (*read)(void *ctx, uint32_t channel, struct output_reading *out);
};

/* For a checked image, which outlives them, as the outputs do. */
struct loops *loops_new(
	const struct image *img, struct outputs *outputs, const struct loops_sink *sink);
void loops_free(struct loops *l);

/* May the loop whose setpoint `output` is regulate for this owner? ERR_REFUSED with cause; remedy. */
int loops_ready(const struct loops *l, uint32_t output, enum output_owner owner,
	struct err *err) MUST_CHECK;

/* Before the ramps of outputs; not before it is decided how a bench goes on after a restart. */
void loops_tick(struct loops *l, int64_t now_ns);

/* After a reload, behind the outputs: loops of the same channel and output go on from where their outputs are. */
void loops_adopt(struct loops *l, const struct loops *from, int64_t now_ns);

#endif
