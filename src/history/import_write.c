/* import_write.c - a history file of what is imported
 *
 * Of each channel a few values are held back in the order of their times, so that lines that are a little out of order find their place. One that comes
 * later than that begins a chunk of its own: the index brings chunks into their order, and whole pieces of a file may come in any. Where one reaches into
 * others it is cut at the end; that would be a chunk a value of lines that go to and fro all the time, which is refused.
 */
#include "history/import_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "history/chunk_open.h"
#include "history/db_given.h"
#include "history/files.h"
#include "history/store_inside.h"
#include "msg/event.h"

#define HELD_BYTES (8u << 20) /* of what is held back of all channels */
#define HELD_MIN 16
#define HELD_MAX 1024
#define SPLITS_MAX 20000

struct item {
	int64_t t;
	union value v;
	uint16_t quality;
};

struct lane {
	struct chunk_open *open;
	struct item *items; /* by time; not of texts */
	uint32_t n;
	bool has_last;
	int64_t last_ns; /* that went into `open` */
};

struct import_writer {
	sqlite3 *db;
	sqlite3_stmt *put_chunk, *put_span;
	const struct import_channels *channels;
	uint32_t boot, held_max;
	struct lane *lanes; /* [channel] */
	struct chunk_coder *coder;
	struct series series;
	struct buf blob;
	char name[FILES_NAME_MAX];
};

/* ---- tables --------------------------------------------------------------------------------------------------------------- */

static int
put_meta(struct import_writer *w, const char *key, const char *value, struct err *err)
{
	sqlite3_stmt *st = db_prepare(w->db, "INSERT OR REPLACE INTO meta VALUES(?1, ?2)", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "tt", key, value);
	rc = db_run(st, err);
	sqlite3_finalize(st);
	return rc;
}

static int
put_meta_number(struct import_writer *w, const char *key, int64_t value, struct err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return put_meta(w, key, text, err);
}

