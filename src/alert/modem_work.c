/* modem_work.c - what a modem does beside sending: registration, signal, and what lies in its store
 *
 * A full store lets nothing in any more. So it is looked through at the start, regularly, and when a message is told; what was read is
 * deleted. A message that nobody told of (its line was lost on the wire, or the store is another one) is found at the next look.
 */
#include "alert/modem_parts.h"

#include <string.h>

#include "base/text.h"

#define SOON_NS (5 * NS_PER_S) /* between looks at a registration that is not there */
#define ITEM_TRIES 3
#define STATUS_UNSENT 2 /* of CMGL and CMGR: written here by somebody, not received */
#define STATUS_SENT 3

static int64_t
poll_ns(const struct modem *m)
{
	return (int64_t)m->o.poll_s * NS_PER_S;
}

/* ---- registration and signal ---- */

static bool
is_home(int stat)
{
	return stat == 1 || stat == 6;
}

static bool
is_away(int stat)
{
	return stat == 5 || stat == 7;
}

static void
decide(struct modem *m, int64_t now_ns)
{
	if (is_home(m->net) || is_home(m->lte))
		modem_told_state(m, SMS_STATE_READY);
	else if (is_away(m->net) || is_away(m->lte))
		modem_told_state(m, m->o.no_roaming ? SMS_STATE_ROAMING : SMS_STATE_READY);
	else
		modem_told_state(m,
			m->net == 3 || m->lte == 3 ? SMS_STATE_DENIED : SMS_STATE_NOT_REGISTERED);
	m->net_ns = now_ns + (m->state == SMS_STATE_READY ? poll_ns(m) : SOON_NS);
}

static void
tell_signal(struct modem *m, int rssi)
{
	bool has = rssi >= 0 && rssi <= 31;
	int dbm = has ? -113 + 2 * rssi : 0;
	struct sms_event *e;

	if ((has == m->has_signal && dbm == m->signal_dbm) || !sms_events_have_room(&m->events))
		return;
	m->has_signal = has;
	m->signal_dbm = dbm;
	e = sms_events_add(&m->events, SMS_EVENT_SIGNAL);
	e->has_signal = has;
	e->signal_dbm = dbm;
}

/* ---- the store ---- */

void
modem_item_add(struct modem *m, const char *store, size_t n_store, int index)
{
	struct modem_item item = { .is_item = true, .index = (uint16_t)index };

	if (n_store == 0 || n_store >= sizeof(item.store))
		return;
	memcpy(item.store, store, n_store);
	for (unsigned i = 0; i < m->n_items; i++)
		if (m->items[i].index == index && strcmp(m->items[i].store, item.store) == 0)
			return;
	if (m->n_items == MODEM_ITEMS) {
		m->has_more = true;
		return;
	}
	m->items[m->n_items++] = item;
}

static struct modem_item *
item_of_reading(struct modem *m)
{
	for (unsigned i = 0; i < m->n_items; i++)
		if (m->items[i].index == m->reading.index &&
			strcmp(m->items[i].store, m->reading.store) == 0)
			return &m->items[i];
	return NULL;
}

static void
item_remove(struct modem *m, struct modem_item *item)
{
	if (item == NULL)
		return;
	*item = m->items[--m->n_items];
	if (m->n_items == 0 && m->has_more) {
		m->has_more = false;
		m->list_ns = 0;
	}
}

/* Nothing more can be made of it in the state it is in. */
static void
item_failed(struct modem *m, struct modem_item *item, bool may_delete)
{
	if (item == NULL || ++item->tries < ITEM_TRIES)
		return;
	if (!may_delete) {
		item_remove(m, item);
		return;
	}
	item->is_done = true;
	item->tries = 0;
	m->dropped++;
	modem_note(m, "a message in the modem's store could not be understood; it is deleted",
		"ask its sender, if one is known, to send it again");
}

