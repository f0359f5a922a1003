/* test_modbus_rtu.c - Modbus on serial lines: the check, frames without borders, whose answer it is, the slave's side */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "codec_feed.h"
#include "drivers/modbus_crc.h"
#include "drivers/modbus_master.h"
#include "drivers/modbus_server.h"
#include "drivers/modbus_value.h"

static const struct instrument ins = { .opts.num = { 1, 100, 800, 8, 0, 0 }, .name = "dev" };
static struct feed got;

static struct request
reading(unsigned space, uint32_t address, uint16_t count)
{
	static const uint8_t functions[] = { 1, 2, 4, 3 };

	return (struct request){ .kind = REQUEST_READ,
		.function = functions[space],
		.n = 1,
		.space = (uint16_t)space,
		.count = count,
		.address = address };
}

static struct request
writing(uint8_t function, uint32_t address, uint16_t count, const char *hex)
{
	struct request req = { .kind = REQUEST_WRITE,
		.function = function,
		.n = 1,
		.space = MODBUS_HOLDING,
		.count = count,
		.address = address };

	req.n_write = (uint16_t)feed_hex(hex, req.write, sizeof(req.write));
	return req;
}

static struct instrument
unit(int64_t number)
{
	struct instrument other = ins;

	other.opts.num[MODBUS_OPT_UNIT] = number;
	return other;
}

/* ---- the check ---- */

static void
test_crc(void **state)
{
	static const char *const frames[] = { "01 03 00 01 00 01 D5 CA", "01 83 02 C0 F1",
		"01 06 00 02 03 E8 28 B4", "01 03 00 00 00 02 C4 0B", "01 30 00 34" };
	uint8_t bytes[16];

	assert_int_equal(modbus_crc((const uint8_t *)"123456789", 9), 0x4B37);
	assert_int_equal(modbus_crc(NULL, 0), 0xFFFF);
	for (size_t i = 0; i < NELEM(frames); i++) {
		size_t n = feed_hex(frames[i], bytes, sizeof(bytes));

		assert_int_equal(modbus_crc(bytes, n - 2), get_u16le(bytes + n - 2));
		assert_int_equal(modbus_crc(bytes, n), 0);
	}
}

/* ---- questions ---- */

static void
test_encode(void **state)
{
	const struct {
		int64_t unit;
		struct request req;
		const char *bytes;
	} rows[] = {
		{ 1, reading(MODBUS_HOLDING, 0, 2), "01 03 00 00 00 02 C4 0B" },
		{ 1, reading(MODBUS_HOLDING, 1, 1), "01 03 00 01 00 01 D5 CA" },
		{ 1, reading(MODBUS_HOLDING, 0x8002, 2), "01 03 80 02 00 02 4C 0B" },
		{ 1, reading(MODBUS_HOLDING, 0x2000, 1), "01 03 20 00 00 01 8F CA" },
		{ 1, reading(MODBUS_HOLDING, 0x168, 2), "01 03 01 68 00 02 44 2B" },
		{ 42, reading(MODBUS_HOLDING, 0, 2), "2A 03 00 00 00 02 C2 10" },
		{ 1, writing(MODBUS_WRITE_REGISTER, 2, 1, "03 E8"), "01 06 00 02 03 E8 28 B4" },
		{ 1, writing(MODBUS_WRITE_REGISTER, 0x21, 1, "3E 80"), "01 06 00 21 3E 80 C8 00" },
		{ 42, writing(MODBUS_WRITE_REGISTERS, 6, 2, "41 48 00 00"),
			"2A 10 00 06 00 02 04 41 48 00 00 69 4B" },
	};
	uint8_t want[MODBUS_RTU_MAX], bytes[MODBUS_RTU_MAX];

	for (size_t i = 0; i < NELEM(rows); i++) {
		size_t n = feed_hex(rows[i].bytes, want, sizeof(want));
		struct instrument to = unit(rows[i].unit);

		assert_int_equal(codec_modbus_rtu.encode(
					 &to, &rows[i].req, 9, NULL, bytes, sizeof(bytes), NULL),
			(int)n);
		assert_memory_equal(bytes, want, n);
	}
	assert_int_equal(
		codec_modbus_rtu.encode(&ins, &rows[0].req, 9, NULL, bytes, 8, NULL), ERR_CONF);
}

