/* modem_send.c - messages out, part by part, and the reports that come back
 *
 *	AT+CMGF=.. -> OK -> [AT+CSMP=.. -> OK ->] AT+CMGS=.. -> "> " -> bytes and Ctrl-Z -> +CMGS: reference -> OK
 *
 * The mode is told before each part: a modem that was switched off and on unnoticed would take the length of a message for a number.
 * Up to the Ctrl-Z nothing has gone; after it, only the modem's answer tells what became of it.
 */
#include "alert/modem_parts.h"

#include <stdio.h>
#include <string.h>

#include "alert/gsm7.h"
#include "alert/sms_error.h"
#include "base/text.h"

#define END "\x1A"
#define FO_SUBMIT 17 /* of CSMP: SUBMIT with a validity */
#define FO_REPORT 49 /* and a report */
#define DCS_UCS2 8
#define TAIL                                                                                       \
	7 /* digits of a number that are compared: in front of them networks write what they like */

static const int64_t waits[] = { 10 * NS_PER_S, 60 * NS_PER_S, 300 * NS_PER_S };

static struct modem_order *
current(struct modem *m)
{
	return &m->orders[m->sending];
}

static struct sms_event *
tell(struct modem *m, enum sms_event_kind kind, const struct modem_order *o)
{
	struct sms_event *e = sms_events_add(&m->events, kind);

	e->ticket = o->ticket;
	e->parts = o->parts.n;
	e->parts_sent = o->at;
	memcpy(e->references, o->references, sizeof(e->references));
	return e;
}

/* It is over with the order under way. */
static void
finish(struct modem *m)
{
	current(m)->is_used = false;
	m->sending = -1;
}

/* ---- orders ---- */

int
modem_send(struct modem *m, int64_t now_ns, int64_t until_ns, uint64_t ticket, const char *number,
	const char *text, struct err *err)
{
	struct sms_split how = { .parts_max = m->o.parts_max,
		.style = m->o.is_text_mode ? SMS_NUMBERED : SMS_LINKED,
		.is_like = m->o.is_like,
		.reference = m->reference };
	struct modem_order *o = NULL;
	int rc = sms_number_check(number, err);

	if (rc < 0)
		return rc;
	if (text[0] == '\0')
		return err_set(err, ERR_CONF, 0, "a message without a text; give it one");
	for (size_t i = 0; i < MODEM_QUEUE && o == NULL; i++)
		if (!m->orders[i].is_used)
			o = &m->orders[i];
	if (o == NULL)
		return err_set(err, ERR_REFUSED, 0,
			"%d messages wait for the modem already; wait until it has sent some",
			MODEM_QUEUE);
	memset(o, 0, sizeof(*o));
	o->is_used = true;
	o->ticket = ticket;
	o->until_ns = until_ns;
	o->order = ++m->n_orders;
	text_copy(o->number, sizeof(o->number), number);
	for (size_t i = 0; i < SMS_PARTS_MAX; i++)
		o->references[i] = -1;
	sms_split(text, &how, &o->parts);
	m->reference = (uint8_t)(m->reference + (o->parts.n > 1));
	return 0;
}

bool
modem_cancel(struct modem *m, uint64_t ticket)
{
	for (int i = 0; i < MODEM_QUEUE; i++) {
		struct modem_order *o = &m->orders[i];

		if (!o->is_used || o->ticket != ticket)
			continue;
		if (i == m->sending || o->at > 0)
			return false;
		o->is_used = false;
		return true;
	}
	return false;
}

void
modem_send_expire(struct modem *m, int64_t now_ns)
{
	for (int i = 0; i < MODEM_QUEUE; i++) {
		struct modem_order *o = &m->orders[i];
		struct sms_event *e;

		if (!o->is_used || i == m->sending || now_ns < o->until_ns)
			continue;
		e = tell(m, SMS_EVENT_FAILED, o);
		text_copy(e->text, sizeof(e->text), "the modem could not send it in time");
		text_copy(e->remedy, sizeof(e->remedy), sms_state_remedy(m->state));
		o->is_used = false;
	}
}

int64_t
modem_send_wake(const struct modem *m, bool is_idle)
{
	int64_t wake_ns = NEVER;

	for (int i = 0; i < MODEM_QUEUE; i++) {
		const struct modem_order *o = &m->orders[i];

		if (o->is_used && i != m->sending)
			wake_ns = MIN(wake_ns, o->until_ns);
		if (o->is_used && is_idle && m->state == SMS_STATE_READY)
			wake_ns = MIN(wake_ns, o->not_before);
	}
	return wake_ns;
}

/* The one that waits longest of those that may go. */
static int
choose(const struct modem *m, int64_t now_ns)
{
	int best = -1;

	for (int i = 0; i < MODEM_QUEUE; i++) {
		const struct modem_order *o = &m->orders[i];

		if (o->is_used && o->not_before <= now_ns &&
			(best < 0 || o->order < m->orders[best].order))
			best = i;
	}
	return best;
}

