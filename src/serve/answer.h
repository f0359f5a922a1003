/* answer.h - from what was asked and what stands on the board to the bytes of an answer. Pure. */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include "base/buf.h"
#include "serve/picture.h"
#include "serve/problem.h"
#include "serve/target.h"

#define ANSWER_OK (-1)

/* Write the document that `t` asks for to `out`; its parameters are used up. *out_type: its content type. Returns
 * ANSWER_OK, or an enum problem with `out` untouched and `err` telling what is wrong and what to do. Streams and pages are
 * not documents of the board: they are not asked for here. */
int answer_write(struct buf *out, const char **out_type, struct target *t, bool is_xml,
	const struct view *v, struct err *err) MUST_CHECK;

/* 0 when all names of the list "a,b" are channels; else PROBLEM_UNKNOWN_CHANNEL with `err`. */
int answer_check_names(const char *list, const struct view *v, struct err *err) MUST_CHECK;

#endif