static void
test_units(void **state)
{
	static const int64_t wrong[] = { 0, 248, 255 };
	struct err err;

	assert_int_equal(codec_modbus_rtu.check(&ins, &err), 0);
	for (size_t i = 0; i < NELEM(wrong); i++) {
		struct instrument other = unit(wrong[i]);

		assert_int_equal(codec_modbus_rtu.check(&other, &err), ERR_CONF);
		assert_int_equal(err.sys, MODBUS_OPT_UNIT);
	}
	assert_true(codec_modbus_rtu.needs_silence && !codec_modbus_rtu.has_tag);
	assert_ptr_equal(codec_modbus.on_line, &codec_modbus_rtu);
}

/* ---- frames ---- */

/* Answers of all functions: the end of each follows from its own bytes. */
static const char *const answers[] = {
	"01 03 02 00 FA 38 07",
	"2A 03 04 41 48 00 00 F5 1B",
	"01 03 04 41 C8 00 00 6F F1",
	"01 03 02 00 FB F9 C7",
	"01 03 04 42 9A 00 00 CE 64",
	"01 03 02 3E 80 A9 84",
	"01 83 02 C0 F1",
	"2A 10 00 06 00 02 A7 D2",
	"01 06 00 02 03 E8 28 B4",
};

static size_t
with_crc(const char *hex, uint8_t *out)
{
	size_t n = feed_hex(hex, out, MODBUS_RTU_MAX - 2);

	put_u16le(out + n, modbus_crc(out, n));
	return n + 2;
}

static void
test_cut_at_every_byte(void **state)
{
	static const char *const others[] = { "01 01 01 05", "01 02 02 05 01", "01 04 02 12 34",
		"01 05 00 00 FF 00", "01 0F 00 00 00 05", "01 16 00 04 00 F2 00 25",
		"01 17 02 12 34", "01 2B 0E 01 01 00 00 03 00 01 41 01 01 42 02 01 43",
		"01 2B 0E 01 01 00 00 00", "01 AB 01" };
	uint8_t bytes[MODBUS_RTU_MAX];

	for (size_t i = 0; i < NELEM(answers); i++)
		feed_waits(
			&codec_modbus_rtu, &ins, bytes, feed_hex(answers[i], bytes, sizeof(bytes)));
	for (size_t i = 0; i < NELEM(others); i++)
		feed_waits(&codec_modbus_rtu, &ins, bytes, with_crc(others[i], bytes));
	bytes[0] = 1;
	bytes[1] = 3;
	bytes[2] = 250;
	memset(bytes + 3, 0x55, 250);
	put_u16le(bytes + 253, modbus_crc(bytes, 253));
	feed_waits(&codec_modbus_rtu, &ins, bytes, 255);
}

/* An answer behind garbage is found, at the latest when the line falls silent. */
static void
test_resync(void **state)
{
	static const char *const garbage[] = { "00", "FF FF", "01", "01 03", "01 03 02 00",
		"01 03 FF", "01 07 02 00 FA 38 07", "01 03 02 00 FA 38 08", "01 03 FE 00",
		"01 2B 0D 01", "01 2B 0E 01 01 00 00 FF", "01 90" };
	uint8_t line[MODBUS_RTU_MAX], good[16];
	size_t n_good = feed_hex(answers[0], good, sizeof(good)), n;

	for (size_t i = 0; i < NELEM(garbage); i++) {
		n = feed_hex(garbage[i], line, sizeof(line));
		feed_all_ways(&codec_modbus_rtu, &ins, line, n, WIRE_SILENT, &got);
		assert_int_equal(got.n_frames, 0);
		memcpy(line + n, good, n_good);
		n += n_good;
		feed_all_ways(&codec_modbus_rtu, &ins, line, n, WIRE_SILENT, &got);
		assert_false(got.is_lost);
		assert_int_equal(got.n_frames, 1);
		assert_memory_equal(got.frame[0], good, n_good);
	}
	n = feed_hex("01 03 02 00 FA 38 07 01 83 02 C0 F1 01 03 02 00", line, sizeof(line));
	feed_all_ways(&codec_modbus_rtu, &ins, line, n, WIRE_CLOSED, &got);
	assert_int_equal(got.n_frames, 2);
}

