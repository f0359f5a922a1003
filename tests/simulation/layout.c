/* layout.c - a bench made by chance
 *
 * Points of an instrument are laid out over the four tables from left to right, mostly side by side, with holes of which
 * the device refuses every register; then they are handed to the image in any order. A change alters the description;
 * what stays keeps its name, its numbers and its registers.
 */
#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "image_builder.h"

#define POINTS_MAX 32
#define INSTRUMENTS_MAX 16
#define LINKS_MAX 4
#define LOAD_MAX 0.4

struct slot {
	char opts[96];
	bool is_number, is_scalable;
	bool is_scaled, is_slow, is_followed, is_summed;
	uint32_t id;     /* of its channel; + 1 and + 2: of the one that follows, of the sum */
	uint32_t called; /* counts renamings */
};

struct device {
	uint32_t id, link, unit;
	uint32_t max_block, max_gap, retries;
	int64_t every_ns, timeout_ns;
	struct slot slots[POINTS_MAX];
	uint32_t n;
};

struct wire_of {
	uint32_t called;
	uint16_t port;
	enum link_kind kind;
	bool is_line, has_echo;
	uint32_t baud; /* LINK_SERIAL */
	uint32_t pipeline;
	int64_t late_max_ns;
};

struct layout {
	int64_t tick_ns;
	bool is_pipelining;
	struct wire_of links[LINKS_MAX];
	uint32_t n_links;
	struct device devices[INSTRUMENTS_MAX];
	uint32_t n_devices;
	uint32_t next_id; /* never given again */
	uint16_t next_port;
};

/* A number for a channel, and the two behind it. */
static uint32_t
new_id(struct layout *l)
{
	l->next_id += 3;
	return l->next_id - 3;
}

static uint32_t
pick(uint64_t *chance, uint32_t from, uint32_t to)
{
	return from + (uint32_t)rand_below(chance, to - from + 1);
}

static uint32_t
hole(uint64_t *chance)
{
	uint32_t dice = pick(chance, 0, 9);

	if (dice < 6)
		return 0;
	return dice < 9 ? pick(chance, 1, 8) : pick(chance, 9, 60);
}

/* One point at *address of a table of registers; moves *address behind it. */
static void
lay_register(uint64_t *chance, const char *table, uint32_t *address, struct slot *out)
{
	static const struct {
		const char *name;
		uint32_t registers;
	} types[] = {
		{ "uint16", 1 },
		{ "int16", 1 },
		{ "uint32", 2 },
		{ "int32", 2 },
		{ "uint64", 4 },
		{ "int64", 4 },
		{ "float32", 2 },
		{ "float64", 4 },
		{ "bcd16", 1 },
		{ "bcd32", 2 },
	};
	static const char *const orders[] = { "ABCD", "CDAB", "BADC", "DCBA" };
	uint32_t type = pick(chance, 0, NELEM(types) + 1);

	*out = (struct slot){ .is_number = true, .is_scalable = true };
	if (type == NELEM(types)) {
		uint32_t length = pick(chance, 4, 12);

		snprintf(out->opts, sizeof(out->opts), "%s=%u type=string length=%u", table,
			*address, length);
		out->is_number = out->is_scalable = false;
		*address += length;
	} else if (type > NELEM(types)) {
		snprintf(out->opts, sizeof(out->opts), "%s=%u bit=%u", table, *address,
			pick(chance, 0, 15));
		out->is_scalable = false;
		*address += 1;
	} else {
		snprintf(out->opts, sizeof(out->opts), "%s=%u type=%s order=%s", table, *address,
			types[type].name, orders[pick(chance, 0, 3)]);
		*address += types[type].registers;
	}
}

static uint32_t
lay_out(uint64_t *chance, struct slot *slots, uint32_t n)
{
	static const char *const tables[] = { "coil", "discrete", "input", "holding" };
	uint32_t address[NELEM(tables)];

	for (uint32_t i = 0; i < NELEM(tables); i++)
		address[i] = pick(chance, 0, 1) == 0 ? pick(chance, 0, 20) : pick(chance, 0, 60000);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t table = pick(chance, 0, 5);

		table = table > 3 ? 3 : table; /* most devices offer most in holding registers */
		address[table] += hole(chance);
		if (table >= 2) {
			lay_register(chance, tables[table], &address[table], &slots[i]);
			continue;
		}
		slots[i] = (struct slot){ .is_number = true };
		snprintf(slots[i].opts, sizeof(slots[i].opts), "%s=%u", tables[table],
			address[table]++);
	}
	for (uint32_t i = n; i > 1; i--) {
		uint32_t k = pick(chance, 0, i - 1);
		struct slot other = slots[k];

		slots[k] = slots[i - 1];
		slots[i - 1] = other;
	}
	return n;
}

