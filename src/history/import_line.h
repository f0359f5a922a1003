/* import_line.h - a line of InfluxDB line protocol, read. Pure. */
#ifndef HISTORY_IMPORT_LINE_H
#define HISTORY_IMPORT_LINE_H

#include "base/err.h"

#define LINE_TAGS_MAX 64
#define LINE_FIELDS_MAX 1024

enum line_kind { LINE_FLOAT, LINE_INT, LINE_UINT, LINE_BOOL, LINE_TEXT };

struct line_pair {
	const char *key, *text; /* of a number its digits alone; of a bool "true" or "false" */
	enum line_kind kind;
	size_t column; /* of the text, from 1 */
};

/* All texts point into the line. */
struct line_point {
	const char *measurement;
	struct line_pair tags[LINE_TAGS_MAX];
	size_t n_tags;
	struct line_pair fields[LINE_FIELDS_MAX];
	size_t n_fields;
	bool has_time;
	int64_t time;
	size_t time_column;
};

#define LINE_GOOD 0
#define LINE_NOTHING 1 /* a comment, or blank */
#define LINE_MORE 2    /* a text goes on in the next line: add a newline and that, and read again */

/* `line` has n bytes and a NUL behind them, and is changed, unless LINE_MORE is returned. ERR_PROTO with *out_column (from 1). */
int line_read(char *line, size_t n, struct line_point *out, size_t *out_column,
	struct err *err) MUST_CHECK;

#endif
