/* options.c - the words that mbc-curl was started with */
#include "curl/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/secret_file.h"

#define EVERY_MAX_NS (24 * 3600 * NS_PER_S)
#define TIMEOUT_MAX_NS (60 * NS_PER_S)

/* "500ms", "10s", "2min", "1h"; a blank before the unit is taken too. */
static int
read_span(const char *word, const char *text, int64_t max_ns, int64_t *out_ns, struct err *err)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} units[] = { { "ms", NS_PER_MS }, { "s", NS_PER_S }, { "min", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S } };
	size_t n = strspn(text, "0123456789");
	char digits[10] = "";
	int64_t number;

	if (n > 0 && n < sizeof(digits)) {
		memcpy(digits, text, n);
		text += n + (text[n] == ' ');
		for (size_t i = 0; i < NELEM(units); i++)
			if (strcmp(text, units[i].unit) == 0 && text_to_int(digits, &number) &&
				number > 0 && number <= max_ns / units[i].ns) {
				*out_ns = number * units[i].ns;
				return 0;
			}
	}
	return err_set(err, ERR_CONF, 0,
		"%s: no duration; write a whole number and ms, s, min or h, up to %lld s: 10s",
		word, (long long)(max_ns / NS_PER_S));
}

/* Printed characters only: nothing that could end a line of a request. */
static bool
is_printed(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text >= 0x7F)
			return false;
	return true;
}

static int
check_url(const char *url, struct err *err)
{
	const char *rest = strncmp(url, "https://", 8) == 0  ? url + 8
			   : strncmp(url, "http://", 7) == 0 ? url + 7
							     : NULL;

	if (rest == NULL || rest[0] == '\0' || rest[0] == '/' || !is_printed(url) ||
		strchr(url, ' ') != NULL)
		return err_set(err, ERR_CONF, 0,
			"'%.80s' is no address of a page; write https://host/page, and %%20 for a "
			"blank",
			url);
	if (memchr(rest, '@', strcspn(rest, "/?")) != NULL)
		return err_set(err, ERR_CONF, 0,
			"an address with a password, which everybody could read; use "
			"--header-secret");
	return 0;
}

/* "NAME=URL#json:PATH", taken apart in place. */
static int
add_source(struct options *o, char *word, struct err *err)
{
	struct source *s = &o->sources[o->n_sources];
	char *equals = strchr(word, '='), *mark = NULL;
	size_t n = equals == NULL ? 0 : (size_t)(equals - word);

	for (char *at = equals; at != NULL && (at = strstr(at + 1, "#json:")) != NULL;)
		mark = at;
	if (n == 0 || n >= sizeof(s->name) || strcspn(word, " ") < n || !is_printed(word) ||
		mark == NULL || mark[6] == '\0')
		return err_set(err, ERR_CONF, 0,
			"'%.60s' is no channel; write NAME=URL#json:PATH, for instance "
			"T=https://host/page#json:outside.temp",
			word);
	if (o->n_sources == SOURCES_MAX)
		return err_set(err, ERR_CONF, 0,
			"more than %d channels; start a second mbc-curl on a link of its own",
			SOURCES_MAX);
	*mark = '\0';
	if (check_url(equals + 1, err) < 0)
		return ERR_CONF;
	memcpy(s->name, word, n);
	s->name[n] = '\0';
	s->url = equals + 1;
	s->path = mark + 6;
	for (size_t i = 0; i < o->n_sources; i++) {
		if (strcmp(o->sources[i].name, s->name) == 0)
			return err_set(err, ERR_CONF, 0, "two channels are called '%s'; rename one",
				s->name);
		if (strcmp(o->sources[i].url, s->url) == 0)
			s->url = o->sources[i].url;
	}
	o->n_sources++;
	return 0;
}

