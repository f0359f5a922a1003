/* run.c - one seed: a bench by chance, its twin, a world of faults, and a virtual clock */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "control/bench.h"
#include "drivers/modbus_pdu.h"
#include "held.h"
#include "layout.h"
#include "twin/twin.h"
#include "watch.h"

/* The longest ways back: a wire is opened again after 10 s, a silent instrument is asked after 30 s, a refused point
 * after 60 s; then come the periods of the polls themselves. */
#define WIRE_WAIT_NS (10 * NS_PER_S)
#define PROBE_WAIT_NS (30 * NS_PER_S)
#define REFUSED_WAIT_NS (60 * NS_PER_S)
#define ALONE_MIN_NS (30 * NS_PER_S) /* how long the one thing that goes wrong lasts */
#define ALONE_MAX_NS (90 * NS_PER_S)
#define SETTLE_NS (5 * NS_PER_S)
#define STEPS_MAX 100000 /* at one moment: more means that time stands still */

struct run {
	const struct image *img;
	struct bench *bench;
	struct board *board;
	void *memory;
	struct twin *twin;
	struct world *world;
	struct held *held;
	struct watch *watch;
	uint64_t chance;
	bool is_storm;
	int64_t start_ns, now_ns;
	int64_t next_tick_ns, last_tick_ns, next_trouble_ns;
	int64_t wall_ns;
	uint64_t missed;      /* ticks that the next one makes up for */
	uint64_t lost, stops; /* ticks lost, and how many times */
	uint64_t steps;       /* of the wall clock */
	int64_t slowest_ns;   /* longest period of a point */
};

static int64_t
span(struct run *r, int64_t from_ns, int64_t to_ns)
{
	return from_ns + (int64_t)rand_below(&r->chance, (uint64_t)(to_ns - from_ns + 1));
}

/* ---- the devices ----------------------------------------------------------------------------------------------------- */

/* A request reaches the devices of a link: what they hold is what this moment says. */
static int
device(void *ctx, uint32_t link, const uint8_t *frame, size_t n, int64_t now_ns, uint8_t *out,
	size_t cap)
{
	struct run *r = ctx;

	for (uint32_t i = 0; i < r->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(r->img, i);

		if (ins->link != link || twin_unit(r->img, i) != frame[6])
			continue;
		for (uint32_t p = ins->first_point; p < ins->first_point + ins->n_points; p++) {
			double v;

			if (held_value(r->held, p, now_ns, &v))
				twin_set(r->twin, p, v);
		}
	}
	return twin_answer(r->twin, link, frame, n, out, cap);
}

/* ---- time ------------------------------------------------------------------------------------------------------------- */

static void
on_event(void *ctx, const struct event *e)
{
	struct run *r = ctx;

	watch_event(r->watch, e);
}

static void
serve(struct run *r)
{
	struct link_todo todo;
	uint32_t link;

	while ((link = bench_take(r->bench, &todo)) != IMAGE_NONE) {
		if (image_link_at(r->img, link)->kind != LINK_TCP)
			continue; /* this machine itself is not played: it stays closed */
		if (todo.close)
			world_close(r->world, link);
		if (todo.open)
			world_open(r->world, link, r->now_ns);
		if (todo.n > 0)
			world_send(r->world, link, todo.bytes, todo.n, r->now_ns);
	}
}

static void
take_news(struct run *r)
{
	struct world_news news;

	while (world_next(r->world, r->now_ns, &news)) {
		switch (news.kind) {
		case WORLD_OPENED:
			bench_opened(r->bench, news.link, r->now_ns);
			break;
		case WORLD_CLOSED:
			bench_closed(r->bench, news.link, news.was_open ? Q_LINK_LOST : Q_NO_LINK,
				news.was_open ? "closed by the other side" : "connection refused",
				r->now_ns);
			break;
		case WORLD_BYTES:
			bench_bytes(r->bench, news.link, news.bytes, news.n, r->now_ns);
			break;
		}
		serve(r);
	}
}

