/* desk.c - the connections of the gate */
#include "gate/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "gate/book.h"
#include "gate/hold.h"
#include "gate/manage.h"
#include "gate/people.h"
#include "gate/policy.h"
#include "io/now.h"
#include "io/sock.h"
#include "model/run_form.h"
#include "msg/errand.h"
#include "msg/guest.h"
#include "msg/rehearse.h"

#define FORGET_AGAIN_NS (100 * NS_PER_MS)
#define ASK_AGAIN_NS (5 * NS_PER_S) /* a verdict may have been lost: the controller knows */

/* So many commands at once, and so many a second: what fills the journal of a bench. */
#define PERSON_BURST 200
#define PERSON_RATE 100
#define TOKEN_BURST 60
#define TOKEN_RATE 20

struct bucket {
	int64_t left_ns, at_ns; /* what is left, as time in which it comes back */
};

struct desk {
	struct loop *loop;
	int control, serve; /* -1: not there */
	int supervisor;
	struct logbook *logbook;
	struct caller {
		int fd; /* -1: free */
		uint32_t number;
		uint32_t guest;  /* number of its question on a wire; 0: none is under way */
		bool only_reads; /* it commands nothing, and asks on wires what changes nothing */
		char name[EVENT_PRINCIPAL];
	} callers[DESK_CALLERS];
	uint32_t number; /* of the newest */
	struct tokens tokens, links;
	struct people *people;
	struct manage *manage;
	bool owes_forget; /* the data server did not read that it has to forget */
	uint32_t opened;
	struct bucket persons, programs;
	struct book book;
	struct hold hold; /* who holds the bench */
	int pass;         /* what came along with the packet that is being looked at; -1 */
};

/* Who asks. */
struct asker {
	struct caller *caller; /* NULL: the data server */
};

/* What a program or a person proves itself with: one of both, or nothing. */
struct proof {
	const struct token *token;
	const struct account *account;
	bool is_acting; /* by a PIN at a kiosk: it operates, and no more */
};

/* ---- what goes on record -------------------------------------------------------------------------------------------------- */

static const char *
way_of(const struct asker *who)
{
	return who->caller != NULL ? "cli" : "http";
}

static void
describe(struct audit_record *r, const struct command *c, const char *result, const char *why)
{
	*r = (struct audit_record){ 0 };
	text_copy(r->who, sizeof(r->who), c->principal);
	text_copy(r->from, sizeof(r->from),
		c->is_person && strncmp(c->principal, "user:", 5) != 0 ? "cli" : "http");
	text_copy(r->act, sizeof(r->act), command_kind_text(c->kind));
	text_copy(r->subject, sizeof(r->subject), c->subject);
	text_copy(r->value, sizeof(r->value), c->value);
	text_copy(r->text, sizeof(r->text), c->text);
	text_copy(r->result, sizeof(r->result), result);
	text_copy(r->why, sizeof(r->why), why);
	text_copy(r->id, sizeof(r->id), c->id);
}

/* What comes along with START: each as if it had been told on its own. */
static int
note_values(struct desk *d, const struct command *c, struct err *err)
{
	char name[EVENT_SUBJECT], value[COMMAND_TOLD];
	struct audit_record r;
	size_t at = 0;
	bool is_good;
	int rc = 0;

	while (rc == 0 && command_next_value(c, &at, name, value, &is_good)) {
		describe(&r, c, "asked", "");
		text_copy(r.act, sizeof(r.act), command_kind_text(COMMAND_SEQ_ANSWER_FORM));
		text_copy(r.subject, sizeof(r.subject), name);
		text_copy(strlen(value) < sizeof(r.value) ? r.value : r.text,
			strlen(value) < sizeof(r.value) ? sizeof(r.value) : sizeof(r.text), value);
		rc = logbook_put(d->logbook, &r, now_boot() + now_wall_offset(), err);
	}
	return rc;
}

static int
note_asked(struct desk *d, const struct command *c, struct err *err)
{
	struct audit_record r;

	if (note_values(d, c, err) < 0)
		return ERR_REFUSED;
	describe(&r, c, "asked", "");
	return logbook_put(d->logbook, &r, now_boot() + now_wall_offset(), err);
}

static void
note_verdict(struct desk *d, const struct book_entry *e)
{
	struct audit_record r;
	struct err err;

	if (e->is_question || e->told.verdict == VERDICT_PENDING)
		return;
	describe(&r, &e->command, verdict_text(e->told.verdict), e->told.text);
	r.event = e->told.event;
	if (logbook_put(d->logbook, &r, now_boot() + now_wall_offset(), &err) < 0)
		log_debug("audit: %s", err.msg); /* said once already */
}

static void
note_alike(struct desk *d, const struct audit_record *r)
{
	int64_t now = now_boot();

	logbook_alike(d->logbook, r, now, now + now_wall_offset());
}

/* Not a command of the controller: what it is, and what about. */
static void
describe_other(struct audit_record *r, const struct asker *who, const char *name, const char *act,
	const char *subject, const struct err *why)
{
	*r = (struct audit_record){ 0 };
	text_copy(r->who, sizeof(r->who), name);
	text_copy(r->from, sizeof(r->from), way_of(who));
	text_copy(r->act, sizeof(r->act), act);
	text_copy(r->subject, sizeof(r->subject), subject);
	text_copy(r->result, sizeof(r->result), why != NULL ? "refused" : "asked");
	text_copy(r->why, sizeof(r->why), why != NULL ? why->msg : "");
}

/* ---- what is told --------------------------------------------------------------------------------------------------------- */

static void
drop(struct desk *d, int *fd)
{
	if (*fd < 0)
		return;
	loop_remove(d->loop, *fd);
	close(*fd);
	*fd = -1;
}

/* A command line that does not read goes. The data server loses this packet alone, and asks again: a new connection between it and
 * us is made only when one of both starts. */
static void
send_to(struct desk *d, const struct asker *to, struct buf *packet)
{
	int *fd = to->caller != NULL ? &to->caller->fd : &d->serve;
	struct err err;
	int rc = *fd < 0 ? 0 : sock_send(*fd, packet, -1, &err);

	if (rc < 0)
		log_debug("a verdict is not taken: %s", err.msg);
	if (rc < 0 && (to->caller != NULL || rc != ERR_TIMEOUT))
		drop(d, fd);
	buf_done(packet);
}

