/* play_brooks.c - Brooks' S-protocol, the controller's side
 *
 * Source: Brooks, S-protocol manual X-DPT-S-Protocol (541B037AHG), RS-485 supplement X-DPT-RS485-SLA5800 (541B189AAG). Frames are drawn
 * in drivers/brooks_frame.c, the data of answers in brooks_value.c. From HART, which the protocol is made after: what the response codes
 * mean, and that a short address, 0 behind two bits of the master, is answered when the question is command 0.
 *
 * Read and written is what the points of the bench are; beside them there is the identity: command 0, and 11 to all, which only the
 * device with this tag answers. A command that no point names is not known. There is one setpoint, in percent and as an amount: who
 * writes one, writes both. A question with a wrong check is answered by nobody, for its address may be as wrong.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "drivers/brooks_frame.h"
#include "drivers/brooks_value.h"
#include "twin/player.h"

#define POLLED 0x3F       /* bits of a short address that are not the master's */
#define TYPE 0x64         /* of a device whose long address nobody wrote down */
#define IDENTITY_ROOM 256 /* type_at and id_at reach to 252 */
#define IDENTITY_LEAST 12 /* FE, maker, type, preambles, five bytes of revisions, identification */
#define PREAMBLES 5
#define ML_PER_MIN 171 /* unit code */
#define FULL_SCALE                                                                                 \
	50.0         /* where no point tells it: that of the manual's exchange, 20 % = 10 ml/min */
#define LARGEST 1e30 /* setpoint; both of its numbers have to be floats */
#define OVERRIDE_CLOSED 2
#define OVERRIDE_MANUAL 4

/* Places in the data of answers, from the first status byte on. */
#define AT_DEVICE_STATUS 1
#define AT_FLOW (BROOKS_STATUS + 1)
#define AT_FLOW_PERCENT (BROOKS_STATUS + 4) /* of command 2 */
#define AT_PERCENT (BROOKS_STATUS + 1)      /* of command 235 */
#define AT_AMOUNT (BROOKS_STATUS + 6)
#define AT_FULL_SCALE (BROOKS_STATUS + 2)

enum { OPT_ADDRESS, OPT_TAG, OPT_TYPE_AT, OPT_ID_AT }; /* as the codec has them */

enum response {
	DONE,
	BAD_SELECTION = 2,
	TOO_LARGE = 3,
	BAD_COUNT = 5,
	PROTECTED = 7,
	RESTRICTED = 16,
	UNKNOWN = 64
};

/* Data of an answer, from the first status byte on. */
struct answer {
	size_t n;
	uint8_t data[BROOKS_DATA_MAX];
};

/* What is not within an answer is not told: the driver takes it for missing. */
static void
put_bytes(struct answer *a, size_t at, const uint8_t *bytes, size_t n)
{
	if (at + n > sizeof(a->data))
		return;
	memcpy(a->data + at, bytes, n);
	a->n = MAX(a->n, at + n);
}

static void
put_float(struct answer *a, size_t at, double v)
{
	float f = (float)v;
	uint32_t wire;
	uint8_t bytes[4];

	memcpy(&wire, &f, sizeof(wire));
	put_u16be(bytes, (uint16_t)(wire >> 16));
	put_u16be(bytes + 2, (uint16_t)wire);
	put_bytes(a, at, bytes, sizeof(bytes));
}

static void
put_byte(struct answer *a, size_t at, unsigned v)
{
	put_bytes(a, at, &(uint8_t){ (uint8_t)v }, 1);
}

/* ---- points ---------------------------------------------------------------------------------------------------------- */

static unsigned
command_of(const struct point *pt)
{
	return pt->address >> 24;
}

static unsigned
place_of(const struct point *pt)
{
	return pt->address >> 8 & 0xFF;
}

/* The point that stands there, in any instrument of this device. */
static struct play_point *
find(struct play_device *dev, unsigned command, unsigned at, struct play_device **out_dev)
{
	for (; dev != NULL; dev = dev->next)
		for (uint32_t i = 0; i < dev->n_pts; i++) {
			const struct point *pt = &dev->pts[i].pt;

			if (command_of(pt) != command || place_of(pt) != at ||
				brooks_forms[pt->type].bytes == 0)
				continue;
			if (out_dev != NULL)
				*out_dev = dev;
			return &dev->pts[i];
		}
	return NULL;
}

