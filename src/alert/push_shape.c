/* push_shape.c - a message as a request over HTTP
 *
 * Sources: what the services publish of their interfaces (ntfy: publishing as JSON; Gotify: createMessage; Pushover: messages.json, with priority 2 that rings
 * until somebody takes it; Telegram: sendMessage; incoming webhooks of Slack, Mattermost and Teams; eedomus: set of periph.value). Limits: ntfy 4096
 * bytes; Pushover 1024 characters of text and 250 of title; Telegram 4096 UTF-16 units; Slack asks for no more than 4000 characters.
 *
 * What is over or answered rings nobody.
 */
#include "alert/push_shape.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alert/clean.h"
#include "alert/push_body.h"
#include "alert/sign.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"

#define TITLE_MAX 250
#define NTFY_MAX 4096
#define GOTIFY_MAX 4096 /* ours: it has no limit */
#define PUSHOVER_MAX 1024
#define TELEGRAM_MAX 4096
#define TEXT_MAX 4000
#define RETRY_S 60 /* Pushover: how often it rings (30 at least) */
#define EXPIRE_S                                                                                   \
	3600 /* and how long (10800 at most): by then the chain has gone on to somebody else */

struct shaping {
	struct push_request *out;
	const struct push_target *t;
	const struct alert_message *m;
	int64_t wall_ns;
	struct err *err;
};

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static bool
is_open(const struct alert_message *m)
{
	return m->what == ALERT_RAISED || m->what == ALERT_REMINDER;
}

/* ---- pieces ---- */

