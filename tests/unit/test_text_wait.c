/* test_text_wait.c - exchanges that wait: for a while, or until a device says that it is so */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text_rig.h"

#define MS NS_PER_MS
#define S NS_PER_S

/* A valve that takes its time, a pump on the same line, a relay. */
#define VALVE                                                                                      \
	"  valve: {use: text, link: l, end: '\\r', every: 1 s, timeout: 200 ms, messages: "        \
	"{where: {send: CP, receive: 'P {position:int}'}, go: "                                    \
	"[{send: 'GO{value:int}'}, {ask: where, until: {position: value}, every: 100 ms, within: " \
	"2 s}]}, "                                                                                 \
	"errors: [{receive: 'near{..}', is: busy}, {receive: 'bad{..}', is: refused}], channels: " \
	"{position: {read: where, write: go}}}\n"
#define PUMP                                                                                       \
	"  pump: {use: text, link: l, end: '\\r', every: 100 ms, timeout: 200 ms, channels: "      \
	"{flow: {read: {send: F, receive: 'F {flow:num}'}}}}\n"
#define RELAY                                                                                      \
	"  relay: {use: text, link: l, end: '\\r', every: 1 s, timeout: 200 ms, channels: "        \
	"{pulse: {write: [{send: 'ON{value:int}', receive: OK}, {wait: 300 ms}, "                  \
	"{send: OFF, receive: OK}]}}}\n"

enum { POSITION, FLOW, PULSE };

static struct text_rig rig;
static struct {
	int position, goal;
	int64_t there_ns;
	const char *on_the_way; /* what is said meanwhile; NULL: the old position */
	bool is_mute, is_pump_mute;
} dev;

static const char *
device(struct text_rig *r, const char *asked)
{
	static char out[40];

	if (strcmp(asked, "F") == 0)
		return dev.is_pump_mute ? NULL : "F 1.5";
	if (strncmp(asked, "O", 1) == 0)
		return "OK";
	if (strncmp(asked, "GO", 2) == 0) {
		dev.goal = atoi(asked + 2);
		dev.there_ns = r->now_ns + 730 * MS;
		return NULL;
	}
	if (dev.there_ns != 0 && r->now_ns >= dev.there_ns) {
		dev.position = dev.goal;
		dev.there_ns = 0;
	}
	if (dev.is_mute)
		return NULL;
	if (dev.there_ns != 0 && dev.on_the_way != NULL)
		return dev.on_the_way;
	snprintf(out, sizeof(out), "P %d", dev.position);
	return out;
}

static void
start(void)
{
	memset(&dev, 0, sizeof(dev));
	dev.position = 1;
	text_rig_start(&rig, VALVE PUMP RELAY, device);
	text_rig_run(&rig, 1500 * MS);
	assert_true(rig.last[POSITION].v.i == 1 && rig.last[FLOW].quality == Q_GOOD);
}

static void
order(uint32_t point, double v)
{
	struct err err = { .msg = "" };

	assert_int_equal(text_rig_write(&rig, point, v, &err), 0);
}

static int64_t
time_of(const char *text, size_t from)
{
	for (size_t i = from; i < rig.n_log; i++)
		if (strcmp(rig.log[i].text, text) == 0)
			return rig.log[i].at_ns;
	fail_msg("never asked: %s", text);
	return 0;
}

/* The write is done when the valve is there; meanwhile the pump is read as before. */
static void
test_until_it_is_there(void **state)
{
	static const char *const ways[] = { NULL, "near to 4" };

	for (size_t i = 0; i < NELEM(ways); i++) {
		int64_t from_ns;
		size_t from;

		start();
		dev.on_the_way = ways[i];
		from = rig.n_log;
		from_ns = rig.now_ns;
		order(POSITION, 4);
		text_rig_run(&rig, 700 * MS);
		assert_int_equal(rig.n_written, 0);
		assert_int_equal(text_rig_asked(&rig, "GO4", from), 1);
		assert_in_range(text_rig_asked(&rig, "CP", from), 6, 7);
		assert_in_range(text_rig_asked(&rig, "F", from), 6, 8);
		text_rig_run(&rig, 200 * MS);
		assert_int_equal(rig.n_written, 1);
		assert_int_equal(rig.verdict, Q_GOOD);
		assert_int_equal(rig.state[0], INSTRUMENT_UP);
		text_rig_run(&rig, 1500 * MS);
		assert_int_equal(rig.last[POSITION].v.i, 4);
		assert_true(from_ns > 0);
		text_rig_stop(&rig);
	}
}

