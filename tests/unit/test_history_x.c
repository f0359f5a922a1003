/* test_history_x.c - a channel in the place of time: the pairs are those of one moment, and nothing holds where nobody knows */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "history/answer.h"
#include "msg/quality.h"
#include "store_rig.h"

#define BOOT_A "11111111-1111-1111-1111-111111111111"
#define BOOT_B "22222222-2222-2222-2222-222222222222"
#define WALL (INT64_C(1700000000) * NS_PER_S) /* of a boot's time 0 */

enum { T_BED, TCD, VALVE, NOTE, CHANNELS };

static uint32_t number[CHANNELS];
static char boot[40];

static struct store *
begin(void)
{
	static const enum value_type types[] = { VALUE_FLOAT, VALUE_FLOAT, VALUE_CHOICE,
		VALUE_TEXT };
	static const char *const names[] = { "T_bed", "TCD", "valve", "note" };
	static const char *const units[] = { "degC", "mV", "", "" };
	struct store *s = rig_open(rig_dir, 0);
	struct err err;

	snprintf(boot, sizeof(boot), "%s", BOOT_A);
	assert_int_equal(store_boot(s, boot, &err), 0);
	assert_int_equal(store_channels_begin(s, &err), 0);
	for (uint32_t i = 0; i < CHANNELS; i++) {
		struct store_channel ch = { .id = 10 + i,
			.type = types[i],
			.name = names[i],
			.unit = units[i],
			.title = "",
			.instrument = "",
			.choices = i == VALVE ? "0=closed\n1=open" : "" };

		assert_int_equal(store_channel(s, &ch, &number[i], &err), 0);
	}
	assert_int_equal(store_channels_end(s, true, &err), 0);
	store_clock(s, 0, WALL, true);
	return s;
}

