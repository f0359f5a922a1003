/* test_output_chance.c - whatever is asked, whatever the wire does: what goes out lies within the limits and moves no faster
 * than the ramp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "control/output.h"

enum { MEASURED, TARGET, WORKING, OWNER, MODE, CHANNELS };

#define LOW -50.0
#define HIGH 200.0
#define RAMP 3.0   /* a second */
#define SLACK 1e-9 /* of sums of doubles */
#define SAFE 0.0

/* One output whose device keeps what it is told, loses it, or has its knob turned. */
struct rig {
	struct {
		struct image img;
		struct image_instrument instrument;
		struct image_point point;
		struct image_channel channels[CHANNELS];
		struct image_output output;
		char strings[8];
	} bytes;
	struct outputs *outputs;
	uint64_t random;
	int64_t now_ns;
	double device;
	double pending; /* on the wire */
	uint32_t tag;   /* 0: nothing is on the wire */
	bool is_there;
	double shown;     /* of the device, as it was read last */
	double working;   /* as shown last; NaN: from nowhere it may go anywhere */
	int64_t moved_ns; /* when it last could move */
	unsigned n_steps, n_refused, n_protected;
};

static uint64_t
on_event(void *ctx, struct event *e)
{
	struct rig *g = ctx;
	bool is_theirs = outputs_mode_of(g->outputs, 0) == MODE_MANUAL &&
			 outputs_owner(g->outputs, 0) < OWNER_SAFE_STATE;

	/* What the device holds is taken over; a step that an interlock forbids is taken back. */
	if (e->kind == EVENT_OUTPUT_ADOPTED || (e->kind == EVENT_OUTPUT_CHANGED && is_theirs))
		g->working = e->values[0];
	else if (e->kind == EVENT_OUTPUT_HELD)
		g->working = e->values[0];
	return 1;
}

static void
on_state(void *ctx, uint32_t channel, double number, enum quality quality, int64_t stamp_ns)
{
	struct rig *g = ctx;
	bool is_protected = g->outputs != NULL && outputs_owner(g->outputs, 0) >= OWNER_SAFE_STATE;
	double most = RAMP * (double)(g->now_ns - g->moved_ns) / 1e9 + SLACK;

	if (channel == TARGET && quality == Q_GOOD)
		assert_true(number >= LOW && number <= HIGH);
	if (channel != WORKING)
		return;
	if (quality == Q_GOOD && (number < LOW || number > HIGH))
		fail_msg("working at %g, outside of %g to %g", number, LOW, HIGH);
	/* An order begins where the device was found, if that is somewhere else: nothing moves by that. */
	if (quality == Q_GOOD && !is_protected && fabs(number - g->working) > most &&
		fabs(number - g->shown) > most)
		fail_msg("working at %g behind %g, at most %g of way in that time", number,
			g->working, most);
	g->n_steps += quality == Q_GOOD && fabs(number - g->working) > 0;
	g->working = quality == Q_GOOD ? number : (double)NAN;
}

static void
on_read(void *ctx, uint32_t channel, struct output_reading *out)
{
	struct rig *g = ctx;

	g->shown = g->is_there ? g->device : g->shown;
	*out = (struct output_reading){ .number = g->device,
		.quality = g->is_there ? Q_GOOD : Q_NO_ANSWER,
		.stamp_ns = g->now_ns };
}

static int
on_write(void *ctx, uint32_t point, uint32_t tag, union value v, struct err *err)
{
	struct rig *g = ctx;
	double working = (double)NAN;

	if (rand_below(&g->random, 8) == 0)
		return err_set(err, ERR_REFUSED, 0, "the queue is full");
	assert_true(outputs_working(g->outputs, 0, &working));
	if (v.f < LOW || v.f > HIGH || v.f < working || v.f > working)
		fail_msg("%g was written, working at %g", v.f, working);
	if (outputs_owner(g->outputs, 0) >= OWNER_SAFE_STATE) {
		assert_true(v.f >= SAFE && v.f <= SAFE);
		g->n_protected++;
	}
	g->pending = v.f;
	g->tag = tag;
	return 0;
}

