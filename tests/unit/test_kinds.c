/* test_kinds.c - kinds of outputs on a whole bench: from the bench file to the registers of devices, and back */
#include "hand_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "compile/compile.h"
#include "compile/units.h"
#include "control/output_inside.h"

#define SECOND NS_PER_S
#define MS NS_PER_MS

/* What the devices of the rig are to a bench file: relays are registers that are 0 or 1. */
#define DEVICES                                                                                    \
	"bench: kinds\n"                                                                           \
	"tick: 100 ms\n"                                                                           \
	"links: {l0: {tcp: \"127.0.0.1:1502\"}, l1: {tcp: \"127.0.0.1:1503\"}}\n"                  \
	"instruments:\n"                                                                           \
	"  daq:\n"                                                                                 \
	"    use: modbus\n"                                                                        \
	"    link: l0\n"                                                                           \
	"    every: 100 ms\n"                                                                      \
	"    timeout: 200 ms\n"                                                                    \
	"    channels:\n"                                                                          \
	"      do{0..3}: {read: {holding: \"${n}\", type: int16}, write: {holding: \"${n}\"}, "    \
	"choices: {off: 0, on: 1}}\n"                                                              \
	"      x: {read: {holding: 5, type: int16}, write: {holding: 5}}\n"                        \
	"      di0: {read: {holding: 6, bit: 0}}\n"                                                \
	"      di1: {read: {holding: 6, bit: 1}}\n"                                                \
	"  other:\n"                                                                               \
	"    use: modbus\n"                                                                        \
	"    link: l1\n"                                                                           \
	"    every: 100 ms\n"                                                                      \
	"    timeout: 200 ms\n"                                                                    \
	"    channels:\n"                                                                          \
	"      do9: {read: {holding: 0, type: int16}, write: {holding: 0}, choices: {off: 0, on: " \
	"1}}\n"

#define PATTERN                                                                                    \
	DEVICES                                                                                    \
	"channels:\n"                                                                              \
	"  V_mode:\n"                                                                              \
	"    pattern:\n"                                                                           \
	"      of: [daq.do0, daq.do1, daq.do2]\n"                                                  \
	"      choices: {vent: [off, off, off], react: [on, off, off], purge: [off, on, on]}\n"    \
	"    hazard: fuel\n"                                                                       \
	"  X: {write: daq.x, range: [0, 100]}\n"                                                   \
	"safe_states:\n"                                                                           \
	"  cold: {order: [{set: V_mode, to: vent, within: 3 s}]}\n"

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
	/* As the supervisor gives them. */
	for (uint32_t i = 0; i < img->channels.n; i++)
		((struct image_channel *)(void *)((char *)img + img->channels.off))[i].id = i + 1;
	for (uint32_t i = 0; i < img->instruments.n; i++)
		((struct image_instrument *)(void *)((char *)img + img->instruments.off))[i].id =
			i + 1;
	return img;
}

static void
begin(struct hand_rig *r, const char *text)
{
	hand_init(r, compile(text), 2);
	hand_run(r, SECOND);
}

/* The values that arrived at a device, "1=0 2=0 0=1", since the given write. */
static const char *
written(const struct hand_rig *r, size_t from)
{
	static char text[400];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = from; i < r->n_writes && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u.%u=%d",
			i == from ? "" : " ", r->writes[i].device, r->writes[i].address,
			r->writes[i].value);
	return text;
}

static bool
is(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

/* ---- patterns ------------------------------------------------------------------------------------------------------------ */

static void
test_pattern_is_taken_over_and_set(void **state)
{
	struct hand_rig r;
	const struct event *command;

	begin(&r, PATTERN);
	assert_string_equal(hand_word(&r, "V_mode"), "vent");
	assert_string_equal(hand_word(&r, "V_mode.target"), "vent");
	assert_int_equal(r.n_writes, 0);
	assert_int_equal(hand_set(&r, "V_mode", "react"), VERDICT_VERIFIED);
	/* What opens first, the others behind it, each once. */
	assert_string_equal(written(&r, 0), "0.1=0 0.2=0 0.0=1");
	assert_string_equal(hand_word(&r, "V_mode"), "react");
	assert_int_equal(hand_set(&r, "V_mode", "purge"), VERDICT_VERIFIED);
	assert_string_equal(written(&r, 3), "0.0=0 0.1=1 0.2=1");
	assert_string_equal(hand_word(&r, "V_mode"), "purge");
	/* Each change on the wire is an event with its cause. */
	command = hand_last(&r, EVENT_COMMAND);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_PART_WRITTEN, "V_mode"), 6);
	assert_true(hand_last(&r, EVENT_OUTPUT_PART_WRITTEN)->cause == command->id);
	assert_string_equal(hand_last(&r, EVENT_OUTPUT_PART_WRITTEN)->text, "daq.do2 on");
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_WRITTEN, "V_mode"), 2);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, NULL), 0);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_BETWEEN, NULL), 0);
	hand_done(&r);
}

