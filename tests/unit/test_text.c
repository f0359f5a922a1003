/* test_text.c - instruments that are described by their messages */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/defs.h"
#include "drivers/list.h"
#include "drivers/text_check.h"
#include "drivers/text_format.h"
#include "drivers/text_message.h"
#include "drivers/text_value.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct codec *
text(void)
{
	return codec_find("text");
}

/* ---- checksums: specs/instruments.md 1.2 ------------------------------------------------------------------------------------ */

static void
test_checksums(void **state)
{
	static const struct {
		const char *kind, *in, *out;
		size_t n_in, n_out;
	} cases[] = {
		{ "sum8hex", "$012", "B7", 4, 2 },
		{ "sum8hex", "#018", "BC", 4, 2 },
		{ "sum8hex", ">+02.635", "97", 8, 2 },
		{ "nsum8hex", "1R004VOLA", "B7", 9, 2 },
		{ "nsum8hex", "R ", "8E", 2, 2 },
		{ "sum8dec3", "0010030902=?", "107", 12, 3 },
		{ "nsum8", "\x04\x11\x01\x00\x00", "\xEA", 5, 1 },
		{ "inv_sum8", "\x00\x01\x20\x00", "\xDE", 4, 1 },
		{ "xor8", "PV 25.0\x03", "\x3C", 8, 1 },
		{ "sum64", "001M", "^", 4, 1 },
		{ "sum255", "\x0F\x31\x3B\x32\x39\x3B", "\xDE", 6, 1 },
		{ "crc16modbus", "\x01\x03\x00\x01\x00\x01", "\xD5\xCA", 6, 2 },
		{ "crc16modbusbe", "\x01\x30", "\x34\x00", 2, 2 },
		{ "crc16xmodem", "RAT", "\x14\x22", 3, 2 },
		{ "crc8mstp", "\x05\x10\x00\x00\x06", "\xE8", 5, 1 },
		{ "crc16x25", "\x01\x03\x01\x04\x01\x01", "\xE3\x99", 6, 2 },
		{ "lrc", "\x01\x03\x00\x01\x00\x01", "\xFA", 6, 1 },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		uint8_t out[TEXT_CHECK_MAX];
		int kind = text_check_find(cases[i].kind, strlen(cases[i].kind));

		assert_true(kind >= 0);
		assert_int_equal(text_check_width(kind), cases[i].n_out);
		text_check_make(kind, (const uint8_t *)cases[i].in, cases[i].n_in, out);
		assert_memory_equal(out, cases[i].out, cases[i].n_out);
	}
}

/* ---- formats ------------------------------------------------------------------------------------------------------------------ */

static void
test_bad_formats(void **state)
{
	static const struct {
		const char *text, *why;
		bool is_receive;
	} cases[] = {
		{ "a<0", "hexadecimal", true },
		{ "a<>", "hexadecimal", true },
		{ "{a:num", "not closed", true },
		{ "{a:what}", "no kind of value", true },
		{ "{}", "holds nothing", true },
		{ "{a b:num}", "names no value", true },
		{ "{a:num} {a:num}", "twice", true },
		{ "{=crc99}", "no checksum", true },
		{ "{=xor8}", "of nothing", true },
		{ "ab{^}{=xor8}", "of nothing", true },
		{ "{#num}", "fixed width", true },
		{ "[a[b]", "group in a group", true },
		{ "[a", "not closed", true },
		{ "a]", "closes nothing", true },
		{ "a\\q", "backslash", true },
		{ "\xE2\x84\x83", "single byte", true },
		{ "{a:num}{b:text}", "cannot be told where 'a' ends", true },
		{ "{..}{a:num}", "cannot be told", true },
		{ "{a:num}[b]{c:text} x", "", true },
		{ "{..}", "stand for what comes back", false },
		{ "{:num}", "without a name", false },
		{ "a[b]", "may be missing", false },
		{ "{a:int0}", "no kind", true },
		{ "{a:hex17}", "no kind", true },
		{ "{a:f16}", "no kind", true },
		{ "{a:u16cdab}", "no kind", true },
		{ "{a:|x}", "no kind", true },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct text_format f;
		struct err err = { .msg = "" };
		int rc = text_format_parse(cases[i].text, &f, &err);

		if (rc == 0)
			rc = text_format_check(&f, cases[i].is_receive, &err);
		if (cases[i].why[0] == '\0')
			continue;
		if (rc == 0 || strstr(err.msg, cases[i].why) == NULL)
			fail_msg("'%s': %d '%s', not '%s'", cases[i].text, rc, err.msg,
				cases[i].why);
	}
}

