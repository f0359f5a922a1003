/* test_serve_feed.c - the event stream over a board in memory: order, filters, gaps, resumption, other boards */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "board/board.h"
#include "serve/answer.h"
#include "serve/feed.h"
#include "serve/ring.h"

#define TAPE 1024

/* Two channels, "a" and "b"; the second board has "c" before them. */
struct tiny {
	struct image head;
	struct image_channel channels[3];
	char strings[16];
};

struct rig {
	struct board *board;
	struct feed *feed;
	int64_t now_ns;
	char text[1 << 20]; /* what the last read gave */
};

static struct board *
make_board(bool with_c, int64_t now_ns)
{
	struct tiny t = { .strings = "\0a\0b\0c" };
	struct board_setup setup = { .image = &t.head,
		.generation = with_c ? 2 : 1,
		.tape_records = TAPE,
		.trace_lines = 1,
		.now_ns = now_ns };
	static const uint32_t names[] = { 5, 1, 3 };
	void *memory;
	size_t size;

	for (uint32_t i = 0; i < 3; i++)
		t.channels[i] = (struct image_channel){ .id = i + 1,
			.name = names[i],
			.type = VALUE_FLOAT,
			.source_kind = SOURCE_CALC,
			.instrument = IMAGE_NONE,
			.stale_ns = NS_PER_S };
	t.head = (struct image){ .magic = IMAGE_MAGIC,
		.version = IMAGE_VERSION,
		.size = sizeof(t),
		.tick_ns = NS_PER_S / 10 };
	t.head.channels = (struct image_table){ .off = (uint32_t)offsetof(
							struct tiny, channels[with_c ? 0 : 1]),
		.n = with_c ? 3 : 2 };
	t.head.strings = (struct image_table){ .off = (uint32_t)offsetof(struct tiny, strings),
		.n = sizeof(t.strings) };
	size = board_size(&setup);
	memory = aligned_alloc(64, (size + 63) / 64 * 64);
	assert_non_null(memory);
	memset(memory, 0, size);
	return board_make(memory, &setup);
}

static void
tick(struct rig *r)
{
	struct board_heart heart = { .stamp_ns = r->now_ns };

	board_tick_begin(r->board);
	board_tick_end(r->board, &heart);
}

static void
put(struct rig *r, const char *name, double value)
{
	struct sample s = { .stamp_ns = r->now_ns, .v.f = value };
	uint32_t channel = board_find(r->board, name);

	board_write(r->board, channel, &s);
	board_tape(r->board, channel, &s);
}

static int
set_up(void **state)
{
	struct rig *r = mem_zero(1, sizeof(*r));

	r->now_ns = 1000 * NS_PER_S;
	r->board = make_board(false, r->now_ns);
	r->feed = feed_new();
	tick(r);
	put(r, "a", 1);
	put(r, "b", 2);
	feed_show(r->feed, r->board, r->now_ns, 0);
	*state = r;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *r = *state;

	while (feed_next(r->feed, NULL) != NULL)
		feed_leave(feed_next(r->feed, NULL));
	feed_free(r->feed);
	free(r->board);
	free(r);
	return 0;
}

/* All that a stream has to say, read in pieces that hold one event at least. */
static const char *
read_all(struct rig *r, struct stream *s)
{
	size_t n = 0, got;

	while ((got = stream_read(s, r->now_ns, 0, r->text + n, FEED_EVENT_MAX + n % 7)) > 0) {
		n += got;
		assert_in_range(n, 0, sizeof(r->text) - 2 * FEED_EVENT_MAX);
	}
	r->text[n] = '\0';
	return r->text;
}

static size_t
count(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word)) != NULL) {
		n++;
		text++;
	}
	return n;
}

