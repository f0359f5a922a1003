/* world.c - wires that go wrong
 *
 *	world_send --REQUEST--> device --ANSWER--> (damaged, held, doubled) --PIECES--> WORLD_BYTES
 *
 * What is under way is a list of events, each with its time; closing a connection forgets those of its link. An answer enters the stream as a whole, then goes out in pieces; the next one waits until
 * the last piece is out, as in any stream. Answers may overtake each other before that, as those of the units behind a
 * gateway do.
 */
#include "twin/world.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/rand.h"
#include "twin/damage.h"

#define EVENTS_MAX 128
#define DISTURBANCES_MAX 64
#define FRAME_MAX 260
#define ROOM (2 * FRAME_MAX + 2 * DAMAGE_ROOM)

enum event_kind { EV_OPENED, EV_CLOSED, EV_REQUEST, EV_ANSWER, EV_PIECES };

struct event {
	int64_t at_ns;
	uint64_t seq; /* among events of the same time, the earlier made comes first */
	enum event_kind kind;
	uint32_t link;
	bool was_open; /* CLOSED: a connection was lost */
	bool is_held;  /* ANSWER: goes out with the next one, should there be one before its time */
	bool is_split; /* ANSWER: goes out in pieces */
	bool then_mute; /* ANSWER: nothing follows */
	size_t n, sent;
	uint8_t bytes[ROOM];
};

struct disturbance {
	enum world_fault fault;
	uint32_t link;
	unsigned unit;
	uint32_t address;
	int64_t until_ns;
};

struct wire {
	bool is_open;
	bool is_mute;     /* half a frame was sent: nothing follows on this connection */
	bool is_speaking; /* an answer is going out in pieces */
	uint64_t faults[WORLD_FAULTS];
};

struct world {
	struct world_setup setup;
	uint64_t chance;
	uint64_t seq, exchanges;
	double rate[WORLD_FAULTS];
	struct wire *wires;
	struct disturbance disturbances[DISTURBANCES_MAX];
	size_t n_disturbances;
	struct event *pool;         /* [EVENTS_MAX] */
	uint8_t active[EVENTS_MAX]; /* places in the pool: those in use first */
	size_t n_active;
	uint8_t news[ROOM];
};

static const char *const words[WORLD_FAULTS] = {
#define WORLD_FAULT(name, word) word,
#include "twin/world.def"
#undef WORLD_FAULT
};

const char *
world_word(enum world_fault fault)
{
	return words[fault];
}

struct world *
world_new(const struct world_setup *setup)
{
	struct world *w = mem_zero(1, sizeof(*w));

	w->setup = *setup;
	w->chance = setup->seed;
	w->wires = mem_zero(setup->n_links, sizeof(*w->wires));
	w->pool = mem_zero(EVENTS_MAX, sizeof(*w->pool));
	for (size_t i = 0; i < EVENTS_MAX; i++)
		w->active[i] = (uint8_t)i;
	return w;
}

void
world_free(struct world *w)
{
	if (w == NULL)
		return;
	free(w->wires);
	free(w->pool);
	free(w);
}

/* ---- events ---------------------------------------------------------------------------------------------------------- */

/* NULL when too much is under way; what would have been sent is lost, as in a router that has no room. */
static struct event *
event_add(struct world *w, enum event_kind kind, uint32_t link, int64_t at_ns)
{
	struct event *ev;

	if (w->n_active == EVENTS_MAX)
		return NULL;
	ev = &w->pool[w->active[w->n_active++]];
	memset(ev, 0, offsetof(struct event, bytes));
	ev->at_ns = at_ns;
	ev->seq = w->seq++;
	ev->kind = kind;
	ev->link = link;
	return ev;
}

static void
event_drop(struct world *w, size_t place)
{
	uint8_t slot = w->active[place];

	w->active[place] = w->active[--w->n_active];
	w->active[w->n_active] = slot;
}

/* Place of the event that comes first; n_active when there is none. */
static size_t
event_first(const struct world *w)
{
	size_t best = w->n_active;

	for (size_t i = 0; i < w->n_active; i++) {
		const struct event *ev = &w->pool[w->active[i]];
		const struct event *first = best < w->n_active ? &w->pool[w->active[best]] : NULL;

		if (first == NULL || ev->at_ns < first->at_ns ||
			(ev->at_ns == first->at_ns && ev->seq < first->seq))
			best = i;
	}
	return best;
}

int64_t
world_wake(const struct world *w)
{
	size_t first = event_first(w);

	return first < w->n_active ? w->pool[w->active[first]].at_ns : NEVER;
}

