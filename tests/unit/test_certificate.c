/* test_certificate.c - certificates with their keys, and the one that is shown */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/certificate.h"
#include "serve/clients.h"
#include "serve/tls.h"

#define NOW INT64_C(1790000000)
#define DAY INT64_C(86400)

static const char *const names[] = { "bench-pc", "bench.lab", "192.168.1.5", "fd00::5" };
static struct buf one, other, old; /* PEM: two pairs; one that is over */

static int
make(void **state)
{
	struct err err;

	return certificate_make(names, NELEM(names), NOW, 30, &one, &err) < 0 ||
	       certificate_make(names, 1, NOW, 60, &other, &err) < 0 ||
	       certificate_make(names, 1, NOW - 100 * DAY, 10, &old, &err) < 0;
}

static int
unmake(void **state)
{
	buf_done(&one);
	buf_done(&other);
	buf_done(&old);
	return 0;
}

static void
test_made_and_read(void **state)
{
	struct err err;
	struct certificate *c = certificate_read(one.data, one.n, &err);

	assert_non_null(c);
	assert_string_equal(c->facts.subject, "CN=bench-pc");
	assert_string_equal(c->facts.names, "bench-pc, bench.lab, 192.168.1.5, fd00::5");
	assert_true(c->facts.is_own);
	assert_true(c->facts.from_s == NOW - DAY);
	assert_true(c->facts.until_s == NOW + 30 * DAY);
	assert_int_equal(strlen(c->facts.fingerprint), 32 * 3 - 1);
	assert_true(certificate_is_for(c, "Bench.Lab"));
	assert_true(certificate_is_for(c, "192.168.1.5"));
	assert_false(certificate_is_for(c, "evil.example"));
	certificate_free(c);
}

static void
test_what_cannot_be_used(void **state)
{
	size_t n_crt = (size_t)(strstr(buf_text(&one), "-----BEGIN PRIVATE") - one.data);
	const char *other_key = strstr(buf_text(&other), "-----BEGIN PRIVATE");
	struct buf mixed = { 0 };
	struct err err;

	assert_null(certificate_read("", 0, &err));
	assert_non_null(strstr(err.msg, "PEM"));
	assert_null(certificate_read(one.data, n_crt, &err));
	assert_non_null(strstr(err.msg, "private key"));
	assert_null(certificate_read(one.data + n_crt, one.n - n_crt, &err));
	buf_put(&mixed, one.data, n_crt);
	buf_puts(&mixed, other_key);
	assert_null(certificate_read(mixed.data, mixed.n, &err));
	assert_non_null(strstr(err.msg, "does not belong"));
	buf_done(&mixed);
	/* cut and garbled at many places: never more than a refusal, or the very same certificate */
	for (size_t n = 0; n < one.n; n += 7) {
		char *copy = malloc(one.n);
		struct certificate *c;

		memcpy(copy, one.data, one.n);
		copy[n] ^= 4;
		certificate_free(certificate_read(copy, n, &err));
		c = certificate_read(copy, one.n, &err);
		certificate_free(c);
		free(copy);
	}
}

static void
test_the_key_stays(void **state)
{
	struct certificate_facts facts;
	struct buf out = { 0 };
	struct err err;

	assert_int_equal(certificate_public(one.data, one.n, &out, &err), 0);
	assert_null(strstr(buf_text(&out), "PRIVATE"));
	assert_int_equal(certificate_describe(out.data, out.n, &facts, &err), 0);
	assert_string_equal(facts.subject, "CN=bench-pc");
	buf_done(&out);
}

static const gnutls_pcert_st *
shown(void)
{
	gnutls_pcert_st *chain = NULL;
	gnutls_privkey_t key;
	unsigned n;

	return tls_show(NULL, NULL, 0, NULL, 0, &chain, &n, &key) == 0 ? chain : NULL;
}

static void
test_one_after_the_other(void **state)
{
	struct tls *t = tls_new();
	const gnutls_pcert_st *first, *second;
	struct certificate_facts facts;
	struct err err;

	assert_null(shown());
	assert_int_equal(tls_take(t, "x", 1, true, NOW, 0, &facts, &err), ERR_CONF);
	assert_null(shown());
	assert_int_equal(
		tls_take(t, old.data, old.n, true, NOW, 0, &facts, &err), 0); /* better than none */
	first = shown();
	assert_int_equal(tls_take(t, one.data, one.n, true, NOW, 0, &facts, &err), 0);
	second = shown();
	assert_ptr_not_equal(first, second);
	assert_int_equal(tls_take(t, one.data, one.n, true, NOW, 0, &facts, &err), 0);
	assert_ptr_equal(shown(), second); /* the same */
	assert_int_equal(tls_take(t, old.data, old.n, true, NOW, 0, &facts, &err), ERR_CONF);
	assert_non_null(strstr(err.msg, "over"));
	assert_int_equal(tls_take(t, "x", 1, true, NOW, 0, &facts, &err), ERR_CONF);
	assert_ptr_equal(shown(), second);
	assert_int_equal(first->type, GNUTLS_CRT_X509); /* a handshake may still have it */
	tls_beat(t, CLIENTS_LIMIT_NS);
	assert_int_equal(first->type, GNUTLS_CRT_X509);
	assert_int_equal(tls_take(t, other.data, other.n, false, NOW, NS_PER_S, &facts, &err), 0);
	tls_beat(t, 4 * CLIENTS_LIMIT_NS);
	tls_beat(t, 5 * CLIENTS_LIMIT_NS);
	tls_beat(t, 9 * CLIENTS_LIMIT_NS);
	assert_non_null(shown());
	tls_free(t);
	assert_null(shown());
}

static void
test_names(void **state)
{
	struct tls *t = tls_new();
	struct certificate_facts facts;
	struct err err;

	assert_false(tls_is_for(t, "bench-pc"));
	assert_int_equal(tls_take(t, one.data, one.n, false, NOW, 0, &facts, &err), 0);
	assert_true(tls_is_for(t, "bench-pc:8443"));
	assert_true(tls_is_for(t, "BENCH.LAB"));
	assert_false(tls_is_for(t, "bench.lab.evil.example:8443"));
	assert_false(tls_is_for(t, ""));
	assert_false(tls_is_for(t, ":8443"));
	assert_true(tls_is_strict(t, "bench-pc:8443"));
	assert_false(tls_is_strict(t, "localhost:8443"));
	assert_false(tls_is_strict(t, "a.localhost"));
	assert_false(tls_is_strict(t, "192.168.1.5:8443"));
	assert_false(tls_is_strict(t, "[::1]:8443"));
	assert_int_equal(tls_take(t, one.data, one.n, true, NOW, 0, &facts, &err), 0);
	assert_false(tls_is_strict(t, "bench-pc:8443")); /* with one of our own */
	tls_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_and_read),
		cmocka_unit_test(test_what_cannot_be_used),
		cmocka_unit_test(test_the_key_stays),
		cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
