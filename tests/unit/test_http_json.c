/* test_http_json.c - values of JSON pages */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "http_feed.h"

#define MANY 32

static const struct instrument ins = { .opts.text = { [HTTP_OPT_PATH] = "/api" }, .name = "io" };

static struct reading r[MANY];
static struct readings out;
static struct err err;

static int
read_page(const struct point *pts, size_t n, const char *page)
{
	err.msg[0] = '\0';
	return http_feed_page(&ins, pts, n, 200, page, strlen(page), r, &out, &err);
}

struct row {
	const char *path;
	int type;
	enum quality quality;
	double v;
	const char *text;
};

static void
check(const char *page, const struct row *rows, size_t n)
{
	struct point pts[MANY];

	for (size_t i = 0; i < n; i++)
		pts[i] = http_feed_read(&ins, HTTP_PT_JSON, rows[i].path, rows[i].type);
	if (read_page(pts, n, page) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(out.n, n);
	for (size_t i = 0; i < n; i++) {
		if (r[i].quality != rows[i].quality)
			fail_msg("%s: quality %u, not %u", rows[i].path, r[i].quality,
				rows[i].quality);
		assert_int_equal(r[i].at, i);
		if (rows[i].quality != Q_GOOD && rows[i].quality != Q_TEXT_CUT)
			assert_true(r[i].v.u == 0 && r[i].text == NULL);
		else if (rows[i].type == HTTP_TEXT)
			assert_string_equal(r[i].text, rows[i].text);
		else
			assert_true((rows[i].type == HTTP_BOOL ? (double)r[i].v.i : r[i].v.f) ==
				    rows[i].v);
	}
}

/* ---- what devices send ---- */

/* A mode-dependent shape: channel 1 is a counter and has no diStatus; its neighbours do not suffer. */
static void
test_moxa(void **state)
{
	static const struct row ai[] = {
		{ "io.ai[0].aiValueScaled", HTTP_NUMBER, Q_GOOD, 2, NULL },
		{ "io.ai[1].aiValueScaled", HTTP_NUMBER, Q_GOOD, -3.000076, NULL },
		{ "io.ai[aiIndex=1].aiValueRaw", HTTP_NUMBER, Q_GOOD, 13107, NULL },
		{ "io.ai[2].aiValueScaled", HTTP_NUMBER, Q_MISSING, 0, NULL },
		{ "slot", HTTP_NUMBER, Q_GOOD, 0, NULL },
		{ "io.ai", HTTP_NUMBER, Q_WRONG_ANSWER, 0, NULL },
		{ "io.ai[0]", HTTP_NUMBER, Q_WRONG_ANSWER, 0, NULL },
		{ "io[0]", HTTP_NUMBER, Q_MISSING, 0, NULL },
		{ "io.ai.aiIndex", HTTP_NUMBER, Q_MISSING, 0, NULL },
	};
	static const struct row di[] = {
		{ "io.di[0].diStatus", HTTP_BOOL, Q_GOOD, 1, NULL },
		{ "io.di[1].diStatus", HTTP_BOOL, Q_MISSING, 0, NULL },
		{ "io.di[1].diCounterValue", HTTP_NUMBER, Q_GOOD, 4711, NULL },
		{ "io.di[2].diStatus", HTTP_BOOL, Q_GOOD, 0, NULL },
	};
	static const struct row relay[] = {
		{ "io.relay.3.relayStatus", HTTP_BOOL, Q_GOOD, 1, NULL },
		{ "io.relay[\"3\"].relayStatus", HTTP_NUMBER, Q_GOOD, 1, NULL },
		{ "io.relay[3].relayStatus", HTTP_NUMBER, Q_MISSING, 0, NULL },
	};
	static const struct row info[] = {
		{ "sysInfo.device[0].modelName", HTTP_TEXT, Q_GOOD, 0, "E1240" },
		{ "sysInfo.network.LAN.lanIp", HTTP_TEXT, Q_GOOD, 0, "192.168.1.60" },
	};

	check("{\"slot\":0,\"io\":{\"ai\":[\n {\"aiIndex\":0,\"aiMode\":0,\"aiValueRaw\":13107,"
	      "\"aiValueScaled\":2.0,\"aiStatus\":0},\n {\"aiIndex\":1,\"aiValueRaw\":13107,"
	      "\"aiValueScaled\":-3.000076 } ]}}\r\n",
		ai, NELEM(ai));
	check("{\"slot\":0,\"io\":{\"di\":[{\"diIndex\":0,\"diMode\":0,\"diStatus\":1},"
	      "{\"diIndex\":1,\"diMode\":1,\"diCounterValue\":4711,\"diCounterStatus\":0},"
	      "{\"diIndex\":2,\"diMode\":0,\"diStatus\":0}]}}",
		di, NELEM(di));
	check("{\"slot\":0,\"io\":{\"relay\":{\"3\":{\"relayStatus\":1}}}}", relay, NELEM(relay));
	check("{\"slot\":0,\"sysInfo\":{\"device\":[{\"modelName\":\"E1240\"}],"
	      "\"network\":{\"LAN\":{\"lanIp\":\"192.168.1.60\"}}}}",
		info, NELEM(info));
}

/* An E1212 whose DIO 0 is an input: its outputs begin with 1, at place 0. The index tells, the place does not. */
static void
test_elements_by_what_they_say(void **state)
{
	static const struct row rows[] = {
		{ "io.do[0].doStatus", HTTP_NUMBER, Q_GOOD, 1, NULL },
		{ "io.do[doIndex=0].doStatus", HTTP_NUMBER, Q_MISSING, 0, NULL },
		{ "io.do[doIndex=1].doStatus", HTTP_NUMBER, Q_GOOD, 1, NULL },
		{ "io.do[doIndex=2].doStatus", HTTP_NUMBER, Q_GOOD, 0, NULL },
		{ "io.do[doIndex=12].doStatus", HTTP_NUMBER, Q_GOOD, 12, NULL },
		{ "io.do[doIndex=\"1\"].doStatus", HTTP_NUMBER, Q_MISSING, 0, NULL },
		{ "io.do[name=\"a \\\"b\\\"\"].doStatus", HTTP_NUMBER, Q_GOOD, 12, NULL },
		{ "io.do[name=x].doStatus", HTTP_NUMBER, Q_MISSING, 0, NULL },
		{ "io.do[doIndex=7].doStatus", HTTP_NUMBER, Q_WRONG_ANSWER, 0, NULL },
		{ "io.do[doIndex=9].doStatus", HTTP_NUMBER, Q_MISSING, 0, NULL },
	};

	check("{\"io\":{\"do\":[{\"doIndex\":1,\"doStatus\":1},{\"doIndex\":2,\"doStatus\":0},"
	      "{\"doStatus\":12,\"in\":{\"doIndex\":1},\"doIndex\":12,\"name\":\"a \\\"b\\\"\"},"
	      "{\"doIndex\":7,\"doStatus\":1},{\"doIndex\":7,\"doStatus\":1},{\"doIndex\":{\"x\":9}"
	      ",\"doStatus\":1},3,\"x\",[1]]}}",
		rows, NELEM(rows));
}

static void
test_others(void **state)
{
	static const struct row labview[] = {
		{ "Sum", HTTP_NUMBER, Q_GOOD, 9, NULL },
		{ "Valid", HTTP_BOOL, Q_GOOD, 1, NULL },
		{ "off", HTTP_BOOL, Q_GOOD, 0, NULL },
		{ "Array[1]", HTTP_NUMBER, Q_GOOD, 2.5, NULL },
		{ "Cluster.x", HTTP_TEXT, Q_GOOD, 0, "y" },
		{ "[\"a b\"]", HTTP_NUMBER, Q_GOOD, 1, NULL },
		{ "[\"a.b[0]\"].c", HTTP_NUMBER, Q_GOOD, 2, NULL },
		{ "[\"q\\\"\\\\\"]", HTTP_NUMBER, Q_GOOD, 3, NULL },
		{ "\xC3\xA9t\xC3\xA9", HTTP_NUMBER, Q_GOOD, 4, NULL },
		{ "esc\xC3\xA9", HTTP_NUMBER, Q_GOOD, 5, NULL },
		{ "tw", HTTP_NUMBER, Q_WRONG_ANSWER, 0, NULL },
		{ "Sum", HTTP_TEXT, Q_WRONG_ANSWER, 0, NULL },
		{ "Valid", HTTP_NUMBER, Q_NOT_A_NUMBER, 0, NULL },
		{ "Valid", HTTP_TEXT, Q_WRONG_ANSWER, 0, NULL },
		{ "none", HTTP_NUMBER, Q_NOT_A_NUMBER, 0, NULL },
		{ "none", HTTP_BOOL, Q_NOT_A_NUMBER, 0, NULL },
		{ "none", HTTP_TEXT, Q_WRONG_ANSWER, 0, NULL },
		{ "word", HTTP_BOOL, Q_NOT_A_NUMBER, 0, NULL },
		{ "nine", HTTP_NUMBER, Q_NOT_A_NUMBER, 0, NULL },
		{ "nine", HTTP_BOOL, Q_NOT_A_NUMBER, 0, NULL },
		{ "one", HTTP_BOOL, Q_NOT_A_NUMBER, 0, NULL },
		{ "huge", HTTP_NUMBER, Q_NOT_A_NUMBER, 0, NULL },
		{ "empty", HTTP_TEXT, Q_GOOD, 0, "" },
		{ "empty", HTTP_NUMBER, Q_NOT_A_NUMBER, 0, NULL },
		{ "bits", HTTP_HEX_FLOAT, Q_GOOD, 12.5, NULL },
	};
	static const struct row root[] = { { "[1].x", HTTP_NUMBER, Q_GOOD, -0.5e-3, NULL },
		{ "[2]", HTTP_NUMBER, Q_GOOD, 1e10, NULL } };

	check("\t{\"Sum\":9,\"Valid\":true,\"off\":false,\"Array\":[1,2.5],\"Cluster\":{\"x\":"
	      "\"y\"},"
	      "\"a b\":1,\"a.b[0]\":{\"c\":2},\"q\\\"\\\\\":3,\"\xC3\xA9t\xC3\xA9\":4,"
	      "\"esc\\u00E9\":5,\"tw\":1,\"tw\":1,\"none\":null,\"word\":\"true\",\"nine\":\"9\","
	      "\"one\":\"1\","
	      "\"huge\":1e999,\"empty\":\"\",\"bits\":\"0x41480000\",\"e\":{},\"f\":[ ]} \n",
		labview, NELEM(labview));
	check("[0,{\"x\":-0.5e-3},1E+10]", root, NELEM(root));
}

/* eedomus: numbers in quotes, only where the point says so. */
static void
test_numbers_in_quotes(void **state)
{
	static const char page[] = "{\"success\":\"1\",\"body\":{\"last_value\":\"3.25\",\"unit\":"
				   "\"V\",\"bare\":4}}";
	static const char *const paths[] = { "body.last_value", "success", "body.unit",
		"body.bare" };
	struct optvals v = http_feed_opts();
	struct point pts[5];

	v.num[HTTP_PT_QUOTED] = 1;
	for (size_t i = 0; i < 4; i++) {
		v.text[HTTP_PT_JSON] = paths[i];
		v.num[HTTP_PT_TYPE] = i == 1 ? HTTP_BOOL : HTTP_NUMBER;
		pts[i] = http_feed_point(&ins, &v, NULL);
	}
	pts[4] = http_feed_read(&ins, HTTP_PT_JSON, "body.last_value", HTTP_NUMBER);
	assert_int_equal(read_page(pts, 5, page), 0);
	assert_true(r[0].quality == Q_GOOD && r[0].v.f == 3.25);
	assert_true(r[1].quality == Q_GOOD && r[1].v.i == 1);
	assert_int_equal(r[2].quality, Q_NOT_A_NUMBER);
	assert_true(r[3].quality == Q_GOOD && r[3].v.f == 4);
	assert_int_equal(r[4].quality, Q_NOT_A_NUMBER);
}

static void
test_words_for_a_truth(void **state)
{
	static const char page[] =
		"{\"a\":\"open\",\"b\":\"closed\",\"c\":\"Open\",\"d\":2,\"e\":3,"
		"\"f\":true}";
	static const struct {
		const char *path, *on, *off;
		int want; /* -1: no truth */
	} rows[] = { { "a", "open", "closed", 1 }, { "b", "open", "closed", 0 },
		{ "c", "open", "closed", -1 }, { "d", "2", "3", 1 }, { "e", "2", "3", 0 },
		{ "f", "2", "3", -1 }, { "f", "true", "false", 1 }, { "a", "ope", "closed", -1 } };
	struct point pts[NELEM(rows)];

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct optvals v = http_feed_opts();

		v.text[HTTP_PT_JSON] = rows[i].path;
		v.text[HTTP_PT_ON] = rows[i].on;
		v.text[HTTP_PT_OFF] = rows[i].off;
		v.num[HTTP_PT_TYPE] = HTTP_BOOL;
		pts[i] = http_feed_point(&ins, &v, NULL);
	}
	assert_int_equal(read_page(pts, NELEM(rows), page), 0);
	for (size_t i = 0; i < NELEM(rows); i++) {
		assert_int_equal(r[i].quality, rows[i].want < 0 ? Q_NOT_A_NUMBER : Q_GOOD);
		assert_int_equal(r[i].v.i, MAX(rows[i].want, 0));
	}
}

