/* fuzz_mail_reply.c - words of mail servers and of libcurl: two bytes are its code and the reply, a line is of the server, the rest of libcurl */
#include <stdlib.h>
#include <string.h>

#include "alert/mail_reply.h"
#include "base/mem.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

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
	struct mail_end end = { 0 };
	struct alert_verdict v;
	const uint8_t *line_end;
	char *words;

	if (n < 3)
		return 0;
	end.code = data[0];
	end.reply = data[1] * 3;
	end.is_out = data[2] & 1;
	line_end = memchr(data + 3, '\n', n - 3);
	end.line = (const char *)data + 3;
	end.n = line_end == NULL ? n - 3 : (size_t)(line_end - data) - 3;
	words = mem_text_n((const char *)data + 3 + end.n, n - 3 - end.n);
	end.words = words;
	mail_judge(&end, &v);
	free(words);
	demand(v.result < ALERT_RESULTS && v.wait_ns == 0);
	demand((v.result == ALERT_SENT) == (end.code == 0));
	demand(v.result != ALERT_UNCERTAIN || end.is_out);
	demand((v.result == ALERT_SENT) == (v.text[0] == '\0'));
	check_text(v.text, sizeof(v.text));
	check_text(v.remedy, sizeof(v.remedy));
	check_text(v.receipt, sizeof(v.receipt));
	return 0;
}
