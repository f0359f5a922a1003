/* dry.c - a bench on a virtual clock */
#include "rehearse/dry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/keep.h"
#include "drivers/list.h"
#include "twin/cable.h"
#include "twin/fault.h"
#include "twin/player.h"

#define CONNECT_NS NS_PER_MS
#define REPLY_NS (4 * NS_PER_MS)
#define POLL_NS (5 * NS_PER_MS) /* behind a tick: as answers come over a wire */
#define TRACE_LINES 2
#define TAPE_RECORDS 1024
#define DEEDS_MAX 65536

/* bytes: what connects an end of a link to the twin */
struct wires {
	struct cable *cable;
	bool is_open;
	int64_t open_ns; /* NEVER */
};

/* channels: points of one period, read together */
struct group {
	int64_t every_ns, due_ns;
	uint32_t first, n; /* in points */
};

/* channels: a write, or a point that is to be read beside its period */
struct deed {
	int64_t at_ns;
	uint32_t point, tag;
	union value v;
	bool is_write, is_once;
	char text[VALUE_TEXT_MAX + 1]; /* is_once, of a point that takes one */
};

struct dead {
	bool is_dead, is_down;
	int64_t down_ns; /* NEVER: nothing was asked yet */
};

struct dry {
	struct dry_setup setup;
	const struct image *img;
	struct twin *twin;
	struct board *board;
	void *memory;
	struct bench *bench;
	int64_t now_ns, next_tick_ns;
	uint64_t n_events;
	unsigned n_commands;
	enum verdict verdict;
	char id[COMMAND_ID], why[EVENT_TEXT];
	struct wires *wires;  /* [link] */
	struct group *groups; /* [n_groups] */
	uint32_t n_groups;
	uint32_t *points;   /* those that are read, by period */
	struct deed *deeds; /* [n_deeds] in the order of their times */
	uint32_t n_deeds, deeds_cap;
	struct dead *dead; /* [instrument] */
	bool has_dead;
};

