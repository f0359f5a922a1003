/* test_play_http.c - a simulated web service: its page, and what is no page of it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "play_rig.h"

enum { SUM, NAME, ON, OTHER, TOO };

static int
setup(void **state)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "l", "127.0.0.1", 1502);

	image_builder_instrument(
		b, "web", "http", link, "path=/service/method", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "sum", "terminal=Sum", 0);
	image_builder_point(b, "name", "terminal=Na&me type=text", 0);
	image_builder_point(b, "on", "terminal=On type=bool", 0);
	image_builder_instrument(b, "web2", "http", link, "path=/other", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "other", "terminal=Other", 0);
	/* The same page again: it shows both. */
	image_builder_instrument(b, "web3", "http", link, "path=/other", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "too", "terminal=Too", 0);
	return play_start(state, b);
}

#define HEAD(status, type, length)                                                                 \
	"HTTP/1.1 " status "\r\nContent-Type: " type "\r\nContent-Length: " length                 \
	"\r\nConnection: keep-alive\r\n\r\n"

static void
test_page(void **state)
{
	struct play *f = *state;
	char text[VALUE_TEXT_MAX + 1];

	twin_set(f->t, SUM, 9);
	twin_set(f->t, ON, 1);
	play_expect_text(f->t, "GET /service/method HTTP/1.1\r\nHost: bench\r\n\r\n",
		HEAD("200 OK", "text/xml",
			"194") "<Response><Terminal><Name>Sum</Name><Value>9.000000</Value></"
			       "Terminal>"
			       "<Terminal><Name>Na&amp;me</Name><Value>web</Value></Terminal>"
			       "<Terminal><Name>On</Name><Value>1</Value></Terminal></Response>");
	assert_float_equal(play_read(f->t, f->img, SUM, Q_GOOD, NULL).f, 9, 0);
	assert_int_equal(play_read(f->t, f->img, ON, Q_GOOD, NULL).i, 1);
	play_read(f->t, f->img, NAME, Q_GOOD, text);
	assert_string_equal(text, "web");
}

static void
test_two_instruments_of_one_page(void **state)
{
	struct play *f = *state;

	twin_set(f->t, OTHER, -0.5);
	twin_set(f->t, TOO, 1e30);
	assert_float_equal(play_read(f->t, f->img, OTHER, Q_GOOD, NULL).f, -0.5, 0);
	assert_float_equal(play_read(f->t, f->img, TOO, Q_GOOD, NULL).f, 1e15, 0);
}

static void
test_what_is_no_page(void **state)
{
	struct play *f = *state;

	play_expect_text(f->t, "GET /service HTTP/1.1\r\n\r\n",
		HEAD("404 Not Found", "text/plain", "9") "Not Found");
	play_expect_text(f->t, "POST /other HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc",
		HEAD("405 Method Not Allowed", "text/plain", "18") "Method Not Allowed");
	play_expect_text(f->t, "GET /other FTP/1.1\r\n\r\n",
		HEAD("400 Bad Request", "text/plain", "11") "Bad Request");
	assert_true(twin_is_strict(f->t, 0));
	assert_int_equal(twin_cut(f->t, 0, (const uint8_t *)"\x16\x03", 2, WIRE_OPEN), CUT_SKIP(2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_page, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_two_instruments_of_one_page, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_what_is_no_page, setup, play_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
