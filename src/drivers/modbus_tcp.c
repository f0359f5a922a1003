/* modbus_tcp.c - what stands around a PDU on TCP
 *
 * Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1. The layout of a frame stands in modbus_pdu.h.
 */
#include <string.h>

#include "base/bytes.h"
#include "drivers/modbus_master.h"

#define LENGTH_MAX 254 /* of the length field: unit and PDU */

static int
modbus_tcp_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	int rc = modbus_master_fits(req, MODBUS_HEAD, cap, err);
	size_t n;

	if (rc < 0)
		return rc;
	n = modbus_master_put(out + MODBUS_HEAD, req);
	put_u16be(out, (uint16_t)tag);
	put_u16be(out + 2, 0);
	put_u16be(out + 4, (uint16_t)(n + 1));
	out[6] = (uint8_t)ins->opts.num[MODBUS_OPT_UNIT];
	return (int)(MODBUS_HEAD + n);
}

static void
modbus_tcp_recognise(const uint8_t *asked, size_t n, struct request *req, uint32_t *out_tag)
{
	if (n <= MODBUS_HEAD)
		return;
	*out_tag = get_u16be(asked);
	req->function = asked[MODBUS_HEAD];
}

static int
modbus_tcp_guest(const uint8_t *asked, size_t n, struct instrument *ins, struct request *req,
	struct err *err)
{
	if (n <= MODBUS_HEAD || get_u16be(asked + 2) != 0 || get_u16be(asked + 4) != n - 6)
		return err_set(err, ERR_CONF, 0, "it is no single question of Modbus");
	ins->opts.num[MODBUS_OPT_UNIT] = asked[6];
	return modbus_master_guest(asked + MODBUS_HEAD, n - MODBUS_HEAD, req, err);
}

static size_t
modbus_tcp_retag(const uint8_t *in, size_t n, uint32_t tag, uint8_t *out, size_t cap)
{
	if (n <= MODBUS_HEAD || n > cap)
		return 0;
	memcpy(out, in, n);
	put_u16be(out, (uint16_t)tag);
	return n;
}

int
modbus_tcp_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	size_t length;

	if (n < MODBUS_HEAD)
		return wire == WIRE_CLOSED ? CUT_SKIP(n) : CUT_MORE;
	length = get_u16be(in + 4);
	/* No way to find the next frame on this connection: the engine reconnects. */
	if (get_u16be(in + 2) != 0 || length < 2 || length > LENGTH_MAX)
		return CUT_SKIP(n);
	if (n < 6 + length)
		return wire == WIRE_CLOSED ? CUT_SKIP(n) : CUT_MORE;
	return CUT_FRAME(6 + length);
}

static enum match
modbus_tcp_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return req != NULL && n > MODBUS_HEAD && get_u16be(frame) == (uint16_t)tag ? MATCH_MINE
										   : MATCH_NOT_MINE;
}

static int
modbus_tcp_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	return modbus_master_decode(ins, req, pts, n > 6 ? frame[6] : 0,
		(uint8_t)ins->opts.num[MODBUS_OPT_UNIT], frame + MODBUS_HEAD,
		n < MODBUS_HEAD ? 0 : n - MODBUS_HEAD, vars, out, err);
}

const struct codec codec_modbus = {
	.name = "modbus",
	.help = "Modbus: over TCP, and as RTU on serial lines",
	.opts = modbus_opts,
	.point_opts = modbus_point_opts,
	.wires = CODEC_TCP | CODEC_UDP,
	.on_line = &codec_modbus_rtu,
	.has_tag = true,
	.pipelines = true,
	.point = modbus_point,
	.plan = modbus_plan,
	.write = modbus_write,
	.identify = modbus_identify,
	.capture = modbus_capture,
	.describe = modbus_describe,
	.encode = modbus_tcp_encode,
	.recognise = modbus_tcp_recognise,
	.guest = modbus_tcp_guest,
	.retag = modbus_tcp_retag,
	.cut = modbus_tcp_cut,
	.match = modbus_tcp_match,
	.decode = modbus_tcp_decode,
	.next = modbus_master_next,
};
