/* test_modbus.c - the bytes of Modbus: values, the master's side, the slave's side, and both against each other */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "drivers/modbus_master.h"
#include "drivers/modbus_server.h"
#include "drivers/modbus_value.h"

static const struct instrument ins = { .opts.num = { 1, 100, 800, 8, 0, 0 }, .name = "dev" };

/* ---- a slave of 100 words a table ---- */

static uint16_t memory[MODBUS_SPACES][100];

static int
slave_read(
	void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count, uint16_t *out)
{
	if (address + count > 100)
		return MODBUS_ILLEGAL_ADDRESS;
	memcpy(out, memory[space] + address, count * sizeof(*out));
	return 0;
}

static int
slave_write(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count,
	const uint16_t *in)
{
	if (address + count > 100)
		return MODBUS_ILLEGAL_ADDRESS;
	memcpy(memory[space] + address, in, count * sizeof(*in));
	return 0;
}

static const struct modbus_server slave = { NULL, slave_read, slave_write, "Acme", "GW1", "1.2.0" };

/* What the slave answers to a PDU: the answer's PDU is in out + 7. */
static int
ask(const uint8_t *pdu, size_t n, uint8_t out[MODBUS_ADU_MAX])
{
	uint8_t frame[MODBUS_ADU_MAX] = { 0, 2, 0, 0, 0, (uint8_t)(n + 1), 1 };

	memcpy(frame + MODBUS_HEAD, pdu, n);
	return modbus_server_answer(&slave, frame, MODBUS_HEAD + n, out, MODBUS_ADU_MAX);
}

#define ASK(out, ...)                                                                              \
	ask((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), out)

/* ---- values ---- */

static void
test_orders(void **state)
{
	static const uint16_t wire[4][2] = { { 0x42f6, 0xe979 }, { 0xe979, 0x42f6 },
		{ 0xf642, 0x79e9 }, { 0x79e9, 0xf642 } };

	for (uint8_t order = MODBUS_ABCD; order <= MODBUS_DCBA; order++) {
		struct point pt = {
			.type = MODBUS_FLOAT32, .count = 2, .order = order, .bit = CODEC_BIT_NONE
		};
		union value v;
		uint16_t back[2];

		assert_int_equal(modbus_value_get(&pt, wire[order], &v), Q_GOOD);
		assert_true(v.f == (double)123.456f);
		assert_int_equal(modbus_value_put(&pt, v, NULL, back), 0);
		assert_memory_equal(back, wire[order], sizeof(back));
	}
}

/* encode(decode(x)) = x for all types and orders, wherever x is a number at all. */
static void
test_every_type_and_order_comes_back(void **state)
{
	uint64_t seed = 1;
	unsigned n_good[MODBUS_TYPES] = { 0 };

	for (unsigned round = 0; round < 40000; round++) {
		unsigned type = round % MODBUS_TYPES;
		struct point pt = { .type = (uint16_t)type,
			.order = round / MODBUS_TYPES % 4,
			.count = (uint16_t)modbus_type_words(type),
			.bit = type == MODBUS_BOOL ? round % 16 : CODEC_BIT_NONE };
		uint16_t in[4], back[4];
		union value v;

		if (type == MODBUS_STRING)
			continue;
		for (int i = 0; i < 4; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			back[i] = in[i] = (uint16_t)(seed >> 40);
			if (type == MODBUS_BCD16 || type == MODBUS_BCD32)
				back[i] = in[i] &= 0x7777;
		}
		if (modbus_value_get(&pt, in, &v) != Q_GOOD)
			continue;
		n_good[type]++;
		if (type != MODBUS_BOOL)
			memset(back, 0, sizeof(back));
		assert_int_equal(modbus_value_put(&pt, v, NULL, back), 0);
		assert_memory_equal(back, in, 2u * pt.count);
	}
	for (unsigned type = 0; type < MODBUS_TYPES; type++)
		assert_true(type == MODBUS_STRING || n_good[type] > 1000);
}

static void
test_values_that_do_not_fit(void **state)
{
	static const struct {
		uint16_t type;
		union value v;
	} bad[] = { { MODBUS_UINT16, { .u = 65536 } }, { MODBUS_INT16, { .i = 32768 } },
		{ MODBUS_INT16, { .i = -32769 } }, { MODBUS_UINT32, { .u = 1ull << 32 } },
		{ MODBUS_INT32, { .i = 1ll << 31 } }, { MODBUS_BCD16, { .u = 10000 } },
		{ MODBUS_BCD32, { .u = 100000000 } }, { MODBUS_FLOAT32, { .f = 1e39 } } };
	static const uint16_t nan[] = { 0x7FC0, 0 }, letters[] = { 0x12A4 };
	union value v;

	for (size_t i = 0; i < NELEM(bad); i++) {
		struct point pt = { .type = bad[i].type,
			.bit = CODEC_BIT_NONE,
			.count = (uint16_t)modbus_type_words(bad[i].type) };
		uint16_t words[4] = { 7, 7, 7, 7 };

		assert_int_equal(modbus_value_put(&pt, bad[i].v, NULL, words), ERR_CONF);
		assert_int_equal(words[0], 7);
	}
	assert_int_equal(
		modbus_value_get(&(struct point){ .type = MODBUS_FLOAT32, .count = 2 }, nan, &v),
		Q_NOT_A_NUMBER);
	assert_int_equal(
		modbus_value_get(&(struct point){ .type = MODBUS_BCD16, .count = 1 }, letters, &v),
		Q_NOT_A_NUMBER);
}

