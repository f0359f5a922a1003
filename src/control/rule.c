/* rule.c - rules: when this becomes true, do that */
#include "control/rule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum phase { IDLE, ARMED, HOLDING };

struct watch {
	int64_t since_ns; /* HOLDING */
	enum phase phase;
};

/* Of an output: it is away from `before` until its end. */
struct pulse {
	int64_t end_ns; /* 0: there is none */
	double before, value;
	uint64_t cause;
	uint32_t rule;
	struct image_action action; /* a copy: it outlives a reload that removes the rule */
};

struct rules {
	const struct image *img;
	struct rules_sink sink;
	struct watch *watches; /* [rule] */
	struct pulse *pulses;  /* [output] */
	uint32_t n_pulses;     /* under way */
};

struct rules *
rules_new(const struct image *img, const struct rules_sink *sink)
{
	struct rules *r = mem_zero(1, sizeof(*r));

	r->img = img;
	r->sink = *sink;
	r->watches = mem_zero(img->rules.n, sizeof(*r->watches));
	r->pulses = mem_zero(img->outputs.n, sizeof(*r->pulses));
	return r;
}

void
rules_free(struct rules *r)
{
	if (r == NULL)
		return;
	free(r->watches);
	free(r->pulses);
	free(r);
}

static bool
is_same(double a, double b)
{
	return !(a < b) && !(a > b);
}

/* ---- events -------------------------------------------------------------------------------------------------------------- */

static uint64_t
tell(struct rules *r, uint32_t rule, enum event_kind kind, uint64_t cause, const char *text,
	int64_t now_ns)
{
	struct event e = { .kind = kind, .stamp_ns = now_ns, .cause = cause };

	text_copy(e.subject, sizeof(e.subject),
		image_text(r->img, image_rule_at(r->img, rule)->name));
	text_copy(e.text, sizeof(e.text), text);
	return r->sink.event(r->sink.ctx, &e);
}

/* A toggle or a pulse starts from what was asked before; where nobody knows, it does nothing. */
static void
tell_unknown(struct rules *r, uint32_t rule, const struct image_action *a, uint64_t cause,
	int64_t now_ns)
{
	const struct image_output *o = image_output_at(r->img, a->output);
	char text[EVENT_TEXT];

	snprintf(text, sizeof(text), "nobody knows what was asked of '%.60s' last; set it once",
		image_text(r->img, image_channel_at(r->img, o->channel)->name));
	tell(r, rule, EVENT_COMMAND_REFUSED, cause, text, now_ns);
}

/* ---- actions ------------------------------------------------------------------------------------------------------------- */

static void
end_pulse(struct rules *r, struct pulse *p)
{
	r->n_pulses -= p->end_ns != 0;
	p->end_ns = 0;
}

static void
set(struct rules *r, uint32_t rule, const struct image_action *a, double value, uint64_t cause)
{
	struct pulse *p = &r->pulses[a->output];

	/* It is to stay where a pulse has brought it. Where it is to go elsewhere, the end of the pulse sees whether it went. */
	if (p->end_ns != 0 && is_same(p->value, value))
		end_pulse(r, p);
	r->sink.act(r->sink.ctx, rule, a, value, cause);
}

static void
toggle(struct rules *r, uint32_t rule, const struct image_action *a, uint64_t cause, int64_t now_ns)
{
	double was;

	if (r->sink.target(r->sink.ctx, a->output, &was))
		set(r, rule, a, is_same(was, 0) ? 1 : 0, cause);
	else
		tell_unknown(r, rule, a, cause, now_ns);
}

static void
pulse(struct rules *r, uint32_t rule, const struct image_action *a, uint64_t cause, int64_t now_ns)
{
	struct pulse *p = &r->pulses[a->output];
	bool is_under_way = p->end_ns != 0, is_longer;
	double was = 0, now = 0, before = p->before;
	bool is_known = r->sink.target(r->sink.ctx, a->output, &was), is_known_now;

	if (!is_known && !is_under_way) {
		tell_unknown(r, rule, a, cause, now_ns);
		return;
	}
	if (is_known && !(is_under_way && is_same(was, p->value)))
		before = was;
	r->sink.act(r->sink.ctx, rule, a, a->value, cause);
	is_known_now = r->sink.target(r->sink.ctx, a->output, &now);
	if (is_known && is_known_now && is_same(now, was) && !is_same(now, a->value))
		return; /* refused; one that is under way goes on to its own end */
	if (!is_known_now)
		now = a->value;
	is_longer = is_under_way && is_same(p->value, now);
	r->n_pulses += !is_under_way;
	*p = (struct pulse){ .end_ns = MAX(now_ns + a->pulse_ns, is_longer ? p->end_ns : 0),
		.before = before,
		.value = now,
		.cause = cause,
		.rule = rule,
		.action = *a };
}