static bool
is_float(const struct play_point *p)
{
	return p != NULL && p->pt.type == BROOKS_FLOAT;
}

/* Code of the unit in which flow and full scale are told. */
static unsigned
unit_of(struct play_device *dev)
{
	const struct play_point *told[] = { find(dev, BROOKS_CMD_FLOW, AT_FLOW, NULL),
		find(dev, BROOKS_CMD_SETPOINT, AT_AMOUNT, NULL),
		find(dev, BROOKS_CMD_FULL_SCALE, AT_FULL_SCALE, NULL) };

	for (size_t i = 0; i < NELEM(told); i++)
		if (told[i] != NULL && (told[i]->pt.address & 0xFF) != 0)
			return told[i]->pt.address & 0xFF;
	return ML_PER_MIN;
}

/* The setpoint's may be another one. */
static unsigned
amount_unit(struct play_device *dev)
{
	const struct play_point *p = find(dev, BROOKS_CMD_SETPOINT, AT_AMOUNT, NULL);

	return is_float(p) && (p->pt.address & 0xFF) != 0 ? p->pt.address & 0xFF : unit_of(dev);
}

static double
full_scale(struct play_device *dev)
{
	const struct play_point *p = find(dev, BROOKS_CMD_FULL_SCALE, AT_FULL_SCALE, NULL);

	return is_float(p) && p->v.f > 0 ? p->v.f : FULL_SCALE;
}

static unsigned
device_status(struct play_device *dev)
{
	const struct play_point *p = find(dev, BROOKS_CMD_FLOW, AT_DEVICE_STATUS, NULL);

	return p == NULL ? 0 : (unsigned)p->v.u & 0xFF;
}

static bool
is_shut(struct play_device *dev)
{
	const struct play_point *p = find(dev, BROOKS_CMD_OVERRIDE, BROOKS_STATUS, NULL);

	return p != NULL && p->v.u == OVERRIDE_CLOSED;
}

/* ---- who it is ------------------------------------------------------------------------------------------------------- */

/* The tag of a device, NULL: nobody has told it. */
static const char *
tag_of(const struct play_device *dev)
{
	for (; dev != NULL; dev = dev->next) {
		if (dev->ins.opts.text[OPT_TAG] != NULL)
			return dev->ins.opts.text[OPT_TAG];
		for (uint32_t i = 0; i < dev->n_pts; i++)
			if (command_of(&dev->pts[i].pt) == BROOKS_CMD_TAG &&
				dev->pts[i].pt.type == BROOKS_PACKED)
				return dev->pts[i].text;
	}
	return NULL;
}

/* The bytes of the identity and, behind them, the long address: the one that is written down, else what a master makes of the bytes. */
static size_t
identity(const struct play_device *dev, uint8_t out[IDENTITY_ROOM], uint64_t *out_address)
{
	const char *written = dev->ins.opts.text[OPT_ADDRESS], *tag = dev->ins.opts.text[OPT_TAG];
	size_t type_at = (size_t)dev->ins.opts.num[OPT_TYPE_AT];
	bool has_place = dev->ins.opts.num[OPT_ID_AT] != OPT_ABSENT;
	size_t id_at = has_place ? (size_t)dev->ins.opts.num[OPT_ID_AT] : 0;
	size_t n = MAX((size_t)IDENTITY_LEAST, MAX(type_at + 1, id_at + BROOKS_ID_BYTES));
	uint64_t address = BROOKS_MAKER << 32 | (uint64_t)TYPE << 24;

	if (written != NULL)
		address = strtoull(written, NULL, 16);
	else if (tag != NULL)
		address |= text_hash(tag, strlen(tag)) & 0xFFFFFF;
	if (!has_place)
		id_at = n - BROOKS_ID_BYTES;
	memset(out, 0, IDENTITY_ROOM);
	out[0] = 0xFE;
	out[1] = (uint8_t)(address >> 32);
	out[2] = (uint8_t)(address >> 24);
	out[3] = PREAMBLES;
	for (size_t i = 0; i < BROOKS_ID_BYTES; i++)
		out[id_at + i] = (uint8_t)(address >> 8 * (BROOKS_ID_BYTES - 1 - i));
	out[type_at] = (uint8_t)(address >> 24);
	if (written == NULL)
		address = BROOKS_MAKER << 32 | (uint64_t)out[type_at] << 24 |
			  (uint64_t)out[id_at] << 16 | (uint64_t)out[id_at + 1] << 8 |
			  out[id_at + 2];
	*out_address = address;
	return n;
}

