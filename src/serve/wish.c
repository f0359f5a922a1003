/* wish.c - from a request to the command that it means */
#include "serve/wish.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/span.h"
#include "base/text.h"
#include "serve/body.h"

#define TEXT (1u << BODY_TEXT)
#define NUMBER (1u << BODY_NUMBER)
#define BOOL (1u << BODY_BOOL)
#define EXPIRES_MAX_S 60.0
#define EXPIRES_NS (10 * NS_PER_S)
#define EXACT_MAX 9007199254740992.0 /* whole numbers up to here are exact */

enum {
	ID,
	EXPIRES,
	TARGET,
	MODE,
	RAMP,
	CLAMP,
	CONFIRM,
	SEEN,
	FOR,
	REASON,
	NAME,
	VALUE,
	STEP,
	TAKE,
	TO,
	RELEASE,
	FORCE,
	STEP_ID,
	HOLD_ID,
	QUESTION_ID,
	CONFIG,
	VALUES,
	MEMBERS
};

static const struct {
	const char *name;
	unsigned kinds;
} known[MEMBERS] = {
	[ID] = { "id", TEXT },
	[EXPIRES] = { "expires_s", NUMBER },
	[TARGET] = { "target", TEXT | NUMBER | BOOL },
	[MODE] = { "mode", TEXT },
	[RAMP] = { "ramp_per_min", NUMBER },
	[CLAMP] = { "clamp", BOOL },
	[CONFIRM] = { "confirm", BOOL },
	[SEEN] = { "seen", NUMBER },
	[FOR] = { "for", TEXT },
	[REASON] = { "reason", TEXT },
	[NAME] = { "name", TEXT },
	[VALUE] = { "value", TEXT | NUMBER },
	[STEP] = { "step", NUMBER },
	[TAKE] = { "take", BOOL },
	[TO] = { "to", TEXT },
	[RELEASE] = { "release", BOOL },
	[FORCE] = { "force", BOOL },
	[STEP_ID] = { "step_id", NUMBER },
	[HOLD_ID] = { "hold_id", NUMBER },
	[QUESTION_ID] = { "question_id", NUMBER },
	[CONFIG] = { "config", TEXT },
	[VALUES] = { "values", 0 },
};

#define BIT(member) (1u << (member))

/* A row an order: its command, and what its body may hold beside the id and its time. */
static const struct {
	enum command_kind kind;
	unsigned members;
} rows[ORDERS] = {
	[ORDER_SET] = { COMMAND_SET,
		BIT(TARGET) | BIT(MODE) | BIT(RAMP) | BIT(CLAMP) | BIT(CONFIRM) | BIT(CONFIG) },
	[ORDER_SAFE] = { COMMAND_SAFE, BIT(NAME) },
	[ORDER_ACK] = { COMMAND_ALARM_ACK, BIT(SEEN) },
	[ORDER_SHELVE] = { COMMAND_ALARM_SHELVE, BIT(FOR) | BIT(REASON) | BIT(CONFIG) },
	[ORDER_UNSHELVE] = { COMMAND_ALARM_UNSHELVE, 0 },
	[ORDER_ACK_ALL] = { COMMAND_ALARM_ACK, BIT(SEEN) },
	[ORDER_ALARM_RESET] = { COMMAND_ALARM_RESET, 0 },
	[ORDER_ALARM_OUT] = { COMMAND_ALARM_OUT, BIT(REASON) | BIT(CONFIG) },
	[ORDER_ALARM_IN] = { COMMAND_ALARM_IN, 0 },
	[ORDER_TRIP_RESET] = { COMMAND_TRIP_RESET, BIT(REASON) | BIT(CONFIG) },
	[ORDER_BYPASS] = { COMMAND_BYPASS, BIT(FOR) | BIT(REASON) | BIT(CONFIG) },
	[ORDER_BYPASS_END] = { COMMAND_BYPASS_END, 0 },
	[ORDER_SILENCE] = { COMMAND_SILENCE, 0 },
	[ORDER_SEQ_PREPARE] = { COMMAND_SEQ_PREPARE, BIT(NAME) },
	[ORDER_SEQ_FORM] = { COMMAND_SEQ_ANSWER_FORM, BIT(NAME) | BIT(VALUE) },
	[ORDER_SEQ_START] = { COMMAND_SEQ_START, BIT(NAME) | BIT(VALUES) | BIT(CONFIG) },
	[ORDER_SEQ_PAUSE] = { COMMAND_SEQ_PAUSE, 0 },
	[ORDER_SEQ_SAFE_PAUSE] = { COMMAND_SEQ_SAFE_PAUSE, 0 },
	[ORDER_SEQ_RESUME] = { COMMAND_SEQ_RESUME, BIT(STEP_ID) | BIT(HOLD_ID) | BIT(CONFIG) },
	[ORDER_SEQ_SKIP] = { COMMAND_SEQ_SKIP, BIT(STEP_ID) | BIT(CONFIG) },
	[ORDER_SEQ_GOTO] = { COMMAND_SEQ_GOTO,
		BIT(STEP) | BIT(CONFIRM) | BIT(STEP_ID) | BIT(CONFIG) },
	[ORDER_SEQ_ABORT] = { COMMAND_SEQ_ABORT, 0 },
	[ORDER_SEQ_ANSWER] = { COMMAND_SEQ_REPLY, BIT(VALUE) | BIT(QUESTION_ID) | BIT(CONFIG) },
	[ORDER_HOLD] = { COMMAND_TAKE,
		BIT(TAKE) | BIT(TO) | BIT(RELEASE) | BIT(FORCE) | BIT(REASON) },
};

