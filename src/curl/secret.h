/* secret.h - words that stand on no command line: one a file, for its owner alone */
#ifndef CURL_SECRET_H
#define CURL_SECRET_H

#include "base/err.h"

#define SECRET_MAX 1000 /* bytes */

/* The only line of the file `name` in the folder `dir`: a file of ours, of mode 0600 or less. out: SECRET_MAX + 1 bytes. What it
 * holds is never part of an error. */
int secret_read(const char *dir, const char *name, char *out, struct err *err) MUST_CHECK;

#endif
