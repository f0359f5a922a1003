/* messages.c - the messages of an instrument that is described by them
 *
 * They stand under messages:, init:, identity:, events: and errors:, or where they are used, in `read:` and `write:`. A row of
 * messages (a list) is one exchange; those behind the first have no name.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "drivers/text_format.h"
#include "drivers/text_value.h"
#include "drivers/text_write.h"

/* What is not said of a message. */
#define BLANK .send = "", .receive = "", .text = "", .until = "", .until_is = "", .otherwise = ""
#define NEEDS_MESSAGE "a message: {send: FORMAT, receive: FORMAT}, or a list of such"

/* The messages of the instrument, as its codec sees them: the table may have moved. */
static void
refresh(struct bench *b, struct bench_instrument *ins)
{
	ins->codec_part.messages =
		b->messages.at == NULL ? NULL : b->messages.at + ins->first_message;
	ins->codec_part.n_messages = (uint16_t)(b->messages.n - ins->first_message);
}

static const char *
format_of(struct bench *b, const struct node *n)
{
	const char *text = n == NULL ? "" : read_text(b, n);

	return text == NULL ? "" : text;
}

static void
read_numbers(struct bench *b, const struct node *const *found, struct message *m)
{
	int64_t length = 0, lines = 1, timeout_ns = 0;

	if (found[MSG_LENGTH] != NULL)
		read_int(b, found[MSG_LENGTH], &schema_message[MSG_LENGTH], &length);
	if (found[MSG_LINES] != NULL)
		read_int(b, found[MSG_LINES], &schema_message[MSG_LINES], &lines);
	if (found[MSG_TIMEOUT] != NULL)
		read_span(b, found[MSG_TIMEOUT], &schema_message[MSG_TIMEOUT], &timeout_ns);
	m->length = (uint16_t)length;
	m->lines = (uint16_t)lines;
	m->timeout_ms = (uint32_t)(timeout_ns / NS_PER_MS);
}

/* {da1: 0} as "da1=0", numbers of values that are sent. False: that was told. */
static bool
read_otherwise(struct bench *b, const struct node *n, struct message *m)
{
	struct buf line = { 0 };
	struct text_format f;
	struct err err;
	bool is_good = true;

	if (!read_is(b, n, NODE_MAP, "numbers of channels: {da1: 0}"))
		return false;
	if (text_format_parse(m->send, &f, &err) < 0)
		return true; /* that is told of send */
	for (const struct node *k = n->first; k != NULL; k = k->next) {
		double number;
		const char *text = read_text(b, k);
		const struct text_element *e = text_format_field(&f, k->key);

		if (e == NULL) {
			diag_error(&b->diag, k->key_at, "format",
				"'%.40s' does not stand in what is sent; remove it, or write "
				"{%.40s:KIND} there",
				k->key, k->key);
			is_good = false;
		} else if (text != NULL && !text_to_double(text, &number)) {
			diag_error(&b->diag, k->at, "number",
				"'%.40s' is no number; write it as the device takes it", text);
			is_good = false;
		}
		is_good = is_good && text != NULL;
		if (is_good)
			buf_printf(&line, "%s%s=%s", line.n == 0 ? "" : ",", k->key, text);
	}
	m->otherwise = tree_text(&b->tree, line.n == 0 ? "" : line.data, line.n);
	buf_done(&line);
	return is_good;
}

/* Put one behind the others; its number, -1: that was told. `at`: the map that describes it. */
static int
add(struct bench *b, struct bench_instrument *ins, const struct message *m, const struct node *at,
	const struct node *send, const struct node *receive, const struct node *until)
{
	struct err err = { .sys = -1 };

	if (ins->codec_part.n_messages >= IMAGE_MESSAGES_MAX) {
		diag_error(&b->diag, at->at, "too-large",
			"more than %d messages; split the instrument", IMAGE_MESSAGES_MAX);
		return -1;
	}
	if (ins->codec->message(&ins->codec_part, m, &err) < 0) {
		const struct node *guilty = err.sys == 1 ? receive : err.sys == 2 ? until : send;

		diag_error(&b->diag, guilty != NULL ? guilty->at : at->at, "format", "%s", err.msg);
		return -1;
	}
	*BENCH_ADD(b->messages) = *m;
	refresh(b, ins);
	return ins->codec_part.n_messages - 1;
}

