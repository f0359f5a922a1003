/* test_twin.c - simulated instruments and the wires that go wrong */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../simulation/image_builder.h"
#include "base/bytes.h"
#include "base/rand.h"
#include "drivers/modbus_crc.h"
#include "twin/damage.h"
#include "twin/fault.h"
#include "twin/twin.h"
#include "twin/world.h"

/* ---- a bench: a furnace and a valve on one link, another device on the next ---------------------------------------- */

enum { PV, SP, WORD, VALVE, STATE, BIT0, BIT3, LABEL, BIG, FEEDBACK, OTHER };

struct fixture {
	struct image *img;
	struct twin *t;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t io = image_builder_link(b, "io", "127.0.0.1", 1502);
	uint32_t io2 = image_builder_link(b, "io2", "127.0.0.1", 1503);
	uint32_t p;

	assert_non_null(f);
	image_builder_instrument(b, "furnace", "modbus", io, "unit=3", NS_PER_S, NS_PER_S, 1);
	p = image_builder_point(b, "pv", "input=1 type=int16", 0);
	assert_int_equal(p, PV);
	image_builder_scale(b, p, 0.1, 0);
	p = image_builder_point(b, "sp", "holding=2 type=float32 order=CDAB", 0);
	assert_int_equal(p, SP);
	image_builder_point(b, "word", "holding=4 type=uint16", 0);
	image_builder_point(b, "valve", "coil=7", 0);
	image_builder_point(b, "state", "discrete=0", 0);
	image_builder_point(b, "bit0", "holding=5 bit=0", 0);
	image_builder_point(b, "bit3", "holding=5 bit=3", 0);
	image_builder_point(b, "label", "holding=20 type=string length=6", 0);
	image_builder_instrument(b, "valve", "modbus", io, "unit=9", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "big", "holding=0 type=uint64", 0);
	p = image_builder_point(b, "feedback", "input=0 type=uint16", 0);
	image_builder_write(b, p, "holding=100 type=uint16");
	image_builder_instrument(b, "other", "modbus", io2, "unit=1", NS_PER_S, NS_PER_S, 1);
	p = image_builder_point(b, "other", "holding=0 type=float64", 0);
	assert_int_equal(p, OTHER);
	image_builder_twin(
		b, &(struct image_twin){
			   .point = PV, .follows = SP, .start = 20, .gain = 1, .tau_s = 10 });
	image_builder_twin(
		b, &(struct image_twin){ .point = SP, .follows = IMAGE_NONE, .start = 25 });
	image_builder_twin(
		b, &(struct image_twin){
			   .point = OTHER, .follows = IMAGE_NONE, .start = 5, .noise = 0.5 });
	f->img = image_builder_done(b);
	f->t = twin_new(f->img, 42);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	twin_free(f->t);
	free(f->img);
	free(f);
	return 0;
}

/* One request to the twin, PDU in pdu[0..n); the answer's PDU is put into out; returns its length. */
static int
ask(struct fixture *f, uint32_t link, uint8_t unit, const uint8_t *pdu, size_t n, uint8_t *out)
{
	uint8_t frame[260] = { 0x12, 0x34 }, answer[260];
	int got;

	put_u16be(frame + 4, (uint16_t)(n + 1));
	frame[6] = unit;
	memcpy(frame + 7, pdu, n);
	assert_int_equal(twin_cut(f->t, link, frame, n + 7, WIRE_OPEN), (int)n + 7);
	got = twin_answer(f->t, link, frame, n + 7, answer, sizeof(answer));
	if (got == 0)
		return 0;
	assert_true(got > 7);
	assert_memory_equal(answer, frame, 4);
	assert_int_equal(get_u16be(answer + 4), got - 6);
	assert_int_equal(answer[6], unit);
	memcpy(out, answer + 7, (size_t)got - 7);
	return got - 7;
}

static void
expect(struct fixture *f, uint8_t unit, const char *pdu, size_t n, const char *answer,
	size_t n_answer)
{
	uint8_t out[260];

	assert_int_equal(ask(f, 0, unit, (const uint8_t *)pdu, n, out), (int)n_answer);
	assert_memory_equal(out, answer, n_answer);
}

