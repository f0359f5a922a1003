/* people.c - accounts and sessions in the gate */
#include "gate/people.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "gate/attempts.h"
#include "gate/sessions.h"
#include "io/now.h"
#include "io/sock.h"
#include "msg/command.h"

#define TOKEN_BYTES 32
#define SECRET_TEXT (2 * TOKEN_BYTES + 1)
#define HOLDS_NS                                                                                   \
	(30 * NS_PER_S) /* of an answer to the data server: then it asks again, by which the session is used */
#define FIRST_NS (10 * NS_PER_S)  /* until the first account must be written down */
#define HASHER_NS (10 * NS_PER_S) /* until one that does not answer counts as gone */
#define SWEEP_NS NS_PER_S
#define WHO_HEX (SHA256_HEX + 1)
#define CODE_MAX (SHA256_HEX + 1)

/* Stands for the hash of a name that nobody has, and costs what theirs do; no password fits it. */
static const char nobodys_hash[] =
	ACCOUNT_HASH_BEGIN "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/* Somebody who waits for their password to be looked at. */
struct waits {
	uint32_t number; /* of the data server; 0: it has gone meanwhile */
	bool is_known;
	bool is_first;                /* it makes the first account: hash is "", and one is made */
	uint32_t ticket;              /* nobody signs in: of people_hash(); 0 */
	bool is_acting;               /* a PIN, in the session of a kiosk */
	uint8_t digest[SHA256_BYTES]; /* of that session */
	char name[ACCOUNT_NAME], address[ATTEMPTS_ADDRESS], hash[ACCOUNT_HASH];
	char password[ACCOUNT_PASSWORD], code[CODE_MAX]; /* "": none came along */
};

/* Codes of an account that are good no more. By its name: what the file has may change its order. */
struct codes {
	char name[ACCOUNT_NAME]; /* "": the place is free */
	struct totp_used used;
};

enum judgement { IS_WRONG, IS_GOOD, NEEDS_CODE };

struct people {
	struct loop *loop;
	struct logbook *logbook;
	const struct tokens *tokens;
	void (*tell)(void *ctx, struct buf *packet);
	void *ctx;
	struct accounts accounts;
	int64_t ends[ACCOUNTS_MAX]; /* wall time of the next end of each */
	struct sessions sessions;
	struct attempts attempts;
	struct codes codes[ACCOUNTS_MAX];
	struct waits queue[PEOPLE_QUEUE];
	size_t n; /* of them; the first one is with the hasher when asked_ns is not 0 */
	int64_t asked_ns;
	uint32_t asked; /* number of the question that the hasher has */
	int hasher;     /* -1 */
	int supervisor;
	int64_t next_sweep_ns;
	struct account_first first;
	people_hashed_fn hashed;
	void *hashed_ctx;
	struct waits made;   /* the first account is being written down; number 0: none */
	int64_t made_end_ns; /* then nobody waits for it any more */
};

int64_t
people_wall(const struct logbook *logbook)
{
	int64_t wall = now_wall_for_ends();

	return now_wall_is_good() ? wall : MAX(wall, logbook_last(logbook));
}

const struct accounts *
people_all(const struct people *p)
{
	return &p->accounts;
}

size_t
people_sessions(const struct people *p, const char *name)
{
	int64_t now = now_boot();
	size_t n = 0;

	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		const struct session *s = &p->sessions.all[i];

		n += s->is_there && strcmp(s->name, name) == 0 && now < session_end_ns(s);
	}
	return n;
}

const struct account *
people_account(const struct people *p, const char *name)
{
	return accounts_find(&p->accounts, name);
}

bool
people_are_there(const struct people *p)
{
	return p->accounts.n > 0;
}

static void
hex_of(char out[WHO_HEX], const uint8_t digest[SHA256_BYTES])
{
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static bool
read_hex(uint8_t out[SHA256_BYTES], const char *hex)
{
	if (strlen(hex) != SHA256_HEX || strspn(hex, "0123456789abcdef") != SHA256_HEX)
		return false;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return true;
}

/* ---- on record, and to the data server ------------------------------------------------------------------------------------- */

/* name: "" for one that nobody has, which may be a password typed into the wrong field. */
static void
note(struct people *p, const char *name, const char *act, const char *subject, const char *result,
	const char *why)
{
	int64_t now = now_boot(), wall = now + now_wall_offset();
	struct audit_record r = { 0 };
	struct err err;

	snprintf(r.who, sizeof(r.who), name[0] != '\0' ? "user:%.*s" : "-", ACCOUNT_NAME - 1, name);
	text_copy(r.from, sizeof(r.from), "http");
	text_copy(r.act, sizeof(r.act), act);
	text_copy(r.subject, sizeof(r.subject), subject);
	text_copy(r.result, sizeof(r.result), result);
	text_copy(r.why, sizeof(r.why), why);
	if (strcmp(result, "refused") == 0)
		logbook_alike(p->logbook, &r, now, wall);
	else if (logbook_put(p->logbook, &r, wall, &err) < 0)
		log_debug("audit: %s",
			err.msg); /* said once already; who brings the bench into a safe state must get in */
}

static void
tell_forget(struct people *p, const char *hex)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_FORGET);
	wire_text(&packet, hex);
	wire_end(&packet);
	p->tell(p->ctx, &packet);
}

