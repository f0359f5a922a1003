/* certificate.h - certificates with their keys: read, made, described
 *
 * By GnuTLS, as the data server uses it; only programs that link it may use this.
 */
#ifndef IO_CERTIFICATE_H
#define IO_CERTIFICATE_H

#include <gnutls/abstract.h>

#include "base/buf.h"
#include "base/err.h"

#define CERTIFICATE_CHAIN_MAX 8
#define CERTIFICATE_BYTES_MAX (256u << 10) /* of all that stands in its files */
#define CERTIFICATE_NAMES_MAX 64           /* of one that is made */

/* What one can know about a certificate without trusting it. */
struct certificate_facts {
	char subject[128];
	char issuer[128];
	char names[512];         /* host names and addresses that it is for, with ", " between */
	char fingerprint[96];    /* SHA-256 of it, "AB:CD:..." */
	int64_t from_s, until_s; /* seconds since 1970 */
	bool is_own;             /* it has signed itself */
};

struct certificate {
	gnutls_x509_crt_t leaf;
	gnutls_pcert_st chain[CERTIFICATE_CHAIN_MAX]; /* that one first */
	unsigned n_chain;
	gnutls_privkey_t key;
	struct certificate_facts facts;
};

/* Certificates as PEM with the private key among them, in any order but for the first certificate, which is the server's. The key has to
 * fit it. NULL with ERR_CONF, cause and remedy. */
struct certificate *certificate_read(const char *pem, size_t n, struct err *err) MUST_CHECK;
void certificate_free(struct certificate *c);

/* Is it for this host, a name or an address in figures? */
bool certificate_is_for(const struct certificate *c, const char *host);

/* The facts of the first certificate in a file, which needs no key. */
int certificate_describe(
	const char *pem, size_t n, struct certificate_facts *out, struct err *err) MUST_CHECK;
/* That certificate alone, as PEM. */
int certificate_public(const char *pem, size_t n, struct buf *out, struct err *err) MUST_CHECK;

/* A key (EC P-256) and a certificate of its own for these names and addresses in figures, the first of which becomes its subject; good from
 * a day before `now_s` until `days` after it. Appended as PEM, the certificate first. */
int certificate_make(const char *const *names, size_t n_names, int64_t now_s, unsigned days,
	struct buf *out, struct err *err) MUST_CHECK;

#endif
