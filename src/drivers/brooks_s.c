/* brooks_s.c - Brooks' S-protocol: mass flow controllers SLA58xx, GF, SLAMf on RS-485
 *
 * Source: Brooks, S-protocol manual X-DPT-S-Protocol (541B037AHG), RS-485 supplement X-DPT-RS485-SLA5800 (541B189AAG); the driver of
 * PyExpLabSys. What stands around the data is in brooks_frame.c, what the data say in brooks_value.c.
 *
 *	data of an answer    response code or, with bit 7, a communication error | device status | what was asked for
 *
 * An answer names command and long address, nothing names its question: a late one could be taken for that to the same command of
 * the same device.
 *
 * The long address is written down in the bench, or asked for with the tag: command 11 to all, which only the device with this tag
 * answers. Nothing in that answer repeats the tag, and who believed a foreign one would read a neighbour from then on. So two
 * answers in a row have to say the same, and no two such questions are under way on one line (alike). They go before
 * whatever is asked first, as steps of the same exchange, and again as identification on each new wire.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "drivers/brooks_frame.h"
#include "drivers/brooks_value.h"
#include "drivers/common.h"

extern const struct codec codec_brooks_s;

#define ADDRESS_DIGITS 10
#define LEARN_STEPS 4 /* questions by tag in one exchange */
#define COMM_ERROR 0x80

enum { OPT_ADDRESS, OPT_TAG, OPT_TYPE_AT, OPT_ID_AT };

/* VAR_ADDRESS: SEEN and the address that was told last; KNOWN: twice in a row. VAR_IS_NEWS: the last answer was to a question by tag. */
enum { VAR_ADDRESS, VAR_IS_NEWS };
#define SEEN (UINT64_C(1) << 62)
#define KNOWN (UINT64_C(1) << 63)
#define ADDRESS_MASK UINT64_C(0xFFFFFFFFFF)

static const struct opt opts[] = {
	{ "address", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"long address, ten hex digits: 0A, device type, identification" },
	{ "tag", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"in its place the last eight characters of the serial number: the address is asked "
		"for" },
	{ "type_at", OPT_INT, 0, 250, NULL, 2,
		"with 'tag': where the answer to command 11 has the device type, from 0 behind the "
		"status" },
	{ "id_at", OPT_INT, 0, 250, NULL, OPT_ABSENT,
		"with 'tag': where it has the three bytes of the identification; default its last "
		"three" },
	{ 0 },
};

/* ---- the address ---- */

static bool
address_parse(const char *text, uint64_t *out)
{
	char *end;

	if (strlen(text) != ADDRESS_DIGITS ||
		strspn(text, "0123456789abcdefABCDEF") != ADDRESS_DIGITS)
		return false;
	*out = strtoull(text, &end, 16);
	return true;
}

static int
brooks_check(const struct instrument *ins, struct err *err)
{
	const char *address = ins->opts.text[OPT_ADDRESS], *tag = ins->opts.text[OPT_TAG];
	uint8_t packed[BROOKS_TAG_BYTES];
	uint64_t number;

	if ((address == NULL) == (tag == NULL))
		return err_set(err, ERR_CONF, tag == NULL ? -1 : OPT_TAG,
			"write either 'address:' with the long address or 'tag:' with the last "
			"eight characters of the serial number");
	if (address != NULL && !address_parse(address, &number))
		return err_set(err, ERR_CONF, OPT_ADDRESS,
			"a long address has ten hex digits, such as 0A64010203");
	if (tag != NULL && !brooks_tag_pack(tag, packed))
		return err_set(err, ERR_CONF, OPT_TAG,
			"a tag has eight characters, digits or capital letters: the last ones of "
			"the serial number");
	return 0;
}

/* What stands on the wire for a request at this moment. */
struct question {
	bool is_by_tag;
	uint8_t command;
	uint64_t address;
};

static struct question
question_of(const struct instrument *ins, const struct request *req, const struct vars *vars)
{
	struct question q = { .command = req->function };
	uint64_t learned = vars != NULL ? vars->v[VAR_ADDRESS] : 0;

	if (ins->opts.text[OPT_ADDRESS] != NULL &&
		address_parse(ins->opts.text[OPT_ADDRESS], &q.address))
		return q;
	if (req->kind != REQUEST_IDENTIFY && learned & KNOWN) {
		q.address = learned & ADDRESS_MASK;
		return q;
	}
	return (struct question){ true, BROOKS_CMD_BY_TAG, BROOKS_TO_ALL };
}