/* Which of them can be worked at: deleting waits until what was read has been taken, reading until there is room for it. */
static struct modem_item *
item_next(struct modem *m)
{
	bool may_delete = sms_events_waiting(&m->events, SMS_EVENT_RECEIVED) == 0;
	bool may_read = sms_events_have_room(&m->events);

	for (unsigned i = 0; i < m->n_items; i++)
		if (m->items[i].is_done ? may_delete : may_read)
			return &m->items[i];
	return NULL;
}

static bool
work_at_item(struct modem *m, int64_t now_ns)
{
	struct modem_item *item = item_next(m);

	if (item == NULL)
		return false;
	m->reading = *item;
	if (strcmp(m->selected, item->store) != 0)
		modem_ask(m, now_ns, MODEM_SELECT, "AT+CPMS=\"%s\"", item->store);
	else if (item->is_done)
		modem_ask(m, now_ns, MODEM_DELETE, "AT+CMGD=%d", item->index);
	else
		modem_ask(m, now_ns, MODEM_READ, "AT+CMGR=%d", item->index);
	m->is_bad = m->has_head = false;
	return true;
}

static void
ask_list(struct modem *m, int64_t now_ns)
{
	static const char *const alls[] = { "\"ALL\"", "\"0041004C004C\"" };

	m->reading = (struct modem_item){ 0 };
	if (m->store[0] != '\0' && !m->is_counted) {
		memcpy(m->reading.store, m->store, sizeof(m->store));
		modem_ask(m, now_ns, MODEM_SELECT, "AT+CPMS=\"%s\"", m->store);
		return;
	}
	m->is_counted = false;
	modem_ask(
		m, now_ns, MODEM_LIST, "AT+CMGL=%s", m->o.is_text_mode ? alls[m->is_all_hex] : "4");
}

/* "+CMGL: index,status,.." The text or the bytes that follow are read one by one later. */
static void
on_listed(struct modem *m, const char *line)
{
	struct at_field f[AT_FIELDS];
	unsigned before = m->n_items;
	int status;

	if (at_fields(line, f) < 2 || at_number(&f[0]) < 0)
		return;
	status = f[1].is_quoted ? (f[1].n > 3 && strncmp(f[1].at, "STO", 3) == 0 ? STATUS_SENT : 0)
				: at_number(&f[1]);
	if ((status == STATUS_UNSENT || status == STATUS_SENT) && !m->is_full)
		return; /* whoever wrote it there may still want it */
	modem_item_add(m, m->selected, strlen(m->selected), at_number(&f[0]));
	if (m->n_items > before && (status == STATUS_UNSENT || status == STATUS_SENT))
		m->items[before].is_done = true;
}

/* "+CPMS: used,total,..", of the store that is being selected. */
static void
on_counted(struct modem *m, const char *line)
{
	struct at_field f[AT_FIELDS];

	if (strcmp(m->reading.store, m->store) != 0 || at_fields(line, f) < 2 ||
		at_number(&f[1]) <= 0)
		return;
	m->is_full = at_number(&f[0]) >= at_number(&f[1]);
	if (m->is_full && !m->is_full_told)
		modem_note(m, "the modem's message store is full; it is being cleared",
			"what was sent meanwhile comes when there is room");
	m->is_full_told = m->is_full;
}

void
modem_work_line(struct modem *m, int64_t now_ns, const char *line)
{
	struct at_field f[AT_FIELDS];
	size_t n = at_fields(line, f);

	if (m->step == MODEM_NET && at_is(line, "+CREG:") && n >= 2) {
		m->net = at_number(&f[1]);
		m->has_answered = true;
	} else if (m->step == MODEM_LTE && at_is(line, "+CEREG:") && n >= 2) {
		m->lte = at_number(&f[1]);
		m->has_answered = true;
	} else if (m->step == MODEM_SIGNAL && at_is(line, "+CSQ:") && n >= 1) {
		tell_signal(m, at_number(&f[0]));
		m->has_answered = true;
	} else if (m->step == MODEM_SELECT && at_is(line, "+CPMS:")) {
		on_counted(m, line);
	} else if (m->step == MODEM_LIST && at_is(line, "+CMGL:")) {
		on_listed(m, line);
	}
}