/* ---- messages against formats ------------------------------------------------------------------------------------------------ */

struct fit_case {
	const char *format, *in;
	size_t n;
	enum text_fit fit;
	const char *field;
	enum quality quality;
	double number;
	const char *text;
};

#define IN(s) s, sizeof(s) - 1

static const struct fit_case fit_cases[] = {
	{ "A {p:num} {t:num}", IN("A +014.69 -24.83"), TEXT_FITS, "t", Q_GOOD, -24.83, NULL },
	{ "A {p:num} {t:num}", IN("B +014.69 -24.83"), TEXT_FITS_NOT, NULL, Q_GOOD, 0, NULL },
	{ "A {p:num}", IN("A 1.0E-2"), TEXT_FITS, "p", Q_GOOD, 0.01, NULL },
	{ "M{p:expo6}", IN("M100023"), TEXT_FITS, "p", Q_GOOD, 1000, NULL },
	{ "M{p:expo6}", IN("M101320"), TEXT_FITS, "p", Q_GOOD, 1.013, NULL },
	{ "M{p:expo6}", IN("M10132 "), TEXT_FITS, "p", Q_NOT_A_NUMBER, 0, "10132" },
	{ "F{f:fix5.3}", IN("F01500"), TEXT_FITS, "f", Q_GOOD, 1.5, NULL },
	{ "F{f:fix5.3}", IN("F0150 "), TEXT_FITS, "f", Q_NOT_A_NUMBER, 0, "0150" },
	{ "S01{t:shex4}", IN("S01023 "), TEXT_FITS, "t", Q_NOT_A_NUMBER, 0, "023" },
	{ "S01{t:shex4}", IN("S01    "), TEXT_FITS, "t", Q_MISSING, 0, "" },
	{ "F{f:fix5.3}", IN("F01.50"), TEXT_FITS, "f", Q_NOT_A_NUMBER, 0, "01.50" },
	{ "A {p:num}", IN("A LO<E-03"), TEXT_FITS, "p", Q_NOT_A_NUMBER, 0, "LO<E-03" },
	{ "A {p:num}", IN("A   "), TEXT_FITS, "p", Q_MISSING, 0, "" },
	{ "A {:num}", IN("A x"), TEXT_FITS_NOT, NULL, Q_GOOD, 0, NULL },
	{ "{a:num}[ {sp:num}] {gas:word}", IN("1 2 Air"), TEXT_FITS, "sp", Q_GOOD, 2, NULL },
	{ "{a:num}[ {sp:num}] {gas:word}", IN("1 Air"), TEXT_FITS, "gas", Q_GOOD, 0, "Air" },
	{ "{a:num7}{b:num7}", IN("+05.123-04.153"), TEXT_FITS, "b", Q_GOOD, -4.153, NULL },
	{ "{a:num7}{b:num7}", IN("+05.123       "), TEXT_FITS, "b", Q_MISSING, 0, "" },
	{ "{a:num7}{b:num7}", IN("+05.123-04.15"), TEXT_FITS_NOT, NULL, Q_GOOD, 0, NULL },
	{ "S01{t:shex4}", IN("S01FC18"), TEXT_FITS, "t", Q_GOOD, -1000, NULL },
	{ "{..}={_}{n:int}", IN("Position is  = 3"), TEXT_FITS, "n", Q_GOOD, 3, NULL },
	{ "{s:OFF|ON|ONLY}", IN("ONLY"), TEXT_FITS, "s", Q_GOOD, 2, NULL },
	{ "{s:OFF|ON}", IN("OFF"), TEXT_FITS, "s", Q_GOOD, 0, NULL },
	{ "{s:OFF|ON}", IN("OF"), TEXT_FITS_NOT, NULL, Q_GOOD, 0, NULL },
	{ "<01 49>{p:f32}{s:u8}{=crc16modbusbe}", IN("\x01\x49\x3F\x81\xA9\xFC\x00\x80\xA8"),
		TEXT_FITS, "p", Q_GOOD, 1.0130000114440918, NULL },
	{ "<01 49>{p:f32}{s:u8}{=crc16modbusbe}", IN("\x01\x49\x3F\x81\xA9\xFD\x00\x80\xA8"),
		TEXT_WRONG_CHECK, NULL, Q_GOOD, 0, NULL },
	{ "PV {v:num}<03>{=xor8}", IN("PV 25.0\x03\x3C"), TEXT_FITS, "v", Q_GOOD, 25, NULL },
	{ "R{#hex3}PRESSA={p:num}", IN("R00FPRESSA=1000.0E0"), TEXT_FITS, "p", Q_GOOD, 1000, NULL },
	{ "R{#hex3}PRESSA={p:num}", IN("R00EPRESSA=1000.0E0"), TEXT_WRONG_CHECK, NULL, Q_GOOD, 0,
		NULL },
	{ "<02>{#u8+4}{^}{d:text}{=crc16xmodem}", IN("\x02\x07RAT\x14\x22"), TEXT_FITS, "d", Q_GOOD,
		0, "RAT" },
	{ "{d:block}", IN("#15hello"), TEXT_FITS, "d", Q_GOOD, 0, "hello" },
	{ "{d:block}", IN("#16hello"), TEXT_FITS_NOT, NULL, Q_GOOD, 0, NULL },
	{ "{t:packed6}", IN("\xCB\x0E\x70\xCB\x0C\x31"), TEXT_FITS, "t", Q_GOOD, 0, "20902001" },
	{ "{b:bcd2}", IN("\x12\x34"), TEXT_FITS, "b", Q_GOOD, 1234, NULL },
	{ "{f:f32hex}", IN("459CFFAE"), TEXT_FITS, "f", Q_GOOD, 5023.9599609375, NULL },
	{ "{f:f32cdab}", IN("\x00\x00\x41\xC8"), TEXT_FITS, "f", Q_GOOD, 25, NULL },
	{ "{f:f32le}", IN("\x00\x00\xC8\x41"), TEXT_FITS, "f", Q_GOOD, 25, NULL },
	{ "{i:i16}", IN("\xFF\xFE"), TEXT_FITS, "i", Q_GOOD, -2, NULL },
	{ "{w:num} {u:word}{_}", IN("+   123.56 g  "), TEXT_FITS, "w", Q_GOOD, 123.56, NULL },
};

