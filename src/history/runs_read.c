/* runs_read.c - runs and notes out of the files of a store */
#include "history/runs_read.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/reader_inside.h"
#include "history/runs.h"

#define BENCH_BYTES_MAX (64u << 20) /* of an unpacked text: more than a bench file can have */

/* A statement on file i; NULL with *out_rc 0: there is no such file. */
static sqlite3_stmt *
prepare(struct reader *r, size_t i, const char *sql, int *out_rc, struct err *err)
{
	sqlite3 *db = i < r->n_files ? reader_db(r, i, err) : NULL;
	sqlite3_stmt *st = db == NULL ? NULL : db_prepare(db, sql, err);

	*out_rc = st == NULL && i < r->n_files ? ERR_IO : 0;
	return st;
}

#define RUN_COLUMNS                                                                                \
	"SELECT run, title, fields, who, coalesce(who1, ''), boot0, t0, boot1, t1, bench FROM "    \
	"run "

static void
take_run(const struct reader *r, sqlite3_stmt *st, struct run_row *out)
{
	out->run = (uint32_t)sqlite3_column_int64(st, 0);
	text_copy(out->title, sizeof(out->title), db_text(st, 1));
	if (!text_copy(out->fields, sizeof(out->fields), db_text(st, 2)))
		text_copy(out->fields, sizeof(out->fields), "{}");
	text_copy(out->who, sizeof(out->who), db_text(st, 3));
	text_copy(out->who1, sizeof(out->who1), db_text(st, 4));
	text_copy(out->bench, sizeof(out->bench), db_text(st, 9));
	out->boot0 = (uint32_t)sqlite3_column_int64(st, 5);
	out->t0 = sqlite3_column_int64(st, 6);
	out->boot1 = (uint32_t)sqlite3_column_int64(st, 7);
	out->t1 = sqlite3_column_int64(st, 8);
	out->begin_ns = reader_wall(r, out->boot0, out->t0);
	out->is_open = sqlite3_column_type(st, 7) == SQLITE_NULL;
	out->end_ns = out->is_open ? reader_recorded(r) : reader_wall(r, out->boot1, out->t1);
	out->end_ns = MAX(out->end_ns, out->begin_ns);
}

int
runs_list(struct reader *r, runs_fn fn, void *ctx, struct err *err)
{
	return runs_some(r, 0, SIZE_MAX, fn, ctx, err);
}

int
runs_some(struct reader *r, uint32_t behind, size_t most, runs_fn fn, void *ctx, struct err *err)
{
	struct run_row row;
	int rc;
	sqlite3_stmt *st = prepare(
		r, r->n_files - 1, RUN_COLUMNS "WHERE run > ?1 ORDER BY run LIMIT ?2", &rc, err);

	if (st == NULL)
		return rc;
	db_bind(st, "ii", (int64_t)behind, (int64_t)MIN(most, (size_t)INT32_MAX));
	while ((rc = db_row(st, err)) == 1) {
		take_run(r, st, &row);
		fn(ctx, &row);
	}
	sqlite3_finalize(st);
	return rc;
}

int
runs_find(struct reader *r, uint32_t run, struct run_row *out, struct err *err)
{
	int rc;
	sqlite3_stmt *st = prepare(r, r->n_files - 1, RUN_COLUMNS "WHERE run = ?1", &rc, err);

	if (rc < 0)
		return rc;
	if (st != NULL) {
		db_bind(st, "i", (int64_t)run);
		rc = db_row(st, err);
		if (rc == 1)
			take_run(r, st, out);
		sqlite3_finalize(st);
	}
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return err_set(err, ERR_CONF, 404,
		"there is no run %u; 'mbc record list' shows those that are", run);
}

