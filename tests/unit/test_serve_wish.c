/* test_serve_wish.c - what a request asks of the bench: addresses that command, bodies, headers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "msg/errand.h"
#include "serve/body.h"
#include "serve/wish.h"

static struct target target;

static void
test_addresses(void **state)
{
	static const struct {
		const char *method, *uri;
		int rc;
		enum target_order order;
		const char *name, *allows;
	} cases[] = {
		{ "PUT", "/api/v1/channels/T_furn", 0, ORDER_SET, "T_furn", "GET, HEAD, PUT" },
		{ "PUT", "/api/v1/channels/furnace.sp?wait=2s", 0, ORDER_SET, "furnace.sp",
			"GET, HEAD, PUT" },
		{ "POST", "/api/v1/safe", 0, ORDER_SAFE, "", "POST" },
		{ "POST", "/api/v1/alarms/hot/ack", 0, ORDER_ACK, "hot", "POST" },
		{ "POST", "/api/v1/alarms/hot/shelve", 0, ORDER_SHELVE, "hot", "POST" },
		{ "POST", "/api/v1/alarms/hot/unshelve", 0, ORDER_UNSHELVE, "hot", "POST" },
		{ "POST", "/api/v1/alarms/ack", 0, ORDER_ACK_ALL, "", "POST" },
		{ "POST", "/api/v1/alarms/hot/reset", 0, ORDER_ALARM_RESET, "hot", "POST" },
		{ "POST", "/api/v1/alarms/hot/out", 0, ORDER_ALARM_OUT, "hot", "POST" },
		{ "POST", "/api/v1/alarms/hot/in", 0, ORDER_ALARM_IN, "hot", "POST" },
		{ "POST", "/api/v1/trips/hot/reset", 0, ORDER_TRIP_RESET, "hot", "POST" },
		{ "POST", "/api/v1/trips/hot/bypass", 0, ORDER_BYPASS, "hot", "POST" },
		{ "POST", "/api/v1/trips/hot/end", 0, ORDER_BYPASS_END, "hot", "POST" },
		{ "POST", "/api/v1/trips/reset", TARGET_NO_ORDER, 0, NULL, "GET, HEAD" },
		{ "POST", "/api/v1/silence", 0, ORDER_SILENCE, "", "POST" },
		{ "POST", "/api/v1/channels/T_furn", TARGET_NO_ORDER, 0, NULL, "GET, HEAD, PUT" },
		{ "POST", "/api/v1/sequences/tpr/rehearse?form=svg", 0, ORDER_REHEARSE, "tpr",
			"POST" },
		{ "POST", "/api/v1/hold?wait=1s", 0, ORDER_HOLD, "", "GET, HEAD, POST" },
		{ "PUT", "/api/v1/bench/file", 0, ORDER_FILE_PUT, "", "GET, HEAD, PUT" },
		{ "PUT", "/api/v1/bench/file?part=sequences/a.seq", 0, ORDER_FILE_PUT, "",
			"GET, HEAD, PUT" },
		{ "POST", "/api/v1/sequences/check", 0, ORDER_SEQUENCE_CHECK, "", "POST" },
		{ "POST", "/api/v1/bench/file/check", 0, ORDER_FILE_CHECK, "", "POST" },
		{ "POST", "/api/v1/bench/undo", 0, ORDER_UNDO, "", "POST" },
		{ "POST", "/api/v1/record/start", 0, ORDER_RUN_START, "", "POST" },
		{ "POST", "/api/v1/record/stop", 0, ORDER_RUN_STOP, "", "POST" },
		{ "POST", "/api/v1/runs/12/notes", 0, ORDER_RUN_NOTE, "12", "POST" },
		{ "POST", "/api/v1/runs//notes", TARGET_NO_ORDER, 0, NULL, "GET, HEAD" },
		{ "POST", "/api/v1/runs/12.zip/notes", 0, ORDER_RUN_NOTE, "12.zip", "POST" },
		{ "POST", "/api/v1/runs/12", TARGET_NO_ORDER, 0, NULL, "GET, HEAD" },
		{ "POST", "/api/v1/bench/file", TARGET_NO_ORDER, 0, NULL, "GET, HEAD, PUT" },
		{ "PUT", "/api/v1/safe", TARGET_NO_ORDER, 0, NULL, "POST" },
		{ "DELETE", "/api/v1/bench", TARGET_NO_ORDER, 0, NULL, "GET, HEAD" },
		{ "POST", "/api/v1/alarms/hot/ack/x", TARGET_NO_ORDER, 0, NULL, "GET, HEAD" },
		{ "POST", "/api/v1/alarms//ack", TARGET_NO_ORDER, 0, NULL, "GET, HEAD" },
		{ "PUT", "/api/v1/channels/T_furn?wait", ERR_CONF, 0, NULL, "GET, HEAD, PUT" },
		{ "PUT", "/api/v1/channels/T_furn?force=1", ERR_CONF, 0, NULL, "GET, HEAD, PUT" },
		{ "PUT", "/api/v1/channels/%ff", ERR_CONF, 0, NULL, "GET, HEAD, PUT" },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct err err;
		int rc = target_parse_order(cases[i].method, cases[i].uri, &target, &err);

		assert_int_equal(rc, cases[i].rc);
		assert_string_equal(target_allows(cases[i].uri), cases[i].allows);
		if (rc != 0)
			continue;
		assert_int_equal(target.order, cases[i].order);
		assert_string_equal(target.name, cases[i].name);
	}
}

static int
wish(const char *method, const char *uri, const char *body, struct command *out, int64_t *wait_ns,
	struct err *err)
{
	assert_int_equal(target_parse_order(method, uri, &target, err), 0);
	return wish_make(out, wait_ns, &target, body, strlen(body), 1000, err);
}

static void
test_a_value_is_asked(void **state)
{
	struct command c;
	int64_t wait_ns;
	struct err err;

	assert_int_equal(wish("PUT", "/api/v1/channels/T_furn?wait=2s",
				 " {\"target\": 120.5, \"ramp_per_min\": 10, \"clamp\": true, "
				 "\"confirm\":true,\n \"id\": \"a-1\", \"expires_s\": 0.5 }\r\n",
				 &c, &wait_ns, &err),
		0);
	assert_int_equal(c.kind, COMMAND_SET);
	assert_string_equal(c.subject, "T_furn");
	assert_string_equal(c.value, "120.5");
	assert_string_equal(c.id, "a-1");
	assert_true(c.ramp_per_min == 10 && c.is_clamped && c.is_confirmed && !c.is_person);
	assert_true(c.expires_ns == 1000 + 500 * NS_PER_MS && wait_ns == 2 * NS_PER_S);
	assert_int_equal(wish("PUT", "/api/v1/channels/V", "{\"target\":\"op\\u0065n\"}", &c,
				 &wait_ns, &err),
		0);
	assert_string_equal(c.value, "open");
	assert_string_equal(c.id, "");
	assert_true(isnan(c.ramp_per_min) && c.expires_ns == 1000 + 10 * NS_PER_S && wait_ns == 0);
	assert_int_equal(
		wish("PUT", "/api/v1/channels/V", "{\"target\":true}", &c, &wait_ns, &err), 0);
	assert_string_equal(c.value, "1");
	assert_int_equal(
		wish("PUT", "/api/v1/channels/V", "{\"mode\":\"manual\"}", &c, &wait_ns, &err), 0);
	assert_int_equal(c.kind, COMMAND_MODE);
}

static void
test_alarms_and_safe_states_are_asked(void **state)
{
	struct command c;
	int64_t wait_ns;
	struct err err;

	assert_int_equal(wish("POST", "/api/v1/alarms/hot/shelve",
				 "{\"for\":\"1h\",\"reason\":\"probe out\"}", &c, &wait_ns, &err),
		0);
	assert_true(c.kind == COMMAND_ALARM_SHELVE && c.span_ns == 3600 * NS_PER_S);
	assert_string_equal(c.text, "probe out");
	assert_int_equal(
		wish("POST", "/api/v1/alarms/hot/ack", "{\"seen\": 77}", &c, &wait_ns, &err), 0);
	assert_true(c.kind == COMMAND_ALARM_ACK && c.seen == 77);
	assert_int_equal(wish("POST", "/api/v1/safe", "", &c, &wait_ns, &err), 0);
	assert_true(c.kind == COMMAND_SAFE && c.subject[0] == '\0');
	assert_int_equal(
		wish("POST", "/api/v1/safe", "{\"name\":\"cold\"}", &c, &wait_ns, &err), 0);
	assert_string_equal(c.subject, "cold");
	assert_int_equal(wish("POST", "/api/v1/silence", "{}", &c, &wait_ns, &err), 0);
	assert_int_equal(c.kind, COMMAND_SILENCE);
}

static void
test_the_bench_is_taken_and_handed_over(void **state)
{
	static const char *const wrong[] = { "", "{}", "{\"take\":false}", "{\"take\":1}",
		"{\"take\":true,\"release\":true}", "{\"take\":true,\"to\":\"anna\"}",
		"{\"take\":true,\"to\":\"\"}", "{\"to\":\"\"}", "{\"to\":true}",
		"{\"release\":false}", "{\"release\":true,\"reason\":\"why\"}",
		"{\"to\":\"anna\",\"force\":true}", "{\"force\":true,\"reason\":\"why\"}",
		"{\"take\":true,\"name\":\"anna\"}", "{\"take\":true,\"value\":\"anna\"}" };
	struct command c;
	int64_t wait_ns;
	struct err err;

	assert_int_equal(wish("POST", "/api/v1/hold", "{\"take\":true}", &c, &wait_ns, &err), 0);
	assert_true(c.kind == COMMAND_TAKE && !c.is_confirmed && c.text[0] == '\0');
	assert_int_equal(
		wish("POST", "/api/v1/hold", "{\"take\":true,\"force\":true,\"reason\":\"a leak\"}",
			&c, &wait_ns, &err),
		0);
	assert_true(c.kind == COMMAND_TAKE && c.is_confirmed);
	assert_string_equal(c.text, "a leak");
	assert_int_equal(wish("POST", "/api/v1/hold", "{\"to\":\"anna\"}", &c, &wait_ns, &err), 0);
	assert_int_equal(c.kind, COMMAND_HAND_OVER);
	assert_string_equal(c.value, "anna");
	assert_int_equal(wish("POST", "/api/v1/hold", "{\"release\":true}", &c, &wait_ns, &err), 0);
	assert_int_equal(c.kind, COMMAND_HAND_OVER);
	assert_string_equal(c.value, "");
	for (size_t i = 0; i < NELEM(wrong); i++)
		assert_int_equal(
			wish("POST", "/api/v1/hold", wrong[i], &c, &wait_ns, &err), ERR_CONF);
}

static void
test_what_was_looked_at_is_told(void **state)
{
	static const struct {
		const char *path, *body, *word;
	} wrong[] = {
		{ "sequence/skip", "{\"step_id\":1.5}", "'step_id' is a whole number" },
		{ "sequence/skip", "{\"step_id\":-1}", "'step_id'" },
		{ "sequence/skip", "{\"question_id\":1}", "not known" },
		{ "sequence/pause", "{\"step_id\":1}", "not known" },
		{ "sequence/abort", "{\"config\":\"0123456789abcdef\"}", "not known" },
		{ "sequence/skip", "{\"config\":\"0123\"}", "16 digits" },
		{ "sequence/skip", "{\"config\":\"0123456789abcdeF\"}", "16 digits" },
		{ "sequence/start", "{\"name\":\"t\",\"values\":[]}", "an object" },
		{ "sequence/start", "{\"name\":\"t\",\"values\":{\"a\":true}}", "a value" },
	};
	struct command c;
	char uri[80];
	int64_t wait_ns;
	struct err err;

	assert_int_equal(wish("POST", "/api/v1/sequence/goto",
				 "{\"step\":20,\"step_id\":9007199254740991,\"config\":"
				 "\"fedcba9876543210\"}",
				 &c, &wait_ns, &err),
		0);
	assert_true(c.kind == COMMAND_SEQ_GOTO && c.step == 9007199254740991u);
	assert_true(c.config == 0xfedcba9876543210u && c.hold == 0 && c.question == 0);
	assert_string_equal(c.value, "20");
	assert_int_equal(
		wish("POST", "/api/v1/sequence/resume",
			"{\"step_id\":7,\"hold_id\":8,\"config\":null}", &c, &wait_ns, &err),
		0);
	assert_true(c.step == 7 && c.hold == 8 && c.config == 0);
	assert_int_equal(wish("POST", "/api/v1/sequence/answer",
				 "{\"value\":\"yes\",\"question_id\":9}", &c, &wait_ns, &err),
		0);
	assert_true(c.question == 9);
	assert_int_equal(wish("POST", "/api/v1/sequence/start",
				 "{\"name\":\"t\",\"values\":{\"hot\":480,\"sample\":\"a=b\"}}", &c,
				 &wait_ns, &err),
		0);
	assert_true(c.is_whole);
	assert_string_equal(c.values, "hot=480\nsample=a=b\n");
	assert_int_equal(wish("POST", "/api/v1/sequence/start", "{\"name\":\"t\",\"values\":{}}",
				 &c, &wait_ns, &err),
		0);
	assert_true(c.is_whole && c.values[0] == '\0');
	assert_int_equal(
		wish("POST", "/api/v1/sequence/start", "{\"name\":\"t\"}", &c, &wait_ns, &err), 0);
	assert_false(c.is_whole);
	for (size_t i = 0; i < NELEM(wrong); i++) {
		snprintf(uri, sizeof(uri), "/api/v1/%s", wrong[i].path);
		assert_int_equal(wish("POST", uri, wrong[i].body, &c, &wait_ns, &err), ERR_CONF);
		assert_non_null(strstr(err.msg, wrong[i].word));
	}
}

/* As a message, and back; and values one by one. */
static void
test_all_of_it_goes_through_a_message(void **state)
{
	char name[EVENT_SUBJECT], value[COMMAND_TOLD], much[COMMAND_TOLD];
	static struct command c, d;
	struct buf packet = { 0 };
	struct wire_in in;
	struct err err;
	bool is_good;
	size_t at = 0, n = 0;

	c = (struct command){ .kind = COMMAND_SEQ_START,
		.id = "a",
		.ramp_per_min = 1,
		.step = 1,
		.hold = 2,
		.question = 3,
		.config = UINT64_MAX,
		.is_whole = true };
	memset(c.principal, 'p', sizeof(c.principal) - 1);
	memset(c.subject, 's', sizeof(c.subject) - 1);
	memset(c.value, 'v', sizeof(c.value) - 1);
	memset(c.text, 't', sizeof(c.text) - 1);
	assert_false(command_add_value(&c, "", "1"));
	assert_false(command_add_value(&c, "a=b", "1"));
	assert_false(command_add_value(&c, "a", "1\n2"));
	assert_string_equal(c.values, "");
	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	while (command_add_value(&c, "name", much))
		n++;
	assert_in_range(n, 10, 20);
	command_write(&packet, &c);
	assert_true(packet.n + COMMAND_TOKEN + 2 <= WIRE_MAX); /* of serve it has a token */
	assert_int_equal(wire_open(&in, packet.data, packet.n, &err), WIRE_COMMAND);
	assert_int_equal(command_read(&d, &in, &err), 0);
	assert_memory_equal(&c, &d, sizeof(c));
	while (command_next_value(&d, &at, name, value, &is_good)) {
		assert_true(is_good);
		assert_string_equal(name, "name");
		assert_string_equal(value, much);
		n--;
	}
	assert_int_equal(n, 0);
	strcpy(d.values, "no sign\n=no name\nno end=1");
	at = 0;
	while (command_next_value(&d, &at, name, value, &is_good)) {
		assert_false(is_good);
		n++;
	}
	assert_int_equal(n, 3);
	buf_done(&packet);
}

