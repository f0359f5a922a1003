/* store_commit.c - what came since the last time, on disk: all of it or nothing */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "history/store_inside.h"

/* From here on the open samples are written as they are, and the blobs before that forgotten. */
#define CHUNK_ROW_BYTES 150
#define TAIL_BYTES_IN_FILE (512u << 10)

/* ---- pieces of a transaction ---------------------------------------------------------------------------------------------- */

/* NaN and infinities have no place in SQL: null. */
static void
bind_number(sqlite3_stmt *st, int at, bool has, double v)
{
	if (has)
		sqlite3_bind_double(st, at, v);
	else
		sqlite3_bind_null(st, at);
}

static int
put_chunk(struct store *s, uint32_t channel, const struct buf *blob, const struct chunk_stats *c,
	struct err *err)
{
	sqlite3_stmt *st = s->statements[PUT_SPAN];
	const bool is_number = s->at[channel].type != VALUE_TEXT;

	db_bind(s->statements[PUT_CHUNK], "b", (const void *)blob->data, blob->n);
	if (db_run(s->statements[PUT_CHUNK], err) < 0)
		return ERR_IO;
	db_bind(st, "iiiiiii", (int64_t)channel, (int64_t)s->boot, c->t_min,
		(int64_t)sqlite3_last_insert_rowid(s->db), c->t_max, (int64_t)c->n,
		(int64_t)c->n_good);
	bind_number(st, 8, is_number && c->n_good > 0, c->first);
	bind_number(st, 9, is_number && c->n_good > 0, c->last);
	bind_number(st, 10, is_number && c->n_good > 0, c->min);
	bind_number(st, 11, is_number && c->n_good > 0, c->max);
	bind_number(st, 12, is_number && c->n_good > 0, c->sum);
	bind_number(st, 13, is_number, c->area);
	sqlite3_bind_int64(st, 14, c->held_ns);
	sqlite3_bind_int64(st, 15, c->flags);
	return db_run(st, err);
}

/* What is open of a channel as it is: it and the blobs behind tail_no are all of it. */
static int
put_open(struct store *s, uint32_t channel, struct err *err)
{
	buf_clear(&s->blob);
	chunk_open_tail(s->at[channel].chunk, s->coder, CHUNK_PACKED, &s->blob);
	db_bind(s->statements[PUT_OPEN], "iiib", (int64_t)channel, (int64_t)s->boot, s->tail_no,
		(const void *)s->blob.data, s->blob.n);
	return db_run(s->statements[PUT_OPEN], err);
}

/* The blob that has just been cut from a channel. Read once more: its numbers are those of what stands there. */
static int
put_blob(struct store *s, uint32_t channel, struct err *err)
{
	struct chunk_stats stats;

	series_clear(&s->series, s->at[channel].type);
	if (chunk_decode(s->coder, (const uint8_t *)s->blob.data, s->blob.n, &s->series, err) < 0)
		return ERR_IO;
	chunk_stats(&s->series, 0, s->series.n, &stats);
	return put_chunk(s, channel, &s->blob, &stats, err);
}

/* Chunks of what is full. */
static int
seal_channel(struct store *s, uint32_t channel, bool *out_has_sealed, struct err *err)
{
	struct chunk_open *open = s->at[channel].chunk;

	*out_has_sealed = false;
	while (chunk_open_is_due(open, STORE_CHUNK_BYTES) ||
		chunk_open_count(open) >= STORE_OPEN_MAX) {
		buf_clear(&s->blob);
		if (chunk_open_seal(open, s->coder, STORE_CHUNK_BYTES, &s->blob) == 0) {
			if (chunk_open_count(open) < STORE_OPEN_MAX)
				break;
			chunk_open_tail(open, s->coder, CHUNK_PACKED, &s->blob);
			chunk_open_clear(open);
		}
		*out_has_sealed = true;
		if (put_blob(s, channel, err) < 0)
			return ERR_IO;
	}
	return 0;
}

