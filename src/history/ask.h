/* ask.h - a question about the history, in words as an address or a command line has them, and read. Pure but for zones. */
#ifndef HISTORY_ASK_H
#define HISTORY_ASK_H

#include "base/err.h"
#include "history/stamp.h"
#include "msg/event.h"

#define ASK_POINTS 1000 /* when nothing is said */
#define ASK_POINTS_MAX 100000
#define ASK_CHANNELS_MAX 100
#define ASK_NAME_MAX 64 /* longer ones are no channel's */
#define ASK_EVENTS_MAX 10000
#define ASK_BUCKETS_MAX 200000 /* in memory at once for one question */

/* NULL: not said. */
struct ask_words {
	const char *channels; /* "a,b"; NULL: the question is for gaps or events */
	bool is_events;
	const char *kind, *subject, *language; /* of events; `points` is how many at most */
	const char *from, *to, *points, *every, *format, *raw, *zone;
	const char *x; /* of samples: the channel that is asked for in the place of time */
};

enum ask_form {
	ASK_JSON,
	ASK_CSV,
	ASK_CSV_FR,
	ASK_FLAT, /* a JSON list of rows, as programs take it that know tables alone */
	ASK_XLSX  /* typed cells (form.h); of a command line */
};

struct ask {
	bool is_events; /* with is_gaps, which says that no channel is asked for */
	char kind[40], subject[EVENT_SUBJECT]; /* of events; "": any */
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
};

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
