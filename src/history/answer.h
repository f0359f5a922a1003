/* answer.h - the answer to a question about the history, written in steps
 *
 * Each step is short, leaves no read transaction open, and writes little: a question of any size is answered in constant memory.
 */
#ifndef HISTORY_ANSWER_H
#define HISTORY_ANSWER_H

#include "history/ask.h"
#include "history/reader.h"

struct answer;

/* Takes what is in *ask, also after an error. The reader stays the caller's. Errors: ERR_CONF, sys 404 for a channel that is not known; else as the
 * reader's. */
struct answer *answer_new(struct reader *reader, struct ask *ask, struct err *err) MUST_CHECK;
void answer_free(struct answer *a);

const char *answer_type(const struct answer *a); /* its content type */

/* What it holds while it lives, for those who count: cursors, and buckets. */
size_t answer_channels(const struct answer *a);
size_t answer_buckets(const struct answer *a);

/* Append a part to `out`: 1, or 0 when that was the last one. An error cuts the answer off. */
int answer_step(struct answer *a, struct buf *out, struct err *err) MUST_CHECK;

/* What a cause of the ledger means, in English; the token itself when it is not known. */
const char *answer_cause(const char *token);

#endif
