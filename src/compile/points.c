/* points.c - the channels of an instrument: quantities on its wire with unit and scale */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "msg/health.h"

#define STALE_LEAST (1 * NS_PER_S)

struct place
points_blame(const struct node *map, const struct node *const *found_opts, const struct err *err)
{
	if (err->sys >= 0 && err->sys < IMAGE_OPTS_MAX && found_opts[err->sys] != NULL)
		return found_opts[err->sys]->at;
	return map->at;
}

bool
points_opts(struct bench *b, const struct codec *codec, const struct node *map,
	const struct node **found_opts, struct optvals *out)
{
	static const struct key none[] = { { .name = NULL } };
	const struct node *found[SCHEMA_KEYS_MAX];
	size_t before = b->diag.n_errors;

	if (!read_is(b, map, NODE_MAP, "a map of the codec's options"))
		return false;
	read_keys(b, map, none, codec->point_opts, found, found_opts);
	return read_opts(b, map, codec->point_opts, found_opts, out) && before == b->diag.n_errors;
}

int
points_make(struct bench *b, const struct bench_instrument *ins, struct optvals *vals,
	bool is_write, struct point *out, struct err *err)
{
	char room[CODEC_KEY_MAX];
	int rc;

	vals->room = room;
	vals->is_write = is_write;
	rc = ins->codec->point(&ins->codec_part, vals, out, err);
	if (rc >= 0 && out->key == room)
		out->key = tree_text(&b->tree, room, strlen(room));
	vals->room = NULL;
	return rc;
}

/* What is written must have the form of what is read: the image keeps one form for both. */
static bool
same_form(const struct point *to, const struct point *from)
{
	return to->value == from->value && to->type == from->type && to->count == from->count &&
	       to->order == from->order && (to->bit == from->bit || to->bit == CODEC_BIT_NONE);
}

static bool
can_write(struct bench *b, const struct codec *codec, const struct node *map)
{
	if (codec->write != NULL)
		return true;
	diag_error(
		&b->diag, map->key_at, "point", "%s writes nothing; remove `write`", codec->name);
	return false;
}

/* Does the device take writes there? */
static bool
is_taken(struct bench *b, struct bench_instrument *ins, const struct node *map, struct point *pt)
{
	const union value zero = { 0 };
	struct request trial;
	struct err err = { .sys = -1 };

	if (ins->codec->write(&ins->codec_part, pt, zero, "", NULL, &trial, &err) >= 0)
		return true;
	diag_error(&b->diag, map->at, "point",
		"the device takes no writes there (%s); name a place that can be written, or "
		"remove "
		"`write`",
		err.msg);
	return false;
}

/* A channel that is written and never read has the form of what is written. */
static bool
read_write_only(struct bench *b, struct bench_instrument *ins, const char *channel,
	const struct node *map, struct point *pt)
{
	const struct node *found_opts[IMAGE_OPTS_MAX];
	struct optvals vals;
	struct err err = { .sys = -1 };

	if (!can_write(b, ins->codec, map))
		return false;
	pt->key = channel;
	if (ins->codec->has_messages) {
		pt->count = 1;
		pt->bit = CODEC_BIT_NONE;
		pt->is_write_only = true;
		if (!messages_write(b, ins, channel, map, pt))
			return false;
		pt->space = (uint16_t)pt->write_space;
		pt->address = pt->write_address;
		return true;
	}
	if (!points_opts(b, ins->codec, map, found_opts, &vals))
		return false;
	if (points_make(b, ins, &vals, true, pt, &err) < 0) {
		diag_error(&b->diag, points_blame(map, found_opts, &err), "point", "%s", err.msg);
		return false;
	}
	pt->is_write_only = true;
	pt->write_space = (int16_t)pt->space;
	pt->write_address = pt->address;
	pt->write_key = pt->key;
	return is_taken(b, ins, map, pt);
}

/* Words such as type and order are the reading's where they are left out; addresses are not. */
static bool
read_write(struct bench *b, struct bench_instrument *ins, const char *channel,
	const struct node *map, const struct optvals *read_vals, struct point *pt)
{
	const struct node *found_opts[IMAGE_OPTS_MAX];
	const struct codec *codec = ins->codec;
	struct optvals vals;
	struct point to;
	struct err err = { .sys = -1 };

	if (!can_write(b, codec, map))
		return false;
	if (codec->has_messages)
		return messages_write(b, ins, channel, map, pt);
	if (!points_opts(b, codec, map, found_opts, &vals))
		return false;
	for (size_t i = 0; codec->point_opts[i].name != NULL; i++)
		if (found_opts[i] == NULL && codec->point_opts[i].type == OPT_CHOICE)
			vals.num[i] = read_vals->num[i];
	if (points_make(b, ins, &vals, true, &to, &err) < 0) {
		diag_error(&b->diag, points_blame(map, found_opts, &err), "point", "%s", err.msg);
		return false;
	}
	if (!same_form(&to, pt)) {
		diag_error(&b->diag, map->at, "point",
			"`write` has another form than `read`; give both the same type, order and "
			"bit");
		return false;
	}
	pt->write_space = (int16_t)to.space;
	pt->write_address = to.address;
	pt->write_key = to.key;
	return is_taken(b, ins, map, pt);
}

