/* modem_take.c - messages in: the line before one, its bytes or its text, and what is told of it
 *
 *	PDU mode     +CMGR: status,[name],length   +CMT: [name],length   +CDS: length          then a line of hex
 *	text mode    +CMGR: "status","from",[name],"stamp"   +CMT: "from",[name],"stamp"       then the text, hex of UTF-16 if we could have that
 *	             +CDS: fo,reference,"to",type,"stamp","stamp",status                       all of it
 */
#include "alert/modem_parts.h"

#include <string.h>

#include "alert/gsm7.h"
#include "alert/utf8.h"
#include "base/text.h"

/* ---- strings of text mode ---- */

void
modem_take_text(struct modem *m, const char *in, size_t n, char *out, size_t cap)
{
	uint8_t bytes[MODEM_LINE / 2];
	int got = m->is_ucs2 && n % 4 == 0 ? sms_from_hex(in, n, bytes, sizeof(bytes)) : -1;

	if (got >= 0) {
		sms_utf16_text(bytes, (size_t)got, out, cap);
		return;
	}
	/* What the alphabet has not stands for itself nowhere: names of modems' own are not hidden. */
	gsm7_text((const uint8_t *)in, n, out, cap);
}

/* Numbers are digits in all alphabets; some modems write them plainly even where strings are hex. */
static void
take_number(struct modem *m, const struct at_field *f, char out[SMS_NUMBER])
{
	char plain[SMS_NUMBER];
	size_t n = MIN(f->n, sizeof(plain) - 1);

	modem_take_text(m, f->at, f->n, out, SMS_NUMBER);
	if (m->is_ucs2 && strspn(out, "+0123456789*#") != strlen(out)) {
		memcpy(plain, f->at, n);
		plain[n] = '\0';
		if (strspn(plain, "+0123456789*#") == n)
			memcpy(out, plain, n + 1);
	}
}

/* Septets as the bytes they are; those that a modem would take for the end of the text, or for none, are '?'. */
static size_t
put_septets(const char *text, char *out, size_t cap)
{
	size_t left = strlen(text), n = 0;

	while (left > 0 && n + 1 < cap) {
		uint8_t septets[2];
		uint32_t rune;
		size_t bytes = utf8_get(text, left, &rune);

		if (gsm7_of(rune, septets) != 1 || septets[0] == 0x1A || septets[0] == GSM7_ESCAPE)
			septets[0] = '?';
		out[n++] = (char)septets[0];
		text += bytes;
		left -= bytes;
	}
	return n;
}

size_t
modem_put_text(const struct modem *m, const char *text, char *out, size_t cap)
{
	size_t left = strlen(text), n = 0;

	if (!m->is_ucs2) {
		n = put_septets(text, out, cap);
		out[n] = '\0';
		return n;
	}
	while (left > 0) {
		uint32_t rune;
		size_t bytes = utf8_get(text, left, &rune);
		uint8_t units[4];
		size_t n_units = 2;

		if (rune >= 0x10000) {
			n_units = 4;
			units[0] = (uint8_t)(0xD8 | (rune - 0x10000) >> 18);
			units[1] = (uint8_t)((rune - 0x10000) >> 10);
			units[2] = (uint8_t)(0xDC | ((rune - 0x10000) >> 8 & 3));
			units[3] = (uint8_t)rune;
		} else {
			units[0] = (uint8_t)(rune >> 8);
			units[1] = (uint8_t)rune;
		}
		if (n + 2 * n_units >= cap)
			break;
		sms_to_hex(units, n_units, out + n);
		n += 2 * n_units;
		text += bytes;
		left -= bytes;
	}
	out[n] = '\0';
	return n;
}

/* ---- what is told ---- */

/* A message of which `text` is all. */
static void
tell_received(struct modem *m, const struct sms_event *head, const char *text)
{
	struct sms_event *e = sms_events_add(&m->events, SMS_EVENT_RECEIVED);

	memcpy(e->number, head->number, sizeof(e->number));
	e->is_name = head->is_name;
	e->is_piece = head->is_piece;
	e->stamp_s = head->stamp_s;
	text_copy(e->message, sizeof(e->message), text);
	sms_seen_mark(&m->seen, e);
}

static void
on_deliver(struct modem *m, int64_t now_ns, const struct sms_deliver *d)
{
	struct sms_event head = { .is_name = d->is_name };
	char text[SMS_TEXT_MAX];
	enum sms_collected got =
		sms_collect(&m->collect, now_ns, d, text, sizeof(text), &head.stamp_s);

	if (got != SMS_WHOLE && got != SMS_PIECE)
		return;
	head.is_piece = got == SMS_PIECE;
	memcpy(head.number, d->from, sizeof(head.number));
	tell_received(m, &head, text);
}

