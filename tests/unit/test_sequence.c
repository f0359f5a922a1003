/* test_sequence.c - sequences on a bench of the compiler, with devices in memory */
#include "sequence_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "msg/quality.h"

/* ---- statements ---------------------------------------------------------------------------------------------------------- */

static void
test_a_run(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Purge\"   # with nitrogen\n"
			   "  set N2 = 50 mL/min, V = open\n"
			   "  wait 2 s\n"
			   "end\n"
			   "step 20 \"Heat\"\n"
			   "  ramp T to 25 degC at 60 K/min\n"
			   "  wait 1 s\n"
			   "  set V = closed ; set T = 20 degC\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	sequence_is_state(&r, "idle");
	sequence_start(&r);
	hand_run(&r, NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 1, 0), 50);
	assert_int_equal(sequence_held(&r, 1, 8), 1);
	assert_int_equal(sequence_held(&r, 0, 2), 0); /* nothing was asked of it yet */
	assert_int_equal((int)hand_value(&r, "sequence.step"), 10);
	assert_string_equal(hand_word(&r, "T.owner"), "sequence");
	sequence_follow(&r, 3 * NS_PER_S);
	assert_int_equal((int)hand_value(&r, "sequence.step"), 20);
	assert_in_range(sequence_held(&r, 0, 2), 1, 4); /* from where its setpoint was */
	sequence_follow(&r, 35 * NS_PER_S);
	sequence_is_state(&r, "complete");
	assert_int_equal(sequence_held(&r, 1, 8), 0);
	assert_int_equal(hand_count(&r, EVENT_SEQUENCE_STEP, "t"), 2);
	assert_string_equal(hand_last(&r, EVENT_SEQUENCE_STEP)->principal,
		hand_last(&r, EVENT_SEQUENCE_STARTED)->principal);
	assert_string_equal(hand_word(&r, "T.owner"), "none");
	hand_done(&r);
}

/* Waits do not add up their ticks: ten of 150 ms at ticks of 100 ms are 1.5 s. */
static void
test_waits_are_exact(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Ten\"\n"
			   "  repeat 10 as n\n"
			   "    wait 150 ms\n"
			   "  end\n"
			   "  set P = 7\n"
			   "  wait 1 min\n"
			   "end\n");
	sequence_start(&r);
	hand_run(&r, 1400 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 0);
	hand_run(&r, 300 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 7);
	hand_done(&r);
}

static void
test_blocks(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "param L = [3, 5, 8]\n"
			   "step 10 \"Loops\"\n"
			   "  for x in L\n"
			   "    set P = x\n"
			   "    wait 500 ms\n"
			   "  end\n"
			   "  if bed > 10 degC then set P = 11 else set P = 12\n"
			   "  wait 500 ms\n"
			   "  if bed > 100 degC then\n"
			   "    set P = 13\n"
			   "  else\n"
			   "    set P = 14\n"
			   "  end\n"
			   "  wait 500 ms\n"
			   "  parallel\n"
			   "    do set P = 20 ; wait 1 s\n"
			   "    do set N2 = 60 mL/min ; wait 2 s\n"
			   "  join timeout 10 s -> abort\n"
			   "  set P = L[2]\n"
			   "  wait 1 min\n"
			   "end\n");
	sequence_start(&r);
	for (int k = 0; k < 3; k++) {
		hand_run(&r, 300 * NS_PER_MS);
		assert_int_equal(sequence_held(&r, 0, 3), ((int[]){ 3, 5, 8 })[k]);
		hand_run(&r, 200 * NS_PER_MS);
	}
	hand_run(&r, 300 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 11);
	hand_run(&r, 500 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 14);
	hand_run(&r, NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 20);
	assert_int_equal(sequence_held(&r, 1, 0), 60);
	hand_run(&r, 2 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 5);
	hand_done(&r);
}

