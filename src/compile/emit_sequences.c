/* emit_sequences.c - sequences as tables of an image */
#include "base/text.h"
#include "compile/emit.h"
#include "compile/seq_program.h"

/* A text of the programs as one of the image. */
static uint32_t
text(struct emit *e, uint32_t i)
{
	return i == 0 ? emit_text(e, "") : emit_text(e, e->b->programs->texts.at[i]);
}

static struct image_cond
cond(struct emit *e, struct image_cond c)
{
	c.text = text(e, c.text);
	return c;
}

/* Texts of a run are kept once for each hash: with other channels before an injection it is another text. */
static uint64_t
hash_with_before(const struct bench *b, uint64_t h)
{
	struct buf text = { 0 };

	if (b->before_channels == NULL)
		return h;
	buf_printf(&text, "%016llx %lld %s", (unsigned long long)h, (long long)b->before_ns,
		b->before_channels);
	h = text_hash(text.data, text.n);
	buf_done(&text);
	return h;
}

static struct image_table
emit_heads(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->sequences.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_sequence d = p->sequences.at[i];

		d.name = text(e, d.name);
		d.title = text(e, d.title);
		d.path = text(e, d.path);
		d.text_hash = hash_with_before(e->b, d.text_hash);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_steps(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->steps.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_seq_step d = p->steps.at[i];

		d.title = text(e, d.title);
		d.comment = text(e, d.comment);
		d.when = cond(e, d.when);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_expects(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->expects.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_seq_expect d = p->expects.at[i];

		d.value = cond(e, d.value);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_instrs(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->instrs.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_instr d = p->instrs.at[i];

		d.text = text(e, d.text);
		d.name = text(e, d.name);
		d.said = text(e, d.said);
		d.value = cond(e, d.value);
		d.rate = cond(e, d.rate);
		d.span = cond(e, d.span);
		d.within = cond(e, d.within);
		d.cond = cond(e, d.cond);
		d.timeout = cond(e, d.timeout);
		d.low = cond(e, d.low);
		d.high = cond(e, d.high);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_actions(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->actions.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_seq_action d = p->actions.at[i];

		d.text = text(e, d.text);
		d.until = cond(e, d.until);
		d.timeout = cond(e, d.timeout);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_guards(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->guards.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_seq_guard d = p->guards.at[i];

		d.name = text(e, d.name);
		d.when = cond(e, d.when);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_slots(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->slots.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_slot d = p->slots.at[i];

		d.name = text(e, d.name);
		d.unit = text(e, d.unit);
		d.text = text(e, d.text);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_rows(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->rows.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_seq_row d = p->rows.at[i];

		d.when = cond(e, d.when);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_backs(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->backs.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_seq_back d = p->backs.at[i];

		d.rate = cond(e, d.rate);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_limits(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->limits.n);

	for (uint32_t i = 0; i < t.n; i++) {
		struct image_seq_limit d = p->limits.at[i];

		d.min = cond(e, d.min);
		d.max = cond(e, d.max);
		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_numbers(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->numbers.n);

	for (uint32_t i = 0; i < t.n; i++) {
		uint32_t v = p->is_text.at[i] ? text(e, p->numbers.at[i]) : p->numbers.at[i];

		buf_put(e->out, &v, sizeof(v));
	}
	return t;
}

static struct image_cond
bench_cond(struct emit *e, const struct bench_cond *c)
{
	return (struct image_cond){ .first_op = c->first_op,
		.n_ops = c->n_ops,
		.text = emit_text(e, c->text == NULL ? "" : c->text) };
}

static struct image_table
emit_commands(struct emit *e)
{
	const struct bench *b = e->b;
	struct image_table t = emit_table(e, b->commands_of.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct bench_command *c = &b->commands_of.at[i];
		struct image_ins_command d = {
			.name = emit_text(e, c->name),
			.title = emit_text(e, c->title),
			.instrument = c->instrument,
			.channel = b->channels.at[c->channel].place,
			.named = c->named == IMAGE_NONE ? IMAGE_NONE
							: b->channels.at[c->named].place,
			.value = c->value,
			.ready = bench_cond(e, &c->ready),
			.started = bench_cond(e, &c->started),
			.done = bench_cond(e, &c->done),
			.takes_ns = c->takes_ns,
		};

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

static struct image_table
emit_files(struct emit *e, const struct seq_programs *p)
{
	struct image_table t = emit_table(e, p->files.n);

	for (uint32_t i = 0; i < t.n; i++) {
		const struct image_seq_file d = { text(e, p->files.at[i].path),
			text(e, p->files.at[i].text) };

		buf_put(e->out, &d, sizeof(d));
	}
	return t;
}

void
emit_sequences(struct emit *e, struct image *img)
{
	const struct seq_programs *p = e->b->programs;

	img->sequences = emit_heads(e, p);
	img->seq_steps = emit_steps(e, p);
	img->seq_expects = emit_expects(e, p);
	img->instrs = emit_instrs(e, p);
	img->seq_actions = emit_actions(e, p);
	img->guards = emit_guards(e, p);
	img->slots = emit_slots(e, p);
	img->seq_rows = emit_rows(e, p);
	img->seq_backs = emit_backs(e, p);
	img->seq_limits = emit_limits(e, p);
	img->seq_numbers = emit_numbers(e, p);
	img->ins_commands = emit_commands(e);
	img->seq_files = emit_files(e, p);
	for (size_t i = 0; i < NELEM(img->sequence); i++)
		img->sequence[i] = p->is_any ? e->b->channels.at[p->state[i]].place : IMAGE_NONE;
}
