/* backup.h - a whole bench as one file: what stands in it, and how it is read
 *
 *	about.txt              which bench, of when, which form; the first, so that a newer form is told before all else
 *	bench/...              bench file, what it extends, sequences; as they stand in the folder that has all of them
 *	outside/...            what it extends from elsewhere ("/..."): restored by people alone
 *	state/...              numbers of channels, journal, audit, tokens, versions of the bench file
 *	history/...            what 'mbc history backup' makes
 *	sealed.bin             secrets, accounts, certificates with their keys, where a passphrase was given (sealed.h)
 *	manifest.txt           SHA-256 of each file before it, as sha256sum writes it, and of these lines
 */
#ifndef BACKUP_BACKUP_H
#define BACKUP_BACKUP_H

#include "backup/tar.h"
#include "base/buf.h"
#include "base/sha256.h"

#define BACKUP_FORM "1"
#define BACKUP_ABOUT "about.txt"
#define BACKUP_MANIFEST "manifest.txt"
#define BACKUP_SEALED "sealed.bin"
#define BACKUP_ABOUT_HEAD "mbc backup " BACKUP_FORM "\n"
#define BACKUP_MANIFEST_HEAD "# mbc backup manifest " BACKUP_FORM "\n"
#define BACKUP_MANIFEST_END "# sum "
#define BACKUP_TEXT_MAX 256

struct backup_file {
	char *name;
	uint64_t bytes;
	char sha[SHA256_HEX + 1];
};

struct backup {
	/* about.txt */
	char bench[64], made[32], folder[BACKUP_TEXT_MAX], file[BACKUP_TEXT_MAX];
	bool has_history;
	struct backup_file *files; /* as they come, without the manifest */
	size_t n;
	uint64_t bytes;               /* of all of them */
	struct buf sealed;            /* sealed.bin */
	char binding[SHA256_HEX + 1]; /* of the lines of the manifest before it */
};

/* Read all of it and find each byte to be what was written. ERR_CONF with the place: damaged, no backup, or of a newer form; backup_done() in any case. */
int backup_read(struct backup *out, int fd, struct err *err) MUST_CHECK;
void backup_done(struct backup *b);

/* What becomes of each file: opened, its bytes piece by piece, then closed. */
struct backup_sink {
	void *ctx;
	int (*open)(void *ctx, const struct backup_file *f, struct err *err); /* 1: it is wanted */
	int (*put)(void *ctx, const void *bytes, size_t n, struct err *err);
	int (*close)(void *ctx, struct err *err);
};

/* Again, after backup_read() has found it good: each byte is compared with that once more. */
int backup_extract(
	const struct backup *b, int fd, const struct backup_sink *to, struct err *err) MUST_CHECK;

/* Files of the state that are in a backup sealed or not at all; ended by NULL. */
#define BACKUP_SEALED_STATE 3
extern const char *const backup_sealed_state[BACKUP_SEALED_STATE + 1];
bool backup_is_sealed(const char *name);

/* The secrets in it: "<bytes> <name>\n" and the bytes, one after the other, the first being its binding. */
struct backup_pack {
	const char *name, *bytes;
	size_t n;
};
void backup_pack_put(struct buf *out, const char *name, const void *bytes, size_t n);
/* The next at *at, whose line end becomes an end of text; false: there is none. `is_bad`: what is there is none. */
bool backup_pack_next(char **at, const char *end, struct backup_pack *out, bool *is_bad);

/* Unsealed, wiped by the caller. ERR_CONF: another passphrase, damaged, or sealed for another backup. */
int backup_unseal(const struct backup *b, const char *passphrase, struct buf *out,
	struct err *err) MUST_CHECK;

#endif
