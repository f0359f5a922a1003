/* notify.c - telling the service manager */
#include "supervise/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

/* A path, or with '@' in front a name that is in no folder. */
static bool
set_address(struct notify *n, const char *name)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(n->to.sun_path))
		return false;
	n->to.sun_family = AF_UNIX;
	memcpy(n->to.sun_path, name, len + 1);
	if (name[0] == '@')
		n->to.sun_path[0] = '\0';
	n->to_size = (unsigned)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
	return true;
}

/* Its watchdog is meant for one process: not for us when we were started by that one. */
static int64_t
watchdog_ns(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	int64_t us, who;

	if (usec == NULL || !text_to_int(usec, &us) || us <= 0 || us > INT64_MAX / 1000)
		return 0;
	if (pid != NULL && (!text_to_int(pid, &who) || who != getpid()))
		return 0;
	return us * 1000;
}

void
notify_open(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .fd = -1 };
	if (name != NULL && set_address(n, name))
		n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (name != NULL && n->fd < 0)
		log_warn("service manager: '%s' is no socket that it can be told at; it will hear "
			 "nothing",
			name);
	n->every_ns = watchdog_ns() / 2;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
notify_done(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

void
notify_tell(const struct notify *n, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int len;

	if (n->fd < 0)
		return;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (sendto(n->fd, text, MIN((size_t)len, sizeof(text) - 1), MSG_DONTWAIT | MSG_NOSIGNAL,
		    (const struct sockaddr *)&n->to, n->to_size) < 0)
		log_debug("service manager: does not listen");
}

int64_t
notify_beat(struct notify *n, bool is_alive, int64_t now_ns)
{
	if (n->fd < 0 || n->every_ns == 0)
		return NEVER;
	if (now_ns < n->next_ns)
		return n->next_ns;
	if (is_alive)
		notify_tell(n, "WATCHDOG=1");
	n->next_ns = now_ns + n->every_ns;
	return n->next_ns;
}
