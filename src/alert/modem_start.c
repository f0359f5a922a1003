/* modem_start.c - how a modem is set up, and its card unlocked
 *
 * What a modem may refuse is asked all the same; it matters only that messages go out and come in. What it does not answer at all is
 * left out the next time.
 *
 * A card locks itself after three wrong PINs. So one is tried once; when it is refused, or nobody knows what became of it, it is not
 * tried again before somebody says that it is right (modem_pin). Neither is it when the card says that it has fewer than three tries
 * left: this process may have been started anew after each of them.
 */
#include "alert/modem_parts.h"

#include <string.h>

#include "base/text.h"

#define TRIES_ALL 3
#define STORE_TRIES 6

/* CNMI: what comes is stored and told, reports are told whole, or stored and told, or not; the last for modems that cannot keep it
 * back while they are busy. */
static const char *const tells[] = { "2,1,0,1,0", "2,1,0,2,0", "2,1,0,0,0", "1,1,0,0,0" };
#define TELLS_WITHOUT 2 /* reports */

static const char *const stores[] = { "SM", "ME", "MT" };

static const char *
store_of(const struct modem *m)
{
	if (m->o.store[0] == '\0')
		return stores[m->form];
	return m->form == 0 ? m->o.store : stores[m->form - 1];
}

static void
step_on(struct modem *m, enum modem_step step)
{
	m->start_at = step;
	m->start_tries = 0;
	m->form = step == MODEM_TELL && m->o.no_reports ? TELLS_WITHOUT : 0;
}

/* The card cannot be used as it is: look again later. */
static void
wait_for_card(struct modem *m, int64_t now_ns, enum sms_state state)
{
	modem_told_state(m, state);
	m->start_at = MODEM_CARD;
	m->quiet_ns = now_ns + MODEM_LATER_NS;
}

static void
ask_number(struct modem *m, int64_t now_ns)
{
	char number[4 * SMS_NUMBER + 1];

	modem_put_text(m, m->o.centre, number, sizeof(number));
	modem_ask(m, now_ns, MODEM_CENTRE, "AT+CSCA=\"%s\",%d", number,
		m->o.centre[0] == '+' ? 145 : 129);
}

/* Needs this step anything to be asked? */
static bool
is_left_out(const struct modem *m, enum modem_step step)
{
	return (m->skipped >> step & 1) != 0 || (step == MODEM_CENTRE && m->o.centre[0] == '\0') ||
	       step == MODEM_TRIES || step == MODEM_UNLOCK; /* come by themselves */
}

void
modem_start_next(struct modem *m, int64_t now_ns)
{
	if (m->start_at != MODEM_TRIES && m->start_at != MODEM_UNLOCK)
		while (m->start_at < MODEM_STARTED && is_left_out(m, m->start_at))
			step_on(m, m->start_at + 1);
	switch (m->start_at) {
	case MODEM_ECHO:
		modem_ask(m, now_ns, m->start_at, "ATE0");
		break;
	case MODEM_ERRORS:
		modem_ask(m, now_ns, m->start_at, "AT+CMEE=1");
		break;
	case MODEM_MODEL:
		modem_ask(m, now_ns, m->start_at, "AT+CGMM");
		break;
	case MODEM_CARD:
		m->card[0] = '\0';
		modem_ask(m, now_ns, m->start_at, "AT+CPIN?");
		break;
	case MODEM_TRIES:
		m->tries_left = -1;
		modem_ask(m, now_ns, m->start_at, "AT+CPINR=\"SIM PIN\"");
		break;
	case MODEM_UNLOCK:
		m->was_pin_tried = true;
		m->is_pin_sure = false;
		modem_ask(m, now_ns, m->start_at, "AT+CPIN=\"%s\"", m->o.pin);
		break;
	case MODEM_MODE:
		modem_ask(m, now_ns, m->start_at, "AT+CMGF=%d", m->o.is_text_mode);
		break;
	case MODEM_CHARSET:
		m->is_ucs2 = m->o.is_text_mode && m->form == 0;
		modem_ask(m, now_ns, m->start_at, "AT+CSCS=\"%s\"", m->is_ucs2 ? "UCS2" : "GSM");
		break;
	case MODEM_SERVICE:
		modem_ask(m, now_ns, m->start_at, "AT+CSMS=0");
		break;
	case MODEM_CENTRE:
		ask_number(m, now_ns);
		break;
	case MODEM_STORE:
		text_copy(m->store, sizeof(m->store), store_of(m));
		modem_ask(m, now_ns, m->start_at, "AT+CPMS=\"%s\",\"%s\",\"%s\"", m->store,
			m->store, m->store);
		break;
	case MODEM_TELL:
		modem_ask(m, now_ns, m->start_at, "AT+CNMI=%s", tells[m->form]);
		break;
	case MODEM_TELL_NET:
		modem_ask(m, now_ns, m->start_at, "AT+CREG=1");
		break;
	case MODEM_TELL_LTE:
		modem_ask(m, now_ns, m->start_at, "AT+CEREG=1");
		break;
	default:
		m->phase = MODEM_RUNNING;
		m->net_ns = m->signal_ns = m->list_ns = now_ns;
	}
}

void
modem_start_line(struct modem *m, const char *line)
{
	struct at_field f[AT_FIELDS];

	if (m->step == MODEM_CARD && at_is(line, "+CPIN:")) {
		text_copy(m->card, sizeof(m->card), line + strlen("+CPIN:"));
	} else if (m->step == MODEM_TRIES && at_is(line, "+CPINR:")) {
		if (at_fields(line, f) >= 2)
			m->tries_left = at_number(&f[1]);
	} else if (m->step == MODEM_MODEL && m->model[0] == '\0') {
		text_copy(m->model, sizeof(m->model),
			at_is(line, "+CGMM: ") ? line + strlen("+CGMM: ") : line);
	}
}

