/* secrets.c - where a password or a key is due: its name, and never itself */
#include <string.h>
#include <strings.h>

#include "compile/read.h"

#define REMEDY                                                                                     \
	"write it as the only line of a file secrets/NAME beside the bench file ('chmod 600' "     \
	"it), and here %s: {secret: NAME}"

/* Number of the secret in the image, from 1; 0: there is no room, that was told. */
static int64_t
number_of(struct bench *b, const char *name, struct place at, bool is_apart)
{
	for (uint32_t i = 0; i < b->secrets.n; i++)
		if (strcmp(b->secrets.at[i].name, name) == 0 &&
			b->secrets.at[i].is_apart == is_apart)
			return i + 1;
	if (b->secrets.n == SECRETS_MAX) {
		diag_error(&b->diag, at, "too-large", "more than %d secrets; leave some out",
			SECRETS_MAX);
		return 0;
	}
	*BENCH_ADD(b->secrets) = (struct bench_secret){ name, at, is_apart };
	return b->secrets.n;
}

static const char *
name_of(struct bench *b, const struct node *n, const char *key)
{
	const struct node *name = n->kind == NODE_MAP ? tree_get(&b->tree, n, "secret") : NULL;

	if (name == NULL || n->n != 1 || name->kind != NODE_SCALAR || node_is_null(name)) {
		diag_error(&b->diag, n->at, "secret",
			"a password or key does not stand in this file; " REMEDY, key);
		return NULL;
	}
	if (secret_is_name(name->text))
		return name->text;
	diag_error(&b->diag, name->at, "secret",
		"'%.60s' cannot name a secret; it is the name of a file: use at most %d letters, "
		"digits, '_', '-' and '.', which is not the first",
		name->text, SECRET_NAME_MAX);
	return NULL;
}

/* Of an exchange in an instrument file: made up, and shown to everybody. */
static bool
is_made_up(struct bench *b, const struct node *n)
{
	size_t length = strlen(n->text);

	if (length >= SECRET_MIN && length <= SECRET_MAX)
		return true;
	diag_error(&b->diag, n->at, "secret",
		"secrets have %d to %d characters; make up another one", SECRET_MIN, SECRET_MAX);
	return false;
}

bool
secrets_read(struct bench *b, const struct node *n, const char *key, int64_t *out,
	const char **out_value)
{
	const char *name;

	if (b->has_made_up_secrets && n->kind == NODE_SCALAR) {
		*out = 1;
		*out_value = n->text;
		return is_made_up(b, n);
	}
	name = name_of(b, n, key);
	*out = name == NULL ? 0 : number_of(b, name, n->at, false);
	return *out > 0;
}

void
secrets_read_apart(struct bench *b, const struct node *n, const char *key, int64_t *out)
{
	const char *name = name_of(b, n, key);

	*out = name == NULL ? 0 : number_of(b, name, n->at, true);
}

/* Is text[0..n) called like a key? */
static bool
is_key(const char *text, size_t n)
{
	static const char *const names[] = { "key", "apikey", "api_key", "api_secret", "token",
		"pw", "password", "passwd" };

	for (size_t i = 0; i < NELEM(names); i++)
		if (strlen(names[i]) == n && strncasecmp(text, names[i], n) == 0)
			return true;
	return false;
}

bool
secrets_are_absent(struct bench *b, const struct node *n, const char *text, bool has_key_query)
{
	const char *at = strchr(text, '?');

	while (at != NULL) {
		size_t name = strcspn(++at, "=&");

		if (at[name] == '=' && at[name + 1] != '&' && at[name + 1] != '\0' &&
			at[name + 1] != '{' && is_key(at, name)) {
			diag_error(&b->diag, n->at, "secret",
				"'%.*s=' looks like a key or password, which does not stand in "
				"this file; " REMEDY "%s%.*s",
				(int)name, at, "key", has_key_query ? " and key_query: " : "",
				has_key_query ? (int)name : 0, at);
			return false;
		}
		at = strchr(at, '&');
	}
	return true;
}
