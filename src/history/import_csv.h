/* import_csv.h - rows of CSV, and what the head of a file says about its columns. Pure. */
#ifndef HISTORY_IMPORT_CSV_H
#define HISTORY_IMPORT_CSV_H

#include "base/err.h"

#define CSV_COLUMNS_MAX 4096

struct csv_cell {
	const char *text;
	size_t column; /* from 1: where it begins in its row */
};

#define CSV_MORE (-1000) /* a cell in quotes goes on in the next line */

/* ',', ';' or a tab: what there is most of in a head. */
char csv_separator(const char *head, size_t n);

/* Cut a row (n bytes, a NUL behind them; changed, unless CSV_MORE is returned) into at most CSV_COLUMNS_MAX cells. Returns how many, CSV_MORE, or ERR_PROTO
 * with *out_column. */
int csv_read(char *row, size_t n, char separator, struct csv_cell *out, size_t *out_column,
	struct err *err) MUST_CHECK;

enum csv_role {
	CSV_NOTHING, /* left out: of an export in intervals what is no mean, or the x of a curve */
	CSV_TIME,
	CSV_VALUE,
	CSV_QUALITY /* of the column `of` */
};

struct csv_column {
	enum csv_role role;
	bool is_mean; /* of an export in intervals */
	size_t of;
	char name[96], unit[32]; /* of a CSV_VALUE; as it stands there */
};

/* Columns by the first row of a file; `time` names the one of the time, NULL: it is found. ERR_CONF: it is not. out: [n]. */
int csv_columns(const struct csv_cell *head, size_t n, const char *time, struct csv_column *out,
	struct err *err) MUST_CHECK;

#endif
