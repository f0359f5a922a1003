/* stage.c - a bench, its twin, the world between them, and a virtual clock */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "drivers/modbus_pdu.h"

#define STEPS_MAX 100000 /* at one moment: more means that time stands still */

int64_t
stage_span(struct stage *r, int64_t from_ns, int64_t to_ns)
{
	return from_ns + (int64_t)rand_below(&r->chance, (uint64_t)(to_ns - from_ns + 1));
}

/* ---- the devices ----------------------------------------------------------------------------------------------------- */

/* A request reaches the devices of a link: what they hold is what this moment says. */
static int
device(void *ctx, uint32_t link, const uint8_t *frame, size_t n, int64_t now_ns, uint8_t *out,
	size_t cap)
{
	struct stage *r = ctx;
	unsigned unit = frame[twin_is_rtu(r->img, link) ? 0 : 6];

	for (uint32_t i = 0; i < r->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(r->img, i);

		if (ins->link != link || twin_unit(r->img, i) != unit)
			continue;
		for (uint32_t p = ins->first_point; p < ins->first_point + ins->n_points; p++) {
			double v;

			if (held_value(r->held, p, now_ns, &v))
				twin_set(r->twin, p, v);
		}
	}
	return twin_answer(r->twin, link, frame, n, out, cap);
}

/* Nobody promises more of a device than this: its timeout, and late_max behind it. */
static int64_t
latest(void *ctx, uint32_t link, unsigned unit)
{
	const struct stage *r = ctx;
	int64_t late_ns = image_link_at(r->img, link)->late_max_ns;

	for (uint32_t i = 0; i < r->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(r->img, i);

		if (ins->link == link && twin_unit(r->img, i) == unit)
			return ins->timeout_ns + (late_ns > 0 ? late_ns : 2 * ins->timeout_ns);
	}
	return 0;
}

/* What the image does not say is by the link's address: the same after each reload. */
static struct world_link *
world_links(const struct stage *r)
{
	struct world_link *links = mem_zero(r->img->links.n, sizeof(*links));

	for (uint32_t i = 0; i < r->img->links.n; i++) {
		const struct image_link *l = image_link_at(r->img, i);
		uint64_t chance = r->held_seed ^ l->port;

		links[i] = (struct world_link){ .is_rtu = twin_is_rtu(r->img, i),
			.is_port = l->kind == LINK_SERIAL,
			.goes_on = LAYOUT_GOES_ON && l->kind == LINK_SERIAL,
			.has_echo = l->has_echo,
			.char_ns = l->char_ns };
		/* Whoever writes a number of questions knows that the device bears them. */
		if (!links[i].is_rtu)
			links[i].crowd = (enum world_crowd)rand_below(
				&chance, l->pipeline > 1 ? 2 : WORLD_CROWD_CLOSE + 1);
	}
	return links;
}

/* ---- time ------------------------------------------------------------------------------------------------------------- */

static uint64_t
on_event(void *ctx, struct event *e)
{
	struct stage *r = ctx;

	trail_event(r->trail, e);
	watch_event(r->watch, e);
	return e->id;
}

static void
on_clock(void *ctx, struct clock_record *c)
{
	struct stage *r = ctx;

	trail_clock(r->trail, c);
}

static void
serve(struct stage *r)
{
	struct link_wants wants;
	uint32_t link;

	while ((link = bench_take(r->bench, &wants)) != IMAGE_NONE) {
		if (image_kind_is_local(image_link_at(r->img, link)->kind))
			continue; /* this machine itself is not played: it stays closed */
		if (wants.close)
			world_close(r->world, link);
		if (wants.open)
			world_open(r->world, link, r->now_ns);
		if (wants.n > 0)
			world_send(r->world, link, wants.bytes, wants.n, r->now_ns);
	}
}

static void
take_news(struct stage *r)
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

/* The first picture of a new board: a tick that is not the clock's. */
static void
show(struct stage *r)
{
	struct bench_clock clock = {
		.now_ns = r->now_ns, .wall_is_good = true, .wall_ns = r->wall_ns
	};

	bench_tick(r->bench, &clock);
	r->last_tick_ns = r->now_ns;
	watch_tick(r->watch, r->now_ns);
}

