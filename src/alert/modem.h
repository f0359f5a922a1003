/* modem.h - a GSM or LTE modem on a serial line, by AT commands: short messages out and in
 *
 * Pure: bytes and times come in, bytes and a time to wake up go out; whoever calls has the line (115200 8N1, no flow control needed),
 * a clock that never goes back, and the choice of when to open it again.
 *
 *	opened -> modem_opened          bytes came -> modem_bytes       then, and at its wake-up time: modem_run, whose bytes are written
 *	closed -> modem_closed          modem_event until false, after each of them
 *
 * A message whose fate is not known (the modem was reset, or did not answer, after the end of its text) is told as uncertain and never
 * sent again from here. What was received is deleted in the modem only after modem_event has handed it over, so a death in between
 * loses nothing but parts of long messages that wait for others; what comes twice has the same hash.
 */
#ifndef ALERT_MODEM_H
#define ALERT_MODEM_H

#include "alert/sms_event.h"

#define MODEM_QUEUE 8    /* messages that wait to be sent */
#define MODEM_REPORTS 16 /* messages sent whose reports have not come; the oldest goes */
#define MODEM_ITEMS                                                                                \
	32 /* messages in the modem's store that are to be read or deleted; more are found later */
#define MODEM_LINE 720 /* of its answers; what is longer is cut */
#define MODEM_OUT 1024
#define MODEM_PIN 9

struct modem_options {
	char pin[MODEM_PIN]; /* "": none is given */
	bool is_pin_barred;  /* it was refused before: it is not tried again (modem_pin) */
	bool is_text_mode; /* for modems without PDU mode: no long messages, parts are numbered instead */
	bool no_reports;
	bool no_roaming;
	char store[4];           /* "SM", "ME", "MT"; "": SM, else ME */
	char centre[SMS_NUMBER]; /* the network's message centre; "": that of the card */
	uint32_t validity_min;   /* how long the network tries; 0: a day */
	unsigned parts_max;      /* sms_split */
	bool is_like;            /* sms_split */
	uint8_t reference; /* sms_split: of the first long message; by chance, so that a restart does not use it again */
	uint32_t poll_s; /* between looks at the store, at registration and signal; 0: 60 */
};

struct modem_order { /* a message that waits, or is under way */
	bool is_used;
	uint64_t ticket;
	char number[SMS_NUMBER];
	int64_t until_ns;   /* not begun after this */
	int64_t not_before; /* after a refusal */
	uint64_t order;     /* as they came */
	unsigned tries;     /* refusals of this part */
	unsigned at;        /* the part that is next */
	int16_t references[SMS_PARTS_MAX];
	struct sms_parts parts;
};

struct modem_report { /* sent, with reports to come */
	bool is_used;
	uint64_t ticket;
	int64_t sent_ns;
	char number[SMS_NUMBER];
	unsigned n, got;
	int16_t references[SMS_PARTS_MAX]; /* -1: it has come */
};

struct modem_item { /* in the store */
	char store[4];
	uint16_t index;
	bool is_done; /* read, or not to be read: delete it */
	bool is_item; /* else only the store matters */
	uint8_t tries;
};

enum modem_phase { MODEM_CLOSED, MODEM_PROBING, MODEM_STARTING, MODEM_RUNNING, MODEM_LOST };

/* What was asked, and is not answered yet; MODEM_IDLE: nothing. Those of the start sequence first, in its order. */
enum modem_step {
	MODEM_ECHO,
	MODEM_ERRORS,
	MODEM_MODEL,
	MODEM_CARD,
	MODEM_TRIES,
	MODEM_UNLOCK,
	MODEM_MODE,
	MODEM_CHARSET,
	MODEM_SERVICE,
	MODEM_CENTRE,
	MODEM_STORE,
	MODEM_TELL,
	MODEM_TELL_NET,
	MODEM_TELL_LTE,
	MODEM_STARTED, /* none: the sequence is over */
	MODEM_IDLE,
	MODEM_HELLO,
	MODEM_RESET,
	MODEM_ABORT,
	MODEM_NET,
	MODEM_LTE,
	MODEM_SIGNAL,
	MODEM_SELECT,
	MODEM_LIST,
	MODEM_READ,
	MODEM_DELETE,
	MODEM_SEND_MODE,
	MODEM_SEND_FORM,
	MODEM_PROMPT,
	MODEM_SUBMIT
};

