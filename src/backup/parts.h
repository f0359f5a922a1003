/* parts.h - what making and restoring share */
#ifndef BACKUP_PARTS_H
#define BACKUP_PARTS_H

#include "backup/backup.h"

#define PARTS_PATH 1024
#define PASSPHRASE_MIN 10
#define PASSPHRASE_MAX 1000

int backup_make(int argc, char **argv);
int backup_verify(int argc, char **argv);
int backup_restore(int argc, char **argv);

/* The first line of a file that is for its owner alone, or ("-") of standard input, without echo. ERR_CONF with the remedy. out: PASSPHRASE_MAX + 2
 * bytes, wiped by the caller. */
int parts_passphrase(const char *path, char *out, struct err *err) MUST_CHECK;

/* The first line of a descriptor, from its beginning: of supervise, over HTTP. It is closed, and -1 then: no other program inherits it. */
int parts_passphrase_fd(int *fd, char *out, struct err *err) MUST_CHECK;

/* "mbc backup: ..." on standard error; returns the exit code that fits. */
int parts_failed(const char *command, const struct err *err);

/* Run mbc-query with these words behind its name (NULL ends them), its output nowhere; `place`: folder for its state and run folders, NULL: ours. Exit code. */
int parts_query(const char *const *words, const char *place);

/* From now on SIGTERM ends what is under way in order: mbc-query is killed, and parts_is_ended() says so. */
void parts_end_on_term(void);
bool parts_is_ended(void);

/* Beside a bench: what it does not need of the processor and the disk, for this process and those that it starts. */
void parts_be_humble(void);

void parts_remove(const char *path); /* a folder and all that is in it; no link is followed */
void parts_sync_folder(const char *path);
/* Make the folders that lead to `path`, behind its first `root` characters, with these rights. */
bool parts_make_folders(char *path, size_t root, unsigned mode);

#endif
