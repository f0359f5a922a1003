/* mail_reply.h - what a mail server says to a message, and what follows from that. Pure. */
#ifndef ALERT_MAIL_REPLY_H
#define ALERT_MAIL_REPLY_H

#include "alert/message.h"

struct mail_end {
	int code;         /* CURLcode */
	long reply;       /* of SMTP, the last one; 0: none came */
	bool is_out;      /* the message had been written whole, with its end */
	const char *line; /* n bytes: the last line of the server, "550 5.1.1 no such user" */
	size_t n;
	const char *words; /* of libcurl; "" */
};

void mail_judge(const struct mail_end *end, struct alert_verdict *out);

#endif
