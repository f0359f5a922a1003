/* test_loop.c - control loops on a bench: who has the output, what happens when something fails, restarts
 *
 * Device 0 has the heater (register 0) and a second one (1), device 1 what is measured: the wall (0), the bed behind it (1) and a
 * switch (2). Temperatures and powers are tenths of a degree and of a percent. Each second of full power changes the wall by 8 K,
 * and 500 K is where it ends.
 */
#include "hand_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "base/text.h"

#define SECOND NS_PER_S
#define STEP (100 * NS_PER_MS)
#define SPAN 800           /* of the loop's limits */
#define SMALL (SPAN / 200) /* half a percent: nobody sees it jump */

enum { PLAIN, RAMPED, SLOW_HEATER, LOCKED, CASCADE, OTHER_GAIN };

struct furnace {
	double wall, bed;
	bool is_off; /* the heater device has lost what it held */
};

static const struct image_loop form = { .gain = 2,
	.integral_s = 60,
	.filter = 10,
	.weight = 1,
	.max = SPAN,
	.deadband = 1,
	.every_ns = SECOND };

static struct image *
make_image(int kind)
{
	uint32_t p[2 * HAND_REGISTERS], heater, cold, wall, y, u;
	struct image_builder *b = hand_builder(2, 4, p);
	const struct image_output heat = { .has_limits = 1,
		.max = 1000,
		.has_verify = 1,
		.verify_tries = 3,
		.hazard = HAZARD_HEAT,
		.ramp = kind == SLOW_HEATER ? 10 : 0 };
	const struct image_output setpoint = {
		.has_limits = 1, .max = 4500, .hazard = HAZARD_HEAT, .ramp = kind == RAMPED ? 10 : 0
	};
	struct image_loop l = form;
	struct image_safe_line line = {
		.within_ns = SECOND, .after = IMAGE_NONE, .otherwise = IMAGE_NONE
	};
	struct image_trip hot = { .is_latched = 1, .on_bad_ns = 5 * SECOND };
	struct image_trip door = { .is_latched = 0, .on_bad_ns = IMAGE_ON_BAD_ALARM };
	struct image_cond c, d;

	heater = line.output = image_builder_output(b, "heater", p[0], &heat, &u);
	if (kind == OTHER_GAIN)
		l.gain = 1;
	wall = image_builder_loop(
		b, kind == CASCADE ? "W" : "T", p[HAND_REGISTERS], &setpoint, &l, heater, &y);
	if (kind == CASCADE) {
		l.max = 4000;
		image_builder_loop(b, "T", p[HAND_REGISTERS + 1], &setpoint, &l, wall, NULL);
	}
	cold = image_builder_safe_state(b, "cold", &line, 1);
	image_builder_on_stop(b, cold);
	hot.to = door.to = cold;
	c = image_builder_cond(b, image_builder_channel(b, p[HAND_REGISTERS + 3]), EXPR_OP_GT, 0);
	image_builder_trip(b, "hot", &c, &hot);
	if (kind == LOCKED) {
		c = image_builder_cond(b, u, EXPR_OP_GT, 200);
		d = image_builder_cond(
			b, image_builder_channel(b, p[HAND_REGISTERS + 2]), EXPR_OP_GT, 0);
		c = image_builder_both(b, &c, &d);
		image_builder_interlock(b, "door", &c, &door);
	}
	return image_builder_done(b);
}

static void
run(struct hand_rig *r, struct furnace *f, int64_t span_ns)
{
	for (; span_ns > 0; span_ns -= STEP) {
		double power = f->is_off ? 0 : r->device[0].held[0];

		f->wall = power * 5 + (f->wall - power * 5) * exp(-0.1 / 60);
		f->bed = f->wall + (f->bed - f->wall) * exp(-0.1 / 15);
		r->device[1].held[0] = (int16_t)lround(f->wall);
		r->device[1].held[1] = (int16_t)lround(f->bed);
		hand_run(r, STEP);
	}
}

static void
start(struct hand_rig *r, struct furnace *f, int kind)
{
	*f = (struct furnace){ .wall = 200, .bed = 200 };
	hand_init(r, make_image(kind), 2);
	run(r, f, 2 * SECOND);
}

