/* sms_socket.c - short messages as lines over TCP
 *
 *	-> $PCAL<letter>,<prefix>                                   register, after each connection
 *	-> $PCALD,<number>,<text>                                   send
 *	<- $PCALR,+OK   $PCALR,-ERR <text>                          what became of the last
 *	<- $PCALD,<number>,<yy-mm-dd>,<hh:mm:ss>,<text>             one has come
 *
 * Source: CalAmp Vanguard 3000 manual, "SMS Manager". A line ends with CR or LF; what comes before a '$' is none. Nothing numbers the
 * results, so one is waited for at a time. The router's time has no zone that is told: it is taken as UTC.
 */
#include "alert/sms_socket.h"

#include <stdio.h>
#include <string.h>

#include "alert/at_line.h"
#include "base/text.h"

#define ANSWER_NS (30 * NS_PER_S)
#define DRAIN_NS (10 * NS_PER_S)

static void
put_line(struct sms_socket *s, int64_t now_ns, const char *line)
{
	size_t n = strlen(line);

	if (s->is_handed)
		s->n_out = 0;
	s->is_handed = false;
	if (s->n_out + n + 1 > sizeof(s->out))
		return;
	memcpy(s->out + s->n_out, line, n);
	s->out[s->n_out + n] = '\n';
	s->n_out += n + 1;
	s->deadline_ns = now_ns + ANSWER_NS;
}

static void
told_state(struct sms_socket *s, enum sms_state state)
{
	struct sms_event *e;

	if (s->state == state)
		return;
	s->state = state;
	e = sms_events_add(&s->events, SMS_EVENT_STATE);
	e->state = state;
	text_copy(e->text, sizeof(e->text), sms_state_text(state));
	text_copy(e->remedy, sizeof(e->remedy), sms_state_remedy(state));
}

static struct sms_event *
tell(struct sms_socket *s, enum sms_event_kind kind, const struct sms_socket_order *o)
{
	struct sms_event *e = sms_events_add(&s->events, kind);

	e->ticket = o->ticket;
	e->parts = o->parts.n;
	e->parts_sent = o->at;
	for (size_t i = 0; i < SMS_PARTS_MAX; i++)
		e->references[i] = -1;
	return e;
}

static void
finish(struct sms_socket *s)
{
	s->orders[s->sending].is_used = false;
	s->sending = -1;
	s->step = SMS_SOCKET_IDLE;
}

static void
on_uncertain(struct sms_socket *s, const char *text)
{
	struct sms_event *e = tell(s, SMS_EVENT_UNCERTAIN, &s->orders[s->sending]);

	text_copy(e->text, sizeof(e->text), text);
	text_copy(e->remedy, sizeof(e->remedy),
		"it may have arrived: send it again only if twice does no harm");
	finish(s);
}

/* ---- what comes ---- */

static void
on_result(struct sms_socket *s, int64_t now_ns, const char *result)
{
	bool is_ok = strncmp(result, "+OK", 3) == 0;
	struct sms_socket_order *o;
	struct sms_event *e;

	if (s->step == SMS_SOCKET_REGISTERING) {
		s->step = SMS_SOCKET_IDLE;
		if (!is_ok) {
			e = sms_events_add(&s->events, SMS_EVENT_NOTE);
			text_copy(e->text, sizeof(e->text),
				"the router refused the prefix of messages that come in");
			text_copy(e->remedy, sizeof(e->remedy),
				"check the letter and the prefix; messages still go out");
		}
		told_state(s, SMS_STATE_READY);
	}
	if (s->step != SMS_SOCKET_SENDING)
		return;
	o = &s->orders[s->sending];
	if (!is_ok) {
		e = tell(s, SMS_EVENT_FAILED, o);
		snprintf(e->text, sizeof(e->text), "the router refused it: %.80s", result);
		e->text[text_utf8(e->text, strlen(e->text))] = '\0';
		text_copy(e->remedy, sizeof(e->remedy),
			"check the number, and the router's own page for its card and network");
		finish(s);
		return;
	}
	s->step = SMS_SOCKET_IDLE;
	if (++o->at < o->parts.n)
		return;
	tell(s, SMS_EVENT_SENT, o);
	finish(s);
}