static int
add_header(struct options *o, const char *text, const char *secret, size_t n_shown, struct err *err)
{
	char header[HEADER_MAX];
	int n = snprintf(header, sizeof(header), "%.*s%s", (int)n_shown, text, secret);

	if (strchr(text, ':') == NULL || strchr(text, ':') == text || !is_printed(text))
		return err_set(
			err, ERR_CONF, 0, "'%.60s' is no header; write \"Name: value\"", text);
	if (n >= (int)sizeof(header) || o->n_headers == HEADERS_MAX)
		return err_set(err, ERR_CONF, 0,
			"more than %d headers, or one that is too long; leave one out",
			HEADERS_MAX);
	o->headers[o->n_headers++] = mem_text(header);
	explicit_bzero(header, sizeof(header));
	return 0;
}

/* The last word of "Authorization: Bearer NAME" is the name of a secret. */
static int
add_secret_header(struct options *o, const char *text, const char *dir, struct err *err)
{
	const char *name = strrchr(text, ' ');
	struct secret secret;
	int rc;

	if (dir == NULL)
		return err_set(err, ERR_CONF, 0,
			"--header-secret needs a folder; write --secrets DIR before it");
	if (name == NULL)
		return err_set(err, ERR_CONF, 0,
			"'%.60s' names no secret; write for instance "
			"\"Authorization: Bearer NAME\"",
			text);
	name++;
	if (secret_read(dir, name, &secret, err) < 0)
		return ERR_CONF;
	rc = add_header(o, text, secret.value, (size_t)(name - text), err);
	explicit_bzero(&secret, sizeof(secret));
	o->has_secret = true;
	return rc;
}

static int
read_option(
	struct options *o, const char *word, const char *value, const char **dir, struct err *err)
{
	if (value == NULL)
		return err_set(err, ERR_CONF, 0, "%s needs a word behind it", word);
	if (strcmp(word, "--every") == 0)
		return read_span(word, value, EVERY_MAX_NS, &o->every_ns, err);
	if (strcmp(word, "--timeout") == 0)
		return read_span(word, value, TIMEOUT_MAX_NS, &o->timeout_ns, err);
	if (strcmp(word, "--cacert") == 0)
		o->cacert = value;
	else if (strcmp(word, "--secrets") == 0)
		*dir = value;
	else if (strcmp(word, "--header") == 0)
		return add_header(o, value, "", strlen(value), err);
	else if (strcmp(word, "--header-secret") == 0)
		return add_secret_header(o, value, *dir, err);
	else
		return err_set(err, ERR_CONF, 0,
			"unknown option %.40s; known are --every, --timeout, --cacert, --header, "
			"--secrets, --header-secret",
			word);
	return 0;
}

int
options_read(char **argv, int n, struct options *out, struct err *err)
{
	struct options o = { .every_ns = NS_PER_S, .timeout_ns = 5 * NS_PER_S };
	const char *dir = NULL;
	int rc = 0;

	for (int i = 1; i < n && rc == 0; i++) {
		if (strncmp(argv[i], "--", 2) != 0) {
			rc = add_source(&o, argv[i], err);
			continue;
		}
		rc = read_option(&o, argv[i], i + 1 < n ? argv[i + 1] : NULL, &dir, err);
		i++;
	}
	if (rc == 0 && o.n_sources == 0)
		rc = err_set(err, ERR_CONF, 0,
			"no channel; write NAME=URL#json:PATH, see docs/drivers/helper.md");
	for (size_t i = 0; rc == 0 && o.has_secret && i < o.n_sources; i++)
		if (strncmp(o.sources[i].url, "https://", 8) != 0)
			rc = err_set(err, ERR_CONF, 0,
				"'%.80s' would carry a secret in the clear; write https://, or "
				"start another mbc-curl without secrets for it",
				o.sources[i].url);
	if (rc < 0)
		options_done(&o);
	else
		*out = o;
	return rc;
}

void
options_done(struct options *o)
{
	for (size_t i = 0; i < o->n_headers; i++) {
		explicit_bzero(o->headers[i], strlen(o->headers[i]));
		free(o->headers[i]);
	}
	o->n_headers = 0;
}
