/* test_output.c - what is asked of an output, on its way to the device and back */
#include "hand_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "base/text.h"

#define SECOND NS_PER_S
#define AHEAD_S 2 /* a ramp goes on so long while a write is not acknowledged */

/* T: 0 to 700, ramp 10 a second, read back; V: without any of that, on another device; W: ramp, not read back. */
static void
make(struct hand_rig *r)
{
	uint32_t p[2 * HAND_REGISTERS];
	struct image_builder *b = hand_builder(2, 4, p);
	struct image_output t = { .has_limits = 1,
		.max = 700,
		.ramp = 10,
		.has_verify = 1,
		.verify_tries = 3,
		.verify_within = 0.5 };
	struct image_output v = { .has_verify = 1, .verify_tries = 2 };
	struct image_output w = { .has_limits = 1, .max = 100, .refresh_ns = 2 * SECOND };

	image_builder_output(b, "T", p[0], &t, NULL);
	image_builder_output(b, "V", p[HAND_REGISTERS], &v, NULL);
	image_builder_output(b, "W", p[1], &w, NULL);
	hand_init(r, image_builder_done(b), 2);
	r->device[0].held[0] = 20;
	hand_run(r, SECOND);
}

static bool
is(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static void
test_first_start_adopts(void **state)
{
	struct hand_rig r;

	make(&r);
	assert_true(is(hand_value(&r, "T.target"), 20));
	assert_true(is(hand_value(&r, "T.working"), 20));
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	assert_string_equal(hand_word(&r, "T.mode"), "manual");
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_ADOPTED, "T"), 1);
	assert_int_equal(r.n_writes, 0);
	hand_done(&r);
}

static void
test_set_is_verified(void **state)
{
	struct hand_rig r;
	const struct event *command, *written;

	make(&r);
	assert_int_equal(hand_set(&r, "V", "7"), VERDICT_VERIFIED);
	assert_int_equal(r.device[1].held[0], 7);
	assert_int_equal(r.n_writes, 1);
	command = hand_last(&r, EVENT_COMMAND);
	written = hand_last(&r, EVENT_OUTPUT_WRITTEN);
	assert_string_equal(command->principal, "tester");
	assert_true(written->cause == command->id);
	assert_true(is(written->values[0], 7));
	assert_string_equal(hand_word(&r, "V.owner"), "manual");
	assert_int_equal(hand_set(&r, "W", "5"), VERDICT_ACCEPTED);
	hand_done(&r);
}

static void
test_ramp(void **state)
{
	struct hand_rig r;
	int64_t began_ns;

	make(&r);
	began_ns = r.now_ns;
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_VERIFIED);
	for (int i = 0; i < 80; i++) {
		double gone = (double)(r.now_ns - began_ns) / 1e9;

		assert_true(fabs(r.device[0].held[0] - (20 + 10 * gone)) < 3);
		hand_run(&r, 100 * NS_PER_MS);
	}
	hand_run(&r, 5 * SECOND);
	assert_int_equal(r.device[0].held[0], 120);
	assert_true(is(hand_value(&r, "T.working"), 120));
	/* A new target bends it. */
	assert_int_equal(hand_set(&r, "T", "200"), VERDICT_VERIFIED);
	hand_run(&r, 2 * SECOND);
	assert_int_equal(hand_set(&r, "T", "100"), VERDICT_VERIFIED);
	hand_run(&r, 10 * SECOND);
	assert_int_equal(r.device[0].held[0], 100);
	for (size_t i = 1; i < r.n_writes; i++)
		assert_true(abs(r.writes[i].value - r.writes[i - 1].value) <= 5);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, NULL), 0);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_NOT_TAKEN, NULL), 0);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, NULL), r.n_writes);
	hand_done(&r);
}

/* Refused as a whole, each with its own words, and nothing on the wire. */
#define A_MINUTE (60 * SECOND)
#define PARTS 50 /* of a K, in the register */

