/* k8090.c - the relay board Velleman K8090 / VM8090: eight relays on USB
 *
 * Source: Velleman, K8090/VM8090 protocol manual.
 *
 *	0 04 | 1 command | 2 mask | 3 parameter 1 | 4 parameter 2 | 5 check | 6 0F      check: two's complement of the sum of 0-4
 *
 *	11 mask   switch on                     12 mask   switch off
 *	18        ask for the state             51 before, now, timers   the state: asked for, or unasked when it has changed
 *	71        ask for the firmware          71 mask, year, week
 *
 * A telegram 51 is the truth of its moment, asked for or not. Switching a relay that has its position already gives no answer, so a
 * write asks for the state in the same breath: the first state that shows the wanted position settles it, another one is news like any.
 * No alike(): every state fits every question about the state.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "link/codec.h"

extern const struct codec codec_k8090;

#define STX 0x04
#define ETX 0x0F
#define TELEGRAM 7
#define RELAYS 8

enum command {
	CMD_ON = 0x11,
	CMD_OFF = 0x12,
	CMD_ASK = 0x18,
	CMD_STATE = 0x51,
	CMD_FIRMWARE = 0x71
};

enum point_opt { PT_RELAY };

static const struct opt no_opts[] = { { 0 } };

static const struct opt point_opts[] = {
	{ "relay", OPT_INT, 1, RELAYS, NULL, OPT_NEEDED, "number of the relay as on the board" },
	{ 0 },
};

static const char default_channels[] =
	"relay1: {read: {relay: 1}, write: {relay: 1}, title: relay 1}\n"
	"relay2: {read: {relay: 2}, write: {relay: 2}, title: relay 2}\n"
	"relay3: {read: {relay: 3}, write: {relay: 3}, title: relay 3}\n"
	"relay4: {read: {relay: 4}, write: {relay: 4}, title: relay 4}\n"
	"relay5: {read: {relay: 5}, write: {relay: 5}, title: relay 5}\n"
	"relay6: {read: {relay: 6}, write: {relay: 6}, title: relay 6}\n"
	"relay7: {read: {relay: 7}, write: {relay: 7}, title: relay 7}\n"
	"relay8: {read: {relay: 8}, write: {relay: 8}, title: relay 8}\n";

/* ---- points, requests ---- */

/* address: the relay, from 0. */
static int
k8090_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	*out = (struct point){
		.id = out->id,
		.every_ns = out->every_ns,
		.address = (uint32_t)v->num[PT_RELAY] - 1,
		.count = 1,
		.bit = CODEC_BIT_NONE,
		.value = VALUE_BOOL,
		.write_space = 0,
		.write_address = (uint32_t)v->num[PT_RELAY] - 1,
	};
	return 0;
}

/* One question answers all of the same period. */
static int
k8090_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i++) {
		struct request *last = made > 0 ? &out[made - 1] : NULL;

		if (last != NULL && pts[last->first].every_ns == pts[i].every_ns) {
			last->n++;
			last->count = (uint16_t)(pts[i].address + 1 - last->address);
			continue;
		}
		if (made == max)
			break;
		out[made++] = (struct request){ .kind = REQUEST_READ,
			.function = CMD_ASK,
			.n = 1,
			.first = (uint32_t)i,
			.count = 1,
			.address = pts[i].address };
	}
	return (int)made;
}

static int
k8090_write(const struct instrument *ins, const struct point *pt, union value v, const char *text,
	const struct beside *beside, struct request *out, struct err *err)
{
	if (pt->write_space < 0 || pt->write_address >= RELAYS)
		return err_set(err, ERR_CONF, 0, "there is no such relay");
	*out = (struct request){ .kind = REQUEST_WRITE,
		.function = v.i != 0 ? CMD_ON : CMD_OFF,
		.n = 1,
		.count = 1,
		.address = pt->write_address };
	return 0;
}

static int
k8090_identify(const struct instrument *ins, struct request *out)
{
	*out = (struct request){ .kind = REQUEST_IDENTIFY, .function = CMD_FIRMWARE };
	return 1;
}

/* "relays on 04, then query": the mask as it stands on the wire. */
static void
k8090_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	if (req->kind == REQUEST_WRITE)
		snprintf(out, cap, "relays %s %02X, then query",
			req->function == CMD_ON ? "on" : "off", 1u << req->address);
	else
		snprintf(out, cap, "%s",
			req->kind == REQUEST_IDENTIFY ? "firmware?" : "query relays");
}

/* ---- bytes ---- */

