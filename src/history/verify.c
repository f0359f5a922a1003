/* verify.c - is a store as it should be? */
#include "history/verify.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "history/chunk.h"
#include "history/db.h"
#include "history/files.h"
#include "history/reader_inside.h"
#include "history/tail.h"

#define FAULTS_SHOWN 20 /* of one file */

struct verify {
	FILE *out;
	sqlite3 *db;
	const char *file;
	struct chunk_coder *coder;
	struct tail *tail;
	struct series series;
	int faults, in_file;
	uint64_t chunks, samples, in_tails;
};

static void PRINTF(2, 3) fault(struct verify *v, const char *fmt, ...)
{
	va_list args;

	v->faults++;
	if (v->in_file++ >= FAULTS_SHOWN)
		return;
	fprintf(v->out, "%s: ", v->file);
	va_start(args, fmt);
	vfprintf(v->out, fmt, args);
	va_end(args);
	fputc('\n', v->out);
}

/* Each row of a statement to fn. */
static void
each(struct verify *v, const char *sql, void (*fn)(struct verify *v, sqlite3_stmt *st))
{
	struct err err;
	sqlite3_stmt *st = db_prepare(v->db, sql, &err);
	int rc = st == NULL ? ERR_IO : 1;

	while (rc == 1 && (rc = db_row(st, &err)) == 1)
		fn(v, st);
	if (rc < 0)
		fault(v, "%s", err.msg);
	sqlite3_finalize(st);
}

static void
check_pages(struct verify *v, sqlite3_stmt *st)
{
	if (strcmp(db_text(st, 0), "ok") != 0)
		fault(v, "SQLite: %s", db_text(st, 0));
}

/* ---- chunks -------------------------------------------------------------------------------------------------------------- */

static bool
same(sqlite3_stmt *st, int column, bool has, double v)
{
	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return !has || !isfinite(v);
	return has && sqlite3_column_double(st, column) == v;
}

/* Its row says of a chunk what is in it. */
static bool
fits(sqlite3_stmt *st, const struct chunk_stats *c, bool is_number)
{
	bool has = is_number && c->n_good > 0;

	return sqlite3_column_int64(st, 2) == c->t_min && sqlite3_column_int64(st, 4) == c->t_max &&
	       sqlite3_column_int64(st, 5) == (int64_t)c->n &&
	       sqlite3_column_int64(st, 6) == (int64_t)c->n_good && same(st, 7, has, c->first) &&
	       same(st, 8, has, c->last) && same(st, 9, has, c->min) && same(st, 10, has, c->max) &&
	       same(st, 11, has, c->sum) && same(st, 12, is_number, c->area) &&
	       sqlite3_column_int64(st, 13) == c->held_ns &&
	       sqlite3_column_int64(st, 14) == (int64_t)c->flags;
}

static void
check_span(struct verify *v, sqlite3_stmt *st)
{
	enum value_type type = reader_type(db_text(st, 16));
	long long chunk = sqlite3_column_int64(st, 3);
	struct chunk_stats stats;
	struct err err;

	if (sqlite3_column_type(st, 16) == SQLITE_NULL ||
		sqlite3_column_type(st, 17) == SQLITE_NULL)
		fault(v, "chunk %lld: of a channel or a boot that is not there", chunk);
	if (sqlite3_column_type(st, 15) == SQLITE_NULL) {
		fault(v, "chunk %lld: it is not there", chunk);
		return;
	}
	series_clear(&v->series, type);
	if (chunk_decode(v->coder, sqlite3_column_blob(st, 15),
		    (size_t)sqlite3_column_bytes(st, 15), &v->series, &err) < 0) {
		fault(v, "chunk %lld: %s", chunk, err.msg);
		return;
	}
	v->chunks++;
	v->samples += v->series.n;
	if (v->series.type != type) {
		fault(v, "chunk %lld: its values are of another type than its channel", chunk);
		return;
	}
	chunk_stats(&v->series, 0, v->series.n, &stats);
	if (!fits(st, &stats, type != VALUE_TEXT))
		fault(v, "chunk %lld: its row tells other times or numbers than are in it", chunk);
}

static void
check_lonely(struct verify *v, sqlite3_stmt *st)
{
	fault(v, "chunk %lld: no row tells of it", (long long)sqlite3_column_int64(st, 0));
}

/* ---- what is open -------------------------------------------------------------------------------------------------------- */

static void
check_open(struct verify *v, sqlite3_stmt *st)
{
	size_t n = (size_t)sqlite3_column_bytes(st, 1);
	struct err err;

	series_clear(&v->series, reader_type(db_text(st, 2)));
	if (sqlite3_column_type(st, 2) == SQLITE_NULL)
		fault(v, "open samples: of a channel that is not there");
	else if (n > 0 &&
		 chunk_decode(v->coder, sqlite3_column_blob(st, 1), n, &v->series, &err) < 0)
		fault(v, "open samples of channel %d: %s", sqlite3_column_int(st, 0), err.msg);
	v->samples += v->series.n;
}

static void
count(void *ctx, uint32_t channel, enum value_type type, const struct sample *s)
{
	struct verify *v = ctx;

	v->in_tails++;
}

static void
check_tail(struct verify *v, sqlite3_stmt *st)
{
	struct err err;

	if (tail_read(v->tail, sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1),
		    UINT32_MAX, count, v, &err) < 0)
		fault(v, "commit %lld: %s", (long long)sqlite3_column_int64(st, 0), err.msg);
}

/* ---- the ledger ---------------------------------------------------------------------------------------------------------- */