#define EXPECT(f, unit, pdu, answer)                                                               \
	expect(f, unit, pdu, sizeof(pdu) - 1, answer, sizeof(answer) - 1)

static void
test_registers_follow_type_order_and_scale(void **state)
{
	struct fixture *f = *state;

	EXPECT(f, 3, "\x04\0\x01\0\x01", "\x04\x02\0\xc8");       /* 20 degC / 0.1 */
	EXPECT(f, 3, "\x03\0\x02\0\x02", "\x03\x04\0\0\x41\xc8"); /* 25.0f as CDAB */
	EXPECT(f, 3, "\x03\0\x14\0\x06",
		"\x03\x0c"
		"furnace\0\0\0\0\0"); /* a text shows whose it is */
}

static void
test_only_named_registers_exist(void **state)
{
	struct fixture *f = *state;

	EXPECT(f, 3, "\x03\0\x02\0\x04",
		"\x03\x08\0\0\x41\xc8\0\0\0\0");      /* 2..5 stand side by side */
	EXPECT(f, 3, "\x03\0\x02\0\x05", "\x83\x02"); /* 6 does not exist */
	EXPECT(f, 3, "\x03\0\x01\0\x01", "\x83\x02"); /* it is an input register */
	EXPECT(f, 3, "\x01\0\x06\0\x01", "\x81\x02");
	EXPECT(f, 9, "\x03\0\x02\0\x05", "\x83\x02"); /* another unit's */
	EXPECT(f, 4, "\x03\0\x02\0\x01", "\x83\x0b"); /* nobody's */
	EXPECT(f, 3, "\x06\0\x06\0\x01", "\x86\x02");
}

static void
test_links_have_units_of_their_own(void **state)
{
	struct fixture *f = *state;
	uint8_t out[260];

	assert_int_equal(ask(f, 1, 1, (const uint8_t *)"\x03\0\0\0\x04", 5, out), 10);
	assert_int_equal(ask(f, 1, 3, (const uint8_t *)"\x03\0\0\0\x04", 5, out), 2);
	/* A single unit answers as 0 and 255 too; one of several does not. */
	assert_int_equal(ask(f, 1, 255, (const uint8_t *)"\x03\0\0\0\x04", 5, out), 10);
	assert_int_equal(ask(f, 0, 255, (const uint8_t *)"\x03\0\0\0\x04", 5, out), 2);
}

static void
test_value_moves_towards_what_it_follows(void **state)
{
	struct fixture *f = *state;

	twin_step(f->t, 0);
	/* A master writes 120 degC, CDAB. */
	EXPECT(f, 3, "\x10\0\x02\0\x02\x04\0\0\x42\xf0", "\x10\0\x02\0\x02");
	assert_float_equal(twin_value(f->t, SP), 120, 0);
	for (int64_t i = 1; i <= 200; i++) /* one time constant: 63.2 % of the way */
		twin_step(f->t, i * 50 * NS_PER_MS);
	assert_float_equal(twin_value(f->t, PV), 83.2, 0.06);
	/* The size of the steps does not matter. */
	twin_step(f->t, 1000 * NS_PER_S);
	assert_float_equal(twin_value(f->t, PV), 120, 0.06);
	assert_float_equal(twin_value(f->t, SP), 120, 0);
}