static void
test_strings(void **state)
{
	static const uint16_t padded[] = { 0x4142, 0x4320, 0x2000 }, wild[] = { 0x41FF, 0x0742 };
	struct point pt = { .type = MODBUS_STRING, .count = 3 };
	uint16_t words[32], swapped[1] = { 0x4241 };
	char text[VALUE_TEXT_MAX + 1];

	assert_int_equal(modbus_text_get(&pt, padded, text), Q_GOOD);
	assert_string_equal(text, "ABC");
	pt.count = 2;
	assert_int_equal(modbus_text_get(&pt, wild, text), Q_GOOD);
	assert_string_equal(text, "A??B");
	assert_int_equal(modbus_value_put(&pt, (union value){ 0 }, "abcde", words), ERR_CONF);
	assert_int_equal(modbus_value_put(&pt, (union value){ 0 }, "abc", words), 0);
	assert_int_equal(words[1], 0x6300);
	pt.count = 1;
	pt.order = MODBUS_BADC;
	assert_int_equal(modbus_text_get(&pt, swapped, text), Q_GOOD);
	assert_string_equal(text, "AB");
	pt.count = 32;
	for (int i = 0; i < 32; i++)
		words[i] = 0x7878;
	assert_int_equal(modbus_text_get(&pt, words, text), Q_TEXT_CUT);
	assert_int_equal(strlen(text), VALUE_TEXT_MAX);
}

/* ---- the master ---- */

static const uint8_t answer[] = { 0, 7, 0, 0, 0, 5, 1, 3, 2, 0, 0xFA };
static const struct point one_word = { .space = MODBUS_HOLDING,
	.count = 1,
	.bit = CODEC_BIT_NONE,
	.value = VALUE_UINT,
	.write_space = -1 };
static const struct request read_one = { .kind = REQUEST_READ,
	.function = MODBUS_READ_HOLDING,
	.n = 1,
	.space = MODBUS_HOLDING,
	.count = 1 };

/* All that stands between bytes and a value; 0 when they were taken. */
static int
take(const struct request *req, const struct point *pts, const uint8_t *in, size_t n,
	struct reading *r, struct vars *vars)
{
	struct readings out = { .at = r, .cap = 1 };
	int cut = codec_modbus.cut(&ins, NULL, in, n, WIRE_OPEN);

	if (cut <= 0 || (size_t)cut != n)
		return 1;
	if (codec_modbus.match(&ins, req, 7, in, n) != MATCH_MINE)
		return 2;
	return codec_modbus.decode(&ins, req, pts, in, n, vars, &out, NULL);
}

static void
test_cut_waits_at_every_byte(void **state)
{
	uint8_t two[2 * sizeof(answer)];

	for (size_t n = 0; n < sizeof(answer); n++) {
		assert_int_equal(modbus_tcp_cut(NULL, NULL, answer, n, WIRE_OPEN), CUT_MORE);
		assert_int_equal(modbus_tcp_cut(NULL, NULL, answer, n, WIRE_CLOSED), CUT_SKIP(n));
	}
	memcpy(two, answer, sizeof(answer));
	memcpy(two + sizeof(answer), answer, sizeof(answer));
	assert_int_equal(modbus_tcp_cut(NULL, NULL, two, sizeof(two), WIRE_OPEN), CUT_FRAME(11));
}

static void
test_no_garbled_head_is_taken(void **state)
{
	struct vars vars = { 0 };
	struct reading r;

	assert_int_equal(take(&read_one, &one_word, answer, sizeof(answer), &r, &vars), 0);
	assert_int_equal(r.quality, Q_GOOD);
	assert_int_equal(r.v.u, 250);
	for (size_t at = 0; at < 9; at++)
		for (unsigned with = 1; with < 256; with++) {
			uint8_t bad[sizeof(answer)];

			memcpy(bad, answer, sizeof(bad));
			bad[at] ^= (uint8_t)with;
			assert_int_not_equal(
				take(&read_one, &one_word, bad, sizeof(bad), &r, &vars), 0);
		}
}