/* "yy-mm-dd" and "hh:mm:ss" as Unix seconds; 0: no date. */
static int64_t
stamp_of(const char *date, size_t n_date, const char *time, size_t n_time)
{
	char text[18];
	struct at_field f = { .at = text, .n = 17 };
	int64_t stamp_s;

	if (n_date != 8 || n_time != 8 || date[2] != '-' || date[5] != '-')
		return 0;
	snprintf(text, sizeof(text), "%.8s,%.8s", date, time);
	text[2] = text[5] = '/';
	return at_stamp(&f, &stamp_s) ? stamp_s : 0;
}

static void
on_received(struct sms_socket *s, const char *body)
{
	const char *part[3];
	size_t n[3];
	struct sms_event *e;

	for (int i = 0; i < 3; i++) {
		part[i] = body;
		n[i] = strcspn(body, ",");
		if (body[n[i]] != ',')
			return;
		body += n[i] + 1;
	}
	if (n[0] == 0 || n[0] >= SMS_NUMBER)
		return;
	e = sms_events_add(&s->events, SMS_EVENT_RECEIVED);
	memcpy(e->number, part[0], n[0]);
	e->is_name = strspn(e->number, "+0123456789") != n[0];
	e->stamp_s = stamp_of(part[1], n[1], part[2], n[2]);
	text_copy(e->message, sizeof(e->message), body);
	sms_seen_mark(&s->seen, e);
}

static void
on_line(struct sms_socket *s, int64_t now_ns)
{
	const char *line;

	s->line[s->n_line] = '\0';
	line = strstr(s->line, "$PCAL");
	if (line == NULL)
		return;
	if (strncmp(line, "$PCALR,", 7) == 0)
		on_result(s, now_ns, line + 7);
	else if (strncmp(line, "$PCALD,", 7) == 0)
		on_received(s, line + 7);
}

void
sms_socket_bytes(struct sms_socket *s, int64_t now_ns, const void *in, size_t n)
{
	const char *bytes = in;

	for (size_t i = 0; i < n && s->is_open; i++) {
		char c = bytes[i];

		if (c == '\r' || c == '\n') {
			if (s->n_line > 0)
				on_line(s, now_ns);
			s->n_line = 0;
		} else if (s->n_line < sizeof(s->line) - 1) {
			/* What is no ASCII has no meaning here, and must be no broken text further on. */
			s->line[s->n_line++] = (char)(c >= ' ' && c < 0x7F ? c : '?');
		}
	}
}

/* ---- what goes ---- */

static void
send_part(struct sms_socket *s, int64_t now_ns)
{
	const struct sms_socket_order *o = &s->orders[s->sending];
	char text[SMS_BODY_TEXT], line[SMS_BODY_TEXT + SMS_NUMBER + 16];

	sms_body_text(&o->parts.part[o->at], text, sizeof(text));
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' '; /* it would end the line */
	snprintf(line, sizeof(line), "$PCALD,%s,%s", o->number, text);
	put_line(s, now_ns, line);
	s->step = SMS_SOCKET_SENDING;
}

static int
choose(const struct sms_socket *s)
{
	int best = -1;

	for (int i = 0; i < SMS_SOCKET_QUEUE; i++)
		if (s->orders[i].is_used &&
			(best < 0 || s->orders[i].order < s->orders[best].order))
			best = i;
	return best;
}

static void
expire(struct sms_socket *s, int64_t now_ns)
{
	for (int i = 0; i < SMS_SOCKET_QUEUE; i++) {
		struct sms_socket_order *o = &s->orders[i];
		struct sms_event *e;

		if (!o->is_used || i == s->sending || now_ns < o->until_ns)
			continue;
		e = tell(s, SMS_EVENT_FAILED, o);
		text_copy(e->text, sizeof(e->text), "the router could not be reached in time");
		text_copy(e->remedy, sizeof(e->remedy), "check its address and its power");
		o->is_used = false;
	}
}

static void
on_silence(struct sms_socket *s, int64_t now_ns)
{
	if (s->step == SMS_SOCKET_SENDING) {
		on_uncertain(s, "the router took the message and did not answer");
		s->drain_ns = now_ns + DRAIN_NS;
	} else { /* some do not answer a registration */
		told_state(s, SMS_STATE_READY);
	}
	s->step = SMS_SOCKET_IDLE;
}

