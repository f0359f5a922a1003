/* tls.c - the certificate that is shown to those who connect
 *
 * A handshake that is under way goes on with the certificate that it began with: GnuTLS keeps a pointer to it. So one that is
 * replaced is freed only when no handshake can be that old: clients.c ends whoever takes longer.
 */
#include "serve/tls.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "serve/clients.h"

#define RETIRED_NS (4 * CLIENTS_LIMIT_NS)

struct shown {
	struct certificate *certificate;
	struct shown *before; /* retired earlier */
	int64_t retired_ns;
};

struct tls {
	struct certificate *now; /* NULL: none yet; every handshake fails */
	bool is_own;
	struct shown *retired;
};

static struct tls *only;

struct tls *
tls_new(void)
{
	only = mem_zero(1, sizeof(*only));
	return only;
}

static void
free_from(struct shown *s)
{
	while (s != NULL) {
		struct shown *before = s->before;

		certificate_free(s->certificate);
		free(s);
		s = before;
	}
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	certificate_free(t->now);
	free_from(t->retired);
	free(t);
	only = NULL;
}

const char *
tls_priorities(void)
{
	return "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
	       "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:"
	       "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
	       "-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:%SERVER_PRECEDENCE";
}

static void
retire(struct tls *t, int64_t now_ns)
{
	struct shown *s;

	if (t->now == NULL)
		return;
	s = mem_zero(1, sizeof(*s));
	*s = (struct shown){ t->now, t->retired, now_ns };
	t->retired = s;
}

int
tls_take(struct tls *t, const char *pem, size_t n, bool is_own, int64_t now_s, int64_t now_ns,
	struct certificate_facts *out, struct err *err)
{
	struct certificate *c = certificate_read(pem, n, err);

	if (c == NULL)
		return ERR_CONF;
	*out = c->facts;
	if (c->facts.until_s <= now_s && t->now != NULL && t->now->facts.until_s > now_s) {
		certificate_free(c);
		return err_set(err, ERR_CONF, 0,
			"the new certificate is over; have it renewed, or set the clock of this "
			"computer");
	}
	if (t->now != NULL && strcmp(t->now->facts.fingerprint, c->facts.fingerprint) == 0) {
		certificate_free(c);
		t->is_own = is_own;
		return 0;
	}
	retire(t, now_ns);
	t->now = c;
	t->is_own = is_own;
	return 0;
}

void
tls_beat(struct tls *t, int64_t now_ns)
{
	struct shown **at = &t->retired;

	while (*at != NULL && now_ns - (*at)->retired_ns < RETIRED_NS)
		at = &(*at)->before;
	free_from(*at); /* behind it all are older */
	*at = NULL;
}

/* "bench-pc:8443" is bench-pc, "[::1]" is ::1. */
static bool
split(const char *host, char *out, size_t cap)
{
	size_t n;

	if (host[0] == '[') {
		host++;
		n = strcspn(host, "]");
	} else {
		n = strcspn(host, ":");
	}
	if (n == 0 || n >= cap)
		return false;
	memcpy(out, host, n);
	out[n] = '\0';
	return true;
}

bool
tls_is_for(const struct tls *t, const char *host)
{
	char name[256];

	return t->now != NULL && split(host, name, sizeof(name)) &&
	       certificate_is_for(t->now, name);
}

static bool
is_name_of_here(const char *name)
{
	size_t n = strlen(name), tail = strlen(".localhost");

	return strcasecmp(name, "localhost") == 0 ||
	       (n > tail && strcasecmp(name + n - tail, ".localhost") == 0);
}

bool
tls_is_strict(const struct tls *t, const char *host)
{
	struct in6_addr six;
	struct in_addr four;
	char name[256];

	return t->now != NULL && !t->is_own && split(host, name, sizeof(name)) &&
	       !is_name_of_here(name) && inet_pton(AF_INET, name, &four) != 1 &&
	       inet_pton(AF_INET6, name, &six) != 1;
}

int
tls_show(gnutls_session_t session, const gnutls_datum_t *req_ca_dn, int nreqs,
	const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length, gnutls_pcert_st **pcert,
	unsigned int *pcert_length, gnutls_privkey_t *pkey)
{
	if (only == NULL || only->now == NULL)
		return -1;
	*pcert = only->now->chain;
	*pcert_length = only->now->n_chain;
	*pkey = only->now->key;
	return 0;
}