static void
test_pattern_as_listed(void **state)
{
	struct hand_rig r;

	begin(&r, DEVICES
		"channels:\n"
		"  M: {pattern: {of: [daq.do0, other.do9], choices: {a: [on, off], b: [off, on]}, "
		"order: as_listed}}\n");
	assert_true(isnan(hand_value(&r, "M"))); /* both are off */
	assert_int_equal(hand_set(&r, "M", "a"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "M", "b"), VERDICT_VERIFIED);
	assert_string_equal(written(&r, 0), "0.0=1 1.0=0 0.0=0 1.0=1");
	assert_int_equal(hand_set(&r, "M", "c"), VERDICT_REFUSED);
	hand_done(&r);
}

/* While parts are under way what they show is no choice, and is no news. */
static void
test_pattern_is_changing(void **state)
{
	struct hand_rig r;
	struct command c = { .kind = COMMAND_SET, .ramp_per_min = (double)NAN, .is_person = true };
	bool was_changing = false;

	begin(&r, PATTERN);
	assert_int_equal(hand_set(&r, "V_mode", "react"), VERDICT_VERIFIED);
	r.device[0].delay_ns = 40 * MS;
	text_copy(c.subject, sizeof(c.subject), "V_mode");
	text_copy(c.value, sizeof(c.value), "purge");
	hand_command(&r, &c);
	for (int i = 0; i < 100 && hand_verdict(&r, c.id, NULL) == VERDICT_PENDING; i++) {
		struct sample s;

		hand_run(&r, 20 * MS);
		board_read(r.board, image_find_channel(r.img, "V_mode"), &s);
		was_changing = was_changing || s.quality == Q_CHANGING;
		assert_int_not_equal(s.quality, Q_NO_PATTERN);
	}
	assert_int_equal(hand_verdict(&r, c.id, NULL), VERDICT_VERIFIED);
	assert_true(was_changing);
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "V_mode"), "purge");
	hand_done(&r);
}

/* A dead relay in the middle: the rest is not written, one verdict, and nobody knows what it is. */
static void
test_pattern_with_a_dead_part(void **state)
{
	struct hand_rig r;
	struct sample s;
	const char *text = "";
	size_t before;

	begin(&r, PATTERN);
	assert_int_equal(hand_set(&r, "V_mode", "react"), VERDICT_VERIFIED);
	before = r.n_writes;
	r.device[0].refuses_some = 1u << 1;
	assert_int_equal(hand_set(&r, "V_mode", "purge"), VERDICT_FAILED);
	assert_string_equal(written(&r, before), "0.0=0");
	hand_verdict(&r, r.verdicts[(r.n_verdicts - 1) % HAND_VERDICTS].id, &text);
	assert_non_null(strstr(text, "daq.do1"));
	assert_string_equal(hand_last(&r, EVENT_OUTPUT_NOT_TAKEN)->text, "daq.do1");
	hand_run(&r, 2 * SECOND);
	/* vent: that is a choice, and in manual it is taken over as it is. */
	assert_string_equal(hand_word(&r, "V_mode"), "vent");
	r.device[0].refuses_some = 1u << 2;
	assert_int_equal(hand_set(&r, "V_mode", "purge"), VERDICT_FAILED);
	hand_run(&r, 2 * SECOND);
	board_read(r.board, image_find_channel(r.img, "V_mode"), &s);
	assert_int_equal(s.quality, Q_NO_PATTERN);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_BETWEEN, NULL), 0); /* the failure said it */
	r.device[0].refuses_some = 0;
	assert_int_equal(hand_set(&r, "V_mode", "react"), VERDICT_VERIFIED);
	hand_done(&r);
}