static void
test_fits(void **state)
{
	for (size_t i = 0; i < NELEM(fit_cases); i++) {
		const struct fit_case *c = &fit_cases[i];
		struct text_found found[TEXT_FIELDS_MAX] = { { 0 } };
		const struct text_element *e;
		char shown[VALUE_TEXT_MAX + 1];
		struct text_format f;
		struct err err = { .msg = "" };
		union value v = { 0 };
		enum text_fit fit;

		if (text_format_parse(c->format, &f, &err) < 0 ||
			text_format_check(&f, true, &err) < 0)
			fail_msg("'%s': %s", c->format, err.msg);
		fit = text_message_match(&f, (const uint8_t *)c->in, c->n, found);
		if (fit != c->fit)
			fail_msg("'%s' and '%s': %d, not %d", c->format, c->in, fit, c->fit);
		if (c->field == NULL)
			continue;
		e = text_format_field(&f, c->field);
		assert_non_null(e);
		assert_int_equal(
			text_value_get(e, found[e->field].at, found[e->field].n, &v, shown),
			c->quality);
		if (c->text != NULL)
			assert_string_equal(shown, c->text);
		else if (c->quality == Q_GOOD)
			assert_true(value_double(text_value_type(e), v) >= c->number - 1e-12 &&
				    value_double(text_value_type(e), v) <= c->number + 1e-12);
	}
}

/* A message that lacks its last byte, or has one more, never fits the format of a whole one. */
static void
test_cut_messages_do_not_fit(void **state)
{
	for (size_t i = 0; i < NELEM(fit_cases); i++) {
		const struct fit_case *c = &fit_cases[i];
		struct text_found found[TEXT_FIELDS_MAX];
		struct text_format f;
		struct err err;

		assert_int_equal(text_format_parse(c->format, &f, &err), 0);
		for (size_t n = 0; n < c->n; n++) {
			uint8_t exact[64];

			memcpy(exact, c->in, n);
			(void)text_message_match(&f, exact, n, found);
		}
		if (strstr(c->format, "{=") != NULL && c->fit == TEXT_FITS)
			for (size_t n = 0; n < c->n; n++)
				assert_int_not_equal(
					text_message_match(&f, (const uint8_t *)c->in, n, found),
					TEXT_FITS);
	}
}

static struct text_written
one(void *ctx, const struct text_element *e)
{
	return *(const struct text_written *)ctx;
}

