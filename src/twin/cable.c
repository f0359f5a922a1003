/* cable.c - bytes on their way to a master, on a virtual clock */
#include "twin/cable.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct piece {
	int64_t at_ns;
	uint8_t *bytes; /* NULL: the end */
	size_t n;
};

#define HOLDS 32

struct cable {
	struct piece *pieces; /* [n], in the order of their arrival */
	size_t n, cap;
	struct {
		int64_t from_ns, until_ns;
	} holds[HOLDS]; /* a ring of the last */
	size_t n_holds;
};

struct cable *
cable_new(void)
{
	return mem_zero(1, sizeof(struct cable));
}

void
cable_clear(struct cable *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->pieces[i].bytes);
	c->n = 0;
	memset(c->holds, 0, sizeof(c->holds));
}

void
cable_stop(struct cable *c, int64_t at_ns)
{
	while (c->n > 0 && c->pieces[c->n - 1].at_ns > at_ns)
		free(c->pieces[--c->n].bytes);
}

void
cable_free(struct cable *c)
{
	if (c == NULL)
		return;
	cable_clear(c);
	free(c->pieces);
	free(c);
}

static void
add(struct cable *c, struct piece piece)
{
	size_t at = c->n;

	if (c->n == c->cap) {
		c->cap = MAX(2 * c->cap, (size_t)8);
		c->pieces = mem_grow(c->pieces, c->cap, sizeof(*c->pieces));
	}
	while (at > 0 && c->pieces[at - 1].at_ns > piece.at_ns)
		at--;
	memmove(&c->pieces[at + 1], &c->pieces[at], (c->n - at) * sizeof(*c->pieces));
	c->pieces[at] = piece;
	c->n++;
}

void
cable_hold(struct cable *c, int64_t from_ns, int64_t until_ns)
{
	c->holds[c->n_holds % HOLDS].from_ns = from_ns;
	c->holds[c->n_holds++ % HOLDS].until_ns = until_ns;
}

bool
cable_is_free(const struct cable *c, int64_t from_ns, int64_t until_ns)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->pieces[i].at_ns >= from_ns && c->pieces[i].at_ns <= until_ns)
			return false;
	for (size_t i = 0; i < HOLDS; i++)
		if (c->holds[i].from_ns <= until_ns && c->holds[i].until_ns >= from_ns)
			return false;
	return true;
}

/* Behind those who speak then. */
static int64_t
free_ns(const struct cable *c, int64_t at_ns)
{
	for (size_t i = 0; i < HOLDS; i++)
		if (c->holds[i].from_ns <= at_ns && c->holds[i].until_ns >= at_ns)
			at_ns = c->holds[i].until_ns;
	return at_ns;
}

void
cable_say(struct cable *c, int64_t at_ns, const uint8_t *bytes, size_t n)
{
	struct piece piece = { free_ns(c, at_ns), NULL, n };

	if (n == 0)
		return;
	piece.bytes = mem_zero(n, 1);
	memcpy(piece.bytes, bytes, n);
	add(c, piece);
}

void
cable_end(struct cable *c, int64_t at_ns)
{
	add(c, (struct piece){ free_ns(c, at_ns), NULL, 0 });
}

bool
cable_next(struct cable *c, int64_t now_ns, uint8_t **out_bytes, size_t *out_n)
{
	if (c->n == 0 || c->pieces[0].at_ns > now_ns)
		return false;
	*out_bytes = c->pieces[0].bytes;
	*out_n = c->pieces[0].n;
	c->n--;
	memmove(&c->pieces[0], &c->pieces[1], c->n * sizeof(*c->pieces));
	return true;
}

int64_t
cable_wake(const struct cable *c)
{
	return c->n == 0 ? NEVER : c->pieces[0].at_ns;
}

int64_t
cable_last(const struct cable *c)
{
	return c->n == 0 ? NEVER : c->pieces[c->n - 1].at_ns;
}
