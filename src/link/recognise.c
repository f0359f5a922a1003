/* recognise.c - is it this instrument that answers? */
#include "link/recognise.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "link/link_engine.h"

#define TAG 0x4D42 /* in the question, where the protocol has a place for one */

struct recognise {
	struct unit unit;
	struct request req;
	uint8_t *ask; /* [n_ask] */
	size_t n_ask;
};

/* An instrument that is prepared and has no name of its own is asked for its identity by preparing it. */
static bool
has_identification(const struct unit *u)
{
	if (u->demand == IDENTIFY_POINT)
		return true;
	if (u->codec->identify == NULL)
		return false;
	if (!u->codec->has_messages)
		return u->demand == IDENTIFY_TEXT;
	for (uint16_t i = 0; i < u->ins.n_messages; i++)
		if (strcmp(u->ins.messages[i].name, "identity") == 0)
			return u->ins.messages[i].next == 0;
	return false;
}

struct recognise *
recognise_new(const struct image *img, uint32_t instrument, const struct codec *codec)
{
	struct recognise *r = mem_zero(1, sizeof(*r));
	uint8_t bytes[CODEC_FRAME_MAX];
	struct err err;
	int n = -1;

	link_unit_init(&r->unit, img, instrument, codec, 0);
	if (has_identification(&r->unit) && link_identify_request(&r->unit, &r->req))
		n = codec->encode(
			&r->unit.ins, &r->req, TAG, &r->unit.vars, bytes, sizeof(bytes), &err);
	if (n <= 0) {
		recognise_free(r);
		return NULL;
	}
	r->n_ask = (size_t)n;
	r->ask = mem_zero(r->n_ask, 1);
	memcpy(r->ask, bytes, r->n_ask);
	return r;
}

void
recognise_free(struct recognise *r)
{
	if (r == NULL)
		return;
	link_unit_done(&r->unit);
	free(r->ask);
	free(r);
}

const uint8_t *
recognise_question(const struct recognise *r, size_t *out_n)
{
	*out_n = r->n_ask;
	return r->ask;
}

/* A frame that answers the question. */
static enum recognised
judge(struct recognise *r, const uint8_t *frame, size_t n)
{
	struct unit *u = &r->unit;
	struct reading at = { 0 };
	struct readings got = { .at = &at, .cap = 1 };
	struct err err;

	link_identify_forget(&u->vars);
	if (u->codec->decode(&u->ins, &r->req, &u->demand_point, frame, n, &u->vars, &got, &err) <
		0)
		return RECOGNISE_OTHER;
	if (u->demand == IDENTIFY_POINT && got.n == 1 && at.quality == Q_GOOD)
		text_from_double(u->vars.identity,
			value_double((enum value_type)u->demand_point.value, at.v));
	return link_identify_is(u, &got) && u->vars.identity[strspn(u->vars.identity, " ")] != '\0'
		       ? RECOGNISE_IT
		       : RECOGNISE_OTHER;
}

enum recognised
recognise_hear(struct recognise *r, const uint8_t *in, size_t n, enum wire wire)
{
	const struct unit *u = &r->unit;
	size_t at = n >= r->n_ask && memcmp(in, r->ask, r->n_ask) == 0 ? r->n_ask : 0;

	while (at < n) {
		enum match whose = MATCH_MINE;
		int got = u->codec->cut(&u->ins, &r->req, in + at, n - at, wire);

		if (got == CUT_MORE)
			break;
		if (got > 0 && u->codec->match != NULL)
			whose = u->codec->match(&u->ins, &r->req, TAG, in + at, (size_t)got);
		if (got > 0 && (whose == MATCH_MINE || whose == MATCH_CANNOT_TELL))
			return judge(r, in + at, (size_t)got);
		at += (size_t)abs(got);
	}
	return RECOGNISE_MORE;
}

const char *
recognise_identity(const struct recognise *r)
{
	return r->unit.vars.identity;
}
