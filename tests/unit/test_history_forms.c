/* test_history_forms.c - numbers, cells, moments and questions as text, and back */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "history/form.h"
#include "msg/quality.h"

static const char *
number(enum value_type type, double v)
{
	static struct buf out;

	buf_clear(&out);
	form_number(&out, type, v);
	return buf_text(&out);
}

static void
test_numbers(void **state)
{
	static const struct {
		enum value_type type;
		double v;
		const char *text;
	} rows[] = { { VALUE_FLOAT, 0, "0" }, { VALUE_FLOAT, 21.5, "21.5" },
		{ VALUE_FLOAT, -0.005, "-0.005" }, { VALUE_FLOAT, 1234567.125, "1234567.125" },
		{ VALUE_FLOAT, 100, "100" }, { VALUE_FLOAT, 1e-7, "0.0000001" },
		{ VALUE_FLOAT, 0.1 + 0.2, "0.30000000000000004" }, { VALUE_FLOAT, -1, "-1" },
		{ VALUE_FLOAT32, (double)0.1F, "0.1" }, { VALUE_FLOAT32, (double)21.5F, "21.5" } };

	for (size_t i = 0; i < NELEM(rows); i++)
		assert_string_equal(number(rows[i].type, rows[i].v), rows[i].text);
}

static void
test_numbers_read_back(void **state)
{
	uint64_t r = 7;

	for (int i = 0; i < 200000; i++) {
		double v = (double)(int64_t)rand_below(&r, 2000000) / 1000 - 1000;
		float f = (float)v * 1.7F;
		union {
			uint64_t u;
			double f;
		} any = { .u = (uint64_t)rand_below(&r, UINT32_MAX) << 32 |
			       rand_below(&r, UINT32_MAX) };

		assert_true(strtod(number(VALUE_FLOAT, v), NULL) == v);
		assert_true(strtof(number(VALUE_FLOAT32, (double)f), NULL) == f);
		if (any.f == any.f && any.f - any.f == 0)
			assert_true(strtod(number(VALUE_FLOAT, any.f), NULL) == any.f);
	}
}

static void
test_cells(void **state)
{
	struct buf out = { 0 };
	struct cells c = { .out = &out }, fr = { .out = &out, .is_french = true };

	cells_text(&c, "a,b");
	cells_text(&c, "say \"x\"");
	cells_text(&c, "");
	cells_text(&c, "two\nlines");
	cells_text(&c, "a;b");
	cells_number(&c, VALUE_FLOAT, -1.5);
	cells_end(&c);
	cells_number(&fr, VALUE_FLOAT, -1.5);
	cells_text(&fr, "a;b");
	cells_text(&fr, "a,b");
	cells_end(&fr);
	assert_string_equal(buf_text(&out),
		"\"a,b\",\"say \"\"x\"\"\",,\"two\nlines\",a;b,-1.5\r\n-1,5;\"a;b\";a,b\r\n");
	buf_done(&out);
}

static void
test_values(void **state)
{
	static const struct reader_channel ch = { .type = VALUE_CHOICE,
		.choices = "0=closed\n1=open\n10=stuck" };
	struct buf out = { 0 };
	struct series s;

	series_init(&s, VALUE_CHOICE);
	series_add(&s, &(struct sample){ .v.i = 1 });
	series_add(&s, &(struct sample){ .v.i = 10 });
	series_add(&s, &(struct sample){ .v.i = -7 });
	series_add(&s, &(struct sample){ .quality = Q_STALE });
	for (size_t i = 0; i < s.n; i++) {
		form_json_value(&out, &ch, &s, i);
		buf_putc(&out, ' ');
	}
	assert_string_equal(buf_text(&out), "\"open\" \"stuck\" -7 null ");
	series_clear(&s, VALUE_UINT);
	series_add(&s, &(struct sample){ .v.u = UINT64_MAX });
	buf_clear(&out);
	form_json_value(&out, &ch, &s, 0);
	assert_string_equal(buf_text(&out), "18446744073709551615");
	series_clear(&s, VALUE_INT);
	series_add(&s, &(struct sample){ .v.i = INT64_MIN });
	buf_clear(&out);
	form_json_value(&out, &ch, &s, 0);
	assert_string_equal(buf_text(&out), "-9223372036854775808");
	series_done(&s);
	buf_done(&out);
}

