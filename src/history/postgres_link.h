/* postgres_link.h - the connection to a PostgreSQL server: everything with a deadline, errors with a remedy
 *
 * A server that takes bytes and answers nothing is as good as none: each call waits so long and no longer, then the connection is given up.
 */
#ifndef HISTORY_POSTGRES_LINK_H
#define HISTORY_POSTGRES_LINK_H

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/err.h"

/* As the bench file has it. */
struct postgres_settings {
	char server[256], database[64], user[64], schema[64], tls[16], ca[1024], partitions[8];
	char password[1001];
	int64_t keep_ns; /* of what is in the data base; 0: all of it */
};

/* Lines of KEY=VALUE; ERR_PROTO for anything else. */
int postgres_settings_read(
	const char *bytes, size_t n, struct postgres_settings *out, struct err *err) MUST_CHECK;

PGconn *postgres_connect(const struct postgres_settings *set, struct err *err) MUST_CHECK;

/* One or several statements without parameters; what they give is thrown away. */
int postgres_run(PGconn *c, const char *sql, struct err *err) MUST_CHECK;

/* One statement with texts as parameters (NULL: null); the caller clears *out (NULL: thrown away). */
int postgres_ask(PGconn *c, const char *sql, const char *const *values, int n, PGresult **out,
	struct err *err) MUST_CHECK;
/* The same, and it may take so long. */
int postgres_ask_long(PGconn *c, const char *sql, const char *const *values, int n, PGresult **out,
	int seconds, struct err *err) MUST_CHECK;
/* One with bytes as its first parameter, behind them texts. */
int postgres_ask_bytes(PGconn *c, const char *sql, const struct buf *bytes,
	const char *const *values, int n, struct err *err) MUST_CHECK;

/* COPY ... FROM STDIN of what is in `rows`. */
int postgres_copy(PGconn *c, const char *sql, const struct buf *rows, struct err *err) MUST_CHECK;

/* A name between quotation marks, as it has to stand in SQL; appended. */
void postgres_name(struct buf *out, const char *name);

#endif
