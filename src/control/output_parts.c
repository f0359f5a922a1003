/* output_parts.c - patterns: several channels of instruments as one output of choices
 *
 *	(choice) --> off first, then the others: QUEUED --> WRITING --> VERIFYING --> DONE    all DONE: the output is as asked
 *	                                                |        |
 *	                                                +--------+--> FAILED    the rest is not written, unless protection asks
 *
 * One part is under way at a time: the next is written when the one before is seen to hold. While that goes on what they
 * show together may be no choice, and is shown as changing. The output behind it (output_write.c) only knows that it is written.
 *
 * The rate of a ramp in the device (output_device.c) is a single part beside the value, and goes the same way.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/output_inside.h"
#include "msg/quality.h"

#define FULL_NS (20 * NS_PER_MS) /* the queue of the link had no room */

static const struct image_output *
output_of(const struct outputs *all, uint32_t i)
{
	return image_output_at(all->img, i);
}

static uint32_t
point_of(const struct outputs *all, uint32_t part)
{
	return image_channel_at(all->img, image_part_at(all->img, part)->at)->source;
}

/* What is written as parts: those of a pattern, or the rate of a ramp. */
static uint32_t
first_of(const struct image_output *o)
{
	return output_is_devices(o) ? o->rate_part - 1 : o->first_part;
}

static uint32_t
count_of(const struct image_output *o)
{
	return output_is_devices(o) ? 1 : o->n_parts;
}

static double
value_of(const struct image *img, const struct image_output *o, uint32_t first, uint32_t part,
	double choice)
{
	const struct image_part *p = image_part_at(img, first + part);
	uint32_t n = image_channel_at(img, o->channel)->n_choices;

	return choice >= 0 && choice < n ? image_numbers(img, p->first_value)[(uint32_t)choice]
					 : (double)NAN;
}

double
output_part_value(
	const struct image *img, const struct image_output *o, uint32_t part, double choice)
{
	return value_of(img, o, o->first_part, part, choice);
}

/* What opens goes first: nothing is joined for a moment that is joined neither before nor after. */
static bool
is_late(const struct image *img, const struct image_output *o, uint32_t part, double choice)
{
	return o->is_off_first && fabs(output_part_value(img, o, part, choice)) > 0;
}

uint32_t
output_part_order(
	const struct image *img, const struct image_output *o, uint32_t part, double choice)
{
	bool late = is_late(img, o, part, choice);
	uint32_t n = 0;

	for (uint32_t k = 0; k < o->n_parts; k++) {
		bool other = is_late(img, o, k, choice);

		n += other == late ? k < part : late;
	}
	return n;
}

void
output_parts_new(struct outputs *all)
{
	const struct image *img = all->img;

	all->parts = mem_zero(img->parts.n, sizeof(*all->parts));
	all->of_part = mem_zero(img->channels.n, sizeof(*all->of_part));
	all->opened = IMAGE_NONE;
	for (uint32_t i = 0; i < img->outputs.n; i++) {
		const struct image_output *o = output_of(all, i);

		for (uint32_t k = o->first_end; k < o->first_end + o->n_ends; k++) {
			all->parts[k].output = i;
			all->of_part[image_part_at(img, k)->at] = k + 1;
		}
	}
	for (uint32_t i = 0; i < img->outputs.n; i++) {
		const struct image_output *o = output_of(all, i);

		for (uint32_t k = first_of(o); k < first_of(o) + count_of(o); k++) {
			all->parts[k].output = i;
			all->parts[k].told = (double)NAN;
			all->of_part[image_part_at(img, k)->at] = k + 1;
		}
	}
}

void
output_parts_free(struct outputs *all)
{
	free(all->parts);
	free(all->of_part);
}

/* ---- what they show together --------------------------------------------------------------------------------------------- */

static bool
is_near(const struct outputs *all, uint32_t part, double wanted, double shown)
{
	const struct image_part *p = image_part_at(all->img, part);

	return fabs(shown - wanted) <=
	       output_tolerance_at(all->img, p->at, p->verify_within, shown);
}

static bool
is_same(const struct outputs *all, uint32_t part, double choice, double shown)
{
	const struct image_output *d = output_of(all, all->parts[part].output);
	uint32_t first = d->n_parts > 0 ? d->first_part : d->first_end;

	return is_near(all, part, value_of(all->img, d, first, part - first, choice), shown);
}

/* What a part is to hold. */
static double
wanted_of(const struct outputs *all, uint32_t part)
{
	const struct image_output *d = output_of(all, all->parts[part].output);
	const struct output *o = &all->at[all->parts[part].output];

	return output_is_devices(d)
		       ? output_rate_value(all->img, d, o->rate_asked)
		       : output_part_value(all->img, d, part - d->first_part, o->working);
}

