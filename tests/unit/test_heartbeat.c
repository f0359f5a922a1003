/* test_heartbeat.c - the sign of life, and the watchdogs inside devices */
#include "hand_bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND NS_PER_S
#define MS NS_PER_MS
#define BEAT "heartbeat: {toggle: d2.beat, every: 500 ms, drop_out: 5 s, needs: [d0, d1]}\n"

/* Writes to the coil of the heartbeat since write `from`; each one is the other value than the one before. */
static size_t
beats(const struct hand_rig *r, size_t from)
{
	size_t n = 0;
	int last = -1;

	for (size_t i = from; i < r->n_writes; i++) {
		const struct hand_write *w = &r->writes[i];

		if (w->device != 2 || w->address != 9)
			continue;
		assert_int_not_equal(w->value, last);
		last = w->value;
		n++;
	}
	return n;
}

static void
test_beats(void **state)
{
	struct hand_rig r;
	size_t n;

	hand_bench(&r, BEAT, "", "");
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "beating");
	assert_int_equal(hand_count(&r, EVENT_HEARTBEAT_BEGAN, NULL), 1);
	n = r.n_writes;
	hand_run(&r, 30 * SECOND);
	assert_in_range(beats(&r, n), 58, 62);
	assert_in_range((long)hand_value(&r, "mbc.heartbeat_toggles"), 60, 68);
	/* Each write on the wire but these is an event, and these are none. */
	assert_int_equal(hand_count(&r, EVENT_HEARTBEAT_BEGAN, NULL), 1);
	assert_int_equal(hand_count(&r, EVENT_HEARTBEAT_STOPPED, NULL), 0);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, NULL), 0);
	hand_done(&r);
}

/* A needed instrument that is silent, its own among them; it beats again when that is back. */
static void
test_needs(void **state)
{
	for (uint32_t d = 0; d < 3; d++) {
		struct hand_rig r;
		size_t n, i;

		hand_bench(&r, BEAT, "", "");
		r.device[d].is_silent = true;
		hand_run(&r, 2 * SECOND);
		n = r.n_writes;
		assert_string_equal(hand_word(&r, "mbc.heartbeat"), "stopped_silent");
		assert_int_equal(hand_count(&r, EVENT_HEARTBEAT_STOPPED, NULL), 1);
		assert_non_null(strstr(hand_last(&r, EVENT_HEARTBEAT_STOPPED)->text,
			d == 2 ? "does not take it" : "'d"));
		hand_run(&r,
			d == 1 ? SECOND : 20 * SECOND); /* not until the trip that reads it fires */
		i = beats(&r, n);
		assert_int_equal(i, 0);
		r.device[d].is_silent = false;
		hand_run(&r, 40 * SECOND);
		assert_string_equal(hand_word(&r, "mbc.heartbeat"), "beating");
		assert_int_equal(hand_count(&r, EVENT_HEARTBEAT_BEGAN, NULL), 2);
		hand_done(&r);
	}
}

/* Of one that others need nothing is demanded. */
static void
test_others_may_be_silent(void **state)
{
	struct hand_rig r;

	hand_bench(&r, "heartbeat: {toggle: d2.beat, every: 500 ms, needs: d0}\n", "", "");
	r.device[1].is_silent = true;
	hand_run(&r, 4 * SECOND); /* before the trip, whose input it has */
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "beating");
	hand_done(&r);
}

static void
test_late(void **state)
{
	struct hand_rig r;
	size_t n;

	hand_bench(&r, BEAT, "", "");
	r.late_ns = 100 * MS; /* no more than a tick */
	n = r.n_writes;
	hand_run(&r, 5 * SECOND);
	assert_in_range(beats(&r, n), 9, 11);
	r.late_ns = 101 * MS;
	n = r.n_writes;
	hand_run(&r, 500 * MS);
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "beating"); /* one may be */
	hand_run(&r, 5 * SECOND);
	assert_int_equal(beats(&r, n), 0);
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "stopped_late");
	r.late_ns = 0;
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "beating");
	hand_done(&r);
}

static void
test_trip_and_reset(void **state)
{
	struct command reset = { .kind = COMMAND_TRIP_RESET,
		.subject = "leak",
		.text = "valve closed",
		.is_person = true };
	struct hand_rig r;
	size_t n;

	hand_bench(&r, BEAT, "", "");
	r.device[1].held[7] = 11;
	hand_run(&r, SECOND);
	n = r.n_writes;
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "stopped_tripped");
	assert_int_equal(
		hand_last(&r, EVENT_HEARTBEAT_STOPPED)->cause, hand_last(&r, EVENT_TRIP_FIRED)->id);
	for (size_t i = 0; i < n; i++)
		if (r.writes[i].device == 2 &&
			r.writes[i].at_ns > hand_last(&r, EVENT_TRIP_FIRED)->stamp_ns)
			fail_msg("it beats behind a trip");
	hand_kill(&r, SECOND); /* another controller does not beat, either */
	hand_run(&r, 10 * SECOND);
	assert_int_equal(beats(&r, n), 0);
	r.device[1].held[7] = 0;
	hand_run(&r, 3 * SECOND);
	assert_int_equal(beats(&r, n), 0);
	hand_command(&r, &reset);
	hand_run(&r, 2 * SECOND);
	assert_int_equal(hand_verdict(&r, reset.id, NULL), VERDICT_VERIFIED);
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "beating");
	hand_done(&r);
}