static void
test_writes_change_what_lies_there(void **state)
{
	struct fixture *f = *state;

	EXPECT(f, 3, "\x05\0\x07\xff\0", "\x05\0\x07\xff\0");
	assert_float_equal(twin_value(f->t, VALVE), 1, 0);
	EXPECT(f, 3, "\x06\0\x05\0\x08", "\x06\0\x05\0\x08");
	assert_float_equal(twin_value(f->t, BIT3), 1, 0);
	assert_float_equal(twin_value(f->t, BIT0), 0, 0);
	/* mask write: bit 0 on, the others as they were */
	EXPECT(f, 3, "\x16\0\x05\xff\xfe\0\x01", "\x16\0\x05\xff\xfe\0\x01");
	EXPECT(f, 3, "\x03\0\x05\0\x01", "\x03\x02\0\x09");
	/* read and write in one: the write comes first */
	EXPECT(f, 3, "\x17\0\x04\0\x01\0\x04\0\x01\x02\xab\xcd", "\x17\x02\xab\xcd");
	/* 64 bits stay exact */
	EXPECT(f, 9, "\x10\0\0\0\x04\x08\x01\x23\x45\x67\x89\xab\xcd\xef", "\x10\0\0\0\x04");
	EXPECT(f, 9, "\x03\0\0\0\x04", "\x03\x08\x01\x23\x45\x67\x89\xab\xcd\xef");
	/* written here, read there */
	EXPECT(f, 9, "\x06\0\x64\x03\xe8", "\x06\0\x64\x03\xe8");
	EXPECT(f, 9, "\x04\0\0\0\x01", "\x04\x02\x03\xe8");
	/* what was written stays when time goes on */
	twin_step(f->t, 0);
	twin_step(f->t, NS_PER_S);
	EXPECT(f, 3, "\x03\0\x05\0\x01", "\x03\x02\0\x09");
}

static void
test_inputs_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	double before = twin_value(f->t, PV);

	EXPECT(f, 3, "\x06\0\x01\0\x01", "\x86\x02"); /* there is no holding register 1 */
	assert_float_equal(twin_value(f->t, PV), before, 0);
}

static void
test_numbers_stay_within_their_type(void **state)
{
	struct fixture *f = *state;

	twin_set(f->t, PV, 1e9);
	EXPECT(f, 3, "\x04\0\x01\0\x01", "\x04\x02\x7f\xff");
	twin_set(f->t, PV, -1e9);
	EXPECT(f, 3, "\x04\0\x01\0\x01", "\x04\x02\x80\0");
	twin_set(f->t, WORD, -1);
	EXPECT(f, 3, "\x03\0\x04\0\x01", "\x03\x02\0\0");
	twin_set(f->t, WORD, (double)NAN);
	EXPECT(f, 3, "\x03\0\x04\0\x01", "\x03\x02\0\0");
	twin_set(f->t, BIG, 1e30);
	EXPECT(f, 9, "\x03\0\0\0\x04", "\x03\x08\xff\xff\xff\xff\xff\xff\xff\xff");
}

static void
test_noise_has_its_width_and_its_seed(void **state)
{
	struct fixture *f = *state;
	struct twin *same = twin_new(f->img, 42), *other = twin_new(f->img, 43);
	double sum = 0, squares = 0;
	int n = 4000, differ = 0;

	for (int i = 0; i <= n; i++) {
		double v;

		twin_step(f->t, i * 50 * NS_PER_MS);
		twin_step(same, i * 50 * NS_PER_MS);
		twin_step(other, i * 50 * NS_PER_MS);
		v = twin_value(f->t, OTHER);
		assert_true(i == 0 || memcmp(&v, &(double){ twin_value(same, OTHER) }, 8) == 0);
		differ += i > 0 && fabs(v - twin_value(other, OTHER)) > 0;
		sum += i > 0 ? v - 5 : 0;
		squares += i > 0 ? (v - 5) * (v - 5) : 0;
	}
	assert_true(differ > n / 2);
	assert_float_equal(sum / n, 0, 0.05);
	assert_float_equal(sqrt(squares / n), 0.5, 0.05);
	twin_free(same);
	twin_free(other);
}

static void
test_identification(void **state)
{
	struct fixture *f = *state;

	EXPECT(f, 3, "\x2b\x0e\x01\0",
		"\x2b\x0e\x01\x81\0\0\x03\0\x03"
		"mbc\x01\x04"
		"twin\x02\x01"
		"1");
}

