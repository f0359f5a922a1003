/* test_serve_links.c - links of guests and the clock: what has ended does not open again */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "io/now.h"
#include "serve/links.h"

#define HOUR (3600 * NS_PER_S)

/* A file with links of these ends. Their texts are "a", "b" and so on. */
static void
give(struct links *l, const int64_t *ends, size_t n)
{
	struct buf file = { 0 };
	struct err err;

	for (size_t i = 0; i < n; i++) {
		struct token t = {
			.name = { (char)('a' + (int)i) }, .may = UINT32_MAX, .until_ns = ends[i]
		};

		sha256(t.digest, t.name, 1);
		tokens_write(&file, &t);
	}
	assert_int_equal(links_read(l, buf_text(&file), file.n, &err), 0);
	buf_done(&file);
}

static bool
is_open(struct links *l, const char *text, int64_t wall_ns)
{
	uint8_t digest[SHA256_BYTES];
	bool is_found = links_find(l, text, wall_ns) != NULL;

	sha256(digest, text, strlen(text));
	assert_int_equal(links_still(l, digest, wall_ns), is_found);
	return is_found;
}

static void
test_what_is_over_stays_over(void **state)
{
	static struct links l;
	struct err err;

	give(&l, (int64_t[]){ HOUR, 3 * HOUR }, 2);
	assert_true(is_open(&l, "a", HOUR - NS_PER_MS));
	assert_true(is_open(&l, "b", 0));
	assert_false(is_open(&l, "c", 0));
	assert_true(is_open(&l, "b", 2 * HOUR)); /* nobody has asked for the other one */
	assert_false(is_open(&l, "a", 0));
	give(&l, (int64_t[]){ HOUR, 3 * HOUR, 3 * HOUR }, 3); /* another line in the file */
	assert_false(is_open(&l, "a", 0));
	assert_true(is_open(&l, "c", 0));
	assert_false(is_open(&l, "b", 3 * HOUR));
	give(&l, (int64_t[]){ 4 * HOUR, 3 * HOUR }, 2); /* somebody gave the first one more time */
	assert_true(is_open(&l, "a", 2 * HOUR));
	assert_false(is_open(&l, "b", 2 * HOUR));
	assert_int_equal(links_read(&l, "?", 1, &err), ERR_CONF);
	assert_false(is_open(&l, "a", 2 * HOUR));
}

static void
test_the_clock_goes_back(void **state)
{
	int64_t latest = INT64_MIN;

	assert_int_equal(now_offset_for_ends(&latest, 5 * HOUR, false), 5 * HOUR);
	assert_int_equal(now_offset_for_ends(&latest, 2 * HOUR, false), 5 * HOUR);
	assert_int_equal(now_offset_for_ends(&latest, 6 * HOUR, false), 6 * HOUR);
	assert_int_equal(now_offset_for_ends(&latest, 2 * HOUR, true), 2 * HOUR); /* it is known */
	assert_int_equal(now_offset_for_ends(&latest, HOUR, false), 2 * HOUR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_over_stays_over),
		cmocka_unit_test(test_the_clock_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
