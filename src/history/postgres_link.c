/* postgres_link.c - the connection to a PostgreSQL server */
#include "history/postgres_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "io/now.h"

#define ANSWER_S 60          /* that a statement may take */
#define CONNECT_S "10"       /* that libpq may take for each address */
#define USER_TIMEOUT "30000" /* ms after which bytes that nobody acknowledges mean a dead wire */
#define CERTIFICATES "/etc/ssl/certs/ca-certificates.crt"

/* ---- settings -------------------------------------------------------------------------------------------------------------- */

int
postgres_settings_read(const char *bytes, size_t n, struct postgres_settings *out, struct err *err)
{
	struct postgres_settings s = { .keep_ns = 0 };
	const struct {
		const char *key;
		char *to;
		size_t cap;
	} texts[] = { { "server", s.server, sizeof(s.server) },
		{ "database", s.database, sizeof(s.database) }, { "user", s.user, sizeof(s.user) },
		{ "schema", s.schema, sizeof(s.schema) }, { "tls", s.tls, sizeof(s.tls) },
		{ "ca", s.ca, sizeof(s.ca) }, { "partitions", s.partitions, sizeof(s.partitions) },
		{ "password", s.password, sizeof(s.password) } };

	for (const char *at = bytes, *end = bytes + n; at < end;) {
		const char *lf = memchr(at, '\n', (size_t)(end - at)), *eq;
		bool is_known = false;

		eq = lf == NULL ? NULL : memchr(at, '=', (size_t)(lf - at));
		if (eq == NULL)
			return err_set(err, ERR_PROTO, 0, "a setting has no value");
		for (size_t i = 0; i < NELEM(texts); i++) {
			size_t k = strlen(texts[i].key);

			if ((size_t)(eq - at) != k || memcmp(at, texts[i].key, k) != 0)
				continue;
			if ((size_t)(lf - eq) > texts[i].cap)
				return err_set(err, ERR_PROTO, 0, "'%s' is too long", texts[i].key);
			memcpy(texts[i].to, eq + 1, (size_t)(lf - eq - 1));
			texts[i].to[lf - eq - 1] = '\0';
			is_known = true;
		}
		if (!is_known && eq - at == 4 && memcmp(at, "keep", 4) == 0) {
			char number[24];

			snprintf(number, sizeof(number), "%.*s", (int)(lf - eq - 1), eq + 1);
			is_known = text_to_int(number, &s.keep_ns);
		}
		if (!is_known)
			return err_set(
				err, ERR_PROTO, 0, "'%.*s' is no setting", (int)(eq - at), at);
		at = lf + 1;
	}
	*out = s;
	return 0;
}

/* ---- waiting --------------------------------------------------------------------------------------------------------------- */

/* The first line of what libpq says; never with the password, which it does not repeat. */
static int
fail(PGconn *c, int code, struct err *err, const char *doing)
{
	const char *text = PQerrorMessage(c);
	size_t n = strcspn(text, "\n");

	return err_set(err, code, 0, "%s: %.*s", doing, (int)MIN(n, (size_t)150), text);
}

/* Until the socket can be read (or written): false when the time is over. */
static bool
wait_for(PGconn *c, bool is_writing, int64_t until_ns)
{
	struct pollfd p = { .fd = PQsocket(c), .events = POLLIN };
	int64_t left = until_ns - now_boot();
	int rc;

	if (is_writing)
		p.events |= POLLOUT;
	if (left <= 0 || p.fd < 0)
		return false;
	rc = poll(&p, 1, (int)MIN(left / NS_PER_MS + 1, INT64_C(600000)));
	return rc > 0 || (rc < 0 && errno == EINTR);
}

/* All that waits has been sent. */
static int
flush(PGconn *c, int64_t until_ns, struct err *err)
{
	int rc;

	while ((rc = PQflush(c)) == 1) {
		if (!wait_for(c, true, until_ns))
			return err_set(err, ERR_TIMEOUT, 0, "the server takes nothing any more");
		if (PQconsumeInput(c) == 0)
			return fail(c, ERR_IO, err, "the connection is lost");
	}
	return rc < 0 ? fail(c, ERR_IO, err, "the connection is lost") : 0;
}

/* What the server says of itself is told with what to do. */
static int
refused(const PGresult *r, struct err *err)
{
	static const struct {
		const char *state, *remedy;
	} remedies[] = { { "53100", "; its disk is full: free some room there" },
		{ "42501", "; give the user the right to it (docs/postgres.md)" },
		{ "3F000", "; give the user the right to make the schema" },
		{ "25006", "; this server can only be read: name the one that is written to" },
		{ "53300", "; it has too many connections: raise max_connections there" },
		{ "55P03", "; another connection holds the tables" } };
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY), *remedy = "";

	for (size_t i = 0; state != NULL && i < NELEM(remedies); i++)
		if (strcmp(state, remedies[i].state) == 0)
			remedy = remedies[i].remedy;
	return err_set(err, ERR_REFUSED, 0, "the server says: %.110s%s", text == NULL ? "no" : text,
		remedy);
}

