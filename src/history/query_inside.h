/* query_inside.h - what the commands of mbc-query share */
#ifndef HISTORY_QUERY_INSIDE_H
#define HISTORY_QUERY_INSIDE_H

#include "base/buf.h"
#include "base/err.h"

/* Who writes spreadsheets (export_xlsx.h): set by the program that is linked with the library. */
extern int (*query_xlsx)(int fd, const char *path, struct err *err);
/* HDF5 (export_hdf5.h); NULL: it is built without. */
extern int (*query_hdf5)(int fd, const char *path, struct err *err);

#define QUERY_GOOD 0
#define QUERY_WRONG 1
#define QUERY_FAILED 2

int query_say(int code, const char *text); /* "mbc: <text>" on standard error; returns `code` */
int query_failed(const struct err *err);   /* the same with an error; returns its exit code */
void query_confine(const char *dir);       /* from here on nothing can be opened for writing */
int query_write(int fd, struct buf *out);  /* all of it, then `out` is empty; 0, or -errno */
int query_compact(const char *dir, int argc, char **argv);
bool query_number(const char *word, uint32_t *out); /* of a run; NULL is none */

#endif
