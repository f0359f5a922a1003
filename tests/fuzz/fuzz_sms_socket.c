/* fuzz_sms_socket.c - the lines of a router that sends messages; FF lets ten seconds pass */
#include <stdlib.h>
#include <string.h>

#include "alert/sms_socket.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct sms_socket s;
	struct sms_socket_out out;
	struct sms_event e;
	struct err err;
	int64_t now_ns = NS_PER_S;

	sms_socket_init(&s, &(struct sms_socket_options){ .register_letter = 'P' });
	sms_socket_opened(&s, now_ns);
	(void)!sms_socket_send(&s, now_ns, NEVER, 1, "+491701234567", "Störung", &err);
	for (size_t i = 0; i < n; i++) {
		now_ns += data[i] == 0xFF ? 10 * NS_PER_S : NS_PER_MS;
		if (data[i] != 0xFF)
			sms_socket_bytes(&s, now_ns, data + i, 1);
		sms_socket_run(&s, now_ns, &out);
		if (out.wake_ns <= now_ns)
			abort();
		while (sms_socket_event(&s, &e))
			if (text_utf8(e.message, strlen(e.message)) != strlen(e.message))
				abort();
	}
	sms_socket_closed(&s, now_ns);
	return 0;
}
