/* test_power.c - outages: of the controller, of mains, of a device; and how outputs come back */
#include "hand_bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"

#define SECOND NS_PER_S
#define MINUTE (60 * NS_PER_S)
#define ROWS                                                                                       \
	"restore: [N2, T, V, H2]\n"                                                                \
	"power_loss:\n"                                                                            \
	"  - {when: outage < 30 s and abs(bed - last(bed)) < 20 K, do: continue, with: [V]}\n"     \
	"  - {when: outage < 10 min, do: ramp back, at: 5 K/min}\n"                                \
	"  - {when: outage < 1 h, do: ask}\n"                                                      \
	"  - {otherwise: cold}\n"

enum { T = 2, P = 3 }; /* registers of d0 */
enum { N2 = 0, FLOW = 4, BED = 6, LEL = 7, V = 8 };

/* Hot, with hydrogen: T at 400, V open, H2 at 30, N2 at 50, P at 7. */
static void
start(struct hand_rig *r, const char *more, const char *d0_keys)
{
	hand_bench(r, more, d0_keys, "");
	assert_int_equal(hand_set(r, "N2", "50"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(r, "P", "7"), VERDICT_VERIFIED);
	hand_set(r, "T", "400");
	hand_run(r, 420 * SECOND);
	r->device[0].held[1] = 400;
	r->device[1].held[BED] = 390;
	assert_int_equal(hand_set(r, "V", "open"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(r, "H2", "30"), VERDICT_VERIFIED);
	hand_run(r, 3 * SECOND);
	assert_int_equal(r->device[0].held[T], 400);
	r->n_writes = 0;
}

/* All devices without power meanwhile: they begin with nothing. */
static void
cut_devices(struct hand_rig *r)
{
	r->device[0].held[T] = r->device[0].held[P] = 0;
	r->device[1].held[N2] = r->device[1].held[FLOW] = r->device[1].held[V] = 0;
}

/* The first write there; its time is 0 when there was none. */
static struct hand_write
first_write(const struct hand_rig *r, uint32_t device, uint32_t address)
{
	for (size_t i = 0; i < r->n_writes; i++)
		if (r->writes[i].device == device && r->writes[i].address == address)
			return r->writes[i];
	return (struct hand_write){ .value = -1 };
}

static bool
is_written(const struct hand_rig *r, uint32_t device, uint32_t address)
{
	return first_write(r, device, address).at_ns != 0;
}

/* The row that was taken last; 0: none was. */
static int
row_of(const struct hand_rig *r)
{
	const struct event *e = hand_last(r, EVENT_RESTORE_BEGAN);

	return e == NULL ? 0 : (int)e->values[0];
}

static bool
is_before(const struct hand_rig *r, uint32_t d1, uint32_t a1, uint32_t d2, uint32_t a2)
{
	return is_written(r, d1, a1) && is_written(r, d2, a2) &&
	       first_write(r, d1, a1).at_ns < first_write(r, d2, a2).at_ns;
}

static void
is_cold(struct hand_rig *r)
{
	assert_int_equal(r->device[0].held[T], 0);
	assert_int_equal(r->device[1].held[V], 0);
	assert_int_equal(r->device[1].held[FLOW], 0);
	assert_int_equal(r->device[1].held[N2], 100);
	assert_string_equal(hand_word(r, "safe.cold"), "reached");
}

static void
test_short_and_the_same_writes_nothing(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 9 * SECOND);
	hand_run(&r, 10 * SECOND);
	assert_int_equal(r.n_writes, 0);
	assert_string_equal(hand_word(&r, "mbc.restore"), "idle");
	assert_string_equal(hand_word(&r, "V.owner"), "manual");
	hand_done(&r);
}

/* The first row: what is named comes back, other fuel is shut first of all and waits. */
static void
test_continue(void **state)
{
	struct hand_rig r;
	const struct event *done;

	start(&r, ROWS, "");
	hand_kill(&r, 20 * SECOND);
	r.device[0].held[P] = 0; /* the others hold what they did */
	hand_run(&r, 10 * SECOND);
	assert_int_equal(row_of(&r), 1);
	assert_int_equal(r.writes[0].device, 1);
	assert_int_equal(r.writes[0].address, FLOW); /* H2 is not named */
	assert_int_equal(r.writes[0].value, 0);
	assert_int_equal(r.device[1].held[FLOW], 0);
	assert_int_equal(r.device[1].held[V], 1);
	assert_int_equal(r.device[0].held[T], 400);
	assert_int_equal(r.device[0].held[P], 7);
	assert_false(is_written(&r, 0, T)); /* nothing is written where nothing has changed */
	assert_false(is_written(&r, 1, V));
	done = hand_last(&r, EVENT_RESTORE_DONE);
	assert_non_null(done);
	assert_non_null(strstr(done->text, "H2"));
	assert_null(strstr(done->text, "V"));
	assert_string_equal(hand_word(&r, "H2.owner"), "manual");
	assert_string_equal(hand_word(&r, "safe.cold"), "idle");
	assert_int_equal(hand_set(&r, "H2", "30"), VERDICT_VERIFIED); /* by a person */
	hand_done(&r);
}

/* Everything was off: in the order, each when the one before is read back, fuel last. */
static void
test_order(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 20 * SECOND);
	cut_devices(&r);
	hand_run(&r, 10 * SECOND);
	assert_true(is_before(&r, 1, N2, 0, T));
	assert_true(is_before(&r, 0, T, 1, V));
	assert_int_equal(first_write(&r, 1, N2).value, 50);
	assert_int_equal(first_write(&r, 0, T).value, 400);
	assert_int_equal(r.device[1].held[V], 1);
	assert_int_equal(r.device[1].held[FLOW], 0);
	/* Not before the trips have known their inputs for their warm-up. */
	assert_int_equal(row_of(&r), 1);
	assert_true(first_write(&r, 1, N2).at_ns - r.events[0].stamp_ns > SECOND);
	hand_done(&r);
}