static int
try_it(const char *body, struct errand_ask *out, struct err *err)
{
	assert_int_equal(
		target_parse_order("POST", "/api/v1/instruments/fur%6Eace/try", &target, err), 0);
	assert_int_equal(target.order, ORDER_TRY);
	return wish_errand_try(out, &target, body, strlen(body), err);
}

static void
test_an_instrument_is_tried(void **state)
{
	static const char *const wrong[] = { "{\"points\": []}", "{\"points\": [\"\"]}",
		"{\"points\": [\"a,b\"]}", "{\"points\": {\"a\": 1}}", "{\"points\": \"a\"}",
		"{\"yes_write\": true}", "{\"points\": [1]}", "[]" };
	struct errand_ask a;
	struct err err;
	char body[600] = "{\"points\": [";

	assert_int_equal(try_it("", &a, &err), 0);
	assert_int_equal(a.kind, ERRAND_TRY);
	assert_string_equal(a.name, "furnace");
	assert_string_equal(a.reason, "");
	assert_int_equal(try_it("{\"points\": [\"pv\", \"furnace.sp\"]}", &a, &err), 0);
	assert_string_equal(a.reason, "pv,furnace.sp");
	for (size_t i = 0; i < NELEM(wrong); i++)
		assert_int_equal(try_it(wrong[i], &a, &err), ERR_CONF);
	for (int i = 0; i < 30; i++)
		strcat(body, i == 0 ? "\"furnace\"" : ", \"furnace\"");
	strcat(body, "]}");
	assert_int_equal(try_it(body, &a, &err), ERR_CONF);
	assert_true(errand_changes(ERRAND_TRY) && !errand_is_root(ERRAND_TRY) &&
		    !errand_has_text(ERRAND_TRY));
}

