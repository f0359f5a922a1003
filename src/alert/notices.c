/* notices.c - what happens becomes notices; how long they go on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/book.h"
#include "base/mem.h"
#include "base/text.h"

struct engine *
engine_new(const struct image *img, const struct engine_sink *sink)
{
	struct engine *e = mem_zero(1, sizeof(*e));

	e->img = img;
	e->sink = *sink;
	e->tellings = mem_zero(TELLINGS_MAX, sizeof(*e->tellings));
	e->mailboxes = mem_zero(img->addresses.n + 1, sizeof(*e->mailboxes));
	e->person_of = mem_zero(img->addresses.n + 1, sizeof(*e->person_of));
	for (uint32_t r = 0; r < img->receivers.n; r++) {
		const struct image_receiver *p = image_receiver_at(img, r);

		for (uint32_t i = p->first_address; i < p->first_address + p->n_addresses; i++)
			e->person_of[i] = r;
	}
	return e;
}

void
engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	free(e->tellings);
	free(e->mailboxes);
	free(e->person_of);
	free(e);
}

static void
at(struct engine *e, const struct engine_time *t)
{
	e->now_ns = t->now_ns;
	e->wall_ns = t->wall_ns;
	e->local_minute = t->local_minute;
}

/* ---- notices -------------------------------------------------------------------------------------------------------------- */

bool
notice_goes_on(const struct notice *n)
{
	return n->id != 0 && !n->is_ended && !n->is_acked && !n->is_hidden;
}

struct notice *
notice_of_alarm(struct engine *e, uint32_t alarm)
{
	for (uint32_t i = 0; i < NOTICES_MAX; i++)
		if (e->notices[i].id != 0 && !e->notices[i].is_ended &&
			e->notices[i].about == ABOUT_ALARM && e->notices[i].alarm == alarm)
			return &e->notices[i];
	return NULL;
}

void
notice_record(struct engine *e, const struct notice *n, enum entry_kind kind, const char *text)
{
	struct entry entry = { .kind = kind,
		.wall_ns = e->wall_ns,
		.id = n->id,
		.event = n->event,
		.about = n->about,
		.priority = n->priority };

	(void)!text_copy(entry.name, sizeof(entry.name), n->name);
	(void)!text_copy(entry.text, sizeof(entry.text), text);
	if (kind == ENTRY_NOTICE && n->single != IMAGE_NONE)
		(void)!text_copy(entry.to, sizeof(entry.to),
			image_text(e->img, image_receiver_at(e->img, n->single)->name));
	e->sink.record(e->sink.ctx, &entry);
}

static struct notice *
new_notice(struct engine *e, enum notice_about about, const char *name)
{
	struct notice *n = NULL;

	for (uint32_t i = 0; i < NOTICES_MAX && n == NULL; i++)
		if (e->notices[i].id == 0)
			n = &e->notices[i];
	if (n == NULL) {
		e->n_lost++;
		return NULL;
	}
	*n = (struct notice){ .id = ++e->last_id,
		.about = about,
		.alarm = IMAGE_NONE,
		.single = IMAGE_NONE,
		.wall_ns = e->wall_ns,
		.since_ns = e->now_ns,
		.over_ns = NEVER };
	(void)!text_copy(n->name, sizeof(n->name), name);
	for (size_t i = 0; i < THREADS_MAX; i++)
		n->threads[i].chain = IMAGE_NONE;
	return n;
}

/* Nothing is told of what nobody wants to hear of. */
static void
begin(struct engine *e, struct notice *n)
{
	n->begin_ns = 0;
	if (n->single == IMAGE_NONE && n->to.n == 0) {
		n->id = 0;
		return;
	}
	notice_record(e, n, ENTRY_NOTICE, n->text);
	chains_begin(e, n);
	chains_run(e, n);
}

