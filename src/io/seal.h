/* seal.h - shared memory that one process writes and others can only read: the one-way glass */
#ifndef IO_SEAL_H
#define IO_SEAL_H

#include "base/err.h"

/* Memory of `size` bytes, mapped writable here and nowhere else: a memfd of mode 0400, sealed against shrinking, growing,
 * further writable mappings and further seals, not inherited by fork. *out_reader: a read-only descriptor for readers
 * (the caller's to close). Returns the mapping; undone by seal_done(). */
void *seal_make(const char *name, size_t size, int *out_reader, struct err *err) MUST_CHECK;
/* Memory of `size` bytes that several processes write, one at a time: a memfd that is sealed against shrinking and growing alone.
 * Returns its descriptor; *out_reader: a read-only one. Both are the caller's. */
int seal_shared(const char *name, size_t size, int *out_reader, struct err *err) MUST_CHECK;
void seal_done(void *memory, size_t size);

/* Map what was received: *out_size is its size. Refuses a descriptor that is not sealed against shrinking (a reader
 * could be killed by a writer that cuts the memory). Undone by seal_done(). */
const void *seal_map(int fd, size_t *out_size, struct err *err) MUST_CHECK;

/* Bytes on a memfd that nobody can change any more; returns a read-only descriptor. For images. */
int seal_bytes(const char *name, const void *bytes, size_t n, struct err *err) MUST_CHECK;

#define SEAL_TEXT_FLAGS 3u /* MFD_CLOEXEC | MFD_ALLOW_SEALING, of seal_text() */
#define SEAL_NO_CODE 8u    /* MFD_NOEXEC_SEAL, from Linux 6.3 on */

/* The same for who may open nothing and change no file's rights: its descriptor could write, were the memory not sealed. */
int seal_text(const char *name, const void *bytes, size_t n, struct err *err) MUST_CHECK;

#endif
