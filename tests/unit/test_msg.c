/* test_msg.c - the words between processes: tables and packets */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/rand.h"
#include "msg/event.h"
#include "msg/health.h"
#include "msg/quality.h"
#include "msg/value.h"
#include "msg/wire.h"

/* Every row has what people and machines need; what is not good says what to do. */
static void
test_quality_table_is_whole(void **state)
{
	for (unsigned q = 0; q < Q_COUNT; q++) {
		const struct quality_row *row = quality_row(q);

		assert_true(row->token[0] != '\0' && row->text_en[0] != '\0' &&
			    row->text_fr[0] != '\0');
		assert_true((row->class == Q_CLASS_GOOD) == (q == Q_GOOD));
		if (q != Q_GOOD)
			assert_true(row->remedy_en[0] != '\0' && row->remedy_fr[0] != '\0');
		/* The severity of an OPC UA status code stands in its two highest bits. */
		assert_int_equal(row->opcua >> 30, row->class);
		for (unsigned other = 0; other < q; other++)
			assert_string_not_equal(row->token, quality_row(other)->token);
	}
	assert_int_equal(quality_row(Q_COUNT)->class, Q_CLASS_BAD);
}

static void
test_health_table_is_whole(void **state)
{
	unsigned rows[HEALTH_PROCESSES] = { 0 };

	for (unsigned i = 0; i < HEALTH_COUNT; i++) {
		assert_memory_equal(health_rows[i].channel, "mbc.", 4);
		assert_true(health_rows[i].title[0] != '\0');
		rows[health_rows[i].process]++;
	}
	for (unsigned p = 0; p < HEALTH_PROCESSES; p++)
		assert_true(rows[p] > 0 && rows[p] <= 32);
}

static void
test_event_text_has_the_remedy(void **state)
{
	struct event e = {
		.kind = EVENT_INSTRUMENT_DOWN, .subject = "furnace", .reason = Q_NO_ANSWER
	};
	struct buf out = { 0 };

	event_text(&out, &e, LANGUAGE_EN);
	assert_string_equal(buf_text(&out), "instrument 'furnace': down: no answer; check the unit "
					    "number, wiring and 'timeout'");
	buf_done(&out);
}

/* A bad value is null and empty, whatever number it still carries. */
static void
test_bad_values_show_no_number(void **state)
{
	struct sample s = { .v.f = 21.5, .quality = Q_STALE, .text = "old" };
	char text[VALUE_TEXT_MAX + 1];
	struct buf out = { 0 };
	struct json j;

	for (int type = 0; type < VALUE_TYPES; type++) {
		buf_clear(&out);
		json_open(&j, &out);
		value_json(&j, NULL, (enum value_type)type, &s, NULL);
		assert_string_equal(buf_text(&out), "null");
		value_text(text, (enum value_type)type, &s, NULL);
		assert_string_equal(text, "");
	}
	buf_done(&out);
}

static void
test_value_forms(void **state)
{
	static const struct {
		enum value_type type;
		struct sample s;
		const char *choice, *json, *text;
	} cases[] = {
		{ VALUE_BOOL, { .v.i = 1 }, NULL, "true", "1" },
		{ VALUE_INT, { .v.i = -7 }, NULL, "-7", "-7" },
		{ VALUE_UINT, { .v.u = UINT64_MAX }, NULL, "18446744073709551615",
			"18446744073709551615" },
		{ VALUE_FLOAT, { .v.f = 0.1 }, NULL, "0.1", "0.1" },
		{ VALUE_FLOAT32, { .v.f = (double)0.1f }, NULL, "0.1", "0.1" },
		{ VALUE_CHOICE, { .v.i = 1 }, "open", "\"open\"", "open" },
		{ VALUE_CHOICE, { .v.i = 9 }, NULL, "9", "9" },
		{ VALUE_TEXT, { .text = "a\"b" }, NULL, "\"a\\\"b\"", "a\"b" },
	};
	struct buf out = { 0 };
	char text[VALUE_TEXT_MAX + 1];

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct json j;

		buf_clear(&out);
		json_open(&j, &out);
		value_json(&j, NULL, cases[i].type, &cases[i].s, cases[i].choice);
		assert_string_equal(buf_text(&out), cases[i].json);
		value_text(text, cases[i].type, &cases[i].s, cases[i].choice);
		assert_string_equal(text, cases[i].text);
	}
	assert_true(value_same(
		VALUE_FLOAT, (union value){ .f = (double)NAN }, (union value){ .f = (double)NAN }));
	assert_false(value_same(VALUE_INT, (union value){ .i = 1 }, (union value){ .i = 2 }));
	buf_done(&out);
}

static void
make_packet(struct buf *out)
{
	wire_begin(out, WIRE_HEALTH);
	wire_u16(out, 2);
	wire_u32(out, 70000);
	wire_f64(out, -0.5);
	wire_text(out, "T_bed \xC2\xB0"
		       "C");
	wire_end(out);
}

static void
test_packets_come_back(void **state)
{
	struct buf out = { 0 };
	struct wire_in in;
	char text[32];
	struct err err;

	make_packet(&out);
	assert_int_equal(wire_open(&in, out.data, out.n, &err), WIRE_HEALTH);
	assert_int_equal(wire_get_u16(&in), 2);
	assert_int_equal(wire_get_u32(&in), 70000);
	assert_true(wire_get_f64(&in) == -0.5);
	wire_get_text(&in, text, sizeof(text));
	assert_string_equal(text, "T_bed \xC2\xB0"
				  "C");
	assert_int_equal(wire_close(&in, &err), 0);
	buf_done(&out);
}

/* Every cut and every kind of excess is refused, and no reading goes beyond the packet. */
static void
test_damaged_packets_are_refused(void **state)
{
	struct buf out = { 0 };
	struct wire_in in;
	char text[4];
	struct err err;

	make_packet(&out);
	for (size_t n = 0; n < out.n; n++)
		assert_int_equal(wire_open(&in, out.data, n, &err), ERR_PROTO);
	assert_int_equal(wire_open(&in, out.data, out.n, &err), WIRE_HEALTH);
	assert_int_equal(wire_close(&in, &err), ERR_PROTO); /* fields left over */
	while (!in.is_bad)
		wire_get_f64(&in);
	wire_get_text(&in, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(wire_close(&in, &err), ERR_PROTO);
	out.data[0] = 99;
	assert_int_equal(wire_open(&in, out.data, out.n, &err), ERR_PROTO);
	buf_done(&out);
}

static void
test_long_texts_are_cut_to_fit(void **state)
{
	char big[2 * WIRE_MAX];
	struct buf out = { 0 };
	struct wire_in in;
	struct err err;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	wire_begin(&out, WIRE_TEXT);
	wire_text(&out, big);
	wire_end(&out);
	assert_int_equal(out.n, WIRE_MAX);
	assert_int_equal(wire_open(&in, out.data, out.n, &err), WIRE_TEXT);
	wire_get_text(&in, big, sizeof(big));
	assert_int_equal(strlen(big), WIRE_MAX - WIRE_HEAD - 2);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quality_table_is_whole),
		cmocka_unit_test(test_health_table_is_whole),
		cmocka_unit_test(test_event_text_has_the_remedy),
		cmocka_unit_test(test_bad_values_show_no_number),
		cmocka_unit_test(test_value_forms),
		cmocka_unit_test(test_packets_come_back),
		cmocka_unit_test(test_damaged_packets_are_refused),
		cmocka_unit_test(test_long_texts_are_cut_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
