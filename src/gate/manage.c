/* manage.c - accounts and tokens over HTTP */
#include "gate/manage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"
#include "io/sock.h"

#define WRITTEN_NS (10 * NS_PER_S) /* until it must be written down */
#define PIECE 2500                 /* bytes behind which a list goes on in another piece */
#define TOKEN_BYTES 32

enum stage { WAITS, LOOKS_AT_OLD, HASHES, HASHES_PIN, WRITES };

struct task {
	struct manage_ask ask;
	enum stage stage;
	char name[ACCOUNT_NAME];         /* who asks: an account */
	char shown[2 * TOKEN_BYTES + 1]; /* once: a token, or the secret of a second factor */
	struct account account;          /* as it will be */
	char after[ACCOUNT_LINE];        /* its line; of a token likewise */
	char old[ACCOUNT_HASH];          /* what the old password was looked at by; "": not yet */
	int64_t until_ns;                /* of WRITES */
};

struct manage {
	struct people *people;
	struct logbook *logbook;
	const struct tokens *tokens, *links;
	int supervisor;
	void (*tell)(void *ctx, struct buf *packet);
	void *ctx;
	struct task tasks[MANAGE_TASKS]; /* the first one is under way */
	size_t n;
	uint32_t ticket; /* of what the first one waits for */
};

static void run(struct manage *m);

static int64_t
wall_now(const struct manage *m)
{
	return people_wall(m->logbook);
}

static bool
is_link(enum manage_act act)
{
	return act == MANAGE_LINKS || act == MANAGE_LINK_ADD || act == MANAGE_LINK_REMOVE;
}

static bool
is_add(enum manage_act act)
{
	return act == MANAGE_TOKEN_ADD || act == MANAGE_LINK_ADD;
}

static bool
is_remove(enum manage_act act)
{
	return act == MANAGE_TOKEN_REMOVE || act == MANAGE_LINK_REMOVE;
}

/* About a token or a link? They have the same form. */
static bool
is_program(enum manage_act act)
{
	return is_add(act) || is_remove(act);
}

static bool
is_list_of(enum manage_act act)
{
	return act == MANAGE_LIST || act == MANAGE_TOKENS || act == MANAGE_LINKS;
}

static const struct tokens *
programs_of(const struct manage *m, enum manage_act act)
{
	return is_link(act) ? m->links : m->tokens;
}

static const struct token *
token_named(const struct manage *m, enum manage_act act, const char *name)
{
	const struct tokens *all = programs_of(m, act);

	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->all[i].name, name) == 0)
			return &all->all[i];
	return NULL;
}

/* ---- answers -------------------------------------------------------------------------------------------------------------- */

static void
tell(struct manage *m, uint32_t number, unsigned status, unsigned next, int64_t wait_ns,
	const char *text)
{
	struct buf packet = { 0 };

	if (number == 0) /* who asked has gone */
		return;
	buf_room(&packet, WIRE_MAX); /* it does not move: it may be wiped where it stands */
	wire_begin(&packet, WIRE_MANAGED);
	wire_u32(&packet, number);
	wire_u16(&packet, (uint16_t)status);
	wire_u16(&packet, (uint16_t)next);
	wire_u32(&packet, (uint32_t)((wait_ns + NS_PER_S - 1) / NS_PER_S));
	wire_text(&packet, text);
	wire_end(&packet);
	m->tell(m->ctx, &packet);
}

static const char *
act_of(const struct manage_ask *a)
{
	unsigned what = a->change.what;

	switch (a->act) {
	case MANAGE_LIST:
		return "user_list";
	case MANAGE_TOKENS:
		return "token_list";
	case MANAGE_TOKEN_ADD:
		return "token_add";
	case MANAGE_TOKEN_REMOVE:
		return "token_remove";
	case MANAGE_LINKS:
		return "link_list";
	case MANAGE_LINK_ADD:
		return "link_add";
	case MANAGE_LINK_REMOVE:
		return "link_remove";
	default:
		return (what & CHANGE_NEW) != 0 ? "user_add" : "user_change";
	}
}