static void
refuse_reading_keys(struct bench *b, const struct bench_channel *ch, const struct node *const *keys)
{
	static const int no[] = { INS_CH_EVERY, INS_CH_BITS, INS_CH_INVALID, INS_CH_LIVE_ZERO,
		INS_CH_BAD_IF, INS_CH_VERIFY, CH_STALE, CH_FILTER };

	for (size_t i = 0; i < NELEM(no); i++)
		if (keys[no[i]] != NULL)
			diag_error(&b->diag, keys[no[i]]->key_at, "conflict",
				"'%s' is written and never read; add read:, or remove '%s'",
				ch->name, keys[no[i]]->key);
}

/* Its type stays open when `read` cannot be used. */
static void
read_point(struct bench *b, struct bench_instrument *ins, struct bench_channel *ch,
	const struct node *const *keys, struct bench_point *p)
{
	const struct node *found_opts[IMAGE_OPTS_MAX];
	struct optvals vals;
	struct err err = { .sys = -1 };
	int64_t every_ns = ins->every_ns;
	const char *name = strrchr(ch->name, '.') + 1;
	const struct node *map;
	bool good;

	if (keys[INS_CH_EVERY] != NULL)
		read_span(
			b, keys[INS_CH_EVERY], &schema_instrument_channel[INS_CH_EVERY], &every_ns);
	p->codec_part.every_ns = every_ns;
	if (keys[INS_CH_WRITE] != NULL)
		p->write_at = keys[INS_CH_WRITE]->at;
	if (keys[CH_READ] == NULL && keys[INS_CH_WRITE] != NULL && ins->codec != NULL) {
		refuse_reading_keys(b, ch, keys);
		ch->is_writable = read_write_only(b, ins, name, keys[INS_CH_WRITE], &p->codec_part);
		ch->type = (enum value_type)p->codec_part.value;
		ch->is_type_open = !ch->is_writable;
		return;
	}
	if (keys[CH_READ] == NULL || ins->codec == NULL)
		return;
	if (captures_is_read(b, keys[CH_READ])) {
		ch->is_type_open = !captures_point(b, ins, keys, &p->codec_part);
		ch->type = VALUE_TEXT;
		return;
	}
	map = messages_point(b, ins, name, keys[CH_READ]);
	good = map != NULL && points_opts(b, ins->codec, map, found_opts, &vals);
	p->codec_part.key = name;
	if (good && points_make(b, ins, &vals, false, &p->codec_part, &err) < 0) {
		diag_error(&b->diag, points_blame(map, found_opts, &err), "point", "%s", err.msg);
		good = false;
	}
	if (!good) {
		/* What is written has its form from what is read: only its own keys and values can be looked at. */
		if (keys[INS_CH_WRITE] != NULL && ins->codec->write != NULL &&
			!ins->codec->has_messages)
			points_opts(b, ins->codec, keys[INS_CH_WRITE], found_opts, &vals);
		return;
	}
	p->codec_part.every_ns = every_ns;
	p->codec_part.write_space = -1;
	p->codec_part.write_address = 0;
	p->codec_part.write_key = NULL;
	ch->type = (enum value_type)p->codec_part.value;
	ch->is_type_open = false;
	if (keys[INS_CH_WRITE] != NULL)
		ch->is_writable =
			read_write(b, ins, name, keys[INS_CH_WRITE], &vals, &p->codec_part);
}

/* `type: bool` makes a truth of a number that is 0 or 1. */
static void
read_type(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	const char *text = n == NULL ? NULL : read_text(b, n);

	if (text == NULL)
		return;
	if (strcmp(text, "bool") != 0)
		diag_error(&b->diag, n->at, "wrong-value",
			"type cannot be '%.60s' here; write bool, and put the type on the wire "
			"into read: {type: ...}",
			text);
	else if (ch->type == VALUE_TEXT && !ch->is_type_open)
		diag_error(&b->diag, n->at, "conflict", "a text is not a truth; remove the type");
	else {
		ch->type = VALUE_BOOL;
		ch->is_type_open = false;
	}
}

/* The default age from which a value is stale: three periods and all tries of one request. */
static void
set_stale(struct bench_channel *ch, const struct bench_instrument *ins, const struct bench_point *p)
{
	int64_t span = 3 * p->codec_part.every_ns + ins->timeout_ns * (ins->retries + 1);

	ch->stale_ns = MAX(span, STALE_LEAST);
}

static bool
name_channel(struct bench *b, struct bench_channel *ch, uint32_t index, const char *ins,
	const char *name)
{
	char full[130];
	int n = snprintf(full, sizeof(full), "%s.%s", ins, name);

	ch->name = tree_text(&b->tree, full, (size_t)n);
	return names_put(&b->channel_names, ch->name, index) == NAMES_NONE;
}

