/* loops.c - control loops: `pid:` of a channel of the bench, whose setpoint it is then; what they write, and how */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "model/unit.h"

#define FILTER_MIN 1.0
#define FILTER_MAX 100.0

bool
loops_is_led(const struct bench *b, const struct bench_output *o)
{
	return b->channels.at[o->channel].keys[BENCH_CH_PID] != NULL;
}

static bool
is_number(const struct bench_channel *ch)
{
	return ch->type != VALUE_BOOL && ch->type != VALUE_CHOICE && ch->type != VALUE_TEXT;
}

static bool
is_open(const struct bench_channel *ch)
{
	return ch->is_type_open || ch->is_unit_open;
}

/* ---- the setpoint -------------------------------------------------------------------------------------------------------- */

/* Keys of what is written, at what is not. */
static void
check_keys(struct bench *b, const struct bench_channel *ch)
{
	static const int rows[] = { BENCH_CH_FAILS, BENCH_CH_SHUTOFF, BENCH_CH_REFRESH,
		BENCH_CH_VERIFY, BENCH_CH_MAX_WRITES };
	const struct node *pid = ch->keys[BENCH_CH_PID];

	if (ch->keys[BENCH_CH_WRITE] != NULL)
		diag_error(&b->diag, pid->key_at, "conflict",
			"'%s' has write: and pid:, and only one of them can move it; give the loop "
			"a channel of its own, or remove one of the two",
			ch->name);
	for (size_t i = 0; i < NELEM(rows); i++)
		if (ch->keys[rows[i]] != NULL)
			diag_error(&b->diag, ch->keys[rows[i]]->key_at, "conflict",
				"'%s' is the setpoint of a loop and not written to any device; say "
				"'%s' at the output that the loop moves",
				ch->name, ch->keys[rows[i]]->key);
}