/* The message that a map describes; found: its keys; like: what is known of it already. */
static int
add_map(struct bench *b, struct bench_instrument *ins, const struct message *like,
	const struct node *n, const struct node *const *found, const struct node *until)
{
	struct message m = *like;
	enum message_role role = (enum message_role)m.role;

	if (found[MSG_SEND] == NULL && role != MESSAGE_EVENT && found[MSG_RECEIVE] == NULL) {
		diag_error(&b->diag, n->at, "missing",
			"the message says nothing; add send: FORMAT, and receive: FORMAT when it "
			"is answered");
		return -1;
	}
	if (found[MSG_SEND] != NULL && role == MESSAGE_EVENT) {
		diag_error(&b->diag, found[MSG_SEND]->key_at, "conflict",
			"what it says without being asked needs no send; remove it");
		return -1;
	}
	if (found[MSG_IF_GIVEN] != NULL && role != MESSAGE_INIT) {
		diag_error(&b->diag, found[MSG_IF_GIVEN]->key_at, "conflict",
			"'if_given' stands only in init; remove it");
		return -1;
	}
	for (int i = MSG_LENGTH; role == MESSAGE_EVENT && i <= MSG_OTHERWISE; i++)
		if (found[i] != NULL) {
			diag_error(&b->diag, found[i]->key_at, "conflict",
				"nobody knows that it is coming, so '%s' has no effect; remove it",
				found[i]->key);
			return -1;
		}
	m.send = format_of(b, found[MSG_SEND]);
	m.receive = format_of(b, found[MSG_RECEIVE]);
	read_numbers(b, found, &m);
	if (found[MSG_OTHERWISE] != NULL && !read_otherwise(b, found[MSG_OTHERWISE], &m))
		return -1;
	return add(b, ins, &m, n, found[MSG_SEND], found[MSG_RECEIVE], until);
}

static bool
is_word_known(struct bench *b, const struct node *const *found)
{
	return found[MSG_IF_GIVEN] == NULL ||
	       read_word(b, found[MSG_IF_GIVEN], &schema_message[MSG_IF_GIVEN]) != NULL;
}