/* A channel that is calculated from others of its instrument: what channels.c makes of it needs all of them. */
static void
read_calc(struct bench *b, uint32_t instrument, const struct node *n)
{
	static const int no[] = { CH_READ, INS_CH_WRITE, INS_CH_EVERY, INS_CH_TYPE, INS_CH_TWIN,
		INS_CH_BITS, INS_CH_INVALID, INS_CH_LIVE_ZERO, INS_CH_REFRESH, INS_CH_VERIFY,
		INS_CH_MAX_WRITES, INS_CH_CONFIRM };
	struct bench_instrument *ins = &b->instruments.at[instrument];
	const struct node *found[SCHEMA_KEYS_MAX], **keys;
	struct bench_channel *ch = BENCH_ADD(b->channels);

	ch->at = n->key_at;
	ch->title = ch->was = "";
	ch->unit.factor = ch->factor = 1;
	ch->instrument = instrument;
	ch->scope = ins->name;
	ch->is_type_open = ch->is_unit_open = true;
	name_channel(b, ch, b->channels.n - 1, ins->name, n->key);
	ch->has_odd_keys = !read_keys(b, n, schema_instrument_channel, NULL, found, NULL);
	for (size_t i = 0; i < NELEM(no); i++)
		if (found[no[i]] != NULL)
			diag_error(&b->diag, found[no[i]]->key_at, "conflict",
				"'%s' does not go with calc; remove one of them",
				found[no[i]]->key);
	if (found[INS_CH_ONLY] != NULL)
		diag_error(&b->diag, found[INS_CH_ONLY]->key_at, "conflict",
			"what is calculated is there as what it is calculated of; put 'only' to "
			"those channels");
	keys = tree_alloc(&b->tree, BENCH_CH_ROWS * sizeof(*keys));
	memcpy(keys, found, CH_OWN * sizeof(*keys));
	keys[CH_READ] = NULL;
	keys[BENCH_CH_CALC] = found[INS_CH_CALC];
	ch->keys = keys;
	ch->bad_if = found[INS_CH_BAD_IF];
}

static void
read_channel(struct bench *b, uint32_t instrument, const struct node *n)
{
	struct bench_instrument *ins = &b->instruments.at[instrument];
	const struct node *keys[SCHEMA_KEYS_MAX];
	struct bench_channel *ch;
	struct bench_point *p;

	if (!read_name(b, n->key, n->key_at, "a channel"))
		return;
	if (n->kind == NODE_MAP && tree_get(&b->tree, n, "calc") != NULL) {
		read_calc(b, instrument, n);
		return;
	}
	ch = BENCH_ADD(b->channels);
	p = BENCH_ADD(b->points);
	ch->at = n->key_at;
	ch->title = ch->was = "";
	ch->source_kind = SOURCE_POINT;
	ch->source = b->points.n - 1;
	ch->instrument = instrument;
	p->instrument = instrument;
	p->channel = b->channels.n - 1;
	p->twin.follows = IMAGE_NONE;
	name_channel(b, ch, b->channels.n - 1, ins->name, n->key);
	ch->is_type_open = ch->is_unit_open = true;
	if (!read_is(b, n, NODE_MAP, "a map: {read: {...}, unit: ...}"))
		return;
	ch->has_odd_keys = !read_keys(b, n, schema_instrument_channel, NULL, keys, NULL);
	ch->is_unit_open = ch->has_odd_keys;
	ch->scope = ins->name;
	if (keys[CH_READ] == NULL && keys[INS_CH_WRITE] == NULL && !ch->has_odd_keys)
		diag_error(&b->diag, n->at, "missing",
			"'read' is missing; add it (%s), or calc: EXPRESSION",
			schema_instrument_channel[CH_READ].help);
	read_point(b, ins, ch, keys, p);
	if (keys[INS_CH_ONLY] != NULL)
		captures_only(b, ins, keys[INS_CH_ONLY], b->points.n - 1);
	if (!p->codec_part.is_write_only && !p->codec_part.is_captured)
		set_stale(ch, ins, p);
	read_type(b, ch, keys[INS_CH_TYPE]);
	channel_choices(b, ch, keys);
	channel_unit(b, ch, keys);
	channel_scale(b, ch, keys);
	channel_common(b, ch, keys);
	outputs_at_device(b, b->channels.n - 1, keys);
	channel_close(ch, keys);
	p->twin.node = keys[INS_CH_TWIN];
	values_read(b, b->channels.n - 1, keys);
}

void
points_read(struct bench *b, uint32_t instrument, const struct node *map)
{
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		if (b->channels.n >= IMAGE_CHANNELS_MAX - HEALTH_COUNT) {
			diag_error(&b->diag, n->key_at, "too-large",
				"more than %d channels; split the bench into several",
				IMAGE_CHANNELS_MAX - HEALTH_COUNT);
			return;
		}
		read_channel(b, instrument, n);
	}
}
