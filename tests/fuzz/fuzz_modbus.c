/* fuzz_modbus.c - any bytes as an answer to each kind of request, and as a request to the slave */
#include <string.h>

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct instrument ins = { .opts.num = { 1, 100, 800, 8, 0, 0 } };
	static const struct modbus_server slave = { NULL, slave_word, slave_take, "A", "B", "C" };
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
	int cut = codec_modbus.cut(&ins, data, n, WIRE_OPEN);
	uint8_t out[MODBUS_ADU_MAX];

	for (size_t i = 0; cut > 0 && i < NELEM(reqs); i++) {
		struct reading at[2];
		struct readings got = { .at = at, .cap = 2 };
		struct vars vars = { 0 };

		(void)codec_modbus.match(&ins, &reqs[i], 1, data, (size_t)cut);
		(void)codec_modbus.decode(
			&ins, &reqs[i], pts, data, (size_t)cut, &vars, &got, NULL);
	}
	(void)modbus_server_answer(&slave, data, n, out, sizeof(out));
	return 0;
}