static uint8_t
check_of(const uint8_t *telegram)
{
	unsigned sum = 0;

	for (int i = 0; i < 5; i++)
		sum += telegram[i];
	return (uint8_t)(0u - sum);
}

static void
put(uint8_t *out, unsigned command, unsigned mask)
{
	memset(out, 0, TELEGRAM);
	out[0] = STX;
	out[1] = (uint8_t)command;
	out[2] = (uint8_t)mask;
	out[5] = check_of(out);
	out[6] = ETX;
}

static int
k8090_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	if (cap < 2 * TELEGRAM)
		return err_set(err, ERR_CONF, 0, "no room for two telegrams");
	if (req->kind != REQUEST_WRITE) {
		put(out, req->function, 0);
		return TELEGRAM;
	}
	put(out, req->function, 1u << req->address);
	put(out + TELEGRAM, CMD_ASK, 0);
	return 2 * TELEGRAM;
}

/* A byte that begins no sound telegram is skipped; while the wire is open never the last one. */
static int
k8090_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	size_t at = 0;

	while (at < n && in[at] != STX)
		at++;
	if (at > 0 && at == n && wire == WIRE_OPEN)
		at--;
	if (at > 0)
		return CUT_SKIP(at);
	if (n < TELEGRAM)
		return wire == WIRE_OPEN || n == 0 ? CUT_MORE : CUT_SKIP(n);
	if (in[6] != ETX || in[5] != check_of(in))
		return CUT_SKIP(1);
	return CUT_FRAME(TELEGRAM);
}

/* ---- answers ---- */

static bool
shows(const uint8_t *frame, uint32_t relay)
{
	return frame[3] >> relay & 1;
}

static enum match
k8090_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	if (n != TELEGRAM)
		return MATCH_NOT_MINE;
	if (frame[1] == CMD_FIRMWARE)
		return req != NULL && req->kind == REQUEST_IDENTIFY ? MATCH_CANNOT_TELL
								    : MATCH_NOT_MINE;
	if (frame[1] != CMD_STATE)
		return MATCH_NOT_MINE;
	if (req == NULL || req->kind == REQUEST_IDENTIFY)
		return MATCH_UNSOLICITED;
	if (req->kind == REQUEST_READ)
		return MATCH_CANNOT_TELL;
	return shows(frame, req->address) == (req->function == CMD_ON) ? MATCH_MINE
								       : MATCH_UNSOLICITED;
}

static void
read_relay(uint32_t at, const struct point *pt, const uint8_t *frame, struct readings *out)
{
	if (out->n == out->cap)
		return;
	out->at[out->n++] = (struct reading){ .at = at, .v.i = shows(frame, pt->address) };
}

static int
k8090_heard(const struct instrument *ins, const struct point *pts, size_t n_pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	if (n != TELEGRAM || frame[1] != CMD_STATE)
		return err_set(err, DECODE_BAD, 0, "a telegram that is no state");
	for (uint32_t i = 0; i < n_pts; i++)
		read_relay(i, &pts[i], frame, out);
	return 0;
}

static int
k8090_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	unsigned expected = req->kind == REQUEST_IDENTIFY ? CMD_FIRMWARE : CMD_STATE;

	if (n != TELEGRAM || frame[1] != expected)
		return err_set(err, DECODE_BAD, 0, "telegram %02X, %02X was expected",
			n > 1 ? frame[1] : 0, expected);
	if (req->kind == REQUEST_IDENTIFY) {
		snprintf(vars->identity, sizeof(vars->identity), "Velleman K8090 firmware %u.%u",
			frame[3], frame[4]);
		vars->kind = text_hash("k8090", 5);
		return 0;
	}
	if (req->kind == REQUEST_WRITE) /* what the relay shows is the verdict */
		return shows(frame, req->address) == (req->function == CMD_ON)
			       ? 0
			       : err_set(err, DECODE_BAD, 0, "the relay has not moved");
	for (uint32_t i = 0; i < req->n; i++)
		read_relay(req->first + i, &pts[req->first + i], frame, out);
	return 0;
}

const struct codec codec_k8090 = {
	.name = "k8090",
	.help = "Velleman K8090 / VM8090 relay board",
	.opts = no_opts,
	.point_opts = point_opts,
	.channels = default_channels,
	.wires = CODEC_SERIAL | CODEC_TCP,
	.point = k8090_point,
	.plan = k8090_plan,
	.write = k8090_write,
	.identify = k8090_identify,
	.describe = k8090_describe,
	.encode = k8090_encode,
	.cut = k8090_cut,
	.match = k8090_match,
	.heard = k8090_heard,
	.decode = k8090_decode,
};
