/* test_line_protocol.c - samples as lines, and read back by the reader that has nothing to do with the writer */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "history/import_channels.h"
#include "history/line_protocol.h"
#include "msg/quality.h"

static struct buf out;

static const char *
written(int version, enum value_type type, const struct sample *s, const char *word)
{
	buf_clear(&out);
	line_put_sample(&out, version, type, s, word, 5);
	return buf_text(&out);
}

static void
test_start(void **state)
{
	buf_clear(&out);
	line_put_start(&out, "lab 1", "d.a", "deg,C=\\", VALUE_FLOAT32);
	assert_string_equal(buf_text(&out), "d.a,bench=lab\\ 1,type=float32,unit=deg\\,C\\=/");
	buf_clear(&out);
	line_put_start(&out, "b", "a,b c=d", "", VALUE_BOOL);
	assert_string_equal(buf_text(&out), "a\\,b\\ c=d,bench=b,type=bool");
}

static void
test_values(void **state)
{
	struct sample s = { .v = { .f = 21.5 } };

	assert_string_equal(written(1, VALUE_FLOAT, &s, NULL), " value=21.5 5\n");
	s.quality = Q_OUT_OF_RANGE;
	assert_string_equal(
		written(1, VALUE_FLOAT, &s, NULL), " value=21.5,quality=\"out_of_range\" 5\n");
	s.quality = Q_NO_ANSWER;
	assert_string_equal(written(1, VALUE_FLOAT, &s, NULL), " quality=\"no_answer\" 5\n");
	s = (struct sample){ .v = { .f = (double)NAN } };
	assert_string_equal(written(2, VALUE_FLOAT, &s, NULL), " quality=\"not_a_number\" 5\n");
	s.v.f = -(double)INFINITY;
	assert_string_equal(written(2, VALUE_FLOAT32, &s, NULL), " quality=\"not_a_number\" 5\n");
	s.v.f = (double)0.1f;
	assert_string_equal(written(2, VALUE_FLOAT32, &s, NULL), " value=0.1 5\n");
	s.v.i = -7;
	assert_string_equal(written(1, VALUE_INT, &s, NULL), " value=-7i 5\n");
	assert_string_equal(written(1, VALUE_CHOICE, &s, "half \"open\""),
		" value=-7i,word=\"half \\\"open\\\"\" 5\n");
	s.v.u = UINT64_MAX;
	assert_string_equal(written(2, VALUE_UINT, &s, NULL), " value=18446744073709551615u 5\n");
	assert_string_equal(written(1, VALUE_UINT, &s, NULL), " quality=\"over_range\" 5\n");
	s.v.u = INT64_MAX;
	assert_string_equal(written(1, VALUE_UINT, &s, NULL), " value=9223372036854775807i 5\n");
	s.v.i = 1;
	assert_string_equal(written(1, VALUE_BOOL, &s, NULL), " value=true 5\n");
	snprintf(s.text, sizeof(s.text), "a\\\"b\nc");
	assert_string_equal(written(1, VALUE_TEXT, &s, NULL), " value=\"a\\\\\\\"b\nc\" 5\n");
}

static uint64_t
next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

/* Any value of any type: bit for bit what it was. */
static void
test_back(void **state)
{
	static struct line_point point;
	uint64_t seed = 88172645463325252u;

	for (int k = 0; k < 20000; k++) {
		enum value_type type = (enum value_type)(next(&seed) % VALUE_TYPES);
		struct reader_channel ch = { .type = type };
		struct sample s = { .stamp_ns = 5 }, back = { 0 };
		struct err err;
		size_t column;
		char *line;

		s.v.u = next(&seed) >> next(&seed) % 64;
		if (type == VALUE_BOOL)
			s.v.i &= 1;
		if (type == VALUE_FLOAT32) {
			float f;
			uint32_t bits = (uint32_t)s.v.u;

			memcpy(&f, &bits, sizeof(f));
			s.v.f = (double)f;
		}
		if (type == VALUE_TEXT)
			snprintf(s.text, sizeof(s.text), "%llx\\\"\n, =%c",
				(unsigned long long)s.v.u, (int)(' ' + next(&seed) % 95));
		buf_clear(&out);
		line_put_start(&out, "b", "c", "K", type);
		line_put_sample(&out, 2, type, &s, NULL, 1764259200000000000);
		out.n--; /* without its end */
		line = mem_text_n(out.data, out.n);
		assert_int_equal(line_read(line, out.n, &point, &column, &err), LINE_GOOD);
		assert_int_equal(point.time, 1764259200000000000);
		if (strcmp(point.fields[0].key, "value") == 0) {
			assert_int_equal(import_value(&ch, point.fields[0].kind,
						 point.fields[0].text, &back, &err),
				0);
			if (type == VALUE_TEXT)
				assert_string_equal(back.text, s.text);
			else
				assert_true(back.v.u == s.v.u);
		} else {
			assert_true(!isfinite(s.v.f));
		}
		free(line);
	}
}

static int
clean_up(void **state)
{
	buf_done(&out);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_back),
	};

	return cmocka_run_group_tests(tests, NULL, clean_up);
}
