/* bare_line.c - the least work that reads one unit of a serial line, again and again
 *
 * bare_line PATH BAUD UNIT REGISTERS SECONDS
 *
 * Writes a request, reads until the answer has its length, sleeps until t3.5 after that and begins anew. No deadlines but one, no
 * retries, no decoding: what mbc takes above this in a transaction is its own; what this takes above the limit is the emulated
 * line's, the terminal's, and the price of two awakenings. Prints "transactions N errors N".
 */
#include <asm/termbits.h> /* termios2: any speed; not together with <termios.h> */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "line_model.h"

#define ANSWER_WAIT_NS (NS_PER_S)

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void
die(const char *what)
{
	fprintf(stderr, "bare_line: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Pseudo-terminals know no parity: only the speed is set. */
static int
open_line(const char *path, unsigned baud)
{
	struct termios2 t;
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TCGETS2, &t) < 0)
		die(path);
	t.c_iflag = t.c_oflag = t.c_lflag = 0;
	t.c_cflag = CS8 | CREAD | CLOCAL | BOTHER;
	t.c_ispeed = t.c_ospeed = baud;
	if (ioctl(fd, TCSETS2, &t) < 0 || ioctl(fd, TCFLSH, TCIOFLUSH) < 0)
		die("setting the line");
	return fd;
}

/* Read until there are n bytes; false: they did not come. */
static bool
receive(int fd, uint8_t *in, size_t n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t end = now_ns() + ANSWER_WAIT_NS;
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, in + have, n - have);

		if (got > 0)
			have += (size_t)got;
		else if (got == 0 || errno != EAGAIN)
			die("reading");
		else if (now_ns() > end)
			return false;
		else if (poll(&p, 1, (int)(ANSWER_WAIT_NS / NS_PER_MS)) < 0)
			die("waiting");
	}
	return true;
}

static void
wait_until(int64_t at_ns)
{
	struct timespec t = { at_ns / NS_PER_S, at_ns % NS_PER_S };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

int
main(int argc, char **argv)
{
	unsigned long transactions = 0, errors = 0;
	uint8_t out[8] = { 0, 3 }, in[LINE_FRAME_MAX];
	unsigned baud, unit, registers;
	int64_t end_ns;
	size_t answer;
	uint16_t crc;
	int fd;

	registers = argc == 6 ? (unsigned)atoi(argv[4]) : 0;
	if (registers < 1 || registers > 125 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: bare_line PATH BAUD UNIT REGISTERS SECONDS\n");
		return 2;
	}
	baud = (unsigned)atoi(argv[2]);
	unit = (unsigned)atoi(argv[3]);
	fd = open_line(argv[1], baud);
	prctl(PR_SET_TIMERSLACK, 1UL);
	out[0] = (uint8_t)unit;
	out[5] = (uint8_t)registers;
	crc = line_crc(out, 6);
	out[6] = (uint8_t)crc;
	out[7] = (uint8_t)(crc >> 8);
	answer = 5 + 2 * (size_t)registers;
	end_ns = now_ns() + (int64_t)(atof(argv[5]) * 1e9);
	while (now_ns() < end_ns) {
		if (write(fd, out, sizeof(out)) != (ssize_t)sizeof(out))
			die("writing");
		if (receive(fd, in, answer) && line_crc(in, answer) == 0 &&
			(in[3] << 8 | in[4]) == line_units_holding(unit, 0))
			transactions++;
		else
			errors++;
		wait_until(now_ns() + line_silence_ns(baud));
	}
	printf("transactions %lu errors %lu\n", transactions, errors);
	close(fd);
	return 0;
}
