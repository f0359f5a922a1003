/* trip.c - trips: always evaluated, latched until a person resets them */
#include "control/trip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/trip_inside.h"

#define START_NS                                                                                   \
	(60 * NS_PER_S) /* so much later than the longest warm-up the inputs are there, or never */
#define WARNING_NS (5 * 60 * NS_PER_S) /* before the end of a bypass */

/* Channels that a condition reads, marked. */
static void
mark_reads(struct trips *t, const struct image_cond *cond, uint8_t *marks)
{
	const struct expr_op *ops =
		(const struct expr_op *)image_at(t->img, &t->img->code) + cond->first_op;

	for (uint32_t i = 0; i < cond->n_ops; i++)
		if (expr_op_reads(&ops[i]) < t->img->channels.n)
			marks[expr_op_reads(&ops[i])] = 1;
}

struct trips *
trips_new(const struct image *img, struct safe *safe, const struct outputs *outputs,
	const struct trips_sink *sink, int64_t now_ns)
{
	struct trips *t = mem_zero(1, sizeof(*t));

	t->img = img;
	t->safe = safe;
	t->outputs = outputs;
	t->sink = *sink;
	t->at = mem_zero(img->trips.n, sizeof(*t->at));
	t->is_read = mem_zero(img->channels.n, 1);
	t->wake_ns = NEVER;
	t->began_ns = now_ns;
	for (uint32_t i = 0; i < img->trips.n; i++) {
		const struct image_trip *d = image_trip_at(img, i);

		mark_reads(t, &d->when, t->is_read);
		t->longest_ns = MAX(t->longest_ns, d->warmup_ns);
		t->at[i].known_ns = t->at[i].true_ns = t->at[i].unknown_ns = NEVER;
		t->at[i].false_ns = NEVER;
	}
	return t;
}

void
trips_free(struct trips *t)
{
	if (t == NULL)
		return;
	free(t->at);
	free(t->is_read);
	free(t);
}

bool
trips_reads(const struct trips *t, uint32_t channel)
{
	return t->is_read[channel] != 0;
}

static void
show(struct trips *t, uint32_t i, enum trip_state state, int64_t now_ns)
{
	t->at[i].state = (uint8_t)state;
	t->sink.state(t->sink.ctx, image_trip_at(t->img, i)->state, state, Q_GOOD, now_ns);
}

void
trips_show(struct trips *t, int64_t now_ns)
{
	for (uint32_t i = 0; i < t->img->trips.n; i++)
		show(t, i, TRIP_READY, now_ns);
}

static uint64_t
emit(struct trips *t, enum event_kind kind, uint32_t i, uint64_t cause, const char *text,
	int64_t now_ns)
{
	struct event e = { .kind = kind, .stamp_ns = now_ns, .cause = cause };

	text_copy(e.subject, sizeof(e.subject), image_text(t->img, image_trip_at(t->img, i)->name));
	text_copy(e.text, sizeof(e.text), text);
	return t->sink.event(t->sink.ctx, &e);
}

/* ---- evaluation ---------------------------------------------------------------------------------------------------------- */

/* When each kind of answer began. An unknown spell does not end a true one: it may be as bad as before. */
static void
note(struct trip *trip, enum truth truth, int64_t now_ns)
{
	if (truth == TRUTH_UNKNOWN) {
		trip->unknown_ns = MIN(trip->unknown_ns, now_ns);
		trip->known_ns = trip->false_ns = NEVER;
		return;
	}
	trip->unknown_ns = NEVER;
	trip->known_ns = MIN(trip->known_ns, now_ns);
	if (truth == TRUTH_TRUE) {
		trip->true_ns = MIN(trip->true_ns, now_ns);
		trip->false_ns = NEVER;
	} else {
		trip->true_ns = NEVER;
		trip->false_ns = MIN(trip->false_ns, now_ns);
	}
	trip->truth = (uint8_t)truth;
}

