/* journal_files.h - the two files of a journal, on descriptors that `supervise` has opened
 *
 * What blocks in the kernel: for the journal's thread, and for programs that wait for nobody.
 */
#ifndef IO_JOURNAL_FILES_H
#define IO_JOURNAL_FILES_H

#include "msg/blackbox.h"
#include "msg/journal.h"

/* Reads records of a file from its beginning on. */
struct journal_reader {
	int fd; /* the caller's */
	struct journal_place place;
	size_t at, n; /* bytes[at..n) are those from the place on */
	uint8_t bytes[64 << 10];
};

void journal_reader_init(struct journal_reader *r, int fd);
/* 1: a record; 0: no more whole ones; negative: the file cannot be read. */
int journal_reader_next(struct journal_reader *r, struct record *out, struct err *err) MUST_CHECK;

struct journal_files {
	int fd[JOURNAL_FILES]; /* the caller's; -1: there is none */
	uint64_t size[JOURNAL_FILES];
	int active;                  /* the file that is written; -1: none */
	struct journal_place place;  /* where its next record goes */
	struct journal_place synced; /* up to where it is on the disk */
	struct journal_reader *scan; /* room for looking at files; the caller's */
	bool is_dirty;               /* something is not synchronised yet */
	struct err damage; /* a file cannot be read: why. It is left alone; code 0: none */
};

/* Look at both files: which one ends with the newest record, and where. The descriptors may be -1. */
void journal_files_open(
	struct journal_files *f, const int fd[JOURNAL_FILES], struct journal_reader *scan);

/* Write one record behind the last, in the other file when this one is full. On failure nothing has changed and it may be tried
 * again. */
int journal_files_put(struct journal_files *f, const struct record *r, struct err *err) MUST_CHECK;
int journal_files_sync(struct journal_files *f, struct err *err) MUST_CHECK;

/* Write what the black box has below `head` and the files do not. *out_missed: records that were overwritten there before. */
int journal_files_follow(struct journal_files *f, const struct blackbox *box, uint64_t head,
	uint64_t *out_missed, struct err *err) MUST_CHECK;

#endif
