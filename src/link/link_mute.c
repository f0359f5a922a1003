/* link_mute.c - a question that has no answer, put to a device that answers others
 *
 * Many a device says nothing to a command that it does not know. So when all tries of a question have failed, the device is asked another one,
 * that it has answered before: an answer to that leaves the first one *mute*, whose channels are bad and which is
 * asked once after 1 s, 2 s .. `probe_max`, each time with another one behind it; silence to both means that the device is down.
 */
#include "link/link_engine.h"

#include "base/clock.h"

bool
link_mute_is(const struct unit *u, const struct request *req)
{
	for (size_t i = req->first; i < (size_t)req->first + req->n && i < u->n_points; i++)
		if (u->marks[i].n_mute > 0)
			return true;
	return false;
}

bool
link_mute_is_all(const struct unit *u)
{
	for (size_t i = 0; i < u->n_polls; i++)
		if (!link_mute_is(u, &u->reqs[i]))
			return false;
	return true;
}

static void
mark(struct unit *u, const struct request *req)
{
	for (size_t i = req->first; i < (size_t)req->first + req->n && i < u->n_points; i++)
		u->marks[i].n_mute = (uint8_t)MIN(u->marks[i].n_mute + 1, UINT8_MAX);
}

void
link_mute_answered(struct unit *u, const struct flight *f)
{
	const struct request *req = &f->req;

	if (f->kind != FLIGHT_POLL)
		return;
	if (link_flight_poll(f) != NULL)
		u->answered = f->at + 1;
	for (size_t i = req->first; i < (size_t)req->first + req->n && i < u->n_points; i++)
		u->marks[i].n_mute = 0;
}

void
link_mute_again(
	struct link *l, struct flight *f, enum quality reason, uint16_t code, int64_t now_ns)
{
	struct unit *u = f->unit;
	struct poll *p = link_flight_poll(f);
	int64_t wait_ns;
	char span[CLOCK_TEXT_SIZE];

	mark(u, &f->req);
	link_unit_say(l, u, f->req.first, f->req.n, reason, code, now_ns);
	link_poll_settle(f);
	if (p == NULL)
		return;
	wait_ns = MIN(LINK_PROBE_WAIT_MIN << MIN(u->marks[f->req.first].n_mute - 1, 6),
		l->wire.probe_max_ns);
	wait_ns = MAX(wait_ns, p->every_ns);
	p->due_ns = p->ask_ns = now_ns + wait_ns;
	clock_span(span, wait_ns);
	link_note(l, u, reason, now_ns, "no answer to %s; next try in %s", f->meaning, span);
}

/* The poll whose answer would show that the device is there: the one that was answered last, else the next one; n_polls: none. */
static size_t
witness(const struct unit *u, const struct poll *silent)
{
	size_t from = silent == NULL ? 0 : (size_t)(silent - u->polls) + 1;

	if (u->answered > 0 && u->answered - 1 < u->n_polls &&
		&u->polls[u->answered - 1] != silent && !link_mute_is(u, &u->reqs[u->answered - 1]))
		return u->answered - 1;
	for (size_t i = 0; i < u->n_polls; i++) {
		size_t at = (from + i) % u->n_polls;

		if (&u->polls[at] != silent && !link_mute_is(u, &u->reqs[at]))
			return at;
	}
	return u->n_polls;
}

bool
link_mute_ask_witness(
	struct link *l, struct flight *f, enum quality reason, uint16_t code, int64_t now_ns)
{
	struct unit *u = f->unit;
	struct poll *p = link_flight_poll(f);
	size_t at = witness(u, p);

	if (at == u->n_polls || f->kind == FLIGHT_IDENTIFY || !u->is_known)
		return false;
	if (f->kind == FLIGHT_POLL)
		link_mute_again(l, f, reason, code, now_ns);
	if (u->polls[at].ask_ns == NEVER)
		return true; /* it is being asked at this moment */
	u->is_asking_witness = true;
	u->retry = at + 1;
	u->polls[at].ask_ns = now_ns;
	u->polls[at].is_again = true;
	u->is_stirred = true;
	return true;
}
