/* modbus_server.c - the slave's side of Modbus
 *
 * Source: MODBUS Application Protocol V1.1b3, section 6 (one state diagram a function) and 7 (exceptions).
 */
#include "drivers/modbus_server.h"

#include <string.h>

#include "base/bytes.h"
#include "drivers/modbus_crc.h"

/* What one request is worked with. An answer PDU begins at pdu[0] with the function. */
struct work {
	const struct modbus_server *s;
	unsigned unit;
	const uint8_t *in; /* the request's PDU */
	size_t n;
	uint8_t *pdu; /* the answer's, MODBUS_PDU_MAX bytes */
};

/* All do_*() return the length of the answer's PDU, or the negative of an exception code. */

static void
pack_bits(const uint16_t *words, uint32_t count, uint8_t *out)
{
	memset(out, 0, (count + 7) / 8);
	for (uint32_t i = 0; i < count; i++)
		if (words[i] != 0)
			out[i / 8] |= (uint8_t)(1u << i % 8);
}

static int
do_read(const struct work *w, unsigned space)
{
	uint16_t words[MODBUS_READ_BITS_MAX];
	uint32_t address, count, bytes;
	int rc;

	if (w->n != 5)
		return -MODBUS_ILLEGAL_VALUE;
	address = get_u16be(w->in + 1);
	count = get_u16be(w->in + 3);
	if (count == 0 || count > (modbus_is_bits(space) ? MODBUS_READ_BITS_MAX : MODBUS_READ_MAX))
		return -MODBUS_ILLEGAL_VALUE;
	if (address + count > 65536)
		return -MODBUS_ILLEGAL_ADDRESS;
	rc = w->s->read(w->s->ctx, w->unit, space, address, count, words);
	if (rc != 0)
		return -rc;
	bytes = modbus_is_bits(space) ? (count + 7) / 8 : 2 * count;
	w->pdu[1] = (uint8_t)bytes;
	if (modbus_is_bits(space))
		pack_bits(words, count, w->pdu + 2);
	for (uint32_t i = 0; !modbus_is_bits(space) && i < count; i++)
		put_u16be(w->pdu + 2 + 2 * i, words[i]);
	return (int)(2 + bytes);
}

/* The answer of a write repeats the first five bytes of the request. */
static int
echo(const struct work *w, int rc, size_t n)
{
	if (rc != 0)
		return -rc;
	memcpy(w->pdu + 1, w->in + 1, n - 1);
	return (int)n;
}

static int
do_write_one(const struct work *w, unsigned space)
{
	uint16_t word;

	if (w->n != 5)
		return -MODBUS_ILLEGAL_VALUE;
	word = get_u16be(w->in + 3);
	if (space == MODBUS_COIL && word != 0xFF00 && word != 0)
		return -MODBUS_ILLEGAL_VALUE;
	if (space == MODBUS_COIL)
		word = word != 0;
	return echo(w, w->s->write(w->s->ctx, w->unit, space, get_u16be(w->in + 1), 1, &word), 5);
}

static int
do_write_many(const struct work *w, unsigned space)
{
	uint16_t words[MODBUS_WRITE_BITS_MAX];
	uint32_t address, count, bytes;

	if (w->n < 6)
		return -MODBUS_ILLEGAL_VALUE;
	address = get_u16be(w->in + 1);
	count = get_u16be(w->in + 3);
	bytes = space == MODBUS_COIL ? (count + 7) / 8 : 2 * count;
	if (count == 0 ||
		count > (space == MODBUS_COIL ? MODBUS_WRITE_BITS_MAX : MODBUS_WRITE_MAX) ||
		w->in[5] != bytes || w->n != 6 + bytes)
		return -MODBUS_ILLEGAL_VALUE;
	if (address + count > 65536)
		return -MODBUS_ILLEGAL_ADDRESS;
	for (uint32_t i = 0; i < count; i++)
		words[i] = space == MODBUS_COIL ? w->in[6 + i / 8] >> i % 8 & 1
						: get_u16be(w->in + 6 + 2 * i);
	return echo(w, w->s->write(w->s->ctx, w->unit, space, address, count, words), 5);
}