/* What was given of the members that an order may have; at[member]: where, NULL: it may not. */
struct given {
	struct body_list values;
	struct body_member members[MEMBERS];
	size_t n;
	const struct body_member *at[MEMBERS];
};

static int
read_body(struct given *g, enum target_order order, const char *body, size_t n, struct err *err)
{
	unsigned mask = rows[order].members | BIT(ID) | BIT(EXPIRES);

	memset(g, 0, sizeof(*g));
	g->values.is_named = true;
	for (size_t i = 0; i < MEMBERS; i++)
		if ((mask & BIT(i)) != 0) {
			g->members[g->n].name = known[i].name;
			g->members[g->n].kinds = known[i].kinds;
			g->members[g->n].list = i == VALUES ? &g->values : NULL;
			g->at[i] = &g->members[g->n++];
		}
	return body_read(body, n, g->members, g->n, err);
}

static bool
has(const struct given *g, size_t member)
{
	return g->at[member] != NULL && g->at[member]->kind != BODY_NONE;
}

static int
put_text(char *out, size_t cap, const struct given *g, size_t member, struct err *err)
{
	if (!has(g, member) || text_copy(out, cap, g->at[member]->text))
		return 0;
	return err_set(err, ERR_CONF, 0, "body: '%s' has over %zu bytes; write less",
		known[member].name, cap - 1);
}

static int
take_target(struct command *c, const struct given *g, struct err *err)
{
	const struct body_member *m = g->at[TARGET];

	if (has(g, TARGET) == has(g, MODE))
		return err_set(err, ERR_CONF, 0,
			"body: give either 'target', as in {\"target\": 120}, or 'mode', as in "
			"{\"mode\": \"manual\"}");
	if (has(g, MODE)) {
		c->kind = COMMAND_MODE;
		return put_text(c->value, sizeof(c->value), g, MODE, err);
	}
	if (m->kind == BODY_TEXT)
		return put_text(c->value, sizeof(c->value), g, TARGET, err);
	if (m->kind == BODY_NUMBER)
		text_from_double(c->value, m->number);
	else
		text_copy(c->value, sizeof(c->value), m->is_true ? "1" : "0");
	return 0;
}

/* Take it, hand it over, or let it go: one of them. */
static int
take_hold(struct command *c, const struct given *g, struct err *err)
{
	bool is_take = has(g, TAKE) && g->at[TAKE]->is_true;
	bool is_release = has(g, RELEASE) && g->at[RELEASE]->is_true;
	bool is_to = has(g, TO) && g->at[TO]->text[0] != '\0';

	if (is_take + is_release + is_to != 1 || (has(g, TO) && !is_to))
		return err_set(err, ERR_CONF, 0,
			"body: give one of {\"take\": true}, {\"to\": \"anna\"} and "
			"{\"release\": true}");
	if (!is_take && (has(g, FORCE) || has(g, REASON)))
		return err_set(
			err, ERR_CONF, 0, "body: 'force' and 'reason' belong to {\"take\": true}");
	c->kind = is_take ? COMMAND_TAKE : COMMAND_HAND_OVER;
	c->is_confirmed = has(g, FORCE) && g->at[FORCE]->is_true;
	return is_to ? put_text(c->value, sizeof(c->value), g, TO, err) : 0;
}

