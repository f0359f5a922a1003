/* test_sms_pdu.c - short messages as bytes: the vectors of the standard's readers, every length wrong once, numbers, stamps, codings */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "alert/gsm7.h"
#include "alert/sms_parts.h"
#include "alert/sms_pdu.h"

static const char *
hex_of(const char *number, const struct sms_body *body, bool wants_report)
{
	static char hex[2 * SMS_PDU_MAX + 1];
	struct sms_submit s = { .number = number,
		.wants_report = wants_report,
		.validity = sms_validity(24 * 60),
		.body = body };
	uint8_t bytes[SMS_PDU_MAX];
	struct err err = { 0 };
	int n = sms_submit_put(&s, bytes, &err);

	assert_true(n > 0);
	sms_to_hex(bytes, (size_t)n, hex);
	return hex;
}

static struct sms_body
body_of(const char *text)
{
	struct sms_parts parts;

	sms_split(text, &(struct sms_split){ 0 }, &parts);
	assert_int_equal(parts.n, 1);
	return parts.part[0];
}

static void
test_submit(void **state)
{
	struct sms_body b = body_of("Alarm 7: P1 HIGH");

	assert_string_equal(hex_of("+491701234567", &b, false),
		"0011000C919471103254760000A710417658DE06DD7420680C844C1E91");
	assert_string_equal(hex_of("+491701234567", &b, true),
		"0031000C919471103254760000A710417658DE06DD7420680C844C1E91");
	b = body_of("Тест");
	assert_string_equal(hex_of("+491701234567", &b, false),
		"0011000C919471103254760008A7080422043504410442");
	b = (struct sms_body){ .coding = SMS_UCS2,
		.n = 14,
		.data = { 0, 'S', 0, 't', 0, 0xF6, 0, 'r', 0, 'u', 0, 'n', 0, 'g' } };
	assert_string_equal(hex_of("+491701234567", &b, false),
		"0011000C919471103254760008A70E0053007400F600720075006E0067");
	b = body_of("Part one");
	b.total = 2;
	b.part = 1;
	b.reference = 0x2A;
	assert_string_equal(hex_of("+491701234567", &b, false),
		"0051000C919471103254760000A70F0500032A0201A061391DF4769701");
	b = body_of("hi"); /* a national number, of an odd number of digits */
	assert_string_equal(hex_of("0170123", &b, false), "0011000781100721F30000A702E834");
}

static void
test_submit_refuses(void **state)
{
	struct sms_body b = { .coding = SMS_GSM7, .n = 160 };
	struct sms_submit s = { .number = "+491701234567", .body = &b };
	uint8_t bytes[SMS_PDU_MAX];
	struct err err;

	assert_true(sms_submit_put(&s, bytes, &err) > 0);
	b.total = b.part = 1;
	assert_int_equal(sms_submit_put(&s, bytes, &err), ERR_CONF);
	b.n = 153;
	assert_true(sms_submit_put(&s, bytes, &err) > 0);
	b.is_wide = true;
	assert_int_equal(sms_submit_put(&s, bytes, &err), ERR_CONF);
	b.n = 152;
	assert_true(sms_submit_put(&s, bytes, &err) > 0);
	b = (struct sms_body){ .coding = SMS_UCS2, .n = 142 };
	assert_int_equal(sms_submit_put(&s, bytes, &err), ERR_CONF);
	b.n = 140;
	assert_true(sms_submit_put(&s, bytes, &err) > 0);
	s.number = "+49 170";
	assert_int_equal(sms_submit_put(&s, bytes, &err), ERR_CONF);
}

static void
test_numbers(void **state)
{
	static const char *const good[] = { "+491701234567", "+1234567", "+123456789012345", "110",
		"01701234567", "123456789012345" };
	static const char *const bad[] = { "", "+", "+123456", "+0491701234567", "12",
		"+1234567890123456", "1234567890123456", "+49 170 1234567", "+49-170-1234", "*100#",
		"0170/1234567", "++491701234567", "+49170\"123", "0170\r1234567" };
	struct err err;

	for (size_t i = 0; i < NELEM(good); i++)
		assert_int_equal(sms_number_check(good[i], &err), 0);
	for (size_t i = 0; i < NELEM(bad); i++) {
		assert_int_equal(sms_number_check(bad[i], &err), ERR_CONF);
		assert_non_null(strchr(err.msg, ';')); /* the remedy */
	}
}

static void
test_validity(void **state)
{
	static const struct {
		uint32_t minutes;
		uint8_t octet;
	} cases[] = { { 0, 0 }, { 5, 0 }, { 6, 1 }, { 10, 1 }, { 720, 143 }, { 721, 144 },
		{ 750, 144 }, { 1440, 167 }, { 1441, 168 }, { 2880, 168 }, { 2881, 169 },
		{ 43200, 196 }, { 43201, 197 }, { 50400, 197 }, { 50401, 198 }, { 635040, 255 },
		{ 4000000000u, 255 } };

	for (size_t i = 0; i < NELEM(cases); i++)
		assert_int_equal(sms_validity(cases[i].minutes), cases[i].octet);
}

