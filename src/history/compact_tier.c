/* compact_tier.c - a file of the history written anew, coarser: the good values of an interval become one sample (tier.h)
 *
 * Numbers alone: what has choices, is yes or no, or a text stays as it is, and so do events, runs, gaps. Intervals are those of wall time as the clock records of the file
 * tell it, so that they begin where hours and days do. Nothing is made of values between which a gap lies. Chunks get new numbers, in the order of their
 * channels.
 *
 * Afterwards both files are read: each table must be the same, what stands in the new one must be what was made, and of each channel and boot the count of samples, of
 * good ones, the least, the most and the times must be those of before.
 */
#include "history/compact_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "history/reader_inside.h"
#include "history/store.h"
#include "history/tier.h"

#define ITEMS 512      /* samples of a chunk, when so many have come */
#define ITEMS_MAX 4096 /* at most */

/* In the boot at hand. */
struct clock_row {
	int64_t t, offset;
};

struct gap_row {
	int64_t from, to;
};

struct maker {
	struct rewrite *w;
	int64_t every_ns;
	struct tier tier;
	int64_t channel, boot;
	bool is_number; /* the channel at hand becomes coarser */
	int64_t end_ns; /* of the last sample, in the time of the boot */
	bool has_end;
	struct clock_row *clocks; /* of the boot, by time */
	size_t n_clocks, clock;
	struct gap_row *gaps; /* of the boot, by their ends */
	size_t n_gaps, gap;
	sqlite3_stmt *put_chunk, *put_span, *copy_span;
	int64_t next_chunk;
	struct sha256 written;
};

/* ---- the boot at hand ------------------------------------------------------------------------------------------------------ */

static int
load_clocks(struct maker *m, struct err *err)
{
	sqlite3_stmt *st = db_prepare(m->w->db,
		"SELECT t, wall FROM old.clock WHERE boot = ?1 AND good = (SELECT max(good) "
		"FROM old.clock WHERE boot = ?1) ORDER BY t",
		err);
	size_t cap = 0;
	int rc = st == NULL ? ERR_IO : 1;

	m->n_clocks = 0;
	if (rc == 1)
		db_bind(st, "i", m->boot);
	while (rc == 1 && (rc = db_row(st, err)) == 1) {
		if (m->n_clocks == cap) {
			cap = MAX(2 * cap, (size_t)64);
			m->clocks = mem_grow(m->clocks, cap, sizeof(*m->clocks));
		}
		m->clocks[m->n_clocks++] = (struct clock_row){ sqlite3_column_int64(st, 0),
			sqlite3_column_int64(st, 1) };
	}
	sqlite3_finalize(st);
	return rc;
}

/* Those that begin or end in it; one that began in an earlier boot begins before all of it. */
static int
load_gaps(struct maker *m, struct err *err)
{
	sqlite3_stmt *st = db_prepare(m->w->db,
		"SELECT iif(boot0 IS ?1, t0, ?2), iif(boot1 = ?1, t1, ?3) FROM old.gap WHERE "
		"boot0 IS ?1 OR boot1 = ?1 ORDER BY 2",
		err);
	size_t cap = 0;
	int rc = st == NULL ? ERR_IO : 1;

	m->n_gaps = 0;
	if (rc == 1)
		db_bind(st, "iii", m->boot, INT64_MIN, INT64_MAX);
	while (rc == 1 && (rc = db_row(st, err)) == 1) {
		if (m->n_gaps == cap) {
			cap = MAX(2 * cap, (size_t)64);
			m->gaps = mem_grow(m->gaps, cap, sizeof(*m->gaps));
		}
		m->gaps[m->n_gaps++] = (struct gap_row){ sqlite3_column_int64(st, 0),
			sqlite3_column_int64(st, 1) };
	}
	sqlite3_finalize(st);
	return rc;
}

/* By the clock record before it, or the first one. Times go up within a channel. */
static int64_t
interval_of(struct maker *m, int64_t t)
{
	int64_t wall = t;

	while (m->clock + 1 < m->n_clocks && m->clocks[m->clock + 1].t <= t)
		m->clock++;
	if (m->n_clocks > 0 && __builtin_add_overflow(t, m->clocks[m->clock].offset, &wall))
		wall = t;
	return floor_div(wall, m->every_ns);
}

