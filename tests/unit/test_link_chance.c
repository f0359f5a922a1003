/* test_link_chance.c - ten thousand random steps from each of several seeds, with what must hold at every one of them
 *
 * Devices fall silent, answer late, twice, in pieces, with rubbish; wires go and come; people write; benches are
 * reloaded. Each question changes what all registers hold, so that an answer to another question shows itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rand.h"
#include "link_rig.h"

#define STEPS 10000
#define LATE 8
#define N_POINTS 60
#define TIMEOUT (100 * NS_PER_MS)

static struct rig rig;
static uint64_t chance;
static bool is_tagged;
static struct rig_point points[N_POINTS];

/* Answers on their way, of this wire. */
static struct {
	uint8_t bytes[512];
	size_t n;
	int64_t at_ns;
} late[LATE];
static int64_t n_queued, n_lost; /* n_lost: questions that ended with their wire */

static int64_t
upto(uint64_t n)
{
	return (int64_t)rand_below(&chance, n);
}

/* Questions without an answer or a timeout. */
static int64_t
n_open(void)
{
	int64_t n = 0;

	for (uint32_t u = 0; u < 2; u++) {
		struct board_state s = rig_state(&rig, u);

		n += (int64_t)(s.requests - s.answers - s.timeouts);
	}
	return n;
}

static void
forget_wire(void)
{
	memset(late, 0, sizeof(late));
	n_lost = n_open();
}

static void
send_later(const uint8_t *bytes, size_t n, int64_t at_ns)
{
	for (size_t i = 0; i < LATE; i++)
		if (late[i].n == 0) {
			memcpy(late[i].bytes, bytes, n);
			late[i].n = n;
			late[i].at_ns = at_ns;
			return;
		}
}

/* A question arrived: all registers change, and the answer sets out. max_late_ns: as the protocol can bear. */
static void
question(int64_t max_late_ns)
{
	uint8_t answer[512];
	size_t n;
	int64_t delay_ns = upto(10) == 0 ? upto((uint64_t)max_late_ns) : upto(20 * NS_PER_MS);

	assert_true(rig.is_open);
	assert_int_equal(rig.n_asked, 9); /* one at a time */
	assert_true(n_open() - n_lost <= 1);
	rig.salt++;
	n = rig_answer(&rig, answer);
	if (n == 0)
		return;
	send_later(answer, n, rig.now_ns + delay_ns);
}

static void
take(int64_t max_late_ns)
{
	struct link_wants *wants = &rig.wants;

	do {
		link_take(rig.link, wants);
		assert_false(wants->open && wants->close);
		if (wants->close || wants->open)
			forget_wire();
		if (wants->close)
			rig.is_open = false;
		if (wants->n > 0) {
			memcpy(rig.asked, wants->bytes, wants->n);
			rig.n_asked = wants->n;
			question(max_late_ns);
		}
		if (wants->open) {
			assert_false(rig.is_open);
			rig.is_open = upto(4) != 0;
			if (rig.is_open)
				link_opened(rig.link, rig.now_ns);
			else
				link_closed(rig.link, Q_NO_LINK, "deaf", rig.now_ns);
		}
	} while (wants->open);
}

static void
arrive(size_t i)
{
	size_t n = late[i].n, piece = upto(3) == 0 ? (size_t)upto(n) + 1 : n;
	uint8_t bytes[512];

	memcpy(bytes, late[i].bytes, n);
	late[i].n = 0;
	if (is_tagged && upto(50) == 0) /* without a tag nobody could tell */
		send_later(bytes, n, rig.now_ns + upto(20 * NS_PER_MS)); /* once more */
	for (size_t at = 0; at < n && rig.is_open; at += piece)
		link_bytes(rig.link, bytes + at, MIN(piece, n - at), rig.now_ns);
}

static void
reload(void)
{
	struct image *img = rig_image(is_tagged ? "tagged" : "plain", 2, points, N_POINTS,
		upto(2) == 0 ? (uint64_t)upto(3) : 0);
	struct link *l = link_new(img, 0, rig_codec, &rig.sink, rig.now_ns);

	for (int u = 0; u < 2; u++)
		rig.state[u] = -1; /* a changed unit starts anew */
	if (!link_adopt(l, rig.link, rig.now_ns)) {
		rig.is_open = false;
		forget_wire();
	}
	link_free(rig.link);
	free(rig.img);
	rig.link = l;
	rig.img = img;
	n_lost = n_open();
}

