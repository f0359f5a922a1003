/* tokens.c - programs that may ask over HTTP */
#include "msg/tokens.h"

#include <fnmatch.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define MAY_ALL ((1u << TOKENS_WORDS) - 1)
#define WORD_MAX 16

const char *const tokens_words[TOKENS_WORDS + 1] = { "set", "mode", "safe", "ack", "shelve",
	"sequence", NULL };

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

/* ---- what it may ---------------------------------------------------------------------------------------------------------- */

static bool
take_word(const char *word, size_t n, uint32_t *out)
{
	for (unsigned i = 0; i < TOKENS_WORDS; i++)
		if (strlen(tokens_words[i]) == n && strncmp(tokens_words[i], word, n) == 0) {
			*out |= 1u << i;
			return true;
		}
	return false;
}

int
tokens_read_may(const char *text, uint32_t *out, struct err *err)
{
	*out = 0;
	for (const char *at = text;; at++) {
		size_t n = strcspn(at, ",");

		if (!take_word(at, n, out))
			return err_set(err, ERR_CONF, 0,
				"'%.*s' is nothing that a token can be for: write some of set, "
				"mode, "
				"safe, ack, shelve, sequence, with commas between them",
				(int)MIN(n, (size_t)WORD_MAX), at);
		at += n;
		if (*at == '\0')
			return 0;
	}
}

int
tokens_check_only(const char *text, struct err *err)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*?";

	if (strlen(text) >= TOKENS_ONLY)
		return err_set(err, ERR_CONF, 0,
			"the names have over %d bytes; write patterns, as N2_*", TOKENS_ONLY - 1);
	for (const char *at = text;; at++) {
		size_t n = strspn(at, good);

		if (n == 0 || (at[n] != ',' && at[n] != '\0'))
			return err_set(err, ERR_CONF, 0,
				"'%.40s' is no list of names: write them, or patterns of them with "
				"* and "
				"?, with commas between them",
				text);
		at += n;
		if (*at == '\0')
			return 0;
	}
}

bool
tokens_only_fits(const char *only, const char *subject)
{
	char pattern[TOKENS_ONLY];

	for (const char *at = only; *at != '\0'; at += *at == ',') {
		size_t n = strcspn(at, ",");

		if (n == 1 && at[0] == '*')
			return true;
		if (n >= sizeof(pattern))
			return false;
		memcpy(pattern, at, n);
		pattern[n] = '\0';
		if (subject[0] != '\0' && fnmatch(pattern, subject, 0) == 0)
			return true;
		at += n;
	}
	return false;
}

bool
tokens_fits(const struct token *t, const char *subject)
{
	return t->only[0] == '\0' || tokens_only_fits(t->only, subject);
}

const char *
tokens_reads(const struct token *t)
{
	return t->reads[0] == '\0' ? "*" : t->reads;
}

/* ---- the file ------------------------------------------------------------------------------------------------------------- */

/* "may=set,ack", one of the words behind name and digest. */
static bool
take_option(struct token *out, const char *word)
{
	struct err err;

	if (strncmp(word, "may=", 4) == 0)
		return tokens_read_may(word + 4, &out->may, &err) == 0;
	if (strncmp(word, "only=", 5) == 0)
		return tokens_check_only(word + 5, &err) == 0 &&
		       text_copy(out->only, sizeof(out->only), word + 5);
	if (strncmp(word, "reads=", 6) == 0)
		return tokens_check_only(word + 6, &err) == 0 &&
		       text_copy(out->reads, sizeof(out->reads), word + 6);
	return strncmp(word, "until=", 6) == 0 && clock_parse(word + 6, &out->until_ns);
}

static bool
take_line(struct token *out, const char *line, size_t n)
{
	char word[TOKENS_ONLY + 16];
	size_t at = 0, place = 0;

	*out = (struct token){ .may = MAY_ALL, .until_ns = INT64_MAX };
	while (at < n) {
		const char *blank = memchr(line + at, ' ', n - at);
		size_t length = blank == NULL ? n - at : (size_t)(blank - line) - at;
		bool is_good = length > 0 && length < sizeof(word) &&
			       memchr(line + at, '\0', length) == NULL;

		if (!is_good)
			return false;
		memcpy(word, line + at, length);
		word[length] = '\0';
		if (place == 0)
			is_good = tokens_name_is_good(word) &&
				  text_copy(out->name, sizeof(out->name), word);
		else if (place == 1)
			is_good = take_digest(out->digest, word, length);
		else
			is_good = take_option(out, word);
		if (!is_good)
			return false;
		place++;
		at += length + 1;
	}
	return place >= 2 && line[n - 1] != ' ';
}

void
tokens_write(struct buf *out, const struct token *t)
{
	char when[CLOCK_TEXT_SIZE];

	buf_printf(out, "%s ", t->name);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		buf_printf(out, "%02x", t->digest[i]);
	if (t->may != MAY_ALL) {
		buf_puts(out, " may=");
		for (unsigned i = 0, n = 0; i < TOKENS_WORDS; i++)
			if ((t->may & 1u << i) != 0)
				buf_printf(out, "%s%s", n++ > 0 ? "," : "", tokens_words[i]);
	}
	if (t->only[0] != '\0')
		buf_printf(out, " only=%s", t->only);
	if (t->reads[0] != '\0')
		buf_printf(out, " reads=%s", t->reads);
	if (t->until_ns != INT64_MAX) {
		clock_text(when, t->until_ns);
		buf_printf(out, " until=%s", when);
	}
	buf_putc(out, '\n');
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

const struct token *
tokens_find(const struct tokens *t, const char *token)
{
	uint8_t digest[SHA256_BYTES];

	sha256(digest, token, strlen(token));
	return tokens_find_digest(t, digest);
}

const struct token *
tokens_find_digest(const struct tokens *t, const uint8_t digest[SHA256_BYTES])
{
	const struct token *found = NULL;

	for (size_t i = 0; i < t->n; i++) {
		unsigned differs = 0;

		for (size_t k = 0; k < SHA256_BYTES; k++)
			differs |= (unsigned)(digest[k] ^ t->all[i].digest[k]);
		if (differs == 0)
			found = &t->all[i];
	}
	return found;
}