static void
test_waiting_for(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r,
		"step 10 \"Wait\"\n"
		"  wait until bed > 50 degC for 1 s timeout 5 s else hold \"cold\"\n"
		"  set P = 1\n"
		"  wait stable bed within 2 K for 2 s timeout 20 s else skip\n"
		"  set P = 2\n"
		"  dwell 2 s guaranteed bed within 5 K of 60 degC timeout 1 min -> skip\n"
		"  set P = 3\n"
		"  wait 1 min\n"
		"end\n");
	sequence_start(&r);
	hand_run(&r, 6 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_int_equal(hand_count(&r, EVENT_SEQUENCE_HELD, "t"), 1);
	r.device[1].held[6] = 60;
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	hand_run(&r, 500 * NS_PER_MS);
	assert_int_equal(
		sequence_held(&r, 0, 3), 0); /* not for a second yet: the clocks are fresh */
	hand_run(&r, NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	hand_run(&r, NS_PER_S);
	r.device[1].held[6] = 70; /* not quiet */
	hand_run(&r, 1500 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	hand_run(&r, 1500 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 2);
	hand_run(&r, 5 * NS_PER_S); /* outside of the band no time goes by */
	assert_int_equal(sequence_held(&r, 0, 3), 2);
	r.device[1].held[6] = 62;
	hand_run(&r, 2500 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 3);
	hand_done(&r);
}

static void
test_holdback(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r,
		"step 10 \"Ramp\"\n"
		"  set T = 20 degC\n"
		"  ramp T to 60 degC at 60 K/min holdback 5 K timeout 20 s -> hold \"does not "
		"follow\"\n"
		"end\n"
		"on hold > 1 h -> abort\n");
	sequence_start(&r);
	hand_run(&r, 30 * NS_PER_S); /* the furnace stays at 20 */
	assert_int_equal(sequence_held(&r, 0, 2), 25);
	sequence_is_state(&r, "running");
	r.device[0].held[1] = 30;
	hand_run(&r, 8 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), 33); /* it moves again, at its own pace */
	hand_run(&r, 20 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_int_equal(sequence_held(&r, 0, 2), 35);
	hand_done(&r);
}

static void
test_questions(void **state)
{
	struct hand_rig r = { 0 };
	char asked[VALUE_TEXT_MAX + 1];

	sequence_begin(&r,
		"param hot = 40 degC\n"
		"step 10 \"Ask\"\n"
		"  ask \"Cold trap filled for {hot}?\" answers ok, abort timeout 1 min -> abort\n"
		"  set P = 1\n"
		"  ask \"Again?\" answers yes, no timeout 2 s -> hold \"nobody\"\n"
		"end\n");
	sequence_start(&r);
	hand_run(&r, NS_PER_S);
	assert_true(hand_value(&r, "sequence.question") > 0);
	hand_text(&r, "sequence.waiting", asked);
	assert_string_equal(asked, "Cold trap filled for 40 degC?");
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_REPLY, "", "perhaps", NULL), VERDICT_REFUSED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_REPLY, "", "ok", NULL), VERDICT_VERIFIED);
	hand_run(&r, 500 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	hand_run(&r, 4 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_REPLY, "", "yes", NULL), VERDICT_REFUSED);
	hand_done(&r);
}

/* ---- START --------------------------------------------------------------------------------------------------------------- */

static void
test_form(void **state)
{
	struct hand_rig r = { 0 };
	const char *why;

	sequence_begin(&r, "meta sample text required ; mass 10 mg .. 2 g = 100 mg\n"
			   "param hot = 40 degC (30 degC .. 50 degC)\n"
			   "param L = [1, 2]\n"
			   "step 10 \"Go\"\n"
			   "  mark \"{sample} at {hot}\"\n"
			   "  set T = hot\n"
			   "  set P = L[2]\n"
			   "  wait 1 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_START, "t", "", NULL), VERDICT_REFUSED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_PREPARE, "no", "", NULL), VERDICT_REFUSED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_PREPARE, "t", "", NULL), VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_START, "t", "", &why), VERDICT_REFUSED);
	assert_non_null(strstr(why, "'sample'"));
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "hot", "60 degC", &why),
		VERDICT_REFUSED);
	assert_non_null(strstr(why, "30 to 50"));
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "hot", "45 K", NULL), VERDICT_REFUSED);
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "hot", "nan", NULL), VERDICT_REFUSED);
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "cold", "1", NULL), VERDICT_REFUSED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "hot", "45 degC", NULL),
		VERDICT_VERIFIED);
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "L", "1", NULL), VERDICT_REFUSED);
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "L", "4, 6", NULL), VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "sample", "A12", NULL),
		VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_START, "t", "", NULL), VERDICT_VERIFIED);
	hand_run(&r, 500 * NS_PER_MS);
	assert_string_equal(hand_last(&r, EVENT_SEQUENCE_MARK)->text, "A12 at 45 degC");
	assert_int_equal(sequence_held(&r, 0, 3), 6);
	assert_int_equal(hand_value(&r, "T.target"), 45);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_START, "t", "", NULL), VERDICT_REFUSED);
	assert_int_equal(hand_set(&r, "T", "30"), VERDICT_REFUSED); /* it belongs to the sequence */
	hand_done(&r);
}

