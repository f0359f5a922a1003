/* link_beside.c - what a write says along: the values of other points of its unit
 *
 * Some devices take all their outputs in one message. What goes beside the value that is written is what was written to its neighbour
 * last, since the wire came up; else what was read of it last, where that is good; else what the description says. A write waits its turn
 * behind those of its unit, so this is looked up when it goes; when it is ordered, only whether there will be something.
 */
#include "link/link_engine.h"

#include <string.h>

struct looked_up {
	struct link *l;
	struct write *w;
	bool is_queued;
};

static size_t
find(const struct unit *u, const char *name)
{
	size_t i = 0;

	while (i < u->n_points && (u->points[i].write_space < 0 || u->points[i].write_key == NULL ||
					  strcmp(u->points[i].write_key, name) != 0))
		i++;
	return i;
}

/* Ordered before, and not settled yet: the last of these. */
static const struct write *
queued(const struct looked_up *look, size_t at)
{
	const struct write *last = NULL;

	LINK_FLIGHTS(look->l, f)
	{
		if (f->kind == FLIGHT_WRITE && f->unit == look->w->unit && f->write.at == at)
			last = &f->write;
	}
	for (size_t i = 0; i < look->l->n_writes; i++)
		if (look->l->writes[i].unit == look->w->unit && look->l->writes[i].at == at)
			last = &look->l->writes[i];
	return last;
}

static bool
value_of(void *ctx, const char *name, enum value_type *out_type, union value *out)
{
	struct looked_up *look = ctx;
	const struct unit *u = look->w->unit;
	size_t at = find(u, name);
	const struct write *w;

	look->w->has_beside = true;
	if (at == u->n_points || u->points[at].value == VALUE_TEXT)
		return false;
	*out_type = (enum value_type)u->points[at].value;
	w = look->is_queued ? queued(look, at) : NULL;
	if (w != NULL)
		*out = w->v;
	else if (u->held[at].is_written)
		*out = u->held[at].written;
	else if (u->held[at].is_read)
		*out = u->held[at].read;
	else
		return false;
	return true;
}

int
link_beside_write(
	struct link *l, struct write *w, const char *text, bool is_queued, struct err *err)
{
	struct looked_up look = { l, w, is_queued };
	const struct beside beside = { &look, value_of };
	struct unit *u = w->unit;
	int rc = u->codec->write(&u->ins, &u->points[w->at], w->v, text, &beside, &w->req, err);

	w->req.kind = REQUEST_WRITE;
	return rc < 0 ? rc : 0;
}

void
link_beside_written(struct write *w)
{
	struct held *h = &w->unit->held[w->at];

	h->is_written = w->unit->points[w->at].value != VALUE_TEXT;
	h->written = w->v;
}

void
link_beside_forget(struct unit *u)
{
	for (size_t i = 0; i < u->n_points; i++)
		u->held[i].is_written = u->held[i].is_read = false;
}
