/* test_line_emulator.c - the wire that the serial figures of perf/ are measured on: its times, and that its checks can fail */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../../perf/line_model.h"

#define CHAR (NS_PER_S * 11 / 19200)
#define SILENCE (35 * 11 * NS_PER_S / 10 / 19200)
#define BEGIN (100 * NS_PER_S)
#define ANSWER_1 7 /* characters of an answer with one register */

static struct line_units units;
static struct line line;
static uint8_t in[4 * LINE_FRAME_MAX]; /* what the master has received */
static size_t n_in;
static int64_t in_ns; /* when the last byte of it came */

static int
set_up(void **state)
{
	static const struct line_conf conf = { .char_ns = CHAR, .silence_ns = SILENCE, .chunk = 1 };

	line_units_init(&units, 3, 2, 200);
	line_init(&line, &conf, &units, BEGIN);
	n_in = 0;
	return 0;
}

static int
tear_down(void **state)
{
	line_units_done(&units);
	return 0;
}

/* Let the line do what it has to until a time, each thing at its own moment. */
static void
run_to(int64_t end_ns)
{
	int64_t wake, last;

	while ((wake = line_wake(&line)) <= end_ns) {
		size_t n = line_take(&line, wake, in + n_in, &last);

		if (n > 0)
			in_ns = wake;
		n_in += n;
	}
}

static size_t
question(uint8_t *out, unsigned unit, unsigned address, unsigned count)
{
	uint16_t crc;

	out[0] = (uint8_t)unit;
	out[1] = 3;
	out[2] = (uint8_t)(address >> 8);
	out[3] = (uint8_t)address;
	out[4] = 0;
	out[5] = (uint8_t)count;
	crc = line_crc(out, 6);
	out[6] = (uint8_t)crc;
	out[7] = (uint8_t)(crc >> 8);
	return 8;
}

static void
ask(int64_t at_ns, unsigned unit, unsigned count)
{
	uint8_t out[8];

	run_to(at_ns);
	question(out, unit, 5, count);
	line_sent(&line, at_ns, out, sizeof(out));
}

/* When a request that was sent at a time would be followed at the earliest, with one register asked. */
static int64_t
free_after(int64_t at_ns, unsigned count)
{
	return at_ns + (8 + 5 + 2 * (int64_t)count) * CHAR + 2 * SILENCE;
}

static void
test_times_of_the_standard(void **state)
{
	assert_int_equal(line_silence_ns(9600), 4010416);
	assert_int_equal(line_silence_ns(19200), 2005208);
	assert_int_equal(line_silence_ns(38400), 1750000);
	assert_int_equal(line_silence_ns(115200), 1750000);
	assert_int_equal(line_char_ns(9600, 11), 1145833);
	assert_int_equal(line_char_ns(9600, 10), 1041666);
	assert_int_equal(line_crc((const uint8_t *)"123456789", 9), 0x4B37);
}

/* Every byte comes when its last bit has passed, not a nanosecond before. */
static void
test_bytes_come_at_their_times(void **state)
{
	int64_t start = BEGIN + 8 * CHAR + SILENCE;
	uint8_t out[LINE_FRAME_MAX];
	int64_t end;

	ask(BEGIN, 1, 1);
	run_to(start);
	for (int i = 1; i <= ANSWER_1; i++) {
		assert_int_equal(line_wake(&line), start + i * CHAR);
		assert_int_equal(line_take(&line, start + i * CHAR - 1, out, &end), 0);
		assert_int_equal(line_take(&line, start + i * CHAR, out, &end), 1);
		assert_int_equal(end, i == ANSWER_1 ? start + i * CHAR : NEVER);
	}
	assert_int_equal(line_wake(&line), NEVER);
	assert_int_equal(line.count.transactions, 1);
}