static void
on_ask(void *ctx, uint32_t point)
{
}

static int
on_allow(void *ctx, uint32_t output, double value, struct err *err)
{
	struct rig *g = ctx;

	if (rand_below(&g->random, 20) != 0)
		return 0;
	g->n_refused++;
	return err_set(err, ERR_REFUSED, 0, "an interlock forbids it; wait");
}

static void
on_settled(void *ctx, uint32_t output, uint64_t cause, enum verdict verdict, const char *text)
{
	assert_int_not_equal(verdict, VERDICT_PENDING);
}

static void
make(struct rig *g, uint64_t seed)
{
	const struct outputs_sink sink = { .ctx = g,
		.event = on_event,
		.state = on_state,
		.read = on_read,
		.write = on_write,
		.ask = on_ask,
		.allow = on_allow,
		.settled = on_settled };
	struct image *img = &g->bytes.img;

	memset(g, 0, sizeof(*g));
	g->random = seed;
	g->now_ns = NS_PER_S;
	g->is_there = true;
	g->working = (double)NAN;
	img->instruments.off = (uint32_t)offsetof(struct rig, bytes.instrument);
	img->points.off = (uint32_t)offsetof(struct rig, bytes.point);
	img->channels.off = (uint32_t)offsetof(struct rig, bytes.channels);
	img->outputs.off = (uint32_t)offsetof(struct rig, bytes.output);
	img->strings.off = (uint32_t)offsetof(struct rig, bytes.strings);
	img->instruments.n = img->points.n = img->outputs.n = img->strings.n = 1;
	img->channels.n = CHANNELS;
	g->bytes.instrument.timeout_ns = NS_PER_S;
	g->bytes.point.every_ns = NS_PER_S;
	g->bytes.point.value = VALUE_FLOAT;
	g->bytes.channels[MEASURED].type = VALUE_FLOAT;
	g->bytes.output = (struct image_output){ .channel = MEASURED,
		.at = MEASURED,
		.target = TARGET,
		.working = WORKING,
		.owner = OWNER,
		.mode = MODE,
		.factor = 1,
		.has_verify = (uint8_t)(seed % 2),
		.has_limits = 1,
		.min = LOW,
		.max = HIGH,
		.ramp = RAMP,
		.verify_tries = 3,
		.verify_after_ns = (int64_t)(seed % 3) * 500 * NS_PER_MS,
		.refresh_ns = seed % 5 == 0 ? 2 * NS_PER_S : 0,
		.shutoff = IMAGE_NONE };
	g->outputs = outputs_new(img, &sink);
	outputs_read(g->outputs, MEASURED, g->now_ns); /* what it holds is adopted */
}

/* Somebody asks for something, sensible or not. */
static void
ask(struct rig *g)
{
	struct output_order order = { .value = rand_unit(&g->random) * 400 - 150,
		.ramp = rand_below(&g->random, 2) == 0 ? -1 : rand_unit(&g->random) * 10,
		.is_clamped = rand_below(&g->random, 2) == 0,
		.owner = rand_below(&g->random, 3) == 0 ? OWNER_RULE : OWNER_MANUAL,
		.cause = 1 };
	bool is_within = order.value >= LOW && order.value <= HIGH;
	struct err err;
	int rc = outputs_set(g->outputs, 0, &order, g->now_ns, &err);

	if (rc == 0)
		g->moved_ns = g->now_ns;
	if (!is_within && !order.is_clamped)
		assert_int_equal(rc, ERR_REFUSED);
}

static void
protect(struct rig *g)
{
	struct output_order order = { .value = SAFE, .ramp = -1, .owner = OWNER_TRIP, .cause = 1 };
	struct err err;

	if (outputs_owner(g->outputs, 0) == OWNER_TRIP)
		outputs_release(g->outputs, 0, OWNER_TRIP, g->now_ns);
	else
		assert_int_equal(outputs_set(g->outputs, 0, &order, g->now_ns, &err), 0);
}

