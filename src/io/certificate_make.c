/* certificate_make.c - a certificate of our own
 *
 * Source: RFC 5280. It signs itself: whoever has compared its fingerprint, or has put it among those that he trusts, knows this
 * bench again. It may sign no others.
 */
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "io/certificate.h"

#define SERIAL_BYTES 16
#define DAY_S 86400

struct making {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
};

static int
put_names(gnutls_x509_crt_t crt, const char *const *names, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < n; i++) {
		unsigned char ip[sizeof(struct in6_addr)];
		unsigned how = i == 0 ? GNUTLS_FSAN_SET : GNUTLS_FSAN_APPEND;

		if (inet_pton(AF_INET, names[i], ip) == 1)
			rc = gnutls_x509_crt_set_subject_alt_name(
				crt, GNUTLS_SAN_IPADDRESS, ip, 4, how);
		else if (inet_pton(AF_INET6, names[i], ip) == 1)
			rc = gnutls_x509_crt_set_subject_alt_name(
				crt, GNUTLS_SAN_IPADDRESS, ip, 16, how);
		else
			rc = gnutls_x509_crt_set_subject_alt_name(
				crt, GNUTLS_SAN_DNSNAME, names[i], (unsigned)strlen(names[i]), how);
	}
	return rc;
}

static int
put_numbers(gnutls_x509_crt_t crt, int64_t now_s, unsigned days)
{
	unsigned char serial[SERIAL_BYTES];
	int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] = (unsigned char)((serial[0] & 0x7F) | 0x40); /* positive, of full length */
	if (rc >= 0)
		rc = gnutls_x509_crt_set_version(crt, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(crt, (time_t)(now_s - DAY_S));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(
			crt, (time_t)(now_s + (int64_t)days * DAY_S));
	return rc;
}

static int
put_uses(gnutls_x509_crt_t crt)
{
	unsigned char id[32];
	size_t n = sizeof(id);
	int rc = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);

	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_key_id(crt, 0, id, &n);
	return rc >= 0 ? gnutls_x509_crt_set_subject_key_id(crt, id, n) : rc;
}

static int
fill(struct making *m, const char *const *names, size_t n, int64_t now_s, unsigned days)
{
	const char *subject = n > 0 ? names[0] : "mbc";
	int rc = gnutls_x509_privkey_generate(
		m->key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);

	if (rc >= 0)
		rc = put_numbers(m->crt, now_s, days);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(m->crt, GNUTLS_OID_X520_COMMON_NAME, 0, subject,
			(unsigned)MIN(strlen(subject), (size_t)64));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(m->crt, m->key);
	if (rc >= 0)
		rc = put_names(m->crt, names, n);
	if (rc >= 0)
		rc = put_uses(m->crt);
	return rc >= 0 ? gnutls_x509_crt_sign2(m->crt, m->crt, m->key, GNUTLS_DIG_SHA256, 0) : rc;
}

static int export(const struct making *m, struct buf *out)
{
	gnutls_datum_t crt = { 0 }, key = { 0 };
	int rc = gnutls_x509_crt_export2(m->crt, GNUTLS_X509_FMT_PEM, &crt);

	if (rc >= 0)
		rc = gnutls_x509_privkey_export2_pkcs8(
			m->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key);
	if (rc >= 0) {
		buf_room(out, crt.size + key.size + 1); /* at once, so that no copy is left */
		buf_put(out, crt.data, crt.size);
		buf_put(out, key.data, key.size);
	}
	if (key.data != NULL)
		explicit_bzero(key.data, key.size);
	gnutls_free(key.data);
	gnutls_free(crt.data);
	return rc;
}

int
certificate_make(const char *const *names, size_t n_names, int64_t now_s, unsigned days,
	struct buf *out, struct err *err)
{
	struct making m = { 0 };
	int rc = gnutls_x509_privkey_init(&m.key);

	if (rc >= 0)
		rc = gnutls_x509_crt_init(&m.crt);
	if (rc >= 0)
		rc = fill(&m, names, n_names, now_s, days);
	if (rc >= 0)
		rc = export(&m, out);
	if (m.crt != NULL)
		gnutls_x509_crt_deinit(m.crt);
	if (m.key != NULL)
		gnutls_x509_privkey_deinit(m.key);
	return rc >= 0 ? 0
		       : err_set(err, ERR_IO, 0, "making a certificate: %s", gnutls_strerror(rc));
}