/* The bed is too cold for the first row: from what is measured, slowly. */
static void
test_ramp_back(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 25 * SECOND);
	cut_devices(&r);
	r.device[0].held[1] = 300;
	r.device[1].held[BED] = 300;
	hand_run(&r, 10 * SECOND);
	assert_int_equal(row_of(&r), 2);
	assert_in_range(first_write(&r, 0, T).value, 300, 301);
	assert_in_range(r.device[0].held[T], 300, 302);
	hand_run(&r, 10 * MINUTE);
	assert_in_range(r.device[0].held[T], 349, 353);
	assert_int_equal(r.device[1].held[V], 0); /* that row names no fuel */
	assert_int_equal(r.device[1].held[FLOW], 0);
	assert_int_equal(r.device[1].held[N2], 50);
	hand_run(&r, 12 * MINUTE);
	assert_int_equal(r.device[0].held[T], 400);
	hand_done(&r);
}

/* `continue` with a furnace that has cooled down: beyond the holdback it ramps, too. */
static void
test_holdback(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 20 * SECOND);
	r.device[0].held[1] = 370;
	hand_run(&r, 6 * SECOND);
	assert_int_equal(row_of(&r), 1);
	assert_in_range(first_write(&r, 0, T).value, 370, 371);
	hand_run(&r, 40 * SECOND);
	assert_int_equal(r.device[0].held[T], 400);
	hand_done(&r);
}

/* What is measured may come later than what the device holds: it is waited for, and not for long. */
static void
test_measured_later(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 20 * SECOND);
	r.device[0].held[1] = 370;
	r.device[0].hides = 1 << 1;
	hand_run(&r, 6 * SECOND);
	assert_int_equal(row_of(&r), 1);
	assert_false(is_written(&r, 0, T));
	assert_string_equal(hand_word(&r, "mbc.restore"), "returning");
	assert_string_equal(hand_word(&r, "safe.cold"), "idle");
	r.device[0].hides = 0;
	hand_run(&r, 4 * SECOND);
	assert_in_range(first_write(&r, 0, T).value, 370, 373);
	hand_run(&r, 40 * SECOND);
	assert_int_equal(r.device[0].held[T], 400);
	assert_string_equal(hand_word(&r, "mbc.restore"), "idle");
	hand_done(&r);
	start(&r, ROWS, "");
	hand_kill(&r, 20 * SECOND);
	r.device[0].hides = 1 << 1;
	hand_run(&r, 20 * SECOND);
	is_cold(&r);
	hand_done(&r);
}

