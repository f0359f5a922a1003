/* test_play_brooks.c - simulated flow controllers of Brooks: the exchanges of the manual, who is meant, and what they refuse */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec_feed.h"
#include "drivers/list.h"
#include "play_rig.h"
#include "twin/fault.h"

#define READ_FLOW "FF FF FF FF FF 82 0A 64 01 02 03 01 00 ED"
#define FLOW_12_5 "FF FF FF FF FF 86 0A 64 01 02 03 01 07 00 00 AB 41 48 00 00 4C"
#define SET_20 "FF FF FF FF FF 82 0A 64 01 02 03 EC 05 39 41 A0 00 00 DD"
#define IS_20 "FF FF FF FF FF 86 0A 64 01 02 03 EC 0C 00 00 39 41 A0 00 00 AB 41 20 00 00 1A"
#define WHO_HAS "FF FF FF FF FF 82 80 00 00 00 00 0B 06 CB 0E 70 CB 0C 31 4C"

enum {
	FLOW,
	STATUS,
	PERCENT,
	SETPOINT,
	VALVE,
	OVERRIDE,
	GAS,
	TAG,
	FULL_PERCENT,
	BY_TAG_FLOW,
	BY_TAG_TAG,
	BY_TAG_FULL,
	BY_TAG_AMOUNT,
	OTHER_PLACES
};
enum { ONE, SAME, BY_TAG, ELSEWHERE }; /* instruments */

static int
setup(void **state)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "flow", "127.0.0.1", 1502);
	uint32_t p;

	image_builder_instrument(
		b, "one", "brooks-s", link, "address=0A64010203", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "flow", "what=flow unit_code=171", 0);
	image_builder_point(b, "status", "what=device_status", 0);
	p = image_builder_point(b, "percent", "what=setpoint_percent", 0);
	image_builder_write(b, p, "what=setpoint_percent");
	p = image_builder_point(b, "setpoint", "what=setpoint", 0);
	image_builder_write(b, p, "what=setpoint");
	image_builder_point(b, "valve", "what=valve", 0);
	p = image_builder_point(b, "override", "what=valve_override", 0);
	image_builder_write(b, p, "what=valve_override");
	image_builder_point(b, "gas", "what=gas_name gas=2", 0);
	image_builder_point(b, "tag", "what=tag", 0);
	/* The same controller again: one device. */
	image_builder_instrument(
		b, "same", "brooks-s", link, "address=0A64010203", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "percent", "what=percent", 0);
	image_builder_instrument(b, "two", "brooks-s", link, "tag=20902001", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "flow", "what=flow", 0);
	image_builder_point(b, "tag", "what=tag", 0);
	image_builder_point(b, "full", "what=full_scale gas=1 unit_code=17", 0);
	image_builder_point(b, "amount", "what=setpoint unit_code=17", 0);
	image_builder_instrument(b, "three", "brooks-s", link, "tag=AB-00001 type_at=4 id_at=6",
		NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "dynamic", "command=3 at=5 type=float unit_code=171", 0);
	image_builder_twin(
		b, &(struct image_twin){ .point = FLOW, .follows = SETPOINT, .gain = 1 });
	return play_start(state, b);
}

/* One controller alone on its line. */
static int
setup_alone(void **state)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "flow", "127.0.0.1", 1502);

	image_builder_instrument(
		b, "one", "brooks-s", link, "address=0A64010203", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "message", "what=message", 0);
	image_builder_point(b, "part", "command=12 at=3 type=uint8", 0);
	image_builder_point(b, "note", "command=20 at=1 type=ascii length=5", 0);
	return play_start(state, b);
}

static void
expect_frame(struct twin *t, const char *ask, const char *answer)
{
	char question[600], wanted[600] = "";
	const char *const texts[] = { ask, answer };
	char *const out[] = { question, wanted };

	for (int i = 0; i < 2; i++) {
		uint8_t bytes[200];
		size_t n = feed_hex(texts[i], bytes, sizeof(bytes)), at = 0;
		unsigned check = 0;

		if (n == 0)
			continue;
		at += (size_t)snprintf(out[i], 600, "FF FF FF FF FF");
		for (size_t k = 0; k < n; k++) {
			check ^= bytes[k];
			at += (size_t)snprintf(out[i] + at, 600 - at, " %02X", bytes[k]);
		}
		snprintf(out[i] + at, 600 - at, " %02X", check);
	}
	play_expect(t, question, wanted);
}

