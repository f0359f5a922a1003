/* import_input.h - the lines of a file, in bounded memory, as often as one likes */
#ifndef HISTORY_IMPORT_INPUT_H
#define HISTORY_IMPORT_INPUT_H

#include "base/err.h"
#include "base/sha256.h"

#define INPUT_LINE_MAX (1u << 20) /* bytes of one, with those that belong to it */

struct input {
	int fd;
	struct sha256 *sha; /* of all that is read; NULL */
	uint64_t offset;    /* in the file: behind what is in memory */
	uint64_t line;      /* number of the one that was given, from 1 */
	uint64_t lines;     /* that belong to it */
	char *data;
	size_t begin, end, n; /* of the line, and of what is in memory */
	char ended[2];        /* what stood where a NUL is now */
	bool is_over, has_line;
};

/* From the beginning of `fd`, which stays the caller's; a byte order mark is left out. */
void input_begin(struct input *in, int fd, struct sha256 *sha);
void input_done(struct input *in);

/* The next line, without its end, a NUL behind it; it may be changed, and is good until the next call. 1, 0: there is none, or an error. */
int input_next(struct input *in, char **out, size_t *out_n, struct err *err) MUST_CHECK;

/* The same line, unchanged so far, with the next one behind it. */
int input_more(struct input *in, char **out, size_t *out_n, struct err *err) MUST_CHECK;

#endif
