/* test_protection.c - trips, safe states, interlocks, bypasses and the end, with devices that do not do as they are told */
#include "hand_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MS NS_PER_MS
#define SECOND NS_PER_S
#define SENSOR 3 /* device with the inputs of trips */

/* Outputs: K, T on d0; V, H on d1; N, M on d2. Inputs on d3: gas, heat, leak, flood.
 *
 * cold: K 0, T 0; V 0 or else M 0; behind V: H 0; N 100. inert: N 200, H 0.
 * Trips: gas > 40 (latched); heat > 100 for 3 s, unknown only alarms; leak > 10 to inert (not latched); flood > 10 (latched).
 * Interlock mix: H > 0 and T > 500, in its own state `cold`. */
struct bench_made {
	struct image *img;
	uint32_t points[4 * HAND_REGISTERS];
};

enum { K, T, V, H, N, M, OUTPUTS };

static void
add_outputs(struct image_builder *b, const uint32_t *p, uint32_t *channels)
{
	static const struct {
		const char *name;
		uint32_t point;
		double max, ramp;
		uint8_t hazard;
	} rows[OUTPUTS] = {
		[K] = { "K", 0 * HAND_REGISTERS + 0, 1, 0, HAZARD_HEAT },
		[T] = { "T", 0 * HAND_REGISTERS + 1, 700, 10, HAZARD_HEAT },
		[V] = { "V", 1 * HAND_REGISTERS + 0, 1, 0, HAZARD_FUEL },
		[H] = { "H", 1 * HAND_REGISTERS + 1, 500, 0, HAZARD_FUEL },
		[N] = { "N", 2 * HAND_REGISTERS + 0, 1000, 0, HAZARD_INERT },
		[M] = { "M", 2 * HAND_REGISTERS + 1, 1, 0, HAZARD_NONE },
	};

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct image_output o = { .has_limits = 1,
			.max = rows[i].max,
			.ramp = rows[i].ramp,
			.hazard = rows[i].hazard,
			.has_verify = 1,
			.verify_tries = 2 };

		image_builder_output(b, rows[i].name, p[rows[i].point], &o, &channels[i]);
	}
}

static void
add_states(struct image_builder *b)
{
	static const struct image_safe_line cold[] = {
		{ K, IMAGE_NONE, IMAGE_NONE, 0, 0, SECOND, 0 },
		{ T, IMAGE_NONE, IMAGE_NONE, 0, 0, 2 * SECOND, 0 },
		{ V, IMAGE_NONE, 5, 0, 0, SECOND, 0 },
		{ H, 2, IMAGE_NONE, 0, 0, SECOND, 0 },
		{ N, IMAGE_NONE, IMAGE_NONE, 0, 100, SECOND, 0 },
		{ M, IMAGE_NONE, IMAGE_NONE, 1, 0, SECOND, 0 },
	};
	static const struct image_safe_line inert[] = {
		{ N, IMAGE_NONE, IMAGE_NONE, 0, 200, SECOND, 0 },
		{ H, IMAGE_NONE, IMAGE_NONE, 0, 0, SECOND, 0 },
	};

	image_builder_on_stop(b, image_builder_safe_state(b, "cold", cold, NELEM(cold)));
	image_builder_safe_state(b, "inert", inert, NELEM(inert));
}

static struct image *
make_image(int64_t warmup_ns)
{
	static const struct {
		const char *name;
		double above;
		struct image_trip like;
	} rows[] = {
		{ "gas", 40,
			{ .on_bad_ns = 5 * SECOND,
				.reset_after_ns = 2 * SECOND,
				.bypass_max_ns = 600 * SECOND,
				.is_latched = 1 } },
		{ "heat", 100,
			{ .for_ns = 3 * SECOND,
				.on_bad_ns = IMAGE_ON_BAD_ALARM,
				.is_latched = 1 } },
		{ "leak", 10, { .on_bad_ns = 5 * SECOND, .to = 1 } },
		{ "flood", 10,
			{ .on_bad_ns = 5 * SECOND,
				.is_latched = 1,
				.bypass_max_ns = 600 * SECOND } },
	};
	struct image_trip mix = { .on_bad_ns = 5 * SECOND, .is_latched = 1 };
	uint32_t p[4 * HAND_REGISTERS], channels[OUTPUTS];
	struct image_builder *b = hand_builder(4, 6, p);
	struct image_cond a, c;

	add_outputs(b, p, channels);
	add_states(b);
	for (uint32_t i = 0; i < NELEM(rows); i++) {
		struct image_trip like = rows[i].like;

		like.warmup_ns = i == 0 ? warmup_ns : 0;
		a = image_builder_cond(b, image_builder_channel(b, p[SENSOR * HAND_REGISTERS + i]),
			EXPR_OP_GT, rows[i].above);
		image_builder_trip(b, rows[i].name, &a, &like);
	}
	a = image_builder_cond(b, channels[H], EXPR_OP_GT, 0);
	c = image_builder_cond(b, channels[T], EXPR_OP_GT, 500);
	a = image_builder_both(b, &a, &c);
	image_builder_interlock(b, "mix", &a, &mix);
	return image_builder_done(b);
}

