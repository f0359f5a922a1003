/* push_reply.c - what a push service says to a message
 *
 * Sources: RFC 9110 (status, Retry-After: 10.2.3, dates: 5.6.7); the answers that the services publish: ntfy {"id"} or {"code","error"}, Gotify {"id"} or
 * {"error","errorDescription"}, Pushover {"status":1,"receipt"} or {"status":0,"errors":[]}, Telegram {"ok":true,"result":{"message_id"}} or
 * {"ok":false,"error_code","description","parameters":{"retry_after"}}, eedomus {"success":1} or {"success":0,"body":{"error_code","error_msg"}}, whose success
 * may be a text, its bytes Latin-1, and a \' in it an escape that JSON does not have.
 *
 * A status of 2xx without the words of the service is no "sent": pages to log in at guest networks answer so, too.
 */
#include "alert/push_reply.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "alert/clean.h"
#include "base/buf.h"
#include "base/text.h"

#define WAIT_MAX_S 86400

/* ---- Retry-After ---- */

static bool
number(const char *text, size_t n, int64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + text[i] - '0';
	}
	return true;
}

/* Days from 1970-01-01 to a day of the calendar (year from 1970 on). */
static int64_t
days_to(int64_t year, int64_t month, int64_t day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t y = year - 1; /* whole years before this one, counted from year 1 */
	int64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days + before[month - 1] + (is_leap && month > 2) + day - 1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" as seconds since 1970. */
static bool
date(const char *text, int64_t *out)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const char form[] = "???, 00 ??? 0000 00:00:00 GMT";
	int64_t day, year, hour, minute, second, month = 0;

	if (strlen(text) < sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] != '?' && form[i] != '0' && form[i] != text[i])
			return false;
	if (!number(text + 5, 2, &day) || !number(text + 12, 4, &year) ||
		!number(text + 17, 2, &hour) || !number(text + 20, 2, &minute) ||
		!number(text + 23, 2, &second))
		return false;
	for (int64_t i = 0; i < 12; i++)
		if (memcmp(months + 3 * i, text + 8, 3) == 0)
			month = i + 1;
	if (month == 0 || day < 1 || day > 31 || year < 1970 || hour > 23 || minute > 59 ||
		second > 60)
		return false;
	*out = days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

static int64_t
wait_of(const struct push_answer *a)
{
	const char *text = a->retry_after + strspn(a->retry_after, " \t");
	size_t digits = strspn(text, "0123456789");
	int64_t s;

	if (digits > 9)
		s = WAIT_MAX_S;
	else if (digits > 0)
		number(text, digits, &s);
	else if (date(text, &s))
		s -= a->wall_ns / NS_PER_S;
	else
		return 0;
	return MIN(MAX(s, 0), WAIT_MAX_S) * NS_PER_S;
}

/* ---- words ---- */

/* The body with Latin-1 as UTF-8 when it is no UTF-8, and \' as '. */
static void
mend(struct buf *out, const char *body, size_t n)
{
	bool is_utf8 = text_utf8(body, n) == n;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)body[i];

		if (c == '\\' && i + 1 < n && body[i + 1] == '\'')
			continue;
		if (c == '\\' && i + 1 < n) {
			buf_putc(out, '\\');
			c = (unsigned char)body[++i]; /* "\\'" is an escape and a mark */
		}
		if (c >= 0x80 && !is_utf8) {
			buf_putc(out, (char)(0xC0 | c >> 6));
			c = 0x80 | (c & 0x3F);
		}
		buf_putc(out, (char)c);
	}
}

