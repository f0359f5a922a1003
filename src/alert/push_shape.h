/* push_shape.h - a message as a request over HTTP, in the shape that each service wants. Pure. */
#ifndef ALERT_PUSH_SHAPE_H
#define ALERT_PUSH_SHAPE_H

#include "alert/message.h"
#include "base/buf.h"
#include "base/err.h"

/* In the order of enum push_kind of model/image.h. */
enum push_shape {
	PUSH_SHAPE_NTFY,
	PUSH_SHAPE_GOTIFY,
	PUSH_SHAPE_PUSHOVER,
	PUSH_SHAPE_TELEGRAM,
	PUSH_SHAPE_WEBHOOK,
	PUSH_SHAPE_TEXT, /* {"text": ...}: Slack, Mattermost, Teams */
	PUSH_SHAPE_EEDOMUS,
	PUSH_SHAPES
};

/* A service and who is meant there. Texts without a value are "" or NULL. In `url` {secret} stands for the secret, as a part of the address: Slack's and Teams's
 * are secret themselves; a WEBHOOK is not signed then. */
struct push_target {
	enum push_shape shape;
	const char *
		url; /* "https://ntfy.lab"; PUSHOVER and TELEGRAM: "" for the service itself; WEBHOOK and TEXT: all of it;
			    EEDOMUS: "http://192.168.1.20" or "https://api.eedomus.com" */
	const char *
		to; /* NTFY: topic; PUSHOVER: key of a user or group; TELEGRAM: number or @name of a chat; EEDOMUS: number of the peripheral */
	const char *user;   /* EEDOMUS: api_user; NTFY: with it, `secret` is its password */
	const char *secret; /* token of the application or bot, key of the signature, api_secret */
	const char *template; /* WEBHOOK: its body, with {placeholders} */
	const char *value,
		*value_over; /* EEDOMUS: what is set when something is raised, and when it is over */
};

struct push_request {
	const char *method; /* "POST", "GET" */
	struct buf url;
	struct buf headers; /* "Name: value", each with a NUL */
	struct buf body;
};

/* Shape the request; wall_ns: now, for a signature. 0; 1 when this service is told nothing of this message; ERR_CONF: what is wrong with the target. *out is
 * zeroed or used before; push_request_done() wipes it in any case, since secrets stand in it. */
int push_shape(struct push_request *out, const struct push_target *t, const struct alert_message *m,
	int64_t wall_ns, struct err *err) MUST_CHECK;
void push_request_done(struct push_request *r);

#endif