static void
test_ask(void **state)
{
	struct command go = { .kind = COMMAND_RESTORE, .value = "continue" };
	struct command again = { .kind = COMMAND_RESTORE, .value = "continue", .is_person = true };
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 20 * MINUTE);
	hand_run(&r, 10 * SECOND);
	is_cold(&r);
	assert_string_equal(hand_word(&r, "mbc.restore"), "asking");
	/* It is still asked after a further death. */
	hand_kill(&r, 3 * MINUTE);
	hand_run(&r, 10 * SECOND);
	hand_reboot(&r, 3 * MINUTE);
	hand_run(&r, 10 * SECOND);
	is_cold(&r);
	assert_string_equal(hand_word(&r, "mbc.restore"), "asking");
	hand_command(&r, &go);
	assert_int_equal(hand_verdict(&r, go.id, NULL), VERDICT_REFUSED); /* no person */
	r.n_writes = 0;
	hand_command(&r, &again);
	hand_run(&r, 10 * SECOND);
	assert_int_equal(hand_verdict(&r, again.id, NULL), VERDICT_VERIFIED);
	assert_true(is_before(&r, 1, N2, 0, T));
	assert_true(is_before(&r, 0, T, 1, V));
	assert_true(is_before(&r, 1, V, 1, FLOW));
	assert_int_equal(r.device[1].held[V], 1);
	assert_int_equal(r.device[1].held[FLOW], 30);
	assert_string_equal(hand_word(&r, "mbc.restore"), "idle");
	assert_string_equal(hand_word(&r, "safe.cold"), "idle");
	hand_done(&r);
}

/* Who releases the safe state has answered, too. */
static void
test_ask_and_release(void **state)
{
	struct command release = { .kind = COMMAND_RELEASE, .subject = "cold", .is_person = true };
	struct command go = { .kind = COMMAND_RESTORE, .value = "continue", .is_person = true };
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 20 * MINUTE);
	hand_run(&r, 10 * SECOND);
	hand_command(&r, &release);
	hand_run(&r, 2 * SECOND);
	assert_string_equal(hand_word(&r, "mbc.restore"), "idle");
	hand_command(&r, &go);
	hand_run(&r, 2 * SECOND);
	assert_int_equal(hand_verdict(&r, go.id, NULL), VERDICT_REFUSED);
	assert_int_equal(r.device[1].held[V], 0);
	hand_kill(&r, SECOND); /* nor does another controller ask again */
	hand_run(&r, 5 * SECOND);
	assert_string_equal(hand_word(&r, "mbc.restore"), "idle");
	hand_done(&r);
}

static void
test_otherwise(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 2 * 60 * MINUTE);
	hand_run(&r, 10 * SECOND);
	is_cold(&r);
	assert_string_equal(hand_word(&r, "mbc.restore"), "idle");
	hand_done(&r);
}

/* 1970 behind a reboot, or a time before the last record: nobody knows how long it was. */
static void
test_unknown_time(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	r.wall_is_bad = true;
	hand_reboot(&r, 5 * SECOND);
	hand_run(&r, 10 * SECOND);
	is_cold(&r);
	assert_true(isnan(hand_value(&r, "restore.outage")));
	hand_done(&r);
	start(&r, ROWS, "");
	hand_reboot(&r, -20 * MINUTE);
	hand_run(&r, 10 * SECOND);
	is_cold(&r);
	hand_done(&r);
	/* With right clocks a reboot is an outage as any other. */
	start(&r, ROWS, "");
	hand_reboot(&r, 20 * SECOND);
	hand_run(&r, 10 * SECOND);
	assert_int_equal(row_of(&r), 1);
	hand_done(&r);
}

/* The bed is not measured: the row that needs it is not taken, the next one is. */
static void
test_unknown_condition(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	r.device[1].hides = 1u << BED;
	hand_kill(&r, 20 * SECOND);
	hand_run(&r, 9 * SECOND);
	assert_int_equal(row_of(&r), 0);
	hand_run(&r, 10 * SECOND);
	/* All its registers are one question, so its outputs cannot be read, either: the row is taken, and ends in the safe state. */
	assert_int_equal(row_of(&r), 2);
	hand_done(&r);
}

