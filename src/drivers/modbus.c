/* modbus.c - the codecs of Modbus: options, points, and how they become requests
 *
 * The bytes are in modbus_master.c, what stands around them in modbus_tcp.c and modbus_rtu.c, the values in modbus_value.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "drivers/common.h"
#include "drivers/modbus_master.h"
#include "drivers/modbus_value.h"

#define MODICON_MAX                                                                                \
	465536      /* taken by the table, refused by point() with the address to write instead */
#define TEXTS_MAX 8 /* strings in one request: struct readings has room for so many */

/* ---- options ---- */

static const char *const word_write[] = { "fc6", "fc16", "fc23", NULL };
static const char *const word_coil[] = { "fc5", "fc15", NULL };
static const char *const word_types[] = { "uint16", "int16", "uint32", "int32", "uint64", "int64",
	"float32", "float64", "bcd16", "bcd32", "string", "bool", NULL };
static const char *const word_orders[] = { "ABCD", "CDAB", "BADC", "DCBA", NULL };

/* In the order of enum modbus_opt. */
const struct opt modbus_opts[] = {
	{ "unit", OPT_INT, 0, 255, NULL, 1,
		"unit number of the device; 1 or 255 for most that are no gateway" },
	{ "max_block", OPT_INT, 1, MODBUS_READ_MAX, NULL, 100,
		"most registers that one request reads" },
	{ "max_bits", OPT_INT, 1, MODBUS_READ_BITS_MAX, NULL, 800,
		"most coils or discrete inputs that one request reads" },
	{ "max_gap", OPT_INT, 0, 124, NULL, 8,
		"registers without a channel that are read along to save a request (bits: 8 times "
		"as many)" },
	{ "write_with", OPT_CHOICE, 0, 0, word_write, 0,
		"function for writing one register; fc23 writes and reads back in one exchange" },
	{ "coil_with", OPT_CHOICE, 0, 0, word_coil, 0, "function for writing one coil" },
	{ 0 },
};

enum point_opt { PT_COIL, PT_DISCRETE, PT_INPUT, PT_HOLDING, PT_TYPE, PT_ORDER, PT_BIT, PT_LENGTH };

const struct opt modbus_point_opts[] = {
	{ "coil", OPT_INT, 0, MODICON_MAX, NULL, OPT_ABSENT, "address of a coil, 0 to 65535" },
	{ "discrete", OPT_INT, 0, MODICON_MAX, NULL, OPT_ABSENT,
		"address of a discrete input, 0 to 65535" },
	{ "input", OPT_INT, 0, MODICON_MAX, NULL, OPT_ABSENT,
		"address of an input register, 0 to 65535" },
	{ "holding", OPT_INT, 0, MODICON_MAX, NULL, OPT_ABSENT,
		"address of a holding register, 0 to 65535" },
	{ "type", OPT_CHOICE, 0, 0, word_types, OPT_ABSENT,
		"how the registers are to be read; default uint16, or bool with 'bit'" },
	{ "order", OPT_CHOICE, 0, 0, word_orders, MODBUS_ABCD,
		"order of the bytes: ABCD is the usual one, CDAB swaps the words" },
	{ "bit", OPT_INT, 0, 15, NULL, OPT_ABSENT, "one bit of a register; 0 is the lowest" },
	{ "length", OPT_INT, 1, 32, NULL, OPT_ABSENT,
		"registers of a string, two characters each" },
	{ 0 },
};

/* ---- points ---- */

/* 6 digits: table and number counted from 1. Taken at its word it would read a neighbour, so it is refused. */
static int
modicon(int64_t number, int index, struct err *err)
{
	static const char *const names[] = {
		[0] = "coil", [1] = "discrete", [3] = "input", [4] = "holding"
	};
	int64_t table = number / 100000, rest = number % 100000;

	if (table < (int64_t)NELEM(names) && names[table] != NULL && rest >= 1 && rest <= 65536)
		return err_set(err, ERR_CONF, index,
			"%06" PRId64 " is a Modicon number; write '%s: %" PRId64 "'", number,
			names[table], rest - 1);
	return err_set(err, ERR_CONF, index,
		"%" PRId64 " is no address; write one of 0 to 65535, counted from 0", number);
}

static int
point_table(const struct optvals *v, struct point *out, struct err *err)
{
	int found = -1;

	for (int i = PT_COIL; i <= PT_HOLDING; i++) {
		if (v->num[i] == OPT_ABSENT)
			continue;
		if (found >= 0)
			return err_set(err, ERR_CONF, i,
				"two tables for one channel; write only one of coil, discrete, "
				"input, holding");
		found = i;
	}
	if (found < 0)
		return err_set(err, ERR_CONF, -1,
			"no table; write one of coil, discrete, input, holding with an address "
			"that counts from 0");
	if (v->num[found] > 65535)
		return modicon(v->num[found], found, err);
	out->space = (uint16_t)(MODBUS_COIL + found - PT_COIL);
	out->address = (uint32_t)v->num[found];
	return 0;
}

