/* fuzz_modem.c - what a modem says: its own lines, or anything. First byte: options; then bytes, of which FF lets a second pass */
#include <stdlib.h>
#include <string.h>

#include "alert/modem.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct modem m;

static void
check(const struct modem_out *out, int64_t now_ns)
{
	struct sms_event e;

	if (out->wake_ns <= now_ns || out->n > MODEM_OUT)
		abort();
	while (modem_event(&m, &e))
		if (text_utf8(e.message, strlen(e.message)) != strlen(e.message) ||
			text_utf8(e.number, strlen(e.number)) != strlen(e.number))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct modem_options o = { .pin = "1234" };
	struct modem_out out;
	struct err err;
	int64_t now_ns = NS_PER_S;
	unsigned ends = 0;

	if (n == 0)
		return 0;
	o.is_text_mode = (data[0] & 1) != 0;
	o.no_reports = (data[0] & 2) != 0;
	modem_init(&m, &o);
	modem_opened(&m, now_ns);
	(void)!modem_send(&m, now_ns, NEVER, 1, "+491701234567", "Störung €: {Тест}", &err);
	for (size_t i = 1; i < n; i++) {
		now_ns += data[i] == 0xFF ? NS_PER_S : NS_PER_MS;
		if (data[i] != 0xFF)
			modem_bytes(&m, now_ns, data + i, 1);
		modem_run(&m, now_ns, &out);
		for (size_t k = 0; k < out.n; k++)
			ends += out.bytes[k] == '\x1A';
		check(&out, now_ns);
	}
	/* A short message is one text, or is refused four times; it never goes twice without an answer in between. */
	if (ends > 4)
		abort();
	modem_closed(&m, now_ns);
	modem_run(&m, now_ns, &out);
	check(&out, now_ns);
	return 0;
}
