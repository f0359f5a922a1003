/* link_late.c - answers that come after their time
 *
 * On a line nothing in an answer names its question. So after a timeout the question is remembered for `late_max`: until
 * then nothing is asked whose answer could be the late one. Everything else goes on: most of a line's other units at once.
 * When there are too many to remember, the whole line is quiet instead.
 */
#include "link/link_engine.h"

#include <string.h>

int64_t
link_lateness(const struct link *l, const struct unit *u)
{
	return l->wire.late_max_ns > 0 ? l->wire.late_max_ns : 2 * u->timeout_ns;
}

static void
drop(struct link *l, size_t i)
{
	l->late[i] = l->late[--l->n_late];
}

/* Not those of protocols that answer in turn: see link_late_is_missing(). */
static void
drop_old(struct link *l, int64_t now_ns)
{
	for (size_t i = l->n_late; i-- > 0;)
		if (l->late[i].until_ns <= now_ns && !l->late[i].unit->codec->in_turn)
			drop(l, i);
}

bool
link_late_is_missing(const struct link *l, int64_t now_ns)
{
	for (size_t i = 0; i < l->n_late; i++)
		if (l->late[i].until_ns <= now_ns && l->late[i].unit->codec->in_turn)
			return true;
	return false;
}

static struct late *
remember(struct link *l, struct unit *u, const struct request *req, uint32_t tag, int64_t until_ns,
	int64_t now_ns)
{
	struct late *entry;

	if (u->codec->has_tag && u->codec->tag_bits == 0)
		return NULL;
	drop_old(l, now_ns);
	if (l->n_late == l->late_cap) {
		l->pause_ns = MAX(l->pause_ns, until_ns);
		return NULL;
	}
	entry = &l->late[l->n_late++];
	entry->unit = u;
	entry->req = *req;
	entry->tag = tag;
	entry->until_ns = until_ns;
	entry->is_held_for = false;
	return entry;
}

struct late *
link_late_add(struct link *l, struct unit *u, const struct request *req, uint32_t tag,
	int64_t over_ns, int64_t now_ns)
{
	if (l->kind == LINK_USBTMC)
		return NULL; /* its wire gives the question up with us: see io/usb_wire.h */
	return remember(l, u, req, tag, over_ns + link_lateness(l, u), now_ns);
}

void
link_late_twice(struct link *l, const struct flight *f, int64_t now_ns)
{
	remember(l, f->unit, &f->req, f->tag, now_ns + LINK_TWICE, now_ns);
}

/* Is this tag, as far as it is on the wire, one that is still awaited? */
static bool
is_awaited(const struct link *l, const struct codec *codec, uint32_t tag)
{
	for (size_t i = 0; i < l->n_late; i++)
		if (l->late[i].unit->codec == codec &&
			((l->late[i].tag ^ tag) & ((UINT32_C(1) << codec->tag_bits) - 1)) == 0)
			return true;
	return false;
}

uint32_t
link_late_tag(struct link *l, const struct unit *u, int64_t now_ns)
{
	l->tag++;
	if (!u->codec->has_tag || u->codec->tag_bits == 0 || l->n_late == 0)
		return l->tag;
	drop_old(l, now_ns);
	while (is_awaited(l, u->codec, l->tag)) /* there are fewer of them than tags */
		l->tag++;
	return l->tag;
}

static bool
is_alike(const struct late *entry, const struct unit *u, const struct request *req)
{
	if (entry->unit->codec != u->codec)
		return true;
	if (u->codec->has_tag)
		return false; /* its tag is not given again */
	if (u->codec->alike == NULL)
		return true;
	return u->codec->alike(&entry->unit->ins, &entry->req, &u->ins, req);
}

int64_t
link_late_until(struct link *l, const struct unit *u, const struct request *req, int64_t now_ns)
{
	int64_t until_ns = 0;

	if (l->n_late == 0)
		return 0;
	drop_old(l, now_ns);
	for (size_t i = 0; i < l->n_late; i++)
		if (is_alike(&l->late[i], u, req))
			until_ns = MAX(until_ns, l->late[i].until_ns);
	return until_ns;
}

bool
link_late_take(struct link *l, const uint8_t *frame, size_t n, int64_t now_ns)
{
	for (size_t i = 0; i < l->n_late; i++) {
		struct late *entry = &l->late[i];
		const struct codec *codec = entry->unit->codec;
		enum match whose = codec->match == NULL
					   ? MATCH_CANNOT_TELL
					   : codec->match(&entry->unit->ins, &entry->req,
						     entry->tag, frame, n);

		if (whose != MATCH_MINE && whose != MATCH_CANNOT_TELL)
			continue;
		/* A device that speaks unasked may have done so, and a datagram may come twice: the answer is still to come. */
		if ((codec->heard == NULL && l->kind != LINK_UDP) || codec->in_turn) {
			if (entry->is_held_for)
				l->orphan_ns = 0;
			drop(l, i);
		} else if (l->kind == LINK_UDP) { /* its double may come when it would be over */
			entry->until_ns = MAX(entry->until_ns, now_ns + LINK_TWICE);
		}
		return true;
	}
	return false;
}

void
link_late_forget(struct link *l, const struct unit *u)
{
	for (size_t i = l->n_late; i-- > 0;)
		if (u == NULL || l->late[i].unit == u)
			drop(l, i);
}
