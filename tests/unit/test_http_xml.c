/* test_http_xml.c - values of XML pages by paths of elements */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "http_feed.h"

#define MANY 32
#define DEEP                                                                                       \
	"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></"   \
	"a></a>"                                                                                   \
	"</a></a></a></a></a></a>"

static const struct instrument ins = { .opts.text = { [HTTP_OPT_PATH] = "/globalstatus.xml" },
	.name = "io" };

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

	for (size_t i = 0; i < n; i++) {
		struct optvals v = http_feed_opts();

		v.text[HTTP_PT_XML] = rows[i].path;
		v.num[HTTP_PT_TYPE] = rows[i].type;
		if (rows[i].type == HTTP_BOOL && rows[i].text != NULL) {
			v.text[HTTP_PT_ON] = "dn";
			v.text[HTTP_PT_OFF] = "up";
		}
		pts[i] = http_feed_point(&ins, &v, NULL);
	}
	if (read_page(pts, n, page) != 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < n; i++) {
		if (r[i].quality != rows[i].quality)
			fail_msg("%s: quality %u, not %u", rows[i].path, r[i].quality,
				rows[i].quality);
		if (rows[i].quality != Q_GOOD)
			assert_true(r[i].v.u == 0 && r[i].text == NULL);
		else if (rows[i].type == HTTP_TEXT)
			assert_string_equal(r[i].text, rows[i].text);
		else
			assert_true((rows[i].type == HTTP_BOOL ? (double)r[i].v.i : r[i].v.f) ==
				    rows[i].v);
	}
}

static void
test_ipx800(void **state)
{
	static const struct row rows[] = {
		{ "response/version", HTTP_TEXT, Q_GOOD, 0, "3.05.62" },
		{ "response/led0", HTTP_BOOL, Q_GOOD, 1, NULL },
		{ "response/led31", HTTP_BOOL, Q_GOOD, 0, NULL },
		{ "response/btn0", HTTP_BOOL, Q_GOOD, 0, "words" },
		{ "response/btn31", HTTP_BOOL, Q_GOOD, 1, "words" },
		{ "response/btn1", HTTP_BOOL, Q_NOT_A_NUMBER, 0, "words" },
		{ "response/btn0", HTTP_BOOL, Q_NOT_A_NUMBER, 0, NULL },
		{ "response/day", HTTP_TEXT, Q_GOOD, 0, "05/01/2026" },
		{ "response/analog0", HTTP_NUMBER, Q_GOOD, 619, NULL },
		{ "response/analog15", HTTP_NUMBER, Q_MISSING, 0, NULL },
		{ "response/tinfo", HTTP_NUMBER, Q_NOT_A_NUMBER, 0, NULL },
		{ "response/pingmsg", HTTP_TEXT, Q_GOOD, 0, "" },
		{ "led0", HTTP_NUMBER, Q_MISSING, 0, NULL },
		{ "response", HTTP_NUMBER, Q_WRONG_ANSWER, 0, NULL },
	};

	check("<?xml version=\"1.0\"?>\r\n<response>\n<version>3.05.62</version>"
	      "<led0>1</led0><led31>0</led31>          <!-- relays, 0/1 -->\n"
	      "<btn0>up</btn0><btn1>?</btn1><btn31>dn </btn31><day>05/01/2026 </day>"
	      "<analog0>619</analog0><tinfo>---</tinfo><pingmsg/></response>\n<!-- end -->\n",
		rows, NELEM(rows));
}

static void
test_mks(void **state)
{
	static const struct row rows[] = {
		{ "PollResponse/V[@Name=\"EVID_0\"]", HTTP_HEX_FLOAT, Q_GOOD, 12.5, NULL },
		{ "PollResponse/V[@Name=\"EVID_1\"]", HTTP_HEX_FLOAT, Q_GOOD, -2, NULL },
		{ "PollResponse/V[@Name=\"EVID_2\"]", HTTP_HEX_FLOAT, Q_MISSING, 0, NULL },
		{ "PollResponse/V[@Name=\"EVID_3\"]", HTTP_HEX_FLOAT, Q_NOT_A_NUMBER, 0, NULL },
		{ "PollResponse/V[@Name=\"EVID_4\"]", HTTP_HEX_FLOAT, Q_NOT_A_NUMBER, 0, NULL },
		{ "PollResponse/V[@Name=\"EVID_5\"]", HTTP_HEX_FLOAT, Q_NOT_A_NUMBER, 0, NULL },
		{ "PollResponse/V[@Name=\"EVID_0\"]", HTTP_NUMBER, Q_NOT_A_NUMBER, 0, NULL },
		{ "PollResponse/V", HTTP_TEXT, Q_WRONG_ANSWER, 0, NULL },
		{ "PollResponse/V[@Name=\"a & b\"]", HTTP_TEXT, Q_GOOD, 0, "x" },
		{ "PollResponse/V[@Other=\"1\"]/@Name", HTTP_TEXT, Q_GOOD, 0, "a & b" },
		{ "PollResponse", HTTP_TEXT, Q_WRONG_ANSWER, 0, NULL },
		{ "PollResponse/@n", HTTP_NUMBER, Q_GOOD, 6, NULL },
		{ "PollResponse/@m", HTTP_NUMBER, Q_MISSING, 0, NULL },
	};

	check("<PollResponse n='6'><V Name=\"EVID_0\">0x41480000</V><V Name='EVID_1'>0XC0000000"
	      "</V>\n<V  Name = \"EVID_3\" >0x7F800000</V><V Name=\"EVID_4\">0x4148000</V>"
	      "<V Name=\"EVID_5\">0x4148000g</V>"
	      "<V Other=\"1\" Name=\"a &amp; b\">x</V></PollResponse>",
		rows, NELEM(rows));
}

