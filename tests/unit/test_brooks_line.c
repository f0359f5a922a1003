/* test_brooks_line.c - two controllers of Brooks on one line, their addresses asked for by tag: the codec in the link engine */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../simulation/image_builder.h"
#include "codec_feed.h"
#include "drivers/brooks_frame.h"
#include "drivers/list.h"
#include "link/link.h"

#define MS NS_PER_MS
#define S NS_PER_S
#define DEVICE UINT64_C(0x0A64010203)

/* A sound frame around "command, count, data" of the text; the delimiter 0x86 makes it an answer. */
static size_t
frame(unsigned delimiter, uint64_t address, const char *rest, uint8_t *out)
{
	unsigned check = 0;
	size_t n = 2, from = n;

	out[0] = out[1] = 0xFF;
	out[n++] = (uint8_t)delimiter;
	for (int i = 4; i >= 0; i--)
		out[n++] = (uint8_t)(address >> 8 * i);
	n += feed_hex(rest, out + n, 300);
	for (size_t i = from; i < n; i++)
		check ^= out[i];
	out[n++] = (uint8_t)check;
	return n;
}

enum { DEVICES = 2, POINTS = 4 };

static struct bus {
	struct device {
		uint64_t address;
		const char *tag;
		const char *flow; /* unit and float */
		bool is_silent;
		bool asked_by_tag; /* of the last question that it answered */
	} device[DEVICES];
	struct image *img;
	struct link *link;
	struct link_sink sink;
	int64_t now_ns, delay_ns;
	int64_t tag_delay_ns; /* of the first device's answers to its tag; 0: as the others */
	struct answer {
		uint8_t bytes[64];
		size_t n; /* 0: none */
		int64_t at_ns;
	} answer[8];
	unsigned by_tag; /* questions to all */
	double value[POINTS];
	unsigned n_good[POINTS], n_bad[POINTS], n_wrong_device;
	unsigned n_mistaken; /* values of one device under the name of the other */
	int state[DEVICES];
	enum quality verdict;
	unsigned n_written;
	struct link_wants wants;
} bus;

static void
on_reading(void *ctx, uint32_t at, const struct reading *r, int64_t stamp_ns)
{
	bool is_bad = quality_is_bad(r->quality);

	bus.value[at] = is_bad ? 0 : r->v.f;
	bus.n_bad[at] += is_bad;
	bus.n_good[at] += !is_bad;
	bus.n_mistaken += (at == 0 && bus.value[0] == 10) || (at == 2 && bus.value[2] == 12.5);
}

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state is, enum quality reason)
{
	bus.state[instrument] = (int)is;
	bus.n_wrong_device += reason == Q_WRONG_DEVICE;
}

static void
on_trace(void *ctx, uint32_t instrument, const struct board_trace *line)
{
}

static void
on_written(void *ctx, uint32_t at, uint32_t tag, enum quality verdict, uint16_t code)
{
	bus.verdict = verdict;
	bus.n_written++;
}

/* An answer is on its way; while one is, the line may carry others. */
static void
post(unsigned device, uint64_t from, const char *rest)
{
	bool is_late = device == 0 && rest[0] == '0' && rest[1] == 'B' && bus.tag_delay_ns > 0;

	for (size_t i = 0; i < NELEM(bus.answer); i++) {
		struct answer *a = &bus.answer[i];

		if (a->n > 0)
			continue;
		a->n = frame(0x86, from, rest, a->bytes);
		a->at_ns = bus.now_ns + (is_late ? bus.tag_delay_ns : bus.delay_ns);
		return;
	}
	fail_msg("too many answers are under way");
}