/* One boot, whose time is wall time. */
static int
put_boot(struct import_writer *w, const char *hash, struct err *err)
{
	char boot_id[40];
	sqlite3_stmt *st = db_prepare(w->db, "INSERT INTO boot VALUES(?1, ?2, ?3)", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	snprintf(boot_id, sizeof(boot_id), "%.8s-%.4s-%.4s-%.4s-%.12s", hash, hash + 8, hash + 12,
		hash + 16, hash + 20);
	db_bind(st, "iti", (int64_t)w->boot, boot_id, (int64_t)event_boot(boot_id));
	rc = db_run(st, err);
	sqlite3_finalize(st);
	if (rc < 0)
		return rc;
	st = db_prepare(w->db, "INSERT INTO clock VALUES(?1, 0, 0, 1)", err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "i", (int64_t)w->boot);
	rc = db_run(st, err);
	sqlite3_finalize(st);
	return rc;
}

static int
put_channels(struct import_writer *w, struct err *err)
{
	sqlite3_stmt *st =
		db_prepare(w->db, "INSERT INTO channel VALUES(?1,?2,?3,?4,?5,?6,?7,?8)", err);
	int rc = st == NULL ? ERR_IO : 0;

	for (size_t i = 0; i < w->channels->n && rc == 0; i++) {
		const struct reader_channel *ch = &w->channels->at[i].ch;

		if (!w->channels->at[i].is_given)
			continue;
		db_bind(st, "iitttttt", (int64_t)i + 1, (int64_t)ch->id, ch->name,
			ch->type == VALUE_FLOAT32 ? "float32" : value_type_text(ch->type), ch->unit,
			ch->title, ch->instrument, ch->choices);
		rc = db_run(st, err);
	}
	sqlite3_finalize(st);
	return rc;
}

static int
set_up(struct import_writer *w, const struct import_file *file, struct err *err)
{
	int rc = db_exec(w->db,
		"PRAGMA page_size=4096; PRAGMA cache_size=-2048; PRAGMA temp_store=MEMORY; BEGIN",
		err);

	if (rc == 0)
		rc = db_exec(w->db, store_schema, err);
	if (rc == 0)
		rc = put_meta(w, "bench", file->bench, err);
	if (rc == 0)
		rc = put_meta(w, "hash", file->hash, err);
	if (rc == 0)
		rc = put_meta(w, "source", file->source, err);
	if (rc == 0)
		rc = put_meta_number(w, "version", STORE_VERSION, err);
	if (rc == 0)
		rc = put_meta_number(w, "begun", file->made_ns, err);
	if (rc == 0)
		rc = put_meta_number(w, "closed", 1, err);
	if (rc == 0)
		rc = put_boot(w, file->hash, err);
	if (rc == 0)
		rc = put_channels(w, err);
	if (rc == 0)
		w->put_chunk = db_prepare(w->db, "INSERT INTO chunk(data) VALUES(?1)", err);
	if (rc == 0)
		w->put_span = db_prepare(w->db,
			"INSERT INTO span "
			"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
			err);
	return rc < 0 || w->put_chunk == NULL || w->put_span == NULL ? ERR_IO : 0;
}

struct import_writer *
import_writer_new(int fd, const struct import_file *file, const struct import_channels *channels,
	struct err *err)
{
	struct import_writer *w = mem_zero(1, sizeof(*w));
	size_t n = MAX(channels->n, (size_t)1);

	w->channels = channels;
	w->boot = FILES_IMPORT + file->number;
	w->coder = chunk_coder_new();
	series_init(&w->series, VALUE_FLOAT);
	w->lanes = mem_zero(n, sizeof(*w->lanes));
	w->held_max = (uint32_t)MIN(
		MAX(HELD_BYTES / sizeof(struct item) / n, (size_t)HELD_MIN), (size_t)HELD_MAX);
	if (db_given_open(&w->db, fd, "import.part", true, err) < 0 || set_up(w, file, err) < 0) {
		import_writer_free(w);
		return NULL;
	}
	return w;
}

void
import_writer_free(struct import_writer *w)
{
	if (w == NULL)
		return;
	sqlite3_finalize(w->put_chunk);
	sqlite3_finalize(w->put_span);
	db_close(w->db);
	for (size_t i = 0; i < w->channels->n; i++) {
		chunk_open_free(w->lanes[i].open);
		free(w->lanes[i].items);
	}
	free(w->lanes);
	series_done(&w->series);
	chunk_coder_free(w->coder);
	buf_done(&w->blob);
	free(w);
}

/* ---- chunks --------------------------------------------------------------------------------------------------------------- */

static void
bind_number(sqlite3_stmt *st, int at, bool has, double v)
{
	if (has)
		sqlite3_bind_double(st, at, v);
	else
		sqlite3_bind_null(st, at);
}

/* The blob at hand, read once more: its numbers are those of what stands there. */
static int
put_blob(struct import_writer *w, size_t i, struct err *err)
{
	const enum value_type type = w->channels->at[i].ch.type;
	const bool is_number = type != VALUE_TEXT;
	sqlite3_stmt *st = w->put_span;
	struct chunk_stats c;

	series_clear(&w->series, type);
	if (chunk_decode(w->coder, (const uint8_t *)w->blob.data, w->blob.n, &w->series, err) < 0)
		return ERR_IO;
	chunk_stats(&w->series, 0, w->series.n, &c);
	db_bind(w->put_chunk, "b", (const void *)w->blob.data, w->blob.n);
	if (db_run(w->put_chunk, err) < 0)
		return ERR_IO;
	db_bind(st, "iiiiiii", (int64_t)i + 1, (int64_t)w->boot, c.t_min,
		(int64_t)sqlite3_last_insert_rowid(w->db), c.t_max, (int64_t)c.n,
		(int64_t)c.n_good);
	bind_number(st, 8, is_number && c.n_good > 0, c.first);
	bind_number(st, 9, is_number && c.n_good > 0, c.last);
	bind_number(st, 10, is_number && c.n_good > 0, c.min);
	bind_number(st, 11, is_number && c.n_good > 0, c.max);
	bind_number(st, 12, is_number && c.n_good > 0, c.sum);
	bind_number(st, 13, is_number, c.area);
	sqlite3_bind_int64(st, 14, c.held_ns);
	sqlite3_bind_int64(st, 15, c.flags);
	return db_run(st, err);
}

/* All that is open of a channel. */
static int
seal(struct import_writer *w, size_t i, struct err *err)
{
	struct chunk_open *open = w->lanes[i].open;

	if (open == NULL || chunk_open_count(open) == 0)
		return 0;
	buf_clear(&w->blob);
	chunk_open_tail(open, w->coder, CHUNK_PACKED, &w->blob);
	chunk_open_clear(open);
	return put_blob(w, i, err);
}

static int
put_sample(struct import_writer *w, size_t i, const struct sample *s, struct err *err)
{
	struct lane *l = &w->lanes[i];

	if (l->open == NULL)
		l->open = chunk_open_new(w->channels->at[i].ch.type);
	if (l->has_last && s->stamp_ns < l->last_ns && seal(w, i, err) < 0)
		return ERR_IO;
	chunk_open_add(l->open, w->coder, s);
	l->has_last = true;
	l->last_ns = s->stamp_ns;
	if (chunk_open_count(l->open) >= STORE_OPEN_MAX)
		return seal(w, i, err);
	if (!chunk_open_is_due(l->open, STORE_CHUNK_BYTES))
		return 0;
	buf_clear(&w->blob);
	return chunk_open_seal(l->open, w->coder, STORE_CHUNK_BYTES, &w->blob) == 0
		       ? 0
		       : put_blob(w, i, err);
}

/* The first n of what is held back. */
static int
let_go(struct import_writer *w, size_t i, uint32_t n, struct err *err)
{
	struct lane *l = &w->lanes[i];

	for (uint32_t k = 0; k < n; k++) {
		const struct sample s = { .stamp_ns = l->items[k].t,
			.v = l->items[k].v,
			.quality = l->items[k].quality };

		if (put_sample(w, i, &s, err) < 0)
			return ERR_IO;
	}
	if (n > 0)
		memmove(l->items, l->items + n, (l->n - n) * sizeof(*l->items));
	l->n -= n;
	return 0;
}

int
import_writer_add(struct import_writer *w, size_t i, const struct sample *s, struct err *err)
{
	struct lane *l = &w->lanes[i];
	uint32_t at;

	if (w->channels->at[i].ch.type == VALUE_TEXT)
		return put_sample(w, i, s, err);
	if (l->items == NULL)
		l->items = mem_zero(w->held_max, sizeof(*l->items));
	/* Before all that went out: another piece of the file begins. */
	if (l->has_last && s->stamp_ns < l->last_ns && let_go(w, i, l->n, err) < 0)
		return ERR_IO;
	if (l->n == w->held_max && let_go(w, i, (l->n + 1) / 2, err) < 0)
		return ERR_IO;
	if (l->has_last && s->stamp_ns < l->last_ns)
		return put_sample(w, i, s, err);
	for (at = l->n; at > 0 && l->items[at - 1].t > s->stamp_ns; at--)
		l->items[at] = l->items[at - 1];
	l->items[at] = (struct item){ s->stamp_ns, s->v, s->quality };
	l->n++;
	return 0;
}

/* ---- the end -------------------------------------------------------------------------------------------------------------- */

/* A chunk of the file; they lie one behind the other when none reaches into the next. */
struct lying {
	int64_t channel, t0, t1, chunk;
};

/* The next chunk behind `at`: 1, 0: there is none. */
static int
next_chunk(sqlite3_stmt *st, const struct lying *at, struct lying *out, struct err *err)
{
	int rc;

	db_bind(st, "iii", at->channel, at->t0, at->chunk);
	rc = db_row(st, err);
	if (rc == 1)
		*out = (struct lying){ sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
			sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3) };
	sqlite3_reset(st);
	return rc < 0 ? rc : rc == 1;
}

