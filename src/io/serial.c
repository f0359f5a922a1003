/* serial.c - serial ports of this computer
 *
 * termios2 with BOTHER sets any speed; the C library's termios.h knows only a list, so the kernel's own header is used here
 * and nowhere else. Source: Linux, Documentation/driver-api/serial and asm-generic/termbits.h.
 */
#include "io/serial.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BAUD_OFF 3 /* percent: a character of 11 bits still ends in its last bit */
#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST 143
#define PARENTS_MAX 6 /* from a tty up to its USB device */

/* ---- finding -------------------------------------------------------------------------------------------------------- */

/* The n-th of those that fit, taken around. */
static int
find_pattern(const char *pattern, unsigned nth, char *out, struct err *err)
{
	glob_t found;
	int rc = ERR_IO;

	if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0) {
		snprintf(out, SERIAL_PATH_MAX, "%s", found.gl_pathv[nth % found.gl_pathc]);
		rc = 0;
	} else {
		err_set(err, ERR_IO, ENOENT, "no port '%s'; is the adapter plugged in?", pattern);
	}
	globfree(&found);
	return rc;
}

static bool
reads(const char *path, const char *wanted)
{
	char text[128];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, wanted) == 0;
}

/* Does this folder of /sys/class/tty belong to the USB device with that serial number? */
static bool
is_of_adapter(const char *tty, const char *serial)
{
	char path[SERIAL_PATH_MAX], file[SERIAL_PATH_MAX + 8], *real, *slash;
	bool is = false;

	snprintf(path, sizeof(path), "%s/device", tty);
	real = realpath(path, NULL);
	for (int i = 0; real != NULL && i < PARENTS_MAX && !is; i++) {
		if (snprintf(file, sizeof(file), "%s/serial", real) >= (int)sizeof(file))
			break;
		is = reads(file, serial);
		slash = strrchr(real, '/');
		if (slash == NULL || slash == real)
			break;
		*slash = '\0';
	}
	free(real);
	return is;
}

/* An adapter with several ports has several of them, in the order of their names. */
static int
find_adapter(const char *serial, unsigned nth, char *out, struct err *err)
{
	const char *root = getenv("MBC_SYSFS"); /* for tests: another place than /sys */
	char pattern[SERIAL_PATH_MAX];
	glob_t found;
	unsigned n = 0;
	int rc = ERR_IO;

	snprintf(pattern, sizeof(pattern), "%s/class/tty/*", root != NULL ? root : "/sys");
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			n += is_of_adapter(found.gl_pathv[i], serial);
		nth = n > 0 ? nth % n : 0;
		for (size_t i = 0; i < found.gl_pathc && n > 0 && rc < 0; i++)
			if (is_of_adapter(found.gl_pathv[i], serial) && nth-- == 0) {
				snprintf(out, SERIAL_PATH_MAX, "/dev/%s",
					strrchr(found.gl_pathv[i], '/') + 1);
				rc = 0;
			}
	}
	globfree(&found);
	if (rc < 0)
		err_set(err, ERR_IO, ENOENT,
			"no adapter with the serial number '%s'; is it plugged in?", serial);
	return rc;
}

int
serial_find(const char *where, unsigned nth, char *out, struct err *err)
{
	if (strncmp(where, "usb:", 4) == 0)
		return find_adapter(where + 4, nth, out, err);
	if (strchr(where, '*') != NULL)
		return find_pattern(where, nth, out, err);
	if (snprintf(out, SERIAL_PATH_MAX, "%s", where) >= SERIAL_PATH_MAX)
		return err_set(
			err, ERR_CONF, 0, "a path of over %d characters", SERIAL_PATH_MAX - 1);
	return 0;
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static const char *
open_remedy(int sys)
{
	switch (sys) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "is the adapter plugged in?";
	case EACCES:
	case EPERM:
		return "add the user that runs mbc to the group 'dialout'";
	case EBUSY:
		return "another program has it; end that first";
	default:
		return "look at the cable and at 'dmesg'";
	}
}

static bool
is_pseudo(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && major(st.st_rdev) >= PTS_MAJOR_FIRST &&
	       major(st.st_rdev) <= PTS_MAJOR_LAST;
}

