/* writes.c - one seed of writes */
#include "writes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "drivers/modbus_pdu.h"
#include "image_builder.h"
#include "layout.h"
#include "link/link.h"
#include "twin/twin.h"

#define WRITES_MAX 9000                 /* values count them: below what each register holds */
#define VERDICT_WAIT_NS (60 * NS_PER_S) /* for a full queue of which each write is repeated */
#define STEPS_MAX 10000                 /* at one moment: more means that time stands still */
#define TIMEOUT_NS (200 * NS_PER_MS)

struct write {
	uint32_t point;
	union value v;
	int64_t from_ns;
	unsigned verdicts;
	enum quality verdict;
	bool was_held; /* the device has held it since */
};

struct line {
	const struct codec *(*codec_of)(const char *name);
	struct image *img,
		*devices; /* the devices stay as they were made: both have the same registers */
	struct link *link;
	struct world *world;
	struct twin *twin;
	uint64_t chance;
	int64_t now_ns, wake_ns, next_write_ns, next_edit_ns;
	bool is_storm,
		is_slow; /* is_slow: in this image, the second instrument is polled less often */
	enum { OVER_TCP, LINE_OVER_TCP, LINE } way;
	struct write writes[WRITES_MAX];
	uint32_t n;
	uint64_t digest;
	char *breach;
	size_t cap;
};

