/* notify_alert.c - `alert:`: servers and services, and who is told of what by itself */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "msg/event.h"

#define TEXT_MAX 200
#define PATH_MAX_BYTES 1000
#define TEMPLATE_MAX 4000

/* ---- mail ------------------------------------------------------------------------------------------------------------------ */

/* Processes have no folder of their own to begin a path in. */
static const char *
read_path(struct bench *b, const struct node *n)
{
	const char *path = notify_line(b, n, PATH_MAX_BYTES, "a path");

	if (path == NULL || path[0] == '/')
		return path;
	diag_error(&b->diag, n->at, "wrong-value", "'%.80s' is no whole path; write it from / on",
		path);
	return NULL;
}

/* Without TLS anybody on the way could read along, a password, too. */
static void
check_plain(struct bench *b, const struct node *const *found)
{
	const struct bench_notices *t = &b->notices;

	if (!t->is_mail_plain)
		return;
	if (t->mail_server != NULL && strncmp(t->mail_server, "smtps:", 6) == 0)
		diag_error(&b->diag, found[MAIL_TLS]->key_at, "conflict",
			"smtps:// is TLS; write smtp://, or remove 'tls: no'");
	else if (t->mail_server != NULL && !notify_is_loopback(t->mail_server))
		diag_error(&b->diag, found[MAIL_TLS]->key_at, "tls",
			"without TLS a mail can be read on its way; remove 'tls: no', or give it "
			"to a relay on this computer: smtp://127.0.0.1:25");
	if (found[MAIL_PASSWORD] != NULL)
		diag_error(&b->diag, found[MAIL_PASSWORD]->key_at, "tls",
			"a password is not sent without TLS; remove 'tls: no', or 'user' and "
			"'password'");
	if (found[MAIL_CA] != NULL)
		diag_error(&b->diag, found[MAIL_CA]->key_at, "conflict",
			"without TLS no certificate is looked at; remove 'ca' or 'tls: no'");
}

static void
read_mail_server(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	struct bench_notices *t = &b->notices;
	bool has_tls = true;

	t->has_mail = true;
	if (!read_is(b, n, NODE_MAP,
		    "a map: {server: \"smtp://HOST:587\", from: ADDRESS, user: NAME, password: "
		    "{secret: NAME}}"))
		return;
	read_keys(b, n, schema_mail, NULL, found, NULL);
	if (found[MAIL_SERVER] != NULL)
		t->mail_server = notify_url(b, found[MAIL_SERVER], URL_MAIL);
	if (found[MAIL_FROM] != NULL && notify_mail(b, found[MAIL_FROM]))
		t->mail_from = found[MAIL_FROM]->text;
	if (found[MAIL_USER] != NULL)
		t->mail_user = notify_line(b, found[MAIL_USER], TEXT_MAX, "a name");
	if (found[MAIL_PASSWORD] != NULL)
		secrets_read_apart(b, found[MAIL_PASSWORD], "password", &t->mail_password);
	if (found[MAIL_CA] != NULL)
		t->mail_ca = read_path(b, found[MAIL_CA]);
	if (found[MAIL_TLS] != NULL && read_bool(b, found[MAIL_TLS], &has_tls))
		t->is_mail_plain = !has_tls;
	if ((found[MAIL_USER] == NULL) != (found[MAIL_PASSWORD] == NULL))
		diag_error(&b->diag, n->key_at, "missing",
			"'user' and 'password' belong together; add the other one, or remove both");
	check_plain(b, found);
}

/* ---- push ------------------------------------------------------------------------------------------------------------------ */

enum use { NOT_THERE, MAY, MUST };

