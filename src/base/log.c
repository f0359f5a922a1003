/* log.c - lines on standard error
 *
 * A line leaves in one write(2), so lines of several processes that share the descriptor do not mix.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *log_who = "mbc";
static enum log_level log_max = LOG_LEVEL_INFO;

void
log_setup(const char *who, enum log_level level)
{
	log_who = who;
	log_max = level;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	static const char *const words[] = { "error: ", "warning: ", "", "debug: " };
	char line[600];
	va_list ap;
	int head, n;

	if (level > log_max)
		return;
	head = snprintf(line, sizeof(line), "%s: %s", log_who, words[level]);
	va_start(ap, fmt);
	n = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, fmt, ap);
	va_end(ap);
	n = MIN(head + n, (int)sizeof(line) - 2);
	for (int i = head; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
			line[i] = '?';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nobody reads our log: there is no place left to say so */
}
