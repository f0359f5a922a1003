/* place.h - where things are: our other programs, sockets of running benches, state */
#ifndef IO_PLACE_H
#define IO_PLACE_H

#include "base/err.h"

#define PLACE_MAX 256

/* A file in a bench's folder of state while 'mbc restore' gives it its name; no bench starts with it. */
#define PLACE_RESTORING "restoring"

/* Path of the program "mbc-<name>": beside this executable, else in <prefix>/libexec/mbc. out: PLACE_MAX bytes. */
int place_program(char *out, const char *name, struct err *err) MUST_CHECK;

/* Folder of the sockets of running benches, made if needed with mode 0700: $MBC_RUN_DIR, else /run/mbc for root, else
 * $XDG_RUNTIME_DIR/mbc, else /tmp/mbc-<uid> (refused when it belongs to somebody else). */
int place_run_dir(char *out, struct err *err) MUST_CHECK;

/* "<run dir>/<bench>.sock" */
int place_socket(char *out, const char *bench, struct err *err) MUST_CHECK;

/* "<run dir>/<bench>.twin": of the simulated instruments of a bench. */
int place_twin(char *out, const char *bench, struct err *err) MUST_CHECK;

/* The only running bench's name; ERR_CONF with a list when there are none or several, and their number in err->sys. */
int place_only_bench(char *out, size_t cap, struct err *err) MUST_CHECK;

/* The path of the same folder as below, which is not made: it may not be there. */
int place_state_path(char *out, const char *bench, struct err *err) MUST_CHECK;

/* Folder for what a bench remembers, made if needed with mode 0700: $MBC_STATE_DIR/<bench>, else /var/lib/mbc/<bench> for
 * root, else $XDG_STATE_HOME/mbc/<bench>, else ~/.local/state/mbc/<bench>. */
int place_state_dir(char *out, const char *bench, struct err *err) MUST_CHECK;

/* The only bench of this user that has a journal, running or not; ERR_CONF with a list when there are none or several. */
int place_only_journal(char *out, size_t cap, struct err *err) MUST_CHECK;

#endif
