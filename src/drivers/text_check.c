/* text_check.c - the checksums of instruments
 *
 * Sources: modbus: MODBUS over Serial Line V1.02, 6.2; xmodem: CCITT polynomial 1021 from 0; mstp: ANSI/ASHRAE 135, annex G, header and
 * data CRC of BACnet MS/TP; the others from the makers' manuals that docs/drivers/text.md names.
 */
#include "drivers/text_check.h"

#include <stdio.h>
#include <string.h>

#include "drivers/modbus_crc.h"

static unsigned
sum(const uint8_t *in, size_t n)
{
	unsigned s = 0;

	while (n-- > 0)
		s += *in++;
	return s;
}

static unsigned
all_xor(const uint8_t *in, size_t n)
{
	unsigned x = 0;

	while (n-- > 0)
		x ^= *in++;
	return x;
}

static unsigned
crc_xmodem(const uint8_t *in, size_t n)
{
	unsigned crc = 0;

	while (n-- > 0) {
		crc ^= (unsigned)*in++ << 8;
		for (int i = 0; i < 8; i++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
		crc &= 0xFFFF;
	}
	return crc;
}

static unsigned
crc_x25(const uint8_t *in, size_t n)
{
	unsigned crc = 0xFFFF;

	while (n-- > 0) {
		crc ^= *in++;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
	}
	return ~crc & 0xFFFF;
}

/* Of the header, X^8 + X^7 + 1, complemented. */
static unsigned
crc8_mstp(const uint8_t *in, size_t n)
{
	unsigned crc = 0xFF;

	while (n-- > 0) {
		crc ^= *in++;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0x81 : crc >> 1;
	}
	return ~crc & 0xFF;
}

static void
put_hex2(unsigned v, uint8_t *out)
{
	static const char digits[] = "0123456789ABCDEF";

	out[0] = (uint8_t)digits[v >> 4 & 15];
	out[1] = (uint8_t)digits[v & 15];
}

static void
put_be(unsigned v, uint8_t *out)
{
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
}

static void
put_le(unsigned v, uint8_t *out)
{
	out[0] = (uint8_t)v;
	out[1] = (uint8_t)(v >> 8);
}

static void
sum8(const uint8_t *in, size_t n, uint8_t *out)
{
	out[0] = (uint8_t)sum(in, n);
}

static void
sum8hex(const uint8_t *in, size_t n, uint8_t *out)
{
	put_hex2(sum(in, n), out);
}

static void
sum8dec3(const uint8_t *in, size_t n, uint8_t *out)
{
	unsigned v = sum(in, n) & 0xFF;

	out[0] = (uint8_t)('0' + v / 100);
	out[1] = (uint8_t)('0' + v / 10 % 10);
	out[2] = (uint8_t)('0' + v % 10);
}

static void
nsum8(const uint8_t *in, size_t n, uint8_t *out)
{
	out[0] = (uint8_t)-sum(in, n);
}

static void
nsum8hex(const uint8_t *in, size_t n, uint8_t *out)
{
	put_hex2(-sum(in, n), out);
}

static void
inv_sum8(const uint8_t *in, size_t n, uint8_t *out)
{
	out[0] = (uint8_t)~sum(in, n);
}

static void
xor8(const uint8_t *in, size_t n, uint8_t *out)
{
	out[0] = (uint8_t)all_xor(in, n);
}

static void
xor8hex(const uint8_t *in, size_t n, uint8_t *out)
{
	put_hex2(all_xor(in, n), out);
}

/* Thyracont. */
static void
sum64(const uint8_t *in, size_t n, uint8_t *out)
{
	out[0] = (uint8_t)(sum(in, n) % 64 + 64);
}

/* Leybold Graphix: never a control character. */
static void
sum255(const uint8_t *in, size_t n, uint8_t *out)
{
	unsigned v = 255 - sum(in, n) % 256;

	out[0] = (uint8_t)(v < 32 ? v + 32 : v);
}

static void
crc16modbus(const uint8_t *in, size_t n, uint8_t *out)
{
	put_le(modbus_crc(in, n), out);
}

static void
crc16modbusbe(const uint8_t *in, size_t n, uint8_t *out)
{
	put_be(modbus_crc(in, n), out);
}

static void
crc16xmodem(const uint8_t *in, size_t n, uint8_t *out)
{
	put_be(crc_xmodem(in, n), out);
}

static void
crc16x25(const uint8_t *in, size_t n, uint8_t *out)
{
	put_le(crc_x25(in, n), out);
}

static void
crc8mstp(const uint8_t *in, size_t n, uint8_t *out)
{
	out[0] = (uint8_t)crc8_mstp(in, n);
}

static const struct {
	const char *name;
	uint8_t width;
	void (*make)(const uint8_t *in, size_t n, uint8_t *out);
} kinds[] = {
	{ "sum8", 1, sum8 },
	{ "sum8hex", 2, sum8hex },
	{ "sum8dec3", 3, sum8dec3 },
	{ "nsum8", 1, nsum8 },
	{ "nsum8hex", 2, nsum8hex },
	{ "lrc", 1, nsum8 },
	{ "lrchex", 2, nsum8hex },
	{ "inv_sum8", 1, inv_sum8 },
	{ "xor8", 1, xor8 },
	{ "xor8hex", 2, xor8hex },
	{ "sum64", 1, sum64 },
	{ "sum255", 1, sum255 },
	{ "crc16modbus", 2, crc16modbus },
	{ "crc16modbusbe", 2, crc16modbusbe },
	{ "crc16xmodem", 2, crc16xmodem },
	{ "crc16x25", 2, crc16x25 },
	{ "crc8mstp", 1, crc8mstp },
};

int
text_check_find(const char *name, size_t n)
{
	for (size_t i = 0; i < NELEM(kinds); i++)
		if (strlen(kinds[i].name) == n && memcmp(kinds[i].name, name, n) == 0)
			return (int)i;
	return -1;
}

const char *
text_check_name(int kind)
{
	return kind >= 0 && (size_t)kind < NELEM(kinds) ? kinds[kind].name : NULL;
}

size_t
text_check_width(int kind)
{
	return kinds[kind].width;
}

void
text_check_make(int kind, const uint8_t *in, size_t n, uint8_t out[TEXT_CHECK_MAX])
{
	kinds[kind].make(in, n, out);
}