/* Any bytes: no crash, no answer longer than its room, and what exists is still there afterwards. */
static void
test_any_bytes(void **state)
{
	struct fixture *f = *state;
	uint64_t chance = 7;
	uint8_t frame[300], out[260];

	for (int i = 0; i < 200000; i++) {
		size_t n = rand_below(&chance, sizeof(frame) + 1);
		int cut, got;

		for (size_t k = 0; k < n; k++)
			frame[k] = (uint8_t)rand_next(&chance);
		if (n >= 12 && i % 2 == 0) { /* nearly right, to get deeper */
			memcpy(frame, "\0\1\0\0\0", 5);
			frame[5] = (uint8_t)(n < 262 ? n - 6 : 254);
			frame[6] = 3;
			frame[7] = (uint8_t)rand_below(&chance, 25);
			frame[8] = frame[10] = 0;
		}
		cut = twin_cut(f->t, 0, frame, n, WIRE_OPEN);
		assert_true(cut <= (int)n && cut >= -(int)n);
		if (cut <= 0)
			continue;
		got = twin_answer(f->t, 0, frame, (size_t)cut, out, sizeof(out));
		assert_in_range(got, 0, 260);
	}
	assert_int_equal(ask(f, 0, 3, (const uint8_t *)"\x03\0\x14\0\x06", 5, out), 14);
}

/* ---- places that only init: writes ------------------------------------------------------------------------------------ */

static int
setup_presets(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);
	uint32_t io = image_builder_link(b, "io", "127.0.0.1", 1502);

	assert_non_null(f);
	image_builder_instrument(b, "first", "modbus", io, "unit=3", NS_PER_S, NS_PER_S, 1);
	image_builder_preset(b, "holding=46", (union value){ .u = 1 });
	image_builder_preset(b, "coil=9", (union value){ .i = 1 });
	image_builder_preset(b, "holding=2 type=int16", (union value){ .i = 4 });
	image_builder_point(b, "mode", "holding=2 type=int16", 0);
	image_builder_instrument(b, "second", "modbus", io, "unit=4", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "a", "holding=0", 0);
	image_builder_preset(b, "holding=50 type=float32", (union value){ .f = 0.25 });
	image_builder_twin(
		b, &(struct image_twin){ .point = 0, .follows = IMAGE_NONE, .start = 7 });
	f->img = image_builder_done(b);
	f->t = twin_new(f->img, 42);
	*state = f;
	return 0;
}

/* Such a place is there, holds 0, takes what is written and keeps it until it is switched off. */
static void
test_places_of_init(void **state)
{
	struct fixture *f = *state;
	struct err err;

	twin_step(f->t, NS_PER_S);
	EXPECT(f, 3, "\x03\0\x2E\0\x01", "\x03\x02\0\0");
	EXPECT(f, 3, "\x06\0\x2E\0\x01", "\x06\0\x2E\0\x01");
	EXPECT(f, 3, "\x05\0\x09\xFF\0", "\x05\0\x09\xFF\0");
	EXPECT(f, 4, "\x10\0\x32\0\x02\x04\x3E\x80\0\0", "\x10\0\x32\0\x02");
	twin_step(f->t, 5 * NS_PER_S);
	EXPECT(f, 3, "\x03\0\x2E\0\x01", "\x03\x02\0\x01");
	EXPECT(f, 3, "\x01\0\x09\0\x01", "\x01\x01\x01");
	EXPECT(f, 4, "\x03\0\x32\0\x02", "\x03\x04\x3E\x80\0\0");
	/* Its neighbours are not. */
	EXPECT(f, 3, "\x03\0\x2F\0\x01", "\x83\x02");
	EXPECT(f, 4, "\x03\0\x2E\0\x01", "\x83\x02");
	assert_int_equal(fault_orders(f->t, "fault first=restart\n", &err), 0);
	EXPECT(f, 3, "\x03\0\x2E\0\x01", "\x03\x02\0\0");
	EXPECT(f, 3, "\x01\0\x09\0\x01", "\x01\x01\0");
	EXPECT(f, 4, "\x03\0\x32\0\x02", "\x03\x04\x3E\x80\0\0");
}

