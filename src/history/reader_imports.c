/* reader_imports.c - what was imported, beside what was recorded */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/reader_inside.h"

/* An import never changes: what is known of it stays, and so does its connection. */
static void
keep_import(struct reader *r, struct reader_file *f)
{
	for (size_t i = 0; i < r->n_imports; i++)
		if (r->imports[i].ordinal == f->ordinal &&
			strcmp(r->imports[i].name, f->name) == 0) {
			*f = r->imports[i];
			r->imports[i].db = NULL;
			r->imports[i].moments = NULL;
			return;
		}
}

static void
forget_imports(struct reader *r)
{
	for (size_t i = 0; i < r->n_imports; i++) {
		db_close(r->imports[i].db);
		free(r->imports[i].moments);
	}
	free(r->imports);
	r->imports = NULL;
	r->n_imports = 0;
}

/* Its boot has the number that its name says: one that somebody renamed would be taken for another. */
static int
look_at(struct reader *r, struct reader_file *f, struct err *err)
{
	sqlite3 *db = f->boot != 0 ? NULL : reader_file_db(r, f, err);
	int64_t boot = 0;
	int rc;

	if (f->boot != 0)
		return 0;
	rc = db == NULL ? ERR_IO : db_number(db, "SELECT boot FROM boot", 0, &boot, err);
	if (rc == 0 && boot != (int64_t)f->ordinal)
		rc = err_set(err, ERR_CONF, 0,
			"'%.63s' was renamed, or is no import; give it its name back, or move it "
			"away",
			f->name);
	if (rc == 0)
		rc = db_number(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'first'", 0,
			&f->first_ns, err);
	if (rc == 0)
		rc = db_number(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last'", 0,
			&f->last_ns, err);
	if (rc == 0)
		f->boot = (uint32_t)boot;
	return rc;
}

int
reader_list_imports(struct reader *r, struct err *err)
{
	struct history_file *list;
	struct reader_file *imports;
	int n = files_imports(r->dir, &list, err), rc = 0;

	if (n < 0)
		return n;
	imports = mem_zero((size_t)n + 1, sizeof(*imports));
	for (int i = 0; i < n; i++) {
		imports[i].ordinal = list[i].ordinal;
		text_copy(imports[i].name, sizeof(imports[i].name), list[i].name);
		keep_import(r, &imports[i]);
	}
	free(list);
	forget_imports(r);
	r->imports = imports;
	r->n_imports = (size_t)n;
	for (size_t i = 0; i < r->n_imports && rc == 0; i++)
		rc = look_at(r, &r->imports[i], err);
	return rc;
}

int
reader_import_channel(sqlite3 *db, const struct reader_channel *ch, int64_t *out, struct err *err)
{
	sqlite3_stmt *st = db_prepare(db,
		"SELECT channel FROM channel WHERE type = ?2 AND unit = ?3 AND (id = ?1 OR (id >= "
		"2147483648 AND name = ?4)) ORDER BY id = ?1 DESC LIMIT 1",
		err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "ittt", (int64_t)ch->id,
		ch->type == VALUE_FLOAT32 ? "float32" : value_type_text(ch->type), ch->unit,
		ch->name);
	rc = db_row(st, err);
	*out = rc == 1 ? sqlite3_column_int64(st, 0) : -1;
	sqlite3_finalize(st);
	return MIN(rc, 0);
}

/* 1: it has samples of the channel. */
static int
cover_of(struct reader *r, struct reader_file *f, const struct reader_channel *ch,
	struct reader_cover *out, struct err *err)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t number;
	int rc;

	*out = (struct reader_cover){ f->ordinal, f->first_ns, f->last_ns };
	if (ch == NULL)
		return 1;
	db = reader_file_db(r, f, err);
	rc = db == NULL ? ERR_IO : reader_import_channel(db, ch, &number, err);
	if (rc < 0 || number < 0)
		return MIN(rc, 0);
	st = db_prepare(db,
		"SELECT (SELECT t0 FROM span WHERE channel = ?1 ORDER BY boot, t0 LIMIT 1), "
		"(SELECT "
		"t1 FROM span WHERE channel = ?1 ORDER BY boot DESC, t0 DESC LIMIT 1)",
		err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "i", number);
	rc = db_row(st, err);
	if (rc == 1 && sqlite3_column_type(st, 0) == SQLITE_NULL)
		rc = 0;
	if (rc == 1) {
		out->from_ns = reader_wall(r, f->boot, sqlite3_column_int64(st, 0));
		out->to_ns = reader_wall(r, f->boot, sqlite3_column_int64(st, 1));
	}
	sqlite3_finalize(st);
	return rc;
}

static int
compare(const void *a, const void *b)
{
	const struct reader_cover *x = a, *y = b;

	return (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns);
}

int
reader_covers(struct reader *r, const struct reader_channel *ch, struct reader_cover **out,
	struct err *err)
{
	struct reader_cover *covers = mem_zero(r->n_imports + 1, sizeof(*covers));
	int n = 0, rc = 0;

	for (size_t i = 0; i < r->n_imports && rc >= 0; i++) {
		rc = cover_of(r, &r->imports[i], ch, &covers[n], err);
		n += rc == 1;
	}
	if (rc < 0) {
		free(covers);
		return rc;
	}
	if (n > 0)
		qsort(covers, (size_t)n, sizeof(*covers), compare);
	*out = covers;
	return n;
}
