/* protect.c - outputs, safe states, trips and interlocks of a whole bench, whose devices do as they please
 *
 *	protect                seeds 1 .. 300
 *	protect --seed N       one seed
 *	protect --seeds N      seeds 1 .. N
 *	protect --kills N      as many seeds as it takes to kill N controllers
 *	protect --for S        for so many seconds, with seeds of the clock
 *	protect --break WHAT   with a bench that is broken: succeeds when that is noticed. WHAT: verify, an acknowledgement is taken for
 *	                       success; trips, nothing trips; interlocks, nothing is forbidden; lines, one of
 *	                       a safe state has another value
 *
 * What must hold, whatever is asked and whatever breaks:
 *	limits     nothing is written outside of the limits of an output, nor anywhere but to outputs
 *	events     what arrives at a device has been told as written, and was that last
 *	success    a verdict VERIFIED, a safe state reached: the device showed it when it was asked behind the write
 *	protection while a safe state is held nothing but safe values arrive at its outputs; a condition that goes on trips
 *	told       a line of a safe state that is not at its value has been told as failed
 *	interlocks nothing is written that makes a forbidden combination of what was read last
 *	calm       when all is well again every safe state is reached, and every device holds what is shown as sent
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/hand_rig.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"

#define MS NS_PER_MS
#define SECOND NS_PER_S
#define DEVICES 4
#define SENSOR 3
#define MIX 100                /* T: above it nothing may flow through H */
#define PATIENCE (12 * SECOND) /* until each line of a safe state is there, or told */

enum { K, T, V, H, N, W, M, OUTPUTS };
enum { COLD, INERT, STATES };
enum { GAS, HOT, LOW, INPUTS };

static const char *const valve[] = { "closed", "open", "purge" };

static const struct {
	const char *name;
	uint32_t device, address;
	double max, ramp;
	const char *const *words;
	uint32_t n_words;
	bool is_switch, is_write_only, is_unverified;
	double safe[STATES]; /* NaN: it has no line */
	uint8_t hazard;
} outputs[OUTPUTS] = {
	[K] = { "K", 0, 0, 1, 0, .is_switch = true, .safe = { 0, (double)NAN },
		.hazard = HAZARD_HEAT },
	[T] = { "T", 0, 1, 700, 10, .safe = { 0, (double)NAN }, .hazard = HAZARD_HEAT },
	[V] = { "V", 1, 0, 2, 0, valve, 3, .safe = { 0, (double)NAN }, .hazard = HAZARD_FUEL },
	[H] = { "H", 1, 1, 500, 0, .safe = { 0, 0 }, .hazard = HAZARD_FUEL },
	[N] = { "N", 2, 0, 1000, 50, .safe = { 100, 200 }, .hazard = HAZARD_INERT },
	[W] = { "W", 2, 1, 1, 0, .is_switch = true, .is_write_only = true,
		.safe = { 0, (double)NAN } },
	[M] = { "M", 2, 2, 1, 0, .is_unverified = true, .safe = { (double)NAN, (double)NAN } },
};
static const char *const states[STATES] = { "cold", "inert" };
static const struct {
	const char *name;
	double above;
	int64_t for_ns, on_bad_ns;
	uint32_t to;
} inputs[INPUTS] = {
	[GAS] = { "gas", 40, 0, 5 * SECOND, COLD },
	[HOT] = { "hot", 100, SECOND, IMAGE_ON_BAD_ALARM, COLD },
	[LOW] = { "low", 10, 0, 3 * SECOND, INERT },
};

struct scene {
	struct hand_rig r;
	uint64_t seed, chance;
	double told[OUTPUTS]; /* by OUTPUT_WRITTEN */
	double told_before[OUTPUTS];
	double adopted[OUTPUTS]; /* as the device holds it, told as that */
	int64_t told_at_ns[OUTPUTS];
	double written[OUTPUTS];     /* what arrived last */
	int64_t written_ns[OUTPUTS]; /* and when */
	bool has_failed[OUTPUTS];    /* SAFE_LINE_FAILED since its safe state was begun */
	bool is_held[STATES];
	int64_t began_ns[STATES];
	struct command asked[64];
	size_t n_asked;
	int64_t high_ns[INPUTS]; /* since when an input is over its limit; 0: it is not */
	bool was_stuck[DEVICES];
	uint64_t n_verified, n_reached, n_fired, n_failed, n_writes, n_kills;
};