/* Where a channel is as well, its value stands there until it is written. */
static void
test_place_of_init_with_a_channel(void **state)
{
	struct fixture *f = *state;
	struct err err;

	EXPECT(f, 3, "\x03\0\x02\0\x01", "\x03\x02\0\x07");
	twin_step(f->t, NS_PER_S);
	twin_step(f->t, 2 * NS_PER_S);
	EXPECT(f, 3, "\x03\0\x02\0\x01", "\x03\x02\0\x07");
	EXPECT(f, 3, "\x06\0\x02\0\x04", "\x06\0\x02\0\x04");
	twin_step(f->t, 3 * NS_PER_S);
	assert_float_equal(twin_value(f->t, 0), 4, 0);
	assert_int_equal(fault_orders(f->t, "fault first=restart\n", &err), 0);
	EXPECT(f, 3, "\x03\0\x02\0\x01", "\x03\x02\0\x07");
}

/* ---- lines ----------------------------------------------------------------------------------------------------------- */

/* A serial line with two devices, one behind a TCP port, and one where the codec alone says so. */
static struct image *
lines_image(void)
{
	const struct image_link serial = { .kind = LINK_SERIAL,
		.is_line = 1,
		.line = { .baud = 19200, .bits = 8, .parity = 'E', .stop = 1 } };
	const struct image_link behind = { .kind = LINK_TCP, .is_line = 1 };
	struct image_builder *b = image_builder_new("lines", 100 * NS_PER_MS);
	uint32_t line = image_builder_link(b, "line", "/tmp/bench/line", 0), rtu, tcp;

	image_builder_wire(b, line, &serial);
	rtu = image_builder_link(b, "rtu", "127.0.0.1", 1502);
	image_builder_wire(b, rtu, &behind);
	tcp = image_builder_link(b, "tcp", "127.0.0.1", 1503);
	image_builder_instrument(b, "one", "modbus-rtu", line, "unit=1", NS_PER_S, NS_PER_S, 1);
	image_builder_write(b, image_builder_point(b, "a", "holding=10", 0), "holding=10");
	image_builder_instrument(b, "two", "modbus-rtu", line, "unit=2", NS_PER_S, NS_PER_S, 1);
	image_builder_write(b, image_builder_point(b, "b", "holding=10", 0), "holding=10");
	image_builder_instrument(b, "three", "modbus-rtu", rtu, "unit=3", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "c", "holding=10", 0);
	image_builder_instrument(b, "four", "modbus-rtu", tcp, "unit=4", NS_PER_S, NS_PER_S, 1);
	image_builder_point(b, "d", "holding=10", 0);
	return image_builder_done(b);
}

/* A request of n bytes, whose CRC is put behind it; returns the answer's length, its CRC checked. */
static int
ask_line(struct twin *t, uint32_t link, const char *request, size_t n, uint8_t *out)
{
	uint8_t frame[64];
	int got;

	memcpy(frame, request, n);
	damage_rtu.seal(frame, n + 2);
	assert_int_equal(twin_cut(t, link, frame, n + 2, WIRE_OPEN), CUT_FRAME(n + 2));
	got = twin_answer(t, link, frame, n + 2, out, 260);
	if (got > 0)
		assert_int_equal(modbus_crc(out, (size_t)got), 0);
	return got;
}

#define ASK_LINE(t, link, request, out) ask_line(t, link, request, sizeof(request) - 1, out)

