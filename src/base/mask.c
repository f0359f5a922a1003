/* mask.c - texts without what stands behind the name of a password, key or token
 *
 * One pass: a name is looked for at the end of each word; what is behind it says which of the forms it is, and where its value ends. A value that is cut at
 * the end of the text is one.
 */
#include "base/mask.h"

#include <string.h>
#include <strings.h>

/* Where in a word a name may stand, which always ends it: "token_count" is none of a secret. */
enum place {
	ALONE,    /* it is the word */
	LAST,     /* or the last part of one: db_token, mqtt-token, userToken */
	ANYWHERE, /* or how it ends: dbpassword */
};

struct name {
	const char *text; /* small letters, without '_' and '-' */
	enum place place;
	bool is_head; /* also "name: value" in plain text: no word of our own messages */
	bool is_line; /* a head whose value goes on to the end of its line: "Basic dXNlcg==" */
};

static const struct name names[] = {
	{ "password", ANYWHERE, true, false },
	{ "passwort", ANYWHERE, true, false },
	{ "passwd", ANYWHERE, true, false },
	{ "passphrase", ANYWHERE, false, false },
	{ "apikey", ANYWHERE, true, false },
	{ "apisecret", ANYWHERE, true, false },
	{ "apitoken", ANYWHERE, true, false },
	{ "accesskey", LAST, true, false },
	{ "authkey", LAST, true, false },
	{ "encryptionkey", LAST, true, false },
	{ "privatekey", LAST, true, false },
	{ "secretkey", LAST, true, false },
	{ "signingkey", LAST, true, false },
	{ "accesstoken", ANYWHERE, true, false },
	{ "authtoken", ANYWHERE, true, false },
	{ "refreshtoken", ANYWHERE, true, false },
	{ "sessiontoken", ANYWHERE, true, false },
	{ "clientsecret", ANYWHERE, true, false },
	{ "authorization", LAST, true, true },
	{ "cookie", LAST, true, true },
	{ "token", LAST, false, false },
	{ "secret", LAST, false, false },
	{ "pwd", LAST, false, false },
	{ "totp", LAST, false, false },
	{ "key", ALONE, false, false },
	{ "pw", ALONE, false, false },
	{ "pass", ALONE, false, false },
	{ "dbpass", ALONE, false, false },
	{ "userpass", ALONE, false, false },
};

/* One value: text[from..to). */
struct span_of {
	size_t from, to;
};

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static size_t
blanks(const char *text, size_t n, size_t at)
{
	while (at < n && (text[at] == ' ' || text[at] == '\t'))
		at++;
	return at;
}

/* To the mark that ends a quotation; what it has behind a '\' belongs to it. */
static size_t
quotation(const char *text, size_t n, size_t at, char mark)
{
	while (at < n && text[at] != mark && text[at] != '\r' && text[at] != '\n')
		at += text[at] == '\\' && at + 1 < n ? 2 : 1;
	return MIN(at, n);
}

static size_t
up_to(const char *text, size_t n, size_t at, const char *ends)
{
	while (at < n && text[at] != '\0' && strchr(ends, text[at]) == NULL)
		at++;
	return at;
}

/* "{secret: NAME}": nothing to be hidden. */
static bool
is_reference(const char *text, size_t n, size_t at)
{
	static const char words[] = "{secret:";

	return n - at >= strlen(words) && memcmp(text + at, words, strlen(words)) == 0;
}

/* The value at `at`, in its quotes or without; `ends` ends it there. */
static bool
value_at(const char *text, size_t n, size_t at, const char *ends, struct span_of *out)
{
	if (at >= n || is_reference(text, n, at))
		return false;
	if (text[at] == '\\' && at + 1 < n && text[at + 1] == '"') { /* JSON in a text of JSON */
		out->from = at + 2;
		for (out->to = out->from;
			out->to < n && text[out->to] != '"' && text[out->to] != '\\';)
			out->to++;
	} else if (text[at] == '"' || text[at] == '\'') {
		out->from = at + 1;
		out->to = quotation(text, n, at + 1, text[at]);
	} else {
		out->from = at;
		out->to = up_to(text, n, at, ends);
	}
	return out->to > out->from && !is_reference(text, n, out->from);
}

