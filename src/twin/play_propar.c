/* play_propar.c - Bronkhorst's ProPar, the instrument's side: in its binary form and in ASCII, answered as it was asked
 *
 * Source: Bronkhorst, RS-232 interface manual 9.17.027.
 *
 *	ASCII	: length node data CR LF      in pairs of hexadecimal digits; length of node and data
 *	binary	see propar_frame.c
 *	04 process { parameter' process parameter [length] } ..   ->   02 process { parameter' value } ..
 *	01 process parameter value ..                             ->   00 status position
 *	bit 7 of process: another process follows; bit 7 of parameter: another parameter of this process
 *
 * What is wrong on the way is told by a message of one byte: 04 the form, 05 no such node (by the instrument on the port itself; on a
 * bus nobody answers). Read and written is what the points of the bench are; beside them there is the identification, process 113.
 */
#include <string.h>

#include "base/bytes.h"
#include "drivers/common.h"
#include "drivers/propar_ascii.h"
#include "drivers/propar_value.h"
#include "twin/player.h"

#define HERE 128 /* the node that a port belongs to */
#define MORE 0x80
#define NUMBER 0x1F /* of a parameter byte */
#define TYPE 0x60
#define CR 0x0D
#define LF 0x0A
#define ROOM (PROPAR_DATA_MAX - 1) /* of an answer, in either form */

#define IDENTITY 113
#define MEASURE 0 /* parameters of process 1 */
#define SETPOINT 1
#define CONTROL_MODE 4
#define SETPOINT_MAX 32767
#define MODE_ANALOG 1
#define MODE_CLOSED 3

enum command {
	CMD_STATUS,
	CMD_WRITE,
	CMD_QUIET,
	CMD_READ = 4
}; /* QUIET: a write without answer; an answer */
enum status {
	DONE,
	BAD_COMMAND = 2,
	BAD_PROCESS,
	BAD_PARAMETER,
	BAD_TYPE,
	BAD_VALUE,
	READ_ONLY = 0x0D
};
enum failure { FAIL_PROTOCOL = 4, FAIL_NODE = 5 };

enum { OPT_NODE };

/* ---- frames ---------------------------------------------------------------------------------------------------------- */

static int
ascii_cut(const uint8_t *in, size_t n, enum wire wire)
{
	for (size_t i = 1; i < n; i++) {
		if (in[i] == LF && in[i - 1] == CR)
			return CUT_FRAME(i + 1);
		if (in[i] == ':' || i == PROPAR_ASCII_MAX)
			return CUT_SKIP(i); /* this one breaks off: another may begin here */
	}
	return wire == WIRE_OPEN ? CUT_MORE : CUT_SKIP(n);
}

static int
propar_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	size_t skip = 0;

	while (skip < n && in[skip] != ':' && in[skip] != 0x10)
		skip++;
	if (skip > 0)
		return CUT_SKIP(skip);
	return n > 0 && in[0] == ':' ? ascii_cut(in, n, wire)
				     : propar_frame_cut(NULL, NULL, in, n, wire);
}

static int
digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A message out of ":06800401210120\r\n"; false when its form is wrong. The node is told as far as it can be read. */
static bool
ascii_take(const uint8_t *frame, size_t n, struct propar_message *out)
{
	size_t pairs = n < 3 ? 0 : (n - 3) / 2;
	bool is_good = n >= 9 && n % 2 == 1;

	*out = (struct propar_message){ .node = HERE };
	for (size_t i = 0; i < pairs && i < 2 + PROPAR_DATA_MAX; i++) {
		int high = digit(frame[1 + 2 * i]), low = digit(frame[2 + 2 * i]);
		uint8_t byte;

		if (high < 0 || low < 0)
			return false;
		byte = (uint8_t)(high << 4 | low);
		if (i == 0)
			is_good = is_good && byte + 1u == pairs;
		else if (i == 1)
			out->node = byte;
		else
			out->data[out->n++] = byte;
	}
	return is_good && pairs <= 2 + PROPAR_DATA_MAX;
}

static bool
take(const uint8_t *frame, size_t n, struct propar_message *out)
{
	return n > 0 && frame[0] == ':' ? ascii_take(frame, n, out)
					: propar_frame_take(frame, n, out);
}

/* In the form of the frame that it answers. */
static int
put(const struct propar_message *m, const uint8_t *frame, uint8_t *out, size_t cap)
{
	int n = frame[0] == ':' ? propar_ascii_put(m, out, cap, NULL)
				: propar_frame_put(m, out, cap, NULL);

	return MAX(n, 0);
}

