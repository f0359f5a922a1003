/* text_format.c - formats of messages, from their text to elements */
#include "drivers/text_format.h"

#include <string.h>

#include "base/text.h"
#include "drivers/text_check.h"

struct parser {
	const char *text, *at;
	struct text_format *out;
	struct err *err;
	int option; /* element that opened the group; -1 */
};

#define FAIL(p, where, ...) err_set((p)->err, ERR_CONF, (int)((where) - (p)->text), __VA_ARGS__)

static struct text_element *
add(struct parser *p, enum text_kind kind)
{
	struct text_element *e;

	if (p->out->n == TEXT_ELEMENTS_MAX)
		return NULL;
	e = &p->out->at[p->out->n++];
	*e = (struct text_element){ .kind = (uint8_t)kind, .digits = -1, .field = TEXT_NO_FIELD };
	return e;
}

static int
add_byte(struct parser *p, unsigned byte)
{
	struct text_element *e = add(p, TEXT_BYTE);

	if (e == NULL)
		return FAIL(p, p->at, "the format is too long; at most %d bytes and values",
			TEXT_ELEMENTS_MAX);
	e->byte = (uint8_t)byte;
	return 0;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* <0D 0A> */
static int
parse_bytes(struct parser *p)
{
	const char *from = p->at++;
	unsigned n = 0;

	for (;;) {
		p->at += strspn(p->at, " ");
		if (*p->at == '>' && n > 0)
			break;
		if (digit(p->at[0]) < 0 || digit(p->at[1]) < 0)
			return FAIL(p, from,
				"'<' begins bytes in hexadecimal, such as <0D 0A>; write <3C> for "
				"the character itself");
		if (add_byte(p, (unsigned)(digit(p->at[0]) * 16 + digit(p->at[1]))) < 0)
			return ERR_CONF;
		p->at += 2;
		n++;
	}
	p->at++;
	return 0;
}

/* \r \n \t \\ */
static int
parse_escape(struct parser *p)
{
	static const char names[] = "rnt\\", bytes[] = "\r\n\t\\";
	const char *found = p->at[1] == '\0' ? NULL : strchr(names, p->at[1]);

	if (found == NULL)
		return FAIL(p, p->at,
			"a backslash stands before r, n, t or another one; write <5C> for the "
			"character itself");
	if (add_byte(p, (unsigned char)bytes[found - names]) < 0)
		return ERR_CONF;
	p->at += 2;
	return 0;
}

/* One character of UTF-8 that stands for one byte. */
static int
parse_literal(struct parser *p)
{
	unsigned char c = (unsigned char)p->at[0], d;

	if (c < 0x80) {
		if (add_byte(p, c) < 0)
			return ERR_CONF;
		p->at++;
		return 0;
	}
	d = (unsigned char)p->at[1];
	if ((c != 0xC2 && c != 0xC3) || (d & 0xC0) != 0x80)
		return FAIL(p, p->at,
			"this character has no single byte; write its bytes in hexadecimal, such "
			"as <E2 84 83>");
	if (add_byte(p, (unsigned)(c & 3) << 6 | (d & 0x3F)) < 0)
		return ERR_CONF;
	p->at += 2;
	return 0;
}

static bool
is(struct text_slice s, const char *word)
{
	return strlen(word) == s.n && memcmp(s.at, word, s.n) == 0;
}

static bool
take_word(struct text_slice *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n < n || memcmp(s->at, word, n) != 0)
		return false;
	s->at += n;
	s->n -= n;
	return true;
}

/* Digits at the front; -1: none. */
static int
take_number(struct text_slice *s)
{
	int v = -1;

	while (s->n > 0 && s->at[0] >= '0' && s->at[0] <= '9' && v < 10000) {
		v = (v < 0 ? 0 : v * 10) + s->at[0] - '0';
		s->at++;
		s->n--;
	}
	return v;
}

