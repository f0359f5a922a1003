/* test_top.c - the picture of mbc top: what is shown of a board, in which columns, and what can never reach a terminal */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "msg/shown.h"
#include "top/top.h"
#include "top/words.h"

/* ---- texts ------------------------------------------------------------------------------------------------------------------ */

static void
test_texts_fit_their_cells(void **state)
{
	static const struct {
		const char *text;
		int cols;
		bool is_utf8;
		const char *expected;
		int taken;
	} cases[] = {
		{ "abc", 3, true, "abc", 3 }, { "abcd", 3, true, "ab…", 3 },
		{ "abcd", 3, false, "ab>", 3 }, { "abcd", 1, true, "…", 1 },
		{ "abcd", 0, true, "", 0 }, { "", 3, true, "", 0 }, { "°C", 2, true, "°C", 2 },
		{ "°C", 9, false, "degC", 4 }, { "été", 9, false, "ete", 3 },
		{ "✕ réponse…", 20, false, "x reponse...", 12 }, { "漢字", 4, true, "漢字", 4 },
		{ "漢字漢", 5, true, "漢字…", 5 }, { "漢字漢", 4, true, "漢…", 3 },
		{ "漢字", 4, false, "??", 2 },
		{ "e\xcc\x81x", 2, true, "e\xcc\x81x", 2 }, /* an accent takes no cell */
		{ "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81", 2, true, "e\xcc\x81\xcc\x81",
			1 },                                      /* and not many of them */
		{ "a\x1b[2Jb", 9, true, "a\xef\xbf\xbd[2Jb", 6 }, /* clear the screen */
		{ "a\x1b]0;x\x07", 9, false, "a?]0;x?", 7 },      /* set the title */
		{ "a\xc2\x9b"
		  "2Jb",
			9, true,
			"a\xef\xbf\xbd"
			"2Jb",
			5 }, /* the same in C1 */
		{ "a\x9b"
		  "b",
			9, true,
			"a\xef\xbf\xbd"
			"b",
			3 }, /* and as a byte */
		{ "a\tb\nc\r", 9, true, "a b c ", 6 },
		{ "\xe2\x80\xae"
		  "abc",
			9, true,
			"\xef\xbf\xbd"
			"abc",
			4 }, /* from right to left */
		{ "\xff\xfe\xc3", 9, true, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3 },
		{ "\xed\xa0\x80", 9, false, "???", 3 }, /* half of a pair */
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct buf out = { 0 };

		assert_int_equal(frame_fit(&out, cases[i].is_utf8, cases[i].cols, cases[i].text),
			cases[i].taken);
		assert_string_equal(buf_text(&out), cases[i].expected);
		buf_done(&out);
	}
}

static void
check_harmless(const char *text, size_t n, bool is_utf8)
{
	assert_int_equal(text_utf8(text, n), n);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		assert_true(c >= 0x20 && c != 0x7F);
		assert_true(is_utf8 || c < 0x80);
		assert_false(c == 0xC2 && (unsigned char)text[i + 1] < 0xA0); /* C1 */
	}
}

static void
test_no_bytes_do_harm(void **state)
{
	srand(7);
	for (int round = 0; round < 20000; round++) {
		char text[40];
		size_t n = (size_t)rand() % (sizeof(text) - 1);
		bool is_utf8 = round % 2 == 0;
		struct buf out = { 0 };
		int cols = rand() % 30, taken;

		for (size_t i = 0; i < n; i++)
			text[i] = (char)(rand() % 3 == 0 ? 0xC0 + rand() % 64 : 1 + rand() % 255);
		text[n] = '\0';
		taken = frame_fit(&out, is_utf8, cols, text);
		assert_true(taken >= 0 && taken <= cols);
		check_harmless(buf_text(&out), out.n, is_utf8);
		assert_int_equal(frame_cols(is_utf8, buf_text(&out)), taken);
		buf_done(&out);
	}
}

static void
test_long_texts_are_broken_at_blanks(void **state)
{
	struct frame f = { .is_utf8 = true };
	struct buf out = { 0 };

	frame_clear(&f, 12, 0);
	assert_int_equal(
		frame_put_wrapped(&f, 0, 2, TONE_PLAIN, "check the wires été abcdefghijklmnop"), 4);
	frame_print(&f, &out);
	assert_string_equal(buf_text(&out), "  check the\n  wires été\n  abcdefghij\n  klmnop\n");
	buf_done(&out);
	frame_done(&f);
}

