/* tpg.c - Pfeiffer's gauge controllers TPG 26x, 36x and their kin
 *
 * Source: Pfeiffer Vacuum, operating instructions of TPG 261/262 and of TPG 361/362/366, chapters on the serial interface.
 *
 *	step 0   P R 1 CR LF   ->   06 CR LF (ACK), or 15 CR LF (NAK: not understood)
 *	step 1   05 (ENQ)      ->   0,1.0130E+03 CR LF                                     status, pressure
 *
 * Nothing names a question: neither the ACK nor the line. What protects is the order: an ACK is an answer only to step 0,
 * a line only to step 1, and only in the form that was asked for. After power-up the controller sends lines unasked until it
 * receives a character: those come before the ACK, so they belong to nobody. No narrower alike(): a late ACK fits every question,
 * and a late line fits the same question about another gauge.
 *
 * ETX (03), which resets the interface, is never sent: half a question that stands in the controller is ended by the next CR LF and
 * costs one NAK, after which both are in step again.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "drivers/common.h"
#include "link/codec.h"

extern const struct codec codec_tpg;

#define ENQ 0x05
#define ACK 0x06
#define NAK 0x15
#define CR 0x0D
#define LF 0x0A

#define MNEMONIC 3 /* letters of a question */
#define LINE_MAX 128
#define TEXTS_MAX 8 /* struct readings has room for so many */
#define PNR 0x504E52

enum type { TPG_PRESSURE, TPG_TEXT, TPG_NUMBER };

enum point_opt { PT_GAUGE, PT_ASK, PT_FIELD, PT_TYPE };

static const char *const word_types[] = { "text", "number", NULL };

static const struct opt no_opts[] = { { 0 } };

static const struct opt point_opts[] = {
	{ "gauge", OPT_INT, 1, 6, NULL, OPT_ABSENT,
		"pressure of a gauge, in the unit the controller shows" },
	{ "ask", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"another question, three letters: UNI, TID, ERR, PRX" },
	{ "field", OPT_INT, 1, 16, NULL, OPT_ABSENT,
		"with 'ask': which of the parts between commas; default the whole line" },
	{ "type", OPT_CHOICE, 0, 0, word_types, OPT_ABSENT,
		"with 'ask': how the answer is to be read; default text" },
	{ 0 },
};

/* ---- points, plan ---- */

static bool
is_mnemonic(const char *text)
{
	if (strlen(text) != MNEMONIC || text[0] < 'A' || text[0] > 'Z')
		return false;
	for (int i = 1; i < MNEMONIC; i++)
		if ((text[i] < 'A' || text[i] > 'Z') && (text[i] < '0' || text[i] > '9'))
			return false;
	return true;
}

static uint32_t
pack(const char *text)
{
	return (uint32_t)text[0] << 16 | (uint32_t)text[1] << 8 | (uint32_t)text[2];
}

static int
point_ask(const struct optvals *v, struct point *pt, struct err *err)
{
	const char *ask = v->text[PT_ASK];

	if (!is_mnemonic(ask))
		return err_set(err, ERR_CONF, PT_ASK,
			"a question has three capital letters or digits, such as UNI");
	if (strcmp(ask, "COM") == 0)
		return err_set(err, ERR_CONF, PT_ASK,
			"COM would start an output without end; ask something else");
	pt->address = pack(ask);
	pt->type = v->num[PT_TYPE] == 1 ? TPG_NUMBER : TPG_TEXT;
	pt->value = pt->type == TPG_NUMBER ? VALUE_FLOAT : VALUE_TEXT;
	pt->order = v->num[PT_FIELD] == OPT_ABSENT ? 0 : (uint8_t)v->num[PT_FIELD];
	return 0;
}

/* address: the letters of the question; order: which part of the answer, 0 for all of it. */
static int
tpg_point(const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	struct point pt = { .id = out->id,
		.every_ns = out->every_ns,
		.count = 1,
		.bit = CODEC_BIT_NONE,
		.write_space = -1 };
	bool has_gauge = v->num[PT_GAUGE] != OPT_ABSENT;
	int rc = 0;

	if (has_gauge == (v->text[PT_ASK] != NULL))
		return err_set(err, ERR_CONF, has_gauge ? PT_ASK : -1,
			"write either 'gauge: 1' to 'gauge: 6' or 'ask:' with a question");
	if (has_gauge && v->num[PT_FIELD] != OPT_ABSENT)
		return err_set(err, ERR_CONF, PT_FIELD, "a pressure has no fields; remove it");
	if (has_gauge && v->num[PT_TYPE] != OPT_ABSENT)
		return err_set(err, ERR_CONF, PT_TYPE, "a pressure is a number; remove the type");
	if (has_gauge) {
		char ask[] = "PR1";

		ask[2] = (char)('0' + v->num[PT_GAUGE]);
		pt.address = pack(ask);
		pt.type = TPG_PRESSURE;
		pt.value = VALUE_FLOAT;
	} else {
		rc = point_ask(v, &pt, err);
	}
	if (rc == 0)
		*out = pt;
	return rc;
}

