/* serve.c - `serve:`, where and how the bench is shown */
#include <arpa/inet.h>
#include <string.h>

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
static void
read_listen(struct bench *b, const struct node *n, bool has_tls)
{
	const char *host;
	uint16_t port;

	b->listen = schema_serve[SERVE_LISTEN].def;
	if (n == NULL || !links_address(b, n, &host, &port))
		return;
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
	b->listen = n->text;
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
read_files(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const char *cert = NULL, *key = NULL;

	read_keys(b, n, schema_tls, NULL, found, NULL);
	if (found[TLS_CERT] != NULL)
		cert = read_path(b, found[TLS_CERT]);
	key = found[TLS_KEY] != NULL ? read_path(b, found[TLS_KEY]) : cert;
	if (cert == NULL || key == NULL)
		return;
	b->tls_kind = IMAGE_TLS_FILES;
	b->tls_cert = cert;
	b->tls_key = key;
}

static void
read_tls(struct bench *b, const struct node *n)
{
	if (n == NULL)
		return;
	if (n->kind == NODE_MAP)
		read_files(b, n);
	else if (n->kind == NODE_SCALAR && n->text != NULL &&
		 strcmp(n->text, schema_serve[SERVE_TLS].words[0]) == 0)
		b->tls_kind = IMAGE_TLS_OWN;
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

void
serve_read(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	bool yes = true;

	if (n == NULL) {
		read_listen(b, NULL, false);
		return;
	}
	if (n->kind == NODE_SCALAR) {
		if (!read_bool(b, n, &yes))
			return;
		if (yes)
			read_listen(b, NULL, false);
		return;
	}
	if (!read_is(b, n, NODE_MAP, "a map, or `serve: no`"))
		return;
	read_keys(b, n, schema_serve, NULL, found, NULL);
	read_listen(b, found[SERVE_LISTEN], found[SERVE_TLS] != NULL);
	read_tls(b, found[SERVE_TLS]);
	read_commands(b, found[SERVE_COMMANDS]);
}