static bool
is_gap_between(struct maker *m, int64_t a, int64_t b)
{
	while (m->gap < m->n_gaps && m->gaps[m->gap].to <= a)
		m->gap++;
	return m->gap < m->n_gaps && m->gaps[m->gap].from < b;
}

/* ---- chunks ---------------------------------------------------------------------------------------------------------------- */

static int
put_items(struct maker *m, const struct series *s, size_t from, size_t n, struct err *err)
{
	struct rewrite *w = m->w;

	buf_clear(&w->blob);
	chunk_encode(w->coder, s, from, n, CHUNK_PACKED, &w->blob);
	for (size_t i = from; i < from + n; i++)
		compact_add_sample(&m->written, s, i);
	w->out->chunks_after++;
	w->out->kept += n;
	db_bind(m->put_chunk, "ib", m->next_chunk, (const void *)w->blob.data, w->blob.n);
	if (db_run(m->put_chunk, err) < 0 || compact_put_span(m->put_span, m->channel, m->boot,
						     m->next_chunk, s, from, n, err) < 0)
		return ERR_IO;
	m->next_chunk++;
	return 0;
}

static int
flush(struct maker *m, struct err *err)
{
	struct series *s = &m->tier.out;
	int rc = 0;

	for (size_t from = 0; from < s->n && rc == 0; from += ITEMS_MAX)
		rc = put_items(m, s, from, MIN(s->n - from, (size_t)ITEMS_MAX), err);
	series_clear(s, s->type);
	return rc;
}

static int
finish(struct maker *m, struct err *err)
{
	tier_cut(&m->tier);
	m->has_end = false;
	return flush(m, err);
}

/* One of a channel that stays as it is, as it stands there. */
static int
copy_chunk(struct maker *m, sqlite3_stmt *row, struct err *err)
{
	const void *data = sqlite3_column_blob(row, 4);
	size_t n = (size_t)sqlite3_column_bytes(row, 4);

	sha256_add(&m->written, data, n);
	m->w->out->chunks_after++;
	m->w->out->kept += (uint64_t)sqlite3_column_int64(row, 8);
	db_bind(m->put_chunk, "ib", m->next_chunk, data, n);
	db_bind(m->copy_span, "iiiii", m->channel, m->boot, sqlite3_column_int64(row, 2),
		sqlite3_column_int64(row, 3), m->next_chunk);
	if (db_run(m->put_chunk, err) < 0 || db_run(m->copy_span, err) < 0)
		return ERR_IO;
	m->next_chunk++;
	return 0;
}

static void
add_series(struct maker *m, const struct series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct series_sum *sum = series_sum_of(s, i);

		if (m->has_end && is_gap_between(m, m->end_ns, s->t[i]))
			tier_cut(&m->tier);
		tier_add(&m->tier, s, i, interval_of(m, s->t[i]));
		m->end_ns = sum == NULL ? s->t[i] : sum->t1;
		m->has_end = true;
	}
}

/* One whose times go back, or that begins before the last one ends, has nothing to do with its neighbours. */
static int
make_coarser(struct maker *m, sqlite3_stmt *row, enum value_type type, struct err *err)
{
	struct series *s = &m->w->series;
	bool goes_back = (sqlite3_column_int64(row, 7) & CHUNK_TIME_BACK) != 0;

	series_clear(s, type);
	if (chunk_decode(m->w->coder, sqlite3_column_blob(row, 4),
		    (size_t)sqlite3_column_bytes(row, 4), s, err) < 0)
		return ERR_PROTO;
	if (s->type != type)
		return err_set(err, ERR_PROTO, 0, "a chunk is of another type than its channel");
	if ((goes_back || (m->has_end && s->t[0] < m->end_ns)) && finish(m, err) < 0)
		return ERR_IO;
	if (goes_back)
		return put_items(m, s, 0, s->n, err);
	if (!m->has_end)
		m->clock = m->gap = 0;
	add_series(m, s);
	return m->tier.out.n >= ITEMS ? flush(m, err) : 0;
}

static bool
is_coarsened(enum value_type type, const char *choices)
{
	bool is_number = type == VALUE_FLOAT || type == VALUE_FLOAT32 || type == VALUE_INT ||
			 type == VALUE_UINT;

	return is_number && choices[0] == '\0';
}

