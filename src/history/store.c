/* store.c - the writer's side: files and what is remembered of them */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "history/files.h"
#include "history/keep.h"
#include "history/store_inside.h"

static const char *const sql[STORE_STATEMENTS] = {
	[PUT_TAIL] = "INSERT OR REPLACE INTO tail VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[PUT_CHUNK] = "INSERT INTO chunk(data) VALUES(?1)",
	[PUT_SPAN] = "INSERT INTO span VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
	[PUT_OPEN] = "INSERT OR REPLACE INTO open VALUES(?1, ?2, ?3, ?4)",
	[PUT_CLOCK] = "INSERT OR REPLACE INTO clock VALUES(?1, ?2, ?3, ?4)",
	[PUT_GAP] =
		"INSERT INTO gap(boot0, t0, boot1, t1, cause, missed) VALUES(?1,?2,?3,?4,?5,?6)",
	[PUT_EVENT] = "INSERT OR IGNORE INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
	[PUT_BOOT] = "INSERT OR REPLACE INTO boot VALUES(?1, ?2, ?3)",
	[GET_CHANNEL] = "SELECT channel, name = ?4 AND title = ?5 AND instrument = ?6 AND choices "
			"= ?7 FROM channel"
			" WHERE id = ?1 AND type = ?2 AND unit = ?3",
	[PUT_CHANNEL] = "INSERT INTO channel(id, type, unit, name, title, instrument, choices)"
			" VALUES(?1,?2,?3,?4,?5,?6,?7)",
	[SET_CHANNEL] = "UPDATE channel SET name = ?4, title = ?5, instrument = ?6, choices = ?7"
			" WHERE id = ?1 AND type = ?2 AND unit = ?3",
	[SET_PLACE] = "INSERT OR REPLACE INTO place VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6)",
	[DROP_OPEN] = "DELETE FROM open",
};

/* ---- statements ----------------------------------------------------------------------------------------------------------- */

static int
prepare(struct store *s, struct err *err)
{
	for (int i = 0; i < STORE_STATEMENTS; i++) {
		s->statements[i] = db_prepare(s->db, sql[i], err);
		if (s->statements[i] == NULL)
			return ERR_IO;
	}
	return 0;
}

static void
close_file(struct store *s)
{
	for (int i = 0; i < STORE_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	memset(s->statements, 0, sizeof(s->statements));
	db_close(s->db);
	s->db = NULL;
}

/* ---- channels in memory --------------------------------------------------------------------------------------------------- */

struct store_open *
store_at(struct store *s, uint32_t channel, enum value_type type)
{
	if (channel >= s->n) {
		uint32_t n = MAX(channel + 1, s->n + s->n / 2 + 16);

		s->at = mem_grow(s->at, n, sizeof(*s->at));
		memset(s->at + s->n, 0, (n - s->n) * sizeof(*s->at));
		s->n = n;
	}
	if (s->at[channel].chunk == NULL) {
		s->at[channel].chunk = chunk_open_new(type);
		s->at[channel].type = type;
	}
	return &s->at[channel];
}

void
store_forget_channels(struct store *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		chunk_open_free(s->at[i].chunk);
	free(s->at);
	s->at = NULL;
	s->n = 0;
}

/* ---- files ---------------------------------------------------------------------------------------------------------------- */

/* EXTRA: the journal of a file that is being made is gone for good before the first commit, whatever the power does. A persistent log: a reader of another user can open the file also when nobody writes to it. */
static int
set_up(struct store *s, struct err *err)
{
	int on = 1;

	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	return db_exec(s->db,
		"PRAGMA page_size=4096; PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL;"
		"PRAGMA cache_size=-512; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=1000;"
		"PRAGMA journal_size_limit=8388608",
		err);
}

static int
put_meta(struct store *s, const char *key, const char *value, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, "INSERT OR REPLACE INTO meta VALUES(?1, ?2)", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "tt", key, value);
	rc = db_run(st, err);
	sqlite3_finalize(st);
	return rc;
}

