/* backup_parts.h - what `mbc history backup`, `restore` and `compact` share */
#ifndef HISTORY_BACKUP_PARTS_H
#define HISTORY_BACKUP_PARTS_H

#include <sys/stat.h>

#include "history/compact.h"
#include "history/manifest.h"
#include "history/verify.h"

#define BACKUP_MANIFEST "manifest.txt"
#define BACKUP_PART ".part" /* behind the name of what is not whole yet */

/* ---- what reads data bases: a child that can open nothing for writing ------------------------------------------------------ */

enum backup_work {
	BACKUP_BENCH,  /* whose history is it? */
	BACKUP_COPY,   /* a file of the history into `fd`, which is then verified */
	BACKUP_VERIFY, /* what is in `fd` */
	BACKUP_BEGUN,  /* when what is in `fd` was begun */
	BACKUP_COMPACT, /* what is in `from`, written anew into `fd` (compact.h), which is then verified */
	BACKUP_TIER, /* the same, coarser by `tier`; nothing is written where that says so */
};

struct backup_job {
	enum backup_work work;
	const char *dir;  /* of the history; NULL: none is read */
	const char *name; /* of the file */
	int fd, from;
	struct compact_tier tier;
};

struct backup_found {
	int rc; /* 0, or an error */
	struct err err;
	int target_sys;  /* errno of the file that was given, when it was that which failed */
	bool is_missing; /* the file is there no more, or nothing is in it yet */
	int faults;      /* each has been told, a line on standard output */
	int64_t begun;   /* wall time: the same of all copies of a file */
	int64_t tier_ns; /* the interval by which it was made coarser; 0: it was not */
	bool is_closed;  /* nothing more comes into it */
	struct verify_numbers numbers;
	char bench[MANIFEST_BENCH_MAX];
	struct compact_numbers compacted;
};

/* Returns out->rc. */
int backup_child(const struct backup_job *job, struct backup_found *out) MUST_CHECK;

/* From here on SIGINT, SIGTERM, SIGHUP end the child, and the file that is too large for this process is an error like a full disk. */
void backup_signals(void);
bool backup_is_ended(void); /* one of them came */

/* ---- files ----------------------------------------------------------------------------------------------------------------- */

/* Read all of `fd`, from its beginning, and write it to `to` (-1: nowhere); ERR_IO, *out_sys: errno of the one that is written, 0: of the other. */
int backup_pass(int fd, int to, uint64_t *out_bytes, char out_sha[SHA256_HEX + 1], int *out_sys,
	struct err *err) MUST_CHECK;

/* The manifest of a folder. ERR_CONF: there is none, or it is damaged. */
int backup_read_manifest(
	int at, const char *folder, struct manifest *out, struct err *err) MUST_CHECK;

/* A small file, on the disk when this returns. */
int backup_write(int at, const char *name, const struct buf *text, struct err *err) MUST_CHECK;

/* What can be done about errno `sys` at a folder that is written to: "free some room there, or name another folder". */
const char *backup_remedy(int sys);

#endif
