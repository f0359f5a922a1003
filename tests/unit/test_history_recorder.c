/* test_history_recorder.c - from tapes to the store: what could not be taken is a gap that says how much and why */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../simulation/image_builder.h"
#include "base/mem.h"
#include "history/reader.h"
#include "history/recorder.h"

#define BOOT_A "11111111-1111-1111-1111-111111111111"
#define BOOT_B "22222222-2222-2222-2222-222222222222"
#define WALL (INT64_C(1700000000) * NS_PER_S)
#define RECORDS 1024 /* of the tape */

static char dir[64];
static struct store *store;
static struct recorder *recorder;
static unsigned n_told;
static uint64_t told_missed;
static char told[24];

static void
on_trouble(void *ctx, const char *cause, bool is_over, uint64_t missed)
{
	n_told++;
	told_missed = missed;
	snprintf(told, sizeof(told), "%s", cause);
}

static void
start(int64_t resolution_ns)
{
	const struct store_setup setup = { .dir = dir, .bench = "test" };
	struct err err;

	store = store_open(&setup, WALL, &err);
	assert_non_null(store);
	recorder = recorder_new(store, resolution_ns, on_trouble, NULL);
}

static void
stop(void)
{
	recorder_free(recorder);
	store_close(store);
	recorder = NULL;
	store = NULL;
}

