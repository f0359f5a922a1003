/* sms_command.h - what somebody asks by short message
 *
 *	/status          /iostatus          /value NAME          /ack NAME          /safe          /output NAME=VALUE ..
 *	/output pw=P r1=0 rly2=1 relay3=1          as CalAmp's modems have it: 0 connects to ground, 1 is open
 *
 * The word and `pw=`, `code=` and relays take any case; names, values and passwords do not. Anywhere behind the word: `pw=P`, and a
 * one-time code as `code=123456` or alone. Who may ask, and whether it is done, is decided elsewhere: here is only what was said. A
 * message with one word that is not understood is refused as a whole. Pure.
 */
#ifndef ALERT_SMS_COMMAND_H
#define ALERT_SMS_COMMAND_H

#include "base/defs.h"

#define SMS_COMMAND_NAME 64 /* of a channel or an alarm, with its NUL */
#define SMS_COMMAND_VALUE 32
#define SMS_COMMAND_SECRET 40
#define SMS_COMMAND_CODE 9
#define SMS_COMMAND_OUTPUTS 8
#define SMS_COMMAND_RELAY_MAX 64

enum sms_command_kind {
	SMS_COMMAND_STATUS,
	SMS_COMMAND_IOSTATUS,
	SMS_COMMAND_VALUE_OF,
	SMS_COMMAND_ACK,
	SMS_COMMAND_SAFE,
	SMS_COMMAND_OUTPUT
};

enum sms_refusal {
	SMS_COMMAND_GOOD,
	SMS_COMMAND_NONE,     /* it does not begin with '/': no command, and no answer */
	SMS_COMMAND_UNKNOWN,  /* no such word */
	SMS_COMMAND_NOT_HERE, /* the modem's own, which is not offered: /reset, tunnels */
	SMS_COMMAND_WANTS_NAME,
	SMS_COMMAND_WANTS_OUTPUT, /* NAME=VALUE */
	SMS_COMMAND_BAD_WORD,     /* one that is not understood, or too many */
	SMS_COMMAND_BAD_RELAY,    /* no number from 1, or neither 0 nor 1 */
	SMS_COMMAND_TWICE,        /* the same output, password or code */
	SMS_COMMAND_TOO_MANY,     /* outputs */
	SMS_COMMAND_TOO_LONG      /* a name, a value, a password */
};

struct sms_command_output {
	bool is_relay;
	unsigned relay; /* from 1 */
	bool is_open;   /* 1: open; 0: connected to ground, which is "on" */
	char name[SMS_COMMAND_NAME];
	char value[SMS_COMMAND_VALUE];
};

struct sms_command {
	enum sms_command_kind kind;
	char name[SMS_COMMAND_NAME];       /* of VALUE_OF and ACK */
	char password[SMS_COMMAND_SECRET]; /* "": none */
	char code[SMS_COMMAND_CODE];       /* 6 to 8 digits; "": none */
	unsigned n;
	struct sms_command_output outputs[SMS_COMMAND_OUTPUTS];
};

/* What was asked; `out` is only written when it is SMS_COMMAND_GOOD. */
enum sms_refusal sms_command_take(const char *text, struct sms_command *out);

/* In English, one line without the text itself, which may hold a password; SMS_COMMAND_GOOD and _NONE: "". */
const char *sms_command_refusal(enum sms_refusal refusal);

#endif
