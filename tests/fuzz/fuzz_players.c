/* fuzz_players.c - any bytes as what masters say to simulated instruments: the first byte chooses the link, the second what is wrong
 * with its instruments; on the last link, orders
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../simulation/image_builder.h"
#include "twin/fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const codecs[] = { "modbus", "modbus-rtu", "propar", "tpg", "k8090", "http",
	"http", "brooks-s", "helper" };
static const char *const options[] = { "unit=1", "unit=1", "node=128", "", "", "path=/p",
	"path=/p accept=v", "tag=20902001", "" };
static const char *const points[][3] = {
	{ "holding=1 type=float32", "holding=4 type=string length=4", "coil=3" },
	{ "holding=1 type=float32", "input=1 type=int16", "holding=4 bit=3" },
	{ "process=1 parameter=1 type=int16", "process=1 parameter=4 type=int8",
		"process=113 parameter=6 type=string" },
	{ "gauge=1", "ask=UNI type=number", "ask=TID field=2" },
	{ "relay=1", "relay=3", "relay=8" },
	{ "terminal=Sum", "terminal=Name type=text", "terminal=On type=bool" },
	{ "json=a[n=0].v", "path=/x xml=r/t[@a=\"b\"] type=text", "json=a[n=1].b type=bool" },
	{ "what=setpoint", "what=valve_override", "what=message" },
	{ "channel=a", "channel=b type=text", "channel=c type=bool" },
};
/* Of the last of them. */
static const char *const page_writes[] = { "collection=a[n=0].v",
	"type=text body={\"t\":\"{value}\"}", "type=bool path=/s?{value} on=u off=d" };
static const char *const faults[] = { "none", "late:1s", "dead", "cut", "garbage", "echo", "stale",
	"refuse", "wrong_address", "wrong_tag", "wrong_checksum", "unsolicited", "restart" };

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

static struct image *
make_image(void)
{
	struct image_builder *b = image_builder_new("bench", 100 * NS_PER_MS);

	for (uint32_t i = 0; i < NELEM(codecs); i++) {
		char name[] = { 'd', (char)('0' + i), '\0' };
		uint32_t link = image_builder_link(b, name, "127.0.0.1", (uint16_t)(1502 + i));

		image_builder_instrument(
			b, name, codecs[i], link, options[i], NS_PER_S, NS_PER_S, 1);
		for (unsigned k = 0; k < 3; k++) {
			char point[] = { 'p', (char)('0' + k), '\0' };
			uint32_t p = image_builder_point(b, point, points[i][k], 0);

			if ((i == 2 && k < 2) || (i == 7 && k < 2) || i == 8)
				image_builder_write(b, p, points[i][k]);
			if (i == 6)
				image_builder_write(b, p, page_writes[k]);
		}
	}
	return image_builder_done(b);
}

/* A master says the bytes; every answer is no longer than its room. */
static void
play(struct twin *t, uint32_t link, const uint8_t *in, size_t n)
{
	static struct twin_reply reply;
	static uint8_t said[CODEC_FRAME_MAX];
	size_t used = 0;

	while (used < n) {
		int got = twin_cut(t, link, in + used, n - used, WIRE_SILENT);

		if (got == CUT_MORE) /* a connection knows no silence */
			break;
		demand((size_t)abs(got) <= n - used);
		if (got > 0) {
			size_t sum = 0;

			twin_reply(t, link, in + used, (size_t)got, &reply);
			demand(reply.n_pieces <= TWIN_PIECES);
			for (size_t i = 0; i < reply.n_pieces; i++)
				sum += reply.piece[i].n;
			demand(sum <= sizeof(reply.bytes));
		}
		used += (size_t)abs(got);
	}
	twin_step(t, NS_PER_S);
	demand(twin_tell(t, link, said, sizeof(said)) <= sizeof(said));
	(void)twin_cut(t, link, in, n, WIRE_OPEN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct image *img;
	struct err err = { 0 };
	char order[200];
	struct twin *t;
	uint8_t *copy;

	if (n < 2 || n > CODEC_FRAME_MAX)
		return 0;
	if (img == NULL)
		img = make_image();
	t = twin_new(img, 1);
	twin_step(t, 0);
	copy = calloc(n, 1); /* of exactly this length, and with a NUL as its last byte */
	demand(copy != NULL);
	memcpy(copy, data + 2, n - 2);
	if (data[0] % (NELEM(codecs) + 1) == NELEM(codecs)) {
		demand(fault_orders(t, (const char *)copy, &err) == 0 || err.msg[0] != '\0');
	} else {
		snprintf(order, sizeof(order), "fault d%zu=%s", data[0] % (NELEM(codecs) + 1),
			faults[data[1] % NELEM(faults)]);
		demand(fault_orders(t, order, &err) == 0 || err.msg[0] != '\0');
		play(t, data[0] % (NELEM(codecs) + 1), copy, n - 2);
	}
	free(copy);
	twin_free(t);
	return 0;
}
