/* test_alarm_chance.c - alarms under conditions, commands and times by chance, beside a model written from the table of ISA-18.2
 *
 * The model knows letters, and counts durations up from tick to tick where the engine compares times. What it says is compared
 * after each tick and each command: the letter that is shown, how often an alarm was told to be on, or unknown, and the horn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "alarm_rig.h"
#include "base/rand.h"

#define S NS_PER_S

enum { N = 6, SEEDS = 400, STEPS = 400 };

struct model {
	char state;        /* A .. F */
	char was;          /* what is shown, '-': nothing yet */
	bool g, h, i;      /* overlays */
	bool by_parent;    /* h: at least by it */
	bool by_itself;    /* h: at least by `suppress` */
	int64_t g_left;    /* of the shelf */
	int64_t h_left;    /* of the settling; < 0: over */
	int64_t h_blind;   /* how long `suppress` has not been true */
	int64_t otherwise; /* how long the condition has contradicted the state; -1: it does not */
	int64_t blind;     /* how long it has been unknown; -1: it is known */
	bool is_waiting;   /* for its parent */
	bool is_lost, is_told, is_seen, is_known, is_loud;
	uint32_t n_on, n_unknown;
};

static struct rig r;
static struct model models[N];
static uint64_t seed;

static bool
is_on(const struct model *m)
{
	return m->state == 'B' || m->state == 'C';
}

static bool
is_aside(const struct model *m)
{
	return m->g || m->h || m->i;
}

static bool
waits_for_people(const struct model *m)
{
	return m->state == 'B' || m->state == 'D' || m->state == 'E' || (m->is_told && !m->is_seen);
}

/* By the table. */
static void
turn(struct model *m, const struct image_alarm *d, bool on)
{
	char s = m->state;

	if (on) {
		m->state = s == 'A' || s == 'D' || s == 'E' || s == 'F' ? 'B' : s;
		m->n_on += !is_aside(m);
		m->is_loud = m->is_loud || !is_aside(m);
	} else if (d->is_latched) {
		m->state = s == 'B' ? 'E' : s == 'C' ? 'F' : s;
	} else {
		m->state = s == 'B' ? 'D' : s == 'C' ? 'A' : s;
	}
	s = m->state;
	if (!d->needs_ack)
		m->state = s == 'B' ? 'C' : s == 'D' ? 'A' : s == 'E' ? 'F' : s;
	m->otherwise = -1;
}

static void
return_from_aside(struct model *m, const struct image_alarm *d)
{
	bool on = is_on(m);

	m->state = 'A';
	m->is_lost = m->is_told = m->is_seen = false;
	if (m->blind >= 0) {
		m->blind = 0;
		m->is_known = false;
	}
	if (on)
		turn(m, d, true);
}

static void
look_for_hiders(struct model *m, const struct image_alarm *d, const enum truth *is, int64_t span)
{
	const struct model *p = d->parent == IMAGE_NONE ? NULL : &models[d->parent];
	bool speaks = p != NULL && !p->i && (p->by_parent || !p->by_itself);
	bool parent = speaks && (p->by_parent || is_on(p) || p->is_lost);
	bool itself = d->suppress.n_ops > 0 && is[SUPPRESS] == TRUTH_TRUE;

	m->is_waiting = speaks && !parent && (p->blind >= 0 || p->is_waiting);
	if (m->by_parent && m->is_waiting)
		parent = true;
	m->h_blind = itself ? 0 : m->h_blind + span;
	if (m->by_itself && d->suppress.n_ops > 0 && is[SUPPRESS] == TRUTH_UNKNOWN &&
		m->h_blind < d->on_bad_ns)
		itself = true;
	m->h_left -= span;
	if (parent || itself) {
		m->h = true;
		m->by_parent = parent;
		m->by_itself = itself;
		m->h_left = d->for_ns;
	}
}

