/* store_sequences.c - a run for each sequence, made of its events
 *
 * A run begins with the event of a START and ends with that of the end, in the transaction that stores these events, and each event is stored
 * once: so there is one run, whatever dies meanwhile. While a run of a person is open the sequence is a part of that one.
 *
 * What a sequence was is in `part`, a row each: its texts ("card", in `bench` by their hash), what it was told, who, and how it ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "history/runs.h"
#include "history/store_inside.h"

#define FORM_BYTES 8000 /* of what one was told, as JSON */

#define TABLES                                                                                     \
	"CREATE TABLE IF NOT EXISTS part(start INTEGER NOT NULL, boot INTEGER NOT NULL, t "        \
	"INTEGER NOT NULL, run INTEGER NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL, "        \
	"version INTEGER NOT NULL, card TEXT NOT NULL, who TEXT NOT NULL, params TEXT NOT NULL, "  \
	"meta TEXT NOT NULL, boot1 INTEGER, t1 INTEGER, how TEXT, PRIMARY KEY(start, boot, t));"   \
	"CREATE INDEX IF NOT EXISTS part_run ON part(run);"                                        \
	"CREATE TABLE IF NOT EXISTS copy(run INTEGER PRIMARY KEY, done INTEGER NOT NULL DEFAULT "  \
	"0, path TEXT NOT NULL DEFAULT '')"

/* A file of an earlier version gets them when it is opened. */
int
store_run_tables(struct store *s, struct err *err)
{
	int64_t n;
	int rc = db_number(s->db,
		"SELECT count(*) FROM sqlite_master WHERE name IN ('part', 'part_run', 'copy')", 0,
		&n, err);

	return rc < 0 || n == 3 ? rc : db_exec(s->db, TABLES, err);
}

/* ---- one statement -------------------------------------------------------------------------------------------------------- */

/* Run a statement with these values; *out_number (may be NULL): the first number of its first row, 0 when there is none. */
static int
run_sql(sqlite3_stmt *st, int64_t *out_number, struct err *err)
{
	int rc = db_row(st, err);

	if (out_number != NULL)
		*out_number = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

/* Which boot an event is of. One of a boot of which nothing was recorded gets a number, and what its clock said then. */
static int
boot_of(struct store *s, const struct store_event_row *row, int64_t *out, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, "SELECT boot FROM boot WHERE hash = ?1", err);
	char id[40];
	int rc;

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "i", (int64_t)row->e.boot);
	rc = run_sql(st, out, err);
	if (rc < 0 || *out != 0)
		return rc;
	snprintf(id, sizeof(id), "unknown-%016llx", (unsigned long long)row->e.boot);
	st = db_prepare(s->db,
		"INSERT INTO boot SELECT 1 + coalesce(max(boot), 0), ?1, ?2 FROM boot RETURNING "
		"boot",
		err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "ti", id, (int64_t)row->e.boot);
	rc = run_sql(st, out, err);
	if (rc < 0 || !row->has_wall)
		return rc;
	st = db_prepare(s->db, "INSERT OR REPLACE INTO clock VALUES(?1, ?2, ?3, 0)", err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "iii", *out, row->e.stamp_ns, row->wall_ns);
	return run_sql(st, NULL, err);
}

/* ---- texts ---------------------------------------------------------------------------------------------------------------- */

void
store_texts(struct store *s, const char *texts, size_t n)
{
	s->texts = n > 0 && texts[n - 1] == '\0' ? texts : NULL;
	s->n_texts = s->texts == NULL ? 0 : n;
}

/* The bench file is the first of the texts, then name and text of each card follow each other. */
static const char *
find_card(const struct store *s, const char *hash)
{
	const char *end = s->texts + s->n_texts, *at = s->texts;

	if (at == NULL)
		return NULL;
	at += strlen(at) + 1;
	while (at < end) {
		const char *text = at + strlen(at) + 1;

		if (text >= end)
			break;
		if (strcmp(at, hash) == 0)
			return text;
		at = text + strlen(text) + 1;
	}
	return NULL;
}

/* ---- START ---------------------------------------------------------------------------------------------------------------- */

static void
name_request(const struct event *e, char out[64])
{
	snprintf(out, 64, "sequence %llu %016llx", (unsigned long long)e->id,
		(unsigned long long)e->boot);
}