struct line {
	int64_t began_ns;  /* 10 K/min, from 20 degC */
	double worst, lag; /* K, of a write to it; of what the device had until then */
};

static void
hear_ramp(struct hand_rig *r, const struct hand_write *w)
{
	struct line *l = r->ears.ctx;
	double gone = (double)(w->at_ns - l->began_ns) / (double)A_MINUTE;
	double ideal = fmin(20 + 10 * gone, 450);

	l->worst = fmax(l->worst, fabs((double)w->value / PARTS - ideal));
	l->lag = fmax(l->lag, fabs((double)r->device[0].held[0] / PARTS - ideal));
	r->n_writes = r->n_events = 0; /* there is no room for all of them */
}

/* 10 K/min over 43 min, with ticks that come late, now and then by several of them: within 0.1 K of the line, and a tick of its end. */
static void
test_a_long_ramp(void **state)
{
	uint32_t p[HAND_REGISTERS];
	struct image_builder *b = hand_builder(1, 1, p);
	const struct image_output o = { .has_limits = 1,
		.max = 600,
		.factor = PARTS,
		.ramp = 10.0 / 60,
		.has_verify = 1,
		.verify_tries = 3 };
	uint64_t chance = 43;
	struct hand_rig r;
	struct line l = { 0 };

	image_builder_output(b, "T", p[0], &o, NULL);
	hand_init(&r, image_builder_done(b), 1);
	r.device[0].held[0] = 20 * PARTS;
	hand_run(&r, SECOND);
	r.ears = (struct hand_ears){ .write = hear_ramp, .ctx = &l };
	l.began_ns = r.now_ns;
	hand_set(&r, "T", "450");
	while (r.device[0].held[0] != 450 * PARTS && r.now_ns < l.began_ns + 44 * A_MINUTE) {
		int64_t late_ns = rand_below(&chance, 50) == 0 ? 450 : 90;

		r.next_tick_ns += (int64_t)rand_below(&chance, (uint64_t)late_ns + 1) * NS_PER_MS;
		hand_run(&r, r.next_tick_ns - r.now_ns);
	}
	print_message(
		"           ramp: %.3f K from the line at most, %.3f K just before a late tick, "
		"%+.0f ms at its end\n",
		l.worst, l.lag, (double)(r.now_ns - l.began_ns - 43 * A_MINUTE) / 1e6);
	assert_true(l.worst > 0 && l.worst <= 0.1);
	assert_true(l.lag <= 0.1 + 10.0 / 600); /* and one tick */
	assert_true(r.now_ns - l.began_ns >= 43 * A_MINUTE - 100 * NS_PER_MS);
	assert_true(r.now_ns - l.began_ns <= 43 * A_MINUTE + 600 * NS_PER_MS);
	hand_done(&r);
}

static void
test_refusals(void **state)
{
	static const struct {
		const char *output, *value, *why;
	} rows[] = {
		{ "T", "701", "outside of its range" },
		{ "T", "-1", "outside of its range" },
		{ "T", "1,5", "decimal point" },
		{ "T", "warm", "takes a number" },
		{ "T", "nan", "takes a number" },
		{ "T", "1e999", "takes a number" },
		{ "T", "20 K", "no unit" },
		{ "d0.r3", "1", "read-only" },
		{ "mbc.bench", "1", "read-only" },
		{ "X", "1", "no channel" },
		{ "V", "40000", "" },
	};
	struct hand_rig r;

	make(&r);
	for (size_t i = 0; i < NELEM(rows); i++) {
		size_t before = r.n_writes;

		assert_int_not_equal(hand_set(&r, rows[i].output, rows[i].value), VERDICT_VERIFIED);
		if (rows[i].why[0] != '\0') {
			assert_int_equal(r.verdicts[(r.n_verdicts - 1) % HAND_VERDICTS].verdict,
				VERDICT_REFUSED);
			assert_non_null(strstr(
				r.verdicts[(r.n_verdicts - 1) % HAND_VERDICTS].text, rows[i].why));
		}
		assert_int_equal(r.n_writes, before);
	}
	hand_done(&r);
}

