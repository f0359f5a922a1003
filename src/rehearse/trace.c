/* trace.c - trajectories of a rehearsal, and what flows meanwhile */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "rehearse/rehearsal.h"

#define SAMPLE_NS NS_PER_S

static const struct image_channel *
channel_at(const struct rehearsal *r, uint32_t column)
{
	return image_channel_at(r->img, r->columns[column]);
}

/* ---- which channels ------------------------------------------------------------------------------------------------------ */

static enum plot_form
form_of(const struct image_channel *ch)
{
	if (ch->type == VALUE_BOOL || (ch->type == VALUE_CHOICE && ch->n_choices <= 2))
		return PLOT_SWITCH;
	return ch->source_kind == SOURCE_STATE || ch->type == VALUE_CHOICE ? PLOT_STAIR
									   : PLOT_CURVE;
}

static void
add_column(struct rehearsal *r, uint32_t channel)
{
	const struct image_channel *ch;

	if (channel >= r->img->channels.n || r->n_columns == REHEARSAL_COLUMNS)
		return; /* the names of a sequence stand behind the channels */
	ch = image_channel_at(r->img, channel);
	if (ch->type == VALUE_TEXT)
		return;
	for (uint32_t i = 0; i < r->n_columns; i++)
		if (r->columns[i] == channel)
			return;
	r->lines[r->n_columns] = plot_line(
		r->plot, image_text(r->img, ch->name), image_text(r->img, ch->unit), form_of(ch));
	r->columns[r->n_columns++] = channel;
}

typedef void (*read_fn)(void *ctx, uint32_t channel);

static void
for_cond(const struct image *img, const struct image_cond *c, read_fn fn, void *ctx)
{
	const struct expr_op *code = image_at(img, &img->code);

	for (uint32_t i = c->first_op; i < c->first_op + c->n_ops; i++) {
		uint32_t channel = expr_op_reads(&code[i]);

		if (channel < img->channels.n)
			fn(ctx, channel);
	}
}

static void
for_instr(const struct image *img, const struct image_instr *in, read_fn fn, void *ctx)
{
	const struct image_cond *conds[] = { &in->value, &in->rate, &in->span, &in->within,
		&in->cond, &in->timeout, &in->low, &in->high };

	if (in->channel != IMAGE_NONE)
		fn(ctx, in->channel);
	for (size_t i = 0; i < NELEM(conds); i++)
		for_cond(img, conds[i], fn, ctx);
}

static void
on_read(void *ctx, uint32_t channel)
{
	add_column(ctx, channel);
}

/* A unit of something that flows: "mL_n/min" is mL_n in 60 s. */
static bool
flow_of(const char *unit, struct rehearsal_sum *out)
{
	static const struct {
		const char *word;
		double s;
	} times[] = { { "s", 1 }, { "sec", 1 }, { "min", 60 }, { "h", 3600 }, { "hr", 3600 },
		{ "d", 86400 } };
	static const char *const amounts[] = { "L", "l", "mL", "ml", "uL", "µL", "cL", "dL", "m3",
		"cm3", "dm3", "mm3", "cc", "g", "mg", "ug", "µg", "kg", "t", "mol", "mmol", "umol",
		"µmol", "kmol", "Nm3", "Nl", "NL", "NmL", "scc", "sL" };
	static const struct {
		const char *word, *unit;
	} plain[] = { { "sccm", "cm3 (standard)" }, { "slm", "L (standard)" },
		{ "slpm", "L (standard)" } };
	const char *slash = strrchr(unit, '/'), *end = slash;

	for (size_t i = 0; i < NELEM(plain); i++)
		if (strcmp(unit, plain[i].word) == 0) {
			out->factor = 1.0 / 60;
			return text_copy(out->unit, sizeof(out->unit), plain[i].unit);
		}
	if (slash == NULL || (size_t)(slash - unit) >= sizeof(out->unit))
		return false;
	for (const char *at = unit; at < slash;
		at++) /* mL_n, mL_s: at which pressure and temperature */
		if (*at == '_' && at < end)
			end = at;
	for (size_t i = 0; i < NELEM(times); i++)
		for (size_t k = 0; strcmp(slash + 1, times[i].word) == 0 && k < NELEM(amounts); k++)
			if (strlen(amounts[k]) == (size_t)(end - unit) &&
				memcmp(amounts[k], unit, (size_t)(end - unit)) == 0) {
				memcpy(out->unit, unit, (size_t)(slash - unit));
				out->unit[slash - unit] = '\0';
				out->factor = 1 / times[i].s;
				return true;
			}
	return false;
}

