/* guest.c - questions of somebody else, as messages; bytes go as hexadecimal digits */
#include "msg/guest.h"

#include <string.h>

#define HEX_MAX (2 * GUEST_ANSWER_MAX + 1)

static void
put_bytes(struct buf *out, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char hex[HEX_MAX];

	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[2 * n] = '\0';
	wire_text(out, hex);
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: they are none, or too many. */
static bool
get_bytes(struct wire_in *in, uint8_t *out, size_t cap, size_t *out_n)
{
	char hex[HEX_MAX + 2];
	size_t n;

	wire_get_text(in, hex, sizeof(hex));
	n = strlen(hex);
	if (n % 2 != 0 || n / 2 > cap)
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	*out_n = n / 2;
	return true;
}

void
guest_ask_write(struct buf *out, const struct guest_ask *a)
{
	wire_begin(out, WIRE_GUEST_ASK);
	wire_u32(out, a->number);
	wire_text(out, a->principal);
	wire_text(out, a->instrument);
	wire_text(out, a->codec);
	wire_u64(out, (uint64_t)a->timeout_ns);
	wire_u16(out, a->may_write);
	put_bytes(out, a->bytes, MIN(a->n, (size_t)GUEST_BYTES));
	wire_end(out);
}

int
guest_ask_read(struct guest_ask *out, struct wire_in *in, struct err *err)
{
	unsigned may_write;
	bool is_good;

	memset(out, 0, sizeof(*out));
	out->number = wire_get_u32(in);
	wire_get_text(in, out->principal, sizeof(out->principal));
	wire_get_text(in, out->instrument, sizeof(out->instrument));
	wire_get_text(in, out->codec, sizeof(out->codec));
	out->timeout_ns = (int64_t)wire_get_u64(in);
	may_write = wire_get_u16(in);
	is_good = get_bytes(in, out->bytes, sizeof(out->bytes), &out->n);
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	out->may_write = may_write == 1;
	if (!is_good || may_write > 1 || out->n == 0 || out->timeout_ns < 0 ||
		out->timeout_ns > GUEST_TIMEOUT_MAX)
		return err_set(err, ERR_PROTO, 0, "a question that is none");
	return 0;
}

void
guest_told_write(struct buf *out, const struct guest_told *t)
{
	wire_begin(out, WIRE_GUEST_TOLD);
	wire_u32(out, t->number);
	wire_u16(out, (uint16_t)t->end);
	wire_u64(out, (uint64_t)t->reply_ns);
	wire_text(out, t->why);
	put_bytes(out, t->bytes, MIN(t->n, (size_t)GUEST_ANSWER_MAX));
	wire_end(out);
}

int
guest_told_read(struct guest_told *out, struct wire_in *in, struct err *err)
{
	unsigned end;
	bool is_good;

	memset(out, 0, sizeof(*out));
	out->number = wire_get_u32(in);
	end = wire_get_u16(in);
	out->reply_ns = (int64_t)wire_get_u64(in);
	wire_get_text(in, out->why, sizeof(out->why));
	is_good = get_bytes(in, out->bytes, sizeof(out->bytes), &out->n);
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (!is_good || end >= GUEST_ENDS || out->reply_ns < 0)
		return err_set(err, ERR_PROTO, 0, "an answer that is none");
	out->end = (enum guest_end)end;
	return 0;
}
