/* import_line.c - a line of InfluxDB line protocol
 *
 * Source: docs.influxdata.com/influxdb/v1.8/write_protocols/line_protocol_reference, and v2 "line protocol".
 *	measurement[,tag=value...] field=value[,field=value...] [time]
 * A backslash takes the meaning from a comma, a blank and (not in the measurement) an equals sign, and stands for itself before anything else. Texts stand
 * in quotes, in which \" and \\ are one character, and may go on in the next line.
 */
#include "history/import_line.h"

#include <string.h>

#include "base/text.h"

struct line {
	char *start, *at, *end;
};

static int
refuse(const struct line *l, const char *at, size_t *out_column, struct err *err, const char *why)
{
	*out_column = (size_t)(at - l->start) + 1;
	return err_set(err, ERR_PROTO, 0, "%s", why);
}

/* A name up to one of the characters of `ends`, unescaped where it stands; its end is made a NUL, and *out_end tells what was there. */
static char *
take_name(struct line *l, const char *ends, const char *escapes, char *out_end)
{
	char *name = l->at, *to = l->at;

	while (l->at < l->end && strchr(ends, *l->at) == NULL) {
		if (*l->at == '\\' && l->at + 1 < l->end && strchr(escapes, l->at[1]) != NULL)
			l->at++;
		*to++ = *l->at++;
	}
	*out_end = l->at < l->end ? *l->at++ : '\0';
	*to = '\0';
	return name;
}

/* ---- values --------------------------------------------------------------------------------------------------------------- */