/* All in one: with two people at it, what one of them tells is never the other's; and each fault is told. */
static void
test_whole_start(void **state)
{
	struct hand_rig r = { 0 };
	struct command c = { .kind = COMMAND_SEQ_START, .is_whole = true, .subject = "t" };
	const char *why;

	sequence_begin(&r, "meta sample text required ; mass 10 mg .. 2 g = 100 mg\n"
			   "param hot = 40 degC (30 degC .. 50 degC)\n"
			   "param L = [1, 2]\n"
			   "step 10 \"Go\"\n"
			   "  mark \"{sample} at {hot}\"\n"
			   "  set T = hot, P = L[2]\n"
			   "  wait 1 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	assert_true(command_add_value(&c, "hot", "60 degC"));
	assert_true(command_add_value(&c, "cold", "1"));
	assert_true(command_add_value(&c, "L", "1"));
	assert_true(command_add_value(&c, "mass", "heavy"));
	assert_true(command_add_value(&c, "mass", "20 mg"));
	assert_int_equal(sequence_ask_for(&r, &c, &why), VERDICT_REFUSED);
	assert_non_null(strstr(why, "hot: 60 is outside of 30 to 50"));
	assert_non_null(strstr(why, "'cold' is neither"));
	assert_non_null(strstr(why, "L: it has 2 values"));
	assert_non_null(strstr(why, "mass: 'heavy' is no number"));
	assert_non_null(strstr(why, "mass: it comes twice"));
	assert_non_null(strstr(why, "sample: it has to be told"));
	assert_null(strstr(why, " more"));
	assert_int_equal(hand_count(&r, EVENT_SEQUENCE_STARTED, "t"), 0);

	/* What somebody else prepares meanwhile is neither taken nor lost. */
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_PREPARE, "t", "", NULL), VERDICT_VERIFIED);
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "hot", "33", NULL), VERDICT_VERIFIED);
	c.values[0] = c.id[0] = '\0';
	assert_true(command_add_value(&c, "sample", "A=12"));
	assert_true(command_add_value(&c, "L", "4, 6"));
	assert_int_equal(sequence_ask_for(&r, &c, &why), VERDICT_VERIFIED);
	hand_run(&r, 500 * NS_PER_MS);
	assert_string_equal(hand_last(&r, EVENT_SEQUENCE_MARK)->text, "A=12 at 40 degC");
	assert_int_equal(sequence_held(&r, 0, 3), 6);
	c.id[0] = '\0';
	assert_int_equal(sequence_ask_for(&r, &c, &why), VERDICT_REFUSED);
	assert_non_null(strstr(why, "under test"));
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "sample", "B", NULL), VERDICT_VERIFIED);
	hand_done(&r);
}

/* More that is wrong than there is room to tell: how many more is said. */
static void
test_many_faults(void **state)
{
	struct hand_rig r = { 0 };
	struct command c = { .kind = COMMAND_SEQ_START, .is_whole = true, .subject = "t" };
	const char *why;
	char name[8];

	sequence_begin(&r, "step 10 \"Go\"\n  wait 1 s\nend\n");
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "no%d", i);
		assert_true(command_add_value(&c, name, "1"));
	}
	assert_int_equal(sequence_ask_for(&r, &c, &why), VERDICT_REFUSED);
	assert_non_null(strstr(why, "no0: 'no0' is neither"));
	assert_non_null(strstr(why, "; and "));
	assert_in_range(strlen(why), 800, VERDICT_TEXT - 1);
	strcpy(c.subject, "no");
	c.id[0] = '\0';
	assert_int_equal(sequence_ask_for(&r, &c, &why), VERDICT_REFUSED);
	assert_non_null(strstr(why, "no sequence is named"));
	hand_done(&r);
}

#define WALK                                                                                       \
	"step 10 \"First\"\n"                                                                      \
	"  set P = 1, N2 = 50 mL/min\n"                                                            \
	"  ramp T to 60 degC at 60 K/min\n"                                                        \
	"end\n"                                                                                    \
	"step 20 \"Second\" entry when bed < 100 degC\n"                                           \
	"  set P = 2\n"                                                                            \
	"  wait 1 min\n"                                                                           \
	"end\n"                                                                                    \
	"step 30 \"End\" entry always\n"                                                           \
	"  set P = 3, T = 20 degC\n"                                                               \
	"  wait 5 s\n"                                                                             \
	"end\n"                                                                                    \
	"on abort -> step 30\n"                                                                    \
	"on hold > 10 s -> step 30\n"

/* ---- two people at once -------------------------------------------------------------------------------------------------- */

static uint64_t
shown_id(struct hand_rig *r, const char *what)
{
	char name[40];

	snprintf(name, sizeof(name), "sequence.%s_id", what);
	return (uint64_t)hand_value(r, name);
}

/* As somebody asks who looked when the ids were these; 0: did not say. */
static enum verdict
press_seen(struct hand_rig *r, enum command_kind kind, const char *value, const uint64_t ids[3],
	const char **why)
{
	struct command c = { .kind = kind, .step = ids[0], .hold = ids[1], .question = ids[2] };

	text_copy(c.value, sizeof(c.value), value);
	return sequence_ask_for(r, &c, why);
}

