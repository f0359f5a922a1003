/* sms_event.h - what a way of short messages tells of itself and of the messages it was given; and a queue of that
 *
 * The same for a modem on a serial line (modem.h) and for a gateway over a socket (sms_socket.h). Pure.
 */
#ifndef ALERT_SMS_EVENT_H
#define ALERT_SMS_EVENT_H

#include "alert/sms_parts.h"

#define SMS_EVENTS 16
#define SMS_EVENTS_FREE                                                                            \
	6 /* no new work is begun with fewer free places: what was begun can always be told */

enum sms_event_kind {
	SMS_EVENT_SENT,          /* ticket, parts, references: all of it is with the network */
	SMS_EVENT_DELIVERED,     /* ticket: all of it is on the phone */
	SMS_EVENT_NOT_DELIVERED, /* ticket, code: the network has given up what SENT told */
	SMS_EVENT_DELAYED,       /* ticket, code: refused for now; it is tried again by itself */
	SMS_EVENT_FAILED,        /* ticket, is_permanent, code, parts_sent: over */
	SMS_EVENT_UNCERTAIN, /* ticket, parts_sent: it may have gone or not; it is not sent again */
	SMS_EVENT_RECEIVED,  /* number, message, stamp, hash */
	SMS_EVENT_STATE,     /* state */
	SMS_EVENT_SIGNAL,    /* signal */
	SMS_EVENT_NOTE       /* something that somebody should know: text, remedy */
};

enum sms_state {
	SMS_STATE_CLOSED,
	SMS_STATE_STARTING,
	SMS_STATE_NO_SIM,
	SMS_STATE_PIN_WANTED,
	SMS_STATE_PIN_WRONG, /* the caller keeps this over its own end: modem_options.is_pin_barred */
	SMS_STATE_PUK_WANTED,
	SMS_STATE_SIM_FAILED,
	SMS_STATE_NO_PDU_MODE,
	SMS_STATE_NOT_REGISTERED,
	SMS_STATE_DENIED,
	SMS_STATE_ROAMING, /* registered with somebody else's network, which is not wanted */
	SMS_STATE_READY,
	SMS_STATE_LOST /* it answers no more: to be closed and opened again */
};

struct sms_event {
	enum sms_event_kind kind;
	uint64_t ticket;
	unsigned parts, parts_sent;
	int16_t references[SMS_PARTS_MAX]; /* of the parts; -1: not told */
	bool is_permanent;
	int code;         /* of +CMS ERROR, +CME ERROR or a report; -1 none */
	char text[120];   /* what happened: one line, lower case */
	char remedy[120]; /* what somebody can do; empty: nothing */
	enum sms_state state;
	bool has_signal;
	int signal_dbm;
	char number[SMS_NUMBER]; /* who sent it; may be forged */
	bool is_name;            /* who sent it cannot be answered */
	bool is_piece;           /* of a text with too many parts */
	bool is_repeat;          /* the same hash was told before, and is remembered */
	int64_t stamp_s;         /* of the network's centre: Unix seconds; 0: it had none */
	uint64_t hash;           /* of number, stamp and message: equal when the same comes twice */
	char message[SMS_TEXT_MAX];
};

struct sms_events {
	struct sms_event ring[SMS_EVENTS];
	unsigned first, n;
	uint64_t lost; /* that had no place */
};

/* A new event at the end, all 0 but `code`, which is -1. When the queue is full the last one is lost, and counted. */
struct sms_event *sms_events_add(struct sms_events *q, enum sms_event_kind kind);

/* Take the oldest; false when there is none. */
bool sms_events_take(struct sms_events *q, struct sms_event *out);

/* May something be begun that will have to be told? */
bool sms_events_have_room(const struct sms_events *q);

/* How many of a kind wait to be taken. */
unsigned sms_events_waiting(const struct sms_events *q, enum sms_event_kind kind);

/* Hash and repeats of what was received: the last SMS_SEEN are remembered. */
#define SMS_SEEN 32
struct sms_seen {
	uint64_t hashes[SMS_SEEN];
	unsigned next;
};
void sms_seen_mark(struct sms_seen *seen, struct sms_event *received);

/* In English: what a state is, and what to do about it ("": nothing). */
const char *sms_state_text(enum sms_state state);
const char *sms_state_remedy(enum sms_state state);

#endif
