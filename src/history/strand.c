/* strand.c - the samples of one channel that were recorded, or those of one import, piece by piece: chunks, then what is open in the newest file */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "history/strand.h"

#define ROWS 64 /* chunks that are read at one time */

struct row {
	int64_t t0, chunk;
	struct chunk_stats stats;
	size_t at, n; /* its blob in `blobs`, when the strand is a raw one */
};

struct strand {
	struct reader *r;
	struct reader_channel ch;
	int64_t from_ns, to_ns;
	bool is_raw;
	uint32_t import; /* 0: what was recorded */

	uint32_t ordinal; /* of the file that is read; the next one is that with a larger number */
	uint32_t boot;
	int64_t low_ns, high_ns; /* times of that boot that may be in the range */
	bool is_done_with_boot;
	int64_t t0, chunk; /* behind this one it goes on */

	sqlite3_stmt *spans; /* of the file that is read; NULL */
	sqlite3 *spans_db;
	bool is_held;
	sqlite3 *held;      /* the file whose transaction is open; NULL */
	sqlite3_stmt *load; /* a chunk of that file; NULL */
	int64_t number;     /* of the channel in that file */
	struct row rows[ROWS];
	size_t n_rows, next_row;
	struct buf blobs;
	struct row now; /* the piece that was given last */
	bool is_open_piece;
	struct series open;
};

struct strand *
strand_new(struct reader *r, const struct reader_channel *ch, int64_t from_ns, int64_t to_ns,
	bool is_raw, uint32_t import)
{
	struct strand *c = mem_zero(1, sizeof(*c));

	c->r = r;
	c->ch = *ch;
	c->from_ns = from_ns;
	c->to_ns = to_ns;
	c->is_raw = is_raw;
	c->import = import;
	series_init(&c->open, ch->type);
	return c;
}

/* Ending a transaction that only read cannot fail. */
static void
end_transaction(struct strand *c)
{
	if (c->held != NULL)
		(void)!db_exec(c->held, "COMMIT", NULL);
	c->held = NULL;
}

static int
begin_transaction(struct strand *c, sqlite3 *db, struct err *err)
{
	if (!c->is_held || c->held == db)
		return 0;
	end_transaction(c);
	if (db_exec(db, "BEGIN", err) < 0)
		return ERR_IO;
	c->held = db;
	return 0;
}

void
strand_hold(struct strand *c)
{
	c->is_held = true;
}

void
strand_release(struct strand *c)
{
	end_transaction(c);
	c->is_held = false;
}

void
strand_free(struct strand *c)
{
	if (c == NULL)
		return;
	strand_release(c);
	sqlite3_finalize(c->spans);
	sqlite3_finalize(c->load);
	series_done(&c->open);
	buf_done(&c->blobs);
	free(c);
}

/* ---- where it is ---------------------------------------------------------------------------------------------------------- */

/* The file with this number or the next larger one; n_files: there is none. */
static size_t
file_at(const struct reader *r, uint32_t ordinal)
{
	size_t i = 0;

	while (i < r->n_files && r->files[i].ordinal < ordinal)
		i++;
	return i;
}

/* At the beginning of a boot: which of its times can have wall times in the range. */
static void
enter_boot(struct strand *c, uint32_t boot)
{
	int64_t least, most;

	c->boot = boot;
	c->is_done_with_boot = false;
	c->t0 = INT64_MIN;
	c->chunk = 0;
	c->n_rows = c->next_row = 0;
	if (!reader_offsets(c->r, boot, &least, &most))
		least = most = 0;
	if (__builtin_sub_overflow(c->from_ns, most, &c->low_ns))
		c->low_ns = INT64_MIN;
	if (__builtin_sub_overflow(c->to_ns, least, &c->high_ns))
		c->high_ns = INT64_MAX;
}

