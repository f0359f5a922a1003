/* versions.h - the versions of a bench file that are kept in the bench's folder of state: versions/000012
 *
 * A number is never given twice as long as the newest is there. Each is whole: it is written beside, synced, and gets its name in one step, so that two
 * who keep one at the same moment get two numbers.
 */
#ifndef IO_VERSIONS_H
#define IO_VERSIONS_H

#include "msg/version.h"

#define VERSIONS_FOLDER "versions"
#define VERSIONS_KEPT 1000
#define VERSIONS_BYTES (64 << 20) /* of all; the oldest go */
#define VERSIONS_NUMBER_MAX 999999u

/* Who took it up, of a file that 'mbc bench undo' kept before it was overwritten: nobody did. No account has such a name. */
#define VERSIONS_NEVER_RAN "(never ran)"

/* Its bytes go to versions/<part> and are on the disk when this returns. 1; 0: it is the same as the newest that ran, and nothing was written. */
int versions_write(const char *state_dir, const char *part, const struct version *v,
	struct err *err) MUST_CHECK;

/* What was written so becomes a version: its number. The oldest may go for it. */
int versions_name(const char *state_dir, const char *part, struct err *err) MUST_CHECK;
void versions_forget(const char *state_dir, const char *part); /* it does not */

/* The numbers, oldest first, at most VERSIONS_KEPT * 2; the newest alone, 0: none. */
size_t versions_list(const char *state_dir, unsigned *out);
unsigned versions_newest(const char *state_dir);

/* The newest that ran, of those below `below` (0: of all); 0: none. One that cannot be read counts as one that ran. */
unsigned versions_ran(const char *state_dir, unsigned below);

/* What is pointed to lies in `bytes`, the caller's in any case. */
int versions_read(const char *state_dir, unsigned number, struct buf *bytes, struct version *out,
	struct err *err) MUST_CHECK;

#endif
