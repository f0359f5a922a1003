/* test_device_ramp.c - ramps that the device makes: from the bench file to its registers, and back */
#include "hand_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rand.h"
#include "base/text.h"
#include "compile/compile.h"
#include "compile/units.h"
#include "control/change.h"

#define SECOND NS_PER_S
#define MS NS_PER_MS

enum { SP, RATE, PV, WSP, DOG }; /* registers of the furnace */

/* A furnace with a ramp of its own: 600 K/min are 10 K a second. `MORE` of the ramp, and of the bench. */
#define BENCH(MORE, REST)                                                                          \
	"bench: ramps\n"                                                                           \
	"tick: 100 ms\n"                                                                           \
	"links: {l0: {tcp: \"127.0.0.1:1502\"}, l1: {tcp: \"127.0.0.1:1503\"}}\n"                  \
	"instruments:\n"                                                                           \
	"  f:\n"                                                                                   \
	"    use: modbus\n"                                                                        \
	"    link: l0\n"                                                                           \
	"    every: 100 ms\n"                                                                      \
	"    timeout: 200 ms\n"                                                                    \
	"    watchdog: {armed: {channel: dog, is: 1}}\n"                                           \
	"    channels:\n"                                                                          \
	"      sp: {read: {holding: 0, type: int16}, write: {holding: 0}, unit: degC, range: [0, " \
	"1000]}\n"                                                                                 \
	"      rate: {read: {holding: 1, type: int16}, write: {holding: 1}, unit: K/min, range: "  \
	"[0, 1200]}\n"                                                                             \
	"      pv: {read: {holding: 2, type: int16}, unit: degC}\n"                                \
	"      wsp: {read: {holding: 3, type: int16}, unit: degC}\n"                               \
	"      dog: {read: {holding: 4, type: int16}}\n"                                           \
	"  v:\n"                                                                                   \
	"    use: modbus\n"                                                                        \
	"    link: l1\n"                                                                           \
	"    every: 100 ms\n"                                                                      \
	"    timeout: 200 ms\n"                                                                    \
	"    channels:\n"                                                                          \
	"      x: {read: {holding: 0, type: int16}, write: {holding: 0}}\n"                        \
	"      ok: {read: {holding: 1, bit: 0}}\n"                                                 \
	"channels:\n"                                                                              \
	"  T: {read: f.pv, write: f.sp, range: [0, 700], hazard: heat, ramp: {max: 600 K/min, "    \
	"by: device, rate: f.rate" MORE "}}\n"                                                     \
	"  X: {read: v.x, write: v.x, range: [0, 100]}\n" REST

#define COLD                                                                                       \
	"safe_states:\n"                                                                           \
	"  cold: {order: [{set: X, to: 0, within: 500 ms}, {set: T, to: 20, within: 2 s}]}\n"      \
	"on_stop: cold\n"

#define PLAIN BENCH(", at_once: 0", COLD)
#define SHOWN BENCH(", at_once: 0, working: f.wsp", COLD)

static struct image *
compile(const char *text)
{
	struct buf image = { 0 };
	struct bench b;
	struct err err;
	struct image *img;

	bench_init(&b, "test.yaml");
	if (compile_bytes(&b, text, strlen(text), &image, NULL, &err) < 0 || b.diag.n_errors > 0)
		fail_msg("the bench is not accepted: %s",
			b.diag.n_lines > 0 ? b.diag.lines[0].text : err.msg);
	bench_done(&b);
	img = (struct image *)(void *)image.data;
	for (uint32_t i = 0; i < img->channels.n; i++)
		((struct image_channel *)(void *)((char *)img + img->channels.off))[i].id = i + 1;
	for (uint32_t i = 0; i < img->instruments.n; i++)
		((struct image_instrument *)(void *)((char *)img + img->instruments.off))[i].id =
			i + 1;
	return img;
}

/* The furnace, as long as the rig runs: its ramp, and a bed that is as hot as that, `lag` K behind. */
struct furnace {
	double at;
	int lag;
	bool is_off; /* it stays where it is */
};

static struct furnace furnace;

static void
play(struct hand_rig *r, int64_t span_ns)
{
	int16_t *held = r->device[0].held;

	for (int64_t ns = 0; ns < span_ns; ns += 50 * MS) {
		double most = held[RATE] == 0 ? 1e9 : held[RATE] / 60.0 * 0.05;
		double way = held[SP] - furnace.at;

		if (!furnace.is_off)
			furnace.at += fmin(fmax(way, -most), most);
		held[WSP] = (int16_t)lround(furnace.at);
		held[PV] = (int16_t)(held[WSP] - furnace.lag);
		hand_run(r, 50 * MS);
	}
}