/* A value or the number of a step, as the command line says it. */
static int
take_value(struct command *c, const struct given *g, struct err *err)
{
	double step;

	if (has(g, STEP)) {
		step = g->at[STEP]->number;
		if (step < 0 || step > 99999 || step != floor(step))
			return err_set(err, ERR_CONF, 0, "body: 'step' is the number of a step");
		text_from_double(c->value, step);
		return 0;
	}
	if (has(g, VALUE) && g->at[VALUE]->kind == BODY_NUMBER) {
		text_from_double(c->value, g->at[VALUE]->number);
		return 0;
	}
	return put_text(c->value, sizeof(c->value), g, VALUE, err);
}

static int
take_span(struct command *c, const struct given *g, struct err *err)
{
	struct err why;

	if (!has(g, FOR) || span_parse(g->at[FOR]->text, &c->span_ns, &why) == 0)
		return 0;
	return err_set(err, ERR_CONF, 0, "body: 'for': %.120s", why.msg);
}

static int
take_numbers(struct command *c, const struct given *g, int64_t now_ns, struct err *err)
{
	double expires = has(g, EXPIRES) ? g->at[EXPIRES]->number : 0;
	double seen = has(g, SEEN) ? g->at[SEEN]->number : 0;

	if (has(g, EXPIRES) && (expires <= 0 || expires > EXPIRES_MAX_S))
		return err_set(
			err, ERR_CONF, 0, "body: 'expires_s' is above 0 and at most 60 seconds");
	if (seen < 0 || seen > EXACT_MAX || seen != floor(seen))
		return err_set(err, ERR_CONF, 0, "body: 'seen' is the number of an event");
	/* From here on, whatever holds it up. */
	c->expires_ns = now_ns + (has(g, EXPIRES) ? (int64_t)(expires * 1e9) : EXPIRES_NS);
	c->seen = (uint64_t)seen;
	c->ramp_per_min = has(g, RAMP) ? g->at[RAMP]->number : (double)NAN;
	return 0;
}

/* The number of an event, which tells one step, hold or question from others. */
static int
take_id(uint64_t *out, const struct given *g, size_t member, struct err *err)
{
	double id = has(g, member) ? g->at[member]->number : 0;

	if (id < 0 || id > EXACT_MAX || id != floor(id))
		return err_set(err, ERR_CONF, 0,
			"body: '%s' is a whole number, as GET /api/v1/sequence has it",
			known[member].name);
	*out = (uint64_t)id;
	return 0;
}

static int
take_config(struct command *c, const struct given *g, struct err *err)
{
	const char *text = has(g, CONFIG) ? g->at[CONFIG]->text : "";

	if (text[0] == '\0')
		return 0;
	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return err_set(err, ERR_CONF, 0,
			"body: 'config' has 16 digits, as GET /api/v1/bench has it");
	c->config = strtoull(text, NULL, 16);
	return 0;
}

static int
take_values(struct command *c, const struct given *g, struct err *err)
{
	c->is_whole = has(g, VALUES);
	for (size_t i = 0; c->is_whole && i < g->values.n; i++) {
		char pair[BODY_TEXT_MAX], *equals;

		text_copy(pair, sizeof(pair), g->values.items[i]);
		equals = strchr(pair, '='); /* body_read() has put it there */
		*equals = '\0';
		if (!command_add_value(c, pair, equals + 1))
			return err_set(err, ERR_CONF, 0,
				"body: 'values' say too much at '%.40s'; write less", pair);
	}
	return 0;
}

static int
take_seen(struct command *c, const struct given *g, struct err *err)
{
	int rc = take_id(&c->step, g, STEP_ID, err);

	if (rc == 0)
		rc = take_id(&c->hold, g, HOLD_ID, err);
	if (rc == 0)
		rc = take_id(&c->question, g, QUESTION_ID, err);
	return rc < 0 ? rc : take_config(c, g, err);
}

static int
take_wait(int64_t *out, const struct target *t, struct err *err)
{
	struct err why;

	*out = 0;
	if (t->params[0] == NULL)
		return 0;
	if (span_parse(t->params[0], out, &why) < 0)
		return err_set(err, ERR_CONF, 0, "wait: %.120s", why.msg);
	if (*out < 0 || *out > WISH_WAIT_MAX_NS)
		return err_set(err, ERR_CONF, 0, "wait: at most 30 s, as in ?wait=2s");
	return 0;
}

