/* image_hands.c - outputs and protection in images made in C */
#include "image_hands.h"

#include <stdio.h>

#include "image_builder_inside.h"

static uint32_t
put_state(struct image_builder *b, const char *name, enum image_state state,
	const struct image_channel *like)
{
	struct image_channel ch = { .type = VALUE_CHOICE,
		.source_kind = SOURCE_STATE,
		.source = (uint32_t)state,
		.instrument = IMAGE_NONE,
		.factor = 1 };
	uint32_t n;
	const char *const *words = image_state_words(state, &n);

	if (words == NULL) {
		ch.type = like->type;
		ch.unit = like->unit;
		ch.first_choice = like->first_choice;
		ch.n_choices = like->n_choices;
	} else {
		if (b->words[state] == 0) {
			b->words[state] = COUNT(&b->choices, struct image_choice) + 1;
			for (uint32_t i = 0; i < n; i++) {
				struct image_choice c = { .number = i,
					.word = image_builder_string(b, words[i]) };

				buf_put(&b->choices, &c, sizeof(c));
			}
		}
		ch.first_choice = b->words[state] - 1;
		ch.n_choices = n;
	}
	return image_builder_put_channel(b, &ch, name);
}

static uint32_t
put_named(struct image_builder *b, const char *name, const char *what, enum image_state state,
	const struct image_channel *like)
{
	char full[140];

	snprintf(full, sizeof(full), "%s.%s", name, what);
	return put_state(b, full, state, like);
}

void
image_builder_next_output(
	struct image_builder *b, const char *const *words, uint32_t n, bool is_write_only)
{
	b->next.is_set = true;
	b->next.is_write_only = is_write_only;
	b->next.type = words == NULL ? VALUE_BOOL : VALUE_CHOICE;
	b->next.first_choice = COUNT(&b->choices, struct image_choice);
	b->next.n_choices = n;
	for (uint32_t i = 0; i < n; i++) {
		struct image_choice c = { .number = i, .word = image_builder_string(b, words[i]) };

		buf_put(&b->choices, &c, sizeof(c));
	}
}

/* What image_builder_next_output() asked for. */
static void
make_kind(struct image_builder *b, uint32_t point, struct image_channel *shown)
{
	struct image_point *p = AT(&b->points, struct image_point, point);

	if (!b->next.is_set)
		return;
	shown->type = b->next.type;
	shown->first_choice = b->next.first_choice;
	shown->n_choices = b->next.n_choices;
	p->is_write_only = b->next.is_write_only;
	b->next.is_set = false;
}

static uint32_t
put_output(struct image_builder *b, const char *name, uint32_t at, uint32_t channel,
	struct image_output o)
{
	struct image_channel shown = *AT(&b->channels, struct image_channel, channel);

	if (b->head.bench_state == IMAGE_NONE)
		b->head.bench_state = put_state(b, "mbc.bench", STATE_BENCH, NULL);
	o.channel = channel;
	o.at = at;
	o.target = put_named(b, name, "target", STATE_TARGET, &shown);
	o.working = put_named(b, name, "working", STATE_WORKING, &shown);
	o.owner = put_named(b, name, "owner", STATE_OWNER, NULL);
	o.mode = put_named(b, name, "mode", STATE_MODE, NULL);
	o.shutoff = IMAGE_NONE;
	if (!(o.factor > 0) && !(o.factor < 0))
		o.factor = 1;
	buf_put(&b->outputs, &o, sizeof(o));
	return COUNT(&b->outputs, struct image_output) - 1;
}

uint32_t
image_builder_output(struct image_builder *b, const char *name, uint32_t point,
	const struct image_output *like, uint32_t *out_channel)
{
	uint32_t at = image_builder_channel(b, point);
	uint32_t channel = image_builder_follow(b, name, at);

	make_kind(b, point, AT(&b->channels, struct image_channel, channel));
	if (out_channel != NULL)
		*out_channel = channel;
	return put_output(b, name, at, channel, *like);
}