static enum verdict
command(struct hand_rig *r, enum command_kind kind, const char *subject, const char *value)
{
	struct command c = { .kind = kind, .ramp_per_min = (double)NAN, .is_person = true };

	text_copy(c.subject, sizeof(c.subject), subject);
	text_copy(c.value, sizeof(c.value), value);
	text_copy(c.text, sizeof(c.text), "a test");
	hand_command(r, &c);
	for (int i = 0; i < 50 && hand_verdict(r, c.id, NULL) == VERDICT_PENDING; i++)
		hand_run(r, STEP);
	return hand_verdict(r, c.id, NULL);
}

static const char *
last_word(const struct hand_rig *r)
{
	return r->verdicts[(r->n_verdicts - 1) % HAND_VERDICTS].text;
}

/* The first write of the heater behind the n-th. */
static int
first_write(const struct hand_rig *r, size_t n)
{
	assert_true(r->n_writes > n);
	assert_int_equal(r->writes[n].device, 0);
	assert_int_equal(r->writes[n].address, 0);
	return r->writes[n].value;
}

static bool
is_near(double a, double b, double most)
{
	return fabs(a - b) <= most;
}

/* ---- regulating ---------------------------------------------------------------------------------------------------------- */

static void
test_it_regulates(void **state)
{
	struct furnace f;
	struct hand_rig r;
	size_t n;

	start(&r, &f, PLAIN);
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	assert_true(is_near(hand_value(&r, "T.working"), f.wall, 10));
	assert_int_equal(r.n_writes, 0);
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	run(&r, &f, SECOND);
	assert_string_equal(hand_word(&r, "T.owner"), "manual");
	assert_string_equal(hand_word(&r, "heater.owner"), "pid");
	run(&r, &f, 600 * SECOND);
	assert_true(is_near(f.wall, 3000, 10));
	assert_true(is_near(hand_value(&r, "T.working"), 3000, 0));
	/* At most one a second, each of them an event with the command as its cause. */
	assert_true(r.n_writes < 600);
	/* The first of all takes the output over as it is, and changes nothing. */
	assert_int_equal(r.writes[0].value, 0);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, "heater"), r.n_writes - 1);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, NULL), r.n_writes - 1);
	assert_true(hand_last(&r, EVENT_OUTPUT_WRITTEN)->cause == hand_last(&r, EVENT_COMMAND)->id);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_NOT_TAKEN, NULL), 0);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, NULL), 0);
	for (size_t i = 0; i < r.n_writes; i++)
		assert_true(r.writes[i].value >= 0 && r.writes[i].value <= SPAN);
	/* Nothing happens, and nothing is written. */
	n = r.n_writes;
	run(&r, &f, 300 * SECOND);
	assert_true(r.n_writes - n < 100);
	hand_done(&r);
}

/* A ramp begins at what is measured, and is kept to. */
static void
test_ramp_of_the_setpoint(void **state)
{
	struct furnace f;
	struct hand_rig r;
	double before;

	start(&r, &f, RAMPED);
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	before = hand_value(&r, "T.working");
	assert_true(is_near(before, 200, 10));
	for (int k = 0; k < 200; k++) {
		double now;

		run(&r, &f, SECOND);
		now = hand_value(&r, "T.working");
		assert_true(is_near(now - before, 10, 1.1));
		assert_true(is_near(f.wall, now, 300));
		before = now;
	}
	/* None of its steps is on a wire, and none is told as written. */
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, "T"), 0);
	hand_done(&r);
}

/* The limits, or the heater's own ramp: an hour of it is forgotten within moments. */
static void
test_no_windup(void **state)
{
	static const int kinds[] = { PLAIN, SLOW_HEATER };

	for (size_t k = 0; k < NELEM(kinds); k++) {
		struct furnace f;
		struct hand_rig r;

		start(&r, &f, kinds[k]);
		assert_int_equal(hand_set(&r, "T", "4500"), VERDICT_VERIFIED);
		run(&r, &f, 1800 * SECOND);
		assert_int_equal(r.device[0].held[0], SPAN);
		assert_int_equal(hand_set(&r, "T", "3800"), VERDICT_VERIFIED);
		run(&r, &f, 15 * SECOND);
		assert_true(r.device[0].held[0] < SPAN - 100);
		run(&r, &f, 600 * SECOND);
		assert_true(is_near(f.wall, 3800, 15));
		for (size_t i = 1; i < r.n_writes && kinds[k] == SLOW_HEATER; i++)
			assert_true(abs(r.writes[i].value - r.writes[i - 1].value) <= 11);
		hand_done(&r);
	}
}

