/* command.h - what a person or a program may ask of the controller, and what became of it
 *
 *	command line, data server --> gate: who asks, may they, is it a repeat --> control: is it allowed now, do it
 *	                              gate <-- WIRE_VERDICT pending, then the final one -- control
 *
 * A command has the id of who asked: the same id again is the same command, and is answered with what became of it. It is done
 * at the next tick, or refused as a whole; nothing is half done.
 */
#ifndef MSG_COMMAND_H
#define MSG_COMMAND_H

#include "msg/event.h"
#include "msg/wire.h"

#define COMMAND_ID 41 /* bytes with the NUL: letters, digits, '-', '_', at most 40 */
#define COMMAND_VALUE 64
#define COMMAND_VALUES                                                                             \
	2900 /* bytes of all that is told at START, with the NUL: it fits in a message */
#define COMMAND_TOLD 200 /* of one of them: a list may be long */
#define VERDICT_TEXT 1000
#define COMMAND_TOKEN 129 /* of what a program proves itself with */
#define COMMANDS_KEPT 256 /* whose verdicts are remembered */

enum command_kind {
	COMMAND_SET, /* subject: an output; value: "120", "120 degC", "open", "toggle"; ramp, is_clamped, is_confirmed */
	COMMAND_MODE, /* subject: an output, or "" for the bench; value: "manual", "automatic" */
	COMMAND_SAFE, /* subject: a safe state, or "" for the one of on_stop */
	COMMAND_TRIP_RESET, /* subject: a trip; text: a comment */
	COMMAND_BYPASS,     /* subject: a trip or interlock; span; text: the reason */
	COMMAND_BYPASS_END, /* subject */
	COMMAND_ALARM_ACK, /* subject: an alarm, or "" for all; seen: the newest event that the person saw */
	COMMAND_ALARM_SHELVE, /* subject; span; text: the reason */
	COMMAND_ALARM_UNSHELVE,
	COMMAND_ALARM_RESET, /* subject: a latched one that is clear and acknowledged */
	COMMAND_ALARM_OUT,   /* out of service; text: the reason */
	COMMAND_ALARM_IN,
	COMMAND_SILENCE, /* horn off until the next alarm */
	COMMAND_RELEASE, /* subject: a safe state that is held: outputs go back to manual at their safe values */
	COMMAND_PLAN, /* the bench will be stopped and started again within `span`: outputs stay, and it goes on */
	COMMAND_RESTORE, /* value: "continue": what was made safe by an outage comes back, as it was */
	/* The sequence under test. What is asked at START is told with it, or before, one by one, by the same principal. */
	COMMAND_SEQ_PREPARE,     /* subject: a sequence; what was told before is forgotten */
	COMMAND_SEQ_ANSWER_FORM, /* subject: a parameter or a field; value */
	COMMAND_SEQ_START, /* subject: the same sequence; or any, and is_whole: what it is told are `values`, and no others */
	COMMAND_SEQ_PAUSE,
	COMMAND_SEQ_SAFE_PAUSE, /* outputs take their safe values */
	COMMAND_SEQ_RESUME,     /* step, hold */
	COMMAND_SEQ_SKIP,       /* step */
	COMMAND_SEQ_GOTO, /* value: number of a step; is_confirmed: although outputs differ; step: that it leaves */
	COMMAND_SEQ_ABORT,
	COMMAND_SEQ_REPLY, /* value: the answer to what it asks; question */
	/* Who holds the bench: the gate does these itself. */
	COMMAND_TAKE, /* is_confirmed: although somebody else holds it; then text: the reason */
	COMMAND_HAND_OVER, /* value: to whom, "": to nobody */
	COMMAND_KINDS
};

enum verdict {
	VERDICT_PENDING,
	VERDICT_VERIFIED, /* written and read back, or done where nothing is written */
	VERDICT_ACCEPTED, /* the device acknowledged; it offers no reading back */
	VERDICT_REFUSED,  /* nothing was done */
	VERDICT_FAILED,   /* the device did not take it, or it was overtaken */
	VERDICT_UNKNOWN,  /* nobody knows what the device holds */
	VERDICTS
};

struct command {
	char id[COMMAND_ID];
	enum command_kind kind;
	char principal[EVENT_PRINCIPAL]; /* "root", "token:lims" */
	char subject[EVENT_SUBJECT];
	char value[COMMAND_VALUE];
	char text[EVENT_TEXT];
	double ramp_per_min; /* NaN: the output's own; in its unit */
	int64_t span_ns;     /* bypass, shelve; 0: not said */
	int64_t expires_ns;  /* CLOCK_BOOTTIME: it is refused later; 0: never */
	uint64_t seen;
	/* What was looked at when it was asked; 0: not said. Where it is not so any more the command is refused. */
	uint64_t step;               /* "sequence.step_id" */
	uint64_t hold;               /* "sequence.hold_id" */
	uint64_t question;           /* "sequence.question_id" */
	uint64_t config;             /* image.hash of the bench that was shown */
	char values[COMMAND_VALUES]; /* is_whole: lines "NAME=VALUE", each with its end */
	bool is_whole;
	bool is_clamped, is_confirmed;
	bool is_person; /* a named one at page or command line, not a token, rule or gateway */
};

struct verdict_told {
	char id[COMMAND_ID];
	enum verdict verdict;
	uint64_t event;          /* of the command; 0: none was recorded */
	char text[VERDICT_TEXT]; /* why, and what to do */
};

const char *command_kind_text(enum command_kind kind); /* "set", "alarm_ack" */
const char *verdict_text(enum verdict verdict);        /* "pending", "verified" */
bool command_id_is_good(const char *id);

/* The next line of `values`, behind *at (0 at first): its name and value, cut to their rooms. False: there is none any more. *out_is_good: it has the form
 * of one, and was not cut. */
bool command_next_value(const struct command *c, size_t *at, char name[EVENT_SUBJECT],
	char value[COMMAND_TOLD], bool *out_is_good);
/* Put one more there; false: it does not fit, or is none. */
bool command_add_value(struct command *c, const char *name, const char *value);

/* As fields of a WIRE_COMMAND or WIRE_VERDICT, head included. */
void command_write(struct buf *out, const struct command *c);
int command_read(struct command *out, struct wire_in *in, struct err *err) MUST_CHECK;
void verdict_write(struct buf *out, const struct verdict_told *v);
int verdict_read(struct verdict_told *out, struct wire_in *in, struct err *err) MUST_CHECK;

#endif