/* A bench that runs: K on, T 100, V open, H 50, N 20, M open. */
static void
make(struct hand_rig *r)
{
	static const int16_t held[3][2] = { { 1, 100 }, { 1, 50 }, { 20, 1 } };

	hand_init(r, make_image(0), 4);
	for (size_t d = 0; d < 3; d++)
		memcpy(r->device[d].held, held[d], sizeof(held[d]));
	hand_run(r, 2 * SECOND);
	assert_int_equal(r->n_writes, 0);
	assert_string_equal(hand_word(r, "trip.gas"), "ready");
}

/* A command of a person, and its verdict. */
static enum verdict
ask(struct hand_rig *r, enum command_kind kind, const char *subject, const char *text,
	int64_t span_ns, const char **out_text)
{
	struct command c = {
		.kind = kind, .ramp_per_min = (double)NAN, .is_person = true, .span_ns = span_ns
	};

	text_copy(c.subject, sizeof(c.subject), subject);
	text_copy(c.text, sizeof(c.text), text);
	hand_command(r, &c);
	for (int i = 0; i < 100 && hand_verdict(r, c.id, NULL) == VERDICT_PENDING; i++)
		hand_run(r, 100 * MS);
	hand_run(r, 200 * MS); /* and it is shown */
	return hand_verdict(r, c.id, out_text);
}

static void
refused(struct hand_rig *r, enum command_kind kind, const char *subject, const char *text,
	int64_t span_ns, const char *why)
{
	const char *said = "";
	size_t n = r->n_writes;

	assert_int_equal(ask(r, kind, subject, text, span_ns, &said), VERDICT_REFUSED);
	if (strstr(said, why) == NULL)
		fail_msg("'%s' does not say '%s'", said, why);
	assert_int_equal(r->n_writes, n);
}

static void
set_refused(struct hand_rig *r, const char *output, const char *value, const char *why)
{
	size_t n = r->n_writes;

	assert_int_equal(hand_set(r, output, value), VERDICT_REFUSED);
	if (strstr(r->verdicts[(r->n_verdicts - 1) % HAND_VERDICTS].text, why) == NULL)
		fail_msg("'%s' does not say '%s'",
			r->verdicts[(r->n_verdicts - 1) % HAND_VERDICTS].text, why);
	assert_int_equal(r->n_writes, n);
}

/* Run until an event of this kind came behind the n-th, at most so long; its time, NEVER. */
static int64_t
wait_for(struct hand_rig *r, enum event_kind kind, const char *subject, int64_t span_ns)
{
	size_t before = hand_count(r, kind, subject);
	int64_t end_ns = r->now_ns + span_ns;

	while (r->now_ns < end_ns && hand_count(r, kind, subject) == before)
		hand_run(r, MS);
	return hand_count(r, kind, subject) == before ? NEVER : hand_last(r, kind)->stamp_ns;
}

static void
is_cold(struct hand_rig *r)
{
	assert_int_equal(r->device[0].held[0], 0);
	assert_int_equal(r->device[0].held[1], 0);
	assert_int_equal(r->device[1].held[0], 0);
	assert_int_equal(r->device[1].held[1], 0);
	assert_int_equal(r->device[2].held[0], 100);
	assert_string_equal(hand_word(r, "safe.cold"), "reached");
}

/* When the first write behind `from` came to a register; there is one. */
static int64_t
first_write(const struct hand_rig *r, size_t from, uint32_t device, uint32_t address)
{
	for (size_t i = from; i < r->n_writes; i++)
		if (r->writes[i].device == device && r->writes[i].address == address)
			return r->writes[i].at_ns;
	fail_msg("nothing was written to register %u of d%u", address, device);
	return NEVER;
}

/* ---- trips --------------------------------------------------------------------------------------------------------------- */

static void
test_fires_within_for(void **state)
{
	struct hand_rig r;
	int64_t from_ns, fired_ns;

	make(&r);
	/* Not when it holds for less. */
	r.device[SENSOR].held[1] = 120;
	hand_run(&r, 2500 * MS);
	assert_string_equal(hand_word(&r, "trip.heat"), "pending");
	r.device[SENSOR].held[1] = 20;
	hand_run(&r, 5 * SECOND);
	assert_string_equal(hand_word(&r, "trip.heat"), "ready");
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 0);
	from_ns = r.now_ns;
	r.device[SENSOR].held[1] = 120;
	fired_ns = wait_for(&r, EVENT_TRIP_FIRED, "heat", 5 * SECOND);
	assert_in_range(fired_ns - from_ns, 3000 * MS, 3150 * MS);
	hand_run(&r, 2 * SECOND);
	is_cold(&r);
	assert_string_equal(hand_word(&r, "trip.heat"), "tripped");
	assert_string_equal(hand_word(&r, "mbc.bench"), "tripped");
	assert_string_equal(hand_word(&r, "T.owner"), "trip");
	hand_done(&r);
}

static void
test_unknown(void **state)
{
	struct hand_rig r;
	int64_t from_ns;

	make(&r);
	/* `on_bad: alarm` does not fire: gas and the others do, after 5 s, not before. */
	r.device[SENSOR].is_silent = true;
	hand_run(&r, 2 * SECOND);
	r.device[SENSOR].is_silent = false;
	hand_run(&r, 5 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 0);
	r.device[SENSOR].is_silent = true;
	from_ns = r.now_ns;
	assert_in_range(wait_for(&r, EVENT_TRIP_FIRED, "gas", 10 * SECOND) - from_ns, 5 * SECOND,
		6500 * MS);
	hand_run(&r, 20 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, "heat"), 0);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, "gas"), 1);
	is_cold(&r);
	hand_done(&r);
}

