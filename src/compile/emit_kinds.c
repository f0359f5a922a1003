/* emit_kinds.c - kinds of outputs, and what stands between a device and people, as parts of the image */
#include "compile/emit.h"

static struct image_table
emit_parts(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->parts.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_part d = b->parts.at[i];

		d.at = b->channels.at[d.at].place;
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_gases(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->gases.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_gas *g = &b->gases.at[i];
		struct image_gas d = { .channel = b->channels.at[g->channel].place,
			.calibrated = emit_text(e, g->calibrated),
			.flowing = emit_text(e, g->flowing),
			.reference = emit_text(e, g->reference),
			.factor = g->factor };

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_calibrations(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->calibrations.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_calibration *k = &b->calibrations.at[i];
		struct image_calibration d = { .channel = b->channels.at[k->channel].place,
			.raw = b->channels.at[k->raw].place,
			.date = emit_text(e, k->date),
			.due = emit_text(e, k->due),
			.certificate = emit_text(e, k->certificate),
			.due_s = k->due_s };

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

void
emit_kinds(struct emit *e, struct image *img)
{
	const struct bench *b = e->b;

	img->parts = emit_parts(e);
	img->numbers = emit_table(e, b->numbers.n);
	buf_put(e->out, b->numbers.at, b->numbers.n * sizeof(*b->numbers.at));
	img->gases = emit_gases(e);
	img->calibrations = emit_calibrations(e);
	img->has_lock = b->lock != IMAGE_NONE;
	if (!img->has_lock)
		return;
	img->lock = b->channels.at[b->lock].place;
	img->lock_is = (uint32_t)b->lock_is;
	img->lock_state = b->channels.at[b->lock_state].place;
}
