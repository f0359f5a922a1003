/* modbus_pdu.h - numbers of the Modbus standard, for master and slave side
 *
 * Source: MODBUS Application Protocol V1.1b3; MODBUS Messaging on TCP/IP Implementation Guide V1.0b.
 *
 *	0-1 transaction | 2-3 protocol, 0 | 4-5 length of what follows | 6 unit | 7 function | 8.. data      PDU: 7.. (<= 253 bytes)
 */
#ifndef DRIVERS_MODBUS_PDU_H
#define DRIVERS_MODBUS_PDU_H

#include "link/codec.h"

enum modbus_space { MODBUS_COIL, MODBUS_DISCRETE, MODBUS_INPUT, MODBUS_HOLDING, MODBUS_SPACES };

enum modbus_function {
	MODBUS_READ_COILS = 1,
	MODBUS_READ_DISCRETE = 2,
	MODBUS_READ_HOLDING = 3,
	MODBUS_READ_INPUT = 4,
	MODBUS_WRITE_COIL = 5,
	MODBUS_WRITE_REGISTER = 6,
	MODBUS_WRITE_COILS = 15,
	MODBUS_WRITE_REGISTERS = 16,
	MODBUS_MASK_WRITE = 22,
	MODBUS_READ_WRITE = 23,
	MODBUS_ENCAPSULATED = 43, /* with MEI type 14: read device identification */
};

enum modbus_exception {
	MODBUS_ILLEGAL_FUNCTION = 1,
	MODBUS_ILLEGAL_ADDRESS = 2,
	MODBUS_ILLEGAL_VALUE = 3,
	MODBUS_DEVICE_FAILURE = 4,
	MODBUS_ACKNOWLEDGE = 5,
	MODBUS_BUSY = 6,
	MODBUS_NO_PATH = 10,
	MODBUS_NO_TARGET = 11,
};

#define MODBUS_MEI_IDENTITY 14
#define MODBUS_HEAD 7 /* bytes before the PDU */
#define MODBUS_PDU_MAX 253
#define MODBUS_ADU_MAX (MODBUS_HEAD + MODBUS_PDU_MAX)
#define MODBUS_RTU_MAX 256  /* unit, PDU, CRC */
#define MODBUS_READ_MAX 125 /* registers of one reading */
#define MODBUS_READ_BITS_MAX 2000
#define MODBUS_WRITE_MAX 123 /* registers of one write */
#define MODBUS_WRITE_BITS_MAX 1968
#define MODBUS_RW_WRITE_MAX 121 /* registers written by function 23 */

static inline bool
modbus_is_bits(unsigned space)
{
	return space == MODBUS_COIL || space == MODBUS_DISCRETE;
}

/* The first frame in what has arrived on a Modbus TCP connection; as codec.cut. */
int modbus_tcp_cut(const struct instrument *ins, const struct request *req, const uint8_t *in,
	size_t n, enum wire wire);

#endif
