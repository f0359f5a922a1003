/* link_rig.c - see link_rig.h */
#include "link_rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/text.h"

#define HEAD 5

/* ---- the protocol ---------------------------------------------------------------------------------------------- */

static const struct opt rig_opts[] = {
	{ .name = "unit", .type = OPT_INT, .max = 255 },
	{ .name = NULL },
};

static bool
is_cut(const struct learned *learned, const struct point *p, uint32_t from)
{
	for (unsigned i = 0; i < learned->n_cuts; i++)
		if (learned->cuts[i].space == p->space && learned->cuts[i].address > from &&
			learned->cuts[i].address <= p->address)
			return true;
	return false;
}

static int
rig_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	uint32_t most = learned->max_count > 0 ? learned->max_count : 100;
	size_t made = 0;

	for (size_t i = 0; i < n; i++) {
		struct request *r = made > 0 ? &out[made - 1] : NULL;
		uint32_t end = pts[i].address + pts[i].count;

		if (r != NULL && pts[i].every_ns == pts[i - 1].every_ns &&
			pts[i].space == r->space && pts[i].address <= r->address + r->count + 8u &&
			end - r->address <= most && !is_cut(learned, &pts[i], r->address)) {
			r->count = (uint16_t)MAX(r->count, end - r->address);
			r->n++;
			continue;
		}
		if (made == max)
			return -1;
		out[made++] = (struct request){ .kind = REQUEST_READ,
			.function = 3,
			.n = 1,
			.first = (uint32_t)i,
			.space = pts[i].space,
			.count = pts[i].count,
			.address = pts[i].address };
	}
	return (int)made;
}

static int
rig_write(const struct instrument *ins, const struct point *pt, union value v, const char *text,
	const struct beside *beside, struct request *out, struct err *err)
{
	if (v.i < 0 || v.i > UINT16_MAX)
		return err_set(
			err, ERR_CONF, 0, "%lld does not fit; use 0 .. 65535", (long long)v.i);
	*out = (struct request){ .kind = REQUEST_WRITE,
		.function = 6,
		.n = 1,
		.address = pt->write_address,
		.count = 1,
		.n_write = 2 };
	put_u16be(out->write, (uint16_t)v.i);
	return 0;
}

static int
rig_identify(const struct instrument *ins, struct request *out)
{
	*out = (struct request){ .kind = REQUEST_IDENTIFY, .function = 43 };
	return 1;
}

static int
rig_next(const struct instrument *ins, const struct request *req, int step, const struct vars *vars,
	struct request *out)
{
	*out = *req;
	return req->kind == REQUEST_IDENTIFY && step == 0;
}

static int
rig_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	out[0] = 9;
	put_u16be(out + 1, (uint16_t)tag);
	out[3] = (uint8_t)ins->opts.num[0];
	out[4] = req->function;
	put_u16be(out + 5, (uint16_t)req->address);
	put_u16be(out + 7, req->kind == REQUEST_WRITE ? get_u16be(req->write) : req->count);
	return 9;
}

static int
rig_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	if (in[0] <= HEAD)
		return CUT_SKIP(n);
	return n < in[0] ? CUT_MORE : CUT_FRAME(in[0]);
}

static enum match
match_plain(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	bool is_mine = frame[3] == ins->opts.num[0] && (frame[4] & 0x7F) == req->function;

	if (is_mine && frame[4] == 3 && n != HEAD + 2u * req->count)
		is_mine = false;
	return is_mine ? MATCH_CANNOT_TELL : MATCH_NOT_MINE;
}

/* All that comes is an answer, and to which question it does not tell. */
static enum match
match_turn(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return req == NULL ? MATCH_CANNOT_TELL : match_plain(ins, req, tag, frame, n);
}

static enum match
match_tag(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return get_u16be(frame + 1) == (uint16_t)tag ? MATCH_MINE : MATCH_NOT_MINE;
}

/* A protocol with three bits for its tag. */
static enum match
match_few(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return ((get_u16be(frame + 1) ^ tag) & 7) == 0 ? MATCH_MINE : MATCH_NOT_MINE;
}

