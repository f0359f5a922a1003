/* line_emulator.c - an RS-485 line with Modbus RTU units on a pseudo-terminal, with true character times
 *
 * line_emulator [OPTION...], see usage(). Prints "ready NS PATH" (CLOCK_MONOTONIC; PATH is the link or the terminal itself), then
 * one line of JSON for SIGUSR1 and one at its end (SIGTERM, SIGINT, --seconds), each about the time since the one before. SIGUSR2
 * brings the dead unit to life.
 *
 * A pseudo-terminal carries bytes at once; line_model.h says when they would have passed on a wire, and this waits for those
 * moments: absolute ones, so that a late one delays only itself. What it cannot see is when the master wrote: it takes the time at
 * which it woke up for that (some ten microseconds later; a few with --spin). A silence that was kept is therefore never called
 * broken; one that was too short by less than that may be called kept.
 */
#include <asm/termbits.h> /* termios2: any speed; not together with <termios.h> */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "line_model.h"

struct options {
	const char *link;
	unsigned baud, bits, units, dead, registers, chunk, realtime;
	int64_t latency_us, spin_us, seconds;
};

static struct options opt = {
	.baud = 19200, .bits = 11, .units = 1, .registers = 10000, .chunk = 1
};
static struct line_units units;
static struct line line;
static struct line_spread late, late_last; /* of each delivery; of the last byte of each answer */
static uint64_t dropped;     /* bytes for a master that does not read, or has closed */
static int64_t late_last_ns; /* all of late_last together */
static unsigned master_speed;
static int pty, timer, signals;
static bool is_open; /* the master has the terminal open */

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
	fprintf(stderr, "line_emulator: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
usage(void)
{
	fprintf(stderr,
		"usage: line_emulator [OPTION...]\n"
		"  --link PATH      symbolic link to the terminal; removed at the end\n"
		"  --baud N         speed of the line, 300 to 4000000 (19200)\n"
		"  --format 8E1     bits of a character (8E1)\n"
		"  --units N        Modbus units 1..N, 1 to 32 (1)\n"
		"  --dead UNIT      this one says nothing\n"
		"  --latency US     time that a unit thinks before it answers, after t3.5 (0)\n"
		"  --registers N    registers of each table, 1 to 65536 (10000); holding: address "
		"+ 1000 x unit\n"
		"  --chunk N        bytes that the master's UART gathers before it tells (1)\n"
		"  --realtime N     SCHED_FIFO with this priority\n"
		"  --spin US        watch without sleeping when an answer's end or a request is "
		"this near (0)\n"
		"  --seconds N      end after this time\n");
	exit(2);
}

static int64_t
number(const char *text, int64_t least, int64_t most)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	if (end == text || *end != '\0' || n < least || n > most) {
		fprintf(stderr, "line_emulator: '%s' is no number from %lld to %lld\n", text,
			(long long)least, (long long)most);
		usage();
	}
	return n;
}

/* "8E1": start, data, parity and stop bits together. */
static unsigned
format_bits(const char *text)
{
	if (strlen(text) != 3 || text[0] < '5' || text[0] > '8' || strchr("NEO", text[1]) == NULL ||
		text[2] < '1' || text[2] > '2')
		usage();
	return 1 + (unsigned)(text[0] - '0') + (text[1] != 'N') + (unsigned)(text[2] - '0');
}

static void
read_options(int argc, char **argv)
{
	static const struct option known[] = { { "link", 1, NULL, 'l' }, { "baud", 1, NULL, 'b' },
		{ "format", 1, NULL, 'f' }, { "units", 1, NULL, 'u' }, { "dead", 1, NULL, 'd' },
		{ "latency", 1, NULL, 'y' }, { "registers", 1, NULL, 'r' },
		{ "chunk", 1, NULL, 'c' }, { "realtime", 1, NULL, 't' }, { "spin", 1, NULL, 'p' },
		{ "seconds", 1, NULL, 's' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'l':
			opt.link = optarg;
			break;
		case 'b':
			opt.baud = (unsigned)number(optarg, 300, 4000000);
			break;
		case 'f':
			opt.bits = format_bits(optarg);
			break;
		case 'u':
			opt.units = (unsigned)number(optarg, 1, LINE_UNITS_MAX);
			break;
		case 'd':
			opt.dead = (unsigned)number(optarg, 0, LINE_UNITS_MAX);
			break;
		case 'y':
			opt.latency_us = number(optarg, 0, 10000000);
			break;
		case 'r':
			opt.registers = (unsigned)number(optarg, 1, 65536);
			break;
		case 'c':
			opt.chunk = (unsigned)number(optarg, 1, LINE_FRAME_MAX);
			break;
		case 't':
			opt.realtime = (unsigned)number(optarg, 1, 99);
			break;
		case 'p':
			opt.spin_us = number(optarg, 0, 10000);
			break;
		case 's':
			opt.seconds = number(optarg, 1, 1000000);
			break;
		default:
			usage();
		}
	}
	if (optind < argc)
		usage();
}

