/* repeat.c - several channels alike, written once: ai{0..3} */
#include "compile/repeat.h"

#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789";

static bool
read_number(const char *text, size_t n, int64_t *out)
{
	if (n == 0 || n > 9 || strspn(text, digits) < n)
		return false;
	*out = 0;
	for (size_t i = 0; i < n; i++)
		*out = *out * 10 + (text[i] - '0');
	return true;
}

int
repeat_parse(const char *key, struct repeat *out, struct err *err)
{
	const char *open = strchr(key, '{');
	const char *close = open == NULL ? NULL : strchr(open, '}');
	const char *dots = open == NULL ? NULL : strstr(open, "..");

	if (open == NULL)
		return 0;
	memset(out, 0, sizeof(*out));
	out->key = key;
	out->n_before = (int)(open - key);
	if (close == NULL || dots == NULL || dots > close ||
		!read_number(open + 1, (size_t)(dots - open) - 1, &out->first) ||
		!read_number(dots + 2, (size_t)(close - dots) - 2, &out->last))
		return err_set(err, ERR_CONF, 0,
			"'%.60s' has no range of whole numbers; write NAME{0..7}", key);
	if (strchr(close, '{') != NULL)
		return err_set(err, ERR_CONF, 0, "'%.60s' has two ranges; write one", key);
	if (out->last < out->first || out->last - out->first >= REPEAT_MOST)
		return err_set(err, ERR_CONF, 0,
			"'%.60s' does not rise, or stands for more than %d; write the lower number "
			"first, and fewer",
			key, REPEAT_MOST);
	if (open[1] == '0' && dots - open > 2)
		out->digits = (int)(dots - open) - 1;
	out->behind = close + 1;
	return 1;
}

int
repeat_key(const struct repeat *r, int64_t number, char *out, size_t cap)
{
	int n = snprintf(out, cap, "%.*s%0*lld%s", r->n_before, r->key, r->digits,
		(long long)number, r->behind);

	return n < 0 || (size_t)n >= cap ? -1 : n;
}

bool
repeat_change(const char *text, size_t n, int64_t from, int64_t *out)
{
	int64_t v;
	size_t length;

	*out = from;
	if (n > 0 && text[0] == '*') {
		length = strspn(text + 1, digits);
		if (length > n - 1 || !read_number(text + 1, length, &v) ||
			__builtin_mul_overflow(*out, v, out))
			return false;
		text += length + 1;
		n -= length + 1;
	}
	if (n > 0 && (text[0] == '+' || text[0] == '-')) {
		if (!read_number(text + 1, n - 1, &v))
			return false;
		return text[0] == '+' ? !__builtin_add_overflow(*out, v, out)
				      : !__builtin_sub_overflow(*out, v, out);
	}
	return n == 0;
}
