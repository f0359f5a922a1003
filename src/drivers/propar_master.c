/* propar_master.c - what is asked of Bronkhorst's instruments, and what they say, whatever stands around it
 *
 * Source: Bronkhorst, RS-232 interface manual 9.17.027; bronkhorst-propar, propar/__init__.py. What stands around the data of a
 * message is in propar_frame.c and propar_ascii.c, how a value stands in it in propar_value.c.
 *
 *	data of a question   04 process { parameter' process parameter } ..  parameter' is ours: it comes back in the answer
 *	data of an answer    02 process { parameter' value } ..              bit 7 of parameter': another one follows
 *	data of a write      01 process parameter value
 *	of its answer        00 status position                              also the answer to a question that is refused
 *	of a transport error one byte: 04 protocol, 05 no such node, 09 no answer from the node
 *
 * A parameter byte holds the type in bits 6-5 (0 int8, 1 int16, 2 int32 or float, 3 string) and the number in bits 4-0. Several
 * parameters of one process share a question, and the answer must name the process and the first parameter.
 */
#include "drivers/propar_master.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "drivers/common.h"
#include "drivers/propar_value.h"

#define HERE 128 /* the node that a port belongs to */
#define MORE 0x80
#define CHAIN_MAX 8 /* parameters of one question; as many texts as struct readings has room for */
#define CHAIN_BYTES (PROPAR_DATA_MAX - 2)
#define TEXT_BYTES (VALUE_TEXT_MAX + 2) /* reckoned for a string in an answer */
#define IDENTITY 113                    /* process: 1 type, 2 model, 3 serial number */

enum command { CMD_STATUS, CMD_WRITE, CMD_ANSWER, CMD_READ = 4 };
enum failure { FAIL_PROTOCOL = 4, FAIL_NODE = 5, FAIL_TIMEOUT = 9 };

enum point_opt { PT_PROCESS, PT_PARAMETER, PT_TYPE };

static const char *const word_types[] = { "int8", "int16", "int32", "sint16", "measure", "float",
	"string", NULL };

const struct opt propar_opts[] = {
	{ "node", OPT_INT, 1, HERE, NULL, HERE,
		"number on the FLOW-BUS; 128 is the instrument on this port" },
	{ 0 },
};

const struct opt propar_point_opts[] = {
	{ "process", OPT_INT, 0, 127, NULL, OPT_NEEDED, "process number" },
	{ "parameter", OPT_INT, 0, 31, NULL, OPT_NEEDED, "parameter number in the process" },
	{ "type", OPT_CHOICE, 0, 0, word_types, OPT_ABSENT,
		"needed: type of the parameter; 'measure' is the int16 that bends to negative "
		"above 41942" },
	{ 0 },
};

/* ---- points ---- */

/* address: process and parameter. */
int
propar_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	uint32_t address = (uint32_t)(v->num[PT_PROCESS] << 8 | v->num[PT_PARAMETER]);
	unsigned type = (unsigned)v->num[PT_TYPE];

	/* Not OPT_NEEDED: a place to write takes the type of the one to read. */
	if (v->num[PT_TYPE] == OPT_ABSENT)
		return err_set(err, ERR_CONF, -1,
			"which type has the parameter? write for example 'type: int16'");
	*out = (struct point){
		.id = out->id,
		.every_ns = out->every_ns,
		.type = (uint16_t)type,
		.address = address,
		.count = 1,
		.bit = CODEC_BIT_NONE,
		.value = (uint8_t)propar_types[type].value,
		.write_space = type == PROPAR_STRING ? -1 : 0,
		.write_address = address,
	};
	return 0;
}

static unsigned
answer_bytes(const struct point *pt)
{
	return 1u + (pt->type == PROPAR_STRING ? TEXT_BYTES : propar_types[pt->type].bytes);
}

static uint8_t
parameter_byte(const struct point *pt)
{
	return (uint8_t)((pt->address & 0x1F) | propar_types[pt->type].wire);
}