/* Behind the quote that a text begins with: where the one is that ends it; NULL: not in this line. */
static char *
end_of_text(char *at, const char *end)
{
	for (; at < end; at++) {
		if (*at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\'))
			at++;
		else if (*at == '"')
			return at;
	}
	return NULL;
}

static void
take_text(struct line *l, struct line_pair *out, char *end)
{
	char *to = l->at;

	out->kind = LINE_TEXT;
	out->text = to;
	for (char *from = l->at; from < end; from++) {
		if (*from == '\\' && from + 1 < end && (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	*to = '\0';
	l->at = end + 1;
}

static bool
is_word(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool
is_whole(const char *text)
{
	text += *text == '-' || *text == '+';
	return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* A value that is no text, ended by a NUL. */
static bool
take_plain(char *text, struct line_pair *out)
{
	static const char *const yes[] = { "t", "T", "true", "True", "TRUE" }, *const no[] = { "f",
		"F", "false", "False", "FALSE" };
	size_t n = strlen(text);
	double number;

	out->text = text;
	if (is_word(text, yes, NELEM(yes)) || is_word(text, no, NELEM(no))) {
		out->text = is_word(text, yes, NELEM(yes)) ? "true" : "false";
		out->kind = LINE_BOOL;
		return true;
	}
	if (n > 1 && (text[n - 1] == 'i' || text[n - 1] == 'u')) {
		out->kind = text[n - 1] == 'i' ? LINE_INT : LINE_UINT;
		text[n - 1] = '\0';
		return is_whole(text);
	}
	out->kind = LINE_FLOAT;
	return text_to_double(text, &number);
}

static int
take_value(
	struct line *l, struct line_pair *out, char *out_end, size_t *out_column, struct err *err)
{
	char *begin = l->at;

	out->column = (size_t)(begin - l->start) + 1;
	if (l->at < l->end && *l->at == '"') {
		char *end = end_of_text(++l->at, l->end);

		if (end == NULL)
			return refuse(l, begin, out_column, err,
				"a text that does not end; add the quote that is missing");
		take_text(l, out, end);
		*out_end = l->at < l->end ? *l->at : '\0';
		if (*out_end != '\0' && *out_end != ',' && *out_end != ' ')
			return refuse(l, l->at, out_column, err,
				"a comma or a blank must follow a text; write \\\" for a quote in "
				"it");
		l->at += *out_end != '\0';
		return 0;
	}
	begin = take_name(l, ", ", "", out_end);
	return take_plain(begin, out) ? 0
				      : refuse(l, begin, out_column, err,
						"no value; write 1.5, 3i, 3u, true, false or "
						"\"text\"");
}

/* ---- the parts ------------------------------------------------------------------------------------------------------------ */

static bool
is_escape(const char *at, const char *end)
{
	return *at == '\\' && at + 1 < end && (at[1] == ',' || at[1] == '=' || at[1] == ' ');
}

/* Does a text end in a later line? Looked for before anything is changed: quotes count among the fields alone. */
static bool
is_cut(const struct line *l)
{
	bool opens = false; /* a quote that comes now begins a text */
	char *at = l->at;

	while (at < l->end && *at != ' ')
		at += is_escape(at, l->end) ? 2 : 1;
	while (at != NULL && at < l->end) {
		bool is_begin = opens && *at == '"';

		opens = *at == '=';
		if (is_escape(at, l->end)) {
			at += 2;
		} else if (is_begin) {
			at = end_of_text(at + 1, l->end);
			at = at == NULL ? NULL : at + 1;
		} else {
			at++;
		}
	}
	return at == NULL;
}

static int
take_tags(struct line *l, struct line_point *out, size_t *out_column, struct err *err)
{
	char ended = ',';

	while (ended == ',') {
		char *begin = l->at, *key;
		struct line_pair *tag = &out->tags[out->n_tags];

		if (out->n_tags == LINE_TAGS_MAX)
			return refuse(l, begin, out_column, err, "more than 64 tags");
		key = take_name(l, ",= ", ",= ", &ended);
		if (ended != '=' || key[0] == '\0')
			return refuse(l, begin, out_column, err, "a tag is written key=value");
		tag->key = key;
		tag->column = (size_t)(l->at - l->start) + 1;
		tag->kind = LINE_TEXT;
		tag->text = take_name(l, ",= ", ",= ", &ended);
		if (ended == '=' || tag->text[0] == '\0')
			return refuse(l, begin, out_column, err,
				"a tag is written key=value; an equals sign in it \\=");
		out->n_tags++;
	}
	return ended == ' ' ? 0
			    : refuse(l, l->end, out_column, err,
				      "no field; write field=value behind a blank");
}

static int
take_fields(struct line *l, struct line_point *out, char *out_ended, size_t *out_column,
	struct err *err)
{
	*out_ended = ',';
	while (*out_ended == ',') {
		char *begin = l->at, *key;
		struct line_pair *field = &out->fields[out->n_fields];
		char ended;

		if (out->n_fields == LINE_FIELDS_MAX)
			return refuse(
				l, begin, out_column, err, "more than 1024 fields; split the line");
		key = take_name(l, ",= ", ",= ", &ended);
		if (ended != '=' || key[0] == '\0')
			return refuse(l, begin, out_column, err, "a field is written key=value");
		field->key = key;
		if (take_value(l, field, out_ended, out_column, err) < 0)
			return ERR_PROTO;
		out->n_fields++;
	}
	return 0;
}

static int
take_time(struct line *l, struct line_point *out, size_t *out_column, struct err *err)
{
	char *text, ended;

	while (l->at < l->end && *l->at == ' ')
		l->at++;
	if (l->at == l->end)
		return 0;
	text = take_name(l, " ", "", &ended);
	out->time_column = (size_t)(text - l->start) + 1;
	while (l->at < l->end && *l->at == ' ')
		l->at++;
	if (l->at < l->end || !is_whole(text) || !text_to_int(text, &out->time))
		return refuse(l, text, out_column, err,
			"no time; it is a whole number since 1970, and the last of the line");
	out->has_time = true;
	return 0;
}

int
line_read(char *text, size_t n, struct line_point *out, size_t *out_column, struct err *err)
{
	struct line l = { text, text, text + n };
	char ended, *nul;

	out->n_tags = out->n_fields = 0;
	out->has_time = false;
	while (l.at < l.end && (*l.at == ' ' || *l.at == '\t'))
		l.at++;
	if (l.at == l.end || *l.at == '#')
		return LINE_NOTHING;
	if (is_cut(&l))
		return LINE_MORE;
	nul = memchr(l.at, '\0', n - (size_t)(l.at - text));
	if (nul != NULL)
		return refuse(&l, nul, out_column, err, "a zero byte: this is no text");
	out->measurement = take_name(&l, ", ", ", ", &ended);
	if (out->measurement[0] == '\0')
		return refuse(&l, text, out_column, err,
			"no measurement; a line is 'measurement,tag=value field=value time'");
	if (ended == '\0')
		return refuse(&l, l.end, out_column, err,
			"no field; a line is 'measurement,tag=value field=value time'");
	if (ended == ',' && take_tags(&l, out, out_column, err) < 0)
		return ERR_PROTO;
	while (l.at < l.end && *l.at == ' ')
		l.at++;
	if (take_fields(&l, out, &ended, out_column, err) < 0)
		return ERR_PROTO;
	return ended == ' ' ? take_time(&l, out, out_column, err) : 0;
}
