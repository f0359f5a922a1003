/* fuzz_certificate.c - any bytes as a file of a certificate and its key: what is taken has both, and texts that end */
#include <stdlib.h>
#include <string.h>

#include "io/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_text(const char *text, size_t cap)
{
	if (memchr(text, '\0', cap) == NULL)
		abort();
}

static void
check_facts(const struct certificate_facts *f)
{
	check_text(f->subject, sizeof(f->subject));
	check_text(f->issuer, sizeof(f->issuer));
	check_text(f->names, sizeof(f->names));
	check_text(f->fingerprint, sizeof(f->fingerprint));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct certificate_facts facts;
	struct certificate *c;
	struct buf pem = { 0 };
	struct err err;
	char *text;

	if (n > CERTIFICATE_BYTES_MAX)
		return 0;
	text = malloc(MAX(n, 1)); /* of its size: a read behind it is seen */
	if (text == NULL)
		return 0;
	memcpy(text, data, n);
	c = certificate_read(text, n, &err);
	if (c != NULL) {
		if (c->n_chain < 1 || c->n_chain > CERTIFICATE_CHAIN_MAX)
			abort();
		check_facts(&c->facts);
		(void)certificate_is_for(c, "localhost");
		(void)certificate_is_for(c, "127.0.0.1");
		certificate_free(c);
	}
	if (certificate_describe(text, n, &facts, &err) == 0)
		check_facts(&facts);
	/* What is given out is read again, and has no key. */
	if (certificate_public(text, n, &pem, &err) == 0 &&
		(certificate_describe(buf_text(&pem), pem.n, &facts, &err) < 0 ||
			memmem(pem.data, pem.n, "PRIVATE KEY", 11) != NULL))
		abort();
	buf_done(&pem);
	free(text);
	return 0;
}
