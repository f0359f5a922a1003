/* brooks_value.c - quantities of Brooks' S-protocol: which command has them, how they stand in its answer, how they are written
 *
 * Source: Brooks, S-protocol manual X-DPT-S-Protocol (541B037AHG). Numbers are big-endian. Behind the two status bytes of an answer:
 *
 *	1    unit, flow                                 150  gas, its name
 *	2    current, percent                           152  gas, unit, full scale
 *	13   tag, 6 bytes packed                        230  valve override, one byte
 *	235  39 (percent), setpoint, unit, setpoint     237  valve, three bytes
 *
 *	236  unit, setpoint     sets it: answered as 235        231  valve override: answered with it
 *
 * A unit code stands before its number. A point's address is command, gas, place from the first status byte on and wanted unit, a byte
 * each (unit 0: any); its space is 1 when a gas is part of the question.
 */
#include "drivers/brooks_value.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "drivers/brooks_frame.h"
#include "drivers/common.h"

#define NO_UNIT -1 /* of a word: its value has no unit code */

/* Largest difference of a setpoint that counts as the written one, of the full scale: controllers round. */
#define SETPOINT_ROUNDING 0.001

const struct brooks_form_row brooks_forms[BROOKS_FORMS] = {
	[BROOKS_FLOAT] = { 4, VALUE_FLOAT32 },
	[BROOKS_UINT8] = { 1, VALUE_UINT },
	[BROOKS_UINT16] = { 2, VALUE_UINT },
	[BROOKS_UINT24] = { 3, VALUE_UINT },
	[BROOKS_ASCII] = { 0, VALUE_TEXT },
	[BROOKS_PACKED] = { 0, VALUE_TEXT },
};

enum point_opt { PT_WHAT, PT_GAS, PT_COMMAND, PT_AT, PT_TYPE, PT_LENGTH, PT_UNIT };

/* In the order of words[]. */
static const char *const word_whats[] = { "flow", "current", "percent", "setpoint_percent",
	"setpoint", "valve", "valve_override", "full_scale", "gas_name", "tag", "message",
	"device_status", NULL };
static const char *const word_forms[] = { "float", "uint8", "uint16", "uint24", "ascii", "packed",
	NULL };

static const struct word {
	uint8_t command;
	uint8_t place; /* from the first status byte on */
	uint8_t form;
	uint8_t length; /* of a text; 0: to the end */
	int16_t unit;   /* NO_UNIT; 0: whatever it says; else it must say this */
	bool has_gas;
} words[] = {
	{ BROOKS_CMD_FLOW, BROOKS_STATUS + 1, BROOKS_FLOAT, 0, 0, false },
	{ BROOKS_CMD_CURRENT, BROOKS_STATUS + 0, BROOKS_FLOAT, 0, NO_UNIT, false },
	{ BROOKS_CMD_CURRENT, BROOKS_STATUS + 4, BROOKS_FLOAT, 0, NO_UNIT, false },
	{ BROOKS_CMD_SETPOINT, BROOKS_STATUS + 1, BROOKS_FLOAT, 0, BROOKS_PERCENT, false },
	{ BROOKS_CMD_SETPOINT, BROOKS_STATUS + 6, BROOKS_FLOAT, 0, 0, false },
	{ BROOKS_CMD_VALVE, BROOKS_STATUS + 0, BROOKS_UINT24, 0, NO_UNIT, false },
	{ BROOKS_CMD_OVERRIDE, BROOKS_STATUS + 0, BROOKS_UINT8, 0, NO_UNIT, false },
	{ BROOKS_CMD_FULL_SCALE, BROOKS_STATUS + 2, BROOKS_FLOAT, 0, 0, true },
	{ BROOKS_CMD_GAS_NAME, BROOKS_STATUS + 1, BROOKS_ASCII, 0, NO_UNIT, true },
	{ BROOKS_CMD_TAG, BROOKS_STATUS + 0, BROOKS_PACKED, BROOKS_TAG_BYTES, NO_UNIT, false },
	{ BROOKS_CMD_MESSAGE, BROOKS_STATUS + 0, BROOKS_PACKED, 0, NO_UNIT, false },
	{ BROOKS_CMD_FLOW, 1, BROOKS_UINT8, 0, NO_UNIT, false },
};
_Static_assert(NELEM(words) + 1 == NELEM(word_whats), "a word has its place");