static void
put_percent(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		char c = *text;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			buf_putc(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

static void
put_pair(struct buf *out, const char *key, const char *value)
{
	if (out->n > 0 && out->data[out->n - 1] != '?')
		buf_putc(out, '&');
	buf_printf(out, "%s=", key);
	put_percent(out, value);
}

static void
put_head(struct shaping *s, const char *name, const char *value)
{
	buf_printf(&s->out->headers, "%s: %s", name, value);
	buf_putc(&s->out->headers, '\0');
}

/* The title, cut. */
static void
put_title(struct buf *out, const struct alert_message *m)
{
	size_t from = out->n;

	clean_line(out, m->subject);
	if (out->n == from)
		clean_line(out, m->alarm);
	if (out->n == from)
		clean_line(out, m->bench);
	clean_cut(out, from, TITLE_MAX, CLEAN_CHARACTERS);
}

/* Services refuse a message without a text: then it is the title once more. */
static void
put_text(struct buf *out, const struct alert_message *m, size_t max, enum clean_unit unit)
{
	size_t from = out->n;

	clean_text(out, m->text);
	if (out->n == from)
		put_title(out, m);
	if (out->n == from)
		buf_puts(out, "mbc");
	clean_cut(out, from, max, unit);
}

/* Title and text in one, for services that know no title. */
static void
put_both(struct buf *out, const struct alert_message *m, size_t max, enum clean_unit unit)
{
	size_t from = out->n;

	put_title(out, m);
	if (out->n > from && or_empty(m->text)[0] != '\0')
		buf_puts(out, "\n\n");
	if (or_empty(m->text)[0] != '\0' || out->n == from)
		put_text(out, m, max, unit);
	clean_cut(out, from, max, unit);
}

/* The address without slashes at its end, the secret put in. True when it stood there. */
static bool
put_address(struct shaping *s, const char *usual)
{
	static const char mark[] = "{secret}";
	const char *url = or_empty(s->t->url)[0] != '\0' ? s->t->url : usual;
	bool has_mark = false;
	const char *at;

	while ((at = strstr(url, mark)) != NULL) {
		buf_put(&s->out->url, url, (size_t)(at - url));
		/* Services give addresses whose secret part has slashes. */
		buf_puts(&s->out->url, or_empty(s->t->secret));
		url = at + sizeof(mark) - 1;
		has_mark = true;
	}
	buf_puts(&s->out->url, url);
	return has_mark;
}

static void
strip_slashes(struct buf *url)
{
	while (url->n > 0 && url->data[url->n - 1] == '/')
		url->n--;
}

static int
want(struct shaping *s, const char *text, const char *what)
{
	if (or_empty(text)[0] != '\0')
		return 0;
	return err_set(s->err, ERR_CONF, 0, "%s is missing; write it in the bench file", what);
}

static void
begin_json(struct shaping *s, struct json *j)
{
	put_head(s, "Content-Type", "application/json");
	json_open(j, &s->out->body);
	json_object(j, NULL);
}

/* ---- services ---- */

static int
shape_ntfy(struct shaping *s)
{
	static const int priorities[] = { 2, 3, 4, 5 };
	const struct alert_message *m = s->m;
	struct buf piece = { 0 }, head = { 0 };
	struct json j;
	const char *tag = m->what == ALERT_CLEARED ? "white_check_mark"
			  : m->what == ALERT_ACKED ? "ok_hand"
			  : m->what == ALERT_TEST  ? "test_tube"
			  : m->priority >= 2       ? "rotating_light"
						   : "warning";

	if (want(s, s->t->to, "the topic at ntfy") < 0 ||
		want(s, s->t->url, "the address of ntfy") < 0)
		return ERR_CONF;
	put_address(s, "");
	strip_slashes(&s->out->url);
	buf_putc(&s->out->url, '/');
	begin_json(s, &j);
	json_text(&j, "topic", s->t->to);
	put_title(&piece, m);
	json_text(&j, "title", buf_text(&piece));
	buf_clear(&piece);
	put_text(&piece, m, NTFY_MAX, CLEAN_BYTES);
	json_text(&j, "message", buf_text(&piece));
	json_int(&j, "priority", is_open(m) ? priorities[MIN(m->priority, 3u)] : 3);
	json_array(&j, "tags");
	json_text(&j, NULL, tag);
	json_end(&j);
	buf_clear(&piece);
	clean_line(&piece, m->page);
	if (piece.n > 0)
		json_text(&j, "click", buf_text(&piece));
	json_end(&j);
	if (or_empty(s->t->user)[0] != '\0') {
		char code[SECRET_BASE64(2 * SECRET_MAX)];

		buf_clear(&piece);
		buf_printf(&piece, "%.900s:%.1000s", s->t->user, or_empty(s->t->secret));
		secret_base64(piece.data, piece.n, code);
		buf_printf(&head, "Basic %s", code);
		explicit_bzero(code, sizeof(code));
	} else if (or_empty(s->t->secret)[0] != '\0') {
		buf_printf(&head, "Bearer %s", s->t->secret);
	}
	if (head.n > 0) {
		put_head(s, "Authorization", buf_text(&head));
		explicit_bzero(head.data, head.n);
	}
	if (piece.n > 0)
		explicit_bzero(piece.data, piece.n);
	buf_done(&head);
	buf_done(&piece);
	return 0;
}

static int
shape_gotify(struct shaping *s)
{
	static const int priorities[] = { 2, 5, 8, 10 };
	const struct alert_message *m = s->m;
	struct buf piece = { 0 };
	struct json j;

	if (want(s, s->t->secret, "the token of the application at Gotify") < 0 ||
		want(s, s->t->url, "the address of Gotify") < 0)
		return ERR_CONF;
	put_address(s, "");
	strip_slashes(&s->out->url);
	buf_puts(&s->out->url, "/message");
	put_head(s, "X-Gotify-Key", s->t->secret);
	begin_json(s, &j);
	put_title(&piece, m);
	json_text(&j, "title", buf_text(&piece));
	buf_clear(&piece);
	put_text(&piece, m, GOTIFY_MAX, CLEAN_BYTES);
	json_text(&j, "message", buf_text(&piece));
	json_int(&j, "priority", is_open(m) ? priorities[MIN(m->priority, 3u)] : 4);
	json_object(&j, "extras");
	json_object(&j, "client::display");
	json_text(&j, "contentType", "text/plain");
	json_end(&j);
	buf_clear(&piece);
	clean_line(&piece, m->page);
	if (piece.n > 0) {
		json_object(&j, "client::notification");
		json_object(&j, "click");
		json_text(&j, "url", buf_text(&piece));
		json_end(&j);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	buf_done(&piece);
	return 0;
}

static int
shape_pushover(struct shaping *s)
{
	static const char *const priorities[] = { "-1", "0", "1", "2" };
	const struct alert_message *m = s->m;
	struct buf *body = &s->out->body, piece = { 0 };
	char number[32];
	bool is_emergency = is_open(m) && m->priority >= 3;

	if (want(s, s->t->secret, "the token of the application at Pushover") < 0 ||
		want(s, s->t->to, "the key of the user or group at Pushover") < 0)
		return ERR_CONF;
	put_address(s, "https://api.pushover.net");
	strip_slashes(&s->out->url);
	buf_puts(&s->out->url, "/1/messages.json");
	put_head(s, "Content-Type", "application/x-www-form-urlencoded");
	put_pair(body, "token", s->t->secret);
	put_pair(body, "user", s->t->to);
	put_title(&piece, m);
	put_pair(body, "title", buf_text(&piece));
	buf_clear(&piece);
	put_text(&piece, m, PUSHOVER_MAX, CLEAN_CHARACTERS);
	put_pair(body, "message", buf_text(&piece));
	put_pair(body, "priority",
		is_open(m)              ? priorities[MIN(m->priority, 3u)]
		: m->what == ALERT_TEST ? "0"
					: "-1");
	if (is_emergency)
		buf_printf(body, "&retry=%d&expire=%d", RETRY_S, EXPIRE_S);
	number[text_from_double(number, (double)(m->wall_ns / NS_PER_S))] = '\0';
	put_pair(body, "timestamp", number);
	buf_clear(&piece);
	clean_line(&piece, m->page);
	if (piece.n > 0 && piece.n <= 512)
		put_pair(body, "url", buf_text(&piece));
	buf_done(&piece);
	return 0;
}

static int
shape_telegram(struct shaping *s)
{
	const struct alert_message *m = s->m;
	struct buf piece = { 0 };
	struct json j;
	int64_t chat;

	if (want(s, s->t->secret, "the token of the bot at Telegram") < 0 ||
		want(s, s->t->to, "the chat at Telegram") < 0)
		return ERR_CONF;
	put_address(s, "https://api.telegram.org");
	strip_slashes(&s->out->url);
	buf_puts(&s->out->url, "/bot");
	/* "4711:AAE...": its colon stands as it is. */
	for (const char *c = s->t->secret; *c != '\0'; c++) {
		char one[2] = { *c, '\0' };

		if (*c == ':')
			buf_putc(&s->out->url, ':');
		else
			put_percent(&s->out->url, one);
	}
	buf_puts(&s->out->url, "/sendMessage");
	begin_json(s, &j);
	if (text_to_int(s->t->to, &chat))
		json_int(&j, "chat_id", chat);
	else
		json_text(&j, "chat_id", s->t->to);
	put_both(&piece, m, TELEGRAM_MAX, CLEAN_UTF16);
	json_text(&j, "text", buf_text(&piece));
	json_bool(&j, "disable_notification",
		m->what != ALERT_TEST && (!is_open(m) || m->priority == 0));
	json_bool(&j, "disable_web_page_preview", true);
	json_end(&j);
	buf_done(&piece);
	return 0;
}

static int
shape_webhook(struct shaping *s)
{
	char sign[SHA256_HEX + 1];
	struct buf piece = { 0 };
	bool is_in_url;

	if (want(s, s->t->url, "the address of the webhook") < 0)
		return ERR_CONF;
	is_in_url = put_address(s, "");
	put_head(s, "Content-Type", "application/json");
	if (or_empty(s->t->template)[0] != '\0')
		push_body_template(&s->out->body, s->t->template, s->m);
	else
		push_body_usual(&s->out->body, s->m);
	push_body_key(&piece, s->m);
	put_head(s, "Idempotency-Key", buf_text(&piece));
	buf_clear(&piece);
	buf_printf(&piece, "%" PRId64, s->wall_ns / NS_PER_S);
	put_head(s, "X-Timestamp", buf_text(&piece));
	if (!is_in_url && or_empty(s->t->secret)[0] != '\0') {
		buf_putc(&piece, '.');
		sign_hex(sign, s->t->secret, strlen(s->t->secret), piece.data, piece.n,
			s->out->body.data, s->out->body.n);
		buf_clear(&piece);
		buf_printf(&piece, "sha256=%s", sign);
		put_head(s, "X-Signature", buf_text(&piece));
	}
	buf_done(&piece);
	return 0;
}

/* '<' and '&' are orders there: <!channel> calls everybody. */
static int
shape_text(struct shaping *s)
{
	struct buf both = { 0 }, safe = { 0 };
	struct json j;

	if (want(s, s->t->url, "the address of the incoming webhook") < 0)
		return ERR_CONF;
	put_address(s, "");
	begin_json(s, &j);
	put_both(&both, s->m, TEXT_MAX, CLEAN_CHARACTERS);
	for (size_t i = 0; i < both.n; i++)
		switch (both.data[i]) {
		case '&':
			buf_puts(&safe, "&amp;");
			break;
		case '<':
			buf_puts(&safe, "&lt;");
			break;
		case '>':
			buf_puts(&safe, "&gt;");
			break;
		default:
			buf_putc(&safe, both.data[i]);
		}
	json_text(&j, "text", buf_text(&safe));
	json_end(&j);
	buf_done(&both);
	buf_done(&safe);
	return 0;
}

/* The box has /api/set, the cloud /set; an address with a path is taken as it is. */
static void
put_eedomus_address(struct shaping *s)
{
	static const char cloud[] = "api.eedomus.com";
	struct buf *url = &s->out->url;
	const char *host;

	put_address(s, "");
	strip_slashes(url);
	host = strstr(buf_text(url), "://");
	host = host == NULL ? url->data : host + 3;
	if (strchr(host, '/') == NULL)
		buf_puts(url, strcmp(host, cloud) == 0 ? "/set" : "/api/set");
	buf_putc(url, '?');
}

static int
shape_eedomus(struct shaping *s)
{
	const char *value = s->m->what == ALERT_CLEARED ? s->t->value_over : s->t->value;
	struct buf *url = &s->out->url;

	if (s->m->what == ALERT_ACKED || or_empty(value)[0] == '\0')
		return 1;
	if (want(s, s->t->url, "the address of the eedomus box") < 0 ||
		want(s, s->t->to, "the number of the peripheral of eedomus") < 0)
		return ERR_CONF;
	put_eedomus_address(s);
	s->out->method = "GET";
	put_pair(url, "action", "periph.value");
	put_pair(url, "periph_id", s->t->to);
	put_pair(url, "value", value);
	/* Scripts on the box itself have none. */
	if (or_empty(s->t->user)[0] != '\0') {
		put_pair(url, "api_user", s->t->user);
		put_pair(url, "api_secret", or_empty(s->t->secret));
	}
	return 0;
}

/* ---- all of them ---- */

static int (*const shapes[PUSH_SHAPES])(struct shaping *s) = {
	[PUSH_SHAPE_NTFY] = shape_ntfy,
	[PUSH_SHAPE_GOTIFY] = shape_gotify,
	[PUSH_SHAPE_PUSHOVER] = shape_pushover,
	[PUSH_SHAPE_TELEGRAM] = shape_telegram,
	[PUSH_SHAPE_WEBHOOK] = shape_webhook,
	[PUSH_SHAPE_TEXT] = shape_text,
	[PUSH_SHAPE_EEDOMUS] = shape_eedomus,
};

/* Printed ASCII goes into heads and addresses as it is. */
static bool
is_printed(const char *text)
{
	for (text = or_empty(text); *text != '\0'; text++)
		if (*text < 0x20 || *text >= 0x7F)
			return false;
	return true;
}

static void
wipe(struct buf *b)
{
	if (b->cap > 0)
		explicit_bzero(b->data, b->cap);
	b->n = 0;
}

int
push_shape(struct push_request *out, const struct push_target *t, const struct alert_message *m,
	int64_t wall_ns, struct err *err)
{
	struct shaping s = { out, t, m, wall_ns, err };
	int rc;

	wipe(&out->url);
	wipe(&out->headers);
	wipe(&out->body);
	/* Room enough at once: what moves leaves its secrets behind. */
	buf_room(&out->url, 4096);
	buf_room(&out->headers, 4096);
	buf_room(&out->body, 4096);
	out->method = "POST";
	if (!is_printed(t->url) || !is_printed(t->secret) || !is_printed(t->user) ||
		!is_printed(t->to) || !is_printed(t->value) || !is_printed(t->value_over))
		return err_set(err, ERR_CONF, 0,
			"address, receiver, user, value or secret of a push service has a "
			"character that is not printed ASCII; correct it in the bench file");
	rc = shapes[t->shape](&s);
	if (rc == 0 && strchr(buf_text(&out->url), ' ') != NULL)
		rc = err_set(err, ERR_CONF, 0,
			"the address of a push service has a blank in it; write %%20");
	return rc;
}

void
push_request_done(struct push_request *r)
{
	wipe(&r->url);
	wipe(&r->headers);
	wipe(&r->body);
	buf_done(&r->url);
	buf_done(&r->headers);
	buf_done(&r->body);
}
