/* export_xlsx.h - an answer as a spreadsheet file */
#ifndef HISTORY_EXPORT_XLSX_H
#define HISTORY_EXPORT_XLSX_H

#include "base/err.h"

/* Read typed cells (form.h) from fd to its end, write them to the new file `path`. On failure no file is left.
 * More rows than a sheet has go on in further sheets. ERR_IO. */
int export_xlsx(int fd, const char *path, struct err *err) MUST_CHECK;

#endif