/* One of the devices is dead: nothing behind it comes back, and all of it is made safe. */
static void
test_dead_in_the_middle(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 20 * SECOND);
	cut_devices(&r);
	r.device[0].refuses = true; /* T cannot be written */
	hand_run(&r, 20 * SECOND);
	assert_false(is_written(&r, 0, T));
	assert_int_equal(first_write(&r, 1, N2).value, 50);
	assert_int_not_equal(first_write(&r, 1, V).value, 1);
	assert_int_equal(r.device[1].held[V], 0);
	assert_int_equal(r.device[1].held[N2], 100);
	assert_int_equal(hand_count(&r, EVENT_SAFE_STATE_BEGAN, "cold"), 1);
	hand_done(&r);
	start(&r, ROWS, "");
	hand_kill(&r, 20 * SECOND);
	cut_devices(&r);
	r.device[0].is_silent = true; /* nobody knows what it holds */
	hand_run(&r, 50 * SECOND);
	assert_false(is_written(&r, 1, V));
	hand_run(&r, 30 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_SAFE_STATE_BEGAN, "cold"), 1);
	assert_int_equal(r.device[1].held[V], 0);
	hand_done(&r);
}

static void
test_trip_ends_it(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, "");
	hand_kill(&r, 20 * SECOND);
	cut_devices(&r);
	r.device[1].held[LEL] = 11;
	hand_run(&r, 20 * SECOND);
	assert_string_equal(hand_word(&r, "trip.leak"), "tripped");
	assert_int_equal(r.device[1].held[V], 0);
	assert_int_equal(r.device[0].held[T], 0);
	assert_string_equal(hand_word(&r, "mbc.restore"), "idle");
	hand_done(&r);
}

/* ---- kills at any moment --------------------------------------------------------------------------------------------------- */

static void
on_write(struct hand_rig *r, const struct hand_write *w)
{
	/* Fuel comes back only with inert gas flowing; heat never jumps upwards. */
	if (w->device == 1 && w->address == V && w->value == 1)
		assert_true(r->device[1].held[N2] >= 50);
	if (w->device == 1 && w->address == FLOW)
		assert_int_equal(w->value, 0);
	if (w->device == 0 && w->address == T && w->value > r->device[0].held[T])
		assert_true(
			w->value - r->device[0].held[T] <= 3 || w->value <= 302 || w->value == 400);
}

static void
test_kills_during_it(void **state)
{
	uint64_t rnd = 7;

	for (int round = 0; round < 40; round++) {
		struct hand_rig r;

		start(&r, ROWS, "");
		r.ears.write = on_write;
		hand_kill(&r, 15 * SECOND);
		cut_devices(&r);
		for (int k = 0; k < 4; k++) {
			hand_run(&r, (int64_t)(rand_next(&rnd) % 5000) * NS_PER_MS);
			hand_kill(&r, (int64_t)(rand_next(&rnd) % 3000) * NS_PER_MS);
		}
		hand_run(&r, 30 * SECOND);
		assert_int_equal(r.device[1].held[FLOW], 0);
		assert_true(r.device[1].held[V] == 0 || r.device[1].held[N2] >= 50);
		hand_done(&r);
	}
}

/* ---- mains ----------------------------------------------------------------------------------------------------------------- */

#define MAINS "power: {mains: d2.mains, low: d2.low}\n"

static void
test_mains_short(void **state)
{
	struct hand_rig r;

	start(&r, ROWS MAINS, "");
	r.device[2].held[10] = 0;
	hand_run(&r, SECOND); /* a blink */
	r.device[2].held[10] = 1;
	hand_run(&r, 2 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_MAINS_LOST, NULL), 0);
	r.device[2].held[10] = 0;
	hand_run(&r, 5 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_MAINS_LOST, NULL), 1);
	assert_string_equal(hand_word(&r, "mbc.restore"), "power_out");
	assert_int_equal(hand_set(&r, "T", "500"), VERDICT_REFUSED);
	r.device[2].held[10] = 1;
	hand_run(&r, 5 * SECOND);
	assert_string_equal(hand_word(&r, "mbc.restore"), "idle");
	assert_int_equal(r.n_writes, 0);
	assert_int_equal(r.device[1].held[FLOW], 30);
	hand_done(&r);
}

static void
test_mains_long(void **state)
{
	struct hand_rig r;

	start(&r, ROWS MAINS, "");
	r.device[2].held[10] = 0;
	hand_run(&r, 5 * MINUTE);
	assert_int_equal(r.n_writes, 0);
	r.device[0].held[1] = 250; /* the furnace has cooled down */
	r.device[1].held[BED] = 250;
	r.device[2].held[10] = 1;
	hand_run(&r, 10 * SECOND);
	assert_int_equal(row_of(&r), 2);
	assert_in_range((long)hand_value(&r, "restore.outage"), 299, 301);
	assert_in_range((long)hand_value(&r, "bed.last"), 390, 390);
	assert_in_range(r.device[0].held[T], 250, 252);
	assert_int_equal(r.device[1].held[V], 0);
	hand_done(&r);
}

