/* test_board.c - the picture and the tape: what a reader may rely on, whatever the writer does */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "board/layout.h"

#define N_CHANNELS 4
#define TEXT_CHANNEL 3

/* A small image: three numbers and a text, one instrument with a link. */
struct tiny {
	struct image head;
	struct image_link links[1];
	struct image_instrument instruments[1];
	struct image_channel channels[N_CHANNELS];
	struct image_choice choices[2];
	uint32_t shown[2];
	char strings[192];
};

static uint32_t
add(struct tiny *t, const char *text)
{
	uint32_t off = t->head.strings.n;

	memcpy(t->strings + off, text, strlen(text) + 1);
	t->head.strings.n += (uint32_t)strlen(text) + 1;
	return off;
}

static void
make_image(struct tiny *t)
{
	static const char *const names[N_CHANNELS] = { "T_bed", "valve", "count", "model" };
	static const uint8_t types[N_CHANNELS] = { VALUE_FLOAT, VALUE_CHOICE, VALUE_UINT,
		VALUE_TEXT };

	memset(t, 0, sizeof(*t));
	t->head.tick_ns = 100 * NS_PER_MS;
	t->head.links = (struct image_table){ offsetof(struct tiny, links), 1 };
	t->head.instruments = (struct image_table){ offsetof(struct tiny, instruments), 1 };
	t->head.channels = (struct image_table){ offsetof(struct tiny, channels), N_CHANNELS };
	t->head.choices = (struct image_table){ offsetof(struct tiny, choices), 2 };
	t->head.strings = (struct image_table){ offsetof(struct tiny, strings), 1 };
	t->head.bench = add(t, "tiny");
	t->links[0].host = add(t, "127.0.0.1");
	t->links[0].port = 502;
	t->instruments[0].name = add(t, "dev");
	for (int i = 0; i < N_CHANNELS; i++) {
		t->channels[i].name = add(t, names[i]);
		t->channels[i].type = types[i];
		t->channels[i].source_kind = SOURCE_HEALTH;
		t->channels[i].stale_ns = NS_PER_S;
	}
	t->channels[1].n_choices = 2;
	t->choices[0] = (struct image_choice){ .number = 0, .word = add(t, "closed") };
	t->choices[1] = (struct image_choice){ .number = 1, .word = add(t, "open") };
}

struct fixture {
	struct tiny image;
	struct board *b;
	size_t size;
};

static struct board_setup
setup_of(const struct fixture *f, uint64_t tape)
{
	return (struct board_setup){
		.image = &f->image.head,
		.generation = 7,
		.tape_records = tape,
		.trace_lines = 4,
		.now_ns = 1000,
		.boot_id = "boot",
	};
}

static int
begin(void **state)
{
	struct fixture *f = mem_zero(1, sizeof(*f));
	struct board_setup setup;

	make_image(&f->image);
	setup = setup_of(f, 64);
	f->size = board_size(&setup);
	f->b = board_make(memset(aligned_alloc(64, f->size), 0, f->size), &setup);
	*state = f;
	return 0;
}

static int
end(void **state)
{
	struct fixture *f = *state;

	free(f->b);
	free(f);
	return 0;
}

static struct sample
number(double v, int64_t stamp)
{
	return (struct sample){ .stamp_ns = stamp, .v.f = v, .quality = Q_GOOD };
}

static void
beat(struct board *b, int64_t now)
{
	struct board_heart heart = { .stamp_ns = now, .wall_ns = 5 * NS_PER_S };

	board_tick_begin(b);
	board_tick_end(b, &heart);
}

static void
test_descriptions(void **state)
{
	struct fixture *f = *state;
	const struct board *b;
	struct board_info info;
	struct err err;

	assert_int_equal(board_check(f->b, f->size, &b, &err), 0);
	board_info(b, &info);
	assert_string_equal(info.bench, "tiny");
	assert_int_equal(info.generation, 7);
	assert_int_equal(info.n_channels, N_CHANNELS);
	assert_int_equal(board_find(b, "count"), 2);
	assert_int_equal(board_find(b, "missing"), IMAGE_NONE);
	assert_int_equal(board_find_instrument(b, "dev"), 0);
	assert_string_equal(board_text(b, board_instrument(b, 0)->address), "tcp 127.0.0.1:502");
	assert_string_equal(board_choice(b, board_channel(b, 1), 1), "open");
	assert_null(board_choice(b, board_channel(b, 1), 2));
}

