/* fuzz_modbus.c - any bytes as an answer to each kind of request, and as a request to the slave; over TCP and on a line
 *
 * On a line a second look gets what the first skips, and a frame with a right CRC made of the bytes: chance finds none.
 */
#include <string.h>

#include "base/bytes.h"
#include "drivers/modbus_crc.h"
#include "drivers/modbus_master.h"
#include "drivers/modbus_server.h"
#include "drivers/modbus_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int
slave_word(
	void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count, uint16_t *out)
{
	memset(out, 0, count * sizeof(*out));
	return 0;
}

static int
slave_take(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count,
	const uint16_t *in)
{
	return 0;
}

/* One frame as the answer to each question. */
static void
answer(const struct codec *codec, const uint8_t *frame, size_t n)
{
	static const struct instrument ins = { .opts.num = { 1, 100, 800, 8, 0, 0 } };
	static const struct point pts[] = { { .type = MODBUS_FLOAT32,
						    .count = 2,
						    .bit = CODEC_BIT_NONE,
						    .value = VALUE_FLOAT32 },
		{ .type = MODBUS_STRING,
			.address = 2,
			.count = 4,
			.bit = CODEC_BIT_NONE,
			.value = VALUE_TEXT } };
	static const struct request reqs[] = { { .kind = REQUEST_READ,
						       .function = MODBUS_READ_HOLDING,
						       .n = 2,
						       .space = MODBUS_HOLDING,
						       .count = 6 },
		{ .kind = REQUEST_WRITE,
			.function = MODBUS_WRITE_REGISTER,
			.n = 1,
			.space = MODBUS_HOLDING,
			.count = 1,
			.n_write = 2 },
		{ .kind = REQUEST_IDENTIFY, .function = MODBUS_ENCAPSULATED } };

	for (size_t i = 0; i < NELEM(reqs); i++) {
		struct reading at[2];
		struct readings got = { .at = at, .cap = 2 };
		struct vars vars = { 0 };

		if (codec->match(&ins, &reqs[i], 1, frame, n) == MATCH_NOT_MINE)
			continue;
		(void)codec->decode(&ins, &reqs[i], pts, frame, n, &vars, &got, NULL);
		if (codec->broken != NULL)
			(void)codec->broken(&ins, &reqs[i], frame, MIN(n, (size_t)4), n);
	}
}

/* All frames that the bytes hold. */
static void
listen(const struct codec *codec, const uint8_t *in, size_t n, enum wire wire)
{
	static const struct instrument ins = { .opts.num = { 1, 100, 800, 8, 0, 0 } };
	size_t used = 0;

	while (used < n) {
		int cut = codec->cut(&ins, NULL, in + used, n - used, wire);

		if (cut == CUT_MORE)
			return;
		if (cut > 0)
			answer(codec, in + used, (size_t)cut);
		used += (size_t)(cut > 0 ? cut : -cut);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct modbus_server slave = { NULL, slave_word, slave_take, "A", "B", "C" };
	uint8_t out[MODBUS_ADU_MAX], sealed[MODBUS_RTU_MAX];
	int cut;

	listen(&codec_modbus, data, n, WIRE_OPEN);
	listen(&codec_modbus_rtu, data, n, WIRE_OPEN);
	listen(&codec_modbus_rtu, data, n, WIRE_SILENT);
	(void)modbus_server_answer(&slave, data, n, out, sizeof(out));
	if (n < 2 || n > sizeof(sealed) - 2)
		return 0;
	memcpy(sealed, data, n);
	put_u16le(sealed + n, modbus_crc(sealed, n));
	listen(&codec_modbus_rtu, sealed, n + 2, WIRE_SILENT);
	cut = modbus_server_rtu_cut(sealed, n + 2, WIRE_SILENT);
	if (cut > 0)
		(void)modbus_server_rtu_answer(&slave, sealed, (size_t)cut, out, sizeof(out));
	return 0;
}