static struct scene *scene;

static enum { NOTHING, VERIFY, TRIPS, INTERLOCKS, LINES } broken;

_Noreturn static void
wrong(const char *what, const char *which, double got)
{
	const struct hand_rig *r = &scene->r;

	printf("seed %llu at %.3f s: %s: %s, %g\n", (unsigned long long)scene->seed,
		(double)r->now_ns / 1e9, what, which, got);
	for (size_t i = getenv("ALL") != NULL ? 0
			: r->n_events > 25    ? r->n_events - 25
					      : 0;
		i < r->n_events; i++)
		printf("	%.3f %s '%s' %g %s\n", (double)r->events[i].stamp_ns / 1e9,
			event_row(r->events[i].kind)->token, r->events[i].subject,
			r->events[i].values[0], r->events[i].text);
	for (size_t i = getenv("ALL") != NULL ? 0
			: r->n_writes > 12    ? r->n_writes - 12
					      : 0;
		i < r->n_writes; i++)
		printf("	%.3f d%u register %u = %d\n", (double)r->writes[i].at_ns / 1e9,
			r->writes[i].device, r->writes[i].address, r->writes[i].value);
	printf("replay: protect --seed %llu\n", (unsigned long long)scene->seed);
	exit(broken == NOTHING);
}

static bool
is(double a, double b)
{
	return fabs(a - b) < 1e-6;
}

static int16_t
held(const struct scene *s, unsigned i)
{
	return s->r.device[outputs[i].device].held[outputs[i].address];
}

/* As it was read last. */
static double
told(const struct scene *s, unsigned i)
{
	return s->r.device[outputs[i].device].told[outputs[i].address];
}

static unsigned
find_output(const char *name)
{
	unsigned i = 0;

	while (i < OUTPUTS && strcmp(outputs[i].name, name) != 0)
		i++;
	return i;
}

/* ---- the bench ----------------------------------------------------------------------------------------------------------- */

static void
add_outputs(struct image_builder *b, const uint32_t *p, uint32_t *channels)
{
	for (unsigned i = 0; i < OUTPUTS; i++) {
		struct image_output o = { .has_limits = 1,
			.max = outputs[i].max,
			.ramp = outputs[i].ramp,
			.hazard = outputs[i].hazard,
			.has_verify = !outputs[i].is_write_only && !outputs[i].is_unverified &&
				      broken != VERIFY,
			.verify_tries = 2 };

		if (outputs[i].words != NULL || outputs[i].is_switch)
			image_builder_next_output(
				b, outputs[i].words, outputs[i].n_words, outputs[i].is_write_only);
		image_builder_output(b, outputs[i].name,
			p[outputs[i].device * HAND_REGISTERS + outputs[i].address], &o,
			&channels[i]);
	}
}

static void
add_states(struct image_builder *b)
{
	const struct image_safe_line cold[] = {
		{ K, IMAGE_NONE, IMAGE_NONE, 0, 0, SECOND, 0 },
		{ T, IMAGE_NONE, IMAGE_NONE, 0, broken == LINES ? 5 : 0, SECOND, 0 },
		{ V, IMAGE_NONE, 6, 0, 0, SECOND, 0 },
		{ H, 2, IMAGE_NONE, 0, 0, SECOND, 0 },
		{ N, IMAGE_NONE, IMAGE_NONE, 0, 100, SECOND, 0 },
		{ W, IMAGE_NONE, IMAGE_NONE, 0, 0, SECOND, 0 },
		{ M, IMAGE_NONE, IMAGE_NONE, 1, 0, SECOND, 0 },
	};
	static const struct image_safe_line inert[] = {
		{ N, IMAGE_NONE, IMAGE_NONE, 0, 200, SECOND, 0 },
		{ H, IMAGE_NONE, IMAGE_NONE, 0, 0, SECOND, 0 },
	};

	image_builder_on_stop(b, image_builder_safe_state(b, "cold", cold, NELEM(cold)));
	image_builder_safe_state(b, "inert", inert, NELEM(inert));
}