static int
read_map(struct bench *b, struct bench_instrument *ins, const char *name, enum message_role role,
	const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	struct message m = { .name = name, BLANK, .role = (uint8_t)role };

	if (!read_is(b, n, NODE_MAP, NEEDS_MESSAGE) ||
		!read_keys(b, n, schema_message, NULL, found, NULL))
		return -1;
	if (!is_word_known(b, found))
		return -1;
	return add_map(b, ins, &m, n, found, NULL);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------- */

/* `ask: NAME` in a row: the keys of that message. False: that was told. */
static bool
take_asked(struct bench *b, const struct bench_instrument *ins, const struct node **found)
{
	const struct node *of[SCHEMA_KEYS_MAX], *ask = found[STEP_ASK], *named = NULL;
	const char *name = read_text(b, ask);

	if (name == NULL)
		return false;
	if (found[MSG_SEND] != NULL || found[MSG_RECEIVE] != NULL) {
		diag_error(&b->diag, ask->key_at, "conflict",
			"'ask' names a message, and another one stands here; remove one of them");
		return false;
	}
	if (ins->message_nodes != NULL && ins->message_nodes->kind == NODE_MAP)
		named = tree_get(&b->tree, ins->message_nodes, name);
	if (named == NULL || named->kind != NODE_MAP) {
		diag_error(&b->diag, ask->at, "point",
			named == NULL
				? "no message is named '%.60s'; add it under messages:, or write "
				  "send: and receive: here"
				: "'%.60s' is a row itself; name a single message",
			name);
		return false;
	}
	if (!read_keys(b, named, schema_message, NULL, of, NULL))
		return false;
	for (int i = MSG_SEND; i <= MSG_OTHERWISE; i++)
		if (found[i] == NULL)
			found[i] = of[i];
	return true;
}

/* What a step waits for. False: that was told. */
static bool
read_until(struct bench *b, const struct node *const *found, struct message *m)
{
	const struct node *until = found[STEP_UNTIL];
	int64_t every_ns = 200 * NS_PER_MS, within_ns = 0;

	for (int i = STEP_EVERY; until == NULL && i <= STEP_WITHIN; i++)
		if (found[i] != NULL) {
			diag_error(&b->diag, found[i]->key_at, "missing",
				"'%s' goes with until: {VALUE: WHAT IT IS}; add it, or remove '%s'",
				found[i]->key, found[i]->key);
			return false;
		}
	if (until == NULL)
		return true;
	if (!read_is(b, until, NODE_MAP, "one value of the answer: {position: 3}"))
		return false;
	if (until->n != 1 || found[STEP_WITHIN] == NULL) {
		diag_error(&b->diag, until->at, "missing",
			until->n != 1 ? "one value is waited for; write until: {position: 3}"
				      : "nobody waits for ever; add within: 10 s");
		return false;
	}
	m->until = until->first->key;
	m->until_is = format_of(b, until->first);
	if (found[STEP_EVERY] != NULL)
		read_span(b, found[STEP_EVERY], &schema_step[STEP_EVERY], &every_ns);
	if (!read_span(b, found[STEP_WITHIN], &schema_step[STEP_WITHIN], &within_ns))
		return false;
	m->again_ms = (uint32_t)(every_ns / NS_PER_MS);
	m->within_ms = (uint32_t)(within_ns / NS_PER_MS);
	return true;
}

/* {wait: 100 ms}: is it one? The time is added to `wait_ms`. */
static bool
is_wait(struct bench *b, const struct node *n, uint32_t *wait_ms)
{
	const struct node *wait = n->kind == NODE_MAP ? tree_get(&b->tree, n, "wait") : NULL;
	int64_t span_ns = 0;

	if (wait == NULL)
		return false;
	if (n->n > 1)
		diag_error(&b->diag, wait->key_at, "conflict",
			"'wait' stands alone; write {wait: 100 ms} before what goes later");
	else if (read_span(b, wait, &schema_step[STEP_WAIT], &span_ns))
		*wait_ms =
			(uint32_t)MIN(*wait_ms + span_ns / NS_PER_MS, (int64_t)IMAGE_WAIT_MS_MAX);
	return true;
}

/* A member of a row; its number, -1: that was told. */
static int
read_step(struct bench *b, struct bench_instrument *ins, struct message *like, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];

	if (!read_is(b, n, NODE_MAP, NEEDS_MESSAGE) ||
		!read_keys(b, n, schema_step, NULL, found, NULL) || !is_word_known(b, found) ||
		(found[STEP_ASK] != NULL && !take_asked(b, ins, found)) ||
		!read_until(b, found, like))
		return -1;
	return add_map(b, ins, like, n, found, found[STEP_UNTIL]);
}

/* A wait with nothing before or behind it. */
static void
idle_wait(struct bench *b, const struct node *n, bool is_first)
{
	diag_error(&b->diag, n->at, "conflict",
		is_first ? "nothing goes before this wait; remove it"
			 : "nothing follows this wait; remove it, or add what goes later");
}

static bool
is_wait_node(struct bench *b, const struct node *n)
{
	return n != NULL && n->kind == NODE_MAP && tree_get(&b->tree, n, "wait") != NULL;
}

static const struct node *
last_of(const struct node *n)
{
	const struct node *k = n->first;

	while (k != NULL && k->next != NULL)
		k = k->next;
	return k;
}

