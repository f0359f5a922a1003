/* test_history_keep.c - what is too old, or too much, goes, and nothing else; values that come too often */
#include "store_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/files.h"
#include "history/keep.h"
#include "history/reader.h"
#include "history/thin.h"
#include "msg/quality.h"

#define FILE_MAX (2 << 10)
#define SAMPLES 20000

/* Wall time of the rig's time 0. */
#define WALL (INT64_C(1700000000) * NS_PER_S)

static int
count_files(void)
{
	struct history_file *list;
	struct err err;
	int n = files_list(rig_dir, &list, &err);

	free(list);
	return n;
}

static uint64_t
count_samples(const char *name, int64_t *out_first_ns)
{
	struct err err;
	struct reader *r = reader_open(rig_dir, &err);
	struct reader_channel ch;
	struct piece piece;
	struct series s;
	struct cursor *c;
	uint64_t n = 0;

	assert_non_null(r);
	assert_int_equal(reader_find(r, name, &ch, &err), 0);
	series_init(&s, ch.type);
	c = cursor_new(r, &ch, INT64_MIN, INT64_MAX, true);
	while (cursor_next(c, &piece, &err) == 1) {
		assert_int_equal(cursor_load(c, &s, &err), 0);
		if (n == 0)
			*out_first_ns = reader_wall(r, piece.boot, s.t[0]);
		n += s.n;
	}
	cursor_free(c);
	series_done(&s);
	reader_close(r);
	return n;
}

static struct store *
filled(void)
{
	struct store *s = rig_open(rig_dir, FILE_MAX);

	rig_write(s, 0, SAMPLES, 50, NULL);
	assert_true(count_files() > 3);
	return s;
}

static void
test_by_size(void **state)
{
	struct store *s = filled();
	const struct keep_rule none = { 0 };
	uint64_t bytes, all;
	struct err err;
	int n = count_files();

	assert_int_equal(keep_files(rig_dir, &none, WALL, &all, &err), 0);
	assert_int_equal(count_files(), n);
	struct history_file *list;

	assert_int_equal(files_list(rig_dir, &list, &err), n);
	/* So much that the oldest one and the one behind it have to go. */
	const struct keep_rule rule = { .size = all - list[0].bytes - 1 };

	assert_int_equal(keep_files(rig_dir, &rule, WALL, &bytes, &err), 2);
	assert_true(bytes <= rule.size);
	assert_int_equal(bytes, all - list[0].bytes - list[1].bytes);
	assert_int_equal(count_files(), n - 2);
	free(list);
	/* The newest one stays whatever the rule says. */
	const struct keep_rule least = { .size = 1 };

	assert_true(keep_files(rig_dir, &least, WALL, &bytes, &err) >= 0);
	assert_int_equal(count_files(), 1);
	store_close(s);
}

static void
test_by_age(void **state)
{
	struct store *s = filled();
	const struct keep_rule rule = { .keep_ns = SAMPLES / 2 * NS_PER_S };
	int64_t now = WALL + SAMPLES * NS_PER_S, first_ns = 0;
	uint64_t bytes;
	struct err err;

	assert_true(keep_files(rig_dir, &rule, now, &bytes, &err) > 0);
	assert_true(count_samples("T_bed", &first_ns) >= SAMPLES / 2);
	/* The file that holds the border stays, those before it are gone. */
	assert_true(first_ns <= now - rule.keep_ns && first_ns > WALL);
	store_close(s);
}

static void
test_by_channel(void **state)
{
	struct store *s = filled();
	int64_t now = WALL + SAMPLES * NS_PER_S, first_ns = 0, bed_ns = 0;
	const char *newest = strrchr(store_file(s), '/') + 1;
	uint64_t before = count_samples("T_bed", &bed_ns);
	struct err err;

	assert_int_equal(before, SAMPLES);
	/* Channel "count" has the id 11. */
	assert_int_equal(keep_channel(rig_dir, newest, 11, SAMPLES / 4 * NS_PER_S, now, &err), 0);
	assert_int_equal(store_drop(s, 11, now - SAMPLES / 4 * NS_PER_S, &err), 0);
	assert_int_equal(count_samples("T_bed", &first_ns), SAMPLES);
	assert_int_equal(first_ns, bed_ns);
	before = count_samples("count", &first_ns);
	assert_true(before >= SAMPLES / 4 && before < SAMPLES - SAMPLES / 4);
	store_close(s);
}

/* ---- thin ---- */

static unsigned
take(struct thin *t, int64_t t_s, double v, unsigned quality)
{
	const struct sample s = {
		.stamp_ns = t_s * NS_PER_S, .v.f = v, .quality = (uint16_t)quality
	};
	struct sample before;

	return thin_take(t, &s, &before);
}

static void
test_dead_band(void **state)
{
	struct thin *t = thin_new(VALUE_FLOAT, 0.5, 0);

	assert_int_equal(take(t, 0, 20, Q_GOOD), THIN_THIS);
	assert_int_equal(take(t, 1, 20.4, Q_GOOD), 0);
	assert_int_equal(take(t, 2, 19.6, Q_GOOD), 0);
	assert_int_equal(take(t, 3, 20.6, Q_GOOD), THIN_THIS);
	assert_int_equal(take(t, 4, 20.3, Q_GOOD), 0); /* beside the last one that is recorded */
	assert_int_equal(take(t, 5, 20.3, Q_OUT_OF_RANGE), THIN_THIS);
	assert_int_equal(take(t, 6, 0, Q_NO_ANSWER), THIN_THIS);
	assert_int_equal(take(t, 7, 20.3, Q_GOOD), THIN_THIS);
	assert_int_equal(take(t, 66, 20.3, Q_GOOD), 0);
	assert_int_equal(take(t, 67, 20.3, Q_GOOD), THIN_THIS); /* a minute is over */
	free(t);
}

static void
test_shortest_interval(void **state)
{
	struct thin *t = thin_new(VALUE_FLOAT, 0, 10 * NS_PER_S);
	struct sample s, before;

	assert_int_equal(take(t, 0, 1, Q_GOOD), THIN_THIS);
	assert_int_equal(take(t, 3, 2, Q_GOOD), 0);
	assert_int_equal(take(t, 5, 3, Q_GOOD), 0);
	assert_false(thin_due(t, 9 * NS_PER_S, &s));
	assert_true(thin_due(t, 10 * NS_PER_S, &s)); /* the last one, at its own time */
	assert_int_equal(s.stamp_ns, 5 * NS_PER_S);
	assert_true(s.v.f > 2.9 && s.v.f < 3.1);
	assert_false(thin_due(t, 30 * NS_PER_S, &s));
	assert_int_equal(take(t, 7, 4, Q_GOOD), 0);
	s = (struct sample){ .stamp_ns = 8 * NS_PER_S, .quality = Q_NO_ANSWER };
	assert_int_equal(thin_take(t, &s, &before),
		THIN_BEFORE | THIN_THIS); /* what waited, then the failure */
	assert_int_equal(before.stamp_ns, 7 * NS_PER_S);
	free(t);
	assert_null(thin_new(VALUE_FLOAT, 0, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_size, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_by_age, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_by_channel, rig_make_dir, rig_remove_dir),
		cmocka_unit_test(test_dead_band),
		cmocka_unit_test(test_shortest_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
