/* test_pid.c - one PID controller beside equations that are solved in another way */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/rand.h"
#include "control/pid.h"

#define SECOND NS_PER_S
#define TRIES 200

static const struct pid_form plain = {
	.gain = 2, .integral_s = 120, .filter = 10, .weight = 1, .min = 0, .max = 100
};

static double
between(uint64_t *r, double low, double high)
{
	return low + (high - low) * rand_unit(r);
}

/* A first order that is at `y` answers to u for dt seconds. */
static double
plant(double y, double u, double gain, double tau, double dt)
{
	return gain * u + (y - gain * u) * exp(-dt / tau);
}

/* The same loop without sampling: dI/dt = K/Ti e, dD/dt = (-K Td dy/dt - D) N/Td, dy/dt = (g u - y)/tau, in steps of a
 * millisecond (Euler). */
static double
reference(const struct pid_form *f, double setpoint, double y, double u0, double gain, double tau,
	double span_s)
{
	const double h = 0.001;
	double i = u0 - f->gain * (f->weight * setpoint - y), d = 0;

	for (double t = 0; t < span_s; t += h) {
		double u = f->gain * (f->weight * setpoint - y) + i + d;
		double cut = fmin(fmax(u, f->min), f->max), dy = (gain * cut - y) / tau;
		double more = f->gain / f->integral_s * (setpoint - y) * h;

		if (!(u >= f->max && more > 0) && !(u <= f->min && more < 0))
			i += more;
		if (f->derivative_s > 0)
			d += (-f->gain * f->derivative_s * dy - d) * f->filter / f->derivative_s *
			     h;
		y += dy * h;
	}
	return y;
}

/* Run a loop; a step takes dt, of which `jitter` of it by chance. */
static double
run(const struct pid_form *f, double setpoint, double y, double u0, double gain, double tau,
	double span_s, double dt, double jitter, uint64_t *r)
{
	struct pid p;
	double t = 0, u = u0;

	pid_begin(&p, f, u0, setpoint, y, SECOND, SECOND);
	while (t < span_s) {
		double step = fmin(dt * (1 + jitter * between(r, -1, 1)), span_s - t);
		int64_t now_ns;

		y = plant(y, u, gain, tau, step);
		t += step;
		now_ns = SECOND + (int64_t)(t * 1e9) + 1;
		pid_read(&p, f, y, now_ns, now_ns, PID_FREE);
		u = pid_output(&p, f, NULL);
	}
	return y;
}

/* The step response, at several times on its way. */
static void
test_step_response(void **state)
{
	static const struct {
		double gain, integral_s, derivative_s, weight;
	} rows[] = { { 2, 120, 0, 1 }, { 0.5, 30, 0, 0.5 }, { 3, 60, 5, 1 }, { 1, 20, 2, 0 } };
	uint64_t r = 1;

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct pid_form f = plain;

		f.gain = rows[k].gain;
		f.integral_s = rows[k].integral_s;
		f.derivative_s = rows[k].derivative_s;
		f.weight = rows[k].weight;
		for (double span_s = 10; span_s < 1000; span_s *= 2.3) {
			double wanted = reference(&f, 150, 20, 5, 4, 50, span_s);

			assert_true(fabs(run(&f, 150, 20, 5, 4, 50, span_s, 0.05, 0, &r) - wanted) <
				    0.3);
			/* Readings that come when they like. */
			assert_true(fabs(run(&f, 150, 20, 5, 4, 50, span_s, 0.05, 0.9, &r) -
					    wanted) < 0.3);
		}
		assert_true(fabs(run(&f, 150, 20, 5, 4, 50, 2000, 1, 0.9, &r) - 150) < 0.05);
	}
}

/* A straight line is integrated and differentiated exactly, however it is cut into readings. */
static void
test_exact_on_a_line(void **state)
{
	uint64_t r = 2;
	struct pid_form f = { .gain = 2,
		.integral_s = 10,
		.derivative_s = 20,
		.filter = 10,
		.weight = 0,
		.min = -1e6,
		.max = 1e6 };

	for (int k = 0; k < TRIES; k++) {
		double slope = between(&r, -2, 2), from = between(&r, 0, 100), t = 0;
		struct pid p;
		double y, area, settled;

		pid_begin(&p, &f, 30, 50, from, 0, 0);
		while (t < 40) {
			int64_t now_ns;

			t = fmin(t + between(&r, 0.001, 7), 40);
			now_ns = (int64_t)(t * 1e9);
			pid_read(&p, &f, from + slope * t, now_ns, now_ns, PID_FREE);
		}
		y = from + slope * 40;
		area = 30 + 2 * from + 2. / 10 * (50 * 40 - from * 40 - slope * 800);
		settled = -2 * 20 * slope * (1 - exp(-40 * 10. / 20));
		assert_true(fabs(pid_output(&p, &f, NULL) - (-2 * y + area + settled)) < 1e-6);
	}
}