static void
end_session(struct people *p, struct session *s)
{
	char hex[WHO_HEX];

	hex_of(hex, s->digest);
	*s = (struct session){ 0 };
	tell_forget(p, hex);
}

/* All of an account; is_told: they go on, but what they open is another thing. */
static void
end_sessions(struct people *p, const char *name, bool go_on)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &p->sessions.all[i];
		char hex[WHO_HEX];

		if (!s->is_there || strcmp(s->name, name) != 0)
			continue;
		if (!go_on) {
			end_session(p, s);
			continue;
		}
		hex_of(hex, s->digest);
		tell_forget(p, hex);
	}
}

/* text: a token, or why not. */
static void
tell_session(struct people *p, uint32_t number, unsigned status, int64_t wait_ns, const char *text,
	const char *proof)
{
	struct buf packet = { 0 };

	buf_room(&packet, WIRE_MAX); /* it does not move: the token is wiped where it stands */
	wire_begin(&packet, WIRE_SIGNED_IN);
	wire_u32(&packet, number);
	wire_u16(&packet, (uint16_t)status);
	wire_u32(&packet, (uint32_t)((wait_ns + NS_PER_S - 1) / NS_PER_S));
	wire_text(&packet, text);
	wire_text(&packet, proof);
	wire_end(&packet);
	p->tell(p->ctx, &packet);
}

static void
tell_signed_in(
	struct people *p, uint32_t number, unsigned status, int64_t wait_ns, const char *text)
{
	tell_session(p, number, status, wait_ns, text, "");
}

/* ---- the hasher ------------------------------------------------------------------------------------------------------------ */

static void
drop_first(struct people *p)
{
	explicit_bzero(p->queue[0].password, sizeof(p->queue[0].password));
	explicit_bzero(p->queue[0].code, sizeof(p->queue[0].code));
	memmove(&p->queue[0], &p->queue[1], (p->n - 1) * sizeof(p->queue[0]));
	explicit_bzero(&p->queue[--p->n], sizeof(p->queue[0]));
	p->asked_ns = 0;
}

/* The first one in the queue is no sign-in: whoever asked hears of it. */
static void
tell_hashed(struct people *p, enum people_hashed what, const char *made)
{
	uint32_t ticket = p->queue[0].ticket;

	drop_first(p);
	p->hashed(p->hashed_ctx, ticket, what, made);
}

static void
lose_hasher(struct people *p)
{
	if (p->hasher >= 0) {
		loop_remove(p->loop, p->hasher);
		close(p->hasher);
		p->hasher = -1;
	}
	while (p->n > 0) {
		if (p->queue[0].ticket != 0) {
			tell_hashed(p, PEOPLE_NOT_HASHED, "");
			continue;
		}
		tell_signed_in(p, p->queue[0].number, 503, NS_PER_S,
			"the process that looks at passwords is being started; try again in a "
			"second");
		drop_first(p);
	}
}

static void
ask_hasher(struct people *p)
{
	struct buf packet = { 0 };
	struct err err;
	int rc;

	if (p->n == 0 || p->asked_ns != 0)
		return;
	buf_room(&packet, WIRE_MAX);
	wire_begin(&packet, WIRE_HASH);
	wire_u32(&packet, ++p->asked);
	wire_text(&packet, p->queue[0].hash);
	wire_text(&packet, p->queue[0].password);
	wire_end(&packet);
	rc = p->hasher < 0 ? ERR_IO : sock_send(p->hasher, &packet, -1, &err);
	explicit_bzero(packet.data, packet.n);
	buf_done(&packet);
	p->asked_ns = now_boot();
	if (rc < 0)
		lose_hasher(p);
}

/* A secret as text, and its digest; false: there is no chance to be had yet, which has been told. */
static bool
make_secret(struct people *p, uint32_t number, char text[SECRET_TEXT], uint8_t digest[SHA256_BYTES])
{
	uint8_t random[TOKEN_BYTES];

	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		tell_signed_in(p, number, 503, NS_PER_S,
			"this computer has no random numbers yet; try again");
		return false;
	}
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	sha256(digest, text, strlen(text));
	explicit_bzero(random, sizeof(random));
	return true;
}

static void
begin_session(struct people *p, const struct waits *w)
{
	const struct account *a = accounts_find(&p->accounts, w->name);
	char token[SECRET_TEXT], proof[SECRET_TEXT];
	uint8_t digest[SHA256_BYTES], of_proof[SHA256_BYTES];
	struct session before, *s;
	char hex[WHO_HEX];

	if (!make_secret(p, w->number, token, digest) ||
		!make_secret(p, w->number, proof, of_proof))
		return;
	s = sessions_begin(&p->sessions, w->name, digest, of_proof, now_boot(), &before);
	s->is_lasting = a != NULL && a->is_kiosk;
	if (before.is_there) {
		hex_of(hex, before.digest);
		tell_forget(p, hex);
	}
	note(p, w->name, "sign_in", w->address, "done", "");
	tell_session(p, w->number, 200, 0, token, proof);
	explicit_bzero(token, sizeof(token));
	explicit_bzero(proof, sizeof(proof));
}