static void
begin(struct hand_rig *r, const char *text)
{
	furnace = (struct furnace){ .at = 20 };
	hand_init(r, compile(text), 2);
	r->device[0].held[SP] = r->device[0].held[PV] = r->device[0].held[WSP] = 20;
	r->device[0].held[DOG] = r->device[1].held[1] = 1;
	play(r, SECOND);
}

/* The values that arrived at the furnace, "1=600 0=120", since the given write. */
static const char *
written(const struct hand_rig *r, size_t from)
{
	static char text[400];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = from; i < r->n_writes && used < sizeof(text); i++)
		if (r->writes[i].device == 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u=%d",
				used == 0 ? "" : " ", r->writes[i].address, r->writes[i].value);
	return text;
}

static bool
is_near(double a, double b, double within)
{
	return fabs(a - b) <= within;
}

static void
set_mode(struct hand_rig *r, const char *what)
{
	struct command c = { .kind = COMMAND_MODE, .is_person = true };

	text_copy(c.subject, sizeof(c.subject), "T");
	text_copy(c.value, sizeof(c.value), what);
	hand_command(r, &c);
}

static void
make_safe(struct hand_rig *r)
{
	struct command c = { .kind = COMMAND_SAFE, .is_person = true };

	text_copy(c.subject, sizeof(c.subject), "cold");
	hand_command(r, &c);
}

static enum verdict
press(struct hand_rig *r, enum command_kind kind, const char *subject)
{
	struct command c = { .kind = kind, .is_person = true, .ramp_per_min = (double)NAN };

	text_copy(c.subject, sizeof(c.subject), subject);
	hand_command(r, &c);
	hand_run(r, 10 * MS);
	return hand_verdict(r, c.id, NULL);
}

/* With a sequence, "t", of these lines, which is started. */
static void
begin_sequence(struct hand_rig *r, const char *bench, const char *lines)
{
	char folder[] = "/tmp/mbc-ramp-XXXXXX", file[64], text[8000];
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/t.seq", folder);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "sequence \"Test\" version 1\nneeds T X\n%s", lines) > 0);
	fclose(f);
	snprintf(text, sizeof(text), "%ssequences: %s\n", bench, folder);
	begin(r, text);
	unlink(file);
	rmdir(folder);
	assert_int_equal(press(r, COMMAND_SEQ_PREPARE, "t"), VERDICT_VERIFIED);
	assert_int_equal(press(r, COMMAND_SEQ_START, "t"), VERDICT_VERIFIED);
}

/* ---- orders -------------------------------------------------------------------------------------------------------------- */

static void
test_first_start_writes_nothing(void **state)
{
	struct hand_rig r;

	begin(&r, PLAIN);
	assert_int_equal(r.n_writes, 0);
	assert_true(is_near(hand_value(&r, "T.target"), 20, 0));
	assert_true(is_near(hand_value(&r, "T.working"), 20, 0));
	r.device[0].held[RATE] = 7; /* it has its own, and nobody has asked */
	play(&r, SECOND);
	assert_int_equal(r.n_writes, 0);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, NULL), 0);
	hand_done(&r);
}

static void
check_way(const char *bench)
{
	struct hand_rig r;
	const struct event *command;

	begin(&r, bench);
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_VERIFIED);
	assert_string_equal(written(&r, 0), "1=600 0=120");
	command = hand_last(&r, EVENT_COMMAND);
	assert_true(hand_last(&r, EVENT_OUTPUT_WRITTEN)->cause == command->id);
	assert_string_equal(hand_last(&r, EVENT_OUTPUT_PART_WRITTEN)->text, "f.rate 600 K/min");
	assert_true(is_near(hand_value(&r, "T.target"), 120, 0));
	assert_true(hand_value(&r, "T.working") < 40);
	play(&r, 5 * SECOND);
	assert_true(is_near(hand_value(&r, "T.working"), furnace.at, 6));
	play(&r, 6 * SECOND);
	assert_true(is_near(hand_value(&r, "T.working"), 120, 0));
	/* The rate is there already. */
	assert_int_equal(hand_set(&r, "T", "110"), VERDICT_VERIFIED);
	assert_string_equal(written(&r, 0), "1=600 0=120 0=110");
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, NULL), 0);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, NULL), 0);
	hand_done(&r);
}

static void
test_rate_then_value(void **state)
{
	check_way(PLAIN);
	check_way(SHOWN);
}

static void
test_refused_rate_leaves_the_value(void **state)
{
	struct hand_rig r;

	begin(&r, PLAIN);
	r.device[0].refuses_some = 1u << RATE;
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_FAILED);
	assert_int_equal(r.device[0].held[SP], 20);
	assert_string_equal(hand_last(&r, EVENT_OUTPUT_NOT_TAKEN)->text, "f.rate");
	play(&r, 3 * SECOND);
	assert_int_equal(r.device[0].held[SP], 20);
	assert_true(is_near(hand_value(&r, "T.working"), 20, 0));
	/* A person asks again. */
	r.device[0].refuses_some = 0;
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_VERIFIED);
	assert_int_equal(r.device[0].held[SP], 120);
	hand_done(&r);
}

