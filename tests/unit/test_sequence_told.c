/* test_sequence_told.c - commands of instruments in sequences: started once, whatever happens to the wire, the disk and the controller */
#include "hand_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "msg/quality.h"

/* The chromatograph is d2: it is started by coil 9, and ready while coil 12 is on. */
enum { GC = 2, START = 9, READY = 12 };

#define COMMANDS                                                                                   \
	"    commands:\n"                                                                          \
	"      inject: {write: beat, ready: armed, done: armed}\n"                                 \
	"      purge: {write: beat, done: armed}\n"

static char folder[] = "/tmp/mbc-told-XXXXXX";

static void
begin_with(struct hand_rig *r, const char *keys, const char *text)
{
	char more[256], file[64];
	FILE *f;

	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/t.seq", folder);
	f = fopen(file, "w");
	assert_non_null(f);
	fprintf(f, "sequence \"Test\"\nneeds P bed d2\n%s", text);
	fclose(f);
	snprintf(more, sizeof(more), "sequences: %s\n%s", folder, keys);
	hand_bench(r, more, "", COMMANDS);
	unlink(file);
	rmdir(folder);
	assert_int_equal(r->img->sequences.n, 1);
	r->device[GC].held[READY] = 1;
	hand_run(r, NS_PER_S);
}

static void
begin(struct hand_rig *r, const char *text)
{
	begin_with(r, "", text);
}

static enum verdict
press(struct hand_rig *r, enum command_kind kind, const char *subject, const char *value)
{
	struct command c = { .kind = kind, .is_person = true, .ramp_per_min = (double)NAN };
	const char *why;

	text_copy(c.subject, sizeof(c.subject), subject);
	text_copy(c.value, sizeof(c.value), value);
	hand_command(r, &c);
	hand_run(r, 10 * NS_PER_MS);
	return hand_verdict(r, c.id, &why);
}

static void
start(struct hand_rig *r)
{
	assert_int_equal(press(r, COMMAND_SEQ_PREPARE, "t", ""), VERDICT_VERIFIED);
	assert_int_equal(press(r, COMMAND_SEQ_START, "t", ""), VERDICT_VERIFIED);
}

static void
resume(struct hand_rig *r)
{
	assert_int_equal(press(r, COMMAND_SEQ_RESUME, "", ""), VERDICT_VERIFIED);
}

static void
answer(struct hand_rig *r, const char *text)
{
	assert_int_equal(press(r, COMMAND_SEQ_REPLY, "", text), VERDICT_VERIFIED);
}

static void
is_state(struct hand_rig *r, const char *state)
{
	assert_string_equal(hand_word(r, "sequence.state"), state);
}

static void
waits(struct hand_rig *r, const char *wanted)
{
	char text[VALUE_TEXT_MAX + 1];

	hand_text(r, "sequence.waiting", text);
	assert_string_equal(text, wanted);
}

static bool
asks(struct hand_rig *r)
{
	return hand_value(r, "sequence.question") > 0;
}

static size_t
starts(const struct hand_rig *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_writes; i++)
		n += r->writes[i].device == GC && r->writes[i].address == START &&
		     r->writes[i].value == 1;
	return n;
}

static size_t
told(const struct hand_rig *r, enum event_kind kind)
{
	return hand_count(r, kind, "d2.inject") + hand_count(r, kind, "d2.purge");
}

/* It is at work for so long. */
static void
work(struct hand_rig *r, int64_t span_ns)
{
	r->device[GC].held[READY] = 0;
	hand_run(r, span_ns);
	r->device[GC].held[READY] = 1;
	hand_run(r, 500 * NS_PER_MS);
}

#define ONE                                                                                        \
	"step 10 \"Inject\"\n"                                                                     \
	"  d2.inject name \"A-1\" ready timeout 5 s done timeout 20 s else hold \"GC\"\n"          \
	"  set P = 7\n"                                                                            \
	"  wait 10 min\n"                                                                          \
	"end\n"

static bool
is_past(const struct hand_rig *r)
{
	return r->device[0].held[3] == 7;
}

/* ---- as it should be ----------------------------------------------------------------------------------------------------- */

static void
test_once(void **state)
{
	struct hand_rig r = { 0 };
	const struct event *intent, *e;

	begin(&r, ONE);
	start(&r);
	hand_run(&r, NS_PER_S);
	assert_int_equal(starts(&r), 1);
	intent = hand_last(&r, EVENT_SEQUENCE_COMMAND);
	assert_string_equal(intent->subject, "d2.inject");
	assert_string_equal(intent->text, "A-1");
	assert_int_equal(hand_last(&r, EVENT_SEQUENCE_COMMAND_SENT)->cause, intent->id);
	waits(&r, "d2.inject A-1: until it is at work");
	hand_run(&r, 5 * NS_PER_S); /* `ready` of before is not its end */
	assert_false(is_past(&r));
	work(&r, 3 * NS_PER_S);
	e = hand_last(&r, EVENT_SEQUENCE_COMMAND_DONE);
	assert_int_equal(e->cause, intent->id);
	assert_true(is_past(&r));
	assert_int_equal(starts(&r), 1);
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND_FAILED), 0);
	hand_done(&r);
}