static void
test_sent(void **state)
{
	static const struct {
		const char *format;
		enum value_type type;
		double number;
		const char *text, *out;
		size_t n;
	} cases[] = {
		{ "AS {v:num.2}", VALUE_FLOAT, 25, NULL, IN("AS 25.00") },
		{ "#01{v:+num7.3}", VALUE_FLOAT, 5, NULL, IN("#01+05.000") },
		{ "FI{v:int5}", VALUE_FLOAT, 1500, NULL, IN("FI01500") },
		{ "<7B>M00{v:shex4}", VALUE_INT, -1000, NULL, IN("{M00FC18") },
		{ "@@{^}@001SX!{v:num.1};{=sum8hex}", VALUE_FLOAT, 12.5, NULL,
			IN("@@@001SX!12.5;9E") },
		{ "<04 11>{v:u8}<00 00>{=nsum8}<0F>", VALUE_INT, 1, NULL,
			IN("\x04\x11\x01\x00\x00\xEA\x0F") },
		{ "1R{#hex3}{v:text}{=nsum8hex}", VALUE_TEXT, 0, "VOLA", IN("1R004VOLAB7") },
		{ "<02>{#u8+4}{^}{v:text}{=crc16xmodem}<03>", VALUE_TEXT, 0, "RAT",
			IN("\x02\x07RAT\x14\x22\x03") },
		{ "OUTP {v:OFF|ON}", VALUE_BOOL, 1, NULL, IN("OUTP ON") },
		{ "{v:expo6}", VALUE_FLOAT, 1000, NULL, IN("100023") },
		{ "{v:expo6}", VALUE_FLOAT, 9.9996e-5, NULL, IN("100016") },
		{ "{v:expo6}", VALUE_FLOAT, 2.5e-9, NULL, IN("250011") },
		{ "{v:expo6}", VALUE_FLOAT, 0, NULL, IN("000000") },
		{ "FI{v:fix5.3}", VALUE_FLOAT, 1.5, NULL, IN("FI01500") },
		{ "{v:fix6.2}", VALUE_FLOAT, -12.34, NULL, IN("-01234") },
		{ "{v:exp.3}", VALUE_FLOAT, 1013, NULL, IN("1.013E+03") },
		{ "{v:exp.2e1}", VALUE_FLOAT, 0.0123, NULL, IN("1.23E-2") },
		{ "{v:exp.2e1}", VALUE_FLOAT, 1e12, NULL, IN("1.00E+12") },
		{ "S D {v: num10.2} g", VALUE_FLOAT, 100.02, NULL, IN("S D     100.02 g") },
		{ "{v:+ num10.2} g", VALUE_FLOAT, 123.56, NULL, IN("+   123.56 g") },
		{ "{v: num8.1}", VALUE_FLOAT, -12.3, NULL, IN("   -12.3") },
		{ "{v:num8.1}", VALUE_FLOAT, -12.3, NULL, IN("-00012.3") },
		{ "{v:f32}", VALUE_FLOAT, 12.5, NULL, IN("\x41\x48\x00\x00") },
		{ "{v:packed6}", VALUE_TEXT, 0, "20902001", IN("\xCB\x0E\x70\xCB\x0C\x31") },
		{ "{v:bcd2}", VALUE_INT, 1234, NULL, IN("\x12\x34") },
		{ "\\r\\n\\\\", VALUE_INT, 0, NULL, IN("\r\n\\") },
		/* what does not fit is not sent */
		{ "{v:int3}", VALUE_INT, 1000, NULL, NULL, 0 },
		{ "{v:+num7.3}", VALUE_FLOAT, 1000, NULL, NULL, 0 },
		{ "{v:expo6}", VALUE_FLOAT, -1, NULL, NULL, 0 },
		{ "{v:expo6}", VALUE_FLOAT, 1e90, NULL, NULL, 0 },
		{ "{v:expo6}", VALUE_FLOAT, 1e-300, NULL, NULL, 0 },
		{ "{v:fix5.3}", VALUE_FLOAT, 100, NULL, NULL, 0 },
		{ "{v:fix5.3}", VALUE_FLOAT, 1e300, NULL, NULL, 0 },
		{ "{v:u8}", VALUE_INT, 256, NULL, NULL, 0 },
		{ "{v:u8}", VALUE_INT, -1, NULL, NULL, 0 },
		{ "{v:i8}", VALUE_INT, 128, NULL, NULL, 0 },
		{ "{v:shex4}", VALUE_INT, 40000, NULL, NULL, 0 },
		{ "{v:bcd1}", VALUE_INT, 100, NULL, NULL, 0 },
		{ "{v:f32}", VALUE_FLOAT, 1e39, NULL, NULL, 0 },
		{ "{v:text3}", VALUE_TEXT, 0, "long", NULL, 0 },
		{ "{v:text}", VALUE_TEXT, 0, "a\rb", NULL, 0 },
		{ "{v:A|B}", VALUE_INT, 2, NULL, NULL, 0 },
		{ "{v:A|B}", VALUE_INT, -1, NULL, NULL, 0 },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct text_format f;
		struct err err = { .msg = "" };
		union value v = { 0 };
		uint8_t out[100];
		int n;

		if (cases[i].type == VALUE_FLOAT)
			v.f = cases[i].number;
		else
			v.i = (int64_t)cases[i].number;
		if (text_format_parse(cases[i].format, &f, &err) < 0 ||
			text_format_check(&f, false, &err) < 0)
			fail_msg("'%s': %s", cases[i].format, err.msg);
		n = text_message_make(&f, one,
			&(struct text_written){ cases[i].type, v, cases[i].text }, out, sizeof(out),
			&err);
		if (cases[i].out == NULL) {
			if (n >= 0)
				fail_msg("'%s' %g was sent", cases[i].format, cases[i].number);
			continue;
		}
		if (n != (int)cases[i].n || memcmp(out, cases[i].out, cases[i].n) != 0)
			fail_msg("'%s': %d bytes '%.*s' %s", cases[i].format, n, MAX(n, 0), out,
				err.msg);
	}
}

