/* safe.c - safe states */
#include "control/safe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define AGAIN_NS (2 * NS_PER_S) /* a line that was not confirmed is told to its output again */

enum line_phase {
	LINE_OUT, /* not wanted: of a state that is not held, or a second way that is not needed */
	LINE_QUEUED,    /* others on its link, or the one it waits for, come first */
	LINE_SENT,      /* its output has it */
	LINE_CONFIRMED, /* read back, or acknowledged where it cannot be */
	LINE_LATE,      /* not within its time: told, and tried again */
	LINE_OVERTAKEN, /* another safe state has its output */
};

struct line {
	uint32_t state; /* safe state that it is of */
	uint8_t phase;
	bool is_told; /* that it was late */
	int64_t deadline_ns;
	int64_t again_ns;
};

struct held {
	bool is_held;
	uint8_t owner, phase; /* enum output_owner, enum safe_phase */
	uint64_t cause;
};

struct safe {
	const struct image *img;
	struct outputs *outputs;
	struct safe_sink sink;
	struct held *held;  /* [safe state] */
	struct line *lines; /* [safe line] */
	uint32_t *holder;   /* [output] safe line that has it; IMAGE_NONE */
	uint8_t *is_busy;   /* [link] a line of it is under way; of one step */
	int64_t wake_ns;
};

struct safe *
safe_new(const struct image *img, struct outputs *outputs, const struct safe_sink *sink)
{
	struct safe *s = mem_zero(1, sizeof(*s));

	s->img = img;
	s->outputs = outputs;
	s->sink = *sink;
	s->held = mem_zero(img->safe_states.n, sizeof(*s->held));
	s->lines = mem_zero(img->safe_lines.n, sizeof(*s->lines));
	s->holder = mem_zero(img->outputs.n, sizeof(*s->holder));
	s->is_busy = mem_zero(img->links.n, 1);
	s->wake_ns = NEVER;
	for (uint32_t i = 0; i < img->outputs.n; i++)
		s->holder[i] = IMAGE_NONE;
	for (uint32_t i = 0; i < img->safe_states.n; i++) {
		const struct image_safe_state *d = image_safe_state_at(img, i);

		for (uint32_t k = d->first_line; k < d->first_line + d->n_lines; k++)
			s->lines[k].state = i;
	}
	return s;
}

void
safe_free(struct safe *s)
{
	if (s == NULL)
		return;
	free(s->held);
	free(s->lines);
	free(s->holder);
	free(s->is_busy);
	free(s);
}

static uint32_t
link_of(const struct image *img, uint32_t at)
{
	return image_instrument_at(img, image_channel_at(img, at)->instrument)->link;
}

/* Is a line of any link that it needs under way? */
static bool
is_behind(const struct safe *s, const struct image_safe_line *l)
{
	const struct image_output *o = image_output_at(s->img, l->output);

	if (o->n_parts == 0)
		return s->is_busy[link_of(s->img, o->at)];
	for (uint32_t i = o->first_part; i < o->first_part + o->n_parts; i++)
		if (s->is_busy[link_of(s->img, image_part_at(s->img, i)->at)])
			return true;
	return false;
}

static void
keep_busy(struct safe *s, const struct image_safe_line *l)
{
	const struct image_output *o = image_output_at(s->img, l->output);

	if (o->n_parts == 0)
		s->is_busy[link_of(s->img, o->at)] = 1;
	for (uint32_t i = o->first_part; i < o->first_part + o->n_parts; i++)
		s->is_busy[link_of(s->img, image_part_at(s->img, i)->at)] = 1;
}

static void
show(struct safe *s, uint32_t state, enum safe_phase phase, int64_t now_ns)
{
	s->held[state].phase = (uint8_t)phase;
	s->sink.state(
		s->sink.ctx, image_safe_state_at(s->img, state)->state, phase, Q_GOOD, now_ns);
}

void
safe_show(struct safe *s, int64_t now_ns)
{
	for (uint32_t i = 0; i < s->img->safe_states.n; i++)
		show(s, i, SAFE_IDLE, now_ns);
}

