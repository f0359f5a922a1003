/* version.h - one version of a bench file, with the files that it was made from, as bytes of a file. Pure.
 *
 *	mbc bench version 1
 *	time 2026-11-27T20:10:00Z
 *	bench demo
 *	path /home/lab/demo/bench.yaml
 *	who alice
 *	hash <SHA-256 of all that follows this line>
 *	files 2
 *	1234 bench.yaml                    bytes, and its path as seen from the folder of the bench file
 *	45 ../common/tpr.yaml              one that has only "/" in common with it: from there
 *	                                   an empty line, then the bytes of all of them, one after the other
 */
#ifndef MSG_VERSION_H
#define MSG_VERSION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

#define VERSION_BYTES_MAX (32u << 20) /* of all files of one */
#define VERSION_FILES_MAX 512
#define VERSION_PATH_MAX 512
#define VERSION_WHO_MAX 64

struct version_file {
	const char *path, *bytes;
	size_t n;
};

/* What it points to lies in the bytes that it was read from. */
struct version {
	const char *time, *bench, *path, *who, *hash;
	size_t n;                                     /* at least 1: the bench file is the first */
	struct version_file files[VERSION_FILES_MAX]; /* no two have one path */
};

/* The bytes are changed: ends of lines become ends of texts. ERR_CONF: it is damaged, or of a newer form. */
int version_read(struct version *out, char *bytes, size_t n, struct err *err) MUST_CHECK;

/* All but the hash, which is made here. Nothing of it has an end of a line in it. */
void version_write(struct buf *out, const struct version *v);

/* The files alone, of what the compiler read: "<bytes> <path>\n", then the bytes, one after the other, the bench file first. Paths become as
 * above, those of the compiler being seen from `folder`; they go to `paths`, which is to outlive `out`. */
int version_collect(struct version *out, const char *folder, char *kept, size_t n,
	struct buf *paths, struct err *err) MUST_CHECK;

/* The files alone, as they stand there: "<bytes> <path>\n", then the bytes. The bytes are changed: ends of lines become ends of texts. ERR_PROTO: it has another
 * form. */
int version_entries(struct version *out, char *bytes, size_t n, struct err *err) MUST_CHECK;
void version_entry(
	struct buf *out, const char *path, const char *bytes, size_t n); /* one of them */

/* `path`, seen from `folder`, from "/" on, without "." and "..": as text alone. False: it is too long. */
bool version_absolute(char out[VERSION_PATH_MAX], const char *folder, const char *path);

/* May it be written below a folder? Not empty, not from "/", no ".." or "." in it, nothing that is not printed. */
bool version_is_below(const char *path);

const struct version_file *version_find(const struct version *v, const char *path); /* or NULL */

#endif
