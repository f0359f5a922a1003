/* line_units.c - what the units of an emulated Modbus RTU line know and answer
 *
 * Source: MODBUS Application Protocol V1.1b3; MODBUS over Serial Line V1.02.
 *	0 unit | 1 function | 2.. data | last two: CRC, low byte first
 */
#include "line_units.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3 };

void
line_units_init(struct line_units *units, unsigned n, unsigned dead, unsigned n_registers)
{
	*units = (struct line_units){ .n = n, .dead = dead, .n_registers = n_registers };
	units->holding = calloc((size_t)n * n_registers, sizeof(*units->holding));
	if (units->holding == NULL)
		abort();
	for (unsigned unit = 1; unit <= n; unit++) {
		for (unsigned a = 0; a < n_registers; a++)
			units->holding[(size_t)(unit - 1) * n_registers + a] =
				line_units_holding(unit, a);
	}
}

void
line_units_done(struct line_units *units)
{
	free(units->holding);
	units->holding = NULL;
}

uint16_t
line_units_holding(unsigned unit, unsigned address)
{
	return (uint16_t)(address + 1000 * unit);
}

uint16_t
line_crc(const uint8_t *bytes, size_t n)
{
	unsigned crc = 0xFFFF;

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1;
	}
	return (uint16_t)crc;
}

/* Length of the request that starts so; 0: not to be told yet, or ever. */
static size_t
request_length(const uint8_t *frame, size_t n)
{
	switch (n < 2 ? 0 : frame[1]) {
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
		return 8;
	case 15:
	case 16:
		return n < 7 ? 0 : 9 + (size_t)frame[6];
	case 43:
		return 7;
	default:
		return 0;
	}
}

bool
line_is_complete(const uint8_t *frame, size_t n)
{
	return n >= 4 && request_length(frame, n) == n && line_crc(frame, n) == 0;
}

static uint16_t *
words_of(struct line_units *units, unsigned unit)
{
	return units->holding + (size_t)(unit - 1) * units->n_registers;
}

/* What a request asks of a unit: the PDU of its answer in out, its length returned; negative: an exception. */
static int
read_words(struct line_units *units, unsigned unit, const uint8_t *pdu, size_t n, uint8_t *out)
{
	unsigned address, count;

	if (n != 5)
		return -ILLEGAL_VALUE;
	address = get_u16be(pdu + 1);
	count = get_u16be(pdu + 3);
	if (count < 1 || count > 125)
		return -ILLEGAL_VALUE;
	if (address + count > units->n_registers)
		return -ILLEGAL_ADDRESS;
	out[0] = pdu[0];
	out[1] = (uint8_t)(2 * count);
	for (unsigned i = 0; i < count; i++) {
		uint16_t counted = (uint16_t)(units->n_answers[unit] + address + i);

		put_u16be(out + 2 + 2 * (size_t)i,
			pdu[0] == 3 ? words_of(units, unit)[address + i] : counted);
	}
	return (int)(2 + 2 * count);
}

static int
read_bits(struct line_units *units, const uint8_t *pdu, size_t n, uint8_t *out)
{
	unsigned address, count, bytes;

	if (n != 5)
		return -ILLEGAL_VALUE;
	address = get_u16be(pdu + 1);
	count = get_u16be(pdu + 3);
	if (count < 1 || count > 2000)
		return -ILLEGAL_VALUE;
	if (address + count > units->n_registers)
		return -ILLEGAL_ADDRESS;
	bytes = (count + 7) / 8;
	memset(out + 2, 0, bytes);
	out[0] = pdu[0];
	out[1] = (uint8_t)bytes;
	for (unsigned i = 0; i < count; i++)
		out[2 + i / 8] |= (uint8_t)(((address + i) & 1) << i % 8);
	return (int)(2 + bytes);
}

static int
write_words(struct line_units *units, unsigned unit, const uint8_t *pdu, size_t n, uint8_t *out)
{
	unsigned address, count = 1;
	const uint8_t *from = pdu + 3;

	if (n < 5)
		return -ILLEGAL_VALUE;
	address = get_u16be(pdu + 1);
	if (pdu[0] == 16) {
		count = get_u16be(pdu + 3);
		from = pdu + 6;
		if (n < 6 || count < 1 || count > 123 || pdu[5] != 2 * count ||
			n != 6 + 2 * (size_t)count)
			return -ILLEGAL_VALUE;
	}
	if (address + count > units->n_registers)
		return -ILLEGAL_ADDRESS;
	for (unsigned i = 0; i < count; i++)
		words_of(units, unit)[address + i] = get_u16be(from + 2 * (size_t)i);
	memcpy(out, pdu, 5);
	return 5;
}

/* All three mandatory objects in one stream, whichever of them is asked for first. */
static int
identify(const uint8_t *pdu, size_t n, uint8_t *out)
{
	static const char objects[] = "\0\4Line\1\10Emulator\2\0011"; /* number, length, text */
	static const uint8_t head[] = { 43, 14, 1, 1, 0, 0, 3 };

	if (n != 4 || pdu[1] != 14)
		return -ILLEGAL_FUNCTION;
	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), objects, sizeof(objects) - 1);
	return (int)(sizeof(head) + sizeof(objects) - 1);
}

static int
answer_pdu(struct line_units *units, unsigned unit, const uint8_t *pdu, size_t n, uint8_t *out)
{
	switch (pdu[0]) {
	case 1:
	case 2:
		return read_bits(units, pdu, n, out);
	case 3:
	case 4:
		return read_words(units, unit, pdu, n, out);
	case 6:
	case 16:
		return write_words(units, unit, pdu, n, out);
	case 43:
		return identify(pdu, n, out);
	default:
		return -ILLEGAL_FUNCTION;
	}
}

enum line_verdict
line_units_answer(
	struct line_units *units, const uint8_t *frame, size_t n, uint8_t *out, size_t *out_n)
{
	unsigned unit;
	uint16_t crc;
	int length;

	if (n < 4 || n > LINE_FRAME_MAX || line_crc(frame, n) != 0)
		return LINE_BAD;
	unit = frame[0];
	if (unit < 1 || unit > units->n)
		return LINE_ABSENT;
	if (unit == units->dead)
		return LINE_DEAD;
	out[0] = (uint8_t)unit;
	length = answer_pdu(units, unit, frame + 1, n - 3, out + 1);
	if (length < 0) {
		out[1] = frame[1] | 0x80;
		out[2] = (uint8_t)-length;
		length = 2;
	}
	units->n_answers[unit]++;
	crc = line_crc(out, 1 + (size_t)length);
	out[1 + length] = (uint8_t)crc;
	out[2 + length] = (uint8_t)(crc >> 8);
	*out_n = 3 + (size_t)length;
	return LINE_ANSWERED;
}
