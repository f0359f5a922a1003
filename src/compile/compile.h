/* compile.h - the whole way: bench file -> image */
#ifndef COMPILE_COMPILE_H
#define COMPILE_COMPILE_H

#include "base/buf.h"
#include "compile/bench.h"

/* Compile a file. 0: `out_image` and, where asked for (NULL: not), `out_merged` are filled; ERR_CONF: b->diag tells why;
 * ERR_IO: the file could not be read, or the image is not what its readers expect. units_open() comes first. b is made
 * by bench_init() and stays the caller's. */
int compile_file(
	struct bench *b, struct buf *out_image, struct buf *out_merged, struct err *err) MUST_CHECK;

/* The same for bytes; b->path names them. */
int compile_bytes(struct bench *b, const char *bytes, size_t n, struct buf *out_image,
	struct buf *out_merged, struct err *err) MUST_CHECK;

#endif