/* It ends while the sequence is held: that is seen. */
static void
test_ends_while_held(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	start(&r);
	hand_run(&r, NS_PER_S);
	assert_int_equal(press(&r, COMMAND_SEQ_PAUSE, "", ""), VERDICT_VERIFIED);
	work(&r, 3 * NS_PER_S);
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND_DONE), 1);
	assert_false(is_past(&r));
	resume(&r);
	hand_run(&r, 500 * NS_PER_MS);
	assert_true(is_past(&r));
	hand_done(&r);
}

static void
test_ready_late_and_never(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	r.device[GC].held[READY] = 0;
	hand_run(&r, 300 * NS_PER_MS);
	start(&r);
	hand_run(&r, 6 * NS_PER_S);
	is_state(&r, "held");
	assert_int_equal(starts(&r), 0);
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND), 0);
	resume(&r); /* it provably was not started: nothing is asked */
	hand_run(&r, 3 * NS_PER_S);
	is_state(&r, "running");
	assert_false(asks(&r));
	r.device[GC].held[READY] = 1;
	hand_run(&r, NS_PER_S);
	assert_int_equal(starts(&r), 1);
	hand_done(&r);
}

static void
test_done_never(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	start(&r);
	hand_run(&r, NS_PER_S);
	r.device[GC].held[READY] = 0;
	hand_run(&r, 21 * NS_PER_S);
	is_state(&r, "held");
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND_FAILED), 1);
	assert_int_equal(starts(&r), 1);
	r.device[GC].held[READY] = 1;
	hand_run(&r, NS_PER_S);
	resume(&r);
	hand_run(&r, 2 * NS_PER_S);
	assert_true(asks(&r));
	assert_int_equal(starts(&r), 1);
	waits(&r, "d2.inject A-1: was it done?");
	assert_int_equal(press(&r, COMMAND_SEQ_REPLY, "", "perhaps"), VERDICT_REFUSED);
	answer(&r, "repeat");
	hand_run(&r, NS_PER_S);
	assert_int_equal(starts(&r), 2);
	work(&r, NS_PER_S);
	assert_true(is_past(&r));
	hand_done(&r);
}

/* Nobody answers: what `else` says; RESUME asks again, and a person may say that it is done, or abort. */
static void
test_nobody_answers(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	start(&r);
	hand_run(&r, 25 * NS_PER_S);
	is_state(&r, "held");
	resume(&r);
	hand_run(&r, 25 * NS_PER_S);
	is_state(&r, "held");
	assert_false(asks(&r));
	resume(&r);
	hand_run(&r, NS_PER_S);
	assert_true(asks(&r));
	answer(&r, "done");
	hand_run(&r, 500 * NS_PER_MS);
	assert_true(is_past(&r));
	assert_int_equal(starts(&r), 1);
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND_DONE), 1);
	hand_done(&r);
}

static void
test_abort_is_an_answer(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	start(&r);
	hand_run(&r, 25 * NS_PER_S);
	resume(&r);
	hand_run(&r, NS_PER_S);
	answer(&r, "abort");
	hand_run(&r, 3 * NS_PER_S);
	is_state(&r, "aborted");
	assert_int_equal(starts(&r), 1);
	hand_done(&r);
}

/* ---- wires --------------------------------------------------------------------------------------------------------------- */

static void
test_dead_before(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	r.device[GC].is_silent = true;
	hand_run(&r, 3 * NS_PER_S);
	start(&r);
	hand_run(&r, 6 * NS_PER_S);
	is_state(&r, "held"); /* what is not known is not ready */
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND), 0);
	hand_done(&r);
}

/* It leaves, and no answer comes: nobody knows, it is never sent again, and a person is asked. */
static void
test_dead_at_the_start(void **state)
{
	struct hand_rig r = { 0 };
	size_t before;

	begin(&r, ONE);
	start(&r);
	r.is_slow = true;
	hand_run(&r, 500 * NS_PER_MS);
	before = r.device[GC].n_others;
	r.device[GC].is_silent = true;
	r.is_slow = false;
	hand_run(&r, 4 * NS_PER_S);
	assert_int_equal(r.device[GC].n_others, before + 1);
	assert_true(asks(&r));
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND_FAILED), 1);
	r.device[GC].is_silent = false;
	hand_run(&r, 5 * NS_PER_S);
	assert_int_equal(r.device[GC].n_others, before + 1);
	answer(&r, "repeat");
	hand_run(&r, NS_PER_S);
	assert_int_equal(starts(&r), 1);
	hand_done(&r);
}

