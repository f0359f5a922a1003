/* test_compile_protect.c - what the tables of the image hold of trips, interlocks, alarms and rules */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "compile/units.h"
#include "model/expr.h"

#define DAY_NS (24 * 3600 * NS_PER_S)

static struct image *
compile(const char *text, size_t n_warnings)
{
	struct bench b;
	struct buf image = { 0 };
	struct err err;
	int rc;

	bench_init(&b, "test.yaml");
	rc = compile_bytes(&b, text, strlen(text), &image, NULL, &err);
	if (rc != 0 || b.diag.n_warnings != n_warnings)
		diag_print(&b.diag, stderr);
	assert_int_equal(rc, 0);
	assert_int_equal(b.diag.n_warnings, n_warnings);
	assert_int_equal(image_check(image.data, image.n, &err), 0);
	bench_done(&b);
	return (struct image *)(void *)image.data;
}

#define HEAD                                                                                       \
	"bench: b\nlinks:\n  io: {tcp: \"[::1]:1502\"}\ninstruments:\n  dev:\n    use: modbus\n"   \
	"    link: io\n    unit: 7\n    every: 200 ms\n    channels:\n"                            \
	"      pv: {read: {holding: 1, type: int16}, unit: degC}\n"                                \
	"      sp: {read: {holding: 2, type: int16}, write: {holding: 2}, unit: degC}\n"           \
	"      h2: {read: {coil: 2}, write: {coil: 2}, choices: {closed: 0, open: 7}}\n"           \
	"      lamp: {read: {coil: 3}, write: {coil: 3}}\n"                                        \
	"      ao: {read: {holding: 4, type: float32}, write: {holding: 4}, unit: V}\n"            \
	"channels:\n"                                                                              \
	"  T: {read: dev.pv, write: dev.sp, range: [0, 700]}\n"                                    \
	"  V: {read: dev.h2, write: dev.h2}\n"                                                     \
	"  L: {read: dev.lamp, write: dev.lamp}\n"                                                 \
	"  A: {read: dev.ao, write: dev.ao, range: [0, 10]}\n"                                     \
	"safe_states:\n"                                                                           \
	"  cold: {order: [{set: T, to: 0 degC}]}\n"                                                \
	"  shut: {order: [{set: V, to: closed}]}\n"                                                \
	"on_stop: shut\n"

static const char *
text(const struct image *img, uint32_t off)
{
	return image_text(img, off);
}

static const char *
name_of(const struct image *img, uint32_t channel)
{
	return text(img, image_channel_at(img, channel)->name);
}

/* What channels are, for a condition: T has the given value, V and all the others hold 7. */
static void
load(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	const struct image *img = ((const void **)ctx)[0];
	const double *t = ((const void **)ctx)[1];

	*out = strcmp(name_of(img, channel), "T") == 0 ? *t : 7;
	*out_quality = 0;
	*out_stamp_ns = 0;
}

static enum truth
truth_of(const struct image *img, const struct image_cond *c, double t)
{
	const void *ctx[] = { img, &t };
	struct expr_input in = { .ctx = ctx, .load = load };
	struct expr_result r;

	expr_run(
		(const struct expr_op *)image_at(img, &img->code) + c->first_op, c->n_ops, &in, &r);
	return r.truth;
}