static void
on_selected(struct modem *m, int64_t now_ns, bool is_ok)
{
	bool is_for_list = !m->reading.is_item;

	if (is_ok) {
		memcpy(m->selected, m->reading.store, sizeof(m->selected));
		m->is_counted = is_for_list;
	} else if (is_for_list) {
		m->list_ns = now_ns + poll_ns(m);
	} else {
		item_failed(m, item_of_reading(m), false);
	}
}

static void
on_read(struct modem *m, bool is_ok, int code)
{
	struct modem_item *item = item_of_reading(m);

	modem_take_end(m, is_ok);
	if (item == NULL)
		return;
	if (m->has_answered) {
		item->is_done = true;
		item->tries = 0;
	} else if (m->is_bad) {
		item_failed(m, item, true);
	} else if (is_ok || code == 321 || code == 21) {
		item_remove(
			m, item); /* there is none; or its line was lost: the next look finds it */
	} else {
		item_failed(m, item, false);
	}
}

void
modem_work_final(struct modem *m, int64_t now_ns, enum at_final final, int code)
{
	enum modem_step step = m->step;
	bool is_ok = final == AT_OK;

	m->step = MODEM_IDLE;
	switch (step) {
	case MODEM_NET:
	case MODEM_LTE:
		if (is_ok && !m->has_answered && step == MODEM_NET) {
			modem_probe(m, now_ns); /* an OK that was not its own? */
			break;
		}
		if (!m->has_answered && step == MODEM_NET)
			m->net = -1;
		else if (!m->has_answered)
			m->lte = -1;
		if (step == MODEM_NET && !is_home(m->net))
			modem_ask(m, now_ns, MODEM_LTE, "AT+CEREG?");
		else
			decide(m, now_ns);
		break;
	case MODEM_SIGNAL:
		m->signal_ns = now_ns + poll_ns(m);
		if (is_ok && !m->has_answered)
			modem_probe(m, now_ns);
		break;
	case MODEM_SELECT:
		on_selected(m, now_ns, is_ok);
		break;
	case MODEM_LIST:
		m->list_ns = now_ns + poll_ns(m);
		if (!is_ok && m->o.is_text_mode && m->is_ucs2 && !m->is_all_hex) {
			m->is_all_hex = true; /* this one wants even that as hex */
			m->list_ns = now_ns;
		}
		break;
	case MODEM_READ:
		on_read(m, is_ok, code);
		break;
	case MODEM_DELETE:
		if (is_ok || code == 321 || code == 21)
			item_remove(m, item_of_reading(m));
		else
			item_failed(m, item_of_reading(m), false);
		break;
	default:
		break;
	}
}

bool
modem_work_next(struct modem *m, int64_t now_ns)
{
	if ((m->has_wish && now_ns >= m->wish_ns) || now_ns >= m->net_ns) {
		m->has_wish = false;
		m->wish_ns = now_ns +
			     NS_PER_S; /* a network that flickers must not keep all else waiting */
		modem_ask(m, now_ns, MODEM_NET, "AT+CREG?");
		return true;
	}
	if (work_at_item(m, now_ns))
		return true;
	if (now_ns >= m->list_ns && m->n_items == 0) {
		ask_list(m, now_ns);
		return true;
	}
	if (now_ns >= m->signal_ns) {
		modem_ask(m, now_ns, MODEM_SIGNAL, "AT+CSQ");
		return true;
	}
	return false;
}

int64_t
modem_work_wake(const struct modem *m)
{
	if (m->n_items > 0)
		return 0;
	return MIN(MIN(MIN(m->net_ns, m->signal_ns), m->list_ns), m->has_wish ? m->wish_ns : NEVER);
}
