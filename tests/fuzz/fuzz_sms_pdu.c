/* fuzz_sms_pdu.c - the bytes of messages that come in, alone and as parts of long ones */
#include <stdlib.h>
#include <string.h>

#include "alert/sms_parts.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct sms_collect table;
	struct sms_incoming in;
	struct err err;
	char text[SMS_TEXT_MAX];
	int64_t stamp_s;
	uint8_t *exact = malloc(n > 0 ? n : 1); /* so that a byte too many is noticed */

	if (exact == NULL)
		return 0;
	if (n > 0)
		memcpy(exact, data, n);
	if (sms_incoming_take(exact, n, &in, &err) == 0 && in.kind == SMS_DELIVER) {
		sms_body_text(&in.deliver.body, text, sizeof(text));
		if (text_utf8(text, strlen(text)) != strlen(text))
			abort();
		for (unsigned part = 1; part <= MAX(in.deliver.body.total, 1u); part++) {
			in.deliver.body.part = (uint8_t)(in.deliver.body.total > 0 ? part : 0);
			text[0] = '\0';
			(void)sms_collect(&table, part, &in.deliver, text, sizeof(text), &stamp_s);
			if (text_utf8(text, strlen(text)) != strlen(text))
				abort();
		}
	}
	free(exact);
	return 0;
}
