/* emit_power.c - signs of life, and what happens when power was lost, as parts of the image */
#include "compile/emit.h"

static uint32_t
place_of(const struct bench *b, uint32_t channel)
{
	return channel == IMAGE_NONE ? IMAGE_NONE : b->channels.at[channel].place;
}

static void
emit_heartbeat(struct emit *e, struct image *img)
{
	const struct bench_heartbeat *h = &e->b->heartbeat;

	if (h->keys == NULL)
		return;
	img->heartbeat = (struct image_heartbeat){ .channel = place_of(e->b, h->channel),
		.state = place_of(e->b, h->state),
		.toggles = place_of(e->b, h->toggles),
		.every_ns = h->every_ns,
		.drop_out_ns = h->drop_out_ns };
}

static struct image_guard
guard(const struct bench *b, const struct image_guard *g)
{
	return (struct image_guard){ .channel = place_of(b, g->channel), .is = g->is };
}

static struct image_table
emit_watchdogs(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->watchdogs.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_watchdog *w = &b->watchdogs.at[i];
		struct image_watchdog d = {
			.instrument = w->instrument,
			.state = place_of(b, w->state),
			.timeout = guard(b, &w->timeout),
			.armed = guard(b, &w->armed),
			.tripped = guard(b, &w->tripped),
			.first_value = w->first_value,
			.n_values = w->n_values,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_watchdog_values(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->watchdog_values.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_watchdog_value d = e->b->watchdog_values.at[i];

		d.channel = place_of(e->b, d.channel);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_uptimes(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->uptimes.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_uptime d = e->b->uptimes.at[i];

		d.channel = place_of(e->b, d.channel);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_rows(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->power_rows.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_power_row *r = &e->b->power_rows.at[i];
		struct image_power_row d = {
			.when = { .first_op = r->when.first_op,
				.n_ops = r->when.n_ops,
				.text = emit_text(e, r->when.text) },
			.what = r->what,
			.to = r->to,
			.first_output = r->first_output,
			.n_outputs = r->n_outputs,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_lasts(struct emit *e)
{
	struct image_table t = emit_table(e, e->b->lasts.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_last d = { .channel = place_of(e->b, e->b->lasts.at[i].channel),
			.state = place_of(e->b, e->b->lasts.at[i].state) };

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

void
emit_power(struct emit *e, struct image *img)
{
	const struct bench *b = e->b;

	emit_heartbeat(e, img);
	img->needs = emit_table(e, b->needs.n);
	buf_put(e->out, b->needs.at, b->needs.n * sizeof(*b->needs.at));
	img->watchdogs = emit_watchdogs(e);
	img->watchdog_values = emit_watchdog_values(e);
	img->uptimes = emit_uptimes(e);
	img->power = b->power;
	img->power.mains = place_of(b, b->power.mains);
	img->power.low = place_of(b, b->power.low);
	if (!b->power.is_watched)
		img->power = (struct image_power){ .mains = IMAGE_NONE, .low = IMAGE_NONE };
	img->power_rows = emit_rows(e);
	img->has_power_loss = b->power_rows.n > 0;
	img->power_outputs = emit_table(e, b->power_outputs.n);
	buf_put(e->out, b->power_outputs.at, b->power_outputs.n * sizeof(*b->power_outputs.at));
	img->lasts = emit_lasts(e);
	img->restoring = place_of(b, b->restoring);
	img->outage = place_of(b, b->outage);
}