static int
drop_chunk(struct import_writer *w, const struct lying *c, struct err *err)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		"DELETE FROM span WHERE chunk = %lld AND channel = %lld; DELETE FROM chunk WHERE "
		"chunk = %lld",
		(long long)c->chunk, (long long)c->channel, (long long)c->chunk);
	return db_exec(w->db, sql, err);
}

static int
load_chunk(struct import_writer *w, const struct lying *c, struct series *out, struct err *err)
{
	sqlite3_stmt *st = db_prepare(w->db, "SELECT data FROM chunk WHERE chunk = ?1", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	series_clear(out, w->channels->at[c->channel - 1].ch.type);
	db_bind(st, "i", c->chunk);
	rc = db_row(st, err);
	if (rc == 1)
		rc = chunk_decode(w->coder, sqlite3_column_blob(st, 0),
			(size_t)sqlite3_column_bytes(st, 0), out, err);
	sqlite3_finalize(st);
	return MIN(rc, 0);
}

/* One that reaches over the beginning of the next becomes two. */
static int
split(struct import_writer *w, const struct lying *c, int64_t at, struct err *err)
{
	struct series all;
	size_t n = 0;
	int rc;

	series_init(&all, VALUE_FLOAT);
	rc = load_chunk(w, c, &all, err);
	if (rc == 0)
		rc = drop_chunk(w, c, err);
	while (n < all.n && all.t[n] <= at)
		n++;
	for (int part = 0; part < 2 && rc == 0; part++) {
		size_t from = part == 0 ? 0 : n, to = part == 0 ? n : all.n;

		if (from == to)
			continue;
		buf_clear(&w->blob);
		chunk_encode(w->coder, &all, from, to - from, CHUNK_PACKED, &w->blob);
		rc = put_blob(w, (size_t)c->channel - 1, err);
	}
	series_done(&all);
	return rc;
}

static int
refuse_disorder(const struct import_writer *w, int64_t channel, struct err *err)
{
	return err_set(err, ERR_CONF, 0,
		"the values of '%s' go to and fro in time too often; sort the lines of the file by "
		"time first",
		w->channels->at[channel - 1].ch.name);
}

/* The pieces of the input came in any order: where one reaches into others it is cut at their beginnings. */
static int
bring_in_order(struct import_writer *w, struct err *err)
{
	sqlite3_stmt *st = db_prepare(w->db,
		"SELECT channel, t0, t1, chunk FROM span WHERE (channel, boot, t0, chunk) > (?1, "
		"(SELECT boot FROM boot), ?2, ?3) ORDER BY channel, boot, t0, chunk LIMIT 1",
		err);
	struct lying before = { 0, INT64_MIN, 0, 0 }, now = { 0 }, next;
	int splits = 0, rc = st == NULL ? ERR_IO : next_chunk(st, &before, &now, err);

	while (rc == 1 && (rc = next_chunk(st, &now, &next, err)) == 1) {
		if (next.channel != now.channel || next.t0 >= now.t1) {
			before = now;
			now = next;
			continue;
		}
		rc = splits++ == SPLITS_MAX ? refuse_disorder(w, now.channel, err)
					    : split(w, &now, next.t0, err);
		/* What is before it is in order; its first part is where it was. */
		if (rc == 0)
			rc = next_chunk(st, &before, &now, err);
	}
	sqlite3_finalize(st);
	return MIN(rc, 0);
}

int
import_writer_end(struct import_writer *w, uint64_t samples, int64_t first_ns, int64_t last_ns,
	struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < w->channels->n && rc == 0; i++) {
		rc = let_go(w, i, w->lanes[i].n, err);
		if (rc == 0)
			rc = seal(w, i, err);
	}
	if (rc == 0)
		rc = bring_in_order(w, err);
	if (rc == 0)
		rc = put_meta_number(w, "samples", (int64_t)samples, err);
	if (rc == 0)
		rc = put_meta_number(w, "first", first_ns, err);
	if (rc == 0)
		rc = put_meta_number(w, "last", last_ns, err);
	sqlite3_finalize(w->put_chunk);
	sqlite3_finalize(w->put_span);
	w->put_chunk = w->put_span = NULL;
	if (rc == 0)
		rc = db_exec(w->db, "PRAGMA user_version=1; COMMIT", err);
	return rc;
}

