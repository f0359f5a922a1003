/* buf.h - bytes that grow at their end */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/defs.h"

struct buf {
	char *data; /* not ended by a NUL unless buf_text() was asked for */
	size_t n;
	size_t cap;
};

void buf_done(struct buf *b);  /* frees the bytes; b can be used again */
void buf_clear(struct buf *b); /* forgets the bytes and keeps the room */
char *buf_room(
	struct buf *b, size_t n); /* at least n bytes of room at the end; the caller adds to b->n */
void buf_put(struct buf *b, const void *data, size_t n);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
const char *buf_text(struct buf *b); /* the bytes, with a NUL behind them that is not counted */

#endif
