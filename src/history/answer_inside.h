/* answer_inside.h - the state of an answer; for its files alone */
#ifndef HISTORY_ANSWER_INSIDE_H
#define HISTORY_ANSWER_INSIDE_H

#include "base/json.h"
#include "history/answer.h"
#include "history/buckets.h"
#include "history/form.h"
#include "history/runs_read.h"

#define ANSWER_PIECES 64         /* that a step reads at most */
#define ANSWER_SPANS 2048        /* that it looks at without reading them */
#define ANSWER_BYTES (64u << 10) /* after so many it ends */
#define ANSWER_THINNED                                                                             \
	"thinned" /* in the place of a reason: a good value that stands for several, or numbers of a longer time */

/* One channel on its way through the samples. */
struct walk {
	struct reader_channel ch;
	struct cursor *cursor;
	struct series series;
	int64_t from_ns,
		to_ns;   /* wall time, or since the beginning of `over`: what is walked through */
	size_t at;       /* in it */
	uint32_t boot;   /* of it */
	int64_t wall_ns; /* of the sample at `at` */
	int64_t offset, offset_from, offset_until;
	bool has_sample, is_over;
	int64_t thinned_ns; /* until when samples that were read stand for several; 0: none did */
	struct reader_gap *ledger; /* those of the answer, or, where it was imported, its own */
	struct bucket_gap *gaps;   /* the same */
	size_t n_gaps, next_gap;
	bool is_missing;   /* of a series: nothing is recorded of it */
	size_t place;      /* which of the windows its buckets have: 0 where there is one */
	struct over *over; /* NULL: times are wall times */
	int64_t limit_ns;  /* of over: nothing from here on is of it; else INT64_MAX */
};

/* A run in an answer that lays runs over each other: its times count from its beginning, or that of one of its steps, on. */
struct over {
	struct run_row run;
	char step[ASK_STEP_MAX];   /* as its event tells it; "" */
	uint32_t boot;             /* time 0 */
	int64_t t_ns, wall_ns;     /* of that boot; as wall time */
	int64_t end_ns;            /* since then, where the run ends */
	struct reader_gap *ledger; /* in it, by their ends */
	size_t n_gaps, next_gap;
};

struct answer {
	struct reader *reader;
	struct ask ask;
	struct walk *walks; /* [ask_columns()]: the channels, then that of x */
	struct over *overs; /* [ask.n_since] */
	struct reader_gap *
		ledger; /* in the range and a little around it, by their ends, where no channel has anything */
	size_t n_gaps, next_gap;
	struct stamp stamp;
	int (*step)(struct answer *a, struct buf *out, struct err *err);
	bool is_begun;  /* its head is written */
	bool has_row;   /* flat: one stands before the next */
	size_t channel; /* that is being written */
	bool is_in_channel;
	bool has_time;       /* JSON: the list of times is written */
	bool is_pending;     /* raw JSON: the sample at hand is not written yet */
	struct answer_held { /* raw: the last sample of x */
		bool is_there, is_number;
		uint32_t boot;
		int64_t t_ns, wall_ns;
		double v;
	} held;
	/* Buckets: those of a window, of one channel or (CSV) of all. */
	struct bucket *buckets;
	struct buckets window;
	size_t first,
		n_window; /* bucket of the whole range that it begins with; how many there are */
	bool is_filled, is_filling;
	unsigned column;
	size_t row;
	/* Events: where those that will be written stand. */
	struct event_spot {
		uint32_t file;
		int64_t row;
	} * spots; /* [ask.points], a ring */
	struct reader_event_place event_place;
	size_t n_events, n_read, n_written;
	struct buf *events_out;
	/* A spreadsheet: */
	struct sheet *sheet; /* NULL: cells are given away as they are */
	struct buf cells;
	bool is_at_gaps; /* the values are told */
	size_t gap_row;
	/* Series: */
	bool is_in_table, is_by_sample;
	bool has_series; /* one stands before the next */
};

/* answer_walk.c: samples in [from, to) one by one */
void walk_begin(struct answer *a, struct walk *w, int64_t from_ns, int64_t to_ns, bool is_raw);
double walk_number(
	const struct walk *w); /* the sample at hand, whatever its quality; not of a text */
void walk_end(struct walk *w);
int64_t walk_wall(const struct answer *a, struct walk *w, int64_t t_ns);
/* Go to the next sample; *budget counts pieces that are loaded. 1: there; 0: the budget is used up, or is_over. */
int walk_next(struct answer *a, struct walk *w, unsigned *budget, struct err *err);

void walk_note_thinned(struct walk *w, const struct piece *piece, int64_t until_ns);
const char *walk_why(const struct walk *w); /* the sample at hand is not a plain good one; NULL */
void answer_thinned(struct answer *a, struct buf *out, struct walk *w); /* a member of JSON */