static void
tick(struct run *r)
{
	int64_t period = r->img->tick_ns;
	struct bench_clock clock = { .now_ns = r->now_ns,
		.wall_is_good = true,
		.late_ns = (int64_t)r->missed * period,
		.lost = r->missed };

	watch_look(r->watch, r->now_ns, r->last_tick_ns);
	if (rand_below(&r->chance, 500) == 0 && r->now_ns > r->start_ns) {
		r->wall_ns += span(r, NS_PER_S, 7200 * NS_PER_S) - 3600 * NS_PER_S;
		r->steps++;
	}
	clock.wall_ns = r->wall_ns;
	bench_tick(r->bench, &clock);
	serve(r);
	r->lost += r->missed;
	r->stops += r->missed > 0;
	r->missed = r->is_storm && rand_below(&r->chance, 300) == 0 ? 1 + rand_below(&r->chance, 60)
								    : 0;
	r->last_tick_ns = r->now_ns;
	r->next_tick_ns += (int64_t)(r->missed + 1) * period;
	watch_tick(r->watch, r->now_ns);
	if (watch_events(r->watch, EVENT_TICKS_LOST) != r->stops)
		watch_break(r->watch, "event: %u of %llu losses of ticks were told",
			watch_events(r->watch, EVENT_TICKS_LOST), (unsigned long long)r->stops);
}

/* ---- trouble ---------------------------------------------------------------------------------------------------------- */

static const uint8_t reads[] = {
	[MODBUS_COIL] = 1, [MODBUS_DISCRETE] = 2, [MODBUS_INPUT] = 4, [MODBUS_HOLDING] = 3
};

static void
disturb(struct run *r, enum world_fault fault, uint32_t instrument, uint32_t point, int64_t for_ns)
{
	const struct image_instrument *ins = image_instrument_at(r->img, instrument);
	const struct image_point *p = image_point_at(r->img, point);

	world_disturb(r->world, fault, ins->link, twin_unit(r->img, instrument),
		(uint32_t)reads[p->space] << 16 | p->address, r->now_ns, r->now_ns + for_ns);
}

static bool
is_played(const struct run *r, uint32_t instrument)
{
	return image_link_at(r->img, image_instrument_at(r->img, instrument)->link)->kind ==
	       LINK_TCP;
}

static uint32_t
any_instrument(struct run *r)
{
	uint32_t i;

	do
		i = (uint32_t)rand_below(&r->chance, r->img->instruments.n);
	while (!is_played(r, i));
	return i;
}

static uint32_t
any_point(struct run *r, uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(r->img, instrument);

	return ins->first_point + (uint32_t)rand_below(&r->chance, ins->n_points);
}

static void
trouble(struct run *r)
{
	uint32_t ins = any_instrument(r);
	enum world_fault fault =
		WORLD_DEAD + (enum world_fault)rand_below(&r->chance, WORLD_FAULTS - WORLD_DEAD);

	disturb(r, fault, ins, any_point(r, ins), span(r, NS_PER_S / 10, 15 * NS_PER_S));
	r->next_trouble_ns = r->now_ns + span(r, NS_PER_S / 2, 8 * NS_PER_S);
}

