/* change.c - what of the protection differs between two bench files */
#include "control/change.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/expr.h"

struct change {
	const struct image *was, *is;
	struct buf *out;
	size_t n;
	struct change_count *count; /* NULL: one list, else a line each */
};

static void PRINTF(3, 0) put(struct change *c, size_t *number, const char *fmt, va_list args)
{
	char text[CHANGE_LINE];

	vsnprintf(text, sizeof(text), fmt, args);
	if (c->count == NULL) {
		buf_printf(c->out, "%s%s", c->n > 0 ? ", " : "", text);
	} else {
		buf_printf(c->out, "%s: %s\n",
			number == &c->count->weaker     ? "weaker"
			: number == &c->count->stronger ? "stronger"
							: "changed",
			text);
		(*number)++;
	}
	c->n++;
}

/* Less is prevented than before; also what cannot be judged. */
static void PRINTF(2, 3) say(struct change *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put(c, c->count == NULL ? NULL : &c->count->weaker, fmt, args);
	va_end(args);
}

static void PRINTF(2, 3) say_stronger(struct change *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put(c, c->count == NULL ? NULL : &c->count->stronger, fmt, args);
	va_end(args);
}

/* It protects no less. */
static void PRINTF(2, 3) say_other(struct change *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put(c, c->count == NULL ? NULL : &c->count->other, fmt, args);
	va_end(args);
}

static bool
same_text(const struct change *c, uint32_t was, uint32_t is)
{
	return strcmp(image_text(c->was, was), image_text(c->is, is)) == 0;
}

static bool
same_number(double a, double b)
{
	return !(a < b) && !(a > b);
}

/* ---- outputs ------------------------------------------------------------------------------------------------------------- */

static const char *
name_of(const struct image *img, uint32_t output)
{
	return image_text(img, image_channel_at(img, image_output_at(img, output)->channel)->name);
}

static uint32_t
find_output(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->outputs.n; i++)
		if (strcmp(name_of(img, i), name) == 0)
			return i;
	return IMAGE_NONE;
}

static bool
same_numbers(const struct change *c, uint32_t was, uint32_t is, uint32_t n)
{
	return n == 0 || memcmp(image_numbers(c->was, was), image_numbers(c->is, is),
				 n * sizeof(double)) == 0;
}

/* The same places in the same order, at each choice at the same values. */
static bool
same_parts(const struct change *c, const struct image_output *a, const struct image_output *b)
{
	const struct image_channel *x = image_channel_at(c->was, a->channel),
				   *y = image_channel_at(c->is, b->channel);

	if (a->n_parts != b->n_parts || a->is_off_first != b->is_off_first ||
		(a->n_parts > 0 && x->n_choices != y->n_choices))
		return false;
	for (uint32_t i = 0; i < a->n_parts; i++) {
		const struct image_part *p = image_part_at(c->was, a->first_part + i),
					*q = image_part_at(c->is, b->first_part + i);

		if (!same_text(c, image_channel_at(c->was, p->at)->name,
			    image_channel_at(c->is, q->at)->name) ||
			!same_numbers(c, p->first_value, q->first_value, x->n_choices))
			return false;
	}
	for (uint32_t i = 0; a->n_parts > 0 && i < x->n_choices; i++)
		if (!same_text(c, image_choice_at(c->was, x->first_choice + i)->word,
			    image_choice_at(c->is, y->first_choice + i)->word))
			return false;
	return true;
}

static bool
same_way(const struct change *c, const struct image_output *a, const struct image_output *b)
{
	return (a->loop == 0) == (b->loop == 0) &&
	       same_text(c, image_channel_at(c->was, a->at)->name,
		       image_channel_at(c->is, b->at)->name) &&
	       same_parts(c, a, b) && a->n_coefficients == b->n_coefficients &&
	       same_numbers(c, a->first_coefficient, b->first_coefficient, a->n_coefficients) &&
	       same_number(a->factor, b->factor) && same_number(a->offset, b->offset) &&
	       a->is_inverted_table == b->is_inverted_table && a->n_knots == b->n_knots &&
	       (a->n_knots == 0 || memcmp(image_knot_at(c->was, a->first_knot),
					   image_knot_at(c->is, b->first_knot),
					   a->n_knots * sizeof(struct image_knot)) == 0);
}

