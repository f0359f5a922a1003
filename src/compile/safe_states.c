/* safe_states.c - what safe means for the bench: which output is brought to which value, in which order */
#include <stdio.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"

void
safe_states_declare(struct bench *b, const struct node *map)
{
	for (const struct node *n = map == NULL ? NULL : map->first; n != NULL; n = n->next) {
		struct bench_safe_state *s;
		char full[80];
		int length = snprintf(full, sizeof(full), "safe.%.63s", n->key);

		if (!read_name(b, n->key, n->key_at, "a safe state"))
			continue;
		s = BENCH_ADD(b->safe_states);
		s->name = n->key;
		s->title = "";
		s->node = n;
		s->state = channels_add_state(
			b, tree_text(&b->tree, full, (size_t)length), STATE_SAFE, NULL);
		b->channels.at[s->state].at = n->key_at;
		names_put(&b->safe_state_names, s->name, b->safe_states.n - 1);
	}
}

void
safe_states_read(struct bench *b)
{
}

void
safe_states_on_stop(struct bench *b, const struct node *n)
{
}

void
safe_states_restore(struct bench *b, const struct node *n)
{
}