static void
test_check_refuses_damage(void **state)
{
	struct fixture *f = *state;
	const struct board *b;
	struct board copy = *f->b;
	struct err err;

	for (size_t n = 0; n < f->size; n += 64)
		assert_int_equal(board_check(f->b, n, &b, &err), ERR_PROTO);
	f->b->slots = f->size - 64;
	assert_int_equal(board_check(f->b, f->size, &b, &err), ERR_PROTO);
	*f->b = copy;
	f->b->tape_records = 63;
	assert_int_equal(board_check(f->b, f->size, &b, &err), ERR_PROTO);
	*f->b = copy;
	f->b->layout = BOARD_LAYOUT + 1;
	assert_int_equal(board_check(f->b, f->size, &b, &err), ERR_PROTO);
}

static void
test_values(void **state)
{
	struct fixture *f = *state;
	struct sample s = number(21.5, 100), out;

	board_read(f->b, 0, &out);
	assert_int_equal(out.quality, Q_NOT_YET);
	board_write(f->b, 0, &s);
	board_read(f->b, 0, &out);
	assert_true(out.v.f == 21.5 && out.stamp_ns == 100 && out.quality == Q_GOOD);
	s = (struct sample){ .stamp_ns = 3, .quality = Q_BAD_ADDRESS, .code = 2 };
	strcpy(s.text, "E1242 of sixty-three bytes, which is the longest text that fits");
	board_write(f->b, TEXT_CHANNEL, &s);
	board_read(f->b, TEXT_CHANNEL, &out);
	assert_int_equal(out.quality, Q_BAD_ADDRESS);
	assert_int_equal(out.code, 2);
	assert_string_equal(out.text, s.text);
}

static void
test_look_never_shows_old_as_good(void **state)
{
	struct fixture *f = *state;
	struct sample s = number(1, 1000), out;

	board_write(f->b, 0, &s);
	board_look(f->b, 0, 1000, &out);
	assert_int_equal(out.quality, Q_CONTROLLER_DOWN); /* no tick yet */
	beat(f->b, 1000);
	board_look(f->b, 0, 1000 + NS_PER_S, &out);
	assert_int_equal(out.quality, Q_GOOD);
	board_look(f->b, 0, 1001 + NS_PER_S, &out);
	assert_int_equal(out.quality, Q_STALE);
	board_look(f->b, 0, 1001 + 2 * NS_PER_S, &out);
	assert_int_equal(out.quality, Q_CONTROLLER_DOWN);
	assert_int_equal(board_wall(f->b, 7), 7 + 5 * NS_PER_S);
}

/* A writer killed between two words leaves the lock odd: the reader gives up and says so; the other slots are whole. */
static void
test_writer_killed_inside_a_slot(void **state)
{
	struct fixture *f = *state;
	struct sample s = number(2, 5), out;

	board_write(f->b, 0, &s);
	board_write(f->b, 2, &s);
	beat(f->b, 5);
	layout_lock(&layout_slot(f->b, 0)->seq);
	board_read(f->b, 0, &out);
	assert_int_equal(out.quality, Q_UNREADABLE);
	assert_true(out.v.f == 0);
	board_look(f->b, 2, 5, &out);
	assert_int_equal(out.quality, Q_GOOD);
}

static void
test_tape_in_order(void **state)
{
	struct fixture *f = *state;
	struct board_change got[8];
	uint64_t place = board_tape_head(f->b), missed;
	struct sample s;

	for (int i = 0; i < 5; i++) {
		s = number(i, i);
		assert_int_equal(board_tape(f->b, 0, &s), 1 + i);
	}
	assert_int_equal(board_tape_read(f->b, &place, got, 3, &missed), 3);
	assert_int_equal(board_tape_read(f->b, &place, got + 3, 5, &missed), 2);
	for (int i = 0; i < 5; i++)
		assert_true(got[i].seq == (uint64_t)i + 1 && got[i].sample.v.f == i &&
			    got[i].channel == 0);
	assert_int_equal(board_tape_read(f->b, &place, got, 8, &missed), 0);
	assert_int_equal(missed, 0);
}

static void
test_tape_carries_texts(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[] = { "", "x", "exactly twenty-four bytes",
		"123456789012345678901234",
		"a text of sixty-three bytes, the longest that the board may keep" };
	struct board_change got[1];
	uint64_t place = board_tape_head(f->b), missed;

	for (size_t i = 0; i < NELEM(texts); i++) {
		struct sample s = { .stamp_ns = 9, .quality = Q_GOOD };

		strncpy(s.text, texts[i], VALUE_TEXT_MAX);
		board_tape(f->b, TEXT_CHANNEL, &s);
		assert_int_equal(board_tape_read(f->b, &place, got, 1, &missed), 1);
		assert_string_equal(got[0].sample.text, s.text);
	}
	assert_int_equal(place, board_tape_head(f->b));
}