int64_t
layout_exchange_ns(const struct image_link *link)
{
	return link->is_line ? LAYOUT_LINE_NS : LAYOUT_LATENCY_NS;
}

/* A period that leaves the link time: even if each point were asked alone. */
static int64_t
period(uint64_t *chance, const struct wire_of *link, uint32_t n_points, uint32_t n_instruments)
{
	int64_t exchange_ns = link->is_line ? LAYOUT_LINE_NS : LAYOUT_LATENCY_NS;
	static const int64_t periods_ms[] = { 200, 300, 500, 1000, 2000 };
	int64_t every = periods_ms[pick(chance, 0, NELEM(periods_ms) - 1)] * NS_PER_MS;

	while ((double)(n_points * n_instruments) * (double)exchange_ns / (double)every > LOAD_MAX)
		every *= 2;
	return every;
}

static void
lay_device(uint64_t *chance, struct layout *l, uint32_t link, uint32_t unit, uint32_t of)
{
	static const int64_t timeouts_ms[] = { 150, 300, 500, 1000 };
	struct device *d = &l->devices[l->n_devices++];

	*d = (struct device){ .id = new_id(l), .link = link, .unit = unit };
	d->n = lay_out(chance, d->slots, pick(chance, 2, POINTS_MAX));
	d->every_ns = period(chance, &l->links[link], d->n, of);
	d->max_block = pick(chance, 12, 125);
	d->max_gap = pick(chance, 0, 12);
	d->timeout_ns = timeouts_ms[pick(chance, 0, NELEM(timeouts_ms) - 1)] * NS_PER_MS;
	d->retries = pick(chance, 0, 2);
	for (uint32_t i = 0; i < d->n; i++) {
		struct slot *s = &d->slots[i];

		s->id = new_id(l);
		s->is_slow = pick(chance, 0, 7) == 0;
		s->is_scaled = s->is_scalable && pick(chance, 0, 3) == 0;
		s->is_followed = pick(chance, 0, 9) == 0;
		s->is_summed = s->is_number && pick(chance, 0, 9) == 0;
	}
}

/* Half of them TCP, the others lines: behind a TCP port, or a serial port here. */
static void
lay_link(uint64_t *chance, struct layout *l, struct wire_of *out)
{
	static const uint32_t pipelines[] = { 0, 1, 4, 16 }, bauds[] = { 115200, 230400, 460800 };
	static const int64_t lates_ms[] = { 0, 0, 200, LAYOUT_LATE_MS };
	uint32_t dice = pick(chance, 0, 3);

	*out = (struct wire_of){ .called = l->next_port, .port = l->next_port, .kind = LINK_TCP };
	l->next_port++;
	if (dice < 2) {
		out->pipeline =
			!l->is_pipelining ? 1 : pipelines[pick(chance, 0, NELEM(pipelines) - 1)];
		return;
	}
	out->is_line = true;
	out->late_max_ns = lates_ms[pick(chance, 0, NELEM(lates_ms) - 1)] * NS_PER_MS;
	if (dice == 2)
		return;
	out->kind = LINK_SERIAL;
	out->baud = bauds[pick(chance, 0, NELEM(bauds) - 1)];
	out->has_echo = LAYOUT_ECHO && pick(chance, 0, 3) == 0;
}

