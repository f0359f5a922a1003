/* import_channels.c - names, types and values of what is imported */
#include "history/import_channels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/files.h"
#include "msg/quality.h"

void
import_channels_done(struct import_channels *c)
{
	free(c->at);
	free(c->cells);
	*c = (struct import_channels){ 0 };
}

static size_t
cell_of(const struct import_channels *c, const char *name)
{
	size_t at = (size_t)text_hash(name, strlen(name)) & (c->n_cells - 1);

	while (c->cells[at] != 0 && strcmp(c->at[c->cells[at] - 1].ch.name, name) != 0)
		at = (at + 1) & (c->n_cells - 1);
	return at;
}

struct import_channel *
import_channels_find(const struct import_channels *c, const char *name)
{
	size_t at = c->n_cells == 0 ? 0 : cell_of(c, name);

	return c->n_cells == 0 || c->cells[at] == 0 ? NULL : &c->at[c->cells[at] - 1];
}

static void
grow(struct import_channels *c)
{
	c->cap = MAX(2 * c->cap, (size_t)64);
	c->at = mem_grow(c->at, c->cap, sizeof(*c->at));
	free(c->cells);
	c->n_cells = 4 * c->cap;
	c->cells = mem_zero(c->n_cells, sizeof(*c->cells));
	for (size_t i = 0; i < c->n; i++)
		c->cells[cell_of(c, c->at[i].ch.name)] = (uint32_t)i + 1;
}

struct import_channel *
import_channels_add(struct import_channels *c, const char *name)
{
	struct import_channel *ch;

	if (c->n == IMPORT_CHANNELS_MAX)
		return NULL;
	if (c->n == c->cap)
		grow(c);
	ch = &c->at[c->n];
	memset(ch, 0, sizeof(*ch));
	text_copy(ch->ch.name, sizeof(ch->ch.name), name);
	c->cells[cell_of(c, ch->ch.name)] = (uint32_t)++c->n;
	return ch;
}

uint32_t
import_id(const char *name)
{
	uint32_t id = FILES_IMPORT | (uint32_t)text_hash(name, strlen(name));

	return id == UINT32_MAX ? FILES_IMPORT : id;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------- */

/* The parts of a name that people and addresses can write; one "_" for a character that is none of them. */
static void
put_part(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		char c = *text;

		if ((c & 0xC0) == 0x80)
			continue; /* the rest of a character */
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '_' || c == '.')
			buf_putc(out, c);
		else
			buf_putc(out, '_');
	}
}

static const char *
tag_of(const struct line_point *p, const char *key, size_t n)
{
	for (size_t i = 0; i < p->n_tags; i++)
		if (strlen(p->tags[i].key) == n && memcmp(p->tags[i].key, key, n) == 0)
			return p->tags[i].text;
	return "";
}

static bool
is_own_tag(const char *key)
{
	return strcmp(key, "bench") == 0 || strcmp(key, "type") == 0 || strcmp(key, "unit") == 0;
}

static void
put_tags(struct buf *out, const struct line_point *p)
{
	for (size_t i = 0; i < p->n_tags; i++)
		if (!is_own_tag(p->tags[i].key)) {
			buf_puts(out, out->n > 0 ? "." : "");
			put_part(out, p->tags[i].text);
		}
}

/* One {word}; false: it is not known. */
static bool
put_word(struct buf *out, const char *word, size_t n, bool is_plain, const struct line_point *p,
	const char *field)
{
	if (n == 11 && memcmp(word, "measurement", n) == 0)
		put_part(out, p->measurement);
	else if (n == 4 && memcmp(word, "tags", n) == 0)
		put_tags(out, p);
	else if (n > 4 && memcmp(word, "tag:", 4) == 0)
		put_part(out, tag_of(p, word + 4, n - 4));
	else if (n == 5 && memcmp(word, "field", n) == 0) {
		if (is_plain && out->n > 0 && strcmp(field, "value") == 0)
			return true;
		if (is_plain && out->n > 0)
			buf_putc(out, '.');
		put_part(out, field);
	} else
		return false;
	return true;
}

static int
fill_template(const char *template, struct buf *out, const struct line_point *p, const char *field,
	struct err *err)
{
	/* Of the default a field has a point before it, and one that says nothing is left out. */
	bool is_plain = strcmp(template, IMPORT_TEMPLATE) == 0;

	while (*template != '\0') {
		size_t n = strcspn(template, "{");
		const char *word = template + n + 1, *end;
		char *literal = mem_text_n(template, n);

		put_part(out, literal);
		free(literal);
		template += n;
		if (*template == '\0')
			break;
		end = strchr(word, '}');
		if (end == NULL || !put_word(out, word, (size_t)(end - word), is_plain, p, field))
			return err_set(err, ERR_CONF, 0,
				"--name: '%.40s' is none of {measurement}, {field}, {tags} and "
				"{tag:KEY}",
				template);
		template = end + 1;
	}
	return 0;
}

int
import_name(const char *template, const struct line_point *p, const char *field, char *out,
	struct err *err)
{
	struct buf name = { 0 };
	int rc = fill_template(template, &name, p, field, err);
	const char *text = buf_text(&name);

