/* test_ids.c - numbers of channels and instruments: given once, kept over restarts and renames, never given twice */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervise/ids.h"

#include "../simulation/image_builder.h"

static char dir[] = "/tmp/mbc-test-ids-XXXXXX";

/* A bench with one instrument and the channels dev.<names>. */
static struct image *
make(const char *const *names)
{
	struct image_builder *b = image_builder_new("unit", 100 * NS_PER_MS);
	uint32_t link = image_builder_link(b, "io", "127.0.0.1", 1502);
	char opts[32];

	image_builder_instrument(b, "dev", "modbus", link, "", NS_PER_S, NS_PER_S, 1);
	for (int i = 0; names[i] != NULL; i++) {
		snprintf(opts, sizeof(opts), "holding=%d", i);
		image_builder_point(b, names[i], opts, 0);
	}
	return image_builder_done(b);
}

static uint32_t
id_of(const struct image *img, const char *name)
{
	return image_channel_at(img, image_find_channel(img, name))->id;
}

static void
test_numbers_last(void **state)
{
	static const char *const first[] = { "a", "b", NULL }, *const second[] = { "b", "c", NULL },
				 *const third[] = { "a", "c", NULL };
	struct image *one = make(first), *two = make(second), *three = make(third);
	struct err err;

	assert_int_equal(ids_give(dir, one, &err), 0);
	assert_int_equal(ids_give(dir, two, &err), 0);
	assert_int_equal(ids_give(dir, three, &err), 0);
	assert_true(id_of(one, "dev.a") != 0 && id_of(one, "dev.a") != id_of(one, "dev.b"));
	assert_int_equal(id_of(two, "dev.b"), id_of(one, "dev.b"));
	assert_int_equal(
		id_of(three, "dev.a"), id_of(one, "dev.a")); /* away for a while, and back */
	assert_int_equal(id_of(three, "dev.c"), id_of(two, "dev.c"));
	assert_true(id_of(two, "dev.c") > id_of(one, "dev.b"));
	for (uint32_t i = 0; i < three->channels.n; i++)
		for (uint32_t k = 0; k < i; k++)
			assert_true(
				image_channel_at(three, i)->id != image_channel_at(three, k)->id);
	assert_true(image_instrument_at(one, 0)->id == image_instrument_at(three, 0)->id);
	free(one);
	free(two);
	free(three);
}

static void
test_renames_keep_the_number(void **state)
{
	static const char *const before[] = { "old", NULL }, *const after[] = { "new", "old",
		NULL };
	struct image *one = make(before), *two = make(after);
	struct image_channel *channels = (struct image_channel *)((char *)two + two->channels.off);
	struct image_channel *renamed = &channels[image_find_channel(two, "dev.new")];
	struct image_channel *other = &channels[image_find_channel(two, "dev.old")];
	struct err err;

	assert_int_equal(ids_give(dir, one, &err), 0);
	/* Only one channel has the old name: as the former one of the new. */
	renamed->was = other->name;
	other->name = image_instrument_at(two, 0)->name;
	assert_int_equal(ids_give(dir, two, &err), 0);
	assert_int_equal(renamed->id, id_of(one, "dev.old"));
	assert_int_not_equal(other->id, renamed->id);
	free(one);
	free(two);
}

static void
test_a_damaged_file_is_not_guessed_at(void **state)
{
	static const char *const names[] = { "a", NULL };
	struct image *img = make(names);
	char path[64];
	struct err err;
	FILE *f;

	snprintf(path, sizeof(path), "%s/ids", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("next 9\nchannel seven dev.a\n", f);
	fclose(f);
	assert_int_equal(ids_give(dir, img, &err), ERR_CONF);
	assert_non_null(strstr(err.msg, "ids:2:"));
	unlink(path);
	free(img);
}

static int
begin(void **state)
{
	return mkdtemp(dir) == NULL;
}

static int
end(void **state)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/ids", dir);
	unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_last),
		cmocka_unit_test(test_renames_keep_the_number),
		cmocka_unit_test(test_a_damaged_file_is_not_guessed_at),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