int
wish_make(struct command *c, int64_t *out_wait_ns, const struct target *t, const char *body,
	size_t n, int64_t now_ns, struct err *err)
{
	static struct given g;
	int rc = read_body(&g, t->order, body, n, err);

	if (rc < 0)
		return rc;
	*c = (struct command){ .kind = rows[t->order].kind };
	rc = put_text(c->id, sizeof(c->id), &g, ID, err);
	if (rc == 0 && has(&g, ID) && !command_id_is_good(c->id))
		rc = err_set(err, ERR_CONF, 0,
			"body: 'id' has letters, digits, '-' and '_', at most %d", COMMAND_ID - 1);
	if (rc == 0 && !text_copy(c->subject, sizeof(c->subject), t->name))
		rc = err_set(err, ERR_CONF, 0, "a name of that length is none of this bench");
	if (rc == 0)
		rc = put_text(c->subject, sizeof(c->subject), &g, NAME, err);
	if (rc == 0)
		rc = put_text(c->text, sizeof(c->text), &g, REASON, err);
	if (rc == 0 && t->order == ORDER_SET)
		rc = take_target(c, &g, err);
	if (rc == 0 && t->order == ORDER_HOLD)
		rc = take_hold(c, &g, err);
	if (rc == 0 && t->order != ORDER_HOLD)
		rc = take_value(c, &g, err);
	if (rc == 0)
		rc = take_span(c, &g, err);
	if (rc == 0)
		rc = take_numbers(c, &g, now_ns, err);
	if (rc == 0)
		rc = take_seen(c, &g, err);
	if (rc == 0)
		rc = take_values(c, &g, err);
	if (rc == 0)
		rc = take_wait(out_wait_ns, t, err);
	if (g.at[CLAMP] != NULL)
		c->is_clamped = g.at[CLAMP]->is_true;
	if (g.at[CONFIRM] != NULL)
		c->is_confirmed = g.at[CONFIRM]->is_true;
	return rc;
}

/* ---- rehearsals ----------------------------------------------------------------------------------------------------------- */

static void
put_list(struct rehearse_ask *out, enum rehearse_list which, const struct body_list *list)
{
	_Static_assert(BODY_ITEMS <= REHEARSE_TEXTS && BODY_TEXT_MAX <= REHEARSE_TEXT, "it fits");

	out->n[which] = (uint16_t)list->n;
	for (size_t i = 0; i < list->n; i++)
		text_copy(out->texts[which][i], sizeof(out->texts[which][i]), list->items[i]);
}

static int
take_form(struct rehearse_ask *out, const char *form, struct err *err)
{
	if (form == NULL || strcmp(form, "json") == 0)
		return 0;
	if (strcmp(form, "svg") != 0)
		return err_set(
			err, ERR_CONF, 0, "form: 'json', or 'svg' for the plot, as in ?form=svg");
	if ((out->flags & REHEARSE_FAULTS) != 0)
		return err_set(err, ERR_CONF, 0,
			"form: the plot has no faults; leave out 'faults', or ask for the JSON");
	out->flags |= REHEARSE_SVG;
	return 0;
}

int
wish_rehearse(struct rehearse_ask *out, const struct target *t, const char *body, size_t n,
	struct err *err)
{
	static struct body_list lists[REHEARSE_LISTS];
	struct body_member members[] = {
		{ .name = "set", .list = &lists[REHEARSE_SETS] },
		{ .name = "begin", .list = &lists[REHEARSE_BEGINS] },
		{ .name = "answers", .list = &lists[REHEARSE_ANSWERS] },
		{ .name = "faults", .kinds = BOOL },
		{ .name = "bytes", .kinds = BOOL },
	};
	int rc;

	*out = (struct rehearse_ask){ 0 };
	for (size_t i = 0; i < REHEARSE_LISTS; i++)
		lists[i] = (struct body_list){ .is_named = i != REHEARSE_ANSWERS };
	rc = body_read(body, n, members, NELEM(members), err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < REHEARSE_LISTS; i++)
		put_list(out, i, &lists[i]);
	if (members[3].is_true)
		out->flags |= REHEARSE_FAULTS;
	if (members[4].is_true)
		out->flags |= REHEARSE_BYTES;
	text_copy(out->sequence, sizeof(out->sequence), t->name);
	return take_form(out, t->params[0], err);
}

/* ---- the bench file and the audit ------------------------------------------------------------------------------------------ */

static int
take_count(uint32_t *out, const char *text, const char *what, struct err *err)
{
	int64_t n;

	if (text == NULL)
		return 0;
	if (text[0] < '0' || text[0] > '9' || !text_to_int(text, &n) || n < 1 || n > UINT32_MAX)
		return err_set(err, ERR_CONF, 0, "%s: a whole number above 0 is expected", what);
	*out = (uint32_t)n;
	return 0;
}