/* The choice that n parts from `first` on show, NaN for none; the quality of the first that is bad, the oldest stamp. */
static void
measure(const struct outputs *all, uint32_t i, uint32_t first, uint32_t n,
	struct output_reading *out)
{
	uint32_t n_choices = image_channel_at(all->img, output_of(all, i)->channel)->n_choices;
	double shown[IMAGE_PARTS_MAX];

	*out = (struct output_reading){
		.number = (double)NAN, .quality = Q_GOOD, .stamp_ns = INT64_MAX
	};
	for (uint32_t k = 0; k < n; k++) {
		struct output_reading r;

		all->sink.read(all->sink.ctx, image_part_at(all->img, first + k)->at, &r);
		shown[k] = r.number;
		out->stamp_ns = MIN(out->stamp_ns, r.stamp_ns);
		if (quality_is_bad(r.quality) && out->quality == Q_GOOD)
			out->quality = r.quality;
	}
	for (uint32_t c = 0; c < n_choices && isnan(out->number); c++) {
		uint32_t k = 0;

		while (k < n && is_same(all, first + k, c, shown[k]))
			k++;
		if (k == n)
			out->number = c;
	}
}

static bool
is_under_way(const struct output *o)
{
	return o->phase == OUTPUT_WRITING || o->phase == OUTPUT_VERIFYING;
}

/* Ends that show nothing are on their way; those that show two places at once are broken. */
static bool
is_nowhere(const struct outputs *all, const struct image_output *d)
{
	for (uint32_t k = d->first_end; k < d->first_end + d->n_ends; k++) {
		struct output_reading r;

		all->sink.read(all->sink.ctx, image_part_at(all->img, k)->at, &r);
		if (r.number > 0)
			return false;
	}
	return d->n_ends > 0;
}

static void
show(struct outputs *all, uint32_t i, const struct output_reading *r)
{
	const struct image_output *d = output_of(all, i);
	enum quality quality = r->quality;

	if (quality == Q_GOOD && isnan(r->number))
		quality = (d->n_parts > 0 && is_under_way(&all->at[i])) || is_nowhere(all, d)
				  ? Q_CHANGING
				  : Q_NO_PATTERN;
	all->sink.measured(all->sink.ctx, d->channel, r->number, quality, r->stamp_ns);
}

void
output_parts_show(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);
	struct output_reading r;

	if (d->n_parts == 0 && d->n_ends == 0)
		return;
	measure(all, i, d->n_parts > 0 ? d->first_part : d->first_end, MAX(d->n_parts, d->n_ends),
		&r);
	show(all, i, &r);
}

/* ---- writing ------------------------------------------------------------------------------------------------------------- */

static void
tell_part(struct outputs *all, uint32_t part, double value, int64_t now_ns)
{
	struct output_part *p = &all->parts[part];
	const struct image_channel *ch =
		image_channel_at(all->img, image_part_at(all->img, part)->at);
	struct event e = { .kind = EVENT_OUTPUT_PART_WRITTEN,
		.cause = all->at[p->output].cause,
		.n_values = 1,
		.values = { value } };
	char text[64];

	if (p->told >= value && p->told <= value)
		return; /* the same again */
	p->told = value;
	output_at_text(all->img, ch, value, text, sizeof(text));
	snprintf(e.text, sizeof(e.text), "%.60s %s", image_text(all->img, ch->name), text);
	output_event(all, p->output, &e, now_ns);
}

static void
end(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);
	struct output *o = &all->at[i];
	enum quality why = Q_GOOD;

	o->bad_part = 0;
	for (uint32_t k = first_of(d); k < first_of(d) + count_of(d); k++) {
		struct output_part *p = &all->parts[k];

		if (p->phase == PART_FAILED && o->bad_part == 0) {
			o->bad_part = k + 1;
			why = (enum quality)p->trouble;
		}
		p->phase = PART_IDLE;
	}
	if (output_is_devices(d))
		output_rate_done(all, i, why, now_ns);
	else
		output_done(all, i, why, now_ns);
}

static void advance(struct outputs *all, uint32_t i, int64_t now_ns);

/* Protection goes on with the others: what is dead in the middle does not keep them from being safe. */
static void
fail(struct outputs *all, uint32_t part, enum quality why, int64_t now_ns)
{
	struct output_part *p = &all->parts[part];
	struct output *o = &all->at[p->output];

	p->phase = PART_FAILED;
	p->trouble = (uint16_t)why;
	p->told = (double)NAN;
	if (output_is_protected(o) && !o->is_claimed && why != Q_OVERTAKEN)
		advance(all, p->output, now_ns);
	else
		end(all, p->output, now_ns);
}

