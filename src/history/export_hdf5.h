/* export_hdf5.h - an answer as an HDF5 file; only where it is built with it (-Dhdf5=enabled) */
#ifndef HISTORY_EXPORT_HDF5_H
#define HISTORY_EXPORT_HDF5_H

#include "base/err.h"

/* Read typed cells (form.h) from fd to its end, write them to the new file `path`. On failure no file is left. ERR_CONF: a column has numbers and words;
 * ERR_IO. */
int export_hdf5(int fd, const char *path, struct err *err) MUST_CHECK;

#endif
