/* guest.h - a question of somebody else on a wire that a running bench owns, as bytes, and what came back
 *
 *	mbc try, mbc scan --> gate: who asks --> control: may it be asked? in its turn --> wire
 *	                 <-- WIRE_GUEST_TOLD: the answer, or why there is none -- control
 *
 * One question at a time for each who asks. Nothing that the answer says becomes a value of the bench.
 */
#ifndef MSG_GUEST_H
#define MSG_GUEST_H

#include "msg/event.h"
#include "msg/wire.h"

#define GUEST_BYTES 512 /* of the longest question */
#define GUEST_ANSWER_MAX                                                                           \
	1800           /* of the longest answer: it goes as hexadecimal digits in one message */
#define GUEST_CODEC 32 /* bytes of its name with the NUL */
#define GUEST_TIMEOUT_MAX (10 * NS_PER_S)

enum guest_end {
	GUEST_ANSWERED,
	GUEST_SILENT,  /* it was asked, and nothing came that answers it */
	GUEST_LOST,    /* it was asked, and nobody knows */
	GUEST_REFUSED, /* it was not asked: why says what would have to be otherwise */
	GUEST_ENDS
};

struct guest_ask {
	uint32_t number;                 /* of the question, of who asks */
	char principal[EVENT_PRINCIPAL]; /* filled in by the gate */
	char instrument[EVENT_SUBJECT];  /* one of the bench: its wire is meant */
	char codec[GUEST_CODEC];         /* the language of the question: "modbus" */
	int64_t timeout_ns;
	bool may_write; /* confirmed: it is asked even when it is not known to change nothing */
	size_t n;
	uint8_t bytes[GUEST_BYTES];
};

struct guest_told {
	uint32_t number;
	enum guest_end end;
	int64_t reply_ns; /* on the wire, to the answer or to the end of patience */
	char why[EVENT_TEXT];
	size_t n;
	uint8_t bytes[GUEST_ANSWER_MAX];
};

/* As WIRE_GUEST_ASK and WIRE_GUEST_TOLD, head included. */
void guest_ask_write(struct buf *out, const struct guest_ask *a);
int guest_ask_read(struct guest_ask *out, struct wire_in *in, struct err *err) MUST_CHECK;
void guest_told_write(struct buf *out, const struct guest_told *t);
int guest_told_read(struct guest_told *out, struct wire_in *in, struct err *err) MUST_CHECK;

#endif
