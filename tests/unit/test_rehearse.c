/* test_rehearse.c - rehearsals of sequences whose times are known, on a small bench of the compiler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "rehearse/fault.h"
#include "rehearse/report.h"

static const char bench[] =
	"bench: small\n"
	"tick: 100 ms\n"
	"history: no\n"
	"links: {a: {tcp: \"127.0.0.1:1502\"}, b: {tcp: \"127.0.0.1:1503\"}}\n"
	"instruments:\n"
	"  oven: {use: modbus, link: a, every: 100 ms, timeout: 300 ms, channels: {\n"
	"    pv: {read: {holding: 0, type: int16}, scale: 0.1, unit: degC},\n"
	"    sp: {read: {holding: 1, type: int16}, write: {holding: 1}, scale: 0.1, unit: degC},\n"
	"    p: {read: {holding: 2, type: int16}, scale: 0.1, unit: kW}},\n"
	"    twin: {sp: {start: 20}, pv: {start: 20, follows: sp, tau: 1 s}, p: {start: 3.6}}}\n"
	"  gas: {use: modbus, link: b, every: 200 ms, timeout: 300 ms, channels: {\n"
	"    flow: {read: {input: 0, type: float32}, unit: mL_n/min},\n"
	"    sp: {read: {holding: 0, type: float32}, write: {holding: 0}, unit: mL_n/min},\n"
	"    v: {read: {coil: 0}, write: {coil: 0}, choices: {closed: 0, open: 1}}},\n"
	"    twin: {flow: {follows: sp}}}\n"
	"  bed: {use: modbus, link: b, unit: 2, every: 200 ms, timeout: 300 ms, channels: {\n"
	"    t: {read: {input: 0, type: float32}, unit: degC, twin: {start: 20, follows: "
	"oven.pv}}}}\n"
	"channels:\n"
	"  T: {read: oven.pv, write: oven.sp, range: [0, 300], ramp: {max: 60 K/min}, hazard: "
	"heat}\n"
	"  F: {read: gas.flow, write: gas.sp, range: [0, 100], hazard: inert}\n"
	"  V: {read: gas.v, write: gas.v}\n"
	"  P: {read: oven.p}\n"
	"safe_states: {cold: {order: [{set: T, to: 0 degC}, {set: F, to: 0 mL_n/min}]}}\n"
	"on_stop: cold\n";

#define HEAD "sequence \"Test\" version 1\nneeds T F V P bed.t\n"

static struct image *
compile(const char *sequence)
{
	char folder[] = "/tmp/mbc-rehearse-XXXXXX", path[80], command[400];
	static char bytes[1 << 20];
	struct image *img;
	size_t n;
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/bench.yaml", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(bench, f) >= 0);
	fclose(f);
	snprintf(path, sizeof(path), "%s/t.seq", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(HEAD, f) >= 0 && fputs(sequence, f) >= 0);
	fclose(f);
	snprintf(command, sizeof(command),
		"\"$MBC_COMPILE\" --out-fd 9 %s/bench.yaml %s/t.seq 9> %s/image", folder, folder,
		folder);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof(path), "%s/image", folder);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	img = mem_zero(n, 1);
	memcpy(img, bytes, n);
	return img;
}

static struct rehearsal_setup
setup_of(const struct image *img, bool is_bytes)
{
	return (struct rehearsal_setup){ .img = img,
		.is_bytes = is_bytes,
		.wall_ns = INT64_C(1700000000) * NS_PER_S,
		.limit_ns = 24 * 3600 * NS_PER_S };
}

static void
play(struct rehearsal *r, const struct rehearsal_setup *setup)
{
	rehearsal_begin(r, setup);
	while (rehearsal_tick(r))
		;
}

/* A step takes what its statements take: one tick more at most. */
static void
takes(const struct rehearsal *r, uint32_t step, double s)
{
	if (!(r->steps[step].took_s >= s - 1e-6 && r->steps[step].took_s <= s + 0.1 + 1e-6))
		fail_msg("step %u took %.3f s, not %.3f s", step, r->steps[step].took_s, s);
}

static double
sum_of(const struct rehearsal *r, const char *unit)
{
	for (uint32_t i = 0; i < r->n_sums; i++)
		if (strcmp(r->sums[i].unit, unit) == 0)
			return r->sums[i].sum;
	return (double)NAN;
}

/* ---- times --------------------------------------------------------------------------------------------------------------- */

#define TIMES                                                                                      \
	"param pause = 10 s (1 s .. 1 min)\n"                                                      \
	"meta sample text required ; mass 1 mg .. 3 mg required\n"                                 \
	"step 10 \"Wait\"\n"                                                                       \
	"  set V = open, F = 60 mL_n/min\n"                                                        \
	"  wait pause\n"                                                                           \
	"  set F = 0 mL_n/min\n"                                                                   \
	"end\n"                                                                                    \
	"step 20 \"Ramp and dwell\"\n"                                                             \
	"  ramp T to 60 degC at 60 K/min\n"                                                        \
	"  repeat 3 as n\n"                                                                        \
	"    dwell 5 s\n"                                                                          \
	"  end\n"                                                                                  \
	"end\n"                                                                                    \
	"step 30 \"Ask\"\n"                                                                        \
	"  ask \"Well?\" answers fine, abort timeout 10 min -> abort\n"                            \
	"end\n"                                                                                    \
	"step 40 \"Wait for the bed\"\n"                                                           \
	"  wait until bed.t > 59 degC for 2 s timeout 5 min else abort\n"                          \
	"  ramp T to 20 degC at 60 K/min\n"                                                        \
	"end\n"                                                                                    \
	"on hold > 1 h -> abort\n"