/* Columns: channel, boot, t0, chunk, data, type, choices, flags, n. */
static int
take_chunk(struct maker *m, sqlite3_stmt *row, struct err *err)
{
	int64_t channel = sqlite3_column_int64(row, 0), boot = sqlite3_column_int64(row, 1);
	enum value_type type = reader_type(db_text(row, 5));
	bool is_other_boot = boot != m->boot;

	m->w->out->chunks_before++;
	m->w->out->samples += (uint64_t)sqlite3_column_int64(row, 8);
	if (channel != m->channel || is_other_boot) {
		if (finish(m, err) < 0)
			return ERR_IO;
		m->channel = channel;
		m->boot = boot;
		m->is_number = is_coarsened(type, db_text(row, 6));
		tier_clear(&m->tier, type);
	}
	if (is_other_boot && (load_clocks(m, err) < 0 || load_gaps(m, err) < 0))
		return ERR_IO;
	return m->is_number ? make_coarser(m, row, type, err) : copy_chunk(m, row, err);
}

static int
take_chunks(struct maker *m, struct err *err)
{
	sqlite3_stmt *all = db_prepare(m->w->db,
		"SELECT s.channel, s.boot, s.t0, s.chunk, c.data, h.type, h.choices, s.flags, s.n "
		"FROM old.span s JOIN old.chunk c ON c.chunk = s.chunk JOIN old.channel h ON "
		"h.channel = s.channel ORDER BY s.channel, s.boot, s.t0, s.chunk",
		err);
	int rc = all == NULL ? ERR_IO : 1;

	while (rc == 1 && (rc = db_row(all, err)) == 1)
		if (take_chunk(m, all, err) < 0)
			rc = err->code;
	sqlite3_finalize(all);
	return rc == 0 ? finish(m, err) : rc;
}

static int
write_chunks(struct maker *m, struct err *err)
{
	sqlite3 *db = m->w->db;
	int rc;

	m->put_chunk = db_prepare(db, "INSERT INTO main.chunk(chunk, data) VALUES(?1, ?2)", err);
	m->put_span = m->put_chunk == NULL ? NULL : db_prepare(db, COMPACT_PUT_SPAN, err);
	m->copy_span = m->put_span == NULL ? NULL
					   : db_prepare(db,
						     "INSERT INTO main.span SELECT channel, boot, "
						     "t0, ?5, t1, n, n_good, first, "
						     "last, min, max, sum, area, held, flags FROM "
						     "old.span WHERE channel = ?1 "
						     "AND boot = ?2 AND t0 = ?3 AND chunk = ?4",
						     err);
	rc = m->copy_span == NULL ? ERR_IO : take_chunks(m, err);
	sqlite3_finalize(m->put_chunk);
	sqlite3_finalize(m->put_span);
	sqlite3_finalize(m->copy_span);
	return rc;
}

/* ---- is all of it there? ---------------------------------------------------------------------------------------------------- */

static int
other(struct err *err, const char *what)
{
	return err_set(err, ERR_PROTO, 0,
		"what was made coarser has not %s that it was made of; 'mbc history verify' tells "
		"more",
		what);
}

static int
read_back(struct maker *m, struct err *err)
{
	struct rewrite *w = m->w;
	sqlite3_stmt *st = db_prepare(w->db,
		"SELECT c.data, h.type, h.choices FROM main.chunk c JOIN main.span s ON s.chunk = "
		"c.chunk JOIN main.channel h ON h.channel = s.channel ORDER BY s.channel, s.boot, "
		"s.t0, s.chunk",
		err);
	uint8_t written[SHA256_BYTES], read[SHA256_BYTES];
	struct sha256 sha;
	int rc = st == NULL ? ERR_IO : 1;

	sha256_begin(&sha);
	while (rc == 1 && (rc = db_row(st, err)) == 1) {
		const uint8_t *data = sqlite3_column_blob(st, 0);
		size_t n = (size_t)sqlite3_column_bytes(st, 0);
		enum value_type type = reader_type(db_text(st, 1));

		if (!is_coarsened(type, db_text(st, 2))) {
			sha256_add(&sha, data, n);
			continue;
		}
		series_clear(&w->series, type);
		if (chunk_decode(w->coder, data, n, &w->series, err) < 0)
			rc = ERR_PROTO;
		for (size_t i = 0; i < w->series.n; i++)
			compact_add_sample(&sha, &w->series, i);
	}
	sqlite3_finalize(st);
	sha256_end(&m->written, written);
	sha256_end(&sha, read);
	if (rc == 0 && memcmp(written, read, SHA256_BYTES) != 0)
		rc = other(err, "the samples");
	return rc;
}

