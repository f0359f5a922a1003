/* propar.c - Bronkhorst's ProPar in its binary form: flow and pressure controllers on RS-232 and FLOW-BUS
 *
 * Source: Bronkhorst, RS-232 interface manual 9.17.027. The frames are in propar_frame.c, what stands in them in propar_master.c.
 *
 * The sequence number is the low byte of our tag; the answer must also name the process and the first parameter, so that one which is
 * 256 questions late does not pass either unless it is for the same.
 */
#include "drivers/propar_master.h"

static int
binary_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	struct propar_message m;
	int rc = propar_message_of(ins, req, tag, &m, err);

	return rc < 0 ? rc : propar_frame_put(&m, out, cap, err);
}

static void
binary_recognise(const uint8_t *asked, size_t n, struct request *req, uint32_t *out_tag)
{
	struct propar_message m;

	if (propar_frame_take(asked, n, &m))
		*out_tag = m.sequence;
}

static size_t
binary_retag(const uint8_t *in, size_t n, uint32_t tag, uint8_t *out, size_t cap)
{
	struct propar_message m;
	struct err err;
	int got;

	if (!propar_frame_take(in, n, &m))
		return 0;
	m.sequence = (uint8_t)tag;
	got = propar_frame_put(&m, out, cap, &err);
	return got < 0 ? 0 : (size_t)got;
}

static enum match
binary_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	struct propar_message m;

	if (req == NULL || !propar_frame_take(frame, n, &m) || m.sequence != (uint8_t)tag)
		return MATCH_NOT_MINE;
	return propar_is_answer(ins, req, &m) ? MATCH_MINE : MATCH_NOT_MINE;
}

static int
binary_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	struct propar_message m;

	if (!propar_frame_take(frame, n, &m))
		return err_set(err, DECODE_BAD, 0, "a frame that is none");
	return propar_understand(req, pts, &m, vars, out, err);
}

const struct codec codec_propar = {
	.name = "propar",
	.help = "Bronkhorst ProPar: flow and pressure controllers",
	.opts = propar_opts,
	.point_opts = propar_point_opts,
	.wires = CODEC_SERIAL | CODEC_TCP,
	.has_tag = true,
	.tag_bits = 8,
	.point = propar_point,
	.plan = propar_plan,
	.write = propar_write,
	.identify = propar_identify,
	.describe = propar_describe,
	.encode = binary_encode,
	.recognise = binary_recognise,
	.retag = binary_retag,
	.cut = propar_frame_cut,
	.match = binary_match,
	.decode = binary_decode,
};