/* name: who asks, "": nobody that is known. Of what is refused only names that there are stand in it: else somebody could fill the record with their own words, a new line each time. */
static int
note(struct manage *m, const struct manage_ask *a, const char *name, const char *result,
	const char *why, struct err *err)
{
	struct audit_record r = { 0 };
	int64_t now = now_boot(), wall = now + now_wall_offset();
	bool is_token = is_program(a->act);
	const char *subject = is_token ? a->program.name : a->change.name;
	bool is_refused = strcmp(result, "refused") == 0;
	struct buf text = { 0 };

	if (is_refused && (is_token ? token_named(m, a->act, subject) == NULL
				    : people_account(m->people, subject) == NULL))
		subject = "";
	snprintf(r.who, sizeof(r.who), name[0] != '\0' ? "user:%.*s" : "-", ACCOUNT_NAME - 1, name);
	text_copy(r.from, sizeof(r.from), "http");
	text_copy(r.act, sizeof(r.act), act_of(a));
	text_copy(r.subject, sizeof(r.subject), subject);
	if (!is_token && !is_refused)
		account_change_text(&text, &a->change);
	text_copy(r.text, sizeof(r.text), buf_text(&text));
	buf_done(&text);
	text_copy(r.result, sizeof(r.result), result);
	text_copy(r.why, sizeof(r.why), why);
	if (is_refused) {
		logbook_alike(m->logbook, &r, now, wall);
		return 0;
	}
	return logbook_put(m->logbook, &r, wall, err);
}

static void
refuse(struct manage *m, const struct manage_ask *a, const char *name, const struct err *why)
{
	struct err err;

	(void)!note(m, a, name, "refused", why->msg, &err);
	tell(m, a->number, why->sys > 0 ? (unsigned)why->sys : 503, 0, NS_PER_S, why->msg);
}

/* The first one is over: the next one. */
static void
drop(struct manage *m)
{
	explicit_bzero(&m->tasks[0], sizeof(m->tasks[0]));
	memmove(&m->tasks[0], &m->tasks[1], (m->n - 1) * sizeof(m->tasks[0]));
	explicit_bzero(&m->tasks[--m->n], sizeof(m->tasks[0]));
	m->ticket++; /* what it waited for finds nobody */
}

static void
give_up(struct manage *m, const struct err *why)
{
	refuse(m, &m->tasks[0].ask, m->tasks[0].name, why);
	drop(m);
	run(m);
}

/* ---- may they ------------------------------------------------------------------------------------------------------------- */

static int
check_manager(struct manage *m, const struct account *asker, struct err *err)
{
	if (account_is_open(asker, wall_now(m)) && asker->role != ROLE_USER && !asker->is_kiosk)
		return 0;
	return err_set(err, ERR_REFUSED, 403,
		"accounts, tokens and links are managed by the roles root and admin, or with 'mbc "
		"user', 'mbc token' and 'mbc link' on the bench's computer");
}

static int
check_token(struct manage *m, const struct manage_ask *a, struct err *err)
{
	const struct token *t = &a->program;
	const char *wrong = NULL, *what = is_link(a->act) ? "link" : "token";
	const struct token *old = token_named(m, a->act, t->name);
	struct err why;

	if (!tokens_name_is_good(t->name))
		wrong = "a name has letters, digits, '-', '_' and '.', at most 24";
	else if (is_remove(a->act) && old == NULL)
		return err_set(err, ERR_REFUSED, 404, "there is no %s of '%s'", what, t->name);
	else if (is_add(a->act) && old != NULL)
		return err_set(err, ERR_REFUSED, 409,
			"there is a %s of '%s' already; remove it, or choose another name", what,
			t->name);
	else if (is_add(a->act) && programs_of(m, a->act)->n == TOKENS_MAX)
		return err_set(
			err, ERR_REFUSED, 409, "there are too many %ss; remove some first", what);
	else if (a->act == MANAGE_LINK_ADD && t->until_ns == INT64_MAX)
		wrong = "a link ends: say 'until', as 2026-12-31T12:00:00Z";
	else if (a->act == MANAGE_LINK_ADD && t->until_ns <= wall_now(m))
		wrong = "'until' is over already; take a later time";
	else if (a->act == MANAGE_TOKEN_ADD && t->may == 0)
		wrong = "a token is for something: set, mode, safe, ack, shelve, sequence";
	else if ((t->only[0] != '\0' && tokens_check_only(t->only, &why) < 0) ||
		 (t->reads[0] != '\0' && tokens_check_only(t->reads, &why) < 0))
		wrong = why.msg;
	return wrong == NULL ? 0 : err_set(err, ERR_REFUSED, 400, "%.190s", wrong);
}

