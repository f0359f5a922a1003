/* ask.h - a question about the history, in words as an address or a command line has them, and read. Pure but for zones. */
#ifndef HISTORY_ASK_H
#define HISTORY_ASK_H

#include "base/err.h"
#include "history/stamp.h"
#include "msg/event.h"

#define ASK_POINTS 1000 /* when nothing is said */
#define ASK_POINTS_MAX 100000
#define ASK_CHANNELS_MAX 100
#define ASK_NAME_MAX 64  /* longer ones are no channel's */
#define ASK_STEP_MAX 128 /* bytes of a step's name */
#define ASK_EVENTS_MAX 10000
#define ASK_BUCKETS_MAX 200000 /* in memory at once for one question */

/* NULL: not said. */
struct ask_words {
	const char *channels; /* "a,b"; NULL: the question is for gaps or events */
	bool is_events;
	const char *kind, *subject, *language; /* of events; `points` is how many at most */
	const char *before; /* of events: the id above those that are asked for */
	const char *from, *to, *points, *every, *format, *raw, *zone;
	const char *x; /* of samples: the channel that is asked for in the place of time */
	/* Of samples: runs over each other, "run:12,run:9/step:heat"; from and to are spans since their beginnings then. */
	const char *since;
};

enum ask_form {
	ASK_JSON,
	ASK_CSV,
	ASK_CSV_FR,
	ASK_FLAT, /* a JSON list of rows, as programs take it that know tables alone */
	ASK_XLSX, /* of a command line typed cells (form.h), for a spreadsheet or HDF5; else a spreadsheet file */
	ASK_SERIES /* as Grafana's plug-ins take it: ask_read_series() */
};

/* How events are written. */
enum ask_events { ASK_EVENTS_JSON, ASK_EVENTS_TABLE, ASK_EVENTS_MARKS };

#define ASK_LIST_MAX 256  /* of patterns of kinds or subjects */
#define ASK_ECHO_MAX 1024 /* of what an answer says back */

/* A run whose beginning, or that of one of its steps, is time 0. */
struct ask_since {
	uint32_t run;
	char step[ASK_STEP_MAX]; /* its number or its title; "": the run's beginning */
};

struct ask {
	bool is_events; /* with is_gaps, which says that no channel is asked for */
	char kind[40], subject[EVENT_SUBJECT]; /* of events; "": any */
	uint64_t before;                       /* of events: ids below this one; 0: any */
	enum language language;
	bool is_gaps, is_raw, has_all; /* has_all: since the first sample */
	enum ask_form form;
	int64_t from_ns, to_ns; /* wall time */
	int64_t every_ns;       /* width of a bucket; 0: by `points` */
	size_t points;          /* buckets in all */
	bool is_free;
	char zone[STAMP_ZONE_MAX];
	char *channels; /* a copy: "a\0b\0", n_channels names */
	size_t n_channels;
	char x[ASK_NAME_MAX]; /* "": none */
	/* ASK_SERIES: what is asked for of each channel, ASK_MEAN ...; in upper case: in the table. [n_channels] */
	char columns[ASK_CHANNELS_MAX + 1];
	size_t n_table;                   /* of these */
	int64_t seen_from_ns, seen_to_ns; /* what was asked for, inside of whole intervals */
	/* Events for such plug-ins: */
	enum ask_events events_as;
	char kinds[ASK_LIST_MAX], subjects[ASK_LIST_MAX]; /* patterns, "a,b*"; "": any */
	char echo[ASK_ECHO_MAX];                          /* JSON */

	/* Runs over each other: channels stand there once for each, from_ns and to_ns count from the beginning of each. */
	struct ask_since *since; /* [n_since], n_since > 0: has_since */
	size_t n_since;
	bool is_hdf5;   /* with ASK_XLSX */
	bool is_to_end; /* nothing was said: to_ns is the length of the longest when it is known */
};

/* Letters of ask.columns. */
enum ask_column {
	ASK_MEAN = 'm',
	ASK_MIN = 'n',
	ASK_MAX = 'x',
	ASK_FIRST = 'f',
	ASK_LAST = 'l',
	ASK_COUNT = 'c',
	ASK_ENVELOPE = 'e', /* least, mean and most */
	ASK_AUTO = 'a',     /* each sample while they are no more than points, else the mean */
	ASK_RAW = 'r' /* each sample while they are no more than ASK_POINTS_MAX, else the mean */
};
#define ASK_COLUMNS "mnxflcear"

#define ASK_SERIES_MAX 20000 /* points of one */

/* Samples for programs that draw: intervals are whole multiples of one width since 1970, so that they stay where they are while time goes on. columns: a letter a
 * channel; points: the most that are wanted of each; width_ms: the least width, "": any. Nothing is too wrong but words that cannot be read. */
struct ask_series {
	const char *channels, *columns, *from, *to, *points, *width_ms;
};
int ask_read_series(const struct ask_series *words, int64_t now_ns, struct ask *out,
	struct err *err) MUST_CHECK;

/* Events of kinds and subjects that fit patterns. NULL: not said. */
struct ask_marks {
	const char *kinds, *subjects, *from, *to, *limit, *language, *echo;
	bool is_table;
};
int ask_read_marks(
	const struct ask_marks *words, int64_t now_ns, struct ask *out, struct err *err) MUST_CHECK;

/* Times are read in the zone that is asked for, which is the one of stamp_zone() afterwards. ERR_CONF: "cause; remedy". is_free: of a command
 * line, which may have as many buckets as it has patience for. ask_done() also after an error. */
int ask_read(const struct ask_words *words, int64_t now_ns, bool is_free, struct ask *out,
	struct err *err) MUST_CHECK;

/* Channels that are read: those that are asked for, and the one on the axis. */
size_t ask_columns(const struct ask *ask);

/* How many buckets there are between from and to: for one with has_all when its beginning is known. */
int ask_fit(struct ask *ask, struct err *err) MUST_CHECK;
void ask_done(struct ask *ask);

#endif
