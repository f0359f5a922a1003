/* world.c - wires that go wrong
 *
 *	world_send --REQUEST--> device --ANSWER--> (damaged, held, doubled) --PIECES--> WORLD_BYTES
 *
 * What is under way is a list of events, each with its time; closing a connection forgets those of its link; closing a
 * serial port need not stop the devices on its line. An answer enters the stream as a whole, then goes out in pieces; the
 * next one waits until the last piece is out, as in any stream. Answers may overtake each other before that, as those of the
 * units behind a gateway do.
 */
#include "twin/world.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/rand.h"
#include "twin/damage.h"

#define EVENTS_MAX 1024
#define EVENTS_KEPT 64 /* of them for opening and closing */
#define DISTURBANCES_MAX 64
#define FRAME_MAX 260
#define ROOM (2 * FRAME_MAX + 2 * DAMAGE_ROOM)
#define DONE_MAX 8 /* tags of questions answered last that are remembered */

enum event_kind { EV_OPENED, EV_CLOSED, EV_REQUEST, EV_ANSWER, EV_PIECES, EV_ECHO, EV_NOISE };

struct event {
	int64_t at_ns;
	uint64_t seq; /* among events of the same time, the earlier made comes first */
	enum event_kind kind;
	uint32_t link;
	bool was_open; /* CLOSED: a connection was lost */
	bool is_held;  /* ANSWER: goes out with the next one, should there be one before its time */
	bool is_split; /* ANSWER: goes out in pieces */
	bool then_mute; /* ANSWER: nothing follows */
	bool is_whole;  /* ANSWER: nothing is wrong with it */
	bool is_foreign; /* ANSWER: of another; on a line only while its question is the last one asked */
	uint64_t asked;    /* REQUEST, ANSWER: which question of this link */
	int64_t latest_ns; /* REQUEST, ANSWER: on a line, not after this */
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
	int64_t busy_ns;  /* until when the devices work on what they were asked */
	int64_t order_ns; /* when the last question reached them: the next one comes after it */
	uint64_t asked;   /* questions so far */
	int64_t quiet_ns; /* on a line: when no answer can come any more */
	int64_t quiet_before_ns; /* the same before the last question */
	uint16_t done[DONE_MAX]; /* tags of questions that were answered */
	uint64_t n_done;
	bool is_doubtful; /* a broken length may have swallowed answers: none counts as done */
	uint64_t faults[WORLD_FAULTS];
};