/* What a kind of service takes of the keys, and where it is when it has one address for all. */
static const struct {
	uint8_t url, key, user, template, value, value_over, backup_url;
	const char *at;
} uses[PUSH_KINDS] = {
	[PUSH_NTFY] = { .url = MUST, .key = MAY },
	[PUSH_GOTIFY] = { .url = MUST, .key = MUST },
	[PUSH_PUSHOVER] = { .url = MAY, .key = MUST, .at = "https://api.pushover.net" },
	[PUSH_TELEGRAM] = { .url = MAY, .key = MUST, .at = "https://api.telegram.org" },
	[PUSH_WEBHOOK] = { .url = MUST, .key = MAY, .template = MAY },
	[PUSH_TEXT] = { .url = MUST },
	[PUSH_EEDOMUS] = { .url = MUST,
		.key = MUST,
		.user = MUST,
		.value = MUST,
		.value_over = MAY,
		.backup_url = MAY },
};

static void
check_uses(
	struct bench *b, const struct node *n, const struct node *const *found, enum push_kind kind)
{
	const struct {
		int key;
		uint8_t use;
	} keys[] = { { PUSH_KEY_URL, uses[kind].url }, { PUSH_KEY_KEY, uses[kind].key },
		{ PUSH_KEY_USER, uses[kind].user }, { PUSH_KEY_TEMPLATE, uses[kind].template },
		{ PUSH_KEY_VALUE, uses[kind].value },
		{ PUSH_KEY_VALUE_OVER, uses[kind].value_over },
		{ PUSH_KEY_BACKUP_URL, uses[kind].backup_url } };

	for (size_t i = 0; i < NELEM(keys); i++) {
		const struct node *is = found[keys[i].key];
		const struct key *row = &schema_push[keys[i].key];

		if (keys[i].use == MUST && is == NULL && tree_get(&b->tree, n, row->name) == NULL)
			diag_error(&b->diag, n->key_at, "missing",
				"a service of kind %s needs '%s'; add it (%s)",
				schema_push[PUSH_KEY_KIND].words[kind], row->name, row->help);
		else if (keys[i].use == NOT_THERE && is != NULL)
			diag_error(&b->diag, is->key_at, "conflict",
				"a service of kind %s has no '%s'; remove it",
				schema_push[PUSH_KEY_KIND].words[kind], row->name);
	}
}

/* The address of a `text` service is its key: whoever knows it can write there. */
static void
read_push_url(struct bench *b, struct bench_push *p, const struct node *n)
{
	if (n->kind == NODE_SCALAR)
		p->url = notify_url(b, n, URL_WEB);
	else if (p->kind == PUSH_TEXT)
		secrets_read_apart(b, n, "url", &p->secret);
	else
		diag_error(&b->diag, n->at, "wrong-type",
			"the address of such a service is no secret; write it as a text");
}

/* The box of eedomus knows no TLS in its own network; a key to others would be read by anybody on the way. */
static void
check_key_on_way(struct bench *b, const struct bench_push *p, const struct node *key)
{
	if (p->kind == PUSH_EEDOMUS || p->kind == PUSH_WEBHOOK || p->url == NULL ||
		strncmp(p->url, "http:", 5) != 0 || notify_is_loopback(p->url))
		return;
	diag_warn(&b->diag, key->key_at, "tls",
		"the key goes to '%s' unencrypted; write https:// where the service has it",
		p->name);
}

/* A value of a peripheral goes into an address. */
static const char *
read_value(struct bench *b, const struct node *n)
{
	return n == NULL ? NULL : notify_line(b, n, 60, "a value");
}

static const char *
read_template(struct bench *b, const struct node *n)
{
	const char *text = read_text(b, n);

	if (text == NULL || (text[0] != '\0' && strlen(text) <= TEMPLATE_MAX))
		return text;
	diag_error(&b->diag, n->at, "out-of-range",
		"a template has 1 to %d bytes; write one, or remove the key", TEMPLATE_MAX);
	return NULL;
}

