/* covers.h - what is left of the gaps of the recorder where something was imported. Pure. */
#ifndef HISTORY_COVERS_H
#define HISTORY_COVERS_H

#include "history/reader.h"

/* Sorted by their beginnings: those that touch become one; returns how many are left. */
size_t covers_join(struct reader_cover *covers, size_t n);

/* What two joined lists have in common; the caller frees *out. */
size_t covers_meet(const struct reader_cover *a, size_t n_a, const struct reader_cover *b,
	size_t n_b, struct reader_cover **out);

/* Gaps in any order without what is covered (joined) and `margin_ns` around it, for which a value holds; by their ends. The caller frees *out. */
size_t covers_cut(const struct reader_gap *gaps, size_t n, const struct reader_cover *covers,
	size_t n_covers, int64_t margin_ns, struct reader_gap **out);

#endif