/* The first safe byte follows the reading that decides, not the tick; and each line of a link the verdict on the one before. */
static void
test_at_once(void **state)
{
	struct hand_rig r;

	make(&r);
	for (int round = 0; round < 20; round++) {
		struct hand_device *dev = &r.device[SENSOR];
		size_t writes;
		int64_t decided_ns, k, t, v, h, n;

		hand_run(&r, (7 * round + 1) * MS);
		writes = r.n_writes;
		dev->asked_ns = 0;
		dev->held[0] = 50;
		while (dev->asked_ns == 0)
			hand_run(&r, MS);
		decided_ns = dev->asked_ns + dev->delay_ns;
		hand_run(&r, SECOND);
		assert_true(hand_last(&r, EVENT_TRIP_FIRED)->stamp_ns == decided_ns);
		k = first_write(&r, writes, 0, 0);
		t = first_write(&r, writes, 0, 1);
		v = first_write(&r, writes, 1, 0);
		h = first_write(&r, writes, 1, 1);
		n = first_write(&r, writes, 2, 0);
		assert_in_range(k - decided_ns, 0, 20 * MS);
		assert_in_range(v - decided_ns, 0, 20 * MS);
		assert_in_range(n - decided_ns, 0, 20 * MS);
		/* Acknowledged after 2 ms, read back after 2 more, and a poll may stand before that. */
		assert_in_range(t - k, 4 * MS, 16 * MS);
		assert_in_range(h - v, 4 * MS, 16 * MS);
		is_cold(&r);
		dev->held[0] = 0;
		hand_run(&r, 3 * SECOND);
		assert_int_equal(
			ask(&r, COMMAND_TRIP_RESET, "gas", "test", 0, NULL), VERDICT_VERIFIED);
		assert_int_equal(hand_set(&r, "K", "1"), VERDICT_VERIFIED);
		assert_int_equal(hand_set(&r, "V", "1"), VERDICT_VERIFIED);
		assert_int_equal(hand_set(&r, "H", "30"), VERDICT_VERIFIED);
		assert_int_equal(hand_set(&r, "N", "20"), VERDICT_VERIFIED);
	}
	hand_done(&r);
}

/* What is on its way for somebody else is neither waited for nor sent again before what is safe. */
static void
test_makes_way(void **state)
{
	struct command c = { .kind = COMMAND_SET,
		.ramp_per_min = (double)NAN,
		.subject = "H",
		.value = "80",
		.is_person = true };
	struct hand_rig r;

	make(&r);
	r.device[1].is_silent = true;
	hand_command(&r, &c);
	hand_run(&r, 50 * MS);
	r.device[SENSOR].held[3] = 50;
	hand_run(&r, 150 * MS);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, "flood"), 1);
	r.device[1].is_silent = false;
	hand_run(&r, 10 * SECOND);
	is_cold(&r);
	for (size_t i = 0; i < r.n_writes; i++)
		assert_int_not_equal(r.writes[i].value, 80);
	assert_int_equal(hand_verdict(&r, c.id, NULL), VERDICT_FAILED);
	hand_done(&r);
}

/* ---- safe states --------------------------------------------------------------------------------------------------------- */

static void
trip_gas(struct hand_rig *r)
{
	r->device[SENSOR].held[0] = 50;
	assert_true(wait_for(r, EVENT_TRIP_FIRED, "gas", SECOND) != NEVER);
}

static void
test_order_and_otherwise(void **state)
{
	struct hand_rig r;
	const struct event *reached;
	int64_t h;

	make(&r);
	r.device[1].refuses_some = 1;
	trip_gas(&r);
	hand_run(&r, 5 * SECOND);
	/* V is not taken: told, H behind it goes on, and M is its second way. */
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, "V"), 1);
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, NULL), 1);
	h = first_write(&r, 0, 1, 1);
	first_write(&r, 0, 2, 1);
	assert_true(h - hand_last(&r, EVENT_TRIP_FIRED)->stamp_ns >= SECOND);
	assert_int_equal(r.device[1].held[1], 0);
	assert_int_equal(r.device[2].held[1], 0);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	reached = hand_last(&r, EVENT_SAFE_STATE_REACHED);
	assert_non_null(strstr(reached->text, "'V'"));
	assert_int_equal(r.device[1].held[0], 1);
	/* It is tried again all the time, and told as often as it is news. */
	r.device[1].refuses_some = 0;
	hand_run(&r, 3 * SECOND);
	assert_int_equal(r.device[1].held[0], 0);
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, NULL), 1);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, "V"), 1);
	is_cold(&r);
	hand_done(&r);
}

