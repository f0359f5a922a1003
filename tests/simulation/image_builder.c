/* image_builder.c - images made in C, for tests
 *
 * Each table grows in a buffer of its own; image_builder_done() lays them out one behind the other.
 */
#include "image_builder_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "drivers/list.h"
#include "model/expr.h"
#include "msg/health.h"

#define HEALTH_ID (1u << 24) /* the health channels have the same numbers in all images */

_Noreturn void
image_builder_give_up(const char *what, const char *which)
{
	fprintf(stderr, "image builder: %s: '%s'; correct the test\n", what, which);
	exit(2);
}

uint32_t
image_builder_string(struct image_builder *b, const char *text)
{
	uint32_t off = (uint32_t)b->strings.n;

	if (*text == '\0')
		return 0;
	buf_put(&b->strings, text, strlen(text) + 1);
	return off;
}

static const char *
string_at(const struct image_builder *b, uint32_t off)
{
	return b->strings.data + off;
}

struct image_builder *
image_builder_new(const char *bench, int64_t tick_ns)
{
	struct image_builder *b = mem_zero(1, sizeof(*b));

	buf_putc(&b->strings, '\0');
	b->head.magic = IMAGE_MAGIC;
	b->head.version = IMAGE_VERSION;
	b->head.on_stop = b->head.bench_state = b->head.horn = IMAGE_NONE;
	b->head.restoring = b->head.outage = IMAGE_NONE;
	b->head.tick_ns = tick_ns;
	b->head.bench = image_builder_string(b, bench);
	b->head.title = b->head.bench;
	return b;
}

uint32_t
image_builder_link(struct image_builder *b, const char *name, const char *host, uint16_t port)
{
	struct image_link link = { .name = image_builder_string(b, name),
		.kind = LINK_TCP,
		.host = image_builder_string(b, host),
		.port = port,
		.pipeline = 1,
		.connect_timeout_ns = 3 * NS_PER_S,
		.probe_max_ns = 30 * NS_PER_S };

	buf_put(&b->links, &link, sizeof(link));
	return COUNT(&b->links, struct image_link) - 1;
}

void
image_builder_wire(struct image_builder *b, uint32_t link, const struct image_link *like)
{
	struct image_link *l = AT(&b->links, struct image_link, link);
	struct image_link made = *like;

	made.name = l->name;
	made.host = l->host;
	made.port = like->kind == LINK_TCP ? l->port : 0;
	made.connect_timeout_ns = l->connect_timeout_ns;
	if (made.probe_max_ns == 0)
		made.probe_max_ns = l->probe_max_ns;
	*l = made;
}

/* ---- options ------------------------------------------------------------------------------------------------------ */

static int64_t
option_value(const struct opt *opt, const char *text)
{
	static const char *const truths[] = { "no", "yes", NULL };
	const char *const *choices = opt->type == OPT_BOOL ? truths : opt->choices;
	int64_t v;

	if (opt->type == OPT_CHOICE || opt->type == OPT_BOOL) {
		for (int i = 0; choices[i] != NULL; i++)
			if (strcmp(choices[i], text) == 0)
				return i;
		image_builder_give_up("no such choice", text);
	}
	if (!text_to_int(text, &v) || (opt->type != OPT_SECRET && (v < opt->min || v > opt->max)))
		image_builder_give_up("not a number in its range", text);
	return v;
}

/* "unit=3 max_gap=4" by a table of options; what is left out gets its default. texts: room for values of OPT_TEXT. */
static void
options(const struct opt *table, const char *text, struct optvals *out,
	char texts[CODEC_OPTS_MAX][64])
{
	const char *at = text;

	for (int i = 0; table[i].name != NULL; i++)
		out->num[i] = table[i].def;
	while (*at != '\0') {
		char word[128], *value;
		size_t n = strcspn(at, " ");
		int i;

		if (n >= sizeof(word))
			image_builder_give_up("option is too long", at);
		memcpy(word, at, n);
		word[n] = '\0';
		at += n + strspn(at + n, " ");
		value = strchr(word, '=');
		if (value == NULL)
			image_builder_give_up("not of the form name=value", word);
		*value++ = '\0';
		for (i = 0; table[i].name != NULL && strcmp(table[i].name, word) != 0; i++)
			continue;
		if (table[i].name == NULL)
			image_builder_give_up("the codec has no such option", word);
		if (table[i].type == OPT_TEXT) {
			if (!text_copy(texts[i], 64, value))
				image_builder_give_up("text is too long", value);
			out->text[i] = texts[i];
			out->num[i] = 0;
		} else {
			out->num[i] = option_value(&table[i], value);
		}
	}
	for (int i = 0; table[i].name != NULL; i++)
		if (out->num[i] == OPT_NEEDED)
			image_builder_give_up("option is needed", table[i].name);
}

