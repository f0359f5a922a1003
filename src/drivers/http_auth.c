/* http_auth.c - who asks: name and password, or a key
 *
 * Source: RFC 7617 (Basic), RFC 6750 (Bearer). A key in the query stands first: the IPX800 V4 answers some orders only then.
 */
#include "drivers/http_auth.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "drivers/http_write.h"

#define AUTHORIZATION "Authorization"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

static bool
is_name(const char *text, size_t n)
{
	return n > 0 && n <= HTTP_KEY_NAME_MAX && strspn(text, letters) >= n;
}

/* "mx-api-token", or "Authorization: Bearer": a line and the word before the key. */
static bool
is_header(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t n = colon == NULL ? strlen(text) : (size_t)(colon - text);

	if (!is_name(text, n))
		return false;
	return colon == NULL || (colon[1] == ' ' && colon[2 + strspn(colon + 2, letters)] == '\0' &&
					is_name(colon + 2, strlen(colon + 2)));
}

/* Lines that the codec writes itself. */
static bool
is_taken(const char *header, bool has_user)
{
	static const char *const own[] = { "Host", "Connection", "Accept", "Content-Type",
		"Content-Length", "Transfer-Encoding" };
	size_t n = strcspn(header, ":");

	for (size_t i = 0; i < NELEM(own); i++)
		if (n == strlen(own[i]) && strncasecmp(header, own[i], n) == 0)
			return true;
	return has_user && n == strlen(AUTHORIZATION) && strncasecmp(header, AUTHORIZATION, n) == 0;
}

/* Printed ASCII; RFC 7617: a name has no colon. */
static bool
is_user(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] < 0x20 || text[i] >= 0x7F || text[i] == ':')
			return false;
	return n > 0 && n <= HTTP_USER_MAX;
}

int
http_auth_check(const struct instrument *ins, struct err *err)
{
	const char *user = ins->opts.text[HTTP_OPT_USER];
	const char *query = ins->opts.text[HTTP_OPT_KEY_QUERY];
	const char *header = ins->opts.text[HTTP_OPT_KEY_HEADER];
	bool has_password = ins->opts.num[HTTP_OPT_PASSWORD] > 0;

	if (user != NULL && !is_user(user))
		return err_set(err, ERR_CONF, HTTP_OPT_USER,
			"no name of a user; write at most %d printed characters without ':' and "
			"accents",
			HTTP_USER_MAX);
	if ((user != NULL) != has_password)
		return err_set(err, ERR_CONF, has_password ? HTTP_OPT_PASSWORD : HTTP_OPT_USER,
			"'user' and 'password' go together; write both");
	if (ins->opts.num[HTTP_OPT_KEY] > 0 && (query != NULL) == (header != NULL))
		return err_set(err, ERR_CONF, HTTP_OPT_KEY,
			"where the key goes is open; write one of 'key_query: NAME' and "
			"'key_header: NAME'");
	if (query != NULL && !is_name(query, strlen(query)))
		return err_set(err, ERR_CONF, HTTP_OPT_KEY_QUERY,
			"no name for a member of a query; write at most %d letters, digits, '-', "
			"'_' and '.'",
			HTTP_KEY_NAME_MAX);
	if (header != NULL && (!is_header(header) || is_taken(header, user != NULL)))
		return err_set(err, ERR_CONF, HTTP_OPT_KEY_HEADER,
			"no line of the head that is free for the key; write its name, such as "
			"X-Api-Key, or \"Authorization: Bearer\"");
	return 0;
}

static void
put_basic(const char *user, const char *password, char *out, size_t cap)
{
	char pair[HTTP_USER_MAX + 1 + SECRET_MAX + 1], text[SECRET_BASE64(sizeof(pair))];
	int n = snprintf(pair, sizeof(pair), "%s:%s", user, password);

	secret_base64(pair, (size_t)n, text);
	snprintf(out, cap, AUTHORIZATION ": Basic %s\r\n", text);
	explicit_bzero(pair, sizeof(pair));
	explicit_bzero(text, sizeof(text));
}

int
http_auth_make(const struct instrument *ins, struct http_auth *out, struct err *err)
{
	const char *const *text = ins->opts.text;
	const char *key = text[HTTP_OPT_KEY], *header = text[HTTP_OPT_KEY_HEADER];
	size_t used;

	out->query[0] = out->lines[0] = '\0';
	if ((ins->opts.num[HTTP_OPT_PASSWORD] > 0 && text[HTTP_OPT_PASSWORD] == NULL) ||
		(ins->opts.num[HTTP_OPT_KEY] > 0 && key == NULL))
		return err_set(err, ERR_CONF, 0, "its secret is not known");
	if (text[HTTP_OPT_PASSWORD] != NULL)
		put_basic(text[HTTP_OPT_USER], text[HTTP_OPT_PASSWORD], out->lines,
			sizeof(out->lines));
	if (key == NULL)
		return 0;
	used = strlen(out->lines);
	if (header != NULL) {
		snprintf(out->lines + used, sizeof(out->lines) - used, "%s%s%s\r\n", header,
			strchr(header, ':') == NULL ? ": " : " ", key);
		return 0;
	}
	used = (size_t)snprintf(out->query, sizeof(out->query), "%s=", text[HTTP_OPT_KEY_QUERY]);
	used += http_write_url(
		(struct run){ key, strlen(key) }, out->query + used, sizeof(out->query) - 1 - used);
	out->query[used] = '\0';
	return 0;
}

void
http_auth_done(struct http_auth *a)
{
	explicit_bzero(a, sizeof(*a));
}