static void
test_stuck_rate_leaves_the_value(void **state)
{
	struct hand_rig r;
	uint32_t n;

	begin(&r, PLAIN);
	r.device[0].is_stuck = true;
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_FAILED);
	n = (uint32_t)r.n_writes;
	play(&r, 5 * SECOND);
	assert_string_equal(written(&r, 0), "1=600");
	assert_int_equal(r.n_writes, n);
	hand_done(&r);
}

static void
test_dead_device_is_told(void **state)
{
	struct hand_rig r;

	begin(&r, PLAIN);
	r.device[0].is_silent = true;
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_UNKNOWN);
	play(&r, 5 * SECOND);
	r.device[0].is_silent = false;
	play(&r, 40 * SECOND);
	assert_int_equal(
		r.device[0].held[SP], 20); /* what people have asked for is theirs to ask again */
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_VERIFIED);
	assert_int_equal(r.device[0].held[RATE], 600);
	hand_done(&r);
}

/* ---- staying where it is ------------------------------------------------------------------------------------------------- */

static void
check_stay(const char *bench)
{
	struct hand_rig r;
	double there;

	begin(&r, bench);
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 10 * SECOND);
	there = furnace.at;
	set_mode(&r, "automatic");
	play(&r, 5 * SECOND);
	assert_true(is_near(r.device[0].held[SP], there, 6));
	assert_true(is_near(furnace.at, there, 6));
	assert_true(is_near(hand_value(&r, "T.target"), r.device[0].held[SP], 0));
	assert_true(is_near(hand_value(&r, "T.working"), r.device[0].held[SP], 0));
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, NULL), 0);
	hand_done(&r);
}

static void
test_hand_over_stops_it(void **state)
{
	check_stay(PLAIN);
	check_stay(SHOWN);
}

static void
test_stop_is_tried_until_it_is_taken(void **state)
{
	struct hand_rig r;

	begin(&r, SHOWN);
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 5 * SECOND);
	r.device[0].refuses = true; /* the rate's register, too: a stop does not need it */
	set_mode(&r, "automatic");
	play(&r, 3 * SECOND);
	assert_int_equal(r.device[0].held[SP], 620);
	r.device[0].refuses = false;
	r.device[0].refuses_some = 1u << RATE;
	play(&r, 3 * SECOND);
	assert_true(r.device[0].held[SP] < 200);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, NULL), 0);
	hand_done(&r);
}

/* ---- changed at the device ----------------------------------------------------------------------------------------------- */

static void
test_rate_changed_in_manual(void **state)
{
	struct hand_rig r;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 2 * SECOND);
	r.device[0].held[RATE] = 60; /* slower: taken over */
	play(&r, 2 * SECOND);
	assert_int_equal(r.device[0].held[RATE], 60);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, "T"), 1);
	r.device[0].held[RATE] = 1200; /* faster than the bench allows: written again */
	play(&r, 2 * SECOND);
	assert_int_equal(r.device[0].held[RATE], 60);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, "T"), 2);
	assert_true(is_near(hand_last(&r, EVENT_OUTPUT_RATE_CHANGED)->values[0], 1200, 0));
	assert_true(is_near(hand_last(&r, EVENT_OUTPUT_RATE_CHANGED)->values[1], 60, 0));
	hand_done(&r);
}

static void
test_value_changed_in_manual(void **state)
{
	struct hand_rig r;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 2 * SECOND);
	r.device[0].held[SP] = 300;
	play(&r, 2 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, "T"), 1);
	assert_true(is_near(hand_value(&r, "T.target"), 300, 0));
	assert_true(hand_value(&r, "T.working") < 100); /* it is on its way there */
	assert_int_equal(r.device[0].held[SP], 300);
	hand_done(&r);
}

/* ---- protection ---------------------------------------------------------------------------------------------------------- */

static void
test_safe_state_takes_the_rate_away(void **state)
{
	struct hand_rig r;
	size_t n;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 10 * SECOND);
	n = r.n_writes;
	make_safe(&r);
	play(&r, SECOND);
	assert_string_equal(written(&r, n), "0=20 1=0 0=20");
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	play(&r, 30 * SECOND);
	assert_int_equal(r.device[0].held[RATE], 0);
	/* Protection asserts both. */
	r.device[0].held[RATE] = 600;
	play(&r, 2 * SECOND);
	assert_int_equal(r.device[0].held[RATE], 0);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, "T"), 1);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	hand_done(&r);
}

