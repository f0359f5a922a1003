/* outages.c - a bench that loses its controller, its mains and its devices by chance, with all that is to bring it back, or not to
 *
 *	outages                seeds 1 .. 200
 *	outages --seed N       one seed, and what happened
 *	outages --seeds N      seeds 1 .. N
 *	outages --for S        for so many seconds, with seeds of the clock
 *	outages --break WHAT   succeeds when that is noticed. WHAT: fuel, the row of power_loss names all fuel; ramp, a ramp is ten times
 *	                       as fast; order, fuel comes back first; beat, the heartbeat does not need them
 *
 * The bench is one of the compiler: a furnace with a ramp and an uptime, a loop, gases, a pattern of three relays, power_loss with restore,
 * a heartbeat. What must hold:
 *	limits   nothing is written outside of the limits of an output or its loop
 *	jump     what heats rises by its ramp, from what the device holds, or from what is measured when it comes back
 *	bumpless a loop begins from what its output holds, within 0.5 % of its span
 *	fuel     comes back by a person, or where the row names it; and inert gas has come before
 *	pattern  relays go off before others go on
 *	beat     no sign of life with a trip latched, or with an instrument silent that it needs
 *	calm     with all well again the bench goes on, or is safe and asks; the heart beats; outputs take values
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/hand_bench.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"

#define MS NS_PER_MS
#define SECOND NS_PER_S
#define STEP (100 * MS)
#define DEVICES 3

enum { PV = 1, SP, HEATER, WALL, UP };              /* of d0 */
enum { N2, LEL, FLOW, BED, VALVE = 8, R1, R2, R3 }; /* of d1 */
enum { BEAT = 9, MAINS, LOW };                      /* of d2 */

#define LOOP_MAX 800 /* of the heater, in tenths of a percent: the loop's limit */
#define SMALL (LOOP_MAX / 200)

static const char bench[] =
	"bench: b\n"
	"links:\n  l0: {tcp: \"127.0.0.1:1502\"}\n  l1: {tcp: \"127.0.0.1:1503\"}\n  l2: {tcp: "
	"\"127.0.0.1:1504\"}\n"
	"instruments:\n"
	"  d0:\n    use: modbus\n    link: l0\n    every: 100 ms\n    timeout: 200 ms\n    uptime: "
	"up\n    channels:\n"
	"      pv: {read: {holding: 1, type: int16}, unit: degC}\n"
	"      sp: {read: {holding: 2, type: int16}, write: {holding: 2}, unit: degC}\n"
	"      p: {read: {holding: 3, type: int16}, write: {holding: 3}, scale: 0.1, unit: \"%\"}\n"
	"      wall: {read: {holding: 4, type: int16}, scale: 0.1, unit: degC}\n"
	"      up: {read: {holding: 5, type: uint16}, unit: s}\n"
	"  d1:\n    use: modbus\n    link: l1\n    every: 100 ms\n    timeout: 200 ms\n    "
	"channels:\n"
	"      n2: {read: {holding: 0, type: int16}, write: {holding: 0}, unit: mL/min}\n"
	"      lel: {read: {holding: 1, type: int16}}\n"
	"      flow: {read: {holding: 2, type: int16}, write: {holding: 2}, unit: mL/min}\n"
	"      bed: {read: {holding: 3, type: int16}, unit: degC}\n"
	"      h2: {read: {coil: 8}, write: {coil: 8}, choices: {closed: 0, open: 1}}\n"
	"      r1: {read: {coil: 9}, write: {coil: 9}}\n"
	"      r2: {read: {coil: 10}, write: {coil: 10}}\n"
	"      r3: {read: {coil: 11}, write: {coil: 11}}\n"
	"  d2:\n    use: modbus\n    link: l2\n    every: 100 ms\n    timeout: 200 ms\n    "
	"channels:\n"
	"      beat: {read: {coil: 9}, write: {coil: 9}}\n"
	"      mains: {read: {coil: 10}}\n"
	"      low: {read: {coil: 11}}\n"
	"channels:\n"
	"  T: {read: d0.pv, write: d0.sp, range: [0, 700], ramp: @RAMP, holdback: 20 K, hazard: "
	"heat}\n"
	"  heater: {read: d0.p, write: d0.p, range: [0, 100], hazard: heat}\n"
	"  W: {read: d0.wall, range: [0, 300], pid: {output: heater, gain: 2 %/K, integral: 60 s, "
	"limits: [0, 80]}}\n"
	"  N2: {read: d1.n2, write: d1.n2, range: [0, 200], hazard: inert}\n"
	"  H2: {read: d1.flow, write: d1.flow, range: [0, 50], hazard: fuel}\n"
	"  V: {read: d1.h2, write: d1.h2, hazard: fuel}\n"
	"  R: {pattern: {of: [d1.r1, d1.r2, d1.r3], choices: {vent: [off, off, off], react: [on, "
	"off, off], purge: [off, on, on]}}}\n"
	"  bed: {read: d1.bed}\n"
	"safe_states:\n"
	"  cold: {order: [{set: T, to: 0 degC}, {set: heater, to: 0 %}, {set: V, to: closed}, "
	"{set: H2, to: 0 mL/min}, "
	"{set: N2, to: 100 mL/min}, {set: R, to: vent}]}\n"
	"trips:\n  leak: {when: d1.lel > 10, reset_after: 1 s, warmup: 2 s}\n"
	"heartbeat: {toggle: d2.beat, every: 500 ms, drop_out: 5 s@NEEDS}\n"
	"power: {mains: d2.mains, low: d2.low}\n"
	"restore: @ORDER\n"
	"power_loss:\n"
	"  - {when: outage < 60 s and abs(bed - last(bed)) < 60 K, do: continue, with: @WITH}\n"
	"  - {when: outage < 10 min, do: ramp back, at: 5 K/min}\n"
	"  - {when: outage < 1 h, do: ask}\n"
	"  - {otherwise: cold}\n";