/* How long an unknown condition is borne; at the start until the inputs had their time. */
static int64_t
unknown_until(const struct trips *t, uint32_t i)
{
	const struct image_trip *d = image_trip_at(t->img, i);
	const struct trip *trip = &t->at[i];
	int64_t until_ns;

	if (d->on_bad_ns == IMAGE_ON_BAD_ALARM || trip->unknown_ns == NEVER)
		return NEVER;
	until_ns = trip->unknown_ns + d->on_bad_ns;
	return trip->was_known ? until_ns : MAX(until_ns, t->began_ns + t->longest_ns + START_NS);
}

static void
fire(struct trips *t, uint32_t i, const char *why, int64_t now_ns)
{
	const struct image_trip *d = image_trip_at(t->img, i);
	struct trip *trip = &t->at[i];
	char text[EVENT_TEXT];

	if (t->img->is_observed || trip->state == TRIP_BYPASSED) {
		snprintf(text, sizeof(text), "%s; %.100s",
			t->img->is_observed ? "the bench only observes" : "it is bypassed", why);
		if (!trip->is_told)
			emit(t, EVENT_TRIP_WOULD_FIRE, i, trip->cause, text, now_ns);
		trip->is_told = true;
		return;
	}
	trip->cause = emit(t, EVENT_TRIP_FIRED, i, 0, why, now_ns);
	trip->is_told = true;
	show(t, i, TRIP_TRIPPED, now_ns);
	safe_begin(t->safe, d->to, OWNER_TRIP, trip->cause, image_text(t->img, d->name), now_ns);
}

static void
end_bypass(struct trips *t, uint32_t i, uint64_t cause, int64_t now_ns)
{
	emit(t, EVENT_BYPASS_ENDED, i, cause, "", now_ns);
	t->at[i].is_told = false;
	t->at[i].cause = 0;
	show(t, i, TRIP_READY, now_ns);
}

static void
watch_bypass(struct trips *t, uint32_t i, int64_t now_ns)
{
	struct trip *trip = &t->at[i];
	struct event e = { .kind = EVENT_BYPASS_ENDS_SOON, .stamp_ns = now_ns, .n_values = 1 };

	if (now_ns >= trip->bypass_until_ns) {
		end_bypass(t, i, trip->cause, now_ns);
	} else if (!trip->is_warned && trip->bypass_until_ns - now_ns <= WARNING_NS) {
		trip->is_warned = true;
		e.values[0] = (double)((trip->bypass_until_ns - now_ns) / NS_PER_S);
		text_copy(e.subject, sizeof(e.subject),
			image_text(t->img, image_trip_at(t->img, i)->name));
		t->sink.event(t->sink.ctx, &e);
	}
	t->wake_ns = MIN(t->wake_ns, trip->bypass_until_ns);
}

/* As long as it is tripped its safe state is held: also where a reload has given it another. */
static void
hold(struct trips *t, uint32_t i, int64_t now_ns)
{
	const struct image_trip *d = image_trip_at(t->img, i);

	if (!t->img->is_observed && !safe_is_held(t->safe, d->to))
		safe_begin(t->safe, d->to, OWNER_TRIP, t->at[i].cause, image_text(t->img, d->name),
			now_ns);
}

static void
judge(struct trips *t, uint32_t i, int64_t now_ns)
{
	const struct image_trip *d = image_trip_at(t->img, i);
	struct trip *trip = &t->at[i];
	int64_t true_until = trip->true_ns == NEVER ? NEVER : trip->true_ns + d->for_ns;
	int64_t bad_until = unknown_until(t, i);

	if (trip->state == TRIP_TRIPPED) {
		hold(t, i, now_ns);
		return;
	}
	if (trip->true_ns == NEVER && trip->unknown_ns == NEVER)
		trip->is_told = false;
	if (now_ns >= true_until)
		fire(t, i, image_text(t->img, d->when.text), now_ns);
	else if (now_ns >= bad_until)
		fire(t, i, "its condition cannot be judged: an input is bad", now_ns);
	else if (trip->state != TRIP_BYPASSED)
		t->wake_ns = MIN(t->wake_ns, MIN(true_until, bad_until));
	if (trip->state == TRIP_READY && true_until != NEVER && now_ns < true_until)
		show(t, i, TRIP_PENDING, now_ns);
	else if (trip->state == TRIP_PENDING && true_until == NEVER)
		show(t, i, TRIP_READY, now_ns);
}