/* What waits for its turn moves no more meanwhile, and is nobody else's; nothing of it is written but the safe value. */
static void
test_what_waits_is_held(void **state)
{
	struct hand_rig r;
	size_t n;

	make(&r);
	assert_int_equal(hand_set(&r, "T", "300"), VERDICT_VERIFIED);
	hand_run(&r, 2 * SECOND);
	r.device[0].refuses_some = 1;
	trip_gas(&r);
	n = r.n_writes;
	assert_string_equal(hand_word(&r, "T.owner"), "manual");
	hand_run(&r, 500 * MS);
	assert_string_equal(hand_word(&r, "T.owner"), "trip");
	set_refused(&r, "T", "300", "trip 'gas'");
	hand_run(&r, 2 * SECOND);
	for (size_t i = n; i < r.n_writes; i++)
		assert_int_equal(r.writes[i].value, r.writes[i].device == 2 ? 100 : 0);
	assert_int_equal(r.device[0].held[1], 0);
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, "K"), 1);
	hand_done(&r);
}

static void
test_dead_line(void **state)
{
	struct hand_rig r;
	size_t n_writes, n_others;

	make(&r);
	r.device[1].is_gone = true;
	hand_run(&r, 3 * SECOND);
	trip_gas(&r);
	hand_run(&r, 10 * SECOND);
	/* The other links went on. */
	assert_int_equal(r.device[0].held[0], 0);
	assert_int_equal(r.device[0].held[1], 0);
	assert_int_equal(r.device[2].held[0], 100);
	assert_int_equal(r.device[2].held[1], 0);
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, "V"), 1);
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, "H"), 1);
	assert_string_equal(hand_word(&r, "safe.cold"), "not_confirmed");
	refused(&r, COMMAND_TRIP_RESET, "gas", "never mind", 0, "still true");
	r.device[SENSOR].held[0] = 0;
	hand_run(&r, 3 * SECOND);
	refused(&r, COMMAND_TRIP_RESET, "gas", "never mind", 0, "not confirmed");
	/* It comes back: its lines go before it is read. */
	n_writes = r.n_writes;
	n_others = r.device[1].n_others;
	r.device[1].asked_ns = 0;
	r.device[1].is_gone = false;
	while (r.device[1].asked_ns == 0 && r.device[1].n_others == n_others)
		hand_run(&r, MS);
	assert_true(r.device[1].asked_ns == 0);
	hand_run(&r, 10 * SECOND);
	assert_true(r.n_writes >= n_writes + 2);
	assert_int_equal(r.writes[n_writes].device, 1);
	assert_int_equal(r.writes[n_writes].value, 0);
	is_cold(&r);
	/* One write each time it went, and none while it could not go. */
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, "V"), 1);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, "H"), 1);
	assert_int_equal(ask(&r, COMMAND_TRIP_RESET, "gas", "wire", 0, NULL), VERDICT_VERIFIED);
	hand_done(&r);
}

/* Lost and found while the state is held, with its old values: they are gone before anybody sees them. */
static void
test_power_cycle(void **state)
{
	struct hand_rig r;

	make(&r);
	trip_gas(&r);
	hand_run(&r, 3 * SECOND);
	is_cold(&r);
	r.device[1].is_silent = true;
	hand_run(&r, 5 * SECOND);
	assert_string_not_equal(hand_word(&r, "safe.cold"), "reached");
	r.device[1].held[0] = 1;
	r.device[1].held[1] = 50;
	r.device[1].is_silent = false;
	hand_run(&r, 35 * SECOND);
	is_cold(&r);
	hand_done(&r);
}

static void
test_stuck_device(void **state)
{
	struct hand_rig r;

	make(&r);
	r.device[0].is_stuck = true;
	trip_gas(&r);
	hand_run(&r, 30 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, "K"), 1);
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, "T"), 1);
	assert_int_equal(hand_last(&r, EVENT_SAFE_LINE_FAILED)->reason, Q_DEVICE_FAILED);
	assert_int_equal(hand_count(&r, EVENT_SAFE_STATE_REACHED, NULL), 0);
	assert_string_equal(hand_word(&r, "safe.cold"), "not_confirmed");
	/* Tried again and again, told once. */
	assert_true(r.n_writes > 20);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, "K"), 1);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_NOT_TAKEN, "K"), 1);
	r.device[0].is_stuck = false;
	hand_run(&r, 5 * SECOND);
	is_cold(&r);
	hand_done(&r);
}

/* It acknowledged and was read back; now it can be read no more, and that is told. */
static void
test_unseen(void **state)
{
	struct hand_rig r;

	make(&r);
	trip_gas(&r);
	hand_run(&r, 3 * SECOND);
	is_cold(&r);
	r.device[0].hides = 1;
	hand_run(&r, 6 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, "K"), 1);
	assert_string_equal(hand_word(&r, "safe.cold"), "not_confirmed");
	r.device[0].held[0] = 1;
	r.device[0].hides = 0;
	hand_run(&r, 90 * SECOND);
	is_cold(&r);
	hand_done(&r);
}

static void
test_asserted_again(void **state)
{
	struct hand_rig r;
	size_t events;

	make(&r);
	trip_gas(&r);
	hand_run(&r, 3 * SECOND);
	is_cold(&r);
	for (int i = 1; i <= 3; i++) {
		r.device[0].held[0] = 1;
		hand_run(&r, 300 * MS);
		assert_int_equal(r.device[0].held[0], 0);
		assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, "K"), i);
	}
	/* A second master that does not give in is written against, now and then. */
	events = r.n_events;
	for (int i = 0; i < 200; i++) {
		r.device[0].held[0] = 1;
		hand_run(&r, 50 * MS);
	}
	assert_true(r.n_events - events < 60);
	hand_run(&r, 5 * SECOND);
	is_cold(&r);
	hand_done(&r);
}