static void
test_a_password_is_sent(void **state)
{
	static const struct text_written nothing = { VALUE_INT, { 0 }, "" };
	struct text_found found[TEXT_FIELDS_MAX];
	struct text_format f;
	uint8_t out[40];
	struct err err;

	assert_int_equal(text_format_parse("LOGIN {password:secret};", &f, &err), 0);
	assert_int_equal(text_format_check(&f, false, &err), 0);
	assert_int_equal(text_format_check(&f, true, &err), ERR_CONF);
	assert_true(text_format_has_secret(&f));
	assert_int_equal(text_message_match(&f, BYTES("LOGIN ;"), found), TEXT_FITS_NOT);
	f.secret = "{a<0D>b}"; /* as it is: no format */
	assert_int_equal(
		text_message_make(&f, one, (void *)(uintptr_t)&nothing, out, sizeof(out), &err),
		15);
	assert_memory_equal(out, "LOGIN {a<0D>b};", 15);
	assert_int_equal(text_message_match(&f, out, 15, found), TEXT_FITS);
	assert_int_equal(text_message_match(&f, out, 14, found), TEXT_FITS_NOT);
	assert_int_equal(text_message_match(&f, BYTES("LOGIN {a<0D>c};"), found), TEXT_FITS_NOT);
	assert_int_equal(
		text_message_make(&f, one, (void *)(uintptr_t)&nothing, out, 10, &err), ERR_CONF);
	assert_null(strstr(err.msg, "0D"));
}

static void
test_alike(void **state)
{
	static const struct {
		const char *a, *b;
		bool alike;
	} cases[] = {
		{ "A {x:num}", "B {x:num}", false },
		{ "A {x:num}", "A {y:num}", true },
		{ "@253ACK{x:num}", "@001ACK{x:num}", false },
		{ "{x:num}", "B", true },
		{ "{:u8}A{x:num}", "{:u8}B{x:num}", false },
		{ "FLOW:{x:int}", "PRESSURE:{x:int}", false },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct text_format a, b;
		struct err err;

		assert_int_equal(text_format_parse(cases[i].a, &a, &err), 0);
		assert_int_equal(text_format_parse(cases[i].b, &b, &err), 0);
		assert_int_equal(text_message_alike(&a, &b), cases[i].alike);
		assert_int_equal(text_message_alike(&b, &a), cases[i].alike);
	}
}

/* ---- the codec ----------------------------------------------------------------------------------------------------------------- */

/* An instrument whose only message it is. */
static struct instrument
device(const struct message *messages, uint16_t n, const char *end)
{
	struct instrument ins = { .name = "x", .messages = messages, .n_messages = n };

	for (size_t i = 0; text()->opts[i].name != NULL; i++) {
		ins.opts.num[i] = text()->opts[i].def;
		if (strcmp(text()->opts[i].name, "end") == 0)
			ins.opts.text[i] = end;
	}
	return ins;
}

static const struct message tpg[] = {
	{ .name = "p", .send = "PR1\\r\\n", .receive = "<06>", .text = "", .next = 1, .lines = 1 },
	{ .name = "", .send = "<05>", .receive = "{status:int},{p1:num}", .text = "", .lines = 1 },
	{ .name = "",
		.send = "",
		.receive = "<15>",
		.text = "not understood",
		.role = MESSAGE_ERROR,
		.quality = Q_BAD_REQUEST,
		.lines = 1 },
	{ .name = "told",
		.send = "",
		.receive = "now {v:num}",
		.text = "",
		.role = MESSAGE_EVENT,
		.lines = 1 },
};