static int
check_secrets(const struct manage_ask *a, struct err *err)
{
	int rc = 0;

	if ((a->change.what & CHANGE_HASH) != 0)
		rc = account_check_password(a->password, err);
	if (rc == 0 && (a->change.what & CHANGE_PIN) != 0 && a->pin[0] != '\0')
		rc = account_check_pin(a->pin, err);
	return rc;
}

static int
check_own(struct manage *m, const struct account *asker, const struct account_change *c,
	const char *old, struct err *err)
{
	static struct accounts after;
	int rc;

	if ((c->what & ~(unsigned)(CHANGE_HASH | CHANGE_PIN)) != 0 || c->what == 0 ||
		strcmp(c->name, asker->name) != 0)
		return err_set(err, ERR_REFUSED, 400,
			"send the old 'password', and 'new_password' or 'pin' or both");
	if (!account_is_open(asker, wall_now(m)))
		return err_set(err, ERR_REFUSED, 401, "this account is not open any more");
	/* Whoever changed it meanwhile may have done so because somebody else knew that one. */
	if (old[0] != '\0' && strcmp(old, asker->hash) != 0)
		return err_set(err, ERR_REFUSED, 403, "the old password is not this account's");
	after = *people_all(m->people);
	rc = account_change_apply(&after, c, wall_now(m), err);
	explicit_bzero(&after, sizeof(after));
	return rc;
}

/* At the beginning, and once more before it is written: things may be others meanwhile. */
static int
check(struct manage *m, const struct task *t, struct err *err)
{
	const struct account *asker = people_account(m->people, t->name);
	const struct manage_ask *a = &t->ask;

	if (asker == NULL)
		return err_set(err, ERR_REFUSED, 401, "this account is no longer there");
	switch (a->act) {
	case MANAGE_OWN:
		return check_own(m, asker, &a->change, t->old, err);
	case MANAGE_TOKEN_ADD:
	case MANAGE_TOKEN_REMOVE:
	case MANAGE_LINK_ADD:
	case MANAGE_LINK_REMOVE:
		return check_manager(m, asker, err) < 0 ? ERR_REFUSED : check_token(m, a, err);
	default:
		return account_change_may(
			people_all(m->people), asker, &a->change, wall_now(m), err);
	}
}

/* ---- writing -------------------------------------------------------------------------------------------------------------- */

static int
draw(uint8_t *out, size_t n, struct err *err)
{
	return getrandom(out, n, 0) == (ssize_t)n
		       ? 0
		       : err_set(err, ERR_IO, 503,
				 "this computer has no random numbers yet; try again");
}

/* The line that there is, and the one that is to be. */
static int
make_lines(struct manage *m, struct task *t, struct buf *before, struct buf *after, struct err *err)
{
	static struct accounts all;
	const struct account *a;
	const struct token *token;

	if (is_add(t->ask.act)) {
		tokens_write(after, &t->ask.program);
		return 0;
	}
	if (is_remove(t->ask.act)) {
		token = token_named(m, t->ask.act, t->ask.program.name);
		if (token != NULL)
			tokens_write(before, token);
		return 0;
	}
	all = *people_all(m->people);
	a = accounts_find(&all, t->ask.change.name);
	if (a != NULL)
		accounts_write(before, a);
	if (account_change_apply(&all, &t->ask.change, wall_now(m), err) < 0)
		return ERR_CONF;
	a = accounts_find(&all, t->ask.change.name);
	t->account = *a;
	accounts_write(after, a);
	explicit_bzero(&all, sizeof(all));
	return 0;
}

static int
send_lines(struct manage *m, struct task *t, const char *before, const char *after, struct err *err)
{
	struct buf packet = { 0 };
	int rc;

	wire_begin(&packet, WIRE_ACCOUNT_CHANGE);
	wire_u32(&packet, ++m->ticket);
	wire_u16(&packet, !is_program(t->ask.act) ? MANAGE_ACCOUNTS
			  : is_link(t->ask.act)   ? MANAGE_GUESTS
						  : MANAGE_PROGRAMS);
	wire_text(&packet, before);
	wire_text(&packet, after);
	wire_end(&packet);
	rc = sock_send(m->supervisor, &packet, -1, err);
	explicit_bzero(packet.data, packet.n);
	buf_done(&packet);
	return rc == 0 ? 0
		       : err_set(err, ERR_IO, 503,
				 "the supervisor writes nothing down now; try again in a second");
}

