/* tokens.c - programs that may ask over HTTP */
#include "gate/tokens.h"

#include <string.h>

bool
tokens_name_is_good(const char *name)
{
	size_t n =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n < TOKENS_NAME && name[n] == '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
take_digest(uint8_t out[SHA256_BYTES], const char *hex, size_t n)
{
	if (n != SHA256_HEX)
		return false;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool
take_line(struct token *out, const char *line, size_t n)
{
	const char *blank = memchr(line, ' ', n);
	size_t n_name = blank == NULL ? n : (size_t)(blank - line);

	if (blank == NULL || n_name >= TOKENS_NAME)
		return false;
	memcpy(out->name, line, n_name);
	out->name[n_name] = '\0';
	return tokens_name_is_good(out->name) &&
	       take_digest(out->digest, blank + 1, n - n_name - 1);
}

int
tokens_read(struct tokens *out, const char *bytes, size_t n, struct err *err)
{
	const char *at = bytes, *end = bytes + n;

	memset(out, 0, sizeof(*out));
	if (n > TOKENS_BYTES_MAX)
		return err_set(err, ERR_CONF, 0, "more than %d bytes", TOKENS_BYTES_MAX);
	for (int line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop == NULL ? end : stop) - at);

		if (length > 0 && at[0] != '#') {
			if (out->n == TOKENS_MAX || !take_line(&out->all[out->n], at, length)) {
				bool is_full = out->n == TOKENS_MAX;

				memset(out, 0, sizeof(*out));
				return err_set(err, ERR_CONF, 0,
					is_full ? "line %d: more than 64 tokens; remove some with "
						  "'mbc token remove'"
						: "line %d is not a name and a digest; make tokens "
						  "with 'mbc token add'",
					line);
			}
			out->n++;
		}
		at += length + 1;
	}
	return 0;
}

const char *
tokens_find(const struct tokens *t, const char *token)
{
	uint8_t digest[SHA256_BYTES];
	const char *found = NULL;

	sha256(digest, token, strlen(token));
	for (size_t i = 0; i < t->n; i++) {
		unsigned differs = 0;

		for (size_t k = 0; k < SHA256_BYTES; k++)
			differs |= (unsigned)(digest[k] ^ t->all[i].digest[k]);
		if (differs == 0)
			found = t->all[i].name;
	}
	return found;
}