struct modem {
	struct modem_options o;
	enum modem_phase phase;
	enum sms_state state;
	enum modem_step step;
	int64_t deadline_ns; /* of the step */
	int64_t deaf_ns;     /* lines are not looked at before */
	int64_t quiet_ns;    /* nothing is asked before */
	unsigned probes;     /* AT without an answer */
	bool was_reset; /* AT+CFUN was tried since it was opened, and it has not answered since */

	enum modem_step start_at;
	unsigned start_tries; /* of this step, where it may be tried again or otherwise */
	uint32_t skipped;     /* bits of steps that were never answered */
	char model[40];
	char card[24];                  /* the word it said of its card */
	int tries_left;                 /* of its PIN; -1 not told */
	bool is_pin_wrong, is_pin_good; /* told by the card */
	bool was_pin_tried;             /* since it was opened, and no answer said how */
	bool is_pin_sure;  /* somebody says so: tried although the card has few tries left */
	bool wants_begin;  /* as soon as nothing is under way */
	bool has_echo;     /* although it was switched off */
	bool has_answered; /* a line of data to what was asked */
	bool saw_prompt;   /* '>' that nobody had asked for */
	bool is_ucs2;      /* strings in text mode are hex of UTF-16 */
	char store[4];     /* that of ours */
	char selected[4];  /* that which is selected now */
	unsigned form;     /* of commands that makers write differently: which is tried */

	int net, lte;  /* last told; -1 not */
	bool has_wish; /* look at registration, but not before wish_ns */
	int64_t wish_ns;
	int64_t net_ns, signal_ns, list_ns; /* when next */
	bool has_signal;
	int signal_dbm;
	bool is_full, is_full_told;
	bool has_more;   /* in the store than `items` has room for */
	bool is_counted; /* the store was selected for the list that comes next */
	bool is_all_hex; /* its name of all messages, too */

	struct modem_order orders[MODEM_QUEUE];
	uint64_t n_orders;
	int sending; /* place in orders; -1 */
	uint8_t reference;
	int16_t told_reference; /* of the part under way; -1 not yet */
	bool is_end_out;        /* the end of its text was handed over to be written */
	struct modem_report reports[MODEM_REPORTS];

	struct modem_item items[MODEM_ITEMS];
	unsigned n_items;
	struct modem_item reading; /* the one under way */
	int want_length; /* of the TPDU that the next line of hex is, as its head told; -1 not told */
	enum {
		MODEM_WANT_NONE,
		MODEM_WANT_READ,
		MODEM_WANT_URC
	} want;                /* whose line of hex, or of text, comes next */
	struct sms_event head; /* in text mode: what the line before the text told */
	bool has_head, is_head_own;
	bool is_bad; /* what was read is no message */

	char line[MODEM_LINE];
	size_t n_line;
	char out[MODEM_OUT];
	size_t n_out;
	bool is_handed; /* `out` was given to be written */

	struct sms_events events;
	struct sms_collect collect;
	struct sms_seen seen;
	uint64_t dropped; /* messages that could not be understood */
};

struct modem_out {
	const char *bytes; /* to be written, whole, before modem_run is called again */
	size_t n;
	int64_t wake_ns; /* when to call modem_run again, if nothing happens before */
	bool is_lost;    /* close the line and open it again, after a while: 10 s, 1 min, 5 min */
};

void modem_init(struct modem *m, const struct modem_options *o);

/* The line is open; it was closed, or is gone. */
void modem_opened(struct modem *m, int64_t now_ns);
void modem_closed(struct modem *m, int64_t now_ns);

/* Bytes have come, in pieces of any size. */
void modem_bytes(struct modem *m, int64_t now_ns, const void *in, size_t n);

/* What is to be written now. */
void modem_run(struct modem *m, int64_t now_ns, struct modem_out *out);

/* Take a message to be sent, whether the modem is there or not; until_ns: not begun later. A text of which nothing remains, and a
 * number that is none: ERR_CONF; a full queue: ERR_REFUSED. */
int modem_send(struct modem *m, int64_t now_ns, int64_t until_ns, uint64_t ticket,
	const char *number, const char *text, struct err *err) MUST_CHECK;

/* It need not be sent any more. False when the modem has begun it, or it is not here. */
bool modem_cancel(struct modem *m, uint64_t ticket);

/* Another PIN, or the same one, that somebody says is right: one try. */
void modem_pin(struct modem *m, int64_t now_ns, const char *pin);

/* The next event; false when there is none. What was received may be deleted in the modem from the next modem_run on: bring it to where
 * it lasts before. With many events not taken, nothing new is begun. */
bool modem_event(struct modem *m, struct sms_event *out);

#endif
