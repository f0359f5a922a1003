/* reader_events.c - what happened, as the store has it */
#include <string.h>

#include "history/reader_inside.h"

/* The number of the boot with this hash. */
static bool
boot_of(sqlite3 *db, uint64_t hash, uint32_t *out)
{
	sqlite3_stmt *st = db_prepare(db, "SELECT boot FROM boot WHERE hash = ?1", NULL);
	int rc;

	if (st == NULL)
		return false;
	db_bind(st, "i", (int64_t)hash);
	rc = db_row(st, NULL);
	if (rc == 1)
		*out = (uint32_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == 1;
}

bool
reader_take_event(
	struct reader *r, sqlite3 *db, sqlite3_stmt *st, uint32_t file, struct reader_event *out)
{
	struct err err;
	uint32_t boot;

	*out = (struct reader_event){ .file = file, .row = sqlite3_column_int64(st, 0) };
	if (event_decode(&out->event, sqlite3_column_blob(st, 2),
		    (size_t)sqlite3_column_bytes(st, 2), &err) < 0)
		return false;
	out->has_wall = sqlite3_column_type(st, 1) != SQLITE_NULL;
	out->wall_ns = sqlite3_column_int64(st, 1);
	if (!out->has_wall && boot_of(db, out->event.boot, &boot)) {
		out->has_wall = true;
		out->wall_ns = reader_wall(r, boot, out->event.stamp_ns);
	}
	return true;
}

static bool
is_wanted(const struct reader_event_filter *f, const struct reader_event *e)
{
	return (f->kind[0] == '\0' || strcmp(event_row(e->event.kind)->token, f->kind) == 0) &&
	       (f->subject[0] == '\0' || strcmp(e->event.subject, f->subject) == 0) &&
	       (f->before == 0 || e->event.id < f->before) &&
	       (!e->has_wall || (e->wall_ns >= f->from_ns && e->wall_ns < f->to_ns));
}

/* Returns how many were looked at, or ERR_IO. */
static int
read_file(struct reader *r, size_t file, const struct reader_event_filter *filter, int64_t *row,
	size_t budget, reader_event_fn fn, void *ctx, struct err *err)
{
	sqlite3 *db = reader_db(r, file, err);
	sqlite3_stmt *st = db == NULL ? NULL
				      : db_prepare(db,
						"SELECT rowid, wall, data FROM event WHERE rowid > "
						"?1 ORDER BY rowid LIMIT ?2",
						err);
	struct reader_event e;
	int n = 0, rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "ii", *row, (int64_t)budget);
	while ((rc = db_row(st, err)) == 1) {
		n++;
		*row = sqlite3_column_int64(st, 0);
		if (reader_take_event(r, db, st, r->files[file].ordinal, &e) &&
			is_wanted(filter, &e))
			fn(ctx, &e);
	}
	sqlite3_finalize(st);
	return rc < 0 ? rc : n;
}

int
reader_events(struct reader *r, const struct reader_event_filter *filter,
	struct reader_event_place *place, size_t budget, reader_event_fn fn, void *ctx,
	struct err *err)
{
	for (size_t i = 0; i < r->n_files; i++) {
		int n;

		if (r->files[i].ordinal < place->file)
			continue;
		if (r->files[i].ordinal > place->file)
			*place = (struct reader_event_place){ .file = r->files[i].ordinal };
		n = read_file(r, i, filter, &place->row, budget, fn, ctx, err);
		if (n < 0)
			return n;
		if ((size_t)n == budget)
			return 1;
		budget -= (size_t)n;
	}
	return 0;
}

int
reader_event_at(struct reader *r, uint32_t file, int64_t row, reader_event_fn fn, void *ctx,
	struct err *err)
{
	const struct reader_event_filter all = { INT64_MIN, INT64_MAX, "", "", 0 };

	for (size_t i = 0; i < r->n_files; i++)
		if (r->files[i].ordinal == file) {
			int64_t behind = row - 1;

			return read_file(r, i, &all, &behind, 1, fn, ctx, err) < 0 ? ERR_IO : 0;
		}
	return 0;
}
