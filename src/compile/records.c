/* records.c - what is recorded of the bench and of each channel, and how long it is kept */
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

#define DAY_NS (24 * 3600 * NS_PER_S)

/* `forever`, or a duration of at least a day. */
void
records_keep(struct bench *b, const struct node *n, const struct key *row, int64_t *out)
{
	const char *text = read_text(b, n);

	if (text != NULL && strcmp(text, "forever") == 0)
		*out = 0;
	else if (text != NULL && read_span(b, n, row, out) && *out < DAY_NS)
		diag_error(&b->diag, n->at, "out-of-range",
			"'%.40s' is less than a day; write 1 d or more, or forever", text);
}

/* "20 GB" */
static void
read_bytes(struct bench *b, const struct node *n, uint64_t least, uint64_t *out)
{
	static const struct {
		const char *name;
		double bytes;
	} units[] = { { "kB", 1e3 }, { "MB", 1e6 }, { "GB", 1e9 }, { "TB", 1e12 }, { "KiB", 1024 },
		{ "MiB", 1048576 }, { "GiB", 1073741824.0 }, { "TiB", 1099511627776.0 } };
	const char *text = read_text(b, n);
	char number[32];
	size_t digits = text == NULL ? 0 : strspn(text, "0123456789.");
	double v;

	if (text == NULL)
		return;
	memcpy(number, text, MIN(digits, sizeof(number) - 1));
	number[MIN(digits, sizeof(number) - 1)] = '\0';
	for (size_t i = 0; i < NELEM(units); i++) {
		if (strcmp(text + digits + (text[digits] == ' '), units[i].name) != 0 ||
			!text_to_double(number, &v) || v * units[i].bytes > 1e18)
			continue;
		*out = (uint64_t)(v * units[i].bytes);
		if (*out < least)
			diag_error(&b->diag, n->at, "out-of-range",
				"'%.40s' is too little to record anything; write at least %u MB",
				text, (unsigned)(least / 1000000));
		return;
	}
	diag_error(&b->diag, n->at, "wrong-value",
		"'%.40s' is no size; write a number and kB, MB, GB or TB, such as 20 GB", text);
}

/* ---- an InfluxDB ---------------------------------------------------------------------------------------------------------- */

#define INFLUX_TEXT_MAX 200 /* bytes of a text; of an address more */
#define INFLUX_URL_MAX 500

static void
read_influx_text(struct bench *b, const struct node *n, size_t most, const char **out)
{
	const char *text = n == NULL ? NULL : read_text(b, n);

	if (text == NULL)
		return;
	if (text[0] == '\0' || strlen(text) > most || strpbrk(text, "\r\n") != NULL)
		diag_error(&b->diag, n->at, "wrong-value",
			"a text of 1 to %zu bytes in one line stands here; write one, or remove "
			"the key",
			most);
	else
		*out = text;
}

/* The way, the question and who asks are said elsewhere. */
static void
check_url(struct bench *b, const struct node *n, const char *url)
{
	bool has_scheme = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;

	if (url[0] != '\0' && (!has_scheme || strpbrk(url, "@?# ") != NULL))
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.60s' is no address of an InfluxDB; write http://HOST:8086 or "
			"https://..., with "
			"'user' and 'password' or 'token' beside it",
			url);
}

/* What one version needs, and the other does not know. */
static void
check_influx(struct bench *b, const struct node *n, const struct node *const found[])
{
	static const struct {
		int key, version;
		bool is_needed;
	} rows[] = { { INFLUX_DATABASE, 1, true }, { INFLUX_USER, 1, false },
		{ INFLUX_PASSWORD, 1, false }, { INFLUX_ORG, 2, true }, { INFLUX_BUCKET, 2, true },
		{ INFLUX_TOKEN, 2, true } };

	for (size_t i = 0; i < NELEM(rows); i++) {
		const struct node *key = found[rows[i].key];

		if (rows[i].is_needed && rows[i].version == b->influx.version && key == NULL)
			diag_error(&b->diag, n->key_at, "missing",
				"an InfluxDB of version %d needs '%s'; add it, or write version: "
				"%d",
				rows[i].version, schema_influx[rows[i].key].name,
				3 - rows[i].version);
		else if (rows[i].version != b->influx.version && key != NULL)
			diag_error(&b->diag, key->key_at, "conflict",
				"'%s' belongs to version %d of InfluxDB; remove it, or write "
				"version: %d",
				schema_influx[rows[i].key].name, rows[i].version, rows[i].version);
	}
	if ((found[INFLUX_USER] == NULL) != (found[INFLUX_PASSWORD] == NULL))
		diag_error(&b->diag, n->key_at, "missing",
			"'user' and 'password' belong together; add the other one, or remove both");
}

