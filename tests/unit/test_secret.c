/* test_secret.c - secrets: their files, and what is shown of texts that hold them */
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

#include "base/secret.h"
#include "io/secret_file.h"

static struct err err;
static struct secrets *known;

static void
know(const char *value)
{
	struct secret *s = &known->at[known->n++];

	s->n = strlen(value);
	memcpy(s->value, value, s->n + 1);
}

static int
make(void **state)
{
	known = secrets_new();
	return 0;
}

static int
undo(void **state)
{
	secrets_free(known);
	return 0;
}

static const char *
masked(const char *text)
{
	static char out[600];
	size_t n = secret_mask(
		known, (const uint8_t *)text, strlen(text), (uint8_t *)out, sizeof(out) - 1);

	assert_true(n < sizeof(out));
	out[n] = '\0';
	return out;
}

/* ---- masks ---- */

static void
test_every_spelling_is_masked(void **state)
{
	static const char *const texts[][2] = {
		{ "PASSWORD s3 cr&t\"x\r\n", "PASSWORD ***\r\n" },
		{ "GET /x?key=s3%20cr%26t%22x&Get=R HTTP/1.1", "GET /x?key=***&Get=R HTTP/1.1" },
		{ "key=s3+cr%26t%22x", "key=***" },
		{ "{\"you said\": \"s3 cr&t\\\"x\"}", "{\"you said\": \"***\"}" },
		{ "\"s3\\u0020cr\\u0026t\\u0022x\"", "\"***\"" },
		{ "<a>s3 cr&amp;t&quot;x</a>", "<a>***</a>" },
		{ "s3 cr&t\"xs3 cr&t\"x", "******" },
		{ "nothing of it", "nothing of it" },
		{ "s3 cr&", "***" },                                    /* cut at the end */
		{ "the device says 's3 cr'", "the device says '***'" }, /* cut by who quotes it */
		{ "s3 c of another", "s3 c of another" },
		{ "r&t\"x\r\nOK", "***\r\nOK" }, /* its beginning came before */
		{ "s3", "s3" },
		{ "<a>&#115;3&#32;cr&#38;t&#34;x</a>", "<a>***</a>" },
		{ "&#x73;&#X33;&#x20;&#x63;&#x72;&#x26;&#x74;&#x22;&#x78;", "***" },
		{ "&#00000115;3&#x0020;cr&#x00000026;t&#34;x", "***" },
		{ "&#1153 cr&t\"x", "&#1153 cr&t\"x" },     /* another number */
		{ "&#1153;3 cr&t\"x", "&#1153;3 cr&t\"x" }, /* character 1153 */
		{ "&#s3 cr&t\"x", "&#***" },
		{ "&#x;s3 cr&t\"x", "&#x;***" },
		{ "&#115;3 cr&#38", "***" },     /* the end of a number may be missing */
		{ "&#115;3 cr&t&#3", "***&#3" }, /* cut within a spelling */
		{ "s3%20cr%2", "***%2" },
		{ "s3\\u0020cr\\u00", "***\\u00" },
		{ "s3 cr&Get=R", "s3 cr&Get=R" },
		{ "&#", "&#" },
		{ "&", "&" },
	};

	know("s3 cr&t\"x");
	for (size_t i = 0; i < NELEM(texts); i++)
		assert_string_equal(masked(texts[i][0]), texts[i][1]);
}

/* "user:password" in all three places that the word can have in Base64, and cut. */
static void
test_base64_is_masked(void **state)
{
	static const char *const users[] = { "a", "ab", "abc", "" };

	know("Open-Sesame");
	for (size_t i = 0; i < NELEM(users); i++) {
		char pair[64], word[SECRET_BASE64(64)], line[200], wanted[200];

		snprintf(pair, sizeof(pair), "%s:Open-Sesame", users[i]);
		secret_base64(pair, strlen(pair), word);
		snprintf(line, sizeof(line), "Authorization: Basic %s\r\nAccept: a/b\r\n", word);
		assert_string_equal(masked(line), "Authorization: Basic ***\r\nAccept: a/b\r\n");
		snprintf(line, sizeof(line), "{\"seen\": \"%s\"}", word);
		assert_string_equal(masked(line), "{\"seen\": \"***\"}");
		for (size_t cut = strlen("Basic ") + 1; cut < strlen(word) + 6; cut++) {
			snprintf(line, sizeof(line), "Basic %s", word);
			line[cut] = '\0';
			assert_string_equal(masked(line), "Basic ***");
		}
		for (size_t cut = 1; cut < 4; cut++) { /* the beginning came before */
			snprintf(line, sizeof(line), "%s and more", word + cut);
			snprintf(wanted, sizeof(wanted), "*** and more");
			assert_string_equal(masked(line), wanted);
		}
	}
	assert_string_equal(masked("SGVsbG8gd29ybGQh"), "SGVsbG8gd29ybGQh");
}

static void
test_base64_is_that_of_rfc_4648(void **state)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };
	char out[SECRET_BASE64(6)];

	for (size_t i = 0; i < NELEM(pairs); i++) {
		assert_int_equal(
			secret_base64(pairs[i][0], strlen(pairs[i][0]), out), strlen(pairs[i][1]));
		assert_string_equal(out, pairs[i][1]);
	}
}