/* The first boot of the next file; false: all have been read. */
static bool
next_file(struct strand *c)
{
	const struct reader *r = c->r;
	size_t next = file_at(r, c->ordinal + 1);

	if (next >= r->n_files || r->n_boots == 0)
		return false;
	c->ordinal = r->files[next].ordinal;
	sqlite3_finalize(c->spans);
	sqlite3_finalize(c->load);
	c->spans = c->load = NULL;
	enter_boot(c, r->boots[0]);
	return true;
}

static bool
next_boot(struct strand *c)
{
	const struct reader *r = c->r;

	for (size_t i = 0; i < r->n_boots; i++)
		if (r->boots[i] > c->boot) {
			enter_boot(c, r->boots[i]);
			return true;
		}
	return next_file(c);
}

/* The import, unless all of it was read. */
static struct reader_file *
settle_import(struct strand *c)
{
	for (size_t i = 0; i < c->r->n_imports; i++) {
		struct reader_file *f = &c->r->imports[i];

		if (f->ordinal != c->import)
			continue;
		if (c->ordinal == 0) {
			c->ordinal = f->ordinal;
			enter_boot(c, f->boot);
		}
		return c->is_done_with_boot ? NULL : f;
	}
	return NULL;
}

/* The file that is read, behind all that has nothing more to give; NULL: there is none. */
static struct reader_file *
settle(struct strand *c)
{
	if (c->import != 0)
		return settle_import(c);
	for (;;) {
		size_t file = file_at(c->r, c->ordinal);
		/* One that has been removed meanwhile has nothing left. */
		bool is_there = c->ordinal > 0 && file < c->r->n_files &&
				c->r->files[file].ordinal == c->ordinal;

		if (is_there && !c->is_done_with_boot && c->high_ns > 0)
			return &c->r->files[file];
		if (!(is_there ? next_boot(c) : next_file(c)))
			return NULL;
	}
}

/* ---- chunks --------------------------------------------------------------------------------------------------------------- */

#define COLUMNS "t0, s.chunk, t1, n, n_good, first, last, min, max, sum, area, held, flags"
#define WHERE                                                                                      \
	" WHERE s.channel = ?1 AND boot = ?2 AND (t0, s.chunk) > (?3, ?4) AND t0 < ?5 AND t1 >= "  \
	"?6"                                                                                       \
	" ORDER BY t0, s.chunk LIMIT ?7"

static int
find_number(struct strand *c, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *st;
	int rc;

	if (c->import != 0)
		return reader_import_channel(db, &c->ch, &c->number, err);
	st = db_prepare(
		db, "SELECT channel FROM channel WHERE id = ?1 AND type = ?2 AND unit = ?3", err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "itt", (int64_t)c->ch.id,
		c->ch.type == VALUE_FLOAT32 ? "float32" : value_type_text(c->ch.type), c->ch.unit);
	rc = db_row(st, err);
	c->number = rc == 1 ? sqlite3_column_int64(st, 0) : -1;
	sqlite3_finalize(st);
	return MIN(rc, 0);
}

static int
prepare(struct strand *c, sqlite3 *db, struct err *err)
{
	int rc;

	if (c->spans != NULL && c->spans_db == db)
		return 0;
	sqlite3_finalize(c->spans);
	sqlite3_finalize(c->load);
	c->spans = c->load = NULL;
	rc = find_number(c, db, err);
	if (rc < 0)
		return rc;
	c->spans_db = db;
	c->spans = db_prepare(db,
		c->is_raw ? "SELECT " COLUMNS
			    ", data FROM span s JOIN chunk c ON c.chunk = s.chunk" WHERE
			  : "SELECT " COLUMNS " FROM span s" WHERE,
		err);
	return c->spans == NULL ? ERR_IO : 0;
}