static void
emit(struct safe *s, enum event_kind kind, uint32_t state, const char *text, int64_t now_ns)
{
	struct event e = { .kind = kind, .stamp_ns = now_ns, .cause = s->held[state].cause };
	uint64_t id;

	text_copy(e.subject, sizeof(e.subject),
		image_text(s->img, image_safe_state_at(s->img, state)->name));
	text_copy(e.text, sizeof(e.text), text);
	id = s->sink.event(s->sink.ctx, &e);
	if (kind == EVENT_SAFE_STATE_BEGAN && id != 0)
		s->held[state].cause = id;
}

/* Its output gets the value, whoever had it but one that comes before it; a line of another safe state that had it is overtaken. */
static void
start_line(struct safe *s, uint32_t state, uint32_t i, int64_t now_ns)
{
	const struct image_safe_line *l = image_safe_line_at(s->img, i);
	struct output_order order = { .value = l->value,
		.ramp = l->ramp,
		.owner = s->held[state].owner,
		.cause = s->held[state].cause };
	struct line *line = &s->lines[i];
	uint32_t before = s->holder[l->output];
	struct err err;

	if (before != IMAGE_NONE && s->held[s->lines[before].state].owner > s->held[state].owner) {
		line->phase = LINE_OVERTAKEN;
		return;
	}
	if (before != IMAGE_NONE && before != i)
		s->lines[before].phase = LINE_OVERTAKEN;
	s->holder[l->output] = i;
	line->phase = LINE_SENT;
	line->is_told = false;
	line->deadline_ns = now_ns + l->within_ns;
	line->again_ns = NEVER;
	if (outputs_set(s->outputs, l->output, &order, now_ns, &err) < 0)
		line->deadline_ns = now_ns; /* told as late, and tried again */
}

static void
tell_late(struct safe *s, uint32_t state, uint32_t i, int64_t now_ns)
{
	const struct image_safe_line *l = image_safe_line_at(s->img, i);
	const struct image_output *o = image_output_at(s->img, l->output);
	struct event e = { .kind = EVENT_SAFE_LINE_FAILED,
		.stamp_ns = now_ns,
		.cause = s->held[state].cause,
		.reason = outputs_trouble(s->outputs, l->output),
		.n_values = 1,
		.values = { l->value } };

	if (e.reason == Q_GOOD || e.reason == Q_NOT_YET)
		e.reason = Q_NO_ANSWER;
	text_copy(e.subject, sizeof(e.subject),
		image_text(s->img, image_channel_at(s->img, o->channel)->name));
	s->sink.event(s->sink.ctx, &e);
}

static void
late(struct safe *s, uint32_t state, uint32_t i, int64_t now_ns)
{
	const struct image_safe_line *l = image_safe_line_at(s->img, i);
	struct line *line = &s->lines[i];

	line->phase = LINE_LATE;
	line->again_ns = now_ns + AGAIN_NS;
	if (!line->is_told)
		tell_late(s, state, i, now_ns);
	line->is_told = true;
	if (l->otherwise != IMAGE_NONE && s->lines[l->otherwise].phase == LINE_OUT)
		s->lines[l->otherwise].phase = LINE_QUEUED;
}

static bool
is_settled(const struct line *l)
{
	return l->phase == LINE_CONFIRMED || l->phase == LINE_LATE || l->phase == LINE_OVERTAKEN ||
	       l->phase == LINE_OUT;
}

/* Its output is where it should be, it is not in time, or it is still under way. */
static void
look_at(struct safe *s, uint32_t state, uint32_t i, int64_t now_ns)
{
	const struct image_safe_line *l = image_safe_line_at(s->img, i);
	struct line *line = &s->lines[i];

	if (outputs_is_confirmed(s->outputs, l->output)) {
		line->phase = LINE_CONFIRMED;
		line->is_told = false;
	} else if (line->phase == LINE_CONFIRMED) {
		line->phase =
			LINE_SENT; /* the device shows something else, or is gone: the output is at it */
		line->deadline_ns = now_ns + l->within_ns;
	}
	if (line->phase == LINE_SENT && now_ns >= line->deadline_ns)
		late(s, state, i, now_ns);
	if (line->phase == LINE_SENT)
		s->wake_ns = MIN(s->wake_ns, line->deadline_ns);
}