/* ---- answers --------------------------------------------------------------------------------------------------------- */

static void
test_vectors(void **state)
{
	struct play *f = *state;

	twin_set(f->t, FLOW, 12.5);
	play_expect(f->t, READ_FLOW, FLOW_12_5);
	play_expect(f->t, SET_20, IS_20);
	assert_float_equal(twin_value(f->t, PERCENT), 20, 0);
	assert_float_equal(twin_value(f->t, SETPOINT), 10, 0);
	expect_frame(f->t, "82 0A 64 01 02 03 EB 00",
		"86 0A 64 01 02 03 EB 0C 00 00 39 41 A0 00 00 AB 41 20 00 00");
	/* as many FF as come, and an own question that comes back, are passed over */
	assert_int_equal(play_read(f->t, f->img, FLOW, Q_GOOD, NULL).f, 12.5);
}

static void
test_reading_through_the_codec(void **state)
{
	struct play *f = *state;
	char text[VALUE_TEXT_MAX + 1];

	twin_set(f->t, STATUS, 0x48);
	twin_set(f->t, VALVE, 3125000);
	twin_set(f->t, FULL_PERCENT, 50);
	twin_set(f->t, BY_TAG_FLOW, -1.5);
	twin_set(f->t, BY_TAG_FULL, 2);
	twin_set(f->t, OTHER_PLACES, 7);
	assert_int_equal(play_read(f->t, f->img, STATUS, Q_GOOD, NULL).u, 0x48);
	assert_int_equal(play_read(f->t, f->img, VALVE, Q_GOOD, NULL).u, 3125000);
	assert_float_equal(play_read(f->t, f->img, FULL_PERCENT, Q_GOOD, NULL).f, 50, 0);
	assert_float_equal(play_read(f->t, f->img, BY_TAG_FLOW, Q_GOOD, NULL).f, -1.5, 0);
	assert_float_equal(play_read(f->t, f->img, BY_TAG_FULL, Q_GOOD, NULL).f, 2, 0);
	assert_float_equal(play_read(f->t, f->img, OTHER_PLACES, Q_GOOD, NULL).f, 7, 0);
	play_read(f->t, f->img, GAS, Q_GOOD, text);
	assert_string_equal(text, "one");
	play_read(f->t, f->img, TAG, Q_GOOD, text);
	assert_string_equal(text, "ONE");
	play_read(f->t, f->img, BY_TAG_TAG, Q_GOOD, text);
	assert_string_equal(text, "20902001");
	/* the device status stands in each answer */
	expect_frame(f->t, "82 0A 64 01 02 03 E6 00", "86 0A 64 01 02 03 E6 03 00 48 00");
}

static void
test_a_text_to_the_end_and_what_stands_in_it(void **state)
{
	struct play *f = *state;

	twin_keep(f->t, 0, 0, "All is well");
	twin_set(f->t, 1, 0xAB);
	twin_keep(f->t, 2, 0, "abc");
	expect_frame(f->t, "82 0A 64 01 02 03 0C 00",
		"86 0A 64 01 02 03 0C 0B 00 00 04 C3 20 AB 38 17 14 C3 20");
	expect_frame(
		f->t, "82 0A 64 01 02 03 14 00", "86 0A 64 01 02 03 14 08 00 00 00 61 62 63 20 20");
}

