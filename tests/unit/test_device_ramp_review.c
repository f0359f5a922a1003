/* test_device_ramp_review.c - ramps that the device makes: what stands between an order and the device */
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

enum { SP, RATE, PV, WSP, DOG, FELL }; /* registers of the furnace */

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
	"    watchdog: {armed: {channel: dog, is: 1}, tripped: {channel: fell, is: 1}, "           \
	"safe: {sp: 0}}\n"                                                                         \
	"    channels:\n"                                                                          \
	"      sp: {read: {holding: 0, type: int16}, write: {holding: 0}, unit: degC, range: [0, " \
	"1000]}\n"                                                                                 \
	"      rate: {read: {holding: 1, type: int16}, write: {holding: 1}, unit: K/min, range: "  \
	"[0, 1200]}\n"                                                                             \
	"      pv: {read: {holding: 2, type: int16}, unit: degC}\n"                                \
	"      wsp: {read: {holding: 3, type: int16}, unit: degC}\n"                               \
	"      dog: {read: {holding: 4, type: int16}}\n"                                           \
	"      fell: {read: {holding: 5, type: int16}}\n"                                          \
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

/* ---- where it is --------------------------------------------------------------------------------------------------------- */

/* A device knows whole degrees, and its bed is never quite as hot as that: at rest a hand-over moves nothing. */
static void
test_hand_over_at_rest_between_two_steps(void **state)
{
	struct hand_rig r;
	size_t n;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "120.4"), VERDICT_VERIFIED);
	play(&r, 15 * SECOND);
	assert_int_equal(r.device[0].held[SP], 120);
	assert_true(is_near(hand_value(&r, "T.working"), 120, 0));
	furnace.lag = 7;
	play(&r, 2 * SECOND);
	n = r.n_writes;
	set_mode(&r, "automatic");
	play(&r, 3 * SECOND);
	assert_string_equal(written(&r, n), "");
	assert_int_equal(r.device[0].held[SP], 120);
	assert_true(is_near(hand_value(&r, "T.target"), 120, 0));
	hand_done(&r);
}

/* ---- rates --------------------------------------------------------------------------------------------------------------- */

/* What is no rate may mean anything to the device, no ramp as well: it is not taken over, and told once. */
static void
test_what_is_no_rate_is_not_taken_over(void **state)
{
	static const int16_t rows[] = { 0, -5 };

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct hand_rig r;

		begin(&r, BENCH("", "safe_states:\n  cold: {order: [{set: T, to: 20, ramp: 300 "
				    "K/min}]}\n"
				    "on_stop: cold\n"));
		assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
		play(&r, 2 * SECOND);
		r.device[0].held[RATE] = rows[i];
		play(&r, 5 * SECOND);
		assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, "T"), 1);
		assert_int_equal(r.device[0].held[RATE], 600);
		hand_done(&r);
	}
}

/* The rate of an order is on its way, and not seen yet, when protection takes it away. */
static void
test_safe_behind_a_rate_on_its_way(void **state)
{
	struct hand_rig r;
	struct command c = { .kind = COMMAND_SET, .ramp_per_min = (double)NAN, .is_person = true };
	size_t n;

	begin(&r, PLAIN);
	make_safe(&r);
	play(&r, 3 * SECOND);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_int_equal(press(&r, COMMAND_RELEASE, "cold"), VERDICT_VERIFIED);
	play(&r, 3 * SECOND);
	n = r.n_writes;
	r.device[0].hides = 1u << RATE;
	text_copy(c.subject, sizeof(c.subject), "T");
	text_copy(c.value, sizeof(c.value), "620");
	hand_command(&r, &c);
	for (int i = 0; i < 100 && r.n_writes == n; i++)
		hand_run(&r, 10 * MS);
	assert_string_equal(written(&r, n), "1=600");
	n = r.n_writes;
	make_safe(&r);
	play(&r, 300 * MS);
	assert_string_equal(written(&r, n), "0=20 1=0");
	r.device[0].hides = 0;
	play(&r, 3 * SECOND);
	assert_string_equal(written(&r, n), "0=20 1=0 0=20");
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, "T"), 0);
	hand_done(&r);
}

