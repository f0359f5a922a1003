/* modbus_crc.c - frames of serial lines and their check: four bits at a time, with a table that is read at a glance */
#include "drivers/modbus_crc.h"

#include "base/bytes.h"
#include "drivers/modbus_pdu.h"

uint16_t
modbus_crc(const uint8_t *bytes, size_t n)
{
	/* What four zero bits make of the low four bits of the remainder. */
	static const uint16_t nibble[16] = { 0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800,
		0xE401, 0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400 };
	unsigned crc = 0xFFFF;

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return (uint16_t)crc;
}

int
modbus_rtu_cut(int length, const uint8_t *in, size_t n, enum wire wire)
{
	if (length < 0 || length > MODBUS_RTU_MAX)
		return CUT_SKIP(1);
	if (length == 0 || (size_t)length > n)
		return wire == WIRE_OPEN ? CUT_MORE : CUT_SKIP(1);
	if (modbus_crc(in, (size_t)length - 2) != get_u16le(in + length - 2))
		return CUT_SKIP(1);
	return CUT_FRAME(length);
}
