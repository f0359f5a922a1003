/* main.c - mbc-gate: the only way of commands to the controller
 *
 * Started by `supervise`: mbc-gate --socket FD. Over the socket come the ends of pairs with the controller and the data server, the
 * connections of command lines, the tokens of programs, and the file on which is put on record who asked what. It ends when the socket closes or at SIGTERM.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "gate/desk.h"
#include "gate/logbook.h"
#include "io/now.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/self.h"
#include "io/sock.h"
#include "io/worker.h"
#include "msg/event.h"
#include "msg/health.h"

#define REST_MAX 64 /* messages that are still heard at the end */

struct gate {
	struct loop *loop;
	struct desk *desk;
	struct logbook *logbook;
	bool is_next_asked;   /* the file is full: another one has been asked for */
	struct worker syncer; /* brings it onto the disk, which may take seconds */
	bool is_syncing;
	struct tokens tokens; /* as they were told last */
	bool has_tokens;
	struct tokens links; /* of guests, likewise */
	bool has_links;
	struct accounts accounts; /* likewise */
	bool has_accounts;
	int supervisor;
	bool is_ending;
	int64_t next_beat_ns;
	struct self self;
};

/* ---- the supervisor ------------------------------------------------------------------------------------------------------- */

static int64_t
wall(void)
{
	return now_boot() + now_wall_offset();
}

/* What was done by nobody who asked here. */
static void
note(struct gate *g, const char *who, const char *from, const char *act, const char *subject,
	const char *text)
{
	struct audit_record r = { 0 };
	struct err err;

	text_copy(r.who, sizeof(r.who), who);
	text_copy(r.from, sizeof(r.from), from);
	text_copy(r.act, sizeof(r.act), act);
	text_copy(r.subject, sizeof(r.subject), subject);
	text_copy(r.text, sizeof(r.text), text);
	text_copy(r.result, sizeof(r.result), "done");
	if (logbook_put(g->logbook, &r, wall(), &err) < 0)
		log_debug("audit: %s", err.msg); /* said once already */
}

/* A change of the files of accounts or tokens: made at the command line, or asked for here. line: as it is now; "": none. */
static void
note_line(struct gate *g, const char *act, const char *name, const char *line, const char *text)
{
	const char *who = desk_changes(g->desk, name, line);

	note(g, who, who[0] != '\0' ? "http" : "cli", act, name, text);
}

static const struct token *
token_named(const struct tokens *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->all[i].name, name) == 0)
			return &t->all[i];
	return NULL;
}

/* Those that were made and removed since; at the start, which there are. */
static void
note_tokens(struct gate *g, const struct tokens *now)
{
	struct buf names = { 0 };

	for (size_t i = 0; i < now->n && !g->has_tokens; i++)
		buf_printf(&names, "%s%s", i > 0 ? " " : "", now->all[i].name);
	if (!g->has_tokens)
		note(g, "", "gate", "begin", "tokens", buf_text(&names));
	buf_done(&names);
	for (size_t i = 0; i < now->n && g->has_tokens; i++) {
		const struct token *old = token_named(&g->tokens, now->all[i].name);

		if (old == NULL || memcmp(old->digest, now->all[i].digest, SHA256_BYTES) != 0) {
			tokens_write(&names, &now->all[i]);
			note_line(g, "token_add", now->all[i].name, buf_text(&names), "");
			buf_done(&names);
		}
	}
	for (size_t i = 0; i < g->tokens.n; i++)
		if (token_named(now, g->tokens.all[i].name) == NULL)
			note_line(g, "token_remove", g->tokens.all[i].name, "", "");
	g->tokens = *now;
	g->has_tokens = true;
}

/* Likewise the links of guests; which there are at the start is not told: they open nothing here. */
static void
note_links(struct gate *g, const struct tokens *now)
{
	struct buf line = { 0 };

	for (size_t i = 0; i < now->n && g->has_links; i++) {
		const struct token *old = token_named(&g->links, now->all[i].name);

		if (old != NULL && memcmp(old->digest, now->all[i].digest, SHA256_BYTES) == 0)
			continue;
		tokens_write(&line, &now->all[i]);
		note_line(g, "link_add", now->all[i].name, buf_text(&line), "");
		buf_done(&line);
	}
	for (size_t i = 0; i < g->links.n; i++)
		if (token_named(now, g->links.all[i].name) == NULL)
			note_line(g, "link_remove", g->links.all[i].name, "", "");
	g->links = *now;
	g->has_links = true;
}