/* The controller dies in it: the next one counts from when mains was lost. */
static void
test_mains_and_death(void **state)
{
	struct hand_rig r;

	start(&r, ROWS MAINS, "");
	r.device[2].held[10] = 0;
	hand_run(&r, 5 * MINUTE);
	r.device[2].held[10] = 1;
	hand_reboot(&r, 3 * SECOND);
	hand_run(&r, 10 * SECOND);
	assert_in_range((long)hand_value(&r, "restore.outage"), 299, 305);
	assert_int_equal(row_of(&r), 2);
	hand_done(&r);
}

/* Mains is lost while an earlier outage is not over: nothing more comes back, fuel least of all, until mains is there again. */
static void
test_mains_lost_on_the_way_back(void **state)
{
	struct hand_rig r;

	start(&r, ROWS MAINS, "");
	cut_devices(&r);
	r.device[2].held[10] = 0;
	hand_kill(&r, 20 * SECOND);
	hand_run(&r, 20 * SECOND);
	assert_int_equal(row_of(&r), 1);
	assert_int_equal(hand_count(&r, EVENT_MAINS_LOST, NULL), 1);
	assert_string_equal(hand_word(&r, "mbc.restore"), "power_out");
	assert_false(is_written(&r, 1, V));
	assert_false(is_written(&r, 0, T));
	r.device[2].held[10] = 1;
	hand_run(&r, 20 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_RESTORE_BEGAN, NULL), 2);
	assert_true(is_before(&r, 1, N2, 0, T));
	assert_true(is_before(&r, 0, T, 1, V));
	assert_int_equal(r.device[1].held[V], 1);
	assert_int_equal(r.device[1].held[FLOW], 0);
	assert_in_range((long)hand_value(&r, "restore.outage"), 20, 22);
	hand_done(&r);
}

static void
test_mains_low(void **state)
{
	struct hand_rig r;

	start(&r, ROWS MAINS, "");
	r.device[2].held[10] = 0;
	hand_run(&r, MINUTE);
	r.device[2].held[11] = 1;
	hand_run(&r, 5 * SECOND);
	is_cold(&r);
	assert_int_equal(hand_count(&r, EVENT_POWER_LOW, NULL), 1);
	r.device[0].held[1] = 350;
	r.device[1].held[BED] = 350;
	r.device[2].held[10] = 1;
	r.device[2].held[11] = 0;
	hand_run(&r, 10 * SECOND);
	/* What it was is known, and the row for so long is taken. */
	assert_int_equal(row_of(&r), 2);
	assert_in_range(r.device[0].held[T], 350, 352);
	assert_int_equal(r.device[1].held[N2], 50);
	assert_int_equal(r.device[1].held[V], 0);
	assert_string_equal(hand_word(&r, "safe.cold"), "idle");
	hand_done(&r);
}

/* A person makes it safe meanwhile: that is no outage's any more. */
static void
test_mains_and_a_person(void **state)
{
	struct command safe = { .kind = COMMAND_SAFE, .is_person = true };
	struct hand_rig r;

	start(&r, ROWS MAINS, "");
	r.device[2].held[10] = 0;
	hand_run(&r, 20 * SECOND);
	hand_command(&r, &safe);
	hand_run(&r, 5 * SECOND);
	is_cold(&r);
	r.device[2].held[10] = 1;
	hand_run(&r, 20 * SECOND);
	is_cold(&r);
	hand_done(&r);
}

/* ---- devices --------------------------------------------------------------------------------------------------------------- */

#define UPTIME "    uptime: up\n    init: [{holding: 9, value: 3}]\n"

static void
run_up(struct hand_rig *r, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		hand_run(r, SECOND);
		r->device[0].held[5]++;
	}
}