static void
test_dead_rate_does_not_keep_it_from_safe(void **state)
{
	struct hand_rig r;
	size_t n;

	for (int stuck = 0; stuck <= 1; stuck++) {
		begin(&r, PLAIN);
		assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
		play(&r, 10 * SECOND);
		n = r.n_writes;
		if (stuck)
			r.device[0].hides = 1u << RATE; /* nobody knows whether it was taken */
		else
			r.device[0].refuses_some = 1u << RATE;
		make_safe(&r);
		play(&r, 500 * MS);
		assert_int_equal(r.device[0].held[SP], 20);
		assert_int_equal(r.writes[n].address, SP);
		play(&r, 3 * SECOND);
		assert_string_equal(hand_word(&r, "safe.cold"), "not_confirmed");
		assert_int_equal(hand_count(&r, EVENT_SAFE_LINE_FAILED, "T"), 1);
		/* It goes on trying. */
		r.device[0].refuses_some = r.device[0].hides = 0;
		play(&r, 15 * SECOND);
		assert_int_equal(r.device[0].held[RATE], 0);
		assert_string_equal(hand_word(&r, "safe.cold"), "reached");
		hand_done(&r);
	}
}

static void
test_row_with_its_own_ramp(void **state)
{
	struct hand_rig r;
	size_t n;

	begin(&r, BENCH("", "safe_states:\n"
			    "  cold: {order: [{set: T, to: 20, ramp: 300 K/min}]}\n"
			    "on_stop: cold\n"));
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 10 * SECOND);
	n = r.n_writes;
	make_safe(&r);
	play(&r, SECOND);
	assert_string_equal(written(&r, n), "1=300 0=20");
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_true(hand_value(&r, "T.working") > 80);
	hand_done(&r);
}

/* What waits behind another line of its link does not go on meanwhile. */
static void
test_claimed_stops(void **state)
{
	struct hand_rig r;
	double there;
	size_t n;

	begin(&r, BENCH(", at_once: 0", "safe_states:\n"
					"  cold: {order: [{set: X, to: 5, within: 10 s}, {set: "
					"T, to: 20, after: X}]}\n"
					"on_stop: cold\n"));
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 10 * SECOND);
	there = furnace.at;
	n = r.n_writes;
	r.device[1].refuses = true;
	make_safe(&r);
	play(&r, 5 * SECOND);
	assert_true(is_near(r.device[0].held[SP], there, 6));
	assert_true(is_near(furnace.at, there, 6));
	play(&r, 10 * SECOND);
	assert_int_equal(r.device[0].held[SP], 20);
	assert_int_equal(r.device[0].held[RATE], 0);
	assert_true(n < r.n_writes);
	hand_done(&r);
}

/* ---- devices that go and come, restarts ---------------------------------------------------------------------------------- */

static void
test_kill_on_the_way(void **state)
{
	for (int shown = 0; shown <= 1; shown++) {
		struct hand_rig r;
		size_t n;

		begin(&r, shown ? SHOWN : PLAIN);
		assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
		play(&r, 10 * SECOND);
		n = r.n_writes;
		hand_kill(&r, 5 * SECOND);
		furnace.at += 50;
		play(&r, 5 * SECOND);
		/* It has gone on, and nothing is written. */
		assert_string_equal(written(&r, n), "");
		assert_true(is_near(hand_value(&r, "T.target"), 620, 0));
		assert_true(is_near(hand_value(&r, "T.working"), furnace.at, 8));
		play(&r, 60 * SECOND);
		assert_true(is_near(hand_value(&r, "T.working"), 620, 0));
		assert_string_equal(written(&r, n), "");
		hand_done(&r);
	}
}

/* It was told to wait for the bed, and then nobody was there any more: that is as it was left. */
static void
test_kill_while_it_waits(void **state)
{
	struct hand_rig r;
	double there;

	begin_sequence(&r, SHOWN,
		"step 10 \"Heat\"\n"
		"  ramp T to 320 degC at 300 K/min holdback 20 K timeout 5 min -> hold \"lags\"\n"
		"end\n"
		"on hold > 1 h -> abort\n");
	play(&r, 10 * SECOND);
	furnace.lag = 30;
	play(&r, 5 * SECOND);
	there = furnace.at;
	assert_true(is_near(r.device[0].held[SP], there, 6));
	furnace.is_off = true;
	r.device[0].held[PV] = (int16_t)(r.device[0].held[WSP] - 30);
	hand_kill(&r, 3 * SECOND);
	hand_run(&r, 5 * SECOND);
	assert_true(is_near(r.device[0].held[SP], there, 6));
	assert_string_equal(hand_word(&r, "safe.cold"), "idle");
	assert_true(is_near(hand_value(&r, "T.target"), 320, 0));
	furnace.is_off = false;
	furnace.lag = 0;
	play(&r, 60 * SECOND);
	assert_int_equal(r.device[0].held[SP], 320);
	assert_true(is_near(hand_value(&r, "T.working"), 320, 0));
	hand_done(&r);
}