static void
commit(struct store *s, int64_t t_ns)
{
	const struct store_place place = { .made_ns = 1, .seq = (uint64_t)t_ns };
	struct store_place here = place;
	struct err err;

	memcpy(here.boot_id, boot, sizeof(here.boot_id));
	if (store_commit(s, &here, t_ns, WALL + t_ns, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
add(struct store *s, unsigned channel, double t, double v)
{
	struct sample sample = { .stamp_ns = (int64_t)(t * 1000) * NS_PER_MS, .v.f = v };

	if (channel == VALVE)
		sample.v.i = (int64_t)v;
	store_add(s, number[channel], &sample);
}

static void
add_bad(struct store *s, unsigned channel, double t)
{
	struct sample sample = { .stamp_ns = (int64_t)(t * 1000) * NS_PER_MS,
		.quality = Q_NO_ANSWER };

	store_add(s, number[channel], &sample);
}

static void
end(struct store *s, double t)
{
	commit(s, (int64_t)(t * 1000) * NS_PER_MS);
	store_close(s);
}

/* The answer to a question from the first second on; NULL: refused, *err tells why. */
static char *
try_ask(struct ask_words words, const char *to, struct err *err)
{
	struct reader *r;
	struct answer *a;
	struct buf out = { 0 };
	struct ask ask;
	int rc;

	words.from = words.from != NULL ? words.from : "1700000000";
	words.to = to;
	if (ask_read(&words, WALL, true, &ask, err) < 0) {
		ask_done(&ask);
		return NULL;
	}
	r = reader_open(rig_dir, err);
	assert_non_null(r);
	a = answer_new(r, &ask, err);
	while (a != NULL && (rc = answer_step(a, &out, err)) != 0)
		assert_int_equal(rc, 1);
	answer_free(a);
	reader_close(r);
	if (a == NULL)
		return NULL;
	buf_text(&out);
	return out.data;
}

static char *
ask(struct ask_words words, const char *to)
{
	struct err err;
	char *text = try_ask(words, to, &err);

	if (text == NULL)
		fail_msg("%s", err.msg);
	return text;
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no '%s' in %s", part, text);
}

/* ---- raw ---- */

static void
test_up_and_down(void **state)
{
	struct store *s = begin();
	const struct ask_words words = { .channels = "TCD", .x = "T_bed", .raw = "1" };
	struct ask_words other = words;
	char *text;

	add(s, TCD, 0.5, 1);
	for (int k = 1; k <= 5; k++) {
		add(s, T_BED, k, 100 + 10 * (k <= 3 ? k : 6 - k));
		add(s, TCD, k + 0.5, 1 + k);
	}
	end(s, 6);
	text = ask(words, "1700000010");
	has(text, "\"x\":{\"name\":\"T_bed\",\"title\":\"\",\"unit\":\"degC\",\"type\":\"float\"");
	/* Before the first value nothing is known; the same x twice stays two rows in the order of time. */
	has(text, "\"samples\":[ [1700000000.5,1,null,null],[1700000001.5,2,null,110],"
		  "[1700000002.5,3,null,120],[1700000003.5,4,null,130],[1700000004.5,5,null,120],"
		  "[1700000005.5,6,null,110]]");
	free(text);
	other.format = "csv";
	text = ask(other, "1700000010");
	has(text, "time,x T_bed,TCD,TCD quality\r\nUTC,degC,mV,\r\n");
	has(text, "2023-11-14T22:13:20.500Z,,1,\r\n2023-11-14T22:13:21.500Z,110,2,\r\n");
	has(text, "2023-11-14T22:13:25.500Z,110,6,\r\n");
	free(text);
	other.format = "csv-fr";
	text = ask(other, "1700000010");
	has(text, "2023-11-14T22:13:21.500Z;110;2;\r\n");
	free(text);
	other.format = "flat";
	text = ask(other, "1700000010");
	has(text, "{\"time\":1700000000500,\"x T_bed\":null,\"TCD\":1},\n{\"time\":1700000001500,"
		  "\"x T_bed\":110,\"TCD\":2}");
	free(text);
	/* What held at the beginning came before it. */
	other = words;
	other.from = "1700000003";
	text = ask(other, "1700000004");
	has(text, "\"samples\":[ [1700000003.5,4,null,130]]");
	free(text);
}

static void
test_what_does_not_hold(void **state)
{
	struct store *s = begin();
	const struct store_gap gap = {
		.from_ns = 205 * NS_PER_S, .to_ns = 210 * NS_PER_S, .cause = "overrun", .missed = 7
	};
	char *text;

	add(s, T_BED, 1, 20.5);
	add_bad(s, T_BED, 10);
	add(s, TCD, 11, 1); /* behind a bad one */
	add(s, TCD, 30, 2); /* the very moment */
	add(s, T_BED, 30, 21.5);
	add(s, TCD, 180, 3);     /* 150 s later */
	add(s, TCD, 180.001, 4); /* and a little more */
	add_bad(s, TCD, 181);    /* its quality and its x are two things */
	add(s, T_BED, 200, 22.5);
	add_bad(s, TCD, 204);
	add(s, TCD, 205, 5); /* the last moment before the gap */
	add(s, TCD, 211, 6);
	add(s, T_BED, 212, 23.5);
	add(s, TCD, 213, 7);
	store_gap(s, &gap);
	end(s, 220);
	text = ask((struct ask_words){ .channels = "TCD", .x = "T_bed", .raw = "1" }, "1700000300");
	has(text, "\"samples\":[ [1700000011,1,null,null],[1700000030,2,null,21.5],"
		  "[1700000180,3,null,21.5],[1700000180.001,4,null,null],"
		  "[1700000181,null,\"no_answer\",null],[1700000204,null,\"no_answer\",22.5],"
		  "[1700000205,5,null,22.5],[1700000211,6,null,null],[1700000213,7,null,23.5]]");
	free(text);
	text = ask(
		(struct ask_words){
			.channels = "TCD,T_bed", .x = "T_bed", .raw = "1", .format = "csv" },
		"1700000300");
	has(text, "time,x T_bed,TCD,TCD quality,T_bed,T_bed quality\r\n");
	has(text, "2023-11-14T22:16:45Z,22.5,5,,,\r\n");
	has(text, "2023-11-14T22:16:45Z,,,overrun,,overrun\r\n");
	has(text, "2023-11-14T22:16:52Z,23.5,,,23.5,\r\n");
	free(text);
}

/* The wall clock goes back by 100 s, then the computer starts again: pairs are those of one moment all the same. */
static void
test_clocks(void **state)
{
	struct store *s = begin();
	struct err err;
	char *text;

	add(s, T_BED, 299, 1);
	add(s, TCD, 299.5, 10);
	add(s, T_BED, 301, 2);
	add(s, TCD, 301.5, 11);
	add(s, T_BED, 302, 3);
	add(s, TCD, 302.5, 12);
	store_clock(s, 300 * NS_PER_S, WALL - 100 * NS_PER_S, true);
	commit(s, 303 * NS_PER_S);
	snprintf(boot, sizeof(boot), "%s", BOOT_B);
	assert_int_equal(store_boot(s, boot, &err), 0);
	store_clock(s, 0, WALL + 210 * NS_PER_S, true);
	add(s, TCD, 1,
		13); /* 9 s behind the last of T_bed by the wall clock, but of another boot */
	add(s, T_BED, 2, 4);
	add(s, TCD, 3, 14);
	end(s, 4);
	text = ask((struct ask_words){ .channels = "TCD", .x = "T_bed", .raw = "1" }, "1700001000");
	has(text, "[1700000299.5,10,null,1],[1700000201.5,11,null,2],[1700000202.5,12,null,3],"
		  "[1700000211,13,null,null],[1700000213,14,null,4]]");
	free(text);
}

static double
noise(uint64_t k)
{
	return (double)((k * UINT64_C(0x9E3779B97F4A7C15)) >> 54) / 8;
}

/* More of x than a step reads, between two samples of the channel: nothing is lost and nothing doubled where steps end. */
static void
test_many(void **state)
{
	const unsigned n = 300000, every = 25000;
	struct store *s = begin();
	char *text, part[64];
	size_t rows = 0;

	for (unsigned k = 0; k < n; k++) {
		add(s, T_BED, k, noise(k));
		if (k % every == every - 1)
			add(s, TCD, k + 0.5, k);
		if (k % 4000 == 3999 || store_is_due(s))
			commit(s, (int64_t)(k + 1) * NS_PER_S);
	}
	end(s, n);
	for (unsigned form = 0; form < 2; form++) {
		text = ask((struct ask_words){ .channels = "TCD,valve",
				   .x = "T_bed",
				   .raw = "1",
				   .format = form == 0 ? "json" : "flat" },
			"1700400000");
		rows = 0;
		for (const char *p = text;
			(p = strstr(p, form == 0 ? ",null," : "\"TCD\"")) != NULL; p++)
			rows++;
		assert_int_equal(rows, n / every);
		for (unsigned k = every - 1; k < n; k += every) {
			if (form == 0)
				snprintf(part, sizeof(part), "[%u.5,%u,null,%.9g]", 1700000000 + k,
					k, noise(k));
			else
				snprintf(part, sizeof(part),
					"{\"time\":%u500,\"x T_bed\":%.9g,\"TCD\":%u}",
					1700000000 + k, noise(k), k);
			has(text, part);
		}
		free(text);
	}
}

/* ---- intervals ---- */

/* The list of a name, the first one behind a word. */
static void
list_of(const char *text, const char *behind, const char *name, char *out, size_t cap)
{
	const char *p = strstr(text, behind), *stop;

	assert_non_null(p);
	p = strstr(p, name);
	assert_non_null(p);
	stop = strchr(p, ']');
	assert_true(stop != NULL && (size_t)(stop - p) < cap);
	memcpy(out, p, (size_t)(stop - p));
	out[stop - p] = '\0';
}

static void
test_intervals(void **state)
{
	struct store *s = begin();
	struct ask_words words = { .channels = "TCD", .x = "T_bed", .points = "5" };
	char *text, *plain, mine[512], theirs[512];

	for (int k = 0; k < 100; k++) {
		if (k < 40)
			add(s, T_BED, k, 100 + (k < 20 ? k : 40 - k));
		else if (k == 40)
			add_bad(s, T_BED, k);
		add(s, TCD, k + 0.25, k % 7);
		add(s, VALVE, k, k >= 50);
	}
	end(s, 100);
	text = ask(words, "1700000100");
	has(text, ",\n\"x\":{\"name\":\"T_bed\"");
	list_of(text, "\"x\":", "\"mean\":", mine, sizeof(mine));
	assert_string_equal(mine, "\"mean\":[109.5,110.5,null,null,null");
	list_of(text, "\"channels\":", "\"mean\":", mine, sizeof(mine));
	has(text, "]},\"channels\":[\n{\"name\":\"TCD\"");
	/* The same numbers as without it. */
	words.x = NULL;
	plain = ask(words, "1700000100");
	list_of(plain, "\"channels\":", "\"mean\":", theirs, sizeof(theirs));
	assert_string_equal(mine, theirs);
	assert_string_equal(strstr(plain, "\"channels\":"), strstr(text, "\"channels\":"));
	free(plain);
	free(text);
	words.x = "valve"; /* a word is its number */
	text = ask(words, "1700000100");
	list_of(text, "\"x\":", "\"mean\":", mine, sizeof(mine));
	assert_string_equal(mine, "\"mean\":[0,0,0.5,1,1");
	free(text);
	words.x = "T_bed";
	words.format = "csv";
	text = ask(words, "1700000100");
	has(text, "time,x T_bed mean,TCD mean,TCD min,TCD max,TCD count,TCD quality\r\n"
		  "UTC,degC,mV,mV,mV,,\r\n");
	has(text, "2023-11-14T22:13:20Z,109.5,");
	has(text, "2023-11-14T22:14:00Z,,");
	free(text);
	words.format = "flat";
	text = ask(words, "1700000100");
	has(text, "{\"time\":1700000000000,\"x T_bed\":109.5,\"TCD\":");
	has(text, "{\"time\":1700000040000,\"x T_bed\":null,\"TCD\":");
	free(text);
	words.format = NULL;
	words.points = NULL;
	words.every = "20s";
	words.from = "first";
	text = ask(words, "1700000100");
	list_of(text, "\"x\":", "\"mean\":", mine, sizeof(mine));
	assert_string_equal(mine, "\"mean\":[109.5,110.5,null,null,null");
	free(text);
}

/* ---- what is refused ---- */

static void
refused(struct ask_words words, int status, const char *part)
{
	struct err err = { 0 };
	char *text = try_ask(words, "1700000100", &err);

	assert_null(text);
	assert_int_equal(err.code, ERR_CONF);
	assert_int_equal(err.sys == 404, status == 404);
	has(err.msg, part);
}

static void
test_refused(void **state)
{
	char hundred[600] = "TCD";
	struct store *s = begin();

	add(s, TCD, 1, 1);
	end(s, 2);
	for (int i = 1; i < 100; i++)
		memcpy(hundred + strlen(hundred), ",TCD", 5);
	refused((struct ask_words){ .channels = "TCD", .x = "T_bad" }, 400,
		"did you mean 'T_bed'?");
	refused((struct ask_words){ .channels = "TCD", .x = "T_bad" }, 400,
		"x: nothing is recorded");
	refused((struct ask_words){ .channels = "T_bad", .x = "T_bed" }, 404, "did you mean");
	refused((struct ask_words){ .channels = "TCD", .x = "note" }, 400,
		"x: channel 'note' has texts");
	refused((struct ask_words){ .channels = "TCD", .x = "T_bed,note" }, 400, "one channel");
	refused((struct ask_words){ .channels = "TCD", .x = "" }, 400, "one channel");
	refused((struct ask_words){ .channels = hundred, .x = "T_bed" }, 400,
		"101 channels with that of x");
	refused((struct ask_words){ .channels = "TCD",
			.x = "a_name_that_is_longer_than_any_channel_may_be_called_in_a_bench_"
			     "file" },
		400, "names are shorter");
	free(ask((struct ask_words){ .channels = hundred }, "1700000100"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_up_and_down, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(
			test_what_does_not_hold, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_clocks, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_many, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_intervals, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_refused, rig_make_dir, rig_remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