static void
test_handshake(void **state)
{
	struct instrument ins = device(tpg, NELEM(tpg), "\\r\\n");
	struct point pt = { .address = 0, .order = 1, .type = 1, .value = VALUE_FLOAT, .bit = 255 };
	const struct learned nothing = { 0 };
	struct reading at[4];
	struct readings out = { .at = at, .cap = NELEM(at) };
	struct request req, next;
	struct vars vars = { .kind = 0 };
	struct err err;
	uint8_t bytes[64];

	for (size_t i = 0; text()->opts[i].name != NULL; i++)
		if (strcmp(text()->opts[i].name, "send_end") == 0)
			ins.opts.text[i] = "";
	assert_int_equal(text()->plan(&ins, &pt, 1, &nothing, &req, 1), 1);
	assert_int_equal(text()->encode(&ins, &req, 0, &vars, bytes, sizeof(bytes), &err), 5);
	assert_memory_equal(bytes, "PR1\r\n", 5);
	assert_int_equal(text()->match(&ins, &req, 0, BYTES("0,1.0\r\n")), MATCH_NOT_MINE);
	assert_int_equal(text()->match(&ins, &req, 0, BYTES("\x06\r\n")), MATCH_CANNOT_TELL);
	assert_int_equal(text()->decode(&ins, &req, &pt, BYTES("\x06\r\n"), &vars, &out, &err), 0);
	assert_int_equal(out.n, 0);
	assert_int_equal(text()->next(&ins, &req, 0, &vars, &next), 1);
	assert_int_equal(text()->encode(&ins, &next, 0, &vars, bytes, sizeof(bytes), &err), 1);
	assert_int_equal(bytes[0], 5);
	assert_int_equal(text()->match(&ins, &next, 0, BYTES("\x06\r\n")), MATCH_NOT_MINE);
	assert_int_equal(text()->match(&ins, &next, 0, BYTES("now 3\r\n")), MATCH_NOT_MINE);
	assert_int_equal(
		text()->decode(&ins, &next, &pt, BYTES("0,1.0130E+03\r\n"), &vars, &out, &err), 0);
	assert_int_equal(out.n, 1);
	assert_int_equal(at[0].quality, Q_GOOD);
	assert_true(at[0].v.f > 1012.9 && at[0].v.f < 1013.1);
	assert_int_equal(text()->next(&ins, &next, 1, &vars, &req), 0);
	/* refused */
	assert_int_equal(text()->match(&ins, &next, 0, BYTES("\x15\r\n")), MATCH_CANNOT_TELL);
	assert_int_equal(text()->decode(&ins, &next, &pt, BYTES("\x15\r\n"), &vars, &out, &err),
		DECODE_REFUSED);
	assert_string_equal(err.msg, "not understood");
}

static void
test_events(void **state)
{
	struct instrument ins = device(tpg, NELEM(tpg), "\\r\\n");
	struct point pts[] = {
		{ .address = 0, .order = 1, .type = 1, .value = VALUE_FLOAT, .bit = 255 },
		{ .space = 1,
			.address = 3,
			.order = 0,
			.type = 0,
			.value = VALUE_FLOAT,
			.bit = 255 }
	};
	const struct learned nothing = { 0 };
	struct reading at[4];
	struct readings out = { .at = at, .cap = NELEM(at) };
	struct request req[2];
	struct vars vars = { .kind = 0 };
	struct err err;

	/* It is not asked for. */
	assert_int_equal(text()->plan(&ins, pts, 2, &nothing, req, 2), 1);
	assert_int_equal(text()->match(&ins, NULL, 0, BYTES("now 3.5\r\n")), MATCH_UNSOLICITED);
	assert_int_equal(text()->match(&ins, NULL, 0, BYTES("0,1.0\r\n")), MATCH_NOT_MINE);
	assert_int_equal(text()->heard(&ins, pts, 2, BYTES("now 3.5\r\n"), &vars, &out, &err), 0);
	assert_int_equal(out.n, 1);
	assert_int_equal(at[0].at, 1);
	assert_true(at[0].v.f > 3.49 && at[0].v.f < 3.51);
}

