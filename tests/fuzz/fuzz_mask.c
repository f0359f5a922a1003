/* fuzz_mask.c - any bytes without what stands behind names of passwords: never longer, never beyond, and a password in known places never shown */
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char head[] = "\r\nmx-api-token: S3cr3t-Wort\r\n";
	char *text = mem_zero(n + sizeof(head), 1);
	size_t made;

	memcpy(text, data, n);
	made = mask_named(text, n);
	if (made > n)
		abort();
	/* Whatever stood before it, on lines of its own. */
	memcpy(text, data, n);
	memcpy(text + n, head, sizeof(head) - 1);
	made = mask_named(text, n + sizeof(head) - 1);
	if (memmem(data, n, "S3cr3t", 6) == NULL && memmem(text, made, "S3cr3t-Wort", 11) != NULL)
		abort();
	free(text);
	return 0;
}
