/* modbus_server.h - the slave's side of Modbus: one request in, one answer out; pure */
#ifndef DRIVERS_MODBUS_SERVER_H
#define DRIVERS_MODBUS_SERVER_H

#include "drivers/modbus_pdu.h"

struct modbus_server {
	void *ctx;
	/* `count` words from `address`, one a register or bit; 0, or an exception code. The range is within 0..65535. */
	int (*read)(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count,
		uint16_t *out);
	int (*write)(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count,
		const uint16_t *in);
	const char *vendor, *product, *revision; /* what function 43/14 says */
};

/* Answer one whole frame of Modbus TCP (as modbus_tcp_cut() found it): returns the length of the answer in `out` (room for
 * MODBUS_ADU_MAX bytes), 0 when none is due. Order of checks: function, quantity, address, execution. */
int modbus_server_answer(
	const struct modbus_server *s, const uint8_t *frame, size_t n, uint8_t *out, size_t cap);

/* The same on a serial line: the first frame there, as codec.cut, by the forms that requests have (a request of an unknown
 * form is skipped byte by byte); its answer, 0 when none is due (a wrong CRC, unit 0: to all). */
int modbus_server_rtu_cut(const uint8_t *in, size_t n, enum wire wire);
int modbus_server_rtu_answer(
	const struct modbus_server *s, const uint8_t *frame, size_t n, uint8_t *out, size_t cap);

#endif