static void
advance(struct run *r, int64_t until_ns)
{
	unsigned steps = 0;

	while (r->now_ns < until_ns && watch_breach(r->watch) == NULL) {
		int64_t next =
			MIN(MIN(bench_wake(r->bench), world_wake(r->world)), r->next_tick_ns);

		next = MIN(next, until_ns);
		if (r->is_storm)
			next = MIN(next, r->next_trouble_ns);
		steps = next > r->now_ns ? 0 : steps + 1;
		if (steps > STEPS_MAX)
			watch_break(r->watch, "time: the controller is never done with one moment");
		r->now_ns = MAX(r->now_ns, next);
		take_news(r);
		if (bench_wake(r->bench) <= r->now_ns) {
			bench_time(r->bench, r->now_ns);
			serve(r);
		}
		if (r->is_storm && r->now_ns >= r->next_trouble_ns)
			trouble(r);
		if (r->now_ns >= r->next_tick_ns)
			tick(r);
	}
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

static void
storm(struct run *r, int64_t for_ns)
{
	for (int f = 0; f < WORLD_DEAD; f++) {
		double u = rand_unit(&r->chance);

		if (rand_below(&r->chance, 2) == 0)
			world_rate(r->world, (enum world_fault)f, 0.15 * u * u);
	}
	r->is_storm = true;
	r->next_trouble_ns = r->now_ns;
	advance(r, r->now_ns + for_ns);
	r->is_storm = false;
	world_calm(r->world, r->now_ns);
}

/* All is good again when the longest wait is over, and two rounds of polls. */
static void
recover(struct run *r, int64_t wait_ns)
{
	int64_t from_ns = r->now_ns,
		limit_ns = from_ns + wait_ns + 2 * r->slowest_ns + 5 * NS_PER_S;
	int64_t patience_ns = 0;
	uint32_t first = 0;

	/* What was lost in the last moment shows only when its last try has had no answer, and a tick has come. */
	for (uint32_t i = 0; i < r->img->instruments.n; i++)
		patience_ns =
			MAX(patience_ns, image_instrument_at(r->img, i)->timeout_ns *
						 (image_instrument_at(r->img, i)->retries + 1));
	advance(r, from_ns + 2 * patience_ns);
	do
		advance(r, r->now_ns + NS_PER_S / 2);
	while (watch_breach(r->watch) == NULL && r->now_ns < limit_ns &&
		(r->last_tick_ns <= from_ns || watch_bad(r->watch, &first) > 0));
	if (watch_bad(r->watch, &first) > 0)
		watch_break(r->watch, "recovery: '%s' is still bad after all faults have ended",
			image_text(r->img, image_channel_at(r->img, first)->name));
}

static void
settle(struct run *r)
{
	uint32_t first = 0;

	/* What is still under way from before must not do harm either. */
	watch_mark(r->watch, r->now_ns);
	advance(r, r->now_ns + SETTLE_NS);
	if (watch_bad(r->watch, &first) > 0)
		watch_break(r->watch, "recovery: '%s' went bad again",
			image_text(r->img, image_channel_at(r->img, first)->name));
}

/* Time that the link of this instrument needs for one round, were each of its points asked alone. */
static int64_t
round_ns(const struct run *r, uint32_t link)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < r->img->instruments.n; i++)
		if (image_instrument_at(r->img, i)->link == link)
			n += image_instrument_at(r->img, i)->n_points;
	return 2 * n * LAYOUT_LATENCY_NS;
}

static bool
overlap(const struct image_point *a, const struct image_point *b)
{
	return a->space == b->space && a->address < b->address + b->count &&
	       b->address < a->address + a->count;
}

/* A silent instrument is asked after 1, 2, 4, 8, 16 s and then each 30 s. */
static int64_t
probes(int64_t for_ns)
{
	return 6 + for_ns / PROBE_WAIT_NS;
}

/* Those that nothing was done to: no bad reading, no event, and polls that pay for their neighbour only once at a time. */
static void
check_neighbours(
	struct run *r, enum world_fault fault, uint32_t guilty, uint32_t point, int64_t for_ns)
{
	const struct image_instrument *bad = image_instrument_at(r->img, guilty);
	int64_t wait_ns = bad->timeout_ns * (bad->retries + 1);
	bool is_whole_link = fault == WORLD_REFUSED || fault == WORLD_MUTE;

	for (uint32_t p = 0; p < r->img->points.n; p++) {
		const struct image_point *pt = image_point_at(r->img, p);
		const struct image_instrument *ins = image_instrument_at(r->img, pt->instrument);
		const char *name = image_text(r->img, image_channel_at(r->img, pt->channel)->name);
		bool is_mate = ins->link == bad->link;
		int64_t every, stolen = 0,
			       gap = pt->every_ns + round_ns(r, ins->link) + 2 * r->img->tick_ns;

		if ((is_mate && is_whole_link) || !is_played(r, pt->instrument))
			continue;
		if (pt->instrument == guilty &&
			(fault != WORLD_BAD_REGISTER || overlap(pt, image_point_at(r->img, point))))
			continue;
		if (is_mate && fault != WORLD_BAD_REGISTER) {
			gap += bad->timeout_ns; /* it is repeated behind its neighbours */
			stolen = wait_ns + probes(for_ns) * bad->timeout_ns;
		}
		/* One with a shorter limit than its neighbour's silence may well grow too old. */
		if (watch_faults(r->watch, p) > 0 &&
			image_channel_at(r->img, pt->channel)->stale_ns >= gap)
			watch_break(r->watch, "neighbour: '%s' went bad with the %s of '%s'", name,
				world_word(fault), image_text(r->img, bad->name));
		if (watch_gap_ns(r->watch, p, r->now_ns) > gap)
			watch_break(r->watch,
				"neighbour: '%s' waited for %lld ms during the %s of '%s'", name,
				(long long)(watch_gap_ns(r->watch, p, r->now_ns) / NS_PER_MS),
				world_word(fault), image_text(r->img, bad->name));
		/* A tick shows the last of the readings since the one before. */
		every = MAX(pt->every_ns, 2 * r->img->tick_ns);
		if ((int64_t)watch_updates(r->watch, p) < (for_ns - stolen) * 8 / 10 / every - 2)
			watch_break(r->watch,
				"neighbour: '%s' was read only %u times during the %s of '%s'",
				name, watch_updates(r->watch, p), world_word(fault),
				image_text(r->img, bad->name));
	}
}