/* The results of what was sent: the last one stays in *out. A COPY that begins ends it. */
static int
collect(PGconn *c, PGresult **out, int64_t until_ns, struct err *err)
{
	PGresult *last = NULL;
	int rc = flush(c, until_ns, err);

	while (rc == 0) {
		PGresult *r;
		ExecStatusType status;

		while (PQisBusy(c)) {
			if (!wait_for(c, false, until_ns))
				rc = err_set(err, ERR_TIMEOUT, 0,
					"the server does not answer; look at it and at the "
					"network");
			else if (PQconsumeInput(c) == 0)
				rc = fail(c, ERR_IO, err, "the connection is lost");
			if (rc < 0) {
				PQclear(last);
				return rc;
			}
		}
		r = PQgetResult(c);
		if (r == NULL)
			break;
		status = PQresultStatus(r);
		if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
			rc = PQresultErrorField(r, PG_DIAG_SQLSTATE) == NULL
				     ? fail(c, ERR_IO, err, "the connection is lost")
				     : refused(r, err);
		PQclear(last);
		last = r;
		if (status == PGRES_COPY_IN)
			break;
	}
	if (rc < 0) {
		PGresult *r;

		PQclear(last);
		while (PQstatus(c) == CONNECTION_OK && !PQisBusy(c) && (r = PQgetResult(c)) != NULL)
			PQclear(r);
		return rc;
	}
	if (out != NULL)
		*out = last;
	else
		PQclear(last);
	return 0;
}

static int64_t
deadline(int seconds)
{
	return now_boot() + seconds * NS_PER_S;
}

int
postgres_run(PGconn *c, const char *sql, struct err *err)
{
	if (PQsendQuery(c, sql) == 0)
		return fail(c, ERR_IO, err, "the connection is lost");
	return collect(c, NULL, deadline(ANSWER_S), err);
}

int
postgres_ask_long(PGconn *c, const char *sql, const char *const *values, int n, PGresult **out,
	int seconds, struct err *err)
{
	if (PQsendQueryParams(c, sql, n, NULL, values, NULL, NULL, 0) == 0)
		return fail(c, ERR_IO, err, "the connection is lost");
	return collect(c, out, deadline(seconds), err);
}

int
postgres_ask(PGconn *c, const char *sql, const char *const *values, int n, PGresult **out,
	struct err *err)
{
	return postgres_ask_long(c, sql, values, n, out, ANSWER_S, err);
}

#define VALUES_MAX 16

int
postgres_ask_bytes(PGconn *c, const char *sql, const struct buf *bytes, const char *const *values,
	int n, struct err *err)
{
	const char *all[VALUES_MAX] = { bytes->data };
	int lengths[VALUES_MAX] = { (int)bytes->n }, formats[VALUES_MAX] = { 1 };

	for (int i = 0; i < n && i + 1 < VALUES_MAX; i++)
		all[i + 1] = values[i];
	if (PQsendQueryParams(c, sql, n + 1, NULL, all, lengths, formats, 0) == 0)
		return fail(c, ERR_IO, err, "the connection is lost");
	return collect(c, NULL, deadline(ANSWER_S), err);
}

/* In pieces: libpq keeps a copy of what the wire has not taken yet. */
#define COPY_BYTES 65536

int
postgres_copy(PGconn *c, const char *sql, const struct buf *rows, struct err *err)
{
	int rc;

	if (PQsendQuery(c, sql) == 0)
		return fail(c, ERR_IO, err, "the connection is lost");
	rc = collect(c, NULL, deadline(ANSWER_S), err);
	for (size_t at = 0; at < rows->n && rc == 0;) {
		size_t n = MIN(rows->n - at, (size_t)COPY_BYTES);
		int sent = PQputCopyData(c, rows->data + at, (int)n);

		if (sent < 0)
			return fail(c, ERR_IO, err, "the connection is lost");
		at += sent == 1 ? n : 0;
		rc = flush(c, deadline(ANSWER_S), err);
	}
	if (rc < 0)
		return rc;
	while ((rc = PQputCopyEnd(c, NULL)) == 0)
		if (flush(c, deadline(ANSWER_S), err) < 0)
			return ERR_IO;
	if (rc < 0)
		return fail(c, ERR_IO, err, "the connection is lost");
	return collect(c, NULL, deadline(ANSWER_S), err);
}

void
postgres_name(struct buf *out, const char *name)
{
	buf_putc(out, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_putc(out, '"');
		buf_putc(out, *name);
	}
	buf_putc(out, '"');
}

/* ---- connecting ------------------------------------------------------------------------------------------------------------ */

static bool
is_near(const char *host)
{
	return host[0] == '/' || strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "::1") == 0;
}

