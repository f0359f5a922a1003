/* message.h - what is handed to a way out, and what comes back */
#ifndef ALERT_MESSAGE_H
#define ALERT_MESSAGE_H

#include "base/defs.h"
#include "msg/language.h"

enum alert_what {
	ALERT_RAISED,
	ALERT_CLEARED,
	ALERT_ACKED,
	ALERT_REMINDER,
	ALERT_TEST,
	ALERT_WHATS
};

/* All texts are UTF-8 with a NUL; NULL is as good as "". They stay the caller's, and are copied where they are kept. */
struct alert_message {
	const char *subject; /* one line */
	const char *text;    /* several lines */
	const char *alarm;   /* its name; "" when it is about none */
	const char *bench;
	const char *page;  /* address of the bench's page, for a link; "" when there is none */
	unsigned priority; /* 0 low .. 3 critical: enum image_priority of model/image.h */
	enum alert_what what;
	double value; /* NAN: none */
	double limit; /* with has_limit */
	bool has_limit;
	const char *unit;
	int64_t wall_ns; /* of the message; the same in a repetition */
	uint64_t id;     /* of the message; the same in a repetition */
	uint64_t notice; /* of the alarm's occurrence, for threads of mails; 0: none */
	enum language language;
	const void *attachment; /* NULL: none; for mail */
	size_t n_attachment;
	const char *attachment_name, *attachment_type; /* "T_bed.png", "image/png" */
};

enum alert_result {
	ALERT_SENT,      /* the service has it */
	ALERT_DELIVERED, /* the receiver has it */
	ALERT_TEMPORARY, /* it is not there; the same may go through later */
	ALERT_PERMANENT, /* it is not there, and the same again would not be: by the next way, at once */
	ALERT_UNCERTAIN, /* it was handed over, and nobody said that it was taken */
	ALERT_RESULTS
};

/* The texts are one line each, without secrets. */
struct alert_verdict {
	enum alert_result result;
	bool is_way; /* PERMANENT: it is the way that is wrong, for any address: certificate, login */
	bool is_gone; /* the address is no more (HTTP 410): it is not used again before somebody has looked */
	int64_t wait_ns;  /* as the server asked for (Retry-After, at most a day); 0: it did not */
	char text[160];   /* what happened */
	char remedy[160]; /* what somebody can do about it; "" when there is nothing */
	char receipt
		[64]; /* what the service calls the message: for asking there; "" when it said nothing */
};

#endif
