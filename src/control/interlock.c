/* interlock.c - may this be written? judged on what is measured, on what was sent, and on what was asked for */
#include <string.h>

#include "base/clock.h"
#include "control/output_inside.h"
#include "control/trip_inside.h"

/* What channels would hold: the output that is to be written its new value; the others what is measured, sent, or asked of them. */
struct supposition {
	const struct trips *t;
	uint32_t output;  /* IMAGE_NONE: a channel that no output writes .. */
	uint32_t channel; /* .. this one; IMAGE_NONE */
	double value;
	enum { AS_MEASURED, AS_SENT, AS_ASKED } others;
	uint32_t
		n_done; /* of a pattern: so many of its parts have their new value, in the order of writing */
};

static bool
is_of(const struct image_output *o, uint32_t channel)
{
	return channel == o->channel || channel == o->target || channel == o->working ||
	       channel == o->at;
}

/* A part of a pattern, which is what it will be at that choice, or what it is as long as it was not written. */
static bool
part_would_hold(const struct supposition *s, uint32_t channel, double *out)
{
	const struct image *img = s->t->img;
	uint32_t output, part = image_find_part(img, channel, &output);
	const struct image_output *o;
	double choice = s->value;

	if (part == IMAGE_NONE)
		return false;
	o = image_output_at(img, output);
	if (output == s->output &&
		output_part_order(img, o, part - o->first_part, choice) >= s->n_done)
		return false;
	if (output != s->output &&
		(s->others == AS_MEASURED ||
			!(s->others == AS_SENT ? outputs_working(s->t->outputs, output, &choice)
					       : outputs_target(s->t->outputs, output, &choice))))
		return false;
	*out = output_part_value(img, o, part - o->first_part, choice);
	return true;
}

/* Is it that channel of an instrument, or one of the bench that shows it as it is? */
static bool
shows(const struct image *img, uint32_t channel, uint32_t of)
{
	const struct image_channel *ch;

	if (of == IMAGE_NONE || channel >= img->channels.n)
		return false;
	for (ch = image_channel_at(img, channel);
		channel != of && ch->source_kind == SOURCE_CHANNEL && !ch->has_scale &&
		!ch->has_bit;
		ch = image_channel_at(img, channel))
		channel = ch->source;
	return channel == of;
}

static bool
would_hold(void *ctx, uint32_t channel, double *out)
{
	const struct supposition *s = ctx;
	const struct image *img = s->t->img;

	if (shows(img, channel, s->channel)) {
		*out = s->value;
		return true;
	}
	for (uint32_t i = 0; i < img->outputs.n; i++) {
		const struct image_output *o = image_output_at(img, i);

		if (!is_of(o, channel))
			continue;
		if (i == s->output)
			*out = s->value;
		else if (channel == o->target || channel == o->working ||
			 s->others == AS_MEASURED ||
			 !(s->others == AS_SENT ? outputs_working(s->t->outputs, i, out)
						: outputs_target(s->t->outputs, i, out)))
			return false;
		if (channel == o->at && o->at != o->channel)
			*out = output_to_at(img, o, *out);
		return true;
	}
	return part_would_hold(s, channel, out);
}

static bool
reads_output(const struct trips *t, const struct image_cond *cond, uint32_t output)
{
	const struct image_output *o = image_output_at(t->img, output);
	const struct expr_op *ops =
		(const struct expr_op *)image_at(t->img, &t->img->code) + cond->first_op;

	for (uint32_t i = 0; i < cond->n_ops; i++) {
		uint32_t channel = expr_op_reads(&ops[i]);

		if (is_of(o, channel))
			return true;
		for (uint32_t k = o->first_part; k < o->first_part + o->n_parts; k++)
			if (image_part_at(t->img, k)->at == channel)
				return true;
	}
	return false;
}

