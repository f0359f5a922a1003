/* test_play_tpg.c - simulated gauge controllers: the handshake step by step */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "play_rig.h"

enum { PRESSURE, PRESSURE_2, TYPES, UNIT, ERROR };

static int
setup(void **state)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "l", "127.0.0.1", 1502);

	image_builder_instrument(b, "gauge", "tpg", link, "", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "p", "gauge=1", 0);
	image_builder_point(b, "types", "ask=TID", 0);
	image_builder_point(b, "unit", "ask=UNI type=number", 0);
	image_builder_point(b, "second", "ask=SP1 field=2 type=number", 0);
	return play_start(state, b);
}

enum { SECOND = 3 };

static void
test_vectors(void **state)
{
	struct play *f = *state;

	twin_set(f->t, PRESSURE, 1013);
	play_expect(f->t, "05", ""); /* nothing was asked yet */
	play_expect(f->t, "50 52 31 0D 0A", "06 0D 0A");
	play_expect(f->t, "05", "30 2C 31 2E 30 31 33 30 45 2B 30 33 0D 0A");
	play_expect(
		f->t, "05", "30 2C 31 2E 30 31 33 30 45 2B 30 33 0D 0A"); /* as often as asked */
	assert_float_equal(play_read(f->t, f->img, PRESSURE, Q_GOOD, NULL).f, 1013, 0);
}

static void
test_questions(void **state)
{
	struct play *f = *state;
	char text[96];

	twin_set(f->t, PRESSURE, 2.5e-7);
	play_expect_text(f->t, "PRX\r\n", "\x06\r\n");
	play_expect_text(f->t, "\x05", "0,2.5000E-07,5,0.0000E+00\r\n");
	play_expect_text(f->t, "PR2\r\n", "\x06\r\n");
	play_expect_text(f->t, "\x05", "5,0.0000E+00\r\n");
	play_expect_text(f->t, "ERR\r\n", "\x06\r\n");
	play_expect_text(f->t, "\x05", "0000\r\n");
	play_read(f->t, f->img, TYPES - 1, Q_GOOD, text);
	assert_string_equal(text, "TPR,noSE");
	twin_set(f->t, SECOND, 4);
	assert_float_equal(play_read(f->t, f->img, SECOND, Q_GOOD, NULL).f, 4, 0);
	play_identify(f->t, f->img, 0, text, sizeof(text));
	assert_string_equal(text, "Pfeiffer TPG, firmware twin");
}

static void
test_what_is_not_known_is_refused(void **state)
{
	struct play *f = *state;

	play_expect_text(f->t, "PR1\r\n", "\x06\r\n");
	play_expect_text(f->t, "PR3\r\n", "\x15\r\n"); /* a controller of two gauges */
	play_expect_text(f->t, "\x05", "");
	play_expect_text(f->t, "COM,1\r\n", "\x15\r\n");
	play_expect_text(f->t, "P\r\n", "\x15\r\n");
	play_expect_text(f->t, "UNI,9\r\n", "\x15\r\n");
	play_expect_text(f->t, "\x05", "");
}

static void
test_the_unit_can_be_set(void **state)
{
	struct play *f = *state;

	play_expect_text(f->t, "UNI,2\r\n", "\x06\r\n");
	play_expect_text(f->t, "\x05", "2\r\n");
	assert_float_equal(twin_value(f->t, UNIT - 1), 2, 0);
}

static void
test_etx_forgets_the_question(void **state)
{
	struct play *f = *state;

	play_expect_text(f->t, "PR1\r\n", "\x06\r\n");
	play_expect_text(f->t, "\x03", "");
	play_expect_text(f->t, "\x05", "");
	/* half a question before ENQ is gone */
	assert_int_equal(twin_cut(f->t, 0, (const uint8_t *)"PR\x05", 3, WIRE_OPEN), CUT_SKIP(2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_vectors, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_questions, setup, play_stop),
		cmocka_unit_test_setup_teardown(
			test_what_is_not_known_is_refused, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_the_unit_can_be_set, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_etx_forgets_the_question, setup, play_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