/* A name that is not there goes back to the asker in JSON: it may not be cut inside a character. */
static void
test_unknown_names_are_told_in_utf8(void **state)
{
	struct rig *r = *state;
	char name[80];
	struct view v;
	struct err err;

	view_open(&v, r->board, r->now_ns, 0);
	for (int n = 50; n < 70; n++) {
		snprintf(name, sizeof(name), "%.*s\xC3\xA9\xC3\xA9", n,
			"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
		assert_int_equal(answer_check_names(name, &v, &err), PROBLEM_UNKNOWN_CHANNEL);
		assert_int_equal(text_utf8(err.msg, strlen(err.msg)), strlen(err.msg));
	}
	assert_int_equal(answer_check_names("aa", &v, &err), PROBLEM_UNKNOWN_CHANNEL);
	assert_string_equal(err.msg, "no channel 'aa'; did you mean 'a'?");
}

static void
test_snapshot_then_changes(void **state)
{
	struct rig *r = *state;
	struct stream *all = feed_join(r->feed, NULL, NULL, NULL, r->now_ns, 0, r);
	struct stream *one = feed_join(r->feed, "b,unknown", NULL, NULL, r->now_ns, 0, NULL);
	const char *text = read_all(r, all);

	assert_ptr_equal(stream_user(all), r);
	assert_int_equal(count(text, "event: update\n"), 2);
	assert_non_null(strstr(text, "data: "
				     "{\"name\":\"a\",\"value\":1,\"quality\":\"good\",\"reason\":"
				     "\"good\",\"time\":\"1970-01-01T00:16:40.000Z\"}\n\n"));
	assert_int_equal(count(read_all(r, one), "\"name\":\"b\""), 1);
	assert_false(stream_is_ready(all));
	put(r, "a", 3);
	feed_pump(r->feed, 0);
	assert_true(stream_is_ready(all));
	assert_false(stream_is_ready(one));
	assert_int_equal(count(read_all(r, all), "\"value\":3"), 1);
	put(r, "b", 4);
	put(r, "b", 5);
	feed_pump(r->feed, 0);
	text = read_all(r, one);
	assert_int_equal(count(text, "event: "), 2);
	assert_true(strstr(text, "\"value\":4") < strstr(text, "\"value\":5"));
}

/* Events and clock records stand on the tape too: who reads the stream, live or from an id on, hears nothing of them and misses nothing. */
static void
test_events_on_the_tape_are_passed_over(void **state)
{
	struct rig *r = *state;
	struct stream *all = feed_join(r->feed, NULL, NULL, NULL, r->now_ns, 0, NULL), *again;
	uint8_t bytes[EVENT_BYTES] = { 1 };
	char id[64];
	const char *text;

	read_all(r, all);
	board_tape_event(r->board, 5, bytes, sizeof(bytes));
	board_tape_clock(r->board, 5, 6, true);
	feed_pump(r->feed, 0);
	assert_false(stream_is_ready(all));
	put(r, "a", 3);
	board_tape_event(r->board, 5, bytes, 30);
	put(r, "a", 4);
	feed_pump(r->feed, 0);
	text = read_all(r, all);
	assert_int_equal(count(text, "event: "), 2);
	assert_int_equal(count(text, "\"value\":3") + count(text, "\"value\":4"), 2);
	assert_non_null(strstr(text, "id: "));
	assert_int_equal(sscanf(strstr(text, "id: "), "id: %63s", id), 1);
	again = feed_join(r->feed, NULL, NULL, id, r->now_ns, 0, NULL);
	text = read_all(r, again);
	assert_int_equal(count(text, "event: gap"), 0);
	assert_int_equal(count(text, "\"value\":3"), 0);
	assert_true(count(text, "\"value\":4") >= 1);
}

static void
test_what_grows_old_is_told_at_the_beat(void **state)
{
	struct rig *r = *state;
	struct stream *s = feed_join(r->feed, NULL, NULL, NULL, r->now_ns, 0, NULL);
	const char *text;

	read_all(r, s);
	r->now_ns += NS_PER_S + 1;
	tick(r);
	feed_beat(r->feed, r->now_ns, 0);
	text = read_all(r, s);
	assert_int_equal(count(text, "\"value\":null,\"quality\":\"bad\",\"reason\":\"stale\""), 2);
	assert_int_equal(count(text, "event: heartbeat\ndata: "
				     "{\"time\":\"1970-01-01T00:16:41.000Z\",\"tick\":2,\"state\":"
				     "\"running\"}\n\n"),
		1);
	r->now_ns += 3 * NS_PER_S;
	feed_beat(r->feed, r->now_ns, 0);
	text = read_all(r, s);
	assert_int_equal(count(text, "controller_down\",\"time"), 2);
	assert_int_equal(count(text, "\"state\":\"controller_down\""), 1);
	feed_beat(r->feed, r->now_ns, 0);
	assert_int_equal(count(read_all(r, s), "event: update"), 0); /* told once */
}

static void
test_a_slow_reader(void **state)
{
	struct rig *r = *state;
	struct stream *s = feed_join(r->feed, "a", NULL, NULL, r->now_ns, 0, NULL);
	const char *text;
	unsigned long missed = 0, seen;

	read_all(r, s);
	for (int i = 0; i < 9000; i++) {
		put(r, "a", i);
		if (i % 100 == 0)
			feed_pump(r->feed, 0);
	}
	feed_pump(r->feed, 0);
	text = read_all(r, s);
	assert_ptr_equal(text, strstr(text, "event: gap\ndata: {\"missed\":"));
	sscanf(text, "event: gap\ndata: {\"missed\":%lu}", &missed);
	seen = (unsigned long)count(text, "event: update");
	assert_in_range(missed, 1, 9000);
	assert_int_equal(seen, 1); /* the snapshot is newer than all that was left of the ring */
	assert_non_null(strstr(text, "\"value\":8999,"));
}

static void
test_the_tape_was_faster_than_we(void **state)
{
	struct rig *r = *state;
	struct stream *s = feed_join(r->feed, "a", NULL, NULL, r->now_ns, 0, NULL);
	const char *text;

	read_all(r, s);
	for (int i = 0; i < 3 * TAPE; i++)
		put(r, "a", i);
	feed_pump(r->feed, 0);
	text = read_all(r, s);
	assert_int_equal(count(text, "event: gap"), 1);
	assert_non_null(strstr(text, "\"value\":3071,"));
}

static void
test_resumption(void **state)
{
	struct rig *r = *state;
	struct stream *s = feed_join(r->feed, "a", NULL, NULL, r->now_ns, 0, NULL);
	char id[80] = "";
	const char *text;

	sscanf(read_all(r, s), "id: %79s", id);
	feed_leave(s);
	put(r, "a", 11);
	put(r, "b", 12);
	put(r, "a", 13);
	s = feed_join(r->feed, "a", NULL, id, r->now_ns, 0, NULL);
	text = read_all(r, s);
	assert_int_equal(count(text, "event: "), 3); /* two changes, and the snapshot */
	assert_int_equal(count(text, "\"value\":11,"), 1);
	assert_int_equal(count(text, "\"value\":13,"), 2);
	feed_leave(s);
	for (int i = 0; i < 2 * TAPE; i++)
		put(r, "b", i);
	s = feed_join(r->feed, "a", NULL, id, r->now_ns, 0, NULL);
	text = read_all(r, s);
	assert_ptr_equal(text, strstr(text, "event: gap"));
	assert_int_equal(count(text, "\"value\":13,"), 1);
}

static void
test_ids_of_others_are_not_taken(void **state)
{
	struct rig *r = *state;
	static const char *const ids[] = { "", "1", "1-1", "x-y", "-", "e8d4a51000-99",
		"e8d4a51000-1 ", "e8d4a51000-1x",
		"99999999999999999999999999999999999999999999999999" };

	for (size_t i = 0; i < NELEM(ids); i++) {
		struct stream *s = feed_join(r->feed, "a", NULL, ids[i], r->now_ns, 0, NULL);

		assert_int_equal(count(read_all(r, s), "event: update"), 1);
		feed_leave(s);
	}
}

static void
test_another_board(void **state)
{
	struct rig *r = *state;
	struct stream *b = feed_join(r->feed, "b,c", NULL, NULL, r->now_ns, 0, NULL);
	struct stream *fresh = feed_join(r->feed, "b", NULL, NULL, r->now_ns, 0, NULL);
	struct board *old = r->board;
	const char *text;

	read_all(r, b);
	put(r, "b", 20);
	put(r, "a", 21);
	r->board = make_board(true, r->now_ns + 1);
	tick(r);
	put(r, "c", 30);
	feed_show(r->feed, r->board, r->now_ns, 0);
	memset(old, 0xA5, 64); /* nobody may look at it any more */
	free(old);
	text = read_all(r, b);
	assert_int_equal(count(text, "event: changed\ndata: {\"generation\":2}\n\n"), 1);
	assert_true(strstr(text, "\"value\":20,") <
		    strstr(text, "event: changed")); /* the old tape first */
	assert_int_equal(count(text, "\"name\":\"a\""), 0);
	assert_int_equal(count(strstr(text, "event: changed"), "\"name\":\"b\",\"value\":null"), 1);
	assert_int_equal(count(text, "\"name\":\"c\",\"value\":30"), 1);
	text = read_all(r, fresh); /* it had read nothing yet */
	assert_ptr_equal(text, strstr(text, "event: changed"));
	assert_int_equal(count(text, "event: update"), 1);
	put(r, "c", 31);
	feed_pump(r->feed, 0);
	assert_false(stream_is_ready(fresh));
	assert_int_equal(count(read_all(r, b), "\"value\":31"), 1);
}

/* Events of any length stay whole, and exactly the oldest ones are lost. */
static void
test_ring(void **state)
{
	struct ring ring = { 0 };
	char event[200];

	ring_init(&ring, 16, 1024);
	for (uint32_t i = 0; i < 2000; i++) {
		size_t n = i * 7 % sizeof(event);

		memset(event, (int)('a' + i % 26), n);
		ring_put(&ring, i, event, n);
		assert_in_range(ring.head - ring.oldest, 1, 16);
		for (uint64_t k = ring.oldest; k < ring.head; k++) {
			const char *bytes;
			const struct ring_entry *e = ring_get(&ring, k, &bytes);

			assert_int_equal(e->about, k);
			assert_int_equal(e->n, k * 7 % sizeof(event));
			for (size_t j = 0; j < e->n; j++)
				assert_int_equal(bytes[j], 'a' + k % 26);
		}
	}
	ring_done(&ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_unknown_names_are_told_in_utf8, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_snapshot_then_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_events_on_the_tape_are_passed_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_grows_old_is_told_at_the_beat, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_slow_reader, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_the_tape_was_faster_than_we, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_resumption, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_ids_of_others_are_not_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_board, set_up, tear_down),
		cmocka_unit_test(test_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
