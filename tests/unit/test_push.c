/* test_push.c - requests to push services, byte by byte; and what follows from their answers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/push_body.h"
#include "alert/push_reply.h"
#include "alert/push_shape.h"
#include "alert/sign.h"
#include "base/mem.h"
#include "base/text.h"

#define NOW (INT64_C(1735027260) * NS_PER_S) /* 2024-12-24T08:01:00Z */

static struct alert_message
message(void)
{
	return (struct alert_message){ .subject = "methanation: bed too hot",
		.text = "T_bed 655.3 degC, limit 650\nDo: close the hydrogen.",
		.alarm = "bed_hot",
		.bench = "methanation",
		.page = "https://bench.lab/",
		.priority = 3,
		.what = ALERT_RAISED,
		.value = 655.3,
		.unit = "degC",
		.wall_ns = INT64_C(1735027200) * NS_PER_S,
		.id = 17,
		.notice = 4 };
}

/* The request as lines: method and address, heads, a blank line, the body. The caller frees it. */
static char *
request_of(const struct push_target *t, const struct alert_message *m)
{
	struct push_request r = { 0 };
	struct buf out = { 0 };
	struct err err = { .msg = "" };
	char *text;

	if (push_shape(&r, t, m, NOW, &err) != 0)
		fail_msg("%s", err.msg);
	buf_printf(&out, "%s %s\n", r.method, buf_text(&r.url));
	for (size_t i = 0; i < r.headers.n; i += strlen(r.headers.data + i) + 1)
		buf_printf(&out, "%s\n", r.headers.data + i);
	buf_putc(&out, '\n');
	buf_put(&out, r.body.data, r.body.n);
	text = mem_text(buf_text(&out));
	buf_done(&out);
	push_request_done(&r);
	return text;
}

static void
check(const struct push_target *t, const struct alert_message *m, const char *expected)
{
	char *got = request_of(t, m);

	assert_string_equal(got, expected);
	free(got);
}

static void
check_has(const struct push_target *t, const struct alert_message *m, const char *expected)
{
	char *got = request_of(t, m);

	if (strstr(got, expected) == NULL)
		fail_msg("no %s in %s", expected, got);
	free(got);
}

static void
test_ntfy(void **state)
{
	struct push_target t = { .shape = PUSH_SHAPE_NTFY,
		.url = "https://ntfy.lab/",
		.to = "lab-7",
		.secret = "tk_abc" };
	struct alert_message m = message();

	check(&t, &m,
		"POST https://ntfy.lab/\n"
		"Content-Type: application/json\n"
		"Authorization: Bearer tk_abc\n"
		"\n"
		"{\"topic\":\"lab-7\",\"title\":\"methanation: bed too hot\","
		"\"message\":\"T_bed 655.3 degC, limit 650\\nDo: close the hydrogen.\","
		"\"priority\":5,\"tags\":[\"rotating_light\"],\"click\":\"https://bench.lab/\"}");
	t.user = "anna";
	m.what = ALERT_CLEARED;
	m.page = NULL;
	check(&t, &m,
		"POST https://ntfy.lab/\n"
		"Content-Type: application/json\n"
		"Authorization: Basic YW5uYTp0a19hYmM=\n"
		"\n"
		"{\"topic\":\"lab-7\",\"title\":\"methanation: bed too hot\","
		"\"message\":\"T_bed 655.3 degC, limit 650\\nDo: close the hydrogen.\","
		"\"priority\":3,\"tags\":[\"white_check_mark\"]}");
	t.user = t.secret = NULL;
	t.url = "http://127.0.0.1:8080";
	m.what = ALERT_RAISED;
	m.priority = 0;
	m.text = "";
	check(&t, &m,
		"POST http://127.0.0.1:8080/\n"
		"Content-Type: application/json\n"
		"\n"
		"{\"topic\":\"lab-7\",\"title\":\"methanation: bed too hot\","
		"\"message\":\"methanation: bed too hot\",\"priority\":2,\"tags\":[\"warning\"]}");
}

static void
test_gotify(void **state)
{
	struct push_target t = {
		.shape = PUSH_SHAPE_GOTIFY, .url = "https://gotify.lab", .secret = "Axyz"
	};
	struct alert_message m = message();

	m.priority = 2;
	check(&t, &m,
		"POST https://gotify.lab/message\n"
		"X-Gotify-Key: Axyz\n"
		"Content-Type: application/json\n"
		"\n"
		"{\"title\":\"methanation: bed too hot\","
		"\"message\":\"T_bed 655.3 degC, limit 650\\nDo: close the hydrogen.\","
		"\"priority\":8,\"extras\":{\"client::display\":{\"contentType\":\"text/plain\"},"
		"\"client::notification\":{\"click\":{\"url\":\"https://bench.lab/\"}}}}");
}