/* u16, i32le, f32cdab, u16hex */
static bool
parse_binary(struct text_slice s, struct text_element *e)
{
	static const struct {
		const char *name;
		uint8_t order;
	} orders[] = { { "le", 1 }, { "cdab", 2 }, { "badc", 3 } };
	int bits;

	if (take_word(&s, "u"))
		e->kind = TEXT_UINT;
	else if (take_word(&s, "i"))
		e->kind = TEXT_SINT;
	else if (take_word(&s, "f"))
		e->kind = TEXT_FLOAT;
	else
		return false;
	bits = take_number(&s);
	if (bits != 8 && bits != 16 && bits != 24 && bits != 32 && bits != 64)
		return false;
	if (e->kind == TEXT_FLOAT && bits != 32 && bits != 64)
		return false;
	e->width = (uint8_t)(bits / 8);
	for (size_t i = 0; i < NELEM(orders); i++)
		if (bits >= 16 && take_word(&s, orders[i].name)) {
			e->order = orders[i].order;
			break;
		}
	e->is_hex = take_word(&s, "hex");
	return s.n == 0 && (e->order < 2 || bits == 32);
}

/* num, num7.3, int3, hex4, text10 */
static bool
parse_printed(struct text_slice s, struct text_element *e)
{
	static const struct {
		const char *name;
		uint8_t kind;
		bool has_width, has_digits, needs_width, is_signed;
	} kinds[] = {
		{ "num", TEXT_NUM, true, true, false, false },
		{ "expo", TEXT_EXPO, true, false, true, false },
		{ "exp", TEXT_EXP, true, true, false, false },
		{ "int", TEXT_INT, true, false, false, false },
		{ "fix", TEXT_FIX, true, true, true, false },
		{ "hex", TEXT_HEX, true, false, false, false },
		{ "shex", TEXT_HEX, true, false, true, true },
		{ "bcd", TEXT_BCD, true, false, true, false },
		{ "packed", TEXT_PACKED, true, false, true, false },
		{ "text", TEXT_TEXT, true, false, false, false },
		{ "word", TEXT_WORD, false, false, false, false },
		{ "block", TEXT_BLOCK, false, false, false, false },
	};
	int width;

	e->has_plus = take_word(&s, "+");
	e->has_blanks = take_word(&s, " ");
	e->exponent = 2;
	for (size_t i = 0; i < NELEM(kinds); i++) {
		struct text_slice rest = s;

		if (!take_word(&rest, kinds[i].name))
			continue;
		e->kind = kinds[i].kind;
		width = take_number(&rest);
		if (width > 200 || width == 0 || (width > 0 && !kinds[i].has_width) ||
			(width < 0 && kinds[i].needs_width))
			return false;
		e->width = (uint8_t)MAX(width, 0);
		e->order = kinds[i].is_signed;
		if (kinds[i].has_digits && take_word(&rest, ".")) {
			int digits = take_number(&rest);

			if (digits < 0 || digits > 15)
				return false;
			e->digits = (int8_t)digits;
		}
		if (e->kind == TEXT_EXP && take_word(&rest, "e")) {
			int digits = take_number(&rest);

			if (digits < 1 || digits > 3)
				return false;
			e->exponent = (uint8_t)digits;
		}
		if (e->kind == TEXT_EXPO && e->width != 6)
			return false;
		if (e->kind == TEXT_HEX && e->width > 16)
			return false;
		if (e->kind == TEXT_FIX && (e->digits < 1 || e->width > 15))
			return false;
		if (e->kind == TEXT_BCD && e->width > 8)
			return false;
		if (e->kind == TEXT_PACKED && e->width % 3 != 0)
			return false;
		return rest.n == 0 &&
		       ((!e->has_plus && !e->has_blanks) || e->kind == TEXT_NUM ||
			       e->kind == TEXT_EXP || e->kind == TEXT_INT || e->kind == TEXT_FIX);
	}
	return false;
}

static bool
parse_words(struct text_slice s, struct text_element *e)
{
	if (memchr(s.at, '|', s.n) == NULL || s.at[0] == '|' || s.at[s.n - 1] == '|')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (s.at[i] == '|' && s.at[i - 1] == '|')
			return false;
	e->kind = TEXT_WORDS;
	e->words = s;
	return true;
}