/* One that acknowledges and does nothing is found out before the next is written. */
static void
test_pattern_with_a_stuck_part(void **state)
{
	struct hand_rig r;

	begin(&r, PATTERN);
	r.device[0].is_stuck = true;
	assert_int_equal(hand_set(&r, "V_mode", "purge"), VERDICT_FAILED);
	assert_string_equal(written(&r, 0), "0.0=0 0.1=1");
	hand_done(&r);
}

/* A safe state while a change is under way, and with a part that is dead: all others are safe, and it is tried again. */
static void
test_pattern_and_safe_state(void **state)
{
	struct hand_rig r;
	struct command set = { .kind = COMMAND_SET,
		.ramp_per_min = (double)NAN,
		.is_person = true,
		.subject = "V_mode",
		.value = "purge" };
	struct command safe = { .kind = COMMAND_SAFE, .is_person = true };

	begin(&r, PATTERN);
	assert_int_equal(hand_set(&r, "V_mode", "react"), VERDICT_VERIFIED);
	r.device[0].delay_ns = 50 * MS;
	hand_command(&r, &set);
	hand_run(&r, 220 * MS);
	assert_int_equal(hand_verdict(&r, set.id, NULL), VERDICT_PENDING);
	r.device[0].refuses_some = 1u << 1;
	hand_command(&r, &safe);
	hand_run(&r, 2 * SECOND);
	assert_int_equal(hand_verdict(&r, set.id, NULL), VERDICT_FAILED);
	assert_int_equal(r.device[0].held[0], 0);
	assert_int_equal(r.device[0].held[2], 0);
	hand_run(&r, 3 * SECOND);
	assert_string_equal(hand_word(&r, "V_mode.owner"), "safe_state");
	assert_string_equal(hand_word(&r, "safe.cold"), "not_confirmed");
	r.device[0].refuses_some = 0;
	hand_run(&r, 4 * SECOND);
	assert_int_equal(r.device[0].held[1], 0);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_string_equal(hand_word(&r, "V_mode"), "vent");
	/* While it is held it is asserted. */
	r.device[0].held[2] = 1;
	hand_run(&r, 3 * SECOND);
	assert_int_equal(r.device[0].held[2], 0);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	hand_done(&r);
}

/* The controller dies between two parts: the next one finds what is no choice, and makes it safe. */
static void
test_pattern_and_restart(void **state)
{
	struct hand_rig r;
	struct command set = { .kind = COMMAND_SET,
		.ramp_per_min = (double)NAN,
		.is_person = true,
		.subject = "V_mode",
		.value = "purge" };

	begin(&r, PATTERN);
	hand_run(&r, SECOND);
	r.device[0].delay_ns = 30 * MS;
	hand_command(&r, &set);
	for (int i = 0; i < 100 && r.device[0].held[1] == 0; i++)
		hand_run(&r, 5 * MS);
	assert_int_equal(r.device[0].held[1], 1);
	assert_int_equal(r.device[0].held[2], 0);
	hand_kill(&r, SECOND);
	hand_run(&r, 5 * SECOND);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_string_equal(hand_word(&r, "V_mode"), "vent");
	assert_int_equal(r.device[0].held[1], 0);
	assert_non_null(strstr(hand_last(&r, EVENT_OUTAGE)->text, "does not hold"));
	hand_done(&r);
}

static void
test_pattern_goes_on_after_a_restart(void **state)
{
	struct hand_rig r;
	size_t before;

	begin(&r, PATTERN);
	assert_int_equal(hand_set(&r, "V_mode", "purge"), VERDICT_VERIFIED);
	hand_run(&r, SECOND);
	before = r.n_writes;
	hand_kill(&r, SECOND);
	hand_run(&r, 3 * SECOND);
	assert_int_equal(r.n_writes, before);
	assert_string_equal(hand_word(&r, "V_mode.target"), "purge");
	assert_string_equal(hand_word(&r, "safe.cold"), "idle");
	hand_done(&r);
}

/* Somebody turns its switches. */
static void
test_pattern_changed_at_the_device(void **state)
{
	struct hand_rig r;

	begin(&r, PATTERN);
	assert_int_equal(hand_set(&r, "V_mode", "react"), VERDICT_VERIFIED);
	hand_run(&r, SECOND);
	r.device[0].held[0] = 0;
	hand_run(&r, SECOND);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, "V_mode"), 1);
	assert_string_equal(hand_word(&r, "V_mode.target"), "vent");
	r.device[0].held[2] = 1; /* that is none */
	hand_run(&r, SECOND);
	assert_true(isnan(hand_value(&r, "V_mode")));
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_BETWEEN, "V_mode"), 1);
	r.device[0].held[1] = 1; /* and now it is one */
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "V_mode"), "purge");
	assert_string_equal(hand_word(&r, "V_mode.target"), "purge");
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, "V_mode"), 2);
	hand_done(&r);
}