static void
test_times(void **state)
{
	struct image *img = compile(TIMES);
	struct rehearsal r;

	for (int is_bytes = 0; is_bytes < 2; is_bytes++) {
		const struct rehearsal_setup setup = setup_of(img, is_bytes);

		play(&r, &setup);
		assert_int_equal(r.end, REHEARSAL_COMPLETE);
		assert_int_equal(r.n_steps, 4);
		takes(&r, 0, 10);
		takes(&r, 1, 40 + 15);
		takes(&r, 2, 60); /* a person takes a minute */
		takes(&r, 3, 2 + 40);
		assert_true(fabs(r.steps[1].planned_s - 55) <= 1);
		assert_true(fabs(r.took_s - 167) <= 0.5);
		assert_true(fabs(sum_of(&r, "mL_n") - 10) <= 1.1); /* 60 mL/min for 10 s */
		rehearsal_done(&r);
	}
	free(img);
}

/* With and without wires: the same table, to the tick. */
static void
test_levels_agree(void **state)
{
	struct image *img = compile(TIMES);
	const struct rehearsal_setup setups[] = { setup_of(img, false), setup_of(img, true) };
	struct rehearsal r[2];

	for (int i = 0; i < 2; i++)
		play(&r[i], &setups[i]);
	assert_int_equal(r[0].n_steps, r[1].n_steps);
	for (uint32_t k = 0; k < r[0].n_steps; k++)
		assert_true(fabs(r[0].steps[k].took_s - r[1].steps[k].took_s) <= 0.1 + 1e-6);
	for (int i = 0; i < 2; i++)
		rehearsal_done(&r[i]);
	free(img);
}

static void
test_parameters(void **state)
{
	struct image *img = compile(TIMES);
	struct rehearsal_setup setup = setup_of(img, false);
	struct rehearsal r;

	setup.sets[0] = (struct rehearsal_pair){ "pause", "20 s" };
	setup.n_sets = 1;
	setup.answers[0] = "abort";
	setup.n_answers = 1;
	play(&r, &setup);
	assert_int_equal(r.end, REHEARSAL_ABORTED);
	assert_string_equal(r.why, "the answer was abort");
	assert_int_equal(r.where, 30);
	takes(&r, 0, 20);
	rehearsal_done(&r);
	setup.sets[0].value = "2 min"; /* another unit */
	play(&r, &setup);
	assert_int_equal(r.end, REHEARSAL_REFUSED);
	assert_non_null(strstr(r.why, "pause = 2 min"));
	assert_int_equal(r.n_steps, 0);
	rehearsal_done(&r);
	setup.sets[0].value = "120 s"; /* outside of its range */
	play(&r, &setup);
	assert_int_equal(r.end, REHEARSAL_REFUSED);
	rehearsal_done(&r);
	free(img);
}

static void
test_worst(void **state)
{
	struct image *img = compile(TIMES);
	const struct rehearsal_setup setup = setup_of(img, false);
	struct buf notes = { 0 };
	struct rehearsal r;

	play(&r, &setup);
	/* 10 s; the ramp over its whole range of 300 K, 15 s; 10 min; 5 min, and back by 40 K */
	assert_true(fabs(rehearsal_worst(&r, &notes) - (10 + 300 + 15 + 600 + 300 + 40)) < 1e-6);
	assert_int_equal(notes.n, 0);
	buf_done(&notes);
	rehearsal_done(&r);
	free(img);
}

/* ---- ends ---------------------------------------------------------------------------------------------------------------- */

/* P has no law: nothing makes it rise. */
static void
test_without_a_law(void **state)
{
	static const char *const elses[] = { "abort", "hold \"no\"", "skip", "step 30" };
	char text[400];

	for (size_t i = 0; i < NELEM(elses); i++) {
		struct rehearsal_setup setup;
		struct rehearsal r;
		struct image *img;

		snprintf(text, sizeof(text),
			"step 10 \"A\" entry always\n  wait until P > 4 kW timeout 1 min else "
			"%s\nend\n"
			"step 20 \"B\"\n  wait 1 s\nend\nstep 30 \"C\" entry always\n  wait 1 "
			"s\nend\n",
			elses[i]);
		img = compile(text);
		setup = setup_of(img, false);
		play(&r, &setup);
		assert_int_equal(r.end, REHEARSAL_LAWLESS);
		assert_non_null(strstr(r.why, "no law"));
		assert_non_null(strstr(r.why, "oven.p"));
		assert_int_equal(r.where, 10);
		assert_true(fabs(r.took_s - 60) <= 0.5);
		rehearsal_done(&r);
		setup.begins[0] = (struct rehearsal_pair){ "oven.p", "5" };
		setup.n_begins = 1;
		play(&r, &setup);
		assert_int_equal(r.end, REHEARSAL_COMPLETE);
		rehearsal_done(&r);
		free(img);
	}
}

