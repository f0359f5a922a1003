/* fuzz_secret.c - texts with secrets: the first line is one, what is shown of the rest does not hold it */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct secrets known = { .n = 1 };
	static uint8_t out[3 * 4096];
	const uint8_t *lf = memchr(data, '\n', n);
	size_t length = lf == NULL ? 0 : (size_t)(lf - data), made;

	if (length < SECRET_MIN || length > SECRET_MAX || memchr(data, '\0', length) != NULL ||
		n - length > 4096)
		return 0;
	known.at[0].n = length;
	memcpy(known.at[0].value, data, length);
	known.at[0].value[length] = '\0';
	data += length + 1;
	n -= length + 1;
	made = secret_mask(&known, data, n, out, sizeof(out));
	if (made > sizeof(out))
		abort();
	/* One with a '*' may come about anew beside a mask. */
	if (memchr(known.at[0].value, '*', length) == NULL &&
		memmem(out, made, known.at[0].value, length) != NULL)
		abort();
	return 0;
}