/* ---- who has the output -------------------------------------------------------------------------------------------------- */

static void
test_by_hand_and_back(void **state)
{
	char value[40];
	struct furnace f;
	struct hand_rig r;
	size_t n;

	start(&r, &f, PLAIN);
	assert_int_equal(hand_set(&r, "heater", "300"), VERDICT_VERIFIED);
	run(&r, &f, 100 * SECOND);
	n = r.n_writes;
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	run(&r, &f, 2 * SECOND);
	assert_true(is_near(first_write(&r, n), 300, SMALL + 2 * 15));
	run(&r, &f, 300 * SECOND);
	/* Taken by hand: it stands aside, and its setpoint goes with what is measured. */
	assert_int_equal(hand_set(&r, "heater", "400"), VERDICT_VERIFIED);
	n = r.n_writes;
	run(&r, &f, 60 * SECOND);
	assert_int_equal(r.n_writes, n);
	assert_string_equal(hand_word(&r, "heater.owner"), "manual");
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	assert_int_equal(hand_count(&r, EVENT_LOOP_ASIDE, "T"), 1);
	assert_non_null(
		strstr(hand_last(&r, EVENT_LOOP_ASIDE)->text, "'heater' belongs to manual"));
	assert_true(is_near(hand_value(&r, "T.working"), f.wall, 30));
	assert_true(is_near(hand_value(&r, "T.target"), f.wall, 30));
	/* All of the bench in automatic starts no loop. */
	assert_int_equal(command(&r, COMMAND_MODE, "", "automatic"), VERDICT_VERIFIED);
	run(&r, &f, 10 * SECOND);
	assert_int_equal(r.n_writes, n);
	/* Named, it begins at what is measured, from what the heater holds. */
	assert_int_equal(command(&r, COMMAND_MODE, "T", "automatic"), VERDICT_VERIFIED);
	run(&r, &f, 5 * SECOND);
	assert_string_equal(hand_word(&r, "heater.owner"), "pid");
	assert_true(is_near(first_write(&r, n), 400, SMALL + 4));
	run(&r, &f, 10 * SECOND);
	/* In automatic nobody takes it in passing. */
	assert_int_equal(hand_set(&r, "heater", "10"), VERDICT_REFUSED);
	assert_non_null(strstr(last_word(&r), "put it in manual first"));
	assert_int_equal(command(&r, COMMAND_MODE, "heater", "manual"), VERDICT_VERIFIED);
	run(&r, &f, 2 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_LOOP_ASIDE, "T"), 2);
	/* Where it changes nothing on the wire, too. */
	assert_int_equal(command(&r, COMMAND_MODE, "heater", "automatic"), VERDICT_VERIFIED);
	assert_int_equal(command(&r, COMMAND_MODE, "T", "automatic"), VERDICT_VERIFIED);
	run(&r, &f, 5 * SECOND);
	assert_int_equal(command(&r, COMMAND_MODE, "heater", "automatic"), VERDICT_VERIFIED);
	run(&r, &f, 5 * SECOND);
	assert_string_equal(hand_word(&r, "heater.owner"), "pid");
	snprintf(value, sizeof(value), "%g", hand_value(&r, "T.working"));
	assert_int_equal(hand_set(&r, "T", value), VERDICT_VERIFIED);
	assert_int_equal(command(&r, COMMAND_MODE, "heater", "manual"), VERDICT_VERIFIED);
	run(&r, &f, 2 * SECOND);
	assert_string_equal(hand_word(&r, "heater.owner"), "manual");
	assert_int_equal(command(&r, COMMAND_MODE, "", "manual"), VERDICT_VERIFIED);
	run(&r, &f, 2 * SECOND);
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	hand_done(&r);
}