static void
write_part(struct outputs *all, uint32_t part, int64_t now_ns)
{
	struct output_part *p = &all->parts[part];
	double value = wanted_of(all, part);
	union value raw;
	double at;
	struct err err;
	int rc = output_raw_at(all->img, image_part_at(all->img, part)->at, value, &raw, &at, &err);
	uint32_t tag = ++all->tag;

	p->phase = PART_WRITING;
	p->tag = tag;
	if (rc == 0) /* the verdict may come before the call is back */
		rc = all->sink.write(all->sink.ctx, point_of(all, part), tag, raw, &err);
	if (p->tag != tag)
		return;
	if (rc == ERR_REFUSED) {
		p->phase = PART_WAITING;
		p->due_ns = now_ns + FULL_NS;
		all->wake_ns = MIN(all->wake_ns, p->due_ns);
	} else if (rc < 0) {
		fail(all, part, Q_BAD_REQUEST, now_ns);
	} else if (p->phase == PART_WRITING || p->phase == PART_VERIFYING) {
		tell_part(all, part, value, now_ns);
	}
}

/* The next one, when none is under way. */
static void
advance(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);
	double choice = all->at[i].working;
	uint32_t next = IMAGE_NONE, first = UINT32_MAX;

	for (uint32_t k = 0; k < count_of(d); k++) {
		const struct output_part *p = &all->parts[first_of(d) + k];
		uint32_t order = output_part_order(all->img, d, k, choice);

		if (p->phase == PART_WAITING || p->phase == PART_WRITING ||
			p->phase == PART_VERIFYING)
			return;
		if (p->phase == PART_QUEUED && order < first) {
			first = order;
			next = first_of(d) + k;
		}
	}
	if (next == IMAGE_NONE)
		end(all, i, now_ns);
	else
		write_part(all, next, now_ns);
}

/* To an instrument that is back its parts go at once, in their order, before anything else does. */
static void
write_opened(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);
	double choice = all->at[i].working;

	for (uint32_t n = 0; n < d->n_parts; n++)
		for (uint32_t k = 0; k < d->n_parts; k++) {
			uint32_t part = d->first_part + k;

			if (output_part_order(all->img, d, k, choice) == n &&
				all->parts[part].phase == PART_QUEUED &&
				image_channel_at(all->img, image_part_at(all->img, part)->at)
						->instrument == all->opened)
				write_part(all, part, now_ns);
		}
}

void
output_parts_begin(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);

	all->at[i].bad_part = 0;
	for (uint32_t k = first_of(d); k < first_of(d) + count_of(d); k++) {
		all->parts[k].phase = PART_QUEUED;
		all->parts[k].tag = 0; /* an answer that is still to come is of an earlier order */
	}
	if (all->opened != IMAGE_NONE)
		write_opened(all, i, now_ns);
	advance(all, i, now_ns);
}

void
output_parts_stop(struct outputs *all, uint32_t i)
{
	const struct image_output *d = output_of(all, i);

	for (uint32_t k = first_of(d); k < first_of(d) + count_of(d); k++) {
		all->parts[k].phase = PART_IDLE;
		all->parts[k].tag = 0;
	}
}

bool
output_parts_busy(const struct outputs *all, uint32_t i)
{
	const struct image_output *d = output_of(all, i);

	for (uint32_t k = first_of(d); k < first_of(d) + count_of(d); k++)
		if (all->parts[k].phase != PART_IDLE)
			return true;
	return false;
}

static int64_t
patience(const struct outputs *all, uint32_t part)
{
	const struct image_part *d = image_part_at(all->img, part);
	const struct image_point *p = image_point_at(all->img, point_of(all, part));
	const struct image_instrument *ins = image_instrument_at(all->img, p->instrument);

	return d->verify_after_ns +
	       (int64_t)MAX(d->verify_tries, 1u) * (p->every_ns + 2 * ins->timeout_ns);
}

bool
output_parts_written(struct outputs *all, uint32_t tag, enum quality verdict, int64_t now_ns)
{
	uint32_t part = 0;
	struct output_part *p;
	int64_t after_ns;

	while (part < all->img->parts.n &&
		(all->parts[part].phase != PART_WRITING || all->parts[part].tag != tag))
		part++;
	if (part == all->img->parts.n)
		return false;
	p = &all->parts[part];
	if (quality_is_bad(verdict)) {
		fail(all, part, verdict, now_ns);
		return true;
	}
	after_ns = image_part_at(all->img, part)->verify_after_ns;
	p->phase = PART_VERIFYING;
	p->tries = 0;
	p->acked_ns = now_ns;
	p->due_ns = now_ns + patience(all, part);
	all->wake_ns = MIN(all->wake_ns, now_ns + after_ns);
	if (after_ns == 0)
		all->sink.ask(all->sink.ctx, point_of(all, part));
	return true;
}

