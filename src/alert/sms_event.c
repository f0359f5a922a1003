/* sms_event.c - what a way of short messages tells */
#include "alert/sms_event.h"

#include <string.h>

#include "base/text.h"

struct sms_event *
sms_events_add(struct sms_events *q, enum sms_event_kind kind)
{
	struct sms_event *e;

	if (q->n == SMS_EVENTS) {
		q->n--;
		q->lost++;
	}
	e = &q->ring[(q->first + q->n++) % SMS_EVENTS];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->code = -1;
	return e;
}

bool
sms_events_take(struct sms_events *q, struct sms_event *out)
{
	if (q->n == 0)
		return false;
	*out = q->ring[q->first];
	q->first = (q->first + 1) % SMS_EVENTS;
	q->n--;
	return true;
}

bool
sms_events_have_room(const struct sms_events *q)
{
	return q->n + SMS_EVENTS_FREE <= SMS_EVENTS;
}

unsigned
sms_events_waiting(const struct sms_events *q, enum sms_event_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < q->n; i++)
		n += q->ring[(q->first + i) % SMS_EVENTS].kind == kind;
	return n;
}

void
sms_seen_mark(struct sms_seen *seen, struct sms_event *received)
{
	char all[SMS_NUMBER + SMS_TEXT_MAX + sizeof(received->stamp_s)];
	size_t n_number = strlen(received->number) + 1, n_text = strlen(received->message), n = 0;

	memcpy(all, received->number, n_number);
	n += n_number;
	memcpy(all + n, &received->stamp_s, sizeof(received->stamp_s));
	n += sizeof(received->stamp_s);
	memcpy(all + n, received->message, n_text);
	received->hash = text_hash(all, n + n_text);
	received->is_repeat = false;
	for (size_t i = 0; i < SMS_SEEN; i++)
		received->is_repeat |= seen->hashes[i] == received->hash;
	if (!received->is_repeat) {
		seen->hashes[seen->next] = received->hash;
		seen->next = (seen->next + 1) % SMS_SEEN;
	}
}

static const struct {
	const char *text, *remedy;
} states[] = {
	[SMS_STATE_CLOSED] = { "the line is closed", "" },
	[SMS_STATE_STARTING] = { "the modem is being set up", "" },
	[SMS_STATE_NO_SIM] = { "the modem has no SIM card",
		"insert one, contacts first; it is looked for every 30 s" },
	[SMS_STATE_PIN_WANTED] = { "the SIM card wants its PIN",
		"give the PIN in the bench's secrets, or switch it off on a phone" },
	[SMS_STATE_PIN_WRONG] = { "the SIM card refused its PIN, or has fewer tries left than "
				  "three; it is not tried again",
		"correct the PIN in the bench's secrets and confirm it; three wrong ones lock the "
		"card" },
	[SMS_STATE_PUK_WANTED] = { "the SIM card is locked and wants its PUK",
		"unlock it in a phone with the PUK of its contract" },
	[SMS_STATE_SIM_FAILED] = { "the SIM card does not work",
		"take it out, clean its contacts, try it in a phone" },
	[SMS_STATE_NO_PDU_MODE] = { "the modem has no PDU mode",
		"set the text mode for this modem" },
	[SMS_STATE_NOT_REGISTERED] = { "the modem has no network",
		"check antenna and place; a network may be switched off (2G, 3G)" },
	[SMS_STATE_DENIED] = { "the network refuses the SIM card",
		"check its contract, and that it may send messages" },
	[SMS_STATE_ROAMING] = { "the modem is in somebody else's network, which is not allowed",
		"allow roaming for this modem, or check its antenna" },
	[SMS_STATE_READY] = { "ready", "" },
	[SMS_STATE_LOST] = { "the modem does not answer",
		"check its power and cable; it is opened again by itself" },
};

const char *
sms_state_text(enum sms_state state)
{
	return states[state].text;
}

const char *
sms_state_remedy(enum sms_state state)
{
	return states[state].remedy;
}