/* The supervisor writes it down, and it comes back with the accounts: then whoever made it is signed in. */
static void
take_first(struct people *p, const char *hash)
{
	const struct waits *w = &p->queue[0];
	struct account a = { .role = ROLE_ROOT, .until_ns = INT64_MAX, .since_ns = INT64_MIN };
	struct buf packet = { 0 }, line = { 0 };
	struct err err;
	int rc;

	text_copy(a.name, sizeof(a.name), w->name);
	text_copy(a.hash, sizeof(a.hash), hash);
	accounts_write(&line, &a);
	wire_begin(&packet, WIRE_FIRST);
	wire_text(&packet, buf_text(&line));
	wire_end(&packet);
	rc = hash[0] == '\0' || p->first.hex[0] == '\0' || p->accounts.n > 0 || p->made.number != 0
		     ? ERR_CONF
		     : sock_send(p->supervisor, &packet, -1, &err);
	buf_done(&packet);
	buf_done(&line);
	if (rc < 0) {
		tell_signed_in(p, w->number, 503, NS_PER_S, "it could not be made; try again");
		return;
	}
	p->first.hex[0] = '\0'; /* once */
	p->made = *w;
	explicit_bzero(p->made.password, sizeof(p->made.password));
	explicit_bzero(p->made.code, sizeof(p->made.code));
	text_copy(p->made.hash, sizeof(p->made.hash), hash);
	p->made_end_ns = now_boot() + FIRST_NS;
}

static void
end_first(struct people *p, bool is_good)
{
	if (p->made.number == 0)
		return;
	if (is_good)
		begin_session(p, &p->made);
	else
		tell_signed_in(p, p->made.number, 503, NS_PER_S,
			"it was not written down; see the log of 'mbc run', and make another link "
			"with 'mbc user first'");
	note(p, p->made.name, "user_first", p->made.address, is_good ? "done" : "refused", "");
	p->made = (struct waits){ 0 };
}

/* Names are never given twice, and there are no more of them than accounts: but somebody may have written into the file, and then a place is taken over. */
static struct totp_used *
codes_of(struct people *p, const char *name)
{
	struct codes *found = NULL;

	for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
		struct codes *c = &p->codes[i];

		if (strcmp(c->name, name) == 0)
			return &c->used;
		if (found == NULL &&
			(c->name[0] == '\0' || accounts_find(&p->accounts, c->name) == NULL))
			found = c;
	}
	assert(found != NULL); /* this account is one of them, and has none yet */
	*found = (struct codes){ 0 };
	text_copy(found->name, sizeof(found->name), name);
	return &found->used;
}

/* The account may have become another one while its password was looked at. Codes go by the clock of this computer as it is: that of a telephone knows nothing of
 * what the record says. */
static enum judgement
judge(struct people *p, const struct waits *w, const struct account *a, bool is_right)
{
	if (!is_right || a == NULL || strcmp(a->hash, w->hash) != 0 ||
		!account_is_open(a, people_wall(p->logbook)))
		return IS_WRONG;
	if (a->totp[0] == '\0')
		return IS_GOOD;
	if (w->code[0] == '\0')
		return NEEDS_CODE;
	return totp_take(codes_of(p, a->name), a->totp, w->code, now_boot() + now_wall_offset())
		       ? IS_GOOD
		       : IS_WRONG;
}

static void
refuse(struct people *p, const struct waits *w, const struct account *a, bool is_right)
{
	const char *why = "a wrong name or password";

	if (is_right && a != NULL)
		why = account_is_open(a, people_wall(p->logbook)) ? "a wrong code"
								  : "the account is not open";
	note(p, w->is_known ? w->name : "", "sign_in", w->address, "refused", why);
	tell_signed_in(p, w->number, 401, 0,
		"this name and this password do not belong together, the code of a second factor "
		"is not that of now or was used, or the account is not open; ask who manages the "
		"bench ('mbc user list')");
}

/* ---- kiosks ---- */

static void tell_who(struct people *p, const uint8_t digest[SHA256_BYTES]);

static void
end_acting(struct people *p, struct session *s, const char *why)
{
	if (s->acting[0] == '\0')
		return;
	note(p, s->acting, "kiosk_end", s->name, "done", why);
	s->acting[0] = '\0';
	tell_who(p, s->digest);
}

/* The session of a kiosk that is open; NULL: it is none. */
static struct session *
kiosk_session(struct people *p, const uint8_t digest[SHA256_BYTES])
{
	struct session *s = sessions_find(&p->sessions, digest, now_boot());
	const struct account *a = s != NULL ? accounts_find(&p->accounts, s->name) : NULL;

	return a != NULL && a->is_kiosk && account_is_open(a, people_wall(p->logbook)) ? s : NULL;
}