static void
forget_connection(struct world *w, uint32_t link)
{
	for (size_t i = w->n_active; i-- > 0;)
		if (w->pool[w->active[i]].link == link)
			event_drop(w, i);
	w->wires[link].is_open = false;
	w->wires[link].is_mute = false;
	w->wires[link].is_speaking = false;
}

/* ---- chance and disturbances --------------------------------------------------------------------------------------- */

static bool
befalls(struct world *w, uint32_t link, enum world_fault fault)
{
	if (w->rate[fault] <= 0 || rand_unit(&w->chance) >= w->rate[fault])
		return false;
	w->wires[link].faults[fault]++;
	return true;
}

static int64_t
between(struct world *w, int64_t from_ns, int64_t to_ns)
{
	return from_ns + (int64_t)rand_below(&w->chance, (uint64_t)(to_ns - from_ns + 1));
}

static int64_t
latency(struct world *w)
{
	return between(w, w->setup.latency_ns / 4, w->setup.latency_ns * 3 / 4);
}

static int64_t
lateness(struct world *w)
{
	return between(w, w->setup.timeout_ns * 3 / 10, w->setup.timeout_ns * 3);
}

static const struct disturbance *
disturbed(struct world *w, enum world_fault fault, uint32_t link, int unit, int64_t now_ns)
{
	for (size_t i = 0; i < w->n_disturbances; i++) {
		const struct disturbance *d = &w->disturbances[i];

		if (d->until_ns > now_ns && d->fault == fault && d->link == link &&
			(unit < 0 || d->unit == (unsigned)unit))
			return d;
	}
	return NULL;
}

void
world_rate(struct world *w, enum world_fault fault, double rate)
{
	if (fault < WORLD_DEAD)
		w->rate[fault] = rate;
}

static void
lose_connection(struct world *w, uint32_t link, int64_t at_ns)
{
	struct event *ev;

	if (!w->wires[link].is_open)
		return;
	forget_connection(w, link);
	ev = event_add(w, EV_CLOSED, link, at_ns);
	if (ev == NULL)
		abort(); /* see world_open() */
	ev->was_open = true;
}

void
world_calm(struct world *w, int64_t now_ns)
{
	memset(w->rate, 0, sizeof(w->rate));
	w->n_disturbances = 0;
	for (uint32_t i = 0; i < w->setup.n_links; i++)
		if (w->wires[i].is_mute)
			lose_connection(w, i, now_ns);
}

void
world_disturb(struct world *w, enum world_fault fault, uint32_t link, unsigned unit,
	uint32_t address, int64_t now_ns, int64_t until_ns)
{
	struct disturbance *d;

	if (fault < WORLD_DEAD)
		return;
	for (size_t i = w->n_disturbances; i-- > 0;)
		if (w->disturbances[i].until_ns <= now_ns)
			w->disturbances[i] = w->disturbances[--w->n_disturbances];
	if (w->n_disturbances == DISTURBANCES_MAX)
		return;
	w->wires[link].faults[fault]++;
	if (fault == WORLD_DROPPED || fault == WORLD_RESTARTED || fault == WORLD_REFUSED)
		lose_connection(w, link, now_ns);
	if (fault == WORLD_DROPPED)
		return;
	d = &w->disturbances[w->n_disturbances++];
	*d = (struct disturbance){ fault, link, unit, address, until_ns };
	if (fault == WORLD_RESTARTED) {
		d->fault = WORLD_REFUSED;
		d->until_ns = now_ns + 2 * NS_PER_S;
	}
}

/* ---- the master ------------------------------------------------------------------------------------------------------ */

void
world_open(struct world *w, uint32_t link, int64_t now_ns)
{
	struct event *ev;

	forget_connection(w, link);
	if (disturbed(w, WORLD_REFUSED, link, -1, now_ns) != NULL)
		ev = event_add(w, EV_CLOSED, link, now_ns + between(w, NS_PER_MS, NS_PER_S));
	else
		ev = event_add(w, EV_OPENED, link, now_ns + latency(w));
	if (ev == NULL)
		abort(); /* each link has few things under way: the pool was sized wrong */
}

void
world_close(struct world *w, uint32_t link)
{
	forget_connection(w, link);
}

static void
send_request(struct world *w, uint32_t link, const uint8_t *bytes, size_t n, int64_t now_ns)
{
	int64_t at_ns = now_ns + latency(w);
	struct event *ev;

	if (befalls(w, link, WORLD_LOST_REQUEST))
		return;
	if (w->rate[WORLD_LATE] > 0 && rand_below(&w->chance, 2) == 0 &&
		befalls(w, link, WORLD_LATE))
		at_ns = now_ns + lateness(w);
	ev = event_add(w, EV_REQUEST, link, at_ns);
	if (ev != NULL) {
		memcpy(ev->bytes, bytes, n);
		ev->n = n;
	}
}