static void
test_trips(void **state)
{
	struct image *img = compile(HEAD
		"trips:\n"
		"  a: {when: T > 600 degC, title: Too hot, for: 200 ms, to: cold, on_bad: alarm, "
		"latch: no, reset_after: 7 s, warmup: 3 min, protected_by: a fuse, tested: "
		"2024-02-29, every: 12 months, bypass: {max: 1 h}}\n"
		"  b: {when: T > 650 degC}\n",
		1);
	const struct image_trip *a = image_trip_at(img, 0), *b = image_trip_at(img, 1);

	assert_int_equal(img->trips.n, 2);
	assert_string_equal(text(img, a->name), "a");
	assert_string_equal(text(img, a->title), "Too hot");
	assert_string_equal(text(img, a->when.text), "T > 600 degC");
	assert_int_equal(truth_of(img, &a->when, 600), TRUTH_FALSE);
	assert_int_equal(truth_of(img, &a->when, 601), TRUTH_TRUE);
	assert_int_equal(a->for_ns, 200 * NS_PER_MS);
	assert_string_equal(text(img, image_safe_state_at(img, a->to)->name), "cold");
	assert_true(a->on_bad_ns == IMAGE_ON_BAD_ALARM);
	assert_int_equal(a->is_latched, 0);
	assert_int_equal(a->reset_after_ns, 7 * NS_PER_S);
	assert_int_equal(a->warmup_ns, 180 * NS_PER_S);
	assert_int_equal(a->bypass_max_ns, 3600 * NS_PER_S);
	assert_int_equal(a->test_every_ns, 365 * DAY_NS);
	assert_string_equal(text(img, a->protected_by), "a fuse");
	assert_string_equal(text(img, a->tested), "2024-02-29");
	assert_string_equal(name_of(img, a->state), "trip.a");
	assert_string_equal(text(img, image_channel_at(img, a->state)->title), "Too hot");
	assert_int_equal(a->interlock, IMAGE_NONE);
	/* What is not written. */
	assert_string_equal(text(img, image_safe_state_at(img, b->to)->name), "shut");
	assert_int_equal(b->on_bad_ns, 5 * NS_PER_S);
	assert_int_equal(b->is_latched, 1);
	assert_int_equal(b->reset_after_ns, 5 * NS_PER_S);
	assert_int_equal(b->bypass_max_ns, 0);
	assert_int_equal(b->test_every_ns, 0);
	free(img);
}

static void
test_interlocks_bring_trips_of_their_own(void **state)
{
	struct image *img = compile(HEAD
		"interlocks:\n"
		"  k: {forbid: V == open and T > 500 degC, to: cold, reset_after: 1 s}\n"
		"  l: {forbid: T.target > 600 degC, on_bad: 10 s}\n"
		"trips: {a: {when: T > 650 degC}}\n",
		0);
	const struct image_interlock *k = image_interlock_at(img, 0),
				     *l = image_interlock_at(img, 1);
	const struct image_trip *t = image_trip_at(img, k->trip);

	assert_int_equal(img->trips.n, 3);
	assert_int_equal(img->interlocks.n, 2);
	assert_int_equal(image_trip_at(img, 0)->interlock, IMAGE_NONE);
	assert_int_equal(k->trip, 1);
	assert_int_equal(t->interlock, 0);
	assert_string_equal(text(img, t->name), "k");
	assert_string_equal(name_of(img, k->state), "interlock.k");
	assert_string_equal(name_of(img, t->state), "trip.k");
	/* One program, with what it remembers: a write is judged on what the trip has seen. */
	assert_int_equal(k->forbid.first_op, t->when.first_op);
	assert_int_equal(k->forbid.n_ops, t->when.n_ops);
	assert_int_equal(truth_of(img, &k->forbid, 501), TRUTH_TRUE);
	/* Unknown it refuses, and trips only where that is written. */
	assert_true(t->on_bad_ns == IMAGE_ON_BAD_ALARM);
	assert_int_equal(image_trip_at(img, l->trip)->on_bad_ns, 10 * NS_PER_S);
	assert_int_equal(t->reset_after_ns, NS_PER_S);
	free(img);
}

static const struct image_alarm *
alarm_of(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->alarms.n; i++)
		if (strcmp(text(img, image_alarm_at(img, i)->name), name) == 0)
			return image_alarm_at(img, i);
	fail_msg("no alarm '%s'", name);
	return NULL;
}

