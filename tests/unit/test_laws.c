/* test_laws.c - how simulated quantities move */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "../simulation/image_builder.h"
#include "twin/fault.h"
#include "twin/twin.h"

enum { FROM, TO }; /* the point that is followed, and the one that moves */

struct fixture {
	struct image *img;
	struct twin *t;
};

/* One point moves as `law` says, the other stays where it is put; range 0 .. top, 0: none. */
static void
begin(struct fixture *f, struct image_twin law, double top)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "io", "127.0.0.1", 1502), channel;
	struct image_channel *ch;

	image_builder_instrument(b, "dev", "modbus", link, "", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "from", "holding=0 type=float64", 0);
	channel =
		image_builder_channel(b, image_builder_point(b, "to", "holding=4 type=float64", 0));
	law.point = TO;
	law.follows = FROM;
	law.gain = law.gain != 0.0 ? law.gain : 1;
	image_builder_twin(b, &law);
	f->img = image_builder_done(b);
	ch = (struct image_channel *)(void *)((char *)f->img + f->img->channels.off) + channel;
	ch->has_range = top > 0;
	ch->max = top;
	f->t = twin_new(f->img, 1);
	twin_step(f->t, NS_PER_S);
}

static void
end(struct fixture *f)
{
	twin_free(f->t);
	free(f->img);
}

/* Time goes on until s seconds after the beginning, in steps as `mbc twin` makes them. */
static void
until(struct fixture *f, double s, int64_t *now_ns)
{
	int64_t end_ns = NS_PER_S + (int64_t)(s * 1e9);

	while (*now_ns < end_ns) {
		*now_ns = MIN(*now_ns + 50 * NS_PER_MS, end_ns);
		twin_step(f->t, *now_ns);
	}
}

static void
expect_at(struct fixture *f, double s, int64_t *now_ns, double value)
{
	until(f, s, now_ns);
	assert_float_equal(twin_value(f->t, TO), value, 1e-9);
}

static void
test_up_and_down_at_different_speeds(void **state)
{
	int64_t now_ns = NS_PER_S;
	struct fixture f;

	begin(&f, (struct image_twin){ .tau_s = 2, .fall_s = 10 }, 0);
	twin_set(f.t, FROM, 100);
	expect_at(&f, 2, &now_ns, 100 * (1 - exp(-1)));
	expect_at(&f, 200, &now_ns, 100);
	twin_set(f.t, FROM, 0);
	expect_at(&f, 210, &now_ns, 100 * exp(-1));
	end(&f);
}

static void
test_a_valve_moves_at_constant_speed(void **state)
{
	int64_t now_ns = NS_PER_S;
	struct fixture f;

	begin(&f, (struct image_twin){ .rate = 0.2 }, 0); /* 0 to 1 in 5 s */
	twin_set(f.t, FROM, 1);
	expect_at(&f, 1, &now_ns, 0.2);
	expect_at(&f, 4, &now_ns, 0.8);
	expect_at(&f, 6, &now_ns, 1);
	twin_set(f.t, FROM, 0.5);
	expect_at(&f, 7, &now_ns, 0.8);
	expect_at(&f, 9, &now_ns, 0.5);
	end(&f);
}

/* How fast is what another point holds, and at 0 it is there at once. */
static void
test_a_ramp_of_the_device(void **state)
{
	int64_t now_ns = NS_PER_S;
	struct fixture f;

	begin(&f, (struct image_twin){ .paced = FROM + 1, .pace = 0.1, .gain = 10 }, 0);
	twin_set(f.t, FROM, 20); /* to 200, 2 a second */
	expect_at(&f, 10, &now_ns, 20);
	expect_at(&f, 50, &now_ns, 100);
	expect_at(&f, 200, &now_ns, 200);
	twin_set(f.t, FROM, 0);
	until(&f, 200.1, &now_ns);
	assert_float_equal(twin_value(f.t, TO), 0, 1e-9);
	end(&f);
}

static void
test_a_level_is_the_sum_of_a_flow(void **state)
{
	int64_t now_ns = NS_PER_S;
	struct fixture f;

	begin(&f, (struct image_twin){ .is_integral = 1, .gain = 0.1, .start = 1 }, 2);
	expect_at(&f, 1, &now_ns, 1);
	twin_set(f.t, FROM, 2);
	expect_at(&f, 3, &now_ns, 1.4);
	expect_at(&f, 100, &now_ns, 2); /* full */
	twin_set(f.t, FROM, -1);
	expect_at(&f, 101, &now_ns, 1.9); /* it does not pour over first */
	expect_at(&f, 200, &now_ns, 0);
	end(&f);
}