const struct opt brooks_point_opts[] = {
	{ "what", OPT_CHOICE, 0, 0, word_whats, OPT_ABSENT, "the quantity; or 'command'" },
	{ "gas", OPT_INT, 0, 255, NULL, OPT_ABSENT,
		"number of the gas: the one data byte of the question" },
	{ "command", OPT_INT, 0, 253, NULL, OPT_ABSENT, "number of another command that reads" },
	{ "at", OPT_INT, 0, 250, NULL, OPT_ABSENT,
		"with 'command': where its answer has the value, from 0 behind the status" },
	{ "type", OPT_CHOICE, 0, 0, word_forms, OPT_ABSENT, "with 'command': type of the value" },
	{ "length", OPT_INT, 1, 250, NULL, OPT_ABSENT,
		"of ascii and packed: bytes; default to the end of the answer" },
	{ "unit_code", OPT_INT, 1, 255, NULL, OPT_ABSENT,
		"read: the code that must stand before the number; write: the code to send" },
	{ 0 },
};

static const struct {
	uint8_t command;
	const char *name;
} names[] = {
	{ BROOKS_CMD_IDENTITY, "what is it?" },
	{ BROOKS_CMD_FLOW, "flow" },
	{ BROOKS_CMD_CURRENT, "current, percent" },
	{ 3, "dynamic variables" },
	{ BROOKS_CMD_BY_TAG, "what is it?" },
	{ BROOKS_CMD_MESSAGE, "message" },
	{ BROOKS_CMD_TAG, "tag" },
	{ 48, "additional status" },
	{ BROOKS_CMD_GAS_NAME, "gas name" },
	{ BROOKS_CMD_FULL_SCALE, "full scale" },
	{ BROOKS_CMD_OVERRIDE, "valve override" },
	{ BROOKS_CMD_SET_OVERRIDE, "set valve override" },
	{ BROOKS_CMD_SETPOINT, "setpoint" },
	{ BROOKS_CMD_SET_SETPOINT, "set setpoint" },
	{ BROOKS_CMD_VALVE, "valve" },
};

const char *
brooks_command_name(unsigned command)
{
	for (size_t i = 0; i < NELEM(names); i++)
		if (names[i].command == command)
			return names[i].name;
	return "";
}

/* ---- points ---- */

/* Sent each period, these would change something, or be answered by nobody. 6 and 34 to 47 are those of HART, which the
 * protocol is made after: addresses, ranges, self test, reset, zero. */
static bool
is_no_reading(int64_t command)
{
	return command == 6 || command == BROOKS_CMD_BY_TAG || (command >= 17 && command <= 19) ||
	       (command >= 34 && command <= 47) || command == BROOKS_CMD_SET_OVERRIDE ||
	       command == BROOKS_CMD_SET_SETPOINT;
}

static uint32_t
place(unsigned command, unsigned gas, unsigned at, unsigned unit)
{
	return command << 24 | gas << 16 | at << 8 | unit;
}

static int
check_gas(const struct optvals *v, const struct word *w, struct err *err)
{
	if (w->has_gas && v->num[PT_GAS] == OPT_ABSENT)
		return err_set(err, ERR_CONF, PT_WHAT,
			"of which gas? add 'gas:' with its number, such as 1");
	if (!w->has_gas && v->num[PT_GAS] != OPT_ABSENT)
		return err_set(
			err, ERR_CONF, PT_GAS, "this quantity is not asked by gas; remove it");
	return 0;
}

