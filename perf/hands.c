/* hands.c - what writes and protects, in numbers: hands
 *
 * On the rig of the unit tests (tests/unit/hand_rig.h): Modbus devices in memory that answer after 2 ms, on a virtual clock. A line for each:
 *	faults N TOLD FALSE        writes while the device refuses, keeps its value, is silent, late or gone; those told as not
 *	                           verified; those verified that are not there
 *	first_ms WORST             from the reading that decides to the first byte of a safe state, over many trips, while others write
 *	links_ms WORST             to the first byte on each of three links
 *	verified_ms P50 P99        fifty writes asked for at once on four devices, from each command to its verdict "read back"
 *	tick_us QUIET RAMPS BARE   processor time of a tick with 200 outputs and 100 trips: at rest, with all outputs on a ramp, and
 *	                           of the same channels with neither
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../tests/unit/hand_rig.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"

#define MS NS_PER_MS
#define SECOND NS_PER_S
#define FAULTS 10000
#define FAULTS_A_BENCH 250
#define TRIPS 1000
#define TRIPS_A_BENCH 4
#define WRITES 50
#define ROUNDS 20
#define OUTPUTS 200
#define MANY_TRIPS 100
#define TICKS 5000

static uint32_t points[HAND_DEVICES * HAND_REGISTERS];

/* `n` outputs, register by register over the devices: o0, o1, .. */
static struct image_builder *
make_outputs(uint32_t devices, uint32_t n, double ramp)
{
	struct image_builder *b = hand_builder(devices, (n + devices - 1) / devices, points);
	const struct image_output o = {
		.has_limits = 1, .max = 10000, .ramp = ramp, .has_verify = 1, .verify_tries = 2
	};
	char name[20];

	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "o%u", i);
		image_builder_output(
			b, name, points[i % devices * HAND_REGISTERS + i / devices], &o, NULL);
	}
	return b;
}

/* ---- faults -------------------------------------------------------------------------------------------------------------- */

static void
break_it(struct hand_device *d, uint64_t how, uint64_t *chance)
{
	d->refuses = how == 0;
	d->is_stuck = how == 1;
	d->is_silent = how == 2;
	d->is_gone = how == 3;
	if (how == 4)
		d->delay_ns = (int64_t)(150 + rand_below(chance, 150)) * MS;
}

static void
heal(struct hand_rig *r)
{
	struct hand_device *d = &r->device[0];

	d->refuses = d->is_stuck = d->is_silent = d->is_gone = false;
	d->delay_ns = 2 * MS;
	while (isnan(hand_value(r, "o0")))
		hand_run(r, 100 * MS);
	hand_run(r, SECOND);
}

static void
measure_faults(struct hand_rig *r)
{
	uint64_t chance = 5;
	int n_false = 0, n_told = 0;

	for (int i = 0; i < FAULTS; i++) {
		char value[20];
		enum verdict verdict;
		int number = (int)rand_below(&chance, 10000);

		if (i % FAULTS_A_BENCH == 0)
			hand_init(r, image_builder_done(make_outputs(1, 1, 0)), 1);
		heal(r);
		snprintf(value, sizeof(value), "%d", number);
		break_it(&r->device[0], rand_below(&chance, 5), &chance);
		/* Some just before the write, some while it is under way. */
		hand_run(r, (int64_t)rand_below(&chance, 3) * 50 * MS);
		verdict = hand_set(r, "o0", value);
		n_told += verdict != VERDICT_VERIFIED;
		n_false += verdict == VERDICT_VERIFIED && r->device[0].held[0] != number;
		if (i % FAULTS_A_BENCH == FAULTS_A_BENCH - 1)
			hand_done(r);
	}
	printf("faults %d %d %d\n", FAULTS, n_told, n_false);
}

/* ---- trips --------------------------------------------------------------------------------------------------------------- */

