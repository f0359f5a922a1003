/* book.h - commands that are under way, and what became of the last ones. Pure; nothing grows.
 *
 * At most BOOK_PENDING_MAX wait for their verdict, and COMMANDS_KEPT are remembered. What comes over the network has half of both, so
 * that none of it can take a person's place, or make that a person's command is forgotten and done twice.
 */
#ifndef GATE_BOOK_H
#define GATE_BOOK_H

#include "msg/command.h"

#define BOOK_PENDING_MAX 64

struct book_entry {
	bool is_there;
	bool is_question; /* the id alone is known: the controller is asked what became of it */
	struct command command;
	struct verdict_told told;
	uint32_t
		caller; /* number of the connection of the command line that wants to know; 0: none */
	bool is_served;   /* the data server wants to know */
	int64_t asked_ns; /* the controller, last */
	uint64_t order;
};

struct book {
	struct book_entry entries[COMMANDS_KEPT];
	uint64_t order; /* of the newest */
};

enum book_result {
	BOOK_NEW,   /* *out: a new entry, pending */
	BOOK_KNOWN, /* *out: the same command was asked before */
	BOOK_OTHER, /* its id is another command's */
	BOOK_FULL,  /* too many are pending */
};

enum book_result book_take(
	struct book *b, const struct command *c, int64_t now_ns, struct book_entry **out);
/* For a question about an id that is not known here; NULL: there is no free place. Whoever has the answer forgets it. */
struct book_entry *book_question(struct book *b, const char *id, bool is_person, int64_t now_ns);
struct book_entry *book_find(struct book *b, const char *id); /* NULL: not known */
void book_forget(struct book_entry *e);

/* A verdict has come: its entry, NULL when it is not known or has its final one. */
struct book_entry *book_verdict(struct book *b, const struct verdict_told *v);

/* The next one that is pending, after `e` (NULL: the first). */
struct book_entry *book_pending(struct book *b, struct book_entry *e);
size_t book_count(struct book *b); /* pending ones */

#endif