static int
parse_check(struct parser *p, struct text_slice s, const char *from)
{
	bool is_lax = s.n > 0 && s.at[s.n - 1] == '?';
	int kind = text_check_find(s.at, s.n - is_lax);
	struct text_element *e;

	if (kind < 0)
		return FAIL(p, from,
			"no checksum is named '%.*s'; there are sum8, sum8hex, sum8dec3, nsum8, "
			"nsum8hex, "
			"inv_sum8, xor8, xor8hex, lrc, lrchex, sum64, sum255, crc16modbus, "
			"crc16modbusbe, "
			"crc16xmodem, crc16x25, crc8mstp",
			(int)MIN(s.n, 20u), s.at);
	e = add(p, TEXT_CHECK);
	if (e == NULL)
		return FAIL(p, from, "the format is too long; shorten it");
	e->check = (uint8_t)kind;
	e->is_lax = is_lax;
	return 0;
}

/* {#hex3}, {#u8+4} */
static int
parse_length(struct parser *p, struct text_slice s, const char *from)
{
	const char *plus = memchr(s.at, '+', s.n);
	struct text_element *e = add(p, TEXT_LENGTH);
	struct text_slice more;
	struct text_element form = { .kind = TEXT_BYTE };
	int n = 0;

	if (e == NULL)
		return FAIL(p, from, "the format is too long; shorten it");
	if (plus != NULL) {
		more = (struct text_slice){ plus + 1, s.n - (size_t)(plus + 1 - s.at) };
		s.n = (size_t)(plus - s.at);
		n = take_number(&more);
		if (n < 0 || more.n > 0)
			return FAIL(p, from, "a length is {#hex3} or {#u8+4}; write it so");
	}
	if (!parse_binary(s, &form) && !parse_printed(s, &form))
		form.kind = TEXT_BYTE;
	if ((form.kind != TEXT_UINT && form.kind != TEXT_HEX && form.kind != TEXT_INT) ||
		form.width == 0 || form.width > 8)
		return FAIL(p, from,
			"a length has a form of fixed width: u8, u16, u16le, hex2, hex3, int2; "
			"write it so");
	e->width = form.width;
	e->order = form.order;
	e->is_hex = form.is_hex;
	e->check = form.kind; /* what it is written as */
	e->more = (int16_t)n;
	return 0;
}

static int
parse_value(struct parser *p, struct text_slice s, const char *from)
{
	const char *colon = memchr(s.at, ':', s.n);
	struct text_slice name = { s.at, colon == NULL ? s.n : (size_t)(colon - s.at) }, kind;
	struct text_element *e;
	char copy[64];

	kind = colon == NULL ? (struct text_slice){ "num", 3 }
			     : (struct text_slice){ colon + 1, s.n - name.n - 1 };
	if (name.n > 0) {
		memcpy(copy, name.at, MIN(name.n, sizeof(copy) - 1));
		copy[MIN(name.n, sizeof(copy) - 1)] = '\0';
		if (name.n >= sizeof(copy) || !text_is_name(copy))
			return FAIL(p, from,
				"'{%.*s}' names no value; write {NAME:KIND}, such as {flow:num}, "
				"or <7B> for the "
				"character '{'",
				(int)MIN(s.n, 40u), s.at);
		if (text_format_field(p->out, copy) != NULL)
			return FAIL(p, from,
				"the value '%s' stands here twice; name the other "
				"differently, or leave its name out: {:num}",
				copy);
	} else if (colon == NULL) {
		return FAIL(p, from, "{} holds nothing; write {NAME:KIND}, such as {flow:num}");
	}
	e = add(p, TEXT_NUM);
	if (e == NULL)
		return FAIL(p, from, "the format is too long; shorten it");
	if (is(kind, "secret")) {
		e->kind = TEXT_SECRET;
		return is(name, "password")
			       ? 0
			       : FAIL(p, from,
					 "the only secret is the instrument's password; write "
					 "{password:secret}");
	}
	if (kind.n == 0 ||
		!(parse_binary(kind, e) || parse_printed(kind, e) || parse_words(kind, e)))
		return FAIL(p, from,
			"no kind of value is '%.*s'; there are num, num7.3, exp.3, expo6, int, "
			"int3, "
			"fix5.3, "
			"hex4, "
			"shex4, u8, u16, "
			"i16le, f32, f32cdab, bcd2, packed6, text, text10, word, block, and words: "
			"OFF|ON",
			(int)MIN(kind.n, 30u), kind.at);
	if (name.n > 0) {
		if (p->out->n_fields == TEXT_FIELDS_MAX)
			return FAIL(p, from, "more than %d values; leave some out: {:num}",
				TEXT_FIELDS_MAX);
		e->name = name;
		e->field = (uint8_t)p->out->n_fields++;
	}
	return 0;
}