static void
test_exceptions(void **state)
{
	static const struct {
		uint8_t code;
		int rc;
		enum quality quality;
	} all[] = { { 1, 0, Q_BAD_FUNCTION }, { 2, DECODE_REFUSED, 0 }, { 3, DECODE_REFUSED, 0 },
		{ 4, DECODE_REFUSED, 0 }, { 5, DECODE_LATER, 0 }, { 6, DECODE_LATER, 0 },
		{ 8, DECODE_REFUSED, 0 }, { 10, 0, Q_GATEWAY_PATH }, { 11, DECODE_SILENT, 0 } };

	for (size_t i = 0; i < NELEM(all); i++) {
		uint8_t frame[] = { 0, 7, 0, 0, 0, 3, 1, 0x83, all[i].code };
		struct vars vars = { 0 };
		struct reading r = { 0 };

		assert_int_equal(
			take(&read_one, &one_word, frame, sizeof(frame), &r, &vars), all[i].rc);
		if (all[i].rc == 0) {
			assert_int_equal(r.quality, all[i].quality);
			assert_int_equal(r.code, all[i].code);
		}
	}
}

static void
test_identity(void **state)
{
	static const uint8_t asked[] = { 0, 7, 0, 0, 0, 5, 1, 0x2b, 0x0e, 1, 0 };
	uint8_t out[MODBUS_ADU_MAX], told[MODBUS_ADU_MAX];
	struct request req, more;
	struct vars vars = { 0 };
	int n;

	assert_int_equal(codec_modbus.identify(&ins, &req), 1);
	assert_int_equal(codec_modbus.encode(&ins, &req, 7, &vars, out, sizeof(out), NULL), 11);
	assert_memory_equal(out, asked, sizeof(asked));
	n = modbus_server_answer(&slave, out, 11, told, sizeof(told));
	assert_true(n > 0);
	assert_int_equal(take(&req, NULL, told, (size_t)n, NULL, &vars), 0);
	assert_string_equal(vars.identity, "Acme GW1 1.2.0");
	assert_int_equal(codec_modbus.next(&ins, &req, 0, &vars, &more), 0);
	told[11] = 0xFF; /* more follows, from object 2 */
	told[12] = 2;
	assert_int_equal(take(&req, NULL, told, (size_t)n, NULL, &vars), 0);
	assert_int_equal(codec_modbus.next(&ins, &req, 0, &vars, &more), 1);
	assert_int_equal(more.address, 2);
	/* A refusal in the middle ends it. */
	assert_int_equal(take(&more, NULL, (const uint8_t[]){ 0, 7, 0, 0, 0, 3, 1, 0xAB, 4 }, 9,
				 NULL, &vars),
		0);
	assert_int_equal(codec_modbus.next(&ins, &more, 1, &vars, &req), 0);
	/* A device that does not know the function has refused: it is not asked again. */
	assert_int_equal(take(&more, NULL, (const uint8_t[]){ 0, 7, 0, 0, 0, 3, 1, 0xAB, 1 }, 9,
				 NULL, &vars),
		DECODE_REFUSED);
}