static int
seal_rest(struct store *s, uint32_t channel, struct err *err)
{
	struct chunk_open *open = s->at[channel].chunk;
	bool has_sealed;

	if (seal_channel(s, channel, &has_sealed, err) < 0)
		return ERR_IO;
	if (chunk_open_count(open) == 0)
		return 0;
	buf_clear(&s->blob);
	chunk_open_tail(open, s->coder, CHUNK_PACKED, &s->blob);
	chunk_open_clear(open);
	return put_blob(s, channel, err);
}

static int
put_place(struct store *s, uint32_t boot, const struct store_place *place, int64_t recorded_ns,
	struct err *err)
{
	db_bind(s->statements[SET_PLACE], "iiiiii", (int64_t)boot, place->made_ns,
		(int64_t)place->seq, recorded_ns, s->tail_no, s->dead);
	return db_run(s->statements[SET_PLACE], err);
}

static void
forget_tails(struct store *s)
{
	s->dead = s->tail_no;
	s->tail_bytes = s->n_tails = 0;
}

static int
seal_all(struct store *s, struct err *err)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->at[i].chunk != NULL && seal_rest(s, i, err) < 0)
			return ERR_IO;
	forget_tails(s);
	if (put_place(s, s->place_boot, &s->place, s->recorded_ns, err) < 0)
		return ERR_IO;
	return db_run(s->statements[DROP_OPEN], err);
}

/* The blobs of this commit, each with what the commit says. */
static int
put_tails(struct store *s, const struct store_place *place, int64_t recorded_ns, struct err *err)
{
	for (size_t at = 0; at < s->waiting.n;) {
		const uint8_t *p = (const uint8_t *)s->waiting.data + at;
		size_t n = get_u32le(p);

		s->tail_no++;
		db_bind(s->statements[PUT_TAIL], "iiiiiib", s->tail_no % STORE_TAILS, s->tail_no,
			(int64_t)s->boot, place->made_ns, (int64_t)place->seq, recorded_ns,
			(const void *)(p + 4), n);
		if (db_run(s->statements[PUT_TAIL], err) < 0)
			return ERR_IO;
		s->tail_bytes += n;
		s->n_tails++;
		at += 4 + n;
	}
	return 0;
}

/* The open samples as they are, in place of all blobs. */
static int
put_snapshot(struct store *s, struct err *err)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->at[i].chunk != NULL && s->at[i].is_dirty && put_open(s, i, err) < 0)
			return ERR_IO;
	forget_tails(s);
	return 0;
}

static int
put_samples(struct store *s, const struct store_place *place, int64_t recorded_ns, struct err *err)
{
	bool is_snapshot = s->n_tails + s->n_blobs > STORE_TAILS ||
			   s->tail_bytes + s->waiting.n >= TAIL_BYTES_IN_FILE;

	if (!is_snapshot && put_tails(s, place, recorded_ns, err) < 0)
		return ERR_IO;
	for (uint32_t i = 0; i < s->n; i++) {
		bool has_sealed;

		if (s->at[i].chunk == NULL || !s->at[i].is_dirty)
			continue;
		if (seal_channel(s, i, &has_sealed, err) < 0 ||
			(has_sealed && !is_snapshot && put_open(s, i, err) < 0))
			return ERR_IO;
	}
	if (is_snapshot && put_snapshot(s, err) < 0)
		return ERR_IO;
	/* Else it stands with the blobs. */
	return is_snapshot || s->n_blobs == 0 ? put_place(s, s->boot, place, recorded_ns, err) : 0;
}

static int
put_ledger(struct store *s, struct err *err)
{
	for (size_t i = 0; i < s->n_moments; i++) {
		const struct store_moment *m = &s->moments[i];

		db_bind(s->statements[PUT_CLOCK], "iiii", (int64_t)m->boot, m->t_ns, m->wall_ns,
			(int64_t)m->is_good);
		if (db_run(s->statements[PUT_CLOCK], err) < 0)
			return ERR_IO;
	}
	for (size_t i = 0; i < s->n_gaps; i++) {
		const struct store_gap_row *g = &s->gaps[i];
		sqlite3_stmt *st = s->statements[PUT_GAP];

		if (g->from_boot == 0)
			db_bind(st, "nniiti", (int64_t)g->boot, g->to_ns, g->cause,
				(int64_t)g->missed);
		else
			db_bind(st, "iiiiti", (int64_t)g->from_boot, g->from_ns, (int64_t)g->boot,
				g->to_ns, g->cause, (int64_t)g->missed);
		if (db_run(st, err) < 0)
			return ERR_IO;
	}
	return 0;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct store_event_row *x = *(const struct store_event_row *const *)a;
	const struct store_event_row *y = *(const struct store_event_row *const *)b;

	return x->e.id < y->e.id ? -1 : x->e.id > y->e.id;
}