static void
read_influx(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	struct bench_influx *i = &b->influx;
	const struct node *secret;

	if (!read_is(b, n, NODE_MAP, "a map: {url: http://influx.lab:8086, database: lab}"))
		return;
	read_keys(b, n, schema_influx, NULL, found, NULL);
	i->version = 1;
	if (found[INFLUX_VERSION] != NULL)
		read_int(b, found[INFLUX_VERSION], &schema_influx[INFLUX_VERSION], &i->version);
	read_influx_text(b, found[INFLUX_URL], INFLUX_URL_MAX, &i->url);
	read_influx_text(b, found[INFLUX_DATABASE], INFLUX_TEXT_MAX, &i->database);
	read_influx_text(b, found[INFLUX_USER], INFLUX_TEXT_MAX, &i->user);
	read_influx_text(b, found[INFLUX_ORG], INFLUX_TEXT_MAX, &i->org);
	read_influx_text(b, found[INFLUX_BUCKET], INFLUX_TEXT_MAX, &i->bucket);
	read_influx_text(b, found[INFLUX_CA], INFLUX_URL_MAX, &i->ca);
	check_url(b, found[INFLUX_URL], i->url);
	check_influx(b, n, found);
	b->history.carried_by |= IMAGE_CARRIED_INFLUX;
	secret = found[i->version == 1 ? INFLUX_PASSWORD : INFLUX_TOKEN];
	if (secret != NULL)
		secrets_read_apart(b, secret, secret->key, &i->secret);
}

/* ---- tiers ---------------------------------------------------------------------------------------------------------------- */

static bool
goes_into_a_day(struct bench *b, const struct node *n, int64_t every_ns)
{
	if (DAY_NS % every_ns == 0)
		return true;
	diag_error(&b->diag, n->at, "wrong-value",
		"days are not whole numbers of this interval; write one that goes into a day, such "
		"as 10 s, 1 min, "
		"15 min, 1 h");
	return false;
}

/* Each is for what is older, and coarser in whole steps. */
static bool
follows(struct bench *b, const struct node *item, const struct image_tier *before,
	const struct image_tier *t)
{
	if (before == NULL || (t->after_ns > before->after_ns && t->every_ns > before->every_ns &&
				      t->every_ns % before->every_ns == 0))
		return true;
	diag_error(&b->diag, item->at, "conflict",
		"a tier has to be for older values than the one before it, and its interval a "
		"multiple of that one's; put them "
		"in order, as in [{after: 90 d, every: 1 min}, {after: 730 d, every: 1 h}]");
	return false;
}

static void
read_tier(struct bench *b, const struct node *item, struct image_tier *t,
	const struct image_tier *before)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	struct image_tier read = { 0 };

	if (!read_is(b, item, NODE_MAP, "a map: {after: 90 d, every: 1 min}"))
		return;
	read_keys(b, item, schema_tier, NULL, found, NULL);
	if (found[TIER_AFTER] == NULL || found[TIER_EVERY] == NULL ||
		!read_span(b, found[TIER_AFTER], &schema_tier[TIER_AFTER], &read.after_ns) ||
		!read_span(b, found[TIER_EVERY], &schema_tier[TIER_EVERY], &read.every_ns) ||
		!goes_into_a_day(b, found[TIER_EVERY], read.every_ns) ||
		!follows(b, item, before, &read))
		return;
	if (b->history.keep_ns > 0 && read.after_ns >= b->history.keep_ns)
		diag_error(&b->diag, found[TIER_AFTER]->at, "conflict",
			"files are removed before they are so old; write less than 'keep', or keep "
			"them longer");
	*t = read;
}

static void
read_tiers(struct bench *b, const struct node *n)
{
	struct image_tier *tiers = b->history.tiers;
	const struct image_tier *before = NULL; /* one with faults is compared with nothing */
	size_t at = 0;

	if (!read_is(b, n, NODE_LIST, "a list: [{after: 90 d, every: 1 min}]"))
		return;
	for (const struct node *item = n->first; item != NULL; item = item->next, at++) {
		if (at == IMAGE_TIERS_MAX) {
			diag_error(&b->diag, item->at, "too-many",
				"there are at most %d tiers; leave some out", IMAGE_TIERS_MAX);
			return;
		}
		read_tier(b, item, &tiers[at], before);
		if (tiers[at].every_ns != 0)
			before = &tiers[at];
	}
}