static void
test_part_is_not_written_on_its_own(void **state)
{
	struct hand_rig r;
	const char *text = "";

	begin(&r, PATTERN);
	assert_int_equal(hand_set(&r, "daq.do1", "on"), VERDICT_REFUSED);
	hand_verdict(&r, r.verdicts[(r.n_verdicts - 1) % HAND_VERDICTS].id, &text);
	assert_string_equal(
		text, "'daq.do1' is a part of 'V_mode' and is not written on its own; set that");
	assert_int_equal(r.n_writes, 0);
	hand_done(&r);
}

/* The part of an instrument that is gone, and comes back while the safe state is held, is written before it is asked. */
static void
test_pattern_of_two_instruments(void **state)
{
	struct hand_rig r;
	struct command safe = { .kind = COMMAND_SAFE, .is_person = true };

	begin(&r, DEVICES
		"channels:\n"
		"  M: {pattern: {of: [daq.do0, other.do9], choices: {shut: [off, off], open: [on, "
		"on]}}, hazard: fuel}\n"
		"safe_states:\n"
		"  cold: {order: [{set: M, to: shut, within: 2 s}]}\n");
	assert_int_equal(hand_set(&r, "M", "open"), VERDICT_VERIFIED);
	r.device[1].is_gone = true;
	hand_run(&r, 2 * SECOND);
	assert_true(isnan(hand_value(&r, "M")));
	hand_command(&r, &safe);
	hand_run(&r, 4 * SECOND);
	assert_int_equal(r.device[0].held[0], 0);
	assert_int_equal(r.device[1].held[0], 1);
	assert_string_equal(hand_word(&r, "safe.cold"), "not_confirmed");
	r.device[1].is_gone = false;
	hand_run(&r, 40 * SECOND);
	assert_int_equal(r.device[1].held[0], 0);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	hand_done(&r);
}

/* Of a pattern each step on its way is a write. */
static void
test_interlock_looks_at_each_step(void **state)
{
	static const char bench[] = DEVICES
		"channels:\n"
		"  M: {pattern: {of: [daq.do0, daq.do1], choices: {none: [off, off], a: [on, off], "
		"b: [off, on]}, order: %s}}\n"
		"  N: {write: daq.do3}\n"
		"safe_states:\n"
		"  cold: {order: [{set: M, to: none}]}\n"
		"interlocks:\n"
		"  both: {forbid: daq.do0 == on and daq.do1 == on}\n"
		"  n: {forbid: daq.do1 == on and N == on}\n";
	char text[4000];
	struct hand_rig r;

	snprintf(text, sizeof(text), bench, "as_listed");
	begin(&r, text);
	assert_int_equal(hand_set(&r, "M", "b"), VERDICT_VERIFIED);
	/* First do0 on, and only then do1 off. */
	assert_int_equal(hand_set(&r, "M", "a"), VERDICT_REFUSED);
	assert_int_equal(hand_set(&r, "N", "on"), VERDICT_REFUSED);
	hand_done(&r);
	snprintf(text, sizeof(text), bench, "off_first");
	begin(&r, text);
	assert_int_equal(hand_set(&r, "M", "b"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "M", "a"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "N", "on"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "M", "b"), VERDICT_REFUSED);
	assert_string_equal(hand_word(&r, "trip.both"), "ready");
	hand_done(&r);
}

/* ---- end switches -------------------------------------------------------------------------------------------------------- */

