/* log.c - lines on standard error
 *
 * A line leaves in one write(2), so lines of several processes that share the descriptor do not mix.
 */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *log_who = "mbc";
static enum log_level log_max = LOG_LEVEL_INFO;
static int log_fd = STDERR_FILENO;
static bool log_sends; /* standard error is a socket: the journal's */
static unsigned log_lost;

void
log_setup(const char *who, enum log_level level)
{
	log_who = who;
	log_max = level;
}

/* A descriptor of our own on the same pipe, file or terminal: O_NONBLOCK on the shared one would be set for everybody. One
 * that a supervisor handed us is that already, and its file may belong to a user who lets nobody else open it. */
void
log_never_wait(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL), fd;
	struct stat st;

	if (flags >= 0 && flags & O_NONBLOCK)
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		log_fd = fd;
	else /* a socket cannot be opened again, and need not be */
		log_sends = fstat(STDERR_FILENO, &st) == 0 && S_ISSOCK(st.st_mode);
}

int
log_descriptor(void)
{
	return log_fd;
}

static bool
put_bytes(const char *bytes, size_t n)
{
	ssize_t done = log_sends ? send(log_fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
				 : write(log_fd, bytes, n);

	return done == (ssize_t)n;
}

static void
put_line(const char *line, size_t n)
{
	char lost[80];
	int n_lost;

	if (log_lost > 0) {
		n_lost = snprintf(lost, sizeof(lost),
			"%s: %u lines of this log were lost: nobody read them\n", log_who,
			log_lost);
		if (!put_bytes(lost, (size_t)n_lost)) {
			log_lost++;
			return;
		}
		log_lost = 0;
	}
	if (!put_bytes(line, n))
		log_lost++;
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
	put_line(line, (size_t)n);
}