struct scene {
	struct hand_rig r;
	uint64_t seed, chance;
	bool may_flow[2];          /* H2, V: a person has asked for it since it was taken away */
	bool was_open, was_n2;     /* V as it was before, and N2 */
	int row;                   /* of power_loss, taken since the last outage; 0: none */
	bool is_returning, is_out; /* is_out: mains is lost, and that is told */
	int64_t tripped_ns;        /* NEVER: no trip is latched */
	int64_t quiet_ns[2];       /* since when d0, d1 answer nothing; NEVER */
	int64_t written_ns;        /* T; and what: a device may take no notice, which shows later */
	double written;
	double begins_at;            /* the heater when its loop began; NaN: it has written since */
	int64_t begins_ns, asked_ns; /* asked_ns: a person has set the heater */
	double wall, pv, up_s;
	bool is_off; /* d0 has no power */
	uint64_t n_kills, n_rows[5], n_losses, n_loops, n_beats, n_writes, n_trips;
};

static struct scene *scene;
static struct image *image; /* of the bench */
static enum { NOTHING, FUEL, RAMP, ORDER, NEEDS } broken;
static bool is_loud;

static void
print_all(void)
{
	const struct hand_rig *r = &scene->r;

	for (size_t i = !is_loud && r->n_events > 30 ? r->n_events - 30 : 0; i < r->n_events; i++)
		printf("	%.3f %s '%s' %g %s\n", (double)r->events[i].stamp_ns / 1e9,
			event_row(r->events[i].kind)->token, r->events[i].subject,
			r->events[i].values[0], r->events[i].text);
	for (size_t i = !is_loud && r->n_writes > 20 ? r->n_writes - 20 : 0; i < r->n_writes; i++)
		if (r->writes[i].device != 2)
			printf("	%.3f d%u register %u = %d\n",
				(double)r->writes[i].at_ns / 1e9, r->writes[i].device,
				r->writes[i].address, r->writes[i].value);
}

_Noreturn static void
wrong(const char *what, const char *which, double got)
{
	printf("seed %llu at %.3f s: %s: %s, %g\n", (unsigned long long)scene->seed,
		(double)scene->r.now_ns / 1e9, what, which, got);
	print_all();
	printf("replay: outages --seed %llu\n", (unsigned long long)scene->seed);
	exit(broken == NOTHING);
}