#define TOTALS(name)                                                                               \
	"SELECT channel, boot, sum(n), sum(n_good), min(min), max(max), min(t0), max(t1) "         \
	"FROM " name ".span GROUP BY channel, boot"

/* Without what made it. */
static int
compare_totals(struct rewrite *w, struct err *err)
{
	int64_t n;
	int rc = db_number(w->db,
		"SELECT count(*) FROM (SELECT * FROM (" TOTALS("old") " EXCEPT " TOTALS(
			"main") ") UNION ALL "
				"SELECT * FROM (" TOTALS("main") " EXCEPT " TOTALS("old") "))",
		0, &n, err);

	return rc == 0 && n != 0 ? other(err, "the count, the least and the most") : rc;
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------- */

/* Is it old enough, and not as coarse already? The record of a closed file ends where its last commit says. */
static int
look(struct rewrite *w, const struct compact_tier *rule, struct err *err)
{
	int64_t end, every, undated;
	int rc = db_number(w->db,
		"SELECT CAST(value AS INTEGER) FROM old.meta WHERE key = '" COMPACT_TIER_KEY "'", 0,
		&every, err);

	if (rc == 0)
		rc = db_number(w->db,
			"SELECT p.recorded + coalesce((SELECT wall FROM old.clock c WHERE "
			"c.boot = p.boot "
			"ORDER BY good DESC, t DESC LIMIT 1), 0) FROM old.present p",
			INT64_MAX, &end, err);
	/* A clock that is set later dates them in the file behind this one: until then they may be of today. */
	if (rc == 0)
		rc = db_number(w->db,
			"SELECT count(*) FROM (SELECT DISTINCT boot FROM old.span) s WHERE NOT "
			"EXISTS "
			"(SELECT 1 FROM old.clock c WHERE c.boot = s.boot AND c.good)",
			0, &undated, err);
	if (rc < 0)
		return rc;
	w->out->is_coarse = every >= rule->every_ns;
	w->out->is_odd = !w->out->is_coarse && every > 0 && rule->every_ns % every != 0;
	w->out->is_young = end >= rule->before_ns;
	w->out->is_undated = undated > 0;
	return 0;
}

static int
note(struct rewrite *w, int64_t every_ns, struct err *err)
{
	sqlite3_stmt *st = db_prepare(
		w->db, "INSERT OR REPLACE INTO main.meta VALUES('" COMPACT_TIER_KEY "', ?1)", err);
	int rc = st == NULL ? ERR_IO : 0;

	if (rc == 0) {
		db_bind(st, "i", every_ns);
		rc = db_run(st, err);
	}
	sqlite3_finalize(st);
	return rc;
}

static int
write_all(struct maker *m, struct err *err)
{
	struct rewrite *w = m->w;
	int rc = db_exec(w->db, "BEGIN", err);

	if (rc == 0)
		rc = compact_copy_tables(w, err);
	if (rc == 0)
		rc = write_chunks(m, err);
	if (rc == 0)
		rc = compact_copy_views(w, err);
	if (rc == 0)
		rc = db_exec(w->db, "COMMIT", err);
	if (rc == 0)
		rc = compact_compare(w, false, err);
	if (rc == 0)
		rc = read_back(m, err);
	if (rc == 0)
		rc = compare_totals(w, err);
	return rc == 0 ? note(w, m->every_ns, err) : rc;
}

bool
compact_is_left(const struct compact_numbers *n)
{
	return n->is_coarse || n->is_young || n->is_odd || n->is_undated;
}

int
compact_tier(int from, int to, const char *name, const struct compact_tier *rule,
	struct compact_numbers *out, struct err *err)
{
	struct rewrite w;
	struct maker m = {
		.w = &w, .every_ns = rule->every_ns, .channel = -1, .boot = -1, .next_chunk = 1
	};
	int rc = compact_begin(&w, from, to, name, out, err);

	tier_init(&m.tier, VALUE_FLOAT);
	sha256_begin(&m.written);
	if (rc == 0)
		rc = look(&w, rule, err);
	if (rc == 0 && !compact_is_left(out))
		rc = write_all(&m, err);
	tier_done(&m.tier);
	free(m.clocks);
	free(m.gaps);
	return compact_end(&w, rc);
}
