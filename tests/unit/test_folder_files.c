/* test_folder_files.c - what is read of a folder, and that nothing outside of it is */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/defs.h"
#include "drivers/folder_block.h"
#include "io/folder_files.h"

struct rig {
	char root[64]; /* of everything */
	char path[80]; /* the folder */
	char answer[FOLDER_FILES_MAX + 1];
	size_t n;
};

static void
in_root(const struct rig *r, const char *name, char out[300])
{
	snprintf(out, 300, "%s/%s", r->root, name);
}

static void
put(const struct rig *r, const char *name, const char *content)
{
	char path[300];
	FILE *f;

	in_root(r, name, path);
	for (char *at = path + strlen(r->root) + 1; (at = strchr(at, '/')) != NULL; *at++ = '/') {
		*at = '\0';
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
put_link(const struct rig *r, const char *name, const char *to)
{
	char path[300];

	in_root(r, name, path);
	assert_int_equal(symlink(to, path), 0);
}

static void
set_time(const struct rig *r, const char *name, time_t seconds)
{
	struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };
	char path[300];

	in_root(r, name, path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	snprintf(r->root, sizeof(r->root), "/tmp/mbc-test-folder-XXXXXX");
	assert_non_null(mkdtemp(r->root));
	snprintf(r->path, sizeof(r->path), "%s/class/folder", r->root);
	put(r, "class/folder/one", "1\n");
	put(r, "secret", "secret\n");
	unsetenv("MBC_SYSFS");
	*state = r;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *walk)
{
	return remove(path);
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	unsetenv("MBC_SYSFS");
	nftw(r->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(r);
	return 0;
}

/* What stands behind the tag. */
static const char *
ask(struct rig *r, const char *lines)
{
	uint8_t request[600];
	int n = snprintf((char *)request, sizeof(request), "12345678\n%s", lines);

	memset(r->answer, 'Z', sizeof(r->answer));
	r->n = folder_files_answer(r->path, request, (size_t)n, (uint8_t *)r->answer);
	assert_in_range(r->n, 9, FOLDER_FILES_MAX);
	assert_memory_equal(r->answer, "12345678\n", 9);
	r->answer[r->n] = '\0';
	return r->answer + 9;
}

static void
test_files(void **state)
{
	struct rig *r = *state;

	put(r, "class/folder/sub/two", "22\n");
	put(r, "class/folder/empty", "");
	assert_string_equal(ask(r, "file one\nfile sub/two\nfile none\nfile empty\nfile sub\n"),
		"ok 0 2 0\n1\nok 0 3 0\n22\nmissing\nok 0 0 0\nerror 40\n");
	assert_string_equal(ask(r, "file one/two\n"), "missing\n");
	snprintf(r->path, sizeof(r->path), "%s/class/nowhere", r->root);
	assert_string_equal(ask(r, "file one\nnewest *\n"), "missing\nmissing\n");
	assert_string_equal(ask(r, "chip hwmon a\nhwmon in0\n"), "missing\nmissing\n");
}

static void
test_nothing_outside(void **state)
{
	static const char *const ways[] = { "../secret", "../../secret", "sub/../../../secret",
		"..", ".", "./one", "/etc/passwd", "link", "up/secret", "sub/link", "pipe", "sub/",
		"" };
	struct rig *r = *state;
	char text[300];

	put(r, "class/folder/sub/two", "22\n");
	put_link(r, "class/folder/link", "../../secret");
	put_link(r, "class/folder/up", "../..");
	put_link(r, "class/folder/sub/link", "../../../secret");
	in_root(r, "class/folder/pipe", text);
	assert_int_equal(mkfifo(text, 0600), 0);
	for (size_t i = 0; i < NELEM(ways); i++) {
		snprintf(text, sizeof(text), "file %s\n", ways[i]);
		if (strncmp(ask(r, text), "error ", 6) != 0 &&
			strcmp(r->answer + 9, "missing\n") != 0)
			fail_msg("'%s': %s", ways[i], r->answer);
	}
	/* Links are never the newest file, and no way to a chip. */
	assert_string_equal(ask(r, "newest l*\nnewest ../*\n"), "missing\nmissing\n");
	put(r, "name", "chip\n");
	put(r, "in0", "7\n");
	assert_string_equal(ask(r, "chip up chip\nhwmon in0\n"), "missing\nmissing\n");
}

static void
test_links_of_sysfs(void **state)
{
	struct rig *r = *state;

	put(r, "devices/w1_bus_master1/28-0123456789ab/w1_slave", "slave\n");
	put(r, "devices/w1_bus_master1/28-0123456789ac/temperature", "21000\n");
	put_link(r, "class/folder/28-0123456789ab", "../../devices/w1_bus_master1/28-0123456789ab");
	put_link(r, "class/folder/28-0123456789ac", "../../devices/w1_bus_master1/28-0123456789ac");
	put_link(r, "devices/w1_bus_master1/28-0123456789ab/up", "../..");
	put_link(r, "class/folder/file", "../../secret");
	assert_string_equal(
		ask(r, "w1 28-0123456789ab\n"), "missing\n"); /* a folder like any other */
	setenv("MBC_SYSFS", r->root, 1);
	assert_string_equal(ask(r, "w1 28-0123456789ab\nw1 28-0123456789ac\nw1 28-0123456789ad\n"),
		"ok 0 6 0\nslave\nok 1 6 0\n21000\nmissing\n");
	assert_string_equal(
		ask(r, "file 28-0123456789ab/up/secret\nfile file\n"), "missing\nerror 40\n");
}

static void
test_chips_by_name(void **state)
{
	struct rig *r = *state;

	setenv("MBC_SYSFS", r->root, 1);
	put(r, "devices/a.0/hwmon/hwmon5/name", "a chip\n");
	put(r, "devices/a.0/hwmon/hwmon5/temp1_input", "45000\n");
	put(r, "devices/a.0/hwmon/hwmon5/temp1_fault", "0\n");
	put(r, "devices/a.1/hwmon/hwmon1/name", "b\n");
	put_link(r, "class/folder/hwmon5", "../../devices/a.0/hwmon/hwmon5");
	put_link(r, "class/folder/hwmon1", "../../devices/a.1/hwmon/hwmon1");
	assert_string_equal(ask(r, "chip hwmon a chip\nhwmon temp1_input\nhwmon in0_input\n"),
		"ok 0 6 0\n45000\nok 0 2 0\n0\nmissing\nmissing\n");
	assert_string_equal(
		ask(r, "chip iio:device a chip\nhwmon temp1_input\n"), "missing\nmissing\n");
	assert_string_equal(ask(r, "chip hwmon a\nhwmon temp1_input\n"), "missing\nmissing\n");
	put(r, "devices/a.1/hwmon/hwmon1/name", "a chip\n");
	assert_string_equal(ask(r, "chip hwmon a chip\nhwmon temp1_input\n"), "many\nmany\n");
	assert_string_equal(ask(r, "chip hwmon a chip\ndevice a.0\nhwmon temp1_input\n"),
		"ok 0 6 0\n45000\nok 0 2 0\n0\n");
	assert_string_equal(
		ask(r, "chip hwmon a chip\ndevice a.1\nhwmon temp1_input\n"), "missing\nmissing\n");
	assert_string_equal(
		ask(r, "chip hwmon a chip\ndevice a.2\nhwmon temp1_input\n"), "missing\nmissing\n");
}

static void
test_iio(void **state)
{
	struct rig *r = *state;

	put(r, "class/folder/iio:device0/name", "adc\n");
	put(r, "class/folder/iio:device0/in_voltage0_raw", "5\n");
	put(r, "class/folder/iio:device0/in_voltage_scale", "0.5\n");
	put(r, "class/folder/iio:device0/in_voltage1_raw", "6\n");
	put(r, "class/folder/iio:device0/in_voltage1_scale", "2\n");
	put(r, "class/folder/iio:device0/in_voltage1_offset", "1\n");
	put(r, "class/folder/iio:device0/in_temp_input", "21000\n");
	assert_string_equal(ask(r, "chip iio:device adc\niio voltage0\niio voltage1\niio temp\n"),
		"ok 0 2 0\n5\nmissing\nok 1 4 0\n0.5\n"
		"ok 0 2 0\n6\nok 0 2 0\n1\nok 0 2 0\n2\n"
		"ok 1 6 0\n21000\nmissing\nmissing\n");
}

static bool
newest(struct rig *r, const char *pattern, struct block *out)
{
	char text[200];
	const char *at;

	snprintf(text, sizeof(text), "newest %s\n", pattern);
	at = ask(r, text);
	return folder_block(&at, r->answer + r->n, out);
}

static void
test_newest(void **state)
{
	struct rig *r = *state;
	struct block a, b;

	put(r, "class/folder/r1.csv", "1\n");
	put(r, "class/folder/r2.csv", "22\n");
	put(r, "class/folder/.r4.csv", "x\n");
	put(r, "class/folder/r5.tmp", "x\n");
	put(r, "class/folder/r9.csv/x", "a folder\n");
	set_time(r, "class/folder/r1.csv", 1000000000);
	set_time(r, "class/folder/r2.csv", 1000000000);
	assert_true(newest(r, "r?.csv", &a));
	assert_int_equal(a.kind, BLOCK_RESULT);
	assert_true(a.n_name == 6 && memcmp(a.name, "r2.csv", 6) == 0);
	assert_true(a.n_head == 3 && memcmp(a.head, "22\n", 3) == 0 && a.n_tail == 0);
	assert_true(a.modified_ms == 1000000000000 && a.age_ms > 500000000000);
	assert_true(newest(r, "r?.csv", &b));
	assert_true(a.identity == b.identity && b.now_ms >= a.now_ms);
	set_time(r, "class/folder/r1.csv", 1000000001);
	assert_true(newest(r, "r?.csv", &b));
	assert_memory_equal(b.name, "r1.csv", 6);
	assert_true(a.identity != b.identity);
	a = b;
	put(r, "class/folder/r1.csv", "2\n"); /* as long as before, with the old time */
	set_time(r, "class/folder/r1.csv", 1000000001);
	assert_true(newest(r, "r?.csv", &b));
	assert_true(a.identity != b.identity);
	assert_true(newest(r, "*.xls", &b));
	assert_int_equal(b.kind, BLOCK_MISSING);
}

static void
test_long_files(void **state)
{
	struct rig *r = *state;
	static char content[9001];
	struct block b;
	const char *at;

	for (size_t i = 0; i < sizeof(content) - 1; i++)
		content[i] = i % 10 == 9 ? '\n' : (char)('0' + i / 1000);
	put(r, "class/folder/long.csv", content);
	assert_true(newest(r, "*.csv", &b));
	assert_true(b.n_head > 1000 && memcmp(b.head, content, b.n_head) == 0);
	assert_true(b.n_tail > 2000 &&
		    memcmp(b.tail, content + sizeof(content) - 1 - b.n_tail, b.n_tail) == 0);
	at = ask(r, "file long.csv\nfile long.csv\n");
	for (int i = 0; i < 2; i++) {
		assert_true(folder_block(&at, r->answer + r->n, &b));
		assert_true(b.is_cut && b.n_head > 1900 && memcmp(b.head, content, b.n_head) == 0);
	}
	content[3400] = '\0';
	put(r, "class/folder/long.csv", content);
	assert_true(newest(r, "*.csv", &b));
	assert_true(b.n_head == 3400 && b.n_tail == 0);
}

static void
test_odd_requests(void **state)
{
	static const char *const odd[] = { "", "\n", "file\n", "file ", "chip\n", "chip x\n",
		"what x\n", "device x\n", "newest\n", "iio \n", "hwmon \n", "w1 \n", "file one" };
	struct rig *r = *state;

	for (size_t i = 0; i < NELEM(odd); i++) {
		uint8_t request[100];
		int n = snprintf((char *)request, sizeof(request), "12345678\n%s", odd[i]);

		r->n = folder_files_answer(r->path, request, (size_t)n, (uint8_t *)r->answer);
		assert_true(r->n <= FOLDER_FILES_MAX);
		assert_null(memmem(r->answer, r->n, "ok ", 3));
	}
	assert_int_equal(folder_files_answer(
				 r->path, (const uint8_t *)"12345678\n", 9, (uint8_t *)r->answer),
		0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files),
		TEST(test_nothing_outside),
		TEST(test_links_of_sysfs),
		TEST(test_chips_by_name),
		TEST(test_iio),
		TEST(test_newest),
		TEST(test_long_files),
		TEST(test_odd_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
