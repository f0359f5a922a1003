/* serve.c - `serve:`, where and how the bench is shown */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

#define PATH_MOST 1000

/* In figures, as the data server takes it: names are looked up by nobody. */
static bool
is_figures(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	return strcmp(host, "localhost") == 0 || inet_pton(AF_INET, host, &four) == 1 ||
	       inet_pton(AF_INET6, host, &six) == 1;
}

static bool
is_loopback(const char *host)
{
	bool is_number = host[strspn(host, "0123456789.")] == '\0'; /* not 127.example.org */

	return (is_number && strncmp(host, "127.", 4) == 0) || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

/* has_tls: that was written, be it right or wrong. */
static const char *
read_listen(struct bench *b, const struct node *n, const struct key *row, bool has_tls)
{
	const char *host;
	uint16_t port;

	if (n == NULL || !links_address(b, n, &host, &port))
		return row->def;
	if (!is_figures(host))
		diag_error(&b->diag, n->at, "address",
			"'%.60s' is no address of this computer in figures; write 127.0.0.1:%u, or "
			"0.0.0.0:%u for all of them",
			n->text, port, port);
	else if (!is_loopback(host) && !has_tls)
		diag_error(&b->diag, n->at, "tls",
			"'%.60s' can be reached from other computers, which needs encryption; add "
			"tls: own, "
			"or write 127.0.0.1:%u and use an SSH tunnel",
			n->text, port);
	return n->text;
}

/* A whole path: this is no file beside the bench file. */
static const char *
read_path(struct bench *b, const struct node *n)
{
	const char *text = read_text(b, n);

	if (text == NULL || (text[0] == '/' && strlen(text) <= PATH_MOST &&
				    text[strcspn(text, "\n\r")] == '\0'))
		return text;
	diag_error(&b->diag, n->at, "wrong-value",
		"'%.80s' is no whole path; write it from / on, in one line", text);
	return NULL;
}

static void
read_files(struct bench *b, const struct node *n, struct bench_tls *out)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const char *cert = NULL, *key = NULL;

	read_keys(b, n, schema_tls, NULL, found, NULL);
	if (found[TLS_CERT] != NULL)
		cert = read_path(b, found[TLS_CERT]);
	key = found[TLS_KEY] != NULL ? read_path(b, found[TLS_KEY]) : cert;
	if (cert == NULL || key == NULL)
		return;
	*out = (struct bench_tls){ IMAGE_TLS_FILES, cert, key };
}

static void
read_tls(struct bench *b, const struct node *n, struct bench_tls *out)
{
	if (n == NULL)
		return;
	if (n->kind == NODE_MAP)
		read_files(b, n, out);
	else if (n->kind == NODE_SCALAR && n->text != NULL &&
		 strcmp(n->text, schema_serve[SERVE_TLS].words[0]) == 0)
		out->kind = IMAGE_TLS_OWN;
	else
		diag_error(&b->diag, n->at, "wrong-value",
			"this is neither `own` nor files; write tls: own, for a certificate that "
			"mbc makes, "
			"or tls: {cert: FILE, key: FILE}");
}

/* What programs with a token may ask. */
static void
read_commands(struct bench *b, const struct node *n)
{
	if (n == NULL || !read_is(b, n, NODE_LIST, "a list, as in [set, ack]; [] for nothing"))
		return;
	for (const struct node *item = n->first; item != NULL; item = item->next) {
		const char *word = read_word(b, item, &schema_serve[SERVE_COMMANDS]);

		for (uint32_t k = 0; word != NULL && schema_commands[k] != NULL; k++)
			if (strcmp(word, schema_commands[k]) == 0)
				b->commands |= 1u << k;
	}
}

/* ---- what everybody may see -------------------------------------------------------------------------------------------- */