static void
test_kill_between_rate_and_value(void **state)
{
	struct hand_rig r;
	struct command c = { .kind = COMMAND_SET, .ramp_per_min = (double)NAN, .is_person = true };

	begin(&r, PLAIN);
	text_copy(c.subject, sizeof(c.subject), "T");
	text_copy(c.value, sizeof(c.value), "620");
	r.device[0].hides = 1u << RATE; /* not read back yet */
	hand_command(&r, &c);
	for (int i = 0; i < 100 && r.n_writes == 0; i++)
		hand_run(&r, 10 * MS);
	r.device[0].hides = 0;
	assert_string_equal(written(&r, 0), "1=600");
	hand_kill(&r, 2 * SECOND);
	play(&r, 70 * SECOND);
	/* What was asked for may never have been kept: the device is as it was, or was made safe. */
	assert_int_equal(r.device[0].held[SP], 20);
	assert_true(r.device[0].held[RATE] == 0 || r.device[0].held[RATE] == 600);
	hand_done(&r);
}

static void
test_lost_device_gets_its_rate_anew(void **state)
{
	struct hand_rig r;
	size_t n;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_VERIFIED);
	play(&r, 12 * SECOND);
	r.device[0].is_silent = true;
	play(&r, 5 * SECOND);
	r.device[0].is_silent = false;
	r.device[0].held[RATE] = 0; /* it has forgotten it */
	play(&r, 40 * SECOND);
	n = r.n_writes;
	assert_int_equal(hand_set(&r, "T", "100"), VERDICT_VERIFIED);
	assert_string_equal(written(&r, n), "1=600 0=100");
	hand_done(&r);
}

/* ---- what makes it wait -------------------------------------------------------------------------------------------------- */

static void
check_holdback(const char *bench)
{
	struct hand_rig r;
	double there;

	begin_sequence(&r, bench,
		"step 10 \"Heat\"\n"
		"  ramp T to 320 degC at 300 K/min holdback 20 K timeout 2 min -> hold \"lags\"\n"
		"end\n"
		"on hold > 1 h -> abort\n");
	play(&r, 10 * SECOND);
	assert_int_equal(r.device[0].held[SP], 320);
	assert_int_equal(r.device[0].held[RATE], 300);
	furnace.lag = 30; /* the bed does not follow: the device is told to wait where it is */
	play(&r, 2 * SECOND);
	there = furnace.at;
	assert_true(is_near(r.device[0].held[SP], there, 6));
	furnace.is_off = true;
	play(&r, 5 * SECOND);
	assert_true(is_near(r.device[0].held[SP], there, 6));
	assert_true(is_near(hand_value(&r, "T.target"), 320, 0));
	r.device[0].held[PV] = (int16_t)(r.device[0].held[WSP] - 15);
	furnace.lag = 15; /* inside, and not yet by half */
	play(&r, 2 * SECOND);
	assert_true(is_near(r.device[0].held[SP], there, 6));
	furnace.lag = 5;
	furnace.is_off = false;
	play(&r, 2 * SECOND);
	assert_int_equal(r.device[0].held[SP], 320);
	furnace.lag = 0;
	play(&r, 70 * SECOND);
	assert_string_equal(hand_word(&r, "sequence.state"), "complete");
	assert_true(is_near(hand_value(&r, "T.working"), 320, 0));
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, NULL), 0);
	hand_done(&r);
}

static void
test_holdback(void **state)
{
	check_holdback(SHOWN);
	check_holdback(PLAIN);
}

static void
check_pause(const char *bench)
{
	struct hand_rig r;
	double there;

	begin_sequence(&r, bench,
		"step 10 \"Heat\"\n"
		"  ramp T to 320 degC at 300 K/min\n"
		"end\n"
		"on hold > 1 h -> abort\n");
	play(&r, 10 * SECOND);
	there = furnace.at;
	/* To stay needs no rate. */
	r.device[0].refuses_some = 1u << RATE;
	assert_int_equal(press(&r, COMMAND_SEQ_PAUSE, ""), VERDICT_VERIFIED);
	play(&r, 5 * SECOND);
	assert_true(is_near(r.device[0].held[SP], there, 4));
	assert_true(is_near(furnace.at, there, 4));
	r.device[0].refuses_some = 0;
	assert_int_equal(press(&r, COMMAND_SEQ_RESUME, ""), VERDICT_VERIFIED);
	play(&r, 2 * SECOND);
	assert_int_equal(r.device[0].held[SP], 320);
	assert_int_equal(r.device[0].held[RATE], 300);
	there = furnace.at;
	assert_int_equal(press(&r, COMMAND_SEQ_ABORT, ""), VERDICT_VERIFIED);
	play(&r, 3 * SECOND);
	assert_true(r.device[0].held[SP] == 20 || is_near(r.device[0].held[SP], there, 4));
	hand_done(&r);
}

