/* messages.c - what has come together for an address goes out; what comes back */
#include <stdio.h>
#include <string.h>

#include "alert/book.h"
#include "base/text.h"

static bool
is_due(const struct engine *e, const struct telling *t)
{
	return t->state == TELLING_WAITS && t->due_ns <= e->now_ns;
}

/* Asked at the moment of sending, each minute: clocks are set, and a night may have an hour more or less. */
static void
keep_quiet(struct engine *e)
{
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		struct telling *t = &e->tellings[i];

		if (is_due(e, t) && people_quiet_minutes(person_of(e, t->address),
					    e->notices[t->notice].priority, e->local_minute) > 0)
			t->due_ns = e->now_ns + 60 * NS_PER_S;
	}
}

/* When the next message may go to a person that has had many: 0 now. What is critical always may, but for a flood. */
static int64_t
limit_until(const struct engine *e, uint32_t address, unsigned priority)
{
	const struct mailbox *box = &e->mailboxes[address];
	unsigned limit = priority == PRIORITY_CRITICAL
				 ? LIMIT_MAX
				 : MIN(person_of(e, address)->limit, LIMIT_MAX);

	if (limit == 0 || box->n_sent < limit)
		return 0;
	return MAX(
		box->sent_ns[(box->n_sent - limit) % LIMIT_MAX] + HOUR_NS - e->now_ns, INT64_C(0));
}

static struct message *
new_message(struct engine *e)
{
	for (uint32_t i = 0; i < MESSAGES_MAX; i++)
		if (e->messages[i].id == 0)
			return &e->messages[i];
	return NULL;
}

/* Everything that is due for this address becomes its tellings. */
static void
collect(struct engine *e, struct message *m)
{
	m->what = TELLS;
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		struct telling *t = &e->tellings[i];
		const struct notice *n = &e->notices[t->notice];

		if (t->address != m->address || !is_due(e, t))
			continue;
		t->state = TELLING_UNDER_WAY;
		t->message = (uint16_t)(m - e->messages);
		m->priority = (uint8_t)MAX(m->priority, n->priority);
		m->what = MIN(m->what, t->what);
		m->tries = MAX(m->tries, t->tries);
	}
}

/* One line for each ENTRY_NOTICES notices of which the same is told; `step` counts them from 0. */
static void
record(struct engine *e, const struct message *m)
{
	const struct image_address *a = image_address_at(e->img, m->address);
	struct entry entry = { .kind = ENTRY_SEND,
		.wall_ns = e->wall_ns,
		.id = m->id,
		.way = a->way,
		.tries = (unsigned)m->tries + m->n_uncertain };

	(void)!text_copy(entry.name, sizeof(entry.name),
		image_text(e->img, image_receiver_at(e->img, m->person)->name));
	letter_address(e->img, m->address, entry.to, sizeof(entry.to));
	for (entry.what = 0; entry.what < TELLS; entry.what++) {
		for (uint32_t i = 0; i < e->n_tellings; i++) {
			const struct telling *t = &e->tellings[i];

			if (t->state != TELLING_UNDER_WAY || t->message != m - e->messages ||
				t->what != entry.what)
				continue;
			if (entry.n_notices == ENTRY_NOTICES) {
				e->sink.record(e->sink.ctx, &entry);
				entry.step++;
				entry.n_notices = 0;
			}
			entry.notices[entry.n_notices++] = e->notices[t->notice].id;
		}
		if (entry.n_notices == 0)
			continue;
		e->sink.record(e->sink.ctx, &entry);
		entry.step++;
		entry.n_notices = 0;
	}
}