/* Its streams go on: the data server is told that it is the same one, before anything else. */
static void
act(struct people *p, struct session *s, const struct waits *w)
{
	char token[2 * TOKEN_BYTES + 1], from[WHO_HEX], to[WHO_HEX];
	uint8_t digest[SHA256_BYTES];
	struct buf packet = { 0 };

	if (!make_secret(p, w->number, token, digest))
		return;
	end_acting(p, s, "somebody else acts");
	hex_of(from, s->digest);
	hex_of(to, digest);
	session_act(s, w->name, digest, now_boot());
	note(p, w->name, "kiosk_act", s->name, "done", "");
	wire_begin(&packet, WIRE_MOVED);
	wire_text(&packet, from);
	wire_text(&packet, to);
	wire_end(&packet);
	p->tell(p->ctx, &packet);
	tell_who(p, s->digest);
	tell_signed_in(p, w->number, 200, 0, token);
	explicit_bzero(token, sizeof(token));
}

/* A right one forgets no wrong passwords: whoever has it would go on to guess those. */
static void
take_pin(struct people *p, const struct waits *w, const struct account *a, bool is_right)
{
	int64_t wall = people_wall(p->logbook), now = now_boot();
	struct session *s = kiosk_session(p, w->digest);
	const char *why = NULL, *text = "this name and this PIN do not belong together, or the "
					"account is not open; ask "
					"who manages the bench ('mbc user pin NAME' sets one)";
	unsigned status = 401;

	is_right = is_right && a != NULL && strcmp(a->pin, w->hash) == 0 && !a->is_kiosk &&
		   account_is_open(a, wall);
	attempts_pin_told(&p->attempts, w->name, w->is_known, is_right, now);
	if (!is_right)
		attempts_told(&p->attempts, w->name, w->is_known, w->address, false, now);
	if (!is_right) {
		why = "a wrong name or PIN";
	} else if (s == NULL) {
		status = 403;
		why = text = "this is no session of a kiosk any more";
	} else if (account_only(a, RIGHT_OPERATE, wall)[0] == '\0') {
		status = 403;
		why = text = "this account has no grant to operate, so there is nothing that it "
			     "could do here";
	}
	if (why == NULL && w->number != 0)
		act(p, s, w);
	if (why == NULL)
		return;
	note(p, w->is_known ? w->name : "", "kiosk_act", s != NULL ? s->name : "", "refused", why);
	tell_signed_in(p, w->number, status, 0, text);
}

static void
take_hashed(struct people *p, bool is_right, const char *made)
{
	const struct waits *w = &p->queue[0];
	const struct account *a = accounts_find(&p->accounts, w->name);
	enum judgement verdict;

	if (w->ticket != 0) {
		tell_hashed(p, is_right ? PEOPLE_HASHED : PEOPLE_WRONG, made);
		ask_hasher(p);
		return;
	}
	if (w->is_acting) {
		take_pin(p, w, a, is_right);
		drop_first(p);
		ask_hasher(p);
		return;
	}
	if (w->is_first && w->number != 0) {
		take_first(p, is_right ? made : "");
		drop_first(p);
		ask_hasher(p);
		return;
	}
	verdict = judge(p, w, a, is_right);
	/* A right password without its code is half a sign-in, as the page makes it: it counts as no wrong one, and forgets none. */
	if (verdict != NEEDS_CODE)
		attempts_told(&p->attempts, w->name, w->is_known, w->address, verdict == IS_GOOD,
			now_boot());
	if (w->number == 0) {
		log_debug("a sign-in that nobody waits for any more");
	} else if (verdict == IS_GOOD) {
		begin_session(p, w);
	} else if (verdict == NEEDS_CODE) {
		note(p, w->name, "sign_in", w->address, "refused", "no code came along");
		tell_signed_in(p, w->number, 428, 0,
			"this account has a second factor: send the 'code' that its authenticator "
			"shows as well");
	} else {
		refuse(p, w, a, is_right);
	}
	drop_first(p);
	ask_hasher(p);
}

/* For want of memory: neither right nor wrong. */
static void
not_looked_at(struct people *p)
{
	if (p->queue[0].ticket != 0) {
		tell_hashed(p, PEOPLE_NOT_HASHED, "");
		ask_hasher(p);
		return;
	}
	tell_signed_in(p, p->queue[0].number, 503, NS_PER_S,
		"this computer has no memory left to look at a password; try again in a second");
	drop_first(p);
	ask_hasher(p);
}

static void
on_hasher(void *ctx, int fd, unsigned events)
{
	struct people *p = ctx;
	uint8_t packet[WIRE_MAX];
	char made[ACCOUNT_HASH];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err);
	uint32_t number;
	unsigned verdict;

	if (n == ERR_TIMEOUT)
		return;
	if (n > 0 && pass >= 0)
		close(pass);
	if (n <= 0 || wire_open(&in, packet, (size_t)n, &err) != WIRE_HASHED) {
		lose_hasher(p);
		return;
	}
	number = wire_get_u32(&in);
	verdict = wire_get_u16(&in);
	wire_get_text(&in, made, sizeof(made));
	if (wire_close(&in, &err) < 0)
		lose_hasher(p);
	else if (p->n > 0 && p->asked_ns != 0 && number == p->asked && verdict > 1)
		not_looked_at(p);
	else if (p->n > 0 && p->asked_ns != 0 && number == p->asked)
		take_hashed(p, verdict == 1, made);
}