/* In the order of the list: a link has one line under way, and none overtakes what it waits for. */
static void
advance(struct safe *s, uint32_t state, int64_t now_ns)
{
	const struct image_safe_state *d = image_safe_state_at(s->img, state);

	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++) {
		const struct image_safe_line *l = image_safe_line_at(s->img, i);
		struct line *line = &s->lines[i];

		if (line->phase == LINE_QUEUED && !is_behind(s, l) &&
			(l->after == IMAGE_NONE || is_settled(&s->lines[l->after])))
			start_line(s, state, i, now_ns);
		if (line->phase == LINE_SENT || line->phase == LINE_CONFIRMED ||
			line->phase == LINE_LATE)
			look_at(s, state, i, now_ns);
		if (line->phase == LINE_QUEUED || line->phase == LINE_SENT)
			keep_busy(s, l);
	}
}

/* One that failed counts as confirmed when its second way does. */
static bool
is_late(const struct safe *s, uint32_t i)
{
	while (i != IMAGE_NONE && s->lines[i].phase == LINE_LATE)
		i = image_safe_line_at(s->img, i)->otherwise;
	return i == IMAGE_NONE || s->lines[i].phase != LINE_CONFIRMED;
}

/* Confirmed: all that is wanted. What another safe state has is as it is there, wherever that is. */
static enum safe_phase
phase_now(const struct safe *s, uint32_t state)
{
	const struct image_safe_state *d = image_safe_state_at(s->img, state);
	bool is_under_way = false, any_late = false;

	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++) {
		uint32_t output = image_safe_line_at(s->img, i)->output;
		bool is_elsewhere =
			s->lines[i].phase == LINE_OVERTAKEN && s->holder[output] != IMAGE_NONE;
		const struct line *l = &s->lines[is_elsewhere ? s->holder[output] : i];

		is_under_way = is_under_way || l->phase == LINE_QUEUED || l->phase == LINE_SENT;
		any_late =
			any_late || (l->phase == LINE_LATE && is_late(s, (uint32_t)(l - s->lines)));
	}
	return any_late ? SAFE_NOT_CONFIRMED : is_under_way ? SAFE_UNDER_WAY : SAFE_REACHED;
}

static bool
is_there(const struct safe *s, uint32_t i)
{
	const struct image_safe_line *l = image_safe_line_at(s->img, i);
	double held;

	return outputs_is_confirmed(s->outputs, l->output) &&
	       outputs_held(s->outputs, l->output, &held) && held <= l->value && held >= l->value;
}

bool
safe_is_whole(const struct safe *s, uint32_t state)
{
	const struct image_safe_state *d = image_safe_state_at(s->img, state);

	if (s->held[state].phase != SAFE_REACHED)
		return false;
	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++)
		if (!image_safe_line_at(s->img, i)->is_otherwise && !is_there(s, i))
			return false;
	return true;
}

/* What of a reached state is not as its first lines say. */
static void
describe(const struct safe *s, uint32_t state, char *out, size_t cap)
{
	const struct image_safe_state *d = image_safe_state_at(s->img, state);
	size_t used = 0;

	out[0] = '\0';
	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines && used < cap; i++) {
		const struct image_safe_line *l = image_safe_line_at(s->img, i);
		const struct image_output *o = image_output_at(s->img, l->output);
		bool is_elsewhere = s->lines[i].phase == LINE_OVERTAKEN;

		if (l->is_otherwise || is_there(s, i))
			continue;
		used += (size_t)snprintf(out + used, cap - used, "%sbut '%.40s', %s",
			used == 0 ? "" : ", ",
			image_text(s->img, image_channel_at(s->img, o->channel)->name),
			is_elsewhere ? "which another safe state has"
				     : "of which the second way is");
	}
}

