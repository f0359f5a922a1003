/* diff.h - the difference of two texts, line by line, as diff -u writes it. Pure. */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H

#include "base/buf.h"

/* Nothing when they are the same, else "--- was", "+++ is", and hunks with three lines around each change. Characters of control come out as '?'.
 * Where more than 2 000 lines on each side lie between the first and the last change, all of them are shown as changed. False: they are the same. */
bool diff_unified(struct buf *out, const char *was_name, const char *was, size_t was_n,
	const char *is_name, const char *is, size_t is_n);

#endif