/* ---- reading back -------------------------------------------------------------------------------------------------------- */

static void
verify(struct outputs *all, uint32_t part, const struct output_reading *r, int64_t now_ns)
{
	const struct image_part *d = image_part_at(all->img, part);
	struct output_part *p = &all->parts[part];

	if (r->stamp_ns < p->acked_ns + d->verify_after_ns) {
		if (now_ns >= p->acked_ns + d->verify_after_ns)
			all->sink.ask(all->sink.ctx, point_of(all, part));
	} else if (is_near(all, part, wanted_of(all, part), r->number)) {
		p->phase = PART_DONE;
		advance(all, p->output, now_ns);
	} else if (++p->tries < MAX(d->verify_tries, 1u)) {
		all->sink.ask(all->sink.ctx, point_of(all, part));
	} else {
		fail(all, part, Q_DEVICE_FAILED, now_ns);
	}
}

static void
read_output(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);
	struct output_reading r;

	measure(all, i, d->first_part, d->n_parts, &r);
	if (!quality_is_bad(r.quality))
		output_seen(all, i, r.number, r.stamp_ns, now_ns);
	output_parts_show(all, i, now_ns);
}

void
output_parts_read(struct outputs *all, uint32_t part, int64_t now_ns)
{
	struct output_part *p = &all->parts[part];
	const struct image_output *d = output_of(all, p->output);
	struct output_reading r;

	if (d->n_parts == 0 && !output_is_devices(d)) {
		output_parts_show(all, p->output, now_ns);
		return;
	}
	all->sink.read(all->sink.ctx, image_part_at(all->img, part)->at, &r);
	if (p->phase == PART_VERIFYING && !quality_is_bad(r.quality))
		verify(all, part, &r, now_ns);
	if (!output_is_devices(d))
		read_output(all, p->output, now_ns);
	else if (p->phase == PART_IDLE && !quality_is_bad(r.quality))
		output_rate_read(all, p->output, &r, now_ns);
}

void
output_parts_lost(struct outputs *all, uint32_t i, uint32_t instrument, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);

	for (uint32_t k = first_of(d); k < first_of(d) + count_of(d); k++) {
		struct output_part *p = &all->parts[k];

		if (image_channel_at(all->img, image_part_at(all->img, k)->at)->instrument !=
			instrument)
			continue;
		p->told = (double)NAN;
		/* What its link has is answered by that; what it held before this change, nobody knows any more. */
		if (p->phase == PART_VERIFYING || p->phase == PART_WAITING || p->phase == PART_DONE)
			fail(all, k, Q_NO_ANSWER, now_ns);
	}
}

void
output_parts_step(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);

	for (uint32_t k = first_of(d); k < first_of(d) + count_of(d); k++) {
		struct output_part *p = &all->parts[k];
		int64_t look_ns = p->acked_ns + image_part_at(all->img, k)->verify_after_ns;
		int64_t wake_ns = NEVER;

		if (p->phase == PART_WAITING && now_ns >= p->due_ns) {
			write_part(all, k, now_ns);
		} else if (p->phase == PART_WAITING) {
			wake_ns = p->due_ns;
		} else if (p->phase == PART_VERIFYING && now_ns >= p->due_ns) {
			fail(all, k, Q_NO_ANSWER, now_ns);
		} else if (p->phase == PART_VERIFYING) {
			if (now_ns >= look_ns && look_ns > p->acked_ns && p->tries == 0)
				all->sink.ask(all->sink.ctx, point_of(all, k));
			wake_ns = now_ns >= look_ns ? p->due_ns : look_ns;
		}
		all->wake_ns = MIN(all->wake_ns, wake_ns);
	}
}

/* After a reload: what is under way goes on where the parts are the same. */
void
output_parts_adopt(
	struct outputs *all, uint32_t i, struct outputs *from, uint32_t k, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i), *was = output_of(from, k);
	struct output *o = &all->at[i];

	bool is_alike =
		count_of(d) == count_of(was) && output_is_devices(d) == output_is_devices(was);

	for (uint32_t n = 0; n < count_of(d) && is_alike; n++) {
		all->parts[first_of(d) + n] = from->parts[first_of(was) + n];
		all->parts[first_of(d) + n].output = i;
	}
	if (o->bad_part > 0)
		o->bad_part = is_alike ? o->bad_part - first_of(was) + first_of(d) : 0;
	if (is_alike || !is_under_way(o))
		return;
	o->is_rate_first = false;
	o->phase = OUTPUT_IDLE;
	o->sent = (double)NAN;
}