struct layout *
layout_new(uint64_t seed)
{
	static const int64_t ticks_ms[] = { 50, 100, 200 };
	struct layout *l = mem_zero(1, sizeof(*l));
	uint64_t chance = seed;

	l->is_pipelining = seed % 2 == 1;
	l->next_id = 1;
	l->next_port = 1502;
	l->tick_ns = ticks_ms[pick(&chance, 0, NELEM(ticks_ms) - 1)] * NS_PER_MS;
	l->n_links = pick(&chance, 1, 3);
	for (uint32_t i = 0; i < l->n_links; i++) {
		uint32_t n = pick(&chance, 1, 4);

		lay_link(&chance, l, &l->links[i]);
		l->links[i].called = i;
		for (uint32_t k = 0; k < n; k++)
			lay_device(&chance, l, i, 1 + 7 * k, n);
	}
	return l;
}

void
layout_free(struct layout *l)
{
	free(l);
}

/* ---- the image ------------------------------------------------------------------------------------------------------ */

static void
build_device(struct image_builder *b, const struct device *d, bool is_line)
{
	uint32_t summand = IMAGE_NONE;
	char name[32], opts[96];

	snprintf(name, sizeof(name), "u%u", d->id);
	snprintf(opts, sizeof(opts), "unit=%u max_block=%u max_gap=%u", d->unit, d->max_block,
		d->max_gap);
	image_builder_instrument_id(b,
		image_builder_instrument(b, name, is_line ? "modbus-rtu" : "modbus", d->link, opts,
			d->every_ns, d->timeout_ns, d->retries),
		d->id);
	for (uint32_t i = 0; i < d->n; i++) {
		const struct slot *s = &d->slots[i];
		uint32_t p, ch;

		snprintf(name, sizeof(name), "p%u_%u", s->id, s->called);
		p = image_builder_point(b, name, s->opts, s->is_slow ? d->every_ns * 2 : 0);
		ch = image_builder_channel(b, p);
		image_builder_channel_id(b, ch, s->id);
		if (s->is_scaled)
			image_builder_scale(b, p, 0.25, -40);
		if (s->is_followed) {
			snprintf(name, sizeof(name), "f%u_%u", s->id, s->called);
			image_builder_channel_id(b, image_builder_follow(b, name, ch), s->id + 1);
		}
		if (s->is_summed && summand != IMAGE_NONE) {
			snprintf(name, sizeof(name), "s%u", s->id);
			image_builder_channel_id(
				b, image_builder_sum(b, name, summand, ch), s->id + 2);
		}
		if (s->is_number)
			summand = ch;
	}
}

static void
build_link(struct image_builder *b, const struct wire_of *from)
{
	const int bits = 10; /* 8N1 */
	struct image_link like = { .kind = from->kind,
		.is_line = from->is_line,
		.has_echo = from->has_echo,
		.pipeline = from->pipeline,
		.late_max_ns = from->late_max_ns };
	char name[16], host[32] = "127.0.0.1";

	snprintf(name, sizeof(name), "link%u", from->called);
	if (from->kind == LINK_SERIAL) {
		snprintf(host, sizeof(host), "/dev/serial/by-path/%u", from->port);
		like.line = (struct image_line){
			.baud = from->baud, .bits = 8, .parity = 'N', .stop = 1
		};
		like.char_ns = bits * NS_PER_S / from->baud;
		like.gap_ns = 1750 * NS_PER_US; /* MODBUS over Serial Line V1.02, 2.5.1.1 */
	}
	image_builder_wire(b, image_builder_link(b, name, host, from->port), &like);
}

struct image *
layout_image(const struct layout *l)
{
	struct image_builder *b = image_builder_new("simulated", l->tick_ns);

	for (uint32_t i = 0; i < l->n_links; i++) {
		build_link(b, &l->links[i]);
	}
	for (uint32_t i = 0; i < l->n_devices; i++)
		build_device(b, &l->devices[i], l->links[l->devices[i].link].is_line);
	return image_builder_done(b);
}

/* ---- changes -------------------------------------------------------------------------------------------------------- */

static double
load_of(const struct layout *l, uint32_t link)
{
	double load = 0;

	for (uint32_t i = 0; i < l->n_devices; i++)
		if (l->devices[i].link == link)
			load += (double)l->devices[i].n *
				(double)(l->links[link].is_line ? LAYOUT_LINE_NS
								: LAYOUT_LATENCY_NS) /
				(double)l->devices[i].every_ns;
	return load;
}

