/* text_message.c - messages against their formats
 *
 * No way back: an element takes what belongs to it by what stands behind it, and is done. Only a group that may be missing is tried, and
 * left out as a whole. So the time is bounded by the length of the message times the number of elements.
 */
#include "drivers/text_message.h"

#include <string.h>

#include "drivers/text_check.h"
#include "drivers/text_value.h"

struct matching {
	const struct text_format *f;
	const uint8_t *in;
	size_t n, at;
	size_t mark;                       /* where the checksum begins to count */
	const struct text_element *length; /* one whose end is awaited; NULL */
	uint64_t count;
	size_t count_from;
	bool is_wrong;  /* a checksum or a length */
	bool is_strict; /* in a group: what is no number is another thing */
	struct text_found *out;
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Bytes that the elements behind i take, when that is always the same; groups count as missing. -1: it is not. */
static int
rest_width(const struct text_format *f, unsigned i)
{
	size_t n = 0;

	for (i++; i < f->n; i++) {
		const struct text_element *e = &f->at[i];
		size_t width = text_format_width(e);

		if (e->kind == TEXT_OPTION) {
			i += e->skip;
			continue;
		}
		if (width == 0 && e->kind != TEXT_MARK && e->kind != TEXT_STOP &&
			e->kind != TEXT_OPTION_END && e->kind != TEXT_BLANKS)
			return -1;
		n += width;
	}
	return (int)n;
}

/* Behind the blanks and the sign that may stand before a number: "+   123.56". */
static size_t
behind_sign(const struct matching *m, size_t at)
{
	while (at < m->n && is_blank(m->in[at]))
		at++;
	if (at + 1 < m->n && (m->in[at] == '+' || m->in[at] == '-'))
		for (at++; at < m->n && is_blank(m->in[at]); at++)
			;
	return at;
}

/* Where a value of any length ends: before the literal that follows, or before a rest of fixed length. False: nowhere. */
static bool
find_end(const struct matching *m, unsigned i, size_t *out)
{
	uint8_t literal[TEXT_ELEMENTS_MAX];
	size_t n = text_format_literal(m->f, i + 1, literal), from = m->at;
	int rest;

	/* A number may be written behind blanks that are the literal behind it, too. */
	if (m->f->at[i].kind != TEXT_ANY)
		from = behind_sign(m, from);
	if (n > 0 && from + n <= m->n) {
		const uint8_t *found = memmem(m->in + from, m->n - from, literal, n);

		if (found != NULL) {
			*out = (size_t)(found - m->in);
			return true;
		}
	}
	if (n == 0 && i + 1 < m->f->n && m->f->at[i + 1].kind == TEXT_BLANKS) {
		while (from < m->n && !is_blank(m->in[from]))
			from++;
		*out = from;
		return true;
	}
	rest = rest_width(m->f, i);
	if (rest < 0 || (size_t)rest > m->n - m->at)
		return false;
	*out = m->n - (size_t)rest;
	return true;
}

static bool
take_words(struct matching *m, const struct text_element *e, size_t *out_n)
{
	size_t best = 0;

	for (size_t at = 0, end; at < e->words.n; at = end + 1) {
		for (end = at; end < e->words.n && e->words.at[end] != '|'; end++)
			;
		if (end - at > best && end - at <= m->n - m->at &&
			memcmp(m->in + m->at, e->words.at + at, end - at) == 0)
			best = end - at;
	}
	*out_n = best;
	return best > 0;
}

/* #15hello */
static bool
take_block(const struct matching *m, size_t *out_n)
{
	const uint8_t *in = m->in + m->at;
	size_t n = m->n - m->at, digits, length = 0;

	if (n < 2 || in[0] != '#' || in[1] < '1' || in[1] > '9')
		return false;
	digits = (size_t)(in[1] - '0');
	if (n < 2 + digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (in[2 + i] < '0' || in[2 + i] > '9')
			return false;
		length = length * 10 + (in[2 + i] - '0');
	}
	*out_n = 2 + digits + length;
	return *out_n <= n;
}

/* The bytes of a value; false when it cannot be here. */
static bool
take_extent(struct matching *m, unsigned i, size_t *out_n)
{
	const struct text_element *e = &m->f->at[i];
	size_t width = text_format_width(e), end;

	if (e->kind == TEXT_WORDS)
		return take_words(m, e, out_n);
	if (e->kind == TEXT_BLOCK)
		return take_block(m, out_n);
	if (width > 0) {
		*out_n = width;
		return width <= m->n - m->at;
	}
	if (!find_end(m, i, &end) || end < m->at)
		return false;
	*out_n = end - m->at;
	if (e->kind != TEXT_WORD)
		return true;
	/* A word has no blanks inside. */
	while (m->at < end && is_blank(m->in[m->at]))
		m->at++;
	*out_n = end - m->at;
	for (size_t k = 0; k < *out_n; k++)
		if (is_blank(m->in[m->at + k]))
			return false;
	return true;
}

static bool
take_value(struct matching *m, unsigned i)
{
	const struct text_element *e = &m->f->at[i];
	char text[VALUE_TEXT_MAX + 1];
	union value v;
	size_t n;

	if (!take_extent(m, i, &n))
		return false;
	if (e->kind != TEXT_ANY && (e->field == TEXT_NO_FIELD || m->is_strict)) {
		enum quality q = text_value_get(e, m->in + m->at, n, &v, text);

		if (q == Q_NOT_A_NUMBER || (q == Q_MISSING && m->is_strict))
			return false;
	}
	if (e->field != TEXT_NO_FIELD)
		m->out[e->field] = (struct text_found){ e, m->in + m->at, n };
	m->at += n;
	return true;
}

static void
end_length(struct matching *m)
{
	if (m->length == NULL)
		return;
	m->is_wrong |= m->count != m->at - m->count_from + (uint64_t)m->length->more;
	m->length = NULL;
}

static bool
take_check(struct matching *m, const struct text_element *e)
{
	uint8_t want[TEXT_CHECK_MAX];
	size_t width = text_check_width(e->check);

	if (width > m->n - m->at)
		return false;
	end_length(m);
	text_check_make(e->check, m->in + m->mark, m->at - m->mark, want);
	m->is_wrong |= !e->is_lax && memcmp(want, m->in + m->at, width) != 0;
	m->at += width;
	return true;
}

static bool
take_length(struct matching *m, const struct text_element *e)
{
	size_t width = text_format_width(e);

	if (width > m->n - m->at || !text_value_get_count(e, m->in + m->at, &m->count))
		return false;
	m->at += width;
	m->length = e;
	m->count_from = m->at;
	return true;
}

static bool
take_secret(struct matching *m)
{
	size_t n = m->f->secret == NULL ? 0 : strlen(m->f->secret);

	if (n == 0 || n > m->n - m->at || memcmp(m->in + m->at, m->f->secret, n) != 0)
		return false;
	m->at += n;
	return true;
}

static bool take_all(struct matching *m, unsigned from, unsigned to);

/* Elements that may be missing: taken when they all fit. */
static void
take_option(struct matching *m, unsigned i)
{
	struct matching trial = *m;

	trial.is_strict = true;
	if (take_all(&trial, i + 1, i + 1 + m->f->at[i].skip)) {
		trial.is_strict = m->is_strict;
		*m = trial;
		return;
	}
	for (unsigned k = i + 1; k <= i + m->f->at[i].skip; k++)
		if (m->f->at[k].field != TEXT_NO_FIELD)
			m->out[m->f->at[k].field] = (struct text_found){ .e = &m->f->at[k] };
}

static bool
take_one(struct matching *m, unsigned i)
{
	const struct text_element *e = &m->f->at[i];

	switch ((enum text_kind)e->kind) {
	case TEXT_BYTE:
		return m->at < m->n && m->in[m->at++] == e->byte;
	case TEXT_BLANKS:
		while (m->at < m->n && is_blank(m->in[m->at]))
			m->at++;
		return true;
	case TEXT_MARK:
		m->mark = m->at;
		return true;
	case TEXT_STOP:
		end_length(m);
		return true;
	case TEXT_CHECK:
		return take_check(m, e);
	case TEXT_LENGTH:
		return take_length(m, e);
	case TEXT_SECRET:
		return take_secret(m);
	case TEXT_OPTION:
		take_option(m, i);
		return true;
	case TEXT_OPTION_END:
		return true;
	default:
		return take_value(m, i);
	}
}

static bool
take_all(struct matching *m, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (!take_one(m, i))
			return false;
		if (m->f->at[i].kind == TEXT_OPTION)
			i += m->f->at[i].skip;
	}
	return true;
}

