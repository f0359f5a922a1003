/* history.h - questions about the history, handed to the process that reads it, and their answers on the way back
 *
 * A question waits for the head of its answer, then its body is read from a pipe as it comes. The other process may end at any moment: then the
 * question fails, or its body breaks off. Nothing here waits.
 */
#ifndef SERVE_HISTORY_H
#define SERVE_HISTORY_H

#include <sys/types.h>

#include "io/loop.h"
#include "serve/problem.h"
#include "serve/target.h"

struct history;
struct question;

struct history *history_new(struct loop *loop);
void history_free(struct history *h); /* no question may be left */

/* The end of a new pair, which it takes; all questions over the one before fail. */
void history_connect(struct history *h, int fd);

/* Something has changed: its state, or there is more to read. Called once for each history_ask() and each read that gave nothing. */
typedef void (*question_fn)(void *user);

/* NULL with a problem when nobody is there to be asked. now_ns: CLOCK_BOOTTIME. */
struct question *history_ask(struct history *h, const struct target *t, question_fn fn, void *user,
	int64_t now_ns, enum problem *out_problem, struct err *err) MUST_CHECK;
/* The same in words, as WIRE_ASK has them behind `what`. */
struct question *history_ask_words(struct history *h, unsigned what, const char *const words[8],
	question_fn fn, void *user, int64_t now_ns, enum problem *out_problem,
	struct err *err) MUST_CHECK;
void question_free(struct question *q);
void question_user(struct question *q, void *user); /* another one from here on */

enum question_state { QUESTION_WAITS, QUESTION_REFUSED, QUESTION_ANSWERED };

/* REFUSED: *out_problem, *out_text what is wrong. ANSWERED: *out_text is the content type. */
enum question_state question_state(
	const struct question *q, enum problem *out_problem, const char **out_text);

#define QUESTION_END (-1)    /* that was the whole answer */
#define QUESTION_BROKEN (-2) /* there is no more, but it is not the whole */
/* Bytes of the body; 0: none now, fn is called when there are more. */
ssize_t question_read(struct question *q, char *out, size_t max);

/* Each second: questions without an answer for too long fail. */
void history_beat(struct history *h, int64_t now_ns);
/* All fail now: the server ends. */
void history_end(struct history *h);

uint64_t history_moved(const struct history *h); /* bytes that were read since the start */
size_t history_questions(const struct history *h);

#endif