/* How well it is tuned is no protection. */
static void
compare_loop(
	struct change *c, const char *name, const struct image_loop *a, const struct image_loop *b)
{
	if (strcmp(name_of(c->was, a->output), name_of(c->is, b->output)) != 0 ||
		a->is_direct != b->is_direct)
		say(c, "output of loop '%s'", name);
	if (!same_number(a->min, b->min) || !same_number(a->max, b->max))
		say(c, "limits of loop '%s'", name);
	if (!same_number(a->on_bad, b->on_bad) || a->bad_after_ns != b->bad_after_ns)
		say(c, "on_bad of loop '%s'", name);
}

static const char *
hazard_text(unsigned hazard)
{
	static const char *const words[HAZARDS] = { "none", "heat", "fuel", "oxidant", "toxic",
		"pressure", "inert" };

	return hazard < HAZARDS ? words[hazard] : "?";
}

static void
limits_text(char out[64], const struct image_output *o)
{
	if (o->has_limits)
		snprintf(out, 64, "%.6g to %.6g", o->min, o->max);
	else
		snprintf(out, 64, "no limits");
}

static void
compare_range(struct change *c, const char *name, const struct image_output *a,
	const struct image_output *b)
{
	bool is_wider = a->has_limits && (!b->has_limits || b->min < a->min || b->max > a->max);
	char was[64], is[64];

	if (a->has_limits == b->has_limits && same_number(a->min, b->min) &&
		same_number(a->max, b->max))
		return;
	limits_text(was, a);
	limits_text(is, b);
	if (is_wider)
		say(c, "range of '%s' wider: %s -> %s", name, was, is);
	else
		say_stronger(c, "range of '%s': %s -> %s", name, was, is);
}

static void
compare_ramp(struct change *c, const char *name, const struct image_output *a,
	const struct image_output *b)
{
	if (same_number(a->ramp, b->ramp))
		return;
	if (!(b->ramp > 0))
		say(c, "ramp of '%s' is gone", name);
	else if (a->ramp > 0 && b->ramp > a->ramp)
		say(c, "ramp of '%s' faster: %.6g -> %.6g a minute", name, a->ramp * 60,
			b->ramp * 60);
	else
		say_stronger(c, "ramp of '%s': %.6g a minute", name, b->ramp * 60);
}

/* A ramp in the device goes on when nobody is there any more. */
static void
compare_maker(struct change *c, const char *name, const struct image_output *a,
	const struct image_output *b)
{
	const struct image_part *p, *q;

	if (a->rate_part == 0 && b->rate_part != 0) {
		say(c, "ramp of '%s' is made by its device", name);
	} else if (a->rate_part != 0 && b->rate_part == 0) {
		say_stronger(c, "ramp of '%s' is made here", name);
	} else if (a->rate_part != 0) {
		p = image_part_at(c->was, a->rate_part - 1);
		q = image_part_at(c->is, b->rate_part - 1);
		if (!same_text(c, image_channel_at(c->was, p->at)->name,
			    image_channel_at(c->is, q->at)->name) ||
			!same_number(a->rate_factor, b->rate_factor) ||
			a->has_at_once != b->has_at_once || !same_number(a->at_once, b->at_once))
			say(c, "where the rate of '%s' is written, or what it means", name);
	}
}

static void
compare_hazard(struct change *c, const char *name, const struct image_output *a,
	const struct image_output *b)
{
	if (a->hazard != b->hazard && a->hazard != HAZARD_NONE)
		say(c, "hazard of '%s': %s -> %s", name, hazard_text(a->hazard),
			hazard_text(b->hazard));
	else if (a->hazard != b->hazard)
		say_stronger(c, "hazard of '%s': %s", name, hazard_text(b->hazard));
	else if (a->fails != b->fails)
		say_other(c, "hazard of '%s': how it fails", name);
}