/* ---- moments ---- */

#define NOW (INT64_C(1793019600) * NS_PER_S) /* 2026-10-26T13:00:00Z */

static void
test_moments_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} rows[] = { { "now", NOW }, { "-1h", NOW - 3600 * NS_PER_S },
		{ "-7d", NOW - 7 * 86400 * NS_PER_S }, { "2026-10-26T13:00:00Z", NOW },
		{ "2026-10-26T14:00:00+01:00", NOW }, { "2026-10-26T14:00:00 01:00", NOW },
		{ "2026-10-26T11:30-0130", NOW },
		{ "2026-10-26T13:00:00.125Z", NOW + 125 * NS_PER_MS },
		{ "1793019600000000007", NOW + 7 }, { "1793019600", NOW },
		{ "1793019600125", NOW + 125 * NS_PER_MS }, { "1793019600000125", NOW + 125000 },
		{ "0", 0 }, { "99999999999", INT64_MAX / NS_PER_S * NS_PER_S },
		{ "99999999999999", INT64_MAX / NS_PER_MS * NS_PER_MS },
		{ "2026-10-26", NOW - 13 * 3600 * NS_PER_S }, { "2026-10-26 13:00", NOW } };
	static const char *const wrong[] = { "", "yesterday", "2026-13-01T00:00:00Z",
		"2026-10-26T25:00:00Z", "2026-10-26T13:00:00X", "2026-10-26T13",
		"99999999999999999999", "-1", "2026-10-26T13:00:00Zx", "-", "1-1-1" };
	struct err err;
	int64_t ns;

	assert_int_equal(stamp_zone("", &err), 0);
	for (size_t i = 0; i < NELEM(rows); i++) {
		if (stamp_parse(rows[i].text, NOW, &ns, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(ns, rows[i].ns);
	}
	for (size_t i = 0; i < NELEM(wrong); i++)
		assert_int_equal(stamp_parse(wrong[i], NOW, &ns, &err), ERR_CONF);
}

static const char *
stamp(int64_t ns)
{
	static struct buf out;
	struct stamp s = { 0 };

	buf_clear(&out);
	stamp_put(&s, &out, ns);
	buf_putc(&out, ' ');
	stamp_put_seconds(&out, ns);
	return buf_text(&out);
}

/* On 2026-10-25 at 01:00 UTC Paris goes from +02:00 to +01:00: half past two comes twice. */
static void
test_moments_are_written(void **state)
{
	const int64_t before = NOW - 36 * 3600 * NS_PER_S - 1800 * NS_PER_S,
		      behind = before + 3600 * NS_PER_S;
	struct err err;
	int64_t ns;

	assert_int_equal(stamp_zone("UTC", &err), 0);
	assert_string_equal(stamp(NOW), "2026-10-26T13:00:00Z 1793019600");
	assert_string_equal(stamp(NOW + 120 * NS_PER_MS), "2026-10-26T13:00:00.120Z 1793019600.12");
	assert_string_equal(stamp(NOW + 7), "2026-10-26T13:00:00.000000007Z 1793019600.000000007");
	assert_string_equal(stamp(NOW - 1000), "2026-10-26T12:59:59.999999Z 1793019599.999999");
	assert_int_equal(stamp_zone("Europe/Paris", &err), 0);
	assert_string_equal(stamp(before), "2026-10-25T02:30:00+02:00 1792888200");
	assert_string_equal(stamp(behind), "2026-10-25T02:30:00+01:00 1792891800");
	assert_int_equal(stamp_parse("2026-10-26 14:00", NOW, &ns, &err), 0);
	assert_int_equal(ns, NOW);
	assert_int_equal(stamp_zone("Europe/Paradise", &err), ERR_CONF);
	assert_int_equal(stamp_zone("../../etc/passwd", &err), ERR_CONF);
	assert_int_equal(stamp_zone("/etc/localtime", &err), ERR_CONF);
	assert_int_equal(stamp_zone("UTC", &err), 0);
}

/* ---- questions ---- */

static int
ask_with(const struct ask_words *words, bool is_free, struct ask *out)
{
	static struct err err;
	int rc = ask_read(words, NOW, is_free, out, &err);

	ask_done(out);
	return rc;
}

static void
test_questions(void **state)
{
	struct ask a;

	assert_int_equal(ask_with(&(struct ask_words){ .channels = "a,,b" }, false, &a), 0);
	assert_int_equal(a.n_channels, 2);
	assert_int_equal(a.points, 1000);
	assert_int_equal(a.to_ns - a.from_ns, 3600 * NS_PER_S);
	assert_int_equal(a.to_ns, NOW);
	assert_int_equal(ask_with(&(struct ask_words){ 0 }, false, &a), 0);
	assert_true(a.is_gaps && a.has_all);
	assert_int_equal(
		ask_with(&(struct ask_words){ .channels = "a", .from = "-10s", .every = "3s" },
			true, &a),
		0);
	assert_int_equal(a.points, 4);
	assert_int_equal(a.to_ns - a.from_ns, 12 * NS_PER_S);
}

static void
test_wrong_questions(void **state)
{
	static const struct ask_words rows[] = { { .channels = "a", .from = "now", .to = "-1h" },
		{ .channels = "a", .from = "now", .to = "now" },
		{ .channels = "a", .points = "100001" }, { .channels = "a", .points = "x" },
		{ .channels = "a", .raw = "yes" }, { .channels = "a", .format = "xls" },
		{ .channels = "a", .zone = "Mars" }, { .channels = ",," },
		{ .channels = "a", .from = "9223372036854775807" },
		{ .channels = "a", .from = "-1d", .every = "1ms" },
		{ .channels = "a,b,c", .format = "csv", .points = "100000", .from = "-1d" } };
	struct ask a;

	for (size_t i = 0; i < NELEM(rows); i++)
		assert_int_equal(ask_with(&rows[i], false, &a), ERR_CONF);
}

/* Intervals of series: whole multiples of one width, which hold what is asked for, and no more of them than are wanted. */
static void
test_series_have_whole_intervals(void **state)
{
	uint64_t r = 3;

	for (int i = 0; i < 20000; i++) {
		int64_t from = (int64_t)rand_below(&r, 2000000000),
			to = from + 1 + (int64_t)rand_below(&r, i % 2 == 0 ? 100 : 100000000);
		int64_t points = 1 + (int64_t)rand_below(&r, 3000),
			ms = (int64_t)rand_below(&r, 100000);
		char begin[24], end[24], most[24], least[24];
		const struct ask_series words = { "a,b", "aM", begin, end, most, least };
		struct ask ask;
		struct err err;
		int64_t width;

		snprintf(begin, sizeof(begin), "%lld", (long long)from);
		snprintf(end, sizeof(end), "%lld", (long long)to);
		snprintf(most, sizeof(most), "%lld", (long long)points);
		snprintf(least, sizeof(least), "%lld", (long long)ms);
		assert_int_equal(ask_read_series(&words, NOW, &ask, &err), 0);
		width = (ask.to_ns - ask.from_ns) / (int64_t)ask.points;
		assert_true(ask.points >= 1 && (int64_t)ask.points <= points);
		assert_true(ask.from_ns <= from * NS_PER_S && ask.to_ns >= to * NS_PER_S);
		assert_true(ask.seen_from_ns == from * NS_PER_S && ask.seen_to_ns == to * NS_PER_S);
		if (points > 1) {
			assert_true(width >= ms * NS_PER_MS);
			assert_true(ask.from_ns % width == 0 && ask.to_ns % width == 0);
			assert_true(ask.from_ns > from * NS_PER_S - width);
			assert_true(ask.to_ns < to * NS_PER_S + width);
		}
		ask_done(&ask);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_numbers_read_back),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_moments_are_read),
		cmocka_unit_test(test_moments_are_written),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_wrong_questions),
		cmocka_unit_test(test_series_have_whole_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
