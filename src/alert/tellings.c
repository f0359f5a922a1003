/* tellings.c - one notice for one address: when it goes out, what has failed, what is tried instead */
#include "alert/book.h"
#include "base/text.h"

/* Between two messages to an address, by priority, but for what is more urgent than the last one. */
static const int64_t pauses_ns[PRIORITIES] = { 30 * NS_PER_S, 30 * NS_PER_S, 5 * NS_PER_S,
	2 * NS_PER_S };
static const int64_t waits_ns[] = { 10 * NS_PER_S, 60 * NS_PER_S, 300 * NS_PER_S, 900 * NS_PER_S,
	HOUR_NS };

static bool
is_of(const struct engine *e, const struct telling *t, const struct notice *n)
{
	return t->state != TELLING_FREE && t->notice == (uint32_t)(n - e->notices);
}

static struct telling *
find(struct engine *e, const struct notice *n, uint32_t address, enum telling_what what)
{
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		struct telling *t = &e->tellings[i];

		if (is_of(e, t, n) && t->address == address && t->what == what)
			return t;
	}
	return NULL;
}

/* What comes within gather_ns is one message; what comes soon after one waits for the next, unless it is more urgent. */
static int64_t
window_of(struct engine *e, uint32_t address, unsigned priority)
{
	struct mailbox *box = &e->mailboxes[address];
	int64_t gather_ns = e->img->notices.gather_ns;

	if (box->window_ns > e->now_ns &&
		(priority < PRIORITY_HIGH || box->window_ns <= e->now_ns + gather_ns))
		return box->window_ns;
	box->window_ns = e->now_ns + gather_ns;
	if (box->last_ns != 0 && priority <= box->last_priority)
		box->window_ns = MAX(box->window_ns, box->last_ns + pauses_ns[priority]);
	return box->window_ns;
}

struct telling *
telling_free(struct engine *e)
{
	while (e->n_tellings > 0 && e->tellings[e->n_tellings - 1].state == TELLING_FREE)
		e->n_tellings--;
	for (uint32_t i = 0; i < e->n_tellings; i++)
		if (e->tellings[i].state == TELLING_FREE)
			return &e->tellings[i];
	return e->n_tellings < TELLINGS_MAX ? &e->tellings[e->n_tellings++] : NULL;
}

static void
add(struct engine *e, struct notice *n, uint32_t address, enum telling_what what)
{
	const struct image_receiver *p = person_of(e, address);
	int64_t quiet = people_quiet_minutes(p, n->priority, e->local_minute);
	struct telling *t = telling_free(e);

	if (t == NULL) {
		e->n_lost++;
		return;
	}
	*t = (struct telling){ .notice = (uint32_t)(n - e->notices),
		.address = (uint16_t)address,
		.what = (uint8_t)what,
		.state = TELLING_WAITS,
		.since_ns = e->now_ns,
		.due_ns = quiet > 0 ? e->now_ns : window_of(e, address, n->priority) };
}

static bool
has_way(const struct image_receiver *p, const struct engine *e, unsigned ways)
{
	for (uint32_t i = p->first_address; i < p->first_address + p->n_addresses; i++)
		if ((ways & 1u << image_address_at(e->img, i)->way) != 0)
			return true;
	return false;
}

void
tell_person(
	struct engine *e, struct notice *n, uint32_t person, unsigned by, enum telling_what what)
{
	const struct image_receiver *p = image_receiver_at(e->img, person);
	unsigned ways = by != 0 ? by : p->by[n->priority];

	/* A step that asks for a way which this person does not have still means the person. */
	if (!has_way(p, e, ways))
		ways = p->by[n->priority];
	for (uint32_t i = p->first_address; i < p->first_address + p->n_addresses; i++)
		if ((ways & 1u << image_address_at(e->img, i)->way) != 0 &&
			find(e, n, i, what) == NULL)
			add(e, n, i, what);
}

/* Nobody is woken by a call or an SMS to hear that something is over. */
void
tell_the_told(struct engine *e, struct notice *n, enum telling_what what)
{
	const unsigned quiet_ways = 1u << ALERT_MAIL | 1u << ALERT_PUSH;

	for (uint32_t r = 0; r < e->img->receivers.n && r < 64; r++) {
		unsigned by = image_receiver_at(e->img, r)->by[n->priority] & quiet_ways;

		if ((n->reached >> r & 1) != 0)
			tell_person(e, n, r, by != 0 ? by : quiet_ways, what);
	}
}