static int
tpg_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t function = pts[i].type == TPG_PRESSURE;
		struct request *last = made > 0 ? &out[made - 1] : NULL;

		if (last != NULL && last->address == pts[i].address && last->function == function &&
			last->n < TEXTS_MAX && pts[last->first].every_ns == pts[i].every_ns) {
			last->n++;
			continue;
		}
		if (made == max)
			break;
		out[made++] = (struct request){ .kind = REQUEST_READ,
			.function = function,
			.n = 1,
			.first = (uint32_t)i,
			.count = 1,
			.address = pts[i].address };
	}
	return (int)made;
}

/* The program's number: all that every model of the family tells about itself. */
static int
tpg_identify(const struct instrument *ins, struct request *out)
{
	*out = (struct request){ .kind = REQUEST_IDENTIFY, .address = PNR };
	return 1;
}

static void
tpg_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	const char ask[] = { (char)(req->address >> 16), (char)(req->address >> 8 & 0xFF),
		(char)(req->address & 0xFF), '\0' };
	const char *enq = req->step > 0 ? "ENQ after " : "";

	if (req->kind == REQUEST_IDENTIFY)
		snprintf(out, cap, "%s%s (what is it?)", enq, ask);
	else if (req->function == 1)
		snprintf(out, cap, "%s%s (gauge %c)", enq, ask, ask[2]);
	else
		snprintf(out, cap, "%s%s", enq, ask);
}

/* ---- bytes ---- */

static int
tpg_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	if (cap < MNEMONIC + 2)
		return err_set(err, ERR_CONF, 0, "no room for a question");
	if (req->step > 0) {
		out[0] = ENQ;
		return 1;
	}
	for (int i = 0; i < MNEMONIC; i++)
		out[i] = (uint8_t)(req->address >> 8 * (MNEMONIC - 1 - i));
	out[MNEMONIC] = CR;
	out[MNEMONIC + 1] = LF;
	return MNEMONIC + 2;
}

static int
tpg_next(const struct instrument *ins, const struct request *req, int step, const struct vars *vars,
	struct request *out)
{
	if (step > 0)
		return 0;
	*out = *req;
	return 1;
}

static bool
is_printed(uint8_t c)
{
	return c >= 0x20 && c < 0x7F;
}

/* `n` bytes are none of a frame. While the wire is open the last byte stays: it may belong to one. */
static int
skip(size_t n, size_t all, enum wire wire)
{
	if (wire == WIRE_OPEN && n >= all)
		n = all - 1;
	return n == 0 ? CUT_MORE : CUT_SKIP(n);
}

/* ACK, NAK or a run of printed characters, each ended by CR LF. */
static int
tpg_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	size_t at = 0;

	if (n > 0 && (in[0] == ACK || in[0] == NAK))
		at = 1;
	else
		while (at < n && at < LINE_MAX && is_printed(in[at]))
			at++;
	if (at < n && at == 0)
		return skip(1, n, wire);
	if (at < n && in[at] != CR)
		return skip(at, n, wire);
	if (at + 1 >= n)
		return wire == WIRE_CLOSED ? CUT_SKIP(n) : CUT_MORE; /* a pause is no end */
	if (in[at + 1] != LF)
		return skip(at + 1, n, wire);
	return CUT_FRAME(at + 2);
}

/* ---- whose line, and what does it say ---- */

static size_t
digits(const uint8_t *in, size_t n, size_t at)
{
	while (at < n && in[at] >= '0' && in[at] <= '9')
		at++;
	return at;
}

/* How many pairs "0,1.0130E+03" the line has; 0 when it has another form. */
static unsigned
pressures(const uint8_t *in, size_t n)
{
	unsigned pairs = 0;
	size_t at = 0, from;

	while (at + 2 < n) {
		if (in[at] < '0' || in[at] > '6' || in[at + 1] != ',')
			return 0;
		at += 2;
		if (at < n && (in[at] == '+' || in[at] == '-'))
			at++;
		from = at;
		at = digits(in, n, at);
		if (at == from || at == n || in[at] != '.')
			return 0;
		at = digits(in, n, at + 1);
		if (at + 2 >= n || in[at] != 'E' || (in[at + 1] != '+' && in[at + 1] != '-'))
			return 0;
		from = at + 2;
		at = digits(in, n, from);
		if (at == from)
			return 0;
		pairs++;
		if (at == n)
			return pairs;
		if (in[at++] != ',')
			return 0;
	}
	return 0;
}