static void
test_a_link_is_scanned(void **state)
{
	static const char *const wrong[] = { "", "{}", "{\"wire\": \"\"}", "{\"wire\": 1}",
		"{\"wire\": [\"l\"]}", "{\"wire\": \"l\", \"seconds\": 9}",
		"{\"tcp\": \"127.0.0.1:1\"}" };
	struct errand_ask a;
	struct err err;

	assert_int_equal(target_parse_order("POST", "/api/v1/scan", &target, &err), 0);
	assert_int_equal(target.order, ORDER_SCAN);
	assert_int_equal(wish_errand_scan(&a, "{\"wire\": \"io\"}", 14, &err), 0);
	assert_int_equal(a.kind, ERRAND_SCAN);
	assert_string_equal(a.name, "io");
	for (size_t i = 0; i < NELEM(wrong); i++)
		assert_int_equal(wish_errand_scan(&a, wrong[i], strlen(wrong[i]), &err), ERR_CONF);
	assert_true(errand_changes(ERRAND_SCAN) && !errand_is_root(ERRAND_SCAN));
}

static int
rehearse(const char *query, const char *body, struct rehearse_ask *out, struct err *err)
{
	char uri[80] = "/api/v1/sequences/tpr/rehearse";

	strcat(uri, query);
	assert_int_equal(target_parse_order("POST", uri, &target, err), 0);
	return wish_rehearse(out, &target, body, strlen(body), err);
}

