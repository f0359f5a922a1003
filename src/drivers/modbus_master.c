/* modbus_master.c - what a master says and understands, whatever carries it
 *
 * Source: MODBUS Application Protocol V1.1b3, 6 and 7. A PDU begins with its function; what stands around it is the
 * matter of modbus_tcp.c and modbus_rtu.c.
 *
 * An answer must be exactly what was asked: function, byte count, echo. Whatever differs is no value.
 */
#include "drivers/modbus_master.h"
#include "drivers/common.h"

#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "drivers/modbus_value.h"

#define OBJECT_PRODUCT 1  /* of 43/14: 0 vendor, 1 product code, 2 revision */
#define IDENTITY_STEPS 8  /* answers to one identification */
#define VAR_NEXT_OBJECT 0 /* in vars: 0x100 | the object to ask for next; 0: none */

/* ---- encode ---- */

static size_t
put_bytes(uint8_t *out, const struct request *req, bool with_count)
{
	if (with_count)
		*out++ = (uint8_t)req->n_write;
	memcpy(out, req->write, req->n_write);
	return req->n_write + (with_count ? 1u : 0u);
}

size_t
modbus_master_put(uint8_t *pdu, const struct request *req)
{
	pdu[0] = req->function;
	if (req->function == MODBUS_ENCAPSULATED) {
		pdu[1] = MODBUS_MEI_IDENTITY;
		pdu[2] = 1; /* basic: vendor, product, revision */
		pdu[3] = (uint8_t)req->address;
		return 4;
	}
	put_u16be(pdu + 1, (uint16_t)req->address);
	switch (req->function) {
	case MODBUS_WRITE_COIL:
	case MODBUS_WRITE_REGISTER:
	case MODBUS_MASK_WRITE:
		return 3 + put_bytes(pdu + 3, req, false);
	case MODBUS_WRITE_COILS:
	case MODBUS_WRITE_REGISTERS:
		put_u16be(pdu + 3, req->count);
		return 5 + put_bytes(pdu + 5, req, true);
	case MODBUS_READ_WRITE: /* reads back what it writes */
		put_u16be(pdu + 3, req->count);
		put_u16be(pdu + 5, (uint16_t)req->address);
		put_u16be(pdu + 7, req->count);
		return 9 + put_bytes(pdu + 9, req, true);
	default:
		put_u16be(pdu + 3, req->count);
		return 5;
	}
}

int
modbus_master_fits(const struct request *req, size_t around, size_t cap, struct err *err)
{
	if (cap < around + 10u + req->n_write || req->n_write > CODEC_WRITE_MAX - 10)
		return err_set(err, ERR_CONF, 0, "a request longer than Modbus allows");
	return 0;
}

/* ---- decode ---- */

/* A device that does not know the question, or one that cannot answer it now. */
static int
identity_exception(const struct request *req, unsigned code, struct err *err)
{
	switch (code) {
	case MODBUS_ILLEGAL_FUNCTION:
	case MODBUS_ILLEGAL_ADDRESS:
	case MODBUS_ILLEGAL_VALUE:
		return err_set(err, DECODE_REFUSED, (int)code,
			"the device refused to say what it is with exception %u", code);
	case MODBUS_ACKNOWLEDGE:
	case MODBUS_BUSY:
		return err_set(err, DECODE_LATER, (int)code, "the device is busy");
	case MODBUS_NO_PATH:
	case MODBUS_NO_TARGET:
		return err_set(err, DECODE_SILENT, (int)code,
			"the unit behind the gateway does not answer");
	default:
		if (req->step > 0)
			return 0; /* what it has said so far holds */
		return err_set(
			err, DECODE_BAD, (int)code, "exception %u in place of what it is", code);
	}
}

static int
decode_exception(const struct request *req, unsigned code, struct readings *out, struct err *err)
{
	if (req->kind == REQUEST_IDENTIFY) /* there are no points to tell it to */
		return identity_exception(req, code, err);
	switch (code) {
	case MODBUS_ILLEGAL_FUNCTION:
		return common_verdict(req, Q_BAD_FUNCTION, code, out);
	case MODBUS_ILLEGAL_ADDRESS:
		return common_refuse(out, Q_BAD_ADDRESS, REFUSED_PART, code, err,
			"the device refused the request with exception %u", code);
	case MODBUS_ILLEGAL_VALUE:
		return common_refuse(out, Q_BAD_REQUEST, REFUSED_LENGTH, code, err,
			"the device refused the request with exception %u", code);
	case MODBUS_ACKNOWLEDGE: /* it is at work on it already */
		out->refusal.quality = Q_DEVICE_FAILED;
		return err_set(err, DECODE_LATER, (int)code, "the device is busy");
	case MODBUS_BUSY:
		return err_set(err, DECODE_LATER, (int)code, "the device is busy");
	case MODBUS_NO_PATH:
		return common_verdict(req, Q_GATEWAY_PATH, code, out);
	case MODBUS_NO_TARGET:
		return err_set(err, DECODE_SILENT, (int)code,
			"the unit behind the gateway does not answer");
	default:
		return common_refuse(out, Q_DEVICE_FAILED, REFUSED_PART, code, err,
			"the device failed with exception %u", code);
	}
}

