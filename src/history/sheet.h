/* sheet.h - typed cells (form.h) as a spreadsheet file (ECMA-376), written as it comes: no temporary file, and memory that does not grow with it */
#ifndef HISTORY_SHEET_H
#define HISTORY_SHEET_H

#include "base/buf.h"
#include "base/err.h"

#define SHEET_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define SHEET_HEADS 3 /* rows at the top, which stand on each sheet that goes on */

struct sheet;

/* rows: that a sheet has at most, SHEET_ROWS but for tests. */
#define SHEET_ROWS 1048576u
struct sheet *sheet_new(uint32_t rows, struct err *err) MUST_CHECK;
void sheet_free(struct sheet *s);

/* Whole cells; bytes of the file are appended to `out`. */
int sheet_take(
	struct sheet *s, const struct buf *cells, struct buf *out, struct err *err) MUST_CHECK;
/* The rest of the file. */
int sheet_end(struct sheet *s, struct buf *out, struct err *err) MUST_CHECK;

/* The number of days since 1899-12-30 of "2026-10-25T02:30:00.125+01:00" as its clock shows it; false: it is none. */
bool sheet_days(const char *text, double *out);

#endif
