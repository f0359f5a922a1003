/* test_link_line.c - the link engine on a serial line with Modbus RTU: silence, deadlines, echoes, broken and foreign frames, late
 * answers, probes, identification */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/rand.h"
#include "drivers/list.h"
#include "drivers/modbus_crc.h"
#include "drivers/modbus_pdu.h"
#include "line_rig.h"

#define MS NS_PER_MS
#define S NS_PER_S
#define TIMEOUT (200 * MS)

static struct line_rig rig;

/* One register of the first unit, one of the second. */
static const struct line_point two[] = {
	{ 1, "holding=10", 100 * MS, "holding=10" },
	{ 2, "holding=20", 100 * MS, NULL },
};

static struct line_conf
conf_two(void)
{
	return (struct line_conf){ .baud = 9600,
		.n_units = 2,
		.points = two,
		.n_points = NELEM(two),
		.timeout_ns = TIMEOUT };
}

static void
start(const struct line_conf *conf)
{
	line_init(&rig, conf);
}

/* Both units are up and have been left alone about their names. */
static void
start_two_and_settle(void)
{
	struct line_conf conf = conf_two();

	start(&conf);
	line_run(&rig, rig.now_ns + 2 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_int_equal(rig.state[2], INSTRUMENT_UP);
}

/* Forget what was said and asked so far. */
static void
forget(void)
{
	memset(rig.n_good, 0, sizeof(rig.n_good));
	memset(rig.n_bad, 0, sizeof(rig.n_bad));
	rig.n_log = rig.n_late = rig.n_foreign = rig.n_flush = 0;
}

/* Until a unit is asked with a function (0: any) once more; the question is on the wire then. */
static const struct line_question *
run_to_question(unsigned unit, unsigned function)
{
	unsigned before = line_asked(&rig, unit, function, 0);
	int64_t limit_ns = rig.now_ns + 100 * S;

	while (line_asked(&rig, unit, function, 0) == before) {
		assert_true(rig.now_ns < limit_ns);
		line_run(&rig, rig.now_ns + 100 * NS_PER_US);
	}
	for (size_t i = rig.n_log; i-- > 0;)
		if (rig.log[i].unit == unit)
			return &rig.log[i];
	return NULL;
}

static void
assert_line_was_kept(void)
{
	assert_int_equal(rig.n_early, 0);
	assert_int_equal(rig.n_wrong, 0);
}

static int
write_register(unsigned point, uint32_t tag, int64_t v)
{
	struct err err = { .msg = "" };
	int rc = link_write(rig.link, point, tag, (union value){ .i = v }, NULL, rig.now_ns, &err);

	line_take(&rig);
	return rc;
}

/* ---- silence and deadlines --------------------------------------------------------------------------------------- */

static void
test_silence_is_kept_and_not_wasted(void **state)
{
	static const struct line_point quick[] = {
		{ 1, "holding=10", 1 * MS, NULL },
		{ 2, "holding=20", 1 * MS, NULL },
	};
	static const uint32_t bauds[] = { 1200, 2400, 9600, 19200, 38400, 115200 };

	for (size_t i = 0; i < NELEM(bauds); i++) {
		struct line_conf conf = conf_two();
		int64_t cycle_ns, from_ns;
		size_t from;

		conf.baud = bauds[i];
		conf.points = quick;
		start(&conf);
		line_run(&rig, rig.now_ns + 20 * S);
		assert_line_was_kept();
		/* Question of 8 characters, answer of 7 after 5 ms, silence: nothing else. */
		from = rig.n_log;
		from_ns = rig.now_ns;
		line_run(&rig, rig.now_ns + 20 * S);
		assert_line_was_kept();
		cycle_ns = 15 * rig.char_ns + 5 * MS + rig.silence_ns;
		assert_in_range(rig.n_log - from, (rig.now_ns - from_ns) * 999 / 1000 / cycle_ns,
			(rig.now_ns - from_ns) / cycle_ns + 1);
		line_done(&rig);
	}
}

static void
test_silence_after_foreign_talk_and_garbage(void **state)
{
	uint64_t chance = 7;
	struct line_conf conf = conf_two();

	for (unsigned round = 0; round < 2; round++) {
		conf.baud = round == 0 ? 9600 : 115200;
		start(&conf);
		line_run(&rig, rig.now_ns + 2 * S);
		forget();
		for (int i = 0; i < 2000; i++) {
			uint8_t noise[12] = { 9, 3, 2, 0, 1 }; /* of unit 9, or anything */
			size_t n = 1 + rand_below(&chance, sizeof(noise));

			for (size_t k = 0; rand_below(&chance, 2) == 0 && k < n; k++)
				noise[k] = (uint8_t)rand_below(&chance, 256);
			if (n == 5)
				line_say_frame(&rig, noise, n, rig.now_ns + 1 * MS);
			else
				line_say(&rig, noise, n, rig.now_ns + 1 * MS);
			line_run(&rig, rig.now_ns + (int64_t)rand_below(&chance, 40 * MS));
		}
		assert_line_was_kept();
		assert_true(rig.n_foreign > 10);
		line_run(&rig, rig.now_ns + 2 * S); /* the line is quiet again */
		forget();
		line_run(&rig, rig.now_ns + 10 * S);
		assert_in_range(rig.n_good[0], 99, 101);
		assert_in_range(rig.n_good[1], 99, 101);
		line_done(&rig);
	}
}

static void
test_time_of_the_question_belongs_to_the_deadline(void **state)
{
	static const uint32_t bauds[] = { 1200, 9600, 115200 };

	for (size_t i = 0; i < NELEM(bauds); i++) {
		struct line_conf conf = conf_two();
		int64_t sent_ns, end_ns;

		conf.baud = bauds[i];
		start(&conf);
		line_run(&rig, rig.now_ns + 5 * S);
		rig.device[1].is_silent = true;
		sent_ns = run_to_question(1, MODBUS_READ_HOLDING)->at_ns;
		end_ns = sent_ns + 8 * (11 * S / bauds[i]) + TIMEOUT;
		assert_int_equal(rig.n_bad[0], 0);
		line_run(&rig, end_ns - 10 * NS_PER_US);
		assert_int_equal(rig.n_bad[0], 0);
		line_run(&rig, end_ns + 10 * NS_PER_US);
		assert_int_equal(rig.n_bad[0], 1);
		assert_int_equal(rig.last[0].quality, Q_NO_ANSWER);
		line_done(&rig);
	}
}

static void
test_answers_in_pieces_with_pauses(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 6 };
	static const int64_t pauses[] = { 0, 1 * MS, 3 * MS, 15 * MS };

	for (size_t i = 0; i < NELEM(pieces) * NELEM(pauses); i++) {
		struct line_conf conf = conf_two();

		start(&conf);
		line_run(&rig, rig.now_ns + 2 * S);
		rig.device[1].piece = rig.device[2].piece = pieces[i / NELEM(pauses)];
		rig.device[1].pause_ns = rig.device[2].pause_ns = pauses[i % NELEM(pauses)];
		forget();
		line_run(&rig, rig.now_ns + 20 * S);
		assert_line_was_kept();
		assert_true(rig.n_good[0] >= 75 && rig.n_good[1] >= 75);
		assert_int_equal(rig.n_bad[0] + rig.n_bad[1], 0);
		line_done(&rig);
	}
}

