/* db_given.h - a data base in a file that was opened before: for a process that may open nothing for writing, or not this one */
#ifndef HISTORY_DB_GIVEN_H
#define HISTORY_DB_GIVEN_H

#include "history/db.h"

/* Open the data base in `fd`, which stays the caller's and must be at least as long-lived; `name`: for messages, without '/'. To be read, it is one that
 * nobody writes to. is_writer: it is filled by one who throws it away when that fails; it has no journal, and nothing of it is synced. */
int db_given_open(
	sqlite3 **out, int fd, const char *name, bool is_writer, struct err *err) MUST_CHECK;

/* errno of the last writing that failed since db_given_open(); 0: none. */
int db_given_failure(void);

#endif