static void
set_alarm(struct engine *e, struct notice *n, uint32_t alarm)
{
	const struct image_alarm *a = image_alarm_at(e->img, alarm);

	n->alarm = alarm;
	n->priority = a->priority;
	n->needs_ack = a->needs_ack != 0;
	n->to = a->is_notified ? (struct image_list){ a->first_member, a->n_members }
			       : e->img->notices.by_priority[a->priority];
}

static uint32_t
find_alarm(const struct engine *e, const char *name)
{
	for (uint32_t i = 0; i < e->img->alarms.n; i++)
		if (strcmp(image_text(e->img, image_alarm_at(e->img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

static uint32_t
find_receiver(const struct engine *e, const char *name)
{
	for (uint32_t i = 0; i < e->img->receivers.n; i++)
		if (strcmp(image_text(e->img, image_receiver_at(e->img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}

/* ---- alarms --------------------------------------------------------------------------------------------------------------- */

/* It is told no more; what has not begun is on no record. */
static void
end(struct engine *e, struct notice *n)
{
	if (n->begin_ns == 0)
		notice_record(e, n, ENTRY_END, "");
	for (uint32_t i = 0; i < e->n_tellings; i++)
		if (e->tellings[i].state != TELLING_FREE && &e->notices[e->tellings[i].notice] == n)
			e->tellings[i].state = TELLING_FREE;
	n->id = 0;
}

/* after_ns: nobody is told unless it goes on for so long. */
static void
begin_alarm(struct engine *e, uint32_t alarm, uint64_t event, int64_t wall_ns, int64_t after_ns,
	const char *text)
{
	struct notice *n =
		new_notice(e, ABOUT_ALARM, image_text(e->img, image_alarm_at(e->img, alarm)->name));

	if (n == NULL)
		return;
	n->event = event;
	n->wall_ns = wall_ns;
	(void)!text_copy(n->text, sizeof(n->text), text);
	set_alarm(e, n, alarm);
	if (after_ns > 0)
		n->begin_ns = e->now_ns + after_ns;
	else
		begin(e, n);
}

/* One that was told as over, or was put aside, is a new one. Of one that was over for a moment people know. One that somebody has
 * acknowledged, and that was over for a moment, is a new one when it lasts: nobody has acknowledged it this time. */
static void
alarm_on(struct engine *e, uint32_t alarm, uint64_t event, int64_t wall_ns, const char *text)
{
	struct notice *n = notice_of_alarm(e, alarm);
	int64_t again_ns = e->img->notices.again_ns, after_ns = 0;

	if (n != NULL && n->begin_ns != 0) {
		n->event = MAX(n->event, event);
		if (n->over_ns != NEVER)
			n->begin_ns = e->now_ns + again_ns;
		n->over_ns = NEVER;
		return;
	}
	if (n != NULL && !n->is_over_told && !n->is_acked && !n->is_hidden &&
		(n->over_ns == NEVER || e->now_ns < n->over_ns + again_ns)) {
		n->event = MAX(n->event, event);
		n->n_came++;
		n->over_ns = NEVER;
		return;
	}
	if (n != NULL) {
		/* How an alarm stands may be older than the event that has put it aside: then it does not last. */
		if ((n->is_acked && !n->is_over_told) || (event == 0 && n->is_hidden))
			after_ns = again_ns;
		end(e, n);
	}
	begin_alarm(e, alarm, event, wall_ns, after_ns, text);
}

static void
alarm_over(struct engine *e, uint32_t alarm)
{
	struct notice *n = notice_of_alarm(e, alarm);

	if (n == NULL || n->over_ns != NEVER)
		return;
	n->over_ns = e->now_ns;
}

/* One acknowledgement, one message to those who were told: the others need not act any more. */
static void
alarm_answered(struct engine *e, uint32_t alarm, const char *who, bool is_hidden)
{
	struct notice *n = notice_of_alarm(e, alarm);

	if (n == NULL || !notice_goes_on(n))
		return;
	if (n->begin_ns != 0) {
		end(e, n);
		return;
	}
	(void)!text_copy(n->who, sizeof(n->who), who);
	if (is_hidden)
		n->is_hidden = true;
	else
		n->is_acked = true;
	notice_record(e, n, is_hidden ? ENTRY_HIDDEN : ENTRY_ACKED, who);
	tellings_drop(e, n, TELL_RAISED);
	tellings_drop(e, n, TELL_CHATTERS);
	tell_the_told(e, n, TELL_ACKED);
}

static void
alarm_chatters(struct engine *e, uint32_t alarm)
{
	struct notice *n = notice_of_alarm(e, alarm);

	if (n == NULL || n->is_chatter_told)
		return;
	n->is_chatter_told = true;
	tell_the_told(e, n, TELL_CHATTERS);
}

static bool
of_alarm(struct engine *e, const struct event *event, int64_t wall_ns)
{
	uint32_t alarm = find_alarm(e, event->subject);

	if (alarm == IMAGE_NONE)
		return false;
	switch (event->kind) {
	case EVENT_ALARM_ON:
	case EVENT_ALARM_UNKNOWN:
		alarm_on(e, alarm, event->id, wall_ns,
			event->kind == EVENT_ALARM_ON ? event->text
						      : quality_row(event->reason)->token);
		return true;
	case EVENT_ALARM_OFF:
		alarm_over(e, alarm);
		return true;
	case EVENT_ALARM_ACKNOWLEDGED:
	case EVENT_ALARM_RESET:
		alarm_answered(e, alarm, event->principal, false);
		return true;
	case EVENT_ALARM_SHELVED:
	case EVENT_ALARM_OUT_OF_SERVICE:
	case EVENT_ALARM_SUPPRESSED:
		alarm_answered(e, alarm,
			event->principal[0] != '\0' ? event->principal : event->text, true);
		return true;
	case EVENT_ALARM_CHATTERS:
		alarm_chatters(e, alarm);
		return true;
	default:
		return false;
	}
}

/* ---- notes of rules and sequences, events ---------------------------------------------------------------------------------- */

/* "team: the valve is open": whom, and what. */
static void
note(struct engine *e, const struct event *event, int64_t wall_ns)
{
	size_t n_name = strcspn(event->text, ":");
	char name[ENTRY_NAME];
	uint32_t receiver;
	struct notice *n;

	snprintf(name, sizeof(name), "%.*s", (int)MIN(n_name, sizeof(name) - 1), event->text);
	receiver = find_receiver(e, name);
	if (receiver == IMAGE_NONE)
		return;
	n = new_notice(e, ABOUT_NOTE, event->subject);
	if (n == NULL)
		return;
	n->event = event->id;
	n->wall_ns = wall_ns;
	n->single = receiver;
	n->priority = PRIORITY_MEDIUM;
	(void)!text_copy(n->text, sizeof(n->text),
		event->text + n_name + strspn(event->text + n_name, ": "));
	begin(e, n);
}

static bool
is_told(const struct engine *e, enum event_kind kind)
{
	const uint32_t *kinds = image_at(e->img, &e->img->told_kinds);

	for (uint32_t i = 0; i < e->img->told_kinds.n; i++)
		if (kinds[i] == (uint32_t)kind)
			return true;
	return false;
}

static void
other(struct engine *e, const struct event *event, int64_t wall_ns)
{
	struct buf text = { 0 };
	struct notice *n = new_notice(e, ABOUT_EVENT, event->subject);

	if (n == NULL)
		return;
	n->event = event->id;
	n->wall_ns = wall_ns;
	n->to = e->img->notices.events;
	n->priority = event_row(event->kind)->severity == EVENT_SEVERITY_ERROR ? PRIORITY_HIGH
									       : PRIORITY_MEDIUM;
	event_text(&text, event, LANGUAGE_EN);
	(void)!text_copy(n->text, sizeof(n->text), buf_text(&text));
	buf_done(&text);
	begin(e, n);
}

static bool
is_known(const struct engine *e, uint64_t event)
{
	for (uint32_t i = 0; i < NOTICES_MAX; i++)
		if (e->notices[i].id != 0 && e->notices[i].event == event && event != 0)
			return true;
	return false;
}

void
engine_event(
	struct engine *e, const struct engine_time *t, const struct event *event, int64_t wall_ns)
{
	at(e, t);
	if (is_known(e, event->id) || of_alarm(e, event, wall_ns))
		return;
	if (event->kind == EVENT_RULE_NOTIFIES || event->kind == EVENT_SEQUENCE_NOTIFIES)
		note(e, event, wall_ns);
	else if (is_told(e, event->kind))
		other(e, event, wall_ns);
}

/* What was missed: an alarm that nobody acknowledged and of which nothing is open; one that is, and has been answered or is over. Where
 * nobody has to acknowledge, one that is on counts as acknowledged from its beginning. */
void
engine_state(struct engine *e, const struct engine_time *t, uint32_t alarm, unsigned state)
{
	const struct image_alarm *a = image_alarm_at(e->img, alarm);
	bool is_on =
		state == ALARM_UNACKNOWLEDGED || (state == ALARM_ACKNOWLEDGED && a->needs_ack == 0);
	bool is_waiting = is_on || state == ALARM_LATCHED_UNACKNOWLEDGED;
	bool is_over = state == ALARM_NORMAL || state == ALARM_RETURNED ||
		       state == ALARM_LATCHED_UNACKNOWLEDGED || state == ALARM_LATCHED_ACKNOWLEDGED;
	bool is_hidden = state == ALARM_SHELVED || state == ALARM_SUPPRESSED ||
			 state == ALARM_OUT_OF_SERVICE;
	struct notice *n = notice_of_alarm(e, alarm);

	at(e, t);
	if ((n == NULL && is_waiting) ||
		(n != NULL && is_on && (n->over_ns != NEVER || n->is_acked || n->is_hidden))) {
		alarm_on(e, alarm, 0, e->wall_ns,
			image_text(e->img, a->title != 0 ? a->title : a->when.text));
		return;
	}
	if (n == NULL)
		return;
	if (is_over)
		alarm_over(e, alarm);
	if (is_hidden)
		alarm_answered(e, alarm, "", true);
	else if (n->needs_ack && (state == ALARM_NORMAL || state == ALARM_ACKNOWLEDGED ||
					 state == ALARM_LATCHED_ACKNOWLEDGED))
		alarm_answered(e, alarm, "", false);
}

/* Who is told of events, else of critical alarms. */
static struct image_list
events_of(const struct engine *e)
{
	const struct image_notices *to = &e->img->notices;

	return to->events.n > 0 ? to->events : to->by_priority[PRIORITY_CRITICAL];
}

uint64_t
engine_test(struct engine *e, const struct engine_time *t, uint32_t receiver, const char *who)
{
	struct notice *n;

	at(e, t);
	n = new_notice(
		e, ABOUT_TEST, image_text(e->img, image_receiver_at(e->img, receiver)->name));
	if (n == NULL)
		return 0;
	n->single = receiver;
	n->priority = PRIORITY_CRITICAL;
	(void)!text_copy(n->text, sizeof(n->text), who);
	begin(e, n);
	return n->id;
}

uint64_t
engine_own(struct engine *e, const struct engine_time *t, const char *name, const char *text)
{
	struct notice *n;

	at(e, t);
	n = new_notice(e, ABOUT_EVENT, name);
	if (n == NULL)
		return 0;
	n->to = events_of(e);
	n->priority = PRIORITY_CRITICAL;
	(void)!text_copy(n->text, sizeof(n->text), text);
	begin(e, n);
	return n->id;
}

/* ---- time ----------------------------------------------------------------------------------------------------------------- */

/* Over for long enough: who was told of it hears so once. */
static void
look_over(struct engine *e, struct notice *n)
{
	if (n->over_ns == NEVER || n->is_over_told ||
		e->now_ns < n->over_ns + e->img->notices.again_ns)
		return;
	if (n->begin_ns != 0) {
		end(e, n);
		return;
	}
	n->is_over_told = true;
	notice_record(e, n, ENTRY_OVER, "");
	tell_the_told(e, n, TELL_OVER);
}

static void
look_end(struct engine *e, struct notice *n)
{
	bool is_answered = n->is_acked || n->is_hidden || !n->needs_ack;
	bool is_done = n->about != ABOUT_ALARM || (n->is_over_told && is_answered);

	/* What is hidden comes back as new. */
	if (n->is_hidden)
		is_done = true;
	if (n->id != 0 && is_done && !tellings_are_open(e, n))
		end(e, n);
}

int64_t
engine_run(struct engine *e, const struct engine_time *t)
{
	int64_t wake = NEVER, again_ns = e->img->notices.again_ns;

	at(e, t);
	for (uint32_t i = 0; i < NOTICES_MAX; i++) {
		struct notice *n = &e->notices[i];

		if (n->id == 0)
			continue;
		if (n->begin_ns != 0 && n->over_ns == NEVER && n->begin_ns <= e->now_ns)
			begin(e, n);
		if (n->begin_ns == 0)
			chains_run(e, n);
		look_over(e, n);
		look_end(e, n);
	}
	wake = messages_run(e);
	for (uint32_t i = 0; i < NOTICES_MAX; i++) {
		const struct notice *n = &e->notices[i];

		if (n->id == 0)
			continue;
		if (n->begin_ns != 0)
			wake = MIN(wake, n->over_ns == NEVER ? n->begin_ns : NEVER);
		else if (notice_goes_on(n))
			wake = MIN(wake, chains_wake(e, n));
		if (n->over_ns != NEVER && !n->is_over_told)
			wake = MIN(wake, n->over_ns + again_ns);
	}
	return wake;
}

/* ---- to look at ----------------------------------------------------------------------------------------------------------- */

void
notice_show(const struct notice *n, struct engine_notice *out)
{
	*out = (struct engine_notice){ .id = n->id,
		.event = n->event,
		.about = n->about,
		.priority = n->priority,
		.n_came = n->n_came,
		.alarm = n->alarm,
		.name = n->name,
		.text = n->text,
		.who = n->who,
		.wall_ns = n->wall_ns,
		.is_over = n->over_ns != NEVER,
		.is_acked = n->is_acked,
		.is_hidden = n->is_hidden };
}

bool
engine_open_notice(const struct engine *e, unsigned i, struct engine_notice *out)
{
	for (uint32_t k = 0; k < NOTICES_MAX; k++)
		if (e->notices[k].id != 0 && i-- == 0) {
			notice_show(&e->notices[k], out);
			return true;
		}
	return false;
}

uint64_t
engine_last_event(const struct engine *e)
{
	uint64_t last = e->last_event;

	for (uint32_t i = 0; i < NOTICES_MAX; i++)
		if (e->notices[i].id != 0)
			last = MAX(last, e->notices[i].event);
	return last;
}

/* ---- after an end --------------------------------------------------------------------------------------------------------- */

static struct notice *
find_notice(struct engine *e, uint64_t id)
{
	for (uint32_t i = 0; i < NOTICES_MAX; i++)
		if (e->notices[i].id == id)
			return &e->notices[i];
	return NULL;
}

/* Its age is that of the wall clock: one that was set back makes it new. */
static void
replay_notice(struct engine *e, const struct entry *entry)
{
	struct notice *n;

	e->last_id = MAX(e->last_id, entry->id - 1);
	n = new_notice(e, (enum notice_about)entry->about, entry->name);
	e->last_id = MAX(e->last_id, entry->id);
	if (n == NULL)
		return;
	n->id = entry->id;
	n->event = entry->event;
	n->priority = entry->priority;
	n->wall_ns = entry->wall_ns;
	n->since_ns = e->now_ns -
		      MIN(MAX(e->wall_ns - entry->wall_ns, INT64_C(0)), MAX(e->now_ns, INT64_C(0)));
	(void)!text_copy(n->text, sizeof(n->text), entry->text);
	if (n->about == ABOUT_ALARM) {
		uint32_t alarm = find_alarm(e, entry->name);

		if (alarm == IMAGE_NONE)
			n->id = 0;
		else
			set_alarm(e, n, alarm);
	} else if (entry->to[0] != '\0') {
		n->single = find_receiver(e, entry->to);
		if (n->single == IMAGE_NONE)
			n->id = 0;
	} else {
		n->to = events_of(e);
	}
}

static void
replay_step(struct engine *e, struct notice *n, const struct entry *entry)
{
	uint32_t chain = find_receiver(e, entry->name);

	if (chain != IMAGE_NONE && image_receiver_at(e->img, chain)->kind == RECEIVER_CHAIN)
		chains_replay(e, n, chain, entry);
}

static void
replay_of(struct engine *e, struct notice *n, const struct entry *entry)
{
	int64_t age_ns =
		MIN(MAX(e->wall_ns - entry->wall_ns, INT64_C(0)), MAX(e->now_ns, INT64_C(0)));

	switch (entry->kind) {
	case ENTRY_STEP:
		replay_step(e, n, entry);
		break;
	case ENTRY_ACKED:
		n->is_acked = true;
		tellings_drop(e, n, TELL_RAISED);
		tellings_drop(e, n, TELL_CHATTERS);
		(void)!text_copy(n->who, sizeof(n->who), entry->text);
		break;
	case ENTRY_HIDDEN:
		n->is_hidden = true;
		tellings_drop(e, n, TELL_RAISED);
		tellings_drop(e, n, TELL_CHATTERS);
		(void)!text_copy(n->who, sizeof(n->who), entry->text);
		break;
	case ENTRY_OVER:
		n->over_ns = e->now_ns - age_ns;
		break;
	case ENTRY_BACK:
		n->over_ns = NEVER;
		n->is_acked = n->is_hidden = n->is_over_told = false;
		break;
	case ENTRY_NOBODY:
		n->is_nobody_told = true;
		break;
	case ENTRY_END:
		for (uint32_t i = 0; i < e->n_tellings; i++)
			if (e->tellings[i].state != TELLING_FREE &&
				&e->notices[e->tellings[i].notice] == n)
				e->tellings[i].state = TELLING_FREE;
		n->id = 0;
		break;
	default:
		break;
	}
}

void
engine_replay(struct engine *e, const struct engine_time *t, const struct entry *entry)
{
	struct notice *n = find_notice(e, entry->id);

	at(e, t);
	e->last_event = MAX(e->last_event, entry->event);
	if (entry->kind == ENTRY_NOTICE)
		replay_notice(e, entry);
	else if (entry->kind == ENTRY_SEND)
		message_replay_send(e, entry);
	else if (entry->kind == ENTRY_RESULT)
		message_replay_result(e, entry);
	else if (n != NULL)
		replay_of(e, n, entry);
}

/* What was to be told and had not got as far as the ledger is told now: tellings that are there are passed over. */
void
engine_replayed(struct engine *e, const struct engine_time *t)
{
	at(e, t);
	messages_replayed(e);
	tellings_replayed(e);
	for (uint32_t i = 0; i < NOTICES_MAX; i++) {
		struct notice *n = &e->notices[i];

		if (n->id == 0)
			continue;
		if (notice_goes_on(n)) {
			chains_begin(e, n);
			chains_tell_again(e, n);
		} else if (n->is_acked) {
			tell_the_told(e, n, TELL_ACKED);
		}
	}
}