static bool
power_of(const char *unit, struct rehearsal_sum *out)
{
	static const struct {
		const char *word;
		double w;
	} units[] = { { "mW", 1e-3 }, { "W", 1 }, { "kW", 1e3 }, { "MW", 1e6 } };

	for (size_t i = 0; i < NELEM(units); i++)
		if (strcmp(unit, units[i].word) == 0) {
			out->is_energy = true;
			out->factor = units[i].w / 3600;
			return text_copy(out->unit, sizeof(out->unit), "Wh");
		}
	return false;
}

static void
add_sum(struct rehearsal *r, uint32_t channel)
{
	const char *unit = image_text(r->img, image_channel_at(r->img, channel)->unit);
	struct rehearsal_sum s = { .channel = channel };

	if (flow_of(unit, &s) || power_of(unit, &s))
		r->sums[r->n_sums++] = s;
}

void
rehearsal_choose(struct rehearsal *r)
{
	const struct image *img = r->img;

	r->sums = mem_zero(img->outputs.n, sizeof(*r->sums));
	for (uint32_t i = 0; i < r->seq->n_uses; i++)
		add_column(r, image_output_at(img, image_seq_number(img, r->seq->first_use + i))
				      ->channel);
	for (uint32_t i = r->seq->first_instr; i < r->seq->first_instr + r->seq->n_instrs; i++)
		for_instr(img, image_instr_at(img, i), on_read, r);
	for (uint32_t i = r->seq->first_guard; i < r->seq->first_guard + r->seq->n_guards; i++)
		for_cond(img, &image_seq_guard_at(img, i)->when, on_read, r);
	for (uint32_t i = 0; i < img->outputs.n; i++) {
		const struct image_output *o = image_output_at(img, i);

		add_column(r, o->channel);
		if (image_channel_at(img, o->channel)->type != VALUE_CHOICE &&
			image_channel_at(img, o->channel)->type != VALUE_BOOL)
			add_column(r, o->working);
		add_sum(r, o->channel);
	}
	r->rows = mem_zero((size_t)REHEARSAL_ROWS * r->n_columns, sizeof(*r->rows));
	r->times = mem_zero(REHEARSAL_ROWS, sizeof(*r->times));
	r->every = 1;
}

/* ---- samples ------------------------------------------------------------------------------------------------------------- */

static double
value_of(const struct rehearsal *r, uint32_t channel)
{
	struct sample s;

	board_read(dry_board(r->dry), channel, &s);
	return quality_is_bad(s.quality)
		       ? (double)NAN
		       : value_double(
				 (enum value_type)image_channel_at(r->img, channel)->type, s.v);
}

/* Full: each second row goes. */
static void
thin(struct rehearsal *r)
{
	for (uint32_t i = 0; i < r->n_rows / 2; i++) {
		r->times[i] = r->times[2 * i];
		memcpy(r->rows + (size_t)i * r->n_columns, r->rows + (size_t)2 * i * r->n_columns,
			r->n_columns * sizeof(*r->rows));
	}
	r->n_rows /= 2;
	r->every *= 2;
}

static void
add_row(struct rehearsal *r, bool is_kept)
{
	double t = rehearsal_time(r), *row;

	if (r->n_rows == REHEARSAL_ROWS)
		thin(r);
	row = r->rows + (size_t)r->n_rows * r->n_columns;
	for (uint32_t i = 0; i < r->n_columns; i++) {
		row[i] = value_of(r, r->columns[i]);
		plot_point(r->plot, r->lines[i], t, row[i]);
	}
	r->times[r->n_rows] = t;
	r->n_rows += is_kept;
}