static void
ask(struct hand_rig *r, const char *value, double rate)
{
	struct command c = { .kind = COMMAND_SET, .ramp_per_min = rate, .is_person = true };

	text_copy(c.subject, sizeof(c.subject), "T");
	text_copy(c.value, sizeof(c.value), value);
	hand_command(r, &c);
}

/* The rate of the order before is on its way: what the device held before that counts no more. */
static void
test_order_behind_a_rate_on_its_way(void **state)
{
	struct hand_rig r;
	size_t n;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_VERIFIED);
	play(&r, 12 * SECOND);
	n = r.n_writes;
	r.device[0].hides = 1u << RATE;
	ask(&r, "300", 300);
	for (int i = 0; i < 100 && r.n_writes == n; i++)
		hand_run(&r, 10 * MS);
	assert_string_equal(written(&r, n), "1=300");
	ask(&r, "200", 600);
	play(&r, 300 * MS);
	r.device[0].hides = 0;
	play(&r, 3 * SECOND);
	assert_string_equal(written(&r, n), "1=300 1=600 0=200");
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, "T"), 0);
	hand_done(&r);
}

/* It does not take its safe value: without its ramp it would jump to where it was going. */
static void
test_value_refused_keeps_the_ramp(void **state)
{
	struct hand_rig r;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 5 * SECOND);
	r.device[0].refuses_some = 1u << SP;
	make_safe(&r);
	play(&r, 5 * SECOND);
	assert_int_equal(r.device[0].held[RATE], 600);
	assert_true(furnace.at < 200);
	assert_string_equal(hand_word(&r, "safe.cold"), "not_confirmed");
	r.device[0].refuses_some = 0;
	play(&r, 3 * SECOND);
	assert_int_equal(r.device[0].held[SP], 20);
	assert_int_equal(r.device[0].held[RATE], 0);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	hand_done(&r);
}

/* A safe state that outlives the controller: its rate is no ramp, before and behind. */
static void
test_kill_in_the_safe_state(void **state)
{
	struct hand_rig r;
	size_t n;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 5 * SECOND);
	make_safe(&r);
	play(&r, 3 * SECOND);
	n = r.n_writes;
	hand_kill(&r, 3 * SECOND);
	play(&r, 20 * SECOND);
	assert_int_equal(r.device[0].held[RATE], 0);
	assert_null(strstr(written(&r, n), "1=600"));
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, "T"), 0);
	hand_done(&r);
}

/* Its rate was changed at the device in automatic: told, and the value is refreshed with what the device has. */
static void
test_refresh_leaves_a_rate_that_was_told(void **state)
{
	static char text[6000];
	struct hand_rig r;
	char *at;

	strcpy(text, PLAIN);
	at = strstr(text, "range: [0, 700]");
	memmove(at + 16, at, strlen(at) + 1);
	memcpy(at, "refresh: 500 ms,", 16);
	begin(&r, text);
	set_mode(&r, "automatic");
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 2 * SECOND);
	r.device[0].held[RATE] = 60;
	play(&r, 5 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_RATE_CHANGED, "T"), 1);
	assert_int_equal(r.device[0].held[RATE], 60);
	assert_int_equal(r.writes[r.n_writes - 1].address, SP);
	assert_true(r.now_ns - r.writes[r.n_writes - 1].at_ns < SECOND);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_NOT_TAKEN, "T"), 0);
	assert_int_equal(hand_set(&r, "T", "500"), VERDICT_VERIFIED);
	assert_int_equal(r.device[0].held[RATE], 600);
	hand_done(&r);
}

/* ---- devices that go and come -------------------------------------------------------------------------------------------- */

/* The slowest that the device has, in place of what was asked: kept over a second death, and none at all is not taken for it. */
static void
test_slowest_rate_is_kept(void **state)
{
	struct hand_rig r;

	begin(&r, BENCH(", at_once: 0, working: f.wsp",
			  COLD "power_loss:\n"
			       "  - {when: outage < 5 s, do: continue}\n"
			       "  - {when: outage < 1 h, do: ramp back, at: 0.3 K/min}\n"
			       "  - {otherwise: cold}\n"));
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 5 * SECOND);
	hand_kill(&r, 60 * SECOND);
	r.device[0].held[SP] = 20;
	r.device[0].held[RATE] = 0;
	furnace.at = 20;
	play(&r, 20 * SECOND);
	assert_int_equal(r.device[0].held[RATE], 1);
	assert_int_equal(r.device[0].held[SP], 620);
	hand_kill(&r, 2 * SECOND);
	furnace.is_off = true; /* nothing moves, but what it would do has changed */
	r.device[0].held[RATE] = 0;
	play(&r, 20 * SECOND);
	assert_true(r.device[0].held[RATE] > 0 || r.device[0].held[SP] == 20);
	hand_done(&r);
}

