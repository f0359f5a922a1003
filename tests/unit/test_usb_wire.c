/* test_usb_wire.c - devices at USB without one: the thread against calls that are made up, names against a /sys that is made here */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/types.h>
#include <linux/usb/tmc.h>

#include "base/defs.h"
#include "io/now.h"
#include "io/usb_wire.h"

/* ---- a measuring instrument that is made up ---- */

/* As the kernel's driver is seen by a program: what was sent, what it would answer, and what was done to it. Used by the thread alone
 * between a question and the news of it. */
static struct {
	char order[200];        /* w message, r read, c clear, t timeout, o open, x close */
	const char *answers[8]; /* pieces, in turn; NULL: none comes */
	size_t n_answers, at;
	bool is_more[8]; /* the piece is not the last of its message */
	int error;       /* of the next write; 0: none */
	int read_error;  /* where no answer is left */
	int open_error;
	bool cannot_clear, is_old;
	uint32_t timeout_ms;
} device;

static void
note(char what)
{
	size_t n = strlen(device.order);

	assert_true(n + 1 < sizeof(device.order));
	device.order[n] = what;
}

static int
fake_open(const char *path)
{
	note('o');
	if (device.open_error != 0) {
		errno = device.open_error;
		return -1;
	}
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static ssize_t
fake_read(int fd, void *out, size_t cap)
{
	size_t n;

	note('r');
	if (device.at >= device.n_answers) {
		errno = device.read_error;
		return -1;
	}
	n = MIN(strlen(device.answers[device.at]), cap);
	memcpy(out, device.answers[device.at++], n);
	return (ssize_t)n;
}

static ssize_t
fake_write(int fd, const void *bytes, size_t n)
{
	note('w');
	if (device.error == 0)
		return (ssize_t)n;
	errno = device.error;
	return -1;
}

static int
fake_control(int fd, unsigned long request, void *arg)
{
	bool is_refused = false;

	if (request == (unsigned long)USBTMC_IOCTL_CLEAR) {
		note('c');
		is_refused = device.cannot_clear;
	} else if (request == USBTMC_IOCTL_SET_TIMEOUT) {
		device.timeout_ms = *(uint32_t *)arg;
		is_refused = device.timeout_ms < 500;
	} else if (request == USBTMC_IOCTL_MSG_IN_ATTR) {
		*(uint8_t *)arg = device.is_more[device.at - 1] ? 0 : 1;
		is_refused = device.is_old;
	} else {
		fail_msg("request %lx", request);
	}
	errno = EINVAL;
	return is_refused ? -1 : 0;
}

static void
fake_close(int fd)
{
	note('x');
	close(fd);
}

static const struct usb_calls calls = { fake_open, fake_read, fake_write, fake_control,
	fake_close };

/* ---- a rig ---- */

static struct usb_wire wire;
static struct usb_news news;
static uint8_t got[WORKER_PACKET_MAX];

static void
next_news(void)
{
	struct pollfd fd = { .fd = wire.worker.fd, .events = POLLIN };

	assert_int_equal(poll(&fd, 1, 20000), 1);
	usb_wire_take(&wire, &news, got);
}

static void
start(enum link_kind kind)
{
	memset(&device, 0, sizeof(device));
	device.read_error = ETIMEDOUT;
	assert_int_equal(usb_wire_start(&wire, kind, "/dev/usbtmc7", &calls, NULL), 0);
	assert_int_equal(usb_wire_open(&wire, 5, 0, NULL), 0);
	next_news();
	assert_int_equal(news.word, USB_OPENED);
	assert_int_equal(news.serial, 5);
	assert_string_equal(news.path, "/dev/usbtmc7");
	memset(device.order, 0, sizeof(device.order));
}

static void
ask(const char *text, int64_t answer_ns)
{
	assert_int_equal(usb_wire_send(&wire, 5, (const uint8_t *)text, strlen(text),
				 answer_ns == 0 ? 0 : now_boot() + answer_ns, NULL),
		0);
	next_news();
}

static void
stop(void)
{
	usb_wire_close(&wire);
	next_news();
	assert_non_null(strchr(device.order, 'x'));
	usb_wire_stop(&wire);
}

/* ---- usbtmc ---- */

static void
test_only_a_question_is_read(void **state)
{
	start(LINK_USBTMC);
	ask("CONF:VOLT:DC 10\n", 0);
	assert_int_equal(news.word, USB_NOTHING);
	assert_string_equal(device.order, "w"); /* a read would make the instrument complain */
	device.answers[0] = "+1.25E+00\n";
	device.n_answers = 1;
	ask("READ?\n", 20 * NS_PER_S);
	assert_int_equal(news.word, USB_ANSWER);
	assert_int_equal(news.n, 10);
	assert_memory_equal(got, "+1.25E+00\n", 10);
	assert_string_equal(device.order, "wwr");
	assert_in_range(device.timeout_ms, 10000, 20000);
	stop();
}

static void
test_an_answer_in_pieces(void **state)
{
	for (int is_old = 0; is_old < 2; is_old++) {
		start(LINK_USBTMC);
		device.is_old = is_old;
		device.answers[0] = "12";
		device.answers[1] = "34\n";
		device.is_more[0] = true;
		device.n_answers = 2;
		ask("CURV?\n", 20 * NS_PER_S);
		assert_int_equal(news.word, USB_ANSWER);
		assert_int_equal(news.n, is_old ? 2 : 5); /* an old kernel does not tell */
		stop();
	}
}

/* What has not come is cleared away in the device; when that fails, it is opened anew. */
static void
test_no_answer(void **state)
{
	start(LINK_USBTMC);
	ask("READ?\n", 2 * NS_PER_S);
	assert_int_equal(news.word, USB_NOTHING);
	assert_string_equal(device.order, "wrc");
	device.answers[0] = "1\n";
	device.n_answers = 1;
	ask("READ?\n", 20 * NS_PER_S);
	assert_int_equal(news.word, USB_ANSWER);
	device.cannot_clear = true;
	ask("READ?\n", 20 * NS_PER_S);
	assert_int_equal(news.word, USB_LOST);
	assert_non_null(strstr(news.why, "cleared"));
	stop();
}

/* The kernel takes no timeout below 500 ms: who waits less has given the question up when its answer comes. */
static void
test_an_answer_to_an_earlier_question(void **state)
{
	struct pollfd fd;

	start(LINK_USBTMC);
	device.answers[0] = "1\n";
	device.answers[1] = "2\n";
	device.n_answers = 2;
	for (int i = 0; i < 2; i++)
		assert_int_equal(usb_wire_send(&wire, 5, (const uint8_t *)"READ?\n", 6,
					 now_boot() + 20 * NS_PER_S, NULL),
			0);
	next_news();
	assert_int_equal(news.word, USB_NOTHING);
	next_news();
	assert_int_equal(news.word, USB_ANSWER);
	assert_memory_equal(got, "2\n", 2);
	fd = (struct pollfd){ .fd = wire.worker.fd, .events = POLLIN };
	assert_int_equal(poll(&fd, 1, 0), 0);
	stop();
}

static void
test_what_is_too_late_is_not_sent(void **state)
{
	start(LINK_USBTMC);
	ask("OUTP ON;*OPC?\n", -1);
	assert_int_equal(news.word, USB_NOTHING);
	assert_string_equal(device.order, "");
	/* Nor what belongs to an earlier opening. */
	assert_int_equal(usb_wire_send(&wire, 4, (const uint8_t *)"OUTP ON\n", 8, 0, NULL), 0);
	next_news();
	assert_string_equal(device.order, "");
	stop();
}

static void
test_gone(void **state)
{
	static const int errors[] = { ENODEV, EIO, ESHUTDOWN };

	for (size_t i = 0; i < NELEM(errors); i++) {
		start(LINK_USBTMC);
		device.read_error = errors[i];
		ask("READ?\n", 20 * NS_PER_S);
		assert_int_equal(news.word, USB_LOST);
		assert_string_equal(news.why, "the device is gone");
		device.error = errors[i];
		ask("OUTP ON\n", 0);
		assert_int_equal(news.word, USB_LOST);
		stop();
	}
}

static void
test_opening(void **state)
{
	static const struct {
		int error;
		const char *why;
	} cases[] = { { EACCES, "udev rule" }, { EBUSY, "another program" },
		{ ENOENT, "plugged in" } };

	memset(&device, 0, sizeof(device));
	assert_int_equal(usb_wire_start(&wire, LINK_USBTMC, "/dev/usbtmc7", &calls, NULL), 0);
	for (size_t i = 0; i < NELEM(cases); i++) {
		device.open_error = cases[i].error;
		assert_int_equal(usb_wire_open(&wire, 5, 0, NULL), 0);
		next_news();
		assert_int_equal(news.word, USB_NOT_OPENED);
		assert_non_null(strstr(news.why, cases[i].why));
	}
	device.open_error = 0;
	memset(device.order, 0, sizeof(device.order));
	for (uint32_t i = 6; i < 8; i++) { /* what was open is closed first */
		assert_int_equal(usb_wire_open(&wire, i, 0, NULL), 0);
		next_news();
		assert_int_equal(news.word, USB_OPENED);
	}
	assert_string_equal(device.order, "ocxoc");
	stop();
}

/* ---- hidraw ---- */

static void
test_reports_are_written_and_not_read(void **state)
{
	start(LINK_HID);
	ask("\1\2", 20 * NS_PER_S);
	assert_int_equal(news.word, USB_NOTHING);
	assert_string_equal(device.order, "w");
	device.error = EPIPE;
	ask("\1\2", 20 * NS_PER_S);
	assert_int_equal(news.word, USB_LOST);
	assert_non_null(strstr(news.why, "report"));
	stop();
}

/* What lies in the queue of a device was meant for somebody before us. */
static void
test_old_reports_are_dropped(void **state)
{
	memset(&device, 0, sizeof(device));
	device.answers[0] = device.answers[1] = "old";
	device.n_answers = 2;
	device.read_error = EAGAIN;
	assert_int_equal(usb_wire_start(&wire, LINK_HID, "/dev/hidraw7", &calls, NULL), 0);
	assert_int_equal(usb_wire_open(&wire, 5, 0, NULL), 0);
	next_news();
	assert_string_equal(device.order, "orrr");
	stop();
}

/* ---- finding ---- */

static char root[] = "/tmp/mbc-usb-XXXXXX";

static void
put(const char *path, const char *text)
{
	char whole[400];
	int fd;

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	for (char *c = whole + strlen(root) + 1; (c = strchr(c, '/')) != NULL; c++) {
		*c = '\0';
		(void)mkdir(whole, 0700);
		*c = '/';
	}
	fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
assert_finds(enum link_kind kind, const char *where, unsigned nth, const char *path)
{
	char out[USB_PATH_MAX];
	struct err err;

	assert_int_equal(usb_find(kind, where, nth, out, &err), 0);
	assert_string_equal(out, path);
}

static void
assert_finds_none(enum link_kind kind, const char *where, const char *words)
{
	char out[USB_PATH_MAX];
	struct err err;

	assert_true(usb_find(kind, where, 0, out, &err) < 0);
	if (strstr(err.msg, words) == NULL)
		fail_msg("'%s' lacks '%s'", err.msg, words);
}

static void
test_finding(void **state)
{
	char command[64];

	assert_non_null(mkdtemp(root));
	setenv("MBC_SYSFS", root, 1);
	assert_finds_none(LINK_HID, "10cf:5500", "none of this kind");
	put("class/hidraw/hidraw0/device/uevent",
		"DRIVER=hid-generic\nHID_ID=0003:0000046D:0000C077\nHID_NAME=Mouse\nHID_UNIQ=\n");
	put("class/hidraw/hidraw1/device/uevent",
		"HID_ID=0003:000010CF:00005500\nHID_NAME=K8055\nHID_UNIQ=A7\n");
	put("class/hidraw/hidraw2/device/uevent",
		"HID_NAME=K8055\nHID_ID=0003:000010CF:00005500\nHID_UNIQ=A8\n");
	put("class/hidraw/hidraw3/device/uevent", "HID_ID=rubbish\n");
	put("class/usbmisc/usbtmc0/device/x", "");
	put("class/usbmisc/usbtmc0/idVendor", "2a8d\n");
	put("class/usbmisc/usbtmc0/idProduct", "0101\n");
	put("class/usbmisc/usbtmc0/serial", "MY57\n");
	assert_finds(LINK_HID, "10cf:5500", 0, "/dev/hidraw1");
	assert_finds(LINK_HID, "10CF:5500", 1, "/dev/hidraw2");
	assert_finds(LINK_HID, "10cf:5500", 2, "/dev/hidraw1");
	assert_finds(LINK_HID, "10cf:5500:A8", 7, "/dev/hidraw2");
	assert_finds(LINK_HID, "/dev/hidraw9", 0, "/dev/hidraw9");
	assert_finds(LINK_USBTMC, "2a8d:0101", 0, "/dev/usbtmc0");
	assert_finds(LINK_USBTMC, "2A8D:0101:MY57", 0, "/dev/usbtmc0");
	assert_finds_none(LINK_USBTMC, "2a8d:0101:MY5", "2a8d:0101:MY57");
	assert_finds_none(LINK_HID, "10cf:5501", "046d:c077 10cf:5500:A7 10cf:5500:A8");
	unsetenv("MBC_SYSFS");
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_a_question_is_read),
		cmocka_unit_test(test_an_answer_in_pieces),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_an_answer_to_an_earlier_question),
		cmocka_unit_test(test_what_is_too_late_is_not_sent),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_opening),
		cmocka_unit_test(test_reports_are_written_and_not_read),
		cmocka_unit_test(test_old_reports_are_dropped),
		cmocka_unit_test(test_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