/* ---- what comes beside answers ------------------------------------------------------------------------------------ */

static void
test_echo_is_stripped(void **state)
{
	struct line_conf conf = conf_two();

	conf.has_echo = true;
	start(&conf);
	rig.device[2].vendor = "Acme";
	rig.device[2].product = "GW2";
	rig.device[2].revision = "1";
	line_run(&rig, rig.now_ns + 20 * S);
	assert_line_was_kept();
	assert_in_range(rig.n_good[0], 190, 200);
	assert_in_range(rig.n_good[1], 190, 200);
	assert_int_equal(rig.n_bad[0] + rig.n_bad[1], 0);
	assert_int_equal(line_state(&rig, 1).errors + line_state(&rig, 1).stray, 0);
	assert_string_equal(line_state(&rig, 2).identity, "Acme GW2 1");
	assert_int_equal(write_register(0, 1, 55), 0);
	line_run(&rig, rig.now_ns + 1 * S);
	assert_int_equal(rig.verdict[1], Q_GOOD);
	/* One that is silent, with only the echo on the line, does not answer: that is what is told. */
	rig.device[1].is_silent = true;
	line_run(&rig, rig.now_ns + 2 * S);
	assert_int_equal(rig.reason[1], Q_NO_ANSWER);
	line_done(&rig);
}

static void
test_broken_echo_does_not_spoil_the_answer(void **state)
{
	for (size_t sound = 1; sound < 8; sound++) {
		struct line_conf conf = conf_two();

		conf.has_echo = true;
		conf.retries = 1;
		start(&conf);
		line_run(&rig, rig.now_ns + 2 * S);
		rig.cut_echo = sound; /* so many bytes of each echo are right */
		forget();
		line_run(&rig, rig.now_ns + 20 * S);
		assert_line_was_kept();
		assert_true(rig.n_good[0] > 190 && rig.n_good[1] > 190);
		assert_int_equal(rig.n_bad[0] + rig.n_bad[1], 0);
		line_done(&rig);
	}
}