static void
take_row(struct strand *c, sqlite3_stmt *st)
{
	struct row *row = &c->rows[c->n_rows++];

	*row = (struct row){ .t0 = sqlite3_column_int64(st, 0),
		.chunk = sqlite3_column_int64(st, 1) };
	row->stats = (struct chunk_stats){
		.t0 = row->t0,
		.t_min = row->t0,
		.t1 = sqlite3_column_int64(st, 2),
		.t_max = sqlite3_column_int64(st, 2),
		.n = (size_t)sqlite3_column_int64(st, 3),
		.n_good = (size_t)sqlite3_column_int64(st, 4),
		.first = sqlite3_column_double(st, 5),
		.last = sqlite3_column_double(st, 6),
		.min = sqlite3_column_double(st, 7),
		.max = sqlite3_column_double(st, 8),
		.sum = sqlite3_column_double(st, 9),
		.area = sqlite3_column_double(st, 10),
		.held_ns = sqlite3_column_int64(st, 11),
		.flags = (unsigned)sqlite3_column_int64(st, 12),
	};
	if (!c->is_raw)
		return;
	row->at = c->blobs.n;
	row->n = (size_t)sqlite3_column_bytes(st, 13);
	buf_put(&c->blobs, sqlite3_column_blob(st, 13), row->n);
}

/* In a boot that is entered anew the first chunks to look at are those that end behind the beginning of the range: their key is known only
 * by where they begin, so the last one before it is looked for. */
