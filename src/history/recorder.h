/* recorder.h - from the tapes of boards into the store
 *
 * The owner (main.c) tells the time, hands over boards as they come, and says when to commit. A board that a newer one replaces is drained to its end
 * first. What could not be taken is a gap in the ledger, with its cause.
 */
#ifndef HISTORY_RECORDER_H
#define HISTORY_RECORDER_H

#include "board/board.h"
#include "history/store.h"

struct recorder;

struct recorder_clock {
	int64_t now_ns;  /* CLOCK_BOOTTIME */
	int64_t wall_ns; /* CLOCK_REALTIME - CLOCK_BOOTTIME */
	bool is_good;    /* synchronised */
};

/* What has happened, for people: a row of gap.def began or ended. */
typedef void (*recorder_fn)(void *ctx, const char *cause, bool is_over, uint64_t missed);

/* resolution_ns: times are cut to it, 1: they are kept as they are. */
/* Events behind an id that no tape has: recorder_event() is to be called for each. */
typedef void (*recorder_fetch_fn)(void *ctx, uint64_t behind);

struct recorder *recorder_new(
	struct store *store, int64_t resolution_ns, recorder_fn fn, void *ctx);
void recorder_free(struct recorder *r);

/* A board to be drained, behind those that came before; `memory` stays mapped until release() is called for it. */
void recorder_board(struct recorder *r, const struct board *b,
	void (*release)(void *ctx, const struct board *b));

void recorder_fetches(struct recorder *r, recorder_fetch_fn fetch);
void recorder_event(struct recorder *r, const struct event *e, bool has_wall, int64_t wall_ns);

/* Take what is on the tapes into memory. At least each few seconds: a tape holds a minute. */
void recorder_drain(struct recorder *r, const struct recorder_clock *clock);

/* Before the last commit: what waits for the end of an interval is taken as well. */
void recorder_end(struct recorder *r);

/* Commit it. A failure is told to `fn` once, and repeated by the next call. may_write: false while the disk has too little room: what comes then is lost on
 * purpose, and a gap. */
int recorder_commit(
	struct recorder *r, const struct recorder_clock *clock, bool may_write, struct err *err);

/* For health: samples taken since the start. */
uint64_t recorder_taken(const struct recorder *r);

#endif
