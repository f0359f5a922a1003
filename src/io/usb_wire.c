/* usb_wire.c - the wire to a device at USB
 *
 * Sources: Linux, Documentation/hid/hidraw.rst, drivers/usb/class/usbtmc.c, include/uapi/linux/usb/tmc.h.
 */
#include "io/usb_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <linux/usb/tmc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"

#define TMC_TIMEOUT_MIN 500 /* ms; the kernel refuses less (USBTMC_MIN_TIMEOUT) */
#define TMC_END 1           /* of USBTMC_IOCTL_MSG_IN_ATTR: the message is complete */
#define REPORTS_MAX 1000    /* more than any queue of hidraw holds (64) */

enum what { WHAT_OPEN, WHAT_CLOSE, WHAT_SEND };

struct head {
	uint8_t what; /* enum what; behind WHAT_SEND stand the bytes */
	uint32_t serial, number;
	unsigned nth;
	int64_t until_ns;
};

/* What the thread has for itself. */
struct usb {
	enum link_kind kind;
	char where[USB_PATH_MAX];
	const struct usb_calls *calls;
	int fd;
	uint32_t serial; /* of the opening that fd belongs to */
};

/* ---- the kernel ------------------------------------------------------------------------------------------------------------- */

static int
kernel_open(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), sys;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	sys = errno == EWOULDBLOCK ? EBUSY : errno;
	close(fd);
	errno = sys;
	return -1;
}

static ssize_t
kernel_read(int fd, void *out, size_t cap)
{
	return read(fd, out, cap);
}

static ssize_t
kernel_write(int fd, const void *bytes, size_t n)
{
	return write(fd, bytes, n);
}

static int
kernel_control(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

static void
kernel_close(int fd)
{
	close(fd);
}

static const struct usb_calls kernel = { kernel_open, kernel_read, kernel_write, kernel_control,
	kernel_close };

/* ---- in the thread ---------------------------------------------------------------------------------------------------------- */

static const char *
open_remedy(int sys)
{
	switch (sys) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "is it plugged in?";
	case EACCES:
	case EPERM:
		return "a udev rule must let mbc use it";
	case EBUSY:
		return "another program has it; end that first";
	default:
		return "look at the cable and at 'dmesg'";
	}
}

static void
let_go(struct usb *u)
{
	if (u->fd >= 0)
		u->calls->close(u->fd);
	u->fd = -1;
}

/* What was said before us is for somebody else. A device that cannot be cleared is asked all the same. */
static void
forget_old(struct usb *u)
{
	uint8_t report[4096];

	if (u->kind == LINK_USBTMC)
		(void)u->calls->control(u->fd, USBTMC_IOCTL_CLEAR, NULL);
	else
		for (int i = 0;
			i < REPORTS_MAX && u->calls->read(u->fd, report, sizeof(report)) > 0; i++)
			;
}

static void
open_device(struct usb *u, const struct head *head, struct usb_news *out)
{
	struct err err;

	let_go(u);
	out->word = USB_NOT_OPENED;
	if (usb_find(u->kind, u->where, head->nth, out->path, &err) < 0) {
		text_copy(out->why, sizeof(out->why), err.msg);
		return;
	}
	u->fd = u->calls->open(out->path);
	if (u->fd < 0) {
		snprintf(out->why, sizeof(out->why), "%s: %s (%.60s)", strerror(errno),
			open_remedy(errno), out->path);
		return;
	}
	u->serial = head->serial;
	forget_old(u);
	out->word = USB_OPENED;
	out->fd = u->fd;
}

static void
lose(struct usb_news *out, const char *what, int sys)
{
	bool is_gone = sys == ENODEV || sys == EIO || sys == ESHUTDOWN || sys == ENXIO;

	out->word = USB_LOST;
	if (is_gone)
		text_copy(out->why, sizeof(out->why), "the device is gone");
	else
		snprintf(out->why, sizeof(out->why), "%s: %s", what, strerror(sys));
}

/* A device whose answer is given up must not give it to the next question. */
static void
clear(struct usb *u, struct usb_news *out)
{
	if (u->calls->control(u->fd, USBTMC_IOCTL_CLEAR, NULL) < 0)
		lose(out, "it cannot be cleared after an answer that did not come", errno);
}

static bool
is_over(int sys)
{
	return sys == ETIMEDOUT || sys == EAGAIN || sys == EINTR;
}

/* The pieces of one message, until the device says that it is complete. */
static void
read_message(struct usb *u, int64_t until_ns, struct usb_news *out, uint8_t *bytes, size_t cap)
{
	uint8_t attributes = 0;
	size_t n = 0;

	while ((attributes & TMC_END) == 0) {
		ssize_t got = n < cap ? u->calls->read(u->fd, bytes + n, cap - n) : -1;

		if (n == cap)
			errno = EMSGSIZE;
		if (got <= 0 && (got == 0 || is_over(errno))) {
			clear(u, out);
			return;
		}
		if (got < 0) {
			lose(out, n == cap ? "its answer is too long" : "reading an answer", errno);
			return;
		}
		n += (size_t)got;
		if (u->calls->control(u->fd, USBTMC_IOCTL_MSG_IN_ATTR, &attributes) < 0)
			attributes = TMC_END; /* an old kernel, which does not tell */
		if ((attributes & TMC_END) == 0 && now_boot() >= until_ns) {
			clear(u, out);
			return;
		}
	}
	out->word = USB_ANSWER;
	out->n = n;
}

