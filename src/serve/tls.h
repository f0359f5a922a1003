/* tls.h - the certificate that is shown to those who connect
 *
 * One server a process: GnuTLS asks for it without saying on whose behalf.
 */
#ifndef SERVE_TLS_H
#define SERVE_TLS_H

#include <gnutls/abstract.h>

#include "base/err.h"
#include "io/certificate.h"

struct tls;

struct tls *tls_new(void);
void tls_free(struct tls *t); /* when no connection is left; takes NULL */

/* TLS 1.2 and 1.3, with forward secrecy and authenticated encryption alone. */
const char *tls_priorities(void);

/* Show this one (PEM, with its key) to who connects from now on; is_own: mbc has made it. now_s: seconds since 1970. One that cannot be used, or is over while the one
 * before is not, changes nothing: ERR_CONF with cause and remedy. out: what it is. */
int tls_take(struct tls *t, const char *pem, size_t n, bool is_own, int64_t now_s, int64_t now_ns,
	struct certificate_facts *out, struct err *err) MUST_CHECK;

/* Certificates that no handshake can be using any more are freed; each second. */
void tls_beat(struct tls *t, int64_t now_ns);

/* Is the certificate for this name of a header Host, "bench-pc:8443"? */
bool tls_is_for(const struct tls *t, const char *host);

/* Shall browsers be told to come with TLS alone? Not to a name of the computer that they run on, where other programs have pages, nor to
 * an address; and not with a certificate of our own, which they could then not get past once it is another one. */
bool tls_is_strict(const struct tls *t, const char *host);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
int tls_show(gnutls_session_t session, const gnutls_datum_t *req_ca_dn, int nreqs,
	const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length, gnutls_pcert_st **pcert,
	unsigned int *pcert_length, gnutls_privkey_t *pkey);

#endif
