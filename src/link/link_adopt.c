/* link_adopt.c - after a reload: the new link goes on where the old one was */
#include "link/link_engine.h"

#include <string.h>

static bool
same_text(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

/* The same questions in the same order; ids of points may have moved. */
static bool
same_unit(const struct unit *a, const struct unit *b)
{
	if (a->hash != b->hash || a->codec != b->codec || a->n_points != b->n_points ||
		!same_text(a->name, b->name))
		return false;
	for (size_t i = 0; i < a->n_points; i++) {
		const struct point *p = &a->points[i], *q = &b->points[i];

		if (p->space != q->space || p->type != q->type || p->address != q->address ||
			p->count != q->count || p->order != q->order || p->bit != q->bit ||
			p->every_ns != q->every_ns || p->is_write_only != q->is_write_only ||
			p->is_captured != q->is_captured || !same_text(p->key, q->key) ||
			!same_text(p->unit, q->unit))
			return false;
	}
	return true;
}

/* Secrets are the owner's, who gives them up with the old link: each unit keeps its own. */
static void
swap_secrets(struct unit *a, struct unit *b)
{
	const struct opt *opt = a->codec->opts;

	for (size_t i = 0; opt != NULL && opt[i].name != NULL; i++) {
		const char *text = a->ins.opts.text[i];
		int64_t number = a->ins.opts.num[i];

		if (opt[i].type != OPT_SECRET)
			continue;
		a->ins.opts.text[i] = b->ins.opts.text[i];
		a->ins.opts.num[i] = b->ins.opts.num[i];
		b->ins.opts.text[i] = text;
		b->ins.opts.num[i] = number;
	}
}

/* The whole life goes over; what names things in the image stays. */
static void
take_life(struct unit *to, struct unit *from)
{
	struct unit old = *from;

	*from = *to;
	*to = old;
	to->index = from->index;
	from->index = old.index;
	to->points = from->points;
	from->points = old.points;
	for (size_t i = 0; i < to->n_points; i++)
		to->points[i].is_left_out = from->points[i].is_left_out;
	swap_secrets(to, from);
	to->ins.vars = &to->vars;
	from->ins.vars = &from->vars;
}

static bool
same_wire(const struct link *a, const struct link *b)
{
	return a->kind == b->kind && a->wire.port == b->wire.port &&
	       a->wire.is_line == b->wire.is_line && a->wire.has_echo == b->wire.has_echo &&
	       a->wire.local_port == b->wire.local_port &&
	       memcmp(&a->wire.line, &b->wire.line, sizeof(a->wire.line)) == 0 &&
	       same_text(a->host, b->host);
}

static bool
is_line(const struct link *l)
{
	return l->kind == LINK_SERIAL || l->wire.is_line;
}

/* What has no answer yet, of a unit that is gone. */
struct orphan {
	const struct unit *gone;
	const struct request *req;
	uint32_t tag;
	int64_t until_ns; /* as long as the old link would have waited for it */
	bool is_held_for;
};

/* Does this question of u wait long enough already, for an answer that is like this one? */
static bool
waits(const struct link *l, const struct unit *u, const struct request *req, int64_t until_ns)
{
	for (size_t i = 0; i < l->n_late; i++)
		if (l->late[i].unit == u && l->late[i].until_ns >= until_ns &&
			u->codec->alike != NULL &&
			u->codec->alike(&u->ins, &l->late[i].req, &u->ins, req))
			return true;
	return false;
}

static void
keep(struct link *l, struct unit *u, const struct request *req, const struct orphan *o,
	int64_t now_ns)
{
	struct late *entry;

	if (waits(l, u, req, o->until_ns))
		return;
	entry = link_late_add(l, u, req, o->tag, o->until_ns - link_lateness(l, u), now_ns);
	if (entry != NULL)
		entry->is_held_for = o->is_held_for;
}

/* Those questions of u that could take it for their own wait for it. What the request stands for may have changed with the file,
 * so each that u asks is looked at too. */
static void
keep_alike(struct link *l, struct unit *u, const struct orphan *o, int64_t now_ns)
{
	const struct codec *codec = u->codec;

	if (codec->alike(&o->gone->ins, o->req, &u->ins, o->req))
		keep(l, u, o->req, o, now_ns);
	for (size_t i = 0; i < u->n_polls; i++)
		if (codec->alike(&o->gone->ins, o->req, &u->ins, &u->reqs[i]))
			keep(l, u, &u->reqs[i], o, now_ns);
}

/* The answer to a question of a unit that is gone belongs to nobody: who could take it for its own waits for it. */
static void
await(struct link *l, const struct orphan *o, int64_t now_ns)
{
	const struct codec *codec = o->gone->codec;

	if (codec->has_tag && codec->tag_bits == 0)
		return;
	for (size_t i = 0; i < l->n_units; i++) {
		struct unit *u = &l->units[i];

		if (codec->has_tag && u->codec == codec) {
			keep(l, u, o->req, o, now_ns);
			return; /* its tag is kept back */
		}
		if (u->codec != codec || codec->alike == NULL) {
			l->pause_ns = MAX(l->pause_ns, o->until_ns);
			return;
		}
		keep_alike(l, u, o, now_ns);
	}
}

/* A question whose unit is gone. On a line none is asked into its answer: it has its time, as if the unit were still there. */
static void
give_up(struct link *l, struct link *from, const struct flight *f, int64_t now_ns)
{
	const struct orphan o = { f->unit, &f->req, f->tag,
		f->over_ns + link_lateness(from, f->unit), is_line(l) };

	if (f->kind == FLIGHT_WRITE)
		link_written(from, &f->write, Q_LINK_LOST, 0);
	if (f->is_held)
		return; /* the answer to its last step has come */
	if (o.is_held_for)
		l->orphan_ns = MAX(l->orphan_ns, f->deadline_ns);
	await(l, &o, now_ns);
}

/* Questions on the wire go on when their unit does; the late answer to any other belongs to nobody. */
static void
take_flights(struct link *l, struct link *from, int64_t now_ns)
{
	LINK_FLIGHTS(from, old)
	{
		struct flight *f = &l->flights[l->n_top];

		*f = *old;
		old->is_used = false;
		if (f->unit->heir == NULL) {
			give_up(l, from, f, now_ns);
			f->is_used = f->is_held = false;
			continue;
		}
		f->unit = f->unit->heir;
		f->write.unit = f->unit;
		l->n_top++;
		l->n_flights += !f->is_held;
	}
}

static void
take_late(struct link *l, struct link *from, int64_t now_ns)
{
	for (size_t i = 0; i < from->n_late; i++) {
		const struct late *late = &from->late[i];
		const struct orphan o = { late->unit, &late->req, late->tag, late->until_ns,
			late->is_held_for };
		struct unit *u = late->unit->heir;
		struct late *entry;

		if (u == NULL) {
			await(l, &o, now_ns);
			continue;
		}
		entry = link_late_add(
			l, u, &late->req, late->tag, late->until_ns - link_lateness(l, u), now_ns);
		if (entry != NULL)
			entry->is_held_for = late->is_held_for;
	}
	from->n_late = 0;
}

/* How many questions it takes has been found out about the device, not about the file. */
static void
take_window(struct link *l, const struct link *from)
{
	if (!l->may_pipeline || l->wire.pipeline != from->wire.pipeline)
		return;
	l->window = from->window;
	l->is_proved = from->is_proved;
	l->n_solo = from->n_solo;
	l->n_good = from->n_good;
	l->solo_ns = from->solo_ns;
	l->trial_ns = from->trial_ns;
	l->trial_wait_ns = from->trial_wait_ns;
}

static void
take_writes(struct link *l, struct link *from)
{
	for (size_t i = 0; i < from->n_writes; i++) {
		struct write *w = &from->writes[i];

		if (w->unit->heir == NULL || l->n_writes == LINK_WRITES_MAX + l->flights_cap) {
			link_written(from, w, Q_LINK_LOST, 0);
			continue;
		}
		l->writes[l->n_writes] = *w;
		l->writes[l->n_writes++].unit = w->unit->heir;
	}
	from->n_writes = 0;
}

static void
take_wire(struct link *l, struct link *from, int64_t now_ns)
{
	l->line = from->line;
	l->want_open = from->want_open;
	l->silence = from->silence;
	l->tag = from->tag;
	l->pause_ns = from->pause_ns;
	l->orphan_ns = from->orphan_ns;
	l->is_old = from->is_old;
	l->rx_ns = from->rx_ns;
	l->noise_ns = from->noise_ns;
	l->n_echo = from->n_echo;
	l->at_echo = from->at_echo;
	memcpy(l->echo, from->echo, from->n_echo);
	l->n_tx = from->n_tx;
	memcpy(l->tx, from->tx, from->n_tx);
	l->answer_ns = from->answer_ns;
	l->n_rx = from->n_rx;
	memcpy(l->rx, from->rx, from->n_rx);
	l->last = from->last->heir != NULL ? from->last->heir : l->units;
	if (from->last->heir == NULL)
		l->n_rx = 0;
	l->has_asked = from->has_asked && from->last->heir != NULL;
	l->asked = from->asked;
	take_late(l, from, now_ns);
	take_flights(l, from, now_ns);
	take_window(l, from);
	take_writes(l, from);
	from->line = LINE_CLOSED;
	from->want_open = false;
	from->wake_ns = NEVER;
	for (size_t i = 0; i < l->n_units && l->line == LINE_OPEN; i++) {
		struct unit *u = &l->units[i];

		if (!u->is_adopted)
			link_identify_opened(u, false, now_ns);
	}
}

/* The old wire ends here: its polls are asked again on the new one, its writes are lost. */
static void
leave_wire(struct link *l, struct link *from, int64_t now_ns)
{
	for (size_t i = 0; i < l->n_units; i++) {
		struct unit *u = &l->units[i];

		for (size_t k = 0; k < u->n_polls; k++)
			if (u->polls[k].ask_ns == NEVER) {
				u->polls[k].ask_ns = now_ns;
				u->polls[k].is_again = true;
			}
		u->n_flying = u->n_waiting = 0;
		u->is_stirred = true;
	}
	LINK_FLIGHTS(from, f)
	{
		if (f->kind == FLIGHT_WRITE)
			link_written(from, &f->write, Q_LINK_LOST, 0);
	}
	for (size_t i = 0; i < from->n_writes; i++)
		link_written(from, &from->writes[i], Q_LINK_LOST, 0);
	from->n_writes = 0;
}

bool
link_adopt(struct link *l, struct link *from, int64_t now_ns)
{
	bool is_kept = same_wire(l, from) && from->line != LINE_CLOSED && l->n_units > 0 &&
		       from->n_units > 0 && !from->want_close;

	link_guest_end(from, "the bench file was taken up anew meanwhile; ask again");
	for (size_t i = 0; i < l->n_units; i++)
		for (size_t k = 0; k < from->n_units && !l->units[i].is_adopted; k++) {
			struct unit *u = &l->units[i], *old = &from->units[k];

			if (old->heir == NULL && same_unit(u, old)) {
				take_life(u, old);
				old->heir = u;
				u->is_adopted = true;
			}
		}
	if (is_kept) {
		take_wire(l, from, now_ns);
	} else {
		leave_wire(l, from, now_ns);
		if (same_wire(l, from)) { /* its back-off goes on */
			l->open_ns = MAX(from->open_ns, now_ns);
			l->open_wait_ns = from->open_wait_ns;
			l->lost_ns = from->lost_ns;
			l->goes_on = from->goes_on;
		}
	}
	for (size_t i = 0; i < l->n_units; i++)
		if (l->units[i].is_adopted)
			link_gates_adopted(l, &l->units[i], now_ns);
	link_time(l, now_ns);
	return is_kept;
}