static void
tell(struct desk *d, const struct asker *to, const struct verdict_told *v)
{
	struct buf packet = { 0 };

	verdict_write(&packet, v);
	send_to(d, to, &packet);
}

static struct caller *
caller_of(struct desk *d, uint32_t number)
{
	for (size_t i = 0; number != 0 && i < DESK_CALLERS; i++)
		if (d->callers[i].fd >= 0 && d->callers[i].number == number)
			return &d->callers[i];
	return NULL;
}

/* To all who have asked for it. */
static void
tell_all(struct desk *d, const struct book_entry *e)
{
	struct asker caller = { caller_of(d, e->caller) }, server = { NULL };

	if (caller.caller != NULL)
		tell(d, &caller, &e->told);
	if (e->is_served)
		tell(d, &server, &e->told);
}

/* It goes no further: nothing was done, and nothing of it is remembered. */
static void
turn_away(struct desk *d, const struct asker *to, const char *id, const struct err *why)
{
	struct verdict_told v = { .verdict = VERDICT_REFUSED };
	char text[EVENT_TEXT]; /* longer ones are not taken */
	struct buf packet = { 0 };

	if (to->caller != NULL) {
		text_copy(v.id, sizeof(v.id), id);
		text_copy(v.text, sizeof(v.text), why->msg);
		tell(d, to, &v);
		return;
	}
	wire_begin(&packet, WIRE_COMMAND_NO);
	wire_text(&packet, id);
	wire_u16(&packet, (uint16_t)why->sys);
	text_copy(text, sizeof(text), why->msg);
	wire_text(&packet, text);
	wire_end(&packet);
	send_to(d, to, &packet);
}

/* A clock that nobody has set may have gone back, and a token would open again what it no longer opens: then it is at least as late as the last record says. */
static int64_t
wall_now(const struct desk *d)
{
	return people_wall(d->logbook);
}

/* is_command: who acts at a kiosk does so for longer by it. */
static struct proof
look_at_proof(struct desk *d, const char *token, bool is_command)
{
	struct proof p = { .token = tokens_find(&d->tokens, token) };

	if (p.token == NULL)
		p.account = people_acts(d->people, token, is_command, &p.is_acting);
	return p;
}

static bool
is_nobody(const struct proof *p)
{
	return p->token == NULL && p->account == NULL;
}

static void
name_proof(char *out, size_t cap, const struct proof *p)
{
	if (p->token != NULL)
		snprintf(out, cap, "token:%.*s", TOKENS_NAME - 1, p->token->name);
	else
		snprintf(out, cap, "user:%.*s", ACCOUNT_NAME - 1, p->account->name);
}

static void
refuse_token(struct err *err)
{
	err_set(err, ERR_REFUSED, 401,
		"nobody has this token; 'mbc token add NAME' makes one, 'mbc token list' names "
		"them, and whoever has an account signs in again");
}

static bool take_guest_told(struct desk *d, struct wire_in *in);
static void lose_guests(struct desk *d);

static void
note_asker(struct book_entry *e, const struct asker *who)
{
	if (who->caller != NULL)
		e->caller = who->caller->number;
	else
		e->is_served = true;
}

/* ---- the controller ------------------------------------------------------------------------------------------------------- */

/* Nobody knows what became of those that it had. */
static void
lose_control(struct desk *d)
{
	struct book_entry *e = NULL;

	if (d->control < 0)
		return;
	drop(d, &d->control);
	lose_guests(d);
	while ((e = book_pending(&d->book, e)) != NULL) {
		e->told.verdict = VERDICT_UNKNOWN;
		text_copy(e->told.text, sizeof(e->told.text),
			"the controller ended meanwhile; look at the value before you ask again");
		note_verdict(d, e);
		tell_all(d, e);
		if (e->is_question)
			book_forget(e);
	}
}

static void
take_verdict(struct desk *d, const struct verdict_told *v)
{
	struct book_entry *e = book_find(&d->book, v->id);

	if (e == NULL || (e->told.verdict == VERDICT_PENDING && v->verdict == VERDICT_PENDING &&
				 v->event == e->told.event && strcmp(v->text, e->told.text) == 0))
		return;
	e = book_verdict(&d->book, v);
	if (e == NULL)
		return;
	note_verdict(d, e);
	tell_all(d, e);
	if (e->is_question)
		book_forget(e);
}

static void
on_control(void *ctx, int fd, unsigned events)
{
	struct desk *d = ctx;
	uint8_t packet[WIRE_MAX];
	struct verdict_told v;
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err), kind;

	if (n == ERR_TIMEOUT)
		return;
	if (pass >= 0)
		close(pass);
	kind = n > 0 ? wire_open(&in, packet, (size_t)n, &err) : ERR_PROTO;
	if (kind == WIRE_VERDICT && verdict_read(&v, &in, &err) == 0) {
		take_verdict(d, &v);
		return;
	}
	if (kind == WIRE_GUEST_TOLD && take_guest_told(d, &in))
		return;
	if (n > 0)
		log_err("controller: sends what is no verdict; is mbc partly updated?");
	lose_control(d);
}

static int
send_command(struct desk *d, const struct command *c, struct err *err)
{
	struct buf packet = { 0 };
	int rc;

	if (d->control < 0)
		return err_set(err, ERR_REFUSED, 503,
			"the controller is not running now; it is being started, ask again in a "
			"second");
	command_write(&packet, c);
	rc = sock_send(d->control, &packet, -1, err);
	buf_done(&packet);
	return rc == 0 ? 0
		       : err_set(err, ERR_REFUSED, 503,
				 "the controller takes no commands now; ask again in a second");
}

static int
ask_control(struct desk *d, const char *id)
{
	struct buf packet = { 0 };
	int rc;

	wire_begin(&packet, WIRE_VERDICT_ASK);
	wire_text(&packet, id);
	wire_end(&packet);
	rc = d->control < 0 ? ERR_IO : sock_send(d->control, &packet, -1, NULL);
	buf_done(&packet);
	return rc;
}

/* ---- commands ------------------------------------------------------------------------------------------------------------- */