static int
point_type(const struct optvals *v, struct point *out, struct err *err)
{
	bool is_bits = modbus_is_bits(out->space), has_bit = v->num[PT_BIT] != OPT_ABSENT;
	int64_t type = v->num[PT_TYPE];

	if (type == OPT_ABSENT)
		type = is_bits || has_bit ? MODBUS_BOOL : MODBUS_UINT16;
	if (is_bits && type != MODBUS_BOOL)
		return err_set(err, ERR_CONF, PT_TYPE,
			"a coil or discrete input is a bool; remove 'type'");
	if (is_bits && has_bit)
		return err_set(err, ERR_CONF, PT_BIT,
			"a coil or discrete input has no bits; remove 'bit'");
	if (has_bit && type != MODBUS_BOOL)
		return err_set(err, ERR_CONF, PT_TYPE, "a bit is a bool; remove 'type' or 'bit'");
	if (!is_bits && type == MODBUS_BOOL && !has_bit)
		return err_set(err, ERR_CONF, PT_TYPE,
			"which bit of the register? write for example 'bit: 0'");
	if ((type == MODBUS_STRING) != (v->num[PT_LENGTH] != OPT_ABSENT))
		return type == MODBUS_STRING ? err_set(err, ERR_CONF, PT_TYPE,
						       "a string needs its registers; write for "
						       "example 'length: 8'")
					     : err_set(err, ERR_CONF, PT_LENGTH,
						       "only a string has a length; remove "
						       "'length' or write 'type: string'");
	out->type = (uint16_t)type;
	out->order = (uint8_t)v->num[PT_ORDER];
	out->bit = has_bit ? (uint8_t)v->num[PT_BIT] : CODEC_BIT_NONE;
	out->value = (uint8_t)modbus_type_value((unsigned)type);
	out->count = (uint16_t)(type == MODBUS_STRING ? (unsigned)v->num[PT_LENGTH]
						      : modbus_type_words((unsigned)type));
	return 0;
}

int
modbus_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	struct point pt = { .id = out->id, .every_ns = out->every_ns, .write_space = -1 };
	int rc = point_table(v, &pt, err);

	if (rc == 0)
		rc = point_type(v, &pt, err);
	if (rc < 0)
		return rc;
	if (pt.space == MODBUS_COIL || pt.space == MODBUS_HOLDING) {
		pt.write_space = (int16_t)pt.space;
		pt.write_address = pt.address;
	}
	if (pt.address + pt.count > 65536)
		return err_set(err, ERR_CONF, -1,
			"its registers go beyond address 65535; correct the address");
	*out = pt;
	return 0;
}

/* ---- plan ---- */

static uint32_t
largest(const struct instrument *ins, unsigned space, const struct learned *learned)
{
	uint32_t most =
		(uint32_t)ins->opts
			.num[modbus_is_bits(space) ? MODBUS_OPT_MAX_BITS : MODBUS_OPT_MAX_BLOCK];

	return learned->max_count != 0 ? MIN(most, learned->max_count) : most;
}

static uint8_t
read_function(unsigned space)
{
	static const uint8_t functions[MODBUS_SPACES] = { MODBUS_READ_COILS, MODBUS_READ_DISCRETE,
		MODBUS_READ_INPUT, MODBUS_READ_HOLDING };

	return functions[space];
}

int
modbus_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0, texts = 0;
	struct request *r = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct point *p = &pts[i];
		uint32_t end = p->address + p->count;

		if (r != NULL && p->every_ns == pts[r->first].every_ns && p->space == r->space) {
			uint32_t r_end = r->address + r->count, new_end = MAX(r_end, end);
			uint32_t gap = (uint32_t)ins->opts.num[MODBUS_OPT_MAX_GAP] *
				       (modbus_is_bits(p->space) ? 8 : 1);

			if (p->address <= r_end + gap &&
				new_end - r->address <= largest(ins, p->space, learned) &&
				!common_is_cut(learned, p->space, r->address, new_end) &&
				(p->value != VALUE_TEXT || texts < TEXTS_MAX)) {
				r->count = (uint16_t)(new_end - r->address);
				r->n++;
				texts += p->value == VALUE_TEXT;
				continue;
			}
		}
		if (made == max)
			return (int)
				made; /* the engine offers room for one request a point: not reached */
		r = &out[made++];
		*r = (struct request){
			.kind = REQUEST_READ,
			.function = read_function(p->space),
			.n = 1,
			.first = (uint32_t)i,
			.space = p->space,
			.count = p->count,
			.address = p->address,
		};
		texts = p->value == VALUE_TEXT;
	}
	return (int)made;
}