void
people_hasher(struct people *p, int fd)
{
	struct err err;

	lose_hasher(p);
	if (loop_add(p->loop, fd, LOOP_READ, on_hasher, p, &err) < 0) {
		log_err("hash: %s", err.msg);
		close(fd);
		return;
	}
	p->hasher = fd;
}

void
people_on_hashed(struct people *p, people_hashed_fn fn, void *ctx)
{
	p->hashed = fn;
	p->hashed_ctx = ctx;
}

bool
people_hash(struct people *p, uint32_t ticket, const char *hash, const char *secret)
{
	struct waits *w = &p->queue[p->n];

	if (p->hasher < 0 || p->n == PEOPLE_QUEUE)
		return false;
	*w = (struct waits){ .ticket = ticket };
	text_copy(w->hash, sizeof(w->hash), hash);
	text_copy(w->password, sizeof(w->password), secret);
	p->n++;
	ask_hasher(p);
	return true;
}

int64_t
people_wait(struct people *p, const char *name, const char *address)
{
	return attempts_wait(&p->attempts, name, true, address, now_boot());
}

void
people_tried(struct people *p, const char *name, const char *address, bool is_good)
{
	attempts_told(&p->attempts, name, true, address, is_good, now_boot());
}

/* ---- what the data server asks --------------------------------------------------------------------------------------------- */

static size_t
count_waiting(const struct people *p, const char *address)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += strcmp(p->queue[i].address, address) == 0;
	return n;
}

/* Refused without a look at the password, or queued. */
static void
queue_sign_in(struct people *p, const struct waits *w)
{
	const char *name = w->is_known ? w->name : "";
	int64_t wait_ns = attempts_wait(&p->attempts, w->name, w->is_known, w->address, now_boot());

	if (wait_ns > 0) {
		note(p, name, w->is_acting ? "kiosk_act" : "sign_in", w->address, "refused",
			"too many wrong passwords");
		tell_signed_in(p, w->number, 429, wait_ns,
			"too many wrong passwords; none is looked at for a while, which grows with "
			"each further one");
	} else if (p->hasher < 0) {
		tell_signed_in(p, w->number, 503, NS_PER_S,
			"the process that looks at passwords is being started; try again in a "
			"second");
	} else if (p->n == PEOPLE_QUEUE || count_waiting(p, w->address) >= PEOPLE_QUEUE_ADDRESS) {
		tell_signed_in(p, w->number, 503, NS_PER_S,
			"too many want to sign in at the same time; try again in a second");
	} else {
		p->queue[p->n++] = *w;
		ask_hasher(p);
	}
}

/* Somebody comes with the code of the link, which nobody guesses: true when it is the one, and name and password will do. */
static bool
check_first(struct people *p, struct waits *w, const char *code)
{
	char hex[SHA256_HEX + 1];
	unsigned differs = 0;

	sha256_hex(hex, code, strlen(code));
	for (size_t i = 0; i < SHA256_HEX; i++)
		differs |= (unsigned char)(hex[i] ^ p->first.hex[i]);
	if (p->accounts.n > 0 || p->first.hex[0] == '\0' || differs != 0 ||
		people_wall(p->logbook) >= p->first.until_ns) {
		note(p, "", "user_first", w->address, "refused", "not the code of a link");
		tell_signed_in(p, w->number, 403, 0,
			"this link is no longer good: it holds for an hour and for one account; "
			"'mbc "
			"user "
			"first' makes another one as long as there is no account");
		return false;
	}
	if (!account_name_is_good(w->name) || strlen(w->password) < ACCOUNT_PASSWORD_MIN) {
		tell_signed_in(p, w->number, 400, 0,
			"a name has letters, digits, '-', '_' and '.', at most 24; a password at "
			"least "
			"8 characters");
		return false;
	}
	w->is_first = true;
	w->hash[0] = '\0';
	return true;
}

static bool
take_sign_in(struct people *p, struct wire_in *in)
{
	struct waits w = { .number = wire_get_u32(in) };
	const struct account *a;
	char name[ACCOUNT_NAME + 1];
	struct err err;

	wire_get_text(in, name, sizeof(name));
	wire_get_text(in, w.password, sizeof(w.password));
	wire_get_text(in, w.address, sizeof(w.address));
	wire_get_text(in, w.code, sizeof(w.code));
	if (wire_close(in, &err) < 0) {
		explicit_bzero(&w, sizeof(w));
		return false;
	}
	a = accounts_find(&p->accounts, name);
	w.is_known = a != NULL;
	text_copy(w.name, sizeof(w.name), name);
	text_copy(w.hash, sizeof(w.hash), a != NULL ? a->hash : nobodys_hash);
	/* Codes of a link are that long; all others are for a second factor. */
	if (strlen(w.code) != SHA256_HEX || check_first(p, &w, w.code))
		queue_sign_in(p, &w);
	explicit_bzero(&w, sizeof(w));
	return true;
}

