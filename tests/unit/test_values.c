/* test_values.c - what raw values mean beside their number, from the bench file to the board */
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
#include "control/channel.h"
#include "msg/quality.h"

static const char bench_text[] =
	"bench: v\n"
	"links: {l: {tcp: \"127.0.0.1:502\"}, m: {tcp: \"127.0.0.1:503\"}}\n"
	"instruments:\n"
	"  f:\n"
	"    use: modbus\n"
	"    link: l\n"
	"    channels:\n"
	"      pv: {read: {holding: 1, type: int16}, scale: 0.1, unit: degC, bad_if: "
	"status.broken, "
	"invalid: {-32768: under_range, 0x7fff: over_range}}\n"
	"      status: {read: {holding: 75}, bits: {5: broken, 15: top}}\n"
	"      current: {read: {input: 3, type: float32}, live_zero: 3.6, scale: {table: [[4, 0], "
	"[12, 20], "
	"[20, 100]]}, unit: bar}\n"
	"      power: {calc: (pv - 0 degC) * 2, unit: K}\n"
	"  t:\n"
	"    use: text\n"
	"    link: m\n"
	"    end: x\n"
	"    channels:\n"
	"      p: {read: {send: q, receive: \"{p:num}\"}, invalid: {\"LO<*\": under_range, OFF: "
	"switched_off, 9.91E37: over_range}}\n"
	"channels: {T: {read: f.pv}, broken: {read: f.status.broken}}\n";

struct fixture {
	struct image *img;
	void *memory;
	struct board *board;
	struct channels *channels;
};

static int
set_up(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	struct buf image = { 0 };
	struct board_setup setup = { .generation = 1, .tape_records = 64, .trace_lines = 2 };
	struct bench b;
	struct err err;

	bench_init(&b, "test.yaml");
	assert_int_equal(compile_bytes(&b, bench_text, strlen(bench_text), &image, NULL, &err), 0);
	diag_print(&b.diag, stderr);
	bench_done(&b);
	x->img = (struct image *)(void *)image.data;
	setup.image = x->img;
	x->memory = aligned_alloc(64, board_size(&setup));
	memset(x->memory, 0, board_size(&setup));
	x->board = board_make(x->memory, &setup);
	x->channels = channels_new(x->img, x->board);
	*state = x;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *x = *state;

	channels_free(x->channels);
	free(x->memory);
	free(x->img);
	free(x);
	return 0;
}

static void
raw(struct fixture *x, const char *name, enum value_type type, double v, enum quality q,
	const char *text, int64_t now_ns)
{
	struct sample s = { .stamp_ns = now_ns, .quality = (uint16_t)q };

	if (type == VALUE_FLOAT || type == VALUE_FLOAT32)
		s.v.f = v;
	else
		s.v.i = (int64_t)v;
	channels_accept(x->channels, image_find_channel(x->img, name), type, &s, text);
}

static struct sample
shown(struct fixture *x, const char *name, int64_t now_ns)
{
	struct sample s;
	uint32_t i = image_find_channel(x->img, name);

	assert_int_not_equal(i, IMAGE_NONE);
	channels_guard(x->channels, now_ns);
	channels_calculate(x->channels, now_ns);
	channels_publish(x->channels);
	board_read(x->board, i, &s);
	return s;
}

#define S(n) ((n)*NS_PER_S)

/* The condition and its value come in any order, and the value follows the condition between two readings. */
static void
test_bad_if(void **state)
{
	struct fixture *x = *state;

	raw(x, "f.pv", VALUE_INT, 250, Q_GOOD, NULL, S(1));
	assert_int_equal(
		shown(x, "f.pv", S(1)).quality, Q_SOURCE_BAD); /* nobody knows the status yet */
	raw(x, "f.status", VALUE_UINT, 0, Q_GOOD, NULL, S(1));
	assert_int_equal(shown(x, "f.pv", S(1)).quality, Q_GOOD);
	assert_true(fabs(shown(x, "f.pv", S(1)).v.f - 25) < 1e-9);
	assert_int_equal(shown(x, "T", S(1)).quality, Q_GOOD);
	assert_int_equal(shown(x, "broken", S(1)).v.i, 0);
	raw(x, "f.status", VALUE_UINT, 0x20, Q_GOOD, NULL, S(2));
	assert_int_equal(shown(x, "f.pv", S(2)).quality, Q_SENSOR_FAULT);
	assert_int_equal(shown(x, "T", S(2)).quality, Q_SENSOR_FAULT);
	assert_int_equal(shown(x, "broken", S(2)).v.i, 1);
	assert_int_equal(shown(x, "f.status.top", S(2)).v.i, 0);
	assert_true(quality_is_bad(shown(x, "f.power", S(2)).quality));
	raw(x, "f.pv", VALUE_INT, 260, Q_GOOD, NULL, S(2));
	assert_int_equal(shown(x, "f.pv", S(2)).quality, Q_SENSOR_FAULT);
	raw(x, "f.status", VALUE_UINT, 0x8000, Q_GOOD, NULL, S(3));
	assert_int_equal(shown(x, "f.pv", S(3)).quality, Q_GOOD);
	assert_true(fabs(shown(x, "f.pv", S(3)).v.f - 26) < 1e-9);
	assert_int_equal(
		shown(x, "f.pv", S(3)).stamp_ns, S(2)); /* of the reading, not of the condition */
	assert_int_equal(shown(x, "f.status.top", S(3)).v.i, 1);
	assert_true(fabs(shown(x, "f.power", S(3)).v.f - 52) < 1e-9);
	/* A status that is lost vouches for nothing. */
	raw(x, "f.status", VALUE_UINT, 0, Q_NO_ANSWER, NULL, S(4));
	assert_int_equal(shown(x, "f.pv", S(4)).quality, Q_SOURCE_BAD);
	/* What was bad before the condition keeps its own reason. */
	raw(x, "f.pv", VALUE_INT, 0, Q_NO_ANSWER, NULL, S(5));
	assert_int_equal(shown(x, "f.pv", S(5)).quality, Q_NO_ANSWER);
}