/* The run that is open, or a new one. */
static int
find_run(struct store *s, const struct event *e, int64_t boot, int64_t *out, struct err *err)
{
	const char *bench = s->texts == NULL ? "" : s->texts;
	char request[64], hash[24];
	sqlite3_stmt *st;
	int rc = db_number(s->db, "SELECT max(run) FROM run WHERE boot1 IS NULL", 0, out, err);

	if (rc < 0 || *out != 0)
		return rc;
	snprintf(
		hash, sizeof(hash), "%016llx", (unsigned long long)text_hash(bench, strlen(bench)));
	if (store_put_text(s, bench, hash, err) < 0)
		return ERR_IO;
	st = db_prepare(s->db,
		"INSERT INTO run(request, title, fields, who, boot0, t0, bench) "
		"VALUES(?1,?2,'{}',?3,?4,?5,?6) RETURNING run",
		err);
	if (st == NULL)
		return ERR_IO;
	name_request(e, request);
	db_bind(st, "tttiit", request, e->text, e->principal, boot, e->stamp_ns, hash);
	return run_sql(st, out, err);
}

static int end_part(
	struct store *s, const struct store_event_row *row, const char *how, struct err *err);

static int
begin_part(struct store *s, const struct store_event_row *row, struct err *err)
{
	const struct event *e = &row->e;
	bool has_card = e->n_values >= 3;
	char hash[24] = "";
	const char *card;
	sqlite3_stmt *st;
	int64_t boot, run;

	/* One at a time is under test: the end of one that seems to be is lost. */
	if (end_part(s, row, "unknown", err) < 0 || boot_of(s, row, &boot, err) < 0 ||
		find_run(s, e, boot, &run, err) < 0)
		return ERR_IO;
	if (has_card)
		snprintf(hash, sizeof(hash), "%08llx%08llx", (unsigned long long)e->values[1],
			(unsigned long long)e->values[2]);
	card = find_card(s, hash);
	if (card != NULL && store_put_text(s, card, hash, err) < 0)
		return ERR_IO;
	st = db_prepare(s->db,
		"INSERT OR IGNORE INTO part VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,'{}','{}',NULL,NULL,"
		"NULL)",
		err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "iiiittitt", (int64_t)e->id, boot, e->stamp_ns, run, e->subject, e->text,
		(int64_t)(has_card ? e->values[0] : 0), card == NULL ? "" : hash, e->principal);
	return run_sql(st, NULL, err);
}

/* ---- what it was told ----------------------------------------------------------------------------------------------------- */

#define ADD(column, where)                                                                         \
	"SET " column " = json_set(" column                                                        \
	", ?1, CASE WHEN ?3 THEN coalesce(json_extract(" column                                    \
	", ?1), '') || ', ' || ?2 ELSE ?2 END) WHERE " where " AND length(CAST(" column            \
	" AS BLOB)) + length(CAST(?2 AS BLOB)) + 80 < ?5"

static int
add_field(struct store *s, const char *sql, const char *path, const char *value, bool is_more,
	const char *of, int64_t most, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, sql, err);

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "ttiti", path, value, (int64_t)is_more, of, most);
	return run_sql(st, NULL, err);
}

/* "NAME = VALUE", "NAME += VALUE": both texts of the run are what it was told; that of the run itself only when it is the sequence's own. */
static int
tell_part(struct store *s, const struct event *e, struct err *err)
{
	size_t n = strcspn(e->text, " ");
	bool is_more = strncmp(e->text + n, " += ", 4) == 0;
	bool is_meta = e->n_values >= 1 && e->values[0] == 1;
	struct event start = { .id = e->cause, .boot = e->boot };
	char path[EVENT_TEXT + 8], of[64];
	const char *value = e->text + n + (is_more ? 4 : 3);

	if (strncmp(e->text + n, " = ", 3) != 0 && !is_more)
		return 0;
	snprintf(path, sizeof(path), "$.\"%.*s\"", (int)n, e->text);
	snprintf(of, sizeof(of), "%llu", (unsigned long long)e->cause);
	if (strchr(e->text, '"') != NULL && strchr(e->text, '"') < e->text + n)
		return 0;
	if (add_field(s,
		    is_meta ? "UPDATE part " ADD(
				      "meta", "start = CAST(?4 AS INTEGER) AND boot1 IS NULL")
			    : "UPDATE part " ADD(
				      "params", "start = CAST(?4 AS INTEGER) AND boot1 IS NULL"),
		    path, value, is_more, of, FORM_BYTES, err) < 0)
		return ERR_IO;
	name_request(&start, of);
	return add_field(s, "UPDATE run " ADD("fields", "request = ?4"), path, value, is_more, of,
		STORE_FIELDS_MAX, err);
}

/* ---- the end -------------------------------------------------------------------------------------------------------------- */

