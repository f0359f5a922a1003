/* channel.c - what channels of instruments and of the bench have in common: unit, scale, choices, range, filter */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"
#include "compile/units.h"

#define CHOICES_MAX 256

static bool
is_number(const struct bench_channel *ch)
{
	return ch->type == VALUE_INT || ch->type == VALUE_UINT || ch->type == VALUE_FLOAT ||
	       ch->type == VALUE_FLOAT32;
}

/* Report a key that only makes sense for numbers. */
static bool
needs_number(struct bench *b, const struct bench_channel *ch, const struct node *n)
{
	if (is_number(ch) || ch->is_type_open)
		return true;
	diag_error(&b->diag, n->key_at, "conflict", "'%s' is a %s and takes no %s; remove it",
		ch->name, value_type_text(ch->type), n->key);
	return false;
}

void
channel_unit(struct bench *b, struct bench_channel *ch, const struct node *const *keys)
{
	const struct node *n = keys[CH_UNIT];
	const char *text = n == NULL ? NULL : read_text(b, n);
	struct err err;

	if (n == NULL)
		ch->unit.factor = ch->unit_text == NULL ? 1 : ch->unit.factor;
	if (n != NULL)
		ch->is_unit_open = true;
	if (text == NULL || !needs_number(b, ch, n))
		return;
	if (units_parse(text, &ch->unit, &err) < 0) {
		diag_error(&b->diag, n->at, "unit", "%s", err.msg);
		return;
	}
	ch->unit_text = text;
	ch->is_unit_open = false;
	if (ch->is_type_open)
		ch->type = VALUE_FLOAT; /* that it has a unit says so */
	ch->is_type_open = false;
}

void
channel_close(struct bench_channel *ch, const struct node *const *keys)
{
	ch->is_type_open |= ch->has_odd_keys && keys[CH_CHOICES] == NULL && keys[CH_UNIT] == NULL;
}

static bool
read_constants(struct bench *b, const struct node *n, double out[2])
{
	const struct node *pair[2];
	bool good;

	if (n == NULL || !read_pair(b, n, pair))
		return false;
	good = read_constant(b, pair[0], &out[0]);
	return read_constant(b, pair[1], &out[1]) && good;
}

/* {from: [a, b], to: [c, d]}: the straight line through two points. */
static bool
read_line(struct bench *b, struct bench_channel *ch, const struct node *n, double *out_factor,
	double *out_offset)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	double from[2], to[2];
	bool good;

	read_keys(b, n, schema_scale, NULL, found, NULL);
	if ((found[SCALE_FROM] == NULL) != (found[SCALE_TO] == NULL) ||
		(found[SCALE_FROM] == NULL && n->n == 0)) {
		diag_error(&b->diag, n->at, "missing",
			"two points belong here; write {from: [0, 10], to: [0, 800]}, or {table: "
			"[[0, 0], "
			"[5, 20], [10, 100]]}");
		return false;
	}
	if (found[SCALE_FROM] == NULL)
		return found[SCALE_TABLE] != NULL && values_table(b, ch, found[SCALE_TABLE]);
	if (found[SCALE_TABLE] != NULL) {
		diag_error(&b->diag, found[SCALE_TABLE]->key_at, "conflict",
			"a scale is either a line or a table; keep one of from/to and table");
		return false;
	}
	good = read_constants(b, found[SCALE_FROM], from);
	if (!read_constants(b, found[SCALE_TO], to) || !good)
		return false;
	*out_factor = (to[1] - to[0]) / (from[1] - from[0]);
	*out_offset = to[0] - from[0] * *out_factor;
	if (isfinite(*out_factor) && isfinite(*out_offset))
		return true;
	diag_error(&b->diag, found[SCALE_FROM]->at, "number",
		"both values of `from` are the same; give two different ones");
	return false;
}

void
channel_scale(struct bench *b, struct bench_channel *ch, const struct node *const *keys)
{
	const struct node *scale = keys[CH_SCALE], *offset = keys[CH_OFFSET];
	double more = 0;
	bool good = true;

	ch->factor = 1;
	if (scale == NULL && offset == NULL)
		return;
	if (!needs_number(b, ch, scale != NULL ? scale : offset))
		return;
	if (scale != NULL && scale->kind == NODE_MAP)
		good = read_line(b, ch, scale, &ch->factor, &ch->offset);
	else if (scale != NULL)
		good = read_constant(b, scale, &ch->factor);
	if (offset != NULL)
		good &= read_constant(b, offset, &more);
	if (!good)
		return;
	if (ch->factor == 0) {
		diag_error(&b->diag, scale->at, "number",
			"a scale of 0 shows nothing; write the factor");
		return;
	}
	ch->offset += more;
	ch->has_scale = true;
	ch->type = VALUE_FLOAT;
}