static void
test_latency_and_chunks(void **state)
{
	uint8_t out[LINE_FRAME_MAX];
	int64_t start = BEGIN + 8 * CHAR + SILENCE + 5 * NS_PER_MS, end;

	line.conf.latency_ns = 5 * NS_PER_MS;
	line.conf.chunk = 5;
	ask(BEGIN, 1, 1);
	run_to(start);
	assert_int_equal(line_wake(&line), start + 5 * CHAR);
	assert_int_equal(line_take(&line, start + 6 * CHAR, out, &end), 5);
	assert_int_equal(line_wake(&line), start + ANSWER_1 * CHAR);
	assert_int_equal(line_take(&line, start + ANSWER_1 * CHAR, out, &end), 2);
}

/* A master that leaves exactly t3.5 reaches exactly the limit, and is told off for nothing. */
static void
test_a_perfect_master(void **state)
{
	int64_t at = BEGIN;

	for (int i = 0; i < 10; i++) {
		ask(at, 1, 10);
		at = free_after(at, 10);
	}
	run_to(NEVER - 1);
	assert_int_equal(line.count.requests, 10);
	assert_int_equal(line.count.transactions, 10);
	assert_int_equal(line.count.violations, 0);
	assert_int_equal(line.count.collisions, 0);
	assert_int_equal(line.count.bad, 0);
	assert_int_equal(line.count.periods, 9);
	assert_int_equal(line.count.period_ns, line.count.least_ns);
	assert_int_equal(line.count.request_chars, 80);
	assert_int_equal(line.count.answer_chars, 250);
	assert_int_equal(line_spread_us(&line.count.over, 1), 0);
	assert_int_equal(in[3] << 8 | in[4], line_units_holding(1, 5));
	assert_int_equal(in[21] << 8 | in[22], line_units_holding(1, 14));
	assert_int_equal(line_crc(in, 25), 0);
}

static void
test_too_early_by_a_nanosecond(void **state)
{
	int64_t next = free_after(BEGIN, 1);

	ask(BEGIN, 1, 1);
	ask(next - 1, 1, 1);
	assert_int_equal(line.count.violations, 1);
	assert_int_equal(line.count.worst_ns, 1);
	run_to(NEVER - 1);
	assert_int_equal(line.count.transactions, 2); /* counted, and still answered */
	assert_int_equal(line.count.collisions, 0);
}

static void
test_too_early_right_after_the_answer(void **state)
{
	ask(BEGIN, 1, 1);
	ask(free_after(BEGIN, 1) - SILENCE, 1, 1);
	assert_int_equal(line.count.violations, 1);
	assert_int_equal(line.count.worst_ns, SILENCE);
}

/* Two requests in one write: the line sees one long frame that no unit understands. */
static void
test_requests_that_join(void **state)
{
	uint8_t out[16];

	question(out, 1, 0, 1);
	question(out + 8, 1, 0, 1);
	line_sent(&line, BEGIN, out, sizeof(out));
	run_to(NEVER - 1);
	assert_int_equal(line.count.violations, 1);
	assert_int_equal(line.count.bad, 1);
	assert_int_equal(line.count.transactions, 0);
	assert_int_equal(n_in, 0);
}

/* Sent in the silence before the answer begins: it joins as well. */
static void
test_request_in_the_silence_before_the_answer(void **state)
{
	ask(BEGIN, 1, 1);
	ask(BEGIN + 8 * CHAR + SILENCE - 1, 1, 1);
	run_to(NEVER - 1);
	assert_int_equal(line.count.violations, 1);
	assert_int_equal(line.count.bad, 1);
	assert_int_equal(n_in, 0);
}

static void
check_collision(int64_t at_ns)
{
	ask(BEGIN, 1, 1);
	ask(at_ns, 1, 1);
	run_to(NEVER - 1);
	assert_int_equal(line.count.collisions, 1);
	assert_int_equal(line.count.violations, 0);
	assert_int_equal(line.count.transactions, 0);
	assert_int_equal(n_in, ANSWER_1);
	assert_int_not_equal(line_crc(in, n_in), 0); /* the answer is spoilt */
	ask(in_ns + 1000 * CHAR, 1, 1);
	run_to(NEVER - 1);
	assert_int_equal(line.count.transactions, 1); /* and the line is well again */
}

