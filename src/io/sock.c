/* sock.c - packets between our own processes */
#include "io/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int
sock_send(int fd, const struct buf *packet, int pass, struct err *err)
{
	struct iovec iov = { .iov_base = packet->data, .iov_len = packet->n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control = { 0 };

	if (pass >= 0) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &pass, sizeof(int));
	}
	if (sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EAGAIN)
		return err_set(
			err, ERR_TIMEOUT, EAGAIN, "the other process does not read its messages");
	return err_set(
		err, ERR_IO, errno, "sending to another process of mbc: %s", strerror(errno));
}

/* The first descriptor that came along is taken, any further one is closed. */
static void
take_descriptors(struct msghdr *msg, int *out_pass)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0);
			at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			if (*out_pass < 0)
				*out_pass = fd;
			else
				close(fd);
		}
	}
}

int
sock_recv(int fd, uint8_t *packet, int *out_pass, struct err *err)
{
	struct iovec iov = { .iov_base = packet, .iov_len = WIRE_MAX };
	union control control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t n;

	*out_pass = -1;
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return err_set(err, ERR_TIMEOUT, EAGAIN, "no message");
	if (n < 0 && errno == ECONNRESET)
		return 0;
	if (n < 0)
		return err_set(err, ERR_IO, errno, "receiving from another process of mbc: %s",
			strerror(errno));
	take_descriptors(&msg, out_pass);
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		if (*out_pass >= 0)
			close(*out_pass);
		*out_pass = -1;
		return err_set(err, ERR_PROTO, 0, "message over %d bytes", WIRE_MAX);
	}
	return (int)n;
}

int
sock_pair(int out[2], struct err *err)
{
	int flags;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out) < 0)
		return err_set(err, ERR_IO, errno, "making a socket pair: %s", strerror(errno));
	flags = fcntl(out[0], F_GETFL);
	fcntl(out[0], F_SETFL, flags | O_NONBLOCK);
	fcntl(out[1], F_SETFD, 0);
	return 0;
}

int
sock_connect(const char *path, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, ERR_CONF, 0,
			"'%s' is too long for a socket; set MBC_RUN_DIR to a shorter folder", path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "making a socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int sys = errno;

		close(fd);
		return err_set(err, ERR_IO, sys, "connecting to '%s': %s", path, strerror(sys));
	}
	return fd;
}

int
sock_ask(int fd, enum wire_kind kind, const char *text, char *out_text, size_t cap, int *out_pass,
	int timeout_ms, struct err *err)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	uint8_t packet[WIRE_MAX];
	struct buf question = { 0 };
	struct wire_in in;
	int rc;

	*out_pass = -1;
	wire_begin(&question, kind);
	if (text != NULL)
		wire_text(&question, text);
	wire_end(&question);
	rc = sock_send(fd, &question, -1, err);
	buf_done(&question);
	if (rc < 0)
		return rc;
	do
		rc = poll(&wait, 1, timeout_ms);
	while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return err_set(err, ERR_TIMEOUT, 0,
			"the bench does not answer; see 'mbc doctor' and the log of 'mbc run'");
	rc = sock_recv(fd, packet, out_pass, err);
	if (rc == 0)
		return err_set(err, ERR_IO, 0, "the bench closed the connection");
	if (rc < 0)
		return rc;
	rc = wire_open(&in, packet, (size_t)rc, err);
	if (rc == WIRE_TEXT || rc == WIRE_NO || rc == WIRE_RUN_LOST || rc == WIRE_RELOAD_WHY)
		wire_get_text(&in, out_text, cap);
	else if (rc == WIRE_BOARD || rc == WIRE_IMAGE)
		wire_get_u32(&in);
	if (rc >= 0 && wire_close(&in, err) < 0)
		rc = ERR_PROTO;
	if (rc < 0 && *out_pass >= 0) {
		close(*out_pass);
		*out_pass = -1;
	}
	return rc;
}