/* ---- parameters ------------------------------------------------------------------------------------------------------ */

/* The point of this process and parameter, in any instrument of this node; *out_process: is there one of this process? */
static struct play_point *
find(struct play_device *dev, unsigned process, unsigned parameter, struct play_device **out_dev,
	uint32_t *out_i, bool *out_process)
{
	struct play_point *found = NULL; /* one of init:, unless a channel is there too */

	for (; dev != NULL; dev = dev->next)
		for (uint32_t i = 0; i < dev->n_all; i++) {
			const struct point *pt = &dev->pts[i].pt;

			*out_process |= pt->address >> 8 == process;
			if (pt->address != (process << 8 | parameter) ||
				(found != NULL && i >= dev->n_pts))
				continue;
			*out_dev = dev;
			*out_i = i;
			found = &dev->pts[i];
			if (i < dev->n_pts)
				return found;
		}
	return found;
}

static uint64_t
control_mode(struct play_device *dev)
{
	bool has_process = false;
	struct play_device *its;
	uint32_t i;
	const struct play_point *p = find(dev, 1, CONTROL_MODE, &its, &i, &has_process);

	return p == NULL ? 0 : p->v.u;
}

/* A string of as many characters as were asked for; 0: all, with a NUL behind. */
static bool
put_string(struct propar_message *m, const char *text, unsigned wanted)
{
	size_t n = wanted > 0 ? wanted : strlen(text) + 1;

	if (m->n + 1 + n > ROOM)
		return false;
	m->data[m->n++] = (uint8_t)wanted;
	for (size_t i = 0; i < n; i++)
		m->data[m->n++] = (uint8_t)(i < strlen(text) ? text[i] : wanted > 0 ? ' ' : 0);
	return true;
}

static bool
put_number(struct play_device *dev, struct propar_message *m, const struct play_point *p)
{
	unsigned bytes = propar_types[p->pt.type].bytes;
	uint32_t wire = 0;

	/* With its valve held shut it measures nothing. */
	if (p->pt.address != (1 << 8 | MEASURE) || control_mode(dev) != MODE_CLOSED)
		(void)propar_value_wire(p->pt.type, p->v, &wire);
	if (m->n + bytes > ROOM)
		return false;
	for (unsigned i = bytes; i > 0; i--)
		m->data[m->n++] = (uint8_t)(wire >> 8 * (i - 1));
	return true;
}

/* type, model and serial number */
static const char *
identity(const struct play_device *dev, unsigned process, unsigned parameter)
{
	if (process != IDENTITY)
		return NULL;
	return parameter == 1   ? "mbc"
	       : parameter == 2 ? "twin"
	       : parameter == 3 ? (dev->called != NULL ? dev->called : dev->ins.name)
				: NULL;
}

/* The value of one parameter behind the answer. wanted: characters of a string. */
static enum status
read_one(struct play_device *dev, unsigned process, uint8_t byte, unsigned wanted,
	struct propar_message *m)
{
	const char *text = identity(dev, process, byte & NUMBER);
	bool has_process = process == IDENTITY, fits;
	const struct play_point *p;
	struct play_device *its;
	uint32_t i;

	p = find(dev, process, byte & NUMBER, &its, &i, &has_process);
	if (p == NULL && text == NULL)
		return has_process ? BAD_PARAMETER : BAD_PROCESS;
	if ((byte & TYPE) != (p != NULL ? propar_types[p->pt.type].wire : PROPAR_WIRE_STRING))
		return BAD_TYPE;
	if (p != NULL && p->pt.type != PROPAR_STRING)
		fits = put_number(dev, m, p);
	else
		fits = put_string(m, p != NULL ? p->text : text, wanted);
	return fits ? DONE : BAD_COMMAND;
}

/* ---- reading --------------------------------------------------------------------------------------------------------- */

static void
say_status(struct propar_message *m, enum status status, size_t position)
{
	m->n = 3;
	m->data[0] = CMD_STATUS;
	m->data[1] = (uint8_t)status;
	m->data[2] = (uint8_t)position;
}