static json_t *
parse(enum push_shape shape, const struct push_answer *a)
{
	struct buf mended = { 0 };
	json_t *root;

	if (a->n == 0 || shape == PUSH_SHAPE_WEBHOOK || shape == PUSH_SHAPE_TEXT)
		return NULL;
	if (shape == PUSH_SHAPE_EEDOMUS)
		mend(&mended, a->body, a->n);
	root = shape == PUSH_SHAPE_EEDOMUS
		       ? json_loadb(buf_text(&mended), mended.n, JSON_DISABLE_EOF_CHECK, NULL)
		       : json_loadb(a->body, a->n, JSON_DISABLE_EOF_CHECK, NULL);
	buf_done(&mended);
	if (!json_is_object(root)) {
		json_decref(root);
		return NULL;
	}
	return root;
}

/* Where each service says why. */
static const json_t *
reason(enum push_shape shape, const json_t *root)
{
	switch (shape) {
	case PUSH_SHAPE_NTFY:
		return json_object_get(root, "error");
	case PUSH_SHAPE_GOTIFY:
		return json_object_get(root, "errorDescription");
	case PUSH_SHAPE_PUSHOVER:
		return json_array_get(json_object_get(root, "errors"), 0);
	case PUSH_SHAPE_TELEGRAM:
		return json_object_get(root, "description");
	case PUSH_SHAPE_EEDOMUS:
		return json_object_get(json_object_get(root, "body"), "error_msg");
	case PUSH_SHAPE_WEBHOOK:
	case PUSH_SHAPE_TEXT:
	case PUSH_SHAPES:
		break;
	}
	return NULL;
}

/* "HTTP status 429: limit reached". Of Slack and the like the body is the reason; one of a page in HTML says nothing to people. */
static void
tell(enum push_shape shape, const struct push_answer *a, const json_t *root,
	struct alert_verdict *out)
{
	const json_t *why = reason(shape, root);
	char said[120] = "";

	if (json_is_string(why))
		clean_told(said, sizeof(said), json_string_value(why), json_string_length(why));
	else if ((shape == PUSH_SHAPE_TEXT || shape == PUSH_SHAPE_WEBHOOK) && a->n > 0 &&
		 memchr(a->body, '<', a->n) == NULL)
		clean_told(said, sizeof(said), a->body, MIN(a->n, (size_t)200));
	snprintf(out->text, sizeof(out->text), "HTTP status %ld%s%s", a->status,
		said[0] != '\0' ? ": " : "", said);
}

static void
put_remedy(struct alert_verdict *out, const char *text)
{
	snprintf(out->remedy, sizeof(out->remedy), "%s", text);
}

/* An identity as a text or a number; false when it is neither. */
static bool
take_receipt(struct alert_verdict *out, const json_t *id)
{
	if (json_is_string(id) && json_string_length(id) > 0)
		clean_told(out->receipt, sizeof(out->receipt), json_string_value(id),
			json_string_length(id));
	else if (json_is_integer(id))
		snprintf(out->receipt, sizeof(out->receipt), "%" JSON_INTEGER_FORMAT,
			json_integer_value(id));
	return out->receipt[0] != '\0';
}

/* ---- verdicts ---- */

static const char *
who_may(enum push_shape shape)
{
	static const char *const remedies[PUSH_SHAPES] = {
		[PUSH_SHAPE_NTFY] = "correct the token or password for ntfy, and look whether it "
				    "may write to the topic",
		[PUSH_SHAPE_GOTIFY] = "correct the token: it has to be one of an application, not "
				      "of a client",
		[PUSH_SHAPE_PUSHOVER] =
			"correct the token of the application and the key of the user at Pushover",
		[PUSH_SHAPE_TELEGRAM] = "correct the token of the bot, and let the receiver write "
					"to the bot first: it may not begin",
		[PUSH_SHAPE_WEBHOOK] = "look at the receiver of the webhook: it refuses us",
		[PUSH_SHAPE_TEXT] = "make the incoming webhook again, and write its new address",
		[PUSH_SHAPE_EEDOMUS] = "correct api_user and api_secret of eedomus",
	};

	return remedies[shape];
}