static int
take_audit(struct gate *g, int *pass, struct err *err)
{
	int fd = *pass;

	*pass = -1;
	g->is_next_asked = false;
	return logbook_take(g->logbook, fd, wall(), err);
}

static int
take_told(struct gate *g, struct wire_in *in, struct err *err)
{
	char who[EVENT_PRINCIPAL], act[AUDIT_ACT], subject[EVENT_SUBJECT], text[EVENT_TEXT];

	wire_get_text(in, who, sizeof(who));
	wire_get_text(in, act, sizeof(act));
	wire_get_text(in, subject, sizeof(subject));
	wire_get_text(in, text, sizeof(text));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	note(g, who, "bench", act, subject, text);
	return 0;
}

/* The file of tokens, or that of links. One that cannot be read opens nothing to anybody. */
static int
take_tokens(struct gate *g, int fd, bool is_links, uint32_t opened, struct err *err)
{
	static struct tokens tokens;
	const void *bytes;
	size_t size;
	int rc;
	union {
		const void *c;
		void *v;
	} unmap;

	bytes = seal_map(fd, &size, err);
	if (bytes == NULL)
		return ERR_IO;
	unmap.c = bytes;
	rc = tokens_read(&tokens, bytes, size, err);
	seal_done(unmap.v, size);
	if (is_links) {
		note_links(g, &tokens);
		desk_links(g->desk, &tokens);
	} else {
		note_tokens(g, &tokens);
		desk_tokens(g->desk, &tokens, opened);
	}
	return rc < 0 ? err_prefix(err, rc, is_links ? "the file of links" : "the file of tokens")
		      : 0;
}

static int
take_caller(struct gate *g, struct wire_in *in, int *pass, struct err *err)
{
	char name[EVENT_PRINCIPAL];
	bool only_reads;

	wire_get_u32(in);
	wire_get_text(in, name, sizeof(name));
	only_reads = in->left > 0 && wire_get_u16(in) != 0;
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	desk_caller(g->desk, *pass, name, only_reads);
	*pass = -1;
	return 0;
}

static void
note_account(struct gate *g, const char *act, const struct account *a)
{
	struct buf line = { 0 }, whole = { 0 };

	accounts_write(&whole, a);
	buf_printf(&line, "role=%s%s", account_roles[a->role], a->is_disabled ? " disabled" : "");
	for (int r = 0; r < RIGHTS; r++)
		if (a->grants[r].only[0] != '\0')
			buf_printf(&line, " %s=%s", account_rights[r], a->grants[r].only);
	note_line(g, act, a->name, buf_text(&whole), buf_text(&line));
	explicit_bzero(whole.data, whole.n);
	buf_done(&whole);
	buf_done(&line);
}

/* What became of this account since; each change is on record with what it is now. */
static void
note_change(struct gate *g, const struct account *before, const struct account *a)
{
	struct account rest = *before;

	if (before->is_disabled != a->is_disabled)
		note_account(g, a->is_disabled ? "user_disable" : "user_enable", a);
	if (strcmp(before->hash, a->hash) != 0)
		note_account(g, "user_password", a);
	if (strcmp(before->totp, a->totp) != 0)
		note_account(g, a->totp[0] != '\0' ? "user_totp" : "user_totp_off", a);
	if (strcmp(before->pin, a->pin) != 0)
		note_account(g, a->pin[0] != '\0' ? "user_pin" : "user_pin_off", a);
	if (before->since_ns != a->since_ns)
		note_account(g, "user_sign_out", a);
	rest.is_disabled = a->is_disabled;
	rest.since_ns = a->since_ns;
	text_copy(rest.hash, sizeof(rest.hash), a->hash);
	text_copy(rest.totp, sizeof(rest.totp), a->totp);
	if (!account_is_same(&rest, a))
		note_account(g, "user_grants", a);
}

static void
note_accounts(struct gate *g, const struct accounts *now)
{
	struct buf names = { 0 };

	for (size_t i = 0; i < now->n; i++) {
		const struct account *a = &now->all[i],
				     *before = accounts_find(&g->accounts, a->name);

		if (!g->has_accounts)
			buf_printf(&names, "%s%s", i > 0 ? " " : "", a->name);
		else if (before == NULL)
			note_account(g, "user_add", a);
		else
			note_change(g, before, a);
	}
	if (!g->has_accounts && now->n > 0)
		note(g, "", "gate", "begin", "accounts", buf_text(&names));
	for (size_t i = 0; i < g->accounts.n; i++)
		if (accounts_find(now, g->accounts.all[i].name) == NULL)
			note_account(g, "user_gone", &g->accounts.all[i]);
	buf_done(&names);
	g->accounts = *now;
	g->has_accounts = true;
}