/* A lock of a pseudo-terminal's own would outlive us as long as its other side is there. */
static int
claim(int fd, const char *path, struct err *err)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, ERR_REFUSED, errno,
			"'%s': another program has it; end that first", path);
	if (!is_pseudo(fd) && ioctl(fd, TIOCEXCL) < 0)
		return err_set(err, ERR_REFUSED, errno, "'%s': cannot be had alone: %s", path,
			strerror(errno));
	return 0;
}

static int
set_line(int fd, const char *path, const struct image_line *line, struct err *err)
{
	struct termios2 t = { 0 };
	unsigned off;

	if (ioctl(fd, TCGETS2, &t) < 0)
		return err_set(
			err, ERR_CONF, errno, "'%s' is no serial port: %s", path, strerror(errno));
	t.c_iflag =
		line->parity == 'N'
			? 0
			: INPCK; /* a wrong parity reads as 0, and the check of the frame fails */
	t.c_oflag = 0;
	t.c_lflag = 0;
	t.c_cflag = BOTHER | (BOTHER << IBSHIFT) | CREAD | CLOCAL | (line->bits == 7 ? CS7 : CS8) |
		    (line->parity == 'N' ? 0u : PARENB) | (line->parity == 'O' ? PARODD : 0u) |
		    (line->stop == 2 ? CSTOPB : 0u);
	t.c_ispeed = t.c_ospeed = line->baud;
	t.c_cc[VMIN] = 1; /* nothing there is EAGAIN, and 0 means that the port is gone */
	t.c_cc[VTIME] = 0;
	if (ioctl(fd, TCSETS2, &t) < 0 || ioctl(fd, TCGETS2, &t) < 0)
		return err_set(err, ERR_CONF, errno, "'%s' cannot be set to %u %u%c%u: %s", path,
			line->baud, line->bits, line->parity, line->stop, strerror(errno));
	off = t.c_ospeed > line->baud ? t.c_ospeed - line->baud : line->baud - t.c_ospeed;
	if ((uint64_t)off * 100 > (uint64_t)line->baud * BAUD_OFF)
		return err_set(err, ERR_CONF, 0,
			"'%s' cannot do %u Bd (nearest %u); write another speed in 'line'", path,
			line->baud, t.c_ospeed);
	return 0;
}

static int
set_rs485(int fd, const char *path, const struct image_line *line, struct err *err)
{
	struct serial_rs485 rs = { .flags = SER_RS485_ENABLED };

	if (line->rs485 == RS485_NONE)
		return 0;
	rs.flags |= line->rs485 == RS485_HIGH ? SER_RS485_RTS_ON_SEND : SER_RS485_RTS_AFTER_SEND;
	if (line->terminate)
		rs.flags |= SER_RS485_TERMINATE_BUS;
	rs.delay_rts_before_send = line->before_ms;
	rs.delay_rts_after_send = line->after_ms;
	if (ioctl(fd, TIOCSRS485, &rs) == 0)
		return 0;
	return err_set(err, ERR_CONF, errno,
		"'%s': its driver cannot switch RS-485 (%s); remove 'rs485' if the adapter "
		"switches by "
		"itself",
		path, strerror(errno));
}

/* Adapters collect bytes for up to 16 ms unless they are told that they are waited for. */
static void
hurry(int fd)
{
	struct serial_struct s;

	if (ioctl(fd, TIOCGSERIAL, &s) < 0)
		return;
	s.flags |= ASYNC_LOW_LATENCY;
	(void)ioctl(fd, TIOCSSERIAL, &s); /* without it the line is only slower */
}

int
serial_open(const char *path, const struct image_line *line, struct err *err)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), rc;

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "%s: %s ('%s')", strerror(errno),
			open_remedy(errno), path);
	rc = claim(fd, path, err);
	if (rc == 0)
		rc = set_line(fd, path, line, err);
	if (rc == 0)
		rc = set_rs485(fd, path, line, err);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	hurry(fd);
	serial_flush(fd);
	return fd;
}

void
serial_flush(int fd)
{
	(void)ioctl(fd, TCFLSH, TCIOFLUSH); /* a port that is gone shows when it is read */
}

void
serial_close(int fd)
{
	(void)ioctl(fd, TCFLSH, TCOFLUSH); /* what is not there needs no waiting for */
	close(fd);
}