/* One of `burst` that come back at `rate` a second. */
static bool
take_one(struct bucket *b, int64_t burst, int64_t rate, int64_t now_ns)
{
	int64_t cost_ns = NS_PER_S / rate, full_ns = burst * cost_ns;

	if (b->at_ns == 0)
		b->left_ns = full_ns;
	else
		b->left_ns = MIN(full_ns, b->left_ns + (now_ns - b->at_ns));
	b->at_ns = now_ns;
	if (b->left_ns < cost_ns)
		return false;
	b->left_ns -= cost_ns;
	return true;
}

static int
check_rate(struct desk *d, bool is_person, int64_t now_ns, struct err *err)
{
	bool is_good = is_person ? take_one(&d->persons, PERSON_BURST, PERSON_RATE, now_ns)
				 : take_one(&d->programs, TOKEN_BURST, TOKEN_RATE, now_ns);

	return is_good ? 0
		       : err_set(err, ERR_REFUSED, 503,
				 "too many commands in a short time; ask again in a second");
}

/* ---- who holds the bench -------------------------------------------------------------------------------------------------- */

static void
tell_hold(struct desk *d, enum event_kind kind, const char *subject, const char *who,
	const char *note)
{
	struct buf packet = { 0 };
	struct err err;

	wire_begin(&packet, WIRE_HOLD_TOLD);
	wire_u16(&packet, (uint16_t)kind);
	wire_text(&packet, subject);
	wire_text(&packet, who);
	wire_text(&packet, note);
	wire_end(&packet);
	if (sock_send(d->supervisor, &packet, -1, &err) < 0)
		log_warn("who holds the bench is no event: %s", err.msg);
	buf_done(&packet);
}

/* The account of who holds it; NULL: a command line's user does, or nobody. *out_is_gone: there is no such account that still operates. */
static const struct account *
holding_account(struct desk *d, const char *who, bool *out_is_gone)
{
	const struct account *a = NULL;

	*out_is_gone = false;
	if (strncmp(who, "user:", 5) != 0)
		return NULL;
	a = people_account(d->people, who + 5);
	*out_is_gone = a == NULL || !account_is_open(a, wall_now(d)) ||
		       account_only(a, RIGHT_OPERATE, wall_now(d))[0] == '\0';
	return a;
}

/* Who may operate nothing any more holds nothing either: else nobody could, but by force. */
static void
look_at_hold(struct desk *d)
{
	struct audit_record r = { 0 };
	struct err err;
	bool is_gone;

	(void)holding_account(d, d->hold.who, &is_gone);
	if (!is_gone)
		return;
	text_copy(r.from, sizeof(r.from), "gate");
	text_copy(r.act, sizeof(r.act), command_kind_text(COMMAND_HAND_OVER));
	text_copy(r.subject, sizeof(r.subject), d->hold.who);
	text_copy(r.result, sizeof(r.result), "done");
	text_copy(r.why, sizeof(r.why), "the account may operate nothing any more");
	if (logbook_put(d->logbook, &r, now_boot() + now_wall_offset(), &err) < 0)
		log_debug("audit: %s", err.msg); /* said once already */
	tell_hold(d, EVENT_BENCH_HANDED_OVER, d->hold.who, "",
		"to nobody: the account may operate nothing any more");
	d->hold = (struct hold){ 0 };
}

static bool
is_of_hold(enum command_kind kind)
{
	return kind == COMMAND_TAKE || kind == COMMAND_HAND_OVER;
}

/* Whom a name means: an account; else, asked at the command line, which has looked there already, a user of this computer. */
static int
find_receiver(struct desk *d, const struct command *c, bool is_here, char out[EVENT_PRINCIPAL],
	struct err *err)
{
	const char *name = strncmp(c->value, "user:", 5) == 0 ? c->value + 5 : c->value;
	bool is_gone;

	out[0] = '\0';
	if (c->value[0] == '\0')
		return 0;
	if (strlen(name) < EVENT_PRINCIPAL - strlen("user:")) {
		snprintf(out, EVENT_PRINCIPAL, "user:%.*s", (int)(EVENT_PRINCIPAL - 6), name);
		if (holding_account(d, out, &is_gone) != NULL && !is_gone)
			return 0;
	}
	if (is_here && name == c->value && text_copy(out, EVENT_PRINCIPAL, name))
		return 0;
	return err_set(err, ERR_REFUSED, 409,
		"no account '%.30s' may operate this bench; 'mbc user list' names them", name);
}

/* What it would be afterwards. */
static int
change_hold(struct desk *d, const struct command *c, const struct proof *proof, struct hold *out,
	struct err *err)
{
	bool is_here = is_nobody(proof);
	bool is_admin = is_here || (proof->account != NULL && proof->account->role != ROLE_USER &&
					   !proof->is_acting);
	bool is_holder = strcmp(d->hold.who, c->principal) == 0;
	char to[EVENT_PRINCIPAL] = "";

	*out = d->hold;
	if (c->kind == COMMAND_TAKE)
		return hold_take(
			out, c->principal, c->is_confirmed, is_admin, c->text, wall_now(d), err);
	/* Others do not learn here which accounts there are. */
	if (is_holder && find_receiver(d, c, is_here, to, err) < 0)
		return ERR_REFUSED;
	return hold_hand_over(out, c->principal, to, wall_now(d), err);
}

/* On record first; then it is so. */
static int
do_hold(struct desk *d, struct book_entry *e, const struct hold *next, struct err *err)
{
	const struct command *c = &e->command;
	struct verdict_told v = { .verdict = VERDICT_VERIFIED };
	struct hold before = d->hold;
	char note[EVENT_TEXT];

	if (note_asked(d, c, err) < 0)
		return ERR_REFUSED;
	d->hold = *next;
	text_copy(v.id, sizeof(v.id), c->id);
	if (next->who[0] != '\0')
		snprintf(v.text, sizeof(v.text), "%s holds the bench", next->who);
	else
		text_copy(v.text, sizeof(v.text), "nobody holds the bench any more");
	e = book_verdict(&d->book, &v);
	note_verdict(d, e);
	if (strcmp(before.who, next->who) == 0)
		return 0;
	if (c->kind == COMMAND_TAKE && before.who[0] != '\0')
		snprintf(note, sizeof(note), "taken from %s: %.80s", before.who, c->text);
	else if (c->kind == COMMAND_TAKE)
		note[0] = '\0';
	else
		snprintf(note, sizeof(note), "to %s", next->who[0] != '\0' ? next->who : "nobody");
	tell_hold(d, c->kind == COMMAND_TAKE ? EVENT_BENCH_TAKEN : EVENT_BENCH_HANDED_OVER,
		c->principal, c->principal, note);
	return 0;
}