static void
test_pushover(void **state)
{
	struct push_target t = {
		.shape = PUSH_SHAPE_PUSHOVER, .url = "", .to = "uKey", .secret = "aToken"
	};
	struct alert_message m = message();

	check(&t, &m,
		"POST https://api.pushover.net/1/messages.json\n"
		"Content-Type: application/x-www-form-urlencoded\n"
		"\n"
		"token=aToken&user=uKey&title=methanation%3A%20bed%20too%20hot"
		"&message=T_bed%20655.3%20degC%2C%20limit%20650%0ADo%3A%20close%20the%20hydrogen."
		"&priority=2&retry=60&expire=3600&timestamp=1735027200"
		"&url=https%3A%2F%2Fbench.lab%2F");
	m.what = ALERT_ACKED;
	m.text = "à";
	m.page = "";
	check(&t, &m,
		"POST https://api.pushover.net/1/messages.json\n"
		"Content-Type: application/x-www-form-urlencoded\n"
		"\n"
		"token=aToken&user=uKey&title=methanation%3A%20bed%20too%20hot&message=%C3%A0"
		"&priority=-1&timestamp=1735027200");
}

static void
test_telegram(void **state)
{
	struct push_target t = {
		.shape = PUSH_SHAPE_TELEGRAM, .to = "-100123", .secret = "4711:AAE_x-y"
	};
	struct alert_message m = message();

	check(&t, &m,
		"POST https://api.telegram.org/bot4711:AAE_x-y/sendMessage\n"
		"Content-Type: application/json\n"
		"\n"
		"{\"chat_id\":-100123,\"text\":\"methanation: bed too hot\\n\\n"
		"T_bed 655.3 degC, limit 650\\nDo: close the hydrogen.\","
		"\"disable_notification\":false,\"disable_web_page_preview\":true}");
	t.to = "@lab";
	t.secret = "a/../b?c";
	m.what = ALERT_CLEARED;
	check_has(&t, &m, "/bota%2F..%2Fb%3Fc/sendMessage\n");
	check_has(&t, &m, "\"chat_id\":\"@lab\"");
	check_has(&t, &m, "\"disable_notification\":true");
}

static void
test_webhook(void **state)
{
	struct push_target t = {
		.shape = PUSH_SHAPE_WEBHOOK, .url = "https://hook.lab/mbc?x=1", .secret = "Geheim1"
	};
	struct alert_message m = message();

	check(&t, &m,
		"POST https://hook.lab/mbc?x=1\n"
		"Content-Type: application/json\n"
		"Idempotency-Key: methanation-4-17\n"
		"X-Timestamp: 1735027260\n"
		"X-Signature: "
		"sha256=395e12bf346bd9491dbd1e0fd02a4dab5df580fb5de46aa9012955e4d9deea8c\n"
		"\n"
		"{\"id\":\"methanation-4-17\",\"event\":\"raised\",\"alarm\":\"bed_hot\","
		"\"priority\":\"critical\",\"value\":655.3,\"limit\":null,\"unit\":\"degC\","
		"\"time\":\"2024-12-24T08:00:00.000Z\",\"site\":\"methanation\",\"seq\":17,"
		"\"notice\":\"4\",\"subject\":\"methanation: bed too hot\","
		"\"text\":\"T_bed 655.3 degC, limit 650\\nDo: close the hydrogen.\","
		"\"page\":\"https://bench.lab/\"}");
	t.url = "https://hook.lab/{secret}";
	t.template = "{\"m\": \"{subject} \\\"{text}\\\"\", \"v\": {value}, \"l\": {limit}, "
		     "\"x\": {\"n\": {seq}}, \"e\": \"{event}/{unit}/{language}\"}";
	m.text = "a \"b\"\n\\";
	m.value = (double)NAN;
	m.limit = 650;
	m.has_limit = true;
	m.what = ALERT_TEST;
	check(&t, &m,
		"POST https://hook.lab/Geheim1\n"
		"Content-Type: application/json\n"
		"Idempotency-Key: methanation-4-17\n"
		"X-Timestamp: 1735027260\n"
		"\n"
		"{\"m\": \"methanation: bed too hot \\\"a \\\"b\\\"\\n\\\\\\\"\", \"v\": null, "
		"\"l\": 650, \"x\": {\"n\": 17}, \"e\": \"test/degC/en\"}");
}

