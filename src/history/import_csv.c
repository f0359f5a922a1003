/* import_csv.c - rows of CSV, and the columns of a file
 *
 * What `mbc export` writes: time, a column for each channel and one "NAME quality" (RFC 4180; with semicolons and decimal commas for French tables), a second
 * row with units; in intervals "NAME mean", "NAME min", ... And what other programs write: a head with a time and names, "T (degC)" or "T [degC]".
 */
#include "history/import_csv.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

char
csv_separator(const char *head, size_t n)
{
	static const char separators[] = ",;\t";
	size_t counts[3] = { 0 }, best = 0;
	bool is_quoted = false;

	for (size_t i = 0; i < n && head[i] != '\n'; i++) {
		const char *found = head[i] == '\0' ? NULL : strchr(separators, head[i]);

		is_quoted ^= head[i] == '"';
		if (found != NULL && !is_quoted)
			counts[found - separators]++;
	}
	for (size_t i = 1; i < 3; i++)
		if (counts[i] > counts[best])
			best = i;
	return separators[best];
}

/* Does a cell in quotes end in a later line? A quote opens one at the beginning of a cell alone. */
static bool
is_cut(const char *row, size_t n, char separator)
{
	bool is_quoted = false, is_begin = true, is_closed = false;

	for (size_t i = 0; i < n; i++) {
		if (is_quoted) {
			is_quoted = row[i] != '"';
			is_closed = !is_quoted;
			continue;
		}
		is_quoted = row[i] == '"' && (is_begin || is_closed);
		is_begin = row[i] == separator;
		is_closed = false;
	}
	return is_quoted;
}

/* A cell in quotes, its quotes taken away; where it ends, or NULL: something stands behind it. */
static char *
take_quoted(char *at, const char *end, char separator, const char **out)
{
	char *to = ++at;

	*out = at;
	for (; at < end; at++) {
		if (*at == '"' && at + 1 < end && at[1] == '"')
			at++;
		else if (*at == '"')
			break;
		*to++ = *at;
	}
	at += at < end;
	*to = '\0';
	return at == end || *at == separator ? at : NULL;
}

int
csv_read(char *row, size_t n, char separator, struct csv_cell *out, size_t *out_column,
	struct err *err)
{
	char *at = row, *end = row + n, *nul;
	int found = 0;

	if (is_cut(row, n, separator))
		return CSV_MORE;
	nul = memchr(row, '\0', n);
	*out_column = nul != NULL ? (size_t)(nul - row) + 1 : 1;
	if (nul != NULL)
		return err_set(err, ERR_PROTO, 0, "a zero byte: this is no text");
	for (;;) {
		struct csv_cell *cell = &out[found];

		*out_column = cell->column = (size_t)(at - row) + 1;
		if (found++ == CSV_COLUMNS_MAX)
			return err_set(err, ERR_PROTO, 0, "more than %d columns; split the file",
				CSV_COLUMNS_MAX);
		cell->text = at;
		if (at < end && *at == '"')
			at = take_quoted(at, end, separator, &cell->text);
		else
			while (at < end && *at != separator)
				at++;
		if (at == NULL)
			return err_set(err, ERR_PROTO, 0,
				"something stands behind a quote; write \"\" for one in a cell");
		if (at == end)
			return found;
		*at++ = '\0';
	}
}

/* ---- the head ------------------------------------------------------------------------------------------------------------- */

static bool
is_time(const char *text)
{
	static const char *const names[] = { "time", "timestamp", "datetime", "date", "date_time",
		"_time", "temps", "horodatage", "heure", "zeit", "t" };

	for (size_t i = 0; i < NELEM(names); i++)
		if (strcasecmp(text, names[i]) == 0)
			return true;
	return strncasecmp(text, "time ", 5) == 0 || strncasecmp(text, "time(", 5) == 0;
}

static const struct csv_cell *
find(const struct csv_cell *head, size_t n, const char *name, size_t length, const char *suffix)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(head[i].text, name, length) == 0 &&
			strcmp(head[i].text + length, suffix) == 0)
			return &head[i];
	return NULL;
}

static bool
has_suffix(const char *text, const char *suffix, size_t *out_length)
{
	size_t n = strlen(text), k = strlen(suffix);

	*out_length = n > k ? n - k : 0;
	return n > k && strcmp(text + n - k, suffix) == 0;
}

/* "T (degC)", "T [degC]" */
static void
split_unit(struct csv_column *c, const char *text)
{
	size_t n = strlen(text), open;

	text_copy(c->name, sizeof(c->name), text);
	if (n < 3 || (text[n - 1] != ')' && text[n - 1] != ']'))
		return;
	for (open = n - 1; open > 0 && text[open] != (text[n - 1] == ')' ? '(' : '['); open--)
		continue;
	if (open == 0 || n - open - 2 >= sizeof(c->unit) || open >= sizeof(c->name))
		return;
	memcpy(c->unit, text + open + 1, n - open - 2);
	c->unit[n - open - 2] = '\0';
	while (open > 1 && c->name[open - 1] == ' ')
		open--;
	c->name[open] = '\0';
}

static void
look_at(const struct csv_cell *head, size_t n, size_t i, struct csv_column *c)
{
	static const char *const others[] = { " min", " max", " count" };
	const char *text = head[i].text;
	const struct csv_cell *of;
	size_t length;

	if (has_suffix(text, " quality", &length) &&
		((of = find(head, n, text, length, "")) != NULL ||
			(of = find(head, n, text, length, " mean")) != NULL)) {
		c->role = CSV_QUALITY;
		c->of = (size_t)(of - head);
		return;
	}
	for (size_t k = 0; k < NELEM(others); k++)
		if (has_suffix(text, others[k], &length) &&
			find(head, n, text, length, " mean") != NULL)
			return;
	if (strncmp(text, "x ", 2) == 0 || text[0] == '\0')
		return;
	c->role = CSV_VALUE;
	split_unit(c, text);
	if (has_suffix(text, " mean", &length) && find(head, n, text, length, " min") != NULL &&
		length < sizeof(c->name)) {
		c->is_mean = true;
		c->name[length] = '\0';
	}
}

int
csv_columns(const struct csv_cell *head, size_t n, const char *time, struct csv_column *out,
	struct err *err)
{
	size_t at = n;

	for (size_t i = 0; i < n && at == n; i++)
		if (time != NULL ? strcmp(head[i].text, time) == 0 : is_time(head[i].text))
			at = i;
	if (at == n)
		return err_set(err, ERR_CONF, 0,
			time != NULL
				? "there is no column '%.40s'; --time takes a name of the first row"
				: "the first row names no time%.0s; add one with names, or say "
				  "--time COLUMN",
			time != NULL ? time : "");
	memset(out, 0, n * sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		if (i == at)
			out[i].role = CSV_TIME;
		else
			look_at(head, n, i, &out[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (out[i].role == CSV_QUALITY && out[out[i].of].role != CSV_VALUE)
			out[i].role = CSV_NOTHING;
	return 0;
}
