/* postgres.c - the data base that what is recorded is carried to */
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

#define NAME_MAX_BYTES 63 /* of a name in PostgreSQL */
#define SERVER_MAX 250
#define CA_MAX 1000

/* A text without line ends, not empty; what it is called in the message. */
static const char *
read_line(struct bench *b, const struct node *n, size_t most, const char *what)
{
	const char *text = n == NULL ? NULL : read_text(b, n);

	if (text == NULL)
		return NULL;
	if (text[0] != '\0' && strlen(text) <= most && text[strcspn(text, "\n\r")] == '\0')
		return text;
	diag_error(&b->diag, n->at, "out-of-range", "%s has 1 to %u bytes, in one line", what,
		(unsigned)most);
	return NULL;
}

static void
read_server(struct bench *b, const struct node *n, struct bench_postgres *p)
{
	p->server = read_line(b, n, SERVER_MAX, "a server");
	if (p->server != NULL && strpbrk(p->server, ", =/@") != NULL && p->server[0] != '/') {
		diag_error(&b->diag, n->at, "address",
			"'%.80s' is no server; write host:port, or the folder of its socket: "
			"/run/postgresql",
			p->server);
		p->server = NULL;
	}
}

static void
read_ca(struct bench *b, const struct node *n, struct bench_postgres *p)
{
	p->ca = read_line(b, n, CA_MAX, "a path");
	if (p->ca != NULL && p->ca[0] != '/') {
		diag_error(&b->diag, n->at, "out-of-range",
			"'%.80s' is no whole path; write it from / on", p->ca);
		p->ca = NULL;
	}
}

void
postgres_read(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const struct key *rows = schema_postgres;
	struct bench_postgres *p = &b->postgres;
	const char *word;

	if (!read_is(b, n, NODE_MAP,
		    "a map: {server: \"db.lab:5432\", database: lab, user: mbc, password: "
		    "{secret: lab-db}}"))
		return;
	read_keys(b, n, rows, NULL, found, NULL);
	p->schema = "mbc";
	p->tls = "";
	p->partitions = "month";
	p->ca = "";
	if (found[POSTGRES_SERVER] != NULL)
		read_server(b, found[POSTGRES_SERVER], p);
	p->database = read_line(b, found[POSTGRES_DATABASE], NAME_MAX_BYTES, "a name");
	p->user = read_line(b, found[POSTGRES_USER], NAME_MAX_BYTES, "a name");
	if (found[POSTGRES_SCHEMA] != NULL)
		p->schema = read_line(b, found[POSTGRES_SCHEMA], NAME_MAX_BYTES, "a name");
	if (found[POSTGRES_PASSWORD] != NULL)
		secrets_read_apart(b, found[POSTGRES_PASSWORD], "password", &p->password);
	if (found[POSTGRES_TLS] != NULL &&
		(word = read_word(b, found[POSTGRES_TLS], &rows[POSTGRES_TLS])) != NULL)
		p->tls = word;
	if (found[POSTGRES_PARTITIONS] != NULL && (word = read_word(b, found[POSTGRES_PARTITIONS],
							   &rows[POSTGRES_PARTITIONS])) != NULL)
		p->partitions = word;
	if (found[POSTGRES_CA] != NULL)
		read_ca(b, found[POSTGRES_CA], p);
	if (found[POSTGRES_KEEP] != NULL)
		records_keep(b, found[POSTGRES_KEEP], &rows[POSTGRES_KEEP], &p->keep_ns);
	if (p->tls[0] != '\0' && strcmp(p->tls, "off") == 0 && p->ca != NULL && p->ca[0] != '\0')
		diag_error(&b->diag, found[POSTGRES_CA]->key_at, "conflict",
			"without TLS no certificate is looked at; remove 'ca' or 'tls: off'");
	p->is_on = p->server != NULL && p->database != NULL && p->user != NULL &&
		   p->schema != NULL && p->ca != NULL;
	b->history.carried_by |= p->is_on ? IMAGE_CARRIED_POSTGRES : 0;
}