static void
read_point(const struct point *pt, const uint16_t *words, struct reading *r, struct readings *out)
{
	if (pt->value == VALUE_TEXT) {
		char *room = out->text[out->n_text++ % NELEM(out->text)];

		r->quality = (uint16_t)modbus_text_get(pt, words, room);
		r->text = room;
		return;
	}
	r->quality = (uint16_t)modbus_value_get(pt, words, &r->v);
}

static int
decode_read(const struct request *req, const struct point *pts, const uint8_t *pdu, size_t n,
	struct readings *out, struct err *err)
{
	bool is_bits = modbus_is_bits(req->space);
	size_t bytes = is_bits ? (req->count + 7u) / 8u : 2u * req->count;
	uint16_t words[MODBUS_READ_BITS_MAX];

	if (n != 2 + bytes || pdu[1] != bytes)
		return err_set(err, DECODE_BAD, 0, "%zu bytes of values, %zu were asked for", n - 2,
			bytes);
	for (unsigned i = 0; i < req->count; i++)
		words[i] = is_bits ? pdu[2 + i / 8] >> i % 8 & 1 : get_u16be(pdu + 2 + 2 * i);
	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++) {
		const struct point *pt = &pts[req->first + i];
		struct reading *r = &out->at[out->n++];

		*r = (struct reading){ .at = req->first + i };
		read_point(pt, words + (pt->address - req->address), r, out);
	}
	return 0;
}

/* The answer of a write repeats the request, or its address and count. */
static int
decode_write(const struct request *req, const uint8_t *pdu, size_t n, struct readings *out,
	struct err *err)
{
	uint8_t asked[MODBUS_PDU_MAX];
	size_t n_asked = modbus_master_put(asked, req);
	bool is_good;

	if (req->function == MODBUS_READ_WRITE)
		is_good = n == 2u + req->n_write && pdu[1] == req->n_write &&
			  memcmp(pdu + 2, req->write, req->n_write) == 0;
	else if (req->function == MODBUS_WRITE_COILS || req->function == MODBUS_WRITE_REGISTERS)
		is_good = n == 5 && memcmp(pdu, asked, 5) == 0;
	else
		is_good = n == n_asked && memcmp(pdu, asked, n) == 0;
	if (!is_good)
		return err_set(err, DECODE_BAD, 0,
			"the device acknowledged something else than was written");
	return common_verdict(req, Q_GOOD, 0, out);
}

/* Objects of one answer to 43/14, appended to the identity with blanks between. */
static int
decode_identity(const struct instrument *ins, const struct request *req, const uint8_t *pdu,
	size_t n, struct vars *vars, struct err *err)
{
	size_t at = 7, len;

	if (n < 7 || pdu[1] != MODBUS_MEI_IDENTITY)
		return err_set(err, DECODE_BAD, 0, "an identification that is none");
	if (req->step == 0) {
		vars->identity[0] = '\0';
		vars->kind = 0;
	}
	for (unsigned i = 0; i < pdu[6]; i++, at += 2 + len) {
		char object[2 * VALUE_TEXT_MAX] = "";
		size_t used = strlen(vars->identity), good;

		if (at + 2 > n || at + 2 + pdu[at + 1] > n)
			return err_set(err, DECODE_BAD, 0, "an identification that breaks off");
		len = pdu[at + 1];
		memcpy(object, pdu + at + 2, MIN(len, sizeof(object) - 1));
		if (pdu[at] <= OBJECT_PRODUCT) /* revisions come and go */
			vars->kind = vars->kind * 31 + text_hash((const char *)pdu + at + 2, len);
		for (size_t k = 0; object[k] != '\0'; k++)
			if ((unsigned char)object[k] < 0x20 || object[k] == 0x7F)
				object[k] = '?';
		while ((good = text_utf8(object, strlen(object))) < strlen(object))
			object[good] = '?';
		if (pdu[at] < NELEM(modbus_captures) - 1)
			common_keep(ins, modbus_captures[pdu[at]], strlen(modbus_captures[pdu[at]]),
				object, vars);
		if (used > 0 && used + 1 < sizeof(vars->identity))
			vars->identity[used++] = ' ';
		text_copy(vars->identity + used, sizeof(vars->identity) - used, object);
	}
	if (at != n)
		return err_set(err, DECODE_BAD, 0, "bytes behind an identification");
	vars->v[VAR_NEXT_OBJECT] = pdu[4] == 0xFF ? UINT64_C(0x100) | pdu[5] : 0;
	return 0;
}