/* Numbers of boots, channels and runs, and the place, are those of the file before. */
static int
carry_over(struct store *s, const char *before, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, "ATTACH ?1 AS before", err);
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "t", before);
	rc = db_run(st, err);
	sqlite3_finalize(st);
	return rc;
}

#define CARRY                                                                                      \
	"INSERT INTO boot SELECT * FROM before.boot;"                                              \
	"INSERT INTO channel SELECT * FROM before.channel;"                                        \
	"INSERT OR REPLACE INTO place SELECT 1, boot, made, seq, recorded, 0, 0 FROM "             \
	"before.present;"                                                                          \
	"INSERT INTO meta SELECT 'last_event', max(coalesce(max(id), 0), coalesce((SELECT "        \
	"CAST(value AS INTEGER)"                                                                   \
	" FROM before.meta WHERE key = 'last_event'), 0)) FROM before.event;"                      \
	"INSERT INTO clock SELECT * FROM before.clock k WHERE k.t = (SELECT max(t) FROM "          \
	"before.clock m"                                                                           \
	" WHERE m.boot = k.boot AND m.good = k.good);"

/* The tables of an empty file, all of them or none. */
static int
fill_file(struct store *s, const char *before, int64_t wall_ns, struct err *err)
{
	char text[24];
	int rc;

	if (before != NULL && carry_over(s, before, err) < 0)
		return ERR_IO;
	rc = db_exec(s->db, "BEGIN IMMEDIATE", err);
	if (rc == 0)
		rc = db_exec(s->db, store_schema, err);
	if (rc == 0)
		rc = put_meta(s, "bench", s->bench, err);
	snprintf(text, sizeof(text), "%d", STORE_VERSION);
	if (rc == 0)
		rc = put_meta(s, "version", text, err);
	snprintf(text, sizeof(text), "%lld", (long long)wall_ns);
	if (rc == 0)
		rc = put_meta(s, "begun", text, err);
	if (rc == 0 && before != NULL)
		rc = db_exec(s->db, CARRY, err);
	if (rc == 0 && before != NULL)
		rc = store_carry_runs(s, err);
	if (rc == 0)
		rc = db_exec(s->db, "PRAGMA user_version=1; COMMIT", err);
	if (rc < 0)
		(void)!db_exec(s->db, "ROLLBACK", NULL);
	if (before != NULL && db_exec(s->db, "DETACH before", rc < 0 ? NULL : err) < 0)
		return ERR_IO;
	return rc;
}

/* Open file `name`; when it is new, or its making was cut off, it becomes the one behind `before` (NULL: there was none). */
static int
open_file(struct store *s, const char *name, const char *before, int64_t wall_ns, struct err *err)
{
	int64_t version;
	int rc;

	snprintf(s->path, sizeof(s->path), "%s/%s", s->dir, name);
	rc = db_open(&s->db, s->path, true, err);
	if (rc == 0)
		rc = set_up(s, err);
	if (rc == 0)
		rc = db_number(s->db, "PRAGMA user_version", 0, &version, err);
	if (rc == 0 && version == 0)
		rc = fill_file(s, before, wall_ns, err);
	else if (rc == 0 && version != STORE_VERSION)
		rc = err_set(err, ERR_CONF, 0,
			"'%s' was written by another version of mbc (%lld, this one writes %d); "
			"update mbc, or move the folder away",
			name, (long long)version, STORE_VERSION);
	if (rc == 0)
		rc = db_number(s->db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'begun'",
			wall_ns, &s->begun_wall_ns, err);
	if (rc == 0)
		rc = store_run_tables(s, err);
	if (rc == 0)
		rc = prepare(s, err);
	if (rc < 0)
		close_file(s);
	return rc;
}

static int
open_newest(struct store *s, int64_t wall_ns, struct err *err)
{
	struct history_file *list;
	char name[FILES_NAME_MAX], before[PATH_MAX] = "";
	int n = files_list(s->dir, &list, err);
	int64_t is_closed = 0;
	int rc;

	if (n < 0)
		return n;
	s->ordinal = n > 0 ? list[n - 1].ordinal : 1;
	if (n > 0)
		text_copy(name, sizeof(name), list[n - 1].name);
	else
		files_name(name, 1, wall_ns);
	if (n > 1)
		snprintf(before, sizeof(before), "%s/%s", s->dir, list[n - 2].name);
	free(list);
	rc = open_file(s, name, before[0] != '\0' ? before : NULL, wall_ns, err);
	if (rc == 0)
		rc = db_number(
			s->db, "SELECT 1 FROM meta WHERE key = 'closed'", 0, &is_closed, err);
	return rc < 0 || is_closed == 0 ? rc : store_next_file(s, wall_ns, err);
}

