/* expect.c - what the exchanges of an instrument file expect of its channels
 *
 * A reading goes the way that it goes in the controller (control/channel.c): markers and a live zero may say that it is none, a bit of it
 * may be the value, a table or a line turns it into the channel's unit.
 */
#include "compile/expect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/read.h"
#include "msg/quality.h"

const struct bench_channel *
expect_channel(struct bench *b, const struct bench_instrument *ins, const struct node *n,
	uint32_t *out_point)
{
	const struct bench_channel *ch, *from;
	char name[140];
	uint32_t i;

	snprintf(name, sizeof(name), "%.63s.%.70s", ins->name, n->key);
	i = names_get(&b->channel_names, name);
	ch = from = i == NAMES_NONE ? NULL : &b->channels.at[i];
	if (ch != NULL && ch->has_bit)
		from = &b->channels.at[ch->source];
	if (from == NULL || from->source_kind != SOURCE_POINT) {
		diag_error(&b->diag, n->key_at, "unknown-channel",
			"the instrument reads no channel '%.60s'; name one of its channels",
			n->key);
		return NULL;
	}
	*out_point = from->source;
	return ch;
}

/* The number of a word among the choices; false when it has none. */
static bool
choice_number(const struct bench *b, const struct bench_channel *ch, const char *text, double *out)
{
	for (uint32_t i = ch->first_choice; i < ch->first_choice + ch->n_choices; i++)
		if (strcmp(b->words.at[i], text) == 0) {
			*out = (double)b->choices.at[i].number;
			return true;
		}
	return false;
}

bool
expect_number(const struct bench *b, const struct bench_channel *ch, const char *text, double *out)
{
	if (ch->type == VALUE_CHOICE && choice_number(b, ch, text, out))
		return true;
	if (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0 || strcmp(text, "on") == 0)
		*out = 1;
	else if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0 || strcmp(text, "off") == 0)
		*out = 0;
	else
		return text_to_double(text, out);
	return true;
}

/* Half of the last digit that is written, of a text of many: 5.0000763 stands for 5.00007629...; 0: it is meant as it stands. */
static double
rounding(const struct bench_channel *ch, const char *text)
{
	const char *point = ch->has_scale ? strchr(text, '.') : NULL;
	size_t n = point == NULL ? 0 : strspn(point + 1, "0123456789");

	return n >= 5 && point[1 + n] == '\0' ? 0.51 * pow(10, -(double)n) : 0;
}

/* As exact as the device tells it: a vacuum of 1E-9 mbar is not nothing. */
static bool
is_near(const struct bench_channel *ch, enum value_type type, double a, double b, const char *text)
{
	double part = type == VALUE_FLOAT32 ? 1e-6 : 1e-11;

	return fabs(a - b) <=
	       part * (fabs(b) + (ch->has_scale ? fabs(ch->offset) : 0)) + rounding(ch, text);
}

/* What its markers and its live zero say about a reading; else the quality that it came with. text: what stands in the place of a number,
 * NULL: nothing does. */
static unsigned
quality_of(const struct bench *b, const struct bench_channel *ch, unsigned quality, double raw,
	const char *text)
{
	bool has_number = !quality_is_bad(quality);

	for (uint32_t i = ch->first_marker; i < ch->first_marker + ch->n_markers; i++) {
		const char *marker = b->marks.at[i];

		if (marker[0] != '\0'
				? text != NULL && image_marker_is_text(marker, text)
				: has_number && image_same_number(raw, b->markers.at[i].number))
			return b->markers.at[i].quality;
	}
	return ch->has_live_zero && has_number && raw < ch->live_zero &&
			       !image_same_number(raw, ch->live_zero)
		       ? (unsigned)Q_LIVE_ZERO
		       : quality;
}

/* In the unit of the channel. */
static double
scaled(const struct bench *b, const struct bench_channel *ch, double raw)
{
	if (!ch->has_scale)
		return raw;
	if (ch->n_knots > 0)
		raw = image_table_value(b->knots.at + ch->first_knot, ch->n_knots, raw);
	return raw * ch->factor + ch->offset;
}

/* Is it what is wanted? out: what it is instead. */
static bool
is_expected(const struct bench *b, const struct bench_channel *ch, enum value_type type,
	const struct reading *got, const char *wanted_text, char *out, size_t cap)
{
	const struct bench_channel *from = ch->has_bit ? &b->channels.at[ch->source] : ch;
	double raw = type == VALUE_TEXT ? (double)NAN : value_double(type, got->v), wanted, value;
	unsigned quality = quality_of(b, from, got->quality, raw, got->text);

	if (quality != Q_GOOD) {
		snprintf(out, cap, "%s", quality_row(quality)->token);
		return (quality_is_bad(quality) && strcmp(wanted_text, "bad") == 0) ||
		       strcmp(wanted_text, out) == 0;
	}
	if (type == VALUE_TEXT) {
		snprintf(out, cap, "'%s'", got->text == NULL ? "" : got->text);
		return got->text != NULL && strcmp(got->text, wanted_text) == 0;
	}
	value = ch->has_bit ? (double)((uint64_t)(int64_t)raw >> ch->bit & 1) : scaled(b, ch, raw);
	snprintf(out, cap, "%.9g", value);
	return expect_number(b, ch, wanted_text, &wanted) &&
	       is_near(ch, type, value, wanted, wanted_text);
}

void
expect_value(struct bench *b, const struct bench_channel *ch, uint32_t point, const struct node *n,
	const struct reading *got)
{
	enum value_type type = (enum value_type)b->points.at[point].codec_part.value;
	const char *wanted_text = read_text(b, n);
	char found[VALUE_TEXT_MAX + 40] = "nothing";

	if (wanted_text == NULL ||
		(got != NULL && is_expected(b, ch, type, got, wanted_text, found, sizeof(found))))
		return;
	diag_error(&b->diag, n->at, "exchange",
		"%s is %s, and %.60s is expected; correct one of them", n->key, found, wanted_text);
}
