/* store.h - the history of a bench on disk: the writer's side
 *
 * A folder of SQLite files, one a period: history-00012-2026-11-01.sqlite. The newest is in WAL and is written to, the others stay as
 * they are until they are too old. docs/history-format.md has the tables.
 *
 * Samples are kept in memory, open, until they are a chunk that fills a quarter of a page. Each commit writes those that came since the
 * last one as one blob (tail.h), so that nothing that was committed is lost with the process; from time to time the open ones are written
 * as they are, and the blobs before that forgotten. A file is enough to come back to where the last commit was.
 *
 * A commit that fails (a full disk) changes nothing: its samples wait, up to STORE_WAITING_MAX, for the next one.
 */
#ifndef HISTORY_STORE_H
#define HISTORY_STORE_H

#include "base/err.h"
#include "msg/event.h"
#include "msg/value.h"

#define STORE_VERSION 1
#define STORE_WAITING_MAX (2u << 20) /* bytes of samples that wait for room on the disk */
#define STORE_NAME_MAX 64

struct store;

struct store_setup {
	const char *dir;   /* it exists; borrowed */
	const char *bench; /* borrowed */
	int64_t period_ns; /* of wall time that a file covers at most; 0: a calendar month of UTC */
	uint64_t file_max; /* bytes after which a file is left, 0: none */
	bool copies;       /* runs that have ended are to be copied */
};

/* The place on a tape up to which everything is in the store. */
struct store_place {
	char boot_id[40];
	int64_t made_ns; /* of the board; 0: nothing was stored yet */
	uint64_t seq;    /* of the next record */
};

struct store_channel {
	uint32_t id; /* given by the supervisor, never reused */
	enum value_type type;
	const char *name, *unit, *title, *instrument;
	const char *choices; /* "0=closed\n1=open"; "" */
};

/* Open the newest file of a folder, or begin the first one. `wall_ns` dates a file that is begun. */
struct store *store_open(
	const struct store_setup *setup, int64_t wall_ns, struct err *err) MUST_CHECK;
/* What was not committed is lost. */
void store_close(struct store *s);

void store_place(const struct store *s, struct store_place *out);
/* Until when (CLOCK_BOOTTIME of the boot of its place) the record is whole; 0: nothing was recorded. */
int64_t store_recorded(const struct store *s);
const char *store_file(const struct store *s); /* path of the newest file */

/* The computer's boot that all further times are of: what is open of another one becomes chunks at the next commit. */
int store_boot(struct store *s, const char *boot_id, struct err *err) MUST_CHECK;

/* Channels: between begin and end, all of them known afterwards or none. *out is the store's number of one, the same for the same id, type
 * and unit; what else is told about it is brought up to date. */
#define STORE_NONE UINT32_MAX /* no number */
int store_channels_begin(struct store *s, struct err *err) MUST_CHECK;
int store_channel(
	struct store *s, const struct store_channel *ch, uint32_t *out, struct err *err) MUST_CHECK;
int store_channels_end(struct store *s, bool is_good, struct err *err) MUST_CHECK;

/* The samples of a channel in their order. Not while store_is_due(): some channel takes no more before the next commit. */
bool store_is_due(const struct store *s);
void store_add(struct store *s, uint32_t channel, const struct sample *sample);
/* Both clocks at one moment: wall_ns is CLOCK_REALTIME - CLOCK_BOOTTIME. */
void store_clock(struct store *s, int64_t t_ns, int64_t wall_ns, bool is_good);

/* An event; wall_ns as far as it is known (has_wall), else it is dated by the clock records of its boot. One that is there already is not
 * doubled. */
void store_event(struct store *s, const struct event *e, bool has_wall, int64_t wall_ns);
/* The highest id of an event that is there; 0: none. */
uint64_t store_last_event(const struct store *s);

/* The ledger: from when to when nothing could be recorded, and why. Everything else since the first one is recorded. */
struct store_gap {
	bool is_first;   /* there was no record before */
	bool from_place; /* from_ns is of the boot of store_place(); else of the current one */
	int64_t from_ns, to_ns; /* to_ns is of the current boot */
	const char *cause;      /* a token of gap.def */
	uint64_t missed;        /* records of the tape that are known to be lost; 0: not known */
};
/* One with the cause and the beginning of the last one that waits takes its place: it has grown. */
void store_gap(struct store *s, const struct store_gap *gap);

/* Texts of the bench as it is now, for runs that its sequences begin: "FILE\0HASH\0CARD\0HASH\0CARD\0..."; borrowed until the next call. A
 * card: what a sequence is, with its files, as JSON. */
void store_texts(struct store *s, const char *texts, size_t n);

/* From now on runs that end are to be copied, or not. */
void store_copies(struct store *s, bool are_made);

/* Everything that came since the last commit, on disk when this returns 0. `recorded_ns`: the record is whole up to here. */
int store_commit(struct store *s, const struct store_place *place, int64_t recorded_ns,
	int64_t wall_ns, struct err *err) MUST_CHECK;

/* More samples wait than may. */
bool store_is_full(const struct store *s);
/* What was not committed is forgotten; how many samples that are. */
int store_forget(struct store *s, uint64_t *out_lost, struct err *err) MUST_CHECK;

/* Forget the chunks of a channel (its id) that end before this wall time, in the newest file. */
int store_drop(struct store *s, uint32_t id, int64_t wall_ns, struct err *err) MUST_CHECK;

/* Everything open becomes chunks; before the end of the process, so that the file is small and whole. */
int store_seal(struct store *s, struct err *err) MUST_CHECK;

#endif
