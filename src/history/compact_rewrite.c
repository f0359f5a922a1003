/* compact_rewrite.c - a file of the history written anew: small chunks merged, nothing unused in it, and the same samples to the bit
 *
 * Chunks are small where what is imported comes in pieces, the computer starts anew or a file is left; `keep` of a channel leaves holes. Neighbours of a
 * channel and a boot become one as long as it is no larger than the recorder makes them. The merged one has the number of the last of them, so that who goes
 * on behind a number misses nothing; where times go back or overlap nothing is merged, so that the order of the samples stays. Blobs of commits that
 * count no more (docs/history-format.md: tail) are left out.
 *
 * Rows go into the new file in the order of its trees, which fills its pages. Both files are read to their end afterwards: a digest over each row of each table
 * and each sample must be the same.
 */
#include "history/compact_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "history/db_given.h"
#include "history/reader_inside.h"
#include "history/store.h"

#define CHUNKS_MAX                                                                                 \
	(INT64_C(1) << 28) /* numbers of chunks: beyond any file, and a bit each in memory */

/* ---- the plan ------------------------------------------------------------------------------------------------------------- */

/* What may become one chunk: the last ones of a channel and a boot. */
struct group {
	int64_t channel, boot, t1, chunk;
	size_t bytes, n, parts;
	bool goes_back;
};

static void
add_part(struct plan *p, int64_t chunk)
{
	if (p->n == p->cap) {
		p->cap = MAX(2 * p->cap, (size_t)64);
		p->parts = mem_grow(p->parts, p->cap, sizeof(*p->parts));
	}
	p->parts[p->n++] = (struct part){ .chunk = chunk };
}

/* The last g->parts parts are one, or (a single one) as it was. */
static void
close_group(struct plan *p, struct group *g)
{
	if (g->parts == 1)
		p->n--;
	for (size_t i = p->n; g->parts > 1 && i > p->n - g->parts; i--) {
		p->parts[i - 1].last = g->chunk;
		p->gone[p->parts[i - 1].chunk / 8] |= (uint8_t)(1 << (p->parts[i - 1].chunk % 8));
	}
	*g = (struct group){ 0 };
}

static bool
goes_on(const struct group *g, const struct group *next)
{
	return g->parts > 0 && g->channel == next->channel && g->boot == next->boot &&
	       !g->goes_back && !next->goes_back && next->chunk > g->chunk &&
	       g->bytes + next->bytes <= COMPACT_CHUNK_BYTES && g->n + next->n <= CHUNK_SAMPLES_MAX;
}

static int
take_span(struct rewrite *w, sqlite3_stmt *st, struct group *g, struct err *err)
{
	struct group next = {
		.channel = sqlite3_column_int64(st, 0),
		.boot = sqlite3_column_int64(st, 1),
		.t1 = sqlite3_column_int64(st, 4),
		.chunk = sqlite3_column_int64(st, 3),
		.bytes = (size_t)sqlite3_column_int64(st, 7),
		.n = (size_t)sqlite3_column_int64(st, 5),
		.goes_back = (sqlite3_column_int64(st, 6) & (CHUNK_TIME_BACK | CHUNK_THINNED)) != 0
	}; /* one of a tier counts more samples than are in it, and is large enough */

	if (next.chunk < 0 || next.chunk > w->plan.most ||
		(!next.goes_back && next.n > CHUNK_SAMPLES_MAX))
		return err_set(err, ERR_PROTO, 0, "a row of a chunk that cannot be");
	w->out->chunks_before++;
	if (!goes_on(g, &next) || sqlite3_column_int64(st, 2) < g->t1) {
		close_group(&w->plan, g);
		g->channel = next.channel;
		g->boot = next.boot;
	}
	g->bytes += next.bytes;
	g->n += next.n;
	g->parts++;
	g->t1 = next.t1;
	g->chunk = next.chunk;
	g->goes_back = next.goes_back;
	add_part(&w->plan, next.chunk);
	return 0;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return (x->chunk > y->chunk) - (x->chunk < y->chunk);
}