static void
test_pause_and_abort(void **state)
{
	check_pause(SHOWN);
	check_pause(PLAIN);
}

#define FORBID "interlocks:\n  full: {forbid: T.target > 100 degC and X < 5, to: cold}\n"

static void
test_interlock_that_nobody_can_judge(void **state)
{
	struct hand_rig r;
	double there;

	begin(&r, BENCH(", at_once: 0, working: f.wsp", COLD FORBID));
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_REFUSED);
	assert_string_equal(written(&r, 0), "");
	assert_int_equal(hand_set(&r, "X", "10"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 5 * SECOND);
	r.device[1].is_silent = true;
	play(&r, 3 * SECOND);
	there = furnace.at;
	assert_true(is_near(r.device[0].held[SP], there, 6));
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_HELD, "T"), 1);
	play(&r, 5 * SECOND);
	assert_true(is_near(furnace.at, there, 6));
	hand_done(&r);
}

#define MAINS                                                                                      \
	"power: {mains: v.ok}\n"                                                                   \
	"power_loss:\n"                                                                            \
	"  - {when: outage < 60 s, do: continue}\n"                                                \
	"  - {otherwise: cold}\n"

static void
test_mains_lost(void **state)
{
	struct hand_rig r;
	double there;

	begin(&r, BENCH(", at_once: 0, working: f.wsp", COLD MAINS));
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 5 * SECOND);
	r.device[1].held[1] = 0;
	play(&r, 4 * SECOND);
	there = furnace.at;
	assert_true(is_near(r.device[0].held[SP], there, 6));
	play(&r, 5 * SECOND);
	assert_true(is_near(furnace.at, there, 6));
	r.device[1].held[1] = 1;
	play(&r, 20 * SECOND);
	assert_int_equal(r.device[0].held[SP], 620);
	assert_int_equal(r.device[0].held[RATE], 600);
	assert_true(furnace.at > there + 50);
	hand_done(&r);
}

#define BACK                                                                                       \
	"power_loss:\n"                                                                            \
	"  - {when: outage < 1 h, do: ramp back, at: 0.3 K/min}\n"                                 \
	"  - {otherwise: cold}\n"

/* Slower than the device can go: as slowly as it can, and not at once, which is the same number to it. */
static void
test_ramp_back(void **state)
{
	struct hand_rig r;
	size_t n;

	begin(&r, BENCH(", at_once: 0, working: f.wsp", COLD BACK));
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 5 * SECOND);
	n = r.n_writes;
	hand_kill(&r, 60 * SECOND);
	r.device[0].held[SP] = 20; /* it has lost its setpoint and its ramp */
	r.device[0].held[RATE] = 0;
	furnace.at = 20;
	play(&r, 20 * SECOND);
	assert_string_equal(written(&r, n), "1=1 0=620");
	assert_true(is_near(hand_value(&r, "T.target"), 620, 0));
	assert_true(hand_value(&r, "T.working") < 30);
	hand_done(&r);
}

/* ---- what is written about it -------------------------------------------------------------------------------------------- */

static void
test_slow_rates(void **state)
{
	static const struct {
		double asked;
		enum verdict verdict;
		int16_t held;
	} rows[] = { { 0.3, VERDICT_REFUSED, 0 }, { 0.7, VERDICT_REFUSED, 0 },
		{ 1.6, VERDICT_VERIFIED, 1 }, { 59.9, VERDICT_VERIFIED, 59 },
		{ 900, VERDICT_VERIFIED, 600 } };

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct command c = {
			.kind = COMMAND_SET, .ramp_per_min = rows[i].asked, .is_person = true
		};
		struct hand_rig r;

		begin(&r, PLAIN);
		text_copy(c.subject, sizeof(c.subject), "T");
		text_copy(c.value, sizeof(c.value), "100");
		hand_command(&r, &c);
		play(&r, 2 * SECOND);
		assert_int_equal(hand_verdict(&r, c.id, NULL), rows[i].verdict);
		assert_int_equal(r.device[0].held[RATE], rows[i].held);
		hand_done(&r);
	}
}

