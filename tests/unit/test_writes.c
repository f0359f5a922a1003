/* test_writes.c - outputs and safe states, from the bench file to the tables of the image */
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

static const char bench_text[] =
	"bench: w\n"
	"links: {l: {tcp: \"127.0.0.1:502\"}}\n"
	"instruments:\n"
	"  d:\n"
	"    use: modbus\n"
	"    link: l\n"
	"    channels:\n"
	"      pv: {read: {holding: 1, type: int16}, scale: 0.1, unit: degC}\n"
	"      sp: {read: {holding: 2, type: int16}, write: {holding: 2}, scale: 0.1, unit: degC, "
	"range: [0, 900]}\n"
	"      flow: {read: {holding: 6, type: float32}, write: {holding: 6}, unit: mL_n/min, "
	"verify: {within: 0.5, after: 1 s, tries: 2}, confirm: it burns, refresh: 2 s}\n"
	"      v: {read: {coil: 1}, write: {coil: 1}, choices: {closed: 1, open: 0}}\n"
	"      w: {write: {coil: 2}}\n"
	"      raw: {read: {holding: 10}, write: {holding: 10}, max_writes_per_hour: 60}\n"
	"      curve: {read: {holding: 11}, write: {holding: 11}}\n"
	"channels:\n"
	"  away: {calc: T.target - T, unit: K}\n"
	"  busy: {calc: T.owner == safe_state or safe.cold == reached or mbc.bench == tripped}\n"
	"  T: {read: d.pv, write: d.sp, unit: degF, ramp: {max: 18 K/min}, hazard: heat, "
	"verify: {within: 2 K}, was: T_old}\n"
	"  F: {write: d.flow, unit: L_n/min, range: [0, 0.1], hazard: fuel, shutoff: V}\n"
	"  V: {write: d.v, fails: closed}\n"
	"  W: {write: d.w, confirm: yes}\n"
	"  P: {write: d.raw, scale: {from: [0, 4000], to: [1, 5]}, unit: bar, offset: -1, "
	"range: [0, 4]}\n"
	"  C: {write: d.curve, scale: {table: [[0, 100], [5, 20], [10, 0]]}, offset: 1, unit: bar, "
	"range: [1, 101], verify: no}\n"
	"safe_states:\n"
	"  warm: {order: [{set: T, to: 100 degC}, {set: F, to: 0}]}\n"
	"  cold:\n"
	"    title: {en: Cold, fr: Froid}\n"
	"    order:\n"
	"      - {set: T, to: 0 degC, within: 1 min}\n"
	"      - {set: [F, P], to: 0, after: T, else: {set: V, to: closed}}\n"
	"      - {set: W, to: off}\n"
	"on_stop: cold\n"
	"restore: [V, T, F]\n";

static struct image *
compile(const char *text)
{
	struct buf image = { 0 };
	struct bench b;
	struct err err;

	bench_init(&b, "test.yaml");
	assert_int_equal(compile_bytes(&b, text, strlen(text), &image, NULL, &err), 0);
	bench_done(&b);
	return (struct image *)(void *)image.data;
}

static int
set_up(void **state)
{
	*state = compile(bench_text);
	return 0;
}

static int
tear_down(void **state)
{
	free(*state);
	return 0;
}

static bool
is_near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static const struct image_output *
output(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->outputs.n; i++) {
		const struct image_output *o = image_output_at(img, i);

		if (strcmp(image_text(img, image_channel_at(img, o->channel)->name), name) == 0)
			return o;
	}
	fail_msg("there is no output %s", name);
	return NULL;
}

static const struct image_channel *
channel(const struct image *img, const char *name)
{
	uint32_t i = image_find_channel(img, name);

	assert_int_not_equal(i, IMAGE_NONE);
	return image_channel_at(img, i);
}

static void
test_states_look_like_their_channel(void **state)
{
	const struct image *img = *state;
	const struct image_output *t = output(img, "T");
	const struct image_channel *target = channel(img, "T.target"), *owner;

	assert_int_equal(t->target, image_find_channel(img, "T.target"));
	assert_int_equal(t->working, image_find_channel(img, "T.working"));
	assert_int_equal(target->source_kind, SOURCE_STATE);
	assert_int_equal(target->source, STATE_TARGET);
	assert_string_equal(image_text(img, target->unit), "degF");
	assert_string_equal(image_text(img, target->was), "T_old.target");
	assert_int_equal(channel(img, "V.working")->type, VALUE_CHOICE);
	assert_int_equal(channel(img, "V.working")->n_choices, 2);
	assert_int_equal(channel(img, "W.target")->type, VALUE_BOOL);
	owner = channel(img, "T.owner");
	assert_int_equal(owner->n_choices, OWNERS);
	assert_string_equal(
		image_text(img, image_choice_at(img, owner->first_choice + OWNER_TRIP)->word),
		"trip");
	/* The words stand there once, and states come before those that read them. */
	assert_int_equal(owner->first_choice, channel(img, "V.owner")->first_choice);
	assert_true(t->target < image_find_channel(img, "away"));
	assert_true(img->bench_state < image_find_channel(img, "busy"));
}

