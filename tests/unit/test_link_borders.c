/* test_link_borders.c - wires whose pieces have borders: datagrams, reports, messages; what is lost, doubled, broken or late */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link_rig.h"

#define MS NS_PER_MS
#define S NS_PER_S

static struct rig rig;

/* n points of one unit, from register 100 on, 50 apart: each a question of its own. */
static void
start(const char *codec, enum link_kind kind, uint16_t local_port, unsigned n)
{
	struct rig_point points[8];
	struct image_link *wire;

	for (unsigned i = 0; i < n; i++)
		points[i] = (struct rig_point){ 0, 100 + 50 * i, 1, 100 * MS };
	rig_init(&rig, codec, 1, points, n);
	link_free(rig.link);
	wire = (struct image_link *)(uintptr_t)image_link_at(rig.img, 0);
	wire->kind = kind;
	wire->local_port = local_port;
	rig.link = link_new(rig.img, 0, rig_codec, &rig.sink, rig.now_ns);
	rig_take(&rig);
}

static void
deliver(const uint8_t *bytes, size_t n)
{
	link_bytes(rig.link, bytes, n, rig.now_ns);
	rig_take(&rig);
}

static void
step_to(int64_t now_ns)
{
	rig.now_ns = now_ns;
	link_time(rig.link, now_ns);
	rig_take(&rig);
}

/* Until a question has been asked; false: none is. */
static bool
next_question(int64_t within_ns)
{
	for (int64_t end_ns = rig.now_ns + within_ns; rig.order[0] == '\0';) {
		if (rig.wants.wake_ns > end_ns)
			return false;
		step_to(MAX(rig.wants.wake_ns, rig.now_ns));
	}
	rig.order[0] = '\0';
	return true;
}

static void
test_the_rest_of_a_piece_never_goes_on(void **state)
{
	static const char *const codecs[] = { "tagged", "plain" };
	uint8_t answer[64];
	size_t n;

	for (size_t c = 0; c < NELEM(codecs); c++) {
		start(codecs[c], LINK_UDP, 0, 1);
		rig_run(&rig, rig.now_ns + 450 * MS);
		rig.is_manual = true;
		rig_forget(&rig);
		assert_true(next_question(1 * S));
		rig_forget(&rig);
		n = rig_answer(&rig, answer);
		deliver(answer, n - 1);
		deliver(answer + n - 1, 1);
		assert_int_equal(rig.n_good[0], 0);
		assert_int_equal(rig_state(&rig, 0).errors, 2);
		assert_true(rig.is_open); /* noise is no reason to begin anew */
		deliver(answer, n);
		assert_int_equal(rig.n_good[0], 1);
		assert_int_equal(rig.n_wrong, 0);
		rig_done(&rig);
	}
}

/* What stands behind the answer in its datagram is not the beginning of the next. */
static void
test_what_follows_in_a_piece_is_dropped(void **state)
{
	uint8_t answer[64], more[80];
	size_t n;

	start("plain", LINK_UDP, 0, 1);
	rig_run(&rig, rig.now_ns + 450 * MS);
	rig.is_manual = true;
	rig_forget(&rig);
	assert_true(next_question(1 * S));
	rig_forget(&rig);
	n = rig_answer(&rig, answer);
	memcpy(more, answer, n);
	memcpy(more + n, answer, 3);
	deliver(more, n + 3);
	assert_int_equal(rig.n_good[0], 1);
	assert_true(next_question(1 * S));
	n = rig_answer(&rig, answer);
	deliver(answer, n);
	assert_int_equal(rig.n_good[0], 2);
	assert_int_equal(rig.n_wrong, 0);
	rig_done(&rig);
}

/* A network may bring an answer twice. Where nothing in it names its question, the next that it could be taken for waits so long. */
static void
test_a_double_is_nobodys(void **state)
{
	static const char *const codecs[] = { "tagged", "plain" };
	uint8_t answer[64];
	size_t n;

	for (size_t c = 0; c < NELEM(codecs); c++) {
		start(codecs[c], LINK_UDP, 0, 3);
		rig_run(&rig, rig.now_ns + 450 * MS);
		rig.is_manual = true;
		rig_forget(&rig);
		assert_true(next_question(1 * S));
		rig_forget(&rig);
		for (unsigned i = 0; i < 9; i++) {
			n = rig_answer(&rig, answer);
			deliver(answer, n);
			rig.now_ns += 5 * MS;
			deliver(answer, n);
			rig.now_ns += 5 * MS;
			deliver(answer, n);
			assert_true(
				c == 0 || rig.n_good[0] + rig.n_good[1] + rig.n_good[2] == i + 1);
			assert_true(next_question(1 * S));
		}
		assert_int_equal(rig.n_wrong, 0);
		assert_int_equal(rig.n_good[0] + rig.n_good[1] + rig.n_good[2], 9);
		rig_done(&rig);
	}
}

/* A late answer over UDP, as on a line: what it could be taken for is not asked before. */
static void
test_a_late_datagram(void **state)
{
	uint8_t late[64];
	size_t n;

	start("plain", LINK_UDP, 0, 2);
	rig_run(&rig, rig.now_ns + 450 * MS);
	rig.is_manual = true;
	rig_forget(&rig);
	assert_true(next_question(1 * S));
	rig_forget(&rig);
	n = rig_answer(&rig, late);
	assert_false(next_question(290 * MS)); /* its timeout, and twice that */
	deliver(late, n);
	assert_int_equal(rig.n_good[0] + rig.n_good[1], 0);
	assert_true(next_question(1 * S));
	n = rig_answer(&rig, late);
	deliver(late, n);
	assert_int_equal(rig.n_good[0] + rig.n_good[1], 1);
	assert_int_equal(rig.n_wrong, 0);
	rig_done(&rig);
}

