/* test_world.c - wires that go wrong: lines, and devices that bear only so many questions */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/rand.h"
#include "drivers/list.h"
#include "drivers/modbus_crc.h"
#include "drivers/modbus_server.h"
#include "twin/damage.h"
#include "twin/world.h"

#define LATEST_NS (300 * NS_PER_MS)

/* Devices that answer each question for registers with the number of the question, in its own words. */
struct devices {
	unsigned asked;
	bool is_rtu;
};

static int
count(void *ctx, uint32_t link, const uint8_t *frame, size_t n, int64_t now_ns, uint8_t *out,
	size_t cap)
{
	struct devices *d = ctx;

	d->asked++;
	if (d->is_rtu) {
		memcpy(out, frame, 2);
		out[2] = 2;
		put_u16be(out + 3, (uint16_t)d->asked);
		damage_rtu.seal(out, 7);
		return 7;
	}
	memcpy(out, frame, 8);
	put_u16be(out + 4, 5);
	out[8] = 2;
	put_u16be(out + 9, (uint16_t)d->asked);
	return 11;
}

static int64_t
latest(void *ctx, uint32_t link, unsigned unit)
{
	return LATEST_NS;
}

static struct world *
world_of(struct devices *d, struct world_link link, uint64_t seed)
{
	struct world_setup s = { .n_links = 1,
		.links = &link,
		.seed = seed,
		.latency_ns = 4 * NS_PER_MS,
		.timeout_ns = 100 * NS_PER_MS,
		.device = count,
		.latest = latest,
		.ctx = d };
	struct world *w;

	d->is_rtu = link.is_rtu;
	w = world_new(&s);
	world_open(w, 0, 0);
	return w;
}

static void
send_rtu(struct world *w, uint8_t unit, int64_t now_ns)
{
	uint8_t frame[8] = { unit, 3, 0, 10, 0, 1 };

	damage_rtu.seal(frame, sizeof(frame));
	world_send(w, 0, frame, sizeof(frame), now_ns);
}

static void
send_tcp(struct world *w, uint16_t tag, int64_t now_ns)
{
	uint8_t frame[] = { 0, 0, 0, 0, 0, 6, 3, 3, 0, 10, 0, 1 };

	put_u16be(frame, tag);
	world_send(w, 0, frame, sizeof(frame), now_ns);
}

struct heard {
	unsigned opened, closed, pieces;
	int64_t last_ns; /* when the last byte came */
	size_t n;
	uint8_t bytes[8192];
};

static void
listen_until(struct world *w, int64_t until_ns, struct heard *h)
{
	struct world_news news;

	while (world_wake(w) <= until_ns) {
		int64_t now_ns = world_wake(w);

		while (world_next(w, now_ns, &news)) {
			h->opened += news.kind == WORLD_OPENED;
			h->closed += news.kind == WORLD_CLOSED;
			if (news.kind != WORLD_BYTES)
				continue;
			assert_true(h->n + news.n <= sizeof(h->bytes));
			memcpy(h->bytes + h->n, news.bytes, news.n);
			h->n += news.n;
			h->pieces++;
			h->last_ns = now_ns;
		}
	}
}

/* ---- damage -------------------------------------------------------------------------------------------------------------- */

static const uint8_t reply[] = { 17, 3, 6, 1, 2, 3, 4, 5, 6, 0, 0 };

/* The first sound answer among the bytes, as a master cuts them; 0: there is none. */
static size_t
find_sound(const uint8_t *in, size_t n, size_t *out_at)
{
	for (*out_at = 0; *out_at < n; ++*out_at) {
		int got = codec_find("modbus-rtu")
				  ->cut(NULL, NULL, in + *out_at, n - *out_at, WIRE_SILENT);

		if (got > 0)
			return (size_t)got;
	}
	return 0;
}