static void
test_broken_crc_is_told_when_the_line_has_fallen_silent(void **state)
{
	struct line_conf conf = conf_two();
	int64_t sent_ns;

	conf.timeout_ns = 1 * S;
	start(&conf);
	line_run(&rig, rig.now_ns + 3 * S);
	forget();
	rig.device[1].is_broken = true;
	sent_ns = run_to_question(1, MODBUS_READ_HOLDING)->at_ns;
	assert_true(line_run_to_news(&rig, 0, rig.now_ns + 1 * S));
	assert_int_equal(rig.last[0].quality, Q_GARBLED);
	assert_int_equal(rig.reason[1], Q_GARBLED);
	/* 15 characters, 5 ms for thinking, 20 characters of silence: 45 ms, not a second. */
	assert_in_range(rig.told_ns[0] - sent_ns, 20 * MS, 60 * MS);
	line_run(&rig, rig.now_ns + 3 * S);
	assert_int_equal(rig.n_bad[1], 0); /* the neighbour has lost nothing */
	assert_in_range(rig.n_good[1], 28, 32);
	rig.device[1].is_broken = false;
	line_run(&rig, rig.now_ns + 10 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_line_was_kept();
	line_done(&rig);
}

/* A transceiver that turns round leaves a byte on the line: the answer comes behind it. */
static void
test_a_byte_of_noise_is_no_answer(void **state)
{
	static const uint8_t noise[1] = { 0xff };

	for (int64_t delay_ns = 60 * MS; delay_ns < TIMEOUT - 20 * MS; delay_ns += 10 * MS) {
		start_two_and_settle();
		forget();
		rig.device[1].delay_ns = delay_ns;
		run_to_question(1, MODBUS_READ_HOLDING);
		line_say(&rig, noise, sizeof(noise), rig.busy_ns + 2 * rig.char_ns);
		assert_true(line_run_to_news(&rig, 0, rig.now_ns + 1 * S));
		assert_int_equal(rig.last[0].quality, Q_GOOD);
		line_run(&rig, rig.now_ns + 2 * S);
		assert_int_equal(
			rig.n_bad[0] + rig.n_wrong + rig.n_late + line_state(&rig, 1).timeouts, 0);
		assert_int_equal(rig.state[1], INSTRUMENT_UP);
		line_done(&rig);
	}
}

static void
test_one_broken_answer_is_repeated_and_nobody_hears_of_it(void **state)
{
	struct line_conf conf = conf_two();

	conf.retries = 1;
	start(&conf);
	line_run(&rig, rig.now_ns + 2 * S);
	forget();
	rig.device[1].is_broken = true;
	run_to_question(1, MODBUS_READ_HOLDING);
	rig.device[1].is_broken = false;
	line_run(&rig, rig.now_ns + 2 * S);
	assert_int_equal(rig.n_bad[0], 0);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_true(rig.n_good[0] > 10);
	assert_line_was_kept();
	line_done(&rig);
}

static void
test_frames_of_another_unit(void **state)
{
	int64_t sent_ns;

	start_two_and_settle();
	rig.device[1].as_unit = 77;
	forget();
	sent_ns = run_to_question(1, MODBUS_READ_HOLDING)->at_ns;
	assert_true(line_run_to_news(&rig, 0, rig.now_ns + 1 * S));
	assert_int_equal(rig.last[0].quality, Q_WRONG_ANSWER);
	assert_int_equal(rig.reason[1], Q_WRONG_ANSWER);
	assert_int_equal(rig.told_ns[0] - sent_ns, TIMEOUT + 8 * rig.char_ns);
	assert_true(rig.n_foreign > 0);
	assert_int_equal(rig.n_bad[1], 0);
	rig.device[1].as_unit = 0;
	line_run(&rig, rig.now_ns + 5 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_line_was_kept();
	line_done(&rig);
}

/* ---- late answers --------------------------------------------------------------------------------------------------- */

static void
test_who_waits_after_a_timeout(void **state)
{
	static const struct line_point points[] = {
		{ 1, "holding=10", 100 * MS, NULL },
		{ 1, "input=11", 100 * MS, NULL },
		{ 2, "holding=20", 100 * MS, NULL },
	};

	for (int round = 0; round < 2; round++) {
		struct line_conf conf = conf_two();
		int64_t late_max_ns = round == 0 ? 2 * TIMEOUT : 700 * MS, out_ns;
		size_t from;

		conf.points = points;
		conf.n_points = NELEM(points);
		conf.retries = 3;
		conf.late_max_ns = round == 0 ? 0 : late_max_ns;
		start(&conf);
		line_run(&rig, rig.now_ns + 2 * S);
		rig.device[1].is_silent = true;
		out_ns = run_to_question(1, MODBUS_READ_HOLDING)->at_ns + TIMEOUT + 8 * rig.char_ns;
		line_run(&rig, out_ns);
		rig.device[1].is_silent = false;
		from = rig.n_log;
		assert_true(rig.n_flush > 0); /* what lies in the port is forgotten */
		line_run(&rig, out_ns + late_max_ns - 10 * NS_PER_US);
		assert_int_equal(line_asked(&rig, 1, MODBUS_READ_HOLDING, from), 0);
		assert_in_range(line_asked(&rig, 2, MODBUS_READ_HOLDING, from),
			late_max_ns / (100 * MS) - 1, late_max_ns / (100 * MS) + 2);
		line_run(&rig, out_ns + late_max_ns + 30 * MS);
		assert_int_equal(line_asked(&rig, 1, MODBUS_READ_HOLDING, from), 1);
		assert_int_equal(rig.n_bad[0] + rig.n_bad[2], 0);
		assert_line_was_kept();
		line_done(&rig);
	}
}

static void
test_the_late_answer_ends_the_waiting(void **state)
{
	struct line_conf conf = conf_two();
	int64_t sent_ns, late_ns;

	conf.retries = 3;
	start(&conf);
	line_run(&rig, rig.now_ns + 2 * S);
	rig.device[1].delay_ns = TIMEOUT + 50 * MS;
	sent_ns = run_to_question(1, MODBUS_READ_HOLDING)->at_ns;
	rig.device[1].delay_ns = 5 * MS;
	late_ns = sent_ns + 15 * rig.char_ns + TIMEOUT + 50 * MS;
	line_run(&rig, late_ns - 1 * MS);
	forget();
	line_run(&rig, late_ns + 50 * MS);
	assert_int_equal(rig.n_late, 1);
	assert_int_equal(rig.log[0].unit, 1);
	assert_in_range(rig.log[0].at_ns - late_ns, rig.silence_ns, rig.silence_ns + 30 * MS);
	assert_true(rig.n_good[0] >= 1);
	assert_int_equal(rig.n_bad[0], 0);
	assert_line_was_kept();
	line_done(&rig);
}

/* Lateness in small steps: up to late_max (twice the timeout) after the timeout, less the characters of the answer. */
static void
test_no_late_answer_becomes_a_value(void **state)
{
	static const struct line_point points[] = {
		{ 1, "holding=10", 50 * MS, NULL },
		{ 1, "holding=500", 70 * MS, NULL },
		{ 1, "input=11", 90 * MS, NULL },
		{ 2, "holding=20", 60 * MS, NULL },
	};

	for (uint32_t retries = 0; retries < 3; retries++)
		for (int64_t late_ns = 0; late_ns <= 3 * TIMEOUT - 10 * MS; late_ns += 7 * MS) {
			struct line_conf conf = conf_two();
			uint64_t chance = (uint64_t)late_ns + retries;

			conf.points = points;
			conf.n_points = NELEM(points);
			conf.retries = retries;
			start(&conf);
			line_run(&rig, rig.now_ns + 1 * S);
			for (int i = 0; i < 150; i++) {
				/* Sometimes late: the quick answer is the one that is mistaken. */
				rig.device[1].delay_ns =
					rand_below(&chance, 3) == 0 ? late_ns : 5 * MS;
				rig.device[2].delay_ns =
					rand_below(&chance, 3) == 0 ? late_ns : 5 * MS;
				line_run(&rig, rig.now_ns + (int64_t)rand_below(&chance, 200 * MS));
			}
			assert_int_equal(rig.n_wrong, 0);
			line_done(&rig);
		}
}

/* The adapter is away for a moment: the device knows nothing of that and answers what it was asked before. */
static void
test_late_answers_over_a_new_opening(void **state)
{
	for (int64_t away_ns = 0; away_ns <= 2 * TIMEOUT; away_ns += 50 * MS)
		for (int64_t late_ns = 10 * MS; late_ns < 3 * TIMEOUT - 10 * MS;
			late_ns += 13 * MS) {
			start_two_and_settle();
			rig.device[1].delay_ns = late_ns;
			run_to_question(1, MODBUS_READ_HOLDING);
			rig.device[1].delay_ns = 5 * MS;
			rig.is_deaf = true;
			line_lose(&rig);
			line_run(&rig, rig.now_ns + away_ns);
			rig.is_deaf = false;
			line_run(&rig, rig.now_ns + 3 * S);
			assert_int_equal(rig.n_wrong, 0);
			assert_true(rig.n_opens >= 2);
			assert_int_equal(rig.last[0].quality, Q_GOOD);
			line_done(&rig);
		}
}

static void
test_first_opening_waits_for_answers_to_a_predecessor(void **state)
{
	static const uint8_t answer[] = { 1, 3, 2, 0x12, 0x34 };
	struct line_conf conf = conf_two();
	int64_t start_ns;

	/* On time, or as late as an answer may be. */
	for (int64_t at_ns = 1 * MS; at_ns < 3 * TIMEOUT; at_ns += 7 * MS) {
		start(&conf);
		start_ns = rig.now_ns;
		line_say_frame(&rig, answer, sizeof(answer), start_ns + at_ns);
		line_run(&rig, start_ns + 3 * TIMEOUT - 1);
		assert_int_equal(rig.n_log, 0);
		line_run(&rig, start_ns + 3 * TIMEOUT + 100 * MS);
		/* And the line has been calm for as long as what nobody asked for may go on. */
		assert_in_range(rig.log[0].at_ns - start_ns, 3 * TIMEOUT,
			MAX(3 * TIMEOUT, at_ns + 30 * MS));
		assert_line_was_kept();
		assert_int_equal(rig.last[0].quality, Q_GOOD);
		line_done(&rig);
	}
}

/* ---- the schedule ----------------------------------------------------------------------------------------------------- */

static void
test_a_full_line_serves_the_earliest_deadline(void **state)
{
	static const struct line_point points[] = {
		{ 1, "holding=10", 50 * MS, NULL },
		{ 1, "holding=500", 2 * S, NULL },
		{ 2, "holding=10", 50 * MS, NULL },
		{ 2, "holding=500", 2 * S, NULL },
		{ 3, "holding=10", 5 * S, NULL },
	};
	struct line_conf conf = conf_two();

	conf.points = points;
	conf.n_points = NELEM(points);
	conf.n_units = 3;
	start(&conf);
	line_run(&rig, rig.now_ns + 2 * S);
	/* 27 ms each: 37 a second are possible, 41 are wanted. */
	for (unsigned u = 1; u <= 3; u++)
		rig.device[u].delay_ns = 6 * MS;
	forget();
	line_run(&rig, rig.now_ns + 100 * S);
	assert_in_range(rig.n_good[1], 48, 51);
	assert_in_range(rig.n_good[3], 48, 51);
	assert_in_range(rig.n_good[4], 19, 21);
	assert_in_range(rig.n_good[0], 1500, 2000); /* both give way */
	assert_in_range(rig.n_good[2], 1500, 2000);
	assert_true(line_state(&rig, 1).skipped > 0);
	assert_line_was_kept();
	line_done(&rig);
}

/* ---- the dead ------------------------------------------------------------------------------------------------------------ */

/* How long the wire was kept by question i of the log: until the next one, which was due. */
static int64_t
kept_ns(size_t i)
{
	return rig.log[i + 1].at_ns - rig.log[i].at_ns;
}

static void
test_probes_are_short_and_each_fourth_is_patient(void **state)
{
	/* The neighbour is always due, so that the wire is never idle. */
	static const struct line_point points[] = {
		{ 1, "holding=10", 100 * MS, NULL },
		{ 2, "holding=20", 1 * MS, NULL },
	};
	struct line_conf conf = conf_two();
	unsigned n = 0, n_patient = 0;
	int64_t gap_ns = 0, before_ns = 0;

	conf.points = points;
	conf.timeout_ns = 1 * S;
	conf.probe_max_ns = 5 * S;
	start(&conf);
	line_run(&rig, rig.now_ns + 5 * S);
	rig.device[1].is_silent = true;
	line_run(&rig, rig.now_ns + 10 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_DOWN);
	for (int i = 0; i < 40; i++) {
		struct line_question q;
		size_t at;

		rig.n_log = 0;
		q = *run_to_question(1, 0);
		at = rig.n_log - 1;
		if (before_ns > 0)
			gap_ns = MAX(gap_ns, q.at_ns - before_ns);
		before_ns = q.at_ns;
		run_to_question(2, 0);
		n++;
		if (kept_ns(at) > 500 * MS)
			n_patient++;
		else
			/* An answer takes 22 ms: no more than 3 x the next step of the histogram, and never less than an
			 * answer needs. */
			assert_in_range(kept_ns(at), 22 * MS, 3 * 33 * MS + 10 * MS);
	}
	assert_int_equal(n_patient, n / 4);
	assert_in_range(
		gap_ns, 5 * S, 6100 * MS); /* probe_max, and the patience of the one before */
	rig.device[1].is_silent = false;
	line_run(&rig, rig.now_ns + 6 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_line_was_kept();
	line_done(&rig);
}

/* A unit that has become slow answers no short probe: the patient ones find it. */
static void
test_a_unit_that_has_grown_slow_is_found(void **state)
{
	struct line_conf conf = conf_two();

	conf.timeout_ns = 1 * S;
	conf.probe_max_ns = 2 * S;
	start(&conf);
	line_run(&rig, rig.now_ns + 5 * S);
	rig.device[1].is_silent = true;
	line_run(&rig, rig.now_ns + 20 * S);
	rig.device[1].is_silent = false;
	rig.device[1].delay_ns = 900 * MS;
	line_run(&rig, rig.now_ns + 14 * S);
	assert_int_equal(rig.state[1], INSTRUMENT_UP);
	assert_int_equal(rig.n_wrong, 0);
	forget();
	line_run(&rig, rig.now_ns + 20 * S);
	assert_int_equal(rig.n_bad[0], 0);
	line_done(&rig);
}

static void
test_one_dead_among_32(void **state)
{
	static struct line_point points[32];
	struct line_conf conf = { .baud = 19200,
		.n_units = 32,
		.points = points,
		.n_points = 32,
		.timeout_ns = 1 * S,
		.retries = 1 };
	int64_t kept = 0, from_ns;
	unsigned n_probes;

	for (unsigned u = 0; u < 32; u++)
		points[u] = (struct line_point){ u + 1, "holding=10", 20 * MS, NULL };
	start(&conf);
	line_run(&rig, rig.now_ns + 20 * S);
	rig.device[7].is_silent = true;
	line_run(&rig, rig.now_ns + 120 * S);
	from_ns = rig.now_ns;
	rig.n_log = 0;
	n_probes = 0;
	while (rig.now_ns < from_ns + 600 * S) {
		if (rig.n_log > 0) {
			rig.log[0] = rig.log[rig.n_log - 1];
			rig.n_log = 1;
		}
		line_run(&rig, rig.now_ns + 1 * S);
		for (size_t i = 0; i + 1 < rig.n_log; i++)
			if (rig.log[i].unit == 7) {
				kept += kept_ns(i);
				n_probes++;
			}
	}
	assert_in_range(n_probes, 18, 22); /* each 30 s */
	assert_true(kept * 50 <= 600 * S); /* 2 % */
	assert_line_was_kept();
	line_done(&rig);
}

/* ---- identification -------------------------------------------------------------------------------------------------------- */

static void
be(unsigned unit, const char *vendor, const char *product, const char *revision)
{
	rig.device[unit].vendor = vendor;
	rig.device[unit].product = product;
	rig.device[unit].revision = revision;
}

static unsigned
writes_asked(unsigned unit, size_t from)
{
	return line_asked(&rig, unit, MODBUS_WRITE_REGISTER, from) +
	       line_asked(&rig, unit, MODBUS_WRITE_REGISTERS, from);
}

/* The device of unit 1 is, or is not, the one that is meant. */
static void
be_right(enum image_identify identify, bool is_right)
{
	be(1, "Acme", is_right ? "GW1" : "GX9", "1.2");
	rig.device[1].number = is_right ? 3216 : 3508;
	if (identify == IDENTIFY_POINT)
		rig.device[1].vendor = NULL;
}

static const enum image_identify ways[] = { IDENTIFY_TEXT, IDENTIFY_POINT };

static void
test_nothing_is_asked_of_one_that_has_not_proved_itself(void **state)
{
	for (size_t i = 0; i < NELEM(ways); i++) {
		struct line_conf conf = conf_two();
		uint8_t function =
			ways[i] == IDENTIFY_TEXT ? MODBUS_ENCAPSULATED : MODBUS_READ_HOLDING;

		conf.identify = ways[i];
		start(&conf);
		be_right(ways[i], true);
		rig.device[1].is_silent = true;
		line_run(&rig, rig.now_ns + 10 * S);
		assert_int_equal(rig.reason[1], Q_NO_ANSWER);
		for (size_t k = 0; k < rig.n_log; k++)
			if (rig.log[k].unit == 1) {
				assert_int_equal(rig.log[k].function, function);
				if (ways[i] == IDENTIFY_POINT)
					assert_int_equal(rig.log[k].address, LINE_ID_REGISTER);
			}
		assert_int_equal(rig.n_good[0], 0);
		rig.device[1].is_silent = false;
		line_run(&rig, rig.now_ns + 20 * S);
		assert_int_equal(rig.last[0].quality, Q_GOOD);
		assert_line_was_kept();
		line_done(&rig);
	}
}

static void
test_a_wrong_device_is_told_and_never_written(void **state)
{
	for (size_t i = 0; i < NELEM(ways); i++) {
		struct line_conf conf = conf_two();
		unsigned tag = 0;

		conf.identify = ways[i];
		conf.retries = 1;
		start(&conf);
		be_right(ways[i], false);
		line_run(&rig, rig.now_ns + 4 * TIMEOUT); /* the line is quiet at first */
		for (; tag < 40; tag++) {
			if (write_register(0, tag, (int64_t)tag) == 0)
				line_run(&rig, rig.now_ns + 250 * MS);
			assert_int_equal(rig.verdict[tag], Q_WRONG_DEVICE);
		}
		assert_int_equal(rig.n_written, tag);
		assert_int_equal(rig.state[1], INSTRUMENT_DOWN);
		assert_int_equal(rig.reason[1], Q_WRONG_DEVICE);
		assert_int_equal(rig.last[0].quality, Q_WRONG_DEVICE);
		assert_int_equal(rig.n_good[0], 0);
		assert_int_equal(writes_asked(1, 0), 0);
		assert_true(rig.n_good[1] > 80); /* the neighbour goes on */
		/* The right one comes back: good, and written. */
		line_lose(&rig);
		be_right(ways[i], true);
		line_run(&rig, rig.now_ns + 3 * S);
		assert_int_equal(rig.last[0].quality, Q_GOOD);
		assert_int_equal(write_register(0, 50, 7), 0);
		line_run(&rig, rig.now_ns + 1 * S);
		assert_int_equal(rig.verdict[50], Q_GOOD);
		assert_int_equal(writes_asked(1, 0), 1);
		assert_line_was_kept();
		line_done(&rig);
	}
}

/* Writes that wait while the wire is away and another device is put in the place of the right one. */
static void
test_writes_over_an_exchange(void **state)
{
	for (size_t i = 0; i < NELEM(ways); i++)
		for (int is_right = 0; is_right < 2; is_right++) {
			struct line_conf conf = conf_two();
			size_t from;

			conf.identify = ways[i];
			start(&conf);
			be_right(ways[i], true);
			line_run(&rig, rig.now_ns + 3 * S);
			assert_int_equal(rig.state[1], INSTRUMENT_UP);
			from = rig.n_log;
			be_right(ways[i], is_right);
			rig.is_slow = true;
			line_lose(&rig);
			assert_int_equal(write_register(0, 1, 11), 0);
			assert_int_equal(write_register(0, 2, 12), 0);
			line_run(&rig, rig.now_ns + 20 * MS);
			line_open(&rig);
			line_run(&rig, rig.now_ns + 3 * S);
			assert_int_equal(rig.n_written, 2);
			assert_int_equal(rig.verdict[1], is_right ? Q_GOOD : Q_WRONG_DEVICE);
			assert_int_equal(rig.verdict[2], is_right ? Q_GOOD : Q_WRONG_DEVICE);
			assert_int_equal(writes_asked(1, from), is_right ? 2 : 0);
			line_done(&rig);
		}
}

static void
test_what_a_device_has_said_is_held_against_the_next_one(void **state)
{
	static const struct {
		const char *vendor, *product, *revision;
		bool is_same;
	} cases[] = {
		{ "Acme", "GW1", "1.2", true },
		{ "Acme", "GW1", "2.0", true }, /* another revision is no other device */
		{ "Acme", "GW2", "1.2", false }, { "Bcme", "GW1", "1.2", false },
		{ NULL, NULL, NULL, false }, /* no longer knows what it is */
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct line_conf conf = conf_two();

		start(&conf);
		be(1, "Acme", "GW1", "1.2");
		line_run(&rig, rig.now_ns + 10 * S);
		assert_string_equal(line_state(&rig, 1).identity, "Acme GW1 1.2");
		be(1, cases[i].vendor, cases[i].product, cases[i].revision);
		rig.is_slow = true;
		line_lose(&rig);
		forget();
		assert_int_equal(write_register(0, 1, 1), 0);
		line_open(&rig);
		line_run(&rig, rig.now_ns + 10 * S);
		assert_int_equal(rig.state[1], cases[i].is_same ? INSTRUMENT_UP : INSTRUMENT_DOWN);
		assert_int_equal(
			line_state(&rig, 1).reason, cases[i].is_same ? Q_GOOD : Q_WRONG_DEVICE);
		assert_int_equal(rig.verdict[1], cases[i].is_same ? Q_GOOD : Q_WRONG_DEVICE);
		assert_int_equal(rig.n_good[0] > 0, cases[i].is_same);
		assert_int_equal(writes_asked(1, 0), cases[i].is_same);
		assert_int_equal(rig.state[2], INSTRUMENT_UP);
		be(1, "Acme", "GW1", "3.0");
		rig.is_slow = false;
		line_lose(&rig);
		line_run(&rig, rig.now_ns + 5 * S);
		assert_int_equal(rig.last[0].quality, Q_GOOD);
		assert_line_was_kept();
		line_done(&rig);
	}
}

/* A pattern may mean several ports: the owner takes the next one when the engine closes this one. */
static void
test_a_search_takes_the_next_port(void **state)
{
	for (size_t i = 0; i < NELEM(ways); i++)
		for (int is_pattern = 0; is_pattern < 2; is_pattern++) {
			struct line_conf conf = conf_two();

			conf.identify = ways[i];
			conf.host = is_pattern ? "/dev/serial/by-id/*" : "/dev/ttyUSB0";
			start(&conf);
			be_right(ways[i], false);
			for (int k = 0; k < 10000 && rig.n_closes == 0; k++)
				line_run(&rig, rig.now_ns + 100 * NS_PER_US);
			if (!is_pattern) {
				assert_int_equal(rig.n_closes, 0);
				line_done(&rig);
				continue;
			}
			/* At once: not one question more than that which has told it, but those of its neighbours. */
			assert_int_equal(rig.n_closes, 1);
			assert_int_equal(line_asked(&rig, 1, 0, 0), 1);
			assert_int_equal(rig.n_opens, 2);
			be_right(ways[i], true);
			line_run(&rig, rig.now_ns + 2 * S);
			assert_int_equal(rig.last[0].quality, Q_GOOD);
			assert_int_equal(rig.n_closes, 1);
			line_done(&rig);
		}
}

static void
test_a_search_leaves_a_silent_port(void **state)
{
	struct line_conf conf = conf_two();

	conf.host = "usb:A10K";
	start(&conf);
	rig.device[1].is_silent = rig.device[2].is_silent = true;
	line_run(&rig, rig.now_ns + 10 * S);
	assert_true(rig.n_closes >= 1);
	rig.device[1].is_silent = rig.device[2].is_silent = false;
	line_run(&rig, rig.now_ns + 10 * S);
	assert_int_equal(rig.last[0].quality, Q_GOOD);
	assert_line_was_kept();
	line_done(&rig);
}

/* A probe waits for a short time only; its answer may still come as late as any other. */
static void
test_late_answers_to_short_probes(void **state)
{
	static const struct line_point points[] = {
		{ 1, "holding=10", 100 * MS, NULL },
		{ 1, "holding=500", 100 * MS, NULL },
		{ 2, "holding=20", 100 * MS, NULL },
	};

	for (int64_t late_ns = 1 * S; late_ns < 3 * S - 20 * MS; late_ns += 20 * MS) {
		struct line_conf conf = conf_two();
		unsigned asked = 0;
		int64_t end_ns;

		conf.points = points;
		conf.n_points = NELEM(points);
		conf.timeout_ns = 1 * S;
		start(&conf);
		line_run(&rig, rig.now_ns + 8 * S);
		rig.device[1].is_silent = true;
		while (rig.state[1] != INSTRUMENT_DOWN)
			line_run(&rig, rig.now_ns + 10 * MS);
		rig.device[1].is_silent = false;
		rig.device[1].delay_ns = late_ns;
		rig.n_log = 0;
		end_ns = rig.now_ns + 8 * S;
		while (rig.now_ns < end_ns) {
			line_run(&rig, rig.now_ns + NS_PER_MS / 4);
			if (line_asked(&rig, 1, 0, 0) == asked)
				continue;
			/* The first one late, the second one slow, all others quick. */
			asked++;
			rig.device[1].delay_ns = asked == 1 ? 700 * MS : 5 * MS;
		}
		assert_int_equal(rig.n_wrong, 0);
		line_done(&rig);
	}
}

/* The question that tells what it is can be mistaken as well. */
static void
test_late_answers_and_identification(void **state)
{
	for (int64_t late_ns = 10 * MS; late_ns < 3 * TIMEOUT - 10 * MS; late_ns += 7 * MS)
		for (uint64_t seed = 0; seed < 5; seed++) {
			struct line_conf conf = conf_two();
			uint64_t chance = seed * 1000 + (uint64_t)(late_ns / MS);

			conf.identify = IDENTIFY_POINT;
			start(&conf);
			rig.device[1].number = 3216;
			for (int i = 0; i < 100; i++) {
				rig.device[1].delay_ns =
					rand_below(&chance, 2) == 0 ? 5 * MS : late_ns;
				if (rand_below(&chance, 6) == 0 && rig.is_open)
					line_lose(&rig);
				line_run(&rig, rig.now_ns + (int64_t)rand_below(&chance, 300 * MS));
			}
			assert_int_equal(rig.n_wrong, 0);
			line_done(&rig);
		}
}

/* 60 registers at 1200 Bd are 1.1 s of characters: what has begun in time is waited for. */
static void
test_a_long_answer_on_a_slow_line(void **state)
{
	static struct line_point points[60];
	static char opts[60][20];

	for (unsigned i = 0; i < 60; i++) {
		snprintf(opts[i], sizeof(opts[i]), "holding=%u", i);
		points[i] = (struct line_point){ 1, opts[i], 5 * S, NULL };
	}
	for (uint32_t baud = 1200; baud <= 9600; baud *= 2) {
		struct line_conf conf = { .baud = baud,
			.n_units = 1,
			.points = points,
			.n_points = NELEM(points),
			.timeout_ns = baud == 9600 ? 100 * MS : 500 * MS };

		start(&conf);
		rig.device[1].piece = 8;
		line_run(&rig, rig.now_ns + 60 * S);
		assert_in_range(rig.n_good[59], 11, 13);
		assert_int_equal(rig.n_bad[59], 0);
		assert_line_was_kept();
		line_done(&rig);
	}
}

/* However many are dead and however late they may answer: nobody else waits for that. */
static void
test_many_dead_among_32(void **state)
{
	static struct line_point points[32];
	struct line_conf conf = { .baud = 19200,
		.n_units = 32,
		.points = points,
		.n_points = 32,
		.timeout_ns = 1 * S,
		.late_max_ns = 10 * S,
		.retries = 1 };
	int64_t until_ns;

	for (unsigned u = 0; u < 32; u++)
		points[u] = (struct line_point){ u + 1, "holding=10", 500 * MS, NULL };
	start(&conf);
	line_run(&rig, rig.now_ns + 30 * S);
	for (unsigned u = 1; u <= 12; u++)
		rig.device[u].is_silent = true;
	line_run(&rig, rig.now_ns + 200 * S);
	for (until_ns = rig.now_ns + 120 * S; rig.now_ns < until_ns;) {
		unsigned before = rig.n_good[31];

		line_run(&rig, rig.now_ns + 4 * S);
		assert_true(rig.n_good[31] > before);
	}
	line_done(&rig);
}

static void
reload(const struct line_conf *conf)
{
	struct image *old_img = rig.img;
	struct link *old = rig.link;

	rig.img = line_image(conf);
	rig.link = link_new(rig.img, 0, codec_find, &rig.sink, rig.now_ns);
	rig.conf.points = conf->points;
	rig.conf.n_points = conf->n_points;
	assert_true(link_adopt(rig.link, old, rig.now_ns));
	link_free(old);
	free(old_img);
	rig.n_log = 0;
	line_take(&rig);
}

/* A reload changes a unit while its answer is still to come, or comes: nobody is asked into it. With pieces the first of them has come
 * before, so the rest is no frame, and its time is waited for. */
static void
test_a_reload_that_changes_one_whose_answer_is_under_way(void **state)
{
	static const struct line_point other[] = {
		{ 1, "holding=10", 100 * MS, "holding=10" },
		{ 2, "holding=21", 100 * MS, NULL },
	};
	static const struct {
		int64_t delay_ns, at_ns; /* of its answer; of the reload, since the question */
		size_t piece;
		bool is_removed, is_silent;
		int64_t next_ns; /* of the next question, at the latest */
	} cases[] = {
		{ 150 * MS, 50 * MS, 0, false, false, 210 * MS },
		{ 150 * MS, 5 * MS, 0, false, false, 210 * MS },
		{ 150 * MS, 50 * MS, 0, true, false, 230 * MS },
		{ 20 * MS, 40 * MS, 3, false, false, 230 * MS },
		{ 0, 50 * MS, 0, false, true, 230 * MS },
		{ 0, 50 * MS, 0, true, true, 230 * MS },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct line_conf conf = conf_two();
		int64_t asked_ns, next_ns;

		start_two_and_settle();
		rig.device[2].delay_ns = cases[i].delay_ns;
		rig.device[2].piece = cases[i].piece;
		rig.device[2].pause_ns = cases[i].piece > 0 ? 40 * MS : 0;
		rig.device[2].is_silent = cases[i].is_silent;
		asked_ns = run_to_question(2, 0)->at_ns;
		line_run(&rig, asked_ns + cases[i].at_ns);
		conf.points = other;
		if (cases[i].is_removed)
			conf.n_units = conf.n_points = 1;
		reload(&conf);
		forget();
		line_run(&rig, rig.now_ns + 1 * S);
		assert_true(rig.n_log > 1);
		next_ns = rig.log[0].at_ns - asked_ns;
		assert_in_range(next_ns,
			cases[i].is_silent ? TIMEOUT
					   : cases[i].delay_ns + 15 * rig.char_ns +
						     (cases[i].piece > 0 ? 80 * MS : 0),
			cases[i].next_ns);
		assert_true(rig.n_good[0] > 3);
		assert_int_equal(rig.n_bad[0], 0);
		assert_line_was_kept();
		line_done(&rig);
	}
}

/* Two reloads, one behind the other: the line is still kept free. */
static void
test_a_second_reload_before_the_answer(void **state)
{
	struct line_conf conf = conf_two();
	int64_t asked_ns;

	conf.n_units = conf.n_points = 1;
	start_two_and_settle();
	rig.device[2].delay_ns = 150 * MS;
	asked_ns = run_to_question(2, 0)->at_ns;
	reload(&conf);
	line_run(&rig, asked_ns + 50 * MS);
	reload(&conf);
	forget();
	line_run(&rig, rig.now_ns + 1 * S);
	assert_true(rig.log[0].at_ns >= asked_ns + 150 * MS + 15 * rig.char_ns);
	assert_true(rig.n_good[0] > 3);
	assert_line_was_kept();
	line_done(&rig);
}

/* A reload takes a dead unit away while it is being asked: the others wait no longer than for any probe. */
static void
test_a_reload_without_the_dead_one(void **state)
{
	struct line_conf conf = conf_two(), less = conf_two();
	int64_t at_ns;

	conf.timeout_ns = less.timeout_ns = 1 * S;
	start(&conf);
	line_run(&rig, rig.now_ns + 5 * S);
	rig.device[2].is_silent = true;
	line_run(&rig, rig.now_ns + 20 * S);
	run_to_question(2, 0);
	less.n_units = less.n_points = 1;
	at_ns = rig.now_ns;
	reload(&less);
	line_run(&rig, rig.now_ns + 1 * S);
	assert_true(rig.n_log > 5);
	assert_in_range(rig.log[0].at_ns - at_ns, 0, 200 * MS);
	assert_int_equal(rig.n_wrong, 0);
	line_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence_is_kept_and_not_wasted),
		cmocka_unit_test(test_silence_after_foreign_talk_and_garbage),
		cmocka_unit_test(test_time_of_the_question_belongs_to_the_deadline),
		cmocka_unit_test(test_answers_in_pieces_with_pauses),
		cmocka_unit_test(test_echo_is_stripped),
		cmocka_unit_test(test_broken_echo_does_not_spoil_the_answer),
		cmocka_unit_test(test_broken_crc_is_told_when_the_line_has_fallen_silent),
		cmocka_unit_test(test_a_byte_of_noise_is_no_answer),
		cmocka_unit_test(test_one_broken_answer_is_repeated_and_nobody_hears_of_it),
		cmocka_unit_test(test_frames_of_another_unit),
		cmocka_unit_test(test_who_waits_after_a_timeout),
		cmocka_unit_test(test_the_late_answer_ends_the_waiting),
		cmocka_unit_test(test_no_late_answer_becomes_a_value),
		cmocka_unit_test(test_late_answers_over_a_new_opening),
		cmocka_unit_test(test_first_opening_waits_for_answers_to_a_predecessor),
		cmocka_unit_test(test_a_full_line_serves_the_earliest_deadline),
		cmocka_unit_test(test_probes_are_short_and_each_fourth_is_patient),
		cmocka_unit_test(test_a_unit_that_has_grown_slow_is_found),
		cmocka_unit_test(test_one_dead_among_32),
		cmocka_unit_test(test_nothing_is_asked_of_one_that_has_not_proved_itself),
		cmocka_unit_test(test_a_wrong_device_is_told_and_never_written),
		cmocka_unit_test(test_writes_over_an_exchange),
		cmocka_unit_test(test_what_a_device_has_said_is_held_against_the_next_one),
		cmocka_unit_test(test_a_search_takes_the_next_port),
		cmocka_unit_test(test_a_search_leaves_a_silent_port),
		cmocka_unit_test(test_late_answers_to_short_probes),
		cmocka_unit_test(test_late_answers_and_identification),
		cmocka_unit_test(test_a_long_answer_on_a_slow_line),
		cmocka_unit_test(test_many_dead_among_32),
		cmocka_unit_test(test_a_reload_that_changes_one_whose_answer_is_under_way),
		cmocka_unit_test(test_a_second_reload_before_the_answer),
		cmocka_unit_test(test_a_reload_without_the_dead_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