/* {_}, or {_6}: that many are usual. */
static bool
is_blanks(struct text_slice s, int *out)
{
	s.at++;
	s.n--;
	*out = s.n == 0 ? 0 : take_number(&s);
	return s.n == 0 && *out >= 0 && *out <= 100;
}

static struct text_element *
add_blanks(struct parser *p, int usual)
{
	struct text_element *e = add(p, TEXT_BLANKS);

	if (e != NULL)
		e->byte = (uint8_t)usual;
	return e;
}

static int
parse_braces(struct parser *p)
{
	const char *from = p->at, *end = strchr(from, '}');
	struct text_slice s;
	struct text_element *e = NULL;
	int blanks;

	if (end == NULL)
		return FAIL(p, from,
			"'{' is not closed; write '}' behind the value, or <7B> for "
			"the character itself");
	s = (struct text_slice){ from + 1, (size_t)(end - from - 1) };
	p->at = end + 1;
	if (s.n > 0 && s.at[0] == '=')
		return parse_check(p, (struct text_slice){ s.at + 1, s.n - 1 }, from);
	if (s.n > 0 && s.at[0] == '#')
		return parse_length(p, (struct text_slice){ s.at + 1, s.n - 1 }, from);
	if (is(s, ".."))
		e = add(p, TEXT_ANY);
	else if (s.n > 0 && s.at[0] == '_' && is_blanks(s, &blanks))
		e = add_blanks(p, blanks);
	else if (is(s, "^"))
		e = add(p, TEXT_MARK);
	else if (is(s, "$"))
		e = add(p, TEXT_STOP);
	else
		return parse_value(p, s, from);
	return e != NULL ? 0 : FAIL(p, from, "the format is too long; shorten it");
}

static int
parse_group(struct parser *p)
{
	struct text_element *e;
	bool is_open = *p->at == '[';

	if (is_open == (p->option >= 0))
		return FAIL(p, p->at,
			is_open ? "a group in a group; write them one after the other"
				: "']' closes nothing; write <5D> for the character itself");
	e = add(p, is_open ? TEXT_OPTION : TEXT_OPTION_END);
	if (e == NULL)
		return FAIL(p, p->at, "the format is too long; shorten it");
	if (!is_open)
		p->out->at[p->option].skip = (uint8_t)(p->out->n - 2 - (unsigned)p->option);
	p->option = is_open ? (int)p->out->n - 1 : -1;
	p->at++;
	return 0;
}

int
text_format_parse(const char *text, struct text_format *out, struct err *err)
{
	struct parser p = { .text = text, .at = text, .out = out, .err = err, .option = -1 };
	int rc = 0;

	out->n = out->n_fields = 0;
	out->secret = NULL;
	while (rc == 0 && *p.at != '\0') {
		switch (*p.at) {
		case '\\':
			rc = parse_escape(&p);
			break;
		case '<':
			rc = parse_bytes(&p);
			break;
		case '{':
			rc = parse_braces(&p);
			break;
		case '[':
		case ']':
			rc = parse_group(&p);
			break;
		default:
			rc = parse_literal(&p);
			break;
		}
	}
	if (rc == 0 && p.option >= 0)
		rc = FAIL(&p, p.at,
			"'[' is not closed; write ']' behind what may be missing, or "
			"<5B> for the character itself");
	return rc;
}

bool
text_format_has_secret(const struct text_format *f)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->at[i].kind == TEXT_SECRET)
			return true;
	return false;
}

const struct text_element *
text_format_field(const struct text_format *f, const char *name)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->at[i].field != TEXT_NO_FIELD && is(f->at[i].name, name))
			return &f->at[i];
	return NULL;
}

size_t
text_format_width(const struct text_element *e)
{
	switch ((enum text_kind)e->kind) {
	case TEXT_BYTE:
		return 1;
	case TEXT_CHECK:
		return text_check_width(e->check);
	case TEXT_UINT:
	case TEXT_SINT:
	case TEXT_FLOAT:
	case TEXT_LENGTH:
		return (size_t)e->width * (e->is_hex ? 2 : 1);
	default:
		return e->width;
	}
}