bool
dry_plays(const struct image *img, uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(img, instrument);
	uint32_t kind = image_link_at(img, ins->link)->kind;

	return kind != LINK_SYSTEM && kind != LINK_HELPER && !image_kind_is_local(kind) &&
	       !image_kind_is_usb(kind) &&
	       player_find(image_text(img, ins->codec), twin_is_rtu(img, ins->link)) != NULL;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------------- */

static void
answer(struct dry *d, uint32_t link, const uint8_t *in, size_t n)
{
	static struct twin_reply reply;
	struct wires *w = &d->wires[link];

	twin_step(d->twin, d->now_ns);
	for (size_t at = 0, used = 0; at < n; used = 0) {
		int got = twin_cut(d->twin, link, in + at, n - at, WIRE_SILENT);

		if (got <= 0)
			return; /* nothing that a twin understands */
		twin_reply(d->twin, link, in + at, (size_t)got, &reply);
		for (size_t i = 0; i < reply.n_pieces; used += reply.piece[i++].n)
			cable_say(w->cable, d->now_ns + REPLY_NS + reply.piece[i].after_ns,
				reply.bytes + used, reply.piece[i].n);
		if (reply.is_last)
			cable_end(w->cable, d->now_ns + REPLY_NS);
		at += (size_t)got;
	}
}

/* What the links want done. Without wires none is ever opened. */
static void
serve(struct dry *d)
{
	struct link_wants wants;
	uint32_t link;

	while ((link = bench_take(d->bench, &wants)) != IMAGE_NONE) {
		struct wires *w = &d->wires[link];

		if (!d->setup.is_bytes || image_kind_is_local(image_link_at(d->img, link)->kind))
			continue;
		if (wants.close) {
			w->is_open = false;
			cable_clear(w->cable);
		}
		if (wants.n > 0 && w->is_open)
			answer(d, link, wants.bytes, wants.n);
		if (wants.open)
			w->open_ns = d->now_ns + CONNECT_NS;
	}
}

static void
deliver(struct dry *d, uint32_t link)
{
	struct wires *w = &d->wires[link];
	uint8_t *bytes;
	size_t n;

	if (w->open_ns <= d->now_ns) {
		w->open_ns = NEVER;
		w->is_open = true;
		bench_opened(d->bench, link, d->now_ns);
		serve(d);
	}
	while (cable_next(w->cable, d->now_ns, &bytes, &n)) {
		if (bytes == NULL && w->is_open) {
			w->is_open = false;
			cable_clear(w->cable);
			bench_closed(d->bench, link, Q_LINK_LOST, "closed", d->now_ns);
		} else if (w->is_open) {
			bench_bytes(d->bench, link, bytes, n, d->now_ns);
		}
		free(bytes);
		serve(d);
	}
}

static int64_t
wires_wake(const struct dry *d)
{
	int64_t at_ns = NEVER;

	for (uint32_t i = 0; i < d->img->links.n; i++)
		at_ns = MIN(at_ns, MIN(d->wires[i].open_ns, cable_wake(d->wires[i].cable)));
	return at_ns;
}

/* ---- channels ---------------------------------------------------------------------------------------------------------- */

static void
add_deed(struct dry *d, struct deed deed)
{
	uint32_t at = d->n_deeds;

	if (d->n_deeds == d->deeds_cap) {
		d->deeds_cap = MAX(2 * d->deeds_cap, 64u);
		d->deeds = mem_grow(d->deeds, d->deeds_cap, sizeof(*d->deeds));
	}
	while (at > 0 && d->deeds[at - 1].at_ns > deed.at_ns)
		at--;
	memmove(&d->deeds[at + 1], &d->deeds[at], (d->n_deeds - at) * sizeof(*d->deeds));
	d->deeds[at] = deed;
	d->n_deeds++;
}

/* How long it takes until an instrument that answers nothing counts as silent, as on its wire: its tries; on a line each is followed by
 * the time in which a late answer may come, and another question is asked before it is given up. */
static int64_t
patience(const struct dry *d, uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(d->img, instrument);
	const struct image_link *link = image_link_at(d->img, ins->link);
	int64_t tries = (int64_t)ins->retries + 1,
		late_ns = link->late_max_ns > 0 ? link->late_max_ns : 2 * ins->timeout_ns;

	if (!link->is_line && link->kind != LINK_SERIAL)
		return tries * ins->timeout_ns;
	return (tries + 1) * ins->timeout_ns + tries * late_ns;
}

static int
on_write(void *ctx, uint32_t point, uint32_t tag, union value v, const char *text, bool is_once,
	struct err *err)
{
	struct deed deed = {
		.point = point, .tag = tag, .v = v, .is_write = true, .is_once = is_once
	};
	struct dry *d = ctx;
	const struct dead *dead = &d->dead[image_point_at(d->img, point)->instrument];
	int64_t after_ns = REPLY_NS;

	if (d->n_deeds >= DEEDS_MAX)
		return err_set(err, ERR_REFUSED, 0, "too much is written at one time");
	if (dead->is_dead && !dead->is_down) /* else it is dropped at once */
		after_ns = patience(d, image_point_at(d->img, point)->instrument);
	deed.at_ns = d->now_ns + after_ns;
	text_copy(deed.text, sizeof(deed.text), text == NULL ? "" : text);
	add_deed(d, deed);
	return 0;
}

static void
on_ask(void *ctx, uint32_t point)
{
	struct dry *d = ctx;

	if (d->n_deeds < DEEDS_MAX)
		add_deed(d, (struct deed){ .at_ns = d->now_ns + REPLY_NS, .point = point });
}

static void
read_point(struct dry *d, uint32_t point)
{
	struct reading r = { .quality = Q_GOOD };

	if (twin_read(d->twin, point, &r.v, &r.text))
		bench_reading(d->bench, point, &r, d->now_ns);
}

/* A question to an instrument that answers nothing: when its time is over, it is down. */
static bool
is_silent(struct dry *d, uint32_t instrument)
{
	struct dead *dead = &d->dead[instrument];

	if (!dead->is_dead)
		return false;
	if (dead->down_ns == NEVER)
		dead->down_ns = d->now_ns + patience(d, instrument);
	return true;
}

static void
take_down(struct dry *d, uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(d->img, instrument);
	const struct reading r = { .quality = Q_NO_ANSWER, .text = "" };

	d->dead[instrument].is_down = true;
	bench_instrument(d->bench, instrument, INSTRUMENT_DOWN, Q_NO_ANSWER, d->now_ns);
	for (uint32_t i = 0; i < ins->n_points; i++)
		bench_reading(d->bench, ins->first_point + i, &r, d->now_ns);
}

static void
read_group(struct dry *d, struct group *g)
{
	twin_step(d->twin, d->now_ns);
	for (uint32_t i = g->first; i < g->first + g->n; i++)
		if (!d->has_dead || !is_silent(d, image_point_at(d->img, d->points[i])->instrument))
			read_point(d, d->points[i]);
	g->due_ns += g->every_ns;
}

/* To one that is down it does not leave. */
static void
do_once(struct dry *d, const struct deed *deed, uint32_t instrument)
{
	bool is_down = d->dead[instrument].is_down;

	if (is_silent(d, instrument)) {
		bench_once(d->bench, deed->point, deed->tag,
			is_down ? LINK_ONCE_NOT : LINK_ONCE_UNKNOWN, Q_NO_ANSWER, d->now_ns);
		return;
	}
	twin_write(d->twin, deed->point, deed->v, deed->text);
	bench_once(d->bench, deed->point, deed->tag, LINK_ONCE_DONE, Q_GOOD, d->now_ns);
}

static void
do_deed(struct dry *d)
{
	struct deed deed = d->deeds[0];
	uint32_t instrument = image_point_at(d->img, deed.point)->instrument;

	memmove(&d->deeds[0], &d->deeds[1], --d->n_deeds * sizeof(*d->deeds));
	twin_step(d->twin, d->now_ns);
	if (deed.is_once) {
		do_once(d, &deed, instrument);
	} else if (deed.is_write && is_silent(d, instrument)) {
		bench_written(d->bench, deed.point, deed.tag, Q_NO_ANSWER, d->now_ns);
	} else if (deed.is_write) {
		twin_write(d->twin, deed.point, deed.v, NULL);
		bench_written(d->bench, deed.point, deed.tag, Q_GOOD, d->now_ns);
	} else if (!is_silent(d, instrument)) {
		read_point(d, deed.point);
	}
}

static void
step_channels(struct dry *d)
{
	for (uint32_t i = 0; d->has_dead && i < d->img->instruments.n; i++)
		if (!d->dead[i].is_down && d->dead[i].down_ns <= d->now_ns)
			take_down(d, i);
	for (uint32_t i = 0; i < d->n_groups; i++)
		if (d->groups[i].due_ns <= d->now_ns)
			read_group(d, &d->groups[i]);
	while (d->n_deeds > 0 && d->deeds[0].at_ns <= d->now_ns)
		do_deed(d);
}

static int64_t
channels_wake(const struct dry *d)
{
	int64_t at_ns = d->n_deeds > 0 ? d->deeds[0].at_ns : NEVER;

	for (uint32_t i = 0; i < d->n_groups; i++)
		at_ns = MIN(at_ns, d->groups[i].due_ns);
	for (uint32_t i = 0; d->has_dead && i < d->img->instruments.n; i++)
		if (!d->dead[i].is_down)
			at_ns = MIN(at_ns, d->dead[i].down_ns);
	return at_ns;
}

static const struct image *sorted_image; /* qsort() has no context */

static int
compare_periods(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int64_t p = image_point_at(sorted_image, x)->every_ns,
		q = image_point_at(sorted_image, y)->every_ns;

	return p != q ? (p > q) - (p < q) : (x > y) - (x < y);
}

static void
make_groups(struct dry *d)
{
	uint32_t n = 0;

	d->points = mem_zero(d->img->points.n, sizeof(*d->points));
	for (uint32_t i = 0; i < d->img->points.n; i++) {
		const struct image_point *p = image_point_at(d->img, i);

		if (!p->is_write_only && !p->is_captured && dry_plays(d->img, p->instrument))
			d->points[n++] = i;
	}
	sorted_image = d->img;
	qsort(d->points, n, sizeof(*d->points), compare_periods);
	d->groups = mem_zero(n, sizeof(*d->groups));
	for (uint32_t i = 0; i < n; i++) {
		int64_t every_ns = MAX(image_point_at(d->img, d->points[i])->every_ns, NS_PER_MS);

		if (d->n_groups == 0 || d->groups[d->n_groups - 1].every_ns != every_ns)
			d->groups[d->n_groups++] =
				(struct group){ every_ns, d->now_ns + POLL_NS, i, 0 };
		d->groups[d->n_groups - 1].n++;
	}
}

/* ---- the controller's surroundings ------------------------------------------------------------------------------------- */

static uint64_t
on_event(void *ctx, struct event *e)
{
	struct dry *d = ctx;

	e->id = ++d->n_events;
	if (d->setup.event != NULL)
		d->setup.event(d->setup.ctx, e);
	return e->id;
}

static void
on_verdict(void *ctx, const struct verdict_told *v)
{
	struct dry *d = ctx;

	if (strcmp(v->id, d->id) != 0)
		return;
	d->verdict = v->verdict;
	text_copy(d->why, sizeof(d->why), v->text);
}

static struct bench_clock
clock_of(const struct dry *d)
{
	return (struct bench_clock){ .now_ns = d->now_ns,
		.wall_ns = d->setup.wall_ns - DRY_START_NS,
		.wall_is_good = true };
}

static void
make_bench(struct dry *d)
{
	const struct bench_sink sink = {
		.ctx = d, .event = on_event, .verdict = on_verdict, .boot = 1
	};
	const struct bench_devices devices = { d, on_write, on_ask };
	const struct bench_clock clock = clock_of(d);
	struct keep_past *past = keep_past_new();
	struct board_setup setup = { .image = d->img,
		.generation = 1,
		.tape_records = TAPE_RECORDS,
		.trace_lines = TRACE_LINES,
		.now_ns = d->now_ns };
	size_t size = (board_size(&setup) + 63) / 64 * 64;

	d->memory = aligned_alloc(64, size);
	if (d->memory == NULL)
		abort();
	memset(d->memory, 0, size);
	d->board = board_make(d->memory, &setup);
	d->bench = bench_new(d->img, d->board, codec_find, &sink, d->now_ns);
	if (!d->setup.is_bytes)
		bench_direct(d->bench, &devices);
	bench_restore(d->bench, past, &clock);
	keep_past_free(past);
}

struct dry *
dry_new(const struct dry_setup *setup)
{
	struct dry *d = mem_zero(1, sizeof(*d));

	d->setup = *setup;
	d->img = setup->img;
	d->now_ns = d->next_tick_ns = DRY_START_NS;
	d->wires = mem_zero(d->img->links.n, sizeof(*d->wires));
	for (uint32_t i = 0; i < d->img->links.n; i++) {
		d->wires[i].cable = cable_new();
		d->wires[i].open_ns = NEVER;
	}
	d->dead = mem_zero(d->img->instruments.n, sizeof(*d->dead));
	for (uint32_t i = 0; i < d->img->instruments.n; i++)
		d->dead[i].down_ns = NEVER;
	d->twin = twin_new(d->img, setup->seed);
	twin_steady(d->twin);
	twin_step(d->twin, d->now_ns);
	if (!setup->is_bytes)
		make_groups(d);
	make_bench(d);
	serve(d);
	for (uint32_t i = 0; !setup->is_bytes && i < d->img->instruments.n; i++)
		if (dry_plays(d->img, i))
			bench_instrument(d->bench, i, INSTRUMENT_UP, Q_GOOD, d->now_ns);
	return d;
}

void
dry_free(struct dry *d)
{
	if (d == NULL)
		return;
	bench_free(d->bench);
	twin_free(d->twin);
	for (uint32_t i = 0; i < d->img->links.n; i++)
		cable_free(d->wires[i].cable);
	free(d->wires);
	free(d->groups);
	free(d->points);
	free(d->deeds);
	free(d->dead);
	free(d->memory);
	free(d);
}

struct twin *
dry_twin(struct dry *d)
{
	return d->twin;
}

const struct board *
dry_board(const struct dry *d)
{
	return d->board;
}

int64_t
dry_now(const struct dry *d)
{
	return d->now_ns;
}

/* ---- time -------------------------------------------------------------------------------------------------------------- */

static void
step(struct dry *d)
{
	if (d->setup.is_bytes)
		for (uint32_t i = 0; i < d->img->links.n; i++)
			deliver(d, i);
	else
		step_channels(d);
	bench_time(d->bench, d->now_ns);
	serve(d);
}

void
dry_tick(struct dry *d)
{
	struct bench_clock clock;

	for (int64_t next; (next = MIN(bench_wake(d->bench),
				    d->setup.is_bytes ? wires_wake(d) : channels_wake(d))) <=
			   d->next_tick_ns;) {
		d->now_ns = MAX(d->now_ns, next);
		step(d);
	}
	d->now_ns = d->next_tick_ns;
	clock = clock_of(d);
	bench_tick(d->bench, &clock);
	d->next_tick_ns += d->img->tick_ns;
	serve(d);
}

enum verdict
dry_command(struct dry *d, struct command *c, const char **out_text)
{
	snprintf(c->id, sizeof(c->id), "rehearsal-%u", ++d->n_commands);
	text_copy(c->principal, sizeof(c->principal), "rehearsal");
	text_copy(d->id, sizeof(d->id), c->id);
	c->is_person = true;
	c->ramp_per_min = (double)NAN;
	d->verdict = VERDICT_PENDING;
	bench_command(d->bench, c, d->now_ns);
	serve(d);
	for (int i = 0; i < 20 && d->verdict == VERDICT_PENDING; i++)
		dry_tick(d);
	*out_text = d->why;
	return d->verdict;
}

void
dry_kill(struct dry *d, uint32_t instrument)
{
	char order[100];
	struct err err;

	snprintf(order, sizeof(order), "fault %.64s=dead",
		image_text(d->img, image_instrument_at(d->img, instrument)->name));
	d->has_dead = d->dead[instrument].is_dead = true;
	if (d->setup.is_bytes && fault_orders(d->twin, order, &err) < 0)
		d->dead[instrument].is_dead = false; /* it is not played */
}