/* One that is not latched is ready again by itself; what it did stays as it is. */
static void
rearm(struct trips *t, uint32_t i, int64_t now_ns)
{
	const struct image_trip *d = image_trip_at(t->img, i);
	struct trip *trip = &t->at[i];

	if (trip->state != TRIP_TRIPPED || d->is_latched || trip->false_ns == NEVER ||
		now_ns - trip->false_ns < d->reset_after_ns)
		return;
	emit(t, EVENT_TRIP_RESET, i, trip->cause, "its condition is gone, and it is not latched",
		now_ns);
	trip->is_told = false;
	show(t, i, TRIP_READY, now_ns);
}

/* A combination that holds or cannot be judged keeps writes away; shown, so that nobody wonders. */
static void
show_interlock(struct trips *t, uint32_t i, int64_t now_ns)
{
	const struct image_trip *d = image_trip_at(t->img, i);
	struct trip *trip = &t->at[i];
	enum interlock_state state = trip->state == TRIP_BYPASSED ? INTERLOCK_BYPASSED
				     : trip->unknown_ns != NEVER || trip->true_ns != NEVER
					     ? INTERLOCK_HOLDS
					     : INTERLOCK_FREE;

	if (d->interlock == IMAGE_NONE || (trip->has_shown && state == trip->interlock))
		return;
	if (trip->has_shown && state != INTERLOCK_BYPASSED)
		emit(t, state == INTERLOCK_HOLDS ? EVENT_INTERLOCK_HOLDS : EVENT_INTERLOCK_FREE, i,
			0, state == INTERLOCK_HOLDS ? image_text(t->img, d->when.text) : "",
			now_ns);
	trip->has_shown = true;
	trip->interlock = (uint8_t)state;
	t->sink.state(t->sink.ctx, image_interlock_at(t->img, d->interlock)->state, state, Q_GOOD,
		now_ns);
}

void
trips_step(struct trips *t, int64_t now_ns)
{
	t->wake_ns = NEVER;
	for (uint32_t i = 0; i < t->img->trips.n; i++) {
		const struct image_trip *d = image_trip_at(t->img, i);
		struct trip *trip = &t->at[i];

		note(trip, t->sink.truth(t->sink.ctx, &d->when), now_ns);
		if (trip->known_ns != NEVER && now_ns - trip->known_ns >= d->warmup_ns)
			trip->was_known = true;
		if (trip->state == TRIP_BYPASSED)
			watch_bypass(t, i, now_ns);
		judge(t, i, now_ns);
		rearm(t, i, now_ns);
		show_interlock(t, i, now_ns);
	}
}

int64_t
trips_wake(const struct trips *t)
{
	return t->wake_ns;
}

uint32_t
trips_not_ready_at(const struct trips *t)
{
	for (uint32_t i = 0; i < t->img->trips.n; i++)
		if (!t->at[i].was_known && t->at[i].state != TRIP_BYPASSED &&
			image_trip_at(t->img, i)->on_bad_ns != IMAGE_ON_BAD_ALARM)
			return i;
	return IMAGE_NONE;
}

const char *
trips_not_ready(const struct trips *t)
{
	uint32_t i = trips_not_ready_at(t);

	return i == IMAGE_NONE ? "" : image_text(t->img, image_trip_at(t->img, i)->name);
}

bool
trips_are_ready(const struct trips *t)
{
	return trips_not_ready(t)[0] == '\0';
}

int64_t
trips_longest(const struct trips *t)
{
	return t->longest_ns;
}

bool
trips_is_tripped(const struct trips *t, uint32_t i)
{
	return t->at[i].state == TRIP_TRIPPED;
}

bool
trips_any(const struct trips *t)
{
	for (uint32_t i = 0; i < t->img->trips.n; i++)
		if (t->at[i].state == TRIP_TRIPPED)
			return true;
	return false;
}

/* ---- commands ------------------------------------------------------------------------------------------------------------ */

