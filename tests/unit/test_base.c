/* test_base.c - texts, numbers, times, JSON, XML */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/rand.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/xml.h"

static void
test_errors_gather_context(void **state)
{
	struct err err;

	assert_int_equal(err_set(&err, ERR_TIMEOUT, 7, "no reply in %d ms", 500), ERR_TIMEOUT);
	assert_int_equal(err_prefix(&err, ERR_TIMEOUT, "link '%s'", "io"), ERR_TIMEOUT);
	assert_string_equal(err.msg, "link 'io': no reply in 500 ms");
	assert_int_equal(err.sys, 7);
	assert_int_equal(err_set(NULL, ERR_IO, 0, "nobody listens"), ERR_IO);
	for (int i = 0; i < 50; i++)
		err_prefix(&err, ERR_IO, "a long way up");
	assert_true(strlen(err.msg) < sizeof(err.msg));
}

static void
test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t good;
	} cases[] = {
		{ "plain", 5 },
		{ "\xC2\xB0"
		  "C",
			3 },
		{ "\xE2\x82\xAC", 3 },
		{ "\xF0\x9F\x98\x80", 4 },
		{ "\xC0\x80", 0 },         /* overlong */
		{ "a\xED\xA0\x80", 1 },    /* half of a surrogate pair */
		{ "\xF4\x90\x80\x80", 0 }, /* beyond U+10FFFF */
		{ "ab\xE2\x82", 2 },
		{ "\xFF", 0 },
		{ "\xE0\x80\x80", 0 },
	};

	for (size_t i = 0; i < NELEM(cases); i++)
		assert_int_equal(text_utf8(cases[i].text, strlen(cases[i].text)), cases[i].good);
}

static void
test_copy_cuts_at_a_character(void **state)
{
	char out[5];

	assert_true(text_copy(out, sizeof(out), "abcd"));
	assert_false(text_copy(out, sizeof(out), "abc\xC2\xB0"));
	assert_string_equal(out, "abc");
}

static void
test_numbers_in(void **state)
{
	static const char *const bad[] = { "", "1,5", " 1", "1 ", "0x10", "inf", "nan", "1e", ".",
		"-", "1e999", "1.2.3" };
	double v;
	int64_t i;

	for (size_t k = 0; k < NELEM(bad); k++)
		assert_false(text_to_double(bad[k], &v));
	assert_true(text_to_double("-1.5e3", &v) && v == -1500);
	assert_true(text_to_double("+.5", &v) && v == 0.5);
	assert_true(text_to_int("0xFF", &i) && i == 255);
	assert_true(text_to_int("-9223372036854775807", &i) && i == -INT64_MAX);
	assert_false(text_to_int("9223372036854775808", &i));
	assert_false(text_to_int("1.0", &i));
	assert_false(text_to_int("0x", &i));
}

/* Whatever is written reads back as the same number, in the shortest form. */
static void
test_numbers_out(void **state)
{
	uint64_t seed = 1;
	char out[32];

	assert_int_equal(text_from_double(out, 0.1), 3);
	assert_string_equal(out, "0.1");
	text_from_double(out, 21.5);
	assert_string_equal(out, "21.5");
	text_from_double(out, 1e15);
	assert_true(strtod(out, NULL) == 1e15);
	text_from_double(out, (double)NAN);
	assert_string_equal(out, "null");
	text_from_float(out, 34.179634f);
	assert_string_equal(out, "34.179634");
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = rand_next(&seed);
		uint32_t half = (uint32_t)bits;
		double d;
		float f;

		memcpy(&d, &bits, sizeof(d));
		memcpy(&f, &half, sizeof(f));
		if (isfinite(d)) {
			assert_true(text_from_double(out, d) < sizeof(out));
			assert_true(strtod(out, NULL) == d);
		}
		if (isfinite((double)f)) {
			assert_true(text_from_float(out, f) < sizeof(out));
			assert_true(strtof(out, NULL) == f);
		}
	}
}