static void
write_down(struct manage *m)
{
	struct task *t = &m->tasks[0];
	struct buf before = { 0 }, after = { 0 };
	struct err err;
	int rc = check(m, t, &err);

	if (rc == 0)
		rc = make_lines(m, t, &before, &after, &err);
	if (rc == 0 && !text_copy(t->after, sizeof(t->after), buf_text(&after)))
		rc = err_set(&err, ERR_CONF, 400, "it is too long");
	if (rc == 0 && note(m, &t->ask, t->name, "asked", "", &err) < 0)
		rc = err_set(&err, ERR_IO, 503, "%.190s", err.msg);
	if (rc == 0)
		rc = send_lines(m, t, buf_text(&before), t->after, &err);
	if (before.n > 0)
		explicit_bzero(before.data, before.n);
	if (after.n > 0)
		explicit_bzero(after.data, after.n);
	buf_done(&before);
	buf_done(&after);
	if (rc < 0) {
		give_up(m, &err);
		return;
	}
	t->stage = WRITES;
	t->until_ns = now_boot() + WRITTEN_NS;
}

static void
tell_done(struct manage *m, const struct task *t)
{
	struct buf text = { 0 };
	unsigned status = 200;

	switch (t->ask.act) {
	case MANAGE_OWN:
	case MANAGE_FACTOR_OFF:
	case MANAGE_TOKEN_REMOVE:
	case MANAGE_LINK_REMOVE:
		status = 204;
		break;
	case MANAGE_FACTOR:
		buf_puts(&text, t->shown);
		break;
	case MANAGE_TOKEN_ADD:
		status = 201;
		manage_write_token(&text, &t->ask.program, t->shown);
		break;
	case MANAGE_LINK_ADD:
		status = 201;
		manage_write_link(&text, &t->ask.program, t->shown);
		break;
	default:
		status = (t->ask.change.what & CHANGE_NEW) != 0 ? 201 : 200;
		manage_write_account(
			&text, &t->account, people_sessions(m->people, t->account.name));
		break;
	}
	tell(m, t->ask.number, status, 0, 0, buf_text(&text));
	explicit_bzero(text.data, text.n);
	buf_done(&text);
}

int
manage_changed(struct manage *m, struct wire_in *in, struct err *err)
{
	uint32_t number = wire_get_u32(in);
	unsigned status = wire_get_u16(in);
	char why[sizeof(err->msg)];
	struct err said;

	wire_get_text(in, why, sizeof(why));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (m->n == 0 || m->tasks[0].stage != WRITES || number != m->ticket)
		return 0; /* its time was over */
	if (status != 200) {
		err_set(&said, ERR_IO, (int)status, "%s", why);
		give_up(m, &said);
		return 0;
	}
	tell_done(m, &m->tasks[0]);
	drop(m);
	run(m);
	return 0;
}

/* ---- one step after the other --------------------------------------------------------------------------------------------- */

static void
ask_hasher(struct manage *m, enum stage stage, const char *hash, const char *secret)
{
	struct err err;

	m->tasks[0].stage = stage;
	if (people_hash(m->people, ++m->ticket, hash, secret))
		return;
	err_set(&err, ERR_IO, 503,
		"the process that looks at passwords has too much to do, or is being started; try "
		"again in a second");
	give_up(m, &err);
}

/* Who changes their own password says the old one, and it counts as one that signs in. */
static void
look_at_old(struct manage *m)
{
	static const char why[] = "too many wrong passwords; none is looked at for a while";
	struct task *t = &m->tasks[0];
	const struct account *asker = people_account(m->people, t->name);
	int64_t wait_ns = people_wait(m->people, t->name, t->ask.address);
	struct err err;

	if (asker == NULL) {
		err_set(&err, ERR_REFUSED, 401, "this account is no longer there");
		give_up(m, &err);
	} else if (wait_ns > 0) {
		(void)!note(m, &t->ask, t->name, "refused", why, &err);
		tell(m, t->ask.number, 429, 0, wait_ns, why);
		drop(m);
		run(m);
	} else {
		text_copy(t->old, sizeof(t->old), asker->hash);
		ask_hasher(m, LOOKS_AT_OLD, t->old, t->ask.old);
	}
}

