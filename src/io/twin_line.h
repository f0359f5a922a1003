/* twin_line.h - simulated instruments on a serial line: a pseudo-terminal, found where the bench file says
 *
 * A line does not store bytes: what is no request by the time it falls silent is gone, and where frames need silence a new
 * request ends the answer to the one before. Answers take the time that their characters need on the line that the bench file describes.
 */
#ifndef IO_TWIN_LINE_H
#define IO_TWIN_LINE_H

#include "io/loop.h"
#include "twin/twin.h"

#define TWIN_LINE_SILENCE (50 * NS_PER_MS) /* half a request that old is none */

struct twin_line;

/* A pseudo-terminal for the LINK_SERIAL link, and a symbolic link to it at its path. ERR_CONF: the path is not one of a
 * simulated line, or something that is not ours stands there; nothing that exists is touched. All arguments must outlive it. */
struct twin_line *twin_line_open(struct loop *loop, const struct image *img, uint32_t link,
	struct twin *twin, struct err *err);
void twin_line_close(struct twin_line *l); /* removes the symbolic link */

const char *twin_line_port(const struct twin_line *l); /* "/dev/pts/5" */

/* Send what is due; returns when to call again at the latest, NEVER: nothing waits. */
int64_t twin_line_time(struct twin_line *l, int64_t now_ns);

/* After each step of the twin: what instruments say by themselves goes on the line. */
void twin_line_tell(struct twin_line *l, int64_t now_ns);

#endif