static void
read_public(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	struct bench_public *p = &b->shown;
	const char *title;

	if (!read_is(b, n, NODE_MAP, "a map: {listen: \"127.0.0.1:8090\", channels: [T_bed]}"))
		return;
	read_keys(b, n, schema_public, NULL, found, NULL);
	p->listen = read_listen(
		b, found[PUBLIC_LISTEN], &schema_public[PUBLIC_LISTEN], found[PUBLIC_TLS] != NULL);
	if (found[PUBLIC_LISTEN] != NULL && strcmp(p->listen, b->listen) == 0 &&
		strcmp(strrchr(p->listen, ':'), ":0") != 0)
		diag_error(&b->diag, found[PUBLIC_LISTEN]->at, "conflict",
			"the operators' server listens at '%.60s' already; choose another port",
			p->listen);
	read_tls(b, found[PUBLIC_TLS], &p->tls);
	title = found[PUBLIC_TITLE] == NULL ? NULL : read_text(b, found[PUBLIC_TITLE]);
	p->title = title != NULL ? title : b->title;
	p->needs_link = found[PUBLIC_LINKS] != NULL &&
			read_word(b, found[PUBLIC_LINKS], &schema_public[PUBLIC_LINKS]) != NULL;
	p->channels = found[PUBLIC_CHANNELS];
}

/* As text_fits(), with '?' for any one byte. */
static bool
fits_pattern(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* Names of instruments and of the program have a dot: a pattern without one reaches none of them. */
static bool
fits(const char *pattern, const char *name)
{
	return (strchr(pattern, '.') != NULL || strchr(name, '.') == NULL) &&
	       fits_pattern(pattern, name);
}

static void
find_shown(struct bench *b, const struct node *n, bool *is_shown)
{
	const char *pattern = read_text(b, n);
	bool found = false;
	char near[96];

	if (pattern == NULL)
		return;
	for (uint32_t i = 0; i < b->channels.n; i++)
		if (fits(pattern, b->channels.at[i].name)) {
			is_shown[i] = true;
			found = true;
		}
	if (found || channels_is_of_open(b, pattern))
		return;
	read_suggest(b, &b->channel_names, pattern, near);
	diag_error(&b->diag, n->at, "unknown-channel",
		"no channel is named '%.127s'; %swrite the name of a channel of the bench, "
		"INSTRUMENT.CHANNEL, or a pattern that fits some",
		pattern, near);
}

void
serve_resolve(struct bench *b)
{
	const struct node *list = b->shown.channels;
	bool *is_shown;

	if (list == NULL)
		return;
	if (list->kind == NODE_LIST && list->first == NULL)
		diag_error(&b->diag, list->at, "out-of-range",
			"no channel is named, so that nothing could be seen; name some, or remove "
			"'public'");
	is_shown = mem_zero(b->channels.n + 1, sizeof(*is_shown));
	for (const struct node *n = list->kind == NODE_LIST ? list->first : list; n != NULL;
		n = n == list ? NULL : n->next)
		find_shown(b, n, is_shown);
	for (uint32_t i = 0; i < b->channels.n; i++)
		if (is_shown[i])
			*BENCH_ADD(b->shown_channels) = i;
	free(is_shown);
}

/* A page that is left out of the file is there. */
static void
read_flat(struct bench *b, const struct node *n, enum image_flat page)
{
	bool is_there = true;

	if (n != NULL && read_bool(b, n, &is_there) && !is_there)
		b->flat_off |= page;
}

void
serve_read(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	bool yes = true;

	if (n == NULL) {
		b->listen = schema_serve[SERVE_LISTEN].def;
		return;
	}
	if (n->kind == NODE_SCALAR) {
		if (!read_bool(b, n, &yes))
			return;
		if (yes)
			b->listen = schema_serve[SERVE_LISTEN].def;
		return;
	}
	if (!read_is(b, n, NODE_MAP, "a map, or `serve: no`"))
		return;
	read_keys(b, n, schema_serve, NULL, found, NULL);
	b->listen = read_listen(
		b, found[SERVE_LISTEN], &schema_serve[SERVE_LISTEN], found[SERVE_TLS] != NULL);
	read_tls(b, found[SERVE_TLS], &b->tls);
	read_commands(b, found[SERVE_COMMANDS]);
	read_flat(b, found[SERVE_JSON], IMAGE_FLAT_JSON);
	read_flat(b, found[SERVE_XML], IMAGE_FLAT_XML);
	if (found[SERVE_PUBLIC] != NULL)
		read_public(b, found[SERVE_PUBLIC]);
}