/* A protocol in which the device says with each answer how the next question is to be called: match() knows it from vars. */
static int
encode_learned(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	return rig_encode(ins, req, (uint32_t)vars->v[0], vars, out, cap, err);
}

static enum match
match_learned(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return get_u16be(frame + 1) == ins->vars->v[0] ? MATCH_MINE : MATCH_NOT_MINE;
}

static int
rig_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	if (frame[4] & 0x80) {
		int code = frame[HEAD];

		out->refusal.quality = code == 2   ? Q_BAD_ADDRESS
				       : code == 3 ? Q_BAD_REQUEST
				       : code == 1 ? Q_BAD_FUNCTION
				       : code == 6 ? Q_DEVICE_BUSY
						   : Q_DEVICE_FAILED;
		out->refusal.of = code == 1   ? REFUSED_ALL
				  : code == 3 ? REFUSED_LENGTH
					      : REFUSED_PART;
		return err_set(err,
			code == 6    ? DECODE_LATER
			: code == 11 ? DECODE_SILENT
				     : DECODE_REFUSED,
			code, "refused");
	}
	if (req->kind == REQUEST_IDENTIFY)
		text_copy(
			vars->identity, sizeof(vars->identity), req->step == 0 ? "half" : "rig 1");
	if (req->kind != REQUEST_READ)
		return 0;
	if (n != HEAD + 2u * req->count)
		return err_set(err, DECODE_BAD, 0, "%zu bytes", n);
	for (uint32_t i = 0; i < req->n; i++) {
		const struct point *p = &pts[req->first + i];

		out->at[out->n++] = (struct reading){ .at = req->first + i,
			.v.i = get_u16be(frame + HEAD + 2 * (p->address - req->address)) };
	}
	return 0;
}

static int
decode_learned(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	vars->v[0] = (vars->v[0] + 7) & 0xFFFF;
	return rig_decode(ins, req, pts, frame, n, vars, out, err);
}

/* A protocol in which the first step of a reading has no value. */
static int
decode_steps(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	return req->kind == REQUEST_READ && req->step == 0
		       ? 0
		       : rig_decode(ins, req, pts, frame, n, vars, out, err);
}

static int
next_steps(const struct instrument *ins, const struct request *req, int step,
	const struct vars *vars, struct request *out)
{
	return step == 0;
}

/* A protocol whose devices end the connection behind each answer. */
static int
decode_ends(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	out->is_end = true;
	return rig_decode(ins, req, pts, frame, n, vars, out, err);
}

static void
rig_recognise(const uint8_t *asked, size_t n, struct request *req, uint32_t *out_tag)
{
	if (n > HEAD)
		*out_tag = get_u16be(asked + 1);
}

/* Of functions only 3 reads. */
static int
rig_guest(const uint8_t *asked, size_t n, struct instrument *ins, struct request *req,
	struct err *err)
{
	if (n != 9 || asked[0] != 9)
		return err_set(err, ERR_CONF, 0, "no question");
	ins->opts.num[0] = asked[3];
	*req = (struct request){ .kind = asked[4] == 3 ? REQUEST_READ : REQUEST_WRITE,
		.function = asked[4],
		.address = get_u16be(asked + 5),
		.count = get_u16be(asked + 7) };
	return 0;
}

static size_t
rig_retag(const uint8_t *in, size_t n, uint32_t tag, uint8_t *out, size_t cap)
{
	if (n < HEAD || n > cap)
		return 0;
	memcpy(out, in, n);
	put_u16be(out + 1, (uint16_t)tag);
	return n;
}

#define RIG_CODEC(word, carried_by, matcher, ...)                                                  \
	{                                                                                          \
		.name = word, .help = "tests", .opts = rig_opts, .wires = carried_by,              \
		.plan = rig_plan, .write = rig_write, .identify = rig_identify,                    \
		.encode = rig_encode, .cut = rig_cut, .match = matcher, .decode = rig_decode,      \
		.next = rig_next, .recognise = rig_recognise, .guest = rig_guest,                  \
		.retag = rig_retag, __VA_ARGS__                                                    \
	}

