/* store_runs.c - runs and notes, into the newest file
 *
 * The text of a bench file stands once for all runs that had it. A new file takes over the newest runs, as many as leave it most of its room,
 * and one always: so numbers only grow, and one that is open goes on. Notes stay in the file of their time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/runs.h"
#include "history/store_inside.h"

#define LEVEL 9 /* of zstd: a text of some KB, once for each change of the bench file */

#define CARRY_BYTES (16u << 20) /* of runs, and of bench files, where a file has no limit */

/* ---- small ---------------------------------------------------------------------------------------------------------------- */

struct open_run {
	uint32_t run; /* 0: none */
	char title[WIRE_TITLE_MAX + 1];
};

/* The first row of a statement with ?1: number and title; 0 when there is none. */
static int
find(struct store *s, const char *sql, const char *text, struct open_run *out, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, sql, err);
	int rc;

	*out = (struct open_run){ 0 };
	if (st == NULL)
		return ERR_IO;
	if (text != NULL)
		db_bind(st, "t", text);
	rc = db_row(st, err);
	if (rc == 1) {
		out->run = (uint32_t)sqlite3_column_int64(st, 0);
		text_copy(out->title, sizeof(out->title), db_text(st, 1));
	}
	sqlite3_finalize(st);
	return rc;
}

static int
find_open(struct store *s, struct open_run *out, struct err *err)
{
	return find(s, "SELECT run, title FROM run WHERE boot1 IS NULL ORDER BY run DESC LIMIT 1",
		NULL, out, err);
}

#define OF_START "SELECT run, title FROM run WHERE request = ?1"
#define OF_STOP "SELECT run, title FROM run WHERE request1 = ?1"
#define OF_NOTE                                                                                    \
	"SELECT coalesce(n.run, 0), coalesce(title, '') FROM note n LEFT JOIN run r ON r.run = "   \
	"n.run WHERE n.request = ?1"

/* Was it done before? 1: as in *out. */
static int
find_request(struct store *s, const struct run_order *o, struct open_run *out, struct err *err)
{
	static const char *const sql[] = {
		[RUN_START] = OF_START, [RUN_STOP] = OF_STOP, [RUN_NOTE] = OF_NOTE
	};

	return find(s, sql[o->what], o->request, out, err);
}

/* Is what was done under this request what is asked now? Else somebody would believe that a text was kept which is not. */
static int
check_same(struct store *s, const struct run_order *o, struct err *err)
{
	static const char *const sql[] = { [RUN_START] = "SELECT 1 FROM run WHERE request = ?1 AND "
							 "title = ?2 AND ?3 = 0",
		[RUN_NOTE] = "SELECT 1 FROM note WHERE request = ?1 AND text = ?2 AND (?3 = 0 OR "
			     "run = ?3)" };
	sqlite3_stmt *st;
	int rc;

	if (o->what == RUN_STOP)
		return 0;
	st = db_prepare(s->db, sql[o->what], err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "tti", o->request, o->text, (int64_t)o->run);
	rc = db_row(st, err);
	sqlite3_finalize(st);
	return rc != 0 ? MIN(rc, 0)
		       : err_set(err, ERR_CONF, 0,
				 "another %s was written under this id; give each an id of its own",
				 o->what == RUN_NOTE ? "note" : "run");
}

/* ---- orders --------------------------------------------------------------------------------------------------------------- */

int
store_put_text(struct store *s, const char *text, const char *hash, struct err *err)
{
	sqlite3_stmt *st =
		db_prepare(s->db, "INSERT OR IGNORE INTO bench(hash, text) VALUES(?1, ?2)", err);
	size_t n = strlen(text), room = ZSTD_compressBound(n), used;
	void *bytes;
	int rc;

	if (st == NULL)
		return ERR_IO;
	bytes = mem_zero(room, 1);
	used = ZSTD_compress(bytes, room, text, n, LEVEL);
	if (ZSTD_isError(used)) {
		rc = err_set(err, ERR_IO, 0, "packing the bench file: %s", ZSTD_getErrorName(used));
	} else {
		db_bind(st, "tb", hash, (const void *)bytes, used);
		rc = db_run(st, err);
	}
	sqlite3_finalize(st);
	free(bytes);
	return rc;
}