static int
check(struct trips *t, const struct image_interlock *k, uint32_t output, uint32_t channel,
	double value, uint32_t n_done, struct err *err)
{
	struct supposition s = {
		.t = t, .output = output, .channel = channel, .value = value, .n_done = n_done
	};

	for (int others = AS_MEASURED; others <= AS_ASKED; others++) {
		enum truth truth;

		s.others = others;
		truth = t->sink.suppose(t->sink.ctx, &k->forbid, would_hold, &s);
		if (truth == TRUTH_FALSE)
			continue;
		return err_set(err, ERR_REFUSED, 0,
			"the interlock '%.60s' forbids it: %.80s %s; %s",
			image_text(t->img, k->name), image_text(t->img, k->forbid.text),
			truth == TRUTH_TRUE ? "would be true" : "cannot be judged",
			truth == TRUTH_TRUE ? "change the other side first"
					    : "see which channel of it is bad");
	}
	return 0;
}

/* Is it the safe value, or nearer to it than what the device holds? Of words only the safe one is. */
static bool
is_towards_safe(const struct trips *t, uint32_t state, uint32_t output, double value)
{
	const struct image_channel *ch =
		image_channel_at(t->img, image_output_at(t->img, output)->channel);
	double safe, held;

	if (safe_wants(t->img, state, output, value))
		return true;
	return ch->type != VALUE_BOOL && ch->type != VALUE_CHOICE &&
	       safe_value(t->img, state, output, &safe) &&
	       outputs_held(t->outputs, output, &held) &&
	       ((held > value && value > safe) || (held < value && value < safe));
}

/* Until the inputs of all trips are known, what could hurt goes nowhere but to a value that is safe. */
static int
check_start(struct trips *t, uint32_t output, double value, struct err *err)
{
	const struct image_trip *waits;
	char span[CLOCK_TEXT_SIZE];

	if (image_output_at(t->img, output)->hazard == HAZARD_NONE || trips_are_ready(t))
		return 0;
	for (uint32_t i = 0; i < t->img->safe_states.n; i++)
		if (is_towards_safe(t, i, output, value))
			return 0;
	waits = image_trip_at(t->img, trips_not_ready_at(t));
	clock_span(span, waits->warmup_ns);
	if (waits->warmup_ns == 0 || t->at[trips_not_ready_at(t)].known_ns == NEVER)
		return err_set(err, ERR_TIMEOUT, 0,
			"the bench is starting: the inputs of trip '%.60s' are not known yet; "
			"wait, "
			"or see which of them is bad",
			image_text(t->img, waits->name));
	return err_set(err, ERR_TIMEOUT, 0,
		"the bench is starting: the inputs of trip '%.60s' have to be good for %s first; "
		"wait",
		image_text(t->img, waits->name), span);
}

int
trips_allow(struct trips *t, uint32_t output, double value, struct err *err)
{
	int rc = check_start(t, output, value, err);
	uint32_t n_parts;

	for (uint32_t i = 0; i < t->img->interlocks.n && rc == 0; i++) {
		const struct image_interlock *k = image_interlock_at(t->img, i);

		/* Towards safe is always allowed. */
		if (t->at[k->trip].state == TRIP_BYPASSED || !reads_output(t, &k->forbid, output) ||
			is_towards_safe(t, image_trip_at(t->img, k->trip)->to, output, value))
			continue;
		/* Of a pattern each step on the way is a write. */
		n_parts = image_output_at(t->img, output)->n_parts;
		for (uint32_t n = MIN(n_parts, 1u); n <= n_parts && rc == 0; n++)
			rc = check(t, k, output, IMAGE_NONE, value, n, err);
	}
	return rc;
}

static bool
reads_channel(const struct trips *t, const struct image_cond *cond, uint32_t of)
{
	const struct expr_op *ops =
		(const struct expr_op *)image_at(t->img, &t->img->code) + cond->first_op;

	for (uint32_t i = 0; i < cond->n_ops; i++)
		if (shows(t->img, expr_op_reads(&ops[i]), of))
			return true;
	return false;
}

int
trips_allow_channel(struct trips *t, uint32_t channel, double value, struct err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < t->img->interlocks.n && rc == 0; i++) {
		const struct image_interlock *k = image_interlock_at(t->img, i);

		if (t->at[k->trip].state != TRIP_BYPASSED && reads_channel(t, &k->forbid, channel))
			rc = check(t, k, IMAGE_NONE, channel, value, 0, err);
	}
	return rc;
}