static void
test_ends(void **state)
{
	static const struct {
		int16_t inputs;
		enum quality quality;
		const char *word;
	} rows[] = { { 1, Q_GOOD, "closed" }, { 2, Q_GOOD, "open" }, { 0, Q_CHANGING, "" },
		{ 3, Q_NO_PATTERN, "" } };
	struct hand_rig r;
	struct sample s;

	begin(&r, DEVICES "channels:\n"
			  "  V: {read: {closed: daq.di0, open: daq.di1}, write: daq.do3}\n");
	for (size_t i = 0; i < NELEM(rows); i++) {
		r.device[0].held[6] = rows[i].inputs;
		hand_run(&r, 500 * MS);
		board_read(r.board, image_find_channel(r.img, "V"), &s);
		assert_int_equal(s.quality, rows[i].quality);
		if (s.quality == Q_GOOD)
			assert_string_equal(hand_word(&r, "V"), rows[i].word);
	}
	/* What is written is read back where it is written; where the valve is, its ends say. */
	assert_int_equal(hand_set(&r, "V", "open"), VERDICT_VERIFIED);
	assert_int_equal(r.device[0].held[3], 1);
	assert_string_equal(hand_word(&r, "V.target"), "open");
	assert_true(isnan(hand_value(&r, "V")));
	hand_done(&r);
}

/* ---- calibration and gas ------------------------------------------------------------------------------------------------- */

static const struct image_output *
output(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->outputs.n; i++) {
		const struct image_output *o = image_output_at(img, i);

		if (strcmp(image_text(img, image_channel_at(img, o->channel)->name), name) == 0)
			return o;
	}
	fail_msg("there is no output %s", name);
	return NULL;
}

#define CALIBRATED                                                                                 \
	"bench: kinds\n"                                                                           \
	"tick: 100 ms\n"                                                                           \
	"links: {l0: {tcp: \"127.0.0.1:1502\"}, l1: {tcp: \"127.0.0.1:1503\"}}\n"                  \
	"instruments:\n"                                                                           \
	"  daq:\n"                                                                                 \
	"    use: modbus\n"                                                                        \
	"    link: l0\n"                                                                           \
	"    every: 100 ms\n"                                                                      \
	"    channels:\n"                                                                          \
	"      a{0..4}: {read: {holding: \"${n}\", type: int16}, write: {holding: \"${n}\"}, "     \
	"scale: "                                                                                  \
	"0.1, unit: degC, range: [0, 1000]}\n"                                                     \
	"      f: {read: {holding: 5, type: int16}, write: {holding: 5}, scale: 0.1, unit: "       \
	"mL_n/min, range: [0, 500]}\n"                                                             \
	"      g: {read: {holding: 6, type: int16}, write: {holding: 6}, scale: {table: [[0, 0], " \
	"[1000, 100]]}, unit: mL_n/min, range: [0, 100]}\n"                                        \
	"  other: {use: modbus, link: l1, every: 100 ms, channels: {x: {read: {holding: 0}}}}\n"   \
	"channels:\n"                                                                              \
	"  P: {write: daq.a0, calibration: {points: [[0, 1], [500, 520], [1000, 1010]], date: "    \
	"2026-01-10, due: 2027-01-10, certificate: C-17}}\n"                                       \
	"  D: {write: daq.a1, calibration: {points: [[0, 1000], [500, 300], [1000, 0]]}}\n"        \
	"  Q: {write: daq.a2, calibration: {poly: [2, 1, 0.0005, 1e-7]}}\n"                        \
	"  L: {write: daq.a3, calibration: {poly: [-1, 1.01]}}\n"                                  \
	"  K: {write: daq.a4, unit: degF, scale: 1.8, offset: 32, calibration: {poly: [0, 1, "     \
	"1e-5]}}\n"                                                                                \
	"  F: {write: daq.f, unit: L_n/min, gas: {calibrated: N2, flowing: CO2, factor: 0.74, "    \
	"reference: 0 degC}}\n"                                                                    \
	"  G: {write: daq.g, gas: {calibrated: N2, flowing: He, factor: 1.4}, calibration: "       \
	"{points: [[0, 0], [50, 60], [100, 100]]}, range: [0, 130]}\n"