/* Raw from the first moment: a terminal that echoes would send our answers back to us. */
static void
make_raw(const char *path)
{
	struct termios2 t;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TCGETS2, &t) < 0)
		die("opening the terminal");
	t.c_iflag = t.c_oflag = t.c_lflag = 0;
	if (ioctl(fd, TCSETS2, &t) < 0)
		die("setting the terminal");
	close(fd); /* a port that nobody has opened, until the master does */
}

/* The link appears at once, and only when the terminal is there. */
static void
make_link(const char *path)
{
	char beside[4096];

	if (snprintf(beside, sizeof(beside), "%s.new", opt.link) >= (int)sizeof(beside)) {
		errno = ENAMETOOLONG;
		die(opt.link);
	}
	if ((unlink(beside) < 0 && errno != ENOENT) || symlink(path, beside) < 0 ||
		rename(beside, opt.link) < 0)
		die(opt.link);
}

static void
remove_link(const char *path)
{
	char target[64];
	ssize_t n = readlink(opt.link, target, sizeof(target) - 1);

	if (n > 0) {
		target[n] = '\0';
		if (strcmp(target, path) == 0) /* another one may have taken the name since */
			unlink(opt.link);
	}
}

static void
open_pty(char *out_path, size_t cap)
{
	pty = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (pty < 0 || grantpt(pty) < 0 || unlockpt(pty) < 0 || ptsname_r(pty, out_path, cap) != 0)
		die("making a pseudo-terminal");
	make_raw(out_path);
	if (opt.link != NULL)
		make_link(out_path);
}

static void
open_clocks(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (signals < 0 || timer < 0)
		die("taking signals and time");
}

static void
hurry(void)
{
	struct sched_param p = { .sched_priority = (int)opt.realtime };

	if (opt.realtime > 0 && (sched_setscheduler(0, SCHED_FIFO, &p) < 0 ||
					mlockall(MCL_CURRENT | MCL_FUTURE) < 0))
		die("becoming a real-time process");
}

/* One JSON line about the time since the last one. */
static void
report(int64_t now)
{
	const struct line_count *c = &line.count;
	double seconds, dead_share;

	line_settle(&line, now);
	seconds = (double)(now - c->since_ns) / NS_PER_S;
	dead_share = opt.dead > 0 ? (double)c->busy_ns[opt.dead] / (seconds * NS_PER_S) : 0;
	printf("{\"seconds\": %.6f, \"baud\": %u, \"char_us\": %.3f, \"silence_us\": %.3f, "
	       "\"master_speed\": %u, "
	       "\"requests\": %llu, \"transactions\": %llu, \"violations\": %llu, "
	       "\"worst_violation_us\": %.1f, "
	       "\"collisions\": %llu, \"gaps\": %llu, \"bad_requests\": %llu, \"wrong_speed\": "
	       "%llu, \"absent\": %llu, "
	       "\"dead\": %llu, \"dropped_bytes\": %llu, ",
		seconds, opt.baud, (double)line.conf.char_ns / 1e3,
		(double)line.conf.silence_ns / 1e3, master_speed, (unsigned long long)c->requests,
		(unsigned long long)c->transactions, (unsigned long long)c->violations,
		(double)c->worst_ns / 1e3, (unsigned long long)c->collisions,
		(unsigned long long)c->gaps, (unsigned long long)c->bad,
		(unsigned long long)c->wrong_speed, (unsigned long long)c->absent,
		(unsigned long long)c->dead, (unsigned long long)dropped);
	printf("\"request_chars\": %llu, \"answer_chars\": %llu, \"rate\": %.3f, \"limit\": %.3f, "
	       "\"share\": %.5f, \"share_net\": %.5f, "
	       "\"over_p50_us\": %u, "
	       "\"over_p99_us\": %u, \"late_p50_us\": %u, \"late_p99_us\": %u, "
	       "\"late_last_p50_us\": %u, "
	       "\"late_last_p99_us\": %u, \"dead_share\": %.6f, \"unit_share\": [",
		(unsigned long long)c->request_chars, (unsigned long long)c->answer_chars,
		c->period_ns > 0 ? (double)c->periods * NS_PER_S / (double)c->period_ns : 0,
		c->least_ns > 0 ? (double)c->periods * NS_PER_S / (double)c->least_ns : 0,
		c->period_ns > 0 ? (double)c->least_ns / (double)c->period_ns : 0,
		c->period_ns > late_last_ns
			? (double)c->least_ns / (double)(c->period_ns - late_last_ns)
			: 0,
		line_spread_us(&c->over, 0.5), line_spread_us(&c->over, 0.99),
		line_spread_us(&late, 0.5), line_spread_us(&late, 0.99),
		line_spread_us(&late_last, 0.5), line_spread_us(&late_last, 0.99), dead_share);
	for (unsigned unit = 0; unit <= opt.units; unit++)
		printf("%s%.6f", unit > 0 ? ", " : "",
			(double)c->busy_ns[unit] / (seconds * NS_PER_S));
	printf("]}\n");
	fflush(stdout);
	line_count_clear(&line, now);
	memset(&late, 0, sizeof(late));
	memset(&late_last, 0, sizeof(late_last));
	late_last_ns = 0;
	dropped = 0;
}

