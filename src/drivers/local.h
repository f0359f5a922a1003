/* local.h - what the codecs of this computer's own files and lines have in common; pure
 *
 * They talk to threads of ours (io/folder_files.h, io/gpio_lines.h), in text: a request begins with a line that holds its tag, and
 * an answer with the same line. So a late answer is known as such. What a request asks for stands in req->write.
 */
#ifndef DRIVERS_LOCAL_H
#define DRIVERS_LOCAL_H

#include "base/err.h"
#include "link/codec.h"

#define LOCAL_HEAD 9 /* bytes of the line with the tag */

/* Write the tag, `first` (NULL: nothing) and what req->write holds. */
int local_encode(const struct request *req, const char *first, uint32_t tag, uint8_t *out,
	size_t cap, struct err *err);

/* codec->cut, codec->match: a thread hands over whole answers. */
int local_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire);
enum match local_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n);

/* Add text to what a request asks for; false when there is no room, then nothing is added. */
bool local_put(struct request *req, const char *fmt, ...) PRINTF(2, 3);

#endif
