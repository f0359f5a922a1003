/* table.h - lines and cells of a text that a program wrote for people: blanks or separators, decimal comma, Latin-1; pure */
#ifndef DRIVERS_TABLE_H
#define DRIVERS_TABLE_H

#include "base/defs.h"
#include "msg/quality.h"
#include "msg/value.h"

#define TABLE_LAST 0       /* in place of a line's number: the last one that is not empty */
#define TABLE_BLANK '\0'   /* as a separator: any blanks */
#define TABLE_CELL_MAX 256 /* bytes of a cell with its end */
#define TABLE_COLUMN_NONE 0
#define TABLE_COLUMN_TWICE (-1)

struct table_form {
	char separator; /* TABLE_BLANK, or the character */
	char decimal;   /* '.', ',' */
	bool is_latin1; /* else UTF-8 */
};

/* Bytes of a text, without an end. */
struct table_line {
	const char *at;
	size_t n;
};

/* Line `number` (from 1, or TABLE_LAST) without its end; false when there is none. */
bool table_line(const char *text, size_t n, unsigned number, struct table_line *out);

/* Cell `column` (from 1) as UTF-8, without quotes and blanks around it. Q_GOOD, Q_MISSING (so many are not there) or Q_GARBLED (an
 * open quote, another encoding, longer than any value). */
enum quality table_cell(const struct table_line *line, unsigned column,
	const struct table_form *form, char out[TABLE_CELL_MAX]);

/* The column whose cell in this line is `name`; TABLE_COLUMN_NONE, TABLE_COLUMN_TWICE. */
int table_column(const struct table_line *line, const char *name, const struct table_form *form);

/* The whole cell as a number: Q_GOOD or Q_NOT_A_NUMBER. */
enum quality table_number(const char *cell, const struct table_form *form, double *out);

#endif