static struct image *
make_protection(void)
{
	struct image_builder *b = make_outputs(4, 12, 0);
	struct image_safe_line lines[9];
	struct image_trip like = { .on_bad_ns = 5 * SECOND, .is_latched = 1 };
	struct image_cond c;

	/* Those of the first three devices; the last one tells. */
	for (uint32_t i = 0; i < NELEM(lines); i++)
		lines[i] = (struct image_safe_line){ .output = i / 3 * 4 + i % 3,
			.after = IMAGE_NONE,
			.otherwise = IMAGE_NONE,
			.within_ns = SECOND };
	image_builder_safe_state(b, "safe", lines, NELEM(lines));
	c = image_builder_cond(
		b, image_builder_channel(b, points[3 * HAND_REGISTERS]), EXPR_OP_GT, 100);
	image_builder_trip(b, "high", &c, &like);
	return image_builder_done(b);
}

/* Somebody writes all the time: the wires are in use when it trips. */
static void
write_something(struct hand_rig *r, uint64_t *chance)
{
	struct command c = { .kind = COMMAND_SET, .ramp_per_min = (double)NAN, .is_person = true };
	uint32_t i = (uint32_t)rand_below(chance, 12);

	if (i % 4 == 3)
		return;
	snprintf(c.subject, sizeof(c.subject), "o%u", i);
	snprintf(c.value, sizeof(c.value), "%u", (unsigned)rand_below(chance, 1000) + 1);
	hand_command(r, &c);
}

/* Trip it, and see when what arrived. */
static void
trip_once(struct hand_rig *r, uint64_t *chance, int64_t *first_ns, int64_t *links_ns)
{
	struct command reset = { .kind = COMMAND_TRIP_RESET,
		.ramp_per_min = (double)NAN,
		.subject = "high",
		.text = "again",
		.is_person = true };
	struct hand_device *sensor = &r->device[3];
	int64_t seen[3] = { 0 }, decided_ns;

	r->n_writes = 0;
	sensor->asked_ns = 0;
	sensor->held[0] = 200;
	while (sensor->asked_ns == 0 || r->now_ns < sensor->asked_ns + sensor->delay_ns - MS / 10) {
		if (rand_below(chance, 10) == 0)
			write_something(r, chance);
		hand_run(r, MS / 10);
	}
	decided_ns = sensor->asked_ns + sensor->delay_ns;
	hand_run(r, SECOND);
	for (size_t i = 0; i < r->n_writes; i++)
		if (r->writes[i].at_ns >= decided_ns && r->writes[i].value == 0 &&
			seen[r->writes[i].device] == 0)
			seen[r->writes[i].device] = r->writes[i].at_ns;
	*first_ns = MAX(*first_ns, MIN(seen[0], MIN(seen[1], seen[2])) - decided_ns);
	*links_ns = MAX(*links_ns, MAX(seen[0], MAX(seen[1], seen[2])) - decided_ns);
	sensor->held[0] = 0;
	hand_run(r, SECOND);
	hand_command(r, &reset);
	hand_run(r, SECOND);
	if (hand_verdict(r, reset.id, NULL) != VERDICT_VERIFIED)
		abort();
}

static void
measure_trips(struct hand_rig *r)
{
	uint64_t chance = 6;
	int64_t first_ns = 0, links_ns = 0;

	for (int i = 0; i < TRIPS; i++) {
		if (i % TRIPS_A_BENCH == 0)
			hand_init(r, make_protection(), 4);
		hand_run(r, SECOND + (int64_t)rand_below(&chance, 1000) * MS / 10);
		trip_once(r, &chance, &first_ns, &links_ns);
		if (i % TRIPS_A_BENCH == TRIPS_A_BENCH - 1)
			hand_done(r);
	}
	printf("first_ms %.1f\nlinks_ms %.1f\n", (double)first_ns / 1e6, (double)links_ns / 1e6);
}

/* ---- writes -------------------------------------------------------------------------------------------------------------- */

struct waits {
	int64_t from_ns, ns[WRITES * ROUNDS];
	size_t n;
};

