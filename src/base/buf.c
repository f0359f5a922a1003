/* buf.c - bytes that grow at their end */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
}

char *
buf_room(struct buf *b, size_t n)
{
	if (b->cap - b->n < n) {
		b->cap = MAX(b->cap * 2, b->n + n);
		b->cap = MAX(b->cap, (size_t)256);
		b->data = mem_grow(b->data, b->cap, 1);
	}
	return b->data + b->n;
}

void
buf_put(struct buf *b, const void *data, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_room(b, n), data, n);
	b->n += n;
}

void
buf_puts(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void
buf_putc(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->n++;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	buf_room(b, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(b->data + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

const char *
buf_text(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return b->data;
}
