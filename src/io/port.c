/* port.c - the thread that finds, opens and closes serial ports */
#include "io/port.h"

#include <string.h>

#include "base/text.h"

#define WHERE_MAX 255

enum errand { ERRAND_OPEN, ERRAND_CLOSE };

/* A port to find and open; where it is follows, without an end. Or one to close. */
struct errand_head {
	uint32_t serial;
	uint8_t what; /* enum errand */
	int fd;
	unsigned nth;
	struct image_line line;
};

static size_t
open_port(const struct errand_head *head, const char *where, uint8_t *out)
{
	struct port p = { .serial = head->serial, .fd = -1 };
	struct err err;

	if (serial_find(where, head->nth, p.path, &err) < 0 ||
		(p.fd = serial_open(p.path, &head->line, &err)) < 0) {
		p.fd = -1;
		text_copy(p.why, sizeof(p.why), err.msg);
	}
	memcpy(out, &p, sizeof(p));
	return sizeof(p);
}

size_t
port_run(void *ctx, const uint8_t *request, size_t n, uint8_t *out)
{
	struct errand_head head;
	char where[WHERE_MAX + 1];

	memcpy(&head, request, sizeof(head));
	if (head.what == ERRAND_CLOSE) {
		serial_close(head.fd);
		memcpy(out, &head.serial, sizeof(head.serial)); /* nobody waits for it */
		return sizeof(head.serial);
	}
	n = MIN(n - sizeof(head), (size_t)WHERE_MAX);
	memcpy(where, request + sizeof(head), n);
	where[n] = '\0';
	return open_port(&head, where, out);
}

int
port_open(struct worker *ports, uint32_t serial, const char *where, unsigned nth,
	const struct image_line *line, struct err *err)
{
	struct errand_head head = {
		.serial = serial, .what = ERRAND_OPEN, .fd = -1, .nth = nth, .line = *line
	};
	uint8_t request[sizeof(head) + WHERE_MAX];
	size_t n = MIN(strlen(where), (size_t)WHERE_MAX);

	memcpy(request, &head, sizeof(head));
	memcpy(request + sizeof(head), where, n);
	return worker_ask(ports, request, sizeof(head) + n, err);
}

void
port_close(struct worker *ports, int fd)
{
	struct errand_head head = { .what = ERRAND_CLOSE, .fd = fd };
	struct err err;

	if (worker_ask(ports, &head, sizeof(head), &err) < 0)
		serial_close(fd);
}

bool
port_take(struct worker *ports, struct port *out)
{
	uint8_t answer[WORKER_PACKET_MAX];

	if (worker_take(ports, answer) != sizeof(*out))
		return false;
	memcpy(out, answer, sizeof(*out));
	return true;
}
