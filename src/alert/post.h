/* post.h - mails and push messages on their way, in the loop of the process
 *
 * Each endpoint has a queue of its own, urgent ones first, and sends one message after the other, so that a dead one delays no other. Nothing here waits: names are looked up by
 * threads of libcurl, and one that a name server holds is left behind. Limits: 5 s to connect, then 15 s for all of a push and 60 s for all of a mail.
 *
 *	post_mail() or post_push(), then for each turn of the loop: loop_step(l, MIN(post_due(p), ...)); post_step(p, now_boot());
 *
 * A message that was taken in is told of once, by post_fn, from within post_step() and nowhere else. What was being sent when this process dies, or at
 * post_free(), is not told of: whoever remembers that it was to be sent has to call it uncertain.
 */
#ifndef ALERT_POST_H
#define ALERT_POST_H

#include "alert/message.h"
#include "alert/push_shape.h"
#include "base/err.h"
#include "io/loop.h"

#define POST_ENDPOINTS_MAX 64
#define POST_QUEUE_MAX 64 /* messages that wait at one endpoint */
#define POST_CONNECT_MS 5000L
#define POST_PUSH_MS 15000L
#define POST_MAIL_MS 60000L
#define POST_WAIT_MS                                                                               \
	60000L /* one that waits longer behind others is told as TEMPORARY: there are other ways */

struct post;

/* What became of the message with this ticket. It may take in further messages. */
typedef void (*post_fn)(void *ctx, uint64_t ticket, const struct alert_verdict *verdict);

/* curl_global_init() has been called. `l` is kept. NULL: this libcurl cannot look up names without waiting, or has no TLS or SMTP (err). */
struct post *post_new(struct loop *l, post_fn done, void *ctx, struct err *err);
void post_free(struct post *p);

/* Texts without a value are "" or NULL; all are copied. */
struct post_mail_options {
	const char *url;  /* "smtp://mail.lab:587", "smtps://mail.lab:465" */
	const char *user; /* none: nobody logs in */
	const char *secret;
	const char *ca; /* file of certificates; none: those of the system */
	const char *
		hello; /* what the bench calls itself to the server; none: the name of this computer */
	const char *from_name; /* shown beside the address of the sender */
	bool is_plain; /* no TLS at all, as to a relay on this computer; then nobody logs in */
};

struct post_push_options {
	struct push_target target; /* `to` is given with each message */
	const char *
		backup_url; /* tried at once when the first address gave no answer; for EEDOMUS alone: to set a value twice does no harm */
	const char *ca;
	const char *proxy; /* "http://proxy.lab:3128"; none: none, whatever the environment says */
	int64_t gap_ns;    /* from one message to the next: Telegram and eedomus want 1 s */
};

/* The number of the endpoint, for as long as it is not retired. ERR_CONF: what is wrong with it. */
int post_add_mail(
	struct post *p, const struct post_mail_options *options, struct err *err) MUST_CHECK;
int post_add_push(
	struct post *p, const struct post_push_options *options, struct err *err) MUST_CHECK;

/* It takes nothing more, and is forgotten when its queue is empty. */
void post_retire(struct post *p, int endpoint);

/* Take a message in. ERR_CONF: it cannot be sent like this; ERR_REFUSED: too many wait there already. Then post_fn is not called for it. 1 (push alone): this
 * service is told nothing of such a message, and post_fn is not called either. */
int post_mail(struct post *p, int endpoint, const char *from, const char *to,
	const struct alert_message *m, uint64_t ticket, struct err *err) MUST_CHECK;
int post_push(struct post *p, int endpoint, const char *to, const struct alert_message *m,
	uint64_t ticket, struct err *err) MUST_CHECK;

/* Take one back that has not begun; false: it has, or is not known. post_fn is not called for it then. */
bool post_withdraw(struct post *p, uint64_t ticket);

/* When post_step() is to be called again at the latest, CLOCK_BOOTTIME; NEVER. */
int64_t post_due(const struct post *p);
void post_step(struct post *p, int64_t now_ns);

size_t post_waiting(const struct post *p); /* messages that are taken in and not told of */

#endif