/* `write` takes the type of `read` when it has none of its own, so one that is the word's does no harm. */
static int
check_word(const struct optvals *v, const struct word *w, struct err *err)
{
	int64_t unit = v->num[PT_UNIT];

	if (v->num[PT_COMMAND] != OPT_ABSENT)
		return err_set(err, ERR_CONF, PT_COMMAND,
			"write either 'what' or 'command' with 'at' and 'type'");
	if (v->num[PT_AT] != OPT_ABSENT)
		return err_set(err, ERR_CONF, PT_AT, "'at' belongs to 'command'; remove it");
	if (v->num[PT_TYPE] != OPT_ABSENT && v->num[PT_TYPE] != w->form)
		return err_set(err, ERR_CONF, PT_TYPE, "its type is %s; remove this one",
			word_forms[w->form]);
	if (v->num[PT_LENGTH] != OPT_ABSENT)
		return err_set(
			err, ERR_CONF, PT_LENGTH, "'length' belongs to 'command'; remove it");
	if (unit != OPT_ABSENT && w->unit == NO_UNIT)
		return err_set(err, ERR_CONF, PT_UNIT,
			"the answer has no unit code for this quantity; remove it");
	if (unit != OPT_ABSENT && w->unit > 0 && w->unit != unit)
		return err_set(
			err, ERR_CONF, PT_UNIT, "its unit code is %d; remove this one", w->unit);
	return check_gas(v, w, err);
}

/* A place in the answer to any command, as a word. */
static int
make_word(const struct optvals *v, struct word *out, struct err *err)
{
	int64_t command = v->num[PT_COMMAND], at = v->num[PT_AT], type = v->num[PT_TYPE];
	int64_t length = v->num[PT_LENGTH];

	if (command == OPT_ABSENT)
		return err_set(err, ERR_CONF, -1,
			"write 'what:' with a quantity, or 'command' with 'at' and 'type'");
	if (is_no_reading(command))
		return err_set(err, ERR_CONF, PT_COMMAND,
			"command %d does not read; setpoints and the valve are set with "
			"'write: {what: ...}'",
			(int)command);
	if (at == OPT_ABSENT || type == OPT_ABSENT)
		return err_set(err, ERR_CONF, PT_COMMAND,
			"where is the value, and which type has it? add for example 'at: 0' and "
			"'type: float'");
	if (length != OPT_ABSENT && brooks_forms[type].bytes > 0)
		return err_set(
			err, ERR_CONF, PT_LENGTH, "only ascii and packed have a length; remove it");
	if (v->num[PT_UNIT] != OPT_ABSENT && (type != BROOKS_FLOAT || at == 0))
		return err_set(err, ERR_CONF, PT_UNIT,
			"a unit code stands before a float; remove it, or correct 'at' and "
			"'type'");
	*out = (struct word){ .command = (uint8_t)command,
		.place = (uint8_t)(BROOKS_STATUS + at),
		.form = (uint8_t)type,
		.length = length == OPT_ABSENT ? 0 : (uint8_t)length,
		.has_gas = v->num[PT_GAS] != OPT_ABSENT };
	return 0;
}

int
brooks_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	unsigned unit = v->num[PT_UNIT] == OPT_ABSENT ? 0 : (unsigned)v->num[PT_UNIT];
	struct word w = { 0 };
	int rc;

	if (v->num[PT_WHAT] != OPT_ABSENT) {
		w = words[v->num[PT_WHAT]];
		rc = check_word(v, &w, err);
		unit = w.unit > 0 ? (unsigned)w.unit : unit;
	} else {
		rc = make_word(v, &w, err);
	}
	if (rc < 0)
		return rc;
	*out = (struct point){
		.id = out->id,
		.every_ns = out->every_ns,
		.space = w.has_gas ? BROOKS_GAS_SPACE : 0,
		.type = w.form,
		.address =
			place(w.command, w.has_gas ? (unsigned)v->num[PT_GAS] : 0, w.place, unit),
		.count = brooks_forms[w.form].bytes > 0 ? brooks_forms[w.form].bytes : w.length,
		.bit = CODEC_BIT_NONE,
		.value = (uint8_t)brooks_forms[w.form].value,
		.write_space = -1,
	};
	if (w.command == BROOKS_CMD_SETPOINT || w.command == BROOKS_CMD_OVERRIDE) {
		out->write_space = (int16_t)out->space;
		out->write_address = out->address;
	}
	return 0;
}