static void
add_interlock(struct image_builder *b, const char *name, uint32_t one, double over, uint32_t other,
	enum expr_opcode op, double than)
{
	static const struct image_trip like = { .on_bad_ns = 5 * SECOND, .is_latched = 1 };
	struct image_cond a =
		image_builder_cond(b, one, EXPR_OP_GT, broken == INTERLOCKS ? 1e6 : over);
	struct image_cond c = image_builder_cond(b, other, op, than);

	a = image_builder_both(b, &a, &c);
	image_builder_interlock(b, name, &a, &like);
}

static struct image *
make_image(void)
{
	uint32_t p[DEVICES * HAND_REGISTERS], channels[OUTPUTS];
	struct image_builder *b = hand_builder(DEVICES, 4, p);

	add_outputs(b, p, channels);
	add_states(b);
	for (uint32_t i = 0; i < INPUTS; i++) {
		const struct image_trip like = { .for_ns = inputs[i].for_ns,
			.on_bad_ns = inputs[i].on_bad_ns,
			.to = inputs[i].to,
			.is_latched = 1,
			.bypass_max_ns = i == GAS ? 60 * SECOND : 0 };
		struct image_cond c = image_builder_cond(b,
			image_builder_channel(b, p[SENSOR * HAND_REGISTERS + i]), EXPR_OP_GT,
			broken == TRIPS ? 1e6 : inputs[i].above);

		image_builder_trip(b, inputs[i].name, &c, &like);
	}
	add_interlock(b, "mix", channels[H], 0, channels[T], EXPR_OP_GT, MIX);
	add_interlock(b, "dry", channels[K], 0, channels[N], EXPR_OP_LT, 10);
	return image_builder_done(b);
}

/* ---- what must hold as it happens ---------------------------------------------------------------------------------------- */

/* A safe value of a state that is held, if any is that has it. */
static bool
is_safe_value(const struct scene *s, unsigned i, double value, bool *out_is_held)
{
	bool is_it = false;

	*out_is_held = false;
	for (unsigned k = 0; k < STATES; k++)
		if (s->is_held[k] && !isnan(outputs[i].safe[k])) {
			*out_is_held = true;
			is_it = is_it || is(value, outputs[i].safe[k]);
		}
	return is_it;
}

static void
on_write(struct hand_rig *r, const struct hand_write *w)
{
	struct scene *s = r->ears.ctx;
	unsigned i = 0;
	bool is_held, is_safe;

	while (i < OUTPUTS && (outputs[i].device != w->device || outputs[i].address != w->address))
		i++;
	s->n_writes++;
	if (i == OUTPUTS)
		wrong("limits: written to what is no output", "", w->address);
	if (w->value < 0 || w->value > outputs[i].max)
		wrong("limits", outputs[i].name, w->value);
	/* A write that had no answer may come once more, behind a later one that was told meanwhile. */
	if (!is(w->value, s->told[i]) && !is(w->value, s->adopted[i]) &&
		!(is(w->value, s->told_before[i]) && w->at_ns - s->told_at_ns[i] <= SECOND))
		wrong("events: this was not told", outputs[i].name, w->value);
	s->written[i] = w->value;
	s->written_ns[i] = w->at_ns;
	s->was_stuck[w->device] = s->was_stuck[w->device] || r->device[w->device].is_stuck;
	is_safe = is_safe_value(s, i, w->value, &is_held);
	if (!is_held || is_safe)
		return;
	for (unsigned k = 0; k < STATES; k++)
		if (s->is_held[k] && s->began_ns[k] == w->at_ns)
			return; /* it was on the wire at that moment */
	wrong("protection: not a safe value", outputs[i].name, w->value);
}