static void
test_markers(void **state)
{
	struct fixture *x = *state;

	raw(x, "f.status", VALUE_UINT, 0, Q_GOOD, NULL, S(1));
	raw(x, "f.pv", VALUE_INT, -32768, Q_GOOD, NULL, S(1));
	assert_int_equal(shown(x, "f.pv", S(1)).quality, Q_UNDER_RANGE);
	raw(x, "f.pv", VALUE_INT, 32767, Q_GOOD, NULL, S(1));
	assert_int_equal(shown(x, "f.pv", S(1)).quality, Q_OVER_RANGE);
	raw(x, "f.pv", VALUE_INT, 32766, Q_GOOD, NULL, S(1));
	assert_int_equal(shown(x, "f.pv", S(1)).quality, Q_GOOD);
	raw(x, "t.p", VALUE_FLOAT, 0, Q_NOT_A_NUMBER, "LO<E-03", S(1));
	assert_int_equal(shown(x, "t.p", S(1)).quality, Q_UNDER_RANGE);
	raw(x, "t.p", VALUE_FLOAT, 0, Q_NOT_A_NUMBER, "OFF", S(1));
	assert_int_equal(shown(x, "t.p", S(1)).quality, Q_SWITCHED_OFF);
	raw(x, "t.p", VALUE_FLOAT, 0, Q_NOT_A_NUMBER, "OFFLINE", S(1));
	assert_int_equal(shown(x, "t.p", S(1)).quality, Q_NOT_A_NUMBER);
	raw(x, "t.p", VALUE_FLOAT, 9.91e37, Q_GOOD, NULL, S(1));
	assert_int_equal(shown(x, "t.p", S(1)).quality, Q_OVER_RANGE);
	raw(x, "t.p", VALUE_FLOAT32, (double)9.91e37f, Q_GOOD, NULL, S(1)); /* as 32 bits hold it */
	assert_int_equal(shown(x, "t.p", S(1)).quality, Q_OVER_RANGE);
	raw(x, "t.p", VALUE_FLOAT, 3.5, Q_GOOD, NULL, S(1));
	assert_int_equal(shown(x, "t.p", S(1)).quality, Q_GOOD);
	/* A device that is silent says nothing with a zero. */
	raw(x, "t.p", VALUE_FLOAT, 0, Q_NO_ANSWER, NULL, S(1));
	assert_int_equal(shown(x, "t.p", S(1)).quality, Q_NO_ANSWER);
}

static void
test_table_and_live_zero(void **state)
{
	static const struct {
		double raw, shown;
	} rows[] = { { 4, 0 }, { 8, 10 }, { 12, 20 }, { 16, 60 }, { 20, 100 }, { 22, 120 },
		{ 3.8, -0.5 } };
	struct fixture *x = *state;

	for (size_t i = 0; i < NELEM(rows); i++) {
		raw(x, "f.current", VALUE_FLOAT32, rows[i].raw, Q_GOOD, NULL, S(1));
		assert_int_equal(shown(x, "f.current", S(1)).quality, Q_GOOD);
		assert_true(fabs(shown(x, "f.current", S(1)).v.f - rows[i].shown) < 1e-9);
	}
	raw(x, "f.current", VALUE_FLOAT32, 3.59, Q_GOOD, NULL, S(1));
	assert_int_equal(shown(x, "f.current", S(1)).quality, Q_LIVE_ZERO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_if, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_markers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_table_and_live_zero, set_up, tear_down),
	};
	struct err err;
	int rc;

	if (units_open(&err) < 0)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	units_close();
	return rc;
}
