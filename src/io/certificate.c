/* certificate.c - certificates with their keys: read and described
 *
 * Sources: RFC 5280 (certificates), RFC 7468 (PEM), RFC 6125 (names of servers).
 */
#include "io/certificate.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define SAN_MAX 256 /* bytes of a name that is shown */

/* GnuTLS promises not to write. */
static gnutls_datum_t
datum(const char *bytes, size_t n)
{
	union {
		const char *c;
		unsigned char *u;
	} p = { .c = bytes };

	return (gnutls_datum_t){ .data = p.u, .size = (unsigned)n };
}

/* ---- facts ---------------------------------------------------------------------------------------------------------------- */

/* Names are written into logs and shown to people: a stranger may have chosen them. */
static void
put_name(char *out, size_t cap, const char *name)
{
	size_t n = strlen(out);

	if (n + strlen(name) + 3 > cap)
		return;
	snprintf(out + n, cap - n, "%s%s", n > 0 ? ", " : "", name);
	for (char *at = out + n; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

static void
put_names(char *out, size_t cap, gnutls_x509_crt_t crt)
{
	for (unsigned i = 0;; i++) {
		char raw[SAN_MAX + 1], text[INET6_ADDRSTRLEN];
		size_t n = SAN_MAX;
		int kind = gnutls_x509_crt_get_subject_alt_name(crt, i, raw, &n, NULL);

		if (kind == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (kind < 0)
			return;
		raw[MIN(n, (size_t)SAN_MAX)] = '\0';
		if (kind == GNUTLS_SAN_DNSNAME)
			put_name(out, cap, raw);
		else if (kind == GNUTLS_SAN_IPADDRESS && (n == 4 || n == 16) &&
			 inet_ntop(n == 4 ? AF_INET : AF_INET6, raw, text, sizeof(text)) != NULL)
			put_name(out, cap, text);
	}
}

static void
put_fingerprint(char *out, size_t cap, gnutls_x509_crt_t crt)
{
	unsigned char digest[32];
	size_t n = sizeof(digest), at = 0;

	out[0] = '\0';
	if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, digest, &n) < 0)
		return;
	for (size_t i = 0; i < n && at + 3 < cap; i++)
		at += (size_t)snprintf(out + at, cap - at, "%s%02X", i > 0 ? ":" : "", digest[i]);
}

static void
read_facts(gnutls_x509_crt_t crt, struct certificate_facts *out)
{
	char name[256];
	size_t n = sizeof(name);

	*out = (struct certificate_facts){
		.from_s = gnutls_x509_crt_get_activation_time(crt),
		.until_s = gnutls_x509_crt_get_expiration_time(crt),
		.is_own = gnutls_x509_crt_check_issuer(crt, crt) != 0,
	};
	if (gnutls_x509_crt_get_dn(crt, name, &n) >= 0)
		put_name(out->subject, sizeof(out->subject), name);
	n = sizeof(name);
	if (gnutls_x509_crt_get_issuer_dn(crt, name, &n) >= 0)
		put_name(out->issuer, sizeof(out->issuer), name);
	put_names(out->names, sizeof(out->names), crt);
	put_fingerprint(out->fingerprint, sizeof(out->fingerprint), crt);
}

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

static int
import_chain(const char *pem, size_t n, gnutls_x509_crt_t *list, unsigned *n_list, struct err *err)
{
	gnutls_datum_t bytes = datum(pem, n);
	int rc;

	*n_list = CERTIFICATE_CHAIN_MAX;
	rc = gnutls_x509_crt_list_import(list, n_list, &bytes, GNUTLS_X509_FMT_PEM,
		GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED | GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
	if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER)
		return err_set(err, ERR_CONF, 0,
			"the certificate has more than %d others above it; leave out what does not "
			"belong to it",
			CERTIFICATE_CHAIN_MAX - 1);
	if (rc == GNUTLS_E_CERTIFICATE_LIST_UNSORTED)
		return err_set(err, ERR_CONF, 0,
			"the certificates stand in the wrong order; write the server's own first, "
			"then each that has signed the one before");
	if (rc < 1)
		return err_set(err, ERR_CONF, 0,
			"there is no certificate that can be read in it (%s); it has to be PEM, "
			"with a line '-----BEGIN CERTIFICATE-----'",
			rc < 0 ? gnutls_strerror(rc) : "none");
	*n_list = (unsigned)rc;
	return 0;
}

static int
take_chain(struct certificate *c, const char *pem, size_t n, struct err *err)
{
	gnutls_x509_crt_t list[CERTIFICATE_CHAIN_MAX];
	unsigned n_list;
	int rc = 0;

	if (import_chain(pem, n, list, &n_list, err) < 0)
		return ERR_CONF;
	for (unsigned i = 0; i < n_list; i++) {
		if (rc >= 0 && (rc = gnutls_pcert_import_x509(&c->chain[i], list[i], 0)) >= 0)
			c->n_chain++;
		if (i == 0)
			c->leaf = list[0];
		else
			gnutls_x509_crt_deinit(list[i]);
	}
	if (rc < 0)
		return err_set(err, ERR_CONF, 0, "the certificate cannot be used: %s",
			gnutls_strerror(rc));
	read_facts(c->leaf, &c->facts);
	return 0;
}

static int
take_key(struct certificate *c, const char *pem, size_t n, struct err *err)
{
	gnutls_datum_t bytes = datum(pem, n);
	int rc = gnutls_privkey_init(&c->key);

	if (rc >= 0)
		rc = gnutls_privkey_import_x509_raw(c->key, &bytes, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc >= 0)
		return 0;
	if (strstr(pem, "ENCRYPTED") != NULL)
		return err_set(err, ERR_CONF, 0,
			"the private key is encrypted, and nobody is there to type its password; "
			"write it without, as 'openssl pkey' does, with mode 0600");
	return err_set(err, ERR_CONF, 0,
		"there is no private key that can be read in it (%s); it has to be PEM, with a "
		"line '-----BEGIN PRIVATE KEY-----'",
		gnutls_strerror(rc));
}

/* By their identities, and by a signature: what is no use of the key shows here and not to visitors. */
static int
check_pair(struct certificate *c, struct err *err)
{
	unsigned char of_key[20], of_crt[20];
	size_t n_key = sizeof(of_key), n_crt = sizeof(of_crt);
	gnutls_pubkey_t public = NULL;
	int rc = gnutls_pubkey_init(&public);

	if (rc >= 0)
		rc = gnutls_pubkey_import_privkey(public, c->key, 0, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_get_key_id(public, 0, of_key, &n_key);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_key_id(c->leaf, 0, of_crt, &n_crt);
	gnutls_pubkey_deinit(public);
	if (rc < 0)
		return err_set(err, ERR_CONF, 0, "certificate and key cannot be compared: %s",
			gnutls_strerror(rc));
	if (n_key == n_crt && memcmp(of_key, of_crt, n_key) == 0)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"the private key does not belong to the certificate; give the key that it was made "
		"for, or have a new certificate made");
}

struct certificate *
certificate_read(const char *pem, size_t n, struct err *err)
{
	struct certificate *c = mem_zero(1, sizeof(*c));
	char *text = mem_zero(n + 1, 1); /* ends with a NUL */
	int rc = ERR_CONF;

	memcpy(text, pem, n);
	if (n > CERTIFICATE_BYTES_MAX)
		err_set(err, ERR_CONF, 0, "its files have more than %u kB",
			CERTIFICATE_BYTES_MAX >> 10);
	else if (take_chain(c, text, n, err) == 0 && take_key(c, text, n, err) == 0)
		rc = check_pair(c, err);
	explicit_bzero(text, n);
	free(text);
	if (rc == 0)
		return c;
	certificate_free(c);
	return NULL;
}

void
certificate_free(struct certificate *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->n_chain; i++)
		gnutls_pcert_deinit(&c->chain[i]);
	if (c->leaf != NULL)
		gnutls_x509_crt_deinit(c->leaf);
	if (c->key != NULL)
		gnutls_privkey_deinit(c->key);
	free(c);
}