enum text_fit
text_message_match(const struct text_format *f, const uint8_t *in, size_t n,
	struct text_found out[TEXT_FIELDS_MAX])
{
	struct matching m = { .f = f, .in = in, .n = n, .out = out };

	if (!take_all(&m, 0, f->n) || m.at != n)
		return TEXT_FITS_NOT;
	end_length(&m);
	return m.is_wrong ? TEXT_WRONG_CHECK : TEXT_FITS;
}

bool
text_message_alike(const struct text_format *a, const struct text_format *b)
{
	for (unsigned i = 0; i < a->n && i < b->n; i++) {
		const struct text_element *x = &a->at[i], *y = &b->at[i];

		if (x->kind == TEXT_BYTE && y->kind == TEXT_BYTE) {
			if (x->byte != y->byte)
				return false;
		} else if (text_format_width(x) == 0 ||
			   text_format_width(x) != text_format_width(y)) {
			return true;
		}
	}
	return true;
}

struct making {
	const char *secret;
	uint8_t *out;
	size_t cap, n;
	size_t mark;                       /* where the checksum begins to count */
	const struct text_element *length; /* one that is still to be filled in */
	size_t length_at;
	struct err *err;
};

static int
fill_length(struct making *m)
{
	const struct text_element *e = m->length;
	uint64_t count;

	if (e == NULL)
		return 0;
	m->length = NULL;
	count = m->n - m->length_at - text_format_width(e) + (uint64_t)e->more;
	return text_value_put_count(e, count, m->out + m->length_at)
		       ? 0
		       : err_set(m->err, ERR_CONF, 0, "the message is too long for its length");
}