static void
act(struct rules *r, uint32_t rule, int64_t now_ns)
{
	const struct image_rule *d = image_rule_at(r->img, rule);
	uint64_t cause = tell(r, rule, EVENT_RULE_ACTED, 0, "", now_ns);

	for (uint32_t i = 0; i < d->n_actions; i++) {
		const struct image_action *a = image_action_at(r->img, d->first_action + i);

		switch ((enum image_action_kind)a->kind) {
		case ACTION_SET:
			set(r, rule, a, a->value, cause);
			break;
		case ACTION_TOGGLE:
			toggle(r, rule, a, cause, now_ns);
			break;
		case ACTION_PULSE:
			pulse(r, rule, a, cause, now_ns);
			break;
		case ACTION_NOTIFY:
			tell(r, rule, EVENT_RULE_NOTIFIES, cause, image_text(r->img, a->text),
				now_ns);
			break;
		case ACTIONS:
			break;
		}
	}
}

/* ---- the tick ------------------------------------------------------------------------------------------------------------ */

/* See the condition once more; has it now held for so long since it became true? */
static bool
step(struct watch *w, enum truth truth, int64_t for_ns, int64_t now_ns)
{
	if (truth != TRUTH_TRUE) {
		w->phase = truth == TRUTH_FALSE ? ARMED : IDLE;
		return false;
	}
	if (w->phase == ARMED) {
		w->phase = HOLDING;
		w->since_ns = now_ns;
	}
	if (w->phase != HOLDING || now_ns - w->since_ns < for_ns)
		return false;
	w->phase = IDLE;
	return true;
}

/* The end of its pulse: back, unless somebody has asked for something else since. */
static void
come_back(struct rules *r, struct pulse *p)
{
	double now;

	end_pulse(r, p);
	if (!r->sink.target(r->sink.ctx, p->action.output, &now) || is_same(now, p->value))
		r->sink.act(r->sink.ctx, p->rule, &p->action, p->before, p->cause);
}

void
rules_tick(struct rules *r, int64_t now_ns)
{
	for (uint32_t i = 0; i < r->img->rules.n; i++) {
		const struct image_rule *d = image_rule_at(r->img, i);

		if (step(&r->watches[i], r->sink.truth(r->sink.ctx, &d->when), d->for_ns, now_ns))
			act(r, i, now_ns);
	}
	/* Behind the rules: one that acts again at the very end makes the pulse longer. */
	for (uint32_t i = 0; i < r->img->outputs.n && r->n_pulses > 0; i++)
		if (r->pulses[i].end_ns != 0 && now_ns >= r->pulses[i].end_ns)
			come_back(r, &r->pulses[i]);
}

/* ---- reload -------------------------------------------------------------------------------------------------------------- */

static uint32_t
find_output(const struct image *img, uint32_t id)
{
	for (uint32_t i = 0; i < img->outputs.n; i++)
		if (image_channel_at(img, image_output_at(img, i)->channel)->id == id)
			return i;
	return IMAGE_NONE;
}

static uint32_t
find_rule(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->rules.n; i++)
		if (strcmp(image_text(img, image_rule_at(img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

void
rules_adopt(struct rules *r, const struct rules *from)
{
	for (uint32_t i = 0; i < from->img->outputs.n && from->n_pulses > 0; i++) {
		const struct image_output *o = image_output_at(from->img, i);
		const struct pulse *old = &from->pulses[i];
		uint32_t to;

		if (old->end_ns == 0)
			continue;
		to = find_output(r->img, image_channel_at(from->img, o->channel)->id);
		if (to == IMAGE_NONE || r->pulses[to].end_ns != 0)
			continue;
		r->pulses[to] = *old;
		r->pulses[to].action.output = to;
		r->pulses[to].action.text = 0;
		r->pulses[to].rule =
			old->rule == IMAGE_NONE
				? IMAGE_NONE
				: find_rule(r->img,
					  image_text(from->img,
						  image_rule_at(from->img, old->rule)->name));
		r->n_pulses++;
	}
}
