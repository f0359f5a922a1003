/* test_audit.c - the record of what was asked: no byte of it can be changed unseen, and a torn end is told */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "gate/logbook.h"

#define WALL (1800000000 * NS_PER_S)
#define NOW (1000 * NS_PER_S)

static struct audit_record
a_record(const char *subject)
{
	struct audit_record r = { .event = 0 };

	text_copy(r.who, sizeof(r.who), "root");
	text_copy(r.from, sizeof(r.from), "cli");
	text_copy(r.act, sizeof(r.act), "set");
	text_copy(r.subject, sizeof(r.subject), subject);
	text_copy(r.value, sizeof(r.value), "120 degC");
	text_copy(r.result, sizeof(r.result), "asked");
	return r;
}

static int
a_file(void)
{
	int fd = memfd_create("audit", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void
put(struct logbook *l, const char *subject)
{
	struct audit_record r = a_record(subject);
	struct err err;

	assert_int_equal(logbook_put(l, &r, WALL, &err), 0);
}

static size_t
bytes_of(int fd, char *out, size_t cap)
{
	ssize_t n = pread(fd, out, cap - 1, 0);

	assert_true(n >= 0);
	out[n] = '\0';
	return (size_t)n;
}

/* How many lines are good, other, none; and the record about the file that has this act. */
struct seen {
	int good, other, none, about;
	uint64_t last;
};

static struct seen
look(const char *bytes, size_t n, const char *act)
{
	struct seen s = { 0 };
	char hash[AUDIT_HASH];

	memcpy(hash, audit_begin, sizeof(hash));
	for (size_t at = 0; at < n;) {
		const char *end = memchr(bytes + at, '\n', n - at);
		size_t length = end == NULL ? n - at : (size_t)(end - bytes) - at;
		uint64_t number;

		switch (audit_check(bytes + at, length, hash, &number)) {
		case AUDIT_GOOD:
			s.good++;
			break;
		case AUDIT_OTHER:
			s.other++;
			break;
		case AUDIT_NO_LINE:
			s.none++;
			break;
		}
		s.about += audit_is_about_file(bytes + at, length, act);
		if (number != 0)
			s.last = number;
		at += length + 1;
	}
	return s;
}

static void
test_each_byte_that_is_changed_is_found(void **state)
{
	struct logbook *l = logbook_new();
	int fd = a_file();
	char bytes[8192];
	struct err err;
	size_t n;
	struct seen s;

	assert_int_equal(logbook_take(l, fd, WALL, &err), 0);
	put(l, "T_furn");
	put(l, "N2_flow");
	put(l, "\"quoted\", a\nline and \\ \x01");
	assert_int_equal(logbook_count(l), 3);
	n = bytes_of(fd, bytes, sizeof(bytes));
	s = look(bytes, n, AUDIT_ACT_TORN);
	assert_int_equal(s.good, 3);
	assert_int_equal(s.other + s.none, 0);
	for (size_t i = 0; i < n; i++)
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] = (char)(bytes[i] ^ (1 << bit));
			s = look(bytes, n, AUDIT_ACT_TORN);
			assert_true(s.good < 3 || s.other + s.none > 0);
			bytes[i] = (char)(bytes[i] ^ (1 << bit));
		}
	logbook_free(l);
}

static void
test_a_line_that_is_taken_out_is_found(void **state)
{
	struct logbook *l = logbook_new();
	int fd = a_file();
	char bytes[8192], *second, *third;
	struct err err;
	struct seen s;
	size_t n;

	assert_int_equal(logbook_take(l, fd, WALL, &err), 0);
	for (int i = 0; i < 4; i++)
		put(l, "T_furn");
	n = bytes_of(fd, bytes, sizeof(bytes));
	second = strchr(bytes, '\n') + 1;
	third = strchr(second, '\n') + 1;
	memmove(second, third, n - (size_t)(third - bytes) + 1);
	s = look(bytes, strlen(bytes), AUDIT_ACT_TORN);
	assert_int_equal(s.other, 1);
	logbook_free(l);
}

/* Another process goes on where the one before was killed. */
static void
test_it_goes_on(void **state)
{
	int fd = a_file();
	char bytes[1 << 16];
	struct seen s;
	size_t n;

	for (int i = 0; i < 5; i++) {
		struct logbook *l = logbook_new();
		struct err err;

		assert_int_equal(logbook_take(l, dup(fd), WALL, &err), 0);
		assert_int_equal(logbook_count(l), i);
		assert_true(logbook_last(l) == (i == 0 ? INT64_MIN : WALL));
		lseek(fd, 0, SEEK_END);
		put(l, "T_furn");
		logbook_free(l);
	}
	n = bytes_of(fd, bytes, sizeof(bytes));
	s = look(bytes, n, AUDIT_ACT_TORN);
	assert_int_equal(s.good, 5);
	assert_int_equal(s.other + s.none + s.about, 0);
	close(fd);
}

