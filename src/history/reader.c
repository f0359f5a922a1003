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
close_some(struct reader_file **files, size_t *n)
{
	for (size_t i = 0; i < *n; i++) {
		db_close((*files)[i].db);
		free((*files)[i].moments);
	}
	free(*files);
	*files = NULL;
	*n = 0;
}

static void
close_files(struct reader *r)
{
	close_some(&r->files, &r->n_files);
}

void
reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	close_files(r);
	close_some(&r->imports, &r->n_imports);
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
	return reader_file_db(r, &r->files[file], err);
}

sqlite3 *
reader_file_db(struct reader *r, struct reader_file *f, struct err *err)
{
	char path[PATH_MAX];

	if (f->db != NULL)
		return f->db;
	if (snprintf(path, sizeof(path), "%s/%s", r->dir, f->name) >= (int)sizeof(path)) {
		err_set(err, ERR_CONF, 0, "'%s' is too long a path", r->dir);
		return NULL;
	}
	if (db_open_read(&f->db, path, err) < 0 ||
		db_exec(f->db, "PRAGMA cache_size=-256; PRAGMA query_only=1", err) < 0) {
		db_close(f->db);
		f->db = NULL;
		return NULL;
	}
	return f->db;
}

/* A file that is still there keeps what is known of it and its connection, unless that would not see what is written by now. */
static void
keep_file(struct reader *r, struct reader_file *f)
{
	for (size_t k = 0; k < r->n_files; k++)
		if (r->files[k].ordinal == f->ordinal) {
			*f = r->files[k];
			r->files[k].db = NULL;
			r->files[k].moments = NULL;
			if (f->db != NULL && db_is_still(f->db)) {
				db_close(f->db);
				f->db = NULL;
			}
			return;
		}
}

/* The newest file has no tables while it is being made: it is not there yet. */
static int
leave_out_unmade(struct reader *r, struct err *err)
{
	int64_t version = 0;
	sqlite3 *db;
	int rc;

	if (r->n_files == 0 || r->files[r->n_files - 1].has_moments)
		return 0;
	db = reader_db(r, r->n_files - 1, err);
	rc = db == NULL ? ERR_IO : db_number(db, "PRAGMA user_version", 0, &version, err);
	if (rc < 0 || version != 0)
		return rc;
	db_close(r->files[r->n_files - 1].db);
	r->files[--r->n_files].db = NULL;
	return 0;
}

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
		keep_file(r, &files[i]);
	}
	free(list);
	close_files(r);
	r->files = files;
	r->n_files = (size_t)n;
	return leave_out_unmade(r, err);
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

/* Those of one file, unless they are known. */
static int
load_moments(struct reader *r, struct reader_file *f, bool is_last, struct err *err)
{
	sqlite3 *db = f->has_moments ? NULL : reader_file_db(r, f, err);
	sqlite3_stmt *st;
	size_t cap = 0;
	int rc;

	if (f->has_moments)
		return 0;
	st = db == NULL ? NULL : db_prepare(db, "SELECT boot, t, wall, good FROM clock", err);
	if (st == NULL)
		return ERR_IO;
	free(f->moments);
	f->moments = NULL;
	f->n_moments = 0;
	while ((rc = db_row(st, err)) == 1) {
		if (f->n_moments == cap) {
			cap = MAX(2 * cap, (size_t)16);
			f->moments = mem_grow(f->moments, cap, sizeof(*f->moments));
		}
		f->moments[f->n_moments++] = (struct reader_moment){
			.boot = (uint32_t)sqlite3_column_int64(st, 0),
			.t_ns = sqlite3_column_int64(st, 1),
			.wall_ns = sqlite3_column_int64(st, 2),
			.is_good = sqlite3_column_int(st, 3) != 0,
		};
	}
	sqlite3_finalize(st);
	f->has_moments = rc == 0 && !is_last;
	return rc;
}

/* Of a boot from .. to: those that were synchronised, when there are some; each moment once. Returns where they end. */
static size_t
choose_moments(struct reader_moment *m, size_t from, size_t to, size_t out)
{
	bool has_good = false;
	size_t first = out;

	for (size_t i = from; i < to; i++)
		has_good = has_good || m[i].is_good;
	for (size_t i = from; i < to; i++) {
		if (has_good && !m[i].is_good)
			continue;
		if (out > first && m[out - 1].t_ns == m[i].t_ns)
			out--;
		m[out++] = m[i];
	}
	return out;
}