static int
do_mask(const struct work *w)
{
	uint16_t word, and_mask, or_mask;
	uint32_t address;
	int rc;

	if (w->n != 7)
		return -MODBUS_ILLEGAL_VALUE;
	address = get_u16be(w->in + 1);
	and_mask = get_u16be(w->in + 3);
	or_mask = get_u16be(w->in + 5);
	rc = w->s->read(w->s->ctx, w->unit, MODBUS_HOLDING, address, 1, &word);
	if (rc != 0)
		return -rc;
	word = (uint16_t)((word & and_mask) | (or_mask & ~and_mask));
	return echo(w, w->s->write(w->s->ctx, w->unit, MODBUS_HOLDING, address, 1, &word), 7);
}

/* The write comes before the read. */
static int
do_read_write(const struct work *w)
{
	uint16_t words[MODBUS_READ_MAX];
	uint32_t from, n_read, to, n_write;
	int rc;

	if (w->n < 10)
		return -MODBUS_ILLEGAL_VALUE;
	from = get_u16be(w->in + 1);
	n_read = get_u16be(w->in + 3);
	to = get_u16be(w->in + 5);
	n_write = get_u16be(w->in + 7);
	if (n_read == 0 || n_read > MODBUS_READ_MAX || n_write == 0 ||
		n_write > MODBUS_RW_WRITE_MAX || w->in[9] != 2 * n_write ||
		w->n != 10 + 2 * n_write)
		return -MODBUS_ILLEGAL_VALUE;
	if (from + n_read > 65536 || to + n_write > 65536)
		return -MODBUS_ILLEGAL_ADDRESS;
	rc = w->s->read(
		w->s->ctx, w->unit, MODBUS_HOLDING, from, n_read, words); /* does it exist? */
	if (rc != 0)
		return -rc;
	for (uint32_t i = 0; i < n_write; i++)
		words[i] = get_u16be(w->in + 10 + 2 * i);
	rc = w->s->write(w->s->ctx, w->unit, MODBUS_HOLDING, to, n_write, words);
	if (rc == 0)
		rc = w->s->read(w->s->ctx, w->unit, MODBUS_HOLDING, from, n_read, words);
	if (rc != 0)
		return -rc;
	w->pdu[1] = (uint8_t)(2 * n_read);
	for (uint32_t i = 0; i < n_read; i++)
		put_u16be(w->pdu + 2 + 2 * i, words[i]);
	return (int)(2 + 2 * n_read);
}

/* Read device identification: basic stream and single objects, all three fit one answer. */
static int
do_identity(const struct work *w)
{
	const char *const objects[] = { w->s->vendor, w->s->product, w->s->revision };
	unsigned code, object, first, last;
	size_t n = 7;

	if (w->n != 4 || w->in[1] != MODBUS_MEI_IDENTITY)
		return w->n >= 2 && w->in[1] != MODBUS_MEI_IDENTITY ? -MODBUS_ILLEGAL_FUNCTION
								    : -MODBUS_ILLEGAL_VALUE;
	code = w->in[2];
	object = w->in[3];
	if (code < 1 || code > 4)
		return -MODBUS_ILLEGAL_VALUE;
	if (code == 4 && object >= NELEM(objects))
		return -MODBUS_ILLEGAL_ADDRESS;
	first = code == 4 || object < NELEM(objects) ? object : 0;
	last = code == 4 ? object : NELEM(objects) - 1;
	w->pdu[1] = MODBUS_MEI_IDENTITY;
	w->pdu[2] = (uint8_t)code;
	w->pdu[3] = 0x81; /* conformity: basic, stream and individual access */
	w->pdu[4] = 0;    /* nothing follows */
	w->pdu[5] = 0;
	w->pdu[6] = (uint8_t)(last - first + 1);
	for (unsigned i = first; i <= last; i++) {
		size_t len = MIN(strlen(objects[i]), (size_t)60);

		w->pdu[n++] = (uint8_t)i;
		w->pdu[n++] = (uint8_t)len;
		memcpy(w->pdu + n, objects[i], len);
		n += len;
	}
	return (int)n;
}

