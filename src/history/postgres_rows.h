/* postgres_rows.h - rows of the table `sample` as binary COPY wants them */
#ifndef HISTORY_POSTGRES_ROWS_H
#define HISTORY_POSTGRES_ROWS_H

#include "history/drain.h"

/* One of the times that a partition covers: [from, to), whole days of UTC, ns since 1970. */
struct period {
	int64_t from_ns, to_ns;
};

enum period_kind { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH };
#define PERIOD_NAME 16
void period_of(enum period_kind kind, int64_t wall_ns, struct period *out);
void period_name(enum period_kind kind, const struct period *p, char out[PERIOD_NAME]);
/* Of a name; false: it is none. */
bool period_read(enum period_kind kind, const char *name, struct period *out);

void rows_begin(struct buf *out);
/* `channel` is the number in the data base. */
void rows_sample(struct buf *out, int32_t channel, uint32_t boot, int64_t wall_ns,
	enum value_type type, const char *choices, const struct sample *s);
void rows_end(struct buf *out);
#define ROWS_COLUMNS "channel, time, ns, boot, boot_ns, value, exact, text, quality, code"

/* Pieces of rows of other tables. */
void rows_fields(struct buf *out, int n);
void rows_null(struct buf *out);
void rows_i16(struct buf *out, int16_t v);
void rows_i32(struct buf *out, int32_t v);
void rows_i64(struct buf *out, int64_t v);
void rows_text(struct buf *out, const char *text, size_t n);
/* What is no UTF-8 becomes '?': the server would refuse the row, now and for ever. */
void rows_repair(char *text);
void rows_time(
	struct buf *out, int64_t wall_ns); /* timestamptz; what is below a microsecond is cut */

#endif