static int
take_word(char *out, size_t cap, const char *text, const char *what, struct err *err)
{
	if (text == NULL || text_copy(out, cap, text))
		return 0;
	return err_set(err, ERR_CONF, 0, "%s: at most %zu bytes", what, cap - 1);
}

static int
take_certificate(struct errand_ask *out, const struct target *t, struct err *err)
{
	if (strcmp(t->name, "serve") != 0 && strcmp(t->name, "public") != 0)
		return err_set(err, ERR_CONF, 0,
			"there is a certificate of 'serve' and one of 'public', the server for "
			"everybody");
	return take_word(out->name, sizeof(out->name), t->name, "name", err);
}

/* What is no name of one costs the gate no question. */
static int
take_backup(struct errand_ask *out, const struct target *t, struct err *err)
{
	if (!errand_backup_name_is_good(t->name))
		return err_set(err, ERR_CONF, 0,
			"this is no name of a backup; the list has those that are kept");
	return take_word(out->name, sizeof(out->name), t->name, "name", err);
}

int
wish_errand(struct errand_ask *out, const struct target *t, struct err *err)
{
	int rc = 0;

	*out = (struct errand_ask){ 0 };
	switch (t->route) {
	case ROUTE_FILE:
		out->kind = ERRAND_FILE;
		return take_word(out->name, sizeof(out->name), t->params[0], "part", err);
	case ROUTE_VERSION:
		out->kind = ERRAND_VERSION;
		return take_count(&out->number, t->name, "the version", err);
	case ROUTE_VERSION_DIFF:
		out->kind = ERRAND_DIFF;
		rc = take_count(&out->number, t->name, "the version", err);
		return rc < 0 ? rc : take_count(&out->other, t->params[0], "to", err);
	case ROUTE_AUDIT:
		out->kind = ERRAND_AUDIT;
		rc = take_word(out->since, sizeof(out->since), t->params[0], "since", err);
		if (rc == 0)
			rc = take_word(out->name, sizeof(out->name), t->params[1], "who", err);
		if (rc == 0)
			rc = take_word(out->act, sizeof(out->act), t->params[2], "act", err);
		if (rc == 0)
			rc = take_count(&out->limit, t->params[3], "limit", err);
		if (rc == 0 && out->limit > ERRAND_RECORDS)
			rc = err_set(err, ERR_CONF, 0, "limit: at most %d", ERRAND_RECORDS);
		return rc < 0 ? rc : take_count(&out->number, t->params[4], "before", err);
	case ROUTE_CATALOGUE_ONE:
	case ROUTE_CATALOGUE:
		out->kind = ERRAND_CATALOGUE;
		return take_word(out->name, sizeof(out->name),
			t->route == ROUTE_CATALOGUE ? NULL : t->name, "the name", err);
	case ROUTE_CERTIFICATE:
		out->kind = ERRAND_CERTIFICATE;
		return take_certificate(out, t, err);
	case ROUTE_BACKUPS:
		out->kind = ERRAND_BACKUPS;
		return 0;
	case ROUTE_BACKUP_FILE:
		out->kind = ERRAND_BACKUP_FILE;
		return take_backup(out, t, err);
	default:
		out->kind = ERRAND_VERSIONS;
		return 0;
	}
}

int
wish_errand_file(struct errand_ask *out, const struct target *t, const struct file_body *body,
	struct err *err)
{
	bool is_put = t->order == ORDER_FILE_PUT, is_part = is_put && t->params[0] != NULL;
	bool is_sequence = is_part || t->order == ORDER_SEQUENCE_CHECK;