static void
test_templates(void **state)
{
	struct err err = { .msg = "" };

	assert_int_equal(push_template_check(
				 "{\"a\": \"{text}\", \"b\": {}, \"c\": {\"d\": {value}}}", &err),
		0);
	assert_int_equal(push_template_check("", &err), 0);
	assert_int_equal(push_template_check("{\"a\": \"{txet}\"}", &err), ERR_CONF);
	assert_non_null(strstr(err.msg, "{txet} stands for nothing; known are {alarm}"));
	assert_non_null(strstr(err.msg, "{value}"));
}

static void
test_text(void **state)
{
	struct push_target t = { .shape = PUSH_SHAPE_TEXT,
		.url = "https://hooks.slack.com/services/{secret}",
		.secret = "T0/B0/xyz" };
	struct alert_message m = message();

	m.text = "<!channel> a & b";
	check(&t, &m,
		"POST https://hooks.slack.com/services/T0/B0/xyz\n"
		"Content-Type: application/json\n"
		"\n"
		"{\"text\":\"methanation: bed too hot\\n\\n&lt;!channel&gt; a &amp; b\"}");
}

static void
test_eedomus(void **state)
{
	struct push_target t = { .shape = PUSH_SHAPE_EEDOMUS,
		.url = "http://192.168.1.20",
		.to = "104455",
		.user = "USER01",
		.secret = "XXXXXXXXXXXXXXXX",
		.value = "100",
		.value_over = "0" };
	struct alert_message m = message();
	struct push_request r = { 0 };
	struct err err;

	check(&t, &m,
		"GET http://192.168.1.20/api/"
		"set?action=periph.value&periph_id=104455&value=100&api_user=USER01&api_secret="
		"XXXXXXXXXXXXXXXX\n\n");
	t.url = "https://api.eedomus.com/";
	m.what = ALERT_CLEARED;
	check(&t, &m,
		"GET https://api.eedomus.com/"
		"set?action=periph.value&periph_id=104455&value=0&api_user=USER01&api_secret="
		"XXXXXXXXXXXXXXXX\n\n");
	t.url = "http://127.0.0.1:8/cloud/set";
	t.user = NULL;
	t.value_over = "a b&c";
	check(&t, &m,
		"GET http://127.0.0.1:8/cloud/"
		"set?action=periph.value&periph_id=104455&value=a%20b%26c\n\n");
	/* Nothing to tell. */
	t.value_over = "";
	assert_int_equal(push_shape(&r, &t, &m, NOW, &err), 1);
	m.what = ALERT_ACKED;
	assert_int_equal(push_shape(&r, &t, &m, NOW, &err), 1);
	push_request_done(&r);
}

static void
test_wrong_targets(void **state)
{
	static const char *const keys[] = { "to", "url", "secret" };
	struct alert_message m = message();
	struct push_request r = { 0 };
	struct err err;

	for (int shape = 0; shape < PUSH_SHAPES; shape++)
		for (size_t i = 0; i < NELEM(keys); i++) {
			struct push_target t = { .shape = (enum push_shape)shape,
				.url = "https://x",
				.to = "7",
				.secret = "s3cr",
				.value = "1" };
			const char **field = i == 0 ? &t.to : i == 1 ? &t.url : &t.secret;

			assert_int_equal(push_shape(&r, &t, &m, NOW, &err), 0);
			*field = "a\r\nX-Evil: 1";
			assert_int_equal(push_shape(&r, &t, &m, NOW, &err), ERR_CONF);
			*field = "";
			if (push_shape(&r, &t, &m, NOW, &err) == ERR_CONF)
				assert_non_null(strstr(err.msg, "missing"));
		}
	push_request_done(&r);
}

