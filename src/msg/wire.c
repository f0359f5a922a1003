/* wire.c - messages between our own processes */
#include "msg/wire.h"

#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

static void
put(struct buf *out, uint64_t v, size_t n)
{
	uint8_t bytes[8];

	put_u64le(bytes, v);
	buf_put(out, bytes, n);
}

void
wire_begin(struct buf *out, enum wire_kind kind)
{
	buf_clear(out);
	wire_u16(out, WIRE_VERSION);
	wire_u16(out, (uint16_t)kind);
	wire_u32(out, 0);
}

void
wire_u16(struct buf *out, uint16_t v)
{
	put(out, v, 2);
}

void
wire_u32(struct buf *out, uint32_t v)
{
	put(out, v, 4);
}

void
wire_u64(struct buf *out, uint64_t v)
{
	put(out, v, 8);
}

void
wire_f64(struct buf *out, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, 8);
	put(out, bits, 8);
}

void
wire_text(struct buf *out, const char *text)
{
	size_t room = out->n + 2 < WIRE_MAX ? WIRE_MAX - out->n - 2 : 0;
	size_t n = MIN(strlen(text), room);

	n = text_utf8(text, n);
	wire_u16(out, (uint16_t)n);
	buf_put(out, text, n);
}

void
wire_end(struct buf *out)
{
	put_u32le((uint8_t *)out->data + 4, (uint32_t)(out->n - WIRE_HEAD));
}

int
wire_open(struct wire_in *in, const void *packet, size_t n, struct err *err)
{
	int kind;

	*in = (struct wire_in){ .at = packet, .left = n };
	if (n < WIRE_HEAD || n > WIRE_MAX)
		return err_set(err, ERR_PROTO, 0, "message of %zu bytes", n);
	if (wire_get_u16(in) != WIRE_VERSION)
		return err_set(
			err, ERR_PROTO, 0, "message of another version of mbc; restart all of it");
	kind = wire_get_u16(in);
	if (wire_get_u32(in) != n - WIRE_HEAD)
		return err_set(err, ERR_PROTO, 0, "message whose length is wrong");
	return kind;
}

static uint64_t
get(struct wire_in *in, size_t n)
{
	uint8_t bytes[8] = { 0 };

	if (in->left < n) {
		in->is_bad = true;
		in->left = 0;
		return 0;
	}
	memcpy(bytes, in->at, n);
	in->at += n;
	in->left -= n;
	return get_u64le(bytes);
}

uint16_t
wire_get_u16(struct wire_in *in)
{
	return (uint16_t)get(in, 2);
}

uint32_t
wire_get_u32(struct wire_in *in)
{
	return (uint32_t)get(in, 4);
}

uint64_t
wire_get_u64(struct wire_in *in)
{
	return get(in, 8);
}

double
wire_get_f64(struct wire_in *in)
{
	uint64_t bits = get(in, 8);
	double v;

	memcpy(&v, &bits, 8);
	return v;
}

void
wire_get_text(struct wire_in *in, char *out, size_t cap)
{
	size_t n = wire_get_u16(in);

	out[0] = '\0';
	if (in->left < n || n >= cap) {
		in->is_bad = true;
		in->left = 0;
		return;
	}
	memcpy(out, in->at, n);
	out[n] = '\0';
	in->at += n;
	in->left -= n;
}

int
wire_close(const struct wire_in *in, struct err *err)
{
	if (in->is_bad)
		return err_set(err, ERR_PROTO, 0, "message with a field missing");
	if (in->left > 0)
		return err_set(err, ERR_PROTO, 0, "message with %zu bytes too many", in->left);
	return 0;
}