static int
start(struct store *s, const struct run_order *o, struct open_run *run, struct err *err)
{
	char hash[24];
	sqlite3_stmt *st;
	int rc = find_open(s, run, err);

	if (rc < 0)
		return rc;
	if (rc == 1)
		return err_set(err, ERR_CONF, 0,
			"run %u%s%.60s%s is open; end it first with 'mbc record stop'", run->run,
			run->title[0] != '\0' ? " '" : "", run->title,
			run->title[0] != '\0' ? "'" : "");
	snprintf(hash, sizeof(hash), "%016llx",
		(unsigned long long)text_hash(o->bench, strlen(o->bench)));
	if (store_put_text(s, o->bench, hash, err) < 0)
		return ERR_IO;
	st = db_prepare(s->db,
		"INSERT INTO run(request, title, fields, who, boot0, t0, bench) "
		"VALUES(?1,?2,?3,?4,?5,?6,?7)",
		err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "ttttiit", o->request, o->text, o->fields, o->who, (int64_t)s->boot, o->t_ns,
		hash);
	rc = db_run(st, err);
	sqlite3_finalize(st);
	run->run = (uint32_t)sqlite3_last_insert_rowid(s->db);
	text_copy(run->title, sizeof(run->title), o->text);
	return rc;
}

static int
stop(struct store *s, const struct run_order *o, struct open_run *run, struct err *err)
{
	sqlite3_stmt *st;
	int rc = find_open(s, run, err);

	if (rc == 0)
		return err_set(err, ERR_CONF, 0,
			"no run is open; 'mbc record start' begins one, 'mbc record list' shows "
			"those that were");
	if (rc < 0)
		return rc;
	st = db_prepare(s->db,
		"UPDATE run SET request1 = ?1, who1 = ?2, boot1 = ?3, t1 = ?4 WHERE run = ?5", err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "ttiii", o->request, o->who, (int64_t)s->boot, o->t_ns, (int64_t)run->run);
	rc = db_run(st, err);
	sqlite3_finalize(st);
	return rc < 0 ? rc : store_queue_copy(s, run->run, err);
}

/* One that has ended is to be copied, where the bench has that. */
int
store_queue_copy(struct store *s, int64_t run, struct err *err)
{
	sqlite3_stmt *st =
		s->copies ? db_prepare(s->db, "INSERT OR IGNORE INTO copy(run) VALUES(?1)", err)
			  : NULL;
	int rc;

	if (st == NULL)
		return s->copies ? ERR_IO : 0;
	db_bind(st, "i", run);
	rc = db_run(st, err);
	sqlite3_finalize(st);
	return rc;
}

/* One that has ended may be noted as long as it is listed: the newest file has all of these. */
static int
find_run(struct store *s, uint32_t number, struct open_run *out, struct err *err)
{
	char text[16];
	int rc;

	snprintf(text, sizeof(text), "%u", number);
	rc = find(s, "SELECT run, title FROM run WHERE run = CAST(?1 AS INTEGER)", text, out, err);
	return rc != 0 ? MIN(rc, 0)
		       : err_set(err, ERR_CONF, 404,
				 "there is no run %u; 'mbc record list' shows those that are",
				 number);
}