static void
test_alarms(void **state)
{
	struct image *img = compile(HEAD
		"alarms:\n"
		"  grandchild: {when: T > 1 degC, parent: child}\n"
		"  child: {when: T > 2 degC, parent: parent, first_out: one, for: 2 s, off_for: 3 "
		"s}\n"
		"  parent: {when: T > 3 degC, clear: T < 2 degC, suppress: L, priority: critical, "
		"do: {en: Go, "
		"fr: Partir}, first_out: two, latch: yes, ack: no, on_bad: 9 s}\n"
		"  sibling: {when: T > 4 degC, first_out: one, shelve: no, priority: low}\n"
		"  last: {when: T > 5 degC, priority: critical, do: Run, shelve: 30 min}\n",
		0);
	const struct image_alarm *p = alarm_of(img, "parent"), *c = alarm_of(img, "child"),
				 *g = alarm_of(img, "grandchild"), *s = alarm_of(img, "sibling");

	assert_int_equal(img->alarms.n, 5);
	assert_ptr_equal(image_alarm_at(img, c->parent), p);
	assert_ptr_equal(image_alarm_at(img, g->parent), c);
	assert_true(p < c && c < g);
	assert_int_equal(p->parent, IMAGE_NONE);
	assert_string_equal(name_of(img, c->state), "alarm.child");
	assert_string_equal(text(img, p->action), "Go");
	assert_int_equal(p->priority, PRIORITY_CRITICAL);
	assert_int_equal(c->priority, PRIORITY_MEDIUM);
	assert_int_equal(s->priority, PRIORITY_LOW);
	assert_true(p->is_latched && !p->needs_ack && !c->is_latched && c->needs_ack);
	assert_int_equal(p->on_bad_ns, 9 * NS_PER_S);
	assert_int_equal(c->on_bad_ns, 5 * NS_PER_S);
	assert_int_equal(c->for_ns, 2 * NS_PER_S);
	assert_int_equal(c->off_for_ns, 3 * NS_PER_S);
	assert_int_equal(p->shelve_max_ns, 0);
	assert_int_equal(c->shelve_max_ns, 8 * 3600 * NS_PER_S);
	assert_int_equal(s->shelve_max_ns, 0);
	assert_int_equal(alarm_of(img, "last")->shelve_max_ns, 1800 * NS_PER_S);
	assert_int_equal(s->first_out, c->first_out);
	assert_int_not_equal(p->first_out, c->first_out);
	assert_int_equal(g->first_out, IMAGE_NONE);
	assert_string_equal(text(img, p->clear.text), "T < 2 degC");
	assert_string_equal(text(img, p->suppress.text), "L");
	assert_int_equal(c->clear.n_ops, 0);
	free(img);
}

static void
test_limits_of_a_channel(void **state)
{
	const struct image_alarm *a;
	struct image *img = compile(
		"bench: b\nlinks:\n  io: {tcp: \"[::1]:1502\"}\ninstruments:\n  dev:\n    use: "
		"modbus\n    link: io\n    channels:\n"
		"      pv: {read: {holding: 1, type: int16}, unit: degC}\n"
		"      sp: {read: {holding: 2, type: int16}, write: {holding: 2}, unit: degC}\n"
		"channels:\n"
		"  T: {read: dev.pv, write: dev.sp, range: [0, 700], alarm: {high: 1112 degF, low: "
		"10, "
		"deviation: 5 K, hysteresis: 2 K, for: 4 s, priority: high, do: Look}}\n"
		"  U: {read: dev.pv, range: [0, 500], alarm: {high: 400}}\n"
		"  W: {read: dev.pv, alarm: {low_low: 3 degC}}\n"
		"safe_states: {cold: {order: [{set: T, to: 0 degC}]}}\n",
		0);
	a = alarm_of(img, "T_high");
	assert_string_equal(text(img, a->when.text), "T > 600 degC");
	assert_string_equal(text(img, a->clear.text), "T < 598 degC");
	assert_int_equal(truth_of(img, &a->when, 600), TRUTH_FALSE);
	assert_int_equal(truth_of(img, &a->when, 600.5), TRUTH_TRUE);
	assert_int_equal(truth_of(img, &a->clear, 598), TRUTH_FALSE);
	assert_int_equal(truth_of(img, &a->clear, 597.5), TRUTH_TRUE);
	assert_int_equal(a->for_ns, 4 * NS_PER_S);
	assert_int_equal(a->priority, PRIORITY_HIGH);
	assert_string_equal(name_of(img, a->state), "alarm.T_high");
	a = alarm_of(img, "T_low");
	assert_int_equal(truth_of(img, &a->when, 9), TRUTH_TRUE);
	assert_int_equal(truth_of(img, &a->clear, 12), TRUTH_FALSE);
	assert_int_equal(truth_of(img, &a->clear, 12.5), TRUTH_TRUE);
	/* The target is 7: see load(). */
	a = alarm_of(img, "T_deviation");
	assert_string_equal(text(img, a->when.text), "abs(T - T.target) > 5 K");
	assert_int_equal(truth_of(img, &a->when, 12), TRUTH_FALSE);
	assert_int_equal(truth_of(img, &a->when, 13), TRUTH_TRUE);
	assert_int_equal(truth_of(img, &a->when, 1), TRUTH_TRUE);
	assert_int_equal(truth_of(img, &a->clear, 9), TRUTH_TRUE);
	/* One hundredth of the range, and nothing without one. */
	assert_string_equal(text(img, alarm_of(img, "U_high")->clear.text), "U < 395 degC");
	assert_int_equal(alarm_of(img, "W_low_low")->clear.n_ops, 0);
	free(img);
}