/* The card wants its PIN. */
static void
on_pin_wanted(struct modem *m, int64_t now_ns)
{
	if (m->o.pin[0] == '\0') {
		wait_for_card(m, now_ns, SMS_STATE_PIN_WANTED);
	} else if (m->is_pin_wrong || (m->was_pin_tried && !m->is_pin_good)) {
		m->is_pin_wrong = true;
		wait_for_card(m, now_ns, SMS_STATE_PIN_WRONG);
	} else if (strspn(m->o.pin, "0123456789") != strlen(m->o.pin) || strlen(m->o.pin) < 4) {
		modem_note(m, "the PIN of the SIM card is none", "a PIN has 4 to 8 digits");
		wait_for_card(m, now_ns, SMS_STATE_PIN_WANTED);
	} else {
		step_on(m, (m->skipped >> MODEM_TRIES & 1) != 0 ? MODEM_UNLOCK : MODEM_TRIES);
	}
}

static void
on_card_told(struct modem *m, int64_t now_ns, enum at_final final, int code)
{
	const char *word = m->card + strspn(m->card, " ");

	if (final == AT_OK && strcmp(word, "READY") == 0) {
		/* That somebody else has unlocked it does not make ours right. */
		m->is_pin_good = m->is_pin_good || (m->was_pin_tried && !m->is_pin_wrong);
		step_on(m, MODEM_MODE);
	} else if ((final == AT_OK && strcmp(word, "SIM PIN") == 0) || code == 11 || code == 311) {
		on_pin_wanted(m, now_ns);
	} else if ((final == AT_OK && strstr(word, "PUK") != NULL) || code == 12 || code == 316) {
		wait_for_card(m, now_ns, SMS_STATE_PUK_WANTED);
	} else if (code == 14 || code == 314 || (final == AT_OK && word[0] == '\0')) {
		m->quiet_ns = now_ns + 2 * NS_PER_S; /* busy, or its line was lost on the wire */
	} else if (code == 13 || code == 15 || code == 313 || code == 315) {
		wait_for_card(m, now_ns, SMS_STATE_SIM_FAILED);
	} else {
		wait_for_card(m, now_ns, SMS_STATE_NO_SIM);
	}
}

static void
on_unlocked(struct modem *m, int64_t now_ns, bool is_ok)
{
	m->is_pin_good = is_ok;
	m->is_pin_wrong = !is_ok;
	if (!is_ok) {
		wait_for_card(m, now_ns, SMS_STATE_PIN_WRONG);
		return;
	}
	step_on(m, MODEM_CARD);
	m->quiet_ns = now_ns + 2 * NS_PER_S; /* the card starts only now */
}

/* The store is not there until the card has been read through; then other stores are tried. */
static void
on_store(struct modem *m, int64_t now_ns, bool is_ok)
{
	size_t n = NELEM(stores) + (m->o.store[0] != '\0');

	if (is_ok) {
		memcpy(m->selected, m->store, sizeof(m->selected));
		step_on(m, MODEM_TELL);
	} else if (m->form == 0 && ++m->start_tries < STORE_TRIES) {
		m->quiet_ns = now_ns + 2 * NS_PER_S;
	} else if (m->form + 1 < n) {
		m->form++;
	} else {
		m->store[0] = '\0';
		modem_note(m, "the modem offers no message store",
			"messages go out, but none may come in: look at the SIM card");
		step_on(m, MODEM_TELL);
	}
}

void
modem_start_final(struct modem *m, int64_t now_ns, enum at_final final, int code)
{
	enum modem_step step = m->step;
	bool is_ok = final == AT_OK;

	m->step = MODEM_IDLE;
	switch (step) {
	case MODEM_CARD:
		on_card_told(m, now_ns, final, code);
		break;
	case MODEM_TRIES:
		if (m->tries_left >= 0 && m->tries_left < TRIES_ALL && !m->is_pin_sure &&
			!m->is_pin_good) {
			m->is_pin_wrong = true;
			wait_for_card(m, now_ns, SMS_STATE_PIN_WRONG);
		} else {
			step_on(m, MODEM_UNLOCK);
		}
		break;
	case MODEM_UNLOCK:
		on_unlocked(m, now_ns, is_ok);
		break;
	case MODEM_MODE:
		if (is_ok) {
			step_on(m, MODEM_CHARSET);
		} else if (++m->start_tries < STORE_TRIES) {
			m->quiet_ns = now_ns + 2 * NS_PER_S;
		} else {
			modem_told_state(m, SMS_STATE_NO_PDU_MODE);
			m->quiet_ns = now_ns + MODEM_LATER_NS;
		}
		break;
	case MODEM_CHARSET:
		if (is_ok || m->form > 0 || !m->o.is_text_mode)
			step_on(m, MODEM_SERVICE);
		else
			m->form++;
		break;
	case MODEM_CENTRE:
		if (!is_ok)
			modem_note(m, "the modem refused the number of the message centre",
				"check it, or leave it to the SIM card");
		step_on(m, MODEM_STORE);
		break;
	case MODEM_STORE:
		on_store(m, now_ns, is_ok);
		break;
	case MODEM_TELL:
		if (is_ok || m->form + 1 == NELEM(tells))
			step_on(m, MODEM_TELL_NET); /* without any of them the store is looked at */
		else
			m->form++;
		break;
	default:
		step_on(m, step + 1);
	}
}

void
modem_start_silent(struct modem *m)
{
	/* What must be known is asked again; a PIN is not. */
	if (m->step != MODEM_CARD && m->step != MODEM_UNLOCK && m->step != MODEM_MODE &&
		m->step != MODEM_STORE)
		m->skipped |= 1u << m->step;
}
