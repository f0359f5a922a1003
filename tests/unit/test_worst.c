/* test_worst.c - how long a safe state may take, and where outputs end up */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../simulation/image_hands.h"
#include "model/worst.h"

#define S NS_PER_S
#define NONE IMAGE_NONE

/* Instruments a and b on one wire, c on another; an output each, with the same number. */
static struct image *
bench(const struct image_safe_line *lines, uint32_t n)
{
	static const char *const names[] = { "a", "b", "c" };
	struct image_builder *b = image_builder_new("worst", 100 * NS_PER_MS);
	uint32_t one = image_builder_link(b, "one", "127.0.0.1", 1502);
	uint32_t other = image_builder_link(b, "other", "127.0.0.1", 1503);

	for (size_t i = 0; i < NELEM(names); i++) {
		struct image_output like = { .hazard = HAZARD_FUEL };
		char name[] = "out_?";
		uint32_t point;

		name[4] = names[i][0];
		image_builder_instrument(
			b, names[i], "modbus", i < 2 ? one : other, "unit=1", S, S, 1);
		point = image_builder_point(b, "sp", "holding=3 type=uint16", 0);
		image_builder_write(b, point, "holding=3");
		image_builder_output(b, name, point, &like, NULL);
	}
	image_builder_safe_state(b, "safe", lines, n);
	return image_builder_done(b);
}

static struct image_safe_line
line(uint32_t output, int64_t within_s)
{
	return (struct image_safe_line){
		.output = output, .after = NONE, .otherwise = NONE, .within_ns = within_s * S
	};
}

static void
check(const struct image *img, uint32_t dead, int64_t within_s, int64_t waits_s)
{
	struct worst_time t;

	worst_time(img, 0, dead, &t);
	assert_int_equal(t.within_ns, within_s * S);
	assert_int_equal(t.waits_ns, waits_s * S);
}

/* The lines of one wire follow each other, those of the other one do not wait. */
static void
test_links_do_not_wait_for_each_other(void **state)
{
	const struct image_safe_line lines[] = { line(0, 2), line(1, 3), line(2, 4) };
	struct image *img = bench(lines, NELEM(lines));

	check(img, NONE, 5, 0);
	check(img, 0, 5, 2); /* b waits for it */
	check(img, 1, 4, 0); /* nobody stands behind it; c takes the longest of the others */
	check(img, 2, 5, 0);
	free(img);
}

static void
test_after_waits_over_links(void **state)
{
	struct image_safe_line lines[] = { line(0, 2), line(2, 4) };
	struct image *img;

	lines[1].after = 0;
	img = bench(lines, NELEM(lines));
	check(img, NONE, 6, 0);
	check(img, 0, 6, 2);
	check(img, 2, 2, 0);
	free(img);
}

/* It begins when the line that it stands in for is late, and not without need. */
static void
test_second_way(void **state)
{
	struct image_safe_line lines[] = { line(0, 2), line(1, 1), line(2, 4) };
	struct image *img;

	lines[0].otherwise = 2;
	lines[2].is_otherwise = 1;
	img = bench(lines, NELEM(lines));
	check(img, NONE, 3, 0);
	check(img, 0, 6, 2);
	check(img, 1, 2, 0);
	assert_false(worst_is_lost(img, image_safe_line_at(img, 0), 0));
	assert_true(worst_is_lost(img, image_safe_line_at(img, 1), 1));
	assert_false(worst_is_lost(img, image_safe_line_at(img, 1), 0));
	free(img);
}

static void
test_second_way_on_the_same_instrument_is_none(void **state)
{
	struct image_safe_line lines[] = { line(0, 2), line(0, 1), line(1, 1) };
	struct image *img;

	lines[0].otherwise = 1;
	lines[1].is_otherwise = 1;
	img = bench(lines, NELEM(lines));
	assert_true(worst_is_lost(img, image_safe_line_at(img, 0), 0));
	check(img, 0, 4, 3); /* b waits for both */
	free(img);
}

static void
test_all_that_is_in_it_is_dead(void **state)
{
	const struct image_safe_line lines[] = { line(0, 2) };
	struct image *img = bench(lines, NELEM(lines));

	check(img, 0, 0, 0);
	free(img);
}