static void
read_service(struct bench *b, struct bench_push *p, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const struct key *kinds = &schema_push[PUSH_KEY_KIND];
	const char *word;
	size_t n_errors = b->diag.n_errors;

	read_keys(b, n, schema_push, NULL, found, NULL);
	word = found[PUSH_KEY_KIND] == NULL ? NULL : read_word(b, found[PUSH_KEY_KIND], kinds);
	p->is_open = word == NULL;
	if (p->is_open)
		return;
	for (int i = 0; i < PUSH_KINDS; i++)
		if (strcmp(word, kinds->words[i]) == 0)
			p->kind = (enum push_kind)i;
	if (b->diag.n_errors == n_errors)
		check_uses(b, n, found, p->kind);
	p->url = uses[p->kind].at;
	if (found[PUSH_KEY_URL] != NULL)
		read_push_url(b, p, found[PUSH_KEY_URL]);
	if (found[PUSH_KEY_KEY] != NULL) {
		secrets_read_apart(b, found[PUSH_KEY_KEY], "key", &p->secret);
		check_key_on_way(b, p, found[PUSH_KEY_KEY]);
	}
	if (found[PUSH_KEY_USER] != NULL)
		p->user = notify_line(b, found[PUSH_KEY_USER], TEXT_MAX, "a name");
	if (found[PUSH_KEY_CA] != NULL)
		p->ca = read_path(b, found[PUSH_KEY_CA]);
	if (found[PUSH_KEY_TEMPLATE] != NULL)
		p->template = read_template(b, found[PUSH_KEY_TEMPLATE]);
	p->value = read_value(b, found[PUSH_KEY_VALUE]);
	p->value_over = read_value(b, found[PUSH_KEY_VALUE_OVER]);
	if (found[PUSH_KEY_BACKUP_URL] != NULL)
		p->backup_url = notify_url(b, found[PUSH_KEY_BACKUP_URL], URL_WEB);
}

static void
take_services(struct bench *b, const struct node *map)
{
	if (!read_is(
		    b, map, NODE_MAP, "a map of services: NAME: {kind: ntfy, url: https://HOST}")) {
		b->notices.is_push_open = true;
		return;
	}
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		struct bench_push *p;

		if (!read_name(b, n->key, n->key_at, "a service") ||
			!read_is(b, n, NODE_MAP, "a map: {kind: ntfy, url: https://HOST}")) {
			b->notices.is_push_open = true;
			continue;
		}
		if (b->pushes.n == PUSHES_MAX) {
			diag_error(&b->diag, n->key_at, "too-large",
				"'%.63s' is one more than the %d services that a bench can have; "
				"remove some",
				n->key, PUSHES_MAX);
			b->notices.is_push_open = true;
			return;
		}
		p = BENCH_ADD(b->pushes);
		p->name = n->key;
		names_put(&b->push_names, p->name, b->pushes.n - 1);
		read_service(b, p, n);
	}
}

/* ---- the rest --------------------------------------------------------------------------------------------------------------- */

static void
read_beat(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };

	if (!read_is(b, n, NODE_MAP, "a map: {url: https://HOST/PATH, every: 5 min}"))
		return;
	read_keys(b, n, schema_beat, NULL, found, NULL);
	if (found[BEAT_URL] != NULL)
		b->notices.beat_url = notify_url(b, found[BEAT_URL], URL_WEB);
	read_span(b, found[BEAT_EVERY], &schema_beat[BEAT_EVERY], &b->notices.beat_every_ns);
}