/* ---- instruments and points --------------------------------------------------------------------------------------- */

/* Of what the polling depends on, as `compile` makes it: not of places in the image. */
static uint64_t
instrument_hash(const struct image_builder *b, const struct image_instrument *ins)
{
	const struct image_link *link = AT(&b->links, struct image_link, ins->link);
	struct buf text_form = { 0 };
	uint64_t h;

	buf_printf(&text_form, "%s %u|%s %s %lld %u|", string_at(b, link->host), link->port,
		string_at(b, ins->name), string_at(b, ins->codec), (long long)ins->timeout_ns,
		ins->retries);
	buf_printf(&text_form, "%u %u %u %u %u|%lld %lld %lld %lld|", link->kind, link->is_line,
		link->has_echo, link->line.baud, link->pipeline, (long long)link->gap_ns,
		(long long)link->char_ns, (long long)link->late_max_ns,
		(long long)link->probe_max_ns);
	for (int i = 0; i < IMAGE_OPTS_MAX; i++)
		buf_printf(&text_form, "%lld|", (long long)ins->opts[i]);
	for (uint32_t i = ins->first_point; i < ins->first_point + ins->n_points; i++) {
		const struct image_point *p = AT(&b->points, struct image_point, i);

		buf_printf(&text_form, "%u %u %u %u %u %u %u %d %u %s %s %lld|", p->space, p->type,
			p->address, p->count, p->order, p->bit, p->value, p->write_space,
			p->write_address, string_at(b, p->key), string_at(b, p->unit),
			(long long)p->every_ns);
	}
	for (uint32_t i = ins->first_preset; i < ins->first_preset + ins->n_presets; i++) {
		const struct image_preset *p = AT(&b->presets, struct image_preset, i);

		buf_printf(&text_form, "%u %u %llu|", p->space, p->address,
			(unsigned long long)p->v.u);
	}
	h = text_hash(text_form.data, text_form.n);
	buf_done(&text_form);
	return h;
}

uint32_t
image_builder_instrument(struct image_builder *b, const char *name, const char *codec,
	uint32_t link, const char *opts, int64_t every_ns, int64_t timeout_ns, uint32_t retries)
{
	const struct codec *c = codec_find(codec);
	struct image_instrument ins = { .codec = image_builder_string(b, codec),
		.name = image_builder_string(b, name),
		.link = link,
		.first_point = COUNT(&b->points, struct image_point),
		.retries = retries,
		.every_ns = every_ns,
		.timeout_ns = timeout_ns };
	struct optvals vals = { .num = { 0 } };
	char texts[CODEC_OPTS_MAX][64];

	if (c == NULL)
		image_builder_give_up("no such codec", codec);
	options(c->opts, opts, &vals, texts);
	for (int i = 0; c->opts[i].name != NULL; i++)
		ins.opts[i] =
			vals.text[i] != NULL ? image_builder_string(b, vals.text[i]) : vals.num[i];
	ins.id = COUNT(&b->instruments, struct image_instrument) + 1;
	buf_put(&b->instruments, &ins, sizeof(ins));
	return COUNT(&b->instruments, struct image_instrument) - 1;
}

static struct image_instrument *
last_instrument(struct image_builder *b)
{
	uint32_t n = COUNT(&b->instruments, struct image_instrument);

	if (n == 0)
		image_builder_give_up(
			"a point needs an instrument before it", string_at(b, b->head.bench));
	return AT(&b->instruments, struct image_instrument, n - 1);
}

/* What a point's key is made of, while it is not in the image. */
struct point_room {
	char texts[CODEC_OPTS_MAX][64];
	char key[CODEC_KEY_MAX];
};

/* What the codec makes of a point's options. */
static void
codec_point(const struct image_builder *b, const struct image_instrument *stored, const char *opts,
	bool is_write, struct point *out, struct point_room *room)
{
	const struct codec *c = codec_find(string_at(b, stored->codec));
	struct instrument ins = { .name = string_at(b, stored->name) };
	struct optvals vals = { .num = { 0 } };
	struct err err = { 0 };

	memcpy(ins.opts.num, stored->opts, sizeof(ins.opts.num));
	for (int i = 0; c->opts != NULL && c->opts[i].name != NULL; i++)
		if (c->opts[i].type == OPT_TEXT && stored->opts[i] > 0)
			ins.opts.text[i] = string_at(b, (uint32_t)stored->opts[i]);
	options(c->point_opts, opts, &vals, room->texts);
	vals.is_write = is_write;
	vals.room = room->key;
	*out = (struct point){ .write_space = -1, .bit = CODEC_BIT_NONE };
	if (c->point(&ins, &vals, out, &err) < 0)
		image_builder_give_up(err.msg, opts);
}