/* Behind the stage that it is in. */
static void
go_on(struct manage *m)
{
	struct task *t = &m->tasks[0];

	if (t->stage < HASHES && (t->ask.change.what & CHANGE_HASH) != 0)
		ask_hasher(m, HASHES, "", t->ask.password);
	else if (t->stage < HASHES_PIN && (t->ask.change.what & CHANGE_PIN) != 0 &&
		 t->ask.pin[0] != '\0')
		ask_hasher(m, HASHES_PIN, "", t->ask.pin);
	else
		write_down(m);
}

static void
run(struct manage *m)
{
	if (m->n == 0 || m->tasks[0].stage != WAITS)
		return;
	if (m->tasks[0].ask.act == MANAGE_OWN) {
		look_at_old(m);
		return;
	}
	m->tasks[0].stage = LOOKS_AT_OLD; /* there is none to look at */
	go_on(m);
}

static void
on_hashed(void *ctx, uint32_t ticket, enum people_hashed what, const char *made)
{
	struct manage *m = ctx;
	struct task *t = &m->tasks[0];
	bool is_old = t->stage == LOOKS_AT_OLD;
	struct err err;

	if (m->n == 0 || ticket != m->ticket || t->stage == WAITS || t->stage == WRITES)
		return;
	if (is_old && what != PEOPLE_NOT_HASHED)
		people_tried(m->people, t->name, t->ask.address, what == PEOPLE_HASHED);
	if (what == PEOPLE_NOT_HASHED || (what == PEOPLE_WRONG && !is_old)) {
		err_set(&err, ERR_IO, 503,
			"the process that looks at passwords did not do it; try again in a second");
		give_up(m, &err);
		return;
	}
	if (what == PEOPLE_WRONG) {
		err_set(&err, ERR_REFUSED, 403, "the old password is not this account's");
		give_up(m, &err);
		return;
	}
	if (t->stage == HASHES)
		text_copy(t->ask.change.hash, sizeof(t->ask.change.hash), made);
	if (t->stage == HASHES_PIN)
		text_copy(t->ask.change.pin, sizeof(t->ask.change.pin), made);
	go_on(m);
}

/* ---- questions ------------------------------------------------------------------------------------------------------------ */

/* As many as fit into a piece. */
static void
tell_list(struct manage *m, const struct manage_ask *a)
{
	const struct accounts *all = people_all(m->people);
	const struct tokens *programs = programs_of(m, a->act);
	size_t n = a->act == MANAGE_LIST ? all->n : programs->n, i = a->from;
	struct buf text = { 0 };

	for (; i < n && text.n < PIECE; i++) {
		if (text.n > 0)
			buf_putc(&text, ',');
		if (a->act == MANAGE_LIST)
			manage_write_account(
				&text, &all->all[i], people_sessions(m->people, all->all[i].name));
		else if (a->act == MANAGE_LINKS)
			manage_write_link(&text, &programs->all[i], NULL);
		else
			manage_write_token(&text, &programs->all[i], NULL);
	}
	tell(m, a->number, 200, i < n ? (unsigned)i : 0, 0, buf_text(&text));
	buf_done(&text);
}

/* What belongs to this act, and nothing else; what the gate makes itself. */
static int
complete(struct task *t, struct err *err)
{
	struct manage_ask *a = &t->ask;
	struct account_change *c = &a->change;
	uint8_t random[TOKEN_BYTES];

	if (a->act == MANAGE_OWN)
		text_copy(c->name, sizeof(c->name), t->name);
	if (a->act == MANAGE_FACTOR || a->act == MANAGE_FACTOR_OFF)
		c->what = CHANGE_TOTP;
	else
		c->what &= ~(unsigned)CHANGE_TOTP;
	/* Until they are hashed. */
	text_copy(c->hash, sizeof(c->hash), (c->what & CHANGE_HASH) != 0 ? "-" : "");
	text_copy(c->pin, sizeof(c->pin), a->pin[0] != '\0' ? "-" : "");
	if (is_link(a->act)) { /* it is for looking at what the public server shows */
		a->program.may = (1u << TOKENS_WORDS) - 1;
		a->program.only[0] = a->program.reads[0] = '\0';
	}
	if (a->act != MANAGE_FACTOR && !is_add(a->act))
		return 0;
	if (draw(random, sizeof(random), err) < 0)
		return ERR_IO;
	if (a->act == MANAGE_FACTOR) {
		totp_text(c->totp, random);
		text_copy(t->shown, sizeof(t->shown), c->totp);
	} else {
		for (size_t i = 0; i < sizeof(random); i++)
			snprintf(t->shown + 2 * i, 3, "%02x", random[i]);
		sha256(a->program.digest, t->shown, strlen(t->shown));
	}
	explicit_bzero(random, sizeof(random));
	return 0;
}

