/* form.c - numbers, values and cells as text */
#include "history/form.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "msg/quality.h"

/* ---- numbers ------------------------------------------------------------------------------------------------------------- */

/* A whole number with a point before its last `places` digits. */
static void
put_decimal(struct buf *out, uint64_t digits, bool is_negative, int places)
{
	char text[32], *p = text + sizeof(text);

	for (int i = 0; digits > 0 || i <= places; i++, digits /= 10) {
		if (i == places && places > 0)
			*--p = '.';
		*--p = (char)('0' + digits % 10);
	}
	if (is_negative)
		*--p = '-';
	buf_put(out, p, (size_t)(text + sizeof(text) - p));
}

/* What instruments tell are decimals with few places. A whole number below 2^53 divided by a power of ten is rounded once, as reading the text
 * would: when that gives the number back, so does the text. */
static bool
put_few_places(struct buf *out, bool is_float32, double v)
{
	static const double tens[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7 };
	const double most = is_float32 ? 1e7 : 1e15;
	double size = fabs(v);

	if (v == 0 && !signbit(v)) {
		buf_putc(out, '0');
		return true;
	}
	for (int places = 0; places < (int)NELEM(tens); places++) {
		double whole = nearbyint(size * tens[places]), back = whole / tens[places];

		if (whole < 1)
			continue;
		if (!(whole < most))
			return false;
		if (is_float32 ? (float)back != (float)size : back != size)
			continue;
		put_decimal(out, (uint64_t)whole, v < 0, places);
		return true;
	}
	return false;
}

void
form_number(struct buf *out, enum value_type type, double v)
{
	bool is_float32 = type == VALUE_FLOAT32;

	if (!put_few_places(out, is_float32, v))
		out->n += is_float32 ? text_from_float(buf_room(out, 32), (float)v)
				     : text_from_double(buf_room(out, 32), v);
}

static void
put_whole(struct buf *out, enum value_type type, union value v)
{
	if (type == VALUE_UINT)
		put_decimal(out, v.u, false, 0);
	else
		put_decimal(out, v.i < 0 ? -(uint64_t)v.i : (uint64_t)v.i, v.i < 0, 0);
}

/* ---- values -------------------------------------------------------------------------------------------------------------- */

bool
form_choice(const struct reader_channel *ch, int64_t number, char *out)
{
	const char *p = ch->choices;
	char want[24];
	int n = snprintf(want, sizeof(want), "%" PRId64 "=", number);

	while (*p != '\0') {
		size_t line = strcspn(p, "\n");

		if (strncmp(p, want, (size_t)n) == 0) {
			size_t length = MIN(line - (size_t)n, (size_t)VALUE_TEXT_MAX);

			memcpy(out, p + n, length);
			out[length] = '\0';
			return true;
		}
		p += line + (p[line] == '\n');
	}
	return false;
}

static void
put_json_text(struct buf *out, const char *text)
{
	struct json j;

	json_open(&j, out);
	json_text(&j, NULL, text);
}

void
form_json_value(struct buf *out, const struct reader_channel *ch, const struct series *s, size_t i)
{
	char word[VALUE_TEXT_MAX + 1];

	if (quality_is_bad(series_quality(s, i)))
		buf_put(out, "null", 4);
	else if (s->type == VALUE_FLOAT || s->type == VALUE_FLOAT32)
		form_number(out, s->type, s->v[i].f);
	else if (s->type == VALUE_BOOL)
		buf_puts(out, s->v[i].i != 0 ? "true" : "false");
	else if (s->type == VALUE_TEXT)
		put_json_text(out, series_text(s, i));
	else if (s->type == VALUE_CHOICE && form_choice(ch, s->v[i].i, word))
		put_json_text(out, word);
	else
		put_whole(out, s->type, s->v[i]);
}

/* ---- cells --------------------------------------------------------------------------------------------------------------- */

/* A zero byte ends a cell when the next one begins, or the row ends. */
static void
begin_typed(struct cells *c, char kind)
{
	if (c->has_cell)
		buf_putc(c->out, '\0');
	buf_putc(c->out, kind);
	c->has_cell = true;
}

void
cells_begin(struct cells *c)
{
	if (c->is_typed) {
		begin_typed(c, 'N');
		return;
	}
	if (c->has_cell)
		buf_putc(c->out, c->is_french ? ';' : ',');
	c->has_cell = true;
}

void
cells_end(struct cells *c)
{
	if (c->is_typed)
		buf_put(c->out, "\0E", 3);
	else
		buf_put(c->out, "\r\n", 2);
	c->has_cell = false;
}

void
cells_text(struct cells *c, const char *text)
{
	if (c->is_typed) {
		begin_typed(c, 'T');
		buf_puts(c->out, text);
		return;
	}
	cells_begin(c);
	if (strpbrk(text, c->is_french ? ";\"\r\n" : ",\"\r\n") == NULL) {
		buf_puts(c->out, text);
		return;
	}
	buf_putc(c->out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_putc(c->out, '"');
		buf_putc(c->out, *text);
	}
	buf_putc(c->out, '"');
}

static void
put_number(struct cells *c, enum value_type type, double v)
{
	size_t at = c->out->n;
	char *point;

	if (!isfinite(v))
		return;
	form_number(c->out, type, v);
	point = c->is_french ? memchr(c->out->data + at, '.', c->out->n - at) : NULL;
	if (point != NULL)
		*point = ',';
}

void
cells_moment(struct cells *c)
{
	begin_typed(c, 'D');
}

void
cells_sheet(struct cells *c, const char *name)
{
	buf_putc(c->out, 'S');
	buf_put(c->out, name, strlen(name) + 1);
}

void
cells_number(struct cells *c, enum value_type type, double v)
{
	cells_begin(c);
	put_number(c, type, v);
}

void
cells_value(struct cells *c, const struct reader_channel *ch, const struct series *s, size_t i)
{
	char word[VALUE_TEXT_MAX + 1];

	if (quality_is_bad(series_quality(s, i))) {
		cells_begin(c);
	} else if (s->type == VALUE_FLOAT || s->type == VALUE_FLOAT32) {
		cells_number(c, s->type, s->v[i].f);
	} else if (s->type == VALUE_TEXT) {
		cells_text(c, series_text(s, i));
	} else if (s->type == VALUE_CHOICE && form_choice(ch, s->v[i].i, word)) {
		cells_text(c, word);
	} else {
		cells_begin(c);
		put_whole(c->out, s->type, s->v[i]);
	}
}