static int
add_up(sqlite3 *db, uint64_t *out_n, uint64_t *out_sum, struct err *err)
{
	sqlite3_stmt *st = db_prepare(db,
		"SELECT c.name, c.type, k.data FROM span s JOIN channel c USING(channel) JOIN "
		"chunk k ON "
		"k.chunk = s.chunk",
		err);
	struct chunk_coder *coder = chunk_coder_new();
	struct series series;
	int rc = st == NULL ? ERR_IO : 0;

	series_init(&series, VALUE_FLOAT);
	while (rc >= 0 && (rc = db_row(st, err)) == 1) {
		char name[64];

		snprintf(name, sizeof(name), "%s", db_text(st, 0));
		series_clear(&series, store_type(db_text(st, 1)));
		rc = chunk_decode(coder, sqlite3_column_blob(st, 2),
			(size_t)sqlite3_column_bytes(st, 2), &series, err);
		for (size_t i = 0; rc >= 0 && i < series.n; i++)
			*out_sum += import_sum(name, series.type, series.t[i], series.v[i],
				series.type == VALUE_TEXT ? series_text(&series, i) : "",
				series_quality(&series, i));
		*out_n += rc >= 0 ? series.n : 0;
	}
	series_done(&series);
	chunk_coder_free(coder);
	sqlite3_finalize(st);
	return MIN(rc, 0);
}

int
import_read_back(int fd, const char *name, uint64_t *out_n, uint64_t *out_sum, struct err *err)
{
	sqlite3 *db;
	int rc = db_given_open(&db, fd, name, false, err);

	*out_n = *out_sum = 0;
	if (rc == 0)
		rc = add_up(db, out_n, out_sum, err);
	db_close(db);
	return rc;
}