static void
test_who_is_meant(void **state)
{
	struct play *f = *state;
	char text[96];

	play_identify(f->t, f->img, ONE, text, sizeof(text));
	assert_string_equal(text, "Brooks type 64 id 010203");
	play_identify(f->t, f->img, BY_TAG, text, sizeof(text));
	assert_memory_equal(text, "Brooks type 64 id ", 18);
	play_identify(f->t, f->img, ELSEWHERE, text, sizeof(text));
	assert_memory_equal(text, "Brooks type 64 id ", 18);
	expect_frame(f->t, "82 0A 64 01 02 03 00 00",
		"86 0A 64 01 02 03 00 0E 00 00 FE 0A 64 05 00 00 00 00 00 01 02 03");
	expect_frame(f->t, "82 0A 64 01 02 04 01 00", "");                   /* nobody */
	expect_frame(f->t, "82 80 00 00 00 00 0B 06 CB 0E 70 CB 0C 32", ""); /* another tag */
	expect_frame(f->t, "82 80 00 00 00 00 01 00", "");       /* to all: nothing but 11 */
	expect_frame(f->t, "86 0A 64 01 02 03 01 02 00 00", ""); /* an answer */
	expect_frame(f->t, "02 80 00 00", "");                   /* to each of three: none may */
}

static void
test_a_tag_that_a_point_tells(void **state)
{
	struct play *f = *state;

	play_expect(f->t, WHO_HAS,
		"FF FF FF FF FF 86 80 00 00 00 00 0B 0E 00 00 FE 0A 64 05 00 00 00 00 "
		"00 86 EC B7 4B");
	twin_keep(f->t, TAG, 0, "20902001");
	expect_frame(f->t, "82 80 00 00 00 00 0B 06 CB 0E 70 CB 0C 31",
		"86 80 00 00 00 00 0B 0E 00 00 FE 0A 64 05 00 00 00 00 00 01 02 03");
}

static void
test_a_short_address(void **state)
{
	struct play *f = *state;

	expect_frame(f->t, "02 80 00 00", "06 80 00 0E 00 00 FE 0A 64 05 00 00 00 00 00 01 02 03");
	expect_frame(f->t, "02 80 00 01 00", "06 80 00 02 05 00"); /* one byte too many */
	expect_frame(f->t, "02 81 00 00", "");                     /* another polling address */
	expect_frame(f->t, "02 80 0C 00", "");                     /* nothing but 0 */
}

/* ---- writes, refusals ------------------------------------------------------------------------------------------------ */

static void
test_writes(void **state)
{
	struct play *f = *state;

	twin_step(f->t, 0);
	play_codec_write(f->t, f->img, PERCENT, (union value){ .f = 30 });
	assert_float_equal(twin_value(f->t, SETPOINT), 15, 0);
	play_codec_write(f->t, f->img, SETPOINT, (union value){ .f = 12.3 });
	assert_float_equal(twin_value(f->t, PERCENT), 24.6, 1e-5);
	twin_step(f->t, NS_PER_S);
	assert_float_equal(play_read(f->t, f->img, FLOW, Q_GOOD, NULL).f, 12.3, 1e-5);
	play_codec_write(f->t, f->img, OVERRIDE, (union value){ .u = 2 });
	assert_float_equal(play_read(f->t, f->img, FLOW, Q_GOOD, NULL).f, 0, 0); /* closed */
	play_codec_write(f->t, f->img, OVERRIDE, (union value){ .u = 0 });
	assert_float_equal(play_read(f->t, f->img, FLOW, Q_GOOD, NULL).f, 12.3, 1e-5);
}