/* What is due goes to the master; a UART that nobody has opened, or whose buffer is full, loses it. */
static void
deliver(int64_t now)
{
	uint8_t out[LINE_FRAME_MAX];
	int64_t due = line_wake(&line), end;
	size_t n = line_take(&line, now, out, &end);
	ssize_t written;

	if (n == 0)
		return;
	written = is_open ? write(pty, out, n) : 0;
	if (written < 0 && errno != EAGAIN && errno != EIO)
		die("writing to the terminal");
	dropped += n - (size_t)MAX(written, 0);
	now = now_ns();
	line_spread_add(&late, now - due);
	if (end != NEVER) {
		line_spread_add(&late_last, now - end);
		late_last_ns += now - end;
	}
}

/* Bytes of the master; false: nobody has the terminal open. */
static bool
receive(int64_t now)
{
	uint8_t in[4096];
	struct termios2 t;
	ssize_t n = read(pty, in, sizeof(in));

	if (n < 0 && errno == EIO)
		return false;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		die("reading from the terminal");
	if (n <= 0)
		return true;
	if (ioctl(pty, TCGETS2, &t) == 0) /* of the other side: the master's */
		master_speed = t.c_ospeed;
	line.is_speed_right = master_speed == opt.baud;
	line_sent(&line, now, in, (size_t)n);
	return true;
}

static void
set_timer(int64_t at_ns)
{
	struct itimerspec t = { .it_value = { 0, 0 } };

	if (at_ns != NEVER) {
		t.it_value.tv_sec = at_ns / NS_PER_S;
		t.it_value.tv_nsec = at_ns % NS_PER_S;
	}
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

/* True when a signal means the end. */
static bool
signalled(void)
{
	struct signalfd_siginfo s;

	if (read(signals, &s, sizeof(s)) != (ssize_t)sizeof(s))
		return false;
	if (s.ssi_signo == SIGUSR2)
		units.dead = 0;
	else if (s.ssi_signo == SIGUSR1)
		report(now_ns());
	return s.ssi_signo != SIGUSR1 && s.ssi_signo != SIGUSR2;
}

/* When must we be awake next? Before the end of an answer and around the moment from which the master may send, that is some time
 * earlier: waking up takes as long as the things that are measured here. */
static int64_t
next_look(int64_t now)
{
	int64_t spin = opt.spin_us * NS_PER_US, wake = line_wake(&line);
	int64_t free = line.wire_ns + line.conf.silence_ns;

	if (line.n_answer > 0)
		return line.n_given + line.conf.chunk >= line.n_answer ? wake - spin : wake;
	if (line.n_request == 0 && spin > 0 && now < free + 2 * spin)
		return free - spin;
	return wake;
}

/* A closed terminal would end every poll at once, so it is left out and looked at each millisecond. */
static bool
wait_for_news(struct pollfd fds[3], int timeout_ms)
{
	fds[0] = (struct pollfd){ .fd = is_open ? pty : -1, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = timer, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = signals, .events = POLLIN };
	if (poll(fds, 3, is_open ? timeout_ms : 1) < 0 && errno != EINTR)
		die("waiting");
	if (!is_open) {
		fds[0].fd = pty;
		poll(fds, 1, 0);
	}
	return (fds[0].revents & (POLLIN | POLLHUP)) != 0;
}

static void
run(int64_t end_ns)
{
	int64_t now = now_ns(), set = NEVER;
	struct pollfd fds[3];
	uint64_t expirations;

	while (now < end_ns) {
		int64_t look = MIN(next_look(now), end_ns);
		bool has_bytes;

		if (look > now && look != set)
			set_timer(set = look);
		has_bytes = wait_for_news(fds, look > now ? -1 : 0);
		now = now_ns();
		if ((fds[1].revents & POLLIN) != 0 &&
			read(timer, &expirations, sizeof(expirations)) > 0)
			set = NEVER;
		deliver(now);
		is_open = (fds[0].revents & POLLHUP) == 0;
		if (has_bytes)
			is_open = receive(now);
		if ((fds[2].revents & POLLIN) != 0 && signalled())
			return;
	}
}

int
main(int argc, char **argv)
{
	char path[64];
	int64_t now;

	read_options(argc, argv);
	line_units_init(&units, opt.units, opt.dead, opt.registers);
	open_clocks();
	open_pty(path, sizeof(path));
	now = now_ns();
	line_init(&line,
		&(struct line_conf){ .char_ns = line_char_ns(opt.baud, opt.bits),
			.silence_ns = line_silence_ns(opt.baud),
			.latency_ns = opt.latency_us * NS_PER_US,
			.chunk = opt.chunk },
		&units, now);
	hurry();
	printf("ready %lld %s\n", (long long)now, opt.link != NULL ? opt.link : path);
	fflush(stdout);
	run(opt.seconds > 0 ? now + opt.seconds * NS_PER_S : NEVER);
	report(now_ns());
	if (opt.link != NULL)
		remove_link(path);
	line_units_done(&units);
	return 0;
}