static void
test_change_is_weaker(void **state)
{
	static char ours[6000];
	char *by;
	struct image *here, *there;
	struct change_count count;
	struct buf out = { 0 };

	strcpy(ours, PLAIN);
	by = strstr(ours, ", by: device, rate: f.rate, at_once: 0");
	memset(by, ' ', strlen(", by: device, rate: f.rate, at_once: 0"));
	here = compile(ours);
	there = compile(PLAIN);
	change_list(here, there, &out, &count);
	assert_string_equal(buf_text(&out), "weaker: ramp of 'T' is made by its device\n");
	buf_done(&out);
	out = (struct buf){ 0 };
	change_list(there, here, &out, &count);
	assert_string_equal(buf_text(&out), "stronger: ramp of 'T' is made here\n");
	buf_done(&out);
	free(here);
	free(there);
}

static void
refused(const char *text, const char *why)
{
	struct buf image = { 0 };
	struct bench b;
	struct err err;
	bool is_there = false;

	bench_init(&b, "test.yaml");
	if (compile_bytes(&b, text, strlen(text), &image, NULL, &err) < 0 && b.diag.n_lines == 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < b.diag.n_lines; i++)
		is_there = is_there || strstr(b.diag.lines[i].text, why) != NULL;
	if (!is_there)
		fail_msg("nothing says '%s', but: %s", why,
			b.diag.n_lines > 0 ? b.diag.lines[0].text : "(nothing)");
	bench_done(&b);
	buf_done(&image);
}

static void
test_what_is_refused(void **state)
{
	static char text[6000];
	char *at;

	refused(BENCH("", COLD), "say at its ramp: at_once");
	refused(BENCH(", at_once: 0, working: v.x", COLD), "is of another instrument");
	refused(BENCH(", at_once: 0, working: f.sp", COLD), "does not show where a ramp");
	refused(BENCH(", at_once: 2000", COLD), "'f.rate' takes 0 to 1200");
	refused(BENCH("", "safe_states: {cold: {order: [{set: T, to: 20, ramp: 700 K/min}]}}\n"),
		"is faster than the ramp of 'T' may be");
	refused(BENCH(", at_once: 0", "safe_states: {cold: {order: [{set: T, to: 20}, {set: X, to: "
				      "0, ramp: 1/s}]}}"
				      "\n"),
		"'X' goes to its safe value at once");
	refused(BENCH(", at_once: 0", "  Y: {read: v.x, pid: {output: T, gain: 2, integral: 60 s}}"
				      "\n" COLD),
		"'T' is moved by the loop 'Y'");
	refused(BENCH(", at_once: 0", "  R: {write: f.rate}\n" COLD), "is written by 'T' already");
	refused(BENCH("", "safe_states: {cold: {order: [{set: T, to: 20, ramp: 0.3 K/min}]}}\n"),
		"has no ramp as slow as");
	strcpy(text, PLAIN);
	at = strstr(text, "watchdog: {armed: {channel: dog, is: 1}}");
	memset(at, ' ', strlen("watchdog: {armed: {channel: dog, is: 1}}"));
	refused(text, "goes on when this computer dies");
	strcpy(text, PLAIN);
	memcpy(strstr(text, "rate: f.rate"), "rate: f.wsp ", 12);
	refused(text, "cannot be written");
	strcpy(text, PLAIN);
	memcpy(strstr(text, "rate: f.rate"), "rate: v.x   ", 12);
	refused(text, "is of another instrument");
	strcpy(text, PLAIN);
	memcpy(strstr(text, "unit: K/min"), "unit: degC ", 11);
	refused(text, "is a change of degC for a time");
	strcpy(text, PLAIN);
	memcpy(strstr(text, "max: 600 K/min"), "max: 2000K/min", 14);
	refused(text, "'f.rate' takes 0 to 1200");
	strcpy(text, PLAIN);
	memcpy(strstr(text, "max: 600 K/min"), "max: 0.4 K/min", 14);
	refused(text, "knows nothing below 1");
	strcpy(text, PLAIN);
	memcpy(strstr(text, "by: device, "), "            ", 12);
	refused(text, "add by: device");
}

/* ---- by chance ----------------------------------------------------------------------------------------------------------- */

static int64_t killed_ns; /* and came back then */

/* The ramp is never taken away but by protection, and never faster than the bench allows. */
static void
watch(struct hand_rig *r, const struct hand_write *w)
{
	const struct event *began;

	if (w->device != 0)
		return;
	assert_true(w->address == SP || w->address == RATE);
	if (w->address == SP)
		assert_in_range(w->value, 0, 700);
	else if (w->value != 0)
		assert_in_range(w->value, 1, 600);
	else if (strcmp(hand_word(r, "T.owner"), "safe_state") != 0) {
		/* Shown at the next tick, and told before. */
		began = hand_last(r, EVENT_SAFE_STATE_BEGAN);
		assert_non_null(began);
		assert_true(w->at_ns - MAX(began->stamp_ns, killed_ns) < 500 * MS);
	}
}

