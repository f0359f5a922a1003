/* test_sms_socket.c - short messages as lines over TCP: out, in, refused, silent, cut off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "alert/sms_socket.h"

#define NUMBER "+491701234567"
#define T0 (100 * NS_PER_S)

static struct sms_socket s;
static struct sms_event event;
static char wrote[SMS_SOCKET_OUT + 1];

static const char *
run(int64_t now_ns)
{
	struct sms_socket_out out;

	sms_socket_run(&s, now_ns, &out);
	assert_true(out.wake_ns > now_ns);
	memcpy(wrote, out.bytes, out.n);
	wrote[out.n] = '\0';
	return wrote;
}

static void
say(const char *text)
{
	for (; *text != '\0'; text++) /* byte by byte */
		sms_socket_bytes(&s, T0, text, 1);
}

static const struct sms_event *
next(enum sms_event_kind kind)
{
	do
		assert_true(sms_socket_event(&s, &event));
	while (event.kind == SMS_EVENT_STATE && kind != SMS_EVENT_STATE);
	assert_int_equal(event.kind, kind);
	return &event;
}

static void
begin(void)
{
	sms_socket_init(&s, &(struct sms_socket_options){ .register_letter = 'P', .prefix = "/" });
	sms_socket_opened(&s, T0);
	assert_string_equal(run(T0), "$PCALP,/\n");
	say("$PCALR,+OK\r\n");
	assert_int_equal(s.state, SMS_STATE_READY);
}

static void
send_text(uint64_t ticket, const char *text)
{
	struct err err;

	assert_int_equal(
		sms_socket_send(&s, T0, T0 + 600 * NS_PER_S, ticket, NUMBER, text, &err), 0);
}

static void
test_send(void **state)
{
	char text[250];

	begin();
	send_text(7, "Temp. 23 °C, \n4 €");
	assert_string_equal(run(T0), "$PCALD," NUMBER ",Temp. 23 degC,  4 EUR\n");
	say("noise$PCALR,+OK\n");
	assert_int_equal(next(SMS_EVENT_SENT)->ticket, 7);
	memset(text, 'a', 249);
	text[249] = '\0';
	send_text(8, text);
	assert_int_equal(strlen(run(T0)), strlen("$PCALD," NUMBER ",\n") + 160);
	assert_string_equal(run(T0), ""); /* one at a time */
	say("$PCALR,+OK\n");
	assert_int_equal(strncmp(run(T0), "$PCALD," NUMBER ",2/2 aaa", 28), 0);
	say("$PCALR,+OK\n");
	assert_int_equal(next(SMS_EVENT_SENT)->parts, 2);
}

static void
test_refused_silent_cut(void **state)
{
	struct err err;

	begin();
	send_text(7, "x");
	run(T0);
	say("$PCALR,-ERR no network\n");
	assert_int_equal(next(SMS_EVENT_FAILED)->ticket, 7);
	assert_non_null(strstr(event.text, "no network"));
	send_text(8, "y");
	run(T0);
	run(T0 + 31 * NS_PER_S);
	assert_int_equal(next(SMS_EVENT_UNCERTAIN)->ticket, 8);
	/* Its late answer is not that of the next, which waits. */
	send_text(9, "z");
	assert_string_equal(run(T0 + 32 * NS_PER_S), "");
	say("$PCALR,+OK\n");
	assert_int_equal(strncmp(run(T0 + 45 * NS_PER_S), "$PCALD", 6), 0);
	sms_socket_closed(&s, T0);
	assert_int_equal(next(SMS_EVENT_UNCERTAIN)->ticket, 9);
	/* What was not begun goes over the next connection, or fails in its time. */
	send_text(10, "a");
	run(T0);
	sms_socket_opened(&s, T0);
	assert_string_equal(run(T0), "$PCALP,/\n");
	say("$PCALR,+OK\n");
	assert_string_equal(run(T0), "$PCALD," NUMBER ",a\n");
	say("$PCALR,+OK\n");
	assert_int_equal(next(SMS_EVENT_SENT)->ticket, 10);
	sms_socket_closed(&s, T0);
	send_text(11, "b");
	run(T0 + 601 * NS_PER_S);
	assert_int_equal(next(SMS_EVENT_FAILED)->ticket, 11);
	assert_int_equal(sms_socket_send(&s, T0, NEVER, 1, "x", "x", &err), ERR_CONF);
}

static void
test_received(void **state)
{
	begin();
	say("$PCALD," NUMBER ",26-11-28,12:20:31,/output a=1, b\n");
	assert_string_equal(next(SMS_EVENT_RECEIVED)->number, NUMBER);
	assert_string_equal(event.message, "/output a=1, b");
	assert_int_equal(event.stamp_s, 1795875631 - 7200);
	assert_false(event.is_repeat);
	say("$PCALD," NUMBER ",26-11-28,12:20:31,/output a=1, b\n");
	assert_true(next(SMS_EVENT_RECEIVED)->is_repeat);
	say("$PCALD,x,26-13-28,12:20:31,t\n"); /* no date */
	assert_int_equal(next(SMS_EVENT_RECEIVED)->stamp_s, 0);
	say("$PCALD," NUMBER ",26-11-28\n$PCALD,,,,\n$PCALX,1\n$PCALR\n");
	assert_false(sms_socket_event(&s, &event));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_refused_silent_cut),
		cmocka_unit_test(test_received),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
