/* modbus_load_server.c - many fast Modbus TCP devices in one process
 *
 * modbus_load_server DEVICES DELAY_US
 *
 * Prints "ports" and one free loopback port for each device, then answers functions 3 and 4 with
 * registers that count up, DELAY_US after the request; everything else gets exception 1. SIGUSR1
 * prints "requests N registers N"; SIGTERM ends it. As little as possible happens here, so that
 * what is measured is the other side.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DEVICES_MAX 1000
#define CONNECTIONS_MAX 2048 /* descriptors, counted from 0 */
#define LATER_MAX 65536      /* answers that wait; a power of two */
#define MBAP 7
#define REQUEST_MAX 260

enum { KIND_LISTENER, KIND_CONNECTION };

struct connection {
	uint8_t kind;
	uint32_t
		life; /* counts uses of this descriptor: an answer for an earlier life is dropped */
	size_t have;
	uint8_t in[4 * REQUEST_MAX];
};

/* An answer that waits for its time; with one delay for all they stay in order. */
struct later {
	int64_t due_ns;
	int fd;
	uint32_t life;
	uint8_t head[12]; /* the request's MBAP, function, address, count */
};

static struct connection connections[CONNECTIONS_MAX];
static struct later later[LATER_MAX];
static uint32_t first, last;
static uint64_t requests, registers;
static uint16_t counter;
static int64_t delay_ns;
static int epoll_fd, timer_fd;

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
die(const char *what)
{
	fprintf(stderr, "modbus_load_server: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
watch(int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (fd >= CONNECTIONS_MAX || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0)
		die("watching a descriptor");
}

static void
answer(int fd, const uint8_t *head)
{
	uint8_t out[MBAP + 2 + 250];
	uint16_t count = (uint16_t)(head[10] << 8 | head[11]);
	size_t n = MBAP + 2;

	memcpy(out, head, MBAP + 1);
	if ((head[7] != 3 && head[7] != 4) || count == 0 || count > 125) {
		out[7] |= 0x80;
		out[8] = 1;
	} else {
		out[8] = (uint8_t)(2 * count);
		for (unsigned i = 0; i < count; i++) {
			uint16_t v = (uint16_t)(counter + i);

			out[n++] = (uint8_t)(v >> 8);
			out[n++] = (uint8_t)v;
		}
		registers += count;
		counter++;
	}
	out[4] = 0;
	out[5] = (uint8_t)(n - 6);
	requests++;
	if (send(fd, out, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n && errno != EPIPE &&
		errno != ECONNRESET)
		die("answering");
}

static void
set_timer(void)
{
	struct itimerspec t = { .it_value = { 0, 0 } };

	if (first != last) {
		int64_t due = later[first % LATER_MAX].due_ns;

		t.it_value.tv_sec = due / 1000000000;
		t.it_value.tv_nsec = due % 1000000000;
	}
	timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static void
answer_due(void)
{
	int64_t now = now_ns();

	while (first != last && later[first % LATER_MAX].due_ns <= now) {
		struct later *l = &later[first++ % LATER_MAX];

		if (connections[l->fd].life == l->life)
			answer(l->fd, l->head);
	}
	set_timer();
}

static void
request(int fd, const uint8_t *frame)
{
	struct later *l = &later[last % LATER_MAX];

	if (delay_ns == 0) {
		answer(fd, frame);
		return;
	}
	if (last - first == LATER_MAX)
		die("too many answers wait");
	l->due_ns = now_ns() + delay_ns;
	l->fd = fd;
	l->life = connections[fd].life;
	memcpy(l->head, frame, sizeof(l->head));
	if (first == last++)
		set_timer();
}

/* Take what has arrived; false: the connection has ended. */
static bool
receive(int fd, struct connection *c)
{
	ssize_t n = recv(fd, c->in + c->have, sizeof(c->in) - c->have, MSG_DONTWAIT);
	size_t at = 0;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	c->have += (size_t)n;
	while (c->have - at >= MBAP) {
		size_t frame = 6 + (size_t)(c->in[at + 4] << 8 | c->in[at + 5]);

		if (frame < MBAP + 1 || frame > REQUEST_MAX)
			return false;
		if (c->have - at < frame)
			break;
		request(fd, c->in + at);
		at += frame;
	}
	c->have -= at;
	memmove(c->in, c->in + at, c->have);
	return true;
}

static void
serve(int fd)
{
	struct connection *c = &connections[fd];
	int one = 1, taken;

	if (c->kind == KIND_CONNECTION) {
		if (!receive(fd, c)) {
			c->life++;
			close(fd);
		}
		return;
	}
	taken = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (taken < 0)
		return;
	watch(taken);
	setsockopt(taken, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	connections[taken].kind = KIND_CONNECTION;
	connections[taken].life++;
	connections[taken].have = 0;
}

static void
listen_somewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0 || listen(fd, 16) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		die("listening");
	watch(fd);
	printf(" %u", ntohs(a.sin_port));
}

/* A signal was told: true when it means the end. */
static bool
signalled(int fd)
{
	struct signalfd_siginfo s;

	if (read(fd, &s, sizeof(s)) != (ssize_t)sizeof(s))
		return false;
	printf("requests %llu registers %llu\n", (unsigned long long)requests,
		(unsigned long long)registers);
	fflush(stdout);
	return s.ssi_signo != SIGUSR1;
}

static int
open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		die("taking signals");
	return fd;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[256];
	int devices = argc == 3 ? atoi(argv[1]) : 0, signals;
	uint64_t expirations;

	if (devices < 1 || devices > DEVICES_MAX) {
		fprintf(stderr, "usage: modbus_load_server DEVICES DELAY_US\n");
		return 1;
	}
	delay_ns = strtoll(argv[2], NULL, 10) * 1000;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	signals = open_signals();
	watch(timer_fd);
	watch(signals);
	printf("ports");
	for (int i = 0; i < devices; i++)
		listen_somewhere();
	printf("\n");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, 256, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == signals) {
				if (signalled(fd))
					return 0;
			} else if (fd == timer_fd) {
				if (read(fd, &expirations, sizeof(expirations)) > 0)
					answer_due();
			} else {
				serve(fd);
			}
		}
	}
}