void
loops_resolve_output(struct bench *b, struct bench_output *o)
{
	static const struct output_rows rows = { schema_channel, BENCH_CH_PID, BENCH_CH_REFRESH,
		BENCH_CH_VERIFY, BENCH_CH_MAX_WRITES, BENCH_CH_CONFIRM };
	const struct bench_channel *ch = &b->channels.at[o->channel];
	const struct node *pid = ch->keys[BENCH_CH_PID];

	check_keys(b, ch);
	outputs_needs(b, o->channel, ch->keys, &rows);
	o->confirm = ch->confirm;
	o->at = o->channel;
	o->factor = 1;
	if (is_open(ch))
		return;
	if (!is_number(ch))
		diag_error(&b->diag, pid->key_at, "conflict",
			"'%s' is a %s, and a loop regulates a number; remove 'pid'", ch->name,
			value_type_text(ch->type));
	o->has_limits = ch->has_range;
	o->min = ch->has_range ? ch->min : 0;
	o->max = ch->has_range ? ch->max : 0;
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------ */

/* What is at hand while one is read. */
struct loop_keys {
	struct bench *b;
	const struct node *const *keys; /* rows of schema_pid */
	const struct bench_output *of, *output;
	const struct bench_channel *y, *u; /* their channels */
};

static void
read_gain(const struct loop_keys *r, double *out)
{
	const struct node *n = r->keys[PID_GAIN];
	const char *of = r->y->unit_text == NULL ? "1"
			 : r->y->unit.is_point   ? "K"
						 : r->y->unit_text;
	char example[160];
	double v;

	if (n == NULL || is_open(r->y) || is_open(r->u) || !is_number(r->y))
		return;
	snprintf(example, sizeof(example), "%.60s/%.60s",
		r->u->unit_text == NULL ? "1" : r->u->unit_text, of);
	if (read_is_bare(n) ? !read_constant(r->b, n, &v)
			    : !outputs_rate(r->b, r->u, &r->y->unit, "gain", example, n, &v))
		return;
	if (v > 0)
		*out = v;
	else
		diag_error(&r->b->diag, n->at, "out-of-range",
			"a gain is above 0; write it without a sign, and action: direct where more "
			"output lowers what is measured");
}

/* A plain number between two others. */
static void
read_between(const struct loop_keys *r, int row, double def, double least, double most, double *out)
{
	const struct node *n = r->keys[row];
	double v;

	*out = def;
	if (n == NULL || !read_constant(r->b, n, &v))
		return;
	if (v >= least && v <= most)
		*out = v;
	else
		diag_error(&r->b->diag, n->at, "out-of-range",
			"%s cannot be %.40s; write a number from %g to %g", schema_pid[row].name,
			n->text, least, most);
}

/* A value of the output, within what it takes; false: there is none, or that was told. */
static bool
read_value(const struct loop_keys *r, const struct node *n, double *out)
{
	double v;

	if (n == NULL || is_open(r->u) || !read_quantity(r->b, n, r->u, false, &v))
		return false;
	if (r->output->has_limits && (v < r->output->min || v > r->output->max)) {
		diag_error(&r->b->diag, n->at, "out-of-range",
			"'%.40s' lies outside of %.9g to %.9g%s%s, the limits of '%s'; write a "
			"value within",
			n->text, r->output->min, r->output->max, r->u->unit_text == NULL ? "" : " ",
			r->u->unit_text == NULL ? "" : r->u->unit_text, r->u->name);
		return false;
	}
	*out = v;
	return true;
}

static void
read_limits(const struct loop_keys *r, struct image_loop *l)
{
	const struct node *n = r->keys[PID_LIMITS], *ends[2];

	l->min = r->output->min;
	l->max = r->output->max;
	if (n == NULL) {
		if (!r->output->has_limits && !is_open(r->u))
			diag_error(&r->b->diag, r->y->keys[BENCH_CH_PID]->key_at, "missing",
				"'%s' has no range, so nothing says how far the loop may move it; "
				"add limits: [low, high]",
				r->u->name);
		return;
	}
	if (!read_pair(r->b, n, ends) || !read_value(r, ends[0], &l->min) ||
		!read_value(r, ends[1], &l->max))
		return;
	if (!(l->min < l->max))
		diag_error(&r->b->diag, n->at, "out-of-range",
			"the first of the limits is the lower one; write [low, high]");
}

/* A loop that cannot measure never holds its output. Heat is off then, whatever else has to be said. */
static void
read_on_bad(const struct loop_keys *r, struct image_loop *l)
{
	const struct node *n = r->keys[PID_ON_BAD];
	bool is_heat = r->output->hazard == HAZARD_HEAT || r->of->hazard == HAZARD_HEAT;

	if (n != NULL) {
		read_value(r, n, &l->on_bad);
		return;
	}
	if (!is_heat || (r->output->has_limits && (r->output->min > 0 || r->output->max < 0)))
		diag_error(&r->b->diag, r->y->keys[BENCH_CH_PID]->key_at, "missing",
			"nothing says where '%s' goes when '%s' cannot be measured; add on_bad: "
			"VALUE",
			r->u->name, r->y->name);
}

static void
read_pace(const struct loop_keys *r, struct image_loop *l)
{
	const struct node *n = r->keys[PID_DEADBAND], *every = r->keys[PID_EVERY];
	int64_t most = r->output->max_writes;

	read_span(r->b, every, &schema_pid[PID_EVERY], &l->every_ns);
	read_span(r->b, r->keys[PID_BAD_AFTER], &schema_pid[PID_BAD_AFTER], &l->bad_after_ns);
	if (every != NULL && l->every_ns < r->b->tick_ns)
		diag_error(&r->b->diag, every->at, "out-of-range",
			"the controller itself acts each %lld ms; write that or more",
			(long long)(r->b->tick_ns / NS_PER_MS));
	l->every_ns = MAX(l->every_ns, r->b->tick_ns);
	if (most > 0 && 3600 * NS_PER_S / l->every_ns > most)
		diag_error(&r->b->diag,
			every != NULL ? every->key_at : r->y->keys[BENCH_CH_PID]->key_at,
			"conflict",
			"the memory of '%s' stands %lld writes an hour, and the loop writes up to "
			"%lld; write every: %lld s, or let it move a place that does not wear out",
			r->u->name, (long long)most, (long long)(3600 * NS_PER_S / l->every_ns),
			(long long)((3600 + most - 1) / most));
	l->deadband = (l->max - l->min) / 1000;
	if (n != NULL && !is_open(r->u) && read_quantity(r->b, n, r->u, true, &l->deadband) &&
		l->deadband < 0)
		diag_error(&r->b->diag, n->at, "out-of-range",
			"a distance is not below 0; write 0 or more");
}

static void
read_times(const struct loop_keys *r, struct image_loop *l)
{
	int64_t integral_ns = 0, derivative_ns = 0;

	if (r->keys[PID_INTEGRAL] != NULL)
		read_span(r->b, r->keys[PID_INTEGRAL], &schema_pid[PID_INTEGRAL], &integral_ns);
	read_span(r->b, r->keys[PID_DERIVATIVE], &schema_pid[PID_DERIVATIVE], &derivative_ns);
	l->integral_s = (double)integral_ns / 1e9;
	l->derivative_s = (double)derivative_ns / 1e9;
	read_between(r, PID_FILTER, 10, FILTER_MIN, FILTER_MAX, &l->filter);
	read_between(r, PID_WEIGHT, 1, 0, 1, &l->weight);
}

/* The output that a loop moves: one with numbers, of no other loop. IMAGE_NONE: that was told. */
static uint32_t
find_output(struct bench *b, uint32_t of, const struct node *n, uint32_t *mover)
{
	uint32_t i = n == NULL ? NAMES_NONE : outputs_find(b, n);
	const struct bench_channel *ch;

	if (i == NAMES_NONE)
		return IMAGE_NONE;
	ch = &b->channels.at[b->outputs.at[i].channel];
	if (i == of) {
		diag_error(&b->diag, n->at, "circle",
			"a loop does not move its own setpoint; name the output that changes '%s'",
			ch->name);
		return IMAGE_NONE;
	}
	if (!ch->is_type_open && !is_number(ch)) {
		diag_error(&b->diag, n->at, "conflict",
			"'%s' is a %s, and a loop moves a number; name another output", ch->name,
			value_type_text(ch->type));
		return IMAGE_NONE;
	}
	if (mover[i] != 0) {
		diag_error(&b->diag, n->at, "conflict",
			"'%s' is moved by the loop of '%s' already; let one loop move it", ch->name,
			b->outputs.at[mover[i] - 1].name);
		return IMAGE_NONE;
	}
	mover[i] = of + 1;
	return i;
}

/* Which output it moves; keys: its own, [output]. */
static void
find_loop(struct bench *b, uint32_t of, uint32_t *mover, const struct node *const **keys)
{
	const struct node *map = b->channels.at[b->outputs.at[of].channel].keys[BENCH_CH_PID];
	struct image_loop l = { .of = of, .every_ns = NS_PER_S };

	if (!read_is(b, map, NODE_MAP, "a map: {output: heater, gain: 2 %/K, integral: 120 s}"))
		return;
	keys[of] = protect_keys_of(b, map, schema_pid);
	l.output = find_output(b, of, keys[of][PID_OUTPUT], mover);
	if (l.output != IMAGE_NONE)
		*BENCH_ADD(b->loops) = l;
}

static void
read_loop(struct bench *b, struct image_loop *l, const struct node *const *keys)
{
	const struct loop_keys r = { .b = b,
		.keys = keys,
		.of = &b->outputs.at[l->of],
		.output = &b->outputs.at[l->output],
		.y = &b->channels.at[b->outputs.at[l->of].channel],
		.u = &b->channels.at[b->outputs.at[l->output].channel] };
	const struct node *n = keys[PID_ACTION];
	const char *action = n == NULL ? NULL : read_word(b, n, &schema_pid[PID_ACTION]);

	l->is_direct = action != NULL && strcmp(action, "direct") == 0;
	read_gain(&r, &l->gain);
	read_times(&r, l);
	read_limits(&r, l);
	read_on_bad(&r, l);
	read_pace(&r, l);
}

/* ---- loops over loops ---------------------------------------------------------------------------------------------------- */

/* The loop whose setpoint an output is; NULL: none. */
static const struct image_loop *
behind(const struct bench *b, uint32_t output)
{
	uint32_t i = b->outputs.at[output].loop;

	return i == 0 ? NULL : &b->loops.at[i - 1];
}

/* How many loops stand behind one; more than there are: it is in a circle. */
static uint32_t
depth(const struct bench *b, const struct image_loop *l)
{
	uint32_t n = 0;

	while (n <= b->loops.n && (l = behind(b, l->output)) != NULL)
		n++;
	return n;
}

static void
tell_circle(struct bench *b, const struct image_loop *l)
{
	const struct bench_output *o = &b->outputs.at[l->of];

	diag_error(&b->diag, b->channels.at[o->channel].keys[BENCH_CH_PID]->key_at, "circle",
		"the loop of '%s' moves itself through the loop of '%s'; let one of them move an "
		"output with write:",
		o->name, b->outputs.at[l->output].name);
}

/* One that moves the setpoint of another comes before that: it acts first. */
static void
put_in_order(struct bench *b)
{
	struct image_loop *sorted = mem_zero(b->loops.n, sizeof(*sorted));
	uint32_t *deep = mem_zero(b->loops.n, sizeof(*deep)), n = 0;

	for (uint32_t i = 0; i < b->loops.n; i++)
		b->outputs.at[b->loops.at[i].of].loop = i + 1;
	for (uint32_t i = 0; i < b->loops.n; i++)
		if ((deep[i] = depth(b, &b->loops.at[i])) > b->loops.n)
			tell_circle(b, &b->loops.at[i]);
	for (uint32_t d = b->loops.n + 2; d-- > 0;)
		for (uint32_t i = 0; i < b->loops.n; i++)
			if (deep[i] == d)
				sorted[n++] = b->loops.at[i];
	for (uint32_t i = 0; i < n; i++) {
		b->loops.at[i] = sorted[i];
		b->outputs.at[sorted[i].of].loop = i + 1;
	}
	free(sorted);
	free(deep);
}

/* What a loop can do to people is what its output can. */
static void
inherit_hazards(struct bench *b)
{
	for (uint32_t i = b->loops.n; i-- > 0;) {
		struct bench_output *of = &b->outputs.at[b->loops.at[i].of];

		if (of->hazard == HAZARD_NONE)
			of->hazard = b->outputs.at[b->loops.at[i].output].hazard;
	}
}

void
loops_resolve(struct bench *b)
{
	uint32_t *mover = mem_zero(b->outputs.n, sizeof(*mover)); /* [output], 1 + output */
	const struct node *const **keys = mem_zero(b->outputs.n, sizeof(*keys)); /* [output] */

	for (uint32_t i = 0; i < b->outputs.n; i++)
		if (loops_is_led(b, &b->outputs.at[i]))
			find_loop(b, i, mover, keys);
	put_in_order(b);
	inherit_hazards(b);
	for (uint32_t i = 0; i < b->loops.n; i++)
		read_loop(b, &b->loops.at[i], keys[b->loops.at[i].of]);
	free(mover);
	free(keys);
}