static void
test_entities_namespaces_and_nesting(void **state)
{
	static const struct row rows[] = {
		{ "a/b", HTTP_TEXT, Q_GOOD, 0, "<1> \xC3\xA9" },
		{ "a/c/d", HTTP_NUMBER, Q_GOOD, 1, NULL },
		{ "a/d", HTTP_NUMBER, Q_MISSING, 0, NULL },
		{ "a/two", HTTP_NUMBER, Q_WRONG_ANSWER, 0, NULL },
		{ "a/cd", HTTP_TEXT, Q_WRONG_ANSWER, 0, NULL },
		{ "a/co", HTTP_NUMBER, Q_WRONG_ANSWER, 0, NULL },
		{ "a/bad", HTTP_TEXT, Q_GARBLED, 0, NULL },
		{ "a/c/two", HTTP_NUMBER, Q_GOOD, 9, NULL },
	};
	static const struct row latin[] = { { "a/b", HTTP_TEXT, Q_GOOD, 0, "degr\xC3\xA9" },
		{ "a/c", HTTP_TEXT, Q_GOOD, 0, "\xC3\x83\xC2\xA9" } };

	check("\xEF\xBB\xBF<!-- c --><x:a xmlns:x=\"http://x/y\"><x:b>&lt;1&gt; &#233;</x:b>"
	      "<c z='>'><d>1</d><two>9</two></c><two>1</two><two>1</two><cd><![CDATA[<1]]></cd>"
	      "<co>1<!-- 2 -->3</co><bad>&nope;</bad></x:a>",
		rows, NELEM(rows));
	/* One byte that is not UTF-8 makes all of the page Latin-1. */
	check("<a><b>degr\xE9</b><c>\xC3\xA9</c></a>", latin, NELEM(latin));
}

static void
test_what_is_refused(void **state)
{
	static const char *const pages[] = { "", " ", "{\"a\":1}", "<a>", "<a", "</a>", "<a></b>",
		"<a><b></a></b>", "<a></a>x", "<a></a><b/>", "<!DOCTYPE a><a/>", "<a b></a>",
		"<a b=c></a>", "<a b=\"c></a>", "<a><!-- </a>", "<a><![CDATA[ </a>", "<?xml ",
		"<a><?pi?></a>", "<a/", "<>", "<a><x:b></b></a>", "text<a/>", DEEP };
	struct point pt = http_feed_read(&ins, HTTP_PT_XML, "a/b", HTTP_NUMBER);

	for (size_t i = 0; i < NELEM(pages); i++) {
		if (read_page(&pt, 1, pages[i]) != DECODE_BAD)
			fail_msg("taken: %s", pages[i]);
		assert_memory_equal(err.msg, "XML at byte ", 12);
		assert_int_equal(out.n, 0);
	}
	assert_int_equal(read_page(&pt, 1, "<a/>"), 0);
	assert_int_equal(r[0].quality, Q_MISSING);
}

static void
test_broken_at_each_place(void **state)
{
	static const char page[] = "<r><!-- c --><v n=\"1\">7</v><s>&#65;b</s><e/></r>";
	struct point pts[] = { http_feed_read(&ins, HTTP_PT_XML, "r/v[@n=\"1\"]", HTTP_NUMBER),
		http_feed_read(&ins, HTTP_PT_XML, "r/s", HTTP_TEXT) };
	char part[sizeof(page)];

	for (size_t n = 0; n < sizeof(page) - 1; n++) {
		memcpy(part, page, n);
		part[n] = '\0';
		assert_int_equal(read_page(pts, 2, part), DECODE_BAD);
		for (unsigned wrong = 1; wrong < 256; wrong++) {
			memcpy(part, page, sizeof(page));
			part[n] = (char)wrong;
			if (read_page(pts, 2, part) == 0)
				assert_int_equal(out.n, 2);
		}
	}
}

static void
test_paths(void **state)
{
	static const char *const good[] = { "a", "a/b", "a/b[@c=\"d\"]/e", "a[@b=\"\"]", "a/@b",
		"a-b.c_d/e1", "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a",
		"a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/@x" };
	static const char *const bad[] = { "", "/a", "a/", "a//b", "a[", "a[0]", "a[b=\"c\"]",
		"a[@b]", "a[@b=c]", "a[@b=\"c]", "a[@b=\"c\"", "a/@b/c", "@a", "a/@", "a b", "a:b",
		"a/@b[@c=\"d\"]", "a[@=\"c\"]", "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a" };
	struct optvals v = http_feed_opts();
	int opt;

	for (size_t i = 0; i < NELEM(good); i++) {
		v.text[HTTP_PT_XML] = good[i];
		if (http_feed_fault(&ins, &v, false, &opt) != NULL)
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < NELEM(bad); i++) {
		v.text[HTTP_PT_XML] = bad[i];
		if (http_feed_fault(&ins, &v, false, &opt) == NULL)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(opt, HTTP_PT_XML);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipx800),
		cmocka_unit_test(test_mks),
		cmocka_unit_test(test_entities_namespaces_and_nesting),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_broken_at_each_place),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