struct world {
	struct world_setup setup;
	struct world_link *links; /* [n_links] */
	uint64_t chance;
	uint64_t seq, exchanges;
	double rate[WORLD_FAULTS];
	struct wire *wires;
	struct disturbance disturbances[DISTURBANCES_MAX];
	size_t n_disturbances;
	struct event *pool;          /* [EVENTS_MAX] */
	uint16_t active[EVENTS_MAX]; /* places in the pool: those in use first */
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

static const struct damage_form *
form_of(const struct world *w, uint32_t link)
{
	return w->links[link].is_rtu ? &damage_rtu : &damage_mbap;
}

static struct world_link *
copy_links(const struct world_link *links, uint32_t n)
{
	struct world_link *copy = mem_zero(n, sizeof(*copy));

	if (links != NULL)
		memcpy(copy, links, n * sizeof(*copy));
	return copy;
}

struct world *
world_new(const struct world_setup *setup)
{
	struct world *w = mem_zero(1, sizeof(*w));

	w->setup = *setup;
	w->chance = setup->seed;
	w->links = copy_links(setup->links, setup->n_links);
	w->wires = mem_zero(setup->n_links, sizeof(*w->wires));
	w->pool = mem_zero(EVENTS_MAX, sizeof(*w->pool));
	for (size_t i = 0; i < EVENTS_MAX; i++)
		w->active[i] = (uint16_t)i;
	return w;
}

void
world_free(struct world *w)
{
	if (w == NULL)
		return;
	free(w->links);
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
	bool is_of_wire = kind == EV_OPENED || kind == EV_CLOSED;

	if (w->n_active >= EVENTS_MAX - (is_of_wire ? 0 : EVENTS_KEPT))
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
	uint16_t slot = w->active[place];

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
	for (size_t i = w->n_active; i-- > 0;) {
		const struct event *ev = &w->pool[w->active[i]];
		bool is_on_line = ev->kind == EV_REQUEST || ev->kind == EV_ANSWER;

		if (ev->link == link && !(is_on_line && w->links[link].goes_on))
			event_drop(w, i);
	}
	w->wires[link].busy_ns = w->wires[link].order_ns = 0;
	w->wires[link].is_open = false;
	w->wires[link].is_mute = false;
	w->wires[link].is_speaking = false;
	w->wires[link].is_doubtful = false;
	w->wires[link].n_done = 0; /* numbers of a connection that is gone */
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

/* When something that is late comes: on a line often in the last moment. */
static int64_t
late(struct world *w, uint32_t link, int64_t now_ns, int64_t latest_ns)
{
	if (!w->links[link].is_rtu)
		return now_ns + between(w, w->setup.timeout_ns * 3 / 10, w->setup.timeout_ns * 3);
	if (latest_ns <= now_ns)
		return now_ns;
	if (rand_below(&w->chance, 8) == 0)
		return latest_ns - 1;
	return between(w, now_ns, latest_ns - 1);
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

	if (fault < WORLD_DEAD || fault == WORLD_OVERRUN)
		return;
	for (size_t i = w->n_disturbances; i-- > 0;)
		if (w->disturbances[i].until_ns <= now_ns)
			w->disturbances[i] = w->disturbances[--w->n_disturbances];
	if (w->n_disturbances == DISTURBANCES_MAX)
		return;
	w->wires[link].faults[fault]++;
	if (fault == WORLD_DROPPED || fault == WORLD_REFUSED ||
		(fault == WORLD_RESTARTED && !w->links[link].is_port))
		lose_connection(w, link, now_ns);
	if (fault == WORLD_DROPPED)
		return;
	d = &w->disturbances[w->n_disturbances++];
	*d = (struct disturbance){ fault, link, unit, address, until_ns };
	if (fault == WORLD_RESTARTED) {
		d->fault = w->links[link].is_port ? WORLD_DEAD : WORLD_REFUSED;
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

static int64_t
latest(const struct world *w, uint32_t link, unsigned unit)
{
	return w->setup.latest != NULL ? w->setup.latest(w->setup.ctx, link, unit)
				       : 3 * w->setup.timeout_ns;
}

static int64_t
time_of(const struct world *w, uint32_t link, size_t n)
{
	return (int64_t)n * w->links[link].char_ns;
}

static void
carry(struct event *ev, const uint8_t *bytes, size_t n)
{
	memcpy(ev->bytes, bytes, n);
	ev->n = n;
}

static void
send_request(struct world *w, uint32_t link, const uint8_t *bytes, size_t n, int64_t now_ns)
{
	struct wire *wire = &w->wires[link];
	int64_t latest_ns = now_ns + latest(w, link, bytes[form_of(w, link)->unit]);
	int64_t at_ns = now_ns + time_of(w, link, n) + latency(w);
	struct event *ev;

	at_ns = MAX(at_ns, wire->order_ns);
	wire->asked++;
	wire->quiet_before_ns = wire->quiet_ns;
	wire->quiet_ns = MAX(wire->quiet_ns, latest_ns);
	if (w->links[link].is_port && befalls(w, link, WORLD_NOISE))
		event_add(w, EV_NOISE, link, now_ns + between(w, 0, 300 * NS_PER_MS));
	if (befalls(w, link, WORLD_LOST_REQUEST))
		return;
	if (w->rate[WORLD_LATE] > 0 && rand_below(&w->chance, 2) == 0 &&
		befalls(w, link, WORLD_LATE))
		at_ns = late(w, link, now_ns, latest_ns);
	else
		wire->order_ns = at_ns; /* a stream does not change the order */
	ev = event_add(w, EV_REQUEST, link, at_ns);
	if (ev == NULL)
		return;
	ev->asked = wire->asked;
	ev->latest_ns = latest_ns;
	carry(ev, bytes, n);
}

static void
send_echo(struct world *w, uint32_t link, const uint8_t *bytes, size_t n, int64_t now_ns)
{
	struct event *ev = event_add(w, EV_ECHO, link, now_ns + time_of(w, link, n));

	if (ev != NULL)
		carry(ev, bytes, n);
}

void
world_send(struct world *w, uint32_t link, const uint8_t *bytes, size_t n, int64_t now_ns)
{
	while (w->wires[link].is_open && n > 0) {
		int frame = form_of(w, link)->request(bytes, n);

		if (frame <= 0 || frame > FRAME_MAX)
			return; /* no device would understand it */
		if (w->links[link].has_echo)
			send_echo(w, link, bytes, (size_t)frame, now_ns);
		send_request(w, link, bytes, (size_t)frame, now_ns);
		bytes += frame;
		n -= (size_t)frame;
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
world_switch(struct world *w, uint32_t n_links, const struct world_link *links, const uint32_t *was,
	const uint32_t *kept)
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
	free(w->links);
	w->wires = wires;
	w->links = copy_links(links, n_links);
	w->setup.n_links = n_links;
}

/* ---- the devices ------------------------------------------------------------------------------------------------------ */

/* The request's unit; its function and what follows stand behind it. */
static const uint8_t *
unit_of(const struct world *w, const struct event *ev)
{
	return ev->bytes + form_of(w, ev->link)->unit;
}

/* True when the request reads the register of a BAD_REGISTER that lasts. */
static bool
reads_bad_register(struct world *w, const struct event *ev)
{
	const uint8_t *asked = unit_of(w, ev);
	uint32_t first = (uint32_t)get_u16be(asked + 2), count = get_u16be(asked + 4);

	for (size_t i = 0; i < w->n_disturbances; i++) {
		const struct disturbance *d = &w->disturbances[i];
		uint32_t address = d->address & 0xFFFF;

		if (d->fault == WORLD_BAD_REGISTER && d->until_ns > ev->at_ns &&
			d->link == ev->link && d->unit == asked[0] &&
			d->address >> 16 == asked[1] && address >= first && address < first + count)
			return true;
	}
	return false;
}

/* The answer to the request in `ev`; 0: none. */
static size_t
answer(struct world *w, const struct event *ev, uint8_t *out)
{
	const struct damage_form *form = form_of(w, ev->link);
	const uint8_t *asked = unit_of(w, ev);
	int n;

	if (ev->n < form->unit + 2 + form->tail ||
		disturbed(w, WORLD_MUTE, ev->link, -1, ev->at_ns) != NULL ||
		disturbed(w, WORLD_DEAD, ev->link, asked[0], ev->at_ns) != NULL)
		return 0;
	if (disturbed(w, WORLD_GATEWAY, ev->link, asked[0], ev->at_ns) != NULL)
		return damage_refusal(form, ev->bytes, 11, out);
	if (ev->n == form->unit + 6 + form->tail && asked[1] <= 4 && reads_bad_register(w, ev))
		return damage_refusal(form, ev->bytes, 2, out);
	w->exchanges++;
	n = w->setup.device(w->setup.ctx, ev->link, ev->bytes, ev->n, ev->at_ns, out, FRAME_MAX);
	return n > 0 ? (size_t)n : 0;
}

/* What befalls the content of an answer; WORLD_FAULTS: nothing. */
static enum world_fault
choose_damage(struct world *w, uint32_t link)
{
	static const enum world_fault damages[] = { WORLD_GARBLED, WORLD_WRONG_TAG,
		WORLD_WRONG_UNIT, WORLD_WRONG_FUNCTION, WORLD_WRONG_COUNT, WORLD_WRONG_CRC,
		WORLD_BUSY, WORLD_FAILED };

	for (size_t i = 0; i < NELEM(damages); i++) {
		bool is_possible = damages[i] == WORLD_WRONG_TAG   ? !w->links[link].is_rtu
				   : damages[i] == WORLD_WRONG_CRC ? w->links[link].is_rtu
								   : true;

		if (is_possible && befalls(w, link, damages[i]))
			return damages[i];
	}
	return WORLD_FAULTS;
}

static void
apply_damage(struct world *w, struct event *ev, enum world_fault fault)
{
	struct wire *wire = &w->wires[ev->link];
	const struct damage_form *form = form_of(w, ev->link);
	uint16_t tag = get_u16be(ev->bytes), done = tag;

	if (wire->n_done > 0)
		done = wire->done[rand_below(&w->chance, MIN(wire->n_done, (uint64_t)DONE_MAX))];
	ev->n = damage_answer(form, fault, done, ev->bytes, ev->n, &w->chance, &ev->then_mute);
	if (fault == WORLD_GARBLED) {
		wire->n_done = 0;
		wire->is_doubtful = true;
	}
	ev->is_whole = false;
	ev->is_foreign = fault == WORLD_WRONG_UNIT || fault == WORLD_WRONG_FUNCTION ||
			 fault == WORLD_WRONG_COUNT;
}

/* at_ns: when it comes, should nothing befall it. */
static void
send_answer(
	struct world *w, const struct event *request, const uint8_t *bytes, size_t n, int64_t at_ns)
{
	uint32_t link = request->link;
	enum world_fault damage = choose_damage(w, link);
	bool is_held = befalls(w, link, WORLD_MERGED), is_late = befalls(w, link, WORLD_LATE);
	struct event *ev;

	ev = event_add(w, EV_ANSWER, link, at_ns);
	if (ev == NULL)
		return;
	carry(ev, bytes, n);
	ev->asked = request->asked;
	ev->latest_ns = request->latest_ns;
	ev->is_whole = true;
	if (damage != WORLD_FAULTS)
		apply_damage(w, ev, damage);
	if (ev->is_foreign && w->links[link].is_rtu)
		return;
	if (is_held || is_late)
		ev->at_ns = late(w, link, at_ns, ev->latest_ns);
	ev->is_held = is_held;
	ev->is_split = befalls(w, link, WORLD_SPLIT);
}

/* A question that comes while its device works on another. */
static void
on_crowd(struct world *w, const struct event *request)
{
	struct wire *wire = &w->wires[request->link];
	struct event *ev;

	switch (w->links[request->link].crowd) {
	case WORLD_CROWD_FREE:
		break;
	case WORLD_CROWD_QUEUE:
		ev = event_add(w, EV_REQUEST, request->link, wire->busy_ns);
		if (ev == NULL)
			break;
		carry(ev, request->bytes, request->n);
		ev->asked = request->asked;
		ev->latest_ns = request->latest_ns;
		break;
	case WORLD_CROWD_FIRST:
		wire->faults[WORLD_OVERRUN]++;
		break;
	case WORLD_CROWD_CLOSE:
		wire->faults[WORLD_OVERRUN]++;
		lose_connection(w, request->link, request->at_ns);
		break;
	}
}

/* On a line, a second copy stands right behind the first. */
static void
double_answer(struct world *w, const struct event *request, uint8_t *bytes, size_t n, int64_t at_ns)
{
	if (!w->links[request->link].is_rtu) {
		send_answer(w, request, bytes, n, at_ns);
		send_answer(w, request, bytes, n, request->at_ns + latency(w));
		return;
	}
	send_answer(w, request, bytes, n, at_ns);
	for (size_t i = w->n_active; i-- > 0;) {
		struct event *ev = &w->pool[w->active[i]];

		if (ev->kind != EV_ANSWER || ev->link != request->link ||
			ev->asked != request->asked || 2 * ev->n > FRAME_MAX + DAMAGE_ROOM)
			continue;
		memcpy(ev->bytes + ev->n, ev->bytes, ev->n);
		ev->n *= 2;
		ev->is_split = false;
		return;
	}
}

static void
on_request(struct world *w, const struct event *request)
{
	uint8_t bytes[FRAME_MAX];
	uint32_t link = request->link;
	size_t n = answer(w, request, bytes);
	int64_t at_ns = request->at_ns + latency(w) + time_of(w, link, n);

	w->wires[link].busy_ns = MAX(w->wires[link].busy_ns, at_ns);
	if (n == 0 || befalls(w, link, WORLD_LOST_ANSWER))
		return;
	if (befalls(w, link, WORLD_DOUBLED))
		double_answer(w, request, bytes, n, at_ns);
	else
		send_answer(w, request, bytes, n, at_ns);
}

/* Take a held answer of this link out of the list and put it before `ev`. */
static void
join_held(struct world *w, struct event *ev)
{
	for (size_t i = 0; i < w->n_active; i++) {
		struct event *held = &w->pool[w->active[i]];

		if (held == ev || held->link != ev->link || held->kind != EV_ANSWER ||
			!held->is_held || held->n + ev->n > ROOM ||
			(w->links[ev->link].is_rtu && held->latest_ns < ev->at_ns))
			continue;
		ev->is_split &= !w->links[ev->link].is_rtu; /* the first part may not wait */
		memmove(ev->bytes + held->n, ev->bytes, ev->n);
		memcpy(ev->bytes, held->bytes, held->n);
		ev->n = held->then_mute ? held->n : held->n + ev->n;
		ev->then_mute |= held->then_mute;
		event_drop(w, i);
		return;
	}
}

/* ---- the news -------------------------------------------------------------------------------------------------------- */

static void
give(struct world *w, const struct event *ev, size_t n, struct world_news *out)
{
	memcpy(w->news, ev->bytes + ev->sent, n);
	*out = (struct world_news){
		.kind = WORLD_BYTES, .link = ev->link, .bytes = w->news, .n = n
	};
}

/* Put the next piece of an answer into `out`; true when it was the last one. */
static bool
give_piece(struct world *w, struct event *ev, struct world_news *out)
{
	struct wire *wire = &w->wires[ev->link];
	size_t n = ev->n - ev->sent;

	if (ev->is_split && n > 1)
		n = 1 + rand_below(&w->chance, rand_below(&w->chance, 2) == 0 ? 1 : n - 1);
	give(w, ev, n, out);
	ev->sent += n;
	wire->is_speaking = ev->sent < ev->n;
	if (wire->is_speaking) {
		ev->at_ns += between(w, 1, NS_PER_MS);
		return false;
	}
	wire->is_mute |= ev->then_mute;
	if (!wire->is_doubtful && ev->is_whole && form_of(w, ev->link)->has_tag)
		wire->done[wire->n_done++ % DONE_MAX] = get_u16be(ev->bytes);
	if (ev->is_whole && ev->asked == wire->asked)
		wire->quiet_ns = wire->quiet_before_ns;
	return true;
}

/* Nobody could tell any more which question this answers. */
static bool
is_too_late(const struct world *w, const struct event *ev)
{
	return w->links[ev->link].is_rtu &&
	       (ev->at_ns > ev->latest_ns ||
		       (ev->is_foreign && ev->asked != w->wires[ev->link].asked));
}

/* Noise that a line picks up: only while nothing is under way on it. True when there is some. */
static bool
make_noise(struct world *w, struct event *noise, struct world_news *out)
{
	bool is_sound =
		noise->at_ns > w->wires[noise->link].quiet_ns && rand_below(&w->chance, 4) == 0;

	for (size_t i = 0; i < w->n_active; i++) {
		const struct event *ev = &w->pool[w->active[i]];

		if (ev != noise && ev->link == noise->link && ev->kind != EV_NOISE)
			return false;
	}
	noise->n = damage_noise(is_sound, &w->chance, noise->bytes);
	give(w, noise, noise->n, out);
	return true;
}

static bool
happen_opened(struct world *w, size_t place, struct world_news *out)
{
	struct event *ev = &w->pool[w->active[place]];
	struct wire *wire = &w->wires[ev->link];

	wire->is_open = true;
	*out = (struct world_news){ .kind = WORLD_OPENED, .link = ev->link };
	if (disturbed(w, WORLD_FLAPPING, ev->link, -1, ev->at_ns) == NULL) {
		event_drop(w, place);
		return true;
	}
	ev->kind = EV_CLOSED;
	ev->was_open = true;
	ev->at_ns += between(w, NS_PER_MS, NS_PER_S / 2);
	wire->faults[WORLD_FLAPPING]++;
	return true;
}

static void
happen_request(struct world *w, size_t place)
{
	const struct event request = w->pool[w->active[place]];
	const struct wire *wire = &w->wires[request.link];

	event_drop(w, place);
	if (wire->is_mute)
		return;
	if (request.at_ns < wire->busy_ns && w->links[request.link].crowd != WORLD_CROWD_FREE)
		on_crowd(w, &request);
	else
		on_request(w, &request);
}

static void
happen_answer(struct world *w, size_t place)
{
	struct event *ev = &w->pool[w->active[place]];
	struct wire *wire = &w->wires[ev->link];

	if (wire->is_mute || !wire->is_open || is_too_late(w, ev)) {
		event_drop(w, place);
		return;
	}
	if (wire->is_speaking) {
		ev->at_ns += NS_PER_MS;
		return;
	}
	ev->kind = EV_PIECES;
	wire->is_speaking = true;
	join_held(w, ev);
}

/* One event at `place`; true when it is news for the master. */
static bool
happen(struct world *w, size_t place, struct world_news *out)
{
	struct event *ev = &w->pool[w->active[place]];
	struct wire *wire = &w->wires[ev->link];
	bool is_news;

	switch (ev->kind) {
	case EV_OPENED:
		return happen_opened(w, place, out);
	case EV_CLOSED:
		*out = (struct world_news){
			.kind = WORLD_CLOSED, .link = ev->link, .was_open = ev->was_open
		};
		event_drop(w, place);
		forget_connection(w, out->link);
		return true;
	case EV_REQUEST:
		happen_request(w, place);
		return false;
	case EV_ANSWER:
		happen_answer(w, place);
		return false;
	case EV_PIECES:
		if (is_too_late(w, ev)) {
			wire->is_speaking = false;
			event_drop(w, place);
			return false;
		}
		if (give_piece(w, ev, out))
			event_drop(w, place);
		return true;
	case EV_ECHO:
		give(w, ev, ev->n, out);
		event_drop(w, place);
		return true;
	case EV_NOISE:
		is_news = make_noise(w, ev, out);
		event_drop(w, place);
		return is_news;
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
