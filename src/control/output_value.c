/* output_value.c - values of outputs: as text, on the wire, and back */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/output_inside.h"

#define SAME 1e-6 /* of a number that was written in 32 bits and read back */

static bool
is_number(const struct image_channel *ch)
{
	return ch->type != VALUE_BOOL && ch->type != VALUE_CHOICE;
}

/* ---- as text ------------------------------------------------------------------------------------------------------------- */

static const char *
word_of(const struct image *img, const struct image_channel *ch, double value)
{
	for (uint32_t i = 0; i < ch->n_choices; i++) {
		const struct image_choice *c = image_choice_at(img, ch->first_choice + i);

		if (!((double)c->number < value) && !((double)c->number > value))
			return image_text(img, c->word);
	}
	return NULL;
}

void
outputs_text(const struct outputs *o, uint32_t output, double value, char *out, size_t cap)
{
	const struct image *img = o->img;

	output_at_text(
		img, image_channel_at(img, image_output_at(img, output)->channel), value, out, cap);
}

void
output_at_text(const struct image *img, const struct image_channel *ch, double value, char *out,
	size_t cap)
{
	const char *word =
		ch->type == VALUE_BOOL ? (value > 0 ? "on" : "off") : word_of(img, ch, value);
	char number[40];

	if (word != NULL) {
		snprintf(out, cap, "%s", word);
		return;
	}
	text_from_double(number, value);
	snprintf(out, cap, "%s%s%s", number, ch->unit == 0 ? "" : " ", image_text(img, ch->unit));
}

/* Words of a choice, for messages. */
static void
list_words(const struct image *img, const struct image_channel *ch, char *out, size_t cap)
{
	size_t used = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < ch->n_choices && used < cap; i++)
		used += (size_t)snprintf(out + used, cap - used, "%s%s", i == 0 ? "" : ", ",
			image_text(img, image_choice_at(img, ch->first_choice + i)->word));
}

static int
parse_word(const struct outputs *o, const struct image_channel *ch, const char *text, double *out,
	struct err *err)
{
	static const char *const on[] = { "on", "yes", "true", "1" };
	static const char *const off[] = { "off", "no", "false", "0" };
	char all[120];

	for (uint32_t i = 0; i < ch->n_choices; i++) {
		const struct image_choice *c = image_choice_at(o->img, ch->first_choice + i);

		if (strcmp(image_text(o->img, c->word), text) == 0) {
			*out = (double)c->number;
			return 0;
		}
	}
	for (size_t i = 0; ch->type == VALUE_BOOL && i < NELEM(on); i++)
		if (strcmp(text, on[i]) == 0 || strcmp(text, off[i]) == 0) {
			*out = strcmp(text, on[i]) == 0;
			return 0;
		}
	list_words(o->img, ch, all, sizeof(all));
	return err_set(err, ERR_CONF, 0, "'%.40s' is none of its values; write %s", text,
		ch->type == VALUE_BOOL ? "on or off" : all);
}

static int
parse_number(const struct outputs *o, const struct image_channel *ch, const char *text, double *out,
	struct err *err)
{
	const char *unit = image_text(o->img, ch->unit);
	char number[COMMAND_VALUE];
	size_t n = strspn(text, "+-.0123456789eE");

	/* The e of "120 eV" is no exponent: a number ends where it stops being one. */
	while (n > 0 && (text[n - 1] == 'e' || text[n - 1] == 'E'))
		n--;
	text_copy(number, MIN(n + 1, sizeof(number)), text);
	text += n;
	if (*text == ' ')
		text++;
	if (!text_to_double(number, out) || !isfinite(*out))
		return err_set(err, ERR_CONF, 0,
			"it takes a number; write it with a decimal point, as in 120.5%s%s",
			unit[0] == '\0' ? "" : " ", unit);
	if (text[0] == '\0' || strcmp(text, unit) == 0)
		return 0;
	if (text[0] == ',')
		return err_set(err, ERR_CONF, 0,
			"a number has a decimal point, no comma; write 1.5 for 1,5");
	if (unit[0] == '\0')
		return err_set(err, ERR_CONF, 0, "it has no unit; leave '%.20s' out", text);
	return err_set(err, ERR_CONF, 0, "it is in %s, not in '%.20s'; write the number in %s",
		unit, text, unit);
}

