/* test_serve_requests.c - what a request asks for: addresses, parameters, headers, and the words of refusals */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "serve/asks.h"
#include "serve/grafana.h"
#include "serve/pages.h"
#include "serve/problem.h"
#include "serve/query.h"
#include "serve/target.h"

static struct target target;

static void
test_paths(void **state)
{
	static const struct {
		const char *uri;
		enum route route;
		const char *name;
		bool is_xml;
	} cases[] = {
		{ "/api/v1/bench", ROUTE_BENCH, "", false },
		{ "/api/v1/bench.xml", ROUTE_BENCH, "", true },
		{ "/api/v1/channels", ROUTE_CHANNELS, "", false },
		{ "/api/v1/channels/furnace.pv", ROUTE_CHANNEL, "furnace.pv", false },
		{ "/api/v1/channels/furnace.pv.xml", ROUTE_CHANNEL, "furnace.pv", true },
		{ "/api/v1/channels/%54_bed", ROUTE_CHANNEL, "T_bed", false },
		{ "/api/v1/instruments/dev/trace", ROUTE_TRACE, "dev", false },
		{ "/api/v1/instruments/dev/trace.xml", ROUTE_TRACE, "dev", true },
		{ "/api/v1/stream.xml", ROUTE_PAGE, "/api/v1/stream.xml", false },
		{ "/api/v1/channels/", ROUTE_PAGE, "/api/v1/channels/", false },
		{ "/api/v1/channels/a/b", ROUTE_PAGE, "/api/v1/channels/a/b", false },
		{ "/api/v1/bench2", ROUTE_PAGE, "/api/v1/bench2", false },
		{ "/xml", ROUTE_FLAT_XML, "", false },
		{ "/", ROUTE_PAGE, "/", false },
		{ "", ROUTE_PAGE, "", false },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		assert_int_equal(target_parse(cases[i].uri, &target, NULL), 0);
		assert_int_equal(target.route, cases[i].route);
		assert_string_equal(target.name, cases[i].name);
		assert_int_equal(target.is_xml, cases[i].is_xml);
	}
}

/* Each address with all of its parameters at once, the last one first. */
static void
test_all_parameters(void **state)
{
	for (int route = 0; route < ROUTE_COUNT; route++) {
		const struct route_row *row = &target_routes[route];
		struct buf uri = { 0 };
		size_t n = 0;

		while (row->params[n] != NULL)
			n++;
		assert_true(n <= TARGET_PARAMS);
		if (row->path == NULL || n == 0)
			continue;
		for (const char *at = row->path; *at != '\0'; at++)
			if (*at != '{' && *at != '}')
				buf_putc(&uri, *at);
		for (size_t i = n; i-- > 0;)
			buf_printf(&uri, "%c%s=v%zu", i + 1 == n ? '?' : '&', row->params[i], i);
		assert_int_equal(target_parse(buf_text(&uri), &target, NULL), 0);
		assert_int_equal(target.route, route);
		for (size_t i = 0; i < n; i++) {
			char want[24];

			snprintf(want, sizeof(want), "v%zu", i);
			assert_string_equal(target.params[i], want);
		}
		buf_done(&uri);
	}
}

static void
test_parameters(void **state)
{
	assert_int_equal(
		target_parse("/api/v1/channels?prefix=a%2Bb+c&names=%C3%A9,x", &target, NULL), 0);
	assert_string_equal(target.params[0], "\xC3\xA9,x");
	assert_string_equal(target.params[1], "a+b c");
	assert_int_equal(target_parse("/api/v1/channels?", &target, NULL), 0);
	assert_null(target.params[0]);
	assert_int_equal(target_parse("/api/v1/stream?&channels=a&", &target, NULL), 0);
	assert_string_equal(target.params[0], "a");
}

static void
test_refusals_say_why(void **state)
{
	static const struct {
		const char *uri, *word;
	} cases[] = {
		{ "/api/v1/channels?colour=red", "'colour'; known here: names, prefix" },
		{ "/api/v1/bench?x=1", "known here: none" },
		{ "/api/v1/channels?names", "has no value" },
		{ "/api/v1/channels?names=a&names=b", "twice" },
		{ "/api/v1/channels?names=%", "%25" },
		{ "/api/v1/channels?names=%4", "%25" },
		{ "/api/v1/channels?names=%4g", "%25" },
		{ "/api/v1/channels?names=%ff", "UTF-8" },
		{ "/api/v1/channels?names=%C0%AF", "UTF-8" },
		{ "/api/v1/channels?names=a%00b", "control character" },
		{ "/api/v1/channels/a%0Ab", "control character" },
		{ "/api/v1/channels/%E2%82", "UTF-8" },
	};
	struct err err;

	for (size_t i = 0; i < NELEM(cases); i++) {
		assert_int_equal(target_parse(cases[i].uri, &target, &err), ERR_CONF);
		if (strstr(err.msg, cases[i].word) == NULL)
			fail_msg(
				"%s: '%s' does not say '%s'", cases[i].uri, err.msg, cases[i].word);
	}
}

