/* fuzz_accounts.c - the file of accounts, and what strangers send to sign in: cookies and bodies
 *
 * The first byte says which: 'c' a header Cookie, 'b' a body; anything else, and all of it, is a file.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "msg/accounts.h"
#include "serve/asks.h"
#include "serve/wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What is good comes back from what is written, and opens no more than it says. */
static void
try_file(const char *text, size_t n)
{
	static struct accounts all, again;
	struct buf out = { 0 };
	struct err err;

	if (accounts_read(&all, text, n, &err) < 0) {
		if (all.n != 0)
			abort();
		return;
	}
	for (size_t i = 0; i < all.n; i++) {
		const struct account *a = &all.all[i];

		accounts_write(&out, a);
		if (a->is_disabled && account_only(a, RIGHT_READ, 0)[0] != '\0')
			abort();
		(void)account_may(a, RIGHT_OPERATE, "T_bed", 0);
		if (account_next_end(a, 0) > a->until_ns)
			abort();
	}
	if (out.n <= ACCOUNTS_BYTES_MAX) {
		if (accounts_read(&again, out.n > 0 ? out.data : "", out.n, &err) < 0 ||
			again.n != all.n)
			abort();
		for (size_t i = 0; i < all.n; i++)
			if (!account_is_same(&all.all[i], &again.all[i]))
				abort();
	}
	buf_done(&out);
}

static void
try_cookie(const char *header)
{
	char value[COMMAND_TOKEN];

	if (!asks_cookie(header, "mbc-session-8080", value, sizeof(value)))
		return;
	if (value[0] == '\0' || strlen(value) >= sizeof(value) || strchr(value, ';') != NULL ||
		strstr(header, value) == NULL)
		abort();
}

static void
try_body(const char *text, size_t n)
{
	struct wish_session s;
	struct err err;

	if (wish_session(&s, text, n, &err) == 0 &&
		(strlen(s.name) >= sizeof(s.name) || strlen(s.password) >= sizeof(s.password)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = mem_text_n((const char *)data, n); /* so that a byte too many is noticed */

	if (n > 0 && data[0] == 'c' && memchr(data, '\0', n) == NULL)
		try_cookie(text + 1);
	else if (n > 0 && data[0] == 'b')
		try_body(text + 1, n - 1);
	try_file(text, n);
	free(text);
	return 0;
}