static void
test_dead_behind_the_start(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	start(&r);
	hand_run(&r, NS_PER_S);
	r.device[GC].held[READY] = 0;
	hand_run(&r, NS_PER_S);
	r.device[GC].is_gone = true;
	hand_run(&r, 5 * NS_PER_S);
	is_state(&r, "running");
	r.device[GC].is_gone = false;
	r.device[GC].held[READY] = 1;
	hand_run(&r, 12 * NS_PER_S);
	assert_true(is_past(&r));
	assert_int_equal(starts(&r), 1);
	hand_done(&r);
}

#define PURGE                                                                                      \
	"step 10 \"Purge\"\n"                                                                      \
	"  d2.purge ready timeout 5 s done timeout 20 s retry 2 else hold\n"                       \
	"  set P = 7\n"                                                                            \
	"  wait 10 min\n"                                                                          \
	"end\n"

/* It never leaves: tried so often, then the action; RESUME begins anew without a question. */
static void
test_never_left(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, PURGE);
	r.device[GC].is_gone = true;
	hand_run(&r, 3 * NS_PER_S);
	start(&r);
	hand_run(&r, 15 * NS_PER_S);
	is_state(&r, "held");
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND), 3);
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND_FAILED), 3);
	r.device[GC].is_gone = false;
	hand_run(&r, 12 * NS_PER_S);
	resume(&r);
	hand_run(&r, NS_PER_S);
	assert_false(asks(&r));
	assert_int_equal(starts(&r), 1);
	hand_done(&r);
}

/* A device that says no has not begun; one that has failed may have. */
static void
test_refused(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, PURGE);
	r.device[GC].refuses = true;
	r.device[GC].refusal = 3;
	start(&r);
	hand_run(&r, 300 * NS_PER_MS);
	r.device[GC].refuses = false;
	hand_run(&r, NS_PER_S);
	assert_int_equal(starts(&r), 1);
	assert_in_range(told(&r, EVENT_SEQUENCE_COMMAND_FAILED), 1, 2);
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND_SENT), 1);
	hand_done(&r);
}

static void
test_failed(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, PURGE);
	r.device[GC].refuses = true;
	start(&r);
	hand_run(&r, 2 * NS_PER_S);
	assert_true(asks(&r));
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND), 1);
	hand_done(&r);
}

static void
test_no_disk(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	start(&r);
	r.no_disk = true;
	hand_run(&r, 5 * NS_PER_S);
	is_state(&r, "held");
	assert_int_equal(starts(&r), 0);
	r.no_disk = false;
	resume(&r);
	hand_run(&r, NS_PER_S);
	assert_int_equal(starts(&r), 1);
	hand_done(&r);
}

static void
test_interlock(void **state)
{
	struct hand_rig r = { 0 };

	begin_with(&r, "interlocks: {cold_only: {forbid: d2.beat and bed > 50 degC}}\n", ONE);
	r.device[1].held[6] = 60;
	hand_run(&r, 500 * NS_PER_MS);
	start(&r);
	hand_run(&r, 2 * NS_PER_S);
	is_state(&r, "held");
	assert_int_equal(starts(&r), 0);
	assert_non_null(strstr(hand_last(&r, EVENT_SEQUENCE_COMMAND_FAILED)->text, "cold_only"));
	r.device[1].held[6] = 20;
	hand_run(&r, 500 * NS_PER_MS);
	resume(&r);
	hand_run(&r, NS_PER_S);
	assert_int_equal(starts(&r), 1);
	hand_done(&r);
}

/* Left before its end: what it began goes on without it, and that is told. */
static void
test_left(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	start(&r);
	hand_run(&r, NS_PER_S);
	assert_int_equal(press(&r, COMMAND_SEQ_ABORT, "", ""), VERDICT_VERIFIED);
	hand_run(&r, 3 * NS_PER_S);
	is_state(&r, "aborted");
	assert_int_equal(told(&r, EVENT_SEQUENCE_COMMAND_FAILED), 1);
	hand_done(&r);
}

/* ---- restarts ------------------------------------------------------------------------------------------------------------ */

struct gc {
	int64_t until_ns; /* at work */
	size_t n;         /* starts that arrived */
};

static void
on_write(struct hand_rig *r, const struct hand_write *w)
{
	struct gc *gc = r->ears.ctx;

	if (w->device != GC || w->address != START || w->value != 1)
		return;
	assert_true(r->now_ns >= gc->until_ns); /* never while it is at work */
	gc->n++;
	gc->until_ns = r->now_ns + 2 * NS_PER_S;
}