static void
test_calibrated_values(void **state)
{
	static const struct {
		int16_t held;
		double value[5]; /* P, D, Q, L, K.raw: of the same register */
	} rows[] = {
		{ 0, { 1, 1000, 2, -1, 32 } },
		{ 2500, { 260.5, 650, 2 + 250 + 31.25 + 1.5625, 251.5, 482 } },
		{ 7500, { 765, 150, 2 + 750 + 281.25 + 42.1875, 756.5, 1382 } },
	};
	static const char *const names[] = { "P", "D", "Q", "L", "K.raw" };
	struct hand_rig r;

	begin(&r, CALIBRATED);
	for (size_t i = 0; i < NELEM(rows); i++) {
		for (size_t k = 0; k < NELEM(names); k++)
			r.device[0].held[k] = rows[i].held;
		hand_run(&r, SECOND);
		assert_true(is(hand_value(&r, "P.raw"), rows[i].held / 10.0));
		for (size_t k = 0; k < NELEM(names); k++)
			assert_true(is(hand_value(&r, names[k]), rows[i].value[k]));
	}
	assert_int_equal(hand_set(&r, "P", "520 degC"), VERDICT_VERIFIED);
	assert_int_equal(r.device[0].held[0], 5000);
	assert_int_equal(hand_set(&r, "D", "150"), VERDICT_VERIFIED);
	assert_int_equal(r.device[0].held[1], 7500);
	assert_int_equal(hand_set(&r, "Q", "284.8125"), VERDICT_VERIFIED);
	assert_int_equal(r.device[0].held[2], 2500);
	assert_int_equal(hand_set(&r, "Q", "1603"), VERDICT_REFUSED); /* 1000 degC are 1602 */
	hand_done(&r);
}

/* What is written and what is shown of it are the same to a billionth of the span. */
static void
test_writes_are_inverse(void **state)
{
	static const char *const names[] = { "P", "D", "Q", "L", "K", "F", "G" };
	struct image *img = compile(CALIBRATED);

	for (size_t k = 0; k < NELEM(names); k++) {
		const struct image_output *o = output(img, names[k]);

		assert_true(o->has_limits);
		for (int i = 0; i <= 1000; i++) {
			double v = o->min + (o->max - o->min) * i / 1000,
			       at = output_to_at(img, o, v);

			assert_true(
				fabs(output_from_at(img, o, at) - v) <= 1e-9 * (o->max - o->min));
			assert_true(at >= image_channel_at(img, o->at)->min - 1e-6 &&
				    at <= image_channel_at(img, o->at)->max + 1e-6);
		}
	}
	free(img);
}

static void
test_gas(void **state)
{
	struct hand_rig r;
	const struct image_output *f, *g;
	const struct image_gas *gas;

	begin(&r, CALIBRATED);
	f = output(r.img, "F");
	g = output(r.img, "G");
	gas = image_gas_at(r.img, 0);
	assert_string_equal(image_text(r.img, gas->flowing), "CO2");
	assert_string_equal(image_text(r.img, gas->reference), "0 degC");
	/* 500 mL_n/min of N2 are 370 of CO2; its own range is in what flows. */
	assert_true(is(f->max, 0.37) && is(f->min, 0));
	assert_true(is(g->max, 130));
	r.device[0].held[5] = 1000; /* 100 mL_n/min */
	r.device[0].held[6] = 500;  /* 50, which are 60 by the certificate */
	hand_run(&r, SECOND);
	assert_true(is(hand_value(&r, "F"), 0.074));
	assert_true(is(hand_value(&r, "G"), 84));
	assert_true(is(hand_value(&r, "G.raw"), 50));
	assert_int_equal(hand_set(&r, "F", "0.222"), VERDICT_VERIFIED);
	assert_int_equal(r.device[0].held[5], 3000);
	assert_int_equal(
		hand_set(&r, "G", "112"), VERDICT_VERIFIED); /* 80 of N2 are 75 as it counts */
	assert_int_equal(r.device[0].held[6], 750);
	assert_int_equal(hand_set(&r, "F", "0.371"), VERDICT_REFUSED);
	hand_done(&r);
}

/* ---- the override of a flow, and the switch at the bench ----------------------------------------------------------------- */

#define FLOW                                                                                       \
	"bench: kinds\n"                                                                           \
	"tick: 100 ms\n"                                                                           \
	"links: {l0: {tcp: \"127.0.0.1:1502\"}, l1: {tcp: \"127.0.0.1:1503\"}}\n"                  \
	"instruments:\n"                                                                           \
	"  mfc:\n"                                                                                 \
	"    use: modbus\n"                                                                        \
	"    link: l0\n"                                                                           \
	"    every: 100 ms\n"                                                                      \
	"    channels:\n"                                                                          \
	"      sp: {read: {holding: 0, type: int16}, write: {holding: 0}, unit: mL_n/min, range: " \
	"[0, 500]}\n"                                                                              \
	"      mode: {read: {holding: 1, type: int16}, write: {holding: 1}, choices: {auto: 0, "   \
	"open: 8, closed: 3, purge: 9}}\n"                                                         \
	"      on: {read: {holding: 2, type: int16}, write: {holding: 2}, choices: {off: 0, on: "  \
	"1}}\n"                                                                                    \
	"      key: {read: {holding: 3, bit: 0}}\n"                                                \
	"  other: {use: modbus, link: l1, every: 100 ms, channels: {x: {read: {holding: 0}}}}\n"   \
	"channels:\n"                                                                              \
	"  H2: {write: mfc.sp, hazard: fuel, valve: mfc.mode}\n"                                   \
	"  W: {write: mfc.on}\n"                                                                   \
	"safe_states:\n"                                                                           \
	"  cold: {order: [{set: H2, to: 0 mL_n/min}, {set: W, to: off}]}\n"                        \
	"  warm: {order: [{set: H2, to: 5 mL_n/min}]}\n"                                           \
	"on_stop: cold\n"

