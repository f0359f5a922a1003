/* modem.c - a modem by AT commands: its phases, one command at a time, and the lines it says
 *
 *	closed -> probing (AT until OK) -> starting (modem_start.c) -> running (modem_send.c, modem_work.c)
 *	             ^  three unanswered: AT+CFUN=1,1, then lost              |
 *	             +---- no answer in time, or it was reset ---------------+
 *
 * Source: ITU-T V.250; 3GPP TS 27.005 and 27.007. Lines that nobody asked for come at any time, also in the middle of an answer; what
 * is no character of a line is noise of the wire.
 *
 * An answer that is late would be taken for that of the next command, and all later ones with it. So after a command without an answer
 * comes AT, then a silence in which all that is late is thrown away, then the whole start sequence: a modem that was switched off and
 * on has forgotten it.
 */
#include "alert/modem_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PROBES 3
#define PROBE_NS (2 * NS_PER_S)
#define RESET_NS (15 * NS_PER_S)
#define BOOT_NS (8 * NS_PER_S)      /* after a reset that it said OK to */
#define SETTLE_NS (300 * NS_PER_MS) /* in which what is late comes in */
#define ESCAPE "\x1B" /* leaves the entry of a text; never the end of one, which would send it */

static int64_t
patience(enum modem_step step)
{
	switch (step) {
	case MODEM_HELLO:
		return PROBE_NS;
	case MODEM_RESET:
		return RESET_NS;
	case MODEM_ABORT:
		return 3 * NS_PER_S;
	case MODEM_UNLOCK:
	case MODEM_LIST:
		return 30 * NS_PER_S;
	case MODEM_SUBMIT:
		return 120 * NS_PER_S;
	case MODEM_PROMPT:
		return 20 * NS_PER_S;
	case MODEM_CARD:
	case MODEM_STORE:
	case MODEM_SELECT:
	case MODEM_READ:
	case MODEM_DELETE:
		return 10 * NS_PER_S;
	default:
		return 5 * NS_PER_S;
	}
}

void
modem_put(struct modem *m, const char *bytes, size_t n)
{
	if (m->is_handed)
		m->n_out = 0;
	m->is_handed = false;
	n = MIN(n, sizeof(m->out) - m->n_out);
	memcpy(m->out + m->n_out, bytes, n);
	m->n_out += n;
}