static void
disturb(struct hand_rig *r, uint64_t *chance)
{
	struct hand_device *d = &r->device[0];
	char value[8];

	switch (rand_next(chance) % 12) {
	case 0:
		d->is_silent = !d->is_silent;
		break;
	case 1:
		d->refuses_some = (uint16_t)(rand_next(chance) % 4);
		break;
	case 2:
		d->is_stuck = !d->is_stuck;
		break;
	case 3:
		d->hides = (uint16_t)(rand_next(chance) % 16);
		break;
	case 4:
		make_safe(r);
		break;
	case 5:
		press(r, COMMAND_RELEASE, "cold");
		break;
	case 6:
		set_mode(r, rand_next(chance) % 2 == 0 ? "manual" : "automatic");
		break;
	case 7:
		d->held[RATE] = (int16_t)(rand_next(chance) % 1200);
		break;
	case 8:
		d->held[SP] = (int16_t)(rand_next(chance) % 700);
		break;
	case 9:
		killed_ns = r->now_ns + (int64_t)(rand_next(chance) % 15) * SECOND;
		hand_kill(r, killed_ns - r->now_ns);

		r->ears.write = watch;
		break;
	default:
		snprintf(value, sizeof(value), "%u", (unsigned)(rand_next(chance) % 700));
		hand_set(r, "T", value);
		break;
	}
}

static void
heal(struct hand_rig *r)
{
	r->device[0].is_silent = r->device[0].is_stuck = false;
	r->device[0].refuses_some = r->device[0].hides = 0;
}

/* Whatever has happened: once the device does as it is told, it can be made safe, and used again. */
static void
test_by_chance(void **state)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		uint64_t chance = seed;
		struct hand_rig r;

		begin(&r, seed % 2 == 0 ? SHOWN : PLAIN);
		r.ears.write = watch;
		for (int i = 0; i < 40; i++) {
			disturb(&r, &chance);
			play(&r, (int64_t)(rand_next(&chance) % 4000) * MS);
			if (r.n_writes > HAND_WRITES / 2 || r.n_events > HAND_EVENTS / 2)
				break;
		}
		heal(&r);
		play(&r, 90 * SECOND);
		make_safe(&r);
		play(&r, 20 * SECOND);
		if (strcmp(hand_word(&r, "safe.cold"), "reached") != 0)
			fail_msg("seed %u: not safe", (unsigned)seed);
		assert_int_equal(r.device[0].held[RATE], 0);
		assert_int_equal(r.device[0].held[SP], 20);
		press(&r, COMMAND_RELEASE, "cold");
		play(&r, SECOND);
		if (hand_set(&r, "T", "300") != VERDICT_VERIFIED)
			fail_msg("seed %u: it cannot be used again", (unsigned)seed);
		play(&r, 60 * SECOND);
		assert_int_equal(r.device[0].held[RATE], 600);
		assert_true(is_near(hand_value(&r, "T.working"), 300, 0));
		hand_done(&r);
	}
}

static int
open_units(void **state)
{
	struct err err;

	return units_open(&err);
}

static int
close_units(void **state)
{
	units_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_first_start_writes_nothing),
		cmocka_unit_test(test_rate_then_value),
		cmocka_unit_test(test_refused_rate_leaves_the_value),
		cmocka_unit_test(test_stuck_rate_leaves_the_value),
		cmocka_unit_test(test_dead_device_is_told),
		cmocka_unit_test(test_hand_over_stops_it),
		cmocka_unit_test(test_stop_is_tried_until_it_is_taken),
		cmocka_unit_test(test_rate_changed_in_manual),
		cmocka_unit_test(test_value_changed_in_manual),
		cmocka_unit_test(test_safe_state_takes_the_rate_away),
		cmocka_unit_test(test_dead_rate_does_not_keep_it_from_safe),
		cmocka_unit_test(test_row_with_its_own_ramp), cmocka_unit_test(test_claimed_stops),
		cmocka_unit_test(test_kill_on_the_way), cmocka_unit_test(test_kill_while_it_waits),
		cmocka_unit_test(test_kill_between_rate_and_value),
		cmocka_unit_test(test_lost_device_gets_its_rate_anew),
		cmocka_unit_test(test_holdback), cmocka_unit_test(test_pause_and_abort),
		cmocka_unit_test(test_interlock_that_nobody_can_judge),
		cmocka_unit_test(test_mains_lost), cmocka_unit_test(test_ramp_back),
		cmocka_unit_test(test_slow_rates), cmocka_unit_test(test_change_is_weaker),
		cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_by_chance) };

	return cmocka_run_group_tests(tests, open_units, close_units);
}