static bool
is_ack(const uint8_t *frame, size_t n)
{
	return n == 3 && (frame[0] == ACK || frame[0] == NAK);
}

static enum match
tpg_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	unsigned pairs;
	bool fits;

	if (req == NULL || n < 3 || is_ack(frame, n) != (req->step == 0))
		return MATCH_NOT_MINE;
	if (req->step == 0)
		return MATCH_CANNOT_TELL;
	pairs = pressures(frame, n - 2);
	if (req->kind == REQUEST_READ && req->function == 1)
		fits = pairs == 1;
	else
		fits = (pairs > 0) == (req->address >> 8 == ('P' << 8 | 'R'));
	return fits ? MATCH_CANNOT_TELL : MATCH_NOT_MINE;
}

/* Under and over range the controller gives the end of the range: usable, with a warning. */
static enum quality
gauge_quality(char status)
{
	switch (status) {
	case '0':
		return Q_GOOD;
	case '1':
	case '2':
		return Q_OUT_OF_RANGE;
	case '4':
		return Q_SWITCHED_OFF;
	case '5':
		return Q_MISSING; /* no sensor in this place */
	default:
		return Q_SENSOR_FAULT; /* 3 faulty, 6 not identified: told apart by the code */
	}
}

static void
read_pressure(const char *line, struct reading *r)
{
	r->code = (uint16_t)(line[0] - '0');
	r->quality = (uint16_t)gauge_quality(line[0]);
	if (!text_to_double(line + 2, &r->v.f)) {
		r->v.f = 0;
		if (!quality_is_bad(r->quality))
			r->quality = Q_NOT_A_NUMBER;
	}
}

/* Part `field` of the line, without blanks around it; false when there are fewer. */
static bool
part(const char *line, unsigned field, char out[LINE_MAX + 1])
{
	size_t n = strlen(line);

	for (; field > 1; field--) {
		line = strchr(line, ',');
		if (line == NULL)
			return false;
		line++;
	}
	n = field == 0 ? n : strcspn(line, ",");
	while (n > 0 && line[0] == ' ') {
		line++;
		n--;
	}
	while (n > 0 && line[n - 1] == ' ')
		n--;
	memcpy(out, line, n);
	out[n] = '\0';
	return true;
}

static void
read_part(const struct point *pt, const char *line, struct reading *r, struct readings *out)
{
	char text[LINE_MAX + 1], *room;

	if (!part(line, pt->order, text)) {
		r->quality = Q_MISSING;
		return;
	}
	if (pt->type == TPG_NUMBER) {
		if (!text_to_double(text, &r->v.f))
			r->quality = Q_NOT_A_NUMBER;
		return;
	}
	room = out->text[out->n_text++ % NELEM(out->text)];
	if (!text_copy(room, VALUE_TEXT_MAX + 1, text))
		r->quality = Q_TEXT_CUT;
	r->text = room;
}

static int
tpg_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	char line[LINE_MAX + 1];

	if (n < 3 || n > LINE_MAX + 2 || is_ack(frame, n) != (req->step == 0))
		return err_set(err, DECODE_BAD, 0, "an answer out of turn");
	if (req->step == 0 && frame[0] == NAK)
		return common_refuse(out, Q_BAD_REQUEST, REFUSED_ALL, NAK, err,
			"the controller does not understand the question (NAK)");
	if (req->step == 0)
		return 0;
	memcpy(line, frame, n - 2);
	line[n - 2] = '\0';
	if (req->kind == REQUEST_IDENTIFY) {
		text_copy(vars->identity, sizeof(vars->identity), "Pfeiffer TPG, firmware ");
		text_copy(vars->identity + strlen(vars->identity),
			sizeof(vars->identity) - strlen(vars->identity), line);
		vars->kind = text_hash("tpg", 3);
		return 0;
	}
	if (req->function == 1 && pressures(frame, n - 2) != 1)
		return err_set(err, DECODE_BAD, 0, "no status and pressure: '%.40s'", line);
	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++) {
		struct reading *r = &out->at[out->n++];

		*r = (struct reading){ .at = req->first + i };
		if (req->function == 1)
			read_pressure(line, r);
		else
			read_part(&pts[r->at], line, r, out);
	}
	return 0;
}

const struct codec codec_tpg = {
	.name = "tpg",
	.help = "Pfeiffer TPG vacuum gauge controllers",
	.opts = no_opts,
	.point_opts = point_opts,
	.wires = CODEC_SERIAL | CODEC_TCP,
	.point = tpg_point,
	.plan = tpg_plan,
	.identify = tpg_identify,
	.describe = tpg_describe,
	.encode = tpg_encode,
	.cut = tpg_cut,
	.match = tpg_match,
	.decode = tpg_decode,
	.next = tpg_next,
};