/* "Brooks type 64 id 010203": the address is all that the device has told for sure. Type and maker are the kind. */
static void
say_identity(uint64_t address, struct vars *vars)
{
	const uint8_t kind[] = { (uint8_t)(address >> 32), (uint8_t)(address >> 24) };
	char maker[24] = "Brooks";

	if (kind[0] != BROOKS_MAKER)
		snprintf(maker, sizeof(maker), "maker %02X", kind[0]);
	snprintf(vars->identity, sizeof(vars->identity), "%s type %02X id %06X", maker, kind[1],
		(unsigned)(address & 0xFFFFFF));
	vars->kind = text_hash(kind, sizeof(kind));
}

/* The answer to a question by tag. */
static int
learn(const struct instrument *ins, const struct request *req, const uint8_t *data, size_t n,
	struct vars *vars, struct err *err)
{
	uint64_t before = vars->v[VAR_ADDRESS], address;
	size_t type_at = (size_t)ins->opts.num[OPT_TYPE_AT];
	size_t id_at = ins->opts.num[OPT_ID_AT] == OPT_ABSENT ? n - MIN(n, (size_t)BROOKS_ID_BYTES)
							      : (size_t)ins->opts.num[OPT_ID_AT];
	bool is_same;

	if (n <= BROOKS_ID_BYTES || type_at >= n || id_at + BROOKS_ID_BYTES > n)
		return err_set(err, DECODE_BAD, 0,
			"an identity of %zu bytes; compare 'type_at' and 'id_at'", n);
	address = BROOKS_MAKER << 32 | (uint64_t)data[type_at] << 24 | (uint64_t)data[id_at] << 16 |
		  (uint64_t)data[id_at + 1] << 8 | data[id_at + 2];
	is_same = before & SEEN && (before & ADDRESS_MASK) == address;
	vars->v[VAR_ADDRESS] = address | SEEN | (is_same ? KNOWN : 0);
	if (!is_same && req->step + 1 >= LEARN_STEPS)
		return err_set(err, DECODE_BAD, 0, "answers to the tag tell different addresses");
	vars->v[VAR_IS_NEWS] = 1;
	if (req->kind == REQUEST_IDENTIFY)
		say_identity(address, vars);
	return 0;
}

/* Behind a question by tag comes another, until the address is known, and then what it was asked for. */
static int
brooks_next(const struct instrument *ins, const struct request *req, int step,
	const struct vars *vars, struct request *out)
{
	if (vars->v[VAR_IS_NEWS] == 0 || step >= LEARN_STEPS ||
		(req->kind == REQUEST_IDENTIFY && vars->v[VAR_ADDRESS] & KNOWN))
		return 0;
	*out = *req;
	return 1;
}

/* ---- requests ---- */

/* One question answers all points of a command. */
static int
brooks_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0, texts = 0;

	for (size_t i = 0; i < n; i++) {
		const struct point *pt = &pts[i];
		struct request *last = made > 0 ? &out[made - 1] : NULL;
		bool is_text = pt->value == VALUE_TEXT;

		if (last != NULL && pts[last->first].every_ns == pt->every_ns &&
			brooks_same_question(&pts[last->first], pt) &&
			!(is_text && texts == NELEM(((struct readings *)0)->text))) {
			last->n++;
			texts += is_text;
			continue;
		}
		if (made == max)
			break;
		brooks_value_ask(pt, &out[made]);
		out[made].first = (uint32_t)i;
		made++;
		texts = is_text;
	}
	return (int)made;
}

static int
brooks_identify(const struct instrument *ins, struct request *out)
{
	*out = (struct request){ .kind = REQUEST_IDENTIFY,
		.function =
			ins->opts.text[OPT_TAG] != NULL ? BROOKS_CMD_BY_TAG : BROOKS_CMD_IDENTITY };
	return 1;
}

static void
brooks_describe(const struct instrument *ins, const struct request *req, char *out, size_t cap)
{
	const char *tag = ins->opts.text[OPT_TAG], *name = brooks_command_name(req->function);
	char gas[16] = "";

	if (req->kind == REQUEST_READ && req->n_write == 1)
		snprintf(gas, sizeof(gas), " of gas %u", req->write[0]);
	snprintf(out, cap, "command %u%s%s%s%s%s", req->function, name[0] != '\0' ? ": " : "", name,
		gas, tag != NULL ? ", tag " : "", tag != NULL ? tag : "");
}