/* One text and more numbers that are none than there is room for: the text stays what it was. */
static void
test_texts_keep_their_room(void **state)
{
	static const struct message many[] = { { .name = "m",
		.send = "M",
		.receive = "{t:word} {a:num} {b:num} {c:num} {d:num} {e:num} {f:num} {g:num} "
			   "{h:num} {u:word}",
		.text = "",
		.lines = 1 } };
	struct instrument ins = device(many, 1, "\\r");
	struct point pts[10];
	const struct learned nothing = { 0 };
	struct reading at[10];
	struct readings out = { .at = at, .cap = NELEM(at) };
	struct request req;
	struct vars vars = { .kind = 0 };
	struct err err;

	for (unsigned i = 0; i < NELEM(pts); i++)
		pts[i] = (struct point){ .type = (uint8_t)i,
			.value = i == 0 || i == 9 ? VALUE_TEXT : VALUE_FLOAT,
			.bit = 255 };
	assert_int_equal(text()->plan(&ins, pts, 10, &nothing, &req, 1), 1);
	assert_int_equal(
		text()->decode(&ins, &req, pts, BYTES("AIR OFF OFF OFF OFF OFF OFF OFF OFF N2\r"),
			&vars, &out, &err),
		0);
	assert_int_equal(out.n, 10);
	assert_string_equal(at[0].text, "AIR");
	assert_string_equal(at[9].text, "N2");
	for (unsigned i = 1; i < 9; i++) {
		assert_int_equal(at[i].quality, Q_NOT_A_NUMBER);
		assert_true(at[i].text == NULL || strcmp(at[i].text, "OFF") == 0);
	}
}

/* A message with a value in it is for writing: as a reading it would write 0. */
static void
test_what_writes_is_not_read(void **state)
{
	static const struct message sp[] = {
		{ .name = "sp",
			.send = "SP {v:num}",
			.receive = "{x:num}",
			.text = "",
			.lines = 1 },
		{ .name = "identity", .send = "I{v:num}", .receive = "{x:num}", .text = "" },
		{ .name = "", .send = "I{v:num}", .receive = "", .text = "", .role = MESSAGE_INIT },
	};
	struct instrument ins = device(sp, 1, "\\r");
	struct optvals v = { .text = { "sp" }, .num = { 0, 0, OPT_ABSENT } };
	struct point pt = { .key = "x" };
	struct err err;

	assert_true(text()->point(&ins, &v, &pt, &err) < 0);
	assert_non_null(strstr(err.msg, "would write 0"));
	assert_int_equal(text()->message(&ins, &sp[0], &err), 0);
	assert_true(text()->message(&ins, &sp[1], &err) < 0);
	assert_true(text()->message(&ins, &sp[2], &err) < 0);
}

/* Every frame of a stream, whatever the pieces in which it comes. */
static void
check_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	int want)
{
	for (size_t k = 0; k < n; k++) {
		uint8_t exact[128];

		memcpy(exact, in, k);
		assert_int_equal(text()->cut(ins, req, exact, k, WIRE_OPEN), CUT_MORE);
	}
	assert_int_equal(text()->cut(ins, req, in, n, WIRE_OPEN), want);
}

static void
set_opt(struct instrument *ins, const char *name, const char *word, int64_t number)
{
	for (size_t i = 0; text()->opts[i].name != NULL; i++)
		if (strcmp(text()->opts[i].name, name) == 0) {
			ins->opts.text[i] = word;
			ins->opts.num[i] = number;
		}
}