static void
ask_usbtmc(struct usb *u, const struct head *head, const uint8_t *bytes, size_t n,
	struct usb_news *out, uint8_t *answer, size_t cap)
{
	int64_t left_ms = head->until_ns == 0 ? 0 : (head->until_ns - now_boot()) / NS_PER_MS;
	uint32_t timeout_ms = (uint32_t)MIN(MAX(left_ms, TMC_TIMEOUT_MIN), 3600000);

	if (u->calls->control(u->fd, USBTMC_IOCTL_SET_TIMEOUT, &timeout_ms) < 0) {
		lose(out, "setting its timeout", errno);
		return;
	}
	if (u->calls->write(u->fd, bytes, n) < 0) {
		if (is_over(errno))
			clear(u, out);
		else
			lose(out, "it does not take the message", errno);
		return;
	}
	if (head->until_ns != 0)
		read_message(u, head->until_ns, out, answer, cap);
}

static void
send_bytes(struct usb *u, const struct head *head, const uint8_t *bytes, size_t n,
	struct usb_news *out, uint8_t *answer, size_t cap)
{
	if (u->fd < 0 || u->serial != head->serial ||
		(head->until_ns != 0 && now_boot() >= head->until_ns))
		return;
	if (u->kind == LINK_USBTMC)
		ask_usbtmc(u, head, bytes, n, out, answer, cap);
	else if (u->calls->write(u->fd, bytes, n) < 0)
		lose(out, "it does not take the report", errno);
}

/* news, then the bytes of an answer */
static size_t
run(void *ctx, const uint8_t *request, size_t n, uint8_t *out)
{
	struct usb *u = ctx;
	struct usb_news news = { .word = USB_NOTHING };
	struct head head;

	memcpy(&head, request, sizeof(head));
	news.serial = head.serial;
	news.number = head.number;
	switch ((enum what)head.what) {
	case WHAT_OPEN:
		open_device(u, &head, &news);
		break;
	case WHAT_CLOSE:
		let_go(u);
		break;
	case WHAT_SEND:
		send_bytes(u, &head, request + sizeof(head), n - sizeof(head), &news,
			out + sizeof(news), WORKER_PACKET_MAX - sizeof(news));
		break;
	}
	memcpy(out, &news, sizeof(news));
	return sizeof(news) + news.n;
}

static void
done(void *ctx)
{
	let_go(ctx);
	free(ctx);
}

/* ---- in the loop ------------------------------------------------------------------------------------------------------------ */

int
usb_wire_start(struct usb_wire *u, enum link_kind kind, const char *where,
	const struct usb_calls *calls, struct err *err)
{
	struct usb *mine = mem_zero(1, sizeof(*mine));
	const struct worker_job job = { run, mine, done };

	mine->kind = kind;
	mine->fd = -1;
	mine->calls = calls != NULL ? calls : &kernel;
	text_copy(mine->where, sizeof(mine->where), where);
	return worker_start(&u->worker, kind == LINK_HID ? "mbc-hid" : "mbc-usbtmc", &job, err);
}

void
usb_wire_stop(struct usb_wire *u)
{
	worker_stop(&u->worker);
}

static int
ask(struct usb_wire *u, const struct head *head, const uint8_t *bytes, size_t n, struct err *err)
{
	uint8_t request[WORKER_PACKET_MAX];

	if (n > sizeof(request) - sizeof(*head))
		return err_set(err, ERR_CONF, 0, "a message of over %zu bytes",
			sizeof(request) - sizeof(*head));
	memcpy(request, head, sizeof(*head));
	if (n > 0)
		memcpy(request + sizeof(*head), bytes, n);
	return worker_ask(&u->worker, request, sizeof(*head) + n, err);
}

int
usb_wire_open(struct usb_wire *u, uint32_t serial, unsigned nth, struct err *err)
{
	const struct head head = { .what = WHAT_OPEN, .serial = serial, .nth = nth };

	return ask(u, &head, NULL, 0, err);
}

/* Where even that finds no room, the next opening or the end closes it. */
void
usb_wire_close(struct usb_wire *u)
{
	const struct head head = { .what = WHAT_CLOSE };

	if (u->worker.fd >= 0 && ask(u, &head, NULL, 0, NULL) < 0)
		return;
}

int
usb_wire_send(struct usb_wire *u, uint32_t serial, const uint8_t *bytes, size_t n, int64_t until_ns,
	struct err *err)
{
	const struct head head = {
		.what = WHAT_SEND, .serial = serial, .number = ++u->number, .until_ns = until_ns
	};

	return ask(u, &head, bytes, n, err);
}

void
usb_wire_take(struct usb_wire *u, struct usb_news *out, uint8_t *bytes)
{
	uint8_t answer[WORKER_PACKET_MAX];
	size_t n = worker_take(&u->worker, answer);

	out->word = USB_NOTHING;
	if (n < sizeof(*out))
		return;
	memcpy(out, answer, sizeof(*out));
	if (out->word == USB_ANSWER && out->number != u->number)
		out->word = USB_NOTHING; /* it was given up */
	else if (out->word == USB_ANSWER)
		memcpy(bytes, answer + sizeof(*out), out->n);
}