const struct codec *
rig_codec(const char *name)
{
	static const struct codec codecs[] = {
		RIG_CODEC("tagged", CODEC_TCP, match_tag, .has_tag = true),
		RIG_CODEC("few", CODEC_TCP, match_few, .has_tag = true, .tag_bits = 3),
		RIG_CODEC("plain", CODEC_TCP, match_plain, .has_tag = false),
		RIG_CODEC("turn", CODEC_TCP, match_turn, .in_turn = true),
		RIG_CODEC("serial", CODEC_SERIAL | CODEC_TCP, match_plain, .has_tag = false),
		RIG_CODEC("packets", CODEC_SYSTEM, match_plain, .has_tag = false),
		{ .name = "learned",
			.opts = rig_opts,
			.wires = CODEC_TCP,
			.plan = rig_plan,
			.encode = encode_learned,
			.cut = rig_cut,
			.match = match_learned,
			.decode = decode_learned },
		{ .name = "ends",
			.opts = rig_opts,
			.wires = CODEC_TCP,
			.closes = true,
			.plan = rig_plan,
			.encode = rig_encode,
			.cut = rig_cut,
			.match = match_plain,
			.decode = decode_ends },
		{ .name = "steps",
			.opts = rig_opts,
			.wires = CODEC_TCP,
			.plan = rig_plan,
			.encode = rig_encode,
			.cut = rig_cut,
			.match = match_plain,
			.decode = decode_steps,
			.next = next_steps },
	};

	for (size_t i = 0; i < NELEM(codecs); i++)
		if (strcmp(name, codecs[i].name) == 0)
			return &codecs[i];
	return NULL;
}

/* ---- the devices ----------------------------------------------------------------------------------------------- */

int64_t
rig_value(const struct rig *r, unsigned address)
{
	return (int64_t)((address * 7 + 1 + r->salt) & 0xFFFF);
}

static int
refusal(const struct rig_device *d, unsigned address, unsigned count)
{
	if (d->refuse_all != 0)
		return d->refuse_all;
	if (d->most != 0 && count > d->most)
		return 3;
	for (unsigned i = address; i < address + count; i++) {
		if (d->bad[i] != 0)
			return d->bad[i];
		if (d->is_hole[i] && count > 1)
			return 2;
	}
	return 0;
}

static bool
touches_mute(struct rig_device *d, unsigned address, unsigned count)
{
	for (unsigned i = address; i < address + count; i++)
		if (d->is_mute[i]) {
			d->n_mute++;
			return true;
		}
	return false;
}

size_t
rig_answer(struct rig *r, uint8_t *out)
{
	struct rig_device *d = &r->device[r->asked[3]];
	unsigned address = get_u16be(r->asked + 5), count = get_u16be(r->asked + 7);
	int code = 0;
	size_t n = HEAD;

	memcpy(out, r->asked, HEAD);
	d->n_questions++;
	if (r->asked[4] == 3)
		code = refusal(d, address, count);
	else
		code = d->refuse_other;
	if (d->mood == RIG_SILENT || (r->asked[4] == 3 && touches_mute(d, address, count)))
		return 0;
	if (d->mood == RIG_BUSY)
		code = 6;
	if (d->mood == RIG_GATEWAY)
		code = 11;
	if (code != 0) {
		out[4] |= 0x80;
		out[n++] = (uint8_t)code;
	} else if (r->asked[4] == 3) {
		for (unsigned i = 0; i < count; i++, n += 2)
			put_u16be(out + n, (uint16_t)rig_value(r, address + i));
	} else {
		out[n++] = 0;
	}
	if (d->mood == RIG_SENSELESS)
		out[n++] = 0;
	out[0] = (uint8_t)n;
	return n;
}

/* ---- the owner ------------------------------------------------------------------------------------------------- */

