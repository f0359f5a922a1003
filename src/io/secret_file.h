/* secret_file.h - files with secrets: one line a file, for its owner alone */
#ifndef IO_SECRET_FILE_H
#define IO_SECRET_FILE_H

#include "base/err.h"
#include "base/secret.h"

/* The only line of the file `name` in the folder `dir`. Both are ours and no links; the file has mode 0600 or 0400, nobody else may write
 * into the folder, which may be root's. ERR_CONF with cause and remedy, which never tell what the file holds. */
int secret_read(const char *dir, const char *name, struct secret *out, struct err *err) MUST_CHECK;

#endif