static void
test_lines_are_played(void **state)
{
	struct image *img = lines_image();
	struct twin *t = twin_new(img, 1);
	uint8_t out[260];

	for (uint32_t link = 0; link < 3; link++)
		assert_true(twin_is_rtu(img, link));
	assert_int_equal(twin_instruments(img, 0), 2);
	twin_set(t, 0, 0x1234);
	assert_int_equal(ASK_LINE(t, 0, "\x01\x03\0\x0a\0\x01", out), 7);
	assert_memory_equal(out, "\x01\x03\x02\x12\x34", 5);
	assert_int_equal(ASK_LINE(t, 1, "\x03\x03\0\x0a\0\x01", out), 7);
	assert_int_equal(ASK_LINE(t, 2, "\x04\x03\0\x0a\0\x01", out), 7);
	/* What it does not have it refuses; whom it does not have is silent, as is the number that stands for nobody. */
	assert_int_equal(ASK_LINE(t, 0, "\x01\x03\0\x0b\0\x01", out), 5);
	assert_memory_equal(out, "\x01\x83\x02", 3);
	assert_int_equal(ASK_LINE(t, 0, "\x03\x03\0\x0a\0\x01", out), 0);
	assert_int_equal(ASK_LINE(t, 1, "\xff\x03\0\x0a\0\x01", out), 0);
	assert_int_equal(ASK_LINE(t, 1, "\0\x03\0\x0a\0\x01", out), 0);
	twin_free(t);
	free(img);
}

/* A write to all is done by all, and nobody answers. */
static void
test_line_broadcast(void **state)
{
	struct image *img = lines_image();
	struct twin *t = twin_new(img, 1);
	uint8_t out[260];

	assert_int_equal(ASK_LINE(t, 0, "\0\x06\0\x0a\0\x07", out), 0);
	assert_float_equal(twin_value(t, 0), 7, 0);
	assert_float_equal(twin_value(t, 1), 7, 0);
	assert_float_equal(twin_value(t, 2), 0, 0); /* on another line */
	assert_int_equal(ASK_LINE(t, 0, "\x02\x06\0\x0a\0\x08", out), 8);
	assert_float_equal(twin_value(t, 0), 7, 0);
	assert_float_equal(twin_value(t, 1), 8, 0);
	twin_free(t);
	free(img);
}

/* Bits that fell over: no answer, whatever they are, and the request behind is found. */
static void
test_line_broken_requests(void **state)
{
	struct image *img = lines_image();
	struct twin *t = twin_new(img, 1);
	uint64_t chance = 11;

	for (int i = 0; i < 20000; i++) {
		uint8_t frame[8] = { 1, 3, 0, 10, 0, 1 }, bytes[64], out[260];
		size_t n = 1 + rand_below(&chance, 40), at = 0;
		int cut = 0, answers = 0;

		damage_rtu.seal(frame, sizeof(frame));
		for (size_t k = 0; k < n; k++)
			bytes[k] = (uint8_t)rand_next(&chance);
		memcpy(bytes + n, frame, sizeof(frame));
		frame[rand_below(&chance, 8)] ^= (uint8_t)(1u << rand_below(&chance, 8));
		assert_true(twin_cut(t, 0, frame, sizeof(frame), WIRE_SILENT) < 0);
		assert_int_equal(twin_answer(t, 0, frame, sizeof(frame), out, sizeof(out)), 0);
		for (n += sizeof(frame); at < n; at += (size_t)(cut > 0 ? cut : -cut)) {
			cut = twin_cut(t, 0, bytes + at, n - at, WIRE_SILENT);
			assert_true(cut != 0);
			if (cut > 0)
				answers += twin_answer(t, 0, bytes + at, (size_t)cut, out,
						   sizeof(out)) > 0;
		}
		assert_int_equal(answers, 1);
	}
	twin_free(t);
	free(img);
}

/* ---- the world -------------------------------------------------------------------------------------------------------- */

static int
echo(void *ctx, uint32_t link, const uint8_t *frame, size_t n, int64_t now_ns, uint8_t *out,
	size_t cap)
{
	int *asked = ctx;

	*asked += 1;
	memcpy(out, frame, 7);
	put_u16be(out + 4, 5);
	memcpy(out + 7, "\x03\x02\xbe\xef", 4);
	return 11;
}

static const uint8_t question[] = { 0, 7, 0, 0, 0, 6, 3, 3, 0, 10, 0, 1 };
static const uint8_t reply[] = { 0, 7, 0, 0, 0, 5, 3, 3, 2, 0xbe, 0xef };

struct heard {
	unsigned opened, closed;
	size_t n;
	uint8_t bytes[4096];
};

