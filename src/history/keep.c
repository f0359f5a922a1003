/* keep.c - what is too old, or too much, goes */
#include "history/keep.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "history/db.h"
#include "history/files.h"

/* Wall time of a chunk's end by the last clock record of its boot that is worth something. The last chunk of the file that is written to stays: its number would be given once more, and
 * who carries the chunks elsewhere by their numbers (drain.h) would take the next one for one that it had. */
#define OLD_SPANS                                                                                  \
	"FROM span WHERE channel IN (SELECT channel FROM channel WHERE id = ?1) AND"               \
	" (chunk < (SELECT max(chunk) FROM chunk) OR EXISTS(SELECT 1 FROM meta WHERE key = "       \
	"'closed')) AND"                                                                           \
	" t1 + coalesce((SELECT wall FROM clock k WHERE k.boot = span.boot ORDER BY good DESC, t " \
	"DESC LIMIT 1), 0) < ?2"

const char *const keep_sql[2] = { "DELETE FROM chunk WHERE chunk IN (SELECT chunk " OLD_SPANS ")",
	"DELETE " OLD_SPANS };

/* When a file was begun: then the one before it was left. */
static int
begun_at(const char *dir, const struct history_file *f, int64_t *out, struct err *err)
{
	char path[PATH_MAX];
	sqlite3 *db;
	int rc;

	snprintf(path, sizeof(path), "%s/%s", dir, f->name);
	rc = db_open(&db, path, false, err);
	if (rc == 0)
		rc = db_number(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'begun'",
			INT64_MAX, out, err);
	db_close(db);
	return rc;
}

int
keep_files(const char *dir, const struct keep_rule *rule, int64_t wall_ns, uint64_t *out_bytes,
	struct err *err)
{
	struct history_file *list;
	int n = files_list(dir, &list, err), gone = 0;
	uint64_t bytes = 0;
	int rc = 0;

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		bytes += list[i].bytes;
	for (int i = 0; i + 1 < n && rc == 0; i++) {
		bool waits = rule->is_carried && list[i].ordinal >= rule->carried;
		int64_t left_ns = INT64_MAX;

		if (rule->keep_ns > 0)
			rc = begun_at(dir, &list[i + 1], &left_ns, err);
		if (rc < 0 || (!(rule->size > 0 && bytes > rule->size) &&
				      !(rule->keep_ns > 0 && !waits &&
					      left_ns < wall_ns - rule->keep_ns)))
			break;
		rc = files_remove(dir, &list[i], err);
		if (rc < 0)
			break;
		log_info("history: %s is removed: it is %s", list[i].name,
			rule->size > 0 && bytes > rule->size ? "more than 'size' allows"
							     : "older than 'keep'");
		if (waits)
			log_warn(
				"history: %s had not been carried to the other store yet: what was "
				"left of "
				"it is lost there; give 'size' more room, or bring the server back",
				list[i].name);
		bytes -= list[i].bytes;
		gone++;
	}
	free(list);
	*out_bytes = bytes;
	return rc < 0 ? rc : gone;
}

static int
clean_file(const char *path, uint32_t id, int64_t oldest_ns, struct err *err)
{
	int64_t pages = 0, unused = 0;
	sqlite3 *db;
	int rc = db_open(&db, path, true, err), changed = 0;

	for (size_t i = 0; i < NELEM(keep_sql) && rc == 0; i++) {
		sqlite3_stmt *st = db_prepare(db, keep_sql[i], err);

		if (st == NULL) {
			rc = ERR_IO;
			break;
		}
		db_bind(st, "ii", (int64_t)id, oldest_ns);
		rc = db_run(st, err);
		changed += sqlite3_changes(db);
		sqlite3_finalize(st);
	}
	if (rc == 0 && changed > 0)
		rc = db_number(db, "PRAGMA page_count", 0, &pages, err);
	if (rc == 0 && changed > 0)
		rc = db_number(db, "PRAGMA freelist_count", 0, &unused, err);
	if (rc == 0 && unused * 2 > pages)
		rc = db_exec(db, "VACUUM", err);
	db_close(db);
	return rc;
}

int
keep_channel(const char *dir, const char *newest, uint32_t id, int64_t keep_ns, int64_t wall_ns,
	struct err *err)
{
	struct history_file *list;
	int n = files_list(dir, &list, err), rc = 0;
	char path[PATH_MAX];

	for (int i = 0; i < n && rc == 0; i++) {
		if (strcmp(list[i].name, newest) == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, list[i].name);
		rc = clean_file(path, id, wall_ns - keep_ns, err);
	}
	free(list);
	return n < 0 ? n : rc;
}
