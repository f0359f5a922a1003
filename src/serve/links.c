/* links.c - links of guests */
#include "serve/links.h"

#include <string.h>

static bool
is_same(const struct token *a, const struct token *b)
{
	return a->until_ns == b->until_ns && memcmp(a->digest, b->digest, SHA256_BYTES) == 0;
}

int
links_read(struct links *l, const char *bytes, size_t n, struct err *err)
{
	static struct links before;
	int rc;

	before = *l;
	memset(l->is_over, 0, sizeof(l->is_over));
	rc = tokens_read(&l->known, bytes, n, err);
	for (size_t i = 0; i < l->known.n; i++)
		for (size_t k = 0; k < before.known.n; k++)
			l->is_over[i] = l->is_over[i] ||
					(before.is_over[k] &&
						is_same(&l->known.all[i], &before.known.all[k]));
	return rc;
}

/* All of them: one that nobody asks for now must not open again later. */
static void
look(struct links *l, int64_t wall_ns)
{
	for (size_t i = 0; i < l->known.n; i++)
		l->is_over[i] = l->is_over[i] || wall_ns >= l->known.all[i].until_ns;
}

static const struct token *
unless_over(const struct links *l, const struct token *t)
{
	return t != NULL && !l->is_over[t - l->known.all] ? t : NULL;
}

const struct token *
links_find(struct links *l, const char *text, int64_t wall_ns)
{
	look(l, wall_ns);
	return unless_over(l, tokens_find(&l->known, text));
}

bool
links_still(struct links *l, const uint8_t digest[SHA256_BYTES], int64_t wall_ns)
{
	look(l, wall_ns);
	return unless_over(l, tokens_find_digest(&l->known, digest)) != NULL;
}