void
world_send(struct world *w, uint32_t link, const uint8_t *bytes, size_t n, int64_t now_ns)
{
	while (w->wires[link].is_open && n >= 8) {
		size_t frame = 6 + (size_t)get_u16be(bytes + 4);

		if (frame > n || frame > FRAME_MAX)
			return;
		send_request(w, link, bytes, frame, now_ns);
		bytes += frame;
		n -= frame;
	}
}

static uint32_t
new_place(uint32_t n, const uint32_t *from, uint32_t old)
{
	for (uint32_t i = 0; i < n; i++)
		if (from[i] == old)
			return i;
	return UINT32_MAX;
}

void
world_switch(struct world *w, uint32_t n_links, const uint32_t *was, const uint32_t *kept)
{
	struct wire *wires = mem_zero(n_links, sizeof(*wires));
	size_t n = 0;

	for (uint32_t i = 0; i < n_links; i++) {
		if (kept[i] != UINT32_MAX)
			wires[i] = w->wires[kept[i]];
		memset(wires[i].faults, 0, sizeof(wires[i].faults));
		if (was[i] != UINT32_MAX)
			memcpy(wires[i].faults, w->wires[was[i]].faults, sizeof(wires[i].faults));
	}
	for (size_t i = w->n_active; i-- > 0;) {
		struct event *ev = &w->pool[w->active[i]];

		ev->link = new_place(n_links, kept, ev->link);
		if (ev->link == UINT32_MAX)
			event_drop(w, i);
	}
	for (size_t i = 0; i < w->n_disturbances; i++) {
		w->disturbances[n] = w->disturbances[i];
		w->disturbances[n].link = new_place(n_links, was, w->disturbances[i].link);
		n += w->disturbances[n].link != UINT32_MAX;
	}
	w->n_disturbances = n;
	free(w->wires);
	w->wires = wires;
	w->setup.n_links = n_links;
}

/* ---- the devices ------------------------------------------------------------------------------------------------------ */

/* True when the request reads the register of a BAD_REGISTER that lasts. */
static bool
reads_bad_register(struct world *w, const struct event *ev)
{
	uint32_t first = (uint32_t)get_u16be(ev->bytes + 8), count = get_u16be(ev->bytes + 10);

	for (size_t i = 0; i < w->n_disturbances; i++) {
		const struct disturbance *d = &w->disturbances[i];
		uint32_t address = d->address & 0xFFFF;

		if (d->fault == WORLD_BAD_REGISTER && d->until_ns > ev->at_ns &&
			d->link == ev->link && d->unit == ev->bytes[6] &&
			d->address >> 16 == ev->bytes[7] && address >= first &&
			address < first + count)
			return true;
	}
	return false;
}

/* The answer to the request in `ev`; 0: none. */
static size_t
answer(struct world *w, const struct event *ev, uint8_t *out)
{
	unsigned unit = ev->bytes[6];
	int n;

	if (ev->n < 8 || disturbed(w, WORLD_MUTE, ev->link, -1, ev->at_ns) != NULL ||
		disturbed(w, WORLD_DEAD, ev->link, (int)unit, ev->at_ns) != NULL)
		return 0;
	if (disturbed(w, WORLD_GATEWAY, ev->link, (int)unit, ev->at_ns) != NULL)
		return damage_refusal(ev->bytes, 11, out);
	if (ev->n == 12 && ev->bytes[7] <= 4 && reads_bad_register(w, ev))
		return damage_refusal(ev->bytes, 2, out);
	w->exchanges++;
	n = w->setup.device(w->setup.ctx, ev->link, ev->bytes, ev->n, ev->at_ns, out, FRAME_MAX);
	return n > 0 ? (size_t)n : 0;
}

static void
send_answer(struct world *w, const struct event *request, const uint8_t *bytes, size_t n)
{
	static const enum world_fault damages[] = { WORLD_GARBLED, WORLD_WRONG_TAG,
		WORLD_WRONG_UNIT, WORLD_WRONG_FUNCTION, WORLD_WRONG_COUNT, WORLD_BUSY,
		WORLD_FAILED };
	uint32_t link = request->link;
	int64_t at_ns = request->at_ns + latency(w);
	bool is_held = befalls(w, link, WORLD_MERGED), is_late = befalls(w, link, WORLD_LATE);
	struct event *ev;

	if (is_held || is_late)
		at_ns = request->at_ns + lateness(w);
	ev = event_add(w, EV_ANSWER, link, at_ns);
	if (ev == NULL)
		return;
	memcpy(ev->bytes, bytes, n);
	ev->n = n;
	ev->is_held = is_held;
	ev->is_split = befalls(w, link, WORLD_SPLIT);
	for (size_t i = 0; i < NELEM(damages); i++)
		if (befalls(w, link, damages[i])) {
			ev->n = damage_answer(damages[i], ev->bytes, n, &w->chance, &ev->then_mute);
			break;
		}
}