static uint64_t
brooks_address(const struct play_device *dev)
{
	uint8_t bytes[IDENTITY_ROOM];
	uint64_t address;

	(void)identity(dev, bytes, &address);
	return address;
}

static bool
has_tag(const struct play_device *dev, const struct brooks_frame *in)
{
	const char *tag = tag_of(dev);
	uint8_t packed[BROOKS_TAG_BYTES];

	return tag != NULL && in->n == sizeof(packed) && brooks_tag_pack(tag, packed) &&
	       memcmp(in->data, packed, sizeof(packed)) == 0;
}

static bool
is_for(const struct play_device *dev, const struct brooks_frame *in)
{
	if (in->is_answer)
		return false;
	if (!in->is_long)
		return in->command == BROOKS_CMD_IDENTITY && (in->address & POLLED) == 0 &&
		       dev->is_alone;
	if (in->address == BROOKS_TO_ALL)
		return in->command == BROOKS_CMD_BY_TAG && has_tag(dev, in);
	return in->address == brooks_address(dev);
}

static enum response
on_identity(const struct play_device *dev, const struct brooks_frame *in, struct answer *a)
{
	uint8_t bytes[IDENTITY_ROOM];
	uint64_t address;

	if (in->command == BROOKS_CMD_IDENTITY && in->n != 0)
		return BAD_COUNT;
	put_bytes(a, BROOKS_STATUS, bytes, identity(dev, bytes, &address));
	return DONE;
}

/* ---- reading --------------------------------------------------------------------------------------------------------- */

/* Percent and amount, each in its unit. */
static void
put_setpoint(struct play_device *dev, struct answer *a)
{
	const struct play_point *percent = find(dev, BROOKS_CMD_SETPOINT, AT_PERCENT, NULL);
	const struct play_point *amount = find(dev, BROOKS_CMD_SETPOINT, AT_AMOUNT, NULL);
	double full = full_scale(dev), v = 0;

	if (is_float(percent))
		v = percent->v.f;
	else if (is_float(amount))
		v = 100 * amount->v.f / full;
	put_byte(a, AT_PERCENT - 1, BROOKS_PERCENT);
	put_float(a, AT_PERCENT, v);
	put_byte(a, AT_AMOUNT - 1, amount_unit(dev));
	put_float(a, AT_AMOUNT, is_float(amount) ? amount->v.f : v * full / 100);
}

/* What an answer has whether points name it or not. */
static void
put_form(struct play_device *dev, const struct brooks_frame *in, struct answer *a)
{
	switch (in->command) {
	case BROOKS_CMD_FLOW:
		put_byte(a, AT_FLOW - 1, unit_of(dev));
		put_float(a, AT_FLOW, 0);
		break;
	case BROOKS_CMD_CURRENT:
		put_float(a, BROOKS_STATUS, 0);
		put_float(a, AT_FLOW_PERCENT, 0);
		break;
	case BROOKS_CMD_GAS_NAME:
		put_byte(a, BROOKS_STATUS, in->n > 0 ? in->data[0] : 0);
		break;
	case BROOKS_CMD_FULL_SCALE:
		put_byte(a, BROOKS_STATUS, in->n > 0 ? in->data[0] : 0);
		put_byte(a, AT_FULL_SCALE - 1, unit_of(dev));
		put_float(a, AT_FULL_SCALE, 0);
		break;
	case BROOKS_CMD_SETPOINT:
		put_setpoint(dev, a);
		break;
	default:
		break;
	}
}

/* A text that nobody has set yet shows whose it is: then a tag that is known says more. */
static const char *
text_of(const struct play_device *dev, const struct play_point *p)
{
	const char *tag = dev->ins.opts.text[OPT_TAG];

	return command_of(&p->pt) == BROOKS_CMD_TAG && tag != NULL &&
			       strcmp(p->text, dev->ins.name) == 0
		       ? tag
		       : p->text;
}

