/* db.c - the little that this room needs of SQLite */
#include "history/db.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define BUSY_MS                                                                                    \
	2000 /* a reader that closes, or a person with sqlite3, may hold a lock for so long */

static const char *
name_of(sqlite3 *db)
{
	const char *path = db == NULL ? NULL : sqlite3_db_filename(db, "main");
	const char *slash = path == NULL ? NULL : strrchr(path, '/');

	return slash == NULL ? "the store" : slash + 1;
}

int
db_fail(sqlite3 *db, struct err *err, const char *doing)
{
	int rc = db == NULL ? SQLITE_NOMEM : sqlite3_extended_errcode(db);

	return err_set(err, ERR_IO, rc & 0xFF, "%s: %s (%s)", doing,
		db == NULL ? "no memory" : sqlite3_errmsg(db), name_of(db));
}

int
db_open(sqlite3 **out, const char *path, bool is_writer, struct err *err)
{
	int flags = is_writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;

	*out = NULL;
	if (sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) !=
		SQLITE_OK)
		return db_fail(*out, err, "opening");
	sqlite3_busy_timeout(*out, BUSY_MS);
	return 0;
}

/* "file:/var/lib/a%3Fb.sqlite?immutable=1" */
static void
put_uri(struct buf *out, const char *path)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/";

	buf_puts(out, "file:");
	for (; *path != '\0'; path++) {
		if (strchr(plain, *path) != NULL)
			buf_putc(out, *path);
		else
			buf_printf(out, "%%%02X", (unsigned char)*path);
	}
	buf_puts(out, "?immutable=1");
}

static bool
has_log(const char *path)
{
	struct buf log = { 0 };
	bool has;

	buf_printf(&log, "%s-wal", path);
	has = access(buf_text(&log), F_OK) == 0;
	buf_done(&log);
	return has;
}

/* Its header says whether what is written goes to a log first. */
static bool
wants_log(const char *path)
{
	unsigned char head[20];
	FILE *f = fopen(path, "rb");
	bool does = f != NULL && fread(head, 1, sizeof(head), f) == sizeof(head) && head[18] == 2;

	if (f != NULL)
		fclose(f);
	return does;
}

static int
open_still(sqlite3 **out, const char *path, struct err *err)
{
	struct buf uri = { 0 };
	int rc;

	put_uri(&uri, path);
	rc = sqlite3_open_v2(buf_text(&uri), out,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_EXRESCODE,
		NULL);
	buf_done(&uri);
	return rc == SQLITE_OK ? 0 : db_fail(*out, err, "opening");
}

int
db_open_read(sqlite3 **out, const char *path, struct err *err)
{
	/* A copy, or one that somebody closed with the program sqlite3, lacks the files that go with a log; SQLite would make them. */
	return wants_log(path) && !has_log(path) ? open_still(out, path, err)
						 : db_open(out, path, false, err);
}

bool
db_is_still(sqlite3 *db)
{
	const char *path = sqlite3_db_filename(db, "main");

	return path != NULL && sqlite3_uri_boolean(path, "immutable", 0) != 0;
}

/* A writer makes the log before it writes: while there is none, what was read is whole. */
static bool
has_moved(sqlite3 *db)
{
	return db_is_still(db) && has_log(sqlite3_db_filename(db, "main"));
}

void
db_close(sqlite3 *db)
{
	sqlite3_close_v2(db);
}

int
db_exec(sqlite3 *db, const char *sql, struct err *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : db_fail(db, err, "a statement");
}

sqlite3_stmt *
db_prepare(sqlite3 *db, const char *sql, struct err *err)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK) {
		db_fail(db, err, "a statement");
		return NULL;
	}
	return s;
}

void
db_bind(sqlite3_stmt *s, const char *kinds, ...)
{
	va_list args;
	const void *bytes;

	va_start(args, kinds);
	for (int i = 1; *kinds != '\0'; i++, kinds++)
		switch (*kinds) {
		case 'i':
			sqlite3_bind_int64(s, i, va_arg(args, int64_t));
			break;
		case 'f':
			sqlite3_bind_double(s, i, va_arg(args, double));
			break;
		case 't':
			sqlite3_bind_text(s, i, va_arg(args, const char *), -1, SQLITE_STATIC);
			break;
		case 'b':
			bytes = va_arg(args, const void *);
			sqlite3_bind_blob64(s, i, bytes, va_arg(args, size_t), SQLITE_STATIC);
			break;
		default:
			sqlite3_bind_null(s, i);
		}
	va_end(args);
}

int
db_run(sqlite3_stmt *s, struct err *err)
{
	int rc = sqlite3_step(s), failed = 0;

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		failed = db_fail(sqlite3_db_handle(s), err, "writing");
	sqlite3_reset(s);
	return failed;
}

int
db_row(sqlite3_stmt *s, struct err *err)
{
	int rc = sqlite3_step(s);

	if (has_moved(sqlite3_db_handle(s))) {
		sqlite3_reset(s);
		return err_set(err, ERR_IO, 0,
			"the recorder began to write to the file that was read: ask again");
	}
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE) {
		db_fail(sqlite3_db_handle(s), err, "reading");
		sqlite3_reset(s);
		return ERR_IO;
	}
	sqlite3_reset(s);
	return 0;
}

int
db_number(sqlite3 *db, const char *sql, int64_t otherwise, int64_t *out, struct err *err)
{
	sqlite3_stmt *s = db_prepare(db, sql, err);
	int rc;

	*out = otherwise;
	if (s == NULL)
		return ERR_IO;
	rc = db_row(s, err);
	if (rc == 1 && sqlite3_column_type(s, 0) != SQLITE_NULL)
		*out = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return rc < 0 ? rc : 0;
}

const char *
db_text(sqlite3_stmt *s, int column)
{
	const unsigned char *text = sqlite3_column_text(s, column);

	return text == NULL ? "" : (const char *)text;
}
