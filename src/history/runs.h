/* runs.h - runs and notes in the store: begun, ended, written down
 *
 * Each order is a transaction of its own, on the disk when runs_do() returns 0. One whose request is known already is not done again: it is
 * answered as the first time; one of the same request that says something else is refused. At most one run is open; it stays so over ends of the bench and of the computer.
 */
#ifndef HISTORY_RUNS_H
#define HISTORY_RUNS_H

#include "history/store.h"
#include "msg/wire.h"

struct run_order {
	enum wire_run what;
	const char *request, *who;
	const char *text;   /* title, or note */
	const char *fields; /* RUN_START: an object of JSON */
	const char *bench;  /* RUN_START: text of the bench file, NUL at its end */
	uint32_t
		run; /* RUN_NOTE: to which, also one that has ended; 0: that which is open, or none */
	const char *boot_id;
	int64_t t_ns; /* of that boot */
};

/* *out_run: its number, 0 for a note outside of runs; out_title: WIRE_TITLE_MAX + 1 bytes. ERR_CONF: refused, "cause; remedy", sys 404: there is no such run; ERR_IO: nothing was done. */
int runs_do(struct store *s, const struct run_order *order, int64_t wall_ns, uint32_t *out_run,
	char *out_title, struct err *err) MUST_CHECK;
/* It has been copied; path: where to. */
int runs_copied(struct store *s, uint32_t run, const char *path, struct err *err) MUST_CHECK;
/* The oldest run that is to be copied, out of the files in `dir`; 0: none. */
int runs_to_copy(const char *dir, uint32_t *out, struct err *err) MUST_CHECK;
/* Is a run open, as far as the file that is open now tells? */
bool runs_is_open(struct store *s);

#endif