static void
test_values_have_the_digits_that_their_range_deserves(void **state)
{
	static const struct {
		double value;
		const double range[2];
		const char *expected;
	} cases[] = {
		{ 21.5, { 0, 800 }, "21.50" },
		{ 21.5, { 0, 10000 }, "22" },
		{ 0.5, { 0, 1 }, "0.5000" },
		{ 0, { 0, 0 }, "0.0" },
		{ 123.456, { 0, 0 }, "123.5" },
		{ 3.2e-8, { 1e-9, 1000 }, "3.200e-08" },
		{ 0.0321, { 1e-3, 1000 }, "0.0321" },
		{ 2e12, { 0, 0 }, "2.000e+12" },
		{ -5, { -10, 10 }, "-5.000" },
	};
	struct sample s = { .quality = Q_GOOD };
	char text[VALUE_TEXT_MAX + 1];

	for (size_t i = 0; i < NELEM(cases); i++) {
		s.v.f = cases[i].value;
		shown_value(text, VALUE_FLOAT, &s, NULL,
			cases[i].range[0] < cases[i].range[1] ? cases[i].range : NULL);
		assert_string_equal(text, cases[i].expected);
	}
	s.quality = Q_NO_ANSWER;
	shown_value(text, VALUE_FLOAT, &s, NULL, NULL);
	assert_string_equal(text, "");
	assert_string_equal(shown_unit("degC"), "°C");
	assert_string_equal(shown_unit("mbar"), "mbar");
	assert_string_equal(shown_step_unit("degC"), "K");
}

static void
test_both_languages_say_the_same_things(void **state)
{
	for (int w = 0; w < WORDS; w++) {
		size_t n[2] = { 0, 0 };

		for (int l = 0; l < 2; l++) {
			const char *text = word((enum language)l, (enum word)w);

			assert_non_null(text);
			assert_int_equal(text_utf8(text, strlen(text)), strlen(text));
			for (; *text != '\0'; text++)
				n[l] += *text == '$' || *text == '\n';
		}
		assert_int_equal(n[0], n[1]);
	}
	assert_string_equal(word_state(LANGUAGE_FR, "unacknowledged"), "non acquittée");
	assert_string_equal(word_state(LANGUAGE_EN, "of a newer version"), "of a newer version");
}

/* ---- columns ---------------------------------------------------------------------------------------------------------------- */

static void
test_columns_that_matter_less_are_left_out_first(void **state)
{
	/* N T U m M S R V W v A Q, in the order in which they stand */
	static const char letters[] = "NTUmMSRVWvAQ";
	static const int most[COLUMNS] = { 20, 6, 8, 6, 6, 11, 12, 14, 2, 8, 0, 60 };
	static const struct {
		int width;
		const char *expected;
	} cases[] = { { 200, "NTUmMSRVWvQ" }, { 100, "NUmMSRVWvQ" }, { 80, "NUmSRVWQ" },
		{ 60, "NUSVWQ" }, { 40, "NVWQ" }, { 30, "NVQ" }, { 14, "NVQ" }, { 6, "N" },
		{ 2, "N" }, { 0, "" } };

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct columns c;
		char shown[COLUMNS + 1] = "";
		size_t n = 0;

		columns_fit(&c, cases[i].width, most);
		for (int k = 0; k < COLUMNS; k++)
			if (c.cols[k] > 0)
				shown[n++] = letters[k];
		assert_string_equal(shown, cases[i].expected);
	}
}

static void
test_columns_never_overlap_nor_leave_the_width(void **state)
{
	srand(3);
	for (int round = 0; round < 5000; round++) {
		int most[COLUMNS], width = rand() % 250, end = 0;
		struct columns c;

		for (int k = 0; k < COLUMNS; k++)
			most[k] = rand() % 4 == 0 ? 0 : rand() % 40;
		most[COLUMN_NAME] = MAX(most[COLUMN_NAME], 1);
		columns_fit(&c, width, most);
		for (int k = 0; k < COLUMNS; k++) {
			assert_true(c.cols[k] >= 0 && c.cols[k] <= most[k]);
			if (c.cols[k] == 0)
				continue;
			assert_true(c.at[k] >= end);
			end = c.at[k] + c.cols[k] + 1;
		}
		assert_true(end <= width + 1);
		assert_true(width == 0 || c.cols[COLUMN_NAME] > 0);
	}
}