/* What was overwritten is counted to the record: read + missed is all there was; and no part of a text looks like a value. */
static void
test_overrun_is_known_exactly(void **state)
{
	struct fixture *f = *state;
	uint64_t place = 1, missed, total_missed = 0, records = 0, last = 0;
	struct board_change got[16];
	struct sample s = {
		.stamp_ns = 4, .quality = Q_GOOD, .text = "long enough for two records of text"
	};
	size_t n;

	for (int i = 0; i < 1000; i++) {
		if (i % 3 == 0)
			board_tape(f->b, TEXT_CHANNEL, &s);
		else
			board_tape(f->b, 0, &s);
	}
	while ((n = board_tape_read(f->b, &place, got, NELEM(got), &missed)) > 0 || missed > 0) {
		total_missed += missed;
		for (size_t i = 0; i < n; i++) {
			assert_true(got[i].seq > last);
			last = got[i].seq;
			assert_true(got[i].channel == 0 || got[i].channel == TEXT_CHANNEL);
			assert_int_equal(got[i].sample.stamp_ns, 4);
			records += got[i].channel == TEXT_CHANNEL ? 3 : 1;
		}
	}
	assert_int_equal(total_missed + records, board_tape_head(f->b) - 1);
	assert_true(total_missed > 0 && records > 0);
}

/* Events and clock records between the changes of channels; one who asks too late for the bytes of an event is told so. */
static void
test_tape_carries_events_and_clocks(void **state)
{
	struct fixture *f = *state;
	uint64_t place = board_tape_head(f->b), missed, first = place;
	struct board_change got[8];
	uint8_t bytes[EVENT_BYTES], back[EVENT_BYTES];
	struct sample s = number(1, 1);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= EVENT_BYTES; n++) {
		board_tape(f->b, 0, &s);
		board_tape_event(f->b, (int64_t)n, bytes, n);
		board_tape_clock(f->b, 5, -7, n % 2 == 0);
		assert_int_equal(board_tape_read(f->b, &place, got, 8, &missed), 3);
		assert_int_equal(missed, 0);
		assert_true(got[0].channel == 0 && got[1].channel == BOARD_TAPE_EVENT &&
			    got[2].channel == BOARD_TAPE_CLOCK);
		assert_int_equal(got[1].sample.stamp_ns, n);
		assert_int_equal(board_tape_event_read(f->b, &got[1], back), n);
		assert_memory_equal(back, bytes, n);
		assert_int_equal(board_tape_event_read(f->b, &got[0], back), 0);
		assert_true(got[2].sample.stamp_ns == 5 && got[2].sample.v.i == -7 &&
			    got[2].sample.code == (n % 2 == 0));
		assert_true(got[2].seq >= got[1].seq + 1 + n / 24);
	}
	assert_true(place > first);
	for (int i = 0; i < 100; i++)
		board_tape(f->b, 0, &s);
	assert_int_equal(board_tape_event_read(f->b, &got[1], back), 0);
}

/* Overrun by events: what is read and what was missed is still all there was. */
static void
test_overrun_by_events_is_known_exactly(void **state)
{
	struct fixture *f = *state;
	uint64_t place = 1, missed, total = 0;
	uint8_t bytes[EVENT_BYTES] = { 1 };
	struct board_change got[4];
	size_t n;

	for (int i = 0; i < 100; i++)
		board_tape_event(f->b, 4, bytes, 100 + (size_t)i);
	while ((n = board_tape_read(f->b, &place, got, NELEM(got), &missed)) > 0 || missed > 0) {
		total += missed;
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(got[i].channel, BOARD_TAPE_EVENT);
			total += 1 + (got[i].sample.v.u + 23) / 24;
		}
	}
	assert_int_equal(total, board_tape_head(f->b) - 1);
}

static void
test_trace_keeps_the_last(void **state)
{
	struct fixture *f = *state;
	struct board_trace line = { .kind = TRACE_SENT, .n = 300 }, got[8];

	for (int i = 1; i <= 6; i++) {
		line.stamp_ns = i;
		line.bytes[0] = (uint8_t)i;
		board_trace(f->b, 0, &line);
	}
	assert_int_equal(board_read_trace(f->b, 0, got, 8), 4);
	for (int i = 0; i < 4; i++)
		assert_true(got[i].seq == (uint64_t)i + 3 && got[i].stamp_ns == i + 3 &&
			    got[i].bytes[0] == i + 3);
	assert_int_equal(board_read_trace(f->b, 0, got, 2), 2);
	assert_int_equal(got[1].seq, 6);
}