static void
test_clamp_ramp_and_expiry(void **state)
{
	struct command c = { .kind = COMMAND_SET,
		.ramp_per_min = (double)NAN,
		.subject = "T",
		.value = "900",
		.is_clamped = true };
	struct hand_rig r;
	const char *text;

	make(&r);
	hand_command(&r, &c);
	hand_run(&r, 100 * SECOND);
	assert_int_equal(r.device[0].held[0], 700);
	/* Slower on request, never faster. */
	c = (struct command){
		.kind = COMMAND_SET, .ramp_per_min = 60, .subject = "T", .value = "600"
	};
	hand_command(&r, &c);
	hand_run(&r, 10 * SECOND);
	assert_true(abs(r.device[0].held[0] - 690) <= 1);
	c = (struct command){
		.kind = COMMAND_SET, .ramp_per_min = 6e6, .subject = "T", .value = "100"
	};
	hand_command(&r, &c);
	hand_run(&r, 10 * SECOND);
	assert_true(abs(r.device[0].held[0] - 590) <= 2);
	c = (struct command){ .kind = COMMAND_SET,
		.ramp_per_min = (double)NAN,
		.subject = "T",
		.value = "0",
		.expires_ns = r.now_ns - 1 };
	hand_command(&r, &c);
	assert_int_equal(hand_verdict(&r, c.id, &text), VERDICT_REFUSED);
	assert_non_null(strstr(text, "too late"));
	hand_done(&r);
}

static void
test_repeats(void **state)
{
	struct command c = { .kind = COMMAND_SET,
		.ramp_per_min = (double)NAN,
		.subject = "V",
		.value = "3",
		.id = "same" };
	struct hand_rig r;
	const char *text;

	make(&r);
	hand_command(&r, &c);
	hand_run(&r, SECOND);
	assert_int_equal(hand_verdict(&r, "same", NULL), VERDICT_VERIFIED);
	for (int i = 0; i < 5; i++) {
		hand_command(&r, &c);
		hand_run(&r, SECOND);
		assert_int_equal(hand_verdict(&r, "same", NULL), VERDICT_VERIFIED);
	}
	assert_int_equal(r.n_writes, 1);
	text_copy(c.value, sizeof(c.value), "4");
	hand_command(&r, &c);
	assert_int_equal(hand_verdict(&r, "same", &text), VERDICT_REFUSED);
	assert_non_null(strstr(text, "another command"));
	hand_run(&r, SECOND);
	assert_int_equal(r.device[1].held[0], 3);
	bench_command_ask(r.bench, "same");
	assert_int_equal(hand_verdict(&r, "same", NULL), VERDICT_VERIFIED);
	bench_command_ask(r.bench, "never");
	assert_int_equal(hand_verdict(&r, "never", NULL), VERDICT_UNKNOWN);
	hand_done(&r);
}

/* Nothing goes to the wire that is not on the disk. */
static void
test_disk(void **state)
{
	struct hand_rig r;

	make(&r);
	r.is_slow = true;
	assert_int_equal(hand_set(&r, "V", "1"), VERDICT_PENDING);
	assert_int_equal(r.n_writes, 0);
	r.is_slow = false;
	hand_run(&r, SECOND);
	assert_int_equal(r.device[1].held[0], 1);
	r.no_disk = true;
	assert_int_equal(hand_set(&r, "V", "2"), VERDICT_REFUSED);
	assert_non_null(strstr(r.verdicts[(r.n_verdicts - 1) % HAND_VERDICTS].text, "recorded"));
	assert_int_equal(r.device[1].held[0], 1);
	hand_done(&r);
}