/* Its successor begins where it ends; it is left as one whole file, which nobody writes to any more. */
int
store_next_file(struct store *s, int64_t wall_ns, struct err *err)
{
	char name[FILES_NAME_MAX], before[PATH_MAX];

	if (s->db != NULL) {
		/* With a reader in it the log stays; it is read as well. */
		if (db_exec(s->db, "PRAGMA journal_mode=DELETE", NULL) < 0)
			log_info("history: %s is being read and keeps its log", s->path);
		close_file(s);
		s->ordinal++;
		memcpy(s->before, s->path, sizeof(s->before));
	}
	memcpy(before, s->before, sizeof(before));
	files_name(name, s->ordinal, wall_ns);
	if (open_file(s, name, before, wall_ns, err) < 0)
		return ERR_IO;
	s->is_closed = false;
	s->tail_no = s->dead = 0;
	return 0;
}

struct store *
store_open(const struct store_setup *setup, int64_t wall_ns, struct err *err)
{
	struct store *s = mem_zero(1, sizeof(*s));

	text_copy(s->dir, sizeof(s->dir), setup->dir);
	text_copy(s->bench, sizeof(s->bench), setup->bench);
	s->period_ns = setup->period_ns;
	s->file_max = setup->file_max;
	s->copies = setup->copies;
	series_init(&s->series, VALUE_FLOAT);
	s->coder = chunk_coder_new();
	s->tail = tail_new();
	if (open_newest(s, wall_ns, err) < 0 || store_load(s, err) < 0) {
		store_close(s);
		return NULL;
	}
	return s;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	close_file(s);
	store_forget_channels(s);
	series_done(&s->series);
	chunk_coder_free(s->coder);
	tail_free(s->tail);
	buf_done(&s->waiting);
	buf_done(&s->blob);
	free(s->moments);
	free(s->gaps);
	free(s->events);
	free(s);
}

/* ---- what is told to it --------------------------------------------------------------------------------------------------- */

void
store_place(const struct store *s, struct store_place *out)
{
	*out = s->place;
}

int64_t
store_recorded(const struct store *s)
{
	return s->recorded_ns;
}

const char *
store_file(const struct store *s)
{
	return s->path;
}

static const char *
type_text(enum value_type type)
{
	return type == VALUE_FLOAT32 ? "float32" : value_type_text(type);
}

enum value_type
store_type(const char *text)
{
	for (int t = 0; t < VALUE_TYPES; t++)
		if (strcmp(text, type_text((enum value_type)t)) == 0)
			return (enum value_type)t;
	return VALUE_FLOAT;
}

int
store_channels_begin(struct store *s, struct err *err)
{
	return s->db == NULL ? err_set(err, ERR_IO, 0, "no file is open")
			     : db_exec(s->db, "BEGIN IMMEDIATE", err);
}

static int
run_channel(struct store *s, enum store_statement which, const struct store_channel *ch,
	struct err *err)
{
	sqlite3_stmt *st = s->statements[which];

	db_bind(st, "itttttt", (int64_t)ch->id, type_text(ch->type), ch->unit, ch->name, ch->title,
		ch->instrument, ch->choices);
	return which == GET_CHANNEL ? db_row(st, err) : db_run(st, err);
}