/* What a status says when it is the same for all of them. */
static void
judge_status(enum push_shape shape, const struct push_answer *a, struct alert_verdict *out)
{
	long s = a->status;

	out->result = ALERT_PERMANENT;
	out->is_way = (s >= 300 && s < 400) || s == 401 || s == 403 || s == 404 || s == 405;
	if (s >= 300 && s < 400) {
		put_remedy(out, "redirections are not followed; write the address that it has now");
	} else if (s == 401 || s == 403) {
		put_remedy(out, who_may(shape));
	} else if (s == 404 || s == 405) {
		put_remedy(out, shape == PUSH_SHAPE_TELEGRAM
					? who_may(shape)
					: "nothing listens at this address; correct it");
	} else if (s == 410) {
		out->is_gone = true;
		put_remedy(out, "it was taken away for good; write a new address, or take it out "
				"of the bench file");
	} else if (s == 413) {
		put_remedy(out, "the message is too large for it; shorten its text or template");
	} else if (s == 408 || s == 425 || s == 429 || s >= 500) {
		out->result = ALERT_TEMPORARY;
		out->wait_ns = wait_of(a);
		put_remedy(out, s == 429 ? "too many messages in a short time; fewer receivers of "
					   "low priorities help"
					 : "look at the service if it stays so");
	} else {
		put_remedy(out, "the service did not like the request; look at its words, the "
				"address and the receiver");
	}
}

static void
no_words(struct alert_verdict *out)
{
	out->result = ALERT_UNCERTAIN;
	snprintf(out->text, sizeof(out->text),
		"HTTP status is good, and the answer is none of this service");
	put_remedy(out, "look whether the address is right, and whether a proxy or a page to log "
			"in stands between");
}

static void
judge_pushover(const struct push_answer *a, const json_t *root, struct alert_verdict *out)
{
	const json_t *status = json_object_get(root, "status");

	if (a->status < 300 && json_is_integer(status) && json_integer_value(status) == 1) {
		out->result = ALERT_SENT;
		/* That of an emergency is asked for who took it. */
		if (!take_receipt(out, json_object_get(root, "receipt")))
			take_receipt(out, json_object_get(root, "request"));
	} else if (a->status == 429) {
		out->result = ALERT_PERMANENT; /* the month's messages are used up */
		out->is_way = true;
		put_remedy(out, "the messages of this month are used up; buy more at Pushover");
	} else if (a->status < 300 && json_is_integer(status)) {
		out->result = ALERT_PERMANENT;
		put_remedy(out, who_may(PUSH_SHAPE_PUSHOVER));
	} else if (a->status < 300) {
		no_words(out);
	} else {
		judge_status(PUSH_SHAPE_PUSHOVER, a, out);
		if (a->status == 400)
			put_remedy(out, who_may(PUSH_SHAPE_PUSHOVER));
	}
}

static void
judge_telegram(const struct push_answer *a, const json_t *root, struct alert_verdict *out)
{
	const json_t *more = json_object_get(root, "parameters");
	const json_t *wait = json_object_get(more, "retry_after");
	const json_t *moved = json_object_get(more, "migrate_to_chat_id");

	if (a->status < 300) {
		if (json_is_true(json_object_get(root, "ok")))
			out->result = ALERT_SENT;
		else
			no_words(out);
		if (out->result == ALERT_SENT)
			take_receipt(out,
				json_object_get(json_object_get(root, "result"), "message_id"));
		return;
	}
	judge_status(PUSH_SHAPE_TELEGRAM, a, out);
	if (out->result == ALERT_TEMPORARY && json_is_integer(wait) && json_integer_value(wait) > 0)
		out->wait_ns = MAX(out->wait_ns,
			(int64_t)MIN(json_integer_value(wait), WAIT_MAX_S) * NS_PER_S);
	if (json_is_integer(moved))
		snprintf(out->remedy, sizeof(out->remedy),
			"the group has a new number; write %" JSON_INTEGER_FORMAT " for the chat",
			json_integer_value(moved));
	else if (a->status == 400)
		put_remedy(out, "correct the number of the chat; the bot has to be in it");
}