void
brooks_value_ask(const struct point *pt, struct request *out)
{
	*out = (struct request){ .kind = REQUEST_READ,
		.function = (uint8_t)(pt->address >> 24),
		.n = 1,
		.space = pt->space,
		.count = 1,
		.address = pt->address,
		.n_write = pt->space == BROOKS_GAS_SPACE };
	out->write[0] = pt->address >> 16 & 0xFF;
}

bool
brooks_same_question(const struct point *a, const struct point *b)
{
	return a->space == b->space && a->address >> 16 == b->address >> 16;
}

/* ---- readings ---- */

static float
get_float(const uint8_t *p)
{
	uint32_t wire = get_u32be(p);
	float f;

	memcpy(&f, &wire, sizeof(f));
	return f;
}

/* A number in another unit than the wanted one is none. */
static void
read_float(unsigned unit, const uint8_t *p, struct reading *r)
{
	float f = get_float(p);

	if (unit != 0 && p[-1] != unit) {
		r->quality = Q_WRONG_ANSWER;
		r->code = p[-1];
	} else if (!isfinite(f)) {
		r->quality = Q_NOT_A_NUMBER;
	} else {
		r->v.f = (double)f;
	}
}

static void
read_text(
	enum brooks_form form, const uint8_t *p, size_t n, struct reading *r, struct readings *out)
{
	char *room = out->text[out->n_text++ % NELEM(out->text)];
	char unpacked[BROOKS_UNPACKED_MAX];
	const char *from = (const char *)p, *end;

	if (form == BROOKS_PACKED) {
		n = brooks_unpack(p, n, unpacked);
		from = unpacked;
	}
	end = memchr(from, 0, n);
	n = end != NULL ? (size_t)(end - from) : n;
	while (n > 0 && from[n - 1] == ' ')
		n--;
	if (!common_text_show(room, VALUE_TEXT_MAX + 1, from, n))
		r->quality = Q_TEXT_CUT;
	r->text = room;
}

static void
read_point(const struct point *pt, const uint8_t *data, size_t n, struct reading *r,
	struct readings *out)
{
	size_t at = pt->address >> 8 & 0xFF;
	size_t bytes = pt->count > 0 ? pt->count : n - MIN(at, n);

	if (at + bytes > n || bytes == 0) {
		r->quality = Q_MISSING; /* answers grow from version to version */
		return;
	}
	if (brooks_forms[pt->type].bytes == 0)
		read_text((enum brooks_form)pt->type, data + at, bytes, r, out);
	else if (pt->type == BROOKS_FLOAT)
		read_float(pt->address & 0xFF, data + at, r);
	else
		for (size_t i = 0; i < bytes; i++)
			r->v.u = r->v.u << 8 | data[at + i];
}

int
brooks_value_read(const struct request *req, const struct point *pts, const uint8_t *data, size_t n,
	struct readings *out, struct err *err)
{
	bool tells_gas =
		req->function == BROOKS_CMD_GAS_NAME || req->function == BROOKS_CMD_FULL_SCALE;

	if (tells_gas && req->n_write == 1 &&
		(n <= BROOKS_STATUS || data[BROOKS_STATUS] != req->write[0]))
		return err_set(
			err, DECODE_BAD, 0, "an answer about another gas than %u", req->write[0]);
	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++) {
		struct reading *r = &out->at[out->n++];

		*r = (struct reading){ .at = req->first + i };
		read_point(&pts[r->at], data, n, r, out);
	}
	return 0;
}

/* ---- writes ---- */

static int
write_setpoint(unsigned unit, double v, struct request *r, struct err *err)
{
	float f = (float)v;
	uint32_t wire;

	if (!isfinite(f))
		return err_set(err, ERR_CONF, 0, "no number that a float can hold");
	memcpy(&wire, &f, sizeof(wire));
	r->function = BROOKS_CMD_SET_SETPOINT;
	r->n_write = 5;
	r->write[0] = (uint8_t)unit;
	put_u16be(r->write + 1, (uint16_t)(wire >> 16));
	put_u16be(r->write + 3, (uint16_t)wire);
	return 0;
}