/* Protection that came while nobody answered goes first when it is back. */
static void
test_safe_while_it_is_away(void **state)
{
	struct hand_rig r;
	size_t n;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "620"), VERDICT_VERIFIED);
	play(&r, 5 * SECOND);
	r.device[0].is_silent = true;
	play(&r, 4 * SECOND);
	n = r.n_writes;
	make_safe(&r);
	play(&r, 30 * SECOND);
	r.device[0].is_silent = false;
	play(&r, 15 * SECOND);
	assert_int_equal(r.device[0].held[SP], 20);
	assert_int_equal(r.device[0].held[RATE], 0);
	assert_null(strstr(written(&r, n), "=6"));
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	hand_done(&r);
}

/* The rate goes to another place from now on: what stood in the one before says nothing. */
static void
test_reload_with_another_rate(void **state)
{
	static char text[6000];
	struct hand_rig r;
	char *at;
	size_t n;

	begin(&r, PLAIN);
	assert_int_equal(hand_set(&r, "T", "120"), VERDICT_VERIFIED);
	play(&r, 12 * SECOND);
	strcpy(text, PLAIN);
	at = strstr(text, "rate: {read: {holding: 1, type: int16}, write: {holding: 1}");
	memcpy(at, "rate: {read: {holding: 8, type: int16}, write: {holding: 8}", 59);
	n = r.n_writes;
	hand_reload(&r, compile(text));
	assert_int_equal(hand_set(&r, "T", "100"), VERDICT_VERIFIED);
	assert_string_equal(written(&r, n), "8=600 0=100");
	hand_done(&r);
}

/* ---- what makes it wait -------------------------------------------------------------------------------------------------- */

#define HEAT                                                                                       \
	"step 10 \"Heat\"\n"                                                                       \
	"  ramp T to 320 degC at 300 K/min holdback 20 K timeout 20 min -> hold \"lags\"\n"        \
	"end\n"                                                                                    \
	"on hold > 1 h -> abort\n"

/* It waits already, and its memory may not be written any more: PAUSE holds all the same. */
static void
test_pause_of_what_waits_with_its_writes_used_up(void **state)
{
	static char text[6000];
	struct hand_rig r;
	double there;
	char *at;

	strcpy(text, SHOWN);
	at = strstr(text, "range: [0, 700]");
	memmove(at + 24, at, strlen(at) + 1);
	memcpy(at, "max_writes_per_hour: 2, ", 24);
	begin_sequence(&r, text, HEAT);
	play(&r, 5 * SECOND);
	furnace.lag = 30;
	play(&r, 3 * SECOND);
	there = furnace.at;
	assert_true(is_near(r.device[0].held[SP], there, 4));
	assert_int_equal(press(&r, COMMAND_SEQ_PAUSE, ""), VERDICT_VERIFIED);
	play(&r, 2 * SECOND);
	furnace.lag = 0;
	play(&r, 10 * SECOND);
	assert_true(is_near(r.device[0].held[SP], there, 4));
	hand_done(&r);
}

#define FORBID                                                                                     \
	"interlocks:\n  full: {forbid: T.target > 100 degC and X < 5, to: cold, on_bad: 1 h}\n"

/* While it waits its device goes to a safe mode of its own, and comes back with what it held before. */
static void
test_own_safe_mode_of_what_waits(void **state)
{
	struct hand_rig r;
	int16_t held;

	begin_sequence(&r, SHOWN, HEAT);
	play(&r, 10 * SECOND);
	furnace.lag = 30;
	play(&r, 3 * SECOND);
	held = r.device[0].held[SP];
	assert_in_range(held, 30, 200);
	r.device[0].held[FELL] = 1;
	play(&r, 200 * MS);
	r.device[0].held[SP] = 0;
	play(&r, 5 * SECOND);
	assert_true(is_near(hand_value(&r, "T.target"), 0, 0));
	r.device[0].held[FELL] = 0;
	r.device[0].held[SP] = held;
	play(&r, 5 * SECOND);
	/* It heats, and nobody has asked for that: told, or it is what is shown. */
	if (hand_count(&r, EVENT_OUTPUT_CHANGED, "T") == 0)
		assert_true(is_near(hand_value(&r, "T.target"), held, 0));
	hand_done(&r);
}

