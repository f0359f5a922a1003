/* test_image_alone.c - a bench in which one instrument alone is asked */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../simulation/image_builder.h"
#include "model/image_alone.h"

static struct image *
make(void)
{
	struct image_builder *b = image_builder_new("alone", 100 * NS_PER_MS);
	uint32_t io = image_builder_link(b, "io", "127.0.0.1", 1502);
	uint32_t far = image_builder_link(b, "far", "127.0.0.1", 1503);

	image_builder_instrument(b, "a", "modbus", io, "unit=1", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "x", "holding=1", 0);
	image_builder_point(b, "y", "holding=2", 5 * NS_PER_S);
	image_builder_instrument(b, "b", "modbus", io, "unit=2", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "x", "holding=1", 0);
	image_builder_instrument(b, "c", "modbus", far, "unit=1", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "x", "holding=1", 0);
	return image_builder_done(b);
}

static void
test_the_others_are_on_no_wire(void **state)
{
	struct image *img = make(), *alone;
	uint32_t a = image_find_instrument(img, "a"), b = image_find_instrument(img, "b");
	uint32_t n_links = img->links.n, link = image_instrument_at(img, a)->link;
	struct err err;

	assert_int_equal(image_find_instrument(img, "nothing"), IMAGE_NONE);
	alone = image_alone(img, a);
	assert_int_equal(image_check(alone, alone->size, &err), 0);
	assert_int_equal(alone->links.n, n_links + 1);
	assert_int_equal(image_instrument_at(alone, a)->link, link);
	for (uint32_t i = 0; i < alone->instruments.n; i++)
		assert_true(i == a || image_instrument_at(alone, i)->link != link);
	assert_int_equal(image_instrument_at(alone, b)->link, n_links);
	assert_true(alone->is_observed);
	assert_int_equal(image_link_at(alone, link)->port, 1502);
	free(alone);
	free(img);
}

/* The groups in which they are asked stay apart, and nobody asks twice or grows old. */
static void
test_its_points_are_asked_once(void **state)
{
	struct image *img = make();
	uint32_t a = image_find_instrument(img, "a");
	struct image *alone = image_alone(img, a);
	uint32_t x = image_find_channel(img, "a.x"), y = image_find_channel(img, "a.y");
	uint32_t other = image_find_channel(img, "b.x");
	uint32_t p = image_channel_at(alone, x)->source, q = image_channel_at(alone, y)->source;

	assert_true(image_is_of(alone, x, a) && image_is_of(alone, y, a));
	assert_false(image_is_of(alone, other, a));
	assert_true(image_point_at(alone, p)->every_ns >= IMAGE_ALONE_EVERY);
	assert_int_equal(image_point_at(alone, q)->every_ns - image_point_at(alone, p)->every_ns,
		image_point_at(img, q)->every_ns - image_point_at(img, p)->every_ns);
	assert_int_equal(image_channel_at(alone, x)->stale_ns, 0);
	assert_true(image_point_at(alone, image_channel_at(alone, other)->source)->every_ns ==
		    image_point_at(img, image_channel_at(img, other)->source)->every_ns);
	free(alone);
	free(img);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_others_are_on_no_wire),
		cmocka_unit_test(test_its_points_are_asked_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