/* Each instrument that was hit went down once and came back once, and nobody else did. */
static void
check_events(struct run *r, enum world_fault fault, uint32_t guilty)
{
	const struct image_instrument *bad = image_instrument_at(r->img, guilty);

	for (uint32_t i = 0; i < r->img->instruments.n; i++) {
		bool is_hit = i == guilty;
		uint32_t downs = watch_downs(r->watch, i), ups = watch_ups(r->watch, i);

		if (fault == WORLD_REFUSED || fault == WORLD_MUTE)
			is_hit = image_instrument_at(r->img, i)->link == bad->link;
		if (fault == WORLD_BAD_REGISTER)
			is_hit = is_hit && bad->n_points == 1 && downs > 0;
		if (downs != is_hit || ups != is_hit)
			watch_break(r->watch,
				"event: '%s' went down %u and up %u times with the %s of '%s'",
				image_text(r->img, image_instrument_at(r->img, i)->name), downs,
				ups, world_word(fault), image_text(r->img, bad->name));
	}
}

/* How long it may take until what ended is noticed. */
static int64_t
wait_of(enum world_fault fault)
{
	if (fault == WORLD_BAD_REGISTER)
		return REFUSED_WAIT_NS;
	if (fault == WORLD_DEAD || fault == WORLD_GATEWAY)
		return PROBE_WAIT_NS;
	return WIRE_WAIT_NS + PROBE_WAIT_NS;
}

static uint64_t
requests_of(const struct run *r, uint32_t instrument)
{
	struct board_state state;

	board_read_state(r->board, instrument, &state);
	return state.requests;
}

/* One thing goes wrong, and nothing else. */
static void
alone(struct run *r)
{
	static const enum world_fault faults[] = { WORLD_DEAD, WORLD_GATEWAY, WORLD_BAD_REGISTER,
		WORLD_REFUSED, WORLD_MUTE };
	enum world_fault fault = faults[rand_below(&r->chance, NELEM(faults))];
	uint32_t guilty = any_instrument(r), point = any_point(r, guilty), first = 0;
	int64_t for_ns = span(r, ALONE_MIN_NS, ALONE_MAX_NS) + 3 * r->slowest_ns;
	uint64_t asked = requests_of(r, guilty), most;

	watch_mark(r->watch, r->now_ns);
	disturb(r, fault, guilty, point, for_ns);
	advance(r, r->now_ns + for_ns);
	check_neighbours(r, fault, guilty, point, for_ns);
	/* The state on the board is that of up to a second ago, when it was polled as ever. */
	most = image_instrument_at(r->img, guilty)->retries + 1 + (uint64_t)probes(for_ns) +
	       2 * image_instrument_at(r->img, guilty)->n_points *
		       (uint64_t)(1 + NS_PER_S / image_instrument_at(r->img, guilty)->every_ns);
	if ((fault == WORLD_DEAD || fault == WORLD_GATEWAY) &&
		requests_of(r, guilty) - asked > most)
		watch_break(r->watch, "silence: '%s' was asked %llu times although it is %s",
			image_text(r->img, image_instrument_at(r->img, guilty)->name),
			(unsigned long long)(requests_of(r, guilty) - asked), world_word(fault));
	if (watch_bad(r->watch, &first) == 0)
		watch_break(r->watch, "silence: the %s of '%s' did not show", world_word(fault),
			image_text(r->img, image_instrument_at(r->img, guilty)->name));
	world_calm(r->world, r->now_ns);
	recover(r, wait_of(fault));
	check_events(r, fault, guilty);
	settle(r);
}