	*out = (struct errand_ask){ .kind = is_part       ? ERRAND_SEQUENCE_PUT
					    : is_put      ? ERRAND_PUT
					    : is_sequence ? ERRAND_SEQUENCE_CHECK
							  : ERRAND_CHECK };
	if (t->order == ORDER_CERTIFICATE_PUT) {
		out->kind = ERRAND_CERTIFICATE_PUT;
		if (body->text == NULL || body->sha256[0] != '\0' || body->name[0] != '\0')
			return err_set(err, ERR_CONF, 0,
				"body: 'text' has the chain of certificates and the key as PEM; "
				"nothing else is asked for but 'reason'");
		text_copy(out->reason, sizeof(out->reason), body->reason);
		return take_certificate(out, t, err);
	}
	if (body->text == NULL)
		return err_set(err, ERR_CONF, 0, "body: 'text' is missing: the %s",
			is_sequence ? "sequence" : "bench file");
	if (is_sequence && body->n > ERRAND_SEQUENCE_MAX)
		return err_set(err, ERR_CONF, 413,
			"a sequence has at most 256 kB; split it with 'include'");
	if (body->name[0] != '\0' && t->order != ORDER_SEQUENCE_CHECK)
		return err_set(err, ERR_CONF, 0,
			"body: 'name' is for the check of a sequence alone; leave it out");
	if (t->order == ORDER_SEQUENCE_CHECK &&
		(body->sha256[0] != '\0' || body->reason[0] != '\0'))
		return err_set(
			err, ERR_CONF, 0, "body: 'text' and 'name' are all that is asked for");
	if (is_put && strlen(body->sha256) != SHA256_HEX && (!is_part || body->sha256[0] != '\0'))
		return err_set(err, ERR_CONF, 0,
			"body: 'sha256' is missing, or none: that of the file that was edited, as "
			"GET "
			"gave it");
	text_copy(out->sha256, sizeof(out->sha256), body->sha256);
	text_copy(out->reason, sizeof(out->reason), body->reason);
	if (!is_part) {
		text_copy(out->name, sizeof(out->name), body->name);
		return 0;
	}
	return take_word(out->name, sizeof(out->name), t->params[0], "part", err);
}

bool
wish_is_admin(enum target_order order)
{
	return order == ORDER_CERTIFICATE_MAKE || order == ORDER_BACKUP_MAKE ||
	       order == ORDER_BACKUP_VERIFY || order == ORDER_BACKUP_REMOVE;
}

int
wish_errand_admin(struct errand_ask *out, const struct target *t, const char *body, size_t n,
	struct buf *text, struct err *err)
{
	struct body_member m[] = { { .name = "passphrase", .kinds = TEXT },
		{ .name = "history", .kinds = 1u << BODY_BOOL } };
	size_t n_members = t->order == ORDER_BACKUP_MAKE     ? 2
			   : t->order == ORDER_BACKUP_VERIFY ? 1
							     : 0;
	int rc = body_read(body, n, m, n_members, err);

	*out = (struct errand_ask){ .kind = t->order == ORDER_BACKUP_MAKE     ? ERRAND_BACKUP_MAKE
					    : t->order == ORDER_BACKUP_VERIFY ? ERRAND_BACKUP_VERIFY
					    : t->order == ORDER_BACKUP_REMOVE
						    ? ERRAND_BACKUP_REMOVE
						    : ERRAND_CERTIFICATE_MAKE };
	if (rc == 0 && m[0].kind != BODY_NONE && strlen(m[0].text) < 10)
		rc = err_set(err, ERR_CONF, 0,
			"body: 'passphrase' has 10 characters at least; take some words that do "
			"not "
			"belong together");
	if (rc == 0 && m[0].kind != BODY_NONE)
		out->number |= ERRAND_BACKUP_SEALED;
	if (rc == 0 && m[1].is_true)
		out->number |= ERRAND_BACKUP_HISTORY;
	if (rc == 0 && errand_has_text(out->kind)) {
		buf_room(text,
			BODY_TEXT_MAX + 2); /* it does not move, and is wiped where it stands */
		buf_printf(text, "%s\n", m[0].text);
	}
	explicit_bzero(m, sizeof(m));
	if (rc < 0 || t->order == ORDER_BACKUP_MAKE)
		return rc;
	return t->order == ORDER_CERTIFICATE_MAKE ? take_certificate(out, t, err)
						  : take_backup(out, t, err);
}

bool
wish_is_run(enum target_order order)
{
	return order == ORDER_RUN_START || order == ORDER_RUN_STOP || order == ORDER_RUN_NOTE;
}

/* Lines NAME=VALUE, as the bench file's form takes them. */
static int
take_fields(struct errand_ask *out, const struct body_list *fields, struct err *err)
{
	static struct command c;

	c.values[0] = '\0';
	for (size_t i = 0; i < fields->n; i++) {
		char pair[BODY_TEXT_MAX], *equals;

		text_copy(pair, sizeof(pair), fields->items[i]);
		equals = strchr(pair, '='); /* body_read() has put it there */
		*equals = '\0';
		if (!command_add_value(&c, pair, equals + 1))
			return err_set(err, ERR_CONF, 0,
				"body: 'fields' say too much at '%.40s'; write less", pair);
	}
	if (!text_copy(out->text, sizeof(out->text), c.values))
		return err_set(err, ERR_CONF, 0,
			"body: 'fields' have over %d bytes together; put the rest into notes",
			ERRAND_WORDS - 1);
	return 0;
}