static bool
add_choice(struct bench *b, struct bench_channel *ch, const char *word, struct place at,
	int64_t number)
{
	struct image_choice *c;

	for (uint32_t i = ch->first_choice; i < b->choices.n; i++) {
		if (b->choices.at[i].number != number && strcmp(b->words.at[i], word) != 0)
			continue;
		diag_error(&b->diag, at, "choices",
			"'%.63s' or its number %lld stands here twice; give each word its own "
			"number",
			word, (long long)number);
		return false;
	}
	if (word[0] == '\0' || strlen(word) > VALUE_TEXT_MAX) {
		diag_error(
			&b->diag, at, "choices", "a choice is a word of 1 to 63 bytes; shorten it");
		return false;
	}
	c = BENCH_ADD(b->choices);
	c->number = number;
	*BENCH_ADD(b->words) = word;
	ch->n_choices++;
	return true;
}

void
channel_choices(struct bench *b, struct bench_channel *ch, const struct node *const *keys)
{
	static const struct key number = {
		.name = "the number of a choice", .min = INT32_MIN, .max = UINT32_MAX
	};
	const struct node *list = keys[CH_CHOICES];
	int64_t next = 0, value;
	bool good = true;

	if (list == NULL)
		return;
	if (ch->type == VALUE_TEXT && !ch->is_type_open) {
		diag_error(&b->diag, list->key_at, "conflict",
			"'%s' is a text and takes no choices; remove them", ch->name);
		return;
	}
	ch->type = VALUE_CHOICE;
	ch->is_type_open = false;
	ch->first_choice = b->choices.n;
	ch->n_choices = 0;
	if (list->kind == NODE_SCALAR || list->n == 0 || list->n > CHOICES_MAX) {
		diag_error(&b->diag, list->at, "choices",
			"1 to 256 choices belong here; write {open: 1, closed: 0}, or a list of "
			"words from 0");
		return;
	}
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		const char *word = list->kind == NODE_MAP ? n->key : read_text(b, n);

		value = next++;
		good &= word != NULL &&
			(list->kind != NODE_MAP || read_int(b, n, &number, &value)) &&
			add_choice(b, ch, word, list->kind == NODE_MAP ? n->key_at : n->at, value);
	}
	if (!good)
		ch->n_choices = 0; /* none is known to those that compare it with one */
}

static void
read_range(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	const struct node *pair[2];
	bool good;

	if (!needs_number(b, ch, n) || !read_pair(b, n, pair))
		return;
	good = read_quantity(b, pair[0], ch, false, &ch->min);
	if (!read_quantity(b, pair[1], ch, false, &ch->max) || !good)
		return;
	if (ch->is_unit_open && (!read_is_bare(pair[0]) || !read_is_bare(pair[1])))
		return; /* their order is open, too */
	if (ch->min >= ch->max)
		diag_error(&b->diag, n->at, "out-of-range",
			"the range is empty; write the lower value first, then a higher one");
	ch->has_range = true;
}

static void
read_filter(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	const char *text = read_text(b, n), *count;
	int64_t samples;

	if (text == NULL || !needs_number(b, ch, n))
		return;
	count = strchr(text, ' ');
	if (count != NULL && text_to_int(count + 1, &samples) && samples >= 2 &&
		samples <= CHANNEL_FILTER_MAX) {
		if (strncmp(text, "median ", 7) == 0)
			ch->filter = FILTER_MEDIAN;
		else if (strncmp(text, "mean ", 5) == 0)
			ch->filter = FILTER_MEAN;
		ch->filter_n = (uint8_t)samples;
	}
	if (ch->filter == FILTER_NONE) {
		diag_error(&b->diag, n->at, "wrong-value",
			"filter cannot be '%.60s'; write median N or mean N, with N from 2 to %d",
			text, CHANNEL_FILTER_MAX);
		return;
	}
	/* A mean of whole numbers is not whole, nor one of 32-bit floats a 32-bit float. */
	ch->type = VALUE_FLOAT;
}

void
channel_common(struct bench *b, struct bench_channel *ch, const struct node *const *keys)
{
	const char *title = keys[CH_TITLE] == NULL ? NULL : catalogue_text(b, keys[CH_TITLE]);

	if (title != NULL)
		ch->title = title;
	if (keys[CH_STALE] != NULL)
		read_span(b, keys[CH_STALE], &schema_channel[CH_STALE], &ch->stale_ns);
	if (keys[CH_FILTER] != NULL)
		read_filter(b, ch, keys[CH_FILTER]);
	if (keys[CH_RANGE] != NULL)
		read_range(b, ch, keys[CH_RANGE]);
	records_channel(b, ch, keys[CH_HISTORY]);
}