/* By what was read last, where neither is on its way to what is safe: down, from what was told last or the device shows. */
static void
check_interlocks(struct scene *s, unsigned i, double value)
{
	bool is_held;

	is_safe_value(s, i, value, &is_held);
	if (is_held)
		return;
	if (i == H && value > 0 && value > fmax(s->told_before[H], told(s, H)) && told(s, T) > MIX)
		wrong("interlocks: mix", "H", value);
	if (i == T && value > MIX && value > fmax(s->told_before[T], told(s, T)) && told(s, H) > 0)
		wrong("interlocks: mix", "T", value);
	if (i == K && value > 0 && told(s, N) < 10)
		wrong("interlocks: dry", "K", value);
}

static void
check_reached(struct scene *s, const char *name)
{
	for (unsigned k = 0; k < STATES; k++)
		for (unsigned i = 0; i < OUTPUTS && strcmp(states[k], name) == 0; i++)
			if (!isnan(outputs[i].safe[k]) && !outputs[i].is_write_only &&
				!is(told(s, i), outputs[i].safe[k]))
				wrong("success: reached, but", outputs[i].name, told(s, i));
}

static void
begin(struct scene *s, const char *name, int64_t now_ns)
{
	for (unsigned k = 0; k < STATES; k++) {
		if (strcmp(states[k], name) != 0)
			continue;
		s->is_held[k] = true;
		s->began_ns[k] = now_ns;
		for (unsigned i = 0; i < OUTPUTS; i++)
			/* One that another state has is told of that. */
			if (!isnan(outputs[i].safe[k]) &&
				!(s->is_held[1 - k] && !isnan(outputs[i].safe[1 - k])))
				s->has_failed[i] = false;
	}
}

static double
input_value(struct scene *s, unsigned i)
{
	char name[20];

	snprintf(name, sizeof(name), "d%d.r%u", SENSOR, i);
	return hand_value(&s->r, name);
}

/* Nothing fires without a cause: a value, or one that has been bad for long. A link may take no answer for one: see link/README.md. */
static void
check_fired(struct scene *s, const struct event *e)
{
	for (unsigned i = 0; i < INPUTS; i++) {
		const struct hand_device *d = &s->r.device[SENSOR];

		if (strcmp(inputs[i].name, e->subject) == 0 && d->told[i] <= inputs[i].above &&
			(inputs[i].on_bad_ns == IMAGE_ON_BAD_ALARM || !isnan(input_value(s, i))))
			wrong("protection: fired for nothing", e->subject, d->told[i]);
	}
}

static void
on_event(struct hand_rig *r, const struct event *e)
{
	struct scene *s = r->ears.ctx;
	unsigned i = find_output(e->subject);

	switch ((int)e->kind) {
	case EVENT_OUTPUT_WRITTEN:
		s->told_before[i] = s->told[i];
		s->told[i] = e->values[0];
		s->adopted[i] = (double)NAN;
		s->told_at_ns[i] = e->stamp_ns;
		check_interlocks(s, i, e->values[0]);
		break;
	case EVENT_OUTPUT_CHANGED: /* values[1]: what was written, or adopted */
		s->told[i] = e->values[1];
		/* fallthrough */
	case EVENT_OUTPUT_ADOPTED:
		s->told_before[i] = s->adopted[i] = e->values[0];
		break;
	case EVENT_SAFE_STATE_BEGAN:
		begin(s, e->subject, e->stamp_ns);
		break;
	case EVENT_SAFE_STATE_REACHED:
		s->n_reached++;
		if (e->text[0] == '\0')
			check_reached(s, e->subject);
		break;
	case EVENT_SAFE_LINE_FAILED:
		s->n_failed++;
		s->has_failed[i] = true;
		break;
	case EVENT_TRIP_FIRED:
		s->n_fired++;
		check_fired(s, e);
		break;
	case EVENT_TRIP_RESET:
	case EVENT_SAFE_STATE_LEFT:
		/* What is still held is looked at behind the step. */
		memset(s->is_held, 0, sizeof(s->is_held));
		break;
	default:
		break;
	}
}

