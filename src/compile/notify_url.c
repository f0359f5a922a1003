/* notify_url.c - addresses: of the web, of mail servers, of people */
#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

#define URL_MAX 1000
#define MAIL_MAX 254 /* RFC 5321, 4.5.3.1: of an address, and of what stands before the '@' */
#define MAIL_LOCAL_MAX 64
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

const char *
notify_line(struct bench *b, const struct node *n, size_t most, const char *what)
{
	const char *text = read_text(b, n);

	if (text == NULL)
		return NULL;
	if (text[0] != '\0' && strlen(text) <= most && text[strcspn(text, "\r\n")] == '\0')
		return text;
	diag_error(&b->diag, n->at, "out-of-range",
		"%s has 1 to %u bytes, in one line; write one, or remove the key", what,
		(unsigned)most);
	return NULL;
}

static bool
has_only_visible(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~' || strchr("\"<>\\^`{|}#", *text) != NULL)
			return false;
	return true;
}

/* Behind "://", up to the path: "HOST", "HOST:PORT", "[v6]:PORT". */
static bool
is_authority(const char *at, size_t n)
{
	const char *end = at + n;
	size_t host;
	char v6[INET6_ADDRSTRLEN];
	unsigned char room[16];
	long port = 0;

	if (n > 0 && at[0] == '[') {
		host = strcspn(at, "]");
		if (host >= n || host - 1 >= sizeof(v6))
			return false;
		memcpy(v6, at + 1, host - 1);
		v6[host - 1] = '\0';
		if (inet_pton(AF_INET6, v6, room) != 1)
			return false;
		at += host + 1;
	} else {
		host = strspn(at, LETTERS ".-_");
		if (host == 0 || host > n || at[0] == '.' || at[0] == '-')
			return false;
		at += host;
	}
	if (at == end)
		return true;
	if (*at++ != ':' || at == end || end - at > 5)
		return false;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		port = port * 10 + (*at - '0');
	}
	return port >= 1 && port <= 65535;
}

const char *
notify_url(struct bench *b, const struct node *n, enum url_kind kind)
{
	static const char *const schemes[][2] = {
		[URL_WEB] = { "http://", "https://" }, [URL_MAIL] = { "smtp://", "smtps://" }
	};
	static const char *const forms[] = { [URL_WEB] = "http://HOST or https://HOST",
		[URL_MAIL] = "smtp://HOST:587 or smtps://HOST:465" };
	const char *text = read_text(b, n), *at = NULL;
	size_t length;

	if (text == NULL)
		return NULL;
	for (int i = 0; i < 2; i++)
		if (strncmp(text, schemes[kind][i], strlen(schemes[kind][i])) == 0)
			at = text + strlen(schemes[kind][i]);
	length = at == NULL ? 0 : strcspn(at, "/?");
	if (at != NULL && memchr(at, '@', length) != NULL) {
		diag_error(&b->diag, n->at, "secret",
			"a user and a password do not stand in an address; leave out what stands "
			"before the '@', and name the secret under its own key");
		return NULL;
	}
	if (at != NULL && strlen(text) <= URL_MAX && has_only_visible(text) &&
		is_authority(at, length) && (kind == URL_WEB || at[length] == '\0'))
		return secrets_are_absent(b, n, text, false) ? text : NULL;
	diag_error(&b->diag, n->at, "address", "'%.80s' is no address here; write %s%s", text,
		forms[kind],
		kind == URL_WEB ? ", with a path where there is one, at most 1000 bytes" : "");
	return NULL;
}

bool
notify_is_loopback(const char *url)
{
	const char *at = strstr(url, "://") + 3;
	size_t n = at[0] == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":/?");
	char host[64];
	struct in_addr v4;

	if (n >= sizeof(host))
		return false;
	memcpy(host, at, n);
	host[n] = '\0';
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127);
}

/* Labels of letters, digits and '-', with single dots between them. */
static bool
is_domain(const char *text)
{
	do {
		size_t n = strspn(text, LETTERS "-");

		if (n == 0 || n > 63 || text[0] == '-' || text[n - 1] == '-')
			return false;
		text += n;
	} while (*text == '.' && *++text != '\0');
	return *text == '\0' && text[-1] != '.';
}

bool
notify_mail(struct bench *b, const struct node *n)
{
	const char *text = read_text(b, n);
	size_t local;

	if (text == NULL)
		return false;
	local = strspn(text, LETTERS "!#$%&'*+-/=?^_`{|}~.");
	if (strlen(text) <= MAIL_MAX && local > 0 && local <= MAIL_LOCAL_MAX && text[0] != '.' &&
		text[local - 1] != '.' && text[local] == '@' && is_domain(text + local + 1))
		return true;
	diag_error(&b->diag, n->at, "address",
		"'%.80s' is no mail address; write NAME@DOMAIN alone: anna@lab.example", text);
	return false;
}