/* It never gets there: the write has failed, and the device is asked on. */
static void
test_not_within(void **state)
{
	size_t from;

	start();
	rig.note_of = "refused:";
	from = rig.n_log;
	order(POSITION, 4);
	text_rig_run(&rig, 500 * MS);
	dev.there_ns = NEVER;
	text_rig_run(&rig, 1400 * MS);
	assert_int_equal(rig.n_written, 0);
	text_rig_run(&rig, 200 * MS);
	assert_int_equal(rig.n_written, 1);
	assert_int_equal(rig.verdict, Q_DEVICE_FAILED);
	assert_int_equal(text_rig_asked(&rig, "GO4", from), 1);
	assert_string_equal(
		rig.note, "refused: not within 2 s: position is 1 and not what was written");
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	from = rig.n_log;
	text_rig_run(&rig, 3 * S);
	assert_in_range(text_rig_asked(&rig, "CP", from), 2, 4);
	text_rig_stop(&rig);
}

/* An error ends it; no answer repeats the write as often as any, and no more. */
static void
test_refused_and_mute(void **state)
{
	size_t from;

	start();
	dev.on_the_way = "bad thing";
	order(POSITION, 4);
	text_rig_run(&rig, 300 * MS);
	assert_int_equal(rig.n_written, 1);
	assert_int_equal(rig.verdict, Q_BAD_REQUEST);
	text_rig_run(&rig, 3 * S);
	dev.is_mute = true;
	from = rig.n_log;
	order(POSITION, 5);
	text_rig_run(&rig, 5 * S);
	assert_int_equal(rig.n_written, 2);
	assert_int_equal(rig.verdict, Q_NO_ANSWER);
	assert_int_equal(text_rig_asked(&rig, "GO5", from), 2);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	text_rig_stop(&rig);
}

/* A pulse: the second step goes 300 ms after the answer to the first, to the millisecond but for the pump's question. */
static void
test_a_pulse(void **state)
{
	int64_t on_ns, off_ns;
	size_t from;

	start();
	from = rig.n_log;
	order(PULSE, 3);
	text_rig_run(&rig, 1 * S);
	on_ns = time_of("ON3", from);
	off_ns = time_of("OFF", from);
	assert_in_range(off_ns - on_ns, 305 * MS, 315 * MS);
	assert_in_range(text_rig_asked(&rig, "F", from), 9, 11);
	assert_true(rig.n_written == 1 && rig.verdict == Q_GOOD);
	text_rig_stop(&rig);
}

/* A second write to the same valve waits for the first one. */
static void
test_one_by_one(void **state)
{
	size_t from;

	start();
	from = rig.n_log;
	order(POSITION, 4);
	order(POSITION, 5);
	text_rig_run(&rig, 600 * MS);
	assert_int_equal(text_rig_asked(&rig, "GO5", from), 0);
	text_rig_run(&rig, 3 * S);
	assert_int_equal(rig.n_written, 2);
	assert_int_equal(dev.position, 5);
	text_rig_stop(&rig);
}

/* A neighbour that falls silent meanwhile: its late answer cannot be taken for the valve's, and the valve gets there. */
static void
test_beside_the_dead(void **state)
{
	start();
	dev.is_pump_mute = true;
	order(POSITION, 4);
	text_rig_run(&rig, 4 * S);
	assert_true(rig.n_written == 1 && rig.verdict == Q_GOOD);
	assert_int_equal(rig.state[1], INSTRUMENT_DOWN);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	text_rig_stop(&rig);
}

/* A lost wire ends it, at any moment of it; nothing of it is left over. */
static void
test_lost_wire(void **state)
{
	for (int64_t ms = 0; ms < 900; ms += 7) {
		start();
		order(POSITION, 4);
		text_rig_run(&rig, ms * MS);
		text_rig_lose(&rig);
		assert_int_equal(rig.n_written, 1);
		text_rig_run(&rig, 4 * S);
		assert_int_equal(rig.n_written, 1);
		assert_int_equal(rig.state[0], INSTRUMENT_UP);
		assert_int_equal(rig.last[POSITION].quality, Q_GOOD);
		order(POSITION, 6);
		text_rig_run(&rig, 2 * S);
		assert_true(rig.n_written == 2 && rig.verdict == Q_GOOD);
		text_rig_stop(&rig);
	}
}

/* A reload loses nothing of it where the instrument stays, and ends it where that changes. */
static void
test_reload(void **state)
{
	static const char *const benches[] = { VALVE PUMP RELAY, PUMP RELAY VALVE, VALVE,
		PUMP RELAY };

	for (size_t i = 0; i < NELEM(benches); i++)
		for (int64_t ms = 0; ms < 900; ms += 13) {
			bool is_gone = i == 3, is_done;

			start();
			order(POSITION, 4);
			text_rig_run(&rig, ms * MS);
			is_done = rig.n_written > 0;
			assert_true(text_rig_reload(&rig, benches[i]));
			assert_int_equal(rig.n_written, is_gone || is_done);
			text_rig_run(&rig, 3 * S);
			assert_int_equal(rig.n_written, 1);
			assert_int_equal(rig.verdict, is_done || !is_gone ? Q_GOOD : Q_LINK_LOST);
			text_rig_stop(&rig);
		}
}

