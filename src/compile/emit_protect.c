/* emit_protect.c - outputs and safe states as parts of the image */
#include "compile/emit.h"

/* Where a channel of the bench's table stands in the image. */
static uint32_t
place_of(const struct bench *b, uint32_t channel)
{
	return channel == IMAGE_NONE ? IMAGE_NONE : b->channels.at[channel].place;
}

static struct image_table
emit_outputs(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->outputs.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_output *o = &b->outputs.at[i];
		struct image_output d = {
			.channel = place_of(b, o->channel),
			.at = place_of(b, o->at),
			.target = place_of(b, o->target),
			.working = place_of(b, o->working),
			.owner = place_of(b, o->owner),
			.mode = place_of(b, o->mode),
			.hazard = (uint8_t)o->hazard,
			.fails = (uint8_t)o->fails,
			.has_verify = o->has_verify,
			.has_limits = o->has_limits,
			.needs_confirm = o->confirm != NULL,
			.is_inverted_table = o->is_inverted_table,
			.first_knot = o->first_knot,
			.n_knots = o->n_knots,
			.factor = o->factor,
			.offset = o->offset,
			.min = o->min,
			.max = o->max,
			.ramp = o->ramp,
			.verify_within = o->verify_within,
			.verify_after_ns = o->verify_after_ns,
			.verify_tries = (uint32_t)o->verify_tries,
			.refresh_ns = o->refresh_ns,
			.max_writes = (uint32_t)o->max_writes,
			.shutoff = o->shutoff,
			.shutoff_is = (uint32_t)o->shutoff_is,
			.holdback = o->holdback,
			.first_part = o->first_part,
			.n_parts = o->n_parts,
			.first_end = o->first_end,
			.n_ends = o->n_ends,
			.is_off_first = o->is_off_first,
			.n_coefficients = o->n_coefficients,
			.first_coefficient = o->first_coefficient,
			.has_valve = o->valve != IMAGE_NONE,
			.valve = o->valve == IMAGE_NONE ? 0 : o->valve,
			.poly_low = o->poly_low,
			.poly_high = o->poly_high,
			.loop = o->loop,
			.rate_part = o->rate_part,
			.rate_factor = o->rate_factor,
			.at_once = o->at_once,
			.has_at_once = o->has_at_once,
			.has_progress = o->progress != IMAGE_NONE,
			.progress = o->progress == IMAGE_NONE ? 0 : place_of(b, o->progress),
			.progress_factor = o->progress_factor,
			.progress_offset = o->progress_offset,
			.progress_within = o->progress_within,
			.has_measured = o->has_measured,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_safe_states(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->safe_states.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_safe_state *s = &b->safe_states.at[i];
		struct image_safe_state d = {
			.name = emit_text(e, s->name),
			.title = emit_text(e, s->title),
			.first_line = s->first_line,
			.n_lines = s->n_lines,
			.state = place_of(b, s->state),
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

void
emit_protection(struct emit *e, struct image *img)
{
	const struct bench *b = e->b;

	img->outputs = emit_outputs(e);
	img->loops = emit_table(e, b->loops.n);
	buf_put(e->out, b->loops.at, b->loops.n * sizeof(*b->loops.at));
	img->safe_states = emit_safe_states(e);
	img->safe_lines = emit_table(e, b->safe_lines.n);
	buf_put(e->out, b->safe_lines.at, b->safe_lines.n * sizeof(*b->safe_lines.at));
	img->restore = emit_table(e, b->restore.n);
	buf_put(e->out, b->restore.at, b->restore.n * sizeof(*b->restore.at));
	emit_kinds(e, img);
	img->on_stop = b->on_stop;
	img->is_observed = b->is_observed;
	img->bench_state = place_of(b, b->bench_state);
	img->horn = place_of(b, b->horn);
	img->last_alarm = place_of(b, b->last_alarm);
}