/* ---- reset --------------------------------------------------------------------------------------------------------------- */

static void
test_reset(void **state)
{
	struct command program = { .kind = COMMAND_TRIP_RESET,
		.ramp_per_min = (double)NAN,
		.subject = "gas",
		.text = "me" };
	struct hand_rig r;
	const char *text;
	uint64_t cause;
	size_t n;

	make(&r);
	refused(&r, COMMAND_TRIP_RESET, "gas", "why not", 0, "not tripped");
	refused(&r, COMMAND_TRIP_RESET, "nobody", "why not", 0, "no trip");
	trip_gas(&r);
	cause = hand_last(&r, EVENT_TRIP_FIRED)->id;
	hand_run(&r, 3 * SECOND);
	assert_true(hand_last(&r, EVENT_SAFE_STATE_BEGAN)->cause == cause);
	refused(&r, COMMAND_TRIP_RESET, "gas", "why not", 0, "still true");
	r.device[SENSOR].is_silent = true;
	hand_run(&r, 3 * SECOND);
	refused(&r, COMMAND_TRIP_RESET, "gas", "why not", 0, "unknown");
	r.device[SENSOR].is_silent = false;
	r.device[SENSOR].held[0] = 0;
	while (hand_count(&r, EVENT_INSTRUMENT_UP, "d3") < 2)
		hand_run(&r, 10 * MS);
	hand_run(&r, 200 * MS);
	refused(&r, COMMAND_TRIP_RESET, "gas", "why not", 0, "wait");
	hand_run(&r, 3 * SECOND);
	/* Latched: it stays, and nothing moves by itself. */
	assert_string_equal(hand_word(&r, "trip.gas"), "tripped");
	refused(&r, COMMAND_TRIP_RESET, "gas", "", 0, "comment");
	hand_command(&r, &program);
	hand_run(&r, SECOND);
	assert_int_equal(hand_verdict(&r, program.id, &text), VERDICT_REFUSED);
	assert_non_null(strstr(text, "person"));
	r.device[0].is_stuck = true;
	r.device[0].held[0] = 1;
	hand_run(&r, 3 * SECOND);
	refused(&r, COMMAND_TRIP_RESET, "gas", "why not", 0, "not confirmed");
	r.device[0].is_stuck = false;
	hand_run(&r, 3 * SECOND);
	n = r.n_writes;
	assert_int_equal(
		ask(&r, COMMAND_TRIP_RESET, "gas", "the valve", 0, NULL), VERDICT_VERIFIED);
	hand_run(&r, 10 * SECOND);
	assert_int_equal(r.n_writes, n);
	assert_string_equal(hand_word(&r, "trip.gas"), "ready");
	assert_string_equal(hand_word(&r, "safe.cold"), "idle");
	assert_string_equal(hand_word(&r, "T.mode"), "manual");
	assert_string_equal(hand_word(&r, "T.owner"), "manual");
	assert_true(fabs(hand_value(&r, "T.target")) < 1e-9);
	assert_true(fabs(hand_value(&r, "N.target") - 100) < 1e-9);
	assert_int_equal(hand_set(&r, "N", "30"), VERDICT_VERIFIED);
	hand_done(&r);
}

static void
test_owner_and_release(void **state)
{
	struct hand_rig r;

	make(&r);
	assert_int_equal(ask(&r, COMMAND_SAFE, "", "", 0, NULL), VERDICT_VERIFIED);
	is_cold(&r);
	set_refused(&r, "T", "50", "safe state 'cold'");
	/* One that a trip has is not taken from it by somebody who asks for a safe state, nor set free by its release. */
	trip_gas(&r);
	hand_run(&r, 2 * SECOND);
	set_refused(&r, "T", "50", "trip 'gas'");
	set_refused(&r, "N", "50", "trip 'gas'");
	refused(&r, COMMAND_RELEASE, "cold", "", 0, "the trip 'gas' holds it");
	assert_int_equal(ask(&r, COMMAND_SAFE, "inert", "", 0, NULL), VERDICT_FAILED);
	assert_int_equal(r.device[2].held[0], 100);
	assert_string_equal(hand_word(&r, "N.owner"), "trip");
	assert_int_equal(ask(&r, COMMAND_RELEASE, "inert", "", 0, NULL), VERDICT_VERIFIED);
	set_refused(&r, "N", "50", "trip 'gas'");
	r.device[SENSOR].held[0] = 0;
	hand_run(&r, 3 * SECOND);
	assert_int_equal(ask(&r, COMMAND_TRIP_RESET, "gas", "done", 0, NULL), VERDICT_VERIFIED);
	assert_int_equal(ask(&r, COMMAND_SAFE, "inert", "", 0, NULL), VERDICT_VERIFIED);
	assert_int_equal(r.device[2].held[0], 200);
	assert_int_equal(ask(&r, COMMAND_RELEASE, "inert", "", 0, NULL), VERDICT_VERIFIED);
	refused(&r, COMMAND_RELEASE, "inert", "", 0, "not held");
	assert_string_equal(hand_word(&r, "N.owner"), "manual");
	assert_string_equal(hand_word(&r, "mbc.bench"), "manual");
	assert_int_equal(hand_set(&r, "N", "50"), VERDICT_VERIFIED);
	hand_done(&r);
}