static void
step_state(struct safe *s, uint32_t state, int64_t now_ns)
{
	enum safe_phase before = (enum safe_phase)s->held[state].phase, now;
	char text[EVENT_TEXT];

	memset(s->is_busy, 0, s->img->links.n);
	advance(s, state, now_ns);
	now = phase_now(s, state);
	if (now == before)
		return;
	show(s, state, now, now_ns);
	if (now != SAFE_REACHED)
		return;
	describe(s, state, text, sizeof(text));
	emit(s, EVENT_SAFE_STATE_REACHED, state, text, now_ns);
}

/* The output itself tries again what was not taken; what it could not take at all is ordered anew. */
static void
retry(struct safe *s, uint32_t state, int64_t now_ns)
{
	const struct image_safe_state *d = image_safe_state_at(s->img, state);

	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++) {
		struct line *line = &s->lines[i];
		const struct image_safe_line *l = image_safe_line_at(s->img, i);
		struct output_order order = { .value = l->value,
			.ramp = l->ramp,
			.owner = s->held[state].owner,
			.cause = s->held[state].cause };
		struct err err;

		if (line->phase != LINE_LATE)
			continue;
		if (now_ns >= line->again_ns) {
			line->again_ns = now_ns + AGAIN_NS;
			if (outputs_owner(s->outputs, l->output) < OWNER_SAFE_STATE &&
				outputs_set(s->outputs, l->output, &order, now_ns, &err) < 0)
				continue;
		}
		s->wake_ns = MIN(s->wake_ns, line->again_ns);
	}
}

void
safe_step(struct safe *s, int64_t now_ns)
{
	s->wake_ns = NEVER;
	for (uint32_t i = 0; i < s->img->safe_states.n; i++)
		if (s->held[i].is_held) {
			step_state(s, i, now_ns);
			retry(s, i, now_ns);
		}
}

static void
begin(struct safe *s, uint32_t state, enum output_owner owner, uint64_t cause, int64_t now_ns)
{
	const struct image_safe_state *d = image_safe_state_at(s->img, state);

	owner = MAX(owner, (enum output_owner)s->held[state].owner);
	s->held[state] = (struct held){
		.is_held = true, .owner = (uint8_t)owner, .phase = SAFE_UNDER_WAY, .cause = cause
	};
	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++) {
		const struct image_safe_line *l = image_safe_line_at(s->img, i);

		s->lines[i].phase = l->is_otherwise ? LINE_OUT : LINE_QUEUED;
		/* It moves no more, and nobody else sets it, while it waits for its turn. */
		if (!l->is_otherwise && outputs_owner(s->outputs, l->output) < OWNER_SAFE_STATE) {
			s->holder[l->output] = i;
			outputs_claim(s->outputs, l->output, owner, now_ns);
		}
	}
	show(s, state, SAFE_UNDER_WAY, now_ns);
}

void
safe_begin(struct safe *s, uint32_t state, enum output_owner owner, uint64_t cause, const char *why,
	int64_t now_ns)
{
	if (s->img->is_observed)
		return;
	s->sink.make_way(s->sink.ctx);
	begin(s, state, owner, cause, now_ns);
	/* Recorded without waiting: the bytes go at once, and the event is their cause. */
	emit(s, EVENT_SAFE_STATE_BEGAN, state, why, now_ns);
	step_state(s, state, now_ns);
}

void
safe_restore(
	struct safe *s, uint32_t state, enum output_owner owner, uint64_t cause, int64_t now_ns)
{
	if (s->img->is_observed)
		return;
	begin(s, state, owner, cause, now_ns);
	step_state(s, state, now_ns);
}

/* Does another safe state that is held wait for this output? It takes it back. */
static bool
hand_over(struct safe *s, uint32_t output)
{
	uint32_t best = IMAGE_NONE;

	for (uint32_t i = 0; i < s->img->safe_lines.n; i++)
		if (s->lines[i].phase == LINE_OVERTAKEN &&
			image_safe_line_at(s->img, i)->output == output &&
			(best == IMAGE_NONE || s->held[s->lines[i].state].owner >
						       s->held[s->lines[best].state].owner))
			best = i;
	if (best != IMAGE_NONE)
		s->lines[best].phase = LINE_QUEUED;
	s->holder[output] = best;
	return best != IMAGE_NONE;
}