/* ---- a bench ---------------------------------------------------------------------------------------------------------------- */

enum { T_BED, H2, MODEL, PV, H2_TARGET, H2_WORKING, HOT, DOOR, TRIP, BENCH, LATE, CHANNELS };

struct tiny {
	struct image head;
	struct image_link links[1];
	struct image_instrument instruments[1];
	struct image_channel channels[CHANNELS];
	struct image_choice choices[64];
	struct image_output outputs[1];
	struct image_alarm alarms[2];
	struct expr_op code[3];
	char strings[2048];
};

struct fixture {
	struct tiny image;
	struct board *b;
	struct top t;
	struct frame f;
	struct buf out;
	int64_t now_ns;
};

static uint32_t
add(struct tiny *t, const char *text)
{
	uint32_t off = t->head.strings.n;

	assert_true(off + strlen(text) + 1 < sizeof(t->strings));
	memcpy(t->strings + off, text, strlen(text) + 1);
	t->head.strings.n += (uint32_t)strlen(text) + 1;
	return off;
}

static void
add_words(struct tiny *t, uint32_t channel, enum image_state kind)
{
	uint32_t n;
	const char *const *words = image_state_words(kind, &n);

	t->channels[channel].type = VALUE_CHOICE;
	t->channels[channel].first_choice = t->head.choices.n;
	t->channels[channel].n_choices = n;
	for (uint32_t i = 0; i < n; i++)
		t->choices[t->head.choices.n++] =
			(struct image_choice){ .number = i, .word = add(t, words[i]) };
}

static void
make_image(struct tiny *t)
{
	static const struct {
		const char *name, *title, *unit;
		enum value_type type;
		enum channel_source source;
	} rows[CHANNELS] = {
		[T_BED] = { "T_bed", "Bed of the \x1b[31mcatalyst", "degC", VALUE_FLOAT,
			SOURCE_HEALTH },
		[H2] = { "H2", "Hydrogen", "mL_n/min", VALUE_FLOAT, SOURCE_HEALTH },
		[MODEL] = { "model", "Modèle ÉTUVE", "", VALUE_TEXT, SOURCE_HEALTH },
		[PV] = { "oven.pv", "", "degC", VALUE_FLOAT, SOURCE_HEALTH },
		[H2_TARGET] = { "H2.target", "", "mL_n/min", VALUE_FLOAT, SOURCE_STATE },
		[H2_WORKING] = { "H2.working", "", "mL_n/min", VALUE_FLOAT, SOURCE_STATE },
		[HOT] = { "alarm.hot", "Too hot", "", VALUE_CHOICE, SOURCE_STATE },
		[DOOR] = { "alarm.door", "Door open", "", VALUE_CHOICE, SOURCE_STATE },
		[TRIP] = { "trip.leak", "Hydrogen in the room", "", VALUE_CHOICE, SOURCE_STATE },
		[BENCH] = { "mbc.bench", "", "", VALUE_CHOICE, SOURCE_STATE },
		[LATE] = { "mbc.control.lateness", "", "ms", VALUE_FLOAT, SOURCE_HEALTH },
	};

	memset(t, 0, sizeof(*t));
	t->head.tick_ns = 100 * NS_PER_MS;
	t->head.hash = 99;
	t->head.links = (struct image_table){ offsetof(struct tiny, links), 1 };
	t->head.instruments = (struct image_table){ offsetof(struct tiny, instruments), 1 };
	t->head.channels = (struct image_table){ offsetof(struct tiny, channels), CHANNELS };
	t->head.choices = (struct image_table){ offsetof(struct tiny, choices), 0 };
	t->head.outputs = (struct image_table){ offsetof(struct tiny, outputs), 1 };
	t->head.alarms = (struct image_table){ offsetof(struct tiny, alarms), 2 };
	t->head.strings = (struct image_table){ offsetof(struct tiny, strings), 1 };
	t->head.bench = add(t, "tiny");
	t->head.title = add(t, "A bench");
	t->links[0].host = add(t, "127.0.0.1");
	t->links[0].port = 502;
	t->instruments[0].name = add(t, "oven");
	for (int i = 0; i < CHANNELS; i++)
		t->channels[i] = (struct image_channel){ .name = add(t, rows[i].name),
			.title = add(t, rows[i].title),
			.unit = add(t, rows[i].unit),
			.type = rows[i].type,
			.source_kind = rows[i].source,
			.instrument = i == PV || i == T_BED ? 0 : IMAGE_NONE };
	t->channels[T_BED].has_range = 1;
	t->channels[T_BED].max = 800;
	t->channels[T_BED].stale_ns = NS_PER_S;
	add_words(t, HOT, STATE_ALARM);
	add_words(t, DOOR, STATE_ALARM);
	add_words(t, TRIP, STATE_TRIP);
	add_words(t, BENCH, STATE_BENCH);
	t->outputs[0] = (struct image_output){ .channel = H2, .ramp = 0.5, .shutoff = IMAGE_NONE };
	t->alarms[0] = (struct image_alarm){
		.state = HOT, .priority = PRIORITY_CRITICAL, .action = add(t, "Close the bottle")
	};
	/* T_bed > 600 */
	t->head.code = (struct image_table){ offsetof(struct tiny, code), 3 };
	t->code[0] = (struct expr_op){ .code = EXPR_OP_LOAD, .arg.i = T_BED };
	t->code[1] = (struct expr_op){ .code = EXPR_OP_CONST, .arg.f = 600 };
	t->code[2] = (struct expr_op){ .code = EXPR_OP_GT };
	t->alarms[0].when =
		(struct image_cond){ .first_op = 0, .n_ops = 3, .text = add(t, "T_bed > 600") };
	t->alarms[1] = (struct image_alarm){ .state = DOOR, .priority = PRIORITY_LOW };
}

