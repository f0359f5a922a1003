/* text_line.c - questions and answers in text over a pseudo-terminal: text_line answer LINK | text_line ask LINK SECONDS
 *
 * `answer` makes the terminal, with a link at LINK, and says "T3=25.0" CR to "T3?" CR as fast as it can, until it is killed; SIGUSR1
 * prints how many times since the last. `ask` is the least work that reads it: write, read up to the CR, take the number.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t is_asked;

static void
on_usr1(int sig)
{
	(void)sig;
	is_asked = 1;
}

static void
fail(const char *what)
{
	fprintf(stderr, "text_line: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		fail("tcgetattr");
	cfmakeraw(&t);
	if (tcsetattr(fd, TCSANOW, &t) < 0)
		fail("tcsetattr");
}

/* Up to a CR, or 0 after a second without. */
static size_t
read_line(int fd, char *out, size_t cap)
{
	size_t n = 0;

	while (n + 1 < cap) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, 1000) <= 0)
			return 0;
		got = read(fd, out + n, cap - 1 - n);
		if (got <= 0)
			return 0;
		n += (size_t)got;
		out[n] = '\0';
		if (out[n - 1] == '\r')
			return n;
	}
	return 0;
}

static _Noreturn void
answer(const char *path)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY), slave;
	unsigned long count = 0;
	double since = now_s();

	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0)
		fail("posix_openpt");
	slave = open(
		ptsname(fd), O_RDWR | O_NOCTTY); /* held: no hangup when the other end is closed */
	if (slave < 0 || symlink(ptsname(fd), path) < 0)
		fail(path);
	make_raw(slave);
	for (;;) {
		char in[64], out[64];
		size_t n = read_line(fd, in, sizeof(in));

		if (is_asked) {
			printf("%lu %.6f\n", count, now_s() - since);
			fflush(stdout);
			is_asked = 0;
			count = 0;
			since = now_s();
		}
		if (n == 4 && in[0] == 'T' && in[2] == '?') {
			int m = snprintf(out, sizeof(out), "T%c=25.0\r", in[1]);

			if (write(fd, out, (size_t)m) != m)
				fail("write");
			count++;
		}
	}
}

static int
ask(const char *path, double seconds)
{
	int fd = open(path, O_RDWR | O_NOCTTY);
	unsigned long count = 0;
	double began;

	if (fd < 0)
		fail(path);
	make_raw(fd);
	usleep(200000); /* what somebody else has asked for */
	tcflush(fd, TCIOFLUSH);
	began = now_s();
	while (now_s() < began + seconds) {
		char text[64];
		double value;

		if (write(fd, "T1?\r", 4) != 4)
			fail("write");
		if (read_line(fd, text, sizeof(text)) == 0 || sscanf(text, "T1=%lf", &value) != 1)
			fail("no answer");
		count++;
	}
	printf("%lu %.6f\n", count, now_s() - began);
	return 0;
}

int
main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_usr1 };

	sigaction(SIGUSR1, &act, NULL);
	if (argc == 3 && strcmp(argv[1], "answer") == 0)
		answer(argv[2]);
	if (argc == 4 && strcmp(argv[1], "ask") == 0)
		return ask(argv[2], strtod(argv[3], NULL));
	fprintf(stderr, "usage: text_line answer LINK | text_line ask LINK SECONDS\n");
	return 1;
}
