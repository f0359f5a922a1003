/* fuzz_sms_command.c - what somebody asks by short message */
#include <stdlib.h>
#include <string.h>

#include "alert/sms_command.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = mem_text_n((const char *)data, n);
	struct sms_command c;

	if (sms_command_take(text, &c) == SMS_COMMAND_GOOD) {
		if ((c.kind == SMS_COMMAND_OUTPUT) != (c.n > 0) || c.n > SMS_COMMAND_OUTPUTS)
			abort();
		for (unsigned i = 0; i < c.n; i++)
			if (strlen(c.outputs[i].name) >= SMS_COMMAND_NAME ||
				(c.outputs[i].is_relay &&
					(c.outputs[i].relay < 1 ||
						c.outputs[i].relay > SMS_COMMAND_RELAY_MAX)))
				abort();
	}
	free(text);
	return 0;
}