/* A PIN, in a kiosk's session. */
static void
look_at_pin(struct people *p, struct waits *w)
{
	const struct account *a = accounts_find(&p->accounts, w->name);
	int64_t wait_ns;

	w->is_known = a != NULL;
	wait_ns = attempts_pin_wait(&p->attempts, w->name, w->is_known, now_boot());
	text_copy(w->hash, sizeof(w->hash), a != NULL && a->pin[0] != '\0' ? a->pin : nobodys_hash);
	if (kiosk_session(p, w->digest) == NULL) {
		note(p, w->is_known ? w->name : "", "kiosk_act", w->address, "refused",
			"no session of a kiosk");
		tell_signed_in(p, w->number, 403, 0,
			"a PIN is taken at a kiosk alone, an account of 'mbc user add --kiosk'; "
			"sign in "
			"with name and password");
	} else if (wait_ns > 0) {
		note(p, w->is_known ? w->name : "", "kiosk_act", w->address, "refused",
			"too many wrong PINs");
		tell_signed_in(p, w->number, 429, wait_ns,
			"too many wrong PINs; none of this name is looked at for an hour, or until "
			"its "
			"password or PIN is set anew");
	} else {
		queue_sign_in(p, w);
	}
}

static bool
take_act(struct people *p, struct wire_in *in)
{
	struct waits w = { .number = wire_get_u32(in), .is_acting = true };
	char token[COMMAND_TOKEN], name[ACCOUNT_NAME + 1];
	struct err err;
	bool is_good;

	wire_get_text(in, token, sizeof(token));
	wire_get_text(in, name, sizeof(name));
	wire_get_text(in, w.password, sizeof(w.password));
	wire_get_text(in, w.address, sizeof(w.address));
	is_good = wire_close(in, &err) == 0;
	text_copy(w.name, sizeof(w.name), name);
	sha256(w.digest, token, strlen(token));
	explicit_bzero(token, sizeof(token));
	if (is_good)
		look_at_pin(p, &w);
	explicit_bzero(&w, sizeof(w));
	return is_good;
}

static bool
take_sign_out(struct people *p, struct wire_in *in)
{
	char token[COMMAND_TOKEN], name[ACCOUNT_NAME];
	uint8_t digest[SHA256_BYTES];
	struct session *s;
	struct err err;
	bool is_all;
	unsigned how;

	wire_get_text(in, token, sizeof(token));
	how = wire_get_u16(in);
	is_all = how == 1;
	sha256(digest, token, strlen(token));
	explicit_bzero(token, sizeof(token));
	if (wire_close(in, &err) < 0)
		return false;
	s = sessions_find(&p->sessions, digest, now_boot());
	if (s == NULL)
		return true;
	if (how == 2) {
		end_acting(p, s, "");
		return true;
	}
	text_copy(name, sizeof(name), s->name);
	note(p, name, "sign_out", is_all ? "everywhere" : "", "done", "");
	if (is_all)
		end_sessions(p, name, false);
	else
		end_session(p, s);
	return true;
}

/* What is known of a token. */
struct known {
	char principal[EVENT_PRINCIPAL];
	const char *role, *reads;
	unsigned rights;
	int64_t holds_ns;
	char proof[WHO_HEX]; /* digest of a session's; "": of a token, which needs none */
	bool is_kiosk;
	const char *acting; /* who acts there; NULL: nobody */
	int64_t acting_ns;  /* for so long still */
};

static bool
look_at_token(
	struct people *p, const uint8_t digest[SHA256_BYTES], int64_t wall_ns, struct known *out)
{
	const struct token *t = tokens_find_digest(p->tokens, digest);

	if (t == NULL || wall_ns >= t->until_ns)
		return false;
	*out = (struct known){ .role = "token",
		.reads = tokens_reads(t),
		.rights = 1u << RIGHT_READ,
		.holds_ns = MIN(HOLDS_NS, t->until_ns - wall_ns) };
	snprintf(out->principal, sizeof(out->principal), "token:%.*s", TOKENS_NAME - 1, t->name);
	return true;
}

static const struct account *
account_of(struct people *p, struct session *s, int64_t wall_ns)
{
	const struct account *a = s != NULL ? accounts_find(&p->accounts, s->name) : NULL;

	if (a == NULL || !account_is_open(a, wall_ns))
		return NULL;
	s->used_ns = now_boot();
	return a;
}

static bool
look_at_session(
	struct people *p, const uint8_t digest[SHA256_BYTES], int64_t wall_ns, struct known *out)
{
	int64_t now = now_boot();
	struct session *s = sessions_find(&p->sessions, digest, now);
	struct session *moved = s == NULL ? sessions_find_before(&p->sessions, digest, now) : NULL;
	const struct account *a = account_of(p, s != NULL ? s : moved, wall_ns);