static void
write_value(struct fixture *f, uint32_t channel, double v, enum quality quality)
{
	struct sample s = { .stamp_ns = f->now_ns, .quality = (uint16_t)quality };

	if (f->image.channels[channel].type == VALUE_FLOAT)
		s.v.f = v;
	else
		s.v.i = (int64_t)v;
	board_write(f->b, channel, &s);
}

static void
beat(struct fixture *f)
{
	struct board_heart heart = {
		.stamp_ns = f->now_ns, .wall_ns = 1800000000 * NS_PER_S, .wall_is_good = 1
	};

	board_tick_begin(f->b);
	board_tick_end(f->b, &heart);
}

static int
begin(void **state)
{
	struct fixture *f = mem_zero(1, sizeof(*f));
	struct sample text = {
		.stamp_ns = 10 * NS_PER_S, .quality = Q_GOOD, .text = "X\x1b[2J\x07"
	};
	struct board_setup setup;
	size_t size;

	f->now_ns = 10 * NS_PER_S;
	make_image(&f->image);
	setup = (struct board_setup){ .image = &f->image.head,
		.generation = 1,
		.tape_records = 64,
		.trace_lines = 4,
		.now_ns = 1000,
		.boot_id = "boot" };
	size = board_size(&setup);
	f->b = board_make(memset(aligned_alloc(64, size), 0, size), &setup);
	write_value(f, T_BED, 21.5, Q_GOOD);
	write_value(f, H2, 4.5, Q_GOOD);
	board_write(f->b, MODEL, &text);
	write_value(f, PV, 21.6, Q_GOOD);
	write_value(f, H2_TARGET, 5, Q_GOOD);
	write_value(f, H2_WORKING, 5, Q_GOOD);
	write_value(f, HOT, ALARM_NORMAL, Q_GOOD);
	write_value(f, DOOR, ALARM_NORMAL, Q_GOOD);
	write_value(f, TRIP, TRIP_READY, Q_GOOD);
	write_value(f, BENCH, BENCH_MANUAL, Q_GOOD);
	write_value(f, LATE, 0.3, Q_GOOD);
	beat(f);
	f->f.is_utf8 = true;
	top_take(&f->t, f->b, &f->image.head, f->now_ns);
	*state = f;
	return 0;
}

static int
end(void **state)
{
	struct fixture *f = *state;

	top_done(&f->t);
	frame_done(&f->f);
	buf_done(&f->out);
	free(f->b);
	free(f);
	return 0;
}

static const char *
draw_at(struct fixture *f, int width, int height)
{
	frame_clear(&f->f, width, height);
	top_draw(&f->t, &f->f);
	buf_clear(&f->out);
	frame_print(&f->f, &f->out);
	return buf_text(&f->out);
}