/* A flow that is asked for behind a closed valve. */
static void
test_a_shut_off_brings_an_alarm(void **state)
{
	const struct image_alarm *a;
	struct image *img = compile(
		"bench: b\nlinks:\n  io: {tcp: \"[::1]:1502\"}\ninstruments:\n  dev:\n    use: "
		"modbus\n    link: io\n    channels:\n"
		"      sp: {read: {holding: 2, type: int16}, write: {holding: 2}, unit: degC}\n"
		"      v: {read: {coil: 2}, write: {coil: 2}, choices: {open: 0, closed: 7}}\n"
		"channels:\n"
		"  F: {write: dev.sp, range: [0, 700], shutoff: V}\n"
		"  V: {write: dev.v}\n",
		0);

	a = alarm_of(img, "F_shutoff");
	assert_string_equal(text(img, a->when.text), "F.target > 0 and V == closed");
	/* All that it reads is 7: see load(). */
	assert_int_equal(truth_of(img, &a->when, 7), TRUTH_TRUE);
	assert_int_equal(a->for_ns, 5 * NS_PER_S);
	assert_string_equal(name_of(img, a->state), "alarm.F_shutoff");
	assert_string_not_equal(text(img, a->action), "");
	free(img);
}

/* One loop over another, in the order in which they act; what is left out. */
static void
test_loops(void **state)
{
	struct image *img = compile(
		"bench: b\ntick: 200 ms\nlinks:\n  io: {tcp: \"[::1]:1502\"}\ninstruments:\n  "
		"dev:\n    "
		"use: modbus\n    link: io\n    channels:\n"
		"      y: {read: {holding: 1, type: int16}, unit: degC}\n"
		"      u: {read: {holding: 2, type: int16}, write: {holding: 2}, unit: \"%\"}\n"
		"channels:\n"
		"  W: {read: dev.y, range: [0, 500], pid: {output: U, gain: 3 %/K, action: direct, "
		"every: 500 ms, on_bad: 2 %, bad_after: 3 s, deadband: 2 %, limits: [10, 80], "
		"weight: 0.5, "
		"filter: 5}}\n"
		"  T: {calc: W + 1 K, range: [0, 400], ramp: 60 K/min, pid: {output: W, gain: 0.5, "
		"integral: 2 min, derivative: 3 s}}\n"
		"  U: {read: dev.u, write: dev.u, range: [0, 100], hazard: heat}\n"
		"safe_states: {cold: {order: [{set: U, to: 0}]}}\n",
		0);
	const struct image_loop *t = image_loop_at(img, 0), *w = image_loop_at(img, 1);
	const struct image_output *of = image_output_at(img, t->of);

	assert_int_equal(img->loops.n, 2);
	assert_string_equal(name_of(img, of->channel), "T");
	assert_int_equal(t->output, w->of);
	assert_string_equal(name_of(img, image_output_at(img, w->output)->channel), "U");
	assert_int_equal(of->loop, 1);
	assert_int_equal(image_output_at(img, w->of)->loop, 2);
	assert_int_equal(image_output_at(img, w->output)->loop, 0);
	/* What it can do to people comes from what is moved in the end. */
	assert_int_equal(of->hazard, HAZARD_HEAT);
	assert_true(of->ramp > 0.99 && of->ramp < 1.01 && of->max > 399);
	assert_true(t->gain > 0.49 && t->gain < 0.51 && t->integral_s > 119 && t->derivative_s > 2);
	assert_true(!t->is_direct && t->filter > 9 && t->weight > 0.9 && t->max > 499);
	assert_true(!(t->on_bad > 0) && t->bad_after_ns == 0 && t->every_ns == NS_PER_S);
	assert_true(t->deadband > 0.49 && t->deadband < 0.51);
	assert_true(w->is_direct && w->gain > 2.9 && w->min > 9 && w->max < 81 && w->on_bad > 1);
	assert_true(w->filter < 6 && w->weight < 0.6 && w->deadband > 1 && w->integral_s < 1);
	assert_int_equal(w->bad_after_ns, 3 * NS_PER_S);
	assert_int_equal(w->every_ns, 500 * NS_PER_MS);
	free(img);
}