/* It opens nothing, and is not put on record; it costs no more than what became of a command. */
static void
tell_who_holds(struct desk *d, const struct asker *who, const char *id)
{
	struct verdict_told v = { .verdict = VERDICT_VERIFIED };

	look_at_hold(d);
	text_copy(v.id, sizeof(v.id), id);
	hold_text(v.text, &d->hold);
	tell(d, who, &v);
}

/* ---- guests: questions on the wires of the bench -------------------------------------------------------------------------- */

static void
tell_guest(struct desk *d, struct caller *c, struct guest_told *t)
{
	const struct asker who = { c };
	struct buf packet = { 0 };

	t->number = c->guest;
	c->guest = 0;
	guest_told_write(&packet, t);
	send_to(d, &who, &packet);
}

static void
refuse_guest(struct desk *d, struct caller *c, enum guest_end end, const char *why)
{
	static struct guest_told t;

	t = (struct guest_told){ .end = end };
	text_copy(t.why, sizeof(t.why), why);
	tell_guest(d, c, &t);
}

/* To the controller it has the number of who asks: one question at a time each. */
static bool
take_guest(struct desk *d, struct caller *c, struct wire_in *in)
{
	static struct guest_ask ask;
	const struct asker who = { c };
	struct buf packet = { 0 };
	struct audit_record r;
	struct err err;
	int rc;

	if (guest_ask_read(&ask, in, &err) < 0 || ask.number == 0 || c->guest != 0)
		return false;
	if (c->only_reads && ask.may_write)
		return false;
	c->guest = ask.number;
	ask.number = c->number;
	text_copy(ask.principal, sizeof(ask.principal), c->name);
	if (check_rate(d, true, now_boot(), &err) < 0) {
		refuse_guest(d, c, GUEST_REFUSED, err.msg);
		return true;
	}
	/* What is written on a wire behind the back of who holds the bench commands it, too. */
	look_at_hold(d);
	if (ask.may_write && hold_check(&d->hold, c->name, COMMAND_SET, &err) < 0) {
		describe_other(&r, &who, c->name, "wire_write", ask.instrument, &err);
		note_alike(d, &r);
		refuse_guest(d, c, GUEST_REFUSED, err.msg);
		return true;
	}
	describe_other(
		&r, &who, c->name, ask.may_write ? "wire_write" : "wire", ask.instrument, NULL);
	if (ask.may_write &&
		logbook_put(d->logbook, &r, now_boot() + now_wall_offset(), &err) < 0) {
		refuse_guest(d, c, GUEST_REFUSED, err.msg);
		return true;
	}
	if (!ask.may_write)
		note_alike(d, &r); /* one after the other: they are counted */
	guest_ask_write(&packet, &ask);
	rc = d->control < 0 ? ERR_IO : sock_send(d->control, &packet, -1, NULL);
	buf_done(&packet);
	if (rc < 0)
		refuse_guest(d, c, GUEST_REFUSED,
			"the controller takes no questions now; ask again in a second");
	return true;
}

/* False: it is none. */
static bool
take_guest_told(struct desk *d, struct wire_in *in)
{
	static struct guest_told t;
	struct caller *c;
	struct err err;

	if (guest_told_read(&t, in, &err) < 0)
		return false;
	c = caller_of(d, t.number);
	if (c != NULL && c->guest != 0) /* else it has gone meanwhile */
		tell_guest(d, c, &t);
	return true;
}

static void
lose_guests(struct desk *d)
{
	for (size_t i = 0; i < DESK_CALLERS; i++)
		if (d->callers[i].fd >= 0 && d->callers[i].guest != 0)
			refuse_guest(
				d, &d->callers[i], GUEST_LOST, "the controller ended meanwhile");
}

/* On record, then to the controller; what makes the bench safer waits for no disk, and is not refused for a full one. */
static int
put_and_send(struct desk *d, const struct command *c, struct err *err)
{
	struct err not_recorded;
	int rc;

	if (!policy_is_towards_safe(c->kind))
		return note_asked(d, c, err) < 0 ? ERR_REFUSED : send_command(d, c, err);
	rc = send_command(d, c, err);
	if (note_asked(d, c, &not_recorded) < 0)
		log_debug("audit: %s", not_recorded.msg);
	return rc;
}

/* May it ask that, as far as what it proves itself with goes? */
static int
check_proof(struct desk *d, const struct proof *p, enum command_kind kind, const char *subject,
	struct err *err)
{
	if (p->token != NULL)
		return policy_check_token(p->token, kind, subject, wall_now(d), err);
	if (p->is_acting && !policy_is_operating(kind))
		return err_set(err, ERR_REFUSED, 403,
			"'%s' is not for a kiosk: sign in with your password at a page of your own",
			command_kind_text(kind));
	if (p->account != NULL)
		return policy_check_account(p->account, kind, subject, wall_now(d), err);
	return 0;
}

/* New ones go to the controller; *out: what is known of it afterwards. proof: of whom; of nobody: a person's at the command line. */
static int
enter(struct desk *d, struct command *c, const struct proof *proof, struct book_entry **out,
	struct err *err)
{
	int64_t now = now_boot();
	struct hold next;
	/* What comes over HTTP takes nothing from the command line. */
	int rc = check_rate(d, is_nobody(proof), now, err);