/* encode() sees no points: the question travels in the request. */
static void
put_question(struct request *req, const struct point *pts)
{
	uint8_t *out = req->write;

	*out++ = CMD_READ;
	*out++ = (uint8_t)(req->address >> 8);
	for (uint32_t i = 0; i < req->n; i++) {
		const struct point *pt = &pts[req->first + i];

		*out++ = (uint8_t)(parameter_byte(pt) | (i + 1 < req->n ? MORE : 0));
		*out++ = (uint8_t)(pt->address >> 8);
		*out++ = parameter_byte(pt);
		if (pt->type == PROPAR_STRING)
			*out++ = 0; /* as long as it is */
	}
	req->n_write = (uint16_t)(out - req->write);
}

int
propar_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0, bytes = 0;

	for (size_t i = 0; i < n; i++) {
		const struct point *pt = &pts[i];
		struct request *last = made > 0 ? &out[made - 1] : NULL;
		uint32_t count = last != NULL ? pt->address + 1 - last->address : 1;

		if (last != NULL && pts[last->first].every_ns == pt->every_ns &&
			last->address >> 8 == pt->address >> 8 && last->n < CHAIN_MAX &&
			bytes + answer_bytes(pt) <= CHAIN_BYTES &&
			(learned->max_count == 0 || count <= learned->max_count) &&
			!common_is_cut(learned, 0, last->address, pt->address + 1)) {
			last->n++;
			last->count = (uint16_t)count;
			bytes += answer_bytes(pt);
			continue;
		}
		if (made == max)
			break;
		out[made++] = (struct request){ .kind = REQUEST_READ,
			.function = CMD_READ,
			.n = 1,
			.first = (uint32_t)i,
			.count = 1,
			.address = pt->address };
		bytes = answer_bytes(pt);
	}
	for (size_t i = 0; i < made; i++)
		put_question(&out[i], pts);
	return (int)made;
}

int
propar_write(const struct instrument *ins, const struct point *pt, union value v, const char *text,
	const struct beside *beside, struct request *out, struct err *err)
{
	struct request r = { .kind = REQUEST_WRITE,
		.function = CMD_WRITE,
		.n = 1,
		.count = 1,
		.address = pt->write_address };
	uint32_t wire = 0;

	if (pt->write_space < 0 || pt->type >= PROPAR_STRING)
		return err_set(err, ERR_CONF, 0, "texts are for reading only");
	if (!propar_value_wire(pt->type, v, &wire))
		return err_set(err, ERR_CONF, 0, "%s cannot hold this value; write another one",
			word_types[pt->type]);
	r.write[0] = CMD_WRITE;
	r.write[1] = (uint8_t)(pt->write_address >> 8);
	r.write[2] = (uint8_t)((pt->write_address & 0x1F) | propar_types[pt->type].wire);
	r.n_write = (uint16_t)(3 + propar_types[pt->type].bytes);
	for (unsigned i = 0; i < propar_types[pt->type].bytes; i++)
		r.write[3 + i] = (uint8_t)(wire >> 8 * (propar_types[pt->type].bytes - 1u - i));
	*out = r;
	return 0;
}

int
propar_identify(const struct instrument *ins, struct request *out)
{
	static const uint8_t question[] = { CMD_READ, IDENTITY, 0xE1, IDENTITY, 0x61, 0, 0xE2,
		IDENTITY, 0x62, 0, 0x63, IDENTITY, 0x63, 0 };

	*out = (struct request){ .kind = REQUEST_IDENTIFY,
		.function = CMD_READ,
		.count = 3,
		.address = IDENTITY << 8 | 1,
		.n_write = sizeof(question) };
	memcpy(out->write, question, sizeof(question));
	return 1;
}

