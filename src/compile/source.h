/* source.h - the bytes of one file, read and found fit for the YAML parser */
#ifndef COMPILE_SOURCE_H
#define COMPILE_SOURCE_H

#include "base/buf.h"
#include "base/err.h"
#include "compile/diag.h"

#define SOURCE_MAX (4u << 20)

/* Read a regular file of at most SOURCE_MAX bytes. ERR_IO (sys: errno) or ERR_CONF with "cause; remedy"; `out` is the
 * caller's to free in both cases. *out_key tells two paths of the same file to be the same. */
int source_read(const char *path, struct buf *out, uint64_t out_key[2], struct err *err) MUST_CHECK;

/* From here on each file that is read goes to fd as well, "<bytes> <path>\n" and its bytes, but those below the folder `not_below`. */
void source_keep(int fd, const char *not_below);

/* From here on files that stand in `bytes` (of the form above, paths from "/" on) are read there, whatever the disk has in their place, and others only below the folder
 * of `bench` or of the catalogue, and with a name of ours: who asks over HTTP may not be allowed to read what this process can, and what is wrong with
 * a file is quoted. ERR_PROTO: it has another form. */
int source_instead(char *bytes, size_t n, const char *bench, struct err *err) MUST_CHECK;

/* The parser must never see bytes that it is known to mistreat (docs/bench-file.md lists them): reports the first such
 * byte and returns false. `file` is the number for its place. Skips a byte-order mark: *out_start is where YAML begins. */
bool source_check(struct diag *d, uint16_t file, const char *bytes, size_t n, size_t *out_start);

#endif