/* One that has no length goes to the end of the answer, and makes it. */
static void
put_text(const struct play_device *dev, const struct play_point *p, struct answer *a)
{
	const char *text = text_of(dev, p);
	size_t n = strlen(text), at = place_of(&p->pt), wanted = p->pt.count;
	uint8_t bytes[BROOKS_DATA_MAX];

	if (wanted == 0)
		wanted = p->pt.type == BROOKS_PACKED ? (n + 3) / 4 * 3 : n;
	wanted = MIN(wanted, sizeof(bytes) - MIN(at, sizeof(bytes)));
	if (p->pt.type == BROOKS_PACKED) {
		brooks_pack(text, bytes, wanted);
	} else {
		memset(bytes, ' ', wanted);
		memcpy(bytes, text, MIN(n, wanted));
	}
	put_bytes(a, at, bytes, wanted);
}

static void
put_number(struct play_device *head, const struct play_point *p, struct answer *a)
{
	unsigned command = command_of(&p->pt), at = place_of(&p->pt), unit = p->pt.address & 0xFF;
	bool is_flow = (command == BROOKS_CMD_FLOW && at == AT_FLOW) ||
		       (command == BROOKS_CMD_CURRENT && at == AT_FLOW_PERCENT);
	unsigned bytes = brooks_forms[p->pt.type].bytes;

	if (p->pt.type != BROOKS_FLOAT) {
		for (unsigned i = 0; i < bytes; i++)
			put_byte(a, at + i, (unsigned)(p->v.u >> 8 * (bytes - 1 - i)) & 0xFF);
		return;
	}
	if (unit != 0)
		put_byte(a, at - 1, unit);
	put_float(a, at, is_flow && is_shut(head) ? 0 : p->v.f);
}

static bool
is_of(const struct point *pt, const struct brooks_frame *in)
{
	bool has_gas = pt->space == BROOKS_GAS_SPACE;

	return command_of(pt) == in->command && in->n == has_gas &&
	       (!has_gas || in->data[0] == (pt->address >> 16 & 0xFF));
}

/* Is it a question that this device understands? */
static enum response
check_read(const struct play_device *dev, const struct brooks_frame *in)
{
	enum response why = UNKNOWN;

	for (; dev != NULL; dev = dev->next)
		for (uint32_t i = 0; i < dev->n_pts; i++) {
			const struct point *pt = &dev->pts[i].pt;

			if (command_of(pt) != in->command)
				continue;
			if (is_of(pt, in))
				return DONE;
			why = in->n == (pt->space == BROOKS_GAS_SPACE) ? BAD_SELECTION : BAD_COUNT;
		}
	return why;
}

static enum response
on_read(struct play_device *dev, const struct brooks_frame *in, struct answer *a)
{
	enum response why = check_read(dev, in);

	if (why != DONE)
		return why;
	put_form(dev, in, a);
	/* Texts first: one that goes to the end covers what stands behind its place. */
	for (int numbers = 0; numbers < 2; numbers++)
		for (struct play_device *d = dev; d != NULL; d = d->next)
			for (uint32_t i = 0; i < d->n_pts; i++) {
				const struct play_point *p = &d->pts[i];

				if (!is_of(&p->pt, in) ||
					(p->pt.value != VALUE_TEXT) != (numbers == 1))
					continue;
				if (numbers == 1)
					put_number(dev, p, a);
				else
					put_text(d, p, a);
			}
	return DONE;
}

/* ---- writing --------------------------------------------------------------------------------------------------------- */

static void
write_to(struct play_device *its, struct play_point *p, union value v)
{
	play_write(its, (uint32_t)(p - its->pts), v, NULL);
}

static double
get_float(const uint8_t *p)
{
	uint32_t wire = get_u32be(p);
	float f;

	memcpy(&f, &wire, sizeof(f));
	return (double)f;
}

static enum response
on_setpoint(struct play_device *dev, const struct brooks_frame *in, struct answer *a)
{
	struct play_device *percent_dev, *amount_dev;
	struct play_point *percent = find(dev, BROOKS_CMD_SETPOINT, AT_PERCENT, &percent_dev);
	struct play_point *amount = find(dev, BROOKS_CMD_SETPOINT, AT_AMOUNT, &amount_dev);
	double full = full_scale(dev), v;
	bool is_percent;

	if (!is_float(percent) && !is_float(amount))
		return UNKNOWN;
	if (in->n != 5)
		return BAD_COUNT;
	is_percent = in->data[0] == BROOKS_PERCENT;
	if (!is_percent && in->data[0] != BROOKS_AS_SELECTED && in->data[0] != amount_unit(dev))
		return BAD_SELECTION;
	v = get_float(in->data + 1);
	if (!(fabs(v) <= LARGEST))
		return TOO_LARGE;
	if (!(is_float(percent) && percent->pt.write_space >= 0) &&
		!(is_float(amount) && amount->pt.write_space >= 0))
		return PROTECTED;
	if (is_float(percent))
		write_to(percent_dev, percent,
			(union value){ .f = is_percent ? v : 100 * v / full });
	if (is_float(amount))
		write_to(amount_dev, amount, (union value){ .f = is_percent ? v * full / 100 : v });
	put_setpoint(dev, a);
	return DONE;
}