static int
make_plan(struct rewrite *w, struct err *err)
{
	struct group g = { 0 };
	sqlite3_stmt *st;
	int rc = db_number(w->db, "SELECT max(chunk) FROM old.chunk", 0, &w->plan.most, err);

	if (rc == 0 && (w->plan.most < 0 || w->plan.most > CHUNKS_MAX))
		rc = err_set(err, ERR_PROTO, 0, "a chunk has a number that none can have");
	if (rc < 0)
		return rc;
	w->plan.gone = mem_zero((size_t)w->plan.most / 8 + 1, 1);
	st = db_prepare(w->db,
		"SELECT s.channel, s.boot, s.t0, s.chunk, s.t1, s.n, s.flags, length(c.data) FROM "
		"old.span s JOIN old.chunk c ON c.chunk = s.chunk ORDER BY s.channel, s.boot, "
		"s.t0, "
		"s.chunk",
		err);
	if (st == NULL)
		return ERR_IO;
	while ((rc = db_row(st, err)) == 1)
		if (take_span(w, st, &g, err) < 0) {
			sqlite3_finalize(st);
			return ERR_PROTO;
		}
	sqlite3_finalize(st);
	close_group(&w->plan, &g);
	if (w->plan.n > 0)
		qsort(w->plan.parts, w->plan.n, sizeof(*w->plan.parts), compare_parts);
	return rc;
}

/* Where the parts of a merged chunk begin; NULL: it is none. */
static const struct part *
parts_of(const struct plan *p, int64_t last, size_t *out_n)
{
	size_t low = 0, high = p->n, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->parts[middle].last < last)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < p->n && p->parts[end].last == last; end++)
		continue;
	*out_n = end - low;
	return end > low ? &p->parts[low] : NULL;
}

/* ---- tables --------------------------------------------------------------------------------------------------------------- */

/* Each row of a statement to fn, until it fails. */
static int
each(struct rewrite *w, const char *sql,
	int (*fn)(struct rewrite *w, sqlite3_stmt *st, struct err *err), struct err *err)
{
	sqlite3_stmt *st = db_prepare(w->db, sql, err);
	int rc = st == NULL ? ERR_IO : 1;

	while (rc == 1 && (rc = db_row(st, err)) == 1)
		rc = fn(w, st, err) < 0 ? err->code : 1;
	sqlite3_finalize(st);
	return rc;
}

static int
make_table(struct rewrite *w, sqlite3_stmt *st, struct err *err)
{
	return db_exec(w->db, db_text(st, 0), err);
}

/* Blobs of commits whose samples are in chunks by now are nothing any more. */
static void
only_living(struct buf *sql, const char *name, const char *table)
{
	if (strcmp(table, "tail") == 0)
		buf_printf(sql, " WHERE tail > (SELECT min(dead, tail) FROM %s.place)", name);
}

/* With the rows' own numbers: places of readers are made of them. Names are those of our own tables; others would end in a digest that differs. */
static int
copy_table(struct rewrite *w, sqlite3_stmt *st, struct err *err)
{
	struct buf sql = { 0 };
	bool has_rowid = sqlite3_column_int(st, 2) == 0;
	int rc;

	buf_printf(&sql,
		"INSERT OR FAIL INTO main.\"%s\"(%s%s) SELECT %s%s FROM old.\"%s\" NOT INDEXED",
		db_text(st, 0), has_rowid ? "rowid," : "", db_text(st, 1),
		has_rowid ? "rowid," : "", db_text(st, 1), db_text(st, 0));
	only_living(&sql, "old", db_text(st, 0));
	rc = db_exec(w->db, buf_text(&sql), err);
	buf_done(&sql);
	return rc;
}

int
compact_copy_tables(struct rewrite *w, struct err *err)
{
	int64_t version, id;
	struct buf sql = { 0 };
	int rc = db_number(w->db, "PRAGMA old.user_version", 0, &version, err);

	if (rc == 0)
		rc = db_number(w->db, "PRAGMA old.application_id", 0, &id, err);
	if (rc == 0 && version != STORE_VERSION)
		rc = err_set(err, ERR_CONF, 0, "it was written by another version of mbc");
	if (rc < 0)
		return rc;
	rc = each(w,
		"SELECT sql FROM old.sqlite_schema WHERE type = 'table' AND name NOT LIKE "
		"'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY rowid",
		make_table, err);
	if (rc == 0)
		rc = each(w,
			"SELECT l.name, (SELECT group_concat('\"' || name || '\"') FROM "
			"pragma_table_info(l.name, 'main')), l.wr FROM pragma_table_list l WHERE "
			"l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite_%' AND "
			"l.name NOT IN ('chunk', 'span') AND instr(l.name, '\"') = 0",
			copy_table, err);
	buf_printf(&sql, "PRAGMA main.user_version=%lld; PRAGMA main.application_id=%lld",
		(long long)version, (long long)id);
	if (rc == 0)
		rc = db_exec(w->db, buf_text(&sql), err);
	buf_done(&sql);
	return rc;
}