static void
hand_over(struct engine *e, struct message *m)
{
	struct mailbox *box = &e->mailboxes[m->address];
	struct engine_message out = { .id = m->id,
		.address = m->address,
		.person = m->person,
		.what = (enum telling_what)m->what,
		.priority = m->priority,
		.is_repeated = m->n_uncertain > 0 };

	record(e, m);
	m->is_out = true;
	box->last_ns = e->now_ns;
	box->last_priority = m->priority;
	box->window_ns = 0;
	box->sent_ns[box->n_sent++ % LIMIT_MAX] = e->now_ns;
	if (!e->sink.send(e->sink.ctx, &out)) {
		struct engine_time t = { e->now_ns, e->wall_ns, e->local_minute };

		engine_result(e, &t, m->id, ALERT_PERMANENT, 0, "this way is not there");
	}
}

/* A message that was late for an hour has its address wait no longer than its limit. */
static void
begin(struct engine *e, const struct telling *first)
{
	unsigned priority = e->notices[first->notice].priority;
	int64_t wait_ns;
	struct message *m;

	for (uint32_t i = 0; i < e->n_tellings; i++)
		if (e->tellings[i].address == first->address && is_due(e, &e->tellings[i]))
			priority = MAX(priority, e->notices[e->tellings[i].notice].priority);
	wait_ns = limit_until(e, first->address, priority);
	m = wait_ns > 0 ? NULL : new_message(e);
	if (m == NULL) {
		for (uint32_t i = 0; i < e->n_tellings; i++)
			if (e->tellings[i].address == first->address && is_due(e, &e->tellings[i]))
				e->tellings[i].due_ns = e->now_ns + MAX(wait_ns, NS_PER_S);
		return;
	}
	*m = (struct message){ .id = ++e->last_id,
		.address = first->address,
		.person = e->person_of[first->address] };
	collect(e, m);
	hand_over(e, m);
}

int64_t
messages_run(struct engine *e)
{
	int64_t wake = NEVER;

	keep_quiet(e);
	for (uint32_t i = 0; i < MESSAGES_MAX; i++) {
		struct message *m = &e->messages[i];

		if (m->id != 0 && !m->is_out && m->due_ns <= e->now_ns)
			hand_over(e, m);
		else if (m->id != 0 && !m->is_out)
			wake = MIN(wake, m->due_ns);
	}
	for (uint32_t i = 0; i < e->n_tellings; i++)
		if (is_due(e, &e->tellings[i]))
			begin(e, &e->tellings[i]);
	for (uint32_t i = 0; i < e->n_tellings; i++)
		if (e->tellings[i].state == TELLING_WAITS)
			wake = MIN(wake, e->tellings[i].due_ns);
	return wake;
}

/* ---- what comes back ------------------------------------------------------------------------------------------------------ */

static struct message *
find(struct engine *e, uint64_t id)
{
	for (uint32_t i = 0; i < MESSAGES_MAX; i++)
		if (id != 0 && e->messages[i].id == id)
			return &e->messages[i];
	return NULL;
}

static void
record_result(struct engine *e, uint64_t id, enum alert_result result, const char *text)
{
	struct entry entry = {
		.kind = ENTRY_RESULT, .wall_ns = e->wall_ns, .id = id, .result = result
	};

	(void)!text_copy(entry.text, sizeof(entry.text), text);
	e->sink.record(e->sink.ctx, &entry);
}

/* "anna by mail" */
static void
tell(struct engine *e, enum event_kind kind, const struct notice *n, const struct message *m)
{
	char text[EVENT_TEXT];

	snprintf(text, sizeof(text), "%s by %s",
		image_text(e->img, image_receiver_at(e->img, m->person)->name),
		entry_way_word(image_address_at(e->img, m->address)->way));
	e->sink.event(e->sink.ctx, kind, n->name, text);
}

/* When a telling that failed is tried again: longer each time, for a day at most; NEVER: not. What "would not go through the same
 * again" may do so when somebody has mended the server, a password or the clock. */