	if (rc < 0)
		return rc;
	*out = book_find(&d->book,
		c->id); /* one that was taken stays taken, however late it is asked again */
	if (*out == NULL)
		rc = check_proof(d, proof, c->kind, c->subject, err);
	if (*out == NULL && rc == 0)
		rc = policy_check(c, d->opened, now, err);
	if (*out == NULL && rc == 0) {
		look_at_hold(d);
		rc = is_of_hold(c->kind) ? change_hold(d, c, proof, &next, err)
					 : hold_check(&d->hold, c->principal, c->kind, err);
	}
	if (rc < 0)
		return rc;
	switch (book_take(&d->book, c, now, out)) {
	case BOOK_OTHER:
		return err_set(err, ERR_REFUSED, 409,
			"this id is another command's; give each command an id of its own");
	case BOOK_FULL:
		return err_set(err, ERR_REFUSED, 503,
			"too many commands wait for their verdict; ask again in a moment");
	case BOOK_NEW:
		rc = is_of_hold(c->kind) ? do_hold(d, *out, &next, err) : put_and_send(d, c, err);
		if (rc < 0)
			book_forget(*out);
		break;
	case BOOK_KNOWN:
		break;
	}
	return rc;
}

static void
take_command(struct desk *d, const struct asker *who, struct command *c, const struct proof *proof)
{
	struct book_entry *e;
	struct err err;

	if (enter(d, c, proof, &e, &err) < 0) {
		struct audit_record r;

		describe(&r, c, "refused", err.msg);
		note_alike(d, &r);
		turn_away(d, who, c->id, &err);
		return;
	}
	note_asker(e, who);
	tell(d, who, &e->told);
}

static void
not_known(struct err *err)
{
	err_set(err, ERR_REFUSED, 404,
		"no command of this id is known any more; look at the value");
}

/* Asked for by its id: one that is not known here may be known to the controller, from a gate before this one. */
static struct book_entry *
ask_about(struct desk *d, const struct asker *who, const char *id, struct err *err)
{
	int64_t now = now_boot();
	struct book_entry *e;

	if (check_rate(d, who->caller != NULL, now, err) < 0)
		return NULL;
	e = book_question(&d->book, id, who->caller != NULL, now);
	if (e != NULL && ask_control(d, id) == 0)
		return e;
	if (e != NULL)
		book_forget(e);
	not_known(err);
	return NULL;
}

/* What was asked says what it was about: it is told to who asked it, and to who reads everything. Tokens do, and everybody as long as there are no accounts. */
static bool
may_hear(struct desk *d, const struct proof *p, const struct book_entry *e)
{
	char name[EVENT_PRINCIPAL];

	if (p->token != NULL || !people_are_there(d->people))
		return true;
	if (p->account == NULL)
		return false;
	/* At a kiosk it reads what the kiosk does: of what others asked, nothing. */
	if (!p->is_acting && strcmp(account_only(p->account, RIGHT_READ, wall_now(d)), "*") == 0)
		return true;
	name_proof(name, sizeof(name), p);
	return e != NULL && !e->is_question && strcmp(name, e->command.principal) == 0;
}

static void
tell_asked(struct desk *d, uint32_t number, const struct err *why)
{
	const struct asker server = { NULL };
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_ASKED);
	wire_u32(&packet, number);
	wire_u16(&packet, why != NULL ? (uint16_t)why->sys : 200);
	wire_text(&packet, why != NULL ? why->msg : "");
	wire_end(&packet);
	send_to(d, &server, &packet);
}

/* number: of the data server's question, 0: it asks once more. proof: of whom; not looked at then, nor of a command line. */
static void
take_question(struct desk *d, const struct asker *who, const char *id, uint32_t number,
	const struct proof *proof)
{
	struct book_entry *e = book_find(&d->book, id);
	bool is_known = e != NULL;
	struct err err;

	if (number != 0 && !may_hear(d, proof, e)) {
		not_known(&err);
		tell_asked(d, number, &err);
		return;
	}
	if (!is_known)
		e = ask_about(d, who, id, &err);
	if (number != 0)
		tell_asked(d, number, e == NULL ? &err : NULL);
	if (e == NULL) {
		if (number == 0)
			turn_away(d, who, id, &err);
		return;
	}
	note_asker(e, who);
	if (is_known)
		tell(d, who, &e->told);
}

/* ---- rehearsals ----------------------------------------------------------------------------------------------------------- */

/* They cost time of the processor: what opens START opens them. */
static int
check_rehearsal(
	struct desk *d, const struct rehearse_ask *a, const struct proof *proof, struct err *err)
{
	if (check_proof(d, proof, COMMAND_SEQ_START, a->sequence, err) < 0)
		return ERR_REFUSED;
	if (!policy_allows(proof->account != NULL, d->opened, COMMAND_SEQ_START))
		return err_set(err, ERR_REFUSED, 403,
			"rehearsals are not open to tokens: write 'serve: {commands: [sequence]}' "
			"in the bench file");
	for (size_t l = 0; l < REHEARSE_LISTS; l++)
		for (size_t i = 0; i < a->n[l]; i++)
			if (!run_text_is_good(a->texts[l][i], REHEARSE_TEXT - 1))
				return err_set(err, ERR_REFUSED, 400,
					"it has control characters or is no UTF-8; write one line");
	return check_rate(d, false, now_boot(), err);
}

static int
send_rehearsal(struct desk *d, const struct rehearse_ask *a, struct err *err)
{
	struct buf packet = { 0 };
	int rc;

	wire_begin(&packet, WIRE_REHEARSE);
	if (!rehearse_write(&packet, a))
		rc = err_set(err, ERR_REFUSED, 400, "it is too long; set less");
	else if (sock_send(d->supervisor, &packet, -1, err) < 0)
		rc = err_set(err, ERR_REFUSED, 503,
			"the supervisor takes no rehearsals now; ask again in a second");
	else
		rc = 0;
	buf_done(&packet);
	return rc;
}

/* False: not to be trusted. */
static bool
take_rehearsal(struct desk *d, const struct asker *who, struct wire_in *in)
{
	static struct rehearse_ask a;
	char token[COMMAND_TOKEN];
	struct proof known;
	struct audit_record r;
	struct err err;
	int rc;

	wire_get_text(in, token, sizeof(token));
	known = look_at_proof(d, token, false);
	explicit_bzero(token, sizeof(token));
	if (rehearse_read(&a, in, &err) < 0)
		return false;
	if (is_nobody(&known)) {
		refuse_token(&err);
		describe_other(&r, who, "-", "rehearse", a.sequence, &err);
		note_alike(d, &r);
		turn_away(d, who, a.id, &err);
		return true;
	}
	name_proof(a.principal, sizeof(a.principal), &known);
	rc = check_rehearsal(d, &a, &known, &err);
	if (rc == 0)
		rc = send_rehearsal(d, &a, &err);
	describe_other(&r, who, a.principal, "rehearse", a.sequence, rc < 0 ? &err : NULL);
	note_alike(d, &r); /* they cost time alone: alike ones are counted */
	if (rc < 0)
		turn_away(d, who, a.id, &err);
	return true;
}