/* The number of all of them behind `n`; copied unless `out` is NULL. */
static size_t
add_moments(const struct reader_file *files, size_t n_files, size_t n, struct reader_moment *out)
{
	for (size_t i = 0; i < n_files; i++) {
		if (files[i].n_moments > 0 && out != NULL)
			memcpy(out + n, files[i].moments, files[i].n_moments * sizeof(*out));
		n += files[i].n_moments;
	}
	return n;
}

/* Of all files together. */
static void
join_moments(struct reader *r)
{
	size_t n = add_moments(r->files, r->n_files, 0, NULL), out = 0;

	n = add_moments(r->imports, r->n_imports, n, NULL);
	r->moments = mem_grow(r->moments, MAX(n, (size_t)1), sizeof(*r->moments));
	n = add_moments(r->files, r->n_files, 0, r->moments);
	n = add_moments(r->imports, r->n_imports, n, r->moments);
	if (n > 0)
		qsort(r->moments, n, sizeof(*r->moments), compare_moments);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from; to < n && r->moments[to].boot == r->moments[from].boot; to++)
			continue;
		out = choose_moments(r->moments, from, to, out);
	}
	r->n_moments = out;
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
	int rc = list_files(r, err);

	if (rc >= 0)
		rc = reader_list_imports(r, err);
	for (size_t i = 0; i < r->n_files && rc >= 0; i++)
		rc = load_moments(r, &r->files[i], i + 1 == r->n_files, err);
	for (size_t i = 0; i < r->n_imports && rc >= 0; i++)
		rc = load_moments(r, &r->imports[i], false, err);
	if (rc >= 0)
		rc = load_boots(r, err);
	if (rc >= 0)
		rc = load_place(r, err);
	join_moments(r);
	return rc < 0 ? rc : 0;
}