int
store_channel(struct store *s, const struct store_channel *ch, uint32_t *out, struct err *err)
{
	sqlite3_stmt *get = s->statements[GET_CHANNEL];
	int rc = run_channel(s, GET_CHANNEL, ch, err);

	if (rc == 1) {
		bool is_same = sqlite3_column_int(get, 1) != 0;

		*out = (uint32_t)sqlite3_column_int64(get, 0);
		sqlite3_reset(get);
		rc = is_same ? 0 : run_channel(s, SET_CHANNEL, ch, err);
	} else if (rc == 0) {
		rc = run_channel(s, PUT_CHANNEL, ch, err);
		*out = (uint32_t)sqlite3_last_insert_rowid(s->db);
	}
	if (rc == 0)
		store_at(s, *out, ch->type);
	return rc;
}

int
store_channels_end(struct store *s, bool is_good, struct err *err)
{
	int rc = db_exec(s->db, is_good ? "COMMIT" : "ROLLBACK", err);

	if (rc < 0)
		(void)!db_exec(s->db, "ROLLBACK", NULL);
	return rc;
}

void
store_add(struct store *s, uint32_t channel, const struct sample *sample)
{
	struct store_open *open = &s->at[channel];

	if (tail_count(s->tail) == TAIL_SAMPLES_MAX)
		store_take_tail(s);
	tail_add(s->tail, channel, open->type, sample);
	chunk_open_add(open->chunk, s->coder, sample);
	open->is_dirty = true;
	s->is_due |= chunk_open_count(open->chunk) >= STORE_OPEN_MAX;
}

void
store_clock(struct store *s, int64_t t_ns, int64_t wall_ns, bool is_good)
{
	s->moments = mem_grow(s->moments, s->n_moments + 1, sizeof(*s->moments));
	s->moments[s->n_moments++] = (struct store_moment){ s->boot, t_ns, wall_ns, is_good };
}

void
store_event(struct store *s, const struct event *e, bool has_wall, int64_t wall_ns)
{
	if (s->n_events == STORE_EVENTS_MAX)
		return; /* its id is a hole then, and it is fetched when there is room again */
	s->events = mem_grow(s->events, s->n_events + 1, sizeof(*s->events));
	s->events[s->n_events++] = (struct store_event_row){ *e, wall_ns, has_wall };
	s->last_event = MAX(s->last_event, e->id);
}

uint64_t
store_last_event(const struct store *s)
{
	return s->last_event;
}

void
store_gap(struct store *s, const struct store_gap *gap)
{
	struct store_gap_row row = { .from_boot = gap->is_first     ? 0
						  : gap->from_place ? s->place_boot
								    : s->boot,
		.boot = s->boot,
		.from_ns = gap->from_ns,
		.to_ns = gap->to_ns,
		.missed = gap->missed };
	struct store_gap_row *last = s->n_gaps > 0 ? &s->gaps[s->n_gaps - 1] : NULL;

	text_copy(row.cause, sizeof(row.cause), gap->cause);
	if (last != NULL && last->from_boot == row.from_boot && last->from_ns == row.from_ns &&
		strcmp(last->cause, row.cause) == 0) {
		*last = row;
		return;
	}
	s->gaps = mem_grow(s->gaps, s->n_gaps + 1, sizeof(*s->gaps));
	s->gaps[s->n_gaps++] = row;
}

bool
store_is_due(const struct store *s)
{
	return s->is_due;
}

bool
store_is_full(const struct store *s)
{
	return s->waiting.n > STORE_WAITING_MAX;
}

int
store_forget(struct store *s, uint64_t *out_lost, struct err *err)
{
	struct buf none = { 0 };

	*out_lost = s->n_waiting + tail_count(s->tail);
	tail_take(s->tail, &none);
	buf_done(&none);
	buf_clear(&s->waiting);
	s->n_waiting = s->n_blobs = 0;
	return store_load(s, err);
}

int
store_drop(struct store *s, uint32_t id, int64_t wall_ns, struct err *err)
{
	int rc = s->db == NULL ? err_set(err, ERR_IO, 0, "no file is open") : 0;

	for (size_t i = 0; i < NELEM(keep_sql) && rc == 0; i++) {
		sqlite3_stmt *st = db_prepare(s->db, keep_sql[i], err);

		if (st == NULL)
			return ERR_IO;
		db_bind(st, "ii", (int64_t)id, wall_ns);
		rc = db_run(st, err);
		sqlite3_finalize(st);
	}
	return rc;
}