static void
test_devices_that_do_not_take_it(void **state)
{
	struct hand_rig r;
	size_t writes;

	make(&r);
	r.device[1].is_stuck = true;
	assert_int_equal(hand_set(&r, "V", "9"), VERDICT_FAILED);
	writes = r.n_writes;
	hand_run(&r, 20 * SECOND);
	assert_int_equal(r.n_writes, writes); /* not written over and over */
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_NOT_TAKEN, "V"), 1);
	r.device[1].is_stuck = false;
	assert_int_equal(hand_set(&r, "V", "9"), VERDICT_VERIFIED);
	r.device[1].refuses = true;
	assert_int_equal(hand_set(&r, "V", "10"), VERDICT_FAILED);
	r.device[1].refuses = false;
	r.device[1].is_silent = true;
	assert_int_equal(hand_set(&r, "V", "11"), VERDICT_UNKNOWN);
	hand_run(&r, 10 * SECOND);
	/* A command to one that is down is answered soon, and is no success. */
	assert_int_not_equal(hand_set(&r, "V", "12"), VERDICT_VERIFIED);
	r.device[1].is_silent = false;
	r.device[1].held[0] = 9;
	hand_run(&r, 60 * SECOND);
	assert_true(is(hand_value(&r, "V.target"), r.device[1].held[0]));
	hand_done(&r);
}

/* One write that never arrives, one behind it that cannot even leave, and then the same on the wire: that is told. */
static void
test_what_arrives_was_told_last(void **state)
{
	struct hand_rig r;

	make(&r);
	r.device[1].is_silent = true;
	assert_int_equal(hand_set(&r, "V", "7"), VERDICT_UNKNOWN);
	assert_true(is(hand_last(&r, EVENT_OUTPUT_WRITTEN)->values[0], 7));
	r.device[1].is_gone = true;
	hand_run(&r, 20 * SECOND);
	assert_int_equal(hand_set(&r, "V", "0"), VERDICT_FAILED);
	r.device[1].is_gone = r.device[1].is_silent = false;
	hand_run(&r, 60 * SECOND);
	assert_int_equal(r.n_writes, 0);
	assert_int_equal(hand_set(&r, "V", "0"), VERDICT_VERIFIED);
	assert_int_equal(r.n_writes, 1);
	assert_true(is(hand_last(&r, EVENT_OUTPUT_WRITTEN)->values[0], 0));
	hand_done(&r);
}

static void
test_changed_at_the_device(void **state)
{
	struct command mode = { .kind = COMMAND_MODE, .subject = "V", .value = "automatic" };
	struct hand_rig r;
	size_t writes;

	make(&r);
	assert_int_equal(hand_set(&r, "V", "3"), VERDICT_VERIFIED);
	r.device[1].held[0] = 5;
	hand_run(&r, SECOND);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, "V"), 1);
	assert_true(is(hand_last(&r, EVENT_OUTPUT_CHANGED)->values[1], 3));
	assert_true(is(hand_value(&r, "V.target"), 5)); /* manual adopts it */
	hand_command(&r, &mode);
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "V.mode"), "automatic");
	writes = r.n_writes;
	r.device[1].held[0] = 6;
	hand_run(&r, 10 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, "V"), 2);
	assert_true(is(hand_value(&r, "V.target"), 5));
	assert_int_equal(r.n_writes, writes); /* no fight */
	/* A person may set it, twice as well as once. */
	assert_int_equal(hand_set(&r, "V", "7"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "V", "8"), VERDICT_VERIFIED);
	r.device[1].held[0] = 9;
	hand_run(&r, SECOND);
	assert_true(is(hand_value(&r, "V.target"), 8));
	/* Back in manual what it holds is taken over. */
	text_copy(mode.value, sizeof(mode.value), "manual");
	mode.id[0] = '\0';
	hand_command(&r, &mode);
	hand_run(&r, SECOND);
	assert_true(is(hand_value(&r, "V.target"), 9));
	hand_done(&r);
}

static void
test_refresh(void **state)
{
	struct hand_rig r;
	size_t n;

	make(&r);
	assert_int_equal(hand_set(&r, "W", "50"), VERDICT_ACCEPTED);
	n = r.n_writes;
	hand_run(&r, 20 * SECOND);
	assert_in_range(r.n_writes - n, 9, 10);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, "W"), 1);
	hand_done(&r);
}

