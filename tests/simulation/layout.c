/* layout.c - a bench made by chance
 *
 * Points of an instrument are laid out over the four tables from left to right, mostly side by side, with holes of which
 * the device refuses every register; then they are handed to the image in any order.
 */
#include "layout.h"

#include <stdio.h>

#include "base/rand.h"
#include "image_builder.h"

#define POINTS_MAX 32
#define LOAD_MAX 0.4

struct slot {
	char opts[96];
	bool is_number, is_scalable;
};

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

/* A period that leaves the link time: even if each point were asked alone. */
static int64_t
period(uint64_t *chance, uint32_t n_points, uint32_t n_instruments)
{
	static const int64_t periods_ms[] = { 200, 300, 500, 1000, 2000 };
	int64_t every = periods_ms[pick(chance, 0, NELEM(periods_ms) - 1)] * NS_PER_MS;

	while ((double)(n_points * n_instruments) * (double)LAYOUT_LATENCY_NS / (double)every >
		LOAD_MAX)
		every *= 2;
	return every;
}

static void
lay_instrument(uint64_t *chance, struct image_builder *b, uint32_t link, uint32_t unit, uint32_t of)
{
	static const int64_t timeouts_ms[] = { 150, 300, 500, 1000 };
	struct slot slots[POINTS_MAX];
	uint32_t n = lay_out(chance, slots, pick(chance, 2, POINTS_MAX)), summand = IMAGE_NONE;
	int64_t every = period(chance, n, of);
	char name[32], opts[96];

	snprintf(name, sizeof(name), "u%u_%u", link, unit);
	snprintf(opts, sizeof(opts), "unit=%u max_block=%u max_gap=%u", unit, pick(chance, 12, 125),
		pick(chance, 0, 12));
	image_builder_instrument(b, name, "modbus", link, opts, every,
		timeouts_ms[pick(chance, 0, NELEM(timeouts_ms) - 1)] * NS_PER_MS,
		pick(chance, 0, 2));
	for (uint32_t i = 0; i < n; i++) {
		char point[32];
		uint32_t p, ch;

		snprintf(point, sizeof(point), "p%u", i);
		p = image_builder_point(
			b, point, slots[i].opts, pick(chance, 0, 7) == 0 ? every * 2 : 0);
		ch = image_builder_channel(b, p);
		if (slots[i].is_scalable && pick(chance, 0, 3) == 0)
			image_builder_scale(b, p, 0.25, -40);
		if (pick(chance, 0, 9) == 0) {
			snprintf(point, sizeof(point), "f%u_%u_%u", link, unit, i);
			image_builder_follow(b, point, ch);
		}
		if (slots[i].is_number && summand != IMAGE_NONE && pick(chance, 0, 9) == 0) {
			snprintf(point, sizeof(point), "s%u_%u_%u", link, unit, i);
			image_builder_sum(b, point, summand, ch);
		}
		if (slots[i].is_number)
			summand = ch;
	}
}

struct image *
layout_make(uint64_t seed)
{
	static const int64_t ticks_ms[] = { 50, 100, 200 };
	uint64_t chance = seed;
	struct image_builder *b = image_builder_new(
		"simulated", ticks_ms[pick(&chance, 0, NELEM(ticks_ms) - 1)] * NS_PER_MS);
	uint32_t n_links = pick(&chance, 1, 3);

	for (uint32_t i = 0; i < n_links; i++) {
		char name[16];

		snprintf(name, sizeof(name), "link%u", i);
		image_builder_link(b, name, "127.0.0.1", (uint16_t)(1502 + i));
	}
	for (uint32_t i = 0; i < n_links; i++) {
		uint32_t n = pick(&chance, 1, 4);

		for (uint32_t k = 0; k < n; k++)
			lay_instrument(&chance, b, i, 1 + 7 * k, n);
	}
	return image_builder_done(b);
}
