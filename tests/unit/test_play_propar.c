/* test_play_propar.c - simulated flow controllers: the vectors of ProPar, and what they refuse */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "play_rig.h"

enum { MEASURE, SETPOINT, MODE, TEMPERATURE, TAG, COUNTER, OTHER };

static int
setup(void **state)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "flow", "127.0.0.1", 1502);
	uint32_t p;

	image_builder_instrument(b, "here", "propar", link, "node=128", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "measure", "process=1 parameter=0 type=measure", 0);
	p = image_builder_point(b, "setpoint", "process=1 parameter=1 type=int16", 0);
	image_builder_write(b, p, "process=1 parameter=1 type=int16");
	p = image_builder_point(b, "mode", "process=1 parameter=4 type=int8", 0);
	image_builder_write(b, p, "process=1 parameter=4 type=int8");
	image_builder_point(b, "temperature", "process=33 parameter=7 type=float", 0);
	image_builder_point(b, "tag", "process=113 parameter=6 type=string", 0);
	image_builder_preset(b, "process=1 parameter=18 type=int8", (union value){ .u = 1 });
	image_builder_instrument(b, "far", "propar", link, "node=3", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "counter", "process=104 parameter=1 type=float", 0);
	/* The same node again: one device. */
	image_builder_instrument(b, "far2", "propar", link, "node=3", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "unit", "process=104 parameter=7 type=int8", 0);
	image_builder_preset(b, "process=104 parameter=7 type=int8", (union value){ .u = 2 });
	image_builder_twin(
		b, &(struct image_twin){ .point = MEASURE, .follows = SETPOINT, .gain = 1 });
	return play_start(state, b);
}

static void
test_vectors(void **state)
{
	struct play *f = *state;
	const char *const ask = "3A 30 36 38 30 30 34 30 31 32 31 30 31 32 30 0D 0A";

	/* What asks on an int16 with number 1 in process 1 gets the measure, number 0. */
	twin_set(f->t, MEASURE, 16000);
	play_expect(f->t, ask, "3A 30 36 38 30 30 32 30 31 32 31 33 45 38 30 0D 0A");
	assert_int_equal(play_read(f->t, f->img, MEASURE, Q_GOOD, NULL).i, 16000);
	twin_set(f->t, MEASURE, -100);
	play_expect(f->t, ask, "3A 30 36 38 30 30 32 30 31 32 31 46 46 39 42 0D 0A");
	assert_int_equal(play_read(f->t, f->img, MEASURE, Q_GOOD, NULL).i, -100);
	twin_set(f->t, COUNTER, (double)5023.96f);
	play_expect(f->t, "3A 30 36 30 33 30 34 36 38 34 31 36 38 34 31 0D 0A",
		"3A 30 38 30 33 30 32 36 38 34 31 34 35 39 43 46 46 41 45 0D 0A");
	assert_float_equal(play_read(f->t, f->img, COUNTER, Q_GOOD, NULL).f, 5023.96, 1e-3);
	play_expect(f->t, "3A 30 36 38 30 30 31 30 31 32 31 33 45 38 30 0D 0A",
		"3A 30 34 38 30 30 30 30 30 30 35 0D 0A");
	assert_float_equal(twin_value(f->t, SETPOINT), 16000, 0);
	twin_set(f->t, MEASURE, 16000);
	play_expect(
		f->t, "10 02 01 80 05 04 01 20 01 20 10 03", "10 02 01 80 05 02 01 20 3E 80 10 03");
}

static void
test_a_written_setpoint_is_followed(void **state)
{
	struct play *f = *state;

	twin_step(f->t, 0);
	play_codec_write(f->t, f->img, SETPOINT, (union value){ .u = 16000 });
	twin_step(f->t, NS_PER_S);
	assert_int_equal(play_read(f->t, f->img, MEASURE, Q_GOOD, NULL).i, 16000);
	assert_int_equal(play_read(f->t, f->img, SETPOINT, Q_GOOD, NULL).u, 16000);
	play_expect_text(f->t, ":06800201210100\r\n", ""); /* a write that wants no answer */
	assert_float_equal(twin_value(f->t, SETPOINT), 256, 0);
}