/* ---- what must hold as it happens ---------------------------------------------------------------------------------------- */

static void
check_heat(struct scene *s, const struct hand_write *w, double held)
{
	double ramp = 1, gone = (double)(w->at_ns - s->written_ns) / 1e9;

	if (w->value < 0 || w->value > 700)
		wrong("limits", "T", w->value);
	/* One that is not acknowledged is ahead by 2 s at most; between others it stands on a whole number. */
	held = fmax(held, s->written);
	if (w->value > held + ramp * fmin(gone, 3) + 3 &&
		!(s->is_returning && w->value <= s->pv + 20 + 2))
		wrong("jump", "T", w->value);
	s->written_ns = w->at_ns;
	s->written = w->value;
}

static void
check_heater(struct scene *s, const struct hand_write *w)
{
	/* Who has it is shown at the next tick. */
	bool is_loop = strcmp(hand_word(&s->r, "heater.owner"), "pid") == 0 &&
		       w->at_ns - s->asked_ns > 2 * STEP;
	double gone = (double)(w->at_ns - s->begins_ns) / 1e9;
	double off = fabs(hand_value(&s->r, "W.working") - s->wall) + 5;
	double slope = fabs(20 + 0.3 * s->begins_at - s->wall) / 60;

	if (w->value < 0 || w->value > 1000)
		wrong("limits", "heater", w->value);
	if (is_loop && w->value > LOOP_MAX)
		wrong("limits: of its loop", "heater", w->value);
	/* What it has integrated meanwhile, and what a reading has moved. */
	if (is_loop && isfinite(s->begins_at) && isfinite(off) && gone < 3 &&
		fabs(w->value - fmin(s->begins_at, LOOP_MAX)) >
			SMALL + 20 * (off / 60 + slope + 0.1) * (gone + 0.2))
		wrong("bumpless: from what it held", "heater", w->value - s->begins_at);
	s->begins_at = (double)NAN;
}

static void
check_fuel(struct scene *s, unsigned i, const char *name, double value, double held)
{
	bool is_named = i == 1 && s->row == 1 && s->was_open;

	if (value > 50)
		wrong("limits", name, value);
	if (!(value > held))
		return;
	if (!s->may_flow[i] && !is_named)
		wrong("fuel: comes back, and nobody has asked", name, value);
	if (s->is_out)
		wrong("fuel: while mains is out", name, value);
	if (s->is_returning && s->was_n2 && s->r.device[1].held[N2] == 0)
		wrong("fuel: before inert gas", name, value);
}

static void
check_relay(struct scene *s, const struct hand_write *w)
{
	const int16_t *held = s->r.device[1].held;

	if (w->value == 0)
		return;
	if (w->address == R1 ? held[R2] || held[R3] : held[R1])
		wrong("pattern: on before others are off", "R", w->address);
}

static void
check_beat(struct scene *s, int64_t now_ns)
{
	s->n_beats++;
	if (s->tripped_ns != NEVER && now_ns > s->tripped_ns + 200 * MS)
		wrong("beat: a trip is latched", "", 0);
	for (unsigned d = 0; d < 2; d++)
		if (s->quiet_ns[d] != NEVER && now_ns - s->quiet_ns[d] > 3 * SECOND)
			wrong("beat: an instrument is silent", d == 0 ? "d0" : "d1", 0);
}

static void
on_write(struct hand_rig *r, const struct hand_write *w)
{
	struct scene *s = r->ears.ctx;
	double held = r->device[w->device].held[w->address];

	s->n_writes++;
	switch (w->device * 100 + w->address) {
	case SP:
		check_heat(s, w, held);
		break;
	case HEATER:
		check_heater(s, w);
		break;
	case 100 + N2:
		if (w->value < 0 || w->value > 200)
			wrong("limits", "N2", w->value);
		break;
	case 100 + FLOW:
		check_fuel(s, 0, "H2", w->value, held);
		break;
	case 100 + VALVE:
		check_fuel(s, 1, "V", w->value, held);
		break;
	case 100 + R1:
	case 100 + R2:
	case 100 + R3:
		check_relay(s, w);
		break;
	case 200 + BEAT:
		check_beat(s, w->at_ns);
		break;
	default:
		wrong("limits: written to what is no output", "", w->address);
	}
}

