/* test_history_over.c - runs over each other: each counts from its own beginning, whatever its clock says */
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
#include "history/files.h"
#include "history/runs.h"
#include "store_rig.h"

#define BOOT_A "11111111-1111-1111-1111-111111111111"
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
commit_at(struct store *s, int64_t t_ns, int64_t wall_ns)
{
	const struct store_place place = { .made_ns = 1, .seq = (uint64_t)t_ns };
	struct store_place here = place;
	struct err err;

	memcpy(here.boot_id, boot, sizeof(here.boot_id));
	if (store_commit(s, &here, t_ns, wall_ns, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
commit(struct store *s, int64_t t_ns)
{
	commit_at(s, t_ns, WALL + t_ns);
}

static void
add(struct store *s, unsigned channel, double t, double v)
{
	struct sample sample = { .stamp_ns = (int64_t)(t * 1000) * NS_PER_MS, .v.f = v };

	if (channel == VALVE)
		sample.v.i = (int64_t)v;
	store_add(s, number[channel], &sample);
}

/* The answer to a question; NULL: refused, *err tells why. */
static char *
try_ask(struct ask_words words, struct err *err)
{
	struct reader *r;
	struct answer *a;
	struct buf out = { 0 };
	struct ask ask;
	int rc;

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
ask(struct ask_words words)
{
	struct err err;
	char *text = try_ask(words, &err);

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

static void
run(struct store *s, enum wire_run what, double t, const char *request)
{
	const struct run_order order = { .what = what,
		.request = request,
		.who = "anna",
		.text = what == RUN_START ? request : "",
		.fields = "{}",
		.bench = "bench: test\n",
		.boot_id = boot,
		.t_ns = (int64_t)(t * 1000) * NS_PER_MS };
	char title[WIRE_TITLE_MAX + 1];
	uint32_t at;
	struct err err;

	if (runs_do(s, &order, WALL + order.t_ns, &at, title, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
step(struct store *s, double t, const char *text)
{
	static uint64_t id = 100;
	struct event e = { .id = ++id,
		.boot = event_boot(boot),
		.stamp_ns = (int64_t)(t * 1000) * NS_PER_MS,
		.kind = EVENT_SEQUENCE_STEP,
		.subject = "calcination" };

	snprintf(e.text, sizeof(e.text), "%s", text);
	store_event(s, &e, true, WALL);
}

/* Two runs, of 10 s and of 20 s, with the same ramp; in the second the clock is set back by an hour. A third one goes on. */
static void
write_runs(void)
{
	struct store *s = begin();
	const struct store_gap gap = {
		.from_ns = 108 * NS_PER_S, .to_ns = 109 * NS_PER_S, .cause = "overrun", .missed = 7
	};

	add(s, T_BED, 99, 1);
	commit(s, 100 * NS_PER_S);
	run(s, RUN_START, 100, "first");
	step(s, 102, "1 wait");
	step(s, 104, "2 heat, slowly");
	for (int k = 0; k < 10; k++)
		add(s, T_BED, 100.5 + k, 10 + k);
	store_gap(s, &gap);
	commit(s, 110 * NS_PER_S);
	run(s, RUN_STOP, 110, "first end");
	add(s, T_BED, 120, 99);
	commit(s, 300 * NS_PER_S);
	run(s, RUN_START, 300, "second");
	add(s, T_BED, 300.5, 20);
	store_clock(s, 305 * NS_PER_S, WALL - 3600 * NS_PER_S, true);
	step(s, 306, "2 heat, slowly");
	for (int k = 1; k < 20; k++)
		add(s, T_BED, 300.5 + k, 20 + k);
	commit(s, 320 * NS_PER_S);
	run(s, RUN_STOP, 320, "second end");
	commit_at(s, 330 * NS_PER_S,
		WALL + 40 * 86400 * NS_PER_S); /* what comes is in another file */
	commit_at(s, 340 * NS_PER_S, WALL + 40 * 86400 * NS_PER_S);
	run(s, RUN_START, 400, "third");
	add(s, T_BED, 401, 7);
	add(s, TCD, 401, 8);
	commit_at(s, 402 * NS_PER_S, WALL + 40 * 86400 * NS_PER_S);
	store_close(s);
}

static void
test_raw(void **state)
{
	struct ask_words words = { .channels = "T_bed", .since = "run:1,run:2", .raw = "1" };
	char *text;

	write_runs();
	text = ask(words);
	has(text, "{\"from\":0,\"to\":20,\"recorded\":");
	has(text, "{\"run\":1,\"title\":\"first\",\"step\":null,\"open\":false,\"begin\":"
		  "\"2023-11-14T22:15:00Z\",\"seconds\":10,\"gaps\":[{\"from\":8,\"to\":9,"
		  "\"cause\":\"overrun\"");
	has(text, "\"name\":\"T_bed run 1\"");
	has(text, "\"run\":1,\"step\":null,\"samples\":[ [0.5,10],[1.5,11],");
	has(text, "[9.5,19]]}");
	/* The clock was set back by an hour: nothing moves. */
	has(text, "\"run\":2,\"step\":null,\"samples\":[ [0.5,20],[1.5,21],[2.5,22],[3.5,23],"
		  "[4.5,24],[5.5,25],[6.5,26],");
	has(text, "[19.5,39]]}");
	free(text);
	words.format = "csv";
	text = ask(words);
	has(text, "seconds,T_bed run 1,T_bed run 1 quality,T_bed run 2,T_bed run 2 quality\r\n"
		  "s,degC,,degC,\r\n0.5,10,,20,\r\n1.5,11,,21,\r\n");
	has(text, "7.5,17,,27,\r\n8,,overrun,,\r\n8.5,18,,28,\r\n9.5,19,,29,\r\n10.5,,,30,\r\n");
	free(text);
	words.format = "csv-fr";
	text = ask(words);
	has(text, "s;degC;;degC;\r\n0,5;10;;20;\r\n");
	free(text);
	words.format = "flat";
	text = ask(words);
	has(text, "{\"seconds\":0.5,\"T_bed run 1\":10,\"T_bed run 2\":20},\n");
	has(text, "{\"seconds\":8,\"T_bed run 1\":null,\"T_bed run 1 quality\":\"overrun\"},\n");
	free(text);
	words.format = "csv";
	words.from = "-1 s";
	words.to = "2 s";
	text = ask(words);
	has(text, "s,degC,,degC,\r\n-1,1,,,\r\n0.5,10,,20,\r\n1.5,11,,21,\r\n");
	assert_null(strstr(text, "2.5,"));
	free(text);
}

static void
test_steps(void **state)
{
	struct ask_words words = { .channels = "T_bed",
		.since = "run:2/step:Heat, slowly,run:1/step:2",
		.raw = "1",
		.format = "csv" };
	char *text;

	struct history_file *list;
	struct err err;

	write_runs();
	assert_int_equal(files_list(rig_dir, &list, &err), 2);
	free(list);
	text = ask(words);
	has(text, "seconds,T_bed run 2 step 2,");
	has(text, "s,degC,,degC,\r\n0.5,26,,14,\r\n1.5,27,,15,\r\n");
	free(text);
	words.since = "run:1/step:2,run:1";
	words.from = "-1 s";
	text = ask(words);
	has(text, "seconds,T_bed run 1 step 2,T_bed run 1 step 2 quality,T_bed run 1,");
	has(text, "-1,,,1,\r\n-0.5,13,,,\r\n0.5,14,,10,\r\n");
	free(text);
}

static void
test_intervals(void **state)
{
	struct ask_words words = {
		.channels = "T_bed,TCD", .since = "run:2,run:1", .every = "2 s", .format = "csv"
	};
	char *text;

	write_runs();
	text = ask(words);
	has(text, "seconds,T_bed run 2 mean,T_bed run 2 min,");
	has(text, ",TCD run 1 count,TCD run 1 quality\r\n");
	/* From 2 s to 4 s: 21 for half a second, 22 for one, 23 for half of one. */
	has(text, "\r\n2,22,21,23,2,,,,,0,no_data,12,11,13,2,,,,,0,no_data\r\n");
	/* Behind the end of the first one there is nothing, although something was recorded. */
	has(text, "\r\n12,32,31,33,2,,,,,0,no_data,,,,0,run_over,,,,0,run_over\r\n");
	free(text);
	words = (struct ask_words){ .channels = "T_bed", .since = "run:1,run:2", .points = "20" };
	text = ask(words);
	has(text, "\"points\":20,\"interval\":1,\"time\":[0,1,2,");
	has(text, "\"run\":1,\"step\":null,\"mean\":[");
	has(text, "\"count\":[1,1,1,1,1,1,1,1,1,1,0,0,0,0,0,0,0,0,0,0]");
	has(text, "\"count\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]");
	free(text);
	/* One that goes on: until now. */
	words = (struct ask_words){ .channels = "T_bed", .since = "run:3", .every = "1 s" };
	text = ask(words);
	has(text, "\"open\":true,");
	has(text, "\"seconds\":2,");
	has(text, "\"count\":[0,1]");
	free(text);
}

static void
refused(struct ask_words words, int status, const char *says)
{
	struct err err = { 0 };
	char *text;

	words.channels = words.channels != NULL ? words.channels : "T_bed";
	text = try_ask(words, &err);
	if (text != NULL)
		fail_msg("an answer: %s", text);
	assert_int_equal(err.code, ERR_CONF);
	if (status == 404)
		assert_int_equal(err.sys, 404);
	has(err.msg, says);
}

static void
test_refused(void **state)
{
	static const char *const wrong[] = { "", "run", "run:", "run:x", "run:0", "run:-1", "12",
		"run:1/", "run:1/step", "run:1/step:", "step:heat", "run:1,", "run:1,,run:2",
		"run:1;run:2", "run:99999999999", "run:4294967296" };

	write_runs();
	for (size_t i = 0; i < NELEM(wrong); i++)
		refused((struct ask_words){ .since = wrong[i] }, 400,
			"write runs by their numbers");
	refused((struct ask_words){ .since = "run:7" }, 404, "since: there is no run 7");
	refused((struct ask_words){ .since = "run:1/step:cool" }, 404,
		"run 1 has no step 'cool'; it has '1 wait', '2 heat, slowly'");
	refused((struct ask_words){ .since = "run:3/step:1" }, 404, "leave out /step:1");
	refused((struct ask_words){ .since = "run:1,run:2,run:1" }, 400,
		"run 1 stands there twice");
	refused((struct ask_words){ .since = "run:1", .x = "TCD" }, 400, "among the channels");
	refused((struct ask_words){ .since = "run:1", .from = "-1x" }, 400, "from: with 'since'");
	refused((struct ask_words){ .since = "run:1", .from = "5 s", .to = "2 s" }, 400,
		"is not before");
	refused((struct ask_words){ .since = "run:1", .from = "1 h" }, 400, "lasts 10 s");
	refused((struct ask_words){ .since = "run:1", .channels = "T_bad" }, 404, "did you mean");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_raw, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_steps, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_intervals, rig_make_dir, rig_remove_dir),
		cmocka_unit_test_setup_teardown(test_refused, rig_make_dir, rig_remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