static int
note(struct store *s, const struct run_order *o, struct open_run *run, struct err *err)
{
	sqlite3_stmt *st;
	int rc = o->run > 0 ? find_run(s, o->run, run, err) : find_open(s, run, err);

	if (rc < 0)
		return rc;
	st = db_prepare(s->db,
		"INSERT INTO note(request, run, boot, t, who, text) "
		"VALUES(?1, nullif(?2, 0), ?3, ?4, ?5, ?6)",
		err);
	if (st == NULL)
		return ERR_IO;
	db_bind(st, "tiiitt", o->request, (int64_t)run->run, (int64_t)s->boot, o->t_ns, o->who,
		o->text);
	rc = db_run(st, err);
	sqlite3_finalize(st);
	return rc;
}

static int
transact(struct store *s, const struct run_order *o, struct open_run *run, struct err *err)
{
	static int (*const orders[])(struct store * s, const struct run_order *o,
		struct open_run *run,
		struct err *err) = { [RUN_START] = start, [RUN_STOP] = stop, [RUN_NOTE] = note };
	int rc = db_exec(s->db, "BEGIN IMMEDIATE", err);

	if (rc < 0)
		return rc;
	rc = find_request(s, o, run, err);
	if (rc == 1)
		rc = check_same(s, o, err);
	else if (rc == 0)
		rc = orders[o->what](s, o, run, err);
	if (rc >= 0)
		rc = db_exec(s->db, "COMMIT", err);
	if (rc < 0)
		(void)!db_exec(s->db, "ROLLBACK", NULL);
	return rc;
}

int
runs_do(struct store *s, const struct run_order *order, int64_t wall_ns, uint32_t *out_run,
	char *out_title, struct err *err)
{
	struct open_run run;
	int rc;

	if ((s->db == NULL || s->is_closed) && store_next_file(s, wall_ns, err) < 0)
		return ERR_IO;
	rc = store_boot(s, order->boot_id, err);
	if (rc == 0)
		rc = transact(s, order, &run, err);
	if (rc < 0)
		return rc;
	*out_run = run.run;
	text_copy(out_title, WIRE_TITLE_MAX + 1, run.title);
	return 0;
}

bool
runs_is_open(struct store *s)
{
	struct open_run run;

	return s->db != NULL && find_open(s, &run, NULL) == 1;
}

/* ---- the next file --------------------------------------------------------------------------------------------------------- */

#define CARRY_RUNS                                                                                 \
	"INSERT INTO run SELECT r.* FROM before.run r JOIN (SELECT run, sum(length(fields) + "     \
	"length(title) + 200) OVER (ORDER BY run DESC ROWS UNBOUNDED PRECEDING) AS bytes FROM "    \
	"before.run) USING(run) WHERE bytes <= ?1 OR run = (SELECT max(run) FROM before.run)"

/* Those of the runs that were taken over, the newest always. */
#define CARRY_BENCHES                                                                              \
	"INSERT INTO bench SELECT b.* FROM before.bench b JOIN (SELECT hash, sum(length(text)) "   \
	"OVER (ORDER BY last DESC ROWS UNBOUNDED PRECEDING) - length(text) AS bytes FROM "         \
	"before.bench JOIN (SELECT hash, max(run) AS last FROM (SELECT bench AS hash, run FROM "   \
	"run UNION ALL SELECT card, run FROM part) GROUP BY hash) "                                \
	"USING(hash)) USING(hash) WHERE bytes <= ?1"

int
store_carry_runs(struct store *s, struct err *err)
{
	static const char *const sql[] = { CARRY_RUNS, CARRY_BENCHES };
	int64_t most = s->file_max > 0 ? (int64_t)(s->file_max / 8) : (int64_t)CARRY_BYTES;
	int rc = 0;

	for (size_t i = 0; i < NELEM(sql) && rc == 0; i++) {
		sqlite3_stmt *st;

		if (i == 1 && store_carry_parts(s, err) < 0)
			return ERR_IO;
		st = db_prepare(s->db, sql[i], err);

		if (st == NULL)
			return ERR_IO;
		db_bind(st, "i", most);
		rc = db_run(st, err);
		sqlite3_finalize(st);
	}
	return rc;
}
