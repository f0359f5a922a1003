/* test_sms_command.c - what is asked by short message: our words, the modem's own, and all that is refused as a whole */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "alert/sms_command.h"

static void
test_good(void **state)
{
	static const struct {
		const char *text;
		enum sms_command_kind kind;
		const char *name, *password, *code;
	} cases[] = {
		{ "/status", SMS_COMMAND_STATUS, "", "", "" },
		{ "/STATUS", SMS_COMMAND_STATUS, "", "", "" },
		{ "  /Status\r\n", SMS_COMMAND_STATUS, "", "", "" },
		{ "/iostatus pw=Secret", SMS_COMMAND_IOSTATUS, "", "Secret", "" },
		{ "/iostatus PW=a=b", SMS_COMMAND_IOSTATUS, "", "a=b", "" },
		{ "/value reactor_T", SMS_COMMAND_VALUE_OF, "reactor_T", "", "" },
		{ "/value oven.pv 123456", SMS_COMMAND_VALUE_OF, "oven.pv", "", "123456" },
		{ "/ack 12345678 high_p", SMS_COMMAND_ACK, "high_p", "", "12345678" },
		{ "/safe code=012345 pw=x", SMS_COMMAND_SAFE, "", "x", "012345" },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct sms_command c;

		assert_int_equal(sms_command_take(cases[i].text, &c), SMS_COMMAND_GOOD);
		assert_int_equal(c.kind, cases[i].kind);
		assert_string_equal(c.name, cases[i].name);
		assert_string_equal(c.password, cases[i].password);
		assert_string_equal(c.code, cases[i].code);
		assert_int_equal(c.n, 0);
	}
}

static void
test_outputs(void **state)
{
	struct sms_command c;

	assert_int_equal(sms_command_take("/output valve=on heater.sp=21.5 code=123456", &c),
		SMS_COMMAND_GOOD);
	assert_int_equal(c.n, 2);
	assert_false(c.outputs[0].is_relay);
	assert_string_equal(c.outputs[0].name, "valve");
	assert_string_equal(c.outputs[0].value, "on");
	assert_string_equal(c.outputs[1].name, "heater.sp");
	assert_string_equal(c.outputs[1].value, "21.5");
	assert_int_equal(
		sms_command_take("/OUTPUT pw=P r1=0 RLY2=1 Relay3=1", &c), SMS_COMMAND_GOOD);
	assert_int_equal(c.n, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(c.outputs[i].is_relay);
		assert_int_equal(c.outputs[i].relay, i + 1);
		assert_int_equal(c.outputs[i].is_open, i > 0);
	}
	assert_string_equal(c.password, "P");
	/* A name that only begins like a relay. */
	assert_int_equal(sms_command_take("/output rate=5", &c), SMS_COMMAND_GOOD);
	assert_false(c.outputs[0].is_relay);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text;
		enum sms_refusal refusal;
	} cases[] = {
		{ "", SMS_COMMAND_NONE },
		{ "hello", SMS_COMMAND_NONE },
		{ "status", SMS_COMMAND_NONE },
		{ "/", SMS_COMMAND_UNKNOWN },
		{ "/ status", SMS_COMMAND_UNKNOWN },
		{ "/stat", SMS_COMMAND_UNKNOWN },
		{ "/statuspw=x", SMS_COMMAND_UNKNOWN },
		{ "/reset pw=P", SMS_COMMAND_NOT_HERE },
		{ "/IPSECSTART", SMS_COMMAND_NOT_HERE },
		{ "/status now", SMS_COMMAND_BAD_WORD },
		{ "/status a=b", SMS_COMMAND_BAD_WORD },
		{ "/status pw=", SMS_COMMAND_BAD_WORD },
		{ "/status 12345", SMS_COMMAND_BAD_WORD },
		{ "/status code=12345x", SMS_COMMAND_BAD_WORD },
		{ "/status 123456789", SMS_COMMAND_BAD_WORD },
		{ "/status pw=a pw=a", SMS_COMMAND_TWICE },
		{ "/status 123456 123456", SMS_COMMAND_TWICE },
		{ "/value", SMS_COMMAND_WANTS_NAME },
		{ "/ack pw=x", SMS_COMMAND_WANTS_NAME },
		{ "/value a b", SMS_COMMAND_BAD_WORD },
		{ "/value 1a", SMS_COMMAND_WANTS_NAME },
		{ "/value a..b", SMS_COMMAND_WANTS_NAME },
		{ "/value ../x", SMS_COMMAND_WANTS_NAME },
		{ "/output", SMS_COMMAND_WANTS_OUTPUT },
		{ "/output valve on", SMS_COMMAND_BAD_WORD },
		{ "/output valve=", SMS_COMMAND_WANTS_OUTPUT },
		{ "/output =1", SMS_COMMAND_WANTS_OUTPUT },
		{ "/output valve = 1", SMS_COMMAND_BAD_WORD },
		{ "/output r0=1", SMS_COMMAND_BAD_RELAY },
		{ "/output r1=2", SMS_COMMAND_BAD_RELAY },
		{ "/output r1=on", SMS_COMMAND_BAD_RELAY },
		{ "/output r99999999999999999999=1", SMS_COMMAND_BAD_RELAY },
		{ "/output r1=0 rly1=1", SMS_COMMAND_TWICE },
		{ "/output a=1 a=1", SMS_COMMAND_TWICE },
		{ "/output a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1", SMS_COMMAND_TOO_MANY },
		{ "/output a=123456789012345678901234567890123", SMS_COMMAND_TOO_LONG },
		{ "/status pw=123456789012345678901234567890123456789012345",
			SMS_COMMAND_TOO_LONG },
		{ "/output a=1 /safe", SMS_COMMAND_BAD_WORD },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct sms_command c = { .n = 77 };

		assert_int_equal(sms_command_take(cases[i].text, &c), cases[i].refusal);
		assert_int_equal(c.n, 77);
		assert_int_equal(sms_command_refusal(cases[i].refusal)[0] != '\0',
			cases[i].refusal != SMS_COMMAND_NONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