/* Cut at every byte of its last line, as a computer without power leaves it. */
static void
test_a_torn_end_is_told(void **state)
{
	char bytes[8192], again[16384];
	struct logbook *l = logbook_new();
	int fd = a_file();
	struct err err;
	size_t n, last;

	assert_int_equal(logbook_take(l, fd, WALL, &err), 0);
	for (int i = 0; i < 3; i++)
		put(l, "T_furn");
	n = bytes_of(fd, bytes, sizeof(bytes));
	logbook_free(l);
	last = n - 1;
	while (bytes[last - 1] != '\n')
		last--;
	for (size_t cut = last + 1; cut < n; cut++) {
		struct seen s;
		size_t k;

		fd = a_file();
		assert_int_equal(write(fd, bytes, cut), (ssize_t)cut);
		for (int round = 0; round < 2; round++) {
			l = logbook_new();
			assert_int_equal(logbook_take(l, dup(fd), WALL, &err), 0);
			lseek(fd, 0, SEEK_END);
			put(l, "N2_flow");
			logbook_free(l);
		}
		k = bytes_of(fd, again, sizeof(again));
		s = look(again, k, AUDIT_ACT_TORN);
		assert_int_equal(s.other, 0);
		/* Two, what tells of the torn one, two; and the torn one, when it lacks its end alone. */
		assert_int_equal(s.good, cut == n - 1 ? 6 : 5);
		assert_int_equal(s.none, cut == n - 1 ? 0 : 1);
		assert_int_equal(s.about, 1);
		assert_int_equal(s.last, s.good);
		close(fd);
	}
}

static void
test_a_changed_end_is_told(void **state)
{
	char bytes[8192];
	struct logbook *l = logbook_new();
	int fd = a_file(), other = a_file();
	struct err err;
	struct seen s;
	size_t n;

	assert_int_equal(logbook_take(l, fd, WALL, &err), 0);
	for (int i = 0; i < 3; i++)
		put(l, "T_furn");
	n = bytes_of(fd, bytes, sizeof(bytes));
	logbook_free(l);
	for (char *at = bytes; (at = strstr(at, "120 degC")) != NULL; at++)
		if (strstr(at + 1, "120 degC") == NULL)
			at[0] = '9';
	assert_int_equal(write(other, bytes, n), (ssize_t)n);
	l = logbook_new();
	assert_int_equal(logbook_take(l, other, WALL, &err), 0);
	put(l, "N2_flow");
	n = bytes_of(other, bytes, sizeof(bytes));
	s = look(bytes, n, AUDIT_ACT_CHANGED);
	assert_int_equal(s.other, 1);
	assert_int_equal(s.about, 1);
	assert_int_equal(s.good, 4);
	logbook_free(l);
}

static void
test_a_flood_is_counted(void **state)
{
	struct logbook *l = logbook_new();
	struct audit_record r = a_record("T_furn");
	int fd = a_file();
	char bytes[8192];
	struct err err;

	assert_int_equal(logbook_take(l, fd, WALL, &err), 0);
	text_copy(r.result, sizeof(r.result), "refused");
	for (int i = 0; i < 1000; i++)
		logbook_alike(l, &r, NOW + i, WALL);
	assert_int_equal(logbook_count(l), 1);
	assert_true(logbook_step(l, NOW + NS_PER_S, WALL) == NOW + LOGBOOK_ALIKE_NS);
	assert_true(logbook_step(l, NOW + LOGBOOK_ALIKE_NS, WALL) == NEVER);
	assert_int_equal(logbook_count(l), 2);
	bytes_of(fd, bytes, sizeof(bytes));
	assert_non_null(strstr(bytes, ",\"times\":999,"));
	assert_true(logbook_dirty(l) == fd);
	assert_int_equal(logbook_dirty(l), -1);
	logbook_free(l);
}

/* More different ones than can be counted at the same time: none is forgotten. */
static void
test_a_flood_of_different_ones(void **state)
{
	struct logbook *l = logbook_new();
	struct audit_record r = a_record("T_furn");
	struct err err;

	assert_int_equal(logbook_take(l, a_file(), WALL, &err), 0);
	text_copy(r.result, sizeof(r.result), "refused");
	for (int i = 0; i < 4 * LOGBOOK_ALIKE; i++) {
		snprintf(r.who, sizeof(r.who), "token:%d", i);
		logbook_alike(l, &r, NOW + i, WALL);
		logbook_alike(l, &r, NOW + i, WALL);
	}
	logbook_step(l, NOW + 2 * LOGBOOK_ALIKE_NS, WALL);
	assert_int_equal(logbook_count(l), 2 * 4 * LOGBOOK_ALIKE);
	logbook_free(l);
}

static void
test_without_a_file_nothing_is_recorded(void **state)
{
	struct logbook *l = logbook_new();
	struct audit_record r = a_record("T_furn");
	struct err err;
	int ends[2];

	assert_true(logbook_put(l, &r, WALL, &err) < 0);
	assert_int_equal(err.sys, 503);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(
		logbook_take(l, ends[0], WALL, &err), 0); /* nothing can be written to it */
	assert_true(logbook_put(l, &r, WALL, &err) < 0);
	assert_int_equal(logbook_count(l), 0);
	close(ends[1]);
	logbook_free(l);
}

/* What is no text is put on record as one. */
static void
test_bytes_that_are_no_text(void **state)
{
	struct logbook *l = logbook_new();
	int fd = a_file();
	char bytes[4096];
	struct err err;
	size_t n;

	assert_int_equal(logbook_take(l, fd, WALL, &err), 0);
	put(l, "a\xff\xc3");
	n = bytes_of(fd, bytes, sizeof(bytes));
	assert_non_null(strstr(bytes, "\"subject\":\"a??\""));
	assert_true(text_utf8(bytes, n) == n);
	logbook_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_byte_that_is_changed_is_found),
		cmocka_unit_test(test_a_line_that_is_taken_out_is_found),
		cmocka_unit_test(test_it_goes_on),
		cmocka_unit_test(test_a_torn_end_is_told),
		cmocka_unit_test(test_a_changed_end_is_told),
		cmocka_unit_test(test_a_flood_is_counted),
		cmocka_unit_test(test_a_flood_of_different_ones),
		cmocka_unit_test(test_without_a_file_nothing_is_recorded),
		cmocka_unit_test(test_bytes_that_are_no_text),
	};

	log_setup("test", LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