/* ---- the bench file and the audit ---------------------------------------------------------------------------------------- */

/* Who may start sequences may have one checked, a token too; and who may configure. */
static int
check_sequence_errand(
	struct desk *d, const struct errand_ask *a, const struct proof *p, struct err *err)
{
	const struct account *who = p->account;

	if (who != NULL && !p->is_acting && account_is_open(who, wall_now(d)) &&
		account_may(who, RIGHT_CONFIGURE, "", wall_now(d)))
		return 0;
	if (check_proof(d, p, COMMAND_SEQ_START, a->name, err) < 0)
		return ERR_REFUSED;
	return policy_allows(who != NULL, d->opened, COMMAND_SEQ_START)
		       ? 0
		       : err_set(err, ERR_REFUSED, 403,
				 "sequences are not open to tokens: write 'serve: {commands: "
				 "[sequence]}' in "
				 "the bench file");
}

/* What is long or has signs in it that no line has? */
static int
check_errand_form(struct desk *d, const struct errand_ask *a, struct err *err)
{
	if (!run_text_is_good(a->reason, EVENT_TEXT - 1) ||
		!run_text_is_good(a->name, ERRAND_NAME - 1))
		return err_set(err, ERR_REFUSED, 400,
			"it has control characters or is no UTF-8; write one line");
	if (errand_has_text(a->kind) != (d->pass >= 0))
		return err_set(err, ERR_REFUSED, 400, "it comes without its text");
	return check_rate(d, false, now_boot(), err);
}

/* Whoever operates the whole bench writes down what it did; who holds it, when it is to be recorded. */
static int
check_run_errand(
	struct desk *d, const struct errand_ask *a, const struct account *who, struct err *err)
{
	struct command c = { 0 };
	char name[EVENT_SUBJECT], value[COMMAND_TOLD], principal[EVENT_PRINCIPAL];
	size_t at = 0, max = a->kind == ERRAND_RUN_NOTE ? WIRE_NOTE_MAX : 0;
	bool is_good = run_text_is_good(a->name, WIRE_TITLE_MAX);

	if (!account_may(who, RIGHT_OPERATE, "", wall_now(d)))
		return err_set(err, ERR_REFUSED, 403,
			"runs and notes need the grant 'operate' for all channels; 'mbc user grant "
			"--may operate %s' gives it",
			who->name);
	if (a->kind == ERRAND_RUN_START) {
		text_copy(c.values, sizeof(c.values), a->text);
		while (is_good && command_next_value(&c, &at, name, value, &is_good))
			is_good = is_good && run_text_is_good(name, EVENT_SUBJECT - 1) &&
				  run_text_is_good(value, COMMAND_TOLD - 1);
	} else {
		is_good = is_good && run_text_is_good(a->text, max);
	}
	if (!is_good)
		return err_set(err, ERR_REFUSED, 400,
			"it has control characters, is no UTF-8, or too long; write one line");
	if (a->kind == ERRAND_RUN_NOTE)
		return 0;
	look_at_hold(d);
	snprintf(principal, sizeof(principal), "user:%.*s", ACCOUNT_NAME - 1, who->name);
	return hold_check(&d->hold, principal, COMMAND_SEQ_START, err);
}

/* The grant for all of it; programs have none. */
static int
check_errand(struct desk *d, const struct errand_ask *a, const struct proof *p, struct err *err)
{
	const struct account *who = p->account;
	int64_t wall = wall_now(d);

	if (a->kind == ERRAND_SEQUENCE_CHECK) {
		int rc = check_sequence_errand(d, a, p, err);

		return rc < 0 ? rc : check_errand_form(d, a, err);
	}
	if (who == NULL)
		return err_set(err, ERR_REFUSED, 403,
			"this is for persons who have signed in; a token opens neither the bench "
			"file nor the audit, and writes no notes");
	if (p->is_acting && !errand_is_run(a->kind))
		return err_set(err, ERR_REFUSED, 403,
			"neither the bench file nor the audit is for a kiosk: sign in with your "
			"password at a page of your own");
	if (!account_is_open(who, wall))
		return err_set(err, ERR_REFUSED, 401,
			"the account '%s' is not open any more; ask who manages the bench",
			who->name);
	if (errand_is_run(a->kind)) {
		int rc = check_run_errand(d, a, who, err);

		return rc < 0 ? rc : check_errand_form(d, a, err);
	}
	if (errand_is_root(a->kind))
		return who->role == ROLE_ROOT
			       ? check_errand_form(d, a, err)
			       : err_set(err, ERR_REFUSED, 403,
					 "certificates and backups of the whole bench are for the "
					 "role root");
	if (a->kind == ERRAND_AUDIT && who->role == ROLE_USER)
		return err_set(err, ERR_REFUSED, 403,
			"the audit is for the roles root and admin; at this computer 'mbc audit' "
			"shows it");
	if (!account_may(who, RIGHT_CONFIGURE, "", wall))
		return err_set(err, ERR_REFUSED, 403,
			"it needs the grant 'configure' for all channels; 'mbc user grant --may "
			"configure %s' gives it",
			who->name);
	if (a->kind == ERRAND_REASON && !account_may(who, RIGHT_PROTECT, "", wall))
		return err_set(err, ERR_REFUSED, 403,
			"what weakens protection needs the grant 'protect' for all channels; 'mbc "
			"user grant --may protect %s' gives it",
			who->name);
	return check_errand_form(d, a, err);
}

