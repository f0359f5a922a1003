/* push_body.h - the bodies of webhooks: the usual one, and one of a template. Pure.
 *
 *	{id} {notice} {event} {alarm} {priority} {value} {limit} {unit} {time} {bench} {site} {seq} {subject} {text} {page} {language}
 *
 * In a template each stands for its value with the escapes of JSON, without quotation marks: "text": "{subject}: {text}". {value} and {limit} are a number or
 * null, {seq} a number. Braces of JSON are no placeholders: those are small letters and '_' between braces.
 */
#ifndef ALERT_PUSH_BODY_H
#define ALERT_PUSH_BODY_H

#include "alert/message.h"
#include "base/buf.h"
#include "base/err.h"

/* "bench-notice-id": the same in a repetition, for Idempotency-Key. */
void push_body_key(struct buf *out, const struct alert_message *m);

void push_body_usual(struct buf *out, const struct alert_message *m);
void push_body_template(struct buf *out, const char *template, const struct alert_message *m);

/* Is each placeholder known? ERR_CONF names the first one that is not, and those that are. */
int push_template_check(const char *template, struct err *err) MUST_CHECK;

/* "low", "raised" */
const char *push_priority_word(unsigned priority);
const char *push_what_word(unsigned what);

#endif
