/* notify_person.c - a person who is told: addresses, ways, hours of rest */
#include <stdio.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/read.h"
#include "msg/language.h"

#define TOPIC_MAX 64

static const char *const way_texts[ALERT_WAYS] = { "push", "sms", "call", "mail" };

/* ---- ways ------------------------------------------------------------------------------------------------------------------ */

static bool
read_way(struct bench *b, const struct node *n, uint8_t *io)
{
	const char *text = read_text(b, n);

	for (int i = 0; text != NULL && i < ALERT_WAYS; i++) {
		if (strcmp(text, way_texts[i]) != 0)
			continue;
		if (i == ALERT_SMS || i == ALERT_CALL) {
			diag_error(&b->diag, n->at, "later",
				"'%s' is not available yet in this version; write mail or push",
				text);
			return false;
		}
		*io |= (uint8_t)(1u << i);
		return true;
	}
	if (text != NULL)
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.60s' is no way to tell somebody; write mail or push", text);
	return false;
}

bool
notify_ways(struct bench *b, const struct node *n, uint8_t *out)
{
	bool good = true;

	*out = 0;
	for (const struct node *k = notify_first(n); k != NULL; k = notify_next(n, k))
		good &= read_way(b, k, out);
	return good;
}

/* ---- addresses -------------------------------------------------------------------------------------------------------------- */

static void
add_address(struct bench *b, struct bench_receiver *r, const struct node *n,
	const struct bench_address *a)
{
	for (uint32_t i = r->d.first_address; i < b->addresses.n; i++) {
		const struct bench_address *is = &b->addresses.at[i];

		if (is->way == a->way && is->push == a->push && strcmp(is->text, a->text) == 0) {
			diag_error(&b->diag, n->at, "conflict",
				"'%.80s' stands here twice; remove one", n->text);
			return;
		}
	}
	if (b->addresses.n == ADDRESSES_MAX) {
		diag_error(&b->diag, n->at, "too-large",
			"people have more than %d addresses in all; leave some out", ADDRESSES_MAX);
		return;
	}
	*BENCH_ADD(b->addresses) = *a;
	r->d.n_addresses++;
	r->ways |= (uint8_t)(1u << a->way);
}

/* What stands behind the '/', by kind of service: what it is, and how it is written. */
static const struct {
	const char *what; /* NULL: there is none */
	const char *like;
} topics[PUSH_KINDS] = {
	[PUSH_NTFY] = { "topic", "bench-7-4f81" },
	[PUSH_PUSHOVER] = { "user or group key", "uQiRzpo4DXghDmr9QzzfQu27cmVRsG" },
	[PUSH_TELEGRAM] = { "chat id", "-1001234567890" },
	[PUSH_EEDOMUS] = { "periph_id", "104455" },
};

static bool
is_made_of(const char *text, const char *letters)
{
	return text[0] != '\0' && text[strspn(text, letters)] == '\0';
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
is_topic(enum push_kind kind, const char *text)
{
	switch (kind) {
	case PUSH_NTFY:
		return is_made_of(text, LETTERS DIGITS "_-");
	case PUSH_PUSHOVER:
		return is_made_of(text, LETTERS DIGITS);
	case PUSH_TELEGRAM:
		return text[0] == '@' ? is_made_of(text + 1, LETTERS DIGITS "_")
				      : is_made_of(text + (text[0] == '-'), DIGITS);
	case PUSH_EEDOMUS:
		return is_made_of(text, DIGITS);
	case PUSH_GOTIFY:
	case PUSH_WEBHOOK:
	case PUSH_TEXT:
	case PUSH_KINDS:
		break;
	}
	return false;
}

static bool
check_topic(struct bench *b, const struct node *n, const struct bench_push *p, const char *topic)
{
	const char *what = topics[p->kind].what;

	if (what == NULL && topic != NULL)
		diag_error(&b->diag, n->at, "wrong-value",
			"'%s' has nothing behind its name; write %s alone", p->name, p->name);
	else if (what != NULL &&
		 (topic == NULL || strlen(topic) > TOPIC_MAX || !is_topic(p->kind, topic)))
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.80s' does not say which %s of '%s' is meant; write it behind a '/': "
			"%s/%s",
			n->text, what, p->name, p->name, topics[p->kind].like);
	else
		return true;
	return false;
}

static void
read_push(struct bench *b, struct bench_receiver *r, const struct node *n)
{
	const char *text = read_text(b, n), *slash = text == NULL ? NULL : strchr(text, '/');
	const char *name;
	uint32_t i;
	char near[96];

	if (text == NULL)
		return;
	name = slash == NULL ? text : tree_text(&b->tree, text, (size_t)(slash - text));
	i = names_get(&b->push_names, name);
	if (i != NAMES_NONE) {
		if (!b->pushes.at[i].is_open &&
			check_topic(b, n, &b->pushes.at[i], slash == NULL ? NULL : slash + 1))
			add_address(b, r, n,
				&(struct bench_address){
					ALERT_PUSH, slash == NULL ? "" : slash + 1, i });
		else
			r->is_open = true;
	} else if (!b->notices.is_push_open) {
		read_suggest(b, &b->push_names, name, near);
		diag_error(&b->diag, n->at, "unknown-push",
			"no service is named '%.63s' under alert: push:; %swrite one of its names, "
			"or add it",
			name, near);
	} else {
		r->is_open = true;
	}
}

