/* test_version.c - versions of a bench file as bytes, and differences of texts */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/diff.h"
#include "base/mem.h"
#include "msg/version.h"

static void
test_paths(void **state)
{
	static const struct {
		const char *folder, *path, *is;
	} cases[] = {
		{ "/a/b", "c", "/a/b/c" },
		{ "/a/b", "./c//d", "/a/b/c/d" },
		{ "/a/b", "../c", "/a/c" },
		{ "/a/b", "../../../../c", "/c" },
		{ "/a", "/x/./y/../z", "/x/z" },
		{ "/", "..", "/" },
	};
	char out[VERSION_PATH_MAX], longest[VERSION_PATH_MAX + 2];

	for (size_t i = 0; i < NELEM(cases); i++) {
		assert_true(version_absolute(out, cases[i].folder, cases[i].path));
		assert_string_equal(out, cases[i].is);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(version_absolute(out, "/x", longest));
	assert_false(version_absolute(out, "", "x"));
}

static void
test_below(void **state)
{
	static const char *const good[] = { "a", "a/b.yaml", "..a/b..", ".a", "a/...", "\xC3\xA9" };
	static const char *const bad[] = { "", "/", "/a", "..", "../a", "a/..", "a/../b", ".",
		"./a", "a/./b", "a//b", "a/", "a\nb", "a\\..\\b", "a\x7F" };

	for (size_t i = 0; i < NELEM(good); i++)
		assert_true(version_is_below(good[i]));
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(version_is_below(bad[i]));
}

static void
test_collected(void **state)
{
	char kept[] = "3 inner/bench.yaml\nabc"
		      "2 inner/../common.yaml\nde"
		      "0 /home/lab/inner/s.seq\n"
		      "2 inner/../common.yaml\nxx"
		      "1 /etc/x\n\n";
	struct version *v = mem_zero(1, sizeof(*v));
	struct buf paths = { 0 };

	assert_int_equal(version_collect(v, "/home/lab", kept, sizeof(kept) - 1, &paths, NULL), 0);
	assert_int_equal(v->n, 4);
	assert_string_equal(v->files[0].path, "bench.yaml");
	assert_string_equal(v->files[1].path, "../common.yaml");
	assert_memory_equal(v->files[1].bytes, "de", 2); /* as it was the first time */
	assert_string_equal(v->files[2].path, "s.seq");
	assert_string_equal(v->files[3].path, "/etc/x");
	assert_null(version_find(v, "common.yaml"));
	buf_done(&paths);
	free(v);
}

static void
test_collected_is_not_believed(void **state)
{
	static const char *const cases[] = { "", "x", "3 a\nab", "-1 a\n", "1a\nb", "1 \nb",
		" 1 a\nb", "99999999999 a\n", "1 a\nb2 b\n" };
	struct version *v = mem_zero(1, sizeof(*v));

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct buf paths = { 0 };
		char *bytes = mem_text(cases[i]);

		assert_true(version_collect(v, "/home", bytes, strlen(cases[i]), &paths, NULL) < 0);
		buf_done(&paths);
		free(bytes);
	}
	free(v);
}

static void
test_each_byte_of_a_version(void **state)
{
	struct version *v = mem_zero(1, sizeof(*v)), *out = mem_zero(1, sizeof(*out));
	struct buf bytes = { 0 };
	size_t body;
	char *copy;

	v->time = "2026-11-27T20:10:00.000Z";
	v->bench = "demo";
	v->path = "/home/lab/bench.yaml";
	v->who = "alice";
	v->n = 2;
	v->files[0] = (struct version_file){ "bench.yaml", "bench: demo\n", 12 };
	v->files[1] = (struct version_file){ "a b/c", "", 0 };
	version_write(&bytes, v);
	body = (size_t)(strstr(buf_text(&bytes), "\nhash ") - bytes.data);
	copy = mem_zero(bytes.n + 1, 1);
	memcpy(copy, bytes.data, bytes.n);
	assert_int_equal(version_read(out, copy, bytes.n, NULL), 0);
	assert_string_equal(out->who, "alice");
	assert_int_equal(out->n, 2);
	assert_string_equal(out->files[1].path, "a b/c");
	assert_memory_equal(out->files[0].bytes, "bench: demo\n", 12);
	for (size_t at = body; at < bytes.n; at++) {
		memcpy(copy, bytes.data, bytes.n);
		copy[at] ^= 1;
		assert_true(version_read(out, copy, bytes.n, NULL) < 0);
	}
	for (size_t n = 0; n < bytes.n; n++) {
		memcpy(copy, bytes.data, bytes.n);
		assert_true(version_read(out, copy, n, NULL) < 0);
	}
	free(copy);
	buf_done(&bytes);
	free(v);
	free(out);
}

static void
check_diff(const char *was, const char *is, const char *told)
{
	struct buf out = { 0 };

	assert_int_equal(diff_unified(&out, "A", was, strlen(was), "B", is, strlen(is)),
		strcmp(was, is) != 0);
	assert_string_equal(buf_text(&out), told);
	buf_done(&out);
}

static void
test_diff(void **state)
{
	check_diff("", "", "");
	check_diff("a\nb\n", "a\nb\n", "");
	check_diff("a\n", "b\n", "--- A\n+++ B\n@@ -1,1 +1,1 @@\n-a\n+b\n");
	check_diff("", "b\n", "--- A\n+++ B\n@@ -0,0 +1,1 @@\n+b\n");
	check_diff("b\n", "", "--- A\n+++ B\n@@ -1,1 +0,0 @@\n-b\n");
	check_diff("a\nb", "a\nb\n",
		"--- A\n+++ B\n@@ -1,2 +1,2 @@\n a\n-b\n\\ no end of line here\n+b\n");
	check_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n9\n",
		"--- A\n+++ B\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n");
	/* Two changes far from each other are two hunks, near ones are one. */
	check_diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
		"--- A\n+++ B\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n "
		"7\n-b\n+B\n");
	check_diff("a\n1\nb\n", "A\n1\nB\n", "--- A\n+++ B\n@@ -1,3 +1,3 @@\n-a\n+A\n 1\n-b\n+B\n");
	/* What a terminal would obey is not shown. */
	check_diff("\x1B[2J\n", "\n", "--- A\n+++ B\n@@ -1,1 +1,1 @@\n-?[2J\n+\n");
}

/* Whatever the texts are: the lines that stay and go make the one, those that stay and come the other. */
static void
test_diff_of_many(void **state)
{
	uint32_t seed = 7;

	for (unsigned run = 0; run < 500; run++) {
		struct buf text[2] = { { 0 }, { 0 } }, out = { 0 };
		size_t lines[2] = { 0, 0 };

		for (unsigned side = 0; side < 2; side++)
			for (unsigned i = 0; i < run % 40; i++) {
				seed = seed * 1664525u + 1013904223u;
				buf_printf(&text[side], "%u\n", seed >> 30);
			}
		diff_unified(&out, "A", buf_text(&text[0]), text[0].n, "B", buf_text(&text[1]),
			text[1].n);
		for (const char *at = buf_text(&out); *at != '\0'; at = strchr(at, '\n') + 1) {
			lines[0] += *at == '-';
			lines[1] += *at == '+';
		}
		assert_int_equal(lines[0], lines[1]); /* both have as many lines */
		buf_done(&text[0]);
		buf_done(&text[1]);
		buf_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_collected),
		cmocka_unit_test(test_collected_is_not_believed),
		cmocka_unit_test(test_each_byte_of_a_version),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_diff_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