static void PRINTF(2, 3) fail(struct line *l, const char *fmt, ...)
{
	va_list args;

	if (l->breach[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(l->breach, l->cap, fmt, args);
	va_end(args);
}

/* What the master takes for register 30 its devices do not have: writes to it are refused. */
#define REFUSED 30

static struct image *
make_image(const struct line *l, bool is_slow, bool of_devices)
{
	const struct image_link like = { .kind = l->way == LINE ? LINK_SERIAL : LINK_TCP,
		.is_line = l->way != OVER_TCP,
		.line = { .baud = 115200, .bits = 8, .parity = 'N', .stop = 1 },
		.char_ns = l->way == LINE ? 10 * NS_PER_S / 115200 : 0,
		.gap_ns = l->way == LINE ? 1750 * NS_PER_US : 0 };
	const char *const places[] = { "holding=1", "holding=2 type=int32 order=CDAB",
		"holding=9 type=float32", "holding=20 type=uint64", "coil=4",
		of_devices ? "holding=31" : "holding=30" };
	struct image_builder *b = image_builder_new("writes", 100 * NS_PER_MS);
	uint32_t link =
		image_builder_link(b, "io", l->way == LINE ? "/dev/ttyS0" : "127.0.0.1", 1502);

	image_builder_wire(b, link, &like);
	for (uint32_t i = 0; i < 2; i++) {
		image_builder_instrument(b, i == 0 ? "one" : "two",
			l->way == OVER_TCP ? "modbus" : "modbus-rtu", link,
			i == 0 ? "unit=1" : "unit=2",
			i == 1 && is_slow ? NS_PER_S : 300 * NS_PER_MS, TIMEOUT_NS, i);
		for (uint32_t k = 0; k < NELEM(places); k++) {
			char name[8];

			snprintf(name, sizeof(name), "p%u", k);
			image_builder_write(
				b, image_builder_point(b, name, places[k], 0), places[k]);
		}
	}
	return image_builder_done(b);
}

static bool
holds(const struct line *l, const struct write *w)
{
	double want = value_double(image_point_at(l->img, w->point)->value, w->v);
	double has = twin_value(l->twin, w->point);

	return image_point_at(l->img, w->point)->address != REFUSED && !(has < want) &&
	       !(has > want);
}

static int
device(void *ctx, uint32_t link, const uint8_t *frame, size_t n, int64_t now_ns, uint8_t *out,
	size_t cap)
{
	struct line *l = ctx;
	int rc = twin_answer(l->twin, link, frame, n, out, cap);

	for (uint32_t i = l->n > 64 ? l->n - 64 : 0; i < l->n; i++)
		if (l->writes[i].verdicts == 0 && holds(l, &l->writes[i]))
			l->writes[i].was_held = true;
	return rc;
}

static void
on_reading(void *ctx, uint32_t point, const struct reading *r, int64_t stamp_ns)
{
	struct line *l = ctx;

	l->digest = l->digest * 31 + r->v.u + r->quality + (uint64_t)stamp_ns + point;
}

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state state, enum quality reason)
{
}

static void
on_trace(void *ctx, uint32_t instrument, const struct board_trace *line)
{
}

static void
on_written(void *ctx, uint32_t point, uint32_t tag, enum quality verdict, uint16_t code)
{
	struct line *l = ctx;
	struct write *w = &l->writes[tag];

	l->digest = l->digest * 31 + tag * 64 + (uint64_t)verdict;
	if (tag >= l->n || w->point != point) {
		fail(l, "write: verdict on %u, which nobody asked for", tag);
		return;
	}
	w->verdict = verdict;
	if (++w->verdicts > 1)
		fail(l, "write: %u was settled twice", tag);
	if (verdict == Q_GOOD && !w->was_held)
		fail(l, "write: %u is said to be done, but the device did not hold it", tag);
}

static const struct link_sink *
sink_of(struct line *l, struct link_sink *out)
{
	*out = (struct link_sink){ .ctx = l,
		.reading = on_reading,
		.state = on_state,
		.trace = on_trace,
		.written = on_written };
	return out;
}

static void
serve(struct line *l)
{
	struct link_wants wants;

	link_take(l->link, &wants);
	l->wake_ns = wants.wake_ns;
	if (wants.close)
		world_close(l->world, 0);
	if (wants.open)
		world_open(l->world, 0, l->now_ns);
	if (wants.n > 0)
		world_send(l->world, 0, wants.bytes, wants.n, l->now_ns);
}

static void
take_news(struct line *l)
{
	struct world_news news;

	while (world_next(l->world, l->now_ns, &news)) {
		if (news.kind == WORLD_OPENED)
			link_opened(l->link, l->now_ns);
		else if (news.kind == WORLD_BYTES)
			link_bytes(l->link, news.bytes, news.n, l->now_ns);
		else
			link_closed(
				l->link, news.was_open ? Q_LINK_LOST : Q_NO_LINK, NULL, l->now_ns);
		serve(l);
	}
}

static void
write_one(struct line *l, uint32_t point)
{
	struct write *w = &l->writes[l->n];
	enum value_type type = image_point_at(l->img, point)->value;
	struct err err;

	if (l->n + 1 == WRITES_MAX)
		return;
	*w = (struct write){ .point = point, .from_ns = l->now_ns };
	if (type == VALUE_FLOAT || type == VALUE_FLOAT32)
		w->v.f = l->n + 1;
	else
		w->v.i = type == VALUE_BOOL ? l->n % 2 : l->n + 1;
	l->n++;
	if (link_write(l->link, point, l->n - 1, w->v, NULL, l->now_ns, &err) == 0)
		return;
	if (err.code != ERR_REFUSED)
		fail(l, "write: %s", err.msg);
	if (w->verdicts > 0)
		fail(l, "write: %u was refused and settled", l->n - 1);
	l->n--;
}

static struct world_link
world_link_of(const struct line *l)
{
	return (struct world_link){ .is_rtu = l->way != OVER_TCP,
		.is_port = l->way == LINE,
		.char_ns = image_link_at(l->img, 0)->char_ns };
}

/* Another image with the same registers; the second instrument is another when its period is. */
static void
edit(struct line *l)
{
	struct link *old = l->link;
	struct image *was = l->img;
	struct link_sink sink;
	struct world_link world_link;
	const uint32_t first = 0;
	uint32_t kept = IMAGE_NONE;

	if (rand_below(&l->chance, 2) == 0)
		l->is_slow = !l->is_slow;
	l->img = make_image(l, l->is_slow, false);
	l->link = link_new(l->img, 0, l->codec_of, sink_of(l, &sink), l->now_ns);
	if (link_adopt(l->link, old, l->now_ns))
		kept = 0;
	link_free(old);
	free(was);
	world_link = world_link_of(l);
	world_switch(l->world, 1, &world_link, &first, &kept);
	serve(l);
}

static int64_t
soon(struct line *l, int64_t most_ns)
{
	return l->now_ns + 1 + (int64_t)rand_below(&l->chance, (uint64_t)most_ns);
}

static void
check_waiting(struct line *l, int64_t most_ns)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->writes[i].verdicts == 0 && l->now_ns - l->writes[i].from_ns > most_ns)
			fail(l, "write: %u has no verdict after %lld s", i,
				(long long)((l->now_ns - l->writes[i].from_ns) / NS_PER_S));
}