/* Each damage is one that a master can notice: no sound answer is left, or it is another's. */
static void
test_damage_of_lines_can_be_noticed(void **state)
{
	static const enum world_fault faults[] = { WORLD_GARBLED, WORLD_WRONG_CRC, WORLD_WRONG_UNIT,
		WORLD_WRONG_FUNCTION, WORLD_WRONG_COUNT, WORLD_BUSY, WORLD_FAILED };
	uint64_t chance = 1;
	unsigned behind = 0;

	for (int i = 0; i < 70000; i++) {
		enum world_fault fault = faults[i % NELEM(faults)];
		uint8_t good[sizeof(reply)], frame[sizeof(reply) + DAMAGE_ROOM];
		size_t n, at, sound;
		bool mute;

		memcpy(good, reply, sizeof(good));
		damage_rtu.seal(good, sizeof(good));
		memcpy(frame, good, sizeof(good));
		n = damage_answer(&damage_rtu, fault, 0, frame, sizeof(good), &chance, &mute);
		assert_in_range(n, 1, sizeof(frame));
		assert_false(mute);
		sound = find_sound(frame, n, &at);
		if (fault == WORLD_WRONG_CRC) {
			assert_int_equal(sound, 0);
		} else if (fault == WORLD_GARBLED && sound > 0) {
			/* Rubbish, and then the whole answer as it was. */
			assert_true(at > 0 && at + sound == n);
			assert_memory_equal(frame + at, good, sizeof(good));
			behind++;
		} else if (fault == WORLD_WRONG_FUNCTION) {
			assert_true(sound == 0 || frame[at + 1] != 3);
		} else if (fault != WORLD_GARBLED) {
			assert_true(sound == n);
			assert_false(frame[0] == 17 && frame[1] == 3 && frame[2] == 6);
			assert_int_equal(modbus_crc(frame, n), 0);
		}
	}
	assert_in_range(behind, 500, 4000);
}

/* An exception and a short acknowledgement too. */
static void
test_damage_of_short_answers(void **state)
{
	static const uint8_t answers[][8] = { { 17, 0x83, 2 }, { 17, 6, 0, 1, 0, 2 } };
	static const size_t sizes[] = { 5, 8 };
	uint64_t chance = 3;

	for (int i = 0; i < 20000; i++) {
		uint8_t frame[8 + DAMAGE_ROOM];
		size_t n = sizes[i % 2], at, sound;
		bool mute;

		memcpy(frame, answers[i % 2], n);
		damage_rtu.seal(frame, n);
		n = damage_answer(&damage_rtu, i % 3 == 0 ? WORLD_GARBLED : WORLD_WRONG_CRC, 0,
			frame, n, &chance, &mute);
		sound = find_sound(frame, n, &at);
		assert_true(sound == 0 || (i % 3 == 0 && at > 0));
	}
}

static void
test_noise(void **state)
{
	uint64_t chance = 5;
	uint8_t bytes[DAMAGE_ROOM];
	size_t at;

	for (int i = 0; i < 20000; i++) {
		size_t n = damage_noise(false, &chance, bytes);

		assert_in_range(n, 1, sizeof(bytes));
		assert_int_equal(find_sound(bytes, n, &at), 0);
		n = damage_noise(true, &chance, bytes);
		assert_int_equal(find_sound(bytes, n, &at), n);
	}
}

/* ---- lines --------------------------------------------------------------------------------------------------------------- */

static void
test_line_takes_its_time(void **state)
{
	struct devices d = { 0 };
	struct world *w =
		world_of(&d, (struct world_link){ .is_rtu = true, .char_ns = NS_PER_MS }, 1);
	struct heard h = { 0 };
	size_t at;

	listen_until(w, NS_PER_S, &h);
	send_rtu(w, 7, NS_PER_S);
	listen_until(w, 2 * NS_PER_S, &h);
	assert_int_equal(find_sound(h.bytes, h.n, &at), 7);
	assert_int_equal(h.n, 7);
	/* 8 characters there, 7 back, and what the device needs */
	assert_in_range(h.last_ns - NS_PER_S, 15 * NS_PER_MS, 22 * NS_PER_MS);
	world_free(w);
}