/* When all rows are there. */
int
compact_copy_views(struct rewrite *w, struct err *err)
{
	return each(w,
		"SELECT sql FROM old.sqlite_schema WHERE type IN ('index', 'view') AND sql IS NOT "
		"NULL ORDER BY rowid",
		make_table, err);
}

/* ---- chunks --------------------------------------------------------------------------------------------------------------- */

static const char *const chunk_sql[] = {
	"INSERT INTO main.chunk(chunk, data) SELECT chunk, data FROM old.chunk WHERE chunk = ?1",
	"SELECT c.data, s.channel, s.boot, h.type FROM old.chunk c, old.span s, old.channel h "
	"WHERE "
	"c.chunk = ?1 AND s.chunk = ?1 AND h.channel = s.channel",
	"INSERT INTO main.chunk(chunk, data) VALUES(?1, ?2)",
};
enum { COPY_CHUNK, GET_CHUNK, PUT_CHUNK, STATEMENTS };

/* Its samples behind those that are there. */
static int
load(struct rewrite *w, sqlite3_stmt *get, int64_t chunk, struct err *err)
{
	struct series part;
	int rc;

	db_bind(get, "i", chunk);
	rc = db_row(get, err);
	if (rc == 1) {
		series_init(&part, w->series.type);
		rc = chunk_decode(w->coder, sqlite3_column_blob(get, 0),
			(size_t)sqlite3_column_bytes(get, 0), &part, err);
		if (rc >= 0 && w->series.n > 0 && part.type != w->series.type)
			rc = err_set(err, ERR_PROTO, 0, "chunks of a channel are of two types");
		if (rc >= 0 && w->series.n == 0)
			series_clear(&w->series, part.type);
		if (rc >= 0)
			series_append(&w->series, &part, 0, part.n);
		series_done(&part);
	} else if (rc == 0) {
		rc = err_set(err, ERR_PROTO, 0, "chunk %lld is not there", (long long)chunk);
	}
	sqlite3_reset(get);
	return rc < 0 ? rc : 0;
}

static int
merge(struct rewrite *w, sqlite3_stmt **st, const struct part *parts, size_t n, struct err *err)
{
	int rc = 0;

	series_clear(&w->series, w->series.type);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = load(w, st[GET_CHUNK], parts[i].chunk, err);
	if (rc < 0)
		return rc;
	if (w->series.n == 0 || w->series.n > CHUNK_SAMPLES_MAX)
		return err_set(err, ERR_PROTO, 0, "chunk %lld has other samples than its row says",
			(long long)parts[0].last);
	buf_clear(&w->blob);
	chunk_encode(w->coder, &w->series, 0, w->series.n, CHUNK_PACKED, &w->blob);
	db_bind(st[PUT_CHUNK], "ib", parts[0].last, (const void *)w->blob.data, w->blob.n);
	return db_run(st[PUT_CHUNK], err);
}

static bool
is_chunk(const struct rewrite *w, int64_t chunk)
{
	return chunk >= 0 && chunk <= w->plan.most;
}

static int
write_chunk(struct rewrite *w, sqlite3_stmt **st, int64_t chunk, struct err *err)
{
	size_t n;
	const struct part *parts;

	if (!is_chunk(w, chunk))
		return err_set(err, ERR_PROTO, 0, "a chunk has a number that none can have");
	if (!(w->plan.gone[chunk / 8] & (1 << (chunk % 8)))) {
		w->out->chunks_after++;
		db_bind(st[COPY_CHUNK], "i", chunk);
		return db_run(st[COPY_CHUNK], err);
	}
	parts = parts_of(&w->plan, chunk, &n);
	if (parts == NULL)
		return 0;
	w->out->chunks_after++;
	return merge(w, st, parts, n, err);
}

