/* heartbeat.h - the sign of life for a relay that cuts heater and fuel when it falls; pure
 *
 * It is toggled at ticks, and only by ticks that are on time, while no trip has fired and each instrument that it needs lives. So a
 * controller that hangs, a wire that is dead and a latched trip all let the relay fall, without anybody having to send anything.
 *
 * Each toggle is a write on the wire and the one kind of write that is no event: those are counted. That it began and stopped
 * are events.
 */
#ifndef CONTROL_HEARTBEAT_H
#define CONTROL_HEARTBEAT_H

#include "control/output.h"

/* Of its writes; outputs count theirs from 1. */
#define HEARTBEAT_TAG UINT32_MAX

struct heartbeat;

struct heartbeat_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e);
	void (*state)(
		void *ctx, uint32_t channel, double number, enum quality quality, int64_t stamp_ns);
	void (*read)(void *ctx, uint32_t channel, struct output_reading *out);
	int (*write)(void *ctx, uint32_t point, uint32_t tag, union value v, struct err *err);
};

/* NULL: the bench has none. The image outlives it. */
struct heartbeat *heartbeat_new(
	const struct image *img, const struct heartbeat_sink *sink, int64_t now_ns);
void heartbeat_free(struct heartbeat *h);

/* All of these take NULL, for a bench without. */
void heartbeat_read(struct heartbeat *h, uint32_t channel, int64_t now_ns);
void heartbeat_state(struct heartbeat *h, uint32_t instrument, bool is_up);
void heartbeat_written(struct heartbeat *h, enum quality verdict, int64_t now_ns);

/* late_ns: of this tick. trip: the event of a trip that has fired; is_tripped: one has. */
struct heartbeat_now {
	int64_t now_ns, late_ns;
	bool is_tripped;
	uint64_t trip;
};
void heartbeat_tick(struct heartbeat *h, const struct heartbeat_now *now);
/* After a reload: it goes on where it was. */
void heartbeat_adopt(struct heartbeat *h, const struct heartbeat *from);

#endif