/* The mask is as long for a short secret as for a long one, in the room that there is. */
static void
test_a_mask_does_not_tell_the_length(void **state)
{
	char longest[SECRET_MAX + 1], text[SECRET_MAX + 20], room[8] = "";
	uint8_t out[4];

	memset(longest, 'x', SECRET_MAX);
	longest[SECRET_MAX] = '\0';
	know("abcd");
	know(longest);
	snprintf(text, sizeof(text), "PASSWORD %s;", longest);
	assert_string_equal(masked(text), "PASSWORD ***;");
	assert_string_equal(masked("PASSWORD abcd;"), "PASSWORD ***;");
	assert_int_equal(secret_mask(known, (const uint8_t *)"a abcd b", 8, out, sizeof(out)), 7);
	assert_memory_equal(out, "a **", 4);
	memcpy(room, "1 abcd", 7);
	secret_mask_text(known, room, sizeof(room));
	assert_string_equal(room, "1 ***");
}

/* Of two secrets of which one begins as the other the longer one is meant. */
static void
test_the_longest_secret_wins(void **state)
{
	know("abcd");
	know("abcdefgh");
	assert_string_equal(masked("x abcdefgh y"), "x *** y");
	assert_string_equal(masked("x abcd y"), "x *** y");
}

static void
test_without_secrets_it_is_a_copy(void **state)
{
	uint8_t out[3];

	assert_string_equal(masked("PASSWORD x"), "PASSWORD x");
	assert_int_equal(secret_mask(NULL, (const uint8_t *)"abcd", 4, out, sizeof(out)), 4);
	assert_memory_equal(out, "abc", 3);
}

static void
test_names(void **state)
{
	static const char *const good[] = { "a", "ups-1", "ipx_key", "A.b" };
	static const char *const wrong[] = { "", ".", "..", ".a", "a/b", "../a", "a b", "\xC3\xA9",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

	for (size_t i = 0; i < NELEM(good); i++)
		assert_true(secret_is_name(good[i]));
	for (size_t i = 0; i < NELEM(wrong); i++)
		assert_false(secret_is_name(wrong[i]));
}

/* ---- files ---- */

static char dir[40];

static int
make_dir(void **state)
{
	strcpy(dir, "/tmp/mbc-test-XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/word", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/link", dir);
	unlink(path);
	return rmdir(dir);
}

static void
put_word(const char *text, size_t n, mode_t mode)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/word", dir);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && write(fd, text, n) == (ssize_t)n && fchmod(fd, mode) == 0);
	close(fd);
}

/* What an error tells is never what the file holds. */
static void
refuses(const char *remedy)
{
	struct secret s;

	assert_int_equal(secret_read(dir, "word", &s, &err), ERR_CONF);
	assert_non_null(strstr(err.msg, remedy));
	assert_null(strstr(err.msg, "s3cret"));
}

static void
test_one_line_end_is_cut(void **state)
{
	struct secret s;

	put_word("s3cret word\n", 12, 0400);
	assert_int_equal(secret_read(dir, "word", &s, &err), 0);
	assert_string_equal(s.value, "s3cret word");
	put_word("s3cret \r\n", 9, 0600);
	assert_int_equal(secret_read(dir, "word", &s, &err), 0);
	assert_string_equal(s.value, "s3cret ");
	assert_int_equal(s.n, 7);
	put_word("s3cret\n\n", 8, 0600);
	refuses("one line");
}

static void
test_what_is_no_secret_is_refused(void **state)
{
	static const mode_t open_modes[] = { 0644, 0640, 0604, 0620, 0610, 0700, 04600 };
	char longest[SECRET_MAX + 1];

	memset(longest, 'x', sizeof(longest));
	refuses("No such file");
	put_word("", 0, 0600);
	refuses("4 to 1000 characters");
	put_word("\n", 1, 0600);
	refuses("4 to 1000 characters");
	put_word("s3c\n", 4, 0600);
	refuses("4 to 1000 characters");
	put_word(longest, sizeof(longest), 0600);
	refuses("4 to 1000 characters");
	put_word("s3cret\tx", 8, 0600);
	refuses("printed ASCII");
	put_word("s3cret\0x", 8, 0600);
	refuses("printed ASCII");
	put_word("s3cr\xC3\xA9t", 7, 0600);
	refuses("printed ASCII");
	for (size_t i = 0; i < NELEM(open_modes); i++) {
		put_word("s3cret", 6, open_modes[i]);
		refuses("chmod 600");
	}
}

static void
test_links_and_open_folders_are_refused(void **state)
{
	char path[80];
	struct secret s;

	put_word("s3cret", 6, 0600);
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("word", path), 0);
	assert_int_equal(secret_read(dir, "link", &s, &err), ERR_CONF);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(dir, path), 0);
	assert_int_equal(secret_read(path, "word", &s, &err), ERR_CONF);
	assert_int_equal(secret_read(dir, "../word", &s, &err), ERR_CONF);
	assert_int_equal(chmod(dir, 0770), 0);
	refuses("chmod 700");
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(secret_read(dir, "word", &s, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_spelling_is_masked, make, undo),
		cmocka_unit_test_setup_teardown(test_base64_is_masked, make, undo),
		cmocka_unit_test_setup_teardown(test_a_mask_does_not_tell_the_length, make, undo),
		cmocka_unit_test_setup_teardown(test_the_longest_secret_wins, make, undo),
		cmocka_unit_test_setup_teardown(test_without_secrets_it_is_a_copy, make, undo),
		cmocka_unit_test(test_base64_is_that_of_rfc_4648),
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_one_line_end_is_cut, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			test_what_is_no_secret_is_refused, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			test_links_and_open_folders_are_refused, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