/* Whatever stands in a message, the body is JSON of UTF-8 within its limits. */
static void
test_limits(void **state)
{
	static const size_t most[PUSH_SHAPES] = { 4096, 4096, 1024, 4096, 8000, 4000, 0 };
	struct alert_message m = message();
	char *huge = mem_zero(60000, 1);

	for (size_t i = 0; i + 4 < 60000; i += 4)
		memcpy(huge + i, "\xF0\x9F\x94\xA5", 4);
	m.text = m.subject = m.bench = m.alarm = m.unit = huge;
	for (int shape = 0; shape < PUSH_SHAPES; shape++) {
		struct push_target t = { .shape = (enum push_shape)shape,
			.url = "https://x",
			.to = "7",
			.secret = "s3cr",
			.value = "1" };
		char *got = request_of(&t, &m);
		const char *body = strstr(got, "\n\n") + 2;
		size_t fires = 0;

		assert_int_equal(text_utf8(got, strlen(got)), strlen(got));
		for (const char *at = body; (at = strstr(at, "\xF0\x9F\x94\xA5")) != NULL; at++)
			fires++;
		for (const char *at = body; (at = strstr(at, "%F0%9F%94%A5")) != NULL; at++)
			fires++;
		if (shape == PUSH_SHAPE_TELEGRAM)
			assert_int_equal(fires, 249 + (4096 - (2 * 249 + 1) - 2 - 1) / 2);
		else if (shape == PUSH_SHAPE_TEXT)
			assert_int_equal(fires, 4000 - 2 - 2); /* two marks, two line ends */
		else if (shape == PUSH_SHAPE_PUSHOVER)
			assert_int_equal(fires, 1023 + 249);
		else if (shape == PUSH_SHAPE_NTFY)
			assert_int_equal(fires, (4096 - 3) / 4 + 249);
		assert_true(most[shape] == 0 || fires > 0);
		free(got);
	}
	free(huge);
}