static void
on_verdict(struct hand_rig *r, const struct verdict_told *v)
{
	struct scene *s = r->ears.ctx;
	const struct command *c = NULL;
	unsigned i;

	for (size_t k = 0; k < NELEM(s->asked); k++)
		if (strcmp(s->asked[k].id, v->id) == 0)
			c = &s->asked[k];
	if (c == NULL || v->verdict != (broken == VERIFY ? VERDICT_ACCEPTED : VERDICT_VERIFIED))
		return;
	s->n_verified++;
	if (c->kind == COMMAND_SAFE)
		check_reached(s, c->subject[0] == '\0' ? "cold" : c->subject);
	if (c->kind != COMMAND_SET)
		return;
	i = find_output(c->subject);
	if (broken == VERIFY && (outputs[i].is_unverified || outputs[i].is_write_only))
		return;
	if (outputs[i].is_unverified || outputs[i].is_write_only)
		wrong("success: verified what cannot be", c->subject, 0);
	if (s->r.device[outputs[i].device].told_ns[outputs[i].address] < s->written_ns[i])
		wrong("success: not read back behind the write", c->subject, 0);
	if (v->text[0] == '\0' && !is(told(s, i), s->written[i]))
		wrong("success: the device shows something else", c->subject, told(s, i));
}

/* ---- what is done to it -------------------------------------------------------------------------------------------------- */

static uint64_t
below(struct scene *s, uint64_t n)
{
	return rand_below(&s->chance, n);
}

static void
ask(struct scene *s, struct command *c)
{
	static unsigned n;

	c->ramp_per_min = (double)NAN;
	c->is_person = true;
	snprintf(c->id, sizeof(c->id), "c%u", ++n);
	s->asked[s->n_asked++ % NELEM(s->asked)] = *c;
	hand_command(&s->r, c);
}

static void
set_something(struct scene *s)
{
	struct command c = { .kind = COMMAND_SET };
	unsigned i = (unsigned)below(s, OUTPUTS);

	text_copy(c.subject, sizeof(c.subject), outputs[i].name);
	if (outputs[i].words != NULL)
		text_copy(c.value, sizeof(c.value), outputs[i].words[below(s, outputs[i].n_words)]);
	else if (outputs[i].is_switch)
		text_copy(c.value, sizeof(c.value), below(s, 2) == 0 ? "off" : "on");
	else
		snprintf(c.value, sizeof(c.value), "%d",
			(int)below(s, (uint64_t)(outputs[i].max * 1.1) + 2) - 1);
	c.is_clamped = below(s, 4) == 0;
	ask(s, &c);
}

static void
command_something(struct scene *s)
{
	static const enum command_kind kinds[] = { COMMAND_SAFE, COMMAND_RELEASE,
		COMMAND_TRIP_RESET, COMMAND_TRIP_RESET, COMMAND_TRIP_RESET, COMMAND_BYPASS,
		COMMAND_BYPASS_END, COMMAND_MODE };
	static const char *const trips[] = { "gas", "hot", "low", "mix", "dry" };
	struct command c = { .kind = kinds[below(s, NELEM(kinds))], .text = "because" };

	if (c.kind == COMMAND_SAFE || c.kind == COMMAND_RELEASE)
		text_copy(c.subject, sizeof(c.subject), states[below(s, STATES)]);
	else if (c.kind == COMMAND_MODE)
		text_copy(c.value, sizeof(c.value), below(s, 2) == 0 ? "manual" : "automatic");
	else
		text_copy(c.subject, sizeof(c.subject),
			c.kind == COMMAND_TRIP_RESET ? trips[below(s, NELEM(trips))] : "gas");
	c.span_ns = (int64_t)below(s, 30) * SECOND;
	ask(s, &c);
}