static struct world *
world_of(int *asked, uint64_t seed)
{
	struct world_setup s = { .n_links = 1,
		.seed = seed,
		.latency_ns = 4 * NS_PER_MS,
		.timeout_ns = NS_PER_S,
		.device = echo,
		.ctx = asked };

	return world_new(&s);
}

static void
listen_until(struct world *w, int64_t until_ns, struct heard *h)
{
	struct world_news news;

	while (world_wake(w) <= until_ns)
		while (world_next(w, world_wake(w), &news)) {
			h->opened += news.kind == WORLD_OPENED;
			h->closed += news.kind == WORLD_CLOSED;
			if (news.kind != WORLD_BYTES)
				continue;
			assert_true(h->n + news.n <= sizeof(h->bytes));
			memcpy(h->bytes + h->n, news.bytes, news.n);
			h->n += news.n;
		}
}

static void
test_world_carries_bytes(void **state)
{
	int asked = 0;
	struct world *w = world_of(&asked, 1);
	struct heard h = { 0 };

	world_send(w, 0, question, sizeof(question), 0); /* not open yet: goes nowhere */
	world_open(w, 0, 0);
	listen_until(w, NS_PER_S, &h);
	assert_int_equal(h.opened, 1);
	world_send(w, 0, question, sizeof(question), NS_PER_S);
	assert_true(world_wake(w) > NS_PER_S && world_wake(w) < NS_PER_S + 4 * NS_PER_MS);
	listen_until(w, 2 * NS_PER_S, &h);
	assert_int_equal(asked, 1);
	assert_int_equal(h.n, sizeof(reply));
	assert_memory_equal(h.bytes, reply, sizeof(reply));
	/* Closing forgets what is under way. */
	world_send(w, 0, question, sizeof(question), 2 * NS_PER_S);
	world_close(w, 0);
	listen_until(w, 9 * NS_PER_S, &h);
	assert_int_equal(h.n, sizeof(reply));
	assert_int_equal(h.closed, 0);
	assert_true(world_wake(w) == NEVER);
	world_free(w);
}

/* Every fault of single exchanges does something, and what remains right stays whole and in order. */
static void
test_world_faults_of_exchanges(void **state)
{
	for (int fault = 0; fault < WORLD_DEAD; fault++) {
		int asked = 0, changed = 0;

		if (fault == WORLD_WRONG_CRC || fault == WORLD_NOISE)
			continue; /* of lines */

		for (uint64_t seed = 1; seed <= 20; seed++) {
			struct world *w = world_of(&asked, seed);
			struct heard h = { 0 };

			world_open(w, 0, 0);
			listen_until(w, NS_PER_S, &h);
			world_rate(w, (enum world_fault)fault, 1);
			world_send(w, 0, question, sizeof(question), NS_PER_S);
			world_send(w, 0, question, sizeof(question), NS_PER_S);
			listen_until(w, NS_PER_S + 20 * NS_PER_MS, &h);
			changed += h.n != 2 * sizeof(reply) ||
				   memcmp(h.bytes, reply, sizeof(reply)) != 0 ||
				   memcmp(h.bytes + sizeof(reply), reply, sizeof(reply)) != 0;
			listen_until(w, 20 * NS_PER_S, &h);
			assert_true(world_faults(w, 0, (enum world_fault)fault) > 0);
			if (fault == WORLD_SPLIT || fault == WORLD_LATE || fault == WORLD_MERGED) {
				assert_int_equal(h.n, 2 * sizeof(reply));
				assert_memory_equal(h.bytes, reply, sizeof(reply));
				assert_memory_equal(h.bytes + sizeof(reply), reply, sizeof(reply));
			}
			if (fault == WORLD_DOUBLED)
				assert_int_equal(h.n, 4 * sizeof(reply));
			world_free(w);
		}
		if (fault != WORLD_SPLIT)
			assert_true(changed >= 15);
	}
}