int
runs_notes(struct reader *r, uint32_t run, notes_fn fn, void *ctx, struct err *err)
{
	struct run_note note;
	int rc = 0;

	for (size_t i = 0; i < r->n_files && rc >= 0; i++) {
		sqlite3_stmt *st = prepare(r, i,
			"SELECT boot, t, who, text FROM note WHERE run = ?1 ORDER BY note", &rc,
			err);

		if (st == NULL)
			return rc;
		db_bind(st, "i", (int64_t)run);
		while ((rc = db_row(st, err)) == 1) {
			note.wall_ns = reader_wall(r, (uint32_t)sqlite3_column_int64(st, 0),
				sqlite3_column_int64(st, 1));
			text_copy(note.who, sizeof(note.who), db_text(st, 2));
			text_copy(note.text, sizeof(note.text), db_text(st, 3));
			fn(ctx, &note);
		}
		sqlite3_finalize(st);
	}
	return rc;
}

int
runs_fields(struct reader *r, const char *fields, fields_fn fn, void *ctx, struct err *err)
{
	int rc;
	sqlite3_stmt *st =
		prepare(r, r->n_files - 1, "SELECT key, value FROM json_each(?1)", &rc, err);

	if (st == NULL)
		return rc;
	db_bind(st, "t", fields);
	while ((rc = db_row(st, err)) == 1) {
		char name[64];

		text_copy(name, sizeof(name), db_text(st, 0));
		fn(ctx, name, db_text(st, 1));
	}
	sqlite3_finalize(st);
	return rc;
}

/* ---- sequences ------------------------------------------------------------------------------------------------------------ */

static void
take_part(const struct reader *r, sqlite3_stmt *st, struct run_part *out)
{
	*out = (struct run_part){ .start = (uint64_t)sqlite3_column_int64(st, 0),
		.begin_ns = reader_wall(
			r, (uint32_t)sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2)),
		.version = (uint32_t)sqlite3_column_int64(st, 5),
		.is_open = sqlite3_column_type(st, 10) == SQLITE_NULL };
	text_copy(out->name, sizeof(out->name), db_text(st, 3));
	text_copy(out->title, sizeof(out->title), db_text(st, 4));
	text_copy(out->card, sizeof(out->card), db_text(st, 6));
	text_copy(out->who, sizeof(out->who), db_text(st, 7));
	out->params = mem_text(db_text(st, 8));
	out->meta = mem_text(db_text(st, 9));
	text_copy(out->how, sizeof(out->how), db_text(st, 12));
	out->end_ns = out->is_open ? reader_recorded(r)
				   : reader_wall(r, (uint32_t)sqlite3_column_int64(st, 10),
					     sqlite3_column_int64(st, 11));
	out->end_ns = MAX(out->end_ns, out->begin_ns);
}

void
runs_part_done(struct run_part *part)
{
	free(part->params);
	free(part->meta);
	part->params = part->meta = NULL;
}

/* A file of an earlier version has no sequences. */
int
runs_parts(struct reader *r, uint32_t run, parts_fn fn, void *ctx, struct err *err)
{
	struct run_part part;
	int64_t has = 0;
	int rc;
	sqlite3_stmt *st = prepare(
		r, r->n_files - 1, "SELECT 1 FROM sqlite_master WHERE name = 'part'", &rc, err);

	if (st == NULL)
		return rc;
	has = db_row(st, err);
	sqlite3_finalize(st);
	if (has <= 0)
		return (int)has;
	st = prepare(r, r->n_files - 1,
		"SELECT start, boot, t, name, title, version, card, who, params, meta, boot1, t1, "
		"how FROM part WHERE run = ?1 ORDER BY start",
		&rc, err);
	if (st == NULL)
		return rc;
	db_bind(st, "i", (int64_t)run);
	while ((rc = db_row(st, err)) == 1) {
		take_part(r, st, &part);
		fn(ctx, &part);
	}
	sqlite3_finalize(st);
	return rc;
}