static void
test_the_step_of_somebody_else(void **state)
{
	struct hand_rig r = { 0 };
	const char *why;
	uint64_t first, second;

	sequence_begin(&r, "step 10 \"One\" entry always\n  wait 1 h\nend\n"
			   "step 20 \"Two\" entry always\n  wait 1 h\nend\n"
			   "step 30 \"Three\" entry always\n  wait 1 h\nend\n"
			   "on hold > 2 h -> step 30\n");
	assert_true(shown_id(&r, "step") == 0);
	sequence_start(&r);
	hand_run(&r, 200 * NS_PER_MS);
	first = shown_id(&r, "step");
	assert_true(first > 0 && shown_id(&r, "hold") == 0);
	assert_int_equal(press_seen(&r, COMMAND_SEQ_SKIP, "", (uint64_t[3]){ first }, &why),
		VERDICT_VERIFIED);
	hand_run(&r, 200 * NS_PER_MS);
	assert_int_equal(hand_value(&r, "sequence.step"), 20);
	second = shown_id(&r, "step");
	assert_true(second != first);
	/* The other one meant step 10, and 20 stays. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(press_seen(&r,
					 i == 0   ? COMMAND_SEQ_SKIP
					 : i == 1 ? COMMAND_SEQ_GOTO
						  : COMMAND_SEQ_RESUME,
					 i == 1 ? "10" : "", (uint64_t[3]){ first }, &why),
			VERDICT_REFUSED);
		assert_non_null(strstr(why, "step 20 'Two' executes now"));
	}
	assert_int_equal(hand_value(&r, "sequence.step"), 20);
	sequence_is_state(&r, "running");
	/* What stops is refused for nothing that somebody saw. */
	assert_int_equal(press_seen(&r, COMMAND_SEQ_PAUSE, "", (uint64_t[3]){ first, 1, 1 }, &why),
		VERDICT_VERIFIED);
	hand_run(&r, 200 * NS_PER_MS);
	sequence_is_state(&r, "held");
	/* Back in a step that was there before: another visit. */
	assert_int_equal(press_seen(&r, COMMAND_SEQ_GOTO, "10", (uint64_t[3]){ second }, &why),
		VERDICT_VERIFIED);
	assert_int_equal(press_seen(&r, COMMAND_SEQ_RESUME, "", (uint64_t[3]){ second }, &why),
		VERDICT_VERIFIED);
	hand_run(&r, 200 * NS_PER_MS);
	assert_int_equal(hand_value(&r, "sequence.step"), 10);
	assert_int_equal(press_seen(&r, COMMAND_SEQ_SKIP, "", (uint64_t[3]){ first }, &why),
		VERDICT_REFUSED);
	/* Whoever says nothing presses what is there. */
	assert_int_equal(
		press_seen(&r, COMMAND_SEQ_SKIP, "", (uint64_t[3]){ 0 }, &why), VERDICT_VERIFIED);
	/* It is the same visit behind a restart of the controller. */
	hand_run(&r, 500 * NS_PER_MS);
	second = shown_id(&r, "step");
	hand_kill(&r, NS_PER_S);
	hand_run(&r, 5 * NS_PER_S);
	assert_int_equal(shown_id(&r, "step"), second);
	hand_done(&r);
}

static void
test_the_hold_of_somebody_else(void **state)
{
	struct hand_rig r = { 0 };
	const char *why;
	uint64_t hold;

	sequence_begin(&r, WALK);
	sequence_start(&r);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			sequence_press(&r, COMMAND_SEQ_PAUSE, "", "", NULL), VERDICT_VERIFIED);
		hand_run(&r, 300 * NS_PER_MS);
		if (i == 1)
			break;
		hold = shown_id(&r, "hold");
		assert_true(hold > 0);
		assert_int_equal(
			press_seen(&r, COMMAND_SEQ_RESUME, "", (uint64_t[3]){ 0, hold }, &why),
			VERDICT_VERIFIED);
		hand_run(&r, 300 * NS_PER_MS);
	}
	/* It is held anew, perhaps for something else. */
	assert_int_equal(press_seen(&r, COMMAND_SEQ_RESUME, "", (uint64_t[3]){ 0, hold }, &why),
		VERDICT_REFUSED);
	assert_non_null(strstr(why, "paused"));
	/* And where RESUME leads is another matter once somebody has chosen another step. */
	hold = shown_id(&r, "hold");
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_GOTO, "", "30", NULL), VERDICT_VERIFIED);
	hand_run(&r, 300 * NS_PER_MS);
	assert_int_equal(press_seen(&r, COMMAND_SEQ_RESUME, "", (uint64_t[3]){ 0, hold }, &why),
		VERDICT_REFUSED);
	assert_int_equal(press_seen(&r, COMMAND_SEQ_RESUME, "",
				 (uint64_t[3]){ 0, shown_id(&r, "hold") }, &why),
		VERDICT_VERIFIED);
	hand_done(&r);
}