static void
test_device_lost_power(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, UPTIME);
	r.device[0].held[5] = 1000;
	run_up(&r, 5);
	assert_int_equal(hand_count(&r, EVENT_DEVICE_LOST_POWER, NULL), 0);
	/* It comes back within a tick or so, with what it has as it is switched on. */
	r.device[0].held[5] = 0;
	r.device[0].held[T] = 0;
	r.device[0].held[P] = 0;
	r.n_writes = 0;
	hand_run(&r, 300 * NS_PER_MS);
	assert_int_equal(hand_count(&r, EVENT_DEVICE_LOST_POWER, "d0"), 1);
	run_up(&r, 10);
	/* It is prepared before anything else is written to it. */
	assert_int_equal(r.writes[0].device, 0);
	assert_int_equal(r.writes[0].address, 9);
	assert_int_equal(row_of(&r), 1);
	assert_int_equal(r.device[0].held[T], 400);
	assert_int_equal(r.device[0].held[P], 7);
	/* The others are not its outputs. */
	assert_false(is_written(&r, 1, FLOW));
	assert_int_equal(r.device[1].held[FLOW], 30);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, NULL), 0);
	hand_done(&r);
}

/* A person asks while the device has no power: nothing goes there until it has told for how long it runs. */
static void
test_device_lost_power_and_a_person(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, UPTIME);
	r.device[0].held[5] = 1000;
	run_up(&r, 5);
	r.device[0].is_silent = true;
	r.device[0].held[5] = r.device[0].held[T] = r.device[0].held[P] = 0;
	hand_run(&r, 4 * SECOND);
	r.n_writes = 0;
	assert_int_equal(hand_set(&r, "T", "410"), VERDICT_FAILED);
	assert_int_equal(hand_set(&r, "P", "9"), VERDICT_FAILED);
	hand_run(&r, 70 * NS_PER_MS);
	r.device[0].is_silent = false;
	r.device[0].held[1] = 250; /* it has cooled down */
	hand_run(&r, 40 * SECOND);
	assert_int_equal(hand_count(&r, EVENT_DEVICE_LOST_POWER, "d0"), 1);
	assert_in_range(first_write(&r, 0, T).value, 0, 252);
	assert_int_equal(hand_count(&r, EVENT_OUTPUT_CHANGED, NULL), 0);
	hand_done(&r);
}

/* Without rows it goes to its safe state: the device does not hold what was written. */
static void
test_device_without_rows(void **state)
{
	struct hand_rig r;

	start(&r, "", UPTIME);
	r.device[0].held[5] = 1000;
	run_up(&r, 3);
	r.device[0].held[5] = 0;
	r.device[0].held[T] = 0;
	run_up(&r, 10);
	is_cold(&r);
	hand_done(&r);
}

/* The counter has 16 bits: that it begins anew is no loss of power. */
static void
test_uptime_wraps(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, UPTIME);
	r.device[0].held[5] = (int16_t)65533;
	run_up(&r, 10);
	assert_int_equal(r.device[0].held[5], 7);
	assert_int_equal(hand_count(&r, EVENT_DEVICE_LOST_POWER, NULL), 0);
	hand_done(&r);
}

/* Away for long: the outage is that of the device. */
static void
test_device_long(void **state)
{
	struct hand_rig r;

	start(&r, ROWS, UPTIME);
	r.device[0].held[5] = 1000;
	run_up(&r, 3);
	r.device[0].is_silent = true;
	hand_run(&r, 20 * MINUTE);
	r.device[0].is_silent = false;
	r.device[0].held[5] = 0;
	r.device[0].held[T] = r.device[0].held[P] = 0;
	run_up(&r, 60);
	assert_string_equal(hand_word(&r, "mbc.restore"), "asking");
	assert_in_range((long)hand_value(&r, "restore.outage"), 1190, 1240);
	is_cold(&r);
	hand_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_and_the_same_writes_nothing),
		cmocka_unit_test(test_continue),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_ramp_back),
		cmocka_unit_test(test_holdback),
		cmocka_unit_test(test_measured_later),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_ask_and_release),
		cmocka_unit_test(test_otherwise),
		cmocka_unit_test(test_unknown_time),
		cmocka_unit_test(test_unknown_condition),
		cmocka_unit_test(test_dead_in_the_middle),
		cmocka_unit_test(test_trip_ends_it),
		cmocka_unit_test(test_kills_during_it),
		cmocka_unit_test(test_mains_short),
		cmocka_unit_test(test_mains_long),
		cmocka_unit_test(test_mains_and_death),
		cmocka_unit_test(test_mains_lost_on_the_way_back),
		cmocka_unit_test(test_mains_low),
		cmocka_unit_test(test_mains_and_a_person),
		cmocka_unit_test(test_device_lost_power),
		cmocka_unit_test(test_device_lost_power_and_a_person),
		cmocka_unit_test(test_device_without_rows),
		cmocka_unit_test(test_uptime_wraps),
		cmocka_unit_test(test_device_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