/* A message of init that tells what this instrument has not got. */
static bool
is_left_out(struct bench *b, const struct bench_instrument *ins, enum message_role role,
	const struct node *n)
{
	const struct node *word = role == MESSAGE_INIT && n->kind == NODE_MAP
					  ? tree_get(&b->tree, n, schema_message[MSG_IF_GIVEN].name)
					  : NULL;
	const struct opt *opts = ins->codec->opts;

	for (size_t i = 0; word != NULL && word->kind == NODE_SCALAR && opts[i].name != NULL; i++)
		if (opts[i].type == OPT_SECRET && strcmp(opts[i].name, word->text) == 0)
			return ins->codec_part.opts.num[i] == 0;
	return false; /* a wrong word is told by who reads it */
}

/* One message, or a row of them; the number of the first, -1: that was told. */
static int
read_row(struct bench *b, struct bench_instrument *ins, const char *name, enum message_role role,
	const struct node *n)
{
	/* All of the row are to be known as what says who it is: none of them may write a value. */
	const char *follower = strcmp(name, "identity") == 0 ? name : "";
	int first = -1, last = -1;
	uint32_t wait_ms = 0;

	if (n->kind != NODE_LIST)
		return is_left_out(b, ins, role, n) ? -1 : read_map(b, ins, name, role, n);
	if (n->n == 0)
		diag_error(&b->diag, n->at, "missing", "an empty list; write %s", NEEDS_MESSAGE);
	if (is_wait_node(b, n->first) || is_wait_node(b, last_of(n))) {
		idle_wait(b, is_wait_node(b, n->first) ? n->first : last_of(n),
			is_wait_node(b, n->first));
		return -1;
	}
	for (const struct node *k = n->first; k != NULL; k = k->next) {
		struct message like = { .name = first < 0 ? name : follower,
			BLANK,
			.role = (uint8_t)role,
			.wait_ms = wait_ms };
		int at;

		if (is_wait(b, k, &wait_ms) || is_left_out(b, ins, role, k))
			continue;
		at = read_step(b, ins, &like, k);
		wait_ms = 0;
		if (at < 0)
			return -1;
		if (first < 0)
			first = at;
		else
			b->messages.at[ins->first_message + (uint32_t)last].next = (uint16_t)at;
		/* Only the first of a row is one that prepares: the others follow it. */
		if (first != at)
			b->messages.at[ins->first_message + (uint32_t)at].role = MESSAGE_ASK;
		last = at;
	}
	return first;
}

static void
read_named(
	struct bench *b, struct bench_instrument *ins, enum message_role role, const struct node *n)
{
	if (n == NULL || !read_is(b, n, NODE_MAP, "a map: NAME: {send: FORMAT, receive: FORMAT}"))
		return;
	for (const struct node *k = n->first; k != NULL; k = k->next) {
		bool is_known = false;

		if (!read_name(b, k->key, k->key_at, "a message"))
			continue;
		for (uint32_t i = ins->first_message; i < b->messages.n; i++)
			is_known |= strcmp(b->messages.at[i].name, k->key) == 0;
		if (is_known || strcmp(k->key, "identity") == 0)
			diag_error(&b->diag, k->key_at, "name",
				"a message named '%.60s' exists already; choose another name",
				k->key);
		else
			read_row(b, ins, k->key, role, k);
	}
}

/* What prepares it: each member a message or a row of its own; a wait between two makes the second one later. */
static void
read_init(struct bench *b, struct bench_instrument *ins, const struct node *init)
{
	uint32_t wait_ms = 0;

	if (!read_is(b, init, NODE_LIST, "a list of messages: [{send: FORMAT}]"))
		return;
	if (is_wait_node(b, init->first) || is_wait_node(b, last_of(init))) {
		idle_wait(b, is_wait_node(b, init->first) ? init->first : last_of(init),
			is_wait_node(b, init->first));
		return;
	}
	for (const struct node *k = init->first; k != NULL; k = k->next) {
		int at;

		if (is_wait(b, k, &wait_ms) || is_left_out(b, ins, MESSAGE_INIT, k))
			continue;
		if (k->kind == NODE_LIST) {
			at = read_row(b, ins, "", MESSAGE_INIT, k);
		} else {
			struct message like = { .name = "", BLANK, .role = MESSAGE_INIT };

			at = read_step(b, ins, &like, k);
		}
		if (at >= 0)
			b->messages.at[ins->first_message + (uint32_t)at].wait_ms = wait_ms;
		wait_ms = 0;
	}
}