/* Late answers are those of their own question, come often in the last moment, and never after it. */
static void
test_line_lateness_has_an_end(void **state)
{
	unsigned n_late = 0, n_last = 0;

	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct devices d = { 0 };
		struct world *w = world_of(&d, (struct world_link){ .is_rtu = true }, seed);
		struct heard h = { 0 };
		int64_t asked_ns = NS_PER_S;

		listen_until(w, NS_PER_S, &h);
		for (int f = 0; f < WORLD_DEAD; f++)
			world_rate(w, (enum world_fault)f,
				f == WORLD_LATE || f == WORLD_MERGED || f == WORLD_SPLIT ? 0.7 : 0);
		send_rtu(w, 7, asked_ns);
		listen_until(w, 9 * NS_PER_S, &h);
		assert_true(h.n == 0 || h.last_ns <= asked_ns + LATEST_NS);
		n_late += h.n > 0 && h.last_ns > asked_ns + 100 * NS_PER_MS;
		n_last += h.n > 0 && h.last_ns >= asked_ns + LATEST_NS - 1;
		if (h.n == 7)
			assert_int_equal(get_u16be(h.bytes + 3), 1);
		world_free(w);
	}
	assert_true(n_late > 100);
	assert_true(n_last > 10);
}

/* Whoever asked something else meanwhile is not told a foreign answer to what he asked before. */
static void
test_line_foreign_answers_are_of_this_moment(void **state)
{
	unsigned n_foreign = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct devices d = { 0 };
		struct world *w = world_of(&d, (struct world_link){ .is_rtu = true }, seed);
		struct heard h = { 0 };

		listen_until(w, NS_PER_S, &h);
		world_rate(w, WORLD_WRONG_UNIT, 1);
		world_rate(w, WORLD_LATE, 0.5);
		world_rate(w, WORLD_DOUBLED, 0.5);
		send_rtu(w, 7, NS_PER_S);
		world_rate(w, WORLD_WRONG_UNIT, seed % 2 == 0 ? 1 : 0);
		send_rtu(w, 8, NS_PER_S + NS_PER_MS / 4);
		listen_until(w, 9 * NS_PER_S, &h);
		for (size_t i = 0; i + 7 <= h.n; i += 7) {
			assert_int_equal(modbus_crc(h.bytes + i, 7), 0);
			if (seed % 2 != 0)
				assert_true(h.bytes[i] == 7 || h.bytes[i] == 8);
			n_foreign += h.bytes[i] != 7 && h.bytes[i] != 8;
		}
		world_free(w);
	}
	assert_true(n_foreign > 50);
}

/* A second copy that came after a pause could be taken for the answer to the next question. */
static void
test_line_copies_stand_together(void **state)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct devices d = { 0 };
		struct world *w = world_of(&d, (struct world_link){ .is_rtu = true }, seed);
		struct heard h = { 0 };

		listen_until(w, NS_PER_S, &h);
		world_rate(w, WORLD_DOUBLED, 1);
		world_rate(w, WORLD_SPLIT, 1);
		send_rtu(w, 7, NS_PER_S);
		listen_until(w, 9 * NS_PER_S, &h);
		assert_int_equal(h.n, 14);
		assert_int_equal(h.pieces, 1);
		assert_memory_equal(h.bytes, h.bytes + 7, 7);
		world_free(w);
	}
}

static void
test_line_echo(void **state)
{
	struct devices d = { 0 };
	struct world *w = world_of(
		&d, (struct world_link){ .is_rtu = true, .is_port = true, .has_echo = true }, 1);
	struct heard h = { 0 };
	uint8_t sent[8] = { 7, 3, 0, 10, 0, 1 };

	damage_rtu.seal(sent, sizeof(sent));
	listen_until(w, NS_PER_S, &h);
	send_rtu(w, 7, NS_PER_S);
	listen_until(w, 2 * NS_PER_S, &h);
	assert_int_equal(h.n, 15);
	assert_memory_equal(h.bytes, sent, sizeof(sent));
	assert_int_equal(modbus_crc(h.bytes + 8, 7), 0);
	world_free(w);
}