void
notify_servers(struct bench *b, const struct node *alert)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	struct bench_notices *t = &b->notices;

	if (alert != NULL && read_is(b, alert, NODE_MAP,
				     "a map: {alarms: {high: NAMES}, mail: {...}, push: {...}}"))
		read_keys(b, alert, schema_alert, NULL, found, NULL);
	else if (alert != NULL)
		t->has_mail = t->is_push_open = true; /* nobody knows what it was to be */
	t->alarms = found[ALERT_ALARMS];
	t->told = found[ALERT_EVENTS];
	if (found[ALERT_SITE] != NULL)
		t->site = notify_line(b, found[ALERT_SITE], TEXT_MAX, "a site");
	if (found[ALERT_PAGE] != NULL)
		t->page = notify_url(b, found[ALERT_PAGE], URL_WEB);
	if (found[ALERT_MAIL_SERVER] != NULL)
		read_mail_server(b, found[ALERT_MAIL_SERVER]);
	if (found[ALERT_PUSH_SERVICES] != NULL)
		take_services(b, found[ALERT_PUSH_SERVICES]);
	if (found[ALERT_HEARTBEAT] != NULL)
		read_beat(b, found[ALERT_HEARTBEAT]);
	read_span(b, found[ALERT_GATHER], &schema_alert[ALERT_GATHER], &t->gather_ns);
	read_span(b, found[ALERT_AGAIN], &schema_alert[ALERT_AGAIN], &t->again_ns);
	if (alert != NULL && !t->has_people && found[ALERT_HEARTBEAT] == NULL)
		diag_warn(&b->diag, alert->key_at, "nobody",
			"nobody stands under notify:, so nobody is told; add people: notify: "
			"{NAME: {mail: ADDRESS}}");
}

static void
read_kind(struct bench *b, const struct node *n)
{
	const char *text = read_text(b, n), *near;
	const char *tokens[EVENT_COUNT];
	enum event_kind kind = text == NULL ? EVENT_COUNT : event_find(text);

	if (text == NULL)
		return;
	if (kind == EVENT_COUNT) {
		for (int i = 0; i < EVENT_COUNT; i++)
			tokens[i] = event_row((enum event_kind)i)->token;
		near = text_nearest(text, tokens, EVENT_COUNT);
		diag_error(&b->diag, n->at, "unknown-event",
			"no event has the kind '%.60s'; %s%s%sdocs/events.md lists them", text,
			near == NULL ? "" : "did you mean '", near == NULL ? "" : near,
			near == NULL ? "" : "'? ");
		return;
	}
	if (kind == EVENT_ALERT_TOLD) {
		diag_error(&b->diag, n->at, "circle",
			"'%s' comes whenever somebody was told, and would be told without end; "
			"leave it out",
			text);
		return;
	}
	for (uint32_t i = 0; i < b->told_kinds.n; i++)
		if (b->told_kinds.at[i] == (uint32_t)kind) {
			diag_error(&b->diag, n->at, "conflict",
				"'%s' stands here twice; remove one", text);
			return;
		}
	*BENCH_ADD(b->told_kinds) = kind;
}

static int
compare_kinds(const void *a, const void *b)
{
	const uint32_t *one = a, *two = b;

	return (*one > *two) - (*one < *two);
}

void
notify_told(struct bench *b)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	struct bench_notices *t = &b->notices;

	if (t->alarms != NULL &&
		read_is(b, t->alarms, NODE_MAP, "a map: {medium: NAMES, high: NAMES}")) {
		read_keys(b, t->alarms, schema_told_alarms, NULL, found, NULL);
		for (int p = 0; p < PRIORITIES; p++)
			notify_list(b, found[p], &t->by_priority[p]);
	}
	if (t->told == NULL ||
		!read_is(b, t->told, NODE_MAP, "a map: {to: NAMES, of: [process_killed]}"))
		return;
	read_keys(b, t->told, schema_told_events, NULL, found, NULL);
	notify_list(b, found[TOLD_TO], &t->events);
	if (found[TOLD_OF] == NULL)
		return;
	if (found[TOLD_OF]->kind == NODE_LIST && found[TOLD_OF]->n == 0)
		diag_error(&b->diag, found[TOLD_OF]->at, "no-value",
			"an empty list names no event; write kinds, or remove 'events'");
	for (const struct node *n = notify_first(found[TOLD_OF]); n != NULL;
		n = notify_next(found[TOLD_OF], n))
		read_kind(b, n);
	if (b->told_kinds.n > 0)
		qsort(b->told_kinds.at, b->told_kinds.n, sizeof(*b->told_kinds.at), compare_kinds);
}
