/* change.c - what of the protection differs between two bench files */
#include "control/change.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct change {
	const struct image *was, *is;
	struct buf *out;
	size_t n;
};

static void PRINTF(2, 3) say(struct change *c, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_printf(c->out, "%s%s", c->n++ > 0 ? ", " : "", text);
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
compare_loop(struct change *c, const char *name, const struct image_loop *a,
	const struct image_loop *b)
{
	if (strcmp(name_of(c->was, a->output), name_of(c->is, b->output)) != 0 ||
		a->is_direct != b->is_direct)
		say(c, "output of loop '%s'", name);
	if (!same_number(a->min, b->min) || !same_number(a->max, b->max))
		say(c, "limits of loop '%s'", name);
	if (!same_number(a->on_bad, b->on_bad) || a->bad_after_ns != b->bad_after_ns)
		say(c, "on_bad of loop '%s'", name);
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
	if (a->has_limits != b->has_limits || !same_number(a->min, b->min) ||
		!same_number(a->max, b->max))
		say(c, "range of '%s'", name);
	if (!same_number(a->ramp, b->ramp))
		say(c, "ramp of '%s'", name);
	if (a->hazard != b->hazard || a->fails != b->fails)
		say(c, "hazard of '%s'", name);
	if (a->has_verify != b->has_verify || b->verify_within > a->verify_within)
		say(c, "reading back of '%s'", name);
	if (!same_way(c, a, b))
		say(c, "where '%s' is written", name);
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
			!same_number(x->value, y->value) || x->within_ns != y->within_ns ||
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
	if (!same_text(c, a->when.text, b->when.text) ||
		(a->interlock == IMAGE_NONE) != (b->interlock == IMAGE_NONE))
		say(c, "condition of %s '%s'", what, name);
	if (strcmp(safe_name(c->was, a->to), safe_name(c->is, b->to)) != 0)
		say(c, "safe state of %s '%s'", what, name);
	if (a->for_ns != b->for_ns || a->on_bad_ns != b->on_bad_ns ||
		a->reset_after_ns != b->reset_after_ns || a->warmup_ns != b->warmup_ns ||
		a->bypass_max_ns != b->bypass_max_ns || a->is_latched != b->is_latched)
		say(c, "times of %s '%s'", what, name);
}

static void
compare_new(struct change *c)
{
	for (uint32_t i = 0; i < c->is->trips.n; i++) {
		const char *name = image_text(c->is, image_trip_at(c->is, i)->name);

		if (find_trip(c->was, name) == IMAGE_NONE)
			say(c, "'%s' is new among trips and interlocks", name);
	}
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

size_t
change_describe(const struct image *was, const struct image *is, struct buf *out)
{
	struct change c = { was, is, out, 0 };

	for (uint32_t i = 0; i < was->outputs.n; i++)
		compare_output(&c, i);
	for (uint32_t i = 0; i < was->safe_states.n; i++)
		compare_safe(&c, i);
	for (uint32_t i = 0; i < was->trips.n; i++)
		compare_trip(&c, i);
	compare_new(&c);
	if (strcmp(safe_name(was, was->on_stop), safe_name(is, is->on_stop)) != 0)
		say(&c, "on_stop");
	if (!same_restore(&c))
		say(&c, "restore");
	if (was->is_observed != is->is_observed)
		say(&c, "mode of the bench");
	if (was->has_lock && (!is->has_lock || was->lock_is != is->lock_is ||
				     !same_text(&c, image_channel_at(was, was->lock)->name,
					     image_channel_at(is, is->lock)->name)))
		say(&c, "local_lock");
	return c.n;
}
