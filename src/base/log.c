/* log.c - lines on standard error
 *
 * A line leaves in one write(2), so lines of several processes that share the descriptor do not mix. How a process that
 * may not wait (log_never_wait) writes it depends on what standard error is:
 *
 *	pipe, terminal   through a descriptor of our own, opened again with O_NONBLOCK: set on the shared one, it would hold
 *	                 for everybody. Where that is forbidden (the pipe is another user's), through the shared one, when
 *	                 poll() says that there is room: then only a neighbour who takes the room first can make us wait
 *	socket           with MSG_DONTWAIT; it cannot be opened again, and need not be
 *	file             as it is: nobody reads it, so nobody can stop it. One that is opened again would have a place of
 *	                 its own, and what we and those who share ours write would overwrite each other
 */
#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mask.h"

static const char *log_who = "mbc";
static enum log_level log_max = LOG_LEVEL_INFO;
static int log_fd = STDERR_FILENO;
static bool log_sends; /* standard error is a socket: the journal's */
static bool log_polls; /* it would make us wait, and cannot be opened again */
static unsigned log_lost;

void
log_setup(const char *who, enum log_level level)
{
	log_who = who;
	log_max = level;
}

void
log_never_wait(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL), fd;
	struct stat st;

	/* What a supervisor handed us does not wait already, and may belong to a user who lets nobody else open it. */
	if (fstat(STDERR_FILENO, &st) < 0 || (flags >= 0 && flags & O_NONBLOCK))
		return;
	log_sends = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		log_fd = fd;
	else
		log_polls = true;
}

int
log_descriptor(void)
{
	return log_fd;
}

/* A pipe or terminal that poll() calls writable takes a line of ours whole. */
static bool
has_room(void)
{
	struct pollfd p = { .fd = log_fd, .events = POLLOUT };

	return !log_polls || poll(&p, 1, 0) == 1;
}

static bool
put_bytes(const char *bytes, size_t n)
{
	ssize_t done;

	if (!has_room())
		return false;
	done = log_sends ? send(log_fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
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
	n = head + (int)mask_named(line + head, (size_t)(n - head));
	line[n++] = '\n';
	put_line(line, (size_t)n);
}
