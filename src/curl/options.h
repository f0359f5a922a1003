/* options.h - the words that mbc-curl was started with */
#ifndef CURL_OPTIONS_H
#define CURL_OPTIONS_H

#include "base/err.h"

#define SOURCES_MAX 32
#define HEADERS_MAX 8
#define HEADER_MAX 1200 /* bytes, with a secret in it */

/* A channel: a place on a page. */
struct source {
	char name[64];
	const char *url;  /* of its page; the same pointer for the same page */
	const char *path; /* behind "#json:" */
};

struct options {
	struct source sources[SOURCES_MAX];
	size_t n_sources;
	char *headers[HEADERS_MAX]; /* with their secrets */
	size_t n_headers;
	bool has_secret;
	const char *cacert; /* NULL: the system's */
	int64_t every_ns, timeout_ns;
};

/* Take argv[1..n) apart and read the secrets. ERR_CONF with cause and remedy. argv stays the caller's and is kept. */
int options_read(char **argv, int n, struct options *out, struct err *err) MUST_CHECK;
void options_done(struct options *o);

#endif
