/* mail_text.h - a message as a mail: RFC 5322, with CR LF. Pure. */
#ifndef ALERT_MAIL_TEXT_H
#define ALERT_MAIL_TEXT_H

#include "alert/message.h"
#include "base/buf.h"
#include "base/err.h"

#define MAIL_SUBJECT_MAX 200              /* bytes; more is cut */
#define MAIL_TEXT_MAX ((size_t)256 << 10) /* bytes; more is cut */
#define MAIL_ATTACHMENT_MAX                                                                        \
	((size_t)4 << 20) /* bytes; a larger one is left out, and the mail says so */

/* Can a mail go from or to it? "name@host" in ASCII, without quotation, of at most 254 bytes. ERR_CONF: why not, and the remedy. */
int mail_address_check(const char *address, struct err *err) MUST_CHECK;

/* Append the whole mail. The dots at the beginnings of lines are doubled by who sends it. `from` may have a name that is shown, from_name (NULL: none).
 * The same message gives the same bytes, its Message-ID too: a repetition is known as one. All mails of one notice are one thread. ERR_CONF: an address that is none. */
int mail_text(struct buf *out, const char *from, const char *from_name, const char *to,
	const struct alert_message *m, struct err *err) MUST_CHECK;

#endif
