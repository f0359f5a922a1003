/* modbus_tcp.h - the bytes of Modbus over TCP, master side; for the codec alone */
#ifndef DRIVERS_MODBUS_TCP_H
#define DRIVERS_MODBUS_TCP_H

#include "drivers/modbus_pdu.h"

extern const struct codec codec_modbus;

/* Values of struct instrument.opts, in the order of the codec's table. */
enum modbus_opt {
	MODBUS_OPT_UNIT,
	MODBUS_OPT_MAX_BLOCK,
	MODBUS_OPT_MAX_BITS,
	MODBUS_OPT_MAX_GAP,
	MODBUS_OPT_WRITE_WITH,
	MODBUS_OPT_COIL_WITH,
};

/* The slots of struct codec. */
int modbus_tcp_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err);
enum match modbus_tcp_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n);
int modbus_tcp_decode(const struct instrument *ins, const struct request *req,
	const struct point *pts, const uint8_t *frame, size_t n, struct vars *vars,
	struct readings *out, struct err *err);
int modbus_tcp_next(const struct instrument *ins, const struct request *req, int step,
	const struct vars *vars, struct request *out);

#endif