static int
write_chunks(struct rewrite *w, struct err *err)
{
	sqlite3_stmt *st[STATEMENTS] = { 0 }, *all;
	int rc = 0;

	for (int i = 0; i < STATEMENTS && rc == 0; i++) {
		st[i] = db_prepare(w->db, chunk_sql[i], err);
		rc = st[i] == NULL ? ERR_IO : 0;
	}
	all = rc == 0 ? db_prepare(w->db, "SELECT chunk FROM old.chunk ORDER BY chunk", err) : NULL;
	rc = all == NULL ? ERR_IO : 1;
	while (rc == 1 && (rc = db_row(all, err)) == 1)
		if (write_chunk(w, st, sqlite3_column_int64(all, 0), err) < 0)
			rc = err->code;
	sqlite3_finalize(all);
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(st[i]);
	return rc;
}

static void
bind_number(sqlite3_stmt *st, int at, bool is_there, double v)
{
	if (is_there)
		sqlite3_bind_double(st, at, v);
	else
		sqlite3_bind_null(st, at);
}

int
compact_put_span(sqlite3_stmt *put, int64_t channel, int64_t boot, int64_t chunk,
	const struct series *s, size_t from, size_t n, struct err *err)
{
	bool is_number = s->type != VALUE_TEXT;
	struct chunk_stats c;

	chunk_stats(s, from, n, &c);
	db_bind(put, "iiiiiii", channel, boot, c.t_min, chunk, c.t_max, (int64_t)c.n,
		(int64_t)c.n_good);
	bind_number(put, 8, is_number && c.n_good > 0, c.first);
	bind_number(put, 9, is_number && c.n_good > 0, c.last);
	bind_number(put, 10, is_number && c.n_good > 0, c.min);
	bind_number(put, 11, is_number && c.n_good > 0, c.max);
	bind_number(put, 12, is_number && c.n_good > 0, c.sum);
	bind_number(put, 13, is_number, c.area);
	sqlite3_bind_int64(put, 14, c.held_ns);
	sqlite3_bind_int64(put, 15, c.flags);
	return db_run(put, err);
}

/* The rows of chunks in the order of their tree: a merged one stands where the first of its parts stood. */
static int
write_spans(struct rewrite *w, struct err *err)
{
	sqlite3_stmt *all = db_prepare(w->db, "SELECT channel, boot, chunk FROM old.span", err),
		     *get = db_prepare(w->db, "SELECT data FROM main.chunk WHERE chunk = ?1", err),
		     *put = db_prepare(w->db, COMPACT_PUT_SPAN, err);
	int rc = all == NULL || get == NULL || put == NULL ? ERR_IO : 1;

	while (rc == 1 && (rc = db_row(all, err)) == 1) {
		int64_t channel = sqlite3_column_int64(all, 0), boot = sqlite3_column_int64(all, 1),
			chunk = sqlite3_column_int64(all, 2);
		size_t n;

		if (!is_chunk(w, chunk)) {
			rc = err_set(err, ERR_PROTO, 0, "a row of a chunk that is not there");
			break;
		}
		if ((w->plan.gone[chunk / 8] & (1 << (chunk % 8))) &&
			parts_of(&w->plan, chunk, &n) == NULL)
			continue;
		series_clear(&w->series, w->series.type);
		if (load(w, get, chunk, err) < 0 || compact_put_span(put, channel, boot, chunk,
							    &w->series, 0, w->series.n, err) < 0)
			rc = err->code;
	}
	sqlite3_finalize(all);
	sqlite3_finalize(get);
	sqlite3_finalize(put);
	return rc;
}

/* ---- are they the same? --------------------------------------------------------------------------------------------------- */

struct digest {
	struct sha256 sha;
	struct chunk_coder *coder;
	struct series series;
	int64_t channel, boot;
	uint64_t samples;
};