/* Set one behind the other before anybody has looked: the later one has it. */
static void
test_the_later_one_has_it(void **state)
{
	struct command heater = { .kind = COMMAND_SET,
		.subject = "heater",
		.value = "250",
		.ramp_per_min = (double)NAN,
		.is_person = true };
	struct command loop = heater, again = heater;
	struct furnace f;
	struct hand_rig r;

	start(&r, &f, PLAIN);
	assert_int_equal(hand_set(&r, "T", "1000"), VERDICT_VERIFIED);
	run(&r, &f, 10 * SECOND);
	text_copy(loop.subject, sizeof(loop.subject), "T");
	text_copy(loop.value, sizeof(loop.value), "1500");
	hand_command(&r, &heater);
	hand_command(&r, &loop);
	run(&r, &f, 3 * SECOND);
	assert_string_equal(hand_word(&r, "heater.owner"), "pid");
	assert_int_equal(hand_count(&r, EVENT_LOOP_ASIDE, NULL), 0);
	assert_true(is_near(hand_value(&r, "T.target"), 1500, 0));
	loop.id[0] = '\0';
	hand_command(&r, &loop);
	hand_command(&r, &again);
	run(&r, &f, 3 * SECOND);
	assert_string_equal(hand_word(&r, "heater.owner"), "manual");
	assert_int_equal(r.device[0].held[0], 250);
	hand_done(&r);
}

static void
test_trip_while_it_regulates(void **state)
{
	struct furnace f;
	struct hand_rig r;
	size_t n;

	start(&r, &f, PLAIN);
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	run(&r, &f, 60 * SECOND);
	assert_true(r.device[0].held[0] > 100);
	r.device[1].held[3] = 1;
	run(&r, &f, SECOND);
	assert_int_equal(r.device[0].held[0], 0);
	n = r.n_writes;
	run(&r, &f, 30 * SECOND);
	assert_int_equal(r.n_writes, n);
	assert_string_equal(hand_word(&r, "heater.owner"), "trip");
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	assert_int_equal(hand_set(&r, "T", "1000"), VERDICT_REFUSED);
	assert_non_null(strstr(last_word(&r), "'heater' belongs to the trip"));
	assert_int_equal(command(&r, COMMAND_MODE, "T", "automatic"), VERDICT_REFUSED);
	r.device[1].held[3] = 0;
	run(&r, &f, 2 * SECOND);
	assert_int_equal(command(&r, COMMAND_TRIP_RESET, "hot", ""), VERDICT_VERIFIED);
	run(&r, &f, 30 * SECOND);
	/* Nothing goes on by itself. */
	assert_int_equal(r.n_writes, n);
	assert_int_equal(hand_set(&r, "T", "1000"), VERDICT_VERIFIED);
	run(&r, &f, 300 * SECOND);
	assert_true(is_near(f.wall, 1000, 10));
	/* The same for a safe state. */
	assert_int_equal(command(&r, COMMAND_SAFE, "", ""), VERDICT_VERIFIED);
	run(&r, &f, 5 * SECOND);
	assert_int_equal(r.device[0].held[0], 0);
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	assert_int_equal(hand_set(&r, "T", "1000"), VERDICT_REFUSED);
	assert_non_null(strstr(last_word(&r), "release the safe state first"));
	hand_done(&r);
}

/* ---- what fails ---------------------------------------------------------------------------------------------------------- */

/* It never holds: off at once, told once, and on again from there. */
static void
test_bad_input(void **state)
{
	static const int kinds[] = { RAMPED, SLOW_HEATER };

	for (size_t k = 0; k < NELEM(kinds); k++) {
		struct furnace f;
		struct hand_rig r;
		int64_t began_ns;
		size_t n;

		start(&r, &f, kinds[k]);
		assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
		run(&r, &f, 200 * SECOND);
		assert_true(r.device[0].held[0] > 200);
		r.device[1].hides = 1;
		began_ns = r.now_ns;
		while (r.device[0].held[0] > 0 && r.now_ns < began_ns + 10 * SECOND)
			run(&r, &f, STEP);
		assert_true(r.now_ns - began_ns < 2 * SECOND);
		run(&r, &f, 30 * SECOND);
		assert_int_equal(r.device[0].held[0], 0);
		assert_int_equal(hand_count(&r, EVENT_LOOP_BLIND, "T"), 1);
		assert_string_equal(hand_word(&r, "heater.owner"), "pid");
		assert_int_equal(hand_set(&r, "T", "2000"), VERDICT_REFUSED);
		assert_non_null(strstr(last_word(&r), "cannot measure"));
		n = r.n_writes;
		r.device[1].hides = 0;
		run(&r, &f, 3 * SECOND);
		/* From nothing, with what the integral makes of 150 K within a second or two. */
		assert_true(first_write(&r, n) < 100);
		if (kinds[k] == RAMPED)
			assert_true(is_near(hand_value(&r, "T.working"), f.wall, 100));
		run(&r, &f, 800 * SECOND);
		assert_true(is_near(f.wall, 3000, 15));
		hand_done(&r);
	}
}