static void
take_away(struct scene *s)
{
	s->may_flow[0] = s->may_flow[1] = false;
}

/* An outage is over, of whom ever: what was before is what may come back. */
static void
note_outage(struct scene *s)
{
	s->row = 0;
	take_away(s);
}

static void
on_event(struct hand_rig *r, const struct event *e)
{
	struct scene *s = r->ears.ctx;

	switch ((int)e->kind) {
	case EVENT_TRIP_FIRED:
		s->n_trips++;
		s->tripped_ns = e->stamp_ns;
		take_away(s);
		s->row = 0;
		break;
	case EVENT_TRIP_RESET:
		s->tripped_ns = NEVER;
		break;
	case EVENT_MAINS_LOST:
		s->is_out = true;
		break;
	case EVENT_MAINS_BACK:
		s->is_out = false;
		/* fallthrough */
	case EVENT_DEVICE_LOST_POWER:
		note_outage(s);
		s->n_losses++;
		break;
	case EVENT_SAFE_STATE_BEGAN:
		take_away(s);
		s->is_returning = false;
		s->begins_at = (double)NAN;
		break;
	case EVENT_RESTORE_BEGAN:
		s->row = (int)e->values[0];
		s->n_rows[MIN(s->row, 4)]++;
		s->is_returning = s->row == 1 || s->row == 2;
		break;
	case EVENT_RESTORE_DONE:
		s->is_returning = false;
		break;
	case EVENT_LOOP_REGULATES:
		s->n_loops++;
		s->begins_at = r->device[0].held[HEATER];
		s->begins_ns = e->stamp_ns;
		break;
	default:
		break;
	}
}

/* ---- time ---------------------------------------------------------------------------------------------------------------- */

static void
look_at_devices(struct scene *s)
{
	for (unsigned d = 0; d < 2; d++) {
		const struct hand_device *dev = &s->r.device[d];

		if (!dev->is_silent && !dev->is_gone)
			s->quiet_ns[d] = NEVER;
		else if (s->quiet_ns[d] == NEVER)
			s->quiet_ns[d] = s->r.now_ns;
	}
}

/* The furnace, and its clock. */
static void
move(struct scene *s, double span_s)
{
	struct hand_device *d = &s->r.device[0];

	s->pv += ((s->is_off ? 20 : d->held[SP]) - s->pv) * (1 - exp(-span_s / 4));
	s->wall +=
		((s->is_off ? 20 : 20 + 0.3 * d->held[HEATER]) - s->wall) * (1 - exp(-span_s / 60));
	s->up_s += s->is_off ? 0 : span_s;
	d->held[PV] = s->r.device[1].held[BED] = (int16_t)lround(s->pv);
	d->held[WALL] = (int16_t)lround(10 * s->wall);
	d->held[UP] = (int16_t)(uint16_t)s->up_s;
}

/* What is there may come back, until something else is asked. One that is on its way back, or asks, comes back as it was before. */
static void
note_before(struct scene *s)
{
	if (strcmp(hand_word(&s->r, "mbc.restore"), "idle") != 0)
		return;
	s->was_open = strcmp(hand_word(&s->r, "V.target"), "open") == 0;
	s->was_n2 = hand_value(&s->r, "N2.target") > 0;
}

static void
run(struct scene *s, int64_t span_ns)
{
	for (; span_ns > 0; span_ns -= STEP) {
		move(s, 0.1);
		look_at_devices(s);
		hand_run(&s->r, STEP);
		note_before(s);
		if (!is_loud && s->r.n_events > HAND_EVENTS / 2)
			s->r.n_events = 0;
		if (!is_loud && s->r.n_writes > HAND_WRITES / 2)
			s->r.n_writes = 0;
	}
}

/* ---- what is done to it -------------------------------------------------------------------------------------------------- */

