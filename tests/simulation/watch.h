/* watch.h - what must hold at every moment of a simulated bench
 *
 *	values     no usable value that its device did not hold when the stamp says, on the tape or on the board
 *	age        nothing older than its limit is shown as usable, and nothing at all while the controller stands still
 *	tape       no number is missing, and its last record of a channel is what the board shows
 *	channels   one that follows shows what its source does; a sum is that of its summands
 *	reloads    a channel with the same number, type and unit shows what it showed before
 *	tape       besides, its events are whole, and their ids rise; the clock is on it
 *	events     each instrument goes up and down in turn, and not more often than something was done to it
 *
 * The first breach is kept as a text; all later ones are ignored.
 */
#ifndef SIMULATION_WATCH_H
#define SIMULATION_WATCH_H

#include "board/board.h"
#include "held.h"
#include "msg/event.h"

struct watch;

struct watch *watch_new(
	const struct image *img, const struct board *board, const struct held *held);
void watch_free(struct watch *w);

/* NULL, or what went wrong first. */
const char *watch_breach(const struct watch *w);
void watch_break(struct watch *w, const char *fmt, ...) PRINTF(2, 3);

/* A reload: read the rest of the old board's tape; then take over what it showed, by the numbers of channels and
 * instruments. What stays the same has to go on from there. */
void watch_end(struct watch *w, int64_t now_ns);
void watch_adopt(struct watch *w, const struct watch *from);

void watch_event(struct watch *w, const struct event *e);
/* After each tick. */
void watch_tick(struct watch *w, int64_t now_ns);
/* At any moment; last_tick_ns: when the last tick was. */
void watch_look(struct watch *w, int64_t now_ns, int64_t last_tick_ns);

/* Count from here what the next functions tell. */
void watch_mark(struct watch *w, int64_t now_ns);
uint32_t watch_bad(
	const struct watch *w, uint32_t *out_first); /* channels of points that are bad */
uint32_t watch_ups(const struct watch *w, uint32_t instrument); /* events since the mark */
uint32_t watch_downs(const struct watch *w, uint32_t instrument);
uint32_t watch_all_downs(const struct watch *w, uint32_t instrument); /* events since the start */
uint32_t watch_events(const struct watch *w, enum event_kind kind);   /* since the start */
/* Of a point: readings seen since the mark, the longest time between two of them, bad ones. A tick shows one at most. */
uint32_t watch_updates(const struct watch *w, uint32_t point);
int64_t watch_gap_ns(const struct watch *w, uint32_t point, int64_t now_ns);
uint32_t watch_faults(const struct watch *w, uint32_t point);

/* Of all records of the tape so far: equal for equal runs. */
uint64_t watch_digest(const struct watch *w);
uint64_t watch_records(const struct watch *w);

#endif
