/* store_inside.h - the store's state; for its files alone */
#ifndef HISTORY_STORE_INSIDE_H
#define HISTORY_STORE_INSIDE_H

#include <limits.h>

#include "history/chunk_open.h"
#include "history/db.h"
#include "history/store.h"
#include "history/tail.h"

/* Encoded bytes of a chunk: with its row four fill a page of 4096 bytes. */
#define STORE_CHUNK_BYTES 1000

/* Samples of a channel from which it has to become a chunk, whatever its size; behind them there is room for those that a reader of a tape
 * takes at once. */
#define STORE_OPEN_MAX (CHUNK_SAMPLES_MAX - 256)

/* Blobs in a file: each has a slot that is written again when it is forgotten, so that a commit changes one page of theirs. A reader of one
 * channel unpacks all that count. */
#define STORE_TAILS 300

#define STORE_EVENTS_MAX 4096 /* that wait for room on the disk */

enum store_statement {
	PUT_TAIL,
	PUT_CHUNK,
	PUT_SPAN,
	PUT_OPEN,
	PUT_CLOCK,
	PUT_GAP,
	PUT_EVENT,
	PUT_BOOT,
	GET_CHANNEL, /* these three take the same values */
	PUT_CHANNEL,
	SET_CHANNEL,
	SET_PLACE,
	DROP_OPEN,
	STORE_STATEMENTS
};

struct store_open {
	struct chunk_open *chunk; /* NULL: this number was never used here */
	enum value_type type;
	bool is_dirty; /* it has samples that are in blobs alone */
};

struct store_moment {
	uint32_t boot;
	int64_t t_ns, wall_ns;
	bool is_good;
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STORE_STATEMENTS];
	char dir[PATH_MAX - STORE_NAME_MAX - 2], path[PATH_MAX], before[PATH_MAX], bench[64];
	int64_t period_ns;
	uint64_t file_max;
	uint32_t ordinal;      /* of the newest file */
	bool is_closed;        /* it takes nothing more */
	bool is_due;           /* a channel can take no more before the next commit */
	int64_t begun_wall_ns; /* when it was begun */

	struct store_open *at; /* [channel] */
	uint32_t n;
	uint32_t boot; /* number of the current one; 0: not told yet */
	char boot_id[40];
	struct store_place place;
	uint32_t place_boot; /* its number */
	int64_t recorded_ns;

	struct chunk_coder *coder;
	struct series series; /* room */
	struct tail *tail;    /* what came last */
	struct buf waiting;   /* blobs of what came since the last commit, each behind its length */
	uint64_t n_waiting;   /* samples in them */
	unsigned n_blobs;
	int64_t tail_no;   /* of the newest blob in the file */
	int64_t dead;      /* blobs up to this one are forgotten */
	size_t tail_bytes; /* of all blobs in the file */
	unsigned n_tails;

	struct store_moment *moments;
	size_t n_moments;
	struct store_gap_row {
		uint32_t from_boot, boot; /* 0: since ever */
		int64_t from_ns, to_ns;
		uint64_t missed;
		char cause[24];
	} * gaps;
	size_t n_gaps;
	struct store_event_row {
		struct event e;
		int64_t wall_ns;
		bool has_wall;
	} * events;
	size_t n_events;
	uint64_t last_event;
	struct buf blob;   /* room */
	const char *texts; /* store_texts() */
	size_t n_texts;
	bool copies; /* a run that has ended is to be copied */
};

extern const char store_schema[];

/* store_load.c: the state as the newest file has it; what is in memory is forgotten. */
int store_load(struct store *s, struct err *err) MUST_CHECK;

/* store.c */
struct store_open *store_at(
	struct store *s, uint32_t channel, enum value_type type); /* made when it is not there */
void store_forget_channels(struct store *s);
int store_next_file(struct store *s, int64_t wall_ns, struct err *err) MUST_CHECK;
enum value_type store_type(const char *text);

/* store_runs.c: those of the attached file `before` */
int store_carry_runs(struct store *s, struct err *err) MUST_CHECK;
/* A text by its hash, once. */
int store_put_text(struct store *s, const char *text, const char *hash, struct err *err) MUST_CHECK;
int store_queue_copy(struct store *s, int64_t run, struct err *err) MUST_CHECK;

/* store_sequences.c */
#define STORE_FIELDS_MAX 3072 /* bytes of the fields of a run */
int store_run_tables(struct store *s, struct err *err) MUST_CHECK;
int store_carry_parts(struct store *s, struct err *err) MUST_CHECK; /* of the runs that are there */
/* Does it begin or end a run, or tell what one was told? Then, in the transaction that stores it, what comes of it. */
bool store_is_of_run(const struct event *e);
int store_run_event(struct store *s, const struct store_event_row *row, struct err *err) MUST_CHECK;

/* store_commit.c */
void store_take_tail(struct store *s); /* what came becomes a blob that waits */

#endif