void
modem_ask(struct modem *m, int64_t now_ns, enum modem_step step, const char *fmt, ...)
{
	char text[MODEM_OUT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	modem_put(m, text, strlen(text));
	modem_put(m, "\r", 1);
	m->step = step;
	m->deadline_ns = now_ns + patience(step);
	m->has_answered = false;
	m->want = MODEM_WANT_NONE;
}

void
modem_told_state(struct modem *m, enum sms_state state)
{
	struct sms_event *e;

	if (m->state == state)
		return;
	m->state = state;
	e = sms_events_add(&m->events, SMS_EVENT_STATE);
	e->state = state;
	text_copy(e->text, sizeof(e->text), sms_state_text(state));
	text_copy(e->remedy, sizeof(e->remedy), sms_state_remedy(state));
}

void
modem_note(struct modem *m, const char *text, const char *remedy)
{
	struct sms_event *e;

	if (!sms_events_have_room(&m->events))
		return; /* results have the places that are left */
	e = sms_events_add(&m->events, SMS_EVENT_NOTE);
	text_copy(e->text, sizeof(e->text), text);
	text_copy(e->remedy, sizeof(e->remedy), remedy);
}

void
modem_probe(struct modem *m, int64_t now_ns)
{
	m->phase = MODEM_PROBING;
	m->step = MODEM_IDLE;
	m->probes = 0;
	if (m->saw_prompt)
		modem_put(m, ESCAPE, 1);
	m->quiet_ns = m->saw_prompt ? now_ns + SETTLE_NS : now_ns;
	m->saw_prompt = false;
}

void
modem_begin(struct modem *m, int64_t now_ns)
{
	if (!m->is_handed)
		m->n_out = 0; /* of what was before */
	m->saw_prompt = true; /* it may wait for a text that somebody began before us */
	modem_probe(m, now_ns);
	m->wants_begin = false;
	m->has_echo = false;
	m->want = MODEM_WANT_NONE;
	m->selected[0] = '\0';
	m->skipped = 0;
	modem_told_state(m, SMS_STATE_STARTING);
}

static void
lose(struct modem *m)
{
	m->phase = MODEM_LOST;
	m->step = MODEM_IDLE;
	modem_told_state(m, SMS_STATE_LOST);
}

static void
probe_next(struct modem *m, int64_t now_ns)
{
	if (m->probes < PROBES) {
		modem_ask(m, now_ns, MODEM_HELLO, "AT");
	} else if (m->was_reset) {
		lose(m);
	} else {
		m->was_reset = true;
		modem_ask(m, now_ns, MODEM_RESET, "AT+CFUN=1,1");
	}
}

/* ---- what it says ---- */

static bool
is_start(enum modem_step step)
{
	return step < MODEM_STARTED;
}

static bool
is_send(enum modem_step step)
{
	return step >= MODEM_SEND_MODE;
}

static void
on_final(struct modem *m, int64_t now_ns, enum at_final final, int code)
{
	enum modem_step step = m->step;

	if (step == MODEM_IDLE)
		return; /* late */
	m->step = MODEM_IDLE;
	m->want = MODEM_WANT_NONE;
	m->was_reset = m->was_reset && step != MODEM_HELLO;
	if (step == MODEM_HELLO) {
		m->probes++;
		m->quiet_ns = now_ns + SETTLE_NS;
		if (final == AT_OK) {
			m->phase = MODEM_STARTING;
			m->start_at = MODEM_ECHO;
			m->start_tries = m->form = 0;
		}
	} else if (step == MODEM_RESET) {
		m->quiet_ns = now_ns + BOOT_NS;
		m->probes = 0;
	} else if (step == MODEM_ABORT) {
		m->quiet_ns = now_ns + SETTLE_NS;
		modem_probe(m, now_ns);
	} else if (is_start(step)) {
		m->step = step;
		modem_start_final(m, now_ns, final, code);
	} else if (is_send(step)) {
		m->step = step;
		modem_send_final(m, now_ns, final, code);
	} else {
		m->step = step;
		if (m->o.is_text_mode && !m->is_ucs2 &&
			(step == MODEM_LIST || step == MODEM_READ)) {
			m->deaf_ns = now_ns + SETTLE_NS; /* that was perhaps the text's own OK */
			m->quiet_ns = m->deaf_ns;
		}
		modem_work_final(m, now_ns, final, code);
	}
}

static bool
is_any(const char *line, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(line, words[i]) == 0)
			return true;
	return false;
}

static void
on_reset(struct modem *m, int64_t now_ns)
{
	modem_send_broken(m, now_ns);
	modem_begin(m, now_ns);
}

/* Of the card, unless it was asked. */
static bool
on_card(struct modem *m, const char *line)
{
	if (m->step == MODEM_CARD || !at_is(line, "+CPIN:"))
		return false;
	if (strcmp(line, "+CPIN: READY") != 0 || m->phase != MODEM_RUNNING)
		m->wants_begin =
			m->wants_begin || m->phase == MODEM_RUNNING || m->state == SMS_STATE_NO_SIM;
	return true;
}

static bool
on_stored(struct modem *m, const char *line)
{
	struct at_field f[AT_FIELDS];

	if (!at_is(line, "+CMTI:") && !at_is(line, "+CDSI:"))
		return false;
	if (at_fields(line, f) >= 2 && at_number(&f[1]) >= 0)
		modem_item_add(m, f[0].at, f[0].n, at_number(&f[1]));
	else
		m->list_ns = 0;
	return true;
}

/* A change of registration; not the answer, which has another number in front: "+CREG: 1,1". */
static bool
on_registration(struct modem *m, const char *line)
{
	struct at_field f[AT_FIELDS];
	bool is_asked = m->step == MODEM_NET || m->step == MODEM_LTE;

	if (!at_is(line, "+CREG:") && !at_is(line, "+CEREG:") && !at_is(line, "+CGREG:"))
		return false;
	if (is_asked && at_fields(line, f) >= 2 && !f[1].is_quoted)
		return false;
	m->has_wish = true;
	return true;
}