void
records_read(struct bench *b, const struct node *n)
{
	struct image_history *h = &b->history;
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const struct key *rows = schema_history;
	bool yes = true;

	h->commit_ns = NS_PER_S;
	h->resolution_ns = NS_PER_MS;
	h->leave_free = 200 * UINT64_C(1000000);
	b->influx = (struct bench_influx){
		.url = "", .database = "", .user = "", .org = "", .bucket = "", .ca = ""
	};
	if (n == NULL)
		return;
	if (n->kind == NODE_SCALAR) {
		if (read_bool(b, n, &yes))
			h->is_off = !yes;
		return;
	}
	if (!read_is(b, n, NODE_MAP, "a map: {keep: 365 d}, or `history: no`"))
		return;
	read_keys(b, n, rows, NULL, found, NULL);
	if (found[HISTORY_KEEP] != NULL)
		records_keep(b, found[HISTORY_KEEP], &rows[HISTORY_KEEP], &h->keep_ns);
	if (found[HISTORY_SIZE] != NULL)
		read_bytes(b, found[HISTORY_SIZE], 20 * UINT64_C(1000000), &h->size);
	if (found[HISTORY_LEAVE_FREE] != NULL)
		read_bytes(b, found[HISTORY_LEAVE_FREE], 0, &h->leave_free);
	if (found[HISTORY_POSTGRES] != NULL)
		postgres_read(b, found[HISTORY_POSTGRES]);
	read_span(b, found[HISTORY_COMMIT], &rows[HISTORY_COMMIT], &h->commit_ns);
	read_span(b, found[HISTORY_RESOLUTION], &rows[HISTORY_RESOLUTION], &h->resolution_ns);
	if (found[HISTORY_INFLUX] != NULL)
		read_influx(b, found[HISTORY_INFLUX]);
	if (found[HISTORY_TIERS] != NULL)
		read_tiers(b, found[HISTORY_TIERS]);
}

static void
read_word_of(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	const char *text = read_text(b, n);
	static const char *const words[] = { "changes", "every", "no" };

	for (int i = 0; text != NULL && i < (int)NELEM(words); i++)
		if (strcmp(text, words[i]) == 0) {
			ch->record = (enum channel_record)i;
			return;
		}
	if (text != NULL)
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.40s' says not what to record; write changes, every or no, or a map: "
			"{deadband: 0.1}",
			text);
}

/* A distance makes sense between numbers only. */
static void
read_deadband(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	if (ch->type == VALUE_BOOL || ch->type == VALUE_TEXT || ch->type == VALUE_CHOICE) {
		if (!ch->is_type_open)
			diag_error(&b->diag, n->key_at, "conflict",
				"'%s' is a %s, and each of its changes is recorded; remove "
				"'deadband'",
				ch->name, value_type_text(ch->type));
	} else if (read_quantity(b, n, ch, true, &ch->deadband) && ch->deadband < 0) {
		diag_error(&b->diag, n->at, "out-of-range",
			"a distance is not below 0; write 0 or more");
	}
}

void
records_channel(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	const struct key *rows = schema_record;
	bool is_every = false;

	if (n == NULL)
		return;
	if (n->kind == NODE_SCALAR) {
		read_word_of(b, ch, n);
		return;
	}
	if (!read_is(b, n, NODE_MAP, "a map: {deadband: 0.1}, or changes, every or no") ||
		!read_keys(b, n, rows, NULL, found, NULL))
		return;
	if (found[RECORD_KEY_EVERY] != NULL && read_bool(b, found[RECORD_KEY_EVERY], &is_every))
		ch->record = is_every ? RECORD_EVERY : RECORD_CHANGES;
	if (found[RECORD_KEY_DEADBAND] != NULL)
		read_deadband(b, ch, found[RECORD_KEY_DEADBAND]);
	if (found[RECORD_KEY_DEADBAND] != NULL && is_every)
		diag_error(&b->diag, found[RECORD_KEY_DEADBAND]->key_at, "conflict",
			"'every' records each acquisition, 'deadband' leaves some out; keep one of "
			"them");
	read_span(b, found[RECORD_KEY_MIN_INTERVAL], &rows[RECORD_KEY_MIN_INTERVAL],
		&ch->min_interval_ns);
	if (found[RECORD_KEY_KEEP] != NULL)
		records_keep(b, found[RECORD_KEY_KEEP], &rows[RECORD_KEY_KEEP], &ch->keep_ns);
}