/* What the devices make of a question: the one that it is for answers. */
static void
hear(const uint8_t *bytes, size_t n)
{
	struct brooks_frame f;
	uint8_t packed[BROOKS_TAG_BYTES];
	char rest[80];

	assert_true(brooks_frame_take(bytes, n, &f) && !f.is_answer && f.is_long);
	bus.by_tag += f.command == 11;
	for (unsigned i = 0; i < DEVICES; i++) {
		struct device *d = &bus.device[i];
		uint64_t from = d->address;
		bool is_mine = f.address == d->address;

		if (f.command == 11 && f.address == UINT64_C(0x8000000000)) {
			assert_true(brooks_tag_pack(d->tag, packed));
			is_mine = memcmp(packed, f.data, sizeof(packed)) == 0;
			from = f.address;
		}
		if (!is_mine || d->is_silent)
			continue;
		d->asked_by_tag = f.command == 11;
		if (f.command == 1)
			snprintf(rest, sizeof(rest), "01 07 00 00 %s", d->flow);
		else if (f.command == 236)
			snprintf(rest, sizeof(rest),
				"EC 0C 00 00 39 %02X %02X %02X %02X AB 41 20 00 00", f.data[1],
				f.data[2], f.data[3], f.data[4]);
		else if (f.command == 235)
			snprintf(rest, sizeof(rest), "EB 0C 00 00 39 41 A0 00 00 AB 41 20 00 00");
		else
			snprintf(rest, sizeof(rest),
				"%02X 0E 00 00 FE 0A %02X 05 05 01 02 03 00 %02X %02X %02X",
				f.command, (unsigned)(d->address >> 24 & 0xFF),
				(unsigned)(d->address >> 16 & 0xFF),
				(unsigned)(d->address >> 8 & 0xFF), (unsigned)(d->address & 0xFF));
		post(i, from, rest);
	}
}

static void
carry_out(void)
{
	do {
		link_take(bus.link, &bus.wants);
		if (bus.wants.n > 0)
			hear(bus.wants.bytes, bus.wants.n);
		if (bus.wants.open)
			link_opened(bus.link, bus.now_ns);
	} while (bus.wants.open);
}

static struct answer *
first_answer(void)
{
	struct answer *first = NULL;

	for (size_t i = 0; i < NELEM(bus.answer); i++)
		if (bus.answer[i].n > 0 && (first == NULL || bus.answer[i].at_ns < first->at_ns))
			first = &bus.answer[i];
	return first;
}

static void
run(int64_t span_ns)
{
	int64_t until_ns = bus.now_ns + span_ns;

	for (;;) {
		struct answer *a = first_answer(), now;
		bool is_answer = a != NULL && a->at_ns <= bus.wants.wake_ns;
		int64_t next_ns = is_answer ? a->at_ns : bus.wants.wake_ns;

		if (next_ns > until_ns)
			break;
		bus.now_ns = MAX(bus.now_ns, next_ns);
		if (is_answer) {
			now = *a;
			a->n = 0;
			link_bytes(bus.link, now.bytes, now.n, bus.now_ns);
		} else {
			link_time(bus.link, bus.now_ns);
		}
		carry_out();
	}
	bus.now_ns = until_ns;
}

static struct image *
bus_image(const char *opts0, const char *opts1)
{
	static const struct image_link wire = { .kind = LINK_SERIAL,
		.is_line = 1,
		.line = { .baud = 19200, .bits = 8, .parity = 'O', .stop = 1 },
		.char_ns = 573 * NS_PER_US };
	struct image_builder *b = image_builder_new("bus", 100 * MS);
	uint32_t link = image_builder_link(b, "line", "/dev/ttyS0", 0);

	image_builder_wire(b, link, &wire);
	for (unsigned i = 0; i < DEVICES; i++) {
		image_builder_instrument(b, i == 0 ? "one" : "two", "brooks-s", link,
			i == 0 ? opts0 : opts1, 1 * S, 200 * MS, 1);
		image_builder_point(b, "flow", "what=flow unit_code=171", 0);
		image_builder_write(b, image_builder_point(b, "set", "what=setpoint_percent", 0),
			"what=setpoint_percent");
	}
	return image_builder_done(b);
}

static void
start(const char *opts0, const char *opts1)
{
	memset(&bus, 0, sizeof(bus));
	bus.device[0] = (struct device){ DEVICE, "20902001", "AB 41 48 00 00", false, false };
	bus.device[1] = (struct device){ DEVICE + 1, "20902002", "AB 41 20 00 00", false, false };
	bus.now_ns = 1000 * S;
	bus.delay_ns = 30 * MS;
	bus.sink = (struct link_sink){
		.reading = on_reading, .state = on_state, .trace = on_trace, .written = on_written
	};
	bus.img = bus_image(opts0, opts1);
	bus.link = link_new(bus.img, 0, codec_find, &bus.sink, bus.now_ns);
	carry_out();
}

static void
done(void)
{
	link_free(bus.link);
	free(bus.img);
}

static void
order(uint32_t at, double v)
{
	assert_int_equal(
		link_write(bus.link, at, 7, (union value){ .f = v }, NULL, bus.now_ns, NULL), 0);
	carry_out();
	run(1 * S);
}