/* The person looks at the chromatograph: it has begun as often as there are names before the one that is asked about, or once more. */
static void
play(struct hand_rig *r, struct gc *gc, int64_t span_ns)
{
	for (int64_t at = 0; at < span_ns; at += 50 * NS_PER_MS) {
		r->device[GC].held[READY] = r->now_ns >= gc->until_ns;
		r->device[GC].held[START] = r->now_ns < gc->until_ns;
		hand_run(r, 50 * NS_PER_MS);
		/* It began and ended while nobody was there to see it at work. */
		if (strcmp(hand_word(r, "sequence.state"), "held") == 0)
			press(r, COMMAND_SEQ_RESUME, "", "");
		if (asks(r) && r->now_ns >= gc->until_ns) {
			size_t n = (size_t)strchr(hand_last(r, EVENT_SEQUENCE_ASKS)->text, '-')[1] -
				   '0';

			press(r, COMMAND_SEQ_REPLY, "", gc->n >= n ? "done" : "repeat");
			hand_run(r, 200 * NS_PER_MS);
		}
	}
}

/* Killed at any moment of it: each of three is done once. */
static void
test_kills(void **state)
{
	size_t n_asked = 0;

	for (unsigned seed = 1; seed <= 60; seed++) {
		struct hand_rig r = { 0 };
		struct gc gc = { 0 };

		srandom(seed);
		begin(&r, "step 10 \"Three\"\n"
			  "  repeat 3 as n\n"
			  "    d2.inject name \"A-{n}\" ready timeout 1 min done timeout 8 s else "
			  "hold\n"
			  "  end\n"
			  "  set P = 7\n"
			  "end\n");
		r.ears.write = on_write;
		r.ears.ctx = &gc;
		start(&r);
		play(&r, &gc, 150 * NS_PER_MS);
		for (int k = 0; k < 4; k++) {
			r.is_slow = random() % 3 == 0;
			play(&r, &gc, random() % (1500 * NS_PER_MS));
			r.is_slow = false;
			if (random() % 2)
				play(&r, &gc, 50 * NS_PER_MS);
			hand_kill(&r, 200 * NS_PER_MS + random() % NS_PER_S);
			r.ears.write = on_write;
			r.ears.ctx = &gc;
		}
		play(&r, &gc, 90 * NS_PER_S);
		if (strcmp(hand_word(&r, "sequence.state"), "complete") != 0 || gc.n != 3)
			fail_msg("seed %u: %s, %zu", seed, hand_word(&r, "sequence.state"), gc.n);
		assert_int_equal(starts(&r), 3);
		n_asked += hand_count(&r, EVENT_SEQUENCE_ASKS, "t");
		hand_done(&r);
	}
	assert_true(n_asked > 5);
}

/* In each phase: one that may have been started is asked about; one that is known to be at work is waited for. */
static void
test_killed_in_each_phase(void **state)
{
	struct hand_rig r = { 0 };

	begin(&r, ONE);
	start(&r);
	r.is_slow = true;
	hand_run(&r, 500 * NS_PER_MS);
	waits(&r, "d2.inject A-1: until its start is recorded");
	hand_kill(&r, NS_PER_S);
	r.is_slow = false;
	hand_run(&r, 5 * NS_PER_S); /* the inputs of the trip warm up */
	assert_true(asks(&r));
	assert_int_equal(starts(&r), 0);
	hand_kill(&r, NS_PER_S); /* the question stays */
	hand_run(&r, 5 * NS_PER_S);
	assert_true(asks(&r));
	answer(&r, "repeat");
	hand_run(&r, NS_PER_S);
	assert_int_equal(starts(&r), 1);
	hand_kill(&r, NS_PER_S); /* taken */
	hand_run(&r, 5 * NS_PER_S);
	assert_false(asks(&r));
	r.device[GC].held[READY] = 0;
	hand_run(&r, NS_PER_S);
	hand_kill(&r, NS_PER_S); /* at work */
	hand_run(&r, 5 * NS_PER_S);
	assert_false(asks(&r));
	r.device[GC].held[READY] = 1;
	hand_run(&r, NS_PER_S);
	assert_true(is_past(&r));
	assert_int_equal(starts(&r), 1);
	hand_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_ends_while_held),
		cmocka_unit_test(test_ready_late_and_never),
		cmocka_unit_test(test_done_never),
		cmocka_unit_test(test_nobody_answers),
		cmocka_unit_test(test_abort_is_an_answer),
		cmocka_unit_test(test_dead_before),
		cmocka_unit_test(test_dead_at_the_start),
		cmocka_unit_test(test_dead_behind_the_start),
		cmocka_unit_test(test_never_left),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_no_disk),
		cmocka_unit_test(test_interlock),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_kills),
		cmocka_unit_test(test_killed_in_each_phase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
