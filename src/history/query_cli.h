/* query_cli.h - what mbc-query does when it is run by hand, on the folder of a bench's history */
#ifndef HISTORY_QUERY_CLI_H
#define HISTORY_QUERY_CLI_H

/* argv: "export [CHANNEL...] [--from T] ...", "verify", "files", "gaps". Returns the exit code. */
int query_cli(const char *dir, int argc, char **argv);

#endif