/* ---- bypass -------------------------------------------------------------------------------------------------------------- */

static void
test_bypass(void **state)
{
	struct hand_rig r;
	int64_t from_ns;

	make(&r);
	refused(&r, COMMAND_BYPASS, "leak", "sensor", 60 * SECOND, "cannot be bypassed");
	refused(&r, COMMAND_BYPASS, "gas", "", 60 * SECOND, "reason");
	refused(&r, COMMAND_BYPASS, "gas", "sensor", 0, "end");
	refused(&r, COMMAND_BYPASS, "gas", "sensor", 601 * SECOND, "end");
	refused(&r, COMMAND_BYPASS_END, "gas", "", 0, "not bypassed");
	from_ns = r.now_ns;
	assert_int_equal(
		ask(&r, COMMAND_BYPASS, "gas", "sensor", 400 * SECOND, NULL), VERDICT_VERIFIED);
	refused(&r, COMMAND_BYPASS, "flood", "sensor", 60 * SECOND, "only one");
	assert_string_equal(hand_word(&r, "trip.gas"), "bypassed");
	r.device[SENSOR].held[0] = 50;
	hand_run(&r, 50 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_TRIP_WOULD_FIRE, "gas"), 1);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 0);
	assert_int_equal(r.n_writes, 0);
	/* Once for each spell. */
	r.device[SENSOR].held[0] = 0;
	hand_run(&r, SECOND);
	r.device[SENSOR].held[0] = 50;
	hand_run(&r, SECOND);
	assert_int_equal(hand_count(&r, EVENT_TRIP_WOULD_FIRE, "gas"), 2);
	assert_int_equal(hand_count(&r, EVENT_BYPASS_ENDS_SOON, "gas"), 0);
	hand_run(&r, 60 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_BYPASS_ENDS_SOON, "gas"), 1);
	assert_true(wait_for(&r, EVENT_TRIP_FIRED, "gas", 400 * SECOND) != NEVER);
	assert_in_range(r.now_ns - from_ns, 400 * SECOND, 400 * SECOND + 200 * MS);
	assert_int_equal(hand_count(&r, EVENT_BYPASS_ENDED, "gas"), 1);
	hand_run(&r, 3 * SECOND);
	is_cold(&r);
	refused(&r, COMMAND_BYPASS, "gas", "sensor", 60 * SECOND, "reset it first");
	assert_int_equal(
		ask(&r, COMMAND_BYPASS, "flood", "sensor", 60 * SECOND, NULL), VERDICT_VERIFIED);
	assert_int_equal(ask(&r, COMMAND_BYPASS_END, "flood", "", 0, NULL), VERDICT_VERIFIED);
	assert_string_equal(hand_word(&r, "trip.flood"), "ready");
	hand_done(&r);
}

/* ---- interlocks ---------------------------------------------------------------------------------------------------------- */

static void
test_interlock_refuses(void **state)
{
	struct hand_rig r;

	make(&r);
	assert_string_equal(hand_word(&r, "interlock.mix"), "free");
	/* By what is measured: H is 50. */
	set_refused(&r, "T", "501", "mix");
	assert_int_equal(hand_set(&r, "T", "500"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "H", "0"), VERDICT_VERIFIED);
	/* By what is asked of the other side: T is at 150 on its way to 600. */
	assert_int_equal(hand_set(&r, "T", "600"), VERDICT_VERIFIED);
	set_refused(&r, "H", "1", "mix");
	/* Unknown refuses: the other side cannot be read; towards safe goes all the same. */
	assert_int_equal(hand_set(&r, "T", "100"), VERDICT_VERIFIED);
	hand_run(&r, 20 * SECOND);
	assert_int_equal(hand_set(&r, "H", "10"), VERDICT_VERIFIED);
	r.device[0].is_silent = true;
	hand_run(&r, 2 * SECOND);
	set_refused(&r, "H", "20", "cannot be judged");
	assert_int_equal(hand_set(&r, "H", "5"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "H", "0"), VERDICT_VERIFIED);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 0);
	hand_done(&r);
}

/* By what was sent: the device has taken a value back that nobody has read yet. */
static void
test_interlock_by_sent(void **state)
{
	struct command c = { .kind = COMMAND_SET,
		.ramp_per_min = (double)NAN,
		.subject = "H",
		.value = "40",
		.is_person = true };
	struct hand_rig r;

	make(&r);
	assert_int_equal(hand_set(&r, "H", "0"), VERDICT_VERIFIED);
	r.device[1].delay_ns = 150 * MS;
	hand_run(&r, SECOND);
	hand_command(&r, &c);
	hand_run(&r, MS);
	assert_true(fabs(hand_value(&r, "H")) < 1e-9);
	set_refused(&r, "T", "600", "mix");
	hand_done(&r);
}