bool
modem_send_next(struct modem *m, int64_t now_ns)
{
	if (m->sending < 0 && m->state == SMS_STATE_READY && sms_events_have_room(&m->events))
		m->sending = choose(m, now_ns);
	if (m->sending < 0)
		return false;
	modem_ask(m, now_ns, MODEM_SEND_MODE, "AT+CMGF=%d", m->o.is_text_mode);
	return true;
}

/* ---- one part ---- */

static bool
is_part_ucs2(const struct modem *m)
{
	const struct modem_order *o = &m->orders[m->sending];

	return o->parts.part[o->at].coding == SMS_UCS2;
}

/* The bytes of the part that is next; their number. */
static size_t
submit_of(struct modem *m, uint8_t out[SMS_PDU_MAX])
{
	struct modem_order *o = current(m);
	struct sms_submit s = { .number = o->number,
		.wants_report = !m->o.no_reports,
		.validity = sms_validity(m->o.validity_min),
		.body = &o->parts.part[o->at] };
	struct err err;
	int n = sms_submit_put(&s, out, &err);

	return n < 0 ? 0 : (size_t)n; /* number and parts were checked when it came */
}

static void
ask_prompt(struct modem *m, int64_t now_ns)
{
	uint8_t bytes[SMS_PDU_MAX];
	char number[4 * SMS_NUMBER + 1];

	if (m->o.is_text_mode) {
		modem_put_text(m, current(m)->number, number, sizeof(number));
		modem_ask(m, now_ns, MODEM_PROMPT, "AT+CMGS=\"%s\"", number);
	} else {
		modem_ask(m, now_ns, MODEM_PROMPT, "AT+CMGS=%zu", submit_of(m, bytes) - 1);
	}
}

void
modem_send_prompt(struct modem *m, int64_t now_ns)
{
	struct modem_order *o = current(m);
	char text[MODEM_OUT], plain[SMS_BODY_TEXT];
	uint8_t bytes[SMS_PDU_MAX];
	size_t n;

	if (m->o.is_text_mode) {
		sms_body_text(&o->parts.part[o->at], plain, sizeof(plain));
		n = modem_put_text(m, plain, text, sizeof(text));
	} else {
		sms_to_hex(bytes, submit_of(m, bytes), text);
		n = strlen(text);
	}
	modem_put(m, text, n);
	modem_put(m, END, 1);
	m->step = MODEM_SUBMIT;
	m->deadline_ns = now_ns + 120 * NS_PER_S;
	m->told_reference = -1;
	m->is_end_out = true;
}

static void
keep_for_reports(struct modem *m, const struct modem_order *o, int64_t now_ns)
{
	struct modem_report *place = &m->reports[0];

	for (size_t i = 0; i < MODEM_REPORTS; i++) {
		struct modem_report *r = &m->reports[i];

		if (place->is_used && (!r->is_used || r->sent_ns < place->sent_ns))
			place = r;
	}
	*place = (struct modem_report){
		.is_used = true, .ticket = o->ticket, .sent_ns = now_ns, .n = o->parts.n
	};
	memcpy(place->number, o->number, sizeof(place->number));
	memcpy(place->references, o->references, sizeof(place->references));
}

static void
on_part_sent(struct modem *m, int64_t now_ns)
{
	struct modem_order *o = current(m);

	o->references[o->at++] = m->told_reference;
	o->tries = 0;
	m->is_end_out = false;
	if (o->at < o->parts.n)
		return;
	tell(m, SMS_EVENT_SENT, o);
	if (!m->o.no_reports)
		keep_for_reports(m, o, now_ns);
	finish(m);
}

static void
on_refused(struct modem *m, int64_t now_ns, int code, struct sms_error error)
{
	struct modem_order *o = current(m);
	bool is_over = error.class == SMS_ERROR_PERMANENT || o->tries >= NELEM(waits);
	struct sms_event *e = tell(m, is_over ? SMS_EVENT_FAILED : SMS_EVENT_DELAYED, o);

	e->code = code;
	e->is_permanent = error.class == SMS_ERROR_PERMANENT;
	text_copy(e->text, sizeof(e->text), error.text);
	text_copy(e->remedy, sizeof(e->remedy), error.remedy);
	m->is_end_out = false;
	m->wants_begin = m->wants_begin || error.class == SMS_ERROR_SIM;
	if (is_over) {
		finish(m);
		return;
	}
	o->not_before = now_ns + waits[o->tries++];
	m->sending = -1;
}

static void
on_uncertain(struct modem *m, const char *text)
{
	struct sms_event *e = tell(m, SMS_EVENT_UNCERTAIN, current(m));

	text_copy(e->text, sizeof(e->text), text);
	text_copy(e->remedy, sizeof(e->remedy),
		"it may have arrived: send it again only if twice does no harm");
	m->is_end_out = false;
	finish(m);
}

