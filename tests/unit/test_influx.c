/* test_influx.c - what follows from an answer of an InfluxDB; and its place, whatever is left of its two files */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "history/influx_place.h"
#include "history/influx_reply.h"
#include "store_rig.h"

static struct influx_verdict
judge(int version, long status, const char *body, const char *after)
{
	struct influx_verdict v;

	influx_judge(version, status, body, strlen(body), after, &v);
	return v;
}

static void
test_answers(void **state)
{
	struct influx_verdict v = judge(1, 204, "", "");

	assert_int_equal(v.next, INFLUX_GOOD);
	assert_string_equal(v.text, "");
	v = judge(1, 400,
		"{\"error\":\"partial write: field type conflict: input field \\\"value\\\" on "
		"measurement \\\"x\\\" is type float, already exists as type string dropped=3\"}\n",
		"");
	assert_int_equal(v.next, INFLUX_PART);
	assert_int_equal(v.dropped, 3);
	assert_non_null(strstr(v.text, "input field \"value\""));
	assert_non_null(strstr(v.remedy, "another type"));
	v = judge(1, 400, "{\"error\":\"partial write: points beyond retention policy dropped=1\"}",
		"");
	assert_int_equal(v.next, INFLUX_PART);
	assert_non_null(strstr(v.remedy, "retention"));
	v = judge(2, 400, "{\"code\":\"invalid\",\"message\":\"unable to parse\"}", "");
	assert_int_equal(v.next, INFLUX_SPLIT);
	assert_int_equal(judge(2, 413, "", "").next, INFLUX_SPLIT);
	v = judge(2, 429, "", " 30\r\n");
	assert_int_equal(v.next, INFLUX_WAIT);
	assert_true(v.wait_ns == 30 * NS_PER_S);
	assert_true(judge(2, 503, "", "99999999").wait_ns == 3600 * NS_PER_S);
	assert_true(judge(2, 503, "", "-5").wait_ns == 0);
	assert_non_null(strstr(judge(1, 401, "", "").remedy, "password"));
	assert_non_null(strstr(judge(2, 401, "", "").remedy, "token"));
	assert_non_null(strstr(judge(1, 404, "", "").remedy, "data base"));
	assert_non_null(strstr(judge(2, 404, "", "").remedy, "bucket"));
	assert_int_equal(judge(1, 302, "", "").next, INFLUX_WAIT);
	/* A hostile one: no end, no UTF-8, orders for a terminal. */
	v = judge(1, 500, "{\"error\":\"\x1b[2J\xff\xfe", "");
	assert_null(strchr(v.text, '\x1b'));
	assert_int_equal(judge(1, 400, "partial write: dropped=", "").next, INFLUX_SPLIT);
	assert_int_equal(judge(1, 400, "{\"error\":\"\\", "").next, INFLUX_SPLIT);
}

static void
check(uint64_t where, const char *expected)
{
	struct influx_place p;
	struct buf place = { 0 };
	struct err err;

	assert_int_equal(influx_place_open(&p, rig_dir, where, &place, &err), 0);
	assert_string_equal(buf_text(&place), expected);
	influx_place_close(&p);
	buf_done(&place);
}

/* Spoil byte `at` of a file. */
static void
spoil(const char *name, off_t at)
{
	char path[128], byte = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", rig_dir, name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0 && pread(fd, &byte, 1, at) == 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void
test_place(void **state)
{
	struct influx_place p;
	struct buf place = { 0 };
	struct err err;

	check(7, "");
	assert_int_equal(influx_place_open(&p, rig_dir, 7, &place, &err), 0);
	assert_int_equal(influx_place_put(&p, "one", 3, &err), 0);
	assert_int_equal(influx_place_put(&p, "the second", 10, &err), 0);
	assert_int_equal(influx_place_put(&p, "3", 1, &err), 0);
	influx_place_close(&p);
	check(7, "3");
	check(8, "");               /* another target */
	spoil("influx.place2", 36); /* the third turn is an odd one */
	check(7, "the second");
	spoil("influx.place", 40);
	check(7, "");
	assert_int_equal(influx_place_open(&p, rig_dir, 7, &place, &err), 0);
	assert_int_equal(influx_place_put(&p, "again", 5, &err), 0);
	influx_place_close(&p);
	check(7, "again");
	buf_done(&place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test_setup_teardown(test_place, rig_make_dir, rig_remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