static void
test_refusals(void **state)
{
	struct play *f = *state;

#define TO "82 0A 64 01 02 03 "
#define FROM "86 0A 64 01 02 03 "
	expect_frame(f->t, TO "03 00", FROM "03 02 40 00");                /* no point */
	expect_frame(f->t, TO "01 01 00", FROM "01 02 05 00");             /* too many bytes */
	expect_frame(f->t, TO "96 00", FROM "96 02 05 00");                /* no gas */
	expect_frame(f->t, TO "96 01 03", FROM "96 02 02 00");             /* another gas */
	expect_frame(f->t, TO "EC 04 39 41 A0 00", FROM "EC 02 05 00");    /* half a setpoint */
	expect_frame(f->t, TO "EC 05 11 41 A0 00 00", FROM "EC 02 02 00"); /* another unit */
	expect_frame(f->t, TO "EC 05 39 7F C0 00 00", FROM "EC 02 03 00"); /* no number */
	expect_frame(f->t, TO "EC 05 39 7F 7F FF FF", FROM "EC 02 03 00");
	expect_frame(f->t, TO "E7 00", FROM "E7 02 05 00");
	expect_frame(f->t, TO "E7 01 03", FROM "E7 02 02 00");
	assert_float_equal(twin_value(f->t, PERCENT), 0, 0);
	assert_float_equal(twin_value(f->t, OVERRIDE), 0, 0);
	/* who may only be read, and who has no such thing */
	expect_frame(
		f->t, "82 0A 64 86 EC B7 EC 05 11 41 A0 00 00", "86 0A 64 86 EC B7 EC 02 07 00");
	expect_frame(f->t, "82 0A 64 86 EC B7 E7 01 00", "86 0A 64 86 EC B7 E7 02 40 00");
	expect_frame(f->t, "82 0A 64 86 EC B7 EB 00",
		"86 0A 64 86 EC B7 EB 0C 00 00 39 00 00 00 00 11 00 00 00 00");
}

static void
test_a_wrong_check_is_passed_over(void **state)
{
	struct play *f = *state;
	uint8_t bytes[64];
	size_t n = feed_hex(READ_FLOW, bytes, sizeof(bytes)), at = 0;

	bytes[n - 1] ^= 1;
	while (at < n) {
		int got = twin_cut(f->t, 0, bytes + at, n - at, WIRE_SILENT);

		assert_true(got < 0);
		at += (size_t)-got;
	}
}

/* What the codec makes of an answer to its flow question while the controller has this fault. */
static void
reply(struct play *f, const char *fault, struct twin_reply *out)
{
	uint8_t ask[64];
	size_t n = feed_hex(READ_FLOW, ask, sizeof(ask));
	char order[64];
	struct err err;

	snprintf(order, sizeof(order), "fault one=%s", fault);
	assert_int_equal(fault_orders(f->t, order, &err), 0);
	twin_reply(f->t, 0, ask, n, out);
	assert_int_equal(out->n_pieces, 1);
}

static void
assert_says(const struct twin_reply *got, const char *hex)
{
	uint8_t want[64];
	size_t n = feed_hex(hex, want, sizeof(want));

	assert_int_equal(got->piece[0].n, n);
	assert_memory_equal(got->bytes, want, n);
}

static void
test_faults(void **state)
{
	static struct twin_reply got;
	struct play *f = *state;
	const struct codec *codec = codec_find("brooks-s");

	twin_set(f->t, FLOW, 12.5);
	reply(f, "refuse", &got);
	assert_says(&got, "FF FF FF FF FF 86 0A 64 01 02 03 01 02 10 00 FB");
	reply(f, "wrong_address", &got);
	assert_says(&got, "FF FF FF FF FF 86 0A 64 01 02 02 01 07 00 00 AB 41 48 00 00 4D");
	reply(f, "wrong_checksum", &got);
	assert_true(codec->cut(NULL, NULL, got.bytes, got.piece[0].n, WIRE_SILENT) < 0);
	reply(f, "none", &got);
	assert_says(&got, FLOW_12_5);
	/* nothing is done by who refuses */
	assert_int_equal(fault_orders(f->t, "fault one=refuse", &(struct err){ 0 }), 0);
	twin_reply(f->t, 0, got.bytes, feed_hex(SET_20, got.bytes, 64), &got);
	assert_float_equal(twin_value(f->t, PERCENT), 0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_vectors, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_reading_through_the_codec, setup, play_stop),
		cmocka_unit_test_setup_teardown(
			test_a_text_to_the_end_and_what_stands_in_it, setup_alone, play_stop),
		cmocka_unit_test_setup_teardown(test_who_is_meant, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_a_tag_that_a_point_tells, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_a_short_address, setup_alone, play_stop),
		cmocka_unit_test_setup_teardown(test_writes, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_refusals, setup, play_stop),
		cmocka_unit_test_setup_teardown(
			test_a_wrong_check_is_passed_over, setup, play_stop),
		cmocka_unit_test_setup_teardown(test_faults, setup, play_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
