/* seq_syntax.h - the statements of the sequence language as tables: one line of text, one JSON object
 *
 * A form is a list of parts in the order of the text. Each has the words that stand before it, the key that it has in JSON, its type
 * and its place in the structure (seq_tree.h). The parser, the printer and the JSON form all work from these tables, so that they
 * cannot differ; what is no plain list of parts (blocks, `if`, headers) is written out in each of them.
 */
#ifndef COMPILE_SEQ_SYNTAX_H
#define COMPILE_SEQ_SYNTAX_H

#include <stddef.h>

#include "compile/seq_tree.h"

enum seq_type {
	SEQ_T_EXPR,  /* a value */
	SEQ_T_CONST, /* a constant: a `for` ends it */
	SEQ_T_COND,  /* a condition */
	SEQ_T_REF,   /* NAME [ "." NAME ] */
	SEQ_T_REFS,  /* separated by commas */
	SEQ_T_NAME,
	SEQ_T_TEXT,
	SEQ_T_INT,
	SEQ_T_NUMBERS, /* separated by commas */
	SEQ_T_ACTION,
	SEQ_T_ANSWERS,
	SEQ_T_ASSIGNS,
	SEQ_T_ARGS
};

enum seq_need {
	SEQ_MUST,
	SEQ_MAY,   /* and those behind it that go WITH it */
	SEQ_WITH,  /* if, and only if, the part before it is there */
	SEQ_EITHER /* this one or the next one */
};

struct seq_part {
	const char *words; /* before it; "": none */
	const char *key;
	uint8_t type, need;
	uint16_t offset;
};

struct seq_form {
	const char *head; /* words that begin it, and its name in JSON */
	const struct seq_part *parts;
	size_t n;
	const char *shape; /* for messages */
};

extern const struct seq_form seq_stmt_forms[SEQ_STMT_KINDS];
extern const struct seq_form seq_action_forms[SEQ_ACTION_KINDS];
extern const struct seq_form seq_guard_form, seq_limit_form, seq_join_form;

/* The place of a part in the structure at `base`. */
#define SEQ_AT(base, part, type) ((type *)(void *)((char *)(base) + (part)->offset))

/* Is a part there? */
bool seq_has(const void *base, const struct seq_part *part);

#endif
