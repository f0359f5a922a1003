/* table.c - lines and cells of a text that a program wrote for people
 *
 * Source of the quotes: RFC 4180, 2.5 to 2.7, but for line ends within them: a line is a row here.
 */
#include "drivers/table.h"

#include <string.h>

#include "base/text.h"

#define COLUMNS_MAX 1000

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
trim(struct table_line *line)
{
	while (line->n > 0 && is_blank(line->at[0])) {
		line->at++;
		line->n--;
	}
	while (line->n > 0 && is_blank(line->at[line->n - 1]))
		line->n--;
}

/* The line that begins at `at`, and where the next one does; NULL: nowhere. */
static const char *
take_line(const char *at, const char *end, struct table_line *out)
{
	const char *stop = memchr(at, '\n', (size_t)(end - at));

	*out = (struct table_line){ at, (size_t)((stop != NULL ? stop : end) - at) };
	if (out->n > 0 && out->at[out->n - 1] == '\r')
		out->n--;
	return stop == NULL || stop + 1 == end ? NULL : stop + 1;
}

bool
table_line(const char *text, size_t n, unsigned number, struct table_line *out)
{
	const char *at = n > 0 ? text : NULL;
	struct table_line line, filled;
	bool found = false;

	for (unsigned i = 1; at != NULL; i++) {
		at = take_line(at, text + n, &line);
		filled = line;
		trim(&filled);
		if (number == TABLE_LAST ? filled.n == 0 : i != number)
			continue;
		*out = line;
		found = true;
	}
	return found;
}

/* A cell that begins with a quote; *at goes behind what closes it. False: nothing does. */
static bool
quoted(const char **at, const char *end, char *out, size_t cap, size_t *n)
{
	const char *p = *at + 1;

	for (; p < end; p++) {
		if (*p == '"' && (p + 1 == end || p[1] != '"'))
			break;
		p += *p == '"';
		if (*n == cap)
			return false;
		out[(*n)++] = *p;
	}
	*at = p + 1;
	return p < end;
}

/* The cell at *at as it stands; *at goes behind its separator, or to NULL behind the last one. */
static bool
take_cell(const char **at, const char *end, char separator, char *out, size_t cap, size_t *out_n)
{
	struct table_line part;
	const char *p = *at;

	*out_n = 0;
	while (p < end && *p != separator && is_blank(*p))
		p++;
	if (p < end && *p == '"') {
		if (!quoted(&p, end, out, cap, out_n))
			return false;
		while (p < end && is_blank(*p) && *p != separator)
			p++;
		if (p < end && *p != separator && separator != TABLE_BLANK)
			return false; /* something behind the quotes */
	} else {
		part.at = p;
		while (p < end && (separator == TABLE_BLANK ? !is_blank(*p) : *p != separator))
			p++;
		part.n = (size_t)(p - part.at);
		trim(&part);
		if (part.n > cap)
			return false;
		memcpy(out, part.at, part.n);
		*out_n = part.n;
	}
	while (separator == TABLE_BLANK && p < end && is_blank(*p))
		p++;
	*at = p >= end ? NULL : p + (separator != TABLE_BLANK);
	return true;
}

/* Latin-1 as UTF-8: each character above 7F takes two bytes. */
static bool
from_latin1(const char *in, size_t n, char *out, size_t cap)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)in[i];

		if (used + 2 >= cap)
			return false;
		if (c >= 0x80)
			out[used++] = (char)(0xC0 | c >> 6);
		out[used++] = (char)(c >= 0x80 ? 0x80 | (c & 0x3F) : c);
	}
	out[used] = '\0';
	return true;
}

static bool
to_utf8(const char *in, size_t n, bool is_latin1, char out[TABLE_CELL_MAX])
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)in[i] < ' ' && in[i] != '\t')
			return false; /* UTF-16, or no text at all */
	if (is_latin1)
		return from_latin1(in, n, out, TABLE_CELL_MAX);
	if (n >= TABLE_CELL_MAX || text_utf8(in, n) != n)
		return false;
	memcpy(out, in, n);
	out[n] = '\0';
	return true;
}

static enum quality
next_cell(const char **at, const char *end, const struct table_form *form, char out[TABLE_CELL_MAX])
{
	char raw[TABLE_CELL_MAX];
	size_t n;

	if (!take_cell(at, end, form->separator, raw, sizeof(raw) - 1, &n) ||
		!to_utf8(raw, n, form->is_latin1, out))
		return Q_GARBLED;
	return Q_GOOD;
}

/* Where cells begin; blanks before the first one are none. */
static const char *
first_cell(const struct table_line *line, const struct table_form *form)
{
	struct table_line from = *line;

	if (form->separator == TABLE_BLANK)
		trim(&from);
	return from.n > 0 ? from.at : NULL;
}

enum quality
table_cell(const struct table_line *line, unsigned column, const struct table_form *form,
	char out[TABLE_CELL_MAX])
{
	const char *at = first_cell(line, form), *end = line->at + line->n;

	for (unsigned i = 1; at != NULL; i++) {
		enum quality q = next_cell(&at, end, form, out);

		if (q != Q_GOOD || i == column)
			return q; /* what stands behind one that is not understood cannot be counted */
	}
	return Q_MISSING;
}

int
table_column(const struct table_line *line, const char *name, const struct table_form *form)
{
	const char *at = first_cell(line, form), *end = line->at + line->n;
	char cell[TABLE_CELL_MAX];
	int found = TABLE_COLUMN_NONE;

	for (int i = 1; at != NULL && i <= COLUMNS_MAX; i++) {
		if (next_cell(&at, end, form, cell) != Q_GOOD)
			return TABLE_COLUMN_NONE;
		if (strcmp(cell, name) != 0)
			continue;
		if (found != TABLE_COLUMN_NONE)
			return TABLE_COLUMN_TWICE;
		found = i;
	}
	return found;
}

enum quality
table_number(const char *cell, const struct table_form *form, double *out)
{
	char plain[TABLE_CELL_MAX];
	char *comma;

	if (!text_copy(plain, sizeof(plain), cell))
		return Q_NOT_A_NUMBER;
	if (form->decimal == ',') {
		if (strchr(plain, '.') != NULL)
			return Q_NOT_A_NUMBER; /* 1.234,5, or a program that was set otherwise */
		comma = strchr(plain, ',');
		if (comma != NULL)
			*comma = '.';
	}
	return text_to_double(plain, out) ? Q_GOOD : Q_NOT_A_NUMBER;
}
