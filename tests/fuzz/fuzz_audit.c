/* fuzz_audit.c - lines of the record of what was asked: read back from files that anybody may have edited */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "msg/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What is written with these bytes as its texts is good, and has one line. */
static void
write_and_check(const char *line, size_t n)
{
	struct audit_record r = { .n = n + 1, .event = n };
	char hash[AUDIT_HASH], again[AUDIT_HASH], text[COMMAND_VALUE];
	struct buf out = { 0 };
	uint64_t number;

	if (text_utf8(line, n) != n || memchr(line, '\0', n) != NULL)
		return;
	text_copy(r.who, sizeof(r.who), "root");
	text_copy(r.value, sizeof(r.value), line);
	memcpy(hash, audit_begin, sizeof(hash));
	memcpy(again, audit_begin, sizeof(again));
	audit_write(&out, &r, hash);
	if (out.n > AUDIT_LINE_MAX || memchr(out.data, '\n', out.n - 1) != NULL ||
		audit_check(out.data, out.n - 1, again, &number) != AUDIT_GOOD || number != n + 1 ||
		memcmp(hash, again, sizeof(hash)) != 0 ||
		!audit_get(out.data, out.n - 1, "who", text, sizeof(text)) ||
		strcmp(text, "root") != 0 || audit_is_about_file(out.data, out.n - 1, "torn"))
		abort();
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const keys[] = { "n", "who", "value", "hash", "times" };
	char *line = mem_text_n((const char *)data, n); /* so that a byte too many is noticed */
	char hash[AUDIT_HASH], text[24];
	uint64_t number;

	memcpy(hash, audit_begin, sizeof(hash));
	if (audit_check(line, n, hash, &number) == AUDIT_NO_LINE &&
		memcmp(hash, audit_begin, sizeof(hash)) != 0)
		abort();
	for (size_t i = 0; i < NELEM(keys); i++) {
		(void)!audit_get(line, n, keys[i], text, sizeof(text));
		if (strlen(text) >= sizeof(text))
			abort();
	}
	write_and_check(line, n);
	free(line);
	return 0;
}