/* A value written through the bytes must stand in the slave, by every function that writes. */
static void
test_writes_reach_the_slave(void **state)
{
	static const struct {
		int64_t write_with, coil_with;
		struct point pt;
		int64_t v;
		uint8_t function;
		uint16_t before, after;
	} all[] = {
		{ 0, 0,
			{ .type = MODBUS_UINT16,
				.count = 1,
				.bit = CODEC_BIT_NONE,
				.write_space = MODBUS_HOLDING },
			4711, 6, 0, 4711 },
		{ 1, 0,
			{ .type = MODBUS_UINT16,
				.count = 1,
				.bit = CODEC_BIT_NONE,
				.write_space = MODBUS_HOLDING },
			4712, 16, 0, 4712 },
		{ 2, 0,
			{ .type = MODBUS_UINT16,
				.count = 1,
				.bit = CODEC_BIT_NONE,
				.write_space = MODBUS_HOLDING },
			4713, 23, 0, 4713 },
		{ 0, 0,
			{ .type = MODBUS_INT32,
				.count = 2,
				.bit = CODEC_BIT_NONE,
				.write_space = MODBUS_HOLDING },
			-2, 16, 0, 0xFFFF },
		{ 0, 0,
			{ .type = MODBUS_BOOL,
				.count = 1,
				.bit = 3,
				.write_space = MODBUS_HOLDING },
			1, 22, 0x8001, 0x8009 },
		{ 0, 0,
			{ .type = MODBUS_BOOL,
				.count = 1,
				.bit = 0,
				.write_space = MODBUS_HOLDING },
			0, 22, 0x8001, 0x8000 },
		{ 0, 0,
			{ .type = MODBUS_BOOL,
				.count = 1,
				.bit = 0,
				.order = MODBUS_BADC,
				.write_space = MODBUS_HOLDING },
			1, 22, 0, 0x0100 },
		{ 0, 0,
			{ .type = MODBUS_BOOL,
				.count = 1,
				.bit = CODEC_BIT_NONE,
				.write_space = MODBUS_COIL },
			1, 5, 0, 1 },
		{ 0, 1,
			{ .type = MODBUS_BOOL,
				.count = 1,
				.bit = CODEC_BIT_NONE,
				.write_space = MODBUS_COIL },
			1, 15, 0, 1 },
	};

	for (size_t i = 0; i < NELEM(all); i++) {
		struct instrument dev = ins;
		struct point pt = all[i].pt;
		struct request req;
		struct vars vars = { 0 };
		struct reading r = { .quality = Q_COUNT };
		uint8_t out[MODBUS_ADU_MAX], told[MODBUS_ADU_MAX];
		int n;

		dev.opts.num[MODBUS_OPT_WRITE_WITH] = all[i].write_with;
		dev.opts.num[MODBUS_OPT_COIL_WITH] = all[i].coil_with;
		pt.write_address = 20;
		memory[pt.write_space][20] = all[i].before;
		assert_int_equal(codec_modbus.write(&dev, &pt, (union value){ .i = all[i].v }, NULL,
					 NULL, &req, NULL),
			0);
		assert_int_equal(req.function, all[i].function);
		n = codec_modbus.encode(&dev, &req, 7, &vars, out, sizeof(out), NULL);
		n = modbus_server_answer(&slave, out, (size_t)n, told, sizeof(told));
		assert_int_equal(memory[pt.write_space][20], all[i].after);
		assert_int_equal(take(&req, &pt, told, (size_t)n, &r, &vars), 0);
		assert_int_equal(r.quality, Q_GOOD);
		told[n - 1] ^= 1; /* an echo of something else */
		assert_int_equal(take(&req, &pt, told, (size_t)n, &r, &vars), DECODE_BAD);
	}
}

/* ---- the slave ---- */

static void
test_slave_refuses_in_order(void **state)
{
	uint8_t out[MODBUS_ADU_MAX];

	assert_int_equal(ASK(out, 99, 0), 9); /* an unknown function */
	assert_int_equal(out[7] << 8 | out[8], 99 << 8 | 0x8000 | 1);
	ASK(out, 3, 0xFF, 0xFF, 0, 0); /* quantity before address */
	assert_int_equal(out[8], 3);
	ASK(out, 3, 0, 0, 0, 126);
	assert_int_equal(out[8], 3);
	ASK(out, 3, 0xFF, 0xFF, 0, 2); /* beyond 65535 */
	assert_int_equal(out[8], 2);
	ASK(out, 3, 0, 99, 0, 2);
	assert_int_equal(out[8], 2);
	ASK(out, 5, 0, 200, 1, 0); /* value before address */
	assert_int_equal(out[8], 3);
	ASK(out, 16, 0, 1, 0, 2, 3, 0, 1, 0, 2); /* a byte count that lies */
	assert_int_equal(out[8], 3);
	assert_int_equal(ask((const uint8_t *)"", 0, out), 0);
}

static void
test_slave_bits_and_both_ways(void **state)
{
	uint8_t out[MODBUS_ADU_MAX];

	memset(memory, 0, sizeof(memory));
	ASK(out, 15, 0, 19, 0, 10, 2, 0xCD, 0x01);
	assert_int_equal(ASK(out, 1, 0, 19, 0, 10), 11);
	assert_int_equal(out[8], 2);
	assert_int_equal(out[9] << 8 | out[10], 0xCD01);
	memory[MODBUS_HOLDING][4] = 9;
	assert_int_equal(
		ASK(out, 23, 0, 3, 0, 2, 0, 3, 0, 1, 2, 0x12, 0x34), 13); /* writes first */
	assert_int_equal(get_u16be(out + 9), 0x1234);
	assert_int_equal(get_u16be(out + 11), 9);
	ASK(out, 23, 0, 99, 0, 2, 0, 3, 0, 1, 2, 0,
		1); /* nothing is written when it cannot be read */
	assert_int_equal(out[8], 2);
	assert_int_equal(memory[MODBUS_HOLDING][3], 0x1234);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_every_type_and_order_comes_back),
		cmocka_unit_test(test_values_that_do_not_fit),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_cut_waits_at_every_byte),
		cmocka_unit_test(test_no_garbled_head_is_taken),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_writes_reach_the_slave),
		cmocka_unit_test(test_slave_refuses_in_order),
		cmocka_unit_test(test_slave_bits_and_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