	if (a == NULL)
		return false;
	if (s == NULL)
		s = moved;
	*out = (struct known){ .role = account_roles[a->role],
		.reads = account_only(a, RIGHT_READ, wall_ns),
		.holds_ns = MIN(MIN(HOLDS_NS, session_end_ns(s) - now),
			account_next_end(a, wall_ns) - wall_ns) };
	for (int r = 0; r < RIGHTS; r++)
		if (account_only(a, r, wall_ns)[0] != '\0')
			out->rights |= 1u << r;
	out->is_kiosk = a->is_kiosk;
	if (moved != NULL)
		out->holds_ns =
			MIN(out->holds_ns, moved->acting_begun_ns + SESSION_BEFORE_NS - now);
	if (moved == NULL && a->is_kiosk && session_acting(s, now)[0] != '\0') {
		out->acting = s->acting;
		out->acting_ns = session_acting_end_ns(s) - now;
		out->holds_ns = MIN(out->holds_ns, out->acting_ns);
		out->rights |= 1u << RIGHT_OPERATE;
	}
	snprintf(out->principal, sizeof(out->principal), "user:%.*s", ACCOUNT_NAME - 1, a->name);
	hex_of(out->proof, s->proof);
	return true;
}

static void
tell_who(struct people *p, const uint8_t digest[SHA256_BYTES])
{
	struct known k = { .role = "", .reads = "" };
	int64_t wall = people_wall(p->logbook);
	struct buf packet = { 0 };
	char hex[WHO_HEX];
	bool is_somebody;

	hex_of(hex, digest);
	is_somebody = look_at_token(p, digest, wall, &k) || look_at_session(p, digest, wall, &k);
	wire_begin(&packet, WIRE_WHO_IS);
	wire_text(&packet, hex);
	wire_u16(&packet, is_somebody);
	wire_text(&packet, k.principal);
	wire_text(&packet, k.role);
	wire_u16(&packet, (uint16_t)k.rights);
	wire_u64(&packet, (uint64_t)k.holds_ns);
	wire_text(&packet, k.reads);
	wire_text(&packet, k.proof);
	wire_u16(&packet, k.is_kiosk);
	wire_text(&packet, k.acting != NULL ? k.acting : "");
	wire_u64(&packet, (uint64_t)k.acting_ns);
	wire_end(&packet);
	p->tell(p->ctx, &packet);
}

static bool
take_who(struct people *p, struct wire_in *in)
{
	uint8_t digest[SHA256_BYTES];
	char hex[WHO_HEX];
	struct err err;

	wire_get_text(in, hex, sizeof(hex));
	if (wire_close(in, &err) < 0 || !read_hex(digest, hex))
		return false;
	tell_who(p, digest);
	return true;
}

bool
people_packet(struct people *p, int kind, struct wire_in *in)
{
	switch (kind) {
	case WIRE_SIGN_IN:
		return take_sign_in(p, in);
	case WIRE_ACT:
		return take_act(p, in);
	case WIRE_SIGN_OUT:
		return take_sign_out(p, in);
	case WIRE_WHO:
		return take_who(p, in);
	default:
		return false;
	}
}

const struct account *
people_of_token(struct people *p, const char *token)
{
	uint8_t digest[SHA256_BYTES];

	sha256(digest, token, strlen(token));
	return account_of(
		p, sessions_find(&p->sessions, digest, now_boot()), people_wall(p->logbook));
}

const struct account *
people_acts(struct people *p, const char *token, bool is_command, bool *out_is_acting)
{
	const struct account *a = people_of_token(p, token), *person;
	uint8_t digest[SHA256_BYTES];
	int64_t now = now_boot();
	struct session *s;

	*out_is_acting = false;
	if (a == NULL || !a->is_kiosk)
		return a;
	sha256(digest, token, strlen(token));
	s = sessions_find(&p->sessions, digest, now);
	person = s != NULL ? accounts_find(&p->accounts, session_acting(s, now)) : NULL;
	if (person == NULL || !account_is_open(person, people_wall(p->logbook)))
		return a;
	*out_is_acting = true;
	if (!is_command)
		return person;
	s->acting_used_ns = now;
	tell_who(p, s->digest); /* it holds longer now */
	return person;
}

/* ---- accounts -------------------------------------------------------------------------------------------------------------- */

/* The end of a session, or only that it is to be asked for anew. */
static bool
must_end(const struct account *before, const struct account *now, int64_t wall_ns)
{
	return now == NULL || !account_is_open(now, wall_ns) || now->since_ns != before->since_ns ||
	       now->is_kiosk != before->is_kiosk || strcmp(now->hash, before->hash) != 0 ||
	       strcmp(now->totp, before->totp) != 0;
}

static void
find_ends(struct people *p, int64_t wall_ns)
{
	for (size_t i = 0; i < p->accounts.n; i++)
		p->ends[i] = account_next_end(&p->accounts.all[i], wall_ns);
}

