/* test_file_body.c - a bench file in a body, and what is asked of it in a packet */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "msg/audit_chain.h"
#include "msg/errand.h"
#include "serve/file_body.h"

static struct file_body body;
static char *bytes;
static struct err err;

static int
read_body(const char *text)
{
	size_t n = strlen(text);

	free(bytes);
	bytes = mem_grow(NULL, n > 0 ? n : 1, 1);
	memcpy(bytes, text, n);
	return file_body_read(&body, bytes, n, &err);
}

static void
assert_text(const char *text)
{
	assert_int_equal(body.n, strlen(text));
	assert_memory_equal(body.text, text, body.n);
}

static void
test_texts(void **state)
{
	assert_int_equal(read_body("{\"text\": \"a\\n\\\"b\\\\\\t\\/\", \"reason\": \"why\"}"), 0);
	assert_text("a\n\"b\\\t/");
	assert_string_equal(body.reason, "why");
	assert_string_equal(body.sha256, "");
	assert_int_equal(read_body(" { \"text\" : \"\\u00e9\\u20AC\\ud83e\\uddc0\\u0041\" } "), 0);
	assert_text("\xC3\xA9\xE2\x82\xAC\xF0\x9F\xA7\x80"
		    "A");
	assert_int_equal(read_body("{\"text\": \"\\u0000\"}"), 0); /* for the compiler to refuse */
	assert_int_equal(body.n, 1);
	assert_int_equal(read_body("{\"text\": \"\xFF\"}"), 0);
	assert_int_equal(body.n, 1);
	assert_int_equal(read_body("{}"), 0);
	assert_null(body.text);
	assert_int_equal(read_body(""), 0);
	free(bytes);
	bytes = NULL;
}

static void
test_refused(void **state)
{
	static const char *const bad[] = { "[]", "{", "{\"text\"", "{\"text\":", "{\"text\": 3}",
		"{\"text\": \"a", "{\"text\": \"a\"", "{\"text\": \"a\"} x", "{\"text\": \"a\",}",
		"{\"text\": \"a\", \"text\": \"b\"}", "{\"other\": \"\"}", "{\"text\": \"\n\"}",
		"{\"text\": \"\\x\"}", "{\"text\": \"\\", "{\"text\": \"\\u12\"}",
		"{\"text\": \"\\ud800\"}", "{\"text\": \"\\udc00\"}",
		"{\"text\": \"\\ud83e\\u0041\"}", "{\"reason\": \"\xFF\"}",
		"{\"reason\": \"\\u0000\"}", "null", "\"text\"" };

	for (size_t i = 0; i < NELEM(bad); i++) {
		assert_int_equal(read_body(bad[i]), ERR_CONF);
		assert_non_null(strstr(err.msg, "body, byte "));
	}
	free(bytes);
	bytes = NULL;
}

static void
test_too_long(void **state)
{
	static const char head[] = "{\"text\": \"";
	size_t n = FILE_BODY_TEXT_MAX + 1;
	char *text = mem_grow(NULL, n + 64, 1);

	memcpy(text, head, strlen(head));
	memset(text + strlen(head), 'x', n);
	strcpy(text + strlen(head) + n, "\"}");
	assert_int_equal(file_body_read(&body, text, strlen(text), &err), ERR_CONF);
	assert_int_equal(err.sys, 413);
	strcpy(text + strlen(head) + n - 1, "\"}");
	assert_int_equal(file_body_read(&body, text, strlen(text), &err), 0);
	assert_int_equal(body.n, n - 1);
	free(text);
}

static void
test_packets(void **state)
{
	static struct errand_ask a = { .id = "id-1",
		.principal = "user:anna",
		.kind = ERRAND_UNDO,
		.may = ERRAND_MAY_PROTECT,
		.number = 12,
		.other = 3,
		.limit = 9,
		.name = "parts/a.yaml",
		.act = "set",
		.since = "2026-11-27T16:50:00Z",
		.sha256 = "ab",
		.reason = "it leaks" };
	static struct errand_ask is;
	struct buf out = { 0 };
	struct wire_in in;

	memset(a.name, 'x', sizeof(a.name) - 1);
	memset(a.reason, 'y', sizeof(a.reason) - 1);
	wire_begin(&out, WIRE_ERRAND);
	errand_write(&out, &a);
	assert_true(out.n < WIRE_MAX);
	assert_int_equal(wire_open(&in, (uint8_t *)out.data, out.n, &err), WIRE_ERRAND);
	assert_int_equal(errand_read(&is, &in, &err), 0);
	assert_string_equal(is.name, a.name);
	assert_string_equal(is.reason, a.reason);
	assert_int_equal(is.number, 12);
	assert_int_equal(is.other, 3);
	assert_int_equal(is.limit, 9);
	a.kind = ERRAND_KINDS;
	wire_begin(&out, WIRE_ERRAND);
	errand_write(&out, &a);
	assert_int_equal(wire_open(&in, (uint8_t *)out.data, out.n, &err), WIRE_ERRAND);
	assert_int_equal(errand_read(&is, &in, &err), ERR_PROTO);
	buf_done(&out);
	for (unsigned status = 400; status < 556; status++)
		assert_int_equal(errand_status(errand_exit(status)), status);
	assert_int_equal(errand_status(0), 0);
	assert_int_equal(errand_status(2), 0);
}

static void
count(void *ctx, const char *what)
{
	++*(unsigned *)ctx;
}

static void
test_chain(void **state)
{
	struct audit_record r = { .who = "anna", .from = "cli", .act = "set", .result = "asked" };
	unsigned faults = 0;
	struct audit_chain chain = { .fault = count, .ctx = &faults };
	char hash[AUDIT_HASH];
	struct buf lines[3] = { { 0 }, { 0 }, { 0 } };

	memcpy(hash, audit_begin, sizeof(hash));
	for (size_t i = 0; i < 3; i++) {
		r.n = i + 1;
		audit_write(&lines[i], &r, hash);
	}
	audit_chain_begin(&chain);
	for (size_t i = 0; i < 3; i++)
		audit_chain_line(&chain, (unsigned)i + 1, lines[i].data, lines[i].n - 1);
	audit_chain_end(&chain);
	assert_int_equal(faults + chain.faults, 0);
	assert_string_equal(chain.hash, hash);
	audit_chain_begin(&chain); /* one is missing */
	audit_chain_line(&chain, 1, lines[0].data, lines[0].n - 1);
	audit_chain_line(&chain, 2, lines[2].data, lines[2].n - 1);
	audit_chain_line(&chain, 3, "nonsense", 8);
	audit_chain_end(&chain);
	assert_int_equal(chain.faults, 2);
	assert_int_equal(faults, 2);
	for (size_t i = 0; i < 3; i++)
		buf_done(&lines[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