static void
test_texts(void **state)
{
	static const struct {
		const char *json;
		enum quality quality;
		const char *text;
	} rows[] = {
		{ "\"\\\"\\\\\\/\\u0041\"", Q_GOOD, "\"\\/A" },
		{ "\"\\u00e9\\u20AC\"", Q_GOOD, "\xC3\xA9\xE2\x82\xAC" },
		{ "\"\\uD83D\\uDE00\"", Q_GOOD, "\xF0\x9F\x98\x80" },
		{ "\"\xF0\x9F\x98\x80\"", Q_GOOD, "\xF0\x9F\x98\x80" },
		{ "\"a\\n\\t\\rb\"", Q_GOOD, "a   b" }, { "\" a \"", Q_GOOD, " a " },
		{ "\"\x7F\"", Q_GOOD, "\x7F" }, { "\"\\u0000\"", Q_GARBLED, NULL },
		{ "\"\\b\"", Q_GARBLED, NULL }, { "\"\\uD83D\"", Q_GARBLED, NULL },
		{ "\"\\uD83Dx\"", Q_GARBLED, NULL }, { "\"\\uD83D\\u0041\"", Q_GARBLED, NULL },
		{ "\"\\uDE00\"", Q_GARBLED, NULL },
		{ "\"degr\xE9\"", Q_GOOD, "degr\xC3\xA9" }, /* Latin-1 */
		{ "\"\xC3\xA9 degr\xE9\"", Q_GOOD,
			"\xC3\x83\xC2\xA9 degr\xC3\xA9" }, /* all of it */
	};
	struct point pt = http_feed_read(&ins, HTTP_PT_JSON, "a", HTTP_TEXT);
	char page[200], longest[100];

	for (size_t i = 0; i < NELEM(rows); i++) {
		snprintf(page, sizeof(page), "{\"a\":%s}", rows[i].json);
		assert_int_equal(read_page(&pt, 1, page), 0);
		if (r[0].quality != rows[i].quality)
			fail_msg("%s", rows[i].json);
		if (rows[i].text != NULL)
			assert_string_equal(r[0].text, rows[i].text);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + 62, "\xC3\xA9", 3);
	snprintf(page, sizeof(page), "{\"a\":\"%s\"}", longest);
	assert_int_equal(read_page(&pt, 1, page), 0);
	assert_int_equal(r[0].quality, Q_TEXT_CUT);
	assert_int_equal(strlen(r[0].text), 62);
	/* A name in Latin-1. */
	pt = http_feed_read(&ins, HTTP_PT_JSON, "\xC3\xA9t\xC3\xA9", HTTP_NUMBER);
	assert_int_equal(read_page(&pt, 1, "{\"\xE9t\xE9\":4}"), 0);
	assert_true(r[0].quality == Q_GOOD && r[0].v.f == 4);
}

