/* test_play_helper.c - a simulated program that brings an instrument along: its lines */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "play_rig.h"
#include "twin/fault.h"

enum { TEMPERATURE, STATE, LAMP, STEPS, FAR };

static int
setup(void **state)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "rig", "127.0.0.1", 7001);
	const struct image_link started = { .kind = LINK_HELPER };
	uint32_t own = image_builder_link(b, "own", "/\n/bin/true", 0);
	uint32_t p;

	image_builder_wire(b, own, &started);
	image_builder_instrument(b, "card", "helper", link, "", NS_PER_S, NS_PER_S, 1);
	p = image_builder_point(b, "T", "channel=T1", 0);
	image_builder_write(b, p, "channel=T_set");
	p = image_builder_point(b, "state", "channel=state type=text", 0);
	image_builder_write(b, p, "channel=state type=text");
	p = image_builder_point(b, "lamp", "channel=lamp type=bool", 0);
	image_builder_write(b, p, "channel=lamp type=bool");
	image_builder_point(b, "steps", "channel=steps type=int", 0);
	/* The same program. */
	image_builder_instrument(b, "more", "helper", link, "", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "far", "channel=far unit=bar", 0);
	/* One that mbc starts. */
	image_builder_instrument(b, "started", "helper", own, "", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "x", "channel=x", 0);
	return play_start(state, b);
}

static void
test_lines(void **state)
{
	struct play *f = *state;

	twin_set(f->t, TEMPERATURE, 21.5);
	twin_set(f->t, FAR, -1e-5);
	play_expect_text(f->t, "get T1\n", "ok 21.5\n");
	play_expect_text(f->t, "get T1\r\n", "ok 21.5\n");
	play_expect_text(f->t, "get state\n", "ok card\n");
	play_expect_text(f->t, "get lamp\n", "ok 0\n");
	play_expect_text(f->t, "get steps\n", "ok 0\n");
	play_expect_text(f->t, "get far\n", "ok -1e-05 bar\n");
	play_expect_text(f->t, "set T_set 1e3\n", "ok\n");
	play_expect_text(f->t, "get T1\n", "ok 1000\n");
	play_expect_text(f->t, "set state all is well\n", "ok\n");
	play_expect_text(f->t, "get state\n", "ok all is well\n");
	play_expect_text(f->t, "set lamp 1\n", "ok\n");
	assert_float_equal(twin_value(f->t, LAMP), 1, 0);
}

static void
test_refusals(void **state)
{
	struct play *f = *state;

	play_expect_text(f->t, "get T2\n", "err unknown channel T2\n");
	play_expect_text(f->t, "set T2 5\n", "err unknown channel T2\n");
	play_expect_text(f->t, "get x\n", "err unknown channel x\n");
	play_expect_text(f->t, "set steps 5\n", "err for reading only: steps\n");
	play_expect_text(f->t, "set T_set warm\n", "err no such value of T_set\n");
	play_expect_text(f->t, "set lamp 2\n", "err no such value of lamp\n");
	play_expect_text(f->t, "put lamp 1\n", "err neither get nor set\n");
	play_expect_text(f->t, "set lamp\n", "err neither get nor set\n");
	play_expect_text(f->t, "\n", "err neither get nor set\n");
	assert_float_equal(twin_value(f->t, LAMP), 0, 0);
}

static void
test_through_the_codec(void **state)
{
	struct play *f = *state;
	char text[VALUE_TEXT_MAX + 1];

	play_codec_write(f->t, f->img, TEMPERATURE, (union value){ .f = 0.1 });
	assert_float_equal(play_read(f->t, f->img, TEMPERATURE, Q_GOOD, NULL).f, 0.1, 0);
	play_codec_write_text(f->t, f->img, STATE, (union value){ 0 }, "two words");
	play_read(f->t, f->img, STATE, Q_GOOD, text);
	assert_string_equal(text, "two words");
	play_codec_write(f->t, f->img, LAMP, (union value){ .i = 1 });
	assert_int_equal(play_read(f->t, f->img, LAMP, Q_GOOD, NULL).i, 1);
}

static void
test_faults(void **state)
{
	static struct twin_reply got;
	struct play *f = *state;
	struct err err;

	assert_int_equal(fault_orders(f->t, "fault card=refuse", &err), 0);
	twin_reply(f->t, 0, (const uint8_t *)"set lamp 1\n", 11, &got);
	assert_memory_equal(got.bytes, "err refused\n", 12);
	assert_float_equal(twin_value(f->t, LAMP), 0, 0);
	assert_int_equal(fault_orders(f->t, "fault card=unsolicited", &err), 0);
	twin_reply(f->t, 0, (const uint8_t *)"get lamp\n", 9, &got);
	assert_memory_equal(got.bytes, "ev T1 0\nok 0\n", 13);
	assert_int_equal(fault_orders(f->t, "fault started=dead", &err), ERR_CONF);
}

static void
test_a_line_without_end_is_none(void **state)
{
	struct play *f = *state;
	uint8_t noise[1000];

	memset(noise, 'x', sizeof(noise));
	assert_int_equal(twin_cut(f->t, 0, noise, sizeof(noise) - 1, WIRE_OPEN), CUT_MORE);
	assert_int_equal(twin_cut(f->t, 0, noise, sizeof(noise), WIRE_OPEN), CUT_SKIP(1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_refusals, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_through_the_codec, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_faults, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_a_line_without_end_is_none, setup, play_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
