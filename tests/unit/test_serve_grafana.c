/* test_serve_grafana.c - JSON of strangers, patterns, what bodies of Grafana's plug-ins say, and whole intervals */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "serve/grafana.h"
#include "serve/json_in.h"

static struct grafana_ask ask;
static char *body;

static int
forget(void **state)
{
	free(body);
	body = NULL;
	return 0;
}

static int
read_body(const char *text, struct err *err)
{
	free(body);
	body = mem_text(text);
	return grafana_read(body, strlen(body), &ask, err);
}

static void
test_patterns(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = { { "", "", true }, { "", "a", false }, { "a", "a", true }, { "*", "", true },
		{ "*", "abc", true }, { "T_*", "T_bed", true }, { "T_*", "p", false },
		{ "*bed", "T_bed", true }, { "*b*d*", "T_bed", true }, { "a*a", "a", false },
		{ "*ab", "aab", true }, { "*aab*b", "aaabaab", true }, { "a**b", "ab", true } };

	for (size_t i = 0; i < NELEM(rows); i++)
		assert_int_equal(text_fits(rows[i].pattern, strlen(rows[i].pattern), rows[i].text),
			rows[i].fits);
}

static void
test_a_question(void **state)
{
	struct err err;

	assert_int_equal(
		read_body(
			"{\"range\":{\"from\":\"2026-01-01T00:00:00Z\",\"to\":1795698000000},"
			"\"maxDataPoints\":7.9,\"intervalMs\":null,\"more\":[{\"x\":[1]}],"
			"\"targets\":[{\"target\":\"T\\u00e9\\ud83d\\ude00\\/\"},{\"target\":\"p\","
			"\"hide\":true},{\"target\":\"q\",\"type\":\"table\",\"payload\":{\"agg\":"
			"\"max\"}},{\"target\":\"\"},null]}",
			&err),
		0);
	assert_string_equal(ask.from, "2026-01-01T00:00:00Z");
	assert_string_equal(ask.to, "1795698000000");
	assert_int_equal(ask.points, 7);
	assert_int_equal(ask.width_ms, 0);
	assert_int_equal(ask.n_targets, 2);
	assert_string_equal(ask.targets[0].text, "T\xC3\xA9\xF0\x9F\x98\x80/");
	assert_int_equal(ask.targets[0].column, 'a');
	assert_int_equal(ask.targets[1].column, 'X');
	assert_int_equal(read_body("{\"targets\":[{\"target\":\"p\",\"payload\":\"{\\\"agg\\\": "
				   "\\\"max\\\"}\"},{\"target\":\"p\",\"payload\":\"{\\\"agg\"}]}",
				 &err),
		0);
	assert_int_equal(ask.targets[0].column, 'x');
	assert_int_equal(ask.targets[1].column, 'a');
	assert_int_equal(read_body("", &err), 0);
	assert_int_equal(ask.n_targets, 0);
}

static void
test_an_annotation_comes_back_as_it_was(void **state)
{
	static const char note[] = "{\"name\": \"m\\u00e9\", \"query\": \"a\\\"b\", \"n\": [1, 2]}";
	char text[300];
	struct err err;

	snprintf(text, sizeof(text), "{\"annotation\": %s, \"x\": 1}", note);
	assert_int_equal(read_body(text, &err), 0);
	assert_string_equal(ask.echo, note);
	assert_string_equal(ask.query, "a\"b");
}

static void
test_refusals_say_where(void **state)
{
	static const char *const rows[] = { "{\"targets\":\n [{\"target\": 3}]}", "[]", "{} x",
		"{\"a\":01}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":+1}", "{\"a\":NaN}",
		"{\"maxDataPoints\":1e999}", "{\"a\":tru}", "{\"a\":\"\\x\"}",
		"{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"x", "{\"a\"", "{,}",
		"{\"a\":1,}", "{\"a\":\"\n\"}", "\xFF",
		"{\"adhocFilters\":[{\"key\":\"unit\",\"operator\":\"<\",\"value\":\"1\"}]}" };
	struct err err;

	for (size_t i = 0; i < NELEM(rows); i++) {
		assert_int_equal(read_body(rows[i], &err), ERR_CONF);
		assert_non_null(strstr(err.msg, "body, line "));
		assert_int_equal(text_utf8(err.msg, strlen(err.msg)), strlen(err.msg));
	}
	(void)!read_body(rows[0], &err);
	assert_non_null(strstr(err.msg, "line 2, column 14"));
}

/* Any bytes, also those of a good body with some of them changed, end in 0 or in an error that says something. */
static void
test_garbled(void **state)
{
	static const char good[] = "{\"targets\":[{\"target\":\"T_*|p\",\"payload\":{\"agg\":"
				   "\"envelope\"}}],\"range\":{\"from\":\"-1h\"}}";
	uint64_t r = 11;

	for (int i = 0; i < 20000; i++) {
		char text[sizeof(good)];
		struct err err = { 0 };

		memcpy(text, good, sizeof(good));
		for (int k = 0; k < 3; k++)
			text[rand_below(&r, sizeof(good) - 1)] = (char)(1 + rand_below(&r, 255));
		if (read_body(text, &err) < 0)
			assert_true(err.msg[0] != '\0');
	}
}

static void
test_words_for_events(void **state)
{
	static const struct {
		const char *words, *kinds, *subjects;
	} rows[] = { { "notes", "record_note,sequence_note,sequence_mark", "" },
		{ "alarms", "alarm_*", "" }, { " kind=alarm_on  subject=T_*", "alarm_on", "T_*" },
		{ "alarm_on instrument_*", "alarm_on,instrument_*", "" }, { "events", "*", "" } };
	struct grafana_series s;
	struct err err;

	for (size_t i = 0; i < NELEM(rows); i++) {
		s = (struct grafana_series){ 0 };
		assert_int_equal(grafana_marks(rows[i].words, &s, &err), 0);
		assert_string_equal(s.kinds, rows[i].kinds);
		assert_string_equal(s.subjects, rows[i].subjects);
		assert_string_equal(s.limit, "1000");
	}
	s = (struct grafana_series){ 0 };
	assert_int_equal(grafana_marks("", &s, &err), 0);
	assert_non_null(strstr(s.kinds, "alarm_*"));
	assert_non_null(strstr(s.kinds, "record_started"));
	s = (struct grafana_series){ 0 };
	assert_int_equal(grafana_marks("kind=alarm_on,what", &s, &err), ERR_CONF);
	assert_non_null(strstr(err.msg, "'what'"));
}

static void
test_addresses(void **state)
{
	assert_int_equal(grafana_find("/grafana/query"), GRAFANA_QUERY);
	assert_int_equal(grafana_find("/grafana/query?x=1"), GRAFANA_QUERY);
	assert_int_equal(grafana_find("/grafana/quer"), GRAFANA_PATHS);
	assert_int_equal(grafana_find("/grafana/queryx"), GRAFANA_PATHS);
	assert_int_equal(grafana_find("/grafana/"), GRAFANA_PATHS);
	assert_int_equal(grafana_find(""), GRAFANA_PATHS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test_teardown(test_a_question, forget),
		cmocka_unit_test_teardown(test_an_annotation_comes_back_as_it_was, forget),
		cmocka_unit_test_teardown(test_refusals_say_where, forget),
		cmocka_unit_test_teardown(test_garbled, forget),
		cmocka_unit_test(test_words_for_events),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
