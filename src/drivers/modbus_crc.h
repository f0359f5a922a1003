/* modbus_crc.h - frames of serial lines and their check; pure */
#ifndef DRIVERS_MODBUS_CRC_H
#define DRIVERS_MODBUS_CRC_H

#include "link/codec.h"

/* CRC-16/MODBUS of n bytes (MODBUS over Serial Line V1.02, 6.2.2): polynomial A001 reflected, from FFFF. On the wire its low
 * byte comes first. "123456789" gives 4B37. */
uint16_t modbus_crc(const uint8_t *bytes, size_t n);

/* The first frame in in[0..n), as codec.cut, when the one that begins there is `length` bytes long by what it says (0: more bytes are
 * needed to tell; -1: none begins so). */
int modbus_rtu_cut(int length, const uint8_t *in, size_t n, enum wire wire);

#endif