static enum truth
condition(const struct model *m, const struct image_alarm *d, const enum truth *is)
{
	if (is[WHEN] != TRUTH_FALSE || !is_on(m) || d->clear.n_ops == 0)
		return is[WHEN];
	if (is[CLEAR] == TRUTH_UNKNOWN)
		return TRUTH_UNKNOWN;
	return is[CLEAR] == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

static void
look(struct model *m, const struct image_alarm *d, enum truth t, int64_t span)
{
	bool on = is_on(m), waits = m->is_waiting;

	if (t == TRUTH_UNKNOWN) {
		m->blind = m->blind < 0 ? 0 : m->blind + (waits ? 0 : span);
		if (!waits && m->blind >= d->on_bad_ns)
			m->is_lost = true;
		if (!waits && m->is_lost && !m->is_told && !is_aside(m)) {
			m->is_told = m->is_loud = true;
			m->is_seen = !d->needs_ack;
			m->n_unknown++;
		}
		if (on)
			m->otherwise = -1;
		return;
	}
	m->blind = -1;
	m->is_known = true;
	if (waits && t == TRUTH_TRUE && !on) {
		;
	} else if ((t == TRUTH_TRUE) == on) {
		m->otherwise = -1;
	} else {
		m->otherwise = m->otherwise < 0 ? 0 : m->otherwise + span;
		if (m->otherwise >= (on ? d->off_for_ns : d->for_ns))
			turn(m, d, !on);
	}
	if (t == TRUTH_FALSE || is_on(m))
		m->is_lost = m->is_told = m->is_seen = false;
}

static char
letter(const struct model *m)
{
	char here = m->i ? 'I' : m->h ? 'H' : m->g ? 'G' : m->state;

	if (here != 'A' || (m->is_known && !m->is_lost))
		return here;
	return m->is_lost || m->was != '-' ? '?' : '-';
}

static void
after(struct model *m)
{
	if (is_aside(m) || !waits_for_people(m))
		m->is_loud = false;
	m->was = letter(m);
}

static void
model_tick(int64_t span)
{
	for (uint32_t k = 0; k < N; k++) {
		const struct image_alarm *d = &r.image.alarms[k];
		struct model *m = &models[k];
		bool was_aside;

		look_for_hiders(m, d, r.is[k], span);
		look(m, d, condition(m, d, r.is[k]), span);
		was_aside = is_aside(m);
		m->g_left -= span;
		if (m->g && m->g_left <= 0)
			m->g = false;
		if (m->h && m->h_left < 0)
			m->h = m->by_parent = m->by_itself = false;
		if (was_aside && !is_aside(m))
			return_from_aside(m, d);
		after(m);
	}
}

/* Is it allowed? Then do it. */
static bool
model_command(uint32_t k, enum command_kind kind, int64_t span)
{
	const struct image_alarm *d = &r.image.alarms[k];
	struct model *m = &models[k];
	bool was_aside = is_aside(m);

	switch (kind) {
	case COMMAND_ALARM_ACK:
		if (was_aside || !waits_for_people(m))
			return false;
		m->is_seen = m->is_told;
		m->state = m->state == 'B'   ? 'C'
			   : m->state == 'D' ? 'A'
			   : m->state == 'E' ? 'F'
					     : m->state;
		break;
	case COMMAND_ALARM_RESET:
		if (was_aside || m->state != 'F' || m->otherwise >= 0 || m->blind >= 0 ||
			!m->is_known)
			return false;
		m->state = 'A';
		break;
	case COMMAND_ALARM_SHELVE:
		if (span > d->shelve_max_ns)
			return false;
		m->g = true;
		m->g_left = span;
		break;
	case COMMAND_ALARM_UNSHELVE:
		if (!m->g)
			return false;
		m->g = false;
		break;
	case COMMAND_ALARM_OUT:
		if (m->i)
			return false;
		m->i = true;
		break;
	case COMMAND_ALARM_IN:
		if (!m->i)
			return false;
		m->i = false;
		break;
	default:
		for (k = 0; k < N; k++)
			models[k].is_loud = false;
		return true;
	}
	if (was_aside && !is_aside(m))
		return_from_aside(m, d);
	after(m);
	return true;
}

static char
shown(uint32_t k)
{
	return r.shown[k] < 0 ? '-' : quality_is_bad(r.quality[k]) ? '?' : "ABCDEFGHI"[r.shown[k]];
}

static void
compare(uint64_t round, int step)
{
	bool is_loud = false;

	for (uint32_t k = 0; k < N; k++) {
		const struct model *m = &models[k];
		char name[8];

		snprintf(name, sizeof(name), "a%u", (unsigned)k);
		if (shown(k) != m->was || rig_count(&r, EVENT_ALARM_ON, name) != m->n_on ||
			rig_count(&r, EVENT_ALARM_UNKNOWN, name) != m->n_unknown)
			fail_msg("seed %d, step %d, alarm %u: shows %c, on %u, unknown %u; model "
				 "%c, "
				 "%u, %u",
				(int)round, step, (unsigned)k, shown(k),
				(unsigned)rig_count(&r, EVENT_ALARM_ON, name),
				(unsigned)rig_count(&r, EVENT_ALARM_UNKNOWN, name), m->was,
				(unsigned)m->n_on, (unsigned)m->n_unknown);
		is_loud = is_loud || (m->is_loud && r.image.alarms[k].priority >= PRIORITY_HIGH);
	}
	if (alarms_horn(r.alarms) != is_loud)
		fail_msg("seed %d, step %d: horn %d, model %d", (int)round, step,
			(int)alarms_horn(r.alarms), (int)is_loud);
}

/* Each end is that of what was told, by the same alarm. */
static void
check_causes(void)
{
	for (uint32_t k = 0; k < r.n_events; k++) {
		const struct event *e = &r.events[k], *cause;

		if (e->kind != EVENT_ALARM_OFF && e->kind != EVENT_ALARM_ACKNOWLEDGED)
			continue;
		assert_true(e->cause > 0 && e->cause < e->id);
		cause = &r.events[e->cause - 1];
		assert_true(cause->kind == EVENT_ALARM_ON || cause->kind == EVENT_ALARM_UNKNOWN);
		assert_string_equal(cause->subject, e->subject);
	}
}

static int64_t
some_time(void)
{
	return rand_below(&seed, 3) == 0 ? 0 : (int64_t)rand_below(&seed, 6) * S / 2;
}

/* no_time: delays are 0, so that a restart, which begins them anew, makes no difference. */
static void
make_bench(struct rig *rig, bool no_time)
{
	rig_init(rig, N);
	for (uint32_t k = 0; k < N; k++) {
		struct image_alarm *d = &rig->image.alarms[k];

		d->for_ns = no_time ? 0 : some_time();
		d->off_for_ns = no_time ? 0 : some_time();
		d->on_bad_ns = no_time ? 0 : some_time();
		d->shelve_max_ns = 20 * S;
		d->is_latched = (uint8_t)rand_below(&seed, 2);
		d->needs_ack = rand_below(&seed, 4) != 0;
		d->priority = (uint8_t)rand_below(&seed, PRIORITIES);
		d->first_out = rand_below(&seed, 2) == 0 ? 1 : IMAGE_NONE;
		if (k > 0 && rand_below(&seed, 2) == 0)
			d->parent = (uint32_t)rand_below(&seed, k);
		if (rand_below(&seed, 3) == 0)
			rig_condition(rig, k, CLEAR);
		if (rand_below(&seed, 4) == 0)
			rig_condition(rig, k, SUPPRESS);
	}
	rig_start(rig);
}

static void
shake_conditions(struct rig *rig)
{
	for (uint32_t k = 0; k < N; k++)
		for (int which = 0; which < CONDITIONS; which++)
			if (rand_below(&seed, 6) == 0)
				rig->is[k][which] = (enum truth)rand_below(&seed, 3);
}

static enum command_kind
some_command(void)
{
	static const enum command_kind kinds[] = { COMMAND_ALARM_ACK, COMMAND_ALARM_ACK,
		COMMAND_ALARM_ACK, COMMAND_ALARM_RESET, COMMAND_ALARM_SHELVE,
		COMMAND_ALARM_UNSHELVE, COMMAND_ALARM_OUT, COMMAND_ALARM_IN, COMMAND_ALARM_IN,
		COMMAND_SILENCE };

	return kinds[rand_below(&seed, NELEM(kinds))];
}

static void
test_like_the_model(void **state)
{
	for (uint64_t round = 0; round < SEEDS; round++) {
		seed = round;
		make_bench(&r, false);
		for (uint32_t k = 0; k < N; k++)
			models[k] = (struct model){
				.state = 'A', .was = '-', .otherwise = -1, .blind = -1
			};
		for (int step = 0; step < STEPS && r.n_events < RIG_EVENTS - 100; step++) {
			if (step > 0 && rand_below(&seed, 3) == 0) {
				uint32_t k = (uint32_t)rand_below(&seed, N);
				enum command_kind kind = some_command();
				int64_t span = (1 + (int64_t)rand_below(&seed, 21)) * S;
				char name[8];

				snprintf(name, sizeof(name), "a%u", (unsigned)k);
				assert_int_equal(rig_command(&r, kind, name, span, 0) == 0,
					model_command(k, kind, span));
			} else {
				int64_t span = (1 + (int64_t)rand_below(&seed, 4)) * S / 4;

				shake_conditions(&r);
				rig_tick(&r, span);
				model_tick(span);
			}
			compare(round, step);
		}
		check_causes();
		rig_done(&r);
	}
}

/* After a restart no "normal" is shown again before it is known; else all is as it was. */
static void
compare_restarted(const struct rig *other, uint32_t k)
{
	bool is_unknown = r.is[k][WHEN] == TRUTH_UNKNOWN || r.is[k][CLEAR] == TRUTH_UNKNOWN;

	if (other->shown[k] < 0 && r.shown[k] == ALARM_NORMAL && is_unknown)
		return;
	assert_int_equal(r.shown[k], other->shown[k]);
	if (other->quality[k] == Q_NOT_YET) /* why it was unknown is not kept */
		assert_true(quality_is_bad(r.quality[k]));
	else
		assert_int_equal(r.quality[k], other->quality[k]);
}

/* Two benches live through the same; one of them is restarted again and again. */
static void
test_a_restart_is_no_event(void **state)
{
	static struct rig other;

	for (uint64_t round = 0; round < SEEDS; round++) {
		seed = 1000000 + round;
		make_bench(&r, true);
		seed = 1000000 + round;
		make_bench(&other, true);
		for (int step = 0; step < STEPS && r.n_events < RIG_EVENTS - 100; step++) {
			enum command_kind kind = some_command();
			int64_t span = (1 + (int64_t)rand_below(&seed, 20)) * S;
			bool is_command = rand_below(&seed, 3) == 0;
			char name[8];

			snprintf(name, sizeof(name), "a%d", (int)rand_below(&seed, N));
			shake_conditions(&r);
			memcpy(other.is, r.is, sizeof(r.is));
			if (is_command)
				assert_int_equal(rig_command(&r, kind, name, span, 0),
					rig_command(&other, kind, name, span, 0));
			if (rand_below(&seed, 4) == 0) {
				rig_restart(&other, S, true);
				r.now_ns += S;
			}
			rig_tick(&r, S);
			rig_tick(&other, S);
			for (uint32_t k = 0; k < N; k++)
				compare_restarted(&other, k);
			assert_int_equal(alarms_horn(r.alarms), alarms_horn(other.alarms));
		}
		for (int kind = EVENT_ALARM_ON; kind <= EVENT_ALARM_UNKNOWN; kind++)
			assert_int_equal(rig_count(&r, (enum event_kind)kind, ""),
				rig_count(&other, (enum event_kind)kind, ""));
		rig_done(&r);
		rig_done(&other);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_the_model),
		cmocka_unit_test(test_a_restart_is_no_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