/* A memory that stands so many writes an hour is not worn out by a ramp. */
static void
test_a_ramp_spares_the_memory(void **state)
{
	uint32_t p[HAND_REGISTERS];
	struct image_builder *b = hand_builder(1, 1, p);
	const struct image_output m = { .has_limits = 1,
		.max = 700,
		.ramp = 1,
		.has_verify = 1,
		.verify_tries = 3,
		.max_writes = 360 };
	struct hand_rig r;

	image_builder_output(b, "M", p[0], &m, NULL);
	hand_init(&r, image_builder_done(b), 1);
	hand_run(&r, SECOND);
	assert_int_equal(hand_set(&r, "M", "100"), VERDICT_VERIFIED);
	hand_run(&r, 120 * SECOND);
	assert_int_equal(r.device[0].held[0], 100);
	assert_in_range(r.n_writes, 5, 12); /* one each ten seconds, and the last */
	hand_done(&r);
}

static void
test_modes_move_nothing(void **state)
{
	struct command mode = { .kind = COMMAND_MODE, .value = "automatic" };
	struct hand_rig r;
	int16_t held;

	make(&r);
	hand_set(&r, "T", "300");
	hand_run(&r, 5 * SECOND);
	hand_command(&r, &mode);
	hand_run(&r, SECOND);
	held = r.device[0].held[0];
	assert_in_range(held, 60, 100);
	hand_run(&r, 10 * SECOND);
	assert_int_equal(r.device[0].held[0], held);
	assert_string_equal(hand_word(&r, "mbc.bench"), "automatic");
	hand_done(&r);
}

/* Did it learn between two writes that the device holds something else? */
static bool
has_learned(const struct hand_rig *r, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (r->events[i].kind == EVENT_OUTPUT_CHANGED ||
			r->events[i].kind == EVENT_OUTPUT_NOT_TAKEN)
			return true;
	return false;
}

/* Whatever is asked and whatever breaks: no write outside the limits, none that is faster than the ramp, and as many events as changes. */
static void
test_property(void **state)
{
	uint64_t chance = 11;

	for (int round = 0; round < 40; round++) {
		struct hand_rig r;

		make(&r);
		for (int i = 0; i < 60; i++) {
			struct hand_device *dev = &r.device[0];
			char value[20];

			snprintf(value, sizeof(value), "%d", (int)rand_below(&chance, 1000) - 100);
			if (rand_below(&chance, 3) > 0)
				hand_set(&r, "T", value);
			dev->is_silent = rand_below(&chance, 8) == 0;
			dev->refuses = rand_below(&chance, 10) == 0;
			dev->is_gone = rand_below(&chance, 12) == 0;
			dev->is_stuck = rand_below(&chance, 12) == 0;
			hand_run(&r, (int64_t)rand_below(&chance, 4000) * NS_PER_MS);
		}
		for (size_t i = 0; i < r.n_writes; i++) {
			const struct hand_write *w = &r.writes[i];

			assert_in_range(w->value, 0, 700);
			if (i > 0 && !has_learned(&r, w[-1].n_events, w->n_events))
				assert_true(
					abs(w->value - w[-1].value) <=
					10 * ((double)(w->at_ns - w[-1].at_ns) / 1e9 + AHEAD_S) +
						2);
		}
		hand_done(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_start_adopts),
		cmocka_unit_test(test_set_is_verified),
		cmocka_unit_test(test_ramp),
		cmocka_unit_test(test_a_long_ramp),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_clamp_ramp_and_expiry),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_devices_that_do_not_take_it),
		cmocka_unit_test(test_what_arrives_was_told_last),
		cmocka_unit_test(test_changed_at_the_device),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_a_ramp_spares_the_memory),
		cmocka_unit_test(test_modes_move_nothing),
		cmocka_unit_test(test_property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