/* "db.lab:5432", "[::1]:5432", "/run/postgresql", "/run/postgresql:5433". */
static void
split(const char *server, char host[256], char port[8])
{
	const char *colon = strrchr(server, ':'), *end;
	bool is_bare6 = server[0] != '[' && server[0] != '/' && colon != NULL &&
			strchr(server, ':') != colon;

	text_copy(port, 8, "5432");
	if (colon != NULL && !is_bare6 && strlen(colon + 1) < 6 && colon[1] != '\0' &&
		strspn(colon + 1, "0123456789") == strlen(colon + 1)) {
		text_copy(port, 8, colon + 1);
		end = colon;
	} else {
		end = server + strlen(server);
	}
	if (server[0] == '[') {
		server++;
		end -= end > server && end[-1] == ']';
	}
	snprintf(host, 256, "%.*s", (int)(end - server), server);
}

static const char *
remedy_of(const char *text)
{
	if (strstr(text, "password authentication failed") != NULL ||
		strstr(text, "no password supplied") != NULL)
		return "; correct 'user', or the file of the secret";
	if (strstr(text, "database \"") != NULL && strstr(text, "does not exist") != NULL)
		return "; make it there, or correct 'database'";
	if (strstr(text, "role \"") != NULL && strstr(text, "does not exist") != NULL)
		return "; make the user there, or correct 'user'";
	if (strstr(text, "pg_hba.conf") != NULL)
		return "; let this computer in, in pg_hba.conf of the server";
	if (strstr(text, "does not support SSL") != NULL)
		return "; switch on ssl there, or write 'tls: off'";
	if (strstr(text, "certificate") != NULL)
		return "; correct 'ca' or the name in 'server'";
	if (strstr(text, "could not translate") != NULL)
		return "; correct 'server', or the name service";
	return "; it is tried again";
}

/* What libpq says has several lines; the last one of the first address tells most. */
static int
refuse(PGconn *c, struct err *err)
{
	const char *text = PQerrorMessage(c), *colon;
	char line[140];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
	colon = strstr(line, "failed: ");
	return err_set(
		err, ERR_IO, 0, "%.110s%s", colon == NULL ? line : colon + 8, remedy_of(text));
}

static void
on_notice(void *ctx, const char *text)
{
	log_debug("postgres: %.*s", (int)strcspn(text, "\n"), text);
}

PGconn *
postgres_connect(const struct postgres_settings *set, struct err *err)
{
	char host[256], port[8];
	const char *mode, *ca = set->ca[0] != '\0' ? set->ca : CERTIFICATES;
	PGconn *c;
	int64_t until_ns = deadline(30);
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	split(set->server, host, port);
	mode = host[0] == '/'                         ? "disable"
	       : strcmp(set->tls, "verify-full") == 0 ? "verify-full"
	       : strcmp(set->tls, "require") == 0     ? "require"
	       : strcmp(set->tls, "off") == 0         ? "disable"
	       : is_near(host)                        ? "prefer"
						      : "require";
	const char *const keys[] = { "host", "port", "dbname", "user", "password", "sslmode",
		"sslrootcert", "sslcert", "sslkey", "passfile", "connect_timeout", "keepalives",
		"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"gssencmode", "client_encoding", "application_name", "target_session_attrs", NULL };
	const char *const values[] = { host, port, set->database, set->user,
		set->password[0] != '\0' ? set->password : NULL, mode,
		strcmp(mode, "verify-full") == 0 || set->ca[0] != '\0' ? ca : "/nonexistent",
		"/nonexistent", "/nonexistent", "/nonexistent", CONNECT_S, "1", "20", "5", "3",
		USER_TIMEOUT, "disable", "UTF8", "mbc", "any", NULL };

	c = PQconnectStartParams(keys, values, 0);
	if (c == NULL)
		abort(); /* out of memory */
	while (PQstatus(c) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
		status != PGRES_POLLING_FAILED) {
		if (!wait_for(c, status == PGRES_POLLING_WRITING, until_ns)) {
			err_set(err, ERR_TIMEOUT, 0,
				"'%.80s' does not answer; look at the server and at the network",
				set->server);
			PQfinish(c);
			return NULL;
		}
		status = PQconnectPoll(c);
	}
	if (PQstatus(c) != CONNECTION_OK) {
		refuse(c, err);
		PQfinish(c);
		return NULL;
	}
	PQsetNoticeProcessor(c, on_notice, NULL);
	if (PQsetnonblocking(c, 1) < 0 ||
		postgres_run(c,
			"SET statement_timeout = '55s'; SET lock_timeout = '30s'; SET timezone = "
			"'UTC'; SET standard_conforming_strings = on; SET synchronous_commit = on; "
			"SET "
			"client_min_messages = warning",
			err) < 0) {
		PQfinish(c);
		return NULL;
	}
	return c;
}
