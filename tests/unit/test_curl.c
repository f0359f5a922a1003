/* test_curl.c - the words of mbc-curl, its secrets, and places on pages */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "curl/options.h"
#include "curl/place.h"
#include "io/secret_file.h"

static struct err err;
static char words[16][200];

/* The words of a line, without their quotes: '|' between them. */
static int
read_words(const char *line, struct options *out)
{
	char self[] = "mbc-curl", *argv[17] = { self };
	int n = 1;

	while (*line != '\0') {
		size_t size = strcspn(line, "|");

		assert_true(n < 16 && size < sizeof(words[0]));
		memcpy(words[n], line, size);
		words[n][size] = '\0';
		argv[n] = words[n];
		n++;
		line += size + (line[size] == '|');
	}
	return options_read(argv, n, out, &err);
}

static void
test_words(void **state)
{
	struct options o;

	assert_int_equal(read_words("--every|10s|--timeout|500ms|--cacert|ca.pem|--header|A: b|"
				    "T=https://h/p?a=1#json:a.0|"
				    "u=https://h/p?a=1#json:b|v=http://h/q#json:x#json:y",
				 &o),
		0);
	assert_true(o.every_ns == 10 * NS_PER_S && o.timeout_ns == 500 * NS_PER_MS);
	assert_int_equal(o.n_sources, 3);
	assert_string_equal(o.sources[0].name, "T");
	assert_string_equal(o.sources[0].url, "https://h/p?a=1");
	assert_string_equal(o.sources[0].path, "a.0");
	assert_ptr_equal(o.sources[0].url, o.sources[1].url); /* one page */
	assert_string_equal(o.sources[2].url, "http://h/q#json:x");
	assert_string_equal(o.headers[0], "A: b");
	assert_string_equal(o.cacert, "ca.pem");
	options_done(&o);
	assert_int_equal(read_words("T=https://h/p#json:a", &o), 0);
	assert_true(o.every_ns == NS_PER_S && o.timeout_ns == 5 * NS_PER_S);
	options_done(&o);
}

static void
test_wrong_words(void **state)
{
	static const char *const wrong[] = { "", "T", "T=", "T=https://h/p",
		"T=https://h/p#json:", "=https://h/p#json:a", "T=ftp://h/p#json:a",
		"T=file:///etc/passwd#json:a", "T=https:///p#json:a", "T=https://h/a b#json:a",
		"a b=https://h/p#json:a", "T=https://user:word@h/p#json:a",
		"T=https://h/#json:a|T=https://h/#json:b", "--every|10|T=https://h/#json:a",
		"--every|0s|T=https://h/#json:a", "--every|-1s|T=https://h/#json:a",
		"--timeout|61s|T=https://h/#json:a", "--every|999999999999s|T=https://h/#json:a",
		"--every", "--insecure|yes|T=https://h/#json:a", "--header|no|T=https://h/#json:a",
		"--header|A: b\nC: d|T=https://h/#json:a",
		"--header-secret|A: B|T=https://h/#json:a" };
	struct options o;

	for (size_t i = 0; i < NELEM(wrong); i++) {
		assert_int_equal(read_words(wrong[i], &o), ERR_CONF);
		assert_true(err.msg[0] != '\0');
	}
}

/* ---- secrets ---- */

static char dir[] = "/tmp/mbc-test-XXXXXX";

static void
put_file(const char *name, const char *text, size_t n, mode_t mode)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && write(fd, text, n) == (ssize_t)n && fchmod(fd, mode) == 0);
	close(fd);
}

static int
make_dir(void **state)
{
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "good", "open", "group", "empty", "lines", "long",
		"link" };
	char path[100];

	for (size_t i = 0; i < NELEM(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static void
test_secrets(void **state)
{
	static const char *const wrong[] = { "open", "group", "empty", "lines", "long", "link",
		"nothing", "", ".", "..", "../x", "a/b" };
	char path[100], line[300], longest[SECRET_MAX + 2];
	struct secret secret;
	struct options o;

	memset(longest, 'x', sizeof(longest));
	put_file("good", "s3cret word\n", 12, 0600);
	put_file("open", "s3cret\n", 7, 0644);
	put_file("group", "s3cret\n", 7, 0640);
	put_file("empty", "\n", 1, 0600);
	put_file("lines", "s3cret\nB: c\n", 12, 0600);
	put_file("long", longest, sizeof(longest), 0600);
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("good", path), 0);
	assert_int_equal(secret_read(dir, "good", &secret, &err), 0);
	assert_string_equal(secret.value, "s3cret word");
	for (size_t i = 0; i < NELEM(wrong); i++) {
		assert_int_equal(secret_read(dir, wrong[i], &secret, &err), ERR_CONF);
		assert_null(strstr(err.msg, "s3cret"));
	}
	snprintf(line, sizeof(line),
		"--secrets|%s|--header-secret|Authorization: Bearer good|T=https://h/#json:a", dir);
	assert_int_equal(read_words(line, &o), 0);
	assert_string_equal(o.headers[0], "Authorization: Bearer s3cret word");
	options_done(&o);
	snprintf(
		line, sizeof(line), "--secrets|%s|--header-secret|A: good|T=http://h/#json:a", dir);
	assert_int_equal(read_words(line, &o), ERR_CONF); /* in the clear */
	assert_null(strstr(err.msg, "s3cret"));
}

/* ---- places ---- */

static void
test_places(void **state)
{
	static const char text[] =
		"{\"a\": {\"b\": [1, 2.5, \"x y\"]}, \"a.b\": true, \"\": -7, \"n\": null,"
		" \"c\": \"a\\nok 5\", \"u\": \"\\u00e9\", \"\\\\\": 1e-5, \"big\": "
		"9223372036854775807, \"tenth\": 0.1}";
	static const struct {
		const char *path, *value;
	} good[] = { { "a.b.0", "1" }, { "a.b.1", "2.5" }, { "a.b.2", "x y" }, { "a\\.b", "true" },
		{ "", "-7" }, { "u", "\xC3\xA9" }, { "\\\\", "1e-05" },
		{ "big", "9223372036854775807" }, { "tenth", "0.1" } };
	static const char *const none[] = { "a", "a.b", "a.b.3", "a.b.-1", "a.b.x", "n", "x", "c",
		"a.b.0.c", "a.", "." };
	json_t *page = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct buf out = { 0 };

	assert_non_null(page);
	for (size_t i = 0; i < NELEM(good); i++) {
		buf_clear(&out);
		assert_int_equal(place_text(page, good[i].path, &out, &err), 0);
		if (strcmp(good[i].path, "\\\\") == 0)
			assert_true(strtod(buf_text(&out), NULL) == 1e-5);
		else
			assert_string_equal(buf_text(&out), good[i].value);
	}
	buf_clear(&out);
	for (size_t i = 0; i < NELEM(none); i++) {
		assert_int_equal(place_text(page, none[i], &out, &err), ERR_PROTO);
		assert_int_equal(out.n, 0);
	}
	buf_done(&out);
	json_decref(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_wrong_words),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
