/* fuzz_push_reply.c - answers of push services: the first byte chooses the service, the second the status, a line is Retry-After, the rest the body */
#include <stdlib.h>
#include <string.h>

#include "alert/push_reply.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

/* One line of UTF-8 that ends. */
static void
check_text(const char *text, size_t cap)
{
	size_t n = strnlen(text, cap);

	demand(n < cap && text_utf8(text, n) == n);
	for (size_t i = 0; i < n; i++)
		demand((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const long statuses[] = { 200, 201, 204, 301, 400, 401, 403, 404, 408, 410, 413, 429,
		500, 503, 599, 999 };
	struct push_answer a = { .wall_ns = INT64_C(1735027260) * NS_PER_S };
	const uint8_t *end;
	struct alert_verdict v;
	char after[64];
	size_t k;

	if (n < 2)
		return 0;
	a.status = statuses[data[1] % NELEM(statuses)];
	end = memchr(data + 2, '\n', n - 2);
	k = end == NULL ? 0 : MIN((size_t)(end - data) - 2, sizeof(after) - 1);
	memcpy(after, data + 2, k);
	after[k] = '\0';
	a.retry_after = after;
	a.body = end == NULL ? (const char *)data + 2 : (const char *)end + 1;
	a.n = n - (size_t)((const uint8_t *)a.body - data);
	push_judge((enum push_shape)(data[0] % PUSH_SHAPES), &a, &v);
	demand(v.result < ALERT_RESULTS && v.wait_ns >= 0 && v.wait_ns <= 86400 * NS_PER_S);
	demand(v.result != ALERT_SENT || a.status < 300);
	demand((v.result == ALERT_SENT) == (v.text[0] == '\0'));
	check_text(v.text, sizeof(v.text));
	check_text(v.remedy, sizeof(v.remedy));
	check_text(v.receipt, sizeof(v.receipt));
	return 0;
}