static void
test_framings(void **state)
{
	static const struct message one[] = {
		{ .name = "q", .send = "q", .receive = "{..}", .text = "", .lines = 1 }
	};
	static const struct message long_one[] = { { .name = "q",
		.send = "q",
		.receive = "{x:f32}",
		.text = "",
		.length = 4,
		.lines = 1 } };
	static const struct message block[] = {
		{ .name = "q", .send = "q", .receive = "{x:block}", .text = "", .lines = 1 }
	};
	static const struct message lines[] = {
		{ .name = "q", .send = "q", .receive = "{..}", .text = "", .lines = 2 }
	};
	static const struct message sum[] = {
		{ .name = "q", .send = "q", .receive = "{x:num}{=sum8hex}", .text = "", .lines = 1 }
	};
	static const struct message closed[] = {
		{ .name = "q",
			.send = "q",
			.receive = "@000ACK{x:num};{=sum8hex}",
			.text = "",
			.lines = 1 },
		{ .name = "",
			.send = "",
			.receive = "NAK{code:int2};{=sum8hex?}",
			.text = "",
			.role = MESSAGE_ERROR,
			.lines = 1 },
	};
	struct request req = { .kind = REQUEST_READ };
	struct instrument ins = device(one, 1, "\\r\\n");

	check_cut(&ins, &req, BYTES("ab\r\n"), CUT_FRAME(4));
	assert_int_equal(text()->cut(&ins, &req, BYTES("ab\r\ncd\r\n"), WIRE_OPEN), CUT_FRAME(4));
	assert_int_equal(text()->cut(&ins, &req, BYTES("ab\r"), WIRE_SILENT),
		CUT_MORE); /* a pause is no end */
	assert_int_equal(text()->cut(&ins, &req, BYTES("ab\r"), WIRE_CLOSED), CUT_SKIP(3));

	ins = device(one, 1, ";FF");
	check_cut(&ins, &req, BYTES("@253ACK1;FF"), CUT_FRAME(11));

	/* Prompts, of which the last character tells the state. */
	ins = device(one, 1, "\\r\\n:|\\r\\n>|\\r\\nT*");
	check_cut(&ins, &req, BYTES("1.0 ml/min\r\n>"), CUT_FRAME(13));
	check_cut(&ins, &req, BYTES("x\r\nT*"), CUT_FRAME(5));

	ins = device(long_one, 1, "\\r");
	check_cut(&ins, &req, BYTES("\r\r\r\r"), CUT_FRAME(4));

	ins = device(block, 1, "\\n");
	check_cut(&ins, &req, BYTES("#16hel\nlo\n"), CUT_FRAME(10));

	ins = device(lines, 1, "\\r");
	check_cut(&ins, &req, BYTES("one\rtwo\r"), CUT_FRAME(8));

	/* A length that the answer tells: Neslab. */
	ins = device(one, 1, NULL);
	set_opt(&ins, "length_at", NULL, 4);
	set_opt(&ins, "length_plus", NULL, 6);
	check_cut(&ins, &req, BYTES("\xCA\x00\x01\x20\x03\x11\x00\xFA\xD0"), CUT_FRAME(9));

	/* Start, end, doubled bytes. */
	ins = device(one, 1, "<10 03>");
	set_opt(&ins, "start", "<10 02>", 0);
	set_opt(&ins, "double", "<10>", 0);
	check_cut(&ins, &req, BYTES("\x10\x02\x01\x10\x10\x03\x10\x03"), CUT_FRAME(8));
	assert_int_equal(text()->cut(&ins, &req, BYTES("ab\x10\x02z"), WIRE_OPEN), CUT_SKIP(2));

	/* Silence, or a form that tells the end; the checksum alone, behind a value of any length, could fit too soon. */
	ins = device(closed, 2, NULL);
	set_opt(&ins, "silence", NULL, 1);
	check_cut(&ins, &req, BYTES("@000ACK12.50;D0"), CUT_FRAME(15));
	check_cut(&ins, &req, BYTES("NAK17;xx"), CUT_FRAME(8));
	assert_int_equal(text()->cut(&ins, &req, BYTES("@000ACK12.50;D1"), WIRE_OPEN), CUT_MORE);
	assert_int_equal(
		text()->cut(&ins, &req, BYTES("@000ACK12.50;D1"), WIRE_SILENT), CUT_SKIP(15));
	ins = device(sum, 1, NULL);
	set_opt(&ins, "silence", NULL, 1);
	assert_int_equal(text()->cut(&ins, &req, BYTES("131"), WIRE_OPEN), CUT_MORE);
	assert_int_equal(text()->cut(&ins, &req, BYTES("131"), WIRE_SILENT), CUT_FRAME(3));

	/* Any number of bytes before. */
	ins = device(one, 1, "\\r");
	set_opt(&ins, "skip", "<FF>", 0);
	check_cut(&ins, &req, BYTES("\xFF\xFF\xFFz\r"), CUT_FRAME(5));

	/* Silence. */
	ins = device(one, 1, NULL);
	set_opt(&ins, "silence", NULL, 1);
	assert_int_equal(text()->cut(&ins, &req, BYTES("abc"), WIRE_OPEN), CUT_MORE);
	assert_int_equal(text()->cut(&ins, &req, BYTES("abc"), WIRE_SILENT), CUT_FRAME(3));

	/* What was broken on its way is no frame. */
	ins = device(sum, 1, "\\r");
	assert_int_equal(text()->cut(&ins, &req, BYTES("25A7\r"), WIRE_OPEN), CUT_SKIP(5));
	assert_int_equal(text()->cut(&ins, &req, BYTES("2567\r"), WIRE_OPEN), CUT_FRAME(5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_bad_formats),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_cut_messages_do_not_fit),
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_a_password_is_sent),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_texts_keep_their_room),
		cmocka_unit_test(test_what_writes_is_not_read),
		cmocka_unit_test(test_framings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
