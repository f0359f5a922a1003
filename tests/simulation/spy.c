/* spy.c - codecs that tell what is asked with them and what is believed */
#include "spy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/list.h"

#define SLOTS 16

/* A codec is not told which one it is: each has functions of its own. */
struct slot {
	const struct codec *real;
	struct codec spy;
	uint64_t asked, believed;
};

static struct slot slots[SLOTS];
static struct spy_ear ear;
static bool is_made, is_broken;

static int
encode(struct slot *s, const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	int n = s->real->encode(ins, req, tag, vars, out, cap, err);

	if (n <= 0)
		return n;
	s->asked++;
	if (ear.asked != NULL)
		ear.asked(ear.ctx, s->real, ins, req, out, (size_t)n);
	return n;
}

static int
decode(struct slot *s, const struct instrument *ins, const struct request *req,
	const struct point *pts, const uint8_t *frame, size_t n, struct vars *vars,
	struct readings *out, struct err *err)
{
	s->believed++;
	if (ear.believed != NULL)
		ear.believed(ear.ctx, ins, req, frame, n);
	return s->real->decode(ins, req, pts, frame, n, vars, out, err);
}

#define SLOT(i)                                                                                    \
	static int encode_##i(const struct instrument *ins, const struct request *req,             \
		uint32_t tag, const struct vars *vars, uint8_t *out, size_t cap, struct err *err)  \
	{                                                                                          \
		return encode(&slots[i], ins, req, tag, vars, out, cap, err);                      \
	}                                                                                          \
	static int decode_##i(const struct instrument *ins, const struct request *req,             \
		const struct point *pts, const uint8_t *frame, size_t n, struct vars *vars,        \
		struct readings *out, struct err *err)                                             \
	{                                                                                          \
		return decode(&slots[i], ins, req, pts, frame, n, vars, out, err);                 \
	}

#define SLOTS_ALL(what)                                                                            \
	what(0) what(1) what(2) what(3) what(4) what(5) what(6) what(7) what(8) what(9) what(10)   \
		what(11) what(12) what(13) what(14) what(15)

SLOTS_ALL(SLOT)

#define ENCODE(i) encode_##i,
#define DECODE(i) decode_##i,

static int (*const encodes[SLOTS])(const struct instrument *, const struct request *, uint32_t,
	const struct vars *, uint8_t *, size_t, struct err *) = { SLOTS_ALL(ENCODE) };
static int (*const decodes[SLOTS])(const struct instrument *, const struct request *,
	const struct point *, const uint8_t *, size_t, struct vars *, struct readings *,
	struct err *) = { SLOTS_ALL(DECODE) };

/* ---- broken on purpose --------------------------------------------------------------------------------------------- */

static enum match
match_anything(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	return MATCH_MINE;
}

static bool
never_alike(const struct instrument *ins_a, const struct request *a, const struct instrument *ins_b,
	const struct request *b)
{
	return false;
}

void
spy_break(void)
{
	is_broken = true;
}

/* ---- finding --------------------------------------------------------------------------------------------------------- */

static struct slot *
slot_of(const struct codec *real)
{
	for (size_t i = 0; i < SLOTS && slots[i].real != NULL; i++)
		if (slots[i].real == real)
			return &slots[i];
	return NULL;
}

static void
make(void)
{
	size_t n = 0;

	for (; codec_list[n] != NULL; n++) {
		struct slot *s = &slots[n];

		assert(n < SLOTS);
		s->real = codec_list[n];
		s->spy = *s->real;
		s->spy.encode = encodes[n];
		s->spy.decode = decodes[n];
		if (is_broken) {
			s->spy.match = match_anything;
			s->spy.alike = never_alike;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (slots[i].real->on_line != NULL)
			slots[i].spy.on_line = &slot_of(slots[i].real->on_line)->spy;
	is_made = true;
}

const struct codec *
spy_find(const char *name)
{
	const struct codec *real = codec_find(name);

	if (!is_made)
		make();
	return real == NULL ? NULL : &slot_of(real)->spy;
}

void
spy_listen(const struct spy_ear *who)
{
	ear = who == NULL ? (struct spy_ear){ 0 } : *who;
}

const char *
spy_count(size_t i, uint64_t *out_asked, uint64_t *out_believed)
{
	if (i >= SLOTS || slots[i].real == NULL)
		return NULL;
	*out_asked = slots[i].asked;
	*out_believed = slots[i].believed;
	return slots[i].real->name;
}