static int64_t
next_try(const struct engine *e, const struct telling *t, enum alert_result result, int64_t wait_ns)
{
	const struct notice *n = &e->notices[t->notice];
	bool is_wanted = t->what != TELL_RAISED || notice_goes_on(n);

	if (!is_wanted || e->now_ns - t->since_ns >= GIVE_UP_NS)
		return NEVER;
	if (result == ALERT_TEMPORARY)
		return e->now_ns + MAX(wait_ns, tellings_backoff(t->tries - 1u));
	if (t->what != TELL_RAISED || (n->reached >> e->person_of[t->address] & 1) != 0)
		return NEVER;
	return e->now_ns + MAX(wait_ns, HOUR_NS);
}

static void
settle(struct engine *e, struct message *m, enum alert_result result, int64_t wait_ns)
{
	uint32_t person = m->person;
	size_t slot = (size_t)(m - e->messages);
	bool is_failed[NOTICES_MAX] = { false };

	m->id = 0;
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		struct telling *t = &e->tellings[i];
		struct notice *n = &e->notices[t->notice];

		if (t->state != TELLING_UNDER_WAY || t->message != slot)
			continue;
		if (result == ALERT_SENT || result == ALERT_DELIVERED) {
			t->state = TELLING_SENT;
			if (n->reached == 0)
				tell(e, EVENT_ALERT_TOLD, n, m);
			n->reached |= UINT64_C(1) << person;
			continue;
		}
		t->tries = (uint8_t)MIN(t->tries + 1, UINT8_MAX);
		t->due_ns = next_try(e, t, result, wait_ns);
		t->state = t->due_ns == NEVER ? TELLING_FAILED : TELLING_WAITS;
		is_failed[t->notice] |= t->what == TELL_RAISED;
	}
	for (uint32_t i = 0; i < NOTICES_MAX; i++)
		if (is_failed[i])
			tellings_failed(e, &e->notices[i], person);
}

static void
tell_uncertain(struct engine *e, const struct message *m)
{
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		const struct telling *t = &e->tellings[i];

		if (t->state == TELLING_UNDER_WAY && t->message == m - e->messages) {
			tell(e, EVENT_ALERT_UNCERTAIN, &e->notices[t->notice], m);
			return;
		}
	}
}

void
engine_result(struct engine *e, const struct engine_time *t, uint64_t message,
	enum alert_result result, int64_t wait_ns, const char *text)
{
	struct message *m = find(e, message);

	e->now_ns = t->now_ns;
	e->wall_ns = t->wall_ns;
	e->local_minute = t->local_minute;
	/* Delivery reports come when the message is settled. */
	record_result(e, message, result, text);
	if (m == NULL || !m->is_out)
		return;
	if (result == ALERT_UNCERTAIN && m->n_uncertain == 0) {
		m->n_uncertain++;
		m->is_out = false;
		m->due_ns = e->now_ns + UNCERTAIN_NS;
		return;
	}
	if (result == ALERT_UNCERTAIN)
		tell_uncertain(e, m);
	settle(e, m, result, wait_ns);
}

unsigned
engine_message_notices(
	const struct engine *e, uint64_t message, struct engine_notice *out, unsigned *out_more)
{
	unsigned n = 0;

	*out_more = 0;
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		const struct telling *t = &e->tellings[i];

		if (t->state != TELLING_UNDER_WAY || e->messages[t->message].id != message)
			continue;
		if (n < ENTRY_NOTICES) {
			notice_show(&e->notices[t->notice], &out[n]);
			out[n++].what = (enum telling_what)t->what;
		} else {
			(*out_more)++;
		}
	}
	return n;
}

unsigned
engine_waiting(const struct engine *e)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < e->n_tellings; i++)
		n += e->tellings[i].state == TELLING_WAITS ||
		     e->tellings[i].state == TELLING_UNDER_WAY;
	return n;
}

/* ---- after an end --------------------------------------------------------------------------------------------------------- */

static uint32_t
find_address(const struct engine *e, const struct entry *entry)
{
	char to[ENTRY_TO];

	for (uint32_t i = 0; i < e->img->addresses.n; i++) {
		const char *name = image_text(e->img, person_of(e, i)->name);

		letter_address(e->img, i, to, sizeof(to));
		if (image_address_at(e->img, i)->way == entry->way &&
			strcmp(name, entry->name) == 0 && strcmp(to, entry->to) == 0)
			return i;
	}
	return IMAGE_NONE;
}