static void
test_collision_with_an_answer_on_the_wire(void **state)
{
	check_collision(BEGIN + 8 * CHAR + SILENCE + 3 * CHAR);
}

static void
test_collision_with_an_answer_that_is_due(void **state)
{
	line.conf.latency_ns = 5 * NS_PER_MS;
	check_collision(BEGIN + 8 * CHAR + SILENCE + NS_PER_MS);
}

/* However the terminal cuts the bytes, the wire carries them alike, as long as each comes before the one ahead has passed. */
static void
test_a_request_in_pieces(void **state)
{
	uint8_t out[8];

	question(out, 3, 0, 1);
	for (int i = 0; i < 8; i++) {
		run_to(BEGIN + i * CHAR / 2);
		line_sent(&line, BEGIN + i * CHAR / 2, out + i, 1);
	}
	run_to(NEVER - 1);
	assert_int_equal(line.count.transactions, 1);
	assert_int_equal(line.count.violations, 0);
	assert_int_equal(line.count.gaps, 0);
	assert_int_equal(in_ns, free_after(BEGIN, 1) - SILENCE);
}

static void
test_holes_in_a_request(void **state)
{
	uint8_t out[8];

	question(out, 1, 0, 1);
	line_sent(&line, BEGIN, out, 4);
	line_sent(&line, BEGIN + 4 * CHAR + SILENCE / 2, out + 4, 4);
	run_to(BEGIN + 100 * CHAR);
	assert_int_equal(line.count.gaps, 1);
	assert_int_equal(line.count.transactions, 1);

	line_sent(&line, BEGIN + 200 * CHAR, out, 4);
	run_to(BEGIN + 204 * CHAR + SILENCE); /* t3.5 ends it: half a request, and another half */
	line_sent(&line, BEGIN + 204 * CHAR + SILENCE, out + 4, 4);
	run_to(NEVER - 1);
	assert_int_equal(line.count.bad, 2);
	assert_int_equal(line.count.transactions, 1);
}

static void
test_bad_requests_are_not_answered(void **state)
{
	uint8_t out[300] = { 1 };
	uint16_t crc;

	for (int i = 0; i < 8; i++) {
		question(out, 1, 0, 1);
		out[i] ^= 4;
		run_to(BEGIN + i * NS_PER_S);
		line_sent(&line, BEGIN + i * NS_PER_S, out, 8);
	}
	run_to(BEGIN + 10 * NS_PER_S);
	out[1] = 99;
	crc = line_crc(
		out, LINE_FRAME_MAX - 2); /* right for the longest frame, but there is more */
	out[LINE_FRAME_MAX - 2] = (uint8_t)crc;
	out[LINE_FRAME_MAX - 1] = (uint8_t)(crc >> 8);
	line_sent(&line, BEGIN + 10 * NS_PER_S, out, LINE_FRAME_MAX + 1);
	run_to(NEVER - 1);
	assert_int_equal(line.count.bad, 9);
	assert_int_equal(line.count.requests, 9);
	assert_int_equal(n_in, 0);

	line.is_speed_right = false;
	ask(BEGIN + 20 * NS_PER_S, 1, 1);
	run_to(NEVER - 1);
	assert_int_equal(line.count.wrong_speed, 1);
	assert_int_equal(line.count.bad, 9);
	assert_int_equal(n_in, 0);
}

/* What a dead unit costs: from its request to the next one, whoever that is for. */
static void
test_cost_of_the_dead(void **state)
{
	int64_t at = BEGIN, timeout = 300 * NS_PER_MS;

	ask(at, 1, 1);
	ask(at = free_after(at, 1), 2, 1);
	ask(at += timeout, 3, 1);
	ask(at = free_after(at, 1), 7, 1);
	ask(at + timeout, 1, 1);
	run_to(NEVER - 1);
	assert_int_equal(line.count.dead, 1);
	assert_int_equal(line.count.absent, 1);
	assert_int_equal(line.count.transactions, 3);
	assert_int_equal(line.count.busy_ns[2], timeout);
	assert_int_equal(line.count.busy_ns[0], timeout);
	assert_int_equal(line.count.busy_ns[1], free_after(0, 1));
	assert_int_equal(line.count.busy_ns[3], free_after(0, 1));
	assert_int_equal(line.count.periods, 2); /* of answered requests only */
}

