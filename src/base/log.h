/* log.h - one line per event on standard error, subject first
 *
 *	link 'bench1': down: no reply in 500 ms, next try in 2 s
 *
 * Thread-safe: a line is one write. Control characters that came from outside are shown as '?'.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/defs.h"

enum log_level { LOG_LEVEL_ERR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set the word that opens each line ("control"; kept by reference) and the highest level that is written. */
void log_setup(const char *who, enum log_level level);

/* From here on a line that nobody takes at once (a full pipe, a stopped terminal) is lost and counted instead of waited
 * for; the next one that gets through tells how many. For those that wait for nobody: the controller's tick, the
 * supervisor. A pipe or terminal of another user can make it wait while several write into it at once (log.c). */
void log_never_wait(void);

/* Where the lines go: what a child gets as its standard error so that it never waits either. */
int log_descriptor(void);

void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_err(...) log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
