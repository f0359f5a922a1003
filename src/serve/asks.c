/* asks.c - what the headers of a request ask for */
#include "serve/asks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* The weight "q=..." behind a range, in thousandths; 1000 where there is none. */
static int
weight(const char *at, const char *end)
{
	for (; at + 2 < end; at++) {
		if (at[0] != ';')
			continue;
		while (at + 1 < end && (at[1] == ' ' || at[1] == '\t'))
			at++;
		if (at + 3 < end && (at[1] | 0x20) == 'q' && at[2] == '=') {
			int q = at[3] == '1' ? 1000 : 0;

			if (at + 4 < end && at[4] == '.' && q == 0)
				for (int i = 5, k = 100; k > 0 && at + i < end; i++, k /= 10) {
					if (at[i] < '0' || at[i] > '9')
						break;
					q += (at[i] - '0') * k;
				}
			return q;
		}
	}
	return 1000;
}

/* Call for each element of a comma-separated header: the weight of `word` in it, -1 when it is not there. */
static int
weight_of(const char *header, const char *word)
{
	size_t n = strlen(word);

	while (*header != '\0') {
		const char *end = header + strcspn(header, ",");

		header += strspn(header, " \t");
		if (strncasecmp(header, word, n) == 0 &&
			(header[n] == ';' || header[n] == ',' || header[n] == '\0' ||
				header[n] == ' '))
			return weight(header + n, end);
		header = *end == ',' ? end + 1 : end;
	}
	return -1;
}

bool
asks_xml(const char *accept)
{
	int xml, json;

	if (accept == NULL || weight_of(accept, "text/html") >= 0)
		return false; /* browsers list XML after HTML, but show JSON better */
	xml = weight_of(accept, "application/xml");
	if (xml < 0)
		xml = weight_of(accept, "text/xml");
	json = weight_of(accept, "application/json");
	return xml > 0 && xml > json;
}

bool
asks_gzip(const char *accept_encoding)
{
	return accept_encoding != NULL && weight_of(accept_encoding, "gzip") > 0;
}

bool
asks_here(const char *host)
{
	char name[64];
	struct in6_addr six;
	struct in_addr four;
	const char *port;
	size_t n;

	if (host[0] == '[') {
		n = strcspn(host, "]");
		port = host[n] == ']' ? host + n + 1 : NULL;
		host++;
		n--;
	} else {
		n = strcspn(host, ":");
		port = host + n;
	}
	if (port == NULL || n >= sizeof(name))
		return false;
	if (*port != '\0' && (*port != ':' || strspn(port + 1, "0123456789") != strlen(port + 1)))
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &four) == 1 ||
	       inet_pton(AF_INET6, name, &six) == 1;
}

bool
asks_cookie(const char *header, const char *name, char *out, size_t cap)
{
	size_t n_name = strlen(name), found = 0;

	for (const char *at = header; *at != '\0'; at += *at == ';') {
		size_t n;

		at += strspn(at, " \t");
		n = strcspn(at, ";");
		if (n > n_name && strncmp(at, name, n_name) == 0 && at[n_name] == '=') {
			const char *value = at + n_name + 1;
			size_t k = n - n_name - 1;

			while (k > 0 && (value[k - 1] == ' ' || value[k - 1] == '\t'))
				k--;
			if (++found > 1 || k == 0 || k >= cap)
				return false;
			for (size_t i = 0; i < k; i++)
				if (value[i] <= ' ' || value[i] > '~')
					return false;
			memcpy(out, value, k);
			out[k] = '\0';
		}
		at += n;
	}
	return found == 1;
}

static bool
is_loopback4(uint32_t address)
{
	return ntohl(address) >> 24 == 127;
}

bool
asks_is_near(const struct sockaddr *peer)
{
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;
	uint32_t mapped;

	if (peer->sa_family == AF_INET)
		return is_loopback4(v4->sin_addr.s_addr);
	if (peer->sa_family != AF_INET6)
		return false;
	memcpy(&mapped, v6->sin6_addr.s6_addr + 12, sizeof(mapped));
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && is_loopback4(mapped));
}

uint8_t
asks_group(const struct sockaddr *peer, uint64_t salt)
{
	struct {
		uint64_t salt;
		uint8_t bytes[8];
	} key = { .salt = salt };
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;

	if (asks_is_near(peer))
		return 0;
	if (peer->sa_family == AF_INET)
		memcpy(key.bytes, &v4->sin_addr, 4);
	else if (peer->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(key.bytes, v6->sin6_addr.s6_addr + 12, 4);
	else if (peer->sa_family == AF_INET6)
		memcpy(key.bytes, v6->sin6_addr.s6_addr, 8);
	return (uint8_t)((text_hash(&key, sizeof(key)) >> 20) % 255 + 1);
}

bool
asks_other_than(const char *if_none_match, const char *etag)
{
	return if_none_match == NULL ||
	       (strcmp(if_none_match, "*") != 0 && strstr(if_none_match, etag) == NULL);
}
