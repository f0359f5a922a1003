/* link_learn.c - what a device can be asked in one request
 *
 * A refused request (an address that it does not have, a length that it does not take, a quantity that fails) of several points is cut in two by a tentative border, and both halves are asked in the same cycle,
 * so no neighbour of a bad register ever has a bad value. The search goes on in a half that is refused again, down to
 * one point (or several that share registers): that is guilty, is told so, and is asked alone from then on.
 * When every piece has passed or is guilty:
 *	a border both of whose sides passed at once  stays for good: the hole (or the module's end) under it is refused;
 *	a border one of whose sides was refused too  goes: that side explains the refusal, the rest grows together again.
 * A refusal that may be for the length, of a request longer than any that passed, may mean just that: then all requests are halved until one
 * passes. If nothing guilty turns up, that length stays; else the old one comes back.
 * A border that goes by mistake is found again by the next search, and every search proves at least one border or guilty
 * point, because the border that was made last is never explained away. So it ends.
 */
#include "link/link_engine.h"

#include <string.h>

/* ---- planning -------------------------------------------------------------------------------------------------- */

static uint64_t
end_of(const struct point *p)
{
	return (uint64_t)p->address + MAX(p->count, 1);
}

/* The first point behind `first` that shares no register with those before it, at most `n`. */
static size_t
atom_end(const struct unit *u, size_t first, size_t n)
{
	uint64_t end = end_of(&u->points[first]);
	size_t i = first + 1;

	for (; i < n; i++) {
		const struct point *p = &u->points[i];

		if (p->every_ns != u->points[first].every_ns ||
			p->space != u->points[first].space || p->address >= end)
			break;
		end = MAX(end, end_of(p));
	}
	return i;
}

/* The device does not offer it. A message is the same with what it leaves out, any other request would cover its place. */
static bool
is_out(const struct unit *u, size_t at)
{
	return u->points[at].is_left_out && !u->codec->has_messages;
}

/* Points that plan() may put together: guilty ones stand alone. */
static size_t
segment_end(const struct unit *u, size_t first)
{
	size_t i = first + 1;

	if (u->is_single || is_out(u, first))
		return i;
	if (u->marks[first].is_refused) {
		size_t end = atom_end(u, first, u->n_read);

		while (i < end && u->marks[i].is_refused && !is_out(u, i))
			i++;
		return i;
	}
	while (i < u->n_read && !u->marks[i].is_refused && !is_out(u, i))
		i++;
	return i;
}

static void
start_poll(struct unit *u, size_t at, int64_t now_ns)
{
	const struct request *req = &u->reqs[at];
	struct poll *p = &u->polls[at];
	const struct mark *mark = &u->marks[req->first];

	memset(p, 0, sizeof(*p));
	p->due_ns = mark->due_ns;
	p->every_ns = u->points[req->first].every_ns;
	p->is_refused = mark->is_refused;
	for (size_t i = 0; i < req->n; i++) {
		p->is_trial = p->is_trial || mark[i].is_trial;
		p->due_ns = MIN(p->due_ns, mark[i].due_ns);
	}
	if (p->is_refused && !mark->is_failing)
		p->every_ns = LINK_REFUSED_EVERY;
	p->is_again = p->is_trial;
	p->ask_ns = p->is_trial ? now_ns : p->due_ns;
	link_meaning(u->meanings[at], u, req);
}

void
link_plan(struct unit *u, int64_t now_ns)
{
	size_t n = 0, end;

	for (size_t at = 0; at < u->n_polls; at++)
		for (size_t i = 0; i < u->reqs[at].n; i++)
			u->marks[u->reqs[at].first + i].due_ns = u->polls[at].due_ns;
	for (size_t first = 0; first < u->n_read; first = end) {
		int got;

		end = segment_end(u, first);
		if (is_out(u, first))
			continue;
		got = u->codec->plan(&u->ins, u->points + first, end - first, &u->learned,
			u->reqs + n, u->n_points - n);
		for (; got > 0 && n < u->n_points; got--, n++) {
			u->reqs[n].first += (uint32_t)first;
			start_poll(u, n, now_ns);
		}
	}
	u->n_polls = n;
	u->plan++;
	u->retry = u->probe = u->answered = 0;
	u->is_asking_witness = false;
	u->is_stirred = true;
}

/* ---- borders --------------------------------------------------------------------------------------------------- */

static uint64_t
distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The point before which to cut a request: at the hole nearest to its middle, else at the nearest border between points;
 * 0 when there is none. */