/* ---- what is no JSON ---- */

static void
test_what_is_refused(void **state)
{
	static const char *const pages[] = { "", " ", "\xEF\xBB\xBF{}", "{", "[", "{]", "[}", "{}x",
		"{} {}", "{a:1}", "{'a':1}", "{\"a\" 1}", "{\"a\":}", "{\"a\":1,}", "{,}", "[1,]",
		"[,1]", "[1 2]", "{\"a\":1 \"b\":2}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}",
		"{\"a\":1.}", "{\"a\":1e}", "{\"a\":1e+}", "{\"a\":-}", "{\"a\":--1}",
		"{\"a\":0x10}", "{\"a\":1_0}", "{\"a\":NaN}", "{\"a\":Infinity}",
		"{\"a\":-Infinity}", "{\"a\":True}", "{\"a\":tru}", "{\"a\":truex}", "{\"a\":nul",
		"{\"a\":\"\n\"}", "{\"a\":\"\t\"}", "{\"a\":\"\\'\"}", "{\"a\":\"\\x41\"}",
		"{\"a\":\"\\u12G4\"}", "{\"a\":\"\\u12", "{\"a\":\"\\", "{\"a\":\"",
		"{\"a\":1}/*c*/", "//c\n{}", "<Response></Response>", "x", "\"", "{\"a\":1}}",
		"{\"a\":1]", "\x01", "{\"a\":1\x0C}", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]" };
	struct point pt = http_feed_read(&ins, HTTP_PT_JSON, "a", HTTP_NUMBER);

	for (size_t i = 0; i < NELEM(pages); i++) {
		if (read_page(&pt, 1, pages[i]) != DECODE_BAD)
			fail_msg("taken: %s", pages[i]);
		assert_memory_equal(err.msg, "JSON at byte ", 13);
		assert_int_equal(out.n, 0);
	}
	assert_int_equal(read_page(&pt, 1, "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), 0); /* 16 deep */
	assert_int_equal(r[0].quality, Q_MISSING);
	assert_int_equal(read_page(&pt, 1, "7"), 0);
	assert_int_equal(r[0].quality, Q_MISSING);
}

static void
test_the_place_of_an_error(void **state)
{
	struct point pt = http_feed_read(&ins, HTTP_PT_JSON, "a", HTTP_NUMBER);

	assert_int_equal(read_page(&pt, 1, "{\"a\":1,}"), DECODE_BAD);
	assert_string_equal(err.msg, "JSON at byte 7: a name is missing");
	assert_int_equal(read_page(&pt, 1, "{\"a\":1"), DECODE_BAD);
	assert_string_equal(err.msg, "JSON at byte 6: it breaks off");
}

/* A page that breaks off at any byte gives no value at all; a byte that is garbled never one to a neighbour. */
static void
test_broken_at_each_place(void **state)
{
	static const char page[] = "{\"io\":{\"ai\":[{\"i\":0,\"v\":2.5},{\"i\":1,\"v\":-7e1,\"s\":"
				   "\"\\u0041b\"}],\"t\":true,\"n\":null}}";
	struct point pts[] = {
		http_feed_read(&ins, HTTP_PT_JSON, "io.ai[i=1].v", HTTP_NUMBER),
		http_feed_read(&ins, HTTP_PT_JSON, "io.ai[1].s", HTTP_TEXT),
		http_feed_read(&ins, HTTP_PT_JSON, "io.t", HTTP_BOOL),
	};
	char part[sizeof(page)];

	for (size_t n = 0; n < sizeof(page) - 1; n++) {
		memcpy(part, page, n);
		part[n] = '\0';
		assert_int_equal(read_page(pts, 3, part), DECODE_BAD);
		for (unsigned wrong = 1; wrong < 256; wrong++) {
			memcpy(part, page, sizeof(page));
			part[n] = (char)wrong;
			if (read_page(pts, 3, part) != 0)
				continue;
			assert_int_equal(out.n, 3);
			if (r[2].quality == Q_GOOD)
				assert_true(r[2].v.i == 1);
		}
	}
}

static void
test_a_huge_page(void **state)
{
	static char page[CODEC_FRAME_MAX];
	struct point pts[] = { http_feed_read(&ins, HTTP_PT_JSON, "A0", HTTP_NUMBER),
		http_feed_read(&ins, HTTP_PT_JSON, "A999", HTTP_NUMBER),
		http_feed_read(&ins, HTTP_PT_JSON, "A1000", HTTP_NUMBER) };
	size_t n = 1;

	page[0] = '{';
	for (int i = 0; i < 1000; i++)
		n += (size_t)snprintf(
			page + n, sizeof(page) - n, "%s\"A%d\":%d", i == 0 ? "" : ",", i, i * 2);
	snprintf(page + n, sizeof(page) - n, "}");
	assert_true(n > 11000);
	assert_int_equal(read_page(pts, 3, page), 0);
	assert_true(r[0].quality == Q_GOOD && r[0].v.f == 0);
	assert_true(r[1].quality == Q_GOOD && r[1].v.f == 1998);
	assert_int_equal(r[2].quality, Q_MISSING);
}

/* ---- options ---- */

static void
test_paths(void **state)
{
	static const char *const good[] = { "a", "a.b", "a[0]", "[0]", "[0][1].x", "[\"a b\"]",
		"a[\"\"]", "a-b_c.$d", "3.4", "\xC3\xA9", "a[99999]", "a[b=1].c", "a[b=\"x y\"]",
		"a[b=\"]\"]", "[b=-1.5]", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a" };
	static const char *const bad[] = { "", ".", ".a", "a.", "a..b", "a[", "a[]", "a[0", "a[0]b",
		"a[0].", "a b", "a[b]", "a[b=]", "a[=1]", "a[\"x]", "a[\"x\"", "a[\"\\n\"]",
		"a[100000]", "a[-1]", "a\"b", "a[b=\"x]", "a]", "a[0 ]", "a\x1F\x62", "a\nb",
		"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "a=b",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	struct optvals v = http_feed_opts();
	int opt;

	for (size_t i = 0; i < NELEM(good); i++) {
		v.text[HTTP_PT_JSON] = good[i];
		if (http_feed_fault(&ins, &v, false, &opt) != NULL)
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < NELEM(bad); i++) {
		v.text[HTTP_PT_JSON] = bad[i];
		if (http_feed_fault(&ins, &v, false, &opt) == NULL)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(opt, HTTP_PT_JSON);
	}
	v.text[HTTP_PT_JSON] = "a";
	v.num[HTTP_PT_TYPE] = HTTP_BOOL;
	v.text[HTTP_PT_ON] = "open"; /* alone: anything else would be off */
	assert_non_null(http_feed_fault(&ins, &v, false, &opt));
	v.text[HTTP_PT_OFF] = "closed";
	assert_null(http_feed_fault(&ins, &v, false, &opt));
	v.num[HTTP_PT_TYPE] = HTTP_NUMBER;
	assert_non_null(http_feed_fault(&ins, &v, false, &opt));
}

/* ---- "status": "Error" with status 200 ---- */

static void
test_what_the_answer_says_of_itself(void **state)
{
	struct instrument ipx = ins;
	struct point pt;

	ipx.opts.text[HTTP_OPT_OK_JSON] = "status";
	ipx.opts.text[HTTP_OPT_OK_IS] = "Success";
	assert_int_equal(codec_http.check(&ipx, &err), 0);
	pt = http_feed_read(&ipx, HTTP_PT_JSON, "R1", HTTP_BOOL);
#define ANSWER(page) http_feed_page(&ipx, &pt, 1, 200, page, strlen(page), r, &out, &err)
	assert_int_equal(ANSWER("{\"product\":\"IPX800_V4\",\"status\":\"Success\",\"R1\":1}"), 0);
	assert_true(r[0].quality == Q_GOOD && r[0].v.i == 1);
	assert_int_equal(ANSWER("{\"product\":\"IPX800_V4\",\"status\":\"Error\",\"R1\":1}"),
		DECODE_REFUSED);
	assert_string_equal(err.msg, "the device says 'Error' for status");
	assert_true(out.refusal.quality == Q_BAD_REQUEST && out.refusal.of == REFUSED_ALL);
	assert_int_equal(ANSWER("{\"R1\":1}"), DECODE_REFUSED);
	assert_int_equal(ANSWER("{\"status\":{},\"R1\":1}"), DECODE_REFUSED);
	assert_int_equal(
		ANSWER("{\"status\":\"Success\",\"status\":\"Success\",\"R1\":1}"), DECODE_REFUSED);
	assert_int_equal(ANSWER("<html>"), DECODE_BAD);
	ipx.opts.text[HTTP_OPT_OK_JSON] = "success";
	ipx.opts.text[HTTP_OPT_OK_IS] = "1";
	assert_int_equal(ANSWER("{\"success\":\"1\",\"R1\":0}"), 0);
	assert_int_equal(ANSWER("{\"success\":1,\"R1\":0}"), 0);
	assert_int_equal(ANSWER("{\"success\":0,\"R1\":0}"), DECODE_REFUSED);
#undef ANSWER
	ipx.opts.text[HTTP_OPT_OK_IS] = NULL;
	assert_int_equal(codec_http.check(&ipx, &err), ERR_CONF);
	assert_int_equal(err.sys, HTTP_OPT_OK_JSON);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moxa),
		cmocka_unit_test(test_elements_by_what_they_say),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_numbers_in_quotes),
		cmocka_unit_test(test_words_for_a_truth),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_the_place_of_an_error),
		cmocka_unit_test(test_broken_at_each_place),
		cmocka_unit_test(test_a_huge_page),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_what_the_answer_says_of_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