/* Behind "Basic " and its like, which tells how somebody asked. */
static size_t
behind_scheme(const char *text, size_t n, size_t at)
{
	static const char *const words[] = { "basic ", "bearer ", "digest " };

	for (size_t i = 0; i < NELEM(words); i++)
		if (strlen(words[i]) < n - at &&
			strncasecmp(text + at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	return at;
}

/* What stands behind a name that ends at `at`. */
static bool
find_value(const char *text, size_t n, size_t begin, size_t at, const struct name *name,
	struct span_of *out)
{
	bool is_quoted = begin > 0 && (text[begin - 1] == '"' || text[begin - 1] == '\''),
	     is_element = begin > 0 && text[begin - 1] == '<' && at < n && text[at] == '>',
	     is_first = begin == 0 || text[begin - 1] == '\n' || text[begin - 1] == '\r';
	size_t next = at;

	if (is_element)
		return value_at(text, n, at + 1, "<", out);
	if (is_quoted && next < n && text[next] == '\\')
		next++;
	if (is_quoted && next < n && (text[next] == '"' || text[next] == '\''))
		next++;
	next = blanks(text, n, next);
	if (next >= n)
		return false;
	if (text[next] == '=' && (next + 1 >= n || text[next + 1] != '='))
		return value_at(text, n, next + 1, "&;, \t\r\n\"'<>#)", out);
	if (text[next] == '%' && n - next >= 3 && strncasecmp(text + next, "%3d", 3) == 0)
		return value_at(text, n, next + 3, "&;, \t\r\n\"'<>#%)", out);
	if (text[next] != ':' || !(is_quoted || is_first || name->is_head))
		return false;
	next = blanks(text, n, next + 1);
	if (name->is_line && !is_quoted)
		return value_at(text, n, behind_scheme(text, n, next), "\r\n", out);
	return value_at(text, n, next, is_quoted ? ",}] \t\r\n" : "&;, \t\r\n\"'<>)", out);
}

static bool
is_mark(char c)
{
	return c == '_' || c == '-';
}

static bool
is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Does a name end the word text[at..end)? What divides its parts there is passed over. */
static bool
ends_word(const char *text, size_t at, size_t end, const struct name *name)
{
	size_t left = strlen(name->text), i = end;

	if (end > at && is_mark(text[end - 1]))
		return false;
	while (left > 0) {
		if (i == at)
			return false;
		i--;
		if (is_mark(text[i]))
			continue;
		if ((is_capital(text[i]) ? text[i] - 'A' + 'a' : text[i]) != name->text[--left])
			return false;
	}
	if (i == at || name->place == ANYWHERE)
		return true;
	return name->place == LAST &&
	       (is_mark(text[i - 1]) || (is_capital(text[i]) && !is_capital(text[i - 1])));
}

/* A word begins at `at`. */
static bool
name_at(const char *text, size_t n, size_t at, struct span_of *out)
{
	size_t end = at;

	while (end < n && is_word(text[end]))
		end++;
	for (size_t i = 0; i < NELEM(names); i++)
		if (ends_word(text, at, end, &names[i]) &&
			find_value(text, n, at, end, &names[i], out))
			return true;
	return false;
}

/* "Bearer WORD", "Basic WORD" without their head. */
static bool
scheme_at(const char *text, size_t n, size_t at, struct span_of *out)
{
	static const char *const words[] = { "bearer ", "basic " };

	for (size_t i = 0; i < NELEM(words); i++) {
		size_t length = strlen(words[i]);

		if (length > n - at || strncasecmp(text + at, words[i], length) != 0 ||
			!value_at(text, n, at + length, "&;, \t\r\n\"'<>)", out))
			continue;
		return out->to - out->from >= 8; /* shorter: a word of a sentence */
	}
	return false;
}

/* The password in scheme://user:password@host: `at` is behind the two strokes. */
static bool
user_at(const char *text, size_t n, size_t at, struct span_of *out)
{
	size_t end = up_to(text, n, at, "/?# \t\r\n\"'<>"), colon = up_to(text, end, at, ":@"),
	       last = 0;

	for (size_t i = at; i < end; i++)
		if (text[i] == '@')
			last = i;
	if (colon >= end || text[colon] != ':' || last <= colon + 1)
		return false;
	*out = (struct span_of){ colon + 1, last };
	return true;
}

static bool
secret_at(const char *text, size_t n, size_t at, bool is_host, struct span_of *out)
{
	if (is_host)
		return user_at(text, n, at, out);
	if (at > 0 && is_word(text[at - 1]))
		return false;
	return is_word(text[at]) && (name_at(text, n, at, out) || scheme_at(text, n, at, out));
}

size_t
mask_named(char *text, size_t n)
{
	unsigned strokes = 0; /* of "://" that stand before */
	size_t made = 0;

	/* What is looked at lies behind what was written: a mask is never longer than what it hides. The byte before is what it was. */
	for (size_t at = 0; at < n;) {
		struct span_of value;

		if (!secret_at(text, n, at, strokes == 3, &value)) {
			strokes = text[at] == "://"[strokes % 3] ? strokes % 3 + 1
				  : text[at] == ':'              ? 1
								 : 0;
			text[made++] = text[at++];
			continue;
		}
		strokes = 0;
		memmove(text + made, text + at, value.from - at);
		made += value.from - at;
		for (size_t i = 0; i < 3 && i < value.to - value.from; i++)
			text[made++] = '*';
		at = value.to;
	}
	return made;
}

void
mask_text(char *text)
{
	size_t n = strlen(text);

	text[mask_named(text, n)] = '\0';
}
