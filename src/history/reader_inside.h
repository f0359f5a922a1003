/* reader_inside.h - what the files of the reader share */
#ifndef HISTORY_READER_INSIDE_H
#define HISTORY_READER_INSIDE_H

#include "history/db.h"
#include "history/files.h"
#include "history/reader.h"
#include "history/tail.h"

struct reader_moment {
	uint32_t boot;
	bool is_good;
	int64_t t_ns, wall_ns;
};

struct reader_file {
	uint32_t ordinal;
	char name[FILES_NAME_MAX];
	sqlite3 *db;                   /* NULL: not opened yet */
	struct reader_moment *moments; /* as they stand in it; owned */
	size_t n_moments;
	bool has_moments; /* and will have no more: only the newest file is written to */
	/* Of an import: its boot, and the wall times of its first and its last value. */
	uint32_t boot;
	int64_t first_ns, last_ns;
};

struct reader {
	const char *dir;
	struct reader_file *files; /* oldest first */
	size_t n_files;
	struct reader_file *imports; /* in the order in which they were imported */
	size_t n_imports;
	struct reader_moment *
		moments; /* of all files, by boot and time; of a boot that has some that were synchronised only those */
	size_t n_moments;
	uint32_t *boots; /* in their order */
	size_t n_boots;
	bool has_place;
	uint32_t place_boot;
	int64_t recorded_ns;
	struct chunk_coder *coder;
	struct tail *tail;
};

sqlite3 *reader_db(struct reader *r, size_t file, struct err *err);
sqlite3 *reader_file_db(struct reader *r, struct reader_file *f, struct err *err);
/* The number of a channel in an import; 0: it is not there. A channel with a number of the recorder's is found by it, or else by its name: it may
 * have been imported before there was one to record. */
int reader_import_channel(
	sqlite3 *db, const struct reader_channel *ch, int64_t *out, struct err *err) MUST_CHECK;
enum value_type reader_type(const char *text);

/* reader_imports.c: which there are now */
int reader_list_imports(struct reader *r, struct err *err) MUST_CHECK;

/* Smallest and largest offset of wall time in a boot; false: nothing is known about it. */
bool reader_offsets(const struct reader *r, uint32_t boot, int64_t *out_least, int64_t *out_most);

/* Columns: boot0, t0, boot1, t1, cause, missed. */
void reader_take_gap(const struct reader *r, sqlite3_stmt *st, struct reader_gap *out);
/* Columns: rowid, wall, data. False: it is of a newer version. */
bool reader_take_event(
	struct reader *r, sqlite3 *db, sqlite3_stmt *st, uint32_t file, struct reader_event *out);

#endif