/* An answer that is wrong in some way never looks right: only then may its values be anything. */
static void
test_damage_can_be_noticed(void **state)
{
	static const enum world_fault faults[] = { WORLD_GARBLED, WORLD_WRONG_TAG, WORLD_WRONG_UNIT,
		WORLD_WRONG_FUNCTION, WORLD_WRONG_COUNT, WORLD_BUSY, WORLD_FAILED };
	uint64_t chance = 1;

	for (int i = 0; i < 20000; i++) {
		uint8_t frame[sizeof(reply) + DAMAGE_ROOM];
		bool mute;
		size_t n;

		memcpy(frame, reply, sizeof(reply));
		n = damage_answer(&damage_mbap, faults[i % NELEM(faults)], i % 3 == 0 ? 7 : 5,
			frame, sizeof(reply), &chance, &mute);
		assert_in_range(n, 1, sizeof(frame));
		assert_false(n == sizeof(reply) && memcmp(frame, reply, 9) == 0);
	}
}

static void
test_world_disturbances(void **state)
{
	int asked = 0;
	struct world *w = world_of(&asked, 3);
	struct heard h = { 0 };

	world_disturb(w, WORLD_REFUSED, 0, 0, 0, 0, NS_PER_S);
	world_open(w, 0, 0);
	listen_until(w, 2 * NS_PER_S, &h);
	assert_int_equal(h.closed, 1);
	world_open(w, 0, 2 * NS_PER_S);
	listen_until(w, 3 * NS_PER_S, &h);
	assert_int_equal(h.opened, 1);
	/* a dead unit is silent, its gateway says so, a register is refused: each until its time */
	world_disturb(w, WORLD_DEAD, 0, 3, 0, 3 * NS_PER_S, 4 * NS_PER_S);
	world_disturb(w, WORLD_GATEWAY, 0, 3, 0, 3 * NS_PER_S, 5 * NS_PER_S);
	world_disturb(w, WORLD_BAD_REGISTER, 0, 3, 3u << 16 | 10, 3 * NS_PER_S, 6 * NS_PER_S);
	world_send(w, 0, question, sizeof(question), 3 * NS_PER_S);
	listen_until(w, 4 * NS_PER_S, &h);
	assert_int_equal(h.n, 0);
	for (int64_t t = 4; t <= 6; t++) {
		static const uint8_t last[] = { 11, 2, 0xef };

		world_send(w, 0, question, sizeof(question), t * NS_PER_S);
		listen_until(w, (t + 1) * NS_PER_S, &h);
		assert_int_equal(h.bytes[h.n - 1], last[t - 4]);
	}
	world_disturb(w, WORLD_DROPPED, 0, 0, 0, 7 * NS_PER_S, 7 * NS_PER_S);
	listen_until(w, 8 * NS_PER_S, &h);
	assert_int_equal(h.closed, 2);
	world_free(w);
}

int
main(void)
{
#define IN_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_BENCH(test_registers_follow_type_order_and_scale),
		IN_BENCH(test_only_named_registers_exist),
		IN_BENCH(test_links_have_units_of_their_own),
		IN_BENCH(test_value_moves_towards_what_it_follows),
		IN_BENCH(test_writes_change_what_lies_there),
		IN_BENCH(test_inputs_cannot_be_written),
		IN_BENCH(test_numbers_stay_within_their_type),
		IN_BENCH(test_noise_has_its_width_and_its_seed),
		IN_BENCH(test_identification),
		IN_BENCH(test_any_bytes),
		cmocka_unit_test_setup_teardown(test_places_of_init, setup_presets, teardown),
		cmocka_unit_test_setup_teardown(
			test_place_of_init_with_a_channel, setup_presets, teardown),
		cmocka_unit_test(test_lines_are_played),
		cmocka_unit_test(test_line_broadcast),
		cmocka_unit_test(test_line_broken_requests),
		cmocka_unit_test(test_world_carries_bytes),
		cmocka_unit_test(test_world_faults_of_exchanges),
		cmocka_unit_test(test_damage_can_be_noticed),
		cmocka_unit_test(test_world_disturbances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