/* A file that cannot be read lets nobody in. */
static int
take_accounts(struct gate *g, int fd, struct err *err)
{
	static struct accounts accounts;
	const void *bytes;
	size_t size;
	int rc;
	union {
		const void *c;
		void *v;
	} unmap;

	bytes = seal_map(fd, &size, err);
	if (bytes == NULL)
		return ERR_IO;
	unmap.c = bytes;
	rc = accounts_read(&accounts, bytes, size, err);
	seal_done(unmap.v, size);
	note_accounts(g, &accounts);
	desk_accounts(g->desk, &accounts);
	return rc < 0 ? err_prefix(err, rc, "the file of accounts") : 0;
}

static int
take_first(struct gate *g, struct wire_in *in, struct err *err)
{
	struct account_first first;

	wire_get_text(in, first.hex, sizeof(first.hex));
	first.until_ns = (int64_t)wire_get_u64(in);
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	desk_first(g->desk, &first);
	return 0;
}

/* The pair with the controller, with the data server, or with the process that looks at passwords. */
static int
take_door(struct gate *g, struct wire_in *in, int *pass, struct err *err)
{
	unsigned with = in->left > 0 ? wire_get_u16(in) : 0;

	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (with == 1)
		desk_serve(g->desk, *pass);
	else if (with == 2)
		desk_hasher(g->desk, *pass);
	else
		desk_control(g->desk, *pass);
	*pass = -1;
	return 0;
}

static void
on_supervisor(void *ctx, int fd, unsigned events)
{
	struct gate *g = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err), rc;

	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		g->is_ending = true;
		return;
	}
	rc = wire_open(&in, packet, (size_t)n, &err);
	if (rc == WIRE_DOOR && pass >= 0)
		rc = take_door(g, &in, &pass, &err);
	else if (rc == WIRE_CALLER && pass >= 0)
		rc = take_caller(g, &in, &pass, &err);
	else if (rc == WIRE_TOKENS && pass >= 0)
		rc = take_tokens(g, pass, false, wire_get_u32(&in), &err);
	else if (rc == WIRE_LINKS && pass >= 0)
		rc = take_tokens(g, pass, true, 0, &err);
	else if (rc == WIRE_FIRST)
		rc = take_first(g, &in, &err);
	else if (rc == WIRE_ACCOUNTS && pass >= 0)
		rc = take_accounts(g, pass, &err);
	else if (rc == WIRE_ACCOUNT_CHANGED)
		rc = desk_changed(g->desk, &in, &err);
	else if (rc == WIRE_AUDIT && pass >= 0)
		rc = take_audit(g, &pass, &err);
	else if (rc == WIRE_AUDIT_TELL)
		rc = take_told(g, &in, &err);
	else if (rc >= 0)
		rc = err_set(&err, ERR_PROTO, 0,
			"a message of kind %d that is not for this process", rc);
	if (rc < 0)
		log_err("supervisor: %s", err.msg);
	if (pass >= 0)
		close(pass);
}

static void
tell_health(struct gate *g, int64_t now_ns)
{
	struct buf packet = { 0 };

	self_measure(&g->self, now_ns);
	wire_begin(&packet, WIRE_HEALTH);
	wire_u16(&packet, 4);
	report_row(&packet, HEALTH_GATE_cpu, g->self.cpu_percent);
	report_row(&packet, HEALTH_GATE_memory, g->self.memory_kib);
	report_row(&packet, HEALTH_GATE_pending, (double)desk_pending(g->desk));
	report_row(&packet, HEALTH_GATE_audited, (double)logbook_count(g->logbook));
	g->next_beat_ns = now_ns + NS_PER_S;
	report_send(g->supervisor, &packet);
}

/* ---- the record of what is asked ------------------------------------------------------------------------------------------ */

/* In its thread: a descriptor of its own, onto the disk. */
static size_t
sync_file(void *ctx, const uint8_t *request, size_t n, uint8_t *out_answer)
{
	int fd;

	memcpy(&fd, request, sizeof(fd));
	(void)!fdatasync(fd); /* what the disk refuses is told by the next write */
	close(fd);
	out_answer[0] = 0;
	return 1;
}