static struct telling *
telling_of(struct engine *e, uint32_t notice, uint32_t address, unsigned what, int64_t since_ns)
{
	struct telling *free;

	for (uint32_t i = 0; i < e->n_tellings; i++) {
		struct telling *t = &e->tellings[i];

		if (t->state != TELLING_FREE && t->notice == notice && t->address == address &&
			t->what == what)
			return t;
	}
	free = telling_free(e);
	if (free != NULL)
		*free = (struct telling){ .notice = notice,
			.address = (uint16_t)address,
			.what = (uint8_t)what,
			.since_ns = since_ns };
	return free;
}

/* It was about to go out: under way, until its result is read. Who is not in the bench file any more is told nothing. */
void
message_replay_send(struct engine *e, const struct entry *entry)
{
	uint32_t address = find_address(e, entry);
	struct message *m = find(e, entry->id);
	int64_t age_ns =
		MIN(MAX(e->wall_ns - entry->wall_ns, INT64_C(0)), MAX(e->now_ns, INT64_C(0)));

	e->last_id = MAX(e->last_id, entry->id);
	if (address == IMAGE_NONE)
		return;
	if (m != NULL && entry->step == 0) {
		m->n_uncertain = 1; /* it was repeated */
	} else if (m == NULL) {
		m = new_message(e);
		if (m == NULL)
			return;
		*m = (struct message){ .what = TELLS };
	}
	m->id = entry->id;
	m->address = address;
	m->person = e->person_of[address];
	m->what = (uint8_t)MIN(m->what, entry->what);
	m->is_out = true;
	for (unsigned i = 0; i < entry->n_notices; i++)
		for (uint32_t k = 0; k < NOTICES_MAX; k++) {
			struct telling *t = NULL;

			if (e->notices[k].id == entry->notices[i])
				t = telling_of(e, k, address, entry->what, e->now_ns - age_ns);
			if (t == NULL)
				continue;
			t->state = TELLING_UNDER_WAY;
			t->message = (uint16_t)(m - e->messages);
			m->priority = (uint8_t)MAX(m->priority, e->notices[k].priority);
		}
}

void
message_replay_result(struct engine *e, const struct entry *entry)
{
	struct message *m = find(e, entry->id);

	if (m == NULL)
		return;
	if (entry->result == ALERT_UNCERTAIN && m->n_uncertain == 0) {
		m->is_out = false; /* it is sent once more when all is read */
		m->n_uncertain = 1;
		m->due_ns = e->now_ns;
		return;
	}
	m->id = 0;
	for (uint32_t i = 0; i < e->n_tellings; i++) {
		struct telling *t = &e->tellings[i];

		if (t->state != TELLING_UNDER_WAY || t->message != m - e->messages)
			continue;
		t->tries = (uint8_t)MIN(t->tries + 1, UINT8_MAX);
		t->state = TELLING_FAILED;
		if (entry->result == ALERT_SENT || entry->result == ALERT_DELIVERED) {
			t->state = TELLING_SENT;
			e->notices[t->notice].reached |= UINT64_C(1) << m->person;
		} else if (entry->result == ALERT_TEMPORARY) {
			t->state = TELLING_WAITS;
			t->due_ns = e->now_ns;
		}
	}
}

/* Nobody knows whether what was under way has arrived: it is sent once more; a second time it counts as failed. */
void
messages_replayed(struct engine *e)
{
	struct engine_time t = { e->now_ns, e->wall_ns, e->local_minute };

	for (uint32_t i = 0; i < MESSAGES_MAX; i++)
		if (e->messages[i].id != 0 && e->messages[i].is_out)
			engine_result(e, &t, e->messages[i].id, ALERT_UNCERTAIN, 0,
				"the process ended before an answer came");
}