/* Lines that come by themselves. */
static bool
on_unasked(struct modem *m, int64_t now_ns, const char *line)
{
	static const char *const boots[] = { "RDY", "^SYSSTART" };
	static const char *const ready[] = { "SMS Ready", "SMS READY", "SMS DONE", "Call Ready",
		"PB DONE", "+QIND: SMS DONE" };
	static const char *const rings[] = { "RING", "NO CARRIER", "BUSY", "NO ANSWER",
		"NO DIALTONE" };

	if (is_any(line, boots, NELEM(boots))) {
		on_reset(m, now_ns);
		return true;
	}
	if (is_any(line, ready, NELEM(ready))) {
		m->wants_begin = m->wants_begin || m->phase == MODEM_RUNNING;
		return true;
	}
	if (at_is(line, "^SMMEMFULL") || at_is(line, "+CIEV:")) {
		m->list_ns = MIN(m->list_ns, now_ns + NS_PER_S);
		return true;
	}
	return is_any(line, rings, NELEM(rings)) || at_is(line, "+CRING:") ||
	       at_is(line, "+CLIP:") || on_card(m, line) || on_stored(m, line) ||
	       on_registration(m, line);
}

/* Our own words come back. From a modem that had been told not to, and obeyed, it means that it was switched off and on. */
static void
on_echo(struct modem *m)
{
	if (m->phase == MODEM_RUNNING && !m->has_echo)
		m->wants_begin = true;
	if (m->phase == MODEM_STARTING && m->step != MODEM_ECHO)
		m->has_echo = true;
}

/* In a modem that shows texts as they are, a line of a listed one could look like anything, even like a reset. */
static bool
is_deaf(const struct modem *m, int64_t now_ns)
{
	return m->o.is_text_mode && !m->is_ucs2 &&
	       (m->step == MODEM_LIST || (m->step == MODEM_IDLE && now_ns < m->deaf_ns));
}

static void
on_line(struct modem *m, int64_t now_ns)
{
	const char *line = m->line;
	int code;
	enum at_final final;

	m->line[m->n_line] = '\0';
	if (is_deaf(m, now_ns) && !at_is(line, "+CMGL:") && strcmp(line, "OK") != 0)
		return;
	final = at_final_of(line, &code);
	if (final != AT_NOT_FINAL)
		on_final(m, now_ns, final, code);
	else if (m->want != MODEM_WANT_NONE && modem_take_body(m, now_ns, line))
		return;
	else if (at_is(line, "AT") && m->step != MODEM_IDLE)
		on_echo(m);
	else if (on_unasked(m, now_ns, line) || modem_take_head(m, line))
		return;
	else if (is_start(m->step))
		modem_start_line(m, line);
	else if (is_send(m->step))
		modem_send_line(m, line);
	else
		modem_work_line(m, now_ns, line);
}

/* Bytes of a text as they are, in a modem that writes them neither as hex nor as letters only. */
static bool
is_raw(const struct modem *m)
{
	return m->o.is_text_mode && !m->is_ucs2 && m->want != MODEM_WANT_NONE;
}

static void
on_byte(struct modem *m, int64_t now_ns, char c)
{
	if (c == '\r' || c == '\n') {
		if (m->n_line > 0)
			on_line(m, now_ns);
		m->n_line = 0;
		return;
	}
	if (!is_raw(m) && ((uint8_t)c < ' ' || (uint8_t)c >= 0x7F || (c == ' ' && m->n_line == 0)))
		return;
	if (m->n_line < sizeof(m->line) - 1)
		m->line[m->n_line++] = c;
	if (m->n_line != 1 || c != '>' || is_raw(m))
		return;
	if (m->step == MODEM_PROMPT) {
		m->n_line = 0;
		modem_send_prompt(m, now_ns);
	} else if (m->step != MODEM_SUBMIT) {
		m->saw_prompt = true;
	}
}

void
modem_bytes(struct modem *m, int64_t now_ns, const void *in, size_t n)
{
	const char *bytes = in;

	if (m->phase == MODEM_CLOSED || m->phase == MODEM_LOST)
		return;
	for (size_t i = 0; i < n; i++)
		on_byte(m, now_ns, bytes[i]);
}

/* ---- what it is asked ---- */