/* Those that have lines in the queue again. */
static void
step_others(struct safe *s, int64_t now_ns)
{
	for (uint32_t i = 0; i < s->img->safe_states.n; i++)
		if (s->held[i].is_held)
			step_state(s, i, now_ns);
}

void
safe_leave(struct safe *s, uint32_t state, int64_t now_ns)
{
	const struct image_safe_state *d = image_safe_state_at(s->img, state);

	if (!s->held[state].is_held)
		return;
	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++)
		s->lines[i].phase = LINE_OUT;
	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++) {
		uint32_t output = image_safe_line_at(s->img, i)->output;

		if (s->holder[output] != i)
			continue;
		if (!hand_over(s, output))
			outputs_release(s->outputs, output, OWNER_TRIP, now_ns);
	}
	s->held[state].is_held = false;
	s->held[state].owner = OWNER_NONE;
	show(s, state, SAFE_IDLE, now_ns);
	step_others(s, now_ns);
}

bool
safe_is_held(const struct safe *s, uint32_t state)
{
	return s->held[state].is_held;
}

enum safe_phase
safe_phase_of(const struct safe *s, uint32_t state)
{
	return (enum safe_phase)s->held[state].phase;
}

uint32_t
safe_held(const struct safe *s)
{
	for (uint32_t i = 0; i < s->img->safe_states.n; i++)
		if (s->held[i].is_held)
			return i;
	return IMAGE_NONE;
}

uint32_t
safe_holder(const struct safe *s, uint32_t output)
{
	return s->holder[output] == IMAGE_NONE ? IMAGE_NONE : s->lines[s->holder[output]].state;
}

bool
safe_value(const struct image *img, uint32_t state, uint32_t output, double *out)
{
	const struct image_safe_state *d = image_safe_state_at(img, state);

	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++) {
		const struct image_safe_line *l = image_safe_line_at(img, i);

		if (l->output == output && !l->is_otherwise) {
			*out = l->value;
			return true;
		}
	}
	return false;
}

bool
safe_wants(const struct image *img, uint32_t state, uint32_t output, double value)
{
	const struct image_safe_state *d = image_safe_state_at(img, state);

	for (uint32_t i = d->first_line; i < d->first_line + d->n_lines; i++) {
		const struct image_safe_line *l = image_safe_line_at(img, i);

		if (l->output == output && !l->is_otherwise && !(l->value < value) &&
			!(l->value > value))
			return true;
	}
	return false;
}

enum output_owner
safe_owner(const struct safe *s, uint32_t state)
{
	return s->held[state].is_held ? (enum output_owner)s->held[state].owner : OWNER_NONE;
}

uint64_t
safe_cause(const struct safe *s, uint32_t state)
{
	return s->held[state].cause;
}

int64_t
safe_wake(const struct safe *s)
{
	return s->wake_ns;
}

/* Has a safe state that is held a line for it? */
static bool
is_wanted(const struct safe *s, uint32_t output)
{
	for (uint32_t i = 0; i < s->img->safe_lines.n; i++)
		if (s->lines[i].phase != LINE_OUT &&
			image_safe_line_at(s->img, i)->output == output)
			return true;
	return false;
}

void
safe_adopt(struct safe *s, const struct safe *from, int64_t now_ns)
{
	for (uint32_t i = 0; i < s->img->safe_states.n; i++) {
		const char *name = image_text(s->img, image_safe_state_at(s->img, i)->name);

		show(s, i, SAFE_IDLE, now_ns);
		for (uint32_t k = 0; k < from->img->safe_states.n; k++)
			if (from->held[k].is_held &&
				strcmp(name, image_text(from->img,
						     image_safe_state_at(from->img, k)->name)) == 0)
				safe_restore(s, i, (enum output_owner)from->held[k].owner,
					from->held[k].cause, now_ns);
	}
	/* What belonged to a safe state that is no more, or to a line that it has no more, stays where it is. */
	for (uint32_t i = 0; i < s->img->outputs.n; i++)
		if (outputs_owner(s->outputs, i) >= OWNER_SAFE_STATE && !is_wanted(s, i))
			outputs_release(s->outputs, i, OWNER_TRIP, now_ns);
}
