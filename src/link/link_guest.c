/* link_guest.c - questions of somebody else on this wire: what `mbc try` and `mbc scan` ask while the bench runs
 *
 *	NONE --link_guest()--> WAITS --nothing of ours is due, nothing is on the wire--> FLIES --> told: NONE
 *	                         |                                                         | answer, its time is over, lost wire,
 *	                         +-- its time is over, a safe state begins: told           | or a write of ours where tags tell answers apart
 *
 * One at a time and alone on the wire, behind all that the bench has to ask. It is a question of a unit of its own, the guest, which is none
 * of the link: what comes back is a frame for somebody else, is not decoded, and says nothing of any instrument. A late answer is
 * kept from ours, and one to ours from it, as between any two (link_late.c).
 */
#include "link/link_engine.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define WAIT_NS (10 * NS_PER_S) /* for its turn */
#define TRIES_MAX                                                                                  \
	1000 /* questions of our own that are written down to compare: the tick does not wait for more */

/* ---- may it be asked ------------------------------------------------------------------------------------------------------ */

static uint32_t
tag_of(const struct codec *codec, const uint8_t *asked, size_t n)
{
	struct request req = { 0 };
	uint32_t tag = 0;

	if (codec->has_tag && codec->recognise != NULL)
		codec->recognise(asked, n, &req, &tag);
	return tag;
}

static bool
is_same(const struct unit *u, const struct request *req, uint32_t tag, const uint8_t *asked,
	size_t n)
{
	uint8_t bytes[GUEST_BYTES];
	struct err err;
	int got = u->codec->encode(&u->ins, req, tag, &u->vars, bytes, sizeof(bytes), &err);

	return got > 0 && (size_t)got == n && memcmp(bytes, asked, n) == 0;
}

/* An instrument that is prepared and has no name of its own is asked what it is by preparing it: that is no mere question. */
static bool
has_name(const struct unit *u)
{
	if (!u->codec->has_messages)
		return true;
	for (uint16_t i = 0; i < u->ins.n_messages; i++)
		if (strcmp(u->ins.messages[i].name, "identity") == 0)
			return true;
	return false;
}

/* The question that u itself asks with these bytes. */
static bool
find_own(const struct unit *u, const uint8_t *asked, size_t n, size_t *tries, struct request *out)
{
	uint32_t tag = tag_of(u->codec, asked, n);
	struct request req;

	for (size_t i = 0; i<u->n_polls && * tries> 0; i++, (*tries)--)
		if (is_same(u, &u->reqs[i], tag, asked, n)) {
			*out = u->reqs[i];
			return true;
		}
	if (!has_name(u) || !link_identify_request(u, &req) || !is_same(u, &req, tag, asked, n))
		return false;
	*out = req;
	return true;
}

static const struct unit *
speaker(const struct link *l, const char *codec)
{
	for (size_t i = 0; i < l->n_units; i++)
		if (strcmp(l->units[i].codec->name, codec) == 0)
			return &l->units[i];
	return NULL;
}

/* Into guest: who is asked, and req what. */
static int
judge(const struct link *l, const struct guest_ask *ask, struct unit *guest, struct request *req,
	struct err *err)
{
	const struct unit *u = speaker(l, ask->codec);
	size_t tries = TRIES_MAX;

	if (u == NULL || (u->codec->wires & (CODEC_PACKETS | CODEC_HELPER)) != 0 ||
		u->codec->closes || (u->codec->has_tag && u->codec->retag == NULL))
		return err_set(err, ERR_REFUSED, 0,
			"no instrument of the bench on this wire speaks '%s' in a way that lets "
			"others ask in between; stop the bench to ask",
			ask->codec);
	guest->codec = u->codec;
	guest->ins = u->ins;
	guest->index = u->index;
	for (size_t i = 0; i < l->n_units && u->codec->guest == NULL; i++) {
		if (l->units[i].codec != u->codec ||
			!find_own(&l->units[i], ask->bytes, ask->n, &tries, req))
			continue;
		guest->ins = l->units[i].ins;
		guest->index = l->units[i].index;
		return req->is_silent ? err_set(err, ERR_REFUSED, 0, "it has no answer") : 0;
	}
	if (u->codec->guest == NULL)
		return err_set(err, ERR_REFUSED, 0,
			"the bench itself does not ask this, and in '%s' nobody can tell whether "
			"it "
			"changes something; stop the bench to ask it",
			ask->codec);
	return u->codec->guest(ask->bytes, ask->n, &guest->ins, req, err) < 0 ? ERR_REFUSED : 0;
}