static void
happen(void)
{
	static const uint8_t rubbish[] = { 0, 9, 9, 9 };
	struct rig_device *d = &rig.device[upto(2)];
	struct err err;

	switch (upto(37)) {
	case 0:
		d->mood = (enum rig_mood)upto(5);
		break;
	case 1:
	case 2:
		d->mood = RIG_WELL;
		break;
	case 3:
		d->bad[upto(120)] = (uint8_t)(2 + upto(2));
		break;
	case 4:
		memset(d->bad, 0, sizeof(d->bad));
		break;
	case 5:
		if (rig.is_open && upto(4) == 0) {
			rig.is_open = false;
			link_closed(rig.link, Q_LINK_LOST, "pulled", rig.now_ns);
			forget_wire();
		}
		break;
	case 6:
	case 7:
		if (link_write(rig.link, (uint32_t)upto(N_POINTS), 1, (union value){ .i = 1 }, NULL,
			    rig.now_ns, &err) == 0)
			n_queued++;
		break;
	case 8:
		if (rig.is_open && upto(10) == 0)
			link_bytes(rig.link, rubbish, sizeof(rubbish), rig.now_ns);
		break;
	case 36:
		if (upto(5) == 0)
			reload();
		break;
	}
}

static void
check(void)
{
	assert_int_equal(rig.n_wrong, 0);
	assert_int_equal(rig.n_twice, 0);
	assert_in_range(n_queued - rig.n_written, 0, 17);
	for (uint32_t u = 0; u < 2; u++) {
		struct board_state s = rig_state(&rig, u);

		assert_true(s.answers + s.timeouts <= s.requests);
		assert_int_equal(s.bytes_out, 9 * s.requests);
		assert_true(s.state != INSTRUMENT_DOWN || quality_is_bad(s.reason));
		assert_true(s.since_ns <= rig.now_ns);
	}
}

static void
step(int64_t most_ns, int64_t max_late_ns)
{
	int64_t next_ns = MIN(rig.wants.wake_ns, rig.now_ns + 1 + upto((uint64_t)most_ns));
	size_t first = LATE;

	for (size_t i = 0; i < LATE; i++)
		if (late[i].n > 0 && late[i].at_ns <= next_ns) {
			next_ns = late[i].at_ns;
			first = i;
		}
	rig.now_ns = MAX(rig.now_ns, next_ns);
	if (first < LATE)
		arrive(first);
	else
		link_time(rig.link, rig.now_ns);
	take(max_late_ns);
}

static void
run(const char *codec, uint64_t seed, int64_t max_late_ns)
{
	is_tagged = strcmp(codec, "tagged") == 0;
	chance = seed;
	n_queued = 0;
	for (unsigned i = 0; i < N_POINTS; i++)
		points[i] = (struct rig_point){ i * 2 / N_POINTS, (unsigned)upto(60) * 2, 1,
			(1 + upto(4)) * 50 * NS_PER_MS };
	rig_init(&rig, codec, 2, points, N_POINTS);
	forget_wire();
	for (int i = 0; i < STEPS; i++) {
		happen();
		step(30 * NS_PER_MS, max_late_ns);
		check();
	}
	/* All is well again: so is everything else, soon. */
	for (int u = 0; u < 2; u++)
		memset(&rig.device[u], 0, sizeof(rig.device[u]));
	for (int64_t end_ns = rig.now_ns + 150 * NS_PER_S; rig.now_ns < end_ns;)
		step(NS_PER_S, 20 * NS_PER_MS);
	for (unsigned i = 0; i < N_POINTS; i++)
		assert_int_equal(rig.last[i].quality, Q_GOOD);
	assert_int_equal(rig_state(&rig, 0).state, INSTRUMENT_UP);
	assert_int_equal(n_queued, rig.n_written);
	check();
	rig_done(&rig);
}

static void
test_tagged_bears_any_lateness(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++)
		run("tagged", seed, 2 * NS_PER_S);
}

static void
test_plain_bears_lateness_of_two_timeouts(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++)
		run("plain", seed, 3 * TIMEOUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tagged_bears_any_lateness),
		cmocka_unit_test(test_plain_bears_lateness_of_two_timeouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