static void
test_units_go_backwards(void **state)
{
	const struct image *img = *state;
	const struct image_output *t = output(img, "T"), *f = output(img, "F");

	assert_int_equal(t->at, image_find_channel(img, "d.sp"));
	assert_true(is_near(212 * t->factor + t->offset, 100));
	assert_true(t->has_limits && is_near(t->min, 32) && is_near(t->max, 1652));
	assert_true(is_near(t->ramp, 18 * 1.8 / 60));
	assert_true(t->has_verify && is_near(t->verify_within, 2));
	assert_int_equal(t->verify_tries, 3);
	assert_int_equal(t->hazard, HAZARD_HEAT);
	assert_true(is_near(f->factor, 1000) && f->offset == 0);
	assert_true(is_near(f->verify_within, 0.5));
	assert_int_equal(f->verify_after_ns, NS_PER_S);
	assert_int_equal(f->verify_tries, 2);
	assert_int_equal(f->refresh_ns, 2 * NS_PER_S);
	assert_true(f->needs_confirm);
	assert_int_equal(f->hazard, HAZARD_FUEL);
	assert_ptr_equal(image_output_at(img, f->shutoff), output(img, "V"));
	assert_int_equal(f->shutoff_is, 1);
	assert_int_equal(t->shutoff, IMAGE_NONE);
}

static void
test_scales_go_backwards(void **state)
{
	const struct image *img = *state;
	const struct image_output *p = output(img, "P"), *c = output(img, "C");
	const struct image_knot *knots = image_knot_at(img, c->first_knot);

	assert_true(is_near(0 * p->factor + p->offset, 0));
	assert_true(is_near(4 * p->factor + p->offset, 4000));
	assert_int_equal(p->max_writes, 60);
	assert_true(
		p->has_verify && is_near(p->verify_within, 0.5)); /* a whole number on the wire */
	assert_true(c->is_inverted_table && !c->has_verify);
	assert_true(is_near(image_table_place(knots, c->n_knots, 21), 5));
	assert_true(is_near(image_table_place(knots, c->n_knots, 101), 0));
	assert_true(c->factor == 1 && c->offset == 0);
}

static void
test_truths_and_choices(void **state)
{
	const struct image *img = *state;
	const struct image_output *v = output(img, "V"), *w = output(img, "W");

	assert_false(v->has_limits);
	assert_true(v->has_verify && v->verify_within == 0);
	assert_int_equal(v->fails, FAILS_CLOSED);
	assert_true(w->has_limits && w->min == 0 && w->max == 1);
	assert_true(w->needs_confirm);
	assert_false(w->has_verify); /* it can only be written */
	assert_true(channel(img, "W")->needs_confirm);
}

static void
test_safe_states(void **state)
{
	const struct image *img = *state;
	const struct image_safe_state *cold = image_safe_state_at(img, 1);
	const struct image_safe_line *l = image_safe_line_at(img, cold->first_line);
	const uint32_t *restore = image_at(img, &img->restore);

	assert_int_equal(img->safe_states.n, 2);
	assert_int_equal(img->on_stop, 1);
	assert_string_equal(image_text(img, cold->title), "Cold");
	assert_int_equal(cold->state, image_find_channel(img, "safe.cold"));
	assert_int_equal(cold->n_lines, 5);
	assert_true(is_near(l[0].value, 32));
	assert_int_equal(l[0].within_ns, 60 * NS_PER_S);
	assert_int_equal(l[0].after, IMAGE_NONE);
	assert_ptr_equal(image_output_at(img, l[1].output), output(img, "F"));
	assert_ptr_equal(image_output_at(img, l[2].output), output(img, "P"));
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(l[i].after, cold->first_line);
		assert_int_equal(l[i].otherwise, cold->first_line + 3);
		assert_int_equal(l[i].within_ns, 2 * NS_PER_S);
	}
	assert_true(l[3].is_otherwise == 1 && l[3].value == 1);
	assert_true(l[4].value == 0 && l[4].otherwise == IMAGE_NONE);
	assert_int_equal(img->restore.n, 3);
	assert_ptr_equal(image_output_at(img, restore[0]), output(img, "V"));
}

static void
test_bench_without_outputs(void **state)
{
	struct image *img = compile("bench: x\nmode: observe\ninstruments: {pc: {use: system}}\n");

	assert_int_equal(img->outputs.n, 0);
	assert_int_equal(img->bench_state, IMAGE_NONE);
	assert_int_equal(img->on_stop, IMAGE_NONE);
	assert_int_equal(img->is_observed, 1);
	assert_int_equal(image_find_channel(img, "mbc.bench"), IMAGE_NONE);
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
		cmocka_unit_test_setup_teardown(
			test_states_look_like_their_channel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_units_go_backwards, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scales_go_backwards, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_truths_and_choices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_safe_states, set_up, tear_down),
		cmocka_unit_test(test_bench_without_outputs),
	};

	return cmocka_run_group_tests(tests, open_units, close_units);
}