static int
take_note(struct errand_ask *out, const struct target *t, struct err *err)
{
	if (out->text[strspn(out->text, " ")] == '\0')
		return err_set(err, ERR_CONF, 0,
			"body: 'text' is the note, from 1 to %d bytes in one line", WIRE_NOTE_MAX);
	text_copy(out->name, sizeof(out->name), t->name);
	return take_count(&out->number, t->name, "the run", err);
}

int
wish_errand_run(
	struct errand_ask *out, const struct target *t, const char *body, size_t n, struct err *err)
{
	static struct body_list fields;
	char title[WIRE_TITLE_MAX + 1] = "";
	bool is_start = t->order == ORDER_RUN_START, is_note = t->order == ORDER_RUN_NOTE;
	struct body_member m[] = { { .name = "id", .kinds = TEXT },
		{ .name = is_note ? "text" : "title",
			.kinds = TEXT,
			.room = is_note ? out->text : title,
			.room_size = is_note ? WIRE_NOTE_MAX + 1 : sizeof(title) },
		{ .name = "fields", .list = &fields } };
	int rc;

	fields = (struct body_list){ .is_named = true };
	*out = (struct errand_ask){ .kind = is_start  ? ERRAND_RUN_START
					    : is_note ? ERRAND_RUN_NOTE
						      : ERRAND_RUN_STOP };
	rc = body_read(body, n, m, is_start ? 3 : is_note ? 2 : 1, err);
	if (rc == 0 && m[0].kind != BODY_NONE && !command_id_is_good(m[0].text))
		rc = err_set(err, ERR_CONF, 0,
			"body: 'id' has letters, digits, '-' and '_', at most %d", COMMAND_ID - 1);
	if (rc < 0)
		return rc;
	text_copy(out->request, sizeof(out->request), m[0].text);
	if (is_note)
		return take_note(out, t, err);
	text_copy(out->name, sizeof(out->name), title);
	return is_start ? take_fields(out, &fields, err) : 0;
}

int
wish_errand_order(
	struct errand_ask *out, const struct target *t, const char *body, size_t n, struct err *err)
{
	struct body_member reason[] = { { .name = "reason", .kinds = TEXT } },
			   to[] = { { .name = "reason", .kinds = TEXT },
				   { .name = "to", .kinds = NUMBER } };
	bool is_undo = t->order == ORDER_UNDO;
	struct body_member *m = is_undo ? to : reason;
	int rc = body_read(body, n, m, is_undo ? 2 : 1, err);

	*out = (struct errand_ask){ .kind = is_undo                    ? ERRAND_UNDO
					    : t->order == ORDER_REASON ? ERRAND_REASON
								       : ERRAND_DISCARD };
	if (rc == 0)
		rc = take_word(out->reason, sizeof(out->reason), m[0].text, "reason", err);
	if (rc == 0 && is_undo &&
		(to[1].number < 1 || to[1].number > 999999 || to[1].number != floor(to[1].number)))
		rc = err_set(err, ERR_CONF, 0,
			"body: 'to' is the number of a version; /api/v1/bench/versions lists them");
	if (rc == 0 && is_undo)
		out->number = (uint32_t)to[1].number;
	if (rc == 0 && out->kind == ERRAND_REASON && out->reason[0] == '\0')
		rc = err_set(err, ERR_CONF, 0, "body: 'reason' says in a few words why");
	return rc;
}

int
wish_errand_try(
	struct errand_ask *out, const struct target *t, const char *body, size_t n, struct err *err)
{
	static struct body_list list;
	struct body_member points = { .name = "points", .kinds = 1u << BODY_LIST, .list = &list };
	size_t at = 0;
	int rc;

	*out = (struct errand_ask){ .kind = ERRAND_TRY };
	list.n = 0;
	rc = body_read(body, n, &points, 1, err);
	if (rc == 0)
		rc = take_word(out->name, sizeof(out->name), t->name, "name", err);
	if (rc == 0 && points.kind != BODY_NONE && list.n == 0)
		rc = err_set(err, ERR_CONF, 0,
			"body: 'points' is a list of channels of the instrument; without it all "
			"are asked");
	for (size_t i = 0; rc == 0 && points.kind != BODY_NONE && i < list.n; i++) {
		size_t k = strlen(list.items[i]);

		if (k == 0 || strchr(list.items[i], ',') != NULL)
			rc = err_set(err, ERR_CONF, 0, "body: 'points': '%.60s' is no name",
				list.items[i]);
		else if (at + k + 2 > sizeof(out->reason))
			rc = err_set(err, ERR_CONF, 0,
				"body: 'points': fewer names, or none: then all are asked");
		else
			at += (size_t)snprintf(out->reason + at, sizeof(out->reason) - at, "%s%s",
				at == 0 ? "" : ",", list.items[i]);
	}
	return rc;
}