/* The wire answers, or the device goes or comes. */
static void
answer(struct rig *g)
{
	static const enum quality bad[] = { Q_NO_ANSWER, Q_BAD_REQUEST, Q_GARBLED };
	uint32_t tag = g->tag;

	if (tag == 0)
		return;
	g->tag = 0;
	if (!g->is_there || rand_below(&g->random, 10) == 0) {
		outputs_written(g->outputs, tag, bad[rand_below(&g->random, 3)], 0, g->now_ns);
		return;
	}
	g->device = g->pending;
	outputs_written(g->outputs, tag, Q_GOOD, 0, g->now_ns);
}

static void
come_and_go(struct rig *g)
{
	g->is_there = !g->is_there;
	if (g->is_there) {
		outputs_back(g->outputs, 0, g->now_ns);
		return;
	}
	answer(g);
	outputs_lost(g->outputs, 0, g->now_ns);
}

static void
happen(struct rig *g)
{
	g->now_ns += (int64_t)rand_below(&g->random, 300) * NS_PER_MS;
	switch (rand_below(&g->random, 16)) {
	case 0:
		ask(g);
		break;
	case 1:
		if (rand_below(&g->random, 10) == 0)
			protect(g);
		break;
	case 2:
		if (rand_below(&g->random, 10) == 0)
			come_and_go(g);
		break;
	case 3:
		if (rand_below(&g->random, 10) == 0)
			g->device = LOW + rand_unit(&g->random) * (HIGH - LOW);
		break;
	case 4:
		if (rand_below(&g->random, 10) == 0)
			outputs_mode(g->outputs, 0, (enum output_mode)rand_below(&g->random, MODES),
				g->now_ns);
		break;
	case 5:
	case 6:
	case 7:
		answer(g);
		break;
	case 8:
	case 9:
		outputs_read(g->outputs, MEASURED, g->now_ns);
		break;
	case 10:
		outputs_step(g->outputs, g->now_ns);
		break;
	default:
		outputs_tick(g->outputs, g->now_ns);
		g->moved_ns = g->now_ns;
		break;
	}
}

static void
test_within_limits_and_ramp(void **state)
{
	unsigned steps = 0, refused = 0, protected = 0;

	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct rig g;

		make(&g, seed);
		for (int n = 0; n < 2000; n++)
			happen(&g);
		steps += g.n_steps;
		refused += g.n_refused;
		protected += g.n_protected;
		outputs_free(g.outputs);
	}
	assert_true(steps > 10000 && refused > 1000 && protected > 100);
}

/* Left alone with a device that answers, it arrives where it was asked to, in the time of the ramp. */
static void
test_arrives(void **state)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct output_order order = { .ramp = -1, .owner = OWNER_MANUAL, .cause = 1 };
		struct rig g;
		struct err err;
		int64_t start_ns;

		make(&g, seed);
		for (int n = 0; n < 300; n++)
			happen(&g);
		if (outputs_owner(g.outputs, 0) == OWNER_TRIP)
			protect(&g);
		if (!g.is_there)
			come_and_go(&g);
		order.value = LOW + rand_unit(&g.random) * (HIGH - LOW);
		outputs_mode(g.outputs, 0, MODE_MANUAL, g.now_ns);
		start_ns = g.now_ns;
		while (g.now_ns - start_ns < (int64_t)((HIGH - LOW) / RAMP + 60) * NS_PER_S) {
			double target;

			/* An interlock that refuses a step ends the ramp: it is asked for again. */
			if (!outputs_target(g.outputs, 0, &target) || target < order.value ||
				target > order.value)
				g.moved_ns = outputs_set(g.outputs, 0, &order, g.now_ns, &err) == 0
						     ? g.now_ns
						     : g.moved_ns;
			g.now_ns += 100 * NS_PER_MS;
			answer(&g);
			outputs_read(g.outputs, MEASURED, g.now_ns);
			outputs_tick(g.outputs, g.now_ns);
			g.moved_ns = g.now_ns;
		}
		if (fabs(g.device - order.value) > 1e-6)
			fail_msg("seed %d: at %g, not at %g", (int)seed, g.device, order.value);
		outputs_free(g.outputs);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within_limits_and_ramp),
		cmocka_unit_test(test_arrives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