static void
on_request(struct world *w, const struct event *request)
{
	uint8_t bytes[FRAME_MAX];
	uint32_t link = request->link;
	size_t n = answer(w, request, bytes);

	if (n == 0 || befalls(w, link, WORLD_LOST_ANSWER))
		return;
	send_answer(w, request, bytes, n);
	if (befalls(w, link, WORLD_DOUBLED))
		send_answer(w, request, bytes, n);
}

/* Take a held answer of this link out of the list and put it before `ev`. */
static void
join_held(struct world *w, struct event *ev)
{
	for (size_t i = 0; i < w->n_active; i++) {
		struct event *held = &w->pool[w->active[i]];

		if (held == ev || held->link != ev->link || held->kind != EV_ANSWER ||
			!held->is_held || held->n + ev->n > ROOM)
			continue;
		memmove(ev->bytes + held->n, ev->bytes, ev->n);
		memcpy(ev->bytes, held->bytes, held->n);
		ev->n = held->then_mute ? held->n : held->n + ev->n;
		ev->then_mute |= held->then_mute;
		event_drop(w, i);
		return;
	}
}

/* ---- the news -------------------------------------------------------------------------------------------------------- */

/* Put the next piece of an answer into `out`; true when it was the last one. */
static bool
give_piece(struct world *w, struct event *ev, struct world_news *out)
{
	struct wire *wire = &w->wires[ev->link];
	size_t n = ev->n - ev->sent;

	if (ev->is_split && n > 1)
		n = 1 + rand_below(&w->chance, rand_below(&w->chance, 2) == 0 ? 1 : n - 1);
	memcpy(w->news, ev->bytes + ev->sent, n);
	*out = (struct world_news){
		.kind = WORLD_BYTES, .link = ev->link, .bytes = w->news, .n = n
	};
	ev->sent += n;
	wire->is_speaking = ev->sent < ev->n;
	if (wire->is_speaking) {
		ev->at_ns += between(w, 1, NS_PER_MS);
		return false;
	}
	wire->is_mute |= ev->then_mute;
	return true;
}

/* One event at `place`; true when it is news for the master. */
static bool
happen(struct world *w, size_t place, struct world_news *out)
{
	struct event *ev = &w->pool[w->active[place]];
	struct wire *wire = &w->wires[ev->link];
	bool is_flapping;

	switch (ev->kind) {
	case EV_OPENED:
		wire->is_open = true;
		*out = (struct world_news){ .kind = WORLD_OPENED, .link = ev->link };
		is_flapping = disturbed(w, WORLD_FLAPPING, ev->link, -1, ev->at_ns) != NULL;
		if (is_flapping) {
			ev->kind = EV_CLOSED;
			ev->was_open = true;
			ev->at_ns += between(w, NS_PER_MS, NS_PER_S / 2);
			wire->faults[WORLD_FLAPPING]++;
		} else {
			event_drop(w, place);
		}
		return true;
	case EV_CLOSED:
		*out = (struct world_news){
			.kind = WORLD_CLOSED, .link = ev->link, .was_open = ev->was_open
		};
		event_drop(w, place);
		forget_connection(w, out->link);
		return true;
	case EV_REQUEST:
		if (!wire->is_mute)
			on_request(w, ev);
		event_drop(w, place);
		return false;
	case EV_ANSWER:
		if (wire->is_speaking) {
			ev->at_ns += NS_PER_MS;
			return false;
		}
		if (wire->is_mute) {
			event_drop(w, place);
			return false;
		}
		ev->kind = EV_PIECES;
		wire->is_speaking = true;
		join_held(w, ev);
		return false;
	case EV_PIECES:
		if (give_piece(w, ev, out))
			event_drop(w, place);
		return true;
	}
	return false;
}

bool
world_next(struct world *w, int64_t now_ns, struct world_news *out)
{
	size_t first;

	while ((first = event_first(w)) < w->n_active && w->pool[w->active[first]].at_ns <= now_ns)
		if (happen(w, first, out))
			return true;
	return false;
}

uint64_t
world_faults(const struct world *w, uint32_t link, enum world_fault fault)
{
	return w->wires[link].faults[fault];
}

uint64_t
world_exchanges(const struct world *w)
{
	return w->exchanges;
}