/* Noise comes between exchanges; a whole answer of somebody only when nobody waits for one. */
static void
test_line_noise(void **state)
{
	unsigned n_noise = 0, n_sound = 0;

	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct devices d = { 0 };
		struct world *w =
			world_of(&d, (struct world_link){ .is_rtu = true, .is_port = true }, seed);
		struct heard h = { 0 };
		size_t at;

		listen_until(w, NS_PER_S, &h);
		world_rate(w, WORLD_NOISE, 1);
		world_rate(w, WORLD_LOST_ANSWER, seed % 2 == 0 ? 1 : 0);
		send_rtu(w, 7, NS_PER_S);
		listen_until(w, 2 * NS_PER_S, &h);
		if (seed % 2 == 0) { /* somebody waits */
			assert_int_equal(find_sound(h.bytes, h.n, &at), 0);
			n_noise += h.n > 0;
		} else if (h.n > 7 && find_sound(h.bytes, 7, &at) == 7) {
			n_sound += find_sound(h.bytes + 7, h.n - 7, &at) > 0;
		}
		world_free(w);
	}
	assert_true(n_noise > 50);
	assert_true(n_sound > 10);
}

/* An adapter that is pulled: closed, and not to be opened; what the line carries comes over the next opening. */
static void
test_port_is_pulled(void **state)
{
	struct devices d = { 0 };
	struct world *w = world_of(
		&d, (struct world_link){ .is_rtu = true, .is_port = true, .goes_on = true }, 1);
	struct heard h = { 0 };

	listen_until(w, NS_PER_S, &h);
	world_disturb(w, WORLD_REFUSED, 0, 0, 0, NS_PER_S, 3 * NS_PER_S);
	listen_until(w, 2 * NS_PER_S - NS_PER_S / 2, &h);
	assert_int_equal(h.closed, 1);
	world_open(w, 0, 2 * NS_PER_S);
	listen_until(w, 4 * NS_PER_S, &h);
	assert_int_equal(h.closed, 2);
	world_open(w, 0, 4 * NS_PER_S);
	listen_until(w, 5 * NS_PER_S, &h);
	assert_int_equal(h.opened, 2);
	world_rate(w, WORLD_LATE, 1);
	send_rtu(w, 7, 5 * NS_PER_S);
	world_rate(w, WORLD_LATE, 0);
	world_close(w, 0);
	world_open(w, 0, 5 * NS_PER_S);
	listen_until(w, 6 * NS_PER_S, &h);
	assert_int_equal(h.n, 7);
	/* A device that starts anew is silent for two seconds; its port stays open. */
	world_disturb(w, WORLD_RESTARTED, 0, 7, 0, 6 * NS_PER_S, 6 * NS_PER_S);
	send_rtu(w, 7, 7 * NS_PER_S);
	listen_until(w, 8 * NS_PER_S + 1, &h);
	assert_int_equal(h.n, 7);
	send_rtu(w, 7, 9 * NS_PER_S);
	listen_until(w, 10 * NS_PER_S, &h);
	assert_int_equal(h.n, 14);
	assert_int_equal(h.closed, 2);
	world_free(w);
}

/* ---- several questions at one time ----------------------------------------------------------------------------------------- */

#define QUESTIONS 16

static void
ask_many(struct world *w, struct heard *h)
{
	listen_until(w, NS_PER_S, h);
	for (uint16_t i = 0; i < QUESTIONS; i++)
		send_tcp(w, i, NS_PER_S);
	listen_until(w, 9 * NS_PER_S, h);
}

static void
test_crowd_free(void **state)
{
	struct devices d = { 0 };
	struct world *w = world_of(&d, (struct world_link){ 0 }, 1);
	struct heard h = { 0 };
	unsigned seen = 0, turns = 0;

	ask_many(w, &h);
	assert_int_equal(h.n, QUESTIONS * 11);
	assert_true(h.last_ns < NS_PER_S + 7 * NS_PER_MS);
	for (size_t i = 0; i < QUESTIONS; i++) {
		uint16_t tag = get_u16be(h.bytes + 11 * i);

		seen |= 1u << tag;
		turns += i > 0 && tag < get_u16be(h.bytes + 11 * (i - 1));
		assert_int_equal(get_u16be(h.bytes + 11 * i + 9), tag + 1); /* asked in order */
	}
	assert_int_equal(seen, (1u << QUESTIONS) - 1);
	assert_true(turns > 0);
	world_free(w);
}