static void
test_the_question_of_somebody_else(void **state)
{
	struct hand_rig r = { 0 };
	const char *why;
	uint64_t before = 0, now;

	sequence_begin(&r, "step 10 \"Ask\"\n"
			   "  repeat 2 as n\n"
			   "    ask \"Filled {n}?\" answers yes, no timeout 1 h -> abort\n"
			   "  end\n"
			   "  wait 1 h\n"
			   "end\n"
			   "on hold > 2 h -> abort\n");
	sequence_start(&r);
	for (int turn = 0; turn < 2; turn++) {
		hand_run(&r, 300 * NS_PER_MS);
		now = shown_id(&r, "question");
		assert_true(now > 0 && now != before);
		if (turn == 1) {
			/* The same statement, and another question. */
			assert_int_equal(press_seen(&r, COMMAND_SEQ_REPLY, "yes",
						 (uint64_t[3]){ 0, 0, before }, &why),
				VERDICT_REFUSED);
			assert_non_null(strstr(why, "Filled 2?"));
			hand_kill(&r, NS_PER_S);
			hand_run(&r, 5 * NS_PER_S);
			assert_int_equal(shown_id(&r, "question"), now);
		}
		assert_int_equal(
			press_seen(&r, COMMAND_SEQ_REPLY, "yes", (uint64_t[3]){ 0, 0, now }, &why),
			VERDICT_VERIFIED);
		before = now;
	}
	hand_run(&r, 300 * NS_PER_MS);
	assert_int_equal(shown_id(&r, "question"), 0);
	assert_int_equal(press_seen(&r, COMMAND_SEQ_REPLY, "yes", (uint64_t[3]){ 0, 0, now }, &why),
		VERDICT_REFUSED);
	assert_non_null(strstr(why, "asks nothing now"));
	hand_done(&r);
}

/* Two answers before a tick: the first one counts, whose asker was told so. */
static void
test_two_answers(void **state)
{
	struct hand_rig r = { 0 };
	const char *why;

	sequence_begin(&r, "step 10 \"Ask\"\n"
			   "  ask \"Filled?\" answers yes, no timeout 1 h -> abort\n"
			   "  wait 1 h\n"
			   "end\n"
			   "on hold > 2 h -> abort\n");
	sequence_start(&r);
	hand_run(&r, 300 * NS_PER_MS);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_PAUSE, "", "", NULL), VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_REPLY, "", "no", NULL), VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_REPLY, "", "yes", &why), VERDICT_REFUSED);
	assert_non_null(strstr(why, "answered already: 'no'"));
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	hand_run(&r, 300 * NS_PER_MS);
	assert_non_null(strstr(hand_last(&r, EVENT_SEQUENCE_ANSWERED)->text, "no"));
	hand_done(&r);
}

/* Of another bench file than the one that was looked at; but what leads towards safe is done all the same. */
static void
test_an_older_bench_file(void **state)
{
	struct hand_rig r = { 0 };
	struct command c = { .kind = COMMAND_SET, .subject = "T", .value = "30" };
	const char *why;

	sequence_begin(&r, WALK);
	c.config = r.img->hash;
	assert_int_not_equal(sequence_ask_for(&r, &c, &why), VERDICT_REFUSED);
	hand_run(&r, 60 * NS_PER_S);
	assert_int_equal(hand_verdict(&r, c.id, &why), VERDICT_VERIFIED);
	c.config ^= 1;
	c.id[0] = '\0';
	strcpy(c.value, "31");
	assert_int_equal(sequence_ask_for(&r, &c, &why), VERDICT_REFUSED);
	assert_non_null(strstr(why, "taken up anew"));
	assert_int_equal(sequence_held(&r, 0, 2), 30);
	c.kind = COMMAND_SAFE;
	c.id[0] = c.subject[0] = c.value[0] = '\0';
	assert_int_not_equal(sequence_ask_for(&r, &c, &why), VERDICT_REFUSED);
	hand_done(&r);
}

/* ---- buttons ------------------------------------------------------------------------------------------------------------- */

static void
test_pause_and_resume(void **state)
{
	struct hand_rig r = { 0 };
	int16_t stood;

	sequence_begin(&r, WALK);
	sequence_start(&r);
	sequence_follow(&r, 5 * NS_PER_S);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_PAUSE, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, NS_PER_S);
	sequence_is_state(&r, "held");
	stood = sequence_held(&r, 0, 2);
	assert_in_range(stood, 4, 7);
	sequence_follow(&r, 4 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), stood);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 3 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_in_range(sequence_held(&r, 0, 2), stood + 2, stood + 4);
	hand_done(&r);
}

