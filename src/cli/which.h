/* which.h - which bench is meant by a command that reads what it left on the disk, and from when on */
#ifndef CLI_WHICH_H
#define CLI_WHICH_H

#include "cli/cli.h"

/* The bench that --bench names, else the only one that runs, else the only one that has a journal here. An exit code, said already when it is not
 * CLI_GOOD. */
int which_bench(const struct args *args, char *out, size_t cap);

/* A span ("1h") back from now, or a wall time, local unless it ends in Z: ns since 1970. An exit code likewise. */
int which_since(const struct args *args, const char *text, int64_t *out_ns);

/* A span from now on, or a wall time that is still to come. */
int which_until(const struct args *args, const char *text, int64_t *out_ns);

#endif