/* Bytes that end where their memory ends, so that a sanitizer sees a read beyond. */
static int
take_bytes(const uint8_t *in, size_t n, struct sms_incoming *out)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);
	struct err err = { 0 };
	int rc;

	assert_non_null(exact);
	if (n > 0)
		memcpy(exact, in, n);
	rc = sms_incoming_take(exact, n, out, &err);
	free(exact);
	return rc;
}

static int
take_hex(const char *hex, struct sms_incoming *out)
{
	uint8_t bytes[SMS_PDU_MAX];
	int n = sms_from_hex(hex, strlen(hex), bytes, sizeof(bytes));

	assert_true(n >= 0);
	return take_bytes(bytes, (size_t)n, out);
}

static void
test_deliver(void **state)
{
	struct sms_incoming in;
	char text[SMS_BODY_TEXT];

	/* 2026-11-28 14:20:31, +02:00 = 8 quarters */
	assert_int_equal(take_hex("07919471016700000"
				  "40C91947110325476000062118241021380"
				  "05E8329BFD06",
				 &in),
		0);
	assert_int_equal(in.kind, SMS_DELIVER);
	assert_string_equal(in.deliver.from, "+491701234567");
	assert_false(in.deliver.is_name);
	assert_true(in.deliver.has_stamp);
	assert_int_equal(in.deliver.stamp_s, 1795875631 - 7200);
	assert_false(in.deliver.is_flash);
	sms_body_text(&in.deliver.body, text, sizeof(text));
	assert_string_equal(text, "hello");
}

static void
test_senders(void **state)
{
	struct sms_incoming in;

	/* national, five digits */
	assert_int_equal(take_hex("000405812143F500006211824102138000", &in), 0);
	assert_string_equal(in.deliver.from, "12345");
	/* a name: "Vodafone" packed takes 7 bytes, 14 half ones */
	assert_int_equal(take_hex("00040ED0D637396C7EBBCB00006211824102138000", &in), 0);
	assert_string_equal(in.deliver.from, "Vodafone");
	assert_true(in.deliver.is_name);
	/* no digits at all */
	assert_int_equal(take_hex("0004008100006211824102138000", &in), 0);
	assert_string_equal(in.deliver.from, "");
	/* 21 digits are more than there may be */
	assert_int_equal(
		take_hex("000415812143658709214365870921F100006211824102138000", &in), ERR_PROTO);
}

/* Each start of a good message is none, and neither is one with a byte more. */
static void
test_every_length(void **state)
{
	static const char *const good[] = {
		"0791947101670000040C9194711032547600006211824102138005E8329BFD06",
		"0791947101670000040C919471103254760008621182410213800400410042",
		"0791947101670000440C9194711032547600006211824102138010050003070201"
		"A8E5391D14A697E5",
		"07919471016700000605"
		"0C919471103254766211824102138062118241021380"
		"00",
	};

	for (size_t i = 0; i < NELEM(good); i++) {
		uint8_t bytes[SMS_PDU_MAX];
		struct sms_incoming in;
		int n = sms_from_hex(good[i], strlen(good[i]), bytes, sizeof(bytes));

		assert_true(n > 0);
		assert_int_equal(take_bytes(bytes, (size_t)n, &in), 0);
		for (size_t cut = 0; cut < (size_t)n; cut++)
			assert_int_equal(take_bytes(bytes, cut, &in), ERR_PROTO);
		if (i < 2) {
			bytes[n] = 0;
			assert_int_equal(take_bytes(bytes, (size_t)n + 1, &in), ERR_PROTO);
		}
	}
}

static void
test_stamps(void **state)
{
	static const struct {
		const char *stamp;
		int64_t s; /* -1: no date */
	} cases[] = {
		{ "00101000000000", 946684800 },         /* 2000-01-01 */
		{ "62118241021380", 1795875631 - 7200 }, /* +02:00 */
		{ "62118241021388", 1795875631 + 7200 }, /* bit 3: west of Greenwich */
		{ "42209232959500", 1709251199 },        /* 2024-02-29 23:59:59 */
		{ "00000000000000", -1 },
		{ "62318241021380", -1 },
		{ "6211824102F380", -1 },
		{ "62118242021380", -1 },
		{ "FFFFFFFFFFFFFF", -1 },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		char hex[100] = "00040C919471103254760000";
		struct sms_incoming in;

		strncat(hex, cases[i].stamp, 14);
		strncat(hex, "00", 3);
		assert_int_equal(take_hex(hex, &in), 0);
		assert_int_equal(in.deliver.has_stamp, cases[i].s >= 0);
		if (cases[i].s >= 0)
			assert_int_equal(in.deliver.stamp_s, cases[i].s);
	}
}