/* A device that takes none is no heart: the relay has not moved. */
static void
test_not_taken(void **state)
{
	struct hand_rig r;

	hand_bench(&r, BEAT, "", "");
	r.device[2].refuses = true;
	hand_run(&r, 3 * SECOND);
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "stopped_not_taken");
	r.device[2].refuses = false;
	hand_run(&r, 2 * SECOND);
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "beating");
	hand_done(&r);
}

static void
test_observing_never(void **state)
{
	struct hand_rig r;

	hand_bench(&r, BEAT "mode: observe\n", "", "");
	hand_run(&r, 20 * SECOND);
	assert_int_equal(r.n_writes, 0);
	assert_int_equal(r.device[2].n_others, 0);
	assert_string_equal(hand_word(&r, "mbc.heartbeat"), "observing");
	hand_done(&r);
}

/* A restart below the drop-out: the relay sees nothing but a longer pause, and the first beat is a change. */
static void
test_restart(void **state)
{
	struct hand_rig r;
	size_t n;
	int64_t gap_ns = 0, last_ns = 0;

	hand_bench(&r, BEAT, "", "");
	n = r.n_writes;
	for (int i = 0; i < 5; i++) {
		hand_kill(&r, 2 * SECOND);
		hand_run(&r, 5 * SECOND);
	}
	assert_true(beats(&r, n) > 20);
	for (size_t i = n; i < r.n_writes; i++) {
		if (last_ns > 0)
			gap_ns = MAX(gap_ns, r.writes[i].at_ns - last_ns);
		last_ns = r.writes[i].at_ns;
	}
	assert_true(gap_ns < 4 * SECOND);
	hand_done(&r);
}

/* ---- watchdogs ------------------------------------------------------------------------------------------------------------- */

#define DOG                                                                                        \
	"    watchdog:\n      timeout: {channel: wd_time, is: 5 s}\n"                              \
	"      armed: {channel: armed, is: on}\n      tripped: {channel: tripped, is: on}\n"       \
	"      safe: {ao: off}\n"

static void
test_watchdog_is_read_back(void **state)
{
	struct hand_rig r;

	hand_bench(&r, "", "", DOG);
	assert_string_equal(hand_word(&r, "watchdog.d2"), "not_armed");
	assert_int_equal(hand_count(&r, EVENT_WATCHDOG_NOT_ARMED, "d2"), 1);
	r.device[2].held[0] = 5;
	r.device[2].held[12] = 1;
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "watchdog.d2"), "armed");
	assert_int_equal(hand_count(&r, EVENT_WATCHDOG_ARMED, "d2"), 1);
	r.device[2].is_silent = true;
	hand_run(&r, 5 * SECOND);
	assert_string_equal(hand_word(&r, "watchdog.d2"), "unknown");
	r.device[2].is_silent = false;
	hand_run(&r, 40 * SECOND);
	assert_string_equal(hand_word(&r, "watchdog.d2"), "armed");
	r.device[2].held[0] = 60;
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "watchdog.d2"), "not_armed");
	hand_done(&r);
}

static void
test_watchdog_found_tripped(void **state)
{
	struct hand_rig r;
	size_t n;

	hand_bench(&r, "", "", DOG);
	r.device[2].held[0] = 5;
	r.device[2].held[12] = 1;
	hand_run(&r, SECOND);
	assert_int_equal(hand_set(&r, "A", "on"), VERDICT_VERIFIED);
	r.device[2].held[13] = 1;
	r.device[2].held[14] = 0;
	n = r.n_writes;
	hand_run(&r, 5 * SECOND);
	assert_string_equal(hand_word(&r, "watchdog.d2"), "tripped");
	assert_int_equal(hand_count(&r, EVENT_WATCHDOG_TRIPPED, "d2"), 1);
	/* It is where the device has it, and nothing is sent there; nor is that a change that somebody made. */
	assert_true(hand_value(&r, "A.working") < 0.5);
	assert_int_equal(hand_set(&r, "A", "on"), VERDICT_REFUSED);
	assert_int_equal(r.n_writes, n);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, "A"), 0);
	/* A person clears it, by an output that is none of its safe ones. */
	assert_int_equal(hand_set(&r, "C", "off"), VERDICT_VERIFIED);
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "watchdog.d2"), "armed");
	assert_int_equal(hand_count(&r, EVENT_WATCHDOG_CLEARED, "d2"), 1);
	assert_int_equal(r.device[2].held[14], 0);
	assert_int_equal(hand_set(&r, "A", "on"), VERDICT_VERIFIED);
	hand_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beats),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_others_may_be_silent),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_trip_and_reset),
		cmocka_unit_test(test_not_taken),
		cmocka_unit_test(test_observing_never),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_watchdog_is_read_back),
		cmocka_unit_test(test_watchdog_found_tripped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