/* A writer flat out in one thread, readers in another: each sample is whole. Its parts are all made from one number. */
static void *
write_flat_out(void *arg)
{
	struct fixture *f = arg;

	for (int64_t i = 1; i <= 200000; i++) {
		struct sample s = {
			.stamp_ns = i, .v.i = i * 3, .quality = Q_GOOD, .code = (uint16_t)i
		};

		board_write(f->b, 2, &s);
		board_tape(f->b, 2, &s);
	}
	return NULL;
}

static void
test_samples_are_never_torn(void **state)
{
	struct fixture *f = *state;
	uint64_t place = 1, missed, seen = 0, all_missed = 0;
	struct board_change got[16];
	struct sample s = { 0 };
	pthread_t writer;

	assert_int_equal(pthread_create(&writer, NULL, write_flat_out, f), 0);
	do {
		size_t n;

		board_read(f->b, 2, &s);
		if (s.quality == Q_GOOD)
			assert_true(s.v.i == s.stamp_ns * 3 && s.code == (uint16_t)s.stamp_ns);
		n = board_tape_read(f->b, &place, got, NELEM(got), &missed);
		all_missed += missed;
		for (size_t i = 0; i < n; i++, seen++)
			assert_true(got[i].sample.v.i == got[i].sample.stamp_ns * 3 &&
				    got[i].seq == (uint64_t)got[i].sample.stamp_ns);
	} while (place <= 200000);
	pthread_join(writer, NULL);
	assert_int_equal(seen + all_missed, 200000);
}

/* What everybody may see: nothing else is there, neither as bytes nor as a number. */
static void
test_public_board_has_what_was_chosen(void **state)
{
	static const char *const absent[] = { "T_bed", "count", "dev", "127.0.0.1", "inside",
		"boot", "sure?", "other" };
	struct tiny t;
	struct board_setup setup = { .image = &t.head,
		.is_public = true,
		.generation = 7,
		.trace_lines = 1,
		.now_ns = 1000,
		.boot_id = "boot" };
	struct board_info info;
	struct sample s = { .v.i = 1, .quality = Q_GOOD, .stamp_ns = 5 };
	const struct board *b;
	struct board *made;
	struct err err;
	size_t size;

	make_image(&t);
	t.head.title = add(&t, "inside");
	t.head.shown.title = add(&t, "outside");
	t.channels[1].instrument = 0;
	t.channels[1].id = 4711;
	t.channels[1].writable = t.channels[1].needs_confirm = 1;
	t.channels[1].confirm = add(&t, "sure?");
	t.channels[0].title = add(&t, "other");
	t.head.shown_channels = (struct image_table){ offsetof(struct tiny, shown), 2 };
	t.shown[0] = 1;
	t.shown[1] = TEXT_CHANNEL;
	setup.tape_records = board_tape_records_public(&t.head);
	size = board_size(&setup);
	made = board_make(memset(aligned_alloc(64, size), 0, size), &setup);
	assert_int_equal(board_check(made, size, &b, &err), 0);
	board_info(b, &info);
	assert_int_equal(info.n_channels, 2);
	assert_int_equal(info.n_instruments, 0);
	assert_true(info.config_hash == 0);
	assert_string_equal(info.title, "outside");
	assert_string_equal(info.boot_id, "");
	assert_int_equal(board_find(b, "valve"), 0);
	assert_int_equal(board_find(b, "model"), 1);
	assert_int_equal(board_find(b, "T_bed"), IMAGE_NONE);
	assert_string_equal(board_choice(b, board_channel(b, 0), 1), "open");
	assert_int_equal(board_channel(b, 0)->id, 1);
	assert_int_equal(board_channel(b, 0)->instrument, IMAGE_NONE);
	assert_int_equal(board_channel(b, 0)->writable, 0);
	board_write(made, 0, &s);
	memcpy(s.text, "Type 7", 7);
	board_write(made, 1, &s);
	board_read(b, 1, &s);
	assert_string_equal(s.text, "Type 7");
	for (size_t i = 0; i < NELEM(absent); i++)
		assert_null(memmem(made, size, absent[i], strlen(absent[i])));
	free(made);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_descriptions),
		TEST(test_check_refuses_damage),
		TEST(test_values),
		TEST(test_look_never_shows_old_as_good),
		TEST(test_writer_killed_inside_a_slot),
		TEST(test_tape_in_order),
		TEST(test_tape_carries_texts),
		TEST(test_overrun_is_known_exactly),
		TEST(test_tape_carries_events_and_clocks),
		TEST(test_overrun_by_events_is_known_exactly),
		TEST(test_trace_keeps_the_last),
		TEST(test_samples_are_never_torn),
		cmocka_unit_test(test_public_board_has_what_was_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