static int
brooks_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	struct question q = question_of(ins, req, vars);
	struct brooks_frame f = { .is_long = true, .address = q.address, .command = q.command };
	uint8_t packed[BROOKS_TAG_BYTES];

	if (q.is_by_tag && (ins->opts.text[OPT_TAG] == NULL ||
				   !brooks_tag_pack(ins->opts.text[OPT_TAG], packed)))
		return err_set(err, ERR_CONF, 0, "neither an address nor a tag that can be sent");
	f.data = q.is_by_tag ? packed : req->write;
	f.n = q.is_by_tag ? sizeof(packed) : (uint8_t)req->n_write;
	return brooks_frame_put(&f, out, cap, err);
}

/* ---- answers ---- */

static bool
answers(const struct question *q, const struct brooks_frame *f)
{
	return f->is_answer && f->is_long && f->command == q->command &&
	       (q->is_by_tag || f->address == q->address);
}

static enum match
brooks_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	struct brooks_frame f;
	struct question q;

	if (req == NULL || !brooks_frame_take(frame, n, &f))
		return MATCH_NOT_MINE;
	q = question_of(ins, req, ins->vars);
	return answers(&q, &f) ? MATCH_CANNOT_TELL : MATCH_NOT_MINE;
}

static bool
brooks_alike(const struct instrument *ins_a, const struct request *a,
	const struct instrument *ins_b, const struct request *b)
{
	struct question qa = question_of(ins_a, a, ins_a->vars);
	struct question qb = question_of(ins_b, b, ins_b->vars);

	return qa.command == qb.command && (qa.is_by_tag || qa.address == qb.address);
}

static const struct {
	uint8_t code;
	enum quality quality;
	const char *text;
} responses[] = {
	{ 2, Q_BAD_REQUEST, "invalid selection" },
	{ 3, Q_BAD_REQUEST, "the value is too large" },
	{ 4, Q_BAD_REQUEST, "the value is too small" },
	{ 5, Q_BAD_REQUEST, "wrong number of data bytes" },
	{ 7, Q_BAD_REQUEST, "it is write protected" },
	{ 16, Q_BAD_REQUEST, "access is restricted" },
	{ 64, Q_BAD_FUNCTION, "it does not know the command" },
};

/* The first status byte, not 0. */
static int
decode_status(const struct request *req, unsigned status, struct readings *out, struct err *err)
{
	enum quality quality = Q_DEVICE_FAILED;
	const char *text = "it failed";

	/* The question came in broken, so nothing was done: a write is sent again, a reading comes with its next period. */
	if (status & COMM_ERROR)
		return err_set(err, req->kind == REQUEST_WRITE ? DECODE_LATER : DECODE_BAD,
			(int)status, "the question arrived broken (communication error %02X)",
			status);
	if (status == 32)
		return err_set(err, DECODE_LATER, 32, "the device is busy");
	for (size_t i = 0; i < NELEM(responses); i++)
		if (responses[i].code == status) {
			quality = responses[i].quality;
			text = responses[i].text;
		}
	return common_refuse(
		out, quality, REFUSED_ALL, status, err, "response code %u: %s", status, text);
}

static int
brooks_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	struct question q = question_of(ins, req, vars);
	struct brooks_frame f;

	vars->v[VAR_IS_NEWS] = 0;
	if (!brooks_frame_take(frame, n, &f) || !answers(&q, &f))
		return err_set(err, DECODE_BAD, 0, "an answer to something else");
	if (f.data[0] != 0)
		return decode_status(req, f.data[0], out, err);
	if (q.is_by_tag)
		return learn(
			ins, req, f.data + BROOKS_STATUS, f.n - (size_t)BROOKS_STATUS, vars, err);
	if (req->kind == REQUEST_IDENTIFY) {
		say_identity(f.address, vars);
		return 0;
	}
	if (req->kind == REQUEST_WRITE)
		return brooks_value_verdict(
			req, f.data + BROOKS_STATUS, f.n - (size_t)BROOKS_STATUS, out, err);
	return brooks_value_read(req, pts, f.data, f.n, out, err);
}

const struct codec codec_brooks_s = {
	.name = "brooks-s",
	.help = "Brooks S-protocol: mass flow controllers",
	.opts = opts,
	.point_opts = brooks_point_opts,
	.wires = CODEC_SERIAL | CODEC_TCP,
	.check = brooks_check,
	.point = brooks_point,
	.plan = brooks_plan,
	.write = brooks_write,
	.identify = brooks_identify,
	.describe = brooks_describe,
	.encode = brooks_encode,
	.cut = brooks_frame_cut,
	.match = brooks_match,
	.alike = brooks_alike,
	.decode = brooks_decode,
	.next = brooks_next,
};