static void
set_input(struct scene *s, unsigned i, bool is_high)
{
	s->r.device[SENSOR].held[i] = is_high ? 200 : 0;
	s->high_ns[i] = is_high ? s->r.now_ns : 0;
}

static void
heal(struct hand_device *d)
{
	d->is_silent = d->is_stuck = d->refuses = d->is_gone = false;
	d->hides = d->refuses_some = 0;
	d->delay_ns = 2 * MS;
}

static void
break_something(struct scene *s)
{
	unsigned at = (unsigned)below(s, DEVICES);
	struct hand_device *d = &s->r.device[at];
	unsigned i = (unsigned)below(s, OUTPUTS);

	switch (below(s, 10)) {
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
		d->delay_ns = (int64_t)(2 + below(s, 400)) * MS +
			      MS / 2; /* never as long as the timeout */
		break;
	case 5:
		d->hides = (uint16_t)below(s, 16);
		break;
	case 6:
		d->refuses_some = (uint16_t)below(s, 16);
		break;
	case 7: /* what cannot be read nobody can know */
		if (!outputs[i].is_write_only)
			s->r.device[outputs[i].device].held[outputs[i].address] =
				(int16_t)below(s, (uint64_t)outputs[i].max + 1);
		break;
	default:
		heal(d);
		break;
	}
}

static void
look_at_states(struct scene *s)
{
	for (unsigned k = 0; k < STATES; k++) {
		char name[20];
		bool is_held;

		snprintf(name, sizeof(name), "safe.%s", states[k]);
		is_held = strcmp(hand_word(&s->r, name), "idle") != 0;
		if (s->is_held[k] && s->r.now_ns - s->began_ns[k] < 200 * MS)
			continue; /* it is shown at the next tick */
		if (is_held && !s->is_held[k])
			s->began_ns[k] = s->r.now_ns;
		s->is_held[k] = is_held;
	}
}

static void
kill_it(struct scene *s)
{
	memset(s->is_held, 0, sizeof(s->is_held));
	memset(s->has_failed, 0, sizeof(s->has_failed));
	s->n_kills++;
	for (unsigned i = 0; i < OUTPUTS; i++)
		s->told_at_ns[i] = 0;
	hand_kill(&s->r, (int64_t)below(s, 20000) * MS);
	for (unsigned i = 0; i < INPUTS; i++)
		s->high_ns[i] = s->high_ns[i] == 0 ? 0 : s->r.now_ns;
}

/* ---- what must hold behind it -------------------------------------------------------------------------------------------- */

static bool
is_tripped(struct scene *s, unsigned i)
{
	char name[20];

	snprintf(name, sizeof(name), "trip.%s", inputs[i].name);
	return strcmp(hand_word(&s->r, name), "tripped") == 0 ||
	       strcmp(hand_word(&s->r, name), "bypassed") == 0;
}

static void
run(struct scene *s, int64_t span_ns)
{
	bool was_high[INPUTS];

	for (unsigned i = 0; i < INPUTS; i++)
		/* A link takes no answer to a probe of one that is down for one, when it comes later than any before. */
		was_high[i] = s->high_ns[i] != 0 && !isnan(input_value(s, i)) &&
			      s->r.device[SENSOR].told[i] > inputs[i].above &&
			      s->r.device[SENSOR].told_ns[i] > s->high_ns[i] &&
			      span_ns > inputs[i].for_ns + 500 * MS;
	hand_run(&s->r, span_ns);
	hand_run(&s->r, 100 * MS);
	look_at_states(s);
	for (unsigned i = 0; i < INPUTS; i++)
		if (was_high[i] && !is_tripped(s, i))
			wrong("protection: it should have tripped", inputs[i].name, 0);
}

