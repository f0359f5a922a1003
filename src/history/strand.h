/* strand.h - the samples of one channel out of one source: what was recorded, or one import; for cursor.c alone */
#ifndef HISTORY_STRAND_H
#define HISTORY_STRAND_H

#include "history/reader_inside.h"

struct strand;

/* import: its ordinal; 0: what was recorded. The rest is as with a cursor (reader.h). */
struct strand *strand_new(struct reader *r, const struct reader_channel *ch, int64_t from_ns,
	int64_t to_ns, bool is_raw, uint32_t import);
void strand_free(struct strand *c);
void strand_hold(struct strand *c);
void strand_release(struct strand *c);
int strand_next(struct strand *c, struct piece *out, struct err *err) MUST_CHECK;
int strand_load(struct strand *c, struct series *out, struct err *err) MUST_CHECK;

#endif