static void
on_read(struct play_device *dev, const struct propar_message *in, struct propar_message *out)
{
	enum status status = DONE;
	bool more_processes = true, more;
	size_t at = 1;

	out->data[out->n++] = CMD_QUIET;
	while (status == DONE && more_processes && at < in->n && out->n < ROOM) {
		more_processes = (in->data[at] & MORE) != 0;
		out->data[out->n++] = in->data[at++];
		for (more = true; status == DONE && more;) {
			uint8_t mark, byte;
			bool is_string;

			if (at + 3 > in->n || out->n + 2 > ROOM) {
				status = BAD_COMMAND;
				break;
			}
			mark = in->data[at];
			byte = in->data[at + 2];
			is_string = (byte & TYPE) == PROPAR_WIRE_STRING;
			more = (mark & MORE) != 0;
			out->data[out->n++] = mark;
			if (is_string && at + 3 >= in->n)
				status = BAD_COMMAND;
			else
				status = read_one(dev, in->data[at + 1] & 0x7F, byte,
					is_string ? in->data[at + 3] : 0, out);
			if (status == DONE)
				at += is_string ? 4 : 3;
		}
	}
	if (status == DONE && (more_processes || at != in->n))
		status = BAD_COMMAND;
	if (status != DONE)
		say_status(out, status, MIN(at, in->n));
}

/* ---- writing --------------------------------------------------------------------------------------------------------- */

static bool
is_setpoint(const struct point *pt)
{
	return pt->address == (1 << 8 | SETPOINT);
}

/* A setpoint is accepted in any mode; with the analogue input in charge it has no effect until the mode is another one. */
static void
keep(struct play_device *dev, uint32_t i, union value v, const char *text)
{
	const struct point *pt = &dev->pts[i].pt;
	struct play_device *its;
	bool has_process = false;
	uint32_t k;

	if (is_setpoint(pt) && control_mode(dev) == MODE_ANALOG) {
		play_note(dev, i, v);
		return;
	}
	play_write(dev, i, v, text);
	if (pt->address == (1 << 8 | CONTROL_MODE) && v.u != MODE_ANALOG &&
		find(dev, 1, SETPOINT, &its, &k, &has_process) != NULL)
		play_write(its, k, its->pts[k].v, NULL);
}

/* Does a channel or init: of this node write it? */
static bool
takes_writes(const struct play_device *dev, uint32_t address)
{
	for (; dev != NULL; dev = dev->next)
		for (uint32_t i = 0; i < dev->n_all; i++)
			if (dev->pts[i].pt.address == address && dev->pts[i].pt.write_space >= 0)
				return true;
	return false;
}

/* The value at data[*at] to point i. */
static enum status
write_one(struct play_device *dev, uint32_t i, const struct propar_message *in, size_t *at)
{
	const struct point *pt = &dev->pts[i].pt;
	char text[VALUE_TEXT_MAX + 1] = "";
	struct readings room;
	struct reading r = { 0 };
	const char *from;
	size_t n, start = *at;

	if (pt->type == PROPAR_STRING) {
		if (!propar_string_take(in->data, in->n, at, &from, &n))
			return BAD_COMMAND;
		common_text_show(text, sizeof(text), from, n);
	} else if (!propar_value_take(pt, in->data, in->n, at, &r, &room)) {
		return BAD_COMMAND;
	} else if (r.quality != Q_GOOD ||
		   (is_setpoint(pt) && get_u16be(in->data + start) > SETPOINT_MAX)) {
		*at = start;
		return BAD_VALUE;
	}
	keep(dev, i, r.v, text);
	return DONE;
}

static enum status
write_parameter(struct play_device *dev, unsigned process, uint8_t byte,
	const struct propar_message *in, size_t *at)
{
	bool has_process = process == IDENTITY;
	struct play_device *its;
	struct play_point *p;
	uint32_t i;

	p = find(dev, process, byte & NUMBER, &its, &i, &has_process);
	if (p == NULL && identity(dev, process, byte & NUMBER) != NULL)
		return READ_ONLY;
	if (p == NULL)
		return has_process ? BAD_PARAMETER : BAD_PROCESS;
	if ((byte & TYPE) != propar_types[p->pt.type].wire)
		return BAD_TYPE;
	++*at;
	return takes_writes(dev, p->pt.address) ? write_one(its, i, in, at) : READ_ONLY;
}