/* No flood: nothing goes down without something having been done to its link. */
static void
check_flood(struct run *r)
{
	for (uint32_t i = 0; i < r->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(r->img, i);
		uint64_t faults = 1;

		for (int f = 0; f < WORLD_FAULTS; f++)
			faults += world_faults(r->world, ins->link, (enum world_fault)f);
		if (watch_all_downs(r->watch, i) > faults)
			watch_break(r->watch, "event: '%s' went down %u times for %llu faults",
				image_text(r->img, ins->name), watch_all_downs(r->watch, i),
				(unsigned long long)faults);
	}
	if (watch_events(r->watch, EVENT_CLOCK_STEP) != r->steps)
		watch_break(r->watch, "event: %u of %llu steps of the clock were told",
			watch_events(r->watch, EVENT_CLOCK_STEP), (unsigned long long)r->steps);
}

/* ---- a run ------------------------------------------------------------------------------------------------------------ */

static size_t
start(struct run *r, const struct run_setup *setup)
{
	const struct bench_sink sink = { .ctx = r, .event = on_event };
	struct board_setup board = { .image = r->img,
		.generation = 1,
		.tape_records = 1 << 14, /* each tick reads all of it */
		.trace_lines = 8,
		.now_ns = r->now_ns,
		.boot_id = "simulation" };
	struct world_setup world = { .n_links = r->img->links.n,
		.seed = rand_next(&r->chance),
		.latency_ns = LAYOUT_LATENCY_NS,
		.timeout_ns = NS_PER_S / 2,
		.device = device,
		.ctx = r };
	size_t size = board_size(&board);

	r->memory = aligned_alloc(64, (size + 63) / 64 * 64);
	if (r->memory == NULL)
		abort();
	memset(r->memory, 0, size);
	r->board = board_make(r->memory, &board);
	r->held = held_new(r->img, rand_next(&r->chance));
	r->watch = watch_new(r->img, r->board, r->held);
	r->twin = twin_new(r->img, rand_next(&r->chance));
	r->world = world_new(&world);
	r->bench = bench_new(r->img, r->board, setup->codec_of, &sink, r->now_ns);
	r->next_tick_ns = r->last_tick_ns = r->now_ns;
	for (uint32_t p = 0; p < r->img->points.n; p++)
		r->slowest_ns = MAX(r->slowest_ns, image_point_at(r->img, p)->every_ns);
	serve(r);
	return size;
}

static void
finish(struct run *r, size_t size, struct run_result *out)
{
	*out = (struct run_result){ .exchanges = world_exchanges(r->world),
		.records = watch_records(r->watch),
		.lost_ticks = r->lost,
		.clock_steps = r->steps,
		.span_ns = r->now_ns - r->start_ns };
	if (watch_breach(r->watch) != NULL)
		text_copy(out->breach, sizeof(out->breach), watch_breach(r->watch));
	for (uint32_t link = 0; link < r->img->links.n; link++)
		for (int f = 0; f < WORLD_FAULTS; f++)
			out->faults[f] += world_faults(r->world, link, (enum world_fault)f);
	out->digest = watch_digest(r->watch) ^ text_hash(r->memory, size);
	bench_free(r->bench);
	world_free(r->world);
	twin_free(r->twin);
	watch_free(r->watch);
	held_free(r->held);
	free(r->memory);
}

bool
run_seed(const struct run_setup *setup, struct run_result *out)
{
	struct image *made = setup->img == NULL ? layout_make(setup->seed) : NULL;
	struct run r = { .img = made != NULL ? made : setup->img,
		.chance = setup->seed ^ UINT64_C(0x5deece66d),
		.start_ns = 1000 * NS_PER_S,
		.now_ns = 1000 * NS_PER_S,
		.wall_ns = INT64_C(1700000000) * NS_PER_S };
	size_t size = start(&r, setup);

	storm(&r, setup->storm_ns);
	recover(&r, WIRE_WAIT_NS + PROBE_WAIT_NS + REFUSED_WAIT_NS);
	settle(&r);
	for (int i = 0; i < 2 && watch_breach(r.watch) == NULL; i++)
		alone(&r);
	check_flood(&r);
	finish(&r, size, out);
	free(made);
	return out->breach[0] == '\0';
}