/* Those that were fetched from the journal need not come in their order. */
static int
put_run_events(struct store *s, const struct store_event_row **rows, size_t n, struct err *err)
{
	if (n > 1)
		qsort(rows, n, sizeof(rows[0]), compare_ids);
	for (size_t i = 0; i < n; i++)
		if (store_run_event(s, rows[i], err) < 0)
			return ERR_IO;
	return 0;
}

static int
put_events(struct store *s, struct err *err)
{
	const struct store_event_row **of_runs = NULL;
	size_t n_of_runs = 0;
	int rc = 0;

	for (size_t i = 0; i < s->n_events && rc == 0; i++) {
		const struct store_event_row *row = &s->events[i];
		uint8_t bytes[EVENT_BYTES];
		size_t n = event_encode(bytes, &row->e);
		sqlite3_stmt *st = s->statements[PUT_EVENT];

		buf_clear(&s->blob);
		event_text(&s->blob, &row->e, LANGUAGE_EN);
		db_bind(st, "iiintttitb", (int64_t)row->e.id, (int64_t)row->e.boot, row->e.stamp_ns,
			event_row(row->e.kind)->token, row->e.subject, row->e.principal,
			(int64_t)row->e.cause, buf_text(&s->blob), (const void *)bytes, n);
		if (row->has_wall)
			sqlite3_bind_int64(st, 4, row->e.stamp_ns + row->wall_ns);
		rc = db_run(st, err);
		/* One that was there already has done what it does. */
		if (rc == 0 && store_is_of_run(&row->e) && sqlite3_changes(s->db) > 0) {
			of_runs = mem_grow(of_runs, n_of_runs + 1, sizeof(of_runs[0]));
			of_runs[n_of_runs++] = row;
		}
	}
	if (rc == 0)
		rc = put_run_events(s, of_runs, n_of_runs, err);
	free(of_runs);
	return rc;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------ */

void
store_take_tail(struct store *s)
{
	size_t at = s->waiting.n;

	if (tail_count(s->tail) == 0)
		return;
	s->n_waiting += tail_count(s->tail);
	s->n_blobs++;
	buf_put(&s->waiting, "\0\0\0", 4);
	tail_take(s->tail, &s->waiting);
	put_u32le((uint8_t *)s->waiting.data + at, (uint32_t)(s->waiting.n - at - 4));
}

static void
add_again(void *ctx, uint32_t channel, enum value_type type, const struct sample *sample)
{
	struct store *s = ctx;
	struct store_open *o = store_at(s, channel, type);

	chunk_open_add(o->chunk, s->coder, sample);
	o->is_dirty = true;
	s->is_due |= chunk_open_count(o->chunk) >= STORE_OPEN_MAX;
}

/* Nothing of it is on disk: the file says what is open, and behind that comes what waits. */
static void
take_back(struct store *s)
{
	struct err err;

	(void)!db_exec(s->db, "ROLLBACK", NULL);
	if (store_load(s, &err) < 0) {
		log_err("history: %s; it starts again, from what is on disk and on the tape",
			err.msg);
		abort();
	}
	for (size_t at = 0; at < s->waiting.n;) {
		const uint8_t *p = (const uint8_t *)s->waiting.data + at;
		size_t n = get_u32le(p);

		if (tail_read(s->tail, p + 4, n, UINT32_MAX, add_again, s, &err) < 0)
			abort(); /* it was made here */
		at += 4 + n;
	}
}

static bool
is_month_over(int64_t begun_ns, int64_t now_ns)
{
	time_t a = (time_t)(begun_ns / NS_PER_S), b = (time_t)(now_ns / NS_PER_S);
	struct tm x, y;

	return gmtime_r(&a, &x) != NULL && gmtime_r(&b, &y) != NULL &&
	       (x.tm_year < y.tm_year || (x.tm_year == y.tm_year && x.tm_mon < y.tm_mon));
}

static bool
is_file_over(struct store *s, int64_t wall_ns)
{
	int64_t chunks = 0;

	if (s->period_ns > 0 ? wall_ns - s->begun_wall_ns >= s->period_ns
			     : is_month_over(s->begun_wall_ns, wall_ns))
		return true;
	/* What it has for good: with its row and its place in the index a chunk takes about so much more. */
	return s->file_max > 0 &&
	       db_number(s->db, "SELECT max(chunk) FROM chunk", 0, &chunks, NULL) == 0 &&
	       (uint64_t)chunks * (STORE_CHUNK_BYTES + CHUNK_ROW_BYTES) >= s->file_max;
}

/* Everything open becomes chunks. is_last: nobody writes to this file any more. */
static int
seal(struct store *s, bool is_last, struct err *err)
{
	int rc = db_exec(s->db, "BEGIN IMMEDIATE", err);

	if (rc == 0)
		rc = seal_all(s, err);
	if (rc == 0 && is_last)
		rc = db_exec(s->db, "INSERT INTO meta VALUES('closed', 1)", err);
	if (rc == 0)
		rc = db_exec(s->db, "COMMIT", err);
	if (rc < 0)
		take_back(s);
	else
		s->is_closed = is_last;
	return rc;
}

int
store_seal(struct store *s, struct err *err)
{
	return s->db == NULL ? err_set(err, ERR_IO, 0, "no file is open") : seal(s, false, err);
}

static void
forget_waiting(struct store *s)
{
	buf_clear(&s->waiting);
	s->n_waiting = s->n_blobs = 0;
	s->n_moments = s->n_gaps = s->n_events = 0;
}

int
store_commit(struct store *s, const struct store_place *place, int64_t recorded_ns, int64_t wall_ns,
	struct err *err)
{
	int rc;

	store_take_tail(s);
	if ((s->db == NULL || s->is_closed) && store_next_file(s, wall_ns, err) < 0)
		return ERR_IO;
	rc = db_exec(s->db, "BEGIN IMMEDIATE", err);
	if (rc == 0)
		rc = put_samples(s, place, recorded_ns, err);
	if (rc == 0)
		rc = put_ledger(s, err);
	if (rc == 0)
		rc = put_events(s, err);
	if (rc == 0)
		rc = db_exec(s->db, "COMMIT", err);
	if (rc < 0) {
		take_back(s);
		return rc;
	}
	s->place = *place;
	s->place_boot = s->boot;
	s->recorded_ns = recorded_ns;
	if (s->n_tails == 0)
		for (uint32_t i = 0; i < s->n; i++)
			s->at[i].is_dirty = false;
	s->is_due = false;
	forget_waiting(s);
	/* A file that cannot be left now is left later: what was committed is safe. */
	if (is_file_over(s, wall_ns) &&
		(seal(s, true, NULL) < 0 || store_next_file(s, wall_ns, NULL) < 0))
		log_warn("history: the next file could not be begun; it is tried again");
	return 0;
}

int
store_boot(struct store *s, const char *boot_id, struct err *err)
{
	sqlite3_stmt *st;
	int64_t number = 0;
	int rc;

	if (s->db == NULL)
		return err_set(err, ERR_IO, 0, "no file is open");
	st = db_prepare(s->db,
		"SELECT coalesce((SELECT boot FROM boot WHERE boot_id = ?1), (SELECT 1 + "
		"coalesce(max(boot), 0) FROM boot))",
		err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "t", boot_id);
	rc = db_row(st, err);
	if (rc == 1)
		number = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	if (rc < 0 || number == s->boot)
		return rc < 0 ? rc : 0;
	if (s->boot != 0 && seal(s, false, err) < 0)
		return ERR_IO;
	db_bind(s->statements[PUT_BOOT], "iti", number, boot_id, (int64_t)event_boot(boot_id));
	rc = db_run(s->statements[PUT_BOOT], err);
	if (rc == 0)
		s->boot = (uint32_t)number;
	return rc;
}