void
rehearsal_sample(struct rehearsal *r)
{
	if (r->is_ended) {
		add_row(r, true);
		return;
	}
	if (dry_now(r->dry) < r->sample_ns)
		return;
	add_row(r, r->n_samples++ % r->every == 0);
	for (uint32_t i = 0; i < r->n_sums; i++) {
		double v = value_of(r, r->sums[i].channel);

		if (isfinite(v)) /* samples are a second apart */
			r->sums[i].sum += v * r->sums[i].factor * ((double)SAMPLE_NS / 1e9);
	}
	r->sample_ns = (r->sample_ns == 0 ? dry_now(r->dry) : r->sample_ns) + SAMPLE_NS;
}

/* ---- files --------------------------------------------------------------------------------------------------------------- */

static void
put_value(const struct rehearsal *r, uint32_t column, double v, struct buf *out)
{
	const struct image_channel *ch = channel_at(r, column);

	if (!isfinite(v))
		return; /* an empty cell */
	for (uint32_t i = 0; ch->type == VALUE_CHOICE && i < ch->n_choices; i++)
		if (image_choice_at(r->img, ch->first_choice + i)->number == llround(v)) {
			buf_puts(out, image_text(r->img,
					      image_choice_at(r->img, ch->first_choice + i)->word));
			return;
		}
	buf_printf(out, "%.6g", v);
}

/* Names have no commas; units may. */
void
rehearsal_csv(const struct rehearsal *r, struct buf *out)
{
	buf_puts(out, "time [s]");
	for (uint32_t i = 0; i < r->n_columns; i++) {
		const char *unit = image_text(r->img, channel_at(r, i)->unit);

		buf_printf(out, ",%s", image_text(r->img, channel_at(r, i)->name));
		if (unit[0] != '\0')
			buf_printf(out, " [%s]", unit);
	}
	buf_puts(out, "\n");
	for (uint32_t k = 0; k < r->n_rows; k++) {
		buf_printf(out, "%.10g", r->times[k]);
		for (uint32_t i = 0; i < r->n_columns; i++) {
			buf_puts(out, ",");
			put_value(r, i, r->rows[(size_t)k * r->n_columns + i], out);
		}
		buf_puts(out, "\n");
	}
}

void
rehearsal_svg(struct rehearsal *r, struct buf *out)
{
	plot_svg(r->plot, out);
}

/* ---- laws ---------------------------------------------------------------------------------------------------------------- */

struct lawless {
	const struct image *img;
	struct buf *out;
	uint32_t n;
	unsigned depth;
	bool moves; /* something that it reads does */
};

/* What a channel is made of, down to points of the twin. */
static void
on_source(void *ctx, uint32_t channel)
{
	struct lawless *l = ctx;
	const struct image_channel *ch = image_channel_at(l->img, channel);
	const struct image_cond calc = { .first_op = ch->source, .n_ops = ch->n_ops };

	if (++l->depth < 20 && ch->source_kind == SOURCE_CHANNEL) {
		on_source(l, ch->source);
	} else if (l->depth < 20 && ch->source_kind == SOURCE_CALC) {
		for_cond(l->img, &calc, on_source, l);
	} else if (ch->source_kind == SOURCE_POINT && !twin_has_law(l->img, ch->source)) {
		buf_printf(l->out, "%s%s", l->n++ > 0 ? ", " : "", image_text(l->img, ch->name));
	} else {
		l->moves = true;
	}
	l->depth--;
}

uint32_t
rehearsal_lawless(const struct image *img, const struct image_instr *in, struct buf *out)
{
	struct lawless l = { .img = img, .out = out };

	if (in->channel != IMAGE_NONE)
		on_source(&l, in->channel);
	for_cond(img, &in->cond, on_source, &l);
	return l.moves ? 0 : l.n;
}
