/* modbus_rtu.c - what stands around a PDU on a serial line
 *
 * Source: MODBUS over Serial Line V1.02, 2.5.1 (RTU framing) and 6.2 (CRC).
 *
 *	0 unit | 1.. PDU | CRC, low byte first                                         at most 256 bytes
 *
 * There are no borders between frames but silence, which nobody behind an adapter or a gateway can measure. So the end of
 * an answer follows from its function and byte count, and its CRC proves it. Bytes that begin no sound frame are skipped one by
 * one, while the line speaks: the answer behind them is found. Nothing names its question: unit, function and length must fit, and the
 * engine's quarantine does the rest.
 */
#include "base/bytes.h"
#include "drivers/modbus_crc.h"
#include "drivers/modbus_master.h"

#define RTU_HEAD 1
#define RTU_AROUND 3 /* unit and CRC */
#define RTU_MIN 4    /* unit, function, CRC */

static int
rtu_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	int rc = modbus_master_fits(req, RTU_AROUND, cap, err);
	size_t n;

	if (rc < 0)
		return rc;
	out[0] = (uint8_t)ins->opts.num[MODBUS_OPT_UNIT];
	n = RTU_HEAD + modbus_master_put(out + RTU_HEAD, req);
	put_u16le(out + n, modbus_crc(out, n));
	return (int)(n + 2);
}

static void
rtu_recognise(const uint8_t *asked, size_t n, struct request *req, uint32_t *out_tag)
{
	if (n > RTU_HEAD)
		req->function = asked[RTU_HEAD];
}

static int
rtu_guest(const uint8_t *asked, size_t n, struct instrument *ins, struct request *req,
	struct err *err)
{
	if (n < RTU_MIN || n > MODBUS_RTU_MAX ||
		get_u16le(asked + n - 2) != modbus_crc(asked, n - 2))
		return err_set(err, ERR_CONF, 0, "it is no single question of Modbus RTU");
	ins->opts.num[MODBUS_OPT_UNIT] = asked[0];
	if (asked[0] < 1 || asked[0] > 247)
		return err_set(err, ERR_CONF, 0, "no device answers as unit %u on a serial line",
			asked[0]);
	return modbus_master_guest(asked + RTU_HEAD, n - RTU_AROUND, req, err);
}

/* ---- cut ---- */

/* Length of an answer to 43/14 by its objects; 0: more bytes are needed, -1: it is none. */
static int
identity_length(const uint8_t *in, size_t n)
{
	size_t at = RTU_HEAD + 7;

	if (n > 2 && in[2] != MODBUS_MEI_IDENTITY)
		return -1;
	for (unsigned i = 0; n >= RTU_HEAD + 7u && i < in[7]; i++) {
		if (n < at + 2)
			return 0;
		at += 2u + in[at + 1];
	}
	return n < RTU_HEAD + 7u ? 0 : (int)at + 2;
}

/* Length of the answer that begins here, by its function; 0: more bytes are needed, -1: no answer begins so. */
static int
answer_length(const uint8_t *in, size_t n)
{
	if (n < 2)
		return 0;
	if (in[1] & 0x80)
		return 5;
	switch (in[1]) {
	case MODBUS_READ_COILS:
	case MODBUS_READ_DISCRETE:
	case MODBUS_READ_HOLDING:
	case MODBUS_READ_INPUT:
	case MODBUS_READ_WRITE:
		return n < 3 ? 0 : 5 + in[2];
	case MODBUS_WRITE_COIL:
	case MODBUS_WRITE_REGISTER:
	case MODBUS_WRITE_COILS:
	case MODBUS_WRITE_REGISTERS:
		return 8;
	case MODBUS_MASK_WRITE:
		return 10;
	case MODBUS_ENCAPSULATED:
		return identity_length(in, n);
	default:
		return -1;
	}
}

static int
rtu_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	return modbus_rtu_cut(answer_length(in, n), in, n, wire);
}