static const char *
draw(struct fixture *f)
{
	return draw_at(f, 140, 24);
}

static void
look(struct fixture *f, int64_t later_ns)
{
	f->now_ns += later_ns;
	beat(f);
	top_look(&f->t, f->now_ns);
}

static void
press(struct fixture *f, const char *keys)
{
	for (; *keys != '\0'; keys++)
		top_key(&f->t, (unsigned char)*keys);
}

#define HAS(text, part)                                                                            \
	do {                                                                                       \
		if (strstr(text, part) == NULL)                                                    \
			fail_msg("'%s' is not in:\n%s", part, text);                               \
	} while (0)
#define HAS_NOT(text, part)                                                                        \
	do {                                                                                       \
		if (strstr(text, part) != NULL)                                                    \
			fail_msg("'%s' is in:\n%s", part, text);                                   \
	} while (0)

static void
test_a_row_has_all_of_a_channel(void **state)
{
	struct fixture *f = *state;
	const char *text = draw(f);

	HAS(text, "2027-01-15T08:00:10Z  tiny  A bench");
	HAS(text, "● running  mode manual  clock set");
	HAS(text, "Alarms: all 2 normal");
	HAS(text, "Trips: all 1 ready");
	HAS(text, "Name");
	HAS(text, "T_bed                  float  °C         0 800                                  "
		  "    21.50 R  ✓ good");
	HAS(text, "H2                     float  mL_n/min               5.000 30 mL_n/min/min      "
		  "    4.500 RW ✓ good");
	assert_null(strchr(text, '\x1b'));
	assert_null(strchr(text, '\x07'));
}

static void
test_what_is_not_good_has_its_reason_and_no_value(void **state)
{
	static const struct {
		enum quality quality;
		const char *shown, *hidden;
	} cases[] = {
		{ Q_GOOD, "33.00 R  ✓ good", "✕" },
		{ Q_NO_ANSWER, "— R  ✕ no answer", "33.0" },
		{ Q_LIVE_ZERO, "— R  ✕ below the live zero", "33.0" },
		{ Q_OUT_OF_RANGE, "33.00 R  ▲ outside its range", "✓ good\nH2 " },
	};
	struct fixture *f = *state;

	press(f, "/T_bed");
	for (size_t i = 0; i < NELEM(cases); i++) {
		write_value(f, T_BED, 33, cases[i].quality);
		look(f, NS_PER_S / 10);
		HAS(draw(f), cases[i].shown);
		HAS_NOT(buf_text(&f->out), cases[i].hidden);
	}
}

static void
test_what_is_old_is_not_shown_as_good(void **state)
{
	struct fixture *f = *state;

	look(f, 3 * NS_PER_S);
	HAS(draw(f), "— R  ✕ too old");
	HAS_NOT(buf_text(&f->out), "21.50");
}

static void
test_a_dead_controller_is_told_and_nothing_is_good(void **state)
{
	struct fixture *f = *state;

	top_look(&f->t, f->now_ns + NS_PER_S);
	HAS(draw(f), "▲ STALE: last tick 1 s ago");
	top_look(&f->t, f->now_ns + 3 * NS_PER_S);
	f->t.trouble = "bench 'tiny' does not run";
	HAS(draw(f), "■ STOPPED: the controller does not run");
	HAS(buf_text(&f->out), "bench 'tiny' does not run");
	HAS(buf_text(&f->out), "— R  ✕ the controller does not run");
	HAS_NOT(buf_text(&f->out), "good");
	HAS_NOT(buf_text(&f->out), "21.50");
	HAS_NOT(buf_text(&f->out), "normal");
	press(f, "l");
	HAS(draw(f), "✕ le contrôleur ne tourne pas");
	press(f, "a");
	HAS(draw(f), "? hot");
	HAS_NOT(buf_text(&f->out), "normal");
	press(f, "i");
	HAS(draw(f), "✕ oven");
	HAS(buf_text(&f->out), "inconnu");
}

static void
test_a_ramp_under_way_is_marked(void **state)
{
	struct fixture *f = *state;

	write_value(f, H2_WORKING, 3, Q_GOOD);
	look(f, NS_PER_S / 10);
	HAS(draw(f), "5.000~");
	/* Without the image nobody knows the ramp. */
	top_take(&f->t, f->b, NULL, f->now_ns);
	HAS(draw(f), "5.000~ ? ");
}