/* What prepares it may wait: nothing else is asked of it before, and a neighbour that is dead does not end the wire under it. */
#define SLOW_INIT                                                                                  \
	"  slow: {use: text, link: l, end: '\\r', every: 100 ms, timeout: 200 ms, init: [{send: "  \
	"RST}, {wait: 5 s}, {send: S, receive: 'S {s:int}'}, "                                     \
	"[{send: T, receive: 'T {t:int}', until: {t: 3}, every: 500 ms, within: 20 s}]], "         \
	"channels: {x: {read: {send: X, receive: 'X {x:num}'}}}}\n"

static const char *
slow_device(struct text_rig *r, const char *asked)
{
	if (strcmp(asked, "S") == 0)
		return "S 1";
	if (strcmp(asked, "T") == 0)
		return r->now_ns > 1010 * S ? "T 3" : "T 1";
	return strcmp(asked, "X") == 0 ? "X 2" : NULL;
}

static void
test_slow_init(void **state)
{
	text_rig_start(&rig, SLOW_INIT PUMP, slow_device);
	text_rig_run(&rig, 4900 * MS);
	assert_int_equal(text_rig_asked(&rig, "S", 0), 0);
	text_rig_run(&rig, 5 * S);
	assert_int_equal(text_rig_asked(&rig, "X", 0), 0);
	text_rig_run(&rig, 10 * S);
	assert_int_equal(text_rig_asked(&rig, "RST", 0), 1);
	assert_int_equal(text_rig_asked(&rig, "S", 0), 1);
	assert_in_range(text_rig_asked(&rig, "T", 0), 10, 13);
	assert_int_equal(rig.last[0].quality, Q_GOOD);
	assert_int_equal(rig.state[1], INSTRUMENT_DOWN);
	text_rig_stop(&rig);
}

/* Who says that it is another one is not prepared, let alone read. */
static const char *
other_device(struct text_rig *r, const char *asked)
{
	return strcmp(asked, "ID") == 0 ? r->now_ns < 1020 * S ? "Acme 2" : "Acme 1" : "OK";
}

static void
test_the_wrong_one_is_not_prepared(void **state)
{
	text_rig_start(&rig,
		"  d: {use: text, link: l, end: '\\r', timeout: 200 ms, identity: {send: ID, "
		"receive: "
		"'{identity:text}'}, identify: {is: Acme 1}, init: [{send: RST, receive: OK}, "
		"{wait: 1 s}, "
		"{send: A, receive: OK}], channels: {x: {read: {send: X, receive: '{x:word}'}}}}\n",
		other_device);
	text_rig_run(&rig, 19 * S);
	assert_int_equal(rig.reason[0], Q_WRONG_DEVICE);
	assert_int_equal(text_rig_asked(&rig, "RST", 0), 0);
	assert_int_equal(text_rig_asked(&rig, "X", 0), 0);
	text_rig_run(&rig, 20 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_int_equal(text_rig_asked(&rig, "RST", 0), 1);
	assert_int_equal(text_rig_asked(&rig, "A", 0), 1);
	assert_string_equal(rig.text[0], "OK");
	text_rig_stop(&rig);
}

/* Many at one time: more than there are flights. */
static void
test_many(void **state)
{
	struct buf yaml = { 0 };

	memset(&dev, 0, sizeof(dev));
	for (int i = 0; i < 30; i++)
		buf_printf(&yaml,
			"  r%d: {use: text, link: l, end: '\\r', timeout: 200 ms, every: 1 s, "
			"init: [{send: O, "
			"receive: OK}, {wait: 1 s}, {send: O%d, receive: OK}], channels: {}}\n",
			i, i);
	buf_printf(&yaml, PUMP);
	text_rig_start(&rig, yaml.data, device);
	text_rig_run(&rig, 4 * S);
	for (int i = 0; i < 30; i++)
		assert_int_equal(rig.state[i], INSTRUMENT_UP);
	assert_int_equal(rig.last[0].quality, Q_GOOD);
	text_rig_stop(&rig);
	buf_done(&yaml);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_until_it_is_there),
		cmocka_unit_test(test_not_within),
		cmocka_unit_test(test_refused_and_mute),
		cmocka_unit_test(test_a_pulse),
		cmocka_unit_test(test_one_by_one),
		cmocka_unit_test(test_beside_the_dead),
		cmocka_unit_test(test_lost_wire),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_slow_init),
		cmocka_unit_test(test_the_wrong_one_is_not_prepared),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