static void
test_line_by_tag(void **state)
{
	struct board_state s;

	start("tag=20902001", "tag=20902002");
	order(1, 20); /* a write finds the address as well */
	assert_true(bus.n_written == 1 && bus.verdict == Q_GOOD);
	run(20 * S);
	assert_true(bus.value[0] == 12.5 && bus.value[2] == 10 && bus.value[1] == 20);
	assert_in_range(bus.n_good[0], 20, 22);
	assert_int_equal(bus.n_bad[0] + bus.n_bad[1] + bus.n_bad[2] + bus.n_bad[3], 0);
	assert_int_equal(bus.by_tag, 6); /* two each, and once what it is */
	link_state(bus.link, 0, &s);
	assert_string_equal(s.identity, "Brooks type 64 id 010203");
	assert_int_equal(s.stray + s.errors + s.timeouts, 0);
	link_state(bus.link, 1, &s);
	assert_string_equal(s.identity, "Brooks type 64 id 010204");
	order(1, 55.5);
	assert_true(bus.n_written == 2 && bus.verdict == Q_GOOD);
	done();
}

/* A silent one does not keep its neighbours from being asked; one that is exchanged is silent, and never taken for the old one. */
static void
test_line_exchanged(void **state)
{
	start("tag=20902001", "address=0A64010204");
	run(10 * S);
	assert_true(bus.value[0] == 12.5 && bus.value[2] == 10);
	bus.device[0] = (struct device){ DEVICE + 7, "20902009", "AB 42 C8 00 00", false, false };
	run(1500 * MS);
	assert_int_equal(bus.state[0], INSTRUMENT_DOWN);
	bus.n_good[0] = bus.n_good[2] = bus.n_bad[2] = 0;
	run(20 * S);
	assert_int_equal(bus.n_good[0], 0);
	assert_in_range(bus.n_good[2], 19, 21);
	assert_int_equal(bus.n_bad[2], 0);
	/* with the tag of the old one, of the same type: found on a new wire */
	bus.device[0].tag = "20902001";
	link_closed(bus.link, Q_LINK_LOST, "pulled", bus.now_ns);
	carry_out();
	run(20 * S);
	assert_true(bus.value[0] == 100);
	assert_int_equal(bus.n_wrong_device, 0);
	/* of another type */
	bus.device[0].address ^= UINT64_C(1) << 24;
	link_closed(bus.link, Q_LINK_LOST, "pulled", bus.now_ns);
	carry_out();
	bus.n_good[0] = 0;
	run(20 * S);
	assert_int_equal(bus.n_good[0], 0);
	assert_true(bus.n_wrong_device > 0);
	done();
}

/* The answer to one tag comes late, while the other device is silent: it never becomes the other's address. */
static void
test_line_late_answer_to_a_tag(void **state)
{
	for (int64_t delay_ms = 150; delay_ms < 600; delay_ms += 7)
		for (unsigned silent = 0; silent < 2; silent++) {
			start("tag=20902001", "tag=20902002");
			bus.tag_delay_ns = delay_ms * MS;
			bus.device[1].is_silent = silent;
			run(15 * S);
			assert_int_equal(bus.n_good[2] > 0, !silent);
			bus.device[1].is_silent = false;
			run(40 * S);
			assert_int_equal(bus.n_mistaken, 0);
			assert_true(bus.value[2] == 10);
			if (delay_ms < 200 || delay_ms > 250)
				assert_int_equal(bus.value[0] == 12.5, delay_ms < 200);
			done();
		}
}

static void
test_line_reload(void **state)
{
	struct image *img;
	struct link *l;

	start("tag=20902001", "tag=20902002");
	run(10 * S + 5 * MS);
	bus.by_tag = 0;
	img = bus_image("tag=20902001",
		"tag=20902009 id_at=9"); /* the second is another now, and not there */
	l = link_new(img, 0, codec_find, &bus.sink, bus.now_ns);
	link_adopt(l, bus.link, bus.now_ns);
	link_free(bus.link);
	free(bus.img);
	bus.link = l;
	bus.img = img;
	carry_out();
	bus.n_good[0] = bus.n_good[2] = 0;
	run(10 * S);
	assert_in_range(bus.n_good[0], 9, 11);
	assert_int_equal(bus.n_good[2], 0);
	assert_true(bus.by_tag > 0 && !bus.device[0].asked_by_tag);
	done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_by_tag),
		cmocka_unit_test(test_line_exchanged),
		cmocka_unit_test(test_line_late_answer_to_a_tag),
		cmocka_unit_test(test_line_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