static int64_t
wake_of(const struct sms_socket *s, int64_t now_ns)
{
	int64_t wake_ns = NEVER;

	for (int i = 0; i < SMS_SOCKET_QUEUE; i++)
		if (s->orders[i].is_used && i != s->sending)
			wake_ns = MIN(wake_ns, s->orders[i].until_ns);
	if (!s->is_open)
		return wake_ns;
	if (s->step != SMS_SOCKET_IDLE)
		return MIN(wake_ns, s->deadline_ns);
	if (choose(s) >= 0) /* it waits for the end of a silence, or until events are taken */
		return MIN(wake_ns, MAX(s->drain_ns, now_ns + NS_PER_S));
	return wake_ns;
}

void
sms_socket_run(struct sms_socket *s, int64_t now_ns, struct sms_socket_out *out)
{
	if (s->is_handed)
		s->n_out = 0;
	expire(s, now_ns);
	if (s->is_open && s->step != SMS_SOCKET_IDLE && now_ns >= s->deadline_ns)
		on_silence(s, now_ns);
	if (s->is_open && s->step == SMS_SOCKET_IDLE && now_ns >= s->drain_ns) {
		if (s->sending < 0 && sms_events_have_room(&s->events))
			s->sending = choose(s);
		if (s->sending >= 0)
			send_part(s, now_ns);
	}
	s->is_handed = true;
	*out = (struct sms_socket_out){
		.bytes = s->out, .n = s->n_out, .wake_ns = wake_of(s, now_ns)
	};
}

/* ---- its life ---- */

void
sms_socket_init(struct sms_socket *s, const struct sms_socket_options *o)
{
	memset(s, 0, sizeof(*s));
	s->o = *o;
	s->sending = -1;
}

void
sms_socket_opened(struct sms_socket *s, int64_t now_ns)
{
	char line[SMS_SOCKET_PREFIX + 16];

	s->is_open = true;
	s->n_line = s->n_out = 0;
	s->drain_ns = now_ns;
	s->step = SMS_SOCKET_IDLE;
	if (s->o.register_letter == '\0') {
		told_state(s, SMS_STATE_READY);
		return;
	}
	told_state(s, SMS_STATE_STARTING);
	snprintf(line, sizeof(line), "$PCAL%c,%s", s->o.register_letter, s->o.prefix);
	put_line(s, now_ns, line);
	s->step = SMS_SOCKET_REGISTERING;
}

void
sms_socket_closed(struct sms_socket *s, int64_t now_ns)
{
	if (s->sending >= 0 && s->step == SMS_SOCKET_SENDING && s->is_handed)
		on_uncertain(s, "the connection ended before the router answered");
	s->sending = -1; /* else it goes over the next one */
	s->step = SMS_SOCKET_IDLE;
	s->is_open = false;
	s->n_out = 0;
	told_state(s, SMS_STATE_CLOSED);
}

int
sms_socket_send(struct sms_socket *s, int64_t now_ns, int64_t until_ns, uint64_t ticket,
	const char *number, const char *text, struct err *err)
{
	struct sms_split how = {
		.parts_max = s->o.parts_max, .style = SMS_NUMBERED, .is_ascii = true
	};
	struct sms_socket_order *o = NULL;
	int rc = sms_number_check(number, err);

	if (rc < 0)
		return rc;
	if (text[0] == '\0')
		return err_set(err, ERR_CONF, 0, "a message without a text; give it one");
	for (size_t i = 0; i < SMS_SOCKET_QUEUE && o == NULL; i++)
		if (!s->orders[i].is_used)
			o = &s->orders[i];
	if (o == NULL)
		return err_set(err, ERR_REFUSED, 0,
			"%d messages wait for the router already; wait until it has sent some",
			SMS_SOCKET_QUEUE);
	*o = (struct sms_socket_order){
		.is_used = true, .ticket = ticket, .order = ++s->n_orders, .until_ns = until_ns
	};
	text_copy(o->number, sizeof(o->number), number);
	sms_split(text, &how, &o->parts);
	return 0;
}

bool
sms_socket_cancel(struct sms_socket *s, uint64_t ticket)
{
	for (int i = 0; i < SMS_SOCKET_QUEUE; i++) {
		struct sms_socket_order *o = &s->orders[i];

		if (!o->is_used || o->ticket != ticket || i == s->sending || o->at > 0)
			continue;
		o->is_used = false;
		return true;
	}
	return false;
}

bool
sms_socket_event(struct sms_socket *s, struct sms_event *out)
{
	return sms_events_take(&s->events, out);
}
