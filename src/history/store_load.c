/* store_load.c - where the last commit was: the newest file says it */
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "history/store_inside.h"

static int
load_place(struct store *s, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db,
		"SELECT p.boot, made, seq, recorded, boot_id FROM present p JOIN boot USING(boot)",
		err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	rc = db_row(st, err);
	if (rc == 1) {
		s->place_boot = (uint32_t)sqlite3_column_int64(st, 0);
		s->boot = s->boot != 0 ? s->boot : s->place_boot;
		s->place.made_ns = sqlite3_column_int64(st, 1);
		s->place.seq = (uint64_t)sqlite3_column_int64(st, 2);
		s->recorded_ns = sqlite3_column_int64(st, 3);
		text_copy(s->place.boot_id, sizeof(s->place.boot_id), db_text(st, 4));
	}
	sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

static int
load_channels(struct store *s, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, "SELECT channel, type FROM channel", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	while ((rc = db_row(st, err)) == 1)
		store_at(s, (uint32_t)sqlite3_column_int64(st, 0), store_type(db_text(st, 1)));
	sqlite3_finalize(st);
	return rc;
}

/* tails[channel]: the newest blob that is in what stands as open already. */
static int
load_open(struct store *s, int64_t *tails, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, "SELECT channel, tail, data FROM open", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	while ((rc = db_row(st, err)) == 1) {
		uint32_t channel = (uint32_t)sqlite3_column_int64(st, 0);
		size_t n = (size_t)sqlite3_column_bytes(st, 2);
		struct err why;

		if (channel >= s->n || s->at[channel].chunk == NULL)
			continue;
		tails[channel] = sqlite3_column_int64(st, 1);
		series_clear(&s->series, s->at[channel].type);
		if (n > 0 &&
			chunk_decode(s->coder, sqlite3_column_blob(st, 2), n, &s->series, &why) < 0)
			log_err("history: open samples of channel %u: %s; 'mbc history verify' "
				"tells more",
				channel, why.msg);
		for (size_t i = 0; i < s->series.n; i++) {
			struct sample sample;

			series_sample(&s->series, i, &sample);
			chunk_open_add(s->at[channel].chunk, s->coder, &sample);
		}
	}
	sqlite3_finalize(st);
	return rc;
}

struct loading {
	struct store *s;
	const int64_t *tails;
	int64_t tail;
};

static void
add(void *ctx, uint32_t channel, enum value_type type, const struct sample *sample)
{
	struct loading *l = ctx;

	if (channel >= l->s->n || l->s->at[channel].chunk == NULL || l->tail <= l->tails[channel])
		return;
	chunk_open_add(l->s->at[channel].chunk, l->s->coder, sample);
	l->s->at[channel].is_dirty = true;
}

static int
load_tails(struct store *s, const int64_t *tails, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, "SELECT tail, data FROM living", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	while ((rc = db_row(st, err)) == 1) {
		struct loading l = { s, tails, sqlite3_column_int64(st, 0) };
		size_t n = (size_t)sqlite3_column_bytes(st, 1);
		struct err why;

		s->tail_no = l.tail;
		s->tail_bytes += n;
		s->n_tails++;
		if (tail_read(s->tail, sqlite3_column_blob(st, 1), n, UINT32_MAX, add, &l, &why) <
			0)
			log_err("history: samples of one commit: %s; 'mbc history verify' tells "
				"more",
				why.msg);
	}
	sqlite3_finalize(st);
	return rc;
}

/* Blobs are numbered on, also when none counts any more. */
static int
load_number(struct store *s, struct err *err)
{
	int64_t newest;
	int rc = db_number(s->db, "SELECT dead FROM place", 0, &s->dead, err);

	if (rc == 0)
		rc = db_number(s->db, "SELECT max(tail) FROM tail", 0, &newest, err);
	if (rc == 0)
		s->tail_no = MAX(MAX(s->tail_no, newest), s->dead);
	return rc;
}

static int
load_last_event(struct store *s, struct err *err)
{
	int64_t id;
	int rc = db_number(s->db, "SELECT max(id) FROM event", 0, &id, err);

	/* A file that has been begun has none yet: the one before it tells. */
	if (rc == 0 && id == 0)
		rc = db_number(s->db,
			"SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_event'", 0, &id,
			err);
	s->last_event = MAX(s->last_event, (uint64_t)id);
	return rc;
}

int
store_load(struct store *s, struct err *err)
{
	int64_t *tails;
	int rc;

	store_forget_channels(s);
	s->is_due = false;
	s->tail_no = 0;
	s->tail_bytes = s->n_tails = 0;
	rc = load_place(s, err);
	if (rc == 0)
		rc = load_channels(s, err);
	tails = calloc(s->n + 1u, sizeof(*tails));
	if (tails == NULL)
		abort();
	if (rc == 0)
		rc = load_open(s, tails, err);
	if (rc == 0)
		rc = load_tails(s, tails, err);
	if (rc == 0)
		rc = load_number(s, err);
	if (rc == 0)
		rc = load_last_event(s, err);
	free(tails);
	return rc;
}