bool
certificate_is_for(const struct certificate *c, const char *host)
{
	return gnutls_x509_crt_check_hostname(c->leaf, host) != 0;
}

/* ---- without a key -------------------------------------------------------------------------------------------------------- */

static int
import_first(const char *pem, size_t n, gnutls_x509_crt_t *out, struct err *err)
{
	gnutls_datum_t bytes = datum(pem, n);
	int rc = gnutls_x509_crt_init(out);

	if (rc < 0)
		return err_set(err, ERR_IO, 0, "%s", gnutls_strerror(rc));
	rc = gnutls_x509_crt_import(*out, &bytes, GNUTLS_X509_FMT_PEM);
	if (rc >= 0)
		return 0;
	gnutls_x509_crt_deinit(*out);
	return err_set(err, ERR_CONF, 0, "there is no certificate that can be read in it: %s",
		gnutls_strerror(rc));
}

int
certificate_describe(const char *pem, size_t n, struct certificate_facts *out, struct err *err)
{
	gnutls_x509_crt_t crt;

	if (import_first(pem, n, &crt, err) < 0)
		return ERR_CONF;
	read_facts(crt, out);
	gnutls_x509_crt_deinit(crt);
	return 0;
}

int
certificate_public(const char *pem, size_t n, struct buf *out, struct err *err)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t text = { 0 };
	int rc;

	if (import_first(pem, n, &crt, err) < 0)
		return ERR_CONF;
	rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text);
	if (rc >= 0)
		buf_put(out, text.data, text.size);
	gnutls_free(text.data);
	gnutls_x509_crt_deinit(crt);
	return rc >= 0 ? 0 : err_set(err, ERR_IO, 0, "%s", gnutls_strerror(rc));
}