/* Whose account is not as it was acts no more; what is no kiosk any more lasts no longer. out: which sessions those are. */
static void
find_kiosks(struct people *p, const struct accounts *all, int64_t wall_ns, bool out[SESSIONS_MAX])
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &p->sessions.all[i];
		const struct account *kiosk, *before, *now;

		out[i] = false;
		if (!s->is_there)
			continue;
		kiosk = accounts_find(all, s->name);
		before = accounts_find(&p->accounts, s->acting);
		now = accounts_find(all, s->acting);
		s->is_lasting = kiosk != NULL && kiosk->is_kiosk;
		out[i] = s->acting[0] != '\0' &&
			 (!s->is_lasting || before == NULL || must_end(before, now, wall_ns) ||
				 strcmp(before->pin, now->pin) != 0);
	}
}

void
people_accounts(struct people *p, const struct accounts *all)
{
	int64_t wall = people_wall(p->logbook);
	bool acts_no_more[SESSIONS_MAX];
	const struct account *now;

	for (size_t i = 0; i < p->accounts.n; i++) {
		const struct account *before = &p->accounts.all[i];

		now = accounts_find(all, before->name);
		if (now != NULL && (strcmp(before->hash, now->hash) != 0 ||
					   strcmp(before->pin, now->pin) != 0))
			attempts_forget(&p->attempts, now->name);
		if (now == NULL || !account_is_same(before, now))
			end_sessions(p, before->name, !must_end(before, now, wall));
	}
	find_kiosks(p, all, wall, acts_no_more);
	p->accounts = *all;
	find_ends(p, wall);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (acts_no_more[i])
			end_acting(p, &p->sessions.all[i], "the account is not as it was");
	now = p->made.number != 0 ? accounts_find(all, p->made.name) : NULL;
	if (all->n > 0)
		end_first(p, now != NULL && strcmp(now->hash, p->made.hash) == 0);
}

void
people_first(struct people *p, const struct account_first *first)
{
	p->first = *first;
}

void
people_forget(struct people *p)
{
	tell_forget(p, "");
}

/* What others read goes on: only of those that are no more, or are others, it is to be asked for anew. */
void
people_tokens(struct people *p, const struct tokens *before)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct token *was = &before->all[i],
				   *is = tokens_find_digest(p->tokens, was->digest);
		char hex[WHO_HEX];

		if (is != NULL && strcmp(is->name, was->name) == 0 &&
			strcmp(is->reads, was->reads) == 0 && is->until_ns == was->until_ns)
			continue;
		hex_of(hex, was->digest);
		tell_forget(p, hex);
	}
}

void
people_serve_gone(struct people *p)
{
	/* Nobody waits for those who were to sign in; the numbers of the next data server begin anew, and must not meet what was asked by this one. */
	while (p->n > (p->asked_ns != 0))
		explicit_bzero(&p->queue[--p->n], sizeof(p->queue[0]));
	p->queue[0].number = p->made.number = 0;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------ */

/* Accounts and grants end by the clock, which may have been moved. */
static void
sweep(struct people *p, int64_t now_ns)
{
	int64_t wall = people_wall(p->logbook);

	for (size_t i = 0; i < p->accounts.n; i++) {
		const struct account *a = &p->accounts.all[i];

		if (wall < p->ends[i])
			continue;
		end_sessions(p, a->name, account_is_open(a, wall));
		p->ends[i] = account_is_open(a, wall) ? account_next_end(a, wall) : INT64_MAX;
	}
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &p->sessions.all[i];

		if (s->is_there && now_ns >= session_end_ns(s))
			end_session(p, s);
		else if (s->is_there && session_acting(s, now_ns)[0] == '\0')
			end_acting(p, s, "its time is over");
	}
}

int64_t
people_step(struct people *p, int64_t now_ns)
{
	if (p->asked_ns != 0 && now_ns - p->asked_ns > HASHER_NS) {
		log_warn("hash: does not answer; nobody can sign in until it is started again");
		lose_hasher(p);
	}
	if (p->made.number != 0 && now_ns >= p->made_end_ns)
		end_first(p, false);
	if (p->accounts.n == 0)
		return p->made.number != 0 ? p->made_end_ns : NEVER;
	if (now_ns >= p->next_sweep_ns) {
		sweep(p, now_ns);
		p->next_sweep_ns = now_ns + SWEEP_NS;
	}
	return p->next_sweep_ns;
}

struct people *
people_new(struct loop *loop, struct logbook *logbook, const struct tokens *tokens, int supervisor,
	void (*tell)(void *ctx, struct buf *packet), void *ctx)
{
	struct people *p = mem_zero(1, sizeof(*p));

	/* Without it names can be found that are counted together, and no more. */
	(void)!getrandom(&p->attempts.salt, sizeof(p->attempts.salt), GRND_NONBLOCK);
	p->loop = loop;
	p->logbook = logbook;
	p->tokens = tokens;
	p->tell = tell;
	p->ctx = ctx;
	p->hasher = -1;
	p->supervisor = supervisor;
	return p;
}

void
people_free(struct people *p)
{
	if (p == NULL)
		return;
	if (p->hasher >= 0) {
		loop_remove(p->loop, p->hasher);
		close(p->hasher);
	}
	explicit_bzero(p, sizeof(*p));
	free(p);
}