static void
compare_output(struct change *c, uint32_t i)
{
	const char *name = name_of(c->was, i);
	uint32_t k = find_output(c->is, name);
	const struct image_output *a = image_output_at(c->was, i), *b;

	if (k == IMAGE_NONE) {
		say(c, "output '%s' is gone", name);
		return;
	}
	b = image_output_at(c->is, k);
	compare_range(c, name, a, b);
	compare_ramp(c, name, a, b);
	compare_maker(c, name, a, b);
	compare_hazard(c, name, a, b);
	if ((a->has_verify && !b->has_verify) || b->verify_within > a->verify_within)
		say(c, "reading back of '%s'", name);
	else if (a->has_verify != b->has_verify)
		say_stronger(c, "reading back of '%s'", name);
	if (a->needs_confirm && !b->needs_confirm)
		say(c, "'%s' need not be confirmed any more", name);
	if (!same_way(c, a, b))
		say(c, "where '%s' is written, or its scale", name);
	if (a->loop != 0 && b->loop != 0)
		compare_loop(c, name, image_loop_at(c->was, a->loop - 1),
			image_loop_at(c->is, b->loop - 1));
}

/* ---- safe states --------------------------------------------------------------------------------------------------------- */

static uint32_t
find_safe(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->safe_states.n; i++)
		if (strcmp(image_text(img, image_safe_state_at(img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

/* IMAGE_NONE, or what counts from the first line. */
static uint32_t
within(uint32_t line, uint32_t first)
{
	return line == IMAGE_NONE ? line : line - first;
}

static bool
same_lines(
	const struct change *c, const struct image_safe_state *a, const struct image_safe_state *b)
{
	if (a->n_lines != b->n_lines)
		return false;
	for (uint32_t i = 0; i < a->n_lines; i++) {
		const struct image_safe_line *x = image_safe_line_at(c->was, a->first_line + i),
					     *y = image_safe_line_at(c->is, b->first_line + i);

		if (strcmp(name_of(c->was, x->output), name_of(c->is, y->output)) != 0 ||
			!same_number(x->value, y->value) || !same_number(x->ramp, y->ramp) ||
			x->within_ns != y->within_ns ||
			within(x->after, a->first_line) != within(y->after, b->first_line) ||
			within(x->otherwise, a->first_line) != within(y->otherwise, b->first_line))
			return false;
	}
	return true;
}

static void
compare_safe(struct change *c, uint32_t i)
{
	const struct image_safe_state *a = image_safe_state_at(c->was, i);
	const char *name = image_text(c->was, a->name);
	uint32_t k = find_safe(c->is, name);

	if (k == IMAGE_NONE)
		say(c, "safe state '%s' is gone", name);
	else if (!same_lines(c, a, image_safe_state_at(c->is, k)))
		say(c, "lines of safe state '%s'", name);
}

static const char *
safe_name(const struct image *img, uint32_t i)
{
	return i == IMAGE_NONE ? "" : image_text(img, image_safe_state_at(img, i)->name);
}

/* ---- trips and interlocks ------------------------------------------------------------------------------------------------ */

static uint32_t
find_trip(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->trips.n; i++)
		if (strcmp(image_text(img, image_trip_at(img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

/* Is `is` the condition `was` with one number that lets it become true sooner? Both as they were written; only where nothing turns it round. */
static bool
is_sooner(const char *was, const char *is)
{
	size_t at = 0;
	char *was_end, *is_end;
	double x, y;
	char op;

	while (was[at] != '\0' && was[at] == is[at])
		at++;
	while (at > 0 &&
		(isdigit((unsigned char)was[at - 1]) || was[at - 1] == '.' || was[at - 1] == '-'))
		at--;
	x = strtod(was + at, &was_end);
	y = strtod(is + at, &is_end);
	if (was_end == was + at || is_end == is + at || strcmp(was_end, is_end) != 0 ||
		strstr(was, "not") != NULL || strpbrk(was, "!?(") != NULL ||
		strstr(was, "if") != NULL || strstr(was_end, " -") != NULL ||
		strpbrk(was, "+*/") != NULL)
		return false;
	while (at > 0 && was[at - 1] == ' ')
		at--;
	if (at > 0 && was[at - 1] == '=')
		at--;
	op = at > 0 ? was[at - 1] : ' ';
	return (op == '>' && y < x) || (op == '<' && y > x);
}

static void
compare_condition(struct change *c, const char *what, const char *name, const struct image_trip *a,
	const struct image_trip *b)
{
	const char *was = image_text(c->was, a->when.text), *is = image_text(c->is, b->when.text);

	if ((a->interlock == IMAGE_NONE) != (b->interlock == IMAGE_NONE))
		say(c, "condition of %s '%s': it is a%s now", what, name,
			b->interlock == IMAGE_NONE ? " trip" : "n interlock");
	if (strcmp(was, is) == 0)
		return;
	if (is_sooner(was, is))
		say_stronger(c, "condition of %s '%s': %.80s -> %.80s", what, name, was, is);
	else
		say(c, "condition of %s '%s': %.80s -> %.80s", what, name, was, is);
}

static void
span_text(char out[CLOCK_TEXT_SIZE], int64_t ns)
{
	if (ns == IMAGE_ON_BAD_ALARM)
		snprintf(out, CLOCK_TEXT_SIZE, "alarm");
	else
		clock_span(out, ns);
}

/* A time of which more protects less, or with `more_is_stronger` more. */
static void
compare_time(struct change *c, const char *what, const char *name, const char *time, int64_t was,
	int64_t is, bool more_is_stronger)
{
	char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];

	if (was == is)
		return;
	span_text(from, was);
	span_text(to, is);
	if ((is > was) == more_is_stronger)
		say_stronger(c, "times of %s '%s': %s %s -> %s", what, name, time, from, to);
	else
		say(c, "times of %s '%s': %s %s -> %s", what, name, time, from, to);
}

static void
compare_trip(struct change *c, uint32_t i)
{
	const struct image_trip *a = image_trip_at(c->was, i), *b;
	const char *name = image_text(c->was, a->name);
	const char *what = a->interlock == IMAGE_NONE ? "trip" : "interlock";
	uint32_t k = find_trip(c->is, name);

	if (k == IMAGE_NONE) {
		say(c, "%s '%s' is gone", what, name);
		return;
	}
	b = image_trip_at(c->is, k);
	compare_condition(c, what, name, a, b);
	if (strcmp(safe_name(c->was, a->to), safe_name(c->is, b->to)) != 0)
		say(c, "safe state of %s '%s': '%s' -> '%s'", what, name, safe_name(c->was, a->to),
			safe_name(c->is, b->to));
	compare_time(c, what, name, "for", a->for_ns, b->for_ns, false);
	compare_time(c, what, name, "on_bad", a->on_bad_ns, b->on_bad_ns, false);
	compare_time(c, what, name, "reset_after", a->reset_after_ns, b->reset_after_ns, true);
	compare_time(c, what, name, "warmup", a->warmup_ns, b->warmup_ns, true);
	compare_time(c, what, name, "bypass", a->bypass_max_ns, b->bypass_max_ns, false);
	if (a->is_latched && !b->is_latched)
		say(c, "%s '%s' is not latched any more", what, name);
	else if (a->is_latched != b->is_latched)
		say_stronger(c, "%s '%s' is latched", what, name);
}

static void
compare_new(struct change *c)
{
	for (uint32_t i = 0; i < c->is->outputs.n; i++)
		if (image_output_at(c->is, i)->hazard != HAZARD_NONE &&
			find_output(c->was, name_of(c->is, i)) == IMAGE_NONE)
			say_other(c, "output '%s' is new", name_of(c->is, i));
	for (uint32_t i = 0; i < c->is->trips.n; i++) {
		const char *name = image_text(c->is, image_trip_at(c->is, i)->name);

		if (find_trip(c->was, name) == IMAGE_NONE)
			say_stronger(c, "'%s' is new among trips and interlocks", name);
	}
}

/* ---- what conditions read ------------------------------------------------------------------------------------------------ */

static void
mark_reads(const struct image *img, const struct image_cond *cond, uint8_t *marks)
{
	const struct expr_op *ops =
		(const struct expr_op *)image_at(img, &img->code) + cond->first_op;

	for (uint32_t i = 0; i < cond->n_ops; i++)
		if (expr_op_reads(&ops[i]) < img->channels.n)
			marks[expr_op_reads(&ops[i])] = 1;
}

static bool
same_scale(const struct change *c, const struct image_channel *a, const struct image_channel *b)
{
	return a->has_scale == b->has_scale && same_number(a->factor, b->factor) &&
	       same_number(a->offset, b->offset) && same_text(c, a->unit, b->unit) &&
	       a->has_live_zero == b->has_live_zero && same_number(a->live_zero, b->live_zero) &&
	       a->n_knots == b->n_knots &&
	       (a->n_knots == 0 || memcmp(image_knot_at(c->was, a->first_knot),
					   image_knot_at(c->is, b->first_knot),
					   a->n_knots * sizeof(struct image_knot)) == 0);
}

/* A channel, and through it those that it follows. */
static void
compare_read(struct change *c, uint32_t i)
{
	for (unsigned depth = 0; depth < 8; depth++) {
		const struct image_channel *a = image_channel_at(c->was, i);
		const char *name = image_text(c->was, a->name);
		uint32_t k = image_find_channel(c->is, name);

		if (k == IMAGE_NONE || !same_scale(c, a, image_channel_at(c->is, k))) {
			say(c, "scale of '%s', which protection reads%s", name,
				k == IMAGE_NONE ? ", is gone" : "");
			return;
		}
		if (a->source_kind != SOURCE_CHANNEL)
			return;
		i = a->source;
	}
}

static void
compare_reads(struct change *c)
{
	uint8_t *marks = mem_zero(MAX(c->was->channels.n, 1u), 1);

	for (uint32_t i = 0; i < c->was->trips.n; i++)
		mark_reads(c->was, &image_trip_at(c->was, i)->when, marks);
	for (uint32_t i = 0; i < c->was->channels.n; i++)
		if (marks[i])
			compare_read(c, i);
	free(marks);
}

static bool
same_restore(const struct change *c)
{
	const uint32_t *a = image_at(c->was, &c->was->restore),
		       *b = image_at(c->is, &c->is->restore);

	for (uint32_t i = 0; c->was->restore.n == c->is->restore.n && i < c->was->restore.n; i++)
		if (strcmp(name_of(c->was, a[i]), name_of(c->is, b[i])) != 0)
			return false;
	return c->was->restore.n == c->is->restore.n;
}

/* ---- signs of life, and what happens after an outage --------------------------------------------------------------------- */

static const char *
channel_text(const struct image *img, uint32_t channel)
{
	return channel < img->channels.n ? image_text(img, image_channel_at(img, channel)->name)
					 : "";
}

static bool
same_needs(const struct change *c)
{
	const uint32_t *a = image_at(c->was, &c->was->needs), *b = image_at(c->is, &c->is->needs);

	if (c->was->needs.n != c->is->needs.n)
		return false;
	for (uint32_t i = 0; i < c->was->needs.n; i++)
		if (strcmp(image_text(c->was, image_instrument_at(c->was, a[i])->name),
			    image_text(c->is, image_instrument_at(c->is, b[i])->name)) != 0)
			return false;
	return true;
}

static bool
same_heartbeat(const struct change *c)
{
	const struct image_heartbeat *a = &c->was->heartbeat, *b = &c->is->heartbeat;

	if (a->every_ns == 0 || b->every_ns == 0)
		return a->every_ns == b->every_ns;
	return a->every_ns == b->every_ns && a->drop_out_ns == b->drop_out_ns &&
	       strcmp(channel_text(c->was, a->channel), channel_text(c->is, b->channel)) == 0 &&
	       same_needs(c);
}

static bool
same_row(const struct change *c, uint32_t i)
{
	const struct image_power_row *a = image_power_row_at(c->was, i),
				     *b = image_power_row_at(c->is, i);

	if (!same_text(c, a->when.text, b->when.text) || a->what != b->what ||
		a->n_outputs != b->n_outputs ||
		strcmp(safe_name(c->was, a->to), safe_name(c->is, b->to)) != 0)
		return false;
	for (uint32_t k = 0; k < a->n_outputs; k++) {
		const struct image_power_output *x =
			image_power_output_at(c->was, a->first_output + k);
		const struct image_power_output *y =
			image_power_output_at(c->is, b->first_output + k);

		if (strcmp(name_of(c->was, x->output), name_of(c->is, y->output)) != 0 ||
			x->is_named != y->is_named || !same_number(x->ramp, y->ramp))
			return false;
	}
	return true;
}

static bool
same_rows(const struct change *c)
{
	if (c->was->power_rows.n != c->is->power_rows.n)
		return false;
	for (uint32_t i = 0; i < c->was->power_rows.n; i++)
		if (!same_row(c, i))
			return false;
	return true;
}

static void
compare_life(struct change *c)
{
	const struct image_power *a = &c->was->power, *b = &c->is->power;

	if (!same_heartbeat(c))
		say(c, "heartbeat");
	if (!same_rows(c))
		say(c, "power_loss");
	if (a->is_watched != b->is_watched ||
		(a->is_watched && (a->for_ns != b->for_ns ||
					  strcmp(channel_text(c->was, a->mains),
						  channel_text(c->is, b->mains)) != 0 ||
					  strcmp(channel_text(c->was, a->low),
						  channel_text(c->is, b->low)) != 0)))
		say(c, "power");
	if (c->was->watchdogs.n != c->is->watchdogs.n || c->was->uptimes.n != c->is->uptimes.n ||
		c->was->watchdog_values.n != c->is->watchdog_values.n)
		say(c, "watchdogs of instruments");
}

static void
compare(struct change *c)
{
	const struct image *was = c->was, *is = c->is;

	for (uint32_t i = 0; i < was->outputs.n; i++)
		compare_output(c, i);
	for (uint32_t i = 0; i < was->safe_states.n; i++)
		compare_safe(c, i);
	for (uint32_t i = 0; i < was->trips.n; i++)
		compare_trip(c, i);
	compare_new(c);
	compare_reads(c);
	if (was->on_stop == IMAGE_NONE && is->on_stop != IMAGE_NONE)
		say_stronger(c, "on_stop: '%s'", safe_name(is, is->on_stop));
	else if (strcmp(safe_name(was, was->on_stop), safe_name(is, is->on_stop)) != 0)
		say(c, "on_stop: '%s' -> '%s'", safe_name(was, was->on_stop),
			safe_name(is, is->on_stop));
	if (!same_restore(c))
		say_other(c, "restore");
	if (!was->is_observed && is->is_observed)
		say(c, "mode of the bench: it only observes, nothing protects");
	else if (was->is_observed != is->is_observed)
		say_other(c, "mode of the bench: it controls");
	if (was->has_lock && (!is->has_lock || was->lock_is != is->lock_is ||
				     !same_text(c, image_channel_at(was, was->lock)->name,
					     image_channel_at(is, is->lock)->name)))
		say(c, "local_lock");
	compare_life(c);
}

size_t
change_describe(const struct image *was, const struct image *is, struct buf *out)
{
	struct change c = { was, is, out, 0, NULL };

	compare(&c);
	return c.n;
}

size_t
change_list(const struct image *was, const struct image *is, struct buf *out,
	struct change_count *out_count)
{
	struct change c = { was, is, out, 0, out_count };

	*out_count = (struct change_count){ 0, 0, 0 };
	compare(&c);
	return c.n;
}