static void
read_mail(struct bench *b, struct bench_receiver *r, const struct node *n)
{
	if (notify_mail(b, n))
		add_address(b, r, n, &(struct bench_address){ ALERT_MAIL, n->text, 0 });
}

/* ---- the rest ---------------------------------------------------------------------------------------------------------------- */

static void
read_by(struct bench *b, struct bench_receiver *r, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };

	if (!read_is(b, n, NODE_MAP, "a map: {low: [mail], high: [push, mail]}"))
		return;
	read_keys(b, n, schema_by, NULL, found, NULL);
	for (int p = 0; p < PRIORITIES; p++) {
		uint8_t ways;

		if (found[p] == NULL || !notify_ways(b, found[p], &ways))
			continue;
		r->d.by[p] = ways;
		for (int i = 0; i < ALERT_WAYS && !r->is_open; i++)
			if ((ways & ~(unsigned)r->ways & 1u << i) != 0)
				diag_error(&b->diag, found[p]->at, "missing",
					"'%s' has no %s; add one to it, or leave %s out here",
					r->name, way_texts[i], way_texts[i]);
	}
}

static void
read_quiet(struct bench *b, struct bench_receiver *r, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const struct key *row = &schema_quiet[QUIET_BELOW];
	const char *word;

	if (!read_is(b, n, NODE_MAP, "a map: {from: \"22:00\", to: \"06:30\", below: high}"))
		return;
	read_keys(b, n, schema_quiet, NULL, found, NULL);
	word = found[QUIET_BELOW] == NULL ? row->def : read_word(b, found[QUIET_BELOW], row);
	for (int i = 0; word != NULL && row->words[i] != NULL; i++)
		if (strcmp(word, row->words[i]) == 0)
			r->d.quiet_below = (uint8_t)(PRIORITY_MEDIUM + i);
	if (found[QUIET_FROM] == NULL || found[QUIET_TO] == NULL ||
		!notify_time(b, found[QUIET_FROM], &r->d.quiet_from) ||
		!notify_time(b, found[QUIET_TO], &r->d.quiet_to))
		return;
	if (r->d.quiet_from == r->d.quiet_to)
		diag_error(&b->diag, found[QUIET_TO]->at, "conflict",
			"these hours end when they begin; write another time, or remove 'quiet'");
}

void
notify_person(struct bench *b, struct bench_receiver *r)
{
	const struct node *const *keys = r->keys;
	const char *language = b->language;
	size_t n_errors = b->diag.n_errors;
	int64_t limit;

	r->d.first_address = b->addresses.n;
	for (const struct node *n = keys[RECEIVER_PUSH] == NULL ? NULL
								: notify_first(keys[RECEIVER_PUSH]);
		n != NULL; n = notify_next(keys[RECEIVER_PUSH], n))
		read_push(b, r, n);
	for (const struct node *n = keys[RECEIVER_MAIL] == NULL ? NULL
								: notify_first(keys[RECEIVER_MAIL]);
		n != NULL; n = notify_next(keys[RECEIVER_MAIL], n))
		read_mail(b, r, n);
	if (keys[RECEIVER_MAIL] != NULL && !b->notices.has_mail) {
		diag_error(&b->diag, keys[RECEIVER_MAIL]->key_at, "missing",
			"'%s' is told by mail, and no server takes any; add alert: {mail: {server: "
			"\"smtp://HOST:587\", from: ADDRESS}}",
			r->name);
		r->is_open = true;
	}
	if (r->d.n_addresses == 0 && !r->is_open && b->diag.n_errors == n_errors)
		diag_error(&b->diag, r->at, "missing",
			"'%s' has no address; add one to mail: or push:", r->name);
	for (int p = 0; p < PRIORITIES; p++) {
		r->d.by[p] = r->ways;
		if (p == PRIORITY_LOW && (r->ways & 1u << ALERT_MAIL) != 0)
			r->d.by[p] = 1u << ALERT_MAIL;
	}
	if (keys[RECEIVER_LANGUAGE] != NULL) {
		language =
			read_word(b, keys[RECEIVER_LANGUAGE], &schema_receiver[RECEIVER_LANGUAGE]);
		language = language == NULL ? b->language : language;
	}
	r->d.language = strcmp(language, "fr") == 0 ? LANGUAGE_FR : LANGUAGE_EN;
	if (keys[RECEIVER_BY] != NULL)
		read_by(b, r, keys[RECEIVER_BY]);
	if (keys[RECEIVER_QUIET] != NULL)
		read_quiet(b, r, keys[RECEIVER_QUIET]);
	if (read_int(b, keys[RECEIVER_LIMIT], &schema_receiver[RECEIVER_LIMIT], &limit))
		r->d.limit = (uint16_t)limit;
}