/* Columns: mains, computer, network, air, instrument. */
static void
test_fates(void **state)
{
	static const struct {
		enum link_kind kind;
		enum image_fails fails;
		enum fate fate[LOSSES];
	} rows[] = {
		{ LINK_TCP, FAILS_UNKNOWN,
			{ FATE_UNKNOWN, FATE_KEPT, FATE_KEPT, FATE_UNKNOWN, FATE_UNKNOWN } },
		{ LINK_TCP, FAILS_CLOSED,
			{ FATE_CLOSED, FATE_KEPT, FATE_KEPT, FATE_CLOSED_BY_AIR,
				FATE_CLOSED_OR_KEPT } },
		{ LINK_UDP, FAILS_OPEN,
			{ FATE_OPEN, FATE_KEPT, FATE_KEPT, FATE_OPEN_BY_AIR, FATE_OPEN_OR_KEPT } },
		{ LINK_SERIAL, FAILS_STAYS,
			{ FATE_STAYS, FATE_KEPT, FATE_REACHED, FATE_STAYS, FATE_STAYS } },
		{ LINK_GPIO, FAILS_CLOSED,
			{ FATE_CLOSED, FATE_UNKNOWN, FATE_REACHED, FATE_CLOSED_BY_AIR,
				FATE_CLOSED_OR_KEPT } },
		{ LINK_HID, FAILS_UNKNOWN,
			{ FATE_UNKNOWN, FATE_UNKNOWN, FATE_REACHED, FATE_UNKNOWN, FATE_UNKNOWN } },
		{ LINK_USBTMC, FAILS_UNKNOWN,
			{ FATE_UNKNOWN, FATE_KEPT, FATE_REACHED, FATE_UNKNOWN, FATE_UNKNOWN } },
		{ LINK_HELPER, FAILS_OPEN,
			{ FATE_OPEN, FATE_UNKNOWN, FATE_UNKNOWN, FATE_OPEN_BY_AIR,
				FATE_OPEN_OR_KEPT } },
	};
	const struct image_safe_line lines[] = { line(0, 1) };
	struct image *img = bench(lines, NELEM(lines));
	struct image_output *o = (struct image_output *)((char *)img + img->outputs.off);
	struct image_link *l = (struct image_link *)((char *)img + img->links.off);

	for (size_t i = 0; i < NELEM(rows); i++) {
		o->fails = (uint8_t)rows[i].fails;
		l->kind = rows[i].kind;
		for (int k = 0; k < LOSSES; k++) {
			assert_int_equal(worst_fate(img, 0, (enum loss)k), rows[i].fate[k]);
			assert_non_null(worst_fate_text(rows[i].fate[k]));
		}
	}
	free(img);
}

/* An image in whose memory the tables are found by their offset: a watchdog beside it. */
static struct image *
guarded(const struct image *img, const struct image_watchdog *w,
	const struct image_watchdog_value *v)
{
	size_t size = img->size, at = (size + 7) / 8 * 8;
	char *all = calloc(1, at + sizeof(*w) + sizeof(*v));
	struct image *out = (struct image *)all;

	memcpy(all, img, size);
	memcpy(all + at, w, sizeof(*w));
	memcpy(all + at + sizeof(*w), v, sizeof(*v));
	out->watchdogs = (struct image_table){ .off = (uint32_t)at, .n = 1 };
	out->watchdog_values = (struct image_table){ .off = (uint32_t)(at + sizeof(*w)),
		.n = v->channel == NONE ? 0 : 1 };
	return out;
}

/* Where its device hears nothing any more an output goes where its watchdog is declared to bring it; one that nothing proves, or that says nothing
 * of this output, leaves that open. */
static void
test_fates_with_a_watchdog(void **state)
{
	const struct image_safe_line lines[] = { line(0, 1) };
	struct image *img = bench(lines, NELEM(lines));
	uint32_t at = image_output_at(img, 0)->at;
	const struct {
		bool is_proved, is_declared;
		enum fate fate;
	} rows[] = {
		{ true, true, FATE_GUARDED },
		{ true, false, FATE_UNKNOWN },
		{ false, true, FATE_UNKNOWN },
	};

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct image_watchdog w = { .instrument = 0,
			.timeout.channel = NONE,
			.armed.channel = rows[i].is_proved ? at : NONE,
			.tripped.channel = NONE,
			.n_values = rows[i].is_declared ? 1 : 0 };
		struct image_watchdog_value v = { .channel = rows[i].is_declared ? at : NONE };
		struct image *with = guarded(img, &w, &v);

		assert_int_equal(worst_fate(with, 0, LOSS_COMPUTER), rows[i].fate);
		assert_int_equal(worst_fate(with, 0, LOSS_NETWORK), rows[i].fate);
		assert_int_equal(worst_fate(with, 0, LOSS_INSTRUMENT), FATE_UNKNOWN);
		assert_int_equal(
			worst_fate(with, 1, LOSS_COMPUTER), FATE_KEPT); /* another device */
		free(with);
	}
	free(img);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_do_not_wait_for_each_other),
		cmocka_unit_test(test_after_waits_over_links),
		cmocka_unit_test(test_second_way),
		cmocka_unit_test(test_second_way_on_the_same_instrument_is_none),
		cmocka_unit_test(test_all_that_is_in_it_is_dead),
		cmocka_unit_test(test_fates),
		cmocka_unit_test(test_fates_with_a_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