static void
test_rules(void **state)
{
	struct image *img = compile(HEAD "rules:\n"
					 "  a: {when: L, for: 50 ms, do: [set dev.ao = 3 V, toggle "
					 "L, pulse A = 1500 mV for 2 s]}\n"
					 "  b: {when: T > 5 degC, do: [set V = open, set L = off, "
					 "notify It is open for good]}\n",
		0);
	const struct image_rule *a = image_rule_at(img, 0), *b = image_rule_at(img, 1);
	const struct image_action *x = image_action_at(img, a->first_action),
				  *y = image_action_at(img, b->first_action);

	assert_int_equal(img->rules.n, 2);
	assert_string_equal(text(img, a->name), "a");
	assert_string_equal(text(img, a->when.text), "L");
	assert_int_equal(a->for_ns, 50 * NS_PER_MS);
	assert_int_equal(a->n_actions, 3);
	assert_int_equal(b->n_actions, 3);
	assert_int_equal(x[0].kind, ACTION_SET);
	assert_string_equal(name_of(img, image_output_at(img, x[0].output)->channel), "A");
	assert_true(fabs(x[0].value - 3) < 1e-12);
	assert_int_equal(x[1].kind, ACTION_TOGGLE);
	assert_int_equal(x[2].kind, ACTION_PULSE);
	assert_true(fabs(x[2].value - 1.5) < 1e-12);
	assert_int_equal(x[2].pulse_ns, 2 * NS_PER_S);
	assert_true(fabs(y[0].value - 7) < 1e-12); /* the number of the word */
	assert_true(fabs(y[1].value) < 1e-12);
	assert_int_equal(y[2].kind, ACTION_NOTIFY);
	assert_int_equal(y[2].output, IMAGE_NONE);
	assert_string_equal(text(img, y[2].text), "It is open for good");
	free(img);
}

/* The states of what protects can be read wherever a channel can. */
static void
test_states_are_channels(void **state)
{
	struct image *img = compile(HEAD "trips: {a: {when: T > 650 degC}}\n"
					 "alarms: {b: {when: trip.a == tripped or alarm.c == "
					 "shelved}, c: {when: T > 1 degC}}\n",
		0);

	assert_int_equal(
		image_channel_at(img, image_find_channel(img, "trip.a"))->type, VALUE_CHOICE);
	assert_string_equal(text(img, alarm_of(img, "b")->when.text),
		"trip.a == tripped or alarm.c == shelved");
	free(img);
}

static int
open_units(void **state)
{
	struct err err;

	return units_open(&err);
}

static int
close_units(void **state)
{
	units_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trips),
		cmocka_unit_test(test_interlocks_bring_trips_of_their_own),
		cmocka_unit_test(test_alarms),
		cmocka_unit_test(test_a_shut_off_brings_an_alarm),
		cmocka_unit_test(test_limits_of_a_channel),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_states_are_channels),
	};

	return cmocka_run_group_tests(tests, open_units, close_units);
}
