/* modbus_crc.h - the check of RTU frames; pure */
#ifndef DRIVERS_MODBUS_CRC_H
#define DRIVERS_MODBUS_CRC_H

#include "base/defs.h"

/* CRC-16/MODBUS of n bytes (MODBUS over Serial Line V1.02, 6.2.2): polynomial A001 reflected, from FFFF. On the wire its low
 * byte comes first. "123456789" gives 4B37. */
uint16_t modbus_crc(const uint8_t *bytes, size_t n);

#endif
