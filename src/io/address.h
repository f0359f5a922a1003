/* address.h - addresses of hosts: written as numbers, or names that a thread looks up */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <sys/socket.h>

#include "base/err.h"
#include "io/worker.h"

struct address {
	uint32_t serial; /* of who asks */
	int error;       /* of getaddrinfo; 0: the rest is good */
	socklen_t len;
	struct sockaddr_storage addr;
};

/* False: it is a name. Never waits. */
bool address_numeric(
	const char *host, uint16_t port, struct sockaddr_storage *out, socklen_t *out_len);

/* What the thread runs: worker_fn. */
size_t address_run(void *ctx, const uint8_t *request, size_t n, uint8_t *out);
/* Look a name up. Fails when the thread's queue is full. */
int address_ask(struct worker *names, uint32_t serial, const char *host, uint16_t port,
	struct err *err) MUST_CHECK;
/* Call when names->fd is readable; false: there is no answer. */
bool address_take(struct worker *names, struct address *out);

#endif