/* What it was told to be off by does not answer just then: it is told once, and off when it is back. */
static void
test_bad_input_and_no_heater(void **state)
{
	struct furnace f;
	struct hand_rig r;
	size_t n;

	start(&r, &f, PLAIN);
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	run(&r, &f, 200 * SECOND);
	r.device[0].is_silent = true;
	r.device[1].hides = 1;
	run(&r, &f, 60 * SECOND);
	assert_true(r.device[0].held[0] > 200);
	assert_true(hand_count(&r, EVENT_OUTPUT_NOT_TAKEN, "heater") <= 2);
	n = r.device[0].n_others;
	r.device[0].is_silent = false;
	run(&r, &f, 20 * SECOND);
	assert_true(r.device[0].n_others - n < 20);
	assert_int_equal(r.device[0].held[0], 0);
	hand_done(&r);
}

/* The heater's device is gone and back: with what it held, or with something else. */
static void
test_output_dead(void **state)
{
	static const int back[] = { -1, 0, 700 };

	for (size_t k = 0; k < NELEM(back); k++) {
		struct furnace f;
		struct hand_rig r;
		int held;
		size_t n;

		start(&r, &f, PLAIN);
		assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
		run(&r, &f, 600 * SECOND);
		r.device[0].is_gone = true;
		run(&r, &f, 120 * SECOND);
		assert_int_equal(hand_count(&r, EVENT_LOOP_WAITS, "T"), 1);
		assert_true(hand_count(&r, EVENT_OUTPUT_NOT_TAKEN, NULL) <= 2);
		if (back[k] >= 0)
			r.device[0].held[0] = (int16_t)back[k];
		held = r.device[0].held[0];
		r.device[0].is_gone = false;
		n = r.n_writes;
		while (r.n_writes == n && hand_count(&r, EVENT_LOOP_REGULATES, "T") < 2)
			run(&r, &f, STEP);
		run(&r, &f, 2 * SECOND);
		/* Where it has cooled or heated meanwhile, that changes within a second. */
		assert_true(is_near(r.n_writes > n ? r.writes[n].value : held, held,
			back[k] < 0 ? SMALL : 120));
		run(&r, &f, 600 * SECOND);
		assert_true(is_near(f.wall, 3000, 10));
		hand_done(&r);
	}
}

/* It acknowledges and keeps what it has: that is seen, however often the loop writes. */
static void
test_output_stuck(void **state)
{
	struct furnace f;
	struct hand_rig r;

	start(&r, &f, PLAIN);
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	run(&r, &f, 20 * SECOND);
	r.device[0].is_stuck = true;
	run(&r, &f, 60 * SECOND);
	assert_true(hand_count(&r, EVENT_OUTPUT_NOT_TAKEN, "heater") >= 1);
	hand_done(&r);
}

/* More than 20 % while the door is open is refused: it stays there, is told once, and goes on from there without a jump. */
static void
test_interlock_refuses(void **state)
{
	struct furnace f;
	struct hand_rig r;
	size_t n;

	start(&r, &f, LOCKED);
	r.device[1].held[2] = 1;
	run(&r, &f, SECOND);
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	run(&r, &f, 600 * SECOND);
	assert_true(r.device[0].held[0] <= 200);
	assert_int_equal(hand_count(&r, EVENT_COMMAND_REFUSED, "heater"), 1);
	assert_string_equal(hand_word(&r, "trip.hot"), "ready");
	n = r.n_writes;
	r.device[1].held[2] = 0;
	run(&r, &f, 3 * SECOND);
	/* What the integral makes of 200 K in a second, and no more. */
	assert_true(first_write(&r, n) < 200 + 2 * 2800 / 60 + SMALL);
	run(&r, &f, 900 * SECOND);
	assert_true(is_near(f.wall, 3000, 10));
	hand_done(&r);
}