static void
on_silence(struct modem *m, int64_t now_ns)
{
	enum modem_step step = m->step;

	m->n_line = 0;
	m->want = MODEM_WANT_NONE;
	if (step == MODEM_HELLO) {
		m->step = MODEM_IDLE;
		m->probes++;
	} else if (step == MODEM_RESET) {
		lose(m);
	} else if (is_send(step)) {
		modem_send_silent(m, now_ns);
	} else {
		if (is_start(step))
			modem_start_silent(m);
		modem_probe(m, now_ns);
	}
}

static bool
next(struct modem *m, int64_t now_ns)
{
	if (m->wants_begin) {
		modem_send_broken(m, now_ns);
		modem_begin(m, now_ns);
		return true;
	}
	switch (m->phase) {
	case MODEM_PROBING:
		probe_next(m, now_ns);
		return true;
	case MODEM_STARTING:
		modem_start_next(m, now_ns);
		return true;
	case MODEM_RUNNING:
		return modem_send_next(m, now_ns) || modem_work_next(m, now_ns);
	default:
		return false;
	}
}

static int64_t
wake_of(const struct modem *m, int64_t now_ns)
{
	int64_t wake_ns;

	if (m->phase == MODEM_CLOSED || m->phase == MODEM_LOST)
		return modem_send_wake(m, false);
	if (m->step != MODEM_IDLE)
		return MIN(m->deadline_ns, modem_send_wake(m, false));
	if (m->quiet_ns > now_ns)
		return MIN(m->quiet_ns, modem_send_wake(m, false));
	wake_ns = MIN(modem_work_wake(m), modem_send_wake(m, true));
	/* What is due and was not begun waits until events are taken: nobody tells us when that is. */
	return MAX(wake_ns, now_ns + NS_PER_S);
}

void
modem_run(struct modem *m, int64_t now_ns, struct modem_out *out)
{
	if (m->is_handed)
		m->n_out = 0;
	modem_send_expire(m, now_ns);
	/* Each turn begins a wait, a silence or nothing at all; the bound is against our own mistakes. */
	for (int turns = 0; turns < 64; turns++) {
		if (m->phase == MODEM_CLOSED || m->phase == MODEM_LOST)
			break;
		if (m->step != MODEM_IDLE) {
			if (now_ns < m->deadline_ns)
				break;
			on_silence(m, now_ns);
		} else if ((now_ns < m->quiet_ns && !m->wants_begin) || !next(m, now_ns)) {
			break;
		}
	}
	m->is_handed = true;
	*out = (struct modem_out){ .bytes = m->out,
		.n = m->n_out,
		.wake_ns = wake_of(m, now_ns),
		.is_lost = m->phase == MODEM_LOST };
}

/* ---- its life ---- */

void
modem_init(struct modem *m, const struct modem_options *o)
{
	memset(m, 0, sizeof(*m));
	m->o = *o;
	if (m->o.validity_min == 0)
		m->o.validity_min = 24 * 60;
	if (m->o.poll_s == 0)
		m->o.poll_s = 60;
	m->step = MODEM_IDLE;
	m->sending = -1;
	m->reference = o->reference;
	m->is_pin_wrong = o->is_pin_barred;
}

void
modem_opened(struct modem *m, int64_t now_ns)
{
	m->n_out = 0;
	m->n_line = 0;
	m->was_reset = false;
	m->net = m->lte = -1;
	m->n_items = 0;
	modem_begin(m, now_ns);
}

void
modem_closed(struct modem *m, int64_t now_ns)
{
	modem_send_broken(m, now_ns);
	m->phase = MODEM_CLOSED;
	m->step = MODEM_IDLE;
	m->n_out = 0;
	modem_told_state(m, SMS_STATE_CLOSED);
}

void
modem_pin(struct modem *m, int64_t now_ns, const char *pin)
{
	text_copy(m->o.pin, sizeof(m->o.pin), pin);
	m->is_pin_wrong = m->is_pin_good = m->was_pin_tried = false;
	m->is_pin_sure = true;
	if (m->phase == MODEM_STARTING && m->start_at == MODEM_CARD)
		m->quiet_ns = now_ns;
}

bool
modem_event(struct modem *m, struct sms_event *out)
{
	return sms_events_take(&m->events, out);
}
