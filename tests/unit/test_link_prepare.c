/* test_link_prepare.c - what is written to an instrument before anything else is asked of it, on a serial line with Modbus RTU */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/list.h"
#include "drivers/modbus_pdu.h"
#include "line_rig.h"

#define MS NS_PER_MS
#define S NS_PER_S
#define TIMEOUT (200 * MS)

static struct line_rig rig;

static const struct line_point points[] = {
	{ 1, "holding=10", 100 * MS, "holding=10" },
	{ 1, "holding=30", 100 * MS, NULL },
	{ 2, "holding=20", 100 * MS, NULL },
};

static const struct line_preset presets[] = {
	{ 1, "holding=46", 1 },
	{ 1, "coil=3", 1 },
	{ 1, "holding=47 type=int16", -2 },
};

static struct line_conf
conf_of(enum image_identify identify)
{
	return (struct line_conf){ .baud = 9600,
		.n_units = 2,
		.points = points,
		.n_points = NELEM(points),
		.presets = presets,
		.n_presets = NELEM(presets),
		.timeout_ns = TIMEOUT,
		.retries = 1,
		.identify = identify };
}

static void
start_conf(const struct line_conf *conf)
{
	line_init(&rig, conf);
	rig.device[1].number = 3216;
}

static void
start(void)
{
	struct line_conf conf = conf_of(IDENTIFY_NONE);

	start_conf(&conf);
}

