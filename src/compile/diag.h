/* diag.h - what is wrong with a bench file, collected and told at once
 *
 *	bench.yaml:12:9: error: unknown key 'reed'; did you mean 'read'? [unknown-key]
 *
 * At most DIAG_MAX are kept, the first ones by file and line; the rest are counted. A line that equals one that is kept is not
 * told again.
 */
#ifndef COMPILE_DIAG_H
#define COMPILE_DIAG_H

#include <stdio.h>

#include "base/defs.h"
#include "compile/tree.h"

#define DIAG_MAX 50
#define DIAG_FILES_MAX 128 /* a bench has a file for each kind of device */
#define DIAG_TEXT 480

struct diag_line {
	struct place at;
	bool is_warning;
	const char *code; /* "unknown-key"; borrowed for ever */
	char text[DIAG_TEXT];
};

struct diag {
	struct diag_line lines[DIAG_MAX]; /* sorted by file, line, column */
	size_t n_lines;
	size_t max; /* that are kept; 0: DIAG_MAX */
	size_t n_errors,
		n_warnings; /* all of them, so that a caller sees whether something went wrong since */
	size_t n_repeated; /* of these: equal to a line that was there */
	char *files[DIAG_FILES_MAX];
	size_t n_files;
};

void diag_done(struct diag *d);

/* The number of a file, the same for the same path; -1 when there are DIAG_FILES_MAX already. */
int diag_file(struct diag *d, const char *path);

/* The text is "what is wrong; what to do". Control characters of the input are shown as '?'. */
void diag_error(struct diag *d, struct place at, const char *code, const char *fmt, ...)
	PRINTF(4, 5);
void diag_warn(struct diag *d, struct place at, const char *code, const char *fmt, ...)
	PRINTF(4, 5);

void diag_print(const struct diag *d, FILE *out);

#endif