static void
add_cell(struct sha256 *sha, sqlite3_stmt *st, int column)
{
	int type = sqlite3_column_type(st, column);
	const void *bytes =
		type == SQLITE_TEXT || type == SQLITE_BLOB ? sqlite3_column_blob(st, column) : NULL;
	int64_t n = type == SQLITE_NULL ? 0 : sqlite3_column_bytes(st, column);
	double v = type == SQLITE_FLOAT ? sqlite3_column_double(st, column) : 0;

	sha256_add(sha, &type, sizeof(type));
	if (type == SQLITE_INTEGER) {
		n = sqlite3_column_int64(st, column);
		sha256_add(sha, &n, sizeof(n));
	} else if (type == SQLITE_FLOAT) {
		sha256_add(sha, &v, sizeof(v));
	} else {
		sha256_add(sha, &n, sizeof(n));
		if (bytes != NULL)
			sha256_add(sha, bytes, (size_t)n);
	}
}

static int
add_rows(struct digest *d, sqlite3 *db, const char *select, struct err *err)
{
	sqlite3_stmt *st = db_prepare(db, select, err);
	int rc = st == NULL ? ERR_IO : 1;

	while (rc == 1 && (rc = db_row(st, err)) == 1)
		for (int i = 0; i < sqlite3_column_count(st); i++)
			add_cell(&d->sha, st, i);
	sqlite3_finalize(st);
	return rc;
}

/* Of doubles and numbers alone: there is nothing between them. */
static void
add_sum(struct sha256 *sha, const struct series_sum *sum)
{
	const double values[] = { sum->last, sum->min, sum->max, sum->sum, sum->area };

	sha256_add(sha, &sum->n, sizeof(sum->n));
	sha256_add(sha, &sum->t1, sizeof(sum->t1));
	sha256_add(sha, values, sizeof(values));
}

void
compact_add_sample(struct sha256 *sha, const struct series *s, size_t i)
{
	const struct series_sum *sum = series_sum_of(s, i);

	sha256_add(sha, &s->t[i], sizeof(s->t[i]));
	sha256_add(sha, &s->v[i], sizeof(s->v[i]));
	sha256_add(sha, &s->q[i], sizeof(s->q[i]));
	if (s->type == VALUE_TEXT)
		sha256_add(sha, series_text(s, i), strlen(series_text(s, i)) + 1);
	if (sum != NULL)
		add_sum(sha, sum);
}

static int
add_samples(struct digest *d, sqlite3_stmt *st, struct err *err)
{
	int64_t channel = sqlite3_column_int64(st, 0), boot = sqlite3_column_int64(st, 1);

	series_clear(&d->series, reader_type(db_text(st, 2)));
	if (chunk_decode(d->coder, sqlite3_column_blob(st, 3), (size_t)sqlite3_column_bytes(st, 3),
		    &d->series, err) < 0)
		return ERR_PROTO;
	if (channel != d->channel || boot != d->boot) {
		sha256_add(&d->sha, &channel, sizeof(channel));
		sha256_add(&d->sha, &boot, sizeof(boot));
		d->channel = channel;
		d->boot = boot;
	}
	d->samples += d->series.n;
	for (size_t i = 0; i < d->series.n; i++)
		compact_add_sample(&d->sha, &d->series, i);
	return 0;
}

/* All rows of all tables but chunk and span. */
static int
add_tables(struct rewrite *w, struct digest *d, const char *name, struct err *err)
{
	struct buf sql = { 0 }, rows = { 0 };
	sqlite3_stmt *st;
	int rc;

	buf_printf(&sql, "SELECT type, name, sql FROM %s.sqlite_schema ORDER BY name, type", name);
	rc = add_rows(d, w->db, buf_text(&sql), err);
	buf_clear(&sql);
	buf_printf(&sql,
		"SELECT name, wr FROM pragma_table_list WHERE schema = '%s' AND type = 'table' AND "
		"name NOT LIKE 'sqlite_%%' AND name NOT IN ('chunk', 'span') AND instr(name, '\"') "
		"= 0 ORDER BY name",
		name);
	st = rc == 0 ? db_prepare(w->db, buf_text(&sql), err) : NULL;
	rc = st == NULL ? ERR_IO : 1;
	while (rc == 1 && (rc = db_row(st, err)) == 1) {
		buf_clear(&rows);
		buf_printf(&rows, "SELECT %s* FROM %s.\"%s\" NOT INDEXED",
			sqlite3_column_int(st, 1) ? "" : "rowid,", name, db_text(st, 0));
		only_living(&rows, name, db_text(st, 0));
		rc = add_rows(d, w->db, buf_text(&rows), err) < 0 ? ERR_IO : 1;
	}
	sqlite3_finalize(st);
	buf_done(&sql);
	buf_done(&rows);
	return rc;
}

