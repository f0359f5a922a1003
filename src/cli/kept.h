/* kept.h - a small file in the bench's folder of state that a command changes as a whole: read under a lock, written beside it and put in its place */
#ifndef CLI_KEPT_H
#define CLI_KEPT_H

#include "cli/cli.h"
#include "io/place.h"

#define KEPT_MAX 65536

struct kept {
	char path[PLACE_MAX + 16], beside[PLACE_MAX + 24], dir[PLACE_MAX];
	int lock; /* held while it is read and written; -1 */
	size_t max;
	char bytes[KEPT_MAX + 1]; /* "" when it is not there */
};

/* An exit code, said already when it is not CLI_GOOD. */
int kept_open(const struct args *args, struct kept *f, const char *name, size_t max);
void kept_close(struct kept *f);
int kept_write(const struct args *args, struct kept *f, const char *text, const char *too_long);

#endif