/* ---- errors --------------------------------------------------------------------------------------------------------------- */

static void
set_error(struct message *m, const char *is)
{
	static const struct {
		const char *word;
		uint16_t quality;
		uint8_t again;
	} kinds[] = {
		{ "refused", Q_BAD_REQUEST, AGAIN_NEXT_POLL },
		{ "failed", Q_DEVICE_FAILED, AGAIN_NEXT_POLL },
		{ "busy", Q_DEVICE_BUSY, AGAIN_SOON },
		{ "restarted", Q_DEVICE_BUSY, AGAIN_INIT },
		{ "sensor", Q_SENSOR_FAULT, AGAIN_NEXT_POLL },
	};

	for (size_t i = 0; i < NELEM(kinds); i++)
		if (strcmp(kinds[i].word, is) == 0) {
			m->quality = kinds[i].quality;
			m->again = kinds[i].again;
		}
}

/* One for any code, and one for each that has a text. */
static void
read_means(struct bench *b, struct bench_instrument *ins, struct message *m, const struct node *n,
	const struct node *at, const struct node *receive)
{
	static const struct key code = { .name = "a code", .min = 1, .max = 65535 };

	if (n != NULL && n->kind == NODE_SCALAR)
		m->text = n->text;
	if (add(b, ins, m, at, NULL, receive, NULL) < 0 || n == NULL || n->kind == NODE_SCALAR ||
		!read_is(b, n, NODE_MAP, "a text, or a map: {160: unknown command}"))
		return;
	for (const struct node *k = n->first; k != NULL; k = k->next) {
		const char *text = read_text(b, k);
		int64_t number;

		if (!text_to_int(k->key, &number) || number < code.min || number > code.max) {
			diag_error(&b->diag, k->key_at, "wrong-type",
				"'%.40s' is no code; write a whole number from 1 to 65535", k->key);
			continue;
		}
		m->code = (uint16_t)number;
		m->text = text == NULL ? "" : text;
		add(b, ins, m, at, NULL, receive, NULL);
	}
}

static void
read_errors(struct bench *b, struct bench_instrument *ins, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];

	if (n == NULL || !read_is(b, n, NODE_LIST, "a list: [{receive: FORMAT, is: refused}]"))
		return;
	for (const struct node *k = n->first; k != NULL; k = k->next) {
		struct message m = { .name = "", BLANK, .role = MESSAGE_ERROR, .lines = 1 };
		const char *is = "refused";

		if (!read_is(b, k, NODE_MAP, "a map: {receive: FORMAT, is: refused}") ||
			!read_keys(b, k, schema_error, NULL, found, NULL) ||
			found[ERROR_RECEIVE] == NULL)
			continue;
		if (found[ERROR_IS] != NULL)
			is = read_word(b, found[ERROR_IS], &schema_error[ERROR_IS]);
		if (is == NULL)
			continue;
		m.receive = format_of(b, found[ERROR_RECEIVE]);
		set_error(&m, is);
		read_means(b, ins, &m, found[ERROR_MEANS], k, found[ERROR_RECEIVE]);
	}
}

/* ---- all of an instrument ------------------------------------------------------------------------------------------------- */

void
messages_read(struct bench *b, struct bench_instrument *ins, const struct node *const *found)
{
	static const int keys[] = { INS_MESSAGES, INS_IDENTITY, INS_EVENTS, INS_ERRORS };
	const struct node *init = found[INS_INIT];

	ins->first_message = b->messages.n;
	refresh(b, ins);
	if (!ins->codec->has_messages) {
		for (size_t i = 0; i < NELEM(keys); i++)
			if (found[keys[i]] != NULL)
				diag_error(&b->diag, found[keys[i]]->key_at, "conflict",
					"%s has its messages built in; remove '%s', or write use: "
					"text",
					ins->codec->name, found[keys[i]]->key);
		return;
	}
	ins->message_nodes = found[INS_MESSAGES];
	if (found[INS_IDENTITY] != NULL)
		read_row(b, ins, "identity", MESSAGE_ASK, found[INS_IDENTITY]);
	if (init != NULL)
		read_init(b, ins, init);
	read_named(b, ins, MESSAGE_ASK, found[INS_MESSAGES]);
	read_named(b, ins, MESSAGE_EVENT, found[INS_EVENTS]);
	read_errors(b, ins, found[INS_ERRORS]);
}