static void
test_ramp_is_stopped(void **state)
{
	struct hand_rig r;
	const struct event *held;

	make(&r);
	assert_int_equal(hand_set(&r, "H", "0"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "T", "600"), VERDICT_VERIFIED);
	hand_run(&r, 20 * SECOND);
	/* Somebody opens it by hand: the ramp goes on to where it would be forbidden, and no further. */
	r.device[1].held[1] = 30;
	hand_run(&r, 60 * SECOND);
	assert_in_range(r.device[0].held[1], 495, 500);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_HELD, "T"), 1);
	held = hand_last(&r, EVENT_OUTPUT_HELD);
	assert_non_null(strstr(held->text, "mix"));
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 0);
	/* A ramp towards the safe value is free, whatever the interlock says. */
	r.device[1].is_silent = true;
	hand_run(&r, 2 * SECOND);
	assert_string_equal(hand_word(&r, "interlock.mix"), "free");
	assert_int_equal(hand_set(&r, "T", "400"), VERDICT_VERIFIED);
	hand_run(&r, 12 * SECOND);
	assert_int_equal(r.device[0].held[1], 400);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_HELD, "T"), 1);
	hand_done(&r);
}

static void
test_interlock_trips(void **state)
{
	struct hand_rig r;

	make(&r);
	r.device[0].held[1] = 510;
	assert_true(wait_for(&r, EVENT_TRIP_FIRED, "mix", SECOND) != NEVER);
	hand_run(&r, 3 * SECOND);
	is_cold(&r);
	assert_int_equal(hand_count(&r, EVENT_INTERLOCK_HOLDS, "mix"), 1);
	assert_int_equal(ask(&r, COMMAND_TRIP_RESET, "mix", "knob", 0, NULL), VERDICT_VERIFIED);
	hand_done(&r);
}

/* ---- several at once ----------------------------------------------------------------------------------------------------- */

static void
test_two_trips_to_one_state(void **state)
{
	struct hand_rig r;

	make(&r);
	r.device[SENSOR].held[0] = 50;
	r.device[SENSOR].held[3] = 50;
	hand_run(&r, 3 * SECOND);
	is_cold(&r);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 2);
	r.device[SENSOR].held[0] = 0;
	hand_run(&r, 3 * SECOND);
	assert_int_equal(ask(&r, COMMAND_TRIP_RESET, "gas", "one", 0, NULL), VERDICT_VERIFIED);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	set_refused(&r, "T", "50", "trip 'flood'");
	r.device[SENSOR].held[3] = 0;
	hand_run(&r, 3 * SECOND);
	assert_int_equal(ask(&r, COMMAND_TRIP_RESET, "flood", "two", 0, NULL), VERDICT_VERIFIED);
	assert_string_equal(hand_word(&r, "safe.cold"), "idle");
	assert_int_equal(hand_set(&r, "M", "0"), VERDICT_VERIFIED);
	hand_done(&r);
}

static void
test_two_trips_to_two_states(void **state)
{
	struct hand_rig r;
	int64_t fired_ns;

	make(&r);
	fired_ns = r.now_ns;
	r.device[SENSOR].held[0] = 50;
	r.device[SENSOR].held[2] = 50;
	hand_run(&r, 3 * SECOND);
	/* The one that was begun last has what both want; nothing waits for long, and no line is lost. */
	assert_int_equal(r.device[2].held[0], 200);
	assert_int_equal(r.device[0].held[0], 0);
	assert_int_equal(r.device[0].held[1], 0);
	assert_int_equal(r.device[1].held[0], 0);
	assert_int_equal(r.device[1].held[1], 0);
	for (size_t i = 0; i < r.n_writes; i++)
		assert_true(r.writes[i].at_ns - fired_ns < 300 * MS);
	assert_string_equal(hand_word(&r, "safe.inert"), "reached");
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, NULL), 0);
	/* `leak` is not latched: it is ready by itself, and its state stays until it is released. */
	r.device[SENSOR].held[2] = 0;
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "trip.leak"), "ready");
	assert_string_equal(hand_word(&r, "safe.inert"), "reached");
	/* What it lets go of is still the other trip's. */
	assert_int_equal(ask(&r, COMMAND_RELEASE, "inert", "", 0, NULL), VERDICT_VERIFIED);
	hand_run(&r, SECOND);
	assert_int_equal(r.device[2].held[0], 100);
	set_refused(&r, "H", "5", "trip 'gas'");
	set_refused(&r, "N", "5", "trip 'gas'");
	is_cold(&r);
	hand_done(&r);
}

/* ---- start, end, observing ----------------------------------------------------------------------------------------------- */

static void
test_starting(void **state)
{
	struct hand_rig r;

	hand_init(&r, make_image(30 * SECOND), 4);
	r.device[2].held[0] = 20;
	hand_run(&r, 5 * SECOND);
	assert_string_equal(hand_word(&r, "mbc.bench"), "starting");
	set_refused(&r, "H", "5", "starting");
	set_refused(&r, "K", "1", "'gas'");
	assert_int_equal(hand_set(&r, "N", "100"), VERDICT_VERIFIED); /* towards safe */
	assert_int_equal(hand_set(&r, "M", "1"), VERDICT_VERIFIED);   /* no hazard */
	/* It trips all the same. */
	r.device[SENSOR].held[3] = 50;
	hand_run(&r, 3 * SECOND);
	is_cold(&r);
	r.device[SENSOR].held[3] = 0;
	hand_run(&r, 3 * SECOND);
	assert_int_equal(ask(&r, COMMAND_TRIP_RESET, "flood", "dry", 0, NULL), VERDICT_VERIFIED);
	set_refused(&r, "H", "5", "starting");
	hand_run(&r, 25 * SECOND);
	assert_string_equal(hand_word(&r, "mbc.bench"), "manual");
	assert_int_equal(hand_set(&r, "H", "5"), VERDICT_VERIFIED);
	hand_done(&r);
	/* Inputs that never come: 60 s behind the longest warm-up it is made safe. */
	hand_init(&r, make_image(30 * SECOND), 4);
	r.device[SENSOR].is_silent = true;
	hand_run(&r, 89 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 0);
	hand_run(&r, 5 * SECOND);
	assert_true(hand_count(&r, EVENT_TRIP_FIRED, "gas") == 1);
	hand_done(&r);
}