static size_t
best_cut(const struct unit *u, const struct request *req)
{
	uint64_t middle = req->address + req->count / 2u, end = end_of(&u->points[req->first]);
	uint64_t best = UINT64_MAX;
	size_t cut = 0;

	for (size_t i = req->first + 1; i < (size_t)req->first + req->n; i++) {
		const struct point *p = &u->points[i];

		if (p->address >= end) {
			uint64_t far = distance(p->address, middle);

			if (p->address == end)
				far += UINT32_MAX; /* behind every hole */
			if (far < best) {
				best = far;
				cut = i;
			}
		}
		end = MAX(end, end_of(p));
	}
	return cut;
}

/* A refused request explains the refusal of what it was cut from: the tentative borders beside it prove nothing. */
static void
explain(struct unit *u, const struct request *req)
{
	const struct learned *known = &u->learned;
	size_t left = LEARNED_MAX, right = LEARNED_MAX;

	for (size_t i = 0; i < known->n_cuts; i++) {
		const struct learned_cut *cut = &known->cuts[i];

		if (cut->space != req->space)
			continue;
		if (cut->address <= req->address &&
			(left == LEARNED_MAX || cut->address > known->cuts[left].address))
			left = i;
		if (cut->address >= req->address + req->count &&
			(right == LEARNED_MAX || cut->address < known->cuts[right].address))
			right = i;
	}
	if (left != LEARNED_MAX)
		u->is_explained[left] = true;
	if (right != LEARNED_MAX)
		u->is_explained[right] = true;
}

static uint16_t *
passed(struct unit *u, uint16_t space)
{
	return &u->passed[space % LINK_SPACES];
}

/* Nothing more can be remembered about this device, or its codec does not heed a border. */
static void
ask_single(struct link *l, struct unit *u, int64_t now_ns)
{
	u->is_single = true;
	u->is_halved = false;
	memset(&u->learned, 0, sizeof(u->learned));
	link_plan(u, now_ns);
	link_note(l, u, Q_GOOD, now_ns, "refuses too much: from now on one request a point");
}

/* ---- the search ------------------------------------------------------------------------------------------------ */

/* Keep what is proven, forget the rest. */
static void
conclude(struct link *l, struct unit *u, int64_t now_ns)
{
	struct learned *known = &u->learned;
	uint16_t n = 0;

	for (uint16_t i = 0; i < known->n_cuts; i++) {
		struct learned_cut cut = known->cuts[i];

		if (!cut.is_sure && u->is_explained[i])
			continue;
		if (!cut.is_sure)
			link_note(
				l, u, Q_GOOD, now_ns, "learned: no request across %u", cut.address);
		cut.is_sure = 1;
		known->cuts[n++] = cut;
	}
	known->n_cuts = n;
	if (u->is_halved && u->found > 0)
		known->max_count = u->max_before;
	else if (u->is_halved)
		link_note(l, u, Q_GOOD, now_ns, "learned: at most %u in one request",
			known->max_count);
	u->is_halved = false;
	link_plan(u, now_ns);
}

static bool
is_searching(const struct unit *u)
{
	for (size_t i = 0; i < u->n_polls; i++)
		if (u->polls[i].is_trial)
			return true;
	return false;
}

static void
end_trial(struct link *l, struct unit *u, size_t at, int64_t now_ns)
{
	if (!u->polls[at].is_trial)
		return;
	u->polls[at].is_trial = false;
	for (size_t i = 0; i < u->reqs[at].n; i++)
		u->marks[u->reqs[at].first + i].is_trial = false;
	if (!is_searching(u))
		conclude(l, u, now_ns);
}

/* A refusal may have been a mood: what is refused alone is asked again after 1 s, 2 s .. 60 s. */
static int64_t
refused_wait(unsigned n_refused)
{
	return MIN(LINK_REFUSED_FIRST << MIN(n_refused, 6u), LINK_REFUSED_EVERY);
}

/* It is refused alone. */
static void
isolate(struct link *l, struct unit *u, size_t at, const struct refusal *why, int64_t now_ns)
{
	bool is_failing = why->quality ==
			  Q_DEVICE_FAILED; /* it may be well again soon: it keeps its period */
	const struct request *req = &u->reqs[at];
	struct poll *p = &u->polls[at];

	if (!p->is_refused)
		link_note(l, u, (enum quality)why->quality, now_ns, "learned: %u +%u is refused",
			req->address, req->count);
	link_unit_say(l, u, req->first, req->n, (enum quality)why->quality, why->code, now_ns);
	p->is_refused = true;
	if (is_failing) {
		p->every_ns = u->points[req->first].every_ns;
		p->due_ns = p->ask_ns = now_ns + p->every_ns;
	} else {
		p->every_ns = LINK_REFUSED_EVERY;
		p->due_ns = p->ask_ns = now_ns + refused_wait(u->marks[req->first].n_refused);
	}
	u->is_stirred = true;
	for (size_t i = 0; i < req->n; i++) {
		struct mark *mark = &u->marks[req->first + i];

		mark->is_refused = true;
		mark->is_failing = is_failing;
		mark->n_refused = (uint8_t)MIN(mark->n_refused + 1, UINT8_MAX);
	}
	end_trial(l, u, at, now_ns);
}