/* The table moves while it grows, also under the instruments that were read before. */
void
messages_settle(struct bench *b)
{
	for (uint32_t i = 0; i < b->instruments.n; i++) {
		struct bench_instrument *ins = &b->instruments.at[i];

		if (ins->codec_part.n_messages > 0)
			ins->codec_part.messages = b->messages.at + ins->first_message;
	}
}

/* ---- where they are used -------------------------------------------------------------------------------------------------- */

/* A key of the codec's own options for a point. */
static void
put(struct tree *t, struct node *map, const char *key, const char *text, const struct node *like)
{
	struct node *n = tree_node(t, NODE_SCALAR, like->at);

	if (n == NULL)
		return;
	n->key = key;
	n->key_at = like->at;
	n->text = text;
	n->is_quoted = true;
	tree_add(t, map, n);
}

/* The name of the message that a `read:` or `write:` means, put among the others when it stands there as a map or a row; NULL: that was
 * told. */
static const char *
message_of(struct bench *b, struct bench_instrument *ins, const char *channel, const struct node *n,
	const struct node *const *found)
{
	struct message m = { BLANK, .role = MESSAGE_ASK };
	char name[80];
	int length = snprintf(name, sizeof(name), "@%.63s.%.8s", channel, n->key);
	int at;

	m.name = tree_text(&b->tree, name, (size_t)length);
	if (n->kind == NODE_LIST) {
		at = read_row(b, ins, m.name, MESSAGE_ASK, n);
		return at < 0 ? NULL : b->messages.at[ins->first_message + (uint32_t)at].name;
	}
	if ((found[MSG_READ_ASK] != NULL) ==
		(found[MSG_SEND] != NULL || found[MSG_RECEIVE] != NULL)) {
		diag_error(&b->diag, n->at, "missing",
			"no message, or two; write either ask: NAME, a message of messages:, or "
			"send: and receive:");
		return NULL;
	}
	if (found[MSG_READ_ASK] != NULL)
		return read_text(b, found[MSG_READ_ASK]);
	return add_map(b, ins, &m, n, found, NULL) < 0 ? NULL : m.name;
}

const struct node *
messages_point(
	struct bench *b, struct bench_instrument *ins, const char *channel, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	const char *ask = n->text;
	struct node *map;

	if (!ins->codec->has_messages)
		return n;
	if (n->kind == NODE_MAP && !read_keys(b, n, schema_message_read, NULL, found, NULL))
		return NULL;
	if (n->kind != NODE_SCALAR)
		ask = message_of(b, ins, channel, n, found);
	map = ask == NULL ? NULL : tree_node(&b->tree, NODE_MAP, n->at);
	if (map == NULL)
		return NULL;
	map->key = n->key;
	map->key_at = n->key_at;
	put(&b->tree, map, "ask", ask, n);
	for (int i = MSG_READ_FIELD; n->kind == NODE_MAP && i <= MSG_READ_BIT; i++)
		if (found[i] != NULL && read_text(b, found[i]) != NULL)
			put(&b->tree, map, found[i]->key, found[i]->text, found[i]);
	return map;
}

/* The value that a row of messages sends: its type into pt. */
static void
take_type(const struct bench_instrument *ins, struct point *pt)
{
	struct text_sent s;

	for (unsigned i = 0;
		text_write_sent(&ins->codec_part, pt->write_address, pt->write_key, i, &s); i++)
		if (s.is_own)
			pt->value = (uint8_t)text_value_type(&s.e);
}

