/* tar.h - the one form in which a backup is a tar file. Pure.
 *
 * Everybody's tar reads it. We read only what we would have written ourselves: a name, its bytes and a time say each byte of a header, and the
 * rest is zeros. So there are no links, devices, owners or rights to be tricked with, and no byte that could be changed unseen.
 */
#ifndef BACKUP_TAR_H
#define BACKUP_TAR_H

#include "base/err.h"

#define TAR_BLOCK 512
#define TAR_NAME_MAX 255

struct tar_entry {
	char name[TAR_NAME_MAX + 1];
	uint64_t bytes;
	int64_t time_s;
};

/* ERR_CONF: the name does not fit, or leaves the folder. */
int tar_write(uint8_t out[TAR_BLOCK], const struct tar_entry *e, struct err *err) MUST_CHECK;

/* 1: an entry; 0: only zeros, the end. ERR_CONF: it is none that we write, with the reason. */
int tar_read(struct tar_entry *out, const uint8_t in[TAR_BLOCK], struct err *err) MUST_CHECK;

/* Zeros behind so many bytes, up to the next block. */
size_t tar_padding(uint64_t bytes);

/* Letters, digits and what people put into names of files; no ".", "..", "//", nor "/" at the beginning or the end, nothing that is not printed. */
bool tar_is_name(const char *name);

#endif