/* Nothing new has happened for long: each line is there, or has been told. */
static void
check_states(struct scene *s)
{
	for (unsigned k = 0; k < STATES; k++)
		if (s->r.now_ns - s->began_ns[k] < PATIENCE / 2)
			return; /* it was begun meanwhile, or anew */
	for (unsigned k = 0; k < STATES; k++) {
		char name[20];
		const char *word;

		snprintf(name, sizeof(name), "safe.%s", states[k]);
		word = hand_word(&s->r, name);
		if (strcmp(word, "under_way") == 0)
			wrong("told: still under way", states[k], 0);
		for (unsigned i = 0; i < OUTPUTS && strcmp(word, "idle") != 0; i++) {
			bool is_held, is_there = is_safe_value(s, i, held(s, i), &is_held);
			bool is_second = i == V && held(s, M) == 0 && s->has_failed[V];

			if (isnan(outputs[i].safe[k]) || is_there ||
				(outputs[i].is_write_only && s->was_stuck[outputs[i].device]))
				continue;
			if (!s->has_failed[i])
				wrong("told: not there, and not told", outputs[i].name, held(s, i));
			if (strcmp(word, "reached") == 0 && !is_second)
				wrong("success: shown as reached", outputs[i].name, held(s, i));
		}
	}
}

static void
reset_all(struct scene *s)
{
	static const char *const trips[] = { "gas", "hot", "low", "mix", "dry" };

	for (size_t i = 0; i < NELEM(trips); i++) {
		struct command c = { .kind = COMMAND_TRIP_RESET, .text = "all is well" };

		text_copy(c.subject, sizeof(c.subject), trips[i]);
		ask(s, &c);
		run(s, 200 * MS);
	}
	for (size_t k = 0; k < STATES; k++) {
		struct command c = { .kind = COMMAND_RELEASE };

		text_copy(c.subject, sizeof(c.subject), states[k]);
		ask(s, &c);
		run(s, 200 * MS);
	}
}

/* All is well again. */
static void
calm(struct scene *s)
{
	size_t told_writes, writes;

	for (unsigned d = 0; d < DEVICES; d++)
		heal(&s->r.device[d]);
	for (unsigned i = 0; i < INPUTS; i++)
		set_input(s, i, false);
	run(s, 100 * SECOND);
	for (unsigned k = 0; k < STATES; k++)
		for (unsigned i = 0; i < OUTPUTS; i++) {
			bool is_held, is_there = is_safe_value(s, i, held(s, i), &is_held);

			if (s->is_held[k] && is_held && !is_there && !outputs[i].is_write_only)
				wrong("calm: not at its safe value", outputs[i].name, held(s, i));
		}
	check_states(s);
	reset_all(s);
	for (unsigned k = 0; k < STATES; k++)
		if (s->is_held[k])
			wrong("calm: it cannot be left", states[k], 0);
	for (unsigned i = 0; i < OUTPUTS; i++) {
		char name[20];

		/* In automatic what was changed at the device is told, and stays. */
		snprintf(name, sizeof(name), "%s.mode", outputs[i].name);
		if (strcmp(hand_word(&s->r, name), "automatic") == 0)
			continue;
		snprintf(name, sizeof(name), "%s.working", outputs[i].name);
		if (!outputs[i].is_write_only && fabs(hand_value(&s->r, name) - held(s, i)) > 0.6)
			wrong("calm: shown as sent is another value", outputs[i].name,
				hand_value(&s->r, name));
	}
	/* Each write is an event now, and each event a write. */
	told_writes = hand_count(&s->r, EVENT_OUTPUT_WRITTEN, NULL);
	writes = s->r.n_writes;
	for (unsigned i = 0; i < INPUTS; i++) {
		set_input(s, i, true);
		run(s, 4 * SECOND);
		if (!is_tripped(s, i))
			wrong("calm: does not trip", inputs[i].name, 0);
		set_input(s, i, false);
		run(s, 2 * SECOND);
		if (!s->is_held[inputs[i].to])
			wrong("calm: not safe", inputs[i].name, 0);
		check_states(s);
		reset_all(s);
	}
	told_writes = hand_count(&s->r, EVENT_OUTPUT_WRITTEN, NULL) - told_writes;
	if (told_writes > s->r.n_writes - writes)
		wrong("events: more were told than written", "", (double)told_writes);
}

