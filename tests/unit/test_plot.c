/* test_plot.c - lines over time as SVG */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/plot.h"

static char *
picture(struct plot *p)
{
	struct buf b = { 0 };
	char *text;

	plot_svg(p, &b);
	text = strdup(buf_text(&b));
	buf_done(&b);
	plot_free(p);
	assert_non_null(text);
	return text;
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* d of the first path of a class. */
static const char *
path_of(const char *text, const char *class)
{
	char head[40];
	const char *at;

	snprintf(head, sizeof(head), "<path class=\"%s\" d=\"", class);
	at = strstr(text, head);
	assert_non_null(at);
	return at + strlen(head);
}

static void
test_an_empty_plot_is_a_picture(void **state)
{
	char *text = picture(plot_new("nothing"));

	assert_non_null(strstr(text, ">nothing</text>"));
	assert_non_null(strstr(text, "</svg>"));
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "inf"));
	free(text);
}

static void
test_texts_are_escaped(void **state)
{
	struct plot *p = plot_new("a < b & \"c\"");
	uint32_t line = plot_line(p, "<script>", "<g>", PLOT_CURVE);
	char *text;

	plot_point(p, line, 0, 1);
	plot_band(p, 0, 1, "<b>");
	plot_mark(p, 1, "x & y");
	text = picture(p);
	assert_null(strstr(text, "<script>"));
	assert_null(strstr(text, "<b>"));
	assert_null(strstr(text, "x & y"));
	free(text);
}

static void
test_a_panel_a_unit_and_a_strip_a_switch(void **state)
{
	struct plot *p = plot_new("t");
	uint32_t a = plot_line(p, "T_bed", "degC", PLOT_CURVE);
	uint32_t b = plot_line(p, "N2", "mL/min", PLOT_STAIR);
	uint32_t c = plot_line(p, "T_furn", "degC", PLOT_STAIR);
	uint32_t d = plot_line(p, "V_H2", "", PLOT_SWITCH);
	char *text;

	for (int t = 0; t <= 100; t++) {
		plot_point(p, a, t, 20 + t);
		plot_point(p, b, t, 50);
		plot_point(p, c, t, 25 + t);
		plot_point(p, d, t, t >= 25 && t < 50);
	}
	text = picture(p);
	assert_int_equal(count(text, "class=\"u\""), 2);
	assert_int_equal(count(text, "class=\"on\""), 1);
	/* on for a quarter of the width, from a quarter on */
	assert_non_null(strstr(text, "class=\"on\" x=\"330.0\""));
	assert_non_null(strstr(text, "width=\"250.0\""));
	free(text);
}

static void
test_a_spike_stays_however_many_points_there_are(void **state)
{
	struct plot *p = plot_new("t");
	uint32_t line = plot_line(p, "v", "bar", PLOT_CURVE);
	char *text;

	for (int t = 0; t < 864000; t++)
		plot_point(p, line, t / 10.0, t == 431234 ? 1000 : 0);
	text = picture(p);
	assert_non_null(strstr(text, ">1000</text>"));
	assert_non_null(strstr(path_of(text, "l c0"), " 56.0"));
	assert_true(strlen(text) < 60000);
	free(text);
}

static void
test_what_is_unknown_is_a_gap(void **state)
{
	struct plot *p = plot_new("t");
	uint32_t line = plot_line(p, "v", "bar", PLOT_CURVE);
	const char *d;
	char *text;

	plot_point(p, line, 0, 1);
	plot_point(p, line, 10, 2);
	plot_point(p, line, 20, (double)NAN);
	plot_point(p, line, 30, 1);
	plot_point(p, line, 40, 2);
	text = picture(p);
	d = path_of(text, "l c0");
	assert_int_equal(d[0], 'M');
	assert_non_null(memchr(d + 1, 'M', strcspn(d, "\"")));
	free(text);
}

static void
test_a_stair_holds_to_the_end(void **state)
{
	struct plot *p = plot_new("t");
	uint32_t line = plot_line(p, "sp", "bar", PLOT_STAIR);
	const char *d;
	char *text;

	plot_point(p, line, 0, 1);
	plot_point(p, line, 50, 3);
	plot_band(p, 0, 100, "10 Purge");
	text = picture(p);
	d = path_of(text, "l c0");
	assert_non_null(strstr(d, "H580.0V"));
	assert_int_equal(strncmp(d + strcspn(d, "\"") - 7, "H1080.0", 7), 0);
	free(text);
}

static void
test_bad_points_and_too_many_of_anything(void **state)
{
	struct plot *p = plot_new("t");
	uint32_t line = plot_line(p, "v", "", PLOT_CURVE);
	char *text;

	plot_point(p, line, 5, 1);
	plot_point(p, line, 4, 100);
	plot_point(p, line, (double)NAN, 100);
	plot_point(p, line, -1, 100);
	plot_point(p, PLOT_NONE, 6, 100);
	for (int i = 0; i < 2 * PLOT_LINES_MAX; i++)
		plot_point(p, plot_line(p, "x", "", PLOT_CURVE), 1, 1);
	for (int i = 0; i < PLOT_BANDS_MAX + 3; i++)
		plot_band(p, i, i + 1, "b");
	text = picture(p);
	assert_null(strstr(text, ">100</text>"));
	assert_non_null(strstr(text, ">3 bands and marks are left out<"));
	free(text);
}

static void
test_any_scale(void **state)
{
	static const double pairs[][2] = { { 0, 0 }, { 1e-12, 2e-12 }, { -1e300, 1e300 },
		{ 1e9, 1e9 + 1 }, { -5, -5 }, { -0.1, 0.1 }, { 1e308, -1e308 } };

	for (size_t i = 0; i < NELEM(pairs); i++) {
		struct plot *p = plot_new("t");
		uint32_t line = plot_line(p, "v", "", PLOT_CURVE);
		char *text;

		plot_point(p, line, 0, pairs[i][0]);
		plot_point(p, line, 1e7, pairs[i][1]);
		text = picture(p);
		assert_null(strstr(text, "nan"));
		assert_null(strstr(text, "inf"));
		assert_in_range(count(text, "class=\"e\""), 2, 40);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_plot_is_a_picture),
		cmocka_unit_test(test_texts_are_escaped),
		cmocka_unit_test(test_a_panel_a_unit_and_a_strip_a_switch),
		cmocka_unit_test(test_a_spike_stays_however_many_points_there_are),
		cmocka_unit_test(test_what_is_unknown_is_a_gap),
		cmocka_unit_test(test_a_stair_holds_to_the_end),
		cmocka_unit_test(test_bad_points_and_too_many_of_anything),
		cmocka_unit_test(test_any_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