/* ---- restarts and reloads ------------------------------------------------------------------------------------------------ */

static void
test_restart(void **state)
{
	struct furnace f;
	struct hand_rig r;
	int held;
	size_t n;

	start(&r, &f, PLAIN);
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	run(&r, &f, 600 * SECOND);
	held = r.device[0].held[0];
	for (int k = 0; k < 5; k++) {
		n = r.n_writes;
		hand_kill(&r, (2 + k) * SECOND);
		run(&r, &f, 10 * SECOND);
		assert_string_equal(hand_word(&r, "heater.owner"), "pid");
		assert_string_equal(hand_word(&r, "T.owner"), "manual");
		assert_true(is_near(hand_value(&r, "T.target"), 3000, 0));
		for (size_t i = n; i < r.n_writes; i++)
			assert_true(is_near(r.writes[i].value, held, SMALL + 10));
	}
	run(&r, &f, 120 * SECOND);
	assert_true(is_near(f.wall, 3000, 10));
	/* One that stood aside does so afterwards, and the heater stays where it is. */
	assert_int_equal(hand_set(&r, "heater", "350"), VERDICT_VERIFIED);
	run(&r, &f, 10 * SECOND);
	n = r.n_writes;
	hand_kill(&r, 2 * SECOND);
	run(&r, &f, 30 * SECOND);
	assert_int_equal(r.n_writes, n);
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	assert_true(is_near(hand_value(&r, "T.working"), f.wall, 30));
	hand_done(&r);
}

/* The sensor died with the controller. */
static void
test_restart_without_sensor(void **state)
{
	struct furnace f;
	struct hand_rig r;

	start(&r, &f, PLAIN);
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	run(&r, &f, 300 * SECOND);
	r.device[1].hides = 1;
	hand_kill(&r, SECOND);
	run(&r, &f, 10 * SECOND);
	assert_int_equal(r.device[0].held[0], 0);
	hand_done(&r);
}

static void
test_reload(void **state)
{
	static const int kinds[] = { PLAIN, OTHER_GAIN };
	struct furnace f;
	struct hand_rig r;
	int held;
	size_t n;

	start(&r, &f, PLAIN);
	assert_int_equal(hand_set(&r, "T", "3000"), VERDICT_VERIFIED);
	run(&r, &f, 600 * SECOND);
	held = r.device[0].held[0];
	for (size_t k = 0; k < NELEM(kinds); k++) {
		n = r.n_writes;
		hand_reload(&r, make_image(kinds[k]));
		run(&r, &f, 10 * SECOND);
		assert_string_equal(hand_word(&r, "heater.owner"), "pid");
		for (size_t i = n; i < r.n_writes; i++)
			assert_true(is_near(r.writes[i].value, held, SMALL + 4));
	}
	run(&r, &f, 300 * SECOND);
	assert_true(is_near(f.wall, 3000, 10));
	hand_done(&r);
}

/* ---- a loop over a loop -------------------------------------------------------------------------------------------------- */