uint32_t
image_builder_put_channel(struct image_builder *b, struct image_channel *ch, const char *name)
{
	ch->id = COUNT(&b->channels, struct image_channel) + 1;
	ch->name = image_builder_string(b, name);
	ch->title = ch->name;
	buf_put(&b->channels, ch, sizeof(*ch));
	return COUNT(&b->channels, struct image_channel) - 1;
}

uint32_t
image_builder_point(struct image_builder *b, const char *name, const char *opts, int64_t every_ns)
{
	struct image_instrument *ins = last_instrument(b);
	uint32_t index = COUNT(&b->points, struct image_point);
	struct image_point stored = {
		.instrument = COUNT(&b->instruments, struct image_instrument) - 1, .write_space = -1
	};
	struct image_channel ch = { .source_kind = SOURCE_POINT, .source = index, .factor = 1 };
	struct point_room room;
	struct point p;
	char full[140];

	codec_point(b, ins, opts, false, &p, &room);
	stored.space = p.space;
	stored.type = p.type;
	stored.address = p.address;
	stored.count = p.count;
	stored.order = p.order;
	stored.bit = p.bit;
	stored.value = p.value;
	stored.key = p.key != NULL ? image_builder_string(b, p.key) : 0;
	stored.unit = p.unit != NULL ? image_builder_string(b, p.unit) : 0;
	stored.every_ns = every_ns > 0 ? every_ns : ins->every_ns;
	snprintf(full, sizeof(full), "%s.%s", string_at(b, ins->name), name);
	ch.type = p.value;
	ch.instrument = stored.instrument;
	ch.stale_ns = MAX(3 * stored.every_ns + ins->timeout_ns * (ins->retries + 1), NS_PER_S);
	stored.channel = image_builder_put_channel(b, &ch, full);
	buf_put(&b->points, &stored, sizeof(stored));
	ins->n_points++;
	return index;
}

uint32_t
image_builder_channel(const struct image_builder *b, uint32_t point)
{
	return AT(&b->points, struct image_point, point)->channel;
}

void
image_builder_scale(struct image_builder *b, uint32_t point, double factor, double offset)
{
	struct image_channel *ch =
		AT(&b->channels, struct image_channel, image_builder_channel(b, point));

	ch->has_scale = 1;
	ch->factor = factor;
	ch->offset = offset;
	ch->type = VALUE_FLOAT;
}

void
image_builder_write(struct image_builder *b, uint32_t point, const char *opts)
{
	struct image_point *stored = AT(&b->points, struct image_point, point);
	struct point_room room;
	struct point p;

	codec_point(b, AT(&b->instruments, struct image_instrument, stored->instrument), opts, true,
		&p, &room);
	stored->write_space = (int16_t)p.space;
	stored->write_address = p.address;
	stored->write_key = p.key != NULL ? image_builder_string(b, p.key) : 0;
	AT(&b->channels, struct image_channel, stored->channel)->writable = 1;
}

void
image_builder_preset(struct image_builder *b, const char *opts, union value v)
{
	struct image_instrument *ins = last_instrument(b);
	struct image_preset stored = { .v = v };
	struct point_room room;
	struct point p;

	codec_point(b, ins, opts, true, &p, &room);
	stored.address = p.address;
	stored.space = p.space;
	stored.type = p.type;
	stored.count = p.count;
	stored.order = p.order;
	stored.bit = p.bit;
	stored.value = p.value;
	stored.key = p.key != NULL ? image_builder_string(b, p.key) : 0;
	if (ins->n_presets++ == 0)
		ins->first_preset = COUNT(&b->presets, struct image_preset);
	buf_put(&b->presets, &stored, sizeof(stored));
}

void
image_builder_instrument_id(struct image_builder *b, uint32_t instrument, uint32_t id)
{
	AT(&b->instruments, struct image_instrument, instrument)->id = id;
}

void
image_builder_channel_id(struct image_builder *b, uint32_t channel, uint32_t id)
{
	AT(&b->channels, struct image_channel, channel)->id = id;
}