int
outputs_parse(
	const struct outputs *o, uint32_t output, const char *text, double *out, struct err *err)
{
	const struct image_output *d = image_output_at(o->img, output);
	const struct image_channel *ch = image_channel_at(o->img, d->channel);

	if (is_number(ch))
		return parse_number(o, ch, text, out, err);
	if (strcmp(text, "toggle") != 0)
		return parse_word(o, ch, text, out, err);
	if (ch->type != VALUE_BOOL || !isfinite(o->at[output].target))
		return err_set(err, ERR_CONF, 0, "%s cannot be toggled; write a value",
			ch->type == VALUE_BOOL ? "what it holds is not known, it" : "a choice");
	*out = o->at[output].target > 0 ? 0 : 1;
	return 0;
}

/* ---- on the wire --------------------------------------------------------------------------------------------------------- */

double
output_to_at(const struct image *img, const struct image_output *d, double value)
{
	if (d->is_inverted_table)
		value = image_table_place(image_knot_at(img, d->first_knot), d->n_knots, value);
	if (d->n_coefficients > 0)
		value = image_poly_place(img, d, value);
	return value * d->factor + d->offset;
}

double
output_from_at(const struct image *img, const struct image_output *d, double at)
{
	double value = (at - d->offset) / d->factor;

	if (d->n_coefficients > 0)
		return image_poly_value(img, d, value);
	return d->is_inverted_table
		       ? image_table_value(image_knot_at(img, d->first_knot), d->n_knots, value)
		       : value;
}

/* From the value of an instrument's channel to what its point holds. */
static double
to_wire(const struct image *img, const struct image_channel *ch, double at)
{
	if (ch->has_scale)
		at = (at - ch->offset) / ch->factor;
	return ch->n_knots == 0
		       ? at
		       : image_table_place(image_knot_at(img, ch->first_knot), ch->n_knots, at);
}

static double
from_wire(const struct image *img, const struct image_channel *ch, double raw)
{
	if (ch->n_knots > 0)
		raw = image_table_value(image_knot_at(img, ch->first_knot), ch->n_knots, raw);
	return ch->has_scale ? raw * ch->factor + ch->offset : raw;
}

int
output_raw(const struct image *img, const struct image_output *d, double value, union value *out,
	double *out_at, struct err *err)
{
	if (d->loop != 0) { /* a setpoint is on no wire */
		out->f = *out_at = value;
		return 0;
	}
	if (d->n_parts == 0)
		return output_raw_at(img, d->at, output_to_at(img, d, value), out, out_at, err);
	if (word_of(img, image_channel_at(img, d->channel), value) == NULL)
		return err_set(err, ERR_CONF, 0, "it is none of its choices; choose another value");
	out->i = (int64_t)value;
	*out_at = value;
	return 0;
}

int
output_raw_at(const struct image *img, uint32_t channel, double at, union value *out,
	double *out_at, struct err *err)
{
	const struct image_channel *ch = image_channel_at(img, channel);
	const struct image_point *p = image_point_at(img, ch->source);
	double raw = to_wire(img, ch, at);

	if (!isfinite(raw))
		return err_set(
			err, ERR_CONF, 0, "the device has no number for it; choose another value");
	switch ((enum value_type)p->value) {
	case VALUE_FLOAT32:
		raw = (double)(float)raw;
		out->f = raw;
		break;
	case VALUE_BOOL:
		raw = fabs(raw) > 0;
		out->i = raw > 0;
		break;
	case VALUE_INT:
	case VALUE_CHOICE:
	case VALUE_UINT:
		raw = nearbyint(raw);
		if (raw < (p->value == VALUE_UINT ? 0 : -0x1p63) || raw >= 0x1p63)
			return err_set(err, ERR_CONF, 0,
				"the device has no number for it; choose another value");
		if (p->value == VALUE_UINT)
			out->u = (uint64_t)raw;
		else
			out->i = (int64_t)raw;
		break;
	case VALUE_FLOAT:
	case VALUE_TEXT:
	case VALUE_TYPES:
		out->f = raw;
		break;
	}
	*out_at = from_wire(img, ch, raw);
	return 0;
}

double
output_six_digits(double v)
{
	double scale;

	if (!isfinite(v) || !(fabs(v) > 0))
		return v;
	scale = pow(10, 5 - floor(log10(fabs(v))));
	return isfinite(scale) && scale > 0 ? nearbyint(v * scale) / scale : v;
}

double
output_tolerance(const struct image *img, const struct image_output *d, double at)
{
	return output_tolerance_at(img, d->at, d->verify_within, at);
}

double
output_tolerance_at(const struct image *img, uint32_t channel, double within, double at)
{
	const struct image_channel *ch = image_channel_at(img, channel);
	double least = is_number(ch) ? SAME * MAX(fabs(at), fabs(ch->factor)) : 0.5;

	return MAX(within, least);
}
