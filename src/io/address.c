/* address.c - addresses of hosts */
#include "io/address.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 255

/* A name to look up; it follows, without an end. */
struct question {
	uint32_t serial;
	uint16_t port;
};

size_t
address_run(void *ctx, const uint8_t *request, size_t n, uint8_t *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG };
	struct addrinfo *found = NULL;
	struct question q;
	struct address a = { 0 };
	char host[NAME_MAX_BYTES + 1], service[8];

	memcpy(&q, request, sizeof(q));
	n = MIN(n - sizeof(q), (size_t)NAME_MAX_BYTES);
	memcpy(host, request + sizeof(q), n);
	host[n] = '\0';
	a.serial = q.serial;
	snprintf(service, sizeof(service), "%u", q.port);
	a.error = getaddrinfo(host, service, &hints, &found);
	if (a.error == 0) {
		a.len = found->ai_addrlen;
		memcpy(&a.addr, found->ai_addr, found->ai_addrlen);
		freeaddrinfo(found);
	}
	memcpy(out, &a, sizeof(a));
	return sizeof(a);
}

int
address_ask(struct worker *names, uint32_t serial, const char *host, uint16_t port, struct err *err)
{
	struct question q = { .serial = serial, .port = port };
	uint8_t request[sizeof(q) + NAME_MAX_BYTES];
	size_t n = MIN(strlen(host), (size_t)NAME_MAX_BYTES);

	memcpy(request, &q, sizeof(q));
	memcpy(request + sizeof(q), host, n);
	return worker_ask(names, request, sizeof(q) + n, err);
}

bool
address_take(struct worker *names, struct address *out)
{
	uint8_t answer[WORKER_PACKET_MAX];

	if (worker_take(names, answer) != sizeof(*out))
		return false;
	memcpy(out, answer, sizeof(*out));
	return true;
}

bool
address_numeric(const char *host, uint16_t port, struct sockaddr_storage *out, socklen_t *out_len)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &found) != 0)
		return false;
	memcpy(out, found->ai_addr, found->ai_addrlen);
	*out_len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}