/* The text of a file is no part of it: its digest is, of the one that was edited. */
static void
describe_errand(struct audit_record *r, const struct asker *who, const struct errand_ask *a,
	const struct err *why)
{
	describe_other(r, who, a->principal, errand_act(a->kind), "", why);
	text_copy(r->subject, sizeof(r->subject), a->name);
	if (a->kind == ERRAND_BACKUP_MAKE)
		snprintf(r->value, sizeof(r->value), "%s history, %s secrets",
			(a->number & ERRAND_BACKUP_HISTORY) != 0 ? "with" : "without",
			(a->number & ERRAND_BACKUP_SEALED) != 0 ? "with" : "without");
	else if (a->kind != ERRAND_AUDIT && !errand_is_root(a->kind) && !errand_is_run(a->kind) &&
		 a->number != 0)
		snprintf(r->value, sizeof(r->value), "version %u", a->number);
	else if (a->sha256[0] != '\0')
		snprintf(r->value, sizeof(r->value), "sha256 %.16s", a->sha256);
	text_copy(r->text, sizeof(r->text), a->kind == ERRAND_RUN_NOTE ? a->text : a->reason);
	/* Of a long one its beginning, which ends between two signs. */
	r->subject[text_utf8(r->subject, strlen(r->subject))] = '\0';
	r->text[text_utf8(r->text, strlen(r->text))] = '\0';
	text_copy(r->id, sizeof(r->id), a->id);
}

/* On record, then on its way. What only reads costs time alone: alike ones are counted. */
static int
put_errand(struct desk *d, const struct asker *who, const struct errand_ask *a, struct err *err)
{
	struct buf packet = { 0 };
	struct audit_record r;
	int rc = 0;

	describe_errand(&r, who, a, NULL);
	if (errand_changes(a->kind)) {
		rc = logbook_put(d->logbook, &r, now_boot() + now_wall_offset(), err);
	} else {
		r.id[0] = '\0';
		note_alike(d, &r);
	}
	if (rc < 0)
		return err_set(err, ERR_REFUSED, 503,
			"it cannot be put on record, and is not done; look at the disk");
	wire_begin(&packet, WIRE_ERRAND);
	errand_write(&packet, a);
	if (sock_send(d->supervisor, &packet, d->pass, err) < 0)
		rc = err_set(err, ERR_REFUSED, 503,
			"the supervisor takes no errands now; ask again in a second");
	buf_done(&packet);
	return rc;
}

/* False: not to be trusted. */
static bool
take_errand(struct desk *d, const struct asker *who, struct wire_in *in)
{
	static struct errand_ask a;
	char token[COMMAND_TOKEN];
	struct audit_record r;
	struct proof known;
	struct err err;
	int rc;

	wire_get_text(in, token, sizeof(token));
	rc = errand_read(&a, in, &err);
	/* Who writes a note at a kiosk acts there. */
	known = look_at_proof(d, token, rc == 0 && errand_is_run(a.kind));
	explicit_bzero(token, sizeof(token));
	if (rc < 0)
		return false;
	text_copy(a.principal, sizeof(a.principal), "-");
	a.may = 0;
	if (is_nobody(&known)) {
		refuse_token(&err);
		rc = ERR_REFUSED;
	} else {
		name_proof(a.principal, sizeof(a.principal), &known);
		rc = check_errand(d, &a, &known, &err);
	}
	if (rc < 0) {
		describe_errand(&r, who, &a, &err);
		r.id[0] = '\0';
		note_alike(d, &r);
		turn_away(d, who, a.id, &err);
		return true;
	}
	if (known.account != NULL && account_may(known.account, RIGHT_PROTECT, "", wall_now(d)))
		a.may |= ERRAND_MAY_PROTECT;
	if (known.account != NULL && !known.is_acting &&
		account_may(known.account, RIGHT_CONFIGURE, "", wall_now(d)))
		a.may |= ERRAND_MAY_READ;
	if (put_errand(d, who, &a, &err) < 0)
		turn_away(d, who, a.id, &err);
	return true;
}

/* ---- packets -------------------------------------------------------------------------------------------------------------- */

/* The rest of a packet of this kind; false: not to be trusted. */
static bool
take_packet(struct desk *d, const struct asker *who, int kind, struct wire_in *in)
{
	char token[COMMAND_TOKEN] = "", id[COMMAND_ID];
	struct proof known = { 0 };
	struct command c;
	struct err err;

	if (kind == WIRE_GUEST_ASK && who->caller != NULL)
		return take_guest(d, who->caller, in);
	if (who->caller != NULL && who->caller->only_reads)
		return false;
	if (kind == WIRE_REHEARSE && who->caller == NULL)
		return take_rehearsal(d, who, in);
	if (kind == WIRE_ERRAND && who->caller == NULL)
		return take_errand(d, who, in);
	if (who->caller == NULL && (kind == WIRE_SIGN_IN || kind == WIRE_SIGN_OUT ||
					   kind == WIRE_WHO || kind == WIRE_ACT))
		return people_packet(d->people, kind, in);
	if (who->caller == NULL && kind == WIRE_MANAGE)
		return manage_packet(d->manage, in);
	if (kind == WIRE_VERDICT_ASK || kind == WIRE_HOLD_ASK) {
		uint32_t number = 0;

		wire_get_text(in, id, sizeof(id));
		if (kind == WIRE_VERDICT_ASK && who->caller == NULL) {
			number = wire_get_u32(in);
			wire_get_text(in, token, sizeof(token));
			known = look_at_proof(d, token, false);
			explicit_bzero(token, sizeof(token));
		}
		if (wire_close(in, &err) < 0 || !command_id_is_good(id))
			return false;
		if (kind == WIRE_HOLD_ASK)
			tell_who_holds(d, who, id);
		else
			take_question(d, who, id, number, &known);
		return true;
	}
	if (kind != (who->caller != NULL ? WIRE_COMMAND : WIRE_TOKEN_COMMAND))
		return false;
	if (who->caller == NULL) {
		wire_get_text(in, token, sizeof(token));
		known = look_at_proof(d, token, true);
		explicit_bzero(token, sizeof(token));
	}
	if (command_read(&c, in, &err) < 0)
		return false;
	if (who->caller == NULL && is_nobody(&known)) {
		struct audit_record r;

		refuse_token(&err);
		text_copy(c.principal, sizeof(c.principal), "-");
		c.is_person = false;
		describe(&r, &c, "refused", err.msg);
		note_alike(d, &r);
		turn_away(d, who, c.id, &err);
		return true;
	}
	if (who->caller != NULL)
		text_copy(c.principal, sizeof(c.principal), who->caller->name);
	else
		name_proof(c.principal, sizeof(c.principal), &known);
	c.is_person = known.token == NULL;
	take_command(d, who, &c, &known);
	return true;
}

