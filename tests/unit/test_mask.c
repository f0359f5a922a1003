/* test_mask.c - texts without what stands behind the name of a password, key or token */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mask.h"

static void
check(const char *text, const char *is)
{
	char copy[600];

	snprintf(copy, sizeof(copy), "%s", text);
	mask_text(copy);
	assert_string_equal(copy, is);
	mask_text(copy); /* nothing more is found then */
	assert_string_equal(copy, is);
}

#define S "S3cr3t.Wort"

static void
test_second_factor(void **state)
{
	check("anna role=user hash=x totp=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ disabled",
		"anna role=user hash=x totp=*** disabled");
	check("otpauth://totp/lab:anna?secret=GEZDGNBVGY3TQOJQ&issuer=lab",
		"otpauth://totp/lab:anna?secret=***&issuer=lab");
}

static void
test_forms(void **state)
{
	static const char *const all[] = { "api_secret", "apikey", "api_key", "key", "ApiKey", "pw",
		"mx-api-token", "password", "Authorization", "KEY", "token", "access_token",
		"passwd", "totp", "db_password", "mqtt_password", "MQTT_PASSWORD", "X-Api-Key",
		"accessToken", "userToken", "db-token", "dbpassword", "client_secret", "secretKey",
		"AWS_SECRET_ACCESS_KEY", "private-key", "smtpPassword", "influx_token", "db_pass",
		"Proxy-Authorization", "my_totp", "wifi_pwd" };
	static const char *const forms[][2] = {
		{ "GET /set?%s=" S "&Get=R HTTP/1.1", "GET /set?%s=***&Get=R HTTP/1.1" },
		{ "GET /set?a=1&%s=" S " HTTP/1.1", "GET /set?a=1&%s=*** HTTP/1.1" },
		{ "%s=" S, "%s=***" },
		{ "%s: " S "\r\nHost: x", "%s: ***\r\nHost: x" },
		{ "Host: x\r\n%s:" S "\r\n\r\n", "Host: x\r\n%s:***\r\n\r\n" },
		{ "{\"%s\":\"" S "\",\"a\":1}", "{\"%s\":\"***\",\"a\":1}" },
		{ "{ \"%s\" : \"a\\\"" S "\" }", "{ \"%s\" : \"***\" }" },
		{ "{\"%s\": 123456}", "{\"%s\": ***}" },
		{ "{'%s': '" S "'}", "{'%s': '***'}" },
		{ "<%s>" S "</x>", "<%s>***</x>" },
		{ "<a %s=\"" S "\" b='1'/>", "<a %s=\"***\" b='1'/>" },
		{ "{\\\"%s\\\": \\\"" S "\\\"}", "{\\\"%s\\\": \\\"***\\\"}" },
		{ "url?%s%%3D" S "%%26b", "url?%s%%3D***%%26b" },
	};
	char text[300], is[300];

	for (size_t i = 0; i < NELEM(all); i++)
		for (size_t k = 0; k < NELEM(forms); k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof(text), forms[k][0], all[i]);
			snprintf(is, sizeof(is), forms[k][1], all[i]);
#pragma GCC diagnostic pop
			check(text, is);
		}
}

static void
test_heads(void **state)
{
	check("GET / HTTP/1.1\r\nAuthorization: Basic dXNlcjpwYXNz\r\nHost: a\r\n",
		"GET / HTTP/1.1\r\nAuthorization: Basic ***\r\nHost: a\r\n");
	check("link 'web': sent authorization: Bearer abc.def",
		"link 'web': sent authorization: Bearer ***");
	check("Set-Cookie: session=0123; Path=/\r\nX: y", "Set-Cookie: ***\r\nX: y");
	check("it answered Bearer 0123456789abc to us", "it answered Bearer *** to us");
	check("http://user:pa@ss@host/a?key=1", "http://user:***@host/a?key=*");
	check("http://u:pw@h and https://v:w@i", "http://u:**@h and https://v:*@i");
	check("x-api-key: " S ", next", "x-api-key: ***, next");
}

/* What is no secret stays: our own words, names of channels, references. */
static void
test_what_stays(void **state)
{
	static const char *const all[] = { "", "key", "key=", "password: {secret: web}",
		"unknown key: speed", "monkey=7", "keys=7", "key_query: a", "turnkey: 3",
		"http://host:80/a", "a://b:c", "basic voltage", "a key == b", "token add lims",
		"the key 'x' is unknown", "channel T_furn = 20", "spw=1", "{\"keys\": \"a\"}",
		"https://[::1]:80/x@y", "token_count=7", "{\"token_count\": 7}", "keyboard=us",
		"password_min=8", "{\"passwordMin\": 8}", "max_tokens=100", "low_pass=10",
		"{\"band-pass\": 3}", "bypass=on", "primary_key=3", "hotkey=a", "tokenizer=b",
		"secretary=anna", "cookies=2", "keyword: x", "compass: 12", "token_=1", "stoken=1",
		"<keyboard>us</keyboard>", "passwords: 3" };

	for (size_t i = 0; i < NELEM(all); i++)
		check(all[i], all[i]);
}

/* Cut anywhere, nothing of the secret shows once its name has begun before it. */
static void
test_cuts(void **state)
{
	static const char all[] =
		"POST /x HTTP/1.1\r\nmx-api-token: " S "\r\n\r\n{\"password\": \"" S "\"}";

	for (size_t n = 0; n <= strlen(all); n++) {
		char copy[200];
		size_t made;

		memcpy(copy, all, n);
		made = mask_named(copy, n);
		assert_true(made <= n);
		assert_null(memmem(copy, made, "S3", 2));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_second_factor),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_what_stays),
		cmocka_unit_test(test_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