static void
check_gap(struct verify *v, sqlite3_stmt *st)
{
	fault(v, "gap %lld (%s): %s", (long long)sqlite3_column_int64(st, 0), db_text(st, 1),
		db_text(st, 2));
}

static void
check_row(struct verify *v, sqlite3_stmt *st)
{
	fault(v, "%s", db_text(st, 0));
}

/* Boots count from 1; the place of a new file has 0. */
#define BOOTLESS(table)                                                                            \
	"SELECT '" table ": a row of a boot that is not there' FROM " table                        \
	" WHERE boot <> 0 AND boot NOT IN (SELECT boot FROM boot) LIMIT 1"

static void
check_ledger(struct verify *v)
{
	each(v,
		"SELECT gap, cause, 'it ends before it begins' FROM gap WHERE boot0 = boot1 AND t1 "
		"< t0",
		check_gap);
	each(v,
		"SELECT gap, cause, 'of a boot that is not there' FROM gap WHERE boot1 NOT IN "
		"(SELECT "
		"boot FROM boot) OR (boot0 IS NOT NULL AND boot0 NOT IN (SELECT boot FROM boot))",
		check_gap);
	each(v, BOOTLESS("place"), check_row);
	each(v, BOOTLESS("clock"), check_row);
	each(v, BOOTLESS("tail"), check_row);
	each(v, BOOTLESS("open"), check_row);
	each(v,
		"SELECT 'the newest sample of channel ' || channel || ' is behind the place up to "
		"which "
		"all is recorded' FROM span JOIN place USING(boot) WHERE t1 > recorded + "
		"60000000000 "
		"LIMIT 1",
		check_row);
}

/* ---- files --------------------------------------------------------------------------------------------------------------- */

/* A confined process can make no file to sort in: chunks are not sorted, and the little that is, in memory. */
static void
check_tables(struct verify *v)
{
	each(v, "PRAGMA integrity_check(20)", check_pages);
	each(v,
		"SELECT s.channel, s.boot, s.t0, s.chunk, t1, n, n_good, first, last, min, max, "
		"sum, "
		"area, held, flags, c.data, ch.type, b.boot FROM span s LEFT JOIN chunk c ON "
		"c.chunk = "
		"s.chunk LEFT JOIN channel ch ON ch.channel = s.channel LEFT JOIN boot b ON b.boot "
		"= "
		"s.boot",
		check_span);
	each(v, "SELECT chunk FROM chunk WHERE chunk NOT IN (SELECT chunk FROM span)",
		check_lonely);
	each(v,
		"SELECT o.channel, o.data, ch.type FROM open o LEFT JOIN channel ch ON ch.channel "
		"= "
		"o.channel",
		check_open);
	each(v, "SELECT tail, data FROM tail ORDER BY tail", check_tail);
	check_ledger(v);
}

static void
begin_file(struct verify *v, const char *name)
{
	v->file = name;
	v->in_file = 0;
	v->chunks = v->samples = v->in_tails = 0;
}

/* One transaction: while the bench records, what is looked at belongs together. */
static void
check_open_file(struct verify *v, uint64_t bytes)
{
	struct err err;

	if (db_exec(v->db, "PRAGMA temp_store=MEMORY; BEGIN", &err) < 0)
		fault(v, "%s", err.msg);
	else
		check_tables(v);
	if (v->in_file == 0)
		fprintf(v->out,
			"%s: good: %" PRIu64 " samples in chunks, %" PRIu64
			" of the last commits, %.1f MB\n",
			v->file, v->samples, v->in_tails, (double)bytes / 1e6);
	else if (v->in_file > FAULTS_SHOWN)
		fprintf(v->out, "%s: and %d more\n", v->file, v->in_file - FAULTS_SHOWN);
}

static void
check_file(struct verify *v, const char *dir, const struct history_file *f)
{
	char path[PATH_MAX];
	struct err err;

	begin_file(v, f->name);
	snprintf(path, sizeof(path), "%s/%s", dir, f->name);
	if (db_open_read(&v->db, path, &err) < 0)
		fault(v, "%s", err.msg);
	else
		check_open_file(v, f->bytes);
	db_close(v->db);
}

static void
set_up(struct verify *v, FILE *out)
{
	*v = (struct verify){ .out = out, .coder = chunk_coder_new(), .tail = tail_new() };
	series_init(&v->series, VALUE_FLOAT);
}

static void
clean_up(struct verify *v)
{
	series_done(&v->series);
	tail_free(v->tail);
	chunk_coder_free(v->coder);
}

int
verify_store(const char *dir, FILE *out, struct err *err)
{
	struct history_file *list, *imports;
	struct verify v;
	int n = files_list(dir, &list, err),
	    n_imports = n < 0 ? n : files_imports(dir, &imports, err);

	if (n_imports < 0) {
		if (n >= 0)
			free(list);
		return n_imports;
	}
	set_up(&v, out);
	for (int i = 0; i < n; i++) {
		if (i > 0 && list[i].ordinal != list[i - 1].ordinal + 1) {
			begin_file(&v, list[i].name);
			fault(&v, "a file before it is missing");
		}
		check_file(&v, dir, &list[i]);
	}
	for (int i = 0; i < n_imports; i++)
		check_file(&v, dir, &imports[i]);
	free(imports);
	clean_up(&v);
	free(list);
	return v.faults;
}

int
verify_one(sqlite3 *db, const char *name, uint64_t bytes, FILE *out, struct verify_numbers *numbers)
{
	struct verify v;

	set_up(&v, out);
	v.db = db;
	begin_file(&v, name);
	check_open_file(&v, bytes);
	clean_up(&v);
	*numbers = (struct verify_numbers){ .chunks = v.chunks, .samples = v.samples };
	return v.faults;
}