/* Everything is settled: prepared, read, and asked for its name. */
static void
settle(void)
{
	line_run(&rig, rig.now_ns + 8 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_int_equal(rig.state[2], INSTRUMENT_UP);
}

/* The nth question to unit 1 in the log from `first` on; function 0: there is none. */
static struct line_question
nth(size_t n, size_t first)
{
	for (size_t i = first; i < rig.n_log; i++)
		if (rig.log[i].unit == 1 && n-- == 0)
			return rig.log[i];
	return (struct line_question){ .unit = 0 };
}

static void
assert_write(struct line_question q, unsigned function, unsigned address, unsigned value)
{
	assert_int_equal(q.function, function);
	assert_int_equal(q.address, address);
	assert_int_equal(q.value, value);
}

/* The questions n, n + 1 and n + 2 from `first` on are the presets, and the next one reads. */
static void
assert_prepared(size_t n, size_t first)
{
	assert_write(nth(n, first), MODBUS_WRITE_REGISTER, 46, 1);
	assert_write(nth(n + 1, first), MODBUS_WRITE_COIL, 3, 0xFF00);
	assert_write(nth(n + 2, first), MODBUS_WRITE_REGISTER, 47, 0xFFFE);
	assert_int_equal(nth(n + 3, first).function, MODBUS_READ_HOLDING);
}

static unsigned
writes(size_t first)
{
	return line_asked(&rig, 1, MODBUS_WRITE_REGISTER, first) +
	       line_asked(&rig, 1, MODBUS_WRITE_COIL, first);
}

static int
write_point(uint32_t tag, int64_t v)
{
	struct err err = { .msg = "" };
	int rc = link_write(rig.link, 0, tag, (union value){ .i = v }, NULL, rig.now_ns, &err);

	line_take(&rig);
	return rc;
}

/* Until the nth question with that function is on the wire. */
static void
run_to(unsigned function, unsigned n)
{
	int64_t limit_ns = rig.now_ns + 100 * S;

	while (line_asked(&rig, 1, function, 0) < n) {
		assert_true(rig.now_ns < limit_ns);
		line_run(&rig, rig.now_ns + 100 * NS_PER_US);
	}
}

static void
end(void)
{
	assert_int_equal(rig.n_early, 0);
	assert_int_equal(rig.n_wrong, 0);
	line_done(&rig);
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

static void
test_before_anything_is_read(void **state)
{
	start();
	settle();
	assert_prepared(0, 0);
	assert_int_equal(writes(0), 3);
	assert_true(rig.n_good[0] > 20);
	/* Its name is asked later, as of any other; the neighbour has waited for nothing. */
	assert_int_equal(line_asked(&rig, 1, MODBUS_ENCAPSULATED, 0), 1);
	assert_int_equal(line_asked(&rig, 2, MODBUS_WRITE_REGISTER, 0), 0);
	assert_true(rig.n_good[2] > 20);
	end();
}

static void
test_after_it_has_proved_what_it_is(void **state)
{
	static const enum image_identify ways[] = { IDENTIFY_TEXT, IDENTIFY_POINT };

	for (size_t i = 0; i < NELEM(ways); i++) {
		struct line_conf conf = conf_of(ways[i]);

		start_conf(&conf);
		if (ways[i] == IDENTIFY_TEXT) {
			rig.device[1].vendor = "Acme";
			rig.device[1].product = "GW1";
			rig.device[1].revision = "1";
		}
		settle();
		if (ways[i] == IDENTIFY_TEXT)
			assert_int_equal(nth(0, 0).function, MODBUS_ENCAPSULATED);
		else
			assert_int_equal(nth(0, 0).address, LINE_ID_REGISTER);
		assert_prepared(1, 0);
		assert_int_equal(writes(0), 3);
		end();
	}
}

static void
test_another_device_is_not_written(void **state)
{
	struct line_conf conf = conf_of(IDENTIFY_POINT);

	start_conf(&conf);
	rig.device[1].number = 3508;
	line_run(&rig, rig.now_ns + 60 * S);
	assert_int_equal(rig.reason[1], Q_WRONG_DEVICE);
	assert_int_equal(writes(0), 0);
	/* The right one is put in its place. */
	rig.device[1].number = 3216;
	rig.n_log = 0;
	line_run(&rig, rig.now_ns + 40 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_prepared(1, 0);
	assert_int_equal(writes(0), 3);
	end();
}

/* A device that said what it is by itself has to say it again before it is written on the next wire. */
static void
test_one_that_was_exchanged_is_not_written(void **state)
{
	start();
	rig.device[1].vendor = "Acme";
	rig.device[1].product = "GW1";
	rig.device[1].revision = "1";
	settle();
	assert_int_equal(line_asked(&rig, 1, MODBUS_ENCAPSULATED, 0), 1);
	rig.n_log = 0;
	rig.device[1].product = "GX9";
	line_lose(&rig);
	line_run(&rig, rig.now_ns + 20 * S);
	assert_int_equal(rig.reason[1], Q_WRONG_DEVICE);
	assert_int_equal(writes(0), 0);
	end();
}

static void
test_writes_of_the_owner_come_behind(void **state)
{
	start();
	assert_int_equal(write_point(1, 77), 0);
	line_run(&rig, rig.now_ns + 3 * S);
	assert_int_equal(rig.verdict[1], Q_GOOD);
	/* Three writes in a row are enough while a poll is late. */
	assert_prepared(0, 0);
	assert_write(nth(4, 0), MODBUS_WRITE_REGISTER, 10, 77);
	assert_int_equal(writes(0), 4);
	end();
}

/* ---- again ------------------------------------------------------------------------------------------------------- */

static void
test_again_on_a_new_wire(void **state)
{
	start();
	settle();
	rig.n_log = 0;
	line_lose(&rig);
	line_run(&rig, rig.now_ns + 4 * S);
	assert_prepared(0, 0);
	assert_int_equal(writes(0), 3);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	end();
}

static void
test_again_after_silence(void **state)
{
	start();
	settle();
	rig.device[1].is_silent = true;
	line_run(&rig, rig.now_ns + 5 * S);
	assert_int_equal(rig.reason[1], Q_NO_ANSWER);
	rig.device[1].is_silent = false;
	rig.n_log = 0;
	line_run(&rig, rig.now_ns + 10 * S);
	assert_prepared(0, 0);
	assert_int_equal(writes(0), 3);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	end();
}

/* One lost answer is no silence: the poll is repeated, and nothing is written. */
/* What prepares it may take longer than its readings ever did. */
static void
test_slow_ones_are_waited_for(void **state)
{
	start();
	settle();
	rig.device[1].is_silent = true;
	line_run(&rig, rig.now_ns + 3 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_DOWN);
	rig.device[1].is_silent = false;
	rig.n_log = 0;
	rig.device[1].delay_ns = TIMEOUT - 50 * MS;
	line_run(&rig, rig.now_ns + 8 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_int_equal(writes(0), 3);
	end();
}

static void
test_not_after_one_lost_answer(void **state)
{
	unsigned reads;

	start();
	settle();
	rig.n_log = 0;
	rig.device[1].is_silent = true;
	reads = line_asked(&rig, 1, MODBUS_READ_HOLDING, 0);
	run_to(MODBUS_READ_HOLDING, reads + 1);
	rig.device[1].is_silent = false;
	line_run(&rig, rig.now_ns + 3 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_int_equal(writes(0), 0);
	end();
}

/* ---- what goes wrong --------------------------------------------------------------------------------------------- */

static void
test_no_answer(void **state)
{
	start();
	run_to(MODBUS_WRITE_COIL, 1);
	rig.device[1].is_silent = true; /* from the third on */
	run_to(MODBUS_WRITE_REGISTER, 2);
	line_run(&rig, rig.now_ns + 3 * TIMEOUT); /* with the wait for what is late */
	assert_int_equal(rig.n_good[0], 0);
	line_run(&rig, rig.now_ns + 2 * TIMEOUT);
	/* As often as `retries` says. */
	assert_write(nth(2, 0), MODBUS_WRITE_REGISTER, 47, 0xFFFE);
	assert_write(nth(3, 0), MODBUS_WRITE_REGISTER, 47, 0xFFFE);
	assert_int_equal(rig.state[1], INSTRUMENT_DOWN);
	assert_int_equal(rig.reason[1], Q_NO_ANSWER);
	assert_true(rig.n_good[2] > 0);
	/* It begins anew, with one question a probe. */
	assert_int_equal(line_asked(&rig, 1, MODBUS_READ_HOLDING, 0), 0);
	rig.n_log = 0;
	line_run(&rig, rig.now_ns + 8 * S);
	for (size_t i = 0; i < 2; i++)
		assert_write(nth(i, 0), MODBUS_WRITE_REGISTER, 46, 1);
	assert_in_range(writes(0), 2, 4);
	rig.device[1].is_silent = false;
	rig.n_log = 0;
	line_run(&rig, rig.now_ns + 20 * S);
	assert_prepared(0, 0);
	assert_int_equal(writes(0), 3);
	end();
}

static void
test_refused(void **state)
{
	start();
	rig.device[1].write_code = MODBUS_ILLEGAL_VALUE;
	line_run(&rig, rig.now_ns + 3 * TIMEOUT + 100 * MS);
	assert_int_equal(rig.state[1], INSTRUMENT_DOWN);
	assert_int_equal(rig.reason[1], Q_BAD_REQUEST);
	assert_int_equal(rig.last[0].quality, Q_BAD_REQUEST);
	assert_int_equal(rig.last[0].code, MODBUS_ILLEGAL_VALUE);
	assert_string_equal(
		rig.refused, "it refuses to be prepared: write holding 46 (function 6)");
	assert_int_equal(writes(0), 1); /* what was refused is not said again at once */
	line_run(&rig, rig.now_ns + 10 * S);
	assert_in_range(writes(0), 3, 5); /* after 1 s, 2 s, 4 s .. */
	assert_int_equal(line_asked(&rig, 1, MODBUS_READ_HOLDING, 0), 0);
	rig.device[1].write_code = 0;
	rig.n_log = 0;
	line_run(&rig, rig.now_ns + 20 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_prepared(0, 0);
	end();
}

/* The wire is lost in the middle: it begins anew. */
static void
test_lost_in_the_middle(void **state)
{
	start();
	run_to(MODBUS_WRITE_COIL, 1);
	line_lose(&rig);
	rig.n_log = 0;
	line_run(&rig, rig.now_ns + 5 * S);
	assert_prepared(0, 0);
	assert_int_equal(writes(0), 3);
	end();
}

/* ---- reload ------------------------------------------------------------------------------------------------------ */

/* Between an answer and the next question. */
static void
run_to_pause(void)
{
	while (rig.now_ns - rig.log[rig.n_log - 1].at_ns < 35 * MS)
		line_run(&rig, rig.now_ns + 1 * MS);
}

static void
reload(const struct line_conf *conf)
{
	struct link *old = rig.link;
	struct image *old_img = rig.img;

	rig.img = line_image(conf);
	rig.link = link_new(rig.img, 0, codec_find, &rig.sink, rig.now_ns);
	assert_true(link_adopt(rig.link, old, rig.now_ns));
	link_free(old);
	free(old_img);
	rig.n_log = 0;
	line_take(&rig);
	line_run(&rig, rig.now_ns + 3 * S);
}

static void
test_reload(void **state)
{
	static const struct line_preset other[] = {
		{ 1, "holding=46", 2 },
	};
	struct line_conf conf = conf_of(IDENTIFY_NONE);

	start();
	settle();
	run_to_pause();
	reload(&conf);
	assert_int_equal(writes(0), 0);
	assert_true(line_asked(&rig, 1, MODBUS_READ_HOLDING, 0) > 20);
	conf.presets = other;
	conf.n_presets = NELEM(other);
	run_to_pause();
	reload(&conf);
	assert_write(nth(0, 0), MODBUS_WRITE_REGISTER, 46, 2);
	assert_int_equal(nth(1, 0).function, MODBUS_READ_HOLDING);
	assert_int_equal(writes(0), 1);
	conf.n_presets = 0;
	run_to_pause();
	reload(&conf);
	assert_int_equal(writes(0), 0);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	end();
}

/* While it is being prepared: what was written is not written again. */
static void
test_reload_in_the_middle(void **state)
{
	struct line_conf conf = conf_of(IDENTIFY_NONE);

	start();
	run_to(MODBUS_WRITE_COIL, 1);
	assert_int_equal(writes(0), 2);
	reload(&conf);
	assert_write(nth(0, 0), MODBUS_WRITE_REGISTER, 47, 0xFFFE);
	assert_int_equal(nth(1, 0).function, MODBUS_READ_HOLDING);
	assert_int_equal(writes(0), 1);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_anything_is_read),
		cmocka_unit_test(test_after_it_has_proved_what_it_is),
		cmocka_unit_test(test_another_device_is_not_written),
		cmocka_unit_test(test_one_that_was_exchanged_is_not_written),
		cmocka_unit_test(test_writes_of_the_owner_come_behind),
		cmocka_unit_test(test_again_on_a_new_wire),
		cmocka_unit_test(test_again_after_silence),
		cmocka_unit_test(test_slow_ones_are_waited_for),
		cmocka_unit_test(test_not_after_one_lost_answer),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lost_in_the_middle),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_reload_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
