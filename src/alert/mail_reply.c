/* mail_reply.c - what a mail server says to a message
 *
 * Sources: RFC 5321, 4.2 (replies), RFC 4954, 6 (those of AUTH: 454, 534, 535, 538), RFC 3207 (STARTTLS). 4xx is for now, 5xx for good.
 *
 * A reply counts when the transfer ended by it. When it ended because the connection broke or nothing came, the last reply was to an earlier command: to
 * a message that was written whole there is none then, and it may be on its way.
 */
#include "alert/mail_reply.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "alert/clean.h"
#include "alert/curl_reply.h"

static const char *
remedy_of(long reply)
{
	switch (reply) {
	case 530:
	case 534:
	case 535:
	case 538:
		return "correct user and password of 'mail'; some providers want a password made "
		       "for programs (app password)";
	case 421:
	case 451:
	case 454:
		return "the server is busy or asks to come again; nothing is to be done unless it "
		       "stays so";
	case 450:
	case 550:
	case 551:
	case 553:
		return "look at the addresses of sender and receiver, and whether this server "
		       "takes mail from the bench";
	case 452:
	case 552:
		return "the mailbox or the server is full, or the mail too large";
	case 554:
		return "the server refused the mail as a whole; ask who runs it, with these words";
	default:
		return reply >= 500 ? "ask who runs the mail server, with these words" : "";
	}
}

/* "250 2.0.0 Ok: queued as 4F1A" is what its log is searched for. */
static void
take_receipt(const struct mail_end *e, struct alert_verdict *out)
{
	size_t n = MIN(e->n, (size_t)4);

	out->result = ALERT_SENT;
	if (e->reply == 250 && e->line != NULL && e->n > n)
		clean_told(out->receipt, sizeof(out->receipt), e->line + n, e->n - n);
}

void
mail_judge(const struct mail_end *e, struct alert_verdict *out)
{
	static const char lead[] = "the mail server says ";

	memset(out, 0, sizeof(*out));
	if (e->code == CURLE_OK) {
		take_receipt(e, out);
		return;
	}
	if (e->reply < 400 || e->reply > 599 || curl_is_network(e->code)) {
		curl_judge(e->code, e->is_out, e->words, out);
		return;
	}
	out->result = e->reply < 500 ? ALERT_TEMPORARY : ALERT_PERMANENT;
	out->is_way = e->reply == 530 || e->reply == 534 || e->reply == 535 || e->reply == 538;
	snprintf(out->remedy, sizeof(out->remedy), "%s", remedy_of(e->reply));
	memcpy(out->text, lead, sizeof(lead));
	if (e->line != NULL && e->n > 0)
		clean_told(out->text + sizeof(lead) - 1, sizeof(out->text) - sizeof(lead) + 1,
			e->line, e->n);
	else
		snprintf(out->text, sizeof(out->text), "%s%ld", lead, e->reply);
}