static uint32_t
find(const struct trips *t, const char *name)
{
	for (uint32_t i = 0; i < t->img->trips.n; i++)
		if (strcmp(image_text(t->img, image_trip_at(t->img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

/* A trip that holds safe state `state`; IMAGE_NONE. */
static uint32_t
tripped_to(const struct trips *t, uint32_t state)
{
	for (uint32_t i = 0; i < t->img->trips.n; i++)
		if (t->at[i].state == TRIP_TRIPPED && image_trip_at(t->img, i)->to == state)
			return i;
	return IMAGE_NONE;
}

int
trips_check_owner(const struct trips *t, uint32_t output, struct err *err)
{
	uint32_t state = safe_holder(t->safe, output), trip;

	if (outputs_owner(t->outputs, output) < OWNER_SAFE_STATE || state == IMAGE_NONE)
		return 0;
	trip = tripped_to(t, state);
	if (trip != IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"it belongs to the trip '%.60s'; reset that first",
			image_text(t->img, image_trip_at(t->img, trip)->name));
	return err_set(err, ERR_REFUSED, 0,
		"it belongs to the safe state '%.60s'; release that first",
		image_text(t->img, image_safe_state_at(t->img, state)->name));
}

static bool
holds_other(const struct trips *t, uint32_t i)
{
	for (uint32_t k = 0; k < t->img->trips.n; k++)
		if (k != i && t->at[k].state == TRIP_TRIPPED &&
			image_trip_at(t->img, k)->to == image_trip_at(t->img, i)->to)
			return true;
	return false;
}

static int
reset(struct trips *t, uint32_t i, const struct command *c, uint64_t cause, int64_t now_ns,
	struct err *err)
{
	const struct image_trip *d = image_trip_at(t->img, i);
	struct trip *trip = &t->at[i];
	const char *to = image_text(t->img, image_safe_state_at(t->img, d->to)->name);

	if (trip->state != TRIP_TRIPPED)
		return err_set(err, ERR_REFUSED, 0, "it is not tripped; there is nothing to reset");
	if (c->text[0] == '\0')
		return err_set(err, ERR_REFUSED, 0,
			"a reset needs a comment: what was the cause, and what was done about it");
	if (trip->false_ns == NEVER)
		return err_set(err, ERR_REFUSED, 0, "its condition is still %s; bring it to an end",
			trip->unknown_ns != NEVER ? "unknown" : "true");
	if (now_ns - trip->false_ns < d->reset_after_ns)
		return err_set(err, ERR_REFUSED, 0,
			"its condition has to be gone for %lld s; wait %lld s more",
			(long long)(d->reset_after_ns / NS_PER_S),
			(long long)((d->reset_after_ns - (now_ns - trip->false_ns)) / NS_PER_S) +
				1);
	if (safe_is_held(t->safe, d->to) && safe_phase_of(t->safe, d->to) != SAFE_REACHED)
		return err_set(err, ERR_REFUSED, 0,
			"the safe state %s is not confirmed; see 'mbc log' for the line that is "
			"not",
			to);
	emit(t, EVENT_TRIP_RESET, i, cause, c->text, now_ns);
	trip->is_told = false;
	show(t, i, TRIP_READY, now_ns);
	if (!holds_other(t, i))
		safe_leave(t->safe, d->to, now_ns);
	return 0;
}

static int
check_bypass(const struct trips *t, uint32_t i, const struct command *c, struct err *err)
{
	const struct image_trip *d = image_trip_at(t->img, i);

	if (d->bypass_max_ns == 0)
		return err_set(err, ERR_REFUSED, 0,
			"it cannot be bypassed; the bench file would have to say so: bypass: {max: "
			"1 h}");
	if (c->text[0] == '\0')
		return err_set(err, ERR_REFUSED, 0, "a bypass needs a reason");
	if (c->span_ns <= 0 || c->span_ns > d->bypass_max_ns)
		return err_set(err, ERR_REFUSED, 0, "a bypass needs an end, after %lld s at most",
			(long long)(d->bypass_max_ns / NS_PER_S));
	if (t->at[i].state == TRIP_TRIPPED)
		return err_set(err, ERR_REFUSED, 0, "it has tripped; reset it first");
	for (uint32_t k = 0; k < t->img->trips.n; k++)
		if (t->at[k].state == TRIP_BYPASSED)
			return err_set(err, ERR_REFUSED, 0,
				"'%.60s' is bypassed, and only one is at a time; end that first",
				image_text(t->img, image_trip_at(t->img, k)->name));
	return 0;
}

static int
bypass(struct trips *t, uint32_t i, const struct command *c, uint64_t cause, int64_t now_ns,
	struct err *err)
{
	struct event e = { .kind = EVENT_BYPASS_BEGAN,
		.stamp_ns = now_ns,
		.cause = cause,
		.n_values = 1,
		.values = { (double)(c->span_ns / NS_PER_S) } };
	struct trip *trip = &t->at[i];
	int rc = check_bypass(t, i, c, err);

	if (rc < 0)
		return rc;
	text_copy(e.subject, sizeof(e.subject), c->subject);
	text_copy(e.principal, sizeof(e.principal), c->principal);
	text_copy(e.text, sizeof(e.text), c->text);
	trip->cause = t->sink.event(t->sink.ctx, &e);
	trip->bypass_until_ns = now_ns + c->span_ns;
	trip->is_warned = trip->is_told = false;
	show(t, i, TRIP_BYPASSED, now_ns);
	show_interlock(t, i, now_ns);
	return 0;
}

int
trips_command(
	struct trips *t, const struct command *c, uint64_t cause, int64_t now_ns, struct err *err)
{
	uint32_t i = find(t, c->subject);

	if (i == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"no trip or interlock is named '%.60s'; see 'mbc trip list'", c->subject);
	if (!c->is_person)
		return err_set(err, ERR_REFUSED, 0,
			"only a person may do this, at the command line of the bench");
	if (c->kind == COMMAND_TRIP_RESET)
		return reset(t, i, c, cause, now_ns, err);
	if (c->kind == COMMAND_BYPASS)
		return bypass(t, i, c, cause, now_ns, err);
	if (t->at[i].state != TRIP_BYPASSED)
		return err_set(err, ERR_REFUSED, 0, "it is not bypassed");
	end_bypass(t, i, cause, now_ns);
	return 0;
}

/* ---- restarts ------------------------------------------------------------------------------------------------------------ */

void
trips_restore(struct trips *t, uint32_t i, const struct trip_past *past, int64_t now_ns)
{
	struct trip *trip = &t->at[i];

	trip->cause = past->cause;
	trip->is_told = past->state == TRIP_TRIPPED;
	/* No longer than the bench allows now. */
	trip->bypass_until_ns =
		MIN(past->bypass_until_ns, now_ns + image_trip_at(t->img, i)->bypass_max_ns);
	if (past->state == TRIP_BYPASSED && trip->bypass_until_ns <= now_ns)
		end_bypass(t, i, past->cause, now_ns);
	else
		show(t, i, past->state == TRIP_PENDING ? TRIP_READY : past->state, now_ns);
}

void
trips_past(const struct trips *t, uint32_t i, struct trip_past *out)
{
	const struct trip *trip = &t->at[i];

	*out = (struct trip_past){ .state = (enum trip_state)trip->state,
		.cause = trip->cause,
		.bypass_until_ns = trip->state == TRIP_BYPASSED ? trip->bypass_until_ns : 0 };
}

void
trips_adopt(struct trips *t, const struct trips *from, int64_t now_ns)
{
	for (uint32_t i = 0; i < t->img->trips.n; i++) {
		const char *name = image_text(t->img, image_trip_at(t->img, i)->name);
		uint32_t old = find(from, name);
		struct trip_past past;

		if (old == IMAGE_NONE)
			continue;
		trips_past(from, old, &past);
		trips_restore(t, i, &past, now_ns);
		t->at[i].was_known = from->at[old].was_known;
		/* What has begun goes on where the condition is as it was. */
		if (strcmp(image_text(t->img, image_trip_at(t->img, i)->when.text),
			    image_text(from->img, image_trip_at(from->img, old)->when.text)) != 0)
			continue;
		t->at[i].true_ns = from->at[old].true_ns;
		t->at[i].unknown_ns = from->at[old].unknown_ns;
	}
}