static void
test_a_rehearsal_is_asked(void **state)
{
	static struct rehearse_ask a, b;
	struct buf packet = { 0 };
	struct wire_in in;
	struct err err;

	assert_int_equal(rehearse("", "", &a, &err), 0);
	assert_string_equal(a.sequence, "tpr");
	assert_true(a.flags == 0 && a.n[0] == 0 && a.n[1] == 0 && a.n[2] == 0);
	assert_int_equal(rehearse("", "{\"faults\": true, \"bytes\": true}", &a, &err), 0);
	assert_int_equal(a.flags, REHEARSE_FAULTS | REHEARSE_BYTES);
	assert_int_equal(rehearse("?form=svg",
				 "{\"set\": {\"hot\": 480, \"why\": \"a = b\"}, \"begin\": "
				 "{\"d.t\" : 2.5e1 },"
				 " \"answers\": [\"ok\", \"\"], \"bytes\": false}",
				 &a, &err),
		0);
	assert_int_equal(a.flags, REHEARSE_SVG);
	assert_true(a.n[REHEARSE_SETS] == 2 && a.n[REHEARSE_BEGINS] == 1);
	assert_string_equal(a.texts[REHEARSE_SETS][0], "hot=480");
	assert_string_equal(a.texts[REHEARSE_SETS][1], "why=a = b");
	assert_string_equal(a.texts[REHEARSE_BEGINS][0], "d.t=25");
	assert_int_equal(a.n[REHEARSE_ANSWERS], 2);

	strcpy(a.id, "r1");
	wire_begin(&packet, WIRE_REHEARSE);
	assert_true(rehearse_write(&packet, &a));
	assert_int_equal(wire_open(&in, packet.data, packet.n, &err), WIRE_REHEARSE);
	assert_int_equal(rehearse_read(&b, &in, &err), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(wire_open(&in, packet.data, packet.n, &err), WIRE_REHEARSE);
	in.left--;
	assert_int_equal(rehearse_read(&b, &in, &err), ERR_PROTO);

	/* More than a packet holds is no packet. */
	a.n[REHEARSE_SETS] = REHEARSE_TEXTS;
	for (size_t i = 0; i < REHEARSE_TEXTS; i++)
		memset(a.texts[REHEARSE_SETS][i], 'x', REHEARSE_TEXT - 1);
	wire_begin(&packet, WIRE_REHEARSE);
	assert_false(rehearse_write(&packet, &a));
	buf_done(&packet);
}

static void
test_bad_rehearsals_are_told_with_their_place(void **state)
{
	static const struct {
		const char *query, *body, *word;
	} cases[] = {
		{ "", "{\"set\": [\"a\"]}", "an object of texts and numbers" },
		{ "", "{\"set\": {\"a\": true}}", "column 15" },
		{ "", "{\"set\": {\"a\": {}}}", "a value is expected" },
		{ "", "{\"set\": {\"\": 1}}", "is no name" },
		{ "", "{\"set\": {\"a=b\": 1}}", "is no name" },
		{ "", "{\"set\": {\"a\" 1}}", "a colon is missing" },
		{ "", "{\"set\": {\"a\": 1,}}", "double quotes" },
		{ "", "{\"set\": {\"a\": 1]", "closing '}'" },
		{ "", "{\"set\": {\"a\": 1", "closing '}'" },
		{ "", "{\"set\": {}, \"set\": {}}", "comes twice" },
		{ "", "{\"answers\": \"ok\"}", "a list of texts" },
		{ "", "{\"answers\": [1]}", "double quotes" },
		{ "", "{\"answers\": [\"a\nb\"]}", "control character" },
		{ "", "{\"id\": \"x\"}", "known are: set, begin, answers, faults, bytes" },
		{ "?form=png", "", "'json', or 'svg'" },
		{ "?form=svg", "{\"faults\": true}", "leave out 'faults'" },
	};
	static struct rehearse_ask a;
	char many[512] = "{\"answers\": [";
	struct err err;

	for (size_t i = 0; i < NELEM(cases); i++) {
		assert_int_equal(rehearse(cases[i].query, cases[i].body, &a, &err), ERR_CONF);
		assert_non_null(strstr(err.msg, cases[i].word));
	}
	for (size_t i = 0; i <= BODY_ITEMS; i++)
		strcat(many, i == 0 ? "\"a\"" : ",\"a\"");
	assert_int_equal(rehearse("", strcat(many, "]}"), &a, &err), ERR_CONF);
	assert_non_null(strstr(err.msg, "over 32 items"));
	assert_int_equal(rehearse("", "{\"set\": null, \"answers\": []}", &a, &err), 0);
}

static void
test_bad_bodies_are_told_with_their_place(void **state)
{
	static const struct {
		const char *body, *word;
	} cases[] = {
		{ "", "'target'" },
		{ "{}", "'target'" },
		{ "{\"target\":1,\"mode\":\"manual\"}", "either" },
		{ "[1]", "line 1, column 1" },
		{ "{\n  \"target\": 1,\n  \"x\": 2}", "line 3, column 6" },
		{ "{\"target\":1,\"target\":2}", "twice" },
		{ "{\"target\":1", "missing" },
		{ "{\"target\":1,}", "double quotes" },
		{ "{\"target\":1}x", "more behind" },
		{ "{\"target\" 1}", "colon" },
		{ "{\"target\":{}}", "expected" },
		{ "{\"target\":[1]}", "expected" },
		{ "{\"target\":01}", "expected" },
		{ "{\"target\":1.}", "expected" },
		{ "{\"target\":.5}", "expected" },
		{ "{\"target\":+1}", "expected" },
		{ "{\"target\":1e999}", "expected" },
		{ "{\"target\":NaN}", "expected" },
		{ "{\"target\":tru}", "expected" },
		{ "{\"target\":\"a\\nb\"}", "control" },
		{ "{\"target\":\"a\\u0007b\"}", "control" },
		{ "{\"target\":\"a\nb\"}", "control" },
		{ "{\"target\":\"\\ud83d\"}", "escape" },
		{ "{\"target\":\"\\u12\"}", "escape" },
		{ "{\"target\":\"\xff\"}", "UTF-8" },
		{ "{\"target\":\"abc", "no end" },
		{ "{\"target\":1,\"clamp\":1}", "'clamp' takes" },
		{ "{\"target\":1,\"id\":\"a b\"}", "'id'" },
		{ "{\"target\":1,\"expires_s\":61}", "expires_s" },
		{ "{\"target\":1,\"expires_s\":0}", "expires_s" },
		{ "{\"target\":1,\"seen\":1}", "'seen' is not known" },
		{ "{\"target\":"
		  "\"0123456789012345678901234567890123456789012345678901234567890123\"}",
			"bytes" },
	};
	struct command c;
	int64_t wait_ns;

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct err err;

		assert_int_equal(
			wish("PUT", "/api/v1/channels/T", cases[i].body, &c, &wait_ns, &err),
			ERR_CONF);
		if (strstr(err.msg, cases[i].word) == NULL)
			fail_msg("%s: %s", cases[i].body, err.msg);
	}
	for (size_t i = 0; i < 2; i++) {
		struct err err;

		assert_int_equal(wish("PUT",
					 i == 0 ? "/api/v1/channels/T?wait=31s"
						: "/api/v1/channels/T?wait=x",
					 "{\"target\":1}", &c, &wait_ns, &err),
			ERR_CONF);
		assert_non_null(strstr(err.msg, "wait"));
	}
}

