/* clients.c - who is connected, and who keeps a place without asking for anything
 *
 * Those that wait stand in a row by the time since when, so the first one is both the next whose time is over and the one
 * to go when places are needed. Who is being answered stands in no row.
 */
#include "serve/clients.h"

static void
stand_in_row(struct clients *cs, struct client *c, int64_t now_ns)
{
	c->waits = true;
	c->since_ns = now_ns;
	c->older = cs->newest;
	c->newer = NULL;
	if (cs->newest != NULL)
		cs->newest->newer = c;
	else
		cs->oldest = c;
	cs->newest = c;
}

static void
leave_row(struct clients *cs, struct client *c)
{
	c->waits = false;
	if (c->older != NULL)
		c->older->newer = c->newer;
	else
		cs->oldest = c->newer;
	if (c->newer != NULL)
		c->newer->older = c->older;
	else
		cs->newest = c->older;
}

static void
stop_asking(struct clients *cs, const struct client *c)
{
	cs->n_asking--;
	cs->asking[c->group]--;
}

void
client_comes(struct clients *cs, struct client *c, int64_t now_ns)
{
	c->is_here = true;
	cs->n++;
	stand_in_row(cs, c, now_ns);
}

void
client_shakes(struct clients *cs, struct client *c)
{
	if (c->is_here && c->waits && !c->shakes) {
		c->shakes = true;
		cs->n_shaking++;
	}
}

void
client_shook(struct clients *cs, struct client *c)
{
	if (c->shakes) {
		c->shakes = false;
		cs->n_shaking--;
	}
}

bool
client_asks(struct clients *cs, struct client *c)
{
	client_shook(cs, c);
	if (c->waits) {
		leave_row(cs, c);
		cs->n_asking++;
		cs->asking[c->group]++;
	}
	return cs->n_asking <= cs->places &&
	       (c->group == 0 || cs->asking[c->group] <= (cs->places + 1) / 2);
}

void
client_waits(struct clients *cs, struct client *c, int64_t now_ns)
{
	/* A request that ends incomplete, with its connection, is no answer: the time goes on. */
	if (!c->is_here || c->waits)
		return;
	stop_asking(cs, c);
	stand_in_row(cs, c, now_ns);
}

void
client_goes(struct clients *cs, struct client *c)
{
	if (!c->is_here)
		return;
	client_shook(cs, c);
	c->is_here = false;
	cs->n--;
	if (c->waits)
		leave_row(cs, c);
	else
		stop_asking(cs, c);
}

/* The first one that shakes, when there are too many of them; NULL. */
static struct client *
slow_handshake(const struct clients *cs)
{
	struct client *c = cs->oldest;

	if (cs->n_shaking <= CLIENTS_SHAKING_MAX)
		return NULL;
	while (c != NULL && !c->shakes)
		c = c->newer;
	return c;
}

struct client *
clients_unwanted(const struct clients *cs, int64_t now_ns)
{
	struct client *c = cs->oldest;

	if (c == NULL)
		return NULL;
	if (now_ns - c->since_ns >= CLIENTS_LIMIT_NS || cs->n > cs->places + cs->extra)
		return c;
	if (cs->n > cs->places && now_ns - c->since_ns >= CLIENTS_GRACE_NS)
		return c;
	c = slow_handshake(cs);
	return c != NULL && now_ns - c->since_ns >= CLIENTS_SHAKE_NS ? c : NULL;
}

int64_t
clients_deadline(const struct clients *cs)
{
	const struct client *slow = slow_handshake(cs);
	int64_t next = cs->oldest == NULL ? NEVER : cs->oldest->since_ns + CLIENTS_LIMIT_NS;

	return slow == NULL ? next : MIN(next, slow->since_ns + CLIENTS_SHAKE_NS);
}