static void
test_no_end(void **state)
{
	struct image *img = compile("step 10 \"A\"\n  repeat 1000 as n\n    repeat 1000 as m\n"
				    "      wait 1 min\n    end\n  end\nend\n");
	struct rehearsal_setup setup = setup_of(img, false);
	struct rehearsal r;

	setup.limit_ns = 3600 * NS_PER_S;
	play(&r, &setup);
	assert_int_equal(r.end, REHEARSAL_ENDLESS);
	assert_non_null(strstr(r.why, "has not ended after 1 h"));
	rehearsal_done(&r);
	free(img);
}

static void
test_held(void **state)
{
	struct image *img = compile("step 10 \"A\"\n  hold \"look\"\nend\n");
	const struct rehearsal_setup setup = setup_of(img, false);
	struct rehearsal r;

	play(&r, &setup);
	assert_int_equal(r.end, REHEARSAL_HELD);
	assert_non_null(strstr(r.why, "look"));
	rehearsal_done(&r);
	free(img);
}

/* ---- faults -------------------------------------------------------------------------------------------------------------- */

static void
test_faults(void **state)
{
	struct image *img = compile(
		"step 10 \"A\"\n  repeat 20 as n\n    set T = 30 degC\n    wait 10 s\n"
		"    set T = 40 degC\n    wait 10 s\n  end\nend\non hold > 1 min -> abort\n");

	for (int is_bytes = 0; is_bytes < 2; is_bytes++)
		for (uint32_t i = 0; i < 3; i++) {
			const struct rehearsal_setup setup = setup_of(img, is_bytes);
			struct fault_row row = { .instrument = i };
			struct rehearsal r;

			rehearsal_begin(&r, &setup);
			while (rehearsal_time(&r) < 30)
				assert_true(rehearsal_tick(&r));
			fault_play(&r, &row);
			assert_true(row.is_played);
			if (i ==
				0) /* what it writes is not taken: held, then given up; cold is not confirmed */
				assert_string_equal(row.outcome, "safe state cold not confirmed");
			else if (i == 1) /* it is not written in this sequence */
				assert_string_equal(row.outcome, "complete");
			else /* what only reads the bed is missed by nobody */
				assert_string_equal(row.outcome, "complete");
			assert_int_equal(row.is_safe, i != 0);
			rehearsal_done(&r);
		}
	free(img);
}

/* ---- what is shown ------------------------------------------------------------------------------------------------------- */

static void
test_trajectories(void **state)
{
	struct image *img = compile(TIMES);
	const struct rehearsal_setup setup = setup_of(img, false);
	struct buf csv = { 0 }, svg = { 0 }, text = { 0 }, json = { 0 };
	struct report report;
	struct rehearsal r;

	play(&r, &setup);
	report = (struct report){ .r = &r };
	rehearsal_csv(&r, &csv);
	assert_memory_equal(buf_text(&csv), "time [s],T [degC],F [mL_n/min],V,bed.t [degC]", 44);
	assert_non_null(strstr(buf_text(&csv), "T.working"));
	assert_non_null(strstr(buf_text(&csv), ",open,"));
	rehearsal_svg(&r, &svg);
	assert_non_null(strstr(buf_text(&svg), "</svg>"));
	report_text(&report, &text);
	assert_non_null(strstr(buf_text(&text), "complete after 2:4"));
	assert_non_null(strstr(buf_text(&text), "energy                 not known"));
	report_json(&report, &json);
	assert_non_null(strstr(buf_text(&json), "\"complete\":true"));
	assert_non_null(strstr(buf_text(&json), "\"sample\":\"rehearsal\",\"mass\":2"));
	buf_done(&csv);
	buf_done(&svg);
	buf_done(&text);
	buf_done(&json);
	rehearsal_done(&r);
	free(img);
}

/* More seconds than rows: each second, fourth, ... is kept, from the beginning to the end. */
static void
test_long_trajectories(void **state)
{
	struct image *img = compile("step 10 \"A\"\n  wait 14 h\nend\n");
	const struct rehearsal_setup setup = setup_of(img, false);
	struct rehearsal r;

	play(&r, &setup);
	assert_int_equal(r.end, REHEARSAL_COMPLETE);
	assert_int_equal(r.every, 4);
	assert_true(r.n_rows > 50400 / 4 - 2 && r.n_rows <= REHEARSAL_ROWS);
	for (uint32_t i = 1; i < r.n_rows - 1; i++) /* the last one is the end */
		assert_true(fabs(r.times[i] - r.times[i - 1] - 4) < 0.01);
	assert_true(r.times[0] < 1 && r.times[r.n_rows - 1] > 50400 - 5);
	rehearsal_done(&r);
	free(img);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_levels_agree),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_worst),
		cmocka_unit_test(test_without_a_law),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_trajectories),
		cmocka_unit_test(test_long_trajectories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
