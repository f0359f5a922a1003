/* propar_frame.c - what stands around a message of ProPar in its binary form
 *
 * Source: Bronkhorst, RS-232 interface manual 9.17.027.
 *
 *	10 02 | sequence | node | length | data, length bytes | 10 03        each 10 between 02 and 10 03 stands twice
 */
#include "drivers/propar_frame.h"

#include <string.h>

#define DLE 0x10
#define STX 0x02
#define ETX 0x03

#define HEAD 3 /* sequence, node, length */

static size_t
put_doubled(uint8_t *out, uint8_t byte)
{
	out[0] = out[1] = byte;
	return byte == DLE ? 2 : 1;
}

int
propar_frame_put(const struct propar_message *m, uint8_t *out, size_t cap, struct err *err)
{
	size_t n = 2;

	if (cap < 4 + 2 * (HEAD + (size_t)m->n))
		return err_set(err, ERR_CONF, 0, "no room for a question");
	out[0] = DLE;
	out[1] = STX;
	n += put_doubled(out + n, m->sequence);
	n += put_doubled(out + n, m->node);
	n += put_doubled(out + n, m->n);
	for (unsigned i = 0; i < m->n; i++)
		n += put_doubled(out + n, m->data[i]);
	out[n++] = DLE;
	out[n++] = ETX;
	return (int)n;
}

/* What stands between the marks, each byte once. */
struct content {
	size_t n;
	uint8_t bytes[HEAD + PROPAR_DATA_MAX];
};

/* The message that begins at in[0]: its length with all that is doubled; 0: more bytes are needed; -k: the first k bytes
 * are none. */
static int
scan(const uint8_t *in, size_t n, struct content *c)
{
	size_t at = 2;

	c->n = 0;
	if (n < 2)
		return n == 1 && in[0] != DLE ? -1 : 0;
	if (in[0] != DLE || in[1] != STX)
		return -1;
	while (at < n) {
		uint8_t byte = in[at];

		if (byte == DLE && at + 1 == n)
			return 0;
		if (byte == DLE && in[at + 1] == ETX)
			return c->n > HEAD && c->n == HEAD + (size_t)c->bytes[2] ? (int)at + 2 : -1;
		if (byte == DLE && in[at + 1] != DLE)
			return -(int)at; /* this one breaks off: another may begin here */
		if (c->n == sizeof(c->bytes))
			return -1;
		c->bytes[c->n++] = byte;
		at += byte == DLE ? 2 : 1;
	}
	return 0;
}

int
propar_frame_cut(const struct instrument *ins, const struct request *req, const uint8_t *in,
	size_t n, enum wire wire)
{
	struct content c;
	size_t skip = 0;
	int got;

	while (skip < n && in[skip] != DLE)
		skip++;
	if (skip > 0) {
		/* While the wire is open the last byte stays: a skip of everything would mean that all is lost. */
		skip = skip == n && wire == WIRE_OPEN ? n - 1 : skip;
		return skip == 0 ? CUT_MORE : CUT_SKIP(skip);
	}
	got = scan(in, n, &c);
	if (got == 0 && n > 0 && wire != WIRE_OPEN)
		return CUT_SKIP(1);
	return got;
}

bool
propar_frame_take(const uint8_t *frame, size_t n, struct propar_message *out)
{
	struct content c;

	if (n <= 4 || scan(frame, n, &c) != (int)n)
		return false;
	out->sequence = c.bytes[0];
	out->node = c.bytes[1];
	out->n = c.bytes[2];
	memcpy(out->data, c.bytes + HEAD, out->n);
	return true;
}
