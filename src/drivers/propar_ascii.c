/* propar_ascii.c - Bronkhorst's ProPar in hexadecimal digits
 *
 * Source: Bronkhorst, RS-232 interface manual 9.17.027.
 *
 *	: | length | node | data, length - 1 bytes | CR LF           each byte as two digits, 0-9 and A-F
 *	: | 01 | error | CR LF                                       older instruments, when a question went wrong on its way
 *
 * Nothing proves the digits and nothing numbers the question: node, process and the first parameter must fit, and the engine's
 * quarantine does the rest. What an answer to a write was about is not told at all.
 */
#include "drivers/propar_ascii.h"

#include "drivers/propar_master.h"

#define CR 0x0D
#define LF 0x0A
#define AROUND 3 /* colon, CR, LF */

static int
digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
pair(const uint8_t *at)
{
	int high = digit(at[0]), low = digit(at[1]);

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static size_t
put_pair(uint8_t *out, unsigned byte)
{
	static const char digits[] = "0123456789ABCDEF";

	out[0] = (uint8_t)digits[byte >> 4 & 15];
	out[1] = (uint8_t)digits[byte & 15];
	return 2;
}

int
propar_ascii_put(const struct propar_message *m, uint8_t *out, size_t cap, struct err *err)
{
	size_t n = 0;

	if (m->n >= PROPAR_DATA_MAX || cap < AROUND + 2 * (2 + (size_t)m->n))
		return err_set(err, ERR_CONF, 0, "no room for a question");
	out[n++] = ':';
	n += put_pair(out + n, m->n + 1u);
	n += put_pair(out + n, m->node);
	for (unsigned i = 0; i < m->n; i++)
		n += put_pair(out + n, m->data[i]);
	out[n++] = CR;
	out[n++] = LF;
	return (int)n;
}

bool
propar_ascii_take(const uint8_t *frame, size_t n, struct propar_message *out)
{
	size_t pairs = n < AROUND ? 0 : (n - AROUND) / 2;

	if (pairs < 2 || n % 2 == 0 || n > PROPAR_ASCII_MAX || frame[0] != ':' ||
		frame[n - 2] != CR || frame[n - 1] != LF || pair(frame + 1) != (int)pairs - 1)
		return false;
	*out = (struct propar_message){ 0 };
	for (size_t i = 1; i < pairs; i++) {
		int byte = pair(frame + 1 + 2 * i);

		if (byte < 0)
			return false;
		if (i == 1 && pairs > 2)
			out->node = (uint8_t)byte;
		else
			out->data[out->n++] = (uint8_t)byte;
	}
	return true;
}

static int
ascii_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	struct propar_message m;
	size_t at = 0;

	while (at < n && in[at] != ':')
		at++;
	if (at > 0) {
		/* While the wire is open the last byte stays: a skip of everything would mean that all is lost. */
		at = at == n && wire == WIRE_OPEN ? n - 1 : at;
		return at == 0 ? CUT_MORE : CUT_SKIP(at);
	}
	for (at = 1; at < n && at < PROPAR_ASCII_MAX; at++) {
		if (in[at] == LF && in[at - 1] == CR)
			return propar_ascii_take(in, at + 1, &m) ? CUT_FRAME(at + 1) : CUT_SKIP(at);
		if (in[at] != CR && digit(in[at]) < 0)
			return CUT_SKIP(at); /* this one breaks off: another may begin here */
	}
	if (at == PROPAR_ASCII_MAX)
		return CUT_SKIP(1);
	return n > 0 && wire != WIRE_OPEN ? CUT_SKIP(1) : CUT_MORE;
}

static int
ascii_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	struct propar_message m;
	int rc = propar_message_of(ins, req, 0, &m, err);

	return rc < 0 ? rc : propar_ascii_put(&m, out, cap, err);
}

static enum match
ascii_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	struct propar_message m;

	if (req == NULL || !propar_ascii_take(frame, n, &m) || !propar_is_answer(ins, req, &m))
		return MATCH_NOT_MINE;
	return MATCH_CANNOT_TELL;
}

static int
ascii_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	struct propar_message m;

	if (!propar_ascii_take(frame, n, &m))
		return err_set(err, DECODE_BAD, 0, "a frame that is none");
	return propar_understand(req, pts, &m, vars, out, err);
}

const struct codec codec_propar_ascii = {
	.name = "propar-ascii",
	.help = "Bronkhorst ProPar in hexadecimal digits",
	.opts = propar_opts,
	.point_opts = propar_point_opts,
	.wires = CODEC_SERIAL | CODEC_TCP,
	.point = propar_point,
	.plan = propar_plan,
	.write = propar_write,
	.identify = propar_identify,
	.describe = propar_describe,
	.encode = ascii_encode,
	.cut = ascii_cut,
	.match = ascii_match,
	.decode = ascii_decode,
};