static void
test_crowd_queue(void **state)
{
	struct devices d = { 0 };
	struct world *w = world_of(&d, (struct world_link){ .crowd = WORLD_CROWD_QUEUE }, 1);
	struct heard h = { 0 };

	ask_many(w, &h);
	assert_int_equal(h.n, QUESTIONS * 11);
	assert_true(h.last_ns > NS_PER_S + QUESTIONS * NS_PER_MS);
	for (size_t i = 0; i < QUESTIONS; i++)
		assert_int_equal(get_u16be(h.bytes + 11 * i), i);
	assert_int_equal(world_faults(w, 0, WORLD_OVERRUN), 0);
	world_free(w);
}

static void
test_crowd_first(void **state)
{
	struct devices d = { 0 };
	struct world *w = world_of(&d, (struct world_link){ .crowd = WORLD_CROWD_FIRST }, 1);
	struct heard h = { 0 };

	ask_many(w, &h);
	assert_true(h.n >= 11 && h.n < QUESTIONS * 11 / 2);
	assert_int_equal(get_u16be(h.bytes), 0);
	assert_int_equal(world_faults(w, 0, WORLD_OVERRUN), QUESTIONS - h.n / 11);
	assert_int_equal(h.closed, 0);
	world_free(w);
}

static void
test_crowd_close(void **state)
{
	struct devices d = { 0 };
	struct world *w = world_of(&d, (struct world_link){ .crowd = WORLD_CROWD_CLOSE }, 1);
	struct heard h = { 0 };

	ask_many(w, &h);
	assert_int_equal(h.closed, 1);
	assert_true(h.n <= 11);
	/* One at a time is borne. */
	world_open(w, 0, 10 * NS_PER_S);
	listen_until(w, 11 * NS_PER_S, &h);
	h.n = 0;
	for (int64_t t = 11; t < 15; t++) {
		send_tcp(w, (uint16_t)t, t * NS_PER_S);
		listen_until(w, (t + 1) * NS_PER_S, &h);
	}
	assert_int_equal(h.n, 4 * 11);
	assert_int_equal(h.closed, 1);
	world_free(w);
}

/* A wrong tag is never that of a question under way. */
static void
test_wrong_tags_are_done(void **state)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct devices d = { 0 };
		struct world *w = world_of(&d, (struct world_link){ 0 }, seed);
		struct heard h = { 0 };

		ask_many(w, &h);
		h.n = 0;
		world_rate(w, WORLD_WRONG_TAG, 1);
		for (uint16_t i = 0; i < QUESTIONS; i++)
			send_tcp(w, (uint16_t)(QUESTIONS + i), 10 * NS_PER_S);
		listen_until(w, 20 * NS_PER_S, &h);
		assert_int_equal(h.n, QUESTIONS * 11);
		for (size_t i = 0; i < QUESTIONS; i++) {
			uint16_t tag = get_u16be(h.bytes + 11 * i);

			assert_true(tag < QUESTIONS || tag >= 0x4000);
		}
		world_free(w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damage_of_lines_can_be_noticed),
		cmocka_unit_test(test_damage_of_short_answers),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_line_takes_its_time),
		cmocka_unit_test(test_line_lateness_has_an_end),
		cmocka_unit_test(test_line_foreign_answers_are_of_this_moment),
		cmocka_unit_test(test_line_copies_stand_together),
		cmocka_unit_test(test_line_echo),
		cmocka_unit_test(test_line_noise),
		cmocka_unit_test(test_port_is_pulled),
		cmocka_unit_test(test_crowd_free),
		cmocka_unit_test(test_crowd_queue),
		cmocka_unit_test(test_crowd_first),
		cmocka_unit_test(test_crowd_close),
		cmocka_unit_test(test_wrong_tags_are_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
