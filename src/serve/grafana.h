/* grafana.h - what the JSON plug-ins of Grafana (SimpleJSON, simPod's JSON) ask in the bodies of their requests, and the answers that need the board alone.
 * Pure.
 *
 * A target names channels: "T_bed", several "T_bed|p", "(T_bed|p)" or "{T_bed,p}" as variables come, with stars "T_*" or ".*"; or marks: "@alarms",
 * "@runs kind=record_note subject=T_*".
 */
#ifndef SERVE_GRAFANA_H
#define SERVE_GRAFANA_H

#include "serve/picture.h"

#define GRAFANA_BODY_MAX (128u << 10)
#define GRAFANA_TARGETS 100
#define GRAFANA_FILTERS 8
#define GRAFANA_WORD_MAX 200   /* bytes of a filter, and of what is looked for */
#define GRAFANA_WORDS 1000     /* names and patterns of all targets */
#define GRAFANA_STARS 20       /* of them patterns: each is held against every channel */
#define GRAFANA_NAMES_MAX 3000 /* bytes of the names of all series */
#define GRAFANA_SERIES 100
#define GRAFANA_NAME 128

struct grafana_target {
	char *text;
	char column; /* enum ask_column of history/ask.h, upper case: in the table */
};

/* A tag of a channel compared with a text. */
struct grafana_filter {
	const char *key, *operator, * value;
};

/* Texts point into the body; "" where nothing was said. */
struct grafana_ask {
	struct grafana_target targets[GRAFANA_TARGETS];
	size_t n_targets;
	struct grafana_filter filters[GRAFANA_FILTERS];
	size_t n_filters;
	char from[40], to[40];    /* moments as the history reads them */
	int64_t points, width_ms; /* 0: not said */
	const char *target;       /* of /search and /variable: what is looked for */
	const char *key;          /* of /tag-values */
	const char *name;         /* of /metric-payload-options */
	const char *query;        /* of an annotation */
	char echo[1000];          /* an annotation as it came; "": none, or too long */
};

/* Read a body; an empty one is {}. It is overwritten. ERR_CONF: line, column and what is wrong. */
int grafana_read(char *body, size_t n, struct grafana_ask *out, struct err *err) MUST_CHECK;

/* ---- what is asked of the history ---- */

struct grafana_series {
	struct buf names;   /* "a,b" */
	struct buf columns; /* "mm" */
	size_t n, n_words, n_stars;
	bool is_marks; /* it is for events: kinds, subjects */
	char kinds[256], subjects[256], limit[24];
};

/* The channels of all targets that are left by the filters. An exact name need not be on the board: the history may know it. Free with
 * grafana_series_done(), also after an error. */
int grafana_expand(const struct grafana_ask *ask, const struct view *v, struct grafana_series *out,
	struct err *err) MUST_CHECK;
void grafana_series_done(struct grafana_series *s);

/* Words for marks: sets (alarms, trips, runs, sequences, notes, events), "kind=a,b*", "subject=a*", "limit=n"; none: alarms, trips and runs. */
int grafana_marks(const char *words, struct grafana_series *out, struct err *err) MUST_CHECK;

/* ---- what the board answers ---- */

enum grafana_path {
	GRAFANA_METRICS,
	GRAFANA_OPTIONS,
	GRAFANA_QUERY,
	GRAFANA_VARIABLE,
	GRAFANA_TAG_KEYS,
	GRAFANA_TAG_VALUES,
	GRAFANA_SEARCH,
	GRAFANA_ANNOTATIONS,
	GRAFANA_PATHS
};

extern const char *const grafana_paths[GRAFANA_PATHS];

/* Which of them an address is; GRAFANA_PATHS: none. What stands behind '?' counts for nothing. */
enum grafana_path grafana_find(const char *uri);

/* All but GRAFANA_QUERY and GRAFANA_ANNOTATIONS. */
void grafana_write(struct buf *out, enum grafana_path path, const struct grafana_ask *ask,
	const struct view *v);

#endif