/* Cut at each byte, a good body is never another good one; the reader stays inside. */
static void
test_a_cut_body_is_none(void **state)
{
	static const char body[] =
		"{\"target\": \"op\\u0065n\", \"ramp_per_min\": 1.5e1, \"clamp\": false}";
	struct command c;
	int64_t wait_ns;
	struct err err;

	assert_int_equal(target_parse_order("PUT", "/api/v1/channels/T", &target, &err), 0);
	for (size_t n = 1; n < strlen(body); n++)
		assert_int_equal(wish_make(&c, &wait_ns, &target, body, n, 0, &err), ERR_CONF);
	assert_int_equal(wish_make(&c, &wait_ns, &target, body, strlen(body), 0, &err), 0);
}

static void
test_headers(void **state)
{
	static const struct {
		const char *host;
		bool is_loopback;
	} hosts[] = {
		{ "localhost", true },
		{ "LOCALHOST:80", true },
		{ "127.0.0.1", true },
		{ "127.3.2.1:8080", true },
		{ "[::1]", true },
		{ "[::1]:1", true },
		{ NULL, false },
		{ "", false },
		{ "localhost.evil.org", false },
		{ "localhost:x", false },
		{ "127.0.0.1.evil.org", false },
		{ "10.0.0.1", false },
		{ "127.0.0.999", false },
		{ "127.0.0", false },
		{ "[::2]", false },
		{ "127.0.0.1 ", false },
	};
	char token[COMMAND_TOKEN], longest[COMMAND_TOKEN + 8];

	for (size_t i = 0; i < NELEM(hosts); i++)
		if (wish_is_loopback(hosts[i].host) != hosts[i].is_loopback)
			fail_msg("%s", hosts[i].host);
	assert_true(wish_is_ours(NULL, "localhost", false));
	assert_true(wish_is_ours("http://localhost:8080", "localhost:8080", false));
	assert_false(wish_is_ours("http://localhost:8081", "localhost:8080", false));
	assert_false(wish_is_ours("https://localhost:8080", "localhost:8080", false));
	assert_false(wish_is_ours("null", "localhost", false));
	assert_false(wish_is_ours("http://localhost", NULL, false));
	assert_true(wish_is_ours("https://bench-pc:8443", "Bench-PC:8443", true));
	assert_false(wish_is_ours("http://bench-pc:8443", "bench-pc:8443", true));
	assert_true(wish_token(token, "Bearer abc") && strcmp(token, "abc") == 0);
	assert_true(wish_token(token, "bearer  abc ") && strcmp(token, "abc") == 0);
	assert_false(wish_token(token, NULL));
	assert_false(wish_token(token, "Basic abc"));
	assert_false(wish_token(token, "Bearer "));
	assert_false(wish_token(token, "Bearer a b"));
	assert_false(wish_token(token, "Bearer a\x80"));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "Bearer ", 7);
	longest[7 + COMMAND_TOKEN - 1] = '\0';
	assert_true(wish_token(token, longest));
	longest[7 + COMMAND_TOKEN - 1] = 'a';
	longest[7 + COMMAND_TOKEN] = '\0';
	assert_false(wish_token(token, longest));
}

