/* play_k8090.c - the relay board Velleman K8090 / VM8090, the board's side
 *
 * Source: Velleman, K8090/VM8090 protocol manual; the telegrams are drawn in drivers/k8090.c.
 *
 * A telegram 51 is sent when the relays have changed, by whomever, and when somebody asks; switching a relay that has its position
 * already is answered by nothing. Relays that no point names can be switched too: the board has eight.
 */
#include <string.h>

#include "twin/player.h"

#define STX 0x04
#define ETX 0x0F
#define TELEGRAM 7

enum command {
	CMD_ON = 0x11,
	CMD_OFF = 0x12,
	CMD_ASK = 0x18,
	CMD_STATE = 0x51,
	CMD_FIRMWARE = 0x71
};

enum { OTHERS, TOLD, HAS_TOLD }; /* of dev->state: relays without a point, what was told last */

static uint8_t
check_of(const uint8_t *telegram)
{
	unsigned sum = 0;

	for (int i = 0; i < 5; i++)
		sum += telegram[i];
	return (uint8_t)(0u - sum);
}

static int
put(uint8_t *out, unsigned command, unsigned mask, unsigned one, unsigned two)
{
	out[0] = STX;
	out[1] = (uint8_t)command;
	out[2] = (uint8_t)mask;
	out[3] = (uint8_t)one;
	out[4] = (uint8_t)two;
	out[5] = check_of(out);
	out[6] = ETX;
	return TELEGRAM;
}

static unsigned
relays(const struct play_device *dev)
{
	unsigned mask = (unsigned)dev->state[OTHERS] & 0xFF;

	for (uint32_t i = 0; i < dev->n_pts; i++) {
		unsigned bit = 1u << dev->pts[i].pt.address;

		mask = dev->pts[i].v.i != 0 ? mask | bit : mask & ~bit;
	}
	return mask;
}

static void
switch_to(struct play_device *dev, unsigned mask, bool is_on)
{
	dev->state[OTHERS] =
		is_on ? dev->state[OTHERS] | mask : dev->state[OTHERS] & ~(uint64_t)mask;
	for (uint32_t i = 0; i < dev->n_pts; i++)
		if (mask >> dev->pts[i].pt.address & 1)
			play_write(dev, i, (union value){ .i = is_on }, NULL);
}

/* What has changed since it was last told; 0: nothing. */
static int
news(struct play_device *dev, uint8_t *out)
{
	unsigned now = relays(dev), before = (unsigned)dev->state[TOLD];

	if (dev->state[HAS_TOLD] == 0)
		before = now;
	dev->state[HAS_TOLD] = 1;
	dev->state[TOLD] = now;
	return now == before ? 0 : put(out, CMD_STATE, before, now, 0);
}

/* A byte that begins no sound telegram is passed over. */
static int
k8090_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	size_t at = 0;

	while (at < n && in[at] != STX)
		at++;
	if (at > 0)
		return CUT_SKIP(at);
	if (n < TELEGRAM)
		return wire == WIRE_OPEN || n == 0 ? CUT_MORE : CUT_SKIP(n);
	return in[6] != ETX || in[5] != check_of(in) ? CUT_SKIP(1) : CUT_FRAME(TELEGRAM);
}

static int
k8090_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	unsigned now;

	if (n != TELEGRAM || cap < TELEGRAM)
		return PLAY_NOT_MINE;
	switch (frame[1]) {
	case CMD_ON:
	case CMD_OFF:
		if (dev->state[HAS_TOLD] == 0)
			(void)news(dev, out);
		switch_to(dev, frame[2], frame[1] == CMD_ON);
		return news(dev, out);
	case CMD_ASK:
		now = relays(dev);
		return put(out, CMD_STATE, now, now, 0);
	case CMD_FIRMWARE:
		return put(out, CMD_FIRMWARE, 0, 1, 0);
	default:
		return 0;
	}
}

static int
k8090_tell(struct play_device *dev, enum play_why why, uint8_t *out, size_t cap)
{
	unsigned now = relays(dev);

	if (cap < TELEGRAM)
		return 0;
	return why == PLAY_NOW ? put(out, CMD_STATE, now, now, 0) : news(dev, out);
}

static int
k8090_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request,
	size_t n_request, uint8_t *answer, size_t n)
{
	if (fault != PLAY_WRONG_CHECKSUM || n != TELEGRAM)
		return -1;
	answer[5]++;
	return TELEGRAM;
}

const struct player player_k8090 = {
	.codec = "k8090",
	.cuts_alike = true,
	.faults = 1u << PLAY_WRONG_CHECKSUM | 1u << PLAY_UNSOLICITED,
	.cut = k8090_cut,
	.answer = k8090_answer,
	.tell = k8090_tell,
	.spoil = k8090_spoil,
};
