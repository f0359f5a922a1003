/* test_play_k8090.c - a simulated relay board: what it answers, and when it says something by itself */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "play_rig.h"

enum { RELAY_1, RELAY_3 };

static int
setup(void **state)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "l", "127.0.0.1", 1502);

	image_builder_instrument(b, "board", "k8090", link, "", NS_PER_S, NS_PER_S, 1);
	image_builder_write(b, image_builder_point(b, "relay1", "relay=1", 0), "relay=1");
	image_builder_write(b, image_builder_point(b, "relay3", "relay=3", 0), "relay=3");
	return play_start(state, b);
}

static void
test_vectors(void **state)
{
	struct play *f = *state;

	play_expect(f->t, "04 18 00 00 00 E4 0F", "04 51 00 00 00 AB 0F");
	play_expect(f->t, "04 11 01 00 00 EA 0F", "04 51 00 01 00 AA 0F");
	assert_int_equal(play_read(f->t, f->img, RELAY_1, Q_GOOD, NULL).i, 1);
	play_expect(f->t, "04 11 01 00 00 EA 0F", ""); /* it has this position already */
	play_expect(f->t, "04 12 01 00 00 E9 0F", "04 51 01 00 00 AA 0F");
	assert_int_equal(play_read(f->t, f->img, RELAY_1, Q_GOOD, NULL).i, 0);
}

static void
test_relays_without_a_channel(void **state)
{
	struct play *f = *state;

	play_expect(f->t, "04 11 86 00 00 65 0F", "04 51 00 86 00 25 0F");
	assert_float_equal(twin_value(f->t, RELAY_3), 1, 0);
	play_expect(f->t, "04 12 82 00 00 68 0F", "04 51 86 04 00 21 0F");
}

static void
test_a_wrong_check_is_passed_over(void **state)
{
	struct play *f = *state;
	static const uint8_t wrong[] = { 0x04, 0x11, 0x01, 0, 0, 0xEB, 0x0F };

	assert_int_equal(twin_cut(f->t, 0, wrong, sizeof(wrong), WIRE_OPEN), CUT_SKIP(1));
	play_expect(f->t, "04 14 01 00 00 E7 0F", ""); /* a command that is not played */
}

static void
test_writes_through_the_codec(void **state)
{
	struct play *f = *state;
	char text[96];

	for (int i = 0; i < 2; i++) {
		play_codec_write(f->t, f->img, RELAY_3, (union value){ .i = 1 });
		assert_float_equal(twin_value(f->t, RELAY_3), 1, 0);
	}
	play_codec_write(f->t, f->img, RELAY_3, (union value){ .i = 0 });
	assert_int_equal(play_read(f->t, f->img, RELAY_3, Q_GOOD, NULL).i, 0);
	play_identify(f->t, f->img, 0, text, sizeof(text));
	assert_string_equal(text, "Velleman K8090 firmware 1.0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_vectors, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_relays_without_a_channel, setup, play_stop),
		cmocka_unit_test_setup_teardown(
			test_a_wrong_check_is_passed_over, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_writes_through_the_codec, setup, play_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