int answer_events(struct answer *a, struct buf *out, struct err *err);

/* answer.c */
void answer_describe(
	struct buf *out, const struct reader_channel *ch); /* members of JSON without braces */
void answer_head(struct answer *a, struct buf *out); /* {"from": ..., ..., without what follows */
void answer_put_gaps(struct answer *a, struct buf *out);              /* "gaps":[...] */
void answer_time(struct answer *a, struct buf *out, int64_t wall_ns); /* "..." with quotes; null */

/* answer_raw.c, answer_buckets.c */
int answer_raw_json(struct answer *a, struct buf *out, struct err *err);
/* Rows of samples by time: all channels have one to compare, or none any more (1; *out_first INT64_MAX: all are over); those of one time go on. */
int answer_gather(struct answer *a, unsigned *budget, int64_t *out_first, struct err *err);
int answer_advance(struct answer *a, int64_t wall_ns, unsigned *budget, struct err *err);
int answer_raw_rows(struct answer *a, struct buf *out, struct err *err); /* CSV, flat */
int answer_buckets_json(struct answer *a, struct buf *out, struct err *err);
int answer_buckets_rows(struct answer *a, struct buf *out, struct err *err);
int answer_fill(
	struct answer *a, struct err *err); /* the buckets of a->channel: 1; 0: the step is over */
struct bucket *answer_buckets_of(struct answer *a, size_t channel);
int64_t answer_edge(const struct answer *a, size_t row); /* where a row of the window begins */

/* answer_series.c */
void answer_places(struct answer *a); /* of buckets */
int answer_series(struct answer *a, struct buf *out, struct err *err);

/* answer_x.c: the channel in the place of time */
bool x_is_asked(const struct answer *a);
struct walk *x_walk(struct answer *a);
/* Raw: begin at its beginning; go on to a moment of a boot (1; 0: the budget is used up; an error); what held then, false: nothing is known. */
void x_begin(struct answer *a);
int x_go(struct answer *a, uint32_t boot, int64_t t_ns, unsigned *budget, struct err *err);
bool x_value(const struct answer *a, uint32_t boot, int64_t t_ns, int64_t wall_ns, double *out);
/* Its number for JSON; null. */
void x_put(const struct answer *a, struct buf *out, bool is_known, double v);
/* Its column, which no channel's can be mistaken for: "x T_bed". */
#define X_COLUMN_MAX 112
void x_column(const struct answer *a, const char *what, char out[X_COLUMN_MAX]);
void x_flat_key(const struct answer *a, struct buf *out);

/* answer_over.c: runs over each other */
/* The same as a list for buckets; the caller frees it. */
struct bucket_gap *answer_bucket_gaps(const struct reader_gap *ledger, size_t n);

bool over_is_asked(const struct answer *a);
/* Find the runs and their steps, before the channels; then how long the answer is, and the gaps in each. ERR_CONF, sys 404: there is none such. */
int over_begin(struct answer *a, struct err *err);
void over_end(struct answer *a);
/* The run of column i, and the name that its channel has there. */
void over_name(struct answer *a, size_t i);
/* Time since its beginning of a moment of a boot, whose wall time is known. */
int64_t over_time(const struct over *o, uint32_t boot, int64_t t_ns, int64_t wall_ns);
/* The wall time, to look for samples by. */
int64_t over_wall(const struct over *o, int64_t since_ns);
void over_head(struct answer *a, struct buf *out);
/* Members of JSON: of which run a channel is; nothing without runs. */
void over_describe(const struct walk *w, struct buf *out);
/* The first column of CSV: its name; its unit; a time. */
void answer_time_head(struct answer *a, struct cells *c, bool is_unit);
void answer_time_cell(struct answer *a, struct cells *c, int64_t at_ns);
/* Seconds in JSON: since 1970, or since the beginning. */
void answer_seconds(struct answer *a, struct buf *out, int64_t at_ns);
/* The gap of a run, or of all that is asked for, that begins next and not behind a moment; its columns are [*out_first, *out_end). NULL: there is none. */
const struct reader_gap *answer_next_gap(
	struct answer *a, int64_t until_ns, int64_t *out_at, size_t *out_first, size_t *out_end);

/* answer_flat.c: a JSON list of objects, a row each */
void flat_begin(struct answer *a, struct buf *out, int64_t wall_ns); /* a row: "time" in ms */
void flat_key(struct buf *out, const struct reader_channel *ch,
	const char *what); /* "": of the value itself */
void flat_quality(struct buf *out, const struct reader_channel *ch,
	const char *why);                         /* NULL: good, nothing */
void flat_end(struct answer *a, struct buf *out); /* the list */
void answer_window(struct answer *a);             /* room for the buckets */

#endif