static enum response
on_override(struct play_device *dev, const struct brooks_frame *in, struct answer *a)
{
	struct play_device *its;
	struct play_point *p = find(dev, BROOKS_CMD_OVERRIDE, BROOKS_STATUS, &its);

	if (p == NULL || p->pt.type != BROOKS_UINT8)
		return UNKNOWN;
	if (in->n != 1)
		return BAD_COUNT;
	if (p->pt.write_space < 0)
		return PROTECTED;
	if (in->data[0] > OVERRIDE_MANUAL || in->data[0] == 3)
		return BAD_SELECTION;
	write_to(its, p, (union value){ .u = in->data[0] });
	put_number(dev, p, a);
	return DONE;
}

/* ---- the player ------------------------------------------------------------------------------------------------------ */

static int
brooks_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	return brooks_frame_cut(NULL, NULL, in, n, wire);
}

static int
put_answer(const struct brooks_frame *in, const struct answer *a, uint8_t *out, size_t cap)
{
	struct brooks_frame f = *in;
	int n;

	f.is_answer = true;
	f.n = (uint8_t)a->n;
	f.data = a->data;
	n = brooks_frame_put(&f, out, cap, NULL);
	return MAX(n, 0);
}

static int
brooks_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	struct answer a = { .n = BROOKS_STATUS };
	enum response response;
	struct brooks_frame in;

	if (!brooks_frame_take(frame, n, &in) || !is_for(dev, &in))
		return PLAY_NOT_MINE;
	if (in.command == BROOKS_CMD_IDENTITY || in.address == BROOKS_TO_ALL)
		response = on_identity(dev, &in, &a);
	else if (in.command == BROOKS_CMD_SET_SETPOINT)
		response = on_setpoint(dev, &in, &a);
	else if (in.command == BROOKS_CMD_SET_OVERRIDE)
		response = on_override(dev, &in, &a);
	else
		response = on_read(dev, &in, &a);
	a.data[0] = (uint8_t)response;
	a.data[1] = (uint8_t)device_status(dev);
	return put_answer(&in, &a, out, cap);
}

static void
brooks_limits(
	const struct play_device *dev, const struct point *pt, double *out_min, double *out_max)
{
	if (pt->type == BROOKS_FLOAT || brooks_forms[pt->type].bytes == 0)
		return;
	*out_min = 0;
	*out_max = (double)((1u << 8 * brooks_forms[pt->type].bytes) - 1);
}

static int
brooks_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request,
	size_t n_request, uint8_t *answer, size_t n)
{
	struct answer a = { .n = BROOKS_STATUS, .data = { RESTRICTED } };
	struct brooks_frame f;

	if (n == 0 || !brooks_frame_take(answer, n, &f))
		return -1;
	a.data[1] = f.data[1];
	switch (fault) {
	case PLAY_REFUSE:
		break;
	case PLAY_WRONG_ADDRESS:
		put_bytes(&a, 0, f.data, f.n);
		f.address ^= 1;
		break;
	case PLAY_WRONG_CHECKSUM:
		answer[n - 1] ^= 0xFF;
		return (int)n;
	default:
		return -1;
	}
	return put_answer(&f, &a, answer, CODEC_FRAME_MAX);
}

const struct player player_brooks = {
	.codec = "brooks-s",
	.cuts_alike = true,
	.faults = 1u << PLAY_REFUSE | 1u << PLAY_WRONG_ADDRESS | 1u << PLAY_WRONG_CHECKSUM,
	.address = brooks_address,
	.limits = brooks_limits,
	.cut = brooks_cut,
	.answer = brooks_answer,
	.spoil = brooks_spoil,
};