/* The parameters as the question has them: the longest chain just fits a line of the trace. */
static void
describe_chain(const struct request *req, char *out, size_t cap)
{
	size_t used = 0;

	for (unsigned at = 2; at + 2 < req->n_write && used < cap; at += 3) {
		uint8_t parameter = req->write[at + 2];
		int n = snprintf(out + used, cap - used, "%s%u/%u", used > 0 ? ", " : "",
			req->write[at + 1], parameter & 0x1Fu);

		used += (size_t)MAX(n, 0);
		at += (parameter & PROPAR_WIRE_STRING) == PROPAR_WIRE_STRING;
	}
}

void
propar_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	unsigned node = (unsigned)ins->opts.num[PROPAR_OPT_NODE];
	char chain[80] = "";

	if (req->kind == REQUEST_WRITE) {
		snprintf(out, cap, "write %u/%u of node %u", req->address >> 8 & 0x7F,
			req->address & 0x1F, node);
		return;
	}
	describe_chain(req, chain, sizeof(chain));
	snprintf(out, cap,
		req->kind == REQUEST_IDENTIFY ? "what is it? (%s of node %u)"
					      : "read %s of node %u",
		chain, node);
}

int
propar_message_of(const struct instrument *ins, const struct request *req, uint32_t tag,
	struct propar_message *out, struct err *err)
{
	if (req->n_write > CODEC_WRITE_MAX)
		return err_set(err, ERR_CONF, 0, "no room for a question");
	*out = (struct propar_message){ .sequence = (uint8_t)tag,
		.node = (uint8_t)ins->opts.num[PROPAR_OPT_NODE],
		.n = (uint8_t)req->n_write };
	memcpy(out->data, req->write, req->n_write);
	return 0;
}

/* ---- answers ---- */

bool
propar_is_answer(
	const struct instrument *ins, const struct request *req, const struct propar_message *m)
{
	const uint8_t *data = m->data;

	/* One byte tells of the transport, so it may come from the node of the port. */
	if (m->n == 1)
		return true;
	if (m->node != (uint8_t)ins->opts.num[PROPAR_OPT_NODE])
		return false;
	if (data[0] == CMD_STATUS)
		return m->n == 3;
	return req->kind != REQUEST_WRITE && data[0] == CMD_ANSWER && m->n >= 3 &&
	       data[1] == req->address >> 8 && (data[2] & 0x1F) == (req->address & 0x1F);
}

/* One byte: what became of the question on its way. */
static int
decode_failure(const struct request *req, unsigned failure, struct readings *out, struct err *err)
{
	switch (failure) {
	case FAIL_NODE:
		return err_set(err, DECODE_SILENT, FAIL_NODE, "there is no such node on the bus");
	case FAIL_TIMEOUT:
		return err_set(err, DECODE_SILENT, FAIL_TIMEOUT, "the node does not answer");
	case FAIL_PROTOCOL:
		if (req->kind != REQUEST_IDENTIFY)
			return common_verdict(req, Q_BAD_REQUEST, failure, out);
		return common_refuse(
			out, Q_BAD_REQUEST, REFUSED_ALL, failure, err, "a protocol error");
	default:
		if (req->kind != REQUEST_IDENTIFY)
			return common_verdict(req, Q_DEVICE_FAILED, failure, out);
		return common_refuse(out, Q_DEVICE_FAILED, REFUSED_ALL, failure, err,
			"transport error %u", failure);
	}
}

static const struct {
	uint8_t status;
	enum quality quality;
	const char *text;
} statuses[] = {
	{ 2, Q_BAD_FUNCTION, "it does not know the command" },
	{ 3, Q_BAD_ADDRESS, "it has no such process" },
	{ 4, Q_BAD_ADDRESS, "it has no such parameter" },
	{ 5, Q_BAD_REQUEST, "the parameter has another type" },
	{ 6, Q_BAD_REQUEST, "the value is not allowed" },
	{ 7, Q_GATEWAY_PATH, "the network is not active" },
	{ 0x0D, Q_BAD_FUNCTION, "the parameter is for reading only" },
	{ 0x11, Q_BAD_FUNCTION, "the parameter is for writing only" },
	{ 0x22, Q_BAD_REQUEST, "a protocol error" },
};