void
tellings_drop(struct engine *e, struct notice *n, enum telling_what what)
{
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		struct telling *t = &e->tellings[i];

		if (is_of(e, t, n) && t->what == what && t->state == TELLING_WAITS)
			t->state = TELLING_FREE;
	}
}

void
tellings_forget(struct engine *e, const struct notice *n)
{
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		struct telling *t = &e->tellings[i];

		if (is_of(e, t, n) && (t->state == TELLING_SENT || t->state == TELLING_FAILED))
			t->state = TELLING_FREE;
	}
}

bool
tellings_are_open(const struct engine *e, const struct notice *n)
{
	for (uint32_t i = 0; i < e->n_tellings; i++)
		if (is_of(e, &e->tellings[i], n) &&
			(e->tellings[i].state == TELLING_WAITS ||
				e->tellings[i].state == TELLING_UNDER_WAY))
			return true;
	return false;
}

int64_t
tellings_backoff(unsigned tries)
{
	return waits_ns[MIN(tries, NELEM(waits_ns) - 1)];
}

void
tellings_replayed(struct engine *e)
{
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		struct telling *t = &e->tellings[i];
		const struct notice *n = &e->notices[t->notice];

		if (t->state != TELLING_FAILED || t->what != TELL_RAISED || !notice_goes_on(n) ||
			(n->reached >> e->person_of[t->address] & 1) != 0)
			continue;
		t->state = TELLING_WAITS;
		t->due_ns = t->since_ns = e->now_ns;
	}
}

/* Can this person still be reached by what has been begun? One that has failed once is tried again, but is not counted on. */
static bool
has_hope(const struct engine *e, const struct notice *n, uint32_t person)
{
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		const struct telling *t = &e->tellings[i];

		if (is_of(e, t, n) && t->what == TELL_RAISED &&
			e->person_of[t->address] == person &&
			(t->state == TELLING_SENT || (t->tries == 0 && t->state != TELLING_FAILED)))
			return true;
	}
	return false;
}

/* A way that was not tried yet, in the order in which they are likely to be heard. */
static bool
try_another_way(struct engine *e, struct notice *n, uint32_t person)
{
	const struct image_receiver *p = image_receiver_at(e->img, person);
	unsigned tried = 0;

	for (uint32_t i = p->first_address; i < p->first_address + p->n_addresses; i++)
		if (find(e, n, i, TELL_RAISED) != NULL)
			tried |= 1u << image_address_at(e->img, i)->way;
	for (unsigned way = 0; way < ALERT_WAYS; way++)
		if ((tried & 1u << way) == 0 && has_way(p, e, 1u << way)) {
			tell_person(e, n, person, 1u << way, TELL_RAISED);
			return true;
		}
	return false;
}

static bool
somebody_may_hear(const struct engine *e, const struct notice *n)
{
	for (uint32_t r = 0; r < e->img->receivers.n; r++)
		if (image_receiver_at(e->img, r)->kind == RECEIVER_PERSON && has_hope(e, n, r))
			return true;
	return n->reached != 0;
}

/* "anna, ben": whom it was tried to tell. */
static void
name_tried(const struct engine *e, const struct notice *n, char *out, size_t cap)
{
	struct buf text = { 0 };

	for (uint32_t r = 0; r < e->img->receivers.n; r++) {
		const struct image_receiver *p = image_receiver_at(e->img, r);
		bool is_tried = false;

		for (uint32_t i = 0; i < e->n_tellings && !is_tried; i++)
			is_tried = is_of(e, &e->tellings[i], n) &&
				   e->person_of[e->tellings[i].address] == r;
		if (is_tried)
			buf_printf(
				&text, "%s%s", text.n > 0 ? ", " : "", image_text(e->img, p->name));
	}
	(void)!text_copy(out, cap, text.n > 0 ? buf_text(&text) : "");
	buf_done(&text);
}

void
tellings_failed(struct engine *e, struct notice *n, uint32_t person)
{
	char tried[EVENT_TEXT];

	if (!notice_goes_on(n) || has_hope(e, n, person) || try_another_way(e, n, person) ||
		(n->reached >> person & 1) != 0)
		return;
	if (somebody_may_hear(e, n) || chains_hurry(e, n) || n->is_nobody_told)
		return;
	n->is_nobody_told = true;
	notice_record(e, n, ENTRY_NOBODY, "");
	if (n->about == ABOUT_EVENT)
		return; /* of that, too, nobody could be told: it would go round in a circle */
	name_tried(e, n, tried, sizeof(tried));
	e->sink.event(e->sink.ctx, EVENT_ALERT_REACHED_NOBODY, n->name, tried);
}