static void
test_sign(void **state)
{
	char hex[SHA256_HEX + 1], key[131];

	/* RFC 4231, cases 1, 2 and 6 */
	memset(key, 0x0b, 20);
	sign_hex(hex, key, 20, "Hi", 2, " There", 6);
	assert_string_equal(
		hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	sign_hex(hex, "Jefe", 4, "what do ya want for nothing?", 28, NULL, 0);
	assert_string_equal(
		hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	sign_hex(hex, key, sizeof(key), NULL, 0,
		"Test Using Larger Than Block-Size Key - Hash Key First", 54);
	assert_string_equal(
		hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* ---- answers ---- */

static struct alert_verdict
judge_after(enum push_shape shape, long status, const char *body, const char *after)
{
	struct push_answer a = { status, after, NOW, body, strlen(body) };
	struct alert_verdict v;

	push_judge(shape, &a, &v);
	return v;
}

static struct alert_verdict
judge(enum push_shape shape, long status, const char *body)
{
	return judge_after(shape, status, body, "");
}

static void
test_statuses(void **state)
{
	static const struct {
		long status;
		enum alert_result result;
	} cases[] = { { 200, ALERT_SENT }, { 202, ALERT_SENT }, { 204, ALERT_SENT },
		{ 301, ALERT_PERMANENT }, { 307, ALERT_PERMANENT }, { 400, ALERT_PERMANENT },
		{ 401, ALERT_PERMANENT }, { 403, ALERT_PERMANENT }, { 404, ALERT_PERMANENT },
		{ 408, ALERT_TEMPORARY }, { 410, ALERT_PERMANENT }, { 413, ALERT_PERMANENT },
		{ 422, ALERT_PERMANENT }, { 425, ALERT_TEMPORARY }, { 429, ALERT_TEMPORARY },
		{ 500, ALERT_TEMPORARY }, { 502, ALERT_TEMPORARY }, { 503, ALERT_TEMPORARY },
		{ 504, ALERT_TEMPORARY }, { 999, ALERT_TEMPORARY } };

	for (size_t i = 0; i < NELEM(cases); i++)
		for (int shape = 0; shape < PUSH_SHAPES; shape++) {
			struct alert_verdict v = judge((enum push_shape)shape, cases[i].status, "");
			bool is_exact = shape == PUSH_SHAPE_WEBHOOK || shape == PUSH_SHAPE_TEXT;

			if (!is_exact && cases[i].status < 300)
				assert_int_equal(v.result, ALERT_UNCERTAIN); /* no word of it */
			else if (shape != PUSH_SHAPE_PUSHOVER || cases[i].status != 429)
				assert_int_equal(v.result, cases[i].result);
			assert_int_equal(v.is_gone, cases[i].status == 410);
			assert_true((v.result == ALERT_SENT) == (v.text[0] == '\0'));
			assert_true((v.result == ALERT_SENT) == (v.remedy[0] == '\0'));
		}
}

static int64_t
wait_s(const char *after)
{
	return judge_after(PUSH_SHAPE_WEBHOOK, 503, "", after).wait_ns / NS_PER_S;
}

static void
test_retry_after(void **state)
{
	assert_int_equal(wait_s("120"), 120);
	assert_int_equal(wait_s(" 7\r\n"), 7);
	assert_int_equal(wait_s(""), 0);
	assert_int_equal(wait_s("-5"), 0);
	assert_int_equal(wait_s("soon"), 0);
	assert_int_equal(wait_s("99999999999999999999999"), 86400);
	assert_int_equal(wait_s("999999999"), 86400);
	assert_int_equal(wait_s("Tue, 24 Dec 2024 08:02:30 GMT"), 90);
	assert_int_equal(wait_s("Tue, 24 Dec 2024 07:00:00 GMT"), 0);
	assert_int_equal(wait_s("Sat, 29 Feb 2025 08:00:00 GMT"), 86400);
	assert_int_equal(wait_s("Tue, 24 Dez 2024 08:02:30 GMT"), 0);
	assert_int_equal(wait_s("Tue, 24 Dec 2024 08:02"), 0);
	assert_int_equal(wait_s("Tue, 00 Dec 2024 08:02:30 GMT"), 0);
	/* It counts only where later helps. */
	assert_true(judge_after(PUSH_SHAPE_WEBHOOK, 400, "", "9").wait_ns == 0);
}

static void
test_services(void **state)
{
	struct alert_verdict v =
		judge(PUSH_SHAPE_NTFY, 200, "{\"id\":\"sPs71M8A2T\",\"event\":\"message\"}\n");

	assert_int_equal(v.result, ALERT_SENT);
	assert_string_equal(v.receipt, "sPs71M8A2T");
	v = judge(PUSH_SHAPE_NTFY, 429,
		"{\"code\":42901,\"http\":429,\"error\":\"limit reached: too many requests\"}");
	assert_int_equal(v.result, ALERT_TEMPORARY);
	assert_string_equal(v.text, "HTTP status 429: limit reached: too many requests");
	v = judge(PUSH_SHAPE_NTFY, 200, "<html>Welcome to the guest network</html>");
	assert_int_equal(v.result, ALERT_UNCERTAIN);
	assert_non_null(strstr(v.remedy, "proxy"));

	assert_string_equal(judge(PUSH_SHAPE_GOTIFY, 200, "{\"id\":25,\"appid\":5}").receipt, "25");
	v = judge(PUSH_SHAPE_GOTIFY, 401,
		"{\"error\":\"Unauthorized\",\"errorCode\":401,\"errorDescription\":\"you need to "
		"provide a valid access token or user credentials to access this api\"}");
	assert_int_equal(v.result, ALERT_PERMANENT);
	assert_non_null(strstr(v.text, "valid access token"));
	assert_non_null(strstr(v.remedy, "application"));

	v = judge(PUSH_SHAPE_PUSHOVER, 200,
		"{\"receipt\":\"rLqVuqTRh62UzxtmqiaLzQmVcPgiCy\",\"status\":1,\"request\":\"e4\"}");
	assert_int_equal(v.result, ALERT_SENT);
	assert_string_equal(v.receipt, "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy");
	assert_string_equal(
		judge(PUSH_SHAPE_PUSHOVER, 200, "{\"status\":1,\"request\":\"e4\"}").receipt, "e4");
	v = judge(PUSH_SHAPE_PUSHOVER, 400,
		"{\"user\":\"invalid\",\"errors\":[\"user identifier is invalid\"],\"status\":0}");
	assert_int_equal(v.result, ALERT_PERMANENT);
	assert_string_equal(v.text, "HTTP status 400: user identifier is invalid");
	assert_int_equal(judge(PUSH_SHAPE_PUSHOVER, 200, "{\"status\":0}").result, ALERT_PERMANENT);
	assert_int_equal(judge(PUSH_SHAPE_PUSHOVER, 429, "{}").result, ALERT_PERMANENT);

	v = judge(PUSH_SHAPE_TELEGRAM, 200, "{\"ok\":true,\"result\":{\"message_id\":815}}");
	assert_int_equal(v.result, ALERT_SENT);
	assert_string_equal(v.receipt, "815");
	v = judge(PUSH_SHAPE_TELEGRAM, 429,
		"{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after "
		"14\",\"parameters\":{\"retry_after\":14}}");
	assert_int_equal(v.result, ALERT_TEMPORARY);
	assert_true(v.wait_ns == 14 * NS_PER_S);
	v = judge(PUSH_SHAPE_TELEGRAM, 400,
		"{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: group chat was "
		"upgraded to a supergroup chat\",\"parameters\":{\"migrate_to_chat_id\":-1007}}");
	assert_int_equal(v.result, ALERT_PERMANENT);
	assert_non_null(strstr(v.remedy, "-1007"));
	assert_non_null(strstr(judge(PUSH_SHAPE_TELEGRAM, 403, "{}").remedy, "may not begin"));
	assert_int_equal(judge(PUSH_SHAPE_TELEGRAM, 200, "{\"ok\":1}").result, ALERT_UNCERTAIN);

	v = judge(PUSH_SHAPE_TEXT, 404, "no_service");
	assert_string_equal(v.text, "HTTP status 404: no_service");
	assert_true(judge(PUSH_SHAPE_TEXT, 410, "channel_is_archived").is_gone);
	assert_int_equal(judge(PUSH_SHAPE_TEXT, 200, "ok").result, ALERT_SENT);
	v = judge(PUSH_SHAPE_TEXT, 200,
		"Webhook message delivery failed with error: Microsoft Teams endpoint returned "
		"HTTP "
		"error 429 with ContextId x");
	assert_int_equal(v.result, ALERT_TEMPORARY);
	assert_int_equal(judge(PUSH_SHAPE_TEXT, 200, "HTTP error 403").result, ALERT_PERMANENT);
	assert_int_equal(judge(PUSH_SHAPE_TEXT, 200, "HTTP error 4").result, ALERT_SENT);
	v = judge(PUSH_SHAPE_WEBHOOK, 500, "<html>\x1b[2J</html>");
	assert_string_equal(v.text, "HTTP status 500");
	v = judge(PUSH_SHAPE_WEBHOOK, 500, "bad token=Geheim1\x1b[2J\xff");
	assert_string_equal(v.text, "HTTP status 500: bad token=*** [2J?");
}

static void
test_eedomus_answers(void **state)
{
	static const char *const good[] = { "{\"success\":1,\"body\":{\"result\":\"x\"}}",
		"{\"success\": \"1\"}", "{\"success\":true}",
		"{\"success\":1,\"body\":{\"result\":\"l\\'\xE9t\xE9\"}}",
		"{ \"success\": 1, \"x\": \"\\\\\\'\" }" };
	struct alert_verdict v;

	for (size_t i = 0; i < NELEM(good); i++)
		assert_int_equal(judge(PUSH_SHAPE_EEDOMUS, 200, good[i]).result, ALERT_SENT);
	v = judge(PUSH_SHAPE_EEDOMUS, 200,
		"{\"success\":0,\"body\":{\"error_code\":1,\"error_msg\":\"Authentification "
		"error.\"}}");
	assert_int_equal(v.result, ALERT_PERMANENT);
	assert_string_equal(v.text, "HTTP status 200: Authentification error.");
	assert_non_null(strstr(v.remedy, "api_secret"));
	v = judge(PUSH_SHAPE_EEDOMUS, 200,
		"{\"success\":\"0\",\"body\":{\"error_code\":\"6\",\"error_msg\":\"Valeur refus\xE9"
		"e pour l\\'\xE9tat\"}}");
	assert_int_equal(v.result, ALERT_PERMANENT);
	assert_string_equal(v.text, "HTTP status 200: Valeur refus\xC3\xA9"
				    "e pour l'\xC3\xA9tat");
	assert_non_null(strstr(v.remedy, "list"));
	assert_int_equal(judge(PUSH_SHAPE_EEDOMUS, 200, "{\"success\":2}").result, ALERT_UNCERTAIN);
	assert_int_equal(judge(PUSH_SHAPE_EEDOMUS, 200, "{\"success\":").result, ALERT_UNCERTAIN);
	assert_int_equal(judge(PUSH_SHAPE_EEDOMUS, 200, "[[[[").result, ALERT_UNCERTAIN);
	assert_int_equal(judge(PUSH_SHAPE_EEDOMUS, 502, "").result, ALERT_TEMPORARY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ntfy),
		cmocka_unit_test(test_gotify),
		cmocka_unit_test(test_pushover),
		cmocka_unit_test(test_telegram),
		cmocka_unit_test(test_webhook),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_eedomus),
		cmocka_unit_test(test_wrong_targets),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_eedomus_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