int
link_guest_check(
	const struct link *l, const struct guest_ask *ask, bool *out_writes, struct err *err)
{
	struct unit guest = { .index = 0 };
	struct request req;

	if (judge(l, ask, &guest, &req, err) < 0)
		return ERR_REFUSED;
	*out_writes = req.kind == REQUEST_WRITE;
	return 0;
}

/* ---- asking --------------------------------------------------------------------------------------------------------------- */

bool
link_guest_is_free(const struct link *l)
{
	return l->guest.phase == GUEST_NONE;
}

/* No longer than a question of the bench itself may hold the wire, and no longer than a second. */
static int64_t
patience(const struct link *l, int64_t wanted_ns)
{
	int64_t longest_ns = 0;

	for (size_t i = 0; i < l->n_units; i++)
		longest_ns = MAX(longest_ns, l->units[i].timeout_ns);
	return MAX(MIN(wanted_ns, MIN(longest_ns, NS_PER_S)), NS_PER_MS);
}

int
link_guest(struct link *l, const struct guest_ask *ask, uint32_t ticket, int64_t now_ns,
	struct err *err)
{
	struct guest *g = &l->guest;

	if (g->phase != GUEST_NONE)
		return err_set(err, ERR_REFUSED, 0, "somebody else asks on this wire");
	if (judge(l, ask, &g->next, &g->req, err) < 0)
		return ERR_REFUSED;
	g->next.timeout_ns = patience(l, ask->timeout_ns);
	g->next.state.state = INSTRUMENT_UP;
	g->n = MIN(ask->n, (size_t)GUEST_BYTES);
	memcpy(g->bytes, ask->bytes, g->n);
	g->tag = tag_of(g->next.codec, g->bytes, g->n);
	g->ticket = ticket;
	g->until_ns = now_ns + WAIT_NS;
	g->phase = GUEST_WAITS;
	if (!l->is_inside)
		link_time(l, now_ns);
	return 0;
}

/* The earliest moment at which it may go; NEVER: not as long as this lasts: a question is on the wire, or waits for its next step. A guest whose late answer may still come is not forgotten for
 * another one. */
static int64_t
ready_ns(struct link *l, int64_t now_ns)
{
	struct guest *g = &l->guest;
	int64_t at_ns = MAX(g->rest_ns, MAX(l->pause_ns, l->orphan_ns));

	if (g->phase != GUEST_WAITS || l->n_top > 0 || l->n_writes > 0 || l->line != LINE_OPEN)
		return NEVER;
	for (size_t i = 0; i < l->n_late; i++)
		if (l->late[i].unit == &g->unit)
			at_ns = MAX(at_ns, l->late[i].until_ns);
	return MAX(at_ns, link_late_until(l, &g->next, &g->req, now_ns));
}

bool
link_guest_start(struct link *l, struct flight *f, int64_t now_ns)
{
	struct guest *g = &l->guest;

	if (ready_ns(l, now_ns) > now_ns)
		return false;
	g->unit = g->next;
	g->phase = GUEST_FLIES;
	f->kind = FLIGHT_GUEST;
	f->within_ns = 0;
	f->at = 0;
	f->plan = 0;
	f->unit = &g->unit;
	f->req = g->req;
	memset(f->meaning, 0, sizeof(f->meaning));
	text_copy(f->meaning, sizeof(f->meaning), "asked for mbc try or scan");
	return true;
}

int
link_guest_encode(const struct link *l, uint32_t tag, uint8_t *out, size_t cap, struct err *err)
{
	const struct guest *g = &l->guest;
	size_t n = g->n;

	if (g->unit.codec->has_tag)
		n = g->unit.codec->retag(g->bytes, g->n, tag, out, cap);
	else if (n <= cap)
		memcpy(out, g->bytes, n);
	if (n == 0 || n > cap)
		return err_set(err, ERR_CONF, 0, "it is too long");
	return (int)n;
}