/* True when shorter requests are to be tried: then they are planned. */
static bool
halve(struct unit *u, const struct request *req, int64_t now_ns)
{
	size_t n_polls = u->n_polls;

	if (req->count <= *passed(u, req->space) || u->is_single)
		return false;
	if (!u->is_halved) {
		u->is_halved = true;
		u->found = 0;
		u->max_before = u->learned.max_count;
	}
	u->learned.max_count = req->count / 2u;
	link_plan(u, now_ns);
	return u->n_polls > n_polls;
}

/* A device that now and then refuses what it has fills the table with borders that it does not have: they are found anew,
 * if they are there. One that fills it faster than this really has so many. */
static bool
forget(struct link *l, struct unit *u, int64_t now_ns)
{
	if (now_ns - u->forgot_ns < LINK_FORGET_EVERY)
		return false;
	u->forgot_ns = now_ns;
	u->learned.n_cuts = 0;
	link_note(l, u, Q_GOOD, now_ns, "learned: more borders than have room; forgotten");
	return true;
}

/* Has the codec heeded a border? The number of requests says nothing: a piece may have grown into the next one. */
static bool
begins_at(const struct unit *u, size_t point)
{
	for (size_t i = 0; i < u->n_polls; i++)
		if (u->reqs[i].first == point)
			return true;
	return false;
}

void
link_learn_refused(
	struct link *l, struct unit *u, size_t at, const struct refusal *refusal, int64_t now_ns)
{
	struct request req = u->reqs[at];
	size_t cut = best_cut(u, &req);
	struct learned *known = &u->learned;

	explain(u, &req);
	if (cut == 0) {
		u->found++;
		isolate(l, u, at, refusal, now_ns);
		return;
	}
	for (size_t i = 0; i < req.n; i++)
		u->marks[req.first + i].is_trial = true;
	if (refusal->of == REFUSED_LENGTH && halve(u, &req, now_ns)) {
		link_note(l, u, (enum quality)refusal->quality, now_ns,
			"learning: %u +%u refused, halved", req.address, req.count);
		return;
	}
	u->found++;
	if (known->n_cuts == LEARNED_MAX && !forget(l, u, now_ns)) {
		ask_single(l, u, now_ns);
		return;
	}
	u->is_explained[known->n_cuts] = false;
	known->cuts[known->n_cuts++] = (struct learned_cut){
		.space = req.space,
		.address = u->points[cut].address,
	};
	link_plan(u, now_ns);
	if (!begins_at(u, cut))
		ask_single(l, u, now_ns);
	else
		link_note(l, u, (enum quality)refusal->quality, now_ns,
			"learning: %u +%u refused, cut at %u", req.address, req.count,
			u->points[cut].address);
}

/* What was refused is there: it joins the others again, and the others that were refused may be there too. */
static void
pardon(struct link *l, struct unit *u, size_t at, int64_t now_ns)
{
	const struct request *req = &u->reqs[at];

	link_note(l, u, Q_GOOD, now_ns, "learned: %u +%u answers now", req->address, req->count);
	for (size_t i = 0; i < u->n_polls; i++)
		if (u->polls[i].is_refused && i != at)
			u->polls[i].due_ns = now_ns;
	for (size_t i = 0; i < req->n; i++) {
		u->marks[req->first + i].is_refused = false;
		u->marks[req->first + i].n_refused = 0;
	}
	u->polls[at].due_ns = now_ns + u->points[req->first].every_ns;
	link_plan(u, now_ns);
}

void
link_learn_passed(struct link *l, struct unit *u, size_t at, int64_t now_ns)
{
	const struct request *req = &u->reqs[at];
	uint16_t *most = passed(u, req->space);

	*most = MAX(*most, req->count);
	if (u->polls[at].is_refused)
		pardon(l, u, at, now_ns);
	else
		end_trial(l, u, at, now_ns);
}

bool
link_learn_is_refused(const struct unit *u, const struct request *req)
{
	for (size_t i = 0; i < req->n; i++)
		if (u->marks[req->first + i].is_refused)
			return true;
	return false;
}
