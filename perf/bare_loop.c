/* bare_loop.c - the least work that reads devices at a rate
 *
 * bare_loop REGISTERS EVERY_MS SECONDS PORT...
 *
 * One epoll loop; each period it sends one request to every device, receives, and decodes the
 * registers into numbers with a time. No deadlines, no retries, no planning, no qualities, no
 * publication: what is above this figure in mbc is what those cost. EVERY_MS 0: each device is asked
 * again as soon as it has answered. Prints "values N cpu_us N".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DEVICES_MAX 1000
#define REGISTERS_MAX 125

struct value {
	double number;
	int64_t stamp_ns;
};

struct device {
	int fd;
	uint16_t tid;
	size_t have;
	uint8_t in[600];
	struct value values[REGISTERS_MAX];
};

static struct device devices[DEVICES_MAX];
static int n_devices, n_registers, every_ms;
static uint64_t values;

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
die(const char *what)
{
	fprintf(stderr, "bare_loop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
open_device(struct device *d, const char *port, int epoll_fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = d };
	int one = 1;

	a.sin_port = htons((uint16_t)atoi(port));
	d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->fd < 0 || connect(d->fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connecting");
	setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, d->fd, &e) < 0)
		die("watching a device");
}

static void
ask(struct device *d)
{
	uint8_t out[12] = { 0, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, (uint8_t)n_registers };

	d->tid++;
	out[0] = (uint8_t)(d->tid >> 8);
	out[1] = (uint8_t)d->tid;
	if (send(d->fd, out, sizeof(out), MSG_NOSIGNAL) != (ssize_t)sizeof(out))
		die("asking");
}

static void
receive(struct device *d)
{
	ssize_t n = recv(d->fd, d->in + d->have, sizeof(d->in) - d->have, MSG_DONTWAIT);
	size_t frame = 9 + 2 * (size_t)n_registers;
	int64_t now;

	if (n <= 0)
		die("a device went away");
	d->have += (size_t)n;
	if (d->have < frame)
		return;
	if (d->in[7] != 3 || d->in[8] != 2 * n_registers) {
		errno = EPROTO;
		die("an answer");
	}
	now = clock_ns(CLOCK_BOOTTIME);
	for (int i = 0; i < n_registers; i++) {
		d->values[i].number = d->in[9 + 2 * i] << 8 | d->in[10 + 2 * i];
		d->values[i].stamp_ns = now;
	}
	values += (uint64_t)n_registers;
	d->have -= frame;
	memmove(d->in, d->in + frame, d->have);
	if (every_ms == 0)
		ask(d);
}

static int
open_timer(int period_ms, int epoll_fd)
{
	struct itimerspec t = { { period_ms / 1000, period_ms % 1000 * 1000000 }, { 0, 1 } };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &t, NULL) < 0 ||
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0)
		die("setting the timer");
	return fd;
}

static void
run(int epoll_fd, int timer, long periods)
{
	struct epoll_event events[256];
	uint64_t expirations;

	while (periods > 0) {
		int n = epoll_wait(epoll_fd, events, 256, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr != NULL) {
				receive(events[i].data.ptr);
			} else if (read(timer, &expirations, sizeof(expirations)) > 0) {
				periods--;
				for (int d = 0; d < n_devices && every_ms > 0; d++)
					ask(&devices[d]);
			}
		}
	}
}

int
main(int argc, char **argv)
{
	int epoll_fd, timer, period_ms;
	int64_t cpu;

	if (argc < 5 || argc - 4 > DEVICES_MAX || atoi(argv[1]) < 1 ||
		atoi(argv[1]) > REGISTERS_MAX || atoi(argv[2]) < 0) {
		fprintf(stderr, "usage: bare_loop REGISTERS EVERY_MS SECONDS PORT...\n");
		return 1;
	}
	n_registers = atoi(argv[1]);
	every_ms = atoi(argv[2]);
	n_devices = argc - 4;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < n_devices; i++)
		open_device(&devices[i], argv[4 + i], epoll_fd);
	period_ms = every_ms > 0 ? every_ms : 1000;
	timer = open_timer(period_ms, epoll_fd);
	for (int i = 0; i < n_devices && every_ms == 0; i++)
		ask(&devices[i]);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	run(epoll_fd, timer, atol(argv[3]) * 1000 / period_ms);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("values %llu cpu_us %lld\n", (unsigned long long)values, (long long)cpu / 1000);
	return 0;
}