/* ---- the end -------------------------------------------------------------------------------------------------------------- */

static void
tell(struct link *l, enum guest_end end, int64_t reply_ns, const uint8_t *bytes, size_t n,
	const char *why)
{
	l->guest.phase = GUEST_NONE;
	if (l->sink.guest != NULL)
		l->sink.guest(l->sink.ctx, l->guest.ticket, end, reply_ns, bytes, n, why);
}

void
link_guest_answered(
	struct link *l, struct flight *f, const uint8_t *frame, size_t n, int64_t now_ns)
{
	uint8_t bytes[GUEST_ANSWER_MAX];
	const struct codec *codec = f->unit->codec;

	link_trace(l, f->unit, TRACE_RECEIVED, Q_GOOD, 0, f->meaning, frame, n, now_ns);
	l->pause_ns = MAX(l->pause_ns, now_ns + l->gap_ns);
	if (l->kind == LINK_UDP)
		link_late_twice(l, f, now_ns);
	link_land(l, f);
	if (codec->has_tag)
		n = codec->retag(frame, n, l->guest.tag, bytes, sizeof(bytes));
	else if (n <= sizeof(bytes))
		memcpy(bytes, frame, n);
	if (n == 0 || n > sizeof(bytes))
		tell(l, GUEST_LOST, 0, NULL, 0, "the answer is too long to be handed on");
	else
		tell(l, GUEST_ANSWERED, now_ns - f->sent_ns, bytes, n, "");
}

/* The line has its own questions for as long as this one has cost before the next guest. */
void
link_guest_expired(struct link *l, struct flight *f, int64_t now_ns)
{
	int64_t took_ns = now_ns - f->sent_ns;

	link_note(
		l, f->unit, Q_NO_ANSWER, now_ns, "no answer to what was asked for mbc try or scan");
	link_late_add(l, f->unit, &f->req, f->tag, MAX(now_ns, f->over_ns), now_ns);
	l->guest.rest_ns = now_ns + took_ns;
	link_land(l, f);
	tell(l, GUEST_SILENT, took_ns, NULL, 0, "no answer");
}

void
link_guest_lost(struct link *l, struct flight *f, const char *why)
{
	link_land(l, f);
	tell(l, GUEST_LOST, 0, NULL, 0, why);
}

static struct flight *
flying(struct link *l)
{
	LINK_FLIGHTS(l, f)
	{
		if (f->kind == FLIGHT_GUEST)
			return f;
	}
	return NULL;
}

void
link_guest_give_way(struct link *l)
{
	struct flight *f = l->guest.phase == GUEST_FLIES ? flying(l) : NULL;
	bool is_told_apart = f != NULL && f->unit->codec->has_tag && f->unit->codec->tag_bits == 0;

	if (l->guest.phase == GUEST_WAITS)
		tell(l, GUEST_REFUSED, 0, NULL, 0,
			"it gave way to what the bench writes; ask again");
	else if (is_told_apart)
		link_guest_lost(l, f, "it gave way to what the bench writes; ask again");
}

void
link_guest_end(struct link *l, const char *why)
{
	if (l->guest.phase != GUEST_NONE)
		tell(l, l->guest.phase == GUEST_WAITS ? GUEST_REFUSED : GUEST_LOST, 0, NULL, 0,
			why);
}

void
link_guest_step(struct link *l, int64_t now_ns)
{
	if (l->guest.phase != GUEST_WAITS || now_ns < l->guest.until_ns)
		return;
	tell(l, GUEST_REFUSED, 0, NULL, 0,
		l->line == LINE_OPEN ? "the bench's own questions leave no time on this wire"
				     : "the wire is not open; 'mbc trace' says why");
}

int64_t
link_guest_wake(struct link *l, int64_t now_ns)
{
	if (l->guest.phase != GUEST_WAITS)
		return NEVER;
	return MIN(l->guest.until_ns, ready_ns(l, now_ns));
}