static void
on_written(struct play_device *dev, const struct propar_message *in, struct propar_message *out)
{
	enum status status = DONE;
	bool more_processes = true, more;
	size_t at = 1;

	while (status == DONE && more_processes) {
		uint8_t process = at < in->n ? in->data[at] : 0;

		more_processes = (process & MORE) != 0;
		at++;
		for (more = true; status == DONE && more;) {
			if (at >= in->n) {
				status = BAD_COMMAND;
				break;
			}
			more = (in->data[at] & MORE) != 0;
			status = write_parameter(dev, process & 0x7F, in->data[at], in, &at);
		}
	}
	if (status == DONE && at != in->n)
		status = BAD_COMMAND;
	say_status(out, status, MIN(at, in->n));
}

/* ---- the player ------------------------------------------------------------------------------------------------------ */

static uint64_t
propar_address(const struct play_device *dev)
{
	return (uint64_t)dev->ins.opts.num[OPT_NODE];
}

static void
propar_limits(
	const struct play_device *dev, const struct point *pt, double *out_min, double *out_max)
{
	static const double most[] = { [PROPAR_INT8] = 255,
		[PROPAR_INT16] = 65535,
		[PROPAR_INT32] = 4294967295.0,
		[PROPAR_SINT16] = 32767,
		[PROPAR_MEASURE] = 41942 };

	if (pt->type > PROPAR_MEASURE)
		return;
	*out_max = is_setpoint(pt) ? SETPOINT_MAX : most[pt->type];
	*out_min = pt->type == PROPAR_SINT16    ? -32768
		   : pt->type == PROPAR_MEASURE ? 41942 - 65534
						: 0;
}

static int
fail(uint8_t node, const struct propar_message *in, enum failure failure, const uint8_t *frame,
	uint8_t *out, size_t cap)
{
	const struct propar_message m = {
		.sequence = in->sequence, .node = node, .n = 1, .data = { (uint8_t)failure }
	};

	return put(&m, frame, out, cap);
}

static int
propar_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	struct propar_message in, m;
	bool is_good = take(frame, n, &in);

	if (in.node != propar_address(dev))
		return PLAY_NOT_MINE;
	if (!is_good)
		return fail(in.node, &in, FAIL_PROTOCOL, frame, out, cap);
	m = (struct propar_message){ .sequence = in.sequence, .node = in.node };
	switch (in.data[0]) {
	case CMD_READ:
		on_read(dev, &in, &m);
		break;
	case CMD_WRITE:
		on_written(dev, &in, &m);
		break;
	case CMD_QUIET:
		on_written(dev, &in, &m);
		return 0;
	case CMD_STATUS:
		return 0;
	default:
		say_status(&m, BAD_COMMAND, 0);
		break;
	}
	return put(&m, frame, out, cap);
}

static int
propar_nobody(
	const struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	struct propar_message in;
	bool is_good;

	if (propar_address(dev) != HERE)
		return 0;
	is_good = take(frame, n, &in);
	return fail(HERE, &in, is_good ? FAIL_NODE : FAIL_PROTOCOL, frame, out, cap);
}

static int
propar_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request,
	size_t n_request, uint8_t *answer, size_t n)
{
	struct propar_message m;

	if (n == 0 || !take(answer, n, &m))
		return -1;
	switch (fault) {
	case PLAY_REFUSE:
		say_status(&m, BAD_COMMAND, 0);
		break;
	case PLAY_WRONG_ADDRESS:
		m.node = (uint8_t)(m.node % HERE + 1);
		break;
	case PLAY_WRONG_TAG: /* ASCII has none */
		if (answer[0] == ':')
			return -1;
		m.sequence = (uint8_t)(m.sequence + 0x40);
		break;
	default:
		return -1;
	}
	return put(&m, request, answer, CODEC_FRAME_MAX);
}

const struct player player_propar = {
	.codec = "propar",
	.cuts_alike = true,
	.faults = 1u << PLAY_REFUSE | 1u << PLAY_WRONG_ADDRESS | 1u << PLAY_WRONG_TAG,
	.address = propar_address,
	.limits = propar_limits,
	.cut = propar_cut,
	.answer = propar_answer,
	.nobody = propar_nobody,
	.spoil = propar_spoil,
};

const struct player player_propar_ascii = {
	.codec = "propar-ascii",
	.cuts_alike = true,
	.faults = 1u << PLAY_REFUSE | 1u << PLAY_WRONG_ADDRESS,
	.address = propar_address,
	.limits = propar_limits,
	.cut = propar_cut,
	.answer = propar_answer,
	.nobody = propar_nobody,
	.spoil = propar_spoil,
};
