/* emit_conditions.c - trips, interlocks, alarms and rules as tables of an image */
#include "compile/emit.h"

static struct image_cond
cond(struct emit *e, const struct bench_cond *c)
{
	return (struct image_cond){
		.first_op = c->first_op,
		.n_ops = c->n_ops,
		.text = emit_text(e, c->text),
	};
}

static uint32_t
channel(const struct emit *e, uint32_t i)
{
	return e->b->channels.at[i].place;
}

static struct image_table
emit_trips(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->trips.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_trip *p = &e->b->trips.at[i];
		struct image_trip d = {
			.name = emit_text(e, p->name),
			.title = emit_text(e, p->title),
			.when = cond(e, &p->when),
			.for_ns = p->for_ns,
			.on_bad_ns = p->on_bad_ns,
			.reset_after_ns = p->reset_after_ns,
			.bypass_max_ns = p->bypass_max_ns,
			.warmup_ns = p->warmup_ns,
			.test_every_ns = p->test_every_ns,
			.to = p->to,
			.is_latched = p->is_latched,
			.interlock = p->interlock,
			.state = channel(e, p->state),
			.protected_by = emit_text(e, p->protected_by),
			.tested = emit_text(e, p->tested),
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_interlocks(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->interlocks.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_interlock *k = &e->b->interlocks.at[i];
		struct image_interlock d = {
			.name = emit_text(e, k->name),
			.title = emit_text(e, k->title),
			.forbid = cond(e, &k->forbid),
			.trip = k->trip,
			.state = channel(e, k->state),
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_alarms(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->alarms.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_alarm *a = &b->alarms.at[b->alarm_order[i]];
		struct image_alarm d = {
			.name = emit_text(e, a->name),
			.title = emit_text(e, a->title),
			.action = emit_text(e, a->action),
			.state = channel(e, a->state),
			.when = cond(e, &a->when),
			.clear = cond(e, &a->clear),
			.suppress = cond(e, &a->suppress),
			.for_ns = a->for_ns,
			.off_for_ns = a->off_for_ns,
			.on_bad_ns = a->on_bad_ns,
			.shelve_max_ns = a->shelve_max_ns,
			.parent = a->parent == IMAGE_NONE ? IMAGE_NONE
							  : b->alarms.at[a->parent].place,
			.first_out = a->first_out,
			.priority = (uint8_t)a->priority,
			.is_latched = a->is_latched,
			.needs_ack = a->needs_ack,
			.is_notified = a->is_notified,
			.first_member = a->to.first,
			.n_members = a->to.n,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_rules(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->rules.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_rule *r = &e->b->rules.at[i];
		struct image_rule d = {
			.name = emit_text(e, r->name),
			.first_action = r->first_action,
			.n_actions = r->n_actions,
			.when = cond(e, &r->when),
			.for_ns = r->for_ns,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_actions(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->actions.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_action *a = &e->b->actions.at[i];
		struct image_action d = {
			.kind = a->kind,
			.output = a->output,
			.value = a->value,
			.pulse_ns = a->pulse_ns,
			.text = emit_text(e, a->text),
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

void
emit_conditions(struct emit *e, struct image *img)
{
	img->trips = emit_trips(e);
	img->interlocks = emit_interlocks(e);
	img->alarms = emit_alarms(e);
	img->rules = emit_rules(e);
	img->actions = emit_actions(e);
}