static void
test_safe_pause(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, WALK);
	sequence_start(&r);
	sequence_follow(&r, 20 * NS_PER_S);
	assert_in_range(sequence_held(&r, 0, 2), 18, 21);
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_SAFE_PAUSE, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 2 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_int_equal(sequence_held(&r, 0, 2), 0);
	assert_int_equal(sequence_held(&r, 1, 0), 100);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 5 * NS_PER_S);
	sequence_is_state(&r, "restarting"); /* the furnace comes back at its own ramp */
	assert_int_equal(sequence_held(&r, 1, 0), 50);
	assert_in_range(sequence_held(&r, 0, 2), 3, 6);
	sequence_follow(&r, 20 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_in_range(sequence_held(&r, 0, 2), 22, 30);
	hand_done(&r);
}

static void
test_skip_and_go_to(void **state)
{
	struct hand_rig r = { 0 };
	const char *why;

	sequence_begin(&r, WALK);
	sequence_start(&r);
	sequence_follow(&r, 5 * NS_PER_S);
	r.device[1].held[6] = 200;
	hand_run(&r, 300 * NS_PER_MS);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_SKIP, "", "", &why), VERDICT_REFUSED);
	assert_non_null(strstr(why, "entry of step 20"));
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_GOTO, "", "20", NULL), VERDICT_REFUSED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_GOTO, "", "25", NULL), VERDICT_REFUSED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_GOTO, "", "30", &why), VERDICT_VERIFIED);
	assert_non_null(strstr(why, "P is 1, normally 2"));
	assert_non_null(strstr(why, "T is "));
	hand_run(&r, 300 * NS_PER_MS);
	sequence_is_state(&r, "held");
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	hand_run(&r, 500 * NS_PER_MS);
	assert_int_equal((int)hand_value(&r, "sequence.step"), 30);
	assert_int_equal(sequence_held(&r, 0, 3), 3);
	hand_done(&r);
}

static void
test_abort(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, WALK);
	sequence_start(&r);
	sequence_follow(&r, 5 * NS_PER_S);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_ABORT, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, NS_PER_S);
	sequence_is_state(&r, "aborting");
	assert_int_equal(sequence_held(&r, 0, 3), 3);
	sequence_follow(&r, 30 * NS_PER_S);
	sequence_is_state(&r, "aborted");
	assert_string_equal(hand_word(&r, "safe.cold"), "idle");
	hand_done(&r);
}

static void
test_abort_twice(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, WALK);
	sequence_start(&r);
	sequence_follow(&r, 5 * NS_PER_S);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_ABORT, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, NS_PER_S);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_ABORT, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 2 * NS_PER_S);
	sequence_is_state(&r, "aborted");
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_int_equal(sequence_held(&r, 0, 2), 0);
	hand_done(&r);
}

static void
test_held_for_too_long(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, WALK);
	sequence_start(&r);
	sequence_follow(&r, 2 * NS_PER_S);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_PAUSE, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 9 * NS_PER_S);
	sequence_is_state(&r, "held");
	sequence_follow(&r, 3 * NS_PER_S);
	sequence_is_state(&r, "stopping");
	assert_int_equal(sequence_held(&r, 0, 3), 3);
	sequence_follow(&r, 10 * NS_PER_S);
	sequence_is_state(&r, "stopped");
	hand_done(&r);
}

/* ---- what goes wrong ------------------------------------------------------------------------------------------------------ */

static void
test_guards(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r,
		"guard lag when bed > 80 degC -> hold until bed < 50 degC for 1 s timeout 1 min -> "
		"abort\n"
		"guard hot when bed > 120 degC for 500 ms -> trip cold\n"
		"step 10 \"Go\"\n"
		"  set T = 30 degC, P = 1\n"
		"  wait 5 min\n"
		"end\n"
		"on hold > 1 h -> abort\n");
	sequence_start(&r);
	hand_run(&r, 2 * NS_PER_S);
	r.device[1].held[6] = 90;
	hand_run(&r, NS_PER_S);
	sequence_is_state(&r, "held");
	r.device[1].held[6] = 40;
	hand_run(&r, 500 * NS_PER_MS);
	sequence_is_state(&r, "held");
	hand_run(&r, NS_PER_S);
	sequence_is_state(&r, "running");
	r.device[1].held[6] = 130;
	hand_run(&r, 2 * NS_PER_S);
	sequence_is_state(&r, "aborted");
	assert_string_equal(hand_word(&r, "T.owner"), "trip");
	assert_int_equal(sequence_held(&r, 0, 2), 0);
	hand_done(&r);
}

/* A guard whose channel is bad trips after 5 s. */
static void
test_blind_guard(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "guard hot when bed > 120 degC for 500 ms -> trip cold\n"
			   "step 10 \"Go\"\n"
			   "  set P = 1\n"
			   "  wait 5 min\n"
			   "end\n");
	sequence_start(&r);
	hand_run(&r, 2 * NS_PER_S);
	r.device[1].is_silent = true;
	hand_run(&r, 3 * NS_PER_S);
	sequence_is_state(&r, "running");
	hand_run(&r, 8 * NS_PER_S);
	assert_string_equal(hand_word(&r, "T.owner"), "trip");
	assert_true(hand_count(&r, EVENT_SEQUENCE_ABORTED, "t") > 0);
	hand_done(&r);
}