int
wish_errand_scan(struct errand_ask *out, const char *body, size_t n, struct err *err)
{
	struct body_member wire = { .name = "wire", .kinds = TEXT };
	int rc = body_read(body, n, &wire, 1, err);

	*out = (struct errand_ask){ .kind = ERRAND_SCAN };
	if (rc == 0 && (wire.kind == BODY_NONE || wire.text[0] == '\0'))
		rc = err_set(err, ERR_CONF, 0,
			"body: 'wire' is missing: a link of the bench file on which there is no "
			"instrument");
	return rc < 0 ? rc : take_word(out->name, sizeof(out->name), wire.text, "wire", err);
}

/* ---- headers -------------------------------------------------------------------------------------------------------------- */

int
wish_session(struct wish_session *out, const char *body, size_t n, struct err *err)
{
	struct body_member m[] = { { .name = "name", .kinds = 1u << BODY_TEXT },
		{ .name = "password", .kinds = 1u << BODY_TEXT },
		{ .name = "code", .kinds = 1u << BODY_TEXT },
		{ .name = "pin", .kinds = 1u << BODY_TEXT } };
	int rc = body_read(body, n, m, NELEM(m), err);

	*out = (struct wish_session){ 0 };
	if (rc == 0 && m[3].kind != BODY_NONE &&
		(m[0].kind == BODY_NONE || m[1].kind != BODY_NONE || m[2].kind != BODY_NONE ||
			m[3].text[0] == '\0' || !text_copy(out->pin, sizeof(out->pin), m[3].text)))
		rc = err_set(err, ERR_CONF, 0,
			"at a kiosk send {\"name\": ..., \"pin\": ...} alone; a PIN has 4 to 12 "
			"digits");
	if (rc == 0 && m[3].kind == BODY_NONE && (m[0].kind == BODY_NONE || m[1].kind == BODY_NONE))
		rc = err_set(err, ERR_CONF, 0,
			"send {\"name\": ..., \"password\": ...}: both are needed");
	/* A name that is too long is nobody's. */
	if (rc == 0 && !text_copy(out->name, sizeof(out->name), m[0].text))
		out->name[0] = '\0';
	if (rc == 0 && (!text_copy(out->password, sizeof(out->password), m[1].text) ||
			       !text_copy(out->code, sizeof(out->code), m[2].text)))
		rc = err_set(err, ERR_CONF, 0, "password or code is too long");
	explicit_bzero(m, sizeof(m));
	return rc;
}

bool
wish_token(char *out, const char *authorization)
{
	static const char scheme[] = "Bearer ";
	const char *token;
	size_t n;

	if (authorization == NULL || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return false;
	token = authorization + sizeof(scheme) - 1;
	token += strspn(token, " ");
	n = strlen(token);
	while (n > 0 && token[n - 1] == ' ')
		n--;
	if (n == 0 || n >= COMMAND_TOKEN)
		return false;
	for (size_t i = 0; i < n; i++)
		if (token[i] <= ' ' || token[i] > '~')
			return false;
	memcpy(out, token, n);
	out[n] = '\0';
	return true;
}

bool
wish_is_ours(const char *origin, const char *host, bool is_tls)
{
	const char *scheme = is_tls ? "https://" : "http://";
	size_t n = strlen(scheme);

	return origin == NULL || (host != NULL && strncmp(origin, scheme, n) == 0 &&
					 strcasecmp(origin + n, host) == 0);
}

bool
wish_is_loopback(const char *host)
{
	static const char *const names[] = { "localhost", "[::1]" };
	unsigned a, b, c, d;
	const char *port = NULL;
	int n = 0;

	if (host == NULL)
		return false;
	for (size_t i = 0; i < NELEM(names); i++)
		if (strncasecmp(host, names[i], strlen(names[i])) == 0)
			port = host + strlen(names[i]);
	if (port == NULL && strspn(host, "0123456789.:") == strlen(host) &&
		sscanf(host, "%3u.%3u.%3u.%3u%n", &a, &b, &c, &d, &n) == 4 && a == 127 && b < 256 &&
		c < 256 && d < 256)
		port = host + n;
	return port != NULL && (*port == '\0' || (*port == ':' && strspn(port + 1, "0123456789") ==
									  strlen(port + 1)));
}
