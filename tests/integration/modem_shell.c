/* modem_shell.c - the shell around the modem's driver, for test_fake_modem.py: modem_shell PORT [--text] [--pin PIN]
 *
 * Lines "TICKET NUMBER TEXT" on standard input are sent; events are lines on standard output. Ends when its input does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "alert/modem.h"
#include "base/text.h"

static struct modem m;

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int
open_port(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	struct termios t;

	if (fd >= 0 && tcgetattr(fd, &t) == 0) {
		cfmakeraw(&t);
		tcsetattr(fd, TCSANOW, &t);
	}
	return fd;
}

static void
tell_events(void)
{
	static const char *const kinds[] = { "sent", "delivered", "not-delivered", "delayed",
		"failed", "uncertain", "received", "state", "signal", "note" };
	struct sms_event e;

	while (modem_event(&m, &e)) {
		printf("%s", kinds[e.kind]);
		if (e.kind <= SMS_EVENT_UNCERTAIN)
			printf(" %llu %d %s", (unsigned long long)e.ticket, e.code, e.text);
		else if (e.kind == SMS_EVENT_RECEIVED)
			printf(" %s %lld %d %s", e.number, (long long)e.stamp_s, e.is_repeat,
				e.message);
		else if (e.kind == SMS_EVENT_SIGNAL)
			printf(" %d", e.signal_dbm);
		else
			printf(" %s", e.text);
		printf("\n");
	}
	fflush(stdout);
}

static void
take_order(char *line)
{
	char *save = NULL, *ticket = strtok_r(line, " ", &save),
	     *number = strtok_r(NULL, " ", &save), *text = strtok_r(NULL, "\n", &save);
	struct err err;
	int64_t id;

	if (text == NULL || !text_to_int(ticket, &id))
		return;
	if (modem_send(&m, now(), now() + 600 * NS_PER_S, (uint64_t)id, number, text, &err) < 0)
		printf("refused %s\n", err.msg);
}

/* Lines of the input; false at its end. */
static bool
take_input(void)
{
	static char text[8192];
	static size_t n;
	ssize_t got = read(0, text + n, sizeof(text) - 1 - n);
	char *end;

	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	n += (size_t)got;
	text[n] = '\0';
	while ((end = strchr(text, '\n')) != NULL) {
		*end = '\0';
		take_order(text);
		n -= (size_t)(end + 1 - text);
		memmove(text, end + 1, n + 1);
	}
	return true;
}

static int
wait_ms(int64_t wake_ns)
{
	int64_t ms = (wake_ns - now()) / NS_PER_MS + 1;

	return wake_ns == NEVER ? 1000 : (int)MAX(0, MIN(ms, 1000));
}

int
main(int argc, char **argv)
{
	struct modem_options o = { .poll_s = 2 };
	struct modem_out out = { 0 };
	int fd = -1;

	if (argc < 2)
		return 2;
	for (int i = 2; i < argc; i++) {
		o.is_text_mode = o.is_text_mode || strcmp(argv[i], "--text") == 0;
		if (strcmp(argv[i], "--pin") == 0 && i + 1 < argc)
			text_copy(o.pin, sizeof(o.pin), argv[++i]);
	}
	modem_init(&m, &o);
	for (;;) {
		struct pollfd fds[] = { { .fd = 0, .events = POLLIN },
			{ .fd = -1, .events = POLLIN } };
		char in[512];
		ssize_t n;

		if (fd < 0 && (fd = open_port(argv[1])) >= 0)
			modem_opened(&m, now());
		modem_run(&m, now(), &out);
		if (fd >= 0 && out.n > 0 && write(fd, out.bytes, out.n) != (ssize_t)out.n)
			return 1;
		tell_events();
		if (out.is_lost) {
			close(fd);
			fd = -1;
			modem_closed(&m, now());
		}
		fds[1].fd = fd;
		if (poll(fds, 2, wait_ms(out.wake_ns)) < 0)
			return 1;
		if (fds[0].revents != 0 && !take_input())
			return 0;
		if (fd < 0 || fds[1].revents == 0)
			continue;
		n = read(fd, in, sizeof(in));
		if (n > 0) {
			modem_bytes(&m, now(), in, (size_t)n);
		} else if (n == 0 || errno != EAGAIN) {
			close(fd);
			fd = -1;
			modem_closed(&m, now());
		}
	}
}
