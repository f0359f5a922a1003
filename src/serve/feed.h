/* feed.h - the event stream: changes of the board, told to any number of readers
 *
 * A change is written as text once, into a ring that all streams share. Each stream keeps its place and takes only the
 * channels that it asked for. Its life:
 *
 *	REPLAY (after a reconnection) -> SNAPSHOT (an update of each channel) -> LIVE -> SNAPSHOT ...
 *
 * A stream that fell behind the ring is told how much it missed (`gap`) and gets a snapshot; so it does after `changed`,
 * a new generation of the board. Pure: time comes as arguments, bytes go into the caller's memory.
 */
#ifndef SERVE_FEED_H
#define SERVE_FEED_H

#include "base/defs.h"
#include "board/board.h"

#define FEED_EVENT_MAX 1024 /* bytes of the longest event */

struct feed;
struct stream;

struct feed *feed_new(void);
void feed_free(struct feed *f); /* all streams must have left */

/* Show another board; the old one must stay mapped until this returns. The changes on the old one's tape are told first. */
void feed_show(struct feed *f, const struct board *board, int64_t now_ns, int64_t wall_ns);

/* Take what is new on the tape. wall_ns: CLOCK_REALTIME - CLOCK_BOOTTIME. */
void feed_pump(struct feed *f, int64_t wall_ns);

/* Each second: tell of values that have grown old without a word on the tape, then a heartbeat. */
void feed_beat(struct feed *f, int64_t now_ns, int64_t wall_ns);

/* A new stream. names: "a,b" (unknown ones are passed over), NULL: all; only: patterns of those that may be seen (allow.h), NULL: all. last_id: the id of the last event that this
 * reader got before, NULL: none. user: the caller's own. */
struct stream *feed_join(struct feed *f, const char *names, const char *only, const char *last_id,
	int64_t now_ns, int64_t wall_ns, void *user);
void feed_leave(struct stream *s);
size_t feed_streams(const struct feed *f);

/* The streams one after the other: the one behind s, the first for NULL; NULL at the end. */
struct stream *feed_next(const struct feed *f, const struct stream *s);
void *stream_user(const struct stream *s);

/* True when stream_read() would give something. */
bool stream_is_ready(struct stream *s);

/* Whole events into out, as many as fit. Returns their bytes, 0 when there is nothing to tell now. max: at least
 * FEED_EVENT_MAX. */
size_t stream_read(struct stream *s, int64_t now_ns, int64_t wall_ns, char *out, size_t max);

#endif