static void
test_control_mode(void **state)
{
	struct play *f = *state;

	twin_step(f->t, 0);
	play_expect_text(f->t, ":058001010401\r\n", ":0480000004\r\n"); /* analogue input */
	play_expect_text(f->t, ":06800101213E80\r\n", ":0480000005\r\n");
	twin_step(f->t, NS_PER_S);
	assert_int_equal(play_read(f->t, f->img, SETPOINT, Q_GOOD, NULL).u, 16000);
	assert_int_equal(play_read(f->t, f->img, MEASURE, Q_GOOD, NULL).i, 0);
	play_expect_text(f->t, ":058001010412\r\n", ":0480000004\r\n");
	twin_step(f->t, 2 * NS_PER_S);
	assert_int_equal(play_read(f->t, f->img, MEASURE, Q_GOOD, NULL).i, 16000);
	play_expect_text(f->t, ":058001010403\r\n", ":0480000004\r\n"); /* valve closed */
	assert_int_equal(play_read(f->t, f->img, MEASURE, Q_GOOD, NULL).i, 0);
}

static void
test_chains(void **state)
{
	struct play *f = *state;

	twin_set(f->t, MEASURE, 1);
	twin_set(f->t, SETPOINT, 2);
	twin_set(f->t, TEMPERATURE, 25);
	/* two parameters of process 1, then one of 33: both bits 7 */
	play_expect_text(
		f->t, ":0D800481A1012022012121472147\r\n", ":0F800281A10001220002214741C80000\r\n");
	/* one of them is missing: none is told */
	play_expect_text(f->t, ":09800401A10120220126\r\n", ":0480000405\r\n");
	/* two parameters written at once */
	play_expect_text(f->t, ":0880010184122100FF\r\n", ":0480000007\r\n");
}

static void
test_refusals(void **state)
{
	struct play *f = *state;

	play_expect_text(f->t, ":06800402210220\r\n", ":0480000302\r\n"); /* no such process */
	play_expect_text(f->t, ":06800401210125\r\n", ":0480000402\r\n"); /* no such parameter */
	play_expect_text(f->t, ":06800401010100\r\n", ":0480000502\r\n"); /* another type */
	play_expect_text(f->t, ":058001010100\r\n", ":0480000502\r\n");   /* nor written as one */
	play_expect_text(f->t, ":06800101218000\r\n", ":0480000603\r\n"); /* above 32767 */
	play_expect_text(f->t, ":06800101200001\r\n", ":0480000D03\r\n"); /* for reading only */
	play_expect_text(f->t, ":07800401210120\r\n", ":028004\r\n");     /* wrong length */
	play_expect_text(f->t, ":028007\r\n", ":0480000200\r\n");         /* no such command */
	play_expect_text(f->t, ":06050401210120\r\n", ":028005\r\n");     /* no such node */
	play_expect_text(f->t, ":0G800401210120\r\n", ":028004\r\n");     /* no digits */
	play_expect(f->t, "10 02 07 05 05 04 01 20 01 20 10 03", "10 02 07 80 01 05 10 03");
	assert_float_equal(twin_value(f->t, SETPOINT), 0, 0);
}

static void
test_texts_and_identity(void **state)
{
	struct play *f = *state;
	char text[96];

	play_read(f->t, f->img, TAG, Q_GOOD, text);
	assert_string_equal(text, "here");
	play_expect_text(f->t, ":078004716671660A\r\n", ":0F800271660A68657265202020202020\r\n");
	play_identify(f->t, f->img, 0, text, sizeof(text));
	assert_string_equal(text, "Bronkhorst mbc twin here");
	play_identify(f->t, f->img, 2, text, sizeof(text));
	assert_string_equal(text, "Bronkhorst mbc twin far");
}

static void
test_a_node_of_two_instruments_is_one(void **state)
{
	struct play *f = *state;

	twin_set(f->t, OTHER, 7);
	assert_int_equal(play_read(f->t, f->img, OTHER, Q_GOOD, NULL).u, 7);
}

/* What init: writes is a parameter of the device, as sent by a master of this protocol: see the exchanges of setpoint and mode. */
static void
test_parameters_of_init(void **state)
{
	struct play *f = *state;

	play_expect_text(f->t, ":06800401120112\r\n",
		":0580020112"
		"00\r\n");
	play_expect_text(f->t, ":058001011201\r\n", ":0480000004\r\n");
	play_expect_text(f->t, ":06800401120112\r\n",
		":0580020112"
		"01\r\n");
	/* A channel reads the same one. */
	play_expect_text(f->t, ":050301680702\r\n", ":0403000004\r\n");
	assert_int_equal(play_read(f->t, f->img, OTHER, Q_GOOD, NULL).u, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_vectors, setup, play_stop),
		cmocka_unit_test_setup_teardown(
			test_a_written_setpoint_is_followed, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_control_mode, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_chains, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_refusals, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_texts_and_identity, setup, play_stop),
		cmocka_unit_test_setup_teardown(
			test_a_node_of_two_instruments_is_one, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_parameters_of_init, setup, play_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