static uint64_t
below(struct scene *s, uint64_t n)
{
	return rand_below(&s->chance, n);
}

static enum verdict
ask(struct scene *s, enum command_kind kind, const char *subject, const char *value)
{
	static unsigned n;
	struct command c = {
		.kind = kind, .ramp_per_min = (double)NAN, .is_person = true, .text = "because"
	};

	text_copy(c.subject, sizeof(c.subject), subject);
	text_copy(c.value, sizeof(c.value), value);
	snprintf(c.id, sizeof(c.id), "c%u", ++n);
	hand_command(&s->r, &c);
	return hand_verdict(&s->r, c.id, NULL);
}

static void
set_fuel(struct scene *s, unsigned i, const char *name, const char *value)
{
	bool before = s->may_flow[i];

	s->may_flow[i] = true; /* the write may come before the call is back */
	if (ask(s, COMMAND_SET, name, value) == VERDICT_REFUSED)
		s->may_flow[i] = before;
}

static void
set_something(struct scene *s)
{
	static const char *const words[] = { "vent", "react", "purge" };
	char value[20];

	snprintf(value, sizeof(value), "%u", (unsigned)below(s, 300));
	switch (below(s, 8)) {
	case 0:
	case 1:
		ask(s, COMMAND_SET, "T", value);
		break;
	case 2:
		ask(s, COMMAND_SET, "W", value);
		break;
	case 3:
		s->asked_ns = s->r.now_ns;
		ask(s, COMMAND_SET, "heater", below(s, 2) == 0 ? "10" : "90");
		break;
	case 4:
		ask(s, COMMAND_SET, "N2", below(s, 2) == 0 ? "50" : "120");
		break;
	case 5:
		set_fuel(s, 0, "H2", below(s, 2) == 0 ? "20" : "40");
		break;
	case 6:
		set_fuel(s, 1, "V", below(s, 3) == 0 ? "closed" : "open");
		break;
	default:
		ask(s, COMMAND_SET, "R", words[below(s, 3)]);
		break;
	}
}

static void
answer_restore(struct scene *s)
{
	bool before[2] = { s->may_flow[0], s->may_flow[1] }, was_returning = s->is_returning;

	s->may_flow[0] = s->may_flow[1] = true; /* by that person's word fuel as well */
	s->is_returning = true;
	if (ask(s, COMMAND_RESTORE, "", "continue") != VERDICT_REFUSED)
		return;
	memcpy(s->may_flow, before, sizeof(before));
	s->is_returning = was_returning;
}

static void
command_something(struct scene *s)
{
	switch (below(s, 6)) {
	case 0:
		ask(s, COMMAND_SAFE, "cold", "");
		break;
	case 1:
	case 2:
		ask(s, COMMAND_RELEASE, "cold", "");
		break;
	case 3:
		answer_restore(s);
		break;
	default:
		ask(s, COMMAND_TRIP_RESET, "leak", "");
		break;
	}
}

static void
heal(struct hand_device *d)
{
	d->is_silent = d->is_stuck = d->refuses = d->is_gone = false;
	d->delay_ns = 2 * MS;
}

static void
break_something(struct scene *s)
{
	struct hand_device *d = &s->r.device[below(s, DEVICES)];

	switch (below(s, 9)) {
	case 0:
		d->is_silent = true;
		break;
	case 1:
		d->is_stuck = true;
		break;
	case 2:
		d->refuses = true;
		break;
	case 3:
		d->is_gone = true;
		break;
	case 4:
		d->delay_ns = (int64_t)(2 + below(s, 150)) * MS + MS / 2;
		break;
	default:
		heal(d);
		break;
	}
}

/* What its outputs are when it is switched on. */
static void
cut(struct scene *s, unsigned d)
{
	struct hand_device *dev = &s->r.device[d];

	if (d == 0) {
		dev->held[SP] = dev->held[HEATER] = 0;
		s->up_s = s->written = 0;
	} else {
		dev->held[N2] = dev->held[FLOW] = 0;
		dev->held[VALVE] = dev->held[R1] = dev->held[R2] = dev->held[R3] = 0;
	}
}