static void
test_valve(void **state)
{
	struct hand_rig r;
	struct command safe = { .kind = COMMAND_SAFE, .is_person = true };
	struct sample s;

	begin(&r, FLOW);
	assert_string_equal(hand_word(&r, "H2.valve"), "auto");
	assert_int_equal(output(r.img, "H2.valve")->hazard, HAZARD_FUEL);
	assert_int_equal(output(r.img, "H2")->has_valve, 1);
	assert_int_equal(hand_set(&r, "H2.valve", "purge"), VERDICT_REFUSED);
	assert_int_equal(hand_set(&r, "H2.valve", "open"), VERDICT_VERIFIED);
	assert_int_equal(r.device[0].held[1], 8);
	hand_run(&r, 7 * SECOND);
	assert_string_equal(hand_word(&r, "alarm.H2_valve"), "unacknowledged");
	assert_int_equal(hand_set(&r, "H2", "20"), VERDICT_VERIFIED);
	hand_run(&r, 7 * SECOND);
	assert_string_not_equal(hand_word(&r, "alarm.H2_valve"), "unacknowledged");
	assert_int_equal(hand_set(&r, "H2.valve", "closed"), VERDICT_VERIFIED);
	hand_run(&r, 7 * SECOND);
	assert_string_equal(hand_word(&r, "alarm.H2_valve"), "unacknowledged");
	/* A word of the instrument that is none of the three is no lie. */
	r.device[0].held[1] = 9;
	hand_run(&r, SECOND);
	board_read(r.board, image_find_channel(r.img, "H2.valve"), &s);
	assert_int_equal(s.quality, Q_NO_CHOICE);
	/* Where the flow is to be none, the override goes with it. */
	r.device[0].held[1] = 8;
	hand_run(&r, SECOND);
	hand_command(&r, &safe);
	hand_run(&r, 3 * SECOND);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_int_equal(r.device[0].held[0], 0);
	assert_int_equal(r.device[0].held[1], 3);
	hand_done(&r);
}

/* Where the safe state lets it flow, its own controller has it. */
static void
test_valve_of_a_flow_that_is_safe(void **state)
{
	struct hand_rig r;
	struct command safe = { .kind = COMMAND_SAFE, .is_person = true, .subject = "warm" };

	begin(&r, FLOW);
	assert_int_equal(hand_set(&r, "H2.valve", "closed"), VERDICT_VERIFIED);
	hand_command(&r, &safe);
	hand_run(&r, 3 * SECOND);
	assert_string_equal(hand_word(&r, "safe.warm"), "reached");
	assert_int_equal(r.device[0].held[0], 5);
	assert_int_equal(r.device[0].held[1], 0);
	hand_done(&r);
}

static enum verdict
ask(struct hand_rig *r, enum command_kind kind, const char *subject, const char **out_text)
{
	struct command c = { .kind = kind, .ramp_per_min = (double)NAN, .is_person = true };

	text_copy(c.subject, sizeof(c.subject), subject);
	if (kind == COMMAND_MODE)
		text_copy(c.value, sizeof(c.value), "automatic");
	hand_command(r, &c);
	hand_run(r, 2 * SECOND);
	return hand_verdict(r, c.id, out_text);
}

static const char *
last_text(const struct hand_rig *r)
{
	return r->verdicts[(r->n_verdicts - 1) % HAND_VERDICTS].text;
}