/* No single wrong byte passes, and answers behind it are found: the first, but where wrong bytes happen to end with the
 * start of it in a sound exception (1 of 65536), then the second. */
static void
test_garbled_at_each_place(void **state)
{
	unsigned n_late = 0;
	uint8_t line[40], good[16];

	for (size_t i = 0; i < NELEM(answers); i++) {
		size_t n = feed_hex(answers[i], good, sizeof(good));

		for (size_t at = 0; at < n; at++)
			for (unsigned wrong = 0; wrong < 256; wrong++) {
				if (good[at] == wrong)
					continue;
				for (int k = 0; k < 3; k++)
					memcpy(line + (size_t)k * n, good, n);
				line[at] = (uint8_t)wrong;
				feed(&codec_modbus_rtu, &ins, line, 3 * n, wrong % 3, WIRE_SILENT,
					&got);
				assert_int_equal(got.n_frames, 2);
				assert_int_equal(got.n[1], n);
				assert_memory_equal(got.frame[1], good, n);
				if (got.n[0] == n && memcmp(got.frame[0], good, n) == 0)
					continue;
				assert_true(got.n[0] == 5 && (got.frame[0][1] & 0x80) != 0);
				n_late++;
			}
	}
	assert_true(n_late <= 2);
}

/* ---- whose answer ---- */

static int
match(int64_t number, const struct request *req, const char *hex)
{
	struct instrument from = unit(number);
	uint8_t bytes[64];
	size_t n = feed_hex(hex, bytes, sizeof(bytes));

	return (int)codec_modbus_rtu.match(&from, req, 1, bytes, n);
}

static void
test_match(void **state)
{
	struct request one = reading(MODBUS_HOLDING, 1, 1), two = reading(MODBUS_HOLDING, 1, 2);
	struct request bits = reading(MODBUS_COIL, 0, 9), input = reading(MODBUS_INPUT, 1, 1);
	struct request set = writing(MODBUS_WRITE_REGISTER, 2, 1, "03 E8");
	struct request many = writing(MODBUS_WRITE_REGISTERS, 6, 2, "41 48 00 00");

	assert_int_equal(match(1, &one, answers[0]), MATCH_CANNOT_TELL);
	assert_int_equal(match(1, NULL, answers[0]), MATCH_NOT_MINE);
	assert_int_equal(match(2, &one, answers[0]), MATCH_NOT_MINE);
	assert_int_equal(match(1, &two, answers[0]), MATCH_NOT_MINE);   /* length */
	assert_int_equal(match(1, &input, answers[0]), MATCH_NOT_MINE); /* function */
	assert_int_equal(match(1, &one, answers[6]), MATCH_CANNOT_TELL);
	assert_int_equal(match(1, &input, answers[6]), MATCH_NOT_MINE);
	assert_int_equal(match(1, &bits, "01 01 02 05 01 7A AC"), MATCH_CANNOT_TELL);
	assert_int_equal(match(1, &bits, "01 01 01 05 91 8B"), MATCH_NOT_MINE);
	assert_int_equal(match(1, &set, answers[8]), MATCH_CANNOT_TELL);
	set.address = 3;
	assert_int_equal(match(1, &set, answers[8]), MATCH_NOT_MINE);
	assert_int_equal(match(42, &many, answers[7]), MATCH_CANNOT_TELL);
	many.address = 7;
	assert_int_equal(match(42, &many, answers[7]), MATCH_NOT_MINE);
	assert_int_equal(match(1, &one, "01 03 02"), MATCH_NOT_MINE);
}