/* ---- match ---- */

/* Only what fits the question exactly may be its answer: unit, function, length, and the address of a write. */
static enum match
rtu_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	size_t bytes;

	if (req == NULL || n < RTU_MIN || frame[0] != (uint8_t)ins->opts.num[MODBUS_OPT_UNIT] ||
		(frame[1] & 0x7F) != req->function)
		return MATCH_NOT_MINE;
	if (frame[1] & 0x80)
		return MATCH_CANNOT_TELL;
	if (req->kind == REQUEST_READ) {
		bytes = modbus_is_bits(req->space) ? (req->count + 7u) / 8u : 2u * req->count;
		return n == 5 + bytes ? MATCH_CANNOT_TELL : MATCH_NOT_MINE;
	}
	if (req->kind == REQUEST_WRITE && req->function != MODBUS_READ_WRITE)
		return n >= 8 && get_u16be(frame + 2) == (uint16_t)req->address ? MATCH_CANNOT_TELL
										: MATCH_NOT_MINE;
	return MATCH_CANNOT_TELL;
}

/* Could the answer to `a` pass for one to `b`? An exception of either could, when unit and function are the same. */
static bool
rtu_alike(const struct instrument *ins_a, const struct request *a, const struct instrument *ins_b,
	const struct request *b)
{
	return ins_a->opts.num[MODBUS_OPT_UNIT] == ins_b->opts.num[MODBUS_OPT_UNIT] &&
	       a->function == b->function;
}

/* As long as the answer is, and it begins as the answer does: its CRC is wrong, or a byte behind. */
static bool
rtu_broken(const struct instrument *ins, const struct request *req, const uint8_t *head, size_t n,
	size_t total)
{
	size_t length = req->kind != REQUEST_READ ? (req->function == MODBUS_MASK_WRITE ? 10u : 8u)
			: modbus_is_bits(req->space) ? 5u + (req->count + 7u) / 8u
						     : 5u + 2u * req->count;

	return req->function != MODBUS_ENCAPSULATED && req->function != MODBUS_READ_WRITE &&
	       n >= 2 && total == length && head[0] == (uint8_t)ins->opts.num[MODBUS_OPT_UNIT] &&
	       head[1] == req->function;
}

static int
rtu_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	return modbus_master_decode(ins, req, pts, frame[0],
		(uint8_t)ins->opts.num[MODBUS_OPT_UNIT], frame + RTU_HEAD, n - RTU_AROUND, vars,
		out, err);
}

/* MODBUS over Serial Line V1.02, 2.2: 0 is for all at once, and nobody answers; 248 to 255 are reserved. */
static int
rtu_check(const struct instrument *ins, struct err *err)
{
	int64_t unit = ins->opts.num[MODBUS_OPT_UNIT];

	if (unit >= 1 && unit <= 247)
		return 0;
	return err_set(err, ERR_CONF, MODBUS_OPT_UNIT,
		"no device answers as unit %d on a serial line; write one of 1 to 247", (int)unit);
}

const struct codec codec_modbus_rtu = {
	.name = "modbus-rtu",
	.help = "Modbus RTU: on serial lines, and on such lines carried by TCP",
	.opts = modbus_opts,
	.point_opts = modbus_point_opts,
	.wires = CODEC_SERIAL | CODEC_TCP,
	.needs_silence = true,
	.check = rtu_check,
	.point = modbus_point,
	.plan = modbus_plan,
	.write = modbus_write,
	.identify = modbus_identify,
	.capture = modbus_capture,
	.describe = modbus_describe,
	.encode = rtu_encode,
	.recognise = rtu_recognise,
	.guest = rtu_guest,
	.cut = rtu_cut,
	.match = rtu_match,
	.alike = rtu_alike,
	.broken = rtu_broken,
	.decode = rtu_decode,
	.next = modbus_master_next,
};