static void
test_trip_of_the_bench(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, WALK);
	sequence_start(&r);
	sequence_follow(&r, 5 * NS_PER_S);
	r.device[1].held[7] = 20;
	sequence_follow(&r, 2 * NS_PER_S);
	sequence_is_state(&r, "aborted");
	assert_int_equal(sequence_held(&r, 0, 2), 0);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_PREPARE, "t", "", NULL), VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_START, "t", "", NULL), VERDICT_REFUSED);
	hand_done(&r);
}

static void
test_taken_by_a_person(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, WALK);
	sequence_start(&r);
	sequence_follow(&r, 3 * NS_PER_S);
	assert_int_equal(sequence_press(&r, COMMAND_MODE, "T", "manual", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, NS_PER_S);
	sequence_is_state(&r, "held");
	assert_int_equal(hand_set(&r, "T", "1"), VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 2 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_string_equal(hand_word(&r, "T.owner"), "sequence");
	hand_done(&r);
}

/* From every step to every step, itself included: it is held in between, goes there by RESUME, and what heats never jumps. */
static void
test_go_to_from_every_step_to_every_step(void **state)
{
	static const char *const steps[] = { "10", "20", "30", "40", "90" };
	struct hand_rig r = { 0 };
	int16_t last;

	sequence_begin(&r,
		"step 10 \"A\" entry always\n  set T = 0 degC\n  wait 9 h\nend\n"
		"step 20 \"B\" entry always\n  ramp T to 60 degC at 60 K/min\n  wait 9 h\nend\n"
		"step 30 \"C\" entry when bed > -5 degC\n  start ramp T to 10 degC at 30 K/min\n  "
		"wait 9 "
		"h\nend\n"
		"step 40 \"D\" entry always\n  parallel\n    do set P = 3 ; wait 9 h\n    do set T "
		"= 40 "
		"degC ; wait 9 h\n  join timeout 10 h -> abort\nend\n"
		"step 90 \"E\" entry always\n  repeat 3 as n\n    set T = 30 degC\n    wait 3 h\n  "
		"end\nend\n"
		"on hold > 1 h -> abort\n");
	sequence_start(&r);
	for (size_t i = 0; i < NELEM(steps) * NELEM(steps) * 2; i++) {
		const char *to = steps[i % 2 == 0 ? i / 2 / NELEM(steps) : i / 2 % NELEM(steps)];

		last = sequence_held(&r, 0, 2);
		assert_int_equal(
			sequence_press(&r, COMMAND_SEQ_GOTO, "", to, NULL), VERDICT_VERIFIED);
		sequence_follow(&r, 200 * NS_PER_MS);
		sequence_is_state(&r, "held");
		assert_int_equal(
			sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
		for (int k = 0; k < 20; k++) {
			sequence_follow(&r, 200 * NS_PER_MS);
			assert_in_range(sequence_held(&r, 0, 2) - last + 2, 0, 4);
			last = sequence_held(&r, 0, 2);
		}
		sequence_is_state(&r, "running");
		assert_int_equal((int)hand_value(&r, "sequence.step"), atoi(to));
		r.n_events = r.n_writes = 0;
	}
	hand_done(&r);
}

/* The time behind a `for` is that of the run, not the one that the file has. */
static void
test_for_a_parameter(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "param soak = 0.1 min (1 s .. 1 h)\n"
			   "guard warm when bed > 15 degC for soak + 30 s -> hold \"warm\"\n"
			   "step 10 \"Soak\"\n"
			   "  wait until bed > 15 degC and (N2 >= 0 mL/min for soak / 2) for soak "
			   "timeout 1 h else "
			   "abort\n"
			   "  set P = 7\n"
			   "  wait 1 h\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_PREPARE, "t", "", NULL), VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "soak", "0.5 min", NULL),
		VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_START, "t", "", NULL), VERDICT_VERIFIED);
	hand_run(&r, 28 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 0);
	hand_run(&r, 4 * NS_PER_S + 15 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 7);
	sequence_is_state(&r, "running");
	hand_run(&r, 20 * NS_PER_S);
	sequence_is_state(&r, "held");
	hand_done(&r);
}