	if (rc == 0 && text[0] == '\0')
		rc = err_set(err, ERR_CONF, 0,
			"the channel's name is empty; say with --name what it is made of");
	if (rc == 0 && text[0] >= '0' && text[0] <= '9') {
		struct buf longer = { 0 };

		buf_putc(&longer, '_');
		buf_puts(&longer, text);
		buf_done(&name);
		name = longer;
		text = buf_text(&name);
	}
	if (rc == 0 && name.n > 63)
		rc = err_set(err, ERR_CONF, 0,
			"'%.63s...' is longer than the 63 bytes of a channel's name; say with "
			"--name "
			"what it is made of",
			text);
	if (rc == 0)
		memcpy(out, text, name.n + 1);
	buf_done(&name);
	return rc;
}

/* ---- values --------------------------------------------------------------------------------------------------------------- */

enum value_type
import_type(enum line_kind kind)
{
	static const enum value_type types[] = { [LINE_FLOAT] = VALUE_FLOAT,
		[LINE_INT] = VALUE_INT,
		[LINE_UINT] = VALUE_UINT,
		[LINE_BOOL] = VALUE_BOOL,
		[LINE_TEXT] = VALUE_TEXT };

	return types[kind];
}

/* The number of a word among "0=closed\n1=open". */
static bool
choice_of(const char *choices, const char *word, int64_t *out)
{
	size_t n = strlen(word);

	for (const char *p = choices; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t line = strcspn(p, "\n"), number = strcspn(p, "=");
		char digits[24];

		if (number >= line || number >= sizeof(digits) || line - number - 1 != n ||
			memcmp(p + number + 1, word, n) != 0)
			continue;
		memcpy(digits, p, number);
		digits[number] = '\0';
		return text_to_int(digits, out);
	}
	return false;
}

static bool
to_uint(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	if (*text == '+')
		text++;
	if (*text == '\0')
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
			__builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
	*out = v;
	return *text == '\0';
}

static bool
to_bool(const char *text, int64_t *out)
{
	*out = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
	return *out == 1 || strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

/* Whole numbers also as "20.0", in the range where a float has each of them. */
static bool
to_int(const char *text, int64_t *out)
{
	double v;

	if (text_to_int(text, out))
		return true;
	*out = INT64_MIN;
	if (strcmp(text, "-9223372036854775808") == 0)
		return true;
	if (!text_to_double(text, &v) || v != nearbyint(v) || fabs(v) > 9007199254740992.0)
		return false;
	*out = (int64_t)v;
	return true;
}

static bool
to_float(const char *text, bool is_float32, double *out)
{
	if (!text_to_double(text, out) || !isfinite(*out))
		return false;
	if (is_float32) {
		if (fabs(*out) > (double)__FLT_MAX__)
			return false;
		*out = (double)strtof(text, NULL); /* rounded once */
	}
	return true;
}

static void
to_text(const char *text, struct sample *out)
{
	if (!text_copy(out->text, sizeof(out->text), text) && out->quality == Q_GOOD)
		out->quality = Q_TEXT_CUT;
}

int
import_value(const struct reader_channel *ch, enum line_kind kind, const char *text,
	struct sample *out, struct err *err)
{
	bool is_good = false, is_quoted = kind == LINE_TEXT;

	switch (ch->type) {
	case VALUE_TEXT:
		is_good = text_utf8(text, strlen(text)) == strlen(text);
		if (!is_good)
			return err_set(err, ERR_CONF, 0, "the text is not UTF-8; convert the file");
		to_text(text, out);
		break;
	case VALUE_BOOL:
		is_good = to_bool(text, &out->v.i);
		break;
	case VALUE_CHOICE:
		is_good = choice_of(ch->choices, text, &out->v.i) || to_int(text, &out->v.i);
		break;
	case VALUE_INT:
		is_good = !is_quoted && to_int(text, &out->v.i);
		break;
	case VALUE_UINT:
		is_good = !is_quoted &&
			  (to_uint(text, &out->v.u) || (to_int(text, &out->v.i) && out->v.i >= 0));
		break;
	default:
		is_good = !is_quoted && to_float(text, ch->type == VALUE_FLOAT32, &out->v.f);
	}
	return is_good ? 0
		       : err_set(err, ERR_CONF, 0,
				 "'%.40s' is no value of channel '%s', which has %s%s; correct it, "
				 "give it another name with --name, or leave such lines out with "
				 "--skip-bad",
				 text, ch->name, value_type_text(ch->type),
				 ch->type == VALUE_TEXT ? "" : "s");
}

int
import_quality(const char *token)
{
	for (unsigned q = 0; q < Q_COUNT; q++)
		if (strcmp(quality_row(q)->token, token) == 0)
			return (int)q;
	return -1;
}

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xBF58476D1CE4E5B9);
	x ^= x >> 27;
	x *= UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

uint64_t
import_sum(const char *name, enum value_type type, int64_t t_ns, union value v, const char *text,
	unsigned quality)
{
	uint64_t what = type == VALUE_TEXT ? text_hash(text, strlen(text)) : v.u;

	if (quality_is_bad(quality))
		what = 0;
	return mix(text_hash(name, strlen(name)) + mix((uint64_t)t_ns + mix(what + quality)));
}