static void
on_synced(void *ctx, int fd, unsigned events)
{
	struct gate *g = ctx;
	uint8_t answer[WORKER_PACKET_MAX];

	while (worker_take(&g->syncer, answer) > 0)
		g->is_syncing = false;
}

static void
start_syncer(struct gate *g)
{
	const struct worker_job job = { .fn = sync_file };
	struct err err;

	if (worker_start(&g->syncer, "mbc-sync", &job, &err) < 0 ||
		loop_add(g->loop, g->syncer.fd, LOOP_READ, on_synced, g, &err) < 0)
		log_warn("audit: %s; records reach the disk when the system brings them there",
			err.msg);
}

/* Once a second. */
static void
keep_record(struct gate *g)
{
	struct buf packet = { 0 };
	int fd = g->syncer.fd < 0 || g->is_syncing ? -1 : logbook_dirty(g->logbook);

	fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		g->is_syncing = worker_ask(&g->syncer, &fd, sizeof(fd), NULL) == 0;
	if (fd >= 0 && !g->is_syncing)
		close(fd);
	if (logbook_is_open(g->logbook) && (g->is_next_asked || !logbook_is_full(g->logbook)))
		return;
	g->is_next_asked = true; /* without any it is asked for each second */
	wire_begin(&packet, WIRE_AUDIT);
	wire_u16(&packet, logbook_is_open(g->logbook));
	report_send(g->supervisor, &packet);
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct gate *g = ctx;

	while (loop_signal(fd) != 0)
		g->is_ending = true;
}

static int
set_up(struct gate *g, struct err *err)
{
	static const int signals[] = { SIGTERM };
	int fd, flags = fcntl(g->supervisor, F_GETFL);

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor, which then ends us in order */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is a full disk */
	if (flags < 0 || fcntl(g->supervisor, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(g->supervisor, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_CONF, 0,
			"no socket of a supervisor; start the bench with 'mbc run'");
	g->loop = loop_new(err);
	if (g->loop == NULL)
		return ERR_IO;
	g->logbook = logbook_new();
	g->desk = desk_new(g->loop, g->supervisor, g->logbook);
	fd = loop_signals(signals, NELEM(signals), err);
	if (fd < 0 || loop_add(g->loop, fd, LOOP_READ, on_signal, g, err) < 0 ||
		loop_add(g->loop, g->supervisor, LOOP_READ, on_supervisor, g, err) < 0)
		return ERR_IO;
	self_measure(&g->self, now_boot());
	return 0;
}

static void
confine(struct gate *g)
{
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_GATE, NULL, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(g->supervisor, &packet);
}

/* What the supervisor has told before it ended us: that it was asked to, for instance. */
static void
hear_rest(struct gate *g)
{
	struct pollfd waiting = { .fd = g->supervisor, .events = POLLIN };

	for (int i = 0;
		i < REST_MAX && poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN) != 0; i++)
		on_supervisor(g, g->supervisor, LOOP_READ);
}

static int
run(struct gate *g, struct err *err)
{
	while (!g->is_ending) {
		int64_t now = now_boot(), next = desk_step(g->desk, now);

		next = MIN(next, logbook_step(g->logbook, now, now + now_wall_offset()));
		if (now >= g->next_beat_ns) {
			keep_record(g);
			tell_health(g, now);
		}
		if (loop_step(g->loop, MIN(next, g->next_beat_ns), err) < 0)
			return ERR_IO;
	}
	hear_rest(g);
	return 0;
}

int
main(int argc, char **argv)
{
	struct gate g = { .supervisor = -1, .syncer.fd = -1 };
	int64_t number;
	struct err err;
	int rc;

	log_setup("gate", LOG_LEVEL_INFO);
	self_protect();
	if (argc == 3 && strcmp(argv[1], "--socket") == 0 && text_to_int(argv[2], &number))
		g.supervisor = (int)number;
	if (g.supervisor < 0) {
		log_err("this program is started by 'mbc run'; run that instead");
		return 1;
	}
	rc = set_up(&g, &err);
	if (rc == 0) {
		confine(&g);
		start_syncer(&g);
		rc = run(&g, &err);
	}
	if (rc < 0)
		log_err("%s", err.msg);
	desk_free(g.desk);
	logbook_free(g.logbook);
	worker_stop(&g.syncer);
	loop_free(g.loop);
	close(g.supervisor);
	return rc == 0 ? 0 : rc == ERR_CONF ? 1 : 2;
}