static void
test_an_image_of_another_version_is_not_used(void **state)
{
	struct fixture *f = *state;

	f->image.head.hash = 100;
	top_take(&f->t, f->b, &f->image.head, f->now_ns);
	assert_null(f->t.image);
	HAS(draw(f), "5.000 ? ");
}

static void
test_the_filter_takes_each_word(void **state)
{
	static const struct {
		const char *filter;
		uint32_t n;
	} cases[] = { { "", CHANNELS }, { "t_BED", 1 }, { "oven", 2 }, { "h2", 3 },
		{ "h2 hydrogen", 1 }, { "hydrogen", 2 }, { "étuve modèle", 1 }, { "ÉTUVE", 1 },
		{ "degc", 2 }, { "nothing", 0 }, { "  bed  ", 1 } };
	struct fixture *f = *state;

	for (size_t i = 0; i < NELEM(cases); i++) {
		top_key(&f->t, KEY_OF_ESCAPE);
		text_copy(f->t.filter, sizeof(f->t.filter), cases[i].filter);
		f->t.sorted_ns = 0;
		top_choose(&f->t);
		assert_int_equal(f->t.n_order, cases[i].n);
		draw(f);
		if (cases[i].n == 0)
			HAS(buf_text(&f->out), "No channel fits");
	}
}

static void
test_typing_filters_at_once(void **state)
{
	struct fixture *f = *state;

	press(f, "/tq"); /* q is a letter here */
	assert_string_equal(f->t.filter, "tq");
	assert_false(f->t.is_over);
	assert_int_equal(f->t.n_order, 0);
	HAS(draw(f), "Filter: tq_");
	top_key(&f->t, KEY_OF_ERASE);
	top_key(&f->t, 0xE9); /* é */
	assert_string_equal(f->t.filter, "té");
	top_key(&f->t, KEY_OF_ERASE);
	assert_string_equal(f->t.filter, "t");
	top_key(&f->t, KEY_OF_ENTER);
	HAS(draw(f), "filter 't'");
	top_key(&f->t, KEY_OF_ESCAPE);
	assert_string_equal(f->t.filter, "");
	assert_int_equal(f->t.n_order, CHANNELS);
	press(f, "/");
	for (int i = 0; i < 500; i++)
		top_key(&f->t, 0x20AC);
	assert_true(strlen(f->t.filter) < TOP_FILTER);
	top_key(&f->t, KEY_OF_ESCAPE);
	press(f, "q");
	assert_true(f->t.is_over);
}

static void
test_problems_only(void **state)
{
	struct fixture *f = *state;

	press(f, "p");
	assert_int_equal(f->t.n_order, 0);
	write_value(f, PV, 1, Q_NO_ANSWER);
	write_value(f, T_BED, 900, Q_OUT_OF_RANGE);
	look(f, NS_PER_S / 10);
	assert_int_equal(f->t.n_order, 2);
	HAS(draw(f), "problems only");
	HAS(buf_text(&f->out), "Values: 1 bad, 1 uncertain");
}

static const char *
first_name(const struct fixture *f)
{
	return board_text(f->b, board_channel(f->b, f->t.order[0])->name);
}

static void
test_orders(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(first_name(f), "T_bed");
	press(f, "s");
	assert_string_equal(first_name(f), "H2");
	HAS(draw(f), "by name");
	f->now_ns += NS_PER_S;
	for (uint32_t i = 0; i < CHANNELS; i++)
		if (i != MODEL && i != PV)
			write_value(f, i, 1, Q_GOOD);
	look(f, 0);
	press(f, "s");
	assert_string_equal(first_name(f), "model"); /* the oldest */
	HAS(draw(f), "Age");
	look(f, 2 * NS_PER_S);
	write_value(f, PV, 7, Q_GOOD);
	look(f, 2 * NS_PER_S);
	press(f, "s");
	assert_string_equal(first_name(f), "oven.pv"); /* it changed last */
	HAS(draw(f), "Change");
	press(f, "s");
	assert_string_equal(first_name(f), "T_bed");
}