uint32_t
image_builder_loop(struct image_builder *b, const char *name, uint32_t point,
	const struct image_output *like, const struct image_loop *loop, uint32_t output,
	uint32_t *out_channel)
{
	uint32_t channel = image_builder_follow(b, name, image_builder_channel(b, point));
	uint32_t i = put_output(b, name, channel, channel, *like);
	uint32_t n = COUNT(&b->loops, struct image_loop);
	struct image_loop l = *loop, other;

	l.of = i;
	l.output = output;
	buf_put(&b->loops, &l, sizeof(l));
	for (uint32_t k = n; k > 0; k--) {
		other = *AT(&b->loops, struct image_loop, k - 1);
		*AT(&b->loops, struct image_loop, k) = other;
		AT(&b->outputs, struct image_output, other.of)->loop = k + 1;
	}
	*AT(&b->loops, struct image_loop, 0) = l;
	AT(&b->outputs, struct image_output, i)->loop = 1;
	if (out_channel != NULL)
		*out_channel = channel;
	return i;
}

uint32_t
image_builder_safe_state(
	struct image_builder *b, const char *name, const struct image_safe_line *lines, uint32_t n)
{
	uint32_t first = COUNT(&b->safe_lines, struct image_safe_line);
	struct image_safe_state s = { .name = image_builder_string(b, name),
		.first_line = first,
		.n_lines = n,
		.state = put_named(b, "safe", name, STATE_SAFE, NULL) };

	for (uint32_t i = 0; i < n; i++) {
		struct image_safe_line l = lines[i];

		l.after = l.after == IMAGE_NONE ? IMAGE_NONE : l.after + first;
		l.otherwise = l.otherwise == IMAGE_NONE ? IMAGE_NONE : l.otherwise + first;
		buf_put(&b->safe_lines, &l, sizeof(l));
	}
	buf_put(&b->safe_states, &s, sizeof(s));
	return COUNT(&b->safe_states, struct image_safe_state) - 1;
}

void
image_builder_on_stop(struct image_builder *b, uint32_t safe_state)
{
	b->head.on_stop = safe_state;
}

struct image_cond
image_builder_cond(struct image_builder *b, uint32_t channel, enum expr_opcode op, double number)
{
	struct expr_op ops[] = { { .code = EXPR_OP_LOAD, .arg.i = channel },
		{ .code = EXPR_OP_CONST, .arg.f = number }, { .code = op } };
	struct image_cond c = { .first_op = COUNT(&b->code, struct expr_op),
		.n_ops = NELEM(ops),
		.text = image_builder_string(b, "a condition of the test") };

	buf_put(&b->code, ops, sizeof(ops));
	return c;
}

struct image_cond
image_builder_both(
	struct image_builder *b, const struct image_cond *one, const struct image_cond *other)
{
	struct expr_op both = { .code = EXPR_OP_AND };
	struct image_cond c = { .first_op = COUNT(&b->code, struct expr_op), .text = one->text };
	const struct image_cond *parts[] = { one, other };

	for (size_t k = 0; k < NELEM(parts); k++)
		for (uint32_t i = 0; i < parts[k]->n_ops; i++) {
			struct expr_op op = *AT(&b->code, struct expr_op, parts[k]->first_op + i);

			buf_put(&b->code, &op, sizeof(op));
		}
	buf_put(&b->code, &both, sizeof(both));
	c.n_ops = COUNT(&b->code, struct expr_op) - c.first_op;
	return c;
}

uint32_t
image_builder_trip(struct image_builder *b, const char *name, const struct image_cond *when,
	const struct image_trip *like)
{
	struct image_trip t = *like;

	t.name = image_builder_string(b, name);
	t.when = *when;
	t.interlock = IMAGE_NONE;
	t.state = put_named(b, "trip", name, STATE_TRIP, NULL);
	buf_put(&b->trips, &t, sizeof(t));
	return COUNT(&b->trips, struct image_trip) - 1;
}

uint32_t
image_builder_interlock(struct image_builder *b, const char *name, const struct image_cond *forbid,
	const struct image_trip *like)
{
	struct image_interlock k = { .name = image_builder_string(b, name), .forbid = *forbid };
	uint32_t i = COUNT(&b->interlocks, struct image_interlock);

	k.trip = image_builder_trip(b, name, forbid, like);
	AT(&b->trips, struct image_trip, k.trip)->interlock = i;
	k.state = put_named(b, "interlock", name, STATE_INTERLOCK, NULL);
	buf_put(&b->interlocks, &k, sizeof(k));
	return i;
}