static int
execute(const struct work *w)
{
	switch (w->in[0]) {
	case MODBUS_READ_COILS:
		return do_read(w, MODBUS_COIL);
	case MODBUS_READ_DISCRETE:
		return do_read(w, MODBUS_DISCRETE);
	case MODBUS_READ_HOLDING:
		return do_read(w, MODBUS_HOLDING);
	case MODBUS_READ_INPUT:
		return do_read(w, MODBUS_INPUT);
	case MODBUS_WRITE_COIL:
		return do_write_one(w, MODBUS_COIL);
	case MODBUS_WRITE_REGISTER:
		return do_write_one(w, MODBUS_HOLDING);
	case MODBUS_WRITE_COILS:
		return do_write_many(w, MODBUS_COIL);
	case MODBUS_WRITE_REGISTERS:
		return do_write_many(w, MODBUS_HOLDING);
	case MODBUS_MASK_WRITE:
		return do_mask(w);
	case MODBUS_READ_WRITE:
		return do_read_write(w);
	case MODBUS_ENCAPSULATED:
		return do_identity(w);
	default:
		return -MODBUS_ILLEGAL_FUNCTION;
	}
}

/* The answer's PDU to w.pdu; returns its length. */
static int
answer(struct work *w)
{
	int len;

	w->pdu[0] = w->in[0];
	len = execute(w);
	if (len >= 0)
		return len;
	w->pdu[0] = (uint8_t)(w->in[0] | 0x80);
	w->pdu[1] = (uint8_t)-len;
	return 2;
}

int
modbus_server_answer(
	const struct modbus_server *s, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	struct work w = { .s = s };
	int len;

	if (n < MODBUS_HEAD + 1 || n > MODBUS_ADU_MAX || cap < MODBUS_ADU_MAX ||
		get_u16be(frame + 2) != 0 || get_u16be(frame + 4) != n - 6)
		return 0;
	w.unit = frame[6];
	w.in = frame + MODBUS_HEAD;
	w.n = n - MODBUS_HEAD;
	w.pdu = out + MODBUS_HEAD;
	len = answer(&w);
	memcpy(out, frame, 4);
	put_u16be(out + 4, (uint16_t)(len + 1));
	out[6] = frame[6];
	return MODBUS_HEAD + len;
}

/* ---- serial lines ---- */

/* Length of the request that begins here; 0: more bytes are needed, -1: none begins so. */
static int
request_length(const uint8_t *in, size_t n)
{
	if (n < 2)
		return 0;
	switch (in[1]) {
	case MODBUS_READ_COILS:
	case MODBUS_READ_DISCRETE:
	case MODBUS_READ_HOLDING:
	case MODBUS_READ_INPUT:
	case MODBUS_WRITE_COIL:
	case MODBUS_WRITE_REGISTER:
		return 8;
	case MODBUS_WRITE_COILS:
	case MODBUS_WRITE_REGISTERS:
		return n < 7 ? 0 : 9 + in[6];
	case MODBUS_MASK_WRITE:
		return 10;
	case MODBUS_READ_WRITE:
		return n < 11 ? 0 : 13 + in[10];
	case MODBUS_ENCAPSULATED:
		return 7;
	default:
		return -1;
	}
}

int
modbus_server_rtu_cut(const uint8_t *in, size_t n, enum wire wire)
{
	return modbus_rtu_cut(request_length(in, n), in, n, wire);
}

int
modbus_server_rtu_answer(
	const struct modbus_server *s, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	struct work w = { .s = s };
	int len;

	if (n < 4 || n > MODBUS_RTU_MAX || cap < MODBUS_RTU_MAX ||
		modbus_crc(frame, n - 2) != get_u16le(frame + n - 2))
		return 0;
	w.unit = frame[0];
	w.in = frame + 1;
	w.n = n - 3;
	w.pdu = out + 1;
	len = answer(&w);
	if (w.unit == 0)
		return 0; /* done, and nobody answers */
	out[0] = frame[0];
	put_u16le(out + 1 + len, modbus_crc(out, (size_t)len + 1));
	return len + 3;
}