static void
test_the_chosen_channel_stays_chosen(void **state)
{
	struct fixture *f = *state;

	top_key(&f->t, KEY_OF_DOWN);
	assert_string_equal(f->t.name, "H2");
	top_key(&f->t, KEY_OF_DOWN);
	top_key(&f->t, KEY_OF_UP);
	write_value(f, T_BED, 900, Q_OUT_OF_RANGE);
	press(f, "s");
	assert_string_equal(f->t.name, "H2");
	assert_int_equal(f->t.chosen, 0);
	top_key(&f->t, KEY_OF_END);
	assert_int_equal(f->t.chosen, CHANNELS - 1);
	top_key(&f->t, KEY_OF_PAGE_DOWN);
	assert_int_equal(f->t.chosen, CHANNELS - 1);
	top_key(&f->t, KEY_OF_HOME);
	top_key(&f->t, KEY_OF_UP);
	assert_int_equal(f->t.chosen, 0);
}

static void
test_the_head_tells_alarms_and_trips(void **state)
{
	struct fixture *f = *state;

	write_value(f, HOT, ALARM_UNACKNOWLEDGED, Q_GOOD);
	write_value(f, DOOR, ALARM_ACKNOWLEDGED, Q_GOOD);
	write_value(f, TRIP, TRIP_TRIPPED, Q_GOOD);
	write_value(f, BENCH, BENCH_TRIPPED, Q_GOOD);
	look(f, NS_PER_S / 10);
	HAS(draw(f), "Alarms: 1 not acknowledged (1 critical)  1 acknowledged (1 low)");
	HAS(buf_text(&f->out), "Trips: leak tripped");
	HAS(buf_text(&f->out), "mode tripped");
	HAS(buf_text(&f->out), "T_bed ■ ");
	HAS_NOT(buf_text(&f->out), "H2 ■");
	top_key(&f->t, KEY_OF_ENTER);
	HAS(draw(f), "■ hot: not acknowledged — T_bed > 600");
	top_key(&f->t, KEY_OF_ESCAPE);
	press(f, "a");
	HAS(draw(f), "■ hot                  not acknowledged         critical  100 ms        Too "
		     "hot — Close the bottle");
	HAS(buf_text(&f->out), "● door");
	press(f, "t");
	HAS(draw(f), "■ leak                 tripped");
	write_value(f, HOT, 0, Q_SOURCE_BAD);
	look(f, NS_PER_S / 10);
	press(f, "a");
	HAS(draw(f), "? hot                  not known: computed fro");
	HAS(buf_text(&f->out), "Alarms: 1 not known (1 critical)");
}

static void
test_a_channel_in_detail(void **state)
{
	struct fixture *f = *state;

	write_value(f, T_BED, 21.5, Q_NO_ANSWER);
	look(f, NS_PER_S / 10);
	top_key(&f->t, KEY_OF_ENTER);
	HAS(draw(f), "✕ no answer");
	HAS(buf_text(&f->out), "check the unit number, wiring and 'timeout'");
	HAS(buf_text(&f->out), "oven");
	HAS(buf_text(&f->out), "0 … 800");
	HAS_NOT(buf_text(&f->out), "21.5");
	assert_null(strchr(buf_text(&f->out), '\x1b'));
	press(f, "l");
	HAS(draw(f), "vérifier le numéro d'unité");
	draw_at(f, 60, 8);
	draw_at(f, 60, 8);
	top_key(&f->t, KEY_OF_END);
	HAS(draw_at(f, 60, 8), "Adresse");
	top_key(&f->t, KEY_OF_ESCAPE);
	top_key(&f->t, KEY_OF_DOWN);
	top_key(&f->t, KEY_OF_ENTER);
	press(f, "l");
	HAS(draw(f), "Asked (SP)            5.000");
	top_key(&f->t, KEY_OF_ESCAPE);
	assert_int_equal(f->t.page, PAGE_TABLE);
}

static void
test_paper_has_all_lines(void **state)
{
	struct fixture *f = *state;

	draw_at(f, 400, 0);
	for (int i = 0; i < CHANNELS; i++)
		HAS(buf_text(&f->out), f->image.strings + f->image.channels[i].name);
	HAS_NOT(buf_text(&f->out), " \n");
}

