/* query_runs.h - mbc record list, show and export: runs out of the files of a store */
#ifndef HISTORY_QUERY_RUNS_H
#define HISTORY_QUERY_RUNS_H

/* The arguments behind the word; they return an exit code. */
int query_runs(const char *dir, int argc, char **argv); /* [--json] */
int query_run(const char *dir, int argc, char **argv);  /* N [--json] */
int query_run_export(const char *dir, int argc,
	char **argv); /* N --out FOLDER [--zone ZONE] [--csv-fr] [CHANNEL...] */

#endif