/* The run that it began; one that a person began goes on. */
static int
end_run(struct store *s, const struct event *start, const struct event *e, int64_t boot,
	struct err *err)
{
	char request[64], of[64];
	sqlite3_stmt *st;
	int64_t run;

	st = db_prepare(s->db,
		"UPDATE run SET request1 = ?1, who1 = ?2, boot1 = ?3, t1 = ?4 WHERE boot1 IS NULL "
		"AND request = ?5 RETURNING run",
		err);
	if (st == NULL)
		return ERR_IO;
	snprintf(request, sizeof(request), "sequence-end %llu %016llx", (unsigned long long)e->id,
		(unsigned long long)e->boot);
	name_request(start, of);
	db_bind(st, "ttiit", request, e->principal, boot, e->stamp_ns, of);
	if (run_sql(st, &run, err) < 0)
		return ERR_IO;
	return run == 0 ? 0 : store_queue_copy(s, run, err);
}

static int
end_part(struct store *s, const struct store_event_row *row, const char *how, struct err *err)
{
	struct event start = { .id = 0 };
	sqlite3_stmt *st;
	int64_t boot;

	st = db_prepare(s->db,
		"SELECT start, hash FROM part JOIN boot USING(boot) WHERE boot1 IS NULL", err);
	if (st == NULL)
		return ERR_IO;
	if (db_row(st, err) == 1) {
		start.id = (uint64_t)sqlite3_column_int64(st, 0);
		start.boot = (uint64_t)sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	if (start.id == 0)
		return 0;
	if (boot_of(s, row, &boot, err) < 0)
		return ERR_IO;
	st = db_prepare(
		s->db, "UPDATE part SET boot1 = ?1, t1 = ?2, how = ?3 WHERE boot1 IS NULL", err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "iit", boot, row->e.stamp_ns, how);
	if (run_sql(st, NULL, err) < 0)
		return ERR_IO;
	return end_run(s, &start, &row->e, boot, err);
}

static bool
is_end(const struct event *e)
{
	static const char *const words[] = { "complete", "stopped", "aborted" };

	for (size_t i = 0; i < NELEM(words); i++)
		if (strcmp(e->text, words[i]) == 0)
			return true;
	return false;
}

/* The controller tells so of one that it could not go on with after a restart: nobody's, and without a name. */
static bool
is_given_up(const struct event *e)
{
	return e->kind == EVENT_SEQUENCE_ABORTED && e->principal[0] == '\0' &&
	       strcmp(e->subject, "sequence") == 0;
}

bool
store_is_of_run(const struct event *e)
{
	return e->kind == EVENT_SEQUENCE_STARTED || e->kind == EVENT_SEQUENCE_FORM ||
	       (e->kind == EVENT_SEQUENCE_STATE && is_end(e)) || is_given_up(e);
}

int
store_run_event(struct store *s, const struct store_event_row *row, struct err *err)
{
	const struct event *e = &row->e;

	if (e->kind == EVENT_SEQUENCE_STARTED)
		return begin_part(s, row, err);
	if (e->kind == EVENT_SEQUENCE_FORM)
		return tell_part(s, e, err);
	return end_part(s, row, is_given_up(e) ? "aborted" : e->text, err);
}

/* ---- copies --------------------------------------------------------------------------------------------------------------- */

void
store_copies(struct store *s, bool are_made)
{
	s->copies = are_made;
}

int
runs_copied(struct store *s, uint32_t run, const char *path, struct err *err)
{
	sqlite3_stmt *st =
		s->db == NULL ? NULL
			      : db_prepare(s->db,
					"UPDATE copy SET done = 1, path = ?2 WHERE run = ?1", err);

	if (st == NULL)
		return ERR_IO;
	db_bind(st, "it", (int64_t)run, path);
	return run_sql(st, NULL, err);
}

/* ---- the next file --------------------------------------------------------------------------------------------------------- */

int
store_carry_parts(struct store *s, struct err *err)
{
	int64_t n;
	int rc = db_number(s->db,
		"SELECT count(*) FROM before.sqlite_master WHERE name IN ('part', 'copy')", 0, &n,
		err);

	if (rc == 0)
		rc = db_exec(s->db, TABLES, err);
	return rc < 0 || n < 2
		       ? rc
		       : db_exec(s->db,
				 "INSERT INTO part SELECT * FROM before.part WHERE run IN (SELECT "
				 "run FROM run);"
				 "INSERT INTO copy SELECT * FROM before.copy WHERE run IN (SELECT "
				 "run FROM run)",
				 err);
}