int
modbus_master_decode(const struct instrument *ins, const struct request *req,
	const struct point *pts, unsigned unit, unsigned asked_unit, const uint8_t *pdu, size_t n,
	struct vars *vars, struct readings *out, struct err *err)
{
	if (req->kind == REQUEST_IDENTIFY)
		vars->v[VAR_NEXT_OBJECT] = 0; /* only a sound answer asks for more */
	if (unit != asked_unit || n < 2)
		return err_set(err, DECODE_BAD, 0, "an answer of unit %u", unit);
	if (pdu[0] == (req->function | 0x80u) && n == 2)
		return decode_exception(req, pdu[1], out, err);
	if (pdu[0] != req->function)
		return err_set(err, DECODE_BAD, 0, "an answer to function %u", pdu[0]);
	if (req->kind == REQUEST_IDENTIFY)
		return decode_identity(ins, req, pdu, n, vars, err);
	if (req->kind == REQUEST_WRITE)
		return decode_write(req, pdu, n, out, err);
	return decode_read(req, pts, pdu, n, out, err);
}

int
modbus_master_next(const struct instrument *ins, const struct request *req, int step,
	const struct vars *vars, struct request *out)
{
	if (req->kind != REQUEST_IDENTIFY || vars->v[VAR_NEXT_OBJECT] == 0 ||
		step + 1 >= IDENTITY_STEPS)
		return 0;
	*out = *req;
	out->step = (uint16_t)(step + 1);
	out->address = (uint32_t)(vars->v[VAR_NEXT_OBJECT] & 0xFF);
	return 1;
}

/* ---- questions of others ---- */

/* The length of a question of this function, as far as n bytes of it tell; 0: none that is known here. */
static size_t
guest_length(const uint8_t *pdu, size_t n)
{
	switch (pdu[0]) {
	case MODBUS_READ_COILS:
	case MODBUS_READ_DISCRETE:
	case MODBUS_READ_HOLDING:
	case MODBUS_READ_INPUT:
	case MODBUS_WRITE_COIL:
	case MODBUS_WRITE_REGISTER:
		return 5;
	case MODBUS_MASK_WRITE:
		return 7;
	case MODBUS_WRITE_COILS:
	case MODBUS_WRITE_REGISTERS:
		return n > 5 ? 6u + pdu[5] : 0;
	case MODBUS_READ_WRITE:
		return n > 9 ? 10u + pdu[9] : 0;
	case MODBUS_ENCAPSULATED:
		return n > 1 && pdu[1] == MODBUS_MEI_IDENTITY ? 4 : 0;
	default:
		return 0;
	}
}

/* Functions 1 to 4, and 43/14: no device changes by them. */
static bool
guest_reads(const uint8_t *pdu, struct request *req)
{
	static const uint16_t spaces[] = { [MODBUS_READ_COILS] = MODBUS_COIL,
		[MODBUS_READ_DISCRETE] = MODBUS_DISCRETE,
		[MODBUS_READ_HOLDING] = MODBUS_HOLDING,
		[MODBUS_READ_INPUT] = MODBUS_INPUT };

	if (pdu[0] == MODBUS_ENCAPSULATED) {
		req->kind = REQUEST_IDENTIFY;
		req->address = pdu[3];
		return true;
	}
	if (pdu[0] > MODBUS_READ_INPUT)
		return false;
	req->kind = REQUEST_READ;
	req->space = spaces[pdu[0]];
	req->count = get_u16be(pdu + 3);
	return true;
}

int
modbus_master_guest(const uint8_t *pdu, size_t n, struct request *req, struct err *err)
{
	unsigned most;

	if (n == 0 || n > MODBUS_PDU_MAX || guest_length(pdu, n) != n)
		return err_set(err, ERR_CONF, 0,
			"function %u is none that passes, or it is not written as the standard has "
			"it",
			n == 0 ? 0 : pdu[0]);
	*req = (struct request){ .function = pdu[0], .address = get_u16be(pdu + 1) };
	if (!guest_reads(pdu, req)) {
		req->kind = REQUEST_WRITE;
		return 0;
	}
	most = modbus_is_bits(req->space) ? MODBUS_READ_BITS_MAX : MODBUS_READ_MAX;
	if (req->kind == REQUEST_READ && (req->count < 1 || req->count > most))
		return err_set(err, ERR_CONF, 0, "it reads %u places; 1 to %u can be read at once",
			req->count, most);
	return 0;
}