/* What cannot be mistaken: another unit, another function. */
static void
test_alike(void **state)
{
	struct instrument other = unit(2);
	struct request one = reading(MODBUS_HOLDING, 1, 1), two = reading(MODBUS_HOLDING, 50, 2);
	struct request input = reading(MODBUS_INPUT, 1, 1);

	assert_true(codec_modbus_rtu.alike(&ins, &one, &ins, &one));
	assert_true(codec_modbus_rtu.alike(&ins, &one, &ins, &two)); /* an exception of either */
	assert_false(codec_modbus_rtu.alike(&ins, &one, &ins, &input));
	assert_false(codec_modbus_rtu.alike(&ins, &one, &other, &one));
}

static void
test_decode(void **state)
{
	static const struct {
		int64_t unit;
		unsigned answer;
		uint16_t type, count;
		union value v;
	} rows[] = {
		{ 1, 0, MODBUS_INT16, 1, { .i = 250 } },
		{ 42, 1, MODBUS_FLOAT32, 2, { .f = 12.5 } },
		{ 1, 2, MODBUS_FLOAT32, 2, { .f = 25 } },
		{ 1, 3, MODBUS_INT16, 1, { .i = 251 } },
		{ 1, 4, MODBUS_FLOAT32, 2, { .f = 77 } },
		{ 1, 5, MODBUS_UINT16, 1, { .u = 16000 } },
	};
	struct reading r;
	struct err err;
	uint8_t bytes[64];
	size_t n;

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct request req = reading(MODBUS_HOLDING, 0, rows[i].count);
		struct readings out = { .at = &r, .cap = 1 };
		struct instrument from = unit(rows[i].unit);
		struct point pt = { .space = MODBUS_HOLDING,
			.type = rows[i].type,
			.count = rows[i].count,
			.bit = CODEC_BIT_NONE };

		n = feed_hex(answers[rows[i].answer], bytes, sizeof(bytes));
		assert_int_equal(
			codec_modbus_rtu.decode(&from, &req, &pt, bytes, n, NULL, &out, NULL), 0);
		assert_true(out.n == 1 && r.quality == Q_GOOD && r.v.u == rows[i].v.u);
	}
	struct request req = reading(MODBUS_HOLDING, 0x7FFF, 1);
	struct readings out = { .at = &r, .cap = 1 };

	n = feed_hex(answers[6], bytes, sizeof(bytes));
	assert_int_equal(codec_modbus_rtu.decode(&ins, &req, NULL, bytes, n, NULL, &out, &err),
		DECODE_REFUSED);
	assert_int_equal(err.sys, MODBUS_ILLEGAL_ADDRESS);
}

/* ---- the slave ---- */

static uint16_t memory[10];
static unsigned n_reads, n_writes;

static int
slave_read(void *ctx, unsigned u, unsigned space, uint32_t address, uint32_t count, uint16_t *out)
{
	n_reads++;
	if (address + count > NELEM(memory))
		return MODBUS_ILLEGAL_ADDRESS;
	memcpy(out, memory + address, count * sizeof(*out));
	return 0;
}

static int
slave_write(
	void *ctx, unsigned u, unsigned space, uint32_t address, uint32_t count, const uint16_t *in)
{
	n_writes++;
	if (address + count > NELEM(memory))
		return MODBUS_ILLEGAL_ADDRESS;
	memcpy(memory + address, in, count * sizeof(*in));
	return 0;
}

static const struct modbus_server slave = { NULL, slave_read, slave_write, "Acme", "GW1", "1.2.0" };

static void
assert_slave_says(const char *question, const char *answer)
{
	uint8_t in[MODBUS_RTU_MAX], want[MODBUS_RTU_MAX], out[MODBUS_RTU_MAX];
	size_t n = feed_hex(question, in, sizeof(in)),
	       n_want = feed_hex(answer, want, sizeof(want));

	assert_int_equal(modbus_server_rtu_answer(&slave, in, n, out, sizeof(out)), (int)n_want);
	assert_memory_equal(out, want, n_want);
}

