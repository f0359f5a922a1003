/* form.h - numbers, values and cells as text, fast: a question may have a million of them */
#ifndef HISTORY_FORM_H
#define HISTORY_FORM_H

#include "history/ask.h"
#include "history/reader.h"

/* The shortest text that reads back as the same number of that type; "null" for what is none. */
void form_number(struct buf *out, enum value_type type, double v);

/* Sample i of a series as JSON: number, true, word or text. A word of a choice: as `ch` has it. */
void form_json_value(
	struct buf *out, const struct reader_channel *ch, const struct series *s, size_t i);

/* The cells of a row: separators, quotes (RFC 4180), ends of lines. Typed: each cell is a letter (T text, N a time or number, E end of the row) and
 * its text, with a zero byte behind. Beside them D, a moment in any column, and S, which begins a sheet of that name. */
struct cells {
	struct buf *out;
	bool is_french; /* semicolons, decimal commas */
	bool has_cell;
	bool is_typed;
};

void cells_begin(
	struct cells *c);        /* the next cell; then bytes without quotes may be put to c->out */
void cells_end(struct cells *c); /* of the row */
void cells_text(struct cells *c, const char *text);
void cells_moment(struct cells *c); /* typed: the next cell is one; its text follows */
void cells_sheet(struct cells *c, const char *name); /* typed: from here on another sheet */
void cells_number(struct cells *c, enum value_type type, double v);
void cells_value(
	struct cells *c, const struct reader_channel *ch, const struct series *s, size_t i);

/* The word of a choice; false: it has none. out: VALUE_TEXT_MAX + 1 bytes. */
bool form_choice(const struct reader_channel *ch, int64_t number, char *out);

#endif