static void
on_reading(void *ctx, uint32_t point, const struct reading *reading, int64_t stamp_ns)
{
	struct rig *r = ctx;

	r->last[point] = *reading;
	r->stamp[point] = stamp_ns;
	if (quality_is_bad(reading->quality)) {
		r->n_bad[point]++;
		return;
	}
	r->n_good[point]++;
	if (reading->v.i != rig_value(r, image_point_at(r->img, point)->address))
		r->n_wrong++;
}

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state state, enum quality reason)
{
	struct rig *r = ctx;

	r->n_states++;
	if (r->state[instrument] == (int)state)
		r->n_twice++;
	r->state[instrument] = (int)state;
	r->reason[instrument] = (int)reason;
}

static void
on_trace(void *ctx, uint32_t instrument, const struct board_trace *line)
{
	((struct rig *)ctx)->n_lines++;
}

static void
on_written(void *ctx, uint32_t point, uint32_t tag, enum quality verdict, uint16_t code)
{
	struct rig *r = ctx;

	r->n_written++;
	r->verdict = verdict;
	r->verdict_tag = tag;
}

static void
on_once(void *ctx, uint32_t point, uint32_t tag, enum link_once once, enum quality verdict)
{
	struct rig *r = ctx;

	(void)point;
	r->n_once++;
	r->once = once;
	r->verdict = verdict;
	r->verdict_tag = tag;
}

struct image *
rig_image(const char *codec, unsigned n_units, const struct rig_point *points, unsigned n,
	uint64_t hash_of_unit0)
{
	struct image *img;
	size_t links = sizeof(struct image), instruments = links + sizeof(struct image_link),
	       places = instruments + n_units * sizeof(struct image_instrument),
	       channels = places + n * sizeof(struct image_point),
	       strings = channels + n * sizeof(struct image_channel);
	unsigned at = 0;

	img = mem_zero(strings + 64, 1);
	img->links = (struct image_table){ (uint32_t)links, 1 };
	img->instruments = (struct image_table){ (uint32_t)instruments, n_units };
	img->points = (struct image_table){ (uint32_t)places, n };
	img->channels = (struct image_table){ (uint32_t)channels, n };
	img->strings = (struct image_table){ (uint32_t)strings, 64 };
	memcpy((char *)img + strings + 1, codec, strlen(codec));
	memcpy((char *)img + strings + 20, "unit", 4);
	*(struct image_link *)((char *)img + links) = (struct image_link){
		.kind = LINK_TCP, .pipeline = 1, .probe_max_ns = 30 * NS_PER_S
	};
	for (unsigned u = 0; u < n_units; u++) {
		struct image_instrument *ins =
			(struct image_instrument *)((char *)img + instruments) + u;

		*ins = (struct image_instrument){ .name = 20,
			.codec = 1,
			.first_point = at,
			.retries = 1,
			.timeout_ns = 100 * NS_PER_MS,
			.hash = u == 0 && hash_of_unit0 ? hash_of_unit0 : 77 + u,
			.opts = { u } };
		for (unsigned i = 0; i < n; i++) {
			struct image_point *p = (struct image_point *)((char *)img + places) + at;

			if (points[i].unit != u)
				continue;
			*p = (struct image_point){ .instrument = u,
				.channel = at,
				.address = points[i].address,
				.count = (uint16_t)(points[i].count & ~RIG_WRITE_ONLY),
				.bit = CODEC_BIT_NONE,
				.every_ns = points[i].every_ns,
				.is_write_only = (points[i].count & RIG_WRITE_ONLY) != 0,
				.write_address = points[i].address };
			((struct image_channel *)((char *)img + channels) + at)->type = VALUE_UINT;
			at++;
			ins->n_points++;
		}
	}
	return img;
}

static void
on_guest(void *ctx, uint32_t ticket, enum guest_end end, int64_t reply_ns, const uint8_t *bytes,
	size_t n, const char *why)
{
	struct rig *r = ctx;

	r->n_guests++;
	r->guest_ticket = ticket;
	r->guest_end = end;
	r->n_guest = MIN(n, sizeof(r->guest));
	if (r->n_guest > 0)
		memcpy(r->guest, bytes, r->n_guest);
	text_copy(r->guest_why, sizeof(r->guest_why), why);
}

