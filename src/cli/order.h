/* order.h - a command to the bench, and its verdict */
#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include "cli/cli.h"
#include "msg/command.h"

/* Start a command: no ramp, an id of --id or a new one, and how long to wait, of --wait. CLI_GOOD, or an exit code (said already). */
int order_begin(struct args *args, enum command_kind kind, struct command *c, int64_t *out_wait_ns);

/* Put a word into one of its fields; `what` names it when it is too long. */
int order_word(const struct args *args, char *out, size_t cap, const char *word, const char *what);

/* Have it done: sends it until there is a final verdict or the time is over; the same id is never done twice. Prints "SAYS verified", or why
 * not. Returns the exit code: 0 verified or accepted, 1 refused, 2 failed, unknown or no answer. */
int order_run(struct args *args, struct command *c, int64_t wait_ns, const char *says);

#endif
