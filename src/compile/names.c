/* names.c - names to numbers, by hash */
#include "compile/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void
names_done(struct names *t)
{
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

static size_t
slot_of(const struct names *t, const char *name)
{
	uint64_t h = text_hash(name, strlen(name));
	size_t i;

	for (i = (h ^ h >> 32) & (t->n_slots - 1); t->slots[i].name != NULL;
		i = (i + 1) & (t->n_slots - 1))
		if (strcmp(t->slots[i].name, name) == 0)
			break;
	return i;
}

static void
grow(struct names *t)
{
	struct names_slot *old = t->slots;
	size_t n = t->n_slots;

	t->n_slots = n == 0 ? 64 : n * 2;
	t->slots = mem_zero(t->n_slots, sizeof(*t->slots));
	for (size_t i = 0; i < n; i++)
		if (old[i].name != NULL)
			t->slots[slot_of(t, old[i].name)] = old[i];
	free(old);
}

uint32_t
names_put(struct names *t, const char *name, uint32_t number)
{
	size_t i;

	if (2 * (t->n + 1) > t->n_slots)
		grow(t);
	i = slot_of(t, name);
	if (t->slots[i].name != NULL)
		return t->slots[i].number;
	t->slots[i].name = name;
	t->slots[i].number = number;
	t->n++;
	return NAMES_NONE;
}

uint32_t
names_get(const struct names *t, const char *name)
{
	size_t i;

	if (t->n_slots == 0)
		return NAMES_NONE;
	i = slot_of(t, name);
	return t->slots[i].name == NULL ? NAMES_NONE : t->slots[i].number;
}

const char *
names_nearest(const struct names *t, const char *name)
{
	const char **words = mem_zero(t->n, sizeof(*words)), *best;
	size_t n = 0;

	for (size_t i = 0; i < t->n_slots; i++)
		if (t->slots[i].name != NULL)
			words[n++] = t->slots[i].name;
	best = text_nearest(name, words, n);
	free(words);
	return best;
}