/* 1, "1", true: yes; 0, "0", false: no; anything else: neither. */
static int
yes_or_no(const json_t *v)
{
	if (json_is_integer(v))
		return json_integer_value(v) == 1 ? 1 : json_integer_value(v) == 0 ? 0 : -1;
	if (json_is_boolean(v))
		return json_is_true(v);
	if (json_is_string(v))
		return strcmp(json_string_value(v), "1") == 0   ? 1
		       : strcmp(json_string_value(v), "0") == 0 ? 0
								: -1;
	return -1;
}

static void
judge_eedomus(const struct push_answer *a, const json_t *root, struct alert_verdict *out)
{
	const json_t *code = json_object_get(json_object_get(root, "body"), "error_code");
	int64_t error = 0;
	int success = yes_or_no(json_object_get(root, "success"));

	if (a->status >= 300) {
		judge_status(PUSH_SHAPE_EEDOMUS, a, out);
		return;
	}
	if (success == 1) {
		out->result = ALERT_SENT;
		return;
	}
	if (success < 0) {
		no_words(out);
		return;
	}
	if (json_is_integer(code))
		error = json_integer_value(code);
	else if (json_is_string(code) && !text_to_int(json_string_value(code), &error))
		error = 0;
	out->result = ALERT_PERMANENT;
	/* The other codes are not published. */
	put_remedy(out,
		error == 1   ? who_may(PUSH_SHAPE_EEDOMUS)
		: error == 6 ? "the peripheral does not have this value in its list; add it there, "
			       "or correct 'value'"
			     : "look at the number of the peripheral and at the value");
}

/* Teams says 200 and puts what went wrong into the body. */
static void
judge_text(const struct push_answer *a, struct alert_verdict *out)
{
	static const char failed[] = "HTTP error ";
	const char *at = a->n > 0 ? memmem(a->body, a->n, failed, sizeof(failed) - 1) : NULL;
	size_t left = at == NULL ? 0 : a->n - (size_t)(at - a->body) - (sizeof(failed) - 1);
	int64_t inner;

	out->result = ALERT_SENT;
	if (left < 3 || !number(at + sizeof(failed) - 1, 3, &inner) || inner < 400)
		return;
	out->result = inner == 429 || inner >= 500 ? ALERT_TEMPORARY : ALERT_PERMANENT;
	put_remedy(out, inner == 429 ? "too many messages in a short time"
				     : "look at the incoming webhook in Teams");
}

void
push_judge(enum push_shape shape, const struct push_answer *a, struct alert_verdict *out)
{
	json_t *root = parse(shape, a);
	bool is_good = a->status >= 200 && a->status < 300;

	memset(out, 0, sizeof(*out));
	tell(shape, a, root, out);
	switch (shape) {
	case PUSH_SHAPE_PUSHOVER:
		judge_pushover(a, root, out);
		break;
	case PUSH_SHAPE_TELEGRAM:
		judge_telegram(a, root, out);
		break;
	case PUSH_SHAPE_EEDOMUS:
		judge_eedomus(a, root, out);
		break;
	case PUSH_SHAPE_NTFY:
	case PUSH_SHAPE_GOTIFY:
		out->result = ALERT_SENT;
		if (!is_good)
			judge_status(shape, a, out);
		else if (!take_receipt(out, json_object_get(root, "id")))
			no_words(out);
		break;
	case PUSH_SHAPE_TEXT:
		if (is_good)
			judge_text(a, out);
		else
			judge_status(shape, a, out);
		break;
	case PUSH_SHAPE_WEBHOOK:
	case PUSH_SHAPES:
		out->result = ALERT_SENT;
		if (!is_good)
			judge_status(shape, a, out);
		break;
	}
	if (out->result == ALERT_SENT)
		out->text[0] = '\0';
	json_decref(root);
}