static void
tick(struct stage *r)
{
	int64_t period = r->img->tick_ns;
	struct bench_clock clock = { .now_ns = r->now_ns,
		.wall_is_good = true,
		.late_ns = (int64_t)r->missed * period,
		.lost = r->missed };

	watch_look(r->watch, r->now_ns, r->last_tick_ns);
	if (rand_below(&r->chance, 500) == 0 && r->now_ns > r->start_ns) {
		int64_t step = stage_span(r, NS_PER_S, 7200 * NS_PER_S) - 3600 * NS_PER_S;

		r->wall_ns += step;
		r->steps += step > 10 * NS_PER_MS || step < -10 * NS_PER_MS; /* less is no step */
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

void
stage_disturb(struct stage *r, enum world_fault fault, uint32_t instrument, uint32_t point,
	int64_t for_ns)
{
	const struct image_instrument *ins = image_instrument_at(r->img, instrument);
	const struct image_point *p = image_point_at(r->img, point);

	world_disturb(r->world, fault, ins->link, twin_unit(r->img, instrument),
		(uint32_t)reads[p->space] << 16 | p->address, r->now_ns, r->now_ns + for_ns);
}

bool
stage_plays(const struct stage *r, uint32_t instrument)
{
	return !image_kind_is_local(
		image_link_at(r->img, image_instrument_at(r->img, instrument)->link)->kind);
}

uint32_t
stage_any_instrument(struct stage *r)
{
	uint32_t i;

	do
		i = (uint32_t)rand_below(&r->chance, r->img->instruments.n);
	while (!stage_plays(r, i));
	return i;
}

uint32_t
stage_any_point(struct stage *r, uint32_t instrument)
{
	const struct image_instrument *ins = image_instrument_at(r->img, instrument);

	return ins->first_point + (uint32_t)rand_below(&r->chance, ins->n_points);
}

static void
trouble(struct stage *r)
{
	uint32_t ins = stage_any_instrument(r);
	enum world_fault fault =
		WORLD_DEAD + (enum world_fault)rand_below(&r->chance, WORLD_FAULTS - WORLD_DEAD);

	stage_disturb(r, fault, ins, stage_any_point(r, ins),
		stage_span(r, NS_PER_S / 10, 15 * NS_PER_S));
	r->next_trouble_ns = r->now_ns + stage_span(r, NS_PER_S / 2, 8 * NS_PER_S);
}

/* ---- reloads --------------------------------------------------------------------------------------------------------- */

/* A board and a bench for r->img; what served before is the caller's to keep. */
static void
make_bench(struct stage *r)
{
	const struct bench_sink sink = { .ctx = r, .event = on_event, .clock = on_clock };
	struct board_setup board = { .image = r->img,
		.generation = (uint32_t)r->reloads + 1,
		.tape_records = 1 << 14, /* each tick reads all of it */
		.trace_lines = 8,
		.now_ns = r->now_ns,
		.boot_id = "simulation" };

	r->memory_size = board_size(&board);
	r->memory = aligned_alloc(64, (r->memory_size + 63) / 64 * 64);
	if (r->memory == NULL)
		abort();
	memset(r->memory, 0, r->memory_size);
	r->board = board_make(r->memory, &board);
	r->held = held_new(r->img, r->held_seed);
	r->watch = watch_new(r->img, r->board, r->held);
	r->twin = twin_new(r->img, r->held_seed);
	r->bench = bench_new(r->img, r->board, r->codec_of, &sink, r->now_ns);
	r->slowest_ns = 0;
	for (uint32_t p = 0; p < r->img->points.n; p++)
		r->slowest_ns = MAX(r->slowest_ns, image_point_at(r->img, p)->every_ns);
}

static void
drop_bench(struct stage *r)
{
	r->digest = r->digest * 31 + text_hash(r->memory, r->memory_size);
	bench_free(r->bench);
	twin_free(r->twin);
	watch_free(r->watch);
	held_free(r->held);
	free(r->memory);
}

/* Which link of `from` is at the same address, or has the same name: its devices are the same. */
static uint32_t
same_link(const struct image *img, uint32_t link, const struct image *from)
{
	const struct image_link *l = image_link_at(img, link);

	for (uint32_t i = 0; i < from->links.n; i++)
		if (image_same_wire(img, l, from, image_link_at(from, i)))
			return i;
	for (uint32_t i = 0; i < from->links.n; i++)
		if (strcmp(image_text(from, image_link_at(from, i)->name),
			    image_text(img, l->name)) == 0)
			return i;
	return IMAGE_NONE;
}

static struct image *
copy_image(const struct image *img)
{
	struct image *copy = mem_zero(1, img->size);

	memcpy(copy, img, img->size);
	return copy;
}

uint64_t
stage_faults(const struct stage *r)
{
	uint64_t n = r->faults_gone;

	for (uint32_t link = 0; link < r->img->links.n; link++)
		for (int f = 0; f < WORLD_FAULTS; f++)
			n += world_faults(r->world, link, (enum world_fault)f);
	return n;
}

struct image *
stage_reload(struct stage *r, unsigned changes, uint32_t **out_kept)
{
	struct stage before = *r;
	union {
		const struct image *given;
		struct image *old;
	} image = { .given = r->img };
	struct world_link *links;
	uint32_t *kept, *was;
	uint64_t faults = stage_faults(r);

	for (unsigned i = 0; i < changes && r->layout != NULL; i++)
		layout_change(r->layout, &r->chance);
	r->reloads++;
	r->img = r->layout != NULL ? layout_image(r->layout) : copy_image(r->img);
	kept = mem_zero(r->img->links.n, sizeof(*kept));
	was = mem_zero(r->img->links.n, sizeof(*was));
	watch_end(before.watch, r->now_ns);
	make_bench(r);
	watch_adopt(r->watch, before.watch);
	bench_adopt(r->bench, before.bench, kept, r->now_ns);
	for (uint32_t i = 0; i < r->img->links.n; i++)
		was[i] = same_link(r->img, i, before.img);
	links = world_links(r);
	world_switch(r->world, r->img->links.n, links, was, kept);
	free(links);
	r->faults_gone += faults - stage_faults(r);
	drop_bench(&before);
	r->digest = before.digest;
	r->missed = 0;
	show(r);
	serve(r);
	free(was);
	*out_kept = kept;
	return image.old;
}

/* Somebody edits the bench file while it storms. */
static void
edit(struct stage *r)
{
	uint32_t *kept;

	free(stage_reload(r, (unsigned)rand_below(&r->chance, 3), &kept));
	free(kept);
	r->next_edit_ns = r->now_ns + stage_span(r, NS_PER_S / 100, 12 * NS_PER_S);
}

/* ---- the clock -------------------------------------------------------------------------------------------------------- */

void
stage_advance(struct stage *r, int64_t until_ns)
{
	unsigned steps = 0;

	while (r->now_ns < until_ns && watch_breach(r->watch) == NULL) {
		int64_t next =
			MIN(MIN(bench_wake(r->bench), world_wake(r->world)), r->next_tick_ns);

		next = MIN(next, until_ns);
		if (r->is_storm)
			next = MIN(next, r->next_trouble_ns);
		if (r->is_storm && r->is_edited)
			next = MIN(next, r->next_edit_ns);
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
		if (r->is_storm && r->is_edited && r->now_ns >= r->next_edit_ns)
			edit(r);
		if (r->now_ns >= r->next_tick_ns)
			tick(r);
	}
}

/* ---- life ------------------------------------------------------------------------------------------------------------ */

void
stage_start(struct stage *r, const struct run_setup *setup)
{
	struct world_setup world = { .seed = rand_next(&r->chance),
		.latency_ns = LAYOUT_LATENCY_NS,
		.timeout_ns = NS_PER_S / 2,
		.device = device,
		.latest = latest,
		.ctx = r };
	struct world_link *links;

	r->codec_of = setup->codec_of;
	r->held_seed = rand_next(&r->chance);
	if (setup->img == NULL)
		r->layout = layout_new(setup->seed);
	r->img = r->layout != NULL ? layout_image(r->layout) : copy_image(setup->img);
	links = world_links(r);
	world.n_links = r->img->links.n;
	world.links = links;
	r->world = world_new(&world);
	free(links);
	r->trail = trail_new(
		setup->seed, false); /* a bench that went back in time would be another run */
	make_bench(r);
	r->next_tick_ns = r->last_tick_ns = r->now_ns;
	serve(r);
}

void
stage_end(struct stage *r)
{
	union {
		const struct image *given;
		struct image *own;
	} image = { .given = r->img };

	drop_bench(r);
	trail_free(r->trail);
	world_free(r->world);
	layout_free(r->layout);
	free(image.own);
}