static void
test_lock(void **state)
{
	struct hand_rig r;
	const char *text = "";

	begin(&r, FLOW "local_lock: mfc.key\n"
		       "rules: {w: {when: mfc.key, do: [set W = on]}}\n");
	assert_string_equal(hand_word(&r, "mbc.local_lock"), "open");
	assert_int_equal(hand_count(&r, EVENT_LOCK_OFF, NULL), 0);
	assert_int_equal(hand_set(&r, "H2", "20"), VERDICT_VERIFIED);
	assert_int_equal(ask(&r, COMMAND_MODE, "W", &text), VERDICT_VERIFIED);
	r.device[0].held[3] = 1;
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "mbc.local_lock"), "locked");
	assert_int_equal(hand_count(&r, EVENT_LOCK_ON, "mfc.key"), 1);
	assert_int_equal(r.device[0].held[2], 1); /* the button at the bench */
	assert_int_equal(hand_set(&r, "H2", "10"), VERDICT_REFUSED);
	assert_non_null(strstr(last_text(&r), "'mfc.key'"));
	assert_int_equal(ask(&r, COMMAND_MODE, "H2", &text), VERDICT_REFUSED);
	assert_int_equal(ask(&r, COMMAND_PLAN, "", &text), VERDICT_REFUSED);
	assert_int_equal(ask(&r, COMMAND_ALARM_ACK, "", &text), VERDICT_VERIFIED);
	/* Towards safe. */
	assert_int_equal(hand_set(&r, "H2", "0"), VERDICT_VERIFIED);
	assert_int_equal(ask(&r, COMMAND_SAFE, "", &text), VERDICT_VERIFIED);
	assert_int_equal(ask(&r, COMMAND_RELEASE, "", &text), VERDICT_REFUSED);
	/* What nobody knows counts as locked. */
	r.device[0].held[3] = 0;
	hand_run(&r, SECOND);
	assert_int_equal(hand_count(&r, EVENT_LOCK_OFF, "mfc.key"), 1);
	assert_int_equal(ask(&r, COMMAND_RELEASE, "", &text), VERDICT_VERIFIED);
	r.device[0].hides = 1u << 3;
	hand_run(&r, 2 * SECOND);
	assert_string_equal(hand_word(&r, "mbc.local_lock"), "locked");
	assert_int_equal(hand_set(&r, "H2", "10"), VERDICT_REFUSED);
	assert_non_null(strstr(last_text(&r), "counts as locked"));
	hand_done(&r);
}

/* A calibration that runs out is told once, and when the controller starts anew. */
static void
test_due(void **state)
{
	struct hand_rig r;
	/* 2027-01-10 */
	const int64_t due_ns = INT64_C(1799539200) * NS_PER_S;

	begin(&r, CALIBRATED);
	hand_run(&r, 3 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_CALIBRATION_DUE, NULL), 0);
	r.wall_ns = due_ns - r.now_ns - SECOND / 2;
	hand_run(&r, 100 * MS);
	assert_int_equal(hand_count(&r, EVENT_CALIBRATION_DUE, NULL), 0);
	hand_run(&r, 3 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_CALIBRATION_DUE, "P"), 1);
	assert_string_equal(hand_last(&r, EVENT_CALIBRATION_DUE)->text, "2027-01-10, C-17");
	hand_kill(&r, SECOND);
	hand_run(&r, 3 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_CALIBRATION_DUE, "P"), 2);
	hand_done(&r);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pattern_is_taken_over_and_set),
		cmocka_unit_test(test_pattern_as_listed),
		cmocka_unit_test(test_pattern_is_changing),
		cmocka_unit_test(test_pattern_with_a_dead_part),
		cmocka_unit_test(test_pattern_with_a_stuck_part),
		cmocka_unit_test(test_pattern_and_safe_state),
		cmocka_unit_test(test_pattern_and_restart),
		cmocka_unit_test(test_pattern_goes_on_after_a_restart),
		cmocka_unit_test(test_pattern_changed_at_the_device),
		cmocka_unit_test(test_part_is_not_written_on_its_own),
		cmocka_unit_test(test_pattern_of_two_instruments),
		cmocka_unit_test(test_interlock_looks_at_each_step),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_calibrated_values),
		cmocka_unit_test(test_writes_are_inverse),
		cmocka_unit_test(test_gas),
		cmocka_unit_test(test_valve),
		cmocka_unit_test(test_valve_of_a_flow_that_is_safe),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_due),
	};

	return cmocka_run_group_tests(tests, open_units, close_units);
}