/* A furnace that dies in the middle of a ramp holds it, and RESUME goes on from where it was. */
static void
test_a_device_that_dies(void **state)
{
	struct hand_rig r = { 0 };
	int16_t was;

	sequence_begin(&r, "step 10 \"Heat\"\n"
			   "  set T = 20 degC\n"
			   "  ramp T to 60 degC at 60 K/min\n"
			   "  set P = 7\n"
			   "  wait 1 h\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	sequence_start(&r);
	sequence_follow(&r, 30 * NS_PER_S);
	was = sequence_held(&r, 0, 2);
	r.device[0].is_silent = true;
	hand_run(&r, 3 * NS_PER_S);
	sequence_is_state(&r, "running");
	hand_run(&r, 10 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_non_null(strstr(hand_last(&r, EVENT_SEQUENCE_HELD)->text, "T does not answer"));
	r.device[0].is_silent = false;
	hand_run(&r, 10 * NS_PER_S);
	assert_in_range(sequence_held(&r, 0, 2), was, was + 3);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 60 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 0, 2), 60);
	assert_int_equal(sequence_held(&r, 0, 3), 7);
	hand_done(&r);
}

static void
test_a_device_that_refuses(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, WALK);
	r.device[0].refuses_some = 1u << 3;
	sequence_start(&r);
	sequence_follow(&r, 3 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_non_null(strstr(hand_last(&r, EVENT_SEQUENCE_HELD)->text, "P was not taken"));
	hand_done(&r);
}

/* ---- restarts ------------------------------------------------------------------------------------------------------------ */

/* Killed at random: it ends where it would have ended, the furnace never jumps, no switch is written twice. */
static void
test_kills(void **state)
{
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct hand_rig r = { 0 };
		size_t n_open = 0;
		int16_t last = 0;

		srandom(seed);
		sequence_begin(&r, "step 10 \"First\"\n"
				   "  set P = 1, V = open\n"
				   "  repeat 3 as n\n"
				   "    wait 2 s\n"
				   "    set P = n\n"
				   "  end\n"
				   "  ramp T to 20 degC at 60 K/min\n"
				   "  set V = closed\n"
				   "  wait 2 s\n"
				   "  set T = 0 degC\n"
				   "end\n"
				   "on hold > 1 h -> abort\n");
		sequence_start(&r);
		for (int k = 0; k < 6; k++) {
			sequence_follow(&r, 300 * NS_PER_MS + random() % (5 * NS_PER_S));
			hand_kill(&r, 500 * NS_PER_MS + random() % (2 * NS_PER_S));
		}
		sequence_follow(&r, 90 * NS_PER_S);
		sequence_is_state(&r, "complete");
		/* Who started it is known behind restarts, too. */
		assert_true(hand_last(&r, EVENT_SEQUENCE_STARTED)->principal[0] != '\0');
		assert_string_equal(hand_last(&r, EVENT_SEQUENCE_STEP)->principal,
			hand_last(&r, EVENT_SEQUENCE_STARTED)->principal);
		assert_string_equal(hand_last(&r, EVENT_SEQUENCE_STATE)->principal,
			hand_last(&r, EVENT_SEQUENCE_STARTED)->principal);
		assert_int_equal(sequence_held(&r, 0, 3), 3);
		for (size_t i = 0; i < r.n_writes; i++) {
			const struct hand_write *w = &r.writes[i];

			n_open += w->device == 1 && w->address == 8 && w->value == 1;
			if (w->device != 0 || w->address != 2)
				continue;
			assert_in_range(w->value - last + 5, 0, 10);
			last = w->value;
		}
		assert_int_equal(n_open, 1);
		hand_done(&r);
	}
}

/* Nobody was there for too long: a person looks first. */
static void
test_long_outage(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, WALK);
	sequence_start(&r);
	sequence_follow(&r, 5 * NS_PER_S);
	hand_kill(&r, 30 * NS_PER_S);
	sequence_follow(&r, 5 * NS_PER_S);
	assert_true(strcmp(hand_word(&r, "sequence.state"), "running") != 0);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	sequence_is_state(&r, "aborted");
	hand_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_run),
		cmocka_unit_test(test_waits_are_exact),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_waiting_for),
		cmocka_unit_test(test_holdback),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_whole_start),
		cmocka_unit_test(test_many_faults),
		cmocka_unit_test(test_the_step_of_somebody_else),
		cmocka_unit_test(test_the_hold_of_somebody_else),
		cmocka_unit_test(test_the_question_of_somebody_else),
		cmocka_unit_test(test_two_answers),
		cmocka_unit_test(test_an_older_bench_file),
		cmocka_unit_test(test_pause_and_resume),
		cmocka_unit_test(test_safe_pause),
		cmocka_unit_test(test_skip_and_go_to),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_abort_twice),
		cmocka_unit_test(test_held_for_too_long),
		cmocka_unit_test(test_guards),
		cmocka_unit_test(test_blind_guard),
		cmocka_unit_test(test_trip_of_the_bench),
		cmocka_unit_test(test_taken_by_a_person),
		cmocka_unit_test(test_go_to_from_every_step_to_every_step),
		cmocka_unit_test(test_for_a_parameter),
		cmocka_unit_test(test_a_device_that_dies),
		cmocka_unit_test(test_a_device_that_refuses),
		cmocka_unit_test(test_kills),
		cmocka_unit_test(test_long_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
