/* watchdog.c - the hardware watchdog */
#include "supervise/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define AGAIN_NS (10 * NS_PER_S)

void
watchdog_init(struct watchdog *w)
{
	*w = (struct watchdog){ .fd = -1 };
}

void
watchdog_done(struct watchdog *w)
{
	if (w->fd >= 0) {
		if (write(w->fd, "V", 1) != 1)
			log_err("watchdog '%s': it cannot be disarmed: %s; it may restart this "
				"computer",
				w->device, strerror(errno));
		close(w->fd);
	}
	w->fd = -1;
}

void
watchdog_set(struct watchdog *w, const char *device, int64_t timeout_ns)
{
	if (strcmp(w->device, device) == 0 && w->timeout_ns == timeout_ns)
		return;
	watchdog_done(w);
	text_copy(w->device, sizeof(w->device), device);
	w->timeout_ns = timeout_ns;
	w->next_ns = 0;
	w->is_told = false;
}

/* Once, until it works again. */
static void
cannot(struct watchdog *w, const char *what)
{
	int sys = errno;

	if (!w->is_told)
		log_err("watchdog '%s': %s: %s; %s; it is tried again every 10 s", w->device, what,
			strerror(sys),
			sys == EBUSY ? "another program feeds it (systemd: RuntimeWatchdogSec=off)"
			: sys == EACCES ? "start mbc as root, or give its user the device"
			: sys == ENOENT
				? "load the driver of this computer's watchdog (softdog has no "
				  "hardware), or correct 'watchdog: device:'"
			: sys == ENOTTY ? "write the device of a watchdog, as /dev/watchdog, at "
					  "'watchdog: device:'"
					: "look at the device and its driver");
	w->is_told = true;
}

/* We may be root, and the bench file names the device: nothing is ever written to a file, a disk or another device. What
 * a link leads to counts. A FIFO, which nothing is lost in, stands in for a watchdog in tests. */
static bool
is_watchdog(int fd)
{
	struct watchdog_info info;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	if (S_ISFIFO(st.st_mode))
		return true;
	return S_ISCHR(st.st_mode) && ioctl(fd, WDIOC_GETSUPPORT, &info) == 0;
}

/* The FIFO of a test does not know the question; a driver may choose a time of its own. */
static int64_t
ask_timeout(const struct watchdog *w)
{
	int seconds = (int)(w->timeout_ns / NS_PER_S);

	if (ioctl(w->fd, WDIOC_SETTIMEOUT, &seconds) < 0) {
		if (errno != ENOTTY && errno != EINVAL)
			log_warn("watchdog '%s': it keeps its own timeout: %s", w->device,
				strerror(errno));
		if (ioctl(w->fd, WDIOC_GETTIMEOUT, &seconds) < 0)
			return w->timeout_ns;
	}
	return MIN(w->timeout_ns, MAX(seconds, 1) * NS_PER_S);
}

static int64_t
open_device(struct watchdog *w, int64_t now_ns)
{
	w->next_ns = now_ns + AGAIN_NS;
	w->fd = open(w->device, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (w->fd < 0) {
		cannot(w, "opening it");
		return w->next_ns;
	}
	if (!is_watchdog(w->fd)) {
		close(w->fd);
		w->fd = -1;
		errno = ENOTTY;
		cannot(w, "it is no watchdog");
		return w->next_ns;
	}
	w->is_told = false;
	w->every_ns = ask_timeout(w) / 3;
	w->next_ns = now_ns; /* it counts from its opening */
	log_info("watchdog '%s': armed", w->device);
	return w->next_ns;
}

int64_t
watchdog_step(struct watchdog *w, bool is_alive, int64_t now_ns)
{
	if (w->device[0] == '\0')
		return NEVER;
	if (now_ns < w->next_ns)
		return w->next_ns;
	if (w->fd < 0)
		return open_device(w, now_ns);
	w->next_ns = now_ns + w->every_ns;
	if (!is_alive || write(w->fd, "f", 1) == 1 || errno == EAGAIN)
		return w->next_ns;
	cannot(w, "feeding it");
	close(w->fd);
	w->fd = -1;
	w->next_ns = now_ns + AGAIN_NS;
	return w->next_ns;
}
