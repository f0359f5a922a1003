/* presets.c - what is written to an instrument before anything else is asked of it: `init:` of one whose points are described by options
 *
 * Each row is a place, in the options of `write:`, and its `value:`. Whether a place takes a value, the codec says.
 */
#include "base/buf.h"
#include "compile/bench.h"
#include "compile/read.h"

int
presets_request(const struct bench_instrument *ins, const struct bench_preset *p,
	struct request *out, struct err *err)
{
	return ins->codec->write(&ins->codec_part, &p->codec_part, p->v,
		p->text == NULL ? "" : p->text, NULL, out, err);
}

/* The place, as one that is written; false: that was told. */
static bool
read_place(struct bench *b, const struct bench_instrument *ins, const struct node *map,
	const struct node *const *found_opts, struct point *out)
{
	struct bench_preset trial = { .text = "" };
	struct point *to = &trial.codec_part;
	struct optvals vals;
	struct request req;
	struct err err = { .sys = -1 };
	size_t before = b->diag.n_errors;

	if (!read_opts(b, map, ins->codec->point_opts, found_opts, &vals) ||
		b->diag.n_errors > before)
		return false;
	if (points_make(b, ins, &vals, true, to, &err) < 0) {
		diag_error(&b->diag, points_blame(map, found_opts, &err), "point", "%s", err.msg);
		return false;
	}
	to->write_space = (int16_t)to->space;
	to->write_address = to->address;
	to->write_key = to->key;
	if (presets_request(ins, &trial, &req, &err) < 0) {
		diag_error(&b->diag, map->at, "point",
			"the device takes no writes there (%s); name a place that can be written, "
			"or remove the row",
			err.msg);
		return false;
	}
	*out = *to;
	return true;
}

/* Its value by the type of the place; false: that was told. */
static bool
read_value(struct bench *b, const struct node *n, struct bench_preset *p)
{
	struct key whole = schema_preset[PRESET_VALUE];
	bool is_on;

	whole.min = p->codec_part.value == VALUE_UINT ? 0 : INT64_MIN;
	whole.max = INT64_MAX;
	switch ((enum value_type)p->codec_part.value) {
	case VALUE_TEXT:
		p->text = read_text(b, n);
		return p->text != NULL;
	case VALUE_BOOL:
		if (!read_bool(b, n, &is_on))
			return false;
		p->v.i = is_on;
		return true;
	case VALUE_FLOAT:
	case VALUE_FLOAT32:
		return read_constant(b, n, &p->v.f);
	default:
		return read_int(b, n, &whole, &p->v.i);
	}
}

/* The row as one line: "holding: 46, value: 1". */
static const char *
said(struct bench *b, const struct node *map)
{
	struct buf line = { 0 };
	const char *text;

	for (const struct node *n = map->first; n != NULL; n = n->next)
		buf_printf(&line, "%s%s: %s", n == map->first ? "" : ", ", n->key,
			n->kind == NODE_SCALAR ? n->text : "");
	text = tree_text(&b->tree, line.data, line.n);
	buf_done(&line);
	return text;
}

static void
read_row(struct bench *b, struct bench_instrument *ins, const struct node *map)
{
	const struct node *found[SCHEMA_KEYS_MAX], *found_opts[IMAGE_OPTS_MAX];
	struct bench_preset p = { .text = NULL };
	struct request req;
	struct err err;

	if (!read_is(b, map, NODE_MAP, "a place and its value: {holding: 46, value: 1}") ||
		!read_keys(b, map, schema_preset, ins->codec->point_opts, found, found_opts) ||
		!read_place(b, ins, map, found_opts, &p.codec_part) ||
		found[PRESET_VALUE] == NULL || !read_value(b, found[PRESET_VALUE], &p))
		return;
	if (presets_request(ins, &p, &req, &err) < 0) {
		diag_error(&b->diag, found[PRESET_VALUE]->at, "wrong-value", "%s", err.msg);
		return;
	}
	p.said = said(b, map);
	*BENCH_ADD(b->presets) = p;
	ins->n_presets++;
}

void
presets_read(struct bench *b, struct bench_instrument *ins, const struct node *n)
{
	ins->first_preset = b->presets.n;
	if (n == NULL || ins->codec->has_messages)
		return;
	if (ins->codec->write == NULL) {
		diag_error(&b->diag, n->key_at, "conflict", "%s writes nothing; remove 'init'",
			ins->codec->name);
		return;
	}
	if (!read_is(b, n, NODE_LIST, "a list of what is written: [{holding: 46, value: 1}]"))
		return;
	if (n->n > IMAGE_PRESETS_MAX) {
		diag_error(&b->diag, n->at, "too-large",
			"more than %d places are written; split the instrument", IMAGE_PRESETS_MAX);
		return;
	}
	for (const struct node *k = n->first; k != NULL; k = k->next)
		read_row(b, ins, k);
}