static void
test_cascade(void **state)
{
	struct furnace f;
	struct hand_rig r;
	size_t n;

	start(&r, &f, CASCADE);
	assert_int_equal(hand_set(&r, "T", "2500"), VERDICT_VERIFIED);
	run(&r, &f, 2 * SECOND);
	assert_string_equal(hand_word(&r, "W.owner"), "pid");
	assert_string_equal(hand_word(&r, "heater.owner"), "pid");
	run(&r, &f, 1500 * SECOND);
	assert_true(is_near(f.bed, 2500, 20));
	/* The inner one by hand: the outer one stands aside, the inner one regulates on. */
	assert_int_equal(hand_set(&r, "W", "2000"), VERDICT_VERIFIED);
	run(&r, &f, 300 * SECOND);
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	assert_string_equal(hand_word(&r, "heater.owner"), "pid");
	assert_true(is_near(f.wall, 2000, 20));
	/* The heater by hand, then all of it with one word. */
	assert_int_equal(hand_set(&r, "T", "2500"), VERDICT_VERIFIED);
	run(&r, &f, 60 * SECOND);
	assert_int_equal(hand_set(&r, "heater", "350"), VERDICT_VERIFIED);
	run(&r, &f, 5 * SECOND);
	assert_string_equal(hand_word(&r, "W.owner"), "none");
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	run(&r, &f, 60 * SECOND);
	n = r.n_writes;
	assert_int_equal(hand_set(&r, "T", "2000"), VERDICT_VERIFIED);
	run(&r, &f, 3 * SECOND);
	assert_true(is_near(first_write(&r, n), 350, 60));
	run(&r, &f, 1500 * SECOND);
	assert_true(is_near(f.bed, 2000, 20));
	/* What the outer one measures is gone: the wall is asked for nothing, and the heater is off. */
	r.device[1].hides = 2;
	run(&r, &f, 5 * SECOND);
	assert_true(is_near(hand_value(&r, "W.target"), 0, 0));
	assert_int_equal(r.device[0].held[0], 0);
	r.device[1].hides = 0;
	run(&r, &f, 1500 * SECOND);
	assert_true(is_near(f.bed, 2000, 20));
	/* A trip ends both. */
	r.device[1].held[3] = 1;
	run(&r, &f, 5 * SECOND);
	assert_int_equal(r.device[0].held[0], 0);
	assert_string_equal(hand_word(&r, "W.owner"), "none");
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	hand_done(&r);
}

/* ---- chance -------------------------------------------------------------------------------------------------------------- */

/* Whatever happens, the heater is off soon behind a sensor that is bad while the loop has it, and never above its limit. */
static void
test_chance(void **state)
{
	for (uint64_t seed = 1; seed <= 30; seed++) {
		uint64_t chance = seed;
		int64_t bad_ns = 0, dead_ns = 0;
		struct furnace f;
		struct hand_rig r;

		start(&r, &f, (int)(seed % 3) == 0 ? SLOW_HEATER : (int)(seed % 3));
		for (int k = 0;
			k < 400 && r.n_writes < HAND_WRITES - 100 && r.n_events < HAND_EVENTS - 100;
			k++) {
			char value[20];

			switch (rand_below(&chance, 40)) {
			case 0:
				snprintf(
					value, sizeof(value), "%d", (int)rand_below(&chance, 4500));
				hand_set(&r, "T", value);
				break;
			case 1:
				hand_set(&r, "heater", "300");
				break;
			case 2:
				command(&r, COMMAND_MODE, "T", "automatic");
				break;
			case 3:
				r.device[1].hides ^= 1;
				break;
			case 4:
				r.device[0].is_silent = !r.device[0].is_silent;
				break;
			case 5:
				hand_kill(&r, SECOND);
				break;
			case 6:
				command(&r, COMMAND_MODE, "heater", "manual");
				break;
			default:
				break;
			}
			run(&r, &f, SECOND);
			if (r.device[0].is_silent)
				dead_ns = r.now_ns;
			if (r.device[1].hides == 0)
				bad_ns = r.now_ns;
			if (r.now_ns - bad_ns > 15 * SECOND && r.now_ns - dead_ns > 15 * SECOND &&
				strcmp(hand_word(&r, "heater.owner"), "pid") == 0)
				assert_int_equal(r.device[0].held[0], 0);
		}
		for (size_t i = 0; i < r.n_writes; i++)
			assert_true(r.writes[i].value >= 0 && r.writes[i].value <= SPAN);
		hand_done(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_regulates),
		cmocka_unit_test(test_ramp_of_the_setpoint),
		cmocka_unit_test(test_no_windup),
		cmocka_unit_test(test_by_hand_and_back),
		cmocka_unit_test(test_the_later_one_has_it),
		cmocka_unit_test(test_trip_while_it_regulates),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_bad_input_and_no_heater),
		cmocka_unit_test(test_output_dead),
		cmocka_unit_test(test_output_stuck),
		cmocka_unit_test(test_interlock_refuses),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_restart_without_sensor),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_cascade),
		cmocka_unit_test(test_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