static void
test_without_utf8_all_is_ascii(void **state)
{
	struct fixture *f = *state;

	f->f.is_utf8 = false;
	for (int page = PAGE_TABLE; page <= PAGE_HELP; page++) {
		f->t.page = (enum top_page)page;
		f->t.language = LANGUAGE_FR;
		for (const char *at = draw(f); *at != '\0'; at++)
			assert_true((unsigned char)*at < 0x80);
	}
	f->t.page = PAGE_TABLE;
	f->t.language = LANGUAGE_EN;
	HAS(draw(f), "degC");
	HAS(buf_text(&f->out), "+ good");
}

static void
test_small_terminals_keep_what_matters(void **state)
{
	struct fixture *f = *state;

	HAS(draw_at(f, 40, 6), "running");
	HAS(buf_text(&f->out), "T_bed");
	HAS(buf_text(&f->out), "21.50");
	HAS(buf_text(&f->out), "✓");
	HAS(draw_at(f, 20, 3), "running");
	HAS(draw_at(f, 20, 2), "running");
}

/* Whatever is pressed, on a terminal of whatever size: nothing leaves the frame, nothing harmful is in it. */
static void
test_any_keys_at_any_size(void **state)
{
	static const char letters[] = "/pspatih?lkj  xé1";
	struct fixture *f = *state;

	srand(11);
	for (int round = 0; round < 20000; round++) {
		int width = rand() % 140, height = 1 + rand() % 40;

		top_key(&f->t, rand() % 2
				       ? KEY_OF_UP + (uint32_t)rand() % 9
				       : (unsigned char)letters[(size_t)rand() % sizeof(letters)]);
		if (round % 7 == 0)
			write_value(f, (uint32_t)rand() % CHANNELS, rand() % 12,
				(enum quality)(rand() % Q_COUNT));
		if (round % 5 == 0)
			look(f, rand() % 2 * NS_PER_S);
		f->f.is_utf8 = rand() % 2;
		draw_at(f, width, height);
		for (size_t i = 0; i < f->f.n; i++) {
			const struct span *s = &f->f.at[i];

			assert_true(s->line >= 0 && s->line < height);
			assert_true(s->col >= 0 && s->cols > 0 && s->col + s->cols <= width);
			check_harmless(f->f.text.data + s->off, s->n, f->f.is_utf8);
		}
		assert_false(f->t.is_over);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_fit_their_cells),
		cmocka_unit_test(test_no_bytes_do_harm),
		cmocka_unit_test(test_long_texts_are_broken_at_blanks),
		cmocka_unit_test(test_values_have_the_digits_that_their_range_deserves),
		cmocka_unit_test(test_both_languages_say_the_same_things),
		cmocka_unit_test(test_columns_that_matter_less_are_left_out_first),
		cmocka_unit_test(test_columns_never_overlap_nor_leave_the_width),
		cmocka_unit_test_setup_teardown(test_a_row_has_all_of_a_channel, begin, end),
		cmocka_unit_test_setup_teardown(
			test_what_is_not_good_has_its_reason_and_no_value, begin, end),
		cmocka_unit_test_setup_teardown(test_what_is_old_is_not_shown_as_good, begin, end),
		cmocka_unit_test_setup_teardown(
			test_a_dead_controller_is_told_and_nothing_is_good, begin, end),
		cmocka_unit_test_setup_teardown(test_a_ramp_under_way_is_marked, begin, end),
		cmocka_unit_test_setup_teardown(
			test_an_image_of_another_version_is_not_used, begin, end),
		cmocka_unit_test_setup_teardown(test_the_filter_takes_each_word, begin, end),
		cmocka_unit_test_setup_teardown(test_typing_filters_at_once, begin, end),
		cmocka_unit_test_setup_teardown(test_problems_only, begin, end),
		cmocka_unit_test_setup_teardown(test_orders, begin, end),
		cmocka_unit_test_setup_teardown(test_the_chosen_channel_stays_chosen, begin, end),
		cmocka_unit_test_setup_teardown(test_the_head_tells_alarms_and_trips, begin, end),
		cmocka_unit_test_setup_teardown(test_a_channel_in_detail, begin, end),
		cmocka_unit_test_setup_teardown(test_paper_has_all_lines, begin, end),
		cmocka_unit_test_setup_teardown(test_without_utf8_all_is_ascii, begin, end),
		cmocka_unit_test_setup_teardown(test_small_terminals_keep_what_matters, begin, end),
		cmocka_unit_test_setup_teardown(test_any_keys_at_any_size, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
