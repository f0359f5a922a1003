/* reader.c - files, clocks, channels and gaps of a store, for its readers */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/files.h"
#include "history/reader_inside.h"

struct reader *
reader_open(const char *dir, struct err *err)
{
	struct reader *r = mem_zero(1, sizeof(*r));

	r->dir = dir;
	r->coder = chunk_coder_new();
	r->tail = tail_new();
	if (reader_refresh(r, err) < 0) {
		reader_close(r);
		return NULL;
	}
	return r;
}

static void
close_files(struct reader *r)
{
	for (size_t i = 0; i < r->n_files; i++)
		db_close(r->files[i].db);
	free(r->files);
	r->files = NULL;
	r->n_files = 0;
}

void
reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	close_files(r);
	free(r->moments);
	free(r->boots);
	chunk_coder_free(r->coder);
	tail_free(r->tail);
	free(r);
}

/* ---- files ---------------------------------------------------------------------------------------------------------------- */

sqlite3 *
reader_db(struct reader *r, size_t file, struct err *err)
{
	struct reader_file *f = &r->files[file];
	char path[PATH_MAX];

	if (f->db != NULL)
		return f->db;
	if (snprintf(path, sizeof(path), "%s/%s", r->dir, f->name) >= (int)sizeof(path)) {
		err_set(err, ERR_CONF, 0, "'%s' is too long a path", r->dir);
		return NULL;
	}
	if (db_open(&f->db, path, false, err) < 0 ||
		db_exec(f->db, "PRAGMA cache_size=-256; PRAGMA query_only=1", err) < 0) {
		db_close(f->db);
		f->db = NULL;
		return NULL;
	}
	return f->db;
}

/* Files that are still there keep their connection. */
static int
list_files(struct reader *r, struct err *err)
{
	struct history_file *list;
	struct reader_file *files;
	int n = files_list(r->dir, &list, err);

	if (n < 0)
		return n;
	files = mem_zero((size_t)n + 1, sizeof(*files));
	for (int i = 0; i < n; i++) {
		files[i].ordinal = list[i].ordinal;
		text_copy(files[i].name, sizeof(files[i].name), list[i].name);
		for (size_t k = 0; k < r->n_files; k++)
			if (r->files[k].ordinal == list[i].ordinal) {
				files[i].db = r->files[k].db;
				r->files[k].db = NULL;
			}
	}
	free(list);
	close_files(r);
	r->files = files;
	r->n_files = (size_t)n;
	return 0;
}

/* ---- clocks --------------------------------------------------------------------------------------------------------------- */

static int
compare_moments(const void *a, const void *b)
{
	const struct reader_moment *x = a, *y = b;

	if (x->boot != y->boot)
		return x->boot < y->boot ? -1 : 1;
	return (x->t_ns > y->t_ns) - (x->t_ns < y->t_ns);
}