/* A ramp that goes on after a restart waits for the inputs of the trips, and is not ended by that. */
static void
test_ramp_waits_for_inputs(void **state)
{
	struct hand_rig r;
	int16_t held;

	make(&r);
	assert_int_equal(hand_set(&r, "T", "300"), VERDICT_VERIFIED);
	hand_run(&r, 2050 * MS);
	hand_kill(&r, SECOND);
	r.device[SENSOR].is_silent = true;
	hand_run(&r, SECOND);
	held = r.device[0].held[1];
	hand_run(&r, 5 * SECOND);
	assert_in_range(r.device[0].held[1], held, held + 1);
	r.device[SENSOR].is_silent = false;
	hand_run(&r, 40 * SECOND);
	assert_int_equal(r.device[0].held[1], 300);
	hand_done(&r);
}

static int64_t
stop(struct hand_rig *r)
{
	int64_t from_ns = r->now_ns;

	while (!bench_stop(r->bench, r->now_ns) && r->now_ns - from_ns < 60 * SECOND)
		hand_run(r, 10 * MS);
	from_ns = r->now_ns - from_ns;
	hand_run(r, 100 * MS); /* and it is shown */
	return from_ns;
}

static void
test_stop(void **state)
{
	struct hand_rig r;

	make(&r);
	assert_in_range(stop(&r), 1, SECOND);
	is_cold(&r);
	hand_done(&r);
	/* With a dead instrument: 10 s. */
	make(&r);
	r.device[1].is_silent = true;
	assert_in_range(stop(&r), 10 * SECOND, 10 * SECOND + 100 * MS);
	assert_int_equal(r.device[0].held[1], 0);
	hand_done(&r);
	/* With all that could hurt safe already: at once, and nothing is written. */
	make(&r);
	trip_gas(&r);
	hand_run(&r, 3 * SECOND);
	r.n_writes = 0;
	assert_int_equal(stop(&r), 0);
	assert_int_equal(r.n_writes, 0);
	hand_done(&r);
}

static void
test_observe(void **state)
{
	uint32_t p[HAND_REGISTERS];
	struct image_builder *b;
	struct image *img = make_image(0);
	struct command c = { .kind = COMMAND_SAFE, .ramp_per_min = (double)NAN, .is_person = true };
	struct hand_rig r;

	img->is_observed = 1;
	hand_init(&r, img, 4);
	hand_run(&r, 2 * SECOND);
	assert_string_equal(hand_word(&r, "mbc.bench"), "observing");
	r.device[SENSOR].held[0] = 50;
	r.device[0].held[1] = 600;
	r.device[1].held[1] = 30;
	hand_run(&r, 5 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_TRIP_WOULD_FIRE, "gas"), 1);
	assert_int_equal(hand_count(&r, EVENT_TRIP_WOULD_FIRE, "mix"), 1);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 0);
	set_refused(&r, "T", "5", "observes");
	hand_command(&r, &c);
	hand_run(&r, SECOND);
	assert_int_equal(hand_verdict(&r, c.id, NULL), VERDICT_REFUSED);
	r.device[SENSOR].is_silent = true;
	hand_run(&r, 10 * SECOND);
	assert_true(bench_stop(r.bench, r.now_ns));
	hand_run(&r, 10 * SECOND);
	for (size_t d = 0; d < 4; d++)
		assert_int_equal(r.device[d].n_others, 0);
	hand_done(&r);
	/* Nor is an instrument prepared. */
	for (uint32_t is_observed = 0; is_observed < 2; is_observed++) {
		union value one = { .i = 1 };

		b = hand_builder(1, 2, p);
		image_builder_preset(b, "holding=5", one);
		img = image_builder_done(b);
		img->is_observed = is_observed;
		hand_init(&r, img, 1);
		hand_run(&r, 2 * SECOND);
		assert_int_equal(r.device[0].n_others, 1 - is_observed);
		assert_true(r.device[0].asked_ns > 0);
		hand_done(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fires_within_for),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_makes_way),
		cmocka_unit_test(test_order_and_otherwise),
		cmocka_unit_test(test_what_waits_is_held),
		cmocka_unit_test(test_dead_line),
		cmocka_unit_test(test_power_cycle),
		cmocka_unit_test(test_stuck_device),
		cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_asserted_again),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_owner_and_release),
		cmocka_unit_test(test_bypass),
		cmocka_unit_test(test_interlock_refuses),
		cmocka_unit_test(test_interlock_by_sent),
		cmocka_unit_test(test_ramp_is_stopped),
		cmocka_unit_test(test_interlock_trips),
		cmocka_unit_test(test_two_trips_to_one_state),
		cmocka_unit_test(test_two_trips_to_two_states),
		cmocka_unit_test(test_starting),
		cmocka_unit_test(test_ramp_waits_for_inputs),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_observe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