/* ---- write, identify ---- */

static int
write_coil(const struct instrument *ins, union value v, struct request *r)
{
	bool many = ins->opts.num[MODBUS_OPT_COIL_WITH] == 1;

	r->count = 1;
	r->function = many ? MODBUS_WRITE_COILS : MODBUS_WRITE_COIL;
	r->n_write = many ? 1 : 2;
	if (many)
		r->write[0] = v.i != 0;
	else
		put_u16be(r->write, v.i != 0 ? 0xFF00 : 0);
	return 0;
}

/* Masks: keep all bits but this one, set it as wanted. */
static int
write_bit(const struct point *pt, union value v, struct request *r)
{
	struct point low = *pt;
	uint16_t bit = 0;

	low.order =
		pt->order == MODBUS_BADC || pt->order == MODBUS_DCBA ? MODBUS_BADC : MODBUS_ABCD;
	modbus_value_put(&low, (union value){ .i = 1 }, NULL, &bit);
	r->function = MODBUS_MASK_WRITE;
	r->n_write = 4;
	put_u16be(r->write, (uint16_t)~bit);
	put_u16be(r->write + 2, v.i != 0 ? bit : 0);
	return 0;
}

static int
write_registers(const struct instrument *ins, const struct point *pt, union value v,
	const char *text, struct request *r, struct err *err)
{
	uint16_t words[64] = { 0 };

	if (modbus_value_put(pt, v, text, words) < 0)
		return err_set(err, ERR_CONF, 0,
			"the device's register cannot hold this value; write a smaller one");
	r->function = ins->opts.num[MODBUS_OPT_WRITE_WITH] == 2 ? MODBUS_READ_WRITE
		      : pt->count > 1 || ins->opts.num[MODBUS_OPT_WRITE_WITH] == 1
			      ? MODBUS_WRITE_REGISTERS
			      : MODBUS_WRITE_REGISTER;
	r->n_write = (uint16_t)(2 * pt->count);
	for (unsigned i = 0; i < pt->count; i++)
		put_u16be(r->write + 2 * i, words[i]);
	return 0;
}

int
modbus_write(const struct instrument *ins, const struct point *pt, union value v, const char *text,
	const struct beside *beside, struct request *out, struct err *err)
{
	struct request r = { .kind = REQUEST_WRITE,
		.n = 1,
		.space = (uint16_t)pt->write_space,
		.count = pt->count,
		.address = pt->write_address };
	int rc;

	if (pt->write_space != MODBUS_COIL && pt->write_space != MODBUS_HOLDING)
		return err_set(err, ERR_CONF, 0, "the device offers this value for reading only");
	if (pt->write_space == MODBUS_COIL)
		rc = write_coil(ins, v, &r);
	else if (pt->bit != CODEC_BIT_NONE)
		rc = write_bit(pt, v, &r);
	else
		rc = write_registers(ins, pt, v, text, &r, err);
	if (rc == 0)
		*out = r;
	return rc;
}

/* Objects 0, 1 and 2 of its device identification. */
const char *const modbus_captures[4] = { "vendor", "product", "revision", NULL };

bool
modbus_capture(const struct instrument *ins, unsigned i, char *out_name, enum value_type *out_type)
{
	if (i >= NELEM(modbus_captures) - 1)
		return false;
	text_copy(out_name, 64, modbus_captures[i]);
	*out_type = VALUE_TEXT;
	return true;
}

int
modbus_identify(const struct instrument *ins, struct request *out)
{
	*out = (struct request){ .kind = REQUEST_IDENTIFY, .function = MODBUS_ENCAPSULATED };
	return 1;
}

void
modbus_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	static const char *const tables[MODBUS_SPACES] = { "coil", "discrete", "input", "holding" };
	const char *verb = req->kind == REQUEST_WRITE ? "write" : "read";
	const char *table = tables[req->space % MODBUS_SPACES];

	if (req->function == MODBUS_ENCAPSULATED)
		snprintf(out, cap, "what is it? (43/14, object %u)", req->address);
	else if (req->count > 1)
		snprintf(out, cap, "%s %s %u..%u (function %u)", verb, table, req->address,
			req->address + req->count - 1, req->function);
	else
		snprintf(out, cap, "%s %s %u (function %u)", verb, table, req->address,
			req->function);
}