static void
test_codings(void **state)
{
	static const struct {
		const char *dcs;
		int coding; /* -1: refused */
		bool is_flash;
	} cases[] = { { "00", SMS_GSM7, false }, { "04", SMS_BYTES, false },
		{ "08", SMS_UCS2, false }, { "10", SMS_GSM7, true }, { "18", SMS_UCS2, true },
		{ "11", SMS_GSM7, false }, { "20", -1, false }, { "0C", SMS_GSM7, false },
		{ "C0", SMS_GSM7, false }, { "E0", SMS_UCS2, false }, { "F0", SMS_GSM7, true },
		{ "F1", SMS_GSM7, false }, { "F4", SMS_BYTES, true }, { "F6", SMS_BYTES, false },
		{ "90", SMS_GSM7, false } };

	for (size_t i = 0; i < NELEM(cases); i++) {
		char hex[100] = "00040C9194711032547600";
		struct sms_incoming in;

		strncat(hex, cases[i].dcs, 2);
		strncat(hex,
			"62118241021380"
			"020041",
			21);
		if (cases[i].coding < 0) {
			assert_int_equal(take_hex(hex, &in), ERR_PROTO);
			continue;
		}
		assert_int_equal(take_hex(hex, &in), 0);
		assert_int_equal(in.deliver.body.coding, cases[i].coding);
		assert_int_equal(in.deliver.is_flash, cases[i].is_flash);
	}
}

/* What a header may hold beside the parts, and parts that there cannot be. */
static void
test_headers(void **state)
{
	static const struct {
		const char *header; /* with its length */
		int total, part, reference;
	} cases[] = {
		{ "0500032A0201", 2, 1, 0x2A },
		{ "0608041234FF03", 255, 3, 0x1234 },
		{ "0B0504158A00000003070302", 3, 2, 7 }, /* ports first */
		{ "0500032A0203", 0, 0, 0 },             /* the third of two */
		{ "0500032A0200", 0, 0, 0 },             /* counted from 0 */
		{ "0500032A0000", 0, 0, 0 },
		{ "0500042A0201", 0, 0, 0 }, /* longer than the header */
		{ "00", 0, 0, 0 },
		{ "0100", 0, 0, 0 },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		static const char digits[] = "0123456789ABCDEF";
		char hex[200] = "00440C919471103254760008"
				"62118241021380";
		size_t n = strlen(cases[i].header) / 2 + 2;
		struct sms_incoming in;
		char length[3] = { digits[n >> 4], digits[n & 15], '\0' };
		char text[SMS_BODY_TEXT];

		strncat(hex, length, sizeof(hex) - 1 - strlen(hex));
		strncat(hex, cases[i].header, 60);
		strncat(hex, "0041", sizeof(hex) - 1 - strlen(hex));
		assert_int_equal(take_hex(hex, &in), 0);
		assert_int_equal(in.deliver.body.total, cases[i].total);
		assert_int_equal(in.deliver.body.part, cases[i].part);
		assert_int_equal(in.deliver.body.reference, cases[i].reference);
		sms_body_text(&in.deliver.body, text, sizeof(text));
		assert_string_equal(text, "A");
	}
}

static void
test_reports(void **state)
{
	struct sms_incoming in;

	assert_int_equal(take_hex("079194710167000006450C919471103254766211824102138062118241523180"
				  "00",
				 &in),
		0);
	assert_int_equal(in.kind, SMS_REPORT);
	assert_int_equal(in.report.reference, 0x45);
	assert_string_equal(in.report.to, "+491701234567");
	assert_int_equal(in.report.stamp_s, 1795875913 - 7200);
	assert_int_equal(in.report.status, 0);
	assert_int_equal(sms_report_state(0x00), SMS_IS_DELIVERED);
	assert_int_equal(sms_report_state(0x02), SMS_IS_DELIVERED);
	assert_int_equal(sms_report_state(0x20), SMS_IS_TRIED);
	assert_int_equal(sms_report_state(0x3F), SMS_IS_TRIED);
	assert_int_equal(sms_report_state(0x40), SMS_IS_FAILED);
	assert_int_equal(sms_report_state(0x6F), SMS_IS_FAILED);
	/* Drafts that somebody left in the store are no messages to us. */
	assert_int_equal(
		take_hex("0011000C919471103254760000A710417658DE06DD7420680C844C1E91", &in), 0);
	assert_int_equal(in.kind, SMS_OWN);
	assert_int_equal(take_hex("0003", &in), ERR_PROTO);
}

static void
test_hex(void **state)
{
	uint8_t out[2];
	char hex[5];

	assert_int_equal(sms_from_hex("1aF0", 4, out, 2), 2);
	sms_to_hex(out, 2, hex);
	assert_string_equal(hex, "1AF0");
	assert_int_equal(sms_from_hex("1aF", 3, out, 2), -1);
	assert_int_equal(sms_from_hex("1aF0AA", 6, out, 2), -1);
	assert_int_equal(sms_from_hex("1G", 2, out, 2), -1);
	assert_int_equal(sms_from_hex("", 0, out, 2), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_submit),
		cmocka_unit_test(test_submit_refuses),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_validity),
		cmocka_unit_test(test_deliver),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