/* A long name is cut at a character's border, and what follows it is still said. */
static void
test_refusals_are_utf8(void **state)
{
	char uri[128];
	struct err err;

	for (int n = 50; n < 70; n++) {
		snprintf(uri, sizeof(uri), "/api/v1/channels?%.*s%%C3%%A9%%C3%%A9", n,
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
		assert_int_equal(target_parse(uri, &target, &err), ERR_CONF);
		assert_int_equal(text_utf8(err.msg, strlen(err.msg)), strlen(err.msg));
		assert_non_null(strstr(err.msg, "known here: names, prefix"));
	}
}

static void
test_lengths_are_bounded(void **state)
{
	char *uri = mem_zero(2 * TARGET_URI_MAX, 1);
	struct err err;

	memset(uri, 'a', TARGET_URI_MAX + 20);
	memcpy(uri, "/api/v1/channels?names=", 23);
	uri[23 + TARGET_URI_MAX - 6] = '\0';
	assert_int_equal(target_parse(uri, &target, &err), 0);
	uri[23 + TARGET_URI_MAX - 6] = 'a';
	assert_int_equal(target_parse(uri, &target, &err), ERR_CONF);
	memset(uri, 'a', 200);
	memcpy(uri, "/api/v1/channels/", 17);
	uri[200] = '\0';
	assert_int_equal(target_parse(uri, &target, &err), ERR_CONF);
	free(uri);
}

static void
test_lists(void **state)
{
	char text[] = ",a,,bc,";
	char *at = text;

	assert_string_equal(query_next(&at), "a");
	assert_string_equal(query_next(&at), "bc");
	assert_null(query_next(&at));
	assert_null(query_next(&at));
}

static void
test_accept(void **state)
{
	assert_false(asks_xml(NULL));
	assert_false(asks_xml("*/*"));
	assert_false(asks_xml("application/json"));
	assert_true(asks_xml("application/xml"));
	assert_true(asks_xml("text/xml, */*;q=0.1"));
	assert_true(asks_xml("application/json;q=0.5, application/xml; q=0.8"));
	assert_false(asks_xml("application/json, application/xml;q=0.9"));
	assert_false(asks_xml("application/xml;q=0"));
	assert_false(asks_xml("application/xmlish"));
	assert_false(asks_xml("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
	assert_true(asks_gzip("br, gzip"));
	assert_false(asks_gzip("gzip;q=0, identity"));
	assert_false(asks_gzip("identity"));
	assert_false(asks_gzip(NULL));
	assert_false(asks_other_than("W/\"a\", \"b\"", "\"b\""));
	assert_false(asks_other_than("*", "\"b\""));
	assert_true(asks_other_than("\"c\"", "\"b\""));
	assert_true(asks_other_than(NULL, "\"b\""));
}

static void
test_host(void **state)
{
	static const char *const ours[] = { "localhost", "LOCALHOST:8080", "127.0.0.1",
		"127.0.0.1:80", "[::1]", "[::1]:8080", "192.168.1.5" };
	static const char *const foreign[] = { "", "evil.example", "localhost.evil.example",
		"127.0.0.1.evil.example", "localhost:80@evil.example", "[::1", "[::1]x",
		"localhost:8a", "0x7f000001" };

	for (size_t i = 0; i < NELEM(ours); i++)
		assert_true(asks_here(ours[i]));
	for (size_t i = 0; i < NELEM(foreign); i++)
		assert_false(asks_here(foreign[i]));
}

static void
test_problem_documents(void **state)
{
	struct buf out = { 0 };

	problem_write(&out, PROBLEM_NOT_FOUND, "say \"where\"", "/a\xff?secret");
	assert_string_equal(buf_text(&out),
		"{\"type\":\"urn:mbc:problem:not-found\",\"title\":\"There is nothing at this "
		"address\","
		"\"status\":404,\"detail\":\"say \\\"where\\\"\",\"instance\":\"/a\"}\n");
	buf_done(&out);
}

/* What the description tells of one path with one method: the number of its parameters. */
static size_t
check_path(const char *text, const char *path, const char *method, const char *const *params)
{
	struct buf line = { 0 };
	const char *from, *end, *at;
	size_t n = 0;

	buf_printf(&line, "\n    \"%s\": {", path);
	from = strstr(text, buf_text(&line));
	if (from == NULL)
		fail_msg("openapi.json does not tell of %s", path);
	end = strstr(from + 1, "\n    \"/");
	buf_clear(&line);
	buf_printf(&line, "\n      \"%s\": {", method);
	from = strstr(from, buf_text(&line));
	if (from == NULL || (end != NULL && from > end))
		fail_msg("openapi.json does not tell of %s %s", method, path);
	for (; params[n] != NULL; n++) {
		buf_clear(&line);
		buf_printf(&line, "\"name\": \"%s\"", params[n]);
		at = strstr(from, buf_text(&line));
		if (at == NULL || (end != NULL && at > end))
			fail_msg("openapi.json does not tell of %s?%s", path, params[n]);
	}
	buf_done(&line);
	return n;
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* The description of the API tells of each path, method and parameter that is served, and of no other. */
static void
test_the_description_is_complete(void **state)
{
	static const char *const methods[ORDERS] = { [ORDER_SET] = "put",
		[ORDER_FILE_PUT] = "put",
		[ORDER_CERTIFICATE_PUT] = "put",
		[ORDER_BACKUP_REMOVE] = "delete",
		[ORDER_ACCOUNT_CHANGE] = "patch",
		[ORDER_OWN] = "patch",
		[ORDER_FACTOR_OFF] = "delete",
		[ORDER_TOKEN_REMOVE] = "delete",
		[ORDER_LINK_REMOVE] = "delete" };
	static const char *const nothing[] = { NULL }, *const everywhere[] = { "everywhere",
		"acting", NULL };
	const struct page_file *file = &page_files[page_find("/api/v1/openapi.json")];
	char *text = mem_text_n((const char *)file->plain, (size_t)(file->plain_end - file->plain));
	size_t params = 0;

	for (int r = 0; r < ROUTE_COUNT; r++)
		params += check_path(text, target_routes[r].path, "get", target_routes[r].params);
	for (int o = 0; o < ORDERS; o++)
		params += check_path(text, target_orders[o].path,
			methods[o] != NULL ? methods[o] : "post", target_orders[o].params);
	assert_int_equal(count(text, "\n      \"get\": {"), ROUTE_COUNT);
	for (int g = 0; g < GRAFANA_PATHS; g++)
		params += check_path(text, grafana_paths[g], "post", nothing);
	params += check_path(text, target_routes[ROUTE_SESSION].path, "post", nothing);
	params += check_path(text, target_routes[ROUTE_SESSION].path, "delete", everywhere);
	assert_int_equal(count(text, "\n      \"put\": {") + count(text, "\n      \"post\": {") +
				 count(text, "\n      \"patch\": {") +
				 count(text, "\n      \"delete\": {"),
		ORDERS + GRAFANA_PATHS + 2);
	assert_int_equal(params, count(text, "\"in\": \"query\""));
	free(text);
}

static bool
is_near(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return asks_is_near((const struct sockaddr *)(const void *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return asks_is_near((const struct sockaddr *)(const void *)&v6);
}

static uint8_t
group_of(const char *text, uint64_t salt)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return asks_group((const struct sockaddr *)(const void *)&v4, salt);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return asks_group((const struct sockaddr *)(const void *)&v6, salt);
}

static void
test_groups_of_addresses(void **state)
{
	unsigned others = 0;

	assert_int_equal(group_of("127.0.0.1", 5), 0);
	assert_int_equal(group_of("::ffff:127.0.0.1", 5), 0);
	assert_int_equal(group_of("10.0.0.1", 5), group_of("::ffff:10.0.0.1", 5));
	assert_int_equal(group_of("2001:db8::1", 5), group_of("2001:db8::ffff:1", 5));
	for (uint64_t salt = 0; salt < 100; salt++) {
		assert_int_not_equal(group_of("10.0.0.1", salt), 0);
		others += group_of("10.0.0.1", salt) != group_of("10.0.0.2", salt);
		others += group_of("2001:db8::1", salt) != group_of("2001:db8:0:1::1", salt);
	}
	assert_true(others > 190);
}

static void
test_who_is_near(void **state)
{
	static const char *const near[] = { "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1" };
	static const char *const far[] = { "128.0.0.1", "10.0.0.127", "0.0.0.0", "::", "::2",
		"fe80::1", "::ffff:10.0.0.1", "::127.0.0.1" };

	for (size_t i = 0; i < NELEM(near); i++)
		assert_true(is_near(near[i]));
	for (size_t i = 0; i < NELEM(far); i++)
		assert_false(is_near(far[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_near),
		cmocka_unit_test(test_groups_of_addresses),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_all_parameters),
		cmocka_unit_test(test_refusals_say_why),
		cmocka_unit_test(test_refusals_are_utf8),
		cmocka_unit_test(test_lengths_are_bounded),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_problem_documents),
		cmocka_unit_test(test_the_description_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