static void
test_slave_answers(void **state)
{
	memset(memory, 0, sizeof(memory));
	memory[1] = 250;
	assert_slave_says("01 03 00 01 00 01 D5 CA", "01 03 02 00 FA 38 07");
	assert_slave_says("01 03 7F FF 00 01 AD EE", "01 83 02 C0 F1");
	assert_slave_says("01 06 00 02 03 E8 28 B4", "01 06 00 02 03 E8 28 B4");
	assert_int_equal(memory[2], 1000);
	assert_slave_says("2A 10 00 06 00 02 04 41 48 00 00 69 4B", "2A 10 00 06 00 02 A7 D2");
	assert_int_equal(memory[6], 0x4148);
}

static void
test_slave_is_silent(void **state)
{
	uint8_t in[MODBUS_RTU_MAX], out[MODBUS_RTU_MAX];
	size_t n = with_crc("01 06 00 02 03 E9", in);

	memory[2] = 7;
	n_reads = n_writes = 0;
	for (size_t at = 0; at < n; at++) { /* a wrong check: nothing is said, nothing is done */
		in[at] ^= 0x10;
		assert_int_equal(modbus_server_rtu_answer(&slave, in, n, out, sizeof(out)), 0);
		in[at] ^= 0x10;
	}
	for (size_t k = 0; k < n; k++)
		assert_int_equal(modbus_server_rtu_answer(&slave, in, k, out, sizeof(out)), 0);
	assert_int_equal(modbus_server_rtu_answer(&slave, in, n, out, MODBUS_RTU_MAX - 1), 0);
	assert_int_equal(n_writes, 0);
	assert_int_equal(memory[2], 7);
	n = with_crc("00 06 00 02 03 E9", in); /* to all: done, and nobody answers */
	assert_int_equal(modbus_server_rtu_answer(&slave, in, n, out, sizeof(out)), 0);
	assert_int_equal(memory[2], 0x3E9);
	n = with_crc("00 06 FF 02 03 E9", in);
	assert_int_equal(modbus_server_rtu_answer(&slave, in, n, out, sizeof(out)), 0);
}

static void
test_slave_finds_its_questions(void **state)
{
	static const char *const questions[] = { "01 03 00 01 00 01", "01 05 00 00 FF 00",
		"01 0F 00 00 00 09 02 FF 01", "01 10 00 06 00 01 02 41 48",
		"01 16 00 04 00 F2 00 25", "01 17 00 00 00 01 00 01 00 01 02 12 34",
		"01 2B 0E 01 00" };
	uint8_t line[64];

	for (size_t i = 0; i < NELEM(questions); i++) {
		size_t n = with_crc(questions[i], line);

		for (size_t k = 0; k < n; k++)
			assert_int_equal(modbus_server_rtu_cut(line, k, WIRE_OPEN), CUT_MORE);
		assert_int_equal(modbus_server_rtu_cut(line, n, WIRE_OPEN), (int)n);
		assert_int_equal(modbus_server_rtu_cut(line, n - 1, WIRE_SILENT), CUT_SKIP(1));
		memmove(line + 1, line, n);
		line[0] = 0xFF; /* a byte before it */
		assert_int_equal(modbus_server_rtu_cut(line, n + 1, WIRE_SILENT), CUT_SKIP(1));
		line[n] ^= 1; /* a wrong check */
		assert_int_equal(modbus_server_rtu_cut(line + 1, n, WIRE_OPEN), CUT_SKIP(1));
	}
	line[1] = 0x55; /* an unknown function */
	assert_int_equal(modbus_server_rtu_cut(line, 8, WIRE_OPEN), CUT_SKIP(1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_resync),
		cmocka_unit_test(test_garbled_at_each_place),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_slave_answers),
		cmocka_unit_test(test_slave_is_silent),
		cmocka_unit_test(test_slave_finds_its_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