static void
start(struct scene *s, uint64_t seed)
{
	uint64_t keep[] = { s->n_verified, s->n_reached, s->n_fired, s->n_failed, s->n_writes,
		s->n_kills };

	memset(s, 0, sizeof(*s));
	s->n_verified = keep[0];
	s->n_reached = keep[1];
	s->n_fired = keep[2];
	s->n_failed = keep[3];
	s->n_writes = keep[4];
	s->n_kills = keep[5];
	s->seed = seed;
	s->chance = seed * 7919 + 13;
	for (unsigned i = 0; i < OUTPUTS; i++)
		s->told[i] = s->told_before[i] = s->adopted[i] = (double)NAN;
	hand_init(&s->r, make_image(), DEVICES);
	s->r.ears = (struct hand_ears){
		.write = on_write, .event = on_event, .verdict = on_verdict, .ctx = s
	};
	s->r.device[2].held[0] = 50;
}

static void
play(struct scene *s, uint64_t seed)
{
	start(s, seed);
	run(s, 2 * SECOND);
	for (int i = 0; i < 60; i++) {
		if (below(s, 4) > 0)
			set_something(s);
		if (below(s, 4) == 0)
			command_something(s);
		if (below(s, 4) == 0)
			break_something(s);
		if (below(s, 6) == 0)
			set_input(s, (unsigned)below(s, INPUTS), below(s, 3) == 0);
		if (below(s, 25) == 0)
			kill_it(s);
		run(s, (int64_t)below(s, 3000) * MS);
		if (below(s, 8) == 0) {
			run(s, PATIENCE);
			check_states(s);
		}
	}
	calm(s);
	hand_done(&s->r);
}

/* Until enough seeds are played, controllers killed, or seconds gone. Seeds of a time begin with the clock, and are told. */
static uint64_t
play_all(uint64_t first, uint64_t seeds, uint64_t kills, time_t seconds)
{
	time_t until = time(NULL) + seconds;
	uint64_t n = 0;

	if (seconds > 0) {
		first = (uint64_t)time(NULL) * 1000;
		printf("protect: seeds from %llu\n", (unsigned long long)first);
	}
	while (n < seeds && scene->n_kills < kills && (seconds == 0 || time(NULL) < until))
		play(scene, first + n++);
	return n;
}

int
main(int argc, char **argv)
{
	static const char *const words[] = { "nothing", "verify", "trips", "interlocks", "lines" };
	uint64_t first = 1, n = argc == 3 ? UINT64_MAX : 300, kills = UINT64_MAX, value;
	time_t seconds = 0;

	if (argc != 1 && argc != 3) {
		fprintf(stderr,
			"usage: protect [--seed N | --seeds N | --kills N | --for SECONDS | "
			"--break WHAT]\n");
		return 2;
	}
	value = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
		first = value;
		n = 1;
	} else if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
		n = value;
	} else if (argc == 3 && strcmp(argv[1], "--kills") == 0) {
		kills = value;
	} else if (argc == 3 && strcmp(argv[1], "--for") == 0) {
		seconds = (time_t)value;
	} else if (argc == 3 && strcmp(argv[1], "--break") == 0) {
		n = 300;
		for (size_t i = 0; i < NELEM(words); i++)
			if (strcmp(argv[2], words[i]) == 0)
				broken = (int)i;
	} else if (argc == 3) {
		fprintf(stderr, "protect: no such option: %s\n", argv[1]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	scene = mem_zero(1, sizeof(*scene));
	n = play_all(first, n, kills, seconds);
	printf("%llu seeds, %llu writes, %llu verified, %llu trips, %llu safe states reached, %llu "
	       "lines told as failed, %llu kills: nothing wrong\n",
		(unsigned long long)n, (unsigned long long)scene->n_writes,
		(unsigned long long)scene->n_verified, (unsigned long long)scene->n_fired,
		(unsigned long long)scene->n_reached, (unsigned long long)scene->n_failed,
		(unsigned long long)scene->n_kills);
	free(scene);
	return broken != NOTHING; /* it was not noticed */
}