/* The bytes of a message: false when they are none, or not as many as was said. */
static bool
take_bytes(struct modem *m, int64_t now_ns, const char *hex)
{
	uint8_t bytes[SMS_PDU_MAX];
	int n = sms_from_hex(hex, strlen(hex), bytes, sizeof(bytes));
	struct sms_incoming in;
	struct err err;

	if (n <= 0 || (m->want_length >= 0 && n != 1 + bytes[0] + m->want_length) ||
		sms_incoming_take(bytes, (size_t)n, &in, &err) < 0)
		return false;
	if (in.kind == SMS_DELIVER)
		on_deliver(m, now_ns, &in.deliver);
	else if (in.kind == SMS_REPORT)
		modem_send_report(m, in.report.reference, in.report.to, in.report.status);
	return true;
}

static bool
is_hex(const char *line)
{
	return line[0] != '\0' && strspn(line, "0123456789ABCDEFabcdef") == strlen(line);
}

bool
modem_take_body(struct modem *m, int64_t now_ns, const char *line)
{
	bool is_read = m->want == MODEM_WANT_READ;

	if (!m->o.is_text_mode || m->is_ucs2) {
		/* Other lines come in between; and an empty text has no line at all. */
		if (!is_hex(line))
			return false;
	}
	m->want = MODEM_WANT_NONE;
	if (!m->o.is_text_mode) {
		bool is_good = take_bytes(m, now_ns, line);

		if (is_read) {
			m->has_answered = is_good;
			m->is_bad = !is_good;
		} else if (!is_good) {
			m->dropped++;
		}
		return true;
	}
	if (is_read) {
		/* Of several lines: all that come before the end of the answer. */
		size_t at = strlen(m->head.message);

		m->want = MODEM_WANT_READ;
		if (at > 0 && at + 1 < sizeof(m->head.message)) {
			m->head.message[at++] = '\n';
			m->head.message[at] = '\0';
		}
		modem_take_text(
			m, line, m->n_line, m->head.message + at, sizeof(m->head.message) - at);
		return true;
	}
	modem_take_text(m, line, m->n_line, m->head.message, sizeof(m->head.message));
	tell_received(m, &m->head, m->head.message);
	return true;
}

void
modem_take_end(struct modem *m, bool is_ok)
{
	if (!m->o.is_text_mode || !is_ok || !m->has_head)
		return;
	m->has_head = false;
	m->has_answered = true;
	if (!m->is_head_own)
		tell_received(m, &m->head, m->head.message);
}

/* ---- the line before ---- */

/* From "from" on: from, [name], "stamp". */
static void
take_head(struct modem *m, const struct at_field *f, size_t n)
{
	m->head = (struct sms_event){ 0 };
	take_number(m, &f[0], m->head.number);
	m->head.is_name = strspn(m->head.number, "+0123456789") != strlen(m->head.number);
	for (size_t i = 1; i < n; i++)
		if (at_stamp(&f[i], &m->head.stamp_s))
			break;
}

/* From fo on: fo, reference, "to", type, "stamp", "stamp", status. */
static void
take_text_report(struct modem *m, const struct at_field *f, size_t n)
{
	char to[SMS_NUMBER];
	int reference, status;

	if (n < 7)
		return;
	reference = at_number(&f[1]);
	status = at_number(&f[6]);
	take_number(m, &f[2], to);
	if (reference >= 0 && status >= 0 && status <= 255)
		modem_send_report(m, reference, to, (uint8_t)status);
}

/* "+CMGR:" in text mode: a message, a report, or what was written here. */
static void
take_text_read(struct modem *m, const struct at_field *f, size_t n)
{
	char status[24];

	modem_take_text(m, f[0].at, f[0].n, status, sizeof(status));
	m->want = MODEM_WANT_READ;
	m->has_head = true;
	m->is_head_own = strncmp(status, "STO", 3) == 0;
	if (n >= 8 && !f[1].is_quoted) {
		take_text_report(m, f + 1, n - 1);
		m->is_head_own = true; /* nothing more is told of it */
		return;
	}
	if (n >= 2)
		take_head(m, f + 1, n - 1);
}

bool
modem_take_head(struct modem *m, const char *line)
{
	struct at_field f[AT_FIELDS];
	size_t n = at_fields(line, f);
	bool is_read = m->step == MODEM_READ && at_is(line, "+CMGR:");

	if (n == 0 || (!is_read && !at_is(line, "+CMT:") && !at_is(line, "+CDS:")))
		return false;
	if (!m->o.is_text_mode) {
		m->want_length = at_number(&f[n - 1]);
		m->want = is_read ? MODEM_WANT_READ : MODEM_WANT_URC;
	} else if (is_read) {
		take_text_read(m, f, n);
	} else if (at_is(line, "+CDS:")) {
		take_text_report(m, f, n);
	} else {
		take_head(m, f, n);
		m->want = MODEM_WANT_URC;
	}
	return true;
}