static int
make_check(struct making *m, const struct text_element *e)
{
	uint8_t check[TEXT_CHECK_MAX];
	size_t width = text_check_width(e->check);

	if (fill_length(m) < 0)
		return ERR_CONF;
	text_check_make(e->check, m->out + m->mark, m->n - m->mark, check);
	memcpy(m->out + m->n, check, width);
	return (int)width;
}

/* While a bench is compiled nobody knows it, and nothing is sent. */
static int
make_secret(struct making *m)
{
	size_t n = m->secret == NULL ? 0 : strlen(m->secret);

	if (n > m->cap - m->n)
		return err_set(m->err, ERR_CONF, 0, "the message is longer than %zu bytes", m->cap);
	if (n > 0)
		memcpy(m->out + m->n, m->secret, n);
	return (int)n;
}

/* Bytes that it takes, or ERR_CONF. */
static int
make_one(struct making *m, const struct text_element *e, text_value_fn value, void *ctx)
{
	struct text_written w;

	switch ((enum text_kind)e->kind) {
	case TEXT_BYTE:
		m->out[m->n] = e->byte;
		return 1;
	case TEXT_MARK:
		m->mark = m->n;
		return 0;
	case TEXT_STOP:
		return fill_length(m);
	case TEXT_CHECK:
		return make_check(m, e);
	case TEXT_LENGTH:
		m->length = e;
		m->length_at = m->n;
		return (int)text_format_width(e);
	case TEXT_SECRET:
		return make_secret(m);
	default:
		w = value(ctx, e);
		return text_value_put(e, w.type, w.v, w.text, m->out + m->n, m->cap - m->n, m->err);
	}
}

int
text_message_make(const struct text_format *f, text_value_fn value, void *ctx, uint8_t *out,
	size_t cap, struct err *err)
{
	struct making m = { .secret = f->secret, .out = out, .cap = cap, .err = err };

	for (unsigned i = 0; i < f->n; i++) {
		int got;

		if (cap - m.n < MAX(text_format_width(&f->at[i]), (size_t)1))
			return err_set(
				err, ERR_CONF, 0, "the message is longer than %zu bytes", cap);
		got = make_one(&m, &f->at[i], value, ctx);
		if (got < 0)
			return got;
		m.n += (size_t)got;
	}
	return fill_length(&m) < 0 ? ERR_CONF : (int)m.n;
}