static int
check_asker(struct manage *m, const char *token, struct task *t, struct err *err)
{
	const struct account *asker;

	if (tokens_find(m->tokens, token) != NULL)
		return err_set(err, ERR_REFUSED, 403,
			"tokens of programs manage neither accounts nor tokens; sign in");
	asker = people_of_token(m->people, token);
	if (asker == NULL)
		return err_set(err, ERR_REFUSED, 401, "sign in first: nobody has this session");
	text_copy(t->name, sizeof(t->name), asker->name);
	return 0;
}

static void
take(struct manage *m, struct task *t)
{
	struct manage_ask *a = &t->ask;
	bool is_list = is_list_of(a->act);
	struct err err;
	int rc = check_asker(m, a->token, t, &err);

	explicit_bzero(a->token, sizeof(a->token));
	if (rc == 0 && is_list)
		rc = check_manager(m, people_account(m->people, t->name), &err);
	if (rc == 0 && !is_list)
		rc = complete(t, &err);
	if (rc == 0 && !is_list)
		rc = check(m, t, &err);
	if (rc == 0)
		rc = check_secrets(a, &err);
	if (rc == 0 && m->n == MANAGE_TASKS)
		rc = err_set(&err, ERR_REFUSED, 503,
			"too much is being changed at the same time; try again in a second");
	if (rc < 0) {
		refuse(m, a, t->name, &err);
	} else if (is_list) {
		tell_list(m, a);
	} else {
		m->tasks[m->n++] = *t;
		run(m);
	}
}

bool
manage_packet(struct manage *m, struct wire_in *in)
{
	static struct task t;
	struct err err;
	bool is_good;

	t = (struct task){ .stage = WAITS };
	is_good = manage_read(&t.ask, in, &err) == 0;
	if (is_good)
		take(m, &t);
	explicit_bzero(&t, sizeof(t));
	return is_good;
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

void
manage_serve_gone(struct manage *m)
{
	for (size_t i = 0; i < m->n; i++)
		m->tasks[i].ask.number = 0;
	/* What is written down goes on; what is not yet ends, for nobody would hear of it. */
	while (m->n > 1)
		explicit_bzero(&m->tasks[--m->n], sizeof(m->tasks[0]));
	if (m->n == 1 && m->tasks[0].stage != WRITES)
		drop(m);
}

const char *
manage_who(const struct manage *m, const char *name, const char *line)
{
	static char who[EVENT_PRINCIPAL];
	const struct task *t = &m->tasks[0];

	if (m->n == 0 || t->stage != WRITES || strcmp(t->after, line) != 0 ||
		(line[0] == '\0' && strcmp(t->ask.program.name, name) != 0))
		return "";
	snprintf(who, sizeof(who), "user:%.*s", ACCOUNT_NAME - 1, t->name);
	return who;
}

int64_t
manage_step(struct manage *m, int64_t now_ns)
{
	struct err err;

	if (m->n == 0 || m->tasks[0].stage != WRITES)
		return NEVER;
	if (now_ns < m->tasks[0].until_ns)
		return m->tasks[0].until_ns;
	err_set(&err, ERR_TIMEOUT, 503,
		"the supervisor did not say whether it is written down; look at the list");
	give_up(m, &err);
	return now_ns;
}

struct manage *
manage_new(struct people *people, struct logbook *logbook, const struct tokens *tokens,
	const struct tokens *links, int supervisor,
	void (*tell_serve)(void *ctx, struct buf *packet), void *ctx)
{
	struct manage *m = mem_zero(1, sizeof(*m));

	m->people = people;
	m->logbook = logbook;
	m->tokens = tokens;
	m->links = links;
	m->supervisor = supervisor;
	m->tell = tell_serve;
	m->ctx = ctx;
	people_on_hashed(people, on_hashed, m);
	return m;
}

void
manage_free(struct manage *m)
{
	if (m == NULL)
		return;
	explicit_bzero(m, sizeof(*m));
	free(m);
}