static int
find_start(struct strand *c, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *st;
	int rc;

	if (c->t0 != INT64_MIN || c->low_ns <= 0)
		return 0;
	st = db_prepare(db,
		"SELECT t0 FROM span WHERE channel = ?1 AND boot = ?2 AND t0 <= ?3 ORDER BY t0 "
		"DESC LIMIT 1 OFFSET 8",
		err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "iii", c->number, (int64_t)c->boot, c->low_ns);
	rc = db_row(st, err);
	if (rc == 1)
		c->t0 = sqlite3_column_int64(st, 0) - 1;
	sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

static int
load_rows(struct strand *c, sqlite3 *db, struct err *err)
{
	int rc = prepare(c, db, err);

	c->n_rows = c->next_row = 0;
	buf_clear(&c->blobs);
	if (rc < 0 || c->number < 0)
		return rc;
	rc = find_start(c, db, err);
	if (rc < 0)
		return rc;
	db_bind(c->spans, "iiiiiii", c->number, (int64_t)c->boot, c->t0, c->chunk, c->high_ns,
		c->low_ns, (int64_t)ROWS);
	while ((rc = db_row(c->spans, err)) == 1)
		take_row(c, c->spans);
	return rc;
}

/* ---- what is open --------------------------------------------------------------------------------------------------------- */

static void
add_open(void *ctx, uint32_t channel, enum value_type type, const struct sample *s)
{
	struct strand *c = ctx;

	if (type == c->open.type)
		series_add(&c->open, s);
}

static int
load_open_row(struct strand *c, sqlite3 *db, int64_t *out_tail, struct err *err)
{
	sqlite3_stmt *st =
		db_prepare(db, "SELECT tail, data FROM open WHERE channel = ?1 AND boot = ?2", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	*out_tail = 0;
	db_bind(st, "ii", c->number, (int64_t)c->boot);
	rc = db_row(st, err);
	if (rc == 1) {
		size_t n = (size_t)sqlite3_column_bytes(st, 1);

		*out_tail = sqlite3_column_int64(st, 0);
		rc = n == 0 ? 0
			    : chunk_decode(
				      c->r->coder, sqlite3_column_blob(st, 1), n, &c->open, err);
	}
	sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

static int
load_tails(struct strand *c, sqlite3 *db, int64_t behind, struct err *err)
{
	sqlite3_stmt *st =
		db_prepare(db, "SELECT data FROM living WHERE tail > ?1 AND boot = ?2", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "ii", behind, (int64_t)c->boot);
	while ((rc = db_row(st, err)) == 1) {
		rc = tail_read(c->r->tail, sqlite3_column_blob(st, 0),
			(size_t)sqlite3_column_bytes(st, 0), (uint32_t)c->number, add_open, c, err);
		if (rc < 0)
			break;
	}
	sqlite3_finalize(st);
	return rc;
}

/* Chunks that have been made of it meanwhile come first: all in one transaction. */
static int
load_open(struct strand *c, sqlite3 *db, struct err *err)
{
	int64_t tail;
	bool is_held = c->held == db;
	int rc = is_held ? 0 : db_exec(db, "BEGIN", err);

	if (rc < 0)
		return rc;
	series_clear(&c->open, c->ch.type);
	rc = load_rows(c, db, err);
	if (rc == 0 && c->n_rows == 0 && c->number >= 0) {
		rc = load_open_row(c, db, &tail, err);
		if (rc == 0)
			rc = load_tails(c, db, tail, err);
	}
	c->is_done_with_boot = rc == 0 && c->n_rows == 0;
	if (!is_held && db_exec(db, "COMMIT", rc < 0 ? NULL : err) < 0)
		rc = ERR_IO;
	return rc;
}

/* ---- pieces --------------------------------------------------------------------------------------------------------------- */

static bool
is_inside(const struct strand *c, const struct chunk_stats *s)
{
	int64_t from = reader_wall(c->r, c->boot, s->t_min),
		to = reader_wall(c->r, c->boot, s->t_max);

	return from >= c->from_ns && to < c->to_ns && from <= to;
}

static int
give(struct strand *c, const struct row *row, struct piece *out)
{
	c->now = *row;
	*out = (struct piece){
		.boot = c->boot, .stats = row->stats, .is_inside = is_inside(c, &row->stats)
	};
	return 1;
}

/* What was open in this boot; false: nothing that can be in the range. */
static bool
give_open(struct strand *c, struct piece *out)
{
	struct row row = { .chunk = -1 };

	if (c->open.n == 0)
		return false;
	chunk_stats(&c->open, 0, c->open.n, &row.stats);
	if (row.stats.t_max < c->low_ns || row.stats.t_min >= c->high_ns)
		return false;
	c->is_open_piece = true;
	give(c, &row, out);
	return true;
}

int
strand_next(struct strand *c, struct piece *out, struct err *err)
{
	for (;;) {
		struct reader_file *file = settle(c);
		sqlite3 *db;
		int rc;

		if (file == NULL)
			return 0;
		c->is_open_piece = false;
		if (c->next_row < c->n_rows) {
			const struct row *row = &c->rows[c->next_row++];

			c->t0 = row->t0;
			c->chunk = row->chunk;
			return give(c, row, out);
		}
		db = reader_file_db(c->r, file, err);
		if (db == NULL)
			return ERR_IO;
		rc = begin_transaction(c, db, err);
		if (rc == 0)
			rc = load_rows(c, db, err);
		if (rc == 0 && c->n_rows == 0)
			rc = load_open(c, db, err);
		if (rc < 0)
			return rc;
		if (c->n_rows == 0 && give_open(c, out))
			return 1;
	}
}

int
strand_load(struct strand *c, struct series *out, struct err *err)
{
	int rc;

	series_clear(out, c->ch.type);
	if (c->is_open_piece) {
		series_append(out, &c->open, 0, c->open.n);
		return 0;
	}
	if (c->is_raw) {
		rc = chunk_decode(c->r->coder, (const uint8_t *)c->blobs.data + c->now.at, c->now.n,
			out, err);
		return rc < 0 ? rc : 0;
	}
	if (begin_transaction(c, c->spans_db, err) < 0)
		return ERR_IO;
	if (c->load == NULL)
		c->load = db_prepare(c->spans_db, "SELECT data FROM chunk WHERE chunk = ?1", err);
	if (c->load == NULL)
		return ERR_IO;
	db_bind(c->load, "i", c->now.chunk);
	rc = db_row(c->load, err);
	if (rc == 1)
		rc = chunk_decode(c->r->coder, sqlite3_column_blob(c->load, 0),
			(size_t)sqlite3_column_bytes(c->load, 0), out, err);
	sqlite3_reset(c->load);
	return rc < 0 ? rc : 0;
}