/* Of chunks not where they are cut, but what is in them. */
static int
add_chunks(struct rewrite *w, struct digest *d, const char *name, struct err *err)
{
	struct buf sql = { 0 };
	sqlite3_stmt *st;
	int rc;

	buf_printf(&sql,
		"SELECT s.channel, s.boot, h.type, c.data FROM %s.span s JOIN %s.chunk c ON "
		"c.chunk "
		"= s.chunk JOIN %s.channel h ON h.channel = s.channel ORDER BY s.channel, s.boot, "
		"s.t0, s.chunk",
		name, name, name);
	st = db_prepare(w->db, buf_text(&sql), err);
	rc = st == NULL ? ERR_IO : 1;
	while (rc == 1 && (rc = db_row(st, err)) == 1)
		rc = add_samples(d, st, err) < 0 ? err->code : 1;
	sqlite3_finalize(st);
	buf_done(&sql);
	return rc;
}

static int
digest(struct rewrite *w, const char *name, bool with_chunks, char out[SHA256_HEX + 1],
	uint64_t *out_samples, struct err *err)
{
	struct digest d = { .coder = w->coder, .channel = -1 };
	int rc;

	sha256_begin(&d.sha);
	series_init(&d.series, VALUE_FLOAT);
	rc = add_tables(w, &d, name, err);
	if (rc == 0 && with_chunks)
		rc = add_chunks(w, &d, name, err);
	sha256_end_hex(&d.sha, out);
	out[SHA256_HEX] = '\0';
	*out_samples = d.samples;
	series_done(&d.series);
	return rc;
}

int
compact_compare(struct rewrite *w, bool with_chunks, struct err *err)
{
	char before[SHA256_HEX + 1], after[SHA256_HEX + 1];
	uint64_t n_before, n_after;
	int rc = digest(w, "old", with_chunks, before, &n_before, err);

	if (rc == 0)
		rc = digest(w, "main", with_chunks, after, &n_after, err);
	if (rc < 0)
		return rc;
	if (with_chunks)
		w->out->samples = n_after;
	if (strcmp(before, after) == 0 && n_before == n_after)
		return 0;
	return err_set(err, ERR_PROTO, 0,
		"what was written anew is not what it was made of; 'mbc history verify' tells "
		"more");
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------ */

static int
write_all(struct rewrite *w, struct err *err)
{
	int rc = db_exec(w->db, "BEGIN", err);

	if (rc == 0)
		rc = compact_copy_tables(w, err);
	if (rc == 0)
		rc = make_plan(w, err);
	if (rc == 0)
		rc = write_chunks(w, err);
	if (rc == 0)
		rc = write_spans(w, err);
	if (rc == 0)
		rc = compact_copy_views(w, err);
	return rc == 0 ? db_exec(w->db, "COMMIT", err) : rc;
}

int
compact_begin(struct rewrite *w, int from, int to, const char *name, struct compact_numbers *out,
	struct err *err)
{
	struct buf attach = { 0 };
	int rc;

	*w = (struct rewrite){ .out = out };
	*out = (struct compact_numbers){ 0 };
	series_init(&w->series, VALUE_FLOAT);
	rc = db_given_open(&w->db, to, name, true, err);
	buf_printf(&attach, "ATTACH 'file:/%s?fd=%d&immutable=1' AS old", name, from);
	if (rc == 0)
		rc = db_exec(w->db, buf_text(&attach), err);
	buf_done(&attach);
	w->coder = chunk_coder_new();
	return rc;
}

int
compact_end(struct rewrite *w, int rc)
{
	w->out->target_sys = rc < 0 ? db_given_failure() : 0;
	db_close(w->db);
	series_done(&w->series);
	buf_done(&w->blob);
	chunk_coder_free(w->coder);
	free(w->plan.parts);
	free(w->plan.gone);
	return rc;
}

int
compact_rewrite(int from, int to, const char *name, struct compact_numbers *out, struct err *err)
{
	struct rewrite w;
	int rc = compact_begin(&w, from, to, name, out, err);

	if (rc == 0)
		rc = write_all(&w, err);
	if (rc == 0)
		rc = compact_compare(&w, true, err);
	return compact_end(&w, rc);
}