/* ---- who asks ------------------------------------------------------------------------------------------------------------- */

/* A packet from one of them; false: it has gone, or is not to be trusted. */
static bool
hear(struct desk *d, const struct asker *who, int fd)
{
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err);
	bool is_good;

	if (n == ERR_TIMEOUT)
		return true;
	if (n <= 0)
		return false;
	d->pass = pass;
	is_good = take_packet(d, who, wire_open(&in, packet, (size_t)n, &err), &in);
	d->pass = -1;
	if (pass >= 0)
		close(pass);
	if (is_good) {
		if (who->caller == NULL)
			explicit_bzero(packet, (size_t)n); /* a password, or a token */
		return true;
	}
	log_warn("%s: sends what is no command; its connection is closed",
		who->caller != NULL ? "command line" : "data server");
	return false;
}

static void
on_serve(void *ctx, int fd, unsigned events)
{
	struct desk *d = ctx;
	struct asker who = { NULL };

	if (!hear(d, &who, fd) && d->serve == fd)
		drop(d, &d->serve);
}

static void
on_caller(void *ctx, int fd, unsigned events)
{
	struct desk *d = ctx;

	for (size_t i = 0; i < DESK_CALLERS; i++) {
		struct asker who = { &d->callers[i] };

		if (d->callers[i].fd != fd)
			continue;
		if (!hear(d, &who, fd) && d->callers[i].fd == fd)
			drop(d, &d->callers[i].fd);
		return;
	}
}

static void
connect_to(struct desk *d, int fd, int *place, loop_fn fn)
{
	struct err err;

	if (loop_add(d->loop, fd, LOOP_READ, fn, d, &err) < 0) {
		log_err("%s", err.msg);
		close(fd);
		return;
	}
	*place = fd;
}

void
desk_control(struct desk *d, int fd)
{
	lose_control(d);
	connect_to(d, fd, &d->control, on_control);
}

void
desk_serve(struct desk *d, int fd)
{
	drop(d, &d->serve);
	people_serve_gone(d->people);
	manage_serve_gone(d->manage);
	connect_to(d, fd, &d->serve, on_serve);
}

/* When all places are taken the oldest goes: it may ask again, with the same id. */
void
desk_caller(struct desk *d, int fd, const char *name, bool only_reads)
{
	struct caller *c = &d->callers[0];

	for (size_t i = 0; i < DESK_CALLERS && c->fd >= 0; i++)
		if (d->callers[i].fd < 0 || d->callers[i].number < c->number)
			c = &d->callers[i];
	drop(d, &c->fd);
	c->number = ++d->number;
	c->guest = 0;
	c->only_reads = only_reads;
	text_copy(c->name, sizeof(c->name), name);
	connect_to(d, fd, &c->fd, on_caller);
}

void
desk_tokens(struct desk *d, const struct tokens *t, uint32_t opened)
{
	static struct tokens before;

	before = d->tokens;
	d->tokens = *t;
	d->opened = opened;
	people_tokens(d->people, &before);
}

void
desk_links(struct desk *d, const struct tokens *links)
{
	d->links = *links;
}

/* Of the people: what the data server is told. It may hold a token. */
static void
tell_serve(void *ctx, struct buf *packet)
{
	struct desk *d = ctx;
	struct err err;
	int rc = d->serve < 0 ? 0 : sock_send(d->serve, packet, -1, &err);

	/* It may have been that it must forget something: then it forgets all, as soon as it reads again. Other answers it asks for once more. */
	d->owes_forget = d->owes_forget || rc < 0;
	explicit_bzero(packet->data, packet->n);
	buf_done(packet);
}

void
desk_accounts(struct desk *d, const struct accounts *all)
{
	people_accounts(d->people, all);
	look_at_hold(d);
}

void
desk_first(struct desk *d, const struct account_first *first)
{
	people_first(d->people, first);
}

void
desk_hasher(struct desk *d, int fd)
{
	people_hasher(d->people, fd);
}

int
desk_changed(struct desk *d, struct wire_in *in, struct err *err)
{
	return manage_changed(d->manage, in, err);
}

const char *
desk_changes(const struct desk *d, const char *name, const char *line)
{
	return manage_who(d->manage, name, line);
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

int64_t
desk_step(struct desk *d, int64_t now_ns)
{
	struct book_entry *e = NULL;
	int64_t next = MIN(people_step(d->people, now_ns), manage_step(d->manage, now_ns));

	if (d->owes_forget) {
		d->owes_forget = false;
		people_forget(d->people);
		next = MIN(next, d->owes_forget ? now_ns + FORGET_AGAIN_NS : NEVER);
	}

	while ((e = book_pending(&d->book, e)) != NULL) {
		if (now_ns - e->asked_ns >= ASK_AGAIN_NS) {
			e->asked_ns = now_ns;
			(void)!ask_control(d, e->command.id);
		}
		next = MIN(next, e->asked_ns + ASK_AGAIN_NS);
	}
	return next;
}

size_t
desk_pending(struct desk *d)
{
	return book_count(&d->book);
}

struct desk *
desk_new(struct loop *loop, int supervisor, struct logbook *logbook)
{
	struct desk *d = mem_zero(1, sizeof(*d));

	d->loop = loop;
	d->control = d->serve = d->pass = -1;
	d->supervisor = supervisor;
	d->logbook = logbook;
	d->people = people_new(loop, logbook, &d->tokens, supervisor, tell_serve, d);
	d->manage =
		manage_new(d->people, logbook, &d->tokens, &d->links, supervisor, tell_serve, d);
	for (size_t i = 0; i < DESK_CALLERS; i++)
		d->callers[i].fd = -1;
	return d;
}

void
desk_free(struct desk *d)
{
	if (d == NULL)
		return;
	drop(d, &d->control);
	drop(d, &d->serve);
	for (size_t i = 0; i < DESK_CALLERS; i++)
		drop(d, &d->callers[i].fd);
	manage_free(d->manage);
	people_free(d->people);
	free(d);
}
