/* drain.h - everything that a store has, once, in the order in which it was recorded: for a second store somewhere else
 *
 * Samples are told apart by where they stand, not by their times, which may repeat and go back. A place says up to where all has been given: the number of a
 * file, of a chunk in it, of its rows of events and gaps, and for each channel how many samples were given out of what was in no chunk yet. Who
 * carries things elsewhere stores the place there in the transaction that stores the things, and comes back with it after an end: nothing is lost then, and
 * nothing doubled.
 *
 * The recorder may write meanwhile, make chunks of what was open, leave files and remove them. What holds the places good: chunks of a file are only
 * added behind its last one, or removed; they are never numbered anew as long as a place may be in that file (drain_state_read()).
 *
 * Memory: a chunk, the way to 65536 of them, and some bytes a channel.
 */
#ifndef HISTORY_DRAIN_H
#define HISTORY_DRAIN_H

#include "history/reader.h"

struct drain;

struct drain_channel {
	uint32_t number;          /* of the store, never another one's: what a place counts by */
	struct reader_channel ch; /* as it is called now */
};

/* What is given. Nothing that is handed over stays good behind the call. Each may be NULL. */
struct drain_sink {
	void *ctx;
	/* Samples from .. from+n of s, in their order: of one channel and one boot (number within the store). */
	void (*samples)(void *ctx, const struct drain_channel *ch, uint32_t boot,
		const struct series *s, size_t from, size_t n);
	void (*event)(void *ctx, const struct reader_event *e);
	/* In the file of this number; wall times as they are known now. */
	void (*gap)(void *ctx, uint32_t file, int64_t row, const struct reader_gap *gap);
	/* Files from .. to (numbers, both included) were removed before all of them had been given (0: a channel's `keep` removed so many chunks of file
	 * `from`, or they cannot be read). `wall_ns`: when the file behind them was begun. */
	void (*lost)(void *ctx, uint32_t from, uint32_t to, uint64_t chunks, int64_t wall_ns);
};

/* At the beginning of what there is. `dir` is borrowed. */
struct drain *drain_open(const char *dir, struct err *err) MUST_CHECK;
void drain_close(struct drain *d);

/* The next piece: about `most` samples (a chunk, or the samples of a commit, more). 1: something was given or the place has moved, 0: all has been
 * given. After an error part of a piece may have been given: the place is then unknown, until drain_goto(). */
int drain_next(
	struct drain *d, const struct drain_sink *sink, size_t most, struct err *err) MUST_CHECK;

/* The place behind what was given, appended to `out` as bytes. */
void drain_place(const struct drain *d, struct buf *out);
#define DRAIN_PLACE_MAX (16u << 20) /* bytes of a place */
/* Go on from there; no bytes: from the beginning. ERR_PROTO, and nothing changes, for bytes that are no place. */
int drain_goto(struct drain *d, const void *place, size_t n, struct err *err) MUST_CHECK;

/* All files below this number are wholly given. */
uint32_t drain_file(const struct drain *d);

/* How far it is behind: files that are not begun, and chunks of the one that is read. */
int drain_behind(
	struct drain *d, uint32_t *out_files, uint64_t *out_chunks, struct err *err) MUST_CHECK;

/* Changes whenever something became of runs, their notes or sequences; these are not given, but read as they are (runs_read.h). */
uint64_t drain_runs(struct drain *d);

/* The reader that is used, for wall times (reader_offset()); and what it knows of a boot. */
struct reader *drain_reader(struct drain *d);
const char *drain_boot_id(const struct drain *d, uint32_t boot); /* ""; not known */
/* Was the clock of the computer synchronised at some time of this boot? Else its wall times may be changed by what comes. */
bool drain_is_dated(const struct drain *d, uint32_t boot);

/* ---- what the recorder must know ------------------------------------------------------------------------------------------ */

/* A small file beside those of the store, written by who drains it under this name ("postgres"): files from `file` on are not carried elsewhere yet. */
#define DRAIN_STATE_BYTES 64
#define DRAIN_ID 33 /* bytes of an id as hexadecimal text */
struct drain_state {
	char id[DRAIN_ID]; /* drawn once: which folder this is */
	uint32_t file;
};

/* Opened for reading and writing, made with a new id when it is not there or says nothing; returns a descriptor. */
int drain_state_open(
	const char *dir, const char *name, struct drain_state *out, struct err *err) MUST_CHECK;
int drain_state_write(int fd, const struct drain_state *state, struct err *err) MUST_CHECK;
/* `file` of the state of this name in a folder; 0: there is none. */
uint32_t drain_state_file(const char *dir, const char *name);

#endif