void
rig_init(struct rig *r, const char *codec, unsigned n_units, const struct rig_point *points,
	unsigned n)
{
	memset(r, 0, sizeof(*r));
	r->now_ns = 1000 * NS_PER_S;
	r->delay_ns = 2 * NS_PER_MS;
	r->sink = (struct link_sink){ r, on_reading, on_state, on_trace, on_written, on_once,
		on_guest };
	r->img = rig_image(codec, n_units, points, n, 0);
	r->link = link_new(r->img, 0, rig_codec, &r->sink, r->now_ns);
	link_take(r->link, &r->wants);
}

void
rig_done(struct rig *r)
{
	link_free(r->link);
	free(r->img);
}

static void
note_question(struct rig *r)
{
	size_t n = strlen(r->order);
	char letter = r->asked[4] == 3 ? 'r' : r->asked[4] == 6 ? 'w' : 'i';

	if (n + 1 < sizeof(r->order))
		r->order[n] = letter;
}

void
rig_take(struct rig *r)
{
	do {
		link_take(r->link, &r->wants);
		if (r->wants.n > 0) {
			memcpy(r->asked, r->wants.bytes, r->wants.n);
			r->n_asked = r->wants.n;
			note_question(r);
			if (!r->is_manual) {
				r->n_answer = rig_answer(r, r->answer);
				r->answer_ns = r->now_ns + r->delay_ns;
			}
		}
		if (r->wants.close) {
			r->is_open = false;
			r->n_answer = 0;
			r->n_closes++;
		}
		if (r->wants.open) {
			r->n_opens++;
			r->n_answer = 0; /* of the wire before */
			r->is_open = !r->is_deaf;
			if (r->is_deaf)
				link_closed(r->link, Q_NO_LINK, "nobody listens", r->now_ns);
			else
				link_opened(r->link, r->now_ns);
		}
	} while (r->wants.open);
}

static void
arrive(struct rig *r)
{
	uint8_t bytes[512];
	size_t n = r->n_answer, step = r->piece > 0 ? r->piece : n;

	memcpy(bytes, r->answer, n);
	r->n_answer = 0;
	for (size_t at = 0; at < n; at += step)
		link_bytes(r->link, bytes + at, MIN(step, n - at), r->now_ns);
}

void
rig_run(struct rig *r, int64_t until_ns)
{
	for (;;) {
		int64_t next_ns =
			r->n_answer > 0 ? MIN(r->answer_ns, r->wants.wake_ns) : r->wants.wake_ns;

		if (next_ns > until_ns)
			break;
		r->now_ns = MAX(r->now_ns, next_ns);
		if (r->n_answer > 0 && r->answer_ns <= r->now_ns)
			arrive(r);
		else
			link_time(r->link, r->now_ns);
		rig_take(r);
	}
	r->now_ns = until_ns;
}

/* ---- looking --------------------------------------------------------------------------------------------------- */

struct board_state
rig_state(const struct rig *r, uint32_t unit)
{
	struct board_state s = { 0 };

	link_state(r->link, unit, &s);
	return s;
}

void
rig_forget(struct rig *r)
{
	memset(r->n_good, 0, sizeof(r->n_good));
	memset(r->n_bad, 0, sizeof(r->n_bad));
	memset(r->order, 0, sizeof(r->order));
	r->n_states = r->n_written = 0;
}

static unsigned
sum(const unsigned *counts, unsigned first, unsigned n)
{
	unsigned total = 0;

	for (unsigned i = first; i < first + n; i++)
		total += counts[i];
	return total;
}

unsigned
rig_good(const struct rig *r, unsigned first, unsigned n)
{
	return sum(r->n_good, first, n);
}

unsigned
rig_bad(const struct rig *r, unsigned first, unsigned n)
{
	return sum(r->n_bad, first, n);
}