size_t
text_format_literal(const struct text_format *f, unsigned i, uint8_t *out)
{
	size_t n = 0;

	for (; i < f->n; i++) {
		if (f->at[i].kind == TEXT_BYTE)
			out[n++] = f->at[i].byte;
		else if (n > 0 ||
			 (f->at[i].kind != TEXT_OPTION && f->at[i].kind != TEXT_MARK &&
				 f->at[i].kind != TEXT_STOP && f->at[i].kind != TEXT_OPTION_END))
			break;
	}
	return n;
}

static bool
is_placeless(const struct text_element *e)
{
	return e->kind == TEXT_MARK || e->kind == TEXT_STOP || e->kind == TEXT_OPTION_END;
}

/* Everything behind element i always takes the same number of bytes. */
static bool
is_rest_fixed(const struct text_format *f, unsigned i)
{
	for (i++; i < f->n; i++)
		if (!is_placeless(&f->at[i]) && text_format_width(&f->at[i]) == 0)
			return false;
	return true;
}

/* Where does a value of any length end? */
static bool
has_end(const struct text_format *f, unsigned i)
{
	uint8_t literal[TEXT_ELEMENTS_MAX];

	if (f->at[i].kind == TEXT_WORDS || f->at[i].kind == TEXT_BLOCK ||
		f->at[i].kind == TEXT_BLANKS || f->at[i].width > 0)
		return true;
	if (f->at[i].kind != TEXT_ANY && i + 1 < f->n && f->at[i + 1].kind == TEXT_BLANKS)
		return f->at[i].kind != TEXT_TEXT;
	return text_format_literal(f, i + 1, literal) > 0 || is_rest_fixed(f, i);
}

static int
check_element(const struct text_format *f, unsigned i, bool is_receive, struct err *err)
{
	const struct text_element *e = &f->at[i];

	if (is_placeless(e) || e->kind == TEXT_OPTION)
		return is_receive || e->kind == TEXT_MARK || e->kind == TEXT_STOP
			       ? 0
			       : err_set(err, ERR_CONF, -1,
					 "what is sent has no part that may be missing; write two "
					 "messages");
	if (e->kind == TEXT_SECRET)
		return !is_receive ? 0
				   : err_set(err, ERR_CONF, -1,
					     "a password is sent and never heard; write {..} where "
					     "the device says it again");
	if (is_receive)
		return text_format_width(e) > 0 || has_end(f, i)
			       ? 0
			       : err_set(err, ERR_CONF, -1,
					 "it cannot be told where '%.*s' ends; write the "
					 "characters "
					 "that follow, or a "
					 "width: {%.*s:num7}",
					 e->name.n > 0 ? (int)e->name.n : 2,
					 e->name.n > 0 ? e->name.at : "..", (int)e->name.n,
					 e->name.n > 0 ? e->name.at : "");
	if (e->kind == TEXT_ANY || e->kind == TEXT_BLANKS || e->kind == TEXT_BLOCK)
		return err_set(err, ERR_CONF, -1,
			"'{..}', '{_}' and blocks stand for what comes "
			"back; write what is to be sent");
	if (e->kind != TEXT_BYTE && e->kind != TEXT_CHECK && e->kind != TEXT_LENGTH &&
		e->field == TEXT_NO_FIELD)
		return err_set(err, ERR_CONF, -1,
			"a value without a name cannot be sent; write {value:KIND}");
	return 0;
}

/* A checksum over nothing checks nothing. */
static int
check_sums(const struct text_format *f, struct err *err)
{
	unsigned since = 0;

	for (unsigned i = 0; i < f->n; i++) {
		if (f->at[i].kind == TEXT_MARK)
			since = 0;
		else if (f->at[i].kind != TEXT_CHECK)
			since++;
		else if (since == 0)
			return err_set(err, ERR_CONF, -1,
				"the checksum '%s' is of nothing; write it behind the bytes that "
				"it "
				"counts, and {^} where they begin",
				text_check_name(f->at[i].check));
	}
	return 0;
}

int
text_format_check(const struct text_format *f, bool is_receive, struct err *err)
{
	int rc = check_sums(f, err);

	for (unsigned i = 0; rc == 0 && i < f->n; i++)
		rc = check_element(f, i, is_receive, err);
	return rc;
}
