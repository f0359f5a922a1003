/* query_cli.h - what mbc-query does when it is run by hand, on the folder of a bench's history */
#ifndef HISTORY_QUERY_CLI_H
#define HISTORY_QUERY_CLI_H

/* argv: "export [CHANNEL...] [--from T] ...", "verify", "files", "gaps", "backup FOLDER". `dir` may be NULL for "restore FOLDER". Returns the exit code. */
int query_cli(const char *dir, int argc, char **argv);

int query_backup(const char *dir, int argc, char **argv); /* FOLDER; backup.c says how */
int query_import(
	const char *dir, int argc, char **argv); /* FILE... [--format F] ...; import.c says how */
int query_restore(int argc, char **argv);        /* FOLDER [--replace] [--bench NAME] */

#endif