static void
test_dead_time(void **state)
{
	int64_t now_ns = NS_PER_S;
	struct fixture f;

	begin(&f, (struct image_twin){ .lag_s = 2 }, 0);
	expect_at(&f, 1, &now_ns, 0);
	twin_set(f.t, FROM, 5);
	expect_at(&f, 2.9, &now_ns, 0);
	expect_at(&f, 3.15, &now_ns, 5);
	/* Each value of a ramp comes through, as late. */
	for (int i = 0; i < 100; i++) {
		twin_set(f.t, FROM, 10 + i);
		until(&f, 4 + 0.1 * i, &now_ns);
		if (i > 25)
			assert_float_equal(twin_value(f.t, TO), 10 + i - 20, 1.01);
	}
	/* Switched off and on, nothing of it is left. */
	assert_int_equal(fault_orders(f.t, "fault dev=restart", NULL), 0);
	until(&f, 14, &now_ns);
	assert_float_equal(twin_value(f.t, TO), 0, 0);
	end(&f);
}

/* While steps are seldom, as in the simulation, it is later than its dead time by a step at most. */
static void
test_dead_time_in_big_steps(void **state)
{
	struct fixture f;

	begin(&f, (struct image_twin){ .lag_s = 1 }, 0);
	twin_step(f.t, 2 * NS_PER_S);
	twin_set(f.t, FROM, 5);
	twin_step(f.t, 3 * NS_PER_S);
	assert_float_equal(twin_value(f.t, TO), 0, 0);
	twin_step(f.t, 4 * NS_PER_S);
	assert_float_equal(twin_value(f.t, TO), 5, 0);
	end(&f);
}

/* What begins elsewhere moves on from there. */
static void
test_where_it_begins(void **state)
{
	struct fixture f;
	int64_t now_ns = NS_PER_S;

	begin(&f, (struct image_twin){ .tau_s = 10 }, 0);
	twin_set(f.t, FROM, 5);
	twin_begin(f.t, TO, 15);
	assert_float_equal(twin_value(f.t, TO), 15, 0);
	expect_at(&f, 10, &now_ns, 5 + 10 * exp(-1));
	assert_true(twin_has_law(f.img, TO));
	end(&f);
}

/* Two of one seed show the same noise at the same time, however often each is stepped; it does not stand still. */
static void
test_steady_noise(void **state)
{
	struct fixture often, seldom;
	int64_t now_ns = NS_PER_S;
	double before = 0;

	begin(&often, (struct image_twin){ .noise = 1 }, 0);
	begin(&seldom, (struct image_twin){ .noise = 1 }, 0);
	twin_steady(often.t);
	twin_steady(seldom.t);
	for (int i = 1; i < 50; i++) {
		until(&often, i, &now_ns);
		twin_step(seldom.t, NS_PER_S + i * NS_PER_S);
		assert_float_equal(twin_value(often.t, TO), twin_value(seldom.t, TO), 0);
		assert_true(fabs(twin_value(often.t, TO) - before) > 0);
		before = twin_value(often.t, TO);
	}
	end(&often);
	end(&seldom);
}

/* Without a protocol: what is read is what a master reads, and what is written others follow. */
static void
test_without_a_protocol(void **state)
{
	struct fixture f;
	const char *text;
	union value v;

	begin(&f, (struct image_twin){ 0 }, 0);
	assert_true(twin_write(f.t, FROM, (union value){ .f = 7 }, NULL));
	assert_true(twin_read(f.t, FROM, &v, &text));
	assert_float_equal(v.f, 7, 0);
	twin_step(f.t, 2 * NS_PER_S);
	assert_true(twin_read(f.t, TO, &v, &text));
	assert_float_equal(v.f, 7, 0);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_down_at_different_speeds),
		cmocka_unit_test(test_a_valve_moves_at_constant_speed),
		cmocka_unit_test(test_a_ramp_of_the_device),
		cmocka_unit_test(test_a_level_is_the_sum_of_a_flow),
		cmocka_unit_test(test_dead_time),
		cmocka_unit_test(test_dead_time_in_big_steps),
		cmocka_unit_test(test_where_it_begins),
		cmocka_unit_test(test_steady_noise),
		cmocka_unit_test(test_without_a_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
