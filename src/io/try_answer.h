/* try_answer.h - what a trial of one instrument has found, as the JSON that goes out over HTTP */
#ifndef IO_TRY_ANSWER_H
#define IO_TRY_ANSWER_H

#include "base/buf.h"
#include "board/board.h"
#include "model/image.h"

#define TRY_POINTS_MAX 1000
#define TRY_LINES_MAX 256 /* of the trace */

struct try_answer {
	const struct image *img;
	const struct board *board;
	uint32_t instrument;
	const char *points; /* names with commas between them; "": all of the instrument */
	const char *said;   /* why a question was not asked, the last such reason; "": all were */
	int64_t start_ns, took_ns;
	bool is_whole; /* all was asked before the time was over */
};

/* Is one of the channels that are asked for none of the instrument? Then 404, or 400 for a list that is none, with err. "pv" is
 * "furnace.pv" where the instrument is "furnace". 0: all are good. */
unsigned try_answer_check(
	const struct image *img, uint32_t instrument, const char *points, struct err *err);

/* Is the channel one of those that are asked for? */
bool try_answer_wants(const struct try_answer *a, uint32_t channel);

void try_answer_write(struct buf *out, const struct try_answer *a);

#endif