void
modem_send_line(struct modem *m, const char *line)
{
	struct at_field f[AT_FIELDS];

	if (m->step == MODEM_SUBMIT && at_is(line, "+CMGS:"))
		m->told_reference =
			(int16_t)(at_fields(line, f) > 0 ? MIN(at_number(&f[0]), 255) : -1);
}

void
modem_send_final(struct modem *m, int64_t now_ns, enum at_final final, int code)
{
	enum modem_step step = m->step;
	struct sms_error error =
		final == AT_CME_ERROR ? sms_error_of_modem(code) : sms_error_of_message(code);

	m->step = MODEM_IDLE;
	if (final != AT_OK)
		on_refused(m, now_ns, code, error);
	else if (step == MODEM_SUBMIT)
		on_part_sent(m, now_ns);
	else if (step == MODEM_PROMPT) /* it did not even ask for the text */
		on_refused(m, now_ns, -1, sms_error_of_message(-1));
	else if (step == MODEM_SEND_MODE && m->o.is_text_mode)
		modem_ask(m, now_ns, MODEM_SEND_FORM, "AT+CSMP=%d,%d,0,%d",
			m->o.no_reports ? FO_SUBMIT : FO_REPORT, sms_validity(m->o.validity_min),
			is_part_ucs2(m) && m->is_ucs2 ? DCS_UCS2 : 0);
	else
		ask_prompt(m, now_ns);
}

void
modem_send_silent(struct modem *m, int64_t now_ns)
{
	if (m->step == MODEM_PROMPT) {
		on_refused(m, now_ns, -1,
			(struct sms_error){ SMS_ERROR_TEMPORARY,
				"the modem did not ask for the text of a message", "" });
		m->step = MODEM_ABORT; /* the prompt may come still */
		m->deadline_ns = now_ns + 3 * NS_PER_S;
		modem_put(m, "\x1B", 1);
		return;
	}
	if (m->step == MODEM_SUBMIT && m->told_reference >= 0)
		on_part_sent(m, now_ns);
	else if (m->step == MODEM_SUBMIT)
		on_uncertain(m, "the modem took the message and did not answer");
	else
		m->sending = -1;
	modem_probe(m, now_ns);
}

void
modem_send_broken(struct modem *m, int64_t now_ns)
{
	if (m->sending < 0)
		return;
	if (m->step == MODEM_SUBMIT && m->told_reference >= 0)
		on_part_sent(m, now_ns);
	else if (m->step == MODEM_SUBMIT && m->is_end_out && m->is_handed)
		on_uncertain(m, "the modem was gone or reset before it answered");
	else if (m->step == MODEM_SUBMIT && !m->is_handed)
		m->n_out = 0; /* its end was never written */
	m->is_end_out = false;
	m->sending = -1; /* else it is tried again: nothing has gone */
}

/* ---- reports ---- */

/* Do two numbers end alike? */
static bool
is_like(const char *a, const char *b)
{
	size_t n_a = strlen(a), n_b = strlen(b), n = MIN(MIN(n_a, n_b), (size_t)TAIL);

	return n > 0 && memcmp(a + n_a - n, b + n_b - n, n) == 0;
}

static struct modem_report *
report_of(struct modem *m, int reference, const char *to, unsigned *out_part)
{
	struct modem_report *best = NULL;

	for (size_t i = 0; i < MODEM_REPORTS; i++) {
		struct modem_report *r = &m->reports[i];

		if (!r->is_used || !is_like(r->number, to) ||
			(best != NULL && r->sent_ns <= best->sent_ns))
			continue;
		for (unsigned k = 0; k < r->n; k++)
			if (r->references[k] == reference) {
				best = r;
				*out_part = k;
			}
	}
	return best;
}

void
modem_send_report(struct modem *m, int reference, const char *to, uint8_t status)
{
	enum sms_report_state state = sms_report_state(status);
	unsigned part = 0;
	struct modem_report *r = report_of(m, reference, to, &part);
	struct sms_event *e;

	if (r == NULL || state == SMS_IS_TRIED)
		return;
	r->references[part] = -1;
	if (state == SMS_IS_DELIVERED && ++r->got < r->n)
		return;
	e = sms_events_add(&m->events,
		state == SMS_IS_DELIVERED ? SMS_EVENT_DELIVERED : SMS_EVENT_NOT_DELIVERED);
	e->ticket = r->ticket;
	e->parts = r->n;
	e->code = status;
	if (state != SMS_IS_DELIVERED) {
		text_copy(e->text, sizeof(e->text), "the network could not deliver the message");
		text_copy(e->remedy, sizeof(e->remedy),
			"check the number, and whether that phone is switched on");
	}
	r->is_used = false;
}