static void
advance(struct line *l, int64_t until_ns)
{
	unsigned steps = 0;

	while (l->now_ns < until_ns && l->breach[0] == '\0') {
		int64_t next = MIN(MIN(l->wake_ns, world_wake(l->world)), until_ns);

		if (l->is_storm)
			next = MIN(next, MIN(l->next_write_ns, l->next_edit_ns));
		steps = next > l->now_ns ? 0 : steps + 1;
		if (steps > STEPS_MAX)
			fail(l, "time: the link is never done with one moment");
		l->now_ns = MAX(l->now_ns, next);
		take_news(l);
		link_time(l->link, l->now_ns);
		serve(l);
		if (l->is_storm && l->now_ns >= l->next_write_ns) {
			for (uint64_t n = rand_below(&l->chance, 4); n > 0; n--)
				write_one(l, (uint32_t)rand_below(&l->chance, l->img->points.n));
			serve(l);
			l->next_write_ns = soon(l, NS_PER_S / 5);
		}
		if (l->is_storm && l->now_ns >= l->next_edit_ns) {
			enum world_fault f = WORLD_DEAD + (enum world_fault)rand_below(&l->chance,
								  WORLD_FAULTS - WORLD_DEAD);

			world_disturb(l->world, f, 0, 1 + (unsigned)rand_below(&l->chance, 2),
				MODBUS_HOLDING << 16, l->now_ns, soon(l, 4 * NS_PER_S));
			edit(l);
			check_waiting(l, VERDICT_WAIT_NS);
			l->next_edit_ns = soon(l, 3 * NS_PER_S);
		}
	}
}

static void
play(struct line *l, int64_t storm_ns)
{
	for (int f = 0; f < WORLD_DEAD; f++)
		if (rand_below(&l->chance, 2) == 0)
			world_rate(l->world, (enum world_fault)f,
				0.1 * rand_unit(&l->chance) * rand_unit(&l->chance));
	l->is_storm = true;
	advance(l, l->now_ns + storm_ns);
	l->is_storm = false;
	world_calm(l->world, l->now_ns);
	advance(l, l->now_ns + VERDICT_WAIT_NS);
	check_waiting(l, 0);
	for (uint32_t p = 0; p < l->img->points.n && l->breach[0] == '\0'; p++) {
		const struct write *w = &l->writes[l->n];

		write_one(l, p);
		serve(l);
		advance(l, l->now_ns + NS_PER_S);
		if (image_point_at(l->img, p)->address == REFUSED) {
			if (w->verdicts != 1 || w->verdict != Q_BAD_ADDRESS)
				fail(l, "write: %u was not refused", l->n - 1);
		} else if (w->verdict != Q_GOOD || !holds(l, w))
			fail(l, "write: %u came to nothing although all is well", l->n - 1);
	}
}

bool
writes_seed(const struct run_setup *setup, struct run_result *out)
{
	struct line *l = mem_zero(1, sizeof(*l));
	struct world_setup world = { .n_links = 1,
		.seed = setup->seed,
		.latency_ns = LAYOUT_LATENCY_NS,
		.timeout_ns = TIMEOUT_NS,
		.device = device,
		.ctx = l };
	struct world_link world_link;
	struct link_sink sink;

	l->chance = setup->seed ^ UINT64_C(0x2545f491);
	l->now_ns = 1000 * NS_PER_S;
	l->breach = out->breach;
	l->cap = sizeof(out->breach);
	l->codec_of = setup->codec_of;
	l->way = setup->seed % 3;
	l->img = make_image(l, false, false);
	l->devices = make_image(l, false, true);
	world_link = world_link_of(l);
	world.links = &world_link;
	l->world = world_new(&world);
	l->twin = twin_new(l->devices, 1);
	l->link = link_new(l->img, 0, l->codec_of, sink_of(l, &sink), l->now_ns);
	l->next_edit_ns = soon(l, 3 * NS_PER_S);
	serve(l);
	play(l, setup->storm_ns);
	for (uint32_t i = 0; i < l->n; i++)
		out->good += l->writes[i].verdict == Q_GOOD && l->writes[i].verdicts > 0;
	out->writes += l->n;
	out->digest = out->digest * 31 + l->digest;
	link_free(l->link);
	world_free(l->world);
	twin_free(l->twin);
	free(l->img);
	free(l->devices);
	free(l);
	return out->breach[0] == '\0';
}
