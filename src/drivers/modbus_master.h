/* modbus_master.h - what a Modbus master says and understands, whatever carries it; for the codecs alone */
#ifndef DRIVERS_MODBUS_MASTER_H
#define DRIVERS_MODBUS_MASTER_H

#include "drivers/modbus_pdu.h"

extern const struct codec codec_modbus;     /* over TCP, with transaction numbers */
extern const struct codec codec_modbus_rtu; /* on serial lines, and on such lines carried by TCP */

/* Values of struct instrument.opts, in the order of the codec's table. */
enum modbus_opt {
	MODBUS_OPT_UNIT,
	MODBUS_OPT_MAX_BLOCK,
	MODBUS_OPT_MAX_BITS,
	MODBUS_OPT_MAX_GAP,
	MODBUS_OPT_WRITE_WITH,
	MODBUS_OPT_COIL_WITH,
};

/* What both codecs share: tables of options, points, plans. */
extern const struct opt modbus_opts[], modbus_point_opts[];
int modbus_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err);
int modbus_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max);
int modbus_write(const struct instrument *ins, const struct point *pt, union value v,
	const char *text, const struct beside *beside, struct request *out, struct err *err);
void modbus_describe(
	const struct instrument *ins, const struct request *req, char *out, size_t cap);
int modbus_identify(const struct instrument *ins, struct request *out);
extern const char *const modbus_captures[4]; /* names of objects 0 to 2, NULL */
bool modbus_capture(
	const struct instrument *ins, unsigned i, char *out_name, enum value_type *out_type);

/* The request as a PDU (room for MODBUS_PDU_MAX bytes); returns its length. */
size_t modbus_master_put(uint8_t *pdu, const struct request *req);

/* ERR_CONF when the request is longer than the standard allows, or than `cap` with `around` bytes about the PDU. */
int modbus_master_fits(const struct request *req, size_t around, size_t cap, struct err *err);

/* As codec.decode, from the PDU that `unit` sent. */
int modbus_master_decode(const struct instrument *ins, const struct request *req,
	const struct point *pts, unsigned unit, unsigned asked_unit, const uint8_t *pdu, size_t n,
	struct vars *vars, struct readings *out, struct err *err);

/* As codec.guest, of a PDU. */
int modbus_master_guest(const uint8_t *pdu, size_t n, struct request *req, struct err *err);

/* As codec.next: the further objects of an identification. */
int modbus_master_next(const struct instrument *ins, const struct request *req, int step,
	const struct vars *vars, struct request *out);

#endif
