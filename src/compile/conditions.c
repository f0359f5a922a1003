/* conditions.c - conditions of what protects and warns: read, and how fast what they read can change */
#include <string.h>

#include "compile/bench.h"
#include "compile/read.h"

const char *
conditions_line(struct bench *b, const char *text)
{
	char *line;

	if (strpbrk(text, "\n\r\t") == NULL)
		return text;
	line = tree_text(&b->tree, text, strlen(text));
	for (char *p = line; *p != '\0'; p++)
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = ' ';
	return line;
}

/* What is never known makes a condition that is never known: a trip of it fires soon after the start. */
static void
check_blind(struct bench *b, const struct node *n)
{
	for (uint32_t i = 0; i < b->expr->n_reads; i++) {
		const struct bench_channel *ch = &b->channels.at[b->order[b->expr->reads[i]]];

		if (ch->is_blind)
			diag_warn(&b->diag, n->at, "no-reading",
				"'%s' can only be written and never has a value; read what was "
				"sent to it: %s.working",
				ch->name,
				ch->from_output == IMAGE_NONE
					? "OUTPUT"
					: b->outputs.at[ch->from_output].name);
	}
}

bool
conditions_read_in(struct bench *b, const struct node *n, const char *scope, struct bench_cond *out)
{
	if (n == NULL || !channels_condition(b, n, scope, &out->first_op, &out->n_ops))
		return false;
	check_blind(b, n);
	out->text = conditions_line(b, n->text);
	return true;
}

bool
conditions_read(struct bench *b, const struct node *n, struct bench_cond *out)
{
	return conditions_read_in(b, n, NULL, out);
}

/* The channel that an operation reads, NULL: it reads none. */
static const struct bench_channel *
read_by(const struct bench *b, const struct expr_op *op)
{
	uint32_t place = expr_op_reads(op);

	return place < b->channels.n ? &b->channels.at[b->order[place]] : NULL;
}

/* The channels in which writes of an output show at once. */
static void
mark_output(struct bench *b, uint32_t output)
{
	const struct bench_output *o = &b->outputs.at[output];
	const uint32_t shown[] = { o->channel, o->target, o->working };

	if (o->at < b->channels.n)
		b->channels.at[o->at].from_output = output;
	for (size_t i = 0; i < NELEM(shown); i++)
		if (shown[i] < b->channels.n)
			b->channels.at[shown[i]].of_output = b->channels.at[shown[i]].from_output =
				output;
	patterns_mark(b, output);
}

static void
take_over(struct bench_channel *ch, const struct bench_channel *from)
{
	ch->period_ns = MAX(ch->period_ns, from->period_ns);
	ch->is_blind = from->is_blind && ch->source_kind == SOURCE_CHANNEL;
	if (ch->from_output == IMAGE_NONE)
		ch->from_output = from->from_output;
}

/* What is never asked has no period. */
static void
show_point(struct bench_channel *ch, const struct point *p)
{
	ch->period_ns = p->is_write_only || p->is_captured ? 0 : p->every_ns;
	ch->is_blind = p->is_write_only;
}

/* Each channel comes after those that it reads, so one pass is enough. */
void
conditions_prepare(struct bench *b)
{
	for (uint32_t i = 0; i < b->channels.n; i++)
		b->channels.at[i].of_output = b->channels.at[i].from_output = IMAGE_NONE;
	for (uint32_t i = 0; i < b->outputs.n; i++)
		mark_output(b, i);
	for (uint32_t i = 0; i < b->channels.n; i++) {
		struct bench_channel *ch = &b->channels.at[b->order[i]];

		if (ch->source_kind == SOURCE_POINT && ch->source < b->points.n)
			show_point(ch, &b->points.at[ch->source].codec_part);
		else if (ch->source_kind == SOURCE_CHANNEL && !ch->is_in_circle &&
			 ch->source < b->channels.n)
			take_over(ch, &b->channels.at[ch->source]);
		for (uint32_t k = 0; ch->source_kind == SOURCE_CALC && k < ch->n_ops; k++) {
			const struct bench_channel *from = read_by(b, &b->code.at[ch->source + k]);

			if (from != NULL)
				take_over(ch, from);
		}
	}
}

const struct bench_channel *
conditions_slowest(struct bench *b, int64_t *out_ns)
{
	const struct bench_channel *slowest = NULL;

	*out_ns = 0;
	for (uint32_t i = 0; i < b->expr->n_reads; i++) {
		const struct bench_channel *ch = &b->channels.at[b->order[b->expr->reads[i]]];

		if (ch->period_ns > *out_ns) {
			*out_ns = ch->period_ns;
			slowest = ch;
		}
	}
	return slowest;
}