static void
lose_power(struct scene *s)
{
	s->is_off = s->r.device[0].is_silent = true;
	cut(s, 0);
	/* Not so short that it is asked nothing meanwhile: that nobody can notice in time. */
	run(s, 2 * SECOND + (int64_t)below(s, 300) * STEP);
	s->is_off = false;
	heal(&s->r.device[0]);
}

static void
kill_it(struct scene *s)
{
	static const int spans[] = { 3, 12, 50, 200, 1200, 5000 };
	int64_t span_ns = (int64_t)below(s, (uint64_t)spans[below(s, 6)] * 1000) * MS;
	bool is_power = below(s, 3) == 0;

	s->was_open = s->was_open || s->may_flow[1]; /* of the last tick */
	note_outage(s);
	s->is_returning = s->is_out = false;
	s->begins_at = (double)NAN;
	s->n_kills++;
	if (is_power)
		for (unsigned d = 0; d < 2; d++)
			cut(s, d);
	s->is_off = is_power;
	move(s, (double)span_ns / 1e9);
	s->is_off = false;
	s->r.wall_is_bad = below(s, 6) == 0;
	if (is_power || below(s, 3) == 0)
		hand_reboot(&s->r, span_ns);
	else
		hand_kill(&s->r, span_ns);
	for (unsigned d = 0; d < 2; d++)
		s->quiet_ns[d] = s->quiet_ns[d] == NEVER ? NEVER : s->r.now_ns;
	if (s->tripped_ns != NEVER)
		s->tripped_ns = s->r.now_ns;
	s->written_ns = s->r.now_ns - SECOND;
}

static void
lose_mains(struct scene *s)
{
	s->r.device[2].held[MAINS] = 0;
	run(s, (int64_t)(1 + below(s, 900)) * SECOND / 10);
	s->r.device[2].held[LOW] = below(s, 4) == 0;
	run(s, SECOND);
	s->r.device[2].held[MAINS] = 1;
	s->r.device[2].held[LOW] = 0;
}

/* ---- a seed -------------------------------------------------------------------------------------------------------------- */

static void
start(struct scene *s, uint64_t seed)
{
	struct image *copy;

	s->seed = seed;
	s->chance = seed * 7919 + 17;
	take_away(s);
	s->row = 0;
	s->is_returning = s->is_off = s->is_out = false;
	s->tripped_ns = s->quiet_ns[0] = s->quiet_ns[1] = NEVER;
	s->begins_at = (double)NAN;
	s->wall = s->pv = 20;
	s->up_s = s->written = 0;
	copy = mem_zero(1, image->size);
	memcpy(copy, image, image->size);
	hand_init(&s->r, copy, DEVICES);
	s->written_ns = s->r.now_ns;
	s->asked_ns = 0;
	s->r.ears = (struct hand_ears){ .write = on_write, .event = on_event, .ctx = s };
	s->r.device[1].held[N2] = 100;
	s->r.device[2].held[MAINS] = 1;
	run(s, 5 * SECOND);
}

static void
calm(struct scene *s)
{
	const char *word;

	for (unsigned d = 0; d < DEVICES; d++)
		heal(&s->r.device[d]);
	s->r.device[1].held[LEL] = 0;
	s->r.wall_is_bad = false;
	run(s, 150 * SECOND);
	word = hand_word(&s->r, "mbc.restore");
	if (strcmp(word, "idle") != 0 && strcmp(word, "asking") != 0)
		wrong("calm: its outputs are still on their way back", word, 0);
	word = hand_word(&s->r, "safe.cold");
	if (strcmp(word, "idle") != 0 && strcmp(word, "reached") != 0)
		wrong("calm: its safe state is", word, 0);
	ask(s, COMMAND_TRIP_RESET, "leak", "");
	run(s, SECOND);
	ask(s, COMMAND_RELEASE, "cold", "");
	run(s, 5 * SECOND);
	word = hand_word(&s->r, "mbc.heartbeat");
	if (strcmp(word, "beating") != 0)
		wrong("calm: the heartbeat is", word, 0);
	if (hand_set(&s->r, "N2", "77") != VERDICT_VERIFIED || s->r.device[1].held[N2] != 77)
		wrong("calm: it takes no value", "N2", s->r.device[1].held[N2]);
	if (hand_set(&s->r, "R", "purge") != VERDICT_VERIFIED)
		wrong("calm: it takes no value", "R", 0);
}