static void
on_verdict(struct hand_rig *r, const struct verdict_told *v)
{
	struct waits *w = r->ears.ctx;

	if (v->verdict == VERDICT_VERIFIED)
		w->ns[w->n++] = r->now_ns - w->from_ns;
	else if (v->verdict != VERDICT_PENDING)
		abort();
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
measure_writes(struct hand_rig *r)
{
	struct waits *w = mem_zero(1, sizeof(*w));

	hand_init(r, image_builder_done(make_outputs(4, WRITES, 0)), 4);
	hand_run(r, SECOND);
	r->ears = (struct hand_ears){ .verdict = on_verdict, .ctx = w };
	for (int k = 0; k < ROUNDS; k++) {
		hand_run(r, SECOND + 7 * k * MS);
		w->from_ns = r->now_ns;
		for (int i = 0; i < WRITES; i++) {
			struct command c = {
				.kind = COMMAND_SET, .ramp_per_min = (double)NAN, .is_person = true
			};

			snprintf(c.subject, sizeof(c.subject), "o%d", i);
			snprintf(c.value, sizeof(c.value), "%d", 100 * k + i);
			hand_command(r, &c);
		}
		hand_run(r, SECOND);
	}
	if (w->n != WRITES * ROUNDS)
		abort();
	qsort(w->ns, w->n, sizeof(*w->ns), compare);
	printf("verified_ms %.0f %.0f\n", (double)w->ns[w->n / 2] / 1e6,
		(double)w->ns[w->n * 99 / 100] / 1e6);
	hand_done(r);
	free(w);
}

/* ---- ticks --------------------------------------------------------------------------------------------------------------- */

static struct image *
make_many(bool is_bare)
{
	struct image_builder *b =
		is_bare ? hand_builder(4, OUTPUTS / 4, points) : make_outputs(4, OUTPUTS, 1);
	const struct image_safe_line line = {
		.after = IMAGE_NONE, .otherwise = IMAGE_NONE, .within_ns = SECOND
	};
	char name[20];

	if (is_bare)
		return image_builder_done(b);
	image_builder_safe_state(b, "safe", &line, 1);
	for (uint32_t i = 0; i < MANY_TRIPS; i++) {
		struct image_trip like = { .on_bad_ns = 5 * SECOND };
		struct image_cond c = image_builder_cond(b,
			image_builder_channel(b, points[i % 4 * HAND_REGISTERS + i / 4]),
			EXPR_OP_GT, 20000);

		snprintf(name, sizeof(name), "t%u", i);
		image_builder_trip(b, name, &c, &like);
	}
	return image_builder_done(b);
}

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
compare_times(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of many, so close to each other that no reading is missed. */
static double
usual_tick(struct hand_rig *r)
{
	static double took[TICKS];

	for (int i = 0; i < TICKS; i++) {
		const struct bench_clock clock = { .now_ns = r->now_ns + i * MS / 10,
			.wall_ns = r->wall_ns,
			.wall_is_good = true };
		double from = now_us();

		bench_tick(r->bench, &clock);
		took[i] = now_us() - from;
	}
	qsort(took, TICKS, sizeof(*took), compare_times);
	return took[TICKS / 2];
}

static void
measure_ticks(struct hand_rig *r)
{
	double quiet, ramps, bare;

	hand_init(r, make_many(false), 4);
	hand_run(r, 2 * SECOND);
	quiet = usual_tick(r);
	hand_done(r);
	hand_init(r, make_many(false), 4);
	hand_run(r, 2 * SECOND);
	for (int i = 0; i < OUTPUTS; i++) {
		struct command c = { .kind = COMMAND_SET,
			.ramp_per_min = (double)NAN,
			.is_person = true,
			.value = "9000" };

		snprintf(c.subject, sizeof(c.subject), "o%d", i);
		hand_command(r, &c);
		if (i % 50 == 49)
			hand_run(r, SECOND);
	}
	ramps = usual_tick(r);
	hand_done(r);
	hand_init(r, make_many(true), 4);
	hand_run(r, 2 * SECOND);
	bare = usual_tick(r);
	hand_done(r);
	printf("tick_us %.1f %.1f %.1f\n", quiet, ramps, bare);
}

int
main(void)
{
	struct hand_rig *r = mem_zero(1, sizeof(*r));

	measure_faults(r);
	measure_trips(r);
	measure_writes(r);
	measure_ticks(r);
	free(r);
	return 0;
}