int
runs_card(struct reader *r, const char *card, enum card_rows rows, card_fn fn, void *ctx,
	struct err *err)
{
	static const char *const sql[] = {
		[CARD_FILES] =
			"SELECT json_extract(value, '$.path'), json_extract(value, '$.text'), "
			"'' FROM json_each(?1, '$.files')",
		[CARD_STEPS] = "SELECT json_extract(value, '$.number'), json_extract(value, "
			       "'$.title'), json_extract(value, '$.comment') FROM json_each(?1, "
			       "'$.steps')",
		[CARD_RECORDS] =
			"SELECT json_extract(r.value, '$.name'), json_extract(r.value, '$.line'), "
			"c.value FROM json_each(?1, '$.records') r, json_each(r.value, "
			"'$.channels') c ORDER BY r.key, c.key",
		[CARD_OUTPUTS] = "SELECT value, '', '' FROM json_each(?1, '$.outputs')",
		[CARD_BEFORE] = "SELECT value, json_extract(?1, '$.before_injection.over'), '' "
				"FROM json_each(?1, '$.before_injection.channels')",
	};
	int rc;
	sqlite3_stmt *st = prepare(r, r->n_files - 1, sql[rows], &rc, err);

	if (st == NULL)
		return rc;
	db_bind(st, "t", card);
	while ((rc = db_row(st, err)) == 1) {
		const char *const columns[3] = { db_text(st, 0), db_text(st, 1), db_text(st, 2) };

		fn(ctx, columns);
	}
	sqlite3_finalize(st);
	return rc;
}

static int
unpack(sqlite3_stmt *st, struct buf *out, struct err *err)
{
	const void *bytes = sqlite3_column_blob(st, 0);
	size_t n = (size_t)sqlite3_column_bytes(st, 0), got;
	unsigned long long size =
		bytes == NULL ? ZSTD_CONTENTSIZE_ERROR : ZSTD_getFrameContentSize(bytes, n);

	if (size > BENCH_BYTES_MAX) /* also what says that it is not known, or no frame */
		return err_set(err, ERR_IO, 0, "the text of the bench file is damaged");
	got = ZSTD_decompress(buf_room(out, (size_t)size + 1), (size_t)size, bytes, n);
	if (ZSTD_isError(got))
		return err_set(err, ERR_IO, 0, "the text of the bench file is damaged: %s",
			ZSTD_getErrorName(got));
	out->n += got;
	return 0;
}

int
runs_bench(struct reader *r, const char *hash, struct buf *out, struct err *err)
{
	for (size_t i = r->n_files; i-- > 0;) {
		int rc;
		sqlite3_stmt *st =
			prepare(r, i, "SELECT text FROM bench WHERE hash = ?1", &rc, err);

		if (st == NULL)
			return rc;
		db_bind(st, "t", hash);
		rc = db_row(st, err);
		if (rc == 1)
			rc = unpack(st, out, err) < 0 ? ERR_IO : 1;
		sqlite3_finalize(st);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	return err_set(err, ERR_CONF, 0, "the text of its bench file is in no file any more");
}

int
runs_to_copy(const char *dir, uint32_t *out, struct err *err)
{
	struct reader *r = reader_open(dir, err);
	sqlite3_stmt *st;
	int64_t n = 0;
	int rc;

	*out = 0;
	if (r == NULL)
		return err->code;
	st = prepare(
		r, r->n_files - 1, "SELECT 1 FROM sqlite_master WHERE name = 'copy'", &rc, err);
	if (st != NULL) {
		n = db_row(st, err);
		sqlite3_finalize(st);
		rc = n < 0 ? ERR_IO : 0;
	}
	st = n == 1 ? prepare(r, r->n_files - 1, "SELECT min(run) FROM copy WHERE done = 0", &rc,
			      err)
		    : NULL;
	if (st != NULL) {
		rc = db_row(st, err);
		if (rc == 1)
			*out = (uint32_t)sqlite3_column_int64(st, 0);
		sqlite3_finalize(st);
	}
	reader_close(r);
	return rc < 0 ? rc : 0;
}
