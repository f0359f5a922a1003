/* db_copy.h - a data base that somebody writes to, copied as it is at one moment */
#ifndef HISTORY_DB_COPY_H
#define HISTORY_DB_COPY_H

#include "history/db.h"

struct db_copy_rule {
	int pages;        /* of one step */
	int restarts;     /* after so many the rest of the way is gone in one transaction */
	uint64_t log_max; /* bytes by which the source's log may grow during that one */
	void (*between)(void *ctx); /* after each step; NULL: nothing */
	void *ctx;
};

struct db_copied {
	int restarts;
	bool was_held;  /* the last pass was one transaction */
	int target_sys; /* errno of the target, when it was that which failed; 0: the source */
};

/* Copy what is in `from` into `fd`, which `name` is for messages; what was in it goes. The copy is a file that needs no log. */
int db_copy(sqlite3 *from, int fd, const char *name, const struct db_copy_rule *rule,
	struct db_copied *out, struct err *err) MUST_CHECK;

#endif