static int
of_run(const char *uri, const char *body, struct errand_ask *out, struct err *err)
{
	assert_int_equal(target_parse_order("POST", uri, &target, err), 0);
	return wish_errand_run(out, &target, body, strlen(body), err);
}

static void
test_runs_and_notes_are_asked(void **state)
{
	static const struct {
		const char *uri, *body, *says;
	} bad[] = {
		{ "/api/v1/runs/1/notes", "", "the note" },
		{ "/api/v1/runs/1/notes", "{\"text\": \"  \"}", "the note" },
		{ "/api/v1/runs/1/notes", "{\"text\": 7}", "kind" },
		{ "/api/v1/runs/1/notes", "{\"text\": \"a\\nb\"}", "escape" },
		{ "/api/v1/runs/1/notes", "{\"text\": \"a\", \"title\": \"b\"}", "not known" },
		{ "/api/v1/runs/0/notes", "{\"text\": \"a\"}", "above 0" },
		{ "/api/v1/runs/1.0/notes", "{\"text\": \"a\"}", "above 0" },
		{ "/api/v1/runs/4294967296/notes", "{\"text\": \"a\"}", "above 0" },
		{ "/api/v1/runs/1/notes", "{\"text\": \"a\", \"id\": \"a b\"}", "'id'" },
		{ "/api/v1/record/stop", "{\"title\": \"a\"}", "not known" },
		{ "/api/v1/record/start", "{\"fields\": \"a\"}", "object" },
		{ "/api/v1/record/start", "{\"fields\": {\"a\": [1]}}", "value" },
	};
	static struct errand_ask a, b;
	char body[1400], longest[WIRE_NOTE_MAX + 2];
	struct buf packet = { 0 };
	struct wire_in in;
	struct err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(of_run(bad[i].uri, bad[i].body, &a, &err), ERR_CONF);
		if (strstr(err.msg, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].body, err.msg);
	}
	assert_int_equal(of_run("/api/v1/runs/12/notes",
				 "{\"id\": \"n-1\", \"text\": \"\xc3\xa9 \\\"x\\\"\"}", &a, &err),
		0);
	assert_true(a.kind == ERRAND_RUN_NOTE && a.number == 12);
	assert_string_equal(a.text, "\xc3\xa9 \"x\"");
	assert_string_equal(a.request, "n-1");
	memset(longest, 'x', WIRE_NOTE_MAX + 1);
	longest[WIRE_NOTE_MAX + 1] = '\0';
	snprintf(body, sizeof(body), "{\"text\": \"%s\"}", longest);
	assert_int_equal(of_run("/api/v1/runs/1/notes", body, &a, &err), ERR_CONF);
	longest[WIRE_NOTE_MAX] = '\0';
	snprintf(body, sizeof(body), "{\"text\": \"%s\"}", longest);
	assert_int_equal(of_run("/api/v1/runs/1/notes", body, &a, &err), 0);
	assert_string_equal(a.text, longest);
	assert_string_equal(a.request, "");
	strcpy(a.id, "e");
	strcpy(a.request, "r");
	wire_begin(&packet, WIRE_ERRAND);
	errand_write(&packet, &a);
	assert_int_equal(wire_open(&in, packet.data, packet.n, &err), WIRE_ERRAND);
	assert_int_equal(errand_read(&b, &in, &err), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	buf_done(&packet);
	assert_int_equal(
		of_run("/api/v1/record/start",
			"{\"title\": \"ageing\", \"fields\": {\"sample\": \"Pt=1\", \"n\": 7}}", &a,
			&err),
		0);
	assert_int_equal(a.kind, ERRAND_RUN_START);
	assert_string_equal(a.name, "ageing");
	assert_string_equal(a.text, "sample=Pt=1\nn=7\n");
	assert_int_equal(of_run("/api/v1/record/start", "", &a, &err), 0);
	assert_true(a.name[0] == '\0' && a.text[0] == '\0');
	assert_int_equal(of_run("/api/v1/record/stop", "{\"id\": \"s\"}", &a, &err), 0);
	assert_int_equal(a.kind, ERRAND_RUN_STOP);
	assert_true(errand_is_run(a.kind) && errand_changes(a.kind) && !errand_is_root(a.kind) &&
		    !errand_has_text(a.kind));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_a_value_is_asked),
		cmocka_unit_test(test_alarms_and_safe_states_are_asked),
		cmocka_unit_test(test_the_bench_is_taken_and_handed_over),
		cmocka_unit_test(test_what_was_looked_at_is_told),
		cmocka_unit_test(test_all_of_it_goes_through_a_message),
		cmocka_unit_test(test_an_instrument_is_tried),
		cmocka_unit_test(test_a_link_is_scanned),
		cmocka_unit_test(test_a_rehearsal_is_asked),
		cmocka_unit_test(test_bad_rehearsals_are_told_with_their_place),
		cmocka_unit_test(test_bad_bodies_are_told_with_their_place),
		cmocka_unit_test(test_a_cut_body_is_none),
		cmocka_unit_test(test_runs_and_notes_are_asked),
		cmocka_unit_test(test_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