void
image_builder_twin(struct image_builder *b, const struct image_twin *twin)
{
	buf_put(&b->twins, twin, sizeof(*twin));
}

/* ---- channels ------------------------------------------------------------------------------------------------------ */

uint32_t
image_builder_follow(struct image_builder *b, const char *name, uint32_t channel)
{
	const struct image_channel *of = AT(&b->channels, struct image_channel, channel);
	struct image_channel ch = { .type = of->type,
		.source_kind = SOURCE_CHANNEL,
		.source = channel,
		.instrument = of->instrument,
		.factor = 1 };

	return image_builder_put_channel(b, &ch, name);
}

uint32_t
image_builder_sum(struct image_builder *b, const char *name, uint32_t one, uint32_t other)
{
	struct expr_op ops[] = { { .code = EXPR_OP_LOAD, .arg.i = one },
		{ .code = EXPR_OP_LOAD, .arg.i = other }, { .code = EXPR_OP_ADD } };
	struct image_channel ch = { .type = VALUE_FLOAT,
		.source_kind = SOURCE_CALC,
		.source = COUNT(&b->code, struct expr_op),
		.n_ops = NELEM(ops),
		.instrument = IMAGE_NONE,
		.factor = 1 };

	buf_put(&b->code, ops, sizeof(ops));
	return image_builder_put_channel(b, &ch, name);
}

static void
put_health(struct image_builder *b)
{
	for (uint32_t i = 0; i < HEALTH_COUNT; i++) {
		struct image_channel ch = { .type = VALUE_FLOAT,
			.source_kind = SOURCE_HEALTH,
			.source = i,
			.instrument = IMAGE_NONE,
			.factor = 1,
			.stale_ns = 5 * NS_PER_S,
			.unit = image_builder_string(b, health_rows[i].unit) };

		image_builder_channel_id(b,
			image_builder_put_channel(b, &ch, health_rows[i].channel), HEALTH_ID + i);
	}
}

/* ---- the image ------------------------------------------------------------------------------------------------------ */

static void
put_table(struct buf *out, struct image_table *table, struct buf *from, size_t size)
{
	static const char zero[8];

	buf_put(out, zero, (8 - out->n % 8) % 8);
	table->off = (uint32_t)out->n;
	table->n = (uint32_t)(from->n / size);
	if (from->n > 0)
		buf_put(out, from->data, from->n);
	buf_done(from);
}

struct image *
image_builder_done(struct image_builder *b)
{
	struct buf out = { 0 };
	struct image *img;
	struct err err = { 0 };

	put_health(b);
	for (uint32_t i = 0; i < COUNT(&b->instruments, struct image_instrument); i++) {
		struct image_instrument *ins = AT(&b->instruments, struct image_instrument, i);

		ins->hash = instrument_hash(b, ins);
	}
	buf_put(&out, &b->head, sizeof(b->head));
	put_table(&out, &b->head.links, &b->links, sizeof(struct image_link));
	put_table(&out, &b->head.instruments, &b->instruments, sizeof(struct image_instrument));
	put_table(&out, &b->head.presets, &b->presets, sizeof(struct image_preset));
	put_table(&out, &b->head.points, &b->points, sizeof(struct image_point));
	put_table(&out, &b->head.channels, &b->channels, sizeof(struct image_channel));
	put_table(&out, &b->head.choices, &b->choices, sizeof(struct image_choice));
	put_table(&out, &b->head.twins, &b->twins, sizeof(struct image_twin));
	put_table(&out, &b->head.outputs, &b->outputs, sizeof(struct image_output));
	put_table(&out, &b->head.loops, &b->loops, sizeof(struct image_loop));
	put_table(&out, &b->head.safe_states, &b->safe_states, sizeof(struct image_safe_state));
	put_table(&out, &b->head.safe_lines, &b->safe_lines, sizeof(struct image_safe_line));
	put_table(&out, &b->head.trips, &b->trips, sizeof(struct image_trip));
	put_table(&out, &b->head.interlocks, &b->interlocks, sizeof(struct image_interlock));
	put_table(&out, &b->head.code, &b->code, sizeof(struct expr_op));
	put_table(&out, &b->head.strings, &b->strings, 1);
	b->head.size = (uint32_t)out.n;
	memcpy(out.data, &b->head, sizeof(b->head));
	img = (struct image *)(void *)out.data;
	img->hash = text_hash(
		out.data + offsetof(struct image, bench), out.n - offsetof(struct image, bench));
	if (image_check(img, out.n, &err) < 0)
		image_builder_give_up("the image does not hold together", err.msg);
	free(b);
	return img;
}
