/* test_totp.c - codes of a second factor: the vectors of RFC 2202, 4226, 4648 and 6238, and which codes are taken */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/sha1.h"
#include "msg/totp.h"

#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static const uint8_t secret[TOTP_BYTES + 1] = "12345678901234567890";

static void
check_hmac(const void *key, size_t n_key, const void *data, size_t n, const char *expected)
{
	uint8_t out[SHA1_BYTES];
	char hex[2 * SHA1_BYTES + 1];

	sha1_hmac(out, key, n_key, data, n);
	for (size_t i = 0; i < SHA1_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", out[i]);
	assert_string_equal(hex, expected);
}

/* RFC 2202, section 3. */
static void
test_hmac(void **state)
{
	static const char larger[] =
		"Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data";
	uint8_t key[80], data[50];

	memset(key, 0x0b, 20);
	check_hmac(key, 20, "Hi There", 8, "b617318655057264e28bc0b6fb378c8ef146be00");
	check_hmac("Jefe", 4, "what do ya want for nothing?", 28,
		"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	check_hmac(key, 20, data, 50, "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
	check_hmac(key, 80, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
		"aa4ae5e15272d00e95705637ce8a3b55ed402112");
	check_hmac(key, 80, larger, strlen(larger), "e8e99d0f45237d786d6bbaa7965c7808bbff1a91");
}

/* RFC 4226, appendix D. */
static void
test_codes_of_counters(void **state)
{
	static const char *const expected[] = { "755224", "287082", "359152", "969429", "338314",
		"254676", "287922", "162583", "399871", "520489" };
	char code[TOTP_CODE];

	for (size_t i = 0; i < NELEM(expected); i++) {
		totp_code(code, secret, (int64_t)i);
		assert_string_equal(code, expected[i]);
	}
}

/* RFC 6238, appendix B: the last six of its eight digits. */
static void
test_codes_of_times(void **state)
{
	static const struct {
		int64_t time_s;
		const char *code;
	} expected[] = { { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" },
		{ 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" } };
	char code[TOTP_CODE];

	for (size_t i = 0; i < NELEM(expected); i++) {
		totp_code(code, secret, expected[i].time_s / 30);
		assert_string_equal(code, expected[i].code);
	}
	for (size_t i = 0; i < 5; i++) { /* what fits into nanoseconds */
		struct totp_used used = { 0 };

		assert_true(
			totp_take(&used, SECRET, expected[i].code, expected[i].time_s * NS_PER_S));
	}
}

static void
test_secrets_as_text(void **state)
{
	static const char *const bad[] = { "", "GEZDGNBV", "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
		SECRET "A",
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ=", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1" };
	uint8_t bytes[TOTP_BYTES], again[TOTP_BYTES];
	char text[TOTP_TEXT];

	totp_text(text, secret);
	assert_string_equal(text, SECRET);
	assert_true(totp_read(bytes, text));
	assert_memory_equal(bytes, secret, TOTP_BYTES);
	for (int i = 0; i < 256; i++) {
		for (int k = 0; k < TOTP_BYTES; k++)
			bytes[k] = (uint8_t)(i * 37 + k * 101 + i * k);
		totp_text(text, bytes);
		assert_int_equal(strlen(text), TOTP_TEXT - 1);
		assert_true(totp_read(again, text));
		assert_memory_equal(bytes, again, TOTP_BYTES);
	}
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(totp_read(bytes, bad[i]));
}

static const char *
code_of(int64_t step)
{
	static char code[TOTP_CODE];

	totp_code(code, secret, step);
	return code;
}

static void
test_a_step_before_and_after(void **state)
{
	const int64_t step = 37037036;

	for (int off = -4; off <= 4; off++)
		for (int part = 0; part < 2; part++) {
			struct totp_used used = { 0 };
			int64_t wall = step * TOTP_STEP_NS + (part == 0 ? 0 : TOTP_STEP_NS - 1);

			assert_int_equal(totp_take(&used, SECRET, code_of(step + off), wall),
				off >= -1 && off <= 1);
		}
}

static void
test_a_code_is_good_once(void **state)
{
	const int64_t step = 1000000, wall = step * TOTP_STEP_NS;
	struct totp_used used = { 0 };

	assert_true(totp_take(&used, SECRET, code_of(step), wall));
	assert_false(totp_take(&used, SECRET, code_of(step), wall));
	assert_false(totp_take(&used, SECRET, code_of(step), wall + TOTP_STEP_NS));
	assert_true(totp_take(&used, SECRET, code_of(step + 1), wall));
	assert_true(totp_take(&used, SECRET, code_of(step - 1), wall));
	for (int off = -1; off <= 1; off++)
		assert_false(totp_take(&used, SECRET, code_of(step + off), wall));
	/* The clock was a year ahead and is set right: nobody is shut out by what was used then, and it is good once as well. */
	assert_true(totp_take(&used, SECRET, code_of(step - 1000), wall - 1000 * TOTP_STEP_NS));
	assert_false(totp_take(&used, SECRET, code_of(step - 1000), wall - 1000 * TOTP_STEP_NS));
	assert_false(totp_take(&used, SECRET, code_of(step), wall));
	/* It holds for as long as steps follow one another, however many there were. */
	for (int64_t i = step + 10; i < step + 1000; i++) {
		assert_true(totp_take(&used, SECRET, code_of(i), i * TOTP_STEP_NS));
		assert_false(totp_take(&used, SECRET, code_of(i), i * TOTP_STEP_NS));
		if (i > step + 10)
			assert_false(totp_take(&used, SECRET, code_of(i - 1), i * TOTP_STEP_NS));
	}
}

static void
test_what_is_no_code(void **state)
{
	static const char *const bad[] = { "", "0", "28708", "2870820", " 287082", "287082 ",
		"94287082", "abcdef", "287083" };
	struct totp_used used = { 0 };

	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(totp_take(&used, SECRET, bad[i], 59 * NS_PER_S));
	assert_false(totp_take(&used, "", "287082", 59 * NS_PER_S)); /* no secret opens nothing */
	assert_false(totp_take(&used, SECRET, "755224", -1));
	assert_int_equal(used.n, 0);
	assert_true(totp_take(&used, SECRET, "755224", 0)); /* before 1970 there is no step */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_codes_of_counters),
		cmocka_unit_test(test_codes_of_times),
		cmocka_unit_test(test_secrets_as_text),
		cmocka_unit_test(test_a_step_before_and_after),
		cmocka_unit_test(test_a_code_is_good_once),
		cmocka_unit_test(test_what_is_no_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