/* The double of a late answer comes behind it, when the wait for that is over: it is no answer to the same question, asked again. */
static void
test_the_double_of_a_late_datagram(void **state)
{
	uint8_t late[64];
	size_t n;

	start("plain", LINK_UDP, 0, 1);
	rig_run(&rig, rig.now_ns + 450 * MS);
	rig.is_manual = true;
	rig_forget(&rig);
	assert_true(next_question(1 * S));
	rig_forget(&rig);
	n = rig_answer(&rig, late);
	rig.salt = 1;
	assert_false(next_question(299 * MS)); /* its timeout, and twice that */
	step_to(MAX(rig.now_ns, rig.wants.wake_ns - 1 * MS));
	deliver(late, n);
	assert_false(next_question(19 * MS));
	deliver(late, n);
	assert_int_equal(rig.n_good[0], 0);
	assert_true(next_question(1 * S));
	n = rig_answer(&rig, late);
	deliver(late, n);
	assert_int_equal(rig.n_good[0], 1);
	assert_int_equal(rig.n_wrong, 0);
	rig_done(&rig);
}

/* More than the longest frame of any codec is none, even where one stands at its head. */
static void
test_a_piece_that_is_too_long(void **state)
{
	static uint8_t piece[65507];
	size_t n;

	start("plain", LINK_UDP, 0, 1);
	rig_run(&rig, rig.now_ns + 450 * MS);
	rig.is_manual = true;
	rig_forget(&rig);
	assert_true(next_question(1 * S));
	rig_forget(&rig);
	n = rig_answer(&rig, piece);
	deliver(piece, sizeof(piece));
	assert_int_equal(rig.n_good[0], 0);
	assert_int_equal(rig_state(&rig, 0).errors, 1);
	assert_true(rig.is_open);
	deliver(piece, n);
	assert_int_equal(rig.n_good[0], 1);
	rig_done(&rig);
}

/* Another port of ours is another wire. */
static void
test_a_reload_with_another_port(void **state)
{
	struct rig_point point = { 0, 100, 1, 100 * MS };
	struct image *img = rig_image("tagged", 1, &point, 1, 0);
	struct image_link *wire = (struct image_link *)(uintptr_t)image_link_at(img, 0);
	struct link *l;

	for (uint16_t port = 5000; port < 5002; port++) {
		start("tagged", LINK_UDP, 5000, 1);
		rig_run(&rig, rig.now_ns + 1 * S);
		wire->kind = LINK_UDP;
		wire->local_port = port;
		l = link_new(img, 0, rig_codec, &rig.sink, rig.now_ns);
		assert_int_equal(link_adopt(l, rig.link, rig.now_ns), port == 5000);
		link_free(l);
		rig_done(&rig);
	}
	free(img);
}

/* To a port that stays, answers to somebody before us may come: tags begin anew, too. */
static void
test_a_port_that_stays(void **state)
{
	static const uint16_t ports[] = { 0, 5000 };

	for (size_t i = 0; i < NELEM(ports); i++) {
		int64_t start_ns;

		start("tagged", LINK_UDP, ports[i], 1);
		start_ns = rig.now_ns;
		rig.is_manual = true;
		link_opened(rig.link, start_ns);
		rig_take(&rig);
		if (strlen(rig.order) == 0)
			assert_true(next_question(10 * S));
		assert_int_equal(rig.now_ns - start_ns, ports[i] == 0 ? 0 : 300 * MS);
		rig_done(&rig);
	}
}

/* The wire of a measuring instrument gives a question up together with the engine: nothing of it comes late. */
static void
test_a_message_is_never_late(void **state)
{
	start("plain", LINK_USBTMC, 0, 1);
	rig_run(&rig, rig.now_ns + 450 * MS);
	rig.is_manual = true;
	rig_forget(&rig);
	assert_true(next_question(1 * S));
	assert_int_equal(rig.wants.answer_ns, 100 * MS);
	rig_forget(&rig);
	assert_true(next_question(101 * MS)); /* again, at once */
	rig_done(&rig);
}

static void
test_nobody_answers_opens_anew(void **state)
{
	start("tagged", LINK_UDP, 0, 1);
	rig_run(&rig, rig.now_ns + 1 * S);
	rig_forget(&rig);
	rig.n_opens = 0;
	rig.device[0].mood = RIG_SILENT;
	rig_run(&rig, rig.now_ns + 30 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	assert_in_range(rig.n_opens, 1, 20);
	rig.device[0].mood = RIG_WELL;
	rig_run(&rig, rig.now_ns + 31 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_rest_of_a_piece_never_goes_on),
		cmocka_unit_test(test_what_follows_in_a_piece_is_dropped),
		cmocka_unit_test(test_a_double_is_nobodys),
		cmocka_unit_test(test_a_late_datagram),
		cmocka_unit_test(test_the_double_of_a_late_datagram),
		cmocka_unit_test(test_a_piece_that_is_too_long),
		cmocka_unit_test(test_a_reload_with_another_port),
		cmocka_unit_test(test_a_port_that_stays),
		cmocka_unit_test(test_a_message_is_never_late),
		cmocka_unit_test(test_nobody_answers_opens_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