static int
write_override(uint64_t v, struct request *r, struct err *err)
{
	if (v > 4 || v == 3)
		return err_set(err, ERR_CONF, 0,
			"an override is 0 (off), 1 (open), 2 (closed) or, on some, 4 (manual)");
	r->function = BROOKS_CMD_SET_OVERRIDE;
	r->n_write = 1;
	r->write[0] = (uint8_t)v;
	return 0;
}

int
brooks_write(const struct instrument *ins, const struct point *pt, union value v, const char *text,
	const struct beside *beside, struct request *out, struct err *err)
{
	unsigned unit = pt->write_address & 0xFF;
	uint32_t where = pt->write_address & ~UINT32_C(0xFF);
	struct request r = {
		.kind = REQUEST_WRITE, .n = 1, .count = 1, .address = pt->write_address
	};
	int rc = ERR_CONF;

	if (pt->write_space == 0 && pt->type == BROOKS_FLOAT &&
		where == place(BROOKS_CMD_SETPOINT, 0, BROOKS_STATUS + 1, 0))
		rc = write_setpoint(BROOKS_PERCENT, v.f, &r, err);
	else if (pt->write_space == 0 && pt->type == BROOKS_FLOAT &&
		 where == place(BROOKS_CMD_SETPOINT, 0, BROOKS_STATUS + 6, 0))
		rc = write_setpoint(unit != 0 ? unit : BROOKS_AS_SELECTED, v.f, &r, err);
	else if (pt->write_space == 0 && pt->type == BROOKS_UINT8 &&
		 where == place(BROOKS_CMD_OVERRIDE, 0, BROOKS_STATUS + 0, 0))
		rc = write_override(v.u, &r, err);
	else
		err_set(err, ERR_CONF, 0,
			"only setpoint, setpoint_percent and valve_override are written");
	if (rc == 0)
		*out = r;
	return rc;
}

/* How far the setpoint that it tells may be from the written one. The answer has it in percent too: that tells the full scale. */
static double
rounding(unsigned unit, const uint8_t *data)
{
	double percent = (double)get_float(data + 1), amount = (double)get_float(data + 6);

	if (unit == BROOKS_PERCENT)
		return SETPOINT_ROUNDING * 100;
	return data[0] == BROOKS_PERCENT && percent > 0 ? SETPOINT_ROUNDING * 100 * amount / percent
							: 0;
}

/* 236 is ignored while the setpoint comes from elsewhere: the one that it tells is the verdict. */
static int
setpoint_verdict(const struct request *req, const uint8_t *data, size_t n, struct readings *out,
	struct err *err)
{
	double wanted = (double)get_float(req->write + 1), found;
	unsigned unit = req->write[0], told;

	if (n < 10)
		return err_set(err, DECODE_BAD, 0, "%zu bytes where the setpoint should be", n);
	told = data[unit == BROOKS_PERCENT ? 0 : 5];
	found = (double)get_float(data + (unit == BROOKS_PERCENT ? 1 : 6));
	if (unit != BROOKS_AS_SELECTED && told != unit)
		return common_refuse(out, Q_WRONG_ANSWER, REFUSED_ALL, told, err,
			"it tells its setpoint in unit %u, %u was written", told, unit);
	if (!(fabs(found - wanted) <= rounding(unit, data)))
		return common_refuse(out, Q_BAD_REQUEST, REFUSED_ALL, 0, err,
			"its setpoint is %g, %g was written; does it come from elsewhere?", found,
			wanted);
	return 0;
}

int
brooks_value_verdict(const struct request *req, const uint8_t *data, size_t n, struct readings *out,
	struct err *err)
{
	if (req->function == BROOKS_CMD_SET_SETPOINT)
		return setpoint_verdict(req, data, n, out, err);
	if (n < 1)
		return err_set(err, DECODE_BAD, 0, "an answer without the override");
	if (data[0] != req->write[0])
		return common_refuse(out, Q_BAD_REQUEST, REFUSED_ALL, data[0], err,
			"its override is %u, %u was written", data[0], req->write[0]);
	return 0;
}
