/* book.c - commands that are under way, and what became of the last ones */
#include "gate/book.h"

#include <string.h>

#include "base/text.h"

struct book_entry *
book_find(struct book *b, const char *id)
{
	for (size_t i = 0; i < COMMANDS_KEPT; i++)
		if (b->entries[i].is_there && strcmp(b->entries[i].command.id, id) == 0)
			return &b->entries[i];
	return NULL;
}

void
book_forget(struct book_entry *e)
{
	e->is_there = false;
}

/* Is it the same? When it expires, and what was seen on the page, may have moved on. */
static bool
is_same(const struct command *a, const struct command *b)
{
	bool same_ramp = a->ramp_per_min == b->ramp_per_min ||
			 (a->ramp_per_min != a->ramp_per_min && b->ramp_per_min != b->ramp_per_min);

	return a->kind == b->kind && strcmp(a->principal, b->principal) == 0 &&
	       strcmp(a->subject, b->subject) == 0 && strcmp(a->value, b->value) == 0 &&
	       strcmp(a->text, b->text) == 0 && same_ramp && a->span_ns == b->span_ns &&
	       a->is_clamped == b->is_clamped && a->is_confirmed == b->is_confirmed &&
	       a->is_whole == b->is_whole && strcmp(a->values, b->values) == 0 &&
	       a->is_person == b->is_person;
}

/* At the command line of this computer: what comes over the network takes no place of theirs, whoever has signed in there. */
static bool
is_here(const struct command *c)
{
	return c->is_person && strncmp(c->principal, "user:", 5) != 0;
}

/* Where the next command of its kind of asker goes: a free place, or (may_forget) that of the oldest final one of the same kind when
 * they have their half. NULL: there is none. */
static struct book_entry *
make_place(struct book *b, bool from_here, bool may_forget)
{
	struct book_entry *free_one = NULL, *oldest = NULL;
	size_t n = 0, n_pending = 0;

	for (size_t i = 0; i < COMMANDS_KEPT; i++) {
		struct book_entry *e = &b->entries[i];

		if (!e->is_there) {
			free_one = e;
			continue;
		}
		if (is_here(&e->command) != from_here)
			continue;
		n++;
		if (e->told.verdict == VERDICT_PENDING)
			n_pending++;
		else if (oldest == NULL || e->order < oldest->order)
			oldest = e;
	}
	if (n_pending >= BOOK_PENDING_MAX / 2)
		return NULL;
	if (n < COMMANDS_KEPT / 2)
		return free_one;
	return may_forget ? oldest : NULL;
}

enum book_result
book_take(struct book *b, const struct command *c, int64_t now_ns, struct book_entry **out)
{
	struct book_entry *e = book_find(b, c->id);

	if (e != NULL) {
		*out = e;
		return is_same(&e->command, c) ? BOOK_KNOWN : BOOK_OTHER;
	}
	e = make_place(b, is_here(c), true);
	if (e == NULL)
		return BOOK_FULL;
	*e = (struct book_entry){
		.is_there = true, .command = *c, .asked_ns = now_ns, .order = ++b->order
	};
	text_copy(e->told.id, sizeof(e->told.id), c->id);
	*out = e;
	return BOOK_NEW;
}

struct book_entry *
book_question(struct book *b, const char *id, bool is_person, int64_t now_ns)
{
	struct book_entry *e = make_place(b, is_person, false);

	if (e == NULL)
		return NULL;
	*e = (struct book_entry){
		.is_there = true, .is_question = true, .asked_ns = now_ns, .order = ++b->order
	};
	text_copy(e->command.id, sizeof(e->command.id), id);
	text_copy(e->told.id, sizeof(e->told.id), id);
	e->command.is_person = is_person;
	return e;
}

struct book_entry *
book_verdict(struct book *b, const struct verdict_told *v)
{
	struct book_entry *e = book_find(b, v->id);

	if (e == NULL || e->told.verdict != VERDICT_PENDING)
		return NULL;
	e->told = *v;
	return e;
}

struct book_entry *
book_pending(struct book *b, struct book_entry *e)
{
	for (size_t i = e == NULL ? 0 : (size_t)(e - b->entries) + 1; i < COMMANDS_KEPT; i++)
		if (b->entries[i].is_there && b->entries[i].told.verdict == VERDICT_PENDING)
			return &b->entries[i];
	return NULL;
}

size_t
book_count(struct book *b)
{
	size_t n = 0;

	for (struct book_entry *e = book_pending(b, NULL); e != NULL; e = book_pending(b, e))
		n++;
	return n;
}