/* Those of one file; a file that cannot be read is told and passed over: the others answer. */
static int
load_moments(struct reader *r, size_t file, size_t *cap, struct err *err)
{
	sqlite3 *db = reader_db(r, file, err);
	sqlite3_stmt *st =
		db == NULL ? NULL : db_prepare(db, "SELECT boot, t, wall, good FROM clock", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	while ((rc = db_row(st, err)) == 1) {
		if (r->n_moments == *cap) {
			*cap = MAX(2 * *cap, (size_t)64);
			r->moments = mem_grow(r->moments, *cap, sizeof(*r->moments));
		}
		r->moments[r->n_moments++] = (struct reader_moment){
			.boot = (uint32_t)sqlite3_column_int64(st, 0),
			.t_ns = sqlite3_column_int64(st, 1),
			.wall_ns = sqlite3_column_int64(st, 2),
			.is_good = sqlite3_column_int(st, 3) != 0,
		};
	}
	sqlite3_finalize(st);
	return rc;
}

static int
load_place(struct reader *r, struct err *err)
{
	sqlite3 *db = r->n_files == 0 ? NULL : reader_db(r, r->n_files - 1, err);
	sqlite3_stmt *st =
		db == NULL
			? NULL
			: db_prepare(db, "SELECT boot, recorded FROM present WHERE boot > 0", err);
	int rc;

	r->has_place = false;
	if (st == NULL)
		return r->n_files == 0 ? 0 : ERR_IO;
	rc = db_row(st, err);
	if (rc == 1) {
		r->has_place = true;
		r->place_boot = (uint32_t)sqlite3_column_int64(st, 0);
		r->recorded_ns = sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

/* The newest file has them all. */
static int
load_boots(struct reader *r, struct err *err)
{
	sqlite3 *db = r->n_files == 0 ? NULL : reader_db(r, r->n_files - 1, err);
	sqlite3_stmt *st =
		db == NULL ? NULL : db_prepare(db, "SELECT boot FROM boot ORDER BY boot", err);
	int rc;

	r->n_boots = 0;
	if (st == NULL)
		return r->n_files == 0 ? 0 : ERR_IO;
	while ((rc = db_row(st, err)) == 1) {
		r->boots = mem_grow(r->boots, r->n_boots + 1, sizeof(*r->boots));
		r->boots[r->n_boots++] = (uint32_t)sqlite3_column_int64(st, 0);
	}
	sqlite3_finalize(st);
	return rc;
}

int
reader_refresh(struct reader *r, struct err *err)
{
	size_t cap = 0;
	int rc = list_files(r, err);

	free(r->moments);
	r->moments = NULL;
	r->n_moments = 0;
	for (size_t i = 0; i < r->n_files && rc >= 0; i++)
		rc = load_moments(r, i, &cap, err);
	if (rc >= 0)
		rc = load_boots(r, err);
	if (rc >= 0)
		rc = load_place(r, err);
	if (r->n_moments > 0)
		qsort(r->moments, r->n_moments, sizeof(*r->moments), compare_moments);
	return rc < 0 ? rc : 0;
}

/* The records of a boot: first and one behind the last. */
static void
moments_of(const struct reader *r, uint32_t boot, size_t *out_from, size_t *out_to)
{
	size_t low = 0, high = r->n_moments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->moments[middle].boot < boot)
			low = middle + 1;
		else
			high = middle;
	}
	*out_from = low;
	while (high < r->n_moments && r->moments[high].boot == boot)
		high++;
	*out_to = high;
}

int64_t
reader_wall(const struct reader *r, uint32_t boot, int64_t t_ns)
{
	const struct reader_moment *good = NULL, *any = NULL;
	size_t from, to;

	moments_of(r, boot, &from, &to);
	for (size_t i = from; i < to; i++) {
		const struct reader_moment *m = &r->moments[i];

		if (m->is_good && (good == NULL || m->t_ns <= t_ns))
			good = m;
		if (any == NULL || m->t_ns <= t_ns)
			any = m;
	}
	any = good != NULL ? good : any;
	return any == NULL ? t_ns : t_ns + any->wall_ns;
}

bool
reader_offsets(const struct reader *r, uint32_t boot, int64_t *out_least, int64_t *out_most)
{
	size_t from, to;

	moments_of(r, boot, &from, &to);
	*out_least = INT64_MAX;
	*out_most = INT64_MIN;
	for (size_t i = from; i < to; i++) {
		*out_least = MIN(*out_least, r->moments[i].wall_ns);
		*out_most = MAX(*out_most, r->moments[i].wall_ns);
	}
	return from < to;
}

int64_t
reader_recorded(const struct reader *r)
{
	return r->has_place ? reader_wall(r, r->place_boot, r->recorded_ns) : INT64_MIN;
}

/* ---- channels ------------------------------------------------------------------------------------------------------------- */

enum value_type
reader_type(const char *text)
{
	if (strcmp(text, "float32") == 0)
		return VALUE_FLOAT32;
	for (int t = 0; t < VALUE_TYPES; t++)
		if (t != VALUE_FLOAT32 && strcmp(text, value_type_text((enum value_type)t)) == 0)
			return (enum value_type)t;
	return VALUE_FLOAT;
}

#define CHANNEL_COLUMNS "SELECT id, type, name, unit, title, instrument, choices FROM channel "

static void
take_channel(sqlite3_stmt *st, struct reader_channel *out)
{
	out->id = (uint32_t)sqlite3_column_int64(st, 0);
	out->type = reader_type(db_text(st, 1));
	text_copy(out->name, sizeof(out->name), db_text(st, 2));
	text_copy(out->unit, sizeof(out->unit), db_text(st, 3));
	text_copy(out->title, sizeof(out->title), db_text(st, 4));
	text_copy(out->instrument, sizeof(out->instrument), db_text(st, 5));
	text_copy(out->choices, sizeof(out->choices), db_text(st, 6));
}

/* Names are looked for in the newest file first: it has all that were ever recorded, with the name that they have now. */
int
reader_find(struct reader *r, const char *name, struct reader_channel *out, struct err *err)
{
	for (size_t i = r->n_files; i-- > 0;) {
		sqlite3 *db = reader_db(r, i, err);
		sqlite3_stmt *st =
			db == NULL ? NULL
				   : db_prepare(db,
					     CHANNEL_COLUMNS
					     "WHERE name = ?1 ORDER BY channel DESC LIMIT 1",
					     err);
		int rc;

		if (st == NULL)
			return ERR_IO;
		db_bind(st, "t", name);
		rc = db_row(st, err);
		if (rc == 1)
			take_channel(st, out);
		sqlite3_finalize(st);
		if (rc != 0)
			return rc == 1 ? 0 : rc;
	}
	return err_set(err, ERR_CONF, 0, "nothing is recorded of a channel '%.80s'", name);
}

int
reader_channels(struct reader *r, reader_channel_fn fn, void *ctx, struct err *err)
{
	sqlite3 *db = r->n_files == 0 ? NULL : reader_db(r, r->n_files - 1, err);
	sqlite3_stmt *st =
		db == NULL ? NULL
			   : db_prepare(db, CHANNEL_COLUMNS "ORDER BY name, channel DESC", err);
	struct reader_channel ch = { 0 }, before = { 0 };
	int rc;

	if (st == NULL)
		return r->n_files == 0 ? 0 : ERR_IO;
	while ((rc = db_row(st, err)) == 1) {
		take_channel(st, &ch);
		if (strcmp(ch.name, before.name) != 0)
			fn(ctx, &ch);
		before = ch;
	}
	sqlite3_finalize(st);
	return rc;
}

/* ---- the ledger ----------------------------------------------------------------------------------------------------------- */

static void
take_gap(const struct reader *r, sqlite3_stmt *st, struct reader_gap *out)
{
	bool has_from = sqlite3_column_type(st, 0) != SQLITE_NULL;

	*out = (struct reader_gap){
		.boot0 = (uint32_t)sqlite3_column_int64(st, 0),
		.t0 = sqlite3_column_int64(st, 1),
		.boot1 = (uint32_t)sqlite3_column_int64(st, 2),
		.t1 = sqlite3_column_int64(st, 3),
		.missed = (uint64_t)sqlite3_column_int64(st, 5),
	};
	text_copy(out->cause, sizeof(out->cause), db_text(st, 4));
	out->from_ns = has_from ? reader_wall(r, out->boot0, out->t0) : INT64_MIN;
	out->to_ns = reader_wall(r, out->boot1, out->t1);
}

int
reader_gaps(struct reader *r, int64_t from_ns, int64_t to_ns, reader_gap_fn fn, void *ctx,
	struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < r->n_files && rc >= 0; i++) {
		sqlite3 *db = reader_db(r, i, err);
		sqlite3_stmt *st = db == NULL ? NULL
					      : db_prepare(db,
							"SELECT boot0, t0, boot1, t1, cause, "
							"missed FROM gap ORDER BY gap",
							err);

		if (st == NULL)
			return ERR_IO;
		while ((rc = db_row(st, err)) == 1) {
			struct reader_gap gap;

			take_gap(r, st, &gap);
			if (gap.from_ns < to_ns && gap.to_ns > from_ns)
				fn(ctx, &gap);
		}
		sqlite3_finalize(st);
	}
	return rc < 0 ? rc : 0;
}