/* A setpoint that changes between two readings counts for the time that it held. */
static void
test_setpoint_between_readings(void **state)
{
	struct pid_form f = plain;
	struct pid p;

	f.weight = 0;
	pid_begin(&p, &f, 10, 50, 50, 0, 0);
	pid_setpoint(&p, 60, 7 * SECOND);
	pid_read(&p, &f, 50, 10 * SECOND, 10 * SECOND, PID_FREE);
	assert_true(fabs(pid_output(&p, &f, NULL) - (10 + 2. / 120 * 10 * 3)) < 1e-9);
	/* The same reading again is none. */
	pid_read(&p, &f, 50, 10 * SECOND, 100 * SECOND, PID_FREE);
	assert_true(fabs(pid_output(&p, &f, NULL) - (10 + 2. / 120 * 10 * 3)) < 1e-9);
}

static void
test_bumpless(void **state)
{
	uint64_t r = 3;

	for (int k = 0; k < TRIES; k++) {
		struct pid_form f = plain;
		double held = between(&r, 0, 100), y = between(&r, 0, 500),
		       setpoint = between(&r, 0, 500);
		struct pid p;

		f.is_direct = k % 2 == 0;
		f.derivative_s = k % 3;
		pid_begin(&p, &f, held, setpoint, y, SECOND, SECOND);
		assert_true(fabs(pid_output(&p, &f, NULL) - held) < 1e-9);
		pid_read(&p, &f, y + 1, 2 * SECOND, 2 * SECOND, PID_FREE);
		pid_stays(&p, &f, held / 2);
		assert_true(fabs(pid_output(&p, &f, NULL) - held / 2) < 1e-9);
	}
}

/* An hour at the limit; then the setpoint is below what is measured, and the output leaves the limit at once. */
static void
test_no_windup(void **state)
{
	struct pid_form f = plain;
	enum pid_short at;
	struct pid p;

	pid_begin(&p, &f, 50, 300, 100, 0, 0);
	for (int k = 1; k <= 3600; k++)
		pid_read(&p, &f, 100, k * SECOND, k * SECOND, PID_FREE);
	assert_true(fabs(pid_output(&p, &f, &at) - 100) < 1e-9);
	assert_int_equal(at, PID_BELOW);
	pid_setpoint(&p, 299, 3600 * SECOND);
	assert_true(pid_output(&p, &f, &at) < 98.1);
	assert_int_equal(at, PID_FREE);
	/* The same at the lower one, and where something else keeps the output. */
	pid_begin(&p, &f, 50, 100, 300, 0, 0);
	for (int k = 1; k <= 3600; k++)
		pid_read(&p, &f, 300, k * SECOND, k * SECOND, PID_FREE);
	pid_setpoint(&p, 101, 3600 * SECOND);
	assert_true(pid_output(&p, &f, NULL) > 1.9);
	pid_begin(&p, &f, 50, 300, 290, 0, 0);
	for (int k = 1; k <= 3600; k++)
		pid_read(&p, &f, 290, k * SECOND, k * SECOND, PID_BELOW);
	assert_true(fabs(pid_output(&p, &f, NULL) - 50) < 1e-9);
	pid_read(&p, &f, 310, 3601 * SECOND, 3601 * SECOND, PID_BELOW);
	assert_true(pid_output(&p, &f, NULL) < 50);
}

/* A direct action is a reverse one in the mirror. */
static void
test_direct(void **state)
{
	uint64_t r = 4;
	struct pid_form f = plain, g = plain;
	struct pid p, q;

	f.derivative_s = 3;
	g = f;
	g.is_direct = true;
	pid_begin(&p, &f, 50, 200, 190, 0, 0);
	pid_begin(&q, &g, 50, -200, -190, 0, 0);
	for (int k = 1; k < 100; k++) {
		double y = between(&r, 190, 210);

		pid_read(&p, &f, y, k * SECOND, k * SECOND, PID_FREE);
		pid_read(&q, &g, -y, k * SECOND, k * SECOND, PID_FREE);
		assert_true(fabs(pid_output(&p, &f, NULL) - pid_output(&q, &g, NULL)) < 1e-9);
	}
	/* Too warm: cooling rises. */
	pid_begin(&q, &g, 50, 20, 25, 0, 0);
	pid_read(&q, &g, 25, 10 * SECOND, 10 * SECOND, PID_FREE);
	assert_true(pid_output(&q, &g, NULL) > 50);
}

/* Without an integral time the output goes on from where it was, and a difference stays. */
static void
test_without_integral(void **state)
{
	struct pid_form f = plain;
	struct pid p;

	f.integral_s = 0;
	pid_begin(&p, &f, 40, 100, 100, 0, 0);
	for (int k = 1; k < 100; k++)
		pid_read(&p, &f, 95, k * SECOND, k * SECOND, PID_FREE);
	assert_true(fabs(pid_output(&p, &f, NULL) - 50) < 1e-9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step_response),
		cmocka_unit_test(test_exact_on_a_line),
		cmocka_unit_test(test_setpoint_between_readings),
		cmocka_unit_test(test_bumpless),
		cmocka_unit_test(test_no_windup),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_without_integral),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