/* Of another instrument on any link: a device that was not there before, which answers at once. */
static void
add_device(struct layout *l, uint64_t *chance)
{
	uint32_t link = pick(chance, 0, MIN(l->n_links, LINKS_MAX - 1u));

	if (l->n_devices == INSTRUMENTS_MAX)
		return;
	if (link == l->n_links) {
		lay_link(chance, l, &l->links[link]);
		l->n_links++;
	}
	lay_device(chance, l, link, 40 + l->n_devices, 4);
	for (uint32_t i = 0; i + 1 < l->n_devices; i++)
		if (l->devices[i].link == link && l->devices[i].unit == 40 + l->n_devices - 1)
			l->devices[l->n_devices - 1].unit = 100 + l->n_devices;
	if (load_of(l, link) > LOAD_MAX)
		l->n_devices--;
}

static void
remove_device(struct layout *l, uint32_t at)
{
	if (l->n_devices < 2)
		return;
	l->n_devices--;
	memmove(&l->devices[at], &l->devices[at + 1], (l->n_devices - at) * sizeof(l->devices[0]));
}

static void
move_device(struct layout *l, struct device *d, uint32_t link)
{
	uint32_t was = d->link, unit = d->unit;

	d->link = link;
	for (uint32_t i = 0; i < l->n_devices; i++)
		if (&l->devices[i] != d && l->devices[i].link == link &&
			l->devices[i].unit == d->unit)
			d->unit = 150 + d->id % 90;
	if (load_of(l, link) > LOAD_MAX) {
		d->link = was;
		d->unit = unit;
	}
}

/* The same bench written down in another order. */
static void
reorder(struct layout *l, uint64_t *chance)
{
	uint32_t a = pick(chance, 0, l->n_devices - 1), first = pick(chance, 0, l->n_links - 1);
	struct device device = l->devices[0];
	struct wire_of link = l->links[0];

	l->devices[0] = l->devices[a];
	l->devices[a] = device;
	l->links[0] = l->links[first];
	l->links[first] = link;
	for (uint32_t i = 0; i < l->n_devices; i++)
		l->devices[i].link = l->devices[i].link == 0       ? first
				     : l->devices[i].link == first ? 0
								   : l->devices[i].link;
}

void
layout_change(struct layout *l, uint64_t *chance)
{
	struct device *d = &l->devices[pick(chance, 0, l->n_devices - 1)];
	uint32_t slot = pick(chance, 0, d->n - 1), link = pick(chance, 0, l->n_links - 1);

	switch (pick(chance, 0, 12)) {
	case 0:
		d->every_ns *= 2;
		break;
	case 1:
		if (load_of(l, d->link) <= LOAD_MAX / 2 && d->every_ns >= 400 * NS_PER_MS)
			d->every_ns /= 2;
		break;
	case 2:
		d->timeout_ns = d->timeout_ns == NS_PER_S / 2 ? NS_PER_S / 4 : NS_PER_S / 2;
		break;
	case 3:
		if (d->n > 2) {
			d->n--;
			memmove(&d->slots[slot], &d->slots[slot + 1],
				(d->n - slot) * sizeof(d->slots[0]));
		}
		break;
	case 4:
		if (d->n == POINTS_MAX)
			break;
		d->slots[d->n] = (struct slot){ .is_number = true, .id = new_id(l) };
		snprintf(d->slots[d->n].opts, sizeof(d->slots[0].opts), "holding=%u",
			62500 + d->slots[d->n].id % 3000);
		d->n++;
		break;
	case 5:
		add_device(l, chance);
		break;
	case 6:
		remove_device(l, (uint32_t)(d - l->devices));
		break;
	case 7:
		move_device(l, d, link);
		break;
	case 8:
		l->links[link].port = l->next_port++;
		break;
	case 9:
		d->slots[slot].called++;
		break;
	case 10:
		d->slots[slot].is_followed = !d->slots[slot].is_followed;
		l->links[link].called = l->next_port++;
		break;
	case 11:
		if (l->links[link].is_line)
			l->links[link].late_max_ns =
				pick(chance, 0, 3) * LAYOUT_LATE_MS / 3 * NS_PER_MS;
		else
			l->links[link].pipeline =
				l->is_pipelining ? pick(chance, 0, IMAGE_PIPELINE_MAX) : 1;
		break;
	default:
		reorder(l, chance);
	}
}