/* The first moment of a boot, or behind t_ns in it. */
static size_t
moment_behind(const struct reader *r, uint32_t boot, int64_t t_ns)
{
	size_t low = 0, high = r->n_moments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct reader_moment *m = &r->moments[middle];

		if (m->boot < boot || (m->boot == boot && m->t_ns <= t_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The records of a boot: first and one behind the last. */
static void
moments_of(const struct reader *r, uint32_t boot, size_t *out_from, size_t *out_to)
{
	*out_from = moment_behind(r, boot, INT64_MIN);
	*out_to = moment_behind(r, boot, INT64_MAX);
}

int64_t
reader_offset(
	const struct reader *r, uint32_t boot, int64_t t_ns, int64_t *out_from, int64_t *out_until)
{
	size_t behind = moment_behind(r, boot, t_ns);
	bool has_before = behind > 0 && r->moments[behind - 1].boot == boot;
	bool has_behind = behind < r->n_moments && r->moments[behind].boot == boot;
	size_t second = behind + 1;

	*out_from = has_before ? r->moments[behind - 1].t_ns : INT64_MIN;
	*out_until = has_behind ? r->moments[behind].t_ns : INT64_MAX;
	if (has_before)
		return r->moments[behind - 1].wall_ns;
	if (!has_behind)
		return 0;
	/* Before the first one it is the first one's. */
	*out_until = second < r->n_moments && r->moments[second].boot == boot
			     ? r->moments[second].t_ns
			     : INT64_MAX;
	return r->moments[behind].wall_ns;
}

int64_t
reader_wall(const struct reader *r, uint32_t boot, int64_t t_ns)
{
	int64_t from, until, wall;

	if (__builtin_add_overflow(t_ns, reader_offset(r, boot, t_ns, &from, &until), &wall))
		return t_ns < 0 ? INT64_MIN : INT64_MAX;
	return wall;
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

bool
reader_place(const struct reader *r, uint32_t *out_boot, int64_t *out_t_ns)
{
	*out_boot = r->place_boot;
	*out_t_ns = r->recorded_ns;
	return r->has_place;
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

static sqlite3_stmt *
list_channels(sqlite3 *db, const char *rest, struct err *err)
{
	char sql[240];

	snprintf(sql, sizeof(sql), CHANNEL_COLUMNS "%s", rest);
	return db == NULL ? NULL : db_prepare(db, sql, err);
}

/* 1: it is there. */
static int
find_in(sqlite3 *db, const char *name, struct reader_channel *out, struct err *err)
{
	sqlite3_stmt *st = list_channels(db, "WHERE name = ?1 ORDER BY channel DESC LIMIT 1", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "t", name);
	rc = db_row(st, err);
	if (rc == 1)
		take_channel(st, out);
	sqlite3_finalize(st);
	return rc;
}

/* Names are looked for in the newest file first: it has all that were ever recorded, with the name that they have now. */
int
reader_find(struct reader *r, const char *name, struct reader_channel *out, struct err *err)
{
	int rc = 0;

	for (size_t i = r->n_files; i-- > 0 && rc == 0;)
		rc = find_in(reader_db(r, i, err), name, out, err);
	for (size_t i = r->n_imports; i-- > 0 && rc == 0;)
		rc = find_in(reader_file_db(r, &r->imports[i], err), name, out, err);
	return rc != 0 ? MIN(rc, 0)
		       : err_set(err, ERR_CONF, 0, "nothing is recorded of a channel '%.80s'",
				 name);
}

/* A list of channels by their names. */
struct list {
	sqlite3_stmt *st; /* NULL: over */
	struct reader_channel ch;
};

static int
go_on(struct list *l, struct err *err)
{
	int rc = l->st == NULL ? 0 : db_row(l->st, err);

	if (rc == 1) {
		take_channel(l->st, &l->ch);
		return 0;
	}
	sqlite3_finalize(l->st);
	l->st = NULL;
	return rc;
}

static int
begin_list(struct list *l, sqlite3 *db, const char *rest, struct err *err)
{
	l->st = list_channels(db, rest, err);
	return l->st == NULL ? ERR_IO : go_on(l, err);
}

/* The one with the least name; what is recorded comes before what was imported. */
static struct list *
least(struct list *lists, size_t n)
{
	struct list *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (lists[i].st != NULL &&
			(found == NULL || strcmp(lists[i].ch.name, found->ch.name) < 0))
			found = &lists[i];
	return found;
}

/* Of the imports only those that the recorder never had: the others it tells with the name that they have now. */
int
reader_channels(struct reader *r, reader_channel_fn fn, void *ctx, struct err *err)
{
	static const char of_imports[] = "WHERE id >= 2147483648 ORDER BY name, channel DESC";
	struct list *lists = mem_zero(r->n_imports + 1, sizeof(*lists)), *l;
	char before[sizeof(lists->ch.name)] = "";
	int rc = 0;

	if (r->n_files > 0)
		rc = begin_list(&lists[0], reader_db(r, r->n_files - 1, err),
			"ORDER BY name, channel DESC", err);
	for (size_t i = 0; i < r->n_imports && rc == 0; i++)
		rc = begin_list(
			&lists[i + 1], reader_file_db(r, &r->imports[i], err), of_imports, err);
	while (rc == 0 && (l = least(lists, r->n_imports + 1)) != NULL) {
		if (strcmp(l->ch.name, before) != 0)
			fn(ctx, &l->ch);
		memcpy(before, l->ch.name, sizeof(before));
		rc = go_on(l, err);
	}
	for (size_t i = 0; i < r->n_imports + 1; i++)
		sqlite3_finalize(lists[i].st);
	free(lists);
	return rc;
}

/* ---- the ledger ----------------------------------------------------------------------------------------------------------- */

void
reader_take_gap(const struct reader *r, sqlite3_stmt *st, struct reader_gap *out)
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

/* Those of one file. */
static int
file_gaps(struct reader *r, struct reader_file *f, int64_t from_ns, int64_t to_ns, reader_gap_fn fn,
	void *ctx, struct err *err)
{
	sqlite3 *db = reader_file_db(r, f, err);
	sqlite3_stmt *st = db == NULL ? NULL
				      : db_prepare(db,
						"SELECT boot0, t0, boot1, t1, cause, missed FROM "
						"gap ORDER BY gap",
						err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	while ((rc = db_row(st, err)) == 1) {
		struct reader_gap gap;

		reader_take_gap(r, st, &gap);
		if (gap.from_ns < to_ns && gap.to_ns > from_ns)
			fn(ctx, &gap);
	}
	sqlite3_finalize(st);
	return rc;
}

int
reader_gaps(struct reader *r, int64_t from_ns, int64_t to_ns, reader_gap_fn fn, void *ctx,
	struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < r->n_files && rc == 0; i++)
		rc = file_gaps(r, &r->files[i], from_ns, to_ns, fn, ctx, err);
	return rc;
}