static int
set_up(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/mbc-test-recorder-XXXXXX");
	assert_non_null(mkdtemp(dir));
	n_told = 0;
	told_missed = 0;
	told[0] = '\0';
	start(1);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	stop();
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

/* A bench of two numbers; its channels dev.a and dev.b are 0 and 1. */
static struct image *
make_image(void)
{
	struct image_builder *b = image_builder_new("test", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "io", "127.0.0.1", 1502);

	image_builder_instrument(b, "dev", "modbus", link, "unit=3", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "a", "holding=3 type=float32", 0);
	image_builder_point(b, "b", "holding=5 type=float32", 0);
	return image_builder_done(b);
}

struct made {
	struct image *img;
	struct board *b;
};

/* Memory of a board has to be zeros at first. */
static struct made
new_board(const char *boot_id, int64_t made_ns)
{
	struct board_setup setup = {
		.generation = 1, .tape_records = RECORDS, .trace_lines = 8, .now_ns = made_ns
	};
	struct made m = { .img = make_image() };
	size_t n;
	void *memory;

	setup.image = m.img;
	snprintf(setup.boot_id, sizeof(setup.boot_id), "%s", boot_id);
	n = (board_size(&setup) + 63) / 64 * 64;
	memory = aligned_alloc(64, n);
	memset(memory, 0, n);
	m.b = board_make(memory, &setup);
	return m;
}

static void
free_board(struct made *m)
{
	free(m->b);
	free(m->img);
}

static void
tape(struct made *m, uint32_t channel, int64_t t_ns, double v)
{
	const struct sample s = { .stamp_ns = t_ns, .v.f = v, .quality = Q_GOOD };

	board_tape(m->b, channel, &s);
}

static void
tick(struct made *m, int64_t t_ns)
{
	const struct board_heart heart = { .stamp_ns = t_ns, .wall_ns = WALL, .wall_is_good = 1 };

	board_tick_begin(m->b);
	board_tick_end(m->b, &heart);
}

static void
drain_at(int64_t t_ns, int64_t wall_ns)
{
	const struct recorder_clock clock = { t_ns, wall_ns, true };

	recorder_drain(recorder, &clock);
}

static int
commit_at(int64_t t_ns, bool may_write)
{
	const struct recorder_clock clock = { t_ns, WALL, true };
	struct err err;

	return recorder_commit(recorder, &clock, may_write, &err);
}

/* ---- looking ---- */

struct seen {
	size_t n;
	struct reader_gap gaps[16];
};

static void
see(void *ctx, const struct reader_gap *gap)
{
	struct seen *s = ctx;

	assert_true(s->n < NELEM(s->gaps));
	s->gaps[s->n++] = *gap;
}

static void
look(const char *name, struct series *out, struct seen *gaps)
{
	struct reader_channel ch;
	struct series part;
	struct piece piece;
	struct cursor *c;
	struct err err;
	struct reader *r = reader_open(dir, &err);

	assert_non_null(r);
	*gaps = (struct seen){ 0 };
	assert_int_equal(reader_gaps(r, INT64_MIN, INT64_MAX, see, gaps, &err), 0);
	assert_int_equal(reader_find(r, name, &ch, &err), 0);
	series_init(out, ch.type);
	series_init(&part, ch.type);
	c = cursor_new(r, &ch, INT64_MIN, INT64_MAX, true);
	while (cursor_next(c, &piece, &err) == 1) {
		assert_int_equal(cursor_load(c, &part, &err), 0);
		series_append(out, &part, 0, part.n);
	}
	series_done(&part);
	cursor_free(c);
	reader_close(r);
}

/* ---- tests ---- */

static void
test_a_tape_is_recorded(void **state)
{
	struct made m = new_board(BOOT_A, NS_PER_S);
	struct series s;
	struct seen gaps;

	recorder_board(recorder, m.b, NULL);
	for (int i = 0; i < 100; i++) {
		tape(&m, 0, (2 + i) * NS_PER_S, i * 0.1);
		tick(&m, (2 + i) * NS_PER_S);
	}
	drain_at(102 * NS_PER_S, WALL);
	assert_int_equal(commit_at(102 * NS_PER_S, true), 0);
	look("dev.a", &s, &gaps);
	assert_int_equal(s.n, 100);
	assert_int_equal(s.t[99], 101 * NS_PER_S);
	assert_int_equal(gaps.n, 1);
	assert_string_equal(gaps.gaps[0].cause, "first_start");
	assert_int_equal(gaps.gaps[0].to_ns, WALL + NS_PER_S);
	series_done(&s);
	free_board(&m);
}

/* What the ring has overwritten is missing, and the gap says how much. */
static void
test_an_overrun_is_a_gap(void **state)
{
	struct made m = new_board(BOOT_A, NS_PER_S);
	struct series s;
	struct seen gaps;

	recorder_board(recorder, m.b, NULL);
	tape(&m, 0, 2 * NS_PER_S, 1);
	drain_at(2 * NS_PER_S, WALL);
	for (int i = 0; i < 3 * RECORDS; i++)
		tape(&m, 0, 3 * NS_PER_S + i * NS_PER_MS, i);
	tick(&m, 10 * NS_PER_S);
	drain_at(10 * NS_PER_S, WALL);
	assert_int_equal(commit_at(10 * NS_PER_S, true), 0);
	look("dev.a", &s, &gaps);
	assert_int_equal(gaps.n, 2);
	assert_string_equal(gaps.gaps[1].cause, "overrun");
	assert_int_equal(gaps.gaps[1].missed + s.n, 1 + 3 * RECORDS);
	assert_int_equal(gaps.gaps[1].t0, 2 * NS_PER_S);
	assert_int_equal(gaps.gaps[1].t1, s.t[1]);
	assert_string_equal(told, "overrun");
	assert_int_equal(told_missed, gaps.gaps[1].missed);
	series_done(&s);
	free_board(&m);
}

/* The tape of the board before is drained to its end; a reload leaves no gap. */
static void
test_a_reload_is_seamless(void **state)
{
	struct made one = new_board(BOOT_A, NS_PER_S), two;
	struct series s;
	struct seen gaps;

	recorder_board(recorder, one.b, NULL);
	tape(&one, 0, 2 * NS_PER_S, 1);
	tick(&one, 2 * NS_PER_S);
	drain_at(2 * NS_PER_S, WALL);
	tape(&one, 0, 3 * NS_PER_S, 2);
	tick(&one, 3 * NS_PER_S);
	two = new_board(BOOT_A, 3 * NS_PER_S + 20 * NS_PER_MS);
	tape(&two, 0, 4 * NS_PER_S, 3);
	tick(&two, 4 * NS_PER_S);
	recorder_board(recorder, two.b, NULL);
	drain_at(4 * NS_PER_S, WALL);
	assert_int_equal(commit_at(4 * NS_PER_S, true), 0);
	look("dev.a", &s, &gaps);
	assert_int_equal(s.n, 3);
	assert_int_equal(gaps.n, 1);
	series_done(&s);
	free_board(&one);
	free_board(&two);
}

/* The controller was away, the recorder was away, the computer was off. */
static void
test_each_absence_has_its_cause(void **state)
{
	struct made one = new_board(BOOT_A, NS_PER_S), two = new_board(BOOT_A, 60 * NS_PER_S),
		    three = new_board(BOOT_B, 5 * NS_PER_S);
	struct series s;
	struct seen gaps;

	recorder_board(recorder, one.b, NULL);
	tape(&one, 0, 2 * NS_PER_S, 1);
	tick(&one, 2 * NS_PER_S);
	drain_at(2 * NS_PER_S, WALL);
	recorder_board(recorder, two.b, NULL);
	tape(&two, 0, 61 * NS_PER_S, 2);
	tick(&two, 61 * NS_PER_S);
	drain_at(61 * NS_PER_S, WALL);
	assert_int_equal(commit_at(61 * NS_PER_S, true), 0);
	stop();
	for (int i = 0; i < 2 * RECORDS; i++)
		tape(&two, 1, 62 * NS_PER_S + i * NS_PER_MS, i);
	tick(&two, 70 * NS_PER_S);
	start(1);
	recorder_board(recorder, two.b, NULL);
	drain_at(70 * NS_PER_S, WALL);
	assert_int_equal(commit_at(70 * NS_PER_S, true), 0);
	recorder_board(recorder, three.b, NULL);
	tape(&three, 0, 6 * NS_PER_S, 3);
	tick(&three, 6 * NS_PER_S);
	drain_at(6 * NS_PER_S, WALL + 1000 * NS_PER_S);
	assert_int_equal(commit_at(6 * NS_PER_S, true), 0);
	look("dev.a", &s, &gaps);
	assert_int_equal(s.n, 3);
	assert_int_equal(gaps.n, 4);
	assert_string_equal(gaps.gaps[1].cause, "bench_stopped");
	assert_int_equal(gaps.gaps[1].t0, 2 * NS_PER_S);
	assert_int_equal(gaps.gaps[1].t1, 60 * NS_PER_S);
	assert_string_equal(gaps.gaps[2].cause, "recorder_away");
	assert_string_equal(gaps.gaps[3].cause, "computer_off");
	assert_int_equal(gaps.gaps[3].boot0, 1);
	assert_int_equal(gaps.gaps[3].boot1, 2);
	assert_int_equal(gaps.gaps[3].t0, 70 * NS_PER_S);
	assert_int_equal(gaps.gaps[3].t1, 5 * NS_PER_S);
	series_done(&s);
	free_board(&one);
	free_board(&two);
	free_board(&three);
}

/* A short time without room loses nothing. */
static void
test_what_waits_is_not_lost(void **state)
{
	struct made m = new_board(BOOT_A, NS_PER_S);
	struct series s;
	struct seen gaps;

	recorder_board(recorder, m.b, NULL);
	for (int i = 0; i < 500; i++) {
		tape(&m, 0, (2 + i) * NS_PER_S, i);
		tick(&m, (2 + i) * NS_PER_S);
		drain_at((2 + i) * NS_PER_S, WALL);
		assert_int_equal(
			commit_at((2 + i) * NS_PER_S, i < 100 || i > 400) == 0, i < 100 || i > 400);
	}
	assert_int_equal(n_told, 2);
	look("dev.a", &s, &gaps);
	assert_int_equal(s.n, 500);
	assert_int_equal(gaps.n, 1);
	series_done(&s);
	free_board(&m);
}

/* A long one is a gap of exactly what is missing, and then it goes on by itself. */
static void
test_a_long_time_without_room_is_a_gap(void **state)
{
	struct made m = new_board(BOOT_A, NS_PER_S);
	uint64_t chance = 1;
	struct series s;
	struct seen gaps;
	int n = 0;

	recorder_board(recorder, m.b, NULL);
	for (int i = 0; i < 2000; i++) {
		int64_t t = (2 + i) * NS_PER_S;
		bool has_room = i < 10 || i > 1900;

		for (int k = 0; k < 300; k++, n++)
			tape(&m, (uint32_t)k % 2, t + k * NS_PER_MS,
				(double)(chance = chance * UINT64_C(6364136223846793005) + 1));
		tick(&m, t + NS_PER_S / 2);
		drain_at(t + NS_PER_S / 2, WALL);
		assert_int_equal(commit_at(t + NS_PER_S / 2, has_room) == 0, has_room);
	}
	assert_int_equal(n_told, 2);
	assert_string_equal(told, "budget");
	assert_true(told_missed > 0);
	look("dev.a", &s, &gaps);
	assert_int_equal(gaps.n, 2);
	assert_string_equal(gaps.gaps[1].cause, "budget");
	assert_int_equal(gaps.gaps[1].missed, told_missed);
	for (size_t i = 0; i < s.n; i++)
		assert_true(s.t[i] <= gaps.gaps[1].t0 || s.t[i] >= gaps.gaps[1].t1);
	n -= (int)s.n;
	series_done(&s);
	look("dev.b", &s, &gaps);
	assert_int_equal((uint64_t)n - s.n, told_missed);
	series_done(&s);
	free_board(&m);
}

/* A step of the wall clock neither reorders nor loses: both passes are there. */
static void
test_a_clock_step(void **state)
{
	struct made m = new_board(BOOT_A, NS_PER_S);
	struct reader *r;
	struct err err;
	struct series s;
	struct seen gaps;

	recorder_board(recorder, m.b, NULL);
	for (int i = 0; i < 200; i++) {
		tape(&m, 0, (2 + i) * NS_PER_S, i);
		tick(&m, (2 + i) * NS_PER_S);
		drain_at((2 + i) * NS_PER_S, i < 100 ? WALL : WALL - 3600 * NS_PER_S);
	}
	assert_int_equal(commit_at(202 * NS_PER_S, true), 0);
	look("dev.a", &s, &gaps);
	assert_int_equal(s.n, 200);
	r = reader_open(dir, &err);
	assert_non_null(r);
	assert_int_equal(reader_wall(r, 1, 50 * NS_PER_S), WALL + 50 * NS_PER_S);
	assert_int_equal(
		reader_wall(r, 1, 150 * NS_PER_S), WALL + 150 * NS_PER_S - 3600 * NS_PER_S);
	reader_close(r);
	series_done(&s);
	free_board(&m);
}

/* A start before the clock is set is dated later. */
static void
test_an_unsynchronised_start_is_dated_later(void **state)
{
	struct made m = new_board(BOOT_A, NS_PER_S);
	struct recorder_clock clock = { 2 * NS_PER_S, 0, false };
	struct reader *r;
	struct err err;

	recorder_board(recorder, m.b, NULL);
	tape(&m, 0, 2 * NS_PER_S, 1);
	tick(&m, 2 * NS_PER_S);
	recorder_drain(recorder, &clock);
	clock = (struct recorder_clock){ 100 * NS_PER_S, WALL, true };
	recorder_drain(recorder, &clock);
	assert_int_equal(commit_at(100 * NS_PER_S, true), 0);
	r = reader_open(dir, &err);
	assert_int_equal(reader_wall(r, 1, 2 * NS_PER_S), WALL + 2 * NS_PER_S);
	reader_close(r);
	free_board(&m);
}

static void
test_times_are_cut(void **state)
{
	struct made m = new_board(BOOT_A, NS_PER_S);
	struct series s;
	struct seen gaps;

	stop();
	start(NS_PER_MS);
	recorder_board(recorder, m.b, NULL);
	tape(&m, 0, 2 * NS_PER_S + 1234567, 1);
	tick(&m, 3 * NS_PER_S);
	drain_at(3 * NS_PER_S, WALL);
	assert_int_equal(commit_at(3 * NS_PER_S, true), 0);
	look("dev.a", &s, &gaps);
	assert_int_equal(s.t[0], 2 * NS_PER_S + 1000000);
	series_done(&s);
	free_board(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_tape_is_recorded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_overrun_is_a_gap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_reload_is_seamless, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_each_absence_has_its_cause, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_waits_is_not_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_long_time_without_room_is_a_gap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_clock_step, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_an_unsynchronised_start_is_dated_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_times_are_cut, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