static int
decode_status(const struct request *req, unsigned status, struct readings *out, struct err *err)
{
	enum quality quality = Q_DEVICE_FAILED;
	const char *text = "it failed";

	if (status == 0 && req->kind == REQUEST_WRITE)
		return 0;
	if (status == 0)
		return err_set(err, DECODE_BAD, 0, "'done' instead of a value");
	if (status == 1)
		return err_set(err, DECODE_LATER, 1, "another master has claimed the process");
	if (status == 8 || status == 9 || status == 0x19)
		return err_set(err, DECODE_SILENT, (int)status, "the node does not answer");
	for (size_t i = 0; i < NELEM(statuses); i++)
		if (statuses[i].status == status) {
			quality = statuses[i].quality;
			text = statuses[i].text;
		}
	if (req->kind == REQUEST_WRITE)
		return common_verdict(req, quality, status, out);
	return common_refuse(out, quality,
		req->kind == REQUEST_READ && quality != Q_GATEWAY_PATH ? REFUSED_PART : REFUSED_ALL,
		status, err, "status %u: %s", status, text);
}

static int
decode_answer(const struct request *req, const struct point *pts, const uint8_t *data, size_t n,
	struct readings *out, struct err *err)
{
	size_t at = 2, before = out->n;

	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++) {
		const struct point *pt = &pts[req->first + i];
		uint8_t wanted = (uint8_t)(parameter_byte(pt) | (i + 1 < req->n ? MORE : 0));
		struct reading *r = &out->at[out->n];

		*r = (struct reading){ .at = req->first + i };
		if (at >= n || data[at++] != wanted ||
			!propar_value_take(pt, data, n, &at, r, out)) {
			out->n = before;
			return err_set(err, DECODE_BAD, 0,
				"parameter %u of process %u is not where it was asked for",
				pt->address & 0x1F, pt->address >> 8);
		}
		out->n++;
	}
	if (at == n)
		return 0;
	out->n = before;
	return err_set(err, DECODE_BAD, 0, "%zu bytes behind the values", n - at);
}

/* "Bronkhorst <type> <model> <serial>"; type and model are the kind. */
static int
decode_identity(const uint8_t *data, size_t n, struct vars *vars, struct err *err)
{
	char *out = vars->identity;
	size_t at = 2, used, len;
	const char *from;

	text_copy(out, sizeof(vars->identity), "Bronkhorst");
	vars->kind = text_hash("propar", 6);
	for (unsigned i = 1; i <= 3; i++) {
		if (at >= n || data[at++] != (0x60 | i | (i < 3 ? MORE : 0)) ||
			!propar_string_take(data, n, &at, &from, &len)) {
			out[0] = '\0';
			vars->kind = 0;
			return err_set(err, DECODE_BAD, 0, "an identification that is none");
		}
		if (i < 3)
			vars->kind = vars->kind * 31 + text_hash(from, len);
		used = strlen(out);
		if (used + 2 > sizeof(vars->identity))
			continue;
		out[used++] = ' ';
		common_text_show(out + used, sizeof(vars->identity) - used, from, len);
	}
	return 0;
}

int
propar_understand(const struct request *req, const struct point *pts,
	const struct propar_message *m, struct vars *vars, struct readings *out, struct err *err)
{
	const uint8_t *data = m->data;

	if (m->n == 1)
		return decode_failure(req, data[0], out, err);
	if (data[0] == CMD_STATUS && m->n == 3)
		return decode_status(req, data[1], out, err);
	if (req->kind == REQUEST_WRITE || data[0] != CMD_ANSWER || m->n < 3 ||
		data[1] != req->address >> 8)
		return err_set(err, DECODE_BAD, 0, "an answer to something else");
	if (req->kind == REQUEST_IDENTIFY)
		return decode_identity(data, m->n, vars, err);
	return decode_answer(req, pts, data, m->n, out, err);
}