/* The writable point of this name; NULL: the instrument has none. */
static const struct point *
find_written(
	const struct bench *b, const struct bench_instrument *ins, const struct text_slice *name)
{
	for (uint32_t i = 0; i < ins->n_points; i++) {
		const struct bench_point *p = &b->points.at[ins->first_point + i];
		const struct point *pt = &p->codec_part;

		if (b->channels.at[p->channel].is_writable && pt->write_key != NULL &&
			strlen(pt->write_key) == name->n &&
			memcmp(pt->write_key, name->at, name->n) == 0)
			return pt;
	}
	return NULL;
}

/* Was it told already that a channel of this name cannot be written as it stands? */
static bool
has_bad_write(
	const struct bench *b, const struct bench_instrument *ins, const struct text_slice *name)
{
	for (uint32_t i = 0; i < ins->n_points; i++) {
		const struct bench_point *p = &b->points.at[ins->first_point + i];
		const struct bench_channel *ch = &b->channels.at[p->channel];
		const char *own = strrchr(ch->name, '.') + 1;

		if (p->write_at.line > 0 && !ch->is_writable && strlen(own) == name->n &&
			memcmp(own, name->at, name->n) == 0)
			return true;
	}
	return false;
}

static void
check_beside(struct bench *b, const struct bench_instrument *ins, const struct bench_point *p,
	const struct text_slice *name)
{
	const struct point *other = find_written(b, ins, name);

	if (other == NULL ? has_bad_write(b, ins, name) : other->value != VALUE_TEXT)
		return;
	diag_error(&b->diag, p->write_at, "point",
		other == NULL
			? "'%.*s' is sent along, and no channel of this name can be written; "
			  "name one, or write the value out"
			: "'%.*s' is a text, and only numbers are said along; send it by itself",
		(int)MIN(name->n, (size_t)60), name->at);
}

void
messages_check_beside(struct bench *b, const struct bench_instrument *ins)
{
	struct text_sent s;

	for (uint32_t i = 0; i < ins->n_points && ins->codec->has_messages; i++) {
		const struct bench_point *p = &b->points.at[ins->first_point + i];
		const struct point *pt = &p->codec_part;

		for (unsigned k = 0;
			b->channels.at[p->channel].is_writable &&
			text_write_sent(&ins->codec_part, pt->write_address, pt->write_key, k, &s);
			k++)
			if (!s.is_own)
				check_beside(b, ins, p, &s.e.name);
	}
}

bool
messages_write(struct bench *b, struct bench_instrument *ins, const char *channel,
	const struct node *n, struct point *pt)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	const char *ask = n->text;
	struct request trial;
	struct err err;

	if (n->kind == NODE_MAP) {
		if (!read_keys(b, n, schema_message_read, NULL, found, NULL))
			return false;
		for (int i = MSG_READ_FIELD; i <= MSG_READ_BIT; i++)
			if (found[i] != NULL) {
				diag_error(&b->diag, found[i]->key_at, "conflict",
					"a write has no '%s': the whole value is sent; remove it",
					found[i]->key);
				return false;
			}
		ask = message_of(b, ins, channel, n, found);
	} else if (n->kind == NODE_LIST) {
		ask = message_of(b, ins, channel, n, NULL);
	}
	if (ask == NULL)
		return false;
	for (uint32_t i = 0; i < ins->codec_part.n_messages; i++) {
		const struct message *m = &ins->codec_part.messages[i];

		if (ask[0] == '\0' || strcmp(m->name, ask) != 0 || m->role != MESSAGE_ASK)
			continue;
		pt->write_space = 0;
		pt->write_address = i;
		pt->write_key = channel;
		if (pt->is_write_only)
			take_type(ins, pt);
		if (ins->codec->write(
			    &ins->codec_part, pt, (union value){ 0 }, "", NULL, &trial, &err) == 0)
			return true;
		pt->write_space = -1;
		diag_error(&b->diag, n->at, "point", "%s", err.msg);
		return false;
	}
	diag_error(&b->diag, n->at, "point",
		"no message is named '%.60s'; add it under messages:, or write send: FORMAT here",
		ask);
	return false;
}
