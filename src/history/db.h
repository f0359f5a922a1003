/* db.h - the little that this room needs of SQLite: statements with their errors in our form */
#ifndef HISTORY_DB_H
#define HISTORY_DB_H

#include <sqlite3.h>

#include "base/err.h"

/* "committing: database or disk is full (history-00001-2026-11-26.sqlite)"; ERR_IO, err->sys the result code of SQLite. */
int db_fail(sqlite3 *db, struct err *err, const char *doing);

/* Open a file; is_writer: made when it is not there. The caller closes, also after an error, with db_close(). */
int db_open(sqlite3 **out, const char *path, bool is_writer, struct err *err) MUST_CHECK;
/* A file to be read, and nothing is made beside it: one without the log that its writer would keep is read as it is ("still"). */
int db_open_read(sqlite3 **out, const char *path, struct err *err) MUST_CHECK;
/* Was it opened as one that nobody writes to? Such a connection does not outlive the question that it is for. */
bool db_is_still(sqlite3 *db);
void db_close(sqlite3 *db);

/* One or several statements without results. */
int db_exec(sqlite3 *db, const char *sql, struct err *err) MUST_CHECK;

/* A statement that is kept; NULL after an error. Finished by sqlite3_finalize(). */
sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql, struct err *err) MUST_CHECK;

/* Values for ?1, ?2, ... by the letters of `kinds`: i int64_t, f double, t const char * (NULL: null), b const void * and size_t, n null. They are
 * borrowed until the statement has run. */
void db_bind(sqlite3_stmt *s, const char *kinds, ...);

/* Run a statement without results, and make it ready for the next time. */
int db_run(sqlite3_stmt *s, struct err *err) MUST_CHECK;

/* 1: a row is there, 0: no more (it is ready for the next time then), or ERR_IO. */
int db_row(sqlite3_stmt *s, struct err *err) MUST_CHECK;

/* The first number of the first row; `otherwise` when there is none or it is null. */
int db_number(
	sqlite3 *db, const char *sql, int64_t otherwise, int64_t *out, struct err *err) MUST_CHECK;

/* A text column; "" for null. Valid until the next step. */
const char *db_text(sqlite3_stmt *s, int column);

#endif