/* An interlock stops a ramp on its way, and what it takes back is not where the statement leads. */
static void
check_stopped_by_an_interlock(const char *bench)
{
	struct hand_rig r;
	double there;

	begin_sequence(&r, bench,
		"step 10 \"Heat\"\n"
		"  set X = 10\n"
		"  wait until X > 6 timeout 1 min else hold \"no\"\n"
		"  ramp T to 320 degC at 300 K/min\n"
		"end\n"
		"on hold > 1 h -> abort\n");
	play(&r, 25 * SECOND);
	assert_string_equal(hand_word(&r, "sequence.state"), "running");
	r.device[1].hides = 1;
	play(&r, 3 * SECOND);
	there = furnace.at;
	assert_true(there > 100 && there < 200);
	assert_true(is_near(r.device[0].held[SP], there, 6));
	assert_string_equal(hand_word(&r, "sequence.state"), "held");
	r.device[1].hides = 0;
	play(&r, 10 * SECOND);
	assert_string_equal(hand_word(&r, "sequence.state"), "held");
	assert_true(is_near(r.device[0].held[SP], there, 6));
	assert_int_equal(press(&r, COMMAND_SEQ_RESUME, ""), VERDICT_VERIFIED);
	play(&r, 60 * SECOND);
	assert_int_equal(r.device[0].held[SP], 320);
	assert_string_equal(hand_word(&r, "sequence.state"), "complete");
	hand_done(&r);
}

static void
test_device_stopped_by_an_interlock(void **state)
{
	check_stopped_by_an_interlock(BENCH(", at_once: 0, working: f.wsp", COLD FORBID));
}

static void
test_ramp_of_ours_stopped_by_an_interlock(void **state)
{
	static char text[6000];
	char *by;

	strcpy(text, BENCH(", at_once: 0, working: f.wsp", COLD FORBID));
	by = strstr(text, ", by: device");
	memset(by, ' ', (size_t)(strchr(by, '}') - by));
	check_stopped_by_an_interlock(text);
}

/* ---- by chance ----------------------------------------------------------------------------------------------------------- */

/* The ramp is taken away where the device holds its safe value already: else it would jump to where it was going. */
static void
watch(struct hand_rig *r, const struct hand_write *w)
{
	if (w->device == 0 && w->address == RATE && w->value == 0)
		assert_int_equal(r->device[0].held[SP], 20);
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
		d->held[FELL] = !d->held[FELL];
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
		r->device[1].is_silent = !r->device[1].is_silent;
		break;
	case 9:
		hand_kill(r, (int64_t)(rand_next(chance) % 15) * SECOND);
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
	r->device[0].is_silent = r->device[1].is_silent = false;
	r->device[0].held[FELL] = 0;
	r->device[0].refuses_some = r->device[0].hides = 0;
}

static void
test_never_jumps(void **state)
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(
						    test_hand_over_at_rest_between_two_steps),
		cmocka_unit_test(test_what_is_no_rate_is_not_taken_over),
		cmocka_unit_test(test_safe_behind_a_rate_on_its_way),
		cmocka_unit_test(test_order_behind_a_rate_on_its_way),
		cmocka_unit_test(test_slowest_rate_is_kept),
		cmocka_unit_test(test_safe_while_it_is_away),
		cmocka_unit_test(test_reload_with_another_rate),
		cmocka_unit_test(test_value_refused_keeps_the_ramp),
		cmocka_unit_test(test_own_safe_mode_of_what_waits),
		cmocka_unit_test(test_kill_in_the_safe_state),
		cmocka_unit_test(test_refresh_leaves_a_rate_that_was_told),
		cmocka_unit_test(test_pause_of_what_waits_with_its_writes_used_up),
		cmocka_unit_test(test_device_stopped_by_an_interlock),
		cmocka_unit_test(test_ramp_of_ours_stopped_by_an_interlock),
		cmocka_unit_test(test_never_jumps) };

	return cmocka_run_group_tests(tests, open_units, close_units);
}