static void
test_cost_of_the_dead_over_two_times_of_counting(void **state)
{
	ask(BEGIN, 2, 1);
	run_to(BEGIN + NS_PER_S);
	line_settle(&line, BEGIN + NS_PER_S);
	assert_int_equal(line.count.busy_ns[2], NS_PER_S);
	line_count_clear(&line, BEGIN + NS_PER_S);
	ask(BEGIN + 3 * NS_PER_S, 1, 1);
	assert_int_equal(line.count.busy_ns[2], 2 * NS_PER_S);
}

static size_t
answer(const uint8_t *pdu, size_t n, uint8_t *out)
{
	uint8_t frame[LINE_FRAME_MAX] = { 1 };
	uint16_t crc;
	size_t n_out = 0;

	memcpy(frame + 1, pdu, n);
	crc = line_crc(frame, n + 1);
	frame[n + 1] = (uint8_t)crc;
	frame[n + 2] = (uint8_t)(crc >> 8);
	assert_int_equal(line_units_answer(&units, frame, n + 3, out, &n_out), LINE_ANSWERED);
	assert_int_equal(line_crc(out, n_out), 0);
	assert_int_equal(out[0], 1);
	return n_out;
}

#define ANSWER(out, ...)                                                                           \
	answer((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), out)

static void
test_what_units_answer(void **state)
{
	uint8_t out[LINE_FRAME_MAX];

	assert_int_equal(ANSWER(out, 3, 0, 198, 0, 2), 9);
	assert_int_equal(out[5] << 8 | out[6], 1199);
	assert_int_equal(ANSWER(out, 3, 0, 199, 0, 2), 5);
	assert_int_equal(out[1] << 8 | out[2], 0x8302);
	assert_int_equal(ANSWER(out, 3, 0, 0, 0, 126), 5);
	assert_int_equal(out[1] << 8 | out[2], 0x8303);
	assert_int_equal(ANSWER(out, 99, 0), 5);
	assert_int_equal(out[1] << 8 | out[2], 0xE301);
	assert_int_equal(ANSWER(out, 4, 0, 10, 0, 1), 7);
	assert_int_equal(out[3] << 8 | out[4], 14); /* four answers before this one, address 10 */
	assert_int_equal(ANSWER(out, 1, 0, 0, 0, 10), 7);
	assert_int_equal(out[3] << 8 | out[4], 0xAA02);
	assert_int_equal(ANSWER(out, 6, 0, 7, 0x12, 0x34), 8);
	assert_int_equal(ANSWER(out, 16, 0, 8, 0, 1, 2, 0x56, 0x78), 8);
	assert_int_equal(ANSWER(out, 3, 0, 7, 0, 2), 9);
	assert_memory_equal(out + 3, "\x12\x34\x56\x78", 4);
	assert_int_equal(ANSWER(out, 16, 0, 8, 0, 1, 3, 0, 0, 0), 5);
	assert_int_equal(out[1] << 8 | out[2], 0x9003);
	assert_int_equal(ANSWER(out, 43, 14, 1, 0), 29);
	assert_memory_equal(out + 8, "\0\4Line", 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_times_of_the_standard),
		TEST(test_bytes_come_at_their_times),
		TEST(test_latency_and_chunks),
		TEST(test_a_perfect_master),
		TEST(test_too_early_by_a_nanosecond),
		TEST(test_too_early_right_after_the_answer),
		TEST(test_requests_that_join),
		TEST(test_request_in_the_silence_before_the_answer),
		TEST(test_collision_with_an_answer_on_the_wire),
		TEST(test_collision_with_an_answer_that_is_due),
		TEST(test_a_request_in_pieces),
		TEST(test_holes_in_a_request),
		TEST(test_bad_requests_are_not_answered),
		TEST(test_cost_of_the_dead),
		TEST(test_cost_of_the_dead_over_two_times_of_counting),
		TEST(test_what_units_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