static void
do_something(struct scene *s)
{
	if (below(s, 3) > 0)
		set_something(s);
	if (below(s, 5) == 0)
		command_something(s);
	if (below(s, 6) == 0)
		break_something(s);
	if (below(s, 20) == 0)
		s->r.device[1].held[LEL] = below(s, 3) == 0 ? 50 : 0;
	if (below(s, 12) == 0)
		kill_it(s);
	if (below(s, 25) == 0)
		lose_power(s);
	if (below(s, 25) == 0)
		lose_mains(s);
}

static void
play(struct scene *s, uint64_t seed)
{
	start(s, seed);
	for (int i = 0; i < 60; i++) {
		do_something(s);
		run(s, (int64_t)below(s, 80) * STEP);
	}
	calm(s);
	if (is_loud)
		print_all();
	hand_done(&s->r);
}

static void
make_text(struct buf *out)
{
	const struct {
		const char *word, *text;
	} words[] = { { "@RAMP", broken == RAMP ? "600 K/min" : "60 K/min" },
		{ "@NEEDS", broken == NEEDS ? ", needs: [d2]" : ", needs: [d0, d1]" },
		{ "@ORDER", broken == ORDER ? "[V, H2, T, N2]" : "[N2, T, W, heater, R, V, H2]" },
		{ "@WITH", broken == FUEL ? "[V, H2]" : "[V]" } };

	for (const char *at = bench; *at != '\0';) {
		const char *next = strchr(at, '@');
		size_t i = 0;

		buf_put(out, at, next == NULL ? strlen(at) : (size_t)(next - at));
		if (next == NULL)
			return;
		while (strncmp(next, words[i].word, strlen(words[i].word)) != 0)
			i++;
		buf_printf(out, "%s", words[i].text);
		at = next + strlen(words[i].word);
	}
}

int
main(int argc, char **argv)
{
	static const char *const words[] = { "nothing", "fuel", "ramp", "order", "beat" };
	uint64_t first = 1, n = 200, value = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	time_t until = 0;
	struct buf text = { 0 };

	if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
		first = value;
		n = 1;
		is_loud = true;
	} else if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
		n = value;
	} else if (argc == 3 && strcmp(argv[1], "--for") == 0) {
		first = (uint64_t)time(NULL) * 1000;
		n = UINT64_MAX - first;
		until = time(NULL) + (time_t)value;
	} else if (argc == 3 && strcmp(argv[1], "--break") == 0) {
		for (size_t i = 0; i < NELEM(words); i++)
			if (strcmp(argv[2], words[i]) == 0)
				broken = (int)i;
	} else if (argc != 1) {
		fprintf(stderr, "usage: outages [--seed N | --seeds N | --for S | --break WHAT]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	make_text(&text);
	image = hand_compile(buf_text(&text));
	scene = mem_zero(1, sizeof(*scene));
	for (uint64_t i = 0; i < n; i++) {
		if (until != 0 && time(NULL) >= until)
			n = i;
		else
			play(scene, first + i);
	}
	printf("%llu seeds from %llu, %llu kills, %llu losses of power, rows %llu %llu %llu %llu, "
	       "%llu trips, %llu writes, "
	       "%llu beats, %llu times a loop began: nothing wrong\n",
		(unsigned long long)n, (unsigned long long)first,
		(unsigned long long)scene->n_kills, (unsigned long long)scene->n_losses,
		(unsigned long long)scene->n_rows[1], (unsigned long long)scene->n_rows[2],
		(unsigned long long)scene->n_rows[3], (unsigned long long)scene->n_rows[4],
		(unsigned long long)scene->n_trips, (unsigned long long)scene->n_writes,
		(unsigned long long)scene->n_beats, (unsigned long long)scene->n_loops);
	free(scene);
	free(image);
	buf_done(&text);
	return broken != NOTHING;
}