static void
test_nearest(void **state)
{
	static const char *const words[] = { "channels", "instruments", "links" };

	assert_string_equal(text_nearest("chanels", words, 3), "channels");
	assert_string_equal(text_nearest("Links", words, 3), "links");
	assert_null(text_nearest("zebra", words, 3));
}

static void
test_times(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ INT64_C(951827696789000000), "2000-02-29T12:34:56.789Z" },
		{ INT64_C(1772368496789000000), "2026-03-01T12:34:56.789Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
	};
	static const char *const no_times[] = { "", "2026", "2026-03-01T12:34:56.789",
		"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
		"2026-01-01 00:00:00Z", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z" };
	char out[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < NELEM(cases); i++) {
		clock_text(out, cases[i].ns);
		assert_string_equal(out, cases[i].text);
	}
	for (size_t i = 0; i < NELEM(cases); i++) {
		int64_t back;

		assert_true(clock_parse(cases[i].text, &back));
		assert_true(back == (cases[i].ns == -1 ? -NS_PER_MS : cases[i].ns));
	}
	for (size_t i = 0; i < NELEM(no_times); i++) {
		int64_t back;

		assert_false(clock_parse(no_times[i], &back));
	}
	clock_text(out, INT64_MAX);
	clock_text(out, INT64_MIN);
	clock_span(out, 350 * NS_PER_MS);
	assert_string_equal(out, "350 ms");
	clock_span(out, 200 * NS_PER_S);
	assert_string_equal(out, "3 min 20 s");
	clock_span(out, 99 * 3600 * NS_PER_S);
	assert_string_equal(out, "4 d 3 h");
}

static void
test_json(void **state)
{
	struct buf out = { 0 };
	struct json j;

	json_open(&j, &out);
	json_object(&j, NULL);
	json_text(&j, "a\"b", "line\nend\x01");
	json_array(&j, "list");
	json_int(&j, NULL, -3);
	json_double(&j, NULL, 1.5);
	json_double(&j, NULL, (double)INFINITY);
	json_bool(&j, NULL, true);
	json_object(&j, NULL);
	json_end(&j);
	json_end(&j);
	json_null(&j, "none");
	json_uint(&j, "big", UINT64_MAX);
	json_end(&j);
	assert_string_equal(buf_text(&out),
		"{\"a\\\"b\":\"line\\nend\\u0001\",\"list\":[-3,1.5,null,true,{}],"
		"\"none\":null,\"big\":18446744073709551615}");
	buf_done(&out);
}

static void
test_xml(void **state)
{
	struct buf out = { 0 };

	xml_leaf(&out, "Value", "a<b & \"c\"\x02");
	assert_string_equal(
		buf_text(&out), "<Value>a&lt;b &amp; &quot;c&quot;\xEF\xBF\xBD</Value>");
	buf_clear(&out);
	xml_text(&out, "\xEF\xBF\xBE.\xEF\xBF\xBF.\xEF\xBF\xBD.\xEF");
	assert_string_equal(buf_text(&out), "\xEF\xBF\xBD.\xEF\xBF\xBD.\xEF\xBF\xBD.\xEF");
	buf_done(&out);
}

/* FIPS 180-4's own examples, and pieces of any length. */
static void
test_sha256(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char whole[SHA256_HEX + 1], pieces[SHA256_HEX + 1], bytes[300];
	struct sha256 s;

	sha256_hex(whole, "abc", 3);
	assert_string_equal(
		whole, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex(whole, "", 0);
	assert_string_equal(
		whole, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_hex(whole, two_blocks, strlen(two_blocks));
	assert_string_equal(
		whole, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	for (size_t n = 0; n < sizeof(bytes); n++)
		for (size_t piece = 1; piece < 140; piece += 9) {
			sha256_begin(&s);
			for (size_t at = 0; at < n; at += piece)
				sha256_add(&s, bytes + at, MIN(piece, n - at));
			sha256_end_hex(&s, pieces);
			sha256_hex(whole, bytes, n);
			assert_string_equal(pieces, whole);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_errors_gather_context),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_copy_cuts_at_a_character),
		cmocka_unit_test(test_numbers_in),
		cmocka_unit_test(test_numbers_out),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_xml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
